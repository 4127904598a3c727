"""``scipy.stats.gaussian_kde`` of traced data or weights, or at traced points: its own formula, with SciPy's value.

f(p) = Σ w_i exp(−|L⁻¹(p − d_i)|²/2) / ((2π)^(d/2) det L),   L Lᵀ = factor² · cov(data)
"""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.argument_places import in_place
from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.holders import standing_for
from gradwise.tracing.standins.recording import contains_traced, handed_over
from gradwise.tracing.standins.scipy_calling import with_value
from gradwise.tracing.standins.stacking import assembled
from gradwise.tracing.traced import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable


def _array(a: Any) -> Any:
    return assembled(a) if type(a) in {list, tuple} and contains_traced(a) else as_array(a)


@standing_for("plainly")
class TracedDensity:
    """What stands for a kernel density of traced data: the plain one, and the traced numbers behind it."""

    def __init__(self, dataset: Any, bw_method: Any = None, weights: Any = None) -> None:
        kind = sys.modules["scipy.stats"].gaussian_kde
        data = np.atleast_2d(_array(dataset))
        self.weights = None if weights is None else _array(weights)
        width = plain(bw_method) if isinstance_traced(bw_method) else bw_method
        self.plainly = kind(
            np.asarray(plain(data)), width, None if weights is None else np.asarray(plain(self.weights))
        )
        self.dataset = data
        self.width = bw_method
        self.d, self.n = data.shape

    @property  # type: ignore[misc]  # answers isinstance as the plain one would
    def __class__(self) -> type:
        return sys.modules["scipy.stats"].gaussian_kde

    def _shares(self) -> Any:
        if self.weights is None:
            return np.full(self.n, 1.0 / self.n)
        return self.weights / np.sum(self.weights)

    @property
    def neff(self) -> Any:
        """The number of data that the weights amount to."""
        return 1.0 / np.sum(self._shares() ** 2)

    @property
    def factor(self) -> Any:
        """The width of the kernels."""
        if isinstance_traced(self.width) or isinstance(self.width, (int, float)):
            return self.width
        if self.width in (None, "scott"):
            return self.neff ** (-1.0 / (self.d + 4))
        if self.width == "silverman":
            return (self.neff * (self.d + 2.0) / 4.0) ** (-1.0 / (self.d + 4))
        return self.plainly.factor

    @property
    def covariance(self) -> Any:
        """That of the kernels."""
        return np.atleast_2d(np.cov(self.dataset, rowvar=True, bias=False, aweights=self._shares())) * self.factor**2

    def logpdf(self, x: Any) -> Any:
        """The logarithm of the density."""
        points = self._points(x)
        value = self.plainly.logpdf(np.asarray(plain(points)))
        exponents, scale = self._kernels(points)
        top = np.asarray(plain(exponents)).max(axis=0)
        found = np.log(np.sum(self._shares()[:, None] * np.exp(exponents - top), axis=0)) + top - np.log(scale)
        return with_value(found, value)

    def evaluate(self, points: Any) -> Any:
        """The density."""
        points = self._points(points)
        value = self.plainly(np.asarray(plain(points)))
        exponents, scale = self._kernels(points)
        return with_value(np.sum(self._shares()[:, None] * np.exp(exponents), axis=0) / scale, value)

    pdf = __call__ = evaluate

    def _points(self, points: Any) -> Any:
        points = np.atleast_2d(_array(points))
        if points.shape[0] != self.d and points.shape[0] == 1 and points.shape[1] == self.d:
            points = np.reshape(points, (self.d, 1))
        return points

    def _kernels(self, points: Any) -> tuple[Any, Any]:
        factor = np.linalg.cholesky(self.covariance)
        away = np.reshape(points[:, None, :] - self.dataset[:, :, None], (self.d, -1))
        whitened = np.linalg.solve(factor, away)
        exponents = np.reshape(-0.5 * np.sum(whitened**2, axis=0), (self.n, -1))
        return exponents, (2 * math.pi) ** (self.d / 2) * np.prod(np.diagonal(factor))

    def integrate_box_1d(self, low: Any, high: Any) -> Any:
        """The probability of an interval."""
        value = self.plainly.integrate_box_1d(plain(low), plain(high))
        ndtr, width = sys.modules["scipy.special"].ndtr, np.sqrt(self.covariance[0, 0])
        parts = ndtr((high - self.dataset[0]) / width) - ndtr((low - self.dataset[0]) / width)
        return with_value(np.sum(self._shares() * parts), value)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise (
            self.dataset.tape.fail(
                f"gaussian_kde.{name} of traced data has no rule. evaluate, logpdf and integrate_box_1d have. Write it with these"
            )
            if isinstance_traced(self.dataset)
            else AttributeError(name)
        )


def gaussian_kde(dataset: Any, bw_method: Any = None, weights: Any = None) -> Any:
    """``scipy.stats.gaussian_kde``."""
    if any(map(contains_traced, (dataset, bw_method, weights))):
        return TracedDensity(dataset, bw_method, weights)
    (bw_method,), _ = handed_over((bw_method,), {})
    return sys.modules["scipy.stats"].gaussian_kde(dataset, bw_method, weights)


def _at_traced(name: str) -> Callable[..., Any]:
    def call(density: Any, *args: Any, **kwargs: Any) -> Any:
        (_, *args), _ = in_place(getattr(type(density), name), (density, *args), kwargs)
        if not any(map(contains_traced, args)):
            return getattr(type(density), name)(density, *args)
        return getattr(TracedDensity(density.dataset, float(density.factor), density.weights), name)(*args)

    call.__name__ = name
    call.__doc__ = f"``gaussian_kde.{name}`` at traced points."
    return call


def _late() -> dict[type, dict[str, Callable[..., Any]]]:
    kind = sys.modules["scipy.stats"].gaussian_kde
    return {kind: {name: _at_traced(name) for name in ("evaluate", "__call__", "pdf", "logpdf", "integrate_box_1d")}}


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {"scipy.stats": {"gaussian_kde": gaussian_kde}}
LATE_METHODS: dict[str, Callable[[], dict[type, dict[str, Callable[..., Any]]]]] = {"scipy.stats._kde": _late}
