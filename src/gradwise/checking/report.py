"""The report of a check: fixed fields, a text for people, a dictionary for programs."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradwise.checking.vocabulary import Cause
from gradwise.containers import flatten

REPORTED = (
    "passed", "conclusive", "verdicts", "claimed", "numerical", "error", "causes", "ruled_out", "worst", "replay", "kind", "notes",
    "details", "exact", "evaluations", "missed", "counts",
)  # fmt: skip


@dataclass(eq=False, repr=False)
class Report:
    """What a check of a claimed derivative found.  It is truthy when the check passed.

    Attributes
    ----------
    passed : bool
        No entry is wrong, at least one agrees, and the functions behave (deterministic, hands off their argument).
    conclusive : bool
        No entry is undecided.
    verdicts : containers of arrays of str, shaped as the derivative
        "agrees", "wrong" or "cannot tell".
    claimed, numerical, error : same structure
        The claimed derivative, the numerical one, and the bound of the latter.
    causes : list of str
        Names out of `gradwise.checking.Cause`, the most likely first; empty when passed.
    ruled_out : list of str
        What was looked for and not found.
    worst : dict or None
        The entry that is off by most, in units of its bound: ``entry`` (flat position), ``name``, ``claimed``, ``numerical``, ``error``.
    replay : str
        A call that repeats the check of the worst entry.
    kind : str
        "gradient", "jacobian", "hessian", "jvp" or "vjp".
    notes : list of str
        Sentences that a reader should know: which derivative was wrong, why entries are undecided.
    details : dict of str to str
        The evidence for each cause.
    exact : same structure as claimed, or None
        gradwise's exact derivative, where it had a say.
    evaluations : int
        How often f was evaluated for the numerical derivative.
    missed : dict or None
        For checks along directions: what they cannot see, with probabilities.
    counts : dict of str to int
        Number of entries with each verdict.

    Examples
    --------
    >>> import numpy as np
    >>> import gradwise as gw
    >>> report = gw.check_grad(lambda x: np.sum(x**2), np.array([1.0, 2.0]), lambda x: x)
    >>> report.passed, report.causes[0]
    (False, 'missing factor 2')
    """

    passed: bool
    conclusive: bool
    verdicts: Any
    claimed: Any
    numerical: Any
    error: Any
    causes: list[str]
    ruled_out: list[str]
    worst: dict[str, Any] | None
    replay: str
    kind: str
    notes: list[str] = field(default_factory=list)
    details: dict[str, str] = field(default_factory=dict)
    exact: Any = None
    evaluations: int = 0
    missed: dict[str, float] | None = None
    counts: dict[str, int] = field(default_factory=dict)
    subject: str = "grad"

    def __bool__(self) -> bool:
        return self.passed

    def __repr__(self) -> str:
        return self.summary()

    def headline(self) -> str:
        """The result in one line."""
        counts = self.counts
        total = sum(counts.values())
        unit = "blocks and directions" if self.missed is not None else "entry" if total == 1 else "entries"
        what = f"{self.kind} check"
        if self.passed:
            text = (
                f"{what} PASSED: {counts['agrees']} of {total} {unit} {'agrees' if counts['agrees'] == 1 else 'agree'}"
            )
            if not self.conclusive:
                text += f", {counts['cannot tell']} undecided"
        elif counts["wrong"]:
            text = f"{what} FAILED: {counts['wrong']} of {total} {unit} wrong"
        elif self.causes and not self._noise_of_f():
            text = f"{what} FAILED: {self.causes[0]}"
        else:
            text = f"{what} INCONCLUSIVE: none of {total} {unit} could be confirmed"
        largest = _largest(self.error)
        return text + (f" (numerical bounds ≤ {largest:.0e})" if np.isfinite(largest) else "")

    def _noise_of_f(self) -> bool:
        """Whether all that was found is noise of f, which makes no derivative wrong."""
        return not self.conclusive and all(self.details.get(cause, "").startswith("f(x) ") for cause in self.causes)

    def summary(self) -> str:
        """The report as text: the result, the likely causes with their evidence, the worst entry, how to repeat it."""
        lines = [self.headline()]
        for position, cause in enumerate(self.causes[:5]):
            label = "likely cause" if position == 0 else "also fits"
            lines.append(f"  {label}: {cause}: {self.details.get(cause, '')}".rstrip(": "))
        if self.causes and self.causes[0] in set(Cause):
            lines.append(f"  remedy: {Cause(self.causes[0]).remedy}")
        if self.worst is not None:
            worst = self.worst
            lines.append(
                f"  worst: {worst['name']}  claimed {worst['claimed']:.9g}   numerical {worst['numerical']:.9g} ± {worst['error']:.0e}"
            )
        lines += [f"  note: {note}" for note in self.notes]
        if not self.passed and self.ruled_out:
            lines.append(f"  ruled out: {', '.join(self.ruled_out[:8])}")
        if not self.passed and self.replay:
            lines.append(f"  replay: {self.replay}")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain Python objects, ready for ``json.dumps``; NaN and infinities become None.

        Examples
        --------
        >>> import numpy as np
        >>> import gradwise as gw
        >>> gw.check_grad(lambda x: np.sum(x**2), np.ones(2), lambda x: 2 * x).to_dict()["verdicts"]
        ['agrees', 'agrees']
        """
        return {name: _plain(getattr(self, name)) for name in REPORTED}

    def _repr_html_(self) -> str:
        colour = "#1a7f37" if self.passed else "#cf222e" if self.causes else "#9a6700"
        rows = "".join(
            f"<tr><td>{html.escape(label)}</td><td>{html.escape(text)}</td></tr>"
            for label, _, text in (line.strip().partition(": ") for line in self.summary().splitlines()[1:])
        )
        return f'<div><b style="color:{colour}">{html.escape(self.headline())}</b><table>{rows}</table></div>'

    def plot(self, ax: Any = None) -> Any:
        """Draw claimed against numerical for every entry, coloured by verdict, with the bounds.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure if omitted.

        Returns
        -------
        matplotlib.axes.Axes
        """
        from gradwise.plotting.verdicts import verdicts

        return verdicts(self, ax=ax)

    def flat(self, name: str) -> np.ndarray:
        """One of the fields claimed, numerical, error, verdicts as a flat array."""
        leaves = flatten(getattr(self, name))[0]
        return np.concatenate([np.ravel(np.asarray(leaf)) for leaf in leaves]) if leaves else np.zeros(0)


def _largest(error: Any) -> float:
    values = [float(np.max(np.abs(np.asarray(leaf)))) for leaf in flatten(error)[0] if np.size(leaf)]
    return max(values, default=np.inf)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value] if value.ndim else _plain(value[()])
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, complex | np.complexfloating):
        return [_plain(value.real), _plain(value.imag)]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if hasattr(value, "__dataclass_fields__"):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    return str(value) if isinstance(value, str) else value
