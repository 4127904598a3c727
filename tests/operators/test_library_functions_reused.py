"""SciPy's distributions, interpolators and other functions in proved functions: a program gives what a run gives, with other data, sides, pieces and arguments outside the domain."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.fft
import scipy.integrate
import scipy.interpolate
import scipy.linalg
import scipy.ndimage
import scipy.signal
import scipy.spatial.distance
import scipy.special
import scipy.stats
from test_deciding_functions_reused import draw, outcome, point

import gradwise as gw
from gradwise.operators.reuse.by_function import shortcuts_of
from gradwise.tracing.purity import inspect_function

ROOMS = {
    "np": np, "st": scipy.stats, "ip": scipy.interpolate, "it": scipy.integrate, "la": scipy.linalg, "sd": scipy.spatial.distance, "sg": scipy.signal, "nd": scipy.ndimage, "sp": scipy.special,
}  # fmt: skip
#: served at most points
STEADY = [
    "np.sum(st.gamma.logpdf(W, 1 + x[0]**2, scale=S))",
    "np.sum(st.beta.logpdf(P, 1 + x[0]**2, W))",
    "np.sum(st.norm(x[0], S).logpdf(Z)) + st.norm.cdf(x[1], Q, S)",
    "np.sum(ip.CubicSpline(T, Y)(x))",
    "np.sum(ip.CubicSpline(np.arange(6.0), x)(U))",
    "np.sum(ip.make_interp_spline(T, Y, k=2)(x))",
    "np.sum(ip.interp1d(T, Y, fill_value='extrapolate')(x))",
    "np.sum(ip.RegularGridInterpolator((np.arange(6.0), np.arange(6.0)), M * x)((U, U)))",
    "la.expm(M * x * 0.1).sum()",
    "it.simpson(x, x=np.arange(6.0) + W) + it.cumulative_trapezoid(x, U).sum() + it.trapezoid(Z, x)",
    "sd.cdist(M * x, D).sum() + sd.pdist(M * x).sum()",
    "sg.convolve(x, Z).sum() + sg.savgol_filter(x, 5, 2).sum() * Q",
    "nd.gaussian_filter1d(x, 1.0) @ Z",
    "np.polyfit(T[:6], x, 2) @ np.arange(3.0)",
    "sp.logsumexp(x) + sp.softmax(x) @ Z + sp.log_softmax(x * Q)[2]",
]
OTHERS = [
    "np.sum(st.poisson.logpmf(K, W * (1 + x * x)))",
    "np.sum(st.norm.cdf(x, Q, S)) + st.norm.sf(Q, x[0], x[1])",
    "np.sum(st.t.cdf(Z, x[0]))",
    "np.sum(st.laplace.cdf(Z, x[0], x[1])) + np.sum(st.logistic.sf(Z, x[0], x[1]))",
    "np.sum(st.uniform.logpdf(x, Q, S))",
    "np.sum(st.lognorm.logcdf(x, W, loc=Q))",
    "np.sum(st.genpareto.cdf(Z, x[0], Q))",
    "np.sum(st.pareto.ppf(P, W, x[0], x[1])) + np.sum(st.norm.ppf(x))",
    "np.sum(st.binom.logpmf(K, 5, P * x)) + np.sum(st.binom.cdf(K, 5, P))",
    "np.sum(st.bernoulli.cdf(K, P * x))",
    "np.sum(st.gamma.ppf(P, W + x * x)) + np.sum(st.beta.isf(P, 1 + x * x, 2.0))",
    "np.sum(ip.PchipInterpolator(np.arange(6.0) + W, x)(U))",
    "np.sum(ip.CubicSpline(np.arange(12.0) / 3, Y, extrapolate=False)(np.abs(x)))",
    "ip.CubicSpline(T, Y).integrate(x[0], x[1])",
    "np.sum(ip.interp1d(T, Y, kind='cubic', bounds_error=False, fill_value=Q)(x))",
    "np.sum(ip.UnivariateSpline(T, Y, s=0)(x)) + np.sum(ip.splev(x, ip.splrep(T, Y)))",
    "np.sum(ip.RectBivariateSpline(np.arange(6.0), np.arange(6.0), M).ev(x, U))",
    "la.lstsq(D * x, np.arange(14.0))[0].sum() + la.pinv(M * x).sum()",
    "la.solve_sylvester(M + 9 * np.eye(6), np.diag(1 + np.abs(x)), np.outer(Z, Z)).sum()",
    "sd.cdist(M * x, D, 'chebyshev').sum() + sd.cosine(x, Z) + sd.minkowski(x, Z, 3)",
    "sg.lfilter([1.0, Q], [1.0, 0.3], x).sum()",
    "nd.map_coordinates(M * x, [U, U], order=1).sum()",
    "st.zscore(x) @ Z + st.pearsonr(x, Z)[0] + st.iqr(x)",
    "sp.logsumexp(x * 30) + sp.logsumexp(np.where(Z > 0, x, -np.inf))",
]


def draw_more(data, rng):
    """As for functions that choose, with probabilities, counts and numbers that may be outside a domain."""
    draw(data, rng)
    data["W"] = rng.uniform(0.2, 1.5, 6)
    data["U"] = np.sort(rng.uniform(0.0, 5.0, 6))
    data["P"] = rng.uniform(0.05, 0.95, 6)
    data["S"] = abs(data["Q"]) + 0.3 if rng.integers(6) else -1.0
    data["K"] = np.round(np.abs(rng.normal(size=6)) * 2) + (rng.integers(4) == 0) * 0.5


@pytest.mark.parametrize("expression", STEADY + OTHERS)
def test_a_program_gives_what_the_library_gives(expression):
    data = dict(ROOMS)
    f = eval(f"lambda x: {expression}", data)
    reused, run = gw.value_and_grad(f, method="exact"), gw.value_and_grad(f, method="exact", pure=False)
    rng = np.random.default_rng(5)
    for call in range(16):
        if call % 4 < 2:
            draw_more(data, rng)
        x = point(rng)
        (kind, value, gradient), (kind_of_run, value_of_run, gradient_of_run) = outcome(reused, x), outcome(run, x)
        assert kind == kind_of_run
        if value is not None:
            np.testing.assert_allclose(value, value_of_run, rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(gradient, gradient_of_run, rtol=1e-6, atol=1e-8)
    if expression in STEADY:
        assert shortcuts_of(f)["0"].served >= 6


def served(f, x):
    """Value and gradient after the program stands."""
    g = gw.value_and_grad(f)
    for _ in range(5):
        g(x)
    assert shortcuts_of(f)["0"].served > 0
    return g


def test_a_scale_that_is_not_positive_gives_nan_from_a_program_too():
    g = served(lambda p: scipy.stats.norm.cdf(p[0], 0.0, p[1]), np.array([0.3, 1.5]))
    value, gradient = g(np.array([1.0, -1.0]))
    assert np.isnan(value)
    assert np.isnan(gradient).all()


def test_counts_that_are_changed_in_place_are_seen():
    K = np.array([1.0, 2.0, 3.0])
    g = served(lambda p: np.sum(scipy.stats.poisson.logpmf(K, p[0])), np.array([0.5]))
    K[1] = 5.0
    value, gradient = g(np.array([0.5]))
    np.testing.assert_allclose(value, np.sum(scipy.stats.poisson.logpmf(K, 0.5)))
    np.testing.assert_allclose(gradient, [np.sum(K / 0.5 - 1)])


def rebound(f, x, change):
    """A program that stood, before and after a change of what f reads."""
    g = served(f, x)
    before = g(x)
    change()
    after = g(x)
    np.testing.assert_allclose(after[0], f(x), rtol=1e-12)
    assert after[0] != before[0]
    np.testing.assert_allclose(after[1], gw.grad(f, pure=False)(x), rtol=1e-10)


def test_what_a_spline_holds_may_be_changed():
    spline = scipy.interpolate.CubicSpline(np.arange(6.0), np.arange(6.0) ** 2 % 5)
    x = np.array([0.3, 2.5])
    f = lambda p: np.sum(spline(p) ** 2)
    rebound(f, x, lambda: spline.c.__setitem__((3, 0), 7.0))
    rebound(f, x, lambda: spline.c.__imul__(2.0))
    spline.extrapolate = False
    outside = np.array([0.3, -2.5])
    assert np.isnan(gw.value_and_grad(f)(outside)[0])


def test_an_interpolator_may_be_exchanged_for_one_of_another_class():
    places, values = np.arange(6.0), np.arange(6.0) ** 2 % 5
    kept = {"s": scipy.interpolate.CubicSpline(places, values)}
    data = {"np": np, "s": kept["s"]}
    f = eval("lambda p: np.sum(s(p))", data)
    rebound(f, np.array([0.3, 2.5]), lambda: data.update(s=scipy.interpolate.PchipInterpolator(places, values)))
    rebound(f, np.array([0.3, 2.5]), lambda: data.update(s=lambda p: p**3))


def test_the_kind_and_the_spline_of_interp1d_are_compared():
    places, values = np.arange(6.0), np.arange(6.0) ** 2 % 5
    one = scipy.interpolate.interp1d(places, values, kind="cubic")
    f = lambda p: np.sum(one(p))
    rebound(f, np.array([0.3, 2.5]), lambda: one._spline.c.__imul__(3.0))
    line = scipy.interpolate.interp1d(places, values)
    h = lambda p: np.sum(line(p))
    rebound(h, np.array([0.3, 2.5]), lambda: line._y.__imul__(3.0))


def test_a_frozen_distribution_may_be_changed():
    frozen = scipy.stats.norm(loc=0.5, scale=2.0)
    f = lambda p: np.sum(frozen.logpdf(p))
    x = np.array([0.3, 2.5])
    rebound(f, x, lambda: setattr(frozen, "kwds", {"loc": 0.5, "scale": 3.0}))
    rebound(f, x, lambda: frozen.kwds.update(loc=0.7))
    holds = scipy.stats.norm(np.array([0.5, 1.5]), 2.0)
    h = lambda p: np.sum(holds.logpdf(p))
    rebound(h, x, lambda: holds.args[0].__setitem__(0, 9.0))


def test_arguments_of_an_interpolator_are_not_written():
    spline = scipy.interpolate.CubicSpline(np.arange(6.0), np.arange(6.0))

    def writes(x):
        c = spline.c
        c[0] = 1.0
        return spline(x)

    def sets(x):
        spline.extrapolate = False
        return spline(x)

    for f in (writes, sets):
        assert inspect_function(f, (0.5,), {}).writes is not None


def test_objects_are_not_asked_for_attributes():
    asked = []

    class Settings(dict):
        def __getattr__(self, name):
            asked.append(name)
            return self[name]

    settings = Settings(rate=0.5)
    inspect_function(lambda x: settings.rate * np.sum(x), (np.ones(3),), {})
    assert asked == []
