"""Hessians, and their products with vectors, of functions for which a program stands, in one step (``shortcuts.py``): Hessians for all unit vectors at once.

Forward over reverse, as in the ordinary way: the program and its gradient are one program, whose Jacobian is the Hessian.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradwise.execution.function_text import FunctionText
from gradwise.operators.jacobian_shortcuts import behind, carried, continued
from gradwise.operators.jacobians import unit_blocks, widest_entries
from gradwise.operators.prepared import BatchedDerivative, shared_results
from gradwise.operators.results import zeros_for
from gradwise.operators.reuse.forms import Formless
from gradwise.operators.shortcut_blocks import blocks, floating_leaves
from gradwise.operators.shortcut_results import derivative_in_form, in_form, rebuilt
from gradwise.operators.shortcut_vectors import require_real, tangents_of, vectors_of
from gradwise.operators.shortcuts import PARAMETERS, Shortcut, opening
from gradwise.program import Program
from gradwise.transforms.forward import pushforward

if TYPE_CHECKING:
    from gradwise.operators.linearization import Linearization
    from gradwise.operators.reuse.families import ProvenCall
    from gradwise.operators.reuse.specialization import Specialization


def _gradient_program(linearization: Linearization, program: Specialization) -> tuple[Program, list[int | None]]:
    """The program that computes the gradient, and by leaf the position of its result, None for zero."""
    opened, derivative = program.opened(), linearization.prepared("gradient").derivative
    results = [r for r in derivative.results if r is not None]
    if not results:
        raise Formless
    count = iter(range(len(results)))
    places = [None if r is None else next(count) for r in derivative.results]
    equations = [*opened.equations, *derivative.equations]
    return Program(opened.name, opened.inputs, opened.captured, equations, results, derivative.types, opened.guards), places  # fmt: skip


def hessian_shortcut(linearization: Linearization, call: ProvenCall, program: Specialization) -> Shortcut:
    """The shortcut for a Hessian, where all unit vectors fit into one batch.

    Raises
    ------
    Formless, Unsuitable
        If there can be none.
    """
    arguments = linearization.arguments
    dtype = floating_leaves(arguments)
    gradient, places = _gradient_program(linearization, program)
    units = list(unit_blocks(arguments.leaves, widest_entries(linearization)))
    if len(units) != 1:
        raise Formless
    ((size, vectors),) = units
    text = FunctionText(PARAMETERS)
    leaves, numbers = opening(text, arguments, call, program)
    batch = BatchedDerivative(pushforward(gradient, gradient.inputs[: len(leaves)]), size)
    equations, types, slots, results = behind(gradient, batch)
    given, constants = [*leaves, *numbers], [*program.constants(), *vectors]
    _, _, written = continued(
        linearization, call, program.borders, gradient, text, given, constants, equations, types,
        [r for r in results if r is not None], captured=slots, order=2,
    )  # fmt: skip
    found = carried(text, results, written)
    carriers = [None if k is None else found[k] for k in places]
    shapes = [np.shape(leaf) for leaf in arguments.leaves]
    rows = blocks(text, "forward", carriers, shapes, shapes, arguments.kinds, dtype)
    text.give(rebuilt(text, [rebuilt(text, row, arguments) for row in rows], arguments))
    return Shortcut(call.family, program, text.compiled(gradient.name))


def hvp_shortcut(linearization: Linearization, call: ProvenCall, program: Specialization) -> Shortcut:
    """The shortcut for the product of a Hessian with a vector.

    Raises
    ------
    Formless, Unsuitable
        If there can be none.
    """
    arguments = linearization.arguments
    require_real(arguments, ())
    gradient, places = _gradient_program(linearization, program)
    text = FunctionText(PARAMETERS)
    leaves, numbers = opening(text, arguments, call, program)
    if arguments.single:
        along = vectors_of(text, "vector", arguments.treedefs[0], arguments.leaves)
    else:
        text.leave_if(f"type(vector) is not {text.name(tuple)} or len(vector) != {len(arguments.treedefs)}")
        along = tangents_of(text, "vector", arguments)
    tangent = pushforward(gradient, gradient.inputs[: len(leaves)])
    vectors = [v for v in tangent.vectors if v is not None]
    given, constants = [*leaves, *numbers, *along], program.constants()
    joint, _, written = continued(
        linearization, call, program.borders, gradient, text, given, constants, tangent.equations, tangent.types,
        [r for r in tangent.results if r is not None], inputs=vectors, order=2,
    )  # fmt: skip
    count = len(linearization.program.outputs)
    shared = shared_results(joint.equations, joint.outputs[count : count + len(written)])
    each = iter(enumerate(written))
    found = [None if r is None else next(each) for r in tangent.results]
    parts = []
    for (name, _), leaf, k in zip(leaves, arguments.leaves, places, strict=True):
        entry = None if k is None else found[k]
        if entry is None:
            parts.append(in_form(text, text.keep(f"{text.name(zeros_for)}({name})"), name, leaf))
            continue
        position, product = entry
        parts.append(derivative_in_form(text, product, name, leaf, joint, count + position, shared=position in shared))
    text.give(rebuilt(text, parts, arguments))
    return Shortcut(call.family, program, text.compiled(gradient.name))
