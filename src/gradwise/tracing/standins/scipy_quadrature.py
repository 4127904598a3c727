r"""``scipy.integrate``'s integrals of functions of one variable: quad, quad_vec, fixed_quad.

.. math:: \int_a^b f(t, p)\,dt \approx \sum_i w_i f(t_i, p) + \int_{b_0}^b f - \int_{a_0}^a f

SciPy finds the value, from plain values of the function.  Recorded is a sum over the Gauss-Kronrod nodes of SciPy's subintervals, with plain nodes and the function traced; the limits enter by the last
two terms, which are zero in value and have Leibniz' rule as derivative.  The result takes SciPy's value.

Where the integrand ends like a square root at a limit that moves, the nodes beside it move too (``root_ends.py``).

Accuracy: derivatives are those of the quadrature formula.  Each subinterval is halved, and halved again until the Gauss and Kronrod sums agree to 1e-12 of the integral of \|f\|; derivatives of smooth integrands are
then right to about 1e-10.  An integrand of one variable with a kink or a jump at a place that moves is divided there (``divided_integrals.py``).
"""

from __future__ import annotations

import itertools
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.instrument.state import current_trace
from gradwise.tracing.kronrod_nodes import AGREE, Interval
from gradwise.tracing.roots import batched_integrand
from gradwise.tracing.standins.again import fixed
from gradwise.tracing.standins.divided_integrals import in_pieces
from gradwise.tracing.standins.gauss_kronrod import Piece, recorded_at
from gradwise.tracing.standins.known_integrals import known_integral
from gradwise.tracing.standins.left_behind import as_often_as_called, left
from gradwise.tracing.standins.plain_callbacks import Callback, Switches, note_choice, traced_leaves
from gradwise.tracing.standins.proven import formula_of
from gradwise.tracing.standins.recording import carries
from gradwise.tracing.standins.root_ends import ends_like_a_root, integral_beside
from gradwise.tracing.standins.scipy_calling import refuse, with_value
from gradwise.tracing.standins.scipy_roots import unpacked
from gradwise.tracing.standins.solution_jumps import refuse_moving_jumps
from gradwise.tracing.standins.stacking import plainly
from gradwise.tracing.standins.weighted_integrands import algebraic, principal, rest_of_principal, wave
from gradwise.tracing.traced import TracedArray

if TYPE_CHECKING:
    from collections.abc import Callable

#: Gauss' five nodes and weights on (0, 1): exact for the derivatives up to the tenth at an interval of length zero
_AT_THE_LIMIT = [
    (0.5 + 0.5 * float(n), 0.5 * float(w)) for n, w in zip(*np.polynomial.legendre.leggauss(5), strict=True)
]


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


def integral(
    function: Any, low: Any, high: Any, places: Any = None, agree: float = AGREE, integrand: Any = None
) -> tuple[Any, float]:
    """The recorded integral between limits that may be traced, and the integral of abs(f); ``integrand``: its formula at many nodes at once."""
    interval = Interval(float(plain(low)), float(plain(high)))
    rooted = [] if interval.infinite else _ends_like_roots(function, low, high)
    if rooted:
        return _between_roots(function, low, high, rooted, agree)
    pieces: list[Piece] = []
    total: Any = 0.0
    if plain(low) != plain(high):
        pieces, stacked = recorded_at(
            function, interval, interval.whole() if places is None else places, agree, integrand
        )
        note_choice(stacked)
        weights = np.array([w for p in pieces for w in p.weights])
        total = np.tensordot(interval.sign * weights, stacked, 1)
    if carries(high) and np.isfinite(plain(high)):
        total = total + _at_the_limit(function, high)
    if carries(low) and np.isfinite(plain(low)):
        total = total - _at_the_limit(function, low)
    return total, sum(p.size for p in pieces)


def _part(function: Any, low: Any, high: Any, seen: list[Any]) -> tuple[Any, float]:
    """The recorded integral between two borders, where SciPy asked for these values."""
    return integral(function, low, high, integrand=_integrand(seen, function))


def _ends_like_roots(function: Any, low: Any, high: Any) -> list[bool]:
    """Whether the integrand ends like a square root at the lower and at the upper limit, if these move; empty if at none."""
    ends = (float(plain(low)), float(plain(high)))
    if ends[0] == ends[1]:
        return []
    found = [
        carries(low) and ends_like_a_root(function, *ends),
        carries(high) and ends_like_a_root(function, *ends[::-1]),
    ]
    return found if any(found) else []


def _between_roots(function: Any, low: Any, high: Any, rooted: list[bool], agree: float) -> tuple[Any, float]:
    """The recorded integral in two halves, of which one or both have nodes that move with a limit."""
    middle = 0.5 * (float(plain(low)) + float(plain(high)))
    first, size = integral_beside(function, middle, low) if rooted[0] else integral(function, low, middle, agree=agree)
    second, more = (
        integral_beside(function, middle, high) if rooted[1] else integral(function, middle, high, agree=agree)
    )
    return (second - first if rooted[0] else second + first), size + more


def settled(total: Any, size: float, value: Any, error: Any, what: str) -> Any:
    """The recorded sum with SciPy's value; raises where the two are not the same integral."""
    apart = np.max(np.abs(plain(total) - np.asarray(value)), initial=0.0)
    found = traced_leaves(total)
    if found and apart > max(1e-6 * size, 10.0 * float(np.max(error, initial=0.0))):
        raise found[0].tape.fail(
            f"the sum over the nodes of {what} is {plain(total)!r}, and SciPy, which extrapolates, found {value!r}: the integrand is too singular for a derivative of the sum. "
            "Substitute the variable, so that the singularity cancels, or integrate over the singular part in closed form"
        )
    return with_value(total, value)


def scalar(value: Any) -> Any:
    """What a callback gave, as a number: arrays of one entry are taken for it."""
    return value[(0,) * plain(value).ndim] if type(value) is TracedArray else value


# --- one variable -----------------------------------------------------------------------------------------------------------------


@as_often_as_called
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
    settings = (*fixed((epsabs, epsrel, limit)), points, weight, wvar, wopts, maxp1, limlst)
    if current_trace() is None or not callable(func):
        if traced_leaves((a, b)):
            refuse((a, b), "scipy.integrate.quad of a compiled callback", "Write the integrand in Python")
        return scipy.integrate.quad(func, plain(a), plain(b), args, full_output, *settings, complex_func)
    if not complex_func:
        known = known_integral(func, a, b, args, settings)
        if known is not None:
            return known if full_output else known[:2]
    callback = Callback(func, args)
    switches = Switches()
    if complex_func:
        return _complex_quad(callback, a, b, full_output, settings)
    settings = tuple(plainly(s) for s in settings)
    given = (a, b, *(wvar if type(wvar) is tuple else (wvar,)))
    low, high = float(plain(a)), float(plain(b))
    result = scipy.integrate.quad(callback, low, high, (), 1, *settings)
    left(func, args)
    value, error, found = result[:3]
    if len(result) > 3 and not full_output:
        warnings.warn(result[3], scipy.integrate.IntegrationWarning, stacklevel=2)
    rest = result[1:] if full_output else (error,)

    def function(t: Any) -> Any:
        return scalar(callback.traced(t))

    divided = None
    if switches.kinks() and weight is None:
        divided = in_pieces("scipy.integrate.quad", function, a, b, callback.seen, _part)
    if divided is not None:
        return settled(*divided, value, error, "scipy.integrate.quad"), *rest
    if switches.seen():
        refuse_moving_jumps("scipy.integrate.quad", callback, callback.seen)
    if not callback.moves and not traced_leaves(given):
        return value, *rest
    if weight is not None:
        sources = (*traced_leaves(given), *([] if callback.trace is None else [_witness(callback)]))
        total, size = _weighted(weight, wvar, function, a, b, sources)
        return settled(total, size, value, error, f"scipy.integrate.quad(weight={weight!r})"), *rest
    last = found["last"]
    places = list(zip(found["alist"][:last].tolist(), found["blist"][:last].tolist(), strict=True))
    halves = [h for p, q in places for h in ((p, 0.5 * (p + q)), (0.5 * (p + q), q))]
    total, size = integral(function, a, b, halves, integrand=_integrand(callback.seen, function))
    return settled(total, size, value, error, "scipy.integrate.quad"), *rest


def _weighted(
    weight: str, wvar: Any, function: Callable[[Any], Any], a: Any, b: Any, sources: Any
) -> tuple[Any, float]:
    """The recorded integral with one of QUADPACK's weights."""
    if weight in {"cos", "sin"}:
        return integral(wave(weight, wvar, function), a, b)
    if weight == "cauchy" and not traced_leaves((wvar,)):
        pole = float(wvar)
        low, high = float(plain(a)), float(plain(b))
        total, size = integral(principal(pole, function), a, b, [(low, pole), (pole, high)])
        return total + rest_of_principal(pole, function, a, b), size
    if weight == "alg" and not traced_leaves(tuple(wvar)):
        total, size = algebraic(tuple(wvar), function, a, b)
        note_choice(total)
        return total, size
    refuse(
        sources, f"scipy.integrate.quad(weight={weight!r}), or its traced wvar,", "Multiply the integrand by the weight"
    )
    raise AssertionError


def _integrand(seen: list[Any], function: Callable[[Any], Any]) -> Any:
    """The formula of an integrand, if it has the values that SciPy was given (nodes and values); None if there is none."""
    nodes = [t for t, _ in seen]
    values = [np.ravel(plain(v)) for _, v in seen]
    if not nodes or any(v.size != 1 or v.dtype.kind != "f" for v in values):
        return None
    formula = formula_of(function, (nodes[len(nodes) // 3],))
    return None if formula is None else batched_integrand[0](formula, nodes, np.concatenate(values))


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


@as_often_as_called
def fixed_quad(func: Any, a: Any, b: Any, args: Any = (), n: int = 5) -> Any:
    """``scipy.integrate.fixed_quad``: Gauss' sum itself, recorded."""
    if current_trace() is None:
        return scipy.integrate.fixed_quad(func, a, b, args, n)
    callback = Callback(func, unpacked(args))
    value = scipy.integrate.fixed_quad(callback, plain(a), plain(b), (), n)
    left(func, args)
    if not callback.moves and not traced_leaves((a, b)):
        return value
    x, w = scipy.special.roots_legendre(n)
    y = (b - a) * (np.real(x) + 1) / 2.0 + a
    return with_value((b - a) / 2.0 * np.sum(w * callback.traced(y), axis=-1), value[0]), None


@as_often_as_called
def quad_vec(f: Any, a: Any, b: Any, *rest: Any, args: Any = (), **options: Any) -> Any:
    """``scipy.integrate.quad_vec``."""
    if current_trace() is None:
        return scipy.integrate.quad_vec(f, a, b, *rest, args=args, **options)
    callback = Callback(f, args)
    switches = Switches()
    result = scipy.integrate.quad_vec(callback, plain(a), plain(b), *rest, **options)
    left(f, args)
    if switches.kinks():
        divided = in_pieces("scipy.integrate.quad_vec", callback.traced, a, b, callback.seen, _part)
        if divided is not None:
            return settled(*divided, result[0], result[1], "scipy.integrate.quad_vec"), *result[1:]
    if switches.seen():
        refuse_moving_jumps("scipy.integrate.quad_vec", callback, callback.seen)
    if not callback.moves and not traced_leaves((a, b)):
        return result
    interval = Interval(float(plain(a)), float(plain(b)))
    breaks = options.get("points", rest[6] if len(rest) > 6 else None)
    total, size = integral(callback.traced, a, b, divided_at(interval, breaks))
    return settled(total, size, result[0], result[1], "scipy.integrate.quad_vec"), *result[1:]


def divided_at(interval: Interval, breaks: Any) -> list[tuple[float, float]]:
    """The interval, divided at its break points (of a finite interval) or in halves."""
    if interval.infinite:
        return [(0.0, 0.5), (0.5, 1.0)]
    inner = {float(p) for p in (() if breaks is None else plainly(breaks)) if interval.low < p < interval.high}
    inner = inner or {0.5 * (interval.low + interval.high)}
    return list(itertools.pairwise([interval.low, *sorted(inner), interval.high]))


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "scipy.integrate": {
        "quad": quad,
        "quad_vec": quad_vec,
        "fixed_quad": fixed_quad,
    }
}
