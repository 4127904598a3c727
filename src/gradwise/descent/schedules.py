"""Learning rates that change from step to step: ``schedule : k → η_k``, with k = 0 for the first step.

A schedule is any function of the step; these are the usual ones, and `warm_up` puts a ramp before any of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from gradwise.errors import InputError


def _positive(value: float, name: str, schedule: str) -> None:
    if not (isinstance(value, int | float) and math.isfinite(value) and value > 0):
        msg = f"{schedule} was given {name}={value!r}. A positive finite number is required. Write for example {name}=100."
        raise InputError(msg)


@dataclass(frozen=True)
class exponential:
    """The rate η_k = rate · factor^(k / every): the rate is multiplied by ``factor`` each ``every`` steps, smoothly.

    Parameters
    ----------
    rate : float
        The first rate.
    factor : float
        Above 0 and at most 1.
    every : float
        Steps.

    Raises
    ------
    InputError
        If a number is out of range.

    Examples
    --------
    >>> from gradwise.descent import exponential
    >>> schedule = exponential(0.1, factor=0.5, every=10)
    >>> schedule(0), schedule(10), schedule(20)
    (0.1, 0.05, 0.025)
    """

    rate: float
    factor: float = 0.99
    every: float = 1.0

    def __post_init__(self) -> None:
        _positive(self.rate, "rate", "exponential")
        _positive(self.every, "every", "exponential")
        _positive(self.factor, "factor", "exponential")
        if self.factor > 1:
            msg = f"exponential was given factor={self.factor!r}. A factor of at most 1 is required: rates decay. Write factor=0.99."
            raise InputError(msg)

    def __call__(self, step: int) -> float:
        return self.rate * self.factor ** (step / self.every)


@dataclass(frozen=True)
class cosine:
    """The rate η_k = last + (rate − last) (1 + cos(π k / steps)) / 2, and ``last`` from then on.

    Parameters
    ----------
    rate : float
        The first rate.
    steps : float
        After so many steps the last rate is reached.
    last : float
        The last rate, 0 or more.

    Raises
    ------
    InputError
        If a number is out of range.

    Examples
    --------
    >>> from gradwise.descent import cosine
    >>> schedule = cosine(0.1, steps=100)
    >>> schedule(0), round(schedule(50), 12), schedule(100), schedule(1000)
    (0.1, 0.05, 0.0, 0.0)

    Notes
    -----
    Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts" (2017), equation 5, without restarts.
    """

    rate: float
    steps: float
    last: float = 0.0

    def __post_init__(self) -> None:
        _positive(self.rate, "rate", "cosine")
        _positive(self.steps, "steps", "cosine")
        if not 0 <= self.last <= self.rate:
            msg = f"cosine was given last={self.last!r}. A number from 0 to rate={self.rate!r} is required. Leave it out for 0."
            raise InputError(msg)

    def __call__(self, step: int) -> float:
        if step >= self.steps:
            return self.last
        return self.last + (self.rate - self.last) * (1 + math.cos(math.pi * step / self.steps)) / 2


@dataclass(frozen=True)
class warm_up:
    """A ramp from nearly 0 over the first ``steps`` steps, then another schedule: η_k = (k + 1) / steps · after(0), then after(k − steps).

    Parameters
    ----------
    after : float or callable
        The rate, or the schedule, that follows.
    steps : int
        Length of the ramp.

    Raises
    ------
    InputError
        If a number is out of range.

    Examples
    --------
    >>> from gradwise.descent import cosine, warm_up
    >>> schedule = warm_up(0.1, steps=4)
    >>> [schedule(k) for k in (0, 1, 3, 4)]
    [0.025, 0.05, 0.1, 0.1]
    >>> warm_up(cosine(0.1, steps=100), steps=4)(4)
    0.1
    """

    after: float | Callable[[int], float]
    steps: int

    def __post_init__(self) -> None:
        _positive(self.steps, "steps", "warm_up")
        if not callable(self.after):
            _positive(self.after, "after", "warm_up")

    def __call__(self, step: int) -> float:
        if step >= self.steps:
            return self.after(step - self.steps) if callable(self.after) else self.after
        first = self.after(0) if callable(self.after) else self.after
        return first * ((step + 1) / self.steps)
