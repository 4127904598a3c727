"""The complex step on the arrays of all lanes: tried on a few first, then spent on the others."""

from __future__ import annotations

import numpy as np

from gradwise.numerical.complex_step import APART, CHECK, GROWTHS, RANGE, REPEATS, TINY, WRONG, judge_complex
from gradwise.numerical.lanes import Lanes, Store, Table, search_pass
from gradwise.numerical.line import SMALL, Outcome
from gradwise.numerical.status import Status
from gradwise.numerical.still import SHARED, first_octaves, many_bits, put_zero, settle_still

PILOT = 4
"""Lanes on which the complex step is tried before it is spent on all: spread over x, whose parts may be treated unlike."""

Seen = tuple[np.ndarray, ...]
"""tiny, h, f(x + i·tiny) and the same again beside x, f(x + ih), f(x + h), f(x - h) of some lanes, one lane a row."""


def complex_pass(lanes: Lanes, store: Store, table: Table, todo: np.ndarray) -> None:
    """Settle the entries on which f takes complex numbers and is analytic, and those that do not move."""
    exponent = np.where(lanes.scale > SMALL, np.frexp(lanes.scale)[1], 1)
    h = np.ldexp(1.0, exponent + CHECK)
    usable = (todo.any(axis=1) & (h <= lanes.left) & (h <= lanes.right)).nonzero()[0]
    if usable.size == 0:
        return
    stride = -(-usable.size // PILOT)
    part = usable[::stride]
    seen = _values(lanes, store, part, exponent[part], 0)
    if seen is None:
        return
    if stride > 1 and _promising(lanes, todo, part, seen):
        others = np.delete(usable, slice(None, None, stride))
        more = _values(lanes, store, others, exponent[others], 0)
        if more is not None:
            part = np.concatenate([part, others])
            seen = tuple(np.concatenate(pair) for pair in zip(seen, more))
    still = _settle(lanes, store, table, todo, part, exponent[part], seen)
    if still is not None:
        _settle_alike(lanes, store, table, todo, settle_still(lanes, store, table, todo, still, close=True))


def _values(
    lanes: Lanes, store: Store, part: np.ndarray, exponent: np.ndarray, growth: int, near: np.ndarray | None = None
) -> Seen | None:
    """Ask for what the check needs; None if f does not take complex numbers."""
    assert lanes.complex is not None
    tiny, h = np.ldexp(1.0, exponent + TINY), np.ldexp(1.0, exponent + (CHECK + growth))
    h = many_bits(lanes, h, part)
    twice, both = np.concatenate([part, part]), np.concatenate([h, -h])
    if near is None:
        shift, stretch = _moves(lanes, part, *REPEATS[0])
        found = lanes.complex(
            np.concatenate([twice, part]), np.concatenate([1j * tiny, 1j * h, shift + 1j * stretch * tiny])
        )
        if found is None:
            return None
        near, far = np.stack([found[: part.size], found[2 * part.size :]], axis=1), found[part.size : 2 * part.size]
    else:
        further = lanes.complex(part, 1j * h)
        if further is None:
            return None
        far = further
    pair = lanes.real(twice, both)
    store.keep(twice, both, pair)
    return tiny[:, None], h[:, None], near, far, pair[: part.size], pair[part.size :]


def _moves(lanes: Lanes, part: np.ndarray, units: int, stretch: float) -> tuple[np.ndarray, float]:
    """Return by how much x is moved for a further slope, where there is room, and the step in units of the tiny one."""
    spacing = lanes.spacing[part]
    room = (lanes.scale[part] > SMALL) & (lanes.left[part] > 2 * spacing) & (lanes.right[part] > 2 * spacing)
    return np.where(room, units * spacing, 0.0), stretch


def _judge(lanes: Lanes, part: np.ndarray, seen: Seen) -> tuple[np.ndarray, ...]:
    """Return what `judge_complex` does, the slope that was found beside x, and where the two differ by what f loses inside."""
    tiny, h, near, far, _, _ = seen
    value, error, accepted, blind = _judge_first(lanes, part, seen)
    again = _slope_beside(lanes, part, near[:, 1], _bend(lanes, part, seen), tiny, REPEATS[0])
    off = np.abs(again - value)
    lossy = ~(off <= error)
    return value, error + APART * off, accepted & (~lossy | (off <= WRONG * np.abs(value))), blind, again, lossy


def _bend(lanes: Lanes, part: np.ndarray, seen: Seen) -> np.ndarray:
    """Return f'' as f(x + ih) shows it."""
    _, h, _, far, _, _ = seen
    return 2 * ((lanes.f0[part] - far.real) / h) / h


def _slope_beside(
    lanes: Lanes, part: np.ndarray, values: np.ndarray, bend: np.ndarray, tiny: np.ndarray, move: tuple[int, float]
) -> np.ndarray:
    """Return the slopes at x that values beside it say."""
    shift, stretch = _moves(lanes, part, *move)
    return values.imag / (stretch * tiny) - shift[:, None] * bend


def _repeated(
    lanes: Lanes, part: np.ndarray, seen: Seen, rows: np.ndarray, slopes: list[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Return value and range of four slopes in some rows, two of which are asked for; see `complex_step.four_slopes`."""
    assert lanes.complex is not None
    here, tiny, bend = part[rows], seen[0][rows], _bend(lanes, part, seen)[rows]
    moves = [_moves(lanes, here, *move) for move in REPEATS[1:]]
    steps = np.concatenate([shift + 1j * stretch * tiny[:, 0] for shift, stretch in moves])
    found = lanes.complex(np.concatenate([here] * len(moves)), steps)
    if found is None:
        return slopes[0][rows], np.full((rows.size, slopes[0].shape[1]), np.inf)
    all_of_them = [slope[rows] for slope in slopes]
    for move, values in zip(REPEATS[1:], np.split(found, len(moves))):
        all_of_them.append(_slope_beside(lanes, here, values, bend, tiny, move))
    stacked = np.stack(all_of_them)
    return stacked.mean(axis=0), stacked.max(axis=0) - stacked.min(axis=0)


def _judge_first(lanes: Lanes, part: np.ndarray, seen: Seen) -> tuple[np.ndarray, ...]:
    tiny, h, both, far, plus, minus = seen
    near = both[:, 0]
    if near.shape[1] == 1:  # one output: vectors, which take half as long as columns
        tiny, h, near, far, plus, minus = [column[:, 0] for column in (tiny, h, near, far, plus, minus)]
        unit = float(lanes.units[0])
        judged = judge_complex(
            tiny,
            near.imag,
            h,
            far.real,
            far.imag,
            lanes.f0[part, 0],
            (plus, minus),
            lanes.scale[part],
            unit,
            np.maximum,
            np.minimum,
        )
        return tuple([column[:, None] for column in judged])
    return judge_complex(
        tiny, near.imag, h, far.real, far.imag, lanes.f0[part], (plus, minus), lanes.scale[part, None], lanes.units,
        np.maximum, np.minimum,
    )  # fmt: skip


def _unmoved(lanes: Lanes, part: np.ndarray, seen: Seen) -> np.ndarray:
    """Return where neither complex nor real steps have changed f(x)."""
    _, _, both, far, plus, minus = seen
    near, f0 = both[:, 0], lanes.f0[part]
    # complex arithmetic rounds differently: f(x) and Re f(x + ih) may differ by that
    rounded = np.abs(far.real - f0) <= 16 * lanes.units * np.abs(f0)
    return (near.imag == 0) & (far == near) & rounded & (plus == f0) & (minus == f0)


def _promising(lanes: Lanes, todo: np.ndarray, part: np.ndarray, seen: Seen) -> bool:
    """Whether, on half of the lanes, the complex step settles an entry, or may do so with a larger one, or nothing moves."""
    if seen[3].size == part.size:  # one output: a few floats are judged quicker than arrays
        tiny, h, near, far, plus, minus = [column.ravel().tolist() for column in (*seen[:2], seen[2][:, 0], *seen[3:])]
        f0, scale, unit = lanes.f0[part].ravel().tolist(), lanes.scale[part].tolist(), float(lanes.units[0])
        rows = zip(tiny, near, h, far, f0, plus, minus, scale)
        accepted = np.array([
            judge_complex(t, n.imag, step, w.real, w.imag, y, (p, m), s, unit, max, min)[2] for t, n, step, w, y, p, m, s in rows
        ])[:, None]  # fmt: skip
    else:
        accepted = _judge_first(lanes, part, seen)[2]
    if not accepted.all():
        accepted |= _unmoved(lanes, part, seen)
    return bool(2 * np.count_nonzero((accepted & todo[part]).any(axis=1)) >= part.size)


def _settle(
    lanes: Lanes, store: Store, table: Table, todo: np.ndarray, part: np.ndarray, exponent: np.ndarray, seen: Seen | None
) -> np.ndarray | None:  # fmt: skip
    """Settle entries, on some lanes with larger steps; return those that do not move, None if there are none."""
    still, near = None, None
    for growth in GROWTHS:
        if near is not None:
            h = np.ldexp(1.0, exponent + (CHECK + growth))
            room = (h <= lanes.left[part]) & (h <= lanes.right[part])
            part, exponent, near = part[room], exponent[room], near[room]
            seen = _values(lanes, store, part, exponent, growth, near) if part.size else None
        if seen is None:
            break
        value, error, accepted, blind, beside, lossy = _judge(lanes, part, seen)
        accepted &= todo[part]
        good = accepted & ~blind
        rows = (good & lossy).any(axis=1).nonzero()[0]
        if rows.size:
            mean, off = _repeated(lanes, part, seen, rows, [value, beside])
            lost = lossy[rows]
            value[rows] = np.where(lost, mean, value[rows])
            error[rows] = np.where(lost, np.maximum(error[rows], RANGE * off), error[rows])
            good[rows] &= ~lost | (RANGE * off <= WRONG * np.abs(mean))
        rows, outputs = good.nonzero()
        where = (part[rows], outputs)
        noise = (lanes.units * np.abs(lanes.f0[part]))[good]
        found = value[good]
        table.put(where, Outcome(found, error[good], Status.OK, 0.0, found, found, noise))
        todo[where] = False
        if not todo[part].any():
            break
        if store.witness is None:
            store.witness = np.full(lanes.f0.shape, np.nan), np.full(lanes.f0.shape, np.nan)
        store.witness[0][part], store.witness[1][part] = value, error
        again = accepted & blind
        if growth == 0:
            unmoved = _unmoved(lanes, part, seen) & todo[part]
            if unmoved.any():
                still = np.zeros_like(todo)
                still[part] = unmoved
                again &= ~unmoved
        lane = again.any(axis=1)
        part, exponent, near = part[lane], exponent[lane], seen[2][lane]
    return still


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
