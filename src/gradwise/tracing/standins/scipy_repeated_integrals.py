"""``scipy.integrate``'s integrals over several variables: nquad, dblquad, tplquad.

Each is an integral of integrals, recorded from the inside as those of one variable are (``scipy_quadrature.py``).  An inner integral goes over to another branch where the border of its integrand comes in through one of its limits.  So the
outer ones are divided where the integrand switches *at the inner limits*: there it decides by the outer variable alone, too.  The place of a closed curve of switches, which comes in through none, is not found: that raises.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.instrument.state import current_trace
from gradwise.tracing.kronrod_nodes import AGREE_NESTED, Interval
from gradwise.tracing.standins.divided_integrals import in_pieces
from gradwise.tracing.standins.left_behind import as_often_as_called, left
from gradwise.tracing.standins.plain_callbacks import Callback, Switches, traced_leaves
from gradwise.tracing.standins.recording import resolve
from gradwise.tracing.standins.scipy_quadrature import divided_at, integral, scalar, settled
from gradwise.tracing.standins.scipy_roots import unpacked
from gradwise.tracing.standins.solution_jumps import refuse_moving_jumps_inside
from gradwise.tracing.standins.stacking import plainly
from gradwise.tracing.standins.weighted_integrands import without_weight

if TYPE_CHECKING:
    from collections.abc import Callable

#: where an integrand of several variables is asked on which side of its borders it is, in an interval of length one
_LOOKED = np.linspace(0, 1, 43)[1:-1].tolist()


@as_often_as_called
def nquad(func: Any, ranges: Any, args: Any = None, opts: Any = None, full_output: Any = False) -> Any:
    """``scipy.integrate.nquad``: integrals of integrals; the limits may be traced, or functions that give traced values."""
    args = () if args is None else unpacked(args)
    if current_trace() is None:
        return scipy.integrate.nquad(func, ranges, args, opts, full_output)
    callback = Callback(func, args)
    callback.several, switches = [], Switches()
    limits = [Callback(r, args) if callable(r) else r for r in ranges]
    options = [opts] * len(limits) if opts is None or isinstance(opts, dict) or callable(opts) else list(opts)
    plain_options = [without_weight(Callback(o, args) if callable(o) else o) for o in options]
    plain_limits = [r if callable(r) else plainly(r) for r in limits]
    result = scipy.integrate.nquad(
        callback, plain_limits, None, None if opts is None else plain_options, bool(full_output)
    )
    left(func, ranges, args, opts)
    kinks, turns = switches.kinks(), switches.seen()
    moves = callback.moves or any(r.moves if isinstance(r, Callback) else traced_leaves(r) for r in limits)
    if not moves and not kinks:
        return result
    #: how many borders integrals over the first, second, … variable have; -1 where they cannot be asked
    counted: list[tuple[int, int]] = []
    depth = len(limits)

    def count(level: int, borders: int | None) -> None:
        if borders is None:
            _refuse_curves()
        else:
            counted.append((level, borders))

    def part(function: Any, low: Any, high: Any, _: Any = None, breaks: Any = None) -> tuple[Any, float]:
        start = len(counted)
        found = integral(function, low, high, breaks, AGREE_NESTED)
        inside = counted[start:]
        # between two borders of an outer variable those of the inner ones are as many everywhere: a closed one begins at none that is known
        if any(len({n for at, n in inside if at == level and n != -1}) > 1 for level in range(depth - 1)):
            _refuse_curves()
        return found

    def ends(level: int, outer: tuple[Any, ...]) -> Any:
        limit = limits[level]
        return limit.traced(*outer) if isinstance(limit, Callback) else limit

    def deciding(level: int, point: tuple[Any, ...]) -> Any:
        """What goes over to another branch where the integral over the first variables does: the limits, and the integrand there, through which its borders come in."""
        if level == 0:
            return scalar(callback.traced(*point))
        total: Any = 0.0
        found = [e for e in ends(level - 1, point) if np.isfinite(plain(e))]
        for end in found or [0.0]:
            total = total + end + deciding(level - 1, (end, *point))
        return total

    def inner(level: int, outer: tuple[Any, ...]) -> tuple[Any, float]:
        low, high = ends(level, outer)
        interval = Interval(float(plain(low)), float(plain(high)))
        option = plain_options[level]
        option = option(*outer) if callable(option) else option
        breaks = (option or {}).get("points")

        def function(t: Any) -> Any:
            return deciding(0, (t, *outer)) if level == 0 else inner(level - 1, (t, *outer))[0]

        divided = None
        if kinks and not interval.infinite:
            nodes = [(interval.low + x * (interval.high - interval.low), None) for x in _LOOKED]
            decides = (lambda t: deciding(level, (t, *outer))) if level else None
            counting = functools.partial(count, level)
            divided = in_pieces("scipy.integrate.nquad", function, low, high, nodes, part, decides, counting)
        return divided or part(function, low, high, breaks=None if breaks is None else divided_at(interval, breaks))

    total, size = inner(depth - 1, ())
    if turns and any(n == -1 for _, n in counted):
        refuse_moving_jumps_inside("scipy.integrate.nquad", callback)
    callback.several = None
    if not traced_leaves(total):
        return result
    return settled(total, size, result[0], result[1], "scipy.integrate.nquad"), *result[1:]


def _refuse_curves() -> None:
    trace = current_trace()
    assert trace is not None
    raise trace.fail(
        "scipy.integrate.nquad was called for an integrand that goes over to another branch along a curve which begins and ends inside of the domain, and its derivative has a share of that curve. "
        "A curve that divides the domain is required. Give the curve as a limit of the inner integral; method='numerical' takes differences as it is"
    )


def dblquad(
    func: Any, a: Any, b: Any, gfun: Any, hfun: Any, args: Any = (), epsabs: Any = 1.49e-8, epsrel: Any = 1.49e-8
) -> Any:
    """``scipy.integrate.dblquad``."""
    if current_trace() is None:
        return scipy.integrate.dblquad(func, a, b, gfun, hfun, args, epsabs, epsrel)
    low, high = _bound(gfun, 1), _bound(hfun, 1)
    ranges = [lambda *x: [low(*x), high(*x)], [a, b]]
    return nquad(func, ranges, args, {"epsabs": epsabs, "epsrel": epsrel})


def tplquad(
    func: Any,
    a: Any,
    b: Any,
    gfun: Any,
    hfun: Any,
    qfun: Any,
    rfun: Any,
    args: Any = (),
    epsabs: Any = 1.49e-8,
    epsrel: Any = 1.49e-8,
) -> Any:
    """``scipy.integrate.tplquad``."""
    if current_trace() is None:
        return scipy.integrate.tplquad(func, a, b, gfun, hfun, qfun, rfun, args, epsabs, epsrel)
    low, high, first, last = _bound(gfun, 1), _bound(hfun, 1), _bound(qfun, 2), _bound(rfun, 2)
    # the functions of two variables are given (x, y), the ranges (y, x)
    ranges = [lambda y, x, *_: [first(x, y), last(x, y)], lambda *x: [low(*x), high(*x)], [a, b]]
    return nquad(func, ranges, args, {"epsabs": epsabs, "epsrel": epsrel})


def _bound(limit: Any, count: int) -> Callable[..., Any]:
    """A limit as a function of the outer variables; further arguments are not handed to it."""
    called = resolve(limit) if callable(limit) else None
    return lambda *outer: limit if called is None else called(*outer[:count])


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "scipy.integrate": {"dblquad": dblquad, "tplquad": tplquad, "nquad": nquad}
}
