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


def named_runs(runs: Any) -> dict[str, Any] | None:
    """Several reports by name: of a dict its keys, of a list their methods; None for one run of any kind."""
    parts = list(runs.values()) if isinstance(runs, dict) else runs if isinstance(runs, (list, tuple)) else []
    if not parts or not all(hasattr(getattr(part, "trace", None), "fun") for part in parts):
        return None
    if isinstance(runs, dict):
        return {str(name): run for name, run in runs.items()}
    names = [str(part).partition(":")[0] for part in parts]
    return {
        f"{name}, number {k}" if names.count(name) > 1 else name: run
        for k, (name, run) in enumerate(zip(names, parts, strict=True), 1)
    }


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
