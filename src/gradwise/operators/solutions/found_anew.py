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
from gradwise.tracing.instrument.state import local
from gradwise.tracing.roots import install_roots_anew

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradwise.tracing.standins.again import Again


class Finding:
    """The callee: (starts, what the equation and the other callbacks captured) → plan, root."""

    def __init__(self, of: Root, forms: list[Form], functions: list[Callable[..., Any]], again: Again) -> None:
        self.of, self.forms, self.functions = of, forms, functions
        self.starts, self.solve = len(again.starts), again.solve
        self.results: tuple[ArrayType, ...] = (of.plan, of.form.state)

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
        at = np.asarray(found, float)
        if at.shape != of.form.state.shape or not np.isfinite(at).all():
            raise Elsewhere
        captured = operands[self.starts : self.starts + len(of.form.captured)]
        at, plan = polished(of.form, at, captured, each=of.each, fixed=of.fixed)
        return plan, at


def asked(function: Callable[..., Any]) -> Callable[..., Any]:
    """A written formula as SciPy calls it: it raises where the formula does not hold."""

    def call(t: Any) -> Any:
        value = function(t)
        if value is None:  # the formula does not hold there
            raise Elsewhere
        return value

    return call


def rooted_anew(formula: Any, value: Any, again: Again, *, each: bool, fixed: bool = False) -> Any:
    """The root recorded with how it is found; None where that cannot be.

    Parameters
    ----------
    formula : Formula
        The equation at the root.
    again : Again
        How it is found: with further callbacks, and from where.
    each, fixed : bool
        As for ``rooted``.
    """
    watch = local.watch
    form = equation_of(formula, each=each)
    forms = [f for f in (form, *map(form_of, again.formulas)) if f is not None]
    functions = [f for f in map(written, forms) if f is not None]
    if watch is None or form is None or len(functions) <= len(again.formulas):
        return None
    trace = watch.trace
    operands = [*again.starts, *formula.operands(), *[v for f in again.formulas for v in f.operands()]]
    try:
        at, plan = polished(form, np.asarray(value, float), formula.plain_operands(), each=each, fixed=fixed)
    except (Elsewhere, np.linalg.LinAlgError):
        return None
    root = root_of(form, each=each, fixed=fixed)
    types = tuple([type_of(getattr(s, "value", s)) for s in again.starts])
    key = "found anew", root, tuple(forms), types, again.key
    finding = derived(key, lambda: (Finding(root, forms, functions, again), 1))
    plan, at = apply(trace, found_anew, operands, (finding,), (plan, at))
    (found,) = apply(trace, solution, (plan, at, *formula.operands()), (root,), (value,))
    return found


install_roots_anew(rooted_anew)
