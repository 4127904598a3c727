"""Equations that fill work arrays of the functions around them, while they are differentiated by themselves: each such run gets arrays of its own in their place.

    own(f) : f, with the work arrays that a run of it was seen to fill exchanged for the time of a call

A root is differentiated by its equation, which is run once more under a trace of its own (``implicit.py``).  A work array that the equation fills (``work[0] = …``, ``out=self.r``) belongs to the run around it, and cannot hold
values of the run inside.  So the places where the array is found (cells, globals, attributes, entries) hold another one during the call, with the same contents; what that run, which the user never made, leaves there is gone afterwards.  Then the equation is called once at the solution: its arrays move with it.
"""

from __future__ import annotations

import functools
import types
import weakref
from typing import TYPE_CHECKING, Any

from gradwise.errors import TracingError
from gradwise.operators.whereabouts import places_of
from gradwise.tracing.aliasing import refused_write
from gradwise.tracing.instrument.hooks import watched
from gradwise.tracing.instrument.objects import set_raw
from gradwise.tracing.instrument.references import count
from gradwise.tracing.instrument.state import local
from gradwise.tracing.layout import copy_in_layout
from gradwise.tracing.purity.objects import entries_of
from gradwise.tracing.roots import install_owned
from gradwise.tracing.traced import TracedArray

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradwise.tracing.trace import Trace

#: work arrays of one equation
_MOST = 16


class _Exchange:
    """An array, and what stands in its place meanwhile."""

    __slots__ = ("__weakref__", "new", "old", "places")

    def __init__(self, old: TracedArray, new: TracedArray | None = None) -> None:
        self.old = old
        self.new = new
        self.places: list[Any] = []
        _exchanges[id(self)] = self

    def put(self, function: Any) -> None:
        """Put the new array wherever the function finds the old one."""
        references = _references(self, "old")
        self.places = places_of(self.old, references, [function], _Exchange) or []
        if not self.places:
            raise refused_write(self.old)
        for place in self.places:
            _put(place, self.old, self.new)

    def put_back(self, function: Any, returned: dict[int, Any], named: int) -> None:
        """Put the old array wherever the new one is by now, but in containers that the function returned; ``named``: references from names of the caller."""
        roots = [*self.places, function, *returned.values()]
        references = _references(self, "new") - named
        places = places_of(self.new, references, roots, _Exchange, all_of_them=False)
        for place in places or ():
            if id(place) not in returned:
                _put(place, self.new, self.old)


#: those that are alive, by their identity
_exchanges: weakref.WeakValueDictionary[int, _Exchange] = weakref.WeakValueDictionary()


#: what ``count`` says of an array of an exchange to which nothing else refers, beside the reference of the exchange
_NAMED = 0


def _references(exchange: _Exchange, name: str) -> int:
    """References to an array of an exchange from elsewhere."""
    array = getattr(exchange, name)
    found = count(array) - _NAMED
    for reference in _exchanges.valuerefs():  # a list of its own: other threads may add to them
        known = reference()
        if known is not None:
            found -= (known.old is array) + (known.new is array)
    return found


def _exchange(trace: Trace, old: TracedArray) -> _Exchange:
    """An array of a run with the contents of another."""
    index, value = trace.capture(old)
    return _Exchange(old, TracedArray(trace, index, copy_in_layout(value)))


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
                done.append(_exchange(watch.trace, borrowed.old))
                done[-1].put(self._function)
            result = function(*args)
        finally:
            returned = _containers(result)
            for exchange in reversed(done):
                exchange.put_back(self._function, returned, result is exchange.new)
        return result

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


def _containers(value: Any) -> dict[int, Any]:
    """The lists and dictionaries in a value, by identity, and the tuples."""
    found: dict[int, Any] = {}
    pending = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, (list, tuple, dict)) and id(one) not in found:
            found[id(one)] = one
            pending.extend(one.values() if isinstance(one, dict) else one)
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


_NAMED = _references(_Exchange(object()), "old")  # type: ignore[arg-type]
install_owned(own)
