"""
A bowl, a hill and a saddle
===========================

Told apart by the eigenvalues of their Hessians. In the trough one eigenvalue is 0, and nothing is decided.
"""

import sys

import numpy as np
from matplotlib.figure import Figure

import gradwise as gw

SURFACES = {
    "bowl    x² + xy + y²": lambda v: v[0] ** 2 + v[0] * v[1] + v[1] ** 2,
    "hill    −x² − 2y²": lambda v: -(v[0] ** 2) - 2 * v[1] ** 2,
    "saddle  x² − y²": lambda v: v[0] ** 2 - v[1] ** 2,
    "trough  (x − y)²": lambda v: (v[0] - v[1]) ** 2,
}


def main():
    results = {}
    for name, surface in SURFACES.items():
        origin = np.zeros(2)
        hessian = gw.hessian(surface)(origin)
        report = gw.classify(surface, origin)
        results[name.split()[0]] = (gw.grad(surface)(origin), hessian, report)
        print(f"{name:<22} eigenvalues {np.linalg.eigvalsh(hessian).round(12) + 0.0}: {report.kind}")
    return results


def draw(results):
    figure = Figure(figsize=(7, 6.4), layout="constrained")
    for ax, (name, surface) in zip(figure.subplots(2, 2).flat, SURFACES.items()):
        gw.plot.contour(surface, (-1.5, 1.5), (-1.5, 1.5), ax=ax, arrows=9)
        kind, formula = name.split(maxsplit=1)
        ax.set(title=f"{formula}: {results[kind][2].kind}", aspect="equal", xlabel="x", ylabel="y")
    return figure


if __name__ == "__main__":
    draw(main()).savefig(sys.argv[1] if len(sys.argv) > 1 else "hessian_classification.png")
