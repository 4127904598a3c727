"""grad, jacobian, hessian, directional_derivative: shapes, containers, batches, budgets of evaluations."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradwise.numerical import Status, derivative, directional_derivative, grad, hessian, jacobian

RNG = np.random.default_rng(11)


def rosenbrock(x):
    return np.sum(100 * (x[..., 1:] - x[..., :-1] ** 2) ** 2 + (1 - x[..., :-1]) ** 2, axis=-1)


def rosenbrock_grad(x):
    g = np.zeros_like(x)
    g[:-1] = -400 * x[:-1] * (x[1:] - x[:-1] ** 2) - 2 * (1 - x[:-1])
    g[1:] += 200 * (x[1:] - x[:-1] ** 2)
    return g


def rosenbrock_hessian(x):
    h = np.zeros((x.size, x.size))
    for i in range(x.size - 1):
        h[i, i] += 1200 * x[i] ** 2 - 400 * x[i + 1] + 2
        h[i + 1, i + 1] += 200
        h[i, i + 1] -= 400 * x[i]
        h[i + 1, i] -= 400 * x[i]
    return h


@pytest.mark.parametrize("vectorized", [False, True])
@pytest.mark.parametrize("complex_step", ["auto", False])
def test_gradient_of_a_hundred_numbers_with_bounds(vectorized, complex_step):
    x = RNG.uniform(-2, 2, 100)
    estimate = grad(rosenbrock, x, vectorized=vectorized, complex_step=complex_step)
    assert np.all(np.abs(estimate.value - rosenbrock_grad(x)) <= estimate.error)
    assert np.max(estimate.error) <= 1e-9 * np.max(np.abs(estimate.value))
    assert estimate.evaluations <= 12 * 100
    assert estimate.trusted


def test_one_batch():
    calls = []

    def f(points):
        calls.append(len(points))
        return np.sum(np.sin(points), axis=-1)

    grad(f, RNG.uniform(0.5, 2, 100), vectorized=True, complex_step=False)
    assert len(calls) == 2  # f(x), and everything else
    assert calls == [2, 1001]  # x twice, since a single point is never asked for; and x once more among the others


def test_vectorized_and_loop_agree_bit_for_bit():
    x = RNG.uniform(-1, 1, 7)
    loop, batch = grad(rosenbrock, x), grad(rosenbrock, x, vectorized=True)
    np.testing.assert_array_equal(loop.value, batch.value)
    np.testing.assert_array_equal(loop.error, batch.error)
    assert loop.evaluations == batch.evaluations


def test_only_the_entry_with_the_kink_is_flagged():
    estimate = grad(lambda x: np.sum(np.abs(x)) + x[0] * x[2], np.array([1.0, 0.0, -2.0]))
    assert [status.value for status in estimate.status] == ["ok", "kink", "ok"]
    assert estimate.left[1] == pytest.approx(-1.0)
    assert estimate.right[1] == pytest.approx(1.0)
    assert abs(estimate.value[0] - (1.0 - 2.0)) <= estimate.error[0]
    assert not estimate.ok


@dataclasses.dataclass
class Parameters:
    weights: np.ndarray
    bias: float


def test_nested_containers_keep_their_types():
    seen = []

    def f(parameters):
        seen.append((type(parameters), type(parameters.bias), parameters.weights.shape))
        return float(np.sum(parameters.weights.real**2)) * 1.0 + 3 * parameters.bias

    estimate = grad(f, Parameters(np.array([[1, 2], [3, 4]]), 2))
    assert isinstance(estimate.value, Parameters)
    assert isinstance(estimate.value.bias, float)
    np.testing.assert_allclose(estimate.value.weights, [[2, 4], [6, 8]], rtol=1e-12)
    assert estimate.value.bias == pytest.approx(3)
    assert {entry[0] for entry in seen} == {Parameters}
    assert {entry[2] for entry in seen} == {(2, 2)}


def test_lists_of_numbers_reach_f_as_lists_of_floats():
    estimate = grad(lambda x: math.sin(x[0]) * x[1], [1, 2])
    assert isinstance(estimate.value, list)
    assert estimate.value == pytest.approx([2 * math.cos(1), math.sin(1)], rel=1e-12)
    assert [status.value for status in estimate.status] == ["ok", "ok"]


@pytest.mark.parametrize("x", [2, 2.0, np.float64(2), np.array(2.0), np.int32(2), np.array(2)])
def test_every_kind_of_number(x):
    estimate = derivative(lambda t: t * t, x)
    assert abs(estimate.value - 4.0) <= estimate.error
    assert isinstance(estimate.value, float)


def test_float32_reaches_f_as_float32():
    seen = set()

    def f(x):
        seen.add(x.dtype)
        return np.sum(x**3)

    estimate = grad(f, np.array([1.5, 2.0], dtype=np.float32), complex_step=False)
    assert seen == {np.dtype(np.float32)}
    assert np.all(np.abs(estimate.value - 3 * np.array([1.5, 2.0]) ** 2) <= estimate.error)
    assert np.max(estimate.error) < 1e-2


def test_f_is_called_on_copies():
    x = np.array([1.0, 2.0])

    def f(v):
        v *= 2  # writes into its argument
        return v @ v

    estimate = grad(f, x)
    np.testing.assert_array_equal(x, [1.0, 2.0])
    assert np.all(np.abs(estimate.value - 8 * x) <= estimate.error)


def test_jacobian_shapes():
    estimate = jacobian(lambda x: np.outer(x, x**2), np.array([1.0, 2.0, 3.0]))
    assert estimate.value.shape == (3, 3, 3)
    x = np.array([1.0, 2.0, 3.0])
    exact = np.einsum("ik,j->ijk", np.eye(3), x**2) + np.einsum("i,jk->ijk", x, np.diag(2 * x))
    assert np.all(np.abs(estimate.value - exact) <= estimate.error)


def test_jacobian_of_containers():
    estimate = jacobian(lambda d: {"s": d["a"] * d["b"], "v": np.array([d["a"], 1.0])}, {"a": 2.0, "b": 3.0})
    assert estimate.value["s"]["a"] == pytest.approx(3.0)
    assert estimate.value["s"]["b"] == pytest.approx(2.0)
    np.testing.assert_allclose(estimate.value["v"]["a"], [1, 0], atol=1e-12)
    np.testing.assert_allclose(estimate.value["v"]["b"], [0, 0], atol=1e-12)


def test_complex_output():
    estimate = derivative(lambda t: np.exp(1j * t), 0.5)
    assert abs(estimate.value - 1j * np.exp(0.5j)) <= estimate.error <= 1e-11
    estimate = jacobian(lambda x: np.exp(1j * x), np.array([0.5, 1.0]))
    assert estimate.value.dtype == complex
    assert np.all(np.abs(estimate.value - np.diag(1j * np.exp(1j * np.array([0.5, 1.0])))) <= estimate.error)


def test_gradient_of_a_real_function_of_complex_numbers_is_steepest_ascent():
    z = np.array([1 + 2j, -0.5 + 0.25j])
    estimate = grad(lambda v: float(np.sum(np.abs(v) ** 2)), z)
    assert np.all(np.abs(estimate.value - 2 * z) <= estimate.error)


def test_elementwise_derivative_of_an_array_costs_as_much_as_of_a_number():
    x = np.linspace(0.5, 2.0, 1000)
    estimate = derivative(np.sin, x)
    assert estimate.value.shape == x.shape
    assert np.all(np.abs(estimate.value - np.cos(x)) <= estimate.error)
    assert estimate.evaluations <= 13


def test_scalar_only_functions_of_arrays():
    x = np.array([[0.5, 1.0], [1.5, 2.0]])
    estimate = derivative(math.sin, x)
    assert np.all(np.abs(estimate.value - np.cos(x)) <= estimate.error)


def test_batch_equals_loop_over_numbers():
    x = RNG.uniform(0.2, 3, 40)
    batch = derivative(lambda t: np.log(t) * t, x, complex_step=False)
    for entry, value, error in zip(x.tolist(), batch.value, batch.error):
        one = derivative(lambda t: np.log(t) * t, entry, complex_step=False)
        assert value == pytest.approx(one.value, rel=1e-15)
        assert error == pytest.approx(one.error, rel=1e-12)


def test_directional_derivative_is_normalized_unless_asked_not_to_be():
    x, u = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    estimate = directional_derivative(lambda v: v @ v, x, u)
    assert abs(estimate.value - 2 * x @ u / 5) <= estimate.error
    estimate = directional_derivative(lambda v: v @ v, x, u, normalize=False)
    assert abs(estimate.value - 2 * x @ u) <= estimate.error
    estimate = directional_derivative(lambda v: v @ v, x, u, order=2)
    assert abs(estimate.value - 2.0) <= estimate.error
    estimate = directional_derivative(lambda v: np.sin(v), x, u)
    assert np.all(np.abs(estimate.value - np.cos(x) * u / 5) <= estimate.error)


def test_directional_derivative_along_a_kink():
    estimate = directional_derivative(lambda v: np.linalg.norm(v), np.zeros(2), np.array([1.0, 1.0]))
    assert estimate.status is Status.KINK
    assert estimate.right == pytest.approx(1.0)


@given(st.integers(1, 6), st.integers(0, 2**31))
@settings(max_examples=25, deadline=None)
def test_gradients_respect_bounds_to_the_last_bit(n, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    lower, upper = x - rng.choice([0.0, 1e-9, 0.5], n), x + rng.choice([0.0, 1e-9, 0.5, 2.0], n)
    upper = np.where(upper == lower, upper + 1, upper)
    worst = []

    def f(points):
        if points.dtype.kind != "c":
            worst.append(np.all(points >= lower) and np.all(points <= upper))
        return np.sum(np.exp(points), axis=-1)

    estimate = grad(f, x, bounds=(lower, upper), vectorized=True)
    assert all(worst)
    assert np.all(np.abs(estimate.value - np.exp(x)) <= estimate.error)
    hessian(f, x, bounds=(lower, upper), vectorized=True)
    assert all(worst)


@pytest.mark.parametrize("complex_step", ["auto", False])
def test_hessian_of_forty_numbers(complex_step):
    x = RNG.uniform(0.5, 1.5, 40)
    estimate = hessian(rosenbrock, x, vectorized=True, complex_step=complex_step)
    exact = rosenbrock_hessian(x)
    assert np.all(np.abs(estimate.value - exact) <= estimate.error)
    assert np.max(np.abs(estimate.value - exact)) <= 1e-8 * np.max(np.abs(exact))
    assert estimate.evaluations <= 4 * 40**2
    np.testing.assert_array_equal(estimate.value, estimate.value.T)


def test_hessian_of_containers_is_made_of_blocks():
    estimate = hessian(lambda d: d["a"] ** 2 * d["b"][0] + d["b"][1] ** 3, {"a": 2.0, "b": np.array([1.0, 3.0])})
    assert estimate.value["a"]["a"] == pytest.approx(2.0)
    np.testing.assert_allclose(estimate.value["a"]["b"], [4.0, 0.0], atol=1e-9)
    np.testing.assert_allclose(estimate.value["b"]["b"], [[0, 0], [0, 18.0]], atol=1e-9)


def test_hessian_at_a_bound_and_at_a_kink():
    estimate = hessian(lambda x: x[0] * x[1] ** 2, np.array([0.0, 1.0]), bounds=(0, 5))
    assert np.all(np.abs(estimate.value - [[0, 2], [2, 0]]) <= estimate.error)
    assert estimate.status[0, 1] is Status.ONE_SIDED
    estimate = hessian(lambda x: abs(x[0]) * x[1] + x[1] ** 2, np.array([0.0, 1.0]))
    assert estimate.status[0, 0] is Status.KINK
    assert estimate.status[0, 1] is Status.KINK
    assert estimate.status[1, 1] is Status.OK


def test_f_of_one_argument_is_never_called_with_anything_else():
    def f(*args, **kwargs):
        assert len(args) == 1
        assert not kwargs
        return args[0] ** 2

    assert derivative(f, 3.0).value == pytest.approx(6.0)


@pytest.mark.parametrize(
    ("function", "f", "x"),
    [
        (derivative, np.sin, 1.0),
        (derivative, math.sin, 1.0),
        (derivative, abs, 0.0),
        (derivative, np.sin, np.array([1.0, 2.0])),
        (grad, lambda x: np.sum(np.abs(x)) + x[0] ** 2, np.array([1.0, 0.0])),
        (jacobian, lambda x: x**2, np.array([1.0, 2.0])),
        (hessian, lambda x: np.sum(np.exp(x)) * x[0], np.array([1.0, 2.0])),
    ],
)
def test_evaluations_are_the_calls_of_f(function, f, x):
    calls = []

    def counted(point):
        calls.append(1)
        return f(point)

    estimate = function(counted, x)
    assert estimate.evaluations == len(calls)
