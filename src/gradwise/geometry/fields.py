"""The gradient on a grid: arrows that stand perpendicular to the level sets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from gradwise.errors import KinkWarning
from gradwise.geometry.classification import plain
from gradwise.geometry.flat_function import FlatFunction
from gradwise.geometry.plane import Plane
from gradwise.geometry.slices import plane_and_limits
from gradwise.quiet import quiet

__all__ = ["GradientField", "field_of", "gradient_field"]


@dataclass(eq=False, repr=False)
class GradientField:
    """The gradient of a function at the points of a grid in a plane.

    Attributes
    ----------
    x, y : ndarray of shape (p,), (q,)
        The coordinates of the grid.
    values : ndarray of shape (q, p)
        f; nan where it is undefined.
    u, v : ndarray of shape (q, p)
        The two components of ∇f in the plane; nan where f or it is undefined, as at a kink.
    plane : Plane
        The plane, with the names of its coordinates.
    """

    x: np.ndarray
    y: np.ndarray
    values: np.ndarray
    u: np.ndarray
    v: np.ndarray
    plane: Plane

    @property
    def norm(self) -> np.ndarray:
        """The length of the gradient in the plane."""
        return np.hypot(self.u, self.v)

    def __repr__(self) -> str:
        largest = np.nanmax(self.norm) if np.any(np.isfinite(self.norm)) else np.nan
        return f"GradientField({self.x.size} × {self.y.size} points, largest gradient {largest:.6g})"

    def to_dict(self) -> dict[str, Any]:
        """Every field as plain Python."""
        return {item.name: plain(getattr(self, item.name)) for item in fields(self)}

    def plot(self, ax: Any = None) -> Any:
        """Draw the arrows and return the axes."""
        from gradwise.plotting.gradient_field import gradient_field as draw

        return draw(self, ax=ax)


def gradient_field(
    f: Callable[..., Any],
    xlim: Any = None,
    ylim: Any = None,
    count: int | tuple[int, int] = 15,
    *,
    point: Any = None,
    variables: Any = None,
    directions: Any = None,
) -> GradientField:
    """∇f on a grid: of its two variables, or its projection to a plane through a point of more.

    Parameters
    ----------
    f : callable
        f(v), f(x, y, …) or f of a container; returns one real number.
    xlim, ylim : pair of float, optional
        The range of the two coordinates, around the point if omitted; the grid starts half a cell inside, so that arrows do not leave a picture.
    count : int or pair of int
        The number of points along each.
    point, variables, directions
        As for `plane_slice`.

    Examples
    --------
    >>> import gradwise as gw
    >>> field = gw.geometry.gradient_field(lambda x, y: x**2 + y**2, (-1, 1), (-1, 1), 2)
    >>> field.u
    array([[-1.,  1.],
           [-1.,  1.]])
    """
    function, plane, xlim, ylim = plane_and_limits(
        f, xlim, ylim, point, variables, directions, "geometry.gradient_field"
    )
    return field_of(function, plane, xlim, ylim, count)


def field_of(function: FlatFunction, plane: Plane, xlim: Any, ylim: Any, count: int | tuple[int, int]) -> GradientField:
    """The gradient of a function in the middle of each cell of a plane."""
    columns, rows = (count, count) if isinstance(count, (int, np.integer)) else count
    x, y = _middles(xlim, columns), _middles(ylim, rows)
    values, u, v = np.full((3, y.size, x.size), np.nan)
    with quiet(KinkWarning):
        for i, t in enumerate(y):
            for j, s in enumerate(x):
                place = plane.point((s, t))
                values[i, j], gradient = function.try_value_and_gradient(place)
                # at a kink there are slopes on each side and no gradient: an arrow there would be a convention's
                if not function.on_kink(place):
                    u[i, j], v[i, j] = plane.project(gradient)
    bad = ~(np.isfinite(values) & np.isfinite(u) & np.isfinite(v))
    u[bad] = v[bad] = np.nan
    return GradientField(x, y, values, u, v, plane)


def _middles(limits: tuple[float, float], count: int) -> np.ndarray:
    edges = np.linspace(*limits, max(int(count), 1) + 1)
    return (edges[1:] + edges[:-1]) / 2
