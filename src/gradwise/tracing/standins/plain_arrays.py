"""Methods of plain arrays that are given traced values, and those that make a fresh array."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.instrument.object_entries import BY_OPERATORS, over_entries
from gradwise.tracing.standins.arrays import of_numbers
from gradwise.tracing.standins.buffers import fillable
from gradwise.tracing.standins.recording import at_line, contains_traced, open_traces
from gradwise.tracing.standins.stacking import assembled, leaves, plainly, stacking_first
from gradwise.tracing.standins.text import look
from gradwise.tracing.traced import TracedArray, isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable


def _through(name: str) -> Callable[..., Any]:
    """The method where nothing is traced, else NumPy's function of that name, which its protocol brings to the trace."""
    method, function = getattr(np.ndarray, name), stacking_first(getattr(np, name))
    method = over_entries(method) if name in BY_OPERATORS else method

    def call(self: np.ndarray, *args: Any, **kwargs: Any) -> Any:
        if self.dtype.kind == "O" and name in _OF_NUMBERS and self.size and contains_traced(self.ravel().tolist()):
            return function(assembled(self.ravel().tolist()).reshape(self.shape), *args, **kwargs)
        if not contains_traced(args) and not (kwargs and contains_traced(tuple(kwargs.values()))):
            return method(self, *args, **kwargs)
        with at_line(*open_traces(leaves((*args, *kwargs.values()), []))):
            return function(self, *args, **kwargs)

    call.__name__ = name
    call.__doc__ = f"``a.{name}(...)`` of a plain array."
    return call


def copy(self: np.ndarray, order: Any = "C") -> Any:
    """``a.copy()``: under a trace an array to which traced values may be assigned."""
    return fillable(self.copy(order))


def astype(self: np.ndarray, dtype: Any, *args: Any, **kwargs: Any) -> Any:
    """``a.astype(dtype)``, of an array of objects that holds traced numbers too, or of texts."""
    if self.dtype.kind in "US":
        look(self.tolist())
    if self.dtype.kind == "O" and self.size and np.dtype(dtype).kind != "O":
        numbers = of_numbers(self, dtype)
        if numbers is not self:
            return numbers
        if contains_traced(self.ravel().tolist()):
            return assembled(self.ravel().tolist(), np.dtype(dtype)).reshape(self.shape)
    result = self.astype(dtype, *args, **kwargs)
    return result if result is self else fillable(result)


#: what NumPy computes of an array of objects by asking the entries for more than their operators
_OF_NUMBERS = frozenset({"mean", "std", "var"})

METHODS: dict[type, dict[str, Callable[..., Any]]] = {
    np.ndarray: {
        **{
            name: _through(name)
            for name in (
                *("dot", "clip", "take", "choose", "repeat", "searchsorted", "compress", "put"),
                *("sum", "prod", "mean", "max", "min", "std", "var", "any", "all", "cumsum", "cumprod", "round"),
            )
        },
        "copy": copy,
        "astype": astype,
    }
}


def _of_class(name: str) -> Callable[..., Any]:
    """``np.ndarray.name`` called as a function: of a traced array its own method."""
    descriptor = getattr(np.ndarray, name)

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance_traced(self):
            return getattr(self, name)(*args, **kwargs)
        return METHODS[np.ndarray].get(name, descriptor)(self, *args, **kwargs)

    call.__name__ = name
    call.__doc__ = f"``np.ndarray.{name}(a, ...)``."
    return call


#: methods of the class itself, called as functions
BY_IDENTITY: list[tuple[Any, Callable[..., Any]]] = [
    (descriptor, _of_class(name))
    for name, descriptor in vars(np.ndarray).items()
    if not name.startswith("_") and type(descriptor) is type(np.ndarray.sum) and hasattr(TracedArray, name)
]


def _of_plain(name: str) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        function = getattr(sys.modules["numpy.testing"], name)
        function(*map(plainly, args), **{k: plainly(v) for k, v in kwargs.items()})
        for trace in open_traces(leaves(args, [])):  # a memory may be asked so
            trace.looked_up = True
            if trace.forgetful:
                trace.forget(-1, 100)
                raise AssertionError("a run that knows no number of an earlier one")

    call.__name__ = name
    call.__doc__ = f"``np.testing.{name}`` of the plain numbers: it raises, or says nothing."
    return call


_ASSERTIONS = (
    *("assert_allclose", "assert_equal", "assert_array_equal", "assert_almost_equal", "assert_array_almost_equal"),
    *("assert_array_less", "assert_approx_equal", "assert_array_max_ulp", "assert_array_almost_equal_nulp"),
)
STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {"numpy.testing": {name: _of_plain(name) for name in _ASSERTIONS}}
