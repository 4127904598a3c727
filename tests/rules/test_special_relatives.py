"""Elliptic integrals in both arguments, Jacobi's, Kelvin's and scaled functions, integrals of Bessel functions, distribution functions: against mpmath."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
import scipy.special as sp
from scipy.special import _ufuncs

import gradwise as gw

from .laws import check_function


@pytest.fixture(autouse=True)
def _precision():
    with mp.workdps(30):
        yield


def airy_scaled(x):
    return mp.airyai(x) * mp.exp(2 * mp.mpf(x) ** 1.5 / 3)


def owen(h, a):
    return mp.quad(lambda t: mp.exp(-h * h * (1 + t * t) / 2) / (1 + t * t), [0, a]) / (2 * mp.pi)


def wright(x):
    return mp.nsum(lambda k: mp.mpf(x) ** k / (mp.factorial(k) * mp.gamma(k / 2 + mp.mpf("0.75"))), [0, mp.inf])


def jacobi(kind):
    return lambda u, m: mp.ellipfun(kind, u, m=m)


def amplitude(u, m):
    return mp.atan2(mp.ellipfun("sn", u, m=m), mp.ellipfun("cn", u, m=m))


#: name: (function of SciPy, the same in mpmath, points)
CASES_AGAINST_MPMATH = {
    "ellipkinc": (sp.ellipkinc, lambda f, m: mp.ellipf(f, m), [(0.7, 0.3), (0.7, 1e-9), (0.4, -2.0), (4.0, 0.6)]),
    "ellipeinc": (sp.ellipeinc, lambda f, m: mp.ellipe(f, m), [(0.7, 0.3), (0.7, 1e-9), (0.4, -2.0), (-4.0, 0.6)]),
    "sn": (lambda u, m: sp.ellipj(u, m)[0], jacobi("sn"), [(0.7, 0.3), (1.2, 0.8)]),
    "cn": (lambda u, m: sp.ellipj(u, m)[1], jacobi("cn"), [(0.7, 0.3), (1.2, 0.8)]),
    "dn": (lambda u, m: sp.ellipj(u, m)[2], jacobi("dn"), [(0.7, 0.3), (1.2, 0.8)]),
    "am": (lambda u, m: sp.ellipj(u, m)[3], amplitude, [(0.7, 0.3), (1.2, 0.8)]),
    "ber": (sp.ber, lambda x: mp.ber(0, x), [(0.7,), (3.0,)]),
    "bei": (sp.bei, lambda x: mp.bei(0, x), [(0.7,), (3.0,)]),
    "ker": (sp.ker, lambda x: mp.ker(0, x), [(0.7,), (3.0,)]),
    "kei": (sp.kei, lambda x: mp.kei(0, x), [(0.7,), (3.0,)]),
    "berp": (sp.berp, lambda x: mp.diff(lambda t: mp.ber(0, t), x), [(0.7,)]),
    "beip": (sp.beip, lambda x: mp.diff(lambda t: mp.bei(0, t), x), [(0.7,)]),
    "kerp": (sp.kerp, lambda x: mp.diff(lambda t: mp.ker(0, t), x), [(0.7,)]),
    "keip": (sp.keip, lambda x: mp.diff(lambda t: mp.kei(0, t), x), [(0.7,)]),
    "itj0y0": (lambda x: sp.itj0y0(x)[0], lambda x: mp.quad(lambda t: mp.besselj(0, t), [0, x]), [(0.7,), (3.0,)]),
    "iti0k0": (lambda x: sp.iti0k0(x)[0], lambda x: mp.quad(lambda t: mp.besseli(0, t), [0, x]), [(0.7,), (3.0,)]),
    "it2j0y0": (
        lambda x: sp.it2j0y0(x)[0],
        lambda x: mp.quad(lambda t: (1 - mp.besselj(0, t)) / t, [0, x]),
        [(0.7,), (3.0,)],
    ),
    "it2i0k0": (
        lambda x: sp.it2i0k0(x)[0],
        lambda x: mp.quad(lambda t: (mp.besseli(0, t) - 1) / t, [0, x]),
        [(0.7,), (3.0,)],
    ),
    "itstruve0": (sp.itstruve0, lambda x: mp.quad(lambda t: mp.struveh(0, t), [0, x]), [(0.7,), (3.0,)]),
    "it2struve0": (sp.it2struve0, lambda x: -mp.quad(lambda t: mp.struveh(0, t) / t, [0, x]), [(0.7,), (3.0,)]),
    "itmodstruve0": (sp.itmodstruve0, lambda x: mp.quad(lambda t: mp.struvel(0, t), [0, x]), [(0.7,), (3.0,)]),
    "itairy": (lambda x: sp.itairy(x)[0], lambda x: mp.quad(mp.airyai, [0, x]), [(0.7,), (2.0,)]),
    "itairy behind": (lambda x: sp.itairy(x)[3], lambda x: mp.quad(lambda t: mp.airybi(-t), [0, x]), [(0.7,)]),
    "airye": (lambda x: sp.airye(x)[0], airy_scaled, [(0.7,), (3.0,)]),
    "airye Bi": (lambda x: sp.airye(x)[2], lambda x: mp.airybi(x) * mp.exp(-2 * mp.mpf(x) ** 1.5 / 3), [(0.7,)]),
    "airye Bi, left": (lambda x: sp.airye(x)[2], mp.airybi, [(-0.7,)]),
    "jve": (lambda x: sp.jve(1.5, x), lambda x: mp.besselj(1.5, x), [(0.7,), (3.0,)]),
    "yve": (lambda x: sp.yve(1.5, x), lambda x: mp.bessely(1.5, x), [(0.7,), (3.0,)]),
    "owens_t": (sp.owens_t, owen, [(0.7, 0.5), (0.0, 1.2), (-1.0, 2.0)]),
    "wright_bessel": (lambda x: sp.wright_bessel(0.5, 0.75, x), wright, [(0.7,), (2.0,)]),
    "pbdv": (lambda x: sp.pbdv(1.5, x)[0], lambda x: mp.pcfd(1.5, x), [(0.7,), (-2.0,)]),
    "pbdv, slope": (lambda x: sp.pbdv(1.5, x)[1], lambda x: mp.diff(lambda t: mp.pcfd(1.5, t), x), [(0.7,)]),
    "pbvv": (lambda x: sp.pbvv(0.3, x)[0], lambda x: mp.pcfv(-0.8, x), [(0.7,), (-2.0,)]),
    "pbvv, slope": (lambda x: sp.pbvv(0.3, x)[1], lambda x: mp.diff(lambda t: mp.pcfv(-0.8, t), x), [(0.7,)]),
    "pbwa": (lambda x: sp.pbwa(0.6, x)[0], lambda x: mp.pcfw(0.6, x), [(0.7,), (-1.5,)]),
    "pbwa, slope": (lambda x: sp.pbwa(0.6, x)[1], lambda x: mp.diff(lambda t: mp.pcfw(0.6, t), x), [(0.7,)]),
    "lpmv": (lambda x: sp.lpmv(1, 3, x), lambda x: -mp.sqrt(1 - x * x) * (15 * x * x - 3) / 2, [(0.3,), (-0.6,)]),
    "lpmv, degree 0": (lambda x: sp.lpmv(0, 0, x) + x, lambda x: 1 + x, [(0.3,)]),
    "agm": (sp.agm, mp.agm, [(0.7, 2.0), (1.0, 1.0)]),
    "voigt": (
        sp.voigt_profile,
        lambda x, s, g: (
            mp.re(mp.exp(-((mp.mpc(x, g) / (s * mp.sqrt(2))) ** 2)) * mp.erfc(-1j * mp.mpc(x, g) / (s * mp.sqrt(2))))
            / (s * mp.sqrt(2 * mp.pi))
        ),
        [(0.4, 0.7, 0.3)],
    ),
    "spherical_jn": (
        lambda x: _ufuncs._spherical_jn(2, x),
        lambda x: mp.sqrt(mp.pi / (2 * x)) * mp.besselj(2.5, x),
        [(0.7,), (3.0,)],
    ),
    "spherical_in": (
        lambda x: _ufuncs._spherical_in(1, x),
        lambda x: mp.sqrt(mp.pi / (2 * x)) * mp.besseli(1.5, x),
        [(0.7,), (3.0,)],
    ),
    "chdtr": (lambda x: sp.chdtr(3.0, x), lambda x: mp.gammainc(1.5, 0, x / 2, regularized=True), [(0.7,), (4.0,)]),
    "chdtrc": (lambda x: sp.chdtrc(3.0, x), lambda x: mp.gammainc(1.5, x / 2, regularized=True), [(0.7,)]),
    "pdtr": (lambda m: sp.pdtr(2.0, m), lambda m: mp.exp(-m) * (1 + m + m * m / 2), [(0.7,), (4.0,)]),
    "pdtrc": (lambda m: sp.pdtrc(2.0, m), lambda m: 1 - mp.exp(-m) * (1 + m + m * m / 2), [(0.7,)]),
    "bdtr": (lambda p: sp.bdtr(1.0, 3, p), lambda p: (1 - p) ** 3 + 3 * p * (1 - p) ** 2, [(0.3,)]),
    "bdtrc": (lambda p: sp.bdtrc(1.0, 3, p), lambda p: 3 * p**2 * (1 - p) + p**3, [(0.3,)]),
    "nbdtr": (lambda p: sp.nbdtr(1, 2, p), lambda p: p**2 + 2 * p**2 * (1 - p), [(0.3,)]),
    "nbdtrc": (lambda p: sp.nbdtrc(1, 2, p), lambda p: 1 - p**2 - 2 * p**2 * (1 - p), [(0.3,)]),
    "gdtr": (
        lambda a, x: sp.gdtr(a, 2.0, x),
        lambda a, x: mp.gammainc(2, 0, a * x, regularized=True),
        [(0.7, 2.0)],
    ),
    "gdtrc": (lambda a, x: sp.gdtrc(a, 2.0, x), lambda a, x: mp.gammainc(2, a * x, regularized=True), [(0.7, 2.0)]),
    "fdtr": (
        lambda x: sp.fdtr(3.0, 5.0, x),
        lambda x: mp.betainc(1.5, 2.5, 0, 3 * x / (5 + 3 * x), regularized=True),
        [(0.7,), (2.0,)],
    ),
    "fdtrc": (
        lambda x: sp.fdtrc(3.0, 5.0, x),
        lambda x: 1 - mp.betainc(1.5, 2.5, 0, 3 * x / (5 + 3 * x), regularized=True),
        [(0.7,)],
    ),
    "nrdtrimn": (
        lambda p, s, x: sp.nrdtrimn(p, s, x),
        lambda p, s, x: x - s * mp.sqrt(2) * mp.erfinv(2 * p - 1),
        [(0.3, 1.5, 0.4)],
    ),
    "nrdtrisd": (
        lambda m, p, x: sp.nrdtrisd(m, p, x),
        lambda m, p, x: (x - m) / (mp.sqrt(2) * mp.erfinv(2 * p - 1)),
        [(0.2, 0.8, 1.4)],
    ),
    "eval_chebyc": (lambda x: sp.eval_chebyc(3, x), lambda x: 2 * mp.chebyt(3, x / 2), [(0.3,)]),
    "eval_chebys": (lambda x: sp.eval_chebys(3, x), lambda x: mp.chebyu(3, x / 2), [(0.3,)]),
    "eval_sh_chebyt": (lambda x: sp.eval_sh_chebyt(3, x), lambda x: mp.chebyt(3, 2 * x - 1), [(0.3,)]),
    "eval_sh_chebyu": (lambda x: sp.eval_sh_chebyu(3, x), lambda x: mp.chebyu(3, 2 * x - 1), [(0.3,)]),
    "eval_sh_legendre": (lambda x: sp.eval_sh_legendre(3, x), lambda x: mp.legendre(3, 2 * x - 1), [(0.3,)]),
    "eval_sh_jacobi": (
        lambda x: sp.eval_sh_jacobi(3, 2.5, 1.5, x),
        lambda x: mp.jacobi(3, 1, 0.5, 2 * x - 1) / mp.binomial(7.5, 3),
        [(0.3,)],
    ),
}
#: SciPy's own values are no better than this
LOOSE = {"itairy": 1e-5, "itairy behind": 1e-5, "itstruve0": 1e-9, "it2struve0": 1e-9, "itmodstruve0": 1e-9}


@pytest.mark.parametrize("name", sorted(CASES_AGAINST_MPMATH))
def test_first_and_second_derivatives(name):
    function, truth, points = CASES_AGAINST_MPMATH[name]
    for point in points:
        n = len(point)
        gradient = gw.grad(function, argnums=tuple(range(n)), method="exact")(*point)
        for k in range(n):
            order = tuple(int(i == k) for i in range(n))
            expected = float(mp.diff(truth, point, order) if n > 1 else mp.diff(truth, point[0]))
            np.testing.assert_allclose(gradient[k], expected, rtol=2e-9, atol=1e-12)
        for k in range(n):
            if name in {"ellipkinc", "ellipeinc"} and k == 1 and point[1] < 1e-3:
                continue  # the slope of D in m loses digits there
            order = tuple(2 * int(i == k) for i in range(n))
            expected = float(mp.diff(truth, point, order) if n > 1 else mp.diff(truth, point[0], 2))

            def along(t, k=k, point=point):
                return gw.grad(function, argnums=k, method="exact")(*point[:k], t, *point[k + 1 :])

            np.testing.assert_allclose(gw.grad(along, method="exact")(point[k]), expected, rtol=2e-8, atol=1e-11)


CASES = {
    **{
        name: (case[0], tuple(np.array(case[2][:1]).T))
        for name, case in CASES_AGAINST_MPMATH.items()
        if name not in LOOSE
    },
    "both integrals": (lambda x: sp.itj0y0(x)[1], (np.array([0.7, 1.3]),)),
    "both modified": (lambda x: sp.iti0k0(x)[1], (np.array([0.7, 1.3]),)),
}
CASES_OF_INTEGRALS = {name: (CASES_AGAINST_MPMATH[name][0], (np.array([0.7]),)) for name in LOOSE}


@pytest.mark.parametrize("name", sorted(CASES))
def test_laws(name):
    function, arguments = CASES[name]
    check_function(function, *arguments, order=2, scale=1e-3, rtol=3e-6)


def test_inverse_distribution_functions():
    for inverse, forward in (
        (lambda p: sp.chdtri(3.0, p), lambda x: sp.chdtrc(3.0, x)),
        (lambda p: sp.pdtri(2.0, p), lambda m: sp.pdtr(2.0, m)),
        (lambda p: sp.fdtri(3.0, 5.0, p), lambda x: sp.fdtr(3.0, 5.0, x)),
        (lambda p: sp.gdtrix(0.7, 2.0, p), lambda x: sp.gdtr(0.7, 2.0, x)),
        (lambda p: sp.gdtria(p, 2.0, 1.5), lambda a: sp.gdtr(a, 2.0, 1.5)),
    ):
        slope = gw.grad(inverse, method="exact")(0.3)
        np.testing.assert_allclose(slope * gw.grad(forward, method="exact")(inverse(0.3)), 1.0, rtol=1e-9)


def test_special_points():
    assert gw.grad(lambda m: sp.ellipeinc(0.7, m))(0.0) == pytest.approx(-0.25 * (0.7 - 0.5 * np.sin(1.4)), rel=1e-14)
    assert gw.grad(sp.voigt_profile, argnums=(0, 1, 2), method="exact")(0.5, 0.0, 1.0) == pytest.approx(
        (-1.0 / np.pi / 1.25**2, 0.0, (1 / 1.25 - 2 / 1.25**2) / np.pi), rel=1e-12
    )
    assert gw.grad(lambda x: sp.agm(x, 0.7) + 0 * x, method="exact")(0.7) == pytest.approx(0.5, rel=1e-12)


@pytest.mark.parametrize("name", ["jve", "yve"])
def test_scaled_functions_of_complex_numbers_raise(name):
    with pytest.raises(gw.errors.TracingError, match="differentiated at complex numbers"):
        gw.jvp(lambda z: getattr(sp, name)(1.0, z), (1 + 1j,), (1 + 0j,), method="exact")


def test_a_degree_that_is_differentiated_raises():
    with pytest.raises(gw.errors.TracingError, match="its degree n"):
        gw.grad(lambda n: sp.eval_legendre(n, 0.3), method="exact", check=False)(2.0)


def kolmogorov(x):
    return 1 - mp.sqrt(2 * mp.pi) / x * sum(mp.exp(-(((2 * k - 1) * mp.pi) ** 2) / (8 * x * x)) for k in range(1, 40))


@pytest.mark.parametrize("x", [0.2, 0.7, 0.999, 1.0, 1.01, 1.7, 3.0])
def test_kolmogorovs_distribution(x):
    for order in (1, 2, 3):
        found = gw.derivative(sp.kolmogorov, order=order, method="exact")(x)
        assert found == pytest.approx(float(mp.diff(kolmogorov, mp.mpf(x), order)), rel=1e-12)
    p = sp.kolmogorov(x)
    if 1e-7 < p < 1 - 1e-7:
        slope, bend = (mp.diff(kolmogorov, mp.mpf(x), order) for order in (1, 2))
        assert gw.derivative(sp.kolmogi, method="exact")(p) == pytest.approx(float(1 / slope), rel=1e-9)
        assert gw.derivative(sp.kolmogi, order=2, method="exact")(p) == pytest.approx(float(-bend / slope**3), rel=1e-9)


def test_kolmogorovs_distribution_where_it_is_constant():
    np.testing.assert_array_equal(gw.grad(lambda x: np.sum(sp.kolmogorov(x)), method="exact")(np.array([-1.0, 0.0])), 0)


@pytest.mark.parametrize(("n", "d"), [(1, 0.4), (5, 0.3), (20, 0.11), (100, 0.07), (3, 0.9), (1000, 0.04)])
def test_smirnovs_distribution(n, d):
    def truth(d):  # Birnbaum & Tingey (1951)
        terms = (mp.binomial(n, j) * (d + mp.mpf(j) / n) ** (j - 1) * (1 - d - mp.mpf(j) / n) ** (n - j) for j in range(int(n * (1 - d)) + 1))  # fmt: skip
        return d * sum(terms)

    for order in (1, 2):
        found = gw.derivative(lambda x: sp.smirnov(n, x), order=order, method="exact")(d)
        assert found == pytest.approx(float(mp.diff(truth, mp.mpf(d), order)), rel=1e-10, abs=1e-12)


def test_smirnovs_distribution_outside_and_of_what_moves():
    np.testing.assert_array_equal(gw.grad(lambda x: np.sum(sp.smirnov(5, x)), method="exact")(np.array([-0.1, 1.2])), 0)
    with pytest.raises(gw.TracingError, match="truncates to an integer"):
        gw.grad(lambda n: sp.smirnov(n, 0.3), method="exact")(5.0)
