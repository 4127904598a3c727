"""A solution in pieces, each along a right-hand side that stays on one side of what it switches at (``crossings.py``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.functions.operands import carries
from gradwise.tracing.standins.runge_kutta import RightHandSide

if TYPE_CHECKING:
    from collections.abc import Sequence


class SteadySide(RightHandSide):
    """A right-hand side on the sides of one piece."""

    def __init__(self, function: RightHandSide, formula: Any) -> None:
        super().__init__(function.callback, function.dtype)
        self.proved = function.plainly
        self._formula = formula

    def __call__(self, t: Any, y: Any) -> Any:
        return self._formula(t, y)


def on_side(function: RightHandSide, formula: Any) -> RightHandSide:
    """The right-hand side of one piece: the function itself, where its formula cannot be evaluated."""
    return SteadySide(function, formula) if callable(formula) else function


class Pieces:
    """A solution in pieces."""

    is_implicit = False
    switches = True

    def __init__(self, function: RightHandSide, start: Any, direction: float) -> None:
        self.function, self.start = function, start
        self._direction = direction
        self._paths: list[Any] = []
        self._spans: list[tuple[float, float]] = []
        #: the states that were asked for when the pieces were made, and where each of them is
        self._tables: list[Any] = []
        self._known: dict[float, tuple[int, int]] = {}
        self.is_traced = bool(carries(start))

    def append(self, path: Any, span: tuple[float, float], stops: Sequence[float]) -> Any:
        """A further piece; its state at the end, recorded with those at the stops in it."""
        inside = [t for t in stops if self._direction * span[0] <= self._direction * t < self._direction * span[1]]
        rows = path.table(np.array([*inside, span[1]]))
        self.keep(inside, rows)
        self._paths.append(path)
        self._spans.append(span)
        self.is_traced = self.is_traced or bool(carries(rows))
        return rows[len(inside)]

    def keep(self, times: Sequence[float], rows: Any) -> None:
        """States that are known at these times."""
        self._known.update((t, (len(self._tables), i)) for i, t in enumerate(times))
        self._tables.append(rows)

    def undo(self) -> None:
        """Without the last piece."""
        self._paths.pop()
        self._spans.pop()
        self._tables.pop()
        self._known = {t: where for t, where in self._known.items() if where[0] < len(self._tables)}

    def _found(self, times: np.ndarray) -> list[tuple[Any, int]]:
        """For each of the plain times a table and the row of the state in it."""
        found: list[Any] = []
        asked: dict[int, list[int]] = {}
        ends = self._direction * np.array([end for _, end in self._spans])
        for i, t in enumerate(times.tolist()):
            where = self._known.get(t)
            found.append(None if where is None else (self._tables[where[0]], where[1]))
            if where is None:
                k = min(int(np.searchsorted(ends, self._direction * t)), len(self._paths) - 1)
                asked.setdefault(k, []).append(i)
        for k, places in asked.items():
            made = self._paths[k].table(np.clip(times[places], min(self._spans[k]), max(self._spans[k])))
            for row, i in enumerate(places):
                found[i] = made, row
        return found

    def table(self, times: np.ndarray) -> Any:
        """The states at plain times, a row each."""
        parts: list[tuple[Any, list[int]]] = []
        for made, row in self._found(times):
            if parts and parts[-1][0] is made and parts[-1][1][-1] == row - 1:
                parts[-1][1].append(row)
            else:
                parts.append((made, [row]))
        pieces = [made[rows[0] : rows[-1] + 1] for made, rows in parts]
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)

    def at(self, times: np.ndarray) -> list[Any]:
        """The states at plain times, in order."""
        return [made[row] for made, row in self._found(times)]
