"""Padding and trimming."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.choosing import _true
from gradwise.tracing.functions.operands import array, as_array, carries, integers, valued
from gradwise.tracing.traced import isinstance_traced

_OPTIONS = {
    "empty": set(),
    "edge": set(),
    "wrap": set(),
    "constant": {"constant_values"},
    "linear_ramp": {"end_values"},
    "maximum": {"stat_length"},
    "mean": {"stat_length"},
    "median": {"stat_length"},
    "minimum": {"stat_length"},
    "reflect": {"reflect_type"},
    "symmetric": {"reflect_type"},
}
_STATISTICS: dict[str, Any] = {"maximum": np.max, "minimum": np.min, "mean": np.mean, "median": np.median}


def _widths(pad_width: Any, ndim: int) -> list[tuple[int, int]]:
    pad_width = integers(pad_width)
    if isinstance(pad_width, dict):
        pairs = [(0, 0)] * ndim
        for axis, width in pad_width.items():
            pairs[axis] = (width, width) if np.ndim(width) == 0 else tuple(width)
        pad_width = pairs
    widths = np.asarray(pad_width)
    if widths.dtype.kind != "i":
        raise TypeError("`pad_width` must be of integral type.")
    if (widths < 0).any():
        raise ValueError("index can't contain negative values")
    return [(int(b), int(a)) for b, a in np.broadcast_to(widths, (ndim, 2))]


def _pairs(values: Any, ndim: int) -> list[tuple[Any, Any]]:
    """A number, a pair, or a pair for each axis, as a pair for each axis."""
    values = array(values)
    pairs = np.broadcast_to(values, (ndim, 2))
    return [(pairs[i, 0], pairs[i, 1]) for i in range(ndim)]


def _filled(shape: tuple[int, ...], axis: int, width: int, value: Any, dtype: Any) -> Any:
    """A block of one value, of an array's dtype."""
    block = (*shape[:axis], width, *shape[axis + 1 :])
    if carries(value):
        if dtype.kind in "iub":
            value = np.trunc(value)
        return np.broadcast_to(value.astype(dtype), block)
    return np.full(block, plain(value)).astype(dtype)


def _taken(x: Any, axis: int, key: Any) -> Any:
    return x[(*(slice(None),) * axis, key)]


def _ramp(x: Any, axis: int, width: int, end: Any, *, before: bool) -> Any:
    edge = _taken(x, axis, slice(0, 1) if before else slice(-1, None))
    edge = np.squeeze(edge, axis)
    line = np.linspace(end, edge, width, endpoint=False, dtype=x.dtype, axis=axis)
    return line if before else np.flip(line, axis)


def _statistic(x: Any, axis: int, mode: str, length: Any, *, before: bool) -> Any:
    n = x.shape[axis]
    length = n if length is None else min(int(length), n)
    if length == 0:
        if mode in {"maximum", "minimum"}:
            raise ValueError("stat_length of 0 yields no value for padding")
        return np.full((*x.shape[:axis], 1, *x.shape[axis + 1 :]), np.nan)
    part = _taken(x, axis, slice(0, length) if before else slice(n - length, n))
    return _STATISTICS[mode](part, axis=axis, keepdims=True)


def _odd(x: Any, axis: int, width: tuple[int, int], *, edge: bool) -> Any:
    """Reflected through the end points (``reflect_type="odd"``), as often as it takes."""
    left, right = width
    period = x.shape[axis] - (0 if edge else 1)
    while left > 0 or right > 0:
        n = x.shape[axis]
        pieces = [x]
        if left > 0:
            k = min(left, period)
            first = 0 if edge else 1
            mirrored = np.flip(_taken(x, axis, slice(first, first + k)), axis)
            pieces.insert(0, 2 * _taken(x, axis, slice(0, 1)) - mirrored)
            left -= k
        if right > 0:
            k = min(right, period)
            stop = n if edge else n - 1
            mirrored = np.flip(_taken(x, axis, slice(stop - k, stop)), axis)
            pieces.append(2 * _taken(x, axis, slice(n - 1, n)) - mirrored)
            right -= k
        x = np.concatenate(pieces, axis)
        period = x.shape[axis] - (0 if edge else 1)
    return x


def _by_function(x: Any, widths: list[tuple[int, int]], function: Any, options: dict[str, Any]) -> Any:
    padded = pad(x, widths)
    for axis in range(padded.ndim):
        view = np.moveaxis(padded, axis, -1)
        for place in np.ndindex(view.shape[:-1]):
            function(view[(*place, Ellipsis)], widths[axis], axis, options)
    return padded


def pad(a: Any, pad_width: Any, mode: Any = "constant", **options: Any) -> Any:
    """``np.pad``, all modes; constants and end values may be traced."""
    a = as_array(a)
    widths = _widths(pad_width, a.ndim)
    if callable(mode):
        return _by_function(a, widths, mode, options)
    result = _padded(a, widths, mode, options)
    order: Any = "F" if plain(a).flags.fnc else "C"
    return valued(result, np.array(plain(result), order=order)) if carries(result) else result


def _padded(a: Any, widths: list[tuple[int, int]], mode: Any, options: dict[str, Any]) -> Any:
    if mode not in _OPTIONS:
        raise ValueError(f"mode '{mode}' is not supported")
    unknown = set(options) - _OPTIONS[mode]
    if unknown:
        raise ValueError(f"unsupported keyword arguments for mode '{mode}': {unknown}")
    if mode in {"constant", "empty", "linear_ramp"}:
        name = {"constant": "constant_values", "linear_ramp": "end_values"}.get(mode)
        ends = _pairs(options.get(name or "", 0), a.ndim)
    elif mode in _STATISTICS:
        lengths = options.get("stat_length")
        ends = [(None, None)] * a.ndim if lengths is None else _pairs(integers(lengths), a.ndim)
    else:
        reflect_type = options.get("reflect_type", "even")
        if reflect_type != "odd" or not a.size:
            # every entry is an entry of a: NumPy's own function on their numbers says which
            numbers = np.pad(np.arange(a.size).reshape(a.shape), widths, mode)
            return np.reshape(np.ravel(a)[numbers.ravel()], numbers.shape)
    if not a.size and mode not in {"constant", "empty"}:
        np.pad(plain(a), widths, mode, **options)  # raises where an empty axis would have to be extended
        return _padded(a, widths, "constant", {})
    for axis, (before, after) in enumerate(widths):
        if not before and not after:
            continue
        if mode in {"reflect", "symmetric"}:
            if a.shape[axis] == 1 and mode == "reflect":  # nothing to mirror: NumPy repeats the edge
                a = np.concatenate([np.repeat(a, before, axis), a, np.repeat(a, after, axis)], axis)
            else:
                a = _odd(a, axis, (before, after), edge=mode == "symmetric")
            continue
        blocks = []
        for width, first in ((before, True), (after, False)):
            shape = (*a.shape[:axis], width, *a.shape[axis + 1 :])
            if mode in _STATISTICS:
                value = _statistic(a, axis, mode, ends[axis][0 if first else 1], before=first)
                if a.dtype.kind in "iu":
                    value = np.rint(value)
                blocks.append(np.broadcast_to(value, shape).astype(a.dtype))
            elif mode == "linear_ramp":
                blocks.append(_ramp(a, axis, width, ends[axis][0 if first else 1], before=first))
            else:
                blocks.append(_filled(a.shape, axis, width, ends[axis][0 if first else 1], a.dtype))
        a = np.concatenate([blocks[0], a, blocks[1]], axis)
    return a


def trim_zeros(filt: Any, trim: str = "fb", axis: Any = None) -> Any:
    """``np.trim_zeros``: without the zeros at the ends; how many there are is concrete."""
    if isinstance(filt, (list, tuple)) and not isinstance_traced(filt):
        return filt[_trim_key(_true(array(filt)), trim, None)[0]]
    filt = as_array(filt)
    return filt[_trim_key(_true(filt), trim, integers(axis))]


def _trim_key(mask: np.ndarray, trim: str, axis: Any) -> tuple[slice, ...]:
    trim = trim.lower()
    if trim not in {"fb", "bf", "f", "b"}:
        raise ValueError(f"unexpected character(s) in `trim`: {trim!r}")
    axes = range(mask.ndim) if axis is None else normalize_axis_tuple(axis, mask.ndim)
    key = []
    for i in range(mask.ndim):
        places = np.flatnonzero(mask.any(axis=tuple(j for j in range(mask.ndim) if j != i)))
        if i not in axes:
            key.append(slice(None))
        elif not places.size:
            key.append(slice(0, 0))
        else:
            key.append(slice(int(places[0]) if "f" in trim else None, int(places[-1]) + 1 if "b" in trim else None))
    return tuple(key)


FUNCTIONS: dict[Any, Any] = {np.pad: pad, np.trim_zeros: trim_zeros}
