"""Where the parts of a plan of steps are, packed into one array."""

from __future__ import annotations

from typing import Any

import numpy as np

#: states up to this size have their Jacobians written out at every stage of explicit steps
LARGEST = 40


class Layout:
    """Where the parts of a packed plan are; behind them may be a ``tail`` of other numbers."""

    def __init__(self, length: int, table: Any, n: int, rows: int, tail: int = 0) -> None:
        s, self.length, self.end = table.stages, length, length - tail
        matrix = n if n <= LARGEST or table.is_implicit else 0
        each = 1 + s * n * (1 + matrix)
        self.count = (self.end - 1 - rows * (2 + s)) // each
        parts = (self.count + 1, rows, rows, rows * s, self.count * s * n)
        self.times, self.step, self.fractions, self.weights, self.states, self.jacobians = np.cumsum((0, *parts)).tolist()  # fmt: skip
