"""Wrappers that hand their arguments on by stars, around functions and methods, and helpers of functions that remember something: in proved functions, after changes too."""

from __future__ import annotations

import functools
import time

import numpy as np
import pytest
from following import follows

import gradwise as gw
from gradwise.operators.reuse.by_function import shortcuts_of


def shifted(k):
    def decorate(function):
        @functools.wraps(function)
        def wrapper(self, *args, **options):
            return k * function(self, *args, **options) + self.shift

        return wrapper

    return decorate


def checked(function):
    @functools.wraps(function)
    def wrapper(*args, **options):
        if len(args) != 2:
            raise TypeError(f"{function.__name__} takes an array")
        return function(*args, **options)

    return wrapper


def turned(function):
    def wrapper(self, *args):
        return function(*args, self)

    return wrapper


class Model:
    shift, power = 0.5, 2.0

    @checked
    @shifted(3.0)
    def loss(self, x):
        return self.inner(x, scale=2.0) * self.turned(x)

    @shifted(2.0)
    def inner(self, x, scale=1.0):
        return scale * np.sum(x**self.power)

    @turned
    def turned(x, self):  # noqa: N805  # the point of the test
        return np.sum(np.sin(x)) * self.shift


def test_wrapped_methods() -> None:
    model = Model()
    follows(
        model.loss,
        lambda: setattr(model, "shift", 2.0),
        lambda: setattr(Model, "power", 3.0),
        lambda: setattr(model, "inner", lambda x, scale: scale * x[0]),
        lambda: delattr(model, "inner"),
        lambda: setattr(Model, "turned", lambda self, x: x[1] * self.shift),
    )
    with pytest.raises(TypeError, match="takes an array"):
        gw.grad(model.loss)(np.ones(4), 1)


def test_further_arguments_before_and_after() -> None:
    def weighted(*values):
        total = 0.0
        for k, v in enumerate(values):
            total = total + (k + 1.0) * np.sum(v)
        return total

    def call(first, *rest):
        return weighted(first * rest[0], *rest, first) + weighted(*rest, *(first, first))

    def f(x):
        return call(x, x**2, 2.0 * x) * call(x[0], x[1])

    follows(f)


def test_a_list_for_a_call_is_not_one_for_a_name() -> None:
    def f(x):
        values = [x[0], *x[1:]]
        other = values
        other.append(x[3] ** 2)
        made = (x[0], *values, x[1])
        return sum(values) * values[-1] + made[-1] * made[4]

    follows(f)


# --- helpers of functions that remember -----------------------------------------------------------------------------------------


def helper(x):
    return np.sum(x**2)


def _by_a_global():
    class State:
        def __init__(self):
            self.mean = 0.0

    state = State()

    def f(x):
        value = helper(x)
        state.mean = 0.9 * state.mean + 0.1 * value
        return value + state.mean

    return f


def _by_an_attribute():
    class Filter:
        def __init__(self, of):
            self.of, self.mean = of, 0.0

        def loss(self, x):
            value = self.of(x)
            self.mean = 0.9 * self.mean + 0.1 * value
            return value + self.mean

    return Filter(lambda x: np.sum(x**2)).loss


def _by_wrappers():
    def timed(function):
        @functools.wraps(function)
        def wrapper(*args):
            begin = time.perf_counter()
            result = function(*args)
            wrapper.seconds += time.perf_counter() - begin
            return result

        wrapper.seconds = 0.0
        return wrapper

    @timed
    @timed
    def f(x):
        return helper(x)

    return f


@pytest.mark.parametrize("make", [_by_a_global, _by_an_attribute, _by_wrappers], ids=lambda f: f.__name__)
def test_functions_that_remember_have_shortcuts(make) -> None:
    f, plain = make(), make()
    gradient = gw.value_and_grad(f)
    for k in range(12):
        x = np.array([0.3, -1.2, 2.0]) * (1 + 0.1 * k)
        value, slope = gradient(x)
        assert value == pytest.approx(plain(x), rel=1e-13)
        np.testing.assert_allclose(slope, 2 * x * (1.0 if make is _by_wrappers else 1.1), rtol=1e-12)
    assert shortcuts_of(f)["0"].served > 3


def test_another_helper(monkeypatch) -> None:
    f = _by_a_global()
    gradient, x = gw.grad(f), np.array([0.3, -1.2, 2.0])
    for _ in range(8):
        np.testing.assert_allclose(gradient(x), 2.2 * x, rtol=1e-12)
    monkeypatch.setitem(globals(), "helper", lambda x: np.sum(x**3))
    for _ in range(4):
        np.testing.assert_allclose(gradient(x), 3.3 * x**2, rtol=1e-12)
