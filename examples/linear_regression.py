"""Linear regression by gradient descent: three points, and three weights behind noise of 0.1."""

import numpy as np

import gradwise as gw


def squared_error(line, x, y):
    return np.mean((x @ line["w"] + line["b"] - y) ** 2)


def descend(line, x, y, rate, steps):
    gradient = gw.grad(squared_error)
    for _ in range(steps):
        slopes = gradient(line, x, y)
        line = {name: line[name] - rate * slopes[name] for name in line}
    return line


def main():
    x, y = np.array([[1.0], [2.0], [3.0]]), np.array([4.0, 5.0, 7.0])
    start = {"w": np.array([2.0]), "b": 1.0}
    slopes = gw.grad(squared_error)(start, x, y)
    print(f"(1,4), (2,5), (3,7) at w = 2, b = 1: ∂/∂w = {slopes['w'][0]:.6f}, ∂/∂b = {slopes['b']:.6f}")
    line = descend(start, x, y, rate=0.1, steps=2000)
    print(f"  fitted: y = {line['w'][0]:.6f} x + {line['b']:.6f}; by formula 1.5 x + 7/3")

    rng = np.random.default_rng(0)
    truth = np.array([1.5, -2.0, 0.5])
    samples = rng.normal(size=(200, 3))
    targets = samples @ truth + 4.0 + 0.1 * rng.normal(size=200)
    fitted = descend({"w": np.zeros(3), "b": 0.0}, samples, targets, rate=0.1, steps=500)
    design = np.column_stack([samples, np.ones(200)])
    formula = np.linalg.lstsq(design, targets, rcond=None)[0]
    print(f"three weights: {fitted['w'].round(4)} and {fitted['b']:.4f}; the truth is {truth} and 4.0")
    return {"slopes": slopes, "line": line, "fitted": fitted, "formula": formula}


if __name__ == "__main__":
    main()
