"""``math`` and ``cmath`` on traced numbers."""

import builtins
import cmath as plain_cmath
import math as plain_math

import numpy as np
import pytest
from standing_in import check, namespace, watched

import gradwise as gw
from gradwise.tracing.standins import real_functions

math, cmath = namespace(plain_math), namespace(plain_cmath)
complex_ = namespace(builtins).complex


@pytest.mark.parametrize("name", sorted(real_functions.UNARY))
def test_functions_of_one_number(name):
    f, plain = getattr(math, name), getattr(plain_math, name)
    for x in (1.3, 2.7) if name == "acosh" else (0.4, 0.83):
        check(lambda x: f(x), x, of=lambda x: plain(x))


@pytest.mark.parametrize("name", ["atan2", "copysign", "fmod", "remainder", "log", "pow", "hypot", "nextafter"])
@pytest.mark.parametrize("pair", [(5.3, 1.7), (0.6, 2.5)])
def test_functions_of_two_numbers(name, pair):
    f, plain = getattr(math, name), getattr(plain_math, name)
    check(lambda x, y: f(x, y), *pair, of=lambda x, y: plain(x, y), second=name != "nextafter")
    check(lambda x: f(x, pair[1]), pair[0], of=lambda x: plain(x, pair[1]), second=name != "nextafter")
    check(lambda y: f(pair[0], y), pair[1], of=lambda y: plain(pair[0], y), second=name != "nextafter")


@pytest.mark.parametrize(
    ("f", "plain"),
    [
        (lambda x, y, z: math.hypot(x, y, z), lambda x, y, z: plain_math.hypot(x, y, z)),
        (lambda x, y, z: math.hypot(x) + y * z, lambda x, y, z: plain_math.hypot(x) + y * z),
        (lambda x, y, z: math.dist((x, y), [z, 1.0]), lambda x, y, z: plain_math.dist((x, y), [z, 1.0])),
        (
            lambda x, y, z: math.dist((x, y, 3), (z, 1.0, x * y)),
            lambda x, y, z: plain_math.dist((x, y, 3), (z, 1.0, x * y)),
        ),
        (lambda x, y, z: math.fsum([x * y, 1e16, z, -1e16]), lambda x, y, z: plain_math.fsum([x * y, 1e16, z, -1e16])),
        (
            lambda x, y, z: math.fsum(t * t for t in (x, y, z)),
            lambda x, y, z: plain_math.fsum(t * t for t in (x, y, z)),
        ),
        (lambda x, y, z: math.prod([x, y, 2, z]), lambda x, y, z: plain_math.prod([x, y, 2, z])),
        (lambda x, y, z: math.prod((y, z), start=x), lambda x, y, z: plain_math.prod((y, z), start=x)),
        (
            lambda x, y, z: math.degrees(x) * math.radians(y) * z,
            lambda x, y, z: plain_math.degrees(x) * plain_math.radians(y) * z,
        ),
        (lambda x, y, z: math.ldexp(x * y, 3) - z, lambda x, y, z: plain_math.ldexp(x * y, 3) - z),
        (
            lambda x, y, z: math.modf(x * 3)[0] * math.modf(y * 7)[1] * z,
            lambda x, y, z: plain_math.modf(x * 3)[0] * plain_math.modf(y * 7)[1] * z,
        ),
        (
            lambda x, y, z: math.frexp(x * 9)[0] * math.frexp(y)[1] * z,
            lambda x, y, z: plain_math.frexp(x * 9)[0] * plain_math.frexp(y)[1] * z,
        ),
        (lambda x, y, z: math.log(x + 2, 10) + y * z, lambda x, y, z: plain_math.log(x + 2, 10) + y * z),
        (lambda x, y, z: math.ulp(x) + y * z, lambda x, y, z: plain_math.ulp(x) + y * z),
    ],
)
def test_the_rest(f, plain):
    check(f, 0.7, 1.9, 2.3, of=plain)


def test_answers_are_plain():
    seen = []

    def f(x):
        seen.extend(
            [math.isnan(x), math.isinf(x), math.isfinite(x), math.isclose(x, 0.3), math.isclose(0.3, x, abs_tol=x)]
        )
        seen.extend([math.floor(x * 10), math.ceil(x * 10), math.trunc(x * 10), math.frexp(x)[1]])
        return x * seen[-3]

    assert gw.grad(watched(f), method="exact")(0.33) == 4.0
    assert seen == [False, False, True, False, True, 3, 4, 3, -1]
    assert all(type(s) in {bool, int} for s in seen)


@pytest.mark.parametrize(
    ("f", "x", "error", "message"),
    [
        (lambda x: math.sqrt(x), -1.0, ValueError, "math domain error|nonnegative"),
        (lambda x: math.log(x), 0.0, ValueError, "math domain error|positive"),
        (lambda x: math.log(x, 0.0), 2.0, ValueError, "math domain error|positive"),
        (lambda x: math.exp(x), 1000.0, OverflowError, "math range error"),
        (lambda x: math.acos(x), 1.5, ValueError, "math domain error|expected"),
        (lambda x: math.pow(x, 1 / 3), -8.0, ValueError, "math domain error"),
        (lambda x: math.fmod(x, 0.0), 1.0, ValueError, "math domain error"),
        (lambda x: math.gamma(x), 0.0, ValueError, "math domain error|integer"),
        (lambda x: math.factorial(x), 3.0, TypeError, "float"),
        (lambda x: math.comb(x, 2), 3.0, TypeError, "float"),
        (lambda x: math.dist((x,), (1.0, 2.0)), 3.0, ValueError, "dimension"),
        (lambda x: math.sin(x), np.array([1.0, 2.0]), TypeError, "length-1|size-1|0-dimensional|scalar"),
        (lambda x: math.log(x, 1.0), 2.0, ZeroDivisionError, "division by zero"),
    ],
)
def test_errors_are_those_of_math(f, x, error, message):
    with pytest.raises(error, match=message):
        gw.jacobian(watched(f), method="exact")(x)


def test_errors_can_be_caught():
    def f(x):
        try:
            return math.log(x - 1.0)
        except ValueError:
            return x * x

    assert gw.grad(watched(f), method="exact")(0.5) == 1.0


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.float16])
def test_numbers_of_numpy_become_numbers_of_python(kind):
    x = np.array([0.5, 0.25], kind)
    kept = []

    def f(x):
        kept.append(math.exp(x[0]).__class__)
        return math.exp(x[0]) * math.hypot(x[0], x[1], 1.0)

    derivative = gw.grad(watched(f), method="exact")(x)
    assert kept == [float]
    assert derivative.dtype == kind
    length = np.sqrt(1.3125)
    want = [np.exp(0.5) * (length + 0.5 / length), np.exp(0.5) * 0.25 / length]
    np.testing.assert_allclose(derivative, want, rtol=8 * np.finfo(kind).eps)
    np.testing.assert_allclose(gw.grad(watched(lambda a: math.sin(a)), method="exact")(np.array(0.5)), np.cos(0.5))


def test_special_values_pass_through():
    def f(x, y):
        return math.atan(x) + math.copysign(y, -0.0) + math.fabs(y)

    value, slopes = gw.value_and_grad(watched(f), argnums=(0, 1), method="exact")(plain_math.inf, -2.0)
    assert value == plain_math.atan(plain_math.inf) - 2.0 + 2.0
    assert slopes == (0.0, 0.0)
    assert plain_math.isnan(gw.value_and_grad(watched(lambda x: math.sin(x)), method="exact")(plain_math.nan)[0])
    assert gw.grad(watched(lambda x: math.pow(x, 2)), method="exact")(0.0) == 0.0
    with pytest.warns(gw.KinkWarning, match="hypot at the origin"):
        assert gw.grad(watched(lambda x: math.hypot(x, 0.0)), method="exact")(0.0) == 0.0


def test_an_object_that_makes_a_number():
    class Parameter:
        def __init__(self, value):
            self.value = value

        def __float__(self):
            return float_(self.value)

    float_ = namespace(builtins).float
    assert gw.grad(watched(lambda x: math.exp(Parameter(2 * x))), method="exact")(0.5) == pytest.approx(2 * np.e)


# --- complex --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "exp",
        "log",
        "log10",
        "sqrt",
        "sin",
        "cos",
        "tan",
        "sinh",
        "cosh",
        "tanh",
        "asin",
        "acos",
        "atan",
        "asinh",
        "acosh",
        "atanh",
    ],
)
def test_complex_functions_of_one_number(name):
    f, plain = getattr(cmath, name), getattr(plain_cmath, name)
    check(lambda x, y: f(complex_(x, y)), 0.4, 0.7, of=lambda x, y: plain(complex(x, y)))
    check(lambda x, y: f(complex_(x, y)).imag, 0.4, -0.7, of=lambda x, y: plain(complex(x, y)).imag)


@pytest.mark.parametrize(
    ("f", "plain"),
    [
        (lambda x, y: cmath.phase(complex_(x, y)), lambda x, y: plain_cmath.phase(complex(x, y))),
        (lambda x, y: cmath.polar(complex_(x, y))[0], lambda x, y: plain_cmath.polar(complex(x, y))[0]),
        (lambda x, y: cmath.polar(complex_(x, y))[1], lambda x, y: plain_cmath.polar(complex(x, y))[1]),
        (lambda x, y: cmath.rect(x, y), plain_cmath.rect),
        (lambda x, y: cmath.rect(2.0, y * x), lambda x, y: plain_cmath.rect(2.0, y * x)),
        (lambda x, y: cmath.log(complex_(x, y), 3.0), lambda x, y: plain_cmath.log(complex(x, y), 3.0)),
        (lambda x, y: cmath.sqrt(-x).imag * y, lambda x, y: plain_cmath.sqrt(-x).imag * y),
        (lambda x, y: complex_(x, 1j * y), lambda x, y: complex(x, 1j * y)),
        (lambda x, y: complex_(2.0, y) * x, lambda x, y: complex(2.0, y) * x),
        (lambda x, y: complex_(imag=y, real=x), lambda x, y: complex(imag=y, real=x)),
    ],
)
@pytest.mark.filterwarnings("ignore:complex.. argument:DeprecationWarning")
def test_complex_rest(f, plain):
    check(f, 0.4, 0.7, of=plain)


def test_complex_answers_and_errors():
    def f(x):
        z = complex_(x, 1.0)
        assert cmath.isfinite(z)
        assert not cmath.isnan(z)
        assert cmath.isclose(z, 0.5 + 1j)
        return abs(cmath.exp(z))

    assert gw.grad(watched(f), method="exact")(0.5) == pytest.approx(np.exp(0.5))
    with pytest.raises(ValueError, match="math domain error"):
        gw.grad(watched(lambda x: cmath.log(x).real), method="exact")(0.0)
    with pytest.raises(OverflowError):
        gw.grad(watched(lambda x: cmath.exp(x).real), method="exact")(1000.0)


@pytest.mark.skipif(not hasattr(plain_math, "sumprod"), reason="math.sumprod is there from Python 3.12 on")
def test_sumprod():
    check(
        lambda x, y: math.sumprod([x, y, 2], (y, 3.0, x)),
        0.7,
        1.9,
        of=lambda x, y: plain_math.sumprod([x, y, 2], (y, 3.0, x)),
    )


@pytest.mark.skipif(not hasattr(plain_math, "fma"), reason="math.fma is there from Python 3.13 on")
def test_fma():
    check(lambda x, y: math.fma(x, y, x), 0.7, 1.9, of=lambda x, y: plain_math.fma(x, y, x))


def test_a_program_of_frexp_stands_between_two_powers_of_two():
    def one(x):
        mantissa, exponent = plain_math.frexp(x)
        return mantissa * 3 + exponent * x

    def several(x):
        mantissa, exponent = np.frexp(x * np.array([1.0, 3.0, -7.0]))
        return (mantissa**2).sum() + exponent.sum() * x

    for x in (5.3, 5.4, 7.9, 4.0, 4.0, 8.1, 3.9, -5.5, 0.75, 5.5):
        m, e = plain_math.frexp(x)
        assert gw.grad(one)(x) == pytest.approx(3 * m / x + e, rel=1e-14)
        parts = [plain_math.frexp(k * x) for k in (1.0, 3.0, -7.0)]
        assert gw.grad(several)(x) == pytest.approx(sum(2 * m * m / x + e for m, e in parts), rel=1e-14)
    for f in (one, several):
        assert "value" not in str(gw.explain(f, 5.3)).partition("guards")[2].partition("captured")[0]
        assert (
            "value" in str(gw.explain(f, 4.0)).partition("guards")[2].partition("captured")[0]
        )  # the exponent is another one on the left
    assert gw.grad(one)(0.0) == pytest.approx(3.0)
