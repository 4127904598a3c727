"""A recorded program that stands for the function: for arguments of one form, while its guards hold.

    specialise : (f, x, the traced run of f at x) → Specialization          replay : (leaves, numbers) → Recording or None

The function is traced once more with everything that it reads traced too: the other arguments, globals, closure cells and defaults, arrays and floats alike.  What it computes
from them is then part of the program, and what it decides by them is a guard.  This second program is accepted if, seen from the differentiated arguments, it is the one that the ordinary
trace recorded: the same primitives with the same parameters, applied to each other in the same way and to equal numbers.  So what a replay differentiates is what a traced run would
have differentiated.

A replay is not believed where something happens that the program does not show: a guard fails, NumPy would warn (the user must see it), an operation raises.  Then the
function runs.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.execution import build
from gradwise.tracing import Recording, Trace, copy_in_layout, isinstance_traced, record
from gradwise.tracing.trace import COPY_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_NOT_THE_USERS = (str(Path(np.__file__).parent), str(Path(scipy.__file__).parent), str(Path(__file__).parents[2]))
_PYTHONS = (str(Path(os.__file__).parent), "<frozen")
#: relative difference up to which numbers that two runs computed count as equal: the memory order of an operand may change a sum
AGREEMENT = 1e-10


class Refused(Exception):
    """A function that cannot be replaced by its program, with the reason."""


class Specialization:
    """A program with its guards, ready to run in the function's place; holds no array of the user's.

    Attributes
    ----------
    program : Program
    fingerprint : object
    weight : int
    """

    __slots__ = (
        "_constants",
        "_elsewhere",
        "_executable",
        "_guards",
        "_inputs",
        "_kinds",
        "_name",
        "_numbers",
        "_passing",
        "_places",
        "_raw",
        "fingerprint",
        "program",
        "structure",
        "weight",
    )

    def __init__(self, recording: Recording, count: int, around: Sequence[np.ndarray] = ()) -> None:
        tape = recording.tape
        program = recording.program
        self.program = program
        self.fingerprint = tape.fingerprint(recording.outputs)
        self.structure = recording.structure
        self.weight = len(program)
        self._name = recording.name
        self._raw = tape.ops, tape.outs
        self._places = tape.places
        self._inputs = tuple(tape.inputs)
        self._numbers = tuple(tape.captured[:count])
        # arrays of the user's are found again at each replay, not kept
        places = {id(a): k for k, a in enumerate(around)}
        self._elsewhere = []
        self._constants = []
        for i in tape.captured[count:]:
            value = tape.values[i]
            if id(value) in places:
                self._elsewhere.append((i, places[id(value)]))
            else:
                own = type(value) is not np.ndarray or value.base is None
                self._constants.append((i, value if own else value.copy()))
        self._guards = [(index, expected) for index, _, expected, _ in tape.guards]
        self._kinds = [type(v) for v in recording.values]
        kept = [i for i, v in enumerate(tape.values) if v is not None]
        guarded = [index for index, _ in self._guards]
        given = (*program.inputs, *program.captured)
        # the memory of other arrays may have been used again for what came later: they are computed anew if they are asked for
        lasting = {*kept, *guarded, *given, *program.outputs}
        self._passing = [i for i, t in enumerate(program.types) if i not in lasting and t.shape != ()]
        self._executable = build(program.equations, program.types, program.outputs, given, (*kept, *guarded))

    def constants(self) -> list[Any]:
        """The arrays that the function makes itself, equal at each call."""
        return [value for _, value in self._constants]

    def replay(
        self, leaves: Sequence[Any], numbers: Sequence[Any], around: Sequence[np.ndarray] = ()
    ) -> Recording | None:
        """What a traced run would have left; None if the program does not hold here.

        Parameters
        ----------
        leaves : sequence
            Of the differentiated arguments.
        numbers : sequence
            The other numbers that the function reads, as they are now.
        around : sequence of array
            The arrays around a function of which nothing is proved (``surroundings.py``), of known content.
        """
        tape = Trace()
        values: list[Any] = [None] * len(self.program.types)
        for variables, given in ((self._inputs, leaves), (self._numbers, numbers)):
            for i, value in zip(variables, given, strict=True):
                if type(value) is np.ndarray:
                    if value.nbytes <= COPY_BYTES:
                        value = copy_in_layout(value)
                    else:
                        tape.checksums[i] = (value, None)
                values[i] = value
        for i, value in self._constants:
            values[i] = value
        for i, place in self._elsewhere:
            values[i] = around[place]
            tape.checksums[i] = (around[place], None)
        try:
            found = self._executable.run(values, "raise")
        except Exception:  # noqa: BLE001 - whatever it is, the function itself says it better
            return None
        for i, expected in self._guards:
            if not _holds(values[i], expected):
                return None
        outputs = []
        for value, kind in zip(found, self._kinds, strict=True):
            converted = _as_kind(value, kind)
            if type(converted) is not kind:
                return None
            outputs.append(converted)
        for i in self._passing:
            values[i] = None
        tape.ops, tape.outs = self._raw
        tape.places, tape.values = self._places, values
        tape.inputs, tape.captured = list(self._inputs), list(self.program.captured)
        tape.close()
        recording = Recording(tape, self._name)
        recording._program = self.program  # noqa: SLF001 - known, so that it need not be made again
        recording.outputs, recording.values, recording.structure = self.program.outputs, outputs, self.structure
        return recording


def _holds(value: Any, expected: Any) -> bool:
    """Whether a concrete answer is the same to the sign of its zeros."""
    if type(expected) is bool or type(expected) is int:
        return bool(value == expected)
    same = bool(np.array_equal(value, expected))
    if same and np.asarray(expected).dtype.kind == "f":
        return bool(np.array_equal(np.signbit(value), np.signbit(expected)))
    return same


def _as_kind(value: Any, kind: type) -> Any:
    """The value as the number type that the function returned."""
    if type(value) is kind or kind is np.ndarray:
        return value
    if np.ndim(value) == 0 and kind in (float, complex, int, bool):
        return kind(value)
    return value[()] if type(value) is np.ndarray and value.ndim == 0 else value


# --- making one ---------------------------------------------------------------------------------------------------------------------


def specialise(
    function: Any,
    leaves: Sequence[Any],
    numbers: Sequence[Any],
    call: Callable[[Sequence[Any], list[Any]], Any],
    around: Sequence[np.ndarray] = (),
) -> tuple[Specialization, Recording]:
    """The function traced with all that it reads.

    Parameters
    ----------
    leaves : sequence
        Of the differentiated arguments.
    numbers : sequence
        The other numbers that it reads.
    call : callable
        Runs the function on traced leaves and traced numbers.
    around : sequence of array
        As for ``replay``.

    Raises
    ------
    Refused
        If the run did what a program does not show.
    """
    for value in numbers:
        dtype = getattr(value, "dtype", None)
        if dtype is not None and (dtype.kind not in "fciub" or not dtype.isnative):
            raise Refused(f"it reads an array of dtype {dtype}")
    count = len(leaves)
    given = [*leaves, *numbers]
    traced_values: list[Any] = []

    def run(traced: list[Any]) -> Any:
        traced_values.extend(traced)
        return call(traced[:count], traced[count:])

    with _handled_errors() as handled:
        recording = record(function, given, (True,) * len(given), run)
    if handled:  # an operation that did not fail at other values would be missing in the program
        raise Refused(f"it handles an error ({handled[0]})")
    tape = recording.tape
    first = tape.inputs[:]
    if any(isinstance_traced(v) and v.index != i for v, i in zip(traced_values, first, strict=True)):
        raise Refused("it writes to an argument")
    if tape.handles or tape.outers:
        raise Refused("it reads values of an enclosing derivative")
    if tape.looked_up:
        raise Refused("it looks at the text, the hash or the equality of a value")
    tape.inputs, tape.captured = first[:count], first[count:] + tape.captured
    types = recording.program.types
    made = {o: e for e in recording.program.equations for o in e.output_tuple}
    for equation in recording.program.equations:
        if equation.primitive.name == "power" and types[equation.output_tuple[0]].dtype.kind == "c":
            sources = [
                made[i].inputs[0] if i in made and made[i].primitive.name == "convert" else i for i in equation.inputs
            ]
            if all(types[i].dtype.kind != "c" for i in sources):
                raise Refused("a power of real numbers that is complex for some of them only")
        if equation.primitive.name == "call":
            raise Refused("it calls a function with a rule of its own")
    made = Specialization(recording, len(numbers), around)
    again = made.replay(leaves, numbers, around)
    if again is not None and not all(map(_equal, recording.values, again.values)):
        raise Refused("its program gives other numbers than the function")
    return made, recording


def _is_pythons(filename: str) -> bool:
    return filename.startswith(_PYTHONS) and not filename.startswith(_NOT_THE_USERS)


@contextmanager
def _handled_errors() -> Iterator[list[str]]:
    """The errors that arise in the user's frames of this thread: what is left of them was handled, if the run succeeds."""
    found: list[str] = []

    def local(frame: Any, event: str, argument: Any) -> Any:
        if event == "exception" and not issubclass(argument[0], (StopIteration, GeneratorExit)):
            found.append(f"{argument[0].__name__} at {frame.f_code.co_filename}:{frame.f_lineno}")
        return local

    def entered(frame: Any, event: str, argument: Any) -> Any:
        caller = frame
        while _is_pythons(caller.f_code.co_filename) and caller.f_back is not None:
            caller = caller.f_back
        if caller.f_code.co_filename.startswith(_NOT_THE_USERS):
            return None
        frame.f_trace_lines = False
        return local

    before = sys.gettrace()
    sys.settrace(entered)
    try:
        yield found
    finally:
        sys.settrace(before)


def difference(plain: Recording, other: Recording, count: int = 0) -> str | None:
    """How the program of one traced run, seen from its inputs, differs from that of another which may have traced more; None if it does not.

    ``count``: how many captured values, the first, count as inputs too.
    """
    if plain.structure != other.structure or [type(v) for v in plain.values] != [type(v) for v in other.values]:
        return "it returns other containers or types"
    a, b = _Dependent(plain, count), _Dependent(other, count)
    for x, z in zip(a.equations, b.equations, strict=False):
        if x.primitive is not z.primitive or x.params != z.params:
            return f"{_where(x)}: {x.primitive.name} instead of {z.primitive.name}"
        for i, j in zip(x.inputs, z.inputs, strict=True):
            known = a.numbers.get(i)
            if known != b.numbers.get(j):
                return f"{_where(x)}: {x.primitive.name} is applied to another value"
            if known is None and not _equal(a.value(i), b.value(j)):
                return f"{_where(x)}: {x.primitive.name} is applied to {_short(a.value(i))} instead of {_short(b.value(j))}"
    if len(a.equations) != len(b.equations):
        return f"it has {len(a.equations)} operations instead of {len(b.equations)}"
    for i, j, u, v in zip(plain.outputs, other.outputs, plain.values, other.values, strict=True):
        if a.numbers.get(i) != b.numbers.get(j):
            return "it returns another value"
        if not _equal(u, v):
            return f"it returns {_short(u)} instead of {_short(v)}"
    return None


def _where(equation: Any) -> str:
    source = equation.source
    return f"{source[0]}:{source[1]}" if source is not None else "at an unknown line"


def _short(value: Any) -> str:
    return repr(value) if np.ndim(value) == 0 else f"an array of shape {np.shape(value)}"


def _equal(x: Any, z: Any) -> bool:
    if np.shape(x) != np.shape(z):
        return False
    a, b = np.asarray(x), np.asarray(z)
    if a.dtype != b.dtype:
        return False
    if a.dtype.kind not in "fc":
        return bool(np.array_equal(a, b))
    with np.errstate(all="ignore"):
        size = np.abs(a[np.isfinite(a)]).max(initial=0.0)
        rough = AGREEMENT if a.dtype.itemsize > 4 and a.dtype != np.complex64 else 1e-4
        return bool(np.allclose(a, b, rtol=rough, atol=rough * float(size), equal_nan=True))


class _Dependent:
    """The equations that depend on the inputs, and the variables that do, numbered in their order."""

    def __init__(self, recording: Recording, count: int) -> None:
        self.recording = recording
        self.numbers: dict[int, int] = {}
        self.equations = []
        self._values: list[Any] | None = None
        for i in (*recording.tape.inputs, *recording.tape.captured[:count]):
            self.numbers[i] = len(self.numbers)
        for equation in recording.program.equations:
            if any(i in self.numbers for i in equation.inputs):
                self.equations.append(equation)
                for o in equation.output_tuple:
                    self.numbers[o] = len(self.numbers)

    def value(self, variable: int) -> Any:
        known = self.recording.tape.values[variable]
        if known is not None:
            return known
        if self._values is None:
            program, tape = self.recording.program, self.recording.tape
            env: list[Any] = [None] * len(program.types)
            for i in (*tape.inputs, *tape.captured):
                env[i] = tape.values[i]
            build(program.equations, program.types, (), (), range(len(program.types))).run(env)
            self._values = env
        return self._values[variable]
