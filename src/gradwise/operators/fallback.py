"""``method=``: exact, numerical, or exact with a numerical fallback that says so.

An operator is two functions of the same arguments, an exact one and a numerical one; ``choose`` joins them.
"""

from __future__ import annotations

import functools
import warnings
from typing import TYPE_CHECKING, Any

from gradwise.errors import InputError, NumericalFallbackWarning, TracingError
from gradwise.operators.arguments import function_label

if TYPE_CHECKING:
    from collections.abc import Callable

METHODS = ("auto", "exact", "numerical")


def check_method(method: str, operator: str) -> None:
    if method not in METHODS:
        raise InputError(f'gw.{operator} was given method={method!r}. "auto", "exact" or "numerical" is required')


def choose(
    function: Any,
    operator: str,
    method: str,
    exact: Callable[..., Any],
    numerical: Callable[..., tuple[Any, str]] | None,
) -> Callable[..., Any]:
    """The operator's result as a function of the user's arguments.

    ``numerical`` returns the derivative and a sentence that states its status and error bound.
    """
    check_method(method, operator)
    if method == "numerical" and numerical is None:
        raise InputError(f'gw.{operator} has no numerical form. method="exact" or "auto" is required; gw.numerical has the derivatives that can be estimated')

    @functools.wraps(function, assigned=("__doc__",), updated=())
    def derivative(*args: Any, **kwargs: Any) -> Any:
        if method != "numerical":
            try:
                return exact(*args, **kwargs)
            except TracingError as error:
                if method == "exact" or numerical is None:
                    raise
                reason = error
        else:
            assert numerical is not None
            return numerical(*args, **kwargs)[0]
        result, sentence = numerical(*args, **kwargs)
        warnings.warn(
            f"the {operator} of {function_label(function)} was computed numerically, because it could not be traced: {reason}\n{sentence}",
            NumericalFallbackWarning,
            stacklevel=2,
        )
        return result

    derivative.__name__ = derivative.__qualname__ = f"{operator}({function_label(function)})"
    return derivative
