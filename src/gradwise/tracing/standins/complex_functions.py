"""``cmath`` on traced numbers: the value that ``cmath`` computes, its errors, and a traced Python complex number."""

from __future__ import annotations

import cmath
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.program import Primitive
from gradwise.rules import algebra, elementwise
from gradwise.tracing.arithmetic import concrete
from gradwise.tracing.failing import of, shows
from gradwise.tracing.standins.number_types import complex_
from gradwise.tracing.standins.real_functions import STAND_INS as REAL
from gradwise.tracing.standins.recording import C128, PLAIN, at_line, number, open_traces, weak
from gradwise.tracing.traced import apply, isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable

UNARY: dict[str, Primitive] = {
    **{name: getattr(elementwise, name) for name in ("exp", "log10", "sqrt", "sin", "cos", "tan", "sinh", "cosh")},
    "tanh": elementwise.tanh,
    "asin": elementwise.arcsin,
    "acos": elementwise.arccos,
    "atan": elementwise.arctan,
    "asinh": elementwise.arcsinh,
    "acosh": elementwise.arccosh,
    "atanh": elementwise.arctanh,
}


def _number(z: Any) -> Any:
    return complex_(z) if type(z) not in PLAIN else z


def _unary(function: Callable[[Any], complex], primitive: Primitive) -> Callable[[Any], Any]:
    @shows(of("z"))
    def call(z: Any, /) -> Any:
        z = _number(z)
        if not isinstance_traced(z):
            return function(z)
        return apply(z.tape, primitive, (z,), (), function(z.value), C128)

    call.__name__ = function.__name__
    call.__doc__ = f"``cmath.{function.__name__}``."
    return call


_log = _unary(cmath.log, elementwise.log)


def log(z: Any, *base: Any) -> Any:
    """``cmath.log``, to any base."""
    if not base:
        return _log(z)
    z, to = _number(z), _number(*base)
    traces = open_traces((z, to))
    value = cmath.log(concrete_value(z), concrete_value(to))
    if not traces:
        return value
    with at_line(*traces):
        return weak(_log(z) / _log(to), value)


def concrete_value(z: Any) -> Any:
    """The plain number."""
    return z.current() if isinstance_traced(z) else z


def phase(z: Any, /) -> Any:
    """``cmath.phase``: a traced float."""
    z = _number(z)
    if not isinstance_traced(z):
        return cmath.phase(z)
    return apply(z.tape, elementwise.angle, (z,), (), cmath.phase(z.value), C128)


def polar(z: Any, /) -> tuple[Any, Any]:
    """``cmath.polar``: the modulus and the phase."""
    z = _number(z)
    if not isinstance_traced(z):
        return cmath.polar(z)
    r, phi = cmath.polar(z.value)
    return apply(z.tape, elementwise.abs_, (z,), (), r, C128), apply(z.tape, elementwise.angle, (z,), (), phi, C128)


def rect(r: Any, phi: Any, /) -> Any:
    """``cmath.rect``: r (cos φ + i sin φ)."""
    r, phi = number(r), number(phi)
    traces = open_traces((r, phi))
    value = cmath.rect(concrete_value(r), concrete_value(phi))
    if not traces:
        return value
    cos, sin = REAL["math"]["cos"], REAL["math"]["sin"]
    with at_line(*traces):
        real, imaginary = r * cos(phi), r * sin(phi)
        return weak(apply(traces[0] if len(traces) == 1 else real.tape, algebra.complex_p, (real, imaginary)), value)


def _question(function: Callable[[Any], bool]) -> Callable[[Any], bool]:
    def call(z: Any, /) -> bool:
        z = _number(z)
        if not isinstance_traced(z):
            return function(z)
        primitive = elementwise.PREDICATES[function.__name__]
        return bool(apply(z.tape, primitive, (z,), (), np.bool_(function(z.value)), C128))

    call.__name__ = function.__name__
    call.__doc__ = f"``cmath.{function.__name__}``: a concrete answer, guarded."
    return call


def isclose(a: Any, b: Any, *, rel_tol: Any = 1e-09, abs_tol: Any = 0.0) -> bool:
    """``cmath.isclose``: a concrete answer, guarded."""
    a, b = concrete(_number(a)), concrete(_number(b))
    return cmath.isclose(a, b, rel_tol=concrete(number(rel_tol)), abs_tol=concrete(number(abs_tol)))


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "cmath": {
        **{name: _unary(getattr(cmath, name), primitive) for name, primitive in UNARY.items()},
        **{name: _question(getattr(cmath, name)) for name in ("isnan", "isinf", "isfinite")},
        "log": log,
        "phase": phase,
        "polar": polar,
        "rect": rect,
        "isclose": isclose,
    }
}
