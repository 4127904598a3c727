"""Shapes: reshape, transpose, flips, rolls, tiles.  What NumPy gives as a view is a view here."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from gradwise.rules.broadcasting import broadcast_to_p
from gradwise.rules.windows import windows
from gradwise.tracing import methods
from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.functions.operands import array, as_array, carries, integers, laid_out
from gradwise.tracing.traced import TracedArray, apply, isinstance_traced


def reshape(a: Any, /, shape: Any = None, order: Any = "C", *, newshape: Any = None, copy: bool | None = None) -> Any:
    """``np.reshape``: a view where NumPy gives one."""
    a, shape = array(a), integers(newshape if shape is None else shape)
    if not isinstance_traced(a):
        return np.reshape(a, shape, order)
    if copy is False:
        np.reshape(plain(a), shape, order, copy=False)  # raises where a copy is needed
    return methods.reshape(a, shape, order=order, copy=copy)


def ravel(a: Any, order: Any = "C") -> Any:
    """``np.ravel``."""
    return array(a).ravel(order)


def transpose(a: Any, axes: Any = None) -> Any:
    """``np.transpose``."""
    return array(a).transpose(integers(axes))


def matrix_transpose(x: Any, /) -> Any:
    """``np.matrix_transpose``: the last two axes exchanged."""
    x = array(x)
    if np.ndim(plain(x)) < 2:
        raise ValueError(f"Input array must be at least 2-dimensional, but it is {np.ndim(plain(x))}")
    return x.swapaxes(-1, -2)


def swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    """``np.swapaxes``."""
    return as_array(a).swapaxes(integers(axis1), integers(axis2))


def moveaxis(a: Any, source: Any, destination: Any) -> Any:
    """``np.moveaxis``."""
    a = array(a)
    ndim = np.ndim(plain(a))
    source = normalize_axis_tuple(integers(source), ndim, "source")
    destination = normalize_axis_tuple(integers(destination), ndim, "destination")
    if len(source) != len(destination):
        raise ValueError("`source` and `destination` arguments must have the same number of elements")
    order = [n for n in range(ndim) if n not in source]
    for to, where in sorted(zip(destination, source, strict=True)):
        order.insert(to, where)
    return a.transpose(order)


def rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    """``np.rollaxis``."""
    a = array(a)
    ndim = np.ndim(plain(a))
    axis = normalize_axis_index(axis, ndim)
    if not -ndim <= start <= ndim:
        raise np.exceptions.AxisError(f"'start' arg requires {-ndim} <= start < {ndim + 1}, but {start} was passed in")
    start += ndim if start < 0 else 0
    start -= axis < start
    order = [n for n in range(ndim) if n != axis]
    order.insert(start, axis)
    return a.transpose(order)


def squeeze(a: Any, axis: Any = None) -> Any:
    """``np.squeeze``."""
    a = array(a)
    if isinstance_traced(a) and type(a.value) in (float, complex):  # of a number of Python's NumPy makes an array
        a = as_array(a)
    return a.squeeze(integers(axis))


def expand_dims(a: Any, axis: Any) -> Any:
    """``np.expand_dims``."""
    a = as_array(a)
    axis = integers(axis)
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    ndim = a.ndim + len(axes)
    axes = normalize_axis_tuple(axes, ndim)
    shape = iter(a.shape)
    return reshape(a, tuple(1 if i in axes else next(shape) for i in range(ndim)))


def _at_least(ndim: int, shape_of: Any) -> Any:
    def function(*arys: Any) -> Any:
        results = []
        for a in arys:
            a = as_array(a)
            results.append(a if a.ndim >= ndim else reshape(a, shape_of(a.shape)))
        return results[0] if len(results) == 1 else tuple(results)

    function.__name__ = f"atleast_{ndim}d"
    function.__doc__ = f"``np.atleast_{ndim}d``."
    return function


atleast_1d = _at_least(1, lambda shape: (1,))
atleast_2d = _at_least(2, lambda shape: (1, *shape) if shape else (1, 1))
atleast_3d = _at_least(3, lambda shape: (1, 1, 1) if not shape else (1, *shape, 1) if len(shape) == 1 else (*shape, 1))


def broadcast_to(array: Any, shape: Any, subok: bool = False) -> Any:
    """``np.broadcast_to``: a read-only view."""
    shape = integers(shape)
    shape = (shape,) if isinstance(shape, (int, np.integer)) else tuple(int(n) for n in shape)
    array = as_array(array)
    value = np.broadcast_to(plain(array), shape)
    if not carries(array):
        return value
    index = array.tape.record(broadcast_to_p, (array.index,), (shape,), None)
    result = array.child_view(broadcast_to_p, (shape,), index, value)
    result.writeable = False
    return result


def broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Any, ...]:
    """``np.broadcast_arrays``."""
    arrays = [as_array(a) for a in args]
    shape = np.broadcast_shapes(*[a.shape for a in arrays])
    return tuple(a if a.shape == shape else broadcast_to(a, shape) for a in arrays)


def sliding_window_view(
    x: Any, window_shape: Any, axis: Any = None, *, subok: bool = False, writeable: bool = False
) -> Any:
    """``np.lib.stride_tricks.sliding_window_view``: a read-only view, also where one to write to is asked for; writing to it raises."""
    a, window_shape, axis = as_array(x), integers(window_shape), integers(axis)
    value = np.lib.stride_tricks.sliding_window_view(plain(a), window_shape, axis)  # raises where a window does not fit
    if not carries(a):
        return value
    sizes = window_shape if isinstance(window_shape, (tuple, list)) else (window_shape,)
    axes = range(a.ndim) if axis is None else normalize_axis_tuple(axis, a.ndim, allow_duplicate=True)
    for size, along in zip(sizes, axes, strict=True):
        a = apply(a.tape, windows, (a,), (int(size), along))
    if type(a) is TracedArray:
        a.writeable = False
    return a


# --- order of the entries -----------------------------------------------------------------------------------------------------


def flip(m: Any, axis: Any = None) -> Any:
    """``np.flip``, a view."""
    m = as_array(m)
    axes = range(m.ndim) if axis is None else normalize_axis_tuple(integers(axis), m.ndim)
    return m[tuple(slice(None, None, -1) if i in axes else slice(None) for i in range(m.ndim))]


def _needs(m: Any, ndim: int) -> Any:
    m = as_array(m)
    if m.ndim < ndim:
        raise ValueError(f"Input must be >= {ndim}-d.")
    return m


def fliplr(m: Any) -> Any:
    """``np.fliplr``, a view."""
    return _needs(m, 2)[:, ::-1]


def flipud(m: Any) -> Any:
    """``np.flipud``, a view."""
    return _needs(m, 1)[::-1, ...]


def rot90(m: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    """``np.rot90``, a view."""
    m = as_array(m)
    k, axes = operator.index(concrete(k, "int")) % 4, tuple(integers(axes))
    if len(axes) != 2:
        raise ValueError("len(axes) must be 2.")
    if axes[0] == axes[1] or abs(axes[0] - axes[1]) == m.ndim:
        raise ValueError("Axes must be different.")
    if not all(-m.ndim <= a < m.ndim for a in axes):
        raise ValueError(f"Axes={axes} out of range for array of ndim={m.ndim}.")
    if k == 0:
        return m[...]
    if k == 2:
        return flip(m, axes)
    return swapaxes(flip(m, axes[1]), *axes) if k == 1 else flip(swapaxes(m, *axes), axes[1])


def roll(a: Any, shift: Any, axis: Any = None) -> Any:
    """``np.roll``."""
    a, shift = as_array(a), integers(shift)
    if axis is None:
        return reshape(roll(ravel(a), shift, 0), a.shape)
    axes = normalize_axis_tuple(integers(axis), a.ndim, allow_duplicate=True)
    pairs = np.broadcast(shift, axes)
    if pairs.ndim > 1:
        raise ValueError("'shift' and 'axis' should be scalars or 1D sequences")
    offsets = dict.fromkeys(axes, 0)
    for s, ax in pairs:
        offsets[ax] += int(s)
    result = a
    for ax, offset in offsets.items():
        offset %= a.shape[ax] or 1
        if offset:
            before = (slice(None),) * ax
            result = np.concatenate(
                [result[(*before, slice(-offset, None))], result[(*before, slice(None, -offset))]], axis=ax
            )
    return laid_out(result, a) if result is not a else a.copy("K")


# --- repetition -----------------------------------------------------------------------------------------------------------------


def tile(A: Any, reps: Any) -> Any:
    """``np.tile``."""
    A, reps = as_array(A), integers(reps)
    reps = tuple(reps) if np.ndim(reps) else (int(reps),)
    ndim = max(A.ndim, len(reps))
    reps = (1,) * (ndim - len(reps)) + tuple(int(r) for r in reps)
    shape = (1,) * (ndim - A.ndim) + A.shape
    result = tuple(n * r for n, r in zip(shape, reps, strict=True))
    if result == shape:
        return reshape(A, shape).copy("K")
    spread = reshape(A, tuple(m for n in shape for m in (1, n)))
    spread = broadcast_to(spread, tuple(m for n, r in zip(shape, reps, strict=True) for m in (r, n)))
    return _fresh(reshape(spread, result))


def _fresh(result: Any) -> Any:
    """An array of its own, where spreading and reshaping left a view."""
    return result.copy() if type(result) is TracedArray and result.root is not None else result


def repeat(a: Any, repeats: Any, axis: Any = None) -> Any:
    """``np.repeat``."""
    a, repeats = as_array(a), integers(repeats)
    if axis is None:
        a, axis = ravel(a), 0
    axis = normalize_axis_index(axis, a.ndim)
    positions = np.repeat(np.arange(a.shape[axis]), repeats)
    if np.size(repeats) != 1 or not a.size:
        return a[(*(slice(None),) * axis, positions)]
    r = int(np.ravel(repeats)[0])
    shape = a.shape
    if r == 1:
        return a.copy()
    spread = broadcast_to(
        reshape(a, (*shape[: axis + 1], 1, *shape[axis + 1 :])), (*shape[: axis + 1], r, *shape[axis + 1 :])
    )
    return _fresh(reshape(spread, (*shape[:axis], shape[axis] * r, *shape[axis + 1 :])))


def resize(a: Any, new_shape: Any) -> Any:
    """``np.resize``: the entries in order, again and again until the new shape is full."""
    a, new_shape = as_array(a), integers(new_shape)
    new_shape = (new_shape,) if isinstance(new_shape, (int, np.integer)) else tuple(new_shape)
    if a.size == 0:
        np.resize(np.zeros(0), new_shape)
        return np.zeros_like(a, shape=new_shape)
    return reshape(ravel(a)[np.resize(np.arange(a.size), new_shape).ravel()], new_shape)


def copy(a: Any, order: Any = "K", subok: bool = False) -> Any:
    """``np.copy``: an array of its own."""
    return as_array(a).copy(order)


def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    """``np.astype``."""
    return as_array(x).astype(dtype, copy=copy)


def real(val: Any) -> Any:
    """``np.real``."""
    return array(val).real


def imag(val: Any) -> Any:
    """``np.imag``."""
    return array(val).imag


def real_if_close(a: Any, tol: float = 100) -> Any:
    """``np.real_if_close``: the real part if every imaginary part is small."""
    a = as_array(a)
    if a.dtype.kind != "c":
        return a
    tol = plain(tol)
    if tol > 1:
        tol = np.finfo(a.dtype).eps * tol
    return a.real if np.all(np.abs(a.imag) < tol) else a


FUNCTIONS: dict[Any, Any] = {
    np.reshape: reshape,
    np.ravel: ravel,
    np.transpose: transpose,
    np.matrix_transpose: matrix_transpose,
    np.swapaxes: swapaxes,
    np.moveaxis: moveaxis,
    np.rollaxis: rollaxis,
    np.squeeze: squeeze,
    np.expand_dims: expand_dims,
    np.atleast_1d: atleast_1d,
    np.atleast_2d: atleast_2d,
    np.atleast_3d: atleast_3d,
    np.broadcast_to: broadcast_to,
    np.broadcast_arrays: broadcast_arrays,
    np.lib.stride_tricks.sliding_window_view: sliding_window_view,
    np.flip: flip,
    np.fliplr: fliplr,
    np.flipud: flipud,
    np.rot90: rot90,
    np.roll: roll,
    np.tile: tile,
    np.repeat: repeat,
    np.resize: resize,
    np.copy: copy,
    np.real: real,
    np.imag: imag,
    np.real_if_close: real_if_close,
}
if hasattr(np, "astype"):
    FUNCTIONS[np.astype] = astype
