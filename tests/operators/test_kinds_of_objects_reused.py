"""Named tuples, namespaces, enumerations, frozen dataclasses, heaps and outputs that the function makes, and distributions: programs stand for it, and nothing is stale."""

from __future__ import annotations

import collections
import enum
import heapq
import math
import sys
from dataclasses import dataclass
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest
from scipy import stats

import gradwise as gw
from gradwise.operators.reuse import families
from gradwise.tracing.purity import inspect_function

POINT = np.array([0.6, 1.1, 0.9])
Pair = collections.namedtuple("Pair", "a b")


class State(NamedTuple):
    x: float
    v: float


class Phase(enum.Enum):
    SOLID = 1
    LIQUID = 2.5


@dataclass(frozen=True)
class Market:
    spot: float
    vol: float = 0.2

    @property
    def drift(self):
        return -0.5 * self.vol**2


@dataclass
class Circle:
    r: float


@dataclass
class Rect:
    w: float
    h: float


@pytest.fixture(autouse=True)
def fresh():
    gw.clear_caches()
    yield
    gw.clear_caches()


def pairs(p):
    q = Pair(p[0], b=p[1])
    s = State(q.a, q[1])
    for _ in range(3):
        s = s._replace(x=s.x + 0.1 * s.v, v=s.v - 0.1 * s.x)
    x, v = s
    return x * v * p[2] + s._asdict()["v"]


def namespaces(p):
    settings = SimpleNamespace(k=p[0], c=p[1])
    settings.c = settings.c * 2.0
    return settings.k**2 * settings.c + p[2]


def phases(p):
    capacity = {Phase.SOLID: 2.1, Phase.LIQUID: 4.2}
    phase = Phase.SOLID if p[0] < 0.5 else Phase.LIQUID
    return capacity[phase] * p[0] ** 2 * phase.value + p[1] * Phase.SOLID.value * p[2]


def frozen(p):
    m = Market(p[0], vol=p[1])
    return m.spot * math.exp(m.drift) * p[2]


def matches(p):
    total = 0.0
    for shape in (Circle(p[0]), Rect(p[1], p[2])):
        match shape:
            case Circle(r=r):
                total += math.pi * r**2
            case Rect(w, h) if w > 0.0:
                total += w * h
    for value in ({"side": p[1]}, p[2]):
        match value:
            case {"side": s}:
                total += s**2
            case _:
                total += value
    return total


def heaps(p):
    heap = [(p[0], 0)]
    heapq.heappush(heap, (p[1], 1))
    heapq.heappush(heap, (p[2], 2))
    out = 1.0
    while heap:
        value, k = heapq.heappop(heap)
        out = out * 0.5 + value**2 * (k + 1)
    return out


def outputs(p):
    kept = np.empty(3)
    np.multiply(p, 2.0, out=kept)
    np.exp(kept, out=kept)
    return (
        np.sum(kept) * np.r_[p, 1.0].sum() + np.piecewise(p, [p < 0.8, p >= 0.8], [lambda v: -v, lambda v: v**2]).sum()
    )


def windows(p):
    rows = np.lib.stride_tricks.sliding_window_view(np.concatenate([p, p * p]), 3)
    return np.sum(rows.mean(axis=1) ** 2) + np.polynomial.polynomial.polyval(0.3, p)


def likelihood(p):
    return np.sum(stats.norm.logpdf(p, loc=p[1], scale=2.0)) + stats.norm.cdf(p[0]) * stats.t.logpdf(p[2], 4.0)


phi = stats.norm.cdf
density = stats.norm.pdf


def names_of_methods(p):
    return np.sum(phi(p) * density(2.0 * p)) + phi(p[1], p[2], 2.0)


def without_checks(p):
    return np.sum(np.log(stats.norm._cdf(p))) + stats.norm._logpdf(p[0]) * stats.norm._ppf(p[1] / 4)


def negative_log_likelihood(p):
    data = np.array([0.4, 0.9, 1.5])
    return stats.norm.nnlf((p[0], p[1]), data) + stats.gamma.nnlf((p[1], 0.1 * p[0], p[2]), data)


def facts(p):
    r = math.sqrt(p[0] ** 2 + p[1] ** 2) if (3, 8) <= sys.version_info < (3, 10) else math.hypot(p[0], p[1])
    if sys.version_info.major < 3 or sys.version_info[0] < 3:
        r = 0.0
    return r * max(p[2], sys.float_info.min) + math.log(p[1] + sys.float_info.epsilon)


ALL = [
    *(pairs, namespaces, phases, frozen, matches, heaps, outputs, windows),
    *(likelihood, names_of_methods, without_checks, negative_log_likelihood, facts),
]


def by_differences(f, x):
    found = []
    for e in np.eye(x.size):
        fine, coarse = [
            (8 * (f(x + s * e) - f(x - s * e)) - (f(x + 2 * s * e) - f(x - 2 * s * e))) / (12 * s) for s in (1e-3, 2e-3)
        ]
        found.append((fine, abs(fine - coarse)))
    return np.array(found).T


@pytest.mark.parametrize("f", ALL, ids=lambda f: f.__name__)
def test_programs_stand_for_functions_with_such_objects(f):
    g = gw.grad(f)
    for k in range(5):
        x = POINT + 0.01 * k
        true, error = by_differences(f, x)
        np.testing.assert_allclose(g(x), true, rtol=0, atol=float(error.max()) + 1e-9)
    assert sum(family.served for family, _ in families._families.values()) == 3


@pytest.mark.parametrize("f", ALL, ids=lambda f: f.__name__)
def test_other_paths_are_other_programs(f):
    g, plain = gw.grad(f), gw.grad(f, pure=False)
    rng = np.random.default_rng(7)
    for _ in range(12):
        x = rng.uniform(0.1, 2.0, 3)
        np.testing.assert_allclose(g(x), plain(x), rtol=1e-11, atol=1e-13)


CHANGES = [
    (pairs, Pair, "a", property(lambda self: 5.0)),
    (pairs, State, "_replace", lambda self, **named: self),
    (pairs, State, "__add__", lambda self, other: self),
    (phases, Phase.SOLID, "_value_", 7),
    (frozen, Market, "__setattr__", lambda self, name, value: None),
    (frozen, Market, "drift", property(lambda self: self.vol)),
    (frozen, Market, "spot", property(lambda self: 3.0, lambda self, v: None)),
    (matches, Rect, "__match_args__", ("h", "w")),
    (matches, Circle, "r", property(lambda self: 2.0, lambda self, v: None)),
    (likelihood, stats.norm, "logpdf", lambda x, loc, scale: x * scale),
    (names_of_methods, sys.modules[__name__], "phi", stats.logistic.cdf),
    (names_of_methods, sys.modules[__name__], "density", stats.norm.logpdf),
    (without_checks, stats.norm, "_cdf", lambda x: x**2),
    (negative_log_likelihood, stats.gamma, "nnlf", lambda theta, x: theta[1] ** 2),
    (facts, sys, "version_info", collections.namedtuple("Version", "major minor")(2, 7)),
]


@pytest.mark.parametrize(("f", "owner", "name", "value"), CHANGES, ids=lambda v: str(getattr(v, "__name__", v))[:20])
def test_what_changes_is_seen(f, owner, name, value, monkeypatch):
    g, plain = gw.grad(f), gw.grad(f, pure=False)
    for _ in range(4):
        g(POINT)
    with monkeypatch.context() as patch:
        if isinstance(owner, enum.Enum):
            patch.setitem(vars(owner), name, value)
        else:
            patch.setattr(owner, name, value, raising=False)
        for _ in range(4):
            np.testing.assert_allclose(g(POINT), plain(POINT), rtol=1e-12)
    np.testing.assert_allclose(g(POINT), plain(POINT), rtol=1e-12)


def writes_to_the_argument(p):
    np.exp(p, out=p)
    return np.sum(p)


def writes_to_an_entry(p):
    heap = [p]
    heapq.heappush(heap, p)
    heap[0] += 1.0
    return np.sum(p)


@pytest.mark.parametrize("f", [writes_to_the_argument, writes_to_an_entry])
def test_writes_to_arguments_are_seen(f):
    assert not inspect_function(f, (POINT.copy(),), {}).may_stand


def test_distributions_that_decide_without_a_guard_are_not_proved():
    assert not inspect_function(lambda p: np.sum(stats.triang.logpdf(p, 0.4)), (POINT,), {}).may_stand
