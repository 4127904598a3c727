"""``gw.compile`` and ``pure=True``: attributes are read again, broken promises are found, results are the function's own."""

from __future__ import annotations

import gc
import math
import types
import weakref

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.reuse import families

POINT = np.array([0.3, -0.7, 1.1])
FACTOR = 0.3


@pytest.fixture(autouse=True)
def fresh():
    gw.clear_caches()
    yield
    gw.clear_caches()


def served():
    """How often a program stood for a function since the caches were cleared."""
    return sum(family.served for family, _ in families._families.values())


class Thing:
    """An object whose attributes a function reads."""

    def __init__(self):
        self.w = np.ones(3)
        self.k = 2
        self.parts = [np.ones(3)]
        self.inner = types.SimpleNamespace(rate=0.5)

    def loss(self, x):
        return np.sum((self.w * x) ** self.k) * self.inner.rate + np.sum(self.parts[0] * x)

    @property
    def doubled(self):
        return self.w * 2


def test_a_promised_method_sees_its_attributes():
    thing = Thing()
    compiled, gradient = gw.compile(thing.loss), gw.grad(thing.loss, pure=True)
    through = gw.grad(compiled)

    def agrees():
        for _ in range(4):
            assert compiled(POINT) == pytest.approx(thing.loss(POINT), rel=1e-14)
            true = gw.grad(thing.loss, pure=False)(POINT)
            np.testing.assert_allclose(gradient(POINT), true, rtol=1e-13)
            np.testing.assert_allclose(through(POINT), true, rtol=1e-13)

    agrees()
    assert served() > 3
    thing.w[1] = 5.0
    agrees()
    thing.w = np.array([0.1, 0.2, 0.3])
    agrees()
    thing.k = 3
    agrees()
    thing.inner.rate = 2.0
    agrees()
    thing.parts[0] = np.zeros(3)
    agrees()
    thing.parts[0][2] = 4.0
    agrees()
    thing.__class__ = type("Other", (Thing,), {"loss": Thing.loss})
    agrees()


def test_large_attributes_are_not_kept():
    class Large:
        def __init__(self):
            self.w = np.linspace(0, 1, 100_000)

        def loss(self, x):
            return np.sum(self.__getattribute__("w") * x)  # which is not proved

    large = Large()
    compiled = gw.compile(large.loss)
    for _ in range(4):
        assert compiled(2.0) == pytest.approx(large.loss(2.0))
    assert served() == 3
    held = large.w
    large.w = held.copy()
    held[:] = 0.0
    assert compiled(2.0) == pytest.approx(large.loss(2.0))
    watch = weakref.ref(large.w)
    del large, compiled, held
    gc.collect()
    assert watch() is None


def test_a_broken_promise_is_found():
    hidden = iter(range(1000))

    def f(x):
        return np.sum(x * (1.0 if next(hidden) < 3 else 2.0))

    compiled = gw.compile(f)
    with pytest.raises(
        gw.StaleProgramError, match=r"f was promised to be pure.*test_reuse.py:\d+: mul.*1\.0.*2\.0|2\.0.*1\.0"
    ):
        for _ in range(20):
            compiled(POINT)
    for _ in range(3):  # from then on it runs
        assert compiled(POINT) == 2 * np.sum(POINT)


def test_a_broken_promise_to_an_operator_is_found():
    hidden = iter(range(1000))

    def f(x):
        return np.sum(x * x) if next(hidden) < 3 else np.sum(x)

    gradient = gw.grad(f, pure=True)
    with pytest.raises(gw.StaleProgramError, match=r"test_promises.py:\d+: .* instead of"):
        for _ in range(20):
            gradient(POINT)
    np.testing.assert_array_equal(gradient(POINT), 1.0)


def test_a_promise_is_kept_where_what_was_asked_leads_to_nothing_else():
    # StaleProgramError: the program that stood in the run's place had forgotten what was asked
    calls = iter(range(1000))

    def f(x):
        next(calls)
        return np.sum(x**2) if np.sin(x[0]) < 0.9 else np.sum(x**3)

    for gradient in (gw.grad(f, pure=True), gw.grad(gw.compile(f))):
        for k in range(9):
            x = POINT + 0.2 * k
            expected = 2 * x if math.sin(x[0]) < 0.9 else 3 * x**2
            np.testing.assert_allclose(gradient(x), expected, rtol=1e-13)


def test_compiled_functions_keep_their_signature_and_containers():
    @gw.compile
    def f(x, /, params, *, scale=1.0):
        """What it does."""
        return {"y": params["a"] * x * scale, "z": (x + params["b"][0], 3.0)}

    assert f.__name__ == "f"
    assert f.__doc__ == "What it does."
    for k in range(5):
        params = {"a": np.arange(3.0) + k, "b": [2.0 * k]}
        found, true = f(2.0, params, scale=0.5 * k), f.__wrapped__(2.0, params, scale=0.5 * k)
        assert list(found) == ["y", "z"]
        np.testing.assert_array_equal(found["y"], true["y"])
        assert found["z"] == true["z"]
        assert type(found["z"][0]) is float
    with pytest.raises(TypeError):
        f(2.0)
    assert "gw.compile(" in repr(f)
    assert gw.compile(f) is f


def test_results_of_compiled_functions_own_their_memory():
    constant = np.arange(3.0)

    @gw.compile
    def f(x):
        return x, x[1:], constant, np.ones(2)

    for _ in range(4):
        x = np.ones(3)
        for part in f(x):
            part[:] = 7.0
    np.testing.assert_array_equal(f(np.ones(3))[3], 1.0)


def test_compiled_functions_take_what_they_do_not_understand():
    @gw.compile
    def f(x, how):
        return how(x)

    assert f(2.0, math.sqrt) == math.sqrt(2.0)
    assert gw.compile(lambda x: f"{x}")(2.0) == "2.0"
    assert gw.compile(lambda x: None)(2.0) is None
    assert gw.compile(lambda x: [])(2.0) == []


def test_compiled_methods():
    class Model:
        rate = 2.0

        @gw.compile
        def loss(self, x):
            return np.sum(x) * self.rate

    model_ = Model()
    for rate in (2.0, 2.0, 2.0, 3.0, 3.0):
        model_.rate = rate
        assert model_.loss(POINT) == np.sum(POINT) * rate


def test_compiled_functions_inside_others():
    inner = gw.compile(lambda x: np.sum(np.sin(x)) * FACTOR)

    def outer(x):
        return inner(x) ** 2

    for _ in range(4):
        np.testing.assert_allclose(gw.grad(outer)(POINT), 2 * inner(POINT) * np.cos(POINT) * FACTOR)
        np.testing.assert_allclose(gw.vmap(inner)(np.stack([POINT, POINT])), inner(POINT))


def test_a_function_that_writes_to_its_argument_is_not_replaced():
    @gw.compile
    def f(x):
        x[0] = 5.0
        return np.sum(x)

    for _ in range(4):
        x = np.ones(3)
        assert f(x) == 7.0
        assert x[0] == 5.0
