"""Whether a run comes to instructions that it was to avoid (``tracing/purity/avoiding.py``): seen by ``sys.settrace``, where they stand in the text.

What runs may be an instrumented copy, whose instructions stand where those of the user's function do.  A frame is looked at line by line, and on lines where something is to be avoided instruction by
instruction; where the interpreter does not tell of these, the whole line counts.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.avoiding import Extent, extent_of, is_within

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Reach:
    """A watch over the frames of some files.

    Attributes
    ----------
    met : list of str
        The place that was come to first.
    """

    def __init__(self, avoided: Mapping[str, frozenset[Extent]]) -> None:
        self.met: list[str] = []
        self._avoided: dict[str, dict[int, list[Extent]]] = {}
        for file, extents in avoided.items():
            lines = self._avoided[file] = {}
            for extent in extents:
                for line in range(extent[0], extent[2] + 1):
                    lines.setdefault(line, []).append(extent)
        #: the instructions of codes by number, and frames on a line of which no instruction was seen yet
        self._places: dict[int, tuple[Any, list[Any]]] = {}
        self._unseen: dict[int, int] = {}

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch what this thread runs."""
        before = sys.gettrace()
        try:
            sys.settrace(lambda frame, event, argument: self.local if self.enters(frame) else None)
            yield
        finally:
            sys.settrace(before)

    def enters(self, frame: Any) -> bool:
        """Whether a frame that is entered is to be watched."""
        if self.met or frame.f_code.co_filename not in self._avoided:
            return False
        # CPython 3.13 takes the second where the first is there, 3.12 when the third comes after it
        frame.f_trace = self.local
        frame.f_trace_opcodes = True
        sys.settrace(sys.gettrace())
        return True

    def local(self, frame: Any, event: str, argument: Any) -> Any:
        """What ``sys.settrace`` calls within a frame."""
        if self.met:
            return self.local
        code = frame.f_code
        lines = self._avoided[code.co_filename]
        if event == "opcode":
            self._unseen.pop(id(frame), None)
            extent = extent_of(self._place(code, frame.f_lasti))
            if extent is not None and any(is_within(extent, one) for one in lines.get(extent[0], ())):
                self._meet(code, extent[0])
            return self.local
        before = self._unseen.pop(id(frame), None)
        if before is not None:
            self._meet(code, before)
        elif event == "line" and frame.f_lineno in lines:
            self._unseen[id(frame)] = frame.f_lineno
        return self.local

    def _meet(self, code: Any, line: int) -> None:
        self.met.append(f"{code.co_filename}:{line}")

    def _place(self, code: Any, offset: int) -> Any:
        known = self._places.get(id(code))
        if known is None:
            known = self._places[id(code)] = code, list(code.co_positions())
        return known[1][offset // 2]
