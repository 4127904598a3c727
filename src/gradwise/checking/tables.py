"""Interpolants of tables: the same with every second point, whose slope shows how far the table determines it."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np


def is_interpolant(value: Any) -> bool:
    """Whether a value is an interpolant of SciPy's."""
    return type(value).__module__.startswith("scipy.interpolate")


def thinned(interpolant: Any) -> Any | None:
    """The interpolant of every second point of the same table; None where the table cannot be read from it.

    Examples
    --------
    >>> import numpy as np, scipy
    >>> x = np.linspace(0, 1, 9)
    >>> thinned(scipy.interpolate.CubicSpline(x, x**2)).x.size
    5
    """
    name = type(interpolant).__name__
    module: Any = sys.modules["scipy.interpolate"]
    try:
        if name in ("CubicSpline", "PchipInterpolator", "Akima1DInterpolator"):
            x = interpolant.x
            keep = _every_second(x.size)
            return type(interpolant)(x[keep], interpolant(x)[keep], axis=0) if interpolant.axis == 0 else None
        if name == "interp1d":
            keep = _every_second(interpolant.x.size)
            y = np.take(interpolant.y, keep, axis=interpolant.axis)
            options = {
                "kind": getattr(interpolant, "_kind"),  # noqa: B009  (it has no public name)
                "axis": interpolant.axis,
                "fill_value": "extrapolate",
            }
            return module.interp1d(interpolant.x[keep], y, bounds_error=False, **options)
        if name == "RegularGridInterpolator":
            places = [_every_second(len(axis)) for axis in interpolant.grid]
            values = interpolant.values[np.ix_(*places)]
            grid = tuple(np.asarray(axis)[keep] for axis, keep in zip(interpolant.grid, places, strict=True))
            return module.RegularGridInterpolator(grid, values, interpolant.method, bounds_error=False, fill_value=None)
        if name == "BSpline":
            knots = np.unique(interpolant.t[interpolant.k : len(interpolant.t) - interpolant.k])
            knots = knots[_every_second(knots.size)]
            return module.make_interp_spline(knots, interpolant(knots), k=interpolant.k)
        if name.endswith("UnivariateSpline"):
            knots = interpolant.get_knots()
            knots = knots[_every_second(knots.size)]
            return module.make_interp_spline(knots, interpolant(knots), k=3)
    except (AttributeError, TypeError, ValueError, IndexError):
        return None
    return None


def thinned_interp(x: Any, xp: Any, fp: Any, *args: Any, **kwargs: Any) -> Any:
    """``np.interp`` of every second point."""
    keep = _every_second(np.size(xp))
    return np.interp(x, np.asarray(xp)[keep], np.asarray(fp)[keep], *args, **kwargs)


def _every_second(count: int) -> np.ndarray:
    return np.unique(np.append(np.arange(0, count, 2), count - 1))
