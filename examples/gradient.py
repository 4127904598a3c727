"""The gradient of w₁² + 2w₂² and the slopes along special directions."""

import numpy as np

import gradwise as gw


def bowl(w):
    return w[0] ** 2 + 2 * w[1] ** 2


def main():
    w = np.array([1.0, 1.0])
    gradient = gw.grad(bowl)(w)
    slope = gw.directional_derivative(bowl)
    directions = {
        "along the first axis": np.array([1.0, 0.0]),
        "along the second axis": np.array([0.0, 1.0]),
        "on the diagonal": np.array([1.0, 1.0]),
        "up the gradient": gradient,
        "down the gradient": -gradient,
        "along the level line": np.array([-gradient[1], gradient[0]]),
    }
    slopes = {name: slope(w, u) for name, u in directions.items()}
    print(f"gradient at (1, 1): {gradient}, of length {np.linalg.norm(gradient):.6f}")
    for name, value in slopes.items():
        print(f"  slope {name:<22} {value + 0.0:9.6f}")
    return {"gradient": gradient, "slopes": slopes}


if __name__ == "__main__":
    main()
