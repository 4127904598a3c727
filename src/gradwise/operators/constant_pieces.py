"""Pieces on which a function was found to be constant: what its decisions lead to is a number, and that was doubted once.

    piece : the decisions, with all numbers that they compare with, and the number they lead to

A plain number that follows from decisions on traced values may be that of an earlier run, so that its zero derivative is believed only after the function was called around the point
(``verification.py``).  Where the same decisions, by the same numbers, lead to the same number again, nothing is new: near the point, the function takes the same way.  That holds inside of a piece.
Where a decision is made at equality, a value is asked for by its text or its hash, or a number counts as it is, each point is doubted by itself.
"""

from __future__ import annotations

import types
import weakref
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.locks import lock
from gradwise.operators.borders import kinks_of

if TYPE_CHECKING:
    from gradwise.operators.linearization import Linearization

#: decisions that hold around a point that is on no border
_KINDS = frozenset(["bool", "mask", "int", "index"])
#: bytes of the numbers of one piece, and pieces of one function
_BYTES, _PIECES = 1 << 20, 256

_pieces: dict[int, tuple[weakref.ref[types.CodeType], set[Hashable]]] = {}
_lock = lock()


def forget_pieces() -> None:
    """Doubt again what was doubted."""
    with _lock:
        _pieces.clear()


def piece_of(linearization: Linearization) -> Hashable:
    """What tells the piece on which a function is constant from others; None where the point may be on a border, or its numbers are many."""
    tape, recording = linearization.recording.tape, linearization.recording
    if tape.looked_up or tape.recalled or any(kind not in _KINDS for _, kind, _, _ in tape.guards):
        return None
    content = [_content(v) for v in [*(tape.values[i] for i in tape.captured), *recording.values]]
    content += [_decision(kind, expected) for _, kind, expected, _ in tape.guards]
    if None in content or sum(len(c[2]) for c in content if c is not None) > _BYTES or kinks_of(recording):
        return None
    guards = tuple([(index, kind) for index, kind, _, _ in tape.guards])
    return linearization.fingerprint, guards, tuple(content)


def _content(value: Any) -> tuple[Any, ...] | None:
    """Type, shape and bytes of numbers; None for anything else."""
    array = np.asarray(value)
    return None if array.dtype.kind not in "biufc" else (array.dtype.str, array.shape, array.tobytes())


def _decision(kind: str, expected: Any) -> tuple[Any, ...] | None:
    """What was decided; of a number that was made an integer, in whichever way, the integers below, above, and nearest, and None on a border between two."""
    array = np.asarray(expected)
    if kind != "int" or array.dtype.kind != "f":
        return _content(array)
    twice = 2 * array
    if not np.all(np.isfinite(array)) or np.any(np.floor(twice) == twice):
        return None
    return _content(np.stack([np.floor(array), np.rint(array)]))


def is_known(code: types.CodeType | None, piece: Hashable) -> bool:
    """Whether a function of this code was doubted on a piece."""
    known = _pieces.get(id(code))
    return piece is not None and known is not None and known[0]() is code and piece in known[1]


def believe(code: types.CodeType | None, piece: Hashable) -> None:
    """Note that the zero on a piece was doubted for nothing."""
    if code is None or piece is None:
        return
    with _lock:
        if len(_pieces) > 8192:
            _pieces.clear()
        known = _pieces.get(id(code))
        if known is None or known[0]() is not code or len(known[1]) >= _PIECES:
            known = _pieces[id(code)] = weakref.ref(code), set()
        known[1].add(piece)
