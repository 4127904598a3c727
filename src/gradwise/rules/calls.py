"""Calls: an operation whose inside the program does not show, with a derivative of its own.

A *callee* is any object with the interface of ``Callee``; a user's custom rule is one.  The rules of ``call`` only ask the callee for its pushforward, its transpose
and its batched form, which are callees again, so that calls are closed under all transforms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from gradwise.program import ArrayType, Primitive
from gradwise.rules.shapes import zeros_p

if TYPE_CHECKING:
    from collections.abc import Sequence


class Callee(Protocol):
    """What ``call`` needs to know.

    Attributes
    ----------
    results : tuple of ArrayType
        The types of the values.
    linear : tuple of bool
        In which operands (the last ones) it is linear.
    """

    results: tuple[ArrayType, ...]
    linear: tuple[bool, ...]

    def __call__(self, *operands: Any) -> tuple[Any, ...]: ...

    def pushforward(self, active: tuple[bool, ...]) -> Callee:
        """(operands, tangents of the active ones) → tangents of the values; linear in the tangents."""

    def transposed(self, types: tuple[ArrayType, ...]) -> Callee:
        """(operands that are not linear, cotangents of the values) → cotangents of the linear operands, of the given types."""

    def batched(self, flags: tuple[bool, ...], size: int) -> Callee:
        """The same for operands of which the flagged ones have a leading batch axis."""


def _value(*rest: Any) -> tuple[Any, ...]:
    *operands, callee = rest
    return callee(*operands)


def _result(*rest: Any) -> tuple[ArrayType, ...]:
    return rest[-1].results


def _calling(name: str) -> Primitive:
    """A primitive whose value and derivative are its callee's."""

    def jvp(primals: Any, tangents: Any, outputs: Any, callee: Any) -> Any:
        active = tuple(t is not None for t in tangents)
        pushed = callee.pushforward(active)
        return made(*primals, *(t for t in tangents if t is not None), params=(pushed,))

    def transpose(ct: Any, operands: Any, linear: tuple[bool, ...], callee: Any) -> Any:
        builder = next(c for c in ct if c is not None).builder
        bars = [
            builder.emit(zeros_p, (), (t.shape, t.dtype)) if c is None else c
            for c, t in zip(ct, callee.results, strict=True)
        ]
        fixed = [x for x, f in zip(operands, linear, strict=True) if not f]
        types = tuple(x.type for x, f in zip(operands, linear, strict=True) if f)
        results = iter(made(*fixed, *bars, params=(callee.transposed(types),)))
        return tuple(next(results) if f else None for f in linear)

    def batch(operands: Any, batched: Sequence[bool], callee: Any) -> Any:
        size = next(x.shape[0] for x, b in zip(operands, batched, strict=True) if b)
        return made(*operands, params=(callee.batched(tuple(batched), size),))

    made = Primitive(
        name,
        _value,
        _result,
        jvp=jvp,
        transpose=transpose,
        batch=batch,
        params=("callee",),
        keeps="all",
        multiple=True,
    )
    return made


#: a user's function with a rule of its own
call = _calling("call")
#: what an algorithm finds (the solution of a differential equation, a root), as a function of what its equation reads; ``operators/solutions/`` has the callees
solution = _calling("solution")
#: what an algorithm finds in a program that stands for a function: the plan and the operands of the solution behind it, which has the derivative
found_anew = Primitive(
    "found anew",
    _value,
    _result,
    params=("callee",),
    keeps="all",
    multiple=True,
)
