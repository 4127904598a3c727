"""From a table of outcomes to an `Estimate` shaped as the caller's arguments."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gradwise.numerical.estimate import Estimate, describe, distinct
from gradwise.numerical.lanes import Table
from gradwise.numerical.line import Outcome
from gradwise.numerical.status import Status

FIELDS = ("value", "error", "status", "step", "left", "right", "noise")
SIGNED = ("value", "left", "right")
"""Fields in which a complex entry is real + i·imaginary; in the others its two parts are combined to one number."""


def estimate_scalar(outcome: Outcome, evaluations: int, line: Any, failure: str = "") -> Estimate:
    """Return the estimate of a single derivative."""
    status = outcome.status if math.isfinite(outcome.error) or not outcome.status.trusted else Status.UNDECIDED
    message = status.sentence if status == "ok" else f"{status.sentence} {status.remedy}"
    return Estimate(
        outcome.value, outcome.error, status, evaluations, outcome.step, outcome.left, outcome.right, outcome.noise,
        message + _told(failure, status), line,
    )  # fmt: skip


def estimate_entries(
    table: Table, shape: Callable[[np.ndarray, bool], Any], evaluations: int, line: Any, failure: str = ""
) -> Estimate:
    """Return the estimate of many derivatives; `shape(array, signed)` gives one field its final form."""
    finite = np.isfinite(table.error)
    if not finite.all():
        for where in np.argwhere(~finite):
            # a bound without end bounds nothing, and is no success
            if table.status[tuple(where)].trusted:
                table.status[tuple(where)] = Status.UNDECIDED
    parts = {name: shape(getattr(table, name), name in SIGNED) for name in FIELDS}
    statuses = table.status.ravel().tolist()
    found = distinct(statuses)
    worst = next((status for status in found if not status.trusted), "ok")
    message = describe(statuses, found) + _told(failure, worst)
    return Estimate(evaluations=evaluations, message=message, _line=line, **parts)


def _told(failure: str, status: Any) -> str:
    return f" (f raised {failure} nearby)" if failure and status != "ok" else ""
