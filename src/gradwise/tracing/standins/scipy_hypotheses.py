"""``scipy.stats``: correlation, regression and tests with their probabilities and intervals."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.standins.recording import at_line, open_traces
from gradwise.tracing.standins.scipy_calling import shown, table, with_value
from gradwise.tracing.standins.scipy_descriptive import Record, floats, of_samples, ready

if TYPE_CHECKING:
    from collections.abc import Callable


def _pearson(x: Any, y: Any, alternative: str = "two-sided") -> Any:
    n = x.shape[0]
    shown_result = scipy.stats.pearsonr(*shown(x, y), alternative=alternative)
    x, y = x - np.mean(x), y - np.mean(y)
    r = np.sum(x * y) / (np.linalg.norm(x) * np.linalg.norm(y))
    # (1 − r) / 2 has a beta distribution if there is no correlation
    half = n / 2 - 1
    tails = {
        "two-sided": lambda: 2 * scipy.special.betainc(half, half, 0.5 * (1 - np.abs(r))),
        "less": lambda: scipy.special.betainc(half, half, 0.5 * (1 + r)),
        "greater": lambda: scipy.special.betainc(half, half, 0.5 * (1 - r)),
    }

    def ends(level: float) -> tuple[Any, Any]:
        """Fisher's transform of the coefficient has a normal distribution."""
        away = scipy.special.ndtri(level) / math.sqrt(n - 3)
        return np.tanh(np.arctanh(r) - away), np.tanh(np.arctanh(r) + away)

    return {
        "statistic": r,
        "correlation": r,
        "pvalue": tails[alternative](),
        "confidence_interval": _interval(shown_result, ends, alternative),
    }


def _interval(value: Any, ends: Callable[[float], tuple[Any, Any]], alternative: str) -> Callable[..., Any]:
    """The method of a result that gives its interval; ``ends(probability)`` has both, each exceeded with what is left of it."""

    def call(confidence_level: float = 0.95, method: Any = None) -> Any:
        found = value.confidence_interval(confidence_level, *([] if method is None else [method]))
        both = ends((1 + confidence_level) / 2 if alternative == "two-sided" else confidence_level)
        with at_line(*open_traces(both)):
            low = found.low if alternative == "less" else with_value(both[0], found.low)
            high = found.high if alternative == "greater" else with_value(both[1], found.high)
        return type(found)(low, high)

    return call


def _line(x: Any, y: Any, alternative: str = "two-sided") -> Any:
    n = x.shape[0]
    away = x - np.mean(x)
    square = np.sum(away * away)
    slope = np.sum(away * (y - np.mean(y))) / square
    r = np.sum(away * (y - np.mean(y))) / (np.sqrt(square) * np.linalg.norm(y - np.mean(y)))
    error = np.sqrt((1 - r * r) * np.var(y) / np.var(x) / (n - 2))
    return {
        "slope": slope,
        "intercept": np.mean(y) - slope * np.mean(x),
        "rvalue": r,
        "pvalue": _tail(r * np.sqrt((n - 2) / (1 - r * r)), n - 2, alternative),
        "stderr": error,
        "intercept_stderr": error * np.sqrt(square / n + np.mean(x) ** 2),
    }


def _tail(statistic: Any, df: Any, alternative: str) -> Any:
    """The probability of what lies further out by Student's distribution."""
    if alternative == "two-sided":
        return 2 * scipy.special.stdtr(df, -np.abs(statistic))
    return scipy.special.stdtr(df, statistic if alternative == "less" else -statistic)


def _student(gap: Any, error: Any, df: Any, offset: Any, value: Any, alternative: str) -> dict[str, Any]:
    """Statistic, probability and interval of an estimate; ``offset``: what was subtracted from it."""

    def ends(level: float) -> tuple[Any, Any]:
        reach = scipy.special.stdtrit(df, level) * error
        return offset + gap - reach, offset + gap + reach

    statistic = gap / error
    return {
        "statistic": statistic,
        "pvalue": _tail(statistic, df, alternative),
        "df": df,
        "confidence_interval": _interval(value, ends, alternative),
    }


def _one_sample(
    a: Any, popmean: Any, axis: Any = 0, nan_policy: str = "propagate", alternative: str = "two-sided"
) -> Any:
    value = scipy.stats.ttest_1samp(*shown(a, popmean), axis=axis, alternative=alternative)
    return _mean_beside(a, popmean, axis, alternative, value)


def _mean_beside(a: Any, popmean: Any, axis: Any, alternative: str, value: Any) -> Any:
    a, axis = ready(a, axis)
    n = a.shape[axis]
    if np.ndim(plain(popmean)):
        popmean = np.squeeze(popmean, axis=axis)
    error = np.std(a, axis=axis, ddof=1) / math.sqrt(n)
    return _student(np.mean(a, axis=axis) - popmean, error, float(n - 1), popmean, value, alternative)


def _two_samples(a: Any, b: Any, axis: Any = 0, equal_var: bool = True, alternative: str = "two-sided") -> Any:
    value = scipy.stats.ttest_ind(*shown(a, b), axis=axis, equal_var=equal_var, alternative=alternative)
    (a, axis), (b, _) = ready(a, axis), ready(b, axis)
    n, m = a.shape[axis], b.shape[axis]
    u, v = np.var(a, axis=axis, ddof=1), np.var(b, axis=axis, ddof=1)
    gap = np.mean(a, axis=axis) - np.mean(b, axis=axis)
    if equal_var:
        pooled = ((n - 1) * u + (m - 1) * v) / (n + m - 2)
        return _student(gap, np.sqrt(pooled * (1 / n + 1 / m)), float(n + m - 2), 0.0, value, alternative)
    u, v = u / n, v / m  # Welch's degrees of freedom move with the samples
    df = (u + v) ** 2 / (u * u / (n - 1) + v * v / (m - 1))
    return _student(gap, np.sqrt(u + v), df, 0.0, value, alternative)


def _pairs(a: Any, b: Any, axis: Any = 0, nan_policy: str = "propagate", alternative: str = "two-sided") -> Any:
    value = scipy.stats.ttest_rel(*shown(a, b), axis=axis, alternative=alternative)
    return _mean_beside(a - b, 0.0, axis, alternative, value)


def f_oneway(*samples: Any, axis: int = 0) -> Any:
    """``scipy.stats.f_oneway``."""
    value = scipy.stats.f_oneway(*shown(*samples), axis=axis)
    arrays = [floats(s) for s in samples]
    total = sum(a.shape[axis] for a in arrays)
    every = np.concatenate(arrays, axis=axis)
    centre = np.mean(every, axis=axis)
    between = sum(a.shape[axis] * (np.mean(a, axis=axis) - centre) ** 2 for a in arrays) / (len(arrays) - 1)
    within = sum(a.shape[axis] * np.var(a, axis=axis) for a in arrays) / (total - len(arrays))
    statistic = between / within
    tail = scipy.special.fdtrc(float(len(arrays) - 1), float(total - len(arrays)), statistic)
    kept = {"statistic": with_value(statistic, value.statistic), "pvalue": with_value(tail, value.pvalue)}
    return Record(value, kept, "f_oneway")


_SAMPLES: dict[str, tuple[int, Callable[..., Any], tuple[str, ...]]] = {
    "pearsonr": (2, _pearson, ("alternative",)),
    "linregress": (2, _line, ("alternative",)),
    "ttest_1samp": (1, _one_sample, ("popmean", "axis", "nan_policy", "alternative")),
    "ttest_ind": (2, _two_samples, ("axis", "equal_var", "alternative")),
    "ttest_rel": (2, _pairs, ("axis", "nan_policy", "alternative")),
}

STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "scipy.stats": table(
        "scipy.stats", {**{name: of_samples(name, *how) for name, how in _SAMPLES.items()}, "f_oneway": f_oneway}
    )
}
