"""On which side of its switches a recorded formula is, at many points, and how far from them.

    sides_of : formula → Sides, or None where the formula does not switch

A *gap* is a number that changes its sign where the formula goes over to another branch: a − b of a comparison or a maximum, x of an absolute value.

A *steady* formula stays on the sides of one point: its comparisons have the answers from there, max(a, b) is the one that was larger there, floor(x) the whole number from there.  It goes on smoothly beyond the border, where the stages of a
step that ends at the border may lie.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.operators.caches import derived
from gradwise.operators.prepared import interpret
from gradwise.operators.solutions.batches import Batched, Form
from gradwise.operators.solutions.recording import form_of
from gradwise.program import F64, ArrayType, Builder, Equation, Program
from gradwise.rules.algebra import select
from gradwise.tracing.roots import install_sides

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def _difference(a: Any, b: Any) -> Any:
    return a - b


def _itself(a: Any) -> Any:
    return a + 0.0


#: jumps at whole numbers, and between them
def _wave(a: Any, b: Any = 1.0) -> Any:
    return np.sin(np.pi * (a / b))


def _shifted_wave(a: Any) -> Any:
    return np.cos(np.pi * a)


def _second(a: Any, b: Any) -> Any:
    return b + 0.0


#: the gap of each operation that switches, by its operands
GAPS: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(("less", "greater", "less_equal", "greater_equal", "maximum", "minimum", "fmax", "fmin"), _difference),
    **dict.fromkeys(("abs", "sign", "heaviside"), lambda a, *_: _itself(a)),
    "copysign": _second,
    **dict.fromkeys(("floor", "ceil", "trunc", "floor_divide", "mod", "fmod"), _wave),
    "rint": _shifted_wave,
}  # fmt: skip


class Sides:
    """The gaps of a formula."""

    def __init__(self, form: Form, formula: Any) -> None:
        self._form = form
        self._formula = formula
        self._captured = formula.plain_operands()
        self._equations = _switching(form)

    def gaps(self, *points: Any) -> np.ndarray:
        """All gaps at points, whose coordinates have a leading axis each: a row for each point."""
        form, size = self._form, len(points[-1])
        program = form.program
        operands = tuple(dict.fromkeys(i for e in self._equations for i in e.inputs))

        def make() -> tuple[Batched, int]:
            made = Batched(program, program.inputs, operands, [(size, program.inputs)])
            return made, made.weight

        with np.errstate(all="ignore"):
            found = derived(("gaps", form, size), make).run([np.asarray(p, float) for p in points], self._captured)
            values = {i: np.reshape(v, (-1, *program.types[i].shape)) for i, v in zip(operands, found, strict=True)}
            rows = []
            for e in self._equations:
                rank = max(len(program.types[i].shape) for i in e.inputs)
                given = [values[i].reshape(len(values[i]), *(1,) * (rank + 1 - values[i].ndim), *values[i].shape[1:]) for i in e.inputs]  # fmt: skip
                gap = _gap(e.primitive.name, given)
                rows.append(np.broadcast_to(gap, (size, *gap.shape[1:])).reshape(size, -1))
        return np.concatenate(rows, axis=1)

    def steady(self, *point: Any) -> SteadyFormula:
        """The formula on the sides of a point."""
        form = self._form
        steady, replaced = derived(("steady", form), lambda: (_steady_form(form, self._equations), 1))
        program = form.program
        wanted = tuple(dict.fromkeys(i for e in replaced for i in (*e.inputs, *e.output_tuple)))

        def make() -> tuple[Batched, int]:
            made = Batched(program, program.inputs, wanted, [(1, program.inputs)])
            return made, made.weight

        with np.errstate(all="ignore"):
            found = derived(("at", form), make).run([np.asarray(p, float)[None] for p in point], self._captured)
            values = {i: np.reshape(v, program.types[i].shape) for i, v in zip(wanted, found, strict=True)}
            known = []
            for e in replaced:
                name, operands, (output,) = e.primitive.name, [values[i] for i in e.inputs], e.output_tuple
                made = values[output] if name in _KEPT else _OTHERS[name](GAPS[name](*operands), operands)
                known.append(np.broadcast_to(made, program.types[output].shape)[()])
        return SteadyFormula(self._formula, steady, known)

    def traced(self, entry: int, *point: Any) -> Any:
        """One gap at a point that may be traced, recorded."""
        program = self._form.program
        env: list[Any] = [None] * len(program.types)
        for variable, value in zip(program.inputs, point, strict=True):
            env[variable] = value
        for variable, operand in zip(program.captured, self._formula.operands(), strict=True):
            env[variable] = operand
        for e in self._equations:
            size = program.types[e.output_tuple[0]].size
            if entry >= size:
                entry -= size
                continue
            last = program.equations.index(e)
            interpret(program.equations[:last], env)
            gap = GAPS[e.primitive.name](*[env[i] for i in e.inputs])
            shape = np.shape(gap.current() if hasattr(gap, "current") else gap)
            return gap[np.unravel_index(entry, shape)] if shape else gap
        raise AssertionError


def _switching(form: Form) -> list[Any]:
    """The equations that switch with the point or with what is captured and moves, and of which the result counts."""
    program = form.program
    moved = {*program.inputs, *form.moving}
    found = []
    for e in program.equations:
        if not moved.isdisjoint(e.inputs):
            moved.update(e.output_tuple)
            kinds = {program.types[i].dtype.kind for i in e.inputs}
            if e.primitive.name in GAPS and kinds <= set("fiu"):
                found.append(e)
    return found


#: the whole number whose parity is the sign of a wave, on the border too, where the wave is of the size of rounding
_WHOLE: dict[str, Callable[..., Any]] = {
    "floor": np.floor, "ceil": np.ceil, "trunc": np.trunc, "rint": np.rint, "floor_divide": np.floor_divide, "mod": np.floor_divide,
    "fmod": lambda a, b: np.trunc(a / b),
}  # fmt: skip


def _gap(name: str, operands: Sequence[np.ndarray]) -> np.ndarray:
    """The plain gap."""
    made = GAPS[name](*operands)
    if name not in _WHOLE:
        return made
    odd = np.mod(_WHOLE[name](*operands), 2) == 1
    return np.where(odd, -1.0, 1.0) * np.where(name == "ceil", -1.0, 1.0) * np.abs(made)


#: operations whose result stays as it was
_KEPT = frozenset({"less", "greater", "less_equal", "greater_equal", "sign", "heaviside", "floor", "ceil", "trunc", "rint", "floor_divide"})  # fmt: skip
#: operations that become others, which read what is known of the point
_OTHERS: dict[str, Callable[[np.ndarray, Sequence[np.ndarray]], np.ndarray]] = {
    **dict.fromkeys(("maximum", "fmax"), lambda gap, _: gap > 0),
    **dict.fromkeys(("minimum", "fmin"), lambda gap, _: gap <= 0),
    "abs": lambda gap, _: np.where(gap > 0, 1.0, -1.0),
    "mod": lambda _, operands: np.floor_divide(*operands),
}


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


def _steady_form(form: Form, equations: list[Equation]) -> tuple[Form, list[Equation]]:
    """The form with these equations replaced, and those of them that were, in the order of what is captured for them."""
    program = form.program
    builder = Builder(list(program.types))
    kept, further = [], []
    wanted = set(map(id, equations))
    for e in program.equations:
        name = e.primitive.name
        if id(e) not in wanted or not (name in _KEPT or name in _OTHERS):
            kept.append(e)
            continue
        (output,) = e.output_tuple
        if name in _KEPT:
            kept_variable = output
        else:
            shape, before = program.types[output].shape, len(builder.equations)
            dtype = np.dtype(bool) if name not in {"abs", "mod"} else F64.dtype
            mask = builder.variable(ArrayType(shape, dtype))
            operands = [builder.symbol(i) for i in e.inputs]
            if name == "abs":
                made = operands[0] * mask
            elif name == "mod":
                made = operands[0] - operands[1] * mask
            else:
                made = builder.emit(select, [mask, *operands])
            if made.type != program.types[output]:
                kept.append(e)
                continue
            last = builder.equations[-1]
            kept += builder.equations[before:-1]
            kept.append(Equation(last.primitive, last.inputs, last.params, output, e.location))
            kept_variable = mask.index
        further.append((kept_variable, e))
    captured = (*program.captured, *[v for v, _ in further])
    made_program = Program(program.name, program.inputs, captured, kept, program.outputs, builder.types, program.guards)
    return Form(made_program, form.moving), [e for _, e in further]


def sides_of(formula: Any) -> Sides | None:
    """The sides of a formula; None where it does not switch."""
    form = form_of(formula)
    if form is None or not _switching(form):
        return None
    return Sides(form, formula)


install_sides(sides_of)
