"""
An exploding gradient, cured by clipping
========================================

The recurrence x ← w·x, run 30 times, makes w³⁰: its slope is huge where w > 1, and one step of descent is thrown far away.
Cutting the length of the gradient to 50 keeps its direction, and arrives.
"""

import sys

import numpy as np
from matplotlib.figure import Figure

import gradwise as gw


def loss(w):
    x = 1.0
    for _ in range(30):
        x = w * x
    return (x - 2.0) ** 2


def descend(w, rate, most=np.inf, steps=400):
    path = [w]
    while len(path) <= steps and abs(path[-1]) < 10:
        slope = gw.derivative(loss)(path[-1])
        path.append(path[-1] - rate * slope * min(1.0, most / abs(slope)))
    return path


def main():
    w = 1.3
    slope = gw.derivative(loss)(w)
    print(f"loss (w³⁰ − 2)² at w = {w}: slope {slope:.3e}, by formula {60 * w**29 * (w**30 - 2):.3e}")
    plain, clipped = descend(w, 1e-4), descend(w, 1e-4, most=50.0)
    print(f"rate 1e-4, plain:                after {len(plain) - 1} step w = {plain[-1]:.3g}")
    print(f"rate 1e-4, |slope| at most 50:   after {len(clipped) - 1} steps w = {clipped[-1]:.9f}")
    print(f"the minimum, 2^(1/30):                           {2 ** (1 / 30):.9f}")
    return {"slope": slope, "plain": plain[-1], "clipped": clipped[-1], "path": np.array(clipped)}


def draw(results):
    figure = Figure(figsize=(8.5, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    w = np.linspace(0.9, 1.3, 201)
    left.semilogy(w, np.abs(gw.vmap(gw.derivative(loss))(w)), label="|slope| of (w³⁰ − 2)²")
    left.axhline(50, linestyle="--", color="C1", label="cut here")
    left.set(xlabel="w", ylim=(1, None))
    left.legend()
    right.plot(results["path"], label="clipped")
    right.axhline(2 ** (1 / 30), linestyle=":", color="gray", label="minimum")
    right.plot([0, 0.12], [1.3, 0.9], "C3", label=f"plain: one step to {results['plain']:.3g}")
    right.set(xlabel="step", ylabel="w", xlim=(-1, 120), ylim=(1, 1.32))
    right.legend()
    return figure


if __name__ == "__main__":
    draw(main()).savefig(sys.argv[1] if len(sys.argv) > 1 else "gradient_clipping.png")
