"""Text: printing, formatting and logging show traced numbers as the numbers they stand for, and the trace notes it.

What the program then reads back from its own texts, or looks up by them, has no derivative (``tracing/text.py``).
"""

from __future__ import annotations

import collections
import functools
import importlib
import io
import os
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.holders import HOLDERS
from gradwise.tracing.instrument.effects import READS, SAVES
from gradwise.tracing.instrument.muting import is_kept, opened_unwritten, unless_muted
from gradwise.tracing.instrument.state import current, current_trace, local
from gradwise.tracing.instrument.unwritten import Unmuted
from gradwise.tracing.standins.recording import PLAIN, handed_over, open_traces
from gradwise.tracing.text import Text, marked, read_back
from gradwise.tracing.traced import TracedArray, dtype_of, isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable


def shown(value: Any) -> Any:
    """The value with plain numbers and arrays for traced ones, through containers."""
    kind = type(value)
    if kind in PLAIN:
        return value
    if isinstance_traced(value):
        plain = value.shown()
        return plain.copy() if kind is TracedArray else plain
    if kind in HOLDERS:
        return value.__plain__()
    if kind is list or kind is tuple or kind is set or kind is frozenset:
        return kind(map(shown, value))
    if isinstance(value, tuple) and hasattr(kind, "_make"):
        return kind._make(map(shown, value))
    if kind is dict:
        return {shown(k): shown(v) for k, v in value.items()}
    if kind is np.ndarray and value.dtype.kind == "O":
        result = np.empty(value.shape, object)
        for place in np.ndindex(value.shape):
            result[place] = shown(value[place])
        return result
    return value


def traces_in(value: Any, found: list[Any]) -> list[Any]:
    """The traced values in a value, through containers."""
    if isinstance_traced(value):
        found.append(value)
    elif type(value) in HOLDERS:
        found.extend(filter(isinstance_traced, value.__parts__()))
    elif isinstance(value, (list, tuple, set, frozenset)):
        for v in value:
            traces_in(v, found)
    elif isinstance(value, dict):
        for k, v in value.items():
            traces_in(k, found)
            traces_in(v, found)
    return found


def as_text(text: Any, *sources: Any) -> Any:
    """The text, marked as that of traced numbers if there are some among the sources."""
    if type(text) is not str:
        return text
    traces = open_traces(traces_in(sources, []))
    if not traces:
        return text
    return marked(traces[0], text)


def format_percent(text: Any, values: Any) -> Any:
    """``text % values``."""
    plain = shown(values)
    if plain is values or not isinstance(text, (str, bytes)):
        return text % values
    return as_text(text % plain, values)


def str_format(text: str, *args: Any, **kwargs: Any) -> Any:
    """``text.format(...)``."""
    return as_text(text.format(*map(shown, args), **{k: shown(v) for k, v in kwargs.items()}), args, kwargs)


def str_join(separator: str, parts: Any) -> Any:
    """``separator.join(parts)``; what is joined of the texts of traced numbers is such a text."""
    parts = list(parts)
    joined = separator.join(parts)
    part = next((p for p in parts if type(p) is Text), None)
    trace = None if part is None else part.trace()
    return joined if trace is None else marked(trace, joined)


def _of_text(module: str, name: str) -> Callable[..., Any]:
    """A function of which only texts or files come."""

    def call(*args: Any, **kwargs: Any) -> Any:
        function = getattr(sys.modules[module], name)
        if name in _SAVING:
            target = _target(name, args, kwargs)
            function = unless_muted(function, target)
            opened = target if name == "dump" else opened_unwritten(_ending(target, name), _MODES.get(name, "wb"))
            if is_kept(opened) and opened is not target:
                with opened:
                    return call(opened, *args[1:], **{k: v for k, v in kwargs.items() if args or v is not target})
            watch = current()
            if watch is not None:
                watch.effects[f"{SAVES} by {name}"] = None
        args, kwargs = handed_over(args, kwargs)
        result = function(*map(shown, args), **{k: shown(v) for k, v in kwargs.items()})
        if type(result) is not str:
            note_saved(args, kwargs)
        return as_text(result, args, kwargs)

    call.__name__ = name
    call.__doc__ = f"``{module}.{name}``, of what the traced numbers are."
    return call


def _target(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The file or path to which one of them writes, by place or by name."""
    place = int(name == "dump")
    if len(args) > place:
        return args[place]
    return next((kwargs[k] for k in ("fp", "file", "fname") if k in kwargs), None)


#: how they open a path
_MODES = {"savetxt": "w"}


def _ending(path: Any, name: str) -> Any:
    """The path to which NumPy saves: it adds an ending where there is none."""
    ending = {"save": ".npy", "savez": ".npz", "savez_compressed": ".npz"}.get(name, "")
    if local.files is None or not isinstance(path, (str, os.PathLike)) or str(path).endswith(ending):
        return path
    return f"{os.fspath(path)}{ending}"


#: functions that write to a file
_SAVING = frozenset({"dump", "savetxt", "save", "savez", "savez_compressed"})


def note_saved(*values: Any) -> None:
    """Note that traced numbers are in a file, from which they may be read back."""
    for source in traces_in(values, []):
        if source.tape.open and dtype_of(source.value).kind in "fc":
            source.tape.texts.update((A_FILE, repr(np.asarray(source.value).ravel()[:1000].tolist())))


A_FILE = "a file"


def json_loads(text: Any, *args: Any, **kwargs: Any) -> Any:
    """``json.loads``: what was written from traced numbers would be read back without their derivative."""
    if type(text) is Text:
        float(text)  # raises while the trace is open
    look(text)
    args, kwargs = handed_over(args, kwargs)
    return sys.modules["json"].loads(text, *args, **kwargs)


#: what numbers are read of, and classes that are derived from these
TEXTS = (str, bytes, bytearray, collections.UserString)


def look_among(items: Any) -> None:
    """Note whether texts of which NumPy makes numbers (one, or those in a nested list) are those of traced ones."""
    trace = current_trace()
    if trace is None or not trace.texts:
        return
    if isinstance(items, TEXTS):
        read_back(trace, items)
    elif isinstance(items, (list, tuple)):
        for item in items:
            look_among(item)
    elif isinstance(items, np.ndarray) and items.dtype.kind in "USO":
        look_among(items.ravel().tolist())


def look(text: Any) -> Any:
    """A text from which numbers are read: whether a traced one was shown as one of them is noted."""
    trace = current_trace()
    if trace is not None and trace.texts:
        read_back(trace, text)
    return text


def _digest(name: str) -> Callable[..., Any]:
    """A function of ``hashlib`` that takes bytes: those of a traced array are keys of memories."""

    def call(*args: Any, **kwargs: Any) -> Any:
        args = tuple([a.tobytes() if isinstance_traced(a) else a for a in args])
        return getattr(sys.modules["hashlib"], name)(*args, **kwargs)

    call.__name__ = name
    call.__doc__ = f"``hashlib.{name}``."
    return call


#: functions that read a file
_FROM_FILES = frozenset({"load", "loadtxt", "genfromtxt", "fromfile", "memmap"})


def reading(module: str, name: str) -> Callable[..., Any]:
    """A function that reads numbers from a text, a file or a list of lines."""

    def call(*args: Any, **kwargs: Any) -> Any:
        function = getattr(sys.modules[module], name)
        args, kwargs = handed_over(args, kwargs)
        if name in _FROM_FILES or name == "load":
            watch = current()
            if watch is not None:
                watch.effects[READS] = None
            if local.files is not None and (name == "memmap" or kwargs.get("mmap_mode")):
                raise Unmuted(f"it calls {module}.{name}, which maps a file")
            if not args:
                args = tuple(kwargs.pop(k) for k in ("file", "fname", "fp") if k in kwargs)
            args = (*[opened_unwritten(a, "rb" if name == "load" else "r") for a in args[:1]], *args[1:])
            if local.muted is not None and args and isinstance(args[0], io.IOBase) and not is_kept(args[0]):
                raise Unmuted(f"it calls {module}.{name}")
        trace = current_trace()
        if trace is not None and trace.texts and args:
            source = args[0]
            if type(source) is Text and name not in _FROM_FILES:  # there it is a path
                float(source)  # raises while the trace is open
            look(source.getvalue() if hasattr(source, "getvalue") else source)
            if A_FILE in trace.texts and (name in _FROM_FILES or module == "pickle"):
                trace.looked_up = trace.recalled = True
        return function(*args, **kwargs)

    call.__name__ = name
    call.__doc__ = f"``{module}.{name}``."
    return call


def _logged(values: Any) -> None:
    """Note that traced numbers are in a log, which may be read."""
    for source in traces_in(values, []):
        if source.tape.open and dtype_of(source.value).kind in "fc" and np.size(source.value) <= _SHORT:
            source.tape.texts.update(map(repr, np.ravel(np.asarray(source.value)).tolist()))


#: entries of an array of which a log may show all
_SHORT = 100


@functools.cache
def _users_outlets() -> Any:
    return importlib.import_module("gradwise.tracing.standins.users_outlets")


def _logging(name: str, module: str | None = None) -> Callable[..., Any]:
    """The method of loggers, or the function of a module."""

    def call(*args: Any, stacklevel: int = 1, **kwargs: Any) -> None:
        target, args = (args[0], args[1:]) if module is None else (sys.modules[module], args)
        _logged(args)
        watch = current()
        if watch is not None:
            watch.effects[f"it calls logging.{name}"] = None
            logger = _users_outlets().logger_of_users(target)
            if logger is not None and args:
                _users_outlets().log_through(logger, name, args, {"stacklevel": stacklevel, **kwargs})
                return
        # our own frame is one more between the caller and the record
        unless_muted(getattr(target, name))(
            *map(shown, args), stacklevel=stacklevel + 1, **{k: shown(v) for k, v in kwargs.items()}
        )

    call.__name__ = name
    call.__doc__ = f"``Logger.{name}``."
    return call


_LEVELS = ("debug", "info", "warning", "error", "critical", "exception", "log")

STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "json": {
        **{name: _of_text("json", name) for name in ("dumps", "dump")},
        "loads": json_loads,
        "load": reading("json", "load"),
    },
    "ast": {"literal_eval": reading("ast", "literal_eval")},
    "decimal": {"Decimal": reading("decimal", "Decimal")},
    "fractions": {"Fraction": reading("fractions", "Fraction")},
    "hashlib": {
        name: _digest(name)
        for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "blake2b", "blake2s", "new")
    },
    "logging": {name: _logging(name, "logging") for name in _LEVELS},
    "numpy": {
        name: _of_text("numpy", name)
        for name in (
            *("array2string", "array_repr", "array_str", "format_float_positional", "format_float_scientific"),
            *("savetxt", "save", "savez", "savez_compressed"),
        )
    }
    | {name: reading("numpy", name) for name in ("fromstring", *sorted(_FROM_FILES))},
}
METHODS: dict[type, dict[str, Callable[..., Any]]] = {str: {"format": str_format, "join": str_join}}


def _loggers() -> dict[type, dict[str, Callable[..., Any]]]:
    logging = sys.modules["logging"]
    entries = {name: _logging(name) for name in _LEVELS}
    return dict.fromkeys((logging.Logger, logging.RootLogger, logging.LoggerAdapter), entries)


LATE_METHODS: dict[str, Callable[[], dict[type, dict[str, Callable[..., Any]]]]] = {"logging": _loggers}
