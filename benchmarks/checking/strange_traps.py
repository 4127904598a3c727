"""Right gradients as a stranger would choose them to mislead a checker: kinks, ties, tiny and huge numbers, noise, rounding, odd containers.

``RIGHT`` is a list of `Case` as in ``traps``.
"""

from __future__ import annotations

import numpy as np
from planted import Case
from strangers import (
    B44,
    E5,
    KERNEL,
    M44,
    MS,
    N33,
    P0,
    POS,
    Q5,
    QKV,
    H,
    V,
    W,
    X,
    attention,
    attention_grad,
    big,
    convolution,
    convolution_grad,
    cross_entropy,
    cross_entropy_grad,
    gaussian,
    gaussian_grad,
    layer_norm,
    layer_norm_grad,
    lennard_jones,
    lennard_jones_grad,
    log_density,
    log_density_grad,
    ridge,
    ridge_grad,
    rollout,
    rollout_grad,
    softmax,
)

_NOISE = np.random.default_rng(8)
RIGHT: list[Case] = []


def right(name, f, x, grad):
    RIGHT.append(Case(name, f, x, grad))


TIED = np.array([2.0, 5.0, 5.0, -1.0])


def _one(n, k):
    return np.eye(n)[k]


right("relu at two kinks", lambda x: np.sum(np.maximum(x, 0)), np.array([0.0, 1.0, 0.0, -2.0]), lambda x: (x > 0) * 1.0)
right(
    "relu at a kink, slope ½",
    lambda x: np.sum(np.maximum(x, 0)),
    np.array([0.0, 1.0]),
    lambda x: np.where(x == 0, 0.5, x > 0),
)
right(
    "leaky relu at zero",
    lambda x: np.sum(np.where(x > 0, x, 0.1 * x)),
    np.array([0.0, 2.0]),
    lambda x: np.where(x > 0, 1, 0.1),
)
right(
    "abs of a difference",
    lambda x: np.abs(x[0] - x[1]) + x[2] ** 2,
    np.array([1.0, 1.0, 2.0]),
    lambda x: np.array([0.0, 0.0, 2 * x[2]]),
)
right(
    "L1 with zeros",
    lambda w: np.sum((w - 1) ** 2) + 0.5 * np.sum(np.abs(w)),
    np.array([0.0, 2.0, -1.0]),
    lambda w: 2 * (w - 1) + 0.5 * np.sign(w),
)
right("max with a tie", np.max, TIED, lambda x: _one(4, 1))
right("min with a tie", np.min, -TIED, lambda x: _one(4, 2))
right("max tie shared", np.max, TIED, lambda x: np.array([0, 0.5, 0.5, 0]))
right("median of an even number", np.median, np.array([3.0, 1.0, 2.0, 7.0]), lambda x: np.array([0.5, 0, 0.5, 0]))
right("median with a tie", np.median, np.array([2.0, 2.0, 5.0]), lambda x: np.array([1.0, 0, 0]))
right("sort with a tie", lambda x: np.sum(np.sort(x) * np.arange(4)), TIED, lambda x: np.array([1.0, 2, 3, 0]))
right(
    "sorted, no tie", lambda x: np.sum(np.sort(x) * np.arange(4)), W, lambda x: np.argsort(np.argsort(x)).astype(float)
)
right("quantile", lambda x: np.quantile(x, 0.25), np.array([1.0, 4.0, 2.0, 9.0, 6.0]), lambda x: _one(5, 2))
right("norm at zero", np.linalg.norm, np.zeros(3), np.zeros_like)
right("norm near zero", np.linalg.norm, np.array([1e-12, -2e-12, 2e-12]), lambda x: x / np.linalg.norm(x))
right(
    "rows of norm zero",
    lambda x: np.sum(np.linalg.norm(x, axis=1)),
    np.array([[0.0, 0.0], [3.0, 4.0]]),
    lambda x: np.array([[0, 0], [0.6, 0.8]]),
)
right("safe norm", lambda x: np.sqrt(np.sum(x**2) + 1e-12), np.zeros(3), lambda x: x / np.sqrt(np.sum(x**2) + 1e-12))
right("hinge on its corner", lambda w: np.maximum(0, 1 - w[0] * w[1]), np.array([2.0, 0.5]), lambda w: np.zeros(2))
right(
    "Huber on its corner",
    lambda x: np.sum(np.where(np.abs(x) < 1, 0.5 * x**2, np.abs(x) - 0.5)),
    np.array([1.0, -1.0, 0.3]),
    lambda x: np.clip(x, -1, 1),
)
right(
    "clip on both bounds",
    lambda x: np.sum(np.clip(x, -1, 1)),
    np.array([-1.0, 1.0, 0.2]),
    lambda x: (np.abs(x) < 1) * 1.0,
)
right("x |x| at zero", lambda x: np.sum(x * np.abs(x)), np.array([0.0, 1.0]), lambda x: 2 * np.abs(x))
right("floor beside a step", lambda x: np.sum(np.floor(x) + x**2), np.array([0.9999, 2.3]), lambda x: 2 * x)
right("sign away from zero", lambda x: np.sum(np.sign(x) * x**2), E5, lambda x: 2 * np.abs(x))
for offset in (1e3, 1e8, -1e5):
    right(
        f"logsumexp with offset {offset:g}",
        lambda x: np.max(x) + np.log(np.sum(np.exp(x - np.max(x)))),
        offset + E5,
        lambda x: softmax(x[None])[0],
    )
    right(f"sum of squares with offset {offset:g}", lambda x, c=offset: c + np.sum(x**2), E5, lambda x: 2 * x)
right("offset 1e14", lambda x: 1e14 + np.sum(np.exp(x)), E5, np.exp)
right("variance around 1e7", np.var, 1e7 + E5, lambda x: 2 * (x - x.mean()) / 5)
right("float32 x", lambda x: np.sum(np.exp(x) * x), E5.astype(np.float32), lambda x: np.exp(x) * (1 + x))
right("float32 sum of 1000", lambda x: np.sum(x**2), np.linspace(0, 1, 1000, dtype=np.float32), lambda x: 2 * x)
right("float32 inside", lambda x: float(np.sum(np.tanh(np.float32(x)))), E5, lambda x: 1 / np.cosh(x) ** 2)
right(
    "float32 loss of a net",
    lambda p: np.mean(np.tanh(X.astype(np.float32) @ p) ** 2),
    W.astype(np.float32),
    lambda p: (
        2 * X.astype(np.float32).T @ (np.tanh(X.astype(np.float32) @ p) / np.cosh(X.astype(np.float32) @ p) ** 2) / 30
    ),
)
right("float16 stored", lambda x: float(np.sum(np.float16(np.sin(x)))), E5, np.cos)
for level in (1e-10, 1e-5, 1e-2):
    right(
        f"noise of {level:g}",
        lambda x, s=level, r=_NOISE: np.sum(x**2) + s * r.normal(),
        E5,
        lambda x: 2 * x,
    )
right("deterministic noise", lambda x: np.sum(np.sin(x)) + 1e-9 * np.sin(1e12 * np.sum(x * np.arange(5))), E5, np.cos)
right("rounded to 8 digits", lambda x: np.round(np.sum(np.exp(x)), 8), E5, np.exp)
right("rounded to 3 digits", lambda x: np.round(np.sum(np.exp(x)), 3), E5, np.exp)
right("counts in cents", lambda x: int(1e6 * np.sum(x**2)) / 1e6, E5, lambda x: 2 * x)
right("tiny x", lambda x: np.sum(np.exp(x)), 1e-12 * E5, np.exp)
right("tiny x, squares", lambda x: np.sum(x**2), 1e-100 * E5, lambda x: 2 * x)
right("huge x", lambda x: np.sum(np.sqrt(x)), 1e12 * Q5, lambda x: 0.5 / np.sqrt(x))
right("huge x, squares", lambda x: np.sum(x**2), 1e100 * E5, lambda x: 2 * x)
right("expm1 of tiny x", lambda x: np.sum(np.exp(x) - 1), 1e-9 * E5, np.exp)
right("sin(1e6 x)", lambda x: np.sum(np.sin(1e6 * x)), E5, lambda x: 1e6 * np.cos(1e6 * x))
right(
    "mixed scales",
    lambda x: np.sum(np.sin(x) + np.log(np.abs(x))),
    np.array([1e-6, 1.0, 1e5]),
    lambda x: np.cos(x) + 1 / x,
)
right(
    "blocks of 1e10 and 1e-10",
    lambda p: 1e10 * np.sum(p[0] ** 2) + 1e-10 * np.sum(p[1] ** 2),
    [W, E5],
    lambda p: [2e10 * p[0], 2e-10 * p[1]],
)
right("log at its edge", lambda x: np.sum(np.log(x)), np.array([1e-15, 1.0]), lambda x: 1 / x)
right(
    "arcsin at its edge",
    lambda x: np.sum(np.arcsin(x)),
    np.array([1 - 1e-10, 0.5]),
    lambda x: 1 / np.sqrt((1 - x) * (1 + x)),
)
right("x log x near zero", lambda x: np.sum(x * np.log(x)), np.array([1e-20, 1.0]), lambda x: np.log(x) + 1)
right(
    "saturated sigmoid",
    lambda x: np.sum(1 / (1 + np.exp(-x))),
    np.array([40.0, -40.0, 0.0]),
    lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2,
)
right("saturated tanh", lambda x: np.sum(np.tanh(x)), np.array([30.0, 0.1]), lambda x: 1 / np.cosh(x) ** 2)
right(
    "underflowing Gaussian",
    lambda x: np.sum(np.exp(-(x**2))),
    np.array([30.0, 0.5]),
    lambda x: -2 * x * np.exp(-(x**2)),
)
right(
    "integers",
    lambda x: np.sum(np.asarray(x) ** 3),
    np.array([1, 2, -3]),
    lambda x: 3 * np.asarray(x, dtype=float) ** 2,
)
right("a Python int", lambda x: x**3, 2, lambda x: 3 * x**2)
right(
    "an empty block",
    lambda p: np.sum(p["a"] ** 2) + np.sum(p["b"]),
    {"a": W, "b": np.zeros(0)},
    lambda p: {"a": 2 * p["a"], "b": np.zeros(0)},
)
right(
    "constant entries", lambda x: x[0] ** 2 + 0 * x[1], np.array([1.0, 2.0, 3.0]), lambda x: np.array([2 * x[0], 0, 0])
)
right("gradient exactly zero", lambda x: np.sum(x**4), np.zeros(4), lambda x: 4 * x**3)
right("at a minimum", lambda x: np.sum((x - W) ** 2), W.copy(), lambda x: 2 * (x - W))
right(
    "at a minimum of Rosenbrock",
    lambda x: np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2),
    np.ones(4),
    np.zeros_like,
)
right("constant", lambda x: 7.0, E5, np.zeros_like)
right("transposed view", lambda m: np.sum(np.sin(m) * B44), M44.T, lambda m: np.cos(m) * B44)
right("every second entry", lambda x: np.sum(np.sin(x)), np.arange(10.0)[::2], np.cos)
right("x in Fortran order", lambda m: np.sum(m**3), np.asfortranarray(M44), lambda m: 3 * m**2)
_fixed = E5.copy()
_fixed.setflags(write=False)
right("read-only", lambda x: np.sum(np.sin(x)), _fixed, np.cos)
right("reversed view", lambda x: np.sum(np.sin(x) * np.arange(5)), E5[::-1], lambda x: np.cos(x) * np.arange(5))
right(
    "lists in dicts",
    lambda p: np.sum(p["w"][0] ** 2) + p["w"][1] ** 3,
    {"w": [W, 2.0]},
    lambda p: {"w": [2 * p["w"][0], 3 * p["w"][1] ** 2]},
)
right("a plain list", lambda x: x[0] ** 2 + x[1], [1.0, 2.0], lambda x: [2 * x[0], 1.0])
right(
    "two arguments",
    lambda a, b: np.sum(a) * np.sum(b**2),
    (W, E5),
    lambda a, b: (np.full(4, np.sum(b**2)), 2 * b * np.sum(a)),
)
right("0-dimensional", lambda x: np.sin(x), np.array(0.4), np.cos)
right("size 1", lambda x: np.sum(np.sin(x)), np.array([0.4]), np.cos)
right(
    "ill-conditioned quadratic",
    lambda x: 0.5 * x @ (10.0 ** np.arange(0, 12, 3) * x),
    W,
    lambda x: 10.0 ** np.arange(0, 12, 3) * x,
)
right(
    "inverse of a near-singular matrix",
    lambda e: np.sum(np.linalg.inv(np.array([[1.0, 1], [1, 1 + 1e-6]]) + 0 * e) * e),
    M44[:2, :2],
    lambda e: np.linalg.inv(np.array([[1.0, 1], [1, 1 + 1e-6]])),
)
right(
    "log-determinant",
    lambda m: np.linalg.slogdet(m @ m.T + np.eye(4))[1],
    M44,
    lambda m: 2 * np.linalg.solve(m @ m.T + np.eye(4), m),
)
right(
    "singular values",
    lambda m: np.sum(np.linalg.svd(m, compute_uv=False)),
    M44,
    lambda m: np.linalg.svd(m)[0] @ np.linalg.svd(m)[2],
)
right("ridge", ridge, W, ridge_grad)
right("cross-entropy", cross_entropy, V, cross_entropy_grad)
right("layer norm", layer_norm, H, layer_norm_grad)
right("attention", attention, QKV, attention_grad)
right("convolution", convolution, KERNEL, convolution_grad)
right("Gaussian", gaussian, MS, gaussian_grad)
right("covariance", log_density, N33, log_density_grad)
right("rollout", rollout, P0, rollout_grad)
right("Lennard-Jones", lennard_jones, POS, lennard_jones_grad)
right("5000 entries", lambda x: np.sum(np.sin(x) * np.arange(5000)), big, lambda x: np.cos(x) * np.arange(5000))
