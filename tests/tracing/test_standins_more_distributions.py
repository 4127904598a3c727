"""Further distributions of ``scipy.stats``: the formulas against SciPy's values, derivatives against differences of SciPy's functions."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

import gradwise as gw
from gradwise.tracing.standins import (
    scipy_bounded_distributions,
    scipy_more_distributions,
    scipy_noncentral_distributions,
)
from gradwise.tracing.standins.scipy_distributions import DISTRIBUTIONS

SHAPES = {
    "alpha": (3.57,),
    "anglit": (),
    "arcsine": (),
    "bernoulli": (0.3,),
    "betabinom": (5, 2.3, 0.63),
    "betaprime": (5.0, 6.0),
    "binom": (5, 0.4),
    "boltzmann": (1.4, 19),
    "bradford": (0.299,),
    "burr": (2.5, 1.3),
    "burr12": (2.0, 1.4),
    "chi": (3.2,),
    "cosine": (),
    "dgamma": (1.1,),
    "dlaplace": (0.8,),
    "dweibull": (2.07,),
    "erlang": (3.0,),
    "exponnorm": (1.5,),
    "exponpow": (2.7,),
    "exponweib": (2.89, 1.95),
    "f": (5.0, 7.0),
    "fatiguelife": (1.9,),
    "fisk": (3.09,),
    "foldcauchy": (1.7,),
    "foldnorm": (1.95,),
    "genextreme": (-0.1,),
    "gengamma": (1.4, 1.2),
    "genhyperbolic": (0.5, 1.5, -0.5),
    "geninvgauss": (2.3, 1.5),
    "genhalflogistic": (0.773,),
    "genlogistic": (0.412,),
    "gennorm": (1.3,),
    "genpareto": (0.1,),
    "geom": (0.5,),
    "gibrat": (),
    "gompertz": (0.947,),
    "gumbel_l": (),
    "halfcauchy": (),
    "halfgennorm": (0.675,),
    "halflogistic": (),
    "hypsecant": (),
    "invgauss": (0.7,),
    "invweibull": (2.6,),
    "johnsonsb": (4.32, 3.18),
    "johnsonsu": (2.55, 2.25),
    "kappa3": (1.6,),
    "laplace_asymmetric": (2.0,),
    "levy": (),
    "levy_l": (),
    "loggamma": (0.414,),
    "loglaplace": (3.25,),
    "logser": (0.6,),
    "loguniform": (0.2, 1.25),
    "lomax": (1.88,),
    "maxwell": (),
    "mielke": (2.4, 1.6),
    "moyal": (),
    "nakagami": (4.97,),
    "nbinom": (5.0, 0.5),
    "ncf": (27.0, 27.0, 0.42),
    "nct": (14.0, 0.24),
    "ncx2": (4.0, 1.06),
    "norminvgauss": (1.25, 0.5),
    "planck": (0.51,),
    "poisson": (0.6,),
    "powerlaw": (0.659,),
    "powerlognorm": (2.14, 0.446),
    "powernorm": (4.45,),
    "rdist": (1.6,),
    "recipinvgauss": (0.63,),
    "reciprocal": (0.2, 1.25),
    "rice": (0.775,),
    "semicircular": (),
    "skewcauchy": (0.5,),
    "skewnorm": (4.0,),
    "triang": (0.158,),
    "truncexpon": (4.69,),
    "truncnorm": (0.1, 2.0),
    "truncpareto": (
        -2.0 if np.lib.NumpyVersion(scipy.__version__) >= "1.16.0" else 2.0,
        5.0,
    ),  # no negative exponents before
    "truncweibull_min": (2.5, 0.25, 1.75),
    "tukeylambda": (3.13,),
    "vonmises": (3.99,),
    "vonmises_line": (3.99,),
    "wald": (),
    "weibull_max": (2.87,),
    "wrapcauchy": (0.4,),
    "yulesimon": (11.0,),
}
CONTINUOUS = [name for name in SHAPES if not DISTRIBUTIONS[name].discrete]
DISCRETE = [name for name in SHAPES if DISTRIBUTIONS[name].discrete]


def central(f, h=1e-4):
    return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h)


def test_every_distribution_is_tested():
    own = {
        *scipy_more_distributions._LINE,
        *scipy_more_distributions._POSITIVE,
        *scipy_noncentral_distributions._LINE,
        *scipy_noncentral_distributions._POSITIVE,
        *scipy_bounded_distributions._BOUNDED,
        *scipy_bounded_distributions._DISCRETE,
    }
    assert own | {"erlang"} == set(SHAPES)


@pytest.mark.parametrize("name", CONTINUOUS)
def test_formulas_are_scipys(name):
    dist, shapes, standard = getattr(scipy.stats, name), SHAPES[name], DISTRIBUTIONS[name]
    x = dist.ppf([0.1, 0.3, 0.6, 0.9], *shapes)
    np.testing.assert_allclose(np.exp(standard.logpdf(x, *map(np.float64, shapes))), dist.pdf(x, *shapes), rtol=1e-9)
    for method, function in standard.functions.items():
        where = np.array([0.1, 0.6]) if method in {"ppf", "isf"} else x
        expected = getattr(dist, method)(where, *shapes)
        np.testing.assert_allclose(function(where, *map(np.float64, shapes)), expected, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("name", CONTINUOUS)
def test_points_location_and_scale(name):
    dist, shapes = getattr(scipy.stats, name), SHAPES[name]
    x = dist.ppf([0.3, 0.6], *shapes)
    known = set(DISTRIBUTIONS[name].functions)
    methods = ["pdf", "logpdf", *(("cdf", "sf", "logcdf", "ppf", "isf") if known & {"cdf", "sf"} else ())]
    for method in methods:
        at = np.array([0.3, 0.6]) if method in {"ppf", "isf"} else x

        def f(p, m=method, at=at):
            return getattr(dist, m)(at + p[0], *shapes, loc=p[1], scale=1.0 + p[2])

        value, tangent = gw.jvp(f, (np.zeros(3),), (np.array([0.02, -0.01, 0.03]),), method="exact")
        np.testing.assert_array_equal(value, f(np.zeros(3)))
        expected = central(lambda t, f=f: f(t * np.array([0.02, -0.01, 0.03])), 1e-2)
        np.testing.assert_allclose(tangent, expected, rtol=2e-6, atol=1e-9)


@pytest.mark.parametrize("name", [n for n in CONTINUOUS if SHAPES[n] and n != "erlang"])  # whose shape is an integer
def test_shapes_of_the_density(name):
    dist, shapes = getattr(scipy.stats, name), np.array(SHAPES[name])
    x = dist.ppf([0.3, 0.6], *shapes)
    u = np.full(shapes.size, 0.3)

    def f(p):
        return dist.logpdf(x, *p)

    value, tangent = gw.jvp(f, (shapes,), (u,), method="exact")
    np.testing.assert_array_equal(value, f(shapes))
    np.testing.assert_allclose(tangent, central(lambda t: f(shapes + t * u)), rtol=2e-6, atol=1e-8)


@pytest.mark.parametrize("name", DISCRETE)
def test_integers(name):
    dist, shapes = getattr(scipy.stats, name), SHAPES[name]
    k = np.array([0, 1, 1]) if name == "bernoulli" else np.array([1, 2, 4])
    place = {"betabinom": 1, "binom": 1, "nbinom": 1}.get(name, 0)

    def f(p, method):
        return getattr(dist, method)(k, *shapes[:place], p, *shapes[place + 1 :])

    for method in ("pmf", "logpmf", *(("cdf", "sf") if "cdf" in DISTRIBUTIONS[name].functions else ())):
        value, tangent = gw.jvp(lambda p, m=method: f(p, m), (shapes[place],), (1.0,), method="exact")
        np.testing.assert_array_equal(value, f(shapes[place], method))
        expected = central(lambda t, m=method: f(shapes[place] + t, m))
        np.testing.assert_allclose(tangent, expected, rtol=1e-7, atol=1e-10)


def test_outside_of_the_support():
    for f, x in (
        (lambda x: scipy.stats.truncnorm.pdf(x, -1.0, 2.0), 2.5),
        (lambda x: scipy.stats.genpareto.cdf(x, -0.5), 2.5),
        (lambda x: scipy.stats.weibull_max.pdf(x, 2.0), 0.5),
        (lambda x: scipy.stats.loguniform.sf(x, 0.2, 2.0), 0.1),
    ):
        assert gw.grad(f, method="exact")(x) == 0


def test_second_derivatives_of_quantiles():
    def f(q):
        return scipy.stats.gamma.ppf(q, 2.5)

    slope = gw.grad(f, method="exact")
    assert slope(0.3) == pytest.approx(1 / scipy.stats.gamma.pdf(f(0.3), 2.5), rel=1e-12)
    # mpmath: −p′(y)/p(y)³ at the quantile y
    assert gw.grad(slope, method="exact")(0.3) == pytest.approx(-0.000322058512425429107, rel=1e-10)


def test_multivariate_densities():
    rng = np.random.default_rng(7)
    mean, points, root = (
        rng.standard_normal(3),
        rng.standard_normal((4, 3)),
        np.eye(3) + 0.2 * rng.standard_normal((3, 3)),
    )
    alpha, weights = np.array([1.5, 2.0, 0.7]), np.array([0.3, -0.2, 0.5])
    kde = scipy.stats.gaussian_kde(np.arange(6.0) ** 1.5, weights=[1, 2, 1, 1, 1, 3])
    normal, student = scipy.stats.multivariate_normal, scipy.stats.multivariate_t
    cases = (
        (lambda m, r: normal(m, r @ r.T).logpdf(points), (mean, root)),
        (lambda x: normal(mean, root @ root.T).pdf(x), (points,)),
        (lambda m, r, v: student.logpdf(points, m, r @ r.T, df=v), (mean, root, 3.5)),
        (lambda a: scipy.stats.dirichlet.logpdf(np.array([0.2, 0.3]), a), (alpha,)),
        (lambda a, w: scipy.stats.dirichlet(a).pdf(np.exp(w) / np.sum(np.exp(w))), (alpha, weights)),
        (lambda w: scipy.stats.multinomial.logpmf([1, 2, 3], 6, np.exp(w) / np.sum(np.exp(w))), (weights,)),
        (lambda x: kde(x), (points[0],)),
        (lambda x: kde.logpdf(x), (points[0],)),
    )
    for f, at in cases:
        u = [rng.standard_normal(np.shape(a)) for a in at]
        value, tangent = gw.jvp(f, at, tuple(u), method="exact")
        np.testing.assert_array_equal(value, f(*at))
        expected = central(lambda t, f=f, at=at, u=u: f(*[a + t * v for a, v in zip(at, u, strict=True)]))
        np.testing.assert_allclose(tangent, expected, rtol=1e-7, atol=1e-9)


def test_a_frozen_distribution_with_traced_parameters_has_densities_only():
    with pytest.raises(gw.TracingError, match="rvs of a frozen multivariate distribution"):
        gw.grad(lambda m: scipy.stats.multivariate_normal(m).rvs(random_state=1), method="exact")(0.3)


@pytest.mark.filterwarnings("ignore::gradwise.NumericalFallbackWarning")
def test_a_class_that_overrides_the_general_method():
    """``levy_stable.pdf`` calls that of all distributions by ``super()``, at another location where α = 1."""
    density = scipy.stats.levy_stable.pdf
    assert gw.grad(lambda c: c * density(0.37, 1.0, 0.3, scale=2.0))(1.0) == density(0.37, 1.0, 0.3, scale=2.0)
    h = 1e-3
    quotient = (density(0.37 + h, 1.4, 0.3) - density(0.37 - h, 1.4, 0.3)) / (2 * h)
    np.testing.assert_allclose(gw.grad(lambda x: density(x, 1.4, 0.3))(0.37), quotient, rtol=1e-5)


LIMITS = {
    "pearson3.logpdf": lambda c: scipy.stats.pearson3.logpdf(0.5, c),
    "pearson3.cdf": lambda c: scipy.stats.pearson3.cdf(0.5, c),
    "pearson3.ppf": lambda c: scipy.stats.pearson3.ppf(0.3, c),
    "kappa4.cdf by k": lambda c: scipy.stats.kappa4.cdf(0.5, 0.1, c),
    "kappa4.cdf by both": lambda c: scipy.stats.kappa4.cdf(0.5, c, c),
    "kappa4.nnlf": lambda c: scipy.stats.kappa4.nnlf((c, c, 0.1, 1.2), np.array([0.2, 0.5, 0.9])),
    "genextreme.mean": lambda c: scipy.stats.genextreme.mean(c),
    "genextreme.var": lambda c: scipy.stats.genextreme(c).var(),
}


@pytest.mark.parametrize(
    ("name", "shapes"),
    [
        ("genhyperbolic", (0.5, 1.5, -0.5)),
        ("geninvgauss", (2.3, 1.5)),
        ("ncf", (27.0, 27.0, 0.4)),
        ("nct", (14.0, 0.24)),
    ],
)
def test_the_likelihood_is_that_of_the_densities(name: str, shapes: tuple[float, ...]) -> None:
    """SciPy's own way goes past the rules to compiled densities, of which nothing is known."""
    dist, data = getattr(scipy.stats, name), np.array([0.4, 0.8, 1.7])

    def f(theta):
        return dist.nnlf(theta, data)

    theta = np.array([*shapes, -0.2, 1.3])
    value, slope = gw.value_and_grad(f, method="exact")(theta)
    assert value == pytest.approx(-np.sum(dist.logpdf(data, *theta)), rel=1e-12)
    for e, found in zip(np.eye(theta.size), slope, strict=True):
        assert found == pytest.approx(central(lambda t, e=e: f(theta + t * e)), rel=1e-6, abs=1e-8)
    outside = theta.copy()
    outside[-1] = -1.0
    assert gw.value_and_grad(f)(outside)[0] == np.inf


@pytest.mark.parametrize("name", LIMITS)
def test_shapes_where_scipy_takes_a_limit_raise(name: str) -> None:
    """The formula of the limit has no shape in it: derivatives were 0, in silence."""
    with pytest.raises(gw.TracingError, match="formula of the limit"):
        gw.grad(LIMITS[name], method="exact")(0.0)
    found = gw.grad(LIMITS[name], method="exact")(0.2)
    expected = (LIMITS[name](0.2 + 1e-5) - LIMITS[name](0.2 - 1e-5)) / 2e-5
    np.testing.assert_allclose(found, expected, rtol=1e-6)
