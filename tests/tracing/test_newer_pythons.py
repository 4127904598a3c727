"""What Python 3.12 to 3.14 brought: programs that use it are differentiated like others."""

from __future__ import annotations

import functools
import importlib.util
import itertools
import math
import operator
import sys
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import gradwise as gw

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

X = np.array([0.3, 1.2, -0.7])


def agrees(f: Callable[..., Any], x: Any = X) -> None:
    """Value and gradient at three points, in both modes."""
    for options in ({}, {"pure": False}):
        pulled = gw.value_and_grad(f, method="exact", **options)
        for point in (x, x, x * 1.1):
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                value, gradient = pulled(point)
            assert value == pytest.approx(f(point), rel=1e-14)
            if np.ndim(x):
                expected = [(f(point + e) - f(point - e)) / 2e-6 for e in np.eye(x.size) * 1e-6]
            else:
                expected = (f(point + 1e-6) - f(point - 1e-6)) / 2e-6
            np.testing.assert_allclose(gradient, expected, rtol=1e-7, atol=1e-8)


def loaded(text: str, directory: Path, name: str) -> Any:
    """A module with this source."""
    path = directory / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        spec.loader.exec_module(module)
    return module


# --- names of the standard library ----------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.version_info < (3, 12), reason="since Python 3.12")
def test_names_of_python_3_12() -> None:
    agrees(lambda x: math.sumprod(x, x[::-1]))
    agrees(lambda x: sum(math.prod(pair) for pair in itertools.batched([*x, x[0]], 2)))
    agrees(lambda x: math.nextafter(x, 2.0, steps=3) * x, 1.3)


@pytest.mark.skipif(sys.version_info < (3, 13), reason="since Python 3.13")
def test_names_of_python_3_13(tmp_path: Path) -> None:
    agrees(lambda x: math.fma(x, x, x + 2.0), 1.3)
    module = loaded(REPLACED, tmp_path, "replaced_copies")
    agrees(module.energy)


REPLACED = """
import copy
import dataclasses


@dataclasses.dataclass
class State:
    x: object
    mass: float = 1.0


def energy(x):
    return (lambda s: s.mass * (s.x @ s.x))(copy.replace(State(x), mass=x[1]))
"""


@pytest.mark.skipif(sys.version_info < (3, 14), reason="since Python 3.14")
def test_names_of_python_3_14() -> None:
    agrees(lambda x: functools.reduce(lambda a, b: 2 * a + b, x, initial=1.0))
    agrees(lambda x: functools.reduce(operator.mul, list(x), initial=x[0]))
    agrees(lambda x: functools.partial(pow, functools.Placeholder, 3)(x), 1.3)
    agrees(lambda x: functools.partial(lambda a, b, c: a * b - c, functools.Placeholder, 2.0, x)(x * x), 1.3)
    agrees(lambda x: np.sum(np.array(list(map(operator.mul, x, x[::-1], strict=True)))))
    agrees(lambda x: x if operator.is_none(None) else 0 * x, 1.3)
    with pytest.raises(ValueError, match="shorter"):
        gw.grad(lambda x: sum(map(operator.mul, x, x[:2], strict=True)), method="exact")(X)


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="Python 3.14 takes it")
def test_an_older_reduce_takes_no_name_for_its_first_value() -> None:
    with pytest.raises((TypeError, gw.TracingError), match="keyword"):
        gw.grad(lambda x: functools.reduce(operator.add, x, initial=1.0), method="exact")(X)


# --- syntax ------------------------------------------------------------------------------------------------------------------------

TYPE_PARAMETERS = """
import typing

type Vector[T] = list[T]


class Box[T]:
    def __init__(self, v: T) -> None:
        self.v = v

    def map[U](self, f: typing.Callable[[T], U]) -> "Box[U]":
        return Box(f(self.v))


def square[T: (float, int)](v: T) -> T:
    return v * v


def boxed(x):
    def inner[S](v: S) -> S:
        return v * 3.0

    return inner(Box(x).map(square).map(lambda v: v + x).v.sum())


def quotes(x):
    return x[0] * len(f"{'a' + "b"} {f"{x[1]:.3f}"!r:>{10}}")


def comprehensions(x):
    k = 2.0
    return [[k * a * b for a in x] for b in x][1][2] + {i: v * i for i, v in enumerate(x)}[2] + sum(y * z for v in x if (y := v * v) for z in [y, 1])
"""


@pytest.mark.skipif(sys.version_info < (3, 12), reason="since Python 3.12")
@pytest.mark.parametrize("name", ["boxed", "quotes", "comprehensions"])
def test_syntax_of_python_3_12(name: str, tmp_path: Path) -> None:
    agrees(getattr(loaded(TYPE_PARAMETERS, tmp_path, "type_parameters"), name))


LATE_ANNOTATIONS = """
import dataclasses
import functools
import typing

import numpy as np

if typing.TYPE_CHECKING:
    from nowhere import Array, Callable


def plain(x: Array, *, k: Array = 2.0) -> Array:
    return np.sum(x**2) * k


def doubled(f: Callable) -> Callable:
    @functools.wraps(f)
    def g(*a: Array, **k: Array) -> Array:
        return f(*a, **k) * 2

    return g


decorated = doubled(plain)


@dataclasses.dataclass
class State:
    pos: Array
    mass: Undefined = 1.0
    log: list[Undefined] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> Gone:
        self.log.append(self.pos)

    def energy(self) -> Array:
        return self.mass * np.sum(self.pos**2) + self.log[0][0]


def states(x):
    s = State(x)
    return s.energy() + dataclasses.replace(s, mass=x[1]).energy() + dataclasses.asdict(s)["pos"][2]


def inside(x):
    @dataclasses.dataclass
    class Pair:
        a: Array
        b: Later = 3.0

        def area(self) -> Later:
            return self.a * self.b

    class Slotted:
        __slots__ = ("v",)
        v: Undefined

        def __init__(self, v: Undefined) -> None:
            self.v = v

    return Pair(x[0]).area() + Pair(x[1], Slotted(x[2]).v).area()


class Named(typing.NamedTuple):
    a: Array
    b: Undefined = 3.0


def named(x):
    return np.sum(Named(x).a * Named(x, 2.0).b + Named(x)._replace(b=x).b)


class Model:
    w: Array

    def __init__(self, w: Array) -> None:
        self.w = w

    def __call__(self, x: Array) -> Array:
        return self.w @ x

    @classmethod
    def make(cls, x: Array) -> Model:
        return cls(x * 2)


def models(x: Array) -> Array:
    return Model.make(x)(x * x)


def handlers(x):
    total = 0.0
    for v in x:
        try:
            if v > 1:
                raise KeyError(v)
            total += v * v
        except ZeroDivisionError, KeyError:
            total += 3 * v
    return total


def leaving(x):
    for v in x:
        try:
            y = v * v
        finally:
            break
    return y


def templates(x):
    t = t"{np.sum(x)} and {x[0]!r} {x[1] * 2:.2f}"
    total = 0.0
    for item in t:
        total = total + (len(item) if isinstance(item, str) else item.value * (1 + len(item.expression)))
    return total + t.values[0] * t.interpolations[1].value
"""
NAMES = ["plain", "decorated", "states", "inside", "named", "models", "handlers", "leaving", "templates"]


@pytest.mark.skipif(sys.version_info < (3, 14), reason="since Python 3.14")
@pytest.mark.parametrize("name", NAMES)
def test_syntax_of_python_3_14(name: str, tmp_path: Path) -> None:
    agrees(getattr(loaded(LATE_ANNOTATIONS, tmp_path, "late_annotations"), name))


@pytest.mark.skipif(sys.version_info < (3, 14), reason="since Python 3.14")
def test_annotations_that_name_nothing_are_never_evaluated(tmp_path: Path) -> None:
    f = loaded(LATE_ANNOTATIONS, tmp_path, "late_annotations").plain
    np.testing.assert_allclose(gw.grad(f, "x", method="exact")(X), 4 * X)
    np.testing.assert_allclose(gw.grad(f, "k", method="exact")(X, k=3.0), X @ X)
    assert gw.check_grad(f, X)
    assert gw.minimize(f, X).success
