"""Gradient descent on (w₁ − 3)² + 2 (w₂ − 1)² by hand, with its table of steps."""

import numpy as np

import gradwise as gw


def loss(w):
    return (w[0] - 3) ** 2 + 2 * (w[1] - 1) ** 2


def main(rate=0.1, steps=40):
    w = np.zeros(2)
    value_and_grad = gw.value_and_grad(loss)
    path = []
    print("step       w₁        w₂       loss   |gradient|")
    for step in range(steps + 1):
        value, gradient = value_and_grad(w)
        path.append(w)
        if step in {0, 1, 2, 3, 5, 10, 20, steps}:
            print(f"{step:>4} {w[0]:9.6f} {w[1]:9.6f} {value:10.2e} {np.linalg.norm(gradient):11.2e}")
        w = w - rate * gradient
    print("each step multiplies w₁ − 3 by 1 − 2·rate = 0.8 and w₂ − 1 by 1 − 4·rate = 0.6")
    return {"path": np.array(path)}


if __name__ == "__main__":
    main()
