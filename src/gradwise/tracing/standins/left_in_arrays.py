"""What a solver's callback leaves in arrays: counters (``n[0] += 1``), histories (``log[k] = value``), and work arrays.

    found = LeftArrays(before)        found.note(key, where)        …traced calls of the callback…        found.restore()

An array of constants is put back to what it held after SciPy's last call.  One that holds traced numbers was filled by the call at the solution, and moves with that: a work array.  But where that call filled other entries than SciPy's calls did, it is a history: it
holds what it held after SciPy's last call, of which nobody knows how it moves.  No array is referred to here: who lends work arrays to equations (``operators/borrowing.py``) counts what refers to them.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.conversions import is_constant
from gradwise.tracing.standins.scipy_calling import without_rule
from gradwise.tracing.traced import TracedScalar, isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

#: entries of an array that is looked at
_LONG = 1000


def is_array(value: Any) -> bool:
    """Whether a value is an array, plain or traced."""
    return type(value) is np.ndarray or (isinstance_traced(value) and type(value) is not TracedScalar)


def _entries(value: Any) -> np.ndarray | None:
    """What an array holds."""
    if not is_array(value) or value.size > _LONG:
        return None
    entries: np.ndarray = plain(value)
    return entries if entries.dtype.kind in "biufc" else None


def _differ(a: np.ndarray, b: np.ndarray) -> Any:
    """Which entries differ; nan is itself."""
    return (a != b) & ~((a != a) & (b != b))  # noqa: PLR0124 - of nan alone, for any dtype


class LeftArrays:
    """Arrays by where they are found, and what they held.

    Parameters
    ----------
    before : LeftArrays or None
        The same before SciPy called anything.
    """

    __slots__ = ("_before", "_held")

    def __init__(self, before: LeftArrays | None = None) -> None:
        self._before = {} if before is None else before._held
        self._held: dict[Hashable, tuple[Callable[[], Any], np.ndarray]] = {}

    def note(self, key: Hashable, where: Callable[[], Any]) -> None:
        """Keep what the array holds that ``where`` gives."""
        entries = _entries(where())
        if entries is not None:
            self._held[key] = where, entries.copy()

    def note_itself(self, value: Any) -> None:
        """The same, of an array that is found in no place that may hold another one."""
        reference = weakref.ref(value)
        self.note(("itself", id(value)), reference)

    def restore(self) -> None:
        """Let the arrays hold what they held, but for work arrays."""
        for key, (where, held) in self._held.items():
            array = where()
            entries = _entries(array)
            if entries is None or entries.shape != held.shape:
                continue
            written = _differ(entries, held)
            if not np.any(written):
                continue
            if type(array) is np.ndarray or is_constant(array):
                array[...] = held
                continue
            _, before = self._before.get(key, (None, None))
            if before is None or before.shape != held.shape or held.dtype.kind not in "fc":
                continue
            changed = _differ(held, before)
            if np.any(changed) and not np.any(changed & written):
                array[...] = without_rule(
                    held, array, "an array that a solver's callback fills", "Compute it from what the solver found"
                )
