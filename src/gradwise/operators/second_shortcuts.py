"""Hessians, and their products with vectors, of functions for which a program stands, in one step (``shortcuts.py``): at once for all unit vectors; products of one array.

Forward over reverse, as in the ordinary way: the program and its gradient are one program, whose Jacobian is the Hessian.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.execution.function_text import FunctionText
from gradwise.operators.jacobian_shortcuts import behind, carried, continued
from gradwise.operators.jacobians import unit_blocks, widest_entries
from gradwise.operators.prepared import BatchedDerivative, shared_results
from gradwise.operators.reuse.forms import Formless, expect
from gradwise.operators.shortcut_blocks import blocks, floating_leaves
from gradwise.operators.shortcut_results import derivative_in_form, rebuilt
from gradwise.operators.shortcuts import PARAMETERS, Shortcut, opening
from gradwise.program import Program
from gradwise.transforms.forward import pushforward

if TYPE_CHECKING:
    from collections.abc import Callable

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


def hvp_shortcut(vector: Any) -> Callable[..., Shortcut]:
    """What makes a shortcut for the product of a Hessian with a vector like this one."""

    def make(linearization: Linearization, call: ProvenCall, program: Specialization) -> Shortcut:
        arguments = linearization.arguments
        if len(arguments.leaves) != 1 or arguments.kinds != [np.ndarray] or arguments.treedefs[0].children:
            raise Formless
        x = arguments.leaves[0]
        floating_leaves(arguments)
        gradient, _ = _gradient_program(linearization, program)
        if type(vector) is not np.ndarray or vector.dtype != x.dtype or vector.shape != x.shape:
            raise Formless
        text = FunctionText(PARAMETERS)
        leaves, numbers = opening(text, linearization.arguments, call, program)
        along = expect(text, "vector", vector)
        tangent = pushforward(gradient, gradient.inputs[:1])
        (vector_in,), (result,) = tangent.vectors, tangent.results
        if vector_in is None or result is None:
            raise Formless
        given, constants = [*leaves, *numbers, *along], program.constants()
        joint, _, written = continued(
            linearization,
            call,
            program.borders,
            gradient,
            text,
            given,
            constants,
            tangent.equations,
            tangent.types,
            [result],
            inputs=[vector_in],
            order=2,
        )
        shared = bool(shared_results(joint.equations, joint.outputs[1:2]))
        text.give(derivative_in_form(text, written[0], leaves[0][0], x, joint, 1, shared=shared))
        return Shortcut(call.family, program, text.compiled(gradient.name))

    return make
