r"""``scipy.integrate``'s integrals of functions: quad, dblquad, tplquad, nquad, quad_vec, fixed_quad.

.. math:: \int_a^b f(t, p)\,dt \approx \sum_i w_i f(t_i, p) + \int_{b_0}^b f - \int_{a_0}^a f

SciPy finds the value, from plain values of the function.  Recorded is a sum over the Gauss-Kronrod nodes of SciPy's subintervals, with plain nodes and the function traced; the limits enter by the last
two terms, which are zero in value and have Leibniz' rule as derivative.  The result takes SciPy's value.

Accuracy: derivatives are those of the quadrature formula.  Each subinterval is halved, and halved again until the Gauss and Kronrod sums agree to 1e-12 of the integral of \|f\|; derivatives of smooth integrands are
then right to about 1e-10.  An integrand whose derivative jumps (\|t − p\|) has first derivatives right to about 1e-6; a break point at the jump (``points=``) makes them exact.  An integrand that
jumps itself at a place that depends on p loses the jump's share of the derivative: its value is found by a comparison, as in every traced function.

References
----------
Piessens, de Doncker-Kapenga, Überhuber & Kahaner (1983), QUADPACK; nodes of the 21-point rule from section 2.2.
"""

from __future__ import annotations

import itertools
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.instrument.state import current_trace
from gradwise.tracing.standins.plain_callbacks import Callback, note_choice, traced_leaves
from gradwise.tracing.standins.recording import carries, resolve
from gradwise.tracing.standins.scipy_calling import refuse, with_value
from gradwise.tracing.standins.stacking import assembled, plainly
from gradwise.tracing.traced import TracedArray

if TYPE_CHECKING:
    from collections.abc import Callable

_HALF_NODES = (
    *(0.9956571630258081, 0.9739065285171717, 0.9301574913557082, 0.8650633666889845, 0.7808177265864169),
    *(0.6794095682990244, 0.5627571346686047, 0.4333953941292472, 0.2943928627014602, 0.1488743389816312),
)
_HALF_KRONROD = (
    *(0.011694638867371874, 0.032558162307964725, 0.054755896574351995, 0.07503967481091996, 0.0931254545836976),
    *(0.10938715880229764, 0.12349197626206584, 0.13470921731147333, 0.14277593857706009, 0.14773910490133849),
)
_HALF_GAUSS = (0.06667134430868814, 0.14945134915058059, 0.21908636251598204, 0.26926671930999635, 0.29552422471475287)
NODES = np.array([-n for n in _HALF_NODES] + [0.0] + list(_HALF_NODES[::-1]))
KRONROD = np.array([*_HALF_KRONROD, 0.1494455540029169, *_HALF_KRONROD[::-1]])
GAUSS = np.zeros(21)
GAUSS[1:10:2] = _HALF_GAUSS
GAUSS[11::2] = _HALF_GAUSS[::-1]

#: how far the two sums may be apart, as a part of the integral of |f|; the Kronrod sum alone is nearer to the integral by far
_AGREE = 1e-12
_AGREE_NESTED = 1e-9
_MAXIMAL_PIECES = 400
#: Gauss' five nodes and weights on (0, 1): exact for the derivatives up to the tenth at an interval of length zero
_AT_THE_LIMIT = [
    (0.5 + 0.5 * float(n), 0.5 * float(w)) for n, w in zip(*np.polynomial.legendre.leggauss(5), strict=True)
]


class _Interval:
    """The interval of integration in a finite variable: x(s) and dx/ds, by QUADPACK's transformation where it is infinite."""

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = min(low, high), max(low, high)
        self.sign = -1.0 if high < low else 1.0
        self.infinite = np.isinf(self.low) or np.isinf(self.high)

    def whole(self) -> list[tuple[float, float]]:
        return [(0.0, 1.0)] if self.infinite else [(self.low, self.high)]

    def places(self, s: float) -> list[tuple[float, float]]:
        """The places x that belong to s, and the weight of f there."""
        if not self.infinite:
            return [(s, 1.0)]
        x = (1.0 - s) / s
        if np.isinf(self.low) and np.isinf(self.high):
            return [(x, 1.0 / (s * s)), (-x, 1.0 / (s * s))]
        return [(self.high - x if np.isinf(self.low) else self.low + x, 1.0 / (s * s))]


class _Piece:
    """The function at the nodes of one subinterval."""

    def __init__(self, function: Callable[[float], Any], interval: _Interval, left: float, right: float) -> None:
        self.left, self.right = left, right
        self.values: list[Any] = []
        self.weights: list[float] = []
        half = 0.5 * (right - left)
        kronrod: Any = 0.0
        gauss: Any = 0.0
        size: Any = 0.0
        for node, k, g in zip(NODES.tolist(), KRONROD.tolist(), GAUSS.tolist(), strict=True):
            for x, factor in interval.places(0.5 * (left + right) + half * node):
                value = function(x)
                now = np.asarray(plain(value))
                self.values.append(value)
                self.weights.append(k * half * factor)
                kronrod = kronrod + k * half * factor * now
                gauss = gauss + g * half * factor * now
                size = size + k * half * factor * np.abs(now)
        self.apart = float(np.max(np.abs(kronrod - gauss), initial=0.0))
        self.size = float(np.max(size, initial=0.0))

    def halves(self) -> list[tuple[float, float]]:
        middle = 0.5 * (self.left + self.right)
        return [(self.left, middle), (middle, self.right)]


def _pieces(function: Any, interval: _Interval, places: list[tuple[float, float]], agree: float) -> list[_Piece]:
    """The subintervals, halved where the two sums disagree."""
    done: list[_Piece] = []
    fresh = [_Piece(function, interval, *p) for p in places]
    while fresh:
        size = sum(p.size for p in (*done, *fresh))
        open_ = [p for p in fresh if p.apart > agree * size and _divisible(p)]
        if len(done) + len(fresh) + len(open_) > _MAXIMAL_PIECES:
            return done + fresh
        done.extend([p for p in fresh if p not in open_])
        fresh = [_Piece(function, interval, *h) for p in open_ for h in p.halves()]
    return done


def _divisible(p: _Piece) -> bool:
    middle = 0.5 * (p.left + p.right)
    return bool(p.right - p.left > 1e-13 * max(abs(middle), 1e-6))


def _at_the_limit(function: Any, limit: Any) -> Any:
    """The integral from the plain value of a traced limit to the limit itself: zero, with f(limit) as its derivative."""
    start = float(concrete(limit))
    step = limit - start
    total: Any = 0.0
    try:
        with np.errstate(all="ignore"):
            for node, weight in _AT_THE_LIMIT:
                total = total + step * weight * function(start + step * node)
    except ZeroDivisionError:
        total = np.nan
    if not np.all(np.isfinite(plain(total))):
        raise limit.tape.fail(
            f"the limit {start!r} of an integral is traced, and the integrand is not finite there, which is its derivative. A finite integrand is required. "
            "Substitute the variable, so that the singularity cancels"
        )
    return total


def _integral(function: Any, low: Any, high: Any, places: Any = None, agree: float = _AGREE) -> tuple[Any, float]:
    """The recorded integral between limits that may be traced, and the integral of abs(f)."""
    interval = _Interval(float(plain(low)), float(plain(high)))
    pieces = (
        _pieces(function, interval, interval.whole() if places is None else places, agree)
        if plain(low) != plain(high)
        else []
    )
    values = [v for p in pieces for v in p.values]
    total: Any = 0.0
    if values:
        stacked = assembled(values)
        note_choice(stacked)
        weights = np.array([w for p in pieces for w in p.weights])
        total = np.tensordot(interval.sign * weights, stacked, 1)
    if carries(high) and np.isfinite(plain(high)):
        total = total + _at_the_limit(function, high)
    if carries(low) and np.isfinite(plain(low)):
        total = total - _at_the_limit(function, low)
    return total, sum(p.size for p in pieces)


def _settled(total: Any, size: float, value: Any, error: Any, what: str) -> Any:
    """The recorded sum with SciPy's value; raises where the two are not the same integral."""
    apart = np.max(np.abs(plain(total) - np.asarray(value)), initial=0.0)
    found = traced_leaves(total)
    if found and apart > max(1e-6 * size, 10.0 * float(np.max(error, initial=0.0))):
        raise found[0].tape.fail(
            f"the sum over the nodes of {what} is {plain(total)!r}, and SciPy, which extrapolates, found {value!r}: the integrand is too singular for a derivative of the sum. "
            "Substitute the variable, so that the singularity cancels, or integrate over the singular part in closed form"
        )
    return with_value(total, value)


def _scalar(value: Any) -> Any:
    """What a callback gave, as a number: arrays of one entry are taken for it."""
    return value[(0,) * plain(value).ndim] if type(value) is TracedArray else value


# --- one variable -----------------------------------------------------------------------------------------------------------------


def quad(
    func: Any,
    a: Any,
    b: Any,
    args: Any = (),
    full_output: Any = 0,
    epsabs: Any = 1.49e-8,
    epsrel: Any = 1.49e-8,
    limit: Any = 50,
    points: Any = None,
    weight: Any = None,
    wvar: Any = None,
    wopts: Any = None,
    maxp1: Any = 50,
    limlst: Any = 50,
    complex_func: Any = False,
) -> Any:
    """``scipy.integrate.quad``; limits, arguments and what the function refers to may be traced."""
    settings = (epsabs, epsrel, limit, points, weight, wvar, wopts, maxp1, limlst)
    if current_trace() is None or not callable(func):
        if traced_leaves((a, b)):
            refuse((a, b), "scipy.integrate.quad of a compiled callback", "Write the integrand in Python")
        return scipy.integrate.quad(func, plain(a), plain(b), args, full_output, *settings, complex_func)
    callback = Callback(func, args)
    if complex_func:
        return _complex_quad(callback, a, b, full_output, settings)
    settings = tuple(plainly(s) for s in settings)
    low, high = float(plain(a)), float(plain(b))
    result = scipy.integrate.quad(callback, low, high, (), 1, *settings)
    value, error, found = result[:3]
    if len(result) > 3 and not full_output:
        warnings.warn(result[3], scipy.integrate.IntegrationWarning, stacklevel=2)
    rest = result[1:] if full_output else (error,)
    if not callback.moves and not traced_leaves((a, b)):
        return value, *rest
    if weight is not None:
        refuse(
            (*traced_leaves((a, b)), *([] if callback.trace is None else [_witness(callback)])),
            f"scipy.integrate.quad(weight={weight!r})",
            "Multiply the integrand by the weight instead",
        )

    def function(t: Any) -> Any:
        return _scalar(callback.traced(t))

    last = found["last"]
    places = list(zip(found["alist"][:last].tolist(), found["blist"][:last].tolist(), strict=True))
    halves = [h for p, q in places for h in ((p, 0.5 * (p + q)), (0.5 * (p + q), q))]
    total, size = _integral(function, a, b, halves)
    return _settled(total, size, value, error, "scipy.integrate.quad"), *rest


def _witness(callback: Callback) -> Any:
    """A traced value of the trace on which a callback depends, for an error."""
    trace = callback.trace
    return TracedArray(trace, trace.inputs[0], np.zeros(1))


def _complex_quad(callback: Callback, a: Any, b: Any, full_output: Any, settings: Any) -> Any:
    """The real and the imaginary part one after the other, as SciPy does."""

    def real(t: Any) -> Any:
        return np.real(callback.traced(t))

    def imaginary(t: Any) -> Any:
        return np.imag(callback.traced(t))

    first = quad(real, a, b, (), full_output, *settings)
    second = quad(imaginary, a, b, (), full_output, *settings)
    parts = first[0] + 1j * second[0], first[1] + 1j * second[1]
    return (*parts, {"real": first[2:], "imag": second[2:]}) if full_output else parts


def fixed_quad(func: Any, a: Any, b: Any, args: Any = (), n: int = 5) -> Any:
    """``scipy.integrate.fixed_quad``: Gauss' sum itself, recorded."""
    if current_trace() is None:
        return scipy.integrate.fixed_quad(func, a, b, args, n)
    callback = Callback(func, args)
    value = scipy.integrate.fixed_quad(callback, plain(a), plain(b), (), n)
    if not callback.moves and not traced_leaves((a, b)):
        return value
    x, w = scipy.special.roots_legendre(n)
    y = (b - a) * (np.real(x) + 1) / 2.0 + a
    return with_value((b - a) / 2.0 * np.sum(w * callback.traced(y), axis=-1), value[0]), None


def quad_vec(f: Any, a: Any, b: Any, *rest: Any, args: Any = (), **options: Any) -> Any:
    """``scipy.integrate.quad_vec``."""
    if current_trace() is None:
        return scipy.integrate.quad_vec(f, a, b, *rest, args=args, **options)
    callback = Callback(f, args)
    result = scipy.integrate.quad_vec(callback, plain(a), plain(b), *rest, **options)
    if not callback.moves and not traced_leaves((a, b)):
        return result
    interval = _Interval(float(plain(a)), float(plain(b)))
    breaks = options.get("points", rest[6] if len(rest) > 6 else None)
    total, size = _integral(callback.traced, a, b, _divided(interval, breaks))
    return _settled(total, size, result[0], result[1], "scipy.integrate.quad_vec"), *result[1:]


def _divided(interval: _Interval, breaks: Any) -> list[tuple[float, float]]:
    """The interval, divided at its break points (of a finite interval) or in halves."""
    if interval.infinite:
        return [(0.0, 0.5), (0.5, 1.0)]
    inner = {float(p) for p in (() if breaks is None else plainly(breaks)) if interval.low < p < interval.high}
    inner = inner or {0.5 * (interval.low + interval.high)}
    return list(itertools.pairwise([interval.low, *sorted(inner), interval.high]))


# --- several --------------------------------------------------------------------------------------------------------------------------


def nquad(func: Any, ranges: Any, args: Any = None, opts: Any = None, full_output: Any = False) -> Any:
    """``scipy.integrate.nquad``: integrals of integrals; the limits may be traced, or functions that give traced values."""
    args = () if args is None else args if isinstance(args, tuple) else (args,)
    if current_trace() is None:
        return scipy.integrate.nquad(func, ranges, args, opts, full_output)
    callback = Callback(func, args)
    limits = [Callback(r, args) if callable(r) else r for r in ranges]
    options = [opts] * len(limits) if opts is None or isinstance(opts, dict) or callable(opts) else list(opts)
    plain_options = [_without_weight(Callback(o, args) if callable(o) else o) for o in options]
    plain_limits = [r if callable(r) else plainly(r) for r in limits]
    result = scipy.integrate.nquad(
        callback, plain_limits, None, None if opts is None else plain_options, bool(full_output)
    )
    if not callback.moves and not any(r.moves if isinstance(r, Callback) else traced_leaves(r) for r in limits):
        return result
    depth = len(limits)

    def inner(level: int, outer: tuple[Any, ...]) -> tuple[Any, float]:
        limit = limits[level]
        low, high = limit.traced(*outer) if isinstance(limit, Callback) else limit
        interval = _Interval(float(plain(low)), float(plain(high)))
        option = plain_options[level]
        option = option(*outer) if callable(option) else option
        breaks = (option or {}).get("points")

        def function(t: Any) -> Any:
            if level == 0:
                return _scalar(callback.traced(t, *outer))
            return inner(level - 1, (t, *outer))[0]

        return _integral(function, low, high, None if breaks is None else _divided(interval, breaks), _AGREE_NESTED)

    total, size = inner(depth - 1, ())
    return _settled(total, size, result[0], result[1], "scipy.integrate.nquad"), *result[1:]


def _without_weight(option: Any) -> Any:
    if isinstance(option, dict) and option.get("weight") is not None:
        trace = current_trace()
        assert trace is not None
        raise trace.fail(
            f"scipy.integrate.nquad(weight={option['weight']!r}) was called in a function that is differentiated, and gradwise has no derivative rule for that. "
            "Multiply the integrand by the weight instead"
        )
    return option


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
    "scipy.integrate": {
        "quad": quad,
        "dblquad": dblquad,
        "tplquad": tplquad,
        "nquad": nquad,
        "quad_vec": quad_vec,
        "fixed_quad": fixed_quad,
    }
}
