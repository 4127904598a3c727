"""Elementwise mathematics: value and derivative side by side, y being the value.

Formulas: Abramowitz & Stegun 4.2-4.6 (elementary functions), IEEE 754 for special values.  Conventions at kinks: |x|' (0) = 0;
max and min at a tie give ½ to each of two operands that move, and 0 to one that meets an operand that does not.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import scipy

from gradwise.program import ArrayType
from gradwise.rules.algebra import (
    bool_result,
    broadcast_shape,
    conj_if_complex,
    div,
    elementwise,
    equal,
    greater,
    less,
    mul,
    neg,
    not_equal,
    real,
    select,
)
from gradwise.rules.broadcasting import broadcast_to, convert, real_dtype, sum_to

_LN2, _LN10 = float(np.log(2.0)), float(np.log(10.0))


def tied(operands: Any, output: Any) -> Any:
    """Where two operands are equal."""
    return np.equal(*operands)


def at_zero(operands: Any, output: Any) -> Any:
    """Where the first operand is 0."""
    return np.equal(operands[0], 0)


# --- powers, exponentials, logarithms -----------------------------------------------------------------------------------

square = elementwise("square", np.square, lambda x, y: 2 * x, keeps="operands")
reciprocal = elementwise("reciprocal", np.reciprocal, lambda x, y: -(y * y), keeps="output")
sqrt = elementwise("sqrt", np.sqrt, lambda x, y: div(0.5, y), keeps="output")
cbrt = elementwise("cbrt", np.cbrt, lambda x, y: div(1.0 / 3.0, y * y), keeps="output")
exp = elementwise("exp", np.exp, lambda x, y: y, keeps="output")
exp2 = elementwise("exp2", np.exp2, lambda x, y: y * _LN2, keeps="output")
# y + 1 would lose its digits for x ≪ 0
expm1 = elementwise("expm1", np.expm1, lambda x, y: exp(x), keeps="operands")
log = elementwise("log", np.log, lambda x, y: div(1, x), keeps="operands")
log2 = elementwise("log2", np.log2, lambda x, y: div(1 / _LN2, x), keeps="operands")
log10 = elementwise("log10", np.log10, lambda x, y: div(1 / _LN10, x), keeps="operands")
log1p = elementwise("log1p", np.log1p, lambda x, y: div(1, 1 + x), keeps="operands")


#: The logistic function 1/(1 + e⁻ˣ): its derivative σ(x) σ(−x) keeps its digits on both sides.
expit = elementwise("expit", lambda x: scipy.special.expit(x), lambda x, y: y * expit(neg(x)))


def _difference(x: Any, z: Any) -> Any:
    """The difference x − z, and 0 where both are the same infinity; where finite numbers are equal the slope of x − z still counts."""
    difference = x - z
    return select(equal(difference, 0), difference, select(equal(x, z), 0, difference))


logaddexp = elementwise(
    "logaddexp",
    np.logaddexp,
    lambda x, z, y: (lambda: expit(_difference(x, z)), lambda: expit(_difference(z, x))),
    keeps="operands",
)
logaddexp2 = elementwise(
    "logaddexp2",
    np.logaddexp2,
    lambda x, z, y: (lambda: expit(_LN2 * _difference(x, z)), lambda: expit(_LN2 * _difference(z, x))),
    keeps="operands",
)

# --- trigonometric and hyperbolic ---------------------------------------------------------------------------------------

sin = elementwise("sin", np.sin, lambda x, y: cos(x), keeps="operands")
cos = elementwise("cos", np.cos, lambda x, y: neg(sin(x)), keeps="operands")
# for complex x, 1 + tan² loses all its digits where tan rounds to ±i
tan = elementwise(
    "tan", np.tan, lambda x, y: reciprocal(square(cos(x))) if x.dtype.kind == "c" else 1 + y * y, keeps="all"
)


def _root_of_one_less_square(x: Any) -> Any:
    """√(1 − x²).  For complex x the factors keep the sign of a zero imaginary part, which chooses the side of the branch cut."""
    if x.dtype.kind == "c":
        return mul(sqrt(neg(x - 1)), sqrt(x - (-1)))
    return sqrt((1 - x) * (1 + x))


def _arctan_derivative(x: Any, y: Any) -> Any:
    if x.dtype.kind == "c":
        return div(1, (1 + 1j * x) * (1 - 1j * x))
    return div(1, 1 + x * x)


arcsin = elementwise("arcsin", np.arcsin, lambda x, y: div(1, _root_of_one_less_square(x)), keeps="operands")
arccos = elementwise("arccos", np.arccos, lambda x, y: div(-1, _root_of_one_less_square(x)), keeps="operands")
arctan = elementwise("arctan", np.arctan, _arctan_derivative, keeps="operands")
sinh = elementwise("sinh", np.sinh, lambda x, y: cosh(x), keeps="operands")
cosh = elementwise("cosh", np.cosh, lambda x, y: sinh(x), keeps="operands")
tanh = elementwise("tanh", np.tanh, lambda x, y: sech_squared(x), keeps="operands")


def _sech_squared_value(x: Any) -> Any:
    """1/cosh² = 4e/(1 + e)² with e = exp(−2|x|): neither the loss of digits of 1 − tanh² nor an overflow."""
    x = np.asarray(x)
    if x.dtype.kind == "c":
        e = np.exp(-2 * np.where(x.real < 0, -x, x))
        with np.errstate(over="ignore", invalid="ignore"):  # near the poles cosh keeps more digits
            near = 1 / np.square(np.cosh(np.where(np.abs(x.real) < 1, x, 0)))
        return np.where(np.abs(x.real) < 1, near, 4 * e / np.square(1 + e))[()]
    e = np.asarray(np.abs(x))
    e *= -2
    np.exp(e, out=e)
    below = e + 1
    below *= below
    e *= 4
    e /= below
    return e[()]


sech_squared = elementwise("sech_squared", _sech_squared_value, lambda x, y: -2 * tanh(x) * y)
arcsinh = elementwise("arcsinh", np.arcsinh, lambda x, y: div(1, hypot_one(x)), keeps="operands")
arccosh = elementwise("arccosh", np.arccosh, lambda x, y: div(1, sqrt(x - 1) * sqrt(x - (-1))), keeps="operands")
arctanh = elementwise("arctanh", np.arctanh, lambda x, y: div(1, (1 - x) * (1 + x)), keeps="operands")


def hypot_one(x: Any) -> Any:
    """√(1 + x²), without overflow for real x."""
    return sqrt(x * x - (-1)) if x.dtype.kind == "c" else hypot(x, 1)


def _arctan2_derivative(x: Any, z: Any, y: Any) -> Any:
    # divided twice by the radius, which neither overflows nor underflows
    def partial(numerator: Any) -> Any:
        radius = hypot(x, z)
        return div(div(numerator, radius), radius)

    return lambda: partial(z), lambda: partial(-x)


arctan2 = elementwise("arctan2", np.arctan2, _arctan2_derivative)


def zero_result(operands: Any, output: Any) -> Any:
    """Where the result is 0."""
    return np.equal(output, 0)


def _hypot_derivative(x: Any, z: Any, y: Any) -> Any:
    def partial(
        numerator: Any,
    ) -> Any:  # 0 at the origin, the convention for a norm; by a factor, so that an infinite cotangent shows
        return mul(sign(y), div(numerator, select(equal(y, 0), 1, y)))

    return lambda: partial(x), lambda: partial(z)


hypot = elementwise(
    "hypot", np.hypot, _hypot_derivative, kink=zero_result, kink_name="hypot at the origin (slope taken as 0)"
)
# --- kinks --------------------------------------------------------------------------------------------------------------


def _abs_jvp(primals: Any, tangents: Any, y: Any) -> Any:
    (x,), (dx,) = primals, tangents
    if x.dtype.kind == "c":  # Re(conj(z)/|z| · dz)
        return real(mul(conj_if_complex(sign(x)), dx))
    return mul(sign(x), dx)


def _abs_result(t: ArrayType) -> ArrayType:
    return ArrayType(t.shape, real_dtype(t.dtype))


abs_ = elementwise(
    "abs",
    operator.abs,
    result=_abs_result,
    jvp=_abs_jvp,
    keeps="operands",
    kink=at_zero,
    kink_name="abs at 0 (slope taken as 0)",
)


def _sign_jvp(primals: Any, tangents: Any, y: Any) -> Any:
    (x,), (dx,) = primals, tangents
    if x.dtype.kind != "c":
        return None
    # z/|z| turns with z: d(z/|z|) = i y Im(conj(y) dz)/|z|
    radius = abs_(x)
    safe = select(equal(radius, 0), 1, radius)
    turn = _imaginary(mul(conj_if_complex(y), dx)) / safe
    return mul(mul(y, 1j), select(equal(radius, 0), 0, turn))


def _imaginary(z: Any) -> Any:
    return real(mul(z, -1j))


sign = elementwise("sign", np.sign, jvp=_sign_jvp, kink=at_zero, kink_name="sign at 0 (a jump; slope taken as 0)")


def _angle_jvp(primals: Any, tangents: Any, y: Any) -> Any:
    (x,), (dx,) = primals, tangents
    if x.dtype.kind != "c":
        return None
    radius = abs_(x)  # d arg z = Im(conj(z) dz)/|z|²
    return div(_imaginary(div(mul(conj_if_complex(x), dx), radius)), radius)


def _angle_result(t: ArrayType) -> ArrayType:
    return ArrayType(t.shape, real_dtype(t.dtype))


angle = elementwise(
    "angle",
    np.angle,
    result=_angle_result,
    jvp=_angle_jvp,
    keeps="operands",
    kink=at_zero,
    kink_name="angle at 0 (undefined there)",
)


def _choice(name: str, value: Any, wins: Any) -> Any:
    """max, min, fmax, fmin: the winner's tangent, ½ each at a tie of two moving operands."""

    def jvp(primals: Any, tangents: Any, y: Any) -> Any:
        x, z = primals
        dx, dz = tangents
        if dx is None or dz is None:
            mask = _fixed_mask(wins, x, z) if dz is None else _fixed_mask(wins, z, x)
            return broadcast_to(select(mask, dx if dz is None else dz, 0), y.shape)
        one_sided = select(_fixed_mask(wins, x, z), dx, dz)
        return broadcast_to(select(equal(x, z), 0.5 * (dx + dz), one_sided), y.shape)

    def _fixed_mask(wins_: Any, x: Any, z: Any) -> Any:
        mask = wins_(x, z)
        if name.startswith("f"):  # fmax and fmin ignore a NaN on the other side
            return _logical_or(mask, not_equal(z, z))
        return _logical_or(mask, not_equal(x, x))

    return elementwise(
        name,
        value,
        jvp=jvp,
        keeps="operands",
        kink=tied,
        kink_name=f"a tie in {name}",
    )


_logical_or = elementwise("logical_or", np.logical_or, result=bool_result)
maximum = _choice("maximum", np.maximum, greater)
minimum = _choice("minimum", np.minimum, less)
fmax = _choice("fmax", np.fmax, greater)
fmin = _choice("fmin", np.fmin, less)

# --- piecewise constant, remainders ----------------------------------------------------------------------------------------


def _at_integer(operands: Any, output: Any) -> Any:
    return np.equal(operands[0], output)


_jump = "a jump of {} (slope taken as 0)"
floor = elementwise("floor", np.floor, kink=_at_integer, kink_name=_jump.format("floor"))
ceil = elementwise("ceil", np.ceil, kink=_at_integer, kink_name=_jump.format("ceil"))
trunc = elementwise(
    "trunc",
    np.trunc,
    kink=lambda operands, output: np.equal(operands[0], output) & np.not_equal(output, 0),
    kink_name=_jump.format("trunc"),
)
rint = elementwise(
    "rint",
    np.rint,
    kink=lambda operands, output: np.equal(np.abs(np.subtract(operands[0], output)), 0.5),
    kink_name=_jump.format("rint"),
)
#: The distance to the next float: constant between powers of two.
spacing = elementwise("spacing", np.spacing)
#: The fractional part, with the sign of x, as ``np.modf`` gives it.
fraction = elementwise("fraction", lambda x: np.modf(x)[0], lambda x, y: 1, keeps="none")


def _round_value(x: Any, decimals: int) -> Any:
    return np.round(x, decimals)


round_ = elementwise("round", _round_value, params=("decimals",))


def _whole_quotient(operands: Any, output: Any) -> Any:
    return np.equal(np.fmod(*operands), 0)


floor_divide = elementwise(
    "floor_divide", np.floor_divide, kink=_whole_quotient, kink_name=_jump.format("floor_divide")
)

# mod(x, z) = x − z floor(x/z); fmod(x, z) = x − z trunc(x/z): the quotient is constant between its jumps
mod = elementwise(
    "mod",
    np.mod,
    lambda x, z, y: (1, lambda: neg(floor_divide(x, z))),
    keeps="operands",
    kink=_whole_quotient,
    kink_name="a jump of mod (slope taken from the right)",
)
fmod = elementwise(
    "fmod",
    np.fmod,
    lambda x, z, y: (1, lambda: neg(rint(div(x - y, z)))),
    kink=_whole_quotient,
    kink_name="a jump of fmod (slope taken from inside)",
)


def _copysign_jvp(primals: Any, tangents: Any, y: Any) -> Any:
    x, z = primals
    if tangents[0] is None:
        return None
    return broadcast_to(mul(mul(sign_bit_sign(x), sign_bit_sign(z)), tangents[0]), y.shape)


sign_bit_sign = elementwise("sign_bit_sign", lambda x: np.copysign(np.ones((), np.asarray(x).dtype), x)[()])
copysign = elementwise(
    "copysign", np.copysign, jvp=_copysign_jvp, keeps="operands", kink=at_zero, kink_name="copysign at 0"
)
nextafter = elementwise("nextafter", np.nextafter, lambda x, z, y: (1, None), keeps="none")
heaviside = elementwise(
    "heaviside",
    np.heaviside,
    lambda x, z, y: (None, lambda: convert(equal(x, 0), x.dtype)),
    keeps="operands",
    kink=at_zero,
    kink_name=_jump.format("heaviside"),
)


def _ldexp_value(x: Any, n: Any) -> Any:
    return np.ldexp(x, n)


def _ldexp_result(x: ArrayType, n: ArrayType) -> ArrayType:
    return ArrayType(broadcast_shape(x.shape, n.shape), x.dtype)


ldexp = elementwise(
    "ldexp",
    _ldexp_value,
    result=_ldexp_result,
    jvp=lambda primals, tangents, y: None if tangents[0] is None else ldexp(tangents[0], primals[1]),
    keeps="operands",
)


def _ldexp_transpose(ct: Any, operands: Any, linear_: Any) -> Any:
    return sum_to(ldexp(ct, operands[1]), operands[0].shape), None


ldexp.transpose = _ldexp_transpose

# --- predicates ------------------------------------------------------------------------------------------------------------

PREDICATES = {
    name: elementwise(name, getattr(np, name), result=bool_result)
    for name in ("isnan", "isinf", "isfinite", "signbit", "logical_not", "logical_and", "logical_xor")
}
PREDICATES["logical_or"] = _logical_or
