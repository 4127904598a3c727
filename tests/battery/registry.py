"""The list that the modules of the battery fill."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass
class Case:
    """A function, its arguments, and what the check must know of it.

    ``order`` is 2 where the Hessian (of a scalar) is checked too, ``rtol`` what the difference quotients reach, ``scale`` their first step, ``kinks`` whether a
    KinkWarning is right here, ``value`` how far the traced value may lie from the plain
    one (a sum over another layout), ``modes`` how far reverse may lie from forward (all relative to the largest entry).
    """

    name: str
    function: Any
    args: tuple[Any, ...]
    order: int = 2
    rtol: float = 1e-7
    scale: float = 1e-2
    kinks: bool = False
    modes: float = 1e-12
    value: float = 4e-15
    slow: bool = False


@dataclass
class Escape:
    """A function in which a value leaves the trace, on the line that ends with ``# here``."""

    name: str
    function: Any
    args: tuple[Any, ...]


CASES: list[Case] = []
ESCAPES: list[Escape] = []


def case(*args: Any, **options: Any) -> Any:
    def add(function: Any) -> Any:
        module = getattr(function, "__module__", "battery").rpartition(".")[2]
        CASES.append(Case(f"{module}.{function.__name__}", function, args, **options))
        return function

    return add


def escape(*args: Any) -> Any:
    def add(function: Any) -> Any:
        ESCAPES.append(Escape(function.__name__, function, args))
        return function

    return add
