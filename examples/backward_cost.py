"""
What a gradient costs
=====================

The time of value and gradient against that of the value alone, measured. One difference quotient for each input would
take as many forward passes as there are inputs; the backward pass takes about one or two, however many there are.
"""

import os
import sys

# One thread, so that the two times are of the same kind.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import itertools
import timeit

import numpy as np
from matplotlib.figure import Figure

import gradwise as gw

rng = np.random.default_rng(0)
inputs, targets = rng.normal(size=(256, 256)), rng.normal(size=(256, 10))


def chain(x):
    """Energy of a chain of springs with a bump at each place: one long vector."""
    gaps = x[1:] - x[:-1]
    return np.sum(gaps**2) + np.sum(np.exp(-(gaps**2)) * np.cos(x[1:]))


def network(layers):
    """Mean squared error of a network: matrix products."""
    x = inputs
    for weight, bias in layers[:-1]:
        x = np.tanh(x @ weight + bias)
    weight, bias = layers[-1]
    return np.mean((x @ weight + bias - targets) ** 2)


def seconds(function, point, repeats):
    """The fastest of several runs, which is the one that was disturbed least."""
    return min(timeit.repeat(lambda: function(point), number=1, repeat=repeats))


def main(repeats=10):
    layers = [(rng.normal(size=(m, n)) / 16, np.zeros(n)) for m, n in itertools.pairwise([256, 256, 256, 10])]
    cases = {"chain": (chain, rng.normal(size=200_000)), "network": (network, layers)}
    results = {}
    print("              inputs     value   value and gradient   backward pass, in forward passes")
    for name, (f, point) in cases.items():
        both = gw.value_and_grad(f)
        answer = both(point)
        count = point.size if name == "chain" else sum(w.size + b.size for w, b in point)
        forward, total = seconds(f, point, repeats), seconds(both, point, repeats)
        print(f"{name:<10} {count:>9,} {1e3 * forward:>6.2f} ms {1e3 * total:>17.2f} ms {total / forward - 1:>14.1f}")
        results[name] = dict(forward=forward, both=total, f=f, point=point, result=answer, count=count)
    return results


def draw(results):
    figure = Figure(figsize=(7, 2.6), layout="constrained")
    ax = figure.subplots()
    names = [f"{name}, {case['count']:,} inputs" for name, case in results.items()]
    forward, both = (np.array([1e3 * case[key] for case in results.values()]) for key in ("forward", "both"))
    ax.barh(names, forward, label="value")
    ax.barh(names, both - forward, left=forward, label="what the gradient adds")
    ax.set(xlabel="milliseconds", title="the time of a gradient, measured")
    figure.legend(loc="outside upper center", ncols=2)
    return figure


if __name__ == "__main__":
    draw(main()).savefig(sys.argv[1] if len(sys.argv) > 1 else "backward_cost.png")
