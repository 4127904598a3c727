"""Solutions of right-hand sides that are proved to be functions of time and state: recorded as one operation.

The steps are found on plain values: SciPy's own, or those of DOP853 at a tight tolerance.  ``operators/solutions/`` makes one operation of them.  Where a step leads to where the recorded right-hand side does not hold (it takes
another branch, or sits on a kink), the steps are recorded one by one, as for right-hand sides of which nothing is proved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.operands import carries
from gradwise.tracing.roots import integrated, sided
from gradwise.tracing.standins import runge_kutta
from gradwise.tracing.standins.implicit_steps import ImplicitPath, implicit_times
from gradwise.tracing.standins.plain_callbacks import Switches
from gradwise.tracing.standins.proven import Formula, Plain, formula_of, plain_callbacks
from gradwise.tracing.standins.runge_kutta import TooManyStepsError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradwise.tracing.standins.runge_kutta import RightHandSide


#: a step whose length times the largest eigenvalue is beyond this is limited by stability: the scheme of order 8 is stable up to 6.1; and how often that is seen in a stiff system
_STABLE, _HITS = 4.5, 4
#: from which step on that is asked
_LOOKED = 64


#: how far a formula may be from its function, relative to the largest entry: rounding, with what cancels
_ALIKE = 1e-6


class KnownPath:
    """A solution along steps that are known.

    Parameters
    ----------
    otherwise : callable
        Makes the path that is recorded step by step.
    if_stiff : callable
        Makes the path where stability limits the steps.
    chosen : bool
        Whether the scheme is the user's.
    guess : callable, optional
        For implicit steps, the plain solution near them.

    Attributes
    ----------
    switches : bool or None
        Whether the right-hand side switches on the way; None while nothing was asked.
    """

    def __init__(
        self,
        formula: Formula,
        function: RightHandSide,
        scheme: str,
        times: Sequence[float],
        states: Any,
        start: Any,
        otherwise: Callable[[], Any],
        *,
        chosen: bool = True,
        guess: Any = None,
        if_stiff: Callable[[], Any] | None = None,
    ) -> None:
        self.formula, self.function = formula, function
        self.scheme, self.times, self.states, self.start = scheme, times, np.array(states), start
        self.switches: bool | None = None
        self.is_implicit, self.guess = guess is not None, guess
        self._known: bool | None = None
        self._otherwise = otherwise
        self._if_stiff = if_stiff or otherwise
        self._other: Any = None
        self._memo: dict[Any, Any] = {}
        self._ways: dict[str, Any] = {"chosen": chosen, "guess": guess, "memo": self._memo}

    @property
    def is_traced(self) -> bool:
        """Whether its states carry a derivative."""
        return self.formula.moves or carries(self.start)

    def _stands(self) -> bool:
        """Whether the formula gives what the function gives at some states on the way; looked at once."""
        if self._known is None:
            places = sorted({0, len(self.times) // 2, len(self.times) - 1})
            times, states = np.array([self.times[k] for k in places]), self.states[places]
            with np.errstate(all="ignore"):
                found = integrated[2](self.formula, times, states)
                wanted = [
                    np.ravel(self.function.plainly(t, y.copy())) for t, y in zip(times.tolist(), states, strict=True)
                ]
            size = np.max(np.abs(wanted), initial=0.0)
            self._known = found is not None and bool(np.all(np.abs(found - wanted) <= _ALIKE * size))
        return self._known

    def table(self, times: np.ndarray) -> Any:
        """The states at plain times, a row each."""
        if self._other is None:
            found = None
            if self._stands():
                found = integrated[0](
                    self.formula, self.scheme, self.times, self.states, times, self.start, **self._ways
                )
            if found is not None:
                made, switches = found
                self.switches = bool(self.switches or switches)
                return made
            before = Switches()
            self._other = self._if_stiff() if "stiff" in self._memo else self._otherwise()
            if isinstance(self._other, KnownPath):
                made = self._other.table(times)
                self.switches = bool(self.switches or self._other.switches)
                self.is_implicit = self._other.is_implicit
                return made
            self.switches = bool(self.switches or before.seen())
            self.is_implicit = isinstance(self._other, ImplicitPath)
        return self._other.table(times)

    def at(self, times: np.ndarray) -> list[Any]:
        """The states at plain times, in order."""
        table = self.table(times)
        return [table[i] for i in range(len(times))]


def proved_callbacks(
    functions: Sequence[Any], t: float, y: np.ndarray, args: tuple[Any, ...], *, time_last: bool = False
) -> Plain | None:
    """The right-hand side (the first) and other callbacks of time and state as they are called without a trace; None unless all are proved pure."""
    if type(y) is not np.ndarray or y.dtype != np.float64 or y.ndim != 1 or not y.size or not integrated:
        return None
    sample = (y, t) if time_last else (t, y)
    return plain_callbacks(functions, [sample] * len(functions), args)


def formula_at(function: RightHandSide, t: float, y: np.ndarray) -> Formula | None:
    """The program of the right-hand side; None if it cannot stand for it."""
    return formula_of(function, (t, y.copy()))


def tight_steps(
    function: Callable[..., Any],
    span: tuple[float, float],
    y0: np.ndarray,
    rtol: Any,
    atol: Any,
    limit: int,
    radius: Callable[[float, np.ndarray], float],
) -> tuple[list[float], list[np.ndarray]]:
    """The ends of the steps that Hairer's DOP853 takes at a tight tolerance, at most ``limit``, and the states there.

    ``radius`` gives the largest modulus of an eigenvalue; it is asked at every 16th step of a long run.

    Raises
    ------
    TooManyStepsError
        If there are more, if stability limits them, or if it does not reach the end.
    """
    times: list[float] = []
    states: list[np.ndarray] = []

    stiff = 0

    def note(t: float, y: np.ndarray) -> int:
        nonlocal stiff
        if not times or t != times[-1]:
            times.append(float(t))
            states.append(np.array(y))
            if len(times) >= _LOOKED and len(times) % 16 == 0 and abs(t - times[-2]) * radius(t, states[-1]) > _STABLE:
                stiff += 1
        return -1 if len(times) > limit or stiff == _HITS else 0

    size = float(np.max(np.abs(y0), initial=0.0)) or 1.0
    solver = scipy.integrate.ode(function).set_integrator(
        "dop853",
        rtol=max(min(1e-10, float(np.min(rtol))), 1e-13),
        atol=float(np.min(np.minimum(atol, 1e-10 * size))),
        nsteps=50 * limit,
    )
    solver.set_solout(note)
    solver.set_initial_value(y0, span[0])
    code = _without_warnings(solver._integrator)
    end = solver.integrate(span[1])
    if code() < 0 or len(times) > limit or stiff == _HITS or times[-1] != span[1] or not np.isfinite(end).all():
        raise TooManyStepsError
    return times, states


def _without_warnings(integrator: Any) -> Callable[[], int]:
    """Keep what an integrator says of its end from the place where SciPy makes a warning of it (filters of warnings belong to all threads); asks for it afterwards."""
    runner, found = integrator.runner, -1

    def run(*given: Any) -> tuple[Any, ...]:
        nonlocal found
        *state, found = runner(*given)  # SciPy's Fortran, before 1.17, returns its work array too
        return *state, max(found, 1)

    integrator.runner = run
    return lambda: found


def tight_path(
    formula: Formula,
    function: RightHandSide,
    span: tuple[float, float],
    start: Any,
    stops: Any,
    rtol: Any,
    atol: Any,
    stepwise: Callable[[], Any],
) -> KnownPath | None:
    """The solution along the steps of DOP853 at a tight tolerance, or of Radau IIA where stability limits those; None where neither gets to the end."""
    proved = function.plainly if function.proved is None else function.proved

    def implicit() -> Any:
        try:
            with np.errstate(all="ignore"):
                times, guess = implicit_times(proved, span, plain(start), stops, rtol, atol)
                states = np.array(guess(np.array(times))).T
        except (TooManyStepsError, ArithmeticError, ValueError):
            return stepwise()
        states[0] = plain(start)
        return KnownPath(formula, function, "Radau", times, states, start, stepwise, guess=guess)

    limit = 500 + function.callback.calls
    # a kink on the way costs a score of steps, and stiffness is noticed by itself
    limit = min(limit if sided[0](formula) is None else 4 * limit, runge_kutta.MAXIMAL_STEPS)
    try:
        with np.errstate(all="ignore"):
            found = tight_steps(
                proved, span, plain(start), rtol, atol, limit, lambda t, y: integrated[1](formula, t, y)
            )
    except (TooManyStepsError, ArithmeticError, ValueError):
        return implicit()
    return KnownPath(formula, function, "DOP853", *found, start, stepwise, chosen=False, if_stiff=implicit)
