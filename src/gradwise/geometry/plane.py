"""A plane in the space of the variables: where a function of many variables is looked at with two coordinates.

    Plane : (s, t)  ↦  origin + s·d₁ + t·d₂,      d₁, d₂ orthonormal

For two variables, or two chosen ones, the coordinates are the values of these variables; along directions they are the
distances from the point.  Because the directions are orthonormal, lengths and angles in the plane are true: the gradient of the
restricted function is the projection of ∇f, perpendicular to the level sets that are drawn.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwise.errors import InputError
from gradwise.geometry.flat_function import FlatFunction

__all__ = ["Plane", "around", "limits_of", "plane_through", "values_text", "window"]

#: held values that are written out
MOST_NAMED = 5


@dataclass(eq=False)
class Plane:
    """Two coordinates on a plane through a point.

    Attributes
    ----------
    origin : ndarray of shape (n,)
        The point with coordinates (0, 0).
    basis : ndarray of shape (2, n)
        Orthonormal directions.
    start : ndarray of shape (2,)
        The coordinates of the point that the plane was laid through.
    labels : tuple of str
        A name for each coordinate.
    held : str
        What the plane holds fixed, for a title: ``z = 1``, or the point that it passes through; "" in two variables.
    """

    origin: np.ndarray
    basis: np.ndarray
    start: np.ndarray
    labels: tuple[str, str]
    held: str = ""

    def point(self, coordinates: Any) -> np.ndarray:
        """Points of R^n from coordinates of shape (..., 2)."""
        return self.origin + np.asarray(coordinates, dtype=np.float64) @ self.basis

    def coordinates(self, points: Any) -> np.ndarray:
        """Coordinates of points of R^n of shape (..., n), projected to the plane."""
        return (np.asarray(points, dtype=np.float64) - self.origin) @ self.basis.T

    def distance(self, points: Any) -> np.ndarray:
        """How far points of R^n are from the plane."""
        points = np.asarray(points, dtype=np.float64)
        return np.linalg.norm(points - self.point(self.coordinates(points)), axis=-1)

    def project(self, vector: np.ndarray) -> np.ndarray:
        """The part of a vector of R^n that lies in the plane, in its coordinates."""
        return self.basis @ vector


def plane_through(function: FlatFunction, variables: Any, directions: Any, operator: str) -> Plane:
    """The plane that the caller chose through the point of a function.

    Parameters
    ----------
    variables : pair of int or str, optional
        Two variables by position or name.
    directions : pair of array_like, optional
        Two directions, made orthonormal by Gram–Schmidt in this order.

    Raises
    ------
    InputError
        If neither was chosen and there are more than two variables, there is one variable, a name is unknown, or the directions are parallel.
    """
    n, point = function.size, function.point
    if n < 2:
        raise InputError(
            f"gw.{operator} was given {function.name} of one variable. At least two variables are required. "
            f"Use gw.plot.line_slice for a curve"
        )
    if variables is not None and directions is not None:
        raise InputError(f"gw.{operator} was given both variables= and directions=. One of them is required")
    if directions is not None:
        return _along(function, directions, operator)
    if variables is None:
        if n > 2:
            raise InputError(
                f"gw.{operator} was given {function.name} of {n} variables and no plane. Two coordinates are required. "
                f"Choose variables=(0, 1), or directions=(u, v) through the point"
            )
        variables = (0, 1)
    if isinstance(variables, str) or len(variables) != 2:
        raise InputError(f"variables={variables!r} in gw.{operator}. A pair of positions or names is required")
    pair = [_position(function, entry, operator) for entry in variables]
    if pair[0] == pair[1]:
        raise InputError(f"variables={variables!r} in gw.{operator}. Two different variables are required")
    basis = np.zeros((2, n))
    basis[0, pair[0]] = basis[1, pair[1]] = 1.0
    origin = point.copy()
    origin[pair] = 0.0
    others = [k for k in range(n) if k not in pair]
    held = values_text([function.labels[k] for k in others], point[others])
    return Plane(origin, basis, point[pair], (function.labels[pair[0]], function.labels[pair[1]]), held)


def values_text(names: Sequence[str], values: np.ndarray) -> str:
    """``z = 1, w = 0.5``, the first few of many.

    Examples
    --------
    >>> values_text(["z", "w"], np.array([1.0, -0.5]))
    'z = 1, w = −0.5'
    """
    written = [f"{name} = {value:.4g}".replace("-", "−") for name, value in zip(names, values, strict=True)]
    if len(written) > MOST_NAMED and np.all(values == values[0]):
        return f"{names[0]} … {names[-1]} all = {values[0]:.4g}".replace("-", "−")
    rest = len(written) - MOST_NAMED
    return ", ".join(written[:MOST_NAMED]) + (f" and {rest} more held" if rest > 0 else "")


def around(centre: float) -> tuple[float, float]:
    """Limits around a number.

    Examples
    --------
    >>> around(2.0), around(0.0)
    ((-1.0, 5.0), (-1.5, 1.5))
    """
    reach = 1.5 * max(1.0, abs(float(centre)))
    return float(centre - reach), float(centre + reach)


def window(points: np.ndarray) -> tuple[tuple[float, float], tuple[float, float]]:
    """Limits around points of shape (m, 2), not thinner than a third of the longer side; around one point of its own size."""
    low, high = points.min(axis=0), points.max(axis=0)
    size = float(np.max(np.abs(points)))
    side = max(float(np.max(high - low)), 1e-12 * size, 1e-300) if np.any(high > low) else max(size, 1.0)
    half = np.maximum((high - low) / 2, side / 5) + 0.15 * side
    centre = (low + high) / 2
    return tuple((float(c - h), float(c + h)) for c, h in zip(centre, half, strict=True))  # type: ignore[return-value]


def limits_of(limits: Any, name: str) -> tuple[float, float]:
    """A pair of finite, increasing limits."""
    try:
        low, high = (float(entry) for entry in limits)
    except (TypeError, ValueError):
        low = high = np.nan
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise InputError(
            f"{name}={limits!r}. Two finite numbers, the smaller first, are required. Write {name}=(-1, 1)"
        )
    return low, high


def _along(function: FlatFunction, directions: Any, operator: str) -> Plane:
    vectors = [np.asarray(entry, dtype=np.float64).ravel() for entry in directions]
    if len(vectors) != 2 or any(v.size != function.size or not np.all(np.isfinite(v)) for v in vectors):
        raise InputError(
            f"directions= in gw.{operator} holds arrays of sizes {[v.size for v in vectors]}. "
            f"Two finite directions with {function.size} entries each are required"
        )
    lengths = [np.linalg.norm(v) for v in vectors]
    if min(lengths) == 0.0:
        raise InputError(f"directions= in gw.{operator} holds a zero direction. Two independent ones are required")
    first, second = vectors[0] / lengths[0], vectors[1] / lengths[1]
    for _ in range(2):  # twice is enough (Kahan, Parlett)
        second = second - (first @ second) * first
    if np.linalg.norm(second) < 1e-8:
        raise InputError(f"directions= in gw.{operator} are parallel. Two independent directions are required")
    basis = np.array([first, second / np.linalg.norm(second)])
    labels = ("along the first direction", "along the second direction")
    held = "through " + values_text(function.labels, function.point) if function.size > 2 else ""
    return Plane(function.point.copy(), basis, np.zeros(2), labels, held)


def _without_container(label: str) -> str:
    """An entry of a container by its key alone.

    Examples
    --------
    >>> _without_container("params['w'][0]"), _without_container("model.layers[1]"), _without_container("v[0]")
    ('w[0]', 'layers[1]', 'v[0]')
    """
    return re.sub(r"^\w+(\.|(?=\[['\"]))", "", re.sub(r"\[['\"](\w+)['\"]\]", r".\1", label))


def _position(function: FlatFunction, entry: Any, operator: str) -> int:
    if isinstance(entry, str):
        if entry in function.labels:
            return function.labels.index(entry)
        short = [_without_container(label) for label in function.labels]
        if short.count(entry) == 1:
            return short.index(entry)
    elif (
        isinstance(entry, (int, np.integer)) and not isinstance(entry, bool) and -function.size <= entry < function.size
    ):
        return int(entry) % function.size
    shown = ", ".join(function.labels[:6]) + (", …" if function.size > 6 else "")
    raise InputError(
        f"variables= in gw.{operator} names {entry!r}. One of {shown}, or a position below {function.size}, is required"
    )
