"""Generators that are sent numbers, in proved functions: as plain calls say, after changes of what they read, and with what they write to."""

from __future__ import annotations

import numpy as np
import pytest
from following import follows

import gradwise as gw
from gradwise.tracing.purity import inspect_function

RATE = 0.3
TABLE = np.array([1.0, 2.0, 0.5])


def means():
    total, count, out = 0.0, 0, None
    while True:
        value = yield out
        total = total + value * RATE
        count += 1
        out = total / count


def filtered(x):
    g = means()
    next(g)
    s = 0.0
    for v in x:
        s = s + g.send(v) ** 2
    return s


def local_and_branching(x):
    def steps(state):
        while True:
            u = yield state
            state = state * TABLE[0] + u if state < 3.0 else state - u * TABLE[2]

    g = steps(x[0])
    total = next(g)
    for u in x[1:]:
        total = total + g.send(u) * g.send(u**2)
    return total


def until_the_end(x):
    def three():
        first = yield 1.0
        second = yield first * 2
        yield first * second

    g, found = three(), []
    next(g)
    try:
        for v in x:
            found += [g.send(v)]
    except StopIteration:
        found.append(x[3])
    return sum(found)


@pytest.mark.parametrize("f", [filtered, local_and_branching], ids=lambda f: f.__name__)
def test_such_functions_are_served(f, monkeypatch):
    follows(
        f,
        lambda: monkeypatch.setitem(globals(), "RATE", 0.5),
        lambda: monkeypatch.setitem(globals(), "TABLE", 2.0 * TABLE),
        lambda: TABLE.__setitem__(0, 0.25),
        is_served=f is filtered,  # the other takes several ways
    )
    TABLE[0] = 1.0


def test_a_generator_that_ends():
    follows(until_the_end, is_served=False)


def test_a_generator_that_remembers_is_changed_by_each_call():
    def kept():
        total = 0.0
        while True:
            total += yield total

    g = kept()
    next(g)
    derivative, seen = gw.grad(lambda x: g.send(1.0) * x[0]), []
    for _ in range(5):
        seen += [derivative(np.ones(2))[0]]
    assert seen == sorted(seen)
    assert len(set(seen)) == 5  # at each call it has got more


@pytest.mark.parametrize("target", ["sent", "global"])
def test_what_a_generator_writes_to_is_seen(target):
    def f(x):
        def fills():
            while True:
                a = yield 0.0
                a = a if target == "sent" else TABLE
                a[0] = x[0]

        g = fills()
        next(g)
        g.send(TABLE)
        return x[1]

    assert inspect_function(f, (np.ones(2),), {}).writes is not None


CLOSED = np.zeros(2)


@pytest.mark.parametrize("way", ["next", "send"])
@pytest.mark.parametrize("handler", ["finally", "except"])
def test_generators_that_are_left_waiting_are_closed_as_by_a_plain_call(way, handler):
    def by_finally():
        try:
            while True:
                yield 2.0
        finally:
            CLOSED[0] += 1.0

    def by_except():
        while True:
            try:
                yield 2.0
            except GeneratorExit:
                CLOSED[0] += 1.0
                raise

    def f(x):
        g = by_finally() if handler == "finally" else by_except()
        value = next(g)
        value = value if way == "next" else g.send(x[0])
        return value * x[0] * x[1]

    CLOSED[:] = 0.0
    assert inspect_function(f, (np.ones(2),), {}).writes is not None
    derivative = gw.grad(f)
    for k in range(1, 7):
        np.testing.assert_allclose(derivative(np.array([1.0 * k, 3.0])), [6.0, 2.0 * k])
        assert CLOSED[0] == k
