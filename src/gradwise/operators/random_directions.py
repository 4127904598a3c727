"""Random directions in units of the size of each entry, points along them, and differences."""

from __future__ import annotations

import contextlib
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing import copy_in_layout

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradwise.operators.linearization import Linearization
    from gradwise.tracing import Recording


def random_like(like: np.ndarray, rng: np.random.Generator) -> Any:
    """Standard normal numbers of a shape and type."""
    r = rng.standard_normal(like.shape)
    if like.dtype.kind == "c":
        r = r + 1j * rng.standard_normal(like.shape)
    return np.asarray(r).astype(like.dtype)[()]


def random_direction(x: np.ndarray, rng: np.random.Generator) -> Any:
    """A random direction in units of each entry's size; entries that are infinite cannot be moved."""
    with np.errstate(all="ignore"):
        size = np.where(np.isfinite(x), np.where(x == 0, 1.0, np.abs(x)), 0.0).astype(x.real.dtype)
    return np.asarray(random_like(x, rng) * size).astype(x.dtype)[()]


def moved_along(leaf: Any, u: Any, t: float) -> Any:
    """A leaf moved by t u, of its kind, and in its memory layout: ``ravel(order="A")`` asks for it."""
    step = np.asarray(t * u).astype(np.asarray(leaf).dtype)
    if type(leaf) is np.ndarray and not leaf.flags.c_contiguous:
        moved = copy_in_layout(leaf)
        moved += step
        return moved
    moved = leaf + step
    if type(leaf) is np.ndarray and not leaf.ndim:  # the sum is a number, which takes no writes
        return np.asarray(moved)
    return moved.item() if isinstance(leaf, (float, complex)) and not isinstance(leaf, np.generic) else moved


def met_at(along: Callable[[float], float], slope: float, near: float) -> float:
    """The widest interval at which two differences that follow one another come near to a slope; 0 if there is none.

    The estimate may have measured the rounding of the function, which at small steps is a staircase: then the traced derivative is that of some wider interval.  A derivative that was lost is met by none.
    """
    before = 0.0
    for h in (10.0 ** -np.arange(1.0, 7.0)).tolist():
        with contextlib.suppress(Exception):  # outside of the function's domain
            wide, narrow = ((along(s) - along(-s)) / (2 * s) for s in (h, h / 2))
            if abs((4 * narrow - wide) / 3 - slope) > near:
                before = 0.0
            elif before:
                return before
            else:
                before = h
    return 0.0


def met_closely(along: Callable[[float], float], slope: float, near: float) -> bool:
    """Whether differences over three neighbouring intervals below 1e-6 come near to a slope, each of them well above the rounding of the values, and no jump lies between these and wider ones.

    A function whose waves are shorter than the intervals of the estimate (a Weierstrass sum, the cosine of a large polynomial) has its slope there only, and the estimate that of its envelope.  What depends on
    digits that were rounded is constant between its steps, and has jumps.
    """
    met, farther = 0, 1e-6
    for h in (10.0 ** -np.arange(6.5, 13.1, 0.5)).tolist() if slope else ():
        found = False
        if not met:
            outside = farther
        farther = h
        with contextlib.suppress(Exception):  # outside of the function's domain
            values = [along(s) for s in (h, -h, h / 2, -h / 2)]
            wide, narrow = (values[0] - values[1]) / (2 * h), (values[2] - values[3]) / h
            above = abs(values[2] - values[3]) > _ROUNDED * max(map(abs, values))
            found = above and abs((4 * narrow - wide) / 3 - slope) <= near
        met = met + 1 if found else 0
        if met == _FOLLOWING:
            with contextlib.suppress(Exception):
                return not _jumps(along, slope, outside)
    return False


def _jumps(along: Callable[[float], float], slope: float, width: float) -> bool:
    """Whether what is least like a slope on an interval does not become less of that on smaller and smaller parts of it."""
    places = np.linspace(-width, width, 65)
    values = np.array([along(t) for t in places.tolist()])
    apart = np.abs(np.diff(values) - slope * np.diff(places))
    k = int(np.argmax(apart))
    (left, low), (right, high) = zip(places[k : k + 2].tolist(), values[k : k + 2].tolist(), strict=True)
    for _ in range(_HALVINGS):
        middle = 0.5 * (left + right)
        at = along(middle)
        first, second = at - low - slope * (middle - left), high - at - slope * (right - middle)
        if abs(first) > abs(second):
            right, high = middle, at
        else:
            left, low = middle, at
    return bool(abs(high - low - slope * (right - left)) > 0.01 * apart[k])


#: a slope that is another one makes 1/4096 of the difference then, a jump all of it
_HALVINGS = 12


#: the least difference, relative to the values, of which it is known that it is not rounding; intervals that must agree one after the other
_ROUNDED = 1e-14
_FOLLOWING = 3


def joins(along: Callable[[float], float]) -> bool:
    """Whether the value at 0 is that of the points beside it, to a hundredth of a per cent."""
    with contextlib.suppress(Exception):  # outside of the function's domain
        middle, own = (along(1e-4) + along(-1e-4)) / 2, along(0.0)
        return bool(abs(middle - own) <= 1e-4 * (abs(middle) + abs(own)))
    return False


#: a slope of an entry that is so much larger than others hides what they lost
_HIDES = 1e4


def magnitude(recording: Recording) -> float:
    """The largest finite number from which the value of a run was computed: rounding errors are relative to it.

    Not what is only compared: ``round`` compares with 2^52, a search for the least begins with 1e300, and beside those every two values would be equal.
    """
    values, needed = recording.tape.values, set(recording.program.outputs)
    for equation in reversed(recording.program.equations):
        if any(v in needed and _is_rounded(values[v]) for v in equation.output_tuple):
            needed.update(equation.inputs)
    largest = 0.0
    for v in (values[i] for i in needed):
        if type(v) is float or type(v) is np.float64:  # of which a loop leaves thousands
            if largest < abs(v) < math.inf:
                largest = float(abs(v))
        elif isinstance(v, (np.ndarray, np.generic)) and v.dtype.kind in "fc":
            size = np.abs(np.asarray(v))
            largest = max(largest, float(np.max(size[np.isfinite(size)], initial=0.0)))
    return largest


def _is_rounded(value: Any) -> bool:
    """Whether a value may have an error of rounding; one that nobody has asked for yet is not there."""
    return value is None or type(value) is float or np.asarray(value).dtype.kind in "fc"


def balanced(linearization: Linearization) -> list[Any] | None:
    """A random direction with less of the entries whose slopes hide what the others may have lost: 1e8 x + y · (y found by bisection); None if there are none, the value is rounding, or the function is not of real numbers to one.

    An entry of slope g is moved by so much less that g u is the least of all, or a thousandth of the value if that is less, and not below a millionth, nor below what rounding lets be seen.
    """
    values = linearization.recording.values
    if linearization.nested or len(values) != 1 or type(values[0]) not in (float, np.float64) or not values[0]:
        return None
    if len(linearization.program) > _LONG:
        return None
    if abs(values[0]) <= _ROUNDED * magnitude(linearization.recording):
        return None  # what rounding left of larger terms, as its slopes may be
    rng = np.random.default_rng(1)
    direction = [random_direction(np.asarray(leaf), rng) for leaf in linearization.arguments.leaves]
    if any(np.asarray(u).dtype.kind != "f" for u in direction):
        return None
    prepared = linearization.prepared("gradient")
    env = linearization.environment(prepared.needs, len(prepared.derivative.types))
    gradient = prepared.executable().run(env)  # without the warnings of a gradient that somebody asked for
    with np.errstate(all="ignore"):
        shares = [
            np.zeros(np.shape(u)) if g is None else np.abs(g * u) for g, u in zip(gradient, direction, strict=True)
        ]
        every = np.concatenate([np.ravel(share) for share in shares])
        if not np.all(np.isfinite(every)) or every.size < 2 or not np.any(every):
            return None
        size = abs(values[0])
        least = max(1e-6, 1e3 * max(float(np.finfo(np.asarray(u).dtype).eps) for u in direction)) * size
        level = max(min(float(np.min(every[every > 0])), 1e-3 * size), least, _VISIBLE * float(np.max(every)))
        if np.max(every) <= _HIDES * level:
            return None
        return [
            np.asarray(u * np.minimum(1.0, level / np.where(share > 0, share, level)))[()]
            for u, share in zip(direction, shares, strict=True)
        ]


#: of the largest share: differences of that size have eight digits
_VISIBLE = 1e-8
#: programs of more equations are not transformed for this
_LONG = 2000
