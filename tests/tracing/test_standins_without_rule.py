"""Values that depend on something traced by no rule: they are read as they are, and raise where their derivative is asked for."""

from __future__ import annotations

import copy
import pickle
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import scipy.optimize
import scipy.signal
import scipy.stats

import gradwise as gw


@pytest.mark.parametrize(
    "f",
    [
        lambda k: scipy.stats.poisson.logpmf(k, 2.0),
        lambda k: scipy.stats.poisson.pmf(4, 2.0, loc=k),
        lambda k: scipy.stats.binom.logpmf(3, k, 0.3),
        lambda k: scipy.stats.binom.cdf(3, k, 0.3),
        lambda k: scipy.stats.boltzmann.pmf(1, 0.5, k),
        lambda k: scipy.stats.betanbinom.logpmf(k, 5, 2.0, 3.0),
        lambda k: scipy.stats.multinomial.logpmf(np.array([k, 2.0]), 5, [0.4, 0.6]),
    ],
)
def test_a_probability_of_integers_has_no_derivative_by_counts(f):
    with pytest.raises(gw.TracingError, match="counts"):
        gw.grad(f, method="exact")(3.0)


def test_counts_beside_traced_parameters():
    found = gw.grad(lambda mu: scipy.stats.poisson.logpmf(np.array([3, 4]), mu).sum(), method="exact")(2.0)
    assert found == pytest.approx(7 / 2.0 - 2, rel=1e-14)
    rounded = gw.grad(lambda x: scipy.stats.poisson.logpmf(np.floor(x), 2.0 * x), method="exact")(3.2)
    assert rounded == pytest.approx(3 / 3.2 - 2, rel=1e-14)
    second = gw.hessian(lambda q: scipy.stats.binom.logpmf(3, 10, q), method="exact")(0.4)
    assert second == pytest.approx(-3 / 0.16 - 7 / 0.36, rel=1e-13)


def test_what_is_linear_over_the_real_numbers_alone():
    """istft takes half a spectrum to a real signal: its matrix for the imaginary parts is not i times that for the real ones."""
    x = np.cos(np.arange(24) * 0.9)

    def f(x):
        spectrum = scipy.signal.stft(x, nperseg=8)[2]
        return scipy.signal.istft(spectrum * (1.0 + 0.5j), nperseg=8)[1]

    direction = np.sin(np.arange(24.0))
    np.testing.assert_allclose(gw.jvp(f, (x,), (direction,), method="exact")[1], f(direction), rtol=1e-10, atol=1e-12)


def test_a_frequency_response_at_traced_frequencies():
    w = np.array([0.4, 1.3])
    b, a = np.array([0.2, 0.3, 0.1]), np.array([1.0, -0.5])
    found = gw.jvp(lambda w: scipy.signal.freqz(b, a, w)[1], (w,), (np.ones(2),), method="exact")[1]
    z = np.exp(-1j * w)
    above, below = b[0] + b[1] * z + b[2] * z**2, 1 - 0.5 * z
    expected = -1j * z * ((b[1] + 2 * b[2] * z) * below + 0.5 * above) / below**2
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_a_traced_step_of_differences_is_refused():
    with pytest.raises(gw.TracingError, match="plain step"):
        gw.grad(lambda h: scipy.optimize.approx_fprime(np.ones(2), lambda z: np.sum(z**2), h)[0], method="exact")(1e-3)


@pytest.mark.parametrize(
    ("f", "why"),
    [
        (lambda x: float(Decimal(x) * 2), "Decimal"),
        (lambda x: float(Decimal(float(x)) ** 2), "Decimal"),
        (lambda x: float(Fraction(x) * 2), "as_integer_ratio"),
        (lambda x: pickle.loads(pickle.dumps(x)) ** 2, "in a memory of earlier results"),  # of our own bytes
        (lambda x: float.fromhex(x.hex()) ** 2, "hex"),
    ],
)
def test_numbers_that_leave_say_so(f, why):
    with pytest.raises(gw.TracingError, match=why):
        gw.grad(f, method="exact", check=False)(3.0)


def test_exact_numbers_that_are_constants():
    def f(x):
        assert isinstance(Decimal("1.5"), Decimal)
        return float(Decimal("1.5")) * x**2 + Fraction(1, 2) * x + float(Decimal(2))

    assert gw.grad(f, method="exact")(3.0) == 9.5


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_copies_are_traced_and_their_own(copied):
    def f(x):
        y = copied(x)
        y[0] = 5.0
        return np.sum(x * x) + np.sum(y)

    np.testing.assert_array_equal(gw.grad(f, method="exact")(np.ones(2)), [2.0, 3.0])
