r"""``scipy.integrate``'s double exponential integrals, and sums of a function of the integers: tanhsinh, nsum.

.. math:: \int_a^b f = \sum_j h\,x'(jh)\,f(x(jh)), \qquad x(t) = \tfrac{a + b}{2} + \tfrac{b - a}{2} \tanh(\tfrac{\pi}{2} \sinh t)

SciPy finds the value.  Recorded is the same sum, with a step h at which plain sums settle; beside an infinite limit x is exp or sinh in the place of tanh.  The function is called once, with all nodes, which move with the limits.
Where plain sums do not settle (beside a kink, or where the integrand is infinite at a limit other than 0 and has no digits there) the call raises.

.. math:: \sum_{k \ge n} f(x_k) = \frac{1}{s} \int_{x_n - s/2}^{\infty} f + \frac{s}{24} f'(x_n - \tfrac{s}{2}) + \dots

is what is left of a long sum (Euler and Maclaurin's formula between the terms).

References
----------
Takahasi & Mori (1974), Double exponential formulas for numerical integration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.instrument.state import current_trace
from gradwise.tracing.standins.left_behind import as_often_as_called, left
from gradwise.tracing.standins.plain_callbacks import Callback, note_choice, traced_leaves
from gradwise.tracing.standins.recording import carries
from gradwise.tracing.standins.scipy_calling import with_value
from gradwise.tracing.standins.stacking import assembled, plainly

if TYPE_CHECKING:
    from collections.abc import Callable

#: binary logarithms of 1/h that are tried in turn, and up to where t goes (with an infinite limit)
_LEVELS, _FAR, _FARTHER = (3, 4, 5, 6, 7, 8, 9), 3.6, 4.5
#: how near two sums are that have settled, and how near to SciPy's value, relative to the sum of moduli
_SETTLED, _ALIKE = 1e-12, 1e-6
#: terms that are summed one by one, where all are, and where the rest is an integral
_ALL, _FIRST = 1 << 16, 1 << 12


class _Nodes:
    """Places of an interval as functions of its limits: (limit, factor) pairs, by the kind of the interval."""

    def __init__(self, low: np.ndarray, high: np.ndarray, level: int) -> None:
        h = 2.0**-level
        self.infinite = bool(np.isinf(low).all()), bool(np.isinf(high).all())
        t = np.arange(-_FARTHER, _FARTHER + h / 2, h) if any(self.infinite) else np.arange(-_FAR, _FAR + h / 2, h)
        bend, slope = 0.5 * np.pi * np.sinh(t), 0.5 * np.pi * np.cosh(t) * h
        if all(self.infinite):
            self.places, self.weights = np.sinh(bend), slope * np.cosh(bend)
        elif any(self.infinite):
            self.places = np.exp(bend)
            self.weights = slope * self.places
        else:
            # the distance from the nearer limit, to all its digits
            self.places = 1 / (1 + np.exp(2 * np.abs(bend)))
            self.weights = 2 * slope * self.places * (1 - self.places)
        self.first = t < 0

    def at(self, low: Any, high: Any) -> tuple[Any, Any]:
        """The places, along a new last axis, and their weights."""
        low, high = low[..., None], high[..., None]
        if all(self.infinite):
            return np.sign(plain(high)) * self.places + 0.0 * plain(low > high), np.sign(plain(high)) * self.weights
        if self.infinite[1]:
            side = np.sign(plain(high))
            return low + side * self.places, side * self.weights
        if self.infinite[0]:
            side = np.sign(plain(low))
            return high + side * self.places, -side * self.weights
        span = high - low
        return np.where(self.first, low + span * self.places, high - span * self.places), span * self.weights


def double_exponential(
    function: Callable[..., Any], low: Any, high: Any, args: tuple[Any, ...]
) -> tuple[Any, float] | None:
    """The recorded integral, and the largest integral of abs(f); None where the sums do not settle."""
    lows, highs = np.broadcast_arrays(np.asarray(plain(low), float), np.asarray(plain(high), float))
    if any(np.isinf(limit).any() != np.isinf(limit).all() for limit in (lows, highs)):
        return None
    shape = np.broadcast_shapes(lows.shape, *[np.shape(plain(p)) for p in args])
    numbers = [np.broadcast_to(plain(p), shape)[..., None] for p in args]
    last = None
    with np.errstate(all="ignore"):
        for level in _LEVELS:
            nodes = _Nodes(lows, highs, level)
            places, weights = nodes.at(lows, highs)
            places = np.broadcast_to(places, (*shape, len(nodes.places)))
            terms = weights * np.asarray(plain(function(places.copy(), *numbers)), float)
            kept = np.isfinite(terms)
            terms = np.where(kept, terms, 0.0)
            now, size = terms.sum(axis=-1), np.abs(terms).sum(axis=-1)
            if last is not None and np.all(np.abs(now - last) <= _SETTLED * size):
                break
            last = now
        else:
            return None
        places, weights = nodes.at(as_array(low) * 1.0, as_array(high) * 1.0)
        places = places + np.zeros((*shape, len(nodes.places)))
        largest = np.argmax(np.abs(terms), axis=-1)[..., None]
        inside = np.take_along_axis(np.broadcast_to(plain(places), terms.shape), largest, -1)
        given = [as_array(p)[..., None] if np.ndim(plain(p)) else p for p in args]
        found = function(np.where(kept, places, inside), *given)
    return np.sum(np.where(kept, weights * found, 0.0), axis=-1), float(np.max(size, initial=0.0))


def _refuse(what: str, sources: Any) -> None:
    trace = current_trace()
    assert trace is not None
    raise (sources[0].tape if sources else trace).fail(
        f"{what} was called for a function whose sum over its nodes does not settle (one with kinks or jumps), or with log, preserve_shape, or limits of which some are infinite, and gradwise has no derivative rule for that. "
        "Use scipy.integrate.quad, which divides at kinks; method='numerical' takes differences as it is"
    )


@as_often_as_called
def tanhsinh(f: Any, a: Any, b: Any, *, args: Any = (), log: Any = False, **options: Any) -> Any:
    """``scipy.integrate.tanhsinh``; limits, arguments and what the function refers to may be traced."""
    original = scipy.integrate.tanhsinh
    if current_trace() is None:
        return original(f, a, b, args=args, log=log, **options)
    args = tuple(args) if type(args) in {tuple, list} else (args,)
    callback = Callback(f)
    found = original(callback, plainly(a), plainly(b), args=tuple(map(plainly, args)), log=log, **options)
    left(f, args)
    sources = traced_leaves([a, b, *args])
    if not callback.moves and not sources:
        return found
    low, high = (assembled(v) if type(v) in {list, tuple} else v for v in (a, b))
    args = tuple(assembled(v) if type(v) in {list, tuple} else v for v in args)
    made = None if log or options.get("preserve_shape") else double_exponential(callback.traced, low, high, args)
    if made is None or np.any(np.abs(plain(made[0]) - found.integral) > _ALIKE * made[1]):
        _refuse("scipy.integrate.tanhsinh", sources)
    assert made is not None
    note_choice(made[0])
    found.integral = with_value(made[0], found.integral)
    return found


@as_often_as_called
def nsum(f: Any, a: Any, b: Any, *, step: Any = 1, args: Any = (), log: Any = False, **options: Any) -> Any:
    """``scipy.integrate.nsum``; the first place, the step, arguments and what the function refers to may be traced."""
    original = scipy.integrate.nsum
    if current_trace() is None:
        return original(f, a, b, step=step, args=args, log=log, **options)
    args = tuple(args) if type(args) in {tuple, list} else (args,)
    callback = Callback(f)
    last = concrete(b) if carries(b) else plainly(b)  # it only decides how many terms there are
    found = original(callback, plainly(a), last, step=plainly(step), args=tuple(map(plainly, args)), log=log, **options)
    left(f, args)
    sources = traced_leaves([a, step, *args])
    if not callback.moves and not sources:
        return found
    args = tuple(assembled(v) if type(v) in {list, tuple} else v for v in args)
    one = all(np.size(plainly(v)) == 1 for v in (a, b, step))
    made = None if log or not one else _series(callback.traced, a, last, step, args)
    if made is None or np.any(np.abs(plain(made[0]) - found.sum) > _ALIKE * made[1]):
        _refuse("scipy.integrate.nsum", sources)
    assert made is not None
    note_choice(made[0])
    found.sum = with_value(made[0], found.sum)
    return found


def _series(function: Callable[..., Any], a: Any, b: Any, step: Any, args: tuple[Any, ...]) -> tuple[Any, Any] | None:
    """The recorded sum, and the largest sum of moduli; the terms move with the first of them and with the step."""
    low, s = (np.reshape(as_array(plainly(v) if isinstance(v, list) else v), ()) * 1.0 for v in (a, step))
    high, first, wide = float(np.reshape(b, ())), float(plain(low)), float(plain(s))
    if np.isinf(first):
        return None
    count = (high - first) / wide + 1
    is_long = count > _ALL
    shape = np.broadcast_shapes(*[np.shape(plain(p)) for p in args])
    given = [as_array(p)[..., None] if np.ndim(plain(p)) else p for p in args]

    def at(places: Any) -> Any:
        return function(places + np.zeros((*shape, len(plain(places)))), *given)

    terms = at(low + s * np.arange(_FIRST if is_long else int(count + 1e-9)))
    total, size = np.sum(terms, axis=-1), float(np.max(np.sum(np.abs(plain(terms)), axis=-1), initial=0.0))
    if not is_long:
        return total, size
    begin = low + s * _FIRST
    last = np.inf if np.isinf(high) else low + s * np.floor((high - first) / wide + 1e-9)
    rest = double_exponential(function, begin - s / 2 + np.zeros(shape), last + s / 2 + np.zeros(shape), args)
    if rest is None:
        return None
    ends = at(np.stack([begin - s, begin]))
    total = total + rest[0] / s + (ends[..., 1] - ends[..., 0]) / 24
    if not np.isinf(high):
        ends = at(np.stack([last, last + s]))
        total = total - (ends[..., 1] - ends[..., 0]) / 24
    return total, size + rest[1] / s


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {"scipy.integrate": {"tanhsinh": tanhsinh, "nsum": nsum}}
