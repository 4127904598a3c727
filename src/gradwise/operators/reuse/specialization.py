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

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.execution import build, may_alias
from gradwise.operators.equal_entries import Borders
from gradwise.operators.reuse.comparison import equal
from gradwise.operators.reuse.expected import Whole, complex_operands, divisors, expectation, holds_as
from gradwise.operators.reuse.handled import handled_errors
from gradwise.operators.reuse.unread import unread
from gradwise.program import COMPUTED, Guard, Program, collector_paused
from gradwise.rules.calls import found_anew, solution
from gradwise.tracing import Recording, Trace, copy_in_layout, isinstance_traced, record
from gradwise.tracing.instrument.state import local
from gradwise.tracing.purity import is_plain
from gradwise.tracing.purity.asked_memories import Asked, AskedMemories
from gradwise.tracing.trace import COPY_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gradwise.tracing.purity.avoiding import Extent


class Refused(Exception):
    """A function that cannot be replaced by its program, with the reason."""


class Specialization:
    """A program with its guards, ready to run in the function's place; holds no array of the user's.

    Attributes
    ----------
    program : Program
    fingerprint : object
    weight : int
    order : int
        Up to which order its derivatives were verified.
    ticks : tuple of int
        What a call adds to the counters of the function (``tracing/purity/counters.py``).
    """

    __slots__ = (
        "_auxiliary",
        "_auxiliary_structure",
        "_constants",
        "_divisors",
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
        "_regular",
        "_shared",
        "asked",
        "borders",
        "fingerprint",
        "is_merged",
        "order",
        "program",
        "structure",
        "ticks",
        "weight",
    )

    def __init__(self, recording: Recording, count: int, around: Sequence[np.ndarray] = ()) -> None:
        tape = recording.tape
        program = recording.program
        self.program = program
        self.fingerprint = tape.fingerprint(recording.outputs)
        self.structure = recording.structure
        self.weight = len(program)
        self.order = 0
        #: whether branches became selections (``merging.py``)
        self.is_merged = False
        self.ticks: tuple[int, ...] = ()
        #: what memories gave that may be changed, and which of the function's memories gave it
        self.asked: list[tuple[int | None, Asked]] = []
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
                # it may be the user's, where its content belongs to the form (``purity/outline.py``)
                self._constants.append((i, value.copy() if type(value) is np.ndarray else value))
        self._guards = [(i, expectation(kind, expected)) for i, kind, expected, _ in tape.guards]
        self._guards += [(i, COMPUTED) for i in unread(program)]
        constants = frozenset(i for i, _ in self._constants)
        self._divisors = divisors(program, tape.values, constants)
        self._regular = complex_operands(program, tape.values, constants)
        self._kinds = [type(v) for v in recording.values]
        #: where the program follows a branch that holds in single points (``operators/equalities.py``)
        self.borders = Borders(
            program, tape.values, merged=() if local.both_ways is None else local.both_ways.selections
        )
        kept = [i for i, v in enumerate(tape.values) if v is not None]
        guarded = [index for index, _ in self._guards]
        self._auxiliary_structure = recording.auxiliary_structure
        self._auxiliary = [(i, _own(v) if i is None else v) for i, v in recording.auxiliary_outputs or ()]
        beside = [*(i for i, _ in self._auxiliary if i is not None), *self.borders.variables]
        self._shared = _aliases(program, {i for i, _ in self._constants})
        given = (*program.inputs, *program.captured)
        # the memory of other arrays may have been used again for what came later: they are computed anew if they are asked for
        lasting = {*kept, *guarded, *given, *beside, *program.outputs}
        self._passing = [i for i, t in enumerate(program.types) if i not in lasting and t.shape != ()]
        self._executable = build(program.equations, program.types, program.outputs, given, (*kept, *guarded, *beside))

    def asks_for_numbers(self) -> None:
        """Let it hold only where the same numbers are made integers: of other ones something may be kept by their integers."""
        self._guards = [(i, e.number if type(e) is Whole else e) for i, e in self._guards]

    def constants(self) -> list[Any]:
        """The arrays that the function makes itself, equal at each call."""
        return [value for _, value in self._constants]

    @property
    def decides(self) -> bool:
        """Whether it holds for some values only."""
        return bool(self._guards)

    @property
    def reads_surroundings(self) -> bool:
        """Whether it reads arrays that must be found anew at each replay."""
        return bool(self._elsewhere)

    def is_kept(self, memories: Sequence[Any] | None) -> bool:
        """Whether the function's memories (those of the run for the program, if None) still give what they gave then."""
        return all(asked.stands(None if k is None or memories is None else memories[k]) for k, asked in self.asked)

    @property
    def kinds(self) -> list[type]:
        """The types of the leaves that the function returned."""
        return self._kinds

    def opened(self) -> Program:
        """The program as a function of the leaves and numbers, with its guards, and with ``constants()`` as captured values."""
        program = self.program
        captured = [i for i, _ in self._constants]
        guards = [Guard(i, "", expected) for i, expected in (*self._guards, *self._regular)]
        inputs = (*self._inputs, *self._numbers)
        return Program(program.name, inputs, captured, program.equations, program.outputs, program.types, guards)

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
                elif self._guards and value != value:  # noqa: PLR0124 - Python takes one nan for equal to itself: ``v in [v]``
                    return None
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
            if not holds_as(values[i], expected):
                return None
        if any([values[i] == 0 for i in self._divisors]) or not all([e.serves(values[i]) for i, e in self._regular]):
            return None
        outputs = []
        for value, kind in zip(found, self._kinds, strict=True):
            converted = as_kind(value, kind)
            if type(converted) is not kind:
                return None
            outputs.append(converted)
        for k in self._shared:
            outputs[k] = _own(outputs[k])
        beside = None
        if self._auxiliary_structure is not None:
            beside = [(i, _own(v if i is None else as_kind(values[i], type(v)))) for i, v in self._auxiliary]
        for i in self._passing:
            values[i] = None
        tape.ops, tape.outs = self._raw
        tape.places, tape.values = self._places, values
        tape.inputs, tape.captured = list(self._inputs), list(self.program.captured)
        tape.close()
        recording = Recording(tape, self._name)
        recording._program = self.program  # noqa: SLF001 - known, so that it need not be made again
        recording.outputs, recording.values, recording.structure = self.program.outputs, outputs, self.structure
        recording.auxiliary_outputs, recording.auxiliary_structure = beside, self._auxiliary_structure
        return recording


def _own(value: Any) -> Any:
    return value.copy() if type(value) is np.ndarray else value


def _aliases(program: Program, variables: set[int]) -> list[int]:
    """Positions of the outputs whose memory may be that of one of the variables."""
    parent = {e.outputs: e.inputs[0] for e in program.equations if may_alias(e)}
    found = []
    for k, variable in enumerate(program.outputs):
        root = variable
        while root in parent:
            root = parent[root]
        if root in variables:
            found.append(k)
    return found


def as_kind(value: Any, kind: type) -> Any:
    """The value as the number type that the function returned."""
    if type(value) is kind:
        return value
    if kind is np.ndarray:
        return np.asarray(value)  # a number, where the function gives an array without axes
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
    *,
    has_aux: bool = False,
    avoided: Mapping[str, frozenset[Extent]] | None = None,
    tells: bool = False,
    memories: Sequence[Any] | None = None,
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
    avoided : mapping
        Pieces of text by file, to which the run may not come (``tracing/purity/avoiding.py``).
    tells : bool
        Whether the texts of values go nowhere but to who reads them (``tracing/purity/asides.py``).
    memories : sequence or None
        The functions under ``lru_cache`` that it may ask, in an order that is that of another function with the same code.

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

    before, local.asked_memories = local.lasting, AskedMemories(of_proved=memories is not None)
    # it writes to copies, and leaves the function's own arrays as they are
    shared, local.shared = local.shared, None
    with handled_errors(avoided) as (handled, met, noted):
        local.lasting = True
        try:
            recording = record(function, given, (True,) * len(given), run, has_aux=has_aux)
        finally:
            local.lasting, local.shared = before, shared
            asked, local.asked_memories = local.asked_memories, None
    if met:
        raise Refused(f"it comes to {met[0]}, of which nothing is proved")
    if handled:  # an operation that did not fail at other values would be missing in the program
        raise Refused(f"it handles an error ({handled[0]})")
    if any(tape is not recording.tape for tape in noted):
        raise Refused("it handles an error of a derivative inside it")
    beside = [v for i, v in recording.auxiliary_outputs or () if i is None]
    if not all(is_plain(v) and type(v) is not set for v in beside):
        raise Refused("it returns an object beside its value")
    tape = recording.tape
    first = tape.inputs[:]
    if any(isinstance_traced(v) and v.index != i for v, i in zip(traced_values, first, strict=True)):
        raise Refused("it writes to an argument")
    if tape.handles or tape.outers:
        raise Refused("it reads values of an enclosing derivative")
    if tape.looked_up and not (tells and tape.looked_up == "shown"):
        raise Refused("it looks at the text, the hash or the equality of a value")
    tape.inputs, tape.captured = first[:count], first[count:] + tape.captured
    found = _among(asked, memories, recording.program, tape.inputs)
    with collector_paused():
        made = _represent(recording, leaves, numbers, around)
    made.asked = found
    return made, recording


def _among(
    asked: Sequence[Asked], memories: Sequence[Any] | None, program: Program, leaves: Sequence[int]
) -> list[tuple[int | None, Asked]]:
    """What memories gave, and the places of these among those of the function."""
    if memories is None:
        return [(None, one) for one in asked if not one.variables]
    found: list[tuple[int | None, Asked]] = []
    for one in asked:
        if one.is_known:
            place = next((k for k, memory in enumerate(memories) if one.is_of(memory)), None)
            if place is None:
                raise Refused("it asks a memory of a function that is made during the call")
            found.append((place, one))
            continue
        reached = set(leaves)
        for equation in program.equations:
            if not reached.isdisjoint(equation.inputs):
                reached.update(equation.output_tuple)
        if reached.isdisjoint(one.variables):  # nobody keeps what was made of the numbers of this point
            raise Refused(
                "it asks a memory for what may be changed there, by an argument that is another one elsewhere"
            )
    return found


def _represent(
    recording: Recording, leaves: Sequence[Any], numbers: Sequence[Any], around: Sequence[np.ndarray]
) -> Specialization:
    """The program of a run, if it shows all that the run did."""
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
        if (
            equation.primitive is solution
            and getattr(made.get(equation.inputs[0]), "primitive", None) is not found_anew
        ):
            raise Refused("it solves an equation, with steps that hold at this point alone")
    program = Specialization(recording, len(numbers), around)
    again = program.replay(leaves, numbers, around)
    if again is not None and not all(map(equal, recording.values, again.values)):
        raise Refused("its program gives other numbers than the function")
    return program
