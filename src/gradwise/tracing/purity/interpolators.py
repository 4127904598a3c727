"""SciPy's interpolators (``CubicSpline``, ``interp1d``, ``RegularGridInterpolator`` …), there before the call or made during it, and NumPy's polynomials (``np.poly1d``, ``Chebyshev`` …) that were there.

What one holds belongs to the form of a call: it is compared by content, as constant sparse matrices are.  The piece in which a point lies is looked up by what is recorded, or is a guard.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.containers import own_entries
from gradwise.tracing.purity.polynomials import KINDS
from gradwise.tracing.purity.values import ARRAY, OWN, SPLINE

if TYPE_CHECKING:
    from collections.abc import Hashable

    from gradwise.tracing.purity.machine import Machine

#: bytes of arrays that are compared at each call
_BYTES = 1 << 16
_PIECES = ("c", "x", "extrapolate", "axis")
_FITTED = ("_data", "_eval_args", "ext")
#: what an interpolator computes from, by its class
_CONTENT: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(["PPoly", "CubicSpline", "CubicHermiteSpline", "PchipInterpolator", "Akima1DInterpolator"], _PIECES),
    "BSpline": ("t", "c", "k", "extrapolate", "axis"),
    "interp1d": ("x", "y", "_y", "axis", "_kind", "bounds_error", "_extrapolate", "_fill_value_below", "_fill_value_above", "_spline", "_call"),
    **dict.fromkeys(["UnivariateSpline", "InterpolatedUnivariateSpline", "LSQUnivariateSpline"], _FITTED),
    "RectBivariateSpline": ("tck", "degrees"),
    "RegularGridInterpolator": ("method", "bounds_error", "fill_value", "_grid", "_values", "_spline"),
}  # fmt: skip
#: NumPy's polynomials, and what they compute from
_POLYNOMIALS: dict[Any, tuple[str, ...]] = {
    np.poly1d: ("coeffs",),
    **{getattr(np.polynomial, name): ("coef", "domain", "window") for name in ("Polynomial", "Chebyshev", "Legendre", "Hermite", "HermiteE", "Laguerre")},
}  # fmt: skip
#: functions that give one
_FUNCTIONS = ("make_interp_spline",)
_KEYWORDS = frozenset(["nu", "extrapolate", "ext", "dx", "dy", "grid", "method"])
_METHODS = {
    "derivative": SPLINE,
    "antiderivative": SPLINE,
    "integrate": OWN,
    "integral": OWN,
    "ev": OWN,
}
_ATTRIBUTES = {
    "c": ARRAY,
    "x": ARRAY,
    "t": ARRAY,
    "k": OWN,
    "axis": OWN,
}
#: methods that an object may not have of its own
_OVERRULED = frozenset([*_METHODS, "deriv", "integ", "degree"])
_LEAVES = (int, float, bool, str, type(None), np.float64)


def content_of(value: Any) -> Hashable:
    """What an interpolator computes from, to the sign of its zeros; None for all else, and for what is too large or holds anything else."""
    cls: Any = type(value)
    names = _POLYNOMIALS.get(cls) if cls.__module__.startswith("numpy") else None
    if names is None:
        names = _CONTENT.get(cls.__name__)
        if names is None or getattr(sys.modules.get("scipy.interpolate"), cls.__name__, None) is not cls:
            return None
    own = own_entries(value) or {}
    if not _OVERRULED.isdisjoint(own):
        return None
    found: list[Hashable] = [cls]
    room = _BYTES
    pending: list[Any] = [getattr(value, name, None) for name in reversed(names)]
    while pending:
        one = pending.pop()
        kind: Any = type(one)
        if kind is np.ndarray:
            room -= one.nbytes
            if room < 0 or one.dtype.kind not in "fciub":
                return None
            found.append((one.dtype, one.shape, one.tobytes()))
        elif kind in _LEAVES:
            found.append((kind, repr(one)))
        elif kind is tuple:
            found.append((tuple, len(one)))
            pending.extend(reversed(one))
        elif any(one is way for way in vars(cls).values()):  # how it is evaluated
            found.append(one.__name__)
        else:
            inner = content_of(one)
            if inner is None:
                return None
            found.append(inner)
    return tuple(found)


def kind_of_content(value: Any) -> Any:
    """What an interpolator or a polynomial is in the symbolic run."""
    return KINDS.get(type(value), SPLINE)


def is_maker(value: Any) -> bool:
    """Whether a value is a class of interpolators, or a function that gives one, as SciPy has it."""
    names = vars(sys.modules.get("scipy.interpolate", object))
    made = any(names.get(name) is value for name in (*_CONTENT, *_FUNCTIONS))  # of any other object nothing is asked
    return made and str(value.__module__).startswith("scipy.interpolate.")


def interpolator(m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """``CubicSpline(x, y, bc_type="natural")``."""
    for value in (*arguments, *keywords.values()):
        m.data(value)
    return SPLINE


def interpolated(m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """``spline(x)``: numbers of the call's own."""
    for value in (*arguments, *keywords.values()):
        m.data(value)
    if not keywords.keys() <= _KEYWORDS:
        raise m.doubt("it calls an interpolator in a way that is not looked into")
    return OWN


class MethodOfInterpolator:
    """``spline.derivative`` and the like, about to be called."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __eq__(self, other: object) -> bool:
        return type(other) is MethodOfInterpolator and other._name == self._name

    def __hash__(self) -> int:
        return hash(self._name)

    def result(self, m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
        """What the call gives."""
        interpolated(m, arguments, keywords)
        return _METHODS[self._name]


def attribute_of_interpolator(m: Machine, name: str) -> Any:
    """An attribute of an interpolator."""
    if name in _ATTRIBUTES:
        return _ATTRIBUTES[name]
    if name not in _METHODS:
        raise m.doubt(f"the attribute {name!r} of an interpolator is not looked into")
    return MethodOfInterpolator(name)
