"""Whether a formula is the function: both evaluated at the traced point and beside it.

The program and its pullback are evaluated in floating point by gradwise, the formulas by mpmath.  They share the program that was recorded and nothing else, so
a mistake in a table of this room, or in a simplification of SymPy's, shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwise.errors import ProgramError
from gradwise.execution import build, evaluate
from gradwise.program import Program
from gradwise.symbolic.library import sp
from gradwise.symbolic.ordering import PLACES
from gradwise.transforms.reverse import pullback

#: formulas and floating-point values may differ by this much, relative to the entry, and to the largest entry: cancellation in the program leaves that
TOLERANCE, NOISE = 1e-6, 1e-10
#: how far beside the traced point they are compared again; far enough, if need be, that a program which cancels at the point does not
SHIFTS = (0.0, 1e-3, 0.1)


def all_values(program: Program, inputs: Sequence[Any], captured: Sequence[Any]) -> list[Any]:
    """The value of every variable of a program."""
    given = (*program.inputs, *program.captured)
    env: list[Any] = [None] * len(program.types)
    for variable, value in zip(given, (*inputs, *captured), strict=True):
        env[variable] = np.float64(value) if type(value) is float else value  # some records read a dtype
    build(program.equations, program.types, (), given, range(len(program.types))).run(env)
    return env


def numerical(expressions: list[Any], symbols: list[Any], point: list[float]) -> np.ndarray:
    """The values of expressions at a point, by mpmath; nan where SymPy finds no number."""
    moving = [k for k, e in enumerate(expressions) if e.free_symbols]
    values = np.array([complex(np.nan) if k in set(moving) else _number(e) for k, e in enumerate(expressions)])
    try:
        function = sp.lambdify(symbols, [expressions[k] for k in moving], "mpmath", cse=True)
        names = function.__globals__
        with names["mp"].workdps(30):
            values[moving] = [complex(v) for v in function(*[names["mpf"](float(x)) for x in point])]
    except Exception:  # noqa: BLE001 - a function that SymPy cannot write for mpmath, or that has no value; one by one then
        at = {s: sp.Float(float(x), 30) for s, x in zip(symbols, point, strict=True)}
        values[moving] = [_number(expressions[k].subs(at)) for k in moving]
    return values


def _number(expression: Any) -> complex:
    try:
        return complex(sp.N(expression, 20))
    except (TypeError, ValueError, NotImplementedError, ArithmeticError):
        return complex(np.nan)


def verify(
    program: Program,
    leaves: Sequence[Any],
    captured: Sequence[Any],
    symbols: list[Any],
    values: list[Any],
    jacobian: list[list[Any]],
) -> int:
    """Compare formulas with the program.

    Parameters
    ----------
    values : list of expressions
        Of the entries of all outputs.
    jacobian : list of lists
        For each of them, the derivative in each symbol.

    Returns
    -------
    int
        How many numbers, values and slopes of the weighted sum of the outputs, could not be compared anywhere.

    Raises
    ------
    ProgramError
        Where formula and program differ at every point that could be compared.
    """
    weights = [1.0 + 0.37 * k for k in range(len(values))]
    slopes = [
        sp.Add(*[w * row[j] for w, row in zip(map(sp.Rational, weights), jacobian, strict=True)])
        for j in range(len(symbols))
    ]
    expressions = [*values, *slopes]
    flat = np.concatenate([np.ravel(np.asarray(leaf, float)) for leaf in leaves]) if leaves else np.zeros(0)
    rng = np.random.default_rng(0)
    before = all_values(program, leaves, captured)
    agreed = np.zeros(len(expressions), bool)
    differed = np.zeros(len(expressions), bool)
    for shift in SHIFTS:
        point = flat * (1 + shift * rng.uniform(-1, 1, flat.shape)) + shift * rng.uniform(-1, 1, flat.shape)
        there = _unraveled(point, leaves)
        with np.errstate(all="ignore"):
            now = all_values(program, there, captured)
            if not _same_answers(program, before, now):
                continue
            expected = _value_and_slopes(program, there, captured, weights)
            found = numerical(expressions, symbols, list(point))
            # 0·∞ in the plain pullback is nan, where the operators know better
            both = np.isfinite(expected) & np.isfinite(found)
            scale = float(np.max(np.abs(expected[both]), initial=0))
            near = np.abs(found - expected) <= TOLERANCE * np.abs(expected) + NOISE * max(scale, 1.0)
        agreed |= both & near
        differed |= both & ~near
        if np.all(agreed):
            return 0
    if np.any(differed & ~agreed):
        raise ProgramError(
            f"the formula of {program.name} does not agree with the function where it was traced. It is a mistake in gradwise or in SymPy, and the formula is "
            "withheld. gw.grad is not affected; try simplify=False"
        )
    return int(np.count_nonzero(~agreed))


def _unraveled(point: np.ndarray, leaves: Sequence[Any]) -> list[Any]:
    arrays, start = [], 0
    for leaf in leaves:
        size = np.size(leaf)
        part = point[start : start + size].reshape(np.shape(leaf))
        arrays.append(part.astype(np.asarray(leaf).dtype)[()])
        start += size
    return arrays


def _same_answers(program: Program, before: list[Any], now: list[Any]) -> bool:
    """Whether guards and places are what they were."""
    guards = all(
        np.array_equal(before[g.variable], now[g.variable])
        for g in program.guards
        if g.kind not in {"value", "shift", "int"}
    )
    places = all(
        np.array_equal(before[o], now[o])
        for e in program.equations
        if e.primitive.name in PLACES
        for o in e.output_tuple
    )
    return guards and places


def _value_and_slopes(program: Program, leaves: list[Any], captured: Sequence[Any], weights: list[float]) -> np.ndarray:
    """The outputs' entries, and the gradient of their weighted sum."""
    back = pullback(program, program.inputs)
    cotangents, start = [], 0
    for vector, output in zip(back.vectors, program.outputs, strict=True):
        kind = program.types[output]
        part = np.reshape(weights[start : start + kind.size], kind.shape).astype(kind.dtype)
        start += kind.size
        if vector is not None:
            cotangents.append(part[()] if kind.shape == () else part)
    results = iter(evaluate(back.joined(), [*leaves, *cotangents], captured))
    values = [np.ravel(next(results)) for _ in program.outputs]
    slopes = [
        np.zeros(np.size(leaf)) if r is None else np.ravel(next(results))
        for r, leaf in zip(back.results, leaves, strict=True)
    ]
    return np.concatenate([*values, *slopes]).astype(complex)
