"""Special functions of intervals beyond the elementary ones, each by a fact that bounds it, which stands beside it.

The errors in units of the last place are at least twice the largest that was seen against 40 digits, as in ``functions.py``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.geometry.intervals import decisions
from gradwise.geometry.intervals.functions import (
    decreasing,
    in_tails,
    increasing,
    log,
    on_domain,
    root,
    special,
    valley,
)
from gradwise.geometry.intervals.interval import (
    EPS,
    Interval,
    absolute,
    add,
    aligned,
    div,
    down,
    mul,
    neg,
    square,
    sub,
    up,
    widened,
)
from gradwise.rules import series

#: where Γ is least on the positive numbers, and its value there, rounded down
_BOTTOM, _LEAST = 1.4616321449683622, 0.8856031944108886
#: floats on either side of 1/e
_BELOW, _ABOVE = 0.3678794411714423, 0.36787944117144245


def gamma(box: Any, x: Interval) -> Interval:
    """Γ(x) for x > 0: a valley; anything elsewhere, where it has poles."""
    y = valley(special("gamma"), 256, _BOTTOM, _LEAST)(box, x)
    other = ~(x.lo > 0)
    box.rough(other)
    return Interval(np.where(other, -np.inf, y.lo), np.where(other, np.inf, y.hi))


def falls_in_both(name: str, slack: float) -> Any:
    """B(a, b) and its logarithm for a, b > 0: ∂/∂a log B = ψ(a) − ψ(a + b) < 0, as ψ rises."""
    function = special(name)

    def rule(box: Any, a: Interval, b: Interval) -> Interval:
        a, b = aligned(a, b)
        ends = 1 + a.size + b.size  # both are computed from logarithms of gammas, whose size is that of a + b
        y = widened(function(a.hi, b.hi), function(a.lo, b.lo), 64 * ends)
        room = slack * ends
        other = ~((a.lo > 0) & (b.lo > 0))
        box.rough(other)
        return Interval(np.where(other, -np.inf, y.lo - room), np.where(other, np.inf, y.hi + room))

    return rule


def entropy(box: Any, x: Interval) -> Interval:
    """−x log x for x ≥ 0: rises up to 1/e, where it is 1/e, and falls from there."""

    def rule(box: Any, inside: Interval) -> Interval:
        a, b = special("entr")(inside.lo), special("entr")(inside.hi)
        y = widened(np.minimum(a, b), np.maximum(a, b), 8)
        top = (inside.lo <= _ABOVE) & (inside.hi >= _BELOW)
        return Interval(y.lo, np.where(top, _ABOVE, y.hi))

    return on_domain(rule, 0.0, np.inf)(box, x)


def relative_entropy(box: Any, x: Interval, z: Interval) -> Interval:
    """The product x log(x/z) as −(−x log x) − x log z."""
    return sub(neg(entropy(box, x)), mul(x, log(box, z)))


def divergence(box: Any, x: Interval, z: Interval) -> Interval:
    """The sum x log(x/z) − x + z."""
    return add(sub(relative_entropy(box, x, z), x), z)


def xlog1py(box: Any, x: Interval, z: Interval) -> Interval:
    """The product x log(1 + z)."""
    return mul(x, on_domain(increasing(np.log1p), -1.0, np.inf)(box, z))


def _rising_loss(value: Any) -> Any:
    """A loss of (δ, r) for δ > 0 that rises with |r| and with δ, from ``value(box, δ, |r|)`` at points."""

    def rule(box: Any, d: Interval, r: Interval) -> Interval:
        d, size = aligned(d, absolute(r))
        other = ~(d.lo > 0)
        box.rough(other)
        least = value(box, Interval(d.lo, d.lo), Interval(size.lo, size.lo)).lo
        most = value(box, Interval(d.hi, d.hi), Interval(size.hi, size.hi)).hi
        return Interval(np.where(other, -np.inf, np.maximum(least, 0.0)), np.where(other, np.inf, most))

    return rule


def _huber(box: Any, d: Interval, r: Interval) -> Interval:
    """The integral of min(r, δ)."""
    value = special("huber")(d.lo, r.lo)
    return widened(value, value, 64)


def _pseudo_huber(box: Any, d: Interval, r: Interval) -> Interval:
    """The integral of r/√(1 + (r/δ)²), which is r²/(1 + √(1 + (r/δ)²)); SciPy's loses digits where r is small."""
    one = Interval.point(1.0)
    return div(square(r), add(one, root(box, add(one, square(div(r, d)[0])))))[0]


def bessel(order: Any = None) -> Any:
    """J of a whole order: |J| ≤ 1 and |J′| = |J₋ − J₊|/2 ≤ 1 (DLMF 10.14.1), so that it stays near its value in the middle."""

    def rule(box: Any, *operands: Interval) -> Interval:
        *orders, x = operands
        n = order if order is not None else _whole(orders[0])
        middle = x.mid
        value = special("jv")(n, middle)
        room = up(np.maximum(x.hi - middle, middle - x.lo)) + 4e-15 * (1 + np.abs(middle) * 1e-3)
        known = np.isfinite(value) & (x.size < 1e6)
        return Interval(
            np.where(known, np.maximum(down(value - room), -1.0), -1.0),
            np.where(known, np.minimum(up(value + room), 1.0), 1.0),
        )

    return rule


def modified_bessel(order: Any = None) -> Any:
    """I of a whole order n: a power series in x with positive coefficients, even or odd as n is, that rises with |x|."""

    def rule(box: Any, *operands: Interval) -> Interval:
        *orders, x = operands
        n = abs(order if order is not None else _whole(orders[0]))
        if n % 2:
            return widened(special("iv")(n, x.lo), special("iv")(n, x.hi), 64)
        size = absolute(x)
        return widened(special("iv")(n, size.lo), special("iv")(n, size.hi), 64, 0.0)

    return rule


def _whole(order: Interval) -> int:
    if not decisions.clear(order) or order.lo.size != 1 or float(order.lo.ravel()[0]) % 1:
        raise decisions.OutOfReachError("there is an interval rule for Bessel functions of one whole order only")
    n = int(order.lo.ravel()[0])
    if abs(n) > 60:
        raise decisions.OutOfReachError("there is an interval rule for Bessel functions of orders up to 60 only")
    return n


def sinc_derivative(box: Any, x: Interval, n: int) -> Interval:
    """The n-th derivative of sin(πx)/(πx), which is ∫ cos(πxt) dt over [0, 1]: at most πⁿ/(n + 1), and so is its slope with n + 1 for n."""
    if n > 3:
        raise decisions.OutOfReachError("there is an interval rule for the first three derivatives of sinc only")
    middle = x.mid
    value = series.sinc(middle, n)
    most = np.pi**n / (n + 1) * (1 + 64 * EPS)
    reach = up(np.maximum(x.hi - middle, middle - x.lo)) * (np.pi ** (n + 1) / (n + 2)) * (1 + 64 * EPS)
    reach = up(reach + most * 256 * EPS * (1 + np.abs(middle)))
    known = np.isfinite(value) & np.isfinite(reach)
    return Interval(
        np.where(known, np.maximum(down(value - reach), -most), -most),
        np.where(known, np.minimum(up(value + reach), most), most),
    )


def _slope(function: Any, n: int) -> Any:
    return lambda x: function(np.asarray(x, dtype=float), n)


def exprel_derivative(box: Any, x: Interval, n: int) -> Interval:
    """The n-th derivative of (eˣ − 1)/x, the integral of tⁿ e^(tx) over [0, 1]: positive, and rises."""
    return increasing(_slope(series.exprel, n), 256, 0.0)(box, x)


#: rows of the table in ``rules.py``
SPECIAL: dict[str, Any] = {
    "erfi": increasing(special("erfi"), in_tails(64, 2)),
    "erfinv": on_domain(increasing(special("erfinv"), 64), -1.0, 1.0),
    "erfcinv": on_domain(decreasing(special("erfcinv"), 64), 0.0, 2.0),
    "ndtri": on_domain(increasing(special("ndtri"), 64), 0.0, 1.0),
    # h = φ/Φ falls: h′ = −h(x + h), and 0 < h(x + h) < 1, one less the variance of a normal variable cut off at x
    "inverse_mills": decreasing(_slope(series.inverse_mills, 0), in_tails(64, 2), 0.0),
    "mills_gap": increasing(_slope(series.inverse_mills, 1), in_tails(1024, 2), 0.0),
    "gamma": gamma,
    "beta": falls_in_both("beta", 0.0),
    "betaln": falls_in_both("betaln", 64 * EPS),
    "entr": entropy,
    "rel_entr": relative_entropy,
    "kl_div": divergence,
    "xlog1py": xlog1py,
    "huber": _rising_loss(_huber),
    "pseudo_huber": _rising_loss(_pseudo_huber),
    "j0": bessel(0),
    "j1": bessel(1),
    "jv": bessel(),
    "i1": modified_bessel(1),
    "iv": modified_bessel(),
    "sinc_derivative": sinc_derivative,
    "exprel": increasing(special("exprel"), 32, 0.0),
    "exprel_derivative": exprel_derivative,
}
