"""
Logistic regression
===================

Two groups told apart by a line. The gradient of the cross-entropy, the mean of ln(1 + eᶻ) − yz with z = Xw, is Xᵀ(σ(Xw) − y)/n; gradient descent needs thousands of
steps, Newton's method with the exact Hessian six.
"""

import sys

import numpy as np
from matplotlib.figure import Figure

import gradwise as gw

rng = np.random.default_rng(1)
X = np.column_stack([rng.normal(size=(120, 2)), np.ones(120)])
y = (rng.uniform(size=120) < 1 / (1 + np.exp(-X @ np.array([2.0, -1.0, 0.5])))).astype(float)


def loss(w):
    return np.mean(np.logaddexp(0, X @ w) - y * (X @ w))


def main():
    w, newton = np.zeros(3), np.zeros(3)
    found, formula = gw.grad(loss)(w), X.T @ (1 / (1 + np.exp(-X @ w)) - y) / len(y)
    print(f"gradient at 0: {found}\n  Xᵀ(σ(Xw) − y)/n: {formula}")
    sizes = {"gradient descent": [], "Newton": []}
    for _ in range(3000):
        slope = gw.grad(loss)(w)
        sizes["gradient descent"].append(np.linalg.norm(slope))
        w = w - 1.0 * slope
    for step in range(7):
        slope = gw.grad(loss)(newton)
        sizes["Newton"].append(np.linalg.norm(slope))
        print(f"  Newton step {step}: |gradient| = {sizes['Newton'][-1]:.1e}")
        newton = newton - np.linalg.solve(gw.hessian(loss)(newton), slope)
    print(f"descent, 3000 steps: {w.round(8)}\nNewton, 7 steps:     {newton.round(8)}")
    return {"found": found, "formula": formula, "descent": w, "newton": newton, "loss": loss, "sizes": sizes}


def draw(results):
    figure = Figure(figsize=(8.5, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    for label, colour in {0: "C0", 1: "C1"}.items():
        left.plot(*X[y == label, :2].T, "o", color=colour, markersize=4, label=f"y = {label}")
    a, b, c = results["newton"]
    left.axline((0, -c / b), slope=-a / b, color="k", linestyle="--", label="probability ½")
    left.set(xlim=(-3, 3), ylim=(-3, 4.5), xlabel="x₁", ylabel="x₂")
    left.legend(loc="upper left", ncols=3, fontsize="small")
    for name, values in results["sizes"].items():
        right.loglog(range(1, len(values) + 1), values, ".-" if name == "Newton" else "-", label=name)
    right.set(xlabel="step", ylabel="‖gradient‖")
    right.legend(loc="upper right")
    return figure


if __name__ == "__main__":
    draw(main()).savefig(sys.argv[1] if len(sys.argv) > 1 else "logistic_regression.png")
