"""Splines and lines through places that move: curves by their arc length, knots that are fitted, yield curves whose tenors are differentiated."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.interpolate import Akima1DInterpolator, CubicHermiteSpline, CubicSpline, PchipInterpolator, PPoly, interp1d

import gradwise as gw

X = np.array([0.0, 1.0, 2.2, 3.1, 4.5])
Y = np.array([1.0, 2.0, 0.5, -1.0, 0.3])
INSIDE = np.array([0.3, 1.7, 2.9, 4.1])
AROUND = np.array([-0.5, *INSIDE, 5.0])


def agrees(f, *args):
    """The Jacobians of all arguments against differences, at three points (the third in the default mode)."""
    rng = np.random.default_rng(3)
    for k in range(3):
        at = [np.asarray(a) * (1 + 0.01 * k * rng.standard_normal(np.shape(a))) for a in args]
        method = "exact" if k < 2 else "auto"
        found = gw.jacobian(f, argnums=tuple(range(len(at))), method=method)(*at)
        for i, block in enumerate(found):

            def alone(a, i=i, at=at):
                return np.ravel(f(*at[:i], a.reshape(np.shape(at[i])), *at[i + 1 :]))

            want = gw.numerical.jacobian(alone, np.ravel(at[i]))
            np.testing.assert_allclose(
                np.reshape(block, want.value.shape), want.value, rtol=1e-6, atol=1e-7 + 4 * np.max(want.error)
            )


@pytest.mark.parametrize(
    "ends",
    ["not-a-knot", "natural", "clamped", ("natural", "not-a-knot"), ((1, 0.3), (2, -0.4))],
    ids=["not-a-knot", "natural", "clamped", "mixed", "given"],
)
def test_cubic_splines_through_places_that_move(ends):
    agrees(lambda x, y: CubicSpline(x, y, bc_type=ends)(AROUND), X, Y)


@pytest.mark.parametrize("n", [2, 3, 4])
@pytest.mark.parametrize("ends", ["not-a-knot", "natural", ("clamped", "not-a-knot")], ids=["knot", "natural", "mixed"])
def test_few_places(n, ends):
    agrees(lambda x: CubicSpline(x, Y[:n], bc_type=ends)(np.array([0.2, 0.8])), X[:n])


@pytest.mark.parametrize("n", [3, 5])
def test_periodic_splines(n):
    y = np.array([1.0, *Y[1 : n - 1], 1.0])
    agrees(lambda x: CubicSpline(x, y, bc_type="periodic")(AROUND), X[:n])


def test_conditions_at_the_ends_that_move():
    agrees(lambda a, b: CubicSpline(X, Y, bc_type=((1, a), (2, a * b)))(INSIDE), 0.7, -0.4)


def test_several_functions_along_another_axis_and_slopes():
    table = np.stack([Y, Y**2 + X])
    agrees(lambda x, y: CubicSpline(x, y, axis=1)(INSIDE, 1), X, table)


def test_integrals_derivatives_attributes_and_points_that_move_along():
    agrees(
        lambda x: np.array(
            [
                float(CubicSpline(x, Y).integrate(0.4, x[3])),
                CubicSpline(x, Y).derivative()(1.3),
                CubicSpline(x, Y).antiderivative()(1.3),
                CubicSpline(x, Y)(0.5 * (x[1] + x[2])),
                CubicSpline(x, Y).x[2] + CubicSpline(x, Y).c[1, 2],
            ]
        ),
        X,
    )


def test_coefficients_of_a_spline_through_data_that_move():
    agrees(lambda y: CubicSpline(X, y).c[:2], Y)


@pytest.mark.parametrize(
    "make",
    [
        PchipInterpolator,
        Akima1DInterpolator,
        lambda x, y: Akima1DInterpolator(x, y, method="makima"),
        lambda x, y: CubicHermiteSpline(x, y, y**2),
        lambda x, y: interp1d(x, y, kind="cubic"),
        interp1d,
    ],
    ids=["pchip", "akima", "makima", "hermite", "interp1d-cubic", "interp1d"],
)
def test_other_interpolants(make):
    agrees(lambda x, y: make(x, y)(INSIDE), X, Y)


def test_lines_beyond_their_ends():
    agrees(lambda x, y: interp1d(x, y, fill_value="extrapolate")(AROUND), X, Y)
    agrees(lambda x, y: interp1d(x, y, bounds_error=False, fill_value=(y[0], y[-1]))(AROUND), X, Y)
    agrees(lambda fill: interp1d(X, Y, bounds_error=False, fill_value=fill)(AROUND), 0.7)


def test_lines_between_places_that_are_not_sorted():
    agrees(lambda x, y: interp1d(x, y)(INSIDE), X[::-1].copy(), Y)


def test_a_path_by_its_arc_length():
    def walked(path):
        s = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
        return interp1d(s, path, axis=0)(np.linspace(0.1, 2.0, 4))

    agrees(walked, np.column_stack([X, Y]))


def test_second_derivatives_by_the_places():
    def f(x):
        return CubicSpline(x, Y, bc_type="natural")(1.4) ** 2

    hessian = gw.hessian(f, method="exact")(X)
    want = gw.numerical.jacobian(gw.grad(f, method="exact"), X)
    np.testing.assert_allclose(hessian, want.value, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(hessian, hessian.T, rtol=1e-9, atol=1e-9)


def test_what_is_not_followed_says_so():
    for f in (
        lambda x: interp1d(x, Y, kind="zero")(INSIDE)[0],
        lambda x: PPoly([0 * x, 0 * x], np.arange(6.0)).roots()[0],
    ):
        with pytest.raises(gw.TracingError, match="no derivative rule"):
            gw.grad(f, method="exact")(X)


def test_a_query_at_a_place_is_a_kink_of_lines():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(gw.KinkWarning):
            gw.grad(lambda x: float(interp1d(x, Y)(2.2)), method="exact")(X)
