"""NumPy's elementwise functions that are no ufuncs: round, fix, angle, sinc, i0."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.rules import bessel, elementwise, special
from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.functions.operands import array, as_array
from gradwise.tracing.traced import apply, dtype_of
from gradwise.tracing.ufuncs import store


def _moves(x: Any) -> bool:
    return dtype_of(plain(x)).kind in "fc"


def _floating(x: Any) -> Any:
    x = array(x)
    return x if _moves(x) else x.astype(float)


def round_(a: Any, decimals: int = 0, out: Any = None) -> Any:
    """``np.round``: piecewise constant."""
    a = array(a)
    decimals = int(concrete(decimals, "int"))
    if not _moves(a):
        result = np.round(concrete(a), decimals)
    elif decimals == 0 and dtype_of(plain(a)).kind == "f":
        result = np.rint(a)
    else:
        result = apply(a.tape, elementwise.round_, (a,), (decimals,), np.round(plain(a), decimals))
    return result if out is None else store(out, result)


def fix(x: Any, out: Any = None) -> Any:
    """``np.fix``: towards zero."""
    np.fix(plain(x))  # warns as NumPy does, from 2.5 on
    result = np.trunc(array(x))
    return result if out is None else store(out, result)


def angle(z: Any, deg: bool = False) -> Any:
    """``np.angle``: arctan2(Im z, Re z)."""
    z = _floating(z)
    result = apply(z.tape, elementwise.angle, (z,), (), np.angle(plain(z)))
    return result * (180 / np.pi) if deg else result


def sinc(x: Any) -> Any:
    """``np.sinc``: sin(πx)/(πx), exact at 0."""
    x = _floating(x)
    return apply(x.tape, special.sinc, (x,), (), np.sinc(plain(x)))


def i0(x: Any) -> Any:
    """``np.i0``, the modified Bessel function."""
    x = _floating(as_array(x))
    if dtype_of(plain(x)).kind == "c":
        raise TypeError("i0 not supported for complex values")
    x = x if dtype_of(plain(x)).kind == "f" else x.astype(float)
    return apply(x.tape, bessel.i0, (x,), (), np.i0(plain(x)))


FUNCTIONS: dict[Any, Any] = {
    np.round: round_,
    np.around: round_,
    np.fix: fix,
    np.angle: angle,
    np.sinc: sinc,
    np.i0: i0,
}
