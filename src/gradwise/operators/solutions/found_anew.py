"""Roots in programs that stand for a function: the solver runs again on the recorded equation, at the numbers of the call.

    rooted_anew : (formula, root, Again) → root, recorded with how it is found

A root that is recorded by itself holds at its point alone.  Here the operation before it runs SciPy's solver on the recorded equation (``written_formulas.py``), from the start that the call has, and gives plan and root to the
operation that has the derivative (``equations.py``).  It raises, so that the function itself runs, where the equation does not hold at a point for which the solver asks, where the solver does not converge, and where the
slope is none that a root may have.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.operators.caches import derived
from gradwise.operators.solutions.batches import Elsewhere, Form
from gradwise.operators.solutions.equations import Root, equation_of, polished, root_of
from gradwise.operators.solutions.recording import form_of
from gradwise.operators.solutions.written_formulas import as_operands, written
from gradwise.program import ArrayType, type_of
from gradwise.rules.calls import found_anew, solution
from gradwise.tracing import apply
from gradwise.tracing.instrument.state import local, note_distance
from gradwise.tracing.roots import install_roots_anew

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradwise.tracing.standins.again import Again


class Finding:
    """The callee: (starts, what the equation and the other callbacks captured) → plan, root, what the solver finds beside it."""

    def __init__(self, of: Root, forms: list[Form], functions: list[Callable[..., Any]], again: Again) -> None:
        self.of, self.forms, self.functions = of, forms, functions
        self.starts, self.solve = len(again.starts), again.solve
        self.beside = tuple([type_of(v) for v in again.beside])
        self.results: tuple[ArrayType, ...] = (of.plan, of.form.state, *self.beside)

    def __repr__(self) -> str:
        return "root found anew"

    def __call__(self, *operands: Any) -> tuple[Any, ...]:
        of, place, called = self.of, self.starts, []
        for form, function in zip(self.forms, self.functions, strict=True):
            given = operands[place : place + len(form.captured)]
            place += len(form.captured)
            called.append(asked(functools.partial(function, *as_operands(form, given))))
        found = self.solve(called, operands[: self.starts])
        if found is None:
            raise Elsewhere
        found, *beside = found if self.beside else (found,)
        if not all(np.shape(v) == t.shape and np.isfinite(v).all() for v, t in zip(beside, self.beside, strict=True)):
            raise Elsewhere
        at = np.asarray(found, float)
        if at.shape != of.form.state.shape or not np.isfinite(at).all():
            raise Elsewhere
        captured = operands[self.starts : self.starts + len(of.form.captured)]
        at, plan = polished(of, at, captured)
        return plan, at, *beside


def asked(function: Callable[..., Any]) -> Callable[..., Any]:
    """A written formula as SciPy calls it: it raises where the formula does not hold."""

    def call(*point: Any) -> Any:
        try:
            value = function(*point)
        except (ValueError, ArithmeticError) as error:
            raise Elsewhere from error
        if value is None:  # the formula does not hold there
            raise Elsewhere
        return value

    return call


def rooted_anew(
    formula: Any, value: Any, again: Again, *, each: bool, fixed: bool = False, near: float | None = None
) -> Any:
    """The root recorded with how it is found; None where that cannot be.

    Parameters
    ----------
    formula : Formula
        The equation at the root.
    again : Again
        How it is found: with further callbacks, and from where.
    each, fixed, near
        As for ``rooted``.
    """
    watch = local.watch
    form = equation_of(formula, each=each, minimum=near is not None)
    forms = [f for f in (form, *map(form_of, again.formulas)) if f is not None]
    functions = [f for f in map(written, forms) if f is not None]
    if watch is None or form is None or len(functions) <= len(again.formulas):
        return None
    if near is not None and any(f.by_math is None for f in forms):
        return None
    if not all(map(gives_what_was_seen, functions[1:], forms[1:], again.formulas, again.seen)):
        return None
    trace = watch.trace
    operands = [*again.starts, *formula.operands(), *[v for f in again.formulas for v in f.operands()]]
    root = root_of(form, each=each, fixed=fixed, near=near)
    try:
        at, plan = polished(root, np.asarray(value, float), formula.plain_operands())
    except (Elsewhere, np.linalg.LinAlgError):
        return None
    if near is not None:
        note_distance(value, at)
    types = tuple([type_of(getattr(s, "value", s)) for s in again.starts])
    key = "found anew", root, tuple(forms), types, again.key, tuple([np.shape(v) for v in again.beside])
    finding = derived(key, lambda: (Finding(root, forms, functions, again), 1))
    plan, at, *again.beside = apply(trace, found_anew, operands, (finding,), (plan, at, *again.beside))
    (found,) = apply(trace, solution, (plan, at, *formula.operands()), (root,), (value,))
    return found


def gives_what_was_seen(function: Callable[..., Any], form: Form, formula: Any, seen: Sequence[Any]) -> bool:
    """Whether a written formula has the numbers, to the last bit, that SciPy was given: where a minimum is found depends on rounding.  A point is a number or array, or a tuple of several."""
    given = as_operands(form, formula.plain_operands())
    with np.errstate(all="ignore"):
        try:
            return all(
                np.array_equal(function(*given, *(t if type(t) is tuple else (t,))), value, equal_nan=True)
                for t, value in seen
            )
        except (ValueError, ArithmeticError, Elsewhere):
            return False


install_roots_anew(rooted_anew)
