"""Functions of NumPy that choose their steps by the values of their arguments: a program stands for them while its guards hold, and never beyond."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.reuse.by_function import shortcuts_of

EXPRESSIONS = [
    "np.linalg.lstsq(np.outer(T, x) + D[:12], Y, rcond=None)[0] @ x",
    "np.sum(np.linalg.lstsq(np.vander(T, 3) * x[0], Y * x[1], rcond=None)[1])",
    "np.linalg.lstsq(M, x, rcond=None)[0].sum()",
    "np.linalg.lstsq(M, x, rcond=None)[2] * x[0]",
    "np.linalg.lstsq(np.diag(np.maximum(x, 0.0)), x, rcond=1e-10)[0].sum()",
    "np.linalg.pinv(M * x).sum()",
    "np.linalg.pinv(D) @ np.ones(14) @ x",
    "np.linalg.pinv(np.outer(x, x)).sum()",
    "np.linalg.matrix_rank(M) * x[0]",
    "np.linalg.cond(M * x[0] + np.eye(6), 1)",
    "np.linalg.multi_dot([x, M, M, Z])",
    "np.linalg.tensorsolve(np.eye(6) * 3 + M, x).sum()",
    "np.polyval(L, x).sum() + np.polyval(x, Q)",
    "np.polymul(Z, x).sum() + np.polyder(x, N).sum()",
    "np.polyint(x, 1, k=Q).sum() + np.polyadd(L, x) @ x",
    "np.gradient(x, Q) @ x",
    "np.gradient(x, T[:6]) @ x",
    "np.gradient(M * x, Q, T[:6])[1].sum()",
    "np.average(M * x, axis=1, weights=Z) @ x",
    "np.cov(M * x)[0, 1] + np.corrcoef(x, Z)[0, 1]",
    "np.quantile(x, abs(np.tanh(Q)))",
    "np.quantile(x, 0.25, method='lower') * Q",
    "np.percentile(M * x, [10, 50], axis=1).sum()",
    "np.nanmedian(np.where(Z > 0, x, np.nan))",
    "x[np.searchsorted(T, Q) % 6]",
    "np.searchsorted(T, Z) @ x",
    "np.digitize(x, T) @ x",
    "np.bincount(I, weights=x) @ np.arange(max(I) + 1.0)",
    "np.unique(np.round(Z)).sum() * x[0]",
    "x[np.unique(I)].sum()",
    "x[np.lexsort((Z, I))] @ np.arange(6.0)",
    "np.isin(np.round(Z), [0.0, 1.0]) @ x",
    "np.extract(Z > 0, x).sum() + x[0]",
    "np.unwrap(x * 3 + Z) @ x",
    "np.real(np.real_if_close(x + 1j * np.maximum(Z, 0) * 1e-12)).sum()",
    "np.pad(x, N) @ np.arange(6.0 + 2 * N)",
    "np.pad(x * Z, 2, mode='minimum') @ np.arange(10.0)",
    "np.partition(x * Z, 2)[:3].sum() + x[np.argpartition(Z, 2)[:2]].sum()",
    "np.outer(x, x)[np.unravel_index(np.argmax(M), (6, 6))]",
    "x[np.ravel_multi_index((I % 2, I % 3), (2, 3))].sum()",
    "np.logspace(0, Q, 4) @ x[:4] + np.geomspace(abs(Q) + 0.1, 3.0, 6) @ x",
    "np.require(x, float, ['C', 'W'])[2] * Q + np.require(Z, requirements='F') @ x",
    "x.sum() if np.allclose(np.maximum(Z, 0), Z) else x[0] ** 2",
    "x.sum() if np.array_equiv(np.maximum(x, 0), x) else x[0] ** 2",
]
#: served by a program at most points, for which there is no other reason than that it holds
STEADY = [
    "np.require(x, float, ['C', 'W'])[2] * Q + np.require(Z, requirements='F') @ x",
    "np.linalg.lstsq(np.outer(T, x) + D[:12], Y, rcond=None)[0] @ x",
    "np.polyval(L, x).sum() + np.polyval(x, Q)",
    "np.gradient(x, T[:6]) @ x",
    "np.searchsorted(T, Z) @ x",
    "np.linalg.multi_dot([x, M, M, Z])",
]


def draw(data, rng):
    """Other data under the same names, often with ties, zeros, and columns that depend on one another."""
    data["T"] = np.sort(rng.normal(size=12)) * rng.choice([1, 2])
    data["Y"] = rng.normal(size=12)
    data["D"] = rng.normal(size=(14, 6))
    data["M"] = rng.normal(size=(6, 6))
    if rng.integers(3) == 0:
        data["D"][:, 3] = data["D"][:, 1]
        data["M"][:, 2] = data["M"][:, 0]
    if rng.integers(5) == 0:
        data["M"] = np.outer(data["M"][0], data["M"][1])
    data["Z"] = rng.normal(size=6)
    if rng.integers(3) == 0:
        data["Z"] = np.round(data["Z"])
    data["Q"] = float(rng.normal()) if rng.integers(3) else float(rng.integers(-2, 3))
    data["L"] = np.round(rng.normal(size=3)).tolist()
    data["N"] = int(rng.integers(0, 3))
    data["I"] = rng.integers(0, 4, size=6)


def point(rng):
    x = rng.normal(size=6) * rng.choice([0.3, 1.0, 3.0])
    kind = rng.integers(5)
    return [x, np.round(x), np.abs(x), np.where(x > 1, 0.0, x), np.sort(x)][kind]


def outcome(operator, x):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            value, gradient = operator(x)
        except Exception as error:  # the same error is the same outcome
            return type(error).__name__, None, None
    return type(value).__name__, np.asarray(value, float), gradient


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_program_gives_what_the_function_gives(expression):
    data = {"np": np}
    f = eval(f"lambda x: {expression}", data)
    reused, run = gw.value_and_grad(f, method="exact"), gw.value_and_grad(f, method="exact", pure=False)
    rng = np.random.default_rng(11)
    for _ in range(24):
        draw(data, rng)
        x = point(rng)
        (kind, value, gradient), (kind_of_run, value_of_run, gradient_of_run) = outcome(reused, x), outcome(run, x)
        assert kind == kind_of_run
        if value is not None:
            np.testing.assert_allclose(value, value_of_run, rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(gradient, gradient_of_run, rtol=1e-6, atol=1e-8)
    if expression in STEADY:
        assert shortcuts_of(f)["0"].served >= 15
