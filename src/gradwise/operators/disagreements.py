"""What is said where a function does something else under the trace than it does plainly."""

from __future__ import annotations

from typing import Any

from gradwise.errors import TracingError
from gradwise.operators.arguments import function_label
from gradwise.tracing.text import ELSEWHERE


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


def lost(function: Any, watch: Any) -> str:
    """That a value has no derivative which was looked up, or came from elsewhere, and where."""
    name = function_label(function)
    for effect in () if watch is None else watch.effects:
        if effect.startswith(ELSEWHERE):
            place = effect[len(ELSEWHERE) + 2 : -1]
            return (
                f"{name} reads a number from a text that another process may have computed of its arguments ({place}), and of that there is no derivative. "
                'Compute it in Python, give the call a rule of its own (gw.custom_rule), or use method="numerical"'
            )
    return (
        f"the value of {name} does not depend on its arguments by its trace as it does when it is called plainly. It was looked up by the text, the hash, "
        "the equality or the identity of a value, in a memory of earlier results, or by a database. Differentiate the function under the memory (f.__wrapped__), or pass x.copy() where one array is given twice"
    )
