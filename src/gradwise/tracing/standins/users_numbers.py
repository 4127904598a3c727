"""Numbers of the user's classes derived from ``float``, ``complex`` and ``np.float64`` whose value is traced: ``class Meters(float): …; Meters(x) * 2``.

Such an object cannot hold a traced number: compiled code would read its memory past the trace.  So a run puts an object of ours in its place, of a *twin* of the user's class that is made for the run: it has the user's methods, properties and
attributes, which run instrumented, holds the traced number, and does what ``float`` does where the class leaves it to that; then what comes out is a number without the class, as Python's own is.  ``__class__`` answers for the user's class.
It is no float, so that code which nobody watches raises where it asks for one.
"""

from __future__ import annotations

import copy
import math
import operator
import types
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.containers.subclasses import is_users_number, plain_number_of_class
from gradwise.tracing.conversions import escape
from gradwise.tracing.holders import HOLDERS, SUBCLASSES, TWINS, written
from gradwise.tracing.instrument.state import local
from gradwise.tracing.instrument.within import unwrapped
from gradwise.tracing.standins.number_types import complex_, float_
from gradwise.tracing.standins.recording import resolve
from gradwise.tracing.traced import TracedArray, TracedScalar, isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable


class NumberOfClass:
    """A traced number of a user's class: base of the twins."""

    __slots__ = ("__traced__",)
    __kind__: Any
    __array_priority__ = -1e6

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """``type(self)(…)`` in code that is not rewritten."""
        return cls.__kind__(*args, **kwargs)

    @property  # type: ignore[misc]  # answers isinstance(x, TheirClass) as the plain one would
    def __class__(self) -> Any:
        return type(self).__kind__

    def __parts__(self) -> list[Any]:
        return [_held(self)]

    def __plain__(self) -> Any:
        return _restored(self)

    def __output__(self) -> Any:
        return _held(self)

    def __float__(self) -> float:
        raise escape(_held(self), "converting to a plain float in a compiled function", "Take float(x) before")

    def __complex__(self) -> complex:
        raise escape(
            _held(self), "converting to a plain complex number in a compiled function", "Take complex(x) before"
        )

    def __int__(self) -> int:
        return int(_held(self))

    def __bool__(self) -> bool:
        return bool(_held(self))

    def __hash__(self) -> int:
        return hash(_held(self))

    def __repr__(self) -> str:
        return repr(_restored(self, shows=True))

    def __str__(self) -> str:
        return str(_restored(self, shows=True))

    def __format__(self, form: str) -> str:
        return format(_restored(self, shows=True), form)

    def __copy__(self) -> Any:
        return _copied(self, getattr(self, "__dict__", {}))

    def __deepcopy__(self, memo: Any) -> Any:
        return _copied(self, copy.deepcopy(getattr(self, "__dict__", {}), memo))

    def __round__(self, ndigits: Any = None) -> Any:
        return resolve(round)(_held(self), ndigits)

    def __trunc__(self) -> Any:
        return resolve(math.trunc)(_held(self))

    def __floor__(self) -> Any:
        return resolve(math.floor)(_held(self))

    def __ceil__(self) -> Any:
        return resolve(math.ceil)(_held(self))

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return getattr(ufunc, method)(*map(_bare, inputs), **{k: _bare(v) for k, v in kwargs.items()})

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return function(*map(_bare, args), **{k: _bare(v) for k, v in kwargs.items()})

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...


_traced: Any = vars(NumberOfClass)["__traced__"]


def _held(value: Any) -> Any:
    """The number that an object holds; a plain one after the run."""
    return _traced.__get__(value)


def _bare(value: Any) -> Any:
    """The number of one of ours (in lists and tuples too); anything else as it is."""
    if type(value) in TWINS:
        return written(value)
    return type(value)(map(_bare, value)) if type(value) in (list, tuple) else value


_NUMBERS = (float, int, complex, np.generic, np.ndarray)
_BINARY = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow")
_COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
_UNARY = ("neg", "pos", "abs")


def _as_operand(value: Any, base: type) -> Any:
    """The other operand of an operator: Python's ``float`` takes a number of NumPy's that is one for its own."""
    value = _bare(value)
    number = value.value if type(value) is TracedScalar else value
    if base is float and isinstance(number, float):
        return float_(value)
    return complex_(value) if base is complex and isinstance(number, (float, complex)) else value


def _operator(name: str, base: type, *, reflected: bool = False) -> Callable[..., Any]:
    function = getattr(operator, name)

    def operate(self: Any, other: Any, *modulus: Any) -> Any:
        if modulus or not (isinstance(other, _NUMBERS) or isinstance_traced(other)):
            return NotImplemented
        # the reflected operator is asked after the other operand, which computed with a number of its own kind
        one, two = _held(self), _bare(other) if reflected else _as_operand(other, base)
        return function(two, one) if reflected else function(one, two)

    return operate


def _unary(name: str) -> Callable[..., Any]:
    function = getattr(operator, name)
    return lambda self: function(_held(self))


def _divmod(self: Any, other: Any) -> Any:
    return resolve(divmod)(_held(self), _bare(other))


def _rdivmod(self: Any, other: Any) -> Any:
    return resolve(divmod)(_bare(other), _held(self))


def _attribute(name: str) -> property:
    return property(lambda self: getattr(_held(self), name))


def _base(base: Any) -> type:
    """The base of twins of classes that are derived from ``base``: its operators, and its attributes."""
    members: dict[str, Any] = {"__slots__": (), "__divmod__": _divmod, "__rdivmod__": _rdivmod}
    for name in _BINARY:
        if hasattr(base, f"__{name}__"):
            members[f"__{name}__"] = _operator(name, base)
            members[f"__r{name}__"] = _operator(name, base, reflected=True)
    for name in _COMPARISONS:
        if base is not complex or name in ("eq", "ne"):
            members[f"__{name}__"] = _operator(name, base)
    for name in _UNARY:
        members[f"__{name}__"] = _unary(name)
    for name in dir(base):
        if not name.startswith("_") and hasattr(TracedScalar, name):
            members[name] = _attribute(name)
    members["__hash__"] = NumberOfClass.__hash__
    return type(f"{base.__name__}_of_class", (NumberOfClass,), members)


_BASES: dict[Any, type] = {base: _base(base) for base in (np.float64, float, complex)}

#: entries of a class that concern the class itself, or that objects of ours have their own of
_LEFT = frozenset(
    [
        *(
            "__dict__",
            "__weakref__",
            "__slots__",
            "__module__",
            "__qualname__",
            "__doc__",
            "__annotations__",
            "__class__",
        ),
        *("__new__", "__init_subclass__", "__class_getitem__", "__subclasshook__", "__abstractmethods__", "__del__"),
        *("__reduce__", "__reduce_ex__", "__getnewargs__", "__setstate__", "__getstate__", "__orig_bases__"),
        *("__parameters__", "__static_attributes__", "__firstlineno__", "__annotate__", "__annotate_func__"),
        *("__annotations_cache__", "__str__", "__repr__", "__format__"),
    ]
)


def _twin_class(kind: Any) -> Any:
    """The twin of a user's class in this run."""
    watch = local.watch
    while watch is not None:
        made = watch.subclasses.get(kind)
        if made is not None:
            return made
        watch = watch.outer
    base = next(cls for cls in kind.__mro__ if cls in _BASES)
    names: dict[str, Any] = {}
    for cls in reversed(kind.__mro__[: kind.__mro__.index(base)]):
        for name, raw in vars(cls).items():
            if (
                name not in _LEFT and type(raw) is not types.MemberDescriptorType
            ):  # a slot: ours keep it among their attributes
                # a class method is given the user's class
                names[name] = staticmethod(raw.__get__(None, kind)) if isinstance(raw, classmethod) else raw
    about = {
        "__kind__": kind,
        "__module__": kind.__module__,
        "__qualname__": kind.__qualname__,
        "__doc__": kind.__doc__,
    }
    made = type(kind.__name__, (_BASES[base],), about)
    for name, raw in names.items():  # not in the namespace: __set_name__ of the user's descriptors has run
        type.__setattr__(made, name, raw)
    watch = local.watch
    assert watch is not None
    watch.subclasses[kind] = made
    HOLDERS.add(made)
    TWINS.add(made)
    return made


def number_of_class(kind: Any, number: Any, attributes: dict[str, Any]) -> Any:
    """A traced number as one of the user's class with these attributes, of which nothing is told to the class."""
    new: Any = object.__new__(_twin_class(kind))
    _traced.__set__(new, number)
    for name, stored in attributes.items():
        object.__setattr__(new, name, stored)
    return new


def _copied(value: Any, attributes: dict[str, Any]) -> Any:
    return number_of_class(type(value).__kind__, _held(value), attributes)


def _restored(value: Any, *, shows: bool = False) -> Any:
    """The plain number of the user's class; ``shows``: for a text."""
    held = _held(value)
    number = held.shown() if shows else held.current()
    stored = {name: unwrapped(v) for name, v in getattr(value, "__dict__", {}).items()}
    return plain_number_of_class(type(value).__kind__, number, stored)


def _converts(kind: Any) -> bool:
    """Whether a class says itself which number it is: then Python's functions take one number of it, and NumPy's another."""
    names = {"__float__", "__complex__", "__index__", "__array__", "__array_ufunc__", "__array_interface__"}
    own = kind.__mro__[: next(k for k, cls in enumerate(kind.__mro__) if cls in _BASES)]
    return any(not names.isdisjoint(vars(cls)) for cls in own)


def _made(base: Any, convert: Callable[..., Any]) -> tuple[Any, Callable[..., Any]]:
    """``float.__new__`` and its stand-in: of a traced number an object of the twin."""
    original = base.__new__

    def call(cls: Any, *args: Any, **kwargs: Any) -> Any:
        if local.watch is None or not is_users_number(cls) or _converts(cls):
            return original(cls, *args, **kwargs)
        number = convert(*args, **kwargs)
        if type(number) is TracedArray and number.ndim == 0:
            number = number[()]
        if type(number) is not TracedScalar or not number.tape.open:
            return original(cls, *args, **kwargs)
        return number_of_class(cls, number, {})

    call.__name__ = "__new__"
    return original, call


def _float64(*args: Any) -> Any:
    return resolve(np.float64)(*args)


SUBCLASSES["number"] = number_of_class
BY_IDENTITY = [_made(float, float_), _made(complex, complex_), _made(np.float64, _float64)]
