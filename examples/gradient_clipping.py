"""An exploding gradient, and how clipping its length cures it: the recurrence x ← w·x, 30 times."""

import numpy as np

import gradwise as gw

STEPS, TARGET = 30, 2.0


def loss(w):
    x = 1.0
    for _ in range(STEPS):
        x = w * x
    return (x - TARGET) ** 2


def descend(w, rate, most=np.inf, steps=400):
    for _ in range(steps):
        slope = gw.derivative(loss)(w)
        w = w - rate * slope * min(1.0, most / abs(slope))
        if not abs(w) < 10:
            return w
    return w


def main():
    w = 1.3
    slope = gw.derivative(loss)(w)
    print(f"loss (w³⁰ − 2)² at w = {w}: slope {slope:.3e}, by formula {60 * w**29 * (w**30 - 2):.3e}")
    plain, clipped = descend(w, 1e-4), descend(w, 1e-4, most=50.0)
    print(
        f"rate 1e-4: w becomes {plain:.3g}; with |slope| cut to 50: {clipped:.9f}, where 2^(1/30) is {2 ** (1 / 30):.9f}"
    )
    return {"slope": slope, "plain": plain, "clipped": clipped}


if __name__ == "__main__":
    main()
