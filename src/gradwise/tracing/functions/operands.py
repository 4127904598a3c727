"""The arguments of NumPy's functions as our versions take them: array-likes that hold traced values, integers that are traced."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.tracing import methods
from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.array_likes import GIVEN
from gradwise.tracing.holders import TWINS, written
from gradwise.tracing.indexing import stacked
from gradwise.tracing.trace import as_plain_array
from gradwise.tracing.traced import dtype_of, isinstance_traced, wrap
from gradwise.tracing.ufuncs import store


def array(a: Any) -> Any:
    """``np.asarray(a)``, where a may be traced, or a nested sequence that holds traced values; traced numbers stay numbers."""
    if isinstance_traced(a):
        return a
    if isinstance(a, (list, tuple)):
        return stacked(a)
    if type(a) in TWINS:
        return written(a)
    if type(a) is np.ndarray:
        return np.asarray(a)
    if type(a) not in _NUMBERS:
        given = GIVEN[0](a, None)
        if given is not a:
            return array(given)
    return as_plain_array(a)


_NUMBERS = frozenset({float, int, bool, complex, np.float64, np.int64, np.bool_})


def as_array(a: Any) -> Any:
    """As ``array``, but numbers become 0-dimensional arrays."""
    a = array(a)
    return methods._as_array(a) if isinstance_traced(a) else a


def integers(argument: Any) -> Any:
    """A shape, an axis, a shift: traced integers in it become concrete, with guards."""
    if isinstance_traced(argument):
        return concrete(argument, "int")
    if type(argument) in {tuple, list}:
        return type(argument)(integers(a) for a in argument)
    return argument


def finish(result: Any, out: Any) -> Any:
    """The result, written into ``out`` if that is given; of the same shape, as NumPy demands here."""
    if out is None:
        return result
    target = plain(out)
    if np.shape(plain(result)) != target.shape:
        raise ValueError(
            f"output array has wrong dimensions: {target.shape} where {np.shape(plain(result))} is required"
        )
    return store(out, result)


def common_dtype(*operands: Any) -> np.dtype[Any]:
    """``np.result_type`` of the concrete values (Python numbers are weak)."""
    return np.result_type(*[plain(o) for o in operands])


def converted(a: Any, dtype: Any) -> Any:
    """The operand with the given dtype."""
    return a if dtype_of(plain(a)) == dtype else a.astype(dtype)


def valued(result: Any, value: Any) -> Any:
    """A fresh result with the value that NumPy itself gave: the same number up to rounding."""
    return wrap(result.tape, result.index, value, pinned=False) if carries(result) else value


def laid_out(result: Any, a: Any) -> Any:
    """A fresh result in the memory order that a has, as NumPy's functions that copy into an empty array of that order give it."""
    value, like = plain(result), plain(a)
    if not carries(result) or like.ndim < 2 or like.flags.c_contiguous or type(value) is not np.ndarray:
        return result
    target = np.empty_like(like, dtype=value.dtype, shape=value.shape)
    if target.strides == value.strides:
        return result
    target[...] = value
    return valued(result, target)


def carries(a: Any) -> bool:
    """Whether a is a traced value of an open trace."""
    return isinstance_traced(a) and a.tape.open
