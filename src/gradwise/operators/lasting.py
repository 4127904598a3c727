"""Kinks that are none, because the operands sit on them at all points around.

Such are |r − clip(r)| within the bounds, the diagonal of maximum(A, Aᵀ), the largest of distances that come in equal pairs.  Along a generic direction an operand
leaves a kink at once, unless what holds it there is an identity; and along an identity the function is smooth.  So the program is evaluated a little away from the
point, on both sides of it, and the kinks that are found again there are forgotten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.execution import build
from gradwise.program import Program
from gradwise.transforms.simplify import drop_dead

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradwise.program import Equation

#: distances at which is looked again, relative to the entries: far enough to be seen beside a large constant
_STEPS = (2.0**-12, -(2.0**-12), 2.0**-14, -(2.0**-14))
#: primitives whose kinks are ties of several entries
EXTREMA = frozenset(["max", "min"])


class Surroundings:
    """The program up to some equations that have kinks, ready to run at points around."""

    def __init__(self, program: Program, equations: Sequence[Equation]) -> None:
        self.equations = equations
        self.known: list[Any] | None = None
        wanted = list(dict.fromkeys(i for e in equations for i in (*e.inputs, e.output_tuple[0])))
        part = drop_dead(
            Program(program.name, program.inputs, program.captured, program.equations, wanted, program.types)
        )
        self.inputs, self.captured, self.size = program.inputs, program.captured, len(program.types)
        self.executable = build(part.equations, part.types, wanted, (*part.inputs, *part.captured), wanted)

    def lasting(self, values: Sequence[Any]) -> list[Any]:
        """For each equation, which of its kinks stay (of the shape of its ``kink``); ``values`` are plain, by variable of the program."""
        found = [_kinks(e, values) for e in self.equations]
        if self.known is not None and all(
            e.primitive.name not in EXTREMA and at.shape == np.shape(k) and not np.any(at & np.logical_not(k))
            for e, at, k in zip(self.equations, found, self.known, strict=True)
        ):
            return found  # each of them stayed the last time
        rng = np.random.default_rng(13)
        for step in _STEPS:
            env: list[Any] = [None] * self.size
            for i in self.inputs:
                x = np.asarray(values[i])
                away = rng.uniform(0.5, 1.0, x.shape) * rng.choice([-1, 1], x.shape) * np.maximum(1, np.abs(x)) * step
                env[i] = (x + away).astype(x.dtype)[()]
            for i in self.captured:
                env[i] = values[i]
            try:
                with np.errstate(all="ignore"):
                    self.executable.run(env)
            except np.linalg.LinAlgError:
                return [False] * len(found)
            found = [
                _stay(e, stays, _kinks(e, env), values, env) for e, stays in zip(self.equations, found, strict=True)
            ]
        self.known = found
        return found


def _kinks(equation: Equation, values: Sequence[Any]) -> Any:
    with np.errstate(all="ignore"):
        operands = [values[i] for i in equation.inputs]
        return np.asarray(equation.primitive.kink(operands, values[equation.output_tuple[0]], *equation.params))  # type: ignore[misc]  # asked of primitives with a kink only


def _stay(equation: Equation, before: Any, now: Any, values: Sequence[Any], moved: Sequence[Any]) -> Any:
    if equation.primitive.name == "sort" and before is not False:
        return before if _tie_still(equation, values, moved) else False
    if before is False or equation.primitive.kink_felt is not None or np.shape(before) != np.shape(now):
        return False
    stay = before & now
    if stay.any() and equation.primitive.name in EXTREMA:  # all that tied must still tie
        axes, keepdims = equation.params
        ties = []
        for env in (values, moved):
            x, y = np.asarray(env[equation.inputs[0]]), np.asarray(env[equation.output_tuple[0]])
            ties.append(x == (y if keepdims else np.expand_dims(y, axes)))
        stay &= np.all(ties[0] == ties[1], axis=axes).reshape(np.shape(stay))
    return stay


def _tie_still(equation: Equation, values: Sequence[Any], moved: Sequence[Any]) -> bool:
    """Whether all entries that a sort found equal still are: those below zero behind ``maximum(x, 0)``, one number in several places."""
    (axis,) = equation.params
    here, there = (np.asarray(env[equation.inputs[0]]) for env in (values, moved))
    order = np.argsort(here, axis=axis, kind="stable")
    here, there = (np.moveaxis(np.take_along_axis(x, order, axis), axis, -1) for x in (here, there))
    tied = here[..., 1:] == here[..., :-1]
    return bool(np.all(there[..., 1:][tied] == there[..., :-1][tied]))
