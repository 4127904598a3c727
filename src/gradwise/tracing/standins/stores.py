"""Where programs put what they computed and ask for it again: databases, pickles.

They get the plain numbers.  What a database answers to a question in which there is a traced number may depend on it, and has no derivative: the function is looked at more closely at the end of the run.
"""

from __future__ import annotations

import functools
import io
import sys
from typing import TYPE_CHECKING, Any

from gradwise.tracing.holders import HOLDERS
from gradwise.tracing.instrument.effects import ASKS, SAVES
from gradwise.tracing.instrument.muting import unless_muted
from gradwise.tracing.instrument.state import current, local
from gradwise.tracing.instrument.unwritten import Unmuted
from gradwise.tracing.standins.recording import open_traces
from gradwise.tracing.standins.text import A_FILE, note_saved, reading, shown, traces_in
from gradwise.tracing.text import Text, read_back
from gradwise.tracing.traced import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradwise.tracing.trace import Trace

# --- databases ----------------------------------------------------------------------------------------------------------------------

#: with what a question begins that changes nothing
_QUESTIONS = ("select", "values", "pragma", "explain")


def _is_question(statement: Any) -> bool:
    return isinstance(statement, str) and statement.lstrip().lower().startswith(_QUESTIONS)


def _executing(name: str) -> Callable[..., Any]:
    """The method of connections and cursors: statements with plain numbers."""

    def call(self: Any, statement: Any, *parameters: Any) -> Any:
        watch = current()
        if watch is not None:
            asks = name == "execute" and _is_question(statement)
            if not asks and local.muted is not None:
                raise Unmuted("it writes to a database")
            watch.effects[ASKS if asks else "it writes to a database"] = None
            if name == "executemany" and parameters:
                parameters = (list(parameters[0]), *parameters[1:])
            if asks:
                told = A_FILE in watch.trace.texts  # it may answer what this run told it
                if told or _concerns(parameters) or _quotes(watch.trace, (statement, parameters)):
                    watch.trace.asked += 1
            else:
                note_saved(parameters)
            parameters = tuple(map(shown, parameters))
        return getattr(self, name)(statement, *parameters)

    call.__name__ = name
    call.__doc__ = f"``{name}`` of a connection or cursor."
    return call


def _concerns(value: Any) -> bool:
    """Whether there is a traced number, or the text of one, among the parameters of a question."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return any(map(_concerns, value))
    return bool(open_traces(traces_in(value, []))) or (type(value) is Text and value.trace() is not None)


def _quotes(trace: Trace, value: Any) -> bool:
    """Whether a number is written in a question that a traced one was shown as."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return any([_quotes(trace, v) for v in value])
    if not isinstance(value, str):
        return False
    before, trace.recalled = trace.recalled, False
    read_back(trace, value)
    found, trace.recalled = trace.recalled, before
    return found


def _fetching(name: str) -> Callable[..., Any]:
    """The method of cursors that gives rows, which changes nothing but the cursor."""

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        rows = getattr(self, name)(*args, **kwargs)
        watch = current()
        if not rows and watch is not None and watch.trace.asked:
            watch.trace.asked -= 1  # a question without an answer: nothing was kept
        return rows

    call.__name__ = name
    call.__doc__ = f"``Cursor.{name}``."
    return call


def _databases() -> dict[type, dict[str, Callable[..., Any]]]:
    sqlite3 = sys.modules["sqlite3"]
    entries = {name: _executing(name) for name in ("execute", "executemany", "executescript")}
    fetching = {name: _fetching(name) for name in ("fetchone", "fetchmany", "fetchall")}
    return {sqlite3.Connection: entries, sqlite3.Cursor: entries | fetching}


# --- pickles ------------------------------------------------------------------------------------------------------------------------


@functools.cache
def _pickler() -> Any:
    """A pickler for which traced values are the plain ones."""
    pickle: Any = sys.modules["pickle"]

    class Plainly(pickle.Pickler):
        def reducer_override(self, obj: Any) -> Any:
            if isinstance_traced(obj) or type(obj) in HOLDERS:
                note_saved(obj)
                plain = shown(obj)
                return (type(plain), (plain,)) if type(plain) in _OWN else plain.__reduce_ex__(2)
            return NotImplemented

    return Plainly


#: types that a pickler knows by itself
_OWN = (float, complex, int, bool)


def dump(obj: Any, file: Any, protocol: Any = None, *, fix_imports: bool = True, buffer_callback: Any = None) -> None:
    """``pickle.dump``."""
    watch = current()
    if watch is not None:
        watch.effects[f"{SAVES} by pickle.dump"] = None
    pickler = _pickler()(file, protocol, fix_imports=fix_imports, buffer_callback=buffer_callback)
    unless_muted(pickler.dump, file)(obj)


def dumps(obj: Any, protocol: Any = None, *, fix_imports: bool = True, buffer_callback: Any = None) -> bytes:
    """``pickle.dumps``."""
    file = io.BytesIO()
    _pickler()(file, protocol, fix_imports=fix_imports, buffer_callback=buffer_callback).dump(obj)
    return file.getvalue()


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "pickle": {"dump": dump, "dumps": dumps, "load": reading("pickle", "load"), "loads": reading("pickle", "loads")}
}
LATE_METHODS: dict[str, Callable[[], dict[type, dict[str, Callable[..., Any]]]]] = {"sqlite3": _databases}
