r"""Explicit Runge-Kutta steps, recorded: the same formulas as SciPy's RK23, RK45 and DOP853, at steps that are given.

.. math:: k_i = f\bigl(t + c_i h,\ y + h \textstyle\sum_j a_{ij} k_j\bigr), \qquad y(t + \theta h) \approx y + h \textstyle\sum_i w_i(\theta)\, k_i

Every state that is asked for, at the end of a step or inside it, is such a sum; the weights are numbers.  A state at a time that is traced is the state at its plain value, moved by one step of order 8 and length
zero: its first eight derivatives by that time are exact.
"""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.rules.products import combination
from gradwise.tracing.arithmetic import _innermost, plain
from gradwise.tracing.functions.operands import as_array, carries
from gradwise.tracing.traced import apply, dtype_of, isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradwise.tracing.standins.plain_callbacks import Callback


class RightHandSide:
    """The traced right-hand side f(t, y) as arrays of the state's shape and dtype."""

    def __init__(self, callback: Callback, dtype: Any, *, vectorized: bool = False, time_last: bool = False) -> None:
        self.callback = callback
        self.dtype = dtype
        self.vectorized = vectorized
        self.time_last = time_last
        #: the function (t, y) as it is called without a trace, if that is proved to leave nothing behind
        self.proved: Callable[[Any, Any], Any] | None = None

    def __call__(self, t: Any, y: Any) -> Any:
        if self.time_last:
            result = self.callback.traced(y, t)
        else:
            result = self.callback.traced(t, y[:, None] if self.vectorized else y)
        result = as_array(result)
        shape = np.shape(plain(y))
        if self.vectorized:
            result = np.reshape(result, shape)
        if np.shape(plain(result)) != shape:
            result = np.broadcast_to(result, shape)
        if dtype_of(plain(result)) != self.dtype:
            result = result.astype(self.dtype)
        # the function may fill the same array at every call
        return result.frozen() if isinstance_traced(result) else np.array(result)

    def plainly(self, t: Any, y: Any) -> np.ndarray:
        """The plain result at plain values, for SciPy's solvers."""
        if self.proved is not None:
            return self.proved(t, y)
        if self.time_last:
            return self.callback(y, t)
        return np.ravel(self.callback(t, y[:, None])) if self.vectorized else self.callback(t, y)


def advanced(y: Any, h: Any, weights: Any, slopes: list[Any]) -> Any:
    """The state y + h Σ w_i k_i, in one operation where h is a number."""
    used = [(w, k) for w, k in zip(np.asarray(weights).tolist(), slopes) if w != 0.0]
    if isinstance_traced(h):
        return functools.reduce(lambda state, term: state + (h * term[0]) * term[1], used, y)
    operands = [y, *[k for _, k in used]]
    factors = (1.0, *[float(h) * w for w, _ in used])
    trace = _innermost(*operands)
    if trace is None:
        return combination.value(*operands, factors)
    dtype = dtype_of(plain(y))
    if any(
        dtype_of(plain(k)) != dtype for _, k in used
    ):  # a function that gave another type is converted to the state's
        dtype = np.result_type(*[plain(o) for o in operands])
    return apply(trace, combination, operands, (factors,), None, dtype)


class Step:
    """One step from (t, y) of length h with the slopes of its stages, the first of which is given."""

    def __init__(self, scheme: Any, function: RightHandSide, t: float, h: float, y: Any, slope: Any) -> None:
        self.scheme, self.function = scheme, function
        self.t, self.h, self.y = t, h, y
        n = scheme.n_stages
        self.slopes = [slope]
        for i in range(1, n):
            self._stage(scheme.A[i, :i], scheme.C[i])
        self.end = advanced(y, h, scheme.B, self.slopes)
        self.slopes.append(function(t + h, self.end))

    def _stage(self, weights: np.ndarray, c: float) -> None:
        self.slopes.append(self.function(self.t + c * self.h, advanced(self.y, self.h, weights, self.slopes)))

    def inside(self, times: np.ndarray) -> list[Any]:
        """The states at times within the step, a row each, by SciPy's interpolation."""
        x = (times - self.t) / self.h
        if not hasattr(self.scheme, "D"):
            powers = np.cumprod(np.tile(x[:, None], self.scheme.P.shape[1]), axis=1)
            return self._rows(powers @ self.scheme.P.T)
        if len(self.slopes) == self.scheme.n_stages + 1:
            for a, c in zip(self.scheme.A_EXTRA, self.scheme.C_EXTRA, strict=True):
                self._stage(a[: len(self.slopes)], c)
        count = len(self.slopes)
        step, first, last = np.zeros(count), np.zeros(count), np.zeros(count)
        step[: self.scheme.n_stages] = self.scheme.B
        first[0] = last[self.scheme.n_stages] = 1.0
        rows = [step, first - step, 2 * step - last - first, *self.scheme.D]
        # Hermite's basis: x, x (1 − x), x² (1 − x), …
        basis = np.cumprod([x if i % 2 == 0 else 1 - x for i in range(len(rows))], axis=0)
        return self._rows(basis.T @ np.array(rows))

    def _rows(self, weights: np.ndarray) -> list[Any]:
        return [advanced(self.y, self.h, row, self.slopes) for row in weights]


class CLASSICAL:
    """Kutta's scheme: derivatives up to the fourth are exact, of which a root's reach to the third."""

    n_stages = 4
    A = np.array([[0, 0, 0], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 1]])
    B = np.array([1, 2, 2, 1]) / 6
    C = np.array([0, 0.5, 0.5, 1])


def moved(function: RightHandSide, t: Any, y: Any, h: Any, scheme: Any = None) -> Any:
    """The state after a traced time h, which is zero, by the scheme of order 8 unless another one is given."""
    scheme = scheme or scipy.integrate.DOP853
    slopes: list[Any] = [function(t, y)]
    for i in range(1, scheme.n_stages):
        slopes.append(function(t + scheme.C[i] * h, advanced(y, h, scheme.A[i, :i], slopes)))
    return advanced(y, h, scheme.B, slopes)


class Path:
    """The recorded steps along given times.

    Attributes
    ----------
    start : array
        The state at the first of the times.
    steps : list of Step
    """

    is_implicit = False
    #: the plain solution near implicit steps
    guess: Any = None

    def __init__(self, scheme: Any, function: RightHandSide, times: list[float], start: Any) -> None:
        self.times = times
        self.start = start
        self.function = function
        self.steps: list[Step] = []
        y = start
        slope = function(times[0], start) if len(times) > 1 else None
        for t, after in itertools.pairwise(times):
            step = Step(scheme, function, t, after - t, y, slope)
            self.steps.append(step)
            y, slope = step.end, step.slopes[scheme.n_stages]

    @property
    def states(self) -> list[Any]:
        """The states at its times."""
        return [self.start, *[s.end for s in self.steps]]

    @property
    def is_traced(self) -> bool:
        """Whether its states carry a derivative."""
        return bool(self.steps) and isinstance_traced(self.steps[-1].end) and carries(self.steps[-1].end)

    def table(self, times: np.ndarray) -> Any:
        """The states at plain times, a row each."""
        return np.stack(self.at(times))

    def at(self, times: np.ndarray) -> list[Any]:
        """The states at plain times, in order."""
        found: list[Any] = [None] * len(times)
        direction = 1.0 if self.times[-1] >= self.times[0] else -1.0
        ends = direction * np.array(self.times)
        places = np.searchsorted(ends, direction * times, side="left")
        inner: dict[int, list[int]] = {}
        for i, place in enumerate(places.tolist()):
            if place < len(ends) and self.times[place] == times[i]:
                found[i] = self.start if place == 0 else self.steps[place - 1].end
            else:
                inner.setdefault(min(max(place, 1), len(self.steps)), []).append(i)
        for place, wanted in inner.items():
            rows = self.steps[place - 1].inside(times[wanted])
            for k, i in enumerate(wanted):
                found[i] = rows[k]
        return found


class TooManyStepsError(Exception):
    """An explicit scheme needs more steps than are recorded: the system is stiff."""


#: how many are recorded
MAXIMAL_STEPS = 10_000


def noting(method: Any, times: list[float], limit: int | None = None, states: list[Any] | None = None) -> Any:
    """SciPy's solver, noting the times at which its steps end, and the states there."""

    class Noting(method):
        def step(self) -> Any:
            if not times:
                times.append(float(self.t))
                if states is not None:
                    states.append(self.y)
            message = super().step()
            if self.status != "failed" and self.t != times[-1]:
                times.append(float(self.t))
                if states is not None:
                    states.append(self.y)
            if limit is not None and len(times) > limit:
                raise TooManyStepsError
            return message

    Noting.__name__ = method.__name__
    return Noting


def _noting_stiffness(times: list[float], limit: int) -> Any:
    """DOP853, which gives up where stability and not accuracy limits its steps, by Hairer's test."""

    class Noting(noting(scipy.integrate.DOP853, times, limit)):  # type: ignore[misc]
        stiff = calm = 0

        def step(self) -> Any:
            message = super().step()
            if self.status != "failed" and self.y_old is not None:
                # two states at the end of the step and their slopes give the largest eigenvalue
                apart = self.y - self.y_old - self.h_previous * (self.A[11, :11] @ self.K[:11])
                size = np.linalg.norm(apart)
                rate = np.linalg.norm(self.K[12] - self.K[11])
                if size and abs(self.h_previous) * rate > _STABLE * size:
                    self.stiff, self.calm = self.stiff + 1, 0
                    if self.stiff == 15:
                        raise TooManyStepsError
                else:
                    self.calm += 1
                    self.stiff = 0 if self.calm > 5 else self.stiff
            return message

    return Noting


#: where the scheme of order 8 ceases to be stable: Hairer, Nørsett & Wanner (1993), Solving Ordinary Differential Equations I, appendix
_STABLE = 6.1


def tight_times(
    function: Callable[..., Any], span: tuple[float, float], y0: np.ndarray, rtol: Any, atol: Any, limit: int
) -> list[float]:
    """The times of the steps that DOP853 takes at a tight tolerance, at most ``limit``.

    Raises
    ------
    TooManyStepsError
        If there are more, or if SciPy does not reach the end: the system is stiff.
    """
    times: list[float] = []
    method = _noting_stiffness(times, min(limit, MAXIMAL_STEPS))
    size = float(np.max(np.abs(y0), initial=0.0)) or 1.0
    found = scipy.integrate.solve_ivp(
        function,
        span,
        y0,
        method=method,
        rtol=max(min(1e-10, float(np.min(rtol))), 1e-13),
        atol=np.minimum(atol, 1e-10 * size),
    )
    if found.status != 0:
        raise TooManyStepsError
    return times
