"""The program of steps, written out: of what higher derivatives are taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.operators.solutions.batches import Form
from gradwise.operators.solutions.equations import Root
from gradwise.operators.solutions.recording import inlined
from gradwise.operators.solutions.stiff import Inverse
from gradwise.program import F64, ArrayType, Builder, Program
from gradwise.rules.broadcasting import reshape
from gradwise.rules.calls import solution
from gradwise.rules.products import combination, matmul
from gradwise.rules.shapes import concatenate, getitem

if TYPE_CHECKING:
    from gradwise.operators.solutions.layout import Layout


class StepsWriting:
    """A program under construction: (plan, y0, what the formula captured) → states.

    Attributes
    ----------
    start : Symbol
        The initial state.
    """

    def __init__(self, form: Form, table: Any, at: Layout) -> None:
        self.form, self.table, self.at = form, table, at
        self.n = form.state.size
        self.builder = Builder()
        self.plan = self.builder.variable(ArrayType((at.length,), F64.dtype))
        self.start = self.builder.variable(form.state)
        self.captured = [self.builder.variable(form.program.types[i]) for i in form.captured]
        time = form.program.inputs[0]
        self._is_timed = any(time in e.inputs for e in form.program.equations)
        self._times: dict[int, Any] = {}
        self._lengths: dict[int, Any] = {}
        self._root: Root | None = None
        self._inverses: Any = None

    def program(self, result: Any) -> Program:
        """The finished program."""
        inputs = [self.plan.index, self.start.index, *[c.index for c in self.captured]]
        return Program("steps", inputs, (), self.builder.equations, [result.index], self.builder.types)

    # --- what the plan says -------------------------------------------------------------------------------------------------------

    def _part(self, start: int, length: int) -> Any:
        return getitem(self.plan, params=((("slice", start, start + length, None),),))

    def _time(self, q: int) -> Any:
        if q not in self._times:
            self._times[q] = getitem(self.plan, params=((self.at.times + q,),))
        return self._times[q]

    def _length(self, q: int) -> Any:
        if q not in self._lengths:
            self._lengths[q] = self._time(q + 1) - self._time(q)
        return self._lengths[q]

    def _stage_time(self, q: int, c: float) -> Any:
        if c == 0.0 or not self._is_timed:
            return self._time(q)
        return self._time(q + 1) if c == 1.0 else self._time(q) + self._length(q) * c

    # --- explicit steps -----------------------------------------------------------------------------------------------------------

    def moved(self, y: Any, q: int, row: np.ndarray, slopes: list[Any]) -> Any:
        """The state y + h Σ wᵢ kᵢ."""
        used = [(float(w), k) for w, k in zip(row, slopes, strict=False) if w != 0.0]
        slope = self.builder.emit(combination, [k for _, k in used], (tuple([w for w, _ in used]),))
        return y + self._length(q) * slope

    def slope(self, q: int, c: float, state: Any) -> Any:
        """The right-hand side at a stage."""
        return inlined(self.builder, self.form.program, [self._stage_time(q, c), state], self.captured)[0]

    def row(self, r: int, y: Any, slopes: list[Any]) -> Any:
        """The state of row r, inside the step that begins at y."""
        s = len(slopes)
        weights = self._part(self.at.weights + r * s, s)
        every = concatenate(*[reshape(k, (1, self.n)) for k in slopes], params=(0,))
        return y + matmul(weights, every)

    # --- implicit steps -----------------------------------------------------------------------------------------------------------

    def solved(self, y: Any, q: int, table: Any) -> tuple[list[Any], Any]:
        """The stages of step number q, less y, and the last of them."""
        s, n = table.stages, self.n
        if self._inverses is None:
            steps = self.at.count
            jacobians = self._part(self.at.jacobians, steps * s * n * n)
            lengths = self._part(self.at.times + 1, steps) - self._part(self.at.times, steps)
            (self._inverses,) = self.builder.emit(solution, [jacobians, lengths], (Inverse(n, steps),))
        size = (s * n) ** 2
        inverse = getitem(self._inverses, params=((("slice", q * size, (q + 1) * size, None),),))
        known = self._part(self.at.states + q * s * n, s * n)
        times = [self._stage_time(q, float(c)) for c in table.c]
        plan = concatenate(inverse, known, params=(0,))  # the stages were found as they are known
        operands = [plan, known, y, *times, self._length(q), *self.captured]
        if self._root is None:
            self._root = self._equation(table)
        (found,) = self.builder.emit(solution, operands, (self._root,))
        stages = [getitem(found, params=((("slice", i * n, (i + 1) * n, None),),)) for i in range(s)]
        return [z - y for z in stages], stages[-1]

    def _equation(self, table: Any) -> Root:
        """Y − y − h A f(Y) = 0 for the stages of one step: (Y), (y, times, h, captured)."""
        s, n = table.stages, self.n
        builder = Builder()
        every = builder.variable(ArrayType((s * n,), F64.dtype))
        y = builder.variable(self.form.state)
        times = [builder.variable(F64) for _ in range(s)]
        h = builder.variable(F64)
        captured = [builder.variable(self.form.program.types[i]) for i in self.form.captured]
        stages = [getitem(every, params=((("slice", i * n, (i + 1) * n, None),),)) for i in range(s)]
        slopes = [inlined(builder, self.form.program, [t, z], captured)[0] for t, z in zip(times, stages, strict=True)]
        lacking = [
            stages[i] - y - h * builder.emit(combination, slopes, (tuple([float(w) for w in table.a[i]]),))
            for i in range(s)
        ]
        result = concatenate(*lacking, params=(0,))
        inner = [y, *times, h, *captured]
        program = Program("stages", [every.index], [v.index for v in inner], builder.equations, [result.index], builder.types)  # fmt: skip
        moving = tuple([v.index for v in inner if v.type.is_differentiable])
        return Root(Form(program, moving), each=False, fixed=False)
