"""``with``: which contexts are known, and what entering one gives.

Of a context of the user's (a class with ``__enter__`` and ``__exit__``, a generator under ``contextlib.contextmanager``) both ways are looked into, and what follows an error in it is looked at as what follows a handler.
"""

from __future__ import annotations

import contextlib
import types
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.callables import FILTERS
from gradwise.tracing.purity.constructed import special
from gradwise.tracing.purity.lattice import certain_texts, level
from gradwise.tracing.purity.scope import Ends, is_type
from gradwise.tracing.purity.sequences import element_of, is_object
from gradwise.tracing.purity.values import DATA, MANAGER, NOTHING, SINK, Constant, Known

if TYPE_CHECKING:
    from gradwise.tracing.purity.machine import Machine


@dataclass(slots=True, unsafe_hash=True)
class Entering:
    """A context about to be entered, which gives ``value``; ``catches`` where warnings are what they were when it ends, ``swallows`` where exceptions end there."""

    value: Any
    catches: bool = False
    swallows: bool = False


@contextlib.contextmanager
def _any() -> Any:
    yield


#: what ``contextlib.contextmanager`` makes of a generator
_HELPER = _any.__code__
#: what shows elsewhere what is printed: in a file in memory that the function made
_REDIRECTING = (contextlib.redirect_stdout, contextlib.redirect_stderr)
_OF_FILTERS = frozenset(["action", "category", "lineno", "append", "message", "module"])


def is_context_function(value: Any) -> bool:
    """Whether a value is a function that ``contextlib.contextmanager`` made.

    Examples
    --------
    >>> is_context_function(_any), is_context_function(len)
    (True, False)
    """
    return type(value) is types.FunctionType and value.__code__ is _HELPER


def known_context(m: Machine, value: Any, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """``warnings.catch_warnings()``, ``suppress(ValueError)``, ``nullcontext(x)``; None for anything else, and for what is set while it lasts."""
    if value is contextlib.nullcontext and len(arguments) <= 1 and not keywords:
        return Entering(arguments[0] if arguments else Constant(None))
    if value is contextlib.suppress and not keywords:
        if all(type(one) is Known and is_type(one.value) for one in arguments):
            return Entering(Constant(None), swallows=True)
        return None
    if any(value is one for one in _REDIRECTING) and arguments == [SINK] and not keywords:
        return Entering(SINK)
    if value is warnings.catch_warnings and not arguments:
        return Entering(Constant(None), catches=True) if not keywords or _ignores(m, [], keywords) else None
    if any(value is f for f in FILTERS) and m.is_catching and _ignores(m, arguments, keywords):
        return Constant(None)
    return None


def _ignores(m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> bool:
    """Whether some warnings are to be ignored: a program does not stand where NumPy would warn, so that it says nothing either way."""
    action = arguments[0] if arguments else keywords.get("action", NOTHING)
    others = [*arguments[1:], *[v for k, v in keywords.items() if k != "action"]]
    return (
        certain_texts(action) == frozenset(["ignore"])
        and keywords.keys() <= _OF_FILTERS
        and all(level(v) is not None or (type(v) is Known and is_type(v.value)) for v in others)
    )


def entered(m: Machine, value: Any) -> Any:
    """What a context gives that is entered."""
    if value is MANAGER:
        m.enters(swallows=False)
        return DATA
    if value is SINK:
        m.enters(swallows=False)
        return SINK
    if type(value) is Entering:
        m.enters(swallows=value.swallows)
        if value.catches:
            m.catch()
        if value.value is NOTHING:
            raise Ends
        return value.value
    if not is_object(value):
        raise m.doubt("it enters a context that is not looked into")
    found = m.scope.call(m, special(m, value, "__enter__"), [])
    ended = m.scope.call(m, special(m, value, "__exit__"), [DATA, DATA, DATA])
    m.data(ended)
    m.enters(swallows=not (type(ended) is Constant and ended.value in (None, False)))
    return found


def of_generator(m: Machine, generator: Any) -> Entering:
    """The context that a generator makes, which gives what it yields."""
    return Entering(element_of(m, generator))
