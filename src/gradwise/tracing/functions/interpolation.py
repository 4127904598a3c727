"""Piecewise linear interpolation and the unwrapping of angles."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from gradwise.rules.interpolation import interval, offset, turns
from gradwise.rules.shapes import getitem
from gradwise.tracing.arithmetic import _innermost, concrete, plain
from gradwise.tracing.functions.operands import array, as_array, carries, common_dtype, integers
from gradwise.tracing.traced import apply, dtype_of, isinstance_traced


def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    """``np.interp``; x, xp, fp, left, right and the period may all be traced.  At a knot the slope is the one to its right."""
    x, xp, fp = _double(array(x)), _double(as_array(xp)), _double(as_array(fp))
    left, right = [v if v is None else _double(array(v)) for v in (left, right)]
    if np.ndim(plain(xp)) != 1 or np.shape(plain(xp)) != np.shape(plain(fp)):
        raise ValueError(
            "fp and xp are not of the same length." if np.ndim(plain(xp)) == 1 else "object too deep for desired array"
        )
    if np.size(plain(xp)) == 0:
        raise ValueError("array of sample points is empty")
    if period is not None:
        if period == 0:
            raise ValueError("period must be a non-zero value")
        period = np.abs(period)
        left = right = None
        x, xp = np.mod(x, period), np.mod(xp, period)
        order = np.argsort(xp)
        xp, fp = xp[order], fp[order]
        xp = np.concatenate([xp[-1:] - period, xp, xp[:1] + period])
        fp = np.concatenate([fp[-1:], fp, fp[:1]])
    n = np.shape(plain(xp))[0]
    first, last = (fp[0] if left is None else left), (fp[-1] if right is None else right)
    if n == 1:
        inside = fp[0]
    else:
        place = _interval(xp, x)
        x0, x1, f0, f1 = [_taken(v, place) for v in (xp[:-1], xp[1:], fp[:-1], fp[1:])]
        with np.errstate(invalid="ignore"):  # at x = ±inf, where the ends are taken
            inside = (f1 - f0) / (x1 - x0) * _offset(x, x0, x1) + f0
    return np.where(x < xp[0], first, np.where(x > xp[-1], last, inside))[()]


def _double(a: Any) -> Any:
    """In double precision, in which NumPy interpolates whatever it is given."""
    dtype = dtype_of(plain(a))
    return (
        a
        if dtype.itemsize >= 8 and dtype.kind in "fc"
        else a.astype(np.complex128 if dtype.kind == "c" else np.float64)
    )


def _taken(values: Any, *places: Any) -> Any:
    """``values[places]``; plain values, and those of an outer trace, stay a table that is looked up, so that the program holds for other places."""
    trace = _innermost(values, *places)
    if trace is None or not any(map(isinstance_traced, places)):
        return values[places]
    index = tuple([("array", k) for k in range(len(places))])
    return apply(trace, getitem, (values, *places), (index,))


def _interval(xp: Any, x: Any) -> Any:
    trace = _innermost(xp, x)
    if trace is None:
        return interval.value(plain(xp), plain(x), 0)
    return apply(trace, interval, (xp, x), (0,), None, common_dtype(xp, x))


def _offset(x: Any, x0: Any, x1: Any) -> Any:
    trace = _innermost(x, x0, x1)
    if trace is None:
        return offset.value(plain(x), plain(x0), plain(x1))
    dtype = np.result_type(common_dtype(x, x0, x1), np.float64)
    if dtype_of(plain(x)) != dtype:  # the value is of the type that is recorded
        x = x.astype(dtype)
    return apply(trace, offset, (x, x0, x1), (), None, dtype)


def unwrap(p: Any, discont: Any = None, axis: int = -1, *, period: Any = 2 * np.pi) -> Any:
    """``np.unwrap``: p plus whole periods, whose numbers are constant."""
    p = as_array(p)
    size = float(concrete(period))
    limit = None if discont is None else float(concrete(discont))
    axis = normalize_axis_index(integers(axis), np.ndim(plain(p)))
    if not carries(p):
        return p + turns.value(p, axis, limit, size) * period
    if dtype_of(plain(p)).kind not in "fc":
        p = p.astype(float)
    return p + apply(p.tape, turns, (p,), (axis, limit, size)) * period


FUNCTIONS: dict[Any, Any] = {np.interp: interp, np.unwrap: unwrap}
