"""One program for many paths: of functions whose branches follow the data, the branches become selections.

    for r in data:                           takes 2ⁿ paths through n rows: each point has one of its own, and a program for one path
        if r @ w > 1: loss += r @ w          stands for the function nowhere else

Where the programs of a family failed more than once, the run for the next one goes both ways (``tracing/instrument/both_ways``) at the conditions whose answers were both given, several times in a run, where the derivative was verified.
Its value and its derivative are compared with those of the run that was traced as it stands.  What becomes no selection remains a guard.
"""

from __future__ import annotations

import itertools
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.operators.reuse.comparison import difference_beside, equal
from gradwise.operators.reuse.specialization import Refused
from gradwise.tracing.instrument.both_ways.aside import BothWays, Place
from gradwise.tracing.instrument.both_ways.conditions import is_call, place_of
from gradwise.tracing.instrument.state import local

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from gradwise.operators.reuse.specialization import Specialization
    from gradwise.tracing import Recording

#: after so many failures of programs the branches are merged, with the answers that are known by then
_FAILURES = (2, 3, 5, 8, 12, 20)
#: runs for one program, each without what spoiled the one before
_RUNS = 5
#: the equations that branches not taken may add: so many, and so many times those of the function
_LEAST, _LONGER = 4_000, 6
#: how many items of ``max`` are told apart
_ITEMS = 8
#: numbers of less than 64 bits
_NARROW = frozenset({np.dtype(np.float16), np.dtype(np.float32), np.dtype(np.complex64)})
#: relative difference up to which two derivatives of one run agree
_AGREEMENT = 1e-8


class Answers:
    """Which answers the conditions of a function gave in runs whose derivative was verified, and to which order.

    A condition is merged where each of its answers was given so often in one of these runs that ways are not told apart by it any more (``operators/ways.py``): what stands in a loop.  Of a function with a few branches one
    after the other each way is verified by itself, and has a program of its own.
    """

    __slots__ = ("_chosen", "_ended", "_often", "_once", "_places", "_seldom", "longest", "tries")

    def __init__(self) -> None:
        self._once: dict[tuple[Place, bool], int] = {}
        self._often: dict[tuple[Place, bool], int] = {}
        self._chosen: dict[tuple[Place, int], int] = {}
        #: the same where one of the items was chosen often and the others once at least
        self._seldom: dict[tuple[Place, int], int] = {}
        #: answers that were given in a run which gave the other one often, as at the end of a loop
        self._ended: dict[tuple[Place, bool], int] = {}
        #: by the identity of a code object and the offset of an instruction, the place and whether it calls; the code is kept, so that it is itself
        self._places: dict[tuple[int, int], tuple[Any, Place | None, bool]] = {}
        #: how often in a row a condition gave one answer before the other one, at most: the turns of a loop
        self.longest: dict[Place, int] = {}
        #: how often it was tried to merge the branches
        self.tries = 0

    def note(self, guards: Iterable[tuple[int, str, Any, Any]], order: int) -> None:
        """Note the answers of a run that was verified to an order."""
        asked = [(where, bool(expected)) for _, kind, expected, where in guards if kind == "bool" and where is not None]
        found = Counter([(id(code), offset, answer) for (code, offset), answer in asked])
        codes = {id(code): code for (code, _), _ in asked}
        for (code_id, offset, answer), count in found.items():
            known = self._places.get((code_id, offset))
            if known is None:
                code = codes[code_id]
                known = self._places[code_id, offset] = code, place_of(code, offset), is_call(code, offset)
            if known[1] is None:
                continue
            tables = [self._once]
            if count >= order + 2:
                tables.append(self._often)
            if found[code_id, offset, not answer] >= order + 2:
                tables.append(self._ended)
            for table in tables:
                table[known[1], answer] = max(order, table.get((known[1], answer), 0))
        sequences: dict[tuple[int, int], list[bool]] = {}
        for (code, offset), answer in asked:
            sequences.setdefault((id(code), offset), []).append(answer)
        for key, answers in sequences.items():
            _, place, calls = self._places[key]
            if place is not None:
                rows = [len(list(row)) for _, row in itertools.groupby(answers)][:-1]  # the last one goes on elsewhere
                self.longest[place] = max(self.longest.get(place, 0), *rows, 0)
            if not calls:
                continue
            for count in range(2, _ITEMS + 1):
                chosen = _chosen(answers, count)
                if place is None or len(chosen) < count:
                    continue
                if min(chosen.values()) >= order + 2:
                    self._chosen[place, count] = max(order, self._chosen.get((place, count), 0))
                if max(chosen.values()) >= order + 2:
                    self._seldom[place, count] = max(order, self._seldom.get((place, count), 0))

    def given(self, order: int) -> set[tuple[Place, bool]]:
        """The conditions with the answers that were verified to an order."""
        return {key for key, verified in self._once.items() if verified >= order}

    def choices(self, order: int) -> set[tuple[Place, int]]:
        """Where ``max`` or ``min`` of so many items chose each of them often."""
        return {key for key, verified in self._chosen.items() if verified >= order}

    def seldom(self, order: int) -> set[tuple[Place, int]]:
        """Where ``max`` or ``min`` of so many items chose one of them often and each of the others too."""
        return {key for key, verified in self._seldom.items() if verified >= order}

    def places(self, order: int) -> set[Place]:
        """The conditions of which both answers were, so often that they are merged."""
        given = {key for key, verified in self._often.items() if verified >= order}
        return {place for place, answer in given if answer and (place, False) in given}

    def endings(self, order: int) -> set[tuple[Place, bool]]:
        """The answers that may be the last ones of a loop which went on often before: a loop ends once, however often it went on."""
        return {key for key, verified in self._ended.items() if verified >= order}

    def is_time(self, failed: int) -> bool:
        """Whether the branches are to be merged after so many failures."""
        return self.may_merge and failed >= _FAILURES[self.tries]

    def gives_up(self) -> None:
        """Do not try it again."""
        self.tries = len(_FAILURES)

    @property
    def may_merge(self) -> bool:
        """Whether they were not tried to be merged too often."""
        return self.tries < len(_FAILURES)


def _chosen(answers: list[bool], count: int) -> Counter[int]:
    """How often each of ``count`` items was chosen by comparisons, each of the next item with the one that is chosen."""
    if len(answers) % (count - 1):
        return Counter()
    rows = [answers[k : k + count - 1] for k in range(0, len(answers), count - 1)]
    return Counter([max((k + 1 for k, answer in enumerate(row) if answer), default=0) for row in rows])


def merged(
    specialise: Callable[[], tuple[Specialization, Recording]],
    known: Answers,
    differs: Callable[[Recording], str | None],
    order: int,
    size: int,
) -> Specialization:
    """The program of a run that goes both ways at some places, and elsewhere gives answers that were verified, for derivatives of an order; ``size`` are the operations of a run that goes one way.

    Raises
    ------
    Refused
        If no branch could be merged, or the program is not that of the function.
    """
    places, answers, choices = known.places(order), known.given(order), known.choices(order)
    endings = known.endings(order)
    if not places and not choices and not endings:
        raise Refused("no condition gave both answers, each several times in a run")
    failed: set[Place] = set()
    counters = kinds = True
    for _ in range(_RUNS):
        run = BothWays(
            places,
            answers,
            order + 2,
            endings,
            most=_LEAST + _LONGER * size,
            choices=choices,
            seldom=known.seldom(order),
            longest=known.longest,
            failed=failed,
            counters=counters,
            kinds=kinds,
        )
        made, reason = _made(run, specialise, differs)
        if run.aside >= run.most:
            known.gives_up()
            raise Refused("the branches that are not taken are longer than the function")
        if run.lost:  # again without the branches that left something behind
            failed |= run.lost
        elif reason is None:
            assert made is not None
            made.is_merged = True
            return made
        elif run.is_asked:  # again with numbers of two classes as two numbers
            counters = kinds = False
        elif run.counted:  # again with integers as they are: one may be an index, or a length
            counters = False
        else:
            raise Refused(reason)
    raise Refused("its branches leave something behind where they are not taken")


def _made(
    run: BothWays,
    specialise: Callable[[], tuple[Specialization, Recording]],
    differs: Callable[[Recording], str | None],
) -> tuple[Specialization | None, str | None]:
    """The program of a run, and why it cannot be the function's."""
    before, local.both_ways = local.both_ways, run
    try:
        made, recording = specialise()
    except Exception as error:  # noqa: BLE001 - the function itself ran
        return None, str(error)
    finally:
        local.both_ways = before
    # what Python's float does not widen NumPy's does
    run.is_asked = run.is_asked or (run.mixed and any(t.dtype in _NARROW for t in recording.program.types))
    if run.is_asked:
        return None, "it asks of which class a number is that comes from two branches"
    if not run.merged:
        return None, "none of its branches could be merged"
    if not run.kept_still():
        return None, "it writes to an array that one of its branches gives another name"
    return made, None if run.lost else differs(recording)


def same_numbers(plain: Recording, other: Recording, slopes: Callable[[Recording], Sequence[Any]]) -> str | None:
    """How the value or the derivative of a merged program differs from that of the function's own run; None if they do not."""
    if plain.structure != other.structure or [type(v) for v in plain.values] != [type(v) for v in other.values]:
        return "it returns other containers or types"
    beside = difference_beside(plain, other)
    if beside is not None:
        return beside
    if not all(map(equal, plain.values, other.values)):
        return "it returns another value"
    for a, b in zip(slopes(plain), slopes(other), strict=True):
        a, b = (np.zeros(()) if s is None else np.asarray(s) for s in (a, b))
        size = max(np.abs(a).max(initial=0.0), np.abs(b).max(initial=0.0))
        if not np.all(np.abs(a - b) <= _AGREEMENT * size):  # nan agrees with nothing
            return "it has another derivative"
    return None
