"""``scipy.integrate``'s integrals of functions: derivatives against closed forms, values against SciPy's."""

import math

import numpy as np
import pytest
import scipy.integrate
import scipy.special

import gradwise as gw
from gradwise.errors import TracingError
from gradwise.tracing.standins import gauss_kronrod

quad = scipy.integrate.quad
X = np.array([0.7, 1.3])


def check(f, x, gradient, hessian=None, tolerance=1e-11, second=1e-10):
    value, got = gw.value_and_grad(f, method="exact")(x)
    assert value == f(x)
    np.testing.assert_allclose(got, gradient, rtol=tolerance, atol=tolerance)
    if hessian is not None:
        np.testing.assert_allclose(gw.hessian(f, method="exact")(x), hessian, rtol=second, atol=second)
    u = np.cos(np.arange(np.size(x))).reshape(np.shape(x))
    np.testing.assert_allclose(
        gw.jvp(f, (x,), (u,), method="exact")[1], np.sum(gradient * u), rtol=tolerance, atol=tolerance
    )


def test_the_rule_is_gauss_kronrod():
    for k in range(32):
        exact = (1 + (-1) ** k) / (k + 1)
        assert math.isclose(np.dot(gauss_kronrod.KRONROD, gauss_kronrod.NODES**k), exact, abs_tol=1e-15)
        if k < 20:
            assert math.isclose(np.dot(gauss_kronrod.GAUSS, gauss_kronrod.NODES**k), exact, abs_tol=1e-15)


def decay(x):
    return quad(lambda t: np.exp(-x[0] * t), 0, x[1])[0]


def test_parameter_and_limit():
    a, b = X
    e = math.exp(-a * b)
    check(
        decay,
        X,
        [(b * e * a - (1 - e)) / a**2, e],
        [[2 * (1 - e) / a**3 - 2 * b * e / a**2 - b * b * e / a, -b * e], [-b * e, -a * e]],
    )


@pytest.mark.parametrize("low", [-1.0, 0.2, 2.0])
def test_both_limits(low):
    def f(x):
        return quad(math.cos, x[0], x[1])[0]

    x = np.array([low, 1.1])
    check(f, x, [-math.cos(low), math.cos(1.1)], [[math.sin(low), 0], [0, -math.sin(1.1)]])


def test_a_limit_twice():
    def f(x):
        return quad(lambda t: t * t, -x, x)[0]

    check(f, 1.5, 2 * 1.5**2, 4 * 1.5)
    check(lambda x: quad(lambda t: t * t, x, x)[0], 1.5, 0.0, 0.0)


def test_infinite_ranges():
    def gaussian(s):
        return quad(lambda t: math.exp(-t * t / (2 * s * s)), -np.inf, np.inf)[0]

    def above(s):
        return quad(lambda t: math.exp(-t * s), s, np.inf)[0]

    def below(s):
        return quad(lambda t: np.exp(t * s), -np.inf, s)[0]

    check(gaussian, 1.3, math.sqrt(2 * math.pi), 0.0)
    for sign, f in ((-1, above), (1, below)):
        s = 1.3
        e = math.exp(sign * s * s)
        check(f, s, e * (2 * sign - 1 / s**2), e * (4 * s + 2 / s**3 - 2 * sign / s))


def test_backwards():
    check(lambda s: quad(lambda t: math.exp(-t * s), 2.0, 0.0)[0], 1.0, 1 - 3 * math.exp(-2))
    check(lambda s: quad(lambda t: math.exp(-t * s), np.inf, 0.0)[0], 2.0, 1 / 4, -2 / 8)


def test_arguments():
    def f(x):
        return quad(lambda t, a, b: a * t**b, 0, 1, args=(x[0], x[1]))[0]

    a, b = X
    check(f, X, [1 / (b + 1), -a / (b + 1) ** 2], [[0, -1 / (b + 1) ** 2], [-1 / (b + 1) ** 2, 2 * a / (b + 1) ** 3]])
    check(lambda s: quad(lambda t, a: a * t, 0, 1, args=(s,))[0], 2.0, 0.5, 0.0)
    check(lambda s: quad(lambda t, a: a * t, 0, 1, args=s)[0], 2.0, 0.5, 0.0)


def test_the_error_function():
    def f(x):
        return 2 / math.sqrt(math.pi) * quad(lambda t: np.exp(-t * t), 0, x)[0]

    e = 2 / math.sqrt(math.pi) * math.exp(-0.64)
    check(f, 0.8, e, -1.6 * e)
    assert math.isclose(gw.grad(f, method="exact")(0.8), e)


def test_a_kink_and_a_break_point():
    def f(x):
        return quad(lambda t: abs(t - x), 0, 1)[0]

    def divided(x):
        return quad(lambda t: abs(t - x), 0, 1, points=[0.3])[0]

    np.testing.assert_allclose(gw.grad(f, method="exact")(0.7123), 2 * 0.7123 - 1, rtol=1e-12)
    check(divided, 0.3, -0.4)


def test_algebraic_singularities():
    def f(s):
        return quad(lambda t: t**s, 0, 1)[0]

    check(f, 0.5, -1 / 1.5**2, tolerance=1e-8)
    check(f, -0.5, -1 / 0.5**2, tolerance=1e-8)


def test_too_singular_is_refused():
    def f(s):
        return quad(lambda t: s * t**-0.97, 0, 1)[0]

    with pytest.raises(TracingError, match="too singular"):
        gw.grad(f, method="exact")(1.0)
    with pytest.raises(TracingError, match="not finite there"):
        gw.grad(lambda s: quad(lambda t: 1 / np.sqrt(t), s, 1)[0], method="exact")(np.float64(0.0))


@pytest.mark.slow
def test_what_is_traced_inside_objects_and_nested_derivatives():
    class Model:
        def __init__(self, rate):
            self.rate = rate

        def __call__(self, t):
            return np.exp(-self.rate * t)

    check(lambda s: quad(Model(s), 0, np.inf)[0], 1.7, -1 / 1.7**2, 2 / 1.7**3)

    def inner(s):
        return quad(lambda t: gw.derivative(lambda u: np.sin(u * s))(t), 0, 2.0)[0]

    check(inner, 0.4, 2 * math.cos(0.8), -4 * math.sin(0.8))


def test_nothing_traced_is_scipys():
    kept = []

    def f(x):
        value = quad(np.exp, 0, 1)
        kept.append(value)
        return x * value[0]

    assert gw.grad(f, method="exact")(2.0) == quad(np.exp, 0, 1)[0]
    assert kept[0] == quad(np.exp, 0, 1)
    assert type(kept[0][0]) is float


def test_full_output_and_warnings():
    def f(s):
        value, error, info = quad(lambda t: np.exp(-s * t), 0, 1, full_output=1)
        assert info["neval"] == 21
        return value + 0 * error

    check(f, 1.0, 2 / math.e - 1)

    def rough(s):
        return quad(lambda t: s * np.sin(300 * t), 0, 10, limit=3)[0]

    with pytest.warns(scipy.integrate.IntegrationWarning, match="maximum number"):
        gw.grad(rough, method="exact", check=False)(1.0)


def test_complex():
    def f(s):
        z = quad(lambda t: np.exp(1j * s * t), 0, 1, complex_func=True)[0]
        return z.real + 2 * z.imag

    s = 1.2
    a, b = math.cos(s) / s - math.sin(s) / s**2, math.sin(s) / s - (1 - math.cos(s)) / s**2
    check(f, s, a + 2 * b)


#: integrals with a weight, and in closed form
WEIGHTED = {
    "cos": (
        lambda p: quad(lambda t: np.exp(-p[0] * t), 0, 1, weight="cos", wvar=3.0)[0],
        lambda p: _wave(p[0], 3.0, 1.0)[0],
    ),
    "sin, by its frequency": (
        lambda p: quad(lambda t: np.exp(-p[0] * t), 0, 1, weight="sin", wvar=p[1])[0],
        lambda p: _wave(p[0], p[1], 1.0)[1],
    ),
    "cos, by a limit": (
        lambda p: quad(lambda t: np.exp(-p[0] * t), 0, p[1], weight="cos", wvar=9.0)[0],
        lambda p: _wave(p[0], 9.0, p[1])[0],
    ),
    "sin, to infinity": (
        lambda p: quad(lambda t: np.exp(-p[0] * t), 0, np.inf, weight="sin", wvar=p[1])[0],
        lambda p: p[1] / (p[0] ** 2 + p[1] ** 2),
    ),
    "alg": (
        lambda p: quad(lambda t: p[0] * t, 0, p[1], weight="alg", wvar=(-0.5, 0.2))[0],
        lambda p: p[0] * p[1] ** 1.7 * scipy.special.beta(1.5, 1.2),
    ),
    "cauchy": (
        lambda p: quad(lambda t: p[0] * t * t, 0, p[1], weight="cauchy", wvar=0.3)[0],
        lambda p: p[0] * (p[1] ** 2 / 2 + 0.3 * p[1] + 0.09 * np.log((p[1] - 0.3) / 0.3)),
    ),
}


def _wave(a, w, end):
    """∫ e^{−at} cos wt and ∫ e^{−at} sin wt from 0."""
    decay = np.exp(-a * end)
    cosine = a + decay * (w * np.sin(w * end) - a * np.cos(w * end))
    sine = w - decay * (a * np.sin(w * end) + w * np.cos(w * end))
    return cosine / (a * a + w * w), sine / (a * a + w * w)


@pytest.mark.parametrize("name", WEIGHTED)
def test_weights(name):
    integral, truth = WEIGHTED[name]
    p = np.array([1.3, 0.7])
    value, slope = gw.value_and_grad(integral, method="exact")(p)
    assert value == integral(p)
    np.testing.assert_allclose(slope, gw.grad(truth)(p), rtol=1e-11)
    np.testing.assert_allclose(gw.hessian(integral, method="exact")(p), gw.hessian(truth)(p), rtol=1e-9, atol=1e-12)


def test_weights_that_are_refused():
    with pytest.raises(TracingError, match="weight='alg-loga'"):
        gw.grad(lambda s: quad(lambda t: s * t, 0, 1, weight="alg-loga", wvar=(0.5, 0.5))[0], method="exact")(1.0)
    with pytest.raises(TracingError, match="traced wvar"):
        gw.grad(lambda c: quad(lambda t: t, 0, 1, weight="cauchy", wvar=c)[0], method="exact")(0.3)
    assert (
        gw.grad(lambda s: s * quad(lambda t: t, 0, 1, weight="cos", wvar=3.0)[0], method="exact")(1.0)
        == quad(lambda t: t, 0, 1, weight="cos", wvar=3.0)[0]
    )


def test_the_users_error_stays():
    def f(s):
        return quad(lambda t: {}["missing"] * s, 0, 1)[0]

    with pytest.raises(KeyError, match="missing"):
        gw.grad(f, method="exact")(1.0)


def test_many_points_and_reuse():
    points = np.array([[0.7, 1.3], [0.9, 1.1], [0.2, 2.5]])
    each = np.array([gw.grad(decay, method="exact")(p) for p in points])
    np.testing.assert_allclose(gw.vmap(gw.grad(decay, method="exact"))(points), each, rtol=1e-12)
    promised = gw.grad(decay, pure=True)
    for _ in range(3):
        for p, want in zip(points, each, strict=True):
            np.testing.assert_allclose(promised(p), want, rtol=1e-12)


def test_fixed_quad():
    def f(x):
        return scipy.integrate.fixed_quad(lambda t: np.exp(-x[0] * t), 0, x[1], n=9)[0]

    a, b = X
    e = math.exp(-a * b)
    check(f, X, [(b * e * a - (1 - e)) / a**2, e])
    assert (
        gw.grad(lambda s: s * scipy.integrate.fixed_quad(np.exp, 0, 1)[0], method="exact")(1.0)
        == (scipy.integrate.fixed_quad(np.exp, 0, 1)[0])
    )


def test_quad_vec():
    powers = np.arange(3.0)

    def f(s):
        return np.sum(scipy.integrate.quad_vec(lambda t: np.exp(-s * t) * t**powers, 0, np.inf)[0])

    def finite(s):
        return np.sum(scipy.integrate.quad_vec(lambda t: np.exp(-s * t) * t**powers, 0, s, points=[0.2])[0])

    s = 1.2
    check(f, s, -1 / s**2 - 2 / s**3 - 6 / s**4, 2 / s**3 + 6 / s**4 + 24 / s**5)
    want = math.exp(-s * s) * (1 + s + s * s) - sum(
        scipy.special.gamma(k + 2) * scipy.special.gammainc(k + 2, s * s) / s ** (k + 2) for k in range(3)
    )
    check(finite, s, want)


def test_dblquad():
    def f(x):
        return scipy.integrate.dblquad(lambda v, u: x[0] * u * v, 0, x[1], 0, lambda u: 2 * u)[0]

    a, b = X
    check(f, X, [b**4 / 2, 2 * a * b**3], [[0, 2 * b**3], [2 * b**3, 6 * a * b * b]])


@pytest.mark.slow
def test_dblquad_of_a_gaussian():
    def f(s):
        g = lambda v, u: np.exp(-s * (u * u + v * v))
        return scipy.integrate.dblquad(g, -np.inf, np.inf, -np.inf, np.inf)[0]

    np.testing.assert_allclose(gw.grad(f, method="exact", check=False)(2.0), -math.pi / 4, rtol=1e-9)


@pytest.mark.slow
def test_tplquad_and_nquad():
    def volume(s):
        return scipy.integrate.tplquad(lambda z, y, x: s * z, 0, s, 0, lambda x: s - x, 0, lambda x, y: s - x - y)[0]

    def box(x):
        ranges = [lambda v, k: [0, k * v], [0, x[1]]]
        return scipy.integrate.nquad(lambda u, v, k: k * u * v, ranges, args=(x[0],), full_output=True)[0]

    gradient = gw.grad(volume, method="exact", check=False)
    np.testing.assert_allclose(gradient(1.5), 5 * 1.5**4 / 24, rtol=1e-11)
    a, b = X
    check(box, X, [3 * a**2 * b**4 / 8, a**3 * b**3 / 2])
    with pytest.raises(TracingError, match="weight='cos'"):
        gw.grad(
            lambda s: scipy.integrate.nquad(lambda u: s * u, [[0, 1]], opts={"weight": "cos", "wvar": 1.0})[0],
            method="exact",
        )(1.0)


def test_an_integral_in_an_integral():
    def f(s):
        return quad(lambda u: quad(lambda v: np.exp(-s * u * v), 0, 1)[0], 0, 1)[0]

    value = gw.grad(f, method="exact", check=False)(0.9)
    # the derivative of sum (-s)^k / (k! (k+1)^2)
    want = sum(-((-0.9) ** (k - 1)) * k / (math.factorial(k) * (k + 1) ** 2) for k in range(1, 25))
    np.testing.assert_allclose(value, want, rtol=1e-11)
