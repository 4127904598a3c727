"""``gw.compile`` and ``pure=True``: attributes are read again, broken promises are found, results are the function's own."""

from __future__ import annotations

import decimal
import gc
import io
import math
import sys
import types
import weakref
from collections import deque

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


def test_a_broken_promise_is_found(tmp_path):
    hidden = tmp_path / "hidden"

    def f(x):
        with hidden.open() as file:
            return np.sum(x * (1.0 if file.read() == "1" else 2.0))

    hidden.write_text("1")
    compiled = gw.compile(f)
    assert compiled(POINT) == np.sum(POINT)
    hidden.write_text("2")
    with pytest.raises(
        gw.StaleProgramError, match=r"f was promised to be pure.*test_reuse.py:\d+: mul.*1\.0.*2\.0|2\.0.*1\.0"
    ):
        for _ in range(20):
            compiled(POINT)
    for _ in range(3):  # from then on it runs
        assert compiled(POINT) == 2 * np.sum(POINT)


def test_a_broken_promise_to_an_operator_is_found(tmp_path):
    hidden = tmp_path / "hidden"

    def f(x):
        with hidden.open() as file:
            return np.sum(x * x) if file.read() == "1" else np.sum(x)

    hidden.write_text("1")
    gradient = gw.grad(f, pure=True)
    np.testing.assert_array_equal(gradient(POINT), 2 * POINT)
    hidden.write_text("2")
    with pytest.raises(gw.StaleProgramError, match=r"test_promises.py:\d+: .* instead of"):
        for _ in range(20):
            gradient(POINT)
    np.testing.assert_array_equal(gradient(POINT), 1.0)


def counting():
    counts = [0]

    def f(x):
        counts[0] += 1
        return counts[0] * x @ x

    return f, lambda: counts[0]


def drawing():
    generator = np.random.default_rng(3)
    return lambda x: generator.random() * x @ x, lambda: generator.bit_generator.state["state"]["state"]


def drawing_from_the_global_one():
    np.random.seed(3)
    return lambda x: np.random.rand() * x @ x, lambda: np.random.get_state()[2]


def taking():
    numbers = iter(range(1, 100))
    return lambda x: next(numbers) * x @ x, lambda: repr(numbers.__reduce__())


def sending():
    def given():
        total = 1
        while True:
            total += yield total

    generator = given()
    next(generator)
    return lambda x: generator.send(2) * x @ x, lambda: generator.gi_frame.f_locals["total"]


def asking_a_key():
    class Key:
        asked = 0

        def __hash__(self):
            Key.asked += 1
            return 1

    key = Key()
    return lambda x: {key: x}[key] @ x, lambda: Key.asked


def queueing():
    queue = deque()

    def f(x):
        queue.append(1.0)
        return len(queue) * x @ x

    return f, lambda: list(queue)


def setting_digits():
    def f(x):
        decimal.getcontext().prec += 1
        return decimal.getcontext().prec * x @ x

    return f, lambda: decimal.getcontext().prec


def setting_the_process():
    def f(x):
        sys.setrecursionlimit(sys.getrecursionlimit() + 1)
        return x @ x

    return f, sys.getrecursionlimit


def printing():
    written = io.StringIO()

    def f(x):
        print("called", file=written)
        return x @ x

    return f, written.getvalue


@pytest.mark.parametrize(
    "make",
    [
        *(counting, drawing, drawing_from_the_global_one, taking, sending, asking_a_key, queueing, setting_digits),
        *(setting_the_process, printing),
    ],
)
@pytest.mark.parametrize(
    "promised", [gw.compile, lambda f: gw.value_and_grad(gw.compile(f)), lambda f: gw.value_and_grad(f, pure=True)]
)
def test_a_promise_that_the_first_run_breaks_makes_no_program(make, promised):
    """The function runs at each call, and leaves what one plain call leaves."""
    limit, digits = sys.getrecursionlimit(), decimal.getcontext().prec

    def begun():
        sys.setrecursionlimit(limit)
        decimal.getcontext().prec = digits
        return make()

    try:
        plain, state = begun()
        expected = [(plain(POINT * k), state()) for k in range(1, 7)]
        f, state = begun()
        operator = promised(f)
        for k, (value, left) in enumerate(expected, 1):
            found = operator(POINT * k)
            assert (found[0] if isinstance(found, tuple) else found) == pytest.approx(value, rel=1e-13)
            assert state() == left
    finally:
        sys.setrecursionlimit(limit)
        decimal.getcontext().prec = digits


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
