"""What a run wrote to streams before it failed: the one that begins again, and the plain call after it, do not write that once more.

    attempt() → prints "step 1", and fails for a write to an array that others show
    attempt() → finds "step 1" said, and prints what follows it

A text counts as said as long as the texts come in the same order; at the first other one everything is written.  Streams in memory are put back instead (``lent.py``), so that what is read from them is right, too.
"""

from __future__ import annotations

import contextlib
import functools
import io
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

from gradwise.tracing.instrument.hushing import Hushed
from gradwise.tracing.instrument.lent import STREAMS
from gradwise.tracing.instrument.state import local


def say(stream: Any, text: Any) -> Any:
    """Write a text to a stream, unless a run that failed wrote it."""
    journal = local.journal
    if journal is None or not journal.of_failures:
        return stream.write(text)
    before = local.said
    journal.said.append((stream, text))
    if before and before[0][0] is stream and before[0][1] == text:
        local.said = before[1:]
        return len(text)
    local.said = ()
    return stream.write(text)


def writing(callee: Any, owner: Any) -> Any:
    """What stands for the method of a stream."""
    if type(owner) in STREAMS:
        _note(owner)
    elif callee.__name__ == "write" and isinstance(owner, io.IOBase):
        return functools.partial(say, owner)
    return callee


def _note(stream: Any) -> None:
    """A stream in memory is a place to which the run writes."""
    if local.watch is not None:
        local.watch.touched[id(stream)] = stream


def printing(is_silent: Callable[[Any], bool]) -> Callable[..., None]:
    """What stands for ``print``; to streams for which ``is_silent`` nothing is written."""

    def printed(*args: Any, sep: Any = " ", end: Any = "\n", file: Any = None, flush: Any = False) -> None:
        stream = sys.stdout if file is None else file
        if type(stream) in STREAMS:
            _note(stream)
        elif is_silent(stream):
            return
        elif local.journal is not None and isinstance(stream, io.IOBase):
            whole = io.StringIO()
            print(*args, sep=sep, end=end, file=whole)
            say(stream, whole.getvalue())
            args, end = (), ""
        print(*args, sep=sep, end=end, file=stream, flush=flush)

    return printed


@contextlib.contextmanager
def after_failures(said: Any) -> Iterator[None]:
    """Within it, runs find said what one wrote that failed."""
    around, local.said = local.said, tuple(said or ())
    try:
        yield
    finally:
        local.said = around


@contextlib.contextmanager
def called_plainly() -> Iterator[None]:
    """Within it, what was said before is not written to the standard output and error by this thread."""
    said = local.said
    around = sys.stdout, sys.stderr
    texts = ["".join(text for stream, text in said if stream is each) for each in around]
    if not any(texts):
        yield
        return
    ours = [_Following(stream, text) if text else stream for stream, text in zip(around, texts, strict=True)]
    sys.stdout, sys.stderr = ours
    try:
        yield
    finally:
        for name, stream, its in zip(("stdout", "stderr"), around, ours, strict=True):
            if getattr(sys, name) is its:
                setattr(sys, name, stream)


class _Following(Hushed):
    """Stands for a stream: silent in one thread as long as that writes what was said before."""

    def __init__(self, stream: Any, text: str) -> None:
        super().__init__(stream)
        self.__dict__.update(text=text, thread=threading.get_ident())

    def write(self, text: str) -> Any:
        """As the stream does."""
        left = self.__dict__["text"]
        if threading.get_ident() != self.__dict__["thread"] or not left or not isinstance(text, str):
            return self.stream.write(text)
        if left.startswith(text):
            self.__dict__["text"] = left[len(text) :]
        else:
            self.__dict__["text"] = ""
            self.stream.write(text.removeprefix(left))
        return len(text)
