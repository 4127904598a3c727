"""The slope of a function in all directions at a point: D_u f(x) = ∇f(x)·u = ‖∇f‖ cos θ.

The maximum of the profile is ‖∇f‖ along ∇f, its zeros are the directions of the level set, its minimum −‖∇f‖ along −∇f.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from gradwise.errors import InputError
from gradwise.geometry.classification import plain
from gradwise.geometry.flat_function import FlatFunction
from gradwise.geometry.plane import Plane, plane_through

__all__ = ["DirectionalProfile", "SteepestAscent", "directional_profile", "level_set_tangent", "steepest_ascent"]


@dataclass(eq=False, repr=False)
class SteepestAscent:
    """The direction in which a function grows fastest, and how fast.

    Attributes
    ----------
    point, gradient : ndarray of shape (n,)
    value : float
        f at the point.
    direction : ndarray of shape (n,)
        The unit vector ∇f/‖∇f‖; steepest descent is its opposite.
    slope : float
        ‖∇f‖, the growth of f for each unit of length along ``direction``.
    """

    point: np.ndarray
    value: float
    gradient: np.ndarray
    direction: np.ndarray
    slope: float

    def __repr__(self) -> str:
        return (
            f"SteepestAscent(slope={self.slope:.6g} along {np.array2string(self.direction, precision=4, threshold=8)})"
        )

    def to_dict(self) -> dict[str, Any]:
        """Every field as plain Python."""
        return {item.name: plain(getattr(self, item.name)) for item in fields(self)}

    def plot(self, ax: Any = None) -> Any:
        """Draw the rose of slopes over the angle in the plane of the gradient, the steepest one as an arrow, and return the (polar) axes."""
        slope = lambda v: self.gradient @ v
        return directional_profile(slope, self.point).plot(ax)


@dataclass(eq=False, repr=False)
class DirectionalProfile:
    """The directional derivative of a function over the angle, in a plane through a point.

    Attributes
    ----------
    point, gradient : ndarray of shape (n,)
    value : float
    angles : ndarray of shape (m,)
        From 0 to 2π, measured from the first direction of ``basis``.
    slopes : ndarray of shape (m,)
        D_u f for each angle.
    directions : ndarray of shape (m, n)
        The unit vectors u.
    basis : ndarray of shape (2, n)
        Orthonormal; u = cos θ · basis[0] + sin θ · basis[1].
    maximum : float
        The largest slope in the plane: ‖∇f‖ where the plane holds ∇f.
    steepest : float or None
        The angle of the largest slope, None where the slope is 0 in all directions.
    level : tuple of float
        The two angles at which the slope is 0: the level set's directions.
    labels : tuple of str
        Names of the two coordinates.
    """

    point: np.ndarray
    value: float
    gradient: np.ndarray
    angles: np.ndarray
    slopes: np.ndarray
    directions: np.ndarray
    basis: np.ndarray
    maximum: float
    steepest: float | None
    level: tuple[float, ...]
    labels: tuple[str, str] = field(default=("", ""))

    def __repr__(self) -> str:
        where = "flat in all directions" if self.steepest is None else f"at {np.degrees(self.steepest):.4g}°"
        return f"DirectionalProfile(maximum={self.maximum:.6g} {where}, {self.angles.size} angles)"

    def to_dict(self) -> dict[str, Any]:
        """Every field as plain Python."""
        return {item.name: plain(getattr(self, item.name)) for item in fields(self)}

    def plot(self, ax: Any = None) -> Any:
        """Draw the rose of slopes over the angle and return the (polar) axes."""
        from gradwise.plotting.rose import rose

        return rose(self, ax=ax)


def steepest_ascent(f: Callable[..., Any], x: Any, *, method: str = "auto") -> SteepestAscent:
    r"""The direction of steepest ascent of f at x and the slope along it.

    .. math:: \max_{\|u\| = 1} D_u f(x) = \|\nabla f(x)\| \quad\text{at}\quad u = \nabla f / \|\nabla f\|

    Parameters
    ----------
    f : callable
        f(v), f(x, y, …) or f of a container; returns one real number.
    x : array_like or container
        The point; a tuple or array for f(x, y, …).
    method : str
        As for `gradwise.grad`.

    Raises
    ------
    InputError
        If the gradient is zero, where no direction is steepest, or not finite.

    Examples
    --------
    >>> import gradwise as gw
    >>> gw.geometry.steepest_ascent(lambda x, y: x**2 + y**2, (1.5, 2.0))
    SteepestAscent(slope=5 along [0.6 0.8])
    """
    function = FlatFunction(f, x, "geometry.steepest_ascent", method)
    value, gradient = _gradient(function)
    length = _length(gradient)
    if length == 0.0:
        raise InputError(
            f"the gradient of {function.name} is zero at {function.point}: no direction is steepest. A point with a slope is required. "
            f"Use gw.classify to see what the point is"
        )
    return SteepestAscent(function.point, value, gradient, gradient / length, length)


def directional_profile(
    f: Callable[..., Any],
    x: Any,
    count: int = 361,
    *,
    variables: Any = None,
    directions: Any = None,
    method: str = "auto",
) -> DirectionalProfile:
    r"""The directional derivative of f at x over the angle: D_u f = ∇f·u for u = cos θ · d₁ + sin θ · d₂.

    Parameters
    ----------
    f : callable
        f(v), f(x, y, …) or f of a container; returns one real number.
    x : array_like or container
        The point.
    count : int
        How many angles, from 0 to 2π with both ends.
    variables, directions : pairs, optional
        The plane for a function of more than two variables: two variables by name or position, or two directions.  If
        both are omitted, the plane of ∇f and of the axis that is most nearly perpendicular to it.
    method : str
        As for `gradwise.grad`.

    Returns
    -------
    DirectionalProfile

    Raises
    ------
    InputError
        For one variable (there are only two directions), or where the gradient is not finite.

    Notes
    -----
    The formula holds where f is differentiable.  At a kink the one-sided slopes differ from ∇f·u; `gradwise.KinkWarning`
    says so.

    Examples
    --------
    >>> import gradwise as gw
    >>> profile = gw.geometry.directional_profile(lambda x, y: 3 * x + 4 * y, (0.0, 0.0))
    >>> profile.maximum, round(float(profile.slopes.max()), 3)
    (5.0, 5.0)
    """
    function = FlatFunction(f, x, "geometry.directional_profile", method)
    if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or count < 2:
        raise InputError(
            f"count={count!r} in gw.geometry.directional_profile. A whole number of angles, at least 2, is required"
        )
    value, gradient = _gradient(function)
    if variables is None and directions is None and function.size > 2:
        plane = _plane_of(function, gradient)
    else:
        plane = plane_through(function, variables, directions, "geometry.directional_profile")
    angles = np.linspace(0.0, 2 * np.pi, int(count))
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    inside = plane.project(gradient)
    maximum = _length(inside)
    steepest = _angle(float(np.arctan2(inside[1], inside[0]))) if maximum else None
    level = () if steepest is None else tuple(sorted(_angle(steepest + turn) for turn in (np.pi / 2, -np.pi / 2)))
    return DirectionalProfile(
        function.point, value, gradient, angles, circle @ inside, circle @ plane.basis, plane.basis, maximum, steepest,
        level, plane.labels,
    )  # fmt: skip


def level_set_tangent(f: Callable[..., Any], x: Any, *, method: str = "auto") -> np.ndarray:
    r"""The directions in which f does not change at x: an orthonormal basis of the tangent space of its level set.

    .. math:: t_i \cdot \nabla f(x) = 0, \qquad t_i \cdot t_j = \delta_{ij}

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
    ndarray of shape (n − 1, n)
        One direction in each row; for two variables one row, ∇f/‖∇f‖ turned by 90° against the clock.

    Raises
    ------
    InputError
        If the gradient is zero: the level set has no tangent there, or is no curve at all.

    Examples
    --------
    >>> import gradwise as gw
    >>> gw.geometry.level_set_tangent(lambda x, y: x**2 + y**2, (3.0, 4.0))
    array([[-0.8,  0.6]])
    """
    ascent = steepest_ascent(f, x, method=method)
    u = ascent.direction
    if u.size == 2:
        return np.array([[-u[1], u[0]]])
    # Householder: a reflection that carries e₀ to ±u carries the other axes to a basis of the complement
    w = u.copy()
    w[0] += np.copysign(1.0, u[0])
    reflection = np.eye(u.size) - 2 * np.outer(w, w) / (w @ w)
    return reflection[1:]


def _plane_of(function: FlatFunction, gradient: np.ndarray) -> Plane:
    """The plane of the gradient and the axis most nearly perpendicular to it; the first axes where the gradient is 0."""
    if not np.any(gradient):
        return plane_through(function, (0, 1), None, "geometry.directional_profile")
    axis = np.zeros(function.size)
    axis[int(np.argmin(np.abs(gradient)))] = 1.0
    plane = plane_through(function, None, (gradient / np.max(np.abs(gradient)), axis), "geometry.directional_profile")
    plane.labels = ("∇f", function.labels[int(np.argmax(axis))])
    return plane


def _angle(angle: float) -> float:
    """An angle between 0 and 2π, without 2π."""
    angle %= 2 * np.pi
    return 0.0 if angle >= 2 * np.pi else angle  # −1e-17 % 2π is 2π


def _gradient(function: FlatFunction) -> tuple[float, np.ndarray]:
    value, gradient = function.value_and_gradient(function.point)
    if not np.all(np.isfinite(gradient)):
        raise InputError(
            f"the gradient of {function.name} at {function.point} is {gradient}. A point with a finite gradient is required"
        )
    return value, gradient


def _length(vector: np.ndarray) -> float:
    """‖v‖ without overflow or underflow."""
    largest = float(np.max(np.abs(vector), initial=0.0))
    return largest * float(np.linalg.norm(vector / largest)) if largest > 0 else 0.0
