"""Softmax with cross-entropy: the gradient is p − y, and the Hessian diag p − p pᵀ, at any size of the scores."""

import numpy as np

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


if __name__ == "__main__":
    main()
