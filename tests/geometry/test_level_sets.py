"""Level sets against closed forms: circles, ellipses, lines; closed curves, borders, corners, singular points, ends of the domain."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st

from gradwise.errors import InputError, NumericalFallbackWarning, TracingError
from gradwise.geometry import End, level_set


def circle(x, y):
    return x**2 + y**2


@pytest.mark.slow
@settings(max_examples=40)
@given(st.floats(-8, 8), st.floats(0, 2 * math.pi))
def test_a_circle_of_any_size_is_closed_and_round(exponent, angle):
    radius = 10.0**exponent
    curve = level_set(circle, (radius * math.cos(angle), radius * math.sin(angle)))
    assert curve.closed
    assert curve.ends == (End.CLOSED, End.CLOSED)
    np.testing.assert_allclose(np.hypot(*curve.points.T), radius, rtol=1e-12)
    np.testing.assert_array_equal(curve.points[0], curve.points[-1])
    assert curve.length == pytest.approx(2 * math.pi * radius, rel=2e-3)
    turn = np.unwrap(np.arctan2(curve.points[:, 1], curve.points[:, 0]))
    assert abs(abs(turn[-1] - turn[0]) - 2 * math.pi) < 1e-9  # once around
    assert np.all(np.diff(turn) > 0) or np.all(np.diff(turn) < 0)


@pytest.mark.slow
@settings(max_examples=20)
@given(st.floats(0.05, 20), st.floats(0, math.pi), st.floats(0, 2 * math.pi))
def test_a_slanted_ellipse(ratio, slant, angle):
    c, s = math.cos(slant), math.sin(slant)
    Q = np.array([[c, -s], [s, c]])
    A = Q @ np.diag([1.0, ratio**2]) @ Q.T
    start = Q @ [math.cos(angle), math.sin(angle) / ratio]
    curve = level_set(lambda v: v @ A @ v, start)
    assert curve.closed
    np.testing.assert_allclose(np.einsum("ki,ij,kj->k", curve.points, A, curve.points), 1, atol=1e-8)
    circumference = 4 * max(1, 1 / ratio) * scipy.special.ellipe(1 - min(ratio, 1 / ratio) ** 2)
    assert curve.length == pytest.approx(circumference, rel=5e-3)
    assert curve.residual < 1e-12


def test_a_plane_cuts_an_ellipsoid_in_an_ellipse():
    A = np.diag([1.0, 2.0, 3.0, 4.0])
    x = np.array([1.0, -1.0, 0.5, 2.0])
    u, v = np.array([1.0, 0, 1, 0]), np.array([0, 1.0, 0, -1])
    curve = level_set(lambda w: w @ A @ w, x, directions=(u, v))
    assert curve.closed
    np.testing.assert_allclose(np.einsum("ki,ij,kj->k", curve.points, A, curve.points), x @ A @ x, rtol=1e-13)
    normal = np.linalg.svd(np.array([u, v]))[2][2:]
    np.testing.assert_allclose((curve.points - x) @ normal.T, 0, atol=1e-13)
    np.testing.assert_allclose(
        np.linalg.norm(curve.points - x, axis=1), np.linalg.norm(curve.coordinates, axis=1), atol=1e-13
    )
    two = level_set(lambda w: w @ A @ w, x, variables=("w[1]", "w[3]"))
    np.testing.assert_array_equal(two.points[:, [0, 2]], np.broadcast_to(x[[0, 2]], (len(two.points), 2)))
    np.testing.assert_allclose(2 * two.coordinates[:, 0] ** 2 + 4 * two.coordinates[:, 1] ** 2, 18, rtol=1e-13)


def test_a_line_ends_exactly_at_the_border():
    curve = level_set(lambda x, y: x + 2 * y, (1.0, 0.0), bounds=((0, 2), (-1, 1)))
    assert curve.ends == (End.BORDER, End.BORDER)
    assert {tuple(p) for p in curve.points[[0, -1]]} == {(0.0, 0.5), (2.0, -0.5)}
    np.testing.assert_allclose(curve.points @ [1, 2], 1, rtol=1e-15)


def test_a_start_on_the_border_is_inside():
    curve = level_set(lambda x, y: x, (0.0, 0.0), bounds=((0, 1), (0, 1)))
    assert curve.ends == (End.BORDER, End.BORDER)
    assert curve.length == pytest.approx(1.0, rel=1e-15)


def test_a_closed_curve_that_is_cut_by_the_border_ends_there_twice():
    curve = level_set(circle, (1.0, 0.0), bounds=((-2, 2), (-0.5, 2)))
    assert curve.ends == (End.BORDER, End.BORDER)
    np.testing.assert_allclose(np.sort(curve.points[[0, -1], 0]), [-math.sqrt(0.75), math.sqrt(0.75)], rtol=1e-14)
    np.testing.assert_array_equal(curve.points[[0, -1], 1], -0.5)


def test_without_a_box_an_unbounded_curve_ends_at_its_length():
    curve = level_set(lambda x, y: x + y, (0.0, 0.0), max_length=3.0, max_step=0.25)
    assert curve.ends == (End.LENGTH, End.LENGTH)
    assert 6 < curve.length < 7
    curve = level_set(lambda x, y: x + y, (0.0, 0.0), max_points=10)
    assert curve.ends == (End.POINTS, End.POINTS)
    assert len(curve.points) == 21


@pytest.mark.parametrize(
    ("f", "start", "singular"),
    [
        (lambda x, y: x**2 - y**2, (1.0, 1.0), (0, 0)),  # two lines cross
        (lambda x, y: y**2 - x**3, (1.0, 1.0), (0, 0)),  # a cusp
        (
            lambda x, y: x**3 - 3 * x * y**2,
            (1.0, 1 / math.sqrt(3)),
            (0, 0),
        ),  # three lines cross: the tangent does not turn
        (lambda x, y: y**2 - x**2 * (x + 1), (-1.0, 0.0), (0, 0)),  # a loop, from both sides
        (lambda x, y: np.sin(x) * np.sin(y), (0.0, 1.0), (0, 0)),
    ],
)
def test_singular_points_end_the_curve(f, start, singular):
    curve = level_set(f, start, bounds=((-2, 2), (-2, 2)))
    assert End.SINGULAR in curve.ends
    assert not curve.closed
    assert len(curve.singular) == curve.ends.count(End.SINGULAR)
    np.testing.assert_allclose(curve.singular, np.broadcast_to(singular, curve.singular.shape), atol=1e-7)
    ends = curve.points[[0, -1]][[end is End.SINGULAR for end in curve.ends]]
    np.testing.assert_array_equal(ends, curve.singular)
    assert "vanishes" in End.SINGULAR.sentence
    assert curve.residual < 1e-12


def test_a_level_that_rounding_cannot_tell_from_a_singular_one_ends_at_the_singular_point():
    """The lemniscate through (√2, 0): √2 is rounded, so the value there is 9e-16 and not 0."""
    curve = level_set(lambda x, y: (x**2 + y**2) ** 2 - 2 * (x**2 - y**2), (math.sqrt(2), 0.0))
    assert curve.ends == (End.SINGULAR, End.SINGULAR)
    # half of the lemniscate: L = 2 √2 · ϖ / 2 with the lemniscate constant ϖ = 2.62205755429212
    assert curve.length == pytest.approx(math.sqrt(2) * 2.62205755429212, rel=1e-3)


def test_levels_on_either_side_of_a_singular_one_are_followed():
    f = lambda x, y: (x**2 + y**2) ** 2 - 2 * (x**2 - y**2)
    inner, outer = level_set(f, (1.3, 0.0)), level_set(f, (1.42, 0.0))
    assert inner.closed
    assert outer.closed
    assert np.all(inner.points[:, 0] > 0)
    assert np.min(outer.points[:, 0]) == pytest.approx(-1.42, abs=2e-3)


def test_corners_are_stepped_around():
    curve = level_set(lambda x, y: abs(x) + abs(y), (1.0, 0.3))
    assert curve.closed
    assert curve.length == pytest.approx(4 * math.sqrt(2) * 1.3, rel=1e-6)
    np.testing.assert_allclose(np.abs(curve.points).sum(axis=1), 1.3, rtol=1e-14)
    for corner in ((1.3, 0), (0, 1.3), (-1.3, 0), (0, -1.3)):
        assert np.min(np.linalg.norm(curve.points - corner, axis=1)) < 1e-8


def raising_root(x):
    if x < 0:
        raise ValueError("beyond the domain")
    return np.sqrt(x)


@pytest.mark.parametrize("root", [np.sqrt, raising_root])
def test_the_end_of_the_domain_ends_the_curve(root):
    curve = level_set(lambda x, y: root(x) + y / 10, (1.0, 1.0), bounds=((-1, 2), (-20, 20)))
    assert set(curve.ends) == {End.UNDEFINED, End.BORDER}
    assert np.min(curve.points[:, 0]) < 1e-12
    np.testing.assert_allclose(np.sqrt(curve.points[:, 0]) + curve.points[:, 1] / 10, 1.1, atol=1e-13)


def test_neighbouring_branches_are_not_mixed_up():
    f = lambda x, y: np.sin(20 * x + np.sin(3 * y))
    curve = level_set(f, (0.01, 0.0), bounds=((-1, 1), (-3, 3)))
    phase = 20 * curve.points[:, 0] + np.sin(3 * curve.points[:, 1])
    np.testing.assert_allclose(phase, 0.2, atol=1e-12)


@pytest.mark.extras("contourpy")
@pytest.mark.parametrize("seed", range(8))
def test_random_waves_against_contours_of_a_fine_grid(seed):
    """The traced curve is the whole connected piece that marching squares find, closed if and only if that is."""
    import contourpy

    rng = np.random.default_rng(seed)
    size = rng.integers(2, 7)
    a, phase = rng.normal(size=size), rng.uniform(0, 6, size)
    w = rng.normal(size=(size, 2)) * rng.choice([1, 2, 4])
    start = rng.uniform(-1.9, 1.9, 2)
    curve = level_set(lambda v: np.sum(a * np.sin(w @ v + phase)), start, bounds=((-2, 2), (-2, 2)))
    grid = np.linspace(-2, 2, 801)
    heights = np.sin(w @ np.stack(np.meshgrid(grid, grid)).reshape(2, -1) + phase[:, None]).T @ a
    pieces = contourpy.contour_generator(grid, grid, heights.reshape(801, 801)).lines(curve.level)
    piece = min(pieces, key=lambda line: np.min(np.linalg.norm(line - start, axis=1)))
    assert curve.closed == np.array_equal(piece[0], piece[-1])
    assert curve.length == pytest.approx(np.sum(np.linalg.norm(np.diff(piece, axis=0), axis=1)), rel=0.01)
    for these, those, distance in ((curve.points, piece, 0.01), (piece, curve.points, 0.1)):
        assert np.max(scipy.spatial.cKDTree(those).query(these)[0]) < distance


def test_a_function_that_cannot_be_traced_is_followed_numerically():
    with pytest.warns(NumericalFallbackWarning):
        curve = level_set(lambda x, y: float(f"{x:.17g}") ** 2 + y * y, (0.5, 0.0))
    assert curve.closed
    np.testing.assert_allclose(np.hypot(*curve.points.T), 0.5, rtol=1e-9)
    with pytest.raises(TracingError):
        level_set(lambda x, y: float(f"{x:.17g}") ** 2 + y * y, (0.5, 0.0), method="exact")


@pytest.mark.parametrize(
    "start",
    [
        np.array([3.0, 4.0], np.float32),
        np.array([3, 4]),
        np.array([3.0, 0, 4.0, 0])[::2],
        np.array([[3.0], [4.0]])[:, 0],
        [3, 4],
    ],
)
def test_starts_of_all_forms(start):
    if isinstance(start, np.ndarray):
        start.flags.writeable = False
    curve = level_set(lambda v: v @ v, start)
    assert curve.closed
    assert curve.points.dtype == np.float64
    np.testing.assert_allclose(np.hypot(*curve.points.T), 5, rtol=1e-14)


def test_a_function_in_single_precision_is_followed_to_its_rounding():
    curve = level_set(lambda v: (v.astype(np.float32) ** 2).sum(), np.array([3.0, 4.0]))
    assert curve.closed
    np.testing.assert_allclose(np.hypot(*curve.points.T), 5, rtol=3e-7)
    assert curve.residual < 1e-5


def test_points_are_dense_where_the_curve_bends():
    curve = level_set(lambda x, y: x**2 + 400 * y**2, (1.0, 0.0))
    steps = np.diff(curve.points, axis=0)
    angles = np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))
    assert np.max(np.abs(np.diff(angles))) < 0.13


def test_no_curve_starts_where_the_gradient_vanishes():
    for start in ((0.0, 0.0), (1e-200, 0.0)):
        with pytest.raises(InputError, match="vanishes"):
            level_set(circle, start)
    with pytest.raises(InputError, match="vanishes"):
        level_set(lambda x, y: 1e30 + x, (0.0, 0.0))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bounds": ((2, 3), (-1, 1))}, "outside"),
        ({"bounds": 3}, "pair of limits"),
        ({"bounds": ((0, 1), (1, 0))}, "smaller first"),
        ({"max_step": 0}, "max_step"),
        ({"max_length": -1}, "max_length"),
        ({"max_points": 2.5}, "max_points"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(InputError, match=message):
        level_set(circle, (1.0, 0.5), **options)


def test_the_report_reads_well():
    curve = level_set(circle, (3.0, 4.0))
    assert "closed" in repr(curve)
    assert "level=25" in repr(curve)
    fields = json.loads(json.dumps(curve.to_dict()))
    assert fields["ends"] == ["closed", "closed"]
    assert fields["closed"] is True
    assert all(end.sentence for end in End)
