"""Why a descent ended: one enumeration for every method, a sentence and a remedy for each member.  Fixed: scripts rely on the names."""

from __future__ import annotations

import enum


class StopReason(enum.StrEnum):
    """Why a descent ended.

    Attributes
    ----------
    sentence : str
        What happened.
    remedy : str
        What to do next.
    success : bool
        Whether a tolerance was met.
    code : int
        ``status`` of the result: 0 for success, a number of its own for each other reason.

    Examples
    --------
    >>> from gradwise.descent import StopReason
    >>> StopReason.GRADIENT_TOLERANCE.sentence
    'The gradient is within the tolerance.'
    >>> StopReason("max_iterations").remedy
    'Raise maxiter, or take a larger learning rate or a faster method; report.rate says how many more steps are needed.'
    """

    GRADIENT_TOLERANCE = "gradient_tolerance"
    STEP_TOLERANCE = "step_tolerance"
    F_CHANGE_BELOW_NOISE = "f_change_below_noise"
    MAX_ITERATIONS = "max_iterations"
    MAX_TIME = "max_time"
    DIVERGED = "diverged"
    UNBOUNDED = "unbounded"
    NON_FINITE = "non_finite"
    LINE_SEARCH_FAILED = "line_search_failed"
    CALLBACK = "callback"
    DATA_EXHAUSTED = "data_exhausted"
    SOLVER_CONVERGED = "solver_converged"
    SOLVER_FAILED = "solver_failed"
    NOT_STATED = "not_stated"

    @property
    def sentence(self) -> str:
        """What happened, in one sentence."""
        return _TEXT[self][0]

    @property
    def remedy(self) -> str:
        """What to do next, in one sentence."""
        return _TEXT[self][1]

    @property
    def success(self) -> bool:
        """Whether a tolerance was met."""
        return self in _SUCCESS

    @property
    def code(self) -> int:
        """0 for success, a number of its own for each other reason."""
        return 0 if self.success else 1 + [reason for reason in StopReason if not reason.success].index(self)


_TEXT = {
    StopReason.GRADIENT_TOLERANCE: (
        "The gradient is within the tolerance.",
        "Nothing to do; report.end_point says what kind of point it is.",
    ),
    StopReason.STEP_TOLERANCE: (
        "The steps are too short to move the point any further.",
        "If the gradient is still large, take a larger learning rate; otherwise x is as exact as its precision allows.",
    ),
    StopReason.F_CHANGE_BELOW_NOISE: (
        "f changes by less than its own rounding error, and the gradient falls no further.",
        "x is as good as this precision allows; rescale f, write it with less cancellation, or use float64 for more.",
    ),
    StopReason.MAX_ITERATIONS: (
        "The number of steps that was allowed is used up.",
        "Raise maxiter, or take a larger learning rate or a faster method; report.rate says how many more steps are needed.",
    ),
    StopReason.MAX_TIME: (
        "The time that was allowed is used up.",
        "Raise max_time, or take a faster method.",
    ),
    StopReason.DIVERGED: (
        "The steps overshoot, and f grows or will grow: the learning rate is above the stable limit.",
        "Take the smaller learning rate that the report names, or learning_rate='auto'.",
    ),
    StopReason.UNBOUNDED: (
        "f falls without bound, as far as it was followed.",
        "Check the sign of f, or add a constraint or a regulariser: no minimum is in sight in this direction.",
    ),
    StopReason.NON_FINITE: (
        "f or its gradient is not finite, or cannot be computed, at the next point.",
        "Look at the line that the report names: keep its argument within its domain, or take smaller steps.",
    ),
    StopReason.LINE_SEARCH_FAILED: (
        "No step along the search direction lowers f as it should.",
        "The report names the cause: a wrong gradient, a kink, the rounding floor, or a direction that does not descend.",
    ),
    StopReason.CALLBACK: (
        "The callback asked to stop.",
        "Nothing to do.",
    ),
    StopReason.DATA_EXHAUSTED: (
        "The batches ran out: data can be iterated only once.",
        "Pass a list of batches, or an object whose __iter__ starts anew.",
    ),
    StopReason.SOLVER_CONVERGED: (
        "The solver's own criterion is met.",
        "Nothing to do; report.end_point says what kind of point it is.",
    ),
    StopReason.SOLVER_FAILED: (
        "The solver gave up without meeting its criterion.",
        "Read its message; report.end_point and report.curvature say what the point is like.",
    ),
    StopReason.NOT_STATED: (
        "The trace ends here; it does not say why.",
        "Compare the gradient norm at the end with the tolerance that you need.",
    ),
}
_SUCCESS = frozenset(
    {
        StopReason.GRADIENT_TOLERANCE,
        StopReason.STEP_TOLERANCE,
        StopReason.F_CHANGE_BELOW_NOISE,
        StopReason.SOLVER_CONVERGED,
    }
)
