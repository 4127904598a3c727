"""Gradient fields and flow lines against closed forms and the matrix exponential."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st

from gradwise.errors import InputError
from gradwise.geometry import FlowEnd, flow_lines, gradient_field


def test_a_field_holds_the_gradient_at_the_middle_of_each_cell():
    field = gradient_field(lambda x, y: np.sin(x) * y**2, (0, 4), (-1, 1), (4, 2))
    np.testing.assert_allclose(field.x, [0.5, 1.5, 2.5, 3.5])
    np.testing.assert_allclose(field.y, [-0.5, 0.5])
    x, y = np.meshgrid(field.x, field.y)
    np.testing.assert_allclose(field.u, np.cos(x) * y**2, rtol=1e-14)
    np.testing.assert_allclose(field.v, 2 * np.sin(x) * y, rtol=1e-14)
    np.testing.assert_allclose(field.norm, np.hypot(field.u, field.v))
    assert json.loads(json.dumps(field.to_dict()))["x"] == field.x.tolist()
    assert "4 × 2" in repr(field)


def test_a_field_in_a_plane_is_the_projected_gradient():
    a = np.array([1.0, 2.0, 3.0])
    field = gradient_field(lambda v: a @ v, (-1, 1), (-1, 1), 2, point=np.ones(3), directions=((0, 3, 4), (1, 0, 0)))
    np.testing.assert_allclose(field.u, (2 * 3 + 3 * 4) / 5, rtol=1e-15)
    np.testing.assert_allclose(field.v, 1, rtol=1e-15)


def test_a_field_is_empty_beyond_the_domain():
    field = gradient_field(lambda x, y: np.log(x) + y, (-1, 1), (0, 1), (2, 1))
    assert np.isnan(field.u).tolist() == [[True, False]]

    def f(x, y):
        if x <= 0:
            raise ValueError("beyond the domain")
        return np.log(x) + y

    assert np.isnan(gradient_field(f, (-1, 1), (0, 1), (2, 1)).u).tolist() == [[True, False]]


def test_a_kink_has_no_arrow():
    field = gradient_field(lambda x, y: np.maximum(x, y), (-1, 1), (-1, 1), 3)
    np.testing.assert_array_equal(np.isnan(field.u), np.eye(3, dtype=bool))
    np.testing.assert_allclose(field.values, np.maximum(field.x, field.y[:, None]))
    assert field.u[0, 2] == field.v[2, 0] == 1


@pytest.mark.slow
@settings(max_examples=15)
@given(st.integers(2, 4), st.integers(0, 10**6))
def test_the_flow_of_a_quadratic_form_is_the_matrix_exponential(n, seed):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(n, n))
    A = A @ A.T / n + 0.1 * np.eye(n)
    start, times = rng.normal(size=n), np.array([0.0, 0.3, 1.0, 2.5])
    (down,) = flow_lines(lambda v: v @ A @ v / 2, start, t=times)
    (up,) = flow_lines(lambda v: v @ A @ v / 2, start, "ascent", t=0.5)
    for t, x in zip(down.t, down.points, strict=True):
        np.testing.assert_allclose(x, scipy.linalg.expm(-A * t) @ start, atol=2e-8 * max(1, np.linalg.norm(start)))
    np.testing.assert_allclose(up.points[-1], scipy.linalg.expm(A * 0.5) @ start, rtol=1e-6, atol=1e-7)
    assert up.t[-1] == 0.5
    assert down.t.tolist() == times.tolist()
    assert down.end is up.end is FlowEnd.TIME


def test_values_fall_along_a_descent_and_the_slope_is_the_squared_gradient():
    f = lambda x, y: np.cosh(x) + y**4 / 4 + x * y
    (line,) = flow_lines(f, (2.0, -1.5))
    assert line.end is FlowEnd.CRITICAL
    assert np.all(np.diff(line.values) <= 1e-15)
    x, y = line.points.T
    g = (np.sinh(x) + y) ** 2 + (y**3 + x) ** 2
    fall = scipy.integrate.trapezoid(g, line.t)
    assert line.values[0] - line.values[-1] == pytest.approx(fall, rel=1e-3)


@pytest.mark.slow
def test_a_stiff_valley_is_followed_to_the_minimum():
    (line,) = flow_lines(lambda x, y: (1 - x) ** 2 + 1e4 * (y - x**2) ** 2, (-1.2, 1.0), tol=1e-7)
    assert line.end is FlowEnd.CRITICAL
    np.testing.assert_allclose(line.points[-1], [1, 1], atol=1e-2)


def test_lines_end_at_the_border_of_a_box():
    (line,) = flow_lines(lambda x, y: x**2 - y**2, (1.0, 0.1), bounds=((-2, 2), (-2, 2)))
    assert line.end is FlowEnd.BORDER
    assert line.points[-1][1] == pytest.approx(2.0, rel=1e-12)
    assert line.t[-1] == pytest.approx(math.log(20) / 2, rel=1e-6)  # y = 0.1 e^{2t}
    assert line.points[-1][0] == pytest.approx(1 / 20, rel=1e-5)


@pytest.mark.parametrize(
    ("f", "start", "end"),
    [
        (lambda x, y: x**2 + y**2, (0.0, 0.0), FlowEnd.CRITICAL),
        (lambda x, y: x + y, (0.0, 0.0), FlowEnd.ESCAPED),
        (lambda x, y: np.log(x) + y, (-1.0, 0.0), FlowEnd.UNDEFINED),
    ],
)
def test_why_a_line_ends(f, start, end):
    (line,) = flow_lines(f, start)
    assert line.end is end
    assert line.end.sentence
    np.testing.assert_array_equal(line.points[0], start)


def test_infinity_in_finite_time_and_domains_end_a_line():
    (line,) = flow_lines(lambda x, y: np.sqrt(x) + y**2, (1.0, 1.0), max_steps=3000)
    assert line.end in {FlowEnd.UNDEFINED, FlowEnd.STEP_SIZE, FlowEnd.STEPS}
    assert line.points[-1][0] < 1e-3
    assert line.t[-1] == pytest.approx(4 / 3, abs=1e-3)  # x' = −1/(2√x) reaches 0 at t = 4/3


def test_several_starts_and_forms_of_points():
    lines = flow_lines(lambda x, y: x**2 + y**2, [(1, 2), (3, 4)], t=0.1)
    assert len(lines) == 2
    np.testing.assert_allclose(lines[1].points[-1], np.array([3, 4]) * math.exp(-0.2), rtol=1e-8)
    assert lines[0].labels == ["x", "y"]
    (line,) = flow_lines(lambda v: v[0] ** 2, [1.0], t=[0.5, 1.0])
    np.testing.assert_allclose(line.points[:, 0], np.exp([-1.0, -2.0]), rtol=1e-8)
    assert json.loads(json.dumps(line.to_dict()))["end"] == "time"
    assert "descent" in repr(line)


@pytest.mark.parametrize(
    ("args", "options", "message"),
    [
        (((1.0, 2.0), "down"), {}, "descent"),
        ((np.ones((2, 2, 2)),), {}, "shape"),
        (((1.0, np.nan),), {}, "[Ff]inite"),
        (((1.0, 2.0),), {"t": -1}, "positive"),
        (((1.0, 2.0),), {"t": [1.0, 0.5]}, "increasing"),
        (((1.0, 2.0),), {"bounds": ((0, 1),)}, "One for each of 2"),
    ],
)
def test_bad_input_is_refused(args, options, message):
    with pytest.raises(InputError, match=message):
        flow_lines(lambda x, y: x**2 + y**2, *args, **options)
