"""Bounds of a search as the user writes them, and how the function is called on them.

box : (f, bounds)  →  a point in the middle, lo ∈ Rⁿ, hi ∈ Rⁿ
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradwise.errors import InputError
from gradwise.operators.arguments import parameter_names
from gradwise.operators.points import required_parameters

_CURE = "A list of (low, high) with low < high for each variable is required, such as [(-5, 5), (-5, 5)]"


def box(f: Callable[..., Any], bounds: Any) -> tuple[Any, np.ndarray, np.ndarray]:
    """Read bounds.

    Parameters
    ----------
    f : callable
    bounds : sequence of pairs, pair, scipy.optimize.Bounds, or dict
        One pair (low, high) for each variable; one pair alone for a function of one number; a dict of pairs (of numbers or of arrays) by argument name, or by the key of the
        dict that f takes.

    Returns
    -------
    x : object
        The middle of the box, in the form in which f takes it.
    lo, hi : numpy.ndarray
        Shape (n,).
    """
    if isinstance(bounds, Mapping):
        return _named(f, bounds)
    if hasattr(bounds, "lb") and hasattr(bounds, "ub"):  # scipy.optimize.Bounds
        lo, hi = np.broadcast_arrays(np.atleast_1d(bounds.lb), np.atleast_1d(bounds.ub))
        bounds = np.stack([lo, hi], axis=-1)
    try:
        pairs = np.asarray(bounds, dtype=float)
    except (TypeError, ValueError):
        raise InputError(f"gw.critical_points was given bounds={bounds!r}. {_CURE}") from None
    if pairs.shape == (2,) and not any(isinstance(b, (Sequence, np.ndarray)) for b in bounds):
        lo, hi = _checked(pairs[:1], pairs[1:], bounds)
        several = required_parameters(f) or 0
        if several > 1:
            raise InputError(
                f"gw.critical_points was given one pair, bounds={bounds!r}, for a function of {', '.join((parameter_names(f) or [])[:several]) or several}. A pair for each argument is required. "
                f"Write bounds=[{bounds!r}] * {several}"
            )
        return _alone(f, lo, hi, number=True), lo, hi
    if pairs.ndim != 2 or pairs.shape[1] != 2 or not len(pairs):
        raise InputError(f"gw.critical_points was given bounds={bounds!r}. {_CURE}")
    lo, hi = _checked(pairs[:, 0], pairs[:, 1], bounds)
    middle = lo / 2 + hi / 2
    if len(lo) == 1 and (required_parameters(f) or 0) <= 1:
        return _alone(f, lo, hi, number=False), lo, hi
    return middle, lo, hi


def _checked(lo: Any, hi: Any, bounds: Any) -> tuple[np.ndarray, np.ndarray]:
    lo, hi = np.array(lo, dtype=float).ravel(), np.array(hi, dtype=float).ravel()
    if not (np.all(np.isfinite(lo)) and np.all(np.isfinite(hi)) and np.all(lo < hi)):
        raise InputError(f"gw.critical_points was given bounds={bounds!r}. {_CURE}; bounds must be finite")
    return lo, hi


def _alone(f: Callable[..., Any], lo: np.ndarray, hi: np.ndarray, *, number: bool) -> Any:
    """The middle of an interval as a number, or as a vector of one entry if that is what f takes."""
    middle = float(lo[0] / 2 + hi[0] / 2)
    forms = [middle, np.array([middle])]
    for form in forms if number else forms[::-1]:
        try:
            result = f(form.copy() if isinstance(form, np.ndarray) else form)
        except Exception:  # noqa: BLE001, S112  (the other form may be the one that it takes)
            continue
        if np.shape(result) == ():
            return form
    return forms[0 if number else 1]


def _named(f: Callable[..., Any], bounds: Mapping[str, Any]) -> tuple[Any, np.ndarray, np.ndarray]:
    names = parameter_names(f) or []
    required = required_parameters(f) or 0
    middles, lows, highs = {}, [], []
    for name, pair in bounds.items():
        try:
            low, high = pair
            low, high = np.broadcast_arrays(np.asarray(low, dtype=float), np.asarray(high, dtype=float))
        except (TypeError, ValueError):
            raise InputError(
                f"gw.critical_points was given bounds with {name}={pair!r}. A pair (low, high) of numbers or of arrays is required"
            ) from None
        lo, hi = _checked(low, high, {name: pair})
        middles[name] = (lo / 2 + hi / 2).reshape(low.shape) if low.shape else float(lo[0] / 2 + hi[0] / 2)
        lows.append(lo)
        highs.append(hi)
    if not middles:
        raise InputError(f"gw.critical_points was given bounds={bounds!r}. {_CURE}")
    lo, hi = np.concatenate(lows), np.concatenate(highs)
    if required >= 2 or (required == 1 and list(bounds) == names[:1]):
        if set(bounds) != set(names[: len(bounds)]) or len(bounds) < required:
            raise InputError(
                f"gw.critical_points was given bounds for {', '.join(bounds)}. A pair for each of the arguments {', '.join(names)} is required"
            )
        order = sorted(range(len(bounds)), key=lambda k: names.index(list(bounds)[k]))
        lo, hi = np.concatenate([lows[k] for k in order]), np.concatenate([highs[k] for k in order])
        point = tuple(middles[names[k]] for k in range(len(bounds)))
        return (point if len(point) > 1 else point[0]), lo, hi
    return middles, lo, hi
