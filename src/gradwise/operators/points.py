"""Points: functions written f(v) of a vector and f(x, y, …) of numbers, told apart by what they require."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.containers.signatures import signature_of
from gradwise.errors import InputError
from gradwise.operators.arguments import function_label
from gradwise.operators.results import plain_value
from gradwise.tracing import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable


class Point:
    """The arguments of a function at a point, and which of them move."""

    __slots__ = ("argnums", "args")

    def __init__(self, args: tuple[Any, ...], argnums: Any) -> None:
        self.args = args
        self.argnums = argnums


def split_point(f: Callable[..., Any], argnums: Any, args: tuple[Any, ...]) -> tuple[Point, Any]:
    """``(x, v)``, ``((x, y), v)`` or ``(x, y, …, v)`` as a point and a vector.

    A point given as one tuple or array stands for several scalar arguments where the function takes more than one.
    """
    *point, vector = args
    if len(point) == 1:
        spread = spread_point(f, point[0])
        if spread is not None:
            return Point(spread, tuple(range(len(spread))) if argnums == 0 else argnums), vector
    several = len(point) > 1 and isinstance(vector, tuple) and argnums == 0
    return Point(tuple(point), tuple(range(len(point))) if several and len(vector) == len(point) else argnums), vector


def spread_point(f: Callable[..., Any], point: Any) -> tuple[Any, ...] | None:
    """A point as separate arguments, for a function written f(x, y, …) that needs as many as the point has entries; else None."""
    count = required_parameters(f)
    if count is None or count < 2:
        return None
    if isinstance_traced(point) or isinstance(point, (tuple, list, np.ndarray)):
        if not isinstance(point, (tuple, list)) and np.ndim(plain_value(point)) == 0:
            return None
        if len(point) == count:
            return tuple(point[i] for i in range(count))
        raise InputError(
            f"the point has {len(point)} entries and {function_label(f)} takes {count} arguments. One entry for each argument is required"
        )
    return None


def required_parameters(f: Callable[..., Any]) -> int | None:
    """How many positional arguments the function cannot do without, None if unknown."""
    signature = _signature(f)
    if signature is None:
        return None
    return sum(
        1
        for p in signature.parameters.values()
        if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.default is p.empty
    )


def _signature(f: Callable[..., Any]) -> Any:
    try:
        return signature_of(f)
    except (TypeError, ValueError):
        return None
