"""``math`` on traced numbers: the value that ``math`` computes, its errors, and a traced Python float."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.program import Primitive
from gradwise.program.elementary import BY_MATH
from gradwise.rules import elementwise, powers, remainders, special
from gradwise.rules.linear_algebra.singular import norm
from gradwise.rules.shapes import pack
from gradwise.tracing.arithmetic import _innermost, concrete, plain
from gradwise.tracing.failing import called, of, shows
from gradwise.tracing.instrument.state import local
from gradwise.tracing.places import place_of
from gradwise.tracing.standins.recording import F64, PLAIN, at_line, number, open_traces, weak
from gradwise.tracing.traced import TracedScalar, apply, isinstance_traced
from gradwise.tracing.ufuncs import binary_exponents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_float64 = np.float64
_getframe = sys._getframe
_OURS = str(Path(__file__).parents[1])
_NOWHERE = (None, 0)

UNARY: dict[str, Primitive] = {
    **{name: getattr(elementwise, name) for name in ("exp", "exp2", "expm1", "log2", "log10", "log1p", "sqrt", "cbrt")},
    **{name: getattr(elementwise, name) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    "asin": elementwise.arcsin,
    "acos": elementwise.arccos,
    "atan": elementwise.arctan,
    "asinh": elementwise.arcsinh,
    "acosh": elementwise.arccosh,
    "atanh": elementwise.arctanh,
    "erf": special.erf,
    "erfc": special.erfc,
    "gamma": special.gamma,
    "lgamma": special.gammaln,
    "fabs": elementwise.abs_,
}

BINARY: dict[str, Primitive] = {
    "atan2": elementwise.arctan2,
    "copysign": elementwise.copysign,
    "fmod": elementwise.fmod,
    "remainder": remainders.remainder,
}


def _unary(function: Callable[[Any], float], primitive: Primitive) -> Callable[[Any], Any]:
    counted = int(primitive.name in BY_MATH)

    @shows(of("x"))
    def call(x: Any, /) -> Any:
        cls = type(x)
        if cls is TracedScalar:
            value = x.value
            kind = type(value)
            if kind is float or kind is _float64:
                trace = x.tape
                if trace.open:
                    out = function(value)
                    local.by_math += counted
                    values = trace.values
                    index = len(values)
                    values.append(out)
                    trace.ops.extend((primitive, (), 1, x.index))
                    trace.outs.append(index)
                    where = trace.where
                    if where is None:
                        frame = _getframe(1)
                        code = frame.f_code
                        where = (
                            (place_of(frame) or _NOWHERE)
                            if code.co_filename.startswith(_OURS)
                            else (code, frame.f_lasti)
                        )
                    trace.places.extend(where)
                    return TracedScalar(trace, index, out)
        elif cls in PLAIN:
            return function(x)
        x = number(x)
        return call(x) if isinstance_traced(x) else function(x)

    call.__name__ = function.__name__
    call.__doc__ = f"``math.{function.__name__}``."
    return call


def _binary(function: Callable[[Any, Any], float], primitive: Primitive) -> Callable[[Any, Any], Any]:
    counted = int(primitive.name in BY_MATH)

    @shows(of("x", "y"))
    def call(x: Any, y: Any, /) -> Any:
        if type(x) in PLAIN and type(y) in PLAIN:
            return function(x, y)
        x, y = number(x), number(y)
        trace = _innermost(x, y)
        value = function(plain(x), plain(y))
        local.by_math += counted
        return value if trace is None else apply(trace, primitive, (x, y), (), value, F64)

    call.__name__ = function.__name__
    call.__doc__ = f"``math.{function.__name__}``."
    return call


def _composed(function: Callable[..., float], composition: Callable[..., Any]) -> Callable[..., Any]:
    """``function`` where nothing is traced; else ``composition`` with the value of ``function``."""

    @shows(called)
    def call(*args: Any) -> Any:
        if all([type(a) in PLAIN for a in args]):
            return function(*args)
        args = tuple([number(a) for a in args])
        traces = open_traces(args)
        value = function(*[plain(a) for a in args])
        if not traces:
            return value
        local.by_math += 1
        with at_line(*traces):
            return weak(composition(*args), value)

    call.__name__ = function.__name__
    call.__doc__ = f"``math.{function.__name__}``."
    return call


def log(x: Any, *base: Any) -> Any:
    """``math.log``, to any base."""
    if not base:
        return _log(x)
    return _log_to_base(x, *base)


_log = _unary(math.log, elementwise.log)
_log_to_base = _composed(math.log, lambda x, base: _log(x) / _log(base))


@shows(of("x", "y", function=math.pow))
def pow_(x: Any, y: Any, /) -> Any:
    """``math.pow``: unlike ``**`` it raises where the power is complex."""
    if type(x) in PLAIN and type(y) in PLAIN:
        return math.pow(x, y)
    x, y = number(x), number(y)
    trace = _innermost(x, y)
    value = math.pow(plain(x), plain(y))
    if trace is None:
        return value
    if isinstance_traced(y):
        return apply(trace, powers.pow_, (x, y), (), value, F64)
    exponent = int(y) if float(y).is_integer() else float(y)
    return apply(trace, powers.power, (x,), (exponent,), value, F64)


# --- lengths and sums -----------------------------------------------------------------------------------------------------------


def _length(coordinates: list[Any], value: float) -> Any:
    """The norm of traced numbers, which is ``value``."""
    trace = _innermost(*coordinates)
    if trace is None:
        return value
    if len(coordinates) == 1:
        return apply(trace, elementwise.abs_, coordinates, (), value, F64)
    local.by_math += 1
    if len(coordinates) == 2:
        return apply(trace, elementwise.hypot, coordinates, (), value, F64)
    vector = apply(trace, pack, coordinates, ((len(coordinates),),), None, F64)
    return apply(trace, norm, (vector,), ((0,), False), value)


def hypot(*coordinates: Any) -> Any:
    """``math.hypot`` of any number of coordinates."""
    if all([type(c) in PLAIN for c in coordinates]):
        return math.hypot(*coordinates)
    numbers = [number(c) for c in coordinates]
    return _length(numbers, math.hypot(*map(plain, numbers)))


def dist(p: Any, q: Any, /) -> Any:
    """``math.dist``."""
    p, q = [number(x) for x in p], [number(x) for x in q]
    value = math.dist([plain(x) for x in p], [plain(x) for x in q])
    traces = open_traces((*p, *q))
    if not traces:
        return value
    with at_line(*traces):
        return _length([x - y for x, y in zip(p, q, strict=True)], value)


def total(items: list[Any], value: float) -> Any:
    """The sum of numbers, some of them traced, which is ``value``."""
    traces = open_traces(items)
    if not traces:
        return value
    traced = [x for x in items if isinstance_traced(x)]
    rest = math.fsum(x for x in items if not isinstance_traced(x)) if len(traced) < len(items) else 0.0
    with at_line(*traces):
        result = traced[0] + rest
        for x in traced[1:]:
            result = result + x
        if math.isfinite(value):  # sums of Python's floats overflow without a word, where this one raises
            concrete(np.isfinite(result))
        return weak(result, value)


def fsum(seq: Iterable[Any], /) -> Any:
    """``math.fsum``."""
    items = [number(x) for x in seq]
    return total(items, math.fsum([plain(x) for x in items]))


def sumprod(p: Any, q: Any, /) -> Any:
    """``math.sumprod``."""
    p, q = list(p), list(q)
    value = math.sumprod([plain(x) for x in p], [plain(x) for x in q])  # type: ignore[attr-defined,unused-ignore]  # since Python 3.12
    traces = open_traces((*p, *q))
    if not traces:
        return value
    with at_line(*traces):
        return weak(sum([x * y for x, y in zip(p, q, strict=True)], 0.0), value)


def prod(iterable: Iterable[Any], /, *, start: Any = 1) -> Any:
    """``math.prod``."""
    items = list(iterable)
    with at_line(*open_traces((*items, start))):
        return math.prod(items, start=start)


# --- parts of a number ----------------------------------------------------------------------------------------------------------


def modf(x: Any, /) -> tuple[Any, Any]:
    """``math.modf``: the fractional and the whole part."""
    x = number(x)
    if not isinstance_traced(x):
        return math.modf(x)
    fraction, whole = math.modf(x.value)
    trace = x.tape
    return apply(trace, elementwise.fraction, (x,), (), fraction), apply(trace, elementwise.trunc, (x,), (), whole)


def frexp(x: Any, /) -> tuple[Any, int]:
    """``math.frexp``: the mantissa is x by a power of two, the exponent an integer."""
    x = number(x)
    if not isinstance_traced(x):
        return math.frexp(x)
    mantissa, exponent = math.frexp(plain(x))
    binary_exponents(x)
    return apply(x.tape, elementwise.ldexp, (x, np.asarray(-exponent)), (), mantissa), exponent


def ldexp(x: Any, i: Any, /) -> Any:
    """``math.ldexp``."""
    x, i = number(x), concrete(i, "int")
    if not isinstance_traced(x):
        return math.ldexp(x, i)
    value = math.ldexp(x.value, i)
    return apply(x.tape, elementwise.ldexp, (x, np.asarray(i)), (), value)


def nextafter(x: Any, y: Any, /, **steps: Any) -> Any:
    """``math.nextafter``: it moves as x does."""
    x, y = number(x), number(y)
    value = math.nextafter(plain(x), plain(y), **steps)
    trace = _innermost(x, y)
    return value if trace is None else apply(trace, elementwise.nextafter, (x, y), (), value, F64)


def ulp(x: Any, /) -> Any:
    """``math.ulp``: constant between powers of two."""
    x = number(x)
    if not isinstance_traced(x):
        return math.ulp(x)
    return apply(x.tape, remainders.ulp, (x,), (), math.ulp(x.value))


# --- questions --------------------------------------------------------------------------------------------------------------------


def _question(function: Callable[[Any], bool]) -> Callable[[Any], bool]:
    primitive = elementwise.PREDICATES[function.__name__]

    def call(x: Any, /) -> bool:
        if type(x) in PLAIN:
            return function(x)
        x = number(x)
        if not isinstance_traced(x):
            return function(x)
        return bool(apply(x.tape, primitive, (x,), (), np.bool_(function(x.value))))

    call.__name__ = function.__name__
    call.__doc__ = f"``math.{function.__name__}``: a concrete answer, guarded."
    return call


def _of_integers(function: Callable[..., int]) -> Callable[..., int]:
    def call(*args: Any) -> int:
        return function(*[a if type(a) in PLAIN else concrete(a, "int") for a in args])

    call.__name__ = function.__name__
    call.__doc__ = f"``math.{function.__name__}``: of integers, concrete."
    return call


def isclose(a: Any, b: Any, *, rel_tol: Any = 1e-09, abs_tol: Any = 0.0) -> bool:
    """``math.isclose``: a concrete answer, guarded."""
    arguments = [number(x) for x in (a, b, rel_tol, abs_tol)]
    a, b, rel_tol, abs_tol = arguments
    answer = math.isclose(plain(a), plain(b), rel_tol=plain(rel_tol), abs_tol=plain(abs_tol))
    for x in arguments:
        concrete(x)
    return answer


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "math": {
        **{name: _unary(getattr(math, name), primitive) for name, primitive in UNARY.items()},
        **{name: _binary(getattr(math, name), primitive) for name, primitive in BINARY.items()},
        **{name: _question(getattr(math, name)) for name in ("isnan", "isinf", "isfinite")},
        **{name: _of_integers(getattr(math, name)) for name in ("comb", "perm", "factorial", "gcd", "lcm", "isqrt")},
        "degrees": _composed(math.degrees, lambda x: x * (180.0 / math.pi)),
        "radians": _composed(math.radians, lambda x: x * (math.pi / 180.0)),
        "log": log,
        "pow": pow_,
        "hypot": hypot,
        "dist": dist,
        "fsum": fsum,
        "prod": prod,
        "modf": modf,
        "frexp": frexp,
        "ldexp": ldexp,
        "nextafter": nextafter,
        "ulp": ulp,
        "isclose": isclose,
    }
}
if hasattr(math, "sumprod"):  # since Python 3.12
    STAND_INS["math"]["sumprod"] = sumprod
if hasattr(math, "fma"):  # since Python 3.13
    STAND_INS["math"]["fma"] = _composed(math.fma, lambda x, y, z: x * y + z)
