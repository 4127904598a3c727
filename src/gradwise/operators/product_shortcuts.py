"""Products with the Jacobian, and derivatives of functions of one number, of functions for which a program stands, in one step (``shortcuts.py``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.containers.structure import LEAF
from gradwise.execution.function_text import FunctionText
from gradwise.operators.jacobian_shortcuts import continued
from gradwise.operators.kinks import holds_nan
from gradwise.operators.leaves import plain_like
from gradwise.operators.prepared import shared_results
from gradwise.operators.reuse.forms import Formless
from gradwise.operators.shortcut_results import returned
from gradwise.operators.shortcut_vectors import plain_leaves, tangents_of
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


def jvp_shortcut(tangents: tuple[Any, ...]) -> Callable[..., Shortcut]:
    """What makes a shortcut for ``(value, J · tangents)`` with tangents like these; the function's value is one number or array."""

    def make(linearization: Linearization, call: ProvenCall, program: Specialization) -> Shortcut:
        plain_leaves(linearization.arguments)
        if program.structure is not LEAF:
            raise Formless
        (kind,) = program.kinds
        if any(
            type(v) is not type(x) and type(v) not in (tuple, list, dict)
            for x, v in zip(linearization.arguments.given()[0], tangents, strict=True)
        ):
            raise Formless
        (y,) = linearization.values
        if np.asarray(y).dtype.kind != "f":
            raise Formless
        text = FunctionText(PARAMETERS)
        leaves, numbers = opening(text, linearization.arguments, call, program)
        along = tangents_of(text, "vector", linearization.arguments)
        opened = program.opened()
        tangent = pushforward(opened, opened.inputs[: len(leaves)])
        vectors, (result,) = [v for v in tangent.vectors if v is not None], tangent.results
        if result is None:
            raise Formless
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
            [result],
            inputs=vectors,
        )
        text.leave_if(f"{text.name(holds_nan)}(({written[0].text},))")
        shared = shared_results(joint.equations, joint.outputs[:2])
        value, slope = [returned(text, w, kind, shared=k in shared) for k, w in enumerate([*values, *written])]
        if kind is np.ndarray:
            slope = f"{text.name(plain_like)}({slope}, {text.name(kind)}, {value})"
        text.give(f"{value}, {slope}")
        return Shortcut(call.family, program, text.compiled(opened.name))

    return make


def derivative_shortcut(order: int) -> Callable[..., Shortcut]:
    """What makes a shortcut for the derivative of this order of a function from one number to one number."""

    def make(linearization: Linearization, call: ProvenCall, program: Specialization) -> Shortcut:
        arguments = linearization.arguments
        if program.structure is not LEAF or arguments.kinds != [float]:
            raise Formless
        (kind,) = program.kinds
        if kind not in (float, np.float64):
            raise Formless
        text = FunctionText(PARAMETERS)
        leaves, numbers = opening(text, arguments, call, program)
        opened = program.opened()
        line, levels = derivatives(opened, opened.inputs[:1], order)
        ((result,),) = levels[order : order + 1]
        if result is None:
            raise Formless
        given, constants = [*leaves, *numbers, ("1.0", True)], program.constants()
        *_, written = continued(
            linearization, call, program.borders, line, text, given, constants, (), line.types, [result], order=order
        )
        if not written[0].is_number:
            raise Formless
        found = text.keep(written[0].text)
        text.leave_if(f"{found} != {found}")
        text.give(found)
        return Shortcut(call.family, program, text.compiled(opened.name))

    return make
