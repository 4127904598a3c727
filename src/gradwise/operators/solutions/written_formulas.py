"""Recorded formulas as Python functions, for an algorithm that asks for many values one by one: a call of 1 µs in the place of a program's 10.

written : Form → f(*captured, t), which gives None where the formula does not hold          linearised : Form → f(*captured, t) → (value, slope or Jacobian)
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.execution.function_text import FunctionText
from gradwise.execution.straight_line import TooLong, straight_line
from gradwise.execution.writer import SQUARE
from gradwise.operators.caches import derived
from gradwise.operators.reuse.expected import expectation, holds_as
from gradwise.operators.reuse.unread import unread
from gradwise.operators.solutions.batches import Elsewhere
from gradwise.program import COMPUTED, F64, Guard, Program
from gradwise.program.elementary import BY_MATH
from gradwise.transforms.batch import batch
from gradwise.transforms.forward import pushforward
from gradwise.transforms.simplify import simplify

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradwise.operators.solutions.batches import Form

#: Python and NumPy square a number by the C library's power, whose last bit is in one of a thousand not that of the product
_AS_CALLED = {SQUARE: math.pow}
#: operations beyond which a formula is not written
_LONG = 3000


def written(form: Form) -> Callable[..., Any] | None:
    """The formula as a function of what it captured and, last, its point; None where it cannot be written."""
    (found,) = derived(("written", form), lambda: ((_written(form),), len(form.whole)))
    return found


def raising(form: Form) -> Callable[..., Any] | None:
    """The formula as ``written`` has it, to be called a thousand times under an error state of the caller's: it raises ``Elsewhere``, or what NumPy and Python raise."""
    (found,) = derived(("raising", form), lambda: ((_written(form, is_within=True),), len(form.whole)))
    return found


def linearised(form: Form, *, each: bool) -> Callable[..., Any] | None:
    """Its value with its slope for each entry, or with the transposed Jacobian; None where that cannot be written: where it has kinks, which are to be looked at."""
    (found,) = derived(("linearised", form, each), lambda: ((_linearised(form, each=each),), len(form.program)))
    return found


def as_operands(form: Form, captured: Sequence[Any]) -> list[Any]:
    """What was captured, as these functions take it."""
    types = form.program.types
    return [float(c) if types[i] is F64 else c for i, c in zip(form.captured, captured, strict=True)]


def _written(form: Form, *, is_within: bool = False) -> Callable[..., Any] | None:
    """Equations, guards, and what nobody reads but may fail, as lines."""
    program = form.whole
    guards = [Guard(i, "error", COMPUTED) for i in unread(program)]
    return _function(program, guards, program.inputs, (), by_math=form.by_math is True, is_within=is_within)


def _linearised(form: Form, *, each: bool) -> Callable[..., Any] | None:
    program = form.program
    if any(e.primitive.kink is not None for e in program.equations):
        return None
    d = pushforward(program, program.inputs)
    (vector,), (result,) = d.vectors, d.results
    if vector is None or result is None:
        return None
    inputs = (*program.inputs, vector)
    joined = Program(program.name, inputs, program.captured, program.equations + d.equations, (*program.outputs, result), d.types, program.guards)  # fmt: skip
    unit: Any = np.ones(form.state.shape) if form.state.shape else 1.0
    if not each:
        joined, (_, carries) = batch(joined, form.state.size, [vector])
        if not carries:  # it depends on its point in no way
            return None
        unit = np.eye(form.state.size).reshape(-1, *form.state.shape)
    return _function(joined, [], joined.inputs[:1], (unit,))


def _function(
    program: Program,
    further: Sequence[Guard],
    points: tuple[int, ...],
    constants: Sequence[Any],
    *,
    by_math: bool = False,
    is_within: bool = False,
) -> Callable[..., Any] | None:
    """The program as a function of what it captured and of its points; its other inputs are constants."""
    if len(program) > _LONG:
        return None
    guards = [Guard(g.variable, g.kind, expectation(g.kind, g.expected)) for g in program.guards]
    inputs = (*program.captured, *points)
    names = [f"a{k}" for k in range(len(inputs))]
    text = FunctionText(names)
    given = []
    for variable, name in zip(inputs, names, strict=True):
        is_number = program.types[variable] is F64
        # an algorithm of SciPy's gives one of NumPy's numbers
        given.append((text.keep(f"float({name})") if is_number and variable in points else name, is_number))
    rest = program.inputs[len(points) :]
    joint = simplify(Program(program.name, inputs, rest, program.equations, program.outputs, program.types, (*guards, *further)))  # fmt: skip
    try:
        found = straight_line(
            joint,
            text,
            given,
            constants,
            watched=len(joint.types),
            holds=holds_as,
            functions=_AS_CALLED | (BY_MATH if by_math else {}),
            is_within=is_within,
        )
    except TooLong:
        return None
    if is_within:
        text.raise_instead(Elsewhere)
    text.give(", ".join([f.text for f in found]))
    return text.compiled(program.name)
