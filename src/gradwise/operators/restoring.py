"""Calls of a function that only look at it: what it stores is put back after each, and what it prints, logs, writes or draws is not printed, logged, written or drawn once more.

    with looked_at(watch) as why:          # None, or what a call does that cannot be left undone
        Restoring(arguments, journal).call(leaves)

Where a function does something outside, its calls are silent runs (``tracing/instrument/muting.py``); they take longer than plain ones.
"""

from __future__ import annotations

import contextlib
import types
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.containers import own_entries
from gradwise.operators.unseen_state import note_unseen
from gradwise.tracing import copy_in_layout, record
from gradwise.tracing.instrument.effects import repeats
from gradwise.tracing.instrument.hushing import hushed
from gradwise.tracing.instrument.journal import Journal, kept
from gradwise.tracing.instrument.muting import muted, rewind
from gradwise.tracing.instrument.state import Watch, local
from gradwise.tracing.instrument.unwritten import Unmuted

if TYPE_CHECKING:
    from gradwise.operators.arguments import Arguments
    from gradwise.operators.linearization import Linearization
    from gradwise.tracing import Recording


def written_by(linearization: Linearization, *, inside: bool = False) -> Journal:
    """What the places hold now to which a run wrote; of one inside another only if it is asked for, since the other one is still writing to them."""
    watch = linearization.recording.tape.ran
    journal = Journal()
    if watch is not None and (inside or watch.outer is None):
        for notes in (watch.stored, watch.touched, watch.overlay, watch.cells, watch.names):
            for place in notes.values():
                journal.note(place)
        for (
            tail
        ) in watch.tails.values():  # long lists to which it appended, where nobody asked yet whether they outlive it
            journal.note(tail.of)
        for reference in watch.held:
            array = reference()
            if array is not None:
                journal.note(array)
        for obj in (*watch.stored.values(), *(obj for obj, _ in watch.overlay.values())):
            if isinstance(obj, ContextVar):
                journal.note_within(obj.get(None))
            elif not isinstance(obj, (type, types.ModuleType)):
                for held in (own_entries(obj) or {}).values():
                    journal.note_within(held)
        for container in watch.touched.values():
            journal.note_within(container)
        for cell in watch.cells.values():
            with contextlib.suppress(ValueError):  # not assigned yet
                journal.note_within(cell.cell_contents)
        for dictionary, names in watch.names.values():
            for name in names:
                journal.note_within(dictionary.get(name))
        note_unseen(journal, _roots(linearization, watch))
        for place in watch.unseen.values():
            journal.note(place)
        if local.survey is not None and local.survey.found:
            local.survey.note_in(journal)
    return journal


def _roots(linearization: Linearization, watch: Watch) -> list[Any]:
    return [*linearization.arguments.roots(), *[entered for entered, _ in watch.twins.values()]]


@contextlib.contextmanager
def looked_at(watch: Watch | None, trial: Callable[[], Any] | None = None) -> Iterator[str | None]:
    """Within it, the function of a run may be called again, silently where that is needed and a ``trial`` ends well; what stands against it, if something does."""
    with hushed():
        if watch is None:
            yield "it was not watched"
        elif repeats(watch, undoing=True) is None:
            yield None
        else:
            why = repeats(watch, muting=True)
            if why is None and trial is not None:
                with muted(watch):
                    try:
                        trial()
                    except Unmuted as error:
                        why = str(error)
            if why is not None:
                yield why
            else:
                with muted(watch):
                    yield None


@contextlib.contextmanager
def preserved(linearization: Linearization) -> Iterator[None]:
    """Within it, the function may be called again: what the run wrote to holds afterwards what it held after the run."""
    journal = written_by(linearization)
    try:
        yield
    finally:
        journal.restore()


@contextlib.contextmanager
def uncounted(linearization: Linearization) -> Iterator[None]:
    """Within it, a function of which no run sees that it stores anything may be called again: what code stores that no run sees is as it was."""
    journal, watch = Journal(), linearization.recording.tape.ran
    if watch is not None:
        note_unseen(journal, _roots(linearization, watch))
    survey = local.survey
    unseen = None if survey is None else survey.noted()
    try:
        yield
    finally:
        journal.restore()
        if survey is not None:
            survey.restore(unseen)


def widen(journal: Journal, arguments: Arguments, watch: Watch | None, *, has_aux: bool) -> str | None:
    """Note in the journal what a call from the state that a run left writes to: it may take another way than the run, on which it writes elsewhere (``if self.first: … else: self.log.append(x)``); so may one at a point beside, which a memory does not know.

    Gives what a call does there that cannot be left undone, if it does something.
    """
    again = _noted(journal, arguments, watch, arguments.leaves, has_aux=has_aux)
    if isinstance(again, str):
        return again
    _noted(journal, arguments, watch, [shifted(leaf, _BESIDE) for leaf in arguments.leaves], has_aux=has_aux)
    if again is None or again.tape.ran is None or local.muted is not None:
        return None
    return repeats(again.tape.ran, undoing=True)


#: how far the point beside is, relative to each entry's size: as far as numerical derivatives go
_BESIDE = 1e-2


def _noted(
    journal: Journal, arguments: Arguments, watch: Watch | None, leaves: Sequence[Any], *, has_aux: bool
) -> Recording | str | None:
    """A run that leaves nothing, of which it is noted what it writes to; what it does that cannot be left undone, and None where it fails."""
    again: Recording | str | None = None
    is_muted = local.muted is not None
    leaves = [copy_in_layout(v) if isinstance(v, np.ndarray) else v for v in leaves]
    with kept() as beside:
        try:
            with contextlib.nullcontext() if is_muted else muted(watch):
                rewind()
                again = record(_silent, leaves, (False,) * len(leaves), arguments.copied().call, has_aux=has_aux)
        except Unmuted as error:
            again = None if is_muted else str(error)
        except Exception:  # noqa: BLE001, S110  the function's own statement about the state that it left
            pass
    for place in beside.places():
        journal.note(place)
    return again


class Restoring:
    """Arguments of a function whose state is put back after each call."""

    def __init__(
        self, arguments: Arguments, journal: Journal, *, has_aux: bool = False, refused: list[str] | None = None
    ) -> None:
        #: what silent runs would have done, at points at which they ended by that
        self.refused: list[str] = [] if refused is None else refused
        self.arguments = arguments
        self.journal = journal
        self.leaves = arguments.leaves
        self.has_aux = has_aux

    def copied(self) -> Restoring:
        """Another of the same."""
        return Restoring(self.arguments.copied(), self.journal, has_aux=self.has_aux, refused=self.refused)

    def given(self) -> tuple[Any, Any]:
        """What the function is given."""
        return self.arguments.given()

    def call(self, leaves: list[Any]) -> Any:
        """Call the function, and put back what it changed."""
        try:
            if local.muted is not None and local.watch is None:
                rewind()
                return silently(self.arguments, leaves, has_aux=self.has_aux)
            return self.arguments.call(leaves)
        except Unmuted as error:
            self.refused.append(str(error))
            raise
        finally:
            if local.watch is None:  # a run puts back what it stored itself, when it ends
                self.journal.restore()


def silently(arguments: Arguments, leaves: Sequence[Any], *, has_aux: bool) -> Any:
    """The function in a silent run of plain numbers: what could not be traced runs as well."""
    recording = record(_silent, leaves, (False,) * len(leaves), arguments.call, has_aux=has_aux)
    value = recording.structure.rebuild(recording.values)
    return (value, recording.auxiliary) if has_aux else value


def _silent() -> None:
    """The name of a silent run."""


def shifted(leaf: Any, shift: float) -> Any:
    """A point beside, each entry by another share of its size."""
    value = np.asarray(leaf)
    share = shift * (1 + np.cos(np.arange(value.size)).reshape(value.shape) / 3)
    with np.errstate(all="ignore"):
        size = np.where((value == 0) | ~np.isfinite(value), 1.0, np.abs(value))
    moved = np.asarray(value + share * size).astype(value.dtype)
    if type(leaf) is np.ndarray:
        return moved
    return moved[()] if type(leaf) is not float else float(moved)
