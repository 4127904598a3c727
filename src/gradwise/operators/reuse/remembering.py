"""Calls of functions that read and then assign attributes (``tracing/purity/remembered.py``): which programs may stand for them.

A program reads what a call finds and gives what the call gives; the function runs beside it, and leaves what it leaves.  But of what a call gives, a part may come from another call's argument: of a memory
(``if self.last == x: return self.value``) the derivative is not in the program.  Something must tell a memory that it holds what is asked for.  So a program is refused where anything
(a guard, a comparison) is decided by what was found together with the arguments and what is computed comes from what was found, or where nothing that is computed comes from the arguments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.operators.reuse.comparison import equal
from gradwise.operators.reuse.families import ProvenCall
from gradwise.operators.reuse.gathering import Unsuitable
from gradwise.operators.reuse.specialization import Refused, Specialization
from gradwise.tracing import copy_in_layout
from gradwise.tracing.purity.outline import FREE, outlines
from gradwise.tracing.purity.reading import read
from gradwise.tracing.purity.twins import with_data

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Set

    from gradwise.program import Program
    from gradwise.tracing import Recording


class RememberingCall(ProvenCall):
    """A call of a function that reads and then assigns attributes."""

    __slots__ = ()

    def specialise(self) -> tuple[Specialization, Recording]:
        if self.fixed > FREE:  # what was found would be no number of the program's
            raise Refused("it remembers what decides its form")
        made, recording = super().specialise()
        made.asks_for_numbers()
        refuse_memories(made.opened(), len(self._arguments.leaves), self._remembered(made))
        return made, recording

    def before(self) -> Any:
        if self.objects:
            raise Unsuitable
        data = self._data | {place: copy_in_layout(self._data[place]) for place in self.buffers}
        twin, _, _ = with_data(self.function, self.node, data, self.objects)
        return twin

    def _remembered(self, made: Specialization) -> list[int]:
        """Which of the numbers are those that are read and then assigned; buffers that are filled before they are read (with nan in them nothing comes out otherwise) are not."""
        places: set[Hashable] = set()
        read(self.function, self.node, self.objects, self.moving, places)
        places |= self.buffers
        found = self._numbers_at(places)
        if not self.buffers:
            return found
        kept = self._numbers_at(self.buffers)
        emptied = [np.full_like(v, np.nan) if k in kept else v for k, v in enumerate(self.numbers)]
        with np.errstate(all="ignore"):
            before, after = (made.replay(self._arguments.leaves, numbers) for numbers in (self.numbers, emptied))
        if before is None or after is None or not all(map(equal, before.values, after.values)):
            return found
        return [k for k in found if k not in kept]

    def _numbers_at(self, places: Set[Hashable]) -> list[int]:
        counts = []
        for place, value in self._data.items():
            numbers: list[Any] = []
            outlines([value], numbers, fixed=self.fixed)
            counts.append((place in places, len(numbers)))
        first = len(self.numbers) - sum(count for _, count in counts)
        found: list[int] = []
        for is_remembered, count in counts:
            found += range(first, first + count) if is_remembered else ()
            first += count
        return found


def refuse_memories(program: Program, leaves: int, remembered: Iterable[int]) -> None:
    """Refuse a program that may give what an earlier call found.

    Parameters
    ----------
    program : Program
        Its inputs are the leaves of the differentiated arguments and then the numbers that the function reads.
    leaves : int
        How many leaves there are.
    remembered : iterable of int
        Which of the numbers are read and then assigned.

    Raises
    ------
    Refused
        If what was found is compared with the leaves and comes out, or if nothing that comes out depends on the leaves.
    """
    found = _reached(program, {program.inputs[leaves + k] for k in remembered})
    given = _reached(program, set(program.inputs[:leaves]))
    if given.isdisjoint(program.outputs):
        raise Refused("what it gives comes from none of its arguments")
    if found.isdisjoint(program.outputs):
        return
    answers = [o for e in program.equations for o in e.output_tuple if program.types[o].dtype.kind == "b"]
    asked = {*answers, *(guard.variable for guard in program.guards)}
    if not asked.isdisjoint(found & given):
        raise Refused("it compares what it found with what it is given, and may have kept it for that")


def _reached(program: Program, variables: set[int]) -> set[int]:
    """The variables that come from these."""
    reached = set(variables)
    for equation in program.equations:
        if not reached.isdisjoint(equation.inputs):
            reached.update(equation.output_tuple)
    return reached
