"""The formulas of the fast path on the arrays of all lanes: the complex step, then the ladder; what is left is searched.

Nearly every entry ends in one of a few array operations.  What can be learnt about f once is not asked for each lane:
whether it takes complex numbers and is analytic, how many digits it loses inside, whether what does not move is a ramp.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.numerical.complex_step import CHECK, GROWTHS, TINY, adopted_error, judge_complex
from gradwise.numerical.high_order import HighOrder
from gradwise.numerical.ladder import LEVELS, OUTER, PROBE, judge_ladder, judge_outer
from gradwise.numerical.lanes import Lanes, Store, Table, drive, search_pass
from gradwise.numerical.line import SMALL, Outcome
from gradwise.numerical.status import Status
from gradwise.numerical.still import SHARED, first_octaves, put_zero, settle_still

PILOT = 4
"""Lanes on which the complex step is tried before it is spent on all: spread over x, whose parts may be treated unlike."""

MANY = 8
"""From this many lanes on a slope with 11 digits is not searched further: evaluations are worth more."""

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
    todo = np.isfinite(lanes.f0)
    with np.errstate(all="ignore"):
        if lanes.complex is not None:
            _complex_pass(lanes, store, table, todo)
        if todo.any():
            _ladder_pass(lanes, store, table, todo)
    search_pass(lanes, store, table, todo | ~np.isfinite(lanes.f0))
    return table


def _complex_pass(lanes: Lanes, store: Store, table: Table, todo: np.ndarray) -> None:
    exponent = np.where(lanes.scale > SMALL, np.frexp(lanes.scale)[1], 1)
    h = np.ldexp(1.0, exponent + CHECK)
    usable = np.flatnonzero(np.any(todo, axis=1) & (h <= lanes.left) & (h <= lanes.right))
    pilot = usable[:: max(1, -(-usable.size // PILOT))]
    others = np.ones(len(h), dtype=bool)
    others[pilot] = False
    still = np.zeros_like(todo)
    for part in (pilot, usable[others[usable]]):
        if part.size == 0:
            continue
        before = todo[part].copy()
        if not _complex_steps(lanes, store, table, todo, still, part, exponent[part]):
            return
        settled = np.any((before & ~todo[part]) | still[part], axis=1)
        if 2 * np.count_nonzero(settled) < part.size:
            break
    if still.any():
        _settle_alike(lanes, store, table, todo, settle_still(lanes, store, table, todo, still, close=True))


def _complex_steps(
    lanes: Lanes, store: Store, table: Table, todo: np.ndarray, still: np.ndarray, part: np.ndarray, exponent: np.ndarray
) -> bool:  # fmt: skip
    """Try the complex step on some lanes; False if f does not take complex numbers.  Marks the entries that do not move."""
    assert lanes.complex is not None
    tiny = np.ldexp(1.0, exponent + TINY)
    near = None
    for growth in GROWTHS:
        h = np.ldexp(1.0, exponent + (CHECK + growth))
        room = (h <= lanes.left[part]) & (h <= lanes.right[part])
        if near is None:
            both = lanes.complex(np.concatenate([part, part]), 1j * np.concatenate([tiny, h]))
            if both is None:
                return False
            near, far = both[: part.size], both[part.size :]
        else:
            part, exponent, tiny, h, near = part[room], exponent[room], tiny[room], h[room], near[room]
            found = lanes.complex(part, 1j * h) if part.size else None
            if found is None:
                return True
            far = found
        steps, indices = np.concatenate([h, -h]), np.concatenate([part, part])
        pair = lanes.real(indices, steps)
        store.keep(indices, steps, pair)
        plus, minus = pair[: part.size], pair[part.size :]
        f0 = lanes.f0[part]
        value, error, accepted, blind = judge_complex(
            tiny[:, None], near.imag, h[:, None], far.real, far.imag, f0, (plus, minus), lanes.scale[part, None],
            lanes.units, np.maximum,
        )  # fmt: skip
        accepted &= todo[part] & np.isfinite(value) & np.isfinite(plus) & np.isfinite(minus)
        good = accepted & ~blind
        rows, outputs = np.nonzero(good)
        where = (part[rows], outputs)
        noise = (lanes.units * np.abs(f0))[good]
        table.put(where, Outcome(value[good], error[good], Status.OK, 0.0, value[good], value[good], noise))
        todo[where] = False
        if not np.any(todo[part]):
            break
        if store.witness is None:
            store.witness = np.full(lanes.f0.shape, np.nan), np.full(lanes.f0.shape, np.nan)
        store.witness[0][part], store.witness[1][part] = value, error
        if growth == 0:
            # complex arithmetic rounds differently: f(x) and Re f(x + ih) may differ by that
            rounded = np.abs(far.real - f0) <= 16 * lanes.units * np.abs(f0)
            unmoved = (near.imag == 0) & (far == near) & rounded & (plus == f0) & (minus == f0)
            still[part] = unmoved & todo[part]
        again = np.any(accepted & blind & ~still[part], axis=1)
        part, exponent, tiny, near = part[again], exponent[again], tiny[again], near[again]
        if part.size == 0:
            break
    return True


def _settle_alike(lanes: Lanes, store: Store, table: Table, todo: np.ndarray, alike: np.ndarray) -> None:
    """Settle entries that do not move close to x, and move far outside: on a ramp's foot, or on the tread of a staircase.

    Neither complex numbers nor the first step moved them, so the slope is 0 but for staircases.  A few are searched; if none
    of them is a staircase, this f has ramps, and the others are what they seem.
    """
    entries = np.argwhere(alike & todo)
    if len(entries) <= SHARED:
        return
    chosen = np.zeros_like(todo)
    chosen[tuple(entries[np.linspace(0, len(entries) - 1, SHARED).astype(np.intp)].T)] = True
    search_pass(lanes, store, table, chosen)
    todo &= ~chosen
    if all(status is Status.OK for status in table.status[chosen]) and not np.any(table.value[chosen]):
        rows, outputs = np.nonzero(alike & todo)
        level = (lanes.units * np.abs(lanes.f0))[rows, outputs]
        put_zero(table, todo, (rows, outputs), level, np.ldexp(1.0, first_octaves(lanes))[rows])


def _ladder_pass(lanes: Lanes, store: Store, table: Table, todo: np.ndarray) -> None:
    h = np.ldexp(1.0, first_octaves(lanes))
    usable = np.flatnonzero(np.any(todo, axis=1) & (h <= lanes.left) & (h <= lanes.right))
    if usable.size == 0:
        return
    factors = np.array([2.0**-k for k in range(LEVELS)] + [2.0**PROBE])
    factors = np.stack([factors, -factors], axis=1).ravel()
    steps = (h[usable, None] * factors).ravel()
    indices = np.repeat(usable, factors.size)
    many = len(lanes.scale) >= MANY
    shared = many and lanes.f0.strides[0] == 0  # all lanes start from one f(x)
    values = (_with_centre if shared else _without_centre)(lanes, indices, steps)
    store.keep(indices, steps, values)
    grid = values.reshape(usable.size, factors.size, -1)
    pairs = [(grid[:, 2 * k], grid[:, 2 * k + 1]) for k in range(LEVELS)]

    def judge() -> tuple[Any, ...]:
        return judge_ladder(
            h[usable, None], pairs, (grid[:, -2], grid[:, -1]), lanes.f0[usable], lanes.units, lanes.scale[usable, None],
            np.maximum, 2.0**18 if many else 4096.0,
        )  # fmt: skip

    value, error, accepted, limited, eta, lost = judge()
    if shared:
        units = _lost_units(lost)
        if np.any(units > 1):
            lanes.units = lanes.units * units
            value, error, accepted, limited, eta, _ = judge()
    step = np.broadcast_to(h[usable, None], accepted.shape)
    unmoved = todo[usable] & ~accepted
    unmoved &= np.all(grid == lanes.f0[usable, None, :], axis=1)
    limited &= todo[usable] & ~unmoved
    if many and np.any(limited):
        value, error, step, settled = _outer(lanes, store, usable, h[usable], value, error, eta, limited)
        accepted |= settled
    good = accepted & todo[usable]
    rows, outputs = np.nonzero(good)
    where = (usable[rows], outputs)
    outcome = Outcome(value[good], error[good], Status.OK, step[good], value[good], value[good], eta[good])
    if store.witness is not None:
        _adopt(lanes, store.witness, outcome, where)
    table.put(where, outcome)
    todo[where] = False
    if np.any(unmoved):
        still = np.zeros_like(todo)
        still[usable] = unmoved
        settle_still(lanes, store, table, todo, still, close=False)


def _lost_units(lost: np.ndarray) -> np.ndarray:
    """Return the units of rounding that each output loses inside f, by what the lanes show; 1 where there is no such number."""
    ranked = np.sort(lost, axis=0)
    low, middle, high = (ranked[int(part * (len(lost) - 1))] for part in (0.25, 0.5, 0.9))
    alike = (high < 6 * middle) & (low > 0.15 * middle)  # as rounding is, and kinks in places are not
    return np.where(alike & (middle > 2) & (middle < LOST), middle, 1.0)


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


def _without_centre(lanes: Lanes, indices: np.ndarray, steps: np.ndarray) -> np.ndarray:
    return lanes.real(indices, steps)


def _with_centre(lanes: Lanes, indices: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Evaluate, and f(x) with them: a batch may round otherwise than the few points among which f(x) was evaluated first."""
    values = lanes.real(np.concatenate([indices[:1], indices]), np.concatenate([[0.0], steps]))
    centre, before = values[0], lanes.f0[0]
    if not np.array_equal(centre, before) and np.all(np.isfinite(centre) == np.isfinite(before)):
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
    outcome.value = np.where(confirmed, value, outcome.value)
    outcome.error = np.where(confirmed, bound, outcome.error)
    outcome.step = np.where(confirmed, 0.0, outcome.step)
    outcome.left = outcome.right = outcome.value
