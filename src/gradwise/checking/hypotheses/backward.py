"""A backward pass over the traced program that can be made to go wrong at one place on purpose.

    backward : (values, ȳ, change) → x̄

The pullback of each equation is gradwise's own template; ``change`` may replace what one equation hands to one of its operands.
Comparing the outcome with a claimed gradient tells which rule was applied wrongly, and where (mutation testing, turned round:
the mutant that matches is the diagnosis).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradwise.execution import build
from gradwise.program import Equation, Program
from gradwise.program.text import key_text, variable_names
from gradwise.transforms.reverse import active_variables
from gradwise.transforms.templates import pullback_template

SHIFTS = frozenset({"max", "min", "amax", "amin"})
MOST_SHIFTS = 12

Edge = tuple[int, int]
"""Position of an equation and of one of its operands."""


class Backward:
    """The values of a program at a point and backward passes through it.

    Attributes
    ----------
    program : Program
    env : list
        The value of each variable.
    active : bytearray
        Which variables depend on the inputs.
    shifts : set of Edge
        Operands that hand nothing on, in any pass: see `forget_shifts`.
    """

    def __init__(self, program: Program, inputs: Sequence[Any], captured: Sequence[Any]) -> None:
        self.program = program
        self.env: list[Any] = [None] * len(program.types)
        for variable, value in zip((*program.inputs, *program.captured), (*inputs, *captured), strict=True):
            self.env[variable] = value
        build(program.equations, program.types, (), (), range(len(program.types))).run(self.env)
        self.active = active_variables(program, program.inputs)
        self.names = variable_names(program)
        self.shifts: set[Edge] = set()

    def forget_shifts(self) -> None:
        """Take the maximum that a softmax subtracts for a constant, as everybody does who writes its derivative.

        What flows through it cancels; in a wrong derivative it would not, and no mistake would look like the claim.
        """
        right = self.flat(self.cotangents())
        small = 1e-12 * float(np.max(np.abs(right), initial=0.0))
        places = [k for k, equation in enumerate(self.program.equations) if equation.primitive.name in SHIFTS]
        for position in places[:MOST_SHIFTS]:
            edge = (position, 0)
            if self.active[self.program.equations[position].inputs[0]]:
                self.shifts.add(edge)
                if not np.allclose(self.flat(self.cotangents()), right, rtol=1e-9, atol=small):
                    self.shifts.remove(edge)

    def edges(self) -> list[Edge]:
        """All operands of all equations through which the gradient flows."""
        return [
            (k, place)
            for k, equation in enumerate(self.program.equations)
            if not equation.primitive.multiple and self.active[equation.outputs]
            for place, variable in enumerate(equation.inputs)
            if self.active[variable]
        ]

    def pull(self, position: int, bar: Any) -> list[Any]:
        """The cotangents of an equation's operands (None where zero) for the cotangent of its output."""
        equation = self.program.equations[position]
        bars = bar if equation.primitive.multiple else (bar,)
        template = pullback_template(
            equation.primitive,
            equation.params,
            tuple([self.program.types[i] for i in equation.inputs]),
            tuple(self.active[i] == 1 for i in equation.inputs),
            tuple(b is not None for b in bars),
        )
        slots = [*(self.env[i] for i in equation.inputs), *(self.env[o] for o in equation.output_tuple)]
        slots += [b for b in bars if b is not None]
        slots += [None] * len(template.new_types)
        for primitive, inputs, params, outputs in template.equations:
            value = primitive.value(*[slots[i] for i in inputs], *params)
            if isinstance(outputs, tuple):
                for slot, part in zip(outputs, value, strict=True):
                    slots[slot] = part
            else:
                slots[outputs] = value
        return [None if r is None else slots[r] for r in template.results]

    def cotangents(self) -> list[Any]:
        """The cotangent of every variable in the correct backward pass from the single output."""
        bars: list[Any] = [None] * len(self.program.types)
        bars[self.program.outputs[0]] = np.ones(self.program.types[self.program.outputs[0]].shape)
        self.run(bars, len(self.program.equations))
        return bars

    def run(self, bars: list[Any], stop: int, change: Callable[[int, list[Any], Any], list[Any]] | None = None) -> None:
        """Pull cotangents back through the equations before ``stop``; ``bars`` is filled in place."""
        with np.errstate(all="ignore"):
            for position in range(stop - 1, -1, -1):
                equation = self.program.equations[position]
                bar: Any
                if equation.primitive.multiple:
                    bar = tuple(bars[o] for o in equation.outputs)
                    if all(b is None for b in bar):
                        continue
                else:
                    bar = bars[equation.outputs]
                    if bar is None:
                        continue
                parts = self.pull(position, bar)
                if (position, 0) in self.shifts:
                    parts = [None, *parts[1:]]
                if change is not None:
                    parts = change(position, parts, bar)
                for variable, part in zip(equation.inputs, parts, strict=True):
                    if part is not None:
                        bars[variable] = part if bars[variable] is None else bars[variable] + part

    def inputs_from(self, variable: int, bar: Any, stop: int) -> np.ndarray:
        """x̄ for a cotangent that arrives at one variable, defined before equation ``stop``; a flat vector."""
        bars: list[Any] = [None] * len(self.program.types)
        bars[variable] = bar
        self.run(bars, stop)
        return self.flat(bars)

    def flat(self, bars: list[Any]) -> np.ndarray:
        """The cotangents of the inputs as one vector."""
        parts = []
        for variable in self.program.inputs:
            type_ = self.program.types[variable]
            bar = np.zeros(type_.shape) if bars[variable] is None else np.broadcast_to(bars[variable], type_.shape)
            parts += [np.ravel(bar.real), np.ravel(bar.imag)] if type_.dtype.kind == "c" else [np.ravel(bar)]
        return np.concatenate(parts)

    def where(self, equation: Equation) -> str:
        """The user's line of an equation."""
        source = equation.source
        return f" ({os.path.basename(source[0])}:{source[1]})" if source else ""

    def expression(self, variable: int, depth: int = 3) -> str:
        """A variable as a short formula of the inputs."""
        for equation in self.program.equations:
            if variable in equation.output_tuple:
                if depth == 0:
                    return "…"
                if equation.primitive.name == "getitem":
                    return f"{self.expression(equation.inputs[0], depth - 1)}{key_text(equation.params[0])}"
                parts = [self.expression(i, depth - 1) for i in equation.inputs]
                if equation.primitive.name == "power" and equation.params:
                    return (
                        f"{parts[0]}**{equation.params[0]:g}"
                        if isinstance(equation.params[0], int | float)
                        else f"{parts[0]}**…"
                    )
                sign = {"add": "+", "sub": "-", "mul": "*", "div": "/", "matmul": "@"}.get(equation.primitive.name)
                return f"({f' {sign} '.join(parts)})" if sign else f"{equation.primitive.name}({', '.join(parts)})"
        if variable in self.program.captured:
            value = self.env[variable]
            return f"{float(value):.4g}" if np.ndim(value) == 0 and np.isrealobj(value) else self.names[variable]
        return self.names[variable]
