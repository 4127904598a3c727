"""
Which pixels does a score depend on?
====================================

Saliency is the size of ∂score/∂pixel. Integrated gradients share the change of the score out among the pixels, and add up to it.
"""

import sys

import numpy as np
from matplotlib.figure import Figure

import gradwise as gw

SIDE = 8
pattern = np.zeros((SIDE, SIDE))
pattern[2:6, 3:5] = 1.0  # a bar


def score(image):
    return np.tanh(np.sum(pattern * image) / 4 - 1)


def integrated_gradients(f, image, points=32):
    """Image times the mean gradient on the way from black, by Gauss–Legendre quadrature."""
    nodes, weights = np.polynomial.legendre.leggauss(points)
    return image * sum(w / 2 * gw.grad(f)((t + 1) / 2 * image) for t, w in zip(nodes, weights))


def main():
    image = 0.8 * pattern + np.linspace(0.05, 0.2, SIDE * SIDE).reshape(SIDE, SIDE)
    saliency = np.abs(gw.grad(score)(image))
    attribution = integrated_gradients(score, image)
    for row in saliency / saliency.max():
        print("  " + "".join("█" if value > 0.5 else "·" for value in row))
    change = score(image) - score(0 * image)
    print(f"attributions add up to {attribution.sum():.12f}, the change of the score is {change:.12f}")
    return {"image": image, "saliency": saliency, "attribution": attribution, "change": change, "score": score(image)}


def draw(results):
    figure = Figure(figsize=(8.5, 3), layout="constrained")
    titles = {"image": "image", "saliency": "|gradient|", "attribution": "integrated gradients"}
    for ax, (name, title) in zip(figure.subplots(1, 3), titles.items()):
        figure.colorbar(ax.imshow(results[name], cmap="gray" if name == "image" else "viridis"), ax=ax, shrink=0.8)
        ax.set(title=title, xticks=[], yticks=[])
    return figure


if __name__ == "__main__":
    draw(main()).savefig(sys.argv[1] if len(sys.argv) > 1 else "saliency.png")
