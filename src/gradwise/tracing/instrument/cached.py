"""Functions under ``lru_cache`` in a traced run, which has memories of its own: what earlier calls left there has the right values and no derivative.

A recursion that counts on its memory takes exponentially long without one, so the run remembers what Python would: the same size, the same
keys. Only a traced argument is met again by identity, not by its value: two numbers that are equal here have derivatives of their own.

What can be changed is another matter: a table that a function makes once, keeps under ``lru_cache`` and adds to at each call is a state, like one in a dictionary.  Where such a result was computed from nothing traced, it is what the user's
memory keeps (``kept_results.py``); so is the result of a body that does something else than compute (draws, counts, prints), which a plain call runs once.
"""

from __future__ import annotations

import functools
import types
from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.containers import own_entries
from gradwise.tracing.conversions import is_constant
from gradwise.tracing.holders import HOLDERS, STANDING
from gradwise.tracing.instrument.asked_later import (
    EMPTIED,
    is_emptied,
    is_look,
    is_within_body,
    made_now,
    note_ask,
    told,
    will_know,
    within_body,
)
from gradwise.tracing.instrument.atoms import ATOMS
from gradwise.tracing.instrument.meeting import meets
from gradwise.tracing.instrument.objects import unwrapped
from gradwise.tracing.instrument.state import local
from gradwise.tracing.instrument.survey import Survey
from gradwise.tracing.instrument.within import holds_traced
from gradwise.tracing.purity import inspect_function
from gradwise.tracing.purity.asked_memories import (
    UNKNOWN,
    Asked,
    AskedMemories,
    is_kept,
    kept_under,
    memory_behind,
    moves,
)
from gradwise.tracing.text import Text
from gradwise.tracing.traced import TracedScalar, isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradwise.tracing.instrument.state import Watch


class _Given:
    """An argument that is met again by identity."""

    __slots__ = ("key", "value")

    def __init__(self, value: Any) -> None:
        self.value = value
        self.key = _identity(value)

    def __eq__(self, other: object) -> bool:
        return type(other) is _Given and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


def _identity(value: Any) -> Any:
    """Of a tuple that holds traced values, each by itself: the tuple is made anew at each call."""
    if type(value) is tuple:
        return tuple(map(_identity, value))
    return (value,) if _is_told_by_value(value) else id(value)


_ATOMS = frozenset({int, str, float, bool, type(None)})


def _is_told_by_value(value: Any) -> bool:
    return type(value) in _ATOMS or not (holds_traced(value) or _has_traced_attributes(value))


def _has_traced_attributes(value: Any, depth: int = 3) -> bool:
    """Whether an object has attributes to which the run assigned traced values, or holds such objects: equal ones may differ in derivatives."""
    overlay = local.watch.overlay if local.watch is not None else None
    if not overlay or getattr(type(value), "__eq__", None) is object.__eq__:
        return False
    parts = value if isinstance(value, (tuple, frozenset)) else list((own_entries(value) or {}).values())
    return id(value) in overlay or (depth > 0 and any(_has_traced_attributes(part, depth - 1) for part in parts))


class _Told:
    """An object of the user's that is an argument: its class is asked for its hash once, since it may count that."""

    __slots__ = ("hash", "value")

    def __init__(self, value: Any) -> None:
        self.value = value
        self.hash = hash(value)

    def __eq__(self, other: object) -> bool:
        return type(other) is _Told and (self.value is other.value or bool(self.value == other.value))

    def __hash__(self) -> int:
        return self.hash


def _given(value: Any) -> Any:
    return value.value if type(value) in (_Given, _Told) else value


def _as_key(value: Any) -> Any:
    return _Told(value) if type(getattr(type(value), "__hash__", None)) is types.FunctionType else value


def memory_of_run(watch: Watch, callee: Any, resolve: Callable[[Any], Any]) -> Any:
    """What a run calls in place of a function under ``lru_cache``."""
    entry = watch.memos.get(id(callee))
    if entry is None:
        ways = None if _is_made_in(watch, callee) else dict[Any, bool]()
        entry = watch.memos[id(callee)] = (callee, _memory(callee, resolve), ways)
    _, memory, ways = entry
    behind = memory_behind(callee)

    def call(*args: Any, **kwargs: Any) -> Any:
        notes: AskedMemories | None = local.asked_memories
        if ways is None or not (all(map(_is_told_by_value, args)) and all(map(_is_told_by_value, kwargs.values()))):
            plain = tuple(map(unwrapped, args)), {k: unwrapped(v) for k, v in kwargs.items()}
            given = _computed(
                watch,
                memory,
                [] if ways is None else [behind, *plain],
                [a if _is_told_by_value(a) else _Given(a) for a in args],
                {k: v if _is_told_by_value(v) else _Given(v) for k, v in kwargs.items()},
            )
            if notes is not None and ways is not None and _is_changeable(given):
                notes.append(Asked(callee, args, kwargs))
            if ways is not None:
                note_ask(watch, behind, *plain)
            return given
        plain_args, plain_kwargs = args, kwargs
        args, kwargs = tuple(map(_as_key, args)), {k: _as_key(v) for k, v in kwargs.items()}
        key = (args, *kwargs.items()) if kwargs else args
        if key not in ways:  # whether the user's memory is asked
            proved = notes is not None and notes.of_proved  # then it only computes
            is_state = not proved and _is_state(watch, callee, plain_args, plain_kwargs)
            known = [behind, plain_args, plain_kwargs]
            made: Any = [] if is_state else _computed(watch, memory, known, args, kwargs)
            ways[key] = _is_changeable(made) and (notes is not None or not _depends(made))
            if not ways[key]:
                note_ask(watch, behind, plain_args, plain_kwargs)
                return made
            if notes is not None:
                notes.append(Asked(callee, plain_args, plain_kwargs))
                notes[-1].is_known &= not moves(made)
                if proved and not notes[-1].is_known:  # there will be no program
                    ways[key] = False
                    return made
                kept_now = _asked(watch, behind, plain_args, plain_kwargs, memory)
                notes[-1].gave(kept_now)
                return _shown(watch, kept_now)
            del made
        if not ways[key]:
            note_ask(watch, behind, plain_args, plain_kwargs)
            return memory(*args, **kwargs)
        return _shown(watch, _asked(watch, behind, plain_args, plain_kwargs, memory))

    return call


def _computed(watch: Watch, memory: Any, known: list[Any], args: Any, kwargs: Any) -> Any:
    """What the body gives in the run; where the user's memory knows that, a plain call does not run it, so that what it does besides is left undone."""
    if known and not only_computes(known[0].__wrapped__) and will_know(watch, *known):
        before = Survey([known[0].__wrapped__, *args]).noted()
        try:
            return memory(*args, **kwargs)
        finally:
            before.restore_changed()
    return memory(*args, **kwargs)


def _asked(watch: Watch, callee: Any, args: Any, kwargs: Any, memory: Any) -> Any:
    """What the user's memory gives, as for a plain call; to a run that only looks what it keeps, or what that of the run does."""
    if is_look() or is_within_body():
        kept = kept_under(callee, args, kwargs)
        note_ask(watch, callee, args, kwargs)
        return memory(*args, **kwargs) if kept is UNKNOWN else kept
    kept = kept_under(callee, args, kwargs)
    if kept is not UNKNOWN and not is_emptied(watch, callee):
        note_ask(watch, callee, args, kwargs)
        return kept
    before = callee.cache_info()
    value = made_now(watch, callee, args, kwargs, only_computes)
    if before.currsize == before.maxsize and callee.cache_info().misses > before.misses:
        watch.effects["it asks a memory that is full, and forgets what it kept"] = None
    return value


def _is_state(watch: Watch, callee: Any, args: Any, kwargs: Any) -> bool:
    """Whether what a memory gives is surely what it keeps: the body does more than compute, and meets nothing traced.

    A run of plain numbers, or a silent one, only looks: where the memory does not know the key, it runs the body itself, and what that does is left undone.
    """
    if _may_see_traced(watch, callee, [*args, *kwargs.values()]) or only_computes(callee.__wrapped__):
        return False
    return (local.muted is None and _moves(watch)) or is_kept(callee, args, kwargs)


def _moves(watch: Watch | None) -> bool:
    """Whether something is differentiated in a run, or in one around it."""
    while watch is not None:
        if watch.trace.inputs:
            return True
        watch = watch.outer
    return False


def _is_made_in(watch: Watch, callee: Any) -> bool:
    """Whether a function under ``lru_cache`` was made during the run, as far as can be seen: nobody asked it yet, and its code is a part of a function that the run entered."""
    code = getattr(callee.__wrapped__, "__code__", None)
    counted = callee.cache_info()
    if code is None or counted.hits + counted.misses or "<locals>" not in code.co_qualname:
        return False
    entered = [function.__code__ for function, _ in list(watch.twins.values()) if type(function) is types.FunctionType]
    seen: set[int] = set()
    while entered:
        inner = [c for c in entered.pop().co_consts if type(c) is types.CodeType and id(c) not in seen]
        if any(c is code for c in inner):
            return True
        seen.update(map(id, inner))
        entered += inner
    return False


def only_computes(function: Any) -> bool:
    """Whether the code of a function proves that it does nothing but compute, so that it may run where a plain call does not run it."""
    return bool(inspect_function(function).only_computes)


def _may_see_traced(watch: Watch, callee: Any, given: list[Any]) -> bool:
    """Whether the body of a function may meet traced values that are no arguments themselves: where the run stored some, or its closure holds one."""
    if _holds_traced_in_cells(callee.__wrapped__):
        return True
    run: Watch | None = watch
    while run is not None:
        notes = (run.overlay, run.cells, run.names, run.revealed, run.stored, run.tails, run.created)
        if any(notes) or any(type(v) is not np.ndarray for v in run.touched.values()):
            return meets(watch, [callee.__wrapped__, *given])
        run = run.outer
    return False


def _holds_traced_in_cells(function: Any, depth: int = 4) -> bool:
    if type(function) is not types.FunctionType or depth == 0:
        return type(function) is types.FunctionType
    for cell in function.__closure__ or ():
        try:
            held = cell.cell_contents
        except ValueError:  # not assigned yet
            continue
        if held is not function and (holds_traced(held) or _holds_traced_in_cells(held, depth - 1)):
            return True
    return any(map(holds_traced, function.__defaults__ or ()))


def _depends(value: Any, depth: int = 6) -> bool:
    """Whether a result, or what it holds, depends on what is differentiated: a buffer into which only constants were written does not."""
    cls = type(value)
    if cls in ATOMS or (cls is np.ndarray and value.dtype.kind != "O"):
        return False
    if isinstance_traced(value):
        return not is_constant(value)
    if cls is Text or cls in STANDING or depth == 0:
        return True
    overlay = local.watch.overlay.get(id(value), (None, {}))[1] if local.watch is not None else {}
    parts: list[Any] = [*overlay.values()]
    if isinstance(value, dict):
        parts += dict.values(value)
    elif isinstance(value, (list, tuple, set, frozenset, deque)):
        parts += list(value)
    elif cls in HOLDERS:
        parts += value.__parts__()
    elif cls is np.ndarray:
        parts += value.flat
    return any(_depends(part, depth - 1) for part in (*parts, *(own_entries(value) or {}).values()))


def _is_changeable(value: Any) -> bool:
    """Whether something may be written to what a memory keeps, or to what that holds."""
    cls = type(value)
    if (
        cls is TracedScalar
        or cls in ATOMS
        or issubclass(cls, (np.generic, type, types.FunctionType, types.BuiltinFunctionType, types.ModuleType))
    ):
        return False
    if cls is np.ndarray:
        return bool(value.flags.writeable)
    if cls is tuple or cls is frozenset:
        return any(map(_is_changeable, value))
    return True


def _shown(watch: Watch, value: Any) -> Any:
    """What stands in the run for what a memory keeps (``sharing.py``)."""
    run: Watch | None = watch
    while run is not None:
        for standing, original in run.originals.values():
            if original is value:
                return standing
        run = run.outer
    return value


def _memory(callee: Any, resolve: Callable[[Any], Any]) -> Any:
    @functools.lru_cache(**callee.cache_parameters())
    def memory(*args: Any, **kwargs: Any) -> Any:
        with within_body():  # what it asks itself is asked where it runs for the user's memory
            return resolve(callee.__wrapped__)(*map(_given, args), **{k: _given(v) for k, v in kwargs.items()})

    return memory


def of_memory(watch: Watch, method: Any) -> Any:
    """``f.cache_clear`` and ``f.cache_info`` in a run: what they would do and say where a plain call would have come as far."""
    memory = method.__self__
    entry = watch.memos.get(id(memory))
    if entry is not None and entry[2] is None:  # made in the run
        return getattr(entry[1], method.__name__)
    behind = memory_behind(memory)

    def call() -> Any:
        if method.__name__ == "cache_info":
            return told(watch, behind)
        if entry is not None:
            entry[1].cache_clear()
            entry[2].clear()
        note_ask(watch, behind, EMPTIED, None)
        return None

    return call if method.__name__ in ("cache_info", "cache_clear") else method
