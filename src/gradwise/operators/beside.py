"""The slope of a function around a point whose own value lies a little beside it: ``x = 1e-8`` was written down for ``x == 0``, lest something be divided by it.

Differences whose points lie closer than that offset see a jump, and what has a jump has no derivative.  Wide central differences leave the point itself out:

    D(h) = (f(h) − f(−h)) / 2h,   extrapolated in h² from h = 2⁻⁵ … 2⁻⁹ (Richardson)
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from gradwise.quiet import quiet

if TYPE_CHECKING:
    from collections.abc import Callable

#: how far the value may lie from what its neighbours say of it, relative to these and to what the function changes within 1
_NEARLY = 1e-4
_STEPS = tuple(2.0**-k for k in range(5, 10))


def slope_beside(along: Callable[[float], float]) -> tuple[float, float] | None:
    """The slope at 0 by wide differences and their error; None where the value at 0 is a number of its own, or the differences do not settle."""
    try:
        with quiet(), np.errstate(all="ignore"):
            own = along(0.0)
            pairs = [(along(h), along(-h)) for h in _STEPS]
    except Exception:  # noqa: BLE001 - outside of the function's domain
        return None
    slopes = [(after - before) / (2 * h) for h, (after, before) in zip(_STEPS, pairs, strict=True)]
    middle, _ = _settled([(after + before) / 2 for after, before in pairs])
    slope, error = _settled(slopes)
    size = max(abs(s) for s in slopes)
    if not (abs(own - middle) <= _NEARLY * (abs(middle) + size) and error <= 1e-3 * size):
        return None
    return slope, error


def _settled(values: list[float]) -> tuple[float, float]:
    """What values at h, h/2, h/4, … tend to when they are even in h, and how far the last two columns of the extrapolation are apart."""
    rows = [values]
    for k in (1, 2):
        rows.append([(4**k * near - far) / (4**k - 1) for far, near in itertools.pairwise(rows[-1])])
    return rows[-1][-1], max(abs(rows[-1][-1] - rows[-1][-2]), abs(rows[-1][-1] - rows[-2][-1]))
