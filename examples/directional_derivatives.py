"""
Slopes along special directions
===============================

The slope of w₁² + 2w₂² at (1, 1), where the gradient is (2, 4): greatest along the gradient, least against it, zero across it.
"""

import sys

import numpy as np
from matplotlib.figure import Figure

import gradwise as gw
from gradwise.geometry import directional_profile


def bowl(w):
    return w[0] ** 2 + 2 * w[1] ** 2


def main():
    w = np.array([1.0, 1.0])
    gradient = gw.grad(bowl)(w)
    slope = gw.directional_derivative(bowl)
    directions = {
        "along the first axis": np.array([1.0, 0.0]),
        "along the second axis": np.array([0.0, 1.0]),
        "on the diagonal": np.array([1.0, 1.0]),
        "up the gradient": gradient,
        "down the gradient": -gradient,
        "along the level line": np.array([-gradient[1], gradient[0]]),
    }
    slopes = {name: slope(w, u) for name, u in directions.items()}
    print(f"gradient at (1, 1): {gradient}, of length {np.linalg.norm(gradient):.6f}")
    for name, value in slopes.items():
        u = directions[name]
        print(f"  {name:<22} at {np.degrees(np.arctan2(u[1], u[0])) % 360:7.2f}°   slope {value + 0.0:9.6f}")
    return {"w": w, "gradient": gradient, "slopes": slopes, "directions": directions}


def draw(results):
    figure = Figure(figsize=(7, 4), layout="constrained")
    ax = figure.subplots()
    profile = directional_profile(bowl, results["w"])
    ax.plot(np.degrees(profile.angles), profile.slopes, color="gray")
    ax.axhline(0, color="black", linewidth=0.8)
    for name, u in results["directions"].items():
        ax.plot(np.degrees(np.arctan2(u[1], u[0])) % 360, results["slopes"][name], "o", label=name)
    ax.set(
        xlabel="angle of the direction", ylabel="slope", xticks=range(0, 361, 90), title="‖∇f‖ · cos of the angle to ∇f"
    )
    ax.legend(loc="lower left", fontsize="small")
    return figure


if __name__ == "__main__":
    draw(main()).savefig(sys.argv[1] if len(sys.argv) > 1 else "directional_derivatives.png")
