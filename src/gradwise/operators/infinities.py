"""Which infinite values of a run stay infinite around its point: what depends on them does not move by them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.operators.limits import directions
from gradwise.transforms.infinite_values import hold_infinities
from gradwise.transforms.reverse import active_variables

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradwise.operators.linearization import Linearization
    from gradwise.program import Program

_STEPS = (2.0**-12, 2.0**-24)


def with_held_infinities(
    linearization: Linearization, program: Program, values_at: Callable[[Sequence[Any]], list[Any]]
) -> tuple[Program, tuple[int, ...]] | None:
    """The program with the infinite values that are constant around the point as constants, and their variables; None if there are none.

    Parameters
    ----------
    values_at : callable
        The values of all variables at other arguments.
    """
    tape = linearization.recording.tape
    leaves = [tape.values[i] for i in tape.inputs]
    active = active_variables(program, program.inputs)
    found = {}
    here = values_at(leaves)
    for equation in program.equations:
        for o in equation.output_tuple:
            if active[o] and program.types[o].dtype.kind == "f" and np.any(np.isinf(here[o])):
                found[o] = np.isinf(here[o])
    for way in directions(leaves) if found else ():
        for t in _STEPS:
            there = values_at(
                [(np.asarray(x) + t * d).astype(np.asarray(x).dtype)[()] for x, d in zip(leaves, way, strict=True)]
            )
            found = {o: at for o, at in found.items() if np.array_equal(there[o][at], np.asarray(here[o])[at])}
    return (hold_infinities(program, found), tuple(found)) if found else None
