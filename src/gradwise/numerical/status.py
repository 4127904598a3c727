"""What a numerical derivative found out about the function: one member, one sentence, one remedy.

A status is a ``str``, so ``estimate.status == "kink"`` works and ``json.dumps`` writes it as it is.
``Status.trusted`` tells whether ``value ± error`` is a statement about the derivative; where it is False the derivative
does not exist at x, or could not be told from the evaluations that were made.
"""

from __future__ import annotations

import enum


class Status(enum.StrEnum):
    """The outcome of one numerical derivative.

    Attributes
    ----------
    sentence : str
        What was found.
    remedy : str
        What the caller can do about it.
    trusted : bool
        True where ``error`` bounds the distance between ``value`` and the derivative.

    Examples
    --------
    >>> from gradwise.numerical import Status, derivative
    >>> derivative(abs, 0.0).status is Status.KINK
    True
    >>> Status.KINK.trusted
    False
    """

    OK = "ok"
    NOISY = "noisy"
    LOW_PRECISION = "low_precision"
    QUANTISED = "quantised"
    ONE_SIDED = "one_sided"
    KINK = "kink"
    JUMP = "jump"
    NOT_DIFFERENTIABLE = "not_differentiable"
    NON_FINITE = "non_finite"
    UNDECIDED = "undecided"

    @property
    def sentence(self) -> str:
        """What was found, in one sentence."""
        return _TEXT[self][0]

    @property
    def remedy(self) -> str:
        """What to do about it, in one sentence."""
        return _TEXT[self][1]

    @property
    def trusted(self) -> bool:
        """Whether ``error`` bounds the distance between ``value`` and the derivative."""
        return self in _TRUSTED


_TRUSTED = frozenset({Status.OK, Status.NOISY, Status.LOW_PRECISION, Status.QUANTISED, Status.ONE_SIDED})

_TEXT = {
    Status.OK: (
        "The derivative was found; the error bound comes from its convergence and from rounding.",
        "Nothing to do.",
    ),
    Status.NOISY: (
        "The function carries noise far above rounding; the step was chosen to balance it.",
        "Reduce the noise (tighter solver tolerance, fixed random seed) if the error bound is too wide.",
    ),
    Status.LOW_PRECISION: (
        "The function computes in single or half precision, although float64 goes in.",
        "Compute in float64 inside the function if the error bound is too wide.",
    ),
    Status.QUANTISED: (
        "The output moves in steps (rounded or counted values); the value is the slope of its trend.",
        "Return the value before it is rounded, if there is one.",
    ),
    Status.ONE_SIDED: (
        "The function is defined on one side of x only (a bound, NaN or an exception); this is its one-sided derivative.",
        "Move x into the interior, or widen bounds, if a two-sided derivative is meant.",
    ),
    Status.KINK: (
        "The left and the right slope differ: the function has a kink at x and no derivative there.",
        "Use `left` and `right`; any number between them is a subgradient of a convex kink.",
    ),
    Status.JUMP: (
        "The function jumps at x: it has no derivative there.",
        "Move x off the jump, or use the slope of the branch that is meant (`left`, `right`).",
    ),
    Status.NOT_DIFFERENTIABLE: (
        "The slopes grow without limit, or never settle, as the step shrinks.",
        "Move x off the singular point, or change variables so that the slope is finite.",
    ),
    Status.NON_FINITE: (
        "The function is not finite at x, or has no values around it: NaN, exceptions, or bounds that leave no room.",
        "Choose an x around which the function is finite, or widen bounds. x keeps its type: give `float(x)` to a function that asks for a float.",
    ),
    Status.UNDECIDED: (
        "The evaluations contradict one another at every step that was tried.",
        "Look at `estimate.plot()`; rescale x, or smooth the function.",
    ),
}
