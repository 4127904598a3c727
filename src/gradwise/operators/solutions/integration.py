"""Solutions of initial value problems as one operation: steps along times that are known.

The operands are a *plan* (an array of what the steps are: times, states of all stages, Jacobians there), the initial state, and what the right-hand side read.  The first derivative, forward or transposed, is that of the
discrete solution with these steps (``steps.py``); the second is found from the program of the steps (``chains.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gradwise.execution import evaluate
from gradwise.operators.caches import derived
from gradwise.operators.solutions.chains import First, looped
from gradwise.operators.solutions.large import LargeMaps
from gradwise.operators.solutions.layout import Layout
from gradwise.operators.solutions.steps import Rows, tableau
from gradwise.operators.solutions.stiff import COLLOCATION
from gradwise.operators.solutions.writing import StepsWriting
from gradwise.program import F64, ArrayType, Program
from gradwise.rules.broadcasting import reshape
from gradwise.rules.shapes import concatenate

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from gradwise.operators.solutions.batches import Form


class Plan:
    """What the steps are, and the array that it is packed into; ``weights``: of the slopes, for the rows."""

    __slots__ = ("at", "jacobians", "rows", "states", "table", "times", "weights")

    def __init__(self, table: Any, times: Any, rows: Rows, states: Any, jacobians: Any) -> None:
        h = np.diff(times)
        self.table = table
        self.times = times
        self.rows = rows
        self.at = times[:-1, None] + table.c * h[:, None]
        self.states = states
        self.jacobians = jacobians
        self.weights = rows.weights(table, h)

    def packed(self) -> np.ndarray:
        rows = self.rows
        # the Jacobians as they were found: a row for each direction
        jacobians = self.jacobians.swapaxes(2, 3) if self.jacobians.size else self.jacobians
        parts = (self.times, rows.step, rows.fractions, self.weights, self.states, jacobians)
        packed = np.empty(sum([p.size for p in parts]))
        start = 0
        for part in parts:
            packed[start : start + part.size] = np.ravel(part)
            start += part.size
        return packed


class Known(NamedTuple):
    """Times, rows, states and Jacobians of steps."""

    table: Any
    times: np.ndarray
    rows: Rows
    states: np.ndarray
    jacobians: np.ndarray

    @property
    def at(self) -> np.ndarray:
        """The times of the stages."""
        return self.times[:-1, None] + self.table.c * np.diff(self.times)[:, None]


class Integration:
    """The callee: (plan, y0, what the formula captured) → states, of shape (rows, n)."""

    #: numbers behind the plan
    tail = 0

    def __init__(self, form: Form, scheme: str, rows: int, *, inside: bool) -> None:
        self.form = form
        self.scheme, self.inside = scheme, inside
        self.table: Any = COLLOCATION if scheme == "Radau" else tableau(scheme, inside=inside)
        self.n = form.state.size
        self.rows = rows
        self.results = (ArrayType((rows, self.n), F64.dtype),)
        self.linear = (False,) * (2 + len(form.captured))
        self.text = None if form.text is None else ("integration", form.text, scheme, inside, rows)
        self._made: dict[Any, Any] = {}

    def __repr__(self) -> str:
        return f"steps of {self.scheme}"

    def layout(self, packed: np.ndarray) -> Layout:
        return Layout(len(packed), self.table, self.n, self.rows, self.tail)

    def plan(self, packed: np.ndarray) -> Known:
        """What the first derivative needs of a packed plan."""
        at = self.layout(packed)
        shape = (at.count, self.table.stages, self.n)
        rows = Rows(packed[at.step : at.fractions].astype(int), packed[at.fractions : at.weights])
        states = packed[at.states : at.jacobians].reshape(shape)
        jacobians = packed[at.jacobians : at.end].reshape(*shape, -1)
        jacobians = jacobians.swapaxes(2, 3) if jacobians.size else jacobians
        return Known(self.table, packed[: at.step], rows, states, jacobians)

    def __call__(self, *operands: Any) -> tuple[Any, ...]:
        _, program = self.unrolled(operands[0])
        return tuple(evaluate(program, operands, ()))

    def pushforward(self, active: tuple[bool, ...]) -> Pushed:
        made = self._made.get(active)
        if made is None:
            made = self._made[active] = Pushed(self, active)
        return made

    def transposed(self, types: tuple[ArrayType, ...]) -> Any:
        raise AssertionError  # it is linear in nothing

    def batched(self, flags: tuple[bool, ...], size: int) -> Any:
        return looped(self, flags, size, self._made)

    def unrolled(self, packed: np.ndarray, order: int = 0) -> tuple[Hashable, Program]:
        """The program of the steps: (plan, y0, captured) → states.  It depends on how many steps there are, and on which of them the rows lie, not on their lengths."""
        at = self.layout(packed)
        step, fractions = packed[at.step : at.fractions].astype(int), packed[at.fractions : at.weights]
        key = len(packed), step.tobytes(), (fractions == 0.0).tobytes(), (fractions == 1.0).tobytes()
        return key, derived(("unrolled", self, key), lambda: self._write(at, step.tolist(), fractions.tolist()))

    def _write(self, at: Layout, step: list[int], fractions: list[float]) -> tuple[Program, int]:
        writing = StepsWriting(self.form, self.table, at)
        y = writing.start
        by_step: dict[int, list[int]] = {}
        for r, q in enumerate(step):
            by_step.setdefault(q, []).append(r)
        found: list[Any] = [None] * self.rows
        for q in range(max(step) + 1):
            slopes, end = self.table.write(writing, q, y)
            for r in by_step.get(q, ()):
                x = fractions[r]
                state = y if x == 0.0 else end if x == 1.0 else writing.row(r, y, slopes)
                found[r] = reshape(state, (1, self.n))
            y = end
        program = writing.program(concatenate(*found, params=(0,)) if len(found) > 1 else found[0])
        return program, len(program)

    # --- the first derivative ---------------------------------------------------------------------------------------------------

    def points(self, plan: Known) -> list[np.ndarray]:
        """Times and states of all stages."""
        return [plan.at.ravel(), plan.states.reshape(-1, self.n)]

    def maps(self, plan: Known, captured: Sequence[Any], extra: np.ndarray | None = None) -> Any:
        """The derivative of the steps."""
        h = np.diff(plan.times)
        if plan.jacobians.size or not plan.states.size:
            return self.table.maps(h, plan.jacobians, extra)
        return LargeMaps(self.table, h, plan.at, plan.states, self.form, captured, extra)

    def moving(self, active: Sequence[bool]) -> tuple[int, ...]:
        """The captured variables among what moves."""
        return tuple(v for v, a in zip(self.form.captured, active[2:], strict=True) if a)


class Kept(Integration):
    """The same of a plan that is found at each call (``solved_anew.py``): behind it are the states that SciPy found, which are the value; ``by_columns``: in the memory order of SciPy's, so that sums have their last bits."""

    def __init__(self, form: Form, scheme: str, rows: int, *, inside: bool, by_columns: bool) -> None:
        super().__init__(form, scheme, rows, inside=inside)
        self.tail = rows * self.n
        self.by_columns = by_columns

    def __call__(self, *operands: Any) -> tuple[Any, ...]:
        packed = operands[0]
        return (self.kept(packed),)

    def kept(self, packed: np.ndarray) -> np.ndarray:
        """The states behind a plan."""
        states = packed[len(packed) - self.tail :]
        return states.reshape(self.n, self.rows).T if self.by_columns else states.reshape(self.rows, self.n)


class Pushed(First):
    """The tangents of the states: (operands, tangents of the active ones)."""

    def __init__(self, of: Integration, active: tuple[bool, ...]) -> None:
        super().__init__(of, active, "jvp", of.results)

    def of_vectors(self, operands: Sequence[Any], count: int) -> list[Any]:
        """Of shape (count or 1, rows, n)."""
        of, size = self.of, len(self.active)
        plan = of.plan(operands[0])
        tangents = list(operands[size:])
        start = np.zeros((count or 1, of.n))
        if self.active[1]:
            start[...] = np.reshape(tangents.pop(0), (count or 1, of.n))
        moving = of.moving(self.active)
        extra = None
        if moving:
            pushed = of.form.push(of.points(plan), operands[2:size], moving, tangents, count)
            extra = pushed.reshape(count or 1, *plan.states.shape).transpose(1, 2, 3, 0)
        maps = of.maps(plan, operands[2:size], extra)
        return [maps.forward(start, plan.rows)]

    def transposed(self, types: tuple[ArrayType, ...]) -> Pulled:
        made = self._made.get(types)
        if made is None:
            made = self._made[types] = Pulled(self.of, self.active, types)
        return made


class Pulled(First):
    """The cotangents of the active operands: (operands, cotangent of the states)."""

    def __init__(self, of: Integration, active: tuple[bool, ...], types: tuple[ArrayType, ...]) -> None:
        super().__init__(of, active, "vjp", types)

    def of_vectors(self, operands: Sequence[Any], count: int) -> list[Any]:
        """Of shape (count or 1, …) each."""
        of = self.of
        plan = of.plan(operands[0])
        maps = of.maps(plan, operands[2 : len(self.active)])
        bars = np.reshape(operands[-1], (count or 1, of.rows, of.n))
        start, kappa = maps.backward(bars, plan.rows)
        moving = of.moving(self.active)
        found: list[Any] = [start] if self.active[1] else []
        if moving:
            every = kappa.reshape(count or 1, -1, of.n)
            found += of.form.pull(of.points(plan), operands[2 : len(self.active)], moving, every)
        return found

    def transposed(self, types: tuple[ArrayType, ...]) -> Any:
        return self.of.pushforward(self.active)
