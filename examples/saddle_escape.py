"""A saddle holds gradient descent that starts on its ridge; a little noise sets it free."""

import numpy as np

import gradwise as gw


def surface(v):
    x, y = v
    return x**2 - y**2 + y**4 / 2


def descend(v, noise, rng, rate=0.05, steps=400):
    for _ in range(steps):
        v = v - rate * gw.grad(surface)(v) + noise * rng.normal(size=2)
    return v


def main():
    start = np.array([1.0, 0.0])
    stuck = descend(start, 0.0, np.random.default_rng(0))
    free = descend(start, 1e-3, np.random.default_rng(0))
    free = descend(free, 0.0, np.random.default_rng(0))
    saddle, end = np.linalg.eigvalsh(gw.hessian(surface)(stuck)), np.linalg.eigvalsh(gw.hessian(surface)(free))
    print(f"without noise: ends at {stuck.round(6) + 0.0}, eigenvalues {saddle.round(6)}: a saddle")
    print(f"with noise:    ends at {free.round(6) + 0.0}, eigenvalues {end.round(6)}: a minimum")
    return {"stuck": stuck, "free": free, "saddle": saddle, "end": end}


if __name__ == "__main__":
    main()
