"""For which arguments the formula of a distribution holds: a program of it stands for these alone.

SciPy answers with nan for a scale that is not positive, for shapes outside their domain and for probabilities outside [0, 1], and beyond the ends of a support another formula is the right one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from gradwise.errors import TracingError
from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.standins.recording import open_traces
from gradwise.tracing.standins.scipy_calling import only_at_this_point, refuse
from gradwise.tracing.traced import isinstance_traced

#: distribution → how near shapes are to 0 where SciPy writes down the limit, in which they do not occur; of genextreme its moments only
_LIMITS = {"pearson3": 1.6e-5, "kappa4": 0.0, "genextreme": 1e-7}


def refuse_limits(dist: Any, shapes: Any, *, moments: bool = False) -> None:
    """A shape near which SciPy's value is that of the limit has no derivative by that formula: it would be 0."""
    reach = _LIMITS.get(dist.name)
    if reach is None or (dist.name == "genextreme" and not moments):
        return
    found = [s for s in shapes if isinstance_traced(s) and np.any(np.abs(plain(s)) <= reach)]
    if found:
        refuse(
            found,
            f"scipy.stats.{dist.name} at a shape of 0, where SciPy takes the formula of the limit,",
            "Use method='numerical', or a shape that is not 0",
        )


def guard_domain(dist: Any, name: str, x: Any, shapes: list[Any], scale: Any) -> Any:
    """Where SciPy answers with nan is decided by arguments: a program holds where they are decided in the same way.  Returned is where it does."""
    if isinstance_traced(scale):
        concrete(scale > 0, "mask")
    traced = [s for s in shapes if isinstance_traced(s)]
    if traced and type(dist)._argcheck is scipy.stats.rv_continuous._argcheck:
        for shape in traced:
            concrete(shape > 0, "mask")
    elif traced:
        _guard_shapes(dist, shapes)
    allowed = np.logical_and(plain(scale) > 0, dist._argcheck(*map(plain, shapes)))
    if name in {"ppf", "isf"}:
        q = plain(x)
        if isinstance_traced(x):
            sides = (x > 0, x < 1) if np.all((q > 0) & (q < 1)) else (x > 0, x < 1, x >= 0, x <= 1)
            for side in sides:
                concrete(side, "mask")
        allowed = allowed & (q >= 0) & (q <= 1)
    return ~np.asarray(allowed)


def _guard_shapes(dist: Any, shapes: list[Any]) -> None:
    """By the code of the distribution, which compares its shapes."""
    try:
        allowed = dist._argcheck(*shapes)
    except (TracingError, TypeError):  # it makes plain arrays of them
        only_at_this_point(open_traces(shapes))
        return
    if isinstance_traced(allowed):
        concrete(allowed, "mask")


def guard_sides(z: Any, shapes: Any, standard: Any, low: Any, high: Any) -> None:
    """On which side of the ends of the support the points lie decides which formula is theirs."""
    traced = standard.support is not None and any(map(isinstance_traced, shapes))
    if not isinstance_traced(z) and not traced:
        return
    lower, upper = standard.support(*shapes) if traced and standard.support is not None else (low, high)
    for end, value, side in ((lower, low, np.less), (upper, high, np.greater)):
        if traced or np.any(np.isfinite(value)):
            concrete(side(z, end), "mask")


def nan_where_there_is_none(result: Any, value: Any, refused: Any) -> Any:
    """The result with slopes of nan where SciPy refuses the arguments, and where its value is nan though that of the formula is none."""
    refused = np.broadcast_to(refused, np.shape(value))
    otherwise = np.isnan(value) & ~np.isnan(np.reshape(plain(result), np.shape(value))) & ~refused
    if np.any(otherwise):  # of which nothing is asked
        only_at_this_point(open_traces([result]))
    none = np.reshape(refused | otherwise, np.shape(result))
    return np.where(none, result * np.nan, result) if np.any(none) else result
