"""The report of a descent: the fields of SciPy's OptimizeResult, and what the path and the end point say.

What costs evaluations (curvature, classification) is computed when it is first asked for, at the end point, with the function as it then is; if f there no longer has
the value that the descent found, the report says so and computes nothing.
"""

from __future__ import annotations

import functools
import html
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from gradwise.descent.cause import Cause
from gradwise.descent.convergence import ObservedRate, observe
from gradwise.descent.curvature import Curvature, curvature_at
from gradwise.descent.methods import Method, Search
from gradwise.descent.objective import Objective
from gradwise.descent.path import Check, PathConstants, certificates, check_assumptions, path_constants
from gradwise.descent.rates import LearningRates, learning_rates
from gradwise.descent.second_order import SecondOrder, attempt
from gradwise.descent.stopping import StopReason
from gradwise.descent.text import summary_lines
from gradwise.descent.theory import TheoryLine, theory_line, with_theory
from gradwise.descent.trace import Trace, plain
from gradwise.geometry.classify import classify

_FIELDS = ("x", "fun", "jac", "nit", "nfev", "njev", "success", "status", "message")
_REPORTED = (
    "stop_reason",
    "method",
    "options",
    "path",
    "curvature",
    "learning_rates",
    "rate",
    "assumptions",
    "end_point",
    "cause",
    "notes",
    "trace",
)
#: ``status`` where a tolerance was met by a gradient that is not that of f
_MISLED = 99
_LINEAR_AT_BEST = {"gd", "momentum", "nesterov", "adagrad", "rmsprop", "adam"}


class Descent:
    """What a descent did, and how well.

    Attributes
    ----------
    x : same containers as x0
        The last point (the best one, if the descent failed).
    fun : float
        f there.
    jac : same containers as x0
        The gradient there.
    nit, nfev, njev : int
        Steps, and evaluations of f and of its gradient (each evaluation gives both).
    success, status, message
        Whether a tolerance was met, its number, and the reason in a sentence with the remedy.
    stop_reason : StopReason
    trace : Trace
    method : str
    options : dict
        The constants of the method.
    path : PathConstants
        L̂, μ̂, κ̂ of the path, each a bound.
    curvature : Curvature or None
        λmax and λmin at the end, between bounds.
    learning_rates : LearningRates or None
        The largest stable rate, the best fixed rates, the regime of the rate used.
    rate : ObservedRate
        The rate of convergence observed, against theory.
    assumptions : list of Check
        Convexity along the path, the descent lemma; with the step of the counterexample.
    end_point : Classification or None
        Minimum, saddle, …; from `gradwise.classify`.
    theory : TheoryLine or None
        The gradient norm that theory predicts, step by step.
    cause : Cause or None
        Why it failed.
    details : dict
        Further facts: steps clipped, the residual of conjugate gradients.
    notes : list of str

    Examples
    --------
    >>> import numpy as np
    >>> import gradwise as gw
    >>> report = gw.descend(lambda x: x[0] ** 2 + 10 * x[1] ** 2, np.array([1.0, 1.0]), learning_rate=0.09)
    >>> report.success, report.stop_reason.value, report.learning_rates.regime
    (True, 'gradient_tolerance', 'oscillating')
    >>> round(report.rate.factor, 3), round(report.rate.theory, 3)
    (0.82, 0.82)
    """

    def __init__(
        self,
        *,
        x: np.ndarray,
        fun: float,
        jac: np.ndarray,
        objective: Objective | None,
        trace: Trace,
        extra: dict[str, np.ndarray],
        stop_reason: StopReason,
        message: str,
        method: Method | Search | None,
        method_name: str,
        options: dict[str, Any],
        nfev: int,
        state: Any = None,
        cause: Cause | None = None,
        notes: list[str] | None = None,
        details: dict[str, Any] | None = None,
        parameters: Any = None,
        same_function: bool = True,
        last_rate: float = math.nan,
        tolerance: float = math.nan,
    ) -> None:
        self._z, self._g = x, jac
        self._objective, self._parameters = objective, parameters
        self._method, self._state, self._extra = method, state, extra
        self._same_function = same_function
        self._batch = None if objective is None else objective.batch
        self.x: Any = x if parameters is None else parameters.own(x)
        self.jac: Any = jac if parameters is None else parameters.own(np.asarray(jac))
        self.fun = fun
        self.nit = max(len(trace) - 1, 0)
        self.nfev = self.njev = nfev
        self.stop_reason = stop_reason
        misled = cause is not None and cause.name == "wrong gradient"
        self.success, self.status, self.message = stop_reason.success and not misled, stop_reason.code, message
        if misled:
            self.status = self.status or _MISLED
            self.message = f"{stop_reason.sentence} The gradient that was given is wrong: report.cause says how."
        self.trace, self.method, self.options = trace, method_name, options
        self.cause, self.notes, self.details = cause, list(notes or []), dict(details or {})
        self.learning_rate, self._tolerance = last_rate, tolerance
        self._eps = float(np.finfo(x.dtype).eps) if x.dtype.kind == "f" else 2.0**-52
        self._unavailable: dict[str, str] = {}

    # -------------------------------------------------------------------------------------------------- the path itself

    @functools.cached_property
    def path(self) -> PathConstants:
        """L̂, μ̂, κ̂: bounds of the constants of f that the path shows."""
        return path_constants(self.trace, self._extra, self._eps, same_function=self._same_function)

    @functools.cached_property
    def assumptions(self) -> list[Check]:
        """Convexity and the descent lemma, checked at every step."""
        plain_steps = self._method is not None and self._method.plain and "clipped" not in self.details
        return check_assumptions(
            self.trace, self._extra, self._eps, self.path, plain=plain_steps, same_function=self._same_function
        )

    def certificates(self, c1: float = 1e-4, c2: float = 0.9) -> dict[str, Any]:
        """Armijo's and the strong Wolfe conditions at every step, from what the path holds.

        Returns
        -------
        dict
            "armijo", "wolfe": one boolean for each step; "c1", "c2".

        Raises
        ------
        ValueError
            With minibatches, where the two values of a step belong to different batches.
        """
        if not self._same_function:
            msg = (
                "certificates() was called on a descent over minibatches, whose values belong to different batches. One function for all steps "
                "is required. Call gw.descend without data=, with the mean over all batches as f."
            )
            raise ValueError(msg)
        return certificates(self.trace, c1, c2)

    # ---------------------------------------------------------------------------------------------------- the end point

    def _as_before(self, value: float) -> bool:
        """Whether a value is that of the end point but for its rounding."""
        if value == self.fun or not (math.isfinite(value) or math.isfinite(self.fun)):
            return True
        return abs(value - self.fun) <= 1e3 * self._eps * max(abs(value), abs(self.fun))

    def _unchanged(self) -> bool:
        """Whether f at the end point still has the value that was found there."""
        if self._objective is None:
            return False
        if not self._same_function:
            return True
        value = self._objective.value(self._z)
        if self._as_before(value):
            return True
        # where terms cancel, a program rounds otherwise than Python does line by line: ask as the descent did
        found = self._objective.try_evaluate(self._z)
        if found is not None and self._as_before(found[0]):
            return True
        self._unavailable["function"] = (
            f"f at the end point is now {value:.10g}, and was {self.fun:.10g}: it has changed since"
        )
        return False

    @functools.cached_property
    def _second(self) -> SecondOrder | None:
        if self._objective is None or not np.all(np.isfinite(self._z)) or not self._unchanged():
            return None
        return SecondOrder(self._objective)

    @functools.cached_property
    def curvature(self) -> Curvature | None:
        """λmax and λmin of the Hessian at the end, None where they cannot be had (``unavailable`` says why)."""
        second = self._second
        if second is None:
            self._unavailable.setdefault(
                "curvature", self._unavailable.get("function", "there is no function to differentiate")
            )
            return None
        found, why = attempt(lambda: curvature_at(second, self._z))
        if found is None:
            self._unavailable["curvature"] = why
        return found

    @functools.cached_property
    def _scaled_curvature(self) -> Curvature | None:
        """The curvature in the metric of the method at the end."""
        scaling = (
            None if self._method is None else self._method.scaling(self._state) if self._state is not None else None
        )
        second = self._second
        if scaling is None or second is None or self.curvature is None:
            return self.curvature
        return attempt(lambda: curvature_at(second, self._z, scaling=scaling))[0]

    @functools.cached_property
    def learning_rates(self) -> LearningRates | None:
        """What the curvature at the end says about the rate; None for methods that take no rate, or without curvature."""
        if self._method is None or self.curvature is None or self._scaled_curvature is None:
            return None
        if self.method in {"newton", "natural"} or not math.isfinite(self.learning_rate):
            return None
        f = self.trace.fun[np.isfinite(self.trace.fun)]
        tail = f[-max(len(f) // 4, 2) :]
        falling = len(tail) > 1 and self.stop_reason is not StopReason.DIVERGED and bool(tail[-1] < tail[0])
        return learning_rates(self._method, self.learning_rate, self.curvature, self._scaled_curvature, falling=falling)

    @functools.cached_property
    def rate(self) -> ObservedRate:
        """The rate of convergence observed along the path, against theory."""
        if not self._same_function:
            return ObservedRate("undecided", why="each gradient belongs to another batch")
        complete = len(self.trace.x_steps) == len(self.trace)
        points = self.trace.points if complete else None
        star, axes = self._star()
        found = observe(
            self.trace.gradient_length,
            self.trace.fun,
            self._floor(),
            points,
            star=star,
            axes=axes,
            may_be_superlinear=self.method not in _LINEAR_AT_BEST,
        )
        return with_theory(found, self)

    def _star(self) -> tuple[np.ndarray | None, np.ndarray | None]:
        """The minimum x* near the end, one Newton step away, and the eigenvectors there.

        None where the Hessian was not formed, is not positive definite, or the step is not short against the path.
        """
        found, second = self.curvature, self._second
        if found is None or second is None or found.eigenvalues is None or found.lambda_min_bounds[0] <= 0:
            return None, None
        z = np.asarray(self._z, dtype=float)
        H, _ = attempt(lambda: second.matrix(self._z))
        if H is None:
            return None, None
        values, axes = np.linalg.eigh(H)
        star = z - axes @ ((axes.T @ np.asarray(self._g, dtype=float)) / values)
        travelled = float(np.linalg.norm(self.trace.points[0] - z)) if len(self.trace) else 0.0
        return (star, axes) if float(np.linalg.norm(star - z)) < 0.01 * travelled else (None, None)

    @property
    def steps_to_tolerance(self) -> float:
        """How many more steps a linear rate needs until the gradient is within the tolerance; nan where that is not known."""
        norm = float(np.max(np.abs(np.asarray(self._g, dtype=float)), initial=0.0))
        return self.rate.steps_for(self._tolerance / norm) if norm > 0 and self._tolerance > 0 else math.nan

    def _floor(self) -> np.ndarray:
        """Gradients shorter than this, at each point, are rounding: that of terms of the size of curvature times the point."""
        scale = self.path.L if self.path.steps else 0.0
        return np.nan_to_num(100 * self._eps * scale * self._extra["point_length"], nan=0.0)

    @functools.cached_property
    def theory(self) -> TheoryLine | None:
        """The gradient norm that theory predicts, as a line to draw; None where it has none."""
        return theory_line(self)

    @functools.cached_property
    def end_point(self) -> Any:
        """The end point classified by `gradwise.classify`; None where it cannot be."""
        second = self._second
        if second is None:
            self._unavailable.setdefault(
                "end_point", self._unavailable.get("function", "there is no function to differentiate")
            )
            return None
        found, why = attempt(lambda: classify(second.function, self._z))
        if found is None:
            self._unavailable["end_point"] = why
        else:
            found.names = second.objective.names()
        return found

    @property
    def unavailable(self) -> dict[str, str]:
        """What could not be computed, and why."""
        return dict(self._unavailable)

    # ------------------------------------------------------------------------------------------------- as other results

    def keys(self) -> list[str]:
        """The names of SciPy's OptimizeResult."""
        return list(_FIELDS)

    def __getitem__(self, name: str) -> Any:
        if name in _FIELDS:
            return getattr(self, name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(_FIELDS)

    def __repr__(self) -> str:
        return self.summary()

    def summary(self) -> str:
        """The report as text: reason, end point, constants, learning rates, rate, assumptions."""
        with np.errstate(all="ignore"):  # what overflows is told in words
            return "\n".join(summary_lines(self))

    def _repr_html_(self) -> str:
        first, *rest = self.summary().splitlines()
        colour = "#1a7f37" if self.success else "#cf222e" if self.cause is not None else "#9a6700"
        rows = "".join(
            f"<tr><td>{html.escape(label)}</td><td>{html.escape(text)}</td></tr>"
            for label, _, text in (line.strip().partition(": ") for line in rest)
        )
        return f'<div><b style="color:{colour}">{html.escape(first)}</b><table>{rows}</table></div>'

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain Python objects, ready for ``json.dumps``; nan and infinities become None."""
        with np.errstate(all="ignore"):
            return {name: plain(getattr(self, name)) for name in (*_FIELDS, *_REPORTED)}

    def plot(self, ax: Any = None) -> Any:
        """Draw the path on contours of f, f and the gradient norm with the line of theory, and the step sizes.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw the convergence alone; a new figure with all three if omitted.

        Returns
        -------
        matplotlib.axes.Axes, or three of them
        """
        if ax is not None:
            from gradwise.plotting.convergence import convergence

            return convergence(self, ax)
        from gradwise.plotting.descent import descent

        return descent(self)

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        for name in ("_objective", "_second", "_method", "_state"):
            state[name] = None
        return state
