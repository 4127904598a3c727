"""
The derivative of x² at 3 from values alone
===========================================

A difference quotient is wrong when its step is long, because the curve bends, and wrong when its step is short, because
numbers are rounded. ``gw.numerical`` finds the step between and says how far off its answer can be.
"""

import sys

from matplotlib.figure import Figure

import gradwise as gw


def square(x):
    return x**2


def main():
    quotients = {}
    print("step      (f(3+h) − f(3)) / h    error")
    for exponent in range(-1, -16, -2):
        h = 10.0**exponent
        quotients[h] = (square(3 + h) - square(3)) / h
        print(f"1e{exponent:<6}  {quotients[h]:<20.15g}   {abs(quotients[h] - 6):.1e}")
    estimate = gw.numerical.derivative(square, 3.0)
    exact = gw.derivative(square)(3.0)
    print(f"numerical, with its own bound: {estimate}")
    print(f"exact, by the rules of calculus: {exact}")
    return {"quotients": quotients, "estimate": estimate, "exact": exact}


def draw(results):
    figure = Figure(figsize=(6.4, 4), layout="constrained")
    ax = figure.subplots()
    steps = list(results["quotients"])
    ax.loglog(steps, [abs(q - 6) for q in results["quotients"].values()], "o-", label="error of (f(3+h) − f(3)) / h")
    ax.loglog(steps, steps, "--", color="gray", label="h, from the bend of the curve")
    ax.loglog(steps, [9 * 2.2e-16 / h for h in steps], ":", color="gray", label="9 · 2.2e-16 / h, from rounding")
    ax.set(xlabel="step h", ylabel="error", ylim=(1e-9, 1e3), title="Forward difference of x² at 3")
    ax.legend(loc="upper center")
    return figure


if __name__ == "__main__":
    draw(main()).savefig(sys.argv[1] if len(sys.argv) > 1 else "numerical_derivative.png")
