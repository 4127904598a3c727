"""The short way for one Python number: no arrays, one search, f called directly."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gradwise.errors import InputError
from gradwise.numerical.estimate import Estimate
from gradwise.numerical.line import DOUBLE, Line, Outcome
from gradwise.numerical.progress import Progress
from gradwise.numerical.results import estimate_scalar
from gradwise.numerical.search import Search, Steps
from gradwise.quiet import raised

UNITS: dict[type, float] = {float: DOUBLE, np.float64: DOUBLE, int: DOUBLE, np.float32: 2.0**-24, np.float16: 2.0**-11}
"""Unit roundoff of the types of single numbers that f may return."""


def derivative_of_number(
    f: Callable[..., Any], x: float, lower: float, upper: float, complex_step: bool | str
) -> Estimate | None:
    """Return f'(x) for a Python float x, or None if f does not return one real number there."""
    with np.errstate(all="ignore"), Progress() as progress:
        try:
            result = f(x)
        except Exception as error:
            msg = (
                f"f(x) raised {type(error).__name__}: {error} at x={x!r}. f must return numbers at x itself. "
                f"Check that f takes x as one argument."
            )
            raise InputError(msg) from error
        unit = UNITS.get(type(result))
        if unit is None:
            return None
        f0 = float(result)
        calls = _Calls(f, x, lower, upper, progress, complex_step is True)
        search = Search(Line(abs(x), math.ulp(x), x - lower, upper - x, unit, -x if x else None), f0, calls.real)
        calls.values = search.samples.values
        outcome = _finish(search.run(calls.complex if complex_step is not False else None))
    return estimate_scalar(outcome, calls.count, _line_through(f, x), calls.failure)


def _finish(steps: Steps) -> Outcome:
    """Return the outcome of a search whose samples ask f themselves: it runs to its end at once."""
    try:
        next(steps)
    except StopIteration as stop:
        return stop.value
    raise AssertionError


class _Calls:
    """Calls of f at x + t, counted; what it raises there becomes NaN."""

    __slots__ = ("count", "f", "failure", "free", "lower", "must", "progress", "upper", "values", "x")

    def __init__(
        self, f: Callable[..., Any], x: float, lower: float, upper: float, progress: Progress, must: bool
    ) -> None:
        self.f, self.x, self.lower, self.upper, self.progress, self.must = f, x, lower, upper, progress, must
        self.free = lower == -math.inf and upper == math.inf
        self.count = 1
        self.failure = ""
        self.values: dict[float, float] = {}

    def real(self, steps: list[float]) -> None:
        """Put f(x + t) into the values for every step."""
        f, x, values, free = self.f, self.x, self.values, self.free
        self.count += len(steps)
        self.progress.tick(self.count)
        for t in steps:
            try:
                value = f(x + t if free else min(max(x + t, self.lower), self.upper))
            except Exception as error:  # noqa: BLE001 - beyond its domain f may raise anything
                self.failure = f"{type(error).__name__}: {error}"
                value = math.nan
            kind = type(value)
            values[t] = value if kind is float else float(value) if kind is np.float64 else _real(value)

    def complex(self, steps: list[complex]) -> list[complex] | None:
        """Return f(x + t) for every step, None as soon as f does not take complex numbers."""
        values: list[complex] = []
        with raised(np.exceptions.ComplexWarning):
            for t in steps:
                self.count += 1
                try:
                    value = self.f(self.x + t)
                except Exception:  # noqa: BLE001 - refusing complex numbers takes many forms
                    value = None
                if not isinstance(value, (complex, np.complexfloating)):
                    if self.must:
                        msg = "f does not take complex numbers (complex_step=True). It must. Write complex_step='auto'."
                        raise InputError(msg)
                    return None
                values.append(value if type(value) is complex else complex(value))
        return values


def _real(value: Any) -> float:
    """Return a number that is not quite a float as one; NaN where a real function turned complex, as (-1)**0.5 does."""
    if isinstance(value, complex):
        return math.nan
    shape = getattr(value, "shape", ())
    if shape != ():
        msg = (
            f"f returned shape {shape} near x and () at x. The shape must not depend on x. "
            f"Return the same shape for every input."
        )
        raise InputError(msg)
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        msg = f"f returned {value!r} near x. It must return numbers everywhere. Return NaN where it has no value."
        raise InputError(msg) from error


def _line_through(f: Callable[..., Any], x: float) -> Callable[..., Any]:
    def line(entry: Any = None) -> tuple[Callable[[float], float], float]:
        return lambda t: float(f(x + t)), abs(x)

    return line
