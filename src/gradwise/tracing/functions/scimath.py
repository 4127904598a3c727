"""``np.emath``: roots, logarithms and inverse functions that turn complex outside of their real domain.

Whether they do is decided by the values, and guarded.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.operands import as_array, carries
from gradwise.tracing.traced import dtype_of


def _complex_where(x: Any, outside: Any) -> Any:
    """x, complex if it is real and an entry lies outside of the domain."""
    x = as_array(x)
    if dtype_of(plain(x)).kind == "c" or not np.any(outside(x)):
        return x if x.ndim else x[()]
    x = x.astype(np.result_type(plain(x), np.complex64))
    return x if x.ndim else x[()]


def _negative(x: Any) -> Any:
    return x < 0


def _beyond_one(x: Any) -> Any:
    return np.abs(x) > 1


def _of(function: Any, outside: Any) -> Any:
    def call(x: Any) -> Any:
        return function(_complex_where(x, outside))

    call.__name__ = function.__name__
    call.__doc__ = f"``np.emath.{function.__name__}``."
    return call


log = _of(np.log, _negative)


def logn(n: Any, x: Any) -> Any:
    """``np.emath.logn``: log x / log n."""
    return log(x) / log(n) if carries(n) else log(x) / np.emath.log(plain(n))


def power(x: Any, p: Any) -> Any:
    """``np.emath.power``."""
    return np.power(_complex_where(x, _negative), _floating_if_negative(p))


def _floating_if_negative(p: Any) -> Any:
    return p if carries(p) or not np.any(np.asarray(plain(p)) < 0) else np.asarray(plain(p)) * 1.0


FUNCTIONS: dict[Any, Any] = {
    np.emath.sqrt: _of(np.sqrt, _negative),
    np.emath.log: log,
    np.emath.log2: _of(np.log2, _negative),
    np.emath.log10: _of(np.log10, _negative),
    np.emath.logn: logn,
    np.emath.power: power,
    np.emath.arcsin: _of(np.arcsin, _beyond_one),
    np.emath.arccos: _of(np.arccos, _beyond_one),
    np.emath.arctanh: _of(np.arctanh, _beyond_one),
}
