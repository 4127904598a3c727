"""Which operations may fail, and whether one fails again: a function that handles the error of one (``except np.linalg.LinAlgError``) is recorded together with the question whether it fails again.

    raises(*operands; function, static, kinds, error, arguments)  =  function(*operands, *static) raises an ``error`` with these ``arguments``

The answer is a boolean and has no derivative.

An operation whose result nobody reads may be there to fail: ``np.linalg.cholesky(a)`` asks whether a is positive definite, for a handler here or around.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.program import ArrayType, Primitive
from gradwise.rules.calls import found_anew

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradwise.program import Program

_BOOL = np.dtype(bool)

#: operations on numbers that give one for all numbers; what ``math`` computes otherwise raises somewhere
_TOTAL = frozenset(
    [
        *("add", "sub", "mul", "neg", "abs", "conj", "real", "imag", "complex", "convert", "arctan", "arctan2", "tanh", "hypot"),
        *("copysign", "erf", "erfc", "expit", "maximum", "minimum", "fmax", "fmin", "max", "min", "sum", "sign", "ceil", "floor"),
        *("rint", "trunc", "select", "getitem", "reshape", "transpose", "diagonal", "take_along", "identity", "zeros", "arange", "raises"),
    ]
)  # fmt: skip
_OF_MATRICES = ("gradwise.rules.linear_algebra.", "gradwise.rules.sparse_systems", "numpy.linalg")


def may_fail(primitive: Primitive, type_: ArrayType) -> bool:
    """Whether a call that is recorded as this primitive, with a result of this type, raises for some numbers."""
    if primitive is found_anew:  # a solver may find none
        return True
    if type_.shape == ():
        return type_.dtype.kind in "fc" and primitive.name not in _TOTAL
    return getattr(primitive.value, "__module__", "").startswith(_OF_MATRICES)


def of_python(program: Program, values: Sequence[Any]) -> list[int]:
    """The results of operations on Python's numbers that raise somewhere, as ``math.log`` does; ``values`` are those of the trace."""
    return [
        e.output_tuple[0]
        for e in program.equations
        if type(values[e.output_tuple[0]]) in (float, complex)
        and may_fail(e.primitive, program.types[e.output_tuple[0]])
    ]


def _raises(operands: Sequence[Any], function: Any, static: Any, kinds: Any, error: type, arguments: Any) -> bool:
    # 1 / 0 fails of Python's floats, not of NumPy's: each operand is of the kind that it was
    given = [o if kind is None else kind(o) for o, kind in zip(operands, kinds, strict=True)]
    try:
        function(*given, *static)
    except Exception as raised:  # noqa: BLE001 - which one is the question
        return type(raised) is error and raised.args == arguments
    return False


def _value(*rest: Any) -> Any:
    *operands, function, static, kinds, error, arguments, batched = rest
    if not batched:
        return np.bool_(_raises(operands, function, static, kinds, error, arguments))
    flags, *inner = batched
    size = next(len(o) for o, flag in zip(operands, flags, strict=True) if flag)
    rows = [[o[i] if flag else o for o, flag in zip(operands, flags, strict=True)] for i in range(size)]
    return np.array([_value(*row, function, static, kinds, error, arguments, tuple(inner)) for row in rows], _BOOL)


def _result(*rest: Any) -> ArrayType:
    *types, _, _, _, _, _, batched = rest
    lead: list[int] = []
    for flags in batched:
        place = next(i for i, flag in enumerate(flags) if flag)
        lead.append(types[place].shape[sum(before[place] for before in batched[: len(lead)])])
    return ArrayType(tuple(lead), _BOOL)


def _batch(operands: Any, batched: Any, *static: Any) -> Any:
    return raises(*operands, params=(*static[:-1], (tuple(map(bool, batched)), *static[-1])))


#: ``kinds`` are what each operand is made before (float, or None for as it is); ``batched`` says of each batch axis, from the outermost, which operands have it.
raises = Primitive(
    "raises",
    _value,
    _result,
    batch=_batch,
    params=("function", "static", "kinds", "error", "arguments", "batched"),
    keeps="none",
)
