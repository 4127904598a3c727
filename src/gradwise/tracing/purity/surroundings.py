"""All that a function may read beside its arguments, where nothing is proved: ``surroundings : f → (key, arrays)``.

The names of its code, of the functions that it calls and of the methods of the objects that it meets are followed to plain data, which enter the key by content.  Objects are followed through
their attributes.  What is computed by a property, read through ``getattr``, or kept by compiled code is not seen.
"""

from __future__ import annotations

import array
import collections
import contextvars
import functools
import hashlib
import os
import sys
import types
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.checksums import checksum
from gradwise.tracing.purity.scope import MISSING, is_users_function, look_up

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

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
        if isinstance(value, np.ndarray):
            return self.other_array(value)
        if value is None or cls in (float, complex, int, bool, str, bytes) or isinstance(value, np.generic):
            return cls, repr(value)
        if cls is types.BuiltinFunctionType and _is_bound(value):
            return cls, value.__name__, self.key(value.__self__)
        if cls is types.ModuleType or (callable(value) and isinstance(value, (types.BuiltinFunctionType, np.ufunc))):
            return _Same(value)
        known = self.seen.get(id(value))
        if known is not None:
            return known
        self.seen[id(value)] = len(self.seen)
        self.kept.append(value)
        if cls in (tuple, list, set, frozenset):
            return cls, tuple([self.key(v) for v in value])
        if isinstance(value, types.MappingProxyType):
            return cls, tuple([(self.key(k), self.key(v)) for k, v in value.items()])
        within = _WITHIN.get(cls)
        if within is not None:
            return cls, self.key(within(value))
        if isinstance(value, functools.partial):
            return cls, *map(self.key, (value.func, value.args, value.keywords, vars(value)))
        if is_users_function(value):
            return self.function(value)
        if cls is types.MethodType:
            return cls, self.key(value.__func__), self.key(value.__self__)
        if isinstance(value, type):
            return self.members(value) if _is_users(value) else _Same(value)
        return self.object(value)

    def other_array(self, value: np.ndarray) -> Hashable:
        """An array of objects or records, or of a class of its own (matrices, masked arrays)."""
        if id(value) in self.seen:
            return self.seen[id(value)]
        self.seen[id(value)] = len(self.seen)
        self.kept.append(value)
        plain = np.asarray(value)
        if plain.dtype.hasobject:
            content: Hashable = tuple([self.key(v) for v in plain.ravel().tolist()])
        else:
            content = hashlib.blake2b(plain.tobytes(), digest_size=16).digest()
        return self.key(type(value)), plain.dtype, plain.shape, content, self.key(getattr(value, "__dict__", None))

    def object(self, value: Any) -> Hashable:
        cls = type(value)
        held = self.held(value)
        entries = [(name, self.key(v)) for name, v in _slots_of(value)]
        if not _is_users(cls):
            if held is not None:
                return cls, held, self.key(getattr(value, "__dict__", None))
            if callable(value) and not hasattr(value, "__dict__"):
                return _Same(value)
            return _Same(value), _memory(value), tuple(entries), self.key(getattr(value, "__dict__", None))
        entries += [(name, self.key(v)) for name, v in getattr(value, "__dict__", {}).items()]
        return self.key(cls), held, tuple(entries)

    def held(self, value: Any) -> Hashable:
        """What a container holds, or the number or text that an object is (of a class derived from these); None for all else."""
        if isinstance(value, dict):
            return tuple([(self.key(k), self.key(v)) for k, v in dict.items(value)])
        for base in _CONTAINERS:
            if isinstance(value, base):
                return tuple([self.key(v) for v in base.__iter__(value)])
        for base in (float, int, complex, str, bytes):
            if isinstance(value, base):
                return base.__repr__(value)
        return None

    def members(self, cls: type) -> Hashable:
        found = []
        for c in cls.__mro__:
            if _is_users(c):
                for name, member in list(vars(c).items()):
                    inner = getattr(member, "__func__", getattr(member, "fget", member))
                    if not name.startswith("__") or name == "__match_args__" or is_users_function(inner):
                        found.append((name, self.key(inner)))
        return _Same(cls), tuple(found), self.key(type(cls))

    def module(self, module: types.ModuleType, names: dict[str, None]) -> list[Any]:
        """What of a user's module, and of the modules in it, may be meant by the names."""
        found: list[Any] = []
        pending = [module]
        met: set[int] = set()
        while pending:
            module = pending.pop()
            if id(module) in met or _is_librarys(module):
                continue
            met.add(id(module))
            for name in (*names, "__getattr__"):
                value = vars(module).get(name, MISSING)
                if value is not MISSING:
                    found.append((name, self.key(value)))
                    if type(value) is types.ModuleType:
                        pending.append(value)
        return found

    def function(self, f: types.FunctionType) -> Hashable:
        names: dict[str, None] = {}
        codes, met = [f.__code__], {f.__code__}
        while codes:
            code = codes.pop()
            names.update(dict.fromkeys(code.co_names))
            codes += [c for c in code.co_consts if isinstance(c, types.CodeType)]
            codes += [
                c for c in map(f.__globals__.get, code.co_names) if isinstance(c, types.CodeType) and c not in met
            ]
            met.update(codes)
            if "globals" in code.co_names:
                names.update(dict.fromkeys([c for c in code.co_consts if isinstance(c, str)]))
        found: list[Any] = [_Same(f.__code__), self.key(f.__defaults__), self.key(f.__kwdefaults__)]
        for name in names:
            if name in _OUTSIDE:
                found.append((name, self.key(_OUTSIDE[name]())))
            value = look_up(f, name)
            if value is not MISSING:
                found.append((name, self.key(value)))
                if type(value) is types.ModuleType:
                    found += self.module(value, names)
        if vars(f):
            found.append(self.key(vars(f)))
        for cell in f.__closure__ or ():
            try:
                found.append(self.key(cell.cell_contents))
            except ValueError:  # not assigned yet
                found.append(None)
        return tuple(found)


#: whose content is read by their own iterators, whatever a derived class says
_CONTAINERS: tuple[Any, ...] = (tuple, list, set, frozenset, collections.deque, array.array, bytearray)


_EMPTY: dict[Any, Any] = {}
#: what is read through objects of the standard library that hold another
_WITHIN: dict[type, Callable[[Any], Any]] = {
    contextvars.ContextVar: lambda variable: variable.get(None),
    weakref.ReferenceType: lambda reference: reference(),
    np.flatiter: lambda entries: entries.base,
    **{type(view): list for view in (_EMPTY.keys(), _EMPTY.values(), _EMPTY.items())},
}
#: what is read by functions and objects of these names
_OUTSIDE: dict[str, Callable[[], Any]] = {
    "environ": lambda: list(os.environ.items()),
    "getenv": lambda: list(os.environ.items()),
    "geterr": np.geterr,
}


def _memory(value: Any) -> Hashable:
    """The content of an object that lends its memory (a memoryview, numbers of ctypes)."""
    try:
        with memoryview(value) as view:
            return view.format, view.shape, hashlib.blake2b(view.tobytes(), digest_size=16).digest()
    except (TypeError, ValueError, BufferError, NotImplementedError):
        return None


def _is_librarys(module: types.ModuleType) -> bool:
    return module.__name__.partition(".")[0] in _LIBRARIES


def _slots_of(value: Any) -> list[tuple[str, Any]]:
    """The slots of an object that have been assigned."""
    found = []
    for c in type(value).__mro__:
        for name, member in vars(c).items():
            if type(member) is types.MemberDescriptorType and "__slots__" in vars(c):
                try:
                    found.append((name, member.__get__(value)))
                except AttributeError:  # not assigned
                    continue
    return found


def _is_users(cls: type) -> bool:
    module = cls.__module__
    return isinstance(module, str) and module.partition(".")[0] not in _LIBRARIES and module != "builtins"


def _is_bound(value: Any) -> bool:
    """Whether a compiled function belongs to an object: ``append`` of a list, say."""
    owner = getattr(value, "__self__", None)
    return owner is not None and type(owner) is not types.ModuleType and not isinstance(owner, type)


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
