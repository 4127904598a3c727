"""The program of steps that are known, written out: of what higher derivatives are taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.operators.solutions.recording import inlined
from gradwise.program import F64, Builder, Program
from gradwise.rules.axes import transpose
from gradwise.rules.broadcasting import broadcast_to, reshape
from gradwise.rules.linear_algebra.solving import solve
from gradwise.rules.products import combination
from gradwise.rules.reductions import identity
from gradwise.rules.shapes import concatenate, getitem, pack, zeros_p
from gradwise.transforms.batch import batch
from gradwise.transforms.forward import pushforward

if TYPE_CHECKING:
    from gradwise.operators.solutions.batches import Form

#: Newton steps for implicit stages: derivatives up to the third are exact
_STEPS = 2


class StepsWriting:
    """A program under construction: (y0, what the formula captured) → states.

    Attributes
    ----------
    start : Symbol
        The initial state.
    """

    def __init__(self, form: Form, plan: Any) -> None:
        self.form, self.plan = form, plan
        self.n = form.state.size
        self.h = np.diff(plan.times)
        self.builder = Builder()
        self.start = self.builder.variable(form.state)
        self.captured = [self.builder.variable(form.program.types[i]) for i in form.captured]
        self._linearised: Program | None = None

    def program(self, result: Any) -> Program:
        """The finished program."""
        inputs = [self.start.index, *[c.index for c in self.captured]]
        return Program("steps", inputs, (), self.builder.equations, [result.index], self.builder.types)

    def moved(self, y: Any, q: int, row: np.ndarray, slopes: list[Any]) -> Any:
        """Y + h Σ wᵢ kᵢ, with h as the scheme counts it."""
        length = self.plan.table.lengths(self.h)[q]
        used = [(float(length * w), k) for w, k in zip(row, slopes, strict=False) if w != 0.0]
        params = ((1.0, *[w for w, _ in used]),)
        return self.builder.emit(combination, [y, *[k for _, k in used]], params)

    def slope(self, q: int, i: int, state: Any) -> Any:
        """The right-hand side at a stage."""
        return inlined(self.builder, self.form.program, [self._time(q, i), state], self.captured)[0]

    def _time(self, q: int, i: int) -> Any:
        return self.builder.constant(float(self.plan.at[q, i]), F64.dtype)

    def _linearisation(self) -> Program:
        """(t, y, unit tangents), captured → value, and tangents a row each."""
        if self._linearised is None:
            program = self.form.program
            d = pushforward(program, program.inputs[-1:])
            (vector,), (result,) = d.vectors, d.results
            equations, types = program.equations + d.equations, list(d.types)
            outputs = [*program.outputs]
            if result is not None:
                outputs.append(result)
            assert vector is not None
            joined = Program("slope", (*program.inputs, vector), program.captured, equations, outputs, types)
            self._linearised, _ = batch(joined, self.n, [vector])
        return self._linearised

    def solved(self, y: Any, q: int, a: np.ndarray) -> tuple[list[Any], Any]:
        """The implicit stages of step number q, less y, and the last of them: Newton's steps from the known ones."""
        n, s, builder = self.n, len(a), self.builder
        unit = builder.emit(identity, (), (n, F64.dtype))
        known = [builder.constant(float(v), F64.dtype) for v in self.plan.states[q].ravel()]
        stages = [builder.emit(pack, known[i * n : (i + 1) * n], ((n,),)) for i in range(s)]
        h = float(self.h[q])
        for _ in range(_STEPS):
            values, jacobians = [], []
            for i in range(s):
                found = inlined(builder, self._linearisation(), [self._time(q, i), stages[i], unit], self.captured)
                values.append(found[0])
                rows = found[1] if len(found) > 1 else builder.emit(zeros_p, (), ((n, n), F64.dtype))
                jacobians.append(transpose(broadcast_to(rows, (n, n)), params=((1, 0),)))
            lacking, blocks = [], []
            for i in range(s):
                weights = (1.0, -1.0, *[h * w for w in a[i]])
                lacking.append(builder.emit(combination, [y, stages[i], *values], (weights,)))
                row = [
                    builder.emit(combination, [unit, jacobians[j]], ((1.0 if i == j else 0.0, -h * float(a[i, j])),))
                    for j in range(s)
                ]
                blocks.append(concatenate(*row, params=(1,)))
            system = concatenate(*blocks, params=(0,))
            right = reshape(concatenate(*lacking, params=(0,)), (s * n, 1))
            step = reshape(solve(system, right, params=("",)), (s, n))
            stages = [stages[i] + getitem(step, params=((i,),)) for i in range(s)]
        return [z - y for z in stages], stages[-1]
