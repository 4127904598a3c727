"""Functions that write into their argument.

A traced array is written with NumPy's meaning, views included.  A plain array cannot hold a traced value: that raises, with the cure.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from gradwise.tracing.arithmetic import _innermost, concrete, plain
from gradwise.tracing.functions.operands import array, as_array, carries, integers
from gradwise.tracing.instrument.state import note_written
from gradwise.tracing.traced import TracedArray, dtype_of, isinstance_traced


def destination(name: str, target: Any, *values: Any) -> Any:
    """The traced array that is written to.

    Raises
    ------
    TracingError
        If the target is a plain array and one of the values is traced.
    """
    if type(target) is TracedArray and target.tape.open:
        return target
    moving = _innermost(*[array(v) for v in values])
    if moving is None:
        moving = _innermost(target)
        raise (
            TypeError(f"{name} was given a number to write into. An array is required")
            if moving
            else TypeError(f"{name}: an array is required")
        )
    note_written(target)
    raise moving.fail(
        f"{name} writes a traced value into a plain array, which would lose the derivative. An array made from traced values is required: create "
        "the buffer inside the function with np.zeros_like(x), or copy the plain array there with np.zeros_like(x, shape=...) and assign to it"
    )


def write_flat(a: Any, places: np.ndarray, values: Any) -> None:
    """``a.flat[places] = values`` for plain positions."""
    if a.current().flags.c_contiguous:
        a.reshape(-1)[places] = values
    else:
        a[np.unravel_index(places, a.shape)] = values


def _plain_write(function: Any, target: Any, *arguments: Any) -> bool:
    """Do it with NumPy if nothing that carries a derivative is written; True if done."""
    given = [array(a) for a in arguments]
    moving = [carries(a) and dtype_of(plain(a)).kind in "fc" for a in given]
    kept = target.dtype if type(target) is np.ndarray and target.dtype.kind in "iub" else None
    if carries(target) or (any(moving) and kept is None):
        return False
    values = [
        _cut_off(a, kept) if moves else concrete(a) if carries(a) else plain(argument)
        for a, argument, moves in zip(given, arguments, moving, strict=True)
    ]
    function(plain(target), *values)
    return True


def _cut_off(a: Any, kept: Any) -> Any:
    """Numbers as an array of integers or truth values keeps them, of the dtype that they have: NumPy says whether it takes such."""
    return np.asarray(concrete(a.astype(kept))).astype(dtype_of(plain(a)))


def copyto(dst: Any, src: Any, casting: Any = "same_kind", where: Any = True) -> None:
    """``np.copyto``."""
    if _plain_write(lambda d, s, w: np.copyto(d, s, casting, w), dst, src, where):
        return
    if not isinstance_traced(src):
        src = src if isinstance(src, (int, float, complex)) else array(src)
    dst = destination("np.copyto", dst, src)
    # NumPy's own checks of shape and casting, on a copy
    np.copyto(dst.current().copy(), plain(src), casting, plain(where))
    if where is not True:
        src = np.where(where, src, dst)
    elif isinstance_traced(src) and dtype_of(plain(src)) != dst.dtype:
        src = src.astype(dst.dtype)
    dst[...] = src


def place(arr: Any, mask: Any, vals: Any) -> None:
    """``np.place``: the values in order, again and again, into the places where the mask is true."""
    if _plain_write(np.place, arr, mask, vals):
        return
    arr, mask, vals = (
        destination("np.place", arr, vals),
        np.asarray(concrete(array(mask), "mask")),
        np.ravel(
            as_array(vals)
            if isinstance_traced(vals) or type(vals) is np.ndarray
            else as_array(vals).astype(dtype_of(plain(arr)))
        ),
    )
    np.place(arr.current().copy(), mask, plain(vals))  # NumPy's own checks, on a copy
    places = np.flatnonzero(mask)
    if places.size:
        write_flat(arr, places, vals[np.arange(places.size) % vals.size])


def putmask(a: Any, mask: Any, values: Any) -> None:
    """``np.putmask``: where the mask is true, the value of the same position (values repeat)."""
    if _plain_write(np.putmask, a, mask, values):
        return
    a, mask = destination("np.putmask", a, values), np.asarray(concrete(array(mask), "mask"))
    np.putmask(
        a.current().copy(), mask, plain(values)
    )  # raises as NumPy does, which takes Python's numbers for any dtype
    values = np.ravel(as_array(values)).astype(a.dtype)
    places = np.flatnonzero(mask)
    if places.size and values.size:
        write_flat(a, places, values[places % values.size])


def put(a: Any, ind: Any, v: Any, mode: Any = "raise") -> None:
    """``np.put``: values (repeated) into flat positions."""
    if _plain_write(lambda target, i, values: np.put(target, i, values, mode), a, ind, v):
        return
    a, ind, v = destination("np.put", a, v), np.asarray(concrete(array(ind), "index")), np.ravel(as_array(v))
    np.put(a.current().copy(), ind, plain(v), mode)
    places = ind.ravel()
    if not places.size or not v.size:
        return
    places = np.clip(places, 0, a.size - 1) if mode == "clip" else places % a.size
    write_flat(a, places, v[np.arange(places.size) % v.size])


def along_axis_key(shape: tuple[int, ...], indices: Any, axis: int) -> tuple[Any, ...]:
    """The index that addresses, for each line along ``axis``, its own entries."""
    ndim = len(shape)
    if np.ndim(plain(indices)) != ndim:
        raise ValueError("`indices` and `arr` must have the same number of dimensions")
    if dtype_of(plain(indices)).kind not in "iu":
        raise IndexError("`indices` must be an integer array")
    return tuple(
        indices if i == axis else np.arange(n).reshape((1,) * i + (-1,) + (1,) * (ndim - 1 - i))
        for i, n in enumerate(shape)
    )


def put_along_axis(arr: Any, indices: Any, values: Any, axis: int | None) -> None:
    """``np.put_along_axis``."""
    if _plain_write(lambda a, i, v: np.put_along_axis(a, i, v, axis), arr, indices, values):
        return
    arr, indices = destination("np.put_along_axis", arr, values), concrete(array(indices), "index")
    if axis is None:
        if indices.ndim != 1:
            raise ValueError("when axis=None, `indices` must have a single dimension.")
        values = array(values)
        arr.flat[indices] = values
        return
    axis = normalize_axis_index(integers(axis), arr.ndim)
    arr[along_axis_key(arr.shape, indices, axis)] = array(values)


FUNCTIONS: dict[Any, Any] = {
    np.copyto: copyto,
    np.place: place,
    np.putmask: putmask,
    np.put: put,
    np.put_along_axis: put_along_axis,
}
