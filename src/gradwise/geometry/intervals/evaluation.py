"""A program over many boxes at once.

Evaluator : (Program, captured values)  →  (boxes → Outcome)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwise.geometry.intervals import decisions
from gradwise.geometry.intervals.decisions import OutOfReachError, wins
from gradwise.geometry.intervals.interval import Interval
from gradwise.geometry.intervals.rules import OF_ONE_OPERAND, rule_of
from gradwise.program import Equation, Program

_both = decisions.logical(np.logical_and)
#: values whose dtype the rules know: real numbers, truth values, integers
_KINDS = "fbiu"


class NoRule(Exception):
    """An equation has no interval rule; ``sentence`` says which, with the user's line."""

    def __init__(self, equation: Equation, why: str = "") -> None:
        self.equation = equation
        source = equation.source
        place = f" (line {source[1]} of {source[0].rsplit('/', 1)[-1]})" if source is not None else ""
        self.sentence = why or f"there is no interval rule for {equation.primitive.name}"
        self.sentence += place
        super().__init__(self.sentence)


class Boxes:
    """The boxes of one evaluation, and what was noted of them.

    Attributes
    ----------
    lo, hi : numpy.ndarray
        Shape (number of boxes, n).
    """

    __slots__ = ("_partial", "_rough", "count", "hi", "lo", "reasons", "where")

    def __init__(self, lo: np.ndarray, hi: np.ndarray) -> None:
        self.lo, self.hi = lo, hi
        self.count = len(lo)
        self._rough = np.zeros(self.count, bool)
        self._partial: np.ndarray | None = None
        self.where: Equation | None = None
        #: the equations that made boxes rough
        self.reasons: dict[int, Equation] = {}

    def rough(self, mask: np.ndarray) -> None:
        """Mark boxes in which derivatives do not bound slopes; ``mask`` has the leading axis and any others."""
        if mask.any():
            self._rough |= self._by_box(mask)
            if self.where is not None:
                self.reasons.setdefault(id(self.where), self.where)

    def partial(self, mask: np.ndarray) -> None:
        """Mark boxes in a part of which an operation is not defined."""
        by_box = self._by_box(mask)
        self._partial = by_box if self._partial is None else self._partial | by_box
        self.rough(mask)

    def _by_box(self, mask: np.ndarray) -> np.ndarray:
        return np.any(mask, axis=tuple(range(1, mask.ndim))) if mask.ndim > 1 else mask

    def partly(self, rank: int) -> np.ndarray | None:
        """The partial boxes as a mask of the given rank; None if there are none."""
        return None if self._partial is None else self._partial.reshape(-1, *(1,) * (rank - 1))

    @property
    def smooth(self) -> np.ndarray:
        """The boxes in which the program is a composition of smooth functions."""
        return ~self._rough


class Outcome:
    """What a program is over boxes.

    Attributes
    ----------
    outputs : list of Interval
    boxes : Boxes
    held, broken : numpy.ndarray of bool
        Whether every guard holds all over the box; whether some guard fails all over it.
    open_guards : list of numpy.ndarray
        For each guard the boxes in which it neither holds nor fails throughout.
    failed_guards : list of numpy.ndarray
        For each guard the boxes all over which it fails.
    asked : list of Interval
        What each guard looks at.
    """

    __slots__ = ("asked", "boxes", "broken", "failed_guards", "held", "open_guards", "outputs")

    def __init__(
        self,
        outputs: list[Interval],
        boxes: Boxes,
        failed: list[np.ndarray],
        undecided: list[np.ndarray],
        asked: list[Interval],
    ) -> None:
        self.outputs = outputs
        self.asked = asked
        self.boxes = boxes
        self.failed_guards = failed
        self.open_guards = undecided
        nothing = np.zeros(boxes.count, bool)
        self.broken = np.logical_or.reduce([nothing, *failed])
        self.held = ~np.logical_or.reduce([self.broken, *undecided])


class Evaluator:
    """A program made ready for boxes.

    Parameters
    ----------
    program : Program
        With one input, a vector.
    captured : sequence
        The values of its captured variables.
    extra : sequence
        The values of its further inputs (the unit vectors of a Hessian).

    Raises
    ------
    NoRule
        If an equation has no interval rule.
    """

    def __init__(self, program: Program, captured: Sequence[Any], extra: Sequence[Any] = ()) -> None:
        self.program = program
        self._fixed = {v: Interval.point(_real(value, v)) for v, value in zip(program.captured, captured, strict=True)}
        self._fixed |= {v: Interval.point(value) for v, value in zip(program.inputs[1:], extra, strict=True)}
        self._steps = []
        made_by = {o: e for e in program.equations for o in e.output_tuple}
        for equation in program.equations:
            for o in equation.output_tuple:
                if program.types[o].dtype.kind not in _KINDS:
                    raise NoRule(equation, "complex numbers have no interval rules")
            rule: Any = rule_of(equation.primitive)
            if rule is None:
                raise NoRule(equation)
            inputs = equation.inputs
            same = OF_ONE_OPERAND.get(equation.primitive.name) if len(set(inputs)) == 1 and len(inputs) == 2 else None
            if same is not None:
                rule, inputs = same, inputs[:1]
            elif equation.primitive.name == "equal":
                rule = _winner(inputs, made_by) or rule
            elif equation.primitive.name == "select":
                inner = made_by.get(inputs[1])
                if inner is not None and inner.primitive.name == "select" and inner.inputs[2] == inputs[2]:
                    rule, inputs = _select_where_both, (inputs[0], *inner.inputs)
            self._steps.append((equation, rule, inputs, equation.params))

    def __call__(self, lo: np.ndarray, hi: np.ndarray, vector: np.ndarray | None = None) -> Outcome:
        """Evaluate over boxes, shape (number of boxes, n); ``vector`` takes the place of the second input, with a leading axis for the boxes."""
        boxes = Boxes(lo, hi)
        env: dict[int, Interval] = dict(self._fixed)
        if vector is not None:
            env[self.program.inputs[1]] = Interval(vector, vector)
        env[self.program.inputs[0]] = Interval(lo, lo if lo is hi else hi)
        with np.errstate(all="ignore"):
            for equation, rule, inputs, params in self._steps:
                boxes.where = equation
                try:
                    value = rule(boxes, *[env[i] for i in inputs], *params)
                except OutOfReachError as error:
                    raise NoRule(equation, str(error)) from None
                if equation.primitive.multiple:
                    env.update(zip(equation.outputs, value, strict=True))
                else:
                    env[equation.outputs] = value
            failed, undecided = self._guards(env, boxes.count)
        asked = [env[guard.variable] for guard in self.program.guards]
        return Outcome([env[o] for o in self.program.outputs], boxes, failed, undecided, asked)

    def _guards(self, env: dict[int, Interval], count: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
        failed, undecided = [], []
        for guard in self.program.guards:
            value = env[guard.variable]
            expected = np.asarray(guard.expected)
            axes = tuple(range(1, value.ndim))
            low, high = cell_of(guard.kind, expected)
            inside = (value.lo > low) & (value.hi < high) | (value.lo == expected) & (value.hi == expected)
            holds = np.all(inside, axis=axes)
            fails = np.any((value.lo > high) | (value.hi < low), axis=axes)
            failed.append(np.broadcast_to(fails, (count,)))
            undecided.append(np.broadcast_to(~holds & ~fails, (count,)))
        return failed, undecided


def cell_of(kind: str, expected: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The ends of the open interval of numbers to which a guard gives the answer that it gave; the point itself twice where that is all that is known.

    A whole number that was made of a number stays what it is between two halves: int, round, floor and ceil all do, and a guard does not say which of them asked.  At an end
    each of them gives the answer of one of the two sides.
    """
    if kind != "int" or expected.dtype.kind != "f":
        return expected, expected
    low = np.floor(2 * expected) / 2
    return np.where(low == expected, expected, low), np.where(low == expected, expected, low + 0.5)


def _winner(inputs: tuple[int, ...], made_by: dict[int, Equation]) -> Any:
    """The rule for ``x == max(x)``, which as intervals would say "possibly" even of an entry that beats all others; None for other comparisons."""
    x, extreme = inputs
    equation = made_by.get(extreme)
    while equation is not None and equation.primitive.name in {"reshape", "broadcast_to"}:
        equation = made_by.get(equation.inputs[0])
    if equation is None or equation.primitive.name not in {"max", "min"} or equation.inputs[0] != x:
        return None
    return wins(1 if equation.primitive.name == "max" else -1, equation.params[0])


def _select_where_both(box: Any, outer: Interval, inner: Interval, x: Interval, z: Interval) -> Interval:
    """What select(outer, select(inner, x, z), z) is: z wherever ``inner`` is certainly false, even if ``outer`` is open (the slope of xᶻ asks x = 0 and then z = 0)."""
    return decisions.select(box, _both(box, outer, inner), x, z)


def _real(value: Any, variable: int) -> Any:
    array = np.asarray(value)
    return array.astype(float) if array.dtype.kind == "f" else array
