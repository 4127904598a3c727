"""Wrong gradients with the mistake that was planted in each, over the whole vocabulary of causes.

``PLANTED`` is a list of `Case`: f, x, the wrong gradient, and the names that describe the mistake.  Where one set of numbers has two
honest names (a claim of half the gradient of x² is "missing factor 2"; a shift of two entries is also a permutation) both are listed.
Many wrong gradients are written out as a person would write them; the others are a right one, damaged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Case:
    """One wrong (or, in ``traps``, right) gradient."""

    name: str
    f: Callable[..., Any]
    x: Any
    grad: Any
    causes: tuple[str, ...] = ()


def _rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


X5 = np.array([0.7, -0.4, 1.3, 2.1, -1.6])
P5 = np.array([0.7, 0.4, 1.3, 2.1, 1.6])
A43 = _rng(1).normal(size=(4, 3))
A55 = _rng(2).normal(size=(5, 5))
B4 = _rng(3).normal(size=4)
X3 = np.array([0.3, -0.8, 1.1])
M33 = _rng(4).normal(size=(3, 3))
M34 = _rng(5).normal(size=(3, 4))
T33 = _rng(6).normal(size=(3, 3))
T34 = _rng(7).normal(size=(3, 4))
DATA = _rng(8).normal(size=(20, 3))
LABELS = (_rng(9).uniform(size=20) > 0.5).astype(float)
PARAMS = {"w": _rng(10).normal(size=(3, 2)), "b": np.array([0.1, -0.3]), "v": np.array([0.5, 0.9])}


def smooth(x):
    return np.sum(np.sin(x) * np.exp(0.3 * x)) + 0.5 * np.sum(x) ** 2


def smooth_grad(x):
    return np.cos(x) * np.exp(0.3 * x) + 0.3 * np.sin(x) * np.exp(0.3 * x) + np.sum(x)


def least_squares(x):
    return np.sum((A43 @ x - B4) ** 2)


def mean_squares(x):
    return np.mean((A43 @ x - B4) ** 2)


def logistic(w):
    z = DATA @ w
    return np.mean(np.log1p(np.exp(z)) - LABELS * z)


def logistic_grad(w):
    p = 1 / (1 + np.exp(-(DATA @ w)))
    return DATA.T @ (p - LABELS) / len(LABELS)


def matrix_f(m):
    return np.sum(T33 * np.tanh(m)) + np.sum(m @ m)


def matrix_grad(m):
    ones = np.ones((3, 3))
    return T33 / np.cosh(m) ** 2 + ones @ m.T + m.T @ ones


def wide_f(m):
    return np.sum(T34 * m**2)


def network(p):
    h = np.tanh(DATA @ p["w"] + p["b"])
    return np.mean((h @ p["v"] - LABELS) ** 2)


def network_grad(p):
    h = np.tanh(DATA @ p["w"] + p["b"])
    r = 2 * (h @ p["v"] - LABELS) / len(LABELS)
    d = np.outer(r, p["v"]) * (1 - h**2)
    return {"w": DATA.T @ d, "b": d.sum(0), "v": h.T @ r}


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def rosenbrock_grad(x):
    g = np.zeros_like(x)
    g[:-1] = -400 * x[:-1] * (x[1:] - x[:-1] ** 2) - 2 * (1 - x[:-1])
    g[1:] += 200 * (x[1:] - x[:-1] ** 2)
    return g


def softmax_rows(z):
    e = np.exp(z)
    return np.sum(T33 * e / e.sum(axis=1, keepdims=True))


def softmax_wrong_axis(z):
    e = np.exp(z)
    s = e / e.sum(axis=0, keepdims=True)
    return s * (T33 - np.sum(T33 * s, axis=0, keepdims=True))


def biased(b):
    return np.sum(np.sin(M33 + b) * T33)


def _set(g, index, value):
    g = np.array(g, dtype=float)
    g[index] = value(g[index]) if callable(value) else value
    return g


def _at(function):
    """A gradient that always reads the point at which it was made."""
    kept = np.array([0.2, 0.1, -0.5, 0.9, 1.4])
    return lambda x: function(kept)


class Stateful:
    """A gradient that answers for the point of the call before."""

    def __init__(self) -> None:
        self.before = np.array([0.5, 0.5, 0.5, 0.5, 0.5])

    def __call__(self, x):
        answer = smooth_grad(self.before)
        self.before = x.copy()
        return answer


_NOISE = _rng(11)


def _noisy(x):
    return smooth_grad(x) + 0.01 * _NOISE.standard_normal(x.size)


def _in_place(x):
    x *= 2
    return smooth_grad(x / 2)


def _sorts(x):
    x.sort()
    return np.sum(x**2 * np.arange(1, 6))


def _sorted_weights(x):
    g = np.empty(5)
    order = np.argsort(x)
    g[order] = 2 * x[order] * np.arange(1, 6)
    return g


def _forward_difference(x, h=1e-6):
    return np.array([(smooth(x + h * e) - smooth(x)) / h for e in np.eye(x.size)])


def _float16(x):
    return smooth_grad(x.astype(np.float16)).astype(float)


def leaky(x):
    return np.sum(np.where(x > 0, x, 0.1 * x) ** 2)


def huber(x):
    return np.sum(np.where(np.abs(x) < 1, 0.5 * x**2, np.abs(x) - 0.5))


def quotient(x):
    return np.sum(np.sin(x) / (1 + x**2))


PLANTED = [
    # factors
    Case("squares without the 2", least_squares, X3, lambda x: A43.T @ (A43 @ x - B4), ("missing factor 2",)),
    Case("half a smooth gradient", smooth, X5, lambda x: 0.5 * smooth_grad(x), ("missing factor 2",)),
    Case(
        "half squares with a 2",
        lambda x: 0.5 * np.sum((A43 @ x - B4) ** 2),
        X3,
        lambda x: 2 * A43.T @ (A43 @ x - B4),
        ("extra factor 2",),
    ),
    Case("gradient added twice", logistic, X3, lambda w: 2 * logistic_grad(w), ("extra factor 2",)),
    Case("three times", smooth, X5, lambda x: 3 * smooth_grad(x), ("constant factor",)),
    Case(
        "off by 0.87",
        network,
        PARAMS,
        lambda p: {k: 0.87 * g for k, g in network_grad(p).items()},
        ("constant factor",),
    ),
    Case(
        "sixth power's coefficient", lambda x: np.sum(x**3), X5, lambda x: x**2, ("constant factor", "missing factor 2")
    ),
    Case("ascent for descent", smooth, X5, lambda x: -smooth_grad(x), ("sign flip",)),
    Case("derivative of cos", lambda x: np.sum(np.cos(x)), X5, np.sin, ("sign flip",)),
    Case("residual turned round", logistic, X3, lambda w: -logistic_grad(w), ("sign flip",)),
    Case("sum for mean over rows", mean_squares, X3, lambda x: 2 * A43.T @ (A43 @ x - B4), ("missing 1/n",)),
    Case("logistic without the mean", logistic, X3, lambda w: 20 * logistic_grad(w), ("missing 1/n",)),
    Case("mean for sum", lambda x: np.sum(np.exp(x)), X5, lambda x: np.exp(x) / 5, ("extra 1/n",)),
    Case(
        "mean over rows for sum",
        least_squares,
        X3,
        lambda x: 2 * A43.T @ (A43 @ x - B4) / 4,
        ("extra 1/n", "missing factor 2"),
    ),
    Case("log2 as log", lambda x: np.sum(np.log2(x)), P5, lambda x: 1 / x, ("wrong log base",)),
    Case("log10 as log", lambda x: np.sum(np.log10(1 + x**2)), X5, lambda x: 2 * x / (1 + x**2), ("wrong log base",)),
    Case("log as log10", lambda x: np.sum(np.log(x)), P5, lambda x: 1 / (x * np.log(10)), ("wrong log base",)),
    Case(
        "degrees without π/180",
        lambda x: np.sum(np.sin(np.deg2rad(x))),
        20 * X5,
        lambda x: np.cos(np.deg2rad(x)),
        ("degrees vs radians",),
    ),
    Case(
        "cos of degrees",
        lambda x: np.sum(np.sin(x * np.pi / 180)),
        20 * X5,
        lambda x: np.cos(x) * np.pi / 180,
        ("degrees vs radians",),
    ),
    # orders
    Case("matrix gradient transposed", matrix_f, M33, lambda m: matrix_grad(m).T, ("transposed",)),
    Case("outer product turned", lambda m: X3 @ m @ B4[:3], M33, lambda m: np.outer(B4[:3], X3), ("transposed",)),
    Case("transposed by shape", wide_f, M34, lambda m: (2 * T34 * m).T, ("transposed", "wrong shape")),
    Case("reversed", smooth, X5, lambda x: smooth_grad(x)[::-1], ("permuted entries",)),
    Case("two entries swapped", smooth, X5, lambda x: smooth_grad(x)[[0, 3, 2, 1, 4]], ("permuted entries",)),
    Case("Fortran order", wide_f, M34, lambda m: (2 * T34 * m).ravel(order="F").reshape(3, 4), ("permuted entries",)),
    Case("rolled", smooth, X5, lambda x: np.roll(smooth_grad(x), 1), ("index shift",)),
    Case(
        "off by one, zero first",
        rosenbrock,
        X5,
        lambda x: np.concatenate([[0.0], rosenbrock_grad(x)[:-1]]),
        ("index shift",),
    ),
    Case("rolled back in a matrix", wide_f, M34, lambda m: np.roll(2 * T34 * m, -1, axis=1), ("index shift",)),
    # subsets
    Case("one entry zero", smooth, X5, lambda x: _set(smooth_grad(x), 2, 0.0), ("one entry wrong",)),
    Case(
        "last entry of a chain",
        rosenbrock,
        X5,
        lambda x: _set(rosenbrock_grad(x), 4, lambda v: 1.3 * v),
        ("one entry wrong",),
    ),
    Case(
        "one weight",
        network,
        PARAMS,
        lambda p: {**network_grad(p), "w": _set(network_grad(p)["w"], (1, 0), lambda v: v + 0.3)},
        ("one entry wrong",),
    ),
    Case("bias forgotten", network, PARAMS, lambda p: {**network_grad(p), "b": np.zeros(2)}, ("a block wrong",)),
    Case(
        "first half wrong",
        smooth,
        np.linspace(0.2, 3, 8),
        lambda x: np.where(np.arange(8) < 4, 1.7 * smooth_grad(x) + 0.1 * x**3, smooth_grad(x)),
        ("a block wrong", "a branch wrong"),
    ),
    Case("a row wrong", wide_f, M34, lambda m: _set(2 * T34 * m, 1, lambda v: v * 1.5 + 0.2), ("a block wrong",)),
    Case(
        "output layer wrong",
        network,
        PARAMS,
        lambda p: {**network_grad(p), "v": 2 * network_grad(p)["v"]},
        ("a block wrong",),
    ),
    Case("leaky slope forgotten", leaky, X5, lambda x: np.where(x > 0, 2 * x, 0.0), ("a branch wrong",)),
    Case("Huber outside", huber, X5, lambda x: x, ("a branch wrong",)),
    Case("abs of the negative", lambda x: np.sum(np.abs(x) ** 3), X5, lambda x: 3 * x**2, ("a branch wrong",)),
    # terms
    Case(
        "regulariser forgotten", lambda x: smooth(x) + 0.05 * np.sum(x**2), X5, smooth_grad, ("term proportional to x",)
    ),
    Case(
        "regulariser twice",
        lambda w: logistic(w) + 0.01 * np.sum(w**2),
        X3,
        lambda w: logistic_grad(w) + 0.04 * w,
        ("term proportional to x",),
    ),
    Case(
        "L1 term forgotten", lambda x: smooth(x) + 0.3 * np.sum(np.abs(x)), X5, smooth_grad, ("term proportional to x",)
    ),
    Case("offset", smooth, X5, lambda x: smooth_grad(x) + 0.25, ("constant offset",)),
    Case("linear term forgotten", lambda x: smooth(x) + 3 * np.sum(x), X5, smooth_grad, ("constant offset",)),
    # axes
    Case(
        "bias summed over columns",
        biased,
        X3,
        lambda b: (np.cos(M33 + b) * T33).sum(axis=1),
        ("sum over the wrong axis",),
    ),
    Case("softmax over columns", softmax_rows, M33, softmax_wrong_axis, ("sum over the wrong axis",)),
    Case(
        "row sums as column sums",
        lambda m: np.sum(m.sum(axis=1) ** 3),
        M33,
        lambda m: np.broadcast_to(3 * m.sum(axis=0) ** 2, (3, 3)).copy(),
        ("sum over the wrong axis",),
    ),
    Case("bias of the first row", biased, X3, lambda b: (np.cos(M33 + b) * T33)[0], ("broadcast not summed",)),
    Case(
        "bias not summed",
        lambda b: np.sum(np.sin(M34 + b) * T34),
        B4,
        lambda b: np.cos(M34 + b) * T34,
        ("broadcast not summed", "wrong shape"),
    ),
    # powers and the chain rule
    Case("exponent not lowered", lambda x: np.sum(x**3), X5, lambda x: 3 * x**3, ("wrong power of x",)),
    Case("exponent lowered twice", lambda x: np.sum(x**4), X5, lambda x: 4 * x**2, ("wrong power of x",)),
    Case("1/x as 1/x", lambda x: np.sum(1 / x), P5, lambda x: -1 / x, ("wrong power of x",)),
    Case(
        "sin(x²) without 2x", lambda x: np.sum(np.sin(x**2)), X5, lambda x: np.cos(x**2), ("missing inner derivative",)
    ),
    Case(
        "exp(−x²) without −2x",
        lambda x: np.sum(np.exp(-(x**2))),
        X5,
        lambda x: np.exp(-(x**2)),
        ("missing inner derivative",),
    ),
    Case(
        "tanh of an affine map",
        lambda x: np.sum(np.tanh(3.7 * x + 1)),
        X5,
        lambda x: 1 - np.tanh(3.7 * x + 1) ** 2,
        ("missing inner derivative", "constant factor"),
    ),
    Case("network without tanh'", network, PARAMS, lambda p: _no_activation(p), ("missing inner derivative",)),
    Case(
        "square residual without Aᵀ",
        lambda x: np.sum((A55 @ x - 1) ** 2),
        X5,
        lambda x: 2 * (A55 @ x - 1),
        ("missing inner derivative",),
    ),
    Case(
        "x sin x without sin x",
        lambda x: np.sum(x * np.sin(x)),
        X5,
        lambda x: x * np.cos(x),
        ("product rule term missing",),
    ),
    Case(
        "x exp(−x) without the second",
        lambda x: np.sum(x * np.exp(-x)),
        X5,
        lambda x: np.exp(-x),
        ("product rule term missing",),
    ),
    Case("xᵀAx with A not symmetric", lambda x: x @ A55 @ x, X5, lambda x: A55 @ x, ("product rule term missing",)),
    Case(
        "quotient with a plus",
        quotient,
        X5,
        lambda x: (np.cos(x) * (1 + x**2) + np.sin(x) * 2 * x) / (1 + x**2) ** 2,
        ("quotient rule sign",),
    ),
    Case(
        "ratio of sums with a plus",
        lambda x: np.sum(x**3) / np.sum(x**2),
        X5,
        lambda x: 3 * x**2 / np.sum(x**2) + 2 * x * np.sum(x**3) / np.sum(x**2) ** 2,
        ("quotient rule sign",),
    ),
    # detached, elsewhere, digits
    Case("never filled", smooth, X5, np.zeros_like, ("detached (all zero)",)),
    Case(
        "all zero in a dict",
        network,
        PARAMS,
        lambda p: {k: np.zeros_like(v) for k, v in p.items()},
        ("detached (all zero)",),
    ),
    Case("another point kept", smooth, X5, _at(smooth_grad), ("evaluated at another point",)),
    Case(
        "after the step", smooth, X5, lambda x: smooth_grad(x - 0.1 * smooth_grad(x)), ("evaluated at another point",)
    ),
    Case("at abs(x)", smooth, X5, lambda x: smooth_grad(np.abs(x)), ("evaluated at another point",)),
    Case("clipped argument", smooth, X5, lambda x: smooth_grad(np.clip(x, 0, 1)), ("evaluated at another point",)),
    Case("previous call", smooth, X5, Stateful(), ("evaluated at another point", "non-deterministic")),
    Case("integer array", rosenbrock, X5, lambda x: rosenbrock_grad(x).astype(int), ("integer truncation",)),
    Case("x cut to integers", smooth, X5, lambda x: smooth_grad(np.trunc(x)), ("integer truncation",)),
    Case("float32", smooth, X5, lambda x: smooth_grad(x.astype(np.float32)), ("low precision",)),
    Case("float16 inside", smooth, X5, _float16, ("low precision",)),
    Case("rounded to 3 decimals", smooth, X5, lambda x: np.round(smooth_grad(x), 3), ("low precision",)),
    Case("forward difference", smooth, X5, _forward_difference, ("small systematic error",)),
    Case(
        "an epsilon in the logistic",
        logistic,
        X3,
        lambda w: logistic_grad(w) * (1 + 1e-6 * np.abs(w)),
        ("small systematic error",),
    ),
    # conduct and form
    Case("noise", smooth, X5, _noisy, ("non-deterministic",)),
    Case("x doubled in place", smooth, X5, _in_place, ("modifies its input",)),
    Case("f sorts in place", _sorts, X5, _sorted_weights, ("modifies its input",)),
    Case("a column", smooth, X5, lambda x: smooth_grad(x)[:, None], ("wrong shape",)),
    Case("one entry short", smooth, X5, lambda x: smooth_grad(x)[:-1], ("wrong shape",)),
    Case(
        "missing key",
        network,
        PARAMS,
        lambda p: {k: g for k, g in network_grad(p).items() if k != "b"},
        ("wrong shape",),
    ),
    Case(
        "0/0 in where",
        lambda x: np.sum(np.sinc(x)),
        np.array([0.0, 0.5, 1.2]),
        lambda x: np.where(x == 0, 0, np.cos(np.pi * x) / x - np.sin(np.pi * x) / (np.pi * x**2)) + 0 * (x / x),
        ("non-finite",),
    ),
    Case("overflow", logistic, 2 * X3, lambda w: logistic_grad(w) * np.exp(1e3) / np.exp(1e3), ("non-finite",)),
    # no name
    Case(
        "random numbers", smooth, X5, lambda x: smooth_grad(x) + np.array([0.1, -0.7, 0.33, 0.05, -0.21]), ("unknown",)
    ),
    Case("another function", smooth, X5, lambda x: np.cosh(x) + x**2 * np.arange(5), ("unknown",)),
]


def _no_activation(p):
    h = np.tanh(DATA @ p["w"] + p["b"])
    r = 2 * (h @ p["v"] - LABELS) / len(LABELS)
    d = np.outer(r, p["v"])
    return {"w": DATA.T @ d, "b": d.sum(0), "v": h.T @ r}
