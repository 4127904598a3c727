"""What is concluded from f with smaller tolerances.

========================================  ==================================================================
the claim, against tightened f            verdict
========================================  ==================================================================
within the bounds                         agrees: what differed was the error of f's own solver
not within them                           wrong: tolerances do not explain it
f cannot be run with smaller tolerances   cannot tell if the difference is as small as they may make it
========================================  ==================================================================

The bounds of tightened f hold what its solvers still leave: what tolerances a hundred times larger change.  A table cannot be made finer.  The same table with every second point shows how far it determines a slope.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradwise.checking.problem import Numbers, Problem
from gradwise.checking.targets import Target
from gradwise.checking.tightening.session import Session, Tightened
from gradwise.checking.verdicts import AGREES, CANNOT_TELL, WRONG, Verdicts, judge
from gradwise.containers import flatten
from gradwise.quiet import quiet

STEPS = ((1e-6, False), (1e-4, False), (1e-6, True), (1e-4, True), (1e-2, False), (1e-2, True))
"""Factors, and whether names of tolerances are smaller everywhere: the first that f can be run with is taken."""

SMALL = 1e-3
"""Relative difference that an approximation may be blamed for where nothing more is known; or three tolerances, if that is more."""

TABLE = 4.0
"""A difference up to so many times what every second point of a table changes is the table's."""

SECONDS = 4.0
"""How long the derivatives of tightened f may take."""


class Tolerances:
    """What f uses that has a tolerance, and f with smaller ones.

    Attributes
    ----------
    uses : list of str
    largest : float
    tables : list of str
    function : Tightened or None
        f with smaller tolerances, as far as it can be run at x.
    factor : float
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.plain = target.f
        self.uses: list[str] = []
        self.tables: list[str] = []
        self.largest, self.factor, self.seconds = 0.0, 1.0, 0.0
        self.function: Tightened | None = None
        self.by_name = self.blind = False
        first = Session()
        value = self._value(Tightened(self.plain, first))
        if value is None or not np.array_equal(value, _numbers(target.value(target.point.vector))):
            return  # the copy is not faithful: f has a state, or reads its own frames
        self.uses, self.tables, self.tests = list(first.found), list(first.tables), first.tests
        self.thinnable = bool(first.tables) and all(first.tables.values())
        self.largest = max(first.found.values(), default=0.0)
        self.blind = not self.uses and first.copies_failed and target.complex_step is False
        if self.blind:
            self.uses = ["a loop whose source is not at hand"]

    def tighten(self, entries: int) -> bool:
        """Find the smallest tolerances with which f can be run at x, often enough for so many derivatives."""
        for factor, by_name in STEPS if self.uses and not self.blind else ():
            if self.try_factor(factor, by_name=by_name) and 14 * entries * self.seconds <= SECONDS:
                return True
        self.function = None
        return False

    def try_factor(self, factor: float, *, by_name: bool) -> bool:
        """Take this factor if f can be run with it at x."""
        function = Tightened(self.plain, Session(factor, by_name=by_name, tests=self.tests))
        started = time.perf_counter()
        value = self._value(function)
        self.seconds = time.perf_counter() - started
        if value is None or not np.all(np.isfinite(value)):
            return False
        self.function, self.factor, self.by_name = function, factor, by_name
        return True

    def text(self) -> str:
        """What f uses, in words."""
        found = [*self.uses, *self.tables]
        return ", ".join(found[:3]) + (f" and {len(found) - 3} more" if len(found) > 3 else "")

    def claimed(self, problem: Problem) -> np.ndarray | None:
        """The claim with smaller tolerances of its own, where it runs solvers too."""
        claim: Any = problem.claim_at
        own = getattr(claim, "function", None)
        if own is None or self.function is None:
            return None
        session = Session()
        claim.function = Tightened(own, session)
        try:
            with _quietly():
                again = claim(self.target.point.vector)
                if not session.found or not np.array_equal(again, problem.claimed, equal_nan=True):
                    return None
                claim.function = Tightened(own, Session(self.factor, by_name=self.by_name, tests=session.tests))
                made: np.ndarray = claim(self.target.point.vector)
        except Exception:  # noqa: BLE001  (a claim that cannot be tightened stands as it is)
            return None
        finally:
            claim.function = own
        return made if np.all(np.isfinite(made)) else None

    def _value(self, function: Callable[..., Any]) -> np.ndarray | None:
        with _quietly(), swapped(self.target, function):
            try:
                return _numbers(self.target.value(self.target.point.vector))
            except Exception:  # noqa: BLE001  (a copy that fails shows nothing)
                return None


@contextlib.contextmanager
def swapped(target: Target, function: Callable[..., Any]) -> Iterator[None]:
    """Another function in the place of f."""
    before = target.f, target.complex_step
    if function is not target.f:
        target.f, target.complex_step = function, False  # solvers take real numbers
    try:
        yield
    finally:
        target.f, target.complex_step = before


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    with quiet(), np.errstate(all="ignore"):
        yield


def _numbers(value: Any) -> np.ndarray:
    leaves = [np.ravel(np.asarray(leaf)) for leaf in flatten(value)[0]]
    return np.concatenate(leaves) if leaves else np.zeros(0)


def tightened_target(target: Target) -> Tolerances | None:
    """F with smaller tolerances, if it uses any and can be run with smaller ones; a few calls of f."""
    found = Tolerances(target)
    return found if found.uses and found.tighten(4) else None


def reconsider(problem: Problem, verdicts: Verdicts, numbers: Numbers, slack: np.ndarray, scale: np.ndarray) -> bool:
    """Judge the entries that are wrong or undecided again, by f with smaller tolerances; fills verdicts and numbers in place.

    Returns whether tolerances had a say.
    """
    open_ = verdicts.verdict != AGREES
    if not np.any(open_):
        return False
    found = Tolerances(problem.target)
    if not (found.uses or found.tables):
        return False
    problem.stays = found.blind
    gap = _gap(problem.claimed, numbers.value)
    if found.tighten(problem.target.size):
        _judge_tightened(problem, verdicts, numbers, slack, scale, found, open_, gap)
    elif found.uses:
        _blame(verdicts, numbers, scale, gap, max(SMALL, min(3 * found.largest, 0.05)), found)
    if found.tables and np.any(verdicts.verdict == WRONG):
        _judge_by_table(problem, verdicts, numbers, scale, found, gap)
    return True


def _gap(claimed: np.ndarray, value: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        gap = np.abs(claimed - value)
    return np.where(np.isfinite(gap), gap, np.inf)


def _derivative(problem: Problem, function: Callable[..., Any]) -> Numbers | None:
    with _quietly(), swapped(problem.target, function):
        try:
            return problem.numerical_at(problem.target.point.vector)
        except Exception:  # noqa: BLE001  (then f cannot be judged this way)
            return None


def _judge_tightened(
    problem: Problem, verdicts: Verdicts, numbers: Numbers, slack: np.ndarray, scale: np.ndarray, found: Tolerances,
    open_: np.ndarray, gap: np.ndarray,
) -> None:  # fmt: skip
    assert found.function is not None
    tight = _derivative(problem, found.function)
    if tight is None:
        _blame(verdicts, numbers, scale, gap, SMALL, found)
        return
    again = found.claimed(problem)
    claimed = problem.claimed if again is None else again
    moved = _gap(numbers.value, tight.value)
    tight.error = tight.error + _left_over(problem, found, tight, moved)
    with np.errstate(all="ignore"):
        second = judge(claimed, tight, slack, None, None, scale, kinks=False)
        off = np.where(open_, moved / np.maximum(np.abs(tight.value), 1e-2 * scale), 0.0)
    vague = (second.verdict == AGREES) & (tight.error > 0.05 * gap) & (verdicts.verdict == WRONG)
    second.verdict[vague], second.reason[vague] = CANNOT_TELL, "f's tolerances cannot be made small enough to tell"
    decided = open_ & ((second.verdict != CANNOT_TELL) | (verdicts.verdict == WRONG))
    for mine, other in (
        (verdicts.verdict, second.verdict),
        (verdicts.reason, second.reason),
        (verdicts.truth, tight.value),
    ):
        mine[decided] = other[decided]
    verdicts.bound[decided], verdicts.usable[decided] = second.bound[decided], second.usable[decided]
    for name in ("value", "error", "status", "left", "right"):
        getattr(numbers, name)[decided] = getattr(tight, name)[decided]
    size = float(np.max(off[np.isfinite(off)], initial=0.0))
    problem.notes.append(
        f"f uses {found.text()}: its own slope is off by up to {size:.1e} of the derivative, as such tolerances allow; "
        f"f was judged with tolerances {1 / found.factor:.0e} times smaller"
    )
    function, plain, along = found.function, problem.numerical_at, problem.slope_at

    with np.errstate(all="ignore"):
        share = float(np.nanmax(tight.error / np.maximum(np.abs(tight.value), 1e-2 * scale), initial=0.0))

    def numerical_at(vector: np.ndarray) -> Numbers:
        with swapped(problem.target, function):
            there = plain(vector)
        there.error = there.error + min(share, 0.1) * np.abs(there.value)
        return there

    def slope_at(vector: np.ndarray, direction: np.ndarray) -> Any:
        assert along is not None
        with swapped(problem.target, function):
            return along(vector, direction)

    problem.numerical_at, verdicts.judged_by_exact = numerical_at, False
    problem.slope_at = None if along is None else slope_at


def _left_over(problem: Problem, found: Tolerances, tight: Numbers, moved: np.ndarray) -> np.ndarray:
    """The error that tightened solvers still have: what tolerances a hundred times larger change, or ten times the share of the factor."""
    left = 10 * found.factor * np.where(np.isfinite(moved), moved, 0.0)
    function, factor, by_name = found.function, found.factor, found.by_name
    try:
        if 100 * factor < 1 and found.try_factor(100 * factor, by_name=by_name) and found.function is not None:
            looser = _derivative(problem, found.function)
            if looser is not None:
                change = np.abs(looser.value - tight.value)
                left = np.maximum(left, np.where(np.isfinite(change), change, 0.0))
    finally:
        found.function, found.factor, found.by_name = function, factor, by_name
    flat = left.ravel()
    for _, index in problem.layout:  # an entry in which two tolerances agree by chance has the error of the others
        place = index.ravel()
        size = np.abs(tight.value.ravel()[place])
        share = np.max(flat[place] / np.maximum(size, 1e-2 * np.max(size, initial=0.0) + 1e-300), initial=0.0)
        flat[place] = np.maximum(flat[place], 0.3 * share * size)
    return flat.reshape(left.shape)


def _blame(
    verdicts: Verdicts, numbers: Numbers, scale: np.ndarray, gap: np.ndarray, limit: float, found: Tolerances
) -> None:
    """Leave open what is no larger than an approximation may make it."""
    size = np.maximum(np.abs(np.where(np.isfinite(numbers.value), numbers.value, 0.0)), 1e-2 * scale)
    small = (verdicts.verdict == WRONG) & (gap <= limit * size)
    verdicts.verdict[small] = CANNOT_TELL
    verdicts.reason[small] = (
        f"f uses {found.text()}, whose error may be as large as the difference; "
        f"make its tolerance smaller: if the difference stays, the claim is wrong"
    )


def _judge_by_table(
    problem: Problem, verdicts: Verdicts, numbers: Numbers, scale: np.ndarray, found: Tolerances, gap: np.ndarray
) -> None:
    base = Tightened(found.plain, Session(found.factor, by_name=found.by_name, thin=True, tests=found.tests))
    thin = _derivative(problem, base) if found.thinnable else None
    if thin is None:
        _blame(verdicts, numbers, scale, gap, SMALL, found)
        return
    change = np.abs(np.where(np.isfinite(thin.value), thin.value, np.inf) - numbers.value).ravel()
    largest = np.zeros(change.size)
    for _, index in problem.layout:
        largest[index.ravel()] = np.max(change[index.ravel()], initial=0.0)
    small = (verdicts.verdict == WRONG) & (gap <= TABLE * largest.reshape(gap.shape)) & (gap <= 0.1 * scale)
    verdicts.verdict[small] = CANNOT_TELL
    verdicts.reason[small] = (
        f"f uses {found.text()}: every second point of its table changes the slope by as much as the claim differs; "
        f"with a finer table it can be told"
    )
