"""Programs of special functions at points where their rules take another formula, other nodes or another root than where the program was made."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
import scipy.special as sp

import gradwise as gw

#: name: the function, the points of the first calls, points elsewhere, a step of central differences
FUNCTIONS = {
    "kolmogi": (sp.kolmogi, (0.5, 0.51, 0.52, 0.53), (0.9, 0.3, 0.01, 0.999), 1e-6),
    "kolmogorov": (sp.kolmogorov, (0.5, 0.55, 0.6, 0.65), (1.3, 2.5, -1.0), 1e-6),
    "smirnov": (lambda x: sp.smirnov(5, x), (0.5, 0.52, 0.54, 0.56), (0.1, 0.3, 0.7, 0.93), 1e-6),
    "voigt_profile": (lambda s: sp.voigt_profile(0.3, s, 0.2), (0.5, 0.6, 0.7, 0.8), (0.05, 3.0), 1e-6),
    "kv": (lambda v: sp.kv(v, 1.0), (0.5, 0.6, 0.7, 0.8), (3.0, 10.0, 0.01), 1e-5),
    "gammainc": (lambda a: sp.gammainc(a, 1.0), (0.5, 0.6, 0.7, 0.8), (3.0, 12.0), 1e-5),
    "hyp1f1": (lambda x: sp.hyp1f1(0.3, 1.2, x), (0.5, 0.6, 0.7, 0.8), (-3.0, 8.0), 1e-6),
    "hyp2f1": (lambda a: sp.hyp2f1(a, 1.0, 2.0, 0.3), (0.5, 0.6, 0.7, 0.8), (3.0, 9.0), 1e-5),
    "struve": (lambda v: sp.struve(v, 1.0), (0.5, 0.6, 0.7, 0.8), (3.0, 6.0), 1e-5),
    "elliprj": (lambda x: sp.elliprj(x, 1.0, 2.0, 3.0), (0.5, 0.6, 0.7, 0.8), (5.0, 30.0), 1e-4),
    "zeta": (lambda s: sp.zeta(s, 1.0), (1.5, 1.6, 1.7, 1.8), (3.0, 7.0), 1e-5),
    "comb": (lambda k: sp.comb(7.5, k, repetition=True), (0.5, 0.6, 0.7, 0.8), (-0.6, 5.0), 1e-6),
    "mathieu_a": (lambda q: sp.mathieu_a(2, q), (1.1, 1.2, 1.3, 1.4), (13.0, 9e3), 1e-4),
    "mathieu_cem": (lambda q: sp.mathieu_cem(3, q, 40.0)[0], (1.1, 1.2, 1.3, 1.4), (13.0, 25.0, 52.0), 1e-5),
    "owens_t": (lambda h: sp.owens_t(h, 1.0), (0.5, 0.6, 0.7, 0.8), (-1.0, 3.0), 1e-6),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_program_gives_what_a_run_gives(name):
    f, near, elsewhere, step = FUNCTIONS[name]
    g = gw.value_and_grad(f, method="exact")
    for x in near:
        g(x)
    for x in (*elsewhere, *near):
        value, slope = g(x)
        expected = (f(x + step) - f(x - step)) / (2 * step)
        assert value == pytest.approx(f(x), rel=1e-13)
        assert slope == pytest.approx(expected, rel=2e-6, abs=1e-8 * abs(f(x)))


def test_roots_of_kolmogorovs_distribution_are_those_of_the_point():
    def f(p):
        return sp.kolmogi(p)

    def survival(x):
        return 2 * mp.nsum(lambda k: (-1) ** (int(k) - 1) * mp.exp(-2 * k**2 * x**2), [1, mp.inf])

    g = gw.derivative(f, method="exact")
    for p in (0.3, 0.31, 0.4, 0.5, 0.9, 0.01):
        assert g(p) == pytest.approx(float(1 / mp.diff(survival, mp.mpf(sp.kolmogi(p)))), rel=1e-8)


ENDS = {
    "kolmogi": (sp.kolmogi, (0.0, -1.0, 1.5, np.nan, np.inf)),  # at 1 its slope is infinite
    "kolmogorov": (sp.kolmogorov, (0.0, -1.0, 1.0, np.nan, np.inf)),
    "smirnov": (lambda d: sp.smirnov(5, d), (0.0, -1.0, 1.0, 1.5, np.nan, np.inf)),
    "fdtr": (lambda a: sp.fdtr(a, 2.0, 0.4), (0.0, -1.0, np.nan)),
    "gdtr": (lambda x: sp.gdtr(x, 2.0, x), (0.0, -1.0, np.nan)),
    "nrdtrimn": (lambda p: sp.nrdtrimn(p, p, 0.4), (0.0, -1.0, 1.0, 1.5)),
    "nrdtrisd": (lambda p: sp.nrdtrisd(0.3, p, 0.4), (0.0, -1.0, 1.0, 1.5)),
}


@pytest.mark.parametrize(("name", "x"), [(name, x) for name, (_, ends) in ENDS.items() for x in ends])
def test_values_at_the_ends_and_beyond(name, x):
    f = ENDS[name][0]

    def h(x):
        return f(x)

    g = gw.value_and_grad(h, method="exact")
    for near in (0.3, 0.31, 0.32, 0.33):
        g(near)
    assert np.array_equal(g(x)[0], f(x), equal_nan=True)
