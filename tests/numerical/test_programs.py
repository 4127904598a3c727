"""Functions as programs compute them: roundings that repeat on powers of two, offsets, fine ripples, tables, solvers."""

import math

import numpy as np
import pytest

from gradwise.numerical import Status, derivative, grad, jacobian

RNG = np.random.default_rng(41)


def held(estimate, exact):
    return not estimate.status.trusted or abs(estimate.value - exact) <= estimate.error


@pytest.mark.parametrize("complex_step", ["auto", False])
def test_what_cancels_is_no_structure_though_rounding_repeats_on_powers_of_two(complex_step):
    # exp(t) - 1 - t is rounded alike wherever t has moved by a multiple of 2**-52: on such steps its rounding is a line
    for x in [6.065460573008539e-05, 0.00024412205393717316, *(10.0 ** RNG.uniform(-5, -2, 150)).tolist()]:
        estimate = derivative(lambda t: (math.exp(t) - 1 - t) / t**2, x, complex_step=complex_step)
        exact = sum(k * x ** (k - 1) / math.factorial(k + 2) for k in range(1, 12))
        assert held(estimate, exact)
        assert abs(estimate.value - exact) <= 0.2 * exact + estimate.error


@pytest.mark.parametrize("offset", [1e6, 1e9, 1e12])
def test_steps_do_not_leap_beyond_oscillations_that_an_offset_hides(offset):
    for x in [math.pi / 2, 1.5684517376281673, *RNG.uniform(1.4, 1.7, 60).tolist()]:
        estimate = derivative(lambda t: offset + math.sin(t), x)
        assert estimate.status.trusted
        assert abs(estimate.value - math.cos(x)) <= estimate.error


def test_a_fine_ripple_is_told_from_noise():
    for x in RNG.uniform(0.5, 3, 60).tolist():
        estimate = derivative(lambda t: t * t + 1e-8 * math.sin(1e7 * t), x)
        # rounding of 1e7 t moves the slope of the ripple, as far as its phase can be told
        exact = 2 * x + 0.1 * math.cos(1e7 * x)
        assert estimate.status is Status.OK
        assert abs(estimate.value - exact) <= estimate.error + 1e-9
        assert estimate.evaluations <= 54


def test_tables_are_differentiated_between_their_knots():
    knots = np.linspace(0, 4, 1000)
    values = np.sin(knots)
    for x in RNG.uniform(0.3, 3, 60).tolist():
        place = int(np.searchsorted(knots, x))
        exact = (values[place] - values[place - 1]) / (knots[place] - knots[place - 1])
        estimate = derivative(lambda t: float(np.interp(t, knots, values)), x)
        assert held(estimate, exact)


@pytest.mark.parametrize("digits", [4, 6, 8])
def test_solvers_that_stop_at_a_tolerance_are_noisy_not_wrong(digits):
    def root(t):
        low, high = 0.0, 4.0
        while high - low > 10.0**-digits:
            middle = 0.5 * (low + high)
            low, high = (low, middle) if middle**3 + middle > t else (middle, high)
        return 0.5 * (low + high)

    for x in RNG.uniform(0.5, 3, 40).tolist():
        roots = np.roots([1, 0, 1, -x])
        exact = 1 / (3 * float(roots[np.abs(roots.imag) < 1e-9].real[0]) ** 2 + 1)
        estimate = derivative(root, x)
        assert estimate.status is not Status.OK
        assert held(estimate, exact)


def test_gradients_and_jacobians_of_such_programs_hold_too():
    x = np.array([0.3, 1.2, 2.4])
    offset = grad(lambda v: 1e10 + np.sum(np.sin(v)), x)
    assert np.all(np.abs(offset.value - np.cos(x)) <= offset.error)
    cancelling = jacobian(lambda v: (np.exp(v) - 1 - v) / v**2, 1e-4 * x)
    exact = sum(k * (1e-4 * x) ** (k - 1) / math.factorial(k + 2) for k in range(1, 8))
    trusted = np.array([[status.trusted for status in row] for row in cancelling.status])
    assert np.all((np.abs(cancelling.value - np.diag(exact)) <= cancelling.error)[trusted])


@pytest.mark.slow
@pytest.mark.parametrize("kind", [np.float32, np.float16])
@pytest.mark.parametrize("vectorized", [False, True])
def test_hidden_single_precision_is_seen_where_its_roundings_line_up(kind, vectorized):
    # sin(t) is t to the last bit of single precision: every quotient is 1 exactly, and none of them is known to 1e-7
    rng = np.random.default_rng(6)
    x = 10.0 ** rng.uniform(-4.5, 0.3, 200)
    for f, slope in ((np.tanh, lambda t: 1 / np.cosh(t) ** 2), (np.log1p, lambda t: 1 / (1 + t))):
        whole_f = lambda v, f=f: np.sum(f(np.real(v).astype(np.float32)), axis=-1).astype(float)
        estimates = [derivative(lambda t, f=f: float(f(kind(t))), t, complex_step=False) for t in x]
        off = [abs(e.value - slope(t)) > e.error for e, t in zip(estimates, x) if e.status.trusted]
        assert np.mean(off) <= 0.02
        assert np.mean([e.status is Status.LOW_PRECISION for e in estimates]) >= 0.95
        whole = grad(whole_f, x[:40], vectorized=vectorized)
        bound = whole.error + 1e-15
        trusted = np.array([status.trusted for status in whole.status])
        assert np.mean((np.abs(whole.value - slope(x[:40])) > bound)[trusted]) <= 0.05


POLES_AND_PEAKS = {
    "pole": (lambda t: 1 / (t - 0.99), lambda t: -1 / (t - 0.99) ** 2, 1.0),
    "double pole": (lambda t: 1 / (t - 1.001) ** 2, lambda t: -2 / (t - 1.001) ** 3, 1.0),
    "tan": (math.tan, lambda t: 1 / math.cos(t) ** 2, 1.57),
    "peak": (
        lambda t: math.sin(t) + math.exp(-(((t - 1.003) / 1e-3) ** 2)),
        lambda t: math.cos(t) - 2e6 * (t - 1.003) * math.exp(-(((t - 1.003) / 1e-3) ** 2)),
        1.0,
    ),
    "oscillation": (lambda t: math.sin(3e3 * t), lambda t: 3e3 * math.cos(3e3 * t), 1.7),
    "edge": (lambda t: math.pow(2.0 - t, 1.5), lambda t: -1.5 * math.sqrt(2.0 - t), 2.0 - 1e-5),
}


@pytest.mark.parametrize("name", POLES_AND_PEAKS)
def test_a_second_ladder_starts_where_f_is_smooth(name):
    f, slope, x = POLES_AND_PEAKS[name]
    estimate = derivative(f, x, complex_step=False)
    assert estimate.status is Status.OK
    assert abs(estimate.value - slope(x)) <= estimate.error <= 1e-6 * abs(slope(x))
    assert estimate.evaluations <= 31


def test_steps_do_not_leave_a_saturated_function_for_its_other_side():
    # it moves by units of rounding only, and is 1 again on the other side of 0
    for x in np.linspace(2.4, 3.4, 80).tolist():
        estimate = derivative(lambda t: math.erf(t * t), x, complex_step=False)
        exact = 4 * x / math.sqrt(math.pi) * math.exp(-(x**4))
        assert not estimate.status.trusted or abs(estimate.value - exact) <= estimate.error
