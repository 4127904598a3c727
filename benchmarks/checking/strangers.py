"""Bugs as a stranger would plant them: textbook losses with hand-written gradients, one mistake each.

``BUGS`` is a list of `Case` as in ``planted``, and ``strange_traps`` has right gradients; the functions are others: regression, softmax cross-entropy, layer norm,
attention, convolution, Gaussian likelihoods, differential equations in steps, matrix functions, energies of physics; n from 1 to 5000, scales
from 1e-8 to 1e8.
"""

from __future__ import annotations

import math

import numpy as np
from planted import Case

RNG = np.random.default_rng(2718)


def normal(*shape):
    return RNG.normal(size=shape)


X, Y = normal(30, 4), normal(30)
W = normal(4)
LABELS = RNG.integers(0, 3, 30)
ONE_HOT = np.eye(3)[LABELS]
V = normal(4, 3)
BUGS: list[Case] = []


def bug(name, f, x, grad, *causes):
    BUGS.append(Case(name, f, x, grad, causes))


# --- ridge regression: mean of squares with a penalty --------------------------------------------------------------------------


def ridge(w):
    return np.mean((X @ w - Y) ** 2) + 0.1 * np.sum(w**2)


def ridge_grad(w):
    return 2 * X.T @ (X @ w - Y) / 30 + 0.2 * w


bug(
    "ridge: data term without the 2",
    ridge,
    W,
    lambda w: X.T @ (X @ w - Y) / 30 + 0.2 * w,
    "missing inner derivative",
    "wrong power of x",
    "unknown",
    "constant factor",
    "term proportional to x",
    "missing factor 2",
)
bug("ridge: penalty without the 2", ridge, W, lambda w: 2 * X.T @ (X @ w - Y) / 30 + 0.1 * w, "term proportional to x")
bug("ridge: penalty forgotten", ridge, W, lambda w: 2 * X.T @ (X @ w - Y) / 30, "term proportional to x")
bug("ridge: penalty with a minus", ridge, W, lambda w: 2 * X.T @ (X @ w - Y) / 30 - 0.2 * w, "term proportional to x")
bug("ridge: everything halved", ridge, W, lambda w: ridge_grad(w) / 2, "missing factor 2")
bug(
    "ridge: residual with a plus",
    lambda w: np.mean((X @ w - Y) ** 2),
    W,
    lambda w: 2 * X.T @ (X @ w + Y) / 30,
    "sign flip",
    "constant offset",
    "evaluated at another point",
    "unknown",
)
bug("ridge: sum for mean", lambda w: np.mean((X @ w - Y) ** 2), W, lambda w: 2 * X.T @ (X @ w - Y), "missing 1/n")
bug(
    "ridge: divided by features",
    lambda w: np.sum((X @ w - Y) ** 2),
    W,
    lambda w: 2 * X.T @ (X @ w - Y) / 4,
    "extra 1/n",
    "missing factor 2",
)
bug("ridge: signs", lambda w: np.mean((X @ w - Y) ** 2), W, lambda w: 2 * X.T @ (Y - X @ w) / 30, "sign flip")
bug("ridge: intercept penalised", lambda w: ridge(w) - 0.1 * w[0] ** 2, W, ridge_grad, "one entry wrong")
bug(
    "lasso: penalty's sign forgotten",
    lambda w: np.mean((X @ w - Y) ** 2) + 0.3 * np.sum(np.abs(w)),
    W,
    lambda w: 2 * X.T @ (X @ w - Y) / 30 + 0.3,
    "a branch wrong",
)
bug(
    "stale residual",
    lambda w: np.mean((X @ w - Y) ** 2),
    W,
    lambda w: 2 * X.T @ (X @ W * 0.9 - Y) / 30,
    "evaluated at another point",
)

# --- softmax cross-entropy ------------------------------------------------------------------------------------------------------


def softmax(z, axis=1):
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def cross_entropy(v):
    return -np.mean(np.sum(ONE_HOT * np.log(softmax(X @ v)), axis=1))


def cross_entropy_grad(v):
    return X.T @ (softmax(X @ v) - ONE_HOT) / 30


bug("cross-entropy without the mean", cross_entropy, V, lambda v: X.T @ (softmax(X @ v) - ONE_HOT), "missing 1/n")
bug("cross-entropy turned round", cross_entropy, V, lambda v: X.T @ (ONE_HOT - softmax(X @ v)) / 30, "sign flip")
bug(
    "cross-entropy: softmax over rows",
    cross_entropy,
    V,
    lambda v: X.T @ (softmax(X @ v, 0) - ONE_HOT) / 30,
    "sum over the wrong axis",
    "unknown",
)
bug(
    "cross-entropy: labels forgotten",
    cross_entropy,
    V,
    lambda v: X.T @ softmax(X @ v) / 30,
    "unknown",
    "missing inner derivative",
    "product rule term missing",
    "constant offset",
)
bug("cross-entropy: divided by classes too", cross_entropy, V, lambda v: cross_entropy_grad(v) / 3, "extra 1/n")
bug("cross-entropy in bits", lambda v: cross_entropy(v) / np.log(2), V, cross_entropy_grad, "wrong log base")
bug("cross-entropy transposed", cross_entropy, V, lambda v: cross_entropy_grad(v).T, "transposed", "wrong shape")
bug("cross-entropy: classes reversed", cross_entropy, V, lambda v: cross_entropy_grad(v)[:, ::-1], "permuted entries")
bug(
    "cross-entropy: classes shifted",
    cross_entropy,
    V,
    lambda v: np.roll(cross_entropy_grad(v), 1, axis=1),
    "index shift",
)
bug(
    "cross-entropy in half precision",
    cross_entropy,
    V,
    lambda v: (
        X.astype(np.float16).T
        @ (softmax(X.astype(np.float16) @ v.astype(np.float16)) - ONE_HOT).astype(np.float16)
        / 30
    ),
    "low precision",
    "small systematic error",
    "unknown",
)
bug("cross-entropy flat", cross_entropy, V, lambda v: cross_entropy_grad(v).ravel(), "wrong shape")
bug(
    "cross-entropy: a class never trained",
    cross_entropy,
    V,
    lambda v: cross_entropy_grad(v) * np.array([1, 1, 0]),
    "a block wrong",
)
bug(
    "smoothed labels in the gradient only",
    cross_entropy,
    V,
    lambda v: X.T @ (softmax(X @ v) - 0.9 * ONE_HOT - 0.1 / 3) / 30,
    "unknown",
    "constant offset",
    "missing inner derivative",
    "product rule term missing",
)

# --- layer norm ------------------------------------------------------------------------------------------------------------------

H = normal(5, 6)
T56 = normal(5, 6)


def layer_norm(h):
    c = h - h.mean(axis=1, keepdims=True)
    return np.sum(T56 * c / np.sqrt(np.mean(c**2, axis=1, keepdims=True) + 1e-5))


def layer_norm_grad(h, mean=True, variance=True, axis=1, eps=1e-5):
    c = h - h.mean(axis=axis, keepdims=True)
    s = np.sqrt(np.mean(c**2, axis=axis, keepdims=True) + eps)
    g = T56 / s
    if variance:
        g = g - c * np.mean(T56 * c, axis=axis, keepdims=True) / s**3
    return g - g.mean(axis=axis, keepdims=True) if mean else g


bug(
    "layer norm: mean forgotten",
    layer_norm,
    H,
    lambda h: layer_norm_grad(h, mean=False),
    "missing inner derivative",
    "product rule term missing",
    "unknown",
    "sum over the wrong axis",
    "broadcast not summed",
)
bug(
    "layer norm: variance forgotten",
    layer_norm,
    H,
    lambda h: layer_norm_grad(h, variance=False),
    "missing inner derivative",
    "product rule term missing",
    "unknown",
    "quotient rule sign",
)
bug("layer norm over the batch", layer_norm, H, lambda h: layer_norm_grad(h, axis=0), "sum over the wrong axis")
bug(
    "layer norm: another epsilon",
    layer_norm,
    H,
    lambda h: layer_norm_grad(h, eps=1e-3),
    "small systematic error",
    "unknown",
)
bug(
    "layer norm: another small epsilon", layer_norm, H, lambda h: layer_norm_grad(h, eps=1e-6), "small systematic error"
)

# --- attention ---------------------------------------------------------------------------------------------------------------------

QKV = {"q": normal(4, 5), "k": normal(4, 5), "v": normal(4, 5)}
T45 = normal(4, 5)


def attention(p):
    a = softmax(p["q"] @ p["k"].T / np.sqrt(5))
    return np.sum(T45 * (a @ p["v"]))


def attention_grad(p, scale=True, inner=True, swap=False):
    a = softmax(p["q"] @ p["k"].T / np.sqrt(5))
    da = T45 @ p["v"].T
    ds = a * (da - np.sum(da * a, axis=1, keepdims=True)) if inner else a * da
    if scale:
        ds = ds / np.sqrt(5)
    q, k = ds @ p["k"], ds.T @ p["q"]
    return {"q": k if swap else q, "k": q if swap else k, "v": a.T @ T45}


bug(
    "attention without its scale",
    attention,
    QKV,
    lambda p: attention_grad(p, scale=False),
    "a block wrong",
    "missing inner derivative",
    "constant factor",
)
bug(
    "attention: softmax without its sum",
    attention,
    QKV,
    lambda p: attention_grad(p, inner=False),
    "a block wrong",
    "missing inner derivative",
    "product rule term missing",
    "quotient rule sign",
)
bug(
    "attention: queries and keys swapped",
    attention,
    QKV,
    lambda p: attention_grad(p, swap=True),
    "permuted entries",
    "a block wrong",
)
bug(
    "attention: values detached",
    attention,
    QKV,
    lambda p: {**attention_grad(p), "v": np.zeros((4, 5))},
    "a block wrong",
    "detached (all zero)",
)
bug(
    "attention: values not transposed",
    attention,
    QKV,
    lambda p: {**attention_grad(p), "v": softmax(p["q"] @ p["k"].T / np.sqrt(5)) @ T45},
    "a block wrong",
    "transposed",
)
bug(
    "attention: a key short",
    attention,
    QKV,
    lambda p: {"q": attention_grad(p)["q"], "k": attention_grad(p)["k"]},
    "wrong shape",
)

# --- convolution ------------------------------------------------------------------------------------------------------------------

SIGNAL, TARGET = normal(20), normal(16)
KERNEL = normal(5)


def convolution(k):
    return np.sum((np.convolve(SIGNAL, k, "valid") - TARGET) ** 2)


def convolution_grad(k):
    r = 2 * (np.convolve(SIGNAL, k, "valid") - TARGET)
    return np.correlate(SIGNAL, r, "valid")[::-1]


bug("convolution: kernel not flipped", convolution, KERNEL, lambda k: convolution_grad(k)[::-1], "permuted entries")
bug("convolution without the 2", convolution, KERNEL, lambda k: convolution_grad(k) / 2, "missing factor 2")
bug(
    "convolution: off by one",
    convolution,
    KERNEL,
    lambda k: np.roll(convolution_grad(k), -1),
    "index shift",
    "permuted entries",
)
bug(
    "convolution: last tap forgotten",
    convolution,
    KERNEL,
    lambda k: np.append(convolution_grad(k)[:-1], 0.0),
    "one entry wrong",
)
bug(
    "moving average: padded with a wrong zero",
    lambda x: np.sum(np.convolve(x, np.ones(3) / 3, "same") ** 2),
    SIGNAL,
    lambda x: np.concatenate(
        [[0.0], 2 * np.convolve(np.convolve(x, np.ones(3) / 3, "same"), np.ones(3) / 3, "same")[:-1]]
    ),
    "index shift",
    "unknown",
)

# --- Gaussian likelihoods ------------------------------------------------------------------------------------------------------------

OBS = normal(25) * 2 + 1
MS = np.array([0.4, 0.7])


def gaussian(p):
    """−log likelihood: p = (μ, log σ)."""
    return np.sum(0.5 * ((OBS - p[0]) / np.exp(p[1])) ** 2 + p[1] + 0.5 * np.log(2 * np.pi))


def gaussian_grad(p):
    z = (OBS - p[0]) / np.exp(p[1])
    return np.array([-np.sum(z) / np.exp(p[1]), np.sum(1 - z**2)])


bug(
    "Gaussian: in σ, not log σ",
    gaussian,
    MS,
    lambda p: gaussian_grad(p) * np.array([1, np.exp(-p[1])]),
    "one entry wrong",
)
bug("Gaussian: sign of the mean", gaussian, MS, lambda p: gaussian_grad(p) * np.array([-1, 1]), "one entry wrong")
bug("Gaussian: mean over data", gaussian, MS, lambda p: gaussian_grad(p) / 25, "extra 1/n")
bug("Gaussian: likelihood, not its negative", gaussian, MS, lambda p: -gaussian_grad(p), "sign flip")
bug(
    "Gaussian: log σ counted once",
    gaussian,
    MS,
    lambda p: gaussian_grad(p) - np.array([0, 24.0]),
    "one entry wrong",
    "constant offset",
    "broadcast not summed",
)
bug(
    "Gaussian: squared scale",
    gaussian,
    MS,
    lambda p: np.array([-np.sum(OBS - p[0]) / np.exp(p[1]), gaussian_grad(p)[1]]),
    "one entry wrong",
    "missing inner derivative",
)

L3 = np.array([[2.0, 0, 0], [0.5, 1.2, 0], [-0.3, 0.4, 0.9]])
S3 = L3 @ L3.T
Z3 = normal(3)


def log_density(s):
    return 0.5 * np.linalg.slogdet(s)[1] + 0.5 * Z3 @ np.linalg.solve(s, Z3)


def log_density_grad(s):
    i = np.linalg.inv(s)
    return 0.5 * i.T - 0.5 * np.outer(i.T @ Z3, i @ Z3)


N33 = S3 + 0.3 * normal(3, 3)
bug(
    "covariance: log-determinant without ½",
    log_density,
    N33,
    lambda s: log_density_grad(s) + 0.5 * np.linalg.inv(s).T,
    "missing inner derivative",
    "unknown",
    "product rule term missing",
    "extra factor 2",
)
bug("covariance: inverse not transposed", lambda s: np.linalg.slogdet(s)[1], N33, np.linalg.inv, "transposed")
bug(
    "covariance: plus",
    log_density,
    N33,
    lambda s: log_density_grad(s) + np.outer(np.linalg.inv(s).T @ Z3, np.linalg.inv(s) @ Z3),
    "unknown",
    "quotient rule sign",
    "missing inner derivative",
    "product rule term missing",
    "sign flip",
)
bug(
    "determinant itself for its logarithm",
    lambda s: np.linalg.slogdet(s)[1],
    N33,
    lambda s: np.linalg.det(s) * np.linalg.inv(s).T,
    "constant factor",
    "missing inner derivative",
)

# --- differential equations in steps ------------------------------------------------------------------------------------------------


def rollout(p, steps=30):
    x, v, total = p[0], p[1], 0.0
    for _ in range(steps):
        v = v - 0.05 * (p[2] * np.sin(x))
        x = x + 0.05 * v
        total += x * x
    return total * 0.05


def rollout_grad(p, steps=30, skip=0, frozen=False):
    x, v, dx, dv, g = p[0], p[1], np.array([1.0, 0, 0]), np.array([0, 1.0, 0]), np.zeros(3)
    for k in range(steps):
        own = np.array([0, 0, np.sin(x)])
        dv = dv - 0.05 * (own + (0 if frozen else p[2] * np.cos(x) * dx))
        v = v - 0.05 * p[2] * np.sin(x)
        dx, x = dx + 0.05 * dv, x + 0.05 * v
        if k >= skip:
            g = g + 2 * x * dx
    return g * 0.05


P0 = np.array([0.6, -0.2, 3.0])
bug(
    "rollout: one step truncated",
    rollout,
    P0,
    lambda p: rollout_grad(p, skip=1),
    "unknown",
    "small systematic error",
    "missing inner derivative",
    "product rule term missing",
)
bug(
    "rollout: force frozen",
    rollout,
    P0,
    lambda p: rollout_grad(p, frozen=True),
    "detached (all zero)",
    "unknown",
    "missing inner derivative",
    "product rule term missing",
)
bug("rollout: without dt", rollout, P0, lambda p: rollout_grad(p) / 0.05, "constant factor", "missing 1/n")
bug("rollout: a step too many", rollout, P0, lambda p: rollout_grad(p, steps=31), "unknown", "small systematic error")
bug(
    "rollout by differences",
    rollout,
    P0,
    lambda p: np.array([(rollout(p + 1e-5 * e) - rollout(p)) / 1e-5 for e in np.eye(3)]),
    "small systematic error",
    "low precision",
)

# --- matrix functions -------------------------------------------------------------------------------------------------------------------

A44, B44 = normal(4, 4) + 3 * np.eye(4), normal(4, 4)
M44 = normal(4, 4)
bug("trace(AMB): order of factors", lambda m: np.trace(A44 @ m @ B44), M44, lambda m: B44 @ A44, "transposed")
bug("trace(AMB): no transposes", lambda m: np.trace(A44 @ m @ B44), M44, lambda m: A44 @ B44, "unknown", "transposed")
bug(
    "Frobenius norm squared halved",
    lambda m: np.sum((A44 @ m) ** 2),
    M44,
    lambda m: A44.T @ A44 @ m,
    "missing factor 2",
)
bug(
    "Frobenius norm: A for Aᵀ",
    lambda m: np.sum((A44 @ m) ** 2),
    M44,
    lambda m: 2 * A44 @ A44 @ m,
    "unknown",
    "transposed",
    "missing inner derivative",
)
bug(
    "quadratic form not symmetrised",
    lambda x: x @ B44 @ x,
    W,
    lambda x: 2 * B44 @ x,
    "product rule term missing",
    "unknown",
    "transposed",
)
bug("norm without its root", lambda x: np.linalg.norm(x), W, lambda x: x, "missing inner derivative", "constant factor")
bug(
    "norm squared for norm",
    lambda x: np.linalg.norm(x),
    W,
    lambda x: 2 * x,
    "missing inner derivative",
    "constant factor",
    "unknown",
)
bug(
    "row sums for column sums",
    lambda m: np.sum(m.sum(axis=0) ** 2),
    M44,
    lambda m: 2 * np.repeat(m.sum(axis=1), 4).reshape(4, 4),
    "sum over the wrong axis",
)
bug(
    "column norms along rows",
    lambda m: np.sum(np.sqrt(np.sum(m**2, axis=0))),
    M44,
    lambda m: m / np.sqrt(np.sum(m**2, axis=1, keepdims=True)),
    "sum over the wrong axis",
)
bug("outer product turned", lambda m: W @ m @ np.arange(4.0), M44, lambda m: np.outer(np.arange(4.0), W), "transposed")
bug("symmetric part only", lambda m: np.sum(m * B44), M44, lambda m: (B44 + B44.T) / 2, "unknown", "transposed")
bug("diagonal doubled", lambda m: np.sum(m * B44), M44, lambda m: B44 + np.diag(np.diag(B44)), "a block wrong")
bug(
    "upper triangle forgotten",
    lambda m: np.sum(np.exp(m)),
    M44,
    lambda m: np.tril(np.exp(m)),
    "a block wrong",
    "unknown",
)
bug(
    "Fortran order",
    lambda m: np.sum(np.exp(m) * B44),
    M44,
    lambda m: (np.exp(m) * B44).ravel(order="F").reshape(4, 4),
    "transposed",
    "permuted entries",
)

# --- physics --------------------------------------------------------------------------------------------------------------------------------

POS = normal(5, 3) * 2


def lennard_jones(x):
    total = 0.0
    for i in range(5):
        for j in range(i):
            s = 1 / np.sum((x[i] - x[j]) ** 2)
            total = total + 4 * (s**6 - s**3)
    return total


def lennard_jones_grad(x, double=False, power=0):
    g = np.zeros_like(x)
    for i in range(5):
        for j in range(i):
            d = x[i] - x[j]
            s = 1 / np.sum(d**2)
            force = 4 * (-12 * s ** (7 + power) + 6 * s**4) * d
            g[i] += force
            if not double:
                g[j] -= force
    return g


bug(
    "pair forces without reaction",
    lennard_jones,
    POS,
    lambda x: lennard_jones_grad(x, double=True),
    "unknown",
    "a block wrong",
    "missing inner derivative",
    "product rule term missing",
)
bug("forces for gradient", lennard_jones, POS, lambda x: -lennard_jones_grad(x), "sign flip")
bug(
    "Lennard-Jones: wrong power",
    lennard_jones,
    POS,
    lambda x: lennard_jones_grad(x, power=-1),
    "unknown",
    "wrong power of x",
)
bug("Lennard-Jones: half the pairs", lennard_jones, POS, lambda x: lennard_jones_grad(x) / 2, "missing factor 2")
bug(
    "gravity of 9.8",
    lambda p: 0.5 * p[1] ** 2 + 9.81 * (1 - np.cos(p[0])),
    P0[:2],
    lambda p: np.array([9.8 * np.sin(p[0]), p[1]]),
    "one entry wrong",
)
bug(
    "spring: 1/r for r",
    lambda x: 0.5 * np.sum((np.linalg.norm(x, axis=1) - 1) ** 2),
    POS,
    lambda x: (np.linalg.norm(x, axis=1) - 1)[:, None] * x,
    "missing inner derivative",
    "unknown",
)
bug(
    "Coulomb: r² for r³",
    lambda x: np.sum(1 / np.linalg.norm(x, axis=1)),
    POS,
    lambda x: -x / np.linalg.norm(x, axis=1)[:, None] ** 2,
    "unknown",
    "missing inner derivative",
    "wrong power of x",
)
bug(
    "degrees in a pendulum",
    lambda a: np.sum(1 - np.cos(np.deg2rad(a))),
    np.array([20.0, 50, 75]),
    lambda a: np.sin(np.deg2rad(a)),
    "degrees vs radians",
)
bug(
    "degrees twice",
    lambda a: np.sum(1 - np.cos(np.deg2rad(a))),
    np.array([20.0, 50, 75]),
    lambda a: np.sin(np.deg2rad(a)) * (np.pi / 180) ** 2,
    "degrees vs radians",
)
bug(
    "argument in degrees",
    lambda a: np.sum(np.sin(a)),
    np.array([0.3, 1.2, 2.0]),
    lambda a: np.cos(np.rad2deg(a)),
    "degrees vs radians",
    "evaluated at another point",
)
bug(
    "decibels as nepers",
    lambda x: 10 * np.sum(np.log10(x)),
    np.array([0.3, 1.2, 2.0]),
    lambda x: 10 / x,
    "wrong log base",
)
bug(
    "entropy in bits",
    lambda p: -np.sum(p * np.log2(p)),
    np.array([0.2, 0.5, 0.3]),
    lambda p: -np.log(p) - 1,
    "wrong log base",
)
bug(
    "entropy without the 1",
    lambda p: -np.sum(p * np.log(p)),
    np.array([0.2, 0.5, 0.3]),
    lambda p: -np.log(p),
    "constant offset",
    "product rule term missing",
)
bug(
    "KL: ratio upside down",
    lambda p: np.sum(p * np.log(p / np.array([0.3, 0.3, 0.4]))),
    np.array([0.2, 0.5, 0.3]),
    lambda p: np.log(np.array([0.3, 0.3, 0.4]) / p) + 1,
    "unknown",
    "sign flip",
    "product rule term missing",
)

# --- elementary rules, one number and a few ------------------------------------------------------------------------------------------------

E5 = np.array([0.5, 1.7, -0.8, 2.4, -1.3])
Q5 = np.abs(E5)
bug("power rule: exponent kept", lambda x: np.sum(x**5), E5, lambda x: 5 * x**5, "wrong power of x")
bug("power rule: without the factor", lambda x: np.sum(x**5), E5, lambda x: x**4, "constant factor", "extra 1/n")
bug("root as x^½", lambda x: np.sum(np.sqrt(x)), Q5, lambda x: 0.5 * np.sqrt(x), "wrong power of x")
bug("1/x² as −1/x", lambda x: np.sum(1 / x**2), Q5, lambda x: -2 / x, "wrong power of x")
bug("tan as sec", lambda x: np.sum(np.tan(x)), 0.4 * E5, lambda x: 1 / np.cos(x), "missing inner derivative", "unknown")
bug(
    "sigmoid without its second factor",
    lambda x: np.sum(1 / (1 + np.exp(-x))),
    E5,
    lambda x: 1 / (1 + np.exp(-x)),
    "missing inner derivative",
    "unknown",
)
bug("tanh: 1 − tanh", lambda x: np.sum(np.tanh(x)), E5, lambda x: 1 - np.tanh(x), "wrong power of x", "unknown")
bug("arctan without the square", lambda x: np.sum(np.arctan(x)), Q5, lambda x: 1 / (1 + x), "unknown")
bug("exp(2x) without 2", lambda x: np.sum(np.exp(2 * x)), E5, lambda x: np.exp(2 * x), "missing factor 2")
bug("exp of sin", lambda x: np.sum(np.exp(np.sin(x))), E5, lambda x: np.exp(np.sin(x)), "missing inner derivative")
bug(
    "log(1 + x²) without 2x",
    lambda x: np.sum(np.log(1 + x**2)),
    E5,
    lambda x: 1 / (1 + x**2),
    "missing inner derivative",
)
bug("cos(3x) without the sign", lambda x: np.sum(np.cos(3 * x)), E5, lambda x: 3 * np.sin(3 * x), "sign flip")
bug(
    "product: first term only",
    lambda x: np.sum(x**2 * np.exp(x)),
    E5,
    lambda x: 2 * x * np.exp(x),
    "product rule term missing",
)
bug(
    "product: second term only",
    lambda x: np.sum(np.sin(x) * np.log(3 + x)),
    E5,
    lambda x: np.sin(x) / (3 + x),
    "product rule term missing",
)
bug(
    "product of derivatives",
    lambda x: np.sum(np.sin(x) * x**2),
    E5,
    lambda x: np.cos(x) * 2 * x,
    "unknown",
    "product rule term missing",
)
bug(
    "quotient: plus",
    lambda x: np.sum(x / (1 + x**2)),
    E5,
    lambda x: (1 + x**2 + 2 * x**2) / (1 + x**2) ** 2,
    "quotient rule sign",
)
bug(
    "quotient: turned round",
    lambda x: np.sum(np.exp(x) / (2 + x**2)),
    E5,
    lambda x: (np.exp(x) * 2 * x - np.exp(x) * (2 + x**2)) / (2 + x**2) ** 2,
    "sign flip",
)
bug(
    "quotient: numerator only",
    lambda x: np.sum(np.sin(x) / (2 + x**2)),
    E5,
    lambda x: np.cos(x) / (2 + x**2),
    "product rule term missing",
    "missing inner derivative",
    "quotient rule sign",
)
bug("one number halved", lambda x: x**2, 3.0, lambda x: x, "missing factor 2")
bug("one number, other sign", lambda x: np.cos(x), 0.7, np.sin, "sign flip")
bug(
    "math functions",
    lambda x: math.sin(x) * math.exp(x),
    0.7,
    lambda x: math.cos(x) * math.exp(x),
    "product rule term missing",
)
bug(
    "two arguments swapped",
    lambda x, y: x**2 * np.sin(y),
    (1.3, 0.4),
    lambda x, y: (x**2 * np.cos(y), 2 * x * np.sin(y)),
    "permuted entries",
)
bug(
    "a tuple of arrays, second doubled",
    lambda a, b: np.sum(a**2) + np.sum(np.sin(b)),
    (E5, 2 * E5),
    lambda a, b: (2 * a, 2 * np.cos(b)),
    "a block wrong",
)

# --- branches, indices, subsets ---------------------------------------------------------------------------------------------------------------

bug("relu as the identity", lambda x: np.sum(np.maximum(x, 0) ** 3), E5, lambda x: 3 * x**2, "a branch wrong")
bug(
    "leaky slope 0.1 for 0.01",
    lambda x: np.sum(np.where(x > 0, x, 0.01 * x)),
    E5,
    lambda x: np.where(x > 0, 1, 0.1),
    "a branch wrong",
)
bug(
    "elu below zero",
    lambda x: np.sum(np.where(x > 0, x, np.exp(x) - 1)),
    E5,
    lambda x: np.where(x > 0, 1, np.exp(x) - 1),
    "a branch wrong",
)
bug(
    "Huber: threshold doubled",
    lambda x: np.sum(np.where(np.abs(x) < 1, 0.5 * x**2, np.abs(x) - 0.5)),
    E5,
    lambda x: np.clip(x, -2, 2),
    "a branch wrong",
)
bug("clip without its bounds", lambda x: np.sum(np.clip(x, -1, 1) ** 2), E5, lambda x: 2 * x, "a branch wrong")
bug(
    "max: gradient to all",
    np.max,
    E5,
    np.ones_like,
    "unknown",
    "a block wrong",
    "broadcast not summed",
    "missing inner derivative",
)
bug("max: to the last", np.max, E5, lambda x: np.eye(5)[-1], "permuted entries", "index shift")
bug(
    "sorted weights unsorted",
    lambda x: np.sum(np.sort(x) * np.arange(5)),
    E5,
    lambda x: np.arange(5.0),
    "permuted entries",
)
bug(
    "differences: last forgotten",
    lambda x: np.sum(np.diff(x) ** 2),
    E5,
    lambda x: np.append(-2 * np.diff(x), 0) + np.append(np.append(0, 2 * np.diff(x))[:-1], 0),
    "one entry wrong",
)
bug(
    "first of 50 wrong",
    lambda x: np.sum(np.sin(x)),
    np.linspace(0.1, 3, 50),
    lambda x: np.append(0.0, np.cos(x)[1:]),
    "one entry wrong",
)
bug(
    "every second wrong",
    lambda x: np.sum(np.sin(x)),
    np.linspace(0.1, 3, 20),
    lambda x: np.cos(x) * (1 + 0.3 * (np.arange(20) % 2)),
    "a block wrong",
)
bug(
    "cumulative sum: forward for backward",
    lambda x: np.sum(np.cumsum(x) ** 2),
    E5,
    lambda x: 2 * np.cumsum(np.cumsum(x)),
    "unknown",
    "sum over the wrong axis",
    "permuted entries",
)
bug(
    "bias by the first row",
    lambda b: np.sum(np.tanh(X[:, :3] + b) ** 2),
    E5[:3],
    lambda b: (2 * np.tanh(X[:, :3] + b) * (1 - np.tanh(X[:, :3] + b) ** 2))[0],
    "broadcast not summed",
)
bug(
    "bias as a mean",
    lambda b: np.sum(np.tanh(X[:, :3] + b)),
    E5[:3],
    lambda b: (1 - np.tanh(X[:, :3] + b) ** 2).mean(axis=0),
    "extra 1/n",
)
bug(
    "bias not summed",
    lambda b: np.sum(np.tanh(X[:, :3] + b)),
    E5[:3],
    lambda b: 1 - np.tanh(X[:, :3] + b) ** 2,
    "broadcast not summed",
    "wrong shape",
)
bug(
    "scalar broadcast not summed",
    lambda c: np.sum(np.exp(c * W)),
    0.7,
    lambda c: W * np.exp(c * W),
    "broadcast not summed",
    "wrong shape",
)

# --- scales, sizes, dtypes ---------------------------------------------------------------------------------------------------------------------

for scale in (1e-8, 1e-3, 1e8):
    bug(
        f"halved at scale {scale:g}",
        lambda x, s=scale: np.sum(np.sin(x / s)),
        scale * E5,
        lambda x, s=scale: np.cos(x / s) / s / 2,
        "missing factor 2",
    )
    bug(
        f"one entry at scale {scale:g}",
        lambda x, s=scale: np.sum(np.sin(x / s)),
        scale * E5,
        lambda x, s=scale: np.cos(x / s) / s * np.where(np.arange(5) == 3, 1.2, 1),
        "one entry wrong",
    )
bug("values of 1e8", lambda x: 1e8 * np.sum(np.exp(x)), E5, lambda x: -1e8 * np.exp(x), "sign flip")
bug("values of 1e-8", lambda x: 1e-8 * np.sum(np.exp(x)), E5, lambda x: 2e-8 * np.exp(x), "extra factor 2")
bug("offset of 1e6", lambda x: 1e6 + np.sum(np.exp(x)), E5, lambda x: 0.9 * np.exp(x), "constant factor")
bug(
    "float32 throughout",
    lambda x: np.sum(np.sin(x) ** 2),
    E5.astype(np.float32),
    lambda x: np.sin(x) * np.cos(x),
    "missing factor 2",
)
bug(
    "float32, transposed",
    lambda m: np.sum(np.sin(m) * B44.astype(np.float32)),
    M44.astype(np.float32),
    lambda m: (np.cos(m) * B44.astype(np.float32)).T,
    "transposed",
)
bug("float32 inside f, sign", lambda x: float(np.sum(np.cos(np.float32(x)))), E5, np.sin, "sign flip")
bug("float32 claim", lambda x: np.sum(np.exp(x)), E5, lambda x: np.exp(np.float32(x)), "low precision")
bug("four decimals", lambda x: np.sum(np.exp(x)), E5, lambda x: np.round(np.exp(x), 4), "low precision")
bug("whole numbers", lambda x: np.sum(np.exp(x)), 2 + E5, lambda x: np.exp(x).astype(int), "integer truncation")
bug(
    "zeros_like of integers",
    lambda x: np.sum(np.asarray(x) ** 2 / 3),
    np.array([1, 2, 4]),
    lambda x: _filled(np.zeros_like(x), 2 * np.asarray(x) / 3),
    "integer truncation",
)
big = np.linspace(-2, 2, 5000)
bug(
    "5000 entries, one wrong",
    lambda x: np.sum(np.sin(x) * np.arange(5000)),
    big,
    lambda x: np.cos(x) * np.arange(5000) + (np.arange(5000) == 4321) * 5.0,
    "one entry wrong",
)
bug("5000 entries, halved", lambda x: np.sum(np.sin(x) ** 2), big, lambda x: np.sin(x) * np.cos(x), "missing factor 2")
bug(
    "5000 entries, negative half wrong",
    lambda x: np.sum(np.abs(x) ** 3),
    big,
    lambda x: 3 * x**2,
    "a branch wrong",
    "a block wrong",
)
bug("1000 entries, mean", lambda x: np.mean(x**2), big[::5] + 0.01, lambda x: 2 * x, "missing 1/n")
bug(
    "300 entries, rolled",
    lambda x: np.sum(np.sin(x) * np.arange(300)),
    np.linspace(0, 1, 300),
    lambda x: np.roll(np.cos(x) * np.arange(300), 1),
    "index shift",
)


def _filled(out, values):
    out[...] = values
    return out


# --- conduct -------------------------------------------------------------------------------------------------------------------------------------

_DROPOUT = np.random.default_rng(5)


class Remembers:
    """A gradient that is right at its first call only."""

    def __init__(self):
        self.sum = 0.0

    def __call__(self, x):
        self.sum = self.sum + np.cos(x)
        return self.sum


def _normalises(x):
    x /= np.linalg.norm(x)
    return np.cos(x)


bug(
    "dropout in the gradient",
    lambda x: np.sum(np.sin(x)),
    E5,
    lambda x: np.cos(x) * (_DROPOUT.uniform(size=5) > 0.3),
    "non-deterministic",
)
bug("gradients accumulate", lambda x: np.sum(np.sin(x)), E5, Remembers(), "non-deterministic")
bug("normalises in place", lambda x: np.sum(np.sin(x)), E5, _normalises, "modifies its input")
bug("noisy batch", ridge, W, lambda w: ridge_grad(w) + 0.05 * _DROPOUT.normal(size=4), "non-deterministic")
bug("NaN in one entry", lambda x: np.sum(np.sin(x)), E5, lambda x: np.where(x > 2, np.nan, np.cos(x)), "non-finite")
bug(
    "0/0 of a norm",
    lambda x: np.sum(np.sqrt(x**2 + 1)),
    np.array([0.0, 1.0]),
    lambda x: x / np.abs(x) * np.abs(x) / np.sqrt(x**2 + 1),
    "non-finite",
)
bug("infinite", lambda x: np.sum(np.tanh(x)), 200 + E5, lambda x: 4 / (np.exp(5 * x) - np.exp(5 * x)), "non-finite")
bug("zeros", ridge, W, np.zeros_like, "detached (all zero)")
bug("a row for a column", ridge, W, lambda w: ridge_grad(w)[None, :], "wrong shape")
bug("too many entries", ridge, W, lambda w: np.append(ridge_grad(w), 0.0), "wrong shape")
bug("a scalar for a vector", ridge, W, lambda w: np.sum(ridge_grad(w)), "wrong shape", "sum over the wrong axis")
bug("Nesterov's point", ridge, W, lambda w: ridge_grad(w - 0.05 * ridge_grad(w)), "evaluated at another point")
bug(
    "scaled point",
    lambda x: np.sum(np.sin(x) + x**3),
    E5,
    lambda x: np.cos(2 * x) + 3 * (2 * x) ** 2,
    "evaluated at another point",
)
bug(
    "rounded point",
    lambda x: np.sum(np.exp(x)),
    E5,
    lambda x: np.exp(np.round(x)),
    "evaluated at another point",
    "integer truncation",
)
bug(
    "negated point",
    lambda x: np.sum(np.exp(x) + x**3),
    E5,
    lambda x: np.exp(-x) + 3 * x**2,
    "evaluated at another point",
    "unknown",
)
bug("a constant too much", lambda x: np.sum(np.sin(x)), E5, lambda x: np.cos(x) + 1, "constant offset")
bug(
    "weight decay in the gradient only",
    lambda x: np.sum(np.sin(x)),
    E5,
    lambda x: np.cos(x) + 0.01 * x,
    "term proportional to x",
)
