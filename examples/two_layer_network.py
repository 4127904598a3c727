"""A two-layer ReLU network: backpropagation written by hand, checked against exact gradients, then trained."""

import numpy as np

import gradwise as gw

rng = np.random.default_rng(0)
inputs = rng.uniform(-1, 1, size=(64, 2))
targets = (inputs[:, :1] * inputs[:, 1:]).round(6)


def loss(layers):
    hidden = np.maximum(inputs @ layers["W1"] + layers["b1"], 0)
    return np.mean((hidden @ layers["W2"] + layers["b2"] - targets) ** 2)


def backpropagate(layers):
    """The same gradient, derived by hand."""
    before = inputs @ layers["W1"] + layers["b1"]
    hidden = np.maximum(before, 0)
    error = 2 * (hidden @ layers["W2"] + layers["b2"] - targets) / targets.size
    into_hidden = (error @ layers["W2"].T) * (before > 0)
    return {
        "W1": inputs.T @ into_hidden,
        "b1": into_hidden.sum(axis=0),
        "W2": hidden.T @ error,
        "b2": error.sum(axis=0),
    }


def main(steps=1500):
    layers = {
        "W1": rng.normal(size=(2, 16)),
        "b1": 0.1 * rng.normal(size=16),
        "W2": rng.normal(size=(16, 1)) / 4,
        "b2": np.zeros(1),
    }
    exact, by_hand = gw.grad(loss)(layers), backpropagate(layers)
    for name in layers:
        print(f"{name}: largest difference of the two gradients {np.abs(exact[name] - by_hand[name]).max():.1e}")
    first = loss(layers)
    for _ in range(steps):
        slopes = gw.grad(loss)(layers)
        layers = {name: layers[name] - 0.2 * slopes[name] for name in layers}
    print(f"learning x·y: loss {first:.4f} before, {loss(layers):.6f} after {steps} steps")
    return {"exact": exact, "by_hand": by_hand, "first": first, "last": loss(layers)}


if __name__ == "__main__":
    main()
