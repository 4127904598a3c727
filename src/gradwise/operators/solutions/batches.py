"""A recorded formula evaluated, and linearised, at many points at once.

    values : (points, captured) → f at each          jacobians : … → ∂f/∂y at each          push, pull : products with ∂f/∂θ at each

The states at which an integrator asked for the right-hand side are known when the derivative is taken.  So the linearisations at all of them come from one batched run of the derivative program: some dozens of NumPy calls for
a thousand stages.

A point where the formula does not hold (a guard fails, an operand sits on a kink, something is not finite) is not treated here: ``Elsewhere`` is raised, and who asked takes the ordinary way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.execution import Executable, build
from gradwise.operators.caches import derived
from gradwise.program import Equation, Program
from gradwise.transforms.batch import batch
from gradwise.transforms.forward import pushforward
from gradwise.transforms.reverse import pullback
from gradwise.transforms.simplify import drop_dead

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence


class Elsewhere(Exception):
    """The formula does not hold at a point, or has no derivative there."""


#: operations whose answers tell on which side of a switch a point is
COMPARISONS = frozenset({"less", "greater", "less_equal", "greater_equal", "sign", "floor", "ceil", "rint", "round"})
#: operations whose partial derivatives are finite wherever operands and value are
SMOOTH = frozenset(
    {"add", "sub", "mul", "neg", "matmul", "sin", "cos", "exp", "tanh", "getitem", "pack", "sum", "constant", "convert", "reshape", "transpose", "broadcast_to"}
    | {"sum_to", "square", "combination", "concatenate", "einsum", "expit", "arctan", "scatter_set", "scatter_add", "zeros", "less", "greater", "select"}
)  # fmt: skip


class Form:
    """The program of a formula: how it depends on its points and on what it captured.

    Parameters
    ----------
    program : Program
        Its inputs vary from point to point; the last of them is the state.
    moving : tuple of int
        The captured variables by which it may be differentiated.
    text : hashable
        Equations and guards.
    by_math : bool or None
        Whether elementary functions of numbers are those of ``math``; None for some.
    """

    def __init__(
        self, program: Program, moving: tuple[int, ...], text: Hashable = None, by_math: bool | None = False
    ) -> None:
        self.by_math = by_math
        #: the same for two forms which differ in nothing but by what they may be differentiated
        self.text = text
        self.program = drop_dead(program)
        #: with what nobody reads, which may be there to fail
        self.whole = program
        self.moving = moving
        self.captured = program.captured
        self.state = program.types[program.inputs[-1]]
        self.value = program.types[program.outputs[0]]
        # comparisons of the time with numbers turn where they turn, whatever the parameters are
        moved = {self.program.inputs[-1], *moving}
        for e in self.program.equations:
            if not moved.isdisjoint(e.inputs):
                moved.update(e.output_tuple)
        compared = {o for e in self.program.equations if e.primitive.name in COMPARISONS for o in e.output_tuple if o in moved}  # fmt: skip
        self.compared = tuple(sorted(compared))
        self.is_smooth = all(e.primitive.name in SMOOTH for e in self.program.equations)

    def run(self, kind: Any, make: Callable[[], Batched], points: Sequence[Any], captured: Sequence[Any]) -> list[Any]:
        """The results of a batched program, made once for each kind of request."""

        def made() -> tuple[Batched, int]:
            batched = make()
            return batched, batched.weight

        return derived(("batched", self, kind), made).run(points, captured)

    # --- at all points --------------------------------------------------------------------------------------------------------------

    def values(self, points: Sequence[Any], captured: Sequence[Any]) -> np.ndarray:
        """The values at points, whose coordinates have a leading axis each."""
        size = len(points[-1])

        def make() -> Batched:
            return Batched(self.program, self.program.inputs, (*self.program.outputs,), [(size, self.program.inputs)])

        (found,) = self.run(("values", size), make, points, captured)
        return found

    def jacobians(self, points: Sequence[Any], captured: Sequence[Any]) -> tuple[np.ndarray, np.ndarray, bool]:
        """Values, Jacobians by the state (of shape (size, value, state)), and whether a comparison turns out in two ways.

        Raises
        ------
        Elsewhere
        """
        size, n = len(points[-1]), self.state.size
        program = self.program
        y = program.inputs[-1]

        def make() -> Batched:
            d = pushforward(program, (y,))
            (vector,), (result,) = d.vectors, d.results
            inputs = (*program.inputs, *((vector,) if vector is not None else ()))
            outputs = (*program.outputs, result, *self.compared)
            joined = Program(program.name, inputs, program.captured, program.equations + d.equations, (), d.types, program.guards)  # fmt: skip
            return Batched(joined, inputs, outputs, [(n, (vector,)), (size, program.inputs)], checked=True)

        unit = np.eye(n).reshape(n, *self.state.shape)
        value, rows, *compared = self.run(("jacobians", size), make, (*points, unit), captured)
        switches = _switches(compared)
        shape = self.value.shape
        if rows is not None and np.size(rows) == size * n * self.value.size:
            jacobians = np.reshape(rows, (size, n, self.value.size))
        else:
            jacobians = np.zeros((size, n, self.value.size))
            if rows is not None:
                jacobians[...] = np.reshape(rows, (-1, n, self.value.size))
        if not (np.isfinite(value).all() and np.isfinite(jacobians).all()):
            raise Elsewhere
        return np.broadcast_to(value, (size, *shape)), jacobians.transpose(0, 2, 1), switches

    def checked(self, points: Sequence[Any], captured: Sequence[Any]) -> tuple[np.ndarray, bool]:
        """Values, and whether a comparison turns out in two ways.

        Raises
        ------
        Elsewhere
        """
        size, program = len(points[-1]), self.program

        def make() -> Batched:
            outputs = (*program.outputs, *self.compared)
            return Batched(program, program.inputs, outputs, [(size, program.inputs)], checked=True)

        value, *compared = self.run(("checked", size), make, points, captured)
        if not np.isfinite(value).all():
            raise Elsewhere
        return np.broadcast_to(value, (size, *self.value.shape)), _switches(compared)

    def times_jacobian(self, point: Sequence[Any], captured: Sequence[Any], vectors: np.ndarray, *, transposed: bool) -> np.ndarray:  # fmt: skip
        """The Jacobian by the state at one point, or its transpose, times vectors of shape (count, n)."""
        count, program = len(vectors), self.program

        def make() -> Batched:
            y = program.inputs[-1:]
            d = pullback(program, y) if transposed else pushforward(program, y)
            (vector,) = d.vectors
            assert vector is not None
            inputs = (*program.inputs, vector)
            joined = Program(program.name, inputs, program.captured, program.equations + d.equations, (), d.types)
            return Batched(joined, inputs, d.results, [(count, (vector,))] if count > 1 else [])

        given = vectors.reshape(count, *self.state.shape) if count > 1 else vectors.reshape(self.state.shape)
        (found,) = self.run(("times", count, transposed), make, (*point, given), captured)
        return np.zeros((count, self.state.size)) if found is None else np.reshape(found, (count, -1))

    def slopes(self, points: Sequence[Any], captured: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
        """The values, and their tangents for the tangent 1 of every entry of the state.

        Raises
        ------
        Elsewhere
        """
        size = len(points[-1])
        program = self.program

        def make() -> Batched:
            d = pushforward(program, program.inputs[-1:])
            inputs = (*program.inputs, *[v for v in d.vectors if v is not None])
            joined = Program(program.name, inputs, program.captured, program.equations + d.equations, (), d.types, program.guards)  # fmt: skip
            return Batched(joined, inputs, (*program.outputs, *d.results), [(size, program.inputs)], checked=True)

        value, found = self.run(("slopes", size), make, (*points, np.ones(self.state.shape)[()]), captured)
        made = np.zeros((size, *self.value.shape))
        if found is not None:
            made[...] = found
        if not (np.isfinite(value).all() and np.isfinite(made).all()):
            raise Elsewhere
        return np.broadcast_to(value, made.shape), made

    def push(self, points: Sequence[Any], captured: Sequence[Any], active: tuple[int, ...], tangents: Sequence[Any], count: int = 0) -> np.ndarray:  # fmt: skip
        """The tangents of the values for tangents of the captured variables ``active``, of which there are ``count`` with a leading axis, or one; of shape (count or 1, size, value)."""
        size = len(points[-1])
        program = self.program

        def make() -> Batched:
            d = pushforward(program, active)
            inputs = (*program.inputs, *[v for v in d.vectors if v is not None])
            joined = Program(program.name, inputs, program.captured, program.equations + d.equations, (), d.types)
            axes = [(size, program.inputs)] if not count else [(count, d.vectors), (size, program.inputs)]
            return Batched(joined, inputs, d.results, axes)

        (found,) = self.run(("push", size, active, count), make, (*points, *tangents), captured)
        made = np.zeros((count or 1, size, self.value.size))
        if found is not None:
            inner = self.value.size
            if count:
                found = np.reshape(found, (-1, count, inner))
                made[...] = found.transpose(1, 0, 2)
            else:
                made[0] = np.reshape(found, (-1, inner))
        return made

    def pull(self, points: Sequence[Any], captured: Sequence[Any], active: tuple[int, ...], cotangents: np.ndarray) -> list[Any]:  # fmt: skip
        """The cotangents of the captured variables ``active``, summed over the points, for cotangents of the values of shape (count, size, value); with a leading axis of that length."""
        count, size = cotangents.shape[:2]
        program = self.program

        def make() -> Batched:
            d = pullback(program, active)
            (vector,) = d.vectors
            assert vector is not None
            inputs = (*program.inputs, vector)
            joined = Program(program.name, inputs, program.captured, program.equations + d.equations, (), d.types)
            axes = [(count, (vector,))] if count > 1 else []
            return Batched(joined, inputs, d.results, [*axes, (size, (*program.inputs, vector))])

        shape = self.value.shape
        given = (
            cotangents.transpose(1, 0, 2).reshape(size, count, *shape)
            if count > 1
            else cotangents.reshape(size, *shape)
        )
        results = self.run(("pull", size, active, count), make, (*points, given), captured)
        made = []
        for variable, found in zip(active, results, strict=True):
            type_ = program.types[variable]
            if found is None:
                made.append(np.zeros((count, *type_.shape), type_.dtype))
            else:
                made.append(np.reshape(np.sum(found, axis=0), (count, *type_.shape)))
        return made


def _switches(compared: list[Any]) -> bool:
    """Whether answers to comparisons differ between the points."""
    return any(a.ndim and not (a == a[:1]).all() for a in map(np.asarray, compared))


class Batched:
    """A program with leading axes, ready to run.

    Parameters
    ----------
    inputs, outputs : sequence of int
        Variables of the program.
    axes : list of (size, variables)
        The axes, the innermost first, with the inputs that carry them.
    checked : bool
        Whether guards and kinks are looked at.
    """

    def __init__(
        self,
        program: Program,
        inputs: Sequence[int | None],
        outputs: Sequence[int | None],
        axes: Sequence[tuple[int, Sequence[int | None]]],
        *,
        checked: bool = False,
    ) -> None:
        wanted = [o for o in outputs if o is not None]
        given = [i for i in inputs if i is not None]
        program = drop_dead(Program(program.name, given, program.captured, program.equations, wanted, program.types, program.guards if checked else ()))  # fmt: skip
        carried: list[set[int]] = [{i for i in variables if i is not None} for _, variables in axes]
        renamed = dict(zip(given, range(len(given)), strict=True))
        places = [{renamed[i] for i in variables} for variables in carried]
        flags: tuple[bool, ...] = (False,) * len(wanted)
        for (size, _), where in zip(axes, places, strict=True):
            program, new = batch(program, size, [program.inputs[k] for k in sorted(where)])
            flags = tuple(a or b for a, b in zip(flags, new, strict=True))
        self.depth = len(axes)
        self.program = program
        self.weight = len(program)
        self.checked = checked
        self._present = [i is not None for i in inputs]
        found = iter(program.outputs)
        self._outputs = [None if o is None else next(found) for o in outputs]
        self._kinks: list[Equation] = [e for e in program.equations if e.primitive.kink is not None] if checked else []
        kept = [g.variable for g in program.guards] + [i for e in self._kinks for i in (*e.inputs, *e.output_tuple)]
        fixed = (*program.inputs, *program.captured)
        self._executable: Executable = build(program.equations, program.types, program.outputs, fixed, kept)

    def run(self, points: Sequence[Any], captured: Sequence[Any]) -> list[Any]:
        """The outputs; None where they are None.

        Raises
        ------
        Elsewhere
            If a guard fails, or an operand sits on a kink.
        """
        program = self.program
        env: list[Any] = [None] * len(program.types)
        given = [p for p, present in zip(points, self._present, strict=True) if present]
        for variable, value in zip(program.inputs, given, strict=True):
            env[variable] = value
        for variable, value in zip(program.captured, captured, strict=True):
            env[variable] = value
        self._executable.run(env)
        if self.checked:
            self._check(env)
        return [None if o is None else env[o] for o in self._outputs]

    def _check(self, env: list[Any]) -> None:
        for guard in self.program.guards:
            if guard.kind == "shift":  # it cancels
                continue
            value, expected = np.asarray(env[guard.variable]), np.asarray(guard.expected)
            if not (value == expected).all():
                raise Elsewhere
            if expected.dtype.kind == "f" and not (np.signbit(value) == np.signbit(expected)).all():
                raise Elsewhere
        for equation in self._kinks:
            primitive = equation.primitive
            assert primitive.kink is not None
            with np.errstate(all="ignore"):
                operands = tuple([env[i] for i in equation.inputs])
                if np.any(primitive.kink(operands, env[equation.output_tuple[0]], *equation.params)):
                    raise Elsewhere
