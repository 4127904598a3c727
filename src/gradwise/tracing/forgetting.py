"""Comparisons with what an earlier run kept: a memory of results is asked by them, and what it remembers has the right value and no derivative.

A run notes that it may have asked one (``Trace.recalled``).  A *forgetful* run is asked again and answers that it knows no such value, so that the function computes what it remembers; whether that may be
believed is decided outside (``operators/verification.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.instrument.state import local
from gradwise.tracing.plain_entries import is_plain
from gradwise.tracing.traced import TracedArray, dtype_of, isinstance_traced

if TYPE_CHECKING:
    from gradwise.tracing.trace import Trace


def _plain(x: Any) -> Any:
    return x.current() if isinstance_traced(x) else x


def _moves(x: Any) -> bool:
    """Whether a traced value carries a derivative."""
    return isinstance_traced(x) and dtype_of(x.value).kind in "fc"


def refuse_memory(trace: Any, x: Any, z: Any, equal: Any) -> None:
    """Raise if a number equals, bit for bit, one kept from an earlier run.

    A memory of results (``lru_cache``, "same x as last time") was asked then, and what it remembers has the right value and no derivative.
    """
    if not np.any(equal):
        return
    trace.met = trace.met or _moves(x) or _moves(z)
    for now, kept in ((x, z), (z, x)):
        if (
            isinstance_traced(kept)
            and not kept.tape.open
            and _moves(now)
            and _moves(kept)
            and np.size(equal)
            and np.all(equal)
        ):
            raise trace.fail(
                "a traced value was compared with one kept from an earlier run and equals it. A function that returns what it remembers (functools.lru_cache, "
                "a test for the same x as last time) would return a value without its derivative. Call the function under the memory (f.__wrapped__), or "
                "differentiate without it"
            )
        if _is_asked(now, kept) and np.size(equal) and np.all(equal) and not _is_an_entry_of_its_own(trace, now):
            trace.looked_up = True
            # equal to all of an array, or to a number that is not zero: most likely what an earlier run kept
            trace.recalled = trace.recalled or (np.ndim(kept) > 0 or kept != 0)
    if np.size(equal) == 1 and np.all(equal) and _are_two(x, z):
        trace.looked_up = True


def _is_asked(now: Any, kept: Any) -> bool:
    return _moves(now) and not isinstance_traced(kept)


def _is_an_entry_of_its_own(trace: Trace, now: Any) -> bool:
    """Whether what moves moves only as part of an array: ``np.array([1.0, p])[0] == 1`` asks no memory."""
    if type(now) is TracedArray:
        now.sync()
    return now.tape is trace and is_plain(trace, now.index)


def _are_two(x: Any, z: Any) -> bool:
    """Whether both operands move, and are not the same number (``x != x`` asks for nan)."""
    return _moves(x) and _moves(z) and x.index != z.index


def are_equal_somewhere(trace: Any, x: Any, z: Any, equal: Any) -> bool:
    """Whether some entries of a moving array equal something; a forgetful run answers that none does."""
    if np.ndim(equal) == 0 or not np.any(equal) or not (_moves(x) or _moves(z)):
        return False
    trace.forget(-1, 100)
    return True


def is_remembered(trace: Any, x: Any, z: Any) -> bool:
    """Whether two operands are equal, of which one moves and the other is a number that an earlier run may have kept; a forgetful run answers that they are not, as often as it may."""
    trace.forgetful = max(trace.forgetful - 1, 1)
    for now, kept in ((x, z), (z, x)):
        equal = _is_asked(now, kept) and np.size(_plain(now)) and np.all(_plain(now) == kept)
        if equal and not _is_an_entry_of_its_own(trace, now):
            trace.forget(now.index, 100)
            return True
    if _are_two(x, z) and np.size(_plain(x)) == 1 and np.all(_plain(x) == _plain(z)):
        trace.forget(-1, 100)
        return True
    if trace.forgetful == 1 and trace.forgot:
        trace.forget(-1)
    return False


def is_no_distance(answer: Any) -> bool:
    """Whether a comparison found that a value is exactly 0, and with that within some bound: how far it is from what an earlier run kept.  A forgetful run answers the opposite.

    The comparison may be one of all entries (``(abs(x - self.x) > tol).any()``).
    """
    trace = answer.tape
    if not local.distances or not trace.outs or trace.outs[-1] != answer.index:
        return False
    equation = _equation_of(trace, answer.index)
    while equation is not None and equation[0].name in _OF_ALL:
        equation = _equation_of(trace, equation[2][0])
    if equation is None or equation[0].name not in _ORDERS:
        return False
    i, j = equation[2]
    captured = set(trace.captured)
    for now, kept in ((i, j), (j, i)):
        if kept in captured and now not in captured:
            value, bound = _value(trace, now), trace.values[kept]
            if np.ndim(bound) == 0 and bound >= 0 and value is not None and np.size(value) and np.all(value == 0):
                trace.forget(-1, 100)
                return True
    return False


def _equation_of(trace: Trace, index: int) -> tuple[Any, Any, list[int]] | None:
    """The primitive, the parameters and the operands of one of the last equations: ``primitive, params, n, operand 1, …, operand n`` in the record."""
    ops, end = trace.ops, len(trace.ops)
    for made in reversed(trace.outs[-_NEAR:]):
        n = next((n for n in range(1, 4) if ops[end - n - 1] == n and hasattr(ops[end - n - 3], "keeps")), None)
        if n is None:
            return None
        if made == index:
            return ops[end - n - 3], ops[end - n - 2], ops[end - n : end]
        end -= n + 3
    return None


def _value(trace: Trace, index: int, depth: int = 3) -> Any:
    """A value, computed again where the trace dropped it; None if it was made long ago."""
    value = trace.values[index]
    equation = _equation_of(trace, index) if value is None and depth else None
    if equation is None:
        return value
    primitive, params, operands = equation
    given = [_value(trace, k, depth - 1) for k in operands]
    return None if any(v is None for v in given) else primitive.value(*given, *params)


#: among how many of the last equations a distance is looked for
_NEAR = 12
#: equations of one operand that make one answer of those of all entries, or turn it
_OF_ALL = frozenset({"any", "all", "logical_not", "reshape"})
_ORDERS = frozenset(("less", "greater", "less_equal", "greater_equal"))
