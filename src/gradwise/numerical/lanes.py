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

from gradwise.numerical.complex_step import CHECK, TINY, judge_complex
from gradwise.numerical.high_order import HighOrder
from gradwise.numerical.ladder import LEVELS, PROBE, judge_ladder
from gradwise.numerical.line import FIRST, SMALL, Line, Outcome
from gradwise.numerical.search import Search
from gradwise.numerical.status import Status

PILOT = 4
"""Lanes on which the complex step is tried before it is spent on all."""

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
    todo |= ~np.isfinite(lanes.f0)
    _search_pass(lanes, store, table, todo)
    return table


class Store:
    """Every value seen so far: per lane a dictionary from step to the m values there."""

    def __init__(self, lanes: Lanes) -> None:
        self.lanes = lanes
        self.values: dict[int, dict[float, np.ndarray]] = {}
        self.witness: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def add(self, lane_indices: np.ndarray, steps: np.ndarray, values: np.ndarray) -> None:
        """Remember values (K, m) at steps (K,) of lanes (K,)."""
        for lane, step, row in zip(lane_indices.tolist(), steps.tolist(), values):
            self.values.setdefault(lane, {})[step] = row


def _exponent(scale: np.ndarray) -> np.ndarray:
    return np.where(scale > SMALL, np.frexp(scale)[1], 1)


def _complex_pass(lanes: Lanes, store: Store, table: Table, todo: np.ndarray) -> None:
    assert lanes.complex is not None
    exponent = _exponent(lanes.scale)
    tiny, h = np.ldexp(1.0, exponent + TINY), np.ldexp(1.0, exponent + CHECK)
    usable = np.flatnonzero(np.any(todo, axis=1) & (h <= lanes.left) & (h <= lanes.right))
    for part in (usable[:PILOT], usable[PILOT:]):
        if part.size == 0:
            continue
        both = lanes.complex(np.concatenate([part, part]), 1j * np.concatenate([tiny[part], h[part]]))
        if both is None:
            return
        near, far = both[: part.size], both[part.size :]
        steps = np.concatenate([h[part], -h[part]])
        indices = np.concatenate([part, part])
        pair = lanes.real(indices, steps)
        plus, minus = pair[: part.size], pair[part.size :]
        column = h[part, None]
        value, error, accepted, blind = judge_complex(
            tiny[part, None], near.imag, column, far.real, far.imag, lanes.f0[part], (plus, minus),
            lanes.scale[part, None], lanes.units, np.maximum,
        )  # fmt: skip
        good = accepted & ~blind & todo[part] & np.isfinite(value) & np.isfinite(plus) & np.isfinite(minus)
        left_over = ~np.all(good | ~todo[part], axis=1)
        twice = np.concatenate([left_over, left_over])
        store.add(indices[twice], steps[twice], pair[twice])
        for row in np.flatnonzero(left_over).tolist():
            store.witness[int(part[row])] = (value[row], error[row])
        rows, outputs = np.nonzero(good)
        where = (part[rows], outputs)
        noise = (lanes.units * np.abs(lanes.f0[part]))[good]
        table.put(where, Outcome(value[good], error[good], Status.OK, 0.0, value[good], value[good], noise))
        todo[where] = False
        if 2 * np.count_nonzero(np.any(good, axis=1)) < part.size:
            return


def _ladder_pass(lanes: Lanes, store: Store, table: Table, todo: np.ndarray) -> None:
    octave = np.where(lanes.scale > SMALL, np.frexp(lanes.scale)[1] - FIRST, -3)
    h = np.ldexp(1.0, octave)
    usable = np.flatnonzero(np.any(todo, axis=1) & (h <= lanes.left) & (h <= lanes.right))
    if usable.size == 0:
        return
    factors = np.array([2.0**-k for k in range(LEVELS)] + [2.0**PROBE])
    factors = np.stack([factors, -factors], axis=1).ravel()
    steps = (h[usable, None] * factors).ravel()
    indices = np.repeat(usable, factors.size)
    values = lanes.real(indices, steps)
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
    table.put(where, Outcome(value[good], error[good], Status.OK, step, value[good], value[good], eta[good]))
    for lane, output in zip(*where):
        if lane in store.witness:
            _adopt(lanes, store, table, int(lane), int(output))
    todo[where] = False
    left = np.flatnonzero(np.any(todo[usable], axis=1))
    for row in left.tolist():
        for step_, row_values in zip((h[usable[row]] * factors).tolist(), grid[row]):
            store.values.setdefault(int(usable[row]), {})[step_] = row_values


def _adopt(lanes: Lanes, store: Store, table: Table, lane: int, output: int) -> None:
    search = _search(lanes, store, lane, output)
    index = (lane, output)
    fields = (table.value, table.error, table.status, table.step, table.left, table.right, table.noise)
    table.put(index, search.adopt(Outcome(*[array[index] for array in fields])))


def _search(lanes: Lanes, store: Store, lane: int, output: int) -> Search:
    search = Search(lanes.line(lane, output), float(lanes.f0[lane, output]))
    for step, row in store.values.get(lane, {}).items():
        search.samples.values[step] = float(row[output])
    if lane in store.witness:
        value, error = store.witness[lane]
        search.complex_value, search.complex_error = float(value[output]), float(error[output])
    return search


def _search_pass(lanes: Lanes, store: Store, table: Table, todo: np.ndarray) -> None:
    """Run the searches of the entries that are left, side by side."""
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
