"""Interpolants of traced data: SciPy's objects of the plain data, with the arrays that depend on the data traced in their place.

What of SciPy reads such an array as a plain one raises, so nothing is lost unseen; the stand-ins read it here and give SciPy's own functions a copy of plain arrays.
"""

from __future__ import annotations

import copy
from typing import Any

from gradwise.containers import own_entries
from gradwise.tracing.arithmetic import plain
from gradwise.tracing.holders import TWINS, written
from gradwise.tracing.standins.recording import carries
from gradwise.tracing.traced import isinstance_traced

#: attributes that hold data, coefficients or places, in one version of SciPy or another
_NAMES = (
    "_c",
    "c",
    "_t",
    "t",
    "_y",
    "y",
    "yi",
    "_values",
    "values",
    "_x",
    "x",
    "_fill_value_below",
    "_fill_value_above",
)


def settled(items: Any) -> Any:
    """An argument, or a nested sequence, with plain values for the traced ones that depend on no input."""
    if TWINS:
        items = written(items)
    if isinstance_traced(items):
        return items if carries(items) else items.current()
    return type(items)(map(settled, items)) if type(items) in {list, tuple} else items


def _holder(f: Any) -> Any:
    """The object whose arrays these are: from SciPy 1.18 on piecewise polynomials hand everything on to an inner object."""
    return getattr(f, "_delegate_to", f)


def held(f: Any) -> dict[str, Any]:
    """The traced arrays of an interpolant, by attribute."""
    f = _holder(f)
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
    inner = _holder(made)
    if inner is not made:  # which the copy shares with the original
        inner = made._delegate_to = copy.copy(inner)
    for name, value in arrays.items():
        setattr(inner, name, plain(value))
    if hasattr(made, "_spline"):
        made._spline = plain_copy(made._spline)
    return made


def own_name(f: Any, name: str) -> str:
    """The attribute that holds what ``name`` shows: "_c" where "c" is a property, of the inner object if there is one."""
    f = _holder(f)
    return f"_{name}" if isinstance(getattr(type(f), name, None), property) else name


def has(f: Any, name: str) -> bool:
    """Whether the interpolant has such an attribute, without reading it: a property would make a plain array of it."""
    return hasattr(type(f), name) or name in (own_entries(f) or ())


def shown_array(f: Any, name: str) -> Any:
    """The array of the interpolant, traced or plain."""
    f = _holder(f)
    return getattr(f, own_name(f, name))


def hold(f: Any, name: str, value: Any) -> Any:
    """The interpolant, with the traced array in place of its own."""
    inner = _holder(f)
    setattr(inner, own_name(inner, name), value)
    return f
