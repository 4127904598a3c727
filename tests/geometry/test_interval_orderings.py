"""Orders over boxes, and whole numbers that are made of the point: what NumPy gives at points inside lies inside, and critical points are those by pen and paper."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradwise as gw
from gradwise.geometry.intervals import RULES, Boxes, Interval, orderings
from gradwise.geometry.intervals.evaluation import cell_of

SEEDS = st.integers(0, 2**31)


def boxes_of(rng, shape):
    """Intervals of which some overlap, touch, or are points."""
    lo = rng.integers(-4, 5, shape) + rng.choice([0.0, 0.25], shape)
    return Interval(lo, lo + rng.choice([0.0, 0.0, 0.25, 1.0, 3.0], shape))


def points_in(rng, x, count=6):
    for _ in range(count):
        share = rng.choice([0.0, 1.0, 0.5, rng.random()], x.shape)
        yield np.clip(x.lo + share * (x.hi - x.lo), x.lo, x.hi)


@given(seed=SEEDS)
@settings(max_examples=60, deadline=None)
def test_sorted_entries_and_their_places(seed):
    rng = np.random.default_rng(seed)
    axis = int(rng.integers(0, 2))
    x = boxes_of(rng, (5, 3, 4))
    box = Boxes(*[np.zeros((5, 1))] * 2)
    ordered, places = RULES["sort"](box, x, axis), RULES["argsort"](box, x, axis)
    for point in points_in(rng, x):
        true, order = np.sort(point, axis=axis + 1), np.argsort(point, axis=axis + 1, kind="stable")
        assert np.all((ordered.lo <= true) & (true <= ordered.hi))
        assert np.all((places.lo <= order) & (order <= places.hi))
        clear = box.smooth
        assert np.all((places.lo == places.hi)[clear])
    lo, hi = np.moveaxis(x.lo, axis + 1, -1), np.moveaxis(x.hi, axis + 1, -1)
    for k in range(5):  # rough where two intervals that are no equal points have a number in common
        meet = (lo[k][..., :, None] <= hi[k][..., None, :]) & (lo[k][..., None, :] <= hi[k][..., :, None])
        equal = (lo[k] == hi[k])[..., :, None] & (lo[k] == hi[k])[..., None, :]
        assert box.smooth[k] == (not np.any(meet & ~equal & ~np.eye(meet.shape[-1], dtype=bool)))


@given(seed=SEEDS)
@settings(max_examples=60, deadline=None)
def test_entries_taken_and_added_where_an_unknown_index_says(seed):
    rng = np.random.default_rng(seed)
    axis, n = int(rng.integers(0, 2)), 4
    shape = (3, n) if axis else (n, 3)
    x = boxes_of(rng, (6, *shape))
    least = rng.integers(0, n, (6, *shape))
    index = Interval(least, np.minimum(least + rng.choice([0, 0, 1, 2], least.shape), n - 1))
    box = Boxes(*[np.zeros((6, 1))] * 2)
    taken, added = orderings.take_along(box, x, index, axis), orderings.add_along(box, x, index, axis, n)
    for point in points_in(rng, x):
        at = np.minimum(index.lo + rng.integers(0, 3, index.shape), index.hi)
        true = np.take_along_axis(point, at, axis + 1)
        assert np.all((taken.lo <= true) & (true <= taken.hi))
        true = np.moveaxis(np.zeros(point.shape), axis + 1, -1).copy()
        for place, k, value in zip(
            np.ndindex(true.shape), np.moveaxis(at, axis + 1, -1).ravel(), np.moveaxis(point, axis + 1, -1).ravel()
        ):
            true[(*place[:-1], k)] += value
        true = np.moveaxis(true, -1, axis + 1)
        assert np.all((added.lo <= true) & (true <= added.hi))


def test_where_a_part_of_the_box_is_undefined_it_may_stand_anywhere():
    # √x is defined on [0, 4] only; where it is not, NumPy puts nan at the end
    box = Boxes(np.zeros((1, 1)), np.zeros((1, 1)))
    root = RULES["sqrt"](box, Interval(np.array([-1.0]), np.array([4.0])))
    x = Interval(np.array([[root.lo[0], 5.0, 7.0]]), np.array([[root.hi[0], 5.0, 7.0]]))
    ordered, places = RULES["sort"](box, x, 0), RULES["argsort"](box, x, 0)
    assert ordered.hi[0, 0] == 7
    assert places.lo[0].tolist() == [0, 0, 0]
    assert places.hi[0].tolist() == [2, 2, 2]


@pytest.mark.parametrize("value", [0.3, -0.3, 2.7, -2.7, 1e6 + 0.2])
def test_whole_numbers_stay_what_they_are_between_two_halves(value):
    low, high = cell_of("int", np.asarray(value))
    for function in (int, round, math.floor, math.ceil, math.trunc):
        assert len({function(x) for x in np.linspace(low, high, 41)[1:-1]}) == 1
    assert high - low == 0.5
    assert cell_of("int", np.asarray(2.5)) == (2.5, 2.5)
    assert cell_of("value", np.asarray(value)) == (value, value)


def sorted_first(v):
    return np.sort(v)[0] ** 2 + (v[0] - 1) ** 2 + (v[1] - 2) ** 2 + v[2] ** 2


def with_median(v):
    return np.median(v) ** 2 + np.sum((v - np.array([0.0, 1.0, 5.0])) ** 2)


def pieces(x):
    # x² a piece more for each whole number in |x|: 2x² − 3x on (−1, 1), with its minimum at ¾; then 3x² − 3x, …, which rise on the right
    return sum((x**2 for _ in range(int(abs(x)) + 2)), 0.0) - 3 * x


#: functions, boxes, and their points with f'' > 0 by pen and paper
KNOWN = {
    "sort": (sorted_first, [(-3, 3)] * 3, [(1, 2, 0)]),
    "median": (with_median, [(-3, 8)] * 3, [(0, 0.5, 5)]),
    "a trip count of the point": (pieces, (-3, 3), [(0.75,)]),
    "round": (lambda x: (x - round(x) - 0.25) ** 2, (-1.3, 2.2), [(-0.75,), (0.25,), (1.25,)]),
    "floor": (lambda x: (x - math.floor(x) - 0.3) ** 2 + 0 * x, (-0.9, 1.9), [(-0.7,), (0.3,), (1.3,)]),
    "fmod": (lambda x: (math.fmod(x, 1.0) - 0.3) ** 2, (-1.7, 2.6), [(0.3,), (1.3,), (2.3,)]),
    "remainder": (lambda x: (math.remainder(x, 1.0) - 0.3) ** 2, (-1.4, 1.4), [(-0.7,), (0.3,), (1.3,)]),
}


@pytest.mark.parametrize("name", KNOWN)
def test_critical_points_by_pen_and_paper(name):
    f, bounds, expected = KNOWN[name]
    found = gw.critical_points(f, bounds)
    assert found.exhaustive
    sure = [p for p in found if p.kind == "minimum"]
    assert all(p.proved for p in sure)
    np.testing.assert_allclose(sorted(tuple(np.ravel(p.x)) for p in sure), expected, atol=1e-14)
    # what is left lies at the jumps
    for low, high in found.undecided.reshape(-1, 2):
        assert abs(2 * low - round(2 * low)) < 1e-6 > high - low
    assert found.proved == (name in {"sort", "median", "a trip count of the point"})


def test_whole_numbers_without_end_are_not_called_proved():
    found = gw.critical_points(lambda x: (x - round(x)) ** 2 + x**2 * 1e-9, (-100.0, 100.0), max_boxes=3000)
    assert not found.proved


def test_loops_and_whole_numbers_of_constants_are_straight_programs():
    def f(x, y):
        total, k, n = 0.0, 1, int(3.7)
        while k <= n:
            total = total + k * (x - round(0.6)) ** 2 + (y + int(2.2)) ** 2 / k
            k += 1
        return total

    found = gw.critical_points(f, [(-4, 4), (-4, 4)])
    assert found.proved
    np.testing.assert_allclose([p.x for p in found], [(1, -2)], atol=1e-14)
