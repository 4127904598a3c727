"""Stand-ins for the builtins and library functions that read, write or copy attributes by themselves."""

from __future__ import annotations

import copy
import dataclasses
import sys
import types
from typing import Any

import numpy as np

from gradwise.containers import own_entries
from gradwise.tracing.arithmetic import plain
from gradwise.tracing.holders import KINDS, TWINS
from gradwise.tracing.instrument.constructing import load_native, store_native
from gradwise.tracing.instrument.deleting import delete, delete_native
from gradwise.tracing.instrument.ending import reveal_within, with_overlays
from gradwise.tracing.instrument.evaluating import evaluate, execute
from gradwise.tracing.instrument.objects import load, resolve_later, store
from gradwise.tracing.instrument.state import local
from gradwise.tracing.traced import TracedArray, TracedScalar, isinstance_traced


def get_attribute(obj: Any, name: str, *default: Any) -> Any:
    """``getattr``."""
    if local.watch is None or type(name) is not str or len(default) > 1:
        return getattr(obj, name, *default)
    if not default:
        return load(obj, name)
    if isinstance_traced(obj) and not hasattr(obj.value, name):
        return default[0]
    try:
        return load(obj, name)
    except AttributeError:
        return default[0]


def set_attribute(obj: Any, name: str, value: Any, /) -> None:
    """``setattr``."""
    if type(name) is not str:
        setattr(obj, name, value)
    else:
        store(obj, name, value)


def has_attribute(obj: Any, name: str, /) -> bool:
    """``hasattr``."""
    if local.watch is None or type(name) is not str:
        return hasattr(obj, name)
    if isinstance_traced(obj):  # as the number or array that it stands for
        return hasattr(obj.value, name)
    try:
        load(obj, name)
    except AttributeError:
        return False
    return True


def delete_attribute(obj: Any, name: str, /) -> None:
    """``delattr``."""
    delete(obj, name)


def variables(*obj: Any) -> Any:
    """``vars``."""
    if not obj:
        return sys._getframe(1).f_locals
    if local.watch is not None:
        reveal_within(obj)
        if not isinstance(obj[0], (type, types.ModuleType)):
            dictionary = vars(*obj)
            local.watch.touched[id(dictionary)] = dictionary
    return vars(*obj)


def kind(*arguments: Any, **options: Any) -> Any:
    """``type``: of a traced value, the type of what it stands for."""
    if len(arguments) == 1 and not options:
        value = arguments[0]
        cls = type(value)
        if cls is TracedScalar or cls is TracedArray:
            return type(plain(value))
        return cls.__kind__ if cls in TWINS or cls in KINDS else cls
    if len(arguments) == 3 and type(arguments[2]) is dict:  # a class belongs to the module that makes it
        names = {"__module__": sys._getframe(1).f_globals.get("__name__")}
        return type(*arguments[:2], names | arguments[2], **options)
    return type(*arguments, **options)


def is_instance(obj: Any, kinds: Any, /) -> bool:
    """``isinstance``: a traced value has the attributes of what it stands for, which protocols ask for, and none of its own."""
    cls = type(obj)
    if cls in KINDS:
        return issubclass(cls.__kind__, kinds)
    return isinstance(plain(obj) if cls is TracedScalar or cls is TracedArray else obj, kinds)


def _copying(name: str) -> Any:
    def call(x: Any, *args: Any, **kwargs: Any) -> Any:
        original = getattr(copy, name)
        if local.watch is None:
            return original(x, *args, **kwargs)
        with with_overlays((x,)):
            made = original(x, *args, **kwargs)
        hide(made)
        return made

    call.__name__ = name
    return call


def hide(made: Any, budget: int = 10_000) -> None:
    """Move the traced attributes of new objects from the objects into the overlay."""
    stack, seen = [made], set()
    while stack and budget:
        budget -= 1
        value = stack.pop()
        if id(value) in seen or isinstance(value, (type, types.ModuleType, types.FunctionType, np.ndarray)):
            continue
        seen.add(id(value))
        if isinstance(value, dict):
            stack.extend(value.values())
        elif isinstance(value, (list, tuple, set)):
            stack.extend(value)
        attributes = own_entries(value)
        if type(attributes) is dict and type(value) not in (TracedArray, TracedScalar):
            for name, held in list(attributes.items()):
                store_native(value, name, held)
                stack.append(held)


def _replace(obj: Any, /, **changes: Any) -> Any:
    """``dataclasses.replace``."""
    if local.watch is None or not dataclasses.is_dataclass(obj) or isinstance(obj, type):
        return dataclasses.replace(obj, **changes)
    for field in dataclasses.fields(obj):
        if field.init and field.name not in changes:
            changes[field.name] = load(obj, field.name)
        elif not field.init and field.name in changes:
            return dataclasses.replace(obj, **changes)  # raises as it does
    return resolve_later()(type(obj))(**changes)


BUILTINS: dict[str, dict[str, Any]] = {
    "builtins": {
        "getattr": get_attribute,
        "setattr": set_attribute,
        "hasattr": has_attribute,
        "delattr": delete_attribute,
        "vars": variables,
        "isinstance": is_instance,
        "type": kind,
        "eval": evaluate,
        "exec": execute,
    },
    "copy": {"copy": _copying("copy"), "deepcopy": _copying("deepcopy")},
    "dataclasses": {"replace": _replace},
}

#: methods of ``object`` that code calls by name
OBJECT_METHODS = {
    "__setattr__": store_native,
    "__delattr__": delete_native,
    "__getattribute__": load_native,
}
