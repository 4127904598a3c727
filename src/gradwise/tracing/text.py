"""What a traced number is printed as: text that cannot quietly be read back as a number."""

from __future__ import annotations

import re
import weakref
from typing import Any

import numpy as np

from gradwise.program.language import resolve_location
from gradwise.tracing.instrument.state import local
from gradwise.tracing.places import user_place
from gradwise.tracing.trace import Trace
from gradwise.tracing.traced import Traced, dtype_of


class Text(str):
    """The text of a traced number.  ``float(str(x))`` asks here, where the derivative would be lost.

    It does not keep the trace alive: texts end in logs.
    """

    __slots__ = ("trace",)
    trace: weakref.ref[Trace]

    def __float__(self) -> float:
        trace = self.trace()
        if trace is not None and trace.open:
            raise trace.fail(
                f"reading a number back from the text {str.__repr__(self)} of a traced value would lose its derivative. The number itself is required. "
                "Write x for float(str(x)), np.round(x, 3) for float(f'{x:.3f}')"
            )
        return float(str.__str__(self))

    def _is_forgotten(self) -> bool:
        trace = self.trace()
        if trace is None or not trace.open or not trace.forgetful:
            return False
        trace.forget(-1)
        return True

    def __hash__(self) -> int:
        return ~str.__hash__(self) if self._is_forgotten() else str.__hash__(self)

    def __eq__(self, other: object) -> bool:
        equal = str.__eq__(self, other)  # NotImplemented, which counts as true, where the other one is no text
        return equal if equal is not True else type(other) is Text or not self._is_forgotten()

    def __ne__(self, other: object) -> bool:
        equal = self.__eq__(other)
        return equal if equal is NotImplemented else not equal

    def __reduce__(self) -> Any:
        return str, (str.__str__(self),)


def shown_as(source: Traced, text: str) -> str:
    """The text, as ``Text`` while the trace is open."""
    if not source.tape.open or dtype_of(source.value).kind not in "fc":
        return text
    return marked(source.tape, text)


def marked(trace: Trace, text: str) -> Text:
    """A text of numbers of an open trace."""
    if len(trace.texts) < _MOST:
        trace.texts.add(text)
    result = Text(text)
    result.trace = weakref.ref(trace)
    return result


#: texts that a trace remembers
_MOST = 100_000
#: digits of a number that is no coincidence
_DIGITS = 8
_NUMBER = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


def joined(text: str) -> str:
    """An f-string: in a run that knows no text of an earlier one it is a text of this run."""
    watch = local.watch
    if watch is None or not watch.trace.forgetful or not watch.trace.texts:
        return text
    return marked(watch.trace, text)


def read_back(trace: Trace, text: Any) -> None:
    """Note that a number is read from a text: if it is one that a traced value was shown as, its derivative may be lost, which is looked into at the end of the run."""
    if not trace.texts or trace.recalled:
        return
    if _computed_elsewhere():
        file, line = resolve_location(user_place()) or ("an unknown file", 0)
        local.watch.effects[f"{ELSEWHERE} ({file}:{line})"] = None  # type: ignore[union-attr]  # which it was asked
    elif len(trace.texts) < _MOST:
        shown = {float(t) for s in trace.texts for t in _NUMBER.findall(s)}
        if shown.isdisjoint(float(t) for t in _NUMBER.findall(str(text))):
            return
    trace.looked_up = trace.recalled = True


#: how the note begins of a number that another process may have computed
ELSEWHERE = "it reads a number that another process may have computed"


def _computed_elsewhere() -> bool:
    """Whether the run asked another process, which may have computed something of the texts that it was given."""
    watch = local.watch
    return watch is not None and any(effect.startswith(_PROCESSES) for effect in watch.effects)


_PROCESSES = ("it calls subprocess.", "it calls os.popen", "it calls os.system", "it calls multiprocessing.")


def notice(trace: Trace) -> None:
    """At the end of a run: a plain number among its constants (its results, where they were not computed) that has all the digits of one that was shown was read back, in whatever way.

    Short numbers (1.0, 0.25) say nothing: they are in many texts.
    """
    if trace.recalled:
        return
    shown = [float(t) for s in trace.texts for t in _NUMBER.findall(s) if len(t.replace(".", "").strip("0")) >= _DIGITS]
    if not shown:
        return
    numbers = np.asarray(shown)
    for value in [trace.values[i] for i in trace.captured]:
        array = None if hasattr(value, "__primitive__") else np.asarray(value)
        if array is None or array.dtype.kind != "f" or not 0 < array.size <= _MOST:
            continue
        if np.isin(np.abs(array), numbers).any():
            trace.looked_up = trace.recalled = True
            return
