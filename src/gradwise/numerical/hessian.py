r"""Second derivatives of a function of many numbers, with three evaluations per entry of the matrix.

Diagonal entries come from second differences along each axis, which also find the step k_i of that axis.  An entry off
the diagonal then costs two evaluations per step size, because along the diagonal of the (i, j) plane

.. math:: f(x + k_i e_i + k_j e_j) + f(x - k_i e_i - k_j e_j) - 2 f(x)
          = \partial_{ii} k_i^2 + \partial_{jj} k_j^2 + 2 \partial_{ij} k_i k_j + O(k^4),

and the first two terms are the second differences already known at the same steps.  Three step sizes are extrapolated.
The first derivatives are found beforehand: what they say about kinks, jumps and noise decides the status of a row.  Where
all of them were found by the complex step, gradient entries come without subtraction, and

.. math:: \partial_{ij} f = \frac{\operatorname{Im} f(x + i\tau e_i + k e_j) - \operatorname{Im} f(x + i\tau e_i - k e_j)}
          {2 \tau k} + O(k^2)

loses one power of k less to rounding: four digits more for the same number of evaluations.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import Any

import numpy as np

from gradwise.numerical.complex_step import TINY
from gradwise.numerical.high_order import HighOrder
from gradwise.numerical.ladder import extrapolate
from gradwise.numerical.lanes import Lanes, Store, Table, drive
from gradwise.numerical.line import FIRST, INF, NAN, SMALL, Line, Outcome
from gradwise.numerical.passes import solve
from gradwise.numerical.samples import Request, Samples
from gradwise.numerical.status import Status

LEVELS = 4
CROSS_LEVELS = 3
REFINEMENTS = 5
"""How often the steps of entries off the diagonal shrink, each time by 8, where gradients are differenced."""
CLOSER = 6
"""So many octaves below the steps used a second difference verifies what they say."""

RESTARTS = 8
"""How often a search starts again where it does not: each time eight octaves further down."""

Found = tuple[float, float, float, int, int]
"""Value, truncation, rounding, and the octaves of the largest and the smallest step."""

LARGER = 2
"""Second differences lose twice the digits to rounding: the first step is this many octaves above the ladder's."""


def hessian_entries(lanes: Lanes, corners: Any) -> Table:
    """Return the outcomes of all (n, n) entries.

    Parameters
    ----------
    lanes : Lanes
        One lane for each entry of x, with one output.
    corners : callable
        ``corners(i, j, s, t)``: values at x + s e_i + t e_j for arrays of K indices and steps, s real or imaginary.
    """
    n = lanes.f0.shape[0]
    first = solve(lanes)
    if lanes.complex is not None and np.all(first.step[:, 0] == 0.0):
        return _from_complex_gradients(lanes, first, corners)
    store = Store(lanes)
    axes = [Axis(lanes.line(i, 0), float(lanes.f0[i, 0]), _noise(first, lanes, i), first.step[i, 0]) for i in range(n)]
    diagonal = Table.empty((n, 1))
    with np.errstate(all="ignore"):
        drive(lanes, {(i, 0): axis.run() for i, axis in enumerate(axes)}, diagonal, store)
        table = Table.empty((n, n))
        index = np.arange(n)
        table.put((index, index), Outcome(*[getattr(diagonal, name)[:, 0] for name in Outcome.__slots__]))
        _off_diagonal(lanes, store, axes, table, corners)
    _inherit(first, table)
    return table


def _from_complex_gradients(lanes: Lanes, first: Table, corners: Any) -> Table:
    n = lanes.f0.shape[0]
    exponent = np.where(lanes.scale > SMALL, np.frexp(lanes.scale)[1], 1)
    tau = np.ldexp(1.0, exponent + TINY)
    gradient = first.value

    def along_axis(indices: np.ndarray, steps: np.ndarray) -> np.ndarray:
        values = lanes.complex(indices, steps + 1j * tau[indices])  # type: ignore[misc]  # only called where there are complex lanes
        return np.full((indices.size, 1), NAN) if values is None else values.imag / tau[indices, None]

    # complex arithmetic loses a unit or two more than what is assumed of real values
    axes = Lanes(lanes.scale, lanes.spacing, lanes.left, lanes.right, gradient, 3 * lanes.units, along_axis, None)
    diagonal = solve(axes)
    table = Table.empty((n, n))
    index = np.arange(n)
    table.put((index, index), Outcome(*[getattr(diagonal, name)[:, 0] for name in Outcome.__slots__]))
    rows, columns = np.triu_indices(n, 1)
    if rows.size:
        with np.errstate(all="ignore"):
            _complex_pairs(lanes, gradient[:, 0], diagonal.step[:, 0], tau, table, corners, rows, columns)
    return table


def _complex_pairs(
    lanes: Lanes, gradient: np.ndarray, found: np.ndarray, tau: np.ndarray, table: Table, corners: Any,
    rows: np.ndarray, columns: np.ndarray,
) -> None:  # fmt: skip
    # three steps where the ladder has four: the largest is half of the ladder's
    usual = np.ldexp(1.0, np.where(lanes.scale > SMALL, np.frexp(lanes.scale)[1] - FIRST, -3))
    k_all = 0.5 * np.where(found > 0, found, usual)
    room = np.minimum(lanes.left, lanes.right)
    k_all = np.where(k_all <= room, k_all, np.exp2(np.floor(np.log2(np.maximum(room, 1e-300)))))
    swap = room[columns] < room[rows]  # the real step goes along the roomier axis
    rows, columns = np.where(swap, columns, rows), np.where(swap, rows, columns)
    k = k_all[columns]
    for _ in range(REFINEMENTS):
        coarse = _complex_pairs_at(lanes, gradient, tau, table, corners, rows, columns, k)
        if not np.any(coarse):
            break
        # an axis may bear steps over which the slope along another one bends
        rows, columns, k = rows[coarse], columns[coarse], 0.125 * k[coarse]


def _complex_pairs_at(
    lanes: Lanes, gradient: np.ndarray, tau: np.ndarray, table: Table, corners: Any, rows: np.ndarray,
    columns: np.ndarray, k: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Write the entries that steps k, k/2, k/4 give; return where these steps are too large for an expansion."""
    count, repeats = rows.size, 2 * CROSS_LEVELS
    signs = np.repeat([s * 2.0**-level for level in range(CROSS_LEVELS) for s in (1, -1)], count)
    values = corners(
        np.tile(rows, repeats), np.tile(columns, repeats), 1j * np.tile(tau[rows], repeats), signs * np.tile(k, repeats)
    )
    grid = values.reshape(CROSS_LEVELS, 2, count)
    slopes = grid.imag / tau[rows]
    e = [(slopes[level, 0] - slopes[level, 1]) / (2 * k * 2.0**-level) for level in range(CROSS_LEVELS)]
    unit = float(lanes.units[0])
    g = np.maximum(np.max(np.abs(slopes), axis=(0, 1)), np.abs(gradient[rows]))
    length = np.where(lanes.scale[rows] > SMALL, lanes.scale[rows], k)
    eta = unit * (2 * g + 0.25 * abs(float(lanes.f0[0, 0])) / length)
    rounding = 2.25 * eta / (k * 2.0 ** (1 - CROSS_LEVELS))
    return _settle_pairs(table, rows, columns, e, rounding, unit, k, eta)


def _noise(first: Table, lanes: Lanes, i: int) -> float:
    level = float(first.noise[i, 0])
    rounding = float(lanes.units[0]) * abs(float(lanes.f0[i, 0]))
    return 3 * level if math.isfinite(level) and level > 2 * rounding else 0.0


def _inherit(first: Table, table: Table) -> None:
    """Give every entry of a row and column the status of a first derivative that does not exist."""
    for i, status in enumerate(first.status[:, 0]):
        boxed = np.array(status, dtype=object)
        if not status.trusted:
            for index in ((i, slice(None)), (slice(None), i)):
                table.status[index] = boxed
                table.error[index] = INF
        elif status is not Status.OK:
            for index in ((i, slice(None)), (slice(None), i)):
                row = table.status[index]
                row[np.array([entry is Status.OK for entry in row])] = boxed


class Axis:
    """The second difference along one axis; `run` is the generator."""

    def __init__(self, line: Line, f0: float, amplitude: float, step: float) -> None:
        self.samples = Samples(line, f0)
        self.samples.set_amplitude(amplitude)
        self.top = line.octave + LARGER
        """Octave of the first step; where the first derivative has needed a smaller step, so does the second."""
        if 0 < step < math.ldexp(1.0, line.octave):
            self.top = math.frexp(step)[1] - 1 + LARGER
        self.octave: int | None = None
        """Largest step of the axis for entries off the diagonal; None if there is no room on one side."""

    def run(self) -> Generator[Request, list, Outcome]:
        """Yields lists of steps, receives the values there, returns the Outcome of ∂²f/∂x²."""
        samples, line = self.samples, self.samples.line
        if not math.isfinite(samples.f0):
            return Outcome(NAN, INF, Status.NON_FINITE, 0.0, NAN, NAN, NAN)
        room = min(line.left, line.right)
        top = self.top
        if room < math.ldexp(1.0, top):
            top = math.frexp(room)[1] - 1 if room > 0 else samples.floor - 1
        for _ in range(12):
            yield from samples.sample_octaves([top])
            if math.isfinite(samples.bend(top)) or top < samples.floor:
                break
            top -= 3
        if not math.isfinite(samples.bend(top)) or top < samples.floor + LEVELS:
            # no room on one side
            return (yield from HighOrder(line, samples.f0, 2).run(False))
        best, top, bottom = yield from self._converge(top, room)
        settled = yield from self._holds_closer(best)
        best = self._best(top)  # by the rounding that was seen there
        for _ in range(RESTARTS):
            if settled or best[4] - CLOSER <= samples.floor + LEVELS:
                break
            top = best[4] - CLOSER + 2
            best, top, bottom = yield from self._converge(top, math.ldexp(1.0, top))
            settled = yield from self._holds_closer(best)
        value, truncation, rounding, high, low = best
        yield from samples.sample_octaves([bottom - 1])
        self.octave = self._cross_octave(value, top, bottom - 1)
        status = Status.OK if settled and truncation <= 0.1 * abs(value) + 4 * rounding else Status.UNDECIDED
        error = 2 * truncation + 8 * rounding + 8 * line.unit * abs(value)
        noise = max(samples.amplitude / 3, line.unit * abs(samples.f0))
        return Outcome(value, error, status, math.ldexp(1.0, high), value, value, noise)

    def _converge(self, top: int, room: float) -> Generator[Request, list, tuple[Found, int, int]]:
        """Return (best, top, bottom): the best extrapolation of second differences, and the octaves that it had."""
        samples = self.samples
        yield from samples.sample_octaves(range(top, top - LEVELS, -1))
        best = self._best(top)
        bottom = top - LEVELS + 1
        for _ in range(6):
            value, truncation, rounding, high, low = best
            if rounding > 1e-11 * abs(value) and truncation <= rounding and high == top:
                if math.ldexp(1.0, top + 2) > room:
                    break
                yield from samples.sample_octaves([top + 1, top + 2])
                grown = samples.bend(top + 2) / math.ldexp(1.0, top + 2) ** 2
                if not abs(grown - value) <= 0.3 * abs(value) + 4 * rounding:
                    break
                top += 2
            elif truncation > 4 * rounding and truncation > 1e-13 * abs(value) and low == bottom > samples.floor + 2:
                bottom -= 1
                yield from samples.sample_octaves([bottom])
            else:
                break
            best = self._best(top)
        return best, top, bottom

    def _holds_closer(self, best: Found) -> Generator[Request, list, bool]:
        """Whether the second difference far below the steps used is what the second derivative says, as far as rounding tells.

        Where it is, what it is off is the rounding of f, should that be more than was assumed.
        """
        samples = self.samples
        value, truncation, rounding, _, low = best
        octave = max(low - CLOSER, samples.floor)
        yield from samples.sample_octaves([octave])
        v = math.ldexp(1.0, octave)
        eta, curved = (
            self.eta(octave),
            abs(samples.bend(low) - value * math.ldexp(1.0, 2 * low)) * 4.0 ** (octave - low),
        )
        off = abs(samples.bend(octave) - value * v * v) - v * v * (4 * truncation + 4 * rounding) - 2 * curved
        if not off <= 64 * eta + 1e-6 * abs(value) * v * v:
            return False
        if off > 4 * eta:
            samples.set_amplitude(0.25 * off)
        return True

    def _cross_octave(self, value: float, top: int, bottom: int) -> int:
        """Return the octave from which three second differences, extrapolated, come closest to the value found."""
        totals = {}
        for high in range(top, bottom + CROSS_LEVELS - 2, -1):
            e0, e1, e2 = [self.samples.bend(k) / math.ldexp(1.0, 2 * k) for k in (high, high - 1, high - 2)]
            three = (16 * (4 * e2 - e1) - (4 * e1 - e0)) / 45
            rounding = 6 * self.eta(high) / math.ldexp(1.0, 2 * high - 4)
            totals[high] = abs(three - value) + rounding if math.isfinite(three) else INF
        return min(totals, key=lambda high: totals[high])

    def _best(self, top: int) -> tuple[float, float, float, int, int]:
        samples = self.samples
        known = sorted({math.frexp(t)[1] - 1 for t in samples.values if t > 0}, reverse=True)
        octaves = [k for k in known if k <= top and math.isfinite(samples.bend(k))]
        steps = [math.ldexp(1.0, k) for k in octaves]
        quotients = [samples.bend(k) / h**2 for k, h in zip(octaves, steps)]
        bounds = [4 * self.eta(k) / h**2 for k, h in zip(octaves, steps)]
        return extrapolate(octaves, quotients, bounds, 2)

    def eta(self, octave: int) -> float:
        """Return the bound on the error of one value near this step."""
        samples = self.samples
        return samples.eta(max(abs(samples.at(octave, 1)), abs(samples.at(octave, -1)), abs(samples.f0)))


def _off_diagonal(lanes: Lanes, store: Store, axes: list[Axis], table: Table, corners: Any) -> None:
    n = len(axes)
    rows, columns = np.triu_indices(n, 1)
    if rows.size == 0:
        return
    steps = np.array([NAN if axis.octave is None else math.ldexp(1.0, axis.octave) for axis in axes])
    central = np.isfinite(steps[rows]) & np.isfinite(steps[columns])
    _central_pairs(axes, table, corners, rows[central], columns[central], steps)
    _one_sided_pairs(lanes, table, corners, rows[~central], columns[~central])


def _central_pairs(
    axes: list[Axis], table: Table, corners: Any, rows: np.ndarray, columns: np.ndarray, steps: np.ndarray
) -> None:
    if rows.size == 0:
        return
    f0 = axes[0].samples.f0
    bends = np.array([
        [axis.samples.bend(axis.octave - level) for level in range(CROSS_LEVELS)] if axis.octave is not None
        else [NAN] * CROSS_LEVELS
        for axis in axes
    ])  # fmt: skip
    etas = np.array([axis.eta(axis.octave) if axis.octave is not None else NAN for axis in axes])
    k, m = steps[rows], steps[columns]
    shrink = [2.0**-level for level in range(CROSS_LEVELS)]
    count = rows.size
    repeats = 2 * CROSS_LEVELS
    signs = np.repeat([s * factor for factor in shrink for s in (1, -1)], count)
    values = corners(
        np.tile(rows, repeats), np.tile(columns, repeats), signs * np.tile(k, repeats), signs * np.tile(m, repeats)
    )
    grid = values.reshape(CROSS_LEVELS, 2, count)
    e = [
        ((grid[level, 0] - f0) + (grid[level, 1] - f0) - bends[rows, level] - bends[columns, level])
        / (2 * k * m * shrink[level] ** 2)
        for level in range(CROSS_LEVELS)
    ]
    unit = axes[0].samples.line.unit
    size = np.maximum(np.max(np.abs(grid), axis=(0, 1)), abs(f0))
    eta = np.maximum(np.maximum(etas[rows], etas[columns]), unit * size)
    rounding = 1.5 * 4 * eta / (k * m * shrink[-1] ** 2)
    _settle_pairs(table, rows, columns, e, rounding, unit, np.maximum(k, m), eta)


def _settle_pairs(
    table: Table, rows: np.ndarray, columns: np.ndarray, e: list[np.ndarray], rounding: np.ndarray, unit: float,
    step: np.ndarray, eta: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Extrapolate three estimates with steps k, k/2, k/4 and write the outcomes; return where they do not converge."""
    b0, b1 = (4 * e[1] - e[0]) / 3, (4 * e[2] - e[1]) / 3
    value = (16 * b1 - b0) / 15
    change1, change2 = np.abs(b1 - e[2]), np.abs(value - b1)
    ratio = change2 / (change1 + 1e-3 * rounding + 1e-300)
    truncation = change2 * np.minimum(1.0, 16 * ratio + 0.02)
    coarse = (change2 > 0.1 * change1) & (change2 > 4 * rounding) & (change1 > 1e-3 * np.abs(value))
    truncation = np.where(coarse, np.maximum(truncation, change1), truncation)
    good = truncation <= 0.1 * np.abs(value) + 4 * rounding
    names = np.array([Status.UNDECIDED, Status.OK, Status.NON_FINITE], dtype=object)
    status = names[np.where(np.isfinite(value), good.astype(int), 2)]
    error = np.where(np.isfinite(value), 4 * truncation + 4 * rounding + 8 * unit * np.abs(value), INF)
    _put_both(table, rows, columns, value, error, status, step, eta / 3)
    return coarse


def _one_sided_pairs(lanes: Lanes, table: Table, corners: Any, rows: np.ndarray, columns: np.ndarray) -> None:
    """Fill entries for which x lies at the edge of the domain: differences into the quadrant that has values."""
    levels = 7
    for i, j in zip(rows.tolist(), columns.tolist()):
        sides = [1 if lanes.right[axis] >= lanes.left[axis] else -1 for axis in (i, j)]
        k = [min(math.ldexp(1.0, lanes.line(axis, 0).octave + LARGER), max(lanes.left[axis], lanes.right[axis]))
             for axis in (i, j)]  # fmt: skip
        # two steps that are no octaves show what oscillates at the others in time with them
        between = [0.809 * 2.0**-level for level in BETWEEN]
        factors = np.array([*(2.0**-level for level in range(levels)), *between])
        s, t = sides[0] * k[0] * factors, sides[1] * k[1] * factors
        zero = np.zeros(factors.size)
        values = corners(
            np.full(3 * factors.size, i), np.full(3 * factors.size, j),
            np.concatenate([s, s, zero]), np.concatenate([t, zero, t]),
        ).reshape(3, factors.size)  # fmt: skip
        f0 = float(lanes.f0[i, 0])
        quotients = (values[0] - values[1] - values[2] + f0) / (s * t)
        eta = float(lanes.units[0]) * max(float(np.max(np.abs(values))), abs(f0)) + 5e-324
        bounds = 4 * eta / np.abs(s * t)
        keep = np.flatnonzero(np.isfinite(quotients[:levels]))
        if keep.size < 3:
            continue
        value, truncation, rounding, _, _ = extrapolate(
            (-keep).tolist(), quotients[keep].tolist(), bounds[keep].tolist(), 1
        )
        finer = extrapolate((-keep[1:]).tolist(), quotients[keep[1:]].tolist(), bounds[keep[1:]].tolist(), 1)
        truncation = max(truncation, abs(value - finer[0]) - finer[2])
        for place, level in enumerate(BETWEEN, start=levels):
            above, below, seen = quotients[[level, level + 1, place]]
            off = abs(seen - (0.618 * above + 0.382 * below))
            if not off <= abs(above - below) + 2 * bounds[place]:
                truncation = max(truncation, off) if off < INF else truncation
        settled = truncation <= 0.1 * abs(value) + 4 * rounding
        status = Status.ONE_SIDED if settled else Status.UNDECIDED
        _put_both(table, i, j, value, 4 * truncation + 4 * rounding, status, max(k), eta)


BETWEEN = (2, 5)
"""Octaves below the largest step of which a step between two others is looked at."""


def _put_both(
    table: Table, rows: Any, columns: Any, value: Any, error: Any, status: Any, step: Any, noise: Any
) -> None:
    for where in ((rows, columns), (columns, rows)):
        table.put(where, Outcome(value, error, status, step, value, value, noise))
