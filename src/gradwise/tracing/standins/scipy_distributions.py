"""``scipy.stats``: densities, distribution functions and quantiles of the common distributions, at traced points and with traced parameters.

A distribution is given by its standard form, of z = (x − loc)/scale.  Formulas: Johnson, Kotz & Balakrishnan, *Continuous Univariate Distributions*.  What a distribution lacks here raises as
any function without a rule.  SciPy's distributions are classes of its own, found once ``scipy.stats`` is loaded (``methods``).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy

from gradwise.tracing.argument_places import in_place
from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.holders import TWINS, written
from gradwise.tracing.standins import scipy_multivariate
from gradwise.tracing.standins.opened import run_opened
from gradwise.tracing.standins.recording import at_line, contains_traced, open_traces
from gradwise.tracing.standins.scipy_calling import only_at_this_point, refuse, with_value
from gradwise.tracing.standins.scipy_distribution_guards import (
    guard_domain,
    guard_sides,
    nan_where_there_is_none,
    refuse_limits,
)
from gradwise.tracing.standins.scipy_draws import at_its_probability, drawing
from gradwise.tracing.standins.scipy_likelihoods import likelihood
from gradwise.tracing.standins.scipy_multivariate import counts
from gradwise.tracing.standins.stacking import assembled, leaves, plainly

_LOG_ROOT_2_PI = 0.5 * math.log(2 * math.pi)


@dataclass(frozen=True)
class Standard:
    """A distribution of location 0 and scale 1.

    Attributes
    ----------
    logpdf : callable
        log p(z, *shapes) within the support.
    functions : dict
        cdf, sf, logcdf, logsf of (z, *shapes); ppf, isf of (q, *shapes).
    low, high : float
        The support.
    discrete : bool
        Whether ``logpdf`` is the logarithm of a probability of integers.
    support : callable, optional
        (low, high) of plain shapes, where the support depends on them.
    confirmed : bool
        Whether the functions are integrals, which are used where they have SciPy's value.
    """

    logpdf: Callable[..., Any]
    functions: dict[str, Callable[..., Any]] = field(default_factory=dict)
    low: float = -math.inf
    high: float = math.inf
    discrete: bool = False
    support: Callable[..., tuple[Any, Any]] | None = None
    confirmed: bool = False


def _sp(name: str) -> Callable[..., Any]:
    """A universal function of ``scipy.special``, which is loaded when it is called."""
    return lambda *args: getattr(scipy.special, name)(*args)


_gammaln, _xlogy, _xlog1py, _ndtr, _ndtri = map(_sp, ("gammaln", "xlogy", "xlog1py", "ndtr", "ndtri"))
_gammainc, _gammaincc, _gammaincinv = map(_sp, ("gammainc", "gammaincc", "gammaincinv"))
_expit, _logit, _log_expit, _log_ndtr = map(_sp, ("expit", "logit", "log_expit", "log_ndtr"))


def _beta(name: str) -> Callable[..., Any]:
    return lambda z, a, b: getattr(scipy.special, name)(a, b, z)


DISTRIBUTIONS: dict[str, Standard] = {
    "norm": Standard(
        lambda z: -z * z / 2 - _LOG_ROOT_2_PI,
        {
            "cdf": _ndtr,
            "sf": lambda z: _ndtr(-z),
            "logcdf": _log_ndtr,
            "logsf": lambda z: _log_ndtr(-z),
            "ppf": _ndtri,
            "isf": lambda q: -_ndtri(q),
        },
    ),
    "expon": Standard(
        lambda z: -z,
        {
            "cdf": lambda z: -np.expm1(-z),
            "sf": lambda z: np.exp(-z),
            "logsf": lambda z: -z,
            "ppf": lambda q: -np.log1p(-q),
            "isf": lambda q: -np.log(q),
        },
        low=0.0,
    ),
    "uniform": Standard(
        lambda z: 0.0 * z, {"cdf": lambda z: z, "sf": lambda z: 1 - z, "ppf": lambda q: q}, low=0.0, high=1.0
    ),
    "logistic": Standard(
        lambda z: _log_expit(z) + _log_expit(-z),
        {
            "cdf": _expit,
            "sf": lambda z: _expit(-z),
            "logcdf": _log_expit,
            "logsf": lambda z: _log_expit(-z),
            "ppf": _logit,
            "isf": lambda q: -_logit(q),
        },
    ),
    "laplace": Standard(
        lambda z: -np.abs(z) - math.log(2),
        {
            "cdf": lambda z: np.where(z > 0, 1 - np.exp(-np.abs(z)) / 2, np.exp(-np.abs(z)) / 2),
            "ppf": lambda q: np.where(q > 0.5, -np.log(2 * (1 - q)), np.log(2 * q)),
        },
    ),
    "cauchy": Standard(
        lambda z: -np.log1p(z * z) - math.log(math.pi),
        {"cdf": lambda z: 0.5 + np.arctan(z) / math.pi, "ppf": lambda q: np.tan(math.pi * (q - 0.5))},
    ),
    "gumbel_r": Standard(
        lambda z: -z - np.exp(-z),
        {
            "cdf": lambda z: np.exp(-np.exp(-z)),
            "logcdf": lambda z: -np.exp(-z),
            "sf": lambda z: -np.expm1(-np.exp(-z)),
            "ppf": lambda q: -np.log(-np.log(q)),
        },
    ),
    "rayleigh": Standard(
        lambda z: np.log(z) - z * z / 2,
        {
            "cdf": lambda z: -np.expm1(-z * z / 2),
            "sf": lambda z: np.exp(-z * z / 2),
            "ppf": lambda q: np.sqrt(-2 * np.log1p(-q)),
        },
        low=0.0,
    ),
    "halfnorm": Standard(
        lambda z: 0.5 * math.log(2 / math.pi) - z * z / 2,
        {"cdf": lambda z: 2 * _ndtr(z) - 1, "sf": lambda z: 2 * _ndtr(-z), "ppf": lambda q: _ndtri((1 + q) / 2)},
        low=0.0,
    ),
    "lognorm": Standard(
        lambda z, s: -((np.log(z) / s) ** 2) / 2 - np.log(s * z) - _LOG_ROOT_2_PI,
        {
            "cdf": lambda z, s: _ndtr(np.log(z) / s),
            "sf": lambda z, s: _ndtr(-np.log(z) / s),
            "logcdf": lambda z, s: _log_ndtr(np.log(z) / s),
            "logsf": lambda z, s: _log_ndtr(-np.log(z) / s),
            "ppf": lambda q, s: np.exp(s * _ndtri(q)),
        },
        low=0.0,
    ),
    "gamma": Standard(
        lambda z, a: _xlogy(a - 1, z) - z - _gammaln(a),
        {
            "cdf": lambda z, a: _gammainc(a, z),
            "sf": lambda z, a: _gammaincc(a, z),
            "ppf": lambda q, a: _gammaincinv(a, q),
        },
        low=0.0,
    ),
    "invgamma": Standard(
        lambda z, a: -(a + 1) * np.log(z) - _gammaln(a) - 1 / z,
        {"cdf": lambda z, a: _gammaincc(a, 1 / z), "sf": lambda z, a: _gammainc(a, 1 / z)},
        low=0.0,
    ),
    "chi2": Standard(
        lambda z, df: _xlogy(df / 2 - 1, z) - z / 2 - _gammaln(df / 2) - math.log(2) * df / 2,
        {
            "cdf": lambda z, df: _gammainc(df / 2, z / 2),
            "sf": lambda z, df: _gammaincc(df / 2, z / 2),
            "ppf": lambda q, df: 2 * _gammaincinv(df / 2, q),
        },
        low=0.0,
    ),
    "beta": Standard(
        lambda z, a, b: _xlogy(a - 1, z) + _xlog1py(b - 1, -z) - _sp("betaln")(a, b),
        {"cdf": _beta("betainc"), "sf": _beta("betaincc"), "ppf": _beta("betaincinv")},
        low=0.0,
        high=1.0,
    ),
    "t": Standard(
        # Γ((ν + 1)/2) / Γ(ν/2) as SciPy has it: the difference of logarithms cancels where ν is large
        lambda z, df: (
            np.log(_sp("poch")(df / 2, 0.5)) - 0.5 * np.log(df * math.pi) - (df + 1) / 2 * np.log1p(z * z / df)
        ),
        {
            "cdf": lambda z, df: _sp("stdtr")(df, z),
            "sf": lambda z, df: _sp("stdtr")(df, -z),
            "ppf": lambda q, df: _sp("stdtrit")(df, q),
        },
    ),
    "weibull_min": Standard(
        lambda z, c: np.log(c) + _xlogy(c - 1, z) - z**c,
        {
            "cdf": lambda z, c: -np.expm1(-(z**c)),
            "sf": lambda z, c: np.exp(-(z**c)),
            "logsf": lambda z, c: -(z**c),
            "ppf": lambda q, c: (-np.log1p(-q)) ** (1 / c),
        },
        low=0.0,
    ),
    "pareto": Standard(
        lambda z, b: np.log(b) - (b + 1) * np.log(z),
        {"cdf": lambda z, b: 1 - z**-b, "sf": lambda z, b: z**-b, "ppf": lambda q, b: (1 - q) ** (-1 / b)},
        low=1.0,
    ),
}

#: which shape is a number of trials
_TRIALS = {"binom": 0, "betabinom": 0, "boltzmann": 1}
_DENSITIES = frozenset({"pdf", "logpdf", "pmf", "logpmf"})
#: method → from which functions of the standard form it can be had
_SOURCES = {
    **{name: {"cdf", "sf", name} for name in ("cdf", "sf", "logcdf", "logsf")},
    **{name: {"ppf", "isf", "cdf", "sf"} for name in ("ppf", "isf")},
}


def _parsed(dist: Any, args: tuple[Any, ...], kwargs: dict[str, Any], *, discrete: bool) -> tuple[list[Any], Any, Any]:
    """Shapes, location and scale, as SciPy reads its arguments."""
    names = [n.strip() for n in dist.shapes.split(",")] if dist.shapes else []
    every = [*names, "loc", *(() if discrete else ("scale",))]
    given = dict(zip(every, args, strict=False)) | kwargs
    return [given[n] for n in names], given.get("loc", 0.0), given.get("scale", 1.0)


def _known(standard: Standard, name: str) -> bool:
    """Whether the method can be had; quantiles of integers have no derivative."""
    if standard.discrete and name in {"ppf", "isf"}:
        return False
    return name in _DENSITIES or bool(standard.functions.keys() & _SOURCES[name])


def _method(name: str) -> Callable[..., Any]:
    def call(dist: Any, *args: Any, **kwargs: Any) -> Any:
        # SciPy's general method is what this stands for: a class that overrides it (levy_stable) calls it by super()
        general = getattr(scipy.stats.rv_continuous if hasattr(dist, "_pdf") else scipy.stats.rv_discrete, name)
        (_, *given), kwargs = in_place(general, (dist, *args), kwargs)
        if TWINS:
            given, kwargs = list(map(written, given)), {k: written(v) for k, v in kwargs.items()}
        x, args = given[0], tuple(given[1:])
        every = (x, *args, *kwargs.values())
        if not contains_traced(every):
            return general(dist, x, *args, **kwargs)
        standard = DISTRIBUTIONS.get(dist.name)
        if standard is not None and standard.discrete and name in {"ppf", "isf"}:
            refuse(every, f"scipy.stats.{dist.name}.{name}", "Quantiles of integers jump")
        if standard is None or not _known(standard, name):
            if name in {"pmf", "logpmf"} and contains_traced([x]):
                # SciPy's code takes their integer part: a slope of 0 where there is none
                refuse(every, f"scipy.stats.{dist.name}.{name} of traced counts", "Pass them as plain integers, int(k)")
            refuse_limits(dist, _parsed(dist, args, kwargs, discrete=not hasattr(dist, "_pdf"))[0])
            return run_opened(general, dist, x, *args, **kwargs)
        x = assembled(x) if type(x) in {list, tuple} else x
        value = general(dist, plainly(x), *map(plainly, args), **{k: plainly(v) for k, v in kwargs.items()})
        with at_line(*open_traces(leaves([x, *args, *kwargs.values()], []))):
            shapes, loc, scale = (
                [as_array(p) for p in s] if type(s) is list else as_array(s)
                for s in _parsed(dist, args, kwargs, discrete=standard.discrete)
            )
            x = as_array(x)
            what = f"{dist.name}.{name}"
            if standard.discrete and name in _DENSITIES:
                x, loc = counts(x, what), counts(loc, what)
            shapes = [counts(p, what) if _TRIALS.get(dist.name) == k else p for k, p in enumerate(shapes)]
            refused = guard_domain(dist, name, x, shapes, scale)
            result = _computed(standard, name, x, shapes, loc, scale, value)
            if standard.confirmed and not np.allclose(plain(result), value, rtol=1e-6, atol=1e-8, equal_nan=True):
                refuse(every, f"scipy.stats.{what}, of which no integral has its value here,", "Use method='numerical'")
            return with_value(nan_where_there_is_none(result, value, refused), value)

    call.__name__ = name
    call.__doc__ = f"``{name}`` of a distribution of ``scipy.stats``."
    return call


def _quantile(standard: Standard, q: Any, shapes: list[Any], z: Any) -> Any:
    """Three steps of Newton's method from SciPy's quantile: exact for derivatives up to the seventh."""
    f = standard.functions
    only_at_this_point(open_traces([q, *shapes]))  # the steps begin at this quantile
    for _ in range(3):
        excess = f["cdf"](z, *shapes) - q if "cdf" in f else 1 - q - f["sf"](z, *shapes)
        z = z - excess / np.exp(standard.logpdf(z, *shapes))
    return z


def _computed(standard: Standard, name: str, x: Any, shapes: list[Any], loc: Any, scale: Any, value: Any) -> Any:
    functions = standard.functions
    if name in {"ppf", "isf"}:
        if name in functions:
            return loc + scale * functions[name](x, *shapes)
        below = x if name == "ppf" else 1 - x
        if "ppf" in functions:
            return loc + scale * functions["ppf"](below, *shapes)
        return loc + scale * _quantile(standard, below, shapes, (plain(value) - plain(loc)) / plain(scale))
    z = (x - loc) / scale if not standard.discrete else x - loc
    if standard.discrete and name in {"cdf", "sf"}:
        z = np.floor(z)
    low, high = (standard.low, standard.high) if standard.support is None else standard.support(*map(plain, shapes))
    inside = ~np.logical_or(plain(z) < low, plain(z) > high)  # nan is nowhere else, and stays what it is by the formula
    guard_sides(z, shapes, standard, low, high)
    if name in _DENSITIES:
        with np.errstate(all="ignore"):
            logarithm = standard.logpdf(_within(z, inside, standard, low, high), *shapes)
        if not standard.discrete:
            logarithm = logarithm - np.log(scale)
        if name.startswith("log"):
            return np.where(inside, logarithm, -np.inf)
        return np.where(inside, np.exp(logarithm), 0.0)
    within = _within(z, inside, standard, low, high)
    short = name.removeprefix("log")
    if name in functions:
        result = functions[name](within, *shapes)
    elif name.startswith("log") and short in functions:
        result = np.log(functions[short](within, *shapes))
    else:  # the other tail
        result = 1 - functions[{"cdf": "sf", "sf": "cdf"}[short]](within, *shapes)
        result = np.log(result) if name.startswith("log") else result
    above = (plain(z) > high) == (short == "cdf")
    outside = np.where(above, 1.0, 0.0)
    with np.errstate(divide="ignore"):
        return np.where(inside, result, np.log(outside) if name.startswith("log") else outside)


def _within(z: Any, inside: Any, standard: Standard, low: Any, high: Any) -> Any:
    """The points, with one of the support in place of those outside, which have no derivative."""
    if np.all(inside):
        return z
    bottom, top = np.isfinite(low), np.isfinite(high)
    some = np.where(bottom, low + 1.0, np.where(top, high - 1.0, 0.0))
    some = np.where(bottom & top & ~np.asarray(standard.discrete), 0.5 * np.where(bottom & top, low + high, 0.0), some)
    return np.where(inside, z, some)


# --- frozen distributions --------------------------------------------------------------------------------


def _frozen(name: str) -> Callable[..., Any]:
    def call(frozen: Any, *args: Any, **kwargs: Any) -> Any:
        if not contains_traced((*args, *kwargs.values(), *frozen.args, *frozen.kwds.values())):
            return getattr(frozen, name)(*args, **kwargs)
        if name == "rvs":
            named = dict(zip(("size", "random_state"), args, strict=False)) | kwargs
            return _METHODS["rvs"](frozen.dist, *frozen.args, **frozen.kwds, **named)
        return _METHODS[name](frozen.dist, *args, *frozen.args, **frozen.kwds, **kwargs)

    call.__name__ = name
    call.__doc__ = f"``{name}`` of a frozen distribution."
    return call


_NAMES = ("pdf", "logpdf", "pmf", "logpmf", "cdf", "sf", "logcdf", "logsf", "ppf", "isf")
_METHODS: dict[str, Callable[..., Any]] = {name: _method(name) for name in _NAMES}
_METHODS["rvs"] = drawing(_METHODS)
_METHODS["nnlf"] = likelihood(_METHODS)


def moved_draws(dist: Any, draws: Any, *shapes: Any) -> Any:
    """Standard draws of one of SciPy's distributions as functions of its shapes."""
    return at_its_probability(_METHODS, dist, draws, shapes)


def methods() -> dict[type, dict[str, Callable[..., Any]]]:
    """The methods of SciPy's distributions, by type; ``scipy.stats`` must be loaded."""
    stats = scipy.stats
    table: dict[type, dict[str, Callable[..., Any]]] = {type(getattr(stats, name)): _METHODS for name in DISTRIBUTIONS}
    for frozen in (type(stats.norm()), type(stats.poisson(1.0))):
        table[frozen] = {name: _frozen(name) for name in (*_NAMES, "rvs")}
    return table | scipy_multivariate.methods()


#: module → the methods of its types, once it is loaded
LATE_METHODS: dict[str, Callable[[], dict[type, dict[str, Callable[..., Any]]]]] = {"scipy.stats": methods}
