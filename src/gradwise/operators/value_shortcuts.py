"""Values of compiled functions in one step (``shortcuts.py``): ``value_shortcut : (arguments, call, program) → (f, args, kwargs) ↦ (value,)``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.execution.function_text import FunctionText
from gradwise.execution.straight_line import straight_line
from gradwise.operators.prepared import shared_results
from gradwise.operators.reuse.expected import holds_as
from gradwise.operators.shortcut_results import returned
from gradwise.operators.shortcuts import PARAMETERS, Shortcut, opening
from gradwise.transforms.simplify import simplify

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradwise.operators.arguments import Arguments
    from gradwise.operators.reuse import ProvenCall, Specialization

#: the choice under which shortcuts to values are kept
VALUE = "value"


def value_shortcut(arguments: Arguments, call: ProvenCall, program: Specialization) -> Shortcut:
    """The shortcut for calls of this form.

    Raises
    ------
    Formless, Unsuitable
        If there can be none.
    """
    text = FunctionText(PARAMETERS)
    leaves, numbers = opening(text, arguments, call, program)
    opened = simplify(program.opened())
    written = straight_line(
        opened, text, [*leaves, *numbers], program.constants(), watched=len(opened.types), holds=holds_as
    )
    shared = shared_results(opened.equations, opened.outputs)
    values = [
        returned(text, w, kind, shared=k in shared)
        for k, (w, kind) in enumerate(zip(written, program.kinds, strict=True))
    ]
    if program.structure.children:
        text.give(f"({text.name(program.structure.rebuild)}([{', '.join(values)}]),)")
    else:
        text.give(f"({values[0]},)")
    return Shortcut(call.family, program, text.compiled(opened.name))


def own(values: Sequence[Any], given: Sequence[Any]) -> list[Any]:
    """The results, copied where their memory is an argument's, a constant's or another result's."""
    results: list[Any] = []
    for value in values:
        if type(value) is np.ndarray:
            others = (*given, *results)
            if value.base is not None or any(type(g) is np.ndarray and np.may_share_memory(value, g) for g in others):
                value = value.copy()
        results.append(value)
    return results
