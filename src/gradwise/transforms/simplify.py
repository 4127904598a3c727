"""Simplification that keeps every bit: equations that nobody reads are dropped, equal equations are computed once.

simplify : (P : x → y)  →  (P' : x → y),  P'(x) = P(x) bit for bit
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradwise.program import Equation, Guard, Program

if TYPE_CHECKING:
    from collections.abc import Sequence


def needed(equations: Sequence[Equation], live: set[int]) -> list[Equation]:
    """The equations on which a variable in ``live`` depends; ``live`` is extended by all that they read."""
    kept: list[Equation] = []
    for equation in reversed(equations):
        outputs = equation.outputs
        if live.isdisjoint(outputs) if equation.primitive.multiple else outputs not in live:
            continue
        kept.append(equation)
        live.update(equation.inputs)
    kept.reverse()
    return kept


def drop_dead(program: Program) -> Program:
    """Without the equations on which no output and no guard depends."""
    live = set(program.outputs) | {g.variable for g in program.guards}
    return _with(program, needed(program.equations, live), program.outputs)


def merge_equal(program: Program) -> Program:
    """Common subexpressions computed once."""
    renamed: dict[int, int] = {}
    seen: dict[Any, Equation] = {}
    kept: list[Equation] = []
    for equation in program.equations:
        inputs = tuple([renamed.get(i, i) for i in equation.inputs])
        key = (equation.primitive, inputs, _key(equation.params) if equation.params else ())
        known = seen.get(key)
        if known is not None and equation.primitive.name != "call":
            renamed.update(zip(equation.output_tuple, known.output_tuple, strict=True))
            continue
        merged = equation
        if inputs != equation.inputs:
            merged = Equation(equation.primitive, inputs, equation.params, equation.outputs, equation.location)
        seen[key] = merged
        kept.append(merged)
    outputs = tuple(renamed.get(o, o) for o in program.outputs)
    guards = [Guard(renamed.get(g.variable, g.variable), g.kind, g.expected, g.location) for g in program.guards]
    return _with(program, kept, outputs, guards)


def _key(params: tuple[Any, ...]) -> Any:
    """Static parameters told apart by type and by the sign of zero, which ``==`` does not."""
    return tuple((type(p), repr(p) if isinstance(p, (float, complex)) else p) for p in params)


def simplify(program: Program) -> Program:
    """Equal equations merged, and those that nobody reads dropped."""
    return drop_dead(merge_equal(program))


def _with(
    program: Program, equations: list[Equation], outputs: tuple[int, ...], guards: list[Guard] | None = None
) -> Program:
    return Program(
        program.name,
        program.inputs,
        program.captured,
        equations,
        outputs,
        program.types,
        program.guards if guards is None else guards,
        program.labels,
    )
