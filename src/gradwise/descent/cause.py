"""What a failed descent is put down to: a name, a sentence, and what to write instead where that is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(eq=False)
class Cause:
    """Why a descent failed.

    Attributes
    ----------
    name : str
        "learning rate", "outside the domain", "wrong gradient", "kink", "rounding floor", "not a descent direction", "unbounded" or "unknown".
    sentence : str
        What was found, with numbers and the user's line where there is one.
    learning_rate : float or None
        A rate that was tried and worked.
    first_bad_step : int or None
    filename, lineno : str or None, int or None
        The line of the user's code.
    check : Report or None
        The report of the gradient check, where one ran.
    """

    name: str
    sentence: str
    learning_rate: float | None = None
    first_bad_step: int | None = None
    filename: str | None = None
    lineno: int | None = None
    check: Any = None
    details: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain Python objects, without the report of the check."""
        return {
            "name": self.name, "sentence": self.sentence, "learning_rate": self.learning_rate,
            "first_bad_step": self.first_bad_step, "filename": self.filename, "lineno": self.lineno,
        }  # fmt: skip
