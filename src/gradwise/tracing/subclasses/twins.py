"""The twin of a user's class, which is made for a run, and its objects.

finalized(kind, array, source)  =  array.view(kind), with ``__array_finalize__(new, source)``          restored : twin → the user's array of plain numbers
"""

from __future__ import annotations

import threading
import types
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.containers import own_entries
from gradwise.containers.kinds import slots
from gradwise.containers.subclasses import give_attributes, is_users_array
from gradwise.errors import TracingError
from gradwise.tracing import methods
from gradwise.tracing.arithmetic import lifted
from gradwise.tracing.functions.creation import buffer
from gradwise.tracing.holders import HOLDERS, TWINS
from gradwise.tracing.instrument.objects import load, resolve_later, reveal
from gradwise.tracing.instrument.state import local
from gradwise.tracing.instrument.within import unwrapped
from gradwise.tracing.traced import TracedArray, TracedScalar, isinstance_traced


class TracedSubclass:
    """An array of a user's class: base of the twins, with what ndarray does by itself (``interface.py``)."""

    __slots__ = ("__constant__", "__traced__")
    __kind__: type

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """``type(self)(…)`` in code that is not rewritten: an array of the user's class."""
        return cls.__kind__(*args, **kwargs)

    @property  # type: ignore[misc]  # answers isinstance(x, TheirClass) as the plain one would
    def __class__(self) -> type:
        return type(self).__kind__

    def __parts__(self) -> list[Any]:
        return [numbers(self)]

    def __plain__(self) -> Any:
        return restored(self)

    def __output__(self) -> Any:
        return numbers(self)

    def __array_finalize__(self, source: Any) -> None:
        """Nothing, as that of ndarray."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...


_traced: Any = vars(TracedSubclass)["__traced__"]
#: whether it stands for an array that was there before, which writes would not reach
_constant: Any = vars(TracedSubclass)["__constant__"]


def numbers(value: Any) -> Any:
    """The traced array that an object holds, whatever the user's class does with attributes."""
    return _traced.__get__(value)


def kind_of(value: Any) -> Any:
    """The user's class of an array, traced or not; None for anything else."""
    cls = type(value)
    if issubclass(cls, TracedSubclass):
        return cls.__kind__
    return cls if is_users_array(cls) else None


def numbers_to_write(value: Any, what: str) -> Any:
    """The traced array that an object holds, about to be written to."""
    if _constant.__get__(value):
        raise refusal(
            value,
            f"{what} with a traced value, which writes into an array that was there before and to which others refer,",
        )
    return numbers(value)


def bare(value: Any) -> Any:
    """The array of numbers of an array of a user's class (in lists and tuples too); anything else as it is."""
    cls = type(value)
    if issubclass(cls, TracedSubclass):
        return numbers(value)
    if cls is list or cls is tuple:
        return cls([bare(v) for v in value])
    return np.asarray(value) if is_users_array(cls) else value


def overrides(kind: Any, name: str) -> bool:
    """Whether a class defines itself what ndarray defines."""
    for base in kind.__mro__:
        if base is np.ndarray:
            return False
        if name in vars(base):
            return True
    return False


# --- the class ------------------------------------------------------------------------------------------------------------------


def twin_class(kind: type) -> Any:
    """The twin of a user's class in this run."""
    watch = local.watch
    while watch is not None:
        made = watch.subclasses.get(kind)
        if made is not None:
            return made
        watch = watch.outer
    watch = local.watch
    assert watch is not None
    made = watch.subclasses[kind] = _make(kind)
    HOLDERS.add(made)
    TWINS.add(made)
    return made


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
        *("__reduce__", "__reduce_ex__", "__setstate__", "__getstate__", "__array__", "__getattr__"),
        *("__orig_bases__", "__parameters__", "__static_attributes__", "__firstlineno__", "__annotate__"),
        *("__annotate_func__", "__annotations_cache__"),
        *("__traced__", "__constant__", "__kind__", "__parts__", "__plain__", "__output__"),
    ]
)
_NOTHING = object()
_SLOTS = (types.MemberDescriptorType, types.GetSetDescriptorType)


def _make(kind: type) -> Any:
    names = {
        "__kind__": kind,
        "__module__": kind.__module__,
        "__qualname__": kind.__qualname__,
        "__doc__": kind.__doc__,
    }
    made: Any = type(kind.__name__, (TracedSubclass,), names)
    theirs = kind.__mro__.index(np.ndarray)
    for k, base in reversed(list(enumerate(kind.__mro__))):
        if base is np.ndarray or base is object:
            continue
        for name, raw in vars(base).items():
            if name in _LEFT or (k > theirs and hasattr(np.ndarray, name)):
                continue
            if name == "__array_function__" and type(raw) is types.FunctionType:
                raw = _with_their_types(raw)
            member = _member(raw, name, hides=hasattr(TracedSubclass, name))
            if member is not _NOTHING:
                # not in the namespace: __set_name__ of the user's descriptors has run
                type.__setattr__(made, name, member)
            elif name in vars(made):  # it hides what a base has under the name
                type.__delattr__(made, name)
    return made


def _through(function: Any) -> Any:
    """A method of the user's class: its twin."""

    def call(*args: Any, **kwargs: Any) -> Any:
        return resolve_later()(function)(*args, **kwargs)

    call.__name__ = getattr(function, "__name__", "method")
    return call


def _with_their_types(function: Any) -> Any:
    """``__array_function__`` of the user's class, told of the classes that the arguments have in the plain run."""

    def call(self: Any, asked: Any, kinds: Any, args: Any, kwargs: Any) -> Any:
        theirs = [getattr(k, "__kind__", np.ndarray if k is TracedArray else k) for k in kinds]
        return resolve_later()(function)(self, asked, tuple(dict.fromkeys(theirs)), args, kwargs)

    return call


_BUILTIN = (type(np.ndarray.sum), type(np.ndarray.__add__), types.BuiltinFunctionType)


def _member(raw: Any, name: str, *, hides: bool) -> Any:
    """What stands in the twin for an entry of the class; nothing for what is looked up in the class itself when it is asked for."""
    if type(raw) is types.FunctionType or isinstance(raw, _BUILTIN):
        return _through(raw)
    if type(raw) is property:
        get, put, delete = [None if f is None else _through(f) for f in (raw.fget, raw.fset, raw.fdel)]
        return property(get, put, delete, raw.__doc__)
    if isinstance(raw, _SLOTS):
        return _NOTHING
    if isinstance(raw, (classmethod, staticmethod)):
        return raw if hides else _NOTHING
    described = hasattr(type(raw), "__get__") or hasattr(type(raw), "__set__")
    return raw if hides or described or (raw is None and name.startswith("__")) else _NOTHING


def missing_attribute(self: Any, name: str) -> Any:
    """An attribute that neither the object nor the twin has: of the user's class, or by its ``__getattr__``."""
    kind = type(self).__kind__
    asked = None
    for base in kind.__mro__:
        if base is np.ndarray or base is object:
            continue
        entries = vars(base)
        if asked is None and "__getattr__" in entries:
            asked = entries["__getattr__"]
        raw = entries.get(name, _NOTHING)
        if raw is _NOTHING or name in vars(type(self)) or isinstance(raw, _SLOTS):
            continue
        if isinstance(raw, (classmethod, staticmethod)):
            return raw.__get__(None, kind)
        return load(kind, name)  # which the run may have assigned
    if asked is not None:
        return resolve_later()(asked)(self, name)
    if hasattr(np.ndarray, name) and not name.startswith("__"):
        raise refusal(self, f"its attribute {name}")
    raise AttributeError(f"'{kind.__name__}' object has no attribute '{name}'")


TracedSubclass.__getattr__ = missing_attribute  # type: ignore[method-assign]


def refusal(value: Any, what: str) -> Exception:
    """The error for what cannot be followed."""
    array, name = numbers(value), type(value).__kind__.__name__
    message = (
        f"{what} has no rule for traced numbers in an array of the class {name}. A plain array is required there. "
        "Take its numbers, np.asarray(v), and make the array of the class of the result"
    )
    error: Exception = array.tape.fail(message) if isinstance_traced(array) else TracingError(message)
    return error


# --- its objects ----------------------------------------------------------------------------------------------------------------


def new_array(kind: type, array: Any, *, constant: bool = False) -> Any:
    """An object of the twin that holds this array, of which nothing is told to the class."""
    watch = local.watch
    if type(array) is TracedScalar:
        array = methods._as_array(array)
    elif type(array) is not TracedArray:
        if watch is None or not watch.trace.open:
            return np.asarray(array).view(kind)
        array = lifted(watch.trace, np.array(array))
    if not array.tape.open:
        return np.array(array.current()).view(kind)
    if watch is None:
        raise array.tape.fail(
            f"an array of the class {kind.__name__} was made of a traced value in a thread that the function started. Arrays of such classes are followed in the function's own "
            "thread only. Make it there"
        )
    cls = twin_class(kind)
    new = object.__new__(cls)
    _traced.__set__(new, array)
    _constant.__set__(new, constant)
    return new


def finalized(kind: type, array: Any, source: Any) -> Any:
    """``array.view(kind)``: the class is told of the new array and of what it was made of (None: of nothing)."""
    new = new_array(kind, array)
    cls = type(new)
    if cls is not kind:
        finalize = cls.__array_finalize__
        if finalize is not TracedSubclass.__array_finalize__ and finalize is not None:
            finalize(new, source)
    return new


def like(result: Any, source: Any) -> Any:
    """An array of numbers as one of the class of ``source``."""
    return source if result is numbers(source) else finalized(type(source).__kind__, result, source)


def wrapped(real: Any) -> Any:
    """A plain array of a user's class, which met a traced value, as one of ours: a constant that shares its attributes; a traced array has none."""
    if isinstance_traced(real) or issubclass(type(real), TracedSubclass):
        return real
    watch = local.watch
    if watch is None or not watch.trace.open or real.dtype.kind not in "fciub":
        return real
    array = lifted(watch.trace, np.asarray(real))
    array.writeable = False  # nor are its views
    return _in_place_of(real, array, constant=True)


def adopted(real: Any) -> Any:
    """A plain array of a user's class to which nothing else refers as one of ours, to which traced values may be assigned."""
    watch = local.watch
    if watch is None or not watch.trace.open or real.dtype.kind not in "fc":
        return real
    return _in_place_of(real, buffer(watch.trace, np.asarray(real)))


def _in_place_of(real: Any, array: Any, *, constant: bool = False) -> Any:
    """An object of ours with the attributes of a plain one, which they share."""
    new = new_array(type(real), array, constant=constant)
    if type(new) is type(real):
        return real
    reveal(real)
    attributes = own_entries(real)
    if type(attributes) is dict:
        object.__setattr__(new, "__dict__", attributes)
    for name in slots(type(real)):
        if hasattr(real, name):
            object.__setattr__(new, name, getattr(real, name))
    return new


def with_attributes(kind: type, array: Any, attributes: dict[str, Any]) -> Any:
    """An array of the class with these attributes, as an argument of the function that is differentiated."""
    new = new_array(kind, array)
    object.__getattribute__(new, "__dict__").update(attributes)
    return new


class _Restoring(threading.local):
    """The arrays that are being restored: an attribute may lead back to one."""

    known: dict[int, Any] | None = None


_restoring = _Restoring()


def restored(value: Any) -> Any:
    """The array of the user's class, of plain numbers."""
    known = _restoring.known
    if known is not None and id(value) in known:
        return known[id(value)]
    made = np.array(numbers(value)._shown()).view(
        type(value).__kind__
    )  # also where the value is refused to computations
    _restoring.known = {id(value): made} if known is None else known
    _restoring.known[id(value)] = made
    try:
        give_attributes(made, {n: unwrapped(v) for n, v in object.__getattribute__(value, "__dict__").items()})
    finally:
        _restoring.known = known
    return made
