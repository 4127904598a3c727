"""Whether a run left anything behind: what must hold before a function is called once more to verify its derivative.

Seen in the run: attributes stored in objects that outlive it, items put into containers and arrays that outlive it, cells and globals assigned, draws from generators, files, clocks, iterators
that others hold.  Seen in the code of the functions that it entered: names that print, read, wait or draw.  When in doubt there is an effect.
"""

from __future__ import annotations

import datetime as dt
import io
import sys
import threading
import types
from collections.abc import Iterator
from typing import Any

from gradwise.tracing.instrument.compiling import instrumented, reason_for
from gradwise.tracing.instrument.effect_names import SEEN, effects_in
from gradwise.tracing.instrument.foreign import is_compiled
from gradwise.tracing.instrument.lent import STREAMS
from gradwise.tracing.instrument.references import beside, from_within, shares_arrays
from gradwise.tracing.instrument.state import Watch
from gradwise.tracing.instrument.taking import FROM_COPIED
from gradwise.tracing.instrument.userland import is_users_file

#: modules whose functions read or change the world
MODULES = frozenset(
    [
        "time",
        "datetime",
        "os",
        "posix",
        "sys",
        "io",
        "_io",
        "socket",
        "subprocess",
        "shutil",
        "logging",
        "threading",
        "multiprocessing",
        "asyncio",
        "random",
        "secrets",
        "uuid",
        "tempfile",
        "pathlib",
        "signal",
        "select",
        "urllib",
        "http",
        "requests",
        "sqlite3",
        "dbm",
        "shelve",
        "zipfile",
        "tarfile",
        "pickle",
        "gc",
        "atexit",
        "weakref",
        "ctypes",
    ]
)


def _of(module: types.ModuleType, names: str) -> list[int]:
    return [id(getattr(module, name)) for name in names.split() if hasattr(module, name)]


#: functions of these that change nothing, and give the same at a second call
REPEATABLE = frozenset(
    [
        *_of(io, "StringIO BytesIO"),
        *_of(dt, "date datetime time timedelta timezone"),
        *_of(sys, "_getframe _getframemodulename intern getsizeof getrecursionlimit exc_info exception"),
        *_of(threading, "Lock RLock Condition Semaphore Event local get_ident current_thread main_thread"),
    ]
)
#: what never changes: nor do its methods change anything
DATES = frozenset({dt.date, dt.datetime, dt.time, dt.timedelta, dt.timezone})


def obstacle(watch: Watch) -> str | None:
    """Why the function is not called again; None if nothing was seen that a second call would repeat."""
    return repeats(watch) or outlives(watch)


#: what is undone, or does no harm, where the places to which a run writes are put back; and what a silent run leaves undone (``muting.py``)
_UNDOING = ("it calls time.", "it calls uuid.")
SHOWS = "it writes to the standard output"
SAVES = "it writes a file"
READS = "it reads a file"
ASKS = "it asks a database"
#: how the note of an adaptive solver ends
ADAPTIVE = "whose steps change with the arguments"
_MUTING = (
    *_UNDOING,
    *("it draws from a ", "it calls random.", "it calls logging.", "it calls open", "it calls TextIOWrapper."),
    *("it calls Buffered", "it calls Kept", "it calls pathlib.", "it calls pickle.", "it calls io."),
    *(
        f"it calls os.{name}"
        for name in (
            "getcwd",
            "fspath",
            "fsdecode",
            "fsencode",
            "getenv",
            "getpid",
            "stat",
            "lstat",
            "access",
            "listdir",
        )
    ),
    # of which pathlib's and os's own functions ask some
    *("it calls sys.intern", "it calls sys.audit", "it calls sys.getfilesystemencod"),
    *(f"it calls os.{name}" for name in ("mkdir", "makedirs", "remove", "unlink", "rename", "replace", "scandir")),
    *("it calls datetime.", "it calls a function under lru_cache", SHOWS, SAVES, READS, ASKS, FROM_COPIED),
)


def public_name(callee: Any, owner: Any) -> str:
    """A compiled function as who imports its module writes it (``os.stat`` for ``posix.stat``); a method by its class."""
    if type(owner) is not types.ModuleType:
        return str(callee.__qualname__)
    return f"{_PUBLIC.get(owner.__name__, owner.__name__)}.{callee.__name__}"


_PUBLIC = {"posix": "os", "nt": "os", "_io": "io"}


#: methods of paths that read or write files
_OF_PATHS = dict.fromkeys(("open", "read_text", "read_bytes"), READS) | dict.fromkeys(
    ("write_text", "write_bytes", "touch", "unlink", "mkdir", "rmdir", "rename", "replace"), SAVES
)


def of_paths(function: types.FunctionType) -> str | None:
    """What a method of a path does outside; None of any other function."""
    if (function.__module__ or "").partition(".")[0] != "pathlib":
        return None
    return _OF_PATHS.get(function.__name__)


def is_muted(effect: str) -> bool:
    """Whether a silent run leaves an effect undone, or it does no harm."""
    return effect.startswith(_MUTING)


def is_adaptive(watch: Watch | None) -> bool:
    """Whether the values have errors that jump from point to point: those of solvers that choose their steps."""
    return watch is not None and any(effect.endswith(ADAPTIVE) for effect in watch.effects)


def reads_files(watch: Watch) -> bool:
    """Whether the run read, or may have read, what an earlier run wrote outside."""
    return any(effect.startswith(_FROM_OUTSIDE) for effect in watch.effects)


_FROM_OUTSIDE = (
    READS,
    "it calls open",
    "it calls io.open",
    "it calls shelve.",
    "it calls dbm.",
    "it calls os.open",
    "it calls posix.open",
)


def note_changes(watch: Watch) -> None:
    """Note as effects what the run changed of libraries' objects that outlive it: nobody can put it back."""
    for key in list(watch.changed):
        others = beside(watch.changed, key) - (key in watch.given)
        if (others > 0 and others > from_within(watch.changed[key])) or shares_arrays(watch.changed[key]):
            watch.effects[f"it changes a {type(watch.changed[key]).__name__} that outlives the call"] = None
    watch.changed.clear()
    for key, obj in list(watch.stored.items()):
        if is_compiled(type(obj)) and beside(watch.stored, key) > (key in watch.given):
            watch.effects[f"it sets attributes of a {type(obj).__name__} that outlives the call"] = None
    for cls in {type(obj) for obj in watch.created.values()}:
        if type(getattr(cls, "__del__", None)) is types.FunctionType:
            watch.effects[f"objects of {cls.__name__} do something when they end"] = None


def repeats(watch: Watch, *, undoing: bool = False, muting: bool = False) -> str | None:
    """What a second call would do once more and nobody could undo: prints, draws, values taken from an iterator.

    ``undoing``: where arrays are put back, and the time does not matter; ``muting``: where the run is silent as well.
    """
    note_changes(watch)
    harmless = _MUTING if muting else _UNDOING if undoing else ()
    for effect in watch.effects:
        if not effect.startswith(harmless) and not (muting and is_muted(effect)):
            return effect
    pairs = list(watch.twins.values())
    ours = {id(made) for entered, made in pairs if made is not entered}
    # an attribute under whose name the run entered a function of the user's is taken for that: what it does was seen
    entered_names = {
        f.__name__ for f, _ in pairs if type(f) is types.FunctionType and is_users_file(f.__code__.co_filename)
    }
    for entered, made in pairs:
        if (
            type(entered) is types.FunctionType
            and id(entered) not in ours
            and is_users_file(entered.__code__.co_filename)
        ):
            code = entered.__code__
            if made is not entered and instrumented(code) is None:
                return f"{code.co_qualname} has no source"
            found = effects_in(code, SEEN if muting else int(undoing))
            name = next((n for n, of_object in found if not (of_object and n in entered_names - {code.co_name})), None)
            if name is not None:
                return f"{code.co_qualname} calls {name} ({code.co_filename}:{code.co_firstlineno})"
            name = _iterator_of(entered, watch, muting=muting)
            if name is not None:
                return f"{code.co_qualname} uses the iterator {name}, which would be used up ({code.co_filename}:{code.co_firstlineno})"
    return None


def uses_up(reason: str) -> bool:
    """Whether a reason against a second call is that it would take what comes once: the next value of an iterator, a line that is typed."""
    return any(words in reason for words in (" calls next ", " calls input ", "from an iterator", "uses the iterator"))


def outlives(watch: Watch, others: int = 0) -> str | None:
    """What the run stored in something that outlives it; ``others`` refer to each place beside the run's own notes."""
    if watch.names or any(watch.cells):
        return "it assigns globals, or variables of the function around it"
    if watch.held:
        return "it writes to an array that outlives the call"
    for place in watch.unseen.values():
        return f"code that is not seen changes a {type(place).__name__} that outlives the call"
    watch.touched.update({key: tail.of for key, tail in watch.tails.items()})
    watch.tails.clear()
    notes = (watch.stored, watch.touched, watch.overlay, watch.revealed, watch.created, watch.given)
    for key in list(watch.stored):
        if beside(watch.stored, key) >= sum([key in n for n in notes]) + others:
            return (
                f"it stores attributes of an object of type {type(watch.stored[key]).__name__} that outlives the call"
            )
    for key in list(watch.touched):
        if beside(watch.touched, key) >= sum([key in n for n in notes]) + others:
            return f"it changes a {type(watch.touched[key]).__name__} that outlives the call"
    return None


def _iterator_of(function: types.FunctionType, watch: Watch, *, muting: bool) -> str | None:
    """A global or closure variable of a function that is an iterator of others; of one that was seen to be taken from, silent runs have a copy."""

    def counts(value: Any) -> bool:
        if isinstance(value, io.IOBase) and (type(value) in STREAMS or not value.readable()):
            return False  # from a file that is only written to nothing is taken, and a stream in memory is put back
        known = id(value) in watch.iterators or (muting and id(value) in watch.generators)
        return not known and isinstance(value, Iterator)

    for name in function.__code__.co_names:
        if counts(function.__globals__.get(name)):
            return name
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            if counts(cell.cell_contents):
                return name
        except ValueError:  # not assigned yet
            continue
    return None


def entered_functions(watch: Watch) -> list[str]:
    """The user functions that a run entered, by how their code was seen."""
    seen: dict[str, list[str]] = {}
    for entered, made in list(watch.twins.values()):
        if (
            type(entered) is not types.FunctionType
            or made is entered
            or not is_users_file(entered.__code__.co_filename)
        ):
            continue
        code = entered.__code__
        why = reason_for(code)
        where = "hooks in the bytecode" if instrumented(code) is not None else "stand-ins under its names"
        how = "instrumented copies of" if not why else f"{where}, since {why}:"
        names = seen.setdefault(how, [])
        if code.co_qualname not in names:
            names.append(code.co_qualname)
    return [f"{how} {', '.join(names)}" for how, names in seen.items()]
