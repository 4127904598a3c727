"""Infinite bounds that are shifted and scaled: (∞ − μ)/σ is ∞ for all μ and σ, and moves nothing.

The truth is the same function with the terms of the infinite bounds written as the constants that they are.
"""

import math

import numpy as np
import pytest
import scipy.special
import scipy.stats

import gradwise as gw

ENDS = np.array([-np.inf, 0.5, np.inf])
POINT = np.array([0.3, 1.5])


def standard(x):
    return (ENDS - x[0]) / x[1]


FUNCTIONS = {
    "ndtr": (lambda x: scipy.special.ndtr(standard(x)) @ [1, 2, 3.0], lambda z: 2 * scipy.special.ndtr(z) + 3),
    "erf": (lambda x: scipy.special.erf(standard(x)) @ [1, 2, 3.0], lambda z: 2 * scipy.special.erf(z) + 2),
    "expit": (lambda x: scipy.special.expit(standard(x)) @ [1, 2, 3.0], lambda z: 2 * scipy.special.expit(z) + 3),
    "tanh": (lambda x: np.tanh(standard(x)) @ [1, 2, 3.0], lambda z: 2 * np.tanh(z) + 2),
    "arctan": (lambda x: np.arctan(standard(x)) @ [1, 2, 3.0], lambda z: 2 * np.arctan(z) + math.pi),
    "gauss": (lambda x: np.exp(-(standard(x) ** 2)) @ [1, 2, 3.0], lambda z: 2 * np.exp(-(z**2))),
    "norm.cdf": (
        lambda x: scipy.stats.norm.cdf(ENDS, x[0], x[1]) @ [1, 2, 3.0],
        lambda z: 2 * scipy.special.ndtr(z) + 3,
    ),
    "norm.pdf": (
        lambda x: scipy.stats.norm.pdf(ENDS, x[0], x[1]).sum() * x[1],
        lambda z: np.exp(-0.5 * z**2) / math.sqrt(2 * math.pi),
    ),
    "math.erf": (lambda x: sum(math.erf(float(z)) for z in standard(x)), lambda z: scipy.special.erf(z)),
    "reciprocal": (lambda x: np.sum(1 / standard(x)), lambda z: 1 / z),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_infinite_bounds_move_nothing(name):
    f, of_the_middle = FUNCTIONS[name]

    def written_out(x):
        return of_the_middle((0.5 - x[0]) / x[1])

    np.testing.assert_allclose(f(POINT), written_out(POINT), rtol=1e-14)
    np.testing.assert_allclose(
        gw.grad(f, method="exact")(POINT), gw.grad(written_out, method="exact")(POINT), rtol=1e-12
    )
    np.testing.assert_allclose(
        gw.hessian(f, method="exact")(POINT), gw.hessian(written_out, method="exact")(POINT), rtol=1e-10
    )
    direction = np.array([0.4, -1.1])
    _, tangent = gw.jvp(f, (POINT,), (direction,), method="exact")
    np.testing.assert_allclose(tangent, gw.grad(written_out)(POINT) @ direction, rtol=1e-12)


def test_an_ordered_probit():
    regressor, chosen = np.array([0.3, -1.2, 0.8, 0.1]), np.array([0, 1, 2, 1])

    def loss(theta):
        cuts = np.r_[-np.inf, theta[1], theta[1] + np.exp(theta[2]), np.inf]
        above = (cuts[chosen + 1] - theta[0] * regressor) / theta[3]
        below = (cuts[chosen] - theta[0] * regressor) / theta[3]
        return -np.sum(np.log(scipy.special.ndtr(above) - scipy.special.ndtr(below)))

    def written_out(theta):
        first, second = theta[1], theta[1] + np.exp(theta[2])
        total = 0.0
        for r, k in zip(regressor, chosen, strict=True):
            high = 1.0 if k == 2 else scipy.special.ndtr(((first, second)[k] - theta[0] * r) / theta[3])
            low = 0.0 if k == 0 else scipy.special.ndtr(((first, second)[k - 1] - theta[0] * r) / theta[3])
            total = total - np.log(high - low)
        return total

    theta = np.array([0.5, -0.4, 0.2, 1.3])
    np.testing.assert_allclose(gw.grad(loss, method="exact")(theta), gw.grad(written_out)(theta), rtol=1e-11)
    np.testing.assert_allclose(gw.hessian(loss, method="exact")(theta), gw.hessian(written_out)(theta), rtol=1e-9)


def test_what_is_infinite_at_the_point_alone_is_no_constant():
    with np.errstate(all="ignore"):
        found = gw.grad(lambda x: 1 / (1 / x[0]) + x[1], method="exact")(np.array([0.0, 1.0]))
    np.testing.assert_allclose(found, [1.0, 1.0], rtol=1e-14)


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_determinants_of_matrices_that_are_not_finite(value):
    """The plain determinant is nan, and so are its derivatives: LAPACK's singular values, which do not converge there, are not asked; other matrices beside have theirs."""
    matrix = np.array([[2.0, 1, 0], [1, 3, 1], [0, 1, 4]])
    spoilt = matrix.copy()
    spoilt[0, 1] = value
    assert np.isnan(gw.grad(np.linalg.det)(spoilt)).all()
    both = gw.grad(lambda a: np.linalg.det(a).sum())(np.stack([matrix, spoilt]))
    np.testing.assert_allclose(both[0], np.linalg.det(matrix) * np.linalg.inv(matrix).T, rtol=1e-12)
    assert np.isnan(both[1]).all()
    assert np.isnan(gw.hessian(np.linalg.det)(spoilt)).all()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_masked_arrays_with_entries_that_are_not_finite(value, recwarn):
    """No warning but those of the plain call."""
    x = np.array([0.3, value, 2.0])
    found, slopes = gw.value_and_grad(lambda x: np.ma.median(np.ma.masked_invalid(x)))(x)
    assert (found, type(found)) == (1.15, np.float64)
    np.testing.assert_array_equal(slopes, [0.5, 0, 0.5])
    np.testing.assert_array_equal(gw.grad(lambda x: np.ma.masked_less(x, 1).compressed()[-1])(x), [0, 0, 1])
    assert not [w for w in recwarn if "rtol" in str(w.message)]
