"""What a method is: ``init`` makes its state, ``step`` moves the point; the rest is what theory knows about it on a quadratic.

    init : (x, g) → state          step : (state, x, g, η, out) → x₊

Two kinds.  A `Method` is given a learning rate and only reads the gradient; the loop evaluates f at x₊.  A `Search` looks for its own step, evaluates f
and the gradient on the way, and returns the point with both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

#: the place of a point: an array of its shape and dtype, which is no other argument of the step
Out = np.ndarray | None
Evaluate = Callable[[np.ndarray], tuple[float, np.ndarray] | None]


@dataclass(slots=True)
class Found:
    """The point that a search arrived at: x, f, g there and the rate (multiple of the direction) that led to it."""

    x: np.ndarray
    f: float
    g: np.ndarray
    rate: float


@dataclass(slots=True)
class Failed:
    """A search found no point; ``why`` says what it saw."""

    why: str


class Method:
    """A method that is given its learning rate.

    Attributes
    ----------
    name : str
    default_rate : float or "auto"
        What ``learning_rate="auto"`` means: a number, or 1/L̂ (``"auto"``).
    stability : float
        On a quadratic the method converges exactly while η λmax < stability (in the metric of `scaling`).
    """

    name = ""
    searches = False
    default_rate: float | str = "auto"
    stability = 2.0
    #: the formula of the stable rate
    stability_text = "2/λmax"
    #: whether the step is −η times the gradient
    plain = False

    def init(self, x: np.ndarray, g: np.ndarray) -> Any:
        """The state before the first step."""
        return None

    def step(self, state: Any, x: np.ndarray, g: np.ndarray, rate: float, out: Out = None) -> np.ndarray:
        """The next point, in ``out`` where that is given; the state is changed in place."""
        raise AssertionError(self.name)

    def scaling(self, state: Any) -> np.ndarray | None:
        """The diagonal by which the method divides the gradient at the end, None for none."""
        return None

    def factor(self, rate: float, eigenvalue: float) -> float | None:
        """By what ‖x − x*‖ shrinks per step, in the limit, along an eigenvector of a quadratic; None where theory has no such number."""
        return None

    def options(self) -> dict[str, Any]:
        """The constants of the method, by the names that ``gw.descend`` takes."""
        return {key: value for key, value in vars(self).items() if not key.startswith("_")}


class Search:
    """A method that finds its own step."""

    name = ""
    searches = True
    default_rate: float | str = 1.0
    stability = 2.0
    stability_text = "2/λmax"
    plain = False

    def init(self, x: np.ndarray, g: np.ndarray) -> Any:
        """The state before the first step."""
        return None

    def step(self, state: Any, x: np.ndarray, f: float, g: np.ndarray, problem: Any) -> Found | Failed:
        """The next point with f and g there; the state is changed in place."""
        raise AssertionError(self.name)

    def scaling(self, state: Any) -> np.ndarray | None:
        return None

    def factor(self, rate: float, eigenvalue: float) -> float | None:
        return None

    def options(self) -> dict[str, Any]:
        """The constants of the method."""
        return {key: value for key, value in vars(self).items() if not key.startswith("_")}
