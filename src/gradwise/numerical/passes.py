"""The formulas of the fast path on the arrays of all lanes: the complex step, then the ladder; what is left is searched.

Nearly every entry ends in one of a few array operations.  What can be learnt about f once is not asked for each lane:
whether it takes complex numbers and is analytic, how many digits it loses inside, whether what does not move is a ramp.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradwise.numerical.complex_pass import complex_pass
from gradwise.numerical.complex_step import adopted_error
from gradwise.numerical.high_order import HighOrder
from gradwise.numerical.ladder import LEVELS, LOWER, OUTER, PRECISION, PROBE, judge_ladder, judge_outer
from gradwise.numerical.lanes import Lanes, Store, Table, drive, precision, search_pass
from gradwise.numerical.line import Outcome
from gradwise.numerical.plain_ladder import judge_line
from gradwise.numerical.plateaus import SLOPE, is_polynomial, plateau_entries
from gradwise.numerical.rounding_or_structure import single
from gradwise.numerical.status import Status
from gradwise.numerical.still import first_octaves, many_bits, settle_still

STEPS = 2.0 ** -np.arange(LEVELS)[:, None]
"""Of the ladder, from the largest one."""

LOST = 512.0
"""Up to so many units of rounding are taken to be lost inside f; more are noise, which has a status of its own."""


def solve(lanes: Lanes, order: int = 1) -> Table:
    """Differentiate along every lane: returns the outcomes of all (L, m) entries."""
    count, m = lanes.f0.shape
    table = Table.empty((count, m))
    if count == 0 or m == 0:
        return table
    if order > 1:
        entries = [(lane, output) for lane in range(count) for output in range(m)]
        searches = {
            (lane, output): HighOrder(lanes.line(lane, output), float(lanes.f0[lane, output]), order)
            for lane, output in entries
        }
        with np.errstate(all="ignore"):
            drive(lanes, {key: search.run(lanes.complex is not None) for key, search in searches.items()}, table)
        return table
    store = Store(lanes)
    finite = np.isfinite(lanes.f0)
    todo = finite.copy()
    with np.errstate(all="ignore"):
        if lanes.complex is not None:
            complex_pass(lanes, store, table, todo)
        if todo.any():
            _ladder_pass(lanes, store, table, todo)
    todo |= ~finite
    if todo.any():
        search_pass(lanes, store, table, todo)
    return table


def _ladder_pass(lanes: Lanes, store: Store, table: Table, todo: np.ndarray) -> None:
    h = np.ldexp(1.0, first_octaves(lanes))
    usable = (todo.any(axis=1) & (h <= lanes.left) & (h <= lanes.right)).nonzero()[0]
    if usable.size == 0:
        return
    every = usable.size == len(h)
    here: Any = slice(None) if every else usable
    v = many_bits(lanes, h * 2.0**PROBE)
    both = np.empty((2, LEVELS + 1, usable.size))
    np.multiply(STEPS, h[here], out=both[0, :LEVELS])
    both[0, LEVELS] = v[here]
    np.negative(both[0], out=both[1])
    steps = both.ravel()
    indices = np.concatenate([usable] * (2 * LEVELS + 2))
    many = precision(len(h)) != PRECISION
    shared = many and lanes.f0.strides[0] == 0  # all lanes start from one f(x)
    values = _with_centre(lanes, indices, steps) if shared else lanes.real(indices, steps)
    store.keep(indices, steps, values)
    grid = values.reshape(2, LEVELS + 1, usable.size, -1)
    f0, high, left = lanes.f0[here], h[here, None], todo[here]

    limit = precision(len(h))

    def judge() -> tuple[Any, ...]:
        if grid.shape[-1] > 1:
            return judge_ladder(high, grid[0], grid[1], f0, lanes.units, lanes.scale[here, None], limit, v[here, None])
        # one output: vectors, which take half as long as columns
        centre, unit = (float(f0[0, 0]) if shared else f0[:, 0]), float(lanes.units[0])
        flat = grid[..., 0]
        judged = judge_ladder(h[here], flat[0], flat[1], centre, unit, lanes.scale[here], limit, v[here])
        return tuple([part[:, None] for part in judged])

    value, error, accepted, limited, eta, lost, coarse, bent = judge()
    if shared:
        units = _lost_units(lost)
        if (units > 1).any():
            lanes.units = lanes.units * units
            value, error, accepted, limited, eta, _, coarse, bent = judge()
    left = left & ~_in_single_precision(lanes, grid, f0) if single(grid[0, 0, 0]).any() else left.copy()
    good = accepted & left
    if not shared and lanes.point is not None:
        left &= ~plateau_entries(lanes, store, usable, grid, h[here], value, left & (accepted | coarse))
        good &= left
    unmoved = None
    limited &= left
    if np.count_nonzero(good | coarse) < good.size:
        unmoved = left & ~good & (grid == f0).all(axis=(0, 1))
        limited &= ~unmoved
    step = high if high.shape == good.shape else np.broadcast_to(high, good.shape)
    if many and limited.any():
        value, error, step, settled = _outer(lanes, store, usable, h[usable], value, error, eta, limited)
        good |= settled
    coarse &= left & ~good
    if coarse.any():
        step = step.copy()
        good |= _closer(lanes, store, usable, (h[usable], v[usable]), grid, coarse, (value, error, eta, step))
    if every and store.witness is None and good.all():
        table.put(..., Outcome(value, error, Status.OK, step, value, value, eta))
        todo[...] = False
        return
    rows, outputs = good.nonzero()
    where = (usable[rows], outputs)
    found = value[good]
    outcome = Outcome(found, error[good], Status.OK, step[good], found, found, eta[good])
    if store.witness is not None:
        rows_bent, outputs_bent = bent.nonzero()
        store.witness[0][usable[rows_bent], outputs_bent] = np.nan  # abs and maximum run on complex numbers
        _adopt(lanes, store.witness, outcome, where)
    table.put(where, outcome)
    todo[where] = False
    if unmoved is not None and unmoved.any():
        still = np.zeros_like(todo)
        still[here] = unmoved
        settle_still(lanes, store, table, todo, still, close=False)


def _in_single_precision(lanes: Lanes, grid: np.ndarray, f0: np.ndarray) -> np.ndarray:
    """Return which outputs fit single precision where x does not: on steps of a power of two they may look like a line."""
    short = single(grid[0, 0]).all(axis=0)
    if not short.any() or single(lanes.scale).all():
        return np.zeros(len(short), dtype=bool)
    return short & single(grid).all(axis=(0, 1, 2)) & (grid != f0).any(axis=(0, 1, 2))


def _lost_units(lost: np.ndarray) -> np.ndarray:
    """Return the units of rounding that each output loses inside f, by what the lanes show; 1 where there is no such number."""
    if not (lost > 2).any():
        return np.ones(lost.shape[1])
    ranked = np.sort(lost, axis=0)
    low, middle, high = (ranked[int(part * (len(lost) - 1))] for part in (0.25, 0.5, 0.9))
    alike = (high < 6 * middle) & (low > 0.15 * middle)  # as rounding is, and kinks in places are not
    return np.where(alike & (middle > 2) & (middle < LOST), middle, 1.0)


def _closer(
    lanes: Lanes, store: Store, usable: np.ndarray, first: tuple[np.ndarray, np.ndarray], grid: np.ndarray, coarse: np.ndarray,
    found: tuple[np.ndarray, ...],
) -> np.ndarray:  # fmt: skip
    """Return what the ladder settles one or two octaves lower, where truncation is in its way; write it into found.

    They are few: a hundredth of the entries of a smooth function.
    """
    value, error, eta, step = found
    h, v = first
    rows = np.flatnonzero(coarse.any(axis=1))
    lower = np.ldexp(h[rows], -LEVELS)
    steps = np.concatenate([lower, 0.5 * lower, -lower, -0.5 * lower])
    indices = np.concatenate([usable[rows]] * 4)
    values = lanes.real(indices, steps)
    store.keep(indices, steps, values)
    nearer = values.reshape(2, LOWER, rows.size, -1)
    settled = np.zeros_like(coarse)
    limit = precision(len(lanes.scale))
    lonely = lanes.point is not None and lanes.f0.strides[0] != 0
    for place, output in zip(*[axis.tolist() for axis in coarse[rows].nonzero()]):
        row = rows[place]
        seen, more = grid[:, :, row, output].tolist(), nearer[:, :, place, output].tolist()
        plus, minus = [[*upper[:LEVELS], *closer] for upper, closer in zip(seen, more)]
        probe = [upper[LEVELS] for upper in seen]
        f0, unit, scale = (
            float(lanes.f0[usable[row], output]),
            float(lanes.units[output]),
            float(lanes.scale[usable[row]]),
        )
        for k in range(1, LOWER + 1):
            high, end = math.ldexp(h[row], -k), k + LEVELS
            slope, bound, accepted, rounding, again, _ = judge_line(
                high, [*plus[k:end], probe[0]], [*minus[k:end], probe[1]], f0, unit, scale, float(v[row]), limit
            )
            if accepted and lonely and _on_plateau(lanes, int(usable[row]), h[row], k, plus, minus, slope):
                break
            if accepted:
                value[row, output], error[row, output], eta[row, output], step[row, output] = (
                    slope,
                    bound,
                    rounding,
                    high,
                )
                settled[row, output] = True
            if not again:
                break
    return settled


def _on_plateau(
    lanes: Lanes, lane: int, h: float, k: int, plus: list[float], minus: list[float], slope: float
) -> bool:  # fmt: skip
    """Whether f is a rational function of x k octaves below the first step, and is not at that: rounded, it jumps between."""
    assert lanes.point is not None
    origin, f0, unit = -float(lanes.point[lane]), float(lanes.f0[lane, 0]), float(lanes.units[0])
    if not abs(origin * slope) > SLOPE * abs(f0):
        return False
    lower = is_polynomial(plus[k : k + 3], minus[k : k + 3], math.ldexp(h, -k), origin, unit)
    return lower and not is_polynomial(plus[:3], minus[:3], h, origin, unit)


def _outer(
    lanes: Lanes, store: Store, usable: np.ndarray, h: np.ndarray, value: np.ndarray, error: np.ndarray,
    eta: np.ndarray, limited: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Return (value, error, step, settled) with two larger pairs, on lanes that have entries limited by rounding and room."""
    step = np.broadcast_to(h[:, None], value.shape).copy()
    room = np.minimum(lanes.left, lanes.right)[usable] >= h * 2.0 ** OUTER[0]
    rows = np.flatnonzero(np.any(limited, axis=1) & room)
    settled = np.zeros_like(limited)
    if rows.size == 0:
        return value, error, step, settled
    factors = np.array([s * 2.0**k for k in OUTER for s in (1, -1)])
    steps = h[rows, None] * factors
    indices = np.repeat(usable[rows], factors.size)
    values = lanes.real(indices, steps.ravel())
    store.keep(indices, steps.ravel(), values)
    grid = values.reshape(*steps.shape, -1)
    pairs = [(grid[:, 0], grid[:, 1]), (grid[:, 2], grid[:, 3])]
    found, bound, better = judge_outer(
        h[rows, None], pairs, value[rows], error[rows], eta[rows], lanes.units, lanes.scale[usable[rows], None]
    )
    better &= limited[rows]
    value[rows], error[rows] = np.where(better, found, value[rows]), np.where(better, bound, error[rows])
    step[rows] = np.where(better, step[rows] * 2.0 ** OUTER[0], step[rows])
    settled[rows] = limited[rows]
    return value, error, step, settled


def _with_centre(lanes: Lanes, indices: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Evaluate, and f(x) with them: a batch may round otherwise than the few points among which f(x) was evaluated first."""
    values = lanes.real(np.concatenate([indices[:1], indices]), np.concatenate([[0.0], steps]))
    centre, before = values[0], lanes.f0[0]
    if not (centre == before).all() and np.all(np.isfinite(centre) == np.isfinite(before)):
        size = np.maximum(np.abs(centre), 5e-324)
        lanes.units = np.clip(2 * np.abs(centre - before) / size, lanes.units, LOST * lanes.units)
        lanes.f0 = np.broadcast_to(centre, lanes.f0.shape)
    return values[1:]


def _adopt(
    lanes: Lanes, witness: tuple[np.ndarray, np.ndarray], outcome: Outcome, where: tuple[np.ndarray, np.ndarray]
) -> None:
    """Replace values by those of the complex step where the ladder, an independent witness, confirms them."""
    value, error = witness[0][where], witness[1][where]
    confirmed = (np.abs(value - outcome.value) <= outcome.error) & (outcome.error <= 1e-3 * np.abs(value))
    rounding = lanes.units[where[1]] * np.abs(lanes.f0[where])
    bound = adopted_error(error, outcome, rounding, lanes.scale[where[0]], np.maximum, np.minimum)
    confirmed &= bound <= outcome.error
    outcome.value = np.where(confirmed, value, outcome.value)
    outcome.error = np.where(confirmed, bound, outcome.error)
    outcome.step = np.where(confirmed, 0.0, outcome.step)
    outcome.left = outcome.right = outcome.value
