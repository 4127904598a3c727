"""What may be run of a branch that is not taken: the questions that its text asks while it runs (``branches.py``, ``if_conversion.py``).

A branch not taken must leave nothing behind.  Where something is called that may change what others see, or a name is added to in place that is no number, the branch is given up: by an error where it is the one that is not
taken, and for good where it is the other one, since the next pass would begin with what that left.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.instrument.state import local
from gradwise.tracing.traced import TracedArray, TracedScalar

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from gradwise.tracing.instrument.both_ways.branches import Branch
    from gradwise.tracing.instrument.both_ways.turns import Turns

#: how names begin that the text of these copies has made, and no text of the user's can have
MARK = "gradwise "
#: and those of the names that say whether a loop goes on
GOING = f"{MARK}going"
#: file, line, column and last column of a condition
Place = tuple[str, int, int, int]
#: branches inside one another that are run both ways
DEPTH = 6
#: the largest integer up to which all are floats
EXACT = 2**53


class Spent(Exception):
    """The branches not taken are longer than the function: one of them calls the function itself, which has such branches too."""


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
    most : int
        How many equations the branches not taken may add.
    endings : set
        Conditions with the answers that ended loops at them, in verified runs in which they went on often.
    choices : set
        The places of ``max`` and ``min`` of which each item was chosen in verified runs, with how many there are.
    seldom : set
        The same of which one item was chosen often and each of the others: they choose so in loops that the data end.
    longest : dict
        By places of conditions, how many turns a loop took at most that they ended.
    failed : set
        Places of branches and loops that are not run both ways.
    counters : bool
        Whether integers that branches decide become floats, which are no indices.
    kinds : bool
        Whether Python's floats and NumPy's become one number.

    Attributes
    ----------
    merged : int
        How many branches became selections.
    lost : set
        The places of branches that left something behind where they were not taken: the run is made again without them.
    is_asked : bool
        Whether the run asked of which class a number is, after numbers of two had become one.
    """

    __slots__ = (
        "answered",
        "answers",
        "aside",
        "choices",
        "counted",
        "counters",
        "depth",
        "early",
        "endings",
        "failed",
        "first",
        "going",
        "inside",
        "is_asked",
        "kept",
        "kinds",
        "longest",
        "lost",
        "merged",
        "mixed",
        "most",
        "open",
        "outer",
        "places",
        "placing",
        "seldom",
        "selections",
        "still",
        "turns",
    )

    def __init__(
        self,
        places: set[Place],
        answers: set[tuple[Place, bool]],
        first: int = 3,
        endings: Collection[tuple[Place, bool]] = (),
        *,
        most: int = 400_000,
        choices: Collection[tuple[Place, int]] = (),
        seldom: Collection[tuple[Place, int]] = (),
        longest: Mapping[Place, int] | None = None,
        failed: Collection[Place] = (),
        counters: bool = True,
        kinds: bool = True,
    ) -> None:
        self.places = places
        self.answers = answers
        #: the answers of conditions that this run gave by numbers that were not traced, where it was not aside
        self.answered: set[tuple[Place, bool]] = set()
        self.endings = endings
        self.most = most
        self.choices = choices
        self.seldom = seldom
        self.longest = longest or {}
        self.counters = counters
        self.kinds = kinds
        #: whether integers became floats, and numbers of two classes one
        self.counted = self.mixed = False
        self.is_asked = False
        self.lost: set[Place] = set()
        #: the loops that may have ended already, and whether what a branch stores is being stored, which is put back
        self.going: list[Turns] = []
        self.placing = False
        #: the guards of branches inside others, by identity, and those in whose place another stands
        self.inside: set[int] = set()
        self.kept: list[Any] = []
        #: the run around it: derivatives that the function takes itself go one way
        self.outer = local.watch
        self.merged = 0
        #: the variables of the selections that were made
        self.selections: set[int] = set()
        #: the first turns of a loop that stay guards, and the names of those loops that are in these turns
        self.first = first
        self.early: set[str] = set()
        #: the turns of the loops by their places
        self.turns: Counter[Place] = Counter()
        #: branches not taken that are being run, the equations that they recorded, and all that are open
        self.depth = self.aside = 0
        self.open: list[Branch] = []
        #: places where it did not come to a selection
        self.failed: set[Place] = set(failed)
        #: arrays in whose place others stand now, and their versions: who writes to them writes to no others
        self.still: list[tuple[TracedArray, int]] = []

    @property
    def turning(self) -> bool:
        """Whether this is in a loop that the data end."""
        return bool(self.going or self.early)

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

    def decides(self, condition: TracedScalar, place: Place | None, *, raising: bool | None = None) -> bool:
        """The answer of a condition inside a branch, as a guard that asks nothing where the branch is not taken; ``raising`` is an answer that raises.

        Raises
        ------
        Apart
            If the branch is not taken, and no answer was ever verified.
        """
        answer = bool(condition.value)
        if self.depth and not self._knows(place, answer, raising=raising):
            answer = not answer  # what is computed here is thrown away, and where it is not it may go no other way
            if not self._knows(place, answer, raising=None):
                raise Apart
        guards = condition.tape.guards
        before = len(guards)
        bool(condition)
        guards[before:] = [(i, kind, answer, where) for i, kind, _, where in guards[before:]]
        self.inside.update(map(id, guards[before:]))
        return answer

    def _knows(self, place: Place | None, answer: bool, *, raising: bool | None) -> bool:
        # where the other answer raises, nothing is run that ordinary runs do not come to
        return (place, answer) in self.answers or (place, answer) in self.answered or raising is (not answer)

    def notes(self, noted: dict[Any, Any]) -> dict[Any, Any]:
        """A dictionary in which a run notes what it changes, that asks whether it may."""
        return _Asking(noted)

    def loses(self) -> None:
        """What was just done cannot be undone: the run is made again without the branches in which it was."""
        self.lost.update([b.place for b in self.open], [t.here for t in self.headers()])

    def headers(self) -> list[Turns]:
        """The loops that may have ended already, where what runs is not their body."""
        return [t for t in self.going if t.body not in self.open]

    def kept_still(self) -> bool:
        """Whether nobody wrote to an array in whose place another one stands."""
        return all(array.version == version for array, version in self.still)


class _Asking(dict[Any, Any]):
    """What a run changes, by identity: whoever notes it inside a branch cannot take it back."""

    __slots__ = ("noted",)

    def __init__(self, noted: dict[Any, Any]) -> None:
        #: where it is noted, too, for who puts it back after the run
        self.noted = noted

    def __setitem__(self, key: Any, value: Any) -> None:
        run = local.both_ways
        if run is not None and not run.placing:
            spoil()
        self.noted[key] = value
        super().__setitem__(key, value)

    def setdefault(self, key: Any, default: Any = None) -> Any:
        if key not in self:
            self[key] = default
        elif local.both_ways is not None and not local.both_ways.placing:
            spoil()
        return self[key]


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


def added(container: Any, operation: Any, new: Any, old: Any, value: Any) -> Any:
    """What ``a[i] += value`` stores: of a part of an array another array, made by the operation for that."""
    if type(container) is TracedArray and type(old) is TracedArray:
        return new(old, value)
    return operation(scalar(old), value)  # an array in a list is written to, whoever else has it


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


def takes_from(iterator: Any) -> None:
    """Values are taken from what may be an iterator: only the branch that made it may do so."""
    run = local.both_ways
    if run is None or not hasattr(type(iterator), "__next__"):
        return
    if not (run.open and any([iterator is one for one in run.open[-1].born])):
        spoil()


def makes(iterator: Any) -> None:
    """An iterator was made."""
    run = local.both_ways
    if run is not None and run.open:
        run.open[-1].born.append(iterator)


def spoil() -> None:
    """What stands here cannot be taken back: no branch around it is run both ways, and no loop whose end it may be behind."""
    run = local.both_ways
    if run is None:
        return
    if run.going:
        run.lost.update([t.here for t in run.headers()])
    if run.depth:
        raise Apart
    for b in run.open:
        b.failed = True
