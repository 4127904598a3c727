"""Of which class a number is, in runs that go both ways: what two branches leave may be of two.

    n += 1 in one branch        n is an integer elsewhere, and a float in such a run, exact up to 2⁵³
    s = 0.0, else s = x[0]      s is Python's float at one point, and NumPy's at another

Who computes with them finds the same numbers.  Who asks of which class they are (``isinstance``, ``type``, an attribute that only one of them has) may decide otherwise elsewhere: then the run is made once more, where they stay apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.instrument.both_ways.aside import EXACT
from gradwise.tracing.instrument.known import KNOWN
from gradwise.tracing.instrument.state import local
from gradwise.tracing.traced import TracedScalar

if TYPE_CHECKING:
    from collections.abc import Callable

#: what computes otherwise with NumPy's floats than with Python's
_DECIDING = frozenset({bool, np.bool_, np.float16, np.float32, np.complex64})
#: by the identity of a function that asks, and of what stands in for it, that and the answer for a number of one class
_asking: dict[int, tuple[Any, Callable[..., Any]]] = {}


def _known() -> dict[int, tuple[Any, Callable[..., Any]]]:
    if not _asking:
        for function, answer in (
            (type, lambda number, *_: type(number)),
            (isinstance, isinstance),
            (hasattr, hasattr),
            (round, lambda number, *digits: type(number) if digits else None),  # each has a way of its own
            (getattr, lambda number, name, *_: name != "__class__" and hasattr(number, name)),
        ):
            for callee in (function, KNOWN.get(id(function), function)):
                _asking[id(callee)] = callee, answer
    return _asking


def asking(function: Any) -> Callable[..., Any] | None:
    """A function that asks of which class its argument is, that says so; None if it is none."""
    entry = _known().get(id(function))
    if entry is None:
        return None
    _, answer = entry

    def call(*args: Any, **kwargs: Any) -> Any:
        if args and type(args[0]) is TracedScalar:
            _ask(answer, *args[1:])
        return function(*args, **kwargs)

    return call


def asked(value: Any, name: str) -> Any:
    """What is asked for an attribute."""
    if type(value) is TracedScalar:
        _ask(lambda number, name: type(number) if name == "__class__" else hasattr(number, name), name)
    return value


def _ask(answer: Callable[..., Any], *args: Any) -> None:
    run = local.both_ways
    if run is None or not (run.counted or run.mixed):
        return
    numbers = [0.0, *([0] if run.counted else ()), *([np.float64(0.0)] if run.mixed else ())]
    answers = [answer(number, *args) for number in numbers]
    if any(a is not answers[0] for a in answers[1:]):
        run.is_asked = True


def plus(value: Any) -> Any:
    """An operand: of two truth values the sum is 2 where they are Python's, and True where they are NumPy's; and a number of less than 64 bits stays one beside Python's float only."""
    run = local.both_ways
    if run is not None and run.mixed:
        kind = type(value.value if type(value) is TracedScalar else value)
        run.is_asked = run.is_asked or kind in _DECIDING
    return value


def exact(value: Any) -> Any:
    """What a remainder is taken of: a guard that floats know it, if it may be an integer elsewhere."""
    run = local.both_ways
    if run is None or not run.counted or type(value) is not TracedScalar or type(value.value) is not float:
        return value
    number: Any = value
    condition = number * number <= float(EXACT) ** 2
    if type(condition) is TracedScalar and run.goes_over(condition):
        if not condition.value:
            run.is_asked = True
            return value
        guards = value.tape.guards
        before = len(guards)
        bool(condition)
        run.inside.update(map(id, guards[before:]))
    return value
