"""Bodies of functions under ``lru_cache`` run as often as in plain calls, also where the run has stored something before: in a dictionary, under a global name, in an object."""

import functools
import math
import sys
import types

import numpy as np
import pytest

import gradwise as gw

kept = {}
last = 0.0


def stored_in_a_dictionary(x):
    kept["last"] = x[0] * 2


def assigned_to_a_global(x):
    global last
    last = x[0]


def assigned_by_its_text(x):
    globals()["last"] = x[0] * 3


def stored_in_an_object(x, place=types.SimpleNamespace(last=0.0)):
    place.last = x[0]


STORES = [stored_in_a_dictionary, assigned_to_a_global, assigned_by_its_text, stored_in_an_object]


def counted(store):
    """A function that stores something and asks two memories, and how often their bodies ran."""
    ran = [0, 0]

    @functools.lru_cache(maxsize=None)
    def table(n):
        ran[0] += 1
        return np.linspace(0.1, 0.5, n)

    @functools.lru_cache
    def number(n):
        ran[1] += 1
        return 0.3 * n

    def f(x):
        store(x)
        return x[0] * table(4).sum() + x[1] * number(5) + x[0] * float(table(3)[1]) + ran[0] + 10 * ran[1]

    return f, ran, table, number


@pytest.mark.parametrize("pure", [None, False])
@pytest.mark.parametrize("store", STORES)
def test_bodies_run_as_often_as_in_plain_calls(store, pure):
    f, ran, table, number = counted(store)
    plain, theirs, *memories = counted(lambda x: None)
    gradient = gw.value_and_grad(f) if pure is None else gw.value_and_grad(f, pure=pure)
    for k in range(6):
        if k == 4:
            for memory in (table, number, *memories):
                memory.cache_clear()
        x = np.array([0.3 + 0.1 * k, 0.7])
        value, found = gradient(x)
        assert value == plain(x)
        assert ran == theirs
        np.testing.assert_allclose(found, [1.2 + 0.3, 1.5], rtol=1e-14)  # Σ linspace(0.1, 0.5, 4) = 1.2


@functools.lru_cache(maxsize=None)
def of_the_global(n):
    return [last * n]


def test_a_body_that_reads_what_the_run_stored_keeps_the_derivative():
    def f(x):
        global last
        last = math.sin(x)
        of_the_global.cache_clear()
        return of_the_global(3)[0] * x

    for x in (0.4, 0.9):
        value, found = gw.value_and_grad(f)(x)
        assert value == 3 * math.sin(x) * x
        np.testing.assert_allclose(found, 3 * (math.cos(x) * x + math.sin(x)), rtol=1e-14)
        assert type(last) is float
        assert of_the_global(3) == [math.sin(x) * 3]


class Model:
    """One whose memory reads an attribute that the run stores."""

    def __init__(self):
        self.scale = 1.0

    @functools.lru_cache(maxsize=8)  # noqa: B019  as people write it
    def weights(self, n):
        return [self.scale * k for k in range(n)]

    def value(self, x):
        self.scale = x * x
        self.weights.cache_clear()
        return sum(self.weights(4))


def test_a_method_under_a_memory_that_reads_what_the_run_stored():
    model = Model()
    for x in (0.5, 1.5):
        value, found = gw.value_and_grad(model.value)(x)
        assert value == sum(x * x * k for k in range(4))
        np.testing.assert_allclose(found, 12 * x, rtol=1e-14)


settings = types.ModuleType("settings_of_a_test")
settings.level = 0.0
sys.modules["settings_of_a_test"] = settings


@functools.lru_cache(maxsize=None)
def of_another_module(n):
    return [settings.level * n]


@functools.lru_cache(maxsize=None)
def by_a_text(n):
    return [getattr(settings, "lev" + "el") * n]


@pytest.mark.parametrize("memory", [of_another_module, by_a_text])
def test_a_body_that_reads_another_module(memory):
    def f(x):
        settings.level = x * x
        memory.cache_clear()
        return memory(3)[0]

    for x in (0.5, 1.5):
        value, found = gw.value_and_grad(f)(x)
        assert value == 3 * x * x
        np.testing.assert_allclose(found, 6 * x, rtol=1e-14)
