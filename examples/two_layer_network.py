"""
A two-layer network, backpropagation by hand and checked
========================================================

16 ReLU units learn the product x₁x₂. The gradient written by hand is checked against the exact one, then used.
"""

import sys

import numpy as np
from matplotlib.figure import Figure

import gradwise as gw

rng = np.random.default_rng(0)
inputs = rng.uniform(-1, 1, size=(64, 2))
targets = (inputs[:, :1] * inputs[:, 1:]).round(6)


def network(layers, x):
    return np.maximum(x @ layers["W1"] + layers["b1"], 0) @ layers["W2"] + layers["b2"]


def loss(layers):
    return np.mean((network(layers, inputs) - targets) ** 2)


def backpropagate(layers):  # derived by hand, from the last line back to the first
    before = inputs @ layers["W1"] + layers["b1"]
    hidden = np.maximum(before, 0)
    error = 2 * (hidden @ layers["W2"] + layers["b2"] - targets) / targets.size
    into_hidden = (error @ layers["W2"].T) * (before > 0)
    return {"W1": inputs.T @ into_hidden, "b1": into_hidden.sum(0), "W2": hidden.T @ error, "b2": error.sum(0)}


def main(steps=1500):
    layers = {"W1": rng.normal(size=(2, 16)), "b1": 0.1 * rng.normal(size=16),
              "W2": rng.normal(size=(16, 1)) / 4, "b2": np.zeros(1)}  # fmt: skip
    exact, by_hand = gw.grad(loss)(layers), backpropagate(layers)
    print("largest differences:", {name: f"{np.abs(exact[name] - by_hand[name]).max():.1e}" for name in layers})
    report = gw.check_grad(loss, layers, backpropagate)
    print(report)
    run = gw.descend(loss, layers, learning_rate=0.2, maxiter=steps, tol=0, grad=backpropagate)
    print(f"learning x₁x₂: loss {run.trace.fun[0]:.4f} before, {run.fun:.6f} after {run.nit} steps")
    return {"exact": exact, "by_hand": by_hand, "report": report, "losses": run.trace.fun, "layers": run.x}


def draw(results):
    figure = Figure(figsize=(8.5, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.semilogy(results["losses"])
    left.set(xlabel="step", ylabel="loss", title="learning")
    gw.plot.contour(lambda x: network(results["layers"], x)[0], (-1, 1), (-1, 1), right, arrows=False, colorbar=True)
    right.plot(*inputs.T, "k.", markersize=3)
    right.set(xlabel="x₁", ylabel="x₂", title="what the network learned of x₁x₂")
    return figure


if __name__ == "__main__":
    draw(main()).savefig(sys.argv[1] if len(sys.argv) > 1 else "two_layer_network.png")
