"""What a solver's callback leaves behind: as often as SciPy called it, and no oftener.

    found = scipy.optimize.brentq(f, …)      left = Left(f)      …traced calls of f at the root…      left.restore()

    @as_often_as_called                      the same for a whole stand-in:
    def solve_bvp(…): …; left(fun, bc); …    what is left at this moment is put back when it ends

An algorithm runs on the user's function with plain values, and its derivative takes a few calls more.  Counters, lists, arrays of counters and the like that the function writes to are put back to what they held after SciPy's last call, so that
numbers which count calls are those of a plain call.  Where a traced number was stored meanwhile, the number of SciPy's last call is there, and raises where its derivative is asked for.  So do the numbers that SciPy's own calls stored (a list of
all values): they were computed at iterates, which move in a way that nobody knows.  Arrays that move with what is differentiated stay as they are: the call at the solution has filled them.
"""

from __future__ import annotations

import functools
import sys
import threading
import types
from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from gradwise.containers import own_entries
from gradwise.tracing.arithmetic import plain
from gradwise.tracing.conversions import is_constant
from gradwise.tracing.instrument.contents import is_users
from gradwise.tracing.instrument.state import local
from gradwise.tracing.standins.left_in_arrays import LeftArrays, is_array
from gradwise.tracing.standins.scipy_calling import without_rule
from gradwise.tracing.traced import TracedScalar, isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")


class _Running(threading.local):
    """The stand-ins that run in this thread, the innermost last, with what was there before and what was left in each."""

    def __init__(self) -> None:
        self.noted: list[tuple[Left, list[Left]]] = []


_running = _Running()


def as_often_as_called(standin: F) -> F:
    """Decorator of a stand-in that calls ``left`` where SciPy's own calls end."""

    @functools.wraps(standin)
    def call(*args: Any, **kwargs: Any) -> Any:
        noted: list[Left] = []
        _running.noted.append((Left(*args, *kwargs.values()), noted))
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
        before, noted = _running.noted[-1]
        noted.append(Left(*callbacks, before=before))


#: places that are looked at, entries of one, and how far from the callback
_MOST, _LONG, _DEPTH = 200, 1000, 6
_ATOMS = frozenset([int, float, complex, bool, str, bytes, types.NoneType, np.float64, np.int64, np.bool_])
_LIBRARIES = ("numpy", "scipy", "builtins")


class Left:
    """What can be reached from callbacks, as it is now.

    Parameters
    ----------
    *callbacks : callable or None
        With arguments that they are given beside.
    before : Left or None
        What could be reached before SciPy called them.
    """

    __slots__ = ("_arrays", "_bare", "_before", "_first", "_held", "_seen")

    def __init__(self, *callbacks: Any, before: Left | None = None) -> None:
        #: what was found in a place before: what is new there was stored at an iterate
        self._before = None if before is None else {_identity(place): held for place, held in before._held}
        #: how many values the runs had recorded by then, by the identity of their traces
        self._first: dict[int, int] = _lengths() if before is None else before._first
        self._arrays: LeftArrays = LeftArrays(None if before is None else before._arrays)
        #: objects with what they hold, of which the run had stored nothing
        self._bare: list[tuple[Any, dict[str, Any]]] = []
        self._seen: dict[int, Any] = {}
        #: places and what they held
        self._held: list[tuple[Any, Any]] = []
        pending = [(c, _DEPTH) for c in callbacks if c is not None]
        while pending and len(self._seen) < _MOST:
            value, depth = pending.pop()
            if is_array(value):
                self._arrays.note_itself(value)
                continue
            if type(value) in _ATOMS or id(value) in self._seen:
                continue
            self._seen[id(value)] = value
            inner = self._note(value)
            if depth:
                pending[:0] = [(v, depth - 1) for v in inner if isinstance(v, type)]  # classes last: they lead far
                pending += [(v, depth - 1) for v in inner if not isinstance(v, type)]

    def _note(self, value: Any) -> list[Any]:
        """Keep what a value holds; what is looked at next."""
        kind = type(value)
        if kind is types.FunctionType:
            cells = [c for c in value.__closure__ or () if _is_full(c)]
            for cell in cells:
                if is_array(cell.cell_contents):
                    self._arrays.note((id(cell), ""), functools.partial(_content, cell))
            cells = [c for c in cells if not is_array(c.cell_contents)]
            self._held += [(c, c.cell_contents) for c in cells]
            names = {n for code in _codes(value.__code__) for n in code.co_names if n in value.__globals__}
            named = {n: value.__globals__[n] for n in names}
            self._held.append((value.__globals__, {n: v for n, v in named.items() if type(v) in _ATOMS}))
            self._note_arrays(value.__globals__, named)
            attributes = {n for code in _codes(value.__code__) for n in code.co_names}
            for module in {
                id(v): v for v in named.values() if type(v) is types.ModuleType and _is_users_module(v)
            }.values():
                told = {n: v for n, v in vars(module).items() if n in attributes and type(v) in _ATOMS}
                self._held.append((vars(module), told))
            others = [v for v in named.values() if not isinstance(v, types.ModuleType) and not is_array(v)]
            own = [value.__dict__] if value.__dict__ else []
            return [*[c.cell_contents for c in cells], *others, *(value.__defaults__ or ()), *own]
        if kind is types.MethodType:
            return [value.__self__, value.__func__]
        if isinstance(value, type):
            return self._note_class(value) if is_users(value) else []
        if kind is functools.partial:
            return [value.func, *value.args, *value.keywords.values()]
        if kind is dict and len(value) <= _LONG:
            self._held.append((value, _without_arrays(value)))
            self._note_arrays(value, value)
            return list(_without_arrays(value).values())
        if kind in (list, deque, set) and len(value) <= _LONG and not any(map(is_array, value)):
            self._held.append((value, value.copy()))
            return list(value)
        if kind is list:  # of a long one, or of one of arrays, what is appended is taken off
            self._held.append((value, len(value)))
            return value if len(value) <= _MOST else []
        if kind is tuple and len(value) <= _LONG:
            return list(value)
        attributes = own_entries(value)
        if type(attributes) is not dict or isinstance(value, (types.ModuleType, type)) or _is_librarys(kind):
            return []
        self._held.append((attributes, _without_arrays(attributes)))
        stored = _stored(value)
        if stored:
            self._held.append((stored, _without_arrays(stored)))
        else:
            self._bare.append((value, attributes))
        found = attributes | stored
        for name in found:
            self._arrays.note((id(value), name), functools.partial(_attribute, value, attributes, name))
        return [*_without_arrays(found).values(), kind]

    def _note_class(self, cls: type) -> list[Any]:
        """Keep the numbers and texts that a class holds; what is looked at next."""
        entries = dict(vars(cls))
        self._held.append((_OfClass(cls), {k: v for k, v in entries.items() if type(v) in _ATOMS and k[:2] != "__"}))
        inner = [getattr(v, "__func__", v) for v in entries.values()]
        return [*[v for v in inner if not is_array(v) and type(v) in _INSIDE], *cls.__bases__]

    def _note_arrays(self, place: dict[Any, Any], entries: dict[Any, Any]) -> None:
        for key, value in entries.items():
            if is_array(value):
                self._arrays.note((id(place), key), functools.partial(place.get, key))

    def restore(self, *, ends: bool = True) -> None:
        """Everything holds what it held; where no further call ``ends`` the solver, its iterates' numbers stay traced for the calls that follow."""
        for place, held in reversed(self._held):
            kind = type(place)
            before = _MISSING
            if self._before is not None and ends:
                before = self._before.get(_identity(place), _NOTHING.get(kind, _MISSING))
            if kind is types.CellType:
                if _is_full(place) and not is_array(place.cell_contents):
                    now = place.cell_contents
                    left = self._moved(held, before) if now is held else _as_left(held, now)
                    if left is not now:
                        place.cell_contents = left
            elif isinstance(place, (dict, _OfClass)):
                _put_entries(place, held, before, self._moved)
            elif type(held) is int:
                del place[held:]
                first = before if type(before) is int else len(before) if type(before) is list else held
                place[first:] = [self._moved(v, None) for v in place[first:]]
            else:
                left = held if kind is set else self._moved_entries(held, before)
                if _is_other(place, left):
                    place.clear()
                    place.update(left) if kind is set else place.extend(left)
        for owner, attributes in self._bare:
            stored = _stored(owner)
            for name, now in list(stored.items()):
                if type(now) is TracedScalar:
                    stored[name] = _as_left(attributes.get(name), now)
        self._arrays.restore()

    def _moved_entries(self, held: Any, before: Any) -> list[Any]:
        """The entries of a list, of which those that were not there before were stored at iterates."""
        if before is _MISSING or not any(type(v) is TracedScalar for v in held):
            return list(held)
        known = {id(v) for v in before} if isinstance(before, (list, deque)) else ()
        return [v if id(v) in known else self._moved(v, None) for v in held]

    def _moved(self, value: Any, before: Any) -> Any:
        """A traced number that SciPy's calls computed and stored where something else was before: it moves with the iterate, too."""
        if before is _MISSING or value is before or not isinstance_traced(value) or is_constant(value):
            return value
        if value.index < self._first.get(id(value.tape), 0):
            return value
        number = plain(value)
        return without_rule(
            np.float64(number) if type(number) is float else number,
            value,
            "a number that a solver's callback keeps",
            "Compute it from what the solver found",
        )


#: what a class holds that leads further: its methods are called by names that no walk knows
_INSIDE = (list, dict, deque, set, tuple, types.FunctionType)


class _OfClass:
    """The attributes of a class, as those of a dictionary."""

    __slots__ = ("cls",)

    def __init__(self, cls: type) -> None:
        self.cls = cls

    def get(self, key: str, default: Any = None) -> Any:
        """What the class itself holds."""
        return vars(self.cls).get(key, default)

    def __setitem__(self, key: str, value: Any) -> None:
        type.__setattr__(self.cls, key, value)

    def __contains__(self, key: str) -> bool:
        return key in vars(self.cls)


def _identity(place: Any) -> int:
    return id(place.cls if type(place) is _OfClass else place)


def _is_users_module(module: types.ModuleType) -> bool:
    root = module.__name__.partition(".")[0]
    return root not in sys.stdlib_module_names and root not in (*_LIBRARIES, __name__.partition(".")[0])


def _lengths() -> dict[int, int]:
    found, run = {}, local.watch
    while run is not None:
        found[id(run.trace)] = len(run.trace.values)
        run = run.outer
    return found


def _stored(value: Any) -> dict[str, Any]:
    """The attributes of an object that the run has stored beside it."""
    found: dict[str, Any] = {}
    run = local.watch
    while run is not None and not found:
        found = run.overlay.get(id(value), (None, {}))[1]
        run = run.outer
    return found


def _attribute(owner: Any, attributes: dict[str, Any], name: str) -> Any:
    return _stored(owner).get(name, attributes.get(name))


def _content(cell: types.CellType) -> Any:
    return cell.cell_contents if _is_full(cell) else None


def _is_other(place: Any, held: Any) -> bool:
    return len(place) != len(held) or any(a is not b for a, b in zip(place, held, strict=True))


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
    return {k: v for k, v in entries.items() if not is_array(v)}


def _put_entries(place: Any, held: dict[Any, Any], before: Any, moved: Callable[[Any, Any], Any]) -> None:
    # of a module only names that the callback has, of a class what was there
    whole = type(place) is not _OfClass and "__builtins__" not in place and "__spec__" not in place
    for key, now in list(place.items()) if whole else [(k, place.get(k)) for k in held]:
        if is_array(now) or held.get(key, _MISSING) is now:
            left = now if before is _MISSING or is_array(now) else moved(now, before.get(key))
            if left is not now:
                place[key] = left
            continue
        if key in held:
            place[key] = _as_left(held[key], now)
        elif not isinstance_traced(now):
            del place[key]
    for key in [k for k in held if k not in place]:
        place[key] = held[key]


_MISSING = object()
#: what a place that could not be reached before held then
_NOTHING: dict[Any, Any] = {list: [], deque: [], dict: {}}


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
