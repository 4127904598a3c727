"""Plain calls at points beside leave nothing behind, also where the function goes another way there than it went in its traced run.

What the traced run stored is noted, and put back after each call (``restoring.py``).  Behind a branch that it did not take the function may store something else:

    if loss < self.best: self.best = loss

So the decisions of the run are asked first, by its program at that point.  Where one falls otherwise, the function runs there under the eyes of a journal, which notes what it
stores; that takes as long as a traced run.  Functions that store nothing, or decide nothing, or are proved to store in nothing that outlives the call, are called plainly.
"""

from __future__ import annotations

import dis
import random
import types
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.containers import flatten
from gradwise.containers.labelled import without_labels
from gradwise.execution import build
from gradwise.operators.arguments import stand_in
from gradwise.operators.caches import derived
from gradwise.operators.overtime import tick
from gradwise.operators.restoring import silently
from gradwise.tracing import copy_in_layout
from gradwise.tracing.instrument.journal import kept
from gradwise.tracing.instrument.muting import muted, rewind
from gradwise.tracing.instrument.state import local
from gradwise.tracing.instrument.unwritten import Unmuted
from gradwise.tracing.instrument.userland import is_users_file
from gradwise.tracing.purity import inspect_function

if TYPE_CHECKING:
    from gradwise.operators.arguments import Arguments
    from gradwise.operators.linearization import Linearization


def plain_outputs(arguments: Arguments, leaves: list[Any], state: Any, *, has_aux: bool) -> tuple[list[Any], Any]:
    """The leaves and the structure of what a plain call gives, from that state of NumPy's global generator."""
    np.random.set_state(state)  # noqa: NPY002  the global state is what the user's code may draw from
    tick()
    value = arguments.copied().call([copy_in_layout(v) if isinstance(v, np.ndarray) else v for v in leaves])
    return flatten(without_labels(value[0] if has_aux else value))


def outputs_beside(
    function: Any, linearization: Linearization, arguments: Arguments, state: Any, *, has_aux: bool
) -> Callable[[list[Any]], list[Any]]:
    """A function that gives the leaves of the outputs at points around that of a traced run."""
    args, kwargs = arguments.given()
    decides_otherwise = None
    if stand_in.get() is not None or not _leaves_nothing(function, args, kwargs):
        decides_otherwise = _decisions(linearization, [*args, *kwargs.values()])

    def at(point: list[Any]) -> list[Any]:
        if decides_otherwise is None or local.watch is not None or not decides_otherwise(point):
            return plain_outputs(arguments, point, state, has_aux=has_aux)[0]
        np.random.set_state(state)  # noqa: NPY002  as above
        tick()
        copies = [copy_in_layout(v) if isinstance(v, np.ndarray) else v for v in point]
        try:
            with kept(), muted(None) if local.muted is None else nullcontext():
                rewind()
                value = silently(arguments.copied(), copies, has_aux=has_aux)
        except Unmuted:
            return plain_outputs(arguments, point, state, has_aux=has_aux)[0]
        return flatten(without_labels(value[0] if has_aux else value))[0]

    return at


def _leaves_nothing(function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Whether the code proves, of all its branches, that nothing is left behind: what is stored is stored in what the call made."""
    verdict = inspect_function(function, args, kwargs)
    return verdict.is_pure and not (verdict.is_transient or verdict.remembers or verdict.is_buffered)


def _decisions(linearization: Linearization, given: Sequence[Any]) -> Callable[[list[Any]], bool] | None:
    """Whether a decision of the run falls otherwise at a point; None where it makes no difference to what is left behind."""
    tape = linearization.recording.tape
    guards = [
        (i, value) for i, kind, value, _ in tape.guards if kind != "shift"
    ]  # a number that cancels is no decision
    if not guards or not _may_store(tape.ran, given):
        return None
    program = linearization.program
    ends = [i for i, _ in guards]
    expected = [value for _, value in guards]

    def make() -> tuple[Any, int]:
        made = build(program.equations, program.types, ends, (*program.inputs, *program.captured))
        return made, len(program.equations)

    asking = derived(("decisions", linearization.fingerprint), make)

    def otherwise(point: list[Any]) -> bool:
        env: list[Any] = [None] * len(program.types)
        for variable, value in zip(program.inputs, point, strict=True):
            env[variable] = value
        for variable in program.captured:
            env[variable] = tape.values[variable]
        try:
            with np.errstate(all="ignore"):
                found = asking.run(env)
        except Exception:  # noqa: BLE001  what cannot be computed there may raise in the function too
            return True
        return not all(map(np.array_equal, found, expected))

    return otherwise


#: instructions that store something that may outlive a call; the entries of lists and arrays are most often those of buffers
_STORING = frozenset(
    {
        *("STORE_ATTR", "DELETE_ATTR", "STORE_GLOBAL", "DELETE_GLOBAL", "STORE_DEREF", "DELETE_DEREF"),
        *("STORE_SUBSCR", "STORE_SLICE", "DELETE_SUBSCR"),
    }
)
#: methods that change what they are asked of
_CHANGING = frozenset(
    """add append appendleft clear discard extend extendleft fill insert move_to_end pop popitem popleft remove resize reverse rotate set setdefault setflags setfield sort
    subtract update put write writelines send heappush heappop copyto putmask place setattr delattr __setitem__ __setattr__ __dict__ vars itemset at difference_update
    intersection_update symmetric_difference_update partition shuffle exec eval""".split()  # noqa: SIM905  a table of names
)
#: methods by which generators of random numbers change, and loggers write
_DRAWING = frozenset(
    [name for cls in (np.random.Generator, np.random.RandomState, random.Random) for name in dir(cls) if name[0] != "_"]
) | {"debug", "info", "warning", "error", "critical", "exception"}
_AROUND = (types.MethodType, classmethod, staticmethod)
_stores: dict[int, tuple[weakref.ref[types.CodeType], bool]] = {}


def _may_store(watch: Any, given: Sequence[Any]) -> bool:
    """Whether a function that a run entered, or one that it names, may store something: methods are found by their names at objects that are ``given`` or named."""
    if watch is None:  # what it entered is not known any more
        return True
    pending = [entered for entered, _ in list(watch.twins.values()) if type(entered) is types.FunctionType]
    classes = {*watch.classes, *map(type, given)}
    named: set[str] = set()
    seen: set[int] = set()
    while pending:
        function = pending.pop()
        if id(function.__code__) in seen:
            continue
        seen.add(id(function.__code__))
        if _code_stores(function.__code__):
            return True
        names = set(_names_in(function.__code__))
        values = [function.__globals__.get(name) for name in names]
        for cell in function.__closure__ or ():
            with suppress(ValueError):  # without a value yet
                values.append(cell.cell_contents)
        more = set(map(type, values)) - classes
        classes |= more
        # of what is named here all classes are asked, and of classes that are new here all names
        values += [value for cls in classes for value in _methods(cls, names - named)]
        values += [value for cls in more for value in _methods(cls, named | names)]
        named |= names
        for value in values:
            # others are not asked for a function behind them: they may raise
            behind: Any = value.__func__ if issubclass(type(value), _AROUND) else value  # type: ignore[union-attr]
            if type(behind) is types.FunctionType and is_users_file(behind.__code__.co_filename):
                pending.append(behind)
    return False


def _methods(cls: type, names: Iterable[str]) -> Iterator[Any]:
    """What functions of the user's run behind these names of an object."""
    if cls.__module__ not in _LIBRARIES:
        for base in cls.__mro__:
            for name in vars(base).keys() & set(names):
                value = vars(base)[name]
                yield value.fget if isinstance(value, property) else value


#: modules whose classes are no user's
_LIBRARIES = frozenset({"builtins", "numpy", "types", "functools", "collections"})


def _names_in(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names_in(constant)


def _code_stores(code: types.CodeType) -> bool:
    known = _stores.get(id(code))
    if known is None or known[0]() is not code:
        if len(_stores) > 4096:
            _stores.clear()
        answer = not (_CHANGING | _DRAWING).isdisjoint(code.co_names) or any(
            i.opname in _STORING or (i.opname == "BINARY_OP" and i.argrepr.endswith("="))
            for i in dis.get_instructions(code)
        )
        answer = answer or any(_code_stores(c) for c in code.co_consts if isinstance(c, types.CodeType))
        known = _stores[id(code)] = weakref.ref(code), answer
    return known[1]
