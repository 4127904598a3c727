"""``o.a += x`` where the object does not keep the array itself: the class's, or a property's, is changed in place, and the object gets it."""

from __future__ import annotations

import itertools
import linecache

import numpy as np
import pytest

import gradwise as gw
from tests.operators.central_differences import differences

PROGRAM = """
import numpy as np

class Shared:
    a = np.zeros(3)

class Derived(Shared):
    pass

class Own:
    def __init__(self):
        self.a = np.zeros(3)

class Slotted:
    __slots__ = ("a",)
    def __init__(self):
        self.a = np.zeros(3)

class Given:
    def __init__(self):
        self.held = np.zeros(3)
    @property
    def a(self):
        return self.held
    @a.setter
    def a(self, value):
        self.assigned = True

class Proxy:
    def __init__(self):
        self.inner = Own()
    def __getattr__(self, name):
        return getattr(self.inner, name) if name == "a" else object.__getattribute__(self, name)

class Holder:
    pass

holder = Holder()
holder.o = o = KIND()

def added(x):
    o.a += x
    return o.a @ x

def of_a_holder(x):
    holder.o.a += x * x
    return holder.o.a @ x

def filled(x):
    o.a += 1.0
    o.a *= x
    o.a[1] = x[0]
    return o.a @ x

def renewed():
    global o
    holder.o = o = KIND()
"""
_count = itertools.count()


def made(kind, *, with_source):
    names = {"__name__": "changed_in_place"}
    text, file = PROGRAM.replace("KIND", kind), f"<changed in place {next(_count)}>"
    if with_source:
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    exec(compile(text, file, "exec"), names)
    return names


@pytest.mark.parametrize("name", ["added", "of_a_holder", "filled"])
@pytest.mark.parametrize("kind", ["Shared", "Derived", "Own", "Slotted", "Given", "Proxy"])
@pytest.mark.parametrize("with_source", [True, False])
def test_the_array_itself_is_changed(with_source, kind, name) -> None:
    points = [np.array([0.7, 0.8, 0.9]) + 0.1 * k for k in range(6)]

    def run(names, at, x):
        if at == 3:
            names["renewed"]()
        return names[name](x)

    ours, theirs = (made(kind, with_source=with_source) for _ in "ab")
    for k, x in enumerate(points):

        def call(y, k=k):
            beside = made(kind, with_source=False)
            for j, earlier in enumerate(points[:k]):
                run(beside, j, earlier)
            return run(beside, k, y)

        if k == 3:
            ours["renewed"]()
        value, gradient = gw.value_and_grad(ours[name], method="exact")(x)
        assert value == pytest.approx(run(theirs, k, x), rel=1e-13)
        np.testing.assert_allclose(gradient, differences(call, x), rtol=1e-7)
        np.testing.assert_allclose(ours["o"].a, theirs["o"].a, rtol=1e-13)
        np.testing.assert_allclose(ours["Shared"].a, theirs["Shared"].a, rtol=1e-13)
