"""Runs that only look at a function that prints, logs, writes to files or draws: nothing of that is seen outside.

    with muted(watch):            # of the run that is looked at
        rewind()                  # generators are where they were before that run
        record(f, …)              # prints and writes nothing, and draws the same numbers

Hooks ask ``local.muted`` before they hand over what a run writes.  So only instrumented runs are silent: a plain call of the function is not.  What would have to be read back from what was not
written raises ``Unmuted``, and the look says nothing then.
"""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gradwise.tracing.instrument.state import Watch, local


class Unmuted(Exception):
    """Something that a run does outside and that cannot be left undone."""


#: by name, so that their modules are imported by who uses them
GENERATORS = frozenset({"Generator", "RandomState", "Random", "SystemRandom"})


def is_generator(cls: type) -> bool:
    """Whether a class draws random numbers."""
    return cls.__name__ in GENERATORS and cls.__module__.partition(".")[0] in ("numpy", "random")


def note_generator(generator: Any) -> None:
    """Keep the state of a generator of random numbers before a run draws from it."""
    watch = local.watch
    while watch is not None:
        if id(generator) not in watch.generators:
            with contextlib.suppress(AttributeError):  # one that is being made has no state yet
                watch.generators[id(generator)] = generator, _state(generator)
        watch = watch.outer


def _state(generator: Any) -> Any:
    if hasattr(generator, "bit_generator"):
        return generator.bit_generator.state
    return generator.get_state() if hasattr(generator, "get_state") else generator.getstate()


def _put(generator: Any, state: Any) -> None:
    if hasattr(generator, "bit_generator"):
        generator.bit_generator.state = state
    else:
        (generator.set_state if hasattr(generator, "set_state") else generator.setstate)(state)


@contextlib.contextmanager
def muted(watch: Watch) -> Iterator[None]:
    """Within it, runs are silent and draw what the run of ``watch`` drew; afterwards generators are where they were."""
    before = list(watch.generators.values())
    after = [(generator, _state(generator)) for generator, _ in before]
    around, local.muted = local.muted, before
    try:
        yield
    finally:
        local.muted = around
        for generator, state in after:
            _put(generator, state)


def rewind() -> None:
    """Put the generators back to where they were before the run that is looked at."""
    for generator, state in local.muted or ():
        _put(generator, state)


def silent(callee: Any, owner: Any) -> Any:
    """What stands for a compiled function while runs are silent: nothing, for what prints or writes."""
    name = callee.__name__
    if callee is print:
        return _nothing
    if callee is open or callee is io.open:
        return _opened
    if isinstance(owner, io.IOBase) and not isinstance(owner, (_Text, _Bytes)) and name not in _HARMLESS:
        shown = owner is sys.stdout or owner is sys.stderr
        if name in _WRITING and (shown or not isinstance(owner, (io.StringIO, io.BytesIO))):
            return _nothing
        raise Unmuted(f"{name} of {owner!r}")
    return callee


_WRITING = frozenset({"write", "writelines", "flush", "close"})
_HARMLESS = frozenset({"fileno", "isatty", "readable", "writable", "seekable"})


def _nothing(*args: Any, **kwargs: Any) -> None:
    """Print, write or log nothing."""


class _Text(io.StringIO):
    """A file that is written nowhere."""


class _Bytes(io.BytesIO):
    """The same of bytes."""


def _opened(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
    if not set(mode) & set("wax"):
        raise Unmuted(f"it reads {file!r}")
    return _Bytes() if "b" in mode else _Text()


def opening(function: Any) -> Any:
    """What stands for a function called ``open`` of a library: that of paths opens nothing, of another one nothing is known."""
    if function is not Path.open:
        raise Unmuted(f"it calls {function.__module__}.open")
    return _opened


def refuse_files(cls: type) -> None:
    """Raise if objects of a class are files, which would be begun anew when they are made."""
    if issubclass(cls, io.IOBase) and not issubclass(cls, (io.StringIO, io.BytesIO)):
        raise Unmuted(f"it makes a {cls.__name__}")


def unless_muted(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that writes, and does not while runs are silent."""
    return function if local.muted is None else _nothing


def refuse_muted(what: str) -> None:
    """Raise if runs are silent: what is read now may be what was not written."""
    if local.muted is not None:
        raise Unmuted(what)
