"""Products with the Jacobian, and derivatives along a line, of functions for which a program stands, in one step (``shortcuts.py``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradwise.execution.function_text import FunctionText
from gradwise.operators.jacobian_shortcuts import carried, continued
from gradwise.operators.prepared import shared_results
from gradwise.operators.shortcut_leaves import in_containers
from gradwise.operators.shortcut_results import returned, slope_in_form, zero_like
from gradwise.operators.shortcut_vectors import require_real, tangents_of, vector_of
from gradwise.operators.shortcuts import PARAMETERS, Shortcut, opening
from gradwise.transforms.forward import pushforward
from gradwise.transforms.taylor import derivatives

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradwise.operators.linearization import Linearization
    from gradwise.operators.reuse.families import ProvenCall
    from gradwise.operators.reuse.specialization import Specialization

#: the choice under which shortcuts to products are kept
PRODUCT = "jvp"


def jvp_shortcut(linearization: Linearization, call: ProvenCall, program: Specialization) -> Shortcut:
    """The shortcut for ``(value, J · tangents)``.

    Raises
    ------
    Formless, Unsuitable
        If there can be none.
    """
    arguments = linearization.arguments
    require_real(arguments, linearization.values)
    text = FunctionText(PARAMETERS)
    leaves, numbers = opening(text, arguments, call, program)
    text.leave_if(f"len(vector) != {len(arguments.treedefs)}")
    along = tangents_of(text, "vector", arguments)
    opened = program.opened()
    tangent = pushforward(opened, opened.inputs[: len(leaves)])
    vectors, results = [v for v in tangent.vectors if v is not None], tangent.results
    given, constants = [*leaves, *numbers, *along], program.constants()
    joint, values, written = continued(
        linearization,
        call,
        program.borders,
        opened,
        text,
        given,
        constants,
        tangent.equations,
        tangent.types,
        [r for r in results if r is not None],
        inputs=vectors,
    )
    slopes = carried(text, results, written)
    shared = shared_results(joint.equations, joint.outputs[: len(values) + len(written)])
    firsts = [
        text.keep(returned(text, w, kind, shared=k in shared))
        for k, (w, kind) in enumerate(zip(values, program.kinds, strict=True))
    ]
    seconds, position = [], len(values)
    for slope, value, name, kind in zip(slopes, linearization.values, firsts, program.kinds, strict=True):
        if slope is None:
            seconds.append(zero_like(text, value))
            continue
        found = written[position - len(values)]._replace(text=slope)
        seconds.append(slope_in_form(text, found, kind, name, shared=position in shared))
        position += 1
    value, slope = [in_containers(text, names, program.structure) for names in (firsts, seconds)]
    text.give(f"{value}, {slope}")
    return Shortcut(call.family, program, text.compiled(opened.name))


def line_shortcut(order: int, *, whole: bool = False) -> Callable[..., Shortcut]:
    """What makes a shortcut for the derivative of this order along a line, whose direction is the ``vector`` by leaves; with ``whole`` that of a function of one number, by that number."""

    def make(linearization: Linearization, call: ProvenCall, program: Specialization) -> Shortcut:
        arguments, values = linearization.arguments, linearization.values
        require_real(arguments, values)
        text = FunctionText(PARAMETERS)
        leaves, numbers = opening(text, arguments, call, program)
        if not whole:
            along = [vector_of(text, f"vector[{k}]", leaf) for k, leaf in enumerate(arguments.leaves)]
        else:
            (leaf,) = arguments.leaves
            along = [("1.0", True) if leaves[0][1] else (text.name(np.ones((), leaf.dtype)[()]), False)]
        opened = program.opened()
        line, levels = derivatives(opened, opened.inputs[: len(leaves)], order)
        results = levels[order]
        given, constants = [*leaves, *numbers, *along], program.constants()
        joint, _, written = continued(
            linearization, call, program.borders, line, text, given, constants, (), line.types,
            [r for r in results if r is not None], order=order,
        )  # fmt: skip
        slopes = carried(text, results, written)
        count = len(opened.outputs)
        shared = shared_results(joint.equations, joint.outputs[count : count + len(written)])
        in_python = all(kind in (float, int) for kind in arguments.kinds)
        found, position = [], 0
        for slope, value in zip(slopes, values, strict=True):
            kind = float if in_python and not np.ndim(value) else type(value)
            if slope is None:
                found.append(zero_like(text, 0.0 if kind is float else value))
                continue
            like = text.name(np.zeros(0, value.dtype)) if kind is np.ndarray else ""
            form = written[position]._replace(text=slope)
            found.append(slope_in_form(text, form, kind, like, shared=position in shared))
            position += 1
        text.give(in_containers(text, found, program.structure))
        return Shortcut(call.family, program, text.compiled(opened.name))

    return make
