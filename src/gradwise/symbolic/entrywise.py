"""Primitives that act entry by entry, as SymPy expressions: one row each."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from gradwise.symbolic.kinked import twins
from gradwise.symbolic.library import sp


def _parts(z: Any) -> tuple[Any, Any]:
    """The real and the imaginary part of an expression in real symbols."""
    if not _is_complex(z):
        return z, sp.Integer(0)
    parts = z.as_real_imag()
    if any(p.has(sp.re, sp.im) for p in parts):
        raise TypeError(f"{z} has no real and imaginary part that SymPy can write")
    return parts


def _real_part(z: Any) -> Any:
    return _parts(z)[0]


def _imaginary_part(z: Any) -> Any:
    return _parts(z)[1]


def _is_complex(z: Any) -> bool:
    """Whether an expression in real symbols may have an imaginary part."""
    if z.has(sp.I):
        return True
    cut = (sp.log, sp.asin, sp.acos, sp.acosh, sp.atanh)
    return z.has(*cut) or any(not p.exp.is_integer and not p.base.is_nonnegative for p in z.atoms(sp.Pow))


def _absolute(z: Any) -> Any:
    return _hypot(*_parts(z)) if z.has(sp.I) else sp.Abs(z)


def _sign(z: Any) -> Any:
    return z / _absolute(z) if z.has(sp.I) else sp.sign(z)


def _angle(z: Any) -> Any:
    return sp.atan2(_imaginary_part(z), _real_part(z))


def _hypot(x: Any, z: Any) -> Any:
    return sp.sqrt(x**2 + z**2)


def _truncated(x: Any) -> Any:
    return sp.sign(x) * sp.floor(sp.Abs(x))


def _copysign(x: Any, z: Any) -> Any:
    return sp.Piecewise((sp.Abs(x), z >= 0), (-sp.Abs(x), True))


def choose(condition: Any, a: Any, b: Any) -> Any:
    """The value a where the condition holds, b elsewhere."""
    if condition is sp.true or a == b:
        return a
    return b if condition is sp.false else sp.Piecewise((a, condition), (b, True))


def _equal(a: Any, b: Any) -> Any:
    if _is_truth(a) and _is_truth(b):
        return sp.Equivalent(a, b)
    if _is_truth(a) and b in {0, 1}:
        return a if b == 1 else sp.Not(a)
    return sp.Eq(as_value(a), as_value(b))


def _compared(relation: Callable[..., Any]) -> Callable[..., Any]:
    return lambda a, b: relation(as_value(a), as_value(b))


def _is_truth(a: Any) -> bool:
    # a Symbol counts as a Boolean for SymPy
    return a in {sp.true, sp.false} or isinstance(a, (sp.logic.boolalg.BooleanFunction, sp.core.relational.Relational))


#: name of the primitive → (operands, then static parameters, as SymPy objects) → expression
ENTRYWISE: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "neg": operator.neg,
    "square": lambda x: x**2,
    "reciprocal": lambda x: 1 / x,
    "power": lambda x, n: x**n,
    "pow": lambda x, z: x**z,
    "power_log": lambda x, z, k: x**z * sp.log(x) ** k,
    "sqrt": lambda x: sp.sqrt(x),
    "root_of_squares": lambda x: sp.sqrt(x),
    "cbrt": lambda x: twins().CubeRoot(x),
    "exp": lambda x: sp.exp(x),
    "exp2": lambda x: 2**x,
    "expm1": lambda x: sp.exp(x) - 1,
    "log": lambda x: sp.log(x),
    "log2": lambda x: sp.log(x) / sp.log(2),
    "log10": lambda x: sp.log(x) / sp.log(10),
    "log1p": lambda x: sp.log(1 + x),
    "expit": lambda x: 1 / (1 + sp.exp(-x)),
    "logaddexp": lambda x, z: sp.log(sp.exp(x) + sp.exp(z)),
    "logaddexp2": lambda x, z: sp.log(2**x + 2**z) / sp.log(2),
    "sin": lambda x: sp.sin(x),
    "cos": lambda x: sp.cos(x),
    "tan": lambda x: sp.tan(x),
    "arcsin": lambda x: sp.asin(x),
    "arccos": lambda x: sp.acos(x),
    "arctan": lambda x: sp.atan(x),
    "arctan2": lambda x, z: sp.atan2(x, z),
    "sinh": lambda x: sp.sinh(x),
    "cosh": lambda x: sp.cosh(x),
    "tanh": lambda x: sp.tanh(x),
    "sech_squared": lambda x: 1 / sp.cosh(x) ** 2,
    "arcsinh": lambda x: sp.asinh(x),
    "arccosh": lambda x: sp.acosh(x),
    "arctanh": lambda x: sp.atanh(x),
    "hypot": _hypot,
    "abs": _absolute,
    "sign": _sign,
    "angle": _angle,
    "conj": lambda z: _real_part(z) - sp.I * _imaginary_part(z) if z.has(sp.I) else z,
    "real": _real_part,
    "imag": _imaginary_part,
    "complex": lambda x, z: x + sp.I * z,
    "maximum": lambda x, z: sp.Max(x, z),
    "minimum": lambda x, z: sp.Min(x, z),
    "fmax": lambda x, z: sp.Max(x, z),
    "fmin": lambda x, z: sp.Min(x, z),
    "floor": lambda x: sp.floor(x),
    "ceil": lambda x: sp.ceiling(x),
    "trunc": _truncated,
    "fraction": lambda x: x - _truncated(x),
    "floor_divide": lambda x, z: sp.floor(x / z),
    "mod": lambda x, z: x - z * sp.floor(x / z),
    "fmod": lambda x, z: x - z * _truncated(x / z),
    "copysign": _copysign,
    "sign_bit_sign": lambda x: sp.Piecewise((sp.Integer(1), x >= 0), (sp.Integer(-1), True)),
    "heaviside": lambda x, h: sp.Piecewise((sp.Integer(0), x < 0), (h, sp.Eq(x, 0)), (sp.Integer(1), True)),
    "ldexp": lambda x, n: x * 2**n,
    "select": choose,
    "offset": lambda x, x0, x1: x - x0,
    "equal": _equal,
    "not_equal": lambda a, b: sp.Not(_equal(a, b)),
    "greater": _compared(operator.gt),
    "less": _compared(operator.lt),
    "greater_equal": _compared(operator.ge),
    "less_equal": _compared(operator.le),
    "logical_and": lambda a, b: sp.And(as_truth(a), as_truth(b)),
    "logical_or": lambda a, b: sp.Or(as_truth(a), as_truth(b)),
    "logical_xor": lambda a, b: sp.Xor(as_truth(a), as_truth(b)),
    "logical_not": lambda a: sp.Not(as_truth(a)),
    # a formula speaks of finite numbers
    "isnan": lambda x: sp.false,
    "isinf": lambda x: sp.false,
    "isfinite": lambda x: sp.true,
    "signbit": lambda x: x < 0,
}


def as_truth(a: Any) -> Any:
    """A condition from a truth value or a number."""
    return a if _is_truth(a) else sp.Ne(a, 0)


def as_value(a: Any) -> Any:
    """A number from a truth value or a number."""
    return choose(a, sp.Integer(1), sp.Integer(0)) if _is_truth(a) else a


def truncated(x: Any) -> Any:
    """A number without its fractional part, as ``astype(int)`` gives it."""
    return _truncated(x)
