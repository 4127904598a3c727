"""Integrands at many nodes at once: the formula of one call, evaluated and recorded as one batched program.

    integrand : (formula, samples) → values at nodes, and the recorded array of them

An integrator asks for hundreds of values, one by one.  They are one program applied to many numbers, if the function takes one way at all of them: its guards hold at each node, and it has the values that the function's own calls
gave wherever the integrator asked.  Where that is not so, the function is called at each node, as ever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.operators.caches import derived
from gradwise.operators.prepared import interpret
from gradwise.operators.solutions.batches import Elsewhere, Form
from gradwise.operators.solutions.recording import form_of
from gradwise.program import Program
from gradwise.tracing.roots import install_quadrature
from gradwise.transforms.batch import batch

if TYPE_CHECKING:
    from collections.abc import Sequence

#: how near the formula must come to the function, relative to the largest value
_ALIKE = 1e-12
#: operations of one node, and numbers of all nodes together, that are recorded at once
_LONG, _MANY = 20_000, 1 << 24


class Integrand:
    """The formula of an integrand of one number, which gives one number."""

    def __init__(self, form: Form, formula: Any) -> None:
        self._form = form
        self._formula = formula
        self._captured = formula.plain_operands()

    def values(self, nodes: Sequence[float]) -> np.ndarray | None:
        """The plain values at nodes; None where the formula does not hold at one of them."""
        try:
            with np.errstate(all="ignore"):
                found, _ = self._form.checked([np.asarray(nodes, float)], self._captured)
        except (Elsewhere, ArithmeticError, ValueError):
            return None
        return np.reshape(found, -1)

    def recorded(self, nodes: np.ndarray) -> Any:
        """The values at nodes, as an array of the enclosing trace; None where they would be too many numbers."""
        program, size = self._form.program, len(nodes)
        if size * sum(t.size for t in program.types) > _MANY:
            return None

        def make() -> tuple[tuple[Program, bool], int]:
            plain = Program(
                program.name, program.inputs, program.captured, program.equations, program.outputs, program.types
            )
            many, (carried,) = batch(plain, size, program.inputs)
            return (many, carried), len(many)

        many, carried = derived(("nodes", self._form, size), make)
        env: list[Any] = [None] * len(many.types)
        env[many.inputs[0]] = np.reshape(nodes, (size, *self._form.state.shape))
        for variable, operand in zip(many.captured, self._formula.operands(), strict=True):
            env[variable] = operand
        interpret(many.equations, env)
        found = env[many.outputs[0]]
        return np.reshape(found, (size,)) if carried else np.broadcast_to(np.reshape(found, (1,)), (size,))


def integrand(formula: Any, nodes: Sequence[float], values: Sequence[float]) -> Integrand | None:
    """The integrand of which one call was recorded; None unless it has these values at these nodes."""
    form = form_of(formula)
    if form is None or form.value.size != 1 or form.state.shape or len(form.program) > _LONG or not formula.moves:
        return None
    made = Integrand(form, formula)
    found = made.values(nodes)
    given = np.asarray(values)
    if found is None or not np.all(np.abs(found - given) <= _ALIKE * np.max(np.abs(given), initial=0.0)):
        return None
    return made


install_quadrature(integrand)
