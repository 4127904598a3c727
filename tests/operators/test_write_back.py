"""A function that changes a list, a dictionary or an object among its arguments changes the caller's, as it does when it is called plainly."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
import pytest

import gradwise as gw


@dataclass
class Parameters:
    w: float
    history: list = field(default_factory=list)


def appends(p):
    p.append(p[0] * 2)
    return p[0] * p[1]


def replaces(p):
    p[0] = p[0] ** 2
    return p[0] * p[1]


def swaps(p):
    p[0], p[1] = p[1], p[0]
    return p[0] ** 2 * p[1]


def pops(p):
    last = p.pop()
    return last**2 + p[0]


def sets_a_key(p):
    p["norm"] = p["a"] ** 2 + p["b"] ** 2
    del p["b"]
    return p["norm"]


def nested(p):
    p["layers"][0].append(p["scale"] * 3)
    p["layers"] += [[p["scale"]]]
    return p["scale"] * p["layers"][0][0]


def attribute(p):
    p.history.append(p.w)
    p.w = p.w * 2
    p.extra = 1
    return p.w**2


def namespace(p):
    p.b = p.a + 1
    return p.b**2


def array_inside(p):
    p["a"][0] = 5.0
    p["list"].reverse()
    return p["a"][1] * p["list"][0]


CASES = [
    (appends, [2.0, 3.0]),
    (replaces, [2.0, 3.0]),
    (swaps, [2.0, 3.0]),
    (pops, [2.0, 3.0]),
    (sets_a_key, {"a": 1.0, "b": 2.0}),
    (nested, {"scale": 2.0, "layers": [[1.0]]}),
    (attribute, Parameters(1.5, [0.5])),
    (namespace, SimpleNamespace(a=1.5)),
    (array_inside, {"a": np.array([1.0, 2.0]), "list": [3.0, 4.0]}),
]


@pytest.mark.parametrize(("function", "argument"), CASES, ids=lambda v: getattr(v, "__name__", ""))
def test_the_caller_sees_what_a_plain_call_leaves(function, argument):
    plain, traced = copy.deepcopy(argument), copy.deepcopy(argument)
    held = traced["layers"] if function is nested else None
    function(plain)
    gw.value_and_grad(function, method="exact")(traced)
    assert repr(traced) == repr(plain)
    if held is not None:  # the list itself changed, as += changes it
        assert held is traced["layers"]


def test_what_is_moved_stays_the_same_object():
    a, b = np.array([1.0]), np.array([2.0])

    def swap(p):
        p.reverse()
        return p[0][0] * p[1][0]

    p = [a, b]
    gw.grad(swap, method="exact")(p)
    assert p[0] is b
    assert p[1] is a


def test_what_is_not_changed_stays():
    p = {"w": [1.0, 2.0], "b": 3.0}
    w = p["w"]
    gw.grad(lambda p: p["w"][0] * p["b"], method="exact")(p)
    assert p == {"w": [1.0, 2.0], "b": 3.0}
    assert p["w"] is w
