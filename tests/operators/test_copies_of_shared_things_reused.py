"""Deep copies of objects that hold one thing under two names, and of others that hold two: a write to the copy is seen under both names, or under one."""

import copy

import numpy as np
import pytest

import gradwise as gw


class Part:
    def __init__(self, v=1.0):
        self.v = v
        self.w = np.ones(3)


class Pair:
    def __init__(self):
        self.a, self.b = Part(), Part()


class Ring:
    def __init__(self):
        self.k = 2.0
        self.next = self


def objects(pair):
    def f(x):
        c = copy.deepcopy(pair)
        c.a.v = x
        return c.b.v * c.a.v

    return f, lambda x, one: 2 * x if one else 1.0


def rings():
    ring = Ring()

    def f(x):
        c = copy.deepcopy(ring)
        c.next.k = x
        return c.k * ring.k

    return ring, f


def entries(parts):
    def f(x):
        c = copy.deepcopy(parts)
        c[0].v = x
        return c[1].v * c[0].v

    return f, lambda x, one: 2 * x if one else 1.0


ORDERS = [[0, 0, 0, 0, 1, 0, 1, 1, 0], [1, 1, 1, 1, 0, 1, 0, 0, 1], [0, 1, 0, 1, 0, 1, 0, 1, 0]]


@pytest.mark.parametrize("order", ORDERS)
def test_objects_of_an_object(order):
    pair = Pair()
    f, slope = objects(pair)
    derivative = gw.grad(f)
    for k, one in enumerate(order):
        pair.b = pair.a if one else Part()
        pair.a.v = 1.0
        assert derivative(0.5 + k) == pytest.approx(slope(0.5 + k, one), rel=1e-12)


@pytest.mark.filterwarnings("ignore::gradwise.NumericalFallbackWarning")  # the first run does not know the array
@pytest.mark.parametrize("order", ORDERS)
def test_arrays_of_objects(order):
    pair = Pair()

    def f(x):
        c = copy.deepcopy(pair)
        c.a.w += x
        return np.sum(c.b.w * c.a.w)

    derivative = gw.grad(f)
    for k, one in enumerate(order):
        x = np.array([0.5, 1.0, 2.0]) + k
        pair.b.w = pair.a.w if one else np.ones(3)
        np.testing.assert_allclose(derivative(x), 2 * (1 + x) if one else np.ones(3), rtol=1e-8)


@pytest.mark.parametrize("order", ORDERS)
def test_an_object_that_holds_itself(order):
    ring, f = rings()
    derivative = gw.value_and_grad(f)
    for k, one in enumerate(order):
        ring.next, ring.k = ring if one else Ring(), 3.0
        x = 0.5 + k
        assert derivative(x) == pytest.approx((3 * x, 3.0) if one else (9.0, 0.0), rel=1e-12)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("kind", ["known", "made"])
def test_entries_of_a_list(order, kind):
    parts = [Part(), Part()]
    if kind == "known":
        f, slope = entries(parts)
    else:

        def f(x):
            c, d = copy.deepcopy([parts[0], parts[1]])
            c.v = x
            return c.v * d.v

        def slope(x, one):
            return 2 * x if one else 1.0

    derivative = gw.grad(f)
    for k, one in enumerate(order):
        parts[1] = parts[0] if one else Part()
        assert derivative(0.5 + k) == pytest.approx(slope(0.5 + k, one), rel=1e-12)
