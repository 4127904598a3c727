"""NumPy's universal functions on traced values: calls, ``out=``, ``where=``, ``dtype=``, and the methods reduce, accumulate, outer, at, reduceat.

``UFUNCS`` maps a ufunc to what records it: a primitive, applied elementwise, or a function written in ordinary NumPy.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.program import Primitive
from gradwise.rules import algebra, elementwise
from gradwise.rules.elementwise import PREDICATES
from gradwise.tracing import arithmetic
from gradwise.tracing.arithmetic import assign_whole, binary, concrete, plain, unary
from gradwise.tracing.special import BY_NAME
from gradwise.tracing.traced import Traced, TracedArray, TracedScalar, apply, dtype_of, isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable

_getframe = sys._getframe

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


def _frexp(x: Any) -> tuple[Any, Any]:
    _, exponent = np.frexp(concrete(x))
    return apply(x.tape, elementwise.ldexp, (x, np.asarray(-exponent)), ()), exponent


def _ldexp(x: Any, n: Any) -> Any:
    n = np.asarray(concrete(n))
    return apply(x.tape, elementwise.ldexp, (x, n), ()) if isinstance_traced(x) else np.ldexp(x, n)


#: ufunc → a function in ordinary NumPy
COMPOSED: dict[Any, Callable[..., Any]] = {
    np.power: arithmetic._power,
    np.matmul: arithmetic._matmul,
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
}
for _name, _function in {
    "vecdot": lambda a, b, axis=-1: np.sum(np.conj(a) * b, axis=axis),
    "matvec": lambda a, b: (a @ b[..., None])[..., 0],
    "vecmat": lambda a, b: (np.conj(a)[..., None, :] @ b)[..., 0, :],
}.items():
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
        return function(*inputs)
    inputs = tuple([np.asarray(x) if isinstance(x, (list, tuple)) and not isinstance_traced(x) else x for x in inputs])
    if len(inputs) == 1:
        return unary(ufunc, primitive, inputs[0])
    if len(inputs) == 2:
        return binary(ufunc, primitive, *inputs)
    trace = arithmetic._innermost(*inputs)
    value = ufunc(*map(plain, inputs))
    return value if trace is None else apply(trace, primitive, inputs, (), value, dtype_of(value))


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
    if method == "__call__" and not kwargs and len(inputs) == 1 and self.tape.open:
        primitive = ELEMENTWISE.get(ufunc)
        if primitive is not None:
            return _fast_unary(self, ufunc, primitive)
    traces = [x.tape for x in (*inputs, *(kwargs.get("out") or ())) if isinstance_traced(x) and x.tape.open]
    if not traces:
        kwargs = {k: tuple(map(plain, v)) if k == "out" else plain(v) for k, v in kwargs.items()}
        return getattr(ufunc, method)(*map(plain, inputs), **kwargs)
    outermost = [t for t in traces if t.where is None]
    if outermost:
        frame = _getframe(1)
        for trace in outermost:
            trace.where = (frame.f_code, frame.f_lasti)
    try:
        if method == "__call__":
            return _call(ufunc, inputs, **kwargs)
        function = _METHODS.get(method)
        if function is None:
            return NotImplemented
        return function(traces[0], ufunc, *inputs, **kwargs)
    finally:
        for trace in outermost:
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
        if kind is np.ndarray and (keeps == "all" or keeps == "operands"):
            self.pin()
        keep_out = keeps == "all" or keeps == "output"
        values = trace.values
        index = len(values)
        values.append(out if keep_out or not is_array else None)
        trace.ops.extend((primitive, (), 1, self.index))
        trace.outs.append(index)
        where = trace.where
        if where is None:
            frame = _getframe(2)
            where = (frame.f_code, frame.f_lasti)
        trace.places.extend(where)
        return TracedArray(trace, index, out, keep_out) if is_array else TracedScalar(trace, index, out)
    return unary(ufunc, primitive, self)


def _call(
    ufunc: Any, inputs: tuple[Any, ...], out: Any = None, where: Any = True, dtype: Any = None, **options: Any
) -> Any:
    casting = options.pop("casting", "same_kind")
    options.pop("order", None)
    options.pop("subok", None)
    if dtype is not None:
        inputs = tuple(_cast(x, np.dtype(dtype)) for x in inputs)
    if options:
        function = COMPOSED.get(ufunc)
        if function is None or set(options) - {"axis"}:
            _refuse(inputs, f"{ufunc.__name__} with the option {next(iter(options))!r}")
        result = function(*inputs, **options)
    else:
        result = call_ufunc(ufunc, inputs)
    if out is None:
        return result if where is True else _masked(where, result, None)
    outs = out if isinstance(out, tuple) else (out,)
    results = result if isinstance(result, tuple) else (result,)
    for target, piece in zip(outs, results, strict=True):
        if target is None:
            continue
        value = piece if where is True else _masked(where, piece, target)
        store(target, value, casting)
    return outs if len(outs) > 1 else outs[0]


def _refuse(inputs: tuple[Any, ...], what: str) -> None:
    traced = next(x for x in inputs if isinstance_traced(x))
    raise traced.tape.fail(f"{what} is not supported on traced values. Plain arguments are required; write the operation out")


def _cast(x: Any, dtype: np.dtype[Any]) -> Any:
    return x.astype(dtype) if hasattr(x, "astype") else dtype.type(x)


def _masked(where: Any, result: Any, target: Any) -> Any:
    """``where=``: elsewhere the old contents of the target, or zero, where NumPy leaves what the memory held."""
    return np.where(where, result, 0 if target is None else target)


def store(target: Any, value: Any, casting: str = "same_kind") -> Any:
    """Write a result into an ``out=`` argument."""
    if not isinstance_traced(target):
        trace = arithmetic._innermost(value)
        if trace is None:
            target[...] = plain(value)
            return target
        raise trace.fail(
            "a traced value was written into a plain array through out=. An array made from traced values is required: create the buffer "
            "with np.zeros_like(x) or np.empty_like(x), or drop out="
        )
    if np.shape(plain(value)) != target.current().shape:
        value = np.broadcast_to(value, target.current().shape)
    if casting == "unsafe":
        value = _cast(value, target.current().dtype)
    assign_whole(target, value)
    return target


# --- methods of ufuncs ------------------------------------------------------------------------------------------------------


def _reduce(
    trace: Any, ufunc: Any, x: Any, axis: Any = 0, dtype: Any = None, out: Any = None, keepdims: bool = False, **options: Any
) -> Any:
    function = {
        np.add: np.sum,
        np.multiply: np.prod,
        np.maximum: np.max,
        np.minimum: np.min,
        np.logical_and: np.all,
        np.logical_or: np.any,
    }.get(ufunc)
    if function is not None:
        extra = {"dtype": dtype} if dtype is not None else {}
        return function(x, axis=axis, keepdims=keepdims, out=out, **extra, **options)
    initial, where = options.pop("initial", None), options.pop("where", True)
    axes = tuple(range(np.ndim(x))) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if where is not True or len(axes) != 1:
        _refuse((x,), f"{ufunc.__name__}.reduce with where= or over several axes")
    moved = np.moveaxis(x, axes[0], 0)
    items = [moved[i] for i in range(moved.shape[0])]
    if initial is not None:
        items.insert(0, initial)
    if not items:
        raise ValueError(f"zero-size array to reduction operation {ufunc.__name__} which has no identity")
    total = items[0]
    for item in items[1:]:
        total = ufunc(total, item)
    if keepdims:
        total = np.expand_dims(total, axes[0])
    return total if out is None else store(out[0] if isinstance(out, tuple) else out, total)


def _accumulate(trace: Any, ufunc: Any, x: Any, axis: int = 0, dtype: Any = None, out: Any = None) -> Any:
    if dtype is not None:
        x = _cast(x, np.dtype(dtype))
    if ufunc is np.add or ufunc is np.multiply:
        result = (np.cumsum if ufunc is np.add else np.cumprod)(x, axis=axis)
    else:
        moved = np.moveaxis(x, axis, 0)
        items = [moved[0]]
        for i in range(1, moved.shape[0]):
            items.append(ufunc(items[-1], moved[i]))
        result = np.moveaxis(np.stack(items), 0, axis)
    return result if out is None else store(out[0] if isinstance(out, tuple) else out, result)


def _outer(trace: Any, ufunc: Any, x: Any, z: Any, **options: Any) -> Any:
    x = np.asarray(x) if isinstance(x, (list, tuple)) and not isinstance_traced(x) else x
    z = np.asarray(z) if isinstance(z, (list, tuple)) and not isinstance_traced(z) else z
    left = np.reshape(x, np.shape(plain(x)) + (1,) * np.ndim(plain(z)))
    return ufunc(left, z, **options)


def _at(trace: Any, ufunc: Any, x: Any, indices: Any, *rest: Any) -> None:
    """``x[indices] = ufunc(x[indices], …)`` one index after another: repeated indices count each time."""
    if not isinstance_traced(x):
        raise trace.fail(
            f"{ufunc.__name__}.at writes traced values into a plain array. An array made from traced values is required: create it with np.zeros_like(x)"
        )
    if ufunc is np.add or ufunc is np.subtract:
        updates = rest[0] if ufunc is np.add else -1 * rest[0] if not isinstance(rest[0], (list, tuple)) else -np.asarray(rest[0])
        x.add_at(indices, updates)
        return
    # an operation that does not add up is run entry by entry on the flat positions that the index addresses
    shape = np.shape(plain(x))
    positions = np.arange(int(np.prod(shape))).reshape(shape)[_plain_index(indices)]
    pieces = [np.broadcast_to(r, positions.shape) for r in rest]
    if len(set(positions.ravel().tolist())) == positions.size:
        x[indices] = ufunc(x[indices], *pieces)
        return
    for place in np.ndindex(*positions.shape):
        where = np.unravel_index(int(positions[place]), shape)
        x[where] = ufunc(x[where], *[p[place] for p in pieces])


def _plain_index(indices: Any) -> Any:
    if isinstance(indices, tuple):
        return tuple(map(concrete, indices))
    return concrete(indices)


def _reduceat(
    trace: Any, ufunc: Any, x: Any, indices: Any, axis: int = 0, dtype: Any = None, out: Any = None
) -> Any:
    moved = np.moveaxis(x, axis, 0)
    indices = np.asarray(concrete(indices))
    n = moved.shape[0]
    pieces = []
    for k, start in enumerate(indices):
        stop = indices[k + 1] if k + 1 < len(indices) else n
        pieces.append(ufunc.reduce(moved[start:stop], axis=0) if stop > start else moved[start])
    result = np.moveaxis(np.stack(pieces), 0, axis)
    return result if out is None else store(out[0] if isinstance(out, tuple) else out, result)


_METHODS: dict[str, Callable[..., Any]] = {
    "reduce": _reduce,
    "accumulate": _accumulate,
    "outer": _outer,
    "at": _at,
    "reduceat": _reduceat,
}

__all__ = ["BY_NAME", "COMPOSED", "ELEMENTWISE", "array_ufunc", "call_ufunc", "store"]
