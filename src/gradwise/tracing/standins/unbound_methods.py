"""Methods of numbers and arrays that are asked of their class: ``float.__mul__(x, y)``, ``np.ndarray.sum(x)``.

They insist on an object of exactly that class, which a traced value only answers for.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.holders import TWINS, written
from gradwise.tracing.standins.recording import PLAIN, at_line, open_traces, weak
from gradwise.tracing.traced import TracedArray, TracedScalar, isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable

_BINARY = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow")
_COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
_UNARY = ("neg", "pos", "abs")


def _of_number(cls: type, name: str, *, reflected: bool = False) -> tuple[Any, Callable[..., Any]]:
    """The special method of Python's numbers and its stand-in: its answer, ``NotImplemented`` included, by the operator."""
    original = getattr(cls, f"__{'r' if reflected else ''}{name}__")
    function = getattr(operator, name)

    def call(*operands: Any) -> Any:
        operands = tuple(map(written, operands)) if TWINS else operands
        if not any(map(isinstance_traced, operands)):
            return original(*operands)
        value = original(*map(plain, operands))
        if value is NotImplemented:
            return value
        with at_line(*open_traces(operands)):
            fresh = function(*(operands[::-1] if reflected else operands))
        return fresh if isinstance(value, bool) else weak(fresh, value)

    call.__name__ = original.__name__
    call.__doc__ = f"``{cls.__name__}.{original.__name__}``."
    return original, call


def _of_array(name: str) -> tuple[Any, Callable[..., Any]]:
    original = getattr(np.ndarray, name)

    def call(*args: Any, **kwargs: Any) -> Any:
        if args and type(args[0]) is TracedArray:
            return getattr(args[0], name)(*args[1:], **kwargs)
        return original(*args, **kwargs)

    call.__name__ = name
    call.__doc__ = f"``np.ndarray.{name}``."
    return original, call


def _float_of(name: str) -> tuple[Any, Callable[..., Any]]:
    original = getattr(float, name)

    def call(x: Any, *args: Any) -> Any:
        if type(x) in PLAIN or type(x) is not TracedScalar or not isinstance(x, float):
            return original(x, *args)
        return getattr(x, name)(*args)

    call.__name__ = name
    call.__doc__ = f"``float.{name}``."
    return original, call


BY_IDENTITY: list[tuple[Any, Callable[..., Any]]] = [
    *(_of_number(cls, name) for cls in (float, complex) for name in _BINARY if hasattr(cls, f"__{name}__")),
    *(
        _of_number(cls, name, reflected=True)
        for cls in (float, complex)
        for name in _BINARY
        if hasattr(cls, f"__r{name}__")
    ),
    *(_of_number(float, name) for name in (*_COMPARISONS, *_UNARY)),
    *(_of_number(complex, name) for name in ("eq", "ne", *_UNARY)),
    *(_float_of(name) for name in ("conjugate", "is_integer", "as_integer_ratio", "hex")),
    *(
        _of_array(name)
        for name in vars(np.ndarray)
        if (
            not name.startswith("_")
            or name.strip("_") in {*_BINARY, *_COMPARISONS, *_UNARY, "matmul", "getitem", "setitem"}
        )
        and callable(getattr(np.ndarray, name))
        and hasattr(TracedArray, name)
    ),
]
