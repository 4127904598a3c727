"""
Linear regression by gradient descent
=====================================

Three weights and an intercept behind noise of 0.1, found again by walking against the gradient, and by the formula.
The parameters live in a dict, and so does their gradient.
"""

import sys

import numpy as np
from matplotlib.figure import Figure

import gradwise as gw

rng = np.random.default_rng(0)
TRUTH = {"w": np.array([1.5, -2.0, 0.5]), "b": 4.0}
X = rng.normal(size=(200, 3))
y = X @ TRUTH["w"] + TRUTH["b"] + 0.1 * rng.normal(size=200)


def loss(model):
    return np.mean((X @ model["w"] + model["b"] - y) ** 2)


def main(rate=0.1, steps=300):
    model, losses, weights = {"w": np.zeros(3), "b": 0.0}, [], []
    for _ in range(steps):
        value, slopes = gw.value_and_grad(loss)(model)
        losses.append(value)
        weights.append([*model["w"], model["b"]])
        model = {name: model[name] - rate * slopes[name] for name in model}
    formula = np.linalg.lstsq(np.column_stack([X, np.ones(200)]), y)[0]
    print("            w₁        w₂        w₃         b")
    print(f"truth   {TRUTH['w'][0]:>6.4f} {TRUTH['w'][1]:>9.4f} {TRUTH['w'][2]:>9.4f} {TRUTH['b']:>9.4f}")
    print("descent", *(f"{value:9.4f}" for value in [*model["w"], model["b"]]), sep="")
    print("formula", *(f"{value:9.4f}" for value in formula), sep="")
    print(f"the loss ends at {losses[-1]:.5f}, near the variance 0.01 of the noise")
    return {"fitted": model, "formula": formula, "losses": losses, "weights": np.array(weights)}


def draw(results):
    figure = Figure(figsize=(8.5, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.semilogy(results["losses"])
    left.axhline(0.01, linestyle=":", color="gray", label="variance of the noise")
    left.set(xlabel="step", ylabel="mean squared error")
    left.legend()
    for index, (name, truth) in enumerate(zip(("w₁", "w₂", "w₃", "b"), [*TRUTH["w"], TRUTH["b"]])):
        right.plot(results["weights"][:80, index], color=f"C{index}", label=name)
        right.axhline(truth, linestyle=":", color=f"C{index}")
    right.set(xlabel="step", title="parameters, and the truth (dotted)")
    right.legend(loc="center", bbox_to_anchor=(0.6, 0.24), ncols=2)
    return figure


if __name__ == "__main__":
    draw(main()).savefig(sys.argv[1] if len(sys.argv) > 1 else "linear_regression.png")
