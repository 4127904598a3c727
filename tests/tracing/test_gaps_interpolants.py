"""Interpolants that used to raise: steps and splines of any degree between places that move, polynomials by Bernstein's basis, and the places where an interpolant of traced data has a value."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.interpolate as si
from closing import closes

import gradwise as gw

X = np.array([0.1, 0.8, 1.6, 2.2, 3.4])
Y = np.array([1.0, -0.4, 0.6, 2.0, 0.3])
MORE = np.linspace(0.0, 1.0, 8) ** 1.3 * 3
INSIDE = np.array([0.2, 1.75, 3.1])
BERNSTEIN = np.array([[1.0, 2.0], [-0.3, -4.0], [2.0, 1.0]])
POWERS = np.array([1.0, -0.8])


@pytest.mark.parametrize("kind", ["nearest", "nearest-up", "previous", "next"])
def test_steps_between_places_that_move(kind: str) -> None:
    closes(lambda x: si.interp1d(x, x**2, kind=kind)(INSIDE), X)
    closes(lambda x: si.interp1d(x, Y, kind=kind)(INSIDE) * x[:3], X)
    closes(lambda x: si.interp1d(x, x * Y, kind, bounds_error=False, fill_value=x[1])([-4.0, 1.0, 9.0]), X)


@pytest.mark.parametrize("kind", ["nearest", "previous", "next"])
def test_a_step_that_moved_past_the_point_is_another_step(kind: str) -> None:
    """A program that is proved and kept chooses anew at other places."""

    def f(x: Any) -> Any:
        return np.sum(si.interp1d(x, x**2, kind=kind)(INSIDE))

    gradient = gw.grad(f, method="exact")
    for shift in (0.0, 0.05, 0.1, -0.1, 0.84, -0.84):
        x = X + shift * np.array([0.0, 1.0, 1.0, 1.0, 0.0]) * 0.5
        steps = np.array([(f(x + e) - f(x - e)) / 2e-6 for e in 1e-6 * np.eye(5)])
        np.testing.assert_allclose(gradient(x), steps, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize(("k", "x"), [(1, X), (2, X), (3, X), (4, MORE), (5, MORE)])
def test_splines_of_a_degree_through_places_that_move(k: int, x: np.ndarray) -> None:
    points = [0.37, 1.85, 2.6]
    closes(lambda x: si.make_interp_spline(x, np.sin(x), k)(points), x)
    closes(lambda x: si.interp1d(x, np.sin(x), k)(points), x)
    closes(lambda x: si.make_interp_spline(x, np.outer(np.cos(x), [1.0, 2.0]), k)(points), x, second=False)


CONDITIONS: dict[str, Any] = {
    "natural": lambda x: "natural",
    "clamped": lambda x: "clamped",
    "given": lambda x: ([(1, x[0])], [(2, 0.5)]),
}


@pytest.mark.parametrize("name", CONDITIONS)
def test_conditions_at_the_ends(name: str) -> None:
    closes(lambda x: si.make_interp_spline(x, Y, bc_type=CONDITIONS[name](x))([0.3, 3.0]), X)


@pytest.mark.slow
def test_what_is_done_with_such_a_spline() -> None:
    closes(lambda x: si.make_interp_spline(x, np.sin(x)).derivative()([0.37, 2.6]), X)
    closes(lambda x: si.make_interp_spline(x, np.sin(x)).antiderivative()([0.37, 2.6]), X)
    closes(lambda x: si.make_interp_spline(x, np.sin(x)).integrate(0.3, 1.9), X)
    closes(lambda x: si.make_interp_spline(x, np.sin(x))(x[1] + 0.3, 2), X, second=False)
    closes(lambda x: si.splev([0.37, 2.6], si.make_interp_spline(x, np.sin(x))), X, second=False)
    np.testing.assert_array_equal(
        gw.jacobian(lambda x: si.make_interp_spline(x, Y).t, method="exact")(X), np.eye(5)[[0] * 4 + [2] + [4] * 4]
    )


def test_knots_that_are_given_stay_plain() -> None:
    t = si.make_interp_spline(X, Y).t
    with pytest.raises(gw.TracingError, match="no derivative rule"):
        gw.grad(lambda x: si.make_interp_spline(x, Y, t=t)(1.7), method="exact")(X)


def test_polynomials_by_bernstein_coefficients() -> None:
    breaks = [0.0, 1.0, 2.5]
    closes(lambda c: si.BPoly(c, breaks)([0.2, 1.4, 3.0]), BERNSTEIN)
    closes(lambda c: si.BPoly(c, breaks)(1.4, 2), BERNSTEIN)
    closes(lambda c: si.BPoly(c, breaks).derivative()(1.4), BERNSTEIN)
    closes(lambda c: si.BPoly(c, breaks).integrate(0.2, 1.4), BERNSTEIN)


@pytest.mark.slow
def test_roots_of_traced_data() -> None:
    closes(lambda y: si.CubicSpline(X, y).roots(extrapolate=False), Y, h=1e-4, rtol=1e-6)
    closes(lambda y: si.CubicSpline(X, y).solve(y[0] / 3, extrapolate=False), Y, h=1e-4, rtol=1e-6)
    closes(lambda x: si.CubicSpline(x, Y).roots(extrapolate=False), X, h=1e-4, rtol=1e-6)


def test_a_root_by_its_closed_form() -> None:
    """x² = -c₁/c₀ on one piece."""

    def root(c: Any) -> Any:
        return si.PPoly(np.stack([c[:1], 0 * c[:1], c[1:]]), [0.0, 2.0]).roots(extrapolate=False)[0]

    r = np.sqrt(0.8)
    np.testing.assert_allclose(gw.grad(root, method="exact")(POWERS), [-0.4 / r, -0.5 / r], rtol=1e-13)
    gradient = gw.grad(root, method="exact")
    for c1 in (-0.8, -0.9, -1.7, -0.2):  # a program for one point is not used for another
        r = np.sqrt(-c1)
        np.testing.assert_allclose(gradient(np.array([1.0, c1])), [c1 / (2 * r), -0.5 / r], rtol=1e-13)


def test_jumps_that_are_no_roots_are_refused() -> None:
    c = np.array([[1.0, 1.0], [-1.5, 0.5]])  # from -0.5 to 0.5 at 1
    with pytest.raises(gw.TracingError, match="no derivative rule"):
        gw.jacobian(lambda c: si.PPoly(c, [0.0, 1.0, 2.0]).roots(extrapolate=False), method="exact")(c)


PLACES = np.random.default_rng(3).random((14, 2))
LINEAR_IN_DATA: dict[str, Any] = {
    "griddata, cubic": lambda v: si.griddata(PLACES, v, [[0.4, 0.5], [0.55, 0.45]], method="cubic"),
    "griddata, cubic along a line": lambda v: si.griddata(np.arange(14.0), v, [1.3, 7.7], method="cubic"),
    "CloughTocher2DInterpolator": lambda v: si.CloughTocher2DInterpolator(PLACES, v)(0.4, 0.5),
}
if hasattr(si, "FloaterHormannInterpolator"):
    LINEAR_IN_DATA["FloaterHormannInterpolator"] = lambda v: si.FloaterHormannInterpolator(np.arange(14.0), v, d=3)(
        [1.3, 7.7]
    )


@pytest.mark.parametrize("name", LINEAR_IN_DATA)
def test_what_is_linear_in_its_data(name: str) -> None:
    """A linear map is its own derivative; SciPy's iteration for the gradients stops at 1e-6."""
    f = LINEAR_IN_DATA[name]
    v, u = np.sin(3 * PLACES[:, 0]) + PLACES[:, 1] ** 2, np.cos(5 * PLACES[:, 1])
    value, tangent = gw.jvp(f, (v,), (u,), method="exact")
    np.testing.assert_array_equal(value, f(v))
    np.testing.assert_allclose(tangent, f(u), rtol=3e-6, atol=3e-6)
    pulled = gw.grad(lambda v: np.sum(f(v)), method="exact")(v)
    np.testing.assert_allclose(pulled @ u, np.sum(tangent), rtol=1e-12)
