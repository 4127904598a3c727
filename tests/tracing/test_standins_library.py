"""The standard library and ``numpy.random`` on traced numbers: callbacks, statistics, draws."""

import bisect
import functools
import heapq
import itertools
import operator
import random
import statistics

import numpy as np
import pytest
from standing_in import methods, namespace, watched

import gradwise as gw
from gradwise.tracing.standins import STAND_INS

METHODS = methods("random", "numpy.random")
X = np.array([0.4, 1.7, -0.3, 1.1])


def against_differences(f, plain, x=X, tolerance=1e-7, exactly=True):
    """f with stand-ins against the same function without them."""
    want = plain(x)
    value, pulled = gw.value_and_grad(watched(f), method="exact")(x)
    if exactly:
        assert value == want
    else:
        np.testing.assert_allclose(value, want, rtol=1e-14)
    # as users write it: the instrumented copy finds the stand-ins itself
    again = gw.value_and_grad(plain, method="exact")(x)
    assert again[0] == value
    np.testing.assert_array_equal(again[1], pulled)
    wanted = [(plain(x + 1e-6 * e) - plain(x - 1e-6 * e)) / 2e-6 for e in np.eye(x.size)]
    np.testing.assert_allclose(pulled, wanted, rtol=tolerance, atol=tolerance)
    hessian = gw.hessian(watched(f), method="exact")(x)
    gradient = gw.grad(watched(f), method="exact")
    rows = [(gradient(x + 1e-6 * e) - gradient(x - 1e-6 * e)) / 2e-6 for e in np.eye(x.size)]
    np.testing.assert_allclose(hessian, rows, rtol=1e-5, atol=1e-5)


LIBRARY = {
    "reduce": lambda m, x: m(functools).reduce(lambda a, b: a * b + 1, x),
    "reduce by an operator": lambda m, x: m(functools).reduce(operator.mul, x, 2.0),
    "reduce of one": lambda m, x: m(functools).reduce(operator.mul, x[:1]),
    "accumulate": lambda m, x: sum(m(itertools).accumulate(x)),
    "accumulate by": lambda m, x: sum(m(itertools).accumulate(x, lambda a, b: a * b)),
    "accumulate from": lambda m, x: sum(m(itertools).accumulate(x, func=operator.mul, initial=x[1])),
    "starmap": lambda m, x: sum(m(itertools).starmap(lambda a, b: a * b, [(x[0], x[1]), (x[2], 2)])),
    "takewhile": lambda m, x: sum(m(itertools).takewhile(lambda t: t > 0, x)),
    "dropwhile": lambda m, x: sum(m(itertools).dropwhile(lambda t: t > 0, x)) * x[0],
    "filterfalse": lambda m, x: sum(m(itertools).filterfalse(lambda t: t > 1, x)),
    "groupby": lambda m, x: sum(k * sum(g) ** 2 for k, g in m(itertools).groupby(x, key=lambda t: int(t > 1))),
    "pairs": lambda m, x: sum(a * b for a, b in itertools.pairwise(x)) + sum(a * b for a, b in itertools.product(x, x)),
    "chain": lambda m, x: sum(t * t for t in itertools.chain(x, [x[0], 2.0])),
    "compare": lambda m, x: sorted(x, key=m(functools).cmp_to_key(lambda a, b: -1 if a < b else 1))[1] ** 2,
    "nlargest": lambda m, x: sum(m(heapq).nlargest(2, x)) + m(heapq).nsmallest(1, x, key=lambda t: t * t)[0],
    "heap": lambda m, x: heap_of(m(heapq), list(x)),
    "bisect": lambda m, x: (
        m(bisect).bisect([0.0, 1.0], x[1]) * x[0] + m(bisect).bisect_left(sorted(x), x[1], key=lambda t: t) * x[2]
    ),
    "insort": lambda m, x: inserted(m(bisect), x),
    "operators": lambda m, x: (
        operator.add(x[0], operator.truediv(x[1], operator.neg(x[2]))) + operator.itemgetter(1)(x)
    ),
}


def heap_of(heapq, values):
    heapq.heapify(values)
    first = heapq.heappop(values)
    heapq.heappush(values, first * 2)
    return heapq.heappushpop(values, values[0] * 3) * heapq.heappop(values)


def inserted(bisect, x):
    values = [0.0, 1.0]
    bisect.insort(values, x[0])
    return values[1] ** 2 * x[3]


@pytest.mark.parametrize("name", LIBRARY)
def test_callbacks(name):
    f = LIBRARY[name]
    against_differences(lambda x: f(namespace, x), lambda x: f(lambda module: module, x))


S = namespace(statistics)
STATISTICS = {
    "mean": lambda s, x: s.mean(x) * x[0],
    "mean of some": lambda s, x: s.mean([x[0], 1, 2.5, x[1]]),
    "mean of a generator": lambda s, x: s.mean(t * t for t in x),
    "fmean": lambda s, x: s.fmean(x),
    "fmean by weights": lambda s, x: s.fmean([1.0, 2.0, x[2], x[3]], x * x),
    "fmean by plain weights": lambda s, x: s.fmean(x, weights=[1, 2, 3, 4]),
    "geometric_mean": lambda s, x: s.geometric_mean([abs(t) for t in x]),
    "harmonic_mean": lambda s, x: s.harmonic_mean([abs(t) for t in x]),
    "harmonic_mean by weights": lambda s, x: s.harmonic_mean([abs(t) for t in x], weights=[1, 2, 1, 1]),
    "median": lambda s, x: s.median(x) ** 2,
    "median of odd": lambda s, x: s.median(list(x[:3])) ** 2,
    "median_low": lambda s, x: s.median_low(x) ** 2,
    "median_high": lambda s, x: s.median_high(x) ** 2,
    "mode": lambda s, x: s.mode([x[0], x[1], x[0]]) ** 2,
    "variance": lambda s, x: s.variance(x),
    "variance about": lambda s, x: s.variance(x, xbar=x[0]),
    "pvariance": lambda s, x: s.pvariance(x),
    "pvariance about": lambda s, x: s.pvariance(x, 0.5),
    "stdev": lambda s, x: s.stdev(x),
    "pstdev": lambda s, x: s.pstdev(list(x)),
    "covariance": lambda s, x: s.covariance(x, [1.0, 2.0, 5.0, x[0]]),
    "correlation": lambda s, x: s.correlation(x, [1.0, 2.0, 5.0, x[0]]),
    "regression": lambda s, x: (
        s.linear_regression([1.0, 2.0, 5.0, 7.0], x).slope * s.linear_regression([1.0, 2.0, 5.0, 7.0], x)[1]
    ),
    "regression on": lambda s, x: s.linear_regression(x, [1.0, 2.0, 5.0, 7.0]).intercept,
    "regression through 0": lambda s, x: s.linear_regression(x, [1.0, 2.0, 5.0, 7.0], proportional=True).slope,
    "quantiles": lambda s, x: sum(q * k for k, q in enumerate(s.quantiles(x, n=5))),
    "quantiles inside": lambda s, x: sum(q * k for k, q in enumerate(s.quantiles(x, n=3, method="inclusive"))),
}


@pytest.mark.parametrize("name", STATISTICS)
def test_statistics(name):
    f = STATISTICS[name]
    against_differences(lambda x: f(S, x), lambda x: f(statistics, x), tolerance=1e-6)


def test_statistics_errors_and_plain_data():
    with pytest.raises(statistics.StatisticsError):
        gw.grad(watched(lambda x: S.variance([x[0]])), method="exact")(X)
    assert S.mean([1, 2]) == 1.5
    assert S.median("abc") == "b"
    assert S.mode("aab") == "a"


# --- draws ----------------------------------------------------------------------------------------------------------------------

DRAWS = {
    "normal": lambda r, x: r.normal(x[0], x[1]) * x[2],
    "normals": lambda r, x: r.normal(x[0], x[1], 5).sum(),
    "normals of arrays": lambda r, x: (r.normal(x, 2.0) * np.arange(4)).sum(),
    "normals of lists": lambda r, x: r.normal([x[0], 1], x[1]).sum(),
    "normals by name": lambda r, x: r.normal(loc=x[0], size=(2, 2)).sum(),
    "uniform": lambda r, x: r.uniform(x[2], x[1], 3) @ x[:3],
    "laplace": lambda r, x: r.laplace(x[0], x[1], 3).sum(),
    "gumbel": lambda r, x: r.gumbel(x[0], x[1]),
    "logistic": lambda r, x: r.logistic(x[0], x[1], 2).sum(),
    "exponential": lambda r, x: r.exponential(x[1], 3).sum(),
    "rayleigh": lambda r, x: r.rayleigh(x[1]),
    "lognormal": lambda r, x: r.lognormal(x[0], x[1], 4).sum(),
    "gamma": lambda r, x: r.gamma(2.0, x[1], 3).sum(),
    "multivariate_normal": lambda r, x: r.multivariate_normal(x, np.eye(4)) @ x,
    "choice": lambda r, x: r.choice(x, 3) @ np.arange(3),
    "one choice": lambda r, x: r.choice(x) ** 2,
    "choice by weights": lambda r, x: r.choice([2.0, 3.0], p=[abs(x[0]), 1 - abs(x[0])]) * x[0],
    "permutation": lambda r, x: r.permutation(x) @ np.arange(4),
}


@pytest.mark.parametrize("kind", [np.random.default_rng, np.random.RandomState])
@pytest.mark.parametrize("name", DRAWS)
def test_draws(name, kind):
    class Ours:
        def __init__(self, rng):
            self.rng = rng

        def __getattr__(self, name):
            return functools.partial(METHODS[type(self.rng)][name], self.rng)

    f = DRAWS[name]
    against_differences(lambda x: f(Ours(kind(3)), x), lambda x: f(kind(3), x), exactly=name != "multivariate_normal")
    ours, theirs = kind(3), kind(3)
    gw.grad(watched(lambda x: f(Ours(ours), x)), method="exact")(X)
    f(theirs, X)
    assert ours.normal() == theirs.normal()


def test_draws_of_the_module():
    normal = STAND_INS["numpy.random"]["normal"]

    def f(x, draw):
        np.random.seed(5)
        return draw(x[0], x[1], 3).sum()

    against_differences(lambda x: f(x, normal), lambda x: f(x, np.random.normal))
    assert np.shape(normal(size=3)) == (3,)


def test_draws_without_a_derivative_are_refused():
    rng = np.random.default_rng(0)
    for name, arguments in (
        ("geometric", lambda x: (x[1],)),
        ("poisson", lambda x: (x,)),
    ):
        with pytest.raises(gw.TracingError, match=rf"{name}.* traced argument"):
            gw.grad(
                watched(lambda x, n=name, a=arguments: METHODS[np.random.Generator][n](rng, *a(x)) * x[0]),
                method="exact",
            )(X)
    with pytest.raises(ValueError, match="scale < 0"):
        gw.grad(watched(lambda x: METHODS[np.random.Generator]["normal"](rng, 0, x[2])), method="exact")(X)


def test_the_random_module():
    ours = STAND_INS["random"]["lognormvariate"]

    def f(x, draw):
        random.seed(7)
        return draw(x[0], x[1]) + random.gauss(x[0], x[1]) + random.uniform(x[0], x[1]) + random.expovariate(x[1])

    against_differences(lambda x: f(x, ours), lambda x: f(x, random.lognormvariate))
    generator = METHODS[random.Random]["lognormvariate"]
    against_differences(
        lambda x: generator(random.Random(1), x[0], x[1]), lambda x: random.Random(1).lognormvariate(x[0], x[1])
    )
