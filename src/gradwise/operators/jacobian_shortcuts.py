"""Jacobians of functions for which a program stands, in one step (``shortcuts.py``), when all unit vectors fit into one batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.execution.function_text import FunctionText
from gradwise.execution.straight_line import Written, straight_line
from gradwise.operators.kinks import holds_nan
from gradwise.operators.prepared import shared_results
from gradwise.operators.reuse.expected import holds_as
from gradwise.operators.reuse.forms import Formless
from gradwise.operators.shortcut_blocks import blocks, floating_leaves
from gradwise.operators.shortcut_kinks import kinks_of, leave_at_borders, leave_on_kinks
from gradwise.operators.shortcut_leaves import in_containers
from gradwise.operators.shortcut_results import Columns, rebuilt
from gradwise.operators.shortcuts import PARAMETERS, Shortcut, opening
from gradwise.program import ArrayType, Equation, Program
from gradwise.transforms.simplify import simplify

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradwise.operators.equal_entries import Borders
    from gradwise.operators.linearization import Linearization
    from gradwise.operators.prepared import BatchedDerivative
    from gradwise.operators.reuse.families import ProvenCall
    from gradwise.operators.reuse.specialization import Specialization


def jacobian_shortcut(mode: str, units: Sequence[tuple[int, list[Any]]]) -> Callable[..., Shortcut]:
    """What makes a shortcut for a Jacobian by ``mode`` ("forward" or "reverse") with these blocks of unit vectors."""

    def make(linearization: Linearization, call: ProvenCall, program: Specialization) -> Shortcut:
        arguments, values = linearization.arguments, linearization.values
        dtype = floating_leaves(arguments, values)
        if len(units) != 1:
            raise Formless
        ((size, vectors),) = units
        text = FunctionText(PARAMETERS)
        leaves, numbers = opening(text, arguments, call, program)
        opened = program.opened()
        batch = linearization.batched_derivative(mode, size)
        equations, types, slots, results = behind(opened, batch)
        read, constants = [*leaves, *numbers], [*program.constants(), *vectors]
        joint, _, written = continued(
            linearization, call, program.borders, opened, text, read, constants, equations, types,
            [r for r in results if r is not None], captured=slots,
        )  # fmt: skip
        carriers = carried(text, results, written)
        first = len(opened.outputs)
        own = not shared_results(joint.equations, joint.outputs[first : first + len(written)])
        rows, columns = [np.shape(v) for v in values], [np.shape(v) for v in arguments.leaves]
        found = []
        for line in blocks(text, mode, carriers, rows, columns, arguments.kinds, dtype, own=own):
            row = rebuilt(text, line, arguments)
            is_matrix = not arguments.single and not any(columns)
            found.append(f"{text.name(Columns)}({row})" if is_matrix else row)
        text.give(in_containers(text, found, program.structure))
        return Shortcut(call.family, program, text.compiled(opened.name))

    return make


def behind(opened: Program, batch: BatchedDerivative) -> tuple[list[Equation], list[Any], list[int], list[int | None]]:
    """The equations of a batched derivative as they continue a program, all types, the variables of the unit vectors, and those of the results (None for zero)."""
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
    results = [None if output is None or not output[1] else number[output[0]] for output in batch.outputs]
    return equations, [*opened.types, *inner.types], [number[v] for v in batch.slots[0]], results


def carried(text: FunctionText, results: Sequence[int | None], written: Sequence[Written]) -> list[str | None]:
    """The variables of the results, None for zero; lines that leave where one holds nan."""
    each = iter(written)
    names: list[str | None] = []
    arrays: list[str] = []
    for r in results:
        if r is None:
            names.append(None)
            continue
        found = next(each)
        name = text.keep(found.text)
        names.append(name)
        if found.is_number:
            text.leave_if(f"{name} != {name}")
        else:
            arrays.append(name)
    if arrays:
        text.leave_if(f"{text.name(holds_nan)}(({', '.join(arrays)},))")
    return names


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
    results: Sequence[int],
    *,
    inputs: Sequence[int] = (),
    captured: Sequence[int] = (),
    order: int = 1,
) -> tuple[Program, list[Written], list[Written]]:
    """Write a program that is continued by a derivative of an order, and the lines that leave on kinks and where something is equal (``borders``); the whole program, and what is written for the function's values and for the results.

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
            (*function.outputs, *results, *kept, *borders.variables),
            types,
            program.guards,
        )
    )
    written = straight_line(joint, text, given, constants, watched=len(function.types), holds=holds_as)
    values, last = len(function.outputs), len(function.outputs) + len(results)
    leave_on_kinks(text, pointed, written[last:])
    leave_at_borders(text, call, borders, written[last + len(kept) :], order)
    return joint, written[:values], written[values:last]
