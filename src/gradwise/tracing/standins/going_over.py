"""Builtins and ``itertools`` that go over what they are given: ``list(xs)``, ``zip``, ``enumerate``, ``next``, ``reversed``, ``any``.

Python calls ``__iter__``, ``__next__`` and ``__getitem__`` of an object by itself, as they stand: they would not be looked into.  Here the object is gone over first, by the twins of its methods.
"""

from __future__ import annotations

import builtins
import itertools
from collections import Counter, OrderedDict, deque
from types import GeneratorType
from typing import TYPE_CHECKING, Any

from gradwise.tracing.array_likes import gives
from gradwise.tracing.instrument.compiling import HOOKS
from gradwise.tracing.instrument.ending import reveal_all
from gradwise.tracing.instrument.items import made_here
from gradwise.tracing.instrument.references import ALONE, count
from gradwise.tracing.instrument.state import local
from gradwise.tracing.instrument.taking import COPIED, own, taken_from
from gradwise.tracing.standins.recording import PLAIN, entries, python_method, resolve
from gradwise.tracing.traced import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable

_ABSENT = object()


def _over(function: Any) -> Callable[..., Any]:
    """Stand-in for what goes over all its positional arguments."""

    def call(*args: Any, **kwargs: Any) -> Any:
        return own(function(*map(entries, args), **kwargs))

    call.__name__ = function.__name__
    call.__doc__ = f"``{function.__name__}``."
    return call


def _over_first(function: Any) -> Callable[..., Any]:
    """Stand-in for what goes over its first argument."""

    def call(*args: Any, **kwargs: Any) -> Any:
        return own(function(entries(args[0]), *args[1:], **kwargs) if args else function(**kwargs))

    call.__name__ = function.__name__
    call.__doc__ = f"``{function.__name__}``."
    return call


def _made(function: Any) -> Callable[..., Any]:
    """Stand-in for a class of iterators over nothing that is there."""

    def call(*args: Any, **kwargs: Any) -> Any:
        return own(function(*args, **kwargs))

    call.__name__ = function.__name__
    call.__doc__ = f"``{function.__name__}``."
    return call


def _mapping(function: Any) -> Callable[..., Any]:
    """Stand-in for a class of dictionaries, of pairs or of an object with ``keys``."""

    def call(*args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and not isinstance(args[0], dict):
            keys = python_method(args[0], "keys")
            if keys is None:
                return (
                    function(entries(args[0]), **kwargs) if not hasattr(args[0], "keys") else function(*args, **kwargs)
                )
            reading = HOOKS["reading"](args[0])
            return function({k: reading[k] for k in entries(keys())}, **kwargs)
        return function(*args, **kwargs)

    call.__name__ = function.__name__
    call.__doc__ = f"``{function.__name__}``."
    return call


def next_(iterator: Any, /, *default: Any) -> Any:
    """``next``."""
    watch = local.watch
    if watch is not None and watch.overlay and type(iterator) in _CALLING and not _is_ours(iterator):
        reveal_all()
    step = None if type(iterator) in PLAIN or type(iterator) in COPIED else python_method(iterator, "__next__")
    if step is None or len(default) > 1:
        if watch is not None and count(iterator) > ALONE:
            iterator = taken_from(iterator)
        return next(iterator, *default)
    if not default:
        return step()
    try:
        return step()
    except StopIteration:
        return default[0]


_CALLING = frozenset({map, filter, zip, GeneratorType, itertools.islice, itertools.chain, itertools.starmap})


def _is_ours(iterator: Any) -> bool:
    return type(iterator) is GeneratorType and made_here(iterator)


def _stepping(name: str) -> Callable[..., Any]:
    """A method of generators: the code of one that was made before the run runs as it is."""

    def call(self: Any, *args: Any) -> Any:
        watch = local.watch
        if watch is not None and watch.overlay and not made_here(self):
            reveal_all()
        return getattr(taken_from(self), name)(*args)

    call.__name__ = name
    call.__doc__ = f"``generator.{name}``."
    return call


def reversed_(sequence: Any, /) -> Any:
    """``reversed``."""
    if isinstance_traced(sequence) or type(sequence) in {list, tuple, range, str, dict}:
        return own(reversed(sequence))
    method = python_method(sequence, "__reversed__")
    if method is not None:
        return method()
    get = python_method(sequence, "__getitem__")
    if get is None or gives(type(sequence), "__reversed__"):
        return reversed(sequence)
    return map(get, range(len(sequence) - 1, -1, -1))


def any_(iterable: Any, /) -> bool:
    """``any``: the answers are concrete, and guarded."""
    true = HOOKS.get("true", bool)
    return any(true(v) for v in entries(iterable))  # as far as it must


def all_(iterable: Any, /) -> bool:
    """``all``: the answers are concrete, and guarded."""
    true = HOOKS.get("true", bool)
    return all(true(v) for v in entries(iterable))  # as far as it must


def bool_(*args: Any) -> bool:
    """``bool``: concrete, and guarded."""
    if len(args) == 1 and "true" in HOOKS:
        return bool(HOOKS["true"](args[0]))
    return bool(*args)


def chain(*iterables: Any) -> Any:
    """``itertools.chain``: each is begun when the one before it has ended."""
    return own(itertools.chain.from_iterable(map(entries, iterables)))


def from_iterable(cls: Any, *iterables: Any, **options: Any) -> Any:
    """``itertools.chain.from_iterable``, and the method of that name of other classes."""
    if cls is not itertools.chain or len(iterables) != 1:
        return resolve(cls.from_iterable)(*iterables, **options)
    return own(itertools.chain.from_iterable(map(entries, entries(iterables[0]))))


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    builtins.__name__: {
        **{f.__name__: _over_first(f) for f in (list, tuple, set, frozenset, enumerate)},
        "zip": _over(zip),
        "dict": _mapping(dict),
        "next": next_,
        "reversed": reversed_,
        "any": any_,
        "all": all_,
        "bool": bool_,
    },
    "itertools": {
        "chain": chain,
        **{name: _over(getattr(itertools, name)) for name in ("zip_longest", "product", "compress")},
        **{
            name: _over_first(getattr(itertools, name))
            for name in (
                *("islice", "pairwise", "combinations", "combinations_with_replacement", "permutations"),
                *("cycle", "tee", "batched"),
            )
            if hasattr(itertools, name)
        },
        **{cls.__name__: _made(cls) for cls in (itertools.count, itertools.repeat)},
    },
    "collections": {"deque": _over_first(deque), "OrderedDict": _mapping(OrderedDict), "Counter": _mapping(Counter)},
}
#: class methods are other objects whenever they are looked up
METHODS: dict[type, dict[str, Callable[..., Any]]] = {
    type: {"from_iterable": from_iterable},
    GeneratorType: {name: _stepping(name) for name in ("send", "throw", "__next__")},
    **{cls: {"__next__": next_} for cls in COPIED},
}
