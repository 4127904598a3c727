"""Distributions of ``scipy.stats`` at traced points and with traced parameters."""

import numpy as np
import pytest
import scipy.stats
from standing_in import watched

import gradwise as gw
from gradwise.tracing.standins import (
    scipy_bounded_distributions,
    scipy_more_distributions,
    scipy_noncentral_distributions,
)
from gradwise.tracing.standins.scipy_distributions import DISTRIBUTIONS as EVERY
from gradwise.tracing.standins.scipy_distributions import methods

#: the others are in test_standins_more_distributions
LATER = {
    *scipy_more_distributions._LINE,
    *scipy_more_distributions._POSITIVE,
    *scipy_noncentral_distributions._LINE,
    *scipy_noncentral_distributions._POSITIVE,
    *scipy_bounded_distributions._BOUNDED,
    *scipy_bounded_distributions._DISCRETE,
    "erlang",
}
DISTRIBUTIONS = {name: standard for name, standard in EVERY.items() if name not in LATER}

METHODS = methods()


class Ours:
    """A distribution whose methods stand in for SciPy's."""

    def __init__(self, dist):
        self.dist = dist

    def __getattr__(self, name):
        method = METHODS[type(self.dist)][name]
        return lambda *args, **kwargs: method(self.dist, *args, **kwargs)

    def __call__(self, *args, **kwargs):
        return Ours(self.dist(*args, **kwargs))


SHAPES = {
    "lognorm": (0.7,),
    "gamma": (2.5,),
    "invgamma": (2.5,),
    "chi2": (3.5,),
    "beta": (2.5, 1.7),
    "t": (4.5,),
    "weibull_min": (1.7,),
    "pareto": (2.5,),
    "poisson": (2.5,),
    "binom": (9, 0.3),
    "bernoulli": (0.3,),
    "geom": (0.3,),
}
POINTS = {name: np.array([-0.4, 0.35, 0.8, 1.3, 2.4]) for name in DISTRIBUTIONS}
QUANTILES = np.array([0.05, 0.4, 0.9])
COUNTS = np.array([-1.0, 0.0, 1.0, 2.0, 3.0])


def slope(f, p):
    def at(h):
        return np.stack([(f(p + h * e) - f(p - h * e)) / (2 * h) for e in np.eye(p.size)], -1)

    return (4 * at(5e-5) - at(1e-4)) / 3


def check(f, p, tolerance=1e-7):
    """f(dist wrapper, p)."""
    want = f(lambda d: d, p)
    with np.errstate(all="ignore"):
        value, jacobian = f_and_jacobian(f, p)
        np.testing.assert_array_equal(value, want)
        wanted = slope(lambda p: f(lambda d: d, p), p)
    # as users write it: the instrumented copy finds the stand-ins itself
    np.testing.assert_array_equal(gw.jacrev(lambda p: f(lambda d: d, p), method="exact")(p), jacobian)
    wanted = np.where(np.isfinite(wanted), wanted, 0.0)
    np.testing.assert_allclose(jacobian, wanted, rtol=tolerance, atol=tolerance)


def f_and_jacobian(f, p):
    kept = []

    def run(p):
        kept.append(watched(lambda p: f(Ours, p))(p))
        return kept[-1]

    jacobian = gw.jacrev(run, method="exact")(p)
    np.testing.assert_allclose(gw.jacfwd(run, method="exact")(p), jacobian, rtol=1e-9, atol=1e-12)
    return np.asarray(kept[0]), jacobian


@pytest.mark.parametrize("name", [n for n, s in DISTRIBUTIONS.items() if not s.discrete])
def test_continuous(name):
    dist, shapes = getattr(scipy.stats, name), SHAPES.get(name, ())
    density = ("pdf", "logpdf")
    tails = tuple(DISTRIBUTIONS[name].functions)
    tails = tuple(t for t in ("cdf", "sf", "logcdf", "logsf") if any(u in tails for u in ("cdf", "sf")))
    points = POINTS[name]
    for method in (*density, *tails):
        # at a point, by location and scale, of the points inside the support for the logarithm of nothing
        where = points + 1.15 if DISTRIBUTIONS[name].low == 0 and method in {"logpdf", "logcdf"} else points
        where = points + 2.0 if DISTRIBUTIONS[name].low == 1 and method in {"logpdf", "logcdf"} else where
        where = points / 4 + 0.15 if DISTRIBUTIONS[name].high == 1 else where
        check(
            lambda o, p, m=method, w=where: getattr(o(dist), m)(w + p[0], *shapes, 0.02 + p[1], 1.1 + p[2]), np.zeros(3)
        )
        check(
            lambda o, p, m=method, w=where: getattr(o(dist), m)(w * p[0], *shapes, loc=0.02, scale=p[1]),
            np.array([1.0, 1.2]),
        )
        check(lambda o, p, m=method, w=where: getattr(o(dist)(*shapes, loc=p[1], scale=1.2), m)(w + p[0]), np.zeros(2))
        if shapes:
            check(lambda o, p, m=method, w=where: getattr(o(dist), m)(w, *p), np.array(shapes))
    for method in ("ppf", "isf"):
        if "ppf" in DISTRIBUTIONS[name].functions:
            check(lambda o, p, m=method: getattr(o(dist), m)(QUANTILES + p[0], *shapes, p[1], 1.1 + p[2]), np.zeros(3))


@pytest.mark.parametrize("name", [n for n, s in DISTRIBUTIONS.items() if s.discrete])
def test_discrete(name):
    dist, shapes = getattr(scipy.stats, name), np.array(SHAPES[name], float)
    counts = np.array([0.0, 1.0]) if name == "bernoulli" else COUNTS[2:] if name == "geom" else COUNTS
    moving = slice(1, 2) if name == "binom" else slice(None)

    def with_shapes(p):
        return [shapes[0], p[0]] if name == "binom" else [p[0]]

    for method in ("pmf", "logpmf", *DISTRIBUTIONS[name].functions):
        where = counts[counts >= 0] if method == "logpmf" else counts
        check(lambda o, p, m=method, w=where: getattr(o(dist), m)(w, *with_shapes(p)), shapes[moving])


def test_one_number_and_lists():
    dist = scipy.stats.norm
    check(lambda o, p: o(dist).pdf(p[0]) * p, np.array([0.3, 2.0]))
    check(lambda o, p: o(dist).logpdf([p[0], 1.0], p[1]), np.array([0.3, 2.0]))
    assert Ours(dist).pdf(0.0) == dist.pdf(0.0)
    assert Ours(dist)(1.0, 2.0).cdf(0.3) == dist(1.0, 2.0).cdf(0.3)


@pytest.mark.parametrize("points", [0.3, np.array([0.3]), np.array([[0.3], [-0.4]])], ids=["number", "entry", "rows"])
def test_multivariate_normal_of_one_entry_in_two_dimensions(points):
    """SciPy takes a point of one entry for one of equal entries; without a mean the run raised."""

    def f(t):
        return np.sum(scipy.stats.multivariate_normal.logpdf(points * t, cov=np.diag([0.7, 0.5])))

    value, slope = gw.value_and_grad(f, method="exact")(1.2)
    assert value == pytest.approx(f(1.2), rel=1e-14)
    assert slope == pytest.approx(-1.2 * np.sum(np.square(points)) * (1 / 0.7 + 1 / 0.5), rel=1e-13)


def test_multivariate_normal():
    dist = scipy.stats.multivariate_normal
    root = np.array([[1.0, 0.3], [-0.2, 0.8]])
    points = np.array([[0.1, 0.4], [1.0, -0.5], [0.3, 0.3]])
    for name in ("pdf", "logpdf"):

        def f(o, p, name=name):
            matrix = root * p[2]
            return getattr(o(dist), name)(points, p[:2], matrix @ matrix.T)

        # SciPy's value comes by eigenvalues
        check(f, np.array([0.2, -0.3, 1.3]))
        check(
            lambda o, p, name=name: (
                getattr(o(dist), name)(points + p[0], cov=p[1])
                if False
                else getattr(o(dist), name)(points[:, 0] + p[0], p[1], p[2]) * p[2]
            ),
            np.array([0.2, -0.3, 1.3]),
        )


def test_draws():
    for name in ("norm", "gamma", "t"):
        dist, shapes = getattr(scipy.stats, name), SHAPES.get(name, ())
        check(
            lambda o, p, d=dist, s=shapes: o(d).rvs(*s, loc=p[0], scale=p[1], size=4, random_state=3),
            np.array([0.2, 1.3]),
        )
        check(
            lambda o, p, d=dist, s=shapes: o(d)(*s, loc=p[0], scale=p[1]).rvs(4, random_state=3), np.array([0.2, 1.3])
        )
    with pytest.raises(gw.TracingError, match=r"poisson\.rvs"):
        gw.grad(watched(lambda m: Ours(scipy.stats.poisson).rvs(m, random_state=1)), method="exact")(2.0)


def test_what_is_missing_is_refused():
    with pytest.raises(gw.TracingError, match=r"scipy\.stats\.poisson\.ppf"):
        gw.grad(watched(lambda m: Ours(scipy.stats.poisson).ppf(0.3, m)), method="exact")(2.3)
    with pytest.raises(gw.TracingError, match="_landau_cdf"):
        gw.grad(lambda x: scipy.stats.landau.cdf(x), method="exact")(0.3)


@pytest.mark.parametrize(
    ("f", "low", "high"),
    [
        (lambda x: scipy.stats.lognorm.logcdf(x, 0.8, loc=0.5).sum(), 0.2, 3.0),
        (lambda x: scipy.stats.beta.pdf(x, 2.5, 3.0, loc=0.5).sum(), 0.0, 2.0),
        (lambda x: scipy.stats.uniform.sf(x, 0.5, 1.0).sum(), 0.0, 2.0),
        (lambda c: scipy.stats.genpareto.cdf(np.array([0.5, 1.5, 2.5]), c[0] - 1.0).sum(), 0.2, 1.8),
    ],
    ids=["lognorm", "beta", "uniform", "genpareto by its shape"],
)
def test_a_program_holds_on_its_side_of_the_support(f, low, high):
    promised, each = gw.grad(f, pure=True), gw.grad(f, pure=False)
    for x in np.random.default_rng(4).uniform(low, high, (12, 3)):
        np.testing.assert_allclose(promised(x), each(x), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: scipy.stats.entropy(2.0, x),
        lambda x: scipy.stats.entropy(x, 3.0),
        lambda x: scipy.stats.entropy(np.outer(x, x), x[:, None]).sum(),
    ],
)
def test_distributions_of_two_shapes_are_made_one_before_they_add_up_to_1(f):
    x, h = np.array([0.3, 1.2, 0.7]), 1e-6
    slopes = [(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(3)]
    np.testing.assert_allclose(gw.grad(f, method="exact")(x), slopes, rtol=1e-7, atol=1e-9)
