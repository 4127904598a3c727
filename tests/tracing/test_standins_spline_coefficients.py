"""BSpline and PPoly of traced coefficients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import scipy.interpolate as si
from test_standins_interpolation import scalar

import gradwise as gw

if TYPE_CHECKING:
    from collections.abc import Callable

C = np.array([0.3, -0.7, 1.2, 0.5, 2.1, -1.4])
KNOTS = np.array([0.0, 0.0, 0.0, 0.0, 0.3, 0.6, 1.0, 1.0, 1.0, 1.0])
BREAKS = np.array([0.0, 1.0, 2.0, 3.0])
POINTS = np.array([0.1, 0.4, 0.65])

LINEAR: dict[str, Callable[..., Any]] = {
    "spline": lambda c: si.BSpline(KNOTS, c, 3)(np.array([-0.1, 0.4, 0.6, 1.2])),
    "spline by names": lambda c: si.BSpline(t=KNOTS, c=c, k=3, extrapolate=False)(POINTS),
    "spline, periodic": lambda c: si.BSpline(KNOTS, c, 3, extrapolate="periodic")(np.array([0.4, 1.3])),
    "spline along an axis": lambda c: si.BSpline(KNOTS, np.stack([c, 2 * c]), 3, axis=1)(POINTS),
    "spline of a list": lambda c: si.BSpline(KNOTS, list(c), 3)(0.4),
    "more coefficients than needed": lambda c: si.BSpline(KNOTS, np.concatenate([c, [0.0, 0.0]]), 3)(POINTS),
    "derivative": lambda c: si.BSpline(KNOTS, c, 3).derivative()(POINTS) + si.BSpline(KNOTS, c, 3)(POINTS, 2),
    "antiderivative": lambda c: si.BSpline(KNOTS, c, 3).antiderivative()(POINTS),
    "integral": lambda c: si.BSpline(KNOTS, c, 3).integrate(0.1, 0.9),
    "splev": lambda c: si.splev(POINTS, si.BSpline(KNOTS, c, 3)),
    "polynomials": lambda c: si.PPoly(c.reshape(2, 3), BREAKS)(np.array([-0.2, 0.5, 1.5, 3.3])),
    "polynomials, periodic": lambda c: si.PPoly(c.reshape(2, 3), BREAKS, extrapolate="periodic")(np.array([0.5, 4.5])),
    "polynomials along an axis": lambda c: si.PPoly(np.stack([c.reshape(2, 3)] * 2), BREAKS, axis=1)(POINTS),
    "polynomials with columns": lambda c: si.PPoly(np.stack([c.reshape(2, 3)] * 2, axis=2), BREAKS)(POINTS),
    "their derivative": lambda c: si.PPoly(c.reshape(2, 3), BREAKS).derivative()(1.5),
    "their integral": lambda c: (
        si.PPoly(c.reshape(2, 3), BREAKS).integrate(0.5, 2.5) + si.PPoly(c.reshape(2, 3), BREAKS).antiderivative()(1.5)
    ),
}


@pytest.mark.parametrize("name", LINEAR)
def test_linear_in_the_coefficients(name: str) -> None:
    def f(c: Any) -> Any:
        return scalar(LINEAR[name](c))

    pulled = gw.value_and_grad(f, method="exact")
    expected = np.array([f(e) for e in np.eye(6)])  # a linear map is known from unit vectors
    for c in (C, C, C[::-1] * 1.1):
        value, gradient = pulled(c)
        np.testing.assert_allclose(value, f(c.copy()), rtol=1e-13)
        np.testing.assert_allclose(gradient, expected, rtol=1e-10, atol=1e-12)


def test_coefficients_and_points_together() -> None:
    def f(c: Any) -> Any:
        s = si.BSpline(KNOTS, c, 3)
        assert isinstance(s, si.BSpline)
        return s(0.1 + 0.1 * c[0] ** 2) * s(0.7)

    s = si.BSpline(KNOTS, C, 3)
    basis = np.array([si.BSpline(KNOTS, e, 3)(np.array([0.1 + 0.1 * C[0] ** 2, 0.7])) for e in np.eye(6)])
    u = 0.1 + 0.1 * C[0] ** 2
    expected = basis[:, 0] * s(0.7) + s(u) * basis[:, 1]
    expected[0] += s(u, 1) * 0.2 * C[0] * s(0.7)
    np.testing.assert_allclose(gw.grad(f, method="exact")(C), expected, rtol=1e-11)
    hessian = gw.hessian(f, method="exact")(C)
    np.testing.assert_allclose(hessian, hessian.T, rtol=1e-10, atol=1e-12)


def test_what_raises() -> None:
    for f in (
        lambda c: si.BSpline(np.sort(np.concatenate([[0.0] * 4, c[:2] ** 2, [1.0] * 4])), c, 3)(0.4),
        lambda c: si.PPoly(c.reshape(2, 3), np.cumsum(c**2)[:4])(1.5),
        lambda c: si.PPoly.from_spline(si.BSpline(KNOTS, c, 3))(0.4),
    ):
        with pytest.raises(gw.TracingError):
            gw.grad(f, method="exact")(C)
    with pytest.raises(ValueError, match="Knots"):
        gw.grad(lambda c: si.BSpline(KNOTS[::-1], c, 3)(0.4), method="exact")(C)
