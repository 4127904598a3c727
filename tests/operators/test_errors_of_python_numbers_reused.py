"""Python's numbers raise where NumPy's give infinity or nan, also where NumPy reports nothing of it: a program gives no number there."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

import gradwise as gw

FUNCTIONS = {
    "infinity by zero": (lambda x: math.inf / x, 0.0),
    "nan by zero": (lambda x: math.nan / x, -0.0),
    "remainder of infinity": (lambda x: math.inf % x, 0.0),
    "remainder of nan": (lambda x: math.nan % x, 0.0),
    "whole quotient": (lambda x: math.nan // x * x, 0.0),
    "complex nan by zero": (lambda x: (complex(math.nan, 1.0) / (x * 1j)).real, 0.0),
    "complex power": (lambda x: ((x + 0j) ** (1 + 1j)).real, 0.0),
    "complex negative power": (lambda x: ((x + 0j) ** -1).real, 0.0),
    "power of a complex number": (lambda x: ((2 + 1j) ** x).real, -math.inf),
    "complex overflow": (lambda x: ((x + 1j) ** 3).real, 1e200),
}


@pytest.mark.parametrize("promised", [None, True])
@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.filterwarnings("ignore")
def test_a_program_raises_what_a_call_raises(name, promised):
    f, end = FUNCTIONS[name]
    g = gw.value_and_grad(f, pure=promised)
    for calls in range(8):  # by the run, by a program, by a shortcut
        g(0.7 + 0.01 * calls)
        with pytest.raises(ArithmeticError) as expected:
            f(end)
        with pytest.raises(ArithmeticError) as found:
            g(end)
        assert type(found.value) is type(expected.value)


@pytest.mark.filterwarnings("ignore")
def test_where_the_dividend_moves_too():
    def f(x):
        return x[0].item() / x[1].item() + 1.0

    g = gw.value_and_grad(f)
    for calls in range(8):
        assert g(np.array([1.0 + calls, 2.0]))[0] == f([np.float64(1.0 + calls), np.float64(2.0)])
    for dividend in (math.nan, math.inf, 1.0, 0.0):
        with pytest.raises(ZeroDivisionError):
            g(np.array([dividend, 0.0]))


def test_numbers_of_numpys_are_divided_as_ever():
    def f(x):
        return np.float64(math.inf) / x

    g = gw.value_and_grad(f)
    for calls in range(8):
        assert g(np.float64(0.7 + calls))[0] == math.inf
        with np.errstate(all="ignore"):
            assert g(np.float64(0.0))[0] == math.inf


def slopes_of_thousand_powers(x):
    return np.sum(np.cbrt(x))


def test_large_slopes_are_given_without_a_warning_of_numpys():
    """Whether a slope is nan was asked by its sum of squares, which overflows."""
    x = np.array([0.4, 1.3, 0.6, 0.9])
    g = gw.grad(slopes_of_thousand_powers)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for calls in range(6):
            g(x + calls)
            np.testing.assert_allclose(g(x * 1e-300), np.cbrt(x * 1e-300) ** -2 / 3, rtol=1e-12)


def test_a_limit_is_looked_for_without_a_warning_of_numpys():
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        value, _ = gw.value_and_grad(lambda x: math.sin(x) / x)(1e-310)
    assert value == 1.0
