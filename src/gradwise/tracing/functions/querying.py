"""Questions with a concrete answer: shapes, dtypes, texts, and comparisons of whole arrays, which guard what they compared."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.tracing.aliasing import callers_part
from gradwise.tracing.arithmetic import _innermost, concrete, plain
from gradwise.tracing.functions.operands import array, as_array, finish
from gradwise.tracing.traced import TracedArray, isinstance_traced


def _plainly(function: Any) -> Any:
    """A function of the shape, the dtype or the memory: the answer for the plain values."""

    def ask(*args: Any, **kwargs: Any) -> Any:
        return function(*[_deeply(a) for a in args], **{k: _deeply(v) for k, v in kwargs.items()})

    ask.__name__ = function.__name__
    ask.__doc__ = f"``np.{function.__name__}`` of the plain values."
    return ask


def _deeply(argument: Any) -> Any:
    if isinstance_traced(argument):
        return plain(argument)
    if type(argument) in {list, tuple}:
        return type(argument)(_deeply(a) for a in argument)
    return argument


def _sharing(function: Any) -> Any:
    """Whether two arrays share memory: traced arguments as the caller's arrays, of which they hold copies.

    Where the caller's share memory and the traced ones do not, the answer holds at this point alone: around it, where one of the two moves, they are two arrays.

    Raises
    ------
    TracingError
        If an argument shares memory with the other array.
    """

    def ask(a: Any, b: Any, /, max_work: int | None = None) -> bool:
        answer = bool(function(plain(a), plain(b), max_work))
        theirs = bool(function(*[callers_part(v) if type(v) is TracedArray else plain(v) for v in (a, b)], max_work))
        trace = _innermost(a, b)
        if trace is not None and theirs is not answer:
            raise trace.fail(
                f"np.{function.__name__} was asked of an argument and an array of the same memory. Derivatives are those of separate arrays. Pass x.copy() for one of the two"
            )
        return theirs

    ask.__name__ = function.__name__
    ask.__doc__ = f"``np.{function.__name__}`` of the caller's arrays."
    return ask


def isclose(a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: bool = False) -> Any:
    """``np.isclose``: |a − b| ≤ atol + rtol |b|, recorded as a comparison."""
    x, y = array(a), array(b)
    np.isclose(0.0, 0.0, plain(rtol), plain(atol))  # warns of tolerances that are not finite
    with np.errstate(invalid="ignore"):
        trace = _innermost(x, y)
        if trace is not None and trace.forgetful:
            same = x == y
            if trace.forgot:
                return same
        result = (np.abs(x - y) <= atol + rtol * np.abs(y)) & np.isfinite(y) | (x == y)
        if equal_nan:
            result = result | (np.isnan(x) & np.isnan(y))
    return result


def allclose(a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: bool = False) -> bool:
    """``np.allclose``: a concrete answer, guarded."""
    return bool(np.all(isclose(a, b, rtol, atol, equal_nan)))


def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> bool:
    """``np.array_equal``: a concrete answer, guarded."""
    a1, a2 = as_array(a1), as_array(a2)
    if a1.shape != a2.shape:
        return False
    same = a1 == a2
    if equal_nan:
        same = same | (np.isnan(a1) & np.isnan(a2))
    return bool(np.all(same))


def array_equiv(a1: Any, a2: Any) -> bool:
    """``np.array_equiv``: equal after broadcasting; a concrete answer, guarded."""
    a1, a2 = as_array(a1), as_array(a2)
    try:
        np.broadcast_shapes(a1.shape, a2.shape)
    except ValueError:
        return False
    return bool(np.all(a1 == a2))


def min_scalar_type(a: Any, /) -> Any:
    """``np.min_scalar_type``: depends on the value, which is guarded."""
    return np.min_scalar_type(concrete(a))


def isreal(x: Any) -> Any:
    """``np.isreal``: recorded as a comparison."""
    return array(x).imag == 0


def iscomplex(x: Any) -> Any:
    """``np.iscomplex``: recorded as a comparison."""
    return array(x).imag != 0


def isposinf(x: Any, out: Any = None) -> Any:
    """``np.isposinf``: recorded as a comparison."""
    return finish(array(x) == np.inf, out)


def isneginf(x: Any, out: Any = None) -> Any:
    """``np.isneginf``: recorded as a comparison."""
    return finish(array(x) == -np.inf, out)


def isin(element: Any, test_elements: Any, **options: Any) -> np.ndarray:
    """``np.isin``: a concrete mask, guarded."""
    return np.isin(concrete(array(element)), concrete(array(test_elements)), **options)


_PLAIN = (
    np.shape,
    np.ndim,
    np.size,
    np.iscomplexobj,
    np.isrealobj,
    np.result_type,
    np.can_cast,
    np.common_type,
    np.array_repr,
    np.array_str,
    np.array2string,
    np.save,
    np.savez,
    np.savez_compressed,
    np.savetxt,
    np.triu_indices_from,
    np.tril_indices_from,
    np.diag_indices_from,
)

FUNCTIONS: dict[Any, Any] = {
    **{function: _plainly(function) for function in _PLAIN},
    np.may_share_memory: _sharing(np.may_share_memory),
    np.shares_memory: _sharing(np.shares_memory),
    np.isclose: isclose,
    np.isreal: isreal,
    np.iscomplex: iscomplex,
    np.isposinf: isposinf,
    np.isneginf: isneginf,
    np.isin: isin,
    np.allclose: allclose,
    np.array_equal: array_equal,
    np.array_equiv: array_equiv,
    np.min_scalar_type: min_scalar_type,
}
