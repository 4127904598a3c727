"""Loops that the data end, run both ways (``branches.py``, ``if_conversion.py``).

    while c: body             →      t = turns(…)
                                     while True: now = t.goes_on(c); if t.over: break; a branch: body, if now holds
    for v in xs:              →      going = True; t = turns(…)
        …; if c: break; …            for item in xs: now = t.goes_on(going); if t.over: break; a branch: v = item; …; if c: going = False, else: …

Newton's method takes four turns here and six there.  A turn that the loop did not take changes nothing: what it would have changed is merged with what is there.  So the run goes on for some turns after the loop has ended (half as many as it took, four at least, and as many as it was seen to take), and
one program holds for as many turns as that, and for fewer.  The first turns at a place stay guards: the derivative after one step may be another one than after two, and such ways are verified by themselves (``operators/ways.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.instrument.both_ways.aside import Place
from gradwise.tracing.instrument.both_ways.branches import Branch
from gradwise.tracing.instrument.both_ways.merged_values import conjunction, selection
from gradwise.tracing.instrument.comparing import true
from gradwise.tracing.instrument.state import local
from gradwise.tracing.traced import TracedArray, TracedScalar

if TYPE_CHECKING:
    from collections.abc import Iterator

#: turns that a run goes on after the loop has ended, at least, and as a part of those that it took
_BEYOND, _FURTHER = 4, 0.5
#: as parts of the most that another run took, and at most of those that it took
_LONGEST, _MOST = 1.125, 4
#: what can be gone over again and again
_AT_REST = frozenset(
    {list, tuple, dict, set, frozenset, str, range, np.ndarray, TracedArray}
    | {type({}.keys()), type({}.values()), type({}.items())}
)


class Turns:
    """The turns of one loop.

    Attributes
    ----------
    over : bool
        Whether the loop ends here.
    here, place : tuple
        Where it stands, and the condition that ends it.
    body : Branch
        The turn that runs.
    """

    __slots__ = ("_beyond", "_closed", "_going", "_taken", "body", "here", "over", "place")

    def __init__(self, place: Place, going: str) -> None:
        self.here = self.place = place
        self.body: Branch | None = None
        self._going = going
        self._taken = self._beyond = 0
        #: whether it must not go on, since it would take from an iterator that others have
        self._closed = False
        self.over = False

    def goes_on(self, going: Any, *asked: Any) -> Any:
        """Whether there is another turn: True, a traced answer, or False where the loop is over.

        Parameters
        ----------
        going : object
            Whether no turn before has ended the loop.
        *asked : tuple, iterator
            The conditions, each with its place, and evaluated when it is asked for.
        """
        run = local.both_ways
        self.over, early = False, False
        if run is not None:
            run.turns[self.here] += 1
            early = run.turns[self.here] <= run.first
            (run.early.add if early else run.early.discard)(self._going)
        answers: list[TracedScalar] = []
        if type(going) is TracedScalar and self._may(going):
            answers.append(going)
        elif not going:
            return self._ends()
        parts: Iterator[Any] = iter(asked)
        for place, values in zip(parts, parts, strict=True):
            value = next(values)
            if (
                type(value) is TracedScalar
                and self._may(value)
                and not early
                and (place in run.places or (place, False) in run.endings or (place, True) in run.endings)
                and place not in run.failed
            ):
                self.place = place
                answers.append(value)
            elif not true(value):
                return self._ends()
        if not answers:
            return True
        if run is not None and self not in run.going:
            run.going.append(self)
        now = conjunction(answers)
        if bool(now.value):
            self._taken += 1
        else:
            self._beyond += 1
            longest = _LONGEST * run.longest.get(self.place, 0) if run is not None else 0
            seen = min(longest, _MOST * self._taken) - self._taken
            if self._beyond > max(_BEYOND, _FURTHER * self._taken, seen):
                bool(now)  # a guard
                return self._ends()
        return now

    def stops(self, going: Any) -> bool:
        """Whether the loop has ended and does not go on beyond that."""
        over = not going if type(going) is bool or self._closed else False
        if over:
            self.closes()
        return over

    def _may(self, answer: TracedScalar) -> bool:
        run = local.both_ways
        return (
            run is not None
            and not self._closed
            and not run.open
            and run.failed.isdisjoint((self.here, self.place))
            and run.goes_over(answer)
        )

    def _ends(self) -> bool:
        self.over = True
        self.closes()
        return False

    def closes(self) -> None:
        """The loop has ended."""
        run = local.both_ways
        if run is not None:
            run.early.discard(self._going)
            if self in run.going:
                run.going.remove(self)

    def branch(self, now: Any, names: tuple[str, ...], before: dict[str, Any]) -> Branch:
        """The turn, taken where ``now`` holds."""
        self.body = Branch(now, self.place, names, before, known=True)
        return self.body

    def over_items(self, items: Any) -> Any:
        """What a ``for`` loop goes over."""
        self._closed = self._closed or type(items) not in _AT_REST
        return items


def inverted(answer: Any) -> Any:
    """``not answer`` in the head of a loop."""
    run = local.both_ways
    if type(answer) is TracedScalar and run is not None and run.goes_over(answer):
        pair = np.bool_(False), np.bool_(True)
        return selection(answer, *pair, not bool(answer.value))
    return not true(answer)


def turns(place: Place, going: str) -> Turns:
    """The turns of the loop that stands there."""
    return Turns(place, going)


def turning(counted: Turns, items: Any) -> Any:
    """What the loop goes over."""
    return counted.over_items(items)
