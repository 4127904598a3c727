"""What may be run of a branch that is not taken: the questions that its text asks while it runs (``branches.py``, ``if_conversion.py``).

A branch not taken must leave nothing behind.  Where something is called that may change what others see, or a name is added to in place that is no number, the branch is given up: by an error where it is the one that is not
taken, and for good where it is the other one, since the next pass would begin with what that left.
"""

from __future__ import annotations

import cmath
import math
import types
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.instrument.state import local
from gradwise.tracing.instrument.userland import is_users_file
from gradwise.tracing.traced import TracedArray, TracedScalar

if TYPE_CHECKING:
    from gradwise.tracing.instrument.both_ways.branches import Branch

#: how names begin that the text of these copies has made, and no text of the user's can have
MARK = "gradwise "
#: file, line and column of a condition
Place = tuple[str, int, int]
#: branches inside one another that are run both ways, and equations that the branches not taken may add in one run
DEPTH, EQUATIONS = 6, 400_000
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


#: methods whose further arguments are no arrays to write to, and functions of which the third is none
_OF_SEVERAL = frozenset({"get", "index", "reshape", "transpose"})
_OF_THREE = frozenset({"arange", "clip", "full", "interp", "linspace", "where"})


class Apart(Exception):
    """What two branches leave cannot be merged."""


class BothWays:
    """A run in which branches are run both ways.

    Parameters
    ----------
    places : set
        The conditions whose branches are run both ways.
    answers : set
        The answers of conditions that were verified: inside a branch that is not taken no others are given.
    first : int
        How many turns of a loop that the data end stay guards.
    counters : bool
        Whether integers that branches decide become floats, which are no indices.

    Attributes
    ----------
    merged : int
        How many branches became selections.
    """

    __slots__ = (
        "answers",
        "aside",
        "counters",
        "depth",
        "early",
        "failed",
        "first",
        "inside",
        "kept",
        "merged",
        "open",
        "outer",
        "places",
        "still",
        "turns",
    )

    def __init__(
        self, places: set[Place], answers: set[tuple[Place, bool]], first: int = 3, *, counters: bool = True
    ) -> None:
        self.places = places
        self.answers = answers
        self.counters = counters
        #: the guards of branches inside others, by identity, and those in whose place another stands
        self.inside: set[int] = set()
        self.kept: list[Any] = []
        #: the run around it: derivatives that the function takes itself go one way
        self.outer = local.watch
        self.merged = 0
        #: the first turns of a loop that stay guards, and the names of those loops that are in these turns
        self.first = first
        self.early: set[str] = set()
        #: the turns of the loops by their places
        self.turns: Counter[Place] = Counter()
        #: branches not taken that are being run, the equations that they recorded, and all that are open
        self.depth = self.aside = 0
        self.open: list[Branch] = []
        #: places where it did not come to a selection
        self.failed: set[Place] = set()
        #: arrays in whose place others stand now, and their versions: who writes to them writes to no others
        self.still: list[tuple[TracedArray, int]] = []

    def goes_over(self, condition: TracedScalar) -> bool:
        """Whether a condition belongs to this run."""
        watch = local.watch
        return (
            condition.tape.open
            and watch is not None
            and watch.outer is self.outer
            and condition.tape is watch.trace
            and type(condition.value) in (bool, np.bool_)
        )

    def kept_still(self) -> bool:
        """Whether nobody wrote to an array in whose place another one stands."""
        return all(array.version == version for array, version in self.still)


def is_aside() -> bool:
    """Whether a branch is being run that was not taken."""
    run = local.both_ways
    return run is not None and run.depth > 0


def is_number(value: Any) -> bool:
    """Whether a value is a float of 64 bits, of Python or NumPy, traced or not."""
    kind = type(value.value) if type(value) is TracedScalar else type(value)
    return kind is float or kind is np.float64


def is_place(container: Any, key: Any) -> bool:
    """Whether what stands there can be put back: items of lists and dictionaries, and parts of traced arrays of float64 without index arrays."""
    if type(container) is list:
        return type(key) is int
    if type(container) is dict:
        return key in container
    if type(container) is not TracedArray or container.value.dtype != np.float64:
        return False
    if container.base_array().mirror is not None:  # the caller's own array
        return False
    return all([type(e) in (int, slice, type(Ellipsis)) for e in (key if type(key) is tuple else (key,))])


def added(operation: Any, new: Any, old: Any, value: Any) -> Any:
    """What ``a[i] += value`` stores: of an array that stands there another one, made by the operation for that."""
    return new(old, value) if type(old) is TracedArray else operation(scalar(old), value)


def scalar(value: Any) -> Any:
    """A value to which a branch adds in place, if that makes another object."""
    if not is_number(value) and type(value) not in (int, bool, complex, str, tuple):
        spoil()
    return value


def entering(pure: bool) -> bool:
    """A user function is entered, which may or may not be run where it would not have been."""
    if not pure:
        spoil()
    return True


def callee(function: Any, count: int) -> Any:
    """What a branch calls with ``count`` arguments by place (-1: unknown), if that is the user's function, whose text says what it does, or one that is known to change nothing."""
    if not _is_harmless(function, count):
        spoil()
    return function


def owner(value: Any, name: str, count: int) -> Any:
    """What a method is called of by a branch, if it changes nothing."""
    if type(value) is types.ModuleType:
        callee(getattr(value, name), count)
    elif not _is_the_users(getattr(value, name)) and not (name in _READING and (0 <= count < 2 or name in _OF_SEVERAL)):
        spoil()
    return value


def _is_the_users(function: Any) -> bool:
    function = getattr(function, "__func__", function)
    return type(function) is types.FunctionType and is_users_file(function.__code__.co_filename)


def _is_harmless(function: Any, count: int) -> bool:
    if _is_the_users(function) or id(function) in _HARMLESS:
        return True
    if type(function) is np.ufunc:  # the next argument is written to
        return 0 <= count <= function.nin
    name = getattr(function, "__name__", "")
    module = (getattr(function, "__module__", None) or "").partition(".")[0]
    if module != "numpy" or not callable(getattr(np, name, None)) or name in _CHANGING:
        return False
    return 0 <= count < 3 or (count == 3 and name in _OF_THREE)


def spoil() -> None:
    """What stands here cannot be taken back: no branch around it is run both ways."""
    run = local.both_ways
    if run is None:
        return
    if run.depth:
        raise Apart
    for b in run.open:
        b.failed = True
