"""
The derivatives that everybody uses
===================================

Eight functions, each differentiated by ``gw.derivative`` and beside its formula from the textbook.
"""

import sys

import numpy as np
from matplotlib.figure import Figure
from scipy.special import ndtr

import gradwise as gw


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


TABLE = {
    "x³": (lambda x: x**3, lambda x: 3 * x**2),
    "eˣ": (np.exp, np.exp),
    "ln x": (np.log, lambda x: 1 / x),
    "sigmoid": (sigmoid, lambda x: sigmoid(x) * (1 - sigmoid(x))),
    "tanh": (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    "ReLU": (lambda x: np.maximum(x, 0), lambda x: np.where(x > 0, 1.0, 0.0)),
    "leaky ReLU": (lambda x: np.where(x > 0, x, 0.01 * x), lambda x: np.where(x > 0, 1.0, 0.01)),
    "GELU": (lambda x: x * ndtr(x), lambda x: ndtr(x) + x * np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)),
}


def main():
    results = {}
    print("function      at  derivative           formula")
    for name, (f, formula) in TABLE.items():
        points = np.array([0.5, 1.0, 2.0]) if name == "ln x" else np.array([-2.0, -0.5, 1.5])
        found = gw.derivative(f)(points)
        results[name] = (points, found, formula(points))
        for x, slope, truth in zip(points, found, formula(points)):
            print(f"{name:<11} {x:>4}  {slope:<19.15g}  {truth:.15g}")
    return results


def draw(results):
    figure = Figure(figsize=(9, 4.5), layout="constrained")
    for ax, (name, (points, slopes, _)) in zip(figure.subplots(2, 4).flat, results.items()):
        f = TABLE[name][0]
        x = np.linspace(0.2, 3, 201) if name == "ln x" else np.linspace(-3, 3, 200)
        ax.plot(x, f(x), label="function")
        ax.plot(x, gw.derivative(f)(x), "--", label="derivative")
        ax.plot(points, slopes, "o", color="C1", markersize=4)
        ax.set_title(name)
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


if __name__ == "__main__":
    draw(main()).savefig(sys.argv[1] if len(sys.argv) > 1 else "common_derivatives.png")
