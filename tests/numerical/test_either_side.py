"""Kinks, jumps and jumps of the curvature that the values of the ladder show, one side at a time, and values that do not move."""

import itertools
import math

import numpy as np
import pytest

from gradwise.numerical import Status, derivative
from gradwise.numerical.ladder import PRECISION, judge_ladder
from gradwise.numerical.line import DOUBLE
from gradwise.numerical.plain_ladder import judge_line

SMOOTH = {
    "line": (lambda t: 0.0 * t, 0.0),
    "sin": (lambda t: math.sin(t - 0.3), math.cos),
    "exp": (math.exp, math.exp),
    "parabola": (lambda t: 3 * t * t - t, lambda x: 6 * x - 1),
}


def slope_of(name, x):
    if name == "sin":
        return math.cos(x - 0.3)
    truth = SMOOTH[name][1]
    return truth(x) if callable(truth) else truth


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("x", [0.0, 1.0, -2.5])
@pytest.mark.parametrize("gap", [3.0, -1e-3])
def test_slopes_at_a_kink_take_the_ladder_and_six_values(name, x, gap):
    f, slope = SMOOTH[name][0], slope_of(name, x)
    estimate = derivative(lambda t: f(t) + gap * max(t - x, 0.0), x, complex_step=False)
    assert estimate.status is Status.KINK
    assert estimate.evaluations <= 17  # 21 to 25 with a look through the microscope
    assert abs(estimate.left - slope) <= 1e-9
    assert abs(estimate.right - slope - gap) <= 1e-9


@pytest.mark.parametrize("name", ["line", "parabola"])
@pytest.mark.parametrize("x", [0.0, 1.0, -2.5])
def test_slopes_where_the_curvature_jumps_take_the_ladder(name, x):
    f, slope = SMOOTH[name][0], slope_of(name, x)
    estimate = derivative(lambda t: f(t) + 2 * max(t - x, 0.0) ** 2, x, complex_step=False)
    assert estimate.status is Status.OK
    assert estimate.evaluations <= 17
    assert abs(estimate.value - slope) <= estimate.error <= 1e-11


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("x", [0.0, 1.0, -2.5])
@pytest.mark.parametrize(("belongs", "side"), list(itertools.product(["left", "right", "none"], [1, -1])))
def test_a_jump_takes_the_ladder_and_two_values(name, x, belongs, side):
    f, slope = SMOOTH[name][0], slope_of(name, x)

    def jumping(t):
        if t == x:
            return f(t) + {"left": 0.0, "right": side, "none": 0.4 * side}[belongs]
        return f(t) + (side if t > x else 0.0)

    estimate = derivative(jumping, x, complex_step=False)
    assert estimate.status is Status.JUMP
    assert estimate.evaluations <= 14
    assert abs(estimate.left - slope) <= 0.01
    assert abs(estimate.right - slope) <= 0.01


@pytest.mark.parametrize("distance", [1e-15, 1e-14, 1e-12, 1e-10, 1e-8, 1e-6])
@pytest.mark.parametrize("gap", [1e-2, 1.0, 30.0])
def test_what_lies_beside_x_is_not_taken_to_lie_at_it(distance, gap):
    generator = np.random.default_rng(5)
    for x in generator.uniform(0.5, 4.0, 12):
        c = x + distance * 20 * x * generator.choice([-1, 1])
        kinked = derivative(lambda t, c=c: math.sin(t) + gap * abs(t - c), x, complex_step=False)
        slope = math.cos(x) + math.copysign(gap, x - c)
        if kinked.trusted:
            assert abs(kinked.value - slope) <= kinked.error
        else:  # so close that rounding of f, or of x, hides where it is
            assert 2 * gap * abs(x - c) < 1e3 * DOUBLE * (1 + x * (1 + gap))
        curved = derivative(lambda t, c=c: math.cos(t) + gap * (t - c) * abs(t - c), x, complex_step=False)
        if curved.trusted:
            assert abs(curved.value + math.sin(x) - 2 * gap * abs(x - c)) <= curved.error
        else:  # a kink to within rounding
            assert gap * (x - c) ** 2 < 1e3 * DOUBLE * (1 + gap)


@pytest.mark.parametrize(
    ("f", "x", "most"),
    [
        (lambda t: 7.0, 1.0, 13),
        (lambda t: max(t, 0.0), -0.5, 19),
        (lambda t: min(t, 3.0), 7.0, 19),
        (lambda t: max(-2 * t, 0.0) ** 2 + 5, 1.0, 19),
    ],
)
def test_what_does_not_move_is_left_by_one_look_far_outside(f, x, most):
    estimate = derivative(f, x, complex_step=False)
    assert estimate.status is Status.OK
    assert estimate.value == 0.0
    assert 0.0 < estimate.error < 1e-13
    assert estimate.evaluations <= most


def test_what_does_not_move_by_rounding_alone_has_its_slope():
    for x in (1e-8, 3e-9, 1e-12):
        estimate = derivative(math.cos, x, complex_step=False)
        assert abs(estimate.value + math.sin(x)) <= estimate.error <= 1e-13
    step = derivative(lambda t: round(t), 5.1, complex_step=False)
    assert step.value == 0.0
    assert step.error >= 1.0  # the slope of the trend is in the bound


def test_one_line_is_judged_like_a_batch_of_lines():
    generator = np.random.default_rng(11)
    functions = [
        np.exp,
        np.sin,
        np.reciprocal,
        lambda t: t**3,
        lambda t: np.abs(t - 1.0),
        lambda t: np.sin(40 * t),
        lambda t: np.sin(9e3 * t),
        lambda t: np.sin(t) + 1e-9 * np.sin(1e9 * t),
        lambda t: np.maximum(t - 1.0, 0.0) ** 2,
        lambda t: t**4 + 1e-7 * np.abs(t - 1.0),
        lambda t: 0.0 * t + 2.0,
    ]
    accepted = 0
    for f, _ in itertools.product(functions, range(30)):
        x = generator.choice([1.0, generator.uniform(0.1, 3.0)])
        h = 2.0 ** (math.frexp(x)[1] - generator.integers(5, 8))
        v = 0.809 * 2.0**-13 * h
        steps = np.array([h, 0.5 * h, 0.25 * h, 0.125 * h, v])
        right, left, f0 = f(x + steps), f(x - steps), float(f(x))
        value, error, good, _, eta, _, coarse, bent = [
            part.item()
            for part in judge_ladder(
                np.array([h]),
                right[:, None],
                left[:, None],
                np.array([f0]),
                DOUBLE,
                np.array([x]),
                PRECISION,
                np.array([v]),
            )
        ]
        alone = judge_line(h, right.tolist(), left.tolist(), f0, DOUBLE, x, v)
        assert (alone[2], alone[4]) == (bool(good), bool(coarse))
        if good:
            accepted += 1
            assert alone[0] == value
            assert math.isclose(alone[1], error, rel_tol=1e-12)
            assert alone[3:] == (eta, bool(coarse), bool(bent))
    assert 100 < accepted < 300


def test_points_at_which_f_raises_do_not_end_the_others():
    asked = []

    def edged(t):
        asked.append(t)
        if t > 1.0:
            raise StopIteration
        if t > 0.97:
            raise ValueError(t)
        return math.sqrt(1.0 - t)

    estimate = derivative(edged, 0.9699, complex_step=False)
    assert abs(estimate.value + 0.5 / math.sqrt(1.0 - 0.9699)) <= estimate.error <= 1e-6
    assert estimate.evaluations == len(asked) == len(set(asked))
