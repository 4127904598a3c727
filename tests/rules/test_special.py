"""SciPy's special functions: derivatives of orders 1 to 3 against mpmath, forward, reverse and batched; special points; refusals."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
import scipy.special as sp

import gradwise as gw
from gradwise.tracing.special import PYTHON_FUNCTIONS

from .laws import check_function


@pytest.fixture(autouse=True)
def _precision():
    with mp.workdps(30):
        yield


with mp.workdps(60):
    SQRT2 = mp.sqrt(2)


def ndtr(x):
    return mp.erfc(-x / SQRT2) / 2


def entropy(x):
    return -x * mp.log(x)


#: name: (function of SciPy, the same in mpmath, points, relative tolerance at orders 1, 2, 3)
UNARY = {
    "erf": (sp.erf, mp.erf, (-2.0, -0.3, 0.0, 0.7, 3.0)),
    "erfc": (sp.erfc, mp.erfc, (-2.0, 0.0, 0.7, 5.0)),
    "erfi": (sp.erfi, mp.erfi, (-2.0, 0.0, 0.7, 3.0)),
    "erfcx": (sp.erfcx, lambda x: mp.exp(x * x) * mp.erfc(x), (-2.0, 0.0, 0.3, 0.7, 5.0, 300.0, 1e4)),
    "dawsn": (
        sp.dawsn,
        lambda x: mp.sqrt(mp.pi) / 2 * mp.exp(-x * x) * mp.erfi(x),
        (-3.0, 0.0, 0.3, 2.0, 30.0, 1e4),
    ),
    "erfinv": (sp.erfinv, mp.erfinv, (-0.9, 0.0, 0.3, 0.99)),
    "erfcinv": (sp.erfcinv, lambda x: mp.erfinv(1 - x), (0.1, 0.9, 1.0, 1.7)),
    "ndtr": (sp.ndtr, ndtr, (-5.0, -0.3, 0.0, 2.0)),
    "ndtri": (sp.ndtri, lambda y: SQRT2 * mp.erfinv(2 * y - 1), (0.01, 0.3, 0.5, 0.9)),
    "ndtri_exp": (sp.ndtri_exp, lambda y: SQRT2 * mp.erfinv(2 * mp.exp(y) - 1), (-4.0, -1.0, -0.2)),
    "log_ndtr": (sp.log_ndtr, lambda x: mp.log(ndtr(x)), (-30.0, -5.0, -0.3, 0.0, 2.0, 8.0)),
    "digamma": (sp.digamma, mp.digamma, (-1.3, 0.2, 1.0, 4.0, 100.0)),
    "psi": (sp.psi, mp.digamma, (0.7,)),
    "gamma": (sp.gamma, mp.gamma, (-1.3, 0.2, 1.0, 4.0, 20.0)),
    "gammaln": (sp.gammaln, lambda x: mp.log(abs(mp.gamma(x))), (-1.3, 0.2, 1.0, 4.0, 1e5)),
    "loggamma": (sp.loggamma, mp.loggamma, (0.2, 1.0, 4.0, 1e5)),
    "rgamma": (sp.rgamma, mp.rgamma, (-3.0, -1.3, 0.0, 0.2, 1.0, 4.0)),
    "zeta_q": (lambda q: sp.zeta(3.0, q), lambda q: mp.zeta(3, q), (0.5, 1.0, 7.0)),
    "exp10": (sp.exp10, lambda x: mp.mpf(10) ** x, (-1.0, 0.0, 2.0)),
    "exp2": (sp.exp2, lambda x: mp.mpf(2) ** x, (-1.0, 0.0, 2.0)),
    "cbrt": (sp.cbrt, lambda x: mp.sign(x) * mp.cbrt(abs(x)), (-8.0, 0.3, 1e6)),
    "expm1": (sp.expm1, mp.expm1, (-50.0, 0.0, 1.0)),
    "log1p": (sp.log1p, mp.log1p, (-0.9, 0.0, 1e-9, 1e6)),
    "exprel": (
        sp.exprel,
        lambda x: mp.hyp1f1(1, 2, x),
        (-60.0, -9.0, -1.0, 0.0, 1e-8, 1.0, 9.0, 60.0),
    ),
    "expit": (sp.expit, lambda x: 1 / (1 + mp.exp(-x)), (-40.0, -1.0, 0.3, 40.0)),
    "logit": (sp.logit, lambda x: mp.log(x / (1 - x)), (0.01, 0.4, 0.9)),
    "log_expit": (sp.log_expit, lambda x: -mp.log1p(mp.exp(-x)), (-40.0, -1.0, 0.0, 40.0)),
    "cosm1": (sp.cosm1, lambda x: mp.cos(x) - 1, (-1.0, 1e-5, 2.0)),
    "entr": (sp.entr, entropy, (0.2, 1.0, 5.0)),
    "sindg": (sp.sindg, lambda x: mp.sin(x * mp.pi / 180), (10.0, 200.0)),
    "cosdg": (sp.cosdg, lambda x: mp.cos(x * mp.pi / 180), (10.0, 200.0)),
    "tandg": (sp.tandg, lambda x: mp.tan(x * mp.pi / 180), (10.0, 200.0)),
    "cotdg": (sp.cotdg, lambda x: mp.cot(x * mp.pi / 180), (10.0, 200.0)),
    "expi": (sp.expi, mp.ei, (-1.0, 0.5, 5.0)),
    "exp1": (sp.exp1, mp.e1, (0.5, 5.0)),
    "expn": (lambda x: sp.expn(1, x), mp.e1, (0.5, 5.0)),
    "spence": (sp.spence, lambda x: mp.polylog(2, 1 - x), (0.1, 0.8, 1.0, 1.2, 1.7)),
    "wrightomega": (sp.wrightomega, lambda x: mp.lambertw(mp.exp(x)), (-3.0, 0.5, 4.0)),
    "sici_0": (lambda x: sp.sici(x)[0], mp.si, (-2.0, 0.5, 10.0)),
    "sici_1": (lambda x: sp.sici(x)[1], mp.ci, (0.5, 10.0)),
    "shichi_0": (lambda x: sp.shichi(x)[0], mp.shi, (-2.0, 0.5, 10.0)),
    "shichi_1": (lambda x: sp.shichi(x)[1], mp.chi, (0.5, 10.0)),
    "fresnel_0": (lambda x: sp.fresnel(x)[0], mp.fresnels, (-2.0, 0.5, 3.0)),
    "fresnel_1": (lambda x: sp.fresnel(x)[1], mp.fresnelc, (-2.0, 0.5, 3.0)),
    "airy_0": (lambda x: sp.airy(x)[0], mp.airyai, (-2.0, 0.5, 3.0)),
    "airy_1": (lambda x: sp.airy(x)[1], lambda x: mp.airyai(x, derivative=1), (-2.0, 0.5, 3.0)),
    "airy_2": (lambda x: sp.airy(x)[2], mp.airybi, (-2.0, 0.5, 3.0)),
    "airy_3": (lambda x: sp.airy(x)[3], lambda x: mp.airybi(x, derivative=1), (-2.0, 0.5, 3.0)),
    "j0": (sp.j0, lambda x: mp.besselj(0, x), (0.3, 2.0, 9.0)),
    "j1": (sp.j1, lambda x: mp.besselj(1, x), (0.3, 2.0, 9.0)),
    "y0": (sp.y0, lambda x: mp.bessely(0, x), (0.3, 2.0)),
    "y1": (sp.y1, lambda x: mp.bessely(1, x), (0.3, 2.0)),
    "i0": (sp.i0, lambda x: mp.besseli(0, x), (-2.0, 0.3, 9.0)),
    "i1": (sp.i1, lambda x: mp.besseli(1, x), (-2.0, 0.3, 9.0)),
    "i0e": (sp.i0e, lambda x: mp.exp(-abs(x)) * mp.besseli(0, x), (-2.0, 0.3, 9.0)),
    "i1e": (sp.i1e, lambda x: mp.exp(-abs(x)) * mp.besseli(1, x), (-2.0, 0.3, 9.0)),
    "k0": (sp.k0, lambda x: mp.besselk(0, x), (0.3, 2.0)),
    "k1": (sp.k1, lambda x: mp.besselk(1, x), (0.3, 2.0)),
    "k0e": (sp.k0e, lambda x: mp.exp(x) * mp.besselk(0, x), (0.3, 2.0)),
    "k1e": (sp.k1e, lambda x: mp.exp(x) * mp.besselk(1, x), (0.3, 2.0)),
    "jv": (lambda x: sp.jv(1.5, x), lambda x: mp.besselj(1.5, x), (0.3, 2.0, 9.0)),
    "jn": (lambda x: sp.jn(3, x), lambda x: mp.besselj(3, x), (0.3, 2.0, 9.0)),
    "yv": (lambda x: sp.yv(1.5, x), lambda x: mp.bessely(1.5, x), (0.3, 2.0)),
    "yn": (lambda x: sp.yn(2, x), lambda x: mp.bessely(2, x), (0.3, 2.0)),
    "iv": (lambda x: sp.iv(1.5, x), lambda x: mp.besseli(1.5, x), (0.3, 2.0, 9.0)),
    "ive": (lambda x: sp.ive(1.5, x), lambda x: mp.exp(-abs(x)) * mp.besseli(1.5, x), (0.3, 2.0, 9.0)),
    "kv": (lambda x: sp.kv(1.5, x), lambda x: mp.besselk(1.5, x), (0.3, 2.0)),
    "kn": (lambda x: sp.kn(2, x), lambda x: mp.besselk(2, x), (0.3, 2.0)),
    "kve": (lambda x: sp.kve(1.5, x), lambda x: mp.exp(x) * mp.besselk(1.5, x), (0.3, 2.0)),
    "struve": (lambda x: sp.struve(0.5, x), lambda x: mp.struveh(0.5, x), (0.3, 2.0, 9.0)),
    "modstruve": (lambda x: sp.modstruve(0.5, x), lambda x: mp.struvel(0.5, x), (0.3, 2.0, 5.0)),
    "ellipk": (sp.ellipk, mp.ellipk, (-30.0, -0.7, 0.0, 1e-6, 0.3, 0.9)),
    "ellipkm1": (sp.ellipkm1, lambda p: mp.ellipk(1 - p), (1e-3, 0.5, 1.0)),
    "ellipe": (sp.ellipe, mp.ellipe, (-30.0, -0.7, 0.0, 1e-6, 0.3, 0.9)),
    "ellipkinc": (lambda x: sp.ellipkinc(x, 0.6), lambda x: mp.ellipf(x, 0.6), (-1.0, 0.0, 0.7)),
    "ellipeinc": (lambda x: sp.ellipeinc(x, 0.6), lambda x: mp.ellipe(x, 0.6), (-1.0, 0.0, 0.7)),
    "hyp0f1": (lambda x: sp.hyp0f1(1.5, x), lambda x: mp.hyp0f1(1.5, x), (-1.0, 0.0, 2.0)),
    "hyp1f1": (lambda x: sp.hyp1f1(0.5, 1.5, x), lambda x: mp.hyp1f1(0.5, 1.5, x), (-1.0, 0.0, 2.0)),
    "hyp2f1": (lambda x: sp.hyp2f1(0.5, 0.7, 1.5, x), lambda x: mp.hyp2f1(0.5, 0.7, 1.5, x), (-1.0, 0.0, 0.4)),
    "hyperu": (lambda x: sp.hyperu(0.5, 1.5, x), lambda x: mp.hyperu(0.5, 1.5, x), (0.3, 2.0)),
    "gammainc": (lambda x: sp.gammainc(2.5, x), lambda x: mp.gammainc(2.5, 0, x, regularized=True), (0.3, 2.0, 9.0)),
    "gammaincc": (lambda x: sp.gammaincc(2.5, x), lambda x: mp.gammainc(2.5, x, regularized=True), (0.3, 2.0, 9.0)),
    "stdtr": (
        lambda x: sp.stdtr(3.5, x),
        lambda x: (
            0.5 + x * mp.gamma(2.25) / (mp.sqrt(3.5 * mp.pi) * mp.gamma(1.75)) * mp.hyp2f1(0.5, 2.25, 1.5, -x * x / 3.5)
        ),
        (-2.0, 0.0, 0.3, 4.0),
    ),
    "betainc": (
        lambda x: sp.betainc(1.5, 2.5, x),
        lambda x: mp.betainc(1.5, 2.5, 0, x, regularized=True),
        (0.1, 0.5, 0.9),
    ),
    "betaincc": (
        lambda x: sp.betaincc(1.5, 2.5, x),
        lambda x: 1 - mp.betainc(1.5, 2.5, 0, x, regularized=True),
        (0.1, 0.5, 0.9),
    ),
    "legendre": (lambda x: sp.eval_legendre(4, x), lambda x: mp.legendre(4, x), (-0.5, 0.3, 1.0)),
    "chebyt": (lambda x: sp.eval_chebyt(4, x), lambda x: mp.chebyt(4, x), (-0.5, 0.3, 0.9)),
    "chebyu": (lambda x: sp.eval_chebyu(4, x), lambda x: mp.chebyu(4, x), (-0.5, 0.3, 0.9)),
    "laguerre": (lambda x: sp.eval_laguerre(4, x), lambda x: mp.laguerre(4, 0, x), (-0.5, 0.3, 2.0)),
    "hermite": (lambda x: sp.eval_hermite(4, x), lambda x: mp.hermite(4, x), (-0.5, 0.3, 2.0)),
    "hermitenorm": (
        lambda x: sp.eval_hermitenorm(4, x),
        lambda x: mp.hermite(4, x / SQRT2) / 4,
        (-0.5, 0.3, 2.0),
    ),
    "jacobi": (lambda x: sp.eval_jacobi(4, 0.5, 1.5, x), lambda x: mp.jacobi(4, 0.5, 1.5, x), (-0.5, 0.3)),
    "gegenbauer": (lambda x: sp.eval_gegenbauer(4, 1.5, x), lambda x: mp.gegenbauer(4, 1.5, x), (-0.5, 0.3)),
    "genlaguerre": (lambda x: sp.eval_genlaguerre(4, 1.5, x), lambda x: mp.laguerre(4, 1.5, x), (-0.5, 0.3)),
}
#: where SciPy's own values, or a difference of scaled functions, limit the digits
LOOSE = {"modstruve": 1e-9, "ellipk": 1e-10, "ellipe": 1e-10, "log_ndtr": 1e-9, "hyperu": 1e-10, "dawsn": 1e-10}


@pytest.mark.parametrize("order", [1, 2, pytest.param(3, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", sorted(UNARY))
def test_derivatives_agree_with_mpmath(name, order):
    function, truth, points = UNARY[name]
    x = np.array(points)
    result = gw.derivative(function, order=order, method="exact")(x)
    expected = np.array([float(mp.diff(truth, mp.mpf(p), order)) for p in points])
    np.testing.assert_allclose(result, expected, rtol=LOOSE.get(name, 1e-11), atol=1e-13)


# --- functions of several variables -----------------------------------------------------------------------------------------


def boxcox(x, k):
    return (x**k - 1) / k if k else mp.log(x)


def inverse_boxcox(y, k):
    return (1 + k * y) ** (1 / mp.mpf(k)) if k else mp.exp(y)


def huber(d, r):
    return r * r / 2 if abs(r) <= d else d * (abs(r) - d / 2)


#: name: (function of SciPy, the same in mpmath, points)
SEVERAL = {
    "beta": (sp.beta, mp.beta, ((0.7, 2.5), (3.0, 1.0))),
    "betaln": (sp.betaln, lambda a, b: mp.log(mp.beta(a, b)), ((0.7, 2.5), (3.0, 1.0))),
    "poch": (sp.poch, mp.rf, ((0.7, 2.5), (3.0, 1.5))),
    "binom": (sp.binom, mp.binomial, ((4.7, 2.5), (3.0, 1.5))),
    "xlogy": (sp.xlogy, lambda x, y: x * mp.log(y), ((0.7, 2.5), (0.0, 1.5), (-2.0, 0.1))),
    "xlog1py": (sp.xlog1py, lambda x, y: x * mp.log1p(y), ((0.7, 2.5), (0.0, 1.5), (-2.0, -0.1))),
    "rel_entr": (sp.rel_entr, lambda x, y: x * mp.log(x / y), ((0.7, 2.5), (3.0, 1.5))),
    "kl_div": (sp.kl_div, lambda x, y: x * mp.log(x / y) - x + y, ((0.7, 2.5), (3.0, 1.5))),
    "powm1": (sp.powm1, lambda x, y: x**y - 1, ((0.7, 2.5), (3.0, -1.5))),
    "boxcox": (sp.boxcox, boxcox, ((0.7, 0.5), (3.0, -1.5), (2.0, 1e-9))),
    "boxcox1p": (sp.boxcox1p, lambda x, k: boxcox(1 + x, k), ((0.7, 0.5), (3.0, -1.5))),
    "inv_boxcox": (sp.inv_boxcox, inverse_boxcox, ((0.7, 0.5), (0.3, -1.5))),
    "inv_boxcox1p": (sp.inv_boxcox1p, lambda y, k: inverse_boxcox(y, k) - 1, ((0.7, 0.5), (0.3, -1.5))),
    "huber": (sp.huber, huber, ((1.0, 0.4), (1.0, -2.5))),
    "pseudo_huber": (
        sp.pseudo_huber,
        lambda d, r: d * d * (mp.sqrt(1 + (r / d) ** 2) - 1),
        ((1.0, 0.4), (0.7, -2.5)),
    ),
}


@pytest.mark.parametrize("name", sorted(SEVERAL))
def test_partial_derivatives_agree_with_mpmath(name):
    function, truth, points = SEVERAL[name]
    for x, z in points:

        def expected(i, j, x=x, z=z):
            return float(mp.diff(truth, (mp.mpf(x), mp.mpf(z)), (i, j)))

        gradient = gw.grad(function, argnums=(0, 1), method="exact")(x, z)
        np.testing.assert_allclose(gradient, [expected(1, 0), expected(0, 1)], rtol=1e-10, atol=1e-13)
        hessian = gw.hessian(function, argnums=(0, 1), method="exact")(x, z)
        np.testing.assert_allclose(
            hessian, [[expected(2, 0), expected(1, 1)], [expected(1, 1), expected(0, 2)]], rtol=1e-8, atol=1e-12
        )


def test_box_cox_at_exponent_zero_is_the_logarithm():
    """d/dλ (x^λ − 1)/λ = log²x/2 at λ = 0."""
    np.testing.assert_allclose(gw.grad(sp.boxcox, argnums=(0, 1))(3.0, 0.0), (1 / 3, np.log(3.0) ** 2 / 2), rtol=1e-14)
    np.testing.assert_allclose(
        gw.grad(sp.inv_boxcox, argnums=(0, 1))(0.4, 0.0), (np.exp(0.4), -np.exp(0.4) * 0.08), rtol=1e-14
    )


def test_inverses_of_incomplete_functions():
    for function, inverse, parameters in (
        (sp.gammainc, sp.gammaincinv, (2.5,)),
        (sp.gammaincc, sp.gammainccinv, (2.5,)),
        (sp.betainc, sp.betaincinv, (1.5, 2.5)),
    ):
        slope = gw.derivative(lambda x, f=function, q=parameters: f(*q, x))(0.7)
        probability = function(*parameters, 0.7)
        inverse_slope = gw.derivative(lambda p, f=inverse, q=parameters: f(*q, p))(probability)
        np.testing.assert_allclose(slope * inverse_slope, 1.0, rtol=1e-12)
        assert np.isfinite(gw.derivative(lambda p, f=inverse, q=parameters: f(*q, p), order=2)(probability))


# --- complex numbers --------------------------------------------------------------------------------------------------------

HOLOMORPHIC = {
    "erf": (sp.erf, mp.erf),
    "erfc": (sp.erfc, mp.erfc),
    "erfi": (sp.erfi, mp.erfi),
    "erfcx": (sp.erfcx, lambda z: mp.exp(z * z) * mp.erfc(z)),
    "dawsn": (sp.dawsn, lambda z: mp.sqrt(mp.pi) / 2 * mp.exp(-z * z) * mp.erfi(z)),
    "wofz": (sp.wofz, lambda z: mp.exp(-z * z) * mp.erfc(-1j * z)),
    "ndtr": (sp.ndtr, ndtr),
    "log_ndtr": (sp.log_ndtr, lambda z: mp.log(ndtr(z))),
    "gamma": (sp.gamma, mp.gamma),
    "loggamma": (sp.loggamma, mp.loggamma),
    "rgamma": (sp.rgamma, mp.rgamma),
    "digamma": (sp.digamma, mp.digamma),
    "expi": (sp.expi, mp.ei),
    "exp1": (sp.exp1, mp.e1),
    "spence": (sp.spence, lambda z: mp.polylog(2, 1 - z)),
    "lambertw": (sp.lambertw, mp.lambertw),
    "lambertw -1": (lambda z: sp.lambertw(z, -1), lambda z: mp.lambertw(z, -1)),
    "wrightomega": (sp.wrightomega, lambda z: mp.lambertw(mp.exp(z))),
    "jv": (lambda z: sp.jv(1.5, z), lambda z: mp.besselj(1.5, z)),
    "yv": (lambda z: sp.yv(1.5, z), lambda z: mp.bessely(1.5, z)),
    "iv": (lambda z: sp.iv(1.5, z), lambda z: mp.besseli(1.5, z)),
    "kv": (lambda z: sp.kv(1.5, z), lambda z: mp.besselk(1.5, z)),
    "hankel1": (lambda z: sp.hankel1(1.5, z), lambda z: mp.hankel1(1.5, z)),
    "hankel2": (lambda z: sp.hankel2(1.5, z), lambda z: mp.hankel2(1.5, z)),
    "hankel1e": (lambda z: sp.hankel1e(1.5, z), lambda z: mp.hankel1(1.5, z) * mp.exp(-1j * z)),
    "hankel2e": (lambda z: sp.hankel2e(1.5, z), lambda z: mp.hankel2(1.5, z) * mp.exp(1j * z)),
    "hyp1f1": (lambda z: sp.hyp1f1(0.5, 1.5, z), lambda z: mp.hyp1f1(0.5, 1.5, z)),
    "airy": (lambda z: sp.airy(z)[0], mp.airyai),
}
if sp.hyp1f1(0.5, 1.5, 0.5j) == 1:  # as SciPy 1.13 has it of complex numbers
    del HOLOMORPHIC["hyp1f1"]


@pytest.mark.parametrize("name", sorted(HOLOMORPHIC))
def test_complex_derivatives_agree_with_mpmath(name):
    function, truth = HOLOMORPHIC[name]
    for z in (0.7 + 0.4j, 1.3 - 0.6j):

        def first(v):
            return gw.jvp(function, (v,), (1 + 0j,))[1]

        np.testing.assert_allclose(first(z), complex(mp.diff(truth, z)), rtol=1e-11)
        second = gw.jvp(first, (z,), (1 + 0j,))[1]
        np.testing.assert_allclose(second, complex(mp.diff(truth, z, 2)), rtol=1e-10)


# --- laws -------------------------------------------------------------------------------------------------------------------

CASES = {
    **{name: (case[0], (np.array(case[2][-2:]),)) for name, case in UNARY.items()},
    **{name: (case[0], tuple(np.array(case[2][:2]).T)) for name, case in SEVERAL.items()},
    **{f"{name} complex": (case[0], (np.array([0.7 + 0.4j, 1.3 - 0.6j]),)) for name, case in HOLOMORPHIC.items()},
    "radian": (sp.radian, (np.array([10.0]), np.array([20.0]), np.array([30.0]))),
    "stdtrit": (lambda p: sp.stdtrit(3.5, p), (np.array([0.1, 0.5, 0.6]),)),
    "gammaincinv": (lambda p: sp.gammaincinv(2.5, p), (np.array([0.3, 0.6]),)),
    "gammainccinv": (lambda p: sp.gammainccinv(2.5, p), (np.array([0.3, 0.6]),)),
    "betaincinv": (lambda p: sp.betaincinv(1.5, 2.5, p), (np.array([0.3, 0.6]),)),
    "gammasgn": (lambda x: sp.gammasgn(x) * x, (np.array([0.3, -0.6]),)),
    "round": (lambda x: sp.round(x) * x, (np.array([0.3, -1.6]),)),
    "riemann zeta, not differentiated": (lambda x: sp.zeta(3.0) * x**2, (np.array([0.3]),)),
    "degrees as an array": (lambda x: sp.eval_legendre(np.arange(4)[:, None], x), (np.array([0.3, -0.6]),)),
    "orders as an array": (lambda x: sp.jv(np.arange(3)[:, None], x), (np.array([0.3, 1.6]),)),
}
CASES["log_ndtr"] = (sp.log_ndtr, (np.array([-3.0, 1.0]),))
CASES["erfcx"] = (sp.erfcx, (np.array([-0.7, 5.0]),))
CASES["dawsn"] = (sp.dawsn, (np.array([2.0, 8.0]),))
CASES["gammaln"] = (sp.gammaln, (np.array([1.3, 4.0]),))
CASES["loggamma"] = (sp.loggamma, (np.array([1.3, 4.0]),))
CASES["digamma"] = (sp.digamma, (np.array([1.3, 4.0]),))
CASES["gamma"] = (sp.gamma, (np.array([1.3, 4.0]),))
CASES["exprel"] = (sp.exprel, (np.array([-1.0, 1.3]),))
CASES["cbrt"] = (sp.cbrt, (np.array([-8.0, 0.3]),))
CASES["log1p"] = (sp.log1p, (np.array([-0.3, 0.3]),))
CASES["boxcox"] = (sp.boxcox, (np.array([0.7, 3.0]), np.array([0.5, -1.5])))
CASES["expit"] = (sp.expit, (np.array([-1.0, 0.3]),))
CASES["log_expit"] = (sp.log_expit, (np.array([-1.0, 0.3]),))
CASES["ndtri"] = (sp.ndtri, (np.array([0.3, 0.6]),))
CASES["erfinv"] = (sp.erfinv, (np.array([0.3, 0.6]),))


@pytest.mark.parametrize("name", sorted(CASES))
def test_laws(name):
    function, arguments = CASES[name]
    check_function(function, *arguments, order=2, scale=1e-3, rtol=3e-6)


# --- special points and refusals ------------------------------------------------------------------------------------------------


def test_special_points():
    np.testing.assert_allclose(gw.grad(sp.xlogy, argnums=(0, 1))(0.0, 2.0), (np.log(2.0), 0.0))
    assert gw.grad(sp.xlogy, argnums=1)(0.0, 0.0) == 0
    assert gw.jvp(lambda y: gw.grad(sp.xlogy, argnums=0)(0.0, y), (2.0,), (1.0,))[1] == 0.5
    assert gw.grad(sp.erfinv)(1.0) == np.inf
    assert gw.grad(sp.entr)(0.0) == np.inf
    assert gw.grad(sp.gammaln)(1.0) == -np.euler_gamma
    np.testing.assert_allclose(gw.grad(sp.log_ndtr)(-1e5), 1e5, rtol=1e-9)
    assert gw.derivative(sp.log_ndtr, order=2)(50.0) == 0
    assert gw.derivative(sp.expit, order=2)(800.0) == 0
    np.testing.assert_allclose(gw.grad(lambda x: sp.jv(0.5, x))(0.0), np.inf)
    np.testing.assert_allclose(gw.grad(lambda x: sp.lambertw(x).real)(0.0), 1.0)


@pytest.mark.parametrize(
    ("function", "argument"),
    [
        (lambda v: sp.yv(v, 300.0), "its order"),
        (lambda v: sp.struve(v, 30.0), "its order"),
        (lambda v: sp.hyp2f1(1.0, 1.0, v, 0.999), "its third parameter"),
        (lambda v: sp.wright_bessel(v, 1.0, 50.0), "its parameter a"),
        (lambda v: sp.eval_jacobi(200, v, 0.3, -0.3), "its parameter"),
    ],
)
def test_a_parameter_without_a_rule_raises(function, argument):
    with pytest.raises(gw.errors.TracingError, match=argument):
        gw.grad(function, method="exact")(2.5)


def test_bad_parameters_raise():
    with pytest.raises(gw.errors.TracingError, match="An integer is required"):
        gw.grad(lambda x: sp.eval_legendre(2.5, x), method="exact")(0.3)
    with pytest.raises(gw.errors.TracingError, match="One branch is required"):
        gw.jvp(lambda x: sp.lambertw(x, [0, 1]), (1.0,), (1.0,), method="exact")
    with pytest.raises(gw.errors.TracingError, match="no derivative rule"):
        gw.grad(lambda x: sp.obl_ang1(1, 2, 0.5, x)[0], method="exact")(0.3)


def test_single_precision_stays_single():
    x = np.array([0.3, 0.7], np.float32)
    for function in (
        sp.erf,
        sp.gammaln,
        sp.digamma,
        sp.expit,
        sp.log_ndtr,
        sp.j0,
        sp.i1e,
        sp.exprel,
        sp.ellipk,
        sp.spence,
    ):
        value, tangent = gw.jvp(function, (x,), (np.ones_like(x),))
        assert value.dtype == tangent.dtype == np.float32
        assert gw.grad(lambda v, function=function: np.sum(function(v)))(x).dtype == np.float32


# --- SciPy's functions written in Python ----------------------------------------------------------------------------------------

PYTHON_CASES = {
    "logsumexp": ("logsumexp", (A := np.array([[1.0, 2.0, -3.0], [1000.0, 999.0, 0.0]]),), {"axis": 1}),
    "logsumexp all": ("logsumexp", (A[0],), {}),
    "logsumexp keepdims": ("logsumexp", (A,), {"axis": 0, "keepdims": True}),
    "logsumexp weights": ("logsumexp", (A[0],), {"b": np.array([0.5, 0.0, 2.0])}),
    "logsumexp sign": ("logsumexp", (A[0],), {"b": np.array([0.5, -3.0, 2.0]), "return_sign": True}),
    "softmax": ("softmax", (A,), {"axis": 1}),
    "log_softmax": ("log_softmax", (A,), {"axis": -1}),
    "polygamma": ("polygamma", (2, np.array([0.3, 2.0])), {}),
    "multigammaln": ("multigammaln", (3.5, 3), {}),
}


@pytest.mark.parametrize("name", sorted(PYTHON_CASES))
def test_replacements_equal_scipys_functions(name):
    function, arguments, options = PYTHON_CASES[name]
    place = next(i for i, a in enumerate(arguments) if np.asarray(a).dtype.kind == "f")

    def ours(x):
        return PYTHON_FUNCTIONS[function](*arguments[:place], x, *arguments[place + 1 :], **options)

    def scipys(x):
        return getattr(sp, function)(*arguments[:place], x, *arguments[place + 1 :], **options)

    x = arguments[place]
    value, tangent = gw.jvp(ours, (x,), (np.ones_like(x) * 0.5,))
    for got, expected in zip(np.atleast_1d(value), np.atleast_1d(scipys(x)), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-13)
    if not options.get("return_sign"):
        check_function(ours, x, order=2)


def test_scipys_python_functions_are_found_in_containers():
    box = {"f": sp.logsumexp}
    np.testing.assert_allclose(gw.grad(lambda x: box["f"](x), method="exact")(A[0]), sp.softmax(A[0]), rtol=1e-14)
    np.testing.assert_allclose(
        gw.grad(lambda x: sp.logsumexp([x[0], x[1]]), method="exact")(A[0])[:2], sp.softmax(A[0][:2]), rtol=1e-14
    )
