"""All critical points of a function in a box, proved complete where its program allows.

    critical_points : (f, box)  →  CriticalPoints

The search (``box_search.py``) drops no box that may hold a zero of the gradient; this file names what it found: roots become points with the eigenvalue intervals of the
Hessian over their enclosures, and the boxes that are left over become entries of their own, joined where they touch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy

from gradwise.errors import GradwiseError, InputError, TracingError
from gradwise.geometry.box_bounds import box
from gradwise.geometry.box_search import Leftover, Search
from gradwise.geometry.branches import Branch, Branches
from gradwise.geometry.continua import on_continuum, zero_eigenvalues
from gradwise.geometry.critical_report import ORDER, CriticalPoint, CriticalPoints, value_at
from gradwise.geometry.eigenvalue_bounds import eigenvalue_intervals, inertia, length
from gradwise.geometry.intervals import NoRule
from gradwise.geometry.multistart import multistart
from gradwise.geometry.roots import Root
from gradwise.geometry.vector_form import VectorForm

#: more left-over boxes are first put together with their neighbours
MOST_JOINED = 2500
#: points that are looked for on a set of critical points
MOST_POLISHED = 500
#: boxes of which it is asked whether they lie on such a set
FEW = 50
WORDS = {
    "degenerate": "the Hessian is singular or nearly so; second derivatives decide nothing",
    "continuum": "critical points that are not isolated, as far as floating point shows",
    "flat": "critical points are not isolated: the gradient is zero all over the box",
    "rough": "f may not be smooth, or not be defined, everywhere in the box",
    "branch": "the code takes different branches inside the box",
    "stopped": "max_boxes was reached",
}


def critical_points(
    f: Callable[..., Any],
    bounds: Any,
    *,
    method: str = "auto",
    max_boxes: int = 50_000,
    starts: int | None = None,
    rng: np.random.Generator | None = None,
) -> CriticalPoints:
    """Find all points in a box where the gradient of ``f`` vanishes, with a proof that there are no others.

    The program of f is differentiated and evaluated in interval arithmetic over many boxes at once.  Boxes in which the gradient has no zero are dropped, and Krawczyk's test
    proves that another holds exactly one.  The list says "proved complete" if nothing is left in between, and otherwise what is.

    Parameters
    ----------
    f : callable
        Returns one real number: f(v) of an array, f(x, y, …) of numbers, or f of a dict.
    bounds : sequence of pairs, pair, scipy.optimize.Bounds, or dict
        (low, high) for each variable; one pair alone for a function of one number; a dict of pairs by name.
    method : {"auto", "interval", "multistart"}
        "interval" raises where f has an operation without interval rule; "auto" then solves ∇f = 0 from many starts, which is not exhaustive, and says so.
    max_boxes : int
        Boxes that may be evaluated; what is left then is reported.
    starts : int, optional
        Starts of "multistart"; by default 64 for each variable, 512 at most.
    rng : numpy.random.Generator, optional
        Draws the starts; ``default_rng(0)`` unless given.

    Returns
    -------
    CriticalPoints
        A list, with ``proved``, ``exhaustive`` and ``reason``.

    Raises
    ------
    InputError
        If bounds are not finite, or low is not below high.
    OutputError
        If f does not return one real number.
    TracingError
        With ``method="interval"``, if the function or an operation in it is out of reach.

    Notes
    -----
    The box is closed.  Points of its border count where ∇f vanishes there, not where f is merely least on the border; an enclosure that reaches over the border has
    ``border=True``.  A statement holds for the real function whose constants are the floats in the program.  Kinks, ends of the domain, and places where an ``if`` is
    decided are reported as undecided boxes unless the gradient has no zero beside them.

    Examples
    --------
    >>> import gradwise as gw
    >>> found = gw.critical_points(lambda x, y: x**3 - 3 * x + y**2, [(-3, 3), (-3, 3)])
    >>> print(found)
    2 critical points in [-3, 3] × [-3, 3] (1 minimum, 1 saddle), proved complete
      kind      x  y   f  eigenvalues      ±
      minimum   1  0  -2         2, 6  ...
      saddle   -1  0   2        -6, 2  ...

    References
    ----------
    R. Krawczyk, Newton-Algorithmen zur Bestimmung von Nullstellen mit Fehlerschranken, Computing 4, 1969; A. Neumaier, Interval Methods for Systems of Equations, 1990.
    """
    if method not in {"auto", "interval", "multistart"}:
        raise InputError(
            f'gw.critical_points was given method={method!r}. "auto", "interval" or "multistart" is required'
        )
    if isinstance(max_boxes, bool) or not isinstance(max_boxes, (int, np.integer)) or max_boxes < 1:
        raise InputError(f"gw.critical_points was given max_boxes={max_boxes!r}. A positive whole number is required")
    if starts is not None and (isinstance(starts, bool) or not isinstance(starts, (int, np.integer)) or starts < 1):
        raise InputError(f"gw.critical_points was given starts={starts!r}. A positive whole number is required")
    middle, lo, hi = box(f, bounds)
    flat = VectorForm(f, middle, "critical_points")
    if flat.size != len(lo):
        raise InputError(
            f"gw.critical_points was given bounds for {len(lo)} variables and the function takes {flat.size}. One pair (low, high) for each is required"
        )
    why = "method='multistart' was asked for"
    if method != "multistart":
        try:
            return _proved(flat, lo, hi, int(max_boxes))
        except NoRule as error:
            why = error.sentence
        except TracingError as error:
            why = f"the function cannot be traced: {str(error).splitlines()[0]}"
        if method == "interval":
            raise TracingError(
                f"gw.critical_points with method='interval' cannot prove anything of {flat.__name__}: {why}. Write method='auto' for a search from many starts"
            )
    count = min(64 * len(lo), 512) if starts is None else int(starts)
    points = multistart(flat, lo, hi, count, np.random.default_rng(0) if rng is None else rng)
    return CriticalPoints(
        points=_sorted(points),
        proved=False,
        exhaustive=False,
        reason=f"{why}; {count} starts",
        bounds=np.stack([lo, hi], axis=1),
        method="multistart",
        boxes=count,
        branches=0,
        undecided=np.zeros((0, len(lo), 2)),
        names=flat.names,
        _function=flat,
    )


def _proved(flat: VectorForm, lo: np.ndarray, hi: np.ndarray, max_boxes: int) -> CriticalPoints:
    branches = Branches(flat)
    first = _first_branch(branches, lo, hi)
    search = Search(branches, lo, hi, max_boxes)
    search.run(first)
    points = _points(flat, branches, search.roots.found, lo, hi)
    doubts = []
    left = search.left
    undecided = np.stack([np.array(left.lo), np.array(left.hi)], axis=-1) if left.lo else np.zeros((0, len(lo), 2))
    for reason, members in _components(left, 1e-5 * (hi - lo)):
        entry = _undecided(flat, branches, undecided[members], reason, hi - lo)
        if reason != "flat" and any(left.reasons[k] == "flat" for k in members):
            entry.message += f"; in a part of it {WORDS['flat']}"
        points.append(entry)
    if left.lo:
        reasons = sorted(set(left.reasons), key=list(WORDS).index)
        doubts = [f"{len(left.lo)} small box{'es' * (len(left.lo) != 1)} left: " + "; ".join(WORDS[r] for r in reasons)]
    strange = next((b.doubt for b in branches.known if b.doubt), "")
    missing = [p for p in points if p.kind in {"minimum", "maximum", "saddle"} and not p.proved]
    if missing:
        doubts.append(f"{len(missing)} point{'s' * (len(missing) != 1)} on the border may lie outside")
    return CriticalPoints(
        points=_sorted(points),
        proved=not doubts and not strange,
        exhaustive=not strange,
        reason=strange or "; ".join(doubts),
        bounds=np.stack([lo, hi], axis=1),
        method="interval",
        boxes=search.boxes,
        branches=len(branches.known),
        undecided=undecided,
        names=flat.names,
        _function=flat,
    )


def _first_branch(branches: Branches, lo: np.ndarray, hi: np.ndarray) -> int:
    """The branch at a point where f can be traced: near the middle, or else anywhere."""
    shares = [np.full(len(lo), 0.4877), *np.random.default_rng(1).random((20, len(lo)))]
    error: Exception | None = None
    for share in shares:
        try:
            number = branches.at(lo + share * (hi - lo))
        except (ArithmeticError, ValueError) as first:
            if isinstance(first, GradwiseError):
                raise
            error = first
            continue
        if number is not None:
            return number
    raise error if error is not None else TracingError("no point of the box can be traced")


def _points(
    flat: VectorForm, branches: Branches, roots: list[Root], lo: np.ndarray, hi: np.ndarray
) -> list[CriticalPoint]:
    """The roots in the closed box, with their kinds from the Hessians over their enclosures."""
    points = []
    roots = [root for root in roots if np.all(root.hi >= lo) and np.all(root.lo <= hi)]
    for number in {root.branch for root in roots}:
        mine = [root for root in roots if root.branch == number]
        branch = branches.known[number]
        assert branch.full is not None
        lows, highs = np.array([root.lo for root in mine]), np.array([root.hi for root in mine])
        x = np.array([root.x for root in mine])
        tidy = np.round(x, 6) + 0.0  # 3 rather than 3.0000000000000004, where the enclosure holds it
        x = np.clip(np.where((lows <= tidy) & (tidy <= highs), tidy, x), lo, hi)
        with np.errstate(all="ignore"):
            around = branch.full(lows, highs)
            here = branch.full(x, x)
        hessian = around.outputs[2].spread(len(mine))
        middle = hessian.mid
        error = np.nextafter(np.maximum(hessian.hi - middle, middle - hessian.lo), np.inf)
        norms = [length(g) for g in here.outputs[1].spread(len(mine)).mid]
        for k, root in enumerate(mine):
            inside = bool(np.all(root.lo >= lo) and np.all(root.hi <= hi))
            eigenvalues, intervals, vectors = eigenvalue_intervals(middle[k], error[k])
            below, above, zero = inertia(intervals)
            definite = "degenerate" if zero else "minimum" if not below else "maximum"
            points.append(
                CriticalPoint(
                    kind="saddle" if below and above else definite,
                    index=None if zero else below,
                    x=flat.rebuild(x[k]),
                    value=value_at(flat, x[k]),
                    gradient_norm=norms[k],
                    eigenvalues=eigenvalues,
                    intervals=intervals,
                    eigenvectors=vectors,
                    enclosure=np.stack([root.lo, root.hi], axis=1),
                    proved=inside or _exact(branch, x[k]),
                    border=not inside,
                    message="" if inside else "on the border of the box within rounding",
                )
            )
    return points


def _exact(branch: Branch, x: np.ndarray) -> bool:
    """Whether the gradient is zero at a float, exactly."""
    assert branch.gradient is not None
    gradient = branch.gradient(x[None], x[None]).outputs[1]
    return bool(np.all(gradient.lo == 0) and np.all(gradient.hi == 0))


def _undecided(
    flat: VectorForm, branches: Branches, boxes: np.ndarray, reason: str, whole: np.ndarray
) -> CriticalPoint:
    """The entry of boxes that touch one another."""
    lo, hi = boxes[:, :, 0].min(axis=0), boxes[:, :, 1].max(axis=0)
    x = _representative(boxes, lo, hi)
    message = WORDS[reason]
    if reason == "continuum" or (reason in {"degenerate", "stopped"} and len(boxes) >= FEW):
        x, message = _continuum(branches, boxes, x, whole, message)
    number = branches.at(x)
    eigenvalues, intervals, vectors, norm = np.zeros(0), np.zeros((0, 2)), None, float("nan")
    if number is not None:
        branch = branches.known[number]
        with np.errstate(all="ignore"):
            if branch.full is not None:
                outcome = branch.full(lo[None], hi[None])
                here = branch.full(x[None], x[None])
                norm = length(here.outputs[1].mid)
                H, spread = here.outputs[2].mid[0], outcome.outputs[2]
                if np.all(np.isfinite(H)) and reason in {"degenerate", "stopped"}:
                    error = np.maximum(spread.hi[0] - H, H - spread.lo[0])
                    eigenvalues, intervals, vectors = eigenvalue_intervals(
                        H, np.where(np.isfinite(error), error, np.inf)
                    )
            else:
                outcome = (branch.gradient or branch.value)(lo[None], hi[None])
                norm = 0.0 if reason == "flat" else norm
            if reason == "rough":
                message += _places(outcome)
            if reason == "degenerate" and _exact(branch, x):
                message += "; the gradient is zero at the point"
            if len(lo) == 1 and reason == "degenerate":
                message += _sides(branch, lo, hi)
    elif reason == "branch" and branches.trouble:
        message += f"; {branches.trouble}"
    return CriticalPoint(
        kind="degenerate" if reason in {"degenerate", "continuum", "flat"} else "undecided",
        index=None,
        x=flat.rebuild(x),
        value=value_at(flat, x),
        gradient_norm=norm,
        eigenvalues=eigenvalues,
        intervals=intervals,
        eigenvectors=vectors,
        enclosure=np.stack([lo, hi], axis=1),
        proved=False,
        boxes=len(boxes),
        message=message,
    )


def _continuum(
    branches: Branches, boxes: np.ndarray, x: np.ndarray, whole: np.ndarray, otherwise: str
) -> tuple[np.ndarray, str]:
    """A point of a set of critical points, and what was seen of it; ``x`` and ``otherwise`` where few of the boxes lie on one."""
    chosen = boxes[np.linspace(0, len(boxes) - 1, min(len(boxes), MOST_POLISHED)).astype(int)]
    number = branches.at(x)
    branch = None if number is None else branches.known[number]
    if branch is None or branch.full is None:
        return x, otherwise
    points, on = on_continuum(branch, chosen[:, :, 0], chosen[:, :, 1], whole)
    if (
        np.sum(on) < 0.2 * len(on)
        or np.max(np.ptp(points[on], axis=0) / np.max(chosen[:, :, 1] - chosen[:, :, 0], axis=0)) < FEW / 5
    ):
        return x, otherwise
    points = points[on]
    dimension = zero_eigenvalues(branch, points)
    shape = {1: "a curve", 2: "a surface"}.get(dimension, f"a set of dimension {dimension}")
    apart = float(np.linalg.norm(np.ptp(points, axis=0)))
    nearest = points[np.argmin(np.sum((points - x) ** 2, axis=1))]
    rounded = np.round(nearest, 9)
    message = (
        f"not isolated: the gradient is zero to rounding at {len(points)} points, up to {apart:.2g} apart, and {dimension} "
        f"eigenvalue{'s' * (dimension != 1)} of the Hessian with it: {shape} of critical points, as far as floating point shows"
    )
    return (rounded if np.max(np.abs(rounded - nearest)) < 1e-14 else nearest), message


def _representative(boxes: np.ndarray, lo: np.ndarray, hi: np.ndarray) -> np.ndarray:
    """A point of the boxes with few decimals, near the middle of their hull if it can be."""
    x = np.array([_simplest(*pair) for pair in zip(lo, hi, strict=True)])
    if np.any(np.all((boxes[:, :, 0] <= x) & (x <= boxes[:, :, 1]), axis=1)):
        return x
    nearest = boxes[np.argmin(np.sum(np.abs(boxes.mean(axis=2) - (lo / 2 + hi / 2)), axis=1))]
    return np.array([_simplest(*pair) for pair in nearest])


def _simplest(lo: float, hi: float) -> float:
    """The number with the fewest decimals between two: a degenerate point is more often 0 or 0.3 than not."""
    if lo <= 0 <= hi:
        return 0.0
    middle = lo / 2 + hi / 2
    for digits in range(17):
        near = round(middle, digits)
        if lo <= near <= hi:
            return float(near)
    return float(middle)


def _sides(branch: Branch, lo: np.ndarray, hi: np.ndarray) -> str:
    """In one dimension the slopes at the ends of an enclosure decide what it holds."""
    assert branch.gradient is not None
    ends = np.array([lo, hi])
    slope = branch.gradient(ends, ends).outputs[1]
    left, right = ((int(slope.lo[k, 0] > 0) - int(slope.hi[k, 0] < 0)) for k in (0, 1))
    found = {(-1, 1): "minimum", (1, -1): "maximum"}.get((left, right))
    if found:
        return f"; the slope changes its sign: there is a {found} inside"
    return "; the slope has one sign on both sides" if left == right != 0 else ""


def _places(outcome: Any) -> str:
    """Where a box met kinks and ends of domains."""
    places = []
    for equation in outcome.boxes.reasons.values():
        source = equation.source
        place = equation.primitive.name + (f" in line {source[1]}" if source is not None else "")
        if place not in places:
            places.append(place)
    return f" ({', '.join(places[:4])})" if places else ""


def _components(left: Leftover, room: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """Left-over boxes joined where they nearly touch, each with the weightiest of their reasons."""
    if not left.lo:
        return []
    lo, hi = np.array(left.lo), np.array(left.hi)
    reasons = np.array([list(WORDS).index(r) for r in left.reasons])
    labels = _joined(lo, hi, room)
    names = list(WORDS)
    return [
        (names[int(reasons[labels == label].max())], np.flatnonzero(labels == label))
        for label in range(labels.max() + 1)
    ]


def _joined(lo: np.ndarray, hi: np.ndarray, room: np.ndarray) -> np.ndarray:
    """A label for each box, equal for boxes that are connected through near ones (of very many, through near hulls of neighbours).

    Around a degenerate point Krawczyk's operator leaves scattered small boxes, so that those count as near that are no further apart than twice ``room``.
    """
    groups = np.arange(len(lo))
    low, high = lo, hi
    left = np.min(lo, axis=0)
    span = np.maximum(np.max(hi, axis=0) - left, np.finfo(float).tiny)
    for cells in (256, 64, 16, 4, 1):
        if len(low) <= MOST_JOINED:
            break
        cell = np.minimum(((lo + hi) / 2 - left) / span * cells, cells - 1).astype(int)
        _, groups = np.unique(cell, axis=0, return_inverse=True)
        low, high = np.full((groups.max() + 1, lo.shape[1]), np.inf), np.full((groups.max() + 1, lo.shape[1]), -np.inf)
        np.minimum.at(low, groups, lo)
        np.maximum.at(high, groups, hi)
    room = np.maximum(2 * (high - low), room)
    low, high = low - room, high + room
    touching = np.ones((len(low), len(low)), bool)
    for axis in range(low.shape[1]):
        touching &= low[:, None, axis] <= high[None, :, axis]
        touching &= high[:, None, axis] >= low[None, :, axis]
    labels = scipy.sparse.csgraph.connected_components(scipy.sparse.csr_array(touching), directed=False)[1]
    return np.asarray(labels[groups.ravel()])


def _sorted(points: list[CriticalPoint]) -> list[CriticalPoint]:
    def key(p: CriticalPoint) -> Any:
        return ORDER.index(p.kind), (p.value if np.isfinite(p.value) else np.inf), tuple(p.enclosure.mean(axis=1))

    return sorted(points, key=key)
