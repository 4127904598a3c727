"""Code that runs without being called by the function: generators and iterators that were there before, asynchronous functions, methods that NumPy calls."""

from __future__ import annotations

import asyncio
import functools
import itertools
import math
import operator

import numpy as np
import pytest
from ordinary import Cases, agrees

cases = Cases()


class Kept:
    def __init__(self, v=1.0):
        self.v = v

    def exp(self):
        return np.exp(self.v)

    def sum(self, axis=None, **options):
        return self.v * 2

    def mean(self, axis=None, **options):
        return self.v * 3


class Quiet:
    def __init__(self, v=1.0):
        self.v = v

    got = property(operator.attrgetter("v"))

    def times(self, k):
        return self.v * k

    half = functools.partialmethod(times, 0.5)


def doubled(o):
    while True:
        yield o.v * 2


def sum_of(o):
    total = 0.0
    while True:
        received = yield total * o.v
        total += 1.0 if received is None else received


@cases.made_at([0.4, 1.3])
def methods_that_numpy_calls():
    o = Kept()

    def f(x):
        o.v = x[0]
        return np.exp(o) * x[1] + np.sum(o) * np.mean(o) + np.exp(np.array([o, o], dtype=object)).sum()

    return f


@cases.made_at([0.4, 1.3])
def properties_without_python():
    o = Quiet()

    def f(x):
        o.v = x[0]
        return o.got * x[1] + o.half()

    return f


@cases.made_at([0.4, 1.3])
def generators_made_before():
    o = Quiet()
    g = doubled(o)
    next(g)

    def f(x):
        o.v = x[0]
        total = next(g) * x[1]
        for k, v in enumerate(g):
            total += v * k
            o.v = x[1] * k
            if k == 2:
                break
        total += sum(itertools.islice(g, 2)) * x[0] + g.__next__()
        return total + g.send(None)

    return f


@cases.made_at([0.4, 1.3])
def generators_that_are_sent_to():
    o = Quiet()

    def around(g):
        yield from g

    def f(x):
        o.v = x[0]
        g = sum_of(o)
        next(g)
        a = g.send(x[1])
        h = around(sum_of(o))
        next(h)
        return a * h.send(x[0]) + next(h)

    return f


@cases.made_at([0.4, 1.3])
def iterators_with_functions_made_before():
    o = Quiet()
    m = map(lambda k: o.v, itertools.count())  # noqa: C417  # as users write
    kept = filter(lambda v: o.v < 100.0, m)

    def f(x):
        o.v = x[0]
        total = next(m) * x[1]
        for v in m:
            total += v
            break
        return total + next(kept) * 2

    return f


STATE = Quiet()


async def state():
    return STATE.v * 2


async def later(v):
    await asyncio.sleep(0)
    return math.exp(v) * STATE.v


@cases.at([0.4, 1.3])
def asynchronous_functions(x):
    STATE.v = x[0]

    async def all_of_them():
        return sum(await asyncio.gather(*(later(v) for v in x)))

    return asyncio.run(all_of_them()) + asyncio.run(state()) * x[1]


class Stepping:
    def __init__(self):
        self.v = 1.0

    async def step(self, k):
        self.v = self.v * math.exp(k)
        await asyncio.sleep(0)
        return self.v

    async def __aenter__(self):
        return self.v

    async def __aexit__(self, *problem):
        self.v = 0.5

    async def values(self, n):
        for i in range(n):
            yield self.v * i


@cases.made_at([0.4, 1.3])
def asynchronous_objects():
    o = Stepping()

    async def run(x):
        o.v = x[0]
        total = await o.step(x[1])
        async with o as v:
            total += v
        o.v = x[1]
        async for w in o.values(3):
            total += w
        return total + sum([w async for w in o.values(2)])

    return lambda x: asyncio.run(run(x))


@pytest.mark.parametrize("case", cases, ids=repr)
def test_running(case):
    agrees(case)
