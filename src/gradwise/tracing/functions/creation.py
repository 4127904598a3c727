"""Making arrays: buffers like a traced one, ranges between traced end points, grids."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from gradwise.rules.algebra import complex_p
from gradwise.tracing.arithmetic import _innermost, concrete, plain
from gradwise.tracing.functions.operands import array, as_array, carries, converted, integers
from gradwise.tracing.traced import TracedArray, apply, dtype_of, isinstance_traced

# --- buffers ----------------------------------------------------------------------------------------------------------------------


def buffer(trace: Any, value: np.ndarray) -> Any:
    """A fresh constant array of a trace, to which traced values may be assigned."""
    trace.values.append(value.copy())
    index = len(trace.values) - 1
    trace.captured.append(index)
    return TracedArray(trace, index, value)


def _like(function: Any) -> Any:
    def create(
        a: Any, dtype: Any = None, order: Any = "K", subok: bool = True, shape: Any = None, **options: Any
    ) -> Any:
        a = array(a)
        value = function(plain(a), dtype=dtype, order=order, shape=integers(shape))
        trace = _innermost(a)
        return value if trace is None or value.dtype.kind not in "fciub" else buffer(trace, value)

    create.__name__ = function.__name__
    create.__doc__ = f"``np.{function.__name__}``: a buffer to which traced values may be assigned."
    return create


def full_like(
    a: Any, fill_value: Any, dtype: Any = None, order: Any = "K", subok: bool = True, shape: Any = None, **options: Any
) -> Any:
    """``np.full_like``; the fill value may be traced."""
    a, fill_value = array(a), array(fill_value)
    value = np.full_like(plain(a), plain(fill_value), dtype=dtype, order=order, shape=integers(shape))
    trace = _innermost(a, fill_value)
    if trace is None:
        return value
    if value.dtype.kind not in "fciub":  # texts and objects, traced numbers among them
        if value.dtype.kind == "O" and carries(fill_value):
            for place in np.ndindex(value.shape):
                value[place] = np.broadcast_to(fill_value, value.shape)[place]
        return value
    result = buffer(trace, value)
    if carries(fill_value):
        result[...] = fill_value
    return result


#: NumPy's functions that take ``like=``
LIKE = {
    getattr(np, name)
    for name in [
        "arange",
        "array",
        "asanyarray",
        "asarray",
        "ascontiguousarray",
        "asfortranarray",
        "empty",
        "eye",
        "frombuffer",
        "fromfile",
        "fromfunction",
        "fromiter",
        "fromstring",
        "full",
        "genfromtxt",
        "identity",
        "loadtxt",
        "ones",
        "require",
        "tri",
        "zeros",
    ]
}


def created_like(like: Any, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """``function(..., like=x)`` for a traced x: an array of its trace."""
    trace = like.tape
    if function in {np.array, np.asarray, np.asanyarray, np.ascontiguousarray, np.asfortranarray} and args:
        source = as_array(args[0])
        if carries(source):
            options = dict(zip(("dtype",), args[1:2], strict=False), **kwargs)
            dtype = options.get("dtype")
            source = source if dtype is None else source.astype(dtype, copy=False)
            return source.copy() if function is np.array else source
        args = (source, *args[1:])
    if function is np.full:
        return _full(trace, *args, **kwargs)
    if function is np.arange and any(carries(a) and dtype_of(a.value).kind in "fc" for a in args):
        return _arange(args, **kwargs)
    value = function(*[integers(a) for a in args], **kwargs)
    return buffer(trace, value) if type(value) is np.ndarray and value.dtype.kind in "fciub" else value


def _full(trace: Any, shape: Any, fill_value: Any, dtype: Any = None, **options: Any) -> Any:
    fill_value = array(fill_value)
    result = buffer(trace, np.full(integers(shape), plain(fill_value), dtype))
    if carries(fill_value):
        result[...] = fill_value
    return result


def _arange(args: tuple[Any, ...], dtype: Any = None, **options: Any) -> Any:
    """Start + step·k; how many there are is concrete."""
    start, stop, step = (0.0, args[0], 1.0) if len(args) == 1 else (*args, 1.0)[:3]
    count = np.arange(*[concrete(a) for a in args]).size
    value = start + np.arange(count) * step
    return value if dtype is None else value.astype(dtype)


# --- ranges -----------------------------------------------------------------------------------------------------------------------


def _inexact(*operands: Any) -> np.dtype[Any]:
    dtype = np.result_type(*[o if type(o) in {int, float} else plain(array(o)) for o in operands])
    return dtype if dtype.kind in "fc" else np.dtype(np.float64)


def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    *,
    device: Any = None,
) -> Any:
    """``np.linspace``: start + k·step."""
    num = operator.index(num)
    if num < 0:
        raise ValueError(f"Number of samples, {num}, must be non-negative.")
    natural = np.result_type(_inexact(start, stop), float(num))
    start, stop = array(start), array(stop)
    wanted = natural if dtype is None else np.dtype(dtype)
    count = num - 1 if endpoint else num
    difference = converted(stop, natural) - converted(start, natural)
    k = np.arange(num, dtype=natural).reshape((-1,) + (1,) * np.ndim(plain(difference)))
    step: Any = np.nan
    if count > 0:
        step = difference / count
        # a step that underflows to zero: divide last, as NumPy does
        y = k / count * difference if np.any(concrete(step == 0, "mask")) else k * step
    else:
        y = k * difference
    y = y + start
    if endpoint and num > 1:
        y[-1, ...] = stop
    if axis != 0:
        y = np.moveaxis(y, 0, axis)
    if wanted.kind in "iu":
        y = np.floor(y)
    y = y.astype(wanted, copy=False)
    return (y, step) if retstep else y


def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0, dtype: Any = None, axis: int = 0
) -> Any:
    """``np.logspace``: base to the powers of a linspace."""
    start, stop, base = [a if isinstance(a, (int, float)) else array(a) for a in (start, stop, base)]
    if np.ndim(plain(base)):
        ndim = max(np.ndim(plain(a)) for a in (start, stop, base))
        start, stop, base = (
            np.reshape(a, (1,) * (ndim - np.ndim(plain(a))) + np.shape(plain(a))) for a in (start, stop, base)
        )
        base = np.expand_dims(base, axis)
    y = np.power(base, _linspace(start, stop, num, endpoint, axis=axis))
    return y if dtype is None else y.astype(dtype, copy=False)


def _linspace(start: Any, stop: Any, num: int, endpoint: bool, axis: int) -> Any:
    return (linspace if _innermost(start, stop) is not None else np.linspace)(
        plain_unless_open(start), plain_unless_open(stop), num, endpoint, axis=axis
    )


def plain_unless_open(a: Any) -> Any:
    """The operand, or its value if its trace has ended."""
    return a if carries(a) else plain(a)


def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    """``np.geomspace``: equal ratios, computed as equal steps of the logarithm of the (complex) ratio to start's direction."""
    start, stop = as_array(start), as_array(stop)
    if np.any(start == 0) or np.any(stop == 0):
        raise ValueError("Geometric sequence cannot include zero")
    natural = np.result_type(start.dtype, stop.dtype, float(num), np.zeros((), dtype))
    wanted = natural if dtype is None else np.dtype(dtype)
    start, stop = converted(start, natural), converted(stop, natural)
    direction = start / np.abs(start) if natural.kind == "c" else np.sign(start)
    start, stop = start / direction, stop / direction
    y = np.power(10.0, _linspace(np.log10(start), np.log10(stop), num, endpoint, axis=0)).astype(natural, copy=False)
    if num > 0:
        y = y if isinstance_traced(y) else np.array(y)
        y[0] = start
        if num > 1 and endpoint:
            y[-1] = stop
    y = y * direction
    if axis != 0:
        y = np.moveaxis(y, 0, axis)
    return y.astype(wanted, copy=False)


def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> tuple[Any, ...]:
    """``np.meshgrid``."""
    if indexing not in {"xy", "ij"}:
        raise ValueError("Valid values for `indexing` are 'xy' and 'ij'.")
    ndim = len(xi)
    grids = [np.reshape(as_array(x), (1,) * i + (-1,) + (1,) * (ndim - 1 - i)) for i, x in enumerate(xi)]
    if indexing == "xy" and ndim > 1:
        grids[0] = np.reshape(grids[0], (1, -1) + (1,) * (ndim - 2))
        grids[1] = np.reshape(grids[1], (-1, 1) + (1,) * (ndim - 2))
    if not sparse:
        grids = list(np.broadcast_arrays(*grids)) if grids else grids
    if copy:
        grids = [g.copy() for g in grids]
    return tuple(grids)


# --- replacing what is not finite --------------------------------------------------------------------------------------------------


def nan_to_num(x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """``np.nan_to_num``: NaN and the infinities replaced; the derivative there is that of the replacement."""
    x = as_array(x)
    dtype = x.dtype
    if dtype.kind not in "fc":
        return np.nan_to_num(concrete(x), copy)

    def parts(part: Any) -> Any:
        limits = np.finfo(part.dtype)
        high, low = limits.max if posinf is None else posinf, limits.min if neginf is None else neginf
        for replacement, where in ((nan, np.isnan(part)), (high, part == np.inf), (low, part == -np.inf)):
            replacement = (
                converted(replacement, part.dtype)
                if carries(replacement)
                else np.asarray(plain(replacement), part.dtype)
            )
            part = np.where(where, replacement, part)
        return part

    if dtype.kind == "c":
        result = from_parts(parts(x.real), parts(x.imag))
    else:
        result = parts(x)
    if not copy:
        x[...] = result
        result = x
    return result if np.ndim(plain(result)) else result[()]


def from_parts(real: Any, imag: Any) -> Any:
    """The complex array with the given parts."""
    return apply(_innermost(real, imag), complex_p, (real, imag))


FUNCTIONS: dict[Any, Any] = {
    np.zeros_like: _like(np.zeros_like),
    np.ones_like: _like(np.ones_like),
    # NumPy's memory is arbitrary; zeros are the reproducible choice
    np.empty_like: _like(np.zeros_like),
    np.full_like: full_like,
    np.linspace: linspace,
    np.logspace: logspace,
    np.geomspace: geomspace,
    np.meshgrid: meshgrid,
    np.nan_to_num: nan_to_num,
}
