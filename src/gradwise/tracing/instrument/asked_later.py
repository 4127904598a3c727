"""Functions under ``lru_cache`` that a run answers from a memory of its own: the user's are asked afterwards, so that they know and have counted what they know after a plain call.

    k(2), k(3), k(2)  in the run        →        k(2), k(3), k(2)  after it, with what their bodies do left undone

A run that fails, and one that only looks, asks none of them.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.errors import TracingError
from gradwise.tracing.instrument.atoms import ATOMS
from gradwise.tracing.instrument.hushing import hushed
from gradwise.tracing.instrument.state import local
from gradwise.tracing.instrument.survey import Survey
from gradwise.tracing.purity.asked_memories import is_kept

if TYPE_CHECKING:
    from gradwise.tracing.instrument.state import Watch

#: in the place of arguments: the memory is emptied
EMPTIED = object()


def is_look() -> bool:
    """Whether the run only looks: what it does is left undone."""
    return local.muted is not None or (local.journal is not None and not local.journal.of_failures)


def note_ask(watch: Watch, memory: Any, args: Any, kwargs: dict[str, Any] | None) -> None:
    """Note that a plain call would ask a memory of the user's."""
    if not is_within_body():
        watch.asks.append((memory, args, kwargs))


class _Within(threading.local):
    depth = 0


_within = _Within()


def is_within_body() -> bool:
    """Whether the body of a memory runs, which will run for the user's memory too, where that does not know the key."""
    return _within.depth > 0


@contextlib.contextmanager
def within_body() -> Iterator[None]:
    """Within it the body of a memory runs."""
    _within.depth += 1
    try:
        yield
    finally:
        _within.depth -= 1


def will_know(watch: Watch, memory: Any, args: Any, kwargs: Any) -> bool:
    """Whether a memory of the user's knows a key where a plain call has come as far as the run: since an earlier call, or because it was one of the last keys that were asked for."""
    key, recent, most = _keys(args, kwargs), set[Any](), memory.cache_info().maxsize
    for asked, others, named in reversed([*_asks(watch)]):
        if asked is not memory:
            continue
        if others is EMPTIED:
            return False
        recent.add(_keys(others, named))
        if most is not None and len(recent) > most:
            return False
        if key in recent:
            return True
    return is_kept(memory, args, kwargs)


def is_emptied(watch: Watch, memory: Any) -> bool:
    """Whether a run emptied a memory, which waits for its end."""
    return any(asked is memory and args is EMPTIED for asked, args, _ in watch.asks)


def made_now(watch: Watch, memory: Any, args: Any, kwargs: Any, only_computes: Callable[[Any], bool]) -> Any:
    """What a memory makes and keeps: it is asked in the run, which may change what it gives; a run that fails leaves that, and what its body did, and the next one finds it."""
    counted = memory.cache_info()
    is_full = counted.maxsize is not None and counted.currsize + len(watch.asks) >= counted.maxsize
    if is_full or is_emptied(watch, memory):  # what it forgets depends on what it was asked before
        ask(watch.asks, only_computes)
        counted = memory.cache_info()
    is_new = not (counted.hits or counted.misses) or any(made[0] is memory and made[3] for made in local.made or ())
    journals = [one for one in (local.journal, local.survey) if one is not None]
    before = Survey([memory.__wrapped__, *args, *kwargs.values()]).noted() if journals else None
    value = memory(*args, **kwargs)
    for journal in journals:
        journal.moved_on(before)
    note_ask(watch, memory, args, kwargs)
    if local.made is not None:
        local.made.append((memory, args, kwargs, is_new, before, None if before is None else before.now()))
    return value


def _unmade() -> None:
    """After a run that could not be traced a plain call finds memories that knew nothing as they were; those that knew something cannot forget what was added."""
    for memory, _, _, is_new, before, after in reversed(local.made or ()):
        if is_new and before is not None:
            memory.cache_clear()
            before.take_off(after)


@contextlib.contextmanager
def asking_afterwards(only_computes: Callable[[Any], bool]) -> Iterator[None]:
    """Within it, what runs would ask of the user's memories is noted; these are asked at its end, if that is no error."""
    if local.asks is not None or local.watch is not None or is_look():
        yield
        return
    local.asks, local.made = [], []
    try:
        yield
        ask(local.asks, only_computes)
    except TracingError:
        _unmade()
        raise
    finally:
        local.asks = local.made = None


def ended(watch: Watch) -> None:
    """A run has come to its end: what it would have asked is asked by who began it."""
    if watch.outer is not None:
        watch.outer.asks += watch.asks
    elif local.asks is not None and not is_look():
        local.asks = watch.asks


def ask(asks: list[Any], only_computes: Callable[[Any], bool]) -> None:
    """Ask the memories, in the order in which the run did, and forget that."""
    waiting, asks[:] = list(asks), []
    for memory, args, kwargs in waiting:
        if args is EMPTIED:
            memory.cache_clear()
            continue
        if local.made and _is_made(local.made, memory, args, kwargs):
            continue
        with contextlib.suppress(Exception):  # what it raises it raised in the run
            told_by_value = ATOMS.issuperset(
                map(type, (*args, *kwargs.values()))
            )  # others may count that they are asked
            if told_by_value and only_computes(memory.__wrapped__):
                memory(*args, **kwargs)
                continue
            survey = Survey([memory.__wrapped__, *args, *kwargs.values()])
            before, around = survey.noted(), local.survey
            local.survey = None
            try:
                with hushed():
                    memory(*args, **kwargs)
            finally:
                local.survey = around
                survey.restore(before)


def _is_made(made: list[Any], memory: Any, args: Any, kwargs: Any) -> bool:
    """Whether the memory was asked in the run already, and counted that."""
    for place, (other, others, named, *_) in enumerate(made):
        same = other is memory and _keys(others, named) == _keys(args, kwargs)
        if same:
            del made[place]
            return True
    return False


def _keys(args: Any, kwargs: Any) -> Any:
    return tuple(map(_key, args)), tuple((name, _key(value)) for name, value in kwargs.items())


def told(watch: Watch, memory: Any) -> Any:
    """What ``cache_info`` of a memory says where a plain call would have come as far as the run."""
    info = memory.cache_info()
    hits, misses, size = info.hits, info.misses, info.currsize
    known: set[Any] = set()
    emptied, made = False, list(local.made or ())
    waiting = [] if watch.outer is not None or local.asks is None or not is_look() else local.asks
    for asked, args, kwargs in [*waiting, *_asks(watch)]:
        if asked is not memory:
            continue
        if args is EMPTIED:
            hits, misses, size, emptied, known = 0, 0, 0, True, set()
            continue
        if made and _is_made(made, memory, args, kwargs):
            continue  # it counted that
        key = _keys(args, kwargs)
        if key in known or (not emptied and is_kept(memory, args, kwargs)):
            hits += 1
        else:
            misses, size = misses + 1, size + 1
        known.add(key)
    return type(info)(hits, misses, info.maxsize, size if info.maxsize is None else min(size, info.maxsize))


def _key(value: Any) -> Any:
    """A number or text; an object by its identity."""
    return value if type(value) in ATOMS or isinstance(value, np.number) else id(value)


def _asks(watch: Watch) -> Iterator[Any]:
    if watch.outer is not None:
        yield from _asks(watch.outer)
    yield from watch.asks
