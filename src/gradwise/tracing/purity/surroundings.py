"""All that a function may read beside its arguments, where nothing is proved: ``surroundings : f → (key, arrays)``.

The names of its code, of the functions that it calls and of the methods of the objects that it meets are followed to plain data, which enter the key by content.  Objects are followed through
their attributes.  What is computed by a property, read through ``getattr``, or kept by compiled code is not seen.
"""

from __future__ import annotations

import array
import collections
import hashlib
import sys
import types
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.checksums import checksum
from gradwise.tracing.purity.scope import MISSING, is_users_function, look_up

if TYPE_CHECKING:
    from collections.abc import Hashable

#: arrays up to this size enter the key as they are
_BYTES = 1 << 12
#: how many values are looked at
_LIMIT = 20_000
_LIBRARIES = frozenset([*sys.stdlib_module_names, "numpy", "scipy", "gradwise"])


class Unfathomable(Exception):
    """More than can be looked at in each call."""


class _Same:
    """An object by identity, held weakly where that is possible."""

    __slots__ = ("_id", "_reference")

    def __init__(self, value: Any) -> None:
        self._id = id(value)
        try:
            self._reference: Any = weakref.ref(value)
        except TypeError:
            self._reference = lambda: value

    def __hash__(self) -> int:
        return self._id

    def __eq__(self, other: object) -> bool:
        return type(other) is _Same and other._id == self._id and other._reference() is self._reference() is not None


class _Walk:
    def __init__(self) -> None:
        self.arrays: list[np.ndarray] = []
        self.seen: dict[int, int] = {}
        self.kept: list[Any] = []  # what was seen stays alive, so that its id is its own
        self.count = 0

    def key(self, value: Any) -> Hashable:
        self.count += 1
        if self.count > _LIMIT:
            raise Unfathomable
        cls = type(value)
        if cls is np.ndarray and value.dtype.kind not in "OV":
            self.arrays.append(value)
            return value.dtype, value.shape, _content(value)
        if value is None or cls in (float, complex, int, bool, str, bytes) or isinstance(value, np.generic):
            return cls, repr(value)
        if cls is types.ModuleType or (callable(value) and isinstance(value, (types.BuiltinFunctionType, np.ufunc))):
            return _Same(value)
        known = self.seen.get(id(value))
        if known is not None:
            return known
        self.seen[id(value)] = len(self.seen)
        self.kept.append(value)
        if cls in (tuple, list, set, frozenset):
            return cls, tuple([self.key(v) for v in value])
        if isinstance(value, dict):
            return cls, tuple([(self.key(k), self.key(v)) for k, v in value.items()])
        if is_users_function(value):
            return self.function(value)
        if cls is types.MethodType:
            return cls, self.key(value.__func__), self.key(value.__self__)
        if isinstance(value, type):
            return self.members(value) if _is_users(value) else _Same(value)
        return self.object(value)

    def object(self, value: Any) -> Hashable:
        cls = type(value)
        if not _is_users(cls):
            if isinstance(value, (collections.deque, array.array, bytearray)):
                return cls, tuple([self.key(v) for v in value])
            if callable(value) and not hasattr(value, "__dict__"):
                return _Same(value)
            return _Same(value), self.key(getattr(value, "__dict__", None))
        slots = [n for c in cls.__mro__ for n in _as_tuple(vars(c).get("__slots__", ())) if hasattr(value, n)]
        entries = {
            **{n: getattr(value, n) for n in slots if n not in ("__dict__", "__weakref__")},
            **getattr(value, "__dict__", {}),
        }
        return self.key(cls), tuple([(name, self.key(v)) for name, v in entries.items()])

    def members(self, cls: type) -> Hashable:
        found = []
        for c in cls.__mro__:
            if _is_users(c):
                for name, member in list(vars(c).items()):
                    inner = getattr(member, "__func__", getattr(member, "fget", member))
                    if not name.startswith("__") or is_users_function(inner):
                        found.append((name, self.key(inner)))
        return _Same(cls), tuple(found)

    def function(self, f: types.FunctionType) -> Hashable:
        names: dict[str, None] = {}
        codes = [f.__code__]
        while codes:
            code = codes.pop()
            names.update(dict.fromkeys(code.co_names))
            codes += [c for c in code.co_consts if isinstance(c, types.CodeType)]
        found: list[Any] = [_Same(f.__code__), self.key(f.__defaults__), self.key(f.__kwdefaults__)]
        for name in names:
            value = look_up(f, name)
            if value is not MISSING:
                found.append((name, self.key(value)))
                if type(value) is types.ModuleType and (value.__name__.partition(".")[0] not in _LIBRARIES):
                    found += [(n, self.key(vars(value)[n])) for n in names if n in vars(value)]
        for cell in f.__closure__ or ():
            try:
                found.append(self.key(cell.cell_contents))
            except ValueError:  # not assigned yet
                found.append(None)
        return tuple(found)


def _as_tuple(slots: Any) -> tuple[str, ...]:
    return (slots,) if isinstance(slots, str) else tuple(slots)


def _is_users(cls: type) -> bool:
    return (cls.__module__ or "").partition(".")[0] not in _LIBRARIES and cls.__module__ != "builtins"


def _content(array: np.ndarray) -> bytes:
    if array.nbytes <= _BYTES:
        return array.tobytes()
    digest = hashlib.blake2b(digest_size=16)
    for part in checksum(array):
        digest.update(part)
    return digest.digest()


def surroundings(function: Any) -> tuple[Hashable, list[np.ndarray]]:
    """What a callable may read, by content, and the arrays among it in an order that the key determines.

    Raises
    ------
    Unfathomable
        If there is too much of it.
    """
    walk = _Walk()
    try:
        return walk.key(function), walk.arrays
    except RecursionError:
        raise Unfathomable from None
