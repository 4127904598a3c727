"""Kinks that the last steps of a path jump to and fro over.

across_kink : (objective, trace)  →  Cause, found by halving a step along which the gradient jumps
"""

from __future__ import annotations

import numpy as np

from gradwise.descent.cause import Cause
from gradwise.descent.lengths import length
from gradwise.descent.objective import Objective
from gradwise.descent.trace import Trace

#: halvings of a step within which a smooth gradient changes less and less
_HALVINGS = 30


def across_kink(objective: Objective, trace: Trace, *, searches: bool = False) -> Cause | None:
    """The cause where steps jump to and fro over a kink: f and ‖g‖ stopped falling, and along a step the gradient jumps."""
    count = len(trace)
    if objective.batches is not None or count < 16 or len(trace.x) < count:
        return None
    half, late = trace.fun[: count // 2], slice(count - count // 4 - 1, count - 1)
    norms, least = trace.gradient_length[late], float(np.min(half))
    with np.errstate(all="ignore"):
        fell = least - float(np.min(trace.fun[late])) > 0.01 * (float(trace.fun[0]) - least)
        if fell or not np.min(norms) > 0.1 * np.max(norms):
            return None
        after = trace.gradient_length[late.start + 1 : count]
        changes = (
            np.sqrt(np.maximum(norms**2 + after**2 - 2 * norms * after * trace.cosine[late], 0)) / trace.step[late]
        )
    k = late.start + int(np.argmax(np.nan_to_num(changes, nan=0.0, posinf=0.0)))
    a, b = trace.points[k], trace.points[k + 1]
    here, there = objective.try_evaluate(a), objective.try_evaluate(b)
    first = jump = 0.0
    for _ in range(_HALVINGS):
        middle = (a + (b - a) / 2).astype(a.dtype)
        between = objective.try_evaluate(middle)
        if here is None or there is None or between is None:
            return None
        jump = length(there[1] - here[1])
        first = first or jump
        if not jump > 0.3 * max(first, 0.3 * length(here[1])):
            return None
        if length(between[1] - here[1]) >= length(there[1] - between[1]):
            b, there = middle, between
        else:
            a, here = middle, between
    seen = f"f has a kink that step {k} passes: the gradient changes by {jump:.3g} within {length(b - a):.1g}."
    if searches:
        return Cause(
            "kink",
            f"{seen} The method's model of f does not hold across it, and its steps get nowhere. Round the kink off, as np.sqrt(x**2 + 1e-8) does abs(x), "
            f"or take a given learning rate that falls.",
        )
    rate = trace.learning_rate[late]
    if np.all(np.isfinite(rate)) and rate[-1] < 0.5 * trace.learning_rate[0]:
        return Cause(
            "kink",
            f"{seen} Steps jump to and fro over it and come as near to it as they are short; the rate has fallen to {rate[-1]:.3g}. More steps of a falling rate come nearer, "
            f"or round the kink off, as np.sqrt(x**2 + 1e-8) does abs(x).",
        )
    return Cause(
        "kink",
        f"{seen} Steps of this rate jump to and fro over it, and no fixed rate ends there. "
        f"Let the rate fall, as learning_rate=lambda k: {trace.learning_rate[k]:.3g} / (1 + k / 10), or round the kink off, as np.sqrt(x**2 + 1e-8) does abs(x).",
    )
