"""The line of the user's code at which a number stopped being finite, or an error was raised."""

from __future__ import annotations

import traceback
from typing import Any

import numpy as np

from gradwise.descent.objective import DOMAIN_ERRORS, Objective
from gradwise.errors import GradwiseError, GradwiseWarning
from gradwise.operators.arguments import Arguments
from gradwise.operators.engine import linearize_call
from gradwise.quiet import quiet
from gradwise.transforms.forward import pushforward


def line_of(error: BaseException) -> tuple[str | None, int | None]:
    """The innermost line of the user's code in the traceback of an error."""
    filename = getattr(error, "filename", None)
    if isinstance(error, GradwiseError) and filename is not None:
        return filename, getattr(error, "lineno", None)
    here = __file__.replace("\\", "/").rsplit("/descent/", 1)[0]
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        name = frame.filename.replace("\\", "/")
        if not name.startswith(here) and "/numpy/" not in name and "/scipy/" not in name:
            return frame.filename, frame.lineno
    return None, None


def first_non_finite(objective: Objective, z: np.ndarray) -> tuple[str | None, int | None, str]:
    """File, line, and words for the first operation of f whose operands are finite and whose result is not."""
    try:
        with np.errstate(all="ignore"), quiet(GradwiseWarning):
            f = objective.traceable()
            function = lambda v: f(*objective.arguments(v))
            found = linearize_call(function, Arguments(function, 0, (z,), {}, "descend"))
            program, values = found.program, found.full_env()
    except DOMAIN_ERRORS:
        return None, None, "f or its gradient is not finite"
    with np.errstate(all="ignore"):
        for equation in program.equations:
            operands = [values[i] for i in equation.inputs]
            if all(_finite(v) for v in operands) and not all(_finite(values[o]) for o in equation.output_tuple):
                place = equation.source or (None, None)
                result = next(values[o] for o in equation.output_tuple if not _finite(values[o]))
                shown = _first_bad_entry(result)
                inputs = ", ".join(_shown(v) for v in operands)
                return (*place, f"{equation.primitive.name}({inputs}) is {shown}")
        value = values[program.outputs[0]]
        if _finite(value):
            where = _infinite_slope(program, list(values))
            return (*where, f"f = {float(np.asarray(value)):.4g} is finite and its gradient is not")
        for equation in program.equations:
            if not all(_finite(values[o]) for o in equation.output_tuple):
                place = equation.source or (None, None)
                return (
                    *place,
                    f"{equation.primitive.name} gets a number that is not finite, and f is {np.asarray(value)}",
                )
    return None, None, "f is not finite"


def _infinite_slope(program: Any, values: list[Any]) -> tuple[str | None, int | None]:
    """The line of the first operation whose derivative is not finite where its operands are."""
    tangent = pushforward(program, tuple(program.inputs[:1]))
    values += [None] * (len(tangent.types) - len(values))
    for vector in tangent.vectors:
        if vector is not None:
            kind = tangent.types[vector]
            values[vector] = np.ones(kind.shape, kind.dtype)
    for equation in tangent.equations:
        operands = [values[i] for i in equation.inputs]
        found = equation.primitive.value(*operands, *equation.params)
        for o, result in zip(equation.output_tuple, found if len(equation.output_tuple) > 1 else (found,), strict=True):
            values[o] = result
        if all(_finite(v) for v in operands) and not all(_finite(values[o]) for o in equation.output_tuple):
            return equation.source or (None, None)
    return None, None


def _finite(value: Any) -> bool:
    array = np.asarray(value)
    return array.dtype.kind not in "fc" or bool(np.all(np.isfinite(array)))


def _first_bad_entry(value: Any) -> str:
    array = np.asarray(value)
    bad = array[~np.isfinite(array)].ravel()
    return f"{bad[0]}"


def _shown(value: Any) -> str:
    array = np.asarray(value)
    return f"{array[()]:.4g}" if array.ndim == 0 and array.dtype.kind in "fiu" else f"{array.dtype}{list(array.shape)}"
