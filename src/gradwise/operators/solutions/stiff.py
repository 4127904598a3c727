r"""Steps of Radau IIA of order 5 along given times, for stiff systems: all of them are solved together, by Newton's method.

.. math:: Y_i = y_q + h \textstyle\sum_j a_{ij} f(t + c_j h, Y_j), \qquad y_{q+1} = Y_3

The Jacobians at all stages come from one batched run; the linear systems of the steps are solved at once, and a sweep along the steps adds up what each owes to those before.

References
----------
Hairer & Wanner (1996), Solving Ordinary Differential Equations II, section IV.5, table 5.6.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.operators.solutions.batches import Elsewhere
from gradwise.operators.solutions.steps import Maps
from gradwise.program import F64, ArrayType
from gradwise.tracing.collocation import MATRIX, STAGES

if TYPE_CHECKING:
    from collections.abc import Callable

#: Newton steps, and how small the last one is, relative to the states
_NEWTON, _CLOSE = 8, 1e-11
_POLYNOMIAL = np.linalg.inv(STAGES[:, None] ** np.arange(1, 4))


class Collocation:
    """The scheme; what takes the place of the slopes are the states of the stages, less that at the beginning of the step."""

    stages = 3
    is_implicit = True
    c = STAGES
    a = MATRIX

    def lengths(self, h: np.ndarray) -> np.ndarray:
        """By what the weights are multiplied: the stages' states have the step's length in them."""
        return np.ones_like(h)

    def weights(self, x: np.ndarray) -> np.ndarray:
        """The weights of the stages for the states at the fractions x of a step, a row each."""
        made = x[:, None] ** np.arange(1, 4) @ _POLYNOMIAL
        made[x == 1.0] = (0.0, 0.0, 1.0)
        made[x == 0.0] = 0.0
        return made

    def maps(self, h: np.ndarray, jacobians: np.ndarray, extra: np.ndarray | None = None) -> CollocationMaps:
        """The derivative of steps of these lengths, with these Jacobians at their stages."""
        return CollocationMaps(self, h, jacobians, extra)

    def write(self, writing: Any, q: int, y: Any) -> tuple[list[Any], Any]:
        """The stages of step number q from the state y, less y, and the state at its end: a root."""
        return writing.solved(y, q, self)


COLLOCATION = Collocation()


def _systems(h: np.ndarray, jacobians: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """1 − h A ⊗ J, and h A ⊗ 1, as matrices of the stages of each step."""
    count, s, n = jacobians.shape[:3]
    coupled = h[:, None, None, None, None] * MATRIX[:, None, :, None] * jacobians.transpose(0, 2, 1, 3)[:, None]
    coupled = coupled.reshape(count, s * n, s * n)
    spread = h[:, None, None] * np.kron(MATRIX, np.eye(n))
    return np.eye(s * n) - coupled, spread


class Inverse:
    """A callee: (Jacobians at the stages of all steps, their lengths) → (1 − h A ⊗ J)⁻¹ of each, all of them flat.  It is a constant, and never differentiated."""

    def __init__(self, n: int, count: int) -> None:
        self.n, self.count = n, count
        self.results = (ArrayType((count * (3 * n) ** 2,), F64.dtype),)
        self.linear = (False, False)

    def __repr__(self) -> str:
        return "inverses of the stages"

    def __call__(self, jacobians: np.ndarray, h: np.ndarray) -> tuple[np.ndarray]:
        system, _ = _systems(h, jacobians.reshape(self.count, 3, self.n, self.n).swapaxes(2, 3))
        return (np.linalg.inv(system).ravel(),)


class CollocationMaps(Maps):
    """The derivative of implicit steps."""

    def __init__(self, table: Any, h: np.ndarray, jacobians: np.ndarray, extra: np.ndarray | None = None) -> None:
        self.table, self.h, self.jacobians = table, h, jacobians
        count, s, n = jacobians.shape[:3]
        system, self._spread = _systems(h, jacobians)
        self._inverse = np.linalg.inv(system)
        # Y = (1 − h A ⊗ J)⁻¹ (y, y, y): what is kept is Y less y
        whole = self._inverse @ np.tile(np.eye(n), (s, 1)) - np.tile(np.eye(n), (s, 1))
        if extra is not None:
            whole = np.concatenate([whole, self._inverse @ (self._spread @ extra.reshape(count, s * n, -1))], axis=2)
        self.slopes = whole.reshape(count, s, n, -1).transpose(1, 0, 2, 3)
        self.step = np.eye(n) + self.slopes[2][:, :, :n]
        self.shift = self.slopes[2][:, :, n:]

    def _of_slopes(self, on_slopes: np.ndarray, after: np.ndarray) -> np.ndarray:
        steps, s, count, n = on_slopes.shape
        total = on_slopes.copy()
        total[:, 2] += after
        flat = total.transpose(0, 2, 1, 3).reshape(steps, count, s * n)
        found = flat @ self._inverse @ self._spread
        return found.reshape(steps, count, s, n).transpose(1, 0, 2, 3)


def solved(
    times: np.ndarray,
    states: np.ndarray,
    stages: np.ndarray,
    linearised: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]],
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The states at the times (steps + 1, n) and of all stages (steps, 3, n), with the times and Jacobians there.

    Parameters
    ----------
    states, stages : array
        What is known of them; the first state is exact.
    linearised : callable
        (times, states) of all stages → values and Jacobians.

    Raises
    ------
    Elsewhere
        If Newton's method does not settle.
    """
    h = np.diff(times)
    count, s, n = stages.shape
    at = times[:-1, None] + STAGES * h[:, None]
    size = np.max(np.abs(states)) or 1.0
    for _ in range(_NEWTON):
        values, jacobians = linearised(at, stages)
        system, spread = _systems(h, jacobians)
        lacking = (
            np.repeat(states[:-1, None], s, axis=1)
            - stages
            + (spread @ values.reshape(count, s * n, 1)).reshape(stages.shape)
        )
        ones = np.broadcast_to(np.tile(np.eye(n), (s, 1)), (count, s * n, n))
        found = np.linalg.solve(system, np.concatenate([lacking.reshape(count, s * n, 1), ones], axis=2))
        apart = stages[:, 2] - states[1:]
        shifts, maps = found[:, :, 0].reshape(count, s, n), found[:, :, 1:].reshape(count, s, n, n)
        moved = np.zeros((count + 1, n))
        for q in range(count):
            moved[q + 1] = shifts[q, 2] + maps[q, 2] @ moved[q] + apart[q]
        changed = shifts + np.einsum("qsab,qb->qsa", maps, moved[:-1])
        states, stages = states + moved, stages + changed
        if not np.isfinite(changed).all():
            raise Elsewhere
        if np.max(np.abs(changed)) <= _CLOSE * size:
            return states, stages, at, jacobians
    raise Elsewhere
