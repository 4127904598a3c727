"""Where entries of moving values may be equal to something, and the lines in which that was found to do no harm (``equalities.py`` says what is compared)."""

from __future__ import annotations

import types
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.locks import lock
from gradwise.transforms.reverse import active_variables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from gradwise.program import Program

Line = tuple[str | None, int | None]
#: the highest order that is compared
HIGHEST = 4
_EQUALITIES = frozenset(["equal", "not_equal"])
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


class Borders:
    """The equalities of moving values on which results or branches of a program depend.

    Attributes
    ----------
    variables : list of int
        Their answers.
    """

    __slots__ = ("_asked", "variables")

    def __init__(self, program: Program, *, branches: bool = True) -> None:
        active = active_variables(program, program.inputs)
        needed = {*program.outputs, *(g.variable for g in program.guards if branches and g.kind in ("bool", "mask"))}
        self._asked: list[tuple[Line, bool]] = []
        self.variables: list[int] = []
        for equation in reversed(program.equations):
            if needed.isdisjoint(equation.output_tuple):
                continue
            needed.update(equation.inputs)
            if equation.primitive.name in _EQUALITIES and any(active[i] for i in equation.inputs):
                self._asked.append((equation.source or (None, None), equation.primitive.name == "equal"))
                self.variables.append(equation.output_tuple[0])

    @property
    def answers(self) -> list[tuple[int, bool]]:
        """The variable of each answer, and whether it says that the values are equal."""
        return [(variable, is_equal) for variable, (_, is_equal) in zip(self.variables, self._asked, strict=True)]

    @property
    def all_lines(self) -> set[Line]:
        return {line for line, _ in self._asked}

    def lines(self, values: Sequence[Any]) -> set[Line]:
        """The lines in which something is equal, by the values of all variables."""
        return {
            line
            for (line, is_equal), variable in zip(self._asked, self.variables, strict=True)
            if (np.any(values[variable]) if is_equal else not np.all(values[variable]))
        }

    def met(self, code: types.CodeType | None, order: int) -> list[Callable[[Any], bool]]:
        """For each answer, whether something is equal by it in a line of the function that was not found to do no harm."""

        def asking(line: Line, *, is_equal: bool) -> Callable[[Any], bool]:
            def ask(answer: Any) -> bool:
                return bool(np.any(answer) if is_equal else not np.all(answer)) and not is_harmless(code, {line}, order)

            return ask

        return [asking(line, is_equal=is_equal) for line, is_equal in self._asked]
