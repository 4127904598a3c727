"""Numbers that a program takes from its own values and that cancel: the largest entry in log Σ eˣ and in softmax.

    without_shifts : (P, captured)  →  (P′, captured′),   P′ = P in real numbers, with the largest entries as constants

``log(sum(exp(x - max(x)))) + max(x)`` is the same number whatever is subtracted, and smooth where entries tie; the program, read literally, is neither.  SciPy's functions are
recorded with guards of the kind "shift", which need not be asked.  For those written by hand this file *proves* that the number cancels: let a stand for it, then
every value is r, r + ka or r·exp(ka) with r free of a, or nothing is known of it, and the table says which.  If the result is free of a, any constant does.

Where there is one such number for each row, a has an axis, along which every value on the way must keep its place: a sum over that axis, or two values with it in
different places, mix different numbers, and nothing is known of the result.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from gradwise.program import Equation, Guard, Program
from gradwise.rules.indexing import FULL
from gradwise.transforms.simplify import simplify


class _State(NamedTuple):
    """How a value depends on the number a: r + rate·a ("plus") or r·exp(rate·a) ("times"), a running along an axis if there are several; free where the rate is 0."""

    kind: str
    rate: Fraction
    axis: int | None = None


_FREE = _State("plus", Fraction(0))
#: primitives that move entries as one wants, where a is one number
_MOVING = {"reshape", "broadcast_to", "transpose", "getitem", "concatenate", "pack", "diagonal", "real", "conj"}
_REDUCING = {"sum", "max", "min"}
_ENTRYWISE = {
    "add", "sub", "mul", "div", "neg", "exp", "log", "square", "reciprocal", "sqrt", "root_of_squares", "power", "maximum", "minimum", "real", "conj",
}  # fmt: skip
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
    original, program = program, simplify(program)  # what is computed twice is one value
    equations, names, constants = list(program.equations), list(program.captured), list(captured)
    if any(e.primitive.name == "exp" for e in equations):
        for group in _extremes(program):
            rest = [e for e in equations if e not in group]
            shifts = {e.outputs: _axis_of(program.types[e.outputs].shape) for e in group}
            if _cancels(shifts, rest, guards, program):
                equations = rest
                for equation in group:  # the same numbers, taken anew each time that the function asks for them
                    names.append(equation.outputs)
                    constants.append(np.asarray(values[equation.outputs]))
    if len(guards) == len(program.guards) and len(names) == len(program.captured):
        return original, captured
    changed = Program(
        program.name, program.inputs, tuple(names), equations, program.outputs, program.types, guards, program.labels
    )
    return changed, constants


def _extremes(program: Program) -> list[list[Equation]]:
    """The equations that take the same largest or smallest entries, one number or several along one axis."""
    groups: dict[Any, list[Equation]] = {}
    for equation in program.equations:
        if (
            equation.primitive.name in {"max", "min"}
            and sum(n != 1 for n in program.types[equation.outputs].shape) <= 1
        ):
            groups.setdefault((equation.primitive.name, equation.inputs, equation.params[0]), []).append(equation)
    return list(groups.values())


def _axis_of(shape: tuple[int, ...]) -> int | None:
    """The axis along which there is more than one entry."""
    return next((k for k, n in enumerate(shape) if n != 1), None)


def _cancels(
    shifts: dict[int, int | None], equations: list[Equation], guards: tuple[Guard, ...], program: Program
) -> bool:
    """Whether results and guards are the same whatever the numbers are that stand in these variables."""
    states: dict[int, _State | None] = {v: _State("plus", Fraction(1), axis) for v, axis in shifts.items()}
    for equation in equations:
        operands = [states.get(i, _FREE) for i in equation.inputs]
        if all(s == _FREE for s in operands):
            continue
        known = [s for s in operands if s is not None]
        state = _state(equation, known, program.types) if len(known) == len(operands) else None
        for o in equation.output_tuple:
            states[o] = state
    return all(states.get(v, _FREE) == _FREE for v in (*program.outputs, *(g.variable for g in guards)))


def _state(equation: Equation, operands: list[_State], types: Any) -> _State | None:
    """The state of a result; None where nothing is known."""
    if equation.primitive.multiple:
        return None
    axis: int | None = None
    if any(s.axis is not None for s in operands):
        places = _places(equation, operands, types)
        if places is None or len(places) != 1:
            return None
        axis = places.pop()
        operands = [s if s == _FREE else s._replace(axis=None) for s in operands]
    found = _rate(equation, operands)
    return found if found is None or found == _FREE else found._replace(axis=axis)


def _places(equation: Equation, operands: list[_State], types: Any) -> set[int] | None:
    """Where in the result the axis of a lies, by each operand that depends on it; None where it is lost or mixed."""
    name, params = equation.primitive.name, equation.params
    shape = types[equation.outputs].shape
    moving = [(s.axis, types[i].shape) for s, i in zip(operands, equation.inputs, strict=True) if s != _FREE]
    if any(axis is None for axis, _ in moving):
        return None
    if name in _ENTRYWISE or name == "broadcast_to":
        return {axis + len(shape) - len(given) for axis, given in moving if axis is not None}
    ((axis, given),) = moving[:1]
    assert axis is not None
    if len(moving) > 1:
        return None
    if name in _REDUCING:
        axes, keepdims = {a % len(given) for a in params[0]}, params[1]
        if axis in axes:
            return None
        return {axis if keepdims else axis - sum(a < axis for a in axes)}
    if name == "transpose":
        return {[a % len(given) for a in params[0]].index(axis)}
    plain = name == "reshape" or (name == "getitem" and all(k is None or k == FULL for k in params[0]))
    if plain and [n for n in given if n != 1] == [n for n in shape if n != 1]:  # axes of length 1 come and go
        before = sum(n != 1 for n in given[:axis])
        return {[k for k, n in enumerate(shape) if n != 1][before]}
    return None


def _rate(equation: Equation, operands: list[_State]) -> _State | None:
    """The kind and the rate of a result, for one number a."""
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
