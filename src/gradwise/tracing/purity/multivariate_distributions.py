"""SciPy's multivariate normal and t distributions, and frozen ones: their densities depend on nothing but what they are given.

For which covariances the formula holds is guarded where it is recorded (``standins/scipy_multivariate.py``).  Their probabilities are not among the names here, since SciPy draws points for them, nor are
distributions that refuse points beside their support.  What a frozen one holds is compared at each call, as for those of numbers (``distributions.py``).
"""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

DENSITIES = frozenset(["pdf", "logpdf"])
_NAMES = ("multivariate_normal", "multivariate_t")
_MODULE = "scipy.stats._multivariate"
#: where the classes are of which a frozen one holds objects: factors of its covariance
_HOLDS = frozenset([_MODULE, "scipy.stats._covariance"])
#: numbers in an array that a frozen distribution holds
_SMALL = 4096


def is_multivariate(value: Any) -> bool:
    """Whether a value is one of these distributions, as SciPy made it.

    Examples
    --------
    >>> import scipy.stats
    >>> is_multivariate(scipy.stats.multivariate_normal), is_multivariate(scipy.stats.dirichlet)
    (True, False)
    """
    module = sys.modules.get(_MODULE)
    return (
        module is not None
        and type(value).__module__ == _MODULE
        and any(vars(module).get(name) is value for name in _NAMES)
        and DENSITIES.isdisjoint(vars(value))
    )


def is_frozen_multivariate(value: Any) -> bool:
    """Whether a value is one of these distributions with its arguments, which are numbers.

    Examples
    --------
    >>> import scipy.stats
    >>> is_frozen_multivariate(scipy.stats.multivariate_normal([0.0, 1.0])), is_frozen_multivariate(scipy.stats.norm(0.0, 1.0))
    (True, False)
    """
    module = sys.modules.get(_MODULE)
    if module is None or type(value).__module__ != _MODULE or not DENSITIES.isdisjoint(vars(value)):
        return False
    named = [name for name in _NAMES if type(value) is vars(module).get(f"{name}_frozen")]
    if not named:
        return False
    dist = vars(value).get("_dist")
    return (
        type(dist) is type(vars(module)[named[0]])
        and DENSITIES.isdisjoint(vars(dist))
        and _content(value, depth=0) is not None
    )


def multivariate_frozen_test(value: Any) -> Callable[[Any], bool]:
    """What must hold at the next call of what is such a frozen distribution."""
    return functools.partial(_holds_it, type(value), _content(value, depth=0))


def _holds_it(cls: type, content: Any, value: Any) -> bool:
    return type(value) is cls and is_frozen_multivariate(value) and _content(value, depth=0) == content


def _content(value: Any, *, depth: int) -> Any:
    """What an object holds, to the sign of its zeros; None where that is not known: numbers, small arrays of them, and SciPy's objects that hold such."""
    found: list[Any] = []
    for name, held in vars(value).items():
        if name == "_dist":
            continue
        kept = _kept(held, depth)
        if kept is None:
            return None
        found.append((name, kept))
    return type(value), found


def _kept(held: Any, depth: int) -> Any:
    if held is None or type(held) in (bool, int):
        return type(held), held
    if isinstance(held, (float, np.number, np.ndarray)):
        numbers = np.asarray(held)
        if numbers.dtype.kind not in "fiub" or numbers.size > _SMALL:
            return None
        return type(held), numbers.shape, numbers.dtype, numbers.tobytes()
    if type(held) is tuple and all(type(one) is int for one in held):
        return tuple, held
    if type(held).__module__ in _HOLDS and hasattr(held, "__dict__") and depth < 3:
        return _content(held, depth=depth + 1)
    return None
