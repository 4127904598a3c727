"""
Partial derivatives
===================

Of x²y + 3xy² and of x²y + yz³ + sin(xy): one argument moves, the others are held.
"""

import sys

import numpy as np
from matplotlib.figure import Figure

import gradwise as gw


def f(x, y):
    return x**2 * y + 3 * x * y**2


def g(x, y, z):
    return x**2 * y + y * z**3 + np.sin(x * y)


def main():
    print("f = x²y + 3xy² at (2, 1)")
    two = (gw.partial_derivative(f, "x")(2.0, 1.0), gw.partial_derivative(f, "y")(2.0, 1.0))
    print(f"  ∂f/∂x = 2xy + 3y² = {two[0]}   ∂f/∂y = x² + 6xy = {two[1]}")
    mixed = gw.derivative(lambda y: gw.partial_derivative(f, "x")(2.0, y))(1.0)
    print(f"  ∂²f/∂x∂y = 2x + 6y = {mixed}")
    print("g = x²y + yz³ + sin(xy) at (1, 2, 3)")
    three = gw.grad(g, argnums="all")(1.0, 2.0, 3.0)
    print(f"  ∇g = (2xy + y cos xy, x² + z³ + x cos xy, 3yz²) = {three}")
    return {"two": two, "mixed": mixed, "three": three}


def draw(results):
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    t = np.linspace(-1, 1, 101)
    slices = [(f(2 + t, 1), 2 + t, "x", "y = 1"), (f(2, 1 + t), 1 + t, "y", "x = 2")]
    for ax, (values, moved, name, held), slope in zip(figure.subplots(1, 2), slices, results["two"]):
        ax.plot(moved, values, label=f"f with {held} held")
        ax.plot(moved, f(2, 1) + slope * t, "--", label=f"tangent of slope ∂f/∂{name} = {slope:g}")
        ax.plot(moved[50], f(2, 1), "ko")
        ax.set_xlabel(name)
        ax.legend()
    figure.suptitle("x²y + 3xy² through (2, 1), one argument at a time")
    return figure


if __name__ == "__main__":
    draw(main()).savefig(sys.argv[1] if len(sys.argv) > 1 else "partial_derivatives.png")
