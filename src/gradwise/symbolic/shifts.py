"""Numbers that a program subtracts and adds again so that nothing overflows: the largest entry in log Σ eˣ and in softmax.

They cancel, and a textbook leaves them out.  Each is given a symbol of its own; a formula whose derivative in that symbol is zero does not depend on it, and the
symbol is set to 0.  One that does depend keeps the number, under the condition that it stays what it was.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.program import Program
from gradwise.symbolic.kinked import derivative, outward
from gradwise.symbolic.library import sp
from gradwise.symbolic.numbers import number


def is_independent(expression: Any, symbol: Any) -> bool:
    """Whether an expression has the same value whatever the symbol is."""
    if symbol not in expression.free_symbols:
        return True
    slope = outward(derivative(expression, symbol))
    return bool(slope == 0 or sp.simplify(slope) == 0)


def without_shift(expression: Any) -> Any:
    """The expression without a largest or smallest entry on which it does not depend.

    Examples
    --------
    >>> x, y = sp.symbols("x y", real=True)
    >>> top = sp.Max(x, y)
    >>> without_shift(sp.log(sp.exp(x - top) + sp.exp(y - top)) + top)
    log(exp(x) + exp(y))
    """
    if not expression.has(sp.exp):
        return expression
    for top in sorted(expression.atoms(sp.Max, sp.Min), key=str)[:4]:
        shift = sp.Dummy("shift", real=True)
        candidate = expression.xreplace({top: shift})
        if shift in candidate.free_symbols and is_independent(candidate, shift):
            expression = candidate.subs(shift, 0)
    return expression


class Shifts:
    """The numbers of a program that were taken from one of its own values, each with a symbol.

    Attributes
    ----------
    symbols : dict
        For each captured variable that holds such numbers, its symbols.
    guards : set of int
        Positions of the guards that ask for the numbers.
    """

    def __init__(self, program: Program, captured: list[Any]) -> None:
        self.symbols: dict[int, np.ndarray] = {}
        self.guards: set[int] = set()
        self._taken: list[tuple[Any, int, tuple[int, ...], Any]] = []
        for position, guard in enumerate(program.guards):
            kind = program.types[guard.variable]
            if guard.kind not in {"value", "shift"} or kind.dtype.kind != "f":
                continue
            expected = np.asarray(guard.expected)
            matching = [
                v for v, x in zip(program.captured, captured, strict=True)
                if v not in self.symbols and np.size(x) == expected.size and np.array_equal(np.ravel(x), np.ravel(expected))
            ]  # fmt: skip
            if not matching:
                continue
            self.guards.add(position)
            entries = [sp.Dummy("shift", real=True) for _ in range(expected.size)]
            for k, (dummy, value) in enumerate(zip(entries, np.ravel(expected), strict=True)):
                place = tuple(int(i) for i in np.unravel_index(k, kind.shape))
                self._taken.append((dummy, guard.variable, place, value))
            for v in matching:
                array = np.empty(program.types[v].shape, object)
                array.reshape(-1)[:] = entries
                self.symbols[v] = array

    def resolve(self, outputs: list[Any], reader: Any) -> list[Any]:
        """The outputs without the symbols."""
        for dummy, variable, place, value in self._taken:
            if all(is_independent(e, dummy) for e in outputs):
                outputs = [e.subs(dummy, 0) for e in outputs]
            else:
                outputs = [e.subs(dummy, number(value)) for e in outputs]
                reader.require(sp.Eq(reader.expressions[variable][place], number(value)), None)
        for condition in list(reader.conditions):
            if any(d in condition.free_symbols for d, *_ in self._taken):
                kept = reader.conditions.pop(condition)
                reader.require(
                    condition.subs({d: number(v) for d, _, _, v in self._taken}), (kept.filename, kept.lineno)
                )
        return outputs
