"""Wrong calls get an error that says what was passed, what is required and what to write instead."""

import math

import numpy as np
import pytest

from gradwise.errors import InputError
from gradwise.numerical import Status, derivative, directional_derivative, grad, hessian, jacobian


def broken(x):
    raise ValueError("no luck")


CALLS = [
    (lambda: derivative(broken, 1.0), r"f\(x\) raised ValueError: no luck.*must return numbers at x itself"),
    (lambda: grad(broken, np.ones(2)), r"f\(x\) raised ValueError: no luck"),
    (lambda: derivative(lambda x: None, 1.0), r"f\(x\) returned None.*return statement"),
    (lambda: grad(lambda x: None, np.ones(2)), r"f\(x\) returned None"),
    (lambda: grad(lambda x: x, np.ones(2)), r"grad was given an f that returns shape \(2,\).*jacobian"),
    (lambda: grad(lambda x: 1j * x[0], np.ones(2)), r"complex numbers.*one real number"),
    (lambda: hessian(lambda x: x, np.ones(2)), r"hessian was given an f that returns shape \(2,\)"),
    (lambda: derivative(lambda x: "a", 1.0), r"returned 'a' of type str.*float\(\)"),
    (lambda: derivative(lambda x: x > 0, 1.0), r"returned True of type bool"),
    (lambda: derivative(math.sin, math.nan), r"x holds nan.*must be finite"),
    (lambda: grad(np.sum, np.array([1.0, np.inf])), r"x holds inf \(entry 1 of its 2 numbers\)"),
    (lambda: derivative(math.sin, 2.0, bounds=(0, 1)), r"x is outside bounds: entry 0 is 2.0.*np.clip"),
    (lambda: derivative(math.sin, 2.0, bounds=3), r"bounds=3 is not a pair"),
    (lambda: derivative(math.sin, 2.0, bounds=(0, 1, 2)), r"is not a pair"),
    (lambda: derivative(math.sin, 2.0, bounds=(math.nan, 5)), r"bounds hold NaN"),
    (lambda: grad(np.sum, np.ones(3), bounds=(np.zeros(2), None)), r"bounds hold .*does not fit x of shape \(3,\)"),
    (lambda: grad(np.sum, np.zeros(0)), r"holds no numbers.*non-empty"),
    (lambda: jacobian(lambda x: x, []), r"holds no numbers"),
    (lambda: derivative(3.0, 1.0), r"f=3.0 is a float, which cannot be called"),
    (lambda: grad(math.sin(1.0), np.ones(2)), r"cannot be called.*Pass the function itself"),
    (lambda: grad(np.sum, (value for value in [1.0, 2.0])), r"x is a generator.*list\(x\)"),
    (lambda: derivative(math.sin, True), r"x holds True, a boolean"),
    (lambda: grad(np.sum, np.array([True, False])), r"a boolean"),
    (lambda: derivative(math.sin, "1.0"), r"x holds '1.0' of type str"),
    (lambda: derivative(math.sin, 1.0, order=0), r"order=0 is not a positive integer"),
    (lambda: derivative(math.sin, 1.0, order=1.5), r"order=1.5 is not a positive integer"),
    (lambda: derivative(math.sin, 1.0, complex_step="maybe"), r"complex_step='maybe' is unknown"),
    (lambda: derivative(math.sin, 1.0, complex_step=True), r"does not take complex numbers \(complex_step=True\)"),
    (lambda: grad(lambda x: math.sin(x[0]), np.ones(1), complex_step=True), r"does not take complex numbers"),
    (lambda: derivative(np.sin, 1.0 + 2.0j), r"complex x.*grad"),
    (lambda: hessian(lambda z: abs(z[0]), np.array([1j])), r"complex x"),
    (lambda: jacobian(lambda z: z * z, np.array([1j])), r"complex x and complex f\(x\)"),
    (lambda: derivative(np.sum, np.ones(3)), r"returns shape \(\).*Use grad"),
    (lambda: derivative(np.cumsum, np.ones(5)), r"mixes the entries of x.*jacobian"),
    (lambda: derivative(np.sin, {"a": 1.0}), r"type dict.*one number or one array"),
    (lambda: derivative(np.sin, [1.0, [2.0]]), r"no array of numbers"),
    (lambda: directional_derivative(np.sum, np.ones(2), np.zeros(2)), r"direction is zero"),
    (lambda: directional_derivative(np.sum, np.ones(2), np.ones(3)), r"direction has shapes"),
    (lambda: derivative(math.sin, 1.0, workers=0), r"workers=0 is neither a count nor a map"),
    (lambda: derivative(math.sin, 1.0, workers="two"), r"neither a count nor a map"),
    (lambda: grad(lambda x: x[0], np.ones(2), workers=2), r"must be picklable.*top level"),
    (lambda: grad(lambda x: np.sum(x), np.ones(2), vectorized=True), r"vectorized=True was given x 3 times"),
    (
        lambda: grad(lambda x: x[:1, 0] if len(x) == 1 else x[:2, 0], np.ones(4), vectorized=True),
        r"one result per point",
    ),
    (lambda: jacobian(lambda x: x[: 1 + (x[0] > 1)], np.ones(3)), r"shape must not depend on x"),
    (lambda: derivative(np.sin, np.array(["a"])), r"dtype <U1"),
]


@pytest.mark.parametrize(("call", "message"), CALLS, ids=[message[:40] for _, message in CALLS])
def test_message(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_the_cause_is_kept():
    with pytest.raises(InputError) as caught:
        derivative(broken, 1.0)
    assert isinstance(caught.value.__cause__, ValueError)


def test_failures_away_from_x_are_told_when_they_matter():
    def f(x):
        if x > 1:
            raise RuntimeError("solver failed")
        return x * x

    estimate = derivative(f, 1.0)
    assert "solver failed" in estimate.message


@pytest.mark.parametrize(
    ("away", "words"),
    [
        (lambda x: None, "f returned None near x"),
        (lambda x: "a", "f returned 'a' near x"),
        (lambda x: np.array([x]), r"f returned shape \(1,\) near x and \(\) at x"),
    ],
)
def test_what_f_returns_away_from_x_must_be_a_number_too(away, words):
    with pytest.raises(InputError, match=words):
        derivative(lambda x: x if x == 1.0 else away(x), 1.0, complex_step=False)


@pytest.mark.parametrize("order", [1, 2])
def test_an_empty_array_has_an_empty_derivative(order):
    for x in (np.zeros(0), np.zeros((0, 3)), []):
        estimate = derivative(np.sin, x, order=order)
        assert np.shape(estimate.value) == np.shape(x)
        assert estimate.message == "nothing to differentiate."


@pytest.mark.parametrize("complex_step", ["yes", 1, None, np.array([True, False])])
def test_complex_step_is_one_of_three(complex_step):
    with pytest.raises(InputError, match=r"complex_step=.* is unknown"):
        derivative(np.sin, 1.0, complex_step=complex_step)


def test_a_map_returns_one_result_for_each_point():
    with pytest.raises(InputError, match="fewer results than the 10 points"):
        derivative(math.sin, 1.0, workers=lambda f, points: [f(x) for x in points[:-1]], complex_step=False)
    with pytest.raises(InputError, match="more results than the 10 points"):
        derivative(math.sin, 1.0, workers=lambda f, points: [f(x) for x in [*points, 1.0]], complex_step=False)


def test_orders_seeds_and_directions_of_any_size():
    assert derivative(math.sin, 1.0, order=np.int64(2)).value == pytest.approx(-math.sin(1.0), abs=1e-9)
    with pytest.raises(InputError, match="rng='a' is no seed"):
        derivative(np.sin, np.ones(3), rng="a")
    for size in (1e-200, 1.0, 1e200):
        along = directional_derivative(np.sum, np.ones(2), np.array([size, size]))
        assert abs(along.value - math.sqrt(2)) <= along.error


def test_bounds_that_leave_no_room_say_so():
    estimate = derivative(math.sin, 1.0, bounds=(1.0, 1.0))
    assert estimate.status is Status.NON_FINITE
    assert "bounds that leave no room" in estimate.message


def test_every_call_counts():
    calls = []

    def f(x):
        calls.append(x)
        return np.float32(np.sin(x))

    assert derivative(f, 1.0).evaluations == len(calls)


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_means_stop_passes(stop):
    def f(x):
        if np.any(np.asarray(x) != 1.0):
            raise stop
        return np.sum(x)

    for run in (lambda: derivative(f, 1.0), lambda: grad(f, np.ones(2)), lambda: grad(f, np.ones(2), workers=map)):
        with pytest.raises(stop):
            run()
