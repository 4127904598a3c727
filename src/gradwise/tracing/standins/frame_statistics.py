"""What pandas computes of a column or of its groups, on traced numbers: NaN is left out, deviations are by n − 1, as pandas has it."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.standins.stacking import assembled


def placed(numbers: Any, places: np.ndarray, fill: Any) -> Any:
    """The numbers at places, and the fill where the place is −1."""
    outside = places < 0
    if not outside.any():
        return numbers[places]
    if not np.shape(plain(numbers))[0]:
        return np.broadcast_to(as_array(fill), places.shape) + 0.0
    return np.where(outside, fill, numbers[np.where(outside, 0, places)])


def _central(x: Any, power: int) -> Any:
    return np.sum((x - np.mean(x)) ** power)


def _skew(x: Any) -> Any:
    n, m2 = len(x), _central(x, 2)
    return n * np.sqrt(n - 1.0) / (n - 2.0) * _central(x, 3) / m2**1.5


def _kurt(x: Any) -> Any:
    n, m2 = len(x), _central(x, 2)
    return n * (n + 1.0) * (n - 1.0) / ((n - 2.0) * (n - 3.0)) * _central(x, 4) / m2**2 - 3.0 * (n - 1.0) ** 2 / (
        (n - 2.0) * (n - 3.0)
    )


#: statistic → the function, and the least count of numbers for which it is one
_STATISTICS: dict[str, tuple[Any, int]] = {
    "sum": (np.sum, 0),
    "prod": (np.prod, 0),
    "mean": (np.mean, 1),
    "median": (np.median, 1),
    "min": (np.min, 1),
    "max": (np.max, 1),
    "skew": (_skew, 3),
    "kurt": (_kurt, 4),
    "first": (lambda x: x[0], 1),
    "last": (lambda x: x[-1], 1),
}


def statistic(
    name: str, numbers: Any, *, skipna: bool = True, min_count: int = 0, ddof: int = 1, **options: Any
) -> Any:
    """``name`` of all numbers: ``sum``, ``mean``, ``std`` and others."""
    missing = np.isnan(np.asarray(plain(numbers)))
    if missing.any():
        if not skipna:
            return np.nan
        numbers = numbers[~missing]
    n = np.shape(plain(numbers))[0]
    if name in ("any", "all"):
        return bool(getattr(np, name)(numbers))
    if name == "count":
        return n
    if name in ("var", "std", "sem"):
        if n <= ddof:
            return np.nan
        made = np.var(numbers, ddof=ddof) if name == "var" else np.std(numbers, ddof=ddof)
        return made / np.sqrt(n) if name == "sem" else made
    if name not in _STATISTICS:
        raise TypeError(f"'{name}' of a column of traced numbers has no rule. Write it with NumPy, on the values")
    function, least = _STATISTICS[name]
    return np.nan if n < max(least, min_count) else function(numbers)


def accumulated(name: str, numbers: Any, *, skipna: bool = True) -> Any:
    """``cumsum`` and its relatives: NaN stays where it is, and is left out."""
    values = np.asarray(plain(numbers))
    missing = np.isnan(values)
    if not missing.any():
        return _ACCUMULATIONS[name](numbers)
    good = np.flatnonzero(~missing)
    places = np.full(len(values), -1)
    if skipna:
        places[good] = np.arange(good.size)
        return placed(_ACCUMULATIONS[name](numbers[good]), places, np.nan)
    first = int(np.argmax(missing))
    places[:first] = np.arange(first)
    return placed(_ACCUMULATIONS[name](numbers[:first]), places, np.nan)


_ACCUMULATIONS: dict[str, Any] = {
    "cumsum": np.cumsum,
    "cumprod": np.cumprod,
    "cummax": lambda x: np.maximum.accumulate(x),
    "cummin": lambda x: np.minimum.accumulate(x),
}


def by_groups(how: str, numbers: Any, ids: np.ndarray, count: int, min_count: int = -1, **options: Any) -> Any:
    """``how`` of each group; what accumulates, in the places of the entries."""
    members = [np.flatnonzero(ids == g) for g in range(count)]
    skipna = options.pop("skipna", True)
    if how in _ACCUMULATIONS:
        places = np.full(len(ids), -1)
        joined = np.concatenate([*members, np.empty(0, np.intp)]).astype(np.intp)
        if not joined.size:
            return numbers
        places[joined] = np.arange(joined.size)
        parts = [accumulated(how, numbers[m], skipna=skipna) for m in members if m.size]
        return placed(np.concatenate([as_array(p) for p in parts]), places, np.nan)
    if how in ("idxmin", "idxmax"):
        values = np.asarray(concrete(numbers))
        choose = np.nanargmin if how == "idxmin" else np.nanargmax
        return np.array([m[choose(values[m])] if m.size and not np.isnan(values[m]).all() else -1 for m in members])
    least = max(min_count, 0)
    made = [statistic(how, numbers[m], skipna=skipna, min_count=least, ddof=options.get("ddof", 1)) for m in members]
    return as_array(assembled(made)) if made else np.empty(0)
