"""NumPy's universal functions on traced values: calls, ``out=``, ``where=``, ``dtype=``, and the methods reduce, accumulate, outer, at, reduceat.

``UFUNCS`` maps a ufunc to what records it: a primitive, applied elementwise, or a function written in ordinary NumPy.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.program import Primitive
from gradwise.rules import algebra, elementwise
from gradwise.rules.elementwise import PREDICATES
from gradwise.tracing import arithmetic, factors
from gradwise.tracing.arithmetic import binary, concrete, is_subclass, plain, unary
from gradwise.tracing.holders import HOLDERS, TWINS, answers, wrapped
from gradwise.tracing.places import place_of
from gradwise.tracing.special import BY_NAME
from gradwise.tracing.storing import cast, masked, refuse, store
from gradwise.tracing.traced import Traced, TracedArray, TracedScalar, apply, dtype_of, isinstance_traced, wrap
from gradwise.tracing.ufunc_methods import METHODS

if TYPE_CHECKING:
    from collections.abc import Callable

_getframe = sys._getframe
_OURS = str(Path(__file__).parents[1])

#: ufunc → primitive with the same meaning, applied to operands of one dtype
ELEMENTWISE: dict[Any, Primitive] = {
    np.add: algebra.add_p,
    np.subtract: algebra.sub_p,
    np.multiply: algebra.mul_p,
    np.divide: algebra.div_p,
    np.negative: algebra.neg,
    np.conjugate: algebra.conj,
    np.equal: algebra.equal,
    np.not_equal: algebra.not_equal,
    np.greater: algebra.greater,
    np.less: algebra.less,
    np.greater_equal: algebra.greater_equal,
    np.less_equal: algebra.less_equal,
    np.absolute: elementwise.abs_,
    np.fabs: elementwise.abs_,
    np.spacing: elementwise.spacing,
    np.square: elementwise.square,
    np.reciprocal: elementwise.reciprocal,
    np.sqrt: elementwise.sqrt,
    np.cbrt: elementwise.cbrt,
    np.exp: elementwise.exp,
    np.exp2: elementwise.exp2,
    np.expm1: elementwise.expm1,
    np.log: elementwise.log,
    np.log2: elementwise.log2,
    np.log10: elementwise.log10,
    np.log1p: elementwise.log1p,
    np.sin: elementwise.sin,
    np.cos: elementwise.cos,
    np.tan: elementwise.tan,
    np.arcsin: elementwise.arcsin,
    np.arccos: elementwise.arccos,
    np.arctan: elementwise.arctan,
    np.sinh: elementwise.sinh,
    np.cosh: elementwise.cosh,
    np.tanh: elementwise.tanh,
    np.arcsinh: elementwise.arcsinh,
    np.arccosh: elementwise.arccosh,
    np.arctanh: elementwise.arctanh,
    np.arctan2: elementwise.arctan2,
    np.hypot: elementwise.hypot,
    np.logaddexp: elementwise.logaddexp,
    np.logaddexp2: elementwise.logaddexp2,
    np.maximum: elementwise.maximum,
    np.minimum: elementwise.minimum,
    np.fmax: elementwise.fmax,
    np.fmin: elementwise.fmin,
    np.sign: elementwise.sign,
    np.floor: elementwise.floor,
    np.ceil: elementwise.ceil,
    np.trunc: elementwise.trunc,
    np.rint: elementwise.rint,
    np.floor_divide: elementwise.floor_divide,
    np.mod: elementwise.mod,
    np.fmod: elementwise.fmod,
    np.copysign: elementwise.copysign,
    np.nextafter: elementwise.nextafter,
    np.heaviside: elementwise.heaviside,
    np.isnan: PREDICATES["isnan"],
    np.isinf: PREDICATES["isinf"],
    np.isfinite: PREDICATES["isfinite"],
    np.signbit: PREDICATES["signbit"],
    np.logical_not: PREDICATES["logical_not"],
    np.logical_and: PREDICATES["logical_and"],
    np.logical_or: PREDICATES["logical_or"],
    np.logical_xor: PREDICATES["logical_xor"],
}


def _float_power(x: Any, z: Any) -> Any:
    wide = np.complex128 if dtype_of(plain(x)).kind == "c" or dtype_of(plain(z)).kind == "c" else np.float64
    return np.power(_as(x, wide), _as(z, wide))


def _as(x: Any, dtype: Any) -> Any:
    return x.astype(dtype) if hasattr(x, "astype") else dtype(x)


def _divmod(x: Any, z: Any) -> tuple[Any, Any]:
    return x // z, x % z


def _modf(x: Any) -> tuple[Any, Any]:
    return apply(x.tape, elementwise.fraction, (x,)), np.trunc(x)


def binary_exponents(x: Any) -> Any:
    """The exponents e of traced numbers, 2ᵉ⁻¹ ≤ |x| < 2ᵉ: a program stands for what lies between these powers, and where a number is at the lower one, or has none, for it alone."""
    value = plain(x)
    _, exponents = np.frexp(value)
    low, high = np.ldexp(0.5, exponents), np.ldexp(1.0, exponents)
    if np.all(np.isfinite(value) & (np.abs(value) > low)):
        size = abs(x)
        concrete(size > low, "mask" if np.ndim(value) else "bool")
        concrete(size < high, "mask" if np.ndim(value) else "bool")
    else:
        concrete(x)
    return exponents


def _frexp(x: Any) -> tuple[Any, Any]:
    exponent = binary_exponents(x)
    return apply(x.tape, elementwise.ldexp, (x, np.asarray(-exponent)), ()), exponent


def _ldexp(x: Any, n: Any) -> Any:
    n = np.asarray(concrete(n))
    return apply(x.tape, elementwise.ldexp, (x, n), ()) if isinstance_traced(x) else np.ldexp(x, n)


#: ufunc → a function in ordinary NumPy
COMPOSED: dict[Any, Callable[..., Any]] = {
    np.power: factors.power,
    np.matmul: factors.matmul,
    np.positive: lambda x: +x,
    np.float_power: _float_power,
    np.divmod: _divmod,
    np.modf: _modf,
    np.frexp: _frexp,
    np.ldexp: _ldexp,
    np.deg2rad: lambda x: x * (np.pi / 180),
    np.radians: lambda x: x * (np.pi / 180),
    np.rad2deg: lambda x: x * (180 / np.pi),
    np.degrees: lambda x: x * (180 / np.pi),
    # the ufunc behind ndarray.clip has no public name
    np._core.umath.clip: lambda x, low, high: np.clip(x, low, high),  # type: ignore[attr-defined]
}
_PRODUCTS: dict[str, Callable[..., Any]] = {
    "vecdot": lambda a, b, axis=-1: np.sum(np.conj(a) * b, axis=axis),
    "matvec": lambda a, b: (a @ b[..., None])[..., 0],
    "vecmat": lambda a, b: (np.conj(a)[..., None, :] @ b)[..., 0, :],
}
for _name, _function in _PRODUCTS.items():
    if hasattr(np, _name):  # vecdot since NumPy 2.0, the others since 2.2
        COMPOSED[getattr(np, _name)] = _function


def call_ufunc(ufunc: Any, inputs: tuple[Any, ...]) -> Any:
    """``ufunc(*inputs)`` recorded."""
    primitive = ELEMENTWISE.get(ufunc)
    if primitive is None:
        function = COMPOSED.get(ufunc)
        if function is None:
            known = BY_NAME.get(ufunc.__name__)
            return _unknown(ufunc, inputs) if known is None or not _moving(inputs) else known(ufunc, *inputs)
        if any(
            [isinstance(plain(x), (np.ndarray, np.generic)) for x in inputs]
        ):  # beside NumPy's, Python's numbers take its precision
            return function(*inputs)
        return function(*[_of_numpy(x) if type(x) is TracedScalar else x for x in inputs])
    inputs = tuple([np.asarray(x) if isinstance(x, (list, tuple)) and not isinstance_traced(x) else x for x in inputs])
    if len(inputs) == 1:
        return unary(ufunc, primitive, inputs[0])
    if len(inputs) == 2:
        return binary(ufunc, primitive, *inputs)
    trace = arithmetic._innermost(*inputs)
    value = ufunc(*map(plain, inputs))
    return value if trace is None else apply(trace, primitive, inputs, (), value, dtype_of(value))


def _of_numpy(x: TracedScalar) -> Any:
    """A traced number as one of NumPy's: what ``np.power(x, 1 / 3)`` gives for a negative one is nan, and a complex number if x is Python's."""
    value = x.value
    return wrap(x.tape, x.index, dtype_of(value).type(value)) if type(value) in (float, complex) else x


def _moving(inputs: tuple[Any, ...]) -> list[Any]:
    return [x for x in inputs if isinstance_traced(x) and x.tape.open and dtype_of(x.value).kind in "fc"]


def _unknown(ufunc: Any, inputs: tuple[Any, ...]) -> Any:
    """A ufunc without a rule: fine where nothing that it sees carries a derivative."""
    moving = _moving(inputs)
    if not moving:
        return ufunc(*map(concrete, inputs))
    raise moving[0].tape.fail(
        f"the function {ufunc.__name__!r} has no derivative rule for traced values. A function that gradwise knows is required. "
        "Give it a rule with gw.custom_rule, or use method='numerical'"
    )


def array_ufunc(self: Traced, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """NumPy's protocol (NEP 13)."""
    if method == "__call__" and not kwargs and self.tape.open:
        primitive = ELEMENTWISE.get(ufunc)
        if primitive is not None:
            if len(inputs) == 1:
                return _fast_unary(self, ufunc, primitive)
            if len(inputs) == 2:
                other = inputs[1] if inputs[0] is self else inputs[0]
                cls = type(other)
                if cls in _PLAIN or ((cls is TracedArray or cls is TracedScalar) and other.tape is self.tape):
                    return _fast_binary(self, ufunc, primitive, inputs)
    if any(map(answers, inputs)):
        return (
            NotImplemented
            if any([type(x) in HOLDERS for x in inputs])
            else getattr(ufunc, method)(*map(wrapped, inputs), **kwargs)
        )
    if kwargs and TWINS and any([type(x) in TWINS for x in (*kwargs.get("out", ()), kwargs.get("where"))]):
        return NotImplemented
    if any([is_subclass(x, *inputs) for x in inputs]):  # an array on a file, or of the user's class, is an array
        return getattr(ufunc, method)(*[np.asarray(x) if is_subclass(x) else x for x in inputs], **kwargs)
    traces = [x.tape for x in (*inputs, *(kwargs.get("out") or ())) if isinstance_traced(x) and x.tape.open]
    if not traces:
        kwargs = {k: tuple(map(plain, v)) if k == "out" else plain(v) for k, v in kwargs.items()}
        return getattr(ufunc, method)(*map(plain, inputs), **kwargs)
    outermost = [t for t in traces if t.where is None]
    if outermost:
        place = place_of(_getframe(1))
        for trace in outermost:
            trace.where = place
    try:
        if method == "__call__":
            return _call(ufunc, inputs, **kwargs)
        function = METHODS.get(method)
        if function is None:
            return NotImplemented
        return function(traces[0], ufunc, *inputs, **kwargs)
    finally:
        for trace in outermost:
            trace.where = None


_PLAIN = frozenset([float, int, np.float64, np.ndarray])
_REFLECTED = {np.add: "__radd__", np.subtract: "__rsub__", np.multiply: "__rmul__", np.true_divide: "__rtruediv__"}


def _fast_binary(self: Any, ufunc: Any, primitive: Primitive, inputs: tuple[Any, Any]) -> Any:
    trace = self.tape
    outermost = trace.where is None
    if outermost:
        trace.where = place_of(_getframe(2))
    try:
        if type(inputs[0]) is np.ndarray and ufunc in _REFLECTED:  # array * x
            return getattr(self, _REFLECTED[ufunc])(inputs[0])
        return binary(ufunc, primitive, *inputs)
    finally:
        if outermost:
            trace.where = None


def _fast_unary(self: Any, ufunc: Any, primitive: Primitive) -> Any:
    trace = self.tape
    if type(self) is TracedArray:
        self.sync()
    value = self.value
    out = ufunc(value)
    kind = type(value)
    if kind is float or kind is np.float64 or (kind is np.ndarray and value.dtype.kind in "fc"):
        is_array = type(out) is np.ndarray
        keeps = primitive.keeps
        if kind is np.ndarray and (keeps in ("all", "operands")):
            self.pin()
        keep_out = keeps in ("all", "output")
        values = trace.values
        index = len(values)
        values.append(out if keep_out or not is_array else None)
        trace.ops.extend((primitive, (), 1, self.index))
        trace.outs.append(index)
        where = trace.where
        if where is None:
            frame = _getframe(2)
            code = frame.f_code
            # a stand-in may have called the function
            where = (place_of(frame) or (None, 0)) if code.co_filename.startswith(_OURS) else (code, frame.f_lasti)
        trace.places.extend(where)
        return TracedArray(trace, index, out, keep_out) if is_array else TracedScalar(trace, index, out)
    return unary(ufunc, primitive, self)


def _call(
    ufunc: Any, inputs: tuple[Any, ...], out: Any = None, where: Any = True, dtype: Any = None, **options: Any
) -> Any:
    if out is None and where is True and dtype is None and not options:
        return call_ufunc(ufunc, inputs)
    casting = options.pop("casting", "same_kind")
    order = options.pop("order", None)
    options.pop("subok", None)
    if dtype is not None:
        inputs = tuple(cast(x, np.dtype(dtype)) for x in inputs)
    if options:
        function = COMPOSED.get(ufunc)
        if function is None or set(options) - {"axis"}:
            refuse(inputs, f"{ufunc.__name__} with the option {next(iter(options))!r}")
        result = function(*inputs, **options)
    else:
        # where= also means: not computed elsewhere, so no warning from there
        with np.errstate() if where is True else np.errstate(all="ignore"):
            # of plain arguments alone only the output is recorded
            result = call_ufunc(ufunc, inputs) if any(map(isinstance_traced, inputs)) else ufunc(*inputs)
    if out is None:
        if where is True:
            return result if order is None else _in_order(result, order, inputs)
        found = [masked(where, piece, None) for piece in (result if isinstance(result, tuple) else (result,))]
        # a number, as NumPy gives it
        found = [z[()] if type(z) is TracedArray and z.ndim == 0 else z for z in found]
        return tuple(found) if isinstance(result, tuple) else found[0]
    outs = out if isinstance(out, tuple) else (out,)
    results = result if isinstance(result, tuple) else (result,)
    for target, piece in zip(outs, results, strict=True):
        if target is None:
            continue
        value = piece if where is True else masked(where, piece, target)
        store(target, value, casting)
    return outs if len(outs) > 1 else outs[0]


def _in_order(result: Any, order: Any, inputs: tuple[Any, ...]) -> Any:
    """A result in the memory order that is asked for; ``"A"`` is Fortran's where all operands have that, and C's otherwise."""
    if isinstance(result, tuple):
        return tuple([_in_order(piece, order, inputs) for piece in result])
    if order == "A":
        order = "F" if all(np.asarray(plain(x)).flags.f_contiguous for x in inputs) else "C"
    if order not in ("C", "F") or type(result) is not TracedArray or not result.tape.open:
        return result
    value = np.asarray(result.value, order=order)
    return result if value is result.value else wrap(result.tape, result.index, value, pinned=False)


__all__ = ["BY_NAME", "COMPOSED", "ELEMENTWISE", "array_ufunc", "call_ufunc", "store"]
