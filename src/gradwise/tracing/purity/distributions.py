"""SciPy's distributions (``scipy.stats.norm``): their densities and probabilities depend on nothing but what they are given."""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.lattice import is_numeric
from gradwise.tracing.purity.values import DATA, OWN

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradwise.tracing.purity.machine import Machine

METHODS = frozenset(["pdf", "logpdf", "cdf", "logcdf", "sf", "logsf"])
#: those whose density is one formula on the whole line: where a value is outside the support of another, what is computed for it is chosen without a guard
_NAMES = frozenset(["norm", "t", "laplace", "logistic", "cauchy"])


def is_distribution(value: Any) -> bool:
    """Whether a value is one of the distributions that SciPy has under its name, as SciPy made it.

    Examples
    --------
    >>> import scipy.stats
    >>> is_distribution(scipy.stats.norm), is_distribution(scipy.stats.gamma)
    (True, False)
    """
    module = sys.modules.get("scipy.stats")
    if module is None or not isinstance(value, module.rv_continuous) or value.name not in _NAMES:
        return False
    made_by = type(value).__module__
    return (
        made_by.startswith("scipy.stats.")
        and vars(sys.modules.get(made_by, module)).get(value.name) is value
        and METHODS.isdisjoint(vars(value))
    )


def _is_it(kept: Any, value: Any) -> bool:
    return value is kept and METHODS.isdisjoint(vars(value))


def distribution_test(value: Any) -> Callable[[Any], bool]:
    """What must hold at the next call of what is a distribution."""
    return functools.partial(_is_it, value)


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
