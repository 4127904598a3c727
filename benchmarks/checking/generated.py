"""Generated bugs: every mistake on every function, at points drawn from a seed.

    python benchmarks/checking/generated.py 101 102 103

prints, for the given seeds, how many were caught, how many have the planted name first, and how many have it at all.  Half of the functions
are hidden from tracing.  The page's numbers are for seeds that were not looked at while the checker was written.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator

import numpy as np
from planted import Case

import gradwise as gw


def opaque(f):
    """The same function, where tracing cannot follow."""
    return lambda x: f(np.frombuffer(np.asarray(x, dtype=float).tobytes()).reshape(np.shape(x)))


def functions(rng):
    """Functions with their points."""
    a, b, q, t = rng.normal(size=(6, 4)), rng.normal(size=6), rng.normal(size=(4, 4)), rng.normal(size=(4, 4))
    data = rng.normal(size=(7, 3))
    net = {"W": rng.normal(size=(3, 5)), "b": rng.normal(size=5)}
    weights = np.arange(1, 6)

    def network(p):
        return np.mean(np.sum(np.tanh(data @ p["W"] + p["b"]) ** 2 * weights, axis=1)) + 0.1 * np.sum(np.sin(p["W"]))

    return {
        "elementwise": (lambda x: np.sum(np.sin(x) * np.exp(0.2 * x) + 0.1 * x**3), rng.normal(size=6)),
        "quadratic and cosine": (lambda x: np.sum((q @ x) ** 2) / 3 + np.sum(np.cos(x)), rng.normal(size=4)),
        "robust regression": (lambda x: np.mean(np.log(1 + (a @ x - b) ** 2)), rng.normal(size=4)),
        "Rosenbrock": (lambda x: np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2), rng.normal(size=5)),
        "log-sum-exp": (lambda x: np.log(np.sum(np.exp(x))) + 0.15 * x @ x, rng.normal(size=5)),
        "matrix": (lambda m: np.sum(np.tanh(m @ q) * t), rng.normal(size=(4, 4))),
        "one number": (lambda x: np.exp(x) * np.sin(x) + x**2, float(rng.uniform(0.5, 1.5))),
        "two numbers": (lambda x: x[0] ** 2 * np.exp(x[1]) + np.sin(x[0] * x[1]), rng.normal(size=2)),
        "network": (network, net),
        "forty numbers": (lambda x: np.sum(np.sin(x) * np.arange(1, 41)) + np.sum(x[1:] * x[:-1]), rng.normal(size=40)),
    }


def _leaves(change):
    return lambda g, x: {k: change(v, x[k]) for k, v in g.items()} if isinstance(g, dict) else change(g, x)


def _one(g, value):
    g = np.array(g, dtype=float)
    g.flat[g.size // 2] = value(g.flat[g.size // 2])
    return g


def _array(change, smallest):
    return lambda g, x: change(g, x) if isinstance(g, np.ndarray) and g.size >= smallest else None


def _part(change, smallest):
    def apply(g, x):
        if isinstance(g, dict):
            return {**g, "b": change(g["b"], x["b"])}
        return change(g, x) if np.size(g) >= smallest else None

    return apply


def _wave(g):
    return np.sin(np.arange(np.size(g)).reshape(np.shape(g)) + 1)


MISTAKES = {
    "missing factor 2": _leaves(lambda g, x: g / 2),
    "extra factor 2": _leaves(lambda g, x: g * 2),
    "constant factor": _leaves(lambda g, x: g * 1.7),
    "sign flip": _leaves(lambda g, x: -g),
    "wrong log base": _leaves(lambda g, x: g * np.log(2)),
    "degrees vs radians": _leaves(lambda g, x: g * 180 / np.pi),
    "permuted entries": lambda g, x: g[::-1] if isinstance(g, np.ndarray) and g.ndim == 1 and g.size > 2 else None,
    "index shift": _array(lambda g, x: np.roll(g, 1), 3),
    "transposed": lambda g, x: g.T if isinstance(g, np.ndarray) and g.ndim == 2 else None,
    "one entry wrong": _part(lambda g, x: _one(g, lambda v: 1.37 * v), 2),
    "a block wrong": _array(
        lambda g, x: np.where(np.arange(g.size).reshape(g.shape) < 3, 1.3 * g + 0.1 * np.sin(3 * x), g), 6
    ),
    "a branch wrong": _array(
        lambda g, x: np.where(x < 0, 1.4 * g - 0.2, g) if min(np.sum(x < 0), np.sum(x >= 0)) > 1 else None, 4
    ),
    "term proportional to x": _leaves(lambda g, x: g + 0.02 * x),
    "constant offset": _leaves(lambda g, x: g - 0.4),
    "wrong power of x": _leaves(lambda g, x: g * x),
    "detached (all zero)": _leaves(lambda g, x: g * 0.0),
    "low precision": _leaves(lambda g, x: np.float32(g)),
    "small systematic error": _leaves(lambda g, x: g * (1 + 1e-5 * _wave(g))),
    "integer truncation": _leaves(lambda g, x: np.trunc(g)),
    "non-finite": _part(lambda g, x: _one(g, lambda v: np.nan), 1),
    "unknown": _array(lambda g, x: g * (1 + 0.3 * np.sin(7 * np.arange(g.size).reshape(g.shape) + 1 + 3 * x)), 3),
}


def cases(seed: int) -> Iterator[Case]:
    """All pairs of function and mistake that make sense."""
    for name, (f, x) in functions(np.random.default_rng(seed)).items():
        right = gw.grad(f)
        for hidden in (False, True) if isinstance(x, np.ndarray) else (False,):
            for cause, mistake in MISTAKES.items():
                if mistake(right(x), x) is not None:
                    label = f"{name}{', hidden' if hidden else ''}: {cause}"
                    yield Case(label, opaque(f) if hidden else f, x, lambda v, m=mistake, g=right: m(g(v), v), (cause,))


def score(seed: int) -> tuple[int, int, int, int, list[str]]:
    """Return (cases, caught, first, named, labels of those without their name)."""
    total = caught = first = named = 0
    missed = []
    for case in cases(seed):
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            report = gw.check_grad(case.f, case.x, case.grad, rng=0)
        total += 1
        caught += not report.passed
        first += report.causes[:1] == list(case.causes)
        named += case.causes[0] in report.causes
        if case.causes[0] not in report.causes:
            missed.append(f"{case.name} -> {report.causes}")
    return total, caught, first, named, missed


def false_alarms(seeds) -> tuple[int, int, int]:
    """Return (right gradients checked, rejected, left open) for all functions."""
    total = rejected = undecided = 0
    for seed in seeds:
        for f, x in functions(np.random.default_rng(seed)).values():
            for function in (f, opaque(f)) if isinstance(x, np.ndarray) else (f,):
                report = gw.check_grad(function, x, gw.grad(f), rng=0)
                total += 1
                rejected += report.counts["wrong"] > 0 or bool(report.causes)
                undecided += not report.conclusive
    return total, rejected, undecided


if __name__ == "__main__":
    for seed in map(int, sys.argv[1:] or ["101"]):
        *counts, missed = score(seed)
        print(seed, "cases {} caught {} first {} named {}".format(*counts), *missed, sep="\n  ")
