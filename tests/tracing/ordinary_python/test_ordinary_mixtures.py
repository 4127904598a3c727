"""Lists beside arrays, objects that are taken for arrays, attributes of classes: where Python and NumPy decide between two sides."""

from __future__ import annotations

import collections
import dataclasses
import functools
import io
import json
import math
import operator

import numpy as np
import pytest
from ordinary import Cases, agrees

import gradwise as gw

cases = Cases()


@cases.at([0.4, 1.3])
def lists_beside_arrays(x):
    y = np.zeros(2)
    y += [x[0], x[1]]
    y *= (x[1], 2.0)
    total = (y**2).sum() + (np.ones((2, 2)) @ [x[0], x[1]]).sum() + ([x[0], 1] * x).sum() + ([x[1], 2.0] @ np.ones(2))
    total += (x ** [2, x[0]]).sum() + (x / (x[1], 1)).sum() + ((1, x[0]) - x).sum()
    total += (np.ones((2, 1)) * [[x[0], 2], [3, x[1]]]).sum() + (x + [[x[0]], [1.0]])[0, 1]  # noqa: RUF005
    return total + ([x[0]] * 2)[1] + ((x[0],) + (x[1],))[1] + len([x[0]] * 2) * x[1] + sum([x[0]] + [x[1]])  # noqa: RUF005


class Pair:
    def __init__(self, v):
        self.v = v

    def __array__(self, dtype=None, copy=None):
        return np.array([self.v, 2.0])

    def __radd__(self, other):
        return 100.0

    def __mul__(self, other):
        return math.exp(self.v) * other


class Prior(Pair):
    __array_priority__ = 100.0


@cases.at([0.4, 1.3])
def objects_taken_for_arrays(x):
    taken = np.sum(x[0] + Pair(x[1])) + np.sum(x + Pair(x[1])) + np.sum(np.ones(2) * Pair(x[1]))
    return taken + float(x[0]) * (float(x[0]) + Pair(x[1])) + x[1] * (x[0] + Prior(x[1])) + Pair(x[0]) * x[1]


class Watched:
    shared = 0.0

    @property
    def twice(self):
        return self.shared * 2


class Answering(Watched):
    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return 1.0


class Asking(Watched):
    def __getattribute__(self, name):
        return super().__getattribute__(name)


@cases.made_at([0.4, 1.3])
def attributes_of_classes_through_objects():
    objects = Watched(), Answering(), Asking()

    def f(x):
        Watched.shared = x[0]
        total = sum(o.shared * o.twice for o in objects) * x[1]
        Answering.shared = x[1]
        total += objects[1].shared * objects[1].other + objects[1].twice
        del Answering.shared
        Watched.later = x[1]
        total += sum(o.later for o in objects)
        del Watched.later
        return total

    return f


@cases.made_at([0.4, 1.3])
def attributes_of_classes_in_a_derivative_inside():
    o = Watched()

    def f(x):
        Watched.shared = x[0]
        return gw.grad(lambda y: y**2 * o.shared + y * o.twice, check=False)(x[1])

    return f


class Quaternion(tuple):
    __slots__ = ()

    def __new__(cls, *parts):
        return super().__new__(cls, parts)

    def __mul__(self, other):
        (a, b, c, d), (e, f, g, h) = self, other
        return Quaternion(
            a * e - b * f - c * g - d * h,
            a * f + b * e + c * h - d * g,
            a * g - b * h + c * e + d * f,
            a * h + b * g - c * f + d * e,
        )

    @property
    def norm(self):
        return math.sqrt(sum(v * v for v in self))


@cases.at([0.4, 1.3])
def quaternions(x):
    q = Quaternion(math.cos(x[0]), math.sin(x[0]), 0.0, 0.0) * Quaternion(x[1], 0.0, 1.0, 0.0)
    return q.norm * q[1] + q[2]


@dataclasses.dataclass(frozen=True, order=True)
class Measured:
    v: float
    unit: str = ""

    def __mul__(self, other):
        return Measured(self.v * other.v, self.unit + other.unit)

    def __add__(self, other):
        return dataclasses.replace(self, v=self.v + other.v)

    def __post_init__(self):
        object.__setattr__(self, "square", self.v**2)


@cases.at([0.4, 1.3])
def measures(x):
    a, b = Measured(x[0], "m"), Measured(x[1], "m")
    c = a * b + b * a
    return c.v * a.square * (2 if a < b else 3) + max(a, b).v + sorted([b, a])[0].v


class Variable:
    """The derivative by the user's own hand, inside ours."""

    def __init__(self, v, tape, parents=()):
        self.v, self.parents, self.bar = v, parents, 0.0
        self.tape = tape
        tape.append(self)

    def __mul__(self, other):
        return Variable(self.v * other.v, self.tape, ((self, other.v), (other, self.v)))

    def __add__(self, other):
        return Variable(self.v + other.v, self.tape, ((self, 1.0), (other, 1.0)))

    def exp(self):
        e = math.exp(self.v)
        return Variable(e, self.tape, ((self, e),))


@cases.at([0.4, 1.3])
def a_tape_of_the_users(x):
    tape = []
    a, b = Variable(x[0], tape), Variable(x[1], tape)
    c = (a * b + a).exp() * b
    c.bar = 1.0
    for v in reversed(tape):
        for parent, slope in v.parents:
            parent.bar += v.bar * slope
    return a.bar * b.bar + c.v


class Lazy:
    def __init__(self, f, *parts):
        self.f, self.parts, self.known = f, parts, None

    def __call__(self):
        if self.known is None:
            self.known = self.f(*[p() if isinstance(p, Lazy) else p for p in self.parts])
        return self.known

    def __add__(self, other):
        return Lazy(operator.add, self, other)

    def __mul__(self, other):
        return Lazy(operator.mul, self, other)


@cases.at([0.4, 1.3])
def lazy_values(x):
    a = Lazy(math.exp, x[0])
    b = Lazy(lambda u, v: u * v, a, x[1])
    c = a * b + b
    return c() + c() * x[0]


class Signals:
    def __init__(self):
        self.handlers = collections.defaultdict(list)

    def on(self, name):
        return lambda f: self.handlers[name].append(f) or f

    def emit(self, name, *values):
        return [f(*values) for f in self.handlers[name]]


@cases.at([0.4, 1.3])
def handlers(x):
    signals = Signals()

    @signals.on("t")
    def first(v):
        return math.exp(v)

    @signals.on("t")
    @functools.wraps(first)
    def second(v, k=x[1]):
        return v * k

    return sum(signals.emit("t", x[0])) + signals.emit("t", x[1])[1] if first else second


@cases.at([0.4, 1.3, 0.7])
def shuffled_arrays(x):
    g = np.random.default_rng(1)
    y, z = x * 1.0, np.outer(x, x)
    g.shuffle(y)
    g.shuffle(z)
    w = z.T.copy()
    g.shuffle(w, axis=1)
    g.shuffle(y[1:])
    np.random.shuffle(z)
    items = list(x)
    np.random.RandomState(3).shuffle(items)
    k = np.arange(9.0).reshape(3, 3)
    return y @ np.arange(3) + (z * k).sum() * (w * k).sum() + items[0] * 2 + items[1]


@pytest.mark.parametrize("case", cases, ids=repr)
def test_mixtures(case):
    agrees(case)


def saved(x, path):
    np.save(path, x)
    return np.load(path).sum() * x[0]


def written(x, path):
    np.savetxt(path, x)
    return np.loadtxt(path).sum() * x[0]


def lines(x, path):
    np.savetxt(path, x)
    return sum(map(float, path.read_text().split())) * x[0]


def dumped(x, path):
    with path.open("w") as file:
        json.dump({"a": float(x[0])}, file)
    with path.open() as file:
        return json.load(file)["a"] * x[1]


@pytest.mark.parametrize("f", [saved, written, lines, dumped])
def test_numbers_read_back_from_files_are_refused(f, tmp_path):
    with pytest.raises(gw.TracingError, match="does not depend on its arguments"):
        gw.grad(lambda x: f(x, tmp_path / "numbers.npy"), method="exact", check=False)(np.array([0.4, 1.3]))


def test_files_that_are_only_written():
    def f(x):
        np.save(io.BytesIO(), x)
        return x @ x

    np.testing.assert_array_equal(gw.grad(f, method="exact", check=False)(np.array([0.4, 1.3])), [0.8, 2.6])
