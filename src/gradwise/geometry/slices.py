"""Slices: a function's values along a line, with its tangent and quadratic model, and on a grid of a plane.

    line_slice  : t ↦ f(x + t u)            plane_slice : (s, t) ↦ f on a plane

The function is called point by point, as its author wrote it.  Handing it whole grids would be quicker and is not safe: a function
of one point often accepts a grid and returns an array of the right shape with other numbers (a norm, a branch, a product with a
matrix).  A function that is written for arrays of points says so with ``vectorized=True``.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from gradwise.containers.signatures import signature_of
from gradwise.errors import InputError, OutputError
from gradwise.geometry.classification import plain
from gradwise.geometry.flat_function import FlatFunction
from gradwise.geometry.plane import Plane, around, limits_of, plane_through, values_text, window
from gradwise.operators.arguments import function_label
from gradwise.operators.points import required_parameters

__all__ = ["LineSlice", "PlaneSlice", "grid_of", "line_slice", "plane_and_limits", "plane_slice"]


@dataclass(eq=False, repr=False)
class LineSlice:
    """A function along a line, φ(t) = f(x + t u), with its linear and quadratic models at t = 0.

    Attributes
    ----------
    t, values : ndarray of shape (m,)
        Signed distances from the point and f there; nan where f is undefined.
    tangent, quadratic : ndarray of shape (m,)
        φ(0) + φ'(0) t, and with ½ φ''(0) t².
    point, direction : ndarray of shape (n,)
        x, and u of length 1.
    value, slope, curvature : float
        φ(0), φ'(0) = ∇f·u, φ''(0) = uᵀHu.
    label, through : str
        What t is, and the point by name, for a picture; "" in one variable.
    """

    t: np.ndarray
    values: np.ndarray
    tangent: np.ndarray
    quadratic: np.ndarray
    point: np.ndarray
    direction: np.ndarray
    value: float
    slope: float
    curvature: float
    label: str = "t"
    through: str = ""

    def __repr__(self) -> str:
        return f"LineSlice(value={self.value:.6g}, slope={self.slope:.6g}, curvature={self.curvature:.6g}, {self.t.size} points)"

    def to_dict(self) -> dict[str, Any]:
        """Every field as plain Python."""
        return {item.name: plain(getattr(self, item.name)) for item in fields(self)}

    def plot(self, ax: Any = None) -> Any:
        """Draw the slice with its tangent and quadratic model and return the axes."""
        from gradwise.plotting.line_slice import draw_line_slice

        return draw_line_slice(self, ax=ax)


@dataclass(eq=False, repr=False)
class PlaneSlice:
    """A function on a grid of a plane.

    Attributes
    ----------
    x, y : ndarray of shape (p,), (q,)
        The coordinates of the grid.
    values : ndarray of shape (q, p)
        f, with y along the first axis, as matplotlib draws it; nan where f is undefined.
    plane : Plane
        The plane, with the names of its coordinates.
    """

    x: np.ndarray
    y: np.ndarray
    values: np.ndarray
    plane: Plane

    def __repr__(self) -> str:
        low, high = (
            (np.nan, np.nan) if np.all(np.isnan(self.values)) else (np.nanmin(self.values), np.nanmax(self.values))
        )
        return f"PlaneSlice({self.x.size} × {self.y.size} points, values {low:.6g} to {high:.6g})"

    def to_dict(self) -> dict[str, Any]:
        """Every field as plain Python."""
        return {item.name: plain(getattr(self, item.name)) for item in fields(self)}

    def plot(self, ax: Any = None) -> Any:
        """Draw the contours and return the axes."""
        from gradwise.plotting.contour import draw_plane_slice

        return draw_plane_slice(self, ax=ax)


def line_slice(
    f: Callable[..., Any],
    x: Any,
    direction: Any = None,
    limits: Any = None,
    count: int = 201,
    *,
    method: str = "auto",
) -> LineSlice:
    r"""Cut f along a line through x, with its tangent and its quadratic model there.

    .. math:: \varphi(t) = f(x + t u) = f(x) + t\, \nabla f \cdot u + \tfrac12 t^2\, u^T H u + O(t^3)

    Parameters
    ----------
    f : callable
        f(v), f(x, y, …), f of a container or of one number; returns one real number.
    x : array_like or container
        The point.
    direction : array_like, optional
        The direction, flattened, of any length but 0; the gradient's if omitted (the axis for one variable).
    limits : pair of float, optional
        The range of t, signed distances from x; (−max(1, ‖x‖), max(1, ‖x‖)) if omitted.
    count : int
        How many points.
    method : str
        As for `gradwise.grad`.

    Raises
    ------
    InputError
        If the direction is zero, or omitted where the gradient is zero.

    Examples
    --------
    >>> import gradwise as gw
    >>> gw.geometry.line_slice(lambda x, y: x**2 * y, (1.0, 2.0), (1.0, 0.0))
    LineSlice(value=2, slope=4, curvature=4, 201 points)
    """
    function = FlatFunction(f, x, "geometry.line_slice", method)
    value, gradient = function.value_and_gradient(function.point)
    label = function.labels[0] if function.size == 1 else "t"
    if direction is None:
        direction = [1.0] if function.size == 1 else gradient
        label = label if function.size == 1 else "distance along ∇f"
    u = np.asarray(direction, dtype=np.float64).ravel()
    if u.size != function.size or not np.all(np.isfinite(u)) or not np.any(u):
        raise InputError(
            f"direction={direction!r} in gw.geometry.line_slice. A finite direction of {function.size} entries, not all 0, is required"
            + (
                ". The gradient is zero at the point: give a direction"
                if u.size == function.size and not np.any(u)
                else ""
            )
        )
    u = u / np.max(np.abs(u))
    u = u / np.linalg.norm(u)
    reach = max(1.0, float(np.linalg.norm(function.point)))
    low, high = limits_of((-reach, reach) if limits is None else limits, "limits")
    t = np.linspace(low, high, _count(count, "count"))
    values = np.array([function(function.point + step * u) for step in t])
    slope = float(gradient @ u)
    curvature = float(u @ function.hessian_vector(function.point, u))
    tangent = value + slope * t
    through = values_text(function.labels, function.point) if function.size > 1 else ""
    return LineSlice(
        t, values, tangent, tangent + curvature / 2 * t**2, function.point, u, value, slope, curvature, label, through
    )


def plane_slice(
    f: Callable[..., Any],
    xlim: Any = None,
    ylim: Any = None,
    count: int | tuple[int, int] = 101,
    *,
    point: Any = None,
    variables: Any = None,
    directions: Any = None,
    vectorized: bool = False,
) -> PlaneSlice:
    """Evaluate f on a grid: of its two variables, or of a plane through a point of more.

    Parameters
    ----------
    f : callable
        f(v), f(x, y, …) or f of a container; returns one real number.
    xlim, ylim : pair of float, optional
        The range of the two coordinates; around the point if omitted.
    count : int or pair of int
        The number of points along each.
    point : array_like or container, optional
        Where the plane passes, for more than two variables.  Without it the further numbers of an f(x, y, z, …) are held at 0.
    variables, directions : pairs, optional
        The plane: two variables by name or position (coordinates are their values), or two directions (coordinates are distances from
        the point); the first two variables if omitted.
    vectorized : bool
        f takes arrays: f(x, y) of two arrays, or f(v) with the variables along the first axis; one call serves the whole grid.

    Examples
    --------
    >>> import gradwise as gw
    >>> gw.geometry.plane_slice(lambda x, y: x**2 + y**2, (-1, 1), (-2, 2), 21)
    PlaneSlice(21 × 21 points, values 0 to 5)
    >>> cut = gw.geometry.plane_slice(lambda v: v @ v, point=[1.0, 0.0, 2.0], variables=(0, 2), count=21)
    >>> cut.plane.labels, cut.plane.held
    (('v[0]', 'v[2]'), 'v[1] = 0')
    """
    function, plane, xlim, ylim = plane_and_limits(f, xlim, ylim, point, variables, directions, "geometry.plane_slice")
    return grid_of(function, plane, xlim, ylim, count, vectorized=vectorized)


def plane_and_limits(
    f: Callable[..., Any],
    xlim: Any,
    ylim: Any,
    point: Any,
    variables: Any,
    directions: Any,
    operator: str,
    path: np.ndarray | None = None,
) -> tuple[FlatFunction, Plane, tuple[float, float], tuple[float, float]]:
    """What a picture of a plane needs: the function, the plane, the checked limits.

    Without a point the plane passes through the end of the path, if there is one; else f is a function of two variables, or, where its signature asks for more, the
    others are held at 0.  Limits that are not given lie around the path, or else around the point.
    """
    xlim = None if xlim is None else limits_of(xlim, "xlim")
    ylim = (
        xlim if ylim is None and path is None and point is None else None if ylim is None else limits_of(ylim, "ylim")
    )
    count = required_parameters(f) if callable(f) else None
    if point is None and path is not None and (path.shape[1] > 2 or (count or 0) <= 2):
        point = path[-1]
    if point is None:
        chosen = variables is not None or directions is not None
        if chosen and (count is None or count < 3):
            raise InputError(
                f"gw.{operator} was given {'variables' if directions is None else 'directions'}= and no point. The plane passes through a point. "
                f"Write point=x"
            )
        point = np.zeros(max(2, count or 2))
        if not chosen:
            point[:2] = [sum(limits) / 2 if limits else 0.0 for limits in (xlim, ylim)]
        function = FlatFunction(f, point, operator)
        if not function.several:
            function = _tried(function, operator)
    else:
        function = FlatFunction(f, point, operator)
    if variables is None and directions is None:
        variables = (0, 1)
    plane = plane_through(function, variables, directions, operator)
    if path is not None and path.shape[1] not in {2, function.size}:
        raise InputError(
            f"path has {path.shape[1]} columns. {function.size}, one for each variable, or 2 coordinates in the plane, are required"
        )
    places = np.zeros((0, 2)) if path is None else path if path.shape[1] == 2 else plane.coordinates(path)
    # one point is no path to go by
    near = (
        window(places) if len(places) > 1 and np.ptp(places) > 0 else (around(plane.start[0]), around(plane.start[1]))
    )
    return function, plane, near[0] if xlim is None else xlim, near[1] if ylim is None else ylim


def _tried(function: FlatFunction, operator: str) -> FlatFunction:
    """f(v) once called at a point that nobody gave; f(x, y=1) and f(*args), which take an array for their first argument, as functions of two numbers."""
    try:
        function(function.point)
    except Exception as error:
        two = _of_two(function.f) if function.size == 2 else None
        if two is not None:
            with contextlib.suppress(Exception):
                other = FlatFunction(two, function.point, operator)
                other(other.point)
                return other
        error.add_note(
            f"gw.{operator} was given no point and called the function with an array of 2 numbers. "
            f"For a function of an array of more, or of a container, write point=x"
        )
        raise
    return function


def _of_two(f: Callable[..., Any]) -> Callable[..., Any] | None:
    """A function that requires fewer than two numbers and takes two, as one that requires them; None for others."""
    try:
        signature = signature_of(f)
        signature.bind(0.0, 0.0)
    except (TypeError, ValueError):
        return None
    names = [p.name for p in signature.parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD][:2]
    names = names if len(names) == 2 else ["x", "y"]

    def two(*numbers: Any) -> Any:
        return f(*numbers)

    made: Any = two
    made.__name__ = function_label(f)
    made.__signature__ = inspect.Signature(
        [inspect.Parameter(n, inspect.Parameter.POSITIONAL_OR_KEYWORD) for n in names]
    )
    return two


def grid_of(
    function: FlatFunction,
    plane: Plane,
    xlim: Any,
    ylim: Any,
    count: int | tuple[int, int],
    *,
    vectorized: bool = False,
) -> PlaneSlice:
    """The values of a function on a grid of a plane."""
    columns, rows = (count, count) if isinstance(count, (int, np.integer)) else count
    x = np.linspace(float(xlim[0]), float(xlim[1]), _count(columns, "count"))
    y = np.linspace(float(ylim[0]), float(ylim[1]), _count(rows, "count"))
    points = plane.point(np.stack(np.meshgrid(x, y), axis=-1))
    if vectorized:
        variables = np.moveaxis(points, -1, 0)
        with np.errstate(all="ignore"):
            values = np.asarray(function.f(*variables) if function.several else function.f(variables), dtype=np.float64)
        if values.shape != points.shape[:2]:
            raise OutputError(
                f"{function.name} returned an array of shape {values.shape} for a grid of shape {points.shape[:2]}. One value for each point "
                f"is required with vectorized=True. Leave vectorized out: the function is then called point by point"
            )
    else:
        values = np.array([function(p) for p in points.reshape(-1, function.size)]).reshape(points.shape[:2])
    return PlaneSlice(x, y, values, plane)


def _count(count: Any, name: str) -> int:
    if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or count < 2:
        raise InputError(f"{name}={count!r}. A whole number of points, at least 2, is required")
    return int(count)
