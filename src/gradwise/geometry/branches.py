"""The programs of a function with ``if`` and ``while``: one for each way through the code, with gradient and Hessian over boxes.

A traced program holds where its guards do.  Over a box they are evaluated in interval arithmetic: they hold all over it, or one fails all over it (then another
program is traced inside), or they are open.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from gradwise.errors import GradwiseError
from gradwise.geometry.finite_forms import prepared
from gradwise.geometry.intervals import Evaluator, Interval, NoRule, Outcome
from gradwise.geometry.intervals.evaluation import cell_of
from gradwise.geometry.shifts import without_shifts
from gradwise.geometry.vector_form import VectorForm
from gradwise.operators.arguments import Arguments
from gradwise.operators.engine import linearize_call
from gradwise.operators.linearization import Linearization
from gradwise.operators.results import scalar_output
from gradwise.program import Guard, Program
from gradwise.transforms.batch import batch
from gradwise.transforms.forward import pushforward
from gradwise.transforms.reverse import pullback
from gradwise.transforms.seeds import seeded
from gradwise.transforms.simplify import simplify

#: ways through the code that are followed
MOST_BRANCHES = 64
#: boxes evaluated at once, at most, and the entries that the largest array may have then
MOST_BOXES = 4096
MOST_ENTRIES = 200_000
#: runs of the function for that
MOST_TRACES = 600


class Branch:
    """One way through the function's code.

    Attributes
    ----------
    gradient : Evaluator or None
        Of f and ∇f; None where f does not depend on the point.
    full : Evaluator or None
        Of f, ∇f and the Hessian, shape (n, n).
    guards : tuple of Guard
    chunk : int
        How many boxes to evaluate at once.
    doubt : str
        Why the program may not be the function; "" if nothing is known.
    """

    def __init__(self, linearization: Linearization, n: int) -> None:
        program = linearization.program
        tape = linearization.recording.tape
        captured = tape.captured_values()
        self.doubt = "the function looks values up by their text or hash" if tape.looked_up or tape.decided else ""
        self.chunk = MOST_BOXES
        self.gradient: Evaluator | None = None
        self.full: Evaluator | None = None
        self._slopes: Evaluator | None = None
        value = Program(
            program.name,
            program.inputs,
            program.captured,
            program.equations,
            program.outputs[:1],
            program.types,
            program.guards,
        )
        _require_no_vectors(value)
        value, captured = without_shifts(value, captured, tape.values)
        self.guards: tuple[Guard, ...] = value.guards
        self.value = Evaluator(prepared(value), captured)
        self._value, self._captured, self._size = value, captured, n
        first = seeded(pullback(value, value.inputs, value.outputs))
        if first.results[0] is None:
            return
        gradient = first.joined()
        self.gradient = Evaluator(prepared(gradient), captured)
        second = pushforward(gradient, gradient.inputs)
        (tangent,) = second.vectors
        slope = second.results[1]
        assert tangent is not None
        self.curved = slope is not None
        if slope is None:  # f is linear: no Hessian, and no critical point unless the slope is zero
            return
        joined = Program(
            program.name,
            (*gradient.inputs, tangent),
            gradient.captured,
            gradient.equations + second.equations,
            (*gradient.outputs, slope),
            second.types,
            gradient.guards,
        )
        batched, carries = batch(simplify(joined), n, (tangent,))
        if not carries[2]:
            self.curved = False
            return
        self.full = Evaluator(prepared(batched), captured, (np.eye(n),))
        widest = max(self.full.program.types[o].size for e in self.full.program.equations for o in e.output_tuple)
        self.chunk = max(1, min(MOST_BOXES, MOST_ENTRIES // widest))

    def slopes(self, lo: np.ndarray, hi: np.ndarray, directions: np.ndarray | None = None) -> Interval | None:
        """The slopes along the axes, or along ``directions`` (boxes, n, n), in forward mode, shape (boxes, n); None where f is constant.

        A tangent passes a choice as the hull of its alternatives, {a, b}; a cotangent goes to both, and comes back as their sum with weights between 0 and 1
        each, which always holds zero.  So boxes with an open choice are better excluded forward.
        """
        if self.gradient is None:
            return None
        if self._slopes is None:
            derivative = pushforward(self._value, self._value.inputs)
            (tangent,) = derivative.vectors
            assert tangent is not None
            program, _ = batch(simplify(derivative.joined(values=False)), self._size, (tangent,))
            self._slopes = Evaluator(prepared(program), self._captured, (np.eye(self._size),))
        return self._slopes(lo, hi, directions).outputs[0].spread(len(lo))

    @functools.cached_property
    def answers(self) -> tuple[Any, ...]:
        """The answers of the guards, in the order in which they were asked."""
        return tuple(_answer(g.kind, g.expected) for g in self.guards)


def _require_no_vectors(value: Program) -> None:
    """Refuse functions of eigenvectors, whose signs are arbitrary; those of eigenvalues have derivatives that do not depend on signs."""
    for made in value.equations:
        if made.primitive.name == "eigh":
            read = {made.outputs[1]}  # and what passes them on
            read |= {e.output_tuple[0] for e in value.equations if e.primitive.name == "marked" and e.inputs[0] in read}
            used = any(read & set(e.inputs) for e in value.equations if e.primitive.name != "marked")
            if used or read & set(value.outputs):
                raise NoRule(made, "there is no interval rule for eigenvectors, whose signs are arbitrary")


def _answer(kind: str, expected: Any) -> Any:
    value = np.asarray(expected)
    low, high = cell_of(kind, value)
    return kind, value.shape, low.tobytes(), high.tobytes()


class Branches:
    """All ways through the code that were met.

    Parameters
    ----------
    flat : VectorForm
    most_equations : float
        Longer programs are not followed.

    Attributes
    ----------
    known : list of Branch
    trouble : str
        Why a point could not be traced, the last time; "" if all could.
    """

    def __init__(self, flat: VectorForm, most_equations: float = float("inf")) -> None:
        self.flat = flat
        self._most_equations = most_equations
        self.known: list[Branch] = []
        self._by_key: dict[Any, int] = {}
        self._traces = 0
        self.trouble = ""

    def at(self, z: np.ndarray) -> int | None:
        """The number of the branch that the function takes at a point; None where it cannot be followed.

        Raises
        ------
        NoRule
            If its program has an equation without interval rule.
        TracingError, OutputError
            If the very first point cannot be traced.
        """
        if self._traces >= MOST_TRACES:
            return None
        self._traces += 1
        arguments = Arguments(self.flat, 0, (np.array(z, dtype=float),), {}, "critical_points")
        try:
            with np.errstate(all="ignore"):  # boxes may reach beyond the domain of the function
                linearization = linearize_call(self.flat, arguments)
                scalar_output(linearization, self.flat, "critical_points")
        except GradwiseError as error:
            if not self.known:
                raise
            self.trouble = str(error).splitlines()[0]
            return None
        except (ArithmeticError, ValueError) as error:
            if not self.known:
                raise
            self.trouble = f"the function raised {type(error).__name__} at {z.tolist()}"
            return None
        tape = linearization.recording.tape
        if len(tape.outs) > self._most_equations:
            return None
        key = (
            linearization.fingerprint,
            tuple(_answer(kind, expected) for _, kind, expected, _ in tape.guards if kind != "shift"),
            _constants(tape),
        )
        number = self._by_key.get(key)
        if number is None:
            if len(self.known) >= MOST_BRANCHES:
                return None
            branch = Branch(linearization, self.flat.size)
            number = self._by_key[key] = len(self.known)
            self.known.append(branch)
        return number


def _constants(tape: Any) -> Any:
    """What a run captured: a loop may capture other numbers at another point.  Those that cancel do not count."""
    shifts = {np.asarray(expected).tobytes() for _, kind, expected, _ in tape.guards if kind == "shift"}
    held = (np.asarray(tape.values[i]).tobytes() for i in tape.captured)
    return tuple(b"shift" if value in shifts else value for value in held)


def complete(branches: list[Branch], outcomes: list[Outcome], box: int) -> bool:
    """Whether these ways through the code are all there are over a box.

    They are a tree: branches that gave the same answers so far ask the same question next.  It is complete where the question has one answer all over the
    box, is a truth value and both answers are followed, or is a whole number and all that occur in the box are followed.
    """
    return _complete(list(range(len(branches))), 0, branches, outcomes, box)


def _covered(asked: Interval, guards: list[Guard]) -> bool:
    """Whether the answers that were followed are all that a whole number has in a box."""
    cells = sorted(tuple(map(float, cell_of(g.kind, np.asarray(g.expected)))) for g in guards)
    reached = -np.inf
    for low, high in cells:
        if low <= float(asked.lo) or low <= reached:
            reached = max(reached, high)
    return bool(reached >= float(asked.hi))


def _complete(chosen: list[int], depth: int, branches: list[Branch], outcomes: list[Outcome], box: int) -> bool:
    lengths = {len(branches[k].guards) for k in chosen}
    if depth in lengths:
        return len(chosen) == 1
    groups: dict[Any, list[int]] = {}
    for k in chosen:
        groups.setdefault(branches[k].answers[depth], []).append(k)
    guard = branches[chosen[0]].guards[depth]
    undecided = bool(outcomes[chosen[0]].open_guards[depth][box])
    # an answer that is given nowhere in the box needs no following, but another must be known then
    alive = [group for group in groups.values() if not outcomes[group[0]].failed_guards[depth][box]]
    if guard.kind == "int" and np.shape(guard.expected) == ():
        asked = outcomes[chosen[0]].asked[depth].map(lambda end: end[min(box, len(end) - 1)])
        if not _covered(asked, [branches[group[0]].guards[depth] for group in alive]):
            return False
    elif undecided and not (np.shape(guard.expected) == () and guard.kind == "bool" and len(groups) == 2):
        return False
    return bool(alive) and all(_complete(group, depth + 1, branches, outcomes, box) for group in alive)
