"""The functions of ``numpy.polynomial`` on traced coefficients, points, values and roots."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import gradwise as gw

if TYPE_CHECKING:
    from collections.abc import Callable

X = np.array([0.3, -0.7, 1.2, 0.5, 2.1, -1.4])
CUBE = np.arange(8.0).reshape(2, 2, 2)
FAMILIES = {
    "polynomial": "poly", "chebyshev": "cheb", "legendre": "leg", "hermite": "herm", "hermite_e": "herme", "laguerre": "lag",
}  # fmt: skip


def weighed(z: Any) -> Any:
    """One number that sees every entry."""
    return np.sum(np.real(z) * np.cos(1.0 + np.arange(np.size(z))).reshape(np.shape(z)))


def differences(f: Callable[..., Any], x: np.ndarray, h: float = 1e-4) -> np.ndarray:
    def slope(e: np.ndarray, h: float) -> Any:
        return (f(x + h * e) - f(x - h * e)) / (2 * h)

    return np.array([(4 * slope(e, h / 2) - slope(e, h)) / 3 for e in np.eye(x.size)])


def agrees(f: Callable[..., Any], x: np.ndarray = X) -> None:
    pulled = gw.value_and_grad(f, method="exact")
    for point in (x, x, x * 1.05 + 0.01):
        value, gradient = pulled(point)
        np.testing.assert_allclose(value, f(point.copy()), rtol=1e-12)
        expected = differences(f, point)
        np.testing.assert_allclose(gradient, expected, rtol=1e-7, atol=1e-8 * np.max(np.abs(expected)))


CASES: dict[str, Callable[..., Any]] = {
    "der": lambda f, x: f("der")(x, 2),
    "der axis": lambda f, x: f("der")(x.reshape(2, 3), axis=1),
    "int": lambda f, x: f("int")(x, 2, [1.0, 2.0], 0.5),
    "int axis": lambda f, x: f("int")(x.reshape(3, 2)),
    "add": lambda f, x: f("add")(x[:3], x[2:]),
    "sub": lambda f, x: f("sub")(x[:3], [1.0, 2.0, 3.0, 4.0]),
    "mul": lambda f, x: f("mul")(x[:3], x[2:]),
    "mulx": lambda f, x: f("mulx")(x),
    "pow": lambda f, x: f("pow")(x[:3], 3),
    "fromroots": lambda f, x: f("fromroots")(x[:4]),
    "vander": lambda f, x: f("vander")(x, 3),
    "vander of a number": lambda f, x: f("vander")(x[0], 3),
    "vander2d": lambda f, x: f("vander2d")(x[:3], x[3:], [1, 2]),
    "vander3d": lambda f, x: f("vander3d")(x[:2], x[2:4], x[4:], [1, 2, 1]),
    "val2d": lambda f, x: f("val2d")(x[:2], x[2:4], x.reshape(2, 3)),
    "val3d": lambda f, x: f("val3d")(x[0], x[1], x[2], CUBE),
    "grid2d": lambda f, x: f("grid2d")(x[:2], x[1:], CUBE.reshape(4, 2)),
    "grid3d": lambda f, x: f("grid3d")(x[:2], x[1:], x[:1], CUBE),
    "fit": lambda f, x: f("fit")(np.linspace(-1, 1, 6), x, 2, w=np.arange(1.0, 7.0)),
    "fit of columns": lambda f, x: f("fit")(np.linspace(-1, 1, 3), x.reshape(3, 2), [0, 2]),
    "roots": lambda f, x: np.sort(f("roots")(np.array([-1.3, -0.4, 2.1]) * (1 + 0.01 * x[:3]))),
    "trim": lambda f, x: f("trim")(x),
}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("case", CASES)
def test_function(family: str, case: str) -> None:
    module = importlib.import_module(f"numpy.polynomial.{family}")
    agrees(lambda x: weighed(CASES[case](lambda name: getattr(module, FAMILIES[family] + name), x)))


@pytest.mark.parametrize("family", [name for name in FAMILIES if name != "polynomial"])
def test_conversions(family: str) -> None:
    module, name = importlib.import_module(f"numpy.polynomial.{family}"), FAMILIES[family]
    agrees(lambda x: weighed(getattr(module, f"{name}2poly")(x)))
    agrees(lambda x: weighed(getattr(module, f"poly2{name}")(x)))


@pytest.mark.parametrize("family", FAMILIES)
def test_values_at_points_of_any_number_of_axes(family: str) -> None:
    module = importlib.import_module(f"numpy.polynomial.{family}")
    value = getattr(module, FAMILIES[family] + "valnd", None)
    if value is None:
        pytest.skip("NumPy has these functions from 2.5 on")
    agrees(lambda x: weighed(value((x[0], x[1], x[2]), CUBE)))
    agrees(lambda x: weighed(value(x.reshape(2, 3), x.reshape(2, 3))))
    agrees(lambda x: weighed(value([x[:2], x[2:4]], np.arange(6.0).reshape(2, 3))))


def test_zeros_at_the_end_are_left_out_where_they_are_zero() -> None:
    P = np.polynomial.polynomial

    def product(x: Any) -> Any:
        c = P.polymul(x[:3], x[3:])
        return np.sum(c**2) + 10.0 * len(c)

    def total(x: Any) -> Any:
        c = P.polysub(x[:3], x[3:])
        return np.sum(c**2) + 10.0 * len(c)

    zero = np.array([1.0, 2.0, 0.0, 1.0, 3.0, 1.0])
    same = np.array([1.0, 2.0, 1.0, 3.0, 1.0, 1.0])
    for f, points in ((product, (zero, X, zero)), (product, (X, zero, X)), (total, (same, X, same))):
        pulled = gw.value_and_grad(f, method="exact")
        for point in points:
            value, _ = pulled(point)
            assert value == pytest.approx(f(point), rel=1e-13)


def test_traced_points_weights_and_options() -> None:
    P, C = np.polynomial.polynomial, np.polynomial.chebyshev
    for f in (
        lambda x: P.polyfit(x, X**2, 2),
        lambda x: C.chebfit(np.arange(6.0), X, 2, w=x**2),
        lambda x: C.chebfit(np.arange(6.0), x, 2, full=True)[0],
        lambda x: P.polyint(X, 1, [x[0]]),
    ):
        agrees(lambda x, f=f: weighed(f(x)))


def test_what_raises() -> None:
    P = np.polynomial.polynomial
    with pytest.raises(ValueError, match="order of derivation"):
        gw.grad(lambda x: np.sum(P.polyder(x, -1)), method="exact")(X)
