"""What a gradient costs: the time of value and gradient against that of the value alone, measured."""

import os

# One thread, so that the two times are of the same kind.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import itertools
import time

import numpy as np

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


def seconds(function, argument, repeats):
    """The fastest of several runs, which is the one that was disturbed least."""
    best = np.inf
    for _ in range(repeats):
        start = time.perf_counter()
        function(argument)
        best = min(best, time.perf_counter() - start)
    return best


def main(repeats=10):
    sizes = [256, 256, 256, 10]
    layers = [(rng.normal(size=(m, n)) / np.sqrt(m), np.zeros(n)) for m, n in itertools.pairwise(sizes)]
    cases = {"chain": (chain, rng.normal(size=200_000)), "network": (network, layers)}
    results = {}
    print("              inputs     value   value and gradient   backward pass, in forward passes")
    for name, (f, point) in cases.items():
        both = gw.value_and_grad(f)
        value_and_gradient = both(point)
        count = point.size if name == "chain" else sum(w.size + b.size for w, b in point)
        forward, total = seconds(f, point, repeats), seconds(both, point, repeats)
        print(f"{name:<10} {count:>9,} {1e3 * forward:>6.2f} ms {1e3 * total:>17.2f} ms {total / forward - 1:>14.1f}")
        results[name] = {"forward": forward, "both": total, "f": f, "point": point, "result": value_and_gradient}
    print("one difference for each input would take as many forward passes as there are inputs")
    return results


if __name__ == "__main__":
    main()
