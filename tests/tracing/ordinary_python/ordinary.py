"""What every case of ordinary Python is held to.

A case is a function as its author wrote it, and a point.  Its exact derivative must be that of extrapolated central differences of the plain function, its value the plain one's, and
everything that can be reached from it (instances, classes, globals, closures, containers, defaults) must be as after a plain run: no traced value, the same types, the same numbers.

The derivative is asked for with ``check=False``: verification would refuse a lost derivative, which must not be lost in the first place.
"""

from __future__ import annotations

import builtins
import cmath
import functools
import itertools
import math
import operator
import random
import sys
import types
import warnings
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np

import gradwise as gw
from gradwise.tracing.traced import isinstance_traced

HERE = str(Path(__file__).parent)
#: modules that nobody may touch
FOREIGN = (np, np.linalg, np.random, math, cmath, builtins, operator, functools, itertools, random)


class Case:
    """A function, made anew for each run if ``make`` is given, and the point at which it is differentiated."""

    def __init__(self, name: str, point: Any, make: Any, rtol: float) -> None:
        self.name = name
        self.point = point
        self.make = make
        self.rtol = rtol

    def __repr__(self) -> str:
        return self.name


class Cases(list):
    """The cases of one file."""

    def at(self, *point: Any, rtol: float = 1e-7) -> Any:
        """The decorated function is a case; it comes back as it is."""

        def register(function: Any) -> Any:
            self.append(Case(function.__name__, point, lambda: function, rtol))
            return function

        return register

    def made_at(self, *point: Any, rtol: float = 1e-7) -> Any:
        """The decorated function makes the case's function, with a state of its own."""

        def register(make: Any) -> Any:
            self.append(Case(make.__name__, point, make, rtol))
            return make

        return register


# --- derivatives --------------------------------------------------------------------------------------------------------------------


def fresh(point: Any) -> Any:
    """A copy of the point: lists of numbers are arrays."""
    if isinstance(point, dict):
        return {k: fresh(v) for k, v in point.items()}
    if isinstance(point, tuple):
        return tuple(fresh(v) for v in point)
    return np.array(point, dtype=float) if isinstance(point, (list, np.ndarray)) else point


def numbers(point: Any) -> list[tuple[Any, ...]]:
    """The paths of all numbers in a point."""
    if isinstance(point, dict):
        return [(k, *p) for k, v in point.items() for p in numbers(v)]
    if isinstance(point, tuple):
        return [(i, *p) for i, v in enumerate(point) for p in numbers(v)]
    if isinstance(point, np.ndarray):
        return [(place,) for place in np.ndindex(point.shape)]
    return [()]


def entry(point: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        point = point[key]
    return point


def moved(point: Any, path: tuple[Any, ...], step: float) -> Any:
    if not path:
        return point + step
    point = fresh(point)
    if isinstance(point, tuple):
        return (*point[: path[0]], moved(point[path[0]], path[1:], step), *point[path[0] + 1 :])
    point[path[0]] = moved(point[path[0]], path[1:], step)
    return point


def seeded(function: Any, arguments: Any) -> Any:
    """The function's value, with the global generators where they always are."""
    np.random.seed(7)
    random.seed(7)
    return function(*arguments)


def differences(case: Case) -> list[Any]:
    """The derivative of the plain function with respect to each number of the first argument, by extrapolated differences."""
    first, *others = [fresh(p) for p in case.point]

    def value(path: tuple[Any, ...], step: float) -> Any:
        return np.array(seeded(case.make(), [moved(first, path, step), *fresh(tuple(others))]), dtype=float)

    columns = []
    for path in numbers(first):
        h = 2e-3 * max(1.0, abs(entry(first, path)))
        estimates = [(value(path, s) - value(path, -s)) / (2 * s) for s in (h, h / 2, h / 4, h / 8)]
        for order in (4, 16, 64):
            estimates = [(order * b - a) / (order - 1) for a, b in itertools.pairwise(estimates)]
        columns.append(estimates[0])
    return columns


# --- what is left behind ------------------------------------------------------------------------------------------------------------


def picture(root: Any) -> list[tuple[str, Any, Any]]:
    """(path, type, number) of everything that can be reached from an object of the user's."""
    found: list[tuple[str, Any, Any]] = []
    stack, seen = [("", root)], {}
    while stack:
        path, value = stack.pop()
        assert not isinstance_traced(value), f"{path} holds a traced value"
        kind = type(value)
        if value is None or isinstance(value, (bool, int, float, complex, str, bytes, np.generic)):
            found.append((path, kind, value))
            continue
        if id(value) in seen:
            continue
        seen[id(value)] = value
        # a class that each making of the case defines is another one each time
        found.append((path, f"{kind.__module__}.{kind.__qualname__}", None))
        stack.extend((f"{path}{step}", part) for step, part in reversed(parts(value)))
    return found


def users(module: str | None) -> bool:
    """Whether a module is neither a library's nor part of Python."""
    name = module or ""
    file = getattr(sys.modules.get(name), "__file__", None) or ""
    foreign = ("-packages" in file) or ("lib/python" in file) or ("/src/gradwise/" in file)
    return not foreign and name.partition(".")[0] not in sys.stdlib_module_names - {"__main__"}


def parts(value: Any) -> list[tuple[str, Any]]:
    """What a value consists of."""
    if isinstance(value, types.FunctionType):
        return parts_of_function(value)
    if isinstance(value, types.MethodType):
        return [(".__self__", value.__self__), (".__func__", value.__func__)]
    if isinstance(value, functools.partial):
        return [(".func", value.func), (".args", value.args), (".keywords", value.keywords)]
    if isinstance(value, (property, classmethod, staticmethod)):
        inner = [getattr(value, n, None) for n in ("fget", "fset", "__func__")]
        return [(f".f{i}", f) for i, f in enumerate(inner) if f is not None]
    if isinstance(value, types.ModuleType):
        return (
            list(vars(value).items())
            if users(value.__name__) and HERE not in str(getattr(value, "__file__", ""))
            else []
        )
    if isinstance(value, type):
        entries = [] if not users(value.__module__) else list(vars(value).items())
        return [(f".{n}", v) for n, v in entries if n not in ("__dict__", "__weakref__", "__doc__")]
    found: list[tuple[str, Any]] = []
    if isinstance(value, np.ndarray):
        found = [(f"[{i}]", v) for i, v in enumerate(value.ravel().tolist())]
        found.append((".shape", str((value.shape, value.dtype, value.flags.writeable))))
    elif isinstance(value, dict):
        found = [(f"[{k!r}]", v) for k, v in dict.items(value)] + [(f".key{i}", k) for i, k in enumerate(dict(value))]
    elif isinstance(value, (list, tuple, deque)):
        found = [(f"[{i}]", v) for i, v in enumerate(type(value).__iter__(value))]
    elif isinstance(value, (set, frozenset)):
        found = [(f"{{{i}}}", v) for i, v in enumerate(sorted(value, key=repr))]
    if users(type(value).__module__):
        found.append((".__class__", type(value)))
        found += [(f".{n}", v) for n, v in getattr(value, "__dict__", {}).items()]
        slots = [
            s
            for c in type(value).__mro__
            for s in ([c.__slots__] if isinstance(vars(c).get("__slots__"), str) else vars(c).get("__slots__", ()))
        ]
        found += [(f".{n}", object.__getattribute__(value, n)) for n in slots if n in dir(value) and holds(value, n)]
    return found


def holds(value: Any, name: str) -> bool:
    try:
        object.__getattribute__(value, name)
    except AttributeError:
        return False
    return True


def parts_of_function(function: Any) -> list[tuple[str, Any]]:
    if not users(function.__module__):
        return []
    found: list[tuple[str, Any]] = [
        (".__dict__", dict(function.__dict__)),
        (".__kwdefaults__", function.__kwdefaults__),
    ]
    found += [(f".default{i}", v) for i, v in enumerate(function.__defaults__ or ())]
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            found.append((f".<{name}>", cell.cell_contents))
        except ValueError:
            continue
    codes, names = [function.__code__], []
    while codes:
        code = codes.pop()
        names += [n for n in code.co_names if n in function.__globals__ and n not in names]
        codes += [c for c in code.co_consts if isinstance(c, types.CodeType)]
    return found + [(f".<{name}>", function.__globals__[name]) for name in names]


def same(before: list[tuple[str, Any, Any]], after: list[tuple[str, Any, Any]], rtol: float = 1e-10) -> None:
    """Two pictures show the same: paths, types, numbers up to rounding."""
    differing = [(b, a) for b, a in zip(before, after, strict=False) if b[:2] != a[:2]]
    assert not differing, differing[0]
    extra = {b[0] for b in before} ^ {a[0] for a in after}
    assert not extra, extra
    for (path, _, b), (_, _, a) in zip(before, after, strict=True):
        if isinstance(b, (float, complex, np.inexact)):
            assert b == a or (np.isnan(b) and np.isnan(a)) or abs(a - b) <= rtol * max(1.0, abs(b)), (path, b, a)
        else:
            assert b == a, (path, b, a)


def definitions(function: Any) -> dict[tuple[str, str], Any]:
    """The entries of foreign modules, and the functions, classes and modules of the module in which a function was defined."""
    found = {(m.__name__, n): v for m in FOREIGN for n, v in vars(m).items()}
    namespace = getattr(function, "__globals__", None) or getattr(
        getattr(function, "__func__", None), "__globals__", {}
    )
    for name, value in namespace.items():
        if isinstance(value, (type, types.FunctionType, types.ModuleType, types.BuiltinFunctionType, np.ufunc)):
            found["globals", name] = value
            if isinstance(value, type) and users(value.__module__):
                members = {
                    n: v
                    for n, v in vars(value).items()
                    if isinstance(v, (types.FunctionType, property, classmethod, staticmethod))
                }
                found |= {(name, n): v for n, v in members.items()}
    return found


def unchanged(before: dict[Any, Any], after: dict[Any, Any]) -> None:
    assert before.keys() <= after.keys()
    assert [k for k in before if before[k] is not after[k]] == []


# --- the whole ----------------------------------------------------------------------------------------------------------------------


def agrees(case: Case) -> None:
    """The exact derivative and value of a case are right, and nothing is left behind."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plainly = case.make()
        expected = seeded(plainly, fresh(tuple(case.point)))
        columns = differences(case)
        seeded(plainly, fresh(tuple(case.point)))
        twice = picture(plainly)  # two runs at the point, whatever else ran in between
        watched = case.make()
        before = definitions(watched)
        arguments = fresh(tuple(case.point))
        operator_of = gw.grad if np.ndim(expected) == 0 else gw.jacobian
        derivative = seeded(operator_of(watched, method="exact", check=False), arguments)
        value, _ = seeded(functools.partial(gw.linearize, watched, method="exact", check=False), arguments)
        same(twice, picture(watched))
        same(picture(fresh(tuple(case.point))), picture(arguments))
        unchanged(before, definitions(watched))
    assert np.shape(value) == np.shape(expected)
    np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-12 * np.abs(expected).max(initial=1.0))
    first = fresh(case.point[0])
    scale = max([1.0, *(np.abs(c).max(initial=0.0) for c in columns)])
    assert max((np.abs(c).max(initial=0.0) for c in columns), default=0.0) > 0.0
    for path, column in zip(numbers(first), columns, strict=True):
        exact = slice_of(derivative, path, np.ndim(expected))
        np.testing.assert_allclose(exact, column, rtol=0, atol=case.rtol * scale, err_msg=f"{case.name} {path}")


def slice_of(derivative: Any, path: tuple[Any, ...], outputs: int) -> Any:
    for key in path:
        derivative = (
            derivative[(slice(None),) * outputs + key] if isinstance(derivative, np.ndarray) else derivative[key]
        )
    return derivative
