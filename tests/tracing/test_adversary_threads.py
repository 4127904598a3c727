"""Eight threads differentiate functions with state and with SciPy's solvers inside, others run them: right everywhere, and nothing that anybody can see is replaced meanwhile."""

from __future__ import annotations

import builtins
import math
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import scipy
from scipy.integrate import odeint, quad
from scipy.optimize import brentq

import gradwise as gw

SCALE = 2.0
calls = 0


class Memory:
    """Keeps its last value."""

    def __init__(self):
        self.x = None
        self.value = 0.0

    def energy(self, x):
        if self.x is not None and np.array_equal(x, self.x):
            return self.value
        self.x, self.value = np.array(x), float(np.sum(np.sin(x)))
        return np.sum(np.sin(x))


class Problem:
    """Counts its calls and keeps a matrix, for all threads."""

    def __init__(self):
        self.count, self.last = 0, None

    def energy(self, x):
        self.count += 1
        stiffness = np.zeros((3, 3))
        for i in range(3):
            stiffness[i, i] = math.exp(0.1 * float(x[i]))
        self.last = stiffness.sum()
        return x @ stiffness @ x


class Vector(np.ndarray):
    def squared(self):
        return float((self * self).sum())


PROBLEM = Problem()


def memory(x):
    kept = Memory()
    return kept.energy(x) + kept.energy(2 * x)


def counter(x):
    global calls
    calls += 1
    return np.sum(x**3) * SCALE


def problem(x):
    return PROBLEM.energy(x)


def subclass(x):
    return x.view(Vector).squared()


def decay(x):
    return odeint(lambda y, t: -x[0] * y, [1.0], [0.0, 1.0])[-1, 0] * x[1]


def crossing(x):
    return brentq(lambda z: z**3 + x[0] * z - x[1], 0.0, 10.0) * x[2]


def area(x):
    return quad(lambda t: math.exp(-x[0] * t) * x[1], 0.0, 1.0)[0]


def loop(x):
    total = 0.0
    for v in x:
        total += math.sin(v) if v > 0 else v * v
    return total


FUNCTIONS = [memory, counter, problem, subclass, decay, crossing, area, loop]
if tuple(map(int, scipy.__version__.split(".")[:2])) < (1, 15):  # whose odeint crashes in several threads
    FUNCTIONS[4] = crossing
PLACES = [math, np, np.linalg, builtins, scipy.integrate, scipy.optimize, sys.modules[__name__], Memory, Problem, Vector]  # fmt: skip


def entries():
    return [{name: id(v) for name, v in list(vars(place).items()) if name not in ("calls", "_", "__warningregistry__")} for place in PLACES]  # fmt: skip


@pytest.fixture
def often():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def test_eight_threads(often):
    rng = np.random.default_rng(5)
    work = [(FUNCTIONS[k % len(FUNCTIONS)], rng.uniform(0.5, 2.0, 3)) for k in range(200)]
    expected = [(f(x), gw.grad(f)(x)) for f, x in work]
    gw.clear_caches()
    before, wrong, plain, stop = entries(), [], [0], threading.Event()

    def run():
        k = 0
        while not stop.is_set():
            f, x = work[k % 200]
            value = f(x)
            if type(value) not in (float, np.float64) or abs(value - expected[k % 200][0]) > 1e-12 * abs(value):
                wrong.append((f.__name__, value))
            k += 1
            plain[0] += 1

    def look():
        while not stop.is_set():
            if entries() != before:
                wrong.append("replaced")
                return
            stop.wait(0.002)

    def differentiate(k):
        f, x = work[k]
        found = gw.grad(f)(x) if k % 2 else gw.value_and_grad(f)(x)[1]
        if not np.allclose(found, expected[k][1], rtol=1e-7, atol=1e-10):
            wrong.append((f.__name__, found, expected[k][1]))

    others = [threading.Thread(target=target) for target in (run, run, look)]
    for thread in others:
        thread.start()
    try:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(differentiate, range(200)))
    finally:
        stop.set()
        for thread in others:
            thread.join()
    assert not wrong, wrong[:5]
    assert plain[0] > 0
    assert entries() == before
    assert isinstance(PROBLEM.count, int)
    assert type(PROBLEM.last) in (float, np.float64)
