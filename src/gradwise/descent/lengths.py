"""The length of a vector, also where its square is beyond the largest number, or below the smallest."""

from __future__ import annotations

import math

import numpy as np

#: squares outside of this are taken of the vector over its largest entry
_LEAST, _MOST = 1e-280, 1e300


def length(v: np.ndarray) -> float:
    """‖v‖₂, in double precision.

    Examples
    --------
    >>> round(length(np.array([3e200, 4e200])) / 1e200, 12), round(length(np.array([3e-200, 4e-200])) / 1e-200, 12)
    (5.0, 5.0)
    """
    with np.errstate(all="ignore"):
        wide = np.asarray(v, dtype=np.float64)
        square = float(np.dot(wide, wide))
        if _LEAST < square < _MOST:
            return math.sqrt(square)
        top = float(np.max(np.abs(wide), initial=0.0))
        if not 0 < top < math.inf:
            return top
        scaled = wide / top
        return top * math.sqrt(float(np.dot(scaled, scaled)))
