"""Local models: the tangent plane and the quadratic model of a function at a point (Taylor polynomials of degree 1 and 2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from gradwise.errors import InputError, SingularPointError
from gradwise.geometry.classification import plain
from gradwise.geometry.flat_function import FlatFunction

__all__ = ["QuadraticModel", "TangentPlane", "quadratic_model", "tangent_plane"]


@dataclass(eq=False, repr=False)
class TangentPlane:
    """The linear model of a function at a point: y ↦ f(x) + ∇f(x)·(y − x).  Call it to evaluate it.

    Attributes
    ----------
    point, gradient : ndarray of shape (n,)
    value : float
        f at the point.
    """

    point: np.ndarray
    value: float
    gradient: np.ndarray
    _function: FlatFunction | None = field(default=None, compare=False)

    @property
    def normal(self) -> np.ndarray:
        """The unit normal of the plane in R^(n+1), pointing up: (−∇f, 1)/√(1 + ‖∇f‖²)."""
        normal = np.append(-self.gradient, 1.0)
        return normal / np.linalg.norm(normal)

    def __call__(self, *y: Any) -> Any:
        """The model at points of shape (..., n), or at n coordinates."""
        step = _points(y, self.point) - self.point
        return self.value + step @ self.gradient

    def __repr__(self) -> str:
        return (
            f"TangentPlane(value={self.value:.6g}, gradient={np.array2string(self.gradient, precision=4, threshold=8)})"
        )

    def to_dict(self) -> dict[str, Any]:
        """Every field as plain Python."""
        return {item.name: plain(getattr(self, item.name)) for item in fields(self) if not item.name.startswith("_")}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_function": None}  # a pickled model should not need the function's module

    def plot(self, xlim: Any = None, ylim: Any = None, ax: Any = None) -> Any:
        """Draw the surface of a function of two variables with this plane, and return the (3-D) axes."""
        from gradwise.plotting.surface import surface

        return surface(_of_two(self), *_window(self.point, xlim, ylim), ax=ax, tangent_at=self.point)


@dataclass(eq=False, repr=False)
class QuadraticModel(TangentPlane):
    """The quadratic model of a function at a point: y ↦ f(x) + ∇f·s + ½ sᵀHs, s = y − x.  Call it to evaluate it.

    Attributes
    ----------
    point, gradient : ndarray of shape (n,)
    value : float
    hessian : ndarray of shape (n, n)
    """

    hessian: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))

    def __call__(self, *y: Any) -> Any:
        """The model at points of shape (..., n), or at n coordinates."""
        step = _points(y, self.point) - self.point
        return self.value + step @ self.gradient + 0.5 * np.einsum("...i,ij,...j->...", step, self.hessian, step)

    @property
    def newton_step(self) -> np.ndarray:
        """The step s = −H⁻¹∇f to the stationary point of the model.

        Raises
        ------
        SingularPointError
            If the Hessian is singular to rounding, so that there is no single stationary point.
        """
        with np.errstate(all="ignore"):
            singular = np.linalg.svd(self.hessian, compute_uv=False)
        if singular[-1] <= singular.size * np.finfo(float).eps * singular[0]:
            raise SingularPointError(
                f"the Hessian of the quadratic model at {self.point} is singular. An invertible one is required. "
                f"Use numpy.linalg.lstsq(model.hessian, -model.gradient) for the shortest of the steps"
            )
        return np.linalg.solve(self.hessian, -self.gradient)

    @property
    def stationary_point(self) -> np.ndarray:
        """The point at which the model's gradient vanishes."""
        return self.point + self.newton_step

    def __repr__(self) -> str:
        return (
            super().__repr__().replace("TangentPlane", "QuadraticModel")[:-1]
            + f", hessian of shape {self.hessian.shape})"
        )

    def plot(self, direction: Any = None, limits: Any = None, ax: Any = None) -> Any:
        """Draw the function along a direction (the gradient's if omitted) with its tangent and this model."""
        from gradwise.plotting.line_slice import line_slice

        function = self._function
        if function is None:
            raise _no_function("QuadraticModel")
        return line_slice(function.f, function.x, direction, limits, ax=ax)


def tangent_plane(f: Callable[..., Any], x: Any, *, method: str = "auto") -> TangentPlane:
    """The tangent plane of the graph of f at x, z = f(x) + ∇f(x)·(y − x), as a function of y.

    Parameters
    ----------
    f : callable
        f(v), f(x, y, …) or f of a container; returns one real number.
    x : array_like or container
        The point.
    method : str
        As for `gradwise.grad`.

    Returns
    -------
    TangentPlane
        Call it with points of shape (..., n) or with n coordinates.

    Examples
    --------
    >>> import gradwise as gw
    >>> plane = gw.geometry.tangent_plane(lambda x, y: x**2 + y**2, (1.0, 2.0))
    >>> float(plane(1.5, 2.0))
    6.0
    """
    function = FlatFunction(f, x, "geometry.tangent_plane", method)
    value, gradient = function.value_and_gradient(function.point)
    return TangentPlane(function.point, value, gradient, function)


def quadratic_model(f: Callable[..., Any], x: Any, *, method: str = "auto") -> QuadraticModel:
    """The quadratic model of f at x, f(x) + ∇f·s + ½ sᵀHs with s = y − x, as a function of y.

    Parameters
    ----------
    f : callable
        f(v), f(x, y, …) or f of a container; returns one real number.
    x : array_like or container
        The point.
    method : str
        As for `gradwise.grad`.

    Returns
    -------
    QuadraticModel
        Its error is of third order in ‖s‖.

    Examples
    --------
    >>> import gradwise as gw
    >>> model = gw.geometry.quadratic_model(lambda x, y: x**2 + x * y + y**2, (1.0, 2.0))
    >>> float(model(3.0, -1.0)), model.stationary_point
    (7.0, array([0., 0.]))
    """
    function = FlatFunction(f, x, "geometry.quadratic_model", method)
    value, gradient = function.value_and_gradient(function.point)
    return QuadraticModel(function.point, value, gradient, function, function.hessian(function.point))


def _points(y: tuple[Any, ...], point: np.ndarray) -> np.ndarray:
    """What a model was called with, as an array of shape (..., n)."""
    n = point.size
    if len(y) == n and n > 1:
        points = np.stack(np.broadcast_arrays(*[np.asarray(entry, dtype=np.float64) for entry in y]), axis=-1)
    elif len(y) == 1:
        points = np.asarray(y[0], dtype=np.float64)
        if points.ndim == 0:
            points = points[np.newaxis]
    else:
        raise InputError(
            f"a model of {n} variables was called with {len(y)} arguments. One array, or {n} numbers, are required"
        )
    if points.shape[-1] != n:
        raise InputError(
            f"a model of {n} variables was called with an array of shape {points.shape}. A last axis of length {n} is required"
        )
    return points


def _of_two(model: TangentPlane) -> Callable[..., Any]:
    if model._function is None:  # noqa: SLF001 - its own field
        raise _no_function("TangentPlane")
    if model.point.size != 2:
        raise InputError(
            f"plot() of a tangent plane in {model.point.size} variables. Two variables are required. "
            f"Use gw.plot.line_slice(f, x, direction) for a slice with its tangent"
        )
    return model._function.f  # noqa: SLF001


def _window(point: np.ndarray, xlim: Any, ylim: Any) -> tuple[Any, Any]:
    return tuple((c - 1, c + 1) if limits is None else limits for c, limits in zip(point, (xlim, ylim)))  # type: ignore[return-value]


def _no_function(kind: str) -> InputError:
    return InputError(
        f"plot() was called on a {kind} without its function (built from numbers, or pickled). Its function is drawn as well. "
        f"Make it with gw.geometry.quadratic_model(f, x) or tangent_plane(f, x)"
    )
