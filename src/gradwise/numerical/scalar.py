"""The short way for one Python number: no arrays, one search, f called directly."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradwise.errors import InputError
from gradwise.numerical.complex_search import by_complex_step
from gradwise.numerical.estimate import Estimate
from gradwise.numerical.line import DOUBLE, Line, Outcome
from gradwise.numerical.progress import Progress
from gradwise.numerical.results import estimate_scalar
from gradwise.numerical.search import Search
from gradwise.numerical.status import Status
from gradwise.quiet import raised

UNITS: dict[type, float] = {float: DOUBLE, np.float64: DOUBLE, int: DOUBLE, np.float32: 2.0**-24, np.float16: 2.0**-11}
"""Unit roundoff of the types of single numbers that f may return."""


def derivative_of_number(
    f: Callable[..., Any], x: float, lower: float, upper: float, complex_step: bool | str
) -> Estimate | None:
    """Return f'(x) for a Python float x, or None if f does not return one real number there."""
    with np.errstate(all="ignore"):
        try:
            result = f(x)
        except Exception as error:
            msg = (
                f"f(x) raised {type(error).__name__}: {error} at x={x!r}. f must return numbers at x itself. "
                f"Check that f takes x as one argument."
            )
            problem = InputError(msg)
            problem.is_of_function = True
            raise problem from error
        unit = UNITS.get(type(result))
        if unit is None:
            return None
        calls = _Calls(f, x, lower, upper, complex_step is True)
        line = Line(abs(x), math.ulp(x), x - lower, upper - x, unit, -x if x else None)
        search = Search(line, float(result), calls.real)
        calls.values = search.samples.values
        try:
            outcome = _found(search, calls.complex if complex_step is not False else None)
        finally:
            calls.progress.close()
    return estimate_scalar(outcome, calls.count, _line_through(f, x), calls.failure)


def _found(search: Search, ask: Callable[[list[complex]], list[complex] | None] | None) -> Outcome:
    """Return the outcome of a search whose samples ask f themselves: the complex step, where there is one, and then all else, which runs to its end at once."""
    if not math.isfinite(search.samples.f0):
        return Outcome(math.nan, math.inf, Status.NON_FINITE, 0.0, math.nan, math.nan, math.nan)
    outcome = None if ask is None else by_complex_step(search, ask)
    if outcome is not None:
        return outcome
    try:
        next(search.resume())
    except StopIteration as stop:
        return stop.value
    raise AssertionError


class _Calls:
    """Calls of f at x + t, counted; what it raises there becomes NaN."""

    __slots__ = ("count", "f", "failure", "free", "lower", "must", "progress", "upper", "values", "x")

    def __init__(self, f: Callable[..., Any], x: float, lower: float, upper: float, must: bool) -> None:
        self.f, self.x, self.lower, self.upper, self.must = f, x, lower, upper, must
        self.progress = Progress()
        self.free = lower == -math.inf and upper == math.inf
        self.count = 1
        self.failure = ""
        self.values: dict[float, float] = {}

    def real(self, steps: list[float]) -> None:
        """Put f(x + t) into the values for every step."""
        x = self.x
        if len(steps) == 1 and self.free:
            self._one(steps[0])
            return
        points = [x + t for t in steps] if self.free else [min(max(x + t, self.lower), self.upper) for t in steps]
        self.count += len(points)
        self.progress.tick(self.count)
        found: list[Any] = []
        answers = map(self.f, points)
        try:
            found += answers
        except Exception as error:  # noqa: BLE001 - beyond its domain f may raise anything
            self._go_on(found, answers, len(points), error)
        if len(found) < len(points):
            self._go_on(found, answers, len(points), StopIteration())
        kinds = set(map(type, found))
        if kinds != FLOATS:
            found = list(map(float if kinds <= NUMBERS else _real, found))
        self.values.update(zip(steps, found))

    def _go_on(self, found: list[Any], answers: Iterator[Any], count: int, error: Exception) -> None:
        """Take the answers behind the point at which f has raised an error."""
        while True:
            self.failure = f"{type(error).__name__}: {error}"
            found.append(math.nan)
            try:
                found += answers
            except Exception as another:  # noqa: BLE001 - as above
                error = another
            else:
                if len(found) == count:
                    return
                error = StopIteration()

    def _one(self, t: float) -> None:
        self.count += 1
        self.progress.tick(self.count)
        try:
            value = self.f(self.x + t)
        except Exception as error:  # noqa: BLE001 - as above
            self.failure = f"{type(error).__name__}: {error}"
            value = math.nan
        self.values[t] = value if type(value) is float else _real(value)

    def complex(self, steps: list[complex]) -> list[complex] | None:
        """Return f(x + t) for every step, None as soon as f does not take complex numbers."""
        values: list[complex] = []
        f, x = self.f, self.x
        with CASTS:
            for t in steps:
                self.count += 1
                try:
                    value = f(x + t)
                except Exception:  # noqa: BLE001 - refusing complex numbers takes many forms
                    value = None
                if type(value) is not complex:
                    if not isinstance(value, COMPLEX):
                        if self.must:
                            msg = "f does not take complex numbers (complex_step=True). It must. Write complex_step='auto'."
                            raise InputError(msg)
                        return None
                    value = complex(value)
                values.append(value)
        return values


FLOATS, NUMBERS = {float}, {float, np.float64}
COMPLEX = complex, np.complexfloating
CASTS = raised(np.exceptions.ComplexWarning)
"""Casting complex to real drops the imaginary part with no more than a warning: that is a refusal."""


def _real(value: Any) -> float:
    """Return a number that is not quite a float as one; NaN where a real function turned complex, as (-1)**0.5 does."""
    if type(value) is float:
        return value
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
