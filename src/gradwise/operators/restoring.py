"""Calls of a function that only look at it: what it stores is put back after each."""

from __future__ import annotations

import contextlib
import types
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gradwise.tracing.instrument.journal import Journal
from gradwise.tracing.instrument.state import local

if TYPE_CHECKING:
    from gradwise.operators.arguments import Arguments
    from gradwise.operators.linearization import Linearization


def written_by(linearization: Linearization) -> Journal:
    """What the places hold now to which a run wrote."""
    watch = linearization.recording.tape.ran
    journal = Journal()
    if watch is not None and watch.outer is None:
        for notes in (watch.stored, watch.touched, watch.overlay, watch.cells, watch.names):
            for place in notes.values():
                journal.note(place)
        for obj in (*watch.stored.values(), *(obj for obj, _ in watch.overlay.values())):
            if not isinstance(obj, (type, types.ModuleType)):
                for held in getattr(obj, "__dict__", {}).values():
                    journal.note_within(held)
        for container in watch.touched.values():
            journal.note_within(container)
        for cell in watch.cells.values():
            with contextlib.suppress(ValueError):  # not assigned yet
                journal.note_within(cell.cell_contents)
        for dictionary, names in watch.names.values():
            for name in names:
                journal.note_within(dictionary.get(name))
    return journal


@contextlib.contextmanager
def preserved(linearization: Linearization) -> Iterator[None]:
    """Within it, the function may be called again: what the run wrote to holds afterwards what it held after the run."""
    journal = written_by(linearization)
    try:
        yield
    finally:
        journal.restore()


class Restoring:
    """Arguments of a function whose state is put back after each call."""

    def __init__(self, arguments: Arguments, journal: Journal) -> None:
        self.arguments = arguments
        self.journal = journal
        self.leaves = arguments.leaves

    def copied(self) -> Restoring:
        """Another of the same."""
        return Restoring(self.arguments.copied(), self.journal)

    def call(self, leaves: list[Any]) -> Any:
        """Call the function, and put back what it changed."""
        try:
            return self.arguments.call(leaves)
        finally:
            if local.watch is None:  # a run puts back what it stored itself, when it ends
                self.journal.restore()
