"""Arrays of every make: shapes, strides, byte orders, read-only memory, and numbers at the edge."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw


def f(x):
    return np.sum(np.sin(x) * x)


def df(x):
    return np.cos(x) * x + np.sin(x)


BASE = np.random.default_rng(0).standard_normal((6, 8))

ARRAYS = {
    "0-d": np.array(0.7),
    "one entry": np.array([0.7]),
    "one entry in three axes": np.array([[[0.7]]]),
    "strided": BASE[::2, ::3],
    "backwards": BASE[::-1, ::-1],
    "transposed": BASE.T,
    "Fortran": np.asfortranarray(BASE),
    "broadcast": np.broadcast_to(np.array([1.0, 2.0, 3.0]), (4, 3)),
    "big-endian": BASE.astype(">f8"),
    "diagonal view": np.diagonal(BASE),
    "large": np.linspace(-1.0, 1.0, 40_000),
    "large strided": np.linspace(-1.0, 1.0, 80_000)[::2],
    "three axes": BASE.reshape(2, 3, 8).transpose(2, 0, 1),
}
read_only = BASE.copy()
read_only.flags.writeable = False
ARRAYS["read-only"] = read_only


@pytest.mark.parametrize("x", ARRAYS.values(), ids=ARRAYS)
def test_gradients(x):
    before = x.copy()
    value, g = gw.value_and_grad(f)(x)
    assert value == pytest.approx(f(x), rel=1e-15)
    assert np.shape(g) == x.shape
    np.testing.assert_allclose(g, df(x.astype(float)), rtol=1e-14)
    np.testing.assert_array_equal(x, before)
    if isinstance(g, np.ndarray):
        assert type(g) is np.ndarray
        assert g.dtype == np.float64
        assert g.flags.writeable
        assert g.flags.c_contiguous
        assert not np.may_share_memory(g, x)
    _, tangent = gw.jvp(f, (x,), (np.ones(x.shape),))
    assert tangent == pytest.approx(np.sum(df(x.astype(float))), rel=1e-13)


@pytest.mark.parametrize(
    "x", [a for a in ARRAYS.values() if a.size < 100], ids=[k for k, a in ARRAYS.items() if a.size < 100]
)
def test_hessians_and_products(x):
    d2 = 2 * np.cos(x.astype(float)) - x * np.sin(x.astype(float))
    v = np.random.default_rng(1).standard_normal(x.shape)
    np.testing.assert_allclose(gw.hvp(f)(x, v), d2 * v, rtol=1e-13)
    H = gw.hessian(f)(x)
    assert np.shape(H) == x.shape + x.shape
    np.testing.assert_allclose(np.reshape(H, (x.size, x.size)), np.diag(np.ravel(d2)), rtol=1e-13)


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0)])
def test_empty_arrays(shape):
    x = np.zeros(shape)
    assert gw.grad(f)(x).shape == shape
    assert gw.hessian(f)(x).shape == shape + shape
    assert gw.jacobian(np.sin)(x).shape == shape + shape
    assert gw.hvp(f)(x, x).shape == shape
    assert gw.jvp(np.sin, (x,), (x,))[1].shape == shape
    assert gw.vjp(np.sin, x)[1](x)[0].shape == shape
    assert gw.derivative(np.sin)(x).shape == shape


def test_an_array_of_one_entry_is_no_number():
    with pytest.raises(
        gw.OutputError, match=r"an array of shape \(1,\), which holds one number. That number itself is required"
    ):
        gw.grad(lambda x: x**2)(np.array([2.0]))


def test_results_are_fresh_and_writable():
    x = np.ones(3)
    for g in (
        gw.grad(np.sum)(x),
        gw.jacobian(lambda x: x)(x),
        gw.jacrev(lambda x: 2.0 * x)(x),
        gw.hessian(lambda x: np.sum(x**2))(x),
        gw.hvp(lambda x: np.sum(x**2) / 2)(x, x),
        gw.jvp(lambda x: x, (x,), (x,))[1],
        gw.vjp(lambda x: x, x)[1](x)[0],
        gw.derivative(lambda x: x)(x),
    ):
        assert g.flags.writeable
        assert not np.may_share_memory(g, x)
        g[...] = 5.0
        np.testing.assert_array_equal(x, np.ones(3))
    a, b = gw.grad(lambda x, y: np.sum(x + y), (0, 1))(x, x.copy())
    a[0] = 9.0
    assert b[0] == 1.0
    g = gw.grad(np.sum)
    first = g(x)
    first[:] = 7.0
    np.testing.assert_array_equal(g(x), np.ones(3))


def test_subclasses():
    with pytest.raises(gw.InputError, match="masked array"):
        gw.grad(np.sum)(np.ma.masked_array([1.0, 2.0], [True, False]))


# --- numbers at the edge ----------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_nan_and_inf_go_through_as_in_numpy():
    x = np.array([1.0, np.nan, 2.0])
    g = gw.grad(lambda x: np.sum(x**2))(x)
    np.testing.assert_array_equal(g, [2.0, np.nan, 4.0])
    g = gw.grad(lambda x: np.sum(x * 2))(np.array([np.inf, -np.inf]))
    np.testing.assert_array_equal(g, [2.0, 2.0])
    g = gw.grad(lambda x: np.sum(np.tanh(x)))(np.array([np.inf, -np.inf, 800.0]))
    np.testing.assert_array_equal(g, [0.0, 0.0, 0.0])
    assert np.isnan(gw.grad(lambda x: x**2)(np.nan))


def test_huge_and_tiny():
    assert gw.grad(lambda x: x * 2)(1e308) == 2.0
    assert gw.grad(lambda x: np.log(x))(1e-300) == pytest.approx(1e300)
    assert gw.grad(lambda x: np.sqrt(x))(1e-300) == pytest.approx(0.5e150)
    assert gw.grad(lambda x: np.log1p(np.exp(-np.abs(x))))(800.0) == 0.0
    assert gw.grad(lambda x: x / (1 + x))(1e200) == pytest.approx(0.0, abs=1e-300)
    assert gw.grad(lambda x: np.hypot(x, 1e200))(1e200) == pytest.approx(np.sqrt(0.5))
    np.testing.assert_allclose(gw.grad(np.linalg.norm)(np.array([3e200, 4e200])), [0.6, 0.8])


def test_an_overflow_is_reported_as_numpy_reports_it():
    with pytest.warns(RuntimeWarning, match="overflow"):
        gw.grad(lambda x: np.exp(x))(np.float64(1000.0))
    with np.errstate(over="raise"), pytest.raises(FloatingPointError):
        gw.grad(lambda x: np.exp(x))(np.float64(1000.0))
    with pytest.raises(ZeroDivisionError):
        gw.grad(lambda x: 1 / x)(0.0)
