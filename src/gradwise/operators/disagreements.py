"""What is said where a function does something else under the trace than it does plainly."""

from __future__ import annotations

from typing import Any

from gradwise.errors import TracingError
from gradwise.operators.arguments import function_label


class Disagreement(TracingError):
    """What a function does under the trace is not what it does plainly."""


CURE = (
    "The two must agree. Either a value left the trace unseen, or was found by decisions (bisection, a table that is searched), of which no derivative comes: take one step of Newton's method "
    "from it, or scipy.optimize.brentq; or the function does not depend on its arguments alone (a random draw, a counter, a file): "
    'pass the random numbers as an argument, use method="numerical", or report this with the function'
)

_CURE_OF_HIGHER = (
    "The two must agree. A number that was found by decisions (bisection, a search for the least value), or kept from an earlier call, has no derivative of its own: one step of Newton's method from it gives the first derivative, "
    'two steps the second and third. Take more steps from it, use scipy.optimize (brentq, root, minimize_scalar), method="numerical", or report this with the function'
)


def told(function: Any, order: int, exact: float, value: float, error: float) -> str:
    """The two derivatives, and what may be done."""
    return (
        f"the derivative {f'of order {order} ' if order > 1 else ''}of {function_label(function)} along a fixed random direction is {exact!r} by its trace and {value!r} numerically "
        f"(error bound {error:.2g}). {CURE if order == 1 else _CURE_OF_HIGHER}"
    )
