"""``scipy.optimize.Bounds``: made during the call, or there before, when what they hold is compared at each call."""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.purity.distributions import frozen_test, is_frozen_distribution, kind_of_frozen
from gradwise.tracing.purity.values import BOUNDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradwise.tracing.purity.machine import Machine
    from gradwise.tracing.purity.values import Abstract

_PARAMETERS = ("lb", "ub", "keep_feasible")
#: entries that are compared at each call
_MOST = 1000


def made_bounds(m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Abstract:
    """``Bounds(low, high)``."""
    if len(arguments) > len(_PARAMETERS) or not keywords.keys() <= set(_PARAMETERS):
        raise m.doubt("it makes Bounds in a way that is not looked into")
    for value in (*arguments, *keywords.values()):
        m.data(value)
    return BOUNDS


def compared(value: Any) -> tuple[Callable[[Any], bool], Abstract] | None:
    """What must hold at the next call of a frozen distribution, or of bounds, that were there before, and what it is to the symbolic run; None for all else.

    Examples
    --------
    >>> import scipy.optimize
    >>> holds, _ = compared(scipy.optimize.Bounds([0.0], [1.0]))
    >>> holds(scipy.optimize.Bounds([0.0], [1.0])), holds(scipy.optimize.Bounds([0.0], [2.0]))
    (True, False)
    """
    if is_frozen_distribution(value):
        return frozen_test(value), kind_of_frozen(value)
    content = _content(value)
    return None if content is None else (functools.partial(_holds, content), BOUNDS)


def _content(value: Any) -> tuple[Any, ...] | None:
    optimize = sys.modules.get("scipy.optimize")
    if optimize is None or type(value) is not optimize.Bounds or vars(value).keys() != set(_PARAMETERS):
        return None
    parts = [np.asarray(vars(value)[name]) for name in _PARAMETERS]
    if any(p.dtype.kind not in "fiub" or p.size > _MOST for p in parts):
        return None
    return tuple([(p.dtype.str, p.shape, p.tobytes()) for p in parts])


def _holds(content: tuple[Any, ...], value: Any) -> bool:
    return _content(value) == content
