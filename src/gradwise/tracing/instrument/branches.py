"""Branches that are run both ways, so that their results become selections (``if_conversion.py`` has the text that calls these hooks).

    if c: y = a            →      y = select(c, a, b)
    else: y = b

Both branches run on the same names, first the one for a condition that holds.  What the two leave under a name is merged: numbers by a selection, the same object as itself, a name
that only one of them assigns is unbound after it (whoever reads it there ends the recording with an error).  Where that cannot be (counters, lists, an operation that raises, a decision inside that is no selection itself), the
branch becomes a guard, as without all this.

Only runs from which a program is made of a function whose code is proved go both ways (``operators/reuse/merging.py``): nothing that they do is seen from outside.
"""

from __future__ import annotations

import cmath
import math
import types
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.rules.algebra import select
from gradwise.tracing.instrument.state import local
from gradwise.tracing.instrument.userland import is_users_file
from gradwise.tracing.traced import TracedScalar, apply

if TYPE_CHECKING:
    from collections.abc import Iterator

#: branches inside one another that are run both ways, and equations that the branches not taken may add in one run
_DEPTH, _EQUATIONS = 6, 400_000
_MISSING = object()
#: methods of lists, dictionaries, tuples and arrays that change nothing
_READING = frozenset(
    [
        "conj",
        "copy",
        "count",
        "cumprod",
        "cumsum",
        "dot",
        "get",
        "index",
        "item",
        "items",
        "keys",
        "max",
        "mean",
        "min",
        "prod",
        "ravel",
        "real",
        "reshape",
        "sum",
        "tolist",
        "trace",
        "transpose",
        "values",
    ]
)
#: built-in functions, and those of ``math`` and ``cmath``, that change nothing
_HARMLESS = {
    id(f)
    for f in (
        *(abs, bool, complex, divmod, enumerate, float, int, isinstance, len, max, min, pow, range, reversed, round),
        *(sorted, sum, tuple, zip),
        *(getattr(m, n) for m in (math, cmath) for n in dir(m) if not n.startswith("_")),
    )
}
#: functions of NumPy that do
_CHANGING = frozenset(
    [
        "copyto",
        "fill_diagonal",
        "load",
        "loadtxt",
        "place",
        "put",
        "put_along_axis",
        "putmask",
        "save",
        "savetxt",
        "savez",
        "seterr",
    ]
)


class Apart(Exception):
    """What two branches leave cannot be merged."""


class BothWays:
    """A run in which branches are run both ways.

    Parameters
    ----------
    places : set
        File, line and column of the conditions of which both answers were verified.

    Attributes
    ----------
    merged : int
        How many branches became selections.
    """

    __slots__ = ("aside", "depth", "failed", "merged", "open", "outer", "places")

    def __init__(self, places: set[tuple[str, int, int]]) -> None:
        self.places = places
        #: the run around it: derivatives that the function takes itself go one way
        self.outer = local.watch
        self.merged = 0
        #: branches not taken that are being run, the equations that they recorded, and all that are open
        self.depth = self.aside = 0
        self.open: list[Branch] = []
        #: places where it did not come to a selection
        self.failed: set[tuple[str, int, int]] = set()


def is_aside() -> bool:
    """Whether a branch is being run that was not taken."""
    run = local.both_ways
    return run is not None and run.depth > 0


def _number(value: Any) -> bool:
    kind = type(value)
    return kind is float or kind is np.float64 or (kind is TracedScalar and _is_float(value.value))


def _is_float(value: Any) -> bool:
    return type(value) is float or type(value) is np.float64


class Branch:
    """One branch: an iterator over its passes, each the answer that the condition is to have, and None when all is done."""

    __slots__ = (
        "_aside",
        "_before",
        "_names",
        "_now",
        "_other",
        "_run",
        "_taken",
        "answer",
        "both",
        "condition",
        "failed",
        "place",
    )

    def __init__(
        self, condition: Any, place: tuple[str, int, int], names: tuple[str, ...], before: dict[str, Any]
    ) -> None:
        run = self._run = local.both_ways
        self.place = place
        self.condition = condition
        self.failed = False
        self._aside = False
        self._names = names
        self._before = {n: before[n] for n in names if n in before}
        self._now: dict[str, Any] | None = None
        self._taken: dict[str, Any] | None = None
        self._other: dict[str, Any] | None = None
        self.both = (
            run is not None
            and type(condition) is TracedScalar
            and condition.tape.open
            and local.watch is not None
            and local.watch.outer is run.outer
            and condition.tape is local.watch.trace
            and type(condition.value) in (bool, np.bool_)
            and place in run.places
            and place not in run.failed
            and len(run.open) < _DEPTH
            and run.aside < _EQUATIONS
        )
        if not self.both:
            if is_aside() and type(condition) is TracedScalar:
                raise Apart
            self.answer = bool(condition)
        else:
            self.answer = bool(condition.value)

    def __iter__(self) -> Iterator[bool | None]:
        if not self.both:
            yield self.answer
            return
        # an error leaves the branches inside this one in the middle: what they changed is set again here
        run, trace = self._run, self.condition.tape
        depth, outside = run.depth, len(run.open)
        run.open.append(self)
        for answer in (True, False):  # in one order, so that a loop repeats its equations whatever it decides
            self._now = self._before
            self._aside = answer is not self.answer
            if not self._aside:
                yield answer
            elif not self.failed:
                guards, values, error = len(trace.guards), len(trace.values), trace.error
                run.depth = depth + 1
                yield answer
                run.depth = depth
                run.aside += len(trace.values) - values
                if len(trace.guards) > guards:  # it decided something that is no selection
                    self.failed = True
                if self.failed:
                    del trace.guards[guards:]
                    trace.error = error
            del run.open[outside + 1 :]
        del run.open[outside:]
        self._now = self._taken
        if not self.failed:
            try:
                self._now = self._merged()
            except Apart:
                self.failed = True
        if self.failed:
            run.failed.add(self.place)
            if depth:
                raise Apart
            bool(self.condition)  # a guard
        else:
            run.merged += 1
        yield None

    def _merged(self) -> dict[str, Any]:
        assert self._taken is not None
        assert self._other is not None
        return {
            n: merged(self.condition, self.answer, self._taken[n], self._other[n])
            for n in self._names
            if n in self._taken and n in self._other
        }

    # --- what the text asks ---------------------------------------------------------------------------------------------------

    def sets(self, name: str) -> bool:
        """Whether a name gets another value before the pass."""
        return self._now is not None and name in self._now

    def drops(self, name: str, names: dict[str, Any]) -> bool:
        """Whether a name is to have no value before the pass."""
        return self._now is not None and name not in self._now and name in names

    def value(self, name: str) -> Any:
        """The value that it gets."""
        assert self._now is not None
        return self._now[name]

    def ended(self, names: dict[str, Any]) -> None:
        """Note what a pass left."""
        left = {n: names[n] for n in self._names if n in names}
        if self._aside:
            self._other = left
        else:
            self._taken = left

    def caught(self) -> None:
        """In an ``except`` around a pass: the branch that was not taken may raise what it will."""
        if not self._aside:
            raise  # noqa: PLE0704 - called while an error is handled
        self.failed = True


def merged(condition: TracedScalar, answer: bool, taken: Any, other: Any) -> Any:
    """One value for two.

    Raises
    ------
    Apart
        If there is none.
    """
    if taken is other:
        return taken
    if _number(taken) and _number(other):
        plain = taken.value if type(taken) is TracedScalar else taken
        pair = (taken, other) if answer else (other, taken)
        return apply(condition.tape, select, (condition, *pair), (), plain)
    if type(taken) is not type(other):
        raise Apart
    if type(taken) is tuple and len(taken) == len(other):
        return tuple([merged(condition, answer, t, o) for t, o in zip(taken, other, strict=True)])
    if type(taken) in (int, bool, str, type(None), float) and taken == other:
        return taken
    raise Apart


def branch(
    condition: Any, line: int, column: int, filename: str, names: tuple[str, ...], before: dict[str, Any]
) -> Branch:
    """The branch whose condition stands there, which assigns ``names``."""
    return Branch(condition, (filename, line, column), names, before)


def either(condition: Any, line: int, column: int, filename: str, first: Iterator[Any], second: Iterator[Any]) -> Any:
    """``first if condition else second``, each as an iterator over one value."""
    found = Branch(condition, (filename, line, column), ("value",), {})
    value: Any = None
    for answer in found:
        if answer is None:
            value = found.value("value")
            continue
        try:
            value = next(first if answer else second)
            found.ended({"value": value})
        except Exception:  # noqa: BLE001 - whatever the branch that was not taken raises
            found.caught()
    return value


def scalar(value: Any) -> Any:
    """A value to which a branch adds in place, if that makes another object."""
    if not _number(value) and type(value) not in (int, bool, complex, str, tuple):
        _spoil()
    return value


def entering(pure: bool) -> bool:
    """A user function is entered, which may or may not be run where it would not have been."""
    if not pure:
        _spoil()
    return True


def callee(function: Any) -> Any:
    """What a branch calls, if that is the user's function, whose text says what it does, or one that is known to change nothing."""
    if not _is_harmless(function):
        _spoil()
    return function


def owner(value: Any, name: str) -> Any:
    """What a method is called of by a branch, if it changes nothing."""
    if type(value) is types.ModuleType:
        callee(getattr(value, name))
    elif name not in _READING and not _is_the_users(getattr(value, name)):
        _spoil()
    return value


def _is_the_users(function: Any) -> bool:
    function = getattr(function, "__func__", function)
    return type(function) is types.FunctionType and is_users_file(function.__code__.co_filename)


def _is_harmless(function: Any) -> bool:
    if _is_the_users(function) or type(function) is np.ufunc or id(function) in _HARMLESS:
        return True
    name = getattr(function, "__name__", "")
    module = (getattr(function, "__module__", None) or "").partition(".")[0]
    return module == "numpy" and callable(getattr(np, name, None)) and name not in _CHANGING


def _spoil() -> None:
    """Nothing that is open is run both ways."""
    run = local.both_ways
    if run is None:
        return
    if run.depth:
        raise Apart
    for b in run.open:
        b.failed = True
