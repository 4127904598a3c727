"""Powers and matrix products of traced values: arrays and numbers of 64 bits by a short way, everything else by ``arithmetic.py``."""

from __future__ import annotations

import operator
import sys
from typing import Any

import numpy as np

from gradwise.rules import powers
from gradwise.rules.products import matmul_p
from gradwise.tracing.arithmetic import binary, concrete, general, plain
from gradwise.tracing.failing import of, shows
from gradwise.tracing.holders import HOLDERS
from gradwise.tracing.places import place_of
from gradwise.tracing.traced import TracedArray, TracedScalar, apply, dtype_of, isinstance_traced, wrap

_getframe = sys._getframe
_float64 = np.float64
_F64 = np.dtype(np.float64)
_ndarray = np.ndarray
_NOWHERE = (None, 0)


@shows(of("x", "n", function=operator.pow))
def _whole_power(x: Any, n: int) -> Any:
    """``x ** n`` of traced numbers and arrays of 64 bits, as most are; None for others."""
    trace = x.tape
    if type(x) is TracedArray:
        x.sync()
        value = x.value
        if value.dtype is not _F64:
            return None
        x.pin()
    else:
        value = x.value
        if type(value) is not float and type(value) is not _float64:
            return None
    out = value**n
    is_array = type(out) is _ndarray
    index = len(trace.values)
    trace.values.append(None if is_array else out)
    trace.ops.extend((powers.power, (n,), 1, x.index))
    trace.outs.append(index)
    trace.places.extend(trace.where or place_of(_getframe(2)) or _NOWHERE)
    return TracedArray(trace, index, out) if is_array else TracedScalar(trace, index, out)


@shows(of("x", "z", function=operator.pow))
def power(x: Any, z: Any) -> Any:
    """Record ``x ** z``; a number as exponent becomes part of the program, so that xⁿ is differentiated exactly at 0 and for x < 0."""
    if isinstance_traced(x) and not isinstance_traced(z):
        if type(z) is int and z > 0 and x.tape.open:
            found = _whole_power(x, z)
            if found is not None:
                return found
        if type(z) is np.ndarray and z.ndim == 0:
            z = z[()]
        if type(z) in HOLDERS:
            return NotImplemented
        if isinstance(z, (int, float, np.floating, np.integer)) and not isinstance(z, np.ndarray):
            value = plain(x) ** z
            if not x.tape.open:
                return value
            dtype = dtype_of(value)
            if dtype.kind != "c" or dtype_of(x.value).kind == "c":
                if type(value) is complex and type(x) is TracedScalar and _is_whole(z):
                    return _by_products(x, int(z), value)
                if dtype.kind in "iu":
                    return concrete(x) ** z
                exponent = int(z) if float(z).is_integer() else float(z)
                return apply(x.tape, powers.power, (x,), (exponent,), value, dtype)
            return _of_negative(x, z, apply(x.tape, powers.pow_, (x, z), (), value, dtype))
    if not isinstance_traced(z) and not isinstance_traced(x):
        return NotImplemented
    return _of_negative(x, z, general(operator.pow, powers.pow_, x, z))


#: the largest whole power of a complex number that Python computes by products
_PRODUCTS = 100


def _is_whole(n: Any) -> bool:
    return 0 < abs(n) <= _PRODUCTS and float(n).is_integer()


def _by_products(x: Any, n: int, value: complex) -> Any:
    """``x ** n`` of Python's complex numbers, by the products that Python takes: those of NumPy have other signs of zeros, which branch cuts see."""
    made: Any = 1 + 0j
    square, rest = x, abs(n)
    while rest:
        if rest & 1:
            made = made * square
        rest >>= 1
        if rest:
            square = square * square
    made = made if n > 0 else (1 + 0j) / made
    return wrap(made.tape, made.index, value)


def _of_negative(x: Any, z: Any, made: Any) -> Any:
    """Guard a power that became complex though its operands are real: Python gives a float where the base is positive, or the exponent an integer."""
    if type(made) is not TracedScalar or not isinstance(made.value, complex):
        return made
    if not any(isinstance(plain(v), (complex, np.complexfloating)) for v in (x, z)):
        if isinstance_traced(x):
            bool(x < 0)
        if isinstance_traced(z):
            bool(np.floor(z) == z)
    return made


def _matmul_of_arrays(x: Any, z: Any) -> Any:
    """``x @ z`` of arrays of 64 bits, of which one or both belong to one open trace; None for others."""
    trace = None
    for o in (x, z):
        if type(o) is TracedArray:
            if not o.tape.open or (trace is not None and o.tape is not trace):
                return None
            o.sync()
            trace = o.tape
        elif type(o) is not _ndarray:
            return None
    a = x.value if type(x) is TracedArray else x
    b = z.value if type(z) is TracedArray else z
    if trace is None or a.dtype is not _F64 or b.dtype is not _F64:
        return None
    out = a @ b
    i = x.index if type(x) is TracedArray else trace.capture(x)[0]
    j = z.index if type(z) is TracedArray else trace.capture(z)[0]
    if a is not x and b is not z:  # each derivative needs the other factor
        x.pin()
        z.pin()
    is_array = type(out) is _ndarray
    index = len(trace.values)
    trace.values.append(None if is_array else out)
    trace.ops.extend((matmul_p, (), 2, i, j))
    trace.outs.append(index)
    trace.places.extend(trace.where or place_of(_getframe(2)) or _NOWHERE)
    return TracedArray(trace, index, out) if is_array else TracedScalar(trace, index, out)


def matmul(x: Any, z: Any) -> Any:
    """Record ``x @ z``."""
    found = _matmul_of_arrays(x, z)
    if found is not None:
        return found
    other = z if isinstance_traced(x) else x
    if not isinstance_traced(other) and type(other) is not _ndarray:
        if isinstance(other, (list, tuple)):
            x, z = (np.asarray(x), z) if other is x else (x, np.asarray(z))
        else:
            return NotImplemented
    return binary(operator.matmul, matmul_p, x, z)
