r"""Explicit Runge-Kutta steps along given times: their states, and their derivative as a chain of affine maps.

.. math:: k_i = J_i \bigl(y' + h \textstyle\sum_j a_{ij} k_j\bigr) + b_i, \qquad y'_{q+1} = M_q\, y'_q + c_q

The Jacobians :math:`J_i` at all stages of all steps are given.  The maps of the steps are found for all steps at once, stage by stage; only the product along the steps is one after the other.

Arrays of steps have the axes (step, stage, …).
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import scipy

if TYPE_CHECKING:
    from collections.abc import Callable


class Tableau:
    """The coefficients of SciPy's scheme of that name, with the stages of its interpolation if ``inside``."""

    def __init__(self, name: str, *, inside: bool) -> None:
        scheme = getattr(scipy.integrate, name)
        n = scheme.n_stages
        rows = [scheme.A[i, :i] for i in range(n)]
        nodes = list(scheme.C[:n])
        if inside:
            rows.append(scheme.B)
            nodes.append(1.0)
            if hasattr(scheme, "D"):
                rows.extend(scheme.A_EXTRA)
                nodes.extend(scheme.C_EXTRA)
        self.stages = s = len(rows)
        self.a = np.zeros((s, s))
        for i, row in enumerate(rows):
            self.a[i, : min(len(row), i)] = row[:i]
        self.c = np.array(nodes, float)
        self.b = np.zeros(s)
        self.b[:n] = scheme.B
        self._scheme = scheme

    is_implicit = False

    def lengths(self, h: np.ndarray) -> np.ndarray:
        """By what the weights of the slopes are multiplied."""
        return h

    def maps(self, h: np.ndarray, jacobians: np.ndarray, extra: np.ndarray | None = None) -> Maps:
        """The derivative of steps of these lengths, with these Jacobians at their stages."""
        return Maps(self, h, jacobians, extra)

    def write(self, writing: Writing, q: int, y: Any) -> tuple[list[Any], Any]:
        """The slopes of the stages of step number q from the state y, and the state at its end."""
        slopes: list[Any] = []
        for i in range(self.stages):
            state = writing.moved(y, q, self.a[i, :i], slopes) if i else y
            slopes.append(writing.slope(q, float(self.c[i]), state))
        return slopes, writing.moved(y, q, self.b, slopes)

    def weights(self, x: np.ndarray) -> np.ndarray:
        """The weights of the slopes for the states at the fractions x of a step, a row each; the state at the end has those of the step itself."""
        scheme, s = self._scheme, self.stages
        made = np.zeros((len(x), s))
        made[x == 1.0] = self.b
        inner = (x != 0.0) & (x != 1.0)
        if not inner.any():
            return made
        x = x[inner]
        if not hasattr(scheme, "D"):
            powers = np.cumprod(np.tile(x[:, None], scheme.P.shape[1]), axis=1)
            made[inner] = powers @ scheme.P.T
            return made
        first, last = np.zeros(s), np.zeros(s)
        first[0] = last[scheme.n_stages] = 1.0
        rows = [self.b, first - self.b, 2 * self.b - last - first, *scheme.D]
        basis = np.cumprod([x if i % 2 == 0 else 1 - x for i in range(len(rows))], axis=0)
        made[inner] = basis.T @ np.array(rows)
        return made


class Writing(Protocol):
    """What writes the program of steps: ``writing.py``."""

    def moved(self, y: Any, q: int, row: np.ndarray, slopes: list[Any]) -> Any: ...

    def slope(self, q: int, c: float, state: Any) -> Any: ...


@functools.cache
def tableau(name: str, *, inside: bool) -> Tableau:
    """The coefficients of a scheme, made once."""
    return Tableau(name, inside=inside)


def stages(
    table: Tableau, times: np.ndarray, starts: np.ndarray, slope: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times, states and slopes of all stages of the steps between the times, which begin at the states ``starts``."""
    h = np.diff(times)
    count, n = len(h), starts.shape[1]
    at = times[:-1, None] + table.c * h[:, None]
    slopes = np.empty((table.stages, count, n))
    flat = slopes.reshape(table.stages, -1)
    states = np.empty((count, table.stages, n))
    for i in range(table.stages):
        state = starts if i == 0 else starts + h[:, None] * (table.a[i, :i] @ flat[:i]).reshape(count, n)
        states[:, i] = state
        slopes[i] = slope(at[:, i], state)
    return at, states, slopes


class Rows:
    """Which states are asked for: row r is that at the fraction x of the step number ``step[r]``."""

    __slots__ = ("fractions", "step")

    def __init__(self, step: np.ndarray, fractions: np.ndarray) -> None:
        self.step = step
        self.fractions = fractions

    def weights(self, table: Tableau, h: np.ndarray) -> np.ndarray:
        """Those of the slopes of the row's step, a row each."""
        return table.weights(self.fractions) * table.lengths(h)[self.step][:, None]

    def states(self, weights: np.ndarray, starts: np.ndarray, slopes: np.ndarray) -> np.ndarray:
        """The states, from their weights, those at the beginning of the steps and the slopes (stage, step, …)."""
        return starts[self.step] + np.einsum("rs,srn->rn", weights, slopes[:, self.step])


class Maps:
    """The derivative of steps: the stages' slopes, and the step itself, as linear maps of the state at its beginning.

    Parameters
    ----------
    h : array of shape (steps,)
    jacobians : array of shape (steps, stages, n, n)
    """

    def __init__(self, table: Tableau, h: np.ndarray, jacobians: np.ndarray, extra: np.ndarray | None = None) -> None:
        self.table, self.h, self.jacobians = table, h, jacobians
        count, s, n = jacobians.shape[:3]
        columns = n + (0 if extra is None else extra.shape[-1])
        start = np.eye(n, columns)
        length = h[:, None, None]
        shape = (count, n, columns)
        slopes = np.empty((s, *shape))
        flat = slopes.reshape(s, -1)
        for i in range(s):
            state = start if i == 0 else start + length * (table.a[i, :i] @ flat[:i]).reshape(shape)
            np.matmul(jacobians[:, i], state, out=slopes[i])
            if extra is not None:
                slopes[i][:, :, n:] += extra[:, i]
        self.slopes = slopes
        whole = start + length * (table.b @ flat).reshape(shape)
        self.step, self.shift = whole[:, :, :n], whole[:, :, n:]

    def forward(self, start: np.ndarray, rows: Rows) -> np.ndarray:
        """The tangents of the rows, of shape (count, rows, n), for those of the initial state, of shape (count, n)."""
        n = start.shape[1]
        count = len(start)
        state = start.T
        states = [state]
        has_shift = self.shift.shape[2] > 0
        last = int(rows.step.max(initial=0))
        for q in range(last):
            state = self.step[q] @ state
            if has_shift:
                state = state + self.shift[q]
            states.append(state)
        at = np.array(states)  # (step, n, count)
        weights = rows.weights(self.table, self.h)
        maps = np.einsum("rs,srnm->rnm", weights, self.slopes[:, rows.step])
        made = at[rows.step] + maps[:, :, :n] @ at[rows.step]
        if has_shift:
            made = made + maps[:, :, n:]
        return made.transpose(2, 0, 1).reshape(count, len(rows.step), n)

    def backward(self, bars: np.ndarray, rows: Rows) -> tuple[np.ndarray, np.ndarray]:
        """For cotangents of the rows, of shape (count, rows, n): those of the initial state (count, n), and of the slopes of all stages (count, steps, stages, n)."""
        count, _, n = bars.shape
        steps, s = self.jacobians.shape[:2]
        weights = rows.weights(self.table, self.h)
        on_slopes = np.zeros((steps, s, count, n))
        on_states = np.zeros((steps + 1, count, n))
        by_row = bars.transpose(1, 0, 2)
        np.add.at(on_slopes, rows.step, weights[:, :, None, None] * by_row[:, None])
        np.add.at(on_states, rows.step, by_row)
        # what the rows give to the state at the beginning of their step
        gathered = on_states[:-1] + np.einsum("qscn,sqnm->qcm", on_slopes, self.slopes[..., :n])
        after = np.zeros((steps, count, n))
        bar = on_states[-1]
        for q in range(steps - 1, -1, -1):
            after[q] = bar
            bar = bar @ self.step[q] + gathered[q]
        return bar, self._of_slopes(on_slopes, after)

    def _of_slopes(self, on_slopes: np.ndarray, after: np.ndarray) -> np.ndarray:
        """The cotangents of what the right-hand side gives, of shape (count, steps, stages, n), for those that rows give to the slopes and those of the states at the ends."""
        steps, s, count, n = on_slopes.shape
        kappa = np.empty((s, steps, count, n))
        through = np.empty((s, steps, count, n))
        flat = through.reshape(s, -1)
        h = self.h[:, None, None]
        for i in range(s - 1, -1, -1):
            total = on_slopes[:, i] + (h * self.table.b[i]) * after
            if i < s - 1:
                total = total + h * (self.table.a[i + 1 :, i] @ flat[i + 1 :]).reshape(total.shape)
            kappa[i] = total
            np.matmul(total, self.jacobians[:, i], out=through[i])
        return kappa.transpose(2, 1, 0, 3)
