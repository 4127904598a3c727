"""
Gradient descent, step by step
==============================

On (w₁ − 3)² + 2(w₂ − 1)² with rate 0.1 each step multiplies w₁ − 3 by 1 − 0.2 and w₂ − 1 by 1 − 0.4.
"""

import sys

import numpy as np
from matplotlib.figure import Figure

import gradwise as gw


def loss(w):
    return (w[0] - 3) ** 2 + 2 * (w[1] - 1) ** 2


def main(rate=0.1, steps=40):
    run = gw.descend(loss, np.zeros(2), method="gd", learning_rate=rate, maxiter=steps, tol=0)
    path = run.trace.x
    print("step       w₁        w₂       loss   |gradient|   w₁ by formula")
    for step in (0, 1, 2, 3, 5, 10, 20, steps):
        w, size = path[step], run.trace.gradient_length[step]
        print(f"{step:>4} {w[0]:9.6f} {w[1]:9.6f} {loss(w):10.2e} {size:11.2e} {3 - 3 * 0.8**step:14.6f}")
    print(f"observed factor {run.rate.factor:.6f} a step, by theory {run.rate.theory:.6f}")
    rates = run.learning_rates
    print(f"rate {rate} is {rates.regime}; the largest stable rate is {rates.stable:.4f}")
    return {"path": path, "run": run}


def draw(results):
    figure = Figure(figsize=(8.5, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    gw.plot.contour(loss, (-0.5, 4), (-0.7, 2.7), ax=left, arrows=False, path=results["path"])
    left.set(xlabel="w₁", ylabel="w₂")
    steps = np.arange(len(results["path"]))
    right.semilogy(steps, [loss(w) for w in results["path"]], ".-", label="loss")
    right.semilogy(steps, 9 * 0.8 ** (2 * steps), "--", color="gray", label="9 · 0.8 to the power 2k")
    right.set(xlabel="step k", ylabel="loss")
    right.legend()
    return figure


if __name__ == "__main__":
    draw(main()).savefig(sys.argv[1] if len(sys.argv) > 1 else "gradient_descent.png")
