"""Whether two traced runs recorded the same program: ``difference : (Recording, Recording) → how they differ, or None``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.execution import build
from gradwise.rules.calls import found_anew, solution
from gradwise.rules.failing import raises

if TYPE_CHECKING:
    from gradwise.tracing import Recording

#: relative difference up to which numbers that two runs computed count as equal: the memory order of an operand may change a sum
AGREEMENT = 1e-10


def difference(plain: Recording, other: Recording, count: int = 0) -> str | None:
    """How the program of one traced run, seen from its inputs, differs from that of another which may have traced more; None if it does not.

    ``count``: how many captured values, the first, count as inputs too.
    """
    if plain.structure != other.structure or [type(v) for v in plain.values] != [type(v) for v in other.values]:
        return "it returns other containers or types"
    beside = difference_beside(plain, other)
    if beside is not None:
        return beside
    a, b = _Dependent(plain, count), _Dependent(other, count)
    agreed: set[tuple[int, int]] = set()
    for x, z in zip(a.equations, b.equations, strict=False):
        if x.primitive is not z.primitive or not _alike(x.params, z.params):
            return f"{_where(x)}: {x.primitive.name} instead of {z.primitive.name}"
        for i, j in zip(x.inputs, z.inputs, strict=True):
            known = a.numbers.get(i)
            if known != b.numbers.get(j):
                return f"{_where(x)}: {x.primitive.name} is applied to another value"
            if known is not None or (i, j) in agreed:
                continue
            agreed.add((i, j))
            if not equal(_without_tail(x, i, a.value(i)), _without_tail(z, j, b.value(j))):
                return f"{_where(x)}: {x.primitive.name} is applied to {_short(a.value(i))} instead of {_short(b.value(j))}"
    if len(a.equations) != len(b.equations):
        return f"it has {len(a.equations)} operations instead of {len(b.equations)}"
    for i, j, u, v in zip(plain.outputs, other.outputs, plain.values, other.values, strict=True):
        if a.numbers.get(i) != b.numbers.get(j):
            return "it returns another value"
        if not equal(u, v):
            return f"it returns {_short(u)} instead of {_short(v)}"
    return None


def _without_tail(equation: Any, operand: int, value: Any) -> Any:
    """The plan of a solution without what a program keeps behind it (``solutions/integration.py``); any other operand as it is."""
    tail = getattr(equation.params[0], "tail", 0) if equation.params and operand == equation.inputs[0] else 0
    return value[: len(value) - tail] if tail else value


def _alike(params: Any, others: Any) -> bool:
    """Whether parameters are the same; of a solution, whether its equation is the same, by whatever it may be differentiated."""
    return params == others or (
        len(params) == len(others) == 1
        and getattr(params[0], "text", None) is not None
        and params[0].text == getattr(others[0], "text", None)
    )


def difference_beside(plain: Recording, other: Recording) -> str | None:
    """How what two runs return beside their values differs; None if it does not."""
    if plain.auxiliary_structure != other.auxiliary_structure:
        return "it returns other containers beside its value"
    pairs = zip(plain.auxiliary_outputs or (), other.auxiliary_outputs or (), strict=True)
    for (_, u), (_, v) in pairs:
        if type(u) is not type(v) or not (
            equal(u, v) if isinstance(u, (float, complex, np.ndarray, np.generic)) else u == v
        ):
            return f"it returns {_short(u)} instead of {_short(v)} beside its value"
    return None


def _where(equation: Any) -> str:
    source = equation.source
    return f"{source[0]}:{source[1]}" if source is not None else "at an unknown line"


def _short(value: Any) -> str:
    return repr(value) if np.ndim(value) == 0 else f"an array of shape {np.shape(value)}"


def equal(x: Any, z: Any) -> bool:
    """Whether two numbers or arrays are of one type and agree to rounding."""
    if x is z or (type(x) is float and type(z) is float and x == z):
        return True
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


def _is_chosen(made: dict[int, Any], variable: int) -> bool:
    """Whether a guarded value is the states that an integrator found, which one of the runs holds to (``plain_callbacks.note_choice``) and the other finds anew."""
    equation = made.get(variable)
    while equation is not None and equation.primitive.name in ("transpose", "getitem", "reshape"):
        equation = made.get(equation.inputs[0])
    return equation is not None and equation.primitive is solution and hasattr(equation.params[0], "tail")


class _Dependent:
    """The equations that depend on the inputs and lead to a result or a guard, and their variables, numbered in their order.

    What leads nowhere is not compared: the array of which a buffer is a view is written to in the one run and not in the other.
    """

    def __init__(self, recording: Recording, count: int) -> None:
        self.recording = recording
        self.numbers: dict[int, int] = {}
        self.equations = []
        self._values: list[Any] | None = None
        for i in (*recording.tape.inputs, *recording.tape.captured[:count]):
            self.numbers[i] = len(self.numbers)
        # the program's guards: a tape that was filled by a program asked nothing itself
        made = {o: e for e in recording.program.equations for o in e.output_tuple}
        needed = {*recording.outputs, *(g.variable for g in recording.program.guards if not _is_chosen(made, g.variable))}  # fmt: skip
        needed.update(i for i, _ in recording.auxiliary_outputs or () if i is not None)
        leading = []
        for equation in reversed(recording.program.equations):
            if equation.primitive is raises or equation.primitive is found_anew:  # asked by one of the runs only
                continue
            if not needed.isdisjoint(equation.output_tuple):
                needed.update(equation.inputs)
                leading.append(equation)
        for equation in reversed(leading):
            if not self.numbers.keys().isdisjoint(equation.inputs):
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
