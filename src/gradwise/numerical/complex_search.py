"""The complex step along one line: asked for, checked by a real pair, and repeated beside x for what rounding does to it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from gradwise.numerical.complex_step import (
    APART,
    CHECK,
    GROWTHS,
    LOSSY,
    REPEATS,
    TINY,
    beside,
    four_slopes,
    judge_complex,
)
from gradwise.numerical.line import INF, SMALL, Outcome
from gradwise.numerical.status import Status

if TYPE_CHECKING:
    from gradwise.numerical.search import Search


def by_complex_step(search: Search, ask: Callable[[list[complex]], list[complex] | None]) -> Outcome | None:
    """Return the outcome of the complex step where a real pair confirms it, else None; what it has found stays with the search.

    `ask` returns f(x + t) for a list of complex steps, None where f takes no complex numbers; the samples ask f for real ones themselves.
    """
    samples = search.samples
    line, values, f0 = samples.line, samples.values, samples.f0
    exponent = math.frexp(line.scale)[1] if line.scale > SMALL else 1
    tiny = math.ldexp(1.0, exponent + TINY)
    again = beside(line, tiny, REPEATS[0])
    near = slope = 0.0
    for growth in GROWTHS:
        h = samples.near(exponent + CHECK + growth)
        if h > line.left or h > line.right:
            return None
        answers = ask([complex(0.0, h)] if growth else [complex(0.0, tiny), complex(0.0, h), again])
        if answers is None:
            return None
        far = answers[0]
        if growth == 0:
            first, far, beyond = answers
            near, slope = first.imag, beyond.imag / again.imag
            if not math.isfinite(near + slope):
                return None
        samples.sample((h, -h))
        pair = values[h], values[-h]
        if not (math.isfinite(pair[0]) and math.isfinite(pair[1])):
            return None
        value, error, accepted, blind = judge_complex(
            tiny, near, h, far.real, far.imag, f0, pair, line.scale, line.unit, max, min
        )
        bend = 2 * ((f0 - far.real) / h) / h
        slope_here = slope - again.real * bend
        off = abs(slope_here - value)
        lossy = off > LOSSY * error
        if lossy and accepted and not blind:
            value, error = four_slopes(ask, line, tiny, bend, [value, slope_here])
            accepted = error < INF
        search.complex_value, search.complex_error = value, error + APART * off
        if accepted and not blind:
            error = error if lossy else search.complex_error
            return Outcome(value, error, Status.OK, 0.0, value, value, line.unit * abs(f0))
        if not accepted:
            search.checked = 0.0 if growth else h
            return None
    return None
