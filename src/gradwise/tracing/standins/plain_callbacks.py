"""The user's callbacks as SciPy's algorithms call them: on plain values, with plain results, noting whether these carry a derivative.

SciPy runs on them and finds the value and what it chose on the way (subintervals, steps).  If nothing carried a derivative, that is the answer.  Else the stand-in records the same formula
with the traced callback.  What the plain run recorded leads to no output, so that no derivative runs through it.
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradwise.containers import own_entries
from gradwise.tracing.holders import TWINS, written
from gradwise.tracing.instrument.effects import ADAPTIVE
from gradwise.tracing.instrument.state import local
from gradwise.tracing.standins.recording import carries, resolve
from gradwise.tracing.standins.stacking import assembled, leaves, plainly
from gradwise.tracing.traced import isinstance_traced


def traced_leaves(items: Any) -> list[Any]:
    """The traced values of a value or nested sequence that carry a derivative."""
    found = [items] if isinstance_traced(items) else leaves(items, []) if type(items) in {list, tuple} else []
    return [v for v in found if carries(v)]


class Callback:
    """A function of the user's with its further arguments.

    Attributes
    ----------
    moves : bool
        Whether a result that SciPy asked for carried a derivative.
    calls : int
        How often SciPy called it.
    """

    def __init__(self, function: Any, args: Any = ()) -> None:
        self.called = resolve(function)
        self.args = args if type(args) is tuple else (args,)
        #: the function on plain arguments, where it is a library's and so depends on nothing else
        self.plain = _on_plain_arguments(function, self.args)
        self.moves = False
        self.calls = 0
        self.trace: Any = None
        #: the function with work arrays of its own, where that was asked for
        self.owned: Any = None
        #: the numbers that SciPy asked for, and what it was given
        self.seen: list[tuple[float, Any]] = []
        #: where a function of several numbers was asked for, if that is kept
        self.several: list[tuple[Any, ...]] | None = None

    def __call__(self, *values: Any) -> Any:
        self.calls += 1
        if self.moves and self.plain is not None:
            found = self.plain(*values)
            self._note(values, found)
            return found
        result = self.called(*values, *self.args)
        if TWINS:
            result = written(result)
        if not self.moves:
            found = traced_leaves(result)
            if found:
                self.moves = True
                self.trace = found[0].tape
        found = plainly(result)
        self._note(values, found)
        return found

    def _note(self, values: tuple[Any, ...], found: Any) -> None:
        if len(values) == 1 and type(values[0]) is float:
            self.seen.append((values[0], found))
        elif self.several is not None:
            self.several.append(values)

    def traced(self, *values: Any) -> Any:
        """The result as the user's function gives it; lists become arrays."""
        result = self.called(*values, *self.args)
        return assembled(result) if type(result) in {list, tuple} else written(result) if TWINS else result


def _on_plain_arguments(function: Any, args: tuple[Any, ...]) -> Callable[..., Any] | None:
    """A method of an object of SciPy's (a moment's integrand) as a function of its first arguments; None for any other function."""
    if type(function) is not types.MethodType:
        return None
    owner = function.__self__
    kept = list((own_entries(owner) or {}).values())
    if not type(owner).__module__.startswith("scipy.") or traced_leaves(kept):
        return None
    if not all(isinstance_traced(a) or isinstance(a, (int, float, np.ndarray, np.generic)) for a in args):
        return None
    given = plainly(args)
    return lambda *values: function(*values, *given)


def plain_callback(function: Any, args: Any = ()) -> Any:
    """A callback whose results steer SciPy's algorithm only; anything but a function as it is."""
    return Callback(function, args) if callable(function) else function


def note_choice(result: Any) -> None:
    """Guard a value that was recorded for what an algorithm chose at these values: the program stands for no other ones."""
    for value in traced_leaves(result):
        now = value.current()
        value.tape.guard(value.index, "value", now.copy() if type(now) is np.ndarray else now)


def note_adaptive(what: str) -> None:
    """Keep the run from being verified by differences: the steps of the plain function change with its arguments, by more than differences may."""
    if local.watch is not None:
        local.watch.effects[f"it calls {what}, {ADAPTIVE}"] = None


class Switches:
    """Whether decisions on traced values turn out differently at one line between here and there: a function that switches, whose jumps no derivative of its branches knows."""

    def __init__(self) -> None:
        trace = None if local.watch is None else local.watch.trace
        self.trace: Any = trace
        self.start = (0, 0) if trace is None else (len(trace.ops), len(trace.outs))
        self.guards = 0 if trace is None else len(trace.guards)

    def _recorded(self) -> Iterator[tuple[Any, int]]:
        """The operations since this was made, with their numbers."""
        trace = self.trace
        if trace is None:
            return
        (k, number), ops = self.start, trace.ops
        while number < len(trace.outs):
            yield ops[k], number
            k += 3 + ops[k + 2]
            number += 1

    def _integers(self) -> Iterator[tuple[Any, Any]]:
        """Where integers were made of traced numbers since then, and of which."""
        for _, kind, expected, place in () if self.trace is None else self.trace.guards[self.guards :]:
            if kind == "int" and np.asarray(expected).dtype.kind == "f":
                yield place, expected

    def seen(self) -> bool:
        """Whether there were any since this was made; an array whose entries have different answers counts as differing."""
        answers: dict[Any, Any] = {}
        for operation, number in self._recorded():
            if operation.jvp is None and operation.name not in _STILL:
                answer = self.trace.values[self.trace.outs[number]]
                if np.ndim(answer):  # at many points at once, perhaps, or of entries that switch one by one
                    entries = np.unique(answer)
                    if len(entries) == 0:
                        continue
                    answer = entries[0] if len(entries) == 1 else None
                place = operation.name, self.trace.places[number]
                if answer is None or answers.setdefault(place, answer) != answer:
                    return True
        for place, number in self._integers():
            whole = (math.floor(number), round(number)) if np.isfinite(number) else number
            if answers.setdefault(place, whole) != whole:
                return True
        return False

    def kinks(self) -> bool:
        """Whether anything was done since then that may have kinks or jumps."""
        for operation, _ in self._recorded():
            if operation.kink is not None or (operation.jvp is None and operation.name not in _STILL) or operation.name in _KINKED:  # fmt: skip
                return True
        return next(self._integers(), None) is not None


#: what has no derivative, and does not jump from one point to another either
_STILL = frozenset(
    {"arange", "constant", "equal", "found anew", "identity", "isfinite", "isinf", "isnan", "not_equal", "zeros"}
)
#: what has kinks together with other operations: the root of a square, the inverse of a sine; and what jumps beside its derivative
_KINKED = frozenset({"sqrt", "power", "pow", "arcsin", "arccos", "arctan", "arctan2", "convert", "fraction"})
