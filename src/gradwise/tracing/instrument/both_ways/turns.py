"""Loops that the data end, run both ways (``branches.py``, ``if_conversion.py``).

    while c: body             →      t = turns(…)
                                     while True: now = t.goes_on(c); if t.over: break; a branch: body, if now holds
    for v in xs:              →      going = True; t = turns(…)
        …; if c: break; …            for item in xs: now = t.goes_on(going); if t.over: break; a branch: v = item; …; if c: going = False, else: …

Newton's method takes four turns here and six there.  A turn that the loop did not take changes nothing: what it would have changed is merged with what is there.  So the run goes on for some turns after the loop has ended, and
one program holds for as many turns as that, and for fewer.  The first turns at a place stay guards: the derivative after one step may be another one than after two, and such ways are verified by themselves (``operators/ways.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradwise.tracing.instrument.both_ways.branches import Branch
from gradwise.tracing.instrument.both_ways.merged_values import conjunction
from gradwise.tracing.instrument.state import local
from gradwise.tracing.traced import TracedScalar

if TYPE_CHECKING:
    from collections.abc import Iterator

#: turns that a run goes on after the loop has ended
_BEYOND = 4


class Turns:
    """The turns of one loop.

    Attributes
    ----------
    over : bool
        Whether the loop ends here.
    """

    __slots__ = ("_beyond", "_closed", "_filename", "_going", "_here", "_place", "over")

    def __init__(self, place: tuple[str, int, int], going: str) -> None:
        self._here = self._place = place
        self._filename = place[0]
        self._going = going
        self._beyond = 0
        #: whether it must not go on, since it would take from an iterator that others have
        self._closed = False
        self.over = False

    def goes_on(self, going: Any, *asked: Any) -> Any:
        """Whether there is another turn: True, a traced answer, or False where the loop is over.

        Parameters
        ----------
        going : object
            Whether no turn before has ended the loop.
        *asked : int, int, iterator
            The conditions, each with its line and column, and evaluated when it is asked for.
        """
        run = local.both_ways
        self.over, early = False, False
        if run is not None:
            run.turns[self._here] += 1
            early = run.turns[self._here] <= run.first
            (run.early.add if early else run.early.discard)(self._going)
        answers: list[TracedScalar] = []
        if type(going) is TracedScalar and self._may(going):
            answers.append(going)
        elif not going:
            return self._ends()
        parts: Iterator[Any] = iter(asked)
        for line, column, values in zip(parts, parts, parts, strict=True):
            value, place = next(values), (self._filename, line, column)
            if (
                type(value) is TracedScalar
                and self._may(value)
                and not early
                and place in run.places
                and place not in run.failed
            ):
                self._place = place
                answers.append(value)
            elif not value:
                return self._ends()
        if not answers:
            return True
        now = conjunction(answers)
        if not bool(now.value):
            self._beyond += 1
            if self._beyond > _BEYOND:
                bool(now)  # a guard
                return self._ends()
        return now

    def stops(self, going: Any) -> bool:
        """Whether the loop has ended and does not go on beyond that."""
        return not going if type(going) is bool or self._closed else False

    def _may(self, answer: TracedScalar) -> bool:
        run = local.both_ways
        return run is not None and not self._closed and not run.open and run.goes_over(answer)

    def _ends(self) -> bool:
        self.over = True
        if local.both_ways is not None:
            local.both_ways.early.discard(self._going)
        return False

    def branch(self, now: Any, names: tuple[str, ...], before: dict[str, Any]) -> Branch:
        """The turn, taken where ``now`` holds."""
        return Branch(now, self._place, names, before, known=True)

    def over_items(self, items: Any) -> Any:
        """What a ``for`` loop goes over."""
        self._closed = self._closed or hasattr(items, "__next__")
        return items


def turns(line: int, column: int, filename: str, going: str) -> Turns:
    """The turns of the loop that stands there."""
    return Turns((filename, line, column), going)


def turning(counted: Turns, items: Any) -> Any:
    """What the loop goes over."""
    return counted.over_items(items)
