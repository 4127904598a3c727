"""Code without source: all cases of the other files once more with the hooks between the instructions of their code, and classes made by ``exec``."""

from __future__ import annotations

import asyncio
import builtins
import dataclasses
import dis
import glob
import importlib
import json
import linecache
import math
import os
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from ordinary import Cases, agrees

from gradwise.tracing.instrument import source
from gradwise.tracing.instrument.assembly import assemble, parse
from gradwise.tracing.instrument.compiling import clear_twins

FILES = sorted(p.stem for p in Path(__file__).parent.glob("test_ordinary_*.py") if p.stem != Path(__file__).stem)
OTHERS = [case for name in FILES for case in getattr(importlib.import_module(name), "cases", [])]


@pytest.fixture
def sourceless(monkeypatch):
    monkeypatch.setattr(source, "definitions", lambda code, names=None: iter(()))
    clear_twins()
    yield
    clear_twins()


@pytest.mark.parametrize("case", OTHERS, ids=repr)
def test_the_others(case, sourceless):
    agrees(case)


# --- assembling -----------------------------------------------------------------------------------------------------------------------


def codes(code):
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from codes(constant)


@pytest.mark.parametrize(
    "module", [dataclasses, json.decoder, glob, asyncio.tasks, linecache, os], ids=lambda m: m.__name__
)
def test_taken_apart_and_put_together(module):
    text = Path(module.__file__).read_text(encoding="utf-8")
    for code in codes(compile(text, module.__file__, "exec")):
        made = assemble(code, *parse(code))
        assert made.co_code == code.co_code
        assert list(made.co_positions()) == list(code.co_positions())
        assert dis._parse_exception_table(made) == dis._parse_exception_table(code)


# --- classes made by exec -------------------------------------------------------------------------------------------------------------

cases = Cases()

MODEL = """
class Model:
    scale = 2.0
    def __init__(self, a):
        self.a = a
        self.t = math.exp(float(a))
    def value(self, x):
        return self.scale * float(x) * self.t + self.helper(x)
    def helper(self, x):
        return math.sin(x) * self._p
    @property
    def _p(self):
        return math.cos(self.a)
    @staticmethod
    def s(v):
        return math.exp(v)
    @classmethod
    def c(cls, v):
        return cls.scale * math.sqrt(v)
class Sub(Model):
    def value(self, x):
        return super().value(x) ** 2 + self.s(x) + self.c(x)
def run(x):
    return Model(x[0]).value(x[1])
"""
SPACE = {"math": math, "np": np}
exec(MODEL, SPACE)


@cases.at([0.4, 1.3])
def a_class(x):
    return SPACE["Sub"](x[0]).value(x[1]) + SPACE["run"](x)


@cases.at([0.4, 1.3])
def a_class_made_in_the_function(x):
    space = {"math": math}
    exec(MODEL, space)
    m = space["Sub"](x[0])
    return m.value(x[1]) * m.a


@cases.made_at([0.4, 1.3])
def an_object_kept():
    m = SPACE["Model"](0.3)

    def f(x):
        m.a = x[0]
        return m.value(x[1])

    return f


class Elements:
    pass


for _i in range(5):
    _space = {"math": math, "np": np}
    exec(
        f"def e{_i}(self, x, i):\n    t = np.zeros((2, 1))\n    t[0] = math.sin(x[i])\n    t[1] = float(x[i]) ** {_i}\n    self.last = t\n    return t",
        _space,
    )
    setattr(Elements, f"e{_i}", _space[f"e{_i}"])


@cases.made_at([0.4, 1.3])
def elements_by_name():
    e = Elements()

    def f(x):
        total = 0.0
        for i in range(5):
            t = eval("e." + f"e{i}" + "(x, i % 2)", {"e": e, "x": x, "i": i})
            total += (t.T @ e.last).item() * (i + 1)
        return total

    return f


POINT = """
@dataclass
class Point:
    a: float
    b: float = 1.0
    def __post_init__(self):
        self.c = math.exp(self.a)
    def v(self):
        return math.sin(self.b) * self.c
    def __add__(self, other):
        return Point(self.a + other.a, math.exp(self.b * other.b))
    def __getitem__(self, i):
        return math.exp((self.a, self.b)[i])
    def __iter__(self):
        yield math.exp(self.a)
        yield self.b
    def __call__(self, y, *more, k=1.0):
        return math.exp(y * self.a) * k + sum(more)
    def __lt__(self, other):
        return math.exp(self.a) < math.exp(other.a)
    def __float__(self):
        return math.exp(self.a)
    def __enter__(self):
        return math.exp(self.a)
    def __exit__(self, *problem):
        return False
    def __getattr__(self, name):
        if name == "z":
            return math.exp(self.a)
        raise AttributeError(name)
    def __contains__(self, v):
        return math.exp(v) < math.exp(self.b)

def all_of_it(x):
    p = Point(x[0], x[1])
    a, *rest = p
    with p as e, Point(x[1]) as g:
        e *= g
    first, second = sorted([Point(x[1]), p])
    total = (p + second).v() + p[0] * p[1] + a * sum(rest) + p(x[1], *rest, k=x[0]) + float(p) + e + p.z
    total -= first.v() if x[0] in p and not x[1] < x[0] < 2.0 else 0.0
    for k, v in enumerate(p):
        total += [u * w for u in p for w in (v, k) if w > 0][0]
    match p:
        case Point(a=1.0):
            return total
        case Point(a=v, b=w) if v < w:
            total += math.exp(v) * w
    try:
        total += float("a")
    except ValueError as error:
        total += len(error.args) * x[0]
    finally:
        total *= 2
    class Inside(Point):
        extra = math.exp(x[0])
        def v(self):
            return super().v() * self.extra
    def outer():
        count = 0.0
        def add(v):
            nonlocal count
            count += math.exp(v)
            return count
        return add
    add = outer()
    add(x[0])
    global LAST
    LAST = add(x[1])
    return total + Inside(x[1], x[0]).v() + LAST - (-x[0]) ** 2 + max(map(lambda v: math.exp(-v), x)) + f(**{"a": x[0]})

def f(a, /, **kw):
    return 0.0
def f(**kw):
    return sum(math.exp(v) for v in kw.values())
"""
POINTS = types.ModuleType("points_without_source")
vars(POINTS).update(math=math, dataclass=dataclasses.dataclass)


@pytest.fixture(autouse=True)
def module():
    sys.modules[POINTS.__name__] = POINTS  # dataclasses look it up
    if not hasattr(POINTS, "Point"):
        exec(POINT, vars(POINTS))
    yield
    sys.modules.pop(POINTS.__name__, None)


@cases.at([0.4, 1.3])
def everything(x):
    return POINTS.all_of_it(x)


@pytest.mark.parametrize("case", cases, ids=repr)
def test_without_source(case):
    agrees(case)


def test_builtins_are_as_before():
    before = dict(vars(builtins))
    agrees(cases[0])
    assert vars(builtins) == before
