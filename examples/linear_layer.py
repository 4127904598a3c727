"""The Jacobian of a linear layer Wx + b is W, and that of softmax after it is (diag p − p pᵀ) W."""

import numpy as np

import gradwise as gw

rng = np.random.default_rng(0)
W, b = rng.normal(size=(3, 4)).round(2), rng.normal(size=3).round(2)


def layer(x):
    return W @ x + b


def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


def main():
    x = rng.normal(size=4)
    linear = gw.jacobian(layer)(x)
    print("Jacobian of Wx + b:", *linear, sep="\n  ")
    print("equal to W:", np.array_equal(linear, W))
    p = softmax(layer(x))
    composed = gw.jacobian(lambda x: softmax(layer(x)))(x)
    formula = (np.diag(p) - np.outer(p, p)) @ W
    print(f"softmax(Wx + b): largest difference from (diag p − p pᵀ) W is {np.abs(composed - formula).max():.0e}")
    return {"linear": linear, "W": W, "composed": composed, "formula": formula}


if __name__ == "__main__":
    main()
