"""The search where f has values on one side of x only: at the edge of its domain, or on a bound."""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from gradwise.numerical.findings import disagreement, noise
from gradwise.numerical.line import INF, NAN, Outcome
from gradwise.numerical.noise_level import small_loss, tread
from gradwise.numerical.plateaus import lost_numerator
from gradwise.numerical.power_law import infinite_slope
from gradwise.numerical.resolution import resolve
from gradwise.numerical.rounding_or_structure import agrees
from gradwise.numerical.samples import Request, Resolved
from gradwise.numerical.status import Status

if TYPE_CHECKING:
    from gradwise.numerical.search import Search

RESTARTS = 3

NARROW_SIDE = 4
"""By how many octaves less room there is on one side to look at the other one alone."""

ROUGHLY = 1e-5
"""Relatively, how well a slope is known that is not looked at once more."""


def search_one_side(search: Search, side: int, top: int) -> Generator[Request, list[Any], Outcome]:
    """Return the outcome of the side on which steps of 2**top and below have values."""
    samples = search.samples
    found = yield from resolve(samples, side, top)
    before, settled = None, False
    for _ in range(RESTARTS):
        view = yield from disagreement(samples, found)
        if view is None:
            settled = True
            break
        again: int | None = math.frexp(view.far)[1] - 1
        if view.kind == "power":
            outcome = yield from infinite_slope(samples, view)
            if outcome is not None:
                return outcome
        if view.kind == "jump":
            return Outcome(NAN, INF, Status.JUMP, 0.0, NAN, NAN, samples.line.unit * abs(samples.f0))
        if agrees(view, found):
            search.noise = small_loss(samples, view).noise
            search.compare(view, found)
            settled = True
            break
        if view.kind in {"noise", "power", "plateau"}:
            verdict = yield from noise(samples, view, found)
            search.noise, search.status, again = verdict.noise, verdict.status, verdict.top
        if again is None:
            found = yield from resolve(samples, side, top)
            settled = before is None
            break
        before, top = found, again
        found = yield from resolve(samples, side, again, may_grow=False)
    if found.value == 0.0:
        verdict = yield from tread(samples, found)
        if verdict.outcome is not None:
            return _on_this_side(verdict.outcome, side)
        if verdict.noise:
            search.noise, search.status = verdict.noise, verdict.status
            found, settled = (yield from resolve(samples, side, top)), True
    if search.status is Status.OK and samples.amplitude == 0.0:
        jump, sure = yield from lost_numerator(samples, found, jumped=False)
        if jump > 0.0:
            outcome = yield from search.among_plateaus(jump, None if sure else found, side, top)
            return _on_this_side(outcome, side)
    if not settled:
        search.unsettled(found, before or found)
    elif found.truncation > 0.1 * abs(found.value) + 4 * found.rounding:
        search.status = Status.UNDECIDED
    status = Status.UNDECIDED if search.status is Status.UNDECIDED else Status.ONE_SIDED
    return _on_this_side(search.conclude(found, status), side)


def contradicted(search: Search, found: Resolved, side: int, top: int) -> Generator[Request, list[Any], bool]:
    """Whether the roomier side of x has another slope than the few steps that there is room for on both: between two roundings, say."""
    state = search.noise, search.status, search.samples.amplitude
    outcome = yield from search_one_side(search, side, top)
    tread = search.noise > 0.0 and found.value == 0.0
    search.noise, search.status, amplitude = state
    search.samples.set_amplitude(amplitude)
    if not outcome.status.trusted:
        return False
    return tread or not abs(outcome.value - found.value) <= outcome.error + 4 * found.total


def _on_this_side(outcome: Outcome, side: int) -> Outcome:
    outcome.left, outcome.right = (NAN, outcome.value) if side > 0 else (outcome.value, NAN)
    return outcome
