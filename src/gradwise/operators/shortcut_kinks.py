"""The lines of shortcuts that leave where a point sits on a kink, or where something is equal that may matter (``shortcuts.py``).

Of a program that is a loop written out (``execution/loops.py``) there are as many kinks as steps: those of one primitive are asked about by one loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.execution.sequences import as_list
from gradwise.operators.arguments import code_of
from gradwise.operators.caches import derived
from gradwise.operators.kinks import candidates, felt, holds_nan
from gradwise.operators.lasting import EXTREMA
from gradwise.rules.elementwise import at_zero, tied, zero_result

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradwise.execution.function_text import FunctionText
    from gradwise.execution.straight_line import Written
    from gradwise.operators.equal_entries import Borders
    from gradwise.operators.linearization import Linearization
    from gradwise.operators.reuse.families import ProvenCall
    from gradwise.program import Equation

#: the condition that numbers x, z with the result y sit on a kink
_OF_NUMBERS: dict[Any, str] = {at_zero: "{x} == 0.0", tied: "{x} == {z}", zero_result: "{y} == 0.0"}
#: questions of one kind that are asked one by one
_FEW = 8


class _Questions:
    """Questions whether to leave, gathered by what they ask."""

    def __init__(self, text: FunctionText) -> None:
        self.text = text
        self._known: dict[Any, tuple[Callable[[Sequence[str]], str], list[Sequence[str]]]] = {}

    def ask(self, key: Any, operands: Sequence[str], make: Callable[[], Callable[[Sequence[str]], str]]) -> None:
        """Ask of operands what ``make`` gives: from their texts the condition on which the shortcut is left; the same for the same key."""
        known = self._known.get((key, len(operands)))
        if known is None:
            known = self._known[key, len(operands)] = make(), []
        known[1].append(operands)

    def write(self) -> None:
        """Write the lines."""
        text = self.text
        for condition, rows in self._known.values():
            if len(rows) <= _FEW:
                for row in rows:
                    text.leave_if(condition([text.keep(operand) for operand in row]))
                continue
            names = [text.fresh("q") for _ in rows[0]]
            columns = [as_list(column) for column in zip(*rows, strict=True)]
            text.write(f"for {', '.join(names)}, in zip({', '.join(columns)}):")
            text.write(f"    if {condition(names)}: return None")


def leave_at_kinks(
    text: FunctionText, linearization: Linearization, probes: Sequence[Any], written: Sequence[Written]
) -> None:
    """Write lines that leave where a kink is felt, or where the cotangent of one is nan."""
    position = 0
    questions = _Questions(text)
    for number, (equation, place, _) in enumerate(probes):
        end = position + len(equation.inputs) + 2
        given = written[position:end]
        position = end
        stays = _staying(linearization, equation, place)
        are_numbers = all(w.is_number for w in given)
        key = (equation.primitive, equation.params, are_numbers) if stays is False else number

        def make(equation: Equation = equation, stays: Any = stays, are_numbers: bool = are_numbers) -> Any:
            asked = text.name(_felt(equation, stays))
            quick = _OF_NUMBERS.get(equation.primitive.kink) if are_numbers else None

            def condition(names: Sequence[str]) -> str:
                *operands, output, cotangent = names
                full = f"{asked}(({', '.join(operands)},), {output}, {cotangent})"
                if quick is None:
                    return full
                # numbers can be asked without a call, and a kink be looked at where there is one
                on = quick.format(x=operands[0], z=operands[-1], y=output)
                return f"{cotangent} != {cotangent} or ({on} and {full})"

            return condition

        questions.ask(key, [w.text for w in given], make)
    questions.write()


def leave_on_kinks(text: FunctionText, equations: Sequence[Equation], written: Sequence[Written]) -> None:
    """Write lines that leave where an operand sits on a kink; ``written`` are the variables of ``kinks_of``."""
    position = 0
    questions = _Questions(text)
    for equation in equations:
        end = position + len(equation.inputs) + 1
        given = written[position:end]
        position = end
        are_numbers = all(w.is_number for w in given)

        def make(equation: Equation = equation, are_numbers: bool = are_numbers) -> Any:
            quick = _OF_NUMBERS.get(equation.primitive.kink) if are_numbers else None
            if quick is not None:
                return lambda names: quick.format(x=names[0], z=names[-2], y=names[-1])
            asked = text.name(_sits(equation))
            return lambda names: f"{asked}(({', '.join(names[:-1])},), {names[-1]})"

        questions.ask((equation.primitive, equation.params, are_numbers), [w.text for w in given], make)
    questions.write()


def leave_at_borders(
    text: FunctionText, call: ProvenCall, borders: Borders, written: Sequence[Written], order: int = 1
) -> None:
    """Write lines that leave where something is equal in a line that was not found to do no harm."""
    asks = borders.met(code_of(call.function), order)
    for ask, question, told in zip(asks, borders.questions, written, strict=True):
        if question.settled:
            continue
        asked = f"{text.name(ask)}({told.text})"
        text.leave_if(asked if question.text is None else f"{question.text.format(told.text)} and {asked}")


def kinks_of(linearization: Linearization) -> tuple[list[Equation], list[int]]:
    """The equations that may sit on a kink, and the variables that tell: operands and output of each."""
    found = derived(
        ("kinks", linearization.fingerprint), lambda: ((c := candidates(linearization.program)), 1 + len(c))
    )
    return [e for _, e in found], [v for _, e in found for v in (*e.inputs, e.output_tuple[0])]


def _felt(equation: Equation, stays: Any) -> Callable[[tuple[Any, ...], Any, Any], bool]:
    """Whether the equation sits on a kink that counts, or cannot tell."""
    kink, params = equation.primitive.kink, equation.params

    def ask(operands: tuple[Any, ...], output: Any, cotangent: Any) -> bool:
        at = kink(operands, output, *params)  # type: ignore[misc]  # probes have kinks
        if at.any() if type(at) is np.ndarray else bool(at):
            with np.errstate(all="ignore"):
                if felt(equation, operands, output, cotangent, stays) is not False:
                    return True
        return cotangent != cotangent if type(cotangent) is float else holds_nan((cotangent,))  # noqa: PLR0124 - nan

    return ask


def _staying(linearization: Linearization, equation: Equation, position: int) -> Any:
    """Where the operands of an equation sit on a kink at all points around (``lasting.py``); False for nowhere."""
    values = linearization.plain_values([*equation.inputs, equation.output_tuple[0]])
    operands, output = [values[i] for i in equation.inputs], values[equation.output_tuple[0]]
    with np.errstate(all="ignore"):
        at = equation.primitive.kink(operands, output, *equation.params)  # type: ignore[misc]  # probes have kinks
    if equation.primitive.name in EXTREMA or not np.any(at):
        return False
    (stays,) = linearization.lasting_kinks([position])
    return stays if np.shape(stays) == np.shape(at) else False


def _sits(equation: Equation) -> Callable[[tuple[Any, ...], Any], bool]:
    kink, params = equation.primitive.kink, equation.params
    return lambda operands, output: bool(np.any(kink(operands, output, *params)))  # type: ignore[misc]  # candidates have kinks
