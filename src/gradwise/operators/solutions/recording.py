"""What solutions share: the form of a formula, its program inside another one, the operation that is recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.operators.caches import derived
from gradwise.operators.solutions.batches import Form
from gradwise.program import Builder, Equation, Program, Symbol
from gradwise.program.elementary import BY_MATH
from gradwise.rules.calls import solution
from gradwise.tracing import apply, isinstance_traced
from gradwise.tracing.traced import TracedArray

if TYPE_CHECKING:
    from collections.abc import Sequence


def form_of(formula: Any) -> Form | None:
    """The form of a formula, made once for its program; None for programs of other than real numbers."""
    if hasattr(formula, "form"):  # a steady one
        return formula.form
    tape = formula.recording.tape
    guards = tuple([(i, kind, _key(expected)) for i, kind, expected, _ in tape.guards])
    handles = tuple(tape.handles)
    by_math = _by_math(formula)

    def make() -> tuple[tuple[Form | None], int]:
        program = formula.recording.program
        names = {e.primitive.name for e in program.equations}
        read = {program.types[i].dtype.kind for i in (*program.inputs, *handles)}
        known = read <= set("fiub") and all(t.dtype.kind in "fiubc" for t in program.types)
        known = known and not names & {"call", "solution"}
        moving = tuple(i for i in handles if program.types[i].is_differentiable)
        is_real = program.types[program.outputs[0]].dtype == np.float64
        fits = known and is_real and len(moving) == len(handles)
        return (Form(program, moving, key[1:3], by_math) if fits else None,), len(program)

    key = "form", tape.fingerprint(formula.recording.outputs), guards, handles, by_math
    (form,) = derived(key, make)
    return form


def _by_math(formula: Any) -> bool | None:
    """Whether its elementary functions are those of ``math`` or NumPy's; None for some of both."""
    if not formula.by_math:
        return False
    ops, k, count = formula.recording.tape.ops, 0, 0
    while k < len(ops):
        count += ops[k].name in BY_MATH
        k += 3 + ops[k + 2]
    return True if count == formula.by_math else None


def _key(expected: Any) -> Any:
    found = np.asarray(expected)
    return found.dtype.str, found.shape, found.tobytes()


def inlined(builder: Builder, program: Program, inputs: Sequence[Symbol], captured: Sequence[Symbol]) -> list[Symbol]:
    """The program's equations written behind those of the builder; its outputs."""
    renamed: dict[int, int] = {}
    for variables, symbols in ((program.inputs, inputs), (program.captured, captured)):
        renamed.update({v: s.index for v, s in zip(variables, symbols, strict=True)})
    types = builder.types
    for equation in program.equations:
        for o in equation.output_tuple:
            renamed[o] = len(types)
            types.append(program.types[o])
        outputs = tuple([renamed[o] for o in equation.output_tuple])
        inner = tuple([renamed[i] for i in equation.inputs])
        made = outputs if equation.primitive.multiple else outputs[0]
        builder.equations.append(Equation(equation.primitive, inner, equation.params, made, equation.location))
    return [builder.symbol(renamed[o]) for o in program.outputs]


def recorded_solution(callee: Any, plan: np.ndarray, operands: Sequence[Any], value: np.ndarray) -> Any:
    """The operation, recorded in the innermost trace of its operands, with this value."""
    trace = max(
        (o.tape for o in operands if isinstance_traced(o) and o.tape.open), key=lambda tape: tape.level, default=None
    )
    if trace is None:
        return value
    # the plan is nobody else's: it needs no copy and no checksum
    trace.values.append(plan)
    index = len(trace.values) - 1
    trace.captured.append(index)
    (found,) = apply(trace, solution, (TracedArray(trace, index, plan, pinned=True), *operands), (callee,), (value,))
    return found
