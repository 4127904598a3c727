"""
Softmax and cross-entropy
=========================

The gradient with respect to the scores is p − y, and the Hessian diag p − p pᵀ, at any size of the scores.
"""

import sys

import numpy as np
from matplotlib.figure import Figure

import gradwise as gw


def logsumexp(scores):
    largest = scores.max()  # taken out, so that nothing overflows
    return largest + np.log(np.sum(np.exp(scores - largest)))


def cross_entropy(scores, label):
    return logsumexp(scores) - scores[label]


def main():
    results = {}
    for name, scores in {"small": np.array([1.0, 2.0, 0.5]), "large": np.array([1000.0, 1001.0, 999.0])}.items():
        p = np.exp(scores - logsumexp(scores))
        gradient = gw.grad(cross_entropy)(scores, 0)
        hessian = gw.hessian(cross_entropy)(scores, 0)
        results[name] = (p, gradient, hessian)
        print(f"{name} scores {scores}\n  gradient {gradient}\n  p − y    {p - np.eye(3)[0]}")
    return results


def draw(results):
    figure = Figure(figsize=(7.5, 3.4), layout="constrained")
    p, gradient, _ = results["small"]
    places = np.arange(3)
    left, right = figure.subplots(1, 2, sharex=True)
    left.bar(places - 0.2, p, width=0.4, label="p = softmax(scores)")
    left.bar(places + 0.2, np.eye(3)[0], width=0.4, label="y, the label")
    left.legend(fontsize="small")
    right.bar(places, gradient, color="C2")
    right.axhline(0, color="black", linewidth=0.8)
    right.set(title="gradient = p − y")
    left.set(xticks=places, xticklabels=["1.0", "2.0", "0.5"], xlabel="score")
    right.set(xlabel="score")
    return figure


if __name__ == "__main__":
    draw(main()).savefig(sys.argv[1] if len(sys.argv) > 1 else "softmax_cross_entropy.png")
