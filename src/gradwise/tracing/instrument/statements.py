"""Hooks around statements: assignments of globals, definitions of classes, imports, and fresh arrays that are about to be filled."""

from __future__ import annotations

import functools
import sys
from typing import Any

import numpy as np

from gradwise.tracing.functions.creation import buffer
from gradwise.tracing.holders import adopted, is_users_array
from gradwise.tracing.instrument.ending import clean_class, reveal_all
from gradwise.tracing.instrument.known import refresh
from gradwise.tracing.instrument.objects import note_names
from gradwise.tracing.instrument.references import ALONE, count, owns
from gradwise.tracing.instrument.state import local


def assigns(names: tuple[str, ...]) -> None:
    """Note the globals that the calling function assigns."""
    if local.watch is not None:
        note_names(sys._getframe(1).f_globals, names)


def defining() -> None:
    """Before a class is made: its metaclass, and ``__init_subclass__`` and ``__set_name__``, run as they are."""
    if local.watch is not None and local.watch.overlay:
        reveal_all()


def defined(cls: Any) -> Any:
    """A class that was made: it may hold traced values, and be registered somewhere."""
    watch = local.watch
    if watch is not None and isinstance(cls, type):
        watch.created[id(cls)] = cls
        watch.later.append(functools.partial(clean_class, cls))
    return cls


def imported() -> None:
    """After an import inside a function: its modules may have stand-ins."""
    refresh()


def fresh(value: Any) -> Any:
    """An array that nothing else refers to, about to be filled: a buffer of the trace, to which traced values may be assigned."""
    if type(value) is np.ndarray and value.dtype.kind in "fc":
        watch = local.watch
        if watch is not None and not watch.trace.still and count(value) <= ALONE and owns(value):
            return buffer(watch.trace, value)
    elif is_users_array(type(value)) and count(value) <= ALONE and owns(value):
        return adopted(value)
    return value


def fresh_each(value: Any) -> Any:
    """What is about to be taken apart and filled: where nothing else refers to a tuple, its arrays are buffers as well."""
    if local.watch is None or local.watch.trace.still or not isinstance(value, (tuple, list)) or count(value) > ALONE:
        return value
    entries = []
    for entry in value:  # to which the tuple refers, and the name here
        is_array = type(entry) is np.ndarray and entry.dtype.kind in "fc"
        entries.append(
            buffer(local.watch.trace, entry) if is_array and count(entry) <= ALONE + 1 and owns(entry) else entry
        )
    return entries
