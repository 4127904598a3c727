"""The calls at other points that a numerical derivative makes of a function that does something outside, or keeps something from call to call.

    f(x + t u)      from the state before the call, and what it prints, writes and stores is left undone

The derivative is that of the call which was asked for.  A counter that counts twenty points, a cache that is full of points at which nobody asked, or a memory that answers with what the first of these points left would make it that of
another function.  So such calls are silent runs (``tracing/instrument/muting.py``) of plain numbers, and the function is called as it is once, at the end.  Where it does something that no run leaves undone (it starts a process), that happens at each point,
and what it stores is put back all the same.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.containers import flatten
from gradwise.errors import InputError, TracingError
from gradwise.operators.restoring import shifted, silently
from gradwise.tracing import record
from gradwise.tracing.instrument.effects import repeats
from gradwise.tracing.instrument.hushing import hushed
from gradwise.tracing.instrument.journal import kept
from gradwise.tracing.instrument.muting import muted, put_generator, rewind
from gradwise.tracing.instrument.not_undone import called_plainly
from gradwise.tracing.instrument.state import Watch, local
from gradwise.tracing.instrument.survey import Survey
from gradwise.tracing.instrument.unwritten import Unmuted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradwise.operators.arguments import Arguments


class _Current(threading.local):
    calls: _Calls | None = None


_current = _Current()


class _Calls:
    """The calls that one derivative makes.

    Attributes
    ----------
    watch : Watch or None
        What a run at the point itself did, where that can be left undone; None where it did nothing, or nobody knows how.
    silent : bool
        Whether all of it can be; otherwise what it stored, and nothing else.
    arguments : Arguments or None
        Those of the call that is made at the end.
    plainly : bool
        Whether no run can be made of it: then what can be reached is put back after plain calls.
    writes : bool
        Whether the function writes into arguments that are not differentiated: each call then has copies of them.
    """

    __slots__ = ("_known", "_watched", "arguments", "plainly", "silent", "survey", "watch", "writes")

    def __init__(self, watched: bool) -> None:
        self._watched = watched
        self.watch: Watch | None = None
        self.silent = True
        self.arguments: Arguments | None = None
        self.writes = False
        self.survey: Survey | None = None
        self.plainly = False
        self._known = False

    def call(self, arguments: Arguments, leaves: Sequence[Any], *, has_aux: bool) -> Any:
        if not self._known:
            self._known = True
            if self._watched:
                self.survey = Survey(arguments.roots(), active=True)
                try:
                    with self._surveyed():
                        self.watch, self.silent = _undoable(arguments, has_aux=has_aux)
                except TracingError:
                    self.plainly = True
                if not (self.survey.found or self.plainly):
                    self.survey = None
            if self.watch is not None or self.plainly:
                self.arguments = arguments
            elif any(arguments.others()):
                return self._first(arguments, leaves)
        if self.plainly and self.survey is not None:
            before = self.survey.noted()
            try:
                with hushed():
                    return arguments.copied().call(leaves)
            finally:
                self.survey.restore(before)
        if self.watch is not None:
            with self._surveyed():
                return self._silent_call(arguments, leaves, has_aux=has_aux)
        return (arguments.copied() if self.writes else arguments).call(leaves)

    def _silent_call(self, arguments: Arguments, leaves: Sequence[Any], *, has_aux: bool) -> Any:
        if self.silent:
            try:
                with hushed(), muted(self.watch), kept():
                    rewind()
                    return silently(arguments, leaves, has_aux=has_aux)
            except Unmuted:  # at this point it does what it did not do at the other one
                pass
        with hushed(), kept():
            return silently(arguments, leaves, has_aux=has_aux)

    @contextlib.contextmanager
    def _surveyed(self) -> Iterator[None]:
        """Within it, what code that no run sees changes is put back."""
        around, local.survey = local.survey, self.survey
        try:
            yield
        finally:
            local.survey = around

    def _first(self, arguments: Arguments, leaves: Sequence[Any]) -> Any:
        """The first call, with copies of the other arguments, which show whether it writes into them."""
        spare = arguments.copied()
        value = spare.call(leaves)
        self.writes = not _alike(arguments.others(), spare.others())
        if self.writes:
            self.arguments = arguments
        return value


def _alike(one: Any, other: Any) -> bool:
    """Whether arguments hold what their copies hold."""
    try:
        (leaves, tree), (others, other_tree) = flatten(one), flatten(other)
    except InputError:  # an object that holds itself, of which there is no copy
        return True
    return tree == other_tree and all(
        type(a) is not np.ndarray or a.dtype.hasobject or (a.shape == b.shape and a.tobytes() == b.tobytes())
        for a, b in zip(leaves, others, strict=True)
    )


def _undoable(arguments: Arguments, *, has_aux: bool) -> tuple[Watch | None, bool]:
    """What a run at the point did, if it or one at a point beside does something that can be left undone, and whether that is all that they do."""
    try:
        return _left(arguments, has_aux=has_aux, silent=True), True
    except Unmuted:
        return _left(arguments, has_aux=has_aux, silent=False), False


def _left(arguments: Arguments, *, has_aux: bool, silent: bool) -> Watch | None:
    """What runs do that can be left undone; without ``silent``, what they store (where a memory answers at the point, only the one beside does).

    Raises
    ------
    Unmuted
        If silent runs do not leave all of it undone.
    """
    found: Watch | None = None
    leaves = False
    for point in (arguments.leaves, [shifted(leaf, _SHIFT) for leaf in arguments.leaves]):
        plain = (False,) * len(point)
        try:
            with hushed(), muted(None) if silent else contextlib.nullcontext(), kept():
                recording = record(_tried, point, plain, arguments.copied().call, has_aux=has_aux, notes=True)
        except Unmuted:
            raise
        except TracingError:
            if found is None:
                raise
            break
        except Exception:  # noqa: BLE001  the function's own mistake, which a plain call shows
            if found is None:
                return None
            break
        watch = recording.tape.ran
        if watch is None:
            return None
        for generator, state in watch.generators.values():
            put_generator(generator, state)
        leaves = (
            leaves
            or recording.tape.stores is not None
            or bool(watch.asks)
            or (silent and repeats(watch, undoing=True) is not None)
        )
        why = repeats(watch, muting=True) if silent else None
        if why is not None:
            raise Unmuted(why)
        found = found or watch
    return found if leaves else None


#: how far the point beside is, relative to each entry's size
_SHIFT = 1e-3


def _tried() -> None:
    """The name of a run that only tries."""


@contextlib.contextmanager
def calls_unseen(*, watched: bool = True) -> Iterator[None]:
    """Within it, ``call_at`` leaves nothing behind; at its end the function is called once, where something was left undone.

    Without ``watched`` the function is never run by ours: what it writes into the other arguments is left undone, and nothing else.
    """
    around, calls = _current.calls, _Calls(watched)
    _current.calls = calls
    try:
        yield
    finally:
        _current.calls = around
    if calls.arguments is not None:
        with called_plainly():
            calls.arguments.call(calls.arguments.leaves)


def call_at(arguments: Arguments, leaves: Sequence[Any], *, has_aux: bool = False) -> Any:
    """``arguments.call(leaves)``, of which nothing is seen where a derivative falls back to numerical ones."""
    if _current.calls is None or local.watch is not None:
        return arguments.call(leaves)
    return _current.calls.call(arguments, leaves, has_aux=has_aux)


def call_seen(call: Callable[[], Any]) -> Any:
    """The one call that does what the function does; without it ``calls_unseen`` makes it."""
    if _current.calls is not None:
        _current.calls.arguments = None
    with called_plainly():
        return call()
