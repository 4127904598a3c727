"""Functions that are constant by decisions of which nothing is proved: the zero is doubted once for each piece, and what an earlier run kept never passes for one."""

from __future__ import annotations

import math
import queue

import numpy as np
import pytest

import gradwise as gw


class Runs:
    """How often the function ran: in a compiled queue, which is not put back after the runs that only look at the function."""

    def __init__(self) -> None:
        self.queue = queue.SimpleQueue()

    def append(self, x) -> None:
        self.queue.put(None)

    def __len__(self) -> int:
        return self.queue.qsize()


class Steps:
    """A staircase that keeps what it was asked, so that nothing is proved."""

    def __init__(self) -> None:
        self.asked = Runs()
        self.edges = [0.5, 2.0]
        self.heights = [1.0, 3.0, 4.0]

    def by_branches(self, x):
        self.asked.append(float(x))
        if x < self.edges[0]:
            return self.heights[0]
        return self.heights[1] if x < self.edges[1] else self.heights[2]

    def by_integers(self, x):
        self.asked.append(float(x))
        return self.heights[int(x)]

    def by_sorting(self, x):
        self.asked.append(float(x))
        return self.heights[int(np.searchsorted(self.edges, x))]


def runs(steps, g, x):
    before = len(steps.asked)
    found = g(x)
    return found, len(steps.asked) - before


@pytest.mark.parametrize("way", ["by_branches", "by_integers", "by_sorting"])
def test_a_piece_is_doubted_once(way):
    steps = Steps()
    g = gw.grad(getattr(steps, way))
    gw.clear_caches()
    g(0.3)
    for x in (0.2, 0.31, 0.3, 0.11):
        assert runs(steps, g, x) == (0.0, 1)
    first = runs(steps, g, 1.1)
    assert first[0] == 0.0
    assert first[1] > 1  # another piece
    for x in (1.3, 1.45, 0.3):
        assert runs(steps, g, x) == (0.0, 1)


def test_other_numbers_make_another_piece():
    steps = Steps()
    g = gw.grad(steps.by_branches)
    gw.clear_caches()
    for x in (0.2, 0.3):
        g(x)
    steps.edges[0] = 0.6
    assert runs(steps, g, 0.3)[1] > 1
    assert runs(steps, g, 0.3)[1] == 1
    steps.heights[0] = 7.0
    assert runs(steps, g, 0.3)[1] > 1
    assert runs(steps, g, 0.3)[1] == 1


def test_an_edge_is_doubted_each_time():
    steps = Steps()
    g = gw.grad(steps.by_branches)
    g(1.0)
    for _ in range(3):
        assert runs(steps, g, 0.5)[1] > 1


class Remembering:
    """cos x, remembered within a distance, beside pieces on which it is constant."""

    def __init__(self) -> None:
        self.last, self.value = math.inf, 0.0

    def near(self, x):
        if x > 3.0:
            return 1.0
        if abs(x - self.last) < 1e-9:
            return self.value
        self.last, self.value = float(x), float(np.cos(x))
        return np.cos(x)

    def within(self, x):
        if self.low < x < self.high:
            return self.value
        self.low, self.high, self.value = float(x) - 1e-9, float(x) + 1e-9, float(np.cos(x))
        return np.cos(x)

    low = high = 0.0


@pytest.mark.parametrize("way", ["near", "within"])
def test_what_was_kept_never_passes_for_a_constant(way):
    m = Remembering()
    f = getattr(m, way)
    g = gw.grad(f, method="exact")
    for x in (5.0, 5.5, 0.0, 0.0, 0.7, 0.7, 1.9, 1.9):
        f(x)  # a plain call, which is kept
        try:
            found = g(x)
        except gw.TracingError:
            continue
        assert found == pytest.approx(0.0 if way == "near" and x > 3.0 else -math.sin(x), abs=1e-7)


def test_a_memory_whose_first_answer_was_flat():
    class Kept:
        def __init__(self) -> None:
            self.last, self.value = None, None

        def __call__(self, x):
            if self.last is not None and abs(x - self.last) <= 1e-12:
                return self.value
            self.last, self.value = float(x), float(x) ** 2
            return x * x

    f = Kept()
    g = gw.grad(f, method="exact")
    for x in (0.0, 0.0, 1.5, 1.5, 1.5, -0.5, -0.5):
        try:
            found = g(x)
        except gw.TracingError:
            continue
        assert found == 2 * x
