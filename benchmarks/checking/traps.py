"""Right gradients that simple checkers reject: kinks, ties, tiny arguments, float32, noise, big offsets, edges of domains.

``TRAPS`` is a list of `Case` whose gradient is right (at a kink: a subgradient).  A checker must pass them, or say that it cannot tell.
"""

from __future__ import annotations

import numpy as np
from planted import Case

X = np.array([0.7, -0.4, 1.3, 2.1, -1.6])
RNG = np.random.default_rng(20)
W = RNG.normal(size=40)


def one_hot_max(x):
    g = np.zeros_like(x)
    g[np.argmax(x)] = 1.0
    return g


def hinge(x):
    return np.sum(np.maximum(0.0, 1 - x))


def relu_net(x):
    return np.sum(np.maximum(W[:5] * x, 0) ** 2)


def single(x):
    y = np.asarray(x, dtype=np.float32)
    return float(np.sum(np.sin(y) * y**2))


def single_grad(x):
    return np.cos(x) * x**2 + 2 * x * np.sin(x)


class Noise:
    """f with reproducible but irregular noise of a given level."""

    def __init__(self, f, level):
        self.f, self.level, self.rng = f, level, np.random.default_rng(0)

    def __call__(self, x):
        return self.f(x) + self.level * self.rng.standard_normal()


def wavy(x, level=1e-9):
    """Noise that is a function of x, as of an iterative solver."""
    return np.sum(x**2) + level * np.sin(1e9 * np.sum(x))


def logsumexp(x):
    m = np.max(x)
    return m + np.log(np.sum(np.exp(x - m)))


def softmax(x):
    e = np.exp(x - np.max(x))
    return e / e.sum()


def solver(x):
    """Bisection for y³ + y = Σ x, stopped at an interval of 1e-9."""
    s, low, high = np.sum(x), -10.0, 10.0
    while high - low > 1e-9:
        y = (low + high) / 2
        low, high = (y, high) if y**3 + y < s else (low, y)
    return (low + high) / 2


def solver_grad(x):
    s = np.sum(x)
    y = np.cbrt(s / 2 + np.sqrt(s**2 / 4 + 1 / 27)) + np.cbrt(s / 2 - np.sqrt(s**2 / 4 + 1 / 27))
    return np.full_like(x, 1 / (3 * y**2 + 1))


HILBERT = 1 / (np.arange(6)[:, None] + np.arange(6) + 1)

TRAPS = [
    Case("abs at zero", lambda x: np.sum(np.abs(x)), np.array([0.0, 1.0, -2.0]), np.sign),
    Case(
        "abs at zero, slope 1", lambda x: np.sum(np.abs(x)), np.array([0.0, 1.0]), lambda x: np.where(x >= 0, 1.0, -1.0)
    ),
    Case("relu at zero", lambda x: np.sum(np.maximum(x, 0)), np.array([0.0, 0.5, -0.5]), lambda x: (x > 0) * 1.0),
    Case("tie in max, one hot", np.max, np.array([1.0, 3.0, 3.0]), one_hot_max),
    Case("tie in max, shared", np.max, np.array([1.0, 3.0, 3.0]), lambda x: np.array([0, 0.5, 0.5])),
    Case("norm at zero", lambda x: np.sqrt(np.sum(x**2)), np.zeros(3), np.zeros_like),
    Case("hinge at its corner", hinge, np.array([1.0, 0.3, 2.0]), lambda x: np.where(x < 1, -1.0, 0.0)),
    Case(
        "relu squared at zero", relu_net, np.array([0.0, 1, -1, 0, 2.0]), lambda x: 2 * W[:5] * np.maximum(W[:5] * x, 0)
    ),
    Case(
        "clip at its bound",
        lambda x: np.sum(np.clip(x, 0, 1) ** 2),
        np.array([1.0, 0.5, 0.0]),
        lambda x: np.where((x > 0) & (x < 1), 2 * x, 0),
    ),
    Case("median", np.median, np.array([3.0, 1.0, 2.0]), lambda x: np.array([0.0, 0, 1])),
    Case("step beside a jump", lambda x: np.sum(np.floor(x)) + np.sum(x**2), np.array([0.5, 1.7]), lambda x: 2 * x),
    Case("on a jump", lambda x: np.sum(np.floor(x)) + np.sum(x**2), np.array([2.0, 1.7]), lambda x: 2 * x),
    Case("tiny arguments", lambda x: np.sum(np.sin(x) ** 2), 1e-8 * X, lambda x: np.sin(2 * x)),
    Case("very tiny arguments", lambda x: np.sum(x**2), 1e-150 * X, lambda x: 2 * x),
    Case(
        "scales 1e-10 to 1e10",
        lambda x: np.sum(np.log(x) ** 2),
        10.0 ** np.array([-10, -5, 0, 5, 10]),
        lambda x: 2 * np.log(x) / x,
    ),
    Case("sin near 1e8", lambda x: np.sum(np.sin(x)), 1e8 + X, np.cos),
    Case("sqrt near its edge", lambda x: np.sum(np.sqrt(x)), np.array([1e-12, 1e-3, 1.0]), lambda x: 0.5 / np.sqrt(x)),
    Case("log near its edge", lambda x: np.sum(np.log(x)), np.array([1e-9, 2.0]), lambda x: 1 / x),
    Case("x log x at zero's edge", lambda x: np.sum(x * np.log(x)), np.array([1e-300, 0.5]), lambda x: np.log(x) + 1),
    Case("float32 inside", single, X, single_grad),
    Case("float32 all through", lambda x: np.sum(np.sin(x) * x**2), X.astype(np.float32), single_grad),
    Case(
        "float32, 40 entries",
        lambda x: np.sum(np.tanh(x) * W.astype(np.float32)),
        np.linspace(-2, 2, 40, dtype=np.float32),
        lambda x: W.astype(np.float32) / np.cosh(x) ** 2,
    ),
    Case("white noise 1e-6", Noise(lambda x: np.sum(np.exp(x)), 1e-6), X, np.exp),
    Case("white noise 1e-3", Noise(lambda x: np.sum(x**2), 1e-3), X, lambda x: 2 * x),
    Case("noise as a function of x", wavy, X, lambda x: 2 * x),
    Case("a solver's tolerance", solver, X, solver_grad),
    Case("offset 1e6", lambda x: 1e6 + np.sum(np.sin(x)), X, np.cos),
    Case("offset 1e12", lambda x: 1e12 + np.sum(np.sin(x)), X, np.cos),
    Case("variance with offset 1e6", np.var, 1e6 + X, lambda x: 2 * (x - np.mean(x)) / x.size),
    Case("softmax of large numbers", logsumexp, 700 + X, softmax),
    Case("cancelling 1 − cos", lambda x: np.sum((1 - np.cos(x)) / x**2), np.array([1e-4, 2e-4]), lambda x: -x / 12),
    Case("rounded output", lambda x: np.round(np.sum(np.sin(x)), 6), X, np.cos),
    Case(
        "Hilbert solve",
        lambda x: x @ np.linalg.solve(HILBERT, x),
        np.arange(1.0, 7),
        lambda x: 2 * np.linalg.solve(HILBERT, x),
    ),
    Case(
        "swamped small block",
        lambda p: 1e8 * np.sum(np.sin(p["a"])) + 1e-4 * np.sum(p["b"] ** 2),
        {"a": X, "b": X},
        lambda p: {"a": 1e8 * np.cos(p["a"]), "b": 2e-4 * p["b"]},
    ),
    Case("zero gradient", lambda x: np.sum(np.cos(x)), np.zeros(3), lambda x: -np.sin(x)),
    Case("constant function", lambda x: 3.0 + 0 * np.sum(x), X, np.zeros_like),
    Case(
        "huge curvature",
        lambda x: np.sum(np.tanh(1e6 * x)),
        np.array([1e-6, -2e-6]),
        lambda x: 1e6 / np.cosh(1e6 * x) ** 2,
    ),
    Case(
        "narrow peak",
        lambda x: np.sum(np.exp(-((x / 1e-3) ** 2))),
        np.array([5e-4, 2e-4]),
        lambda x: -2 * x / 1e-6 * np.exp(-((x / 1e-3) ** 2)),
    ),
    Case("integer input", lambda x: np.sum(np.asarray(x) ** 2), np.array([1, 2, 3]), lambda x: 2 * np.asarray(x)),
    Case("fast oscillation", lambda x: np.sum(np.sin(1e4 * x)), X, lambda x: 1e4 * np.cos(1e4 * x)),
    Case(
        "sum of 1e4 terms",
        lambda x: np.sum(np.mean(np.sin(np.outer(np.linspace(0, 3, 10000), x)), axis=0)),
        X,
        lambda x: np.mean(np.linspace(0, 3, 10000)[:, None] * np.cos(np.outer(np.linspace(0, 3, 10000), x)), axis=0),
    ),
    Case(
        "eigenvalue",
        lambda m: np.linalg.eigvalsh((m + m.T) / 2)[-1],
        RNG.normal(size=(3, 3)),
        lambda m: np.outer(*(2 * [np.linalg.eigh((m + m.T) / 2)[1][:, -1]])),
    ),
]
