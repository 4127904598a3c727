"""Iterators from which a run takes values: its own, those that can be copied, and those whose values come once.

    it = iter(rows); next(it)        the run made it: it is nobody else's
    next(self.ids)                   ``itertools.count``, and iterators over containers, can be copied: a run that only looks takes from a copy
    next(self.stream)                a generator, a file: nobody can put back what was taken

A run notes the iterators that it makes.  Of another one it takes as a plain call does, and keeps a copy of what it was before (where generators of random numbers keep their states): silent runs begin with that (``muting.rewind``), and where the run fails it is put back.
"""

from __future__ import annotations

import copy
import gc
import itertools
import sys
import types
import warnings
from collections import deque
from typing import Any

import numpy as np

from gradwise.tracing.instrument.both_ways.aside import makes, takes_from
from gradwise.tracing.instrument.not_undone import Taking
from gradwise.tracing.instrument.references import ALONE, count
from gradwise.tracing.instrument.state import local
from gradwise.tracing.instrument.unwritten import Kept, KeptText, Unmuted
from gradwise.tracing.instrument.userland import is_users_file

#: how the run's effects name what was taken; a silent run takes from a copy of the first kind
FROM_COPIED = "it takes values from an iterator that is copied"
FROM_OTHERS = "it takes values from an iterator that others may hold"


def own(iterator: Any) -> Any:
    """An iterator that the run makes, noted: it is nobody else's, and what was there before and still is has another identity."""
    watch = local.watch
    if watch is not None and hasattr(type(iterator), "__next__"):
        watch.iterators.add(id(iterator))
        if local.both_ways is not None:
            makes(iterator)
    return iterator


def making(function: types.FunctionType) -> Any:
    """A generator function whose generators are the run's own."""

    def make(*args: Any, **kwargs: Any) -> Any:
        return own(function(*args, **kwargs))

    return make


def taken_from(iterator: Any) -> Any:
    """What to take values from in place of an iterator to which others refer: itself, or while a run only looks a copy."""
    watch = local.watch
    if local.both_ways is not None:
        takes_from(iterator)
    if watch is None or id(iterator) in watch.iterators or isinstance(iterator, (Kept, KeptText)):
        return iterator
    copies = local.copied
    if copies is not None:
        known = copies.get(id(iterator))
        if known is not None:
            return known[1]
        if any(copy is iterator for _, copy in copies.values()):
            return iterator
    before = copied(iterator)
    if before is None:
        watch.effects[FROM_OTHERS] = None
        if local.muted is not None:
            raise Unmuted(FROM_OTHERS)
        return iterator if local.journal is None else Taking(iterator)
    while watch is not None and id(iterator) not in watch.iterators:
        watch.effects[FROM_COPIED] = None
        watch.generators.setdefault(id(iterator), _Note((iterator, before)))
        watch = watch.outer
    if copies is not None:
        copies[id(iterator)] = known = _Note((iterator, copied(before)))
        return known[1]
    if local.journal is not None:
        local.journal.generators.setdefault(id(iterator), _Note((iterator, before)))
    return iterator


def begin_with(iterator: Any, before: Any) -> None:
    """Silent runs take what comes after ``before`` when they take from the iterator."""
    if local.copied is not None:
        local.copied[id(iterator)] = _Note((iterator, copied(before)))


def copies_of(copies: dict[int, tuple[Any, Any]] | None) -> dict[int, tuple[Any, Any]]:
    """Copies of their own for runs that look while others do."""
    return {key: _Note((iterator, copied(copy))) for key, (iterator, copy) in (copies or {}).items()}


class _Note(tuple[Any, Any]):
    """An iterator and a copy, told from what else refers to it."""

    __slots__ = ()


# --- copies ------------------------------------------------------------------------------------------------------------------------

#: iterators over containers, which know where they are
_CONTAINERS: tuple[Any, ...] = ([], (), "", "é", b"", bytearray(), range(0), range(1 << 70), {}, set())
_OF_DICTIONARIES: tuple[Any, ...] = ({}.values(), {}.items())
_OVER = frozenset(type(iter(x)) for x in (*_CONTAINERS, *_OF_DICTIONARIES)) | {
    type(reversed(x)) for x in ([], (), {}, *_OF_DICTIONARIES)
}
#: iterators over others, which tell of what they are made
_COMPOSED = frozenset({enumerate, zip})
if sys.version_info < (3, 12):  # afterwards they do not tell
    _COMPOSED |= {itertools.cycle, itertools.islice, itertools.chain, itertools.repeat, itertools.zip_longest}
#: of NumPy's in Python, with iterators among their attributes
_OVER_PLACES = frozenset({np.ndenumerate, np.ndindex})
#: all of which there are copies
COPIED = _OVER | _COMPOSED | {itertools.count, np.flatiter, np.nditer, *_OVER_PLACES}


def gone_over(iterator: Any) -> set[int]:
    """The identities of the containers over which an iterator goes that keeps what it gave; none for one over a container."""
    found: set[int] = set()
    pending = [] if type(iterator) in _OVER else [iterator]
    while pending:
        for one in gc.get_referents(pending.pop()):
            if hasattr(type(one), "__next__"):
                pending.append(one)
            elif isinstance(one, (list, tuple, dict, set, deque)):
                found.add(id(one))
    return found


def copied(iterator: Any) -> Any:
    """An iterator that gives what this one would give, and leaves it where it is; None where there is none.

    Examples
    --------
    >>> import itertools
    >>> ids = itertools.count(5)
    >>> next(copied(ids)), next(ids), copied(v for v in "ab")
    (5, 5, None)
    """
    kind = type(iterator)
    if kind is itertools.count:
        return _counting(repr(iterator))
    if kind in _OVER:
        return _made(*iterator.__reduce__())
    if kind is np.flatiter:
        return _advanced(iterator.base.flat, iterator.index)
    if kind is np.nditer:
        return iterator.copy()
    if kind in _OVER_PLACES:
        parts = _parts_copied(iterator)
        made = None if parts is None else object.__new__(kind)
        if parts is not None:
            vars(made).update(parts)
        return made
    return _composed(iterator) if kind in _COMPOSED else None


def _parts_copied(iterator: Any) -> dict[str, Any] | None:
    """The attributes of an iterator, with copies of the iterators among them; None where one has none."""
    parts = {k: _of_places(v) if hasattr(type(v), "__next__") else v for k, v in vars(iterator).items()}
    return None if any(v is None for v in parts.values()) else parts


def _of_places(iterator: Any) -> Any:
    if type(iterator) is not itertools.product:
        return copied(iterator)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            return copy.copy(iterator)
    except TypeError:  # from CPython 3.14 on
        return None


def _advanced(entries: Any, count: int) -> Any:
    deque(itertools.islice(entries, count), maxlen=0)
    return entries


def _counting(text: str) -> Any:
    """``count(3)`` or ``count(0.5, 0.25)`` of what it shows; None where that is another kind of number."""
    numbers = [_number(part) for part in text[len("count(") : -1].split(", ")]
    return None if None in numbers else itertools.count(*numbers)


def _number(text: str) -> int | float | None:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return None


def _made(function: Any, arguments: Any, *state: Any) -> Any:
    made = function(*arguments)
    if state and state[0] is not None:
        made.__setstate__(state[0])
    return made


def _composed(iterator: Any) -> Any:
    """A copy of an iterator over others that nobody else has; None where one of them has no copy, or others refer to it."""
    function, *told = iterator.__reduce__()
    parts = [_part(part, type(iterator) is zip) for part in told]
    return None if _NONE in parts else _made(function, *parts)


def _part(part: Any, direct: bool) -> Any:
    """What an iterator tells of itself, with copies of the iterators and lists in it; ``direct`` where it tells by the tuple that it has."""
    if type(part) is not tuple:
        return list(part) if type(part) is list else part
    found = []
    for value in part:
        if not hasattr(type(value), "__next__"):
            found.append(_part(value, direct))
            continue
        # the iterator around it refers to it, and the tuple
        found.append(None if count(value) > ALONE + 2 - direct else copied(value))
        if found[-1] is None:
            return _NONE
    return _NONE if _NONE in found else tuple(found)


#: in the place of what has no copy
_NONE = ("no copy",)


# --- runs that fail ------------------------------------------------------------------------------------------------------------------


def put_back(iterator: Any, before: Any) -> None:
    """After a run that failed, whoever refers to an iterator finds what it was before: it is put back where its class can, else the copy takes its place, if all places are known."""
    if type(iterator) in _OVER:
        now, then = iterator.__reduce__(), before.__reduce__()
        if len(now) == len(then) == 3 and now[1][0] is then[1][0]:
            iterator.__setstate__(then[2])
            return
    if type(iterator) is np.flatiter:
        iterator[:0]  # which begins anew
        _advanced(iterator, before.index)
        return
    if type(iterator) is np.nditer:
        iterator.reset()
        _advanced(iterator, before.iterindex + before.finished)
        return
    if type(iterator) in _OVER_PLACES:
        vars(iterator).update(_parts_copied(before) or {})
        return
    if _is_named(iterator, sys._getframe(1)):
        return
    places = []
    for place in gc.get_referrers(
        iterator
    ):  # in a comprehension the iterator's name would be a cell, which refers to it too
        if _is_place(place):
            places.append(place)
        elif not issubclass(type(place), (types.FrameType, _Note)):  # a function that ended with the run, a note of one
            return
    other = copied(before)
    for place in places:
        _replace(place, iterator, other)


def _is_named(iterator: Any, frame: Any) -> bool:
    """Whether a function of the user's that runs still has a name for an iterator: what is taken under that name others must see."""
    while frame is not None:
        names = frame.f_locals if is_users_file(frame.f_code.co_filename) else {}
        if names is not frame.f_globals and id(iterator) in map(id, names.values()):
            return True
        frame = frame.f_back
    return False


def _is_place(place: Any) -> bool:
    """Whether something else can be put in its place there."""
    kind = type(place)
    return kind in (dict, list, types.CellType) or (kind.__module__ != "builtins" and kind.__dictoffset__ != 0)


def _replace(place: Any, old: Any, new: Any) -> None:
    if type(place) is types.CellType:
        place.cell_contents = new
        return
    entries = place if type(place) in (dict, list) else vars(place)
    for key, value in list(enumerate(entries) if type(entries) is list else entries.items()):
        if value is old:
            entries[key] = new
