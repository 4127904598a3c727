"""``match`` over classes that takes objects apart, identities of members of enumerations, and classes of protocols, in proved functions; after changes too."""

from __future__ import annotations

import enum
import typing
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
from following import follows


@dataclass
class Num:
    v: float


@dataclass
class Var:
    i: int


@dataclass
class Add:
    left: object
    right: object


@dataclass
class Mul:
    left: object
    right: object


@dataclass
class Call:
    name: str
    of: object


def value(e, x):
    match e:
        case Num(v):
            return v
        case Var(i):
            return x[i]
        case Add(Num(a), Num(b)):
            return a + b
        case Add(left, right):
            return value(left, x) + value(right, x)
        case Mul(Num(v=0.0), _):
            return 0.0
        case Mul(left=a, right=b):
            return value(a, x) * value(b, x)
        case Call("sin", of):
            return np.sin(value(of, x))
        case Call(name, of) if name in ("exp", "cos"):
            return getattr(np, name)(value(of, x))
        case _:
            raise TypeError(e)


def simpler(e):
    match e:
        case Add(Num(0.0), right):
            return simpler(right)
        case Mul(Num(1.0), right):
            return simpler(right)
        case Add(left, right):
            return Add(simpler(left), simpler(right))
        case Mul(left, right):
            return Mul(simpler(left), simpler(right))
    return e


def _tree():
    exponent = Mul(Num(0.1), Var(2))
    return Add(
        Mul(Var(0), Call("sin", Var(1))), Add(Num(0.0), Mul(Num(1.0), Mul(Var(2), Mul(Call("exp", exponent), Var(3)))))
    )


def test_a_tree_of_expressions() -> None:
    kept = SimpleNamespace(tree=_tree())

    def f(x):
        return value(kept.tree, x)

    follows(
        f,
        lambda: setattr(kept.tree.left, "left", Var(3)),
        lambda: setattr(kept.tree.left.right, "name", "cos"),
        lambda: setattr(kept.tree.right.right.left, "v", 0.0),
        lambda: setattr(kept.tree.right.right.left, "v", -2.0),
        lambda: setattr(kept.tree, "right", Num(3.0)),
        lambda: setattr(kept, "tree", Add(Num(1.0), Var(0))),
        lambda: setattr(Mul, "__match_args__", ("right", "left")),
        lambda: setattr(Mul, "__match_args__", ("left", "right")),
    )


def test_one_that_is_made_simpler() -> None:
    kept = SimpleNamespace(tree=_tree())

    def f(x):
        return value(simpler(kept.tree), x)

    follows(
        f,
        lambda: setattr(kept.tree.right.left, "v", 0.5),
        lambda: setattr(kept.tree.right.right.left, "v", 2.0),
        lambda: setattr(kept, "tree", Var(1)),
    )


def test_another_class_that_is_matched() -> None:
    @dataclass
    class Circle:
        r: float

    @dataclass
    class Box:
        w: float
        h: float

    def area(s):
        match s:
            case Circle(r=r):
                return np.pi * r**2
            case Box(w, h):
                return w * h
            case SimpleNamespace(a=a):
                return a**3
        return 1.0

    shapes = [Circle(2.0), Box(1.0, 3.0)]

    def f(x):
        made = [Circle(x[0]), Box(x[1], x[2]), Box(x[3], 2.0)]
        return sum(area(s) * k for s, k in zip(made, (1.0, 2.0, 3.0), strict=True)) * sum(area(s) for s in shapes)

    follows(
        f,
        lambda: shapes.__setitem__(0, Box(5.0, 1.0)),
        lambda: setattr(shapes[1], "__class__", Circle) or setattr(shapes[1], "r", 4.0),
        lambda: setattr(Box, "__match_args__", ("h", "w")),
        lambda: setattr(Circle, "r", property(lambda self: 7.0, lambda self, v: None)),
    )


class Phase(enum.Enum):
    IDLE = "idle"
    RUN = "run"
    STOP = "stop"


def test_which_member_it_is() -> None:
    class Machine:
        after = {Phase.IDLE: Phase.RUN, Phase.RUN: Phase.STOP, Phase.STOP: Phase.IDLE}
        first = Phase.IDLE

        def __init__(self):
            self.phase, self.level = self.first, 0.0

        def tick(self, x):
            if self.phase is Phase.IDLE:
                self.level = self.level + x[0]
            elif self.phase is not Phase.STOP:
                self.level = self.level * x[1]
            else:
                self.level = self.level - x[2] ** 2
            self.phase = Machine.after[self.phase]

    def f(x):
        machine = Machine()
        for _ in range(7):
            machine.tick(x)
        return machine.level**2 * x[3]

    follows(
        f,
        lambda: setattr(Machine, "first", Phase.STOP),
        lambda: Machine.after.update({Phase.RUN: Phase.RUN}),
        lambda: Machine.after.update({Phase.IDLE: Phase.STOP}),
    )


def test_a_member_that_the_data_decide() -> None:
    def kind(v):
        return Phase.RUN if v > 1.0 else Phase.STOP if v > 0.75 else None

    def f(x):
        total = 0.0
        for v in x:
            phase = kind(v)
            total = total + (v**2 if phase is Phase.RUN else v if phase is None else v**3)
        return total

    follows(f, is_served=False)


class Element(typing.Protocol):
    def matrix(self): ...


class Sized(typing.Protocol):
    size: float


def test_classes_of_protocols() -> None:
    class Lens(Element):
        def __init__(self, f):
            self.f = f

        def matrix(self):
            return np.array([[1.0, 0.0], [-1.0 / self.f, 1.0]])

    class Space(Element, Sized):
        size = 2.0

        def matrix(self):
            return np.array([[1.0, self.size], [0.0, 1.0]])

    elements = [Lens(0.5), Space(), Lens(2.0)]

    def f(x):
        ray = x[:2]
        for element in elements:
            ray = element.matrix() @ ray
        return ray @ x[2:]

    follows(
        f,
        lambda: setattr(elements[0], "f", 3.0),
        lambda: setattr(elements[1], "size", -1.0),
        lambda: setattr(Lens, "matrix", lambda self: np.eye(2) * self.f),
        lambda: setattr(Space, "size", 4.0),
    )
