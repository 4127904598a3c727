"""``scipy.integrate``'s initial value problems: solve_ivp, odeint.

SciPy finds the solution, from plain values of the right-hand side; the result has its numbers.  Recorded are Runge-Kutta steps with the traced right-hand side, as one operation where its code proves that it leaves nothing
behind (``known_paths.py``), else one by one:

- RK23, RK45 and DOP853 at tolerances up to 1e-9: the steps that SciPy took, so that the derivatives, of every order, are those of the discrete solution with these steps, and as accurate
  as the tolerances make it.
- All others: steps of DOP853 at a relative tolerance of 1e-10 or less.  The derivative is that of the solution, the value SciPy's, with the error that its tolerances allow: at the default of 1e-3
  the derivative of SciPy's own numbers can be off by per cents.  For a stiff system implicit steps at 1e-7: first and second derivatives are right to about that, at a cost of milliseconds a step.

Initial state, parameters (in ``args`` or what the function refers to), both ends of the time span and the times of evaluation may be traced.  Intermediate times that SciPy chose are constants: the derivative of ``y[:, i]`` is that
at the time ``t[i]``, which a difference between two runs with other steps is not.  Times and states of events are
roots of the event's function along the solution (``solution_events.py``).  Runs with tolerances above 1e-9 are not verified by differences, since SciPy's steps change between neighbouring arguments.  Where the right-hand side has kinks
or jumps on the way, the solution is divided there (``crossings.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.instrument.state import current_trace
from gradwise.tracing.roots import sided
from gradwise.tracing.standins.again import fixed
from gradwise.tracing.standins.crossings import Course, divided, recorded, refuse_sliding
from gradwise.tracing.standins.implicit_steps import ImplicitPath, implicit_times
from gradwise.tracing.standins.known_paths import KnownPath, formula_at, proved_callbacks, tight_path
from gradwise.tracing.standins.left_behind import as_often_as_called, left
from gradwise.tracing.standins.plain_callbacks import (
    Callback,
    Switches,
    note_adaptive,
    note_choice,
    plain_callback,
    traced_leaves,
)
from gradwise.tracing.standins.proven import Plain, formula_of
from gradwise.tracing.standins.recorded_dense import RecordedSolution, listed_array, states_at
from gradwise.tracing.standins.recording import carries
from gradwise.tracing.standins.runge_kutta import (
    Path,
    RightHandSide,
    TooManyStepsError,
    moved,
    noting,
    tight_times,
)
from gradwise.tracing.standins.scipy_calling import with_value
from gradwise.tracing.standins.solution_events import found_events, watched_events
from gradwise.tracing.standins.solution_jumps import note_steps, refuse_jumps
from gradwise.tracing.standins.solution_pieces import on_side
from gradwise.tracing.standins.solutions_again import Asking, asking_anew, is_coarse_at, scheme_of, solver_of_ivp
from gradwise.tracing.standins.stacking import plainly
from gradwise.tracing.traced import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable


def start_at(function: RightHandSide, t0: Any, y0: Any) -> Any:
    """The initial state as an array of the right dtype, at the plain value of a traced initial time."""
    y = as_array(y0)
    y = y if y.dtype == function.dtype else y.astype(function.dtype)
    if carries(t0):
        y = moved(function, t0, y, float(concrete(t0)) - t0)
    return y


@as_often_as_called
@asking_anew
def solve_ivp(
    asking: Asking | None,
    fun: Any,
    t_span: Any,
    y0: Any,
    method: Any = "RK45",
    t_eval: Any = None,
    dense_output: Any = False,
    events: Any = None,
    vectorized: Any = False,
    args: Any = None,
    **options: Any,
) -> Any:
    """``scipy.integrate.solve_ivp``."""
    if current_trace() is None:
        return scipy.integrate.solve_ivp(
            fun, t_span, y0, method, t_eval, dense_output, events, vectorized, args, **options
        )
    more = () if args is None else tuple(args)
    callback = Callback(fun, more)
    before = Switches()
    t0, tf = t_span
    y0, wanted = listed_array(y0), listed_array(t_eval)
    if asking is not None:
        options = fixed(options)
        asking.solver = solver_of_ivp(method, t_eval is not None, dense_output, vectorized, events, options)
        t0, tf, *rest = asking.without_trace(t0, tf, *([] if t_eval is None else [wanted]))
        wanted = rest[0] if rest else None
    span = float(plain(t0)), float(plain(tf))
    scheme = scheme_of(method)
    times: list[float] = []
    states: list[Any] = []
    solver = method if scheme is None else noting(scheme, times, None, states)
    watched = watched_events(events, more)
    jac = options.get("jac")
    proved = None
    if not any(callable(o) for name, o in options.items() if name != "jac"):
        proved = proved_callbacks([fun, *_listed(events), jac if callable(jac) else None], span[0], as_state(y0), more)
    formula = None
    if proved is not None:
        settings = {name: plainly(o) for name, o in options.items()} | (
            {"jac": proved.functions[-1]} if callable(jac) else {}
        )
        found = scipy.integrate.solve_ivp(
            proved.functions[0] if asking is None else asking.noting(proved.functions[0]), span, plain(y0), solver, plain(wanted), dense_output, None if events is None else proved.functions[1:-1],
            vectorized, None if args is None else proved.args, **settings
        )  # fmt: skip
        function = RightHandSide(callback, np.dtype(float), vectorized=bool(vectorized))
        formula = formula_at(function, span[0], as_state(y0))
        if formula is not None:
            callback.moves, callback.calls = formula.moves, found.nfev
            for event, at, y in zip(watched or (), found.t_events or (), found.y_events or (), strict=True):
                if len(at):
                    seen = formula_of(event.traced, (float(at[0]), np.array(y[0])))
                    event.moves = seen is None or seen.moves
    if formula is None:
        times.clear()
        states.clear()
        settings = {name: plain_callback(o, more) if name == "jac" else plainly(o) for name, o in options.items()}
        found = scipy.integrate.solve_ivp(
            callback, span, plain(y0), solver, plain(wanted), dense_output, watched, vectorized, **settings
        )
    left(fun, events, jac, args)
    occurred = [e for e, times_ in zip(watched or (), found.t_events or (), strict=True) if len(times_)]
    is_still = not (callback.moves or traced_leaves((t0, tf, y0, wanted)) or any(e.moves for e in occurred))
    is_still = is_still and (asking is None or asking.is_still())
    if is_still:
        function = RightHandSide(callback, np.result_type(np.asarray(found.y), float), vectorized=bool(vectorized))
        if not (
            before.seen() if formula is None or proved is None else proved.reaches and sided[0](formula) is not None
        ):
            return found
    if found.status < 0 and not is_still:
        trace = current_trace()
        assert trace is not None
        raise trace.fail(
            f"scipy.integrate.solve_ivp failed at t = {times[-1] if times else span[0]:.6g} ({found.message}), and what it reached has no derivative. "
            "A solution up to the end of t_span is required. Integrate over a shorter time"
        )
    refuse_unbounded("scipy.integrate.solve_ivp", found.y)
    if np.size(plain(y0)) == 0:
        return found
    function = RightHandSide(
        callback,
        np.result_type(np.asarray(found.y, None if len(found.y) else float), float),
        vectorized=bool(vectorized),
    )
    refuse_sliding("scipy.integrate.solve_ivp", formula, found.t, np.transpose(found.y))
    rtol, atol = options.get("rtol", 1e-3), options.get("atol", 1e-6)
    start = start_at(function, t0, y0)
    is_coarse = scheme is None or is_coarse_at(rtol, atol, found.y)
    stops = np.concatenate([np.ravel(t) for t in (found.t, *(found.t_events or ()))])

    def stepwise() -> Path:
        if is_coarse:
            return tight("scipy.integrate.solve_ivp", function, span, start, stops, rtol, atol)
        return Path(scheme, function, times or [span[0]], start)

    known = None
    if formula is not None and proved is not None:
        function.proved = right_hand_side(proved, vectorized=bool(vectorized))
        if not is_coarse:
            known = KnownPath(formula, function, scheme.__name__, times, states, start, stepwise)
        else:
            known = tight_path(formula, function, span, start, stops, rtol, atol, stepwise)
    switches = Switches()
    path: Any = known if known is not None else stepwise()

    def piece(of: Any, ends: tuple[float, float], state: Any) -> Any:
        return piece_of("scipy.integrate.solve_ivp", of, function, ends, state, stops, rtol, atol)

    pieces = divided(
        "scipy.integrate.solve_ivp", formula or (recorded(function, function, (span[0], as_state(y0))) if switches.kinks() else None), function, course_of(path), start, stops, piece
    )  # fmt: skip
    if is_still and not (pieces is not None and pieces.is_traced):
        if pieces is None:
            refuse_jumps("scipy.integrate.solve_ivp", function, found.t, np.transpose(found.y), moves=False)
        return found
    if asking is not None and asking.found(
        formula if pieces is None and known is not None else None, start, found.y.T, later=found.sol is not None
    ):
        note_adaptive("scipy.integrate.solve_ivp")
        return asking.result(found, fun, args)
    if pieces is not None:
        path, known = pieces, None
        note_adaptive("scipy.integrate.solve_ivp")
    elif known is None:
        note_steps("scipy.integrate.solve_ivp", path, rtol, switches=switches.seen())
    last = found_events(path, watched, found) if occurred else None
    made: Any = None
    if t_eval is None:
        ends = t0, tf if last is None else last[0]
        made = path.table(found.t)
        final = None if last is None else last[1]
        if last is None and carries(tf):
            final = moved(function, span[1], made[-1], tf - float(concrete(tf)))
        if carries(t0):
            made = np.concatenate([as_array(y0).astype(function.dtype)[None], made[1:]])
        if final is not None:
            made = np.concatenate([made[:-1], final[None]])
        if traced_leaves(ends):
            found.t = with_value(np.concatenate([_entry(ends[0]), found.t[1:-1], _entry(ends[1])]), found.t)
    elif carries(wanted):
        wanted = wanted[: len(found.t)]
        rows = states_at(path, found.t, wanted)
        found.t = with_value(wanted, found.t)
        made = np.stack(rows) if rows else None
    elif len(found.t):
        made = path.table(np.asarray(found.t))
    if made is not None:
        made = made.T
        note_choice(made)
        compare_values("scipy.integrate.solve_ivp", made, found.y, rtol, atol)
        found.y = with_value(made, found.y)
    if known is not None:
        note_steps("scipy.integrate.solve_ivp", known, rtol, switches=bool(known.switches))
    if dense_output:
        found.sol = RecordedSolution(found.sol, path, None, fun, args)
    return found


def refuse_unbounded(what: str, y: Any) -> None:
    """Raise if a solution is not finite: no steps lead along it."""
    trace = current_trace()
    if not np.isfinite(np.asarray(y, None if len(y) else float)).all() and trace is not None:
        raise trace.fail(
            f"{what} found a solution that is not finite, and has no derivative. A right-hand side that is finite along the solution is required. Look where it gives nan or inf"
        )


def _listed(events: Any) -> list[Any]:
    return [] if events is None else [events] if callable(events) else list(events)


def as_state(y0: Any) -> Any:
    """The plain initial state as an array of floats, where it is one of integers or numbers."""
    y = np.asarray(plainly(y0))
    return y.astype(float) if y.dtype.kind in "iuf" else y


def right_hand_side(proved: Plain, *, vectorized: bool = False, time_last: bool = False) -> Callable[[Any, Any], Any]:
    """The plain function of time and state."""
    function, args = proved.functions[0], proved.args
    if time_last:
        return lambda t, y: function(y, t, *args)
    if vectorized:
        return lambda t, y: np.ravel(function(t, y[:, None], *args))
    return function if not args else lambda t, y: function(t, y, *args)


def _entry(t: Any) -> Any:
    return np.reshape(t, (1,)) if isinstance_traced(t) else np.array([float(t)])


def tight(what: str, function: RightHandSide, span: Any, start: Any, stops: Any, rtol: Any, atol: Any) -> Path:
    """The recorded steps of a method that is not explicit: of DOP853 at a tight tolerance, or of Radau where those are too many."""
    y0, calls = plain(start), function.callback.calls
    try:
        with np.errstate(all="ignore"):
            return Path(
                scipy.integrate.DOP853,
                function,
                tight_times(function.plainly, span, y0, rtol, atol, 500 + calls),
                start,
            )
    except TooManyStepsError:
        pass
    try:
        with np.errstate(all="ignore"):
            times, guess = implicit_times(function.plainly, span, y0, stops, rtol, atol)
            return ImplicitPath(function, times, start, guess)
    except TooManyStepsError:
        trace = current_trace()
        assert trace is not None
        raise trace.fail(
            f"{what} was called for a system that takes more steps at a tolerance of 1e-7 than can be recorded for its derivative, or has no solution up to the end. "
            "method='numerical' differentiates it as it is"
        ) from None


def piece_of(
    what: str, formula: Any, function: RightHandSide, ends: tuple[float, float], state: Any, stops: Any, rtol: Any, atol: Any
) -> Any:  # fmt: skip
    """The path between two crossings."""
    low, high = min(ends), max(ends)
    inside = np.array([t for t in np.ravel(stops) if low <= t <= high])

    steady = on_side(function, formula)

    def stepwise() -> Path:
        return tight(what, steady, ends, state, inside, rtol, atol)

    return tight_path(formula, steady, ends, state, inside, rtol, atol, stepwise)


def course_of(path: Path | KnownPath) -> Course:
    """The plain solution of a path."""
    states = path.states if isinstance(path, KnownPath) else np.array([plain(y) for y in path.states])
    return Course(path.times, states, path.guess)


def compare_values(what: str, made: Any, value: np.ndarray, rtol: Any, atol: Any) -> None:
    """Raise if what was recorded is another solution than SciPy's."""
    apart = np.max(np.abs(plain(made) - value), initial=0.0)
    size = np.max(np.abs(value), initial=0.0)
    found = traced_leaves(made)
    if found and not apart <= 1e-3 * size + 1e3 * (np.max(rtol) * size + np.max(atol)):
        raise found[0].tape.fail(
            f"{what} found a solution from which the steps recorded for its derivative are {float(apart):.2g} apart. A solution that the tolerances determine is required. "
            "Give smaller rtol and atol, or a shorter time"
        )


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {"scipy.integrate": {"solve_ivp": solve_ivp}}
