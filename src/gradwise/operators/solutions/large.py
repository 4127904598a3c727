"""The derivative of explicit steps of large systems: stage by stage, without their Jacobians.

The Jacobian of each stage meets one vector (or a few) only, as in ``steps.py``, whose ``Maps`` this stands in for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradwise.operators.solutions.batches import Form
    from gradwise.operators.solutions.steps import Rows


class LargeMaps:
    """The derivative of steps.

    Parameters
    ----------
    at, states : array of shape (steps, stages), (steps, stages, n)
        Times and states of the stages.
    extra : array of shape (steps, stages, n, count)
        What the stages' slopes are given from elsewhere.
    """

    def __init__(self, table: Any, h: np.ndarray, at: np.ndarray, states: np.ndarray, form: Form, captured: Sequence[Any], extra: np.ndarray | None) -> None:  # fmt: skip
        self.table, self.h, self.at, self.states = table, h, at, states
        self.form, self.captured, self.extra = form, captured, extra

    def _times(self, q: int, i: int, vectors: np.ndarray, *, transposed: bool) -> np.ndarray:
        point = (self.at[q, i], self.states[q, i])
        return self.form.times_jacobian(point, self.captured, vectors, transposed=transposed)

    def forward(self, start: np.ndarray, rows: Rows) -> np.ndarray:
        """As in ``Maps``."""
        table, (count, n) = self.table, start.shape
        weights = rows.weights(table, self.h)
        made = np.empty((len(rows.step), count, n))
        slopes = np.empty((table.stages, count, n))
        flat = slopes.reshape(table.stages, -1)
        state = start
        for q in range(int(rows.step.max(initial=0)) + 1):
            h = self.h[q]
            if h != 0.0:
                for i in range(table.stages):
                    at = state if i == 0 else state + h * (table.a[i, :i] @ flat[:i]).reshape(count, n)
                    slopes[i] = self._times(q, i, at, transposed=False)
                    if self.extra is not None:
                        slopes[i] += self.extra[q, i].T
            for r in np.flatnonzero(rows.step == q):
                made[r] = state + (weights[r] @ flat).reshape(count, n) if h != 0.0 else state
            if h != 0.0:
                state = state + h * (table.b @ flat).reshape(count, n)
        return made.transpose(1, 0, 2)

    def backward(self, bars: np.ndarray, rows: Rows) -> tuple[np.ndarray, np.ndarray]:
        """As in ``Maps``."""
        table, (count, _, n) = self.table, bars.shape
        steps, s = len(self.h), table.stages
        weights = rows.weights(table, self.h)
        kappa = np.zeros((steps, s, count, n))
        through = np.empty((s, count, n))
        flat = through.reshape(s, -1)
        bar = np.zeros((count, n))
        for q in range(steps - 1, -1, -1):
            h, here = self.h[q], np.flatnonzero(rows.step == q)
            after = bar
            for r in here:
                bar = bar + bars[:, r]
            if h == 0.0:
                continue
            for i in range(s - 1, -1, -1):
                total = (h * table.b[i]) * after
                for r in here:
                    total = total + weights[r, i] * bars[:, r]
                if i < s - 1:
                    total = total + h * (table.a[i + 1 :, i] @ flat[i + 1 :]).reshape(count, n)
                kappa[q, i] = total
                through[i] = self._times(q, i, total, transposed=True)
            bar = bar + through.sum(axis=0)
        return bar, kappa.transpose(2, 0, 1, 3)
