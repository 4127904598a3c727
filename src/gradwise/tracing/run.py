"""Running a function under a trace.

    trace : (f : x → y, x)  →  Recording (Program, captured values, the values that the run kept)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.containers import flatten
from gradwise.errors import OutputError, TracingError
from gradwise.program import Program
from gradwise.tracing.layout import copy_in_layout
from gradwise.tracing.trace import Trace
from gradwise.tracing.traced import Traced, TracedArray, TracedScalar, isinstance_traced, snapshot_argument

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

    __slots__ = ("_program", "auxiliary", "auxiliary_outputs", "auxiliary_structure", "labels", "name", "outputs", "structure", "tape", "values")

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
            self._program = self.tape.program(self.name, self.outputs, self.labels)
        return self._program

    @property
    def nested(self) -> bool:
        """Whether the run read values of an outer trace."""
        return bool(self.tape.handles)


def function_name(function: Any) -> str:
    return getattr(function, "__name__", None) or type(function).__name__


def record(
    function: Callable[..., Any],
    leaves: Sequence[Any],
    moving: Sequence[bool],
    call: Callable[[list[Any]], Any],
    *,
    has_aux: bool = False,
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
    """
    trace = Trace()
    recording = Recording(trace, function_name(function))
    traced: list[Any] = []
    for leaf, moves in zip(leaves, moving, strict=True):
        traced.append(as_argument(trace, leaf) if moves else leaf)
    try:
        result = call(traced)
        _read_outputs(recording, result, has_aux=has_aux)
    except BaseException:
        trace.close()
        if trace.error is not None:
            raise trace.error from None
        raise
    trace.close()
    trace.verify()
    return recording


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


def _read_outputs(recording: Recording, result: Any, *, has_aux: bool) -> None:
    trace = recording.tape
    if has_aux:
        if not (type(result) is tuple and len(result) == 2):
            raise OutputError(
                f"{recording.name} returned {type(result).__name__} under has_aux=True. A pair (value, auxiliary) is required. "
                "Return both, or drop has_aux"
            )
        result, auxiliary = result
        leaves, recording.auxiliary_structure = flatten(auxiliary)
        recording.auxiliary_outputs = [_auxiliary_leaf(trace, leaf) for leaf in leaves]
    if isinstance_traced(result):  # the common case: one array or number
        leaves, recording.structure = flatten(0.0)
        leaves = [result]
    else:
        leaves, recording.structure = flatten(result)
    outputs = []
    for leaf in leaves:
        index, value = output_variable(trace, leaf, recording.name)
        outputs.append(index)
        recording.values.append(value)
    recording.outputs = tuple(outputs)


def _auxiliary_leaf(trace: Trace, leaf: Any) -> tuple[int | None, Any]:
    """The variable of an auxiliary value if it is traced here, else None, and the value."""
    if isinstance_traced(leaf) and leaf.tape is trace:
        frozen = leaf.frozen()
        value = frozen.value
        return frozen.index, value.copy() if type(value) is np.ndarray else value
    return None, leaf


def output_variable(trace: Trace, leaf: Any, name: str) -> tuple[int, Any]:
    """The variable and the concrete value of a leaf of the output."""
    if isinstance_traced(leaf):
        if leaf.tape is trace:
            if type(leaf) is TracedArray:
                leaf.sync()
                leaf.pin()
            return leaf.index, leaf.value
        return trace.capture(leaf)
    if leaf is None or isinstance(leaf, (str, bytes)) or callable(leaf):
        raise OutputError(f"{name} returned {leaf!r}. Numbers or arrays of numbers are required. Return the value to differentiate")
    if isinstance(leaf, (bool, int, float, complex, np.generic, np.ndarray)):
        array = np.asarray(leaf)
        if array.dtype.kind == "O" and any(isinstance(x, Traced) or isinstance_traced(x) for x in array.ravel()):
            raise TracingError(
                f"{name} returned an array of objects that holds traced values. An array of numbers is required. Join them with np.stack"
            )
        if array.dtype.kind in "fciub":
            return trace.capture(leaf)
    raise OutputError(
        f"{name} returned an object of type {type(leaf).__name__}. Numbers, arrays of numbers, or containers of them are required"
    )
