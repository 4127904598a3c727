"""The gradient of a formula as a formula: its roots are the stationary points.

gradient_of : Form of f(t, θ), a number  →  Form of ∂f/∂t          of r(t, θ), several numbers  →  Form of (∂r/∂t)ᵀ r, the gradient of half their sum of squares
"""

from __future__ import annotations

from gradwise.operators.caches import derived
from gradwise.operators.solutions.batches import Form
from gradwise.program import Equation, Program
from gradwise.program.builder import constant
from gradwise.transforms.reverse import pullback


def gradient_of(form: Form) -> Form | None:
    """The gradient by the point, made once for a form; None where there is none: where there are kinks."""
    (found,) = derived(("gradient", form), lambda: ((_made(form),), len(form.program)))
    return found


def _made(form: Form) -> Form | None:
    program = form.program
    if any(e.primitive.kink is not None for e in program.equations):
        return None
    d = pullback(program, program.inputs)
    (vector,), (result,) = d.vectors, d.results
    if vector is None or result is None:
        return None
    if form.value.shape:  # of residuals: they are the cotangents of themselves
        (value,) = program.outputs
        given = [_reading(e, vector, value) for e in d.equations]
        result = value if result == vector else result
    else:
        given = [Equation(constant, (), (1.0, d.types[vector].dtype), vector, None), *d.equations]
    made = Program("gradient", program.inputs, program.captured, [*program.equations, *given], (result,), d.types, program.guards)  # fmt: skip
    return Form(made, form.moving, None if form.text is None else ("gradient", form.text))


def _reading(e: Equation, vector: int, value: int) -> Equation:
    """The equation with another variable in the place of the cotangent."""
    return Equation(e.primitive, tuple([value if i == vector else i for i in e.inputs]), e.params, e.outputs, e.location)  # fmt: skip
