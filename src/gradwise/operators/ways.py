"""The ways that runs of a function took: a derivative by a way that no run took before is verified like the first one.

    way : which lines computed, and what was decided where, each counted up to order + 2

A function that was verified at one point may lose its derivative at another one: in a branch that is taken there for the first time (bisection for x > 2), or because a loop comes to its end after one step that takes six
elsewhere (Newton's method from a number that is nearly the root: the first derivative is right after one step, the second after two).  So the number of steps belongs to the way as long as it is small.
"""

from __future__ import annotations

import types
import weakref
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.locks import lock

if TYPE_CHECKING:
    from collections.abc import Hashable

    from gradwise.operators.linearization import Linearization

#: by code object, the programs that were looked at and the ways that they took, each with the order of the derivative
_taken: dict[int, tuple[weakref.ref[types.CodeType], set[int], set[Hashable]]] = {}
#: what is remembered of one function
_MOST = 2048
#: how often it was tried to verify a way at points where nothing could be said, and how often it is
_uncertain: dict[Hashable, int] = {}
_TRIES = 8
_lock = lock()


def forget_ways() -> None:
    """Look again at every way."""
    with _lock:
        _taken.clear()
        _uncertain.clear()


def new_way(code: types.CodeType, linearization: Linearization, order: int, *, always: bool = False) -> Hashable:
    """The way of a run that decided something (or of any), if no run of the function went it when a derivative of this order was verified; else None."""
    tape = linearization.recording.tape
    if not (always or tape.guards or tape.texts or tape.looked_up):
        return None
    programs, ways = _of(code)
    program = hash((linearization.fingerprint, order))
    if program in programs:
        return None
    way = order, _way(tape, order + 2)
    if way not in ways:
        return program, way
    _remember(programs, program)
    return None


def believe_way(code: types.CodeType, way: Hashable, *, certain: bool = True) -> None:
    """Note that the derivative by a way was verified, or cannot be; where nothing could be said at this point, after some more points."""
    if way is not None:
        if not certain:
            tries = _uncertain[id(code), way] = _uncertain.get((id(code), way), 0) + 1
            if tries < _TRIES:
                return
        for remembered, entry in zip(_of(code), way, strict=True):  # type: ignore[call-overload]
            _remember(remembered, entry)


def _of(code: types.CodeType) -> tuple[set[int], set[Hashable]]:
    known = _taken.get(id(code))
    if known is None or known[0]() is not code:
        with _lock:
            if len(_taken) > 8192:
                _taken.clear()
                _uncertain.clear()
            known = _taken[id(code)] = weakref.ref(code), set(), set()
    return known[1:]


def _remember(entries: set[Any], entry: Any) -> None:
    with _lock:
        if len(entries) >= _MOST:
            entries.clear()
        entries.add(entry)


def _way(tape: Any, most: int) -> Hashable:
    flat = list(tape.places)
    lines: Counter[Any] = Counter(zip(map(id, flat[::2]), flat[1::2], strict=True))
    for _, kind, expected, place in tape.guards:
        code, offset = place if place is not None else (None, 0)
        answer = bool(np.any(expected)) if kind in ("bool", "mask") else None
        lines[id(code), offset, kind, answer] += 1
    return frozenset([(line, min(count, most)) for line, count in lines.items()])
