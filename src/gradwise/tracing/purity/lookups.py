"""What the names of a function stand for now: in its globals, among the builtins, in its cells."""

from __future__ import annotations

import types
from typing import Any

from gradwise.tracing.purity.objects import MISSING


def look_up(function: types.FunctionType, name: str) -> Any:
    """The value of a global or builtin name now; MISSING if there is none."""
    anything: Any = function  # the stubs of some versions do not know __builtins__
    value = _entry(function.__globals__, name)
    return _entry(anything.__builtins__, name) if value is MISSING else value


def _entry(names: dict[str, Any], name: str) -> Any:
    if type(names) is dict:
        return names.get(name, MISSING)
    try:  # a derived class may answer otherwise, and Python asks it
        return names[name]
    except KeyError:
        return MISSING


def cell_of(function: types.FunctionType, name: str) -> Any:
    """The cell of a free variable."""
    return (function.__closure__ or ())[function.__code__.co_freevars.index(name)]


def cell_value(function: types.FunctionType, name: str) -> Any:
    """The value of a free variable now; MISSING if it has none."""
    try:
        value = cell_of(function, name).cell_contents
    except ValueError:  # not assigned yet
        return MISSING
    return value
