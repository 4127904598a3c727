"""What ndarray does by itself, for arrays of users' classes: operators, items, conversions, attributes, methods.

Operators are universal functions, which ask the class; items and shapes are those of the numbers, in an array of the class.  Of other methods NumPy's own run on a probe says what their results are.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.conversions import escape, is_constant
from gradwise.tracing.standins.recording import at_line, number, open_traces
from gradwise.tracing.subclasses.probes import emulated
from gradwise.tracing.subclasses.protocols import array_function, array_ufunc, array_wrap
from gradwise.tracing.subclasses.twins import (
    TracedSubclass,
    bare,
    finalized,
    kind_of,
    like,
    numbers,
    overrides,
    refusal,
    restored,
)
from gradwise.tracing.text import shown_as
from gradwise.tracing.traced import TracedArray, isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: operator → universal function
UFUNCS: dict[str, Any] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "matmul": np.matmul,
    "truediv": np.true_divide,
    "floordiv": np.floor_divide,
    "mod": np.remainder,
    "divmod": np.divmod,
    "lshift": np.left_shift,
    "rshift": np.right_shift,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
}
COMPARISONS: dict[str, Any] = {
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
}
_UNARY = {"neg": np.negative, "pos": np.positive, "abs": np.absolute, "invert": np.invert}


# --- operators ------------------------------------------------------------------------------------------------------------------


def _steps_back(self: Any, other: Any) -> bool:
    """Whether ndarray leaves an operation to the other operand."""
    cls = type(other)
    if isinstance_traced(other) or issubclass(cls, (np.ndarray, np.generic, TracedSubclass)):
        return False
    if hasattr(cls, "__array_ufunc__"):
        return cls.__array_ufunc__ is None
    return getattr(other, "__array_priority__", -1e6) > self.__array_priority__


def _binary(ufunc: Any, *, flipped: bool = False) -> Callable[..., Any]:
    def operate(self: Any, other: Any) -> Any:
        if _steps_back(self, other):
            return NotImplemented
        return ufunc(other, self) if flipped else ufunc(self, other)

    return operate


def _in_place(ufunc: Any) -> Callable[..., Any]:
    def operate(self: Any, other: Any) -> Any:
        return ufunc(self, other, out=(self,))

    return operate


def _compared(ufunc: Any) -> Callable[..., Any]:
    def operate(self: Any, other: Any) -> Any:
        if _steps_back(self, other):
            return NotImplemented
        if other is None or isinstance(other, str):
            return NotImplemented
        return ufunc(self, other)

    return operate


def _unary(ufunc: Any) -> Callable[..., Any]:
    def operate(self: Any) -> Any:
        return ufunc(self)

    return operate


#: powers that NumPy computes as another function
_POWERS = {2.0: np.square, 1.0: np.positive, 0.5: np.sqrt, -1.0: np.reciprocal}


def _power(self: Any, other: Any, modulus: Any = None) -> Any:
    if _steps_back(self, other) or modulus is not None:
        return NotImplemented
    if type(other) in (int, float) and numbers(self).dtype.kind in "fc" and other in _POWERS:
        return _POWERS[other](self)
    return np.power(self, other)


def _power_in_place(self: Any, other: Any) -> Any:
    if type(other) in (int, float) and numbers(self).dtype.kind in "fc" and other in _POWERS:
        return _POWERS[other](self, out=(self,))
    return np.power(self, other, out=(self,))


# --- items and conversions ------------------------------------------------------------------------------------------------------


def _get(self: Any, key: Any) -> Any:
    found = numbers(self)[bare(key)]
    return like(found, self) if type(found) is TracedArray or type(found) is np.ndarray else found


def _set(self: Any, key: Any, value: Any) -> None:
    numbers(self)[bare(key)] = bare(value)


def _iterate(self: Any) -> Iterator[Any]:
    if numbers(self).ndim == 0:
        raise TypeError("iteration over a 0-d array")
    return _entries(self)


def _entries(self: Any) -> Iterator[Any]:
    for k in range(len(numbers(self))):
        yield self[k]


def _as_plain_array(self: Any, dtype: Any = None, copy: Any = None) -> Any:
    array = numbers(self)
    if not array.tape.open or array.dtype.kind not in "fc" or is_constant(array):
        return array.__array__(dtype, copy)
    raise escape(
        array,
        f"turning an array of the class {type(self).__kind__.__name__} into a plain array (np.array, np.asarray, or a compiled function that asks for one)",
        "NumPy's functions and the methods of the class keep the derivative",
    )


def _float(self: Any) -> Any:
    return number(numbers(self))


def _text(name: str) -> Callable[..., Any]:
    def write(self: Any, *rest: Any) -> str:
        return shown_as(numbers(self), getattr(np.ndarray, name)(restored(self), *rest))

    return write


def _reduced(self: Any, protocol: Any) -> Any:
    return numbers(self).__reduce_ex__(protocol)


# --- attributes -----------------------------------------------------------------------------------------------------------------


def _plain_attribute(name: str) -> property:
    return property(lambda self: getattr(numbers(self), name))


def _alike_attribute(name: str) -> property:
    return property(lambda self: like(getattr(numbers(self), name), self))


def _part(name: str) -> property:
    def read(self: Any) -> Any:
        found = getattr(numbers(self), name)
        return like(found, self)

    def write(self: Any, value: Any) -> None:
        setattr(numbers(self), name, bare(value))

    return property(read, write)


def _set_shape(self: Any, shape: Any) -> None:
    numbers(self).shape = shape


def _set_flat(self: Any, value: Any) -> None:
    numbers(self).flat = bare(value)


def _priority(self: Any) -> Any:
    return getattr(type(self).__kind__, "__array_priority__", 0.0) if overrides(type(self).__kind__, "__array_priority__") else 0.0  # fmt: skip


# --- methods --------------------------------------------------------------------------------------------------------------------


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
        getattr(numbers(self), name)(*bare(args), **kwargs)

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
                self = self if numbers(self).ndim == 1 else TracedSubclass.ravel(self)
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


class _Flat:
    """``v.flat``."""

    __slots__ = ("array",)

    def __init__(self, array: Any) -> None:
        self.array = array

    def __getitem__(self, key: Any) -> Any:
        found = numbers(self.array).flat[bare(key)]
        return like(found, self.array) if type(found) is TracedArray else found

    def __setitem__(self, key: Any, value: Any) -> None:
        numbers(self.array).flat[bare(key)] = bare(value)

    def __len__(self) -> int:
        return len(numbers(self.array).flat)

    def __iter__(self) -> Any:
        return iter(numbers(self.array).flat)


def _contains(self: Any, entry: Any) -> bool:
    return bool(np.any(self == entry))


def default(name: str) -> Any:
    """What ndarray has under a name, for arrays of ours; None if there is nothing."""
    for cls in (TracedSubclass,):
        if name in vars(cls):
            return vars(cls)[name]
    return None


def _install() -> None:
    members: dict[str, Any] = {
        "__array_ufunc__": array_ufunc,
        "__array_function__": array_function,
        "__array_wrap__": array_wrap,
        "__array__": _as_plain_array,
        "__array_priority__": property(_priority),
        "__getitem__": _get,
        "__setitem__": _set,
        "__iter__": _iterate,
        "__len__": lambda self: len(numbers(self)),
        "__contains__": _contains,
        "__float__": _float,
        "__int__": lambda self: int(numbers(self)),
        "__index__": lambda self: numbers(self).__index__(),
        "__complex__": lambda self: complex(numbers(self)),
        "__bool__": lambda self: bool(numbers(self)),
        "__round__": lambda self, digits=0: np.round(self, digits or 0),
        "__repr__": _text("__repr__"),
        "__str__": _text("__str__"),
        "__format__": _text("__format__"),
        "__copy__": _copied,
        "__deepcopy__": _copied,
        "__reduce_ex__": _reduced,
        "__hash__": None,
        "__pow__": _power,
        "__rpow__": lambda self, other, modulus=None: (
            NotImplemented if _steps_back(self, other) else np.power(other, self)
        ),
        "__ipow__": _power_in_place,
        "view": view,
        "astype": _astype,
        "dot": _dot,
        "round": _round,
        "T": _alike_attribute("T"),
        "mT": _alike_attribute("mT"),
        "real": _part("real"),
        "imag": _part("imag"),
        "shape": property(lambda self: numbers(self).shape, _set_shape),
        "flat": property(_Flat, _set_flat),
        "base": property(lambda self: numbers(self).base),
    }
    for name, ufunc in UFUNCS.items():
        members[f"__{name}__"] = _binary(ufunc)
        members[f"__r{name}__"] = _binary(ufunc, flipped=True)
        if name != "divmod":
            members[f"__i{name}__"] = _in_place(ufunc)
    members.update({f"__{name}__": _compared(ufunc) for name, ufunc in COMPARISONS.items()})
    members.update({f"__{name}__": _unary(ufunc) for name, ufunc in _UNARY.items()})
    for name in ("ndim", "size", "dtype", "itemsize", "nbytes", "strides", "flags", "device"):
        members[name] = _plain_attribute(name)
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
    for name, member in members.items():
        setattr(TracedSubclass, name, member)


_install()

__all__ = ["COMPARISONS", "UFUNCS", "default", "kind_of", "plain", "refusal", "view"]
