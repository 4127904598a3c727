"""
The gradient of w₁² + 2w₂²
==========================

It is (2w₁, 4w₂): longer where the contours are closer, and perpendicular to them.
"""

import sys

import numpy as np
from matplotlib.figure import Figure

import gradwise as gw


def bowl(w):
    return w[0] ** 2 + 2 * w[1] ** 2


POINTS = np.array([[1.0, 1.0], [2.0, 0.0], [0.0, -1.0], [-1.5, 0.5], [0.0, 0.0]])


def main():
    gradients = gw.vmap(gw.grad(bowl))(POINTS)
    print("     at          value    gradient     by formula (2w₁, 4w₂)")
    for w, gradient in zip(POINTS, gradients):
        formula = np.array([2 * w[0], 4 * w[1]])
        print(f"({w[0]:4.1f}, {w[1]:4.1f})   {bowl(w):7.2f}    {gradient}  {formula}")
    return {"points": POINTS, "gradients": gradients}


def draw(results):
    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    ax = figure.subplots()
    gw.plot.contour(bowl, (-2.5, 3.5), (-2.5, 2.5), ax=ax, arrows=False)
    for w, gradient in zip(results["points"], results["gradients"]):
        ax.plot(*w, "ko", markersize=4)
        if gradient.any():
            ax.annotate("", w + 0.25 * gradient, w, arrowprops={"arrowstyle": "->", "color": "C3", "linewidth": 2})
    ax.set(xlabel="w₁", ylabel="w₂", title="w₁² + 2w₂², and its gradient (a quarter of its length)", aspect="equal")
    return figure


if __name__ == "__main__":
    draw(main()).savefig(sys.argv[1] if len(sys.argv) > 1 else "gradient.png")
