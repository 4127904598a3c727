"""Flow lines: the curves that follow the gradient, x' = −∇f(x) downhill or x' = ∇f(x) uphill.

Gradient descent with a small learning rate η is Euler's method on this equation with the step η.  Near a minimum the equation is as stiff as
the Hessian's condition number, hence LSODA (A. C. Hindmarsh, L. R. Petzold), which turns to an implicit method where that pays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

import numpy as np
import scipy

from gradwise.errors import InputError
from gradwise.geometry.classification import plain
from gradwise.geometry.flat_function import FlatFunction
from gradwise.geometry.plane import limits_of

__all__ = ["FlowEnd", "FlowLine", "flow_lines"]

#: points drawn for each step of the integrator, from its own polynomial
DENSE = 4
EPS = float(np.finfo(np.float64).eps)


class FlowEnd(StrEnum):
    """Why a flow line ended."""

    CRITICAL = "critical point"
    TIME = "time"
    BORDER = "border"
    ESCAPED = "escaped"
    UNDEFINED = "undefined"
    STEPS = "maximum number of steps"
    STEP_SIZE = "step size"

    @property
    def sentence(self) -> str:
        """What happened and what to do."""
        return _SENTENCES[self]


_SENTENCES = {
    FlowEnd.CRITICAL: "The gradient fell to tol times its first length: a critical point is near.",
    FlowEnd.TIME: "The time that was asked for is over.",
    FlowEnd.BORDER: "The line left the box.",
    FlowEnd.ESCAPED: "The line went farther than 10⁶ times its start: the function has no bound on this side. Give bounds=.",
    FlowEnd.UNDEFINED: "The function or its gradient is not finite there.",
    FlowEnd.STEPS: "The integrator took max_steps steps. Give a larger max_steps, a larger tol, or a time.",
    FlowEnd.STEP_SIZE: "The integrator's step became too small: a kink, a singularity, or infinity in finite time.",
}


@dataclass(eq=False, repr=False)
class FlowLine:
    """A curve along the gradient.

    Attributes
    ----------
    t : ndarray of shape (m,)
        The time, from 0.
    points : ndarray of shape (m, n)
    values : ndarray of shape (m,)
        f on the points.
    end : FlowEnd
        Why it ended; it has a ``sentence``.
    direction : str
        "descent" or "ascent".
    labels : list of str
        Names of the variables.
    """

    t: np.ndarray
    points: np.ndarray
    values: np.ndarray
    end: FlowEnd
    direction: str
    labels: list[str]

    def __repr__(self) -> str:
        return f"FlowLine({self.direction} from {self.values[0]:.6g} to {self.values[-1]:.6g}, {len(self.t)} points, ends: {self.end})"

    def to_dict(self) -> dict[str, Any]:
        """Every field as plain Python."""
        return {item.name: plain(getattr(self, item.name)) for item in fields(self)}

    def plot(self, ax: Any = None) -> Any:
        """Draw the line in its first two variables and return the axes."""
        from gradwise.plotting.flow_lines import draw_flow_lines

        return draw_flow_lines([self], ax=ax)


def flow_lines(
    f: Callable[..., Any],
    starts: Any,
    direction: str = "descent",
    *,
    t: Any = None,
    bounds: Any = None,
    tol: float = 1e-6,
    rtol: float = 1e-9,
    max_steps: int = 10_000,
    method: str = "auto",
) -> list[FlowLine]:
    r"""The curves along the gradient of f from one or several points.

    .. math:: x'(t) = -\nabla f(x(t)) \ \text{(descent)}, \qquad \frac{d}{dt} f(x(t)) = -\|\nabla f(x(t))\|^2

    Parameters
    ----------
    f : callable
        f(v) or f(x, y, …); returns one real number.
    starts : array_like of shape (n,) or (k, n)
        One start or several.
    direction : {"descent", "ascent"}
    t : float or array_like, optional
        How long to follow, or increasing times ≥ 0 at which the points are wanted; until the gradient has nearly vanished if omitted.
    bounds : sequence of pairs, optional
        A box, (low, high) for each variable; a line ends at its border.
    tol : float
        Without ``t``, a line ends where ‖∇f‖ ≤ tol · max(1, ‖∇f(start)‖).
    rtol : float
        The relative tolerance of the integrator; the absolute one is a thousandth of it.
    max_steps : int
        The most steps of the integrator for each line.
    method : str
        As for `gradwise.grad`.

    Returns
    -------
    list of FlowLine

    Raises
    ------
    InputError
        If the starts, times or bounds do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> import gradwise as gw
    >>> (line,) = gw.geometry.flow_lines(lambda x, y: (x**2 + 4 * y**2) / 2, (1.0, 1.0), t=1.0)
    >>> bool(np.allclose(line.points[-1], [np.exp(-1), np.exp(-4)], rtol=1e-7))
    True
    """
    if direction not in ("descent", "ascent"):
        raise InputError(f'direction={direction!r} in gw.geometry.flow_lines. "descent" or "ascent" is required')
    array = np.asarray(starts, dtype=np.float64)
    if array.ndim not in (1, 2) or array.size == 0:
        raise InputError(
            f"starts in gw.geometry.flow_lines has shape {array.shape}. A point of shape (n,) or points of shape (k, n) are required"
        )
    rows = np.atleast_2d(array)
    function = FlatFunction(f, rows[0], "geometry.flow_lines", method)
    box = None if bounds is None else np.array([limits_of(pair, f"bounds[{i}]") for i, pair in enumerate(bounds)])
    if box is not None and box.shape != (function.size, 2):
        raise InputError(
            f"bounds in gw.geometry.flow_lines holds {len(box)} pairs. One for each of {function.size} variables is required"
        )
    times = None if t is None else _times(t)
    flow = _Flow(function, -1.0 if direction == "descent" else 1.0, box, tol, rtol, max_steps)
    lines = []
    for start in rows:
        if not np.all(np.isfinite(start)):
            raise InputError(f"gw.geometry.flow_lines was given the start {start}. Finite numbers are required")
        found, end = flow.line(start, times)
        moments, points = found
        values = np.array([function(point) for point in points])
        lines.append(FlowLine(moments, points, values, end, direction, list(function.labels)))
    return lines


class _Flow:
    """The equation and its limits; ``line`` follows it from a start."""

    def __init__(
        self, function: FlatFunction, sign: float, box: np.ndarray | None, tol: float, rtol: float, max_steps: int
    ) -> None:
        self.function, self.sign, self.box = function, sign, box
        self.tol, self.rtol, self.max_steps = tol, rtol, max_steps

    def slope(self, _: float, x: np.ndarray) -> np.ndarray:
        return self.sign * self.function.try_value_and_gradient(x)[1]

    def line(self, start: np.ndarray, times: np.ndarray | None) -> tuple[tuple[np.ndarray, np.ndarray], FlowEnd]:
        first = self.slope(0.0, start)
        steepest = float(np.linalg.norm(first))
        if not np.isfinite(steepest):
            return (np.zeros(1), start[np.newaxis]), FlowEnd.UNDEFINED
        if self.box is not None and (np.any(start < self.box[:, 0]) or np.any(start > self.box[:, 1])):
            return (np.zeros(1), start[np.newaxis]), FlowEnd.BORDER
        small, far = self.tol * max(1.0, steepest), 1e6 * max(1.0, float(np.linalg.norm(start)))
        if times is None and steepest <= small:
            return (np.zeros(1), start[np.newaxis]), FlowEnd.CRITICAL
        horizon = np.inf if times is None else float(times[-1])
        solver = scipy.integrate.LSODA(
            self.slope, 0.0, start, horizon, rtol=max(self.rtol, 1e-13), atol=max(self.rtol, 1e-13) * 1e-3 * max(1.0, float(np.max(np.abs(start))))
        )  # fmt: skip
        record = _Record(start, times)
        for _ in range(self.max_steps):
            message = solver.step() if solver.status == "running" else None
            here = self.slope(0.0, solver.y)
            if solver.status == "failed" or message is not None:
                return record.result(), FlowEnd.STEP_SIZE if np.all(np.isfinite(here)) else FlowEnd.UNDEFINED
            if not np.all(np.isfinite(solver.y)) or not np.all(np.isfinite(here)):
                return record.result(), FlowEnd.UNDEFINED
            if solver.t - solver.t_old <= 4 * EPS * abs(solver.t):
                return record.result(), FlowEnd.STEP_SIZE
            inside = solver.dense_output()
            leave = None if self.box is None else _leaves(inside, solver.t_old, solver.t, self.box)
            if leave is not None:
                record.add(inside, solver.t_old, leave)
                return record.result(self.box), FlowEnd.BORDER
            record.add(inside, solver.t_old, solver.t)
            if times is None and np.linalg.norm(here) <= small:
                return record.result(), FlowEnd.CRITICAL
            if np.linalg.norm(solver.y) > far:
                return record.result(), FlowEnd.ESCAPED
            if solver.status == "finished":
                return record.result(), FlowEnd.TIME
        return record.result(), FlowEnd.STEPS


class _Record:
    """The points of a line: at the wanted times, or `DENSE` in each step."""

    def __init__(self, start: np.ndarray, times: np.ndarray | None) -> None:
        self.wanted = times if times is not None and times.size > 1 else None
        at_start = self.wanted is None or self.wanted[0] == 0.0
        self.t: list[float] = [0.0] if at_start else []
        self.points: list[np.ndarray] = [start.copy()] if at_start else []

    def add(self, inside: Callable[[float], np.ndarray], old: float, new: float) -> None:
        moments = np.linspace(old, new, DENSE + 1)[1:] if self.wanted is None else self.wanted
        for moment in moments[(moments > old) & (moments <= new)]:
            self.t.append(float(moment))
            self.points.append(np.array(inside(moment)))

    def result(self, box: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        points = np.array(self.points)
        if box is not None and len(points):  # the crossing is known to rounding; the point is put on the border
            points[-1] = np.clip(points[-1], box[:, 0], box[:, 1])
        return np.array(self.t), points


def _times(t: Any) -> np.ndarray:
    times = np.atleast_1d(np.asarray(t, dtype=np.float64))
    if (
        times.ndim != 1
        or not np.all(np.isfinite(times))
        or times[0] < 0
        or np.any(np.diff(times) <= 0)
        or times[-1] <= 0
    ):
        raise InputError(
            f"t={t!r} in gw.geometry.flow_lines. A positive time, or increasing times from 0 or later, are required"
        )
    return times


def _leaves(inside: Callable[[float], np.ndarray], old: float, new: float, box: np.ndarray) -> float | None:
    """The first time within a step at which the line is out of the box, by bisection between points of the step; None if it stays."""

    def outside(t: float) -> bool:
        x = inside(t)
        return bool(np.any(x < box[:, 0]) or np.any(x > box[:, 1]))

    low = old
    for high in np.linspace(old, new, DENSE + 1)[1:]:
        if outside(high):
            for _ in range(80):
                middle = (low + high) / 2
                if outside(middle):
                    high = middle
                else:
                    low = middle
            return float(high)
        low = high
    return None
