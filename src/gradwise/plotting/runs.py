"""What the pictures of a descent read: a report, its trace, or plain arrays, as columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwise.errors import InputError


@dataclass(eq=False)
class Run:
    """The columns of a descent; empty where they are not known.

    ``gradient`` is ‖g_k‖₂ where it is known, else what the trace calls ``gradient_norm``.
    """

    fun: np.ndarray
    gradient: np.ndarray
    gradient_label: str
    step: np.ndarray
    learning_rate: np.ndarray
    rate: Any
    theory: Any
    report: Any

    @property
    def length(self) -> int:
        """The number of rows."""
        return max(len(self.fun), len(self.gradient), len(self.step), len(self.learning_rate))


def columns_of(run: Any) -> Run:
    """A report with a ``trace``, a trace, a dict of columns, or a sequence of values of f."""
    trace = {"fun": run} if isinstance(run, (list, tuple, np.ndarray)) else getattr(run, "trace", run)

    def column(name: str) -> np.ndarray:
        value = trace.get(name) if isinstance(trace, dict) else getattr(trace, name, None)
        array = np.zeros(0) if value is None else np.asarray(value, dtype=np.float64)
        if array.ndim != 1:
            raise InputError(
                f"the column {name!r} of a run has shape {array.shape}. One number for each step is required"
            )
        return array

    length = column("gradient_length")
    gradient = length if len(length) else column("gradient_norm")
    found = Run(
        column("fun"), gradient, "‖∇f‖" if len(length) else "gradient norm", column("step"), column("learning_rate"),
        getattr(run, "rate", None), getattr(run, "theory", None), run,
    )  # fmt: skip
    if found.length == 0:
        raise InputError(
            f"{run!r:.80} holds no columns of a descent. A report, a trace, a sequence of values, or a dict with fun, gradient_norm, "
            f"step or learning_rate is required"
        )
    return found
