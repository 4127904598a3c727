"""Zeros keep NumPy's sign and infinities NumPy's nan in medians, quantiles and unwrapped angles: a branch cut that follows sees them."""

import cmath
import warnings

import numpy as np
import pytest

import gradwise as gw

FUNCTIONS = {
    "median": lambda x: np.median(x, keepdims=True),
    "of two": lambda x: np.median(x[:2], keepdims=True),
    "of rows": lambda x: np.median(x.reshape(1, 3), axis=0),
    "nanmedian": lambda x: np.nanmedian(x, keepdims=True),
    "quantile": lambda x: np.quantile(x, [0.5, 0.25, 1.0]),
    "lower": lambda x: np.quantile(x, [0.5, 0.25, 1.0], method="lower"),
    "hazen": lambda x: np.quantile(x, [0.5, 0.25], method="hazen"),
    "percentile": lambda x: np.percentile(x, [50.0, 30.0]),
    "unwrap": np.unwrap,
    "of another period": lambda x: np.unwrap(x, period=4.0),
    "of a far jump": lambda x: np.unwrap(x, discont=4.0),
}
POINTS = [
    [-0.0, 1.0, 2.0],
    [0.0, -0.0, 7.0],
    [-0.0, -0.0, -0.0],
    [-0.0, 3 * np.pi, -np.pi],
    [1.0, np.inf, 2.0],
    [np.inf, np.inf, 1.0],
    [-np.inf, 1.0, 2.0],
    [np.nan, 1.0, 2.0],
]


@pytest.mark.parametrize("pure", [None, False])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_numpy_gives(name, pure):
    """The median of zeros was -0.0 for 0.0, a quantile beside infinity 2.0 for nan."""
    f = FUNCTIONS[name]
    g = gw.jacobian(lambda x: (f(x), f(x)), has_aux=True, pure=pure, method="exact")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(3):
            g(np.array([0.5, 3.0, 7.5]))
        for point in POINTS:
            x = np.array(point)
            found, wanted = g(x)[1], f(x)
            assert np.array_equal(found, wanted, equal_nan=True)
            assert np.array_equal(np.signbit(found)[wanted == 0], np.signbit(wanted)[wanted == 0])


def test_a_quantile_that_is_an_entry_has_its_slope():
    x = np.array([3.0, -1.0, 2.0, 7.0, 5.0])
    found = gw.jacobian(lambda x: np.quantile(x, [0.0, 0.25, 0.5, 1.0]))(x)
    assert np.array_equal(found, np.eye(5)[[1, 2, 0, 3]])
    assert np.array_equal(gw.grad(np.median)(x), np.eye(5)[0])


BASES = {"x + 0j": lambda x: x + 0j, "x - 0j": lambda x: complex(x, -0.0), "0 + xj": lambda x: complex(0.0, x), "-0 + xj": lambda x: complex(-0.0, x)}  # fmt: skip


@pytest.mark.parametrize("operator", ["value_and_grad", "compile"])
@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, -1, -2])
@pytest.mark.parametrize("base", BASES)
def test_whole_powers_of_pythons_complex_numbers(base, n, operator):
    """A program took NumPy's powers, whose zeros have other signs: the root of (x + 0j)**2 - 4 at -1.5 was on the other side of its cut."""
    make = BASES[base]

    def f(x):
        root = cmath.sqrt(make(x) ** n - 4.0)
        return root.imag + 0.5 * root.real

    g = getattr(gw, operator)(f)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for x in (0.7, 1.3, -1.5, -0.7, 0.7, -1.5):
            found = g(x)
            assert (found[0] if operator == "value_and_grad" else found) == pytest.approx(f(x), rel=1e-14)


@pytest.mark.parametrize("n", [2, 5, -3])
def test_derivatives_of_whole_powers_of_complex_numbers(n):
    z = complex(0.7, 0.4)
    found = gw.grad(lambda x: (complex(x, 0.4) ** n).real)(0.7)
    assert found == pytest.approx((n * z ** (n - 1)).real, rel=1e-13)
    second = gw.hessian(lambda x: (complex(x, 0.4) ** n).real)(0.7)
    assert second == pytest.approx((n * (n - 1) * z ** (n - 2)).real, rel=1e-13)
