"""The closure cells that a function assigns."""

from __future__ import annotations

import dis
import inspect
import types
import weakref
from typing import TYPE_CHECKING, Any

from gradwise.tracing.instrument.taking import making

if TYPE_CHECKING:
    from gradwise.tracing.instrument.state import Watch

_writers: dict[int, tuple[weakref.ref[types.CodeType], tuple[str, ...]]] = {}


def note_cells(watch: Watch, code: types.CodeType, cells: dict[str, Any]) -> None:
    """Note the closure cells that a function assigns."""
    if not cells:
        return
    known = _writers.get(id(code))
    if known is None or known[0]() is not code:
        stored = {i.argval for i in dis.get_instructions(code) if i.opname == "STORE_DEREF"}
        if len(_writers) > 4096:
            _writers.clear()
        known = _writers[id(code)] = (weakref.ref(code), tuple(n for n in code.co_freevars if n in stored))
    for name in known[1]:
        watch.cells[id(cells[name])] = cells[name]


def with_code(watch: Watch, function: Any, new: types.CodeType) -> Any:
    """A function of instrumented code beside another one, on its globals, cells and defaults."""
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    made = types.FunctionType(
        new,
        function.__globals__,
        function.__name__,
        function.__defaults__,
        tuple([cells[n] for n in new.co_freevars]) or None,
    )
    made.__kwdefaults__ = function.__kwdefaults__
    if function.__dict__:
        made.__dict__.update(function.__dict__)
    note_cells(watch, new, cells)
    return making(made) if new.co_flags & inspect.CO_GENERATOR else made
