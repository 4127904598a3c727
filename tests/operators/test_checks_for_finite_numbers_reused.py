"""SciPy's functions of matrices refuse infinity and nan, which LAPACK takes: a program gives no number where a call raises."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg as sl
from scipy import interpolate, stats

import gradwise as gw

T = np.array([[2.0, 0.3, 0.1, 0.2], [0.3, 3.0, 0.4, 0.1], [0.1, 0.4, 2.5, 0.6], [0.2, 0.1, 0.6, 1.9]])
W = np.array([0.3, -1.2, 2.0, 0.7])
P = np.array([0.4, 1.3, 0.6, 0.9])

FUNCTIONS = {
    "solve_triangular": lambda x: np.sum(sl.solve_triangular(np.tril(T + np.diag(x)), W, lower=True)),
    "cho_solve": lambda x: np.sum(sl.cho_solve(sl.cho_factor(T + np.diag(x**2)), W)),
    "lu_solve": lambda x: np.sum(sl.lu_solve(sl.lu_factor(T), x)),
    "solve": lambda x: np.sum(sl.solve(T + np.diag(x), W)),
    "of the right side": lambda x: np.sum(sl.solve(T, x)),
    "inv": lambda x: np.sum(sl.inv(T + np.diag(x))),
    "det": lambda x: sl.det(T + np.diag(x)),
    "norm": lambda x: sl.norm(x),
    "cholesky": lambda x: np.sum(sl.cholesky(T + np.diag(x))),
    "eigh": lambda x: np.sum(sl.eigh(T + np.diag(x))[0] * W),
    "svdvals": lambda x: np.sum(sl.svdvals(T + np.diag(x)) * W),
    "qr": lambda x: np.sum(sl.qr(T + np.diag(x))[1] * W),
    "pinv": lambda x: np.sum(sl.pinv(T + np.diag(x)) * W),
    "lstsq": lambda x: np.sum(sl.lstsq(T, x)[0] * W),
    "solve_banded": lambda x: np.sum(sl.solve_banded((1, 1), np.vstack([x, x + 4, x]), W)),
    "solve_sylvester": lambda x: np.sum(sl.solve_sylvester(T + np.diag(x), T, np.outer(x, W))),
    "polar": lambda x: np.sum(sl.polar(T + np.diag(x))[1] * W),
    "CubicSpline": lambda x: interpolate.CubicSpline(np.arange(4.0), x)(1.3) ** 2,
    "CubicSpline's places": lambda x: interpolate.CubicSpline(np.cumsum(x), W)(1.3),
    "PchipInterpolator": lambda x: interpolate.PchipInterpolator(np.arange(4.0), x)(1.3),
    "Akima1DInterpolator": lambda x: interpolate.Akima1DInterpolator(np.arange(4.0), x)(1.3),
    "make_interp_spline": lambda x: interpolate.make_interp_spline(np.arange(4.0), x)(1.3),
    "trim_mean, of nan": lambda x: stats.trim_mean(x, 0.25) ** 2,
    "solve_circulant": lambda x: np.sum(sl.solve_circulant(x + np.array([4, 0, 0, 0]), W)),
}


@pytest.mark.parametrize("promised", [None, True])
@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.filterwarnings("ignore")
def test_a_program_refuses_what_a_call_refuses(name, promised):
    f = FUNCTIONS[name]
    g = gw.value_and_grad(f, method="exact", pure=promised)
    for calls in range(4):
        g(P * (1 + 0.01 * calls))
    for place, hole in ((0, np.nan), (1, np.inf), (3, -np.inf)):
        y = P.copy()
        y[place] = hole
        try:
            expected = f(y)
        except (ValueError, np.linalg.LinAlgError) as error:
            with pytest.raises(type(error)):
                g(y)
        else:
            np.testing.assert_array_equal(g(y)[0], expected)
    np.testing.assert_allclose(g(P)[0], f(P), rtol=1e-13)


@pytest.mark.filterwarnings("ignore")
def test_who_asks_for_no_check_gets_none():
    def f(x):
        return np.sum(sl.solve_triangular(np.tril(T + np.diag(x)), W, lower=True, check_finite=False))

    g = gw.value_and_grad(f)
    for calls in range(4):
        g(P * (1 + 0.01 * calls))
    y = np.array([0.4, np.inf, 0.6, 0.9])
    assert g(y)[0] == pytest.approx(f(y), rel=1e-12)


@pytest.mark.filterwarnings("ignore")
def test_the_condition_of_an_infinite_matrix():
    def f(x):
        return np.linalg.cond(T + np.diag(x))

    g = gw.value_and_grad(f, method="exact")
    for calls in range(4):
        g(P * (1 + 0.01 * calls))
    y = np.array([0.4, np.inf, 0.6, 0.9])
    np.testing.assert_array_equal(g(y)[0], f(y))
