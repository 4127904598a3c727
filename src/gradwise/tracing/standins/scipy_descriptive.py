"""``scipy.stats``: means, moments, measures of spread, standardised data, entropies.

Each is its formula in NumPy, for plain options of one axis; what SciPy does with masks, missing values (``nan_policy``) and options that are not named here raises.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.holders import standing_for
from gradwise.tracing.standins.recording import contains_traced, resolve
from gradwise.tracing.standins.scipy_calling import refuse, shown, table, with_value
from gradwise.tracing.standins.stacking import plainly
from gradwise.tracing.standins.traced_data import settled
from gradwise.tracing.traced import dtype_of

if TYPE_CHECKING:
    from collections.abc import Callable


def floats(a: Any) -> Any:
    """Data as an array of real or complex numbers."""
    a = as_array(a)
    return a if dtype_of(plain(a)).kind in "fc" else a.astype(float)


def ready(a: Any, axis: Any) -> tuple[Any, int]:
    """Data of at least one axis, and the axis that a statistic is taken along."""
    a = floats(a)
    return (np.ravel(a), 0) if axis is None else (np.atleast_1d(a), axis)


#: options that change nothing: SciPy's functions call one another past the wrapper that knows of missing numbers
_USUAL: dict[str, Any] = {"_no_deco": True, "nan_policy": "propagate", "keepdims": False}


def of_samples(name: str, count: int, formula: Callable[..., Any], known: tuple[str, ...]) -> Callable[..., Any]:
    """Stand-in for ``scipy.stats.<name>`` of ``count`` samples: ``formula(*samples, **options)`` with SciPy's value; options that are not known raise."""

    def call(*args: Any, **options: Any) -> Any:
        args = (*args[:count], *settled(args[count:]))  # weights that the function makes are plain
        options = {k: settled(v) for k, v in options.items() if k not in _USUAL or v is not _USUAL[k]}
        value = getattr(scipy.stats, name)(*map(plainly, args), **{k: plainly(v) for k, v in options.items()})
        if options.get("nan_policy") in ("omit", "raise") and not any(map(_misses_numbers, args[:count])):
            del options["nan_policy"]
        if options.get("keepdims") is True:  # the value has the axes, and the result takes its shape
            del options["keepdims"]
        given = dict(zip(known, args[count:], strict=False)) | options
        if len(args) > count + len(known) or set(given) - set(known) or contains_traced(tuple(given.values())):
            return refuse(
                [*args, *options.values()],
                f"scipy.stats.{name} with traced or unusual options",
                f"Plain options are known: {', '.join(known) or 'none'}",
            )
        result = formula(*map(floats, args[:count]), **given)
        if isinstance(result, dict):  # of a record of results, some of which are numbers of no use here
            kept = {k: r if callable(r) else with_value(r, getattr(value, k)) for k, r in result.items()}
            return Record(value, kept, name)
        return with_value(result, value)

    call.__name__ = name
    call.__doc__ = f"``scipy.stats.{name}``."
    return call


def _misses_numbers(a: Any) -> bool:
    """Whether data have a nan; a program stands where they have none, and another one where they have."""
    return bool(concrete(np.any(np.isnan(floats(a)))))


@standing_for("_value")
class Record:
    """SciPy's result, in which some attributes are traced; the others are plain if they do not depend on the data's derivative, or refused."""

    def __init__(self, value: Any, kept: dict[str, Any], name: str) -> None:
        self._value, self._kept, self._name = value, kept, name

    def __getattr__(self, attribute: str) -> Any:
        if attribute in self._kept:
            return self._kept[attribute]
        if attribute.startswith("__") or not hasattr(self._value, attribute):
            raise AttributeError(attribute)
        return refuse(
            [v for v in self._kept.values() if not callable(v)],
            f"{attribute} of scipy.stats.{self._name}",
            f"Known are {', '.join(self._kept)}",
        )

    def _names(self) -> list[str]:
        return list(getattr(self._value, "_fields", self._kept))

    def __iter__(self) -> Any:
        return (getattr(self, name) for name in self._names())

    def __getitem__(self, place: Any) -> Any:
        names = self._names()[place]
        return getattr(self, names) if isinstance(names, str) else tuple(getattr(self, name) for name in names)

    def __len__(self) -> int:
        return len(self._value)

    def __repr__(self) -> str:
        return repr(self._value)


# --- means and moments ------------------------------------------------------------------------------------------------------------


def _moment(a: Any, order: int, axis: int, center: Any = None) -> Any:
    away = a - (np.mean(a, axis=axis, keepdims=True) if center is None else center)
    return np.mean(away**order, axis=axis)


def _moments(a: Any, order: Any = 1, axis: Any = 0, nan_policy: str = "propagate", *, center: Any = None) -> Any:
    a, axis = ready(a, axis)
    if np.ndim(order):
        return np.stack([_moment(a, k, axis, center) for k in order])
    if order == 1 and center is None:
        return 0.0 * np.sum(a, axis=axis)
    return _moment(a, order, axis, center)


def _gmean(a: Any, axis: Any = 0, dtype: Any = None, weights: Any = None) -> Any:
    a, axis = ready(a, axis)
    return np.exp(np.average(np.log(a), axis=axis, weights=weights))


def _hmean(a: Any, axis: Any = 0, dtype: Any = None, *, weights: Any = None) -> Any:
    a, axis = ready(a, axis)
    return np.where(np.any(a < 0, axis=axis), np.nan, 1 / np.average(1 / a, axis=axis, weights=weights))[()]


def _pmean(a: Any, p: Any = 1, *, axis: Any = 0, dtype: Any = None, weights: Any = None) -> Any:
    if p == 0:
        return _gmean(a, axis, dtype, weights)
    a, axis = ready(a, axis)
    return np.where(np.any(a < 0, axis=axis), np.nan, np.average(a**p, axis=axis, weights=weights) ** (1 / p))[()]


def _skew(a: Any, axis: Any = 0, bias: bool = True) -> Any:
    a, axis = ready(a, axis)
    n = a.shape[axis]
    g = _moment(a, 3, axis) / _moment(a, 2, axis) ** 1.5
    return g if bias else math.sqrt(n * (n - 1)) / (n - 2) * g


def _kurtosis(a: Any, axis: Any = 0, fisher: bool = True, bias: bool = True) -> Any:
    a, axis = ready(a, axis)
    n = a.shape[axis]
    g = _moment(a, 4, axis) / _moment(a, 2, axis) ** 2
    if not bias:
        g = ((n * n - 1) * g - 3 * (n - 1) ** 2) / ((n - 2) * (n - 3)) + 3
    return g - 3 if fisher else g


def _sem(a: Any, axis: Any = 0, ddof: int = 1) -> Any:
    a, axis = ready(a, axis)
    return np.std(a, axis=axis, ddof=ddof) / math.sqrt(a.shape[axis])


def _variation(a: Any, axis: Any = 0, nan_policy: str = "propagate", ddof: int = 0) -> Any:
    a, axis = ready(a, axis)
    return np.std(a, axis=axis, ddof=ddof) / np.mean(a, axis=axis)


def _gstd(a: Any, axis: Any = 0, ddof: int = 1) -> Any:
    a, axis = ready(a, axis)
    return np.exp(np.std(np.log(a), axis=axis, ddof=ddof))


#: half of the quartiles' distance, and the median deviation, of a standard normal variate
_NORMAL_DEVIATION = float(scipy.special.ndtri(0.75))


def _iqr(
    x: Any, axis: Any = None, rng: Any = (25, 75), scale: Any = 1.0, nan_policy: str = "propagate", interpolation: Any = "linear"
) -> Any:  # fmt: skip
    low, high = np.percentile(x, sorted(rng), axis=axis, method=interpolation)
    return (high - low) / (2 * _NORMAL_DEVIATION if scale == "normal" else scale)


def _deviation(x: Any, axis: Any = 0, center: Any = None, scale: Any = 1.0) -> Any:
    x, axis = ready(x, axis)
    middle = np.median(x, axis=axis) if center is None else resolve(center)(x, axis=axis)
    away = np.abs(x - np.expand_dims(middle, axis))
    return np.median(away, axis=axis) / (_NORMAL_DEVIATION if isinstance(scale, str) else scale)


def _trimmed(a: Any, proportiontocut: float, axis: Any = 0) -> Any:
    a, axis = ready(a, axis)
    n = a.shape[axis]
    if contains_traced(a):  # nan is the largest in order, and would be cut off, where SciPy gives nan
        missing = np.any(np.isnan(a))
        concrete(a if plain(missing) else missing)
    cut = int(proportiontocut * n)
    ordered = np.moveaxis(np.sort(a, axis=axis), axis, 0)
    return np.mean(ordered[cut : n - cut], axis=0)


def _zscore(a: Any, axis: Any = 0, ddof: int = 0) -> Any:
    return _zmap(a, a, axis, ddof)


def _zmap(scores: Any, compare: Any, axis: Any = 0, ddof: int = 0) -> Any:
    mean = np.mean(compare, axis=axis, keepdims=True)
    return (scores - mean) / np.std(compare, axis=axis, ddof=ddof, keepdims=True)


def _gzscore(a: Any, axis: Any = 0, ddof: int = 0) -> Any:
    return _zscore(np.log(a), axis, ddof)


def _circular(x: Any, high: float, low: float, axis: Any) -> tuple[Any, Any, Any]:
    x, axis = ready(x, axis)
    angle = (x - low) * (2 * math.pi / (high - low))
    sine, cosine = np.mean(np.sin(angle), axis=axis), np.mean(np.cos(angle), axis=axis)
    return sine, cosine, np.hypot(sine, cosine)


def _circmean(samples: Any, high: float = 2 * math.pi, low: float = 0.0, axis: Any = None) -> Any:
    sine, cosine, _ = _circular(samples, high, low, axis)
    return np.mod(np.arctan2(sine, cosine), 2 * math.pi) * ((high - low) / (2 * math.pi)) + low


def _circvar(samples: Any, high: float = 2 * math.pi, low: float = 0.0, axis: Any = None) -> Any:
    return 1 - _circular(samples, high, low, axis)[2]


def _circstd(
    samples: Any,
    high: float = 2 * math.pi,
    low: float = 0.0,
    axis: Any = None,
    nan_policy: str = "propagate",
    *,
    normalize: bool = False,
) -> Any:
    spread = np.sqrt(-2 * np.log(_circular(samples, high, low, axis)[2]))
    return spread if normalize else spread * ((high - low) / (2 * math.pi))


# --- entropies -----------------------------------------------------------------------------------------------------


def entropy(pk: Any, qk: Any = None, base: Any = None, axis: Any = 0, nan_policy: str = "propagate") -> Any:
    """``scipy.stats.entropy``; the second distribution may be traced too."""
    value = scipy.stats.entropy(*shown(pk, qk, base), axis, nan_policy=nan_policy)
    pk = floats(pk)
    if qk is not None:  # of one shape, before each is made to add up to 1
        pk, qk = np.broadcast_arrays(pk, floats(qk))
    pk = pk / np.sum(pk, axis=axis, keepdims=True)
    if qk is None:
        terms = scipy.special.entr(pk)
    else:
        terms = scipy.special.rel_entr(pk, qk / np.sum(qk, axis=axis, keepdims=True))
    total = np.sum(terms, axis=axis)
    return with_value(total if base is None else total / np.log(base), value)


def _repeated_medians(y: Any, x: Any, method: str) -> Any:
    """What ``siegelslopes`` has compiled: the median over points of the median slope to the others (Siegel 1982)."""
    if not contains_traced(y) and not contains_traced(x):
        return scipy.stats._stats_pythran.siegelslopes(y, x, method)
    value = scipy.stats._stats_pythran.siegelslopes(plainly(y), plainly(x), method)
    steps, rises = x[:, None] - x, y[:, None] - y
    elsewhere = concrete(np.not_equal(steps, 0), "mask")
    slopes, intercepts = [], []
    for j in np.flatnonzero(elsewhere.any(axis=1)):
        others = elsewhere[j]
        slopes.append(np.median(rises[j][others] / steps[j][others]))
        if method == "separate":
            intercepts.append(np.median((y * x[j] - y[j] * x)[others] / steps[j][others]))
    slope = np.median(np.stack(slopes))
    intercept = np.median(np.stack(intercepts)) if intercepts else np.median(y - slope * x)
    return with_value(slope, value[0]), with_value(intercept, value[1])


_SAMPLES: dict[str, tuple[int, Callable[..., Any], tuple[str, ...]]] = {
    "moment": (1, _moments, ("order", "axis", "nan_policy", "center")),
    "gmean": (1, _gmean, ("axis", "dtype", "weights")),
    "hmean": (1, _hmean, ("axis", "dtype", "weights")),
    "pmean": (1, _pmean, ("p", "axis", "dtype", "weights")),
    "skew": (1, _skew, ("axis", "bias")),
    "kurtosis": (1, _kurtosis, ("axis", "fisher", "bias")),
    "sem": (1, _sem, ("axis", "ddof")),
    "variation": (1, _variation, ("axis", "nan_policy", "ddof")),
    "gstd": (1, _gstd, ("axis", "ddof")),
    "iqr": (1, _iqr, ("axis", "rng", "scale", "nan_policy", "interpolation")),
    "median_abs_deviation": (1, _deviation, ("axis", "center", "scale")),
    "trim_mean": (1, _trimmed, ("proportiontocut", "axis")),
    "zscore": (1, _zscore, ("axis", "ddof")),
    "gzscore": (1, _gzscore, ("axis", "ddof")),
    "zmap": (2, _zmap, ("axis", "ddof")),
    "circmean": (1, _circmean, ("high", "low", "axis")),
    "circvar": (1, _circvar, ("high", "low", "axis")),
    "circstd": (1, _circstd, ("high", "low", "axis", "nan_policy", "normalize")),
}

STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "scipy.stats": table(
        "scipy.stats",
        {
            **{name: of_samples(name, *how) for name, how in _SAMPLES.items()},
            "entropy": entropy,
        },
    ),
    "scipy.stats._stats_pythran": {"siegelslopes": _repeated_medians},
}
