"""``float``, ``complex``, ``round``, ``pow``, ``abs`` and ``divmod`` on traced numbers, as Python's builtins give them."""

from __future__ import annotations

import builtins
import decimal
import math
import operator
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.rules import elementwise
from gradwise.rules.algebra import complex_p
from gradwise.rules.broadcasting import convert_p
from gradwise.tracing.arithmetic import _innermost, concrete, plain
from gradwise.tracing.conversions import is_constant
from gradwise.tracing.holders import TWINS, written
from gradwise.tracing.instrument.object_entries import of_entries
from gradwise.tracing.standins.recording import C128, PLAIN, at_line, number, open_traces, python_method
from gradwise.tracing.standins.text import TEXTS, look
from gradwise.tracing.traced import TracedArray, TracedScalar, apply, dtype_of, isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable


def float_(x: Any = 0.0, /) -> Any:
    """``float``: of a traced number, of an array of one entry, of an object with ``__float__``."""
    if type(x) is TracedScalar and x.tape.open:
        kind = type(x.value)
        if kind is float:
            return x
        if kind is np.float64:
            return TracedScalar(x.tape, x.index, float(x.value))
    if isinstance(x, TEXTS):
        look(x)
    if type(x) in PLAIN:
        return float(x)
    x = number(x)
    return x if isinstance_traced(x) else float(x)


def int_(*args: Any, **kwargs: Any) -> int:
    """``int``: a concrete integer; an object's ``__int__`` may compute with traced numbers."""
    if len(args) == 1 and not kwargs:
        (x,) = args
        if type(x) not in PLAIN and not isinstance_traced(x):
            method = python_method(x, "__int__")
            if method is not None:
                result = method()
                return int(result) if isinstance_traced(result) else int(x)
    return int(*args, **kwargs)


def _complex_number(x: Any) -> Any:
    """``complex(x)`` of a traced x; anything else as it is, but for objects whose ``__complex__`` or ``__float__`` gives a traced number."""
    if not isinstance_traced(x):
        if type(x) in TWINS:
            return _complex_number(written(x))
        if type(x) in PLAIN or type(x) is np.ndarray:
            return x
        for name in ("__complex__", "__float__"):
            method = python_method(x, name)
            if method is not None:
                result = method()
                return _complex_number(result) if isinstance_traced(result) else x
        return x
    value, trace = x.current(), x.tape
    if not trace.open or dtype_of(value).kind not in "fc":
        return complex(concrete(x))
    result = complex(value)  # raises as Python does
    if type(x) is TracedArray:
        with at_line(trace):
            x = x[(0,) * value.ndim]
    index = x.index
    if dtype_of(x.value) != C128:
        index = trace.record(convert_p, (index,), (C128,), result)
    return TracedScalar(trace, index, result)


def complex_(*args: Any, **kwargs: Any) -> Any:
    """``complex``: of a traced number, or of traced parts."""
    if not kwargs and all([type(a) in PLAIN or isinstance(a, TEXTS) for a in args]):
        return complex(*map(look, args))
    parts = dict(zip(("real", "imag"), args, strict=False)) | kwargs
    if len(args) > 2 or set(parts) - {"real", "imag"}:
        return complex(*args, **kwargs)
    given, parts = parts, {name: _complex_number(part) for name, part in parts.items()}
    traces = open_traces(parts.values())
    if not traces:
        return complex(**parts)
    if "imag" not in parts:
        return parts["real"]
    # of the numbers as they were given: Python warns of complex parts
    value = complex(**{n: plain(given[n] if isinstance_traced(given[n]) else part) for n, part in parts.items()})
    with at_line(*traces):
        real, imag = parts.get("real", 0.0), parts["imag"]
        re, im = _part(real, "real"), _part(imag, "real")
        # real + 1j·imag, where each may be complex: 0.0 added to a part of a real number would make 0.0 of −0.0
        if _is_complex(given.get("imag"), imag):
            re = re - _part(imag, "imag")
        if _is_complex(given.get("real"), real):
            im = im + _part(real, "imag")
        trace = _innermost(re, im)
        return apply(trace, complex_p, (re, im), (), value, np.dtype(np.float64))


def _is_complex(given: Any, number: Any) -> bool:
    """Whether a part of a complex number is a complex number itself, as it was given or as an object of the user's gives it."""
    if isinstance_traced(given):
        return dtype_of(plain(given)).kind == "c"
    return isinstance(number, complex)


def _part(z: Any, name: str) -> Any:
    if isinstance_traced(z):
        return getattr(z, name)
    return float(getattr(complex(z), name))


def _without_digits(ndigits: int) -> float:
    """From where on numbers have no such digits: their spacing is a power of two more than 10**−ndigits."""
    exponent = math.floor(52 - ndigits * math.log2(10)) + 1
    return math.ldexp(1.0, exponent) if exponent < 1024 else math.inf


def round_(number: Any, ndigits: Any = None) -> Any:
    """``round``: to digits, correctly rounded, a traced number; without digits a concrete integer."""
    if type(number) in PLAIN:
        return round(number, concrete(ndigits, "int"))
    if not isinstance_traced(number):
        method = python_method(number, "__round__")
        if method is None:
            return round(number, concrete(ndigits, "int"))
        return method() if ndigits is None else method(ndigits)
    ndigits = concrete(ndigits, "int")
    value = round(number.current(), ndigits)
    if not number.tape.open:
        return value
    if ndigits is None or dtype_of(value).kind not in "fc":
        return round(concrete(number, "int"), ndigits)
    if type(value) is float and concrete(abs(number) >= _without_digits(ndigits), "mask"):
        return number
    return apply(number.tape, elementwise.round_, (number,), (operator.index(ndigits),), value)


def pow_(base: Any, exp: Any, mod: Any = None) -> Any:
    """``pow``; with a modulus for integers only."""
    if mod is None:
        with at_line(*open_traces((base, exp))):
            return base**exp
    return pow(concrete(base, "int"), concrete(exp, "int"), concrete(mod, "int"))


def abs_(x: Any, /) -> Any:
    """``abs``, where an object's ``__abs__`` computes with traced numbers."""
    if type(x) is np.ndarray:
        return of_entries(abs, x)
    if type(x) in PLAIN or isinstance_traced(x):
        return abs(x)
    method = python_method(x, "__abs__")
    return abs(x) if method is None else method()


def divmod_(x: Any, y: Any, /) -> Any:
    """``divmod``, where an object's ``__divmod__`` computes with traced numbers."""
    for owner, other, name in ((x, y, "__divmod__"), (y, x, "__rdivmod__")):
        if type(owner) not in PLAIN and type(owner) is not np.ndarray and not isinstance_traced(owner):
            method = python_method(owner, name)
            result = NotImplemented if method is None else method(other)
            if result is not NotImplemented:
                return result
    if isinstance_traced(x) or isinstance_traced(y):
        divmod(plain(x), plain(y))  # raises as Python does
    with at_line(*open_traces((x, y))):
        return divmod(x, y)


def id_(x: Any, /) -> int:
    """``id``: of a traced argument that of the caller's array.  What is looked up by it has no derivative."""
    if not isinstance_traced(x) or dtype_of(x.value).kind not in "fc" or not x.tape.open:
        return id(x)
    trace = x.tape
    trace.looked_up = trace.recalled = True
    if trace.forgetful:
        trace.forget(-1)
        return -id(x)  # no object of an earlier run has it
    mirror = x.mirror if type(x) is TracedArray else None
    return id(x if mirror is None else mirror)


def getrefcount_(x: Any, /) -> int:
    """``sys.getrefcount``, which for what a run knows as something else counts other names than those of the user's object."""
    if isinstance_traced(x) and x.tape.open:
        raise x.tape.fail(
            "sys.getrefcount was asked of a traced value, which stands for the array of the caller: how many names refer to that cannot be said. "
            "Ask x.base and x.flags.owndata, which tell whether its memory is its own"
        )
    return sys.getrefcount(x)


def decimal_(value: Any = "0", context: Any = None) -> Any:
    """``decimal.Decimal``: of a traced number it is refused, as its arithmetic keeps digits and no derivative."""
    if isinstance_traced(value) and value.tape.open:
        if dtype_of(value.value).kind in "fc" and not is_constant(value):
            raise value.tape.fail(
                f"Decimal({value.value!r}) was made of a traced value, and decimal numbers have no derivative. A float is required. "
                "Compute with the number itself, and make a Decimal of the result outside of the function"
            )
        value = concrete(value)
    elif isinstance_traced(value):
        value = value.current()
    return decimal.Decimal(value, context)


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    decimal.__name__: {"Decimal": decimal_},
    sys.__name__: {"getrefcount": getrefcount_},
    builtins.__name__: {
        "float": float_,
        "int": int_,
        "complex": complex_,
        "id": id_,
        "round": round_,
        "pow": pow_,
        "abs": abs_,
        "divmod": divmod_,
    },
}
