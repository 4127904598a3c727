"""Sorting, searching, choosing, histograms, interpolation, unwrapping: laws, kinks, what is concrete."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import gradwise as gw

from .laws import check_function

RNG = np.random.default_rng(11)
X = RNG.standard_normal((3, 5))
Z = X + 1j * RNG.standard_normal((3, 5))
KNOTS = np.array([-1.0, -0.2, 0.5, 1.1])
HEIGHTS = np.array([0.3, 2.0, -1.0, 0.7])
PLACES = np.array([-3.0, -0.7, 0.1, 0.3, 0.9, 5.0])

#: name: (function, arguments)
CASES = {
    "sort": (lambda x: np.sort(x) ** 2, (X,)),
    "sort axis": (lambda x: np.sort(x, axis=0, kind="stable") ** 2, (X,)),
    "sort flat": (lambda x: np.sort(x, axis=None) * np.arange(15), (X,)),
    "sort complex": (lambda x: np.sort(x, axis=1) ** 2, (Z,)),
    "sort_complex": (lambda x: np.sort_complex(x) ** 2, (X[0],)),
    "method sort": (lambda x: _sorted_in_place(x), (X,)),
    "argsort": (lambda x, y: y[np.argsort(x)] * x, (X[0], X[1])),
    "argsort axis": (lambda x: np.take_along_axis(x, np.argsort(-x, axis=0), 0) ** 2, (X,)),
    "partition": (lambda x: np.partition(x, 2, axis=1)[:, 2] ** 2, (X,)),
    "partition several": (lambda x: np.partition(x, (1, -1), axis=0)[[1, -1]] ** 2, (X,)),
    "argpartition": (lambda x: np.sum(x[np.argpartition(x, 2)[:3]] ** 2), (X[0],)),
    "lexsort": (lambda x: x[np.lexsort((x, np.floor(x)))] ** 2, (X[0],)),
    "unique": (lambda x: np.unique(np.concatenate([x, x[:2]])) ** 2, (X[0],)),
    "unique all": (lambda x: np.unique(x, return_index=True, return_inverse=True, return_counts=True)[0] ** 2, (X[0],)),
    "unique axis": (lambda x: np.unique(x, axis=0) ** 2, (X,)),
    "union1d": (lambda x, y: np.union1d(x, y) ** 2, (X[0], X[1])),
    "setdiff1d": (lambda x: np.setdiff1d(x, np.append(x[:2], 9.0)) ** 2, (X[0],)),
    "setxor1d": (lambda x: np.setxor1d(x[:3], x[1:]) ** 2, (X[0],)),
    "intersect1d": (lambda x: np.intersect1d(x[:3], x[1:]) ** 2, (X[0],)),
    "where": (lambda x, y: np.where(x > y, x * y, y**2), (X, X[0] + 0.37)),
    "where scalar": (lambda x: np.where(x > 0, x**2, 3.0), (X,)),
    "where broadcast": (lambda x, y: np.where(np.array([[True], [False], [True]]), x[:1] ** 2, y[0]), (X, X)),
    "where complex": (lambda x, z: np.where(x > 0, x, z**2), (X, Z)),
    "where index": (lambda x: x[np.where(x > 0)] ** 2, (X,)),
    "clip": (lambda x: np.clip(x, -0.5, 0.7) ** 2, (X,)),
    "clip bounds": (lambda x, a, b: np.clip(x, a, b) ** 2, (X, np.float64(-0.6), np.full(5, 0.71))),
    "clip one side": (lambda x: np.clip(x, a_min=0.1, a_max=None) ** 2, (X,)),
    "method clip": (lambda x: x.clip(max=0.3) ** 2, (X,)),
    "searchsorted": (lambda x, y: y[np.searchsorted(np.sort(x), 0.1)] ** 2, (X[0, :4], X[1])),
    "digitize": (lambda x: x[np.digitize(x, [-0.3, 0.4])] ** 2, (X[0],)),
    "digitize down": (lambda x: x[np.digitize(x, [0.4, -0.3], right=True)] ** 2, (X[0],)),
    "histogram weights": (lambda x, w: np.histogram(x, bins=3, range=(-2, 2), weights=w)[0] ** 2, (X[0], X[1])),
    "histogram density": (lambda x: np.histogram(x, bins=3, density=True), (X,)),
    "bincount": (lambda w: np.bincount([0, 2, 2, 1, 0], weights=w, minlength=6) ** 2, (X[0],)),
    "interp": (np.interp, (PLACES, KNOTS, HEIGHTS)),
    "interp ends": (
        lambda x, a, b: np.interp(x, KNOTS, HEIGHTS, left=a, right=b),
        (PLACES, np.float64(7.0), np.float64(-2.0)),
    ),
    "interp period": (lambda x, xp, fp: np.interp(x, xp, fp, period=2.4), (PLACES, KNOTS, HEIGHTS)),
    "interp in the period": (
        lambda x, p: np.interp(x, np.array([0.15, 1.3, 0.8]), np.array([1.0, 5.0, 2.0]), period=p),
        (PLACES, np.float64(2.3)),
    ),
    "interp scalar": (lambda x: np.interp(x, KNOTS, HEIGHTS), (np.float64(0.3),)),
    "interp complex": (lambda x, fp: np.interp(x, KNOTS, fp), (PLACES, HEIGHTS + 1j * KNOTS)),
    "interp one knot": (lambda x, fp: np.interp(x, [0.5], fp), (PLACES, np.array([2.0]))),
    "unwrap": (lambda x: np.unwrap(4 * x) ** 2, (X,)),
    "unwrap options": (lambda x: np.unwrap(4 * x, discont=2.5, axis=0, period=3.0) ** 2, (X,)),
}


def _sorted_in_place(x):
    y = x * 1.0
    y.sort(axis=1)
    return y**2


@pytest.mark.parametrize("name", sorted(CASES))
def test_laws(name):
    function, arguments = CASES[name]
    check_function(function, *arguments, order=2, scale=1e-3)


def test_concrete_answers_equal_numpys():
    def function(x):
        values, index, inverse, counts = np.unique(
            np.concatenate([x, x]), return_index=True, return_inverse=True, return_counts=True
        )
        assert counts.tolist() == [2] * 5
        assert np.array_equal(index, np.argsort(X[0]))
        assert np.allclose(X[0], np.asarray([float(v) for v in np.sort(X[0])])[inverse[:5]])
        result = np.unique_all(x)
        assert type(result).__name__ == "UniqueAllResult"
        counts, edges = np.histogram(x, bins=[-3, 0, 3])
        assert counts.tolist() == [int(np.sum(X[0] < 0)), int(np.sum(X[0] >= 0))]
        assert edges.tolist() == [-3, 0, 3]
        return np.sum(values * result.values)

    np.testing.assert_allclose(gw.grad(function)(X[0]), 2 * X[0])


@pytest.mark.filterwarnings("ignore::gradwise.errors.KinkWarning")
def test_clip_at_a_plain_bound_has_slope_zero():
    np.testing.assert_array_equal(
        gw.grad(lambda v: np.sum(np.clip(v, 0.0, 1.0)))(np.array([0.0, 0.5, 1.0, 2.0])), [0, 1, 0, 0]
    )


def test_a_tie_is_felt_only_where_equal_entries_count_differently():
    x = np.array([1.0, 1.0, 2.0, 3.0, 3.0])
    np.testing.assert_array_equal(gw.grad(np.median)(x), [0, 0, 1, 0, 0])
    np.testing.assert_array_equal(gw.grad(lambda v: np.sum(np.sort(v)))(x), np.ones(5))
    with pytest.warns(gw.errors.KinkWarning, match="equal entries in a sort"):
        gw.grad(lambda v: np.sort(v)[0] * 2.0)(x)


def test_a_tie_with_the_entry_that_partition_puts_in_its_place_is_felt():
    x = np.array([0.0, 2.0, 0.0, 1.0])
    with pytest.warns(gw.errors.KinkWarning, match="equal entries in a sort"):
        slope = gw.grad(lambda v: np.partition(v, 1)[1])(x)
    np.testing.assert_array_equal(slope, [0, 0, 1, 0])
    with pytest.warns(gw.errors.KinkWarning, match="equal entries in a sort"):
        rows = gw.grad(lambda v: np.sum(np.partition(np.stack([v, -v]), 2, axis=1)[:, :3] * [1.0, 2.0, 4.0]))(x)
    assert np.sum(rows) == 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(gw.grad(lambda v: np.sum(np.partition(v, 2)[:2]))(x), [1, 0, 1, 0])
        np.testing.assert_array_equal(gw.grad(lambda v: np.partition(v, 2)[2])(x), [0, 0, 0, 1])


@pytest.mark.filterwarnings("ignore::gradwise.errors.KinkWarning")
def test_equal_entries_sort_stably():
    x = np.array([2.0, 1.0, 2.0, 1.0])
    jacobian = gw.jacobian(np.sort)(x)
    np.testing.assert_array_equal(jacobian, np.eye(4)[[1, 3, 0, 2]])


def test_where_never_reads_the_derivative_of_the_other_branch():
    def function(x):
        return np.sum(np.where(x > 0, np.sqrt(np.where(x > 0, x, 1.0)), 0.0))

    np.testing.assert_allclose(gw.grad(function)(np.array([-1.0, 4.0])), [0, 0.25])


@pytest.mark.filterwarnings("ignore::gradwise.errors.KinkWarning")
def test_interp_at_a_knot_takes_the_slope_to_its_right():
    slope = gw.derivative(lambda x: np.interp(x, KNOTS, HEIGHTS))(-0.2)
    np.testing.assert_allclose(slope, (HEIGHTS[2] - HEIGHTS[1]) / (KNOTS[2] - KNOTS[1]))


def test_interp_far_outside():
    points = np.array([-np.inf, 0.1, np.inf, np.nan])
    value, gradient = (
        np.interp(points, KNOTS, HEIGHTS),
        gw.grad(lambda x: np.sum(np.interp(x, KNOTS, HEIGHTS)[:3]))(points),
    )
    np.testing.assert_array_equal(gw.jvp(lambda x: np.interp(x, KNOTS, HEIGHTS), (points,), (np.ones(4),))[0], value)
    assert gradient[0] == gradient[2] == gradient[3] == 0


def test_digitize_in_traced_bins():
    check_function(lambda b: b[np.digitize([0.1, 0.6], b) - 1] ** 2, np.array([0.0, 0.5, 1.0]))
    check_function(lambda b: b[np.digitize([0.1, 0.6], b) - 1] ** 2, np.array([1.0, 0.5, 0.0]))


def test_interp_is_numpys_for_lists_and_many_shapes():
    x = RNG.standard_normal((2, 3))
    value, _ = gw.jvp(lambda v: np.interp(v, [-1, 0, 2], [0, 1, 5]), (x,), (x,))
    np.testing.assert_allclose(value, np.interp(x, [-1, 0, 2], [0, 1, 5]))


def test_searching_follows_the_values_of_each_call():
    grad = gw.grad(lambda x, y: y[np.searchsorted(np.array([0.0, 1.0]), x)] * x, argnums=1)
    y = np.array([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(grad(-0.5, y), [-0.5, 0, 0])
    np.testing.assert_array_equal(grad(0.5, y), [0, 0.5, 0])
    np.testing.assert_array_equal(grad(7.0, y), [0, 0, 7.0])


def test_batched_search_and_interpolation_equal_a_loop():
    rows = np.sort(RNG.standard_normal((4, 5)), axis=1)
    heights = RNG.standard_normal((4, 5))
    points = RNG.standard_normal((4, 3))
    batched = gw.vmap(np.interp)(points, rows, heights)
    looped = [np.interp(p, r, h) for p, r, h in zip(points, rows, heights, strict=True)]
    np.testing.assert_allclose(batched, looped, rtol=1e-14)
    np.testing.assert_allclose(gw.vmap(np.sort)(heights), np.sort(heights, axis=1))


def test_errors_are_numpys():
    with pytest.raises(ValueError, match="monotonically"):
        gw.grad(lambda x: x[np.digitize(x, [0.0, 1.0, 0.5])].sum())(X[0])
    with pytest.raises(ValueError, match="same length"):
        gw.grad(lambda x: np.interp(0.5, x, [1.0, 2.0]))(X[0])
    with pytest.raises(gw.errors.TracingError, match="bins = 'auto'"):
        gw.grad(lambda x: np.sum(np.histogram(x, bins="auto", density=True)[0]), method="exact")(X[0])
