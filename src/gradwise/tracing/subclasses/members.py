"""The methods of ndarray on arrays of users' classes.

Shapes and copies are those of the numbers, in an array of the class.  Sums and the like ask the class, where it makes the results of universal functions itself.  Of other methods NumPy's own, run on a probe,
says what their results are.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.standins.recording import at_line, open_traces
from gradwise.tracing.subclasses.probes import emulated
from gradwise.tracing.subclasses.twins import (
    TracedSubclass,
    bare,
    finalized,
    like,
    numbers,
    numbers_to_write,
    overrides,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def view(self: Any, dtype: Any = None, type: Any = None) -> Any:  # noqa: A002  # NumPy's name
    """``v.view()``: the same memory, as an array of this class, of another, or of none."""
    array = numbers(self)
    kind = dtype if isinstance(dtype, _type) and issubclass(dtype, np.ndarray) and type is None else type
    if kind is None and (dtype is None or np.dtype(dtype) == array.dtype):
        return like(array[...], self)
    if kind is np.ndarray:
        return array[...]
    if kind is not None and kind_of_class(kind) and (dtype is kind or dtype is None or np.dtype(dtype) == array.dtype):
        return finalized(kind, array[...], self)
    return array.view(dtype, type)


_type = type


def kind_of_class(kind: Any) -> bool:
    """Whether a class can be that of an array of ours."""
    return issubclass(kind, TracedSubclass) or (issubclass(kind, np.ndarray) and kind is not np.ndarray)


def _alike(name: str) -> Callable[..., Any]:
    """A method whose result is an array of the class, whatever that overrides."""

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        array = numbers(self)
        with at_line(*open_traces((array,))):
            return like(getattr(array, name)(*bare(args), **kwargs), self)

    return call


def _copied(self: Any, *_: Any) -> Any:
    return like(numbers(self).copy(), self)


def _astype(
    self: Any, dtype: Any, order: Any = "K", casting: Any = "unsafe", subok: bool = True, copy: bool = True
) -> Any:
    found = numbers(self).astype(dtype, order, casting, subok, copy)
    if found is numbers(self):
        return self
    return like(found, self) if subok else found


def _writing(name: str) -> Callable[..., Any]:
    def call(self: Any, *args: Any, **kwargs: Any) -> None:
        getattr(numbers_to_write(self, f"{name}()"), name)(*bare(args), **kwargs)

    return call


def _plain_result(name: str) -> Callable[..., Any]:
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(numbers(self), name)(*bare(args), **kwargs)

    return call


#: NumPy's own Python code of methods, and the universal functions that others are
_CODE = importlib.import_module("numpy._core._methods")
_REDUCTIONS = {
    "sum": "_sum",
    "prod": "_prod",
    "max": "_amax",
    "min": "_amin",
    "any": "_any",
    "all": "_all",
    "mean": "_mean",
    "var": "_var",
    "std": "_std",
}
_UFUNC_METHODS: dict[str, Callable[..., Any]] = {
    "sum": np.add.reduce,
    "prod": np.multiply.reduce,
    "max": np.maximum.reduce,
    "min": np.minimum.reduce,
    "cumsum": np.add.accumulate,
    "cumprod": np.multiply.accumulate,
}


def _plain_class(kind: Any) -> bool:
    """Whether results of universal functions are made by ndarray's rules alone."""
    return not overrides(kind, "__array_ufunc__") and not overrides(kind, "__array_wrap__")


def _method(name: str) -> Callable[..., Any]:
    original = getattr(np.ndarray, name)
    ufunc = _UFUNC_METHODS.get(name)
    python = getattr(_CODE, _REDUCTIONS.get(name, f"_{name}"), None)

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if name in _REDUCTIONS and not args and not kwargs and _plain_class(type(self).__kind__):
            with at_line(*open_traces((numbers(self),))):
                return like(getattr(numbers(self), name)(), self)
        if ufunc is not None and not _plain_class(type(self).__kind__):
            named = dict(zip(_ARGUMENTS[name], args, strict=False)) | kwargs
            if name not in _REDUCTIONS and named.get("axis") is None:
                named["axis"] = 0
                self = self if numbers(self).ndim == 1 else _alike("ravel")(self)
            named.setdefault("axis", None)
            return ufunc(self, **{k: v for k, v in named.items() if not (k == "out" and v is None)})
        out = kwargs.get("out")
        if out is not None:
            kwargs = {**kwargs, "out": bare(out)}

        def ours() -> Any:
            with at_line(*open_traces((numbers(self),))):
                return getattr(numbers(self), name)(*bare(args), **{k: bare(v) for k, v in kwargs.items()})

        result = emulated(original, (self, *args), kwargs, ours, python)
        return result if out is None else out

    call.__name__ = name
    return call


_ARGUMENTS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("sum", "prod"), ("axis", "dtype", "out", "keepdims", "initial", "where")),
    **dict.fromkeys(("max", "min"), ("axis", "out", "keepdims", "initial", "where")),
    **dict.fromkeys(("cumsum", "cumprod"), ("axis", "dtype", "out")),
}


def _dot(self: Any, other: Any, out: Any = None) -> Any:
    return np.dot(self, other) if out is None else np.dot(self, other, out)


def _round(self: Any, decimals: int = 0, out: Any = None) -> Any:
    if _plain_class(type(self).__kind__):
        return _rounded(self, decimals, out)
    if decimals == 0:
        return np.rint(self) if out is None else np.rint(self, out=out)
    first, then = (np.multiply, np.true_divide) if decimals > 0 else (np.true_divide, np.multiply)
    moved = first(self, 10.0 ** abs(decimals))
    return then(np.rint(moved, out=moved), 10.0 ** abs(decimals), out=moved if out is None else out)


_rounded = _method("round")


def _every() -> dict[str, Any]:
    members: dict[str, Any] = {
        "view": view,
        "astype": _astype,
        "dot": _dot,
        "round": _round,
        "__copy__": _copied,
        "__deepcopy__": _copied,
    }
    for name in ("reshape", "ravel", "flatten", "transpose", "swapaxes", "squeeze", "copy", "repeat", "diagonal"):
        members[name] = _alike(name)
    for name in ("fill", "sort", "partition", "put", "setflags", "resize"):
        members[name] = _writing(name)
    for name in ("item", "tolist", "nonzero", "searchsorted", "tobytes", "tofile", "dump", "dumps"):
        members[name] = _plain_result(name)
    for name in (
        *("sum", "prod", "max", "min", "any", "all", "mean", "var", "std", "cumsum", "cumprod", "clip"),
        *("argmax", "argmin", "argsort", "argpartition", "take", "choose", "compress", "trace", "conj", "conjugate"),
    ):
        members[name] = _method(name)
    return members


METHODS = _every()
