"""States that objects of Python's and NumPy's keep where no attribute shows them, each as a slot that can be read and set.

    [(slot, slot.__get__(E, type(E))) …]         the arguments and the traceback of an exception, where a generator of random numbers is, what the process is set to

An exception that outlives a call, or a generator that compiled code draws from, is changed by code that no run sees.
"""

from __future__ import annotations

import functools
import os
import pickle
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np

_OF_EXCEPTIONS = ("args", "__context__", "__cause__", "__suppress_context__", "__traceback__")


def content(place: Any) -> list[tuple[Any, Any]]:
    """The slots that an object has beside its attributes, and what they hold."""
    return [(slot, slot.__get__(place)) for slot in _slots_of(type(place))]


def is_kept(kind: type) -> bool:
    """Whether objects of a class have such a state."""
    return bool(_slots_of(kind))


def _slots_of(kind: type) -> tuple[Any, ...]:
    for base, slots in _SLOTS:
        if issubclass(kind, base):
            return slots
    if hasattr(kind, "__next__") and kind not in _ITERATORS:  # ``itertools.cycle`` tells by the iterator that it has
        return ()
    told = type(getattr(kind, "__setstate__", None)) is type(_OF_COMPILED)
    is_pythons = str(kind.__module__).partition(".")[0] in sys.stdlib_module_names
    return (_OfPickles(),) if told and is_pythons and kind not in _FIXED else ()


#: methods of compiled classes
_OF_COMPILED = object.__reduce__
_ITERABLE: tuple[Any, ...] = ([], (), "", b"", bytearray(), range(0))
_ITERATORS = frozenset(map(type, map(iter, _ITERABLE)))
#: what these tell for pickles does not change, or is what others hold
_FIXED = frozenset({functools.partial})


class _OfException:
    """An attribute of exceptions that is in no dictionary."""

    def __init__(self, name: str) -> None:
        self.slot = vars(BaseException)[name]

    def __get__(self, place: Any, owner: Any = None) -> Any:
        return self.slot.__get__(place)

    def __set__(self, place: Any, value: Any) -> None:
        if self.slot.__get__(place) is not value:
            self.slot.__set__(place, value)


class _State:
    """Where a generator of random numbers is, as bytes, which tell whether two are the same."""

    def __get__(self, place: Any, owner: Any = None) -> Any:
        return pickle.dumps(self.read(place))

    def __set__(self, place: Any, value: Any) -> None:
        if self.__get__(place) != value:
            self.write(place, pickle.loads(value))  # noqa: S301  ours

    def read(self, place: Any) -> Any:
        return place.state

    def write(self, place: Any, state: Any) -> None:
        place.state = state


class _OfRandomState(_State):
    def read(self, place: Any) -> Any:
        return np.random.RandomState.get_state(place)

    def write(self, place: Any, state: Any) -> None:
        np.random.RandomState.set_state(place, state)


class _OfRandom(_State):
    def read(self, place: Any) -> Any:
        return random.Random.getstate(place)

    def write(self, place: Any, state: Any) -> None:
        random.Random.setstate(place, state)


class _OfPickles:
    """What a compiled class of Python's tells of an object for pickles, and takes back: where an iterator is, the children of an element, the text of a file in memory."""

    def __get__(self, place: Any, owner: Any = None) -> Any:
        told = place.__reduce_ex__(4)
        return Told(told[2] if len(told) > 2 else None)

    def __set__(self, place: Any, value: Any) -> None:
        if value.value is not None and self.__get__(place) != value:
            place.__setstate__(value.value)


class _OfSeeds(_OfPickles):
    """How many children a sequence of seeds has given."""

    def __get__(self, place: Any, owner: Any = None) -> Any:
        return Told([v.tobytes() if type(v) is np.ndarray else v for v in place.__reduce__()[2]], place.__reduce__()[2])


class Process:
    """Stands for the process: what is set in it for all code."""


PROCESS = Process()


#: from which ``np.random.rand()`` and ``random.random()`` draw
GENERATORS = (np.random.get_state.__self__, random.seed.__self__)  # type: ignore[attr-defined]  # bound methods


class _OfProcess:
    """Something that is set in the process, and how it is asked and set."""

    def __init__(self, ask: Any, put: Any) -> None:
        self.ask, self.put = ask, put

    def __get__(self, place: Any, owner: Any = None) -> Any:
        return Told(self.ask())

    def __set__(self, place: Any, value: Any) -> None:
        if self.ask() != value.value:
            self.put(value.value)


class Told:
    """A value that is told from others by what equals it: itself, if nothing else is given."""

    def __init__(self, told: Any, value: Any = None) -> None:
        self.told, self.value = told, told if value is None else value

    def __eq__(self, other: object) -> bool:
        return type(other) is Told and bool(self.told == other.told)

    __hash__ = None  # type: ignore[assignment]


def _decimals() -> dict[str, Any]:
    """What decimal numbers are computed with, where somebody does."""
    decimal = sys.modules.get("decimal")
    if decimal is None:
        return {}
    context = decimal.getcontext()
    names = ("prec", "rounding", "Emin", "Emax", "capitals", "clamp")
    return {name: getattr(context, name) for name in names} | {
        name: dict(getattr(context, name)) for name in ("flags", "traps")
    }


def _put_decimals(held: dict[str, Any]) -> None:
    for name, value in held.items():
        setattr(sys.modules["decimal"].getcontext(), name, value)


def _place() -> str | None:
    try:
        return str(Path.cwd())
    except OSError:  # it is gone
        return None


_SLOTS: tuple[tuple[type, tuple[Any, ...]], ...] = (
    (BaseException, tuple(_OfException(name) for name in _OF_EXCEPTIONS)),
    (np.random.BitGenerator, (_State(),)),
    (np.random.RandomState, (_OfRandomState(),)),
    (np.random.SeedSequence, (_OfSeeds(),)),
    (random.Random, (_OfRandom(),)),
    (
        Process,
        (
            _OfProcess(np.geterr, lambda value: np.seterr(**value)),
            _OfProcess(np.geterrcall, np.seterrcall),
            _OfProcess(np.get_printoptions, lambda value: np.set_printoptions(**value)),
            _OfProcess(sys.getrecursionlimit, sys.setrecursionlimit),
            _OfProcess(_place, os.chdir),
            _OfProcess(_decimals, _put_decimals),
        ),
    ),
)
