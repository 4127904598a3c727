"""Derivatives along a line t ↦ f(x + t u), of any order: what the operators of this family share.

``transforms/taylor.py`` finds them with shared terms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.errors import InputError, OutputError
from gradwise.execution import build
from gradwise.operators.arguments import Arguments, function_label
from gradwise.operators.caches import derived
from gradwise.operators.engine import linearize_call
from gradwise.operators.leaves import traced_number
from gradwise.operators.linearization import Linearization
from gradwise.operators.prepared import interpret, is_outer
from gradwise.operators.product_shortcuts import line_shortcut
from gradwise.operators.results import output_leaves
from gradwise.operators.shortcuts import attempt, learn
from gradwise.operators.singular import resolved_line
from gradwise.tracing import isinstance_traced
from gradwise.transforms.simplify import drop_dead
from gradwise.transforms.taylor import derivatives

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


#: kinds of argument for which Python numbers come out
_PYTHON_NUMBERS = (float, int, complex)


def check_order(order: Any, operator: str, least: int = 1) -> int:
    """The order as an int; InputError unless it is an integer of at least ``least``."""
    if isinstance(order, bool) or not isinstance(order, (int, np.integer)) or order < least:
        point = (
            ""
            if isinstance(order, (int, np.integer))
            else f". A point goes into brackets of its own: gw.{operator}(f)(x)"
        )
        raise InputError(
            f"gw.{operator} was given order={order!r:.200}. An integer of at least {least} is required{point}"
        )
    return int(order)


class _Line:
    """A program of derivatives along a line, ready to run."""

    __slots__ = ("executable", "levels", "program")

    def __init__(self, linearization: Linearization, order: int) -> None:
        program, levels = derivatives(linearization.program, linearization.program.inputs, order)
        program.guards = ()
        self.program = drop_dead(program)
        self.levels = levels
        flat = [v for level in levels for v in level]
        self.executable = build(
            self.program.equations, self.program.types, flat, (*self.program.inputs, *self.program.captured)
        )


def along_line(linearization: Linearization, direction: Sequence[Any], order: int) -> list[list[Any]]:
    """y, y', …, y⁽ⁿ⁾ by leaves of the output, None where structurally zero."""

    def make() -> tuple[_Line, int]:
        line = _Line(linearization, order)
        return line, len(line.program)

    line: _Line = derived(("line", order, linearization.fingerprint), make)
    tape, program = linearization.recording.tape, line.program
    env: list[Any] = [None] * len(program.types)
    n = len(tape.inputs)
    leaves = linearization.arguments.leaves if linearization.nested else [tape.values[i] for i in tape.inputs]
    captured = tape.captured_values() if linearization.nested else [tape.values[i] for i in tape.captured]
    for variable, value in zip(program.inputs[:n], leaves, strict=True):
        env[variable] = value
    for variable, value in zip(program.inputs[n:], direction, strict=True):
        env[variable] = value
    for variable, value in zip(program.captured, captured, strict=True):
        env[variable] = value
    if linearization.nested or any(is_outer(d) for d in direction):
        interpret(program.equations, env)
    else:
        line.executable.run(env)
    found = [[None if v is None else env[v] for v in level] for level in line.levels]
    return resolved_line(linearization, found, direction)


def nth_along(f: Callable[..., Any], arguments: Arguments, direction: Sequence[Any], order: int, operator: str) -> Any:
    """dⁿ/dtⁿ f(x + t u) in the container of the output."""
    choice = f"along a line, {order}, {arguments.places!r}"
    known = attempt(f, choice, *arguments.given(), direction)
    if known is not None:
        return known
    linearization = linearize_call(f, arguments, order=order)
    require_floating(linearization, f, operator)
    result = in_container(linearization, along_line(linearization, direction, order)[order])
    learn(f, choice, linearization, result, line_shortcut(order), direction)
    return result


def _python_number(value: Any) -> Any:
    if np.ndim(value):
        return value
    return traced_number(value, float) if isinstance_traced(value) else np.asarray(value).item()


def in_container(linearization: Linearization, level: list[Any]) -> Any:
    """Derivatives in the container of the output; Python numbers at a point of Python numbers."""
    leaves = output_leaves(linearization, level)
    if all(kind in _PYTHON_NUMBERS for kind in linearization.arguments.kinds):
        leaves = [_python_number(v) for v in leaves]
    return linearization.recording.structure.rebuild(leaves)


def require_floating(linearization: Linearization, f: Any, operator: str) -> None:
    """Raise OutputError unless every output is real or complex."""
    for value in linearization.values:
        kind = np.asarray(value.current() if isinstance_traced(value) else value).dtype.kind
        if kind not in "fc":
            what = "a boolean" if kind == "b" else "an integer"
            raise OutputError(
                f"gw.{operator} of {function_label(f)}: the function returned {what}, which is piecewise constant. A real or complex number is required"
            )


def ones_for(leaf: Any) -> Any:
    """Ones of the shape and dtype of a leaf: the direction in which it moves as a whole."""
    like = leaf.current() if isinstance_traced(leaf) else leaf
    return np.ones(np.shape(like), np.asarray(like).dtype)[()]
