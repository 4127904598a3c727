"""Constructors that name the algebra of a primitive: elementwise, linear, reduction, and the arithmetic that rules are written in.

A rule is written once, forward, as a formula on symbols.  What can be derived from the kind of operation is derived here: the tangent of
an elementwise operation from its partial derivatives, its batched form by aligning ranks, the tangent of a linear operation by applying
it to the tangent.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.program import ArrayType, Primitive, Symbol
from gradwise.rules.broadcasting import BOOL, broadcast_to, complex_dtype, convert, real_dtype, reshape, sum_to

if TYPE_CHECKING:
    from collections.abc import Callable

# --- elementwise ------------------------------------------------------------------------------------------------------


def broadcast_shape(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    first = shapes[0]
    if all(s == first for s in shapes):
        return first
    return np.broadcast_shapes(*shapes)


def _same_result(*rest: Any) -> ArrayType:
    types = [t for t in rest if type(t) is ArrayType]  # static parameters follow the types
    return ArrayType(broadcast_shape(*[t.shape for t in types]), types[0].dtype)


def bool_result(*types: ArrayType) -> ArrayType:
    """The result type of comparisons and predicates."""
    return ArrayType(broadcast_shape(*[t.shape for t in types]), BOOL)


def batch_elementwise(primitive: Primitive, operands: Any, batched: Any, params: tuple[Any, ...]) -> Any:
    """Align ranks behind the batch axis, then apply the primitive itself."""
    rank = max(x.ndim - (1 if b else 0) for x, b in zip(operands, batched, strict=True))
    aligned = [
        reshape(x, (x.shape[0], *(1,) * (rank - x.ndim + 1), *x.shape[1:])) if b and x.ndim - 1 < rank else x
        for x, b in zip(operands, batched, strict=True)
    ]
    return primitive(*aligned, params=params)


def scale(partial: Any, tangent: Any) -> Any:
    """``partial · tangent`` without needless equations for the partials 1 and −1."""
    if isinstance(partial, (int, float)):
        if partial == 1:
            return tangent
        if partial == -1:
            return -tangent
    return partial * tangent


def elementwise(
    name: str,
    value: Callable[..., Any],
    derivative: Callable[..., Any] | None = None,
    *,
    result: Callable[..., Any] = _same_result,
    jvp: Callable[..., Any] | None = None,
    params: tuple[str, ...] = (),
    keeps: str = "all",
    kink: Callable[..., Any] | None = None,
    kink_name: str = "",
) -> Primitive:
    """An elementwise primitive from its partial derivatives.

    ``derivative(x, y)`` (or ``derivative(x1, x2, y)``) with the operands and the output y returns the partial, or a tuple of partials: a
    symbol, a number, None for zero, or a function of no arguments that builds the symbol when it is needed.
    Without ``derivative`` and ``jvp`` the value is piecewise constant.
    """

    def tangent(primals: Any, tangents: Any, output: Any, *static: Any) -> Any:
        partials = derivative(*primals, output, *static)  # type: ignore[misc]  # only called when given
        if type(partials) is not tuple:
            partials = (partials,)
        total = None
        for partial, dx in zip(partials, tangents, strict=True):
            if dx is None or partial is None:
                continue
            term = scale(partial() if callable(partial) and not isinstance(partial, Symbol) else partial, dx)
            total = term if total is None else total + term
        return None if total is None else broadcast_to(total, output.shape)

    def batch(operands: Any, batched: Any, *static: Any) -> Any:
        return batch_elementwise(primitive, operands, batched, static)

    rule = jvp if jvp is not None else (tangent if derivative is not None else None)
    primitive = Primitive(
        name,
        value,
        result,
        jvp=rule,
        batch=batch,
        params=params,
        keeps=keeps if rule is not None else "none",
        kink=kink,
        kink_name=kink_name,
        structural="elementwise",
    )
    return primitive


def conj_if_complex(x: Any) -> Any:
    return conj(x) if x.dtype.kind == "c" else x


# --- arithmetic, the language of the rules ------------------------------------------------------------------------------


def _add_jvp(primals: Any, tangents: Any, y: Any) -> Any:
    dx, dz = tangents
    if dx is None or dz is None:
        return broadcast_to(dx if dz is None else dz, y.shape)
    return add(dx, dz)


def _add_transpose(ct: Any, operands: Any, linear_: Any) -> Any:
    return tuple(sum_to(ct, x.shape) if is_linear else None for x, is_linear in zip(operands, linear_, strict=True))


def _sub_jvp(primals: Any, tangents: Any, y: Any) -> Any:
    dx, dz = tangents
    if dx is None:
        return broadcast_to(-dz, y.shape)
    return broadcast_to(dx, y.shape) if dz is None else sub(dx, dz)


def _sub_transpose(ct: Any, operands: Any, linear_: Any) -> Any:
    x, z = operands
    return sum_to(ct, x.shape) if linear_[0] else None, sum_to(-ct, z.shape) if linear_[1] else None


def _mul_jvp(primals: Any, tangents: Any, y: Any) -> Any:
    x, z = primals
    dx, dz = tangents
    if dz is None:
        return broadcast_to(mul(dx, z), y.shape)
    if dx is None:
        return broadcast_to(mul(x, dz), y.shape)
    return broadcast_to(mul(dx, z) + mul(x, dz), y.shape)


def _mul_transpose(ct: Any, operands: Any, linear_: Any) -> Any:
    x, z = operands
    if linear_[0]:
        return sum_to(mul(ct, conj_if_complex(z)), x.shape), None
    return None, sum_to(mul(ct, conj_if_complex(x)), z.shape)


def _div_jvp(primals: Any, tangents: Any, y: Any) -> Any:
    x, z = primals
    dx, dz = tangents
    if dz is None:
        return broadcast_to(div(dx, z), y.shape)
    if dx is None:
        return broadcast_to(mul(-div(y, z), dz), y.shape)
    return broadcast_to(div(dx - mul(y, dz), z), y.shape)


def _div_transpose(ct: Any, operands: Any, linear_: Any) -> Any:
    x, z = operands
    return sum_to(div(ct, conj_if_complex(z)), x.shape), None


def _arithmetic(name: str, value: Any, jvp: Any, transpose: Any, keeps: str) -> Primitive:
    primitive = elementwise(name, value, jvp=jvp, keeps=keeps)
    primitive.transpose = transpose
    return primitive


def _div_value(x: Any, z: Any) -> Any:
    # Python floats would raise on a zero divisor, where the arithmetic of programs is IEEE's
    return x / z if type(z) is not float or z != 0.0 else np.true_divide(x, z)


add_p = _arithmetic("add", operator.add, _add_jvp, _add_transpose, "none")
sub_p = _arithmetic("sub", operator.sub, _sub_jvp, _sub_transpose, "none")
mul_p = _arithmetic("mul", operator.mul, _mul_jvp, _mul_transpose, "product")
div_p = _arithmetic("div", _div_value, _div_jvp, _div_transpose, "all")
neg = elementwise("neg", operator.neg, jvp=lambda primals, tangents, y: neg(tangents[0]), keeps="none")
neg.transpose = lambda ct, operands, linear_: (neg(ct),)


def promoted(primitive: Primitive) -> Callable[..., Any]:
    """The primitive as a formula writer wants it: operands of different dtypes are converted to their common one."""

    def apply(*operands: Any) -> Any:
        dtypes = [x.dtype for x in operands if hasattr(x, "dtype")]
        if len(dtypes) > 1 and any(d != dtypes[0] for d in dtypes[1:]):
            common = np.result_type(*dtypes)
            operands = tuple(convert(x, common) if hasattr(x, "dtype") else x for x in operands)
        return primitive(*operands)

    return apply


add, sub, mul, div = promoted(add_p), promoted(sub_p), promoted(mul_p), promoted(div_p)


# --- complex parts ------------------------------------------------------------------------------------------------------


def _part_result(t: ArrayType) -> ArrayType:
    return ArrayType(t.shape, real_dtype(t.dtype))


conj = elementwise("conj", np.conjugate, jvp=lambda primals, tangents, y: conj(tangents[0]), keeps="none")
conj.transpose = lambda ct, operands, linear_: (conj(ct),)
real_p = elementwise(
    "real", np.real, result=_part_result, jvp=lambda primals, tangents, y: real(tangents[0]), keeps="none"
)
real_p.transpose = lambda ct, operands, linear_: (convert(ct, operands[0].dtype),)
real_p.view = True
imag_p = elementwise(
    "imag", np.imag, result=_part_result, jvp=lambda primals, tangents, y: imag(tangents[0]), keeps="none"
)
imag_p.transpose = lambda ct, operands, linear_: (convert(ct, operands[0].dtype) * 1j,)
imag_p.view = True


def _complex_jvp(primals: Any, tangents: Any, y: Any) -> Any:
    re, im = (_zero_like(x) if dx is None else dx for x, dx in zip(primals, tangents, strict=True))
    return broadcast_to(complex_p(re, im), y.shape)


def _complex_value(re: Any, im: Any) -> Any:
    result = np.empty(np.broadcast_shapes(np.shape(re), np.shape(im)), complex_dtype(np.result_type(re, im)))
    result.real, result.imag = re, im
    return result if result.ndim else result[()]


#: The complex number with the given real and imaginary parts (re + 1j·im is not that where one of them is infinite).
complex_p = elementwise(
    "complex",
    _complex_value,
    result=lambda re, im: ArrayType(broadcast_shape(re.shape, im.shape), complex_dtype(re.dtype)),
    jvp=_complex_jvp,
    keeps="none",
)
complex_p.transpose = lambda ct, operands, linear_: (
    sum_to(real(ct), operands[0].shape) if linear_[0] else None,
    sum_to(imag(ct), operands[1].shape) if linear_[1] else None,
)


def real(x: Any) -> Any:
    return real_p(x) if x.dtype.kind == "c" else x


def imag(x: Any) -> Any:
    return imag_p(x) if x.dtype.kind == "c" else x * 0


# --- choice ---------------------------------------------------------------------------------------------------------------


def _select_result(condition: ArrayType, a: ArrayType, b: ArrayType) -> ArrayType:
    return ArrayType(broadcast_shape(condition.shape, a.shape, b.shape), a.dtype)


def _zero_like(x: Any) -> Any:
    return x.builder.constant(x.dtype.type(0), x.dtype)


def _select_jvp(primals: Any, tangents: Any, y: Any) -> Any:
    condition = primals[0]
    _, da, db = tangents
    if da is None and db is None:
        return None
    da = _zero_like(y) if da is None else da
    db = _zero_like(y) if db is None else db
    return broadcast_to(select(condition, da, db), y.shape)


def _select_transpose(ct: Any, operands: Any, linear_: Any) -> Any:
    condition, a, b = operands
    zero = _zero_like(ct)
    return (
        None,
        sum_to(select(condition, ct, zero), a.shape) if linear_[1] else None,
        sum_to(select(condition, zero, ct), b.shape) if linear_[2] else None,
    )


select = elementwise("select", np.where, result=_select_result, jvp=_select_jvp, keeps="operands")
select.transpose = _select_transpose
select.structural = "select"

equal = elementwise("equal", operator.eq, result=bool_result)
not_equal = elementwise("not_equal", operator.ne, result=bool_result)
greater = elementwise("greater", operator.gt, result=bool_result)
less = elementwise("less", operator.lt, result=bool_result)
greater_equal = elementwise("greater_equal", operator.ge, result=bool_result)
less_equal = elementwise("less_equal", operator.le, result=bool_result)

Symbol.operators.update(
    add=add,
    sub=sub,
    mul=mul,
    div=div,
    neg=neg,
    equal=equal,
    not_equal=not_equal,
    greater=greater,
    less=less,
    greater_equal=greater_equal,
    less_equal=less_equal,
)
