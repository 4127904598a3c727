"""All that a function may read beside its arguments, where nothing is proved: ``surroundings : f → (key, arrays)``.

The names of its code, of the functions that it calls and of the methods of the objects that it meets are followed to plain data, which enter the key by content.  Objects are followed through
their attributes.  What is computed by a property, read through ``getattr``, or kept by compiled code is not seen.
"""

from __future__ import annotations

import array
import collections
import contextvars
import decimal
import functools
import hashlib
import io
import os
import re
import sys
import types
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.containers import own_entries
from gradwise.tracing.checksums import checksum
from gradwise.tracing.purity.lookups import look_up
from gradwise.tracing.purity.scope import MISSING, is_written_in_python

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

#: arrays up to this size enter the key as they are
_BYTES = 1 << 12
#: how many values are looked at
_LIMIT = 20_000
#: names by which functions look for what is named in a text, and the longest text in which names are looked for
_SEARCHING = frozenset(["globals", "vars", "eval", "exec", "getattr", "modules", "import_module", "__import__", "__dict__"])  # fmt: skip
_WORD, _TEXT = re.compile(r"[^\W\d]\w*"), 1000
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
        #: the texts met, and the functions that may look for what they name, with the names that were looked at
        self.texts: set[str] = set()
        self.searching: list[tuple[types.FunctionType, set[str]]] = []

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
        if cls is str:
            self.texts.add(value)
            return cls, value
        if value is None or cls in (float, complex, int, bool, bytes) or isinstance(value, np.generic):
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
        within = _within(cls)
        if within is not None:
            return cls, self.key(within(value)), self.key(own_entries(value))
        if isinstance(value, functools.partial):
            return cls, *map(self.key, (value.func, value.args, value.keywords, vars(value)))
        if is_written_in_python(value):
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
        # the names of fields may be changed in place
        form = str(plain.dtype), plain.shape, content
        return self.key(type(value)), form, self.key(own_entries(value))

    def object(self, value: Any) -> Hashable:
        cls = type(value)
        held = self.held(value)
        entries = [(name, self.key(v)) for name, v in _slots_of(value)]
        if not _is_users(cls):
            if held is not None:
                return cls, held, self.key(own_entries(value))
            if callable(value) and not hasattr(value, "__dict__"):
                return _Same(value)
            shared = tuple([self.key(v) for c in cls.__mro__ for v in _arrays_of(c)])
            return _Same(value), _memory(value), tuple(entries), shared, self.key(own_entries(value))
        entries += [(name, self.key(v)) for name, v in (own_entries(value) or {}).items()]
        derived = any(not _is_users(c) for c in cls.__mro__[:-1])
        return self.key(cls), held, _memory(value) if derived else None, tuple(entries)

    def held(self, value: Any) -> Hashable:
        """What a container holds, or the number or text that an object is (of a class derived from these); None for all else."""
        if isinstance(value, dict):
            items: Any = collections.OrderedDict.items if isinstance(value, collections.OrderedDict) else dict.items
            return tuple([(self.key(k), self.key(v)) for k, v in items(value)])
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
                    if not name.startswith("__") or name == "__match_args__" or is_written_in_python(inner):
                        found.append((name, self.key(inner)))
        return _Same(cls), tuple(found), self.key(type(cls))

    def module(self, module: types.ModuleType, names: Iterable[str]) -> list[Any]:
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

    def named(self, f: types.FunctionType, name: str, names: Iterable[str]) -> list[Any]:
        """What a name may stand for in a function: a variable, or a module that it imports."""
        found: list[Any] = []
        if name in _OUTSIDE:
            found.append((name, self.key(_OUTSIDE[name]())))
        values = [look_up(f, name)]
        if values[0] is MISSING:
            parent = str(f.__globals__.get("__package__") or "")
            values = [sys.modules.get(name, MISSING), sys.modules.get(f"{parent}.{name}", MISSING)]
        for value in values:
            if value is not MISSING:
                found.append((name, self.key(value)))
            if type(value) is types.ModuleType:
                found += self.module(value, names)
        return found

    def sought(self) -> list[Any]:
        """What functions may find that look for names in texts: ``globals()[name]``."""
        found: list[Any] = []
        while self.searching and self.texts:
            texts, self.texts = self.texts, set()
            words = {word for text in texts if len(text) < _TEXT for word in _WORD.findall(text)}
            for f, names in self.searching:
                new = sorted(words - names)
                modules = [v for v in [look_up(f, name) for name in sorted(names)] if type(v) is types.ModuleType]
                found += [found for module in modules for found in self.module(module, new)]
                names.update(new)
                found += [found for name in new for found in self.named(f, name, names)]
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
            found += self.named(f, name, names)
        if not _SEARCHING.isdisjoint(names):
            self.texts.update([c for code in met for c in code.co_consts if isinstance(c, str) and c is not f.__doc__])
            self.searching.append((f, set(names)))
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
    decimal.Decimal: lambda number: [str(number), str(decimal.getcontext())],
    io.StringIO: lambda text: [text.getvalue(), text.tell()],
    io.BytesIO: lambda text: [text.getvalue(), text.tell()],
}
#: what is read by functions and objects of these names
_OUTSIDE: dict[str, Callable[[], Any]] = {
    "environ": lambda: list(os.environ.items()),
    "getenv": lambda: list(os.environ.items()),
    "geterr": np.geterr,
}


def _within(cls: Any) -> Callable[[Any], Any] | None:
    """What gives the content of objects of a library's class; None for all others."""
    if cls in _WITHIN:
        return _WITHIN[cls]
    if type(cls).__module__ == "_ctypes" and hasattr(cls, "contents"):
        return lambda pointer: pointer.contents if pointer else None
    return None if _is_users(cls) else next((_WITHIN[c] for c in cls.__mro__ if c in _WITHIN), None)


def _memory(value: Any) -> Hashable:
    """The content of an object that lends its memory (a memoryview, numbers of ctypes)."""
    try:
        with memoryview(value) as view:
            return view.format, view.shape, hashlib.blake2b(view.tobytes(), digest_size=16).digest()
    except (TypeError, ValueError, BufferError, NotImplementedError):
        return None


@functools.lru_cache(maxsize=256)
def _names_of_arrays(cls: type) -> tuple[str, ...]:
    return tuple([name for name, member in vars(cls).items() if isinstance(member, np.ndarray)])


def _arrays_of(cls: type) -> list[Any]:
    """The arrays that a library's class keeps for its objects."""
    return [] if _is_users(cls) else [vars(cls)[name] for name in _names_of_arrays(cls) if name in vars(cls)]


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


def content(value: Any) -> Hashable:
    """What a value holds, as a key.

    Raises
    ------
    Unfathomable
        If there is too much of it.
    """
    return surroundings(value)[0]


def surroundings(function: Any) -> tuple[Hashable, list[np.ndarray]]:
    """What a callable may read, by content, and the arrays among it in an order that the key determines.

    Raises
    ------
    Unfathomable
        If there is too much of it.
    """
    walk = _Walk()
    try:
        key = walk.key(function)
        return (key, *walk.sought()), walk.arrays
    except RecursionError:
        raise Unfathomable from None
