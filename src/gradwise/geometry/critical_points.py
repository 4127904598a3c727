"""All critical points of a function in a box, proved complete where its program allows.

    critical_points : (f, box)  →  CriticalPoints

The search (``box_search.py``) drops no box that may hold a zero of the gradient; this file names what it found: roots become points with the eigenvalue intervals of the
Hessian over their enclosures, and the boxes that are left over become entries of their own, joined where they touch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradwise.errors import GradwiseError, InputError, TracingError
from gradwise.geometry.box_bounds import box
from gradwise.geometry.box_search import Search
from gradwise.geometry.branches import Branches
from gradwise.geometry.critical_report import ORDER, CriticalPoint, CriticalPoints, value_at
from gradwise.geometry.eigenvalue_bounds import eigenvalue_intervals, inertia, length
from gradwise.geometry.intervals import NoRule
from gradwise.geometry.leftovers import WORDS, entries, vanishes
from gradwise.geometry.multistart import multistart
from gradwise.geometry.roots import Root
from gradwise.geometry.vector_form import VectorForm


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
    points += entries(flat, branches, left, hi - lo)
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
                    proved=inside or vanishes(branch, x[k]),
                    border=not inside,
                    message="" if inside else "on the border of the box within rounding",
                )
            )
    return points


def _sorted(points: list[CriticalPoint]) -> list[CriticalPoint]:
    def key(p: CriticalPoint) -> Any:
        return ORDER.index(p.kind), (p.value if np.isfinite(p.value) else np.inf), tuple(p.enclosure.mean(axis=1))

    return sorted(points, key=key)
