"""How the functions behave, apart from their numbers: the same answer twice, and hands off the argument."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradwise.checking.evidence import Finding
from gradwise.checking.targets import Target
from gradwise.checking.vocabulary import Cause
from gradwise.containers import flatten


@dataclass
class Conduct:
    """What repeated calls showed.

    Attributes
    ----------
    findings : list of Finding
        Faults: they fail the check whatever the numbers are.
    wobble : float
        Largest change of f(x) between calls with the same x.
    """

    findings: list[Finding] = field(default_factory=list)
    wobble: float = 0.0


def watch(function: Callable[..., Any], target: Target, name: str, conduct: Conduct) -> Any:
    """Call a function at x and record whether it changed any of its arguments; returns what it returned."""
    moving = target.point.build(target.point.vector)
    return untouched(function, target.arguments(moving), name, conduct)


def untouched(function: Callable[..., Any], args: tuple[Any, ...], name: str, conduct: Conduct) -> Any:
    """Call a function and record whether it changed any of its arguments; returns what it returned."""
    before = [_snapshot(leaf) for leaf in flatten(args)[0]]
    result = function(*args)
    after = flatten(args)[0]
    if len(after) != len(before) or any(not _same(a, b) for a, b in zip(before, after, strict=True)):
        if all(finding.cause is not Cause.MODIFIES_INPUT for finding in conduct.findings):
            conduct.findings.append(Finding(Cause.MODIFIES_INPUT, f"{name}(x) changes the array that it is given", 0.5))
        result = copy.deepcopy(result)
        # The caller's own data must not be left changed.
        for original, kept in zip(after, before, strict=False):
            if isinstance(original, np.ndarray) and original.flags.writeable and original.shape == np.shape(kept):
                original[...] = kept
    return result


def steady(first: np.ndarray, second: np.ndarray, slack: np.ndarray, name: str, conduct: Conduct) -> None:
    """Record non-determinism if two claims at the same x differ by more than rounding."""
    if first.shape != second.shape:
        conduct.findings.append(
            Finding(Cause.NON_DETERMINISTIC, f"{name}(x) returns different shapes at the same x", 0.0)
        )
        return
    with np.errstate(invalid="ignore"):
        gap = np.where(np.isnan(first) & np.isnan(second), 0.0, np.abs(first - second))
        gap = np.where(first == second, 0.0, gap)
        far = ~(gap <= 1e3 * np.nan_to_num(slack))
    if np.any(far):
        size = np.max(np.abs(first[np.isfinite(first)]), initial=0.0)
        text = f"{name}(x) changes by up to {np.nanmax(gap):.2g} (of {size:.2g}) between calls with the same x"
        conduct.findings.append(Finding(Cause.NON_DETERMINISTIC, text, 0.0))


def _snapshot(leaf: Any) -> Any:
    return leaf.copy() if isinstance(leaf, np.ndarray) else leaf


def _same(before: Any, after: Any) -> bool:
    if isinstance(before, np.ndarray):
        return (
            isinstance(after, np.ndarray)
            and before.shape == after.shape
            and np.array_equal(before, after, equal_nan=before.dtype.kind in "fc")
        )
    return before is after or bool(before == after)
