"""Clocks and texts of numbers beside what a proved function computes: shown, left behind, and nothing else; and functions that do more with them."""

from __future__ import annotations

import functools
import logging
import operator
import sys
import time

import numpy as np
import pytest
from central_differences import differences

import gradwise as gw
from gradwise.operators.reuse.by_function import shortcuts_of
from gradwise.tracing.purity import inspect_function

X = np.array([0.3, -1.2, 2.0])
LOG = logging.getLogger("asides")


def timed(x):
    start = time.perf_counter()
    value = np.sum(x**2)
    seconds = time.perf_counter() - start  # noqa: F841  # the point of the test
    return value


def told(x):
    value = np.sum(x**2)
    print(f"value {value:.6f} at {x[0]:+.2e}, {x!r}")
    print("value", value, "%.3f %s" % (value, x), "{:.3f}".format(x[0]).rjust(10), sep=" | ", flush=True)
    return value


def told_in_parts(x):
    message = "at " + str(x[0])
    message += f" and {x[1]:.3f}"
    value = np.sum(x**2)
    if value > 1.0:
        message = message + repr(value)
    print(message, end="\n")
    return value


def logged(x):
    value = np.sum(x**2)
    LOG.debug("value %s", value)
    LOG.info(f"at {x}")  # noqa: G004
    return value


def timed_and_told(x):
    t0 = time.time()
    value = np.sum(x**2)
    print(f"took {round(time.time() - t0, 3):.3f} s, {max(0.0, time.time() - t0):g}")
    return value


def _say(text, *values):
    print(text.format(*values), time.monotonic())


def by_another(x):
    _say("{} and {}", x[0], x[1])
    return np.sum(x**2)


def now_and_then(x):
    clock = time.time
    begin, value = clock(), 0.0
    for v in x:
        value = value + v**2
        if v > 0:
            print(f"{clock() - begin:.1f}: {v}")
    return value


SERVED = [timed, told, told_in_parts, logged, timed_and_told, by_another, now_and_then]


@pytest.mark.parametrize("f", SERVED, ids=lambda f: f.__name__)
def test_programs_stand(f, capsys):
    gw.clear_caches()
    gradient = gw.grad(f)
    for k in range(1, 9):
        at = X * (1 + 0.1 * k)
        capsys.readouterr()
        np.testing.assert_allclose(gradient(at), 2 * at, rtol=1e-14)
        shown = capsys.readouterr().out
        f(at)
        if f in (told, told_in_parts):
            assert shown == capsys.readouterr().out
        assert bool(shown) is (f not in (timed, logged))
    assert inspect_function(f, (X,)).may_stand
    assert shortcuts_of(f)["0"].served > 0


class Model:
    def __init__(self):
        self.seconds, self.times, self.messages, self.last = 0.0, [], [], ""
        self.named = {}

    def loss(self, x):
        t0 = time.perf_counter()
        value = np.sum(x**3)
        self.seconds += time.perf_counter() - t0
        self.times.append(time.perf_counter() - t0)
        self.messages.append(f"{value:.3f}")
        self.last = f"{x[0]:.3f}"
        self.named["last"] = str(x[1])
        return value


def test_what_is_left_behind():
    model = Model()
    gradient = gw.grad(model.loss)
    for k in range(1, 9):
        at, before = X * k, model.seconds
        np.testing.assert_allclose(gradient(at), 3 * at**2, rtol=1e-14)
        assert model.seconds > before
        assert type(model.seconds) is float
        assert len(model.times) == len(model.messages) == k
        assert model.messages[-1] == f"{np.sum(at**3):.3f}"
        assert model.last == f"{at[0]:.3f}"
        assert model.named == {"last": str(at[1])}
    assert shortcuts_of(model.loss)["0"].served > 0


# --- functions whose values come from their texts or clocks ---------------------------------------------------------------------


def memory():
    known = {}

    def f(x):
        key = f"{x[0]:.6f} {x[1]:.6f} {x[2]:.6f}"
        print(f"asked at {key}")
        if key not in known:
            known[key] = np.sum(x**2)
        return known[key]

    return f


def memory_of_the_last():
    last = {"key": "", "value": 0.0}

    def f(x):
        key = str(x)
        print(key)
        if key == last["key"]:
            return last["value"]
        last["key"], last["value"] = key, np.sum(x**2)
        return last["value"]

    return f


def by_length():
    def f(x):
        text = "%.3g" % x[0]
        print(text)
        return np.sum(x**2) * len(text)

    return f


def by_sign():
    def f(x):
        text = "{:+.3f}".format(x[0])
        print(text)
        return np.sum(x**2) * (2.0 if text.startswith("+") else 3.0)

    return f


def by_a_format_that_is_known_elsewhere():
    formats = ["%+.3f", "%+.2f"]

    def f(x):
        text = formats[int(x[1] > 0)] % x[0]
        print(f"{x[0]}", text)
        return np.sum(x**2) * (2.0 if text[0] == "+" else 3.0)

    return f


def by_operator():
    def f(x):
        text = operator.mod("%+.3f", x[0])
        print(f"{x[0]}", text)
        return np.sum(x**2) * (2.0 if "+" in text else 3.0)

    return f


def by_map():
    def f(x):
        texts = list(map(str, x))
        print(f"{x[0]}", texts)
        return np.sum(x**2) * sum(len(t) > 0 and t[0] != "-" for t in texts)

    return f


def by_a_list():
    def f(x):
        texts = [f"{v:+.2f}" for v in x]
        texts.append(str(x[0]))
        print(", ".join(texts))
        return np.sum(x**2) * sum(1.0 for t in texts if "-" in t)

    return f


def by_an_attribute():
    class Kept:
        sign = "+"

    kept = Kept()

    def f(x):
        print(f"{x[0]}")
        kept.sign = f"{x[0]:+.2f}"
        return np.sum(x**2) * (2.0 if kept.sign > "-" else 3.0)

    return f


def by_a_log_that_is_read():
    log = []

    def f(x):
        log.extend([f"{x[0]:+.2f}"])
        print(log[-1])
        return np.sum(x**2) * (2.0 if log[-1][0] == "+" else 3.0)

    return f


def by_an_array_of_texts():
    def f(x):
        texts = np.asarray(x).astype(str)
        print(f"{x[0]}", texts[0])
        return np.sum(x**2) * sum(1.0 for t in texts if "-" in t)

    return f


def changed_in_place():
    def f(x):
        letters = []
        other = letters
        letters += f"{x[0]:+.2f}"
        print(f"{x[0]}")
        return np.sum(x**2) * (2.0 if other[0] == "+" else 3.0)

    return f


def by_a_name():
    class Signs:
        plus, minus = 2.0, 3.0

    signs = Signs()

    def f(x):
        name = f"{x[0]:+.0f}"[0]
        print(f"{x[0]}")
        return np.sum(x**2) * getattr(signs, {"+": "plus", "-": "minus"}[name])

    return f


def by_a_helper():
    def sign(v):
        text = f"{v:+.2f}"
        print(text)
        return text

    def f(x):
        return np.sum(x**2) * (2.0 if sign(x[0])[0] == "+" else 3.0)

    return f


@pytest.mark.filterwarnings("ignore::gradwise.NumericalFallbackWarning")
@pytest.mark.parametrize("make", [memory, memory_of_the_last, by_length, by_sign, by_a_format_that_is_known_elsewhere, by_operator, by_map, by_a_list, by_an_attribute, by_a_log_that_is_read,
                                  by_an_array_of_texts, changed_in_place, by_a_name, by_a_helper], ids=lambda f: f.__name__)  # fmt: skip
def test_what_decides_is_no_aside(make, capsys):
    f = make()
    gradient = gw.grad(f)
    for k, sign in enumerate([1, 1, 1, 1, 1, -1, 1, -1, -1, -1, 1, 1]):
        at = sign * X * (1 + 0.01 * (k // 2))
        np.testing.assert_allclose(gradient(at), differences(make(), at), rtol=1e-6, atol=1e-7)
    capsys.readouterr()


def test_the_time_decides(monkeypatch):
    """A clock that is compared is asked at each call."""
    hours = [0.0]

    class Clock:
        limit = 5.0

        def loss(self, x):
            if hours[0] > 0 and time.time() < 0:
                return np.sum(x)
            if _late():
                return np.sum(x**2)
            return np.sum(x**3)

    def _late():
        return time.perf_counter() - begin > 0.05

    begin = time.perf_counter() + 1e6
    gradient = gw.grad(Clock().loss)
    for _ in range(5):
        np.testing.assert_allclose(gradient(X), 3 * X**2, rtol=1e-12)
    begin = -1e6
    np.testing.assert_allclose(gradient(X), 2 * X, rtol=1e-12)


def test_the_time_is_computed_with():
    def f(x):
        return np.sum(x**2) * (time.time() // 1e12 + 1.0)

    assert not inspect_function(f, (X,)).may_stand
    np.testing.assert_allclose(gw.grad(f)(X), 2 * X)


def test_times_that_come_back():
    """What a call leaves of the time is read by the next one."""

    class Model:
        last = None

        def loss(self, x):
            passed = 0.0 if self.last is None else 1.0
            self.last = time.time()
            return np.sum(x**2) * passed

    model = Model()
    np.testing.assert_allclose(gw.grad(model.loss)(X), 0 * X)
    for _ in range(5):
        np.testing.assert_allclose(gw.grad(model.loss)(X), 2 * X)


def test_another_clock():
    """Somebody may put another function in the place of a clock."""

    def f(x):
        t = clock()
        print(t)
        return np.sum(x**2)

    clock, calls = time.time, []
    gradient = gw.grad(f)
    for _ in range(5):
        np.testing.assert_allclose(gradient(X), 2 * X)
    clock = functools.partial(calls.append, 1)
    np.testing.assert_allclose(gradient(X), 2 * X)
    assert calls == [1]


def test_output_is_that_of_the_function(capsys):
    def f(x):
        for k, v in enumerate(x):
            print(f"{k:02d} {v:.4f}", file=sys.stdout if k else None)
        return np.sum(x**2)

    gradient = gw.grad(f)
    for k in range(8):
        gradient(X + k)
        shown = capsys.readouterr().out
        f(X + k)
        assert shown == capsys.readouterr().out


def test_formats_of_objects_are_looked_into():
    """What a format asks an object is code of the user's."""
    signs = ["{:s}", "{}"]
    calls = []

    class Weight:
        def __format__(self, spec):
            calls.append(spec)
            return "w"

    weight = Weight()

    def f(x):
        text = signs[int(x[0] > 100)].format(weight)
        return np.sum(x**2) * len(text)

    gradient = gw.grad(f)
    for k in range(6):
        before = len(calls)
        np.testing.assert_allclose(gradient(X + k), 2 * (X + k))
        assert len(calls) > before
    verdict = inspect_function(f, (X,))
    assert not verdict.may_stand
