"""Many lines at once: first the formulas of the fast path on whole arrays, then searches for the entries that are left.

A *lane* is one line through x (one entry of x, or a direction); every lane has m outputs.  Entries are (lane, output)
pairs.  The complex step and the ladder are judged for all entries in a few array operations; an entry that neither
settles gets a `Search`, and the searches run side by side: each round their steps are gathered, evaluated in one batch,
and handed back.  All outputs of a lane share its evaluations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwise.numerical.complex_step import CHECK, GROWTHS, TINY, adopted_error, judge_complex
from gradwise.numerical.high_order import HighOrder
from gradwise.numerical.ladder import LEVELS, PROBE, judge_ladder
from gradwise.numerical.line import SMALL, Line, Outcome
from gradwise.numerical.search import Search
from gradwise.numerical.status import Status
from gradwise.numerical.still import SHARED, first_octaves, put_zero, settle_still

PILOT = 4
"""Lanes on which the complex step is tried before it is spent on all: spread over x, whose parts may be treated unlike."""

MANY = 8
"""From this many lanes on a slope with 11 digits is not searched further: evaluations are worth more."""


@dataclass(slots=True)
class Lanes:
    """What the searches need to know; arrays of shape (L,), f0 of shape (L, m), units of shape (m,)."""

    scale: np.ndarray
    spacing: np.ndarray
    left: np.ndarray
    right: np.ndarray
    f0: np.ndarray
    units: np.ndarray
    real: Callable[[np.ndarray, np.ndarray], np.ndarray]
    complex: Callable[[np.ndarray, np.ndarray], np.ndarray | None] | None

    def line(self, lane: int, output: int) -> Line:
        """Return the line of one entry."""
        return Line(
            float(self.scale[lane]),
            float(self.spacing[lane]),
            float(self.left[lane]),
            float(self.right[lane]),
            float(self.units[output]),
        )


@dataclass(slots=True)
class Table:
    """Outcomes of all entries: arrays of shape (L, m)."""

    value: np.ndarray
    error: np.ndarray
    status: np.ndarray
    step: np.ndarray
    left: np.ndarray
    right: np.ndarray
    noise: np.ndarray

    @classmethod
    def empty(cls, shape: tuple[int, ...]) -> Table:
        """Return a table in which nothing is known."""
        status = np.empty(shape, dtype=object)
        status.fill(Status.UNDECIDED)
        nan = [np.full(shape, np.nan) for _ in range(5)]
        return cls(nan[0], np.full(shape, np.inf), status, nan[1], nan[2], nan[3], nan[4])

    def put(self, index: Any, outcome: Outcome) -> None:
        """Write one outcome, or arrays of them, at an index."""
        self.value[index] = outcome.value
        self.error[index] = outcome.error
        # boxed where many are written at once: NumPy would turn a Status, which is a str, into a plain one
        single = isinstance(self.status[index], Status)
        self.status[index] = outcome.status if single else np.array(outcome.status, dtype=object)
        self.step[index] = outcome.step
        self.left[index] = outcome.left
        self.right[index] = outcome.right
        self.noise[index] = outcome.noise


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
        _ladder_pass(lanes, store, table, todo)
    _search_pass(lanes, store, table, todo | ~np.isfinite(lanes.f0))
    return table


class Store:
    """Every value seen so far: per lane a dictionary from step to the m values there.

    Attributes
    ----------
    witness : (value, error) or None
        Arrays (L, m) of complex-step derivatives that no real check has confirmed, NaN where there are none.
    """

    def __init__(self, lanes: Lanes) -> None:
        self.lanes = lanes
        self.values: dict[int, dict[float, np.ndarray]] = {}
        self.witness: tuple[np.ndarray, np.ndarray] | None = None
        self._batches: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []

    def add(self, lane_indices: np.ndarray, steps: np.ndarray, values: np.ndarray) -> None:
        """Remember values (K, m) at steps (K,) of lanes (K,)."""
        for lane, step, row in zip(lane_indices.tolist(), steps.tolist(), values):
            self.values.setdefault(lane, {})[step] = row

    def keep(self, lane_indices: np.ndarray, steps: np.ndarray, values: np.ndarray) -> None:
        """Hold a batch back until it is known which lanes are searched further: most are not."""
        self._batches.append((lane_indices, steps, values))

    def unpack(self, wanted: np.ndarray) -> None:
        """Remember what the batches hold of the lanes that are marked in `wanted`."""
        for indices, steps, values in self._batches:
            mask = wanted[indices]
            if np.any(mask):
                self.add(indices[mask], steps[mask], values[mask])


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
    _search_pass(lanes, store, table, chosen)
    todo &= ~chosen
    if all(status is Status.OK for status in table.status[chosen]) and not np.any(table.value[chosen]):
        where = np.nonzero(alike & todo)
        level = (lanes.units * np.abs(lanes.f0))[where]
        put_zero(table, todo, where, level, np.ldexp(1.0, first_octaves(lanes))[where[0]])


def _ladder_pass(lanes: Lanes, store: Store, table: Table, todo: np.ndarray) -> None:
    h = np.ldexp(1.0, first_octaves(lanes))
    usable = np.flatnonzero(np.any(todo, axis=1) & (h <= lanes.left) & (h <= lanes.right))
    if usable.size == 0:
        return
    factors = np.array([2.0**-k for k in range(LEVELS)] + [2.0**PROBE])
    factors = np.stack([factors, -factors], axis=1).ravel()
    steps = (h[usable, None] * factors).ravel()
    indices = np.repeat(usable, factors.size)
    values = lanes.real(indices, steps)
    store.keep(indices, steps, values)
    grid = values.reshape(usable.size, factors.size, -1)
    pairs = [(grid[:, 2 * k], grid[:, 2 * k + 1]) for k in range(LEVELS)]
    value, error, accepted, eta = judge_ladder(
        h[usable, None], pairs, (grid[:, -2], grid[:, -1]), lanes.f0[usable], lanes.units, lanes.scale[usable, None],
        np.maximum, 4096.0 if len(lanes.scale) < MANY else 2.0**18,
    )  # fmt: skip
    good = accepted & todo[usable]
    rows, outputs = np.nonzero(good)
    where = (usable[rows], outputs)
    step = np.broadcast_to(h[usable, None], good.shape)[good]
    outcome = Outcome(value[good], error[good], Status.OK, step, value[good], value[good], eta[good])
    if store.witness is not None:
        _adopt(lanes, store.witness, outcome, where)
    table.put(where, outcome)
    todo[where] = False
    if todo.any():
        still = np.zeros_like(todo)
        still[usable] = todo[usable] & np.all(grid == lanes.f0[usable, None, :], axis=1)
        settle_still(lanes, store, table, todo, still, close=False)


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


def _search(lanes: Lanes, store: Store, lane: int, output: int) -> Search:
    search = Search(lanes.line(lane, output), float(lanes.f0[lane, output]))
    for step, row in store.values.get(lane, {}).items():
        search.samples.values[step] = float(row[output])
    if store.witness is not None and not np.isnan(store.witness[0][lane, output]):
        search.complex_value, search.complex_error = [float(part[lane, output]) for part in store.witness]
    return search


def _search_pass(lanes: Lanes, store: Store, table: Table, todo: np.ndarray) -> None:
    """Run the searches of the entries that are left, side by side."""
    store.unpack(np.any(todo, axis=1))
    running = {}
    for lane, output in zip(*[axis.tolist() for axis in np.nonzero(todo)]):
        search = _search(lanes, store, lane, output)
        if np.isfinite(search.samples.f0):
            running[lane, output] = search.investigate()
        else:
            table.put((lane, output), Outcome(np.nan, np.inf, Status.NON_FINITE, 0.0, np.nan, np.nan, np.nan))
    drive(lanes, running, table, store)


def drive(lanes: Lanes, running: dict[tuple[int, int], Any], table: Table, store: Store | None = None) -> None:
    """Run one generator per (lane, output) to its Outcome: each round the steps of all are evaluated in one batch."""
    store = store or Store(lanes)
    answers: dict[tuple[int, int], list | None] = dict.fromkeys(running)
    while running:
        asked = {}
        for key, generator in list(running.items()):
            try:
                asked[key] = generator.send(answers[key])
            except StopIteration as stop:
                table.put(key, stop.value)
                del running[key]
        wanted = [(lane, step) for (lane, _), steps in asked.items() for step in steps]
        # two lists before duplicates are dropped: 0.5 and 0.5 + 0j are equal, and not the same request
        straight = list(dict.fromkeys(pair for pair in wanted if type(pair[1]) is not complex))
        curved = list(dict.fromkeys(pair for pair in wanted if type(pair[1]) is complex))
        _evaluate(lanes, store, straight)
        rows = _evaluate_complex(lanes, curved)
        for (lane, output), steps in asked.items():
            known = store.values.get(lane, {})
            answers[lane, output] = [
                _entry(rows.get((lane, step)), output) if type(step) is complex else float(known[step][output])
                for step in steps
            ]


def _evaluate(lanes: Lanes, store: Store, wanted: list[tuple[int, float]]) -> None:
    wanted = [(lane, step) for lane, step in wanted if step not in store.values.get(lane, {})]
    if wanted:
        indices = np.array([lane for lane, _ in wanted], dtype=np.intp)
        steps = np.array([step for _, step in wanted], dtype=np.float64)
        store.add(indices, steps, lanes.real(indices, steps))


def _evaluate_complex(lanes: Lanes, wanted: list[tuple[int, complex]]) -> dict[tuple[int, complex], np.ndarray]:
    if not wanted or lanes.complex is None:
        return {}
    indices = np.array([lane for lane, _ in wanted], dtype=np.intp)
    rows = lanes.complex(indices, np.array([step for _, step in wanted], dtype=np.complex128))
    return {} if rows is None else dict(zip(wanted, rows))


def _entry(row: np.ndarray | None, output: int) -> complex | None:
    return None if row is None else complex(row[output])
