"""Solutions recorded: from steps that were found on plain values to one operation.

integrated : (formula, scheme, times, starts, wanted, y0) → states at the wanted times, traced
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.operators.caches import derived
from gradwise.operators.solutions.batches import Elsewhere, Form
from gradwise.operators.solutions.integration import Integration, Plan
from gradwise.operators.solutions.layout import LARGEST
from gradwise.operators.solutions.recording import form_of, recorded_solution
from gradwise.operators.solutions.steps import Rows, stages, tableau
from gradwise.operators.solutions.stiff import COLLOCATION, solved
from gradwise.tracing.roots import install_integration

if TYPE_CHECKING:
    from collections.abc import Sequence

#: entries of the Jacobians, or the states, in all; and of the systems of implicit steps
_ENTRIES, _SYSTEMS = 4_000_000, 20_000_000
#: a step whose length times the largest eigenvalue is beyond this is limited by stability, in a scheme of order 8 that is stable up to 6.1; and how many of them make a system stiff
_STABLE, _MANY = 4.5, 15


def _padded(count: int) -> int:
    """Somewhat more: few different numbers of steps, so that few programs are made."""
    unit = 1 << max(int(count).bit_length() - 4, 0)
    return max(-(-count // unit) * unit, 4)


def _located(ends: np.ndarray, wanted: np.ndarray) -> Rows | None:
    """In which step the wanted times are, and where; None if one is outside."""
    direction = 1.0 if ends[-1] >= ends[0] else -1.0
    place = np.clip(np.searchsorted(direction * ends, direction * wanted, side="left"), 1, len(ends) - 1)
    step = place - 1
    fractions = (wanted - ends[step]) / (ends[place] - ends[step])
    fractions[wanted == ends[place]] = 1.0
    fractions[wanted == ends[0]] = 0.0
    return Rows(step, fractions) if ((fractions >= 0.0) & (fractions <= 1.0)).all() else None


def _is_stiff(h: np.ndarray, states: np.ndarray, slopes: np.ndarray, jacobians: np.ndarray, rows: Rows) -> bool:
    """Whether stability limits the steps of DOP853: they are many then, and states inside them are inaccurate."""
    if jacobians.size:
        bound = np.abs(h) * np.sqrt(np.sum(jacobians[:, 0] ** 2, axis=(1, 2)))
        suspects = np.flatnonzero(bound > _STABLE)
        if not len(suspects):
            return False
        largest = np.max(np.abs(np.linalg.eigvals(jacobians[suspects, 0])), axis=1)
        stiff = suspects[np.abs(h[suspects]) * largest > _STABLE]
    else:  # two stages lie at the end of the step: Hairer's estimate of the largest eigenvalue
        apart = np.linalg.norm(states[:, 11] - states[:, 10], axis=1)
        rate = np.linalg.norm(slopes[11] - slopes[10], axis=1)
        stiff = np.flatnonzero((apart > 0) & (np.abs(h) * rate > _STABLE * apart))
    inner = rows.step[(rows.fractions != 0.0) & (rows.fractions != 1.0)]
    return len(stiff) >= _MANY or bool(np.isin(inner, stiff).any())


def integrated(
    formula: Any,
    scheme: str,
    times: Sequence[float],
    starts: np.ndarray,
    wanted: np.ndarray,
    y0: Any,
    *,
    chosen: bool = True,
    guess: Any = None,
    memo: dict[Any, Any] | None = None,
) -> tuple[Any, bool] | None:
    """The states at the wanted times, recorded as one operation, and whether the right-hand side switches on the way; None where that cannot be.

    Parameters
    ----------
    formula : Formula
        The right-hand side f(t, y).
    scheme : str
        The name of SciPy's scheme.
    times, starts : sequence, array
        The ends of the steps, and the states there, the first of which is y0.
    wanted : array
        Times from the first to the last of ``times``.
    y0 : array
        The initial state, which may be traced.
    chosen : bool
        Whether the scheme is the user's choice.  Another one is not taken for a stiff system.
    guess : callable
        For implicit steps, the solution near them: time → state.
    memo : dict
        Keeps what is found of the steps for the next call with the same ones; "stiff" in it says why there is no result.
    """
    form = form_of(formula)
    if form is None:
        return None
    captured, memo = formula.plain_operands(), {} if memo is None else memo
    found = planned(form, scheme, times, starts, wanted, captured, chosen=chosen, guess=guess, memo=memo)
    if found is None:
        return None
    plan, inside, value, switches = found
    key = "integration", form, scheme, inside, len(wanted)
    callee = derived(key, lambda: (Integration(form, scheme, len(wanted), inside=inside), 1))
    return recorded_solution(callee, plan.packed(), (y0, *formula.operands()), value), switches


def planned(
    form: Form,
    scheme: str,
    times: Sequence[float],
    starts: np.ndarray,
    wanted: np.ndarray,
    captured: list[Any],
    *,
    chosen: bool,
    guess: Any,
    memo: dict[Any, Any],
) -> tuple[Plan, bool, np.ndarray, bool] | None:
    """The plan of steps, whether states inside of them are asked for, the states at the wanted times, and whether the right-hand side switches on the way; None where that cannot be.

    Parameters are those of ``integrated``.
    """
    n = starts.shape[1]
    if not n or len(times) < 2 or not len(wanted):
        return None
    ends = np.asarray(times, float)
    rows = _located(ends, wanted)
    if rows is None:
        return None
    last = len(ends) - 2
    inside = bool(((rows.fractions != 0.0) & (rows.fractions != 1.0)).any())
    table: Any = COLLOCATION if guess is not None else tableau(scheme, inside=inside)
    count = _padded(len(ends) - 1)
    if table.is_implicit:
        if count * (table.stages * n) ** 2 > _SYSTEMS:
            return None
    elif count * table.stages * n * (n if n <= LARGEST else 1) > _ENTRIES:
        return None
    more = count - (len(ends) - 1)
    ends = np.concatenate([ends, np.full(more, ends[-1])])
    starts = np.concatenate([starts, np.repeat(starts[-1:], more, axis=0)])
    # what is asked for at the end is so at the end of the steps that were added, which have no length
    rows.step[(rows.step == last) & (rows.fractions == 1.0)] = count - 1
    try:
        if inside not in memo:
            make = _explicit if guess is None else _implicit
            memo[inside] = make(form, table, ends, starts, captured, guess)
        starts, at, states, slopes, jacobians, switches = memo[inside]
        if not chosen and _is_stiff(np.diff(ends), states, slopes, jacobians, rows):
            memo["stiff"] = True
            return None
        if form.moving and not form.is_smooth:
            points = [at.ravel(), states.reshape(-1, n)]
            bars = form.pull(points, captured, form.moving, np.ones((1, len(points[0]), n)))
            if not all(np.isfinite(b).all() for b in bars):
                return None
    except (Elsewhere, np.linalg.LinAlgError):
        return None
    plan = Plan(table, ends, rows, states, jacobians)
    return plan, inside, rows.states(plan.weights, starts[:-1], slopes), switches


def _explicit(form: Form, table: Any, ends: np.ndarray, starts: np.ndarray, captured: list[Any], guess: None) -> Any:
    """States at the ends, times, states, slopes and Jacobians of the stages, and whether a comparison turns out in two ways."""
    count, n = len(ends) - 1, starts.shape[1]
    at, states, slopes = stages(table, ends, starts[:-1], lambda t, y: form.values((t, y), captured))
    if not (np.isfinite(states).all() and np.isfinite(slopes).all()):
        raise Elsewhere
    points = [at.ravel(), states.reshape(-1, n)]
    if n > LARGEST:
        _, switches = form.checked(points, captured)
        if not form.is_smooth:
            # what is not finite in a Jacobian is so in a product with it
            form.slopes(points, captured)
            (bar,) = form.pull(points, captured, form.program.inputs[-1:], np.ones((1, len(points[0]), n)))
            if not np.isfinite(bar).all():
                raise Elsewhere
        return starts, at, states, slopes, np.empty((count, table.stages, n, 0)), switches
    _, jacobians, switches = form.jacobians(points, captured)
    return starts, at, states, slopes, jacobians.reshape(count, table.stages, n, n), switches


def _implicit(form: Form, table: Any, ends: np.ndarray, starts: np.ndarray, captured: list[Any], guess: Any) -> Any:
    """The same; what takes the place of slopes are the stages' states, less that at the beginning."""
    n = starts.shape[1]
    h = np.diff(ends)
    at = ends[:-1, None] + table.c * h[:, None]
    near = guess(at.ravel()).T.reshape(*at.shape, n)
    switched = [False]

    def linearised(times: np.ndarray, states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        value, jacobians, switched[0] = form.jacobians([times.ravel(), states.reshape(-1, n)], captured)
        return value.reshape(states.shape), jacobians.reshape(*states.shape, n)

    starts, states, at, jacobians = solved(ends, starts, near, linearised)
    return starts, at, states, (states - starts[:-1, None]).transpose(1, 0, 2), jacobians, switched[0]


def spectral_radius(formula: Any, t: float, y: np.ndarray) -> float:
    """The largest modulus of an eigenvalue of the right-hand side's Jacobian; 0 where that is not known."""
    form = form_of(formula)
    if form is None or not 0 < len(y) <= LARGEST:
        return 0.0
    try:
        _, jacobians, _ = form.jacobians([np.array([t]), y[None]], formula.plain_operands())
    except Elsewhere:
        return 0.0
    return float(np.max(np.abs(np.linalg.eigvals(jacobians[0]))))


def values(formula: Any, times: np.ndarray, states: np.ndarray) -> np.ndarray | None:
    """What the formula gives at some points."""
    form = form_of(formula)
    return None if form is None else form.values((times, states), formula.plain_operands())


install_integration(integrated, spectral_radius, values)
