"""``tanhsinh`` and ``nsum``: first and second derivatives against mpmath."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
import scipy.integrate as si

import gradwise as gw

pytestmark = pytest.mark.skipif(not hasattr(si, "tanhsinh"), reason="this SciPy has neither")
INF = np.inf

#: a function of p, and the same in mpmath
CASES = {
    "a closure": (
        lambda p: si.tanhsinh(lambda t: np.exp(-p * t * t), 0, 1).integral,
        lambda p: mp.quad(lambda t: mp.exp(-p * t * t), [0, 1]),
    ),
    "limits": (
        lambda p: si.tanhsinh(np.sin, p, p * p + 1).integral,
        lambda p: mp.cos(p) - mp.cos(p * p + 1),
    ),
    "arguments": (
        lambda p: si.tanhsinh(lambda t, a, b: a * np.cos(b * t), 0, 1, args=(p, np.array([1.0, 2.0]))).integral.sum(),
        lambda p: p * (mp.sin(1) + mp.sin(2) / 2),
    ),
    "traced arguments of several numbers": (
        lambda p: si.tanhsinh(lambda t, a: np.cos(a * t), 0, np.array([1.0, 2.0]), args=(p * np.ones(2),)).integral[1],
        lambda p: mp.sin(2 * p) / p,
    ),
    "infinite at a limit": (
        lambda p: si.tanhsinh(lambda t: t ** (p - 1), 0, 1).integral,
        lambda p: 1 / mp.mpf(p),
    ),
    "infinite at one limit, and the other moves": (
        lambda p: si.tanhsinh(lambda t: np.log(p * t), 0, p).integral,
        lambda p: p * mp.log(p * p) - p,
    ),
    "to infinity": (
        lambda p: si.tanhsinh(lambda t: t * np.exp(-p * t), 0, INF).integral,
        lambda p: 1 / mp.mpf(p) ** 2,
    ),
    "from infinity": (
        lambda p: si.tanhsinh(lambda t: np.exp(t), -INF, p).integral,
        mp.exp,
    ),
    "everywhere": (
        lambda p: si.tanhsinh(lambda t: 1 / (p + t * t), -INF, INF).integral,
        lambda p: mp.pi / mp.sqrt(p),
    ),
    "backwards": (
        lambda p: si.tanhsinh(lambda t: np.exp(-p * t), INF, 1).integral,
        lambda p: -mp.exp(-p) / p,
    ),
    "a series": (
        lambda p: si.nsum(lambda k: 1 / (k * k + p), 1, INF).sum,
        lambda p: mp.nsum(lambda k: 1 / (k * k + p), [1, mp.inf]),
    ),
    "a slow series": (
        lambda p: si.nsum(lambda k, q: k**-q, 1, INF, args=(p + 0.5,)).sum,
        lambda p: mp.zeta(p + mp.mpf(1) / 2),
    ),
    "a finite sum": (
        lambda p: si.nsum(lambda k: np.exp(-p * k), 2, 20, step=3).sum,
        lambda p: mp.fsum(mp.exp(-p * k) for k in range(2, 21, 3)),
    ),
    "a long sum": (
        lambda p: si.nsum(lambda k: k**-p, 1, 1e6, step=1).sum,
        lambda p: mp.zeta(p) - mp.zeta(p, 10**6 + 1),
    ),
    "several series": (
        lambda p: si.nsum(lambda k, q: k**-q, 1, INF, args=(p + np.array([1.0, 2.0]),)).sum[1],
        lambda p: mp.zeta(p + 2),
    ),
}


#: what mpmath takes seconds for
SLOW = {"a long sum", "several series", "a slow series"}


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] * (n in SLOW)) for n in CASES])
def test_derivatives(name):
    # they raised
    f, truth = CASES[name]
    p = 1.3
    gradient = gw.grad(f, method="exact")
    np.testing.assert_allclose(gradient(p), float(mp.diff(truth, p)), rtol=2e-9)
    np.testing.assert_allclose(gw.grad(gradient, method="exact")(p), float(mp.diff(truth, p, 2)), rtol=1e-7, atol=1e-9)
    value, forward = gw.jvp(f, (p,), (1.0,), method="exact")
    np.testing.assert_allclose(forward, gradient(p), rtol=1e-11)
    assert value == f(p)


def test_what_is_left_raises():
    for f in (
        lambda p: si.tanhsinh(lambda t: abs(t - p), 0, 1).integral,
        lambda p: si.tanhsinh(lambda t: 1 / np.sqrt(t - p), p, 2).integral,
        lambda p: si.tanhsinh(lambda t: p * t, 0, 1, log=True).integral,
        lambda p: si.nsum(lambda k: p / k**2, -INF, -1).sum,
    ):
        with pytest.raises(gw.TracingError, match="no derivative rule"):
            gw.grad(f, method="exact")(0.4)


def test_integrands_that_are_zero_at_the_point():
    """Nodes at which the integrand is nothing were left out: behind another point the derivative was 0, in silence."""
    gradient = gw.grad(lambda a: si.tanhsinh(lambda t: a * np.exp(t), 0, 1).integral)
    found = [gradient(a) for a in (1.0, 0.5, 0.0)]
    np.testing.assert_allclose(found, [math.e - 1] * 3, rtol=1e-13)
    both = gw.grad(
        lambda p: si.tanhsinh(lambda t: np.exp(-t) + p * np.exp(-1e-3 * t), 0, np.inf).integral, method="exact"
    )
    np.testing.assert_allclose(both(0.0), 1e3, rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("end", [np.inf, 1e6, 60.0])
def test_sums_move_with_their_first_place_and_step(end):
    """They were taken for constants, which only the comparison at the first call saw."""

    def f(x):
        return si.nsum(lambda k: 1 / k**3, x[0], end, step=x[1]).sum

    x = np.array([1.5, 0.7])
    found = gw.grad(f, method="exact")(x)
    if end == np.inf:  # s⁻³ ζ(3, a/s)
        with mp.workdps(30):
            expected = [
                mp.diff(lambda a, s: s**-3 * mp.zeta(3, a / s), (1.5, mp.mpf("0.7")), n) for n in ((1, 0), (0, 1))
            ]
    else:
        expected = [(f(x + h) - f(x - h)) / 2e-5 for h in 1e-5 * np.eye(2)]
    np.testing.assert_allclose(found, np.array(expected, float), rtol=1e-8)
    hessian = gw.hessian(f, method="exact")(x)
    slopes = np.array([(gw.grad(f)(x + h) - gw.grad(f)(x - h)) / 2e-5 for h in 1e-5 * np.eye(2)])
    np.testing.assert_allclose(hessian, slopes, rtol=1e-6)
