"""Functions that write to arrays which they hold in several places: what a run that failed for it teaches the next.

    attempt() → fails for a write to self.params[0], which is self.W too; all that it stored is as it was before
    attempt() → in all places there is one buffer (``tracing/instrument/sharing.py``)
    attempt() → all arrays that the function itself makes are buffers (``tracing/instrument/made_arrays.py``)

Later calls begin with the arrays that were learned, as long as these are alive, and with the buffers where these helped.
"""

from __future__ import annotations

import traceback
import weakref
from collections import deque
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from gradwise.errors import TracingError
from gradwise.locks import lock
from gradwise.operators.arguments import code_of
from gradwise.tracing.instrument.journal import undone
from gradwise.tracing.instrument.muting import put_generator
from gradwise.tracing.instrument.not_undone import after_failures
from gradwise.tracing.instrument.references import Ours
from gradwise.tracing.instrument.sharing import Shared
from gradwise.tracing.instrument.state import local
from gradwise.tracing.views import memory_of

if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Iterator

    from gradwise.operators.arguments import Arguments
    from gradwise.tracing.instrument.journal import Journal

Result = TypeVar("Result")

#: by the identity of a function's code, that, the arrays to which it writes, and the functions and objects of which that was learned
_known: dict[int, tuple[weakref.ref[types.CodeType], list[weakref.ref[np.ndarray]], dict[int, weakref.ref[Any]]]] = {}
#: the code of functions of which runs came to their end, how many, and whether they wrote to a little that outlives a call
_run: dict[int, tuple[weakref.ref[types.CodeType], int, bool]] = {}
#: the code of functions that failed for a write to arrays that they make, and whether it helped to make these buffers
_buffers: dict[int, tuple[weakref.ref[types.CodeType], bool]] = {}
#: the code of functions that wrote to arrays which they were given, and the places of these arguments
_given: dict[int, tuple[weakref.ref[types.CodeType], set[int | str]]] = {}
_lock = lock()
#: functions, and arrays of one
_MOST, _ARRAYS = 4096, 256
#: entries of a container or an array that each run may note
_LITTLE = 1000
#: the first run of a function makes its work arrays (one for each size, two that take turns), and the next ones meet them
_EARLY = 4


def with_shared_arrays(function: Any, arguments: Arguments, attempt: Callable[[], Result]) -> Result:
    """``attempt()``, again with buffers in the place of shared arrays where it failed for a write to some."""
    if local.watch is not None:
        return attempt()
    code = code_of(function)
    around = local.shared, local.buffers
    arrays = [*_arrays_of(code), *_arrays_given(code, arguments)]
    new, done = False, local.done
    local.buffers, first = _makes_buffers(code) is True, None
    try:
        while True:
            if arrays:
                args, kwargs = arguments.given()
                local.shared = Shared(arrays, [function, *args, *kwargs.values()], new=new)
            else:
                local.shared = None
            try:
                with after_failures(done) if done else nullcontext():
                    result = attempt()
            except TracingError as error:
                done = error.__dict__.get("done", ())
                wrote, undone_ = bool(error.__dict__.get("written")), bool(error.__dict__.get("undone"))
                more = _learned(function, arrays, error)
                if more is None and (new or not arrays or not undone_):
                    if local.buffers or not (wrote and undone_) or _makes_buffers(code) is False:
                        if first is not None:
                            _note_buffers(code, helped=False)
                            raise first from None
                        raise
                    local.buffers, first = True, error
                arrays, new = arrays if more is None else more, True  # what refers to one may be rubbish by now
                _note_given(code, arguments, arrays)
            else:
                if first is not None:
                    _note_buffers(code, helped=True)
                return result
    finally:
        local.shared, local.buffers = around


@contextmanager
def holding(function: Any, arguments: Arguments) -> Iterator[None]:
    """Within it, runs of the function on these arguments, which are copies, have buffers in the place of the arrays to which it was seen to write."""
    code, before = code_of(function), local.shared
    arrays = _arrays_given(code, arguments)
    if arrays:
        args, kwargs = arguments.given()
        local.shared = Shared([*_arrays_of(code), *arrays], [function, *args, *kwargs.values()])
    try:
        yield
    finally:
        local.shared = before


def learning(function: Any, run: Callable[[], Result]) -> Callable[[], Result]:
    """The run, which leaves nothing behind where it fails, if it may: of an object with arrays of its own, one of the first of a function, or of one that writes to a little that outlives the call."""
    code = code_of(function)
    known, (done, count, writes) = _known.get(id(code)), _run.get(id(code), (None, 0, False))
    if done is None or done() is not code:
        count, writes = 0, False
    if known is not None and known[0]() is code:
        owner = known[2].get(id(_owner(function)))
        if owner is not None and owner() is _owner(function) and not writes:  # another one may have come to its place
            return run
    elif code is None or (count >= _EARLY and not writes):
        return run

    def noted() -> Result:
        with undone(TracingError, put_generator) as journal:
            result = run()
            wrote = _writes_little(journal, before=writes)
        if code is not None:
            with _lock:
                if len(_run) > _MOST:
                    _run.clear()
                _run[id(code)] = weakref.ref(code), count + 1, wrote
        return result

    return noted


def _writes_little(journal: Journal | None, *, before: bool) -> bool:
    """Whether a run wrote to what outlives it, and to so little that each run may note it: not to a long history; ``before`` where a program stood for the run."""
    places = [] if journal is None else journal.places()
    if not places:
        return before
    sizes = [
        p.size if isinstance(p, np.ndarray) else len(p) if type(p) in (list, dict, set, deque) else 1 for p in places
    ]
    return max(sizes) <= _LITTLE


def _owner(function: Any) -> Any:
    """The object to which a function belongs, or the function."""
    return getattr(function, "__self__", function)


def _arrays_of(code: Any) -> list[weakref.ref[np.ndarray]]:
    known = _known.get(id(code))
    return [] if known is None or known[0]() is not code else [a for a in known[1] if a() is not None]


def _places(arguments: Arguments) -> dict[int | str, Any]:
    """The arguments that are not differentiated, by position or name."""
    args, kwargs = arguments.given()
    given: dict[int | str, Any] = dict(enumerate(args)) | kwargs
    return {place: a for place, a in given.items() if place not in arguments.places}


def _arrays_in(value: Any) -> list[np.ndarray]:
    """The memory of an array, or of those in a tuple."""
    if isinstance(value, np.ndarray):
        return [memory_of(value)]
    return [memory_of(one) for one in value if isinstance(one, np.ndarray)] if isinstance(value, tuple) else []


def _arrays_given(code: Any, arguments: Arguments) -> list[weakref.ref[np.ndarray]]:
    """The arrays at the places of arguments to which the function wrote before."""
    known = _given.get(id(code))
    if known is None or known[0]() is not code:
        return []
    given = _places(arguments)
    return [Ours(a) for place in known[1] if place in given for a in _arrays_in(given[place])]


def _note_given(code: Any, arguments: Arguments, arrays: list[weakref.ref[np.ndarray]]) -> None:
    """Note at which places of arguments such arrays were."""
    written = {id(a()) for a in arrays}
    places = {place for place, a in _places(arguments).items() if any(id(one) in written for one in _arrays_in(a))}
    if places and code is not None:
        with _lock:
            if len(_given) > _MOST:
                _given.clear()
            before = _given.get(id(code))
            _given[id(code)] = weakref.ref(code), places | (before[1] if before and before[0]() is code else set())


def _makes_buffers(code: Any) -> bool | None:
    """Whether runs of a function came to their end where all arrays that it makes were buffers, and only there; None where that was not tried."""
    known = _buffers.get(id(code))
    return None if known is None or known[0]() is not code else known[1]


def _note_buffers(code: Any, *, helped: bool) -> None:
    if code is not None:
        with _lock:
            if len(_buffers) > _MOST:
                _buffers.clear()
            _buffers[id(code)] = weakref.ref(code), helped


def _learned(function: Any, arrays: list[Any], error: TracingError) -> list[Any] | None:
    """The arrays and those to which a run wrote that failed, if there are more; what it stored must be as it was."""
    written, code = error.__dict__.pop("written", []), code_of(function)
    if code is None or not error.__dict__.get("undone"):
        return None
    _forget_frames(error)
    known = {id(array()) for array in arrays}
    more = [*arrays, *[a for a in written if a() is not None and id(a()) not in known]]
    if len(more) == len(arrays) or len(more) > _ARRAYS:
        return None
    with _lock:
        if len(_known) > _MOST:
            _known.clear()
        before = _known.get(id(code))
        owners = {} if before is None or before[0]() is not code or len(before[2]) > _ARRAYS else dict(before[2])
        with suppress(TypeError):  # of an object that cannot be referred to weakly it is learned at each call
            owners[id(_owner(function))] = weakref.ref(_owner(function))
        _known[id(code)] = weakref.ref(code), more, owners
    return more


def _forget_frames(error: BaseException | None) -> None:
    """Names of functions that have ended refer to nothing: who refers to an array is asked."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__
