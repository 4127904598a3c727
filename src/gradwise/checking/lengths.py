"""Lengths that a forgotten or doubled 1/n may have: those of x, of what f and its callees read, and of intermediate values."""

from __future__ import annotations

import contextlib
import functools
import inspect
import types
from typing import Any

import numpy as np

from gradwise.checking.problem import Problem
from gradwise.containers import flatten
from gradwise.program import Program

MOST_FUNCTIONS = 40
"""How many functions are looked through."""


def lengths_of(problem: Problem, program: Program | None) -> dict[int, str]:
    """Lengths that a forgotten 1/n may have: axes and sizes of x, of the arrays that f reads, and of its intermediate values."""
    found: dict[int, str] = {}

    def note(shape: tuple[int, ...], what: str) -> None:
        for axis, length in enumerate(shape):
            found.setdefault(int(length), f"axis {axis} of {what}")
        if len(shape) > 1:
            found.setdefault(int(np.prod(shape)), f"the size of {what}")

    for path, shape in zip(problem.target.paths, problem.target.point.shapes, strict=True):
        note(shape, f"x{path}")
    for place, value in enumerate(problem.target.args):
        if place not in problem.target.places:
            for leaf in flatten(value)[0]:
                note(np.shape(leaf), f"argument {place}")
    for name, value in read_by(problem.target.f):
        for leaf in flatten(value)[0] if isinstance(value, list | tuple | dict | np.ndarray) else []:
            if isinstance(leaf, np.ndarray):
                note(leaf.shape, name)
            if isinstance(value, list | tuple):
                found.setdefault(len(value), f"the length of {name}")
    if program is not None and len(program) < 5000:
        for variable in program.captured:
            note(program.types[variable].shape, "an array that f reads")
        for equation in program.equations:
            for variable in equation.output_tuple:
                note(program.types[variable].shape, f"an intermediate value ({equation.primitive.name})")
    note((problem.target.size,), "x as a vector")
    return {length: what for length, what in found.items() if length > 1}


def read_by(f: Any) -> list[tuple[str, Any]]:
    """Names and values that a function reads from its closure, its module and its object, and so for the functions that it names.

    Examples
    --------
    >>> def scaled(data):
    ...     return lambda x: x * len(data)
    >>> inner = scaled([1, 2, 3])
    >>> read_by(lambda x: inner(x))[-1]
    ('data', [1, 2, 3])
    """
    found: list[tuple[str, Any]] = []
    seen: set[int] = set()
    waiting = [f]
    while waiting and len(seen) < MOST_FUNCTIONS:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        read = _named_by(one)
        found += read
        kinds = types.FunctionType | types.MethodType | functools.partial
        waiting += [value for _, value in read if isinstance(value, kinds)]
    return found


def _named_by(f: Any) -> list[tuple[str, Any]]:
    """Names and values that one callable reads."""
    if isinstance(f, functools.partial):
        return [("the function", f.func), *[("an argument", value) for value in f.args], *f.keywords.items()]
    if isinstance(f, types.MethodType):
        return [("the method", f.__func__), *getattr(f.__self__, "__dict__", {}).items()]
    code = getattr(f, "__code__", None)
    if code is None:
        call = getattr(type(f), "__call__", None)  # noqa: B004  (the function is wanted, not whether there is one)
        return [("the method", call), *getattr(f, "__dict__", {}).items()]
    found: list[tuple[str, Any]] = []
    with contextlib.suppress(TypeError, ValueError):
        found = list(inspect.getclosurevars(f).nonlocals.items())
    names = getattr(f, "__globals__", {})
    return found + [(name, names[name]) for name in code.co_names if name in names]
