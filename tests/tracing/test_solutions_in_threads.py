"""Solutions of differential equations that several threads differentiate at once: each has its own, and the filters of warnings, which belong to all threads, stay what they are."""

from __future__ import annotations

import threading
import warnings

import numpy as np
import pytest
from scipy.integrate import odeint, solve_ivp

import gradwise as gw

TIMES = np.linspace(0.0, 2.0, 9)


def decay(k):
    """y(2) = exp(−2k), by two solvers."""

    def slope(y, t):
        return -k * y

    return odeint(slope, [1.0], TIMES)[-1, 0] + solve_ivp(lambda t, y: -k * y, (0.0, 2.0), [1.0]).y[0, -1]


def explosion(k):
    """y(t) = 1/(1/k − t), which ends at t = 1/k."""
    return odeint(lambda y, t: y**2, [k], np.array([0.0, 0.5]), rtol=1e-8, atol=1e-10)[-1, 0]


def stiff(k):
    """y′ = −1000 k (y − cos t): steps of an explicit scheme end for stability."""
    return odeint(lambda y, t: -1000.0 * k * (y - np.cos(t)), [0.0], np.array([0.0, 1.0]), rtol=1e-8, atol=1e-10)[-1, 0]


def test_two_threads_at_once():
    found: dict[float, list[float]] = {0.4: [], 1.1: [], 0.7: []}
    errors: list[BaseException] = []
    barrier = threading.Barrier(len(found))

    def work(k):
        try:
            g = gw.derivative(decay, method="exact")
            barrier.wait()
            found[k].extend(float(g(k)) for _ in range(12))
        except BaseException as error:
            errors.append(error)

    before = list(warnings.filters)
    threads = [threading.Thread(target=work, args=(k,)) for k in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors
    assert list(warnings.filters) == before
    for k, values in found.items():
        np.testing.assert_allclose(values, -4 * np.exp(-2 * k), rtol=2e-3)
        assert len(set(values)) == 1  # each thread always has the same


@pytest.mark.slow
def test_no_filter_is_changed_while_steps_are_found(monkeypatch):
    class Refused(warnings.catch_warnings):
        def __enter__(self):
            raise AssertionError("the filters of warnings are changed")

    expected = gw.derivative(explosion, method="exact")(0.8)
    gw.derivative(decay, method="exact")(0.4), gw.derivative(stiff, method="exact")(1.0)
    monkeypatch.setattr(warnings, "catch_warnings", Refused)
    assert gw.derivative(explosion, method="exact", check=False)(0.8) == expected
    assert gw.derivative(decay, method="exact", check=False)(0.5) == pytest.approx(-4 * np.exp(-1.0), rel=2e-3)
    gw.derivative(stiff, method="exact", check=False)(1.0)


def test_what_the_integrator_cannot_do_is_no_warning():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        np.testing.assert_allclose(gw.derivative(explosion, method="exact")(0.8), 1 / (1 - 0.4) ** 2, rtol=1e-6)
        gw.derivative(stiff, method="exact")(1.0)
        gw.derivative(decay, method="exact")(0.4)
    assert not [w for w in caught if "dop853" in str(w.message)]
