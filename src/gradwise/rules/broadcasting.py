"""Shapes, dtypes, and the constructor of linear primitives: broadcasting and its adjoint, reshape, conversion.

Everything that other rules need before there is arithmetic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.program import ArrayType, Primitive

if TYPE_CHECKING:
    from collections.abc import Callable

BOOL = np.dtype(bool)
_REAL: dict[np.dtype[Any], np.dtype[Any]] = {np.dtype(np.complex128): np.dtype(np.float64), np.dtype(np.complex64): np.dtype(np.float32)}


def real_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of the real part."""
    return _REAL.get(dtype, dtype) if dtype.kind != "c" else _REAL.get(dtype) or np.zeros(0, dtype).real.dtype


def complex_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The complex dtype of the same precision."""
    return np.result_type(dtype, np.complex64)


# --- broadcasting -----------------------------------------------------------------------------------------------------


def broadcast_value(x: Any, shape: tuple[int, ...]) -> Any:
    """``np.broadcast_to`` at a fifth of its cost: a read-only-by-agreement view with zero strides."""
    x = np.asarray(x)
    old = x.shape
    if old == shape:
        return x
    if not x.flags.c_contiguous:
        return np.broadcast_to(x, shape)
    extra = len(shape) - len(old)
    strides = (0,) * extra + tuple(
        0 if m == 1 and n != 1 else s for m, n, s in zip(old, shape[extra:], x.strides, strict=True)
    )
    return np.ndarray(shape, x.dtype, x, 0, strides)


def sum_to_value(x: Any, shape: tuple[int, ...]) -> Any:
    """Sum over the axes that broadcasting ``shape`` to ``x.shape`` created or stretched."""
    x = np.asarray(x)
    old = x.shape
    extra = len(old) - len(shape)
    axes = tuple(range(extra)) + tuple(
        i + extra for i, n in enumerate(shape) if n == 1 and old[i + extra] != 1
    )
    total = np.add.reduce(x, axis=axes, keepdims=True) if axes else x
    return total.reshape(shape)


def _sum_to_transpose(ct: Any, operands: Any, linear: Any, shape: Any) -> Any:
    return (broadcast_to(ct, operands[0].shape),)


def _sum_to_batch(operands: Any, batched: Any, shape: tuple[int, ...]) -> Any:
    (x,) = operands
    extra = x.ndim - 1 - len(shape)
    inner = (1,) * extra + shape
    total = x if x.shape[1:] == inner else sum_to_p(x, params=((x.shape[0], *inner),))
    return reshape(total, (x.shape[0], *shape))


def _broadcast_transpose(ct: Any, operands: Any, linear: Any, shape: Any) -> Any:
    return (sum_to(ct, operands[0].shape),)


def _broadcast_batch(operands: Any, batched: Any, shape: tuple[int, ...]) -> Any:
    (x,) = operands
    n = x.shape[0]
    aligned = reshape(x, (n, *(1,) * (len(shape) - x.ndim + 1), *x.shape[1:]))
    return broadcast_to(aligned, (n, *shape))


def linear(
    name: str,
    value: Callable[..., Any],
    result: Callable[..., Any],
    transpose: Callable[..., Any],
    batch: Callable[..., Any],
    *,
    params: tuple[str, ...] = (),
    view: bool = False,
    structural: str = "linear",
) -> Primitive:
    """A primitive linear in its only differentiable operand, the first: its tangent is itself applied to the tangent.

    Further operands (index arrays) are passed on unchanged.
    """

    def jvp(primals: Any, tangents: Any, outputs: Any, *static: Any) -> Any:
        return primitive(tangents[0], *primals[1:], params=static)

    primitive = Primitive(
        name,
        value,
        result,
        jvp=jvp,
        transpose=transpose,
        batch=batch,
        params=params,
        view=view,
        keeps="none",
        structural=structural,
    )
    return primitive


sum_to_p = linear(
    "sum_to",
    sum_to_value,
    lambda t, shape: ArrayType(shape, t.dtype),
    _sum_to_transpose,
    _sum_to_batch,
    params=("shape",),
)
broadcast_to_p = linear(
    "broadcast_to",
    broadcast_value,
    lambda t, shape: ArrayType(shape, t.dtype),
    _broadcast_transpose,
    _broadcast_batch,
    params=("shape",),
)


def _reshape_batch(operands: Any, batched: Any, shape: tuple[int, ...]) -> Any:
    return reshape(operands[0], (operands[0].shape[0], *shape))


reshape_p = linear(
    "reshape",
    lambda x, shape: np.asarray(x).reshape(shape),
    lambda t, shape: ArrayType(shape, t.dtype),
    lambda ct, operands, linear_, shape: (reshape(ct, operands[0].shape),),
    _reshape_batch,
    params=("shape",),
    view=True,
)


def sum_to(x: Any, shape: tuple[int, ...]) -> Any:
    return x if x.shape == shape else sum_to_p(x, params=(shape,))


def broadcast_to(x: Any, shape: tuple[int, ...]) -> Any:
    return x if x.shape == shape else broadcast_to_p(x, params=(shape,))


def reshape(x: Any, shape: tuple[int, ...]) -> Any:
    return x if x.shape == shape else reshape_p(x, params=(shape,))


# --- conversion -------------------------------------------------------------------------------------------------------


def _convert_value(x: Any, dtype: np.dtype[Any]) -> Any:
    if dtype.kind != "c" and np.asarray(x).dtype.kind == "c":
        x = x.real
    return x.astype(dtype) if hasattr(x, "astype") else dtype.type(x)


def _convert_jvp(primals: Any, tangents: Any, outputs: Any, dtype: np.dtype[Any]) -> Any:
    return convert(tangents[0], dtype) if dtype.kind in "fc" else None


def _convert_transpose(ct: Any, operands: Any, linear_: Any, dtype: np.dtype[Any]) -> Any:
    return (convert(ct, operands[0].dtype),)


#: Change of dtype.  Complex to real takes the real part (as NumPy does, with its warning left to the caller); its adjoint with
#: respect to Re⟨·,·⟩ embeds the reals, and conversely.
convert_p = Primitive(
    "convert",
    _convert_value,
    lambda t, dtype: ArrayType(t.shape, dtype),
    jvp=_convert_jvp,
    transpose=_convert_transpose,
    batch=lambda operands, batched, dtype: convert(operands[0], dtype),
    params=("dtype",),
    keeps="none",
    structural="linear",
)


def convert(x: Any, dtype: np.dtype[Any]) -> Any:
    return x if x.dtype == dtype else convert_p(x, params=(dtype,))
