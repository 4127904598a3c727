"""
The Jacobian of a linear layer is W
===================================

The Jacobian of Wx + b is W itself, and that of softmax(Wx + b) is (diag p − p pᵀ) W with p the probabilities.
"""

import sys

import numpy as np
from matplotlib.figure import Figure

import gradwise as gw

rng = np.random.default_rng(0)
W, b = rng.normal(size=(3, 4)).round(2), rng.normal(size=3).round(2)


def layer(x):
    return W @ x + b


def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


def main():
    x = np.array([0.5, -1.0, 2.0, 1.0])
    linear = gw.jacobian(layer)(x)
    print("Jacobian of Wx + b:", *linear, sep="\n  ")
    print("equal to W:", np.array_equal(linear, W))
    p = softmax(layer(x))
    composed = gw.jacobian(lambda x: softmax(layer(x)))(x)
    formula = (np.diag(p) - np.outer(p, p)) @ W
    print("Jacobian of softmax(Wx + b), whose columns add up to 0:", *composed.round(4), sep="\n  ")
    print(f"largest difference from (diag p − p pᵀ) W: {np.abs(composed - formula).max():.0e}")
    return {"linear": linear, "W": W, "composed": composed, "formula": formula}


def draw(results):
    figure = Figure(figsize=(8, 3), layout="constrained")
    titles = {"linear": "Jacobian of Wx + b = W", "composed": "Jacobian of softmax(Wx + b)"}
    for ax, (name, title) in zip(figure.subplots(1, 2), titles.items()):
        matrix = results[name]
        largest = np.abs(matrix).max()
        ax.imshow(matrix, cmap="RdBu_r", vmin=-largest, vmax=largest)
        for (i, j), entry in np.ndenumerate(matrix):
            ax.text(
                j, i, f"{entry:.2f}", ha="center", va="center", color="white" if abs(entry) > 0.7 * largest else "black"
            )
        ax.set(xlabel="input j", ylabel="output i", xticks=range(4), yticks=range(3), title=title)
    return figure


if __name__ == "__main__":
    draw(main()).savefig(sys.argv[1] if len(sys.argv) > 1 else "linear_layer.png")
