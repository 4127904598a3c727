"""``statistics`` on traced numbers: the value that ``statistics`` computes, in exact arithmetic, and a traced number."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.rules.linear_algebra.singular import norm
from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.standins.iteration import among
from gradwise.tracing.standins.recording import at_line, carries, open_traces
from gradwise.tracing.standins.scipy_calling import refuse
from gradwise.tracing.standins.stacking import assembled
from gradwise.tracing.traced import TracedScalar, apply, isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable


def _listed(a: Any) -> Any:
    return list(a) if np.iterable(a) and not isinstance(a, str) else a


def _as(name: str, composition: Callable[..., Any]) -> Callable[..., Any]:
    """The function of ``statistics`` where nothing is traced, else the composition, of arrays, with the function's value.

    Integers that are traced are plain to both.
    """

    def call(*args: Any, **kwargs: Any) -> Any:
        function = getattr(sys.modules["statistics"], name)
        args = tuple(map(_listed, args))
        kwargs = {k: _listed(v) for k, v in kwargs.items()}
        every = (*args, *kwargs.values())
        if not any([among(a) if type(a) is list else isinstance_traced(a) for a in every]):
            return function(*args, **kwargs)
        plainly = [_plain(a) for a in args]
        value = function(*plainly, **{k: _plain(v) for k, v in kwargs.items()})
        traces = open_traces([x for a in every for x in (a if type(a) is list else [a])])
        if not traces:
            return value
        with at_line(*traces):
            result = composition(*map(_array, args), **{k: _array(v) for k, v in kwargs.items()})
        return _valued(result, value)

    call.__name__ = name
    call.__doc__ = f"``statistics.{name}``."
    return call


def _plain(a: Any) -> Any:
    return [plain(x) for x in a] if type(a) is list else plain(a)


def _array(a: Any) -> Any:
    if type(a) is not list:
        return a
    made = assembled(a)
    return made if isinstance_traced(made) else np.asarray(made, float)


def _valued(result: Any, value: Any) -> Any:
    if type(value) in {list, tuple} or hasattr(value, "_fields"):
        made = [_valued(r, v) for r, v in zip(result, value, strict=True)]
        return type(value)(*made) if hasattr(value, "_fields") else type(value)(made)
    if not carries(result):
        return value
    number = value if isinstance(value, float) else float(value)
    result.tape.values[result.index] = number
    return TracedScalar(result.tape, result.index, number)


def _mean(data: Any) -> Any:
    return np.sum(data) / len(data)


def _weighted_mean(data: Any, weights: Any = None) -> Any:
    return _mean(data) if weights is None else np.sum(data * weights) / np.sum(weights)


def _harmonic_mean(data: Any, weights: Any = None) -> Any:
    if np.any(np.equal(data, 0)):  # the limit: constant in the others
        return np.sum(data) * 0.0
    return len(data) / np.sum(1 / data) if weights is None else np.sum(weights) / np.sum(weights / data)


def _sorted(data: Any) -> Any:
    return np.sort(data)


def _median(data: Any) -> Any:
    data, n = _sorted(data), len(data)
    return data[n // 2] + 0.0 if n % 2 else (data[n // 2 - 1] + data[n // 2]) / 2


def _variance(data: Any, xbar: Any = None, *, less: int = 1) -> Any:
    centre = _mean(data) if xbar is None else xbar
    return np.sum((data - centre) ** 2) / (len(data) - less)


def _deviation(data: Any, xbar: Any = None, *, less: int = 1) -> Any:
    """By the norm, so that equal data are a kink and not 0/0."""
    away = data - (_mean(data) if xbar is None else xbar)
    return apply(away.tape, norm, (away,), ((0,), False)) / math.sqrt(len(data) - less)


def _covariance(x: Any, y: Any) -> Any:
    return np.sum((x - _mean(x)) * (y - _mean(y))) / (len(x) - 1)


def _correlation(x: Any, y: Any, *, method: str = "linear") -> Any:
    if method == "ranked":
        return np.sum(x - x) + np.sum(y - y)  # ranks are constant
    x, y = x - _mean(x), y - _mean(y)
    return np.sum(x * y) / np.sqrt(np.sum(x * x) * np.sum(y * y))


def _linear_regression(x: Any, y: Any, *, proportional: bool = False) -> Any:
    if proportional:
        slope = np.sum(x * y) / np.sum(x * x)
        return slope, slope * 0.0
    away = x - _mean(x)
    slope = np.sum(away * y) / np.sum(away * away)
    return slope, _mean(y) - slope * _mean(x)


def _quantiles(data: Any, *, n: int = 4, method: str = "exclusive") -> list[Any]:
    data, count = _sorted(data), len(data)
    result = []
    for i in range(1, n):
        if method == "inclusive":
            j, delta = divmod(i * (count - 1), n)
            result.append((data[j] * (n - delta) + data[min(j + 1, count - 1)] * delta) / n)
        else:
            j = min(max(i * (count + 1) // n, 1), count - 1)
            delta = i * (count + 1) - j * n
            result.append((data[j - 1] * (n - delta) + data[j] * delta) / n)
    return result


def _grouped_median(data: Any, interval: Any = 1.0) -> Any:
    """Of classes around the data: the class in the middle, and how far into it the median is."""
    data, count = _sorted(data), len(data)
    middle = data[count // 2]
    below = int(np.sum(concrete(np.less(data, middle), "mask")))
    same = int(np.sum(concrete(np.equal(data, middle), "mask")))
    if same > 1 and isinstance_traced(middle):
        refuse(
            [middle],
            "statistics.median_grouped of data that fall together",
            "A class that one of them leaves makes it jump",
        )
    return middle + interval * ((count / 2 - below) / same - 0.5)


def _chosen(name: str) -> Callable[..., Any]:
    """Stand-in for a function that gives one of the data."""

    def call(data: Any) -> Any:
        function = getattr(sys.modules["statistics"], name)
        data = list(data)
        if not among(data):
            return function(data)
        value = function([concrete(x) for x in data])
        return next(x for x in data if plain(x) == value)

    call.__name__ = name
    call.__doc__ = f"``statistics.{name}``: one of the data."
    return call


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "statistics": {
        "mean": _as("mean", _mean),
        "fmean": _as("fmean", _weighted_mean),
        "geometric_mean": _as("geometric_mean", lambda data: np.exp(_mean(np.log(data)))),
        "harmonic_mean": _as("harmonic_mean", _harmonic_mean),
        "median": _as("median", _median),
        "median_grouped": _as("median_grouped", _grouped_median),
        "variance": _as("variance", _variance),
        "pvariance": _as("pvariance", lambda data, mu=None: _variance(data, mu, less=0)),
        "stdev": _as("stdev", _deviation),
        "pstdev": _as("pstdev", lambda data, mu=None: _deviation(data, mu, less=0)),
        "covariance": _as("covariance", _covariance),
        "correlation": _as("correlation", _correlation),
        "linear_regression": _as("linear_regression", _linear_regression),
        "quantiles": _as("quantiles", _quantiles),
        **{name: _chosen(name) for name in ("median_low", "median_high", "mode")},
    }
}
