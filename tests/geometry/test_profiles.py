"""Profiles of slopes, steepest ascent, tangents of level sets, and local models, against closed forms."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gradwise as gw
from gradwise.errors import InputError, OutputError, SingularPointError
from gradwise.geometry import (
    directional_profile,
    level_set_tangent,
    line_slice,
    plane_slice,
    quadratic_model,
    steepest_ascent,
    tangent_plane,
)

numbers = st.floats(-3, 3)


def wave(x, y):
    return np.sin(x) * np.exp(y) + x * y**2


def wave_gradient(x, y):
    return np.array([math.cos(x) * math.exp(y) + y**2, math.sin(x) * math.exp(y) + 2 * x * y])


@given(numbers, numbers)
def test_the_profile_is_the_gradient_times_the_cosine(x, y):
    g = wave_gradient(x, y)
    profile = directional_profile(wave, (x, y), 73)
    norm, angle = np.hypot(*g), np.arctan2(g[1], g[0])
    np.testing.assert_allclose(profile.slopes, norm * np.cos(profile.angles - angle), atol=1e-13 * max(norm, 1))
    assert abs(profile.maximum - norm) <= 1e-14 * norm
    assert profile.steepest is not None
    assert abs(math.remainder(profile.steepest - angle, 2 * math.pi)) < 1e-12
    for zero in profile.level:  # the directions of the level set are those without a slope
        assert abs(g @ [math.cos(zero), math.sin(zero)]) <= 1e-14 * norm


def test_the_profile_agrees_with_the_directional_derivative():
    profile = directional_profile(wave, (0.3, -0.7), 9)
    slopes = [gw.directional_derivative(wave)((0.3, -0.7), u) for u in profile.directions]
    np.testing.assert_allclose(profile.slopes, slopes, rtol=1e-13)


def test_a_profile_in_many_variables_lies_in_the_plane_of_the_gradient():
    a = np.array([1.0, -2.0, 2.0, 4.0])
    profile = directional_profile(lambda v: a @ v, np.ones(4))
    assert profile.maximum == pytest.approx(5.0, rel=1e-15)
    assert profile.steepest == 0.0
    np.testing.assert_allclose(profile.basis @ profile.basis.T, np.eye(2), atol=1e-15)
    np.testing.assert_allclose(profile.directions[0], a / 5, atol=1e-15)
    in_axes = directional_profile(lambda v: a @ v, np.ones(4), variables=(0, 3))
    assert in_axes.maximum == pytest.approx(math.sqrt(17), rel=1e-15)
    assert in_axes.labels == ("v[0]", "v[3]")


def test_a_flat_point_has_a_flat_profile():
    profile = directional_profile(lambda x, y: x**2 + y**2, (0.0, 0.0))
    assert profile.steepest is None
    assert profile.level == ()
    assert not profile.slopes.any()
    assert "flat" in repr(profile)


def test_steepest_ascent_is_the_unit_gradient():
    ascent = steepest_ascent(wave, (0.3, -0.7))
    g = wave_gradient(0.3, -0.7)
    np.testing.assert_allclose(ascent.direction, g / np.hypot(*g), rtol=1e-14)
    assert ascent.slope == pytest.approx(np.hypot(*g), rel=1e-14)
    assert ascent.value == pytest.approx(wave(0.3, -0.7), rel=1e-15)
    assert json.loads(json.dumps(ascent.to_dict()))["slope"] == ascent.slope


def test_steepest_ascent_does_not_overflow():
    ascent = steepest_ascent(lambda x, y: 3e200 * x + 4e200 * y, (0.0, 0.0))
    assert ascent.slope == pytest.approx(5e200, rel=1e-15)
    np.testing.assert_allclose(ascent.direction, [0.6, 0.8], rtol=1e-15)


@given(st.lists(numbers, min_size=2, max_size=7).filter(lambda a: np.linalg.norm(a) > 1e-3))
def test_level_set_tangents_are_an_orthonormal_basis_of_the_complement(a):
    a = np.array(a)
    basis = level_set_tangent(lambda v: a @ v, np.zeros(a.size))
    assert basis.shape == (a.size - 1, a.size)
    np.testing.assert_allclose(basis @ basis.T, np.eye(a.size - 1), atol=1e-14)
    np.testing.assert_allclose(basis @ a, 0, atol=1e-14 * np.linalg.norm(a))


@pytest.mark.parametrize("ask", [steepest_ascent, level_set_tangent])
def test_a_critical_point_has_no_direction(ask):
    with pytest.raises(InputError, match="gradient of f is zero"):

        def f(x, y):
            return x**2 + y**2

        ask(f, (0.0, 0.0))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ((), "no numbers"),
        (np.array([1.0, np.nan]), "Finite"),
        (np.array([1 + 2j, 0]), "complex"),
        (np.array(["a", "b"]), "dtype"),
        ([1.0], "one variable"),
    ],
)
def test_bad_points_are_refused(x, message):
    with pytest.raises(InputError, match=message):
        directional_profile(lambda v: v @ v, x)


def test_a_function_of_arrays_is_refused():
    with pytest.raises(OutputError, match="single real number"):
        directional_profile(lambda v: v * 2, np.ones(2))
    with pytest.raises(OutputError, match=r"shape \(2,\)"):
        plane_slice(lambda v: v * 2, (0, 1), (0, 1), 3)


@pytest.mark.parametrize(
    "x",
    [
        (1.0, 2.0),
        [1, 2],
        np.array([1.0, 2.0]),
        np.array([1.0, 2.0], np.float32),
        np.arange(1.0, 5.0)[:2:1],
        np.array([[1.0, 2.0]]),
    ],
)
def test_points_of_all_forms(x):
    ascent = steepest_ascent(lambda v: (v**2).sum() if hasattr(v, "sum") else v[0] ** 2 + v[1] ** 2, x)
    np.testing.assert_allclose(ascent.gradient, [2.0, 4.0], rtol=1e-15)


def test_points_in_containers():
    f = lambda p: (p["w"] ** 2).sum() * p["b"]
    model = quadratic_model(f, {"w": np.array([1.0, 2.0]), "b": 3.0})
    assert model.value == 15.0
    assert sorted(model.gradient) == [5.0, 6.0, 12.0]
    assert model.plot is not None


# ------------------------------------------------------------------------------------------------------------ models


def cubic(x, y):
    return 2 - x + 3 * y + x**2 - 4 * x * y + 2 * y**2 + x**3 - x * y**2


@given(numbers, numbers, numbers, numbers)
def test_models_are_exact_to_their_order(x, y, u, v):
    plane, model = tangent_plane(cubic, (x, y)), quadratic_model(cubic, (x, y))
    g = np.array([-1 + 2 * x - 4 * y + 3 * x**2 - y**2, 3 - 4 * x + 4 * y - 2 * x * y])
    H = np.array([[2 + 6 * x, -4 - 2 * y], [-4 - 2 * y, 4 - 2 * x]])
    s = np.array([u, v])
    exact = cubic(x, y) + g @ s
    scale = 200.0
    assert abs(plane(x + u, y + v) - exact) <= 1e-13 * scale
    assert abs(model(x + u, y + v) - (exact + s @ H @ s / 2)) <= 1e-13 * scale
    third = u**3 - u * v**2  # what is left of a cubic is its cubic part
    assert abs(cubic(x + u, y + v) - model(x + u, y + v) - third) <= 2e-13 * scale


def test_the_errors_fall_with_the_second_and_third_power():
    plane, model = tangent_plane(wave, (0.3, -0.7)), quadratic_model(wave, (0.3, -0.7))
    u = np.array([0.6, -0.8])
    error = {
        h: [abs(wave(*(plane.point + h * u)) - m(plane.point + h * u)) for m in (plane, model)] for h in (1e-2, 1e-3)
    }
    assert 95 < error[1e-2][0] / error[1e-3][0] < 105
    assert 950 < error[1e-2][1] / error[1e-3][1] < 1050


def test_models_take_many_points_at_once():
    model = quadratic_model(cubic, (0.5, 0.5))
    points = np.random.default_rng(0).normal(size=(4, 3, 2))
    many = model(points)
    assert many.shape == (4, 3)
    np.testing.assert_allclose(many[2, 1], model(*points[2, 1]), rtol=1e-14)
    np.testing.assert_allclose(model(points[..., 0], points[..., 1]), many, rtol=1e-14)
    with pytest.raises(InputError, match="last axis of length 2"):
        model(np.ones(3))
    with pytest.raises(InputError, match="3 arguments"):
        model(1, 2, 3)


def test_the_stationary_point_of_a_quadratic_is_its_minimum():
    A, b = np.array([[4.0, 1.0], [1.0, 3.0]]), np.array([1.0, -2.0])
    model = quadratic_model(lambda v: v @ A @ v / 2 - b @ v, np.array([5.0, 7.0]))
    np.testing.assert_allclose(model.stationary_point, np.linalg.solve(A, b), rtol=1e-14)
    with pytest.raises(SingularPointError, match="singular"):
        _ = quadratic_model(lambda x, y: (x + y) ** 2, (1.0, 2.0)).newton_step


def test_the_normal_is_perpendicular_to_the_plane():
    plane = tangent_plane(wave, (0.3, -0.7))
    for u in np.eye(2):
        along = np.append(u, plane(plane.point + u) - plane.value)
        assert abs(plane.normal @ along) < 1e-15 * np.linalg.norm(along) * 10
    assert np.linalg.norm(plane.normal) == pytest.approx(1, rel=1e-15)


# ------------------------------------------------------------------------------------------------------------ slices


def test_a_line_slice_holds_values_slope_and_curvature():
    cut = line_slice(wave, (0.3, -0.7), (3.0, 4.0), (-1, 2), 31)
    u = np.array([0.6, 0.8])
    np.testing.assert_allclose(cut.values, [wave(0.3 + t * 0.6, -0.7 + t * 0.8) for t in cut.t], rtol=1e-14)
    assert cut.slope == pytest.approx(wave_gradient(0.3, -0.7) @ u, rel=1e-14)
    x, y = 0.3, -0.7
    H = np.array([
        [-math.sin(x) * math.exp(y), math.cos(x) * math.exp(y) + 2 * y],
        [math.cos(x) * math.exp(y) + 2 * y, math.sin(x) * math.exp(y) + 2 * x],
    ])  # fmt: skip
    assert cut.curvature == pytest.approx(u @ H @ u, rel=1e-13)
    np.testing.assert_allclose(cut.quadratic - cut.tangent, cut.curvature * cut.t**2 / 2, atol=1e-13)


def test_a_slice_leaves_a_gap_where_the_function_is_undefined():
    def f(x):
        if x <= 0:
            raise ValueError("beyond the domain")
        return np.log(x)

    cut = line_slice(f, 1.0, limits=(-2, 2), count=5)
    assert np.isnan(cut.values).tolist() == [True, True, False, False, False]


def test_a_slice_does_not_hide_a_mistake_in_the_function():
    with pytest.raises(KeyError):
        plane_slice(lambda x, y: {}["missing"], (0, 1), (0, 1), 3)


def test_the_grid_is_evaluated_point_by_point():
    """A norm takes a grid of points and returns something else; the slice must not."""
    grid = plane_slice(lambda v: np.sqrt(np.sum(v**2)) if v[0] > 0 else 0.0 * v[0], (-1, 1), (0, 2), (3, 5))
    assert grid.values.shape == (5, 3)
    np.testing.assert_allclose(grid.values[:, 2], np.sqrt(1 + grid.y**2))
    assert not grid.values[:, 0].any()


def test_a_vectorized_function_is_called_once():
    calls = []

    def f(x, y):
        calls.append(1)
        return x**2 + y

    grid = plane_slice(f, (0, 1), (0, 1), 11, vectorized=True)
    np.testing.assert_allclose(grid.values, plane_slice(f, (0, 1), (0, 1), 11).values)
    assert len(calls) == 1 + 121
    with pytest.raises(OutputError, match="vectorized"):
        plane_slice(lambda x, y: np.sum(x), (0, 1), (0, 1), 5, vectorized=True)


def test_a_plane_through_a_point_of_many_variables():
    point = np.array([1.0, 2.0, 3.0])
    f = lambda v: v[0] + 10 * v[1] + 100 * v[2]
    axes = plane_slice(f, (0, 1), (5, 6), 2, point=point, variables=(2, 0))
    np.testing.assert_allclose(axes.values, [[5 + 20, 125], [26, 126]])
    slanted = plane_slice(f, (0, 1), (0, 1), 2, point=point, directions=((0, 3, 4), (0, 1, 0)))
    assert slanted.values[0, 0] == pytest.approx(321)
    assert slanted.values[0, 1] == pytest.approx(321 + 6 + 80)
    assert slanted.values[1, 0] == pytest.approx(321 + 8 - 60)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"variables": (0, 1), "directions": (np.ones(3), np.ones(3))}, "both"),
        ({"variables": (0, 0)}, "different"),
        ({"variables": (0, 3)}, "names 3"),
        ({"variables": ("v[0]", "w")}, "names 'w'"),
        ({"variables": "ab"}, "pair"),
        ({"directions": (np.ones(3), 2 * np.ones(3))}, "parallel"),
        ({"directions": (np.ones(3), np.zeros(3))}, "zero direction"),
        ({"directions": (np.ones(3), np.ones(2))}, "sizes"),
    ],
)
def test_planes_that_are_none(options, message):
    with pytest.raises(InputError, match=message):
        plane_slice(lambda v: v @ v, (0, 1), (0, 1), point=np.ones(3), **options)


def test_a_level_set_in_three_variables_needs_a_plane():
    with pytest.raises(InputError, match="no plane"):
        gw.geometry.level_set(lambda v: v @ v, np.ones(3))


def test_limits_are_checked():
    for xlim in ((1, 0), (0, np.inf), 3, (1, 2, 3), "ab"):
        with pytest.raises(InputError, match="xlim"):
            plane_slice(lambda x, y: x, xlim, (0, 1))
    with pytest.raises(InputError, match="no point"):
        plane_slice(lambda v: v @ v, (0, 1), (0, 1), variables=(0, 1))
    with pytest.raises(InputError, match="not all 0"):
        line_slice(lambda x, y: x * y, (0.0, 0.0))
    with pytest.raises(InputError, match="count"):
        line_slice(lambda x, y: x, (0.0, 0.0), count=1)
