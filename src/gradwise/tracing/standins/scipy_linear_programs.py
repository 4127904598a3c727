r"""``scipy.optimize.linprog``, ``milp``, ``lsq_linear`` and ``isotonic_regression``: what SciPy finds, as a function of traced data.

A vertex of a linear program is the solution of the constraints that hold with equality there.  It moves with them as long as they are as many as there are unknowns, independent, and needed (no multiplier
is zero); its value moves by the envelope theorem.  Elsewhere solutions jump or are several, and that raises.  Integers do not move.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.operands import as_array, carries
from gradwise.tracing.standins.recording import at_line, contains_traced, open_traces
from gradwise.tracing.standins.scipy_calling import only_at_this_point, refuse, with_value, without_rule
from gradwise.tracing.standins.stacking import assembled, leaves, plainly

if TYPE_CHECKING:
    from collections.abc import Callable

#: a constraint that is as near to equality as that, relative to its size, holds with equality
_NEAR = 1e-7


class _Program:
    """The rows a x ≤ b and a x = b of a linear program, whose entries may be traced."""

    def __init__(self, traces: list[Any], what: str) -> None:
        self.traces = traces
        self.what = what
        self.rows: list[tuple[Any, Any, bool]] = []

    def add(self, matrix: Any, right: Any, *, equal: bool) -> None:
        """Rows of a matrix."""
        if matrix is None or right is None:
            return
        for a, b in zip(as_array(matrix), np.atleast_1d(as_array(right)), strict=True):
            if np.isfinite(plain(b)):
                self.rows.append((a, b, equal))

    def bound(self, low: Any, high: Any) -> None:
        """Bounds of the unknowns, which are rows of the unit matrix."""
        units = np.eye(len(plain(low)))
        for k, unit in enumerate(units):
            bottom, top = plain(low)[k], plain(high)[k]
            if bottom == top:
                self.rows.append((unit, low[k], True))
                continue
            if np.isfinite(bottom):
                self.rows.append((-unit, -low[k], False))
            if np.isfinite(top):
                self.rows.append((unit, high[k], False))

    def fail(self, why: str) -> Exception:
        error: Exception = self.traces[0].fail(
            f"{self.what} has no derivative at this solution: {why}. A solution that moves smoothly with the data is required. Move the data, or use method='numerical'"
        )
        return error

    def vertex(self, x: np.ndarray, c: np.ndarray, whole: np.ndarray) -> Any:
        """The solution as that of the rows that hold with equality; the unknowns that are ``whole`` stay."""
        fixed, moving = np.flatnonzero(whole), np.flatnonzero(~whole)
        if not moving.size:
            self._refuse_integers(x)
            return x
        matrix, right, needed = [], [], []
        for a, b, equal in self.rows:
            values = plain(a)
            size = np.max(np.abs(values), initial=0.0) * (1.0 + np.max(np.abs(x), initial=0.0)) + abs(plain(b))
            if not equal and abs(values @ x - plain(b)) > _NEAR * size:
                continue
            if not np.any(values[moving]):
                self._refuse_tight(a, b)
                continue
            matrix.append(a[moving])
            right.append(b - a[fixed] @ x[fixed] if fixed.size else b)
            needed.append(not equal)
        numbers = np.array([plain(a) for a in matrix]).reshape(-1, moving.size)
        rank = np.linalg.matrix_rank(numbers)
        if rank < moving.size:
            raise self.fail("other solutions are as good")
        if len(matrix) > rank:
            raise self.fail("more constraints hold with equality than are needed")
        multipliers = -np.linalg.solve(numbers.T, c[moving])
        scale = 1e-9 * (np.max(np.abs(c), initial=0.0) + np.max(np.abs(multipliers), initial=0.0))
        if np.any((multipliers <= scale) & np.array(needed)):
            raise self.fail("other solutions are as good")
        found = np.linalg.solve(assembled(matrix), assembled(right))
        if not fixed.size:
            return found
        made = np.zeros_like(found, shape=x.shape) + np.where(whole, x, 0.0)
        made[moving] = found
        return made

    def _refuse_integers(self, x: np.ndarray) -> None:
        for a, b, equal in self.rows:
            size = np.max(np.abs(plain(a)), initial=0.0) * (1.0 + np.max(np.abs(x), initial=0.0)) + abs(plain(b))
            if equal or abs(plain(a) @ x - plain(b)) <= _NEAR * size:
                self._refuse_tight(a, b)

    def _refuse_tight(self, a: Any, b: Any) -> None:
        if carries(a) or carries(b):
            raise self.fail("a constraint of integers alone holds with equality, and they jump when it moves")


def _dense(matrix: Any) -> Any:
    return matrix.toarray() if scipy.sparse.issparse(matrix) else matrix


def _pairs(bounds: Any, n: int) -> tuple[Any, Any]:
    """Lower and upper bounds, as ``linprog`` reads them."""
    if bounds is None:
        bounds = (0, None)
    flat = list(bounds)
    if len(flat) == 2 and all(np.ndim(plain(b)) == 0 for b in flat if b is not None and type(b) not in {list, tuple}):
        if not any(type(b) in {list, tuple} for b in flat):
            flat = [flat] * n
    elif len(flat) == 1:
        flat = flat * n
    low = assembled([-np.inf if p[0] is None else p[0] for p in flat])
    high = assembled([np.inf if p[1] is None else p[1] for p in flat])
    return as_array(low) * 1.0, as_array(high) * 1.0


def linprog(
    c: Any, A_ub: Any = None, b_ub: Any = None, A_eq: Any = None, b_eq: Any = None, bounds: Any = (0, None), *rest: Any, **options: Any
) -> Any:  # fmt: skip
    """``scipy.optimize.linprog``."""
    data = [c, A_ub, b_ub, A_eq, b_eq, bounds]
    traces = open_traces([v for v in leaves([d for d in data if d is not None], []) if carries(v)])
    found = scipy.optimize.linprog(*[plainly(d) for d in data], *rest, **options)
    if not traces:
        return found
    if not found.success:
        raise traces[0].fail(f"linprog found no solution ({found.message}). A solution is required for its derivative")
    with at_line(*traces):
        only_at_this_point(traces)
        c = as_array(c) * 1.0
        program = _Program(traces, "linprog")
        upper, equal = _dense(A_ub), _dense(A_eq)
        program.add(upper, b_ub, equal=False)
        program.add(equal, b_eq, equal=True)
        low, high = _pairs(bounds, len(plain(c)))
        program.bound(low, high)
        integrality = options.get("integrality", rest[4] if len(rest) > 4 else None)
        whole = (
            np.zeros(len(found.x), bool)
            if integrality is None
            else np.broadcast_to(np.asarray(integrality) > 0, found.x.shape)
        )
        x = with_value(program.vertex(found.x, plain(c), whole), found.x)
        found.x = x
        found.fun = with_value(c @ x, found.fun)
        if upper is not None:
            found.slack = with_value(as_array(b_ub) - as_array(upper) @ x, found.slack)
        if equal is not None:
            found.con = with_value(as_array(b_eq) - as_array(equal) @ x, found.con)
        for name in ("ineqlin", "eqlin", "lower", "upper"):
            part = found.get(name)
            for key in list(part or ()):
                part[key] = without_rule(
                    part[key], found.fun, f"linprog(...).{name}.{key}", "Its x, fun, slack and con have one"
                )
    return found


def milp(c: Any, *, integrality: Any = None, bounds: Any = None, constraints: Any = None, options: Any = None) -> Any:
    """``scipy.optimize.milp``: integers stay, and the other unknowns are those of the linear program that is left."""
    given = (
        []
        if constraints is None
        else [constraints]
        if isinstance(constraints, scipy.optimize.LinearConstraint)
        else list(constraints)
    )
    given = [
        g if isinstance(g, scipy.optimize.LinearConstraint) else scipy.optimize.LinearConstraint(*map(plainly, g))
        for g in given
    ]
    parts = [(_dense(g.A), g.lb, g.ub) for g in given]
    n = len(plainly(c))
    pair = (
        (0.0, np.inf)
        if bounds is None
        else (bounds.lb, bounds.ub)
        if isinstance(bounds, scipy.optimize.Bounds)
        else tuple(bounds)
    )
    data = [c, *[v for part in parts for v in part], *pair]
    traces = open_traces([v for v in leaves(data, []) if carries(v)])
    plain_bounds = None if bounds is None else scipy.optimize.Bounds(*map(plainly, pair))
    plain_parts = [scipy.optimize.LinearConstraint(*map(plainly, part)) for part in parts]
    found = scipy.optimize.milp(
        plainly(c),
        integrality=plainly(integrality),
        bounds=plain_bounds,
        constraints=plain_parts or None,
        options=options,
    )
    if not traces:
        return found
    if not found.success:
        raise traces[0].fail(f"milp found no solution ({found.message}). A solution is required for its derivative")
    with at_line(*traces):
        only_at_this_point(traces)
        c = as_array(c) * 1.0
        program = _Program(traces, "milp")
        for matrix, low, high in parts:
            rows = np.atleast_2d(as_array(matrix))
            low, high = (np.broadcast_to(as_array(b) * 1.0, (len(plain(rows)),)) for b in (low, high))
            same = plain(low) == plain(high)
            for k in range(len(same)):
                if same[k]:
                    program.add(rows[k][None], low[k][None], equal=True)
                else:
                    program.add(-rows[k][None], -low[k][None], equal=False)
                    program.add(rows[k][None], high[k][None], equal=False)
        program.bound(*[np.broadcast_to(as_array(b) * 1.0, (n,)) for b in pair])
        whole = (
            np.zeros(n, bool) if integrality is None else np.broadcast_to(np.asarray(plainly(integrality)) > 0, (n,))
        )
        found.x = with_value(program.vertex(found.x, plain(c), whole), found.x)
        found.fun = with_value(c @ found.x, found.fun)
        for name in ("mip_dual_bound", "mip_gap"):
            if name in found:
                found[name] = without_rule(found[name], found.fun, f"milp(...).{name}", "Its x and fun have one")
    return found


def lsq_linear(A: Any, b: Any, bounds: Any = (-np.inf, np.inf), *rest: Any, **options: Any) -> Any:
    """``scipy.optimize.lsq_linear``: least squares in the unknowns that are off their bounds."""
    pair = (bounds.lb, bounds.ub) if isinstance(bounds, scipy.optimize.Bounds) else tuple(bounds)
    traces = open_traces([v for v in leaves([A, b, *pair], []) if carries(v)])
    found = scipy.optimize.lsq_linear(plainly(A), plainly(b), tuple(map(plainly, pair)), *rest, **options)
    if not traces:
        return found
    if isinstance(A, scipy.sparse.linalg.LinearOperator) or scipy.sparse.issparse(A):
        refuse([b, *pair], "scipy.optimize.lsq_linear of a sparse matrix", "A dense matrix is required: A.toarray()")
    with at_line(*traces):
        only_at_this_point(traces)
        A, b = as_array(A), as_array(b)
        low, high = (np.broadcast_to(as_array(p) * 1.0, found.x.shape) for p in pair)
        tolerance = 1e-6 * (1.0 + np.abs(found.x))
        at_low, at_high = found.x <= plain(low) + tolerance, found.x >= plain(high) - tolerance
        free = np.flatnonzero(~(at_low | at_high))
        gradient = plain(A).T @ (plain(A) @ found.x - plain(b))
        size = 1e-7 * np.linalg.norm(plain(A)) * np.linalg.norm(plain(b))
        same = plain(low) == plain(high)
        if np.any(at_low & ~same & (gradient <= size)) or np.any(at_high & ~same & (-gradient <= size)):
            raise traces[0].fail(
                "lsq_linear has no derivative at this solution: a bound is reached without being needed. Move the data, or use method='numerical'"
            )
        x = np.where(at_low, _finite(low), _finite(high))
        if free.size:
            rest_of = b - A @ np.where(at_low | at_high, x, 0.0)
            moving = np.linalg.lstsq(A[:, free], rest_of)[0]
            x = np.where(at_low | at_high, x, 0.0) + np.eye(found.x.size)[:, free] @ moving
        if not np.allclose(plain(x), found.x, rtol=1e-4, atol=1e-5):
            raise traces[0].fail(
                f"lsq_linear did not converge: {found.x!r} is no minimum. A tighter tolerance is required (tol=, lsq_solver=)"
            )
        found.x = with_value(x, found.x)
        found.fun = with_value(A @ found.x - b, found.fun)
        found.cost = with_value(0.5 * np.sum(found.fun**2), found.cost)
        found.optimality = without_rule(
            found.optimality, found.cost, "lsq_linear(...).optimality", "Its x, fun and cost have one"
        )
        if found.get("unbounded_sol") is not None:
            found.unbounded_sol = without_rule(
                found.unbounded_sol, found.cost, "lsq_linear(...).unbounded_sol", "Its x has one"
            )
    return found


def _finite(bound: Any) -> Any:
    return np.where(np.isfinite(plain(bound)), bound, 0.0)


def isotonic_regression(y: Any, *, weights: Any = None, increasing: bool = True) -> Any:
    """``scipy.optimize.isotonic_regression``: the weighted means of the blocks that SciPy finds."""
    found = scipy.optimize.isotonic_regression(plainly(y), weights=plainly(weights), increasing=increasing)
    if not contains_traced([y, weights]):
        return found
    y = as_array(y) * 1.0
    w = np.ones(len(found.x)) if weights is None else as_array(weights) * 1.0
    blocks = np.asarray(found.blocks)
    traces = open_traces([v for v in (y, w) if carries(v)])
    with at_line(*traces):
        only_at_this_point(traces)
        parts, sums = [], []
        for start, stop in itertools.pairwise(blocks):
            total = np.sum(w[start:stop])
            sums.append(total)
            parts.append(np.sum(w[start:stop] * y[start:stop]) / total * np.ones(stop - start))
        found.x = with_value(np.concatenate(parts), found.x)
        if carries(w):
            found.weights = with_value(np.stack(sums), found.weights)
    return found


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "scipy.optimize": {
        "linprog": linprog,
        "milp": milp,
        "lsq_linear": lsq_linear,
        "isotonic_regression": isotonic_regression,
    }
}
