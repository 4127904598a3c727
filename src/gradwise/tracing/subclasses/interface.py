"""What ndarray does by itself, for arrays of users' classes: operators, items, conversions, attributes, methods.

Operators are universal functions, which ask the class; items and shapes are those of the numbers, in an array of the class.  Of other methods NumPy's own run on a probe says what their results are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.conversions import escape, is_constant
from gradwise.tracing.holders import SUBCLASSES
from gradwise.tracing.instrument.arrays_of_users import COMPARISONS, UFUNCS
from gradwise.tracing.standins.recording import number
from gradwise.tracing.subclasses.members import METHODS
from gradwise.tracing.subclasses.protocols import array_function, array_ufunc, array_wrap
from gradwise.tracing.subclasses.twins import (
    TracedSubclass,
    adopted,
    bare,
    finalized,
    like,
    numbers,
    numbers_to_write,
    overrides,
    restored,
    wrapped,
)
from gradwise.tracing.text import shown_as
from gradwise.tracing.traced import TracedArray, isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
    numbers_to_write(self, "an assignment to its items")[bare(key)] = bare(value)


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
        "np.asarray(v) in the function itself takes its numbers; NumPy's functions and the methods of the class keep the derivative",
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
        setattr(numbers_to_write(self, f"an assignment to v.{name}"), name, bare(value))

    return property(read, write)


def _set_shape(self: Any, shape: Any) -> None:
    numbers(self).shape = shape


def _set_flat(self: Any, value: Any) -> None:
    numbers_to_write(self, "an assignment to v.flat").flat = bare(value)


def _priority(self: Any) -> Any:
    return getattr(type(self).__kind__, "__array_priority__", 0.0) if overrides(type(self).__kind__, "__array_priority__") else 0.0  # fmt: skip


class _Flat:
    """``v.flat``."""

    __slots__ = ("array",)

    def __init__(self, array: Any) -> None:
        self.array = array

    def __getitem__(self, key: Any) -> Any:
        found = numbers(self.array).flat[bare(key)]
        return like(found, self.array) if type(found) is TracedArray else found

    def __setitem__(self, key: Any, value: Any) -> None:
        numbers_to_write(self.array, "an assignment to v.flat").flat[bare(key)] = bare(value)

    def __len__(self) -> int:
        return len(numbers(self.array).flat)

    def __iter__(self) -> Any:
        return iter(numbers(self.array).flat)


def _contains(self: Any, entry: Any) -> bool:
    return bool(np.any(self == entry))


def default(name: str) -> Any:
    """What arrays of ours have under a name of ndarray's; None if they have nothing."""
    return vars(TracedSubclass).get(name)


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
        "__reduce_ex__": _reduced,
        "__hash__": None,
        "__pow__": _power,
        "__rpow__": lambda self, other, modulus=None: (
            NotImplemented if _steps_back(self, other) else np.power(other, self)
        ),
        "__ipow__": _power_in_place,
        "T": _alike_attribute("T"),
        "mT": _alike_attribute("mT"),
        "real": _part("real"),
        "imag": _part("imag"),
        "shape": property(lambda self: numbers(self).shape, _set_shape),
        "flat": property(_Flat, _set_flat),
        "base": property(lambda self: numbers(self).base),
    }
    for name, ufunc in {**UFUNCS, "divmod": np.divmod}.items():
        if name == "pow":
            continue
        members[f"__{name}__"] = _binary(ufunc)
        members[f"__r{name}__"] = _binary(ufunc, flipped=True)
        if name != "divmod":
            members[f"__i{name}__"] = _in_place(ufunc)
    members.update({f"__{name}__": _compared(ufunc) for name, ufunc in COMPARISONS.items()})
    members.update({f"__{name}__": _unary(ufunc) for name, ufunc in _UNARY.items()})
    for name in ("ndim", "size", "dtype", "itemsize", "nbytes", "strides", "flags", "device"):
        members[name] = _plain_attribute(name)
    members.update(METHODS)
    for name, member in members.items():
        setattr(TracedSubclass, name, member)


_install()
SUBCLASSES.update(wrapped=wrapped, adopted=adopted, numbers=numbers, view=finalized)
