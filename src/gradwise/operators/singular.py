"""Points at which the chain rule meets 0 · ∞.

The operators hand over what the plain derivative gave.  Unless it holds nan nothing happens.  Where it does:

1. The derivative is run again with strong zeros (``transforms/strong_zeros.py``): a branch not taken, a mask, an entry not read contribute exactly 0.
2. Where eigenvalues repeat, the derivative is put together from several bases of their space (``degenerate.py``).
3. What is still nan stands at a singular point.  Known forms are rewritten (``transforms/smooth_forms.py``), infinite values that stay infinite become constants
   (``infinities.py``), and the derivative is taken of those.
4. What is then still nan is given the limit of the derivative around the point, if all sides that the function lives on agree (``limits.py``).
5. Else ``SingularPointError``, with the line, the value, and what to write instead.

A function that is nan or infinite at the point, or that was given nan or infinity, has no derivative to find: its nan stays.  An infinite derivative (√x at 0) is an
answer and stays as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.execution import build
from gradwise.operators.caches import derived
from gradwise.operators.careful import Request, equivalent, plain_value, run_carefully, values_of
from gradwise.operators.culprits import singular
from gradwise.operators.degenerate import DECOMPOSITIONS, resolved_by_bases
from gradwise.operators.engine import enclosing
from gradwise.operators.infinities import with_held_infinities
from gradwise.operators.kinks import candidates, felt_kinks, holds_nan, is_known, sits_on, warn
from gradwise.operators.limits import Disagreement, limit
from gradwise.operators.prepared import is_outer
from gradwise.operators.turned_bases import refuse_turning
from gradwise.program import Equation, Program

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from gradwise.operators.linearization import Linearization


def resolved_gradient(linearization: Linearization, results: list[Any], cotangents: Sequence[Any]) -> list[Any]:
    """The cotangents of the inputs where the plain chain rule gave nan."""
    if linearization.nested or linearization.doubtful:
        return _checked(linearization, Request("reverse", cotangents), results)
    if not holds_nan(results):
        return results  # the reverse pass itself watches the kinks
    return _resolved(linearization, Request("reverse", cotangents)) if _are_finite(cotangents) else results


def _are_finite(vectors: Sequence[Any]) -> bool:
    """Whether vectors hold no nan and inf, which are the caller's own and go through."""
    return all(v is None or np.all(np.isfinite(plain_value(v))) for v in vectors)


def resolved_tangent(linearization: Linearization, results: list[Any], tangents: Sequence[Any]) -> list[Any]:
    """The tangents of the outputs where the plain chain rule gave nan."""
    return _checked(linearization, Request("forward", tangents), results)


def resolved_hessian(linearization: Linearization, results: list[Any], vectors: Sequence[Any]) -> list[Any]:
    """The products with the Hessian where the plain chain rule gave nan."""
    return _checked(linearization, Request("second", vectors), results)


def resolved_batch(linearization: Linearization, mode: str, results: list[Any], vectors: Sequence[Any]) -> list[Any]:
    """A batch of derivatives (``mode`` "forward", "reverse" or "second") where the plain chain rule gave nan."""
    return _checked(
        linearization, Request(mode, vectors, np.shape(plain_value(vectors[0]))[0] if vectors else None), results
    )


def resolved_line(linearization: Linearization, levels: list[list[Any]], direction: Sequence[Any]) -> list[list[Any]]:
    """Derivatives along a line, by order and leaf, where the plain chain rule gave nan."""
    if len(levels) < 2:
        return levels
    flat = [v for level in levels for v in level]
    found = _checked(linearization, Request("line", direction, order=len(levels) - 1), flat)
    width = len(levels[0])
    return [found[k : k + width] for k in range(0, len(found), width)]


def _checked(linearization: Linearization, request: Request, results: list[Any]) -> list[Any]:
    if holds_nan(results):
        return _resolved(linearization, request) if _are_finite(request.vectors) else results
    if request.kind in ("forward", "line"):
        refuse_turning(linearization)
    found = derived(
        ("kinks", linearization.fingerprint), lambda: ((c := candidates(linearization.program)), 1 + len(c))
    )
    if not found:
        return results
    places = linearization.recording.tape.places
    values = linearization.plain_values([i for _, e in found for i in e.inputs])
    higher = _is_higher(linearization, request)
    on = [k for k, e in found if (higher or not is_known(places[k])) and sits_on(e, values)]
    if not on:
        return results
    if linearization.settle():
        return _checked(linearization, request, results)
    if not higher:
        program = linearization.program
        for place, equation, _ in _felt(
            linearization, program, (), [(places[k], program.equations[k]) for k in on], request
        ):
            warn(equation, place)
        return results
    # the second derivative of |x|² is 2; of the convention |x|' = 0 it would be 0
    program, rewritten = equivalent(linearization)
    if rewritten:
        results = run_carefully(linearization, request, program, rewritten)
        if holds_nan(results):
            return _resolved(linearization, request)
    return _watched(linearization, request, program, rewritten, results)


# --- kinks -----------------------------------------------------------------------------------------------------------------------------


def _watched(
    linearization: Linearization,
    request: Request,
    program: Program,
    rewritten: tuple[Any, ...],
    results: list[Any],
    resolved: Sequence[Any] = (),
) -> list[Any]:
    """The results, with warnings of the kinks that they feel; those of the primitives ``resolved`` were dealt with."""
    values = values_of(linearization, program, rewritten)
    key = ("candidates", rewritten, linearization.fingerprint)
    found = derived(key, lambda: ((c := candidates(program)), 1 + len(c)))
    hits = [(e.location, e) for _, e in found if e.primitive not in resolved and sits_on(e, values)]
    if not _is_higher(linearization, request):
        hits = [hit for hit in hits if not is_known(hit[0])]
    felt = _felt(linearization, program, rewritten, hits, request) if hits else []
    if felt and not any(first for _, _, first in felt) and not _is_nested(linearization, request):
        # the first derivative is smooth enough; a higher one may still have a limit, as cos |x| has
        limits = _limits(
            linearization, request, program, rewritten, results, _higher_entries(linearization, request, results)
        )
        if not isinstance(limits, Disagreement):
            return limits
    for place, equation, _ in felt:
        warn(equation, place)
    return results


def _felt(
    linearization: Linearization, program: Program, rewritten: tuple[Any, ...], hits: list[Any], request: Request
) -> list[tuple[Any, Equation, bool]]:
    def remember(key: Hashable, make: Callable[[], Any]) -> Any:
        return derived(("felt", key, rewritten, linearization.fingerprint), lambda: (make(), 2 * len(program)))

    alone = request.size is None
    given = [plain_value(v) for v in request.vectors]
    order = 2 if request.kind == "second" else request.order
    return felt_kinks(
        program,
        hits,
        values_of(linearization, program, rewritten),
        cotangents=given if request.kind == "reverse" and alone else None,
        tangents=given if request.kind in ("forward", "line") and alone else None,
        order=order + (enclosing() if linearization.nested else 0),
        finite=_is_finite(linearization) and all(np.all(np.isfinite(v)) for v in linearization.recording.values),
        remember=remember,
    )


def _is_higher(linearization: Linearization, request: Request) -> bool:
    """Whether derivatives of the derivative matter."""
    return linearization.nested or request.kind == "second" or request.order > 1


def _is_nested(linearization: Linearization, request: Request) -> bool:
    return linearization.nested or any(is_outer(v) for v in request.vectors)


def _higher_entries(linearization: Linearization, request: Request, results: list[Any]) -> list[np.ndarray | None]:
    """All entries of derivatives of second order and beyond."""
    lower = 2 * len(linearization.recording.values) if request.kind == "line" else 0
    return [None if r is None or k < lower else np.ones(np.shape(r), bool) for k, r in enumerate(results)]


# --- resolution -----------------------------------------------------------------------------------------------------------------------


def _resolved(linearization: Linearization, request: Request) -> list[Any]:
    program: Program = linearization.program
    rewritten: tuple[Any, ...] = ()
    results = run_carefully(linearization, request, program)
    missing = _missing(linearization, request, results)
    if missing is not None and linearization.settle():  # what follows looks at other points too
        return _resolved(linearization, request)
    if missing is not None:
        by_bases = resolved_by_bases(linearization, request, program)
        if by_bases is not None and not holds_nan(by_bases):
            return _watched(linearization, request, program, (), by_bases, resolved=DECOMPOSITIONS)
        smooth, rewritten = equivalent(linearization)
        if rewritten:
            program = smooth
            results = run_carefully(linearization, request, program, rewritten)
            missing = _missing(linearization, request, results)
    if missing is not None:
        held = with_held_infinities(
            linearization, program, lambda moved: values_of(linearization, program, rewritten, moved)
        )
        if held is not None:
            program, rewritten = held[0], (*rewritten, "infinite", *held[1])
            results = run_carefully(linearization, request, program, rewritten)
            missing = _missing(linearization, request, results)
    if missing is not None:
        if _is_nested(linearization, request):
            raise singular(linearization, None, nested=True)
        if request.kind == "second":
            # slopes of the gradient say nothing where there is none: raises if so
            one = np.asarray(linearization.recording.values[0]).dtype.type(1)
            _resolved(linearization, Request("reverse", [one]))
        filled = _limits(linearization, request, program, rewritten, results, missing)
        if isinstance(filled, Disagreement):
            raise singular(linearization, filled)
        results = filled
    return _watched(linearization, request, program, rewritten, results)


def _is_finite(linearization: Linearization) -> bool:
    """Whether the point is."""
    tape = linearization.recording.tape
    return all(np.all(np.isfinite(tape.values[i])) for i in tape.inputs)


def _missing(linearization: Linearization, request: Request, results: list[Any]) -> list[np.ndarray | None] | None:
    """Which entries are nan although the function is finite there; None if no entry is."""
    if not holds_nan(results):
        return None
    if not _is_finite(linearization):
        return None
    finite = [np.isfinite(np.asarray(v)) for v in linearization.recording.values]
    rows: Any = True
    if request.kind in ("reverse", "second"):
        seeds = [plain_value(v) for v in request.vectors] if request.kind == "reverse" else [1.0]
        lead = 0 if request.size is None or request.kind == "second" else 1
        for seed, fine in zip(seeds, finite, strict=True):
            lost = (np.asarray(seed) != 0) & ~fine
            rows = rows & ~lost.any(axis=tuple(range(lead, lost.ndim)))
    masks: list[np.ndarray | None] = []
    for k, r in enumerate(results):
        if r is None:
            masks.append(None)
            continue
        nan = np.isnan(np.asarray(plain_value(r)))
        if request.kind in ("forward", "line"):
            nan = nan & finite[k % len(finite)]
        else:
            keep = np.asarray(rows)
            nan = nan & keep.reshape((*keep.shape, *(1,) * (nan.ndim - keep.ndim)))
        masks.append(nan if nan.any() else None)
    return masks if any(m is not None for m in masks) else None


def _limits(
    linearization: Linearization,
    request: Request,
    program: Program,
    rewritten: tuple[Any, ...],
    results: list[Any],
    missing: list[np.ndarray | None],
) -> list[Any] | Disagreement:
    """The results with the missing entries replaced by the limit of the derivative around the point, or what the sides said if there is none."""
    tape = linearization.recording.tape
    leaves = [tape.values[i] for i in tape.inputs]
    ends = [*program.outputs, *(g.variable for g in program.guards)]
    probe = build(program.equations, program.types, ends, (*program.inputs, *program.captured))

    def evaluate(moved: list[Any]) -> list[Any] | None:
        env: list[Any] = [None] * len(program.types)
        for variable, value in zip(program.inputs, moved, strict=True):
            env[variable] = value
        for variable in program.captured:
            env[variable] = tape.values[variable]
        found = probe.run(env)
        count = len(program.outputs)
        if not all(np.all(np.isfinite(v)) for v in found[:count]):
            return None
        if not all(np.array_equal(v, g.expected) for v, g in zip(found[count:], program.guards, strict=True)):
            # another program runs there, of which nothing is known here
            return [np.full(np.shape(r), np.nan) if r is not None else None for r in results]
        return run_carefully(linearization, request, program, rewritten, moved)

    single = any(np.asarray(x).dtype.itemsize <= (8 if np.iscomplexobj(x) else 4) for x in leaves)
    found = limit(evaluate, leaves, missing, 1e-4 if single else 1e-10)
    if isinstance(found, Disagreement):
        return found
    filled = []
    for r, mask, value in zip(results, missing, found, strict=True):
        if mask is None or value is None:
            filled.append(r)
            continue
        whole = np.array(r)
        with np.errstate(invalid="ignore"):  # what the limit only confirms stays exact
            confirmed = np.abs(whole[mask] - value) <= 1e-8 * (1 + np.abs(value))
        whole[mask] = np.where(confirmed, whole[mask], value)
        filled.append(whole if whole.ndim else whole[()])
    return filled
