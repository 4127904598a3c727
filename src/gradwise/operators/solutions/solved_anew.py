"""Solutions of initial value problems in programs that stand for a function: SciPy integrates the recorded right-hand side, at the numbers of the call.

    solved_anew : (formula, Solver, initial state, times) → states and times, recorded with how they are found

The operation before that of the steps (``integration.py``) runs SciPy's solver on the written right-hand side, as the function would, and then finds the steps of the derivative, as ``standins/known_paths.py`` does.  The plan has SciPy's
states behind it, which are the value.  It raises, so that the function itself runs, where the solver does not come to the end, where the right-hand side does not hold as it is written or switches on the way, and where the system is stiff.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.operators.caches import derived
from gradwise.operators.solutions.batches import Elsewhere, Form
from gradwise.operators.solutions.found_anew import gives_what_was_seen
from gradwise.operators.solutions.integration import Kept
from gradwise.operators.solutions.places import places_of
from gradwise.operators.solutions.recorded_steps import planned
from gradwise.operators.solutions.recording import form_of
from gradwise.operators.solutions.sides import Sides
from gradwise.operators.solutions.written_formulas import as_operands, raising
from gradwise.program import F64, ArrayType, type_of
from gradwise.rules.calls import found_anew, solution
from gradwise.tracing import apply
from gradwise.tracing.instrument.state import local
from gradwise.tracing.roots import install_integration_anew

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradwise.tracing.standins.solutions_again import Solver


#: how many different numbers of states, where SciPy chooses the times, have programs
_COUNTS = 3


class _Here:
    """A formula at the numbers of a call."""

    def __init__(self, form: Form, captured: list[Any]) -> None:
        self.form, self.captured = form, captured

    def plain_operands(self) -> list[Any]:
        return self.captured


class Solving:
    """The callee: (initial state, times, what the right-hand side captured) → plan, times of the states."""

    def __init__(self, of: Kept, function: Callable[..., Any], solver: Solver, given: int, rows: int) -> None:
        self.of, self.function, self.solver, self.given = of, function, solver, given
        self.rows = rows
        # the plan has its length at each call
        self.results = (ArrayType((of.tail,), F64.dtype), ArrayType((rows,), F64.dtype))

    def __repr__(self) -> str:
        return "steps found anew"

    def __call__(self, y0: Any, *operands: Any) -> tuple[Any, ...]:
        captured = list(operands[self.given :])
        return found(self.of.form, self.function, self.solver, self.of, y0, operands[: self.given], captured)


def found(
    form: Form, function: Any, solver: Solver, of: Kept | None, y0: Any, times: Sequence[Any], captured: list[Any]
) -> tuple[Any, ...]:
    """The plan with SciPy's states behind it and their times; with the scheme of its steps and whether it asks inside of them, where no operation is given whose these are.

    Raises
    ------
    Elsewhere
    """
    y0 = np.array(y0, float)
    slope = functools.partial(function, *as_operands(form, captured))
    here = _Here(form, captured)
    course = solver.course(slope, y0, times, here, None if of is None else of.rows)
    if course is None or (of is not None and course.scheme != of.scheme):
        raise Elsewhere
    if (
        of is not None and by_columns(course.states) != of.by_columns
    ):  # SciPy joins the states of each step, of one or several times
        raise Elsewhere
    with np.errstate(all="ignore"):
        if not np.isfinite(course.states).all() or _crosses(form, captured, course.ends, course.starts):
            raise Elsewhere
        made = planned(form, course.scheme, course.ends, course.starts, course.times, captured, chosen=course.chosen, guess=None, memo={})  # fmt: skip
    if made is None:
        raise Elsewhere
    plan, inside, value, switches = made
    size = np.max(np.abs(course.states), initial=0.0)
    if switches or not np.max(np.abs(value - course.states), initial=0.0) <= solver.apart(size):
        raise Elsewhere
    packed = np.concatenate([plan.packed(), course.states.ravel(order="F" if by_columns(course.states) else "C")])
    if of is None:
        return packed, course.times, course.scheme, inside
    if inside != of.inside:
        raise Elsewhere
    return packed, course.times


def by_columns(states: np.ndarray) -> bool:
    """Whether SciPy keeps the states of a time apart in memory."""
    return states.flags.f_contiguous and not states.flags.c_contiguous


def _crosses(form: Form, captured: list[Any], ends: Sequence[float], states: np.ndarray) -> bool:
    """Whether the right-hand side switches between the ends of steps, or sits on a border at the beginning."""
    if not places_of(form):
        return places_of(form) is None
    times = np.asarray(ends, float)
    gaps = Sides(form, captured, [times[0], states[0]]).gaps(times, states)
    return bool((gaps[0] == 0).any() or ((gaps > 0) != (gaps[0] > 0)).any())


def solved_anew(
    formula: Any, solver: Solver, y0: Any, times: Sequence[Any], seen: Sequence[Any], states: np.ndarray
) -> tuple[Any, Any] | None:
    """States (a row for each time) and times, recorded with how they are found; None where that cannot be.

    Parameters
    ----------
    formula : Formula
        The right-hand side f(t, y).
    solver : Solver
        SciPy's solver.
    y0, times : number or array
        The initial state and what the solver is given beside it, which may be traced.
    seen : sequence
        Where SciPy asked for the right-hand side, as it was found now, with what it was given: to be met to the last bit.
    states : array
        What SciPy found.
    """
    form, watch = form_of(formula), local.watch
    if form is None or watch is None or form.by_math is None or form.state.size != form.value.size:
        return None
    function = raising(form)
    if function is None or not gives_what_was_seen(function, form, formula, seen):
        return None
    plain = [getattr(t, "value", t) for t in times]
    try:
        packed, at, scheme, inside = found(form, function, solver, None, getattr(y0, "value", y0), plain, formula.plain_operands())  # fmt: skip
    except (Elsewhere, np.linalg.LinAlgError, ArithmeticError, ValueError):
        return None
    rows = len(at)
    counts: set[int] = derived(("counts", form, solver.key), lambda: (set(), 1))
    counts.add(rows)
    if solver.is_free and len(times) == 2 and len(counts) > _COUNTS:
        return None
    turned = by_columns(states)
    key = "kept", form, scheme, inside, rows, turned
    of = derived(key, lambda: (Kept(form, scheme, rows, inside=inside, by_columns=turned), 1))
    if not np.array_equal(of.kept(packed), states):
        return None
    operands = (y0, *times, *formula.operands())
    types = tuple([type_of(t) for t in plain])
    solving = derived(("solving", of, solver.key, types), lambda: (Solving(of, function, solver, len(times), rows), 1))
    plan, at = apply(watch.trace, found_anew, operands, (solving,), (packed, at))
    (made,) = apply(watch.trace, solution, (plan, y0, *formula.operands()), (of,), (states,))
    return made, at


install_integration_anew(solved_anew)
