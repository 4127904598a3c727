"""Every public operator against derivatives that are known in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest

import gradwise as gw

X = np.array([0.3, -1.2, 2.5])
A = np.array([[2.0, -1.0, 0.5], [0.0, 3.0, 1.0], [4.0, 0.25, -2.0]])


def quadratic(x):
    return x @ A @ x + np.sin(x[0]) * x[1]


def quadratic_gradient(x):
    return (A + A.T) @ x + np.array([np.cos(x[0]) * x[1], np.sin(x[0]), 0.0])


def quadratic_hessian(x):
    H = A + A.T
    H[0, 0] -= np.sin(x[0]) * x[1]
    H[0, 1] += np.cos(x[0])
    H[1, 0] += np.cos(x[0])
    return H


def spherical(v):
    r, theta, phi = v
    return np.array([r * np.sin(theta) * np.cos(phi), r * np.sin(theta) * np.sin(phi), r * np.cos(theta)])


def spherical_stacked(v):
    r, theta, phi = v[0], v[1], v[2]
    return np.stack([r * np.sin(theta) * np.cos(phi), r * np.sin(theta) * np.sin(phi), r * np.cos(theta)])


def spherical_jacobian(v):
    r, t, p = v
    return np.array(
        [
            [np.sin(t) * np.cos(p), r * np.cos(t) * np.cos(p), -r * np.sin(t) * np.sin(p)],
            [np.sin(t) * np.sin(p), r * np.cos(t) * np.sin(p), r * np.sin(t) * np.cos(p)],
            [np.cos(t), -r * np.sin(t), 0.0],
        ]
    )


def rosen(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def rosen_gradient(x):
    g = np.zeros_like(x)
    g[:-1] = -400 * x[:-1] * (x[1:] - x[:-1] ** 2) - 2 * (1 - x[:-1])
    g[1:] += 200 * (x[1:] - x[:-1] ** 2)
    return g


def rosen_hessian(x):
    n = len(x)
    H = np.zeros((n, n))
    for i in range(n - 1):
        H[i, i] += 1200 * x[i] ** 2 - 400 * x[i + 1] + 2
        H[i + 1, i + 1] += 200
        H[i, i + 1] -= 400 * x[i]
        H[i + 1, i] -= 400 * x[i]
    return H


# --- first order ------------------------------------------------------------------------------------------------------------


def test_grad():
    np.testing.assert_allclose(gw.grad(quadratic)(X), quadratic_gradient(X), rtol=1e-14)
    np.testing.assert_allclose(gw.grad(rosen)(X), rosen_gradient(X), rtol=1e-13)


def test_value_and_grad_gives_the_plain_value_bit_for_bit():
    value, gradient = gw.value_and_grad(rosen)(X)
    assert value == rosen(X)
    np.testing.assert_allclose(gradient, rosen_gradient(X), rtol=1e-13)


@pytest.mark.parametrize("operator", [gw.jacobian, gw.jacfwd, gw.jacrev])
def test_jacobian(operator):
    v = np.array([2.0, 0.7, -0.4])
    np.testing.assert_allclose(operator(spherical_stacked)(v), spherical_jacobian(v), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("operator", [gw.jacobian, gw.jacfwd, gw.jacrev])
@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [((), ()), ((), (3,)), ((3,), ()), ((2, 3), (4,)), ((3,), (2, 2)), ((0,), (2,)), ((2,), (0,))],
)
def test_jacobian_of_a_linear_map_has_the_shape_of_output_and_input(operator, inputs, outputs):
    rng = np.random.default_rng(1)
    M = rng.standard_normal((*outputs, *inputs))
    J = operator(lambda x: np.tensordot(M, x, axes=len(inputs)))(np.ones(inputs))
    assert np.shape(J) == outputs + inputs
    np.testing.assert_allclose(J, M, rtol=1e-15)


def test_jacobian_forward_and_reverse_agree_on_tall_and_wide():
    for shape in [(7, 2), (2, 7)]:
        W = np.random.default_rng(0).standard_normal(shape)

        def f(x, W=W):
            return np.tanh(W @ x) * np.sum(x)

        x = np.linspace(-0.5, 0.5, shape[1])
        expected = (1 - np.tanh(W @ x) ** 2)[:, None] * W * np.sum(x) + np.tanh(W @ x)[:, None]
        for operator in (gw.jacobian, gw.jacfwd, gw.jacrev):
            np.testing.assert_allclose(operator(f)(x), expected, rtol=1e-13)


def test_jvp_vjp_linearize_are_the_jacobian_and_its_transpose():
    v = np.array([2.0, 0.7, -0.4])
    J = spherical_jacobian(v)
    u, w = np.array([0.1, -0.5, 2.0]), np.array([1.5, 0.2, -0.3])
    value, tangent = gw.jvp(spherical_stacked, (v,), (u,))
    np.testing.assert_array_equal(value, spherical(v))
    np.testing.assert_allclose(tangent, J @ u, rtol=1e-13)
    value, transpose = gw.vjp(spherical_stacked, v)
    np.testing.assert_array_equal(value, spherical(v))
    np.testing.assert_allclose(transpose(w)[0], J.T @ w, rtol=1e-13)
    np.testing.assert_allclose(transpose(2 * w)[0], 2 * J.T @ w, rtol=1e-13)  # again, with another cotangent
    value, linear = gw.linearize(spherical_stacked, v)
    np.testing.assert_array_equal(value, spherical(v))
    for direction in (u, w, -u):
        np.testing.assert_allclose(linear(direction), J @ direction, rtol=1e-13)


def test_linearize_and_vjp_do_not_run_the_function_again():
    calls = []

    def f(x):
        calls.append(1)
        return np.sin(x)

    _, linear = gw.linearize(f, 1.0)
    _, transpose = gw.vjp(f, 1.0)
    for _ in range(3):
        linear(1.0)
        transpose(1.0)
    assert len(calls) == 2


def test_linearize_and_vjp_stay_at_their_point_when_the_argument_changes():
    for size in (3, 50_000):
        x = np.linspace(0.1, 1.0, size)
        expected = np.cos(x)
        _, linear = gw.linearize(np.sin, x)
        _, transpose = gw.vjp(np.sin, x)
        x[:] = 100.0
        np.testing.assert_array_equal(linear(np.ones(size)), expected)
        np.testing.assert_array_equal(transpose(np.ones(size))[0], expected)


@pytest.mark.parametrize("size", [3, 50_000])
def test_linearize_and_vjp_do_not_depend_on_what_becomes_of_their_value(size):
    x = np.linspace(0.1, 1.0, size)
    for f, unpack in (
        (np.exp, lambda v: v),
        (lambda x: [np.exp(x), x * 2], lambda v: v[0]),
        (lambda x: np.exp(x)[::-1], lambda v: v),
    ):
        value, linear = gw.linearize(f, x)
        expected = np.copy(unpack(linear(np.ones(size))))
        unpack(value)[:] = 0.0
        np.testing.assert_array_equal(unpack(linear(np.ones(size))), expected)
    value, transpose = gw.vjp(np.exp, x)
    value[:] = 0.0
    np.testing.assert_array_equal(transpose(np.ones(size))[0], np.exp(x))
    tangent = gw.linearize(np.exp, x)[1]
    first = tangent(np.ones(size))
    first[:] = 0.0  # nor on what becomes of an earlier product
    np.testing.assert_array_equal(tangent(np.ones(size)), np.exp(x))


# --- one variable -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda x: x**5, [5 * 1.3**4, 20 * 1.3**3, 60 * 1.3**2, 120 * 1.3, 120.0, 0.0]),
        (np.sin, [np.cos(1.3), -np.sin(1.3), -np.cos(1.3), np.sin(1.3), np.cos(1.3), -np.sin(1.3)]),
        (np.exp, [np.exp(1.3)] * 6),
        (np.log, [math.factorial(n - 1) * (-1) ** (n - 1) / 1.3**n for n in range(1, 7)]),
        (lambda x: 1 / x, [math.factorial(n) * (-1) ** n / 1.3 ** (n + 1) for n in range(1, 7)]),
        (np.sqrt, [math.prod(0.5 - k for k in range(n)) * 1.3 ** (0.5 - n) for n in range(1, 7)]),
        (
            lambda x: np.exp(x) * np.sin(x),
            [2 ** (n / 2) * np.exp(1.3) * np.sin(1.3 + n * np.pi / 4) for n in range(1, 7)],
        ),
    ],
)
def test_derivative_of_every_order(f, expected):
    for order, value in enumerate(expected, start=1):
        found = gw.derivative(f, order)(1.3)
        assert type(found) is float
        assert found == pytest.approx(value, rel=1e-12, abs=1e-13)
        np.testing.assert_allclose(
            gw.derivative(f, order=order)(np.array([1.3, 1.3])), [value, value], rtol=1e-12, atol=1e-13
        )


def test_derivative_of_a_curve_has_the_container_of_its_value():
    found = gw.derivative(lambda t: {"x": np.cos(t), "y": [np.sin(t), t**2]})(0.5)
    assert list(found) == ["x", "y"]
    assert found["x"] == pytest.approx(-np.sin(0.5))
    assert found["y"] == pytest.approx([np.cos(0.5), 1.0])


def test_partial_derivative_by_position_name_index_and_order():
    def f(x, y, p=1.5):
        return x**3 * y**2 * p + np.sin(x * y)

    x, y = 0.7, 1.1
    assert gw.partial_derivative(f, 0)(x, y) == pytest.approx(3 * x**2 * y**2 * 1.5 + y * np.cos(x * y))
    assert gw.partial_derivative(f, 1)(x, y) == pytest.approx(2 * x**3 * y * 1.5 + x * np.cos(x * y))
    assert gw.partial_derivative(f, "y")(x, y) == gw.partial_derivative(f, 1)(x, y)
    assert gw.partial_derivative(f, "p")(x, y) == pytest.approx(x**3 * y**2)
    assert gw.partial_derivative(f, -1)(x, y, 2.0) == pytest.approx(x**3 * y**2)
    assert gw.partial_derivative(f, "x", order=2)(x, y) == pytest.approx(6 * x * y**2 * 1.5 - y**2 * np.sin(x * y))
    mixed = 6 * x**2 * y * 1.5 + np.cos(x * y) - x * y * np.sin(x * y)
    assert gw.partial_derivative(f, ("x", "y"))(x, y) == pytest.approx(mixed)
    assert gw.partial_derivative(f, (1, 0))(x, y) == pytest.approx(mixed)
    third = 12 * x * y * 1.5 - 2 * y * np.sin(x * y) - x * y**2 * np.cos(x * y)
    assert gw.partial_derivative(f, ("x", "y"), order=(2, 1))(x, y) == pytest.approx(third)
    assert gw.partial_derivative(quadratic, 0, index=1)(X) == pytest.approx(quadratic_gradient(X)[1])
    assert gw.partial_derivative(quadratic, 0, index=-1)(X) == pytest.approx(quadratic_gradient(X)[2])
    assert gw.partial_derivative(quadratic, (0, 0), index=(0, 1))(X) == pytest.approx(quadratic_hessian(X)[0, 1])
    assert gw.partial_derivative(lambda M: np.sum(M**3), 0, index=(1, 0))(
        np.array([[1.0, 2.0], [3.0, 4.0]])
    ) == pytest.approx(27.0)


def test_directional_derivative_of_first_and_second_order():
    u = np.array([1.0, -2.0, 2.0])
    unit = u / 3
    assert gw.directional_derivative(quadratic)(X, u) == pytest.approx(quadratic_gradient(X) @ unit, rel=1e-13)
    assert gw.directional_derivative(quadratic, normalize=False)(X, u) == pytest.approx(
        quadratic_gradient(X) @ u, rel=1e-13
    )
    assert gw.directional_derivative(quadratic, 2)(X, u) == pytest.approx(unit @ quadratic_hessian(X) @ unit, rel=1e-13)
    assert gw.directional_derivative(quadratic, order=2, normalize=False)(X, u) == pytest.approx(
        u @ quadratic_hessian(X) @ u, rel=1e-13
    )
    assert gw.directional_derivative(lambda x, y: x * y)([2.0, 3.0], [0.0, 5.0]) == pytest.approx(2.0)
    assert gw.directional_derivative(lambda x, y: x * y)(np.array([2.0, 3.0]), np.array([1.0, 0.0])) == pytest.approx(
        3.0
    )
    assert gw.directional_derivative(quadratic, normalize=False)(X, np.zeros(3)) == 0.0
    huge = gw.directional_derivative(lambda x: x[0] + x[1])(np.zeros(2), np.array([1e300, 1e300]))
    assert huge == pytest.approx(math.sqrt(2))


def test_taylor_coefficients():
    np.testing.assert_allclose(gw.taylor(np.exp, 6)(0.0), [1 / math.factorial(k) for k in range(7)], rtol=1e-14)
    np.testing.assert_allclose(gw.taylor(lambda x: 1 / (1 - x), 8)(0.0), np.ones(9), rtol=1e-14)
    np.testing.assert_allclose(gw.taylor(lambda x: x**2, 0)(3.0), [9.0])
    u = np.array([0.5, 0.25, -1.0])
    found = gw.taylor(quadratic, 2)(X, u)
    np.testing.assert_allclose(
        found, [quadratic(X), quadratic_gradient(X) @ u, u @ quadratic_hessian(X) @ u / 2], rtol=1e-13
    )
    found = gw.taylor(lambda x: np.stack([x, x**2]), 3)(2.0)
    np.testing.assert_allclose(found, [[2.0, 4.0], [1.0, 4.0], [0.0, 1.0], [0.0, 0.0]])


# --- second order and fields ------------------------------------------------------------------------------------------------


def test_hessian_and_hvp():
    x = np.linspace(-1.0, 1.5, 6)
    v = np.arange(6.0)
    np.testing.assert_allclose(gw.hessian(rosen)(x), rosen_hessian(x), rtol=1e-13)
    np.testing.assert_allclose(gw.hvp(rosen)(x, v), rosen_hessian(x) @ v, rtol=1e-13)
    np.testing.assert_allclose(gw.hessian(quadratic)(X), quadratic_hessian(X), rtol=1e-13)


def test_hessian_of_two_arguments_is_a_nested_structure_of_blocks():
    x, M = np.array([1.0, 2.0]), np.array([[3.0, -1.0], [0.5, 2.0]])

    def f(x, M):
        return x @ M @ x

    (xx, xM), (Mx, MM) = gw.hessian(f, argnums=(0, 1))(x, M)
    np.testing.assert_allclose(xx, M + M.T)
    eye = np.eye(2)
    np.testing.assert_allclose(xM, np.einsum("ij,k->ijk", eye, x) + np.einsum("ik,j->ijk", eye, x))
    np.testing.assert_allclose(Mx, np.moveaxis(xM, 0, -1))
    assert MM.shape == (2, 2, 2, 2)
    assert not MM.any()


def test_hvp_of_several_arguments():
    def f(x, y):
        return x**2 * y + y**3

    assert gw.hvp(f, argnums=(0, 1))(2.0, 3.0, (1.0, -1.0)) == pytest.approx((6.0 - 4.0, 4.0 - 18.0))
    assert gw.hvp(f)((2.0, 3.0), (1.0, -1.0)) == pytest.approx((2.0, -14.0))
    assert gw.hvp(f, argnums=1)(2.0, 3.0, 1.0) == pytest.approx(18.0)


def test_divergence_curl_laplacian():
    p = np.array([0.4, -1.1, 0.8])
    x, y, z = p

    def field(v):
        return np.stack([v[0] * v[1], np.sin(v[1] * v[2]), v[2] ** 2 * v[0]])

    assert gw.divergence(field)(p) == pytest.approx(y + z * np.cos(y * z) + 2 * z * x)
    np.testing.assert_allclose(gw.curl(field)(p), [-y * np.cos(y * z), -(z**2), -x], rtol=1e-13)
    # of the same field of numbers, given as coordinates or as one point
    numbers = lambda x, y, z: (x * y, np.sin(y * z), z**2 * x)
    assert gw.divergence(numbers)(x, y, z) == pytest.approx(gw.divergence(field)(p))
    assert gw.divergence(numbers)(p) == pytest.approx(gw.divergence(field)(p))
    np.testing.assert_allclose(gw.curl(numbers)(x, y, z), gw.curl(field)(p), rtol=1e-13)
    assert gw.curl(lambda x, y: (-y * x, x**2))(2.0, 3.0) == pytest.approx(4.0 + 2.0)
    # 1/r is harmonic; a gradient has no curl; a curl has no divergence
    assert gw.laplacian(lambda v: 1 / np.sqrt(np.sum(v**2)))(p) == pytest.approx(0.0, abs=1e-13)
    np.testing.assert_allclose(gw.curl(gw.grad(lambda v: v[0] * v[1] ** 2 * np.exp(v[2])))(p), 0.0, atol=1e-14)
    assert gw.divergence(gw.curl(field))(p) == pytest.approx(0.0, abs=1e-13)
    assert gw.divergence(gw.grad(quadratic))(X) == pytest.approx(gw.laplacian(quadratic)(X))
    assert gw.laplacian(lambda x, y: x**2 * y**3)(1.0, 2.0) == pytest.approx(28.0)
    assert gw.laplacian(lambda x: x**4)(2.0) == pytest.approx(48.0)
    assert gw.divergence(lambda x: x**2)(3.0) == pytest.approx(6.0)


# --- vmap -------------------------------------------------------------------------------------------------------------------


def test_vmap_equals_a_loop():
    xs = np.random.default_rng(0).standard_normal((5, 3))
    np.testing.assert_allclose(gw.vmap(quadratic)(xs), [quadratic(x) for x in xs], rtol=1e-14)
    np.testing.assert_allclose(gw.vmap(gw.grad(quadratic))(xs), [quadratic_gradient(x) for x in xs], rtol=1e-13)
    np.testing.assert_allclose(gw.vmap(gw.hessian(quadratic))(xs), [quadratic_hessian(x) for x in xs], rtol=1e-13)


def test_vmap_axes_containers_and_shared_arguments():
    xs = np.random.default_rng(0).standard_normal((3, 5))
    w = np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(gw.vmap(lambda x, w: x @ w, in_axes=(1, None))(xs, w), w @ xs, rtol=1e-14)
    out = gw.vmap(lambda x: 2 * x, in_axes=1, out_axes=1)(xs)
    np.testing.assert_array_equal(out, 2 * xs)
    out = gw.vmap(lambda p: {"s": p["a"] + p["b"], "k": 7.0})({"a": xs, "b": xs})
    np.testing.assert_array_equal(out["s"], 2 * xs)
    np.testing.assert_array_equal(out["k"], np.full(3, 7.0))


def test_vmap_of_branches_and_of_what_cannot_be_traced():
    xs = np.array([-2.0, 0.5, 3.0])
    np.testing.assert_array_equal(gw.vmap(lambda x: x**2 if x > 0 else -x)(xs), [2.0, 0.25, 9.0])
    np.testing.assert_allclose(gw.vmap(lambda x: np.float64(math.exp(x)))(xs), np.exp(xs))

    def newton(x):
        y = 1.0
        while abs(y * y - x) > 1e-12:
            y = (y + x / y) / 2
        return y

    ys = np.array([0.5, 2.0, 100.0])
    np.testing.assert_allclose(gw.vmap(newton)(ys), np.sqrt(ys), rtol=1e-12)
    np.testing.assert_allclose(gw.vmap(gw.grad(newton))(ys), 0.5 / np.sqrt(ys), rtol=1e-9)
