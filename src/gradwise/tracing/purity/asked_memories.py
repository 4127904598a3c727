"""What memories (``functools.lru_cache``) gave to the run for a program, and whether they give the same now: ``Asked.stands : memory → bool``.

An array, a list or an object that a memory keeps is a state: whoever asks for it may change it, and the next plain call finds it changed.  A program holds its numbers, so it stands while the memory keeps the same.
The memory is asked as the function asks it: what it forgot meanwhile it makes and keeps again.
"""

from __future__ import annotations

import enum
import gc
import types
import weakref
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.purity.surroundings import Unfathomable, content
from gradwise.tracing.purity.twins import STANDS_FOR
from gradwise.tracing.traced import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

_SAME_ANYWHERE = (
    int,
    float,
    complex,
    str,
    bytes,
    types.NoneType,
    type,
    types.BuiltinFunctionType,
    np.ufunc,
    np.generic,
    enum.Enum,
)


def memory_behind(memory: Any) -> Any:
    """The user's memory, in the place of its twin (``twins.py``)."""
    return vars(memory).get(STANDS_FOR, memory)


class Asked:
    """What a memory was asked for during the run for a program, and gave: something that may be changed.

    Attributes
    ----------
    is_known : bool
        Whether it is asked alike elsewhere: an object among the arguments has another in its place in another call, and a traced number is another one there.
    variables : list of int
        Of the traced numbers among the arguments.
    """

    __slots__ = ("_args", "_content", "_kwargs", "_memory", "is_known", "variables")

    def __init__(self, memory: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        self._memory = weakref.ref(memory_behind(memory))
        given = [*args, *kwargs.values()]
        self._args, self._kwargs = [*map(_loosely, args)], {k: _loosely(v) for k, v in kwargs.items()}
        self.variables = [i for one in given for i in _variables(one)]
        self.is_known = all(map(_is_same_anywhere, given)) and not _forgets(memory_behind(memory), args, kwargs)
        self._content: Hashable = None

    def gave(self, value: Any) -> None:
        """Note what the memory gave."""
        try:
            self._content = content(value)
        except Unfathomable:
            self.is_known = False

    def is_of(self, memory: Any) -> bool:
        """Whether it is this memory that was asked."""
        return self._memory() is memory

    def stands(self, memory: Any = None) -> bool:
        """Whether a memory (the one that was asked, if none is named) gives the same now."""
        asked = self._memory() if memory is None else memory_behind(memory)
        try:
            args, kwargs = [*map(_held, self._args)], {k: _held(v) for k, v in self._kwargs.items()}
            if asked is None or _forgets(asked, args, kwargs):  # who asks then finds another memory
                return False
            now = kept_under(asked, args, kwargs)  # who asks counts that
            return bool(content(asked(*args, **kwargs) if now is UNKNOWN else now) == self._content)
        except Exception:  # noqa: BLE001 - whatever it is, the function itself says it better
            return False


class AskedMemories(list[Asked]):
    """What memories gave during one run for a program; ``of_proved``: of a function that was proved, so that what is behind its memories only computes."""

    def __init__(self, *, of_proved: bool) -> None:
        super().__init__()
        self.of_proved = of_proved


def _loosely(value: Any) -> Any:
    """An argument, or a weak reference to an object."""
    if _is_same_anywhere(value):
        return value
    try:
        return weakref.ref(value)
    except TypeError:
        return None


def _held(kept: Any) -> Any:
    return kept() if type(kept) is weakref.ref else kept


def _is_same_anywhere(value: Any) -> bool:
    if isinstance_traced(value):
        return False
    if type(value) in (tuple, frozenset):
        return all(map(_is_same_anywhere, value))
    return isinstance(value, _SAME_ANYWHERE)


def moves(value: Any, depth: int = 6) -> bool:
    """Whether what a memory gives is, or holds, an iterator: it is asked for its next entry, and has another one then."""
    if isinstance(value, (np.ndarray, *_SAME_ANYWHERE)) or isinstance_traced(value) or depth == 0:
        return False
    if isinstance(value, Iterator):
        return True
    parts = [*value.values()] if isinstance(value, dict) else [*getattr(value, "__dict__", {}).values()]
    if isinstance(value, (list, tuple, set, frozenset, deque)):
        parts += value
    return any(moves(part, depth - 1) for part in parts)


def _forgets(memory: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Whether a memory forgets something when it is asked."""
    counted = memory.cache_info()
    return counted.currsize == counted.maxsize and not is_kept(memory, args, kwargs)


def _variables(value: Any) -> list[int]:
    """The variables of traced numbers in an argument."""
    if isinstance_traced(value):
        return [value.index]
    if type(value) in (tuple, frozenset):
        return [i for one in value for i in _variables(one)]
    return []


#: what a memory does not know
UNKNOWN = object()


def is_kept(memory: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Whether a memory knows a key."""
    return kept_under(memory, args, kwargs) is not UNKNOWN


def kept_under(memory: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """What a memory keeps under a key, which is made as ``functools`` makes it, without asking it: it would count that."""
    held = gc.get_referents(memory)
    typed = memory.cache_parameters()["typed"]
    key: Any = tuple(args)
    if kwargs:
        mark = next(one for one in held if type(one) is object)
        key = (*args, mark, *[part for item in kwargs.items() for part in item])
    elif not typed and len(args) == 1 and type(args[0]) in (int, str):
        key = args[0]
    if typed:
        key = (*key, *map(type, args), *map(type, kwargs.values()))
    for table in held:
        if type(table) is dict and table is not memory.__dict__:
            for known in table if not _is_told(key) or key in table else ():
                if _is_same_key(known, key):
                    found = dict.get(table, known) if _is_told(known) else _by_place(table, known)
                    return _linked(held, known, found) if type(found).__name__ == _LINK else found
    return UNKNOWN


_LINK = "_lru_list_elem"
_TOLD = frozenset({int, float, str, bytes, bool, complex, types.NoneType})


#: NumPy's numbers, which compiled code compares
_NUMPYS = frozenset(
    {np.dtype(code).type for code in np.typecodes["AllInteger"] + np.typecodes["AllFloat"] + np.typecodes["Complex"]}
)


def _is_told(key: Any) -> bool:
    """Whether a key is found without code of the user's."""
    kind = type(key)
    if kind is tuple or kind is frozenset:
        return all(map(_is_told, key))
    return kind in _TOLD or kind in _NUMPYS


def _is_same_key(known: Any, key: Any) -> bool:
    """Whether two keys are one, without asking objects of the user's, which may count that: such an object is itself."""
    if type(known) is tuple and type(key) is tuple:
        return len(known) == len(key) and all(map(_is_same_key, known, key))
    if known is key:
        return True
    return _is_told(known) and _is_told(key) and bool(known == key)


def _by_place(table: dict[Any, Any], key: Any) -> Any:
    return next(value for known, value in table.items() if known is key)


def _linked(held: list[Any], key: Any, link: Any) -> Any:
    """What is kept in a link of a memory that may be full: its parts follow one another."""
    for place in range(len(held) - 2):
        if held[place] is key and held[place + 2] is type(link):
            return held[place + 1]
    return UNKNOWN
