"""``method=``, ``check=`` and ``pure=``: exact, numerical, or exact with a numerical fallback that says so.

An operator is two functions of the same arguments, an exact one and a numerical one; ``choose`` joins them.
"""

from __future__ import annotations

import contextlib
import functools
import re
import sys
import threading
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradwise.errors import GradwiseError, InputError, NumericalFallbackWarning, TracingError
from gradwise.operators.arguments import function_label
from gradwise.operators.reuse import FORBIDDEN, under, unwrapped
from gradwise.operators.subcalls import rescue
from gradwise.operators.tracebacks import mention_lists, shorten
from gradwise.operators.unseen import calls_unseen
from gradwise.operators.verification import Disagreement, check_options, checked
from gradwise.tracing.instrument.not_undone import after_failures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_STATUS = re.compile(r"status: ([A-Z_, ]+)")
METHODS = ("auto", "exact", "numerical")


class _Watched(threading.local):
    """Where the fallbacks of this thread are written down, if anybody asks."""

    found: list[str] | None = None


_WATCHED = _Watched()
_OURS = str(Path(__file__).parents[1])


def user_level() -> int:
    """The ``stacklevel`` at which a warning of our caller points at the user's line."""
    level = 1
    frame = sys._getframe(1)  # noqa: SLF001 - the only way to a caller's line
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_OURS):
        frame = frame.f_back
        level += 1
    return level


@contextlib.contextmanager
def fallbacks() -> Iterator[list[str]]:
    """The messages of all numerical derivatives that were taken instead of exact ones in this thread meanwhile, whatever the filters of warnings say."""
    found: list[str] = []
    around = _WATCHED.found
    _WATCHED.found = found
    try:
        yield found
    finally:
        _WATCHED.found = around
        if around is not None:
            around.extend(found)


def _tell(message: str) -> None:
    """Say that a derivative is numerical."""
    if _WATCHED.found is not None:
        _WATCHED.found.append(message)
    warnings.warn(message, NumericalFallbackWarning, stacklevel=user_level())


def check_method(method: str, operator: str) -> None:
    """Raise InputError unless ``method`` is one of the three."""
    if not isinstance(method, str) or method not in METHODS:
        raise InputError(f'gw.{operator} was given method={method!r}. "auto", "exact" or "numerical" is required')


def choose(
    function: Any,
    operator: str,
    method: str,
    exact: Callable[..., Any],
    numerical: Callable[..., tuple[Any, str]],
    check: bool | None = None,
    pure: bool | None = None,
) -> Callable[..., Any]:
    """The operator's result as a function of the user's arguments.

    ``numerical`` returns the derivative and a sentence that states its status and error bound.  ``check`` is explained in ``verification.py``.  ``pure`` is the user's promise
    that the function has no effects and decides by nothing but its arguments and what it reads (``reuse/``); with False it runs at each call.
    """
    check_method(method, operator)
    check_options(check, pure, operator)
    if check is not None:
        exact = checked(exact, bool(check))
    if pure is not None:
        exact = under(function if pure else FORBIDDEN, exact)

    def asked(*args: Any, **kwargs: Any) -> Any:
        with calls_unseen(watched=False):
            result, sentence = numerical(*args, **kwargs)
        if set(_STATUS.findall(sentence)) != {"OK"}:  # a status other than ok is never returned in silence
            _tell(
                f"the {operator} of {function_label(function)} was computed numerically, as asked; {sentence}. gw.numerical gives what was found, entry by entry"
            )
        return result

    def instead(reason: TracingError, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        with after_failures(reason.__dict__.get("done")):
            return instead_of(reason, args, kwargs)

    def instead_of(reason: TracingError, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        # verified, because the call that runs plainly may leave a value elsewhere (in a list) whose derivative is lost
        rescued = rescue(unwrapped(function), reason, checked(exact), args, kwargs)
        if rescued is not None:
            _tell(
                f"the {operator} of {function_label(function)} could not be traced as a whole: {reason}\n{rescued[1]}"
            )
            return rescued[0]
        try:
            with calls_unseen():
                result, sentence = numerical(*args, **kwargs)
        except GradwiseError as second:
            own = second.__cause__
            if own is not None and type(own) is type(reason.__cause__) and str(own) == str(reason.__cause__):
                raise own from None  # what compiled code said under the trace it says of plain numbers too
            if own is not None and getattr(second, "is_of_function", False) and not isinstance(own, GradwiseError):
                own.add_note(f"A traced run of {function_label(function)} did not come so far: {reason}")
                raise own from None  # as a plain call
            reason.add_note(f"A numerical derivative was tried instead and failed: {second}")
            raise reason from None
        _tell(
            f"the {operator} of {function_label(function)} was computed numerically, because it could not be traced: {reason}\n{sentence}"
        )
        return result

    @functools.wraps(function, assigned=("__doc__",), updated=())
    def derivative(*args: Any, **kwargs: Any) -> Any:
        try:
            if method == "numerical":
                return asked(*args, **kwargs)
            try:
                return exact(*args, **kwargs)
            except TracingError as error:
                if method == "exact" or isinstance(error, Disagreement):
                    raise
                reason = error
            return instead(reason, args, kwargs)
        except BaseException as error:
            mention_lists(error, (*args, *kwargs.values()))
            shorten(error)
            raise

    derivative.__name__ = derivative.__qualname__ = f"{operator}({function_label(function)})"
    return derivative
