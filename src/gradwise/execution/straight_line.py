"""A program as one Python function: for short programs that run again and again, where what surrounds the arithmetic costs more than the arithmetic.

    straight_line : (Program, names of its inputs) → lines, names of its outputs

Each equation is a line that calls what the reference backend calls (``numpy_backend.schedule``), on local variables: no environment, no dispatch.  Two things differ, and neither changes a number:

- *Numbers of 64 bits are Python floats*, and their arithmetic is Python's: the same IEEE operation, in 15 ns instead of 50 to 500.  Where Python raises (division by zero) the function raises.
  Python does not warn of what overflows or is undefined, as NumPy would; so the numbers computed by ``watched`` equations are looked at, and unless they are finite the function gives None.
- *A short vector that is filled entry by entry* (the cotangent of ``x[0]``, ``x[1]``, …) is made at once from its entries.
- *A number spread over an array* stays a number in elementwise arithmetic with arrays of that shape, and with other such numbers.

A function that returns None there says that the program does not hold, or that NumPy would have something to say: run it in the ordinary way.  So does an exception.

A list of instructions that a loop goes through (what ``Executable`` does) costs 80 ns an equation and 1.5 µs a run more; compiling the text costs 20 µs an equation, once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from gradwise.execution.error_state import raising
from gradwise.execution.loops import LoopWriter
from gradwise.execution.numpy_backend import schedule
from gradwise.execution.repetition import read_outside, repetitions
from gradwise.execution.writer import Writer
from gradwise.program import COMPUTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from gradwise.execution.function_text import FunctionText
    from gradwise.program import Program

#: equations from which on repetitions are looked for, and equations that are written one by one at most
MANY, LONG = 300, 12_000


class TooLong(Exception):
    """Compiling the text would take longer than it saves."""


class Written(NamedTuple):
    """What was written for an output: its text, whether it is a Python float, and whether it is an array that nobody else can see."""

    text: str
    is_number: bool
    is_own: bool


def straight_line(
    program: Program,
    text: FunctionText,
    inputs: Sequence[tuple[str, bool]],
    constants: Iterable[Any] = (),
    *,
    watched: int = 0,
    holds: Callable[[Any, Any], bool],
    functions: dict[str, Any] | None = None,
    is_within: bool = False,
) -> list[Written]:
    """Write a program (simplified already) to a function's text; what is written for its outputs.

    Parameters
    ----------
    inputs : sequence of (str, bool)
        The text of each input, and whether it is a Python float.
    constants : iterable
        The captured values, the same at each call.
    watched : int
        Of the numbers in variables below this one it is seen to that they are finite: those that the user's function computes.
    holds : callable
        ``holds(value, expected)`` says whether a guard holds; where one does not the function returns None.
    functions : dict, optional
        By the names of primitives, functions of numbers that are called before NumPy's.
    is_within : bool
        Whether NumPy's error state is the caller's affair.

    Raises
    ------
    TooLong
    """
    writer = Writer(program, text, watched, functions or {})
    given = (*program.inputs, *program.captured)
    guarded: dict[int, list[Any]] = {}
    for g in program.guards:
        if g.expected is COMPUTED and program.types[g.variable].shape == ():
            continue  # it is kept below, and looked at as other numbers are
        guarded.setdefault(g.variable, []).append(g.expected)

    def check(variables: Iterable[int]) -> None:
        for variable in variables:
            for expected in guarded.pop(variable, ()):
                writer.guard(variable, expected, holds)

    for variable, (name, is_number) in zip(program.inputs, inputs, strict=True):
        writer.text[variable] = name
        if is_number:
            writer.numbers.add(variable)
    for variable, value in zip(program.captured, constants, strict=True):
        writer.constant(variable, value)
    check(given)
    looked = False
    kept = [g.variable for g in program.guards]
    steps = list(schedule(program.equations, program.types, program.outputs, given, kept))
    loops = repetitions(steps, program.types, guarded, watched) if len(steps) >= MANY else []
    if len(steps) - sum((loop.count - 1) * loop.period for loop in loops) > LONG:
        raise TooLong
    outside = read_outside(steps, loops, program.outputs, len(program.types))
    starts = {loop.start: loop for loop in loops}
    position = 0
    while position < len(steps):
        equation, function, gone, _ = steps[position]
        if not looked and min(equation.output_tuple) >= watched:
            writer.look()
            looked = True
        loop = starts.get(position)
        if loop is not None:
            LoopWriter(writer, loop, steps, outside).write(guarded, holds)
            position = loop.stop
            continue
        if function is None:
            writer.constant(equation.outputs, equation.primitive.value(*equation.params))
        elif not (
            writer.number(equation)
            or writer.vector(equation)
            or writer.spreads(equation, function)
            or (writer.is_apart(equation) and writer.elementwise(equation))
        ):
            writer.call(equation, function, gone)
        check(equation.output_tuple)
        position += 1
    writer.look()
    outputs = [Written(writer.read(o), o in writer.numbers, o in writer.entries) for o in program.outputs]
    if writer.plain or is_within:
        text.lines += writer.lines
        text.watched = None
    else:  # under one error state, as cheap as it can be had
        now, enter, leave = raising()
        state = text.keep(f"{text.name(now)}()")
        text.lines += [
            "try:",
            f"    {text.name(enter)}()",
            *(f"    {line}" for line in writer.lines),
            "finally:",
            f"    {text.name(leave)}({state})",
        ]
        text.watched = len(text.lines) - 2
    return outputs
