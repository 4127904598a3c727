"""Agreement with HIPS autograd and JAX where all three work: gradients, Jacobians and Hessians of one list of functions."""

from __future__ import annotations

import importlib
import importlib.util
import warnings

import numpy as np
import pytest

import gradwise as gw

RNG = np.random.default_rng(0)
V = RNG.uniform(0.2, 1.5, 5)
W = RNG.uniform(-1.5, 1.5, 5)
M = RNG.standard_normal((4, 4))
SPD = M @ M.T + 4 * np.eye(4)
R = RNG.standard_normal((3, 4))
C = RNG.standard_normal((5, 3))
T3 = RNG.standard_normal((2, 3, 4))

# name: (function of a NumPy-like module and one array, point)
FUNCTIONS = {
    "polynomial": (lambda xp, x: xp.sum(x**3 - 2 * x**2 + x), W),
    "sin cos tan": (lambda xp, x: xp.sum(xp.sin(x) * xp.cos(x) + xp.tan(x * 0.3)), W),
    "hyperbolic": (lambda xp, x: xp.sum(xp.sinh(x) + xp.cosh(x) * xp.tanh(x)), W),
    "inverse trigonometric": (lambda xp, x: xp.sum(xp.arcsin(x * 0.5) + xp.arccos(x * 0.5) * xp.arctan(x)), W),
    "inverse hyperbolic": (lambda xp, x: xp.sum(xp.arcsinh(x) + xp.arctanh(x * 0.5) + xp.arccosh(1.5 + x**2)), W),
    "exp log": (lambda xp, x: xp.sum(xp.exp(x) * xp.log(x) + xp.log1p(x) - xp.expm1(x)), V),
    "log2 log10 exp2": (lambda xp, x: xp.sum(xp.log2(x) + xp.log10(x) + xp.exp2(x)), V),
    "sqrt square reciprocal": (lambda xp, x: xp.sum(xp.sqrt(x) + xp.square(x) + xp.reciprocal(x)), V),
    "power of an array": (lambda xp, x: xp.sum(x**x), V),
    "power of a number": (lambda xp, x: xp.sum(2.5**x + x**2.5), V),
    "abs sign": (lambda xp, x: xp.sum(xp.abs(x) * xp.sign(x) + xp.abs(x)), W),
    "maximum minimum": (lambda xp, x: xp.sum(xp.maximum(x, 0.1) * xp.minimum(x**2, 1.0)), W),
    "where": (lambda xp, x: xp.sum(xp.where(x > 0, x**2, xp.sin(x))), W),
    "clip": (lambda xp, x: xp.sum(xp.clip(x, -1.0, 0.7) ** 2), W),
    "logaddexp": (lambda xp, x: xp.sum(xp.logaddexp(x, 2 * x)), W),
    "arctan2": (lambda xp, x: xp.sum(xp.arctan2(x, 1 + x**2)), W),
    "sum over an axis": (lambda xp, x: xp.sum(xp.sum(x, axis=0) ** 3), R),
    "mean var std": (lambda xp, x: xp.mean(x) + xp.var(x) * xp.std(x), W),
    "mean over an axis": (lambda xp, x: xp.sum(xp.mean(x, axis=1) ** 3), R),
    "var over an axis": (lambda xp, x: xp.sum(xp.var(x, axis=0)), R),
    "prod": (lambda xp, x: xp.prod(x), W),
    "max": (lambda xp, x: xp.max(x) ** 2 + xp.min(x) ** 3, W),
    "max over an axis": (lambda xp, x: xp.sum(xp.max(x, axis=1) ** 2), R),
    "cumsum": (lambda xp, x: xp.sum(xp.cumsum(x) ** 2), W),
    "reshape transpose": (lambda xp, x: xp.sum(xp.reshape(x, (4, 3)) @ x * 0.5 + xp.transpose(x) @ x), R),
    "swapaxes moveaxis": (
        lambda xp, x: xp.sum(xp.swapaxes(x, 0, 2) ** 2 * xp.moveaxis(x, 0, -1)[:, :, :1].T.reshape(4, 3, 1)),
        T3,
    ),
    "expand squeeze": (lambda xp, x: xp.sum(xp.squeeze(xp.expand_dims(x, 1), 1) ** 3), W),
    "ravel": (lambda xp, x: xp.sum(xp.ravel(x)[::2] ** 2), R),
    "basic indexing": (lambda xp, x: x[1, 2] ** 2 + xp.sum(x[::2, 1:] ** 3), R),
    "fancy indexing": (lambda xp, x: xp.sum(x[np.array([0, 0, 3])] ** 2 * np.array([1.0, 2.0, 3.0])), W),
    "mask": (lambda xp, x: xp.sum(x[np.array([True, False, True, True, False])] ** 3), W),
    "concatenate": (lambda xp, x: xp.sum(xp.concatenate([x, x**2]) ** 2), W),
    "stack": (lambda xp, x: xp.sum(xp.stack([x, xp.sin(x)], axis=1) ** 2), W),
    "vstack hstack": (lambda xp, x: xp.sum(xp.vstack([x, 2 * x]) ** 2) + xp.sum(xp.hstack([x, x**2])), W),
    "tile repeat": (lambda xp, x: xp.sum(xp.tile(x, 2) ** 2) + xp.sum(xp.repeat(x, 3) ** 3), W),
    "roll flip": (lambda xp, x: xp.sum(xp.roll(x, 2) * x + xp.flip(x, 0) * x**2), W),
    "pad": (lambda xp, x: xp.sum(xp.pad(x, 2, "constant") ** 2), W),
    "diff": (lambda xp, x: xp.sum((x[1:] - x[:-1]) ** 2), W),
    "dot": (lambda xp, x: xp.dot(x, x) * xp.dot(x, W), W),
    "matmul": (lambda xp, x: xp.sum(xp.matmul(x, x.T) ** 2), R),
    "matrix vector": (lambda xp, x: xp.sum(xp.tanh(R @ x)), M[0]),
    "tensordot": (lambda xp, x: xp.sum(xp.tensordot(x, x, axes=([1, 2], [1, 2])) ** 2), T3),
    "einsum": (lambda xp, x: xp.sum(xp.einsum("ijk,ilk->jl", x, x) ** 2), T3),
    "outer": (lambda xp, x: xp.sum(xp.outer(x, xp.sin(x)) ** 2), W),
    "kron": (lambda xp, x: xp.sum(xp.kron(x, x) ** 2), W),
    "trace diag": (lambda xp, x: xp.trace(x @ x) + xp.sum(xp.diag(x) ** 2), M),
    "triu tril": (lambda xp, x: xp.sum(xp.triu(x) ** 2 + xp.tril(x) ** 3), M),
    "inv": (lambda xp, x: xp.sum(xp.linalg.inv(x)), SPD),
    "det": (lambda xp, x: xp.linalg.det(x) / 100, SPD),
    "slogdet": (lambda xp, x: xp.linalg.slogdet(x)[1], SPD),
    "solve": (lambda xp, x: xp.sum(xp.linalg.solve(x, np.arange(4.0)[:, None]) ** 2), SPD),
    "norm": (lambda xp, x: xp.linalg.norm(x) ** 3, W),
    "cholesky": (lambda xp, x: xp.sum(xp.linalg.cholesky((x + x.T) / 2)), SPD),
    "eigh": (lambda xp, x: xp.sum(xp.linalg.eigh((x + x.T) / 2)[0] ** 2 * np.arange(4.0)), SPD),
    "singular values": (lambda xp, x: xp.sum(xp.linalg.svd(x, compute_uv=False) ** 3), R),
    "softmax": (lambda xp, x: xp.sum((xp.exp(x) / xp.sum(xp.exp(x))) * np.arange(5.0)), W),
    "logistic loss": (lambda xp, x: xp.mean(xp.log(1 + xp.exp(-(C @ x) * np.array([1.0, -1, 1, 1, -1])))), C[0]),
    "rosenbrock": (lambda xp, x: xp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2), W),
    "loop": (lambda xp, x: _loop(xp, x), W),
    "newton": (lambda xp, x: _newton(x), V),
    "broadcasting": (lambda xp, x: xp.sum(x[:, None] * x[None, :] ** 2 + x), W),
    "real and imaginary": (lambda xp, x: xp.sum(xp.real(xp.exp(1j * x)) * xp.imag(xp.exp(2j * x))), W),
    "fft": (lambda xp, x: xp.sum(xp.abs(xp.fft.fft(x)) ** 2 * np.arange(5.0)), W),
    "sinc": (lambda xp, x: xp.sum(xp.sinc(x)), W),
    "sort": (lambda xp, x: xp.sum(xp.sort(x) * np.arange(5.0) ** 2), W),
}


def _loop(xp, x):
    y = x
    for k in range(4):
        y = xp.sin(y) + y * 0.1 * k
    return xp.sum(y)


def _newton(x):
    y = 1.0 + 0 * x[0]
    for _ in range(6):
        y = y - (y * y - x[0] * x[1]) / (2 * y)
    return y


@pytest.fixture(scope="module")
def jax():
    found = importlib.import_module("jax")
    found.config.update("jax_enable_x64", True)
    found.config.update("jax_platforms", "cpu")
    return found


def agree(a, b, rtol):
    a, b = np.asarray(a), np.asarray(b)
    np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * np.max(np.abs(b), initial=1e-300))


@pytest.mark.extras("autograd")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_autograd(name):
    f, x = FUNCTIONS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        autograd = importlib.import_module("autograd")
        anp = importlib.import_module("autograd.numpy")
        try:
            theirs = autograd.grad(lambda x: f(anp, x))(x)
        except (NotImplementedError, AttributeError, TypeError, ValueError) as error:
            pytest.skip(f"autograd has no rule here: {type(error).__name__}")
        agree(gw.grad(lambda x: f(np, x))(x), theirs, 1e-10)
        if x.size <= 5:
            try:
                theirs = autograd.hessian(lambda x: f(anp, x))(x)
            except (NotImplementedError, AttributeError, TypeError, ValueError):
                return
            agree(gw.hessian(lambda x: f(np, x))(x), theirs, 1e-9)


@pytest.mark.slow
@pytest.mark.extras("jax")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_jax(name, jax):
    f, x = FUNCTIONS[name]
    jnp = jax.numpy
    ours = lambda x: f(np, x)
    theirs = lambda x: f(jnp, x)
    agree(gw.grad(ours)(x), jax.grad(theirs)(x), 1e-10)
    u = np.random.default_rng(1).standard_normal(x.shape)
    value, tangent = gw.jvp(ours, (x,), (u,))
    expected, expected_tangent = jax.jvp(theirs, (x,), (u,))
    agree(value, expected, 1e-12)
    agree(tangent, expected_tangent, 1e-10)
    agree(gw.hvp(ours)(x, u), jax.jvp(jax.grad(theirs), (x,), (u,))[1], 1e-8)
