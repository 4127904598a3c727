"""Running a function under a trace.

trace : (f : x → y, x)  →  Recording (Program, captured values, the values that the run kept)
"""

from __future__ import annotations

import functools
import types
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.containers import flatten
from gradwise.containers.labelled import without_labels
from gradwise.errors import GradwiseError, OutputError, TracingError
from gradwise.program import Program, collector_paused
from gradwise.tracing.blame import CONFUSED, blame_the_trace
from gradwise.tracing.holders import HOLDERS, KINDS, STANDING
from gradwise.tracing.instrument.asked_later import ended
from gradwise.tracing.instrument.doing import does
from gradwise.tracing.instrument.effects import SAVES, entered_functions, obstacle, outlives
from gradwise.tracing.instrument.ending import sweep
from gradwise.tracing.instrument.failed_writes import told, told_inside
from gradwise.tracing.instrument.sharing import called
from gradwise.tracing.instrument.state import entered, left, local
from gradwise.tracing.layout import copy_in_layout
from gradwise.tracing.places import HOOKS
from gradwise.tracing.text import notice
from gradwise.tracing.trace import COPY_BYTES, Trace
from gradwise.tracing.traced import Traced, TracedArray, TracedScalar, isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Recording:
    """What one traced run of a function left.

    Attributes
    ----------
    tape : Trace
    outputs : tuple of int
        The variables of the output's leaves.
    values : list
        Their concrete values.
    structure : TreeDef
        The container of the output.
    auxiliary : object
        What a function with ``has_aux`` returned beside its value, as plain values.
    """

    __slots__ = (
        "_program",
        "auxiliary",
        "auxiliary_outputs",
        "auxiliary_structure",
        "labels",
        "name",
        "outputs",
        "structure",
        "tape",
        "values",
    )

    def __init__(self, trace: Trace, name: str) -> None:
        self.tape = trace
        self.name = name
        self.outputs: tuple[int, ...] = ()
        self.values: list[Any] = []
        self.structure: Any = None
        self.auxiliary: Any = None
        self.auxiliary_outputs: Any = None
        self.auxiliary_structure: Any = None
        self.labels: dict[int, str] = {}
        self._program: Program | None = None

    @property
    def program(self) -> Program:
        """The program, with its types inferred (on first use)."""
        if self._program is None:
            with collector_paused():
                self._program = self.tape.program(self.name, self.outputs, self.labels)
        return self._program

    @property
    def nested(self) -> bool:
        """Whether the run read values of an outer trace."""
        return bool(self.tape.handles)


#: the structure of one array or number
_NUMBER = flatten(0.0)[1]


def function_name(function: Any) -> str:
    """The name by which a program calls a function."""
    return getattr(function, "__name__", None) or type(function).__name__


def record(
    function: Callable[..., Any],
    leaves: Sequence[Any],
    moving: Sequence[bool],
    call: Callable[[list[Any]], Any],
    *,
    has_aux: bool = False,
    untouched: Callable[[], Any] | None = None,
    ending: Callable[[], None] | None = None,
    failing: Callable[[], None] | None = None,
    notes: bool = False,
) -> Recording:
    """Run ``call(leaves)`` with the moving leaves replaced by traced values.

    Parameters
    ----------
    leaves : sequence
        The leaves of the arguments, already of floating dtype where they move.  A moving leaf may be a value of an outer trace.
    moving : sequence of bool
        Which of them are differentiated.
    call : callable
        Rebuilds the arguments from leaves and calls the function.
    untouched : callable, optional
        Asked if a large array is met: gives a test for arrays that cannot change while the function runs (None if nothing is known).
    ending : callable, optional
        Called when the function has ended, by return or by exception, while traced values are still where it put them.
    failing : callable, optional
        Called when the run ends by an error of ours, after which the function runs again: takes back what ``ending`` did.
    notes : bool
        Whether what the run noted of the user's objects is kept with the trace (``Trace.ran``).
    """
    trace, outer = Trace(), local.watch
    around = None if outer is None else outer.trace
    trace.still = outer is None and not any(moving)
    trace.forgetful, local.forgetful = local.forgetful or (0 if around is None else around.forgetful), 0
    trace.ask_untouched = untouched
    recording = Recording(trace, function_name(function))
    traced: list[Any] = []
    for leaf, moves in zip(leaves, moving, strict=True):
        traced.append(as_argument(trace, leaf) if moves else leaf)
    repeatable = False
    survey = local.survey if outer is None and local.survey is not None and local.survey.is_due() else None
    try:
        watch = entered(trace)
        try:
            try:
                with nullcontext() if survey is None else survey.comparing(watch):
                    result = called(watch, call, traced)
            except CONFUSED:
                repeatable = outer is None and function is not _plainly and obstacle(watch) is None
                raise
            _read_outputs(recording, result, has_aux=has_aux)
            trace.ran = watch if notes else None
            if local.journal is not None:  # which refers to what was stored
                trace.stores = outlives(watch, 1) or (
                    SAVES if local.files is not None and local.files.content else None
                )
            if local.lasting:
                trace.stores = trace.stores or does(watch)
            if local.asked:
                trace.obstacle = why = obstacle(watch)
                if watch.outer is None:
                    trace.entered = entered_functions(watch)
                elif why is not None:  # what a derivative inside does, the function around it does
                    watch.outer.effects[why] = None
        finally:
            try:
                if ending is not None:
                    ending()
            finally:
                left(watch, sweep)
    except Exception as error:
        trace.close()
        if trace.error is not None or isinstance(error, GradwiseError):
            _take_back(trace, leaves, moving, failing)
        if trace.error is not None:
            raise told(trace, watch) from None
        told_inside(watch, error)
        # the run that is made to find that out fails without another
        if function is not _plainly and isinstance(error, CONFUSED) and not isinstance(error, GradwiseError):
            again = functools.partial(_plainly, call)
            try:
                blame_the_trace(recording, leaves, moving, call, error, again=again, repeatable=repeatable)
            except GradwiseError:
                _take_back(trace, leaves, moving, failing)
                raise
        _without_hooks(error)
        raise
    except BaseException:  # an interrupt is nobody's mistake
        if local.watch is not None and local.watch is not outer:  # it came just before the end
            left(local.watch, sweep)
        trace.close()
        raise
    trace.close()
    ended(watch)
    trace.verify()
    if trace.texts:
        notice(trace)
    if trace.asked:
        trace.looked_up = trace.recalled = True
    if around is not None and trace.outers:  # what a derivative inside looked up, the function around it did
        around.looked_up = True if trace.looked_up else around.looked_up
        around.recalled = around.recalled or trace.recalled
        around.met = around.met or trace.met
        around.asked += trace.asked
        around.decided = around.decided or trace.decided
        if trace.forgot:
            around.forgot.add(-1)
    return recording


def _take_back(trace: Trace, leaves: Sequence[Any], moving: Sequence[bool], failing: Callable[[], None] | None) -> None:
    """The caller's arguments are as they were before a run that failed: who runs the function again gives it these."""
    for leaf, index in zip(
        [leaf for leaf, moves in zip(leaves, moving, strict=True) if moves], trace.inputs, strict=False
    ):
        kept = trace.values[index]
        if type(leaf) is not np.ndarray or type(kept) is not np.ndarray or kept is leaf or not leaf.flags.writeable:
            continue
        if kept.shape == leaf.shape and kept.tobytes() != leaf.tobytes():
            leaf[...] = kept
    if failing is not None:
        failing()


def _plainly(call: Callable[[list[Any]], Any], leaves: list[Any]) -> None:
    """A run in which nothing moves, which may be silent and undone."""
    record(_plainly, leaves, (False,) * len(leaves), call)


def _without_hooks(error: BaseException) -> None:
    """Take the frames of hooks between two frames of the user's out of a traceback: it reads as that of the plain function."""
    entry = error.__traceback__
    while entry is not None:
        following = entry.tb_next
        while following is not None and following.tb_frame.f_code.co_filename.startswith(HOOKS):
            following = following.tb_next
        if following is not None:  # the last frames stay, whosever they are
            entry.tb_next = following
        entry = following


def snapshot_argument(trace: Trace, value: np.ndarray) -> TracedArray:
    """A traced array for an argument.  The function may write to it: then the caller's array is written too, and ours is another."""
    if value.nbytes <= COPY_BYTES:
        own = copy_in_layout(value)
        array = TracedArray(trace, trace.add_input(own), own, pinned=True)
        trace.unwritten.append((value, own))
    else:
        array = TracedArray(trace, trace.add_input(value), value, pinned=True)
        trace.checksums[array.index] = (value, trace.checksum(value))
    array.mirror = value
    trace.mirrors.append(value)
    array.writeable = value.flags.writeable
    return array


def as_argument(trace: Trace, leaf: Any) -> Any:
    """A traced argument for a concrete value, or for a value of an outer trace."""
    if isinstance_traced(leaf):
        value = leaf.current()
        if leaf.tape.open:
            trace.read_from(leaf.tape)
        if type(leaf) is TracedArray:
            own = copy_in_layout(value)
            return TracedArray(trace, trace.add_input(own), own, pinned=True)
        return TracedScalar(trace, trace.add_input(value), value)
    if type(leaf) is np.ndarray:
        return snapshot_argument(trace, leaf)
    return TracedScalar(trace, trace.add_input(leaf), leaf)


def _described(result: Any) -> str:
    if type(result) is tuple:
        return f"a tuple of {len(result)}"
    return (
        "an array"
        if type(result) is TracedArray
        else "a number"
        if isinstance_traced(result)
        else f"an object of type {type(result).__name__}"
    )


def _read_outputs(recording: Recording, result: Any, *, has_aux: bool) -> None:
    trace = recording.tape
    if has_aux:
        if not (type(result) is tuple and len(result) == 2):
            raise OutputError(
                f"{recording.name} returned {_described(result)} under has_aux=True. A pair (value, auxiliary) is required. "
                "Return both, or drop has_aux"
            )
        result, auxiliary = result
        leaves, recording.auxiliary_structure = flatten(auxiliary, lambda value: type(value) in KINDS)
        recording.auxiliary_outputs = [_auxiliary_leaf(trace, leaf) for leaf in leaves]
    if isinstance_traced(result):  # the common case: one array or number
        leaves, recording.structure = [result], _NUMBER
    else:
        leaves, recording.structure = flatten(without_labels(result))
    if trace.guards and not any(map(isinstance_traced, leaves)):
        trace.decided = True  # plain numbers, by decisions on traced ones: perhaps those of an earlier run
    outputs = []
    for leaf in leaves:
        index, value = output_variable(trace, leaf, recording.name)
        outputs.append(index)
        recording.values.append(value)
    recording.outputs = tuple(outputs)


def _instead_of(value: Any) -> str:
    """What to write where a function returned a promise of values, not values."""
    if isinstance(value, types.GeneratorType):
        return ". A function with yield returns a generator: add up what it yields, gw.grad(lambda x: sum(f(x)))"
    if isinstance(value, types.CoroutineType):
        value.close()  # Python would warn that nobody waited for it
        return ". An async function returns a coroutine: differentiate a plain function, gw.grad(lambda x: asyncio.run(f(x)))"
    if isinstance(value, (map, filter, zip)):
        return f". Write list(...) around {type(value).__name__}(...)"
    return ""


def _auxiliary_leaf(trace: Trace, leaf: Any) -> tuple[int | None, Any]:
    """The variable of an auxiliary value if it is traced here, else None, and the value."""
    if isinstance_traced(leaf) and leaf.tape is trace:
        frozen = leaf.frozen()
        value = frozen.value
        return frozen.index, value.copy() if type(value) is np.ndarray else value
    return None, getattr(leaf, STANDING[type(leaf)]) if type(leaf) in KINDS and trace.open_outer() is None else leaf


def output_variable(trace: Trace, leaf: Any, name: str) -> tuple[int, Any]:
    """The variable and the concrete value of a leaf of the output."""
    if type(leaf) in HOLDERS:
        leaf = leaf.__output__()
    if isinstance_traced(leaf):
        if leaf.tape is trace:
            if type(leaf) is TracedArray:
                leaf.sync()
                leaf.pin()
            return leaf.index, leaf.value
        return trace.capture(leaf)
    if leaf is None or isinstance(leaf, (str, bytes)) or callable(leaf):
        raise OutputError(
            f"{name} returned {leaf!r}. Numbers or arrays of numbers are required. Return the value to differentiate"
        )
    if isinstance(leaf, (bool, int, float, complex, np.generic, np.ndarray)):
        array = np.asarray(leaf)
        if array.dtype.kind == "O" and array.ndim and array.size and all(map(isinstance_traced, array.ravel())):
            return output_variable(trace, np.stack(array.ravel().tolist()).reshape(array.shape), name)
        if array.dtype.kind == "O" and any(isinstance(x, Traced) or isinstance_traced(x) for x in array.ravel()):
            raise TracingError(
                f"{name} returned an array of objects that holds traced values. An array of numbers is required. Join them with np.stack"
            )
        if array.dtype.kind in "fciub":
            return trace.capture(leaf)
    raise OutputError(
        f"{name} returned an object of type {type(leaf).__name__}. Numbers, arrays of numbers, or containers of them are required{_instead_of(leaf)}"
    )
