"""Plain arrays that the user's objects and modules keep, about to be written into: work arrays, matrices that are assembled anew in each call.

    self.K[i, j] = v     the attribute K becomes a buffer of the trace
    table["g"][i] = v    the item becomes one
    r = self.K[1]        and, where the name is filled later, this; likewise ``np.copyto(self.K, x)``, ``out=self.K``, ``for r in self.K``, ``K = self.get()``
    work[:] = x          the global or the variable of the function around becomes one

Only where nothing else refers to the array, so that nobody misses what is written: the object keeps the old numbers until the run ends, then an array with the new ones.  An array that
others refer to stays plain here, and a traced value that is written to it ends the run (``sharing.py`` has what follows).
"""

from __future__ import annotations

import gc
import sys
import types
import weakref
from typing import Any

import numpy as np

from gradwise.containers import own_entries
from gradwise.tracing.functions.creation import buffer
from gradwise.tracing.holders import adopted, is_adoptable
from gradwise.tracing.instrument.callees import method, resolve
from gradwise.tracing.instrument.items import reading, touch
from gradwise.tracing.instrument.objects import behind, class_info, load, store_plainly
from gradwise.tracing.instrument.operations import PLAIN
from gradwise.tracing.instrument.references import ALONE, Ours, count
from gradwise.tracing.instrument.state import local
from gradwise.tracing.instrument.userland import FORWARDING, is_users_file
from gradwise.tracing.layout import copy_in_layout

#: the reference of the parameter of ``alone`` where a local name of the caller's is passed, from which it is borrowed since CPython 3.14; a global or a variable of the function around never is
_OWN_NAME = 0 if sys.version_info >= (3, 14) else 1


def _is_array(value: Any) -> bool:
    """Whether a value is a plain array, perhaps of a class of the user's or of another one of NumPy's."""
    cls = type(value)
    return cls is np.ndarray or cls is np.recarray or is_adoptable(cls)


def _has_numbers(value: Any) -> bool:
    """Whether the entries of an array are real or complex numbers, or rows of fields."""
    return value.dtype.kind in "fc" or value.dtype.names is not None


def _stays(trace: Any, value: Any) -> bool:
    """Whether an array stays a plain one, which compiled code takes: where nothing moves, nothing that is written to it is lost."""
    return bool(trace.still) and type(value) is not np.recarray  # whose fields refer to it while they are noted


def alone(value: Any, names: int = 0) -> bool:
    """Whether a value is a plain array of numbers to which one place refers, beside ``names`` local names of the caller's and the notes of the run."""
    watch = local.watch
    if watch is None or not _is_array(value) or _stays(watch.trace, value):
        return False
    expected = ALONE + (_OWN_NAME + names if names else 1) + (id(value) in watch.touched)
    if _ownable(value) and count(value) <= expected:
        return True
    if not _has_numbers(value) or not value.flags.writeable or _is_shared(value):
        return False
    gc.collect(
        1
    )  # what refers to it may be rubbish, and young: a solver of SciPy's that has just ended, and refers to itself
    if _ownable(value) and count(value) <= expected:
        return True
    _note_shared(value)
    return False


#: arrays to which something refers beside the place where they are kept, by identity: they are not asked again
_shared: dict[int, weakref.ref[Any]] = {}


def _is_shared(value: Any) -> bool:
    """Whether something that is alive was seen to refer to an array beside the place where it is kept."""
    known = _shared.get(id(value))
    return known is not None and known() is value


def _note_shared(value: Any) -> None:
    """Note that something that is alive refers to an array."""
    if len(_shared) > _MOST:
        _shared.clear()
    _shared[id(value)] = Ours(value)


_MOST = 4096


def _ownable(value: Any) -> bool:
    """Whether a value is a plain array of numbers that may be written to and has its memory to itself, or with an array that nothing else refers to."""
    return (
        _is_array(value) and _has_numbers(value) and (value.base is None or _owns(value.base)) and value.flags.writeable
    )


def _owns(base: Any) -> bool:
    """Whether the memory of a view belongs to an array that nothing else refers to (SciPy keeps what it was given under another view)."""
    return type(base) is np.ndarray and base.base is None and count(base) <= ALONE + 1


def owned(value: Any) -> Any:
    """A buffer of the trace with the numbers of an array."""
    watch = local.watch
    if watch is None or _stays(watch.trace, value):
        return value
    if type(value) is np.ndarray and value.dtype.names is None:
        return buffer(watch.trace, copy_in_layout(value))
    return adopted(value)


def held_attribute(obj: Any, name: str) -> Any:
    """``obj.name``, whose items are about to be assigned."""
    obj = _itself(obj)
    value = load(obj, name)
    if _is_array(value) and alone(value, 1 + _in_twin(obj, name)):
        keeper = _keeper(obj, name)
        if keeper is not None:
            value = owned(value)
            store_plainly(keeper, name, value)
        elif (place := _place_of(obj, value)) is not None:
            value = _kept(place, owned(value))
    return value


def _itself(obj: Any) -> Any:
    """The object behind a weak proxy; anything else as it is."""
    return behind(obj) if type(obj) in FORWARDING and type(obj) is not super else obj


def augmented(obj: Any, name: str) -> Any:
    """``obj.name``, about to be changed in place and assigned: an array that the object does not keep itself (its class does, or a property gives it) becomes a buffer where it is kept, and is known to others where that is not found."""
    value = load(obj, name)
    watch = local.watch
    if watch is None or not _is_array(value) or _keeps(obj, name):
        return value
    del value
    value = held_attribute(obj, name)
    if _is_array(value):
        watch.kept.append(value)
    return value


def _keeps(obj: Any, name: str) -> bool:
    """Whether an object itself keeps what it has under a name."""
    raw = next((vars(base)[name] for base in type(obj).__mro__ if name in vars(base)), None)
    if hasattr(type(raw), "__set__"):
        return type(raw) is types.MemberDescriptorType
    return name in (own_entries(obj) or ())


def _in_twin(obj: Any, name: str) -> bool:
    """Whether the twin of a function keeps the attribute, too."""
    if type(obj) is not types.FunctionType or local.watch is None:
        return False
    twin = local.watch.twins.get(id(obj), (obj, obj))[1]
    return twin is not obj and name in (own_entries(twin) or ())


def _keeper(obj: Any, name: str) -> Any:
    """What keeps an attribute, without code of the user's: the object itself, or a class; None if neither does."""
    watch = local.watch
    if watch is None or (isinstance(obj, types.ModuleType) and not is_users_file(getattr(obj, "__file__", None) or "")):
        return None
    if isinstance(obj, types.ModuleType):
        return obj if name in vars(obj) else None
    info = class_info(watch, type(obj))
    if name in info.special or info.setattr or info.getattribute:
        return None
    if isinstance(obj, type) or name not in (own_entries(obj) or ()):
        for base in (obj if isinstance(obj, type) else type(obj)).__mro__:
            if name in vars(base):
                own = type(vars(base)[name]) is types.MemberDescriptorType
                return obj if own else base if type(vars(base)[name]) is np.ndarray else None
        return None
    return None if _is_answered(type(obj), name) else obj


def _is_answered(cls: type, name: str) -> bool:
    """Whether a class answers for an attribute itself, where an object's dictionary has it too: the coefficients of ``np.poly1d``, which are a property of what is kept under their name."""
    raw = next((vars(base)[name] for base in cls.__mro__ if name in vars(base)), None)
    return hasattr(type(raw), "__set__") and type(raw) is not types.MemberDescriptorType


def held_item(container: Any, key: Any) -> Any:
    """``container[key]``, whose items are about to be assigned."""
    value = reading(container)[key]
    if _is_array(value) and type(key) is not slice and alone(value, 1):
        place = (container, key) if type(container) in (list, dict) else _place_of(container, value)
        if place is not None:
            value = _kept(place, owned(value))
    return value


def held_items(container: Any) -> Any:
    """A list or a dictionary, into the items of whose items is written."""
    if type(container) in (list, dict):
        for key in range(len(container)) if type(container) is list else list(container):
            held_item(container, key)
    return container


def held_method(obj: Any, name: str) -> Any:
    """What to call in place of ``obj.name``, into the items of whose result is written: an array that the object keeps becomes a buffer."""
    callee = method(obj, name)
    cls = type(obj)
    if (cls in PLAIN and cls is not dict) or cls is types.ModuleType or isinstance(obj, type):
        return callee

    return lambda *args, **kwargs: kept_by(callee(*args, **kwargs), obj)


def kept_by(value: Any, obj: Any) -> Any:
    """The result of a method of an object, into whose items is written: an array that the object keeps becomes a buffer."""
    if _is_array(value) and alone(value, 1):
        place = _place_of(obj, value)
        if place is not None:
            value = _kept(place, owned(value))
    return value


def held_by_name(function: Any, obj: Any, name: Any) -> Any:
    """``getattr(obj, name)``, into whose items is written, if that is what the function is."""
    return held_attribute(obj, name) if function is getattr else resolve(function)(obj, name)


def _count_given(value: Any, owner: Any) -> int:
    return count(value)


def _probe_given(value: Any, owner: Any) -> int:
    value = _count_given(value, owner)
    return int(value)


_held = [object()]
#: what ``count`` says in ``received`` of an argument that one place keeps, beside the names of the functions; called as the copies of functions call it
_GIVEN = _probe_given(_held[0], None)


def received(value: Any, owner: Any) -> Any:
    """An argument into whose items the function writes: an array that the function's object or a name of the caller's keeps becomes a buffer there, and here."""
    watch = local.watch
    if watch is None or not _is_array(value) or _stays(watch.trace, value):
        return value
    if count(value) > _GIVEN + (id(value) in watch.touched) or not _ownable(value):
        return value
    place = None if owner is None else _place_of(owner, value)
    if place is None:
        caller = sys._getframe(2)
        if is_users_file(caller.f_code.co_filename):
            place = next((p for p in (_place_of(v, value) for v in caller.f_locals.values()) if p is not None), None)
            if place is None:  # a global of the caller's
                place = next(((caller.f_globals, k) for k, v in caller.f_globals.items() if v is value), None)
    return value if place is None else _kept(place, owned(value))


def _place_of(obj: Any, value: Any, depth: int = 2) -> Any:
    """The object and the attribute, or the container and the key, where the one reference to a value is that can be found from an object; None if it is not found."""
    obj = _itself(obj)
    cls = type(obj)
    entries: Any = ()
    if isinstance(obj, dict):
        entries = dict.items(obj)
    elif isinstance(obj, list):
        entries = enumerate(list.__iter__(obj))
    if cls not in PLAIN and not isinstance(obj, (type, types.ModuleType)):
        slots = [
            (name, getattr(obj, name, None))
            for base in cls.__mro__
            for name, raw in vars(base).items()
            if type(raw) is types.MemberDescriptorType
        ]
        entries = [*entries, *(own_entries(obj) or {}).items(), *slots]
    inside = []
    for key, found in entries:
        if found is value:
            answered = not isinstance(obj, (dict, list)) and _is_answered(cls, key)
            return (obj.__dict__ if answered else obj), key
        # SciPy's interpolants hand on what they are asked for to another object, from 1.18 on
        if depth and (isinstance(found, (dict, list)) or key == "_delegate_to"):
            inside.append(found)
    return next((p for p in (_place_of(i, value, depth - 1) for i in inside) if p is not None), None)


def _kept(place: Any, value: Any) -> Any:
    """Put a buffer where the array was."""
    holder, key = place
    if isinstance(holder, dict):
        touch(holder)
        dict.__setitem__(holder, key, value)
    elif isinstance(holder, list):
        touch(holder)
        list.__setitem__(holder, key, value)
    else:
        store_plainly(holder, key, value)
    return value
