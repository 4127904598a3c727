"""What is asked before numbers alone call an entry wrong, or call it zero.

The numerical derivative is right within its bound in 99.9 % of cases, not in all.  It may have stepped over a kink that is a millionth of x away, or
taken a fast oscillation for noise.  So where it contradicts a claim and no exact derivative decides, f is asked three questions::

    at the smallest steps that rounding allows, is the slope the claimed one after all?
    does f bend at x in a direction between the entries, where each entry by itself looks smooth (a median of equal numbers)?
    for a Hessian: do the four quadrants around x have different second differences?

Each yes makes the verdict "cannot tell", never "agrees".  The same holds for a zero that is known only within a bound larger than
anything that f does near x: a derivative of 1e-6 beside an offset of 1e12 is not zero, it cannot be seen.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from gradwise.checking.problem import Numbers, Problem
from gradwise.checking.rounding import jitter, nearby
from gradwise.checking.verdicts import AGREES, CANNOT_TELL, UNSEEN, WRONG, Verdicts
from gradwise.numerical import Status
from gradwise.numerical.argument import parse_bounds
from gradwise.quiet import quiet

MOST = 24
"""How many wrong entries are looked at; the others follow if one of these was not wrong."""

SECONDS = 2.0
"""How long all of it may take."""

NEAR = 0.25
"""A slope counts as the claimed one within this part of its difference from the numerical one."""

BESIDE = 16
"""At how many points beside x the slopes are looked at where f bends in no direction of an entry."""

ELSEWHERE = (0.3, 0.03, -1.0)
"""Multiples of x at which the size of f is looked at, where it is zero at x itself."""

LOST = 1e-6
"""A function that changes by this part of itself when x moves by one rounding has lost most of its digits."""

TINY = 1e-8
"""An entry of x that is so small beside the largest one may be the rounding of zero, and steps of its size nothing to f."""

Values = Callable[[np.ndarray], np.ndarray]


def look_again(problem: Problem, verdicts: Verdicts, numbers: Numbers, rng: np.random.Generator) -> None:
    """Leave open what the numerical derivative called wrong and cannot know; fills verdicts in place."""
    values = safe_values(problem)
    if values is None or problem.stays:
        return
    deadline = time.perf_counter() + SECONDS
    _too_small(problem, verdicts, numbers, values)
    wrong = np.argwhere((verdicts.verdict == WRONG) & ~verdicts.by_exact & np.isfinite(problem.claimed))
    here = values(problem.target.point.vector)
    shakes = _shakes(problem, values, here, rng) if len(wrong) and problem.kind != "hessian" else here
    excused: list[tuple[int, int]] = []
    for count, (row, entry) in enumerate(wrong):
        if time.perf_counter() > deadline or (count >= MOST and not excused):
            break
        claim, value = float(problem.claimed[row, entry]), float(numbers.value[row, entry])
        if problem.kind == "hessian":
            found = _bends(problem, values, here, int(row), int(entry), claim)
            found = found or _closer(problem, values, here, int(row), int(entry), claim, value)
        else:
            along = _along(problem, values, int(entry), int(row))
            size = _size(problem.target.point.vector, int(entry))
            error = float(numbers.error[row, entry])
            found = finer(along, float(here[row]), claim, value, problem.unit, size)
            found = found or coarser(along, float(here[row]), claim, value, problem.unit, size)
            largest = float(np.max(np.abs(problem.target.point.vector)))
            if size < TINY * largest:  # f may be a staircase at all steps of that size
                found = found or coarser(along, float(here[row]), claim, value, problem.unit, largest)
            found = found or unsettled(
                along, float(here[row]), claim, value, error, problem.unit, size, float(shakes[row])
            )
        if found:
            excused.append((int(row), int(entry)))
    for row, entry in excused:
        _open(verdicts, row, entry, "steps of another size give other slopes, and one of them is the claimed one")
    if problem.kind == "gradient" and np.any((verdicts.verdict == WRONG) & ~verdicts.by_exact):
        _joint(problem, verdicts, numbers, rng, deadline)


def look_at_zeros(problem: Problem, verdicts: Verdicts, numbers: Numbers, rng: np.random.Generator) -> None:
    """A zero is confirmed only by a bound that is small beside what f does near x; fills verdicts in place."""
    zeros = (verdicts.verdict == AGREES) & (verdicts.reason == UNSEEN)
    values = safe_values(problem)
    if values is None or not np.any(zeros):
        return
    vector = problem.target.point.vector
    here = values(vector)
    size = np.array([_size(vector, k) for k in range(vector.size)])
    moved = np.zeros(here.shape)
    for _ in range(3):
        step = size * rng.uniform(0.1, 0.3, vector.size) * rng.choice([-1.0, 1.0], vector.size)
        with np.errstate(all="ignore"):
            change = np.abs(values(vector + step) - here)
        moved = np.fmax(moved, np.where(change > 16 * problem.unit * np.abs(here), change, 0.0))
    visible = moved[:, None] / (np.outer(size, size) if problem.kind == "hessian" else size[None, :])
    # a claim of zero where f does not move at all is what every evaluation says
    unseen = (
        zeros
        & ((problem.claimed != 0) | (numbers.value != 0))
        & (verdicts.bound > 0.01 * np.broadcast_to(visible, zeros.shape))
    )
    verdicts.verdict[unseen] = CANNOT_TELL
    verdicts.usable[unseen] = False


def claim_jitter(problem: Problem, rng: np.random.Generator) -> np.ndarray:
    """What the claim changes by at random when x moves by one rounding, where f or its exact derivative does so too; else zero."""
    vector, nothing = problem.target.point.vector, np.zeros(problem.claimed.shape)
    values = safe_values(problem)
    if problem.claim_at is None:
        return nothing
    with quiet(), np.errstate(all="ignore"):
        noise = jitter(problem.claim_at, vector, problem.claimed, problem.unit, rng)
        if not np.any(noise):
            return nothing
        if problem.exact_at is not None:
            try:
                exact = problem.exact_at(vector)
                return np.where(jitter(problem.exact_at, vector, exact, problem.unit, rng) > 0.1 * noise, noise, 0.0)
            except Exception:  # noqa: BLE001, S110  (where f cannot be traced, f itself is asked)
                pass
        if values is None:
            return nothing
        here = values(vector)
        change = np.max([np.abs(values(nearby(vector, problem.unit, rng)) - here) for _ in range(3)], axis=0)
    shaky = change > LOST * np.abs(here)
    return np.where(shaky[:, None] if shaky.size == noise.shape[0] else shaky[0], noise, 0.0)


def finer(along: Callable[[float], float], here: float, claim: float, value: float, unit: float, size: float) -> bool:
    """Whether f's slopes at the smallest steps that rounding allows are the claimed one, not the numerical one.

    ``along(t)`` is f at a distance t from x; ``here`` is f(x).

    Examples
    --------
    >>> bend = lambda t: max(t - 1e-7, 0.0)
    >>> finer(bend, 0.0, 0.0, 0.5, 2.2e-16, 1.0), finer(bend, 0.0, 0.2, 0.5, 2.2e-16, 1.0)
    (True, False)
    """
    gap = abs(claim - value)
    if not (0.0 < gap < np.inf):
        return False
    start = max(200 * unit * max(abs(here), 1e-300) / gap, 1e4 * unit * size)
    looked = False
    for step in (start, 4 * start):
        if not step <= 1e-2 * size:
            return False
        slopes = [(along(step) - here) / step, (here - along(-step)) / step]
        slopes = [slope for slope in slopes if np.isfinite(slope)]
        looked = bool(slopes)
        if not looked or any(abs(slope - claim) > NEAR * gap or abs(slope - value) <= NEAR * gap for slope in slopes):
            return False
        if all(slope == 0.0 for slope in slopes) and _in_steps(along, here, step, size, unit):
            return False
    return looked


def coarser(along: Callable[[float], float], here: float, claim: float, value: float, unit: float, size: float) -> bool:
    """Whether the slope is the claimed one at all steps but the finest: f has a ripple, and the claim is that of what it runs along.

    Examples
    --------
    >>> ripple = lambda t: 2 * t + 1e-9 * np.sin(1e9 * t)
    >>> coarser(ripple, 0.0, 2.0, 3.0, 2.2e-16, 1.0), coarser(ripple, 0.0, 2.2, 3.0, 2.2e-16, 1.0)
    (True, False)
    """
    gap = abs(claim - value)
    if not (0.0 < gap < np.inf):
        return False
    for relative in (1e-3, 1.7e-4, 2.9e-5, 5e-6):
        step = relative * size
        slope = (along(step) - along(-step)) / (2 * step)
        if not abs(slope - claim) <= 0.02 * gap + 4 * unit * abs(here) / step or unit * abs(here) / step > 0.01 * gap:
            return False
    return True


def unsettled(
    along: Callable[[float], float],
    here: float,
    claim: float,
    value: float,
    error: float,
    unit: float,
    size: float,
    shakes: float = 0.0,
) -> bool:
    """Whether an entry of x is so small that f shows nothing at its own size, and the numerical slope does not last at larger steps.

    What the claim is off by is then seen only at steps that leave the neighbourhood of x, across zero for example, where
    |x|^1.5 has other slopes: the numerical one refutes nothing unless steps of other sizes agree with it.  ``shakes`` is what f
    changes by when all of x moves by one rounding: at the zero of a sum of squares far more than a rounding of f.

    Examples
    --------
    >>> root = lambda t: 1 + np.cbrt(1e-100 + t)
    >>> unsettled(root, 1.0, 1.5e66, 29.0, 0.3, 2.2e-16, 1e-100)
    True
    >>> unsettled(lambda t: 1 + 3 * t, 1.0, 6.0, 3.0, 1e-9, 2.2e-16, 1e-100)
    False
    """
    gap, noise = abs(claim - value), max(unit * abs(here), shakes)
    if not (0.0 < gap < np.inf) or gap * size >= 200 * noise or error <= 1e-6 * abs(value):
        return False
    if gap < 100 * error or noise > 64 * unit * abs(here):
        # the bound is exceeded by little: central slopes at the smallest steps that show the difference
        for step in (200 * noise / gap, 800 * noise / gap):
            slope = (along(step) - along(-step)) / (2 * step)
            if np.isfinite(slope) and abs(slope - value) > NEAR * gap:
                return True
    change = lambda t: max(abs(along(t) - here), abs(along(-t) - here))
    step = size
    while step < 1.0 and not change(step) > 1000 * noise:
        step *= 32
    # a slope that grows as steps shrink, down to where f shows nothing any more, has no limit at the steps that were
    # taken; that of a smooth function stays, or shrinks with them near its minimum
    small = change(step)
    return bool(small > 1000 * noise and small / step > 4 * abs(value) and change(4 * step) < 3.2 * small)


def _shakes(problem: Problem, values: Values, here: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What f changes by when all of x moves by one rounding, row by row."""
    changes = [np.abs(values(nearby(problem.target.point.vector, problem.unit, rng)) - here) for _ in range(3)]
    return np.nan_to_num(np.max(changes, axis=0), nan=0.0, posinf=0.0)


def _too_small(problem: Problem, verdicts: Verdicts, numbers: Numbers, values: Values) -> None:
    """Leave open a claim that is too small to be seen where f does not move at all: it may add numbers like those it returns elsewhere."""
    exact_zero = verdicts.by_exact & bool(np.any(verdicts.truth != 0))
    still = (verdicts.verdict == WRONG) & (numbers.value == 0) & (problem.claimed != 0) & ~exact_zero
    if problem.kind == "hessian" or not np.any(still):
        return
    vector = problem.target.point.vector
    with np.errstate(all="ignore"):
        large = np.fmax.reduce([np.abs(values(factor * vector)) for factor in ELSEWHERE])
        size = np.array([_size(vector, k) for k in range(vector.size)])
        still &= np.abs(problem.claimed) * size[None, :] <= 4 * problem.unit * large[:, None]
    for row, entry in np.argwhere(still):
        _open(verdicts, row, entry, "f does not move here, and would not show a derivative as small as the claimed one")


def _in_steps(along: Callable[[float], float], here: float, step: float, size: float, unit: float) -> bool:
    """Whether f stays the same at small steps because it moves in jumps, as rounded output does."""
    for sign in (1.0, -1.0):
        low, high = step, step
        while high < size and along(sign * high) == here:
            low, high = high, 4 * high
        if high < size and abs(along(sign * high) - here) > 64 * unit * abs(here):
            between = {along(sign * t) for t in np.linspace(low, high, 12)}
            if len(between) < 6:
                return True
    return False


def safe_values(problem: Problem) -> Values | None:
    """Return f as ``vector -> rows``, NaN where it cannot be called."""
    plain = problem.values_at
    if plain is None:
        return None
    point = problem.target.point
    lower, upper = parse_bounds(problem.bounds, point)

    def values(vector: np.ndarray) -> np.ndarray:
        with quiet(), np.errstate(all="ignore"):
            try:
                if np.all((vector >= lower) & (vector <= upper)):
                    return np.asarray(plain(vector), dtype=float)
            except Exception:  # noqa: BLE001, S110  (f may end beside x)
                pass
        return np.full(rows, np.nan)

    rows = 1 if problem.kind == "hessian" else problem.rows
    return values


def _along(problem: Problem, values: Values, entry: int, row: int) -> Callable[[float], float]:
    vector = problem.target.point.vector

    def along(t: float) -> float:
        moved = vector.copy()
        moved[entry] += t
        return float(values(moved)[row])

    return along


def _size(vector: np.ndarray, entry: int) -> float:
    """A natural step for an entry: its own size, that of the others where it is zero."""
    if vector[entry] != 0.0:
        return abs(float(vector[entry]))
    others = np.abs(vector[vector != 0.0])
    return float(np.median(others)) if others.size else 1.0


def _open(verdicts: Verdicts, row: int, entry: int, reason: str) -> None:
    verdicts.verdict[row, entry], verdicts.reason[row, entry] = CANNOT_TELL, reason
    verdicts.usable[row, entry] = False


def _joint(problem: Problem, verdicts: Verdicts, numbers: Numbers, rng: np.random.Generator, deadline: float) -> None:
    """Entries that lie between the slopes beside x, where f bends in a direction that is none of the entries'."""
    vector, value, error = problem.target.point.vector, numbers.value[0], numbers.error[0]
    size = np.array([_size(vector, k) for k in range(vector.size)])
    if problem.slope_at is None or not np.all(np.isfinite(value)) or not np.all(np.isfinite(error)):
        return
    bent = False
    with quiet(), np.errstate(all="ignore"):
        for _ in range(2):
            direction = size * rng.choice([-1.0, 1.0], vector.size)
            try:
                slope: Any = problem.slope_at(vector, direction)
            except Exception:  # noqa: BLE001  (then nothing is known, and the verdict stands)
                return
            apart = abs(float(slope.value) - float(value @ direction)) > 10 * (
                float(slope.error) + float(error @ np.abs(direction))
            )
            bent = bent or slope.status == "kink" or (slope.status.trusted and apart)
        if not bent:
            return
        found: list[np.ndarray] = []
        while len(found) < BESIDE and time.perf_counter() < deadline:
            beside = vector + 1e-3 * size * rng.uniform(0.3, 1.0, vector.size) * rng.choice([-1.0, 1.0], vector.size)
            try:
                there = problem.numerical_at(beside)
            except Exception:  # noqa: BLE001  (f may end beside x)
                return
            found.append(there.value)
    if len(found) < 3:
        return
    low, high = np.fmin.reduce([*found, numbers.value]), np.fmax.reduce([*found, numbers.value])
    give = 0.02 * (np.abs(low) + np.abs(high))
    # where the slopes beside x are all alike, there is no kink in this entry that could excuse it
    between = (high - low > give) & (problem.claimed >= low - give) & (problem.claimed <= high + give)
    between &= (verdicts.verdict == WRONG) & ~verdicts.by_exact & (numbers.status != Status.KINK)
    for row, entry in np.argwhere(between):
        _open(verdicts, row, entry, "f bends at x in directions between the entries: it has no gradient there")


def _closer(
    problem: Problem, values: Values, here: np.ndarray, row: int, entry: int, claim: float, value: float
) -> bool:
    """Whether the central second difference, at the smallest steps that show the gap, is the claimed one: |x|³ at 0."""
    vector, gap = problem.target.point.vector, abs(claim - value)
    a, b = _size(vector, row), _size(vector, entry)
    # a second difference has a rounding of 4 u |f| / step²
    relative = float(np.sqrt(16 * problem.unit * max(abs(float(here[0])), 1e-300) / (NEAR * gap * a * b)))
    if not relative < 2.5e-4:
        return False
    for part in (relative, 2 * relative):
        s, t = np.zeros(vector.size), np.zeros(vector.size)
        s[row], t[entry] = part * a, part * b
        corners = [float(values(vector + i * s + j * t)[0]) for i, j in ((1, 1), (1, -1), (-1, 1), (-1, -1))]
        second = (corners[0] - corners[1] - corners[2] + corners[3]) / (4 * part**2 * a * b)
        if not abs(second - claim) <= NEAR * gap:
            return False
    return True


def _bends(problem: Problem, values: Values, here: np.ndarray, row: int, entry: int, claim: float) -> bool:
    """Whether the second differences of the four quadrants around x differ, and the claimed entry lies between them."""
    vector = problem.target.point.vector
    a, b = _size(vector, row), _size(vector, entry)
    ranges = []
    for relative in (1e-3, 2.5e-4):
        found = []
        for s in (relative * a, -relative * a):
            for t in (relative * b, -relative * b):
                if row == entry and s != t:
                    continue
                points = [np.zeros(vector.size) for _ in range(3)]
                points[0][row] += s
                points[1][entry] += t
                points[2][row] += s
                points[2][entry] += t
                first, second, both = (float(values(vector + p)[0]) for p in points)
                found.append((both - first - second + float(here[0])) / (s * t))
        if not np.all(np.isfinite(found)):
            return False
        noise = 16 * problem.unit * abs(float(here[0])) / (relative**2 * a * b)
        low, high = min(found) - noise, max(found) + noise
        # the two sides of a smooth function differ by the step, those of a kink by their own size
        if high - low < 0.1 * max(abs(low), abs(high)) + 4 * noise:
            return False
        ranges.append((low, high))
    (low, high), (lower, higher) = ranges
    lasting = (higher - lower) > 0.7 * (high - low)
    give = 0.05 * (higher - lower)
    return lasting and lower - give <= claim <= higher + give
