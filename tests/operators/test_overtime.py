"""Verification comes to an end where calls at points beside do not, and is made up for where the first run took too long."""

from __future__ import annotations

import math
import threading
import time

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators import first_runs, overtime, repeating
from gradwise.operators.overtime import Overtime, limited, tick

X = np.array([0.7, 1.3])


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    gw.clear_caches()
    first_runs.forget_first_runs()
    monkeypatch.setattr(overtime, "_SECONDS", 0.1)
    monkeypatch.setattr(overtime, "_TIMES", 0.0)


def endless(x):
    """s = cos(s x₀), by iteration: for x₀ > 1.32 it does not converge."""
    s = 0.0
    while abs(math.cos(s * x[0]) - s) > 1e-13:
        s = math.cos(s * x[0])
    return s + x[1] ** 2


def stubborn(x):
    """The same; whatever is raised in its loop is ignored."""
    s = 0.0
    while abs(math.cos(s * x[0]) - s) > 1e-13:
        try:
            s = math.cos(s * x[0])
        except:  # noqa: E722 - as people write it
            pass
    return s + x[1] ** 2


def second_derivative(a):
    """By differences of s′ = -s sin(s a) / (1 + a sin(s a)) at the solution."""

    def slope(a):
        s = 0.7
        for _ in range(50):
            s -= (s - math.cos(s * a)) / (1 + a * math.sin(s * a))
        return -s * math.sin(s * a) / (1 + a * math.sin(s * a))

    h = 1e-4
    return (slope(a + h) - slope(a - h)) / (2 * h)


@pytest.mark.parametrize("function", [endless, stubborn])
def test_loops_that_do_not_end_at_points_beside(function):
    for _ in range(3):
        np.testing.assert_allclose(gw.hessian(function)(X), np.diag([second_derivative(0.7), 2.0]), rtol=1e-6)
    assert "did not come to an end" in first_runs.verdict_on(function)


def test_nothing_is_raised_after_the_end():
    for _ in range(20):
        with limited(0.0):
            tick()
        end = time.perf_counter() + 0.02
        while time.perf_counter() < end:
            pass
    threads = [t for t in threading.enumerate() if t.name == "gradwise-overtime"]
    for thread in threads:
        thread.join(1.0)
        assert not thread.is_alive()


def test_each_call_begins_anew():
    with limited(0.0):
        for _ in range(8):
            tick()
            end = time.perf_counter() + 0.03
            while time.perf_counter() < end:
                pass
    with pytest.raises(Overtime), limited(0.0):
        while True:
            pass


def lost(x):
    """x₀ read from the digits of its text."""
    whole, digits = str(float(x[0])).split(".")
    return (int(whole) + int(digits) / 10 ** len(digits)) * x[1]


def test_what_took_too_long_is_looked_at_again(monkeypatch):
    with monkeypatch.context() as slow:
        slow.setattr(repeating, "SECONDS", 0.0)
        gw.grad(lost)(X)
        assert "one run takes" in first_runs.verdict_on(lost)
    with pytest.warns(gw.NumericalFallbackWarning):
        np.testing.assert_allclose(gw.grad(lost)(X), X[::-1], rtol=1e-6)


def test_no_thread_waits_where_nothing_is_called(monkeypatch):
    """A function that cannot be called once more is not looked at; before, each of its calls began and ended a thread (250 µs)."""
    begun = []
    original = threading.Thread.start
    monkeypatch.setattr(threading.Thread, "start", lambda self: (begun.append(self.name), original(self)))
    taken = iter(range(100))

    def counts(x):
        if x[0] > 0:
            next(taken)
        return x[0] ** 2 * x[1]

    derivative = gw.grad(counts)
    derivative(X)
    begun.clear()
    assert derivative(X) == pytest.approx([2 * X[0] * X[1], X[0] ** 2], rel=1e-14)
    assert begun == []
