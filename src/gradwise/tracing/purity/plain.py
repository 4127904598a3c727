"""Plain data: values whose operators, methods and attributes run no code of the user's."""

from __future__ import annotations

import marshal
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

_ATOMS = frozenset([float, int, complex, bool, str, bytes, type(None), type(Ellipsis), range, np.float64])
_KINDS = frozenset("fciubSU")
_KEYS = frozenset([str, int, bool, type(None)])
#: containers beyond this many entries in all are compared as a whole, if they hold nothing but Python's own numbers, texts, None and small arrays
_ENTRIES = 256
#: the bytes of a small array
_SMALL = 4096
#: those beyond this many are not looked through
_MANY = 100_000
_PYTHONS = frozenset([int, float, complex, bool, str, type(None)])


def is_plain(value: Any) -> bool:
    """Whether a value is a number, a string, an array of numbers, or a tuple, list or dict of these, each of exactly that type; a slice, or a set of keys.

    Examples
    --------
    >>> import numpy as np
    >>> is_plain([1.0, (np.ones(2), "w")]), is_plain(np.array([object()]))
    (True, False)
    """
    cls = type(value)
    if cls in _ATOMS:
        return True
    if cls is np.ndarray:
        return value.dtype.kind in _KINDS
    if cls is tuple or cls is list or cls is dict:
        return _plain_container(value)
    if cls is slice:
        return all(type(v) is int or v is None for v in (value.start, value.stop, value.step))
    if cls is set or cls is frozenset:
        return len(value) <= _ENTRIES and all(map(is_key, value))
    if issubclass(cls, np.generic):
        return cls.__module__ == "numpy" and value.dtype.kind in _KINDS
    return isinstance(value, np.dtype) and value.kind in _KINDS


def is_key(value: Any) -> bool:
    """Whether a value is a text, a number of Python's or None, or a tuple of these: the keys of plain dictionaries and the entries of plain sets.

    Examples
    --------
    >>> is_key((0, "a")), is_key(0.5), is_key(float("nan"))
    (True, True, False)
    """
    cls = type(value)
    if cls is tuple:
        return len(value) <= _ENTRIES and all(map(is_key, value))
    return cls in _KEYS or (cls is float and value == value)  # noqa: PLR0124 - not nan


def key_form(value: Any) -> Hashable:
    """A key such that it differs where types or zeros differ.

    Examples
    --------
    >>> key_form((1, 0.0)) == key_form((1, 0.0)), key_form((1, 0.0)) == key_form((True, -0.0))
    (True, False)
    """
    cls = type(value)
    if cls is tuple:
        return cls, tuple([key_form(v) for v in value])
    return cls, repr(value) if cls is float else value


def is_numeric(value: Any) -> bool:
    """Whether a value is a number or an array of numbers.

    Examples
    --------
    >>> is_numeric(2.5), is_numeric([2.5])
    (True, False)
    """
    cls = type(value)
    if cls is np.ndarray:
        return value.dtype.kind in "fciub"
    if cls in (float, int, complex, bool, np.float64):
        return True
    return issubclass(cls, np.generic) and cls.__module__ == "numpy" and value.dtype.kind in "fciub"


def _plain_container(value: Any) -> bool:
    pending, seen = [value], 0
    while pending:
        entries = pending.pop()
        if type(entries) is dict:
            if not all(type(key) in _KEYS or is_key(key) for key in entries):
                return False
            entries = list(entries.values())
        seen += len(entries)
        if seen > _ENTRIES:
            return _is_comparable(value)
        for entry in entries:
            cls = type(entry)
            if cls is tuple or cls is list or cls is dict:
                pending.append(entry)
            elif not (cls in _ATOMS or (cls is np.ndarray and entry.dtype.kind in _KINDS) or is_plain(entry)):
                return False
    return True


def _is_comparable(value: Any) -> bool:
    """Whether there is nothing in a container but Python's own numbers, texts, None, small arrays, and containers of them."""
    pending, seen = [value], 0
    while pending:
        entries = pending.pop()
        if type(entries) is dict:
            if not _KEYS.issuperset(map(type, entries)) and not all(map(is_key, entries)):
                return False
            entries = list(entries.values())
        seen += len(entries)
        types = set(map(type, entries)) - _PYTHONS
        if np.ndarray in types:
            arrays = [e for e in entries if type(e) is np.ndarray]
            if not all(a.nbytes <= _SMALL and a.dtype.kind in "fciub" and a.flags.c_contiguous for a in arrays):
                return False
            seen += sum([a.size for a in arrays])
            types.discard(np.ndarray)
        if seen > _MANY:
            return False
        if types:
            if not types <= {list, tuple, dict}:
                return False
            pending.extend([e for e in entries if type(e) in (list, tuple, dict)])
    return True


def fingerprint(value: Any) -> Any:
    """The content of a container that is compared as a whole; it tells types apart, and −0.0, and one nan from another.

    Examples
    --------
    >>> fingerprint([1, 2]) == fingerprint([1, 2]), fingerprint([1, 2]) == fingerprint([1.0, 2])
    (True, False)
    """
    try:
        dumped = marshal.dumps(value, 0)  # of an array its bytes
    except ValueError:  # an array that is not contiguous, or any other object
        return None
    forms: list[Any] = [(a.dtype, a.shape) for a in arrays_in(value)]
    return dumped, forms + [id(v) for v in _leaves(value) if v != v] if b"nan" in dumped else forms  # noqa: PLR0124


def _leaves(value: Any) -> Iterator[Any]:
    """The numbers and texts in plain data."""
    pending = [value]
    while pending:
        entries = pending.pop()
        for entry in entries.values() if type(entries) is dict else entries:
            if type(entry) in (tuple, list, dict):
                pending.append(entry)
            elif type(entry) is not np.ndarray:
                yield entry


def is_bulky(value: Any) -> bool:
    """Whether a container is so large that it is compared as a whole, and holds nothing but Python's own numbers, texts, None and small arrays.

    Examples
    --------
    >>> is_bulky([1, 2]), is_bulky([[1] * 200, [2] * 200]), is_bulky([[1] * 300, object()])
    (False, True, False)
    """
    pending, seen = [value], 0
    while pending:
        entries = pending.pop()
        entries = entries.values() if type(entries) is dict else entries
        seen += len(entries)
        if seen > _ENTRIES:
            return _is_comparable(value)
        pending.extend([e for e in entries if type(e) in (list, tuple, dict)])
    return False


def arrays_in(value: Any) -> list[np.ndarray]:
    """The arrays in plain data."""
    found, pending = [], [value]
    while pending:
        entry = pending.pop()
        cls = type(entry)
        if cls is np.ndarray:
            found.append(entry)
        elif cls is tuple or cls is list:
            pending.extend(entry)
        elif cls is dict:
            pending.extend(entry.values())
    return found
