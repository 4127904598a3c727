"""Where f is finite: the largest step on each side below which it has values."""

from __future__ import annotations

import math
from collections.abc import Generator

from gradwise.numerical.ladder import LEVELS, PROBE
from gradwise.numerical.line import INF
from gradwise.numerical.samples import Request, Samples


def finite_octave(samples: Samples, side: int, octave: int) -> Generator[Request, list[float], int | None]:
    """Return the largest octave, at most `octave`, at and below which f is finite on this side; None if it never is."""
    line = samples.line
    room = line.right if side > 0 else line.left
    seen, h = samples.values, math.ldexp(side, octave)
    if math.isfinite(
        sum([0.25 * seen[t] for t in (h, 0.5 * h, 0.25 * h, 0.125 * h, side * samples.near(octave + PROBE))])
    ):
        return octave
    known = [octave - k for k in range(LEVELS)]
    known.append(octave + PROBE)
    yield from samples.sample_octaves(known[-1:], (side,))
    floor = samples.floor
    if room < INF:
        if room < math.ldexp(1.0, floor + 1):
            return None
        limit = math.frexp(room)[1] - 1  # 2**limit <= room
        if limit < octave:
            probes = sorted({limit, min(limit, octave + PROBE)})
            yield from samples.sample_octaves(probes, (side,))
            if all(samples.finite(k, side) for k in probes):
                return limit
    good, bad = None, octave
    for k in known:
        if not samples.finite(k, side):
            good, bad = None, k
        elif good is None:
            good = k
    if good is None:
        yield from samples.sample_octaves([floor], (side,))
        if not samples.finite(floor, side):
            return None
        good = floor
    while bad - good > 1:
        middle = (bad + good) // 2
        yield from samples.sample_octaves([middle], (side,))
        if samples.finite(middle, side):
            good = middle
        else:
            bad = middle
    return good
