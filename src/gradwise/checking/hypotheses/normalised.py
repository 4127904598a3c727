r"""Softmax and its like: what is divided by its own sum, with that sum along another axis in the derivative.

For y = e / Σ e along one axis, the cotangent of e is

.. math:: \bar e = (\bar y - \sum \bar y \, y) / \sum e,

which everybody writes by hand, as y (ȳ − Σ ȳ y) where e is an exponential.  Either sum may run along another axis there: no
operand of the traced program has a wrong rule then, and f itself is not the wrong one either.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from gradwise.checking.evidence import Evidence, Finding
from gradwise.checking.hypotheses.backward import Backward
from gradwise.checking.hypotheses.chain import fits_row, passes_at
from gradwise.checking.vocabulary import Cause

MOST = 20
"""So many divisions are looked into."""

RANK = 14.1


def normalised_sum(evidence: Evidence) -> list[Finding]:
    """The claim is the gradient with a sum along another axis in the derivative of something divided by its own sum."""
    passes = passes_at(evidence)
    if passes is None:
        return []
    back = passes[0][0]
    for position, axis in list(_divided(back))[:MOST]:
        equation = back.program.equations[position]
        ndim = np.ndim(back.env[equation.outputs])
        for divisor, inner in product(range(ndim), repeat=2):
            if divisor == inner == axis:
                continue
            if all(_fits(one, row, position, axis, (divisor, inner)) for one, row, _ in passes):
                wrong = inner if inner != axis else divisor
                say = f"the derivative of {back.expression(equation.outputs)} sums along axis {wrong}, not along axis {axis}"
                return [Finding(Cause.WRONG_AXIS, say + back.where(equation), RANK)]
    return []


def _divided(back: Backward) -> Iterator[tuple[int, int]]:
    """Divisions of arrays by their own sums: their positions, and the axes of the sums."""
    for position, equation in enumerate(back.program.equations):
        if equation.primitive.name != "div" or not all(back.active[i] for i in equation.inputs):
            continue
        top, below = (np.asarray(back.env[i]) for i in equation.inputs)
        for axis in range(top.ndim) if top.ndim > 1 else ():
            total = top.sum(axis=axis, keepdims=True)
            if below.size == total.size and np.allclose(np.reshape(below, total.shape), total, rtol=1e-12, atol=0.0):
                yield position, axis
                break


def _fits(back: Backward, row: Any, position: int, axis: int, axes: tuple[int, int]) -> bool:
    """Whether the claim is the gradient with the divisor's sum and the inner one along these axes."""
    equation = back.program.equations[position]
    top = np.asarray(back.env[equation.inputs[0]])
    bar = back.cotangents()[equation.outputs]
    if bar is None:
        return False
    bar, raw = np.broadcast_to(bar, top.shape), _exponent(back, equation.inputs[0])
    right, wrong = [_cotangent(top, bar, raw, *pair) for pair in ((axis, axis), axes)]
    with np.errstate(all="ignore"):
        change = back.inputs_from(equation.inputs[0], wrong - right, position)
    return bool(np.any(change)) and fits_row(row, row.truth + change)


def _exponent(back: Backward, variable: int) -> np.ndarray | None:
    """What an array is the exponential of, without the maximum along one axis that is subtracted first; None if it is none."""
    made = {equation.outputs: equation for equation in back.program.equations if not equation.primitive.multiple}
    top = made.get(variable)
    if top is None or top.primitive.name != "exp":
        return None
    inner = made.get(top.inputs[0])
    shifted = inner is not None and inner.primitive.name == "sub"
    found = inner.inputs[0] if inner is not None and shifted else top.inputs[0]
    value = np.asarray(back.env[found])
    return value if value.shape == np.shape(back.env[variable]) else None


def _cotangent(top: np.ndarray, bar: np.ndarray, raw: np.ndarray | None, divisor: int, inner: int) -> np.ndarray:
    """The cotangent of an array that is divided by its own sum along one axis, times what an exponential makes of that."""
    whole = top if raw is None else np.exp(raw - raw.max(axis=divisor, keepdims=True))
    part = whole / whole.sum(axis=divisor, keepdims=True)
    return (bar - (bar * part).sum(axis=inner, keepdims=True)) * part / top
