"""Interpolants of traced data: SciPy's objects of the plain data, with the arrays that depend on the data traced in their place.

What of SciPy reads such an array as a plain one raises, so nothing is lost unseen; the stand-ins read it here and give SciPy's own functions a copy of plain arrays.
"""

from __future__ import annotations

import copy
from typing import Any

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.standins.recording import carries
from gradwise.tracing.traced import isinstance_traced

#: attributes that hold data or coefficients, in one version of SciPy or another
_NAMES = ("_c", "c", "_y", "y", "yi", "_values", "values")


def settled(items: Any) -> Any:
    """An argument, or a nested sequence, with plain values for the traced ones that depend on no input."""
    if isinstance_traced(items):
        return items if carries(items) else items.current()
    return type(items)(map(settled, items)) if type(items) in {list, tuple} else items


def held(f: Any) -> dict[str, Any]:
    """The traced arrays of an interpolant, by attribute."""
    cls = type(f)
    found = {}
    for name in _NAMES:
        if not isinstance(getattr(cls, name, None), property):
            value = getattr(f, name, None)
            if isinstance_traced(value):
                found[name] = value
    return found


def plain_copy(f: Any) -> Any:
    """The interpolant of the plain data."""
    arrays = held(f)
    if not arrays:
        return f
    made = copy.copy(f)
    for name, value in arrays.items():
        setattr(made, name, plain(value))
    if hasattr(made, "_spline"):
        made._spline = plain_copy(made._spline)
    return made


def own_name(f: Any, name: str) -> str:
    """The attribute that holds what ``name`` shows: "_c" where "c" is a property."""
    return f"_{name}" if isinstance(getattr(type(f), name, None), property) else name


def shown_array(f: Any, name: str) -> Any:
    """The array of the interpolant, traced or plain."""
    return getattr(f, own_name(f, name))


def hold(f: Any, name: str, value: Any) -> Any:
    """The interpolant, with the traced array in place of its own."""
    setattr(f, own_name(f, name), value)
    return f
