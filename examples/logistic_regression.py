"""Logistic regression by gradient descent and by Newton's method, with exact gradients and Hessians."""

import numpy as np

import gradwise as gw

rng = np.random.default_rng(1)
X = np.column_stack([rng.normal(size=(120, 2)), np.ones(120)])
y = (rng.uniform(size=120) < 1 / (1 + np.exp(-X @ np.array([2.0, -1.0, 0.5])))).astype(float)


def loss(w):
    """Mean of ln(1 + e^z) − y z, which is the cross-entropy of the labels."""
    z = X @ w
    return np.mean(np.logaddexp(0, z) - y * z)


def main():
    w = np.zeros(3)
    p = 1 / (1 + np.exp(-X @ w))
    found, formula = gw.grad(loss)(w), X.T @ (p - y) / len(y)
    print(f"gradient at 0: {found}\n  Xᵀ(σ(Xw) − y)/n: {formula}")
    for _ in range(3000):
        w = w - 1.0 * gw.grad(loss)(w)
    newton = np.zeros(3)
    for step in range(8):
        newton = newton - np.linalg.solve(gw.hessian(loss)(newton), gw.grad(loss)(newton))
        print(f"  Newton step {step + 1}: |gradient| = {np.linalg.norm(gw.grad(loss)(newton)):.1e}")
    print(f"descent, 3000 steps: {w.round(8)}\nNewton, 8 steps:     {newton.round(8)}")
    return {"found": found, "formula": formula, "descent": w, "newton": newton, "loss": loss}


if __name__ == "__main__":
    main()
