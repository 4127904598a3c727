"""Every exception and warning that a user of gradwise can meet.

The tree::

    GradwiseError
    ├── TracingError               a value left the trace where its derivative would be lost
    ├── InputError                 an argument that cannot be differentiated (also a TypeError and ValueError)
    ├── OutputError                the function returned something that the operator cannot use (also a TypeError)
    ├── RuleError                  a custom rule that does not fit its function (also a TypeError)
    ├── SingularPointError         the derivative does not exist, or is not determined, at this point
    │                              (also an ArithmeticError)
    ├── StaleProgramError          a function that was promised to be pure is not
    └── ProgramError               a malformed program: a bug in gradwise, found by the checker

    GradwiseWarning (UserWarning)
    ├── KinkWarning                a convention was used at a kink that carries a non-zero cotangent
    └── NumericalFallbackWarning   a derivative was computed numerically, with its reason and bound

A message says what was done (with the value and the argument's name), what is required, and what to write instead.
"""

from __future__ import annotations


class GradwiseError(Exception):
    """Base class of every error that gradwise raises on purpose."""


class TracingError(GradwiseError):
    """A value left the trace where its derivative would be lost.

    Wrong::

        def f(x):
            return math.exp(x[0])          # math.exp turns the traced number into a plain float

    Cure: use ``np.exp(x[0])``, which records the operation.

    Attributes
    ----------
    filename, lineno : str or None, int or None
        The line of the user's code at which the value escaped.
    """

    def __init__(self, message: str, filename: str | None = None, lineno: int | None = None) -> None:
        self.filename = filename
        self.lineno = lineno
        if filename is not None:
            message = f"{message}\n  at {filename}:{lineno}"
        super().__init__(message)


class InputError(GradwiseError, TypeError, ValueError):
    """An argument has a type, dtype, shape or structure that cannot be differentiated.

    Wrong: ``gw.grad(f)(np.array(["a", "b"]))``.  Cure: pass real or complex numbers.

    Attributes
    ----------
    is_of_function : bool
        Whether the function itself raised at the point; its error is the cause of this one.
    """

    is_of_function = False


class OutputError(GradwiseError, TypeError):
    """The function returned something that the operator cannot use.

    Wrong: ``gw.grad(lambda x: x * 2)(np.ones(3))``, a gradient of a non-scalar output.
    Cure: ``gw.jacobian``.
    """


class RuleError(GradwiseError, TypeError):
    """A rule given through ``gw.custom_rule`` does not fit its function (shapes, count, linearity)."""


class SingularPointError(GradwiseError, ArithmeticError):
    """The derivative does not exist, or is not determined by the chain rule, at this point.

    Wrong: ``gw.grad(lambda x: np.sqrt(np.abs(x)))(0.0)``, where 0 · ∞ meets in the chain rule and neither a known form
    nor the limit of the slopes around the point resolves it.  Cure: move off the point, or rewrite the expression.

    Attributes
    ----------
    filename, lineno : str or None, int or None
        The line of the user's code on which the infinite slope arises, if known.
    """

    def __init__(self, message: str, filename: str | None = None, lineno: int | None = None) -> None:
        self.filename = filename
        self.lineno = lineno
        if filename is not None:
            message = f"{message}\n  at {filename}:{lineno}"
        super().__init__(message)


class StaleProgramError(GradwiseError):
    """A function that was promised to be pure did something else than its program, on the same arguments.

    Wrong::

        g = gw.compile(lambda x: x * random.random())

    Cure: pass what changes as an argument, or do without the promise.
    """


class ProgramError(GradwiseError):
    """A program is malformed.  This is a bug in gradwise, found by its own checker."""


class GradwiseWarning(UserWarning):
    """Base class of every warning of gradwise."""


class KinkWarning(GradwiseWarning):
    """A convention was used at a kink (abs at 0, a tie in max, …) that the result depends on."""


class NumericalFallbackWarning(GradwiseWarning):
    """A derivative was computed numerically; the message gives the reason, the line and the error bound."""
