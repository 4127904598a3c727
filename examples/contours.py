"""
Contours of (x − 2)² + (y − 1)²
===============================

The level sets are circles around (2, 1). The gradient is perpendicular to them and points uphill; descent walks
against it. On a round bowl every step aims at the middle.
"""

import sys

import numpy as np
from matplotlib.figure import Figure

import gradwise as gw


def f(x, y):
    return (x - 2) ** 2 + (y - 1) ** 2


def main(rate=0.15, steps=20):
    path = [(-0.5, 3.0)]
    for _ in range(steps):
        x, y = path[-1]
        dx, dy = gw.grad(f, argnums="all")(x, y)
        path.append((x - rate * dx, y - rate * dy))
    angles = np.radians([0, 45, 90, 200])
    circle = [(2 + 1.5 * np.cos(a), 1 + 1.5 * np.sin(a)) for a in angles]
    gradients = np.array([gw.grad(f, argnums="all")(x, y) for x, y in circle])
    tangents = np.column_stack([-np.sin(angles), np.cos(angles)])
    print("on the circle of radius 1.5:  gradient          its length   along the circle")
    for angle, gradient, tangent in zip(angles, gradients, tangents):
        along = abs(gradient @ tangent)
        print(f"  at {np.degrees(angle):>3.0f}°                   ({gradient[0] + 0:5.2f}, {gradient[1] + 0:5.2f})"
              f"    {np.linalg.norm(gradient):.6f}     {along:.1e}")  # fmt: skip
    print(f"descent from {path[0]} with rate {rate}: after {steps} steps ({path[-1][0]:.4f}, {path[-1][1]:.4f})")
    return {"path": np.array(path), "gradients": gradients, "tangents": tangents}


def draw(results):
    figure = Figure(figsize=(6.4, 4.8), layout="constrained")
    ax = figure.subplots()
    gw.plot.contour(f, (-1, 5), (-1.5, 3.5), ax=ax, arrows=True, path=results["path"])
    ax.set(xlabel="x", ylabel="y", title="(x − 2)² + (y − 1)²: contours, gradients, a descent", aspect="equal")
    return figure


if __name__ == "__main__":
    draw(main()).savefig(sys.argv[1] if len(sys.argv) > 1 else "contours.png")
