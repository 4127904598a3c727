"""On which side of its switches a recorded formula is, at many points, and how far from them.

    sides_of : formula → Sides, or None where the formula does not switch

A *gap* is a number that changes its sign where the formula goes over to another branch: a − b of a comparison or a maximum, x of an absolute value (``switches.py``, ``places.py``).

A *steady* formula stays on the sides of one point: its comparisons have the answers from there, max(a, b) is the one that was larger there, floor(x) the whole number from there.  It goes on smoothly beyond the border, where the stages of a
step that ends at the border may lie.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.operators.caches import derived
from gradwise.operators.prepared import interpret
from gradwise.operators.solutions.batches import Batched, Form
from gradwise.operators.solutions.places import Place, is_rounded, places_of
from gradwise.operators.solutions.recording import form_of
from gradwise.program import ArrayType, Builder, Equation, Program
from gradwise.rules.algebra import mul, real
from gradwise.rules.broadcasting import broadcast_to, reshape
from gradwise.rules.elementwise import sign
from gradwise.rules.reductions import sum_
from gradwise.tracing.roots import install_sides

if TYPE_CHECKING:
    from collections.abc import Sequence

#: a vector that is shorter than this, relative to what it was, where it turns round, passed through 0
_PASSED = 1e-5
#: gaps that vanish together are alike up to this factor
_ALIKE = 100


class Sides:
    """The gaps of a formula."""

    def __init__(self, form: Form, captured: list[Any], point: Sequence[Any], formula: Any = None) -> None:
        self._form, self._formula = form, formula
        self._captured = captured
        #: where the formula was recorded
        self._point = point
        self._places = places_of(form) or []
        self._wanted = tuple(dict.fromkeys(i for p in self._places for i in p.variables))

    def _values(self, points: Sequence[Any]) -> dict[int, np.ndarray]:
        """What decides, with the leading axis of the points, or one of length 1."""
        form, size = self._form, len(points[-1])
        program = form.program

        def make() -> tuple[Batched, int]:
            made = Batched(program, program.inputs, self._wanted, [(size, program.inputs)])
            return made, made.weight

        found = derived(("gaps", form, size), make).run([np.asarray(p, float) for p in points], self._captured)
        return {i: np.reshape(v, (-1, *program.types[i].shape)) for i, v in zip(self._wanted, found, strict=True)}

    @functools.cached_property
    def _base(self) -> dict[int, Any]:
        """What decides, at the point where the formula was recorded."""
        with np.errstate(all="ignore"):
            return {i: v[0] for i, v in self._values([np.asarray(p, float)[None] for p in self._point]).items()}

    def gaps(self, *points: Any) -> np.ndarray:
        """All gaps at points, whose coordinates have a leading axis each, in order: a row for each point."""
        size = len(points[-1])
        with np.errstate(all="ignore"):
            values = self._values(points)
            rows = [
                p.rows([values[i] for i in p.variables], [self._base[i] for i in p.variables], size)
                for p in self._places
            ]
        return np.concatenate(rows, axis=1)

    def passes_by(self, entry: int, *points: Any) -> bool:
        """Whether a gap that changed its sign between the first and the last of three points is that of a vector which passes 0 at a distance, nearest at the second."""
        values = self._values(points)
        place, own = self._found(entry)
        given = [[values[i][min(k, len(values[i]) - 1)] for i in place.variables] for k in range(3)]
        if place.is_length:
            made = [place.operands(v)[0].reshape(self._size(place), -1)[own] for v in given]
        elif place.switch.rows is not None:
            made = [np.ravel(place.gap(v, v))[own] for v in given]
        else:
            return False
        first, at, last = [float(np.linalg.norm(u)) for u in made]
        return at > _PASSED * max(first, last)

    def is_tied(self, entry: int, *points: Any) -> bool:
        """Whether beside a gap of eigenvalues that vanishes at the second of two points the next one does so too, or is 0 all along."""
        place, own = self._found(entry)
        if place.switch.rows is None:
            return False
        values = self._values(points)
        given = [[values[i][min(k, len(values[i]) - 1)] for i in place.variables] for k in range(2)]
        before, at = (np.reshape(v, (-1, np.shape(v)[-1])) for v in (place.gap(v, v) for v in given))
        row, k = divmod(own, before.shape[-1])
        beside = [j for j in (k - 1, k + 1) if 0 <= j < before.shape[-1]]
        least = max(_PASSED * before[row, k], _ALIKE * at[row, k])
        return any(at[row, j] <= max(least, _PASSED * before[row, j]) for j in beside)

    def is_blurred(self, entry: int) -> bool:
        """Whether the formula loses its digits beside the border of a gap: vectors of nearly equal values."""
        return self._found(entry)[0].switch.rows is not None

    def steady(self, *point: Any, along: Sequence[Any] = (), entry: int | None = None) -> SteadyFormula:
        """The formula on the sides of a point; ``along``: other points of that side, in order; ``entry``: the gap that vanishes behind them."""
        form = self._form
        steady, replaced = derived(("steady", form), lambda: (_steady_form(form, self._places), 1))
        program = form.program
        wanted = tuple(dict.fromkeys(i for p in replaced for i in (*p.variables, *p.equation.output_tuple)))

        def make() -> tuple[Batched, int]:
            made = Batched(program, program.inputs, wanted, [(1, program.inputs)])
            return made, made.weight

        with np.errstate(all="ignore"):
            found = derived(("at", form), make).run([np.asarray(p, float)[None] for p in point], self._captured)
            values = {i: np.reshape(v, program.types[i].shape) for i, v in zip(wanted, found, strict=True)}
            crossed, own = (None, 0) if entry is None else self._found(entry)
            known: list[Any] = []
            for p in replaced:
                operands, output = [values[i] for i in p.variables], p.equation.output_tuple[0]
                if p.is_length:
                    known += _direction(operands, p, self._course(p, along))
                elif p.switch.rows is not None:
                    last = self._values([c[-1:] for c in along]) if along and len(along[-1]) else None
                    operands = operands if last is None else [last[i][0] for i in p.variables]
                    known += p.switch.known(operands, own if p is crossed else None, p.params)
                elif p.switch.known is None:
                    known.append(values[output])
                else:
                    known += p.switch.known(operands, values[output], p.params)
        shapes = [program_type.shape for program_type in map(steady.program.types.__getitem__, steady.program.captured[len(program.captured) :])]  # fmt: skip
        known = [np.broadcast_to(v, shape)[()] for v, shape in zip(known, shapes, strict=True)]
        return SteadyFormula(self._formula, steady, known)

    def _course(self, place: Place, along: Sequence[Any]) -> np.ndarray | None:
        """The vectors of a length at other points; None where there are none."""
        if not along or not len(along[-1]):
            return None
        values = self._values(along)
        size = len(along[-1])
        return np.array(
            [place.operands([values[i][min(k, len(values[i]) - 1)] for i in place.variables])[0] for k in range(size)]
        )

    def _size(self, place: Place) -> int:
        return int(np.size(place.gap([self._base[i] for i in place.variables], [self._base[i] for i in place.variables])))  # fmt: skip

    def _found(self, entry: int) -> tuple[Place, int]:
        """The place of a gap, and the number that it has there."""
        for place in self._places:
            size = self._size(place)
            if entry < size:
                return place, entry
            entry -= size
        raise AssertionError

    def traced(self, entry: int, *point: Any) -> Any:
        """One gap at a point that may be traced, recorded."""
        program = self._form.program
        env: list[Any] = [None] * len(program.types)
        for variable, value in zip(program.inputs, point, strict=True):
            env[variable] = value
        for variable, operand in zip(program.captured, self._formula.operands(), strict=True):
            env[variable] = operand
        place, own = self._found(entry)
        given = {*program.inputs, *program.captured}
        last = max((k for k, e in enumerate(program.equations) if not given.issuperset(place.variables) and set(e.output_tuple) & set(place.variables)), default=-1)  # fmt: skip
        interpret(program.equations[: last + 1], env)
        gap = place.gap([env[i] for i in place.variables], [self._base[i] for i in place.variables])
        shape = np.shape(gap.current() if hasattr(gap, "current") else gap)
        return gap[np.unravel_index(own, shape)] if shape else gap


def _direction(values: Sequence[np.ndarray], place: Place, others: np.ndarray | None) -> list[Any]:
    """The direction of a vector, for each variable that has entries of it, and 0; where it may be another one on the same side, 0 and 1."""
    (vector,) = place.operands(values)
    length = np.sqrt(np.sum(vector * vector, axis=-1))
    divisor = np.where(length > 0, length, 1.0)
    stays = length > 0
    if others is not None:
        stays &= (np.sum(others * (vector / divisor[..., None]), axis=-1) >= 0).all(axis=0)
    known: list[Any] = []
    for value, axes in zip(values, place.axes, strict=True):
        scale = np.where(stays, 1 / divisor, 0.0)
        known.append(np.conj(value) * (scale if axes is None else np.expand_dims(scale, axes)))
    return [*known, np.where(stays, 0.0, 1.0)]


# --- on one side ------------------------------------------------------------------------------------------------------------------


class SteadyFormula:
    """A formula on the sides of one point; what it knows from there are further captured values."""

    def __init__(self, formula: Any, form: Form, known: list[np.ndarray]) -> None:
        self.recording, self.handles, self.moves, self.traces = formula.recording, formula.handles, formula.moves, formula.traces  # fmt: skip
        self.form = form
        self._formula, self._known = formula, known

    def operands(self) -> list[Any]:
        """What it reads, in order: values of enclosing traces, and plain ones."""
        return [*self._formula.operands(), *self._known]

    def plain_operands(self) -> list[Any]:
        """The same, all of them plain."""
        return [*self._formula.plain_operands(), *self._known]

    def __call__(self, *point: Any) -> Any:
        """The value at a point that may be traced, recorded."""
        program = self.form.program
        env: list[Any] = [None] * len(program.types)
        for variables, values in ((program.inputs, point), (program.captured, self.operands())):
            for variable, value in zip(variables, values, strict=True):
                env[variable] = value
        interpret(program.equations, env)
        return env[program.outputs[0]]


def _steady_form(form: Form, places: list[Place]) -> tuple[Form, list[Place]]:
    """The form with the equations of these places replaced, and the places, in the order of what is captured for them."""
    program = form.program
    builder = Builder(list(program.types))
    equations: list[Equation] = []
    further: list[int] = []
    replaced: list[Place] = []
    wanted = {id(p.equation): p for p in places}
    for e in program.equations:
        place = wanted.get(id(e))
        found = None if place is None else _steady_equations(program, builder, place)
        if place is None or found is None:
            equations.append(e)
            continue
        replaced.append(place)
        further += found[0]
        equations += found[1]
    # of a number of which an integer was made, the guard has the number
    guards = [g for g in program.guards if not is_rounded(program, g)]
    captured = (*program.captured, *further)
    made = Program(program.name, program.inputs, captured, equations, program.outputs, builder.types, guards)
    return Form(made, form.moving), replaced


def _steady_equations(program: Program, builder: Builder, place: Place) -> tuple[list[int], list[Equation]] | None:
    """The variables of what is known of the point, and the equations in the place of one; None where it stays."""
    e = place.equation
    assert e is not None
    if place.switch.known is None and not place.is_length:
        return [e.output_tuple[0]], []
    start, types = len(builder.equations), [program.types[o] for o in e.output_tuple]
    if place.is_length:
        known, found = _signed_length(builder, place, types[0])
    else:
        operands = [builder.symbol(i) for i in place.variables]
        known = [builder.variable(t) for t in _known_types(place, [program.types[i] for i in place.variables], types[0])]  # fmt: skip
        found = place.switch.steady(operands, known, place.params)  # type: ignore[misc]  # known and steady go together
    made = [
        m if m.type == t else broadcast_to(m, t.shape)
        for m, t in zip(found if isinstance(found, tuple) else (found,), types, strict=True)
    ]
    fresh = builder.equations[start:]
    del builder.equations[start:]
    written = {o for equation in fresh for o in equation.output_tuple}
    if any(m.type != t or m.index not in written for m, t in zip(made, types, strict=True)):
        return None
    names = {m.index: o for m, o in zip(made, e.output_tuple, strict=True)}
    return [v.index for v in known], [_renamed(equation, names, e.location) for equation in fresh]


def _renamed(e: Equation, names: dict[int, int], location: Any) -> Equation:
    """The equation with other variables; one that gives a result has the line."""
    outputs = tuple([names.get(o, o) for o in e.output_tuple])
    given = location if outputs != e.output_tuple else None
    inputs = tuple([names.get(i, i) for i in e.inputs])
    return Equation(e.primitive, inputs, e.params, outputs if e.primitive.multiple else outputs[0], given)


def _known_types(place: Place, types: list[ArrayType], output: ArrayType) -> list[ArrayType]:
    """The types of what is known of a point, found from operands of these types."""
    with np.errstate(all="ignore"):
        sample = [np.ones(t.shape, t.dtype) for t in types]
        ones = np.ones(output.shape, output.dtype) if place.switch.rows is None else None
        found = place.switch.known(sample, ones, place.params)  # type: ignore[misc]  # known and steady go together
    return [ArrayType(np.shape(v), np.asarray(v).dtype) for v in found]


def _signed_length(builder: Builder, place: Place, type_: ArrayType) -> tuple[list[Any], Any]:
    """A length times the sign of its vector along a direction that is known."""
    e = place.equation
    assert e is not None
    operands = [builder.symbol(i) for i in place.variables]
    known = [builder.variable(x.type) for x in operands]
    terms: list[Any] = []
    for x, unit, axes in zip(operands, known, place.axes, strict=True):
        product = mul(x, unit)
        product = real(product)
        terms.append(product if axes is None else sum_(product, params=(tuple(axes), False)))
    rest = builder.variable(terms[0].type)
    total: Any = rest
    for term in terms:
        total = total + term
    length = builder.emit(e.primitive, [builder.symbol(i) for i in e.inputs], e.params)
    return [*known, rest], mul(length, reshape(sign(total), type_.shape))


def sides_of(formula: Any) -> Sides | None:
    """The sides of a formula; None where it does not switch, or where that cannot be said."""
    form = form_of(formula)
    if form is None or not places_of(form):
        return None
    tape = formula.recording.tape
    return Sides(form, formula.plain_operands(), [tape.values[i] for i in form.program.inputs], formula)


install_sides(sides_of)
