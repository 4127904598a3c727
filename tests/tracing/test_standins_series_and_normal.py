"""Series of ``numpy.polynomial`` with traced coefficients, ``statistics.NormalDist``, and ``np.nditer`` that writes."""

from __future__ import annotations

import itertools
import math
import statistics
from typing import Any

import numpy as np
import pytest
from numpy.polynomial import Chebyshev, Hermite, HermiteE, Laguerre, Legendre, Polynomial

import gradwise as gw
from gradwise.tracing import isinstance_traced

X = np.array([0.3, 0.1, 0.7])
FAMILIES = [Polynomial, Chebyshev, Legendre, Hermite, HermiteE, Laguerre]


def differences(f: Any, x: np.ndarray, h: float = 1e-3) -> np.ndarray:
    columns = []
    for e in np.eye(x.size):
        table = [(f(x + s * e) - f(x - s * e)) / (2 * s) for s in (h, h / 2, h / 4)]
        table = [(4 * b - a) / 3 for a, b in itertools.pairwise(table)]
        columns.append((16 * table[1] - table[0]) / 15)
    return np.stack(columns, -1)


def agrees(f: Any, x: np.ndarray = X) -> None:
    value, _ = gw.linearize(f, x, method="exact", check=False)
    np.testing.assert_allclose(value, f(x.copy()), rtol=1e-13)
    for point in (x, x * 1.1 + 0.05):
        gradient = gw.grad(f, method="exact", check=False)(point)
        np.testing.assert_allclose(gradient, differences(f, point), rtol=1e-8, atol=1e-9)
    hessian = gw.hessian(f, method="exact", check=False)(x)
    expected = differences(gw.grad(f, method="exact", check=False), x)
    np.testing.assert_allclose(hessian, expected, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("family", FAMILIES)
def test_derivatives_integrals_and_arithmetic(family: Any) -> None:
    def f(x: Any) -> Any:
        p = family(x, domain=[-2.0, 3.0])
        q = p * p - 2.0 * p + p.deriv() - 1.0
        q = q + p.integ(2, k=[0.5, 1.0]) / x[0]
        return q(0.4) + (-q)(x[1]) + (p**3)(0.2) + p.deriv(2)(1.0) + p.convert(kind=Polynomial)(0.3) + (1.0 + p)(x[2])

    agrees(f)


@pytest.mark.parametrize("family", [Polynomial, Chebyshev])
def test_roots(family: Any) -> None:
    # NumPy gives complex numbers or, where all roots are real, real ones, which depends on its version
    agrees(lambda x: np.sum(np.real(family(x * np.array([-1.0, 1.0, 1.0])).roots()) ** 3))


def test_a_plain_series_stays_one() -> None:
    p = Polynomial([1.0, 2.0])
    agrees(lambda x: (p.deriv() * 3.0 + p)(x[0]) + sum(p.roots()) * x[1])
    assert type(p.coef) is np.ndarray


def test_normal_distributions() -> None:
    def f(x: Any) -> Any:
        n = statistics.NormalDist(x[0], x[1] + 1.0)
        m = n * 2.0 + statistics.NormalDist(x[2], 0.5) - x[1]
        z = n.cdf(x[2]) + n.pdf(0.3) + n.inv_cdf(0.3) + n.zscore(x[0] * 2) + sum(n.quantiles(3))
        return z + n.mean * n.stdev + n.variance + (m / 3.0).cdf(0.2) + (-m).pdf(x[0]) + (1.0 - m).mean * m.stdev

    agrees(f)


def test_an_object_keeps_a_plain_normal_distribution() -> None:
    class Model:
        def loss(self, x: Any) -> Any:
            self.prior = statistics.NormalDist(x[0], math.exp(x[1]))
            return -math.log(self.prior.pdf(x[2]))

    model = Model()
    agrees(model.loss)
    gw.grad(model.loss, method="exact", check=False)(X)
    assert not isinstance_traced(model.prior._mu)
    assert model.prior == statistics.NormalDist(X[0], math.exp(X[1]))


P = np.array([0.7, 1.3, 0.4, 2.1])


@pytest.mark.parametrize("x", [P, np.array([0.7, 1.3, -0.4, 1.3])], ids=["of two widths", "of one width"])
def test_overlaps(x: Any) -> None:
    f = lambda x: statistics.NormalDist(x[0], x[1]).overlap(statistics.NormalDist(x[2], x[3]))
    np.testing.assert_allclose(gw.grad(f, method="exact")(x), differences(f, x), atol=1e-10)
    one = lambda x: statistics.NormalDist(x[0], x[1]).overlap(statistics.NormalDist())
    np.testing.assert_allclose(gw.grad(one, method="exact")(x), differences(one, x), atol=1e-10)


def test_the_overlap_of_equal_distributions_has_a_kink() -> None:
    f = lambda x: statistics.NormalDist(x[0], 1.0).overlap(statistics.NormalDist(x[1], 1.0))
    with pytest.raises(gw.TracingError, match="overlap of equal distributions"):
        gw.grad(f, method="exact")(np.ones(2))


def test_the_distribution_of_a_sample() -> None:
    def f(x: Any) -> Any:
        found = statistics.NormalDist.from_samples(x)
        return found.mean * found.variance

    mean, deviations = P.mean(), P - P.mean()
    expected = (deviations**2).sum() / 3 / 4 + mean * 2 * deviations / 3
    np.testing.assert_allclose(gw.grad(f, method="exact")(P), expected, rtol=1e-12)
    assert statistics.NormalDist.from_samples([1.0, 2.0]).mean == 1.5


def test_grouped_medians() -> None:
    data = np.array([0.7, 1.3, 0.4, 2.1, 1.9])
    np.testing.assert_array_equal(gw.grad(statistics.median_grouped, method="exact")(data), [0, 1, 0, 0, 0])
    found = gw.value_and_grad(lambda h: statistics.median_grouped([1.0, 2.0, 2.0, 3.0, 3.0], h), method="exact")(0.8)
    assert found == (pytest.approx(2.0 - 0.4 + 0.8 * 0.75), pytest.approx(0.25))
    with pytest.raises(gw.TracingError, match="fall together"):
        gw.grad(statistics.median_grouped, method="exact")(np.array([1.0, 2.0, 2.0]))


def test_iterators_that_write() -> None:
    def f(x: Any) -> Any:
        y = np.outer(x, x)
        with np.nditer(y, op_flags=["readwrite"]) as entries:
            for v in entries:
                v[...] = 2 * v * v
        it = np.nditer([x, None])
        for a, b in it:
            b[...] = math.sin(a)
        one = y[1, 1, ...]
        y[1, 1] = 3.0 * y[0, 0]
        one += x[2]
        return y.sum() + it.operands[1] @ x

    agrees(f)


def test_iterators_of_types_that_are_asked_for() -> None:
    def f(x: Any) -> Any:
        it = np.nditer([x, np.arange(x.size), None], op_dtypes=["float", "float", None], flags=["buffered"])
        for a, k, out in it:
            out[...] = math.exp(a) * (k + 1) + k / 2
        same = np.nditer([x, None], op_dtypes=[None, np.float64], flags=["zerosize_ok"])
        for a, out in same:
            out[...] = a**3
        assert it.operands[2].dtype == np.float64
        return it.operands[2] @ x + np.sum(same.operands[-1])

    agrees(f)


@pytest.mark.parametrize("options", [{}, {"flags": ["buffered"]}], ids=["without a buffer", "not safely"])
def test_iterators_of_types_into_which_nothing_is_cast_raise(options: dict[str, Any]) -> None:
    kinds = ["complex128"] if not options else ["float32"]
    with pytest.raises(gw.TracingError, match=r"np.nditer was called on traced arrays"):
        gw.grad(lambda x: sum(a.real for a in np.nditer([x], op_dtypes=kinds, **options)), method="exact")(X)


def test_a_view_of_one_entry_of_the_argument_reaches_the_caller() -> None:
    def f(x: Any) -> Any:
        x[0, ...][...] = x[1] * 2.0
        return x @ x

    point = np.array([1.0, 2.0])
    np.testing.assert_allclose(gw.grad(f, method="exact", check=False)(point), [0.0, 20.0])
    assert point.tolist() == [4.0, 2.0]
