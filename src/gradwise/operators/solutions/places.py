"""Where a recorded formula switches, and its gaps there.

    places_of : form → its places, in order

A place is an operation of ``switches.py`` with the variables that decide: the operands, or what the root of a sum of squares is made of; or a number of which an integer was made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gradwise.operators.caches import derived
from gradwise.operators.solutions.spectra import SPECTRA
from gradwise.operators.solutions.switches import BACK, COMPLEX, LENGTH, SWITCHES, WHOLE, Switch, rows_along
from gradwise.program import Equation, Guard, Program

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradwise.operators.solutions.batches import Form


class Place(NamedTuple):
    """Where a formula switches.

    Attributes
    ----------
    switch : Switch
    equation : Equation or None
        None for a number of which an integer was made.
    variables : tuple of int
        What decides.
    axes : tuple
        Of a length, for each variable: the axes along which its entries are those of one vector; None where they are entries of vectors of their own.
    """

    switch: Switch
    equation: Equation | None
    variables: tuple[int, ...]
    axes: tuple[Any, ...] = ()

    @property
    def params(self) -> tuple[Any, ...]:
        return () if self.equation is None else self.equation.params

    @property
    def is_length(self) -> bool:
        """Whether it is a length: its vector passes through 0 on the way."""
        return self.switch is LENGTH

    def operands(self, values: Sequence[Any]) -> list[Any]:
        """The operands of the gap, of the values of the variables."""
        if not self.is_length:
            return list(values)
        parts = [rows_along(v, axes) for v, axes in zip(values, self.axes, strict=True)]
        return [np.concatenate(parts, axis=-1) if len(parts) > 1 else parts[0]]

    def gap(self, values: Sequence[Any], base: Sequence[Any]) -> Any:
        """The gap of values that may be traced."""
        made = self.operands(values)
        start = [v.current() if hasattr(v, "current") else v for v in made] if self.is_length else base
        return self.switch.gap(made, start, self.params)

    def rows(self, values: Sequence[np.ndarray], base: Sequence[np.ndarray], size: int) -> np.ndarray:
        """The plain gaps of values with a leading axis of length ``size`` or 1: a row for each."""
        measure = self.switch.plainly or self.switch.gap
        if self.is_length:
            made = [self.operands([v[min(k, len(v) - 1)] for v in values])[0] for k in range(size)]
            return _turned(np.array(made)).reshape(size, -1)
        if self.switch.rows is not None:
            found = self.switch.rows(values, self.params)
            return np.broadcast_to(found.reshape(len(found), -1), (size, found[0].size))
        if self.switch.entrywise:
            rank = max(v.ndim for v in values)
            given = [v.reshape(len(v), *(1,) * (rank - v.ndim), *v.shape[1:]) for v in values]
            found = measure(given, base, self.params)
            return np.broadcast_to(found, (size, *found.shape[1:])).reshape(size, -1)
        return np.array(
            [np.ravel(measure([v[min(k, len(v) - 1)] for v in values], base, self.params)) for k in range(size)]
        )


def _turned(vectors: np.ndarray) -> np.ndarray:
    """Vectors, in order, along the one before each: of the other sign from where they turned round."""
    lengths = np.sqrt(np.sum(vectors * vectors, axis=-1))
    before = lengths[:-1]
    dots = np.sum(vectors[1:] * vectors[:-1], axis=-1)
    along = np.where(before > 0, dots / np.where(before > 0, before, 1.0), lengths[1:])
    signs = np.cumprod(np.where(along < 0, -1.0, 1.0), axis=0)
    along[1:] *= signs[:-1]
    return np.concatenate([lengths[:1], along])


def places_of(form: Form) -> list[Place] | None:
    """Where a formula switches with its point or with what is captured and moves, in order; None if that cannot be said."""
    (found,) = derived(("places", form), lambda: ((_places(form),), 1))
    return found


def _places(form: Form) -> list[Place] | None:
    program = form.program
    moved = {*program.inputs, *form.moving}
    made: dict[int, Equation] = {}
    found = []
    for e in program.equations:
        made.update(dict.fromkeys(e.output_tuple, e))
        if moved.isdisjoint(e.inputs):
            continue
        moved.update(e.output_tuple)
        place = _place(program, made, e)
        if place is not None and not moved.isdisjoint(place.variables):
            found.append(place)
    for guard in program.guards:
        if guard.variable in moved and is_rounded(program, guard):
            found += [Place(switch, None, (guard.variable,)) for switch in WHOLE]
        elif guard.variable in moved and guard.kind == "value" and program.types[guard.variable].is_differentiable:
            return None  # the formula stands for one number
    return found


def is_rounded(program: Program, guard: Guard) -> bool:
    """Whether an integer was made of a number."""
    return guard.kind == "int" and program.types[guard.variable].dtype.kind == "f"


def _place(program: Program, made: dict[int, Equation], e: Equation) -> Place | None:
    """Where an equation switches; None if it does not."""
    name, types = e.primitive.name, [program.types[i] for i in e.inputs]
    if name in SPECTRA:
        return Place(SPECTRA[name], e, e.inputs)
    if len(types) == 1 and types[0].dtype.kind == "c":
        switch = COMPLEX.get(name)
        whole = name == "power" and float(np.real(e.params[0])).is_integer()
        return None if switch is None or whole else Place(switch, e, e.inputs, (None,) if switch is LENGTH else ())
    if not {t.dtype.kind for t in types} <= set("fiu"):
        return None
    if name == "hypot":
        return Place(LENGTH, e, e.inputs, (None, None)) if types[0].shape == types[1].shape else None
    if name == "norm":
        return Place(LENGTH, e, e.inputs, (e.params[0],))
    if name in {"sqrt", "root_of_squares"} or (name == "power" and e.params[0] == 0.5):
        parts = _squares(program, made, e.inputs[0])
        return None if parts is None else Place(LENGTH, e, tuple(v for v, _ in parts), tuple(a for _, a in parts))
    if name == "convert":
        falls = types[0].dtype.kind == "f" and program.types[e.output_tuple[0]].dtype.kind in "iu"
        return Place(SWITCHES["trunc"], e, e.inputs) if falls else None
    inner = made.get(e.inputs[0]) if e.inputs else None
    back = None if inner is None else BACK.get((name, inner.primitive.name))
    if back is not None and inner is not None:
        return Place(back, e, inner.inputs)
    switch = SWITCHES.get(name)
    if switch is None or (name in {"interval", "searchsorted"} and (e.params[-1] or types[0].ndim != 1)):
        return None
    return Place(switch, e, e.inputs)


def _squares(program: Program, made: dict[int, Equation], variable: int) -> list[tuple[int, Any]] | None:
    """The variables of whose squares this one is the sum, each with the axes along which they are summed; None if it is no such sum."""
    e = made.get(variable)
    if e is None or program.types[variable].dtype.kind != "f":
        return None
    name = e.primitive.name
    if name == "square" or (name == "power" and e.params[0] == 2) or (name == "mul" and _alike(made, *e.inputs)):
        return [(e.inputs[0], None)]
    if name in {"matmul", "einsum"}:
        alone = len(e.inputs) == 2 and e.inputs[0] == e.inputs[1] and not program.types[variable].shape
        return [(e.inputs[0], tuple(range(program.types[e.inputs[0]].ndim)))] if alone else None
    if name == "add":
        parts = [_squares(program, made, i) for i in e.inputs]
        if any(p is None for p in parts) or program.types[e.inputs[0]].shape != program.types[e.inputs[1]].shape:
            return None
        return [part for p in parts if p is not None for part in p]
    if name == "sum":
        inner = _squares(program, made, e.inputs[0])
        if inner is None or len(inner) != 1 or inner[0][1] is not None or e.params[1]:
            return None
        return [(inner[0][0], e.params[0])]
    return None


def _alike(made: dict[int, Equation], a: int, b: int, depth: int = 4) -> bool:
    """Whether two variables are the same by the equations that make them."""
    if a == b:
        return True
    one, other = made.get(a), made.get(b)
    if one is None or other is None or not depth or one.primitive is not other.primitive or one.params != other.params:
        return False
    return len(one.inputs) == len(other.inputs) and all(
        _alike(made, i, j, depth - 1) for i, j in zip(one.inputs, other.inputs, strict=True)
    )
