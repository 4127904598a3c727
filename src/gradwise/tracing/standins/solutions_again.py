"""How SciPy integrates an initial value problem again, in a program that stands for the function: on the recorded right-hand side, from the state and over the times of the call.

SciPy gives the value, as the function would have it, and the steps along which it is differentiated are found as ever (``known_paths.py``).  Times are operands without a derivative here: where they move with what is differentiated,
the ordinary trace has more operations, and the program is refused.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

import numpy as np
import scipy

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.instrument.state import local
from gradwise.tracing.roots import integrated, integrated_anew
from gradwise.tracing.standins.again import SETTINGS, is_asked
from gradwise.tracing.standins.equations_solved import MANY
from gradwise.tracing.standins.known_paths import tight_steps
from gradwise.tracing.standins.recorded_dense import RecordedSolution
from gradwise.tracing.standins.runge_kutta import TooManyStepsError, noting
from gradwise.tracing.standins.scipy_calling import only_at_this_point
from gradwise.tracing.standins.solution_jumps import VERIFIABLE
from gradwise.tracing.traced import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

F = TypeVar("F", bound="Callable[..., Any]")

_EXPLICIT = ("RK23", "RK45", "DOP853")
_METHODS = frozenset([*_EXPLICIT, "Radau", "BDF", "LSODA"])
_OPTIONS = frozenset(["rtol", "atol", "max_step", "first_step", "min_step"])
#: steps of the derivative; where there are more, the function runs
_MOST = 2000


def scheme_of(method: Any) -> Any:
    """SciPy's explicit scheme of that name or class; None for all other methods."""
    for name in _EXPLICIT:
        if method is getattr(scipy.integrate, name) or (isinstance(method, str) and method == name):
            return getattr(scipy.integrate, name)
    return None


def is_coarse_at(rtol: Any, atol: Any, y: Any) -> bool:
    """Whether the tolerances let the steps be so long that the derivative of the discrete solution is not that of the solution."""
    return bool(np.max(rtol) > VERIFIABLE or np.max(atol) > VERIFIABLE * np.max(np.abs(y), initial=0.0))


class Course(NamedTuple):
    """What a solver found: times and states that are asked for, and the steps of the derivative, with the scheme, and whether that is the user's."""

    times: np.ndarray
    states: np.ndarray
    ends: Sequence[float]
    starts: np.ndarray
    scheme: str
    chosen: bool


class Solver:
    """SciPy's solver, with its settings.

    Parameters
    ----------
    key : hashable
        What tells it from others.
    run : callable
        ``run(slope, y0, times)`` → (times, states, the ends of SciPy's own steps and the states there, or None), or None where it fails.
    scheme : str or None
        Of SciPy's own steps.
    is_free : bool
        Whether SciPy chooses the times, and they are all that is asked for.
    """

    is_free = False

    def __init__(self, key: Any, run: Callable[..., Any], scheme: str | None, rtol: float, atol: float) -> None:
        self.key, self.run, self.scheme, self.rtol, self.atol = key, run, scheme, rtol, atol

    def apart(self, size: float) -> float:
        """How far the steps of the derivative may be from what SciPy found."""
        return 1e-3 * size + 1e3 * (self.rtol * size + self.atol)

    def course(self, slope: Callable[[Any, Any], Any], y0: np.ndarray, times: Sequence[Any], formula: Any, rows: int | None = None) -> Course | None:  # fmt: skip
        """What is found at the numbers of a call, with as many rows where that is given; None where the function is to run."""
        made = self.run(slope, y0, times)
        if made is None or (rows is not None and len(made[0]) != rows):
            return None
        at, states, own, span = made
        if self.scheme is not None and not is_coarse_at(self.rtol, self.atol, states):
            return Course(at, states, own[0], np.array(own[1]), self.scheme, chosen=True)
        try:
            with np.errstate(all="ignore"):
                ends, starts = tight_steps(slope, span, y0, self.rtol, self.atol, _MOST, lambda t, y: integrated[1](formula, t, y))  # fmt: skip
        except (TooManyStepsError, ArithmeticError, ValueError):
            return None
        return Course(at, states, ends, np.array(starts), "DOP853", chosen=False)

    def dense(self) -> Solver:
        """The same, asked for states inside its steps."""
        return Solver((self.key, "dense"), functools.partial(self.run, dense=True), self.scheme, self.rtol, self.atol)


def solver_of_ivp(method: Any, is_asked_for: bool, dense_output: Any, vectorized: Any, events: Any, options: dict[str, Any]) -> Solver | None:  # fmt: skip
    """``solve_ivp``; None where a program has another run in its place."""
    if type(method) is not str or method not in _METHODS or vectorized or events is not None:
        return None
    if not options.keys() <= _OPTIONS or not all(type(v) in SETTINGS for v in options.values()):
        return None
    scheme, rtol, atol = scheme_of(method), options.get("rtol", 1e-3), options.get("atol", 1e-6)

    def run(slope: Any, y0: Any, times: Sequence[Any], *, dense: bool = False) -> Any:
        ends: list[float] = []
        starts: list[Any] = []
        span = float(times[0]), float(times[1])
        found = scipy.integrate.solve_ivp(
            slope, span, y0, method if scheme is None else noting(scheme, ends, None, starts),
            times[2] if is_asked_for and not dense else None, dense, **options,
        )  # fmt: skip
        if found.status != 0:
            return None
        if dense:
            at = np.reshape(times[2], (-1,))
            return at, found.sol(at).T, (ends, starts), span
        return found.t, found.y.T, (ends, starts), span

    key = "solve_ivp", method, is_asked_for, tuple([(k, type(v).__name__, repr(v)) for k, v in options.items()])
    solver = Solver(key, run, None if scheme is None else scheme.__name__, rtol, atol)
    solver.is_free = not is_asked_for and not dense_output
    return solver


def solver_of_odeint(jacobian: Any, rest: Sequence[Any], options: dict[str, Any]) -> Solver | None:
    """``odeint``; None where a program has another run in its place."""
    if jacobian is not None or rest or not all(type(v) in SETTINGS for v in options.values()):
        return None
    if options.get("full_output") or options.get("printmessg"):
        return None
    settings = {k: v for k, v in options.items() if k != "full_output"}
    tolerances = [1.49012e-8 if settings.get(k) is None else settings[k] for k in ("rtol", "atol")]

    def run(slope: Any, y0: Any, times: Sequence[Any]) -> Any:
        (at,) = times
        found, told = scipy.integrate.odeint(slope, y0, at, full_output=True, tfirst=True, **settings)
        if told["message"] != "Integration successful.":
            return None
        return at, found, None, (float(at[0]), float(at[-1]))

    key = "odeint", tuple([(k, type(v).__name__, repr(v)) for k, v in settings.items()])
    return Solver(key, run, None, *tolerances)


class Asking:
    """What a stand-in of an integrator does in the run for a program that is to stand for the function.

    Attributes
    ----------
    solver : Solver or None
        How SciPy integrates again.
    stands : bool
        Whether what is recorded holds at other points too.
    states : array
        What was recorded: a row of states for each time.
    """

    def __init__(self) -> None:
        self.solver: Solver | None = None
        self.stands = False
        self.states: Any = None
        self._at: Any = None
        self._times: list[Any] = []
        self._seen: list[Any] = []
        self._known: tuple[Any, Any] | None = None

    def without_trace(self, *times: Any) -> list[Any]:
        """Times without their trace, which are operands here."""
        self._times = [_operand(t) for t in times]
        return [plain(t) for t in times]

    def noting(self, function: Callable[..., Any], *, time_last: bool = False) -> Callable[..., Any]:
        """The right-hand side, which notes where it is asked and what it gives."""

        def call(t: Any, y: Any, *args: Any) -> Any:
            at = (y, t.copy()) if time_last else (t, y.copy())
            value = function(t, y, *args)
            if len(self._seen) < MANY:
                self._seen.append((at, np.array(value)))
            return value

        return call

    def is_still(self) -> bool:
        """Whether no time is data of the function; what is recorded then is the same at each call."""
        still = not any(map(isinstance_traced, self._times))
        self.stands = self.stands or still
        return still

    def found(self, formula: Any, start: Any, states: np.ndarray, *, later: bool = False) -> bool:
        """Whether the solution is recorded with how it is found; ``later``: where that is known, it is recorded when it is asked for."""
        self.stands = False
        if formula is None or self.solver is None or any(t is None for t in self._times):
            return False
        if later:
            self._known, self.stands = (formula, start), True
            return True
        made = integrated_anew[0](formula, self.solver, start, self._times, self._seen, states)
        if made is None:
            return False
        self._known, self.stands = (formula, start), True
        self.states, self._at = made
        return True

    def result(self, found: Any, *callbacks: Any) -> Any:
        """SciPy's result with the states and times that were recorded; of one with a dense solution they are recorded when they are asked for."""
        if found.sol is None:
            return self._with_states(found)
        plain_solution, found.sol = found.sol, None
        made = _asked_later(cast("Any", type(found)))(found)
        found.sol = made.sol = RecordedSolution(plain_solution, cast("Any", None), self, *callbacks)
        made.later[:] = [functools.partial(self._recorded_now, found)]
        return made

    def _with_states(self, found: Any) -> Any:
        if len(self._times) == 2:  # SciPy chose them
            found.t = self._at
        found.y = self.states.T
        return found

    def _recorded_now(self, found: Any) -> Any:
        assert self._known is not None
        if self.found(*self._known, found.y.T):
            return self._with_states(found)
        if local.watch is not None:
            only_at_this_point([local.watch.trace])
        return found

    def inside(self, t: Any, value: np.ndarray) -> Any:
        """The states at some times, by the dense solution."""
        operand = _operand(t)
        if operand is not None and self._known is not None and self.solver is not None and local.watch is not None:
            formula, start = self._known
            states = value.T if value.ndim == 2 else value[None]
            made = integrated_anew[0](formula, self.solver.dense(), start, [*self._times[:2], operand], self._seen, states)  # fmt: skip
            if made is not None:
                return made[0].T if value.ndim == 2 else made[0].T[:, 0]
        if local.watch is not None:
            only_at_this_point([local.watch.trace])
        return value


@functools.cache
def _asked_later(result: type) -> Any:
    """The class of SciPy's results, whose times and states are recorded when they are asked for."""

    class AskedLater(result):
        def __init__(self, found: Any) -> None:
            super().__init__(found)
            waiting: list[Any] = []
            dict.__setitem__(self, "later", waiting)

        def __getitem__(self, name: str) -> Any:
            later: list[Any] = dict.__getitem__(self, "later")
            if name in ("t", "y") and later:
                found = later.pop()()
                dict.update(self, t=found.t, y=found.y)
            return dict.__getitem__(self, name)

        def __getattr__(self, name: str) -> Any:
            if name in self:
                return self[name]
            raise AttributeError(name)

    AskedLater.__name__ = AskedLater.__qualname__ = result.__name__
    return AskedLater


def _operand(t: Any) -> Any:
    """A time, or some, as an operand of double precision; None where it is none."""
    now = plain(t)
    if np.asarray(now).dtype == np.float64 and np.ndim(now) <= 1:
        return t if isinstance_traced(t) or np.ndim(now) else float(now)
    if np.asarray(now).dtype.kind in "iu" and np.ndim(now) <= 1:
        return np.asarray(now, float) if np.ndim(now) else float(now)
    return None


def asking_anew(standin: F) -> F:
    """Decorator of a stand-in whose first parameter is an ``Asking``, or None: what it records holds at this point alone, unless that says otherwise."""

    @functools.wraps(standin)
    def call(*args: Any, **kwargs: Any) -> Any:
        if not is_asked():
            return standin(None, *args, **kwargs)
        asking = Asking()
        try:
            return standin(asking, *args, **kwargs)
        finally:
            if not asking.stands and local.watch is not None:
                only_at_this_point([local.watch.trace])

    return cast("F", call)
