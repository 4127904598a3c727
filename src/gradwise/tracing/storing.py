"""Writing results where ``out=`` and ``where=`` say, and refusing what cannot be traced."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from gradwise.tracing import arithmetic
from gradwise.tracing.arithmetic import assign_whole, plain
from gradwise.tracing.instrument.state import note_written
from gradwise.tracing.traced import isinstance_traced


def refuse(inputs: tuple[Any, ...], what: str) -> NoReturn:
    """Raise the error for an operation that is not supported on traced values."""
    traced = next(x for x in inputs if isinstance_traced(x))
    raise traced.tape.fail(
        f"{what} is not supported on traced values. Plain arguments are required; write the operation out"
    )


def cast(x: Any, dtype: np.dtype[Any]) -> Any:
    """The value with another dtype; numbers of Python become NumPy's."""
    if dtype.kind == "O" and isinstance_traced(x):
        raise x.tape.fail(
            "computing with dtype=object would lose the derivative of a traced value. A float or complex dtype is required"
        )
    return x.astype(dtype) if hasattr(x, "astype") else dtype.type(x)


def masked(where: Any, result: Any, target: Any) -> Any:
    """``where=``: elsewhere the old contents of the target, or zero, where NumPy leaves what the memory held."""
    return np.where(where, result, 0 if target is None else target)


def store(target: Any, value: Any, casting: str = "same_kind") -> Any:
    """Write a result into an ``out=`` argument."""
    if not isinstance_traced(target):
        trace = arithmetic._innermost(value)
        if trace is None or not trace.depends(value.index):  # numbers of a buffer that holds constants only
            note_written(target)
            np.copyto(target, plain(value), casting=casting)  # type: ignore[arg-type]  # one of NumPy's words for it
            return target
        note_written(target)
        raise trace.fail(
            "a traced value was written into a plain array through out=. An array made from traced values is required: create the buffer "
            "with np.zeros_like(x) or np.empty_like(x), or drop out="
        )
    if np.shape(plain(value)) != target.current().shape:
        value = np.broadcast_to(value, target.current().shape)
    if casting == "unsafe":
        value = cast(value, target.current().dtype)
    assign_whole(target, value)
    return target
