"""Numbers that a program takes from its own values and that cancel: the largest entry in log Σ eˣ and in softmax.

    without_shifts : (P, captured)  →  (P′, captured′),   P′ = P in real numbers, with the largest entry as a constant

``log(sum(exp(x - max(x)))) + max(x)`` is the same number whatever is subtracted, and smooth where entries tie; the program, read literally, is neither.  SciPy's functions are
recorded with guards of the kind "shift", which need not be asked.  For those written by hand this file *proves* that the number cancels: let a stand for it, then
every value is r, r + ka or r·exp(ka) with r free of a, or nothing is known of it, and the table says which.  If the result is free of a, any constant does.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from gradwise.program import Equation, Guard, Program


class _State(NamedTuple):
    """How a value depends on the number a: r + rate·a ("plus") or r·exp(rate·a) ("times"); free where the rate is 0."""

    kind: str
    rate: Fraction


_FREE = _State("plus", Fraction(0))
#: primitives that move entries
_MOVING = {"reshape", "broadcast_to", "transpose", "getitem", "concatenate", "pack", "diagonal", "real", "conj"}
_SCALING = {
    "square": Fraction(2),
    "reciprocal": Fraction(-1),
    "sqrt": Fraction(1, 2),
    "root_of_squares": Fraction(1, 2),
    "norm": Fraction(1),
}


def without_shifts(program: Program, captured: list[Any], values: Any) -> tuple[Program, list[Any]]:
    """The program without guards of the kind "shift", and with largest and smallest entries that cancel as constants.

    Parameters
    ----------
    program : Program
        With one real result.
    captured : list
        The values of its captured variables.
    values : sequence
        The value of each variable when it was recorded.

    Returns
    -------
    Program, list
        The new program and the values of its captured variables.
    """
    guards = tuple(g for g in program.guards if g.kind != "shift")
    equations, names, constants = list(program.equations), list(program.captured), list(captured)
    if any(e.primitive.name == "exp" for e in equations):
        for group in _extremes(program):
            rest = [e for e in equations if e not in group]
            if _cancels([e.outputs for e in group], rest, guards, program.outputs):
                equations = rest
                for equation in group:  # the same number, taken anew each time that the function asks for it
                    names.append(equation.outputs)
                    constants.append(np.asarray(values[equation.outputs]))
    if len(guards) == len(program.guards) and len(names) == len(program.captured):
        return program, captured
    changed = Program(
        program.name, program.inputs, tuple(names), equations, program.outputs, program.types, guards, program.labels
    )
    return changed, constants


def _extremes(program: Program) -> list[list[Equation]]:
    """The equations that take one number, the largest or smallest entry: those with the same operand together."""
    groups: dict[Any, list[Equation]] = {}
    for equation in program.equations:
        if equation.primitive.name in {"max", "min"} and program.types[equation.outputs].size == 1:
            groups.setdefault((equation.primitive.name, equation.inputs), []).append(equation)
    return list(groups.values())


def _cancels(shifts: list[int], equations: list[Equation], guards: tuple[Guard, ...], outputs: Any) -> bool:
    """Whether results and guards are the same whatever one number is that stands in several variables."""
    states: dict[int, _State | None] = dict.fromkeys(shifts, _plus(Fraction(1)))
    for equation in equations:
        operands = [states.get(i, _FREE) for i in equation.inputs]
        if all(s == _FREE for s in operands):
            continue
        state = None if None in operands else _state(equation, [s for s in operands if s is not None])
        for o in equation.output_tuple:
            states[o] = state
    return all(states.get(v, _FREE) == _FREE for v in (*outputs, *(g.variable for g in guards)))


def _state(equation: Equation, operands: list[_State]) -> _State | None:
    """The state of a result; None where nothing is known."""
    name, rates, same = equation.primitive.name, [s.rate for s in operands], len(set(operands)) == 1
    if name in _MOVING or name in {"max", "min", "maximum", "minimum"}:
        # exp is increasing: the largest of r·exp(ka) is the largest r times exp(ka)
        return operands[0] if same else None
    sums = all(s.kind == "plus" for s in operands)
    if name in {"add", "sub"}:
        if sums:
            return _plus(rates[0] + rates[1] if name == "add" else rates[0] - rates[1])
        return operands[0] if same else None
    if name == "neg":
        return _plus(-rates[0]) if sums else operands[0]
    if name == "exp":
        return _times(rates[0]) if sums else None
    if all(s.kind == "times" or s == _FREE for s in operands):
        if name == "log":
            return _plus(rates[0])
        if name == "sum":
            return operands[0]
        if name in {"mul", "matmul", "einsum"}:
            return _times(sum(rates, Fraction(0)))
        if name == "div":
            return _times(rates[0] - rates[1])
        if name in _SCALING:
            return _times(_SCALING[name] * rates[0])
        if name == "power" and np.isfinite(equation.params[0]):
            return _times(Fraction(equation.params[0]) * rates[0])
    return None


def _plus(rate: Fraction) -> _State:
    return _State("plus", rate)


def _times(rate: Fraction) -> _State:
    return _State("times", rate) if rate else _FREE
