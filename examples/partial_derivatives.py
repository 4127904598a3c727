"""Partial derivatives of x²y + 3xy² and of x²y + yz³ + sin(xy)."""

import numpy as np

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


if __name__ == "__main__":
    main()
