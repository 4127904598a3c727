"""Derivatives of any order along a line, with sharing.

    derivatives : (P : x → y, order)  →  (x, ẋ) → (y, y', …, y⁽ⁿ⁾),   y⁽ᵏ⁾ = dᵏ/dtᵏ P(x + t ẋ) at t = 0

Pushing a program forward n times doubles it n times.  Here a variable has one derivative variable, found once: the derivative of v' is v'', whoever asks; and an equation that
was written before is not written again.  The terms of Leibniz' and Faà di Bruno's formulas are thereby shared, and the program grows polynomially with
the order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradwise.program import Equation, Program
from gradwise.transforms.templates import pushforward_template

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Line:
    """The growing program."""

    def __init__(self, program: Program, wrt: Sequence[int]) -> None:
        self.types = list(program.types)
        self.equations = list(program.equations)
        self.tangent: dict[int, int | None] = {}
        self.known = {
            (e.primitive, e.inputs, _exact(e.params)): e.outputs for e in self.equations if e.primitive.name != "call"
        }
        self.seeds = []
        for variable in wrt:
            self.types.append(self.types[variable])
            self.tangent[variable] = len(self.types) - 1
            self.seeds.append(len(self.types) - 1)
        self.done = 0

    def advance(self) -> None:
        """Differentiate every equation that was there before this call and has not been differentiated."""
        stop = len(self.equations)
        for equation in self.equations[self.done : stop]:
            self._differentiate(equation)
        self.done = stop

    def _differentiate(self, equation: Equation) -> None:
        inputs = equation.inputs
        active = tuple([self.tangent.get(i) is not None for i in inputs])
        if True not in active or equation.primitive.jvp is None:
            return
        template = pushforward_template(equation.primitive, equation.params, [self.types[i] for i in inputs], active)
        outputs = equation.output_tuple
        slots: dict[int, int] = dict(enumerate([*inputs, *outputs]))
        for i, a in zip(inputs, active, strict=True):
            if a:
                slots[len(slots)] = self.tangent[i]  # type: ignore[assignment]  # active operands have one
        new_types = iter(template.new_types)
        for primitive, operands, params, outs in template.equations:
            variables = tuple([slots[i] for i in operands])
            numbers = outs if primitive.multiple else (outs,)
            types = [next(new_types) for _ in numbers]
            key = (primitive, variables, _exact(params))
            found: Any = self.known.get(key) if primitive.name != "call" else None
            if found is None:
                start = len(self.types)
                self.types.extend(types)
                found = tuple(range(start, start + len(types))) if primitive.multiple else start
                self.equations.append(Equation(primitive, variables, params, found, equation.location))
                self.known[key] = found
            slots.update(zip(numbers, found if primitive.multiple else (found,), strict=True))
        for o, r in zip(outputs, template.results, strict=True):
            if r is not None:
                self.tangent[o] = slots[r]


def _exact(params: tuple[Any, ...]) -> Any:
    return tuple((type(p), repr(p)) if isinstance(p, (int, float, complex)) else p for p in params)


def derivatives(program: Program, wrt: Sequence[int], order: int) -> tuple[Program, list[list[int | None]]]:
    """The program with its derivatives up to ``order``, and the variables of y, y', …, y⁽ⁿ⁾ for each output (None is zero).

    The inputs of the result are those of the program followed by one direction for each variable in ``wrt``.
    """
    line = _Line(program, wrt)
    levels: list[list[int | None]] = [list(program.outputs)]
    for _ in range(order):
        line.advance()
        levels.append([None if v is None else line.tangent.get(v) for v in levels[-1]])
    outputs = [v for level in levels for v in level if v is not None]
    result = Program(
        program.name,
        (*program.inputs, *line.seeds),
        program.captured,
        line.equations,
        outputs,
        line.types,
        program.guards,
        program.labels,
    )
    return result, levels
