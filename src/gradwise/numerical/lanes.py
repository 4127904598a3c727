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

from gradwise.numerical.ladder import PRECISION
from gradwise.numerical.line import Line, Outcome
from gradwise.numerical.search import Search
from gradwise.numerical.status import Status

MANY = 8
"""From this many lanes on a slope with 11 digits is not searched further: evaluations are worth more."""


def precision(count: int) -> float:
    """Return how many units of rounding are accepted in the slopes along so many lanes."""
    return 2.0**18 if count >= MANY else PRECISION


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
    point: np.ndarray | None = None
    """The number that each lane moves, (L,), where there is one: the entry of x."""

    def line(self, lane: int, output: int) -> Line:
        """Return the line of one entry."""
        return Line(
            float(self.scale[lane]),
            float(self.spacing[lane]),
            float(self.left[lane]),
            float(self.right[lane]),
            float(self.units[output]),
            -float(self.point[lane]) if self.point is not None and self.point[lane] else None,
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
        numbers = np.empty((6, *shape))
        numbers.fill(np.nan)
        numbers[1] = np.inf
        value, error, step, left, right, noise = numbers
        return cls(value, error, status, step, left, right, noise)

    def put(self, index: Any, outcome: Outcome) -> None:
        """Write one outcome, or arrays of them, at an index."""
        self.value[index] = outcome.value
        self.error[index] = outcome.error
        # boxed where many are written at once: NumPy would turn a Status, which is a str, into a plain one
        single = type(index) is tuple and type(index[0]) is int
        self.status[index] = outcome.status if single else np.array(outcome.status, dtype=object)
        self.step[index] = outcome.step
        self.left[index] = outcome.left
        self.right[index] = outcome.right
        self.noise[index] = outcome.noise


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


def _search(lanes: Lanes, store: Store, lane: int, output: int) -> Search:
    search = Search(lanes.line(lane, output), float(lanes.f0[lane, output]))
    search.samples.take((step, float(row[output])) for step, row in store.values.get(lane, {}).items())
    if store.witness is not None and not np.isnan(store.witness[0][lane, output]):
        search.complex_value, search.complex_error = [float(part[lane, output]) for part in store.witness]
    return search


def search_pass(lanes: Lanes, store: Store, table: Table, todo: np.ndarray) -> None:
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
