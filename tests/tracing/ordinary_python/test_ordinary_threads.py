"""Several threads trace the same object, others run it meanwhile: each sees what it would see alone."""

from __future__ import annotations

import math
import sys
import threading
import time
import types

import numpy as np
import pytest

import gradwise as gw
from gradwise.tracing.traced import isinstance_traced


class Layer:
    def __init__(self, w):
        self.w = w
        self.last = 0.0

    def out(self, h):
        self.last = math.tanh(self.w * h)
        return self.last


class Network:
    """Has a state that each call writes."""

    bias = 0.5

    def __init__(self):
        self.layers = [Layer(0.3), Layer(0.7)]
        self.scale = 1.0
        self.work = np.zeros(3)
        self.extra = types.SimpleNamespace(v=0.0)

    @property
    def doubled(self):
        return self.scale * 2

    def __call__(self, x):
        self.scale = x[0] * 2.0
        self.work = x * 3.0
        self.extra.v = float(x[1])
        h = x[1]
        for layer in self.layers:
            h = layer.out(h)
        return h * self.scale + self.work.sum() * self.bias + self.extra.v * self.doubled


class Plain:
    """Has no state beside its parameters."""

    def __init__(self):
        self.a, self.b = 1.5, 2.5

    def part(self, v):
        return self.a * math.sin(v)

    def __call__(self, x):
        return sum(self.part(float(v)) for v in x) * math.exp(x[0] * self.b)


def quickly():
    class Interval:
        def __enter__(self):
            self.old = sys.getswitchinterval()
            sys.setswitchinterval(1e-5)

        def __exit__(self, *_):
            sys.setswitchinterval(self.old)

    return Interval()


def together(*jobs):
    problems = []

    def guarded(job):
        try:
            job()
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=guarded, args=(job,)) for job in jobs]
    with quickly():
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    if problems:
        raise problems[0]


def look(network):
    """The types of what a thread sees in an object, and in the objects in it."""
    seen = [
        network.scale,
        network.work,
        network.extra.v,
        network.bias,
        *[v for l in network.layers for v in (l.w, l.last)],
    ]
    return [type(v) for v in seen if isinstance_traced(v)]


def test_others_never_see_a_traced_attribute():
    network, x = Network(), np.array([0.3, 0.9, -0.4])
    expected = gw.grad(network, method="exact", check=False)(x)
    ended, looks = threading.Event(), [0]
    deadline = time.monotonic() + 60

    def trace():
        turns = 0
        try:
            # on a busy machine the first turns may all be over before another thread looks
            while turns < 40 or (looks[0] <= 100 and time.monotonic() < deadline):
                turns += 1
                np.testing.assert_allclose(gw.grad(network, method="exact", check=False)(x), expected, rtol=1e-12)
        finally:
            ended.set()

    def watch():
        while not ended.is_set():
            assert look(network) == []
            looks[0] += 1

    together(trace, watch, watch)
    assert looks[0] > 100


def test_several_threads_trace_one_object():
    model = Plain()
    points = [np.array([0.1 * k, 0.5, -0.2 * k]) for k in range(1, 5)]
    expected = [gw.grad(model, method="exact", check=False)(p) for p in points]

    def trace(k):
        for _ in range(20):
            np.testing.assert_allclose(gw.grad(model, method="exact", check=False)(points[k]), expected[k], rtol=1e-13)

    together(*[lambda k=k: trace(k) for k in range(4)])


def test_plain_calls_meanwhile():
    model, x = Plain(), np.array([0.3, 0.9, -0.4])
    value, expected = model(x), gw.grad(model, method="exact", check=False)(x)
    ended = threading.Event()

    def trace():
        try:
            for _ in range(40):
                np.testing.assert_allclose(gw.grad(model, method="exact", check=False)(x), expected, rtol=1e-13)
        finally:
            ended.set()

    def run():
        while not ended.is_set():
            result = model(x)
            assert type(result) is type(value)
            assert result == value

    together(trace, run, run)


def test_names_and_functions_are_the_same_during_a_run():
    entries = [
        (m, n) for m in (math, np, np.linalg) for n in ("exp", "sin", "zeros", "norm", "float64") if hasattr(m, n)
    ]
    before = [getattr(m, n) for m, n in entries] + [Plain.part, Plain.__call__, float, isinstance]
    model, x, ended = Plain(), np.array([0.3, 0.9, -0.4]), threading.Event()

    def trace():
        try:
            for _ in range(30):
                gw.grad(model, method="exact", check=False)(x)
        finally:
            ended.set()

    def watch():
        while not ended.is_set():
            now = [getattr(m, n) for m, n in entries] + [Plain.part, Plain.__call__, float, isinstance]
            assert all(a is b for a, b in zip(before, now, strict=True))

    together(trace, watch)


def test_a_run_that_starts_threads():
    def f(x):
        results = {}

        def work(name, v):
            results[name] = float(np.sin(v))

        threads = [threading.Thread(target=work, args=(i, float(i))) for i in range(3)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        return sum(results.values()) * x[0] ** 2

    x = np.array([0.3])
    total = sum(np.sin(float(i)) for i in range(3))
    np.testing.assert_allclose(gw.grad(f, method="exact", check=False)(x), [2 * 0.3 * total])


def test_a_traced_value_that_crosses_threads_is_right_or_refused():
    from concurrent.futures import ThreadPoolExecutor

    def part(v):
        return math.exp(v) * v

    def f(x):
        with ThreadPoolExecutor(2) as pool:
            return sum(pool.map(part, x))

    x = np.array([0.3, 0.7])
    try:
        g = gw.grad(f, method="exact", check=False)(x)
    except gw.TracingError:
        return
    np.testing.assert_allclose(g, np.exp(x) * (1 + x))


@pytest.mark.parametrize("kind", [threading.RLock, threading.Lock])
def test_locks_inside_objects(kind):
    class Guarded:
        def __init__(self):
            self.lock = kind()
            self.total = 0.0

        def __call__(self, x):
            with self.lock:
                self.total = x[0] ** 2
                return self.total * x[1]

    guarded = Guarded()
    np.testing.assert_allclose(gw.grad(guarded, method="exact", check=False)(np.array([0.3, 0.7])), [0.42, 0.09])
    assert not guarded.lock.locked() if kind is threading.Lock else True
    assert type(guarded.total) is np.float64
