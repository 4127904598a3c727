"""
What a gradient costs
=====================

The fastest of several runs of value and gradient, and of the value alone. A difference quotient for each input takes as many forward passes as there are
inputs, the backward pass about one or two, however many: for the energy of a chain of springs (one long vector), and for a network (matrix products).
"""

import os
import sys
import timeit

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # so that the two times are of the same kind

import numpy as np
from matplotlib.figure import Figure

import gradwise as gw

rng = np.random.default_rng(0)
inputs, targets = rng.normal(size=(256, 256)), rng.normal(size=(256, 10))


def chain(x):
    gaps = (x[1:] - x[:-1]) ** 2
    return np.sum(gaps) + np.sum(np.exp(-gaps) * np.cos(x[1:]))


def network(layers):
    x = inputs
    for weight in layers[:-1]:
        x = np.tanh(x @ weight)
    return np.mean((x @ layers[-1] - targets) ** 2)


def main(repeats=10):
    layers = [rng.normal(size=shape) / 16 for shape in [(256, 256), (256, 256), (256, 10)]]
    results, cases = {}, {"chain": (chain, rng.normal(size=200_000)), "network": (network, layers)}
    print("              inputs     value   value and gradient   backward pass, in forward passes")
    for name, (f, point) in cases.items():
        both, count = gw.value_and_grad(f), point.size if name == "chain" else sum(w.size for w in point)
        times = (timeit.repeat("g(x)", number=1, repeat=repeats, globals={"g": g, "x": point}) for g in (f, both))
        forward, total = map(min, times)
        print(f"{name:<10} {count:>9,} {1e3 * forward:>6.2f} ms {1e3 * total:>17.2f} ms {total / forward - 1:>14.1f}")
        results[name] = dict(forward=forward, both=total, f=f, point=point, result=both(point), count=count)
    return results


def draw(results):
    ax = Figure(figsize=(7, 2.6), layout="constrained").subplots()
    names = [f"{name}, {case['count']:,} inputs" for name, case in results.items()]
    for key, label in {"both": "value and gradient", "forward": "value alone"}.items():
        ax.barh(names, [1e3 * case[key] for case in results.values()], label=label)
    ax.set(xlabel="milliseconds", title="the time of a gradient, measured")
    ax.figure.legend(loc="outside upper center", ncols=2)
    return ax.figure


if __name__ == "__main__":
    draw(main()).savefig(sys.argv[1] if len(sys.argv) > 1 else "backward_cost.png")
