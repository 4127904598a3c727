"""Many lanes at once: what f is called with, how few entries need a search of their own, and what is learnt once for all."""

import numpy as np
import pytest

from gradwise.numerical import Status, derivative, evaluate, grad, jacobian, lanes

RNG = np.random.default_rng(29)


def wave(x):
    return np.sum(np.exp(-x) * np.sin(3 * x), axis=-1)


def wave_grad(x):
    return np.exp(-x) * (3 * np.cos(3 * x) - np.sin(3 * x))


@pytest.fixture
def searches(monkeypatch):
    found = []
    original = lanes.Search

    def counted(*args):
        found.append(args)
        return original(*args)

    monkeypatch.setattr(lanes, "Search", counted)
    return found


@pytest.mark.parametrize("n", [100, 200, 1000])
@pytest.mark.parametrize("complex_step", ["auto", False])
def test_smooth_entries_are_settled_by_array_operations(searches, n, complex_step):
    x = RNG.uniform(-2, 2, n)
    sizes = []

    def f(points):
        sizes.append(points.size * (2 if points.dtype.kind == "c" else 1))
        return wave(points)

    estimate = grad(f, x, vectorized=True, complex_step=complex_step)
    assert np.all(np.abs(estimate.value - wave_grad(x)) <= estimate.error + 1e-16 * np.abs(estimate.value))
    assert estimate.ok
    assert estimate.evaluations <= 11 * n
    assert len(searches) <= 0.05 * n
    assert max(sizes) <= evaluate.BLOCK


@pytest.mark.parametrize("n", [50, 400])
def test_entries_with_truncation_left_are_settled_by_smaller_steps(searches, n):
    # at x = 1.25 the third derivative vanishes, at x near 2 the first step is too large
    x = np.concatenate([np.linspace(1.24, 1.26, n), np.linspace(1.9, 1.999, n)])
    estimate = grad(wave, x, vectorized=True, complex_step=False)
    assert estimate.ok
    assert not searches
    assert np.all(np.abs(estimate.value - wave_grad(x)) <= estimate.error)
    assert np.all(estimate.error <= 1e-10)
    assert len(np.unique(estimate.step)) > 2
    assert estimate.evaluations <= 13 * x.size


def test_outputs_of_every_dtype_are_subtracted_in_double_precision():
    x = np.array([3.0, 5.0, 40.0])
    for dtype in (np.uint8, np.int8, np.float16, np.float32):
        estimate = grad(
            lambda p, dtype=dtype: np.sum(2 * p, axis=-1).astype(dtype), x, vectorized=True, complex_step=False
        )
        for value, error, status in zip(estimate.value, estimate.error, estimate.status):
            if status.trusted:
                assert abs(value - 2) <= error <= 0.5
    halves = jacobian(lambda p: [(3 * p).astype(np.float16), p * 2], x, vectorized=True, complex_step=False)
    for part, slope in zip(halves.value, (3, 2)):
        np.testing.assert_allclose(part, slope * np.eye(3), atol=0.1)
    assert max(np.max(part) for part in halves.error) <= 0.5


def test_outputs_that_do_not_depend_on_x_cost_no_searches(searches):
    x = RNG.uniform(-2, 2, 40)
    f = lambda p: np.stack([np.sum(np.sin(p.real), axis=-1), 0 * p.real[..., 0], 1 + 0 * p.real[..., 0]], axis=-1)
    estimate = jacobian(f, x, vectorized=True, complex_step=False)
    assert estimate.ok
    assert np.all(estimate.value[1:] == 0.0)
    assert np.all(np.abs(estimate.value[0] - np.cos(x)) <= estimate.error[0])
    assert len(searches) <= 8


@pytest.mark.parametrize("complex_step", ["auto", False])
def test_entries_far_below_the_rounding_of_f_are_bounded(complex_step):
    x = RNG.uniform(-2, 2, 150)
    weights = 10.0 ** RNG.uniform(-9, 1, 150)
    estimate = grad(
        lambda p: 100 + np.sum(weights * np.sin(3 * p), axis=-1), x, vectorized=True, complex_step=complex_step
    )
    exact = 3 * weights * np.cos(3 * x)
    assert np.mean(np.abs(estimate.value - exact) <= estimate.error + 1e-16 * np.abs(exact)) >= 0.99
    assert np.max(np.abs(estimate.value - exact)) <= 1e-8
    assert estimate.evaluations <= 14 * 150


def test_a_vectorized_f_may_write_into_its_argument_and_fail_on_some_points():
    x = np.array([0.5, 1.0, 1.5, -0.3])

    def f(points):
        points *= 2
        if np.any(points.real > 3.05):
            raise ArithmeticError("outside")
        return np.sum(points**2, axis=-1)

    estimate = grad(f, x, vectorized=True, complex_step=False)
    assert np.all(np.abs(estimate.value - 8 * x) <= estimate.error)
    np.testing.assert_array_equal(x, [0.5, 1.0, 1.5, -0.3])


def test_a_vectorized_f_is_never_called_with_one_point_alone():
    counts = []

    def f(points):
        counts.append(len(points))
        return np.sum(np.abs(points), axis=-1)

    estimate = grad(f, np.array([1.0, 0.0, -2.0]), vectorized=True)
    assert [status.value for status in estimate.status] == ["ok", "kink", "ok"]
    assert min(counts) >= 2


def test_rounding_of_matrix_products_is_not_taken_for_kinks():
    # the product of one row is rounded otherwise than that of many, and outputs near 0 have lost digits inside
    for seed in range(6):
        rng = np.random.default_rng(seed)
        A, x = rng.normal(size=(60, 60)) / np.sqrt(60), rng.uniform(-2, 2, 60)
        estimate = grad(lambda p, A=A: np.sum((p @ A) * p, axis=-1), x, vectorized=True, complex_step=False)
        assert estimate.ok
        exact = (A + A.T) @ x
        assert np.all(np.abs(estimate.value - exact) <= estimate.error + 1e-14)


def test_zeros_of_a_jacobian_cost_no_searches(searches):
    x = RNG.uniform(-2, 2, 60)
    exact = np.diag(np.exp(-x) * (np.cos(x) - np.sin(x)))
    for complex_step, budget in (("auto", 10), (False, 15)):
        estimate = jacobian(lambda p: np.exp(-p) * np.sin(p), x, vectorized=True, complex_step=complex_step)
        assert np.all(np.abs(estimate.value - exact) <= estimate.error + 1e-16)
        assert estimate.ok
        assert estimate.evaluations <= budget * 60
    assert len(searches) <= 12


@pytest.mark.parametrize(
    ("f", "slope"),
    [
        (lambda p: np.sum(np.maximum(p, 0.3) ** 2, axis=-1), lambda x: np.where(x > 0.3, 2 * x, 0.0)),
        (lambda p: np.sum(np.maximum(p, 0.0), axis=-1), lambda x: np.where(x > 0, 1.0, 0.0)),
        (lambda p: np.sum(np.where(p.real > 0, p**3, 0.0), axis=-1), lambda x: np.where(x > 0, 3 * x * x, 0.0)),
    ],
)
def test_maximum_of_complex_numbers_costs_no_more_than_real_values(f, slope):
    x = RNG.uniform(-2, 2, 200)
    x = np.where(np.abs(x) < 1e-3, 0.5, x)
    estimate = grad(f, x, vectorized=True)
    assert np.all(np.abs(estimate.value - slope(x)) <= estimate.error)
    assert estimate.ok
    assert estimate.evaluations <= 12 * 200


def test_where_half_of_x_is_not_analytic_the_complex_step_is_not_paid_for_twice():
    x = RNG.uniform(0.5, 2, 200) * RNG.choice([-1.0, 1.0], 200)
    half = lambda p: np.sum(p[..., :100] ** 3, axis=-1) + np.sum(np.abs(p[..., 100:]) ** 3, axis=-1)
    estimate = grad(half, x, vectorized=True)
    exact = np.concatenate([3 * x[:100] ** 2, 3 * x[100:] * np.abs(x[100:])])
    assert np.all(np.abs(estimate.value - exact) <= estimate.error)
    assert estimate.evaluations <= 12 * 200


def test_a_staircase_among_entries_that_do_not_move_is_still_called_one():
    x = RNG.uniform(1.0, 2.0, 20)
    estimate = grad(lambda p: np.sum(np.floor(p.real), axis=-1), x, vectorized=True)
    assert not any(status is Status.OK for status in estimate.status)


@pytest.mark.parametrize("x", [-0.5, -0.03, -1.9, -3.99, -1.001 * 2**-5])
def test_a_ramp_is_no_staircase_wherever_it_begins(x):
    for offset in (0.0, 80.0):
        estimate = derivative(lambda t, offset=offset: max(t, 0.0) + offset, x, complex_step=False)
        assert estimate.status is Status.OK
        assert estimate.value == 0.0
        assert estimate.error <= 1e-11
