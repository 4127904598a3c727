"""The result of a numerical derivative: a value that knows how far it can be trusted."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from gradwise.containers import flatten
from gradwise.numerical.status import Status


@dataclass(slots=True, eq=False, repr=False)
class Estimate:
    """A derivative with its error bound and what was learnt about the function on the way.

    ``|value - derivative| <= error`` is what a trusted status claims (see `Status.trusted`).

    Attributes
    ----------
    value : float, complex, numpy.ndarray or container of arrays
        The derivative. NaN where there is none; the mean of `left` and `right` at a kink.
    error : same structure, real
        Bound on ``|value - derivative|``; infinite where nothing can be claimed, half the gap at a kink.
    status : Status, or array of Status
        What was found (`Status`).
    evaluations : int
        Number of points at which the function was evaluated, all entries together.
    step : same structure, real
        Largest step that entered the value; 0 where the complex step gave it.
    left, right : same structure
        One-sided slopes. Equal to `value` where the derivative exists, NaN on a side without values.
    noise : same structure, real
        Absolute level (standard deviation) of the noise found in the function, rounding included.
    message : str
        One sentence on the whole result, with the remedy where there is one.

    Examples
    --------
    >>> from gradwise.numerical import derivative
    >>> estimate = derivative(abs, 0.0)
    >>> estimate.status, estimate.left, estimate.right
    (<Status.KINK: 'kink'>, -1.0, 1.0)
    """

    value: Any
    error: Any
    status: Any
    evaluations: int
    step: Any
    left: Any
    right: Any
    noise: Any
    message: str
    _line: Any = field(default=None, repr=False)

    @property
    def line(self) -> Any:
        """The way back to the function: ``line(entry) -> (t ↦ f(x + t e), |x|)``; None once pickled."""
        return self._line

    @property
    def ok(self) -> bool:
        """True when every entry has status ok."""
        return all(status is Status.OK for status in _entries(self.status))

    @property
    def trusted(self) -> bool:
        """True when every entry has a status whose error bound can be relied on."""
        return all(status.trusted for status in _entries(self.status))

    def __repr__(self) -> str:
        if isinstance(self.status, Status):
            text = f"Estimate({_number(self.value)} ± {_bound(self.error)}, {self.status.value}"
            if self.status is Status.KINK or self.status is Status.JUMP:
                text += f", left {_number(self.left)}, right {_number(self.right)}"
            if self.status in (Status.NOISY, Status.LOW_PRECISION, Status.QUANTISED):
                text += f", noise {self.noise:.1e}"
            return text + f", {self.evaluations} evaluations)"
        errors = np.concatenate([np.ravel(leaf) for leaf in _leaves(self.error)] or [np.zeros(0)])
        worst = _bound(float(np.max(errors))) if errors.size else "0"
        with np.printoptions(precision=8, threshold=12, edgeitems=3):
            value = repr(self.value)
        indent = "\n         "
        return (
            f"Estimate({value.replace(chr(10), indent)},\n         error ≤ {worst}, {self.message}"
            f" {self.evaluations} evaluations)"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain Python objects, ready for ``json.dumps``.

        Complex numbers become ``[real, imaginary]`` pairs; arrays become nested lists; statuses their names.

        Examples
        --------
        >>> from gradwise.numerical import derivative
        >>> derivative(abs, 0.0).to_dict()["status"]
        'kink'
        """
        return {item.name: _plain(getattr(self, item.name)) for item in fields(self) if not item.name.startswith("_")}

    def plot(self, entry: int | tuple[int, ...] | None = None, ax: Any = None) -> Any:
        """Draw the V-curve: the error of central differences against the step, and the step that was chosen.

        Evaluates the function at about 120 further points.

        Parameters
        ----------
        entry : int or tuple of int, optional
            Which entry of an array result; the one with the largest relative error bound if omitted.
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure if omitted.

        Returns
        -------
        matplotlib.axes.Axes
        """
        from gradwise.plotting.v_curve import v_curve

        return v_curve(self, entry, ax)

    def __getstate__(self) -> dict[str, Any]:
        # The line back to the function is dropped: a pickled estimate should not need the function's module.
        return {item.name: getattr(self, item.name) for item in fields(self) if item.name != "_line"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)
        self._line = None


def describe(statuses: list[Status], found: list[Status]) -> str:
    """Return one sentence for a list of statuses: the common one, or how many of each with the remedy of the worst.

    `found` has each of them once.
    """
    if len(statuses) == 0:
        return "nothing to differentiate."
    if len(found) == 1:
        status = found[0]
        lead = "" if len(statuses) == 1 else f"all {len(statuses)} entries {status.value}. "
        return lead + status.sentence + ("" if status is Status.OK else " " + status.remedy)
    counts = {status: statuses.count(status) for status in Status if status in found}
    worst = max(counts, key=list(Status).index)
    tally = ", ".join(f"{count} {status.value}" for status, count in counts.items())
    return f"{tally} of {len(statuses)} entries. {worst.value}: {worst.sentence} {worst.remedy}"


def distinct(statuses: list[Status]) -> list[Status]:
    """Return each status of a list once."""
    if not statuses or statuses.count(statuses[0]) == len(statuses):
        return statuses[:1]
    return list({id(status): status for status in statuses}.values())  # members are one object each, and slow to hash


def _leaves(tree: Any) -> list[Any]:
    return flatten(tree)[0]


def _entries(tree: Any) -> list[Any]:
    return [entry for leaf in _leaves(tree) for entry in (leaf.ravel() if isinstance(leaf, np.ndarray) else [leaf])]


def _number(value: Any) -> str:
    return f"{value:.15g}" if isinstance(value, float | int | complex) else repr(value)


def _bound(error: Any) -> str:
    return f"{error:.1e}" if math.isfinite(error) else str(error)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value] if value.ndim else _plain(value[()])
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, Status):
        return value.value
    if isinstance(value, complex | np.complexfloating):
        return [float(value.real), float(value.imag)]
    return value.item() if isinstance(value, np.generic) else value
