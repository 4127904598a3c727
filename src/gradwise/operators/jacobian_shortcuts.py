"""Jacobians of functions for which a program stands, in one step (``shortcuts.py``): of one array by one array, when all unit vectors fit into one batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.execution.function_text import FunctionText
from gradwise.execution.straight_line import Written, straight_line
from gradwise.operators.kinks import holds_nan
from gradwise.operators.prepared import shared_results
from gradwise.operators.reuse.forms import Formless
from gradwise.operators.reuse.specialization import holds_as
from gradwise.operators.shortcut_kinks import kinks_of, leave_at_borders, leave_on_kinks
from gradwise.operators.shortcuts import PARAMETERS, Shortcut, opening
from gradwise.program import ArrayType, Equation, Program
from gradwise.tracing.purity.expectations import by_place
from gradwise.transforms.simplify import simplify

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradwise.operators.equal_entries import Borders
    from gradwise.operators.linearization import Linearization
    from gradwise.operators.prepared import BatchedDerivative
    from gradwise.operators.reuse.families import ProvenCall
    from gradwise.operators.reuse.specialization import Specialization


def jacobian_shortcut(mode: str, blocks: Sequence[tuple[int, list[Any]]]) -> Callable[..., Shortcut]:
    """What makes a shortcut for a Jacobian by ``mode`` ("forward" or "reverse") with these blocks of unit vectors."""

    def make(linearization: Linearization, call: ProvenCall, program: Specialization) -> Shortcut:
        (x,), (y,) = linearization.arguments.leaves, linearization.values
        (place,) = linearization.arguments.places
        given = by_place(*linearization.arguments.given())
        if len(blocks) != 1 or type(y) is not np.ndarray or given.get(place) is not x:
            raise Formless  # a container, or what became an array
        if (
            type(x) is not np.ndarray
            or x.dtype.kind != "f"
            or x.dtype != y.dtype
            or not x.size
            or not y.size
            or not linearization.arguments.single
        ):
            raise Formless
        ((size, vectors),) = blocks
        text = FunctionText(PARAMETERS)
        leaves, numbers = opening(text, linearization.arguments, call, program)
        opened = program.opened()
        batch = linearization.batched_derivative(mode, size)
        equations, types, slots, result = behind(opened, batch)
        read, constants = [*leaves, *numbers], [*program.constants(), *vectors]
        joint, written = continued(
            linearization,
            call,
            program.borders,
            opened,
            text,
            read,
            constants,
            equations,
            types,
            result,
            captured=slots,
        )
        text.leave_if(f"{text.name(holds_nan)}(({written[1].text},))")
        own = 1 not in shared_results(joint.equations, joint.outputs[:2])
        arrange = text.name(arranged(mode, np.shape(y), np.shape(x), own=own))
        text.give(f"{arrange}({written[1].text})")
        return Shortcut(call.family, program, text.compiled(opened.name))

    return make


def behind(opened: Program, batch: BatchedDerivative) -> tuple[list[Equation], list[Any], list[int], int]:
    """The equations of a batched derivative as they continue a program, all types, the variables of the unit vectors, and that of the result."""
    inner = batch.program
    offset = len(opened.types)
    number = {i: offset + i for i in range(len(inner.types))}
    number.update(zip(batch.slots[1], batch.needs, strict=True))
    equations = []
    for e in inner.equations:
        outputs = tuple([number[o] for o in e.output_tuple])
        inputs = tuple([number[i] for i in e.inputs])
        equations.append(
            Equation(e.primitive, inputs, e.params, outputs if e.primitive.multiple else outputs[0], e.location)
        )
    (output,) = batch.outputs
    if output is None or not output[1]:  # no unit vector reaches it
        raise Formless
    return equations, [*opened.types, *inner.types], [number[v] for v in batch.slots[0]], number[output[0]]


def continued(
    linearization: Linearization,
    call: ProvenCall,
    borders: Borders,
    program: Program,
    text: FunctionText,
    given: Sequence[tuple[str, bool]],
    constants: Sequence[Any],
    equations: Sequence[Equation],
    types: list[ArrayType],
    result: int,
    *,
    inputs: Sequence[int] = (),
    captured: Sequence[int] = (),
    order: int = 1,
) -> tuple[Program, list[Written]]:
    """Write a program that is continued by a derivative of an order, and the lines that leave on kinks and where something is equal (``borders``); the whole program, and what is written for the function's value and the result.

    Parameters
    ----------
    given : sequence of (str, bool)
        The text of each input, the vectors' among them.
    inputs, captured : sequence of int
        The variables of the derivative that are inputs and captured values too.

    Raises
    ------
    Formless
        If compiling the text would take longer than it saves.
    """
    function = linearization.program
    pointed, kept = kinks_of(linearization)
    joint = simplify(
        Program(
            program.name,
            (*program.inputs, *inputs),
            (*program.captured, *captured),
            [*program.equations, *equations],
            (*function.outputs, result, *kept, *borders.variables),
            types,
            program.guards,
        )
    )
    written = straight_line(joint, text, given, constants, watched=len(function.types), holds=holds_as)
    leave_on_kinks(text, pointed, written[2:])
    leave_at_borders(text, call, borders, written[2 + len(kept) :], order)
    return joint, written[:2]


def arranged(
    mode: str, rows: tuple[int, ...], columns: tuple[int, ...], *, own: bool
) -> Callable[[np.ndarray], np.ndarray]:
    """From results by unit vector to a fresh array of shape rows + columns."""
    shape = (*rows, *columns)
    if mode == "forward" and len(rows) == len(columns) == 1:
        return lambda r: r.T.copy()
    if mode == "forward":
        return lambda r: np.array(np.reshape(np.moveaxis(r, 0, -1), shape), order="C")
    if len(rows) == 1 and own:
        return lambda r: r if r.base is None and r.flags.c_contiguous and r.flags.writeable else np.array(r, order="C")
    return lambda r: np.array(np.reshape(r, shape), order="C")
