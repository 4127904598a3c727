"""Where equations repeat themselves: a Python loop of a thousand steps leaves a thousand copies of its body, and its derivative a thousand more.

    repetitions : equations → loops, each (first equation, equations of one step, steps, where the operands of the body come from)

Equations of the same *form* (primitive, types, static parameters but for keys of entries, guards) that follow one another with a period are a candidate.  It is a loop as far as the operands are
wired in the same way from step to step: each comes from the same step, from an earlier step at a fixed distance, or from outside (one variable for all steps, or one for each).  Since
a variable's number grows with the equations, that is a question about differences of integers: one array operation for all steps and operands.
The first step or two, whose operands come from before the loop, stay outside; so values that are carried begin as what the body makes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gradwise.execution.writer import ARITHMETIC, COMPARISONS, is_brief
from gradwise.program import F64
from gradwise.rules.algebra import neg, select
from gradwise.rules.shapes import getitem, pack, scatter_add, scatter_set, zeros_p

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from gradwise.execution.writer import Writer
    from gradwise.program import ArrayType, Equation

#: an equation, how it is called, what is let go after it, which operand it overwrites (``numpy_backend.schedule``)
Step = tuple["Equation", "Callable[..., Any] | None", "Sequence[int]", "int | None"]

#: steps from which on something is a loop, the longest body, and how many periods are tried at one place
LEAST, LONGEST, _TRIES = 6, 3000, 8
#: how far back a step may read what another step made
_FARTHEST = 3
#: primitives whose key may differ from step to step: ``x[0]``, ``x[1]``, …
KEYED = (getitem, scatter_add, scatter_set)


class Fixed(NamedTuple):
    """The same variable from outside at each step."""

    variable: int


class Own(NamedTuple):
    """What the same step made: its output at a position among all outputs of the body."""

    position: int


class Carried(NamedTuple):
    """What the step ``lag`` steps before made; ``first`` are the variables that the first ``lag`` steps read."""

    position: int
    lag: int
    first: tuple[int, ...]


class Streamed(NamedTuple):
    """A variable from outside for each step."""

    variables: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Loop:
    """Equations that repeat themselves.

    Attributes
    ----------
    start, period, count : int
        The first equation, the equations of one step, and the steps.
    operands : list of tuple
        For each equation of the body, where each operand comes from.
    outputs : ndarray of int, shape (count, outputs of the body)
        The variables that the steps make.
    """

    start: int
    period: int
    count: int
    operands: list[tuple[Any, ...]]
    outputs: np.ndarray

    @property
    def stop(self) -> int:
        """The first equation behind it."""
        return self.start + self.period * self.count


def repetitions(
    steps: Sequence[Step], types: Sequence[ArrayType], guarded: Mapping[int, list[Any]], watched: int
) -> list[Loop]:
    """The loops among equations, in order.

    Parameters
    ----------
    guarded : mapping
        What is expected of variables, where something is.
    watched : int
        Variables below this one are treated otherwise than those from it on (``straight_line``).
    """
    forms = _forms(steps, types, guarded, watched)
    wiring = _Wiring(steps, len(types))
    loops: list[Loop] = []
    k = 0
    following = _following(forms)
    numbers = np.array(forms)
    while k < len(forms):
        run = _longest_run(k, forms, numbers, following)
        if run is None:
            k += 1
            continue
        loop = wiring.loop(k, *run)
        if loop is None:
            k += max(run[0], run[0] * run[1] // 2)  # not once more and once more
        else:
            loops.append(loop)
            k = loop.stop
    return loops


def _forms(
    steps: Sequence[Step], types: Sequence[ArrayType], guarded: Mapping[int, list[Any]], watched: int
) -> list[int]:
    """A number for each equation, the same for those of the same form."""
    known: dict[Any, int] = {}
    forms = []
    for equation, function, _, overwritten in steps:
        primitive, outputs = equation.primitive, equation.output_tuple
        form: Any
        if function is None:
            form = object()  # like no other
        else:
            params: Any = equation.params
            if primitive in KEYED:
                params = (*map(type, params[0]), *params[1:])
            elif params:
                params = tuple([(type(p), repr(p) if isinstance(p, (float, complex)) else p) for p in params])
            form = (
                primitive,
                tuple([types[i] for i in equation.inputs]),
                tuple([types[o] for o in outputs]),
                params,
                overwritten,
                outputs[0] < watched,
            )
            if not guarded.keys().isdisjoint(outputs):
                expected = [(o - outputs[0], e) for o in outputs for e in guarded.get(o, ())]
                form = (form, tuple(expected)) if all(type(e) is bool for _, e in expected) else object()
        forms.append(known.setdefault(form, len(known)))
    return forms


def _following(forms: list[int]) -> list[int]:
    """For each equation the next one of its form; the number of equations where there is none."""
    following = [len(forms)] * len(forms)
    latest: dict[int, int] = {}
    for k, form in enumerate(forms):
        before = latest.get(form)
        if before is not None:
            following[before] = k
        latest[form] = k
    return following


def _longest_run(start: int, forms: list[int], numbers: np.ndarray, following: list[int]) -> tuple[int, int] | None:
    """The period and the number of steps of the repetition that begins here and reaches farthest."""
    total, other, best = len(forms), following[start], None
    reached = 0
    for _ in range(_TRIES):
        period = other - start
        if period > LONGEST or start + LEAST * period > total:
            break
        # cheap questions first: most candidates fail them
        if (
            forms[start + period - 1] == forms[other + period - 1]
            and forms[start : start + period] == forms[other : other + period]
        ):
            count = 1 + _agreeing(numbers, start, period) // period
            if count >= LEAST and count * period > reached:
                best, reached = (period, count), count * period
        other = following[other]
    return best


def _agreeing(numbers: np.ndarray, start: int, period: int) -> int:
    """How many entries from ``start`` on equal the one a period later."""
    here, width = start, 4 * period
    while True:
        there = numbers[here + period : here + period + width]
        differs = np.flatnonzero(numbers[here : here + len(there)] != there)
        if len(differs):
            return here + int(differs[0]) - start
        here += len(there)
        if len(there) < width:
            return here - start
        width *= 2


def brief_outputs(loop: Loop, steps: Sequence[Step], writer: Writer) -> frozenset[int]:
    """The positions of outputs that can be written entry by entry: vectors of a few entries that are packed, filled at the same places in each step, or made of such by arithmetic.

    What a step reads of the step before must be of that kind too, so this is the largest set that agrees with itself.
    """
    found: dict[int, list[Any]] = {}
    position = 0
    for j, sources in enumerate(loop.operands):
        equation, _, _, _ = steps[loop.start + j]
        if not equation.primitive.multiple and is_brief(writer.types[equation.outputs]):
            vectors = [s for s, i in zip(sources, equation.inputs, strict=True) if writer.types[i] is not F64]
            numbers = [s for s, i in zip(sources, equation.inputs, strict=True) if writer.types[i] is F64]
            alike = vectors == [] or all(
                writer.types[i] is writer.types[equation.outputs] for i in equation.inputs if writer.types[i] is not F64
            )
            if (
                alike
                and _is_written_by_entries(equation, loop, steps, j)
                and all(type(s) is not Fixed or s.variable in writer.numbers for s in numbers)
            ):
                found[position] = vectors
        position += len(equation.output_tuple)
    while True:
        wrong = [q for q, vectors in found.items() if not all(_agrees(s, found) for s in vectors)]
        if not wrong:
            return frozenset(found)
        for q in wrong:
            del found[q]


def answers_itself(loop: Loop, steps: Sequence[Step], types: Sequence[ArrayType]) -> bool:
    """Whether all truth values that the body makes are Python's, written by comparisons of numbers and selections, if those that come in are."""
    for equation, *_ in steps[loop.start : loop.start + loop.period]:
        if all(types[o].dtype.kind != "b" for o in equation.output_tuple):
            continue
        kinds = [types[i] for i in equation.inputs]
        is_selection = equation.primitive is select and all(kind.shape == () for kind in kinds)
        if not (is_selection or (equation.primitive in COMPARISONS and all(kind is F64 for kind in kinds))):
            return False
    return True


def _agrees(source: Any, found: Mapping[int, Any]) -> bool:
    if type(source) in (Fixed, Streamed):
        return True
    return source.position in found and (type(source) is Own or source.lag == 1)


def _is_written_by_entries(equation: Equation, loop: Loop, steps: Sequence[Step], j: int) -> bool:
    primitive = equation.primitive
    if primitive in (pack, zeros_p, neg) or primitive in ARITHMETIC:
        return True
    if primitive not in (scatter_add, scatter_set) or len(equation.inputs) != 2:
        return False
    key = equation.params[0]
    rows = range(loop.start + j, loop.stop, loop.period)
    return len(key) == 1 and type(key[0]) is int and all(steps[r][0].params[0] == key for r in rows)


class _Wiring:
    """Where operands come from, as arrays over all equations."""

    def __init__(self, steps: Sequence[Step], variables: int) -> None:
        self.steps = steps
        inputs: list[int] = []
        outputs: list[int] = []
        #: of each equation the place of its first input and of its first output among all
        self.first_input, self.first_output = [0], [0]
        for equation, *_ in steps:
            inputs += equation.inputs
            outputs += equation.output_tuple
            self.first_input.append(len(inputs))
            self.first_output.append(len(outputs))
        self.inputs, self.outputs = np.array(inputs, np.intp), np.array(outputs, np.intp)
        self.made = np.full(variables, -1)
        self.made[self.outputs] = np.arange(len(outputs))

    def loop(self, start: int, period: int, count: int) -> Loop | None:
        """The longest stretch of a repetition that is wired alike."""
        i, o = self.first_input[start], self.first_output[start]
        width, made = self.first_input[start + period] - i, self.first_output[start + period] - o
        inputs = self.inputs[i : i + count * width].reshape(count, width)
        place = self.made[inputs] - o
        step, position = np.divmod(place, made)
        lag = np.arange(count)[:, None] - step
        inside = place >= 0
        # (where, how far back), -1 for from outside
        source = np.where(inside, position * (count + 1) + lag, -1)
        typical = source[count // 2]
        alike = np.all(source == typical, axis=1)
        far = np.where(typical >= 0, typical % (count + 1), 0)
        if not alike[count // 2] or far.max(initial=0) > _FARTHEST:
            return None
        others = np.flatnonzero(~alike)
        first = int(others[others < count // 2].max(initial=-1)) + 1
        last = int(others[others > count // 2].min(initial=count))
        if last - first < LEAST:
            return None
        sources: list[Any] = []
        for column in range(width):
            read = inputs[first:last, column]
            if typical[column] >= 0:
                where, back = divmod(int(typical[column]), count + 1)
                sources.append(Carried(where, back, tuple(read[:back].tolist())) if back else Own(where))
            elif np.all(read == read[0]):
                sources.append(Fixed(int(read[0])))
            else:
                sources.append(Streamed(tuple(read.tolist())))
        begin = start + first * period
        operands, at = [], 0
        for equation, *_ in self.steps[begin : begin + period]:
            operands.append(tuple(sources[at : at + len(equation.inputs)]))
            at += len(equation.inputs)
        o += first * made
        steps = last - first
        return Loop(begin, period, steps, operands, self.outputs[o : o + steps * made].reshape(steps, made))


def read_outside(steps: Sequence[Step], loops: Sequence[Loop], outputs: Iterable[int], variables: int) -> np.ndarray:
    """For each variable whether something else than the loop that makes it reads it."""
    home, owner = np.full(variables, -1), np.full(len(steps), -1)
    for k, loop in enumerate(loops):
        home[loop.outputs] = k
        owner[loop.start : loop.stop] = k
    read = np.array([i for equation, *_ in steps for i in equation.inputs], np.intp)
    reader = np.repeat(owner, [len(equation.inputs) for equation, *_ in steps])
    outside = np.zeros(variables, bool)
    outside[read[home[read] != reader]] = True
    outside[list(outputs)] = True
    return outside
