"""Equations that fill work arrays of the functions around them, while they are differentiated by themselves: each such run gets arrays of its own in their place.

    own(f) : f, with the work arrays that a run of it was seen to fill exchanged for the time of a call

A root is differentiated by its equation, which is run once more under a trace of its own (``implicit.py``).  A work array that the equation fills (``work[0] = …``, ``out=self.r``) belongs to the run around it, and cannot hold
values of the run inside.  So the places where the array is found (cells, globals, attributes, entries) hold another one during the call, with the same contents; what that run, which the user never made, leaves there is gone afterwards.  Then the equation is called once at the solution: its arrays move with it.
"""

from __future__ import annotations

import functools
import gc
import types
from typing import TYPE_CHECKING, Any

from gradwise.errors import TracingError
from gradwise.tracing.aliasing import refused_write
from gradwise.tracing.instrument.hooks import watched
from gradwise.tracing.instrument.objects import set_raw
from gradwise.tracing.instrument.state import local
from gradwise.tracing.layout import copy_in_layout
from gradwise.tracing.purity.objects import entries_of, is_users_class
from gradwise.tracing.roots import install_owned
from gradwise.tracing.traced import TracedArray

if TYPE_CHECKING:
    from collections.abc import Callable

#: work arrays of one equation
_MOST = 16


class _Exchange:
    """An array, and what stands in its place meanwhile."""

    __slots__ = ("new", "old")

    def __init__(self, old: TracedArray, new: TracedArray | None = None) -> None:
        self.old = old
        self.new = new


class Own:
    """A function that is called with arrays of its own in the place of some that belong to the run around it."""

    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function, updated=())
        self._function = function
        self._borrowed: list[_Exchange] = []

    def __call__(self, *args: Any) -> Any:
        try:
            return self._called(args)
        except TracingError as error:
            if "array" in error.__dict__:
                error.__dict__.setdefault("owner", self)
            raise

    def _called(self, args: tuple[Any, ...]) -> Any:
        function = watched(self._function)
        if not self._borrowed:
            return function(*args)
        watch = local.watch
        assert watch is not None
        done: list[_Exchange] = []
        result: Any = None
        try:
            for borrowed in self._borrowed:
                index, value = watch.trace.capture(borrowed.old)
                inner = TracedArray(watch.trace, index, copy_in_layout(value))
                places = _places(borrowed.old)
                if not places:
                    raise refused_write(borrowed.old)
                done.append(_Exchange(borrowed.old, inner))
                for place in places:
                    _put(place, borrowed.old, inner)
            result = function(*args)
            return result
        finally:
            returned = _containers(result)
            for exchange in reversed(done):  # wherever it is by now
                for place in _places(exchange.new, all_of_them=False) or ():
                    if id(place) not in returned:
                        _put(place, exchange.new, exchange.old)

    def leave(self, *args: Any) -> None:
        """Leave in the arrays of the run around it what a call at the solution leaves there, where the solver's last call left it for another point."""
        if self._borrowed:
            watched(self._function)(*args)

    def borrow(self, error: TracingError) -> bool:
        """Whether a call that failed for a write to an array of the run around it may be tried again, with another array in its place."""
        if error.__dict__.get("owner") is not self:
            return False
        array = error.__dict__.pop("array")
        if type(array) is not TracedArray or len(self._borrowed) == _MOST or not array.tape.open:
            return False
        if any(array is known.old for known in self._borrowed):
            return False
        array.tape.error = None
        self._borrowed.append(_Exchange(array))
        return True


def own(function: Any) -> Own:
    """The function with arrays of its own."""
    return function if type(function) is Own else Own(function)


def trying(function: Own, run: Callable[[], Any]) -> Any:
    """``run()``, again whenever it fails for a write of the function to an array of the run around it."""
    while True:
        try:
            return run()
        except TracingError as error:
            if not function.borrow(error):
                raise


def _containers(value: Any) -> set[int]:
    """The identities of the lists and dictionaries in a value."""
    found: set[int] = set()
    pending = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, (list, dict)):
            if id(one) in found:
                continue
            found.add(id(one))
        if isinstance(one, (list, tuple, dict)):
            pending.extend(one.values() if isinstance(one, dict) else one)
    return found


def _places(array: Any, *, all_of_them: bool = True) -> list[Any] | None:
    """What refers to an array, where another can be put in its place; None if something else refers to it too (a view, a tuple), or without that."""
    found: list[Any] = []
    for referrer in gc.get_referrers(array):
        kind = type(referrer)
        if kind is types.FrameType or kind is _Exchange:
            continue
        if kind is tuple and local.journal is not None and local.journal.holds(referrer):
            continue
        if kind not in (dict, list, types.CellType) and not (
            is_users_class(kind) and any(v is array for v in entries_of(referrer).values())
        ):
            if all_of_them:
                return None
            continue
        found.append(referrer)
    return found


def _put(place: Any, old: Any, new: Any) -> None:
    """Another array in the place of one."""
    if type(place) is types.CellType:
        place.cell_contents = new
        return
    if type(place) is list or type(place) is dict:
        for key, value in list(place.items() if type(place) is dict else enumerate(place)):
            if value is old:
                place[key] = new
        return
    for name, value in list(entries_of(place).items()):
        if value is old:
            set_raw(place, name, new)


install_owned(own)
