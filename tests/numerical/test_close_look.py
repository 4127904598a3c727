"""What scatters like noise on steps of 1e-5 |x| and is smooth a thousand units in the last place from x: structure, not noise."""

import math

import numpy as np
import pytest

from gradwise.numerical import Status, derivative

C = 0.890001611272267, 0.8899999962250037

CASES = {
    "sin near 1e10": (math.sin, 1.003e10, math.cos(1.003e10)),
    "sin near 1e9": (math.sin, 1e9 + 0.3, math.cos(1e9 + 0.3)),
    "close to a pole": (lambda x: 1 / (x - 1.0), 1 + 1e-8, -1 / ((1 + 1e-8) - 1) ** 2),
    "close to a pole of tan": (math.tan, math.pi / 2 - 1e-8, 1 + math.tan(math.pi / 2 - 1e-8) ** 2),
    "close to a logarithm's": (lambda x: math.log(abs(x - 1.0)), 1 + 1e-9, 1 / ((1 + 1e-9) - 1)),
    "close to a cusp": (lambda x: abs(x - 1.0) ** 0.5, 1 + 1e-7, 0.5 * ((1 + 1e-7) - 1) ** -0.5),
    "two kinks": (
        lambda x: math.exp(-x) + 1.42 * abs(x - C[0]) + 1.99 * abs(x - C[1]),
        0.89,
        -math.exp(-0.89) - 1.42 + 1.99,
    ),
    "a sawtooth as high as f": (lambda x: x % 1.0, 7023295.55, 1.0),
    "a narrow bell far away": (lambda x: math.exp(-((x - 611954906.0) ** 2)), 611954906.3, None),
    "np.cos of large squares": (lambda x: np.cos(x * x), 7902.367334915826, None),
}


@pytest.mark.parametrize("complex_step", ["auto", False])
@pytest.mark.parametrize("name", CASES)
def test_structure_far_below_the_microscope(name, complex_step):
    f, x, exact = CASES[name]
    if name == "a narrow bell far away":
        exact = -2 * (x - 611954906.0) * math.exp(-((x - 611954906.0) ** 2))
    elif exact is None:
        exact = 8919.40779626  # -2 x sin x², 60 digits
    estimate = derivative(f, x, complex_step=complex_step)
    assert estimate.status is Status.OK
    assert abs(estimate.value - exact) <= estimate.error + 1e-11 * abs(exact)
    assert estimate.error <= 0.01 * abs(exact)


def test_a_kink_at_x_under_which_f_oscillates():
    estimate = derivative(lambda x: 0.5 * x + 0.14 * abs(math.sin(x - 1e6)), 1e6)
    assert estimate.status is Status.KINK
    assert abs(estimate.left - 0.36) <= 1e-2
    assert abs(estimate.right - 0.64) <= 1e-2


@pytest.mark.parametrize(
    ("f", "x", "exact"),
    [
        (math.exp, 1e-30, 1.0),
        (math.exp, -1e-100, 1.0),
        (lambda x: 1 / (1 + x), 1e-71, -1.0),
        (math.cosh, -9.6e-162, 0.0),
    ],
)
@pytest.mark.parametrize("complex_step", ["auto", False])
def test_far_below_its_scale_a_function_is_differentiated_as_at_zero(f, x, exact, complex_step):
    estimate = derivative(f, x, complex_step=complex_step)
    assert estimate.status is Status.OK
    assert abs(estimate.value - exact) <= estimate.error <= 1e-12


def test_noise_stays_noise():
    rng = np.random.default_rng(6)
    for level in (1e-3, 1e-6, 1e-9):
        estimate = derivative(lambda x, level=level: math.sin(x) + level * rng.uniform(-1, 1), 1.0)
        assert estimate.status is Status.NOISY
        assert abs(estimate.value - math.cos(1.0)) <= estimate.error
        assert estimate.evaluations <= 40


@pytest.mark.parametrize("width", [1e-3, 1e-4, 1e-5])
@pytest.mark.parametrize("x", [0.0, 1.0])
def test_at_the_top_of_a_narrow_peak_the_slope_is_that_of_the_top(width, x):
    # its sides are alike at any step: large ones know nothing of it
    bell = lambda t: math.exp(-(((t - x) / width) ** 2))
    alone = derivative(bell, x, complex_step=False)
    assert abs(alone.value) <= alone.error <= 0.1 * width**-1 * 1e-4
    on_a_slope = derivative(lambda t: math.sin(t) + bell(t), x, complex_step=False)
    assert abs(on_a_slope.value - math.cos(x)) <= on_a_slope.error  # had been 0.9993 ± 0.0065, of 1
    assert abs(on_a_slope.value - math.cos(x)) <= 1e-8
