"""Attributes of the user's objects in a traced run: loads, stores, and the end.

    load(obj, name)  =  the overlay's value if the run stored a traced one there, else obj.name, with properties and ``__getattr__`` run as twins
    store(obj, name, v)  :  obj.name holds the plain value, the overlay the traced one

Code that is not rewritten would read the plain value and lose its derivative in silence.  So before an object is handed to such code, what the overlay knows of it is
put into the object itself (``reveal``), and taken out again when the run ends (``sweep``).
"""

from __future__ import annotations

import functools
import types
from typing import Any

import numpy as np

from gradwise.containers import own_entries
from gradwise.tracing.failing import decided
from gradwise.tracing.holders import TWINS
from gradwise.tracing.instrument.foreign import is_of_scipy
from gradwise.tracing.instrument.shared_attributes import shares_attributes
from gradwise.tracing.instrument.state import Watch, local
from gradwise.tracing.instrument.userland import FORWARDING, NATIVE, ClassInfo, runs_code
from gradwise.tracing.instrument.within import holds_traced, unwrapped
from gradwise.tracing.traced import TracedArray, TracedScalar

_MISSING = object()


def class_info(watch: Watch, cls: type) -> ClassInfo:
    """What a class defines in Python, found once in each run (a class may change between runs)."""
    info = watch.classes.get(cls)
    if info is None:
        info = watch.classes[cls] = ClassInfo(cls)
    return info


#: objects whose attributes the run never stores
_UNSEEN = frozenset(NATIVE - {types.FunctionType, super}) | {types.ModuleType}


#: what traced values have and the numbers and arrays they stand for have not: ``getattr(x, "value", x)`` must be x
_OURS = frozenset(name for name in dir(TracedArray) if name[0] != "_" and not hasattr(np.ndarray, name))


@decided(AttributeError)
def refuse_ours(obj: Any, name: str) -> None:
    """Raise, for an attribute that only a traced value has, as the plain one would."""
    if (name in _OURS or type(obj) is TracedScalar) and not hasattr(obj.value, name):
        getattr(obj.value, name)  # raises as it does


# --- loading ----------------------------------------------------------------------------------------------------------------------


def load(obj: Any, name: str) -> Any:
    """``obj.name``."""
    cls = type(obj)
    if cls in _UNSEEN:
        value = getattr(obj, name)
        if name == "flat" and local.watch is not None:  # an iterator of the run's own
            local.watch.iterators.add(id(value))
        return value
    if cls is TracedArray or cls is TracedScalar:
        if name == "__class__":
            return type(obj.value)
        refuse_ours(obj, name)
        return getattr(obj, name)
    watch = local.watch
    if watch is None:
        return getattr(obj, name)
    if cls is types.MethodType and not hasattr(cls, name):
        return load(obj.__func__, name)  # a method shows the attributes of its function
    outer: Watch | None = watch
    while outer is not None:
        if outer.overlay:
            entry = outer.overlay.get(id(obj))
            if entry is not None:
                if name in entry[1]:
                    return entry[1][name]
                if name == "__dict__":
                    reveal(obj)
        outer = outer.outer
    info = watch.classes.get(cls)
    if info is None:
        info = watch.classes[cls] = ClassInfo(cls)
    if info.plain:
        value = getattr(obj, name)
        return from_class(obj, name, value) if watch.class_overlay else value
    return _special_load(info, obj, cls, name)


def from_class(obj: Any, name: str, value: Any) -> Any:
    """The traced attribute of a class that the run stored there, where the object has none of its own."""
    watch = local.watch
    if watch is None or not watch.class_overlay or (not isinstance(obj, type) and name in (own_entries(obj) or ())):
        return value
    for base in (obj if isinstance(obj, type) else type(obj)).__mro__:
        outer: Watch | None = watch
        while outer is not None:
            entry = outer.overlay.get(id(base))
            if entry is not None and name in entry[1]:
                return entry[1][name]
            outer = outer.outer
        if name in vars(base):
            return value
    return value


def behind(proxy: Any) -> Any:
    """The object for which a weak proxy answers."""
    return proxy.__init__.__self__


def _load_by_super(obj: Any, name: str) -> Any:
    """``super().name``: a property of a base runs as a twin."""
    owner, instance = obj.__self_class__, obj.__self__
    bases = iter(() if owner is None else owner.__mro__)
    for base in bases:
        if base is obj.__thisclass__:
            break
    for base in bases:
        if base in _COMPILED and type(instance) in TWINS:
            return _of_ndarray(instance, name, obj)
        if name in vars(base):
            watch = local.watch
            while watch is not None:
                if watch.class_overlay and name in watch.overlay.get(id(base), (base, ()))[1]:
                    return watch.overlay[id(base)][1][name]
                watch = watch.outer
            raw = vars(base)[name]
            if runs_code(raw) and instance is not owner:
                return from_descriptor(raw, instance, owner, name)
            break
    return getattr(obj, name)


#: in the place of these classes stand objects of ours
_COMPILED = frozenset({np.ndarray, np.float64, float, complex})


def _of_ndarray(instance: Any, name: str, obj: Any) -> Any:
    """What ``super().name`` finds at ndarray, for an array of ours: what it does in place of ndarray."""
    for cls in type(instance).__mro__[1:]:
        if name in vars(cls):
            raw = vars(cls)[name]
            return raw.__get__(instance, type(instance)) if hasattr(type(raw), "__get__") else raw
    return getattr(obj, name)


def _special_load(info: ClassInfo, obj: Any, cls: type, name: str) -> Any:
    if cls in FORWARDING:
        return _load_by_super(obj, name) if cls is super else load(behind(obj), name)
    from_user = resolve_later()
    if info.getattribute is not None:
        try:
            return from_user(info.getattribute)(obj, name)
        except AttributeError:
            if info.getattr is None:
                raise
        return from_user(info.getattr)(obj, name)
    raw = info.special.get(name)
    if raw is None:
        if info.getattr is None:
            return from_class(obj, name, getattr(obj, name))
        try:
            value = (type if isinstance(obj, type) else object).__getattribute__(obj, name)
        except AttributeError:
            return from_user(info.getattr)(obj, name)
        return from_class(obj, name, value)
    try:
        return from_descriptor(raw, obj, cls, name)
    except AttributeError:
        if info.getattr is None:
            raise
        return from_user(info.getattr)(obj, name)


def from_descriptor(raw: Any, obj: Any, cls: type, name: str) -> Any:
    """What a property or another descriptor written in Python gives."""
    from_user = resolve_later()
    getter = getattr(type(raw), "__get__", None)  # a class derived from property may have its own
    if getter is property.__get__:
        return raw.__get__(obj) if raw.fget is None else from_user(raw.fget)(obj)
    own = own_entries(obj)
    instance = {} if own is None else own  # an empty one is filled
    if getter is functools.cached_property.__get__:
        if name in instance:
            return instance[name]
        value = from_user(raw.func)(obj)
        store_plainly(obj, name, value, into=instance)
        return value
    if name in instance and (getter is None or not hasattr(type(raw), "__set__")):
        return instance[name]
    return raw if getter is None else from_user(getter)(raw, obj, cls)


def resolve_later() -> Any:
    """``callees.resolve``, which itself loads attributes."""
    return RESOLVE[0]


#: filled by ``callees.py``
RESOLVE: list[Any] = [lambda f: f]


# --- storing ----------------------------------------------------------------------------------------------------------------------


def store(obj: Any, name: str, value: Any) -> None:
    """``obj.name = value``."""
    watch = local.watch
    if watch is None:
        setattr(obj, name, value)
        return
    if name == "__dict__":
        replace_attributes(watch, obj, value)
        return
    cls = type(obj)
    if cls is TracedArray or cls is TracedScalar:
        refuse_ours(obj, name)
    if cls in FORWARDING and cls is not super:
        store(behind(obj), name, value)
        return
    if isinstance(obj, dict) and _keeps_as_items(cls):
        watch.touched[id(obj)] = obj
        setattr(obj, name, value)
        return
    info = class_info(watch, cls)
    if info.setattr is not None:
        resolve_later()(info.setattr)(obj, name, value)
        return
    store_by_class(info, obj, name, value)


def store_by_class(info: ClassInfo, obj: Any, name: str, value: Any) -> None:
    """``object.__setattr__(obj, name, value)``: by the class's property or descriptor of that name, else into the object."""
    raw = info.special.get(name)
    if isinstance(raw, property) and type(raw).__set__ is property.__set__:
        if raw.fset is None:
            (type if isinstance(obj, type) else object).__setattr__(obj, name, value)  # raises as it does
        resolve_later()(raw.fset)(obj, value)
    elif raw is not None and type(getattr(type(raw), "__set__", None)) is types.FunctionType:
        resolve_later()(type(raw).__set__)(raw, obj, value)
    else:
        store_plainly(obj, name, value)


def _keeps_as_items(cls: Any) -> bool:
    """Whether a class of dictionaries keeps attributes as its items: ``__setattr__ = dict.__setitem__``."""
    return cls.__setattr__ is not object.__setattr__ and type(cls.__setattr__) is not types.FunctionType


def replace_attributes(watch: Watch, obj: Any, attributes: Any) -> None:
    """``obj.__dict__ = attributes``: others may share the dictionary, which holds the traced values until the run ends."""
    reveal(obj)
    watch.stored[id(obj)] = obj
    watch.touched[id(attributes)] = attributes
    obj.__dict__ = attributes


def store_plainly(obj: Any, name: str, value: Any, into: dict[str, Any] | None = None) -> None:
    """``object.__setattr__(obj, name, value)``: where a traced value goes into the overlay, and a plain one into the object."""
    watch = local.watch
    shown = value
    if TWINS and type(obj) in TWINS:  # the run's own
        if into is None:
            object.__setattr__(obj, name, value)
        else:
            into[name] = value
        return
    if watch is not None:
        watch.stored[id(obj)] = obj
        cls = type(value)
        if cls not in _NUMBERS and holds_traced(value):
            if type(obj) is np.ndarray:  # its attributes are its numbers
                raise watch.trace.fail(
                    f"a traced value was written into a plain array by its attribute {name}. An array made from traced values is required: create it with "
                    "np.zeros_like(x) or np.empty_like(x), or copy it in the function (a = a.copy())"
                )
            if isinstance(obj, types.ModuleType):
                note_names(vars(obj), (name,))
                shown = value
            elif (
                id(obj) in watch.created
                or class_info(watch, type(obj)).speaks
                or _is_of_code(obj, name)
                or is_of_scipy(type(obj))
                or shares_attributes(obj)
            ):
                # nobody else knows the object yet, or code that is not rewritten asks it, or another object: all must find the traced value
                forget(obj, name)
                watch.revealed.setdefault(id(obj), (obj, set()))[1].add(name)
                shown = value
            else:
                shown = unwrapped(value)
                entry = watch.overlay.get(id(obj))
                if entry is None:
                    entry = watch.overlay[id(obj)] = (obj, {})
                entry[1][name] = value
                watch.class_overlay = watch.class_overlay or isinstance(obj, type)
        else:
            forget(obj, name)
    if into is not None:
        into[name] = shown
    elif isinstance(obj, type):
        type.__setattr__(obj, name, shown)
    elif "__setattr__" in class_info(watch, type(obj)).methods if watch is not None else False:
        object.__setattr__(obj, name, shown)
    else:
        setattr(obj, name, shown)
        if _is_of_code(obj, name):  # it is another function now
            while watch is not None:
                watch.twins.pop(id(obj), None)
                watch = watch.outer


#: what a twin of a function was made from
_OF_CODE = frozenset({"__code__", "__defaults__", "__kwdefaults__"})
_NUMBERS = frozenset({float, int, bool, str, type(None), np.float64})


def _is_of_code(obj: Any, name: str) -> bool:
    """Whether an attribute of a function is what Python reads when it calls the function."""
    return type(obj) is types.FunctionType and name in _OF_CODE


def forget(obj: Any, name: str) -> None:
    """Drop what the overlays know of an attribute."""
    watch = local.watch
    while watch is not None:
        entry = watch.overlay.get(id(obj)) if watch.overlay else None
        if entry is not None:
            entry[1].pop(name, None)
        watch = watch.outer


def note_names(dictionary: dict[str, Any], names: Any) -> None:
    """Note that the run assigns these names of a module."""
    watch = local.watch
    if watch is not None:
        watch.names.setdefault(id(dictionary), (dictionary, set()))[1].update(names)


def reveal(obj: Any) -> None:
    """Put what the overlays know of an object into the object itself, until the run ends."""
    watch = local.watch
    while watch is not None:
        entry = watch.overlay.get(id(obj)) if watch.overlay else None
        if entry is not None:
            for name, value in entry[1].items():
                set_raw(obj, name, value)
            watch.revealed.setdefault(id(obj), (obj, set()))[1].update(entry[1])
            entry[1].clear()
        watch = watch.outer


def set_raw(obj: Any, name: str, value: Any) -> None:
    """Put a value into an object, past what its class does on assignments."""
    if isinstance(obj, type):
        type.__setattr__(obj, name, value)
        return
    instance = own_entries(obj)
    if type(instance) is dict and name in instance:
        instance[name] = value
        return
    try:
        object.__setattr__(obj, name, value)
    except (AttributeError, TypeError):
        setattr(obj, name, value)
