"""The complex step along one line: asked for, checked by a real pair, and repeated beside x for what rounding does to it."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
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
from gradwise.numerical.samples import Request
from gradwise.numerical.status import Status

if TYPE_CHECKING:
    from gradwise.numerical.search import Search


def by_complex_step(
    search: Search, ask_complex: Callable[[list[complex]], list[complex] | None]
) -> Generator[Request, list, Outcome | None]:
    """Return the outcome of the complex step where a real pair confirms it, else None; what it has found stays with the search."""
    samples = search.samples
    line = samples.line
    exponent = math.frexp(line.scale if line.scale > SMALL else 1.0)[1]
    tiny = math.ldexp(1.0, exponent + TINY)
    near, slope, again = 0.0, 0.0, complex(0.0)
    for growth in GROWTHS:
        h = samples.near(exponent + CHECK + growth)
        if h > line.left or h > line.right:
            return None
        first = growth == 0
        if first:
            again = beside(line, tiny, REPEATS[0])
        answers = ask_complex([complex(0.0, tiny), complex(0.0, h), again] if first else [complex(0.0, h)])
        if answers is None:
            return None
        if first:
            near, slope = answers[0].imag, answers[2].imag / again.imag
            if not math.isfinite(near + slope):
                return None
        far = answers[1] if first else answers[0]
        yield from samples.sample([h, -h])
        plus, minus = samples.values[h], samples.values[-h]
        if not (math.isfinite(plus) and math.isfinite(minus)):
            return None
        value, error, accepted, blind = judge_complex(
            tiny, near, h, far.real, far.imag, samples.f0, (plus, minus), line.scale, line.unit, max, min
        )
        bend = 2 * ((samples.f0 - far.real) / h) / h
        off = abs(slope - again.real * bend - value)
        lossy = off > LOSSY * error
        if lossy and accepted and not blind:
            value, error = four_slopes(ask_complex, line, tiny, bend, [value, slope - again.real * bend])
            accepted = error < INF
        search.complex_value, search.complex_error = value, error + APART * off
        if accepted and not blind:
            error = error if lossy else search.complex_error
            return Outcome(value, error, Status.OK, 0.0, value, value, line.unit * abs(samples.f0))
        if not accepted:
            search.checked = h if growth == 0 else 0.0
            return None
    return None
