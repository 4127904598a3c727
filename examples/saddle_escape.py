"""
A saddle, escaped by noise
==========================

On x² − y² + y⁴/2 the line y = 0 is a ridge that leads to the saddle at the origin, and descent that starts on it stays
on it. A little noise leaves the ridge; from there the way leads down to a minimum at (0, ±1).
"""

import sys

import numpy as np
from matplotlib.figure import Figure

import gradwise as gw


def surface(v):
    x, y = v
    return x**2 - y**2 + y**4 / 2


def descend(v, noise, rng, rate=0.05, steps=400):
    path = [v]
    for _ in range(steps):
        path.append(path[-1] - rate * gw.grad(surface)(path[-1]) + noise * rng.normal(size=2))
    return np.array(path)


def main():
    start = np.array([1.0, 0.0])
    stuck = descend(start, 0.0, np.random.default_rng(0))
    noisy = descend(start, 1e-3, np.random.default_rng(0))
    free = np.concatenate([noisy, descend(noisy[-1], 0.0, np.random.default_rng(0))])
    print("                ends at      eigenvalues of the Hessian there")
    for name, path in {"without noise": stuck, "with noise": free}.items():
        eigenvalues = np.linalg.eigvalsh(gw.hessian(surface)(path[-1])).round(6)
        print(f"{name:<15} {path[-1].round(6) + 0.0}   {eigenvalues}: {gw.classify(surface, path[-1]).kind}")
    return {"stuck": stuck, "free": free}


def draw(results):
    figure = Figure(figsize=(6.4, 4.6), layout="constrained")
    ax = figure.subplots()
    gw.plot.contour(surface, (-0.7, 1.3), (-0.4, 1.4), ax=ax, arrows=True)
    ax.plot(*results["stuck"].T, "C1o-", markersize=4, label="without noise")
    ax.plot(*results["free"].T, "C3.-", markersize=4, label="with noise of 0.001")
    ax.set(xlabel="x", ylabel="y", title="x² − y² + y⁴/2")
    ax.legend(loc="upper right")
    return figure


if __name__ == "__main__":
    draw(main()).savefig(sys.argv[1] if len(sys.argv) > 1 else "saddle_escape.png")
