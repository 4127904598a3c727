"""The claim with its sums along another axis, or with a sum where it has a single value."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from gradwise.checking.evidence import Evidence, Finding
from gradwise.checking.hypotheses.replays import Replay, everywhere, values
from gradwise.checking.vocabulary import Cause
from gradwise.program import Equation


def not_summed(evidence: Evidence, found: list[Replay], deadline: float) -> list[Finding]:
    """A value stands where its sum along an axis belongs."""
    first = found[0]
    for v in [*values(first), *first.program.inputs]:
        for axis in range(np.ndim(first.env[v])):
            if time.perf_counter() > deadline or np.shape(first.env[v])[axis] < 2:
                continue

            def total(r: Replay, v: int = v, axis: int = axis) -> Any:
                value = np.asarray(r.env[v])
                return np.broadcast_to(value.sum(axis=axis, keepdims=True), value.shape)

            if everywhere(found, v, total):
                say = f"the claim is right with {first.formula(v)} summed over axis {axis}{first.line(v)}"
                return [Finding(Cause.BROADCAST, say, 26.0), Finding(Cause.WRONG_AXIS, say, 26.1)]
    return []


def other_axis(evidence: Evidence, found: list[Replay], deadline: float) -> list[Finding]:
    """Reductions of the claim run along the wrong axis: all of one axis, or one of them."""
    first = found[0]
    equations = first.program.equations
    reductions = [
        k
        for k, e in enumerate(equations)
        if e.primitive.params[:1] == ("axes",)
        and isinstance(e.params[0], tuple)
        and e.primitive.name not in ("transpose", "flip")
    ]
    groups: dict[frozenset[int], tuple[int, ...]] = {}
    for axes in dict.fromkeys(equations[k].params[0] for k in reductions):
        same = [k for k in reductions if equations[k].params[0] == axes]
        groups.setdefault(frozenset(same), axes)
        for k in same[:8]:
            groups.setdefault(frozenset([k]), axes)
    for chosen, axes in groups.items():
        for new in ((0,), (1,), (2,), (0, 1)):
            if new == axes or time.perf_counter() > deadline:
                continue
            for keep in (False, True):
                if all(r.fits(_rewritten(r, equations, chosen, new, keep)) for r in found):
                    line = first.line(equations[min(chosen)].output_tuple[0])
                    old, other = (a[0] if len(a) == 1 else a for a in (axes, new))
                    say = f"the claim is right with axis={other} where it has axis={old}{line}"
                    return [Finding(Cause.WRONG_AXIS, say, 14.2)]
    return []


def _rewritten(
    replay: Replay, equations: list[Equation], chosen: frozenset[int], new: tuple[int, ...], keep: bool
) -> np.ndarray | None:
    """The claim with the chosen reductions along another axis, and with their dimensions kept or as they are."""
    changed = []
    for k, e in enumerate(equations):
        if k in chosen:
            params = (new, *e.params[1:])
            if keep and len(params) > 1 and params[1] is False:
                params = (new, True, *params[2:])
            e = Equation(e.primitive, e.inputs, params, e.outputs, e.location)
        changed.append(e)
    return replay.rewritten(changed)
