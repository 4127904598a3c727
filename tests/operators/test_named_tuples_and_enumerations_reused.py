"""Named tuples with methods and operators, enumerations with methods, attributes and numbers for members, dictionaries by members: proved, and seen when they change."""

from __future__ import annotations

import enum
import math
from typing import NamedTuple

import numpy as np
import pytest
from central_differences import differences

import gradwise as gw
from gradwise.operators.reuse.by_function import shortcuts_of

X = np.array([1.0, 2.0, 3.0])
SCALE = 1.0


class Vec(NamedTuple):
    x: float
    y: float
    z: float = 0.0

    def __add__(self, o):
        return Vec(self.x + o.x, self.y + o.y, self.z + o.z)

    def __sub__(self, o):
        return Vec(self.x - o.x, self.y - o.y, self.z - o.z)

    def __mul__(self, k):
        if isinstance(k, Vec):
            return self.dot(k)
        return Vec(self.x * k, self.y * k, self.z * k)

    __rmul__ = __mul__

    def __neg__(self):
        return Vec(-self.x, -self.y, -self.z)

    def __abs__(self):
        return math.sqrt(self.dot(self))

    def dot(self, o):
        return SCALE * (self.x * o.x + self.y * o.y + self.z * o.z)

    def cross(self, o):
        return Vec(self.y * o.z - self.z * o.y, self.z * o.x - self.x * o.z, self.x * o.y - self.y * o.x)

    @property
    def square(self):
        return self.dot(self)

    @classmethod
    def of(cls, values):
        return cls(*values)

    @staticmethod
    def zero():
        return Vec(0.0, 0.0, 0.0)


class Line(NamedTuple):
    slope: float
    at_zero: float = 1.0

    def at(self, t):
        return self.slope * t + self.at_zero

    @property
    def root(self):
        return -self.at_zero / self.slope


UP = Vec(0.0, 1.0, 0.5)
CORNERS = [Vec(0.3, 0.2, 0.1), Vec(0.5, 0.1, 0.2)]
LINES = [Line(1.0, 2.0), Line(2.0, 1.0)]


class Kind(enum.Enum):
    SQUARE = "square"
    CUBE = "cube"

    @property
    def weight(self):
        return 2.0 if self is Kind.SQUARE else 3.0

    @staticmethod
    def doubled(v):
        return v * 2

    @classmethod
    def parse(cls, text):
        return cls[text.upper()]

    def of(self, v):
        return v**2 if self == Kind.SQUARE else v**3


class Planet(enum.Enum):
    EARTH = (5.9, 6.3)
    MARS = (0.6, 3.4)

    def __init__(self, mass, radius):
        self.mass = mass
        self.radius = radius

    @property
    def gravity(self):
        return 6.67 * self.mass / self.radius**2


class Step(enum.Enum):
    ADD = enum.auto()
    MULTIPLY = enum.auto()

    def __call__(self, a, b):
        return a + b if self is Step.ADD else a * b


class Place(enum.IntEnum):
    FIRST = 0
    SECOND = 1


class Name(str, enum.Enum):  # noqa: UP042  # as people write it
    SINE = "sine"
    COSINE = "cosine"


WEIGHTS = {Kind.SQUARE: 2.0, Kind.CUBE: 3.0}
FUNCTIONS = {Kind.SQUARE: math.sin, Kind.CUBE: math.cos}
BY_NAME = {"+": lambda a, b: a + b, "*": lambda a, b: a * b}


class Model:
    def __init__(self, kind):
        self.kind = kind

    def __call__(self, x):
        if self.kind is Kind.SQUARE:
            return self.kind.of(x[0]) * self.kind.weight
        return self.kind.of(x[1])


def tokens(x):
    stack = []
    for word in "x0 x1 * x2 +".split():
        if word in BY_NAME:
            b, a = stack.pop(), stack.pop()
            stack.append(BY_NAME[word](a, b))
        else:
            stack.append(x[int(word[1:])])
    return stack[0]


def matched(x):
    def value(kind):
        match kind:
            case Kind.SQUARE:
                return x[0] ** 2
            case Kind.CUBE:
                return x[1] ** 2

    return value(Kind.parse("cube")) + value(Kind.SQUARE)


def many(x):
    points = [Vec(x[i], x[0], 1.0) for i in range(3)]
    total = points[0]
    for p in points[1:]:
        total = total + p
    return abs(total)


def unpacked(x):
    a, b, c = Vec(*x) + UP
    return a * b * c


FUNCTIONS_OF_X = {
    "sum and difference": lambda x: (Vec(x[0], x[1], x[2]) + UP).dot(Vec(x[1], x[2], x[0]) - UP * 2.0),
    "product of two": lambda x: Vec(x[0], x[1], x[2]) * Vec(x[2], x[1], x[0]),
    "reflected": lambda x: (2.0 * Vec(x[0], x[1])).x + (3 * Vec(x[1], x[2])).y,
    "sign and size": lambda x: abs(-Vec(x[0], x[1], x[2])) + abs(UP) * x[0],
    "cross": lambda x: Vec(x[0], x[1], x[2]).cross(UP).square,
    "class method": lambda x: Vec.of(x).square,
    "static method": lambda x: (Vec.zero() + Vec(x[0], x[1], x[2])).square,
    "of a list": lambda x: sum(abs(c * x[0]) for c in CORNERS),
    "a default": lambda x: Vec(x[0], x[1]).square + Line(x[0]).at(x[1]),
    "by keywords": lambda x: Vec(x=x[0], y=x[1], z=x[2])._replace(x=2.0).square,
    "that was there": lambda x: UP.dot(Vec(x[0], x[1], x[2])) + (UP * 2.0).y * x[0] + (-UP).y * x[1],
    "lines": lambda x: sum(line.at(x[0]) for line in LINES) + Line(x[0], x[1]).root + LINES[0].root * x[2],
    "many": many,
    "unpacked": unpacked,
    "member": lambda x: Kind.SQUARE.weight * x[0] + Kind.doubled(x[1]) + Kind.parse("cube").of(x[0]),
    "by value": lambda x: Kind("cube").of(x[0]) + Kind["SQUARE"].of(x[1]),
    "attributes of members": lambda x: Planet.EARTH.mass * x[0] + Planet.MARS.gravity * x[1],
    "all members": lambda x: sum(p.mass * x[0] for p in Planet) * len(Planet),
    "zip of members": lambda x: sum(k.weight * v for k, v in zip(Kind, x, strict=False)),
    "members called": lambda x: Step.ADD(x[0], x[1]) * Step.MULTIPLY(x[1], x[2]),
    "integers": lambda x: x[Place.FIRST] * x[Place.SECOND] + Place.SECOND * x[0],
    "texts": lambda x: x[0] * (2.0 if Name.SINE == "sine" else 3.0) + {"sine": 2.0, "cosine": 3.0}[Name.COSINE],
    "dictionary by members": lambda x: WEIGHTS[Kind.SQUARE] * x[0] + FUNCTIONS[Kind.CUBE](x[1]),
    "asked for": lambda x: WEIGHTS.get(Kind.CUBE, 0.0) * x[0] + BY_NAME.get("+")(x[0], x[1]),
    "gone over": lambda x: sum(w * k.of(x[0]) for k, w in WEIGHTS.items()) + sum(k.of(x[1]) for k in WEIGHTS.keys()),
    "made by members": lambda x: {Kind.SQUARE: x[0], Kind.CUBE: x[1]}[Kind.parse("cube")] * x[2],
    "tokens": tokens,
    "matched": matched,
    "model": Model(Kind.SQUARE).__call__,
}


@pytest.mark.parametrize("name", FUNCTIONS_OF_X)
def test_proved_and_right(name) -> None:
    f = FUNCTIONS_OF_X[name]
    derivative = gw.value_and_grad(f)
    for k in range(8):
        x = X + 0.1 * k
        value, gradient = derivative(x)
        assert value == pytest.approx(f(x), rel=1e-13)
        np.testing.assert_allclose(gradient, differences(f, x), rtol=1e-6, atol=1e-8)
    assert "not proved" not in str(gw.explain(f, X))
    assert shortcuts_of(f)["0"].served > 0


NAMED_TUPLES = """
from typing import NamedTuple
K = 2.0
class P(NamedTuple):
    x: float
    y: float = 1.0
    def __add__(self, o): return P(self.x + K * o.x, self.y + o.y)
    def size(self): return self.x * self.y + K
    @property
    def both(self): return self.x + self.y * K
    @staticmethod
    def made(v): return P(v, K)
    @classmethod
    def of(cls, v): return cls(v)
Q = P(3.0, 4.0)
f = lambda x: (P(x[0]) + P(x[1], x[2])).size() * P.made(x[0]).both + P.of(x[1]).size() + (Q + Q).both * x[2]
"""
ENUMERATIONS = """
import enum
K = 2.0
class E(enum.Enum):
    A = 1
    B = 2
    def __init__(self, n): self.mass = n * 1.5
    def of(self, v): return v ** 2 * K if self is E.A else v * self.mass
    @property
    def weight(self): return K + self.mass
    @staticmethod
    def twice(v): return v * K
    def __call__(self, v): return v * self.mass
class I(enum.IntEnum):
    A = 0
    B = 1
class S(str, enum.Enum):
    A = "a"
    B = "b"
W = {E.A: 2.0, E.B: 3.0}
F = {E.A: lambda v: v * K, E.B: lambda v: v + K}
kind = E.A
place = I.B
name = S.A
f = lambda x: (kind.of(x[0]) + E.B.weight * x[1] + E.twice(x[2]) + W[kind] * x[0] + F[E.B](x[1]) + sum(e.mass * x[0] for e in E)
    + E.A(x[1]) + x[place] * I.B + (x[0] if name == "a" else x[1]) + (x[2] if place is I.B else x[0]) + sum(w * x[1] for w in W.values()))
"""
CHANGES = {
    NAMED_TUPLES: (
        "K = 5.0",
        "P.size = lambda self: self.x * 7.0",
        "P.__add__ = lambda self, o: P(self.x * o.x, 3.0)",
        "P.both = property(lambda self: self.x - self.y)",
        "P.both = 4.0",
        "P.made = staticmethod(lambda v: P(v * 2.0, 1.0))",
        "P.of = classmethod(lambda cls, v: cls(v * 3.0, 2.0))",
        "P.__new__.__defaults__ = (6.0,)",
        "P.__new__.__defaults__ = (np.float64(6.0),)",
        "Q = P(1.0, 2.0)",
        "Q = P(1, 2)",
        "Q = P(np.float64(1.0), 2.5)",
        "P.y = 3.0",
        "P.__iter__ = lambda self: iter((1.0, 2.0))",
        "P.__radd__ = lambda self, o: P(9.0, 9.0)",
        "P.__getattribute__ = lambda self, n: 2.0 if n == 'x' else tuple.__getattribute__(self, n)",
        "P.size.__code__ = (lambda self: self.x).__code__",
        "P._replace = lambda self, **k: self",
        "old = P\nclass P(old):\n    def size(self): return 11.0 * self.x",
        "class P(NamedTuple):\n    x: float\n    y: float = 2.0\n    def __add__(self, o): return P(1.0, 2.0)\n    def size(self): return self.x\n    both = 3.0\n    made = staticmethod(lambda v: P(v, v))\n    of = made",
    ),
    ENUMERATIONS: (
        "K = 5.0",
        "E.A.mass = 9.0",
        "E.B.mass = np.float64(4.0)",
        "E.B.mass = 4",
        "E.of = lambda self, v: v * 11.0",
        "E.weight = property(lambda self: 7.0)",
        "E.twice = staticmethod(lambda v: v * 13.0)",
        "E.__call__ = lambda self, v: v * 0.5",
        "W[E.A] = 8.0",
        "W[E.A] = 8",
        "del W[E.B]",
        "W = {E.B: 3.0, E.A: 2.0}",
        "W['c'] = 2.0",
        "F[E.B] = lambda v: v * v",
        "kind = E.B",
        "place = I.A",
        "place = 1",
        "place = np.int64(1)",
        "name = S.B",
        "name = 'a'",
        "name = 'b'",
        "I.__radd__ = I.__rmul__ = I.__mul__ = lambda self, o: 3.0 * o",
        "S.__eq__ = lambda self, o: False",
        "E.A.of = lambda v: v * 100.0",
        "E.A.of = 3.0\nkind = E.B",
        "E.__eq__ = lambda self, o: True\nE.__hash__ = lambda self: 1",
        "E.__getattribute__ = lambda self, n: 2.0 if n == 'mass' else object.__getattribute__(self, n)",
        "class E(enum.Enum):\n    A = 1\n    B = 2\n    mass = 2.0\n    weight = 1.0\n    def of(self, v): return v\n    def twice(v): return v\n    def __call__(self, v): return v\nkind = E.B\nF = W = {E.A: 2.0, E.B: lambda v: v}\nW = {E.A: 1.0, E.B: 2.0}",
    ),
}


@pytest.mark.parametrize(
    ("program", "change"), [(program, change) for program, changes in CHANGES.items() for change in changes]
)
def test_changes_are_seen(program, change) -> None:
    names = {"np": np, "__name__": "changed"}
    exec(program, names)
    f = names["f"]
    derivative = gw.value_and_grad(f)
    for k in range(6):
        assert derivative(X + 0.1 * k)[0] == pytest.approx(f(X + 0.1 * k), rel=1e-13)
    assert shortcuts_of(f)["0"].served > 0
    exec(change, names)
    for k in range(5):
        x = X + 0.2 * k
        try:
            expected = f(x)
        except Exception as error:
            with pytest.raises(type(error)):
                derivative(x)
            continue
        value, gradient = derivative(x)
        assert value == pytest.approx(expected, rel=1e-13)
        np.testing.assert_allclose(gradient, differences(f, x), rtol=1e-6, atol=1e-8)


ANSWERING = """
import enum
class E(KIND):
    A = 1
    B = 2
    PROPERTIES
found = []
kind = E.A
def f(x):
    if CONDITION:
        found.append(2.0)
        return x[0] * sum(found)
    return x[0]
"""
PROPERTIES = """@property
    def value(self): return self._value_ * 3
    @property
    def name(self): return "Z"
"""


@pytest.mark.parametrize("condition", ["E.A.value == 3", "kind.value == 3", "E.A.name == 'Z'", "kind.name != 'A'"])
@pytest.mark.parametrize("kind", ["enum.Enum", "enum.IntEnum"])
@pytest.mark.parametrize("later", [False, True])
def test_members_with_a_value_or_a_name_of_the_users(kind, condition, later) -> None:
    """What is asked of them decides what is looked at."""
    text = ANSWERING.replace("KIND", kind).replace("CONDITION", condition)
    ours, theirs = {"__name__": "ours"}, {"__name__": "theirs"}
    for names in (ours, theirs):
        exec(text.replace("PROPERTIES", "pass" if later else PROPERTIES), names)
    derivative = gw.value_and_grad(ours["f"])
    for k in range(8):
        if later and k == 4:
            for names in (ours, theirs):
                names["E"].value = property(lambda self: self._value_ * 3)
                names["E"].name = property(lambda self: "Z")
        x = X + 0.1 * k
        value, gradient = derivative(x)
        assert value == pytest.approx(theirs["f"](x), rel=1e-13)
        np.testing.assert_allclose(gradient, [value / x[0], 0.0, 0.0], rtol=1e-13)
        assert ours["found"] == theirs["found"]
