"""Where NumPy's own numbers leave the range of floats, the value under a derivative is NumPy's: infinity, or 0, and no better one."""

import cmath
import math
import warnings

import numpy as np
import pytest

import gradwise as gw

L = np.linalg
FUNCTIONS = {
    "norm": L.norm,
    "of order 2": lambda x: L.norm(x, 2),
    "along an axis": lambda x: L.norm(x.reshape(1, 3), axis=1)[0],
    "of a matrix": lambda x: L.norm(x.reshape(1, 3), "fro", (0, 1)),
    "of a vector": lambda x: L.vector_norm(x),
    "a direction": lambda x: (x / L.norm(x, axis=0))[1],
    "std": np.std,
    "with ddof": lambda x: np.std(x, ddof=1),
    "nanstd": np.nanstd,
    "of some": lambda x: np.std(x, where=np.array([True, True, False])),
}
POINTS = [
    np.array([1e200, 1.0, -2.0]),
    np.array([1e200, 1e200, 3e200]),
    np.array([1e-200, 1e-200, 0.0]),
    np.array([np.inf, 1.0, 2.0]),
]


@pytest.mark.parametrize("pure", [None, False])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_norms_are_infinite_where_numpy_squares_beyond_the_range(name, pure):
    """They were 1e200 for inf, which NumPy gives: at the first call, or from the third on, where a program of ordinary points stood."""
    f = FUNCTIONS[name]
    g = gw.value_and_grad(f, pure=pure)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(3):
            g(np.array([1.0, 2.0, 4.0]))
        for x in POINTS:
            np.testing.assert_allclose(g(x)[0], f(x), rtol=1e-13)
        np.testing.assert_allclose(g(np.array([1.0, 2.0, 4.0]))[0], f(np.array([1.0, 2.0, 4.0])), rtol=1e-13)


@pytest.mark.parametrize("scale", [1e200, 1e-200])
def test_their_slope_is_that_of_the_norm(scale):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        slope = gw.grad(lambda x: L.norm(x, axis=0), method="exact")(scale * np.array([3.0, 4.0]))
    np.testing.assert_allclose(slope, [0.6, 0.8], rtol=1e-12)


@pytest.mark.parametrize("dtype", [float, complex])
def test_a_correlation_is_clipped(dtype):
    """As NumPy does: 1.0000000000000002 has no arccosine."""
    rng = np.random.default_rng(0)
    rows = [rng.normal(size=(1, n)) * np.array([[1.0], [k / 7]]) for n in (3, 5, 8) for k in (1, 3, -5)]
    for row in rows:
        f = lambda x: np.real(np.corrcoef(x.astype(dtype)))
        found = gw.jacobian(lambda x, f=f: (f(x), f(x)), has_aux=True)(row)[1]
        assert np.array_equal(found, f(row))


RAISING = {
    "the size of a complex number": lambda x: abs(complex(x, x)),
    "of a product": lambda x: abs(x * (1 + 1j)) + 1.0,
    "in polar coordinates": lambda x: cmath.polar(complex(x, x))[0],
    "a careful sum": lambda x: math.fsum([x, x, 1.0]),
    "a gamma function": lambda x: math.gamma(x),
    "its logarithm": lambda x: math.lgamma(abs(x)),
}


@pytest.mark.parametrize("operator", ["value_and_grad", "compile"])
@pytest.mark.parametrize("name", RAISING)
def test_python_raises_where_numpy_overflows_silently(name, operator):
    """From the third call on a program gave inf."""
    f = RAISING[name]
    g = getattr(gw, operator)(f)
    for x in (0.7, 1.3, 0.9, 1.1):
        found = g(x)
        assert (found[0] if operator == "value_and_grad" else found) == pytest.approx(f(x), rel=1e-14)
    with pytest.raises(OverflowError):
        f(1.7e308)
    with pytest.raises(OverflowError):
        g(1.7e308)
    assert np.isfinite(np.asarray(g(0.7))).all()
