"""Batching: a program over one example becomes a program over many.

    batch : (P : x → y)  →  (P' : x[b] → y[b])

Flagged inputs carry a leading batch axis; an equation none of whose operands carries it is left as it is.  Law: batch equals a loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradwise.errors import ProgramError
from gradwise.program import ArrayType, Builder, Equation, Guard, Program

if TYPE_CHECKING:
    from collections.abc import Sequence


def batch(program: Program, size: int, batched_inputs: Sequence[int]) -> tuple[Program, tuple[bool, ...]]:
    """The batched program, and which of its outputs carry the batch axis.

    Parameters
    ----------
    size : int
        Length of the batch axis.
    batched_inputs : sequence of int
        The variables among the inputs and captured that carry it.
    """
    builder = Builder()
    flags = set(batched_inputs)
    carries: dict[int, bool] = {}
    renamed: dict[int, int] = {}
    for variable in (*program.inputs, *program.captured):
        type_ = program.types[variable]
        if variable in flags:
            type_ = ArrayType((size, *type_.shape), type_.dtype)
        renamed[variable] = builder.variable(type_).index
        carries[variable] = variable in flags
    for equation in program.equations:
        batched = tuple([carries[i] for i in equation.inputs])
        builder.location = equation.location
        primitive = equation.primitive
        if True not in batched:
            outputs = equation.output_tuple
            start = len(builder.types)
            builder.types.extend([program.types[o] for o in outputs])
            renamed.update(zip(outputs, range(start, start + len(outputs)), strict=True))
            new = tuple(range(start, start + len(outputs))) if primitive.multiple else start
            inputs = tuple([renamed[i] for i in equation.inputs])
            builder.equations.append(Equation(primitive, inputs, equation.params, new, equation.location))
            for o in outputs:
                carries[o] = False
            continue
        if primitive.batch is None:
            raise ProgramError(f"{primitive.name} has no batched form")
        operands = [builder.symbol(renamed[i]) for i in equation.inputs]
        values = primitive.batch(operands, batched, *equation.params)
        for o, value in zip(equation.output_tuple, values if primitive.multiple else (values,), strict=True):
            expected = ArrayType((size, *program.types[o].shape), program.types[o].dtype)
            if value.type is not expected:
                raise ProgramError(f"the batch rule of {primitive.name} gives {value.type}, not {expected}")
            renamed[o] = value.index
            carries[o] = True
    guards = [Guard(renamed[g.variable], g.kind, g.expected, g.location) for g in program.guards]
    result = Program(
        program.name,
        [renamed[v] for v in program.inputs],
        [renamed[v] for v in program.captured],
        builder.equations,
        [renamed[o] for o in program.outputs],
        builder.types,
        guards,
        {renamed[v]: name for v, name in program.labels.items() if v in renamed},
    )
    return result, tuple(carries[o] for o in program.outputs)
