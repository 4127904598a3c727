"""Entries on which f does not move: inputs that an output does not depend on, clipped and saturated ones.

Most entries of a sparse Jacobian are of this kind.  The slope is 0 there, and a relative precision means nothing; what has
to be excluded is that x lies on the tread of a staircase.  Two values far outside do that where they do not move either:
trends and ramps would show.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.numerical.line import CLOSEST, FIRST, INF, OUTWARD, SMALL, Outcome, outward_octave
from gradwise.numerical.noise_level import RISEN, bisect, riser
from gradwise.numerical.samples import BOTH, MANY_BITS, Request, Samples
from gradwise.numerical.status import Status

if TYPE_CHECKING:
    from gradwise.numerical.lanes import Lanes, Store, Table


def stands_still(samples: Samples) -> Generator[Request, list[float], Outcome | None]:
    """Return the outcome of an f that is f(x) to the last bit on the whole ladder, by two values far outside and how it leaves it where it moves there."""
    line, f0, values = samples.line, samples.f0, samples.values
    low, room = line.octave, min(line.left, line.right)
    outer = outward_octave(low)
    if room < INF:
        outer = min(outer, math.frexp(room)[1] - 1)
    if outer <= low:
        return None
    yield from samples.sample_octaves((outer,))
    far = math.ldexp(1.0, outer)
    level, moves = line.unit * abs(f0), [values[far] - f0, values[-far] - f0]
    if not math.isfinite(moves[0] + moves[1]):
        return None
    sides = tuple([side for side, move in zip(BOTH, moves) if move != 0.0])
    if sides:
        if low < CLOSEST - OUTWARD:
            return None  # x might as well be 0, and what is smooth around that moves by less than rounding
        outer = yield from bisect(samples, low, outer, lambda k: samples.move(k, sides) == 0.0, sides)
        yield from samples.sample_octaves((outer + 1,), sides)
        if not samples.move(outer + 1, sides) > CLEARLY * samples.eta(f0):
            return None  # it leaves f(x) by as little as rounding hides
        size = yield from riser(samples, outer, sides)
        far = math.ldexp(1.0, outer)
        if size > RISEN * samples.eta(f0):
            # the tread of a staircase, whose trend may be what is meant
            return Outcome(0.0, size / far, Status.QUANTISED, far, 0.0, 0.0, size / math.sqrt(12))
    error = 4 * (level + 5e-324) / far
    if f0 == 0.0:
        # f is 0 to the last bit, as 1 - erf(9) is, though it moves farther out: what it is rounded from may be that large
        error = max(error, line.unit * samples.size / max(line.scale, far))
    return Outcome(0.0, error, Status.OK, far, 0.0, 0.0, level)


CLEARLY = 2.0**20
"""By so many units of rounding f moves where it leaves a value that it has really had so far."""

SHARED = 8
"""So many entries are looked into before the others that behaved alike are taken to be alike."""


def many_bits(lanes: Lanes, steps: np.ndarray, part: Any = ...) -> np.ndarray:
    """Return steps of many bits just below these, for which x + step is not rounded, as `Samples.near` does for one."""
    spacing = lanes.spacing[part]
    with np.errstate(over="ignore", invalid="ignore"):
        counts = np.rint(MANY_BITS * steps / spacing)
        near = counts * spacing
    good = np.isfinite(near) & (counts > 0)
    if good.all():
        return near
    return np.where(good, near, np.where(counts > 0, MANY_BITS, 1.0) * steps)


def first_octaves(lanes: Lanes) -> np.ndarray:
    """Return the octave of the first step of every lane, as `Line.octave` does for one."""
    return np.where(lanes.scale > SMALL, np.frexp(lanes.scale)[1] - FIRST, -3)


def settle_still(
    lanes: Lanes, store: Store, table: Table, todo: np.ndarray, still: np.ndarray, *, close: bool
) -> np.ndarray:
    """Settle the entries that do not move far outside either; return those of the others that do not move at the first step.

    Parameters
    ----------
    still : array of bool, shape (L, m)
        Entries whose values so far are all f(x), to the last bit.
    close : bool
        Whether the first step H is still to be looked at.
    """
    left = np.zeros_like(todo)
    octave = first_octaves(lanes)
    room = np.minimum(lanes.left, lanes.right)
    outer = np.maximum(octave, CLOSEST) + OUTWARD
    with np.errstate(divide="ignore"):
        outer = np.where(np.ldexp(1.0, outer) <= room, outer, np.floor(np.log2(room)))
    rows = np.flatnonzero(np.any(still & todo, axis=1) & (outer >= octave))
    if rows.size == 0:
        return left
    far, first = np.exp2(outer[rows]), np.ldexp(1.0, octave[rows])
    columns = [far, -far, first, -first] if close else [far, -far]
    steps = np.stack(columns, axis=1)
    indices = np.repeat(rows, steps.shape[1])
    values = lanes.real(indices, steps.ravel())
    same = values.reshape(*steps.shape, -1) == lanes.f0[rows, None, :]
    candidates = still[rows] & todo[rows]
    constant = candidates & np.all(same, axis=1)
    if lanes.point is not None and lanes.f0.shape[1] == 1:
        constant &= ~_without_value_at_zero(lanes, store, rows, constant & (lanes.f0[rows] == 0.0))
    place, outputs = np.nonzero(constant)
    level = (lanes.units * np.abs(lanes.f0[rows]))[constant]
    put_zero(table, todo, (rows[place], outputs), level, far[place])
    left[rows] = candidates & ~constant & np.all(same[:, 2:], axis=1)
    store.keep(indices, steps.ravel(), values)
    return left


def _without_value_at_zero(lanes: Lanes, store: Store, rows: np.ndarray, zero: np.ndarray) -> np.ndarray:
    """Return which of the entries that are 0 everywhere have no value where x is 0: quotients with a numerator lost in rounding."""
    assert lanes.point is not None
    none = np.zeros_like(zero)
    place = np.flatnonzero(zero[:, 0] & (lanes.point[rows] != 0.0))
    steps = -lanes.point[rows[place]]
    inside = (steps <= lanes.right[rows[place]]) & (steps >= -lanes.left[rows[place]])
    place, steps = place[inside], steps[inside]
    if place.size:
        values = lanes.real(rows[place], steps)
        store.keep(rows[place], steps, values)
        none[place] = ~np.isfinite(values)
    return none


def put_zero(
    table: Table, todo: np.ndarray, where: tuple[np.ndarray, np.ndarray], level: np.ndarray, step: np.ndarray
) -> None:
    """Write slopes of 0: what f may have moved unseen is a unit of its rounding over the step."""
    table.put(where, Outcome(0.0, 4 * (level + 5e-324) / step, Status.OK, step, 0.0, 0.0, level))
    todo[where] = False
