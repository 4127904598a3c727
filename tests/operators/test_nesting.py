"""Operators inside operators, in any combination and to any order; no perturbation of one is taken for that of another."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest
import scipy.special
import scipy.stats

import gradwise as gw

X = np.array([0.4, -0.9, 1.3])


def f(x):
    return np.sum(x**3) * x[0] + np.prod(np.sin(x))


def g(x):
    return np.sin(x) * x**2


# derivatives of g by hand
G = [
    lambda x: np.sin(x) * x**2,
    lambda x: np.cos(x) * x**2 + 2 * x * np.sin(x),
    lambda x: -np.sin(x) * x**2 + 4 * x * np.cos(x) + 2 * np.sin(x),
    lambda x: -np.cos(x) * x**2 - 6 * x * np.sin(x) + 6 * np.cos(x),
    lambda x: np.sin(x) * x**2 - 8 * x * np.cos(x) - 12 * np.sin(x),
]

ONCE = {
    "grad": lambda h: gw.grad(h),
    "derivative": lambda h: gw.derivative(h),
    "jacfwd": lambda h: gw.jacfwd(h),
    "jacrev": lambda h: gw.jacrev(h),
    "jvp": lambda h: lambda x: gw.jvp(h, (x,), (1.0,))[1],
    "vjp": lambda h: lambda x: gw.vjp(h, x)[1](1.0)[0],
    "linearize": lambda h: lambda x: gw.linearize(h, x)[1](1.0),
    "value_and_grad": lambda h: lambda x: gw.value_and_grad(h)(x)[1],
    "partial_derivative": lambda h: gw.partial_derivative(h, 0),
    "directional_derivative": lambda h: lambda x: gw.directional_derivative(h, normalize=False)(x, 1.0),
    "taylor": lambda h: lambda x: gw.taylor(h, 1)(x)[1],
    "divergence": lambda h: gw.divergence(h),
    "vmap of grad": lambda h: lambda x: gw.vmap(gw.grad(h))(np.stack([x, 2 * x]))[0],
    "grad of vmap": lambda h: gw.grad(lambda x: gw.vmap(h)(np.stack([x, 2.0]))[0]),
}
TWICE = {
    "hessian": lambda h: gw.hessian(h),
    "hvp": lambda h: lambda x: gw.hvp(h)(x, 1.0),
    "laplacian": lambda h: gw.laplacian(h),
    "derivative 2": lambda h: gw.derivative(h, 2),
    "taylor 2": lambda h: lambda x: 2 * gw.taylor(h, 2)(x)[2],
    "directional 2": lambda h: lambda x: gw.directional_derivative(h, 2)(x, 1.0),
    "partial 2": lambda h: gw.partial_derivative(h, 0, order=2),
}


@pytest.mark.parametrize(("outer", "inner"), list(itertools.product(ONCE, ONCE)))
def test_first_order_of_first_order(outer, inner):
    x = 0.7
    assert ONCE[outer](ONCE[inner](g))(x) == pytest.approx(G[2](x), rel=1e-12)


@pytest.mark.parametrize(("one", "two"), list(itertools.product(ONCE, TWICE)))
def test_third_order_both_ways(one, two):
    x = 0.7
    assert ONCE[one](TWICE[two](g))(x) == pytest.approx(G[3](x), rel=1e-12)
    assert TWICE[two](ONCE[one](g))(x) == pytest.approx(G[3](x), rel=1e-12)


@pytest.mark.parametrize(("outer", "inner"), list(itertools.product(TWICE, TWICE)))
def test_fourth_order(outer, inner):
    x = 0.7
    assert TWICE[outer](TWICE[inner](g))(x) == pytest.approx(G[4](x), rel=1e-11)


def test_grad_of_grad_of_grad_of_grad():
    h = g
    for order in range(1, 5):
        h = gw.grad(h)
        assert h(0.7) == pytest.approx(G[order](0.7), rel=1e-12)


def test_the_jacobian_of_the_gradient_is_the_hessian():
    H = gw.hessian(f)(X)
    np.testing.assert_allclose(H, H.T, rtol=1e-12, atol=1e-14)
    for operator in (gw.jacobian, gw.jacfwd, gw.jacrev):
        np.testing.assert_allclose(operator(gw.grad(f))(X), H, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(operator(operator(f))(X), H, rtol=1e-12, atol=1e-14)
    v = np.array([1.0, -2.0, 0.5])
    np.testing.assert_allclose(gw.grad(lambda x: gw.grad(f)(x) @ v)(X), H @ v, rtol=1e-12)
    np.testing.assert_allclose(gw.grad(lambda x: gw.jvp(f, (x,), (v,))[1])(X), H @ v, rtol=1e-12)
    np.testing.assert_allclose(gw.jvp(gw.grad(f), (X,), (v,))[1], H @ v, rtol=1e-12)
    np.testing.assert_allclose(gw.vjp(gw.grad(f), X)[1](v)[0], H @ v, rtol=1e-12)
    np.testing.assert_allclose(gw.linearize(gw.grad(f), X)[1](v), H @ v, rtol=1e-12)


@pytest.mark.slow
def test_third_order_of_arrays():
    v, w = np.array([1.0, -2.0, 0.5]), np.array([0.3, 0.1, -0.7])

    def tensor(x, eps=1e-4):  # central difference of the Hessian, of our own second order
        return np.stack(
            [(gw.hessian(f)(x + eps * e) - gw.hessian(f)(x - eps * e)) / (2 * eps) for e in np.eye(3)], axis=-1
        )

    T = tensor(X)
    np.testing.assert_allclose(gw.jacobian(gw.hessian(f))(X), T, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(gw.grad(lambda x: gw.hvp(f)(x, v) @ w)(X), np.einsum("ijk,i,j->k", T, v, w), rtol=1e-6)
    np.testing.assert_allclose(
        gw.grad(lambda x: gw.hvp(lambda z: gw.jvp(f, (z,), (w,))[1])(x, v) @ w)(X),
        gw.grad(lambda x: gw.grad(lambda y: gw.grad(lambda z: gw.grad(f)(z) @ w)(y) @ v)(x) @ w)(X),
        rtol=1e-11,
    )
    np.testing.assert_allclose(
        gw.hessian(lambda x: gw.grad(f)(x) @ w)(X), np.einsum("ijk,k->ij", T, w), rtol=1e-6, atol=1e-7
    )


def test_vmap_and_grad_in_every_order():
    xs = np.random.default_rng(0).standard_normal((4, 3))
    W = np.random.default_rng(1).standard_normal((3,))
    per_example = gw.vmap(gw.grad(lambda w, x: np.tanh(w @ x) ** 2), in_axes=(None, 0))(W, xs)
    np.testing.assert_allclose(per_example, [gw.grad(lambda w, x=x: np.tanh(w @ x) ** 2)(W) for x in xs], rtol=1e-12)
    total = gw.grad(lambda w: np.sum(gw.vmap(lambda x: np.tanh(w @ x) ** 2)(xs)))(W)
    np.testing.assert_allclose(total, per_example.sum(axis=0), rtol=1e-12)
    np.testing.assert_allclose(gw.vmap(gw.hessian(f))(xs), [gw.hessian(f)(x) for x in xs], rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(
        gw.hessian(lambda w: np.sum(gw.vmap(lambda x: np.tanh(w @ x) ** 2)(xs)))(W),
        sum(gw.hessian(lambda w, x=x: np.tanh(w @ x) ** 2)(W) for x in xs),
        rtol=1e-11,
    )
    np.testing.assert_allclose(gw.vmap(gw.vmap(gw.grad(g)))(xs), G[1](xs), rtol=1e-12)
    np.testing.assert_allclose(gw.jacobian(gw.vmap(g))(X), np.diag(G[1](X)), rtol=1e-12)


# --- perturbation confusion ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outer", [gw.grad, gw.derivative, gw.jacfwd, gw.jacrev])
@pytest.mark.parametrize("inner", [gw.grad, gw.derivative, gw.jacfwd, gw.jacrev])
def test_siskind_and_pearlmutter(outer, inner):
    # "Perturbation confusion and referential transparency" (2005): d/dx [x · d/dy (x + y)|₁] at 1 is 1, not 2
    assert outer(lambda x: x * inner(lambda y: x + y)(1.0))(1.0) == 1.0
    assert outer(lambda x: x * inner(lambda y: x * y)(1.0))(3.0) == 6.0
    assert outer(lambda x: inner(lambda y: x * y**2)(x))(3.0) == pytest.approx(12.0)
    assert outer(lambda x: inner(lambda y: x**2)(1.0) + x)(3.0) == 1.0


def test_manzyuk_and_others():
    # "Perturbation confusion in forward automatic differentiation of higher-order functions" (2019), section 4: the amazing bug.
    # s(u)(f)(x) = f(x + u); D s at 0, applied twice to exp at 0, is exp(0) = 1 and not 0
    def shift(u):
        return lambda h: lambda x: h(x + u)

    def D_shift(h):
        return lambda x: gw.jvp(lambda u: shift(u)(h)(x), (0.0,), (1.0,))[1]

    assert D_shift(D_shift(np.exp))(0.0) == pytest.approx(1.0)


def test_three_levels_of_closures():
    def outer(x):
        def middle(y):
            def inner(z):
                return x * y**2 * z**3

            return gw.grad(inner)(x * y)  # 3 x y² (xy)² = 3 x³ y⁴

        return gw.grad(middle)(x)  # 12 x³ x³

    assert gw.grad(outer)(1.2) == pytest.approx(72 * 1.2**5)


def test_inner_functions_close_over_traced_arrays_and_scalars():
    def outer(x):
        a, s = x[:2] * 2, x[2]
        inner = gw.grad(lambda z: np.sum(a * z**2) * s)
        return np.sum(inner(np.array([1.0, 3.0])))  # Σ 2 a z s = 4 s (x₀ + 3 x₁)

    np.testing.assert_allclose(gw.grad(outer)(X), [4 * X[2], 12 * X[2], 4 * (X[0] + 3 * X[1])], rtol=1e-13)
    np.testing.assert_allclose(gw.hessian(outer)(X), [[0, 0, 4.0], [0, 0, 12.0], [4.0, 12.0, 0]], rtol=1e-13)


def test_results_of_an_inner_operator_used_with_assignment():
    def outer(x):
        y = gw.grad(lambda z: np.sum(z**3))(x)  # 3x²
        y[0] = x[1] * y[1]  # 3 x₁³
        y[1:] *= 2.0
        H = gw.jacobian(lambda z: z**2)(x)
        H[0, 1] = y[0]
        return np.sum(y) + np.sum(H)  # 2·3x₁³ + 6x₁² + 6x₂² + 2Σx

    expected = np.array([2.0, 18 * X[1] ** 2 + 12 * X[1] + 2, 12 * X[2] + 2])
    np.testing.assert_allclose(gw.grad(outer)(X), expected, rtol=1e-13)


def test_inner_functions_write_to_arrays_of_their_own_and_of_outer_functions():
    def outer(x):
        def inner(z):
            buffer = np.zeros_like(z)
            for i in range(3):
                buffer[i] = z[i] * x[i] ** 2
            return np.sum(buffer**2)

        return np.sum(gw.grad(inner)(x))  # Σ 2 z x⁴ at z = x

    np.testing.assert_allclose(gw.grad(outer)(X), 10 * X**4, rtol=1e-12)

    def misplaced(x):
        held = x * 1.0

        def inner(z):
            held[0] = z[0]
            return np.sum(held * z)

        return np.sum(gw.grad(inner)(x))

    with pytest.raises(gw.TracingError, match="Return the value instead"):
        gw.grad(misplaced, method="exact")(X)


def test_closures_of_linearize_and_vjp_under_an_outer_trace():
    v = np.array([1.0, 2.0, -1.0])
    _, linear = gw.linearize(np.sin, X)
    np.testing.assert_allclose(gw.grad(lambda u: np.sum(linear(u) ** 2))(v), 2 * np.cos(X) ** 2 * v, rtol=1e-13)
    np.testing.assert_allclose(gw.jacobian(linear)(v), np.diag(np.cos(X)), rtol=1e-13)
    _, transpose = gw.vjp(np.sin, X)
    np.testing.assert_allclose(gw.jacobian(lambda u: transpose(u)[0])(v), np.diag(np.cos(X)), rtol=1e-13)

    def made_inside(x):
        _, linear = gw.linearize(np.sin, x)
        _, transpose = gw.vjp(np.cos, x)
        return np.sum(linear(x) * transpose(v)[0])  # Σ x cos x · (−v sin x)

    np.testing.assert_allclose(gw.grad(made_inside)(X), -v * (np.sin(X) * np.cos(X) + X * np.cos(2 * X)), rtol=1e-12)


def test_a_closure_made_in_an_earlier_trace_keeps_only_its_value():
    kept = []

    def once(x):
        kept.append(gw.linearize(np.sin, x)[1])
        return x

    gw.grad(once)(0.5)
    assert kept[0](2.0) == pytest.approx(2 * np.cos(0.5))
    assert gw.grad(lambda u: kept[0](u) ** 2)(2.0) == pytest.approx(2 * 2.0 * np.cos(0.5) ** 2)


def test_an_implicit_function():
    # x(a) solves x + a sin x = 1 by Newton's method with inner derivatives
    def solve(a):
        x = 1.0
        F = lambda x: x + a * np.sin(x) - 1.0
        for _ in range(20):
            x = x - F(x) / gw.grad(F)(x)
        return x

    a = 0.6
    x = solve(a)
    assert gw.grad(solve)(a) == pytest.approx(-np.sin(x) / (1 + a * np.cos(x)), rel=1e-10)


def test_gradient_descent_differentiated_with_respect_to_its_step():
    A = np.array([[2.0, 0.3], [0.3, 1.0]])

    def after(step, n=5):
        w = np.array([1.0, -1.0])
        for _ in range(n):
            w = w - step * gw.grad(lambda w: w @ A @ w / 2)(w)
        return w @ A @ w / 2

    s = 0.2
    M = np.eye(2) - s * A
    w = np.linalg.matrix_power(M, 5) @ np.array([1.0, -1.0])
    dw = -5 * A @ np.linalg.matrix_power(M, 4) @ np.array([1.0, -1.0])
    assert gw.grad(after)(s) == pytest.approx(w @ A @ dw, rel=1e-12)


def test_derivative_operators_inside_vmap_that_close_over_the_batch():
    xs = np.array([0.5, 1.0, 2.0])
    found = gw.vmap(lambda x: gw.grad(lambda y: x * y**2)(3.0))(xs)
    np.testing.assert_allclose(found, 6 * xs)
    found = gw.vmap(lambda x: gw.vmap(lambda y: x * y)(xs))(xs)
    np.testing.assert_allclose(found, np.outer(xs, xs))


# --- values that leave their trace ----------------------------------------------------------------------------------------------


def test_a_value_that_leaked_from_an_inner_function_is_right_or_refused():
    x = 0.7

    def plainly(x):  # the inner run sees no outer value but x itself as its argument
        kept = []

        def inner(y):
            kept.append(y**3)
            return y**2

        gw.grad(inner)(x)
        return kept[0] * 2.0

    def closed_over(x):
        kept = []

        def inner(y):
            kept.append(x * y)
            return y**2

        gw.grad(inner)(1.0)
        return kept[0] ** 2

    for leaking, expected in ((plainly, 6 * x**2), (closed_over, 2 * x)):
        try:
            found = gw.grad(leaking, method="exact")(x)
        except gw.TracingError as error:
            assert "has_aux=True" in str(error)  # noqa: PT017 - a refusal and the right number are both right
        else:
            assert found == pytest.approx(expected)


def test_a_value_that_leaked_and_depends_on_nothing_outside_is_a_number():
    kept = []

    def inner(y):
        kept.append(y**3)
        return y**2

    gw.grad(inner)(2.0)
    assert kept[0] * 2.0 == 16.0
    assert gw.grad(lambda x: x * kept[0])(5.0) == 8.0
    assert gw.grad(lambda x: x * gw.grad(inner)(2.0) * kept[-1])(5.0) == 32.0


@pytest.mark.parametrize("kind", [float, np.float64])
@pytest.mark.parametrize("inner", [*ONCE, *TWICE])
def test_an_inner_derivative_is_a_number_of_the_kind_that_it_is_alone(inner, kind):
    derivative = {**ONCE, **TWICE}[inner](g)
    x = kind(0.7)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        value, _ = gw.jvp(derivative, (x,), (kind(1.0),))
    assert type(value) is type(derivative(x))


@pytest.mark.parametrize("kind", [float, np.float64])
@pytest.mark.parametrize("inner", list(ONCE))
def test_an_inner_derivative_under_another_name_is_not_changed_with_it(inner, kind):
    derivative = ONCE[inner](g)

    def step(x):
        slope = derivative(x)
        moved = slope
        moved += 1.0
        return moved * slope

    x = kind(0.7)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        slope = gw.grad(step)(x)
    assert slope == pytest.approx((2 * G[1](x) + 1) * G[2](x), rel=1e-12)


KINDS = {
    "sum of a number": np.sum,
    "norm of a number": np.linalg.norm,
    "copy": np.copy,
    "array": np.asarray,
    "rank 0": lambda x: np.reshape(x * x, ()),
    "density": lambda x: scipy.stats.norm.pdf(x),
    "Bessel": np.i0,
    "combinations": lambda x: scipy.special.comb(x, 2),
    "own numbers": lambda x: x * 3.0,
}


@pytest.mark.parametrize("name", KINDS)
def test_values_and_tangents_of_inner_derivatives_have_the_kinds_that_they_have_alone(name):
    def inner(x):
        return gw.jvp(KINDS[name], (x,), (1.0,))

    outer, _ = gw.jvp(inner, (1.3,), (1.0,))
    assert [type(v) for v in outer] == [type(v) for v in inner(1.3)]


@pytest.mark.parametrize("x", [1.3, np.float64(1.3), np.array(1.3)], ids=["Python", "NumPy", "rank 0"])
def test_inner_gradients_have_the_kind_of_their_argument(x):
    def inner(x):
        return gw.grad(lambda y: y**3)(x), gw.vjp(lambda y: y * y, x)[1](1.0)[0]

    outer, _ = gw.jvp(inner, (x,), (np.ones_like(x)[()],))
    assert [type(v) for v in outer] == [type(v) for v in inner(x)]
