"""NumPy's elementwise functions: orders 1 to 3 against mpmath, the laws, special points, conventions at kinks, dtypes."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest

import gradwise as gw
from gradwise.tracing.ufuncs import COMPOSED, ELEMENTWISE

from .laws import check_function


@pytest.fixture(autouse=True)
def _precision():
    with mp.workdps(60):
        yield


INF = np.inf


def signed_cbrt(x):
    return mp.sign(x) * mp.cbrt(abs(x)) if mp.im(x) == 0 else mp.cbrt(x)


#: name: (function, the same in mpmath, real points, complex points)
UNARY = {
    "square": (np.square, lambda x: x * x, (-2.0, 0.0, 1e-200), (1 + 2j, 0j)),
    "reciprocal": (np.reciprocal, lambda x: 1 / x, (-2.0, 0.3, 1e-50, 1e80), (1 + 2j,)),
    "sqrt": (np.sqrt, mp.sqrt, (0.3, 4.0, 1e-50, 1e100), (1 + 2j, -1 - 0.5j)),
    "cbrt": (np.cbrt, signed_cbrt, (-8.0, 0.3, 1e-30, 1e100), ()),
    "exp": (np.exp, mp.exp, (-700.0, -1.0, 0.0, 5.0), (1 + 2j,)),
    "exp2": (np.exp2, lambda x: mp.mpf(2) ** x, (-1.0, 0.0, 5.5), (1 + 2j,)),
    "expm1": (np.expm1, mp.expm1, (-60.0, -1e-10, 0.0, 5.0), (1 + 2j,)),
    "log": (np.log, mp.log, (1e-100, 0.3, 1.0, 1e200), (1 + 2j, -1 - 0.5j)),
    "log2": (np.log2, lambda x: mp.log(x, 2), (1e-50, 0.3, 1e100), (1 + 2j,)),
    "log10": (np.log10, mp.log10, (1e-50, 0.3, 1e100), (1 + 2j,)),
    "log1p": (np.log1p, mp.log1p, (-1 + 1e-12, -1e-12, 0.0, 1e100), (1 + 2j,)),
    "sin": (np.sin, mp.sin, (-1.0, 0.0, 1e5), (1 + 2j,)),
    "cos": (np.cos, mp.cos, (-1.0, 0.0, 1e5), (1 + 2j,)),
    "tan": (np.tan, mp.tan, (-1.0, 0.0, 1.57), (1 + 2j, 1 + 20j)),
    "arcsin": (np.arcsin, mp.asin, (-0.999999, 0.0, 0.5), (1 + 2j, 2 + 1e-3j, -2 - 1e-3j)),
    "arccos": (np.arccos, mp.acos, (-0.999999, 0.0, 0.5), (1 + 2j, 2 - 1e-3j)),
    "arctan": (np.arctan, mp.atan, (-1e100, -1.0, 0.0, 30.0), (1 + 2j, 1e-3 + 2j, 0.01 + 1.1j)),
    "sinh": (np.sinh, mp.sinh, (-700.0, 0.0, 2.0), (1 + 2j,)),
    "cosh": (np.cosh, mp.cosh, (-700.0, 0.0, 2.0), (1 + 2j,)),
    "tanh": (np.tanh, mp.tanh, (-20.0, -1.0, 0.0, 0.3), (1 + 2j, -30 + 1j, 0.01 + 1.5j)),
    "arcsinh": (np.arcsinh, mp.asinh, (-1e100, -1.0, 0.0, 30.0), (1 + 2j, -1e-3 + 2j, 1e-3 - 2j)),
    "arccosh": (np.arccosh, mp.acosh, (1.000001, 2.0, 1e100), (1 + 2j, -2 + 1e-3j)),
    "arctanh": (np.arctanh, mp.atanh, (-0.999999, 0.0, 0.5), (1 + 2j,)),
    "negative": (np.negative, lambda x: -x, (-2.0, 0.0), (1 + 2j,)),
    "positive": (np.positive, lambda x: x, (-2.0, 0.0), (1 + 2j,)),
    "absolute": (np.absolute, abs, (-2.0, 3.0), ()),
    "fabs": (np.fabs, abs, (-2.0, 3.0), ()),
    "deg2rad": (np.deg2rad, lambda x: x * mp.pi / 180, (-2.0, 90.0), ()),
    "radians": (np.radians, lambda x: x * mp.pi / 180, (90.0,), ()),
    "rad2deg": (np.rad2deg, lambda x: x * 180 / mp.pi, (-2.0, 1.0), ()),
    "degrees": (np.degrees, lambda x: x * 180 / mp.pi, (1.0,), ()),
    "sinc": (np.sinc, mp.sincpi, (-2.5, -1e-8, 0.0, 0.3, 1.0, 40.0), (0.3 + 0.4j,)),
    "i0": (np.i0, lambda x: mp.besseli(0, x), (-2.0, 0.0, 3.0), ()),
    "x**2": (lambda x: x**2, lambda x: x**2, (-2.0, 0.0), (1 + 2j,)),
    "x**3": (lambda x: x**3, lambda x: x**3, (-2.0, 0.0, 1e50), (1 + 2j, 0j)),
    "x**5": (lambda x: np.power(x, 5), lambda x: x**5, (-2.0, 0.0), (1 + 2j,)),
    "x**-2": (lambda x: x**-2, lambda x: x**-2, (-2.0, 0.3), (1 + 2j,)),
    "x**0.5": (lambda x: x**0.5, mp.sqrt, (0.3, 7.0), (1 + 2j,)),
    "x**-1.5": (lambda x: x**-1.5, lambda x: x ** mp.mpf(-1.5), (0.3, 7.0), (1 + 2j,)),
    "2**x": (lambda x: 2.0**x, lambda x: mp.mpf(2) ** x, (-2.0, 0.0, 3.0), (1 + 2j,)),
    "x**x": (lambda x: x**x, lambda x: x**x, (0.3, 1.0, 3.0), (1 + 2j,)),
    "float_power": (lambda x: np.float_power(x, 2.5), lambda x: x ** mp.mpf(2.5), (0.3, 7.0), ()),
    "x*x/(1-x)": (lambda x: x * x / (1 - x), lambda x: x * x / (1 - x), (-2.0, 0.0), (1 + 2j,)),
}


def truth(function, x, order):
    """The derivative of the function in mpmath, in units of x where x is large or small (its steps are absolute); its rounding counts as 0."""
    x = mp.mpmathify(x)
    unit = abs(x) if x != 0 and not 0.1 < abs(x) < 10 else mp.mpf(1)
    slope = mp.diff(lambda t: function(x + unit * t), 0, order)
    return complex(slope / unit**order) if abs(slope) > mp.mpf(10) ** -45 * abs(function(x)) else 0j


def slopes(function, x, order):
    """The elementwise derivative by nested forward mode, for real and complex numbers alike."""
    if order == 0:
        return function(x)
    return slopes(lambda v: gw.jvp(function, (v,), (np.ones_like(x),))[1], x, order - 1)


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("name", sorted(UNARY))
def test_derivatives_agree_with_mpmath(name, order):
    function, reference, real, complex_ = UNARY[name]
    for points in filter(None, (real, complex_)):
        expected = np.array([truth(reference, p, order) for p in points])
        with np.errstate(under="ignore"):
            result = slopes(function, np.array(points), order)
        np.testing.assert_allclose(result, expected if points is complex_ else expected.real, rtol=3e-11, atol=1e-80)


#: first derivatives where the formula needs care: (function, point, derivative)
SPECIAL_POINTS = [
    (np.sqrt, 0.0, INF),
    (np.sqrt, INF, 0.0),
    (np.cbrt, 0.0, INF),
    (np.log, 0.0, INF),
    (np.log, INF, 0.0),
    (np.log1p, -1.0, INF),
    (np.exp, -INF, 0.0),
    (np.exp, INF, INF),
    (np.expm1, -INF, 0.0),
    (np.tanh, INF, 0.0),
    (np.tanh, -INF, 0.0),
    (np.arctan, INF, 0.0),
    (np.arcsinh, INF, 0.0),
    (np.arcsinh, 1e300, 1e-300),
    (np.arccosh, 1.0, INF),
    (np.arcsin, 1.0, INF),
    (np.arccos, -1.0, -INF),
    (np.arctanh, 1.0, INF),
    (np.reciprocal, INF, 0.0),
    (np.reciprocal, 0.0, -INF),
    (np.square, INF, INF),
    (np.sinc, INF, 0.0),
    (lambda x: x**0, 0.0, 0.0),
    (lambda x: x**1, 0.0, 1.0),
    (lambda x: x**2, 0.0, 0.0),
    (lambda x: x**0.5, 0.0, INF),
    (lambda x: x**1.5, 0.0, 0.0),
    (lambda x: x**-1, -2.0, -0.25),
    (lambda x: 0.0**x, 2.0, 0.0),
    (lambda x: 1.0**x, 2.0, 0.0),
    (lambda x: np.logaddexp(x, -INF), -INF, 0.5),
    (lambda x: np.logaddexp(x, 0.0), INF, 1.0),
    (lambda x: np.logaddexp(x, 0.0), -INF, 0.0),
    (lambda x: np.logaddexp(x, 0.0), -800.0, 0.0),
    (lambda x: np.hypot(x, 1e300), 1e300, np.sqrt(0.5)),
    (lambda x: np.arctan2(x, 1e200), 1e200, 0.5e-200),
    (lambda x: np.mod(x, 3.0), -1.0, 1.0),
    (lambda x: np.modf(x)[0], -2.5, 1.0),
    (lambda x: np.modf(x)[0], INF, 1.0),
    (lambda x: np.modf(x)[1], -2.5, 0.0),
    (lambda x: np.frexp(x)[0], 12.0, 1 / 16),
    (lambda x: np.ldexp(x, 3), 0.7, 8.0),
    (lambda x: np.nextafter(x, 2.0), 0.7, 1.0),
    (lambda x: np.divmod(x, 0.3)[1], 0.7, 1.0),
    (np.spacing, 0.7, 0.0),
    (np.floor, 0.7, 0.0),
    (np.ceil, 0.7, 0.0),
    (np.trunc, 0.7, 0.0),
    (np.rint, 0.7, 0.0),
    (lambda x: np.round(x, 1), 0.74, 0.0),
    (lambda x: np.around(x, -1), 74.0, 0.0),
    (np.sign, 0.7, 0.0),
    (lambda x: np.angle(x), -0.7, 0.0),
    (lambda x: np.heaviside(x, 0.5), 0.7, 0.0),
]


@pytest.mark.parametrize(("function", "x", "expected"), SPECIAL_POINTS)
@pytest.mark.filterwarnings("ignore::gradwise.errors.KinkWarning", "ignore::RuntimeWarning")
def test_special_points(function, x, expected):
    forward = gw.jvp(function, (x,), (1.0,))[1]
    np.testing.assert_allclose(forward, expected, rtol=1e-14)
    with np.errstate(all="ignore"):
        reverse = gw.vjp(function, x)[1](1.0)
    np.testing.assert_allclose(reverse[0] if isinstance(reverse, tuple) else reverse, expected, rtol=1e-14)


def test_second_derivatives_at_a_tie_of_logaddexp():
    expected = 0.25 * np.array([[1.0, -1.0], [-1.0, 1.0]])
    np.testing.assert_allclose(gw.hessian(np.logaddexp, argnums=(0, 1))(1.0, 1.0), expected, rtol=1e-14)
    np.testing.assert_allclose(gw.hessian(np.logaddexp2, argnums=(0, 1))(1.0, 1.0), expected * np.log(2.0), rtol=1e-14)


def test_saturated_second_derivatives_vanish_and_are_no_nan():
    for function in (np.tanh, lambda x: np.logaddexp(x, 0.0), np.arctan, np.exp):
        for x in (-900.0, -400.0, -50.0):
            assert np.isfinite(gw.derivative(function, order=2)(x))
    assert gw.derivative(np.tanh, order=2)(400.0) == 0
    np.testing.assert_allclose(gw.derivative(np.tanh, order=2)(-40.0), 8 * np.exp(-80.0), rtol=1e-13)
    np.testing.assert_allclose(gw.derivative(lambda x: np.logaddexp(x, 0.0), order=2)(-40.0), np.exp(-40.0), rtol=1e-13)


def test_logaddexp_is_smooth_where_its_operands_are_equal():
    assert gw.derivative(lambda x: np.logaddexp(x, 0.0), order=2)(0.0) == 0.25
    assert gw.derivative(lambda x: np.logaddexp(0.0, x), order=4)(0.0) == -0.125
    expected = np.array([[0.25, -0.25], [-0.25, 0.25]])
    pair = np.array([2.0, 2.0])
    np.testing.assert_allclose(gw.hessian(lambda v: np.logaddexp(v[0], v[1]))(pair), expected, rtol=1e-15)
    scaled = np.log(2) * expected
    np.testing.assert_allclose(gw.hessian(lambda v: np.logaddexp2(v[0], v[1]))(pair), scaled, rtol=1e-15)


# --- conventions at kinks -------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::gradwise.errors.KinkWarning")
class TestConventions:
    def test_abs_and_hypot_at_zero(self):
        assert gw.grad(np.abs)(0.0) == 0
        assert gw.grad(np.hypot, argnums=(0, 1))(0.0, 0.0) == (0, 0)
        assert gw.grad(lambda z: np.abs(z))(0j) == 0

    @pytest.mark.parametrize("choose", [np.maximum, np.minimum, np.fmax, np.fmin])
    def test_a_tie_of_two_moving_operands_is_shared(self, choose):
        assert gw.grad(choose, argnums=(0, 1))(2.0, 2.0) == (0.5, 0.5)
        assert gw.grad(lambda x: choose(x, x))(2.0) == 1

    @pytest.mark.parametrize("choose", [np.maximum, np.minimum, np.fmax, np.fmin])
    def test_a_tie_with_a_number_has_slope_zero(self, choose):
        assert gw.grad(lambda x: choose(x, 2.0))(2.0) == 0
        assert gw.grad(lambda x: choose(2.0, x))(2.0) == 0

    def test_relu_at_zero(self):
        assert gw.grad(lambda x: np.maximum(x, 0))(0.0) == 0

    def test_signs(self):
        assert gw.grad(lambda x: np.copysign(x, -1.0))(3.0) == -1
        assert gw.grad(np.sign)(0.0) == 0
        assert gw.grad(lambda h: np.heaviside(0.0, h))(0.3) == 1


def test_nan_chooses_as_in_numpy():
    nan = np.nan
    assert gw.grad(np.fmax, argnums=(0, 1))(1.0, nan) == (1, 0)
    assert gw.grad(np.fmin, argnums=(0, 1))(nan, 1.0) == (0, 1)
    assert gw.jvp(np.maximum, (1.0, nan), (2.0, 3.0))[1] == 3
    assert gw.jvp(np.maximum, (nan, 1.0), (2.0, 3.0))[1] == 2


# --- powers ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("x", "z"), [(0.3, 1.7), (2.0, -3.0), (5.0, 0.0), (1.0, 2.0), (1e-30, 2.5), (3.0, 1.0)])
def test_all_second_derivatives_of_a_power(x, z):
    def reference(i, j):
        return float(mp.diff(lambda a, b: a**b, (x, z), (i, j)))

    gradient = gw.grad(np.power, argnums=(0, 1))(x, z)
    np.testing.assert_allclose(gradient, [reference(1, 0), reference(0, 1)], rtol=1e-12)
    (xx, xz), (zx, zz) = gw.hessian(np.power, argnums=(0, 1))(x, z)
    np.testing.assert_allclose(
        [xx, xz, zx, zz], [reference(2, 0), reference(1, 1), reference(1, 1), reference(0, 2)], rtol=1e-11
    )


def test_negative_bases_and_zero():
    assert gw.grad(lambda x, n: x**n)(-2.0, 3.0) == 12
    assert gw.grad(lambda x, n: x**n)(0.0, 1.0) == 1
    assert gw.grad(lambda x, n: x**n)(0.0, 0.0) == 0
    assert gw.grad(lambda x, n: x**n, argnums=1)(0.0, 2.0) == 0
    assert gw.grad(lambda x, n: x**n, argnums=1)(0.0, 0.0) == -INF
    np.testing.assert_array_equal(gw.grad(lambda x: np.sum(x ** np.array([0, 1, 2, 3])))(np.zeros(4)), [0, 1, 0, 0])
    np.testing.assert_allclose(
        gw.grad(lambda x: np.sum(x ** np.array([2.0, -1.0])))(np.array([-3.0, -2.0])), [-6, -0.25]
    )


def test_integer_exponents_at_zero_to_third_order():
    for n in range(5):
        for order in range(1, 4):
            expected = np.prod(np.arange(n, n - order, -1)) * (1.0 if n == order else 0.0)
            assert gw.derivative(lambda x, n=n: x**n, order=order)(0.0) == expected


# --- the laws on every function -------------------------------------------------------------------------------------------

RNG = np.random.default_rng(7)
A, B = RNG.standard_normal((2, 3, 2))
A = A + 0.1 * np.sign(A)
FRACTIONS = RNG.random((3, 2)) * 0.8 + 0.1
POSITIVE = np.abs(A) + 0.3
ZA, ZB = A + 1j * B, B - 0.5j * A + 0.7

CASES = {
    **{f"{name} real": (case[0], (POSITIVE + 1 if name == "arccosh" else FRACTIONS,)) for name, case in UNARY.items()},
    **{f"{name} complex": (UNARY[name][0], (ZA + 0.2,)) for name in UNARY if UNARY[name][3] and name != "sinc"},
    "abs": (lambda x: np.abs(x) * x, (A,)),
    "abs complex": (np.abs, (ZA,)),
    "sign complex": (np.sign, (ZA,)),
    "angle": (np.angle, (ZA,)),
    "angle degrees": (lambda z: np.angle(z, deg=True), (ZA,)),
    "conjugate": (lambda z: np.conjugate(z) * z**2, (ZA,)),
    "real": (lambda z: np.real(z**2), (ZA,)),
    "imag": (lambda z: np.imag(z**2), (ZA,)),
    "add": (lambda x, z: np.add(x, z) ** 2, (A, B[0])),
    "subtract": (lambda x, z: np.subtract(x, z) ** 2, (A, B[0])),
    "multiply": (np.multiply, (A, B[0])),
    "multiply complex": (np.multiply, (ZA, B[0])),
    "divide": (np.divide, (A, POSITIVE[0])),
    "divide complex": (np.divide, (A, ZB)),
    "power": (np.power, (POSITIVE, B[0])),
    "power complex": (np.power, (ZA, ZB)),
    "float_power": (np.float_power, (POSITIVE, B)),
    "arctan2": (np.arctan2, (A, B[0])),
    "hypot": (np.hypot, (A, B[0])),
    "logaddexp": (np.logaddexp, (A, B[0])),
    "logaddexp2": (np.logaddexp2, (A, B[0])),
    "maximum": (lambda x, z: np.maximum(x, z) ** 2, (A, B[0])),
    "minimum": (lambda x, z: np.minimum(x, z) ** 2, (A, B[0])),
    "fmax": (lambda x, z: np.fmax(x, z) ** 2, (A, B[0])),
    "fmin": (lambda x, z: np.fmin(x, z) ** 2, (A, B[0])),
    "mod": (lambda x, z: np.mod(x, z) ** 2, (A, B[0])),
    "remainder": (lambda x, z: (x % z) ** 2, (A, B[0])),
    "fmod": (lambda x, z: np.fmod(x, z) ** 2, (A, B[0])),
    "floor_divide": (lambda x, z: x * (x // z), (A, B[0])),
    "divmod": (lambda x, z: np.divmod(x, z)[1] ** 2, (A, B[0])),
    "copysign": (lambda x, z: np.copysign(x, z) ** 3, (A, B[0])),
    "heaviside": (lambda x, z: np.heaviside(x, z) * z, (A, B[0])),
    "nextafter": (lambda x: np.nextafter(x, 0.0) ** 2, (A,)),
    "ldexp": (lambda x: np.ldexp(x, [2, -1]) ** 2, (A,)),
    "frexp": (lambda x: np.frexp(x)[0] ** 2, (A,)),
    "modf": (lambda x: np.modf(x)[0] ** 2, (A,)),
    "spacing": (lambda x: x + np.spacing(x), (A,)),
    "piecewise constants": (
        lambda x: x * (np.floor(x) + np.ceil(x) + np.trunc(x) + np.rint(x) + np.round(x, 1) + np.sign(x)),
        (A,),
    ),
    "vecdot": (np.vecdot, (ZA, ZB)),
    "predicates": (
        lambda x: x * np.isfinite(x) * (np.signbit(x) | np.isnan(x) | np.isinf(x) ^ np.logical_not(x > 0)),
        (A,),
    ),
}
if hasattr(np, "matvec"):  # since NumPy 2.2
    CASES["matvec"] = (lambda a, b: np.matvec(a, b)), (A, B[0])
    CASES["vecmat"] = (lambda a, b: np.vecmat(a, b)), (ZA[:, 0], ZB)


@pytest.mark.parametrize("name", sorted(CASES))
def test_laws(name):
    function, arguments = CASES[name]
    check_function(function, *arguments, order=2, scale=1e-3, rtol=3e-7)


@pytest.mark.parametrize("name", sorted(n for n in UNARY if n != "i0"))
def test_single_precision_stays_single_and_accurate(name):
    function, reference, *_ = UNARY[name]
    x = np.array([1.3, 2.2] if name == "arccosh" else [0.3, 0.7], np.float32)
    value, tangent = gw.jvp(function, (x,), (np.ones_like(x),))
    expected_dtype = function(x).dtype
    assert value.dtype == tangent.dtype == expected_dtype
    np.testing.assert_allclose(tangent, [truth(reference, float(p), 1).real for p in x], rtol=1e-6)
    assert gw.grad(lambda v: np.sum(function(v)))(x).dtype == np.float32


def test_branch_cuts_keep_their_side():
    """On a cut the sign of a zero imaginary part chooses the side; the derivative is the one along the cut on that side."""
    for function, x in ((np.arcsin, 2.0), (np.arccos, 2.0), (np.arccosh, -2.0), (np.arcsin, -2.0)):
        for zero in (0.0, -0.0):
            z = complex(x, zero)
            h = 1e-6
            along = (function(complex(x + h, zero)) - function(complex(x - h, zero))) / (2 * h)
            np.testing.assert_allclose(gw.jvp(function, (z,), (1 + 0j,))[1], along, rtol=1e-8)


def test_every_floating_ufunc_of_numpy_has_a_rule():
    names = [n for n in dir(np) if isinstance(getattr(np, n), np.ufunc)]
    floating = [n for n in names if any(c in "fdgFDG" for t in getattr(np, n).types for c in t.split("->")[0])]
    missing = [n for n in floating if getattr(np, n) not in ELEMENTWISE and getattr(np, n) not in COMPOSED]
    assert missing == []


def test_integer_ufuncs_are_concrete():
    def function(x):
        n = np.gcd(np.int64(6), np.int64(4)) + (np.bitwise_and(np.argmax(x), 3))
        return float(n) * np.sum(x)

    np.testing.assert_array_equal(gw.grad(function)(np.array([0.0, 5.0, 1.0])), [3, 3, 3])


def test_an_unknown_function_says_so(monkeypatch):
    monkeypatch.setenv("GRADWISE_REWRITE", "0")
    frompy = np.frompyfunc(lambda v: v, 1, 1)
    with pytest.raises(gw.errors.TracingError, match="no derivative rule"):
        gw.grad(lambda x: frompy(x), method="exact")(1.0)


def test_fix_is_trunc_and_warns_as_numpy_does():
    x = np.array([-1.7, 0.3, 2.9])

    def f(x):
        return np.sum(np.fix(x) * x)

    if np.lib.NumpyVersion(np.__version__) >= "2.5.0":
        with pytest.warns(DeprecationWarning, match=r"numpy\.fix"):
            f(x)
        with pytest.warns(DeprecationWarning, match=r"numpy\.fix"):
            value, gradient = gw.value_and_grad(f, method="exact")(x)
    else:
        value, gradient = gw.value_and_grad(f, method="exact")(x)
    assert value == np.sum(np.trunc(x) * x)
    np.testing.assert_array_equal(gradient, np.trunc(x))
