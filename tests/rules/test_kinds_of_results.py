"""Results have NumPy's type, dtype and shape: empty slices, numbers with the axis of a vector, single precision, quantiles, norms; and have derivatives."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw

rng = np.random.default_rng(4)
EMPTY, TABLE = np.zeros((2, 0, 3)), rng.standard_normal((2, 3))
SINGLE = TABLE.astype(np.float32)
NUMBER = np.float64(0.7)

CASES = {
    "prod of nothing": (lambda a: np.prod(a, axis=1), EMPTY),
    "prod over no axis": (lambda a: np.prod(a, axis=()), EMPTY),
    "cumprod": (np.cumprod, np.zeros(0)),
    "sort": (np.sort, np.zeros(0)),
    "nanmedian": (lambda a: np.nanmedian(a, axis=0), EMPTY),
    "nanquantile": (lambda a: np.nanquantile(a, [0.2, 0.4], axis=0), EMPTY),
    "median": (np.median, np.zeros(0)),
    "max with a start": (lambda a: np.max(a, initial=-2.0), np.zeros(0)),
    "vector_norm over an axis": (lambda a: np.linalg.vector_norm(a, ord=1, axis=(0,)), EMPTY),
    "det of no matrices": (np.linalg.det, np.zeros((0, 3, 3))),
    "einsum of no matrices": (lambda a: np.einsum("...ij,...jk->...ik", a, a), np.zeros((0, 3, 3))),
    "eigvalsh of no matrices": (np.linalg.eigvalsh, np.zeros((0, 3, 3))),
    "prod of a number": (lambda a: np.prod(a, axis=0), NUMBER),
    "max of a number": (lambda a: np.max(a, axis=-1), NUMBER),
    "cumsum of a number": (lambda a: np.cumsum(a, axis=0), np.array(0.7)),
    "nanmax": (np.nanmax, TABLE),
    "nanmin": (lambda a: np.nanmin(a, axis=(0, 1)), TABLE),
    "nanstd": (lambda a: np.nanstd(a, ddof=1), TABLE),
    "norm 2 of a matrix": (lambda a: np.linalg.norm(a, 2), TABLE),
    "norm of small order": (lambda a: np.linalg.vector_norm(a, ord=3, keepdims=True), NUMBER),
    "median with kept axes": (lambda a: np.median(a, keepdims=True), NUMBER),
    "quantile with kept axes": (lambda a: np.quantile(a, 0.3, keepdims=True), NUMBER),
    "interp of a number": (lambda a: np.interp(0.4, [0.0, 0.3, 1.0], a[0]), TABLE),
    "single: percentile": (lambda a: np.percentile(a, 30), SINGLE),
    "single: percentile over an axis": (lambda a: np.percentile(a, 30, axis=0), SINGLE),
    "single: quantiles": (lambda a: np.quantile(a, [0.2, 0.7], axis=0), SINGLE),
    "single: quantile of an array": (lambda a: np.quantile(a, np.array(0.3), axis=0), SINGLE),
    "single: nanquantile": (lambda a: np.nanquantile(a, 0.4, axis=0), SINGLE),
    "single: interp": (lambda a: np.interp([0.2, 0.5], [0.0, 0.3, 1.0], a[0]), SINGLE),
    "single: i0": (np.i0, SINGLE),
    "single: linspace": (lambda a: np.linspace(a[0, 0], 2.0, 4), SINGLE),
    "single: logspace": (lambda a: np.logspace(a[0, 0], 1.0, 3, base=2.0), SINGLE),
    "single: a list placed": (lambda a: np.place(b := a.copy(), [[True, False, False]] * 2, [1.0, 2.0]) or b, SINGLE),
}
if hasattr(np, "cumulative_sum"):  # since NumPy 2.1
    CASES["cumulative_sum of a number"] = np.cumulative_sum, np.array(0.7)
    CASES["cumulative_prod"] = (lambda a: np.cumulative_prod(a, axis=-1, include_initial=True)), EMPTY
if np.lib.NumpyVersion(np.__version__) >= "2.3.0":  # it raises before
    CASES["vector_norm of nothing"] = (lambda a: np.linalg.vector_norm(a, ord=np.inf)), np.zeros(0)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # the mean of nothing
@pytest.mark.parametrize("name", sorted(CASES))
def test_type_dtype_shape_and_derivative(name):
    f, x = CASES[name]
    expected = f(x)
    u = np.asarray(rng.standard_normal(np.shape(x)), np.asarray(x).dtype)[()]
    value, tangent = gw.jvp(f, (x,), (u,), method="exact")
    assert type(value) is type(expected)
    assert np.asarray(value).dtype == np.asarray(expected).dtype
    np.testing.assert_allclose(value, expected, rtol=8 * np.finfo(np.asarray(expected).dtype).eps)
    assert np.shape(tangent) == np.shape(expected)
    bar = np.ones_like(expected)
    _, pullback = gw.vjp(f, x, method="exact")
    cotangent = pullback(bar)
    cotangent = cotangent[0] if isinstance(cotangent, tuple) else cotangent
    assert np.shape(cotangent) == np.shape(x)
    tolerance = 1e-5 if np.asarray(x).dtype == np.float32 else 1e-12
    if np.all(np.isfinite(expected)):
        np.testing.assert_allclose(np.sum(cotangent * u), np.sum(bar * tangent), rtol=tolerance, atol=tolerance)
        h = 1e-5
        wide = np.asarray(x, float)
        differences = (np.asarray(f(wide + h * u), float) - np.asarray(f(wide - h * u), float)) / (2 * h)
        np.testing.assert_allclose(tangent, differences, rtol=1e-4, atol=1e-5)


def test_quantiles_round_as_numpy_does():
    x = rng.standard_normal(7)
    for q in np.linspace(0, 1, 23):
        assert gw.jvp(lambda a, q=q: np.quantile(a, q), (x,), (x,), method="exact")[0] == np.quantile(x, q)
        program = gw.compile(lambda a, q=q: np.quantile(a, q))
        for _ in range(3):
            assert program(x) == np.quantile(x, q)
