"""Counts and registers that are kept by code which Python's library or compiled code calls: one call of a derivative counts as one call of the function does."""

import copy
import json
import pickle
from collections import namedtuple

import numpy as np
import pytest

import gradwise as gw


class Node:
    made = 0
    names: list = []

    def __init__(self, v):
        self.v = v
        Node.made += 1
        Node.names.append("node")

    def __reduce__(self):
        return (Node, (self.v,))

    def __hash__(self):
        Node.made += 1
        return 3

    def __eq__(self, other):
        return self is other


class Pair(namedtuple("Pair", "a b")):
    __slots__ = ()

    def __new__(cls, a, b=1.0):
        Node.made += 1
        return super().__new__(cls, a, b)


class Registered:
    def __init_subclass__(cls):
        Node.made += 1
        Node.names.append(cls.__name__)


def counted(d):
    Node.made += 1
    return d


def of_deep_copies(x):
    return copy.deepcopy(ROOT).v * x[0]


def of_copies(x):
    return copy.copy(ROOT).v * x[0]


def of_pickles(x):
    return pickle.loads(pickle.dumps(ROOT)).v * x[0]


def of_keys(x):
    return {ROOT: x[0]}[ROOT] * 2.0


def of_sets(x):
    return len({ROOT}) * 2.0 * x[0]


def of_named_tuples(x):
    return Pair(*x).a * 2.0


def of_hooks(x):
    return json.loads('{"a": 2.0}', object_hook=counted)["a"] * x[0]


def of_classes(x):
    return 2.0 * x[0] if type("Made", (Registered,), {}) else x[1]


class Tree:
    """Its class alone leads to that of its nodes."""

    def __init__(self):
        self.root = ROOT

    def __call__(self, x):
        return copy.deepcopy(self.root).v * x[0]


ROOT = Node(2.0)


@pytest.mark.parametrize(
    "f", [of_deep_copies, of_copies, of_pickles, of_keys, of_sets, of_named_tuples, of_hooks, of_classes, Tree()]
)
def test_a_derivative_counts_as_a_call_does(f):
    points = [np.array([0.7, 1.2]) + 0.1 * k for k in range(4)]
    counts = []
    for call in (f, gw.grad(f), gw.grad(f, pure=False)):
        Node.made = 0
        Node.names.clear()
        found = [call(p) for p in points]
        counts.append((Node.made, list(Node.names)))
        if call is not f:
            assert [list(g) for g in found] == [[2.0, 0.0]] * 4
    assert counts[0][0] >= 4
    assert counts[1] == counts[2] == counts[0]
