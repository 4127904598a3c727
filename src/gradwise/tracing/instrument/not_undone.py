"""What a run did before it failed that nobody can undo: the one that begins again, and the plain call after it, do not do that once more.

    attempt() → prints "step 1", takes 0.3 from a generator, and fails for a write to an array that others show
    attempt() → finds "step 1" said and is given 0.3, and prints and takes what follows

Texts and values are met again as long as they come in the same order; at the first other one everything is done.  Streams in memory are put back instead (``lent.py``), so that what is read from them is right, too.
"""

from __future__ import annotations

import contextlib
import functools
import io
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradwise.tracing.instrument.atoms import ATOMS
from gradwise.tracing.instrument.hushing import Hushed
from gradwise.tracing.instrument.lent import STREAMS
from gradwise.tracing.instrument.state import local


def say(stream: Any, text: Any) -> Any:
    """Write a text to a stream, unless a run that failed wrote it."""
    journal = local.journal
    if journal is None or not journal.of_failures:
        return stream.write(text)
    before = local.done
    journal.done.append((stream, text))
    if before and before[0][0] is stream and before[0][1] == text:
        local.done = before[1:]
        return len(text)
    local.done = ()
    return stream.write(text)


class _Unknown:
    """Stands for what is not kept: an array, which others are asked about, or an object that changes."""


class _End:
    """Stands for the end of an iterator, and what a generator returned."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


def take(iterator: Any, taking: Callable[[], Any]) -> Any:
    """The next value of an iterator that cannot be put back: the one that a run which failed took."""
    journal = local.journal
    if journal is None or not journal.of_failures:
        return taking()
    before = local.done
    if before and before[0][0] is iterator and before[0][1] is not _Unknown:
        journal.done.append(before[0])
        local.done, value = before[1:], before[0][1]
    else:
        local.done = before[1:] if before and before[0][0] is iterator else ()
        try:
            value = taking()
        except StopIteration as end:
            value = _End(end.value)
        journal.done.append((iterator, value if type(value) is _End or _stays(value) else _Unknown))
    if type(value) is _End:
        raise StopIteration(value.value)
    return value


def _stays(value: Any) -> bool:
    if type(value) is tuple:
        return all(map(_stays, value))
    return type(value) in ATOMS or isinstance(value, np.generic)


class Taking:
    """An iterator that is taken from once, also where the run begins again."""

    __slots__ = ("_iterator",)

    def __init__(self, iterator: Any) -> None:
        self._iterator = iterator

    def __iter__(self) -> Taking:
        return self

    def __next__(self) -> Any:
        return take(self._iterator, self._iterator.__next__)

    def send(self, value: Any) -> Any:
        """As the generator's."""
        return take(self._iterator, functools.partial(self._iterator.send, value))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._iterator, name)


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
def after_failures(done: Any) -> Iterator[None]:
    """Within it, runs find done what one did that failed."""
    around, local.done = local.done, tuple(done or ())
    try:
        yield
    finally:
        local.done = around


@contextlib.contextmanager
def called_plainly() -> Iterator[None]:
    """Within it, what was said before is not written to the standard output and error by this thread."""
    around = sys.stdout, sys.stderr
    texts = ["".join(text for stream, text in local.done if stream is each) for each in around]
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
