"""What a container is, and what is inside one: ``open_container : T[value] -> ([value], names of the places)``.

Nothing here runs code of a user's class: a subclass's own ``__iter__``, ``__getitem__`` or properties may have effects.
"""

from __future__ import annotations

import enum
import functools
import types
import weakref
from collections import OrderedDict, defaultdict
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gradwise.containers.labelled import Labels, is_labelled, open_labelled

if TYPE_CHECKING:
    from collections.abc import Iterator

LEAF_TYPES: Final[frozenset[type]] = frozenset({
    np.ndarray, float, int, complex, bool, str, bytes,
    np.float64, np.float32, np.float16, np.complex128, np.complex64, np.bool_,
    np.int64, np.int32, np.int16, np.int8, np.uint64, np.uint32, np.uint16, np.uint8,
})  # fmt: skip
PLAIN_TYPES: Final[frozenset[type]] = frozenset({list, tuple, dict, OrderedDict, defaultdict, types.SimpleNamespace})
# The type whose own __new__ and __setitem__ build an instance without running any code of the subclass.
_BASES: Final = (list, tuple, OrderedDict, defaultdict, dict, types.SimpleNamespace)
_NUMBERS: Final[frozenset[type]] = frozenset({int, bool, float, np.float64, np.float32, np.int64, np.int32})

_slots_of_class: weakref.WeakKeyDictionary[type, tuple[str, ...]] = weakref.WeakKeyDictionary()


def base_of(kind: type) -> type | None:
    """Return what a container of this type is built as, or None for a leaf.

    It looks at the type and never at ``__class__``, which traced arrays answer on behalf of their value.
    """
    if kind in PLAIN_TYPES:
        return kind
    for base in _BASES:
        if issubclass(kind, base):
            return base
    if hasattr(kind, "__dataclass_fields__") and not issubclass(kind, (np.ndarray, np.generic)):
        return object
    return Labels if is_labelled(kind) else None


def open_container(tree: Any, kind: type, base: Any) -> tuple[list[Any], dict[str, Any]]:
    """Return the values inside a container in leaf order, and the other arguments of its TreeDef."""
    parts: dict[str, Any] = {}
    if base is Labels:
        values, labels = open_labelled(tree, kind)
        return values, {"keys": (labels,)}
    if base is list or base is tuple:
        # base.__iter__ and the like: a subclass's own methods are the user's code, and may have effects
        values = list(tree) if kind is base else list(base.__iter__(tree))
    elif base is object:
        values = []
    else:
        items: Any = vars(tree) if base is types.SimpleNamespace else tree
        order = tuple(base.__iter__(tree)) if items is tree else tuple(items)
        keys = _canonical_order(order)
        values = [dict.__getitem__(items, key) for key in keys]
        parts = {"keys": keys, "order": order}
        if base is defaultdict:
            parts["factory"] = tree.default_factory
    if getattr(tree, "__dict__", None) is tree:  # self.__dict__ = self: its attributes are its entries
        parts["is_own_dictionary"] = True
    elif kind not in PLAIN_TYPES and base is not types.SimpleNamespace:
        names = _attribute_names(tree, kind)
        stored = getattr(tree, "__dict__", {})
        values += [stored[name] if name in stored else object.__getattribute__(tree, name) for name in names]
        parts["attributes"] = names
    return values, parts


def _attribute_names(tree: Any, kind: type) -> tuple[str, ...]:
    """Return what the instance stores on itself: a dataclass's fields in their order, then other names, sorted."""
    stored = getattr(tree, "__dict__", {})
    places = slots(kind)
    fields: dict[str, Any] = getattr(kind, "__dataclass_fields__", {})
    first = [name for name in fields if name in stored or (name in places and _is_set(tree, name))]
    rest = [name for name in stored if name not in fields and not _is_cached_property(kind, name)]
    rest += [name for name in places if name not in fields and _is_set(tree, name)]
    return (*first, *sorted(rest))


def slots(kind: type) -> tuple[str, ...]:
    """Return the names of the slots in which instances of a class store values."""
    found = _slots_of_class.get(kind)
    if found is None:
        found = _slots_of_class[kind] = tuple(_find_slots(kind))
    return found


def _find_slots(kind: type) -> Iterator[str]:
    for owner in kind.__mro__:
        declared = vars(owner).get("__slots__", ())
        for name in (declared,) if isinstance(declared, str) else declared:
            if name in {"__dict__", "__weakref__"}:
                continue
            private = name.startswith("__") and not name.endswith("__")
            mangled = f"_{owner.__name__.lstrip('_')}{name}" if private else name
            # Named tuples declare slots that hold nothing; a slot that stores is a member descriptor.
            if isinstance(vars(owner).get(mangled), types.MemberDescriptorType):
                yield mangled


def _is_set(tree: Any, slot: str) -> bool:
    try:
        object.__getattribute__(tree, slot)
    except AttributeError:
        return False
    return True


def _is_cached_property(kind: type, name: str) -> bool:
    found = next((vars(owner)[name] for owner in kind.__mro__ if name in vars(owner)), None)
    return isinstance(found, functools.cached_property)


def _canonical_order(keys: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the keys in an order that does not depend on insertion, or as they are if there is none."""
    try:
        if all([type(key) is str for key in keys]):
            return tuple(sorted(keys))
        return tuple(sorted(keys, key=_sort_token))
    except TypeError:
        return keys


def _sort_token(key: Any) -> tuple[Any, ...]:
    kind = type(key)
    if kind in _NUMBERS and key == key:  # noqa: PLR0124 - false for NaN, which has no place in an order
        return ("number", key)
    if kind in {str, bytes}:
        return (kind.__name__, key)
    if kind is tuple:
        return ("tuple", tuple(_sort_token(part) for part in key))
    if key is None:
        return ("None",)
    if isinstance(key, enum.Enum):
        return ("enum", kind.__module__, kind.__qualname__, key.name)
    msg = "no order"
    raise TypeError(msg)
