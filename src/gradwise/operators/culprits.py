"""What is said where a derivative meets 0 · ∞ and has no limit: the operation to blame, with its line, and what to write instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.errors import SingularPointError
from gradwise.operators.careful import values_of
from gradwise.operators.limits import Disagreement
from gradwise.program import Equation, Program, resolve_location
from gradwise.transforms.reverse import active_variables
from gradwise.transforms.templates import pushforward_template

if TYPE_CHECKING:
    from gradwise.operators.linearization import Linearization

_CURES = {
    "sqrt": "Write np.abs(u) for np.sqrt(u**2), np.linalg.norm(u) for a root of squares, or np.sqrt(u + eps); where another branch holds at 0, choose it with np.where",
    "cbrt": "Simplify the root (np.cbrt(u**3) is u), or choose another branch at 0 with np.where",
    "power": "Simplify the powers into one ((u**n)**p is np.abs(u)**(n*p)), or choose another branch at 0 with np.where",
    "pow": "Simplify the powers into one ((u**n)**p is np.abs(u)**(n*p)), or choose another branch at 0 with np.where",
    "log": "Write scipy.special.xlogy(u, u) for u*np.log(u), or choose another branch at 0 with np.where",
    "div": "Divide by something that is not 0 there, np.where(d != 0, d, 1), and choose the value at 0 with np.where",
    "multiple_root": "Roots that are distinct are required: leave out the coefficients at the end that are 0, or use a function of the coefficients",
    "exp": "Write scipy.special.expit for 1/(1 + exp(-u)), np.logaddexp(0, u) for log(1 + exp(u)), which do not overflow",
}


def singular(linearization: Linearization, sides: Disagreement | None, *, nested: bool = False) -> SingularPointError:
    """The error for a point without a derivative."""
    place, what, name = _culprit(linearization)
    filename, line = resolve_location(place) or (None, None)
    if nested:
        why = "and an outer derivative needs the result as a function, which a limit is not"
    elif sides is not None and len(sides.settled) >= 2 and f"{min(sides.settled):.6g}" != f"{max(sides.settled):.6g}":
        ends = (
            f"{sides.settled[0]:.6g} on the left, {sides.settled[1]:.6g} on the right"
            if len(sides.settled) == 2
            else f"from {min(sides.settled):.6g} to {max(sides.settled):.6g}"
        )
        why = f"and the slopes around it disagree: {ends}"
    else:
        why = "and the slopes around it have no limit"
    cure = _CURES.get(name, "Simplify the expression, or choose another branch at this point with np.where")
    return SingularPointError(
        f"the derivative of {linearization.recording.name} meets 0 · ∞ at {what}, {why}. A point where the derivative exists is required. {cure}",
        filename,
        line,
    )


def _culprit(linearization: Linearization) -> tuple[Any, str, str]:
    """Place, description and primitive of the last operation with an infinite slope at a finite value."""
    program = linearization.program
    values = values_of(linearization, program, ())
    active = active_variables(program, program.inputs)
    found: tuple[Any, str, str] = (None, "a point where two operations cancel", "")
    for equation in program.equations:
        primitive = equation.primitive
        moves = tuple([active[i] == 1 for i in equation.inputs])
        if primitive.jvp is None or not any(moves):
            continue
        at = _infinite_slope(program, equation, moves, values)
        if at is not None:
            found = (equation.location, f"{primitive.name} of {at}", primitive.name)
    return found


def _infinite_slope(program: Program, equation: Equation, moves: tuple[bool, ...], values: list[Any]) -> str | None:
    """The first value at which an operation has no finite slope, as text; None if it has one everywhere."""
    types = [program.types[i] for i in equation.inputs]
    template = pushforward_template(equation.primitive, equation.params, types, moves)
    slots: dict[int, Any] = dict(
        enumerate([*(values[i] for i in equation.inputs), *(values[o] for o in equation.output_tuple)])
    )
    for t, m in zip(types, moves, strict=True):
        if m:
            slots[len(slots)] = np.ones(t.shape, t.dtype)[()]
    with np.errstate(all="ignore"):
        for primitive, operands, params, outs in template.equations:
            value: Any = primitive.value(*(slots[i] for i in operands), *params)
            numbers: Any = outs
            slots.update(zip(numbers, value, strict=True) if primitive.multiple else [(numbers, value)])
    for r, o in zip(template.results, equation.output_tuple, strict=True):
        if r is None:
            continue
        bad = ~np.isfinite(np.asarray(slots[r])) & np.isfinite(np.asarray(values[o]))
        if not bad.any():
            continue
        shown = []
        for i in equation.inputs:
            x = np.asarray(values[i])
            if x.dtype.kind == "b" or (x.ndim and x.shape != bad.shape):
                continue
            shown.append(repr((x[bad] if x.ndim else x).ravel()[0].item()))
        return ", ".join(shown) or "an array"
    return None
