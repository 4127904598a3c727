"""Functions that remember: a remembered value is right and has no derivative, which must never pass for a zero."""

from __future__ import annotations

import functools
import math

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
    assert square.cache_info() == (2, 2, None, 2)  # as after plain calls


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
    assert gw.grad(lambda x: square(x), method="exact")(3.0) == 6.0  # by a run that knows no key of earlier ones


class Objective:
    """exp(x · x / 10), remembered in all the ways that people write."""

    def __init__(self):
        self.last = self.value = self.key = None
        self.memory = {}
        self.computed = 0

    def compute(self, x):
        self.computed += 1
        self.last = x.copy()
        self.value = math.exp(float(np.sum(x**2)) / 10)
        return self.value

    def array_equal(self, x):
        if self.last is None or not np.array_equal(x, self.last):
            self.compute(x)
        return self.value

    def anything_unequal(self, x):
        return self.compute(x) if self.last is None or np.any(x != self.last) else self.value

    def all_equal(self, x):
        return self.value if self.last is not None and (x == self.last).all() else self.compute(x)

    def allclose(self, x):
        return self.value if self.last is not None and np.allclose(x, self.last, 0, 1e-14) else self.compute(x)

    def no_distance(self, x):
        return self.value if self.last is not None and np.linalg.norm(x - self.last) < 1e-14 else self.compute(x)

    def some_distance(self, x):
        return self.compute(x) if self.last is None or np.max(np.abs(x - self.last)) > 0 else self.value

    def entry_by_entry(self, x):
        if self.last is not None and all(a == b for a, b in zip(x, self.last, strict=True)):
            return self.value
        return self.compute(x)

    def bytes_in_a_dictionary(self, x):
        key = x.tobytes()
        if key not in self.memory:
            self.memory[key] = self.compute(x)
        return self.memory[key]

    def the_last_bytes(self, x):
        key = x.tobytes()
        if self.key != key:
            self.key = key
            self.compute(x)
        return self.value

    def a_tuple(self, x):
        key = tuple(float(v) for v in x)
        try:
            return self.memory[key]
        except KeyError:
            self.memory[key] = value = self.compute(x)
            return value

    def a_list(self, x):
        value = self.memory.get(tuple(x.tolist()))
        if value is None:
            value = self.memory[tuple(x.tolist())] = self.compute(x)
        return value

    def a_text(self, x):
        key = f"{x[0]:.12f},{x[1]:.12f}"
        if key not in self.memory:
            self.memory[key] = self.compute(x)
        return self.memory[key]

    def a_hash(self, x):
        key = hash(tuple(x))
        if key != self.key:
            self.key = key
            self.compute(x)
        return self.value

    def an_identity(self, x):
        if id(x) == self.key:
            return self.value
        self.key = id(x)
        return self.compute(x)

    def a_part(self, x):
        return self.array_equal(x) + self.anything_unequal(x) * (1.0 + 0.0 * x[0])


WAYS = [name for name, way in vars(Objective).items() if not name.startswith("__") and name != "compute"]


def exponential(x):
    return math.exp(x @ x / 10)


@pytest.mark.parametrize("check", [False, None])
@pytest.mark.parametrize("way", WAYS)
def test_the_same_point_again(way, check):
    o = Objective()
    f = getattr(o, way)
    expected = X / 5 * exponential(X) * (2 if way == "a_part" else 1)
    plain = f(X)
    for _ in range(3):
        np.testing.assert_allclose(gw.grad(f, method="exact", check=check)(X), expected, rtol=1e-12)
    kept = [o.value, o.last, *o.memory, *o.memory.values(), *(v for k in o.memory if type(k) is tuple for v in k)]
    assert {type(v) for v in kept} <= {float, np.float64, np.ndarray, tuple, str, bytes}
    assert f(X) == pytest.approx(plain, rel=1e-15)
    computed = o.computed
    assert f(X) == pytest.approx(plain, rel=1e-15)
    assert o.computed == computed


def test_what_an_identity_tells_belongs_to_one_run():
    for _ in range(40):  # what stands for the argument lay at the same address in one of thirty runs
        o = Objective()
        o.an_identity(X)
        for _ in range(3):
            np.testing.assert_allclose(
                gw.grad(o.an_identity, method="exact", check=False)(X), X / 5 * exponential(X), rtol=1e-12
            )
            assert o.key % 2 == 1  # no object lies there


def test_an_array_of_an_object_has_its_identity_while_something_stands_for_it():
    class Counting:
        def __init__(self):
            self.w = np.zeros(2)
            self.met = {}

        def value(self, x):
            self.w[0] = x[0] * x[1]
            self.met[id(self.w)] = self.met.get(id(self.w), 0) + 1
            return self.w.sum()

    o = Counting()
    w = o.w
    for k in range(1, 4):
        np.testing.assert_array_equal(gw.grad(o.value)(X), X[::-1])
        assert o.w is w
        assert o.met == {id(w): k}


@pytest.mark.parametrize("way", WAYS[:-2])
def test_second_derivatives_at_the_same_point(way):
    o = Objective()
    f = getattr(o, way)
    f(X)
    expected = exponential(X) * (np.eye(2) / 5 + np.outer(X, X) / 25)
    for _ in range(2):
        np.testing.assert_allclose(gw.hessian(f, method="exact")(X), expected, rtol=1e-12)
        inside = gw.jacobian(lambda x: gw.grad(f, method="exact")(x), method="exact", check=False)
        np.testing.assert_allclose(inside(X), expected, rtol=1e-12)


def test_where_equality_decides_and_nothing_is_remembered():
    def sinc(x):
        return 1.0 if x == 0.0 else math.sin(x) / x

    assert gw.grad(sinc, method="exact", check=False)(0.0) == 0.0

    def steps(x):
        return x**2 if np.floor(x) == 2.0 else 3.0 * x

    assert gw.grad(steps, method="exact", check=False)(2.5) == 5.0

    def until(x):
        t = 0.0 * x
        while abs(t - x) > 1e-9:  # never, where this equality is denied
            t = t + (x - t)
        return t * t if x == 3.0 else t**2

    assert gw.grad(until, method="exact", check=False)(3.0) == 6.0

    def at_two(x):
        return 5.0 * x - 6.0 if x == 2.0 else x**2  # its derivative is that of what it is everywhere else

    assert gw.grad(at_two, method="exact", check=False)(2.0) == 4.0


def test_two_memories_one_behind_the_other():
    class Twice(Objective):
        def __call__(self, x):
            if self.last is None or not np.array_equal(x, self.last):
                self.last = x.copy()
                self.value = self.looked_up(x)
            return self.value

        def looked_up(self, x):
            key = x.tobytes()
            if key not in self.memory:
                self.memory[key] = np.sum(x**2)
            return self.memory[key]

    f = Twice()
    f(X)
    for _ in range(2):
        np.testing.assert_allclose(gw.grad(f, method="exact", check=False)(X), 2 * X)


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


@pytest.mark.parametrize("offset", [0.0, 1e-12, 1e-9, 5e-9])
@pytest.mark.filterwarnings("ignore::gradwise.NumericalFallbackWarning")
def test_a_memory_of_a_point_nearby(offset):
    """What was kept within a tolerance of 1e-8 is a little beside the value: the derivative is not the zero of a piece that wide."""
    kept = [None, 0.0]

    def f(x):
        if kept[0] is None or abs(kept[0] - x[0]) > 1e-8:
            kept[:] = [float(x[0]), np.exp(x[0])]
        return kept[1] * x[1]

    f(np.array([0.7, 1.3]))
    found = gw.grad(f)(np.array([0.7 + offset, 1.3]))
    assert np.isnan(found[0]) or found[0] == pytest.approx(np.exp(0.7) * 1.3, rel=1e-4)
    assert found[1] == pytest.approx(np.exp(0.7), rel=1e-6)


def test_a_memory_that_was_asked_holds_what_it_held():
    class Rounded:
        def __init__(self):
            self.key, self.at, self.value = "", 0.0, 0.0

        def f(self, x):
            if f"{x[0]:.3f}" != self.key:
                self.key, self.at, self.value = f"{x[0]:.3f}", float(x[0]), np.exp(x[0])
            return self.value * x[1]

    one, other = Rounded(), Rounded()
    for t in (0.3, 0.4, 0.5, 0.50003, 0.6, 0.60002, 0.60004, 0.7):
        x = np.array([t, 1.2])
        assert gw.value_and_grad(one.f)(x)[0] == pytest.approx(other.f(x), rel=1e-14)
        assert (one.key, one.at) == (other.key, other.at)
        assert one.value == pytest.approx(other.value, rel=1e-14)
