"""More of ``np.ma`` on traced numbers: medians, covariances, fits, sorted and selected entries, products, differences.

As everywhere in ``np.ma``, NumPy's function of the plain masked array says what is masked in the result, and its numbers are compared with ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.standins.masked import _FUNCTIONS, TracedMasked, checked, parts, shown
from gradwise.tracing.standins.recording import contains_traced
from gradwise.tracing.standins.stacking import assembled

if TYPE_CHECKING:
    from collections.abc import Callable

_ma: Any = np.ma


def _involved(*arguments: Any) -> bool:
    return any(type(a) is TracedMasked or contains_traced(a) for a in arguments)


def _whole(value: Any) -> tuple[Any, np.ndarray]:
    """The numbers of an operand, and a mask of their shape."""
    array, mask = parts(value)
    array = as_array(array)
    return array, np.array(np.broadcast_to(mask, np.shape(plain(array))), bool)


def _mask_of(expected: Any) -> Any:
    return _ma.getmaskarray(expected) if isinstance(expected, _ma.MaskedArray) else False


def _stand_in(name: str, rule: Callable[..., Any]) -> Callable[..., Any]:
    """NumPy's function where nothing is traced; else the rule, which is told what NumPy gives for the plain numbers."""

    def call(*args: Any, **kwargs: Any) -> Any:
        original = getattr(_ma, name)
        if not _involved(*args, *kwargs.values()):
            return original(*args, **kwargs)
        expected = original(*map(shown, args), **{k: shown(v) for k, v in kwargs.items()})
        return rule(expected, *args, **kwargs)

    call.__name__ = name
    call.__doc__ = f"``np.ma.{name}``."
    return call


# --- places: entries that are moved, whatever their numbers ------------------------------------------------------------------------------


def _by_places(name: str) -> Callable[..., Any]:
    """What only selects or moves entries is asked of the numbered entries."""

    def rule(expected: Any, a: Any, *args: Any, **kwargs: Any) -> Any:
        array, mask = _whole(a)
        places = _ma.MaskedArray(np.arange(mask.size).reshape(mask.shape), mask)
        found = getattr(_ma, name)(places, *args, **kwargs)
        result = np.reshape(array, (-1,))[np.asarray(_ma.getdata(found))]
        return checked(result, _mask_of(expected), expected)

    return _stand_in(name, rule)


def _answer(name: str) -> Callable[..., Any]:
    """What depends on the masks alone is plain."""
    return _stand_in(name, lambda expected, *args, **kwargs: expected)


def _sort(expected: Any, a: Any, axis: Any = -1, *rest: Any, **options: Any) -> Any:
    array, mask = _whole(a)
    concrete(array)
    masked = shown(a)
    if axis is None:
        array, mask, masked, axis = np.reshape(array, (-1,)), mask.ravel(), masked.ravel(), 0
    options = {k: options[k] for k in ("kind", "fill_value", "endwith", "stable") if k in options}
    order = np.asarray(masked.argsort(axis, **options)) if masked.ndim else np.zeros((), int)
    return checked(np.take_along_axis(array, order, axis), np.take_along_axis(mask, order, axis), expected)


# --- statistics ---------------------------------------------------------------------------------------------------------------------


def _lanes(value: Any, axis: Any) -> tuple[list[Any], tuple[int, ...]]:
    """The unmasked numbers of each lane along an axis, and the shape of the others."""
    array, mask = _whole(value)
    if axis is None:
        return [np.reshape(array, (-1,))[~mask.ravel()]], ()
    array, mask = np.moveaxis(array, axis, -1), np.moveaxis(mask, axis, -1)
    return [array[p][~mask[p]] for p in np.ndindex(mask.shape[:-1])], mask.shape[:-1]


def _median(expected: Any, a: Any, axis: Any = None, *rest: Any, **options: Any) -> Any:
    lanes, shape = _lanes(a, axis)
    found = assembled([np.median(lane) if np.size(plain(lane)) else 0.0 for lane in lanes])
    return checked(np.reshape(found, np.shape(expected) or shape), _mask_of(expected), expected)


def _pair(x: Any, y: Any, rowvar: bool) -> tuple[Any, np.ndarray]:
    """The variables in rows, those of both."""
    rows = []
    for part in (x, y):
        if part is not None:
            array, mask = _whole(part)
            if array.ndim < 2:
                array, mask = array[None, :], mask[None, :]
            elif not rowvar and array.shape[0] != 1:
                array, mask = array.T, mask.T
            rows.append((array, mask))
    if len(rows) == 2 and rows[0][1].shape == rows[1][1].shape and (rows[0][1].any() or rows[1][1].any()):
        common = rows[0][1] | rows[1][1]
        rows = [(array, common) for array, _ in rows]
    return np.concatenate([r for r, _ in rows]), np.concatenate([m for _, m in rows])


def _cov(
    expected: Any,
    x: Any,
    y: Any = None,
    rowvar: Any = True,
    bias: Any = False,
    allow_masked: Any = True,
    ddof: Any = None,
) -> Any:
    array, mask = _pair(x, y, rowvar)
    held = (~mask).astype(float)
    mean = np.where(mask, 0.0, array).sum(axis=1) / np.maximum(held.sum(axis=1), 1)
    away = np.where(mask, 0.0, array - mean[:, None])
    count = held @ held.T - ((0 if bias else 1) if ddof is None else ddof)
    made = (away @ np.conj(away.T)) / np.where(count <= 0, 1.0, count)
    return checked(np.reshape(made, np.shape(expected)), _mask_of(expected), expected)


def _corrcoef(expected: Any, x: Any, y: Any = None, rowvar: Any = True, *rest: Any, **options: Any) -> Any:
    c = _cov(_ma.cov(shown(x), None if y is None else shown(y), rowvar), x, y, rowvar)
    c = c.array if type(c) is TracedMasked else c
    d = np.sqrt(np.diagonal(c))
    return checked(c / (d[:, None] * d), _mask_of(expected), expected)


def _polyfit(
    expected: Any, x: Any, y: Any, deg: Any, rcond: Any = None, full: Any = False, w: Any = None, cov: Any = False
) -> Any:
    """The points of which no number is masked."""
    out = np.zeros(np.shape(plain(parts(x)[0])), bool)
    for part in (x, y, w):
        if part is not None:
            mask = _whole(part)[1]
            out |= mask if mask.ndim == 1 else mask.any(axis=1)
    points, values = _whole(x)[0][~out], _whole(y)[0][~out]
    weights = None if w is None else _whole(w)[0][~out]
    return np.polyfit(points, values, deg, rcond, full, weights, cov)


# --- products and differences -----------------------------------------------------------------------------------------------------------


def _filled(value: Any) -> Any:
    array, mask = _whole(value)
    return np.where(mask, 0.0, array) if mask.any() else array


def _product(function: Any) -> Callable[..., Any]:
    return lambda expected, a, b: checked(function(_filled(a), _filled(b)), _mask_of(expected), expected)


#: what ``mode`` is if it is not given
_MODES: dict[Any, str] = {np.convolve: "full", np.correlate: "valid"}


def _convolving(function: Any) -> Callable[..., Any]:
    def rule(expected: Any, a: Any, v: Any, mode: str = _MODES[function], propagate_mask: bool = True) -> Any:
        take = (lambda u: _whole(u)[0]) if propagate_mask else _filled
        return checked(function(take(a), take(v), mode), _mask_of(expected), expected)

    return rule


def _diff(expected: Any, a: Any, n: int = 1, axis: int = -1, **ends: Any) -> Any:
    result = np.diff(_whole(a)[0], n, axis, **{k: parts(v)[0] for k, v in ends.items()})
    return checked(result, _mask_of(expected), expected)


def _ediff1d(expected: Any, a: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    ends = {k: parts(v)[0] for k, v in (("to_end", to_end), ("to_begin", to_begin)) if v is not None}
    return checked(np.ediff1d(_whole(a)[0], **ends), _mask_of(expected), expected)


def _vander(expected: Any, x: Any, n: Any = None) -> Any:
    array, mask = _whole(x)
    return np.where(mask[:, None], 0.0, np.vander(array, n))


def _fix_invalid(expected: Any, a: Any, mask: Any = _ma.nomask, copy: bool = True, fill_value: Any = None) -> Any:
    array, _ = _whole(a)
    found = _ma.getmaskarray(expected)
    concrete(array)
    fill = expected.fill_value if fill_value is None else fill_value
    return TracedMasked(np.where(np.isfinite(plain(array)), array, fill), found, expected.fill_value)


def apply_along_axis(func1d: Any, axis: Any, arr: Any, *args: Any, **kwargs: Any) -> Any:
    """``np.ma.apply_along_axis``."""
    if type(arr) is not TracedMasked:
        return _ma.apply_along_axis(func1d, axis, arr, *args, **kwargs)
    array, mask = np.moveaxis(arr.array, axis, -1), np.moveaxis(arr.mask, axis, -1)
    outer = mask.shape[:-1]
    found = [func1d(TracedMasked(array[p], mask[p], arr.fill_value), *args, **kwargs) for p in np.ndindex(outer)]
    pairs = [(0.0, np.True_) if f is _ma.masked else parts(f) for f in found]
    rows = np.stack([as_array(r) for r, _ in pairs])
    masks = np.stack([np.broadcast_to(m, np.shape(plain(as_array(r)))) for r, m in pairs])
    shape = (*outer, *rows.shape[1:])
    order = [*range(axis % arr.array.ndim), *range(len(outer), len(shape)), *range(axis % arr.array.ndim, len(outer))]
    return TracedMasked(np.reshape(rows, shape).transpose(order), masks.reshape(shape).transpose(order))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{
        name: _by_places(name)
        for name in (
            *(
                "mask_rows",
                "mask_cols",
                "mask_rowcols",
                "compress_rows",
                "compress_cols",
                "compress_rowcols",
                "compress_nd",
            ),
            *("atleast_1d", "atleast_2d", "atleast_3d", "diag", "resize", "expand_dims"),
        )
        if hasattr(_ma, name)
    },
    **{
        name: _answer(name)
        for name in (
            *("notmasked_edges", "notmasked_contiguous", "flatnotmasked_edges", "flatnotmasked_contiguous"),
            *("clump_masked", "clump_unmasked", "count_masked", "is_masked", "ndim", "shape", "size"),
        )
        if hasattr(_ma, name)
    },
    "sort": _stand_in("sort", _sort),
    "median": _stand_in("median", _median),
    "cov": _stand_in("cov", _cov),
    "corrcoef": _stand_in("corrcoef", _corrcoef),
    "polyfit": _stand_in("polyfit", _polyfit),
    "outer": _stand_in("outer", _product(np.outer)),
    "outerproduct": _stand_in("outerproduct", _product(np.outer)),
    "inner": _stand_in("inner", _product(np.inner)),
    "innerproduct": _stand_in("innerproduct", _product(np.inner)),
    "convolve": _stand_in("convolve", _convolving(np.convolve)),
    "correlate": _stand_in("correlate", _convolving(np.correlate)),
    "diff": _stand_in("diff", _diff),
    "ediff1d": _stand_in("ediff1d", _ediff1d),
    "vander": _stand_in("vander", _vander),
    "fix_invalid": _stand_in("fix_invalid", _fix_invalid),
    "apply_along_axis": apply_along_axis,
}

#: without those that are NumPy's own, which other arrays are given too
FUNCTIONS = {name: ours for name, ours in FUNCTIONS.items() if getattr(_ma, name, None) is not getattr(np, name, None)}
_FUNCTIONS.update({name: FUNCTIONS[name] for name in ("diff", "ediff1d")})
