"""What a solver's callback leaves behind: as often as SciPy called it, and no oftener.

    found = scipy.optimize.brentq(f, …)      left = Left(f)      …traced calls of f at the root…      left.restore()

    @as_often_as_called                      the same for a whole stand-in:
    def solve_bvp(…): …; left(fun, bc); …    what is left at this moment is put back when it ends

An algorithm runs on the user's function with plain values, and its derivative takes a few calls more.  Counters, lists and the like that the function writes to are put back to what they held after SciPy's last call, so that
numbers which count calls are those of a plain call.  Where a traced number was stored meanwhile, the number of SciPy's last call is there, and raises where its derivative is asked for; traced values in lists stay.  Arrays stay as they are, too.
"""

from __future__ import annotations

import functools
import threading
import types
from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.standins.scipy_calling import without_rule
from gradwise.tracing.traced import TracedScalar, isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")


class _Running(threading.local):
    """The stand-ins that run in this thread, the innermost last, with what was left in each."""

    def __init__(self) -> None:
        self.noted: list[list[Left]] = []


_running = _Running()


def as_often_as_called(standin: F) -> F:
    """Decorator of a stand-in that calls ``left`` where SciPy's own calls end."""

    @functools.wraps(standin)
    def call(*args: Any, **kwargs: Any) -> Any:
        noted: list[Left] = []
        _running.noted.append(noted)
        try:
            return standin(*args, **kwargs)
        finally:
            _running.noted.pop()
            for one in reversed(noted):
                one.restore()

    return cast("F", call)


def left(*callbacks: Any) -> None:
    """SciPy has called these, and what follows calls them for derivatives."""
    if _running.noted:
        _running.noted[-1].append(Left(*callbacks))


#: places that are looked at, entries of one, and how far from the callback
_MOST, _LONG, _DEPTH = 200, 1000, 4
_ATOMS = frozenset([int, float, complex, bool, str, bytes, types.NoneType, np.float64, np.int64, np.bool_])
_LIBRARIES = ("numpy", "scipy", "builtins")


class Left:
    """What can be reached from callbacks, as it is now.

    Parameters
    ----------
    *callbacks : callable or None
        With arguments that they are given beside.
    """

    __slots__ = ("_held", "_seen")

    def __init__(self, *callbacks: Any) -> None:
        self._seen: dict[int, Any] = {}
        #: places and what they held
        self._held: list[tuple[Any, Any]] = []
        pending = [(c, _DEPTH) for c in callbacks if c is not None]
        while pending and len(self._seen) < _MOST:
            value, depth = pending.pop()
            if type(value) in _ATOMS or _is_array(value) or id(value) in self._seen:
                continue
            self._seen[id(value)] = value
            inner = self._note(value)
            if depth:
                pending += [(v, depth - 1) for v in inner]

    def _note(self, value: Any) -> list[Any]:
        """Keep what a value holds; what is looked at next."""
        kind = type(value)
        if kind is types.FunctionType:
            cells = [c for c in value.__closure__ or () if _is_full(c) and not _is_array(c.cell_contents)]
            self._held += [(c, c.cell_contents) for c in cells]
            names = {n for code in _codes(value.__code__) for n in code.co_names if n in value.__globals__}
            named = {n: value.__globals__[n] for n in names}
            self._held.append((value.__globals__, {n: v for n, v in named.items() if type(v) in _ATOMS}))
            others = [v for v in named.values() if not isinstance(v, (types.ModuleType, type))]
            return [*[c.cell_contents for c in cells], *others, *(value.__defaults__ or ())]
        if kind is types.MethodType:
            return [value.__self__, value.__func__]
        if kind is functools.partial:
            return [value.func, *value.args, *value.keywords.values()]
        if kind is dict and len(value) <= _LONG:
            self._held.append((value, _without_arrays(value)))
            return list(value.values())
        if kind in (list, deque, set) and len(value) <= _LONG and not any(map(_is_array, value)):
            self._held.append((value, value.copy()))
            return list(value)
        if kind is list:  # of a long one what is appended is taken off
            self._held.append((value, len(value)))
            return []
        if kind is tuple and len(value) <= _LONG:
            return list(value)
        attributes = getattr(value, "__dict__", None)
        if type(attributes) is not dict or isinstance(value, (types.ModuleType, type)) or _is_librarys(kind):
            return []
        self._held.append((attributes, _without_arrays(attributes)))
        return list(attributes.values())

    def restore(self) -> None:
        """Everything holds what it held, but for traced values."""
        for place, held in reversed(self._held):
            kind = type(place)
            if kind is types.CellType:
                if _is_full(place) and place.cell_contents is not held and not _is_array(place.cell_contents):
                    place.cell_contents = _as_left(held, place.cell_contents)
            elif isinstance(place, dict):
                _put_entries(place, held)
            elif type(held) is int:
                if not any(map(isinstance_traced, place[held:])):
                    del place[held:]
            elif _is_other(place, held) and not any(map(isinstance_traced, place)):
                place.clear()
                place.update(held) if kind is set else place.extend(held)


def _is_other(place: Any, held: Any) -> bool:
    return len(place) != len(held) or any(a is not b for a, b in zip(place, held, strict=True))


def _is_array(value: Any) -> bool:
    """Whether it is an array: who lends work arrays to equations (``operators/borrowing.py``) asks what refers to them."""
    return type(value) is np.ndarray or (isinstance_traced(value) and type(value) is not TracedScalar)


def _as_left(held: Any, now: Any) -> Any:
    """What a place held after SciPy's last call.  Where a traced number was stored meanwhile, it moves in a way that is not known there: its derivative raises."""
    if type(now) is not TracedScalar:
        return held
    if type(plain(held)) not in _NUMBERS:
        return now
    return without_rule(
        np.float64(plain(held)), now, "a number that a solver's callback keeps", "Compute it from what the solver found"
    )


_NUMBERS = frozenset([int, float, np.float64])


def _without_arrays(entries: dict[Any, Any]) -> dict[Any, Any]:
    return {k: v for k, v in entries.items() if not _is_array(v)}


def _put_entries(place: dict[Any, Any], held: dict[Any, Any]) -> None:
    whole = "__builtins__" not in place  # of a module only names that the callback has
    for key, now in list(place.items()) if whole else [(k, place.get(k)) for k in held]:
        if _is_array(now) or held.get(key, _MISSING) is now:
            continue
        if key in held:
            place[key] = _as_left(held[key], now)
        elif not isinstance_traced(now):
            del place[key]
    for key in [k for k in held if k not in place]:
        place[key] = held[key]


_MISSING = object()


def _is_full(cell: types.CellType) -> bool:
    try:
        return cell.cell_contents is not _MISSING
    except ValueError:
        return False


def _codes(code: types.CodeType) -> list[types.CodeType]:
    inner = [c for c in code.co_consts if isinstance(c, types.CodeType)]
    return [code, *[c for one in inner for c in _codes(one)]]


def _is_librarys(cls: type) -> bool:
    return cls.__module__.partition(".")[0] in (*_LIBRARIES, __name__.partition(".")[0])
