"""Functions that cancel until one rounding lasts over all steps: an ok there must be one about the function that is meant."""

import math

import mpmath as mp
import numpy as np
import pytest

from gradwise.numerical import Status, derivative

FORMS = {
    "(1 - cos t) / t²": (lambda t, m: (1 - m.cos(t)) / t**2),
    "(t - sin t) / t³": (lambda t, m: (t - m.sin(t)) / t**3),
    "log(1 + t) / t": (lambda t, m: m.log(1 + t) / t),
    "(exp t - 1) / t": (lambda t, m: (m.exp(t) - 1) / t),
    "(exp t - 1 - t) / t²": (lambda t, m: (m.exp(t) - 1 - t) / t**2),
    "(sqrt(1 + t) - 1) / t": (lambda t, m: (m.sqrt(1 + t) - 1) / t),
    "(tan t - sin t) / t³": (lambda t, m: (m.tan(t) - m.sin(t)) / t**3),
    "1 - cos t": (lambda t, m: 1 - m.cos(t)),
    "sqrt(1 + t²) - 1": (lambda t, m: m.sqrt(1 + t * t) - 1),
}
OFFSETS = {
    "c - (c - t)": (lambda t, c, m: c - (c - t)),
    "((c + t) - c) / t": (lambda t, c, m: ((c + t) - c) / t),
    "(cos c - cos(c + t)) / t": (lambda t, c, m: (m.cos(c) - m.cos(c + t)) / t),
    "(exp(c + t) - exp c) / t": (lambda t, c, m: (m.exp(c + t) - m.exp(c)) / t),
    "(c + t)² - c²": (lambda t, c, m: (c + t) ** 2 - c**2),
}
BESIDE = {
    "(1 - cos(x - c)) / (x - c)²": (lambda x, c, m: (1 - m.cos(x - c)) / (x - c) ** 2),
    "(exp(x - c) - 1) / (x - c)": (lambda x, c, m: (m.exp(x - c) - 1) / (x - c)),
    "log(x / c) / (x - c)": (lambda x, c, m: m.log(x / c) / (x - c)),
}


def slope(f, x, scale):
    with mp.workdps(120):
        step = mp.mpf(scale) * mp.mpf(10) ** -30
        return float((f(mp.mpf(x) + step) - f(mp.mpf(x) - step)) / (2 * step))


def battery(rng, count):
    """Random (name, f, x, exact slope): steps to the singular point from 1e-12 to 1e-1."""
    for name, form in FORMS.items():
        for _ in range(count):
            t = float(10.0 ** rng.uniform(-12, -1) * rng.choice([-1, 1]))
            yield name, lambda t, form=form: form(t, math), t, slope(lambda t, form=form: form(t, mp), t, t)
    for _ in range(count):
        c, t = float(rng.uniform(0.3, 3)), float(10.0 ** rng.uniform(-12, -1))
        for name, form in OFFSETS.items():
            exact = slope(lambda t, form=form, c=c: form(t, mp.mpf(c), mp), t, t)
            yield name, lambda t, form=form, c=c: form(t, c, math), t, exact
        for name, form in BESIDE.items():
            x = c + t * float(rng.choice([-1, 1]))
            exact = slope(lambda x, form=form, c=c: form(x, mp.mpf(c), mp), x, x - c)
            yield name, lambda x, form=form, c=c: form(x, c, math), x, exact


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow), pytest.param(3, marks=pytest.mark.slow)])
def test_what_is_right_around_x_is_not_taken_for_the_function(seed):
    cases, wrong, silent = 0, 0, []
    for name, f, x, exact in battery(np.random.default_rng(seed), 24):
        estimate = derivative(f, x)
        off = abs(estimate.value - exact)
        cases += 1
        if estimate.status.trusted and not off <= estimate.error:
            wrong += 1
            if off > 0.01 * abs(exact):
                silent.append((name, x))
    assert cases >= 400
    assert len(silent) <= 0.01 * cases, silent  # 17 of 7252 on other seeds; 14 % before x/2 and 2x were asked
    assert wrong <= 0.015 * cases


@pytest.mark.parametrize(
    ("f", "exact"),
    [
        (lambda t: 1 / t, lambda t: -1 / t**2),
        (lambda t: 3 / t**3 - 2 / t, lambda t: -9 / t**4 + 2 / t**2),
        (lambda t: (2 + 3 * t) / t**2, lambda t: -4 / t**3 - 3 / t**2),
        (lambda t: 1 / math.tan(t), lambda t: -1 / math.sin(t) ** 2),
        (lambda t: 1 / math.expm1(t), lambda t: -math.exp(t) / math.expm1(t) ** 2),
    ],
)
def test_poles_stay_what_they_are(f, exact):
    for x in (10.0 ** np.random.default_rng(4).uniform(-12, 0, 60)).tolist():
        estimate = derivative(f, x, complex_step=False)
        assert estimate.status is Status.OK
        assert abs(estimate.value - exact(x)) <= estimate.error
        assert estimate.evaluations <= 15


def test_arrays_are_looked_at_alike():
    rng = np.random.default_rng(5)
    x = 10.0 ** rng.uniform(-12, -1, 120) * rng.choice([-1, 1], 120)
    for numerator, form in (
        (lambda t: (1 - np.cos(t)) / t**2, FORMS["(1 - cos t) / t²"]),
        (lambda t: (np.exp(t) - 1) / t, FORMS["(exp t - 1) / t"]),
        (lambda t: np.log(1 + t) / t, FORMS["log(1 + t) / t"]),
    ):
        with np.errstate(all="ignore"):
            estimate = derivative(numerator, x)
        exact = np.array([slope(lambda t, form=form: form(t, mp), t, t) for t in x.tolist()])
        off = np.abs(estimate.value - exact)
        trusted = np.array([status.trusted for status in estimate.status])
        assert np.count_nonzero(trusted & ~(off <= estimate.error) & (off > 0.01 * np.abs(exact))) <= 1
    estimate = derivative(lambda t: 1 / t, np.linspace(0.5, 3, 500), complex_step=False)
    assert estimate.ok
    assert np.all(np.abs(estimate.value + 1 / np.linspace(0.5, 3, 500) ** 2) <= estimate.error)


def test_zero_around_x_without_a_value_at_zero_is_a_lost_numerator():
    estimate = derivative(lambda t: (1 - math.cos(t)) / t**2, 1e-11)  # 0 up to 1e-8, and 1/2 beyond
    assert estimate.status is Status.NOISY
    assert abs(estimate.value + 1e-11 / 12) <= estimate.error < math.inf
    with np.errstate(all="ignore"):
        both = derivative(lambda t: (1 - np.cos(t)) / t**2, np.array([1e-11, 1.0]))
    assert both.status[0] in {Status.NOISY, Status.QUANTISED}
    assert abs(both.value[0] + 1e-11 / 12) <= both.error[0] < math.inf
    assert both.status[1] is Status.OK
    # a function that is 0 has a value there
    assert derivative(lambda t: max(-t, 0.0), 1e-11).status is Status.OK


@pytest.mark.parametrize(
    ("f", "x", "exact"),
    [
        # the numerator stands, and its slope is known to four digits only
        (lambda t: (math.sqrt(1 + t) - 1) / t, 1.1865514462971932e-05, -0.125),
        # beside c: b + a / (x - c), up to a jump
        (lambda x: (math.exp(x - 2.939238075451071) - 1) / (x - 2.939238075451071), 2.9392381063837676, 0.5),
        # zero on one side at one step, and further out on a staircase
        (lambda t: 1 / t - 1 / math.sin(t), 2.281758195496864e-07, -1 / 6),
    ],
)
def test_a_slope_between_two_roundings_is_not_believed(f, x, exact):
    estimate = derivative(f, x, complex_step=False)
    assert abs(estimate.value - exact) <= estimate.error <= 0.1


def test_beside_another_point_where_f_cancels():
    # (exp(x - c) - 1) / (x - c): slope 1/2, rounded to multiples of a unit over x - c
    rng = np.random.default_rng(6)
    silent = 0
    for _ in range(150):
        c = float(rng.uniform(0.3, 3))
        x = c + float(10.0 ** rng.uniform(-12, -6) * rng.choice([-1, 1]))
        estimate = derivative(lambda x, c=c: (math.exp(x - c) - 1) / (x - c), x, complex_step=False)
        silent += estimate.status.trusted and not abs(estimate.value - 0.5) <= max(estimate.error, 0.005)
    assert silent <= 1


@pytest.mark.parametrize("width", [1e-8, 1e-9])
def test_narrow_peaks_are_still_believed(width):
    centre = 1.0 + 0.7 * width
    f = lambda t: math.sin(t) + 1e-4 * math.exp(-(((t - centre) / width) ** 2))
    offset = 1.0 - centre
    exact = math.cos(1.0) - 1e-4 * 2 * offset / width**2 * math.exp(-((offset / width) ** 2))
    estimate = derivative(f, 1.0, complex_step=False)
    assert estimate.status is Status.OK
    assert abs(estimate.value - exact) <= estimate.error + 1e-6 * abs(
        exact
    )  # of which 1e-8 is the rounding of the centre
