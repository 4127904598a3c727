"""Functions with derivatives of their own, inside every operator."""

from __future__ import annotations

import math

import numpy as np
import pytest

import gradwise as gw

X = np.array([0.3, -1.2, 2.5])


def opaque_sin(x):
    """np.sin through math, which no trace can see."""
    return np.vectorize(math.sin)(x) if np.ndim(x) else math.sin(x)


def jvp_only():
    @gw.custom_rule
    def f(x):
        return opaque_sin(x)

    @f.jvp
    def _(primals, tangents):
        return np.cos(primals[0]) * tangents[0]

    return f


def vjp_only():
    @gw.custom_rule
    def f(x):
        return opaque_sin(x)

    @f.vjp
    def _(primals, cotangent):
        return np.cos(primals[0]) * cotangent

    return f


def both():
    return gw.custom_rule(opaque_sin, jvp=lambda p, t: np.cos(p[0]) * t[0], vjp=lambda p, c: (np.cos(p[0]) * c,))


RULES = {"jvp": jvp_only, "vjp": vjp_only, "both": both}


@pytest.fixture(params=RULES.values(), ids=RULES)
def f(request):
    return request.param()


def test_plain_calls_are_plain(f):
    assert f(0.5) == math.sin(0.5)
    np.testing.assert_array_equal(f(X), np.sin(X))
    assert type(f(X)) is np.ndarray


def test_every_operator(f):
    g = lambda x: np.sum(f(x) * x)
    d1 = np.cos(X) * X + np.sin(X)
    d2 = 2 * np.cos(X) - X * np.sin(X)
    u = np.array([1.0, -2.0, 0.5])
    np.testing.assert_allclose(gw.grad(g)(X), d1, rtol=1e-14)
    np.testing.assert_allclose(gw.jvp(g, (X,), (u,))[1], d1 @ u, rtol=1e-13)
    np.testing.assert_allclose(gw.vjp(f, X)[1](u)[0], np.cos(X) * u, rtol=1e-14)
    np.testing.assert_allclose(gw.linearize(f, X)[1](u), np.cos(X) * u, rtol=1e-14)
    for operator in (gw.jacobian, gw.jacfwd, gw.jacrev):
        np.testing.assert_allclose(operator(f)(X), np.diag(np.cos(X)), rtol=1e-14)
    np.testing.assert_allclose(gw.hessian(g)(X), np.diag(d2), rtol=1e-13)
    np.testing.assert_allclose(gw.hvp(g)(X, u), d2 * u, rtol=1e-13)
    assert gw.laplacian(g)(X) == pytest.approx(np.sum(d2))
    assert gw.derivative(f)(0.5) == pytest.approx(math.cos(0.5))
    assert gw.derivative(f, 2)(0.5) == pytest.approx(-math.sin(0.5))
    assert gw.derivative(f, 3)(0.5) == pytest.approx(-math.cos(0.5))
    np.testing.assert_allclose(gw.derivative(f, 2)(X), -np.sin(X), rtol=1e-13)
    np.testing.assert_allclose(
        gw.taylor(f, 3)(0.5), [math.sin(0.5), math.cos(0.5), -math.sin(0.5) / 2, -math.cos(0.5) / 6], rtol=1e-13
    )
    assert gw.partial_derivative(g, 0, index=1)(X) == pytest.approx(d1[1])
    assert gw.directional_derivative(g, 2, normalize=False)(X, u) == pytest.approx(d2 @ u**2)
    assert gw.divergence(f)(X) == pytest.approx(np.sum(np.cos(X)))


@pytest.mark.slow
def test_nested_to_third_order(f):
    h = f
    for k, expected in enumerate([math.cos, lambda x: -math.sin(x), lambda x: -math.cos(x), math.sin]):
        h = gw.grad(h)
        assert h(0.5) == pytest.approx(expected(0.5)), k
    np.testing.assert_allclose(
        gw.grad(lambda x: np.sum(gw.grad(lambda y: np.sum(f(y) * x))(x)))(X), np.cos(X) - X * np.sin(X), rtol=1e-12
    )
    np.testing.assert_allclose(gw.jacobian(gw.hessian(lambda x: np.sum(f(x))))(X)[0, 0, 0], -np.cos(X[0]), rtol=1e-12)
    np.testing.assert_allclose(
        gw.grad(lambda x: gw.jvp(f, (x,), (x,))[1])(0.5), math.cos(0.5) - 0.5 * math.sin(0.5), rtol=1e-12
    )


def test_vmap(f):
    xs = np.linspace(0.1, 1.0, 4)
    np.testing.assert_allclose(gw.vmap(f)(xs), np.sin(xs), rtol=1e-15)
    np.testing.assert_allclose(gw.vmap(gw.grad(f))(xs), np.cos(xs), rtol=1e-14)
    np.testing.assert_allclose(gw.grad(lambda x: np.sum(gw.vmap(f)(x * xs)))(1.0), np.sum(np.cos(xs) * xs), rtol=1e-13)
    np.testing.assert_allclose(gw.vmap(gw.hessian(lambda x: np.sum(f(x))))(X[None]), [np.diag(-np.sin(X))], rtol=1e-13)


def test_the_rule_is_followed_and_not_the_function():
    @gw.custom_rule
    def f(x):
        return x**2

    @f.vjp
    def _(primals, cotangent):
        return 100.0 * cotangent  # on purpose not the derivative

    assert gw.grad(f)(3.0) == 100.0
    assert gw.jvp(f, (3.0,), (2.0,)) == (9.0, 200.0)
    assert gw.grad(gw.grad(f))(3.0) == 0.0


def test_several_arguments_values_and_containers():
    @gw.custom_rule
    def polar(p, shift, scale=1.0):
        return {"x": scale * p["r"] * np.cos(p["a"]) + shift, "y": [scale * p["r"] * np.sin(p["a"])]}

    @polar.jvp
    def _(primals, tangents, scale=1.0):
        (p, _), (dp, dshift) = primals, tangents
        r, a, dr, da = p["r"], p["a"], dp["r"], dp["a"]
        return {
            "x": scale * (dr * np.cos(a) - r * np.sin(a) * da) + dshift,
            "y": [scale * (dr * np.sin(a) + r * np.cos(a) * da)],
        }

    p = {"r": 2.0, "a": 0.6}

    def f(p, s):
        out = polar(p, s, scale=3.0)
        return out["x"] ** 2 + out["y"][0] ** 2

    for operator in (gw.grad, gw.jacobian, gw.jacfwd):
        g, gs = operator(f, (0, 1))(p, 0.0)
        assert g["r"] == pytest.approx(9 * 2 * 2.0)
        assert g["a"] == pytest.approx(0.0, abs=1e-12)
        assert gs == pytest.approx(2 * 3 * 2.0 * math.cos(0.6))
    assert gw.hessian(f)(p, 0.0)["r"]["r"] == pytest.approx(18.0)


def test_none_is_zero_and_counts_and_shapes_are_checked():
    @gw.custom_rule
    def first(x, y):
        return x * 2.0

    first.vjp(lambda primals, c: (2.0 * c, None))
    assert gw.grad(first, (0, 1))(1.0, 5.0) == (2.0, 0.0)
    first.vjp(lambda primals, c: (2.0 * c,))
    with pytest.raises(
        gw.RuleError, match=r"the vjp rule of first returned 1 cotangents\. 2, one for each argument, are required"
    ):
        gw.grad(first)(1.0, 5.0)
    bad = gw.custom_rule(lambda x: x * 2.0, vjp=lambda p, c: np.ones(3))
    with pytest.raises(gw.RuleError, match=r"returned shape \(3,\)\. The shape of the argument, \(2,\), is required"):
        gw.grad(lambda x: np.sum(bad(x)))(np.ones(2))
    bad = gw.custom_rule(lambda x: x * 2.0, jvp=lambda p, t: 1j * t[0])
    with pytest.raises(gw.RuleError, match="complex numbers for a real value"):
        gw.grad(bad)(1.0)
    missing = gw.custom_rule(lambda x: x * 2.0)
    with pytest.raises(gw.RuleError, match=r"without a rule. A jvp or a vjp is required"):
        gw.grad(missing)(1.0)
    with pytest.raises(gw.InputError, match="A function is required"):
        gw.custom_rule(lambda x: x, jvp=3)


def test_methods_decorator_arguments_and_names():
    class Layer:
        k = 3.0

        @gw.custom_rule
        def scale(self, x):
            """Scale x."""
            return float(self.k) * np.asarray(x)[()]

        @scale.jvp
        def _(primals, tangents):  # noqa: N805 - the object is the first of the primals
            self, _ = primals
            return self.k * tangents[1]

    layer = Layer()
    assert gw.grad(layer.scale)(2.0) == 3.0
    np.testing.assert_array_equal(gw.grad(lambda x: np.sum(layer.scale(x)))(X), [3.0, 3.0, 3.0])

    @gw.custom_rule(jvp=lambda p, t: 2 * p[0] * t[0])
    def square(x):
        """The square."""
        return float(x) ** 2

    assert square.__name__ == "square"
    assert square.__doc__ == "The square."
    assert gw.grad(square)(4.0) == 8.0
    assert repr(square) == "<gradwise.custom_rule square>"


def test_single_precision_and_integers():
    f = both()
    x = X.astype(np.float32)
    g = gw.grad(lambda x: np.sum(f(x).astype(np.float32)))(x)
    assert g.dtype == np.float32
    np.testing.assert_allclose(g, np.cos(X), rtol=1e-6)

    @gw.custom_rule
    def power(x, n):
        return x**n

    power.jvp(lambda p, t: p[1] * p[0] ** (p[1] - 1) * t[0])
    assert gw.grad(lambda x: power(x, 3))(2.0) == 12.0


def test_state_and_effects():
    calls = []

    @gw.custom_rule
    def logged(x):
        calls.append(type(x))
        return 2.0 * x

    logged.jvp(lambda p, t: 2.0 * t[0])
    gw.grad(lambda x: logged(x) + 1)(3.0)
    assert len(calls) == 1
    assert calls[0] in (float, np.float64)

    @gw.custom_rule
    def writes(x):
        x[0] = 100.0
        return np.sum(x)

    writes.jvp(lambda p, t: np.sum(t[0]))
    with pytest.raises(gw.TracingError, match="must leave its arguments as they are"):
        gw.grad(writes, method="exact")(np.ones(2))


def test_rules_may_close_over_values_that_change():
    k = 1.0
    f = gw.custom_rule(lambda x: k * x, jvp=lambda p, t: k * t[0])
    g = gw.grad(lambda x: f(x) * 1.0)
    assert g(2.0) == 1.0
    k = 5.0
    assert g(2.0) == 5.0


def test_rules_that_close_over_an_outer_value():
    def outer(a):
        f = gw.custom_rule(
            lambda x: math.exp(float(np.real_if_close(plain(a) * plain(x)))),
            jvp=lambda p, t: a * np.exp(a * p[0]) * t[0],
        )
        return gw.grad(f)(0.5)

    def plain(v):
        return v.shown() if hasattr(v, "shown") else v

    # the derivative of the rule with respect to a is seen: d/da a exp(a/2)
    assert gw.grad(outer)(1.2) == pytest.approx(math.exp(0.6) * (1 + 0.6))


def test_an_implicit_function_by_its_rule():
    @gw.custom_rule
    def root(a):  # x + exp x = a, solved with plain numbers
        x = 0.0
        for _ in range(50):
            x -= (x + math.exp(x) - a) / (1 + math.exp(x))
        return x

    @root.jvp
    def _(primals, tangents):
        return tangents[0] / (1 + np.exp(root(primals[0])))

    a = 2.0
    x = root(a)
    d1 = 1 / (1 + math.exp(x))
    d2 = -math.exp(x) * d1**3
    assert gw.grad(root)(a) == pytest.approx(d1)
    assert gw.hessian(root)(a) == pytest.approx(d2)
    assert gw.derivative(root, 2)(a) == pytest.approx(d2)
    assert gw.grad(gw.grad(root))(a) == pytest.approx(d2)
