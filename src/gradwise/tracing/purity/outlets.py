"""Where what a function shows goes to: ``print``, ``warnings.warn`` and loggers end in Python's code or a library's, or in the user's.

    class Recorder(logging.Handler):
        def emit(self, record): settings["sign"] = -1.0 if "-" in record.getMessage() else 1.0

Code of the user's may read what is shown, change what the function reads afterwards, or raise what it handles.  Then what is shown is not left behind only, and the function runs.  So it does where it warns and handles
errors: a warning may be one, by its text.
"""

from __future__ import annotations

import functools
import logging
import sys
import types
import warnings
from typing import TYPE_CHECKING, Any

from gradwise.tracing.instrument.userland import is_users_file

if TYPE_CHECKING:
    from collections.abc import Callable

_STREAM = ("write", "flush")
_HANDLER = ("handle", "emit", "format", "filter", "handleError", "acquire", "release", "createLock")
_FORMATTER = ("format", "formatMessage", "formatTime", "formatException", "usesTime")
_LOGGER = ("handle", "callHandlers", "makeRecord", "filter", "isEnabledFor", "findCaller")
#: handlers that hand on to others
_DEPTH = 8


def _is_librarys(function: Any) -> bool:
    """Whether a function or a method runs no code of the user's itself."""
    function = getattr(function, "__func__", function)
    if type(function) is types.FunctionType:
        return not is_users_file(function.__code__.co_filename)
    return isinstance(function, (types.BuiltinFunctionType, type(None))) or function is logging.LogRecord


def _are_librarys(value: Any, names: tuple[str, ...]) -> bool:
    return all(_is_librarys(getattr(value, name, None)) for name in names)


def _is_plain_filter(one: Any) -> bool:
    return _is_librarys(one if isinstance(one, types.FunctionType) else getattr(one, "filter", one))


def is_plain_handler(handler: Any, depth: int = 0) -> bool:
    """Whether what a handler is given ends in a library's code."""
    target = getattr(handler, "target", None)
    return (
        _are_librarys(handler, _HANDLER)
        and all(map(_is_plain_filter, handler.filters))
        and (handler.formatter is None or _are_librarys(handler.formatter, _FORMATTER))
        and _are_librarys(getattr(handler, "stream", None), _STREAM)
        and (target is None or (depth < _DEPTH and isinstance(target, logging.Handler) and is_plain_handler(target, depth + 1)))
    )  # fmt: skip


def is_plain_logger(logger: Any) -> bool:
    """Whether what a logger is given ends in a library's code.

    Examples
    --------
    >>> is_plain_logger(logging.Logger("alone"))
    True
    """
    at = logger
    while at is not None:
        if not (_are_librarys(at, _LOGGER) and all(map(_is_plain_filter, at.filters)) and all(map(is_plain_handler, at.handlers))):  # fmt: skip
            return False
        at = at.parent if at.propagate else None
    return True


def is_logger(value: Any) -> bool:
    """Whether it is a logger, and a plain one."""
    return type(value) is logging.Logger and is_plain_logger(value)


def logger_test(logger: Any) -> Callable[[Any], bool]:
    """That it is this logger, and a plain one."""
    return functools.partial(_is_that, logger)


def _is_that(logger: Any, found: Any) -> bool:
    return found is logger and is_plain_logger(logger)


def show_plainly() -> bool:
    """Whether what is printed, logged without a logger, or warned of ends in a library's code."""
    return (
        _are_librarys(sys.stdout, _STREAM)
        and _are_librarys(sys.stderr, _STREAM)
        and _is_librarys(warnings.showwarning)
        and _is_librarys(logging.getLogRecordFactory())
        and is_plain_logger(logging.root)
    )
