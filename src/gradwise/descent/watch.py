"""The watch over a descent: the tests that are too dear for every step, and the verdict where a value is out of bounds.

*Divergence is told early.*  At steps 8 and 16, and then once a block, if f rose in each of the last steps (or, at step 16 and again at four times as many, if the steps themselves
show a curvature near the limit), the largest eigenvalue of the Hessian is computed at the point and compared with the limit of the method, η λmax < 2 for gradient descent.  Above the limit a
function of constant curvature diverges for certain, also while f still falls, and so does one whose curvature does not fall on the way: the descent is stopped.  (Where the curvature falls, f may turn round by itself: Lewkowycz et al., "The large learning rate
phase of deep learning: the catapult mechanism", 2020.)
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradwise.descent.curvature import Curvature, curvature_at
from gradwise.descent.lengths import length
from gradwise.descent.methods import Method, Search
from gradwise.descent.methods.automatic import noise_of
from gradwise.descent.objective import Objective
from gradwise.descent.recorder import Recorder
from gradwise.descent.second_order import SecondOrder, attempt
from gradwise.descent.stopping import StopReason
from gradwise.descent.unbounded import UNBOUNDED

#: f above its start by this factor is a divergence whatever else is known
_CEILING = 1e8
#: steps in a row at which f must have risen
_RISES = 4
#: Hessians are looked at no more often than this
_LOOKS = 10
#: points whose steps are looked at together, of vectors up to some length and of longer ones
_SPAN, _SPAN_LONG, _LONG = 17, 6, 1 << 14
#: entries of a piece of a long vector
_PIECE = 1 << 13


class Watch:
    """What is known of the descent so far."""

    def __init__(
        self, objective: Objective, method: Method | Search, f: float, x: np.ndarray, g: np.ndarray, limits: Any
    ) -> None:
        self.objective, self.method, self.start, self.limits = objective, method, x, limits
        self.f0 = f
        single = not method.searches
        self.ceiling = abs(f) * _CEILING + _CEILING if single and math.isfinite(f) else math.inf
        # the limit of adaptive methods moves with their scaling; minibatches have no Hessian of their own
        self.has_limit = single and objective.batches is None and method.scaling(method.init(x, g)) is None
        self.eps = float(np.finfo(x.dtype).eps)
        self.details: dict[str, Any] = {}
        self.looks = 0
        self.small, self.last_small = 0, -1  # steps in a row with a small gradient, of minibatches
        self.span = _SPAN if x.size <= _LONG else _SPAN_LONG
        self.next_span = 64  # the step at which the span of the last steps is looked at again
        self.first_curvature: Curvature | None = None
        self.lowest = math.inf  # of ‖g‖∞ over earlier blocks
        self.idle = 0
        self.best: tuple[float, int, np.ndarray, np.ndarray] = (f if math.isfinite(f) else math.inf, 0, x, g)

    # ------------------------------------------------------------------------------------------------------ each step

    def judge(self, k: int, f: float, g: np.ndarray, gg: float, threshold: float, F: np.ndarray) -> StopReason | None:
        """The verdict where the gradient may be small enough, or a number is out of bounds."""
        if math.isfinite(f) and math.isfinite(gg) and f > UNBOUNDED:
            if float(np.max(np.abs(g))) <= threshold and self._every_batch_agrees(k):
                return StopReason.GRADIENT_TOLERANCE
            return StopReason.DIVERGED if f >= self.ceiling else None
        if f <= UNBOUNDED and (k or math.isfinite(f)):
            return StopReason.UNBOUNDED
        if math.isfinite(f) and np.all(np.isfinite(g)) and f < self.ceiling:
            return None  # the square overflowed, the gradient did not
        return self.failure(k - 1, F)

    def _every_batch_agrees(self, k: int) -> bool:
        """Whether gradients were small for as many steps in a row as make every batch count: one batch may have none at a point that others move away from."""
        batches = self.objective.batches
        if batches is None:
            return True
        self.small = self.small + 1 if k == self.last_small + 1 else 1
        self.last_small = k
        if batches.per_pass is None:
            return False
        return self.small >= (batches.per_pass if batches.rng is None else 2 * batches.per_pass - 1)

    def failure(self, k: int, F: np.ndarray) -> StopReason:
        """A value after step k is not finite: the end of a divergence, or of f's domain."""
        recent = F[max(k - 3, 0) : k + 1]
        grown = (
            k >= 2 and bool(np.all(np.diff(recent) > 0)) and recent[-1] > 10 * abs(float(np.min(F[: k + 1]))) + 1e-300
        )
        return StopReason.DIVERGED if grown and not self.method.searches else StopReason.NON_FINITE

    # ---------------------------------------------------------------------------------------------------- now and then

    def early(
        self, k: int, x: np.ndarray, F: np.ndarray, rate: float, last: tuple[np.ndarray, np.ndarray] | None = None
    ) -> StopReason | None:
        """Whether the rate is above the limit: f rises, or f is of constant curvature and the last steps are near the limit.

        Parameters
        ----------
        last : tuple of numpy.ndarray, optional
            The last points and gradients.
        """
        if not self.has_limit or self.looks >= _LOOKS:
            return None
        recent = F[k - _RISES : k + 1]
        rises = bool(np.all(np.diff(recent) > 0)) and recent[-1] - recent[0] > 64 * self.eps * float(
            np.max(np.abs(recent))
        )
        if not rises and (last is None or not self._near_the_limit(*last, rate)):
            return None
        self.looks += 1
        here, why = attempt(lambda: curvature_at(self._second(), x, steps=20))
        if here is None:
            self.details["curvature"] = why
            return None
        if rate * here.lambda_max_bounds[0] <= self.method.stability:
            return None
        if self.first_curvature is None:
            self.first_curvature, _ = attempt(lambda: curvature_at(self._second(), self.start, steps=20))
        first = self.first_curvature
        if first is None:
            return None
        constant = (
            abs(here.lambda_max - first.lambda_max) <= 1e-6 * here.lambda_max
            and abs(here.lambda_min - first.lambda_min) <= 1e-6 * here.lambda_max
        )
        if not constant and (not rises or here.lambda_max < 0.98 * first.lambda_max):
            return None  # the curvature changes on the way: f may turn round by itself
        self.details["unstable"] = (k, here.lambda_max)
        return StopReason.DIVERGED

    def _near_the_limit(self, X: Any, G: Any, rate: float) -> bool:
        """Whether the curvature that the last steps show together, a lower bound, is within a fifth of the limit."""
        return rate * steepest_on(X, G) > 0.8 * self.method.stability

    def _second(self) -> SecondOrder:
        return SecondOrder(self.objective)

    def block(
        self, recorder: Recorder, rows: tuple[Any, Any], k: int, x: np.ndarray, F: np.ndarray, rate: float
    ) -> StopReason | None:
        """The tests of a whole block, whose points and gradients are ``rows``: no movement, no change of f beyond rounding, growth."""
        X, G = rows
        steps = recorder.latest("step")
        norms = recorder.latest("gradient_norm")
        if steps.size and not np.any(steps > 0) and self.objective.batches is None:
            return StopReason.STEP_TOLERANCE
        values = F[k - len(norms) + 1 : k + 1]
        self.remember(values, k, X, G)
        lowest = float(np.min(norms)) if norms.size else math.inf
        spread = float(np.max(values) - np.min(values)) if values.size else math.inf
        noise = 16 * self.eps * float(np.max(np.abs(values), initial=0.0))
        # steps that promise more than f shows, to first order, jump to and fro between equal values: that is no floor
        quiet = spread <= noise and not float(np.median(np.abs(recorder.latest("slope")))) > 1e4 * noise
        # the gradient still says something after f has fallen silent: it must have stopped falling, too, for two blocks
        if quiet and lowest > 0.9 * self.lowest and self.objective.batches is None and len(norms) >= 8:
            self.idle += 1
            if self.idle == 2:
                if self.method.searches and not self.at_floor(x, float(F[k]), recorder.G[0]):
                    self.details["search"] = "f does not fall along the direction by any amount beyond its rounding"
                    return StopReason.LINE_SEARCH_FAILED
                return StopReason.F_CHANGE_BELOW_NOISE
        else:
            self.idle = 0
        self.lowest = min(self.lowest, lowest)
        if k <= 16:
            return None
        if k < self.next_span:
            return self.early(k, x, F, rate)
        self.next_span = 4 * k
        return self.early(k, x, F, rate, (X[-self.span :], G[-self.span :]))

    def remember(self, values: np.ndarray, k: int, X: Any, G: Any) -> None:
        """Keep the point with the lowest f among the last ones, which are the last rows of X and G; step k is the last."""
        finite = np.where(np.isfinite(values), values, np.inf)
        i = int(np.argmin(finite)) if len(finite) else 0
        if len(finite) and finite[i] < self.best[0]:
            row = i - len(finite)
            self.best = (float(finite[i]), k - len(finite) + 1 + i, X[row].copy(), G[row].copy())

    def at_floor(self, x: np.ndarray, f: float, g: np.ndarray) -> bool:
        """Whether f or x no longer resolve what a step can gain, so that a search fails for no fault of the gradient.

        Over √u ‖x‖, the shortest distance at which f shows curvature, the slope promises √u ‖x‖ ‖g‖: within the rounding of f nothing is left to gain.  Nor is
        it where the Newton step ‖g‖/L is within the rounding of x.
        """
        size, reach = length(g), max(1.0, length(x))
        if size == 0 or math.sqrt(self.eps) * reach * size <= 100 * noise_of(f, g.dtype):
            return True
        there = self.objective.try_evaluate(x - (math.sqrt(self.eps) * reach / size) * g)
        if there is None:
            return False
        L = length(there[1] - g) / (math.sqrt(self.eps) * reach)
        return size <= 32 * self.eps * L * reach


def steepest_on(X: Any, G: Any) -> float:
    """The largest Ritz value of the Hessian on the span of the steps Δx, from their Δg = H Δx alone.

    A single ratio ‖Δg‖/‖Δx‖ shows the direction that the path moves along; a direction in which it moves a thousand times less is
    hidden in it, and shows in the span of several steps, which is that of Lanczos' method.  The products of steps with each other are of squared condition: combinations
    shorter than 10⁻⁶ of the longest are left out.
    """
    count, n = len(X) - 1, len(X[0])
    steps, changes = np.zeros((count, count)), np.zeros((count, count))
    room = np.empty((2, count, min(n, _PIECE)))
    with np.errstate(all="ignore"):
        for a in range(0, n, _PIECE):  # long vectors piece by piece: fresh memory costs more than arithmetic
            differences = room[:, :, : min(_PIECE, n - a)]
            for rows, place in zip((X, G), differences, strict=True):
                for i in range(count):
                    np.subtract(rows[i + 1][a : a + _PIECE], rows[i][a : a + _PIECE], out=place[i], dtype=np.float64)
            dX, dG = differences
            steps += np.vecdot(dX[:, None], dX)
            changes += np.vecdot(dX[:, None], dG)
        sizes = np.sqrt(np.diag(steps))
        moved = (sizes > 0) & np.isfinite(sizes) & np.all(np.isfinite(changes), axis=0)
        if not np.any(moved):
            return 0.0
        scale = np.outer(sizes[moved], sizes[moved])
        steps, changes = steps[np.ix_(moved, moved)] / scale, changes[np.ix_(moved, moved)] / scale
        values, vectors = np.linalg.eigh(steps)
        kept = values > 1e-12 * values[-1]
        basis = vectors[:, kept] / np.sqrt(values[kept])
        projected = basis.T @ changes @ basis
        return float(np.linalg.eigvalsh((projected + projected.T) / 2)[-1]) if np.all(np.isfinite(projected)) else 0.0
