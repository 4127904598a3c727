"""Where a point sits on a kink, or on the border between two branches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwise.execution import build
from gradwise.program import Equation, Program
from gradwise.tracing import Recording
from gradwise.transforms.reverse import active_variables


@dataclass(frozen=True)
class Kink:
    """A place where a function is not differentiable: the operand of an operation sits on its kink.

    Attributes
    ----------
    kind : str
        What happens there, with the convention used for the slope.
    primitive : str
    filename, lineno : str or None, int or None
        The user's line.
    entries : int
        How many entries of the operand are on the kink.
    """

    kind: str
    primitive: str
    filename: str | None
    lineno: int | None
    entries: int

    def __str__(self) -> str:
        where = f"{self.filename}:{self.lineno}" if self.filename else "unknown line"
        return f"{where}: {self.kind}" + (f" ({self.entries} entries)" if self.entries > 1 else "")


def kinks_of(recording: Recording) -> list[Kink]:
    """The kinks and borders on which the point of a recording sits."""
    program = recording.program
    watched = [e for e in program.equations if e.primitive.kink is not None]
    return _found(recording, watched + _deciding_comparisons(program))


def holds_convention(recording: Recording) -> bool:
    """Whether the results depend on an operation whose operand sits on its kink, or on an entry of ``np.where`` that was chosen at equality: there the derivative follows a convention.

    A branch of Python's that was decided at equality is no such place: bisection ends where the equation holds exactly, and the number that it found has lost its derivative.
    """
    program = recording.program
    needed = set(program.outputs)
    watched = []
    for equation in reversed(program.equations):
        if not needed.isdisjoint(equation.output_tuple):
            needed.update(equation.inputs)
            if equation.primitive.kink is not None:
                watched.append(equation)
    deciding = _deciding_comparisons(program, branches=False)
    return bool(_found(recording, watched + [e for e in deciding if not needed.isdisjoint(e.output_tuple)]))


def _found(recording: Recording, watched: list[Equation]) -> list[Kink]:
    """Of equations, those whose operands sit on a kink or a border."""
    program, tape = recording.program, recording.tape
    if not watched:
        return []
    keep = {i for e in watched for i in (*e.inputs, *e.output_tuple)}
    env: list[Any] = [None] * len(program.types)
    for i in (*tape.inputs, *tape.captured):
        env[i] = tape.values[i]
    build(program.equations, program.types, (), (*tape.inputs, *tape.captured), keep).run(env)
    found = []
    with np.errstate(all="ignore"):
        for equation in watched:
            operands, kink, name = (
                [env[i] for i in equation.inputs],
                equation.primitive.kink,
                equation.primitive.kink_name,
            )
            at = (
                np.equal(*operands) if kink is None else kink(operands, env[equation.output_tuple[0]], *equation.params)
            )
            count = int(np.count_nonzero(at))
            if count:
                filename, line = equation.source or (None, None)
                found.append(Kink(name if kink else _BORDER, equation.primitive.name, filename, line, count))
    return found


_BORDER = "a choice decided at equality (the derivative is that of the branch taken)"
_COMPARISONS = frozenset(["equal", "not_equal", "greater", "less", "greater_equal", "less_equal"])


def _deciding_comparisons(program: Program, *, branches: bool = True) -> list[Equation]:
    """The comparisons of moving values on which a select or a branch of Python's depends."""
    defined = {o: e for e in program.equations for o in e.output_tuple}
    active = active_variables(program, program.inputs)
    seen: set[int] = set()
    found = []
    pending = [e.inputs[0] for e in program.equations if e.primitive.name == "select"]
    pending += [g.variable for g in program.guards if g.kind == "mask" or (branches and g.kind == "bool")]
    while pending:
        variable = pending.pop()
        equation = defined.get(variable)
        if equation is None or variable in seen or program.types[variable].dtype.kind != "b":
            continue
        seen.add(variable)
        if equation.primitive.name not in _COMPARISONS:
            pending += equation.inputs
        elif any(active[i] for i in equation.inputs):
            found.append(equation)
    return sorted(found, key=lambda e: e.output_tuple[0])
