r"""What switches: for each operation with kinks or jumps, how far it is from them, and what it is on one side of them.

    SWITCHES : name → Switch(gap, known, steady)

====================================  ==========================================  ============================================
operation                             gap                                         on the side of a point
====================================  ==========================================  ============================================
a < b, max(a, b)                      a − b                                       the answer, the larger one
\|x\|, sign x, copysign               x                                           x times its sign
⌊x⌋, x mod y, int(x), round(x)        sin πx, of alternating sign; cos πx         the whole number
max, argmax along an axis             the largest − the others                    the entry at that place
sort, argsort                         neighbouring differences                    the entries in that order
interp, searchsorted                  x − knot, knot − x                          that interval
atan2(y, x)                           max(y, x − \|y\|)                           the branch that is cut elsewhere
√Σuᵢ², hypot, norm                    u along what it was                         of the sign of that
arccos(cos u), …                      sin u, …                                    ±u + c
eigh, svd (``spectra.py``)            the neighbours' difference                  the values and vectors in the order of there
====================================  ==========================================  ============================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gradwise.rules.algebra import imag, real, select
from gradwise.rules.elementwise import arctan2, log, sqrt
from gradwise.rules.interpolation import interval
from gradwise.rules.ordering import take_along
from gradwise.rules.powers import power
from gradwise.rules.reductions import sum_
from gradwise.tracing.traced import dtype_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Switch(NamedTuple):
    """An operation that switches.

    Attributes
    ----------
    gap : callable
        ``gap(operands, base, params)``: an array whose entries change their sign where the operation goes over; ``base`` are the operands at the point whose side is meant.  Of traced operands too.
    known : callable or None
        ``known(operands, output, params)``: arrays that the operation on the side of a point knows of it.  None: it is the output itself, which stays.
    steady : callable or None
        ``steady(operands, known, params)``: the operation on that side, of symbols.
    plainly : callable or None
        The gap of plain operands, where that of traced ones has the wrong sign on every second side.
    entrywise : bool
        Whether the gap may be taken of operands with leading axes.
    rows : callable or None
        ``rows(operands, params)``: the plain gaps at points in order, of operands with a leading axis, where the gap itself only touches 0 and its sign is known from the way there.  ``known`` is then given the number of the gap that vanishes
        at the end of the way, or None, in the place of the output.
    """

    gap: Callable[[Sequence[Any], Sequence[Any], tuple[Any, ...]], Any]
    known: Callable[[Sequence[Any], Any, tuple[Any, ...]], tuple[Any, ...]] | None = None
    steady: Callable[[Sequence[Any], Sequence[Any], tuple[Any, ...]], Any] | None = None
    plainly: Callable[[Sequence[Any], Sequence[Any], tuple[Any, ...]], Any] | None = None
    entrywise: bool = True
    rows: Callable[[Sequence[Any], tuple[Any, ...]], Any] | None = None


# --- signs and comparisons --------------------------------------------------------------------------------------------------


def _difference(operands: Any, base: Any, params: Any) -> Any:
    return operands[0] - operands[1]


def _itself(operands: Any, base: Any, params: Any) -> Any:
    return operands[0] + 0.0


def _signs(x: Any) -> Any:
    return np.where(np.signbit(x), -1.0, 1.0)


def _chosen(wins: Callable[[Any, Any], Any]) -> Switch:
    """The larger of two, or the smaller one."""
    return Switch(
        _difference, lambda o, _, params: (wins(o[0], o[1]),), lambda o, known, params: select(known[0], o[0], o[1])
    )


def _both(operands: Any, base: Any, params: Any) -> Any:
    x, z = operands[0] + 0.0 * operands[1], operands[1] + 0.0 * operands[0]
    return np.stack([x, z], axis=-1)


_COMPARED = Switch(_difference)
_SIGN = Switch(_itself)

# --- whole numbers ------------------------------------------------------------------------------------------------------------


def _wave(a: Any) -> Any:
    return np.sin(np.pi * a)


def _shifted_wave(a: Any) -> Any:
    return np.cos(np.pi * a)


def _whole(argument: Callable[..., Any], wave: Any, whole: Any, known: Any = None, steady: Any = None) -> Switch:
    """Jumps where ``whole`` of the argument does: the wave is zero there, and its sign is the parity of the whole number (on the border too, where the wave is of the size of rounding)."""

    def gap(operands: Any, base: Any, params: Any) -> Any:
        return wave(argument(*operands, *params))

    def plainly(operands: Any, base: Any, params: Any) -> Any:
        a = argument(*operands, *params)
        return np.where(np.mod(whole(a), 2) == 1, -1.0, 1.0) * np.abs(wave(a))

    return Switch(gap, known, steady, plainly)


def _quotient(a: Any, b: Any) -> Any:
    return a / b


def _same(a: Any, *_: Any) -> Any:
    return a


def _less_whole(o: Any, known: Any, params: Any) -> Any:
    return o[0] - o[1] * known[0]


#: floor, ceil and trunc of the argument that a number has which was made an integer: which of them it was is not known
WHOLE = (_whole(_same, _wave, np.floor), _whole(_same, _shifted_wave, np.rint))


def _turned(operands: Any, base: Any, params: Any) -> Any:
    """Differences along an axis, in periods, whose nearest whole numbers are taken off; above a threshold only, where there is one."""
    axis, discont, period = params
    return np.diff(operands[0], axis=axis) / period, None if discont is None or discont <= period / 2 else discont


def _turns_gap(operands: Any, base: Any, params: Any) -> Any:
    d, limit = _turned(operands, base, params)
    waves = _shifted_wave(d)
    return waves if limit is None else np.stack([waves, np.abs(d) * params[2] - limit])


def _turns_plainly(operands: Any, base: Any, params: Any) -> Any:
    d, limit = _turned(operands, base, params)
    waves = np.where(np.mod(np.rint(d), 2) == 1, -1.0, 1.0) * np.abs(_shifted_wave(d))
    return waves if limit is None else np.stack([waves, np.abs(d) * params[2] - limit])


# --- order ------------------------------------------------------------------------------------------------------------------------


def rows_along(x: Any, axes: tuple[int, ...] | None) -> Any:
    """The array with some axes as one, the last; None: with a last axis of length 1."""
    if dtype_of(x).kind == "c":
        return np.stack([np.real(x), np.imag(x)], axis=-1)  # a number of two parts
    if axes is None:
        return np.reshape(x, (*np.shape(x), 1))
    rank = np.ndim(x)
    kept = [k for k in range(rank) if k not in axes]
    return np.reshape(np.transpose(x, (*kept, *axes)), (*[np.shape(x)[k] for k in kept], -1))


def _taken(x: np.ndarray, axes: tuple[int, ...]) -> int:
    """How many entries a reduction along some axes takes together."""
    return int(np.prod([x.shape[k] for k in axes]))


def _extremum(sign: float) -> Switch:
    """The largest entry (sign 1) or the smallest along some axes."""

    def places(x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
        return np.argmax(sign * rows_along(x, axes), axis=-1)[..., None]

    def axes_of(params: Any) -> tuple[int, ...]:
        return params[0] if isinstance(params[0], tuple) else (params[0],)

    def gap(operands: Any, base: Any, params: Any) -> Any:
        axes = axes_of(params)
        x, place = rows_along(operands[0], axes), places(np.asarray(base[0]), axes)
        first = np.arange(np.shape(x)[-1]) == place
        return np.where(first, 1.0, sign * (np.take_along_axis(x, place, -1) - x))

    def known(operands: Any, output: Any, params: Any) -> tuple[Any, ...]:
        axes, x = axes_of(params), np.asarray(operands[0])
        kept = [k for k in range(x.ndim) if k not in axes]
        first = np.arange(_taken(x, axes)) == places(x, axes)
        shape = [x.shape[k] for k in (*kept, *axes)]
        return (np.transpose(first.reshape(shape), np.argsort((*kept, *axes))),)

    return Switch(gap, known, lambda o, known, params: sum_(select(known[0], o[0], 0), params=params), entrywise=False)


def _neighbours(operands: Any, base: Any, params: Any) -> Any:
    order = np.argsort(base[0], axis=params[0], kind="stable")
    return np.diff(np.take_along_axis(operands[0], order, params[0]), axis=params[0])


# --- places --------------------------------------------------------------------------------------------------------------------


def _between(knots: Any, x: Any, below: np.ndarray, lowest: int, highest: int) -> Any:
    """How far x is above the knot ``below`` and below the next one, where these are between two ways."""
    n = np.shape(knots)[0]
    lower = np.where(below >= lowest, x - knots[np.clip(below, 0, n - 1)], 1.0)
    upper = np.where(below + 1 <= highest, knots[np.clip(below + 1, 0, n - 1)] - x, 1.0)
    return np.stack([lower, upper])


def _interval_gap(operands: Any, base: Any, params: Any) -> Any:
    knots, x = operands
    return _between(knots, x, interval.value(base[0], base[1], 0), 1, np.shape(knots)[0] - 2)


def _searched_gap(operands: Any, base: Any, params: Any) -> Any:
    knots, x = operands
    below = np.asarray(np.searchsorted(base[0], base[1], params[0])) - 1
    return _between(knots, x, below, 0, np.shape(knots)[0] - 1)


# --- branches ------------------------------------------------------------------------------------------------------------------


def _cut(operands: Any, base: Any, params: Any) -> Any:
    y, x = operands
    s = _signs(base[0])
    return np.maximum(s * y, x - np.abs(y))


def _turned_angle(o: Any, known: Any, params: Any) -> Any:
    # cut along the imaginary axis of the other half-plane
    (s,) = known
    return s * (np.pi / 2) - s * arctan2(o[1], s * o[0])


def _complex_cut(operands: Any, base: Any, params: Any) -> Any:
    (z,) = operands
    return _cut((np.imag(z), np.real(z)), (np.imag(base[0]),), params)


def _half_planes(o: Any, output: Any, params: Any) -> tuple[Any, ...]:
    return (_signs(np.imag(o[0])),)


def _turned_root(o: Any, _: Any, params: Any) -> tuple[Any, ...]:
    """Factors before and after a root, with which its cut is along the imaginary axis of the other half-plane."""
    p = params[0] if params else 0.5
    s = _signs(np.imag(o[0]))
    return -1j * s, np.exp(0.5j * np.pi * p * s)


def _huber_gap(operands: Any, base: Any, params: Any) -> Any:
    d, r = operands
    return np.stack([d - r, d + r], axis=-1)


def _huber(o: Any, known: Any, params: Any) -> Any:
    d, r = o
    inside, s = known
    return select(inside, 0.5 * (r * r), d * (s * r - 0.5 * d))


# --- back from a wave ------------------------------------------------------------------------------------------------------------


def _back(turns: Callable[[Any], Any]) -> Switch:
    """An inverse of a periodic function of u, which is ±u + c between the zeros of its slope."""

    def known(operands: Any, output: Any, params: Any) -> tuple[Any, ...]:
        (u,) = operands
        s = np.ones_like(u) if turns is _always else _signs(turns(u))
        return s, output - s * u

    return Switch(
        lambda o, base, params: np.cos(o[0]) if turns is _always else turns(o[0]),
        known,
        lambda o, known, params: o[0] * known[0] + known[1],
    )


def _always(u: Any) -> Any:
    return u


#: (inverse, function) → what it is of the function's operand
BACK: dict[tuple[str, str], Switch] = {
    ("arccos", "cos"): _back(np.sin),
    ("arcsin", "sin"): _back(np.cos),
    ("arctan", "tan"): _back(_always),
}


# --- lengths ---------------------------------------------------------------------------------------------------------------------


def _along(operands: Any, base: Any, params: Any) -> Any:
    """The vector along what it was; entries of one vector are along the last axis."""
    u, unit = operands[0], np.asarray(base[0])
    length = np.sqrt(np.sum(unit * unit, axis=-1, keepdims=True))
    return np.sum(u * np.where(length > 0, unit / np.where(length > 0, length, 1.0), unit), axis=-1)


LENGTH = Switch(_along, entrywise=False)

#: of complex operands
COMPLEX: dict[str, Switch] = {
    "abs": LENGTH,
    "angle": Switch(_complex_cut, _half_planes, lambda o, known, params: _turned_angle((imag(o[0]), real(o[0])), known, params), entrywise=False),
    "log": Switch(
        _complex_cut,
        lambda o, _, params: (-1j * _signs(np.imag(o[0])), 0.5j * np.pi * _signs(np.imag(o[0]))),
        lambda o, known, params: log(o[0] * known[0]) + known[1],
        entrywise=False,
    ),
    "sqrt": Switch(_complex_cut, _turned_root, lambda o, known, params: sqrt(o[0] * known[0]) * known[1], entrywise=False),
    "power": Switch(_complex_cut, _turned_root, lambda o, known, params: power(o[0] * known[0], params=params) * known[1], entrywise=False),
}  # fmt: skip

#: by name of the primitive
SWITCHES: dict[str, Switch] = {
    **dict.fromkeys(("less", "greater", "less_equal", "greater_equal"), _COMPARED),
    **dict.fromkeys(("maximum", "fmax"), _chosen(np.greater)),
    **dict.fromkeys(("minimum", "fmin"), _chosen(np.less_equal)),
    **dict.fromkeys(("sign", "heaviside", "signbit", "sign_bit_sign"), _SIGN),
    "abs": Switch(_itself, lambda o, _, params: (_signs(o[0]),), lambda o, known, params: o[0] * known[0]),
    "copysign": Switch(
        _both, lambda o, _, params: (_signs(o[0]) * _signs(o[1]),), lambda o, known, params: o[0] * known[0]
    ),
    "floor": _whole(_same, _wave, np.floor),
    "ceil": _whole(_same, _wave, np.ceil),
    "trunc": _whole(_same, _wave, np.trunc),
    "rint": _whole(_same, _shifted_wave, np.rint),
    "round": _whole(lambda x, decimals: x * 10.0**decimals, _shifted_wave, np.rint),
    "fraction": _whole(
        _same, _wave, np.trunc, lambda o, _, params: (np.trunc(o[0]),), lambda o, known, params: o[0] - known[0]
    ),
    "floor_divide": _whole(_quotient, _wave, np.floor),
    "mod": _whole(_quotient, _wave, np.floor, lambda o, _, params: (np.floor_divide(*o),), _less_whole),
    "fmod": _whole(_quotient, _wave, np.trunc, lambda o, _, params: (np.trunc(o[0] / o[1]),), _less_whole),
    "remainder": _whole(_quotient, _shifted_wave, np.rint, lambda o, _, params: (np.rint(o[0] / o[1]),), _less_whole),
    "turns": Switch(_turns_gap, plainly=_turns_plainly, entrywise=False),
    "max": _extremum(1.0),
    "min": _extremum(-1.0),
    "argmax": _extremum(1.0)._replace(known=None, steady=None),
    "argmin": _extremum(-1.0)._replace(known=None, steady=None),
    "sort": Switch(
        _neighbours,
        lambda o, _, params: (np.argsort(o[0], axis=params[0], kind="stable"),),
        lambda o, known, params: take_along(o[0], known[0], params=(params[0],)),
        entrywise=False,
    ),
    **dict.fromkeys(("argsort", "argpartition"), Switch(_neighbours, entrywise=False)),
    "interval": Switch(_interval_gap, entrywise=False),
    "searchsorted": Switch(_searched_gap, entrywise=False),
    "arctan2": Switch(_cut, lambda o, _, params: (_signs(o[0]) * np.ones_like(o[1]),), _turned_angle, entrywise=False),
    "huber": Switch(_huber_gap, lambda o, _, params: (np.abs(o[1]) <= o[0], _signs(o[1]) * np.ones_like(o[0])), _huber),
}  # fmt: skip
