"""Decisions over intervals: comparisons, selections, signs, steps, extrema.

A boolean interval holds "certainly" and "possibly".  A decision that is open over a box gives the hull of its answers, and marks the box as rough.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradwise.geometry.intervals.interval import Interval, absolute, aligned, down, hull, mul, outward, up


def _answer(box: Any, certainly: np.ndarray, possibly: np.ndarray) -> Interval:
    """A boolean; where an operand is undefined in a part of the box, so is the answer open (nan compares as false)."""
    partial = box.partly(certainly.ndim)
    if partial is not None:
        certainly, possibly = certainly & ~partial, possibly | partial
    return Interval(certainly, possibly)


def greater(box: Any, x: Interval, z: Interval) -> Interval:
    x, z = aligned(x, z)
    return _answer(box, x.lo > z.hi, x.hi > z.lo)


def greater_equal(box: Any, x: Interval, z: Interval) -> Interval:
    x, z = aligned(x, z)
    return _answer(box, x.lo >= z.hi, x.hi >= z.lo)


def less(box: Any, x: Interval, z: Interval) -> Interval:
    return greater(box, z, x)


def less_equal(box: Any, x: Interval, z: Interval) -> Interval:
    return greater_equal(box, z, x)


def equal(box: Any, x: Interval, z: Interval) -> Interval:
    x, z = aligned(x, z)
    return _answer(box, (x.lo == z.hi) & (x.hi == z.lo), (x.lo <= z.hi) & (z.lo <= x.hi))


def logical_not(box: Any, x: Interval) -> Interval:
    x = truth(x)
    return Interval(~x.hi, ~x.lo)


def not_equal(box: Any, x: Interval, z: Interval) -> Interval:
    return logical_not(box, equal(box, x, z))


def truth(x: Interval) -> Interval:
    """Numbers as booleans: anything but zero is true."""
    if x.lo.dtype.kind == "b":
        return x
    return Interval((x.lo > 0) | (x.hi < 0), ~((x.lo == 0) & (x.hi == 0)))


def logical(function: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Any:
    """Conjunction and disjunction: monotone in both operands."""

    def rule(box: Any, x: Interval, z: Interval) -> Interval:
        x, z = aligned(truth(x), truth(z))
        return Interval(function(x.lo, z.lo), function(x.hi, z.hi))

    return rule


def logical_xor(box: Any, x: Interval, z: Interval) -> Interval:
    x, z = aligned(truth(x), truth(z))
    certain = (x.lo == x.hi) & (z.lo == z.hi)
    return Interval(certain & (x.lo != z.lo), ~certain | (x.lo != z.lo))


def isnan(box: Any, x: Interval) -> Interval:
    empty = np.isnan(x.lo)
    return _answer(box, empty, empty)


def isfinite(box: Any, x: Interval) -> Interval:
    return logical_not(box, isnan(box, x))


def isinf(box: Any, x: Interval) -> Interval:
    nowhere = np.zeros(x.shape, bool)
    return Interval(nowhere, nowhere)


def select(box: Any, mask: Interval, x: Interval, z: Interval) -> Interval:
    mask, x, z = aligned(truth(mask), x, z)
    unsure = mask.hi & ~mask.lo
    lo, hi = np.where(mask.lo, x.lo, z.lo), np.where(mask.lo, x.hi, z.hi)
    if unsure.any():
        box.rough(unsure)
        both = hull(x, z)
        empty = np.isnan(x.lo) | np.isnan(z.lo)
        if (unsure & empty).any():
            box.partial(unsure & empty)
        lo, hi = np.where(unsure, both.lo, lo), np.where(unsure, both.hi, hi)
    return Interval(lo, hi)


def absolute_value(box: Any, x: Interval) -> Interval:
    box.rough((x.lo <= 0) & (x.hi >= 0))
    return absolute(x)


def step(function: Callable[..., np.ndarray]) -> Any:
    """A piecewise constant function that never falls."""

    def rule(box: Any, x: Interval, *params: Any) -> Interval:
        lo = function(x.lo, *params)
        hi = lo if x.thin else function(x.hi, *params)
        box.rough(lo != hi)
        return Interval(lo, hi)

    return rule


def sign(box: Any, x: Interval) -> Interval:
    y = Interval(np.sign(x.lo), np.sign(x.hi))
    box.rough((x.lo <= 0) & (x.hi >= 0))
    return y


def extremum(function: Callable[[np.ndarray, np.ndarray], np.ndarray], sense: int) -> Any:
    """The larger (sense 1) or smaller (−1) of two; rough where either may win, or where one is undefined in a part of the box."""

    def rule(box: Any, x: Interval, z: Interval) -> Interval:
        x, z = aligned(x, z)
        box.rough((x.lo <= z.hi) & (z.lo <= x.hi))
        partial = box.partly(x.ndim)
        if partial is not None and function in {np.fmax, np.fmin}:  # the other one where one is nan
            return hull(x, z)
        return Interval(function(x.lo, z.lo), function(x.hi, z.hi))

    return rule


def reduced_extremum(ufunc: Any) -> Any:
    """The largest or smallest along axes; rough where more than one entry may win."""

    def rule(box: Any, x: Interval, axes: tuple[int, ...], keepdims: bool) -> Interval:
        inner = tuple(a + 1 for a in axes)
        lo, hi = ufunc.reduce(x.lo, axis=inner, keepdims=True), ufunc.reduce(x.hi, axis=inner, keepdims=True)
        contenders = np.sum((x.hi >= lo) & (x.lo <= hi), axis=inner, keepdims=True)
        box.rough(contenders > 1)
        if not keepdims:
            lo, hi = np.squeeze(lo, inner), np.squeeze(hi, inner)
        return Interval(lo, hi)

    return rule


def wins(sense: int, axes: tuple[int, ...]) -> Any:
    """Whether an entry equals the largest (sense 1) or smallest (−1) along axes: certainly if it beats all others, possibly if none certainly beats it."""

    def rule(box: Any, x: Interval, extreme: Interval) -> Interval:
        if sense < 0:
            x = Interval(-x.hi, -x.lo)
        order = [*(a for a in range(x.ndim) if a - 1 not in axes), *(a + 1 for a in axes)]
        lead = [x.shape[a] for a in order[: x.ndim - len(axes)]]
        lo, hi = (np.transpose(end, order).reshape(*lead, -1) for end in (x.lo, x.hi))
        count = hi.shape[-1]
        best = np.argmax(hi, axis=-1, keepdims=True)
        first = np.take_along_axis(hi, best, -1)
        second = np.max(np.where(np.arange(count) == best, -np.inf, hi), axis=-1, keepdims=True)
        others = np.where(np.arange(count) == best, second, first)
        certainly, possibly = lo > others, hi >= np.max(lo, axis=-1, keepdims=True)
        shape = [x.shape[a] for a in order]
        certainly, possibly = (m.reshape(shape).transpose(np.argsort(order)) for m in (certainly, possibly))
        return _answer(box, certainly, possibly)

    return rule


def truth_along(ufunc: Any) -> Any:
    """``all`` and ``any`` along axes."""

    def rule(box: Any, x: Interval, axes: tuple[int, ...], keepdims: bool) -> Interval:
        x, inner = truth(x), tuple(a + 1 for a in axes)
        return Interval(
            ufunc.reduce(x.lo, axis=inner, keepdims=keepdims), ufunc.reduce(x.hi, axis=inner, keepdims=keepdims)
        )

    return rule


def heaviside(box: Any, x: Interval, z: Interval) -> Interval:
    x, z = aligned(x, z)
    box.rough((x.lo <= 0) & (x.hi >= 0))
    corners = [np.heaviside(a, b) for a in (x.lo, x.hi) for b in (z.lo, z.hi)]
    zero = np.where((x.lo <= 0) & (x.hi >= 0), z.lo, corners[0]), np.where((x.lo <= 0) & (x.hi >= 0), z.hi, corners[0])
    return Interval(np.minimum.reduce([*corners, zero[0]]), np.maximum.reduce([*corners, zero[1]]))


def copysign(box: Any, x: Interval, z: Interval) -> Interval:
    x, z = aligned(absolute_value(box, x), z)
    box.rough((z.lo <= 0) & (z.hi >= 0))
    return Interval(np.where(z.lo > 0, x.lo, -x.hi), np.where(z.hi < 0, -x.lo, x.hi))


def sign_bit_sign(box: Any, x: Interval) -> Interval:
    box.rough((x.lo <= 0) & (x.hi >= 0))
    return Interval(np.where(x.lo > 0, 1.0, -1.0), np.where(x.hi < 0, -1.0, 1.0))


def floor_divide(box: Any, x: Interval, z: Interval) -> Interval:
    x, z = aligned(x, z)
    holds = (z.lo <= 0) & (z.hi >= 0)
    corners = [a / b for a in (x.lo, x.hi) for b in (z.lo, z.hi)]
    lo = np.floor(np.where(holds, -np.inf, down(np.minimum.reduce(corners))))
    hi = np.floor(np.where(holds, np.inf, up(np.maximum.reduce(corners))))
    box.rough(holds | (lo != hi))
    return Interval(lo, hi)


def mod(box: Any, x: Interval, z: Interval) -> Interval:
    """The remainder x − z floor(x/z), which lies between 0 and z."""
    x, z = aligned(x, z)
    whole = floor_divide(box, x, z)
    part = mul(z, whole)
    y = outward(x.lo - part.hi, x.hi - part.lo)
    least, most = np.minimum(z.lo, 0.0), np.maximum(z.hi, 0.0)
    return Interval(np.maximum(y.lo, least), np.minimum(y.hi, most))


def fmod(box: Any, x: Interval, z: Interval) -> Interval:
    """The remainder x − z trunc(x/z), which has the sign of x and is shorter than z."""
    x, z = aligned(x, z)
    holds = (z.lo <= 0) & (z.hi >= 0)
    corners = [a / b for a in (x.lo, x.hi) for b in (z.lo, z.hi)]
    lo = np.trunc(np.where(holds, -np.inf, down(np.minimum.reduce(corners))))
    hi = np.trunc(np.where(holds, np.inf, up(np.maximum.reduce(corners))))
    box.rough(holds | (lo != hi))
    part, most = mul(z, Interval(lo, hi)), z.size
    y = outward(x.lo - part.hi, x.hi - part.lo)
    return Interval(
        np.maximum(y.lo, np.maximum(-most, np.minimum(x.lo, 0.0))),
        np.minimum(y.hi, np.minimum(most, np.maximum(x.hi, 0.0))),
    )


def remainder(box: Any, x: Interval, z: Interval) -> Interval:
    """The remainder x − z rint(x/z), which is no longer than half of z."""
    x, z = aligned(x, z)
    holds = (z.lo <= 0) & (z.hi >= 0)
    corners = [a / b for a in (x.lo, x.hi) for b in (z.lo, z.hi)]
    lo = np.rint(np.where(holds, -np.inf, down(np.minimum.reduce(corners))))
    hi = np.rint(np.where(holds, np.inf, up(np.maximum.reduce(corners))))
    box.rough(holds | (lo != hi))
    part, most = mul(z, Interval(lo, hi)), z.size / 2
    y = outward(x.lo - part.hi, x.hi - part.lo)
    return Interval(np.maximum(y.lo, -most), np.minimum(y.hi, most))


def clear(x: Interval) -> bool:
    """Whether an interval is a point, the same in all boxes: what an index must be."""
    return len(x.lo) == 1 and bool(np.all(x.lo == x.hi))


def converted(box: Any, x: Interval, dtype: np.dtype[Any]) -> Interval:
    """Another dtype: real numbers stay what they are; a conversion to integers cuts off what is behind the point."""
    if dtype.kind == "b":
        return truth(x)
    if dtype.kind in "iu" and x.lo.dtype.kind == "f":
        return step(np.trunc)(box, x)
    if x.lo.dtype.kind == "b":
        box.rough(x.lo != x.hi)
    return x.map(lambda a: a.astype(float))


class OutOfReachError(Exception):
    """An operation that the rule cannot bound for these operands; the message says why."""
