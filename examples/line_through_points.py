"""
A line through (1, 4), (2, 5), (3, 7)
=====================================

The mean squared error of y = wx + b. At w = 2, b = 1 only the first point is missed, by 1, so that
∂/∂w = ⅔ · (−1) · 1 and ∂/∂b = ⅔ · (−1): both are −2/3. Descent leads to y = 1.5 x + 7/3.
"""

import sys

import numpy as np
from matplotlib.figure import Figure

import gradwise as gw

x, y = np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 7.0])


def error(w, b):
    return np.mean((w * x + b - y) ** 2)


def main(rate=0.1, steps=2000):
    slopes = gw.grad(error, argnums="all")(2.0, 1.0)
    print(f"at w = 2, b = 1: error {error(2.0, 1.0):.6f}, ∂/∂w = {slopes[0]:.6f}, ∂/∂b = {slopes[1]:.6f}")
    path = [(2.0, 1.0)]
    print(" step        w         b      error")
    for step in range(steps + 1):
        w, b = path[-1]
        if step in {0, 1, 10, 100, 500, steps}:
            print(f"{step:>5} {w:>9.6f} {b:>9.6f} {error(w, b):>10.6f}")
        dw, db = gw.grad(error, argnums="all")(w, b)
        path.append((w - rate * dw, b - rate * db))
    print(f"by formula: {1.5:>8.6f} {7 / 3:>9.6f} {1 / 18:>10.6f}")
    return {"slopes": slopes, "path": np.array(path)}


def draw(results):
    figure = Figure(figsize=(8.5, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    ends = np.array([0.5, 3.5])
    for step, style in {0: ":", 10: "--", 2000: "-"}.items():
        w, b = results["path"][step]
        left.plot(ends, w * ends + b, style, color="C0", label=f"step {step}: y = {w:.3f} x + {b:.3f}")
    left.plot(x, y, "ko")
    left.set(xlabel="x", ylabel="y")
    left.legend()
    gw.plot.contour(error, (1.3, 2.1), (0.8, 2.8), ax=right, arrows=False, path=results["path"][:400])
    right.set(xlabel="w", ylabel="b", title="the error, and the way down", aspect="auto")
    return figure


if __name__ == "__main__":
    draw(main()).savefig(sys.argv[1] if len(sys.argv) > 1 else "line_through_points.png")
