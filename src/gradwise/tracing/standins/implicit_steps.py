r"""Steps of the implicit scheme Radau IIA of order 5, recorded, for stiff systems.

.. math:: z_i = h \textstyle\sum_j a_{ij} f(t + c_j h, y + z_j), \qquad y(t + h) = y + z_3

The stages of a step are a root, and are differentiated as one: by Newton's steps with the exact Jacobian (``operators/implicit.py``), which gives derivatives up to the third.

References
----------
Hairer & Wanner (1996), Solving Ordinary Differential Equations II, section IV.5, table 5.6.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.collocation import MATRIX, STAGES
from gradwise.tracing.roots import differentiated
from gradwise.tracing.standins.runge_kutta import Path, TooManyStepsError, noting

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradwise.tracing.standins.runge_kutta import RightHandSide

#: from the stages to the coefficients of the polynomial through 0 and them
_POLYNOMIAL = np.linalg.inv(STAGES[:, None] ** np.arange(1, 4))

#: how many are recorded
MAXIMAL_STEPS = 3000
#: the relative tolerance of the steps
_TOLERANCE = 1e-7


class ImplicitStep:
    """One step from (t, y) of length h, near whose stages are the plain ones given."""

    def __init__(self, function: RightHandSide, t: float, h: float, y: Any, stages: np.ndarray) -> None:
        self.t, self.h, self.y = t, h, y

        def residual(z: Any) -> Any:
            slopes = [function(t + c * h, y + z[i]) for i, c in enumerate(STAGES.tolist())]
            return z - h * np.tensordot(MATRIX, np.stack(slopes), 1)

        self.stages = differentiated[1](residual, stages, ())
        self.end = y + self.stages[2]

    def inside(self, times: np.ndarray) -> Any:
        """The states at times within the step, a row each, by the polynomial through its stages."""
        x = (times - self.t) / self.h
        return self.y + np.tensordot(x[:, None] ** np.arange(1, 4) @ _POLYNOMIAL, self.stages, 1)


class ImplicitPath(Path):
    """The recorded implicit steps along given times; ``guess`` is a plain solution near them."""

    is_implicit = True

    def __init__(self, function: RightHandSide, times: list[float], start: Any, guess: Callable[..., Any]) -> None:
        self.times = times
        self.start = start
        self.function = function
        self.guess = guess
        self.steps: list[Any] = []
        y = start
        for t, after in itertools.pairwise(times):
            h = after - t
            stages = (guess(t + STAGES * h) - guess(t)[:, None]).T
            step = ImplicitStep(function, t, h, y, stages)
            self.steps.append(step)
            y = step.end


def implicit_times(
    function: Callable[..., Any],
    span: tuple[float, float],
    y0: np.ndarray,
    wanted: Any,
    rtol: Any,
    atol: Any,
    **options: Any,
) -> tuple[list[float], Any]:
    """The times of SciPy's Radau steps at a tight tolerance with the wanted times among them, and its solution.

    Raises
    ------
    TooManyStepsError
        If there are too many, or if SciPy does not reach the end.
    """
    times: list[float] = []
    method = noting(scipy.integrate.Radau, times, MAXIMAL_STEPS)
    found = scipy.integrate.solve_ivp(
        function,
        span,
        y0,
        method=method,
        rtol=min(_TOLERANCE, float(np.min(rtol))),
        atol=np.minimum(atol, 1e-3 * np.asarray(atol) + 1e-12),
        dense_output=True,
        **options,
    )
    if found.status != 0:
        raise TooManyStepsError
    low, high = min(span), max(span)
    every = sorted({*times, *[float(t) for t in np.ravel(wanted) if low <= t <= high]}, reverse=span[1] < span[0])
    return every, found.sol
