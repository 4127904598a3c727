"""An interrupt (Ctrl-C) wherever it may come in what surrounds a call: NumPy's error state, checks, promises, the collector and caches are as they were."""

from __future__ import annotations

import gc
import itertools
import sys

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.caches import Cache
from gradwise.operators.reuse import families
from gradwise.operators.reuse.by_function import shortcuts_of
from gradwise.operators.reuse.family import Family
from gradwise.operators.reuse.promises import is_forbidden
from gradwise.operators.verification import requested
from gradwise.tracing.instrument.state import local

X = np.array([0.5, 1.25])


def interrupted(call, is_watched, number: int) -> bool:
    """Call with an interrupt at place ``number`` where the interpreter looks for signals in the code that is watched, when a function begins or a compiled one has returned; whether there was one."""
    places = itertools.count()

    def look(frame, event, argument):
        if event in ("call", "c_return") and is_watched(frame.f_code) and next(places) == number:
            sys.setprofile(None)
            raise KeyboardInterrupt

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        call()
    except KeyboardInterrupt:
        return True
    finally:
        sys.setprofile(before)
    return False


def state() -> tuple:
    return np.geterr(), requested.get(), is_forbidden(), gc.isenabled(), local.muted, local.files


def in_served(code) -> bool:
    return code.co_filename.startswith("<gradwise") or code.co_filename.endswith("error_state.py")


def test_interrupts_of_what_is_served() -> None:
    A = np.array([[1.0, 2.0], [0.5, 1.5]])
    f = lambda x: np.sum(np.tanh(A @ x) ** 2 * np.exp(x))
    derivative = gw.value_and_grad(f)
    for _ in range(6):
        value, gradient = derivative(X)
    served, before = shortcuts_of(f)["0"].served, state()
    assert served > 0
    for number in itertools.count():
        came = interrupted(lambda: derivative(X), in_served, number)
        assert state() == before
        again = derivative(X)
        assert again[0] == value
        np.testing.assert_array_equal(again[1], gradient)
        if not came:
            break
    assert number > 8


@pytest.mark.parametrize("options", [{"check": True}, {"check": False}, {"pure": False}, {}])
def test_interrupts_of_checks_and_promises(options) -> None:
    watched = {"verified", "paused", "told", "collector_paused", "muted", "compare_values", "using"}
    kept: dict = {}

    def call():
        def f(x):  # another one each time, which is verified
            kept["last"] = x[0]
            return np.sum(x**3) * kept["last"]

        return gw.grad(f, **options)(X)

    call()
    before = state()
    for number in itertools.count():
        came = interrupted(call, lambda code: code.co_name in watched and "gradwise" in code.co_filename, number)
        assert state() == before
        if not came:
            break
    np.testing.assert_allclose(call(), [3 * X[0] ** 3 + np.sum(X**3), 3 * X[1] ** 2 * X[0]], rtol=1e-13)


class Key:
    """Asked for its hash and compared by code in Python, in which an interrupt may come."""

    left = 1 << 30

    def __init__(self, name):
        self.name = name

    @classmethod
    def _asked(cls) -> None:
        cls.left -= 1
        if cls.left == 0:
            raise KeyboardInterrupt

    def __hash__(self):
        self._asked()
        return hash(self.name) % 3

    def __eq__(self, other):
        self._asked()
        return self.name == other.name


def test_interrupts_of_caches(monkeypatch) -> None:
    """An ``OrderedDict`` that is gone over asks for the hash of each key, and made an error of its own of an interrupt there."""
    cache = Cache(entries=3)
    monkeypatch.setattr(families, "_families", type(families._families)())
    monkeypatch.setattr(Key, "left", 1 << 30)

    def fill() -> None:
        for k in range(4):
            cache.put(Key(k % 3), k, 1)
            families._remember((Key(k % 3),), Family())

    fill()
    for number in itertools.count(1):
        Key.left = number
        try:
            fill()
            break
        except KeyboardInterrupt:
            pass
        finally:
            Key.left = 1 << 30
        fill()
        assert [cache.get(Key(k)) for k in range(3)] == [3, 1, 2]
        assert len(families._families) == 3
        assert all(type(family) is Family for family, _ in families._families.values())
    assert number > 10
