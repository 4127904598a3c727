"""Where an array is held, so that another can be put in its place.

How many references there are to it is known (``references.py``).  Where a short walk from the function that uses it finds as many, nothing else refers to it, and nothing else need be asked: a search among all objects of the process
takes half a second among five million, and is left for what the walk does not reach.
"""

from __future__ import annotations

import functools
import gc
import operator
import types
from collections import deque
from typing import TYPE_CHECKING, Any

from gradwise.tracing.instrument.state import Watch, local
from gradwise.tracing.instrument.userland import is_users_file
from gradwise.tracing.purity.objects import entries_of, is_users_class
from gradwise.tracing.trace import Trace
from gradwise.tracing.traced import TracedArray, TracedScalar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: so many objects are looked at on the walk
_MOST = 4000
#: what leads to everything there is
_EVERYWHERE = (type, types.ModuleType, types.FrameType, types.CodeType, Trace, Watch)


def places_of(
    array: Any, references: int, roots: Iterable[Any], known: type, *, all_of_them: bool = True
) -> list[Any] | None:
    """What refers to an array, where another can be put in its place; None if something else refers to it too (a view, a tuple).

    Parameters
    ----------
    array : TracedArray
    references : int
        How many references there are beside those of the caller.
    roots : iterable
        Functions, and what else may hold the array or lead to what does.
    known : type
        The class of the caller's own notes.
    all_of_them : bool
        Whether something else makes it None; else that is left out.
    """
    notes = {} if local.journal is None else {id(note): note for note in local.journal.before()}
    found: list[Any] = []
    others, references = _walked(array, references, deque([*roots, *notes.values(), *_overlays()]), known, found)
    if references:
        others = _searched(array, known, found)
    if all_of_them and any(id(one) not in notes for one in others):
        return None
    return found


def _walked(array: Any, references: int, pending: deque[Any], known: type, found: list[Any]) -> tuple[list[Any], int]:
    """Walk until the references are found, the places into ``found``: what else refers to the array, and how many are missing."""
    others: list[Any] = []
    seen: set[int] = set()
    while pending and references > 0 and len(seen) < _MOST:
        one = pending.popleft()
        if id(one) in seen or issubclass(type(one), (*_EVERYWHERE, known)):
            continue
        seen.add(id(one))
        held = gc.get_referents(one)
        times = 0
        for value in held:  # in a comprehension the array's name would be a cell, which refers to it too
            times += value is array
        if times:
            (found if _is_place(one, array) else others).append(one)
            references -= times
        pending.extend(_beyond(one, held))
    return others, references


def _beyond(one: Any, held: list[Any]) -> Iterable[Any]:
    """What a step of the walk leads to: of a module only what the code that was met names."""
    if type(one) is types.FunctionType:
        return _beyond_function(one)
    if type(one) in (TracedArray, TracedScalar) or (type(one) is dict and "__builtins__" in one):
        return ()
    return filter(gc.is_tracked, held)


def _beyond_function(function: types.FunctionType) -> Iterator[Any]:
    yield from (function.__closure__, function.__defaults__, function.__kwdefaults__, function.__dict__)
    if is_users_file(function.__code__.co_filename):
        module = function.__globals__
        yield module
        codes = [function.__code__]
        while codes:
            code = codes.pop()
            yield from [module[name] for name in code.co_names if name in module]
            codes.extend([inner for inner in code.co_consts if type(inner) is types.CodeType])


def _overlays() -> Iterator[dict[str, Any]]:
    """The traced attributes of the runs in progress, by object."""
    watch = local.watch
    while watch is not None:
        for _, attributes in watch.overlay.values():
            yield attributes
        watch = watch.outer


def _searched(array: Any, known: type, found: list[Any]) -> list[Any]:
    """The same among all objects of the process."""
    others: list[Any] = []
    places: list[Any] = []
    for referrer in gc.get_referrers(array):
        if not issubclass(type(referrer), (types.FrameType, known)):
            (places if _is_place(referrer, array) else others).append(referrer)
    found[:] = places
    return others


def _is_place(referrer: Any, array: Any) -> bool:
    """Whether another array can be put in the place of one that something refers to."""
    kind = type(referrer)
    if kind in (dict, list, types.CellType):
        return True
    return is_users_class(kind) and any(map(functools.partial(operator.is_, array), entries_of(referrer).values()))
