"""Logging that ends in code of the user's: filters and handlers run instrumented, and are given the traced numbers themselves.

    class Keep(logging.Handler):
        def emit(self, record): self.last = record.args[0]

What such code keeps, the function may read.  The library's own handlers are given plain numbers, and nothing while runs are silent; a handler of the user's with a stream writes, so that silent runs leave it out too.
"""

from __future__ import annotations

import copy
import logging
import sys
from collections.abc import Mapping
from typing import Any

from gradwise.tracing.instrument.callees import method, resolve
from gradwise.tracing.instrument.muting import unless_muted
from gradwise.tracing.instrument.state import local
from gradwise.tracing.instrument.userland import is_users_file
from gradwise.tracing.purity.outlets import is_plain_handler, is_plain_logger
from gradwise.tracing.standins.text import format_percent, shown


def logger_of_users(target: Any) -> Any:
    """The logger that a method of a logger, or a function of the module, asks, if code of the user's is on its way; else None."""
    logger = logging.root if target is logging else target
    return logger if type(logger) in (logging.Logger, logging.RootLogger) and not is_plain_logger(logger) else None


def log_through(logger: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """What ``logger.info(message, *args)`` does, by way of the instrumented code of the user's."""
    level, (message, *values) = (args[0], args[1:]) if name == "log" else (getattr(logging, _LEVELS[name]), args)
    if not logger.isEnabledFor(level):
        return
    raised: Any = kwargs.get("exc_info", name == "exception")
    if isinstance(raised, BaseException):
        raised = type(raised), raised, raised.__traceback__
    elif raised and not isinstance(raised, tuple):
        raised = sys.exc_info()
    # two frames of ours stand between the user's and the record
    file, line, function, stack = logger.findCaller(kwargs.get("stack_info", False), kwargs.get("stacklevel", 1) + 2)
    given = tuple(values)
    record = logger.makeRecord(
        logger.name, level, file, line, message, shown(given), raised or None, function, kwargs.get("extra"), stack
    )
    plain = copy.copy(record)
    record.args = given[0] if len(given) == 1 and isinstance(given[0], Mapping) and given[0] else given
    if given:
        record.getMessage = lambda: format_percent(str(record.msg), record.args)
    watch = local.watch
    if watch is not None:
        watch.given[id(record)] = record
        watch.later.append(lambda: record.__dict__.pop("getMessage", None))
    if not logger.disabled and _passes(logger, record):
        _hand_over(logger, record, plain)


_LEVELS = {name: name.upper() for name in ("debug", "info", "warning", "error", "critical")} | {"exception": "ERROR"}


def _passes(filterer: Any, record: Any) -> bool:
    """Whether the filters of a logger or a handler let a record pass."""
    for one in list(filterer.filters):
        if not (method(one, "filter") if hasattr(one, "filter") else resolve(one))(record):
            return False
    return True


def _hand_over(logger: Any, record: Any, plain: Any) -> None:
    at, found = logger, False
    while at is not None:
        for handler in list(at.handlers):
            found = True
            if record.levelno >= handler.level:
                _handle(handler, record, plain)
        at = at.parent if at.propagate else None
    if not found and logging.lastResort is not None and record.levelno >= logging.lastResort.level:
        unless_muted(logging.lastResort.handle)(plain)


def _handle(handler: Any, record: Any, plain: Any) -> None:
    own = type(handler).handle
    if is_users_file(getattr(getattr(own, "__code__", None), "co_filename", "")):
        method(handler, "handle")(record)
    elif own is not logging.Handler.handle or is_plain_handler(handler):  # a NullHandler asks no filter
        unless_muted(handler.handle)(plain)
    elif _passes(handler, record):
        if isinstance(handler, logging.StreamHandler):
            unless_muted(_emitting)(handler, plain)
        else:
            _emitting(handler, record)


def _emitting(handler: Any, record: Any) -> None:
    handler.acquire()
    try:
        method(handler, "emit")(record)
    finally:
        handler.release()
