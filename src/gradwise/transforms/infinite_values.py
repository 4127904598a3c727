"""Infinite values that stay infinite around a point, written as constants.

    hold_infinities : (P : x → y)  →  (P' : x → y),   equal as functions

(∞ − μ)/σ is ∞ for all μ and σ around a point: it does not move, and what depends on it does not move by it.  The chain rule multiplies what it makes of that, Φ'(∞) · ∞ dσ.  With ∞ as a branch
of its own the factor is a structural zero, which ``strong_zeros.py`` knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradwise.program import Builder, Equation, Guard, Program, Symbol
from gradwise.rules.algebra import equal, select
from gradwise.rules.broadcasting import broadcast_to

if TYPE_CHECKING:
    from collections.abc import Collection


def hold_infinities(program: Program, held: Collection[int]) -> Program:
    """The program in which the infinite entries of some variables are constants.

    Parameters
    ----------
    held : collection of int
        Real variables whose infinite entries stay infinite wherever the program is differentiated.
    """
    builder = Builder(list(program.types))
    renamed: dict[int, int] = {}
    for e in program.equations:
        inputs = tuple(renamed.get(i, i) for i in e.inputs)
        builder.equations.append(Equation(e.primitive, inputs, e.params, e.outputs, e.location))
        builder.location = e.location
        for o in e.output_tuple:
            if o in held:
                renamed[o] = _held(builder, builder.symbol(o)).index
    guards = [Guard(renamed.get(g.variable, g.variable), g.kind, g.expected, g.location) for g in program.guards]
    outputs = tuple(renamed.get(o, o) for o in program.outputs)
    return Program(
        program.name,
        program.inputs,
        program.captured,
        builder.equations,
        outputs,
        builder.types,
        guards,
        program.labels,
    )


def _held(builder: Builder, v: Symbol) -> Symbol:
    for sign in (1.0, -1.0):
        end = builder.constant(sign * np.inf, v.dtype)
        whole = broadcast_to(end, v.shape) if v.shape else end
        v = select(equal(v, whole), whole, v)
    return v
