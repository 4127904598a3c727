"""SciPy's distributions (``scipy.stats.norm``, and frozen ones): their densities and probabilities depend on nothing but what they are given.

For which arguments the formula of one holds is guarded where it is recorded (``standins/scipy_distribution_guards.py``); those whose formula takes other decisions are not among the names here.
What a frozen distribution holds is no operand that may be exchanged: it is compared at each call.
"""

from __future__ import annotations

import functools
import sys
import types
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.purity.lattice import is_numeric
from gradwise.tracing.purity.multivariate_distributions import (
    DENSITIES,
    is_frozen_multivariate,
    is_multivariate,
    multivariate_frozen_test,
)
from gradwise.tracing.purity.plain import is_numeric as is_number
from gradwise.tracing.purity.values import DATA, FROZEN, FROZEN_MULTIVARIATE, OWN, Abstract

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradwise.tracing.purity.machine import Machine

#: quantiles among them: where they have no formula, what is recorded holds at one point
METHODS = frozenset(["pdf", "logpdf", "pmf", "logpmf", "cdf", "logcdf", "sf", "logsf", "ppf", "isf", "nnlf"])
#: of the standard normal distribution, as statistics libraries call them: ufuncs behind them
_OF_NORMAL = frozenset(["_pdf", "_logpdf", "_cdf", "_logcdf", "_sf", "_logsf", "_ppf", "_isf"])
_ALL = METHODS | _OF_NORMAL
_NAMES = frozenset(
    [
        "norm",
        "t",
        "laplace",
        "logistic",
        "cauchy",
        "gamma",
        "erlang",
        "beta",
        "expon",
        "lognorm",
        "uniform",
        "weibull_min",
        "chi",
        "chi2",
        "f",
        "pareto",
        "lomax",
        "gumbel_r",
        "gumbel_l",
        "invgamma",
        "rayleigh",
        "maxwell",
        "halfnorm",
        "halfcauchy",
        "halflogistic",
        "genpareto",
        "genextreme",
        "powerlaw",
        "fisk",
        "burr12",
        "nakagami",
        "levy",
        "gennorm",
        "skewnorm",
        "loguniform",
        "arcsine",
        "semicircular",
        "hypsecant",
        "loggamma",
        "poisson",
        "binom",
        "geom",
        "nbinom",
        "bernoulli",
    ]
)
#: numbers in an array that a frozen distribution holds
_SMALL = 4096


def is_distribution(value: Any) -> bool:
    """Whether a value is one of the distributions that SciPy has under its name, as SciPy made it.

    Examples
    --------
    >>> import scipy.stats
    >>> is_distribution(scipy.stats.norm), is_distribution(scipy.stats.triang)
    (True, False)
    """
    module = sys.modules.get("scipy.stats")
    if module is None or not isinstance(value, module.rv_continuous | module.rv_discrete) or value.name not in _NAMES:
        return is_multivariate(value)
    made_by = type(value).__module__
    return (
        made_by.startswith("scipy.stats.")
        and vars(sys.modules.get(made_by, module)).get(value.name) is value
        and _ALL.isdisjoint(vars(value))
    )


def is_frozen_distribution(value: Any) -> bool:
    """Whether a value is one of these distributions with its arguments, which are numbers.

    Examples
    --------
    >>> import scipy.stats
    >>> is_frozen_distribution(scipy.stats.norm(0.0, 2.0)), is_frozen_distribution(scipy.stats.norm)
    (True, False)
    """
    if is_frozen_multivariate(value):
        return True
    module = sys.modules.get("scipy.stats")
    if (
        module is None
        or type(value).__module__ != "scipy.stats._distn_infrastructure"
        or not _FROZEN.issuperset(vars(value))
    ):
        return False
    dist: Any = vars(value).get("dist", value)
    original: Any = getattr(module, str(getattr(dist, "name", None)), module)
    held = (*value.args, *value.kwds.values())
    return (
        is_distribution(original)
        and type(dist) is type(original)
        and METHODS.isdisjoint(vars(dist))
        and (dist.a, dist.b) == (original.a, original.b)
        and all(is_number(v) and np.size(v) <= _SMALL for v in held)
    )


#: what SciPy keeps of a frozen distribution
_FROZEN = frozenset(["args", "kwds", "dist", "a", "b"])


def is_method_of_distribution(owner: Any, name: str) -> bool:
    """Whether ``owner.name`` is a density or a probability of one of these distributions.

    Examples
    --------
    >>> import scipy.stats
    >>> is_method_of_distribution(scipy.stats.norm, "_cdf"), is_method_of_distribution(scipy.stats.t, "_cdf")
    (True, False)
    """
    if is_multivariate(owner):
        return name in DENSITIES
    if name in METHODS:
        return is_distribution(owner)
    return name in _OF_NORMAL and is_distribution(owner) and owner.name == "norm"


def method_test(value: Any) -> Callable[[Any], bool] | None:
    """What must hold at the next call of ``norm.cdf`` that stands under a name of its own; None for any other value."""
    if (
        type(value) is not types.MethodType
    ):  # first: what others are called is for their own code to say, which may raise
        return None
    name = getattr(value, "__name__", "")
    if not is_method_of_distribution(value.__self__, name):
        return None
    cls = type(value.__self__)
    return functools.partial(_is_method, value) if getattr(cls, name, None) is value.__func__ else None


def _is_method(kept: Any, value: Any) -> bool:
    return (
        type(value) is types.MethodType
        and value.__func__ is kept.__func__
        and value.__self__ is kept.__self__
        and _ALL.isdisjoint(vars(value.__self__))
    )


def _is_it(kept: Any, value: Any) -> bool:
    return value is kept and _ALL.isdisjoint(vars(value))


def distribution_test(value: Any) -> Callable[[Any], bool]:
    """What must hold at the next call of what is a distribution."""
    return functools.partial(_is_it, value)


def _content(value: Any) -> tuple[Any, ...]:
    """What a frozen distribution holds, to the sign of its zeros."""
    held = [*value.args, *value.kwds.values()]
    return tuple(value.kwds), [(type(v), np.shape(v), np.asarray(v).dtype, np.asarray(v).tobytes()) for v in held]


def _holds_it(cls: Any, of: Any, content: tuple[Any, ...], value: Any) -> bool:
    return (
        type(value) is cls and is_frozen_distribution(value) and type(value.dist) is of and _content(value) == content
    )


def frozen_test(value: Any) -> Callable[[Any], bool]:
    """What must hold at the next call of what is a frozen distribution."""
    if is_frozen_multivariate(value):
        return multivariate_frozen_test(value)
    return functools.partial(_holds_it, type(value), type(value.dist), _content(value))


def frozen(m: Machine, dist: Any, arguments: list[Any], keywords: dict[str, Any]) -> Abstract:
    """``norm(loc, scale)``: a frozen distribution made during the call."""
    for value in (*arguments, *keywords.values()):
        m.data(value)
    return FROZEN_MULTIVARIATE if is_multivariate(dist) else FROZEN


def kind_of_frozen(value: Any) -> Abstract:
    """What a frozen distribution is to the symbolic run."""
    return FROZEN_MULTIVARIATE if is_frozen_multivariate(value) else FROZEN


class MethodOfDistribution:
    """``norm.logpdf`` and the like, about to be called."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __eq__(self, other: object) -> bool:
        return type(other) is MethodOfDistribution and other._name == self._name

    def __hash__(self) -> int:
        return hash(self._name)

    def result(self, m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
        """A fresh number or array."""
        degrees = [m.data(v) for v in (*arguments, *keywords.values())]
        return OWN if all(map(is_numeric, degrees)) or not m.scope.inquiry.mixes else DATA


def attribute_of_frozen(m: Machine, owner: Abstract, name: str) -> MethodOfDistribution:
    """An attribute of a frozen distribution."""
    if name not in (METHODS if owner is FROZEN else DENSITIES):
        raise m.doubt(f"the attribute {name!r} of a frozen distribution is not looked into")
    return MethodOfDistribution(name)
