"""gw.descend: containers, dtypes, gradients of the user, batches, callbacks, limits, messages."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

import gradwise as gw
from gradwise.descent import StopReason, cosine, exponential, warm_up
from gradwise.errors import InputError, OutputError

SQUARE = lambda x: np.sum((x - 1) ** 2)


@dataclasses.dataclass
class Weights:
    w: np.ndarray
    b: float


# ------------------------------------------------------------------------------------------------------------ parameters


def test_containers_come_back_as_they_were():
    def loss(p):
        return np.sum((p["layer"].w - 2) ** 2) + (p["layer"].b + 1) ** 2 + (p["rest"][0] - 3) ** 2

    x0 = {"layer": Weights(np.zeros((2, 3)), 0.0), "rest": [1]}
    report = gw.descend(loss, x0, learning_rate=0.25, tol=1e-10)
    assert isinstance(report.x["layer"], Weights)
    np.testing.assert_allclose(report.x["layer"].w, np.full((2, 3), 2.0), atol=1e-8)
    assert report.x["layer"].b == pytest.approx(-1)
    assert type(report.x["rest"][0]) is float
    assert report.trace.x.shape == (len(report.trace), 8)
    assert x0["layer"].b == 0.0
    assert report.jac["layer"].w.shape == (2, 3)


@pytest.mark.parametrize("method", ["gd", "momentum", "nesterov", "adagrad", "rmsprop", "adam"])
def test_float32_stays_float32(method):
    seen = []

    def f(x):
        seen.append(x.dtype)
        return np.sum((x - np.float32(1)) ** 2)

    report = gw.descend(f, np.zeros(3, np.float32), method, 0.1, maxiter=20)
    assert report.x.dtype == np.float32
    assert report.trace.x.dtype == np.float32
    assert report.jac.dtype == np.float32


def test_newton_keeps_float32_and_a_mixture_keeps_its_parts():
    assert gw.descend(SQUARE, np.zeros(2, np.float32), "newton").x.dtype == np.float32
    mixed = (np.zeros(2, np.float32), np.zeros(2))
    report = gw.descend(lambda a, b: np.sum((a - 1) ** 2) + np.sum((b - 2) ** 2), mixed, learning_rate=0.3)
    assert [part.dtype for part in report.x] == [np.float32, np.float64]


@pytest.mark.parametrize(("x0", "kind"), [((0.0, 0.0), tuple), (np.zeros(2), np.ndarray), ([0.0, 0.0], list)])
def test_functions_of_scalars(x0, kind):
    report = gw.descend(lambda x, y: (x - 1) ** 2 + 2 * (y - 2) ** 2, x0, learning_rate=0.2, tol=1e-10)
    assert type(report.x) is kind
    np.testing.assert_allclose(np.array(report.x), [1, 2], atol=1e-8)
    assert report.end_point.kind == "minimum"


def test_a_number_and_a_matrix_and_a_strided_array():
    report = gw.descend(lambda x: (x - 3) ** 2, 0.0, learning_rate=0.3)
    assert type(report.x) is float
    assert report.trace.x.ndim == 1
    assert gw.descend(lambda x: (x - 3) ** 2, np.array(0.0), learning_rate=0.3).x == pytest.approx(3, abs=1e-5)
    assert gw.descend(SQUARE, np.zeros((2, 3)), learning_rate=0.3).trace.x.shape[1:] == (2, 3)
    x0 = np.zeros((4, 4))[::2, ::2]
    x0.flags.writeable = False
    assert gw.descend(SQUARE, x0, learning_rate=0.3).x.shape == (2, 2)
    assert np.all(x0 == 0)


def test_complex_parameters_follow_the_steepest_descent():
    report = gw.descend(
        lambda z: np.sum(np.real(z * np.conj(z)) - 2 * np.real(z * np.conj(1 + 2j))),
        np.zeros(2, complex),
        learning_rate=0.2,
        tol=1e-9,
    )
    np.testing.assert_allclose(report.x, 1 + 2j, atol=1e-8)
    assert report.curvature.lambda_max == pytest.approx(2)


def test_the_users_array_is_not_touched_by_functions_that_write():
    x0 = np.array([3.0, 4.0])

    def f(x):
        x *= 1.0
        return np.sum(x**2)

    gw.descend(f, x0, learning_rate=0.1, grad=lambda x: 2 * x, maxiter=3)
    np.testing.assert_array_equal(x0, [3, 4])


# -------------------------------------------------------------------------------------------------------------- gradients


def test_given_gradients_and_both_at_once():
    f, g = (lambda x: np.sum((x - 1) ** 2)), (lambda x: 2 * (x - 1))
    exact = gw.descend(f, np.zeros(3), learning_rate=0.3)
    for report in (
        gw.descend(f, np.zeros(3), learning_rate=0.3, grad=g),
        gw.descend(f, np.zeros(3), learning_rate=0.3, jac=g),
        gw.descend(lambda x: (f(x), g(x)), np.zeros(3), learning_rate=0.3, jac=True),
    ):
        np.testing.assert_array_equal(report.trace.fun, exact.trace.fun)
        assert report.end_point.kind == "minimum"
    with pytest.raises(InputError, match="both grad and jac"):
        gw.descend(f, np.zeros(3), grad=g, jac=g)


def test_one_evaluation_a_step():
    calls = []

    def f(x):
        calls.append(1)
        return np.sum(x**2)

    report = gw.descend(f, np.ones(2), learning_rate=0.1, maxiter=17, tol=0)
    assert report.nfev == 18
    assert len(calls) == 18
    assert report.nit == 17


def test_extra_arguments():
    report = gw.descend(
        lambda x, a, b: np.sum((a * x - b) ** 2), np.zeros(2), learning_rate=0.1, args=(2.0, 6.0), tol=1e-10
    )
    np.testing.assert_allclose(report.x, 3)


def test_a_function_that_cannot_be_traced_says_that_its_gradient_is_numerical():
    def f(x):
        return float(str(float(np.sum((x - 1) ** 2))))

    with pytest.warns(gw.NumericalFallbackWarning):
        report = gw.descend(f, np.zeros(2), learning_rate=0.3, maxiter=5)
    assert any("numerical" in note for note in report.notes)


# ------------------------------------------------------------------------------------------------------------ stopping


def test_stop_reasons_have_sentences_remedies_and_numbers_of_their_own():
    assert all(reason.sentence.endswith(".") and reason.remedy.endswith(".") for reason in StopReason)
    failures = [reason.code for reason in StopReason if not reason.success]
    assert len(set(failures)) == len(failures)
    assert 0 not in failures


def test_gradient_tolerance_is_relative_to_the_first_gradient():
    report = gw.descend(lambda x: 1e6 * np.sum(x**2), np.ones(2), learning_rate=1e-7, tol=1e-3, maxiter=10000)
    assert report.stop_reason is StopReason.GRADIENT_TOLERANCE
    assert report.success
    assert report.status == 0
    norms = report.trace.gradient_norm
    assert norms[-1] <= 2e6 * 1e-3 < norms[-2]


def test_max_iterations_says_how_many_are_missing():
    f = lambda x: x[0] ** 2 + 10 * x[1] ** 2
    report = gw.descend(f, np.ones(2), learning_rate=0.02, maxiter=60, tol=1e-8)
    assert report.stop_reason is StopReason.MAX_ITERATIONS
    assert not report.success
    more = report.steps_to_tolerance
    full = gw.descend(f, np.ones(2), learning_rate=0.02, maxiter=10000, tol=1e-8)
    assert full.nit - 60 == pytest.approx(more, abs=3)
    assert "more steps" in report.summary()


def test_max_time_step_tolerance_callback_and_zero_steps():
    slow = gw.descend(SQUARE, np.zeros(2), learning_rate=1e-6, maxiter=10**9, max_time=0.05)
    assert slow.stop_reason is StopReason.MAX_TIME
    short = gw.descend(SQUARE, np.zeros(2), learning_rate=0.1, tol=0, step_tol=1e-3)
    assert short.stop_reason is StopReason.STEP_TOLERANCE
    assert short.trace.step[-2] < 2e-3
    assert gw.descend(SQUARE, np.zeros(2), maxiter=0).nit == 0
    assert gw.descend(SQUARE, np.ones(2), learning_rate=0.1).nit == 0  # starts at the minimum


def test_callbacks_see_each_point_and_may_stop():
    seen = []

    def watch(intermediate_result):
        seen.append(
            (intermediate_result.nit, intermediate_result.x.copy(), intermediate_result.fun, intermediate_result.jac)
        )
        if intermediate_result.nit == 5:
            raise StopIteration

    report = gw.descend(SQUARE, np.zeros(2), learning_rate=0.1, callback=watch)
    assert report.stop_reason is StopReason.CALLBACK
    assert [nit for nit, *_ in seen] == list(range(6))
    np.testing.assert_array_equal(seen[3][1], report.trace.x[3])
    points = []
    gw.descend(SQUARE, np.zeros(2), learning_rate=0.1, callback=points.append, maxiter=3)
    assert len(points) == 3


def test_divergence_where_curvature_changes():
    report = gw.descend(
        lambda x: (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2, np.array([-1.2, 1.0]), learning_rate=0.01
    )
    assert report.stop_reason is StopReason.DIVERGED
    assert report.cause.name == "learning rate"
    again = gw.descend(
        lambda x: (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2,
        np.array([-1.2, 1.0]),
        learning_rate=report.cause.learning_rate,
    )
    assert again.fun < 24.2
    assert np.all(np.isfinite(report.x))
    assert report.fun <= 24.2


def test_a_rise_at_first_is_no_divergence_where_the_curvature_falls():
    """The catapult: from a sharp wall f jumps to a flat valley; every descent on log(1 + x²) stays bounded."""
    report = gw.descend(lambda x: np.log(1 + 20 * x[0] ** 2), np.array([0.2]), learning_rate=0.08, maxiter=300)
    assert report.stop_reason is not StopReason.DIVERGED


def test_the_line_that_is_not_finite_is_named():
    def f(x):
        a = x[1] ** 2
        b = np.log(x[0])
        return a + b

    report = gw.descend(f, np.array([1.0, 1.0]), learning_rate=0.3)
    assert report.stop_reason is StopReason.NON_FINITE
    assert report.cause.filename == __file__
    assert report.cause.lineno == f.__code__.co_firstlineno + 2
    assert "log" in report.cause.sentence
    assert np.all(np.isfinite(report.x))
    assert math.isfinite(report.fun)


def test_errors_of_the_domain_end_the_descent_and_errors_of_the_program_do_not():
    def f(x):
        return math.sqrt(x[0]) + x[1] ** 2

    report = gw.descend(
        lambda x: f(x),
        np.array([1.0, 1.0]),
        learning_rate=0.6,
        grad=lambda x: np.array([0.5 / math.sqrt(x[0]), 2 * x[1]]),
    )
    assert report.stop_reason is StopReason.NON_FINITE
    assert report.cause.lineno == f.__code__.co_firstlineno + 1
    with pytest.raises(KeyError):
        gw.descend(lambda x: {}["missing"], np.zeros(2))
    with pytest.raises(ValueError, match="matmul"):
        gw.descend(lambda x: np.sum(np.ones((2, 3)) @ x), np.zeros(2))


def test_a_start_that_is_not_finite_is_told():
    report = gw.descend(lambda x: np.sum(np.log(x)), np.array([-1.0]), learning_rate=0.1)
    assert report.stop_reason is StopReason.NON_FINITE
    assert report.nit == 0


def test_unbounded():
    assert (
        gw.descend(lambda x: -np.sum(x**2), np.ones(2), learning_rate=0.5, maxiter=5000).stop_reason
        is StopReason.UNBOUNDED
    )


def test_a_wrong_gradient_is_named_when_the_line_search_fails():
    report = gw.descend(
        lambda x: x[0] ** 2 + x[1] ** 2,
        np.array([1.0, 2.0]),
        learning_rate="armijo",
        grad=lambda x: np.array([-2 * x[0], -2 * x[1]]),
    )
    assert report.stop_reason is StopReason.LINE_SEARCH_FAILED
    assert report.cause.name == "wrong gradient"
    assert "sign flip" in report.cause.check.causes


def test_a_kink_is_named_when_the_line_search_fails():
    report = gw.descend(lambda x: np.abs(x[0]) + x[1] ** 2, np.array([1.0, 1.3]), learning_rate="armijo", maxiter=3000)
    assert report.stop_reason is StopReason.LINE_SEARCH_FAILED
    assert report.cause.name == "kink"


@pytest.mark.parametrize("rate", ["auto", "armijo", "wolfe"])
def test_searches_stop_at_the_rounding_floor(rate):
    A = np.diag([1.0, 3.0, 10.0])
    report = gw.descend(
        lambda x: 1e6 + 0.5 * (x - 1) @ (A @ (x - 1)), np.zeros(3), learning_rate=rate, tol=0, maxiter=5000
    )
    assert report.success
    np.testing.assert_allclose(report.x, 1, atol=2e-4)


# ------------------------------------------------------------------------------------------------------ batches and rates


def batches_of(count=6):
    rng = np.random.default_rng(0)
    X, w = rng.standard_normal((60, 3)), np.array([1.0, -2.0, 0.5])
    return [(X[i::count], X[i::count] @ w) for i in range(count)], w


def test_batches_are_gone_through_again_and_again():
    data, w = batches_of()
    taken = []

    def loss(v, X, y):
        taken.append(float(np.sum(X)))
        return np.mean((X @ v - y) ** 2)

    report = gw.descend(loss, np.zeros(3), learning_rate=0.1, data=data, maxiter=13, tol=0)
    assert taken == [float(np.sum(data[k % 6][0])) for k in range(14)]
    assert report.nfev == 14
    pair = gw.descend(
        lambda v, batch: np.mean((batch[0] @ v - batch[1]) ** 2),
        np.zeros(3),
        learning_rate=0.1,
        data=data,
        maxiter=13,
        tol=0,
    )
    np.testing.assert_allclose(pair.x, report.x, rtol=1e-12)
    long = gw.descend(loss, np.zeros(3), learning_rate=0.1, data=data, maxiter=800, tol=1e-8)
    np.testing.assert_allclose(long.x, w, atol=1e-6)


def test_batches_are_shuffled_by_rng_and_reproducible():
    data, _ = batches_of()
    orders = []
    for seed in (1, 1, 2):
        taken = []

        def loss(v, X, y, taken=taken):
            taken.append(float(np.sum(X)))
            return np.mean((X @ v - y) ** 2)

        gw.descend(loss, np.zeros(3), learning_rate=0.01, data=data, rng=seed, maxiter=11, tol=0)
        orders.append(taken)
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0][:6]) == sorted(float(np.sum(X)) for X, _ in data)
    assert sorted(orders[0][6:]) == sorted(orders[0][:6])


def test_data_that_ends_and_data_that_starts_anew():
    data, _ = batches_of()
    loss = lambda v, X, y: np.mean((X @ v - y) ** 2)
    once = gw.descend(loss, np.zeros(3), learning_rate=0.1, data=(batch for batch in data), maxiter=50)
    assert once.stop_reason is StopReason.DATA_EXHAUSTED
    assert once.nit == 5

    class Again:
        def __iter__(self):
            return iter(data)

    assert gw.descend(loss, np.zeros(3), learning_rate=0.1, data=Again(), maxiter=50, tol=0).nit == 50
    with pytest.raises(InputError, match="no batch"):
        gw.descend(loss, np.zeros(3), learning_rate=0.1, data=[])
    with pytest.raises(InputError, match="rng"):
        gw.descend(loss, np.zeros(3), learning_rate=0.1, data=Again(), rng=0)


def test_reports_of_batches_claim_nothing_about_one_function():
    data, _ = batches_of()
    report = gw.descend(
        lambda v, X, y: np.mean((X @ v - y) ** 2), np.zeros(3), "adam", 0.05, data=data, rng=0, maxiter=30
    )
    assert report.path.steps == 0
    assert report.rate.kind == "undecided"
    assert all(check.held is None for check in report.assumptions)
    with pytest.raises(ValueError, match="batches"):
        report.certificates()
    full = np.concatenate([X for X, _ in data])
    np.testing.assert_allclose(report.curvature.eigenvalues, np.linalg.eigvalsh(full.T @ full / 30), rtol=1e-10)


def test_schedules():
    schedule = exponential(0.2, factor=0.5, every=10)
    report = gw.descend(SQUARE, np.zeros(2), learning_rate=schedule, maxiter=30, tol=0)
    np.testing.assert_allclose(report.trace.learning_rate[:-1], [0.2 * 0.5 ** (k / 10) for k in range(30)])
    assert cosine(1.0, steps=10, last=0.1)(5) == pytest.approx(0.55)
    assert warm_up(exponential(1.0, factor=0.5, every=1), steps=2)(3) == 0.5
    own = gw.descend(SQUARE, np.zeros(2), learning_rate=lambda k: 0.3 / (k + 1), maxiter=5, tol=0)
    np.testing.assert_allclose(own.trace.learning_rate[:-1], [0.3 / (k + 1) for k in range(5)])


def test_clipping_bounds_the_steps():
    report = gw.descend(lambda x: np.sum(x**4), np.array([10.0, 0.0]), learning_rate=0.1, clip_norm=1.0, maxiter=60)
    assert np.nanmax(report.trace.step) <= 0.1 * (1 + 1e-12)
    assert report.details["clipped"] == 60
    assert report.trace.gradient_length[0] == pytest.approx(4000)


def test_traces_are_thinned_and_say_so():
    report = gw.descend(SQUARE, np.zeros(100), learning_rate=1e-3, maxiter=500, tol=0, trace_limit=100 * 8 * 60)
    steps = report.trace.x_steps
    assert len(steps) <= 61
    assert steps[0] == 0
    assert steps[-1] == 500
    assert len(report.trace.fun) == 501
    np.testing.assert_allclose(report.trace.x[3], 1 - (1 - 2e-3) ** steps[3], rtol=1e-12)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"method": "sgd"}, "method='sgd'"),
        ({"learning_rate": -1.0}, "learning_rate=-1.0"),
        ({"learning_rate": "fast"}, "learning_rate='fast'"),
        ({"learning_rate": "wolfe", "method": "adam"}, "learning_rate='wolfe'"),
        ({"learning_rate": lambda k: None}, "learning_rate\\(0\\)"),
        ({"maxiter": -1}, "maxiter=-1"),
        ({"tol": math.nan}, "tol=nan"),
        ({"max_time": 0}, "max_time=0"),
        ({"beta": 0.9}, "option beta"),
        ({"method": "momentum", "beta": 1.0}, "beta=1.0"),
        ({"method": "newton", "strategy": "magic"}, "strategy='magic'"),
        ({"method": "natural"}, "metric=None"),
        ({"clip_norm": 1.0}, "clip_norm"),
        ({"rng": 1}, "rng"),
        ({"grad": 3.0}, "grad=3.0"),
        ({"data": 5}, "data is 5"),
    ],
)
def test_messages_name_the_argument(change, words):
    with pytest.raises(InputError, match=words):
        gw.descend(SQUARE, np.zeros(2), **change)


def test_bad_starts_and_outputs():
    with pytest.raises(InputError, match="no numbers"):
        gw.descend(SQUARE, np.zeros(0))
    with pytest.raises(InputError, match="not finite"):
        gw.descend(SQUARE, np.array([0.0, math.nan]))
    with pytest.raises(InputError, match="bool"):
        gw.descend(SQUARE, np.array([True]))
    with pytest.raises(OutputError):
        gw.descend(lambda x: x**2, np.zeros(2))
    with pytest.raises(InputError, match="required"):
        gw.descend(3, np.zeros(2))


# ------------------------------------------------------------------------------------------ what must not pass for success


def test_one_batch_without_a_gradient_is_no_success():
    # hinge losses of three points: the start satisfies the first, whose gradient is 0 there
    batches = [(np.array([1.0, 0.0]), 1.0), (np.array([0.0, 1.0]), 1.0), (np.array([0.0, -1.0]), -1.0)]
    hinge = lambda w, batch: np.maximum(0.0, 1 - batch[1] * (batch[0] @ w))
    for rng in (None, 3):
        report = gw.descend(hinge, np.array([2.0, 0.0]), learning_rate=0.1, data=batches, rng=rng, maxiter=100)
        assert report.success
        assert all(hinge(report.x, batch) == 0 for batch in batches)


def valley(x):
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


@pytest.mark.slow
@pytest.mark.parametrize("learning_rate", ["adaptive", 1e-3])
def test_a_wrong_gradient_that_vanishes_is_no_success(learning_rate):
    wrong = lambda x: np.array([-2 * (1 - x[0]) - 400 * x[0] * (x[1] - x[0] ** 2), 200 * (x[1] + x[0] ** 2)])
    report = gw.descend(valley, np.array([-1.2, 1.0]), learning_rate=learning_rate, grad=wrong, maxiter=5000)
    assert not report.success
    assert report.status != 0
    assert report.cause.name == "wrong gradient"
    right = lambda x: np.array([-2 * (1 - x[0]) - 400 * x[0] * (x[1] - x[0] ** 2), 200 * (x[1] - x[0] ** 2)])
    report = gw.descend(valley, np.array([-1.2, 1.0]), learning_rate=learning_rate, grad=right, maxiter=50000)
    assert report.success
    assert report.cause is None


@pytest.mark.slow
@pytest.mark.parametrize("factor", [-1.0, 0.5])
def test_a_gradient_with_a_wrong_sign_or_factor_is_named_whatever_ended_the_descent(factor):
    given = lambda x: factor * 2 * np.array([x[0], 10 * x[1]])
    report = gw.descend(
        lambda x: x[0] ** 2 + 10 * x[1] ** 2, np.array([1.0, 1.0]), learning_rate=0.01, grad=given, maxiter=50
    )
    assert not report.success
    assert report.cause.name == "wrong gradient"
    result = gw.minimize(lambda x: x[0] ** 2 + 10 * x[1] ** 2, np.array([1.0, 1.0]), jac=lambda x: given(x) + 1)
    assert result.report.cause.name == "wrong gradient"


def test_a_solver_that_left_the_domain_is_told_the_line():
    def f(x):
        return np.log(x[0]) + x[1] ** 2

    report = gw.minimize(f, np.array([1.0, 1.0])).report
    assert report.cause.name == "outside the domain"
    assert report.cause.lineno == f.__code__.co_firstlineno + 1


def test_the_line_of_an_infinite_slope_and_of_a_constant_that_is_not_finite():
    def infinite_slope(x):
        a = x[1] ** 2
        return np.sqrt(x[0]) + a

    def constant(x):
        a = np.sum(x)
        return a * np.nan

    for f, at in ((infinite_slope, 2), (constant, 2)):
        report = gw.descend(f, np.array([0.0, 1.0]), learning_rate=0.1)
        assert report.stop_reason.value == "non_finite"
        assert report.cause.lineno == f.__code__.co_firstlineno + at


def test_batches_may_be_lists():
    data, w = batches_of()
    loss = lambda v, X, y: np.mean((X @ v - y) ** 2)
    report = gw.descend(
        loss, np.zeros(3), learning_rate=0.1, data=[list(batch) for batch in data], maxiter=800, tol=1e-8
    )
    np.testing.assert_allclose(report.x, w, atol=1e-6)
