"""Hessians, and their products with vectors, of functions for which a program stands, in one step (``shortcuts.py``): of one array, at once for all unit vectors.

Forward over reverse, as in the ordinary way: the program and its gradient are one program, whose Jacobian is the Hessian.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.execution.function_text import FunctionText
from gradwise.operators.jacobian_shortcuts import arranged, behind, continued
from gradwise.operators.jacobians import unit_blocks, widest_entries
from gradwise.operators.kinks import holds_nan
from gradwise.operators.prepared import BatchedDerivative, shared_results
from gradwise.operators.reuse.forms import Formless, expect
from gradwise.operators.shortcut_results import derivative_in_form
from gradwise.operators.shortcuts import PARAMETERS, Shortcut, opening
from gradwise.program import Program
from gradwise.transforms.forward import pushforward

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradwise.operators.linearization import Linearization
    from gradwise.operators.reuse.families import ProvenCall
    from gradwise.operators.reuse.specialization import Specialization


def _gradient_program(linearization: Linearization, program: Specialization) -> tuple[Program, np.ndarray]:
    """The program that computes the gradient with respect to one array, and that array."""
    arguments = linearization.arguments
    if len(arguments.leaves) != 1 or not arguments.single:
        raise Formless
    x, (place,) = arguments.leaves[0], arguments.places
    args, kwargs = arguments.given()
    given: Any = args[place] if type(place) is int else kwargs.get(place)
    if type(x) is not np.ndarray or given is not x or x.dtype.kind != "f" or not x.size:
        raise Formless
    opened, derivative = program.opened(), linearization.prepared("gradient").derivative
    (result,) = derivative.results
    if result is None:
        raise Formless
    equations = [*opened.equations, *derivative.equations]
    return Program(opened.name, opened.inputs, opened.captured, equations, (result,), derivative.types, opened.guards), x  # fmt: skip


def hessian_shortcut(linearization: Linearization, call: ProvenCall, program: Specialization) -> Shortcut:
    """The shortcut for a Hessian, where all unit vectors fit into one batch.

    Raises
    ------
    Formless, Unsuitable
        If there can be none.
    """
    gradient, x = _gradient_program(linearization, program)
    blocks = list(unit_blocks(linearization.arguments.leaves, widest_entries(linearization)))
    if len(blocks) != 1:
        raise Formless
    ((size, vectors),) = blocks
    text = FunctionText(PARAMETERS)
    leaves, numbers = opening(text, linearization.arguments, call, program)
    batch = BatchedDerivative(pushforward(gradient, gradient.inputs[:1]), size)
    equations, types, slots, result = behind(gradient, batch)
    given, constants = [*leaves, *numbers], [*program.constants(), *vectors]
    _, written = continued(
        linearization, call, program.borders, gradient, text, given, constants, equations, types, result,
        captured=slots, order=2,
    )  # fmt: skip
    text.leave_if(f"{text.name(holds_nan)}(({written[1].text},))")
    arrange = text.name(arranged("forward", x.shape, x.shape, own=False))
    text.give(f"{arrange}({written[1].text})")
    return Shortcut(call.family, program, text.compiled(gradient.name))


def hvp_shortcut(vector: Any) -> Callable[..., Shortcut]:
    """What makes a shortcut for the product of a Hessian with a vector like this one."""

    def make(linearization: Linearization, call: ProvenCall, program: Specialization) -> Shortcut:
        gradient, x = _gradient_program(linearization, program)
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
        joint, written = continued(
            linearization,
            call,
            program.borders,
            gradient,
            text,
            given,
            constants,
            tangent.equations,
            tangent.types,
            result,
            inputs=[vector_in],
            order=2,
        )
        shared = bool(shared_results(joint.equations, joint.outputs[1:2]))
        text.give(derivative_in_form(text, written[1], leaves[0][0], x, joint, 1, shared=shared))
        return Shortcut(call.family, program, text.compiled(gradient.name))

    return make
