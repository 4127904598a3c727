"""
What a gradient costs
=====================

The time of value and gradient against that of the value alone, measured. One difference quotient for each input would
take as many forward passes as there are inputs; the backward pass takes about one or two, however many there are: here for the
energy of a chain of springs, one long vector, and for a network, matrix products. The fastest of several runs counts.
"""

import os
import sys

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # so that the two times are of the same kind

import timeit
from functools import partial

import numpy as np
from matplotlib.figure import Figure

import gradwise as gw

rng = np.random.default_rng(0)
inputs, targets = rng.normal(size=(256, 256)), rng.normal(size=(256, 10))


def chain(x):
    gaps = x[1:] - x[:-1]
    return np.sum(gaps**2) + np.sum(np.exp(-(gaps**2)) * np.cos(x[1:]))


def network(layers):
    x = inputs
    for weight in layers[:-1]:
        x = np.tanh(x @ weight)
    return np.mean((x @ layers[-1] - targets) ** 2)


def main(repeats=10):
    layers = [rng.normal(size=shape) / 16 for shape in [(256, 256), (256, 256), (256, 10)]]
    cases = {"chain": (chain, rng.normal(size=200_000)), "network": (network, layers)}
    results = {}
    print("              inputs     value   value and gradient   backward pass, in forward passes")
    for name, (f, point) in cases.items():
        both = gw.value_and_grad(f)
        count = point.size if name == "chain" else sum(w.size for w in point)
        forward, total = (min(timeit.repeat(partial(g, point), number=1, repeat=repeats)) for g in (f, both))
        print(f"{name:<10} {count:>9,} {1e3 * forward:>6.2f} ms {1e3 * total:>17.2f} ms {total / forward - 1:>14.1f}")
        results[name] = dict(forward=forward, both=total, f=f, point=point, result=both(point), count=count)
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
