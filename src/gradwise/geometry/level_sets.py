"""Level sets: the curve through a point on which a function keeps its value, as points.

    level_set : (f, x)  ↦  {y : f(y) = f(x)} near x, in two variables or on a plane

``contour_tracing.py`` follows the curve; here the caller's function, plane and box are read, and singular points located.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from gradwise.errors import InputError
from gradwise.geometry.classification import plain
from gradwise.geometry.contour_tracing import EPS, TURN, Branch, End, Limits, follow, on_curve
from gradwise.geometry.flat_function import FlatFunction
from gradwise.geometry.plane import Plane, limits_of, plane_through

__all__ = ["End", "LevelSet", "level_set"]


@dataclass(eq=False, repr=False)
class LevelSet:
    """A curve on which a function keeps its value.

    Attributes
    ----------
    points : ndarray of shape (m, n)
        In order along the curve; the first is repeated at the end of a closed one.
    coordinates : ndarray of shape (m, 2)
        The same points in the plane's coordinates (for two variables, the points).
    level : float
        The value of the function.
    closed : bool
        Whether the curve returned to its start.
    ends : tuple of End
        Why it ended, at the first point and at the last; each has a ``sentence``.
    residual : float
        The largest abs(f − level) on the points.
    length : float
        Of the polygon through the points.
    singular : ndarray of shape (k, n)
        Points on the curve at which the gradient vanishes, as far as they could be located; a curve ends there.
    labels : tuple of str
        Names of the two coordinates.
    """

    points: np.ndarray
    coordinates: np.ndarray
    level: float
    closed: bool
    ends: tuple[End, End]
    residual: float
    length: float
    singular: np.ndarray
    labels: tuple[str, str] = ("", "")

    def __repr__(self) -> str:
        how = "closed" if self.closed else f"ends: {self.ends[0]}, {self.ends[1]}"
        return f"LevelSet(level={self.level:.6g}, {len(self.points)} points, length={self.length:.6g}, {how})"

    def to_dict(self) -> dict[str, Any]:
        """Every field as plain Python."""
        return {item.name: plain(getattr(self, item.name)) for item in fields(self)}

    def plot(self, ax: Any = None) -> Any:
        """Draw the curve and return the axes."""
        from gradwise.plotting.level_set import level_set as draw

        return draw(self, ax=ax)


def level_set(
    f: Callable[..., Any],
    x: Any,
    *,
    bounds: Any = None,
    variables: Any = None,
    directions: Any = None,
    max_step: float | None = None,
    max_length: float | None = None,
    max_points: int = 20_000,
    method: str = "auto",
) -> LevelSet:
    r"""The level set of f through x, traced in both directions: f(y) = f(x) along a curve.

    .. math:: y' = \nabla f(y)^\perp / \|\nabla f(y)\|, \qquad y \leftarrow y - \frac{f(y) - f(x)}{\|\nabla f(y)\|^2} \nabla f(y)

    Parameters
    ----------
    f : callable
        f(v), f(x, y, …) or f of a container; returns one real number.
    x : array_like or container
        A point of the curve.
    bounds : pair of pairs, optional
        A box for the two coordinates, ((low, high), (low, high)); the curve ends at its border.  Without it, at ``max_length``.
    variables, directions : pairs, optional
        The plane for more than two variables: two variables by name or position (coordinates are their values), or two directions
        (coordinates are distances from x).
    max_step : float, optional
        The longest step; if omitted a 64th of the box's diagonal, without a box a 20th of max(1, ‖x‖) and of the distance from x.
    max_length : float, optional
        The longest curve in each direction; without a box 1,000 max(1, ‖x‖) if omitted.
    max_points : int
        The most points in each direction.
    method : str
        As for `gradwise.grad`.

    Returns
    -------
    LevelSet

    Raises
    ------
    InputError
        If the gradient (in the plane) vanishes at x, where the level set is no smooth curve, or x lies outside the box.

    Notes
    -----
    Only the part that is connected to x is found.  The curve ends at a point where the gradient vanishes, with `End.SINGULAR`;
    a corner of the curve sharper than 60° ends it with `End.LOST`.

    Examples
    --------
    >>> import numpy as np
    >>> import gradwise as gw
    >>> circle = gw.geometry.level_set(lambda x, y: x**2 + y**2, (3.0, 4.0))
    >>> circle.closed, bool(np.allclose(np.hypot(*circle.points.T), 5))
    (True, True)
    """
    function = FlatFunction(f, x, "geometry.level_set", method)
    plane = plane_through(function, variables, directions, "geometry.level_set")
    box = _box(bounds, plane)
    limits = _limits(box, plane, max_step, max_length, max_points)
    level, gradient = function.value_and_gradient(function.point)

    def pair(p: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = function.try_value_and_gradient(plane.point(p))
        return value - level, plane.project(slope)

    def critical(p: np.ndarray) -> np.ndarray | None:
        return _critical_point(function, plane, p, level, limits)

    start = plane.start
    g = plane.project(gradient)
    _require_slope(function, plane, level, g)
    settled = on_curve(pair, start, limits.step) or (start, g)
    first = _first_step(function, plane, g, limits)
    one = follow(pair, critical, *settled, 1.0, limits, first)
    closed = one.end is End.CLOSED
    other = Branch(end=End.CLOSED) if closed else follow(pair, critical, *settled, -1.0, limits, first)
    coordinates = np.array([*reversed(other.points), settled[0], *one.points, *([settled[0]] if closed else [])])
    points = plane.point(coordinates)
    found = [plane.point(branch.singular) for branch in (other, one) if branch.singular is not None]
    values = np.array([function(point) for point in points])
    return LevelSet(
        points, coordinates, level, closed, (other.end, one.end), float(np.max(np.abs(values - level))),
        float(np.sum(np.linalg.norm(np.diff(coordinates, axis=0), axis=1))),
        np.reshape(np.array(found), (len(found), function.size)), plane.labels,
    )  # fmt: skip


def _box(bounds: Any, plane: Plane) -> np.ndarray | None:
    if bounds is None:
        return None
    try:
        first, second = bounds
    except (TypeError, ValueError):
        raise InputError(
            f"bounds={bounds!r}. A pair of limits for each of the two coordinates is required. Write bounds=((-1, 1), (-1, 1))"
        ) from None
    box = np.array([limits_of(first, "bounds[0]"), limits_of(second, "bounds[1]")])
    if np.any(plane.start < box[:, 0]) or np.any(plane.start > box[:, 1]):
        raise InputError(f"the point {plane.start} lies outside bounds={bounds!r}. A point inside is required")
    return box


def _limits(box: np.ndarray | None, plane: Plane, max_step: Any, max_length: Any, max_points: Any) -> Limits:
    diagonal = (
        max(1.0, float(np.linalg.norm(plane.start))) if box is None else float(np.linalg.norm(box[:, 1] - box[:, 0]))
    )
    step = diagonal / (20 if box is None else 64) if max_step is None else float(max_step)
    if not (np.isfinite(step) and step > 0):
        raise InputError(f"max_step={max_step!r} in gw.geometry.level_set. A positive number is required")
    length = (1000 * diagonal if box is None else np.inf) if max_length is None else float(max_length)
    if not length > 0:
        raise InputError(f"max_length={max_length!r} in gw.geometry.level_set. A positive number is required")
    if isinstance(max_points, bool) or not isinstance(max_points, (int, np.integer)) or max_points < 1:
        raise InputError(f"max_points={max_points!r} in gw.geometry.level_set. A whole number, at least 1, is required")
    return Limits(box, step, box is None and max_step is None, length, int(max_points))


def _require_slope(function: FlatFunction, plane: Plane, level: float, g: np.ndarray) -> None:
    slope = float(np.linalg.norm(g))
    if not (np.isfinite(level) and np.isfinite(slope)):
        raise InputError(
            f"{function.name} at {function.point} is {level} with gradient {g}. A point where both are finite is required"
        )
    if slope * max(1.0, float(np.linalg.norm(plane.start))) <= 4 * EPS * abs(level) or slope == 0.0:
        raise InputError(
            f"the gradient of {function.name} vanishes at {function.point}: its level set there is no smooth curve. "
            f"A point with a slope is required. Start beside the point, or use gw.classify to see what it is"
        )


def _first_step(function: FlatFunction, plane: Plane, g: np.ndarray, limits: Limits) -> float:
    """The step at which the tangent turns by half of `TURN`, from the curvature κ = tᵀHt/‖∇f‖ of the curve."""
    slope = float(np.linalg.norm(g))
    t = np.array([-g[1], g[0]]) / slope
    bend = plane.project(function.hessian_vector(function.point, t @ plane.basis))
    change = float(np.linalg.norm(bend)) / slope  # the turn of ∇f for each unit of length bounds that of the tangent
    step = limits.step / 10
    return min(step, TURN / 2 / change) if np.isfinite(change) and change > 0 else step


def _critical_point(
    function: FlatFunction, plane: Plane, p: np.ndarray, level: float, limits: Limits
) -> np.ndarray | None:
    """The critical point near p that lies on the level set to rounding, by Newton's method on ∇f = 0 in the plane."""
    start, last, slope = p, np.inf, 0.0
    for _ in range(60):
        gradient = plane.project(function.value_and_gradient(plane.point(p))[1])
        slope = float(np.linalg.norm(gradient))
        if not np.isfinite(slope) or slope == 0.0 or slope >= last:
            break
        last = slope
        curvature = plane.basis @ function.hessian(plane.point(p)) @ plane.basis.T
        p = p - np.linalg.lstsq(curvature, gradient, rcond=None)[0]
        if np.linalg.norm(p - start) > 1e-3 * limits.step:
            return None
    if slope > 1e-3 * float(np.linalg.norm(plane.project(function.value_and_gradient(plane.point(start))[1]))):
        return None
    rounding = max(abs(level), _size(function, plane, p, limits), _size(function, plane, plane.start, limits))
    return p if abs(function(plane.point(p)) - level) <= 64 * EPS * rounding else None


def _size(function: FlatFunction, plane: Plane, p: np.ndarray, limits: Limits) -> float:
    """How large f is around p, in steps of the trace: what its rounding is to be measured by."""
    turns = ((1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0))
    values = [abs(function(plane.point(p + limits.step * np.array(turn)))) for turn in turns]
    return float(np.nanmax([0.0, *values]))
