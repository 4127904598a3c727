"""The names of causes: one member, one sentence, one remedy.  Fixed: scripts and tests rely on them."""

from __future__ import annotations

import enum


class Cause(enum.StrEnum):
    """What may be wrong with a claimed derivative.

    Attributes
    ----------
    sentence : str
        What was found.
    remedy : str
        Where to look in the code.

    Examples
    --------
    >>> from gradwise.checking import Cause
    >>> Cause.SIGN_FLIP == "sign flip"
    True
    >>> Cause.SIGN_FLIP.remedy
    'Look for a minus that was lost or doubled, for example in the derivative of cos, of 1/x or of a residual.'
    """

    MISSING_FACTOR_2 = "missing factor 2"
    EXTRA_FACTOR_2 = "extra factor 2"
    CONSTANT_FACTOR = "constant factor"
    SIGN_FLIP = "sign flip"
    MISSING_1_N = "missing 1/n"
    EXTRA_1_N = "extra 1/n"
    WRONG_LOG_BASE = "wrong log base"
    DEGREES = "degrees vs radians"
    TRANSPOSED = "transposed"
    PERMUTED = "permuted entries"
    INDEX_SHIFT = "index shift"
    ONE_ENTRY = "one entry wrong"
    BLOCK = "a block wrong"
    BRANCH = "a branch wrong"
    TERM_IN_X = "term proportional to x"
    CONSTANT_OFFSET = "constant offset"
    WRONG_AXIS = "sum over the wrong axis"
    BROADCAST = "broadcast not summed"
    WRONG_POWER = "wrong power of x"
    INNER = "missing inner derivative"
    PRODUCT_RULE = "product rule term missing"
    QUOTIENT_SIGN = "quotient rule sign"
    DETACHED = "detached (all zero)"
    ANOTHER_POINT = "evaluated at another point"
    TRUNCATION = "integer truncation"
    LOW_PRECISION = "low precision"
    SMALL_ERROR = "small systematic error"
    NON_DETERMINISTIC = "non-deterministic"
    MODIFIES_INPUT = "modifies its input"
    WRONG_SHAPE = "wrong shape"
    NON_FINITE = "non-finite"
    UNKNOWN = "unknown"

    @property
    def sentence(self) -> str:
        """What was found, in one sentence."""
        return _TEXT[self][0]

    @property
    def remedy(self) -> str:
        """Where to look, in one sentence."""
        return _TEXT[self][1]


_TEXT = {
    Cause.MISSING_FACTOR_2: (
        "The claimed derivative is half the true one.",
        "Look for a square whose derivative lost its 2.",
    ),
    Cause.EXTRA_FACTOR_2: (
        "The claimed derivative is twice the true one.",
        "Look for a ½ in the function that the derivative forgot, or a term that is added twice.",
    ),
    Cause.CONSTANT_FACTOR: (
        "The claimed derivative is the true one times a constant.",
        "Look for a coefficient that appears in one of the two only.",
    ),
    Cause.SIGN_FLIP: (
        "The claimed derivative is the negative of the true one.",
        "Look for a minus that was lost or doubled, for example in the derivative of cos, of 1/x or of a residual.",
    ),
    Cause.MISSING_1_N: (
        "The claimed derivative is n times the true one, for a length n of the data.",
        "Divide by n: the function takes a mean, the derivative a sum.",
    ),
    Cause.EXTRA_1_N: (
        "The claimed derivative is the true one divided by n, for a length n of the data.",
        "Drop the division: the function takes a sum, the derivative a mean.",
    ),
    Cause.WRONG_LOG_BASE: (
        "The ratio is the logarithm of one base in another.",
        "Check log, log2 and log10: (log2 x)' = 1/(x ln 2), (log10 x)' = 1/(x ln 10).",
    ),
    Cause.DEGREES: (
        "Degrees and radians are mixed up: π/180 is missing or too much.",
        "Write sin(x π/180)' = π/180 · cos(x π/180).",
    ),
    Cause.TRANSPOSED: (
        "The claimed derivative is the transpose of the true one.",
        "Swap the two axes, or the order of the factors of an outer product.",
    ),
    Cause.PERMUTED: (
        "The claimed derivative has the right numbers in other places.",
        "Check the order of the entries: reversed, sorted, Fortran instead of C order, or two swapped.",
    ),
    Cause.INDEX_SHIFT: (
        "The claimed derivative has the right numbers, shifted along an axis.",
        "Check the indices for an off-by-one.",
    ),
    Cause.ONE_ENTRY: (
        "One entry is wrong and all others are right.",
        "Check the formula of that entry, or the first and last turn of the loop.",
    ),
    Cause.BLOCK: (
        "A block of entries (an argument, a row, a range) is wrong and all others are right.",
        "Check the formula of that block.",
    ),
    Cause.BRANCH: (
        "The entries on one side of a threshold are wrong and all others are right.",
        "Check the derivative of that branch (a where, an if, a clip).",
    ),
    Cause.TERM_IN_X: (
        "The difference is proportional to x (or to its sign).",
        "Check the regulariser: counted twice, missing, or with another weight.",
    ),
    Cause.CONSTANT_OFFSET: (
        "The difference is the same number in every entry.",
        "Look for a linear term that is missing or too much.",
    ),
    Cause.WRONG_AXIS: (
        "A sum runs over another axis than it should.",
        "Check the axis= of the sums in the derivative.",
    ),
    Cause.BROADCAST: (
        "An argument that was broadcast gets the derivative of one copy, or of each, and not their sum.",
        "Sum over the axes along which the argument was broadcast.",
    ),
    Cause.WRONG_POWER: (
        "The ratio is a power of x.",
        "Check the exponent: (x^k)' = k x^(k-1).",
    ),
    Cause.INNER: (
        "The chain rule stops early: the derivative of an inner (or outer) function is missing.",
        "Multiply by the derivative of the sub-expression.",
    ),
    Cause.PRODUCT_RULE: (
        "A term of a product's derivative is missing.",
        "Write (u v)' = u' v + u v'.",
    ),
    Cause.QUOTIENT_SIGN: (
        "The second term of a quotient's derivative has the wrong sign.",
        "Write (u / v)' = (u' v - u v') / v².",
    ),
    Cause.DETACHED: (
        "The claimed derivative, or a part of it, is zero where the true one is not.",
        "Look for a value that left the computation (a copy, a detach, an integer), or an array that was never filled.",
    ),
    Cause.ANOTHER_POINT: (
        "The claimed derivative is the true one at another point.",
        "Check which x the derivative reads: updated too early, kept from the last call, scaled or clipped.",
    ),
    Cause.TRUNCATION: (
        "Numbers were cut to integers.",
        "Use floating-point arrays: zeros_like of an integer array, //, int() and astype(int) cut.",
    ),
    Cause.LOW_PRECISION: (
        "The claimed derivative was computed, stored or rounded with few digits.",
        "Compute in float64.",
    ),
    Cause.SMALL_ERROR: (
        "The claimed derivative is off by a small relative error, larger than any rounding.",
        "Look for a finite difference, a loose solver tolerance, an epsilon, or a constant with few digits.",
    ),
    Cause.NON_DETERMINISTIC: (
        "Two calls with the same argument give different results.",
        "Fix the random seed, or pass the random numbers in; look for state that a call changes.",
    ),
    Cause.MODIFIES_INPUT: (
        "A call changes the array that it was given.",
        "Copy the argument first, or write x = x * 2 instead of x *= 2.",
    ),
    Cause.WRONG_SHAPE: (
        "The claimed derivative does not have the shape it must have.",
        "Return one number for each entry of x, in the shape of x.",
    ),
    Cause.NON_FINITE: (
        "The claimed derivative is NaN or infinite where the true one is finite.",
        "Look for 0/0, log 0 or an overflow; where() computes both of its branches.",
    ),
    Cause.UNKNOWN: (
        "No known mistake explains the differences.",
        "Look at the worst entry, and check a simpler function.",
    ),
}
