"""Runs that only look at a function that prints, logs, writes to files or draws: nothing of that is seen outside.

    with muted(watch):            # of the run that is looked at
        rewind()                  # generators are where they were before that run
        record(f, …)              # prints and writes nothing, and draws the same numbers

Hooks ask ``local.muted`` before they hand over what a run writes.  So only instrumented runs are silent: a plain call of the function is not.  Files are kept in memory (``unwritten.py``).  What would have to be read back
from what was not written raises ``Unmuted``, and the look says nothing then.
"""

from __future__ import annotations

import contextlib
import csv
import io
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradwise.tracing.instrument.effects import SHOWS
from gradwise.tracing.instrument.lent import STREAMS
from gradwise.tracing.instrument.state import Watch, local
from gradwise.tracing.instrument.taking import begin_with, copies_of
from gradwise.tracing.instrument.unwritten import Kept, KeptText, Unmuted, standing_for, unwritten

#: by name, so that their modules are imported by who uses them
GENERATORS = frozenset({"Generator", "RandomState", "Random", "SystemRandom"})


def is_generator(cls: type) -> bool:
    """Whether a class draws random numbers."""
    return cls.__name__ in GENERATORS and cls.__module__.partition(".")[0] in ("numpy", "random")


def note_generator(generator: Any) -> None:
    """Keep the state of a generator of random numbers before a run draws from it: that of the bits, from which another generator may draw too."""
    generator = generator.bit_generator if isinstance(generator, np.random.Generator) else generator
    silently = local.muted
    if silently is not None and not any([generator is known for known, _ in silently]):
        with contextlib.suppress(AttributeError):  # only the silent runs draw from it: they take another way
            silently.append((generator, _state(generator)))
    watch = local.watch
    while watch is not None:
        if id(generator) not in watch.generators:
            with contextlib.suppress(AttributeError):  # one that is being made has no state yet
                watch.generators[id(generator)] = generator, _state(generator)
                if local.journal is not None:
                    local.journal.generators.setdefault(id(generator), watch.generators[id(generator)])
        watch = watch.outer


def note_draw(watch: Watch, generator: Any) -> None:
    """Note that a run draws from a generator; NumPy's global one is no effect, since whoever looks puts it back."""
    if generator is not _GLOBAL:
        watch.effects[f"it draws from a {type(generator).__name__}"] = None
    note_generator(generator)


_GLOBAL = np.random.get_state.__self__  # type: ignore[attr-defined]  # a bound method


def _state(generator: Any) -> Any:
    if isinstance(generator, np.random.BitGenerator):
        return generator.state
    return generator.get_state() if hasattr(generator, "get_state") else generator.getstate()


def put_generator(generator: Any, state: Any) -> None:
    """Put a generator back to where it was; of an iterator, the copy from which silent runs take."""
    if hasattr(type(generator), "__next__"):
        begin_with(generator, state)
    elif isinstance(generator, np.random.BitGenerator):
        generator.state = state
    else:
        (generator.set_state if hasattr(generator, "set_state") else generator.setstate)(state)


@contextlib.contextmanager
def muted(watch: Watch | None) -> Iterator[None]:
    """Within it, runs are silent and draw what the run of ``watch`` drew, if there was one; afterwards generators are where they were."""
    before = [] if watch is None else list(watch.generators.values())
    known = len(before)
    after = [(g, _state(g)) for g, _ in before if not hasattr(type(g), "__next__")]
    around, copies = local.muted, local.copied
    try:  # an interrupt may come while they are copied
        local.muted, local.copied = before, copies_of(copies)
        with unwritten():
            yield
    finally:
        local.muted, local.copied = around, copies
        for generator, state in (*after, *before[known:]):
            put_generator(generator, state)


def rewind() -> None:
    """Put the generators back to where they were before the run that is looked at."""
    for generator, state in local.muted or ():
        put_generator(generator, state)


def silent(callee: Any, owner: Any) -> Any:
    """What stands for a compiled function while runs are silent: nothing, for what prints or writes."""
    name = callee.__name__
    standing = standing_for(callee)
    if standing is not None:
        return standing
    if callee is csv.writer:
        return _writer
    if type(owner) is _CSV:
        return callee if local.files.is_own(owner) else _nothing
    if isinstance(owner, io.IOBase) and not isinstance(owner, (Kept, KeptText)) and name not in _HARMLESS:
        if local.files.is_own(owner) or type(owner) in STREAMS:
            return callee
        shown = owner is sys.stdout or owner is sys.stderr
        if name in _WRITING and (shown or not isinstance(owner, (io.StringIO, io.BytesIO))):
            return _nothing
        raise Unmuted(f"{name} of {owner!r}")
    return callee


_WRITING = frozenset({"write", "writelines", "flush", "close"})
_HARMLESS = frozenset({"fileno", "isatty", "readable", "writable", "seekable"})
_CSV = type(csv.writer(io.StringIO()))


def _nothing(*args: Any, **kwargs: Any) -> None:
    """Print, write or log nothing."""


def is_silent(stream: Any) -> bool:
    """Whether nothing that is printed to a stream is written, which is noted."""
    if local.muted is None or is_kept(stream):
        return False
    if local.watch is not None:
        local.watch.effects[SHOWS] = None
    return True


def is_kept(file: Any) -> bool:
    """Whether a file was opened, or made in memory, in a silent run, which may write to it."""
    return isinstance(file, (Kept, KeptText)) or (local.files is not None and local.files.is_own(file))


def _writer(file: Any, *args: Any, **kwargs: Any) -> Any:
    """``csv.writer``, which does not tell to which file it writes."""
    if not is_kept(file):
        raise Unmuted(f"it writes rows to {file!r}")
    made = csv.writer(file, *args, **kwargs)
    local.files.own.append(made)
    return made


def opening(function: Any) -> Any:
    """What stands for a function called ``open`` of a library, of which nothing is known."""
    raise Unmuted(f"it calls {function.__module__}.open")


def refuse_files(cls: type) -> None:
    """Raise if objects of a class are files, which would be begun anew when they are made."""
    if issubclass(cls, io.IOBase) and not issubclass(cls, (io.StringIO, io.BytesIO, KeptText)):
        raise Unmuted(f"it makes a {cls.__name__}")


def in_memory(cls: Any, *args: Any, **kwargs: Any) -> Any:
    """A file in memory that a silent run makes: nobody else has it, so that the run may write to it and read it."""
    made = cls(*args, **kwargs)
    local.files.own.append(made)
    return made


def unless_muted(function: Callable[..., Any], file: Any = None) -> Callable[..., Any]:
    """A function that writes, and does not while runs are silent, but to a path or to a file that was opened in such a run."""
    return function if local.muted is None or is_kept(file) or isinstance(file, (str, os.PathLike)) else _nothing


def opened_unwritten(file: Any, mode: str) -> Any:
    """What silent runs take for a path: the file opened, by the way that keeps what they write."""
    return standing_for(open)(file, mode) if local.files is not None and isinstance(file, (str, os.PathLike)) else file
