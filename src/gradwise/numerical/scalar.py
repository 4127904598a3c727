"""The short way for one Python number: no arrays, one search, f called directly."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from gradwise.errors import InputError
from gradwise.numerical.estimate import Estimate
from gradwise.numerical.line import Line
from gradwise.numerical.progress import Progress
from gradwise.numerical.results import estimate_scalar
from gradwise.numerical.search import Search


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
        kind = type(result)
        if kind is not float and kind is not np.float64 and kind is not int:
            return None
        f0 = float(result)
        line = Line(abs(x), math.ulp(x), x - lower, upper - x)
        steps = Search(line, f0).run(complex_step is not False)
        count, failure = 1, ""
        answers: list[Any] | None = None
        while True:
            try:
                wanted = steps.send(answers)  # type: ignore[arg-type]  # the first send is None, as for every generator
            except StopIteration as stop:
                return estimate_scalar(stop.value, count, _line_through(f, x), failure)
            answers = []
            for t in wanted:
                count += 1
                progress.tick(count)
                if type(t) is complex:
                    answers.append(_complex_value(f, x + t))
                    if answers[-1] is None and complex_step is True:
                        msg = "f does not take complex numbers (complex_step=True). It must. Write complex_step='auto'."
                        raise InputError(msg)
                    continue
                try:
                    value = f(min(max(x + t.real, lower), upper))
                    answers.append(value if type(value) is float else _real(value))
                except Exception as error:  # noqa: BLE001 - beyond its domain f may raise anything
                    failure = f"{type(error).__name__}: {error}"
                    answers.append(math.nan)


def _real(value: Any) -> float:
    """Return a number that is not quite a float as one; NaN where a real function turned complex, as (-1)**0.5 does."""
    return math.nan if isinstance(value, complex) else float(value)


def _complex_value(f: Callable[..., Any], z: complex) -> complex | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            value = f(z)
    except Exception:  # noqa: BLE001 - refusing complex numbers takes many forms
        return None
    return complex(value) if isinstance(value, complex) else None


def _line_through(f: Callable[..., Any], x: float) -> Callable[..., Any]:
    def line(entry: Any = None) -> tuple[Callable[[float], float], float]:
        return lambda t: float(f(x + t)), abs(x)

    return line
