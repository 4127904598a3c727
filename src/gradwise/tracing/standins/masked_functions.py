"""The functions of ``np.ma`` on traced numbers: making masked arrays, masking by conditions, and what its objects apply."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.holders import wrapped
from gradwise.tracing.standins import masked_statistics
from gradwise.tracing.standins.masked import (
    MOVERS,
    REDUCTIONS,
    TracedMasked,
    checked,
    elementwise,
    parts,
    reduced,
    shown,
    where,
)
from gradwise.tracing.standins.recording import contains_traced
from gradwise.tracing.standins.stacking import plainly

if TYPE_CHECKING:
    from collections.abc import Callable

_ma = np.ma


def _numbers(data: Any) -> Any:
    return data.array if type(data) is TracedMasked else as_array(data) if contains_traced(data) else data


def _involved(*arguments: Any) -> bool:
    return any(type(a) is TracedMasked or contains_traced(a) for a in arguments)


def masked_array(data: Any = None, mask: Any = _ma.nomask, dtype: Any = None, *rest: Any, **options: Any) -> Any:
    """``np.ma.masked_array``, ``np.ma.array``."""
    if not _involved(data):
        return _ma.MaskedArray(data, mask, dtype, *rest, **options)
    array = _numbers(data)
    array = array if dtype is None else array.astype(dtype)
    made = _ma.MaskedArray(plainly(shown(data)), plain(mask), dtype, *rest, **options)
    if options.get("copy"):
        array = array.copy()
    return TracedMasked(array, _ma.getmaskarray(made), options.get("fill_value"))


def _masking(name: str, place: int = 0) -> Callable[..., Any]:
    """``masked_where``, ``masked_less``, …: their masks come from NumPy's own; ``place``: where the array is among the arguments."""

    def call(*args: Any, **kwargs: Any) -> Any:
        original = getattr(_ma, name)
        if not _involved(*args):
            return original(*args, **kwargs)
        for a in args:
            concrete(_numbers(a))
        made = original(*[plainly(shown(a)) for a in args], **kwargs)
        data = args[place]
        if not _involved(data):
            return made
        array = _numbers(data)
        return TracedMasked(
            array if kwargs.get("copy") is False else array.copy(), _ma.getmaskarray(made), made.fill_value
        )

    call.__name__ = name
    call.__doc__ = f"``np.ma.{name}``."
    return call


def _of_one(name: str, rule: Callable[..., Any]) -> Callable[..., Any]:
    def call(a: Any, *args: Any, **kwargs: Any) -> Any:
        return rule(a, *args, **kwargs) if type(a) is TracedMasked else getattr(_ma, name)(a, *args, **kwargs)

    call.__name__ = name
    call.__doc__ = f"``np.ma.{name}``."
    return call


def average(a: Any, axis: Any = None, weights: Any = None, *rest: Any, **options: Any) -> Any:
    """``np.ma.average``."""
    if not _involved(a, weights):
        return _ma.average(a, axis, weights, *rest, **options)
    if weights is None:
        return reduced(a, "mean", () if axis is None else (axis,), {})
    expected = _ma.average(shown(a), axis, plain(weights), *rest, **options)
    array, mask = parts(a)
    weights = as_array(weights)
    if weights.ndim < np.ndim(plain(array)) and axis is not None:
        weights = np.reshape(
            weights, [-1 if k == axis % np.ndim(plain(array)) else 1 for k in range(np.ndim(plain(array)))]
        )
    w = np.where(mask, 0.0, weights) + np.zeros(np.shape(plain(array)))
    result = (np.where(mask, 0.0, array) * w).sum(axis=axis) / w.sum(axis=axis)
    return checked(result, _ma.getmaskarray(expected), expected)


def dot(a: Any, b: Any, *rest: Any, **options: Any) -> Any:
    """``np.ma.dot``: what is masked counts as zero."""
    if not _involved(a, b):
        return _ma.dot(a, b, *rest, **options)
    expected = _ma.dot(shown(a), shown(b), *rest, **options)
    pair = [np.where(mask, 0.0, array) if np.any(mask) else array for array, mask in map(parts, (a, b))]
    return checked(np.dot(*pair), _ma.getmaskarray(expected), expected)


def concatenate(arrays: Any, axis: int = 0) -> Any:
    """``np.ma.concatenate``."""
    if not _involved(*arrays):
        return _ma.concatenate(arrays, axis)
    pairs = [parts(a) for a in arrays]
    masks = [np.broadcast_to(m, np.shape(plain(d))) for d, m in pairs]
    return TracedMasked(np.concatenate([d for d, _ in pairs], axis), np.concatenate(masks, axis))


def _joining(name: str) -> Callable[..., Any]:
    """``vstack`` and its relatives: the numbers and the masks alike."""

    def call(arrays: Any, *args: Any, **kwargs: Any) -> Any:
        if not _involved(*arrays):
            return getattr(_ma, name)(arrays, *args, **kwargs)
        pairs = [parts(a) for a in arrays]
        masks = [np.broadcast_to(m, np.shape(plain(d))) for d, m in pairs]
        join = getattr(np, name)
        return TracedMasked(join([d for d, _ in pairs], *args, **kwargs), join(masks, *args, **kwargs))

    call.__name__ = name
    return call


def clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:  # noqa: A002  NumPy's names
    """``np.ma.clip``."""
    low, high = a_min if min is None else min, a_max if max is None else max
    if type(a) is not TracedMasked:
        return _ma.clip(a, low, high)
    return TracedMasked(np.clip(a.without(low if high is None else high), low, high), a.mask, a.fill_value)


def power(a: Any, b: Any) -> Any:
    """``np.ma.power``."""
    return elementwise(np.power, (a, b), _ma.power) if _involved(a, b) else _ma.power(a, b)


def _extremum(operation: Any, a: Any, b: Any = None) -> Any:
    """``np.ma.maximum`` and ``np.ma.minimum``."""
    if b is None or not _involved(a, b):
        return operation(a) if b is None else operation(a, b)
    return elementwise(np.maximum if operation is _ma.maximum else np.minimum, (a, b), operation)


def _beside(name: str) -> Callable[..., Any]:
    """An operator of a plain masked array beside traced numbers."""
    original = getattr(_ma.MaskedArray, name)

    def operate(self: Any, other: Any) -> Any:
        if not _involved(other) or type(self) is not _ma.MaskedArray:
            return original(self, other)
        return getattr(TracedMasked, name)(wrapped(self), other)

    operate.__name__ = name
    return operate


def _operation(operation: Any, *args: Any, **kwargs: Any) -> Any:
    """``np.ma.exp(x)``, ``np.ma.add(x, y)``: NumPy's objects that apply a universal function."""
    if kwargs or not _involved(*args):
        return operation(*args, **kwargs)
    return elementwise(operation.f, args, operation)


def _by_method(function: Any, a: Any, *args: Any, **kwargs: Any) -> Any:
    """``np.ma.sum(x)`` and the like, which are methods of x."""
    if type(a) is not TracedMasked:
        return function(a, *args, **kwargs)
    return getattr(a, function.__name__)(*args, **kwargs)


_CALLED: dict[str, Callable[..., Any]] = {
    "_MaskedUnaryOperation": _operation,
    "_MaskedBinaryOperation": _operation,
    "_DomainedOperation": _operation,
    "_DomainedBinaryOperation": _operation,
    "_frommethod": _by_method,
    "_extrema_operation": _extremum,
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "MaskedArray": masked_array,
    "array": masked_array,
    "masked_array": masked_array,
    "asarray": masked_array,
    "masked_where": _masking("masked_where", 1),
    **{
        name: _masking(name)
        for name in [
            *("masked_less", "masked_less_equal", "masked_greater", "masked_greater_equal", "masked_equal"),
            *("masked_not_equal", "masked_inside", "masked_outside", "masked_values", "masked_invalid"),
        ]
    },
    "getmask": _of_one("getmask", lambda a: a.mask),
    "getmaskarray": _of_one("getmaskarray", lambda a: a.mask),
    "getdata": _of_one("getdata", lambda a, subok=True: a.array),
    "filled": _of_one("filled", lambda a, fill_value=None: a.filled(fill_value)),
    "compressed": _of_one("compressed", lambda a: a.compressed()),
    **{
        name: _of_one(name, lambda a, *args, name=name, **kwargs: getattr(a, name)(*args, **kwargs))
        for name in (*REDUCTIONS, *MOVERS, "count", "copy")
        if hasattr(_ma, name)
    },
    "average": average,
    "dot": dot,
    "where": where,
    "concatenate": concatenate,
    **{name: _joining(name) for name in ("vstack", "hstack", "stack", "column_stack", "dstack")},
    "clip": clip,
    "power": power,
    **masked_statistics.FUNCTIONS,
}


def tables() -> dict[Any, dict[str, Callable[..., Any]]]:
    """The stand-ins by owner: the module itself, and the classes of the objects that apply an operation."""
    called: dict[Any, dict[str, Callable[..., Any]]] = {
        getattr(_ma.core, n): {"__call__": ours} for n, ours in _CALLED.items() if hasattr(_ma.core, n)
    }
    names = [f"__{p}{n}__" for n in ("add", "sub", "mul", "truediv", "pow") for p in ("", "r")]
    return {_ma: FUNCTIONS, _ma.MaskedArray: {n: _beside(n) for n in names}, **called}
