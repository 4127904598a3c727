"""Windows of pandas on traced numbers: ``rolling``, ``expanding``, ``ewm``.

Sums and means are linear in the numbers: their weights are what pandas gives for unit vectors.  For all else the sums' weights say which numbers are in a window, and it is computed of these.
"""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.instrument.state import local
from gradwise.tracing.standins.frame_columns import Column
from gradwise.tracing.standins.frame_objects import has_columns, numbers_in, plainly
from gradwise.tracing.standins.frame_statistics import placed, statistic
from gradwise.tracing.standins.recording import resolve
from gradwise.tracing.standins.scipy_calling import with_value
from gradwise.tracing.standins.stacking import assembled

if TYPE_CHECKING:
    from collections.abc import Callable

#: a column has at most this many numbers: the weights are a matrix
LARGEST = 2048
_quantile: Any = np.quantile


def _pandas() -> Any:
    return sys.modules["pandas"]


def _selected(window: Any) -> Any:
    """What the windows go over."""
    return window._selected_obj


def _again(window: Any, obj: Any) -> Any:
    """The same windows over another object."""
    options = {name: getattr(window, name) for name in _options(type(window)) if hasattr(window, name)}
    return type(window)(obj, **options)


def _options(cls: Any) -> tuple[str, ...]:
    names = tuple(inspect.signature(cls.__init__).parameters)
    return tuple(n for n in names if n not in ("self", "obj", "selection"))


def _of_column(
    window: Any, column: Column, index: Any, name: str, args: tuple[Any, ...], options: dict[str, Any]
) -> Any:
    pandas = _pandas()
    values, n = column.plainly(), len(column)
    if n > LARGEST:
        raise column.numbers.tape.fail(
            f"{name}() of windows over {n} traced numbers was called. At most {LARGEST} are required. Write np.convolve or np.cumsum of the numbers"
        )
    series = pandas.Series(values, index=index)
    good = np.flatnonzero(~np.isnan(values))
    table = np.full((n, good.size), np.nan)
    table[good] = np.eye(good.size)
    units = pandas.DataFrame(table, index=index)
    numbers = column.numbers[good]
    if name in ("sum", "mean"):
        expected = getattr(_again(window, series), name)(*args, **options).to_numpy()
        weights = getattr(_again(window, units), name)(*args, **options).to_numpy()
        made = np.where(np.isnan(weights), 0.0, weights) @ numbers
        return Column(with_value(np.where(np.isnan(expected), np.nan, made), expected))
    if type(window).__name__ == "ExponentialMovingWindow" and name in ("var", "std"):
        return _spread(window, series, units, numbers, name, args, options)
    if type(window).__name__ in ("ExponentialMovingWindow", "Window"):
        raise column.numbers.tape.fail(
            f"{name}() of weighted windows over traced numbers was called, and has no rule. Write it with mean(), of the squares"
        )
    members = [np.flatnonzero(row > 0) for row in np.nan_to_num(_counted(window, units).to_numpy())]
    if name == "apply":
        function = resolve(args[0] if args else options["func"])
        raw = options.get("raw", args[1] if len(args) > 1 else False)
        enough = ~np.isnan(_again(window, series).mean().to_numpy())

        def one(m: Any) -> Any:
            part = numbers[m]
            return function(part if raw else pandas.Series(Column(part), index=index[good[m]]))

        found = [one(m) if e else np.nan for m, e in zip(members, enough, strict=True)]
        return Column(as_array(assembled(found)))
    expected = getattr(_again(window, series), name)(*args, **options).to_numpy()
    chosen = np.flatnonzero(~np.isnan(expected))
    if not chosen.size:
        return expected
    if name == "quantile":
        q = options.get("q", args[0] if args else None)
        method = options.get("interpolation", args[1] if len(args) > 1 else "linear")
        parts = [_quantile(numbers[members[i]], q, method=method) for i in chosen]
    else:
        ddof = options.get("ddof", args[0] if args and name in ("var", "std", "sem") else 1)
        parts = [statistic(name, numbers[members[i]], ddof=ddof) for i in chosen]
    places = np.full(n, -1)
    places[chosen] = np.arange(chosen.size)
    return Column(with_value(placed(as_array(assembled(parts)), places, np.nan), expected))


def _spread(window: Any, series: Any, units: Any, x: Any, name: str, args: Any, options: Any) -> Any:
    """Exponentially weighted variances: Σ w (x − Σ w x)², over 1 − Σ w² unless they are to be biased."""
    expected = getattr(_again(window, series), name)(*args, **options).to_numpy()
    weights = np.nan_to_num(_again(window, units).mean().to_numpy())
    chosen = np.flatnonzero(~np.isnan(expected))
    w = weights[chosen]
    deviations = x - (w @ x)[:, None]
    made = np.sum(w * deviations**2, axis=1)
    if not (args[0] if args else options.get("bias", False)):
        made = made / (1 - np.sum(w**2, axis=1))
    places = np.full(len(expected), -1)
    places[chosen] = np.arange(chosen.size)
    made = placed(made if name == "var" else np.sqrt(made), places, np.nan)
    if not np.allclose(np.asarray(plain(made)), expected, rtol=1e-9, equal_nan=True):
        raise x.tape.fail(
            f"{name}() of these exponentially weighted windows has no rule. Write it with mean(), of the squares"
        )
    return Column(with_value(made, expected))


def _counted(window: Any, units: Any) -> Any:
    """The sums of unit vectors over the windows, of windows that hold too few numbers as well."""
    other = _again(window, units)
    other.min_periods = 0
    return other.sum()


def _windowed(cls: type, name: str) -> Callable[..., Any]:
    original = getattr(cls, name)

    def call(window: Any, *args: Any, **options: Any) -> Any:
        obj = _selected(window) if local.watch is not None else None
        pandas = _pandas()
        if hasattr(window, "_grouper"):
            return _by_group(cls, name, window, obj, args, options)
        if isinstance(obj, pandas.Series) and type(obj._values) is Column:
            made = _of_column(window, obj._values, obj.index, name, args, options)
            return pandas.Series(made, index=obj.index, name=obj.name)
        if isinstance(obj, pandas.DataFrame) and any(type(a) is Column for a in obj._iter_column_arrays()):
            parts = {
                k: _windowed(cls, name)(_again(window, obj.iloc[:, k]), *args, **options) for k in range(obj.shape[1])
            }
            made = pandas.DataFrame(parts, index=obj.index)
            made.columns = obj.columns
            return made
        return original(window, *args, **options)

    call.__name__ = name
    call.__doc__ = f"``{cls.__name__}.{name}``."
    return call


def _paired(cls: type, name: str) -> Callable[..., Any]:
    """``cov`` and ``corr`` of two Series of the same labels, window by window."""
    original = getattr(cls, name)

    def call(window: Any, other: Any = None, *args: Any, **options: Any) -> Any:
        obj: Any = _selected(window) if local.watch is not None else None
        pair = (obj, obj if other is None else other)
        if not any(map(has_columns, pair)):
            return original(window, other, *args, **options)
        column = next(a for a in (p._values if p.ndim == 1 else None for p in pair) if type(a) is Column)
        if any(p.ndim != 1 or not p.index.equals(obj.index) for p in pair) or args:
            raise column.numbers.tape.fail(
                f"{name}() of windows over tables, or over Series of other labels, of traced numbers has no rule. Write it with mean(), of the products"
            )
        expected = original(_again(window, plainly(obj)), plainly(pair[1]), **options)
        a, b = map(numbers_in, pair)
        good = np.flatnonzero(~np.isnan(np.asarray(plain(a)) + np.asarray(plain(b))))
        table = np.full((len(obj), good.size), np.nan)
        table[good] = np.eye(good.size)
        units = _pandas().DataFrame(table, index=obj.index)
        values = expected.to_numpy()
        chosen = np.flatnonzero(~np.isnan(values))
        weights = _weights(window, units)[chosen]
        made = _moment(name, weights, a[good], b[good], options)
        if not np.allclose(np.asarray(plain(made)), values[chosen], rtol=1e-7, atol=1e-12):
            raise column.numbers.tape.fail(
                f"{name}() of these windows has no rule. Write it with mean(), of the products"
            )
        places = np.full(len(values), -1)
        places[chosen] = np.arange(chosen.size)
        column = Column(with_value(placed(made, places, np.nan), values))
        return _pandas().Series(column, index=expected.index, name=expected.name)

    call.__name__ = name
    call.__doc__ = f"``{cls.__name__}.{name}``."
    return call


def _weights(window: Any, units: Any) -> np.ndarray:
    """The weights of the means, a row for each window, of windows that hold too few numbers as well."""
    other = _again(window, units)
    other.min_periods = 0
    return np.asarray(np.nan_to_num(other.mean().to_numpy()))


def _moment(name: str, w: np.ndarray, a: Any, b: Any, options: dict[str, Any]) -> Any:
    """Σ w (a − Σ w a)(b − Σ w b), without bias unless it is asked for; over the deviations for ``corr``."""
    da, db = a - (w @ a)[:, None], b - (w @ b)[:, None]
    made = np.sum(w * da * db, axis=1)
    if name == "corr":
        return made / np.sqrt(np.sum(w * da**2, axis=1) * np.sum(w * db**2, axis=1))
    if "ddof" in options:
        count = np.sum(w > 0, axis=1)
        return made * count / (count - options["ddof"])
    return made if options.get("bias", False) else made / (1 - np.sum(w**2, axis=1))


def _by_group(cls: type, name: str, window: Any, obj: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Windows within groups, which stand one after the other in the result."""
    pandas = _pandas()
    original = getattr(cls, name)
    if not (isinstance(obj, pandas.Series) and type(obj._values) is Column):
        return original(window, *args, **options)
    groups = list(window._grouper.indices.values())
    kept = {n: getattr(window, n) for n in _options(cls) if hasattr(window, n)}
    parts = [_windowed(cls, name)(cls(obj.iloc[g], **kept), *args, **options) for g in groups]
    made = pandas.concat(parts)
    keys = window._grouper.result_index
    labels = [
        (*(k if isinstance(k, tuple) else (k,)), *(i if isinstance(i, tuple) else (i,)))
        for k, g in zip(keys, groups, strict=True)
        for i in obj.index[g]
    ]
    made.index = pandas.MultiIndex.from_tuples(labels, names=[*keys.names, *obj.index.names])
    return made


_NAMES = (
    "sum",
    "mean",
    "var",
    "std",
    "sem",
    "min",
    "max",
    "median",
    "skew",
    "kurt",
    "quantile",
    "apply",
    "first",
    "last",
)


def windows() -> dict[type, dict[str, Callable[..., Any]]]:
    """The stand-ins of the methods of windows."""
    typing = _pandas().api.typing
    found: dict[type, dict[str, Callable[..., Any]]] = {}
    for kind in ("Rolling", "Expanding", "ExponentialMovingWindow", "Window"):
        cls = getattr(typing, kind)
        found[cls] = {name: _windowed(cls, name) for name in _NAMES if hasattr(cls, name)}
        found[cls] |= {name: _paired(cls, name) for name in ("cov", "corr") if hasattr(cls, name)}
        by_group = getattr(typing, kind + "GroupBy", None) or getattr(
            typing, kind + "Groupby", None
        )  # until pandas 3.1
        if by_group is not None:
            found[by_group] = {name: _windowed(cls, name) for name in _NAMES if hasattr(cls, name)}
    return found
