"""The gradient of a formula as a formula: its roots are the stationary points.

gradient_of : Form of f(t, θ), a number  →  Form of ∂f/∂t
"""

from __future__ import annotations

from gradwise.operators.caches import derived
from gradwise.operators.solutions.batches import Form
from gradwise.program import Equation, Program
from gradwise.program.builder import constant
from gradwise.transforms.reverse import pullback


def gradient_of(form: Form) -> Form | None:
    """The gradient by the point, made once for a form; None where there is none: of several numbers, and where there are kinks."""
    (found,) = derived(("gradient", form), lambda: ((_made(form),), len(form.program)))
    return found


def _made(form: Form) -> Form | None:
    program = form.program
    if form.value.shape or any(e.primitive.kink is not None for e in program.equations):
        return None
    d = pullback(program, program.inputs)
    (vector,), (result,) = d.vectors, d.results
    if vector is None or result is None:
        return None
    one = Equation(constant, (), (1.0, d.types[vector].dtype), vector, None)
    equations = [*program.equations, one, *d.equations]
    made = Program("gradient", program.inputs, program.captured, equations, (result,), d.types, program.guards)
    return Form(made, form.moving, None if form.text is None else ("gradient", form.text))
