"""Forward derivatives of functions that notice how a basis of a null space turns.

Where its turning is not known (``rules/linear_algebra/null_spaces.py``), the tangent of such a basis follows its space and does not turn.  That is right for functions of the
space, and for them only: which a function is, its pullback sees.  Reverse mode asks it anyway; forward mode gave the derivative of another basis than the function's, in silence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradwise.operators.caches import derived
from gradwise.operators.random_directions import random_like

if TYPE_CHECKING:
    from gradwise.operators.linearization import Linearization
    from gradwise.program import Program


def refuse_turning(linearization: Linearization) -> None:
    """Raise where a forward derivative depends on how a basis of a null space turns, and that is not known.

    Raises
    ------
    SingularPointError
    """
    if linearization.nested or not derived(
        ("choice of a basis", linearization.fingerprint), lambda: (has_free_basis(linearization.program), 1)
    ):
        return
    rng = np.random.default_rng(0)
    linearization.vjp([random_like(np.asarray(v), rng) for v in linearization.recording.values])


def has_free_basis(program: Program) -> bool:
    """Whether a program computes a basis of a null space that could be another one: not of one real column, which has but its sign."""
    for e in program.equations:
        if e.primitive.name in {"svd", "qr"} and e.params[0] in {True, "complete"}:
            m, n = program.types[e.inputs[0]].shape[-2:]
            free = abs(m - n) if e.primitive.name == "svd" else m - n
            if free > 1 or (free == 1 and program.types[e.inputs[0]].dtype.kind == "c"):
                return True
    return False
