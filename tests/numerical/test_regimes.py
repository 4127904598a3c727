"""Correlations by regime: a power of x here, something else beyond a border.  What stands for one regime is no plateau of rounding."""

import math

import mpmath as mp
import numpy as np
import pytest

from gradwise.numerical import Status, derivative, grad, hessian


def beyond(kind, a, b, p, border, x):
    """What f is on the other side of the border."""
    return {
        "a jump": lambda t: 1.1 * a / t**p + b,
        "a constant": lambda t: a / border**p + b,
        "a line": lambda t: a / border**p + b + (t - border) / x,
        "a sine": lambda t: a * math.sin(t / x),
    }[kind]


@pytest.mark.parametrize("kind", ["a jump", "a constant", "a line", "a sine"])
def test_powers_of_one_regime_are_differentiated_within_their_bounds(kind):
    rng = np.random.default_rng(11)
    held, trusted = [], []
    for _ in range(150):
        p, a, b = float(rng.choice([1, 2, 3, 4, 0.5, 1.5, -1])), float(rng.uniform(0.5, 3)), float(rng.choice([0, 1.3]))
        x, side = float(10.0 ** rng.uniform(-6, 2)), float(rng.choice([-1, 1]))
        border = x * (1 + side * float(10.0 ** rng.uniform(-4, 1)))
        other = beyond(kind, a, b, p, border, x)
        estimate = derivative(
            lambda t, a=a, b=b, p=p, other=other, border=border, side=side: (
                other(t) if (t - border) * side > 0 else a / t**p + b
            ),
            x,
        )
        held.append(abs(estimate.value + p * a / x ** (p + 1)) <= estimate.error)
        trusted.append(estimate.status is Status.OK)
    assert all(held)  # 88 % when a jump farther out made a plateau
    assert sum(trusted) >= 147


def loss_of_a_branch(d):
    """Return the loss coefficient of a dividing junction by its diameters' ratio, in two regimes (Crane TP-410)."""
    ratio, share = (d / 0.146) ** 2, 100 / 1100
    gain = 1.1 - 0.7 * share if ratio <= 0.35 else 1 - 0.6 * share
    return gain * (1 + (share / ratio) ** 2 - 2 * share / ratio * math.cos(math.pi / 4))


def test_a_loss_coefficient_with_two_regimes():
    share = 100 / 1100
    exact = (1 - 0.6 * share) * (-4 * share**2 + 4 * share * math.cos(math.pi / 4)) / 0.146
    for estimate in (derivative(loss_of_a_branch, 0.146), derivative(loss_of_a_branch, 0.146, complex_step=False)):
        assert estimate.status is Status.OK
        assert abs(estimate.value - exact) <= estimate.error <= 1e-9
    of_many = grad(lambda v: loss_of_a_branch(v[0]) + v[1], np.array([0.146, 1.0]))
    assert abs(of_many.value[0] - exact) <= of_many.error[0] <= 1e-9


def test_a_kink_too_flat_for_the_pair_widens_the_bound():
    # relative to f its slopes differ by 1e-15 over 4e-4 x, below the rounding of a pair closer by
    x, border = 2.6e5, 2.6e5 * (1 - 3.9e-4)
    estimate = derivative(lambda t: 2.461 / max(t, border) ** 2 + 1.7, x, complex_step=False)
    assert abs(estimate.value + 2 * 2.461 / x**3) <= estimate.error


@pytest.mark.parametrize("complex_step", ["auto", False])
def test_kinks_and_jumps_at_any_distance_from_x(complex_step):
    rng = np.random.default_rng(12)
    smooth = [(math.sin, math.cos), (lambda t: t * t, lambda t: 2 * t), (lambda t: 1.0, lambda t: 0.0)]
    outside = []
    for index in range(400):
        x = float(rng.choice([-1, 1]) * 10.0 ** rng.uniform(-3, 3))
        border = x + float(rng.choice([-1, 1]) * 10.0 ** rng.uniform(-10, -0.5)) * abs(x)
        size, (g, slope) = float(rng.choice([-1, 1]) * 10.0 ** rng.uniform(-6, 3)), smooth[index % 3]
        power = index % 2  # a kink, or a jump
        estimate = derivative(
            lambda t, g=g, border=border, size=size, power=power: (
                g(t) if t <= border else g(t) + size * (t - border) ** power
            ),
            x,
            complex_step=complex_step,
        )
        exact = slope(x) + (size if power and x > border else 0)
        if not abs(estimate.value - exact) <= estimate.error and estimate.status is not Status.JUMP:
            outside.append((x, border, size, power, estimate))
    assert not outside  # 3 % where a kink among the steps of the microscope was taken for noise


def test_hessians_at_a_bound_see_what_oscillates_in_time_with_the_steps():
    ackley = lambda v: float(
        -20 * np.exp(-0.2 * np.sqrt(np.mean(v * v))) - np.exp(np.mean(np.cos(2 * np.pi * v))) + 20 + np.e
    )
    x = np.array([-565.4, 11.487])
    estimate = hessian(ackley, x, bounds=(x, x + 5.0), complex_step=False)
    with mp.workdps(30):
        exact = mp.diff(
            lambda a, b: (
                -20 * mp.exp(-mp.mpf("0.2") * mp.sqrt((a * a + b * b) / 2))
                - mp.exp((mp.cos(2 * mp.pi * a) + mp.cos(2 * mp.pi * b)) / 2)
            ),
            (mp.mpf(x[0]), mp.mpf(x[1])),
            (1, 1),
        )
    assert abs(estimate.value[0, 1] - float(exact)) <= estimate.error[0, 1]  # had been 0 ± 4e-15, of 0.19
