"""The methods of universal functions that are given lists of traced values: ``np.maximum.reduce([a, b, c])``, ``np.multiply.outer([a, b], x)``.

NumPy's protocol looks for traced values among the arguments themselves, and not inside a list, which it makes an array of at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.instrument.state import current_trace, note_written
from gradwise.tracing.standins.asking import answering
from gradwise.tracing.standins.calling import function_of
from gradwise.tracing.standins.recording import at_line, contains_traced, open_traces, resolve
from gradwise.tracing.standins.stacking import assembled, leaves
from gradwise.tracing.standins.users_arrays import beside_traced

if TYPE_CHECKING:
    from collections.abc import Callable


#: options of the methods in their order, as NumPy names them for an object that it asks
_OPTIONS = {
    "reduce": ("axis", "dtype", "out", "keepdims", "initial", "where"),
    "accumulate": ("axis", "dtype", "out"),
    "reduceat": ("axis", "dtype", "out"),
}


def _method(name: str) -> Callable[..., Any]:
    def call(self: np.ufunc, *args: Any, **kwargs: Any) -> Any:
        note_written(args[:1] if name == "at" else kwargs.get("out"))
        given = beside_traced((*args, *kwargs.values()))
        if given is not None:
            return getattr(self, name)(*given[: len(args)], **dict(zip(kwargs, given[len(args) :], strict=True)))
        answer = answering(args, "__array_ufunc__")
        if answer is not None and current_trace() is not None:
            operands = 2 if name in ("outer", "at", "reduceat") else 1
            named = dict(zip(_OPTIONS.get(name, ()), args[operands:], strict=False)) | kwargs
            out = named.pop("out", None)
            if out is not None:
                named["out"] = out if type(out) is tuple else (out,)
            result = answer(self, name, *args[: operands + (name == "at")], **named)
            return getattr(self, name)(*args, **kwargs) if result is NotImplemented else result
        if not contains_traced(args) and not (kwargs and contains_traced(tuple(kwargs.values()))):
            return getattr(self, name)(*args, **kwargs)
        with at_line(*open_traces(leaves((*args, *kwargs.values()), []))):
            given = [_array(a) if type(a) in {list, tuple} and contains_traced(a) else a for a in args]
            if "array" in kwargs:
                given.insert(0, _array(kwargs.pop("array")))
            function = function_of(self)
            if function is not None and name in ("reduce", "accumulate") and not kwargs and len(given) == 1:
                return _one_by_one(resolve(function), as_array(given[0]), whole=name == "accumulate")
            return getattr(self, name)(*given, **kwargs)

    call.__name__ = name
    call.__doc__ = f"``ufunc.{name}(...)``."
    return call


def _array(items: Any) -> Any:
    return as_array(assembled(items) if type(items) in {list, tuple} else items)


def _one_by_one(function: Callable[..., Any], a: Any, *, whole: bool) -> Any:
    """A function of the user's that ``np.frompyfunc`` made universal, along the first axis."""
    results = [a[0]]
    for k in range(1, len(a)):
        results.append(function(results[-1], a[k]))
    return assembled(results) if whole else results[-1]


METHODS: dict[type, dict[str, Callable[..., Any]]] = {
    np.ufunc: {name: _method(name) for name in ("reduce", "accumulate", "outer", "at", "reduceat")}
}
