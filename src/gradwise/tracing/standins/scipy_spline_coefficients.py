"""``scipy.interpolate`` of traced coefficients: splines and piecewise polynomials that are given by them.

They are SciPy's objects of the plain coefficients with the traced ones in their place, as those of traced data (``scipy_spline_data``), and have the same methods.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.standins.scipy_interpolation import names_of
from gradwise.tracing.standins.scipy_spline_data import _data, _only_data, _with_coefficients
from gradwise.tracing.standins.stacking import plainly


def b_spline(t: Any, c: Any, k: Any, extrapolate: Any = True, axis: Any = 0) -> Any:
    """``BSpline``; knots are plain."""
    _only_data("BSpline", [], t)
    f = scipy.interpolate.BSpline(plainly(t), plainly(c), k, extrapolate, axis)
    return _with_coefficients(f, "c", _data(c, axis))


def piecewise_polynomial(c: Any, x: Any, extrapolate: Any = None, axis: Any = 0) -> Any:
    """``PPoly``; breaks are plain."""
    _only_data("PPoly", [], x)
    f = scipy.interpolate.PPoly(plainly(c), plainly(x), extrapolate, axis)
    pieces_first = np.moveaxis(as_array(c), axis + 1, 0)
    return _with_coefficients(f, "c", _data(pieces_first, axis + 1))


def bernstein_polynomial(c: Any, x: Any, extrapolate: Any = None, axis: Any = 0) -> Any:
    """``BPoly``; breaks are plain."""
    _only_data("BPoly", [], x)
    f = scipy.interpolate.BPoly(plainly(c), plainly(x), extrapolate, axis)
    pieces_first = np.moveaxis(as_array(c), axis + 1, 0)
    return _with_coefficients(f, "c", _data(pieces_first, axis + 1))


STAND_INS = names_of({"BSpline": b_spline, "PPoly": piecewise_polynomial, "BPoly": bernstein_polynomial})
