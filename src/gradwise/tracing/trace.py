"""The record of one run of a function.

Three parallel structures grow while the function runs:

- ``ops``: for each equation its primitive, static parameters, number of operands and operand variables, one behind the other, and ``outs``, the variable(s) it defines;
- ``places``: for each equation the code object and the instruction offset of the user's line, resolved to a line only when somebody asks;
- ``values``: by variable, the concrete value that a pullback may ask for, or None.  It is the environment in which the derivative program runs.

All three are flat: a tuple for each equation would be one more object that the garbage collector visits again and again, which on a loop of 50,000 operations took four fifths of the time of recording it.

Together ``ops``, the types of the inputs and the types of what was captured are the *fingerprint* of the program: two runs with equal fingerprints share it, and its derivative.

**Captured values.**  A plain array or number that meets a traced value becomes a further input of the program.  Small arrays are copied when they are captured, so that a buffer which the function overwrites later keeps its old value for the derivative;
large ones are kept by reference with a checksum, and a change found at the end raises instead of giving the derivative of another function. Where the function's code is known not to write to them (``purity/``), the checksum is left out.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from gradwise.errors import GradwiseError, TracingError
from gradwise.program import Equation, Guard, Primitive, Program, resolve_location, result_type, type_of
from gradwise.tracing.aliasing import changed_elsewhere, refuse_changed
from gradwise.tracing.checksums import checksum
from gradwise.tracing.places import Places, error_place, user_place

_levels = itertools.count(1)
_NOWHERE = (None, 0)

#: arrays up to this many bytes are copied when captured
COPY_BYTES = 1 << 18


def as_plain_array(value: Any, dtype: Any = None) -> np.ndarray:
    """``np.asarray(value, dtype)``, of arrays whose operators are those of arrays."""
    if isinstance(value, (np.matrix, np.ma.MaskedArray)):
        code, offset = error_place(1) or _NOWHERE
        raise TracingError(
            f"a {type(value).__name__} met a traced value. Its operators are others than those of arrays (products of matrices by *, masked entries), which a traced result would not know. "
            "Write np.asarray(a), with @ for the products of matrices and np.where for a mask",
            *(resolve_location((code, offset)) or (None, None)),
        )
    return np.asarray(value, dtype)


class Trace:
    """The record of one run; see the module."""

    __slots__ = (
        "__weakref__",
        "activity",
        "arguments",
        "ask_untouched",
        "asked",
        "captured",
        "checksums",
        "decided",
        "entered",
        "error",
        "forgetful",
        "forgot",
        "guards",
        "handles",
        "inputs",
        "known",
        "level",
        "looked_up",
        "met",
        "mirrors",
        "numbers",
        "obstacle",
        "open",
        "ops",
        "outers",
        "outs",
        "places",
        "producers",
        "ran",
        "recalled",
        "still",
        "stores",
        "texts",
        "untouched",
        "unwritten",
        "values",
        "where",
    )

    def __init__(self) -> None:
        self.level = next(_levels)
        self.open = True
        self.ops: list[Any] = []
        self.outs: list[Any] = []
        self.places = Places()
        self.values: list[Any] = []
        self.inputs: list[int] = []
        self.captured: list[int] = []
        # captured values of an outer trace, by variable: the outer traced value itself
        self.handles: dict[int, Any] = {}
        # outer traces whose values this one read: a value that leaves this trace may depend on them
        self.outers: list[Trace] = []
        # whether the run took the text or the hash of a value, or found one equal to a plain one: what it looks up with them has no derivative
        self.looked_up: bool | str = False  # "shown": nothing but texts of values were made
        # whether an entry of a moving value was found to be equal to something: the other branch computes the points around
        self.met = False
        self.decided = False  # whether it gave plain numbers by decisions on traced ones
        #: why the function is not called again to verify its derivative; "" while nobody asked
        self.obstacle: str | None = ""
        #: what its run noted of the user's objects, while somebody may ask
        self.ran: Any = None
        #: how many questions with a traced number in them a database answered
        self.asked = 0
        #: what it stored in something that outlives it, if somebody asked
        self.stores: str | None = None
        #: how the code of each user function was seen, if somebody asked
        self.entered: list[str] = []
        #: how often yet the run may be asked whether a value is one that an earlier run kept, and answer that it does not know it; 0 where it answers as it is
        self.forgetful = 0
        #: the values about which it answered so, by variable; -1 for those that it was asked of by their text, bytes, hash or distance, -2 by their identity
        self.forgot: set[int] = set()
        #: what values were shown as: a number that is read back from a text may be one of them
        self.texts: set[str] = set()
        #: which equation makes which variable, for who asks what an entry depends on
        self.producers: Any = None
        self.recalled = False  # whether it found one equal to plain numbers that an earlier run may have kept
        self.still = False  # whether nothing moves in it: its arrays are plain ones
        self.numbers: dict[Any, int] = {}
        self.known: dict[Any, Any] = {}
        #: asks for the identities of the caller's objects, by those of what the function is given in their place; None where nobody knows
        self.arguments: Callable[[], dict[int, int]] | None = None
        # large arrays that are kept by reference, with a checksum, or None where the function is known not to write to them
        self.checksums: dict[int, tuple[Any, Any]] = {}
        #: a test for arrays that cannot change while the function runs, and how to find it when the first large array is met
        self.untouched: Any = None
        self.ask_untouched: Any = None
        #: the caller's own arrays among the arguments
        self.mirrors: list[np.ndarray] = []
        #: those of them to which the function has not written by its argument, and the copies of what they held
        self.unwritten: list[tuple[np.ndarray, np.ndarray]] = []
        self.guards: list[Any] = []
        #: which variables depend on inputs, as far as it was asked: flags, and the place in ``ops`` and the number of the next equation
        self.activity: tuple[bytearray, list[int]] = (bytearray(), [0, 0])
        self.error: GradwiseError | None = None
        self.where: Any = None

    # --- recording ------------------------------------------------------------------------------------------------------

    def record(self, primitive: Primitive, operands: tuple[int, ...], params: tuple[Any, ...], kept: Any) -> int:
        """Append an equation with one output, whose value is ``kept`` (None to drop it); return its variable."""
        values = self.values
        index = len(values)
        values.append(kept)
        self.ops.extend((primitive, params, len(operands), *operands))
        self.outs.append(index)
        self.places.extend(self.where or user_place(1) or _NOWHERE)
        return index

    def record_multiple(
        self, primitive: Primitive, operands: tuple[int, ...], params: tuple[Any, ...], kept: tuple[Any, ...]
    ) -> tuple[int, ...]:
        start = len(self.values)
        self.values.extend(kept)
        outs = tuple(range(start, start + len(kept)))
        self.ops.extend((primitive, params, len(operands), *operands))
        self.outs.append(outs)
        self.places.extend(self.where or user_place(1) or _NOWHERE)
        return outs

    def add_input(self, value: Any) -> int:
        self.values.append(value)
        index = len(self.values) - 1
        self.inputs.append(index)
        return index

    def guard(self, index: int, kind: str, expected: Any) -> None:
        """Note that the run depended on a concrete answer."""
        where = self.where
        self.guards.append((index, kind, expected, where if where is not None else user_place(1)))

    def forget(self, index: int, steps: int = 1) -> None:
        """Note that the run was asked whether it knows a value.

        Raises
        ------
        TracingError
            If it was asked too often: a loop may wait for an equality that is denied.
        """
        self.forgot.add(index)
        self.forgetful = max(self.forgetful - steps, 1)
        if self.forgetful == 1:
            raise self.fail("a run that knows nothing of earlier ones did not come to an end. It is given up")

    # --- captured values ------------------------------------------------------------------------------------------------

    def number(self, value: Any) -> int:
        """The variable of a captured float64; equal numbers share one."""
        index = self.numbers.get(value)
        if index is None:
            value = value if type(value) is float or type(value) is np.float64 else float(value)
            self.values.append(value)
            index = len(self.values) - 1
            self.captured.append(index)
            if value:  # 0.0 equals −0.0 and must not share; nan never matches
                self.numbers[value] = index
        return index

    def capture(self, value: Any) -> tuple[int, Any]:
        """The variable and the concrete value of a plain value, or of a value of an outer trace."""
        cls = type(value)
        if cls is float or cls is np.float64:
            return self.number(value), value
        if cls is np.ndarray:
            return self._capture_array(value)
        if hasattr(value, "__primitive__"):  # traced, elsewhere
            return self._capture_traced(value)
        if isinstance(value, (int, complex, np.generic)):
            self.values.append(value)
            index = len(self.values) - 1
            self.captured.append(index)
            return index, value
        return self._capture_array(as_plain_array(value))

    def _capture_array(self, value: np.ndarray) -> tuple[int, Any]:
        if value.dtype.kind not in "fciub":
            raise TracingError(
                f"an array of dtype {value.dtype} met a traced value. Arrays of numbers are required; convert it first",
                *self._source(),
            )
        if not value.dtype.isnative:  # a program knows one byte order
            value = value.astype(value.dtype.newbyteorder("="))
        if value.nbytes <= COPY_BYTES:
            snapshot = value.copy()
            self.values.append(snapshot)
            index = len(self.values) - 1
            self.captured.append(index)
            return index, snapshot
        known = self.known.get(id(value))
        now = self.checksum(value)
        if known is not None:
            index, _ = known
            if self.checksums[index][1] != now:
                self._changed(value)
            return index, value
        self.values.append(value)
        index = len(self.values) - 1
        self.captured.append(index)
        self.known[id(value)] = (index, value)
        self.checksums[index] = (value, now)
        return index, value

    def _capture_traced(self, value: Any) -> tuple[int, Any]:
        value = value.frozen()
        if not hasattr(value, "__primitive__"):
            self.looked_up = True
            return self.capture(value)
        key = (value.tape, value.index)
        known = self.known.get(key)
        if known is not None:
            return known
        self.values.append(value.value)
        index = len(self.values) - 1
        self.captured.append(index)
        self.handles[index] = value
        self.read_from(value.tape)
        self.known[key] = (index, value.value)
        return index, value.value

    def checksum(self, value: np.ndarray) -> Any:
        """What shows a change of a large array; None if the function's code is known not to change it."""
        if self.ask_untouched is not None:
            ask, self.ask_untouched = self.ask_untouched, None
            self.untouched = ask()
        return None if self.untouched is not None and self.untouched(value) else checksum(value)

    def _changed(self, value: np.ndarray) -> None:
        raise self.fail(
            f"a captured array of shape {value.shape} was changed in place while the function ran. Its earlier values are needed for the "
            "derivative. Work on a copy (`a = a.copy()`) inside the function",
        )

    def depends(self, index: int) -> bool:
        """Whether a variable depends on an input, or on a value of an outer trace: a buffer that holds constants only does not."""
        active, state = self.activity
        ops, outs, values = self.ops, self.outs, self.values
        if len(active) < len(values):
            active.extend(bytes(len(values) - len(active)))
        sources = (*self.inputs, *self.handles)
        for i in sources:
            active[i] = 1
        k, number = state
        while number < len(outs):  # each equation is looked at once, however often this is asked
            end = k + 3 + ops[k + 2]
            if any([active[i] for i in ops[k + 3 : end]]):
                out = outs[number]
                for o in out if type(out) is tuple else (out,):
                    active[o] = 1
            k = end
            number += 1
        state[:] = k, number
        return bool(active[index])

    # --- the end --------------------------------------------------------------------------------------------------------

    def fail(self, message: str) -> TracingError:
        """A TracingError at the user's line, remembered in case the function swallows it."""
        self.error = TracingError(message, *self._source())
        return self.error

    def _source(self) -> tuple[str | None, int | None]:
        place = self.where if self.where is not None else error_place(2)
        return resolve_location(place) or (None, None)

    def close(self) -> None:
        self.open = False
        self.known.clear()
        self.mirrors.clear()

    def read_from(self, outer: Trace) -> None:
        """Note that values of an outer trace were read."""
        if outer not in self.outers:
            self.outers.append(outer)

    def open_outer(self) -> Trace | None:
        """An open trace on which values of this one may depend, if there is one."""
        for outer in self.outers:
            found = outer if outer.open else outer.open_outer()
            if found is not None:
                return found
        return None

    def refuse_if_outer_is_open(self) -> None:
        """A value that outlived its run is a plain number, unless the run read values of a function that is still being differentiated: their derivative would be lost."""
        outer = self.open_outer()
        if outer is not None:
            raise outer.fail(
                "a value computed inside a function that was differentiated is used after that function has returned, inside another one that is being "
                "differentiated and whose values it read. Its derivative is not known there. Return the value, or return it beside the result with has_aux=True"
            )

    def own(self) -> None:
        """Copy what is kept by reference to arrays that others may change, so that the record outlives their changes."""
        values, checksums = self.values, self.checksums
        arrays = [array for array, _ in checksums.values()]
        checksums.clear()
        for i, kept in enumerate(values):
            if type(kept) is np.ndarray and any(np.may_share_memory(kept, array) for array in arrays):
                values[i] = kept.copy()

    def verify(self) -> None:
        """Raise what the function swallowed, and what large captured arrays reveal."""
        if self.error is not None:
            raise self.error
        for index, (value, before) in self.checksums.items():
            if before is not None and checksum(value) != before:
                if index in self.inputs:
                    raise changed_elsewhere()
                self._changed(value)
        refuse_changed(self)

    def fingerprint(self, outputs: tuple[int, ...]) -> Any:
        values = self.values
        types = tuple([_type_key(values[i]) for i in self.inputs]), tuple([_type_key(values[i]) for i in self.captured])
        return tuple(self.ops), tuple(self.inputs), tuple(self.captured), types, outputs

    def program(self, name: str, outputs: tuple[int, ...], labels: dict[int, str] | None = None) -> Program:
        """The recorded program; types follow from the rules."""
        types: list[Any] = [None] * len(self.values)
        for i in (*self.inputs, *self.captured):
            types[i] = type_of(self.values[i])
        equations: list[Equation] = []
        ops, k, lines = self.ops, 0, self.places.lines()
        for number, out in enumerate(self.outs):
            primitive, params, end = ops[k], ops[k + 1], k + 3 + ops[k + 2]
            operands = tuple(ops[k + 3 : end])
            k = end
            result = result_type(primitive, [types[i] for i in operands], params)
            if primitive.multiple:
                for o, t in zip(out, result, strict=True):
                    types[o] = t
            else:
                types[out] = result
            equations.append(Equation(primitive, operands, params, out, lines[number]))
        guards = [Guard(*g) for g in self.guards]
        return Program(name, self.inputs, self.captured, equations, outputs, types, guards, labels)

    def captured_values(self) -> list[Any]:
        """Captured values, those of an outer trace as traced."""
        handles = self.handles
        return [handles.get(i, self.values[i]) for i in self.captured]


def _type_key(value: Any) -> Any:
    if type(value) is float:
        return 0
    dtype = getattr(value, "dtype", None)
    return type(value) if dtype is None else (value.shape, dtype)
