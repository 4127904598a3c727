"""Callbacks of which the code proves that they are functions of what they are given: they run plainly, and are traced once.

    plain_callback_of : (f, values) → f as it is called without a trace, or None          formula_of : (f, values) → Formula or None

An algorithm that calls the user's function a thousand times need not watch it a thousand times.  What ``purity/`` proves of its bytecode (it writes to nothing that was there before, and its result depends on nothing but
its arguments and data that nobody changes meanwhile) says two things.  The algorithm may run on the function itself, with plain values where the run put traced ones: same numbers, nothing left behind.  And one traced
call gives a program that stands for the others, while its guards hold; who uses it asks them at every point.

Where nothing is proved, or the function handles errors (an operation that failed would be missing in the program), the callback is watched at each call, as ever.
"""

from __future__ import annotations

import functools
import opcode
import types
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.errors import GradwiseError, TracingError
from gradwise.tracing.instrument.state import local
from gradwise.tracing.purity import inspect_function
from gradwise.tracing.purity.objects import copied, entries_of, is_open
from gradwise.tracing.purity.scope import Expected, Node, is_written_in_python
from gradwise.tracing.rebuilding import LiveGlobals
from gradwise.tracing.run import Recording, record
from gradwise.tracing.traced import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

#: what is looked through for traced values, in all
_MANY = 2000
_HANDLES_ERRORS = opcode.opmap["PUSH_EXC_INFO"]


class TooMuchError(Exception):
    """More is within reach of a callback than is looked through."""


class _Search:
    """From which functions, containers and objects traced values can be reached."""

    def __init__(self) -> None:
        self.seen: dict[int, Any] = {}
        self.holders: dict[int, list[int]] = {}
        self.reached: list[int] = []

    def look(self, root: Any) -> set[int]:
        pending = [root]
        while pending:
            value = pending.pop()
            if id(value) in self.seen:
                continue
            self.seen[id(value)] = value
            if len(self.seen) > _MANY:
                raise TooMuchError
            if isinstance_traced(value):
                self.reached.append(id(value))
                continue
            if _has_live_globals(value):
                self.reached.append(id(value))
            for inner in _inside(value):
                if type(inner) not in _ATOMS:
                    self.holders.setdefault(id(inner), []).append(id(value))
                    pending.append(inner)
        found: set[int] = set()
        spread = list(self.reached)
        while spread:
            key = spread.pop()
            if key not in found:
                found.add(key)
                spread.extend(self.holders.get(key, ()))
        return found


_ATOMS = frozenset({float, int, bool, str, bytes, complex, type(None), np.ndarray, np.float64, types.ModuleType, type})


def _cells(function: types.FunctionType) -> Iterator[Any]:
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # not assigned yet
            continue


def _has_live_globals(value: Any) -> bool:
    """Whether a value is a function of the run for a program, which finds traced values among its globals (``tracing/purity/twins.py``)."""
    return type(value) is types.FunctionType and type(value.__globals__) is LiveGlobals and local.lasting


def _live_globals(function: types.FunctionType) -> dict[str, Any]:
    """What such a function, and those that it makes, find there."""
    if not _has_live_globals(function):
        return {}
    names = {n for code in (function.__code__, *_inner_codes(function.__code__)) for n in code.co_names}
    return {n: function.__globals__[n] for n in names if n in function.__globals__}


def _inside(value: Any) -> list[Any]:
    cls = type(value)
    if cls is list or cls is tuple:
        if len(value) > _MANY:
            raise TooMuchError
        return list(value)
    if cls is dict:
        if len(value) > _MANY:
            raise TooMuchError
        return list(value.values())
    if cls is types.FunctionType:
        if not is_written_in_python(value):
            return []
        settings = (*(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values(), *value.__dict__.values())
        return [*_cells(value), *settings, *_live_globals(value).values()]
    if cls is types.MethodType:
        return [value.__func__, value.__self__]
    if cls is functools.partial:
        return [value.func, *value.args, *value.keywords.values()]
    if isinstance(value, type) or not is_open(value):
        return []
    return list((entries_of(value) or {}).values())


class _Twins:
    """Copies with plain values in the place of traced ones, of what traced values can be reached from; all else is itself."""

    def __init__(self, reached: set[int]) -> None:
        self.reached = reached
        self.made: dict[int, Any] = {}

    def of(self, value: Any) -> Any:
        if id(value) not in self.reached:
            return value
        if isinstance_traced(value):
            now = value.current()
            return now.copy() if type(now) is np.ndarray else now
        known = self.made.get(id(value))
        return self._make(value) if known is None else known

    def _make(self, value: Any) -> Any:
        cls = type(value)
        twin: Any
        if cls is tuple:
            twin = self.made[id(value)] = tuple([self.of(v) for v in value])
        elif cls is list:
            twin = self.made[id(value)] = []
            twin.extend([self.of(v) for v in value])
        elif cls is dict:
            twin = self.made[id(value)] = {}
            twin.update({k: self.of(v) for k, v in value.items()})
        elif cls is types.FunctionType:
            twin = self._function(value)
        elif cls is types.MethodType:
            twin = self.made[id(value)] = types.MethodType(self.of(value.__func__), self.of(value.__self__))
        elif cls is functools.partial:
            named = {k: self.of(v) for k, v in value.keywords.items()}
            twin = self.made[id(value)] = functools.partial(self.of(value.func), *map(self.of, value.args), **named)
        else:
            twin = self.made[id(value)] = copied(value)
            entries = object.__getattribute__(twin, "__dict__")
            for name, inner in list(entries.items()):
                entries[name] = self.of(inner)
        return twin

    def _function(self, f: types.FunctionType) -> Any:
        cells = tuple([types.CellType() for _ in f.__closure__ or ()])
        globals_ = f.__globals__
        if _has_live_globals(f):
            globals_ = dict(globals_.behind)  # type: ignore[attr-defined]  # they are live ones
        twin = types.FunctionType(f.__code__, globals_, f.__name__, None, cells or None)
        self.made[id(f)] = twin
        globals_.update({n: self.of(v) for n, v in _live_globals(f).items()})
        twin.__qualname__, twin.__module__ = f.__qualname__, f.__module__
        twin.__defaults__ = None if f.__defaults__ is None else tuple([self.of(v) for v in f.__defaults__])
        if f.__kwdefaults__ is not None:
            twin.__kwdefaults__ = {k: self.of(v) for k, v in f.__kwdefaults__.items()}
        twin.__dict__.update({k: self.of(v) for k, v in f.__dict__.items()})
        for cell, real in zip(cells, f.__closure__ or (), strict=True):
            try:
                cell.cell_contents = self.of(real.cell_contents)
            except ValueError:  # not assigned yet
                continue
        return twin


def _handles_errors(node: Node) -> bool:
    """Whether the code of a function, or of one that it calls, has a handler of errors."""
    seen: set[int] = set()
    pending: list[Any] = [node]
    while pending:
        found = pending.pop()
        if id(found) in seen:
            continue
        seen.add(id(found))
        if isinstance(found, Node):
            if _HANDLES_ERRORS in found.code.co_code[::2]:
                return True
            pending.extend((found.receiver, *(found.arguments or {}).values(), found.reads))
        elif isinstance(found, Expected):
            pending.extend((*found.nodes, found.reads))
        elif found is not None:
            pending.extend((*found.names.values(), *found.cells.values(), *found.imports.values(), *found.members.values()))  # fmt: skip
    return any(_HANDLES_ERRORS in c.co_code[::2] for c in _inner_codes(node.code))


def _inner_codes(code: types.CodeType) -> Iterator[types.CodeType]:
    for constant in code.co_consts:
        if type(constant) is types.CodeType:
            yield constant
            yield from _inner_codes(constant)


class Plain:
    """Callbacks and their further arguments without traced values.

    Attributes
    ----------
    functions : list
        The callbacks as they are called without a trace.
    args : tuple
        The further arguments, plain.
    reaches : bool
        Whether traced values are within their reach.
    """

    def __init__(self, functions: list[Any], args: tuple[Any, ...], *, reaches: bool) -> None:
        self.functions = functions
        self.args = args
        self.reaches = reaches


def plain_callbacks(
    functions: Sequence[Any], samples: Sequence[tuple[Any, ...]], args: tuple[Any, ...]
) -> Plain | None:
    """The callbacks (None where there is none) with plain values for the traced ones; None unless all are proved pure for arguments like the samples, followed by ``args``."""
    watch = local.watch
    if watch is None or watch.trace.forgetful:
        return None
    everything = [*functions, args]
    try:
        reached = _Search().look(everything)
    except TooMuchError:
        return None
    twins = _Twins(reached)
    try:
        found = [twins.of(f) for f in functions]
        further = twins.of(args)
    except (TypeError, AttributeError, RecursionError):  # an object that cannot be copied
        return None
    for function, sample in zip(found, samples, strict=True):
        if function is None:
            continue
        verdict = inspect_function(function, (*sample, *further), {})
        if not verdict.is_pure or verdict.node is None or _handles_errors(verdict.node):
            return None
    return Plain(found, further, reaches=bool(reached))


class Formula:
    """One traced call of a function that is proved pure.

    Attributes
    ----------
    recording : Recording
    handles : dict
        By captured variable, the values of enclosing traces that the function read.
    by_math : int
        How many operations the functions of ``math`` recorded.
    """

    def __init__(self, recording: Recording, by_math: int = 0) -> None:
        self.recording = recording
        self.by_math = by_math
        self.handles = recording.tape.handles

    @property
    def moves(self) -> bool:
        """Whether its value depends on values of an enclosing trace."""
        tape, active = self.recording.tape, set(self.handles)
        ops, k = tape.ops, 0
        for out in tape.outs:
            end = k + 3 + ops[k + 2]
            if any(i in active for i in ops[k + 3 : end]):
                active.update(out if type(out) is tuple else (out,))
            k = end
        return any(o in active for o in self.recording.outputs)

    @property
    def value(self) -> Any:
        """What it gives where it was recorded."""
        return self.recording.tape.values[self.recording.outputs[0]]

    @property
    def traces(self) -> list[Any]:
        """The enclosing traces whose values it read."""
        return list(dict.fromkeys([v.tape for v in self.handles.values()]))

    def operands(self) -> list[Any]:
        """What it read, in order: values of enclosing traces, and plain ones."""
        return self.recording.tape.captured_values()

    def plain_operands(self) -> list[Any]:
        """The same, all of them plain."""
        tape = self.recording.tape
        return [tape.values[i] for i in tape.captured]


def formula_of(
    function: Callable[..., Any], values: Sequence[Any], borrow: Callable[[TracingError], bool] | None = None
) -> Formula | None:
    """The program of ``function(*values)``, recorded with all the values traced; None if the run did what a program does not show.

    ``borrow`` is told of a run that failed, and says whether another one may go well (``operators/borrowing.py``).
    """
    before = local.by_math
    try:
        with np.errstate(all="ignore"):
            recording = record(function, list(values), (True,) * len(values), lambda leaves: function(*leaves))
    except (GradwiseError, ArithmeticError, TypeError, ValueError, AttributeError) as error:
        if borrow is not None and isinstance(error, TracingError) and borrow(error):
            return formula_of(function, values, borrow)
        return None  # watched at each call, it says what is the matter
    tape = recording.tape
    if tape.looked_up or tape.texts or tape.recalled or len(recording.outputs) != 1:
        return None
    values_now = tape.values
    for out in recording.outputs:
        if np.asarray(values_now[out] if values_now[out] is not None else recording.values[0]).dtype.kind != "f":
            return None
    for k in range(len(values)):
        if tape.inputs[k] != k:  # it wrote to an argument
            return None
    return Formula(recording, local.by_math - before)
