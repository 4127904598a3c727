r"""Roots as one operation: the implicit function theorem at a root that is known.

.. math:: f(t^*(\theta), \theta) = 0 \quad\Rightarrow\quad \mathrm{d}t^* = -(\partial f/\partial t)^{-1}\, \partial_\theta f\, \mathrm{d}\theta

    rooted : (formula, root, how) → root, traced

The equation is recorded at the root only, whatever way the solver took.  The operands are a plan (the inverse of the slope, and the root as the solver left it), the root, and what the equation read.  Derivatives of a higher order are those of a few Newton steps
(Griewank & Walther, Evaluating Derivatives, section 15.2), whose program is written out when they are asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.operators.caches import derived
from gradwise.operators.solutions.batches import Elsewhere, Form
from gradwise.operators.solutions.chains import First, looped
from gradwise.operators.solutions.gradient_forms import gradient_of
from gradwise.operators.solutions.recording import form_of, inlined, recorded_solution
from gradwise.operators.solutions.written_formulas import as_operands, linearised
from gradwise.program import F64, ArrayType, Builder, Program
from gradwise.rules.algebra import div
from gradwise.rules.axes import transpose
from gradwise.rules.broadcasting import broadcast_to, reshape
from gradwise.rules.linear_algebra.solving import solve
from gradwise.rules.reductions import identity
from gradwise.tracing.instrument.state import note_distance
from gradwise.tracing.roots import install_roots
from gradwise.transforms.batch import batch
from gradwise.transforms.forward import pushforward

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

#: Newton steps on plain numbers
_STEPS = 2
#: unknowns of a system whose Jacobian is written out
_LARGEST = 1000
#: a Jacobian of a larger condition number is left to the ordinary way
_CONDITION = 1e12
#: a Newton step below this, relative to the root, is rounding
_ROUNDING = 4e-16


class Root:
    """The callee: (plan, root, what the equation captured) → root.

    ``each``: a number, or numbers of which each has an equation of its own.  ``fixed``: the equation is f(t) = t.  ``near``: how far Newton's steps may lead, relative to the root.
    """

    def __init__(self, form: Form, *, each: bool, fixed: bool, near: float = np.inf) -> None:
        self.form = form
        self.each, self.fixed, self.near = each, fixed, near
        self.size = form.state.size
        self.results = (form.state,)
        self.linear = (False,) * (2 + len(form.captured))
        self.text = None if form.text is None else ("root", form.text, each, fixed)
        self._made: dict[Any, Any] = {}

    def __repr__(self) -> str:
        return "root"

    def __call__(self, *operands: Any) -> tuple[Any, ...]:
        found = operands[0][-self.size :]  # as the solver left it
        return (found.reshape(self.form.state.shape) if self.form.state.shape else found[0],)

    @property
    def plan(self) -> ArrayType:
        """The type of the plan."""
        n = self.size
        return ArrayType(((n if self.each else n * n) + n,), F64.dtype)

    def pushforward(self, active: tuple[bool, ...]) -> Moved:
        made = self._made.get(active)
        if made is None:
            made = self._made[active] = Moved(self, active, None)
        return made

    def transposed(self, types: tuple[ArrayType, ...]) -> Any:
        raise AssertionError  # it is linear in nothing

    def batched(self, flags: tuple[bool, ...], size: int) -> Any:
        return looped(self, flags, size, self._made)

    def moving(self, active: Sequence[bool]) -> tuple[int, ...]:
        """The captured variables among what moves."""
        return tuple(v for v, a in zip(self.form.captured, active[2:], strict=True) if a)

    def unrolled(self, packed: np.ndarray, order: int) -> tuple[Hashable, Program]:
        """The program of Newton's steps: (plan, root, captured) → root; k of them have derivatives up to the order 2ᵏ − 1."""
        steps = order.bit_length()
        return steps, derived(("newton", self, steps), lambda: self._write(steps))

    def _write(self, steps: int) -> tuple[Program, int]:
        form, shape, n = self.form, self.form.state.shape, self.size
        program = form.program
        (z,) = program.inputs
        d = pushforward(program, (z,))
        (vector,), (result,) = d.vectors, d.results
        assert vector is not None
        assert result is not None  # its slope is not zero
        joined = Program("slope", (z, vector), program.captured, program.equations + d.equations, (*program.outputs, result), d.types)  # fmt: skip
        if not self.each:
            joined, _ = batch(joined, n, [vector])
        builder = Builder()
        plan = builder.variable(self.plan)
        start = builder.variable(form.state)
        captured = [builder.variable(program.types[i]) for i in form.captured]
        one = builder.constant(1.0, F64.dtype)
        t = start
        for _ in range(steps):
            if self.each:
                value, slope = inlined(builder, joined, [t, broadcast_to(one, shape)], captured)
                if self.fixed:
                    value, slope = value - t, slope - one
                t = t - div(value, slope)
                continue
            unit = builder.emit(identity, (), (n, F64.dtype))
            value, rows = inlined(builder, joined, [t, reshape(unit, (n, *shape))], captured)
            jacobian = transpose(reshape(rows, (n, n)), params=((1, 0),))
            residual = reshape(value, (n, 1))
            if self.fixed:
                jacobian, residual = jacobian - unit, residual - reshape(t, (n, 1))
            t = t - reshape(solve(jacobian, residual, params=("",)), shape)
        made = Program("newton", [plan.index, start.index, *[c.index for c in captured]], (), builder.equations, [t.index], builder.types)  # fmt: skip
        return made, len(made)


class Moved(First):
    """The tangent of a root, or where ``types`` are given, the cotangents of what moves it."""

    def __init__(self, of: Root, active: tuple[bool, ...], types: tuple[ArrayType, ...] | None) -> None:
        super().__init__(of, active, "jvp" if types is None else "vjp", of.results if types is None else types)
        self.types = types

    def _solved(self, packed: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        """The inverse of the slope, or its transpose, times minus vectors of shape (count, size)."""
        n = self.of.size
        if self.of.each:
            return -(vectors / packed[:n])
        inverse = packed[: n * n].reshape(n, n)
        return -(vectors @ (inverse.T if self.types is None else inverse))

    def of_vectors(self, operands: Sequence[Any], count: int) -> list[Any]:
        """The results, with a leading axis of length count or 1."""
        of, size = self.of, len(self.active)
        form = of.form
        points = [np.reshape(operands[1], (1, *form.state.shape))]
        captured = operands[2:size]
        moving = of.moving(self.active)
        if self.types is None:
            tangents = list(operands[size:])
            if self.active[1]:  # where the root was found does not move it
                tangents.pop(0)
            if not moving:
                return [np.zeros((count or 1, *form.state.shape))]
            pushed = form.push(points, captured, moving, tangents, count)[:, 0]
            return [self._solved(operands[0], pushed).reshape(-1, *form.state.shape)]
        bars = np.reshape(operands[-1], (count or 1, of.size))
        found: list[Any] = [np.zeros((count or 1, *form.state.shape))] if self.active[1] else []
        if moving:
            found += form.pull(points, captured, moving, self._solved(operands[0], bars)[:, None])
        return found

    def transposed(self, types: tuple[ArrayType, ...]) -> Moved:
        made = self._made.get(types)
        if made is None:
            made = self._made[types] = Moved(self.of, self.active, types if self.types is None else None)
        return made


def rooted(formula: Any, value: Any, *, each: bool, fixed: bool = False, near: float | None = None) -> Any:
    """The root recorded as one operation; None where that cannot be (a slope that is zero, a kink).

    Parameters
    ----------
    formula : Formula
        The equation at the root.
    each : bool
        Whether each entry of the root has an equation of its own.
    fixed : bool
        Whether the equation is f(t) = t.
    near : float, optional
        For a minimum of the formula, a root of its gradient: how far Newton's steps may lead from what was found, relative to that.
    """
    form = equation_of(formula, each=each, minimum=near is not None)
    if form is None:
        return None
    root = root_of(form, each=each, fixed=fixed, near=near)
    try:
        at, plan = polished(root, np.asarray(value, float), formula.plain_operands())
    except (Elsewhere, np.linalg.LinAlgError):
        return None
    if near is not None:
        note_distance(value, at)
    return recorded_solution(root, plan, (at, *formula.operands()), value)


def equation_of(formula: Any, *, each: bool, minimum: bool = False) -> Form | None:
    """The form of an equation, or of several, for as many unknowns; None where its root cannot be one operation."""
    form = form_of(formula)
    if minimum and form is not None:
        form = gradient_of(form)
    if form is None or form.state.dtype != np.float64 or form.value.size != form.state.size or not form.state.size:
        return None
    n = form.state.size
    if (each and form.value.shape != form.state.shape) or (not each and n > _LARGEST):
        return None
    return form


def root_of(form: Form, *, each: bool, fixed: bool, near: float | None = None) -> Root:
    """The callee for roots of an equation."""
    far = np.inf if near is None else near
    return derived(("root", form, each, fixed, far), lambda: (Root(form, each=each, fixed=fixed, near=far), 1))


def polished(root: Root, found: np.ndarray, captured: Sequence[Any]) -> tuple[Any, Any]:
    """The root after Newton steps on plain numbers, and the plan: the slope there (of a system, its inverse), and the root as it was found.

    What a solver leaves of the equation would change the derivative.

    Raises
    ------
    Elsewhere
        If the slope is zero, or Newton's steps lead away.
    """
    form, each, fixed = root.form, root.each, root.fixed
    n, at = form.state.size, found
    near = linear_form(form, captured, each=each)
    for k in range(_STEPS + 1):
        value, slope = near(at)
        if each:
            plan = slope.ravel() - (1.0 if fixed else 0.0)
            if not (plan != 0).all():
                raise Elsewhere
        else:
            jacobian = slope - (np.eye(n) if fixed else 0.0)
            inverse = np.linalg.inv(jacobian)
            if not np.linalg.norm(inverse) * np.linalg.norm(jacobian) < _CONDITION:
                raise Elsewhere
            plan = inverse.ravel()
        residual = np.ravel(value) - (at.ravel() if fixed else 0.0)
        step = residual / plan if each else inverse @ residual
        if k == _STEPS or not (np.abs(step) > _ROUNDING * np.abs(at.ravel())).any():
            break
        at = at - step.reshape(at.shape)
    if not (np.isfinite(at).all() and (np.abs(at - found) <= root.near * (1.0 + np.abs(found))).all()):
        raise Elsewhere
    if form.moving and not form.is_smooth:
        bars = form.pull([at[None]], captured, form.moving, np.ones((1, 1, n)))
        if not all(np.isfinite(b).all() for b in bars):
            raise Elsewhere
    return at if at.shape else float(at), np.concatenate([plan, found.ravel()])


def linear_form(form: Form, captured: Sequence[Any], *, each: bool) -> Callable[[np.ndarray], tuple[Any, Any]]:
    """The equation near a point: its value, and the slopes or the Jacobian."""
    function = linearised(form, each=each)
    if function is None:
        if each:

            def slopes(at: np.ndarray) -> tuple[Any, Any]:
                value, slope = form.slopes([at[None]], captured)
                return value, slope[0]

            return slopes

        def jacobian(at: np.ndarray) -> tuple[Any, Any]:
            value, jacobians, _ = form.jacobians([at[None]], captured)
            return value, jacobians[0]

        return jacobian
    given, n = as_operands(form, captured), form.state.size

    def near(at: np.ndarray) -> tuple[Any, Any]:
        try:
            found = function(*given, at)
        except ArithmeticError as error:
            raise Elsewhere from error
        if found is None:
            raise Elsewhere
        value, slope = found
        slope = np.asarray(slope) if each else np.reshape(slope, (n, -1)).T
        if not (np.isfinite(value).all() and np.isfinite(slope).all()):
            raise Elsewhere
        return value, np.broadcast_to(slope, at.shape) if each else slope

    return near


install_roots(rooted)
