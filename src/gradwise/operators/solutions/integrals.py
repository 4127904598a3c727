r"""Integrals of one variable as one operation: the sum over nodes that were found on plain numbers, and Leibniz' rule at the limits.

.. math:: \mathrm{d} \int_a^b f(t, p)\,\mathrm{d}t = \sum_i w_i\, \partial_p f(t_i, p)\, \mathrm{d}p + f(b)\, \mathrm{d}b - f(a)\, \mathrm{d}a

    integral_known : (formula, limits, what SciPy asked for and found) → integral, traced

The operands are a plan (SciPy's value, the limits, nodes and weights), the limits, and what the integrand read.  Only integrands that switch nowhere, whatever the numbers are, are treated here.
In a program that stands for a function the plan is found anew (``found_anew.py`` says how that is for roots): SciPy integrates the recorded integrand.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.operators.caches import derived
from gradwise.operators.solutions.batches import SMOOTH, Elsewhere, Form
from gradwise.operators.solutions.chains import First, looped
from gradwise.operators.solutions.found_anew import asked
from gradwise.operators.solutions.places import places_of
from gradwise.operators.solutions.recording import form_of, inlined, recorded_solution
from gradwise.operators.solutions.written_formulas import as_operands, written
from gradwise.program import F64, ArrayType, Builder, Program
from gradwise.rules.calls import found_anew, solution
from gradwise.rules.products import matmul
from gradwise.rules.reductions import sum_
from gradwise.rules.shapes import getitem
from gradwise.tracing import apply
from gradwise.tracing.instrument.state import local
from gradwise.tracing.kronrod_nodes import AGREE, Interval, settled_nodes
from gradwise.tracing.roots import install_integrals
from gradwise.transforms.batch import batch

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

#: how near the formula must come to the function, relative to the largest value
_ALIKE = 1e-12
#: operations of one node, and numbers of all nodes together
_LONG, _MANY = 5000, 1 << 22
#: Gauss' nodes and weights on (0, 1): exact for the derivatives up to the tenth at an interval of length zero
_GAUSS = [(0.5 + 0.5 * float(n), 0.5 * float(w)) for n, w in zip(*np.polynomial.legendre.leggauss(5), strict=True)]


class Integral:
    """The callee: (plan, low, high, what the integrand captured) → integral; ``ends``: which of the limits may move."""

    #: its program is a sum, which may be written as a formula
    is_sum = True

    def __init__(self, form: Form, ends: tuple[bool, bool]) -> None:
        self.form, self.ends = form, ends
        self.results = (F64,)
        self.linear = (False,) * (3 + len(form.captured))
        self.text = None if form.text is None else ("integral", form.text)
        self._made: dict[Any, Any] = {}

    def __repr__(self) -> str:
        return "integral"

    def __call__(self, *operands: Any) -> tuple[Any, ...]:
        return (operands[0][0],)

    def pushforward(self, active: tuple[bool, ...]) -> Along:
        made = self._made.get(active)
        if made is None:
            made = self._made[active] = Along(self, active, None)
        return made

    def transposed(self, types: tuple[ArrayType, ...]) -> Any:
        raise AssertionError  # it is linear in nothing

    def batched(self, flags: tuple[bool, ...], size: int) -> Any:
        return looped(self, flags, size, self._made)

    def unrolled(self, packed: np.ndarray, order: int) -> tuple[Hashable, Program]:
        """The program of the sum: (plan, low, high, captured) → integral."""
        count = len(packed)
        moving = [m and bool(np.isfinite(p)) for m, p in zip(self.ends, packed[1:3], strict=True)]
        key = count, *moving
        return key, derived(("sum over nodes", self, key), lambda: self._write(count, moving))

    def _write(self, length: int, moving: list[bool]) -> tuple[Program, int]:
        form, count = self.form, (length - 3) // 2
        program = form.program
        builder = Builder()
        plan = builder.variable(ArrayType((length,), F64.dtype))
        limits = [builder.variable(F64), builder.variable(F64)]
        captured = [builder.variable(program.types[i]) for i in form.captured]
        nodes = getitem(plan, params=((("slice", 3, 3 + count, None),),))
        weights = getitem(plan, params=((("slice", 3 + count, length, None),),))
        plain = Program(program.name, program.inputs, program.captured, program.equations, program.outputs, program.types)  # fmt: skip
        many, (carried,) = batch(plain, count, program.inputs)
        (values,) = inlined(builder, many, [nodes], captured)
        total = matmul(weights, values) if carried else values * sum_(weights, params=((0,), False))
        for place, (limit, moves) in enumerate(zip(limits, moving, strict=True)):
            if not moves:
                continue
            start = getitem(plan, params=((1 + place,),))
            step = limit - start
            for node, weight in _GAUSS:
                (value,) = inlined(builder, plain, [start + step * node], captured)
                part = step * weight * value
                total = total + part if place else total - part
        inputs = [plan.index, *[v.index for v in (*limits, *captured)]]
        return Program("integral", inputs, (), builder.equations, [total.index], builder.types), len(builder.equations)


class Along(First):
    """The tangent of an integral, or where ``types`` are given, the cotangents of what moves it."""

    def __init__(self, of: Integral, active: tuple[bool, ...], types: tuple[ArrayType, ...] | None) -> None:
        super().__init__(of, active, "jvp" if types is None else "vjp", of.results if types is None else types)
        self.types = types

    def of_vectors(self, operands: Sequence[Any], count: int) -> list[Any]:
        """The results, with a leading axis of length count or 1."""
        form, size, active = self.of.form, len(self.active), self.active
        packed, captured = operands[0], operands[3:size]
        nodes, weights = np.reshape(packed[3:], (2, -1))
        moving = tuple(v for v, a in zip(form.captured, active[3:], strict=True) if a)
        # what a limit moves is the integrand there
        ends = [
            sign * form.values([np.reshape(operands[k], (1,))], captured).ravel()[0]
            for k, sign in ((1, -1.0), (2, 1.0))
            if active[k]
        ]
        if self.types is None:
            tangents = list(operands[size:])
            total = np.zeros(count or 1)
            for value in ends:
                total = total + value * np.reshape(tangents.pop(0), -1)
            if moving:
                total = total + form.push([nodes], captured, moving, tangents, count)[:, :, 0] @ weights
            return [total]
        bars = np.reshape(operands[-1], (count or 1,))
        found: list[Any] = [value * bars for value in ends]
        if moving:
            found += form.pull([nodes], captured, moving, (bars[:, None] * weights)[:, :, None])
        return found

    def transposed(self, types: tuple[ArrayType, ...]) -> Along:
        made = self._made.get(types)
        if made is None:
            made = self._made[types] = Along(self.of, self.active, types if self.types is None else None)
        return made


class Integrating:
    """The callee: (low, high, what the integrand captured) → plan, by SciPy's quad on the recorded integrand."""

    def __init__(self, of: Integral, function: Any, settings: tuple[Any, ...], length: int) -> None:
        self.of, self.function, self.settings = of, function, settings
        self.results = (ArrayType((length,), F64.dtype),)

    def __repr__(self) -> str:
        return "nodes found anew"

    def __call__(self, low: Any, high: Any, *captured: Any) -> tuple[Any, ...]:
        low, high = float(low), float(high)
        integrand = asked(functools.partial(self.function, *as_operands(self.of.form, captured)))
        found = scipy.integrate.quad(integrand, low, high, (), 1, *self.settings)
        if len(found) > 3 or low == high:  # SciPy warns
            raise Elsewhere
        return (_plan(self.of, captured, low, high, found),)


def _plan(of: Integral, captured: Sequence[Any], low: float, high: float, found: Any) -> np.ndarray:
    """Nodes and weights on the halves of SciPy's subintervals, which are halved until two sums agree.

    Raises
    ------
    Elsewhere
        Where the integrand, or its derivative, is not finite, and where the sum is not what SciPy found.
    """
    form = of.form
    value, error, told = found
    last = told["last"]
    left, right = told["alist"][:last], told["blist"][:last]
    middle = 0.5 * (left + right)
    places = np.concatenate([np.stack([left, middle], 1), np.stack([middle, right], 1)])
    interval = Interval(low, high)
    with np.errstate(all="ignore"):
        nodes, weights, total, size = settled_nodes(
            lambda at: form.checked([at], captured)[0].ravel(), interval, places, AGREE
        )
        if not abs(interval.sign * total - value) <= max(1e-6 * size, 10.0 * error):
            raise Elsewhere
        unit = 1 << max(len(nodes).bit_length() - 4, 0)  # few different numbers of nodes, so that few programs are made
        more = -len(nodes) % unit
        nodes = np.concatenate([nodes, np.full(more, nodes[-1])])
        weights = np.concatenate([interval.sign * weights, np.zeros(more)])
        if len(nodes) * sum(t.size for t in form.program.types) > _MANY:
            raise Elsewhere
        if form.moving and not form.is_smooth:
            bars = form.pull([nodes], captured, form.moving, np.ones((1, len(nodes), 1)))
            if not all(np.isfinite(b).all() for b in bars):
                raise Elsewhere
        at = np.array([v for v, moves in zip((low, high), of.ends, strict=True) if moves and np.isfinite(v)])
        if at.size and not np.isfinite(form.values([at], captured)).all():
            raise Elsewhere
    return np.concatenate([[value, low, high], nodes, weights])


def _switches(form: Form) -> bool:
    """Whether the integrand may switch somewhere, whatever the numbers are."""
    program = form.whole
    kinked = any(e.primitive.kink is not None for e in program.equations)
    return bool(kinked or program.guards or form.compared or places_of(form) != [])


def _ends_with_slopes(program: Program) -> bool:
    """Whether the integrand is made of operations that have slopes wherever they are finite, so that it ends like a root at no limit."""
    return all(
        e.primitive.name in SMOOTH
        or e.primitive.name in _SLOPING
        or (e.primitive.name == "power" and float(np.real(e.params[0])).is_integer())
        for e in program.equations
    )


_SLOPING = frozenset({"div", "sinh", "cosh", "erf", "erfc", "expm1", "exp2", "tan", "log", "log1p", "log2", "log10"})


def integral_known(
    formula: Any, low: Any, high: Any, seen: Sequence[tuple[float, Any]], found: Any, settings: tuple[Any, ...] | None
) -> Any:
    """The integral recorded as one operation; None where that cannot be.

    Parameters
    ----------
    formula : Formula
        The integrand.
    low, high : number
        The limits, which may be traced.
    seen : sequence
        The nodes for which SciPy asked, with the values.
    found : tuple
        What SciPy's quad returned, with all its output.
    settings : tuple or None
        SciPy's further arguments, where a program is made that finds the nodes anew.
    """
    form, watch = form_of(formula), local.watch
    if form is None or watch is None or form.state is not F64 or form.value.shape != () or len(form.program) > _LONG:
        return None
    limits = [v for v in (low, high) if hasattr(v, "tape")]
    if _switches(form) or (limits and not _ends_with_slopes(form.program)):
        return None
    ends = hasattr(low, "tape"), hasattr(high, "tape")
    integral = derived(("integral", form, ends), lambda: (Integral(form, ends), 1))
    captured = formula.plain_operands()
    left, right = [float(v.current()) if hasattr(v, "tape") else float(v) for v in (low, high)]
    try:
        plan = _plan(integral, captured, left, right, found)
        given = np.array([v for _, v in seen], float)
        made = form.checked([np.array([t for t, _ in seen])], captured)[0].ravel()
    except (Elsewhere, TypeError, ValueError):
        return None
    if not (np.abs(made - given) <= _ALIKE * np.max(np.abs(given), initial=0.0)).all():
        return None
    operands = (*[v if hasattr(v, "tape") else float(v) for v in (low, high)], *formula.operands())
    if settings is None:
        return recorded_solution(integral, plan, operands, found[0])
    function = written(form)
    if function is None:
        return None
    key = "integrating", integral, len(plan), tuple([(type(s).__name__, repr(s)) for s in settings])
    finding = derived(key, lambda: (Integrating(integral, function, settings, len(plan)), 1))
    (made_plan,) = apply(watch.trace, found_anew, operands, (finding,), (plan,))
    (value,) = apply(watch.trace, solution, (made_plan, *operands), (integral,), (found[0],))
    return value


install_integrals(integral_known)
