"""Operations in branches that fail where their branch is not taken: ``math.log(v) if v > 0 else 0.0``.

    shielded : (operand, taken or not) → operand where the branch is taken, else a number at which the operation is harmless

Where both branches are computed, the one that is not taken meets what the condition is there to keep away: the logarithm of a negative number, a division by zero.  It would raise, or give nan, whose product with the cotangent 0
of the selection is nan again.  So the operand is selected too, before the operation, by the conditions of all branches around it: the value is that of the branch where it is taken, and the derivative through the operation 0 where it
is not.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.instrument.both_ways.classes import asking
from gradwise.tracing.instrument.both_ways.merged_values import selection
from gradwise.tracing.instrument.known import KNOWN
from gradwise.tracing.instrument.state import local
from gradwise.tracing.traced import TracedArray, TracedScalar

if TYPE_CHECKING:
    from collections.abc import Callable

#: a number at which nearly every function is finite, with its derivatives; and one for what is defined from 1 on
_HARMLESS, _ABOVE_ONE = 0.5, 2.0
_NAMES = "sqrt log log2 log10 log1p acos asin atanh arccos arcsin arctanh pow power float_power gamma lgamma exp exp2 expm1 cosh sinh reciprocal cbrt tan"
_DIVISIONS = ("divide", "true_divide", "floor_divide", "mod", "remainder", "fmod")
#: functions by the identity of what stands in for them: which operand is selected, and the number in its place
_shields: dict[int, tuple[Any, int, float]] = {}


def _known() -> dict[int, tuple[Any, int, float]]:
    if not _shields:
        for names, position, number in (
            (_NAMES.split(), 0, _HARMLESS),
            (("acosh", "arccosh"), 0, _ABOVE_ONE),
            (_DIVISIONS, 1, _HARMLESS),
        ):
            for module in (math, np):
                for function in [getattr(module, n) for n in names if hasattr(module, n)]:
                    for callee in (function, KNOWN.get(id(function), function)):
                        _shields[id(callee)] = callee, position, number
    return _shields


def shielded(value: Any, number: float = _HARMLESS) -> Any:
    """An operand of an operation in a branch."""
    run = local.both_ways
    if run is None or not run.open:
        return value
    kind = type(value)
    if kind is TracedScalar:
        if type(value.value) is not float and type(value.value) is not np.float64:
            return value
    elif kind is not TracedArray or value.value.dtype != np.float64:
        return value
    branch = run.open[-1]
    taken = branch.is_taken()
    plain = (
        value.current()
        if bool(taken.value)
        else type(value.value)(number)
        if kind is TracedScalar
        else np.full(value.shape, number)
    )
    return selection(taken, value, number, plain)


def shielding(function: Any) -> Callable[..., Any]:
    """What is called: in a branch with the operand shielded at which it may fail."""
    if local.both_ways is None:
        return function
    entry = _known().get(id(function))
    if entry is None:
        return asking(function) or function
    _, position, number = entry

    def call(*args: Any, **kwargs: Any) -> Any:
        if len(args) > position:
            args = (*args[:position], shielded(args[position], number), *args[position + 1 :])
        return function(*args, **kwargs)

    return call
