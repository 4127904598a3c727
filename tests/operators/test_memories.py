"""Functions that remember: a remembered value is right and has no derivative, which must never pass for a zero."""

from __future__ import annotations

import functools

import numpy as np
import pytest

import gradwise as gw

X = np.array([1.5, 2.5])


def test_lru_cache_is_looked_under():
    @functools.lru_cache(maxsize=None)
    def square(v):
        return v**2

    assert square(3.0) == 9.0
    g = gw.grad(lambda x: square(x) + x, method="exact")
    assert [g(3.0), g(3.0), g(2.0)] == [7.0, 7.0, 5.0]
    assert square.cache_info().currsize == 1


def test_lru_cache_without_instrumentation(monkeypatch):
    monkeypatch.setenv("GRADWISE_REWRITE", "0")

    @functools.lru_cache(maxsize=None)
    def square(v):
        return v**2

    g = gw.grad(lambda x: square(x), method="exact")
    assert g(3.0) == 6.0
    with pytest.raises(gw.TracingError, match=r"kept from an earlier run and equals it.*__wrapped__"):
        g(3.0)
    assert g(2.0) == 4.0
    assert gw.grad(lambda x: square.__wrapped__(x), method="exact")(3.0) == 6.0
    with pytest.raises(gw.TracingError, match="kept from an earlier run"):
        gw.grad(lambda x: square(x) + x, method="exact")(3.0)
    with pytest.warns(gw.NumericalFallbackWarning, match="kept from an earlier run"):
        assert gw.grad(lambda x: square(x))(3.0) == pytest.approx(6.0)


def test_a_memory_filled_by_a_plain_call(monkeypatch):
    monkeypatch.setenv("GRADWISE_REWRITE", "0")

    @functools.lru_cache(maxsize=None)
    def square(v):
        return v**2

    assert square(3.0) == 9.0
    with pytest.raises(gw.TracingError, match="does not depend on its arguments by its trace as it does"):
        gw.grad(lambda x: square(x), method="exact")(3.0)
    with pytest.warns(gw.NumericalFallbackWarning):
        assert gw.grad(lambda x: square(x))(3.0) == pytest.approx(6.0)


def test_the_same_x_as_last_time():
    class Objective:
        last = None

        def __call__(self, x):
            if self.last is None or not np.array_equal(x, self.last):
                self.last = x.copy()
                self.value = np.sum(x**2)
            return self.value

    f = Objective()
    g = gw.grad(f, method="exact")
    np.testing.assert_array_equal(g(X), [3.0, 5.0])
    np.testing.assert_array_equal(g(2 * X), [6.0, 10.0])
    with pytest.raises(gw.TracingError, match="does not depend on its arguments"):
        g(2 * X)
    f = Objective()
    f(X)
    with pytest.raises(gw.TracingError, match="does not depend on its arguments"):
        gw.grad(f, method="exact")(X)


def test_a_part_that_is_remembered():
    class Objective:
        last = None

        def __call__(self, x):
            if self.last is None or not np.array_equal(x, self.last):
                self.last = x.copy()
                self.value = np.sum(x**2)
            return self.value + np.sum(x)

    f = Objective()
    g = gw.grad(f, method="exact")
    np.testing.assert_array_equal(g(X), [4.0, 6.0])
    with pytest.raises(gw.TracingError, match="does not depend on its arguments"):
        g(X)


def test_a_dictionary_by_text():
    memory = {}

    def f(x):
        key = f"{x[0]:.6f},{x[1]:.6f}"
        if key not in memory:
            memory[key] = np.sum(x**2)
        return memory[key]

    g = gw.grad(f, method="exact")
    np.testing.assert_array_equal(g(X), [3.0, 5.0])
    with pytest.raises(gw.TracingError, match="does not depend on its arguments"):
        g(X)


def test_what_is_looked_up_and_really_constant_is_zero():
    table = {1.5: 7.0}
    assert gw.grad(lambda x: np.float64(3.0) if hash(x) else 0.0, method="exact")(1.5) == 0.0

    def f(x):
        print(f"{x}")
        return 3.0

    assert gw.grad(f, method="exact")(1.5) == 0.0
    assert gw.grad(lambda x: table.get(x, 7.0), method="exact")(1.5) == 0.0


def test_values_of_earlier_runs_are_plain_numbers_elsewhere():
    class Optimiser:
        velocity = 0.0
        previous = None

        def loss(self, x):
            if self.previous is not None and abs(x - self.previous) < 1e-12:
                raise AssertionError
            self.previous = x
            self.velocity = 0.9 * self.velocity + x
            return self.velocity * x

    o = Optimiser()
    assert gw.grad(o.loss)(1.0) == pytest.approx(2.0)
    assert gw.grad(o.loss)(2.0) == pytest.approx(0.9 * 1.0 + 2 * 2.0)
