"""All zeros of the gradient in a box, by exclusion, contraction and bisection.

    search : (branches, box)  →  roots with uniqueness boxes, boxes that are left over

A box is dropped when an entry of the gradient has no zero in it, by its interval or by the mean value form, or when Krawczyk's operator leaves nothing of it.
It is narrowed to K(X) ∩ X.  Where K shows that it holds one zero at most, the zero is polished in floating point and proved in a box around it that is as large as
the proof allows: parts of other boxes inside that *uniqueness box* need no second look, so that a zero on the border between boxes is found once.  What is left is
bisected where the gradient varies most, generation by generation and all boxes of a generation at once, until nothing is left, the boxes are small, or their number
is spent.

What is dropped is dropped for certain, so that every critical point is a root or lies in a box that is left over.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np

from gradwise.geometry.branches import Branch, Branches, complete
from gradwise.geometry.continua import is_crowd, on_continuum
from gradwise.geometry.creases import apart
from gradwise.geometry.intervals import Interval, Outcome
from gradwise.geometry.newton_boxes import centre, krawczyk, mean_value
from gradwise.geometry.roots import Roots

#: boxes are bisected down to this part of the whole
SMALLEST = 1e-8
#: so many boxes around which the Hessian is singular are a curve of critical points
CROWD = 3000


@dataclass(slots=True, eq=False)
class Leftover:
    """Boxes that were not decided.

    ``reasons`` has an entry for each: "degenerate" (small, the Hessian singular somewhere), "continuum" (on a curve of critical points, as floating point shows), "flat" (the
    gradient is zero all over it), "rough" (a kink or the end of the domain), "branch" (an ``if`` is decided inside), "stopped" (their number was spent).
    """

    lo: list[np.ndarray] = field(default_factory=list)
    hi: list[np.ndarray] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    def add(self, lo: np.ndarray, hi: np.ndarray, reason: str) -> None:
        """Put boxes down as left over."""
        self.lo.extend(lo)
        self.hi.extend(hi)
        self.reasons.extend([reason] * len(lo))


class Search:
    """The search in one box.

    Parameters
    ----------
    branches : Branches
    lo, hi : numpy.ndarray
        The box, shape (n,).
    max_boxes : int
        Boxes that may be evaluated.

    Attributes
    ----------
    roots : Roots
    left : Leftover
    boxes : int
        Boxes evaluated.
    """

    def __init__(self, branches: Branches, lo: np.ndarray, hi: np.ndarray, max_boxes: int) -> None:
        self.branches = branches
        self.lo, self.hi = lo, hi
        self.width = hi - lo
        self.max_boxes = max_boxes
        self.roots = Roots(lo, hi)
        self.left = Leftover()
        self.boxes = 0
        self._next: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        self._crowded = 0
        self._singular = 0

    def run(self, first: int) -> None:
        """Search; ``first`` is the branch at the centre."""
        with np.errstate(all="ignore"):  # infinite ends of intervals are no mistakes
            self._run(first)

    def _run(self, first: int) -> None:
        live = (self.lo[None].copy(), self.hi[None].copy(), np.array([first]))
        while len(live[0]):
            if self.boxes + len(live[0]) > self.max_boxes or self._crowded >= 3:
                self._stop(*live, crowded=self._crowded >= 3)
                return
            self._next = []
            self._singular = 0
            for branch in np.unique(live[2]):
                mine = live[2] == branch
                lo, hi = live[0][mine], live[1][mine]
                chunk = self.branches.known[branch].chunk
                for start in range(0, len(lo), chunk):
                    self._step(lo[start : start + chunk], hi[start : start + chunk], int(branch))
            live = tuple(np.concatenate(part) for part in zip(*self._next, strict=True)) if self._next else ([], [], [])  # type: ignore[assignment]
            live = self._without_continua(*live)
            # a box that was counted left two halves
            crowd = len(live[0]) >= CROWD and 2 * self._singular >= 0.95 * len(live[0])
            self._crowded = self._crowded + 1 if crowd else 0

    def _without_continua(
        self, lo: np.ndarray, hi: np.ndarray, numbers: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Put down the boxes that line a set of critical points, once there are many of them; return the others."""
        for number in np.unique(numbers):
            branch, mine = self.branches.known[number], np.flatnonzero(numbers == number)
            if branch.gradient is None or not is_crowd(branch, lo[mine], hi[mine], self.width):
                continue
            _, on = on_continuum(branch, lo[mine], hi[mine], self.width)
            outcome = branch.gradient(lo[mine], hi[mine])
            found = mine[on & np.broadcast_to(outcome.held, len(mine)) & outcome.boxes.smooth]
            self.left.add(lo[found], hi[found], "continuum")
            lo, hi, numbers = (np.delete(part, found, axis=0) for part in (lo, hi, numbers))
        return lo, hi, numbers

    def _stop(self, lo: np.ndarray, hi: np.ndarray, numbers: np.ndarray, *, crowded: bool) -> None:
        """Put down what is left when bisection will not end, or when the boxes are spent."""
        if not crowded:
            self.left.add(lo, hi, "stopped")
            return
        for number in np.unique(numbers):
            branch = self.branches.known[number]
            mine = np.flatnonzero(numbers == number)
            outcome = (branch.full or branch.gradient or branch.value)(lo[mine], hi[mine])
            held, smooth = np.broadcast_to(outcome.held, len(mine)), outcome.boxes.smooth
            self.left.add(lo[mine[~held]], hi[mine[~held]], "branch")
            self.left.add(lo[mine[held & smooth]], hi[mine[held & smooth]], "degenerate")
            self.left.add(lo[mine[held & ~smooth]], hi[mine[held & ~smooth]], "rough")

    # --- one generation -------------------------------------------------------------------------------------------------

    def _step(self, lo: np.ndarray, hi: np.ndarray, number: int) -> None:
        branch = self.branches.known[number]
        self.boxes += len(lo)
        if branch.full is None:
            self._without_curvature(lo, hi, number)
            return
        outcome = branch.full(lo, hi)
        lo, hi, outcome_rows = self._guarded(lo, hi, number, outcome)
        if not len(lo):
            return
        value, gradient, hessian = (_rows(y, outcome_rows, outcome.boxes.count) for y in outcome.outputs)
        smooth = outcome.boxes.smooth[outcome_rows]
        keep = _may_vanish(gradient) & ~np.isnan(value.lo)
        rough = np.flatnonzero(keep & ~smooth)
        if len(rough):
            keep[rough] = _slopes_may_vanish(branch, lo[rough], hi[rough])
        lo, hi, gradient, hessian, smooth = (
            lo[keep],
            hi[keep],
            _take(gradient, keep),
            _take(hessian, keep),
            smooth[keep],
        )
        flat = np.all((gradient.lo == 0) & (gradient.hi == 0), axis=1) & smooth
        if flat.any():
            self.left.add(lo[flat], hi[flat], "flat")
            keep = ~flat
            lo, hi, gradient, hessian, smooth = (
                lo[keep],
                hi[keep],
                _take(gradient, keep),
                _take(hessian, keep),
                smooth[keep],
            )
        if not len(lo):
            return
        finite = np.all(np.isfinite(hessian.lo) & np.isfinite(hessian.hi), axis=(1, 2))
        usable = smooth & finite
        shrunk, regular = np.zeros(len(lo), bool), np.zeros(len(lo), bool)
        if usable.any():
            lo, hi, kept, narrowed, one = self._contracted(lo, hi, hessian, usable, number)
            lo, hi, hessian, gradient = lo[kept], hi[kept], _take(hessian, kept), _take(gradient, kept)
            shrunk, regular, smooth, finite = narrowed[kept], one[kept], smooth[kept], finite[kept]
        keep = ~self.roots.cover(lo, hi)
        lo, hi, hessian = lo[keep], hi[keep], _take(hessian, keep)
        shrunk, regular, smooth = shrunk[keep], regular[keep], smooth[keep]
        small = np.all(hi - lo <= self._least(lo, hi), axis=1)
        if small.any():
            self.left.add(lo[small & smooth], hi[small & smooth], "degenerate")
            self.left.add(lo[small & ~smooth], hi[small & ~smooth], "rough")
        again = shrunk & ~small
        self._queue(lo[again], hi[again], number)
        split = ~shrunk & ~small
        self._count_singular(lo[split], hi[split], _take(hessian, split), smooth[split])
        self._bisect(lo[split], hi[split], _take(hessian, split), number)

    def _least(self, lo: np.ndarray, hi: np.ndarray) -> np.ndarray:
        """The widths at which boxes are bisected no more."""
        return np.maximum(SMALLEST * self.width, 16 * np.finfo(float).eps * np.maximum(np.abs(lo), np.abs(hi)))

    def _contracted(
        self, lo: np.ndarray, hi: np.ndarray, hessian: Interval, usable: np.ndarray, number: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Boxes narrowed by the mean value form and Krawczyk's operator, which are kept, which shrank, which hold one zero at most."""
        branch = self.branches.known[number]
        assert branch.gradient is not None
        c = centre(lo, hi)
        at = branch.gradient(c, c)
        here = at.outputs[1].spread(len(lo))
        usable = usable & at.boxes.smooth & at.held & np.all(np.isfinite(here.lo) & np.isfinite(here.hi), axis=1)
        kept = np.ones(len(lo), bool)
        shrunk, regular = np.zeros(len(lo), bool), np.zeros(len(lo), bool)
        if not usable.any():
            return lo, hi, kept, shrunk, regular
        rows = np.flatnonzero(usable)
        xlo, xhi, g, H = lo[rows], hi[rows], _take(here, rows), _take(hessian, rows)
        possible = _may_vanish(mean_value(g, H, xlo, xhi, c[rows]))
        K = krawczyk(g, H, xlo, xhi, c[rows])
        newlo, newhi = np.maximum(xlo, K.lo), np.minimum(xhi, K.hi)
        possible &= np.all(newlo <= newhi, axis=1)
        kept[rows] = possible
        lo, hi = lo.copy(), hi.copy()
        lo[rows[possible]], hi[rows[possible]] = newlo[possible], newhi[possible]
        with np.errstate(all="ignore"):
            ratio = np.max((newhi - newlo) / np.where(xhi > xlo, xhi - xlo, 1.0), axis=1)
        shrunk[rows] = ratio < 0.7
        regular[rows] = K.regular
        found = possible & K.regular
        if found.any():
            self.boxes += self.roots.prove(branch, number, centre(newlo[found], newhi[found]))
        return lo, hi, kept, shrunk, regular

    def _queue(self, lo: np.ndarray, hi: np.ndarray, number: int | np.ndarray) -> None:
        if len(lo):
            self._next.append((lo, hi, np.broadcast_to(number, len(lo)).copy()))

    def _bisect(self, lo: np.ndarray, hi: np.ndarray, hessian: Interval | None, number: int) -> None:
        """Cut boxes in two where the gradient varies most over them, a little off the middle."""
        if not len(lo):
            return
        width = hi - lo
        relative = width / self.width
        score = relative
        if hessian is not None:
            smear = np.sum(np.nan_to_num(hessian.size, nan=0.0, posinf=0.0), axis=1) * width
            wide = relative >= 0.05 * np.max(relative, axis=1, keepdims=True)
            known = np.all(np.isfinite(hessian.size), axis=(1, 2)) & (np.max(smear * wide, axis=1) > 0)
            score = np.where(known[:, None], np.where(wide, smear, -1.0), relative)
        rows, axis = np.arange(len(lo)), np.argmax(score, axis=1)
        cut = lo[rows, axis] + 0.4877 * width[rows, axis]
        left, right = hi.copy(), lo.copy()
        left[rows, axis], right[rows, axis] = cut, cut
        self._queue(np.concatenate([lo, right]), np.concatenate([left, hi]), number)

    def _count_singular(self, lo: np.ndarray, hi: np.ndarray, hessian: Interval, smooth: np.ndarray) -> None:
        """Count the boxes whose Hessian is as good as singular, or that are rough: if there are no others, bisection will not end."""
        if len(lo) < CROWD // 16:
            self._singular += int(np.sum(~smooth))
            return
        middle = np.nan_to_num(hessian.mid, nan=0.0, posinf=0.0, neginf=0.0)
        values = np.abs(np.linalg.eigvalsh((middle + np.swapaxes(middle, 1, 2)) / 2))
        relative = np.max((hi - lo) / self.width, axis=1)
        singular = (np.min(values, axis=1) <= 2 * relative * np.max(values, axis=1)) & (relative <= 1 / 128)
        self._singular += int(np.sum(singular | ~smooth))

    # --- guards -----------------------------------------------------------------------------------------------------------

    def _guarded(
        self, lo: np.ndarray, hi: np.ndarray, number: int, outcome: Outcome
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The boxes all over which the guards hold, and their rows; the others are sent on."""
        held = np.broadcast_to(outcome.held, (len(lo),))
        if not held.all():
            self._elsewhere(lo[~held], hi[~held], number)
        rows = np.flatnonzero(held)
        return lo[rows], hi[rows], rows

    def _elsewhere(self, lo: np.ndarray, hi: np.ndarray, number: int) -> None:
        """Boxes that belong to another branch, or to several."""
        lo, hi = self._handed_over(lo, hi, number)
        if len(lo):  # look for branches that are not known yet, in a few of the boxes
            for z in [*centre(lo[:24], hi[:24]), *(lo[:8] + 0.01 * (hi - lo)[:8]), *(hi[:8] - 0.01 * (hi - lo)[:8])]:
                self.branches.at(z)
            lo, hi = self._handed_over(lo, hi, number)
        if not len(lo):
            return
        keep = ~self._empty_in_every_branch(lo, hi) & ~self.roots.cover(lo, hi)
        lo, hi = lo[keep], hi[keep]
        small = np.all(hi - lo <= self._least(lo, hi), axis=1)
        self.left.add(lo[small], hi[small], "branch")
        # comparisons are decided late, when the boxes are narrower than what is compared
        self._singular += int(np.sum(np.all(hi - lo <= 1e-5 * self.width, axis=1) & ~small))
        self._bisect(lo[~small], hi[~small], None, number)

    def _handed_over(self, lo: np.ndarray, hi: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Queue the boxes all over which another known branch holds; return the rest."""
        for other, branch in enumerate(self.branches.known):
            if len(lo) and other != number:
                holds = np.broadcast_to(branch.value(lo, hi).held, (len(lo),))
                self._queue(lo[holds], hi[holds], other)
                lo, hi = lo[~holds], hi[~holds]
        return lo, hi

    def _empty_in_every_branch(self, lo: np.ndarray, hi: np.ndarray) -> np.ndarray:
        """Whether no way through the code has a critical point in a box, and there is no crease between them."""
        known = self.branches.known
        outcomes = [(b.gradient or b.value)(lo, hi) for b in known]
        free = np.stack([_no_zero(b, o, len(lo)) for b, o in zip(known, outcomes, strict=True)])
        result = np.all(free, axis=0)
        for box in np.flatnonzero(result):
            result[box] = complete(known, outcomes, int(box)) and apart(outcomes, len(lo), int(box))
        return result

    def _without_curvature(self, lo: np.ndarray, hi: np.ndarray, number: int) -> None:
        """Boxes of a branch on which f is linear or constant."""
        branch = self.branches.known[number]
        outcome = (branch.gradient or branch.value)(lo, hi)
        lo, hi, rows = self._guarded(lo, hi, number, outcome)
        if not len(lo):
            return
        if branch.gradient is None:
            defined = ~np.isnan(_rows(outcome.outputs[0], rows, outcome.boxes.count).lo)
            self.left.add(lo[defined], hi[defined], "flat")
            return
        gradient = _rows(outcome.outputs[1], rows, outcome.boxes.count)
        keep = _may_vanish(gradient)
        rough = np.flatnonzero(keep & ~outcome.boxes.smooth[rows])
        if len(rough):
            keep[rough] = _slopes_may_vanish(branch, lo[rough], hi[rough])
        zero = keep & np.all((gradient.lo == 0) & (gradient.hi == 0), axis=1)
        self.left.add(lo[zero], hi[zero], "flat")
        keep &= ~zero
        small = np.all(hi - lo <= self._least(lo, hi), axis=1) & keep
        self.left.add(lo[small], hi[small], "rough")
        self._singular += int(np.sum(keep & ~small))
        self._bisect(lo[keep & ~small], hi[keep & ~small], None, number)


def _rows(y: Interval, rows: np.ndarray, count: int) -> Interval:
    return y.spread(count).map(lambda a: a[rows])


def _take(y: Interval, rows: np.ndarray) -> Interval:
    return y.map(lambda a: a[rows])


def _may_vanish(gradient: Interval) -> np.ndarray:
    """Whether every entry of the gradient holds zero (an empty one holds nothing)."""
    return np.all((gradient.lo <= 0) & (gradient.hi >= 0), axis=1)


def _slopes_may_vanish(branch: Branch, lo: np.ndarray, hi: np.ndarray) -> np.ndarray:
    """The same by the slopes along the axes, and along directions that may separate zero from all the gradients of a box."""
    slopes = branch.slopes(lo, hi)
    if slopes is None:
        return np.ones(len(lo), bool)
    possible = _may_vanish(slopes)
    n = lo.shape[1]
    rows = np.flatnonzero(possible & np.all(np.isfinite(slopes.lo) & np.isfinite(slopes.hi), axis=1))
    if n == 1 or not len(rows):
        return possible
    directions = np.broadcast_to(np.eye(n), (len(rows), n, n)).copy()
    directions[:, 0] = _shortest(branch, lo[rows], hi[rows])
    directions[:, 1] = _take(slopes, rows).mid
    along = branch.slopes(lo[rows], hi[rows], directions)
    assert along is not None
    possible[rows] = _may_vanish(along)
    return possible


def _shortest(branch: Branch, lo: np.ndarray, hi: np.ndarray) -> np.ndarray:
    """The shortest vector between the gradients in some corners of each box, by Gilbert's algorithm: if it is not zero, all of them lie on its side."""
    assert branch.gradient is not None
    n = lo.shape[1]
    corners = np.array(list(itertools.product([0.01, 0.99], repeat=n)) if n <= 3 else [*np.eye(n), *(1 - np.eye(n))])
    points = (lo[:, None] + corners * (hi - lo)[:, None]).reshape(-1, n)
    gradients = branch.gradient(points, points).outputs[1].spread(len(points)).mid.reshape(len(lo), len(corners), n)
    gradients = np.nan_to_num(gradients)
    shortest = gradients.mean(axis=1)
    for _ in range(30):
        far = np.argmin(np.einsum("bi,bki->bk", shortest, gradients), axis=1)
        step = gradients[np.arange(len(lo)), far] - shortest
        length = np.einsum("bi,bi->b", step, step)
        share = np.clip(-np.einsum("bi,bi->b", step, shortest) / np.where(length > 0, length, 1.0), 0.0, 1.0)
        shortest = shortest + share[:, None] * step
    return shortest


def _no_zero(branch: Branch, outcome: Outcome, count: int) -> np.ndarray:
    """Whether a branch has no critical point in a box: it is not taken there, or its gradient is not zero."""
    broken = np.broadcast_to(outcome.broken, (count,))
    if branch.gradient is None:
        return broken
    return broken | ~_may_vanish(outcome.outputs[1].spread(count))
