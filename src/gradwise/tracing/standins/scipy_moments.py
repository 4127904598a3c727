"""``scipy.stats``: mean, variance, median, interval and entropy of distributions with traced parameters, and the fit of a normal distribution.

mean = loc + scale · m(shapes),   var = scale² · v(shapes),   entropy = log scale + h(shapes)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.standins.opened import run_opened
from gradwise.tracing.standins.recording import at_line, contains_traced, open_traces
from gradwise.tracing.standins.scipy_calling import refuse, with_value
from gradwise.tracing.standins.scipy_distribution_guards import refuse_limits
from gradwise.tracing.standins.scipy_distributions import _METHODS, DISTRIBUTIONS
from gradwise.tracing.standins.scipy_entropies import entropy_of
from gradwise.tracing.standins.stacking import leaves, plainly

if TYPE_CHECKING:
    from collections.abc import Callable


def _gamma(x: Any) -> Any:
    return scipy.special.gamma(x)


#: name → mean and variance of the standard form, of its shape parameters
_OF_SHAPES: dict[str, Callable[..., tuple[Any, Any]]] = {
    "gamma": lambda a: (a, a),
    "beta": lambda a, b: (a / (a + b), a * b / ((a + b) ** 2 * (a + b + 1))),
    "lognorm": lambda s: (np.exp(s * s / 2), np.expm1(s * s) * np.exp(s * s)),
    "weibull_min": lambda c: (_gamma(1 + 1 / c), _gamma(1 + 2 / c) - _gamma(1 + 1 / c) ** 2),
    "invgamma": lambda a: (1 / (a - 1), 1 / ((a - 1) ** 2 * (a - 2))),
    "chi2": lambda k: (k, 2 * k),
    "t": lambda k: (0.0 * k, k / (k - 2)),
    "pareto": lambda b: (b / (b - 1), b / ((b - 1) ** 2 * (b - 2))),
    "poisson": lambda mu: (mu, mu),
    "bernoulli": lambda p: (p, p * (1 - p)),
    "binom": lambda n, p: (n * p, n * p * (1 - p)),
    "geom": lambda p: (1 / p, (1 - p) / (p * p)),
    "nbinom": lambda n, p: (n * (1 - p) / p, n * (1 - p) / (p * p)),
}


def _moments(dist: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any, Any, Any]:
    """Mean and variance of the standard form, and where and how wide it is."""
    shapes, loc, scale = dist._parse_args(*args, **kwargs)
    if not contains_traced(tuple(shapes)):
        mean, variance = dist.stats(*shapes, moments="mv")
    else:
        mean, variance = _OF_SHAPES[dist.name](*shapes)
    return mean, variance, loc, scale


def _answer(dist: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], value: Any) -> Any:
    if name == "median":
        return _METHODS["ppf"](dist, 0.5, *args, **kwargs)
    if name == "entropy":
        shapes, _, scale = dist._parse_args(*args, **kwargs)
        if contains_traced(tuple(shapes)):
            standard = value - np.log(plainly(scale)) if isinstance(dist, scipy.stats.rv_continuous) else value
            made = entropy_of(dist, _METHODS, shapes, standard)
            if made is None:
                return run_opened(type(dist).entropy, dist, *args, **kwargs)
            return made + np.log(scale) if isinstance(dist, scipy.stats.rv_continuous) else made
        return dist.entropy(*shapes) + np.log(scale)
    if dist.name not in _OF_SHAPES and contains_traced(tuple(dist._parse_args(*args, **kwargs)[0])):
        refuse_limits(dist, dist._parse_args(*args, **kwargs)[0], moments=True)
        return run_opened(getattr(type(dist), name), dist, *args, **kwargs)
    mean, variance, loc, scale = _moments(dist, args, kwargs)
    if name == "mean":
        return loc + scale * mean
    return scale * np.sqrt(variance) if name == "std" else scale * scale * variance


def _method(name: str) -> Callable[..., Any]:
    def call(dist: Any, *args: Any, **kwargs: Any) -> Any:
        everything = (*args, *kwargs.values())
        if not contains_traced(everything):
            return getattr(dist, name)(*args, **kwargs)
        with at_line(*open_traces(leaves(list(everything), []))):
            value = getattr(dist, name)(*map(plainly, args), **{k: plainly(v) for k, v in kwargs.items()})
            return with_value(_answer(dist, name, args, kwargs, value), value)

    call.__name__ = name
    call.__doc__ = f"``{name}`` of a distribution."
    return call


def interval(dist: Any, confidence: Any, *args: Any, **kwargs: Any) -> Any:
    """``interval``: the quantiles between which that much of the distribution lies, half of the rest on either side."""
    quantile = _METHODS["ppf"]
    low = quantile(dist, (1.0 - confidence) / 2, *args, **kwargs)
    return low, quantile(dist, (1.0 + confidence) / 2, *args, **kwargs)


def fit_of_normal(dist: Any, data: Any, *args: Any, **options: Any) -> Any:
    """``scipy.stats.norm.fit``: the mean and the standard deviation of the sample."""
    if not contains_traced(data) and not contains_traced((*args, *options.values())):
        return dist.fit(data, *args, **options)
    if args or options:
        refuse(
            [data, *args, *options.values()], "scipy.stats.norm.fit with fixed parameters", "Write the mean in NumPy"
        )
    data = as_array(data) if not isinstance(data, (list, tuple)) else as_array(list(data))
    value = dist.fit(plainly(data))
    return with_value((np.mean(data), np.std(data)), value)


_OURS: dict[str, Callable[..., Any]] = {n: _method(n) for n in ("mean", "var", "std", "median", "entropy")} | {
    "interval": interval
}


def _frozen(name: str) -> Callable[..., Any]:
    def call(frozen: Any, *args: Any, **kwargs: Any) -> Any:
        if not contains_traced((*args, *kwargs.values(), *frozen.args, *frozen.kwds.values())):
            return getattr(frozen, name)(*args, **kwargs)
        return _OURS[name](frozen.dist, *args, *frozen.args, **frozen.kwds, **kwargs)

    call.__name__ = name
    call.__doc__ = f"``{name}`` of a frozen distribution."
    return call


def _methods() -> dict[type, dict[str, Callable[..., Any]]]:
    stats = scipy.stats
    made: dict[type, dict[str, Callable[..., Any]]] = {type(getattr(stats, n)): dict(_OURS) for n in DISTRIBUTIONS}
    made[type(stats.norm)]["fit"] = fit_of_normal
    for frozen in (type(stats.norm()), type(stats.poisson(1.0))):
        made[frozen] = {name: _frozen(name) for name in _OURS}
    return made


#: a module that is loaded with ``scipy.stats``, under whose name the densities are
LATE_METHODS: dict[str, Callable[[], dict[type, dict[str, Callable[..., Any]]]]] = {
    "scipy.stats.distributions": _methods
}
