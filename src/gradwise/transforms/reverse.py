"""Reverse mode: the cotangent of a program.

    pullback : (P : x → y)  →  (residuals, ȳ) → x̄

Each equation's pullback is the transpose of its linearisation (``templates.py``); they are strung together backwards.  Cotangents that arrive at one variable
from several equations are added.  The cotangent of a slice is scattered into the sum directly, so that reading an array entry by entry costs one
scatter an entry and not one array an entry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradwise.program import Equation, Program
from gradwise.rules.algebra import add_p
from gradwise.transforms.forward import Derivative, instantiate
from gradwise.transforms.simplify import needed
from gradwise.transforms.templates import pullback_template

if TYPE_CHECKING:
    from collections.abc import Sequence


#: the one output of an equation has a cotangent
_REACHED = (True,)


def active_variables(program: Program, wrt: Sequence[int]) -> bytearray:
    """Which variables depend differentiably on ``wrt``, by dataflow."""
    active = bytearray(len(program.types))
    for variable in wrt:
        active[variable] = 1
    types = program.types
    for equation in program.equations:
        if equation.primitive.jvp is not None:
            for i in equation.inputs:
                if active[i]:
                    for o in equation.output_tuple:
                        if types[o].dtype.kind in "fc":
                            active[o] = 1
                    break
    return active


def pullback(program: Program, wrt: Sequence[int], outputs: Sequence[int] | None = None) -> Derivative:
    """The cotangents of the variables ``wrt`` for cotangents of ``outputs`` (all outputs unless given)."""
    active = active_variables(program, wrt)
    types = list(program.types)
    outputs = program.outputs if outputs is None else outputs
    equations: list[Equation] = []
    ct: dict[int, int] = {}
    # scatter-adds onto fresh zeros of the equation at hand, by the variable they define: they can start from a sum that exists instead.  Only there is it certain
    # that nobody else has the variable as cotangent (an addition passes one cotangent to both of its operands).
    scattered: dict[int, Equation] = {}
    probes: list[tuple[Equation, int]] = []

    def accumulate(variable: int, contribution: int, location: object) -> None:
        known = ct.get(variable)
        if known is None:
            ct[variable] = contribution
            return
        late = scattered.get(contribution)
        if late is not None:
            late.inputs = (known, *late.inputs[1:])
            ct[variable] = contribution
            return
        types.append(types[variable])
        total = len(types) - 1
        equations.append(Equation(add_p, (known, contribution), (), total, location))
        ct[variable] = total

    vectors: list[int | None] = []
    for o in outputs:
        types.append(types[o])
        vectors.append(len(types) - 1)
        if active[o]:
            accumulate(o, len(types) - 1, None)
    for equation in reversed(program.equations):
        primitive, inputs = equation.primitive, equation.inputs
        bars: list[int]
        if primitive.multiple:
            reached = tuple([o in ct for o in equation.outputs])
            bars = [ct[o] for o in equation.outputs if o in ct]
            if not bars:
                continue
            slots = [*inputs, *equation.outputs, *bars]
        else:
            bar = ct.get(equation.outputs)
            if bar is None:
                continue
            reached, bars = _REACHED, [bar]
            slots = [*inputs, equation.outputs, bar]
        moving = tuple([active[i] for i in inputs])
        template = pullback_template(primitive, equation.params, tuple([types[i] for i in inputs]), moving, reached)
        first = len(equations)
        scattered.clear()
        instantiate(template, slots, types, equations, equation.location)
        if primitive.kink is not None:
            probes.append((equation, bars[0]))
        for k in template.fresh:
            late = equations[first + k]
            scattered[late.outputs] = late
        for variable, result in zip(inputs, template.results, strict=True):
            if result is not None:
                accumulate(variable, slots[result], equation.location)
    results = [ct.get(v) for v in wrt]
    # dead are zeros that a scatter no longer starts from, and cotangents of constants
    live = {r for r in results if r is not None}
    equations = needed(equations, live)
    n = len(program.types)
    return Derivative(program, types, equations, vectors, results, sorted([i for i in live if i < n]), probes)
