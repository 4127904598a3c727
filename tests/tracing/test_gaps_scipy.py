"""SciPy's functions that used to raise: special functions by their order or exponent, spectrograms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mpmath
import numpy as np
import pytest
import scipy
from closing import closes

import gradwise as gw

if TYPE_CHECKING:
    from collections.abc import Callable

special: Any = scipy.special
ORDERS = np.array([0.3, 0.6, 1.7])
MP: dict[str, Callable[[Any, float], Any]] = {
    "kv": mpmath.besselk,
    "iv": mpmath.besseli,
    "jv": mpmath.besselj,
    "yv": mpmath.bessely,
    "kve": lambda v, x: mpmath.besselk(v, x) * mpmath.exp(x),
    "ive": lambda v, x: mpmath.besseli(v, x) * mpmath.exp(-x),
}


@pytest.mark.parametrize("x", [0.05, 0.7, 2.0, 9.0])
@pytest.mark.parametrize("name", MP)
def test_bessel_functions_by_their_order(name: str, x: float) -> None:
    """Against mpmath's derivative, with 40 digits."""
    function = getattr(special, name)
    found = np.diag(gw.jacobian(lambda v: function(v, x), method="exact")(ORDERS))
    with mpmath.workdps(40):
        expected = [float(mpmath.diff(lambda v: MP[name](v, mpmath.mpf(x)), v)) for v in ORDERS]
        curved = float(mpmath.diff(lambda v: MP[name](v, mpmath.mpf(x)), ORDERS[1], 2))
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12 * np.max(np.abs(expected)))
    second = gw.derivative(lambda v: function(v, x), order=2, method="exact")(float(ORDERS[1]))
    np.testing.assert_allclose(second, curved, rtol=1e-8, atol=1e-10)


def test_order_and_argument_together() -> None:
    for name in MP:
        closes(lambda p, name=name: getattr(special, name)(p[:2], p[2:]), [0.3, 2.5, 0.8, 3.1])


def test_whole_orders() -> None:
    """K is even in its order: no slope at 0."""
    assert abs(gw.grad(lambda v: special.kv(v, 1.5), method="exact")(0.0)) < 1e-15
    closes(lambda v: special.jv(v, 1.5), [0.0, 1.0, 2.0])


def test_a_covariance_of_matern_by_its_smoothness() -> None:
    def matern(p: Any) -> Any:
        nu, r = p[0], np.sqrt(2 * p[0]) * p[1]
        return 2 ** (1 - nu) / special.gamma(nu) * r**nu * special.kv(nu, r)

    closes(matern, [1.5, 0.7])


def test_zeta_by_its_exponent() -> None:
    points = np.array([0.5, -0.5, 1.5, 2.0, 5.0, 20.0])
    found = np.diag(gw.jacobian(special.zeta, method="exact")(points))
    with mpmath.workdps(40):
        expected = [float(mpmath.zeta(mpmath.mpf(s), derivative=1)) for s in points]
    np.testing.assert_allclose(found, expected, rtol=1e-11)
    np.testing.assert_allclose(gw.grad(special.zetac, method="exact")(3.0), float(mpmath.zeta(3, derivative=1)))
    closes(lambda p: special.zeta(p[:2], p[2:]), [1.5, 3.0, 0.2, 7.0])


def test_a_formula_that_does_not_hold_is_not_used() -> None:
    """Orders far beyond the argument cancel."""
    with pytest.raises(gw.TracingError, match="its order"):
        gw.grad(lambda v: special.yv(v, 300.0), method="exact")(2.5)


def test_another_point_gets_its_own_nodes() -> None:
    slope = gw.grad(lambda v: special.kv(v[0], v[1]), method="exact")
    for v, x in ((0.5, 1.0), (3.0, 0.01), (0.2, 40.0)):
        with mpmath.workdps(40):
            expected = [
                float(mpmath.diff(lambda v: mpmath.besselk(v, x), v)),  # noqa: B023
                float(mpmath.diff(lambda x: mpmath.besselk(v, x), x)),  # noqa: B023
            ]
        np.testing.assert_allclose(slope(np.array([v, x])), expected, rtol=1e-10)


def test_spectrograms() -> None:
    x = np.array([1.3, 0.7, 2.1, 0.4, 1.9, 3.2])
    closes(lambda x: scipy.signal.spectrogram(np.tile(x, 4), nperseg=8)[2], x, second=False)


def test_windows_that_may_be_written_to_are_read() -> None:
    def f(x: Any) -> Any:
        w = np.lib.stride_tricks.sliding_window_view(x, 2, writeable=True)
        return np.sum(w[:, 0] * w[:, 1])

    np.testing.assert_allclose(gw.grad(f, method="exact")(np.array([1.0, 2.0, 3.0])), [2.0, 4.0, 2.0])

    def writes(x: Any) -> Any:
        np.lib.stride_tricks.sliding_window_view(x * 1.0, 2, writeable=True)[0, 0] = 5.0
        return np.sum(x)

    with pytest.raises(ValueError, match="read-only"):
        gw.grad(writes, method="exact")(np.array([1.0, 2.0, 3.0]))
