"""``np.poly1d`` with traced coefficients, where NumPy asks it for a plain array: quotients, assigned coefficients, and the functions of polynomials.

What of ``poly1d`` computes with its coefficients alone runs as it is: they are a traced array, which NumPy's functions ask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.instrument.items import touch
from gradwise.tracing.instrument.state import note_written
from gradwise.tracing.standins.arrays import array
from gradwise.tracing.standins.calling import numpy_function
from gradwise.tracing.standins.recording import contains_traced
from gradwise.tracing.traced import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable


def _is_traced(p: Any) -> bool:
    return isinstance(p, np.poly1d) and isinstance_traced(p.coeffs)


def _coefficients(p: Any) -> Any:
    return p.coeffs if isinstance(p, np.poly1d) else p


def _of_polynomials(function: Any, *, first: int = 2, gives_series: bool = True) -> Callable[..., Any]:
    """NumPy's function on the coefficients; its results are polynomials where one of the operands was."""
    ordinary = numpy_function(function)

    def call(*args: Any, **kwargs: Any) -> Any:
        if not any(map(_is_traced, args)):
            return ordinary(*args, **kwargs)
        made = function(*map(_coefficients, args[:first]), *args[first:], **kwargs)
        if not gives_series:
            return made
        return tuple(map(np.poly1d, made)) if isinstance(made, tuple) else np.poly1d(made)

    call.__name__ = function.__name__
    call.__doc__ = f"``np.{function.__name__}``."
    return call


def _quotient(p: Any, other: Any) -> Any:
    """``p / q``: quotient and remainder."""
    if np.isscalar(other) or isinstance_traced(other) or not (_is_traced(p) or _is_traced(other)):
        return p / other
    return _STAND_INS["polydiv"](p, np.poly1d(other))


def _quotient_of(p: Any, other: Any) -> Any:
    if np.isscalar(other) or isinstance_traced(other) or not (_is_traced(p) or contains_traced(other)):
        return np.poly1d.__rtruediv__(p, other)
    return _STAND_INS["polydiv"](np.poly1d(other), p)


def _assign(p: Any, key: Any, value: Any) -> None:
    """``p[k] = value``: the coefficients become an array of the trace first, and who looks at the function puts them back."""
    touch(p.__dict__)
    note_written(p.coeffs)
    if isinstance_traced(value) and not isinstance_traced(p.coeffs):
        p.__dict__["coeffs"] = array(p.coeffs)
    np.poly1d.__setitem__(p, key, value)


_STAND_INS: dict[str, Callable[..., Any]] = {
    **{name: _of_polynomials(getattr(np, name)) for name in ("polyadd", "polysub", "polymul", "polydiv")},
    **{name: _of_polynomials(getattr(np, name), first=1) for name in ("polyder", "polyint")},
    "polyval": _of_polynomials(np.polyval, first=1, gives_series=False),
    "roots": _of_polynomials(np.roots, first=1, gives_series=False),
}
STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {"numpy": _STAND_INS}


def _numbers(p: Any, dtype: Any = None, copy: Any = None) -> Any:
    """``np.asarray(p)``: the coefficients."""
    return p.coeffs if _is_traced(p) else np.poly1d.__array__(p, dtype, copy)


def _methods() -> dict[type, dict[str, Callable[..., Any]]]:
    ours: dict[str, Callable[..., Any]] = {
        "__truediv__": _quotient,
        "__rtruediv__": _quotient_of,
        "__setitem__": _assign,
        "__array__": _numbers,
    }
    return {np.poly1d: ours}


LATE_METHODS: dict[str, Callable[[], dict[type, dict[str, Callable[..., Any]]]]] = {
    "numpy.lib._polynomial_impl": _methods
}
