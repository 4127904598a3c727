"""Where entries of moving values may be equal to something, and the lines in which that was found to do no harm (``equalities.py`` says what is compared)."""

from __future__ import annotations

import types
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gradwise.locks import lock
from gradwise.transforms.reverse import active_variables

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from gradwise.program import Program

Line = tuple[str | None, int | None]
#: the highest order that is compared
HIGHEST = 4
#: the largest number that counts as next to nothing where values are compared with it
NOTHING = 1e-5
_EQUALITIES = frozenset(["equal", "not_equal"])
_ORDERINGS = frozenset(["less", "less_equal", "greater", "greater_equal"])
#: by code object, the lines whose equalities were found to do no harm, and the programs that decide by no others, to which order
_harmless: dict[int, tuple[weakref.ref[types.CodeType], set[tuple[Line, int]], set[Any]]] = {}
_lock = lock()


def forget_equalities() -> None:
    """Compare again what was compared."""
    with _lock:
        _harmless.clear()


def is_harmless(code: types.CodeType | None, lines: Iterable[Line], order: int) -> bool:
    """Whether equalities in these lines were found to do no harm to derivatives of an order."""
    known = _harmless.get(id(code))
    order = min(order, HIGHEST)
    return known is not None and known[0]() is code and all((line, order) in known[1] for line in lines)


def is_harmless_program(code: types.CodeType | None, fingerprint: Any, order: int) -> bool:
    """Whether all equalities of a program were found to do no harm."""
    known = _harmless.get(id(code))
    return known is not None and known[0]() is code and bool(known[2]) and (fingerprint, order) in known[2]


def believe(
    code: types.CodeType | None, lines: Iterable[Line], all_lines: Iterable[Line], fingerprint: Any, order: int
) -> None:
    """Note that equalities in these lines of a program, which has got ``all_lines``, do no harm."""
    if code is None:
        return
    orders = range(1, order + 1)
    with _lock:
        if len(_harmless) > 8192:
            _harmless.clear()
        known = _harmless.get(id(code))
        if known is None or known[0]() is not code:
            known = _harmless[id(code)] = weakref.ref(code), set(), set()
        _, found, programs = known
        found.update((line, n) for line in lines for n in orders)
        if len(programs) > 64:
            programs.clear()
        if all((line, n) in found for line in all_lines for n in orders):
            programs.update((fingerprint, n) for n in orders)


def _is_true(answer: Any) -> Any:
    return answer


def _is_false(answer: Any) -> Any:
    return np.logical_not(answer)


@dataclass(frozen=True)
class Within:
    """Whether a moving value is no farther from 0 than ``bound``."""

    bound: float

    def __call__(self, value: Any) -> Any:
        return np.abs(value) <= self.bound


class Question(NamedTuple):
    """What may be equal: the line that asks, the variable that tells, and what tells of its value in which entries something is equal.

    ``text`` tells it of a number or a truth value, written down; None for arrays.  ``settled``: a guard of the program says that nothing is.
    """

    line: Line
    variable: int
    near: Callable[[Any], Any]
    text: str | None
    settled: bool


class Borders:
    """The equalities of moving values on which results or branches of a program depend, and the comparisons of entries with a number next to nothing.

    ``np.where(abs(x) < 1e-12, 1.0, np.sin(x) / x)`` means an equality, and decides like one.  A branch of Python's that was taken so is compared by ``verification.py``, as no program stood for it before.

    Parameters
    ----------
    program : Program
    values : sequence
        What the variables were when it was recorded, as far as known: what is next to nothing is told by them.
    branches : bool
        Whether the branches of Python's are looked at too.
    merged : set of int
        The selections that branches of Python's became: each of their answers was verified by itself.

    Attributes
    ----------
    questions : list of Question
    """

    __slots__ = ("questions",)

    def __init__(
        self, program: Program, values: Sequence[Any], *, branches: bool = True, merged: Collection[int] = ()
    ) -> None:
        active = active_variables(program, program.inputs)
        felt = set(program.outputs)
        needed = {*felt, *(g.variable for g in program.guards if branches and g.kind in ("bool", "mask"))}
        self.questions: list[Question] = []
        expected = {g.variable: g.expected for g in program.guards if g.kind == "bool"}
        for equation in reversed(program.equations):
            if needed.isdisjoint(equation.output_tuple):
                continue
            needed.update(equation.inputs)
            is_felt = not felt.isdisjoint(equation.output_tuple)
            if is_felt:
                by_branch = equation.output_tuple[0] in merged
                felt.update(equation.inputs[1:] if by_branch else equation.inputs)
            name = equation.primitive.name
            if not any(active[i] for i in equation.inputs):
                continue
            if name in _EQUALITIES:
                line = equation.source or (None, None)
                answer, is_equal = equation.output_tuple[0], name == "equal"
                text = ("{}" if is_equal else "not {}") if program.types[answer].shape == () else None
                near = _is_true if is_equal else _is_false
                settled = expected.get(answer) is (not is_equal)
                self.questions.append(Question(line, answer, near, text, settled))
            elif is_felt and name in _ORDERINGS:
                value, threshold = sorted(equation.inputs, key=lambda i: not active[i])
                bound = None if active[threshold] else _next_to_nothing(values[threshold])
                if bound is None or program.types[value].dtype.kind != "f":
                    continue
                line = equation.source or (None, None)
                text = f"-{bound!r} <= {{}} <= {bound!r}" if program.types[value].shape == () else None
                self.questions.append(Question(line, value, Within(bound), text, settled=False))

    @property
    def variables(self) -> list[int]:
        """What tells of each: the answer, or the value that was compared."""
        return [question.variable for question in self.questions]

    @property
    def widest(self) -> float:
        """The largest number next to nothing that values are compared with, 0 where there is none."""
        return max((q.near.bound for q in self.questions if isinstance(q.near, Within)), default=0.0)

    @property
    def all_lines(self) -> set[Line]:
        return {question.line for question in self.questions}

    def lines(self, values: Sequence[Any]) -> set[Line]:
        """The lines in which something is equal, by the values of all variables."""
        return {q.line for q in self.questions if np.any(q.near(values[q.variable]))}

    def met(self, code: types.CodeType | None, order: int) -> list[Callable[[Any], bool]]:
        """For each question, whether something is equal by a value in a line of the function that was not found to do no harm."""

        def asking(question: Question) -> Callable[[Any], bool]:
            line, near = {question.line}, question.near

            def ask(value: Any) -> bool:
                return bool(np.any(near(value))) and not is_harmless(code, line, order)

            return ask

        return list(map(asking, self.questions))


def _next_to_nothing(threshold: Any) -> float | None:
    """The largest entry of what values are compared with, if it is one of those numbers by which programs ask whether something is zero."""
    if threshold is None or np.size(threshold) == 0 or np.asarray(threshold).dtype.kind not in "fiu":
        return None
    bound = float(np.max(np.abs(threshold)))
    return bound if 0 < bound <= NOTHING else None
