"""Programs of real numbers: without what rules do for the sake of infinities.

The difference in ``logaddexp`` is written select(x − z = 0, t, select(x = z, 0, t)), which differs from t only where x and z are the same infinity.  Over a box that
meets x = z both comparisons are open, and the box would count as rough on a line where the function is as smooth as anywhere.
"""

from __future__ import annotations

from gradwise.program import Equation, Guard, Program
from gradwise.transforms.simplify import simplify


def prepared(program: Program) -> Program:
    """The program simplified, with select(x − z = 0, t, select(x = z, c, t)) replaced by t."""
    program = simplify(program)
    made_by = {o: e for e in program.equations for o in e.output_tuple}
    renamed: dict[int, int] = {}
    equations = []
    for equation in program.equations:
        if equation.primitive.name == "select" and _is_its_own_alternative(equation, made_by):
            kept = equation.inputs[1]
            if program.types[kept] is program.types[equation.outputs]:
                renamed[equation.outputs] = renamed.get(kept, kept)
                continue
        inputs = tuple(renamed.get(i, i) for i in equation.inputs)
        equations.append(
            equation
            if inputs == equation.inputs
            else Equation(equation.primitive, inputs, equation.params, equation.outputs, equation.location)
        )
    if not renamed:
        return program
    guards = [Guard(renamed.get(g.variable, g.variable), g.kind, g.expected, g.location) for g in program.guards]
    outputs = [renamed.get(o, o) for o in program.outputs]
    return simplify(
        Program(
            program.name, program.inputs, program.captured, equations, outputs, program.types, guards, program.labels
        )
    )


def _is_its_own_alternative(equation: Equation, made_by: dict[int, Equation]) -> bool:
    """Whether an equation is select(x − z = 0, t, select(x = z, c, t))."""
    mask, t, other = equation.inputs
    inner, outer_test = made_by.get(other), made_by.get(mask)
    if inner is None or outer_test is None or inner.primitive.name != "select" or inner.inputs[2] != t:
        return False
    inner_test = made_by.get(inner.inputs[0])
    if inner_test is None or {inner_test.primitive.name, outer_test.primitive.name} != {"equal"}:
        return False
    difference = made_by.get(outer_test.inputs[0])
    zero = made_by.get(outer_test.inputs[1])
    return (
        difference is not None
        and difference.primitive.name == "sub"
        and difference.inputs == inner_test.inputs
        and zero is not None
        and zero.primitive.name == "constant"
        and zero.params[0] == 0
    )
