"""What a run did outside of itself that the run of a program in its place would not do: it printed, took from an iterator, changed a library's object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradwise.tracing.instrument.effects import SAVES, SHOWS, note_changes
from gradwise.tracing.instrument.taking import FROM_COPIED, FROM_OTHERS

if TYPE_CHECKING:
    from gradwise.tracing.instrument.state import Watch

_DOING = (
    *("it changes ", "it sets ", "it writes ", "it empties ", "it draws a figure", "it calls logging.", "objects of "),
    *(SHOWS, SAVES, FROM_COPIED, FROM_OTHERS),
)


def does(watch: Watch) -> str | None:
    """The first of these effects, in words."""
    if watch.asks:
        return "it asks a function under lru_cache, which counts that"
    note_changes(watch)
    return next((effect for effect in watch.effects if effect.startswith(_DOING)), None)
