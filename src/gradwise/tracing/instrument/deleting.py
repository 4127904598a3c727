"""Attributes as items, and how they are deleted: by the class's property or descriptor of that name, else from the object.

del obj.name         →  del place(obj)["name"]
obj.name = v         →  place(obj)["name"] = v
"""

from __future__ import annotations

import types
from typing import Any

from gradwise.tracing.instrument.objects import behind, class_info, forget, load, resolve_later, store
from gradwise.tracing.instrument.state import local
from gradwise.tracing.instrument.userland import FORWARDING, ClassInfo


class Place:
    """The attributes of an object as items, so that one form serves every way of assigning: ``place(obj)["name"] = v``."""

    __slots__ = ("obj",)

    def __init__(self, obj: Any) -> None:
        self.obj = obj

    def __setitem__(self, name: str, value: Any) -> None:
        store(self.obj, name, value)

    def __getitem__(self, name: str) -> Any:
        return load(self.obj, name)

    def __delitem__(self, name: str) -> None:
        delete(self.obj, name)


def delete(obj: Any, name: str) -> None:
    """``del obj.name``."""
    watch = local.watch
    if watch is None:
        delattr(obj, name)
        return
    if type(obj) in FORWARDING and type(obj) is not super:
        obj = behind(obj)
    info = class_info(watch, type(obj))
    if info.delattr is not None:
        resolve_later()(info.delattr)(obj, name)
    elif not _by_class(info, obj, name):
        forget(obj, name)
        watch.stored[id(obj)] = obj
        delattr(obj, name)


def delete_native(obj: Any, name: str) -> None:
    """``object.__delattr__(obj, name)``."""
    watch = local.watch
    if watch is None or not _by_class(class_info(watch, type(obj)), obj, name):
        forget(obj, name)
        if watch is not None:
            watch.stored[id(obj)] = obj
        object.__delattr__(obj, name)


def _by_class(info: ClassInfo, obj: Any, name: str) -> bool:
    """Delete an attribute by the property or the descriptor that the user's class has under its name; whether there is one."""
    raw = info.special.get(name)
    if isinstance(raw, property) and type(raw).__delete__ is property.__delete__:
        if raw.fdel is None:
            return False  # it raises
        resolve_later()(raw.fdel)(obj)
        return True
    deleter = getattr(type(raw), "__delete__", None)
    if type(deleter) is not types.FunctionType:
        return False
    resolve_later()(deleter)(raw, obj)
    return True
