"""A contour traced by predictor and corrector: a step along the tangent, then Newton's method back to the curve.

    trace : (g : R² → R, ∇g, start, box)  →  points p with g(p) = 0 to rounding, and why it ended

The step is as long as the curve allows: the tangent may turn by `TURN` in a step and the corrector may move a point by no more
than that turn explains; otherwise the step is halved.  This keeps the trace on one branch: a jump to a neighbour would show as a
turn, as a reversal (neighbouring branches of one level have opposite gradients), or as a long correction.

After E. L. Allgower and K. Georg, Introduction to Numerical Continuation Methods (SIAM, 2003), chapters 2, 4 and 6.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

__all__ = ["Branch", "End", "follow", "on_curve"]

Pair = Callable[[np.ndarray], tuple[float, np.ndarray]]

#: the largest turn of the tangent in one step, radians: about 80 points a circle, whose chords look round
TURN = 0.08
#: a gradient this much smaller than the largest on the curve is a reason to look for a critical point on it
SMALL = 1e-6
EPS = float(np.finfo(np.float64).eps)


class End(StrEnum):
    """Why the trace of a level set ended."""

    CLOSED = "closed"
    BORDER = "border"
    SINGULAR = "singular point"
    LENGTH = "maximum length"
    POINTS = "maximum number of points"
    UNDEFINED = "undefined"
    LOST = "lost"

    @property
    def sentence(self) -> str:
        """What happened and what to do."""
        return _SENTENCES[self]


_SENTENCES = {
    End.CLOSED: "The curve returned to its start.",
    End.BORDER: "The curve reached the border of the box.",
    End.SINGULAR: "The gradient vanishes there: branches may cross, and no single tangent leads on. Start again beyond the point.",
    End.LENGTH: "The curve was longer than max_length. Give bounds=, or a larger max_length.",
    End.POINTS: "The curve took more points than max_points. Give a larger max_points, or bounds=.",
    End.UNDEFINED: "The function or its gradient is not finite beyond this point.",
    End.LOST: "No step leads on: the curve has a sharp corner or a gap there, or the function's values are noise at this scale.",
}


@dataclass
class Branch:
    """One direction of a trace: its points without the start, and why it ended."""

    points: list[np.ndarray] = field(default_factory=list)
    end: End = End.LOST
    singular: np.ndarray | None = None
    corners: list[np.ndarray] = field(default_factory=list)

    def at_singular_point(self, critical: np.ndarray | None) -> Branch:
        """The branch ended at a singular point, which is added where it could be located."""
        self.end, self.singular = End.SINGULAR, critical
        if critical is not None and self.points and np.any(self.points[-1] != critical):
            self.points.append(critical)
        return self


@dataclass(frozen=True)
class Limits:
    """Where and how far to trace: a box or None, the longest step and whether it may grow with the distance from the start, lengths."""

    box: np.ndarray | None
    step: float
    growing: bool
    max_length: float
    max_points: int

    def longest(self, distance: float) -> float:
        """The longest step so far from the start: a twentieth of the distance, if it may grow."""
        return max(self.step, distance / 20) if self.growing else self.step

    def inside(self, p: np.ndarray) -> bool:
        return self.box is None or bool(np.all(p >= self.box[:, 0]) and np.all(p <= self.box[:, 1]))


def on_curve(pair: Pair, p: np.ndarray, reach: float) -> tuple[np.ndarray, np.ndarray] | None:
    """Newton's method along the gradient to g = 0: the point and ∇g there; None if it leaves ``reach`` or does not settle."""
    start, last = p, np.inf
    for _ in range(12):
        value, gradient = pair(p)
        square = float(gradient @ gradient)
        if not np.isfinite(value) or not np.isfinite(square) or square == 0.0:
            return None
        move = value / square * gradient
        size = float(np.linalg.norm(move))
        if bool(np.all(np.abs(move) <= EPS * np.abs(p))) or value == 0.0:
            return p, gradient
        if size >= last / 2 and last <= 1e-4 * reach + 16 * EPS * float(np.max(np.abs(p))):
            return p, gradient  # rounding: no better point can be found
        p = p - move
        if float(np.linalg.norm(p - start)) > reach:
            return None
        last = size
    return None


def follow(
    pair: Pair,
    critical: Callable[[np.ndarray], np.ndarray | None],
    start: np.ndarray,
    gradient: np.ndarray,
    sign: float,
    limits: Limits,
    first: float,
) -> Branch:
    """Trace one direction from a point on the curve.

    ``sign`` is +1 for uphill on the right-hand side, −1 for the other way; ``critical`` locates a critical point on the curve near a point, or
    returns None.
    """
    branch = Branch()
    p, g = start, gradient
    tangent = _tangent(g, sign)
    home, h, length = tangent, first, 0.0
    turned, previous = 0.0, first  # the last turn and step: the next predictor bends as the curve did
    steepest = float(np.linalg.norm(g))
    while True:
        if len(branch.points) >= limits.max_points:
            branch.end = End.POINTS
            return branch
        smallest = 64 * EPS * (limits.step + float(np.max(np.abs(p))))
        step = _step(pair, p, tangent, h, turned * h / previous, sign)
        if step is None:
            if h > smallest:
                h = max(h / 2, smallest)
                continue
            step = _around(pair, p, tangent, h, sign)
            if step is None or len(branch.corners) > limits.max_points // 16:
                return _stuck(pair, critical, branch, p, g, tangent, sign, h, steepest)
            branch.corners.append(p)
        q, gq, tq, angle = step
        if not limits.inside(q):
            border = _to_border(pair, p, q, limits.box)
            if border is not None:
                branch.points.append(border)
                branch.end = End.BORDER
                return branch
            if h > smallest:
                h /= 2
                continue
            branch.end = End.BORDER
            return branch
        if branch.points and _returns(pair, p, q, tangent, tq, start, home):
            branch.end = End.CLOSED
            return branch
        moved = float(np.linalg.norm(q - p))
        branch.points.append(q)
        length += moved
        before, slope = float(np.linalg.norm(g)), float(np.linalg.norm(gq))
        steepest = max(steepest, slope)
        if slope <= SMALL * steepest and (found := critical(q)) is not None:
            return branch.at_singular_point(found)
        if length > limits.max_length:
            branch.end = End.LENGTH
            return branch
        turned, previous = angle, moved
        p, g, tangent = q, gq, tq
        h = min(limits.longest(float(np.linalg.norm(q - start))), h * min(2.0, 0.9 * TURN / max(abs(angle), 1e-3)))
        if slope < before:  # do not step over a point at which the gradient vanishes
            h = max(min(h, 0.5 * slope * moved / (before - slope)), smallest)


def _tangent(gradient: np.ndarray, sign: float) -> np.ndarray:
    return sign * np.array([-gradient[1], gradient[0]]) / np.linalg.norm(gradient)


def _step(pair: Pair, p: np.ndarray, tangent: np.ndarray, h: float, bend: float, sign: float) -> tuple | None:
    """One step of length h: the next point, ∇g and tangent there, and the angle turned; None if h is too long."""
    half = float(np.clip(bend, -TURN, TURN)) / 2
    c, s = np.cos(half), np.sin(half)
    ahead = np.array([c * tangent[0] - s * tangent[1], s * tangent[0] + c * tangent[1]])
    found = on_curve(pair, p + h * ahead, TURN * h)
    if found is None:
        return None
    q, g = found
    t = _tangent(g, sign)
    angle = float(np.arctan2(tangent[0] * t[1] - tangent[1] * t[0], tangent @ t))
    return None if abs(angle) > TURN else (q, g, t, angle)


def _around(pair: Pair, p: np.ndarray, tangent: np.ndarray, h: float, sign: float) -> tuple | None:
    """A step around a corner, at which the tangent jumps by less than 120°, as on the level sets of abs and max."""
    for distance in (4 * h, 64 * h, 1024 * h):
        found = on_curve(pair, p + distance * tangent, 8 * distance)
        if found is None:
            continue
        q, g = found
        t = _tangent(g, sign)
        if (q - p) @ t > 0 and tangent @ t > -0.5:
            return q, g, t, 0.0
    return None


def _stuck(
    pair: Pair,
    critical: Callable[[np.ndarray], np.ndarray | None],
    branch: Branch,
    p: np.ndarray,
    g: np.ndarray,
    tangent: np.ndarray,
    sign: float,
    h: float,
    steepest: float,
) -> Branch:
    """Why no step leads on: beyond the domain, a vanishing gradient, or neither."""
    ahead, beyond = pair(p + 4 * h * tangent)
    if not np.isfinite(ahead) or not np.all(np.isfinite(beyond)):
        branch.end = End.UNDEFINED
        return branch
    if np.linalg.norm(g) <= 1e-4 * steepest or _reverses(pair, p, tangent, sign, h):
        found = critical(p)
        if found is not None or np.linalg.norm(g) <= SMALL * steepest:
            return branch.at_singular_point(found)
    return branch


def _reverses(pair: Pair, p: np.ndarray, tangent: np.ndarray, sign: float, h: float) -> bool:
    """Whether the gradient turns around just ahead, as it does across a point where branches cross."""
    for distance in (4 * h, 64 * h, 1024 * h):
        _, g = pair(p + distance * tangent)
        if np.any(g) and np.all(np.isfinite(g)) and _tangent(g, sign) @ tangent < -0.5:
            return True
    return False


def _to_border(pair: Pair, p: np.ndarray, q: np.ndarray, box: np.ndarray | None) -> np.ndarray | None:
    """Where the curve between p (inside) and q (outside) crosses the border: Newton's method with one coordinate held."""
    if box is None:
        return None
    best: tuple[float, int, float] | None = None
    for i in range(2):
        for bound in box[i]:
            if (p[i] - bound) * (q[i] - bound) < 0 or (
                p[i] == bound and q[i] != bound and not box[i, 0] <= q[i] <= box[i, 1]
            ):
                share = (bound - p[i]) / (q[i] - p[i])
                if best is None or share < best[0]:
                    best = (share, i, float(bound))
    if best is None:
        return None
    share, i, bound = best
    r = p + share * (q - p)
    r[i] = bound
    j, reach = 1 - i, float(np.linalg.norm(q - p))
    low, high = min(p[j], q[j]) - reach, max(p[j], q[j]) + reach
    for _ in range(20):
        value, g = pair(r)
        if not np.isfinite(value) or g[j] == 0.0 or not np.isfinite(g[j]):
            return None
        move = value / g[j]
        r[j] -= move
        if not low <= r[j] <= high:
            return None
        if abs(move) <= 8 * EPS * max(abs(r[j]), reach):
            return np.clip(r, box[:, 0], box[:, 1])
    return None


def _returns(
    pair: Pair, p: np.ndarray, q: np.ndarray, tp: np.ndarray, tq: np.ndarray, start: np.ndarray, home: np.ndarray
) -> bool:
    """Whether the step from p to q passes the start on the same branch."""
    step = float(np.linalg.norm(q - p))
    before, after = start - p, q - start
    if before @ tp < 0 or after @ tq < 0 or float(np.linalg.norm(before)) > 1.01 * step:
        return False
    if home @ tq < 0.9:
        return False
    # the arc from p to the start is short and bends no more than a step does: its middle lies on the curve, on the chord
    chord = float(np.linalg.norm(before))
    if chord <= 1e-9 * step:
        return True
    found = on_curve(pair, p + 0.5 * before, TURN * chord)
    return found is not None
