"""The judgement of `ladder` on one line, in plain floats.

The formulas are those of `ladder.judge_ladder`, which are explained there, in an order that ends as soon as the answer is
known.  A test holds the two together.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradwise.numerical.ladder import AMPLIFICATION, EVEN, NAN, PRECISION, SURE

Judged = tuple[float, float, bool, float, bool, bool]


def judge_line(
    h: float,
    right: Sequence[float],
    left: Sequence[float],
    f0: float,
    unit: float,
    scale: float,
    v: float,
    limit: float = PRECISION,
) -> Judged:
    """Return (value, error, accepted, η, coarse, bent) as `ladder.judge_ladder` does; value and error are meant where it is accepted."""
    p0, p1, p2, p3, plus = right
    m0, m1, m2, m3, minus = left
    if p0 == f0 == m0 and plus == f0 == minus and p3 == f0 == m3 and p1 == f0 == m1 and p2 == f0 == m2:
        return NAN, NAN, False, 0.0, False, False  # it does not move: larger steps tell more
    h3 = 0.125 * h
    eta = max(abs(f0), abs(p3), abs(m3), 0.25 * abs(p0), 0.25 * abs(m0)) * unit + 5e-324
    s3, s2, s1 = (p3 - f0) + (m3 - f0), 0.25 * ((p2 - f0) + (m2 - f0)), 0.0625 * ((p1 - f0) + (m1 - f0))
    ratio = v / h3
    shrink, eta8 = ratio * ratio, 8 * eta
    bend = abs((plus - f0) + (minus - f0) - shrink * (4 * s3 - s2) / 3)
    near, middle = s3 - s2, s2 - s1
    turn = abs(near)
    if not (bend <= eta8 + shrink * (turn + eta8) and turn <= EVEN * abs(middle) + eta8):
        return NAN, NAN, False, eta, False, False

    a0, a1, a2, a3 = (p0 - m0) / (2 * h), (p1 - m1) / h, (p2 - m2) / (0.5 * h), (p3 - m3) / (0.25 * h)
    b0, b1, b2 = (4 * a1 - a0) / 3, (4 * a2 - a1) / 3, (4 * a3 - a2) / 3
    c0, c1 = (16 * b1 - b0) / 15, (16 * b2 - b1) / 15
    d0 = (64 * c1 - c0) / 63
    rounding = AMPLIFICATION * eta / h3
    change1, change2, change3, magnitude = abs(b2 - a3), abs(c1 - b2), abs(d0 - c1), abs(d0)
    if not change3 <= 1e-2 * magnitude + 64 * rounding:
        return NAN, NAN, False, eta, False, False
    most = limit * unit
    if not rounding <= min(SURE, most) * magnitude and not abs(a0 - d0) > 4 * (eta / h + rounding):
        return NAN, NAN, False, eta, False, False

    tiny = rounding * 0.05 + 1e-320
    ratio21, twice = change2 / (change1 + tiny), 2 * v
    truncation = max(change3, 0.4 * change2 * ratio21) * (4 * max(change3 / (change2 + tiny), 4 * ratio21) + 2e-3) * 4
    drift = abs((plus - minus) - twice * (d0 + shrink * (a3 - d0)))
    allowed = 6 * eta + 4 * unit * scale * magnitude + twice * shrink * change1
    if not truncation <= 3 * rounding + limit / 1024 * unit * magnitude:
        return NAN, NAN, False, eta, drift <= allowed + twice * truncation, False
    if not drift <= allowed:
        return NAN, NAN, False, eta, False, False
    lost = max(1.0, max(0.6 * bend, 0.8 * drift) / eta)
    error = 2 * truncation + 3 * rounding * lost + unit * magnitude * (2 + 1.5 * scale / h3)
    if 12 * change2 + 6 * rounding >= change1:
        error += 2 * change1
    if change3 * (change1 + tiny) > 8 * change2 * change2:
        error += 64 * change3
    gap = abs(near - 0.25 * middle)
    bent = gap > 0.7 * abs(middle - 0.25 * (s1 - 0.015625 * ((p0 - f0) + (m0 - f0)))) + eta8
    if bent:
        error += 1.25 * gap / h3
    return d0, error, True, eta, False, bent
