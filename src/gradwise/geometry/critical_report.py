"""The report of ``critical_points``: a list of points with their kinds, and the statement whether these are all."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from gradwise.containers import flatten
from gradwise.geometry.classification import plain

#: the order in which kinds are listed
ORDER = ("minimum", "saddle", "maximum", "degenerate", "undecided")


@dataclass(slots=True, eq=False, repr=False)
class CriticalPoint:
    """A point where the gradient vanishes, or a box in which it may.

    Attributes
    ----------
    kind : str
        "minimum", "maximum", "saddle", "degenerate" (the Hessian is singular somewhere in the enclosure) or "undecided" (a kink, the end of the domain, a branch of the
        code, or the search was stopped).
    index : int or None
        The number of negative eigenvalues.
    x : object
        The point in the form in which f takes it; for a degenerate or undecided entry the middle of the enclosure.
    value : float
        f(x).
    gradient_norm : float
        ‖∇f(x)‖₂ as computed.
    eigenvalues : numpy.ndarray
        Of the Hessian, ascending; empty where there is none.
    intervals : numpy.ndarray
        Shape (n, 2): every eigenvalue at the true critical point lies inside.
    eigenvectors : numpy.ndarray or None
        As columns.
    enclosure : numpy.ndarray
        Shape (n, 2): the critical point lies inside.
    proved : bool
        Exactly one critical point lies in the enclosure.
    border : bool
        The enclosure reaches over the border of the box, so that the point may lie just outside.
    boxes : int
        How many small boxes an undecided entry joins.
    message : str
        Why an entry is undecided; "" for a proved one.
    """

    kind: str
    index: int | None
    x: Any
    value: float
    gradient_norm: float
    eigenvalues: np.ndarray
    intervals: np.ndarray
    eigenvectors: np.ndarray | None
    enclosure: np.ndarray
    proved: bool
    border: bool = False
    boxes: int = 0
    message: str = ""

    @property
    def radius(self) -> float:
        """Half the widest side of the enclosure."""
        return float(np.max(self.enclosure[:, 1] - self.enclosure[:, 0]) / 2)

    def __repr__(self) -> str:
        what = f"saddle of index {self.index}" if self.kind == "saddle" and self.index is not None else self.kind
        extra = f"; {self.message}" if self.message else ""
        return f"{what} at {_coordinates(self.enclosure)} ± {self.radius:.1g}, f = {self.value:.10g}{extra}"

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain Python objects, ready for ``json.dumps``; NaN and infinities become None."""
        return {item.name: plain(getattr(self, item.name)) for item in fields(self)}


@dataclass(slots=True, eq=False, repr=False)
class CriticalPoints:
    """The critical points of a function in a box: a list, with what is known of its completeness.

    Attributes
    ----------
    points : list of CriticalPoint
        Minima first, then saddles, maxima, degenerate and undecided ones; each by value.
    proved : bool
        The list is complete: every entry is proved to exist and be the only one in its enclosure, and there is no other.
    exhaustive : bool
        Every critical point lies in the enclosure of an entry; but the degenerate and undecided entries may hold none, one or many.
    reason : str
        What stands against "proved complete"; "" if nothing does.
    bounds : numpy.ndarray
        Shape (n, 2).
    method : str
        "interval" or "multistart".
    boxes : int
        Boxes that were evaluated (of multistart, the starts).
    branches : int
        Ways through the code of f that were followed.
    undecided : numpy.ndarray
        Shape (k, n, 2): the small boxes that the degenerate and undecided entries join.
    names : list of str
        The names of the variables.

    Examples
    --------
    >>> import gradwise as gw
    >>> found = gw.critical_points(lambda x: x**3 - 3 * x, (-2, 2))
    >>> [(p.kind, round(p.x, 6)) for p in found], found.proved
    ([('minimum', 1.0), ('maximum', -1.0)], True)
    """

    points: list[CriticalPoint]
    proved: bool
    exhaustive: bool
    reason: str
    bounds: np.ndarray
    method: str
    boxes: int
    branches: int
    undecided: np.ndarray
    names: list[str] = field(default_factory=list)
    _function: Any = None

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, key: Any) -> Any:
        return self.points[key]

    def __iter__(self) -> Iterator[CriticalPoint]:
        return iter(self.points)

    @property
    def minima(self) -> list[CriticalPoint]:
        """The proved (of multistart: the likely) minima."""
        return [p for p in self.points if p.kind == "minimum"]

    @property
    def maxima(self) -> list[CriticalPoint]:
        """The proved (of multistart: the likely) maxima."""
        return [p for p in self.points if p.kind == "maximum"]

    @property
    def saddles(self) -> list[CriticalPoint]:
        """The proved (of multistart: the likely) saddles."""
        return [p for p in self.points if p.kind == "saddle"]

    @property
    def function(self) -> Any:
        """The function of one vector, for pictures; None once pickled."""
        return self._function

    @property
    def status(self) -> str:
        """Say "proved complete" or "not exhaustive", or what lies between, with the reason."""
        if self.proved:
            return "proved complete"
        if self.exhaustive:
            return f"exhaustive up to undecided boxes: {self.reason}"
        return f"not exhaustive: {self.reason}"

    def headline(self) -> str:
        """The result in one line."""
        sure = [p for p in self.points if p.kind in {"minimum", "saddle", "maximum"}]
        counts = {kind: sum(p.kind == kind for p in self.points) for kind in ORDER}
        plural = {"minimum": "minima", "maximum": "maxima", "saddle": "saddles"}
        parts = [f"{count} {kind if count == 1 else plural.get(kind, kind)}" for kind, count in counts.items() if count]
        region = " × ".join(f"[{lo:g}, {hi:g}]" for lo, hi in self.bounds[:4]) + (
            " × …" if len(self.bounds) > 4 else ""
        )
        number = f"{len(sure)} critical point{'s' * (len(sure) != 1)}"
        return f"{number} in {region}" + (f" ({', '.join(parts)})" if parts else "") + f", {self.status}"

    def summary(self) -> str:
        """The report as a table: one row for each point."""
        lines = [self.headline()]
        shown = self.points if len(self.points) <= 40 else self.points[:37]
        if shown:
            head = ["kind", *self.names[:6], "f", "eigenvalues", "±"]
            rows = [head] + [_row(p, len(self.names)) for p in shown]
            widths = [max(len(row[k]) for row in rows) for k in range(len(head))]
            lines += [
                "  "
                + "  ".join(
                    cell.ljust(w) if k == 0 else cell.rjust(w)
                    for k, (cell, w) in enumerate(zip(row, widths, strict=True))
                )
                for row in rows
            ]
        if len(shown) < len(self.points):
            lines.append(f"  … and {len(self.points) - len(shown)} more")
        said = Counter(f"{p.kind}: {p.message}" for p in shown if p.message)
        lines += [f"  {text}" + (f" ({count} entries)" if count > 1 else "") for text, count in said.items()]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        colour = "#1a7f37" if self.proved else "#9a6700"
        return f'<div><b style="color:{colour}">{html.escape(self.headline())}</b><pre>{html.escape(chr(10).join(self.summary().splitlines()[1:]))}</pre></div>'

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain Python objects, ready for ``json.dumps``; NaN and infinities become None.

        Examples
        --------
        >>> import gradwise as gw
        >>> gw.critical_points(lambda x: x * x - 2 * x, (-2, 2)).to_dict()["points"][0]["kind"]
        'minimum'
        """
        result = {item.name: plain(getattr(self, item.name)) for item in fields(self) if item.name[0] not in "_p"}
        return {
            "points": [p.to_dict() for p in self.points],
            "proved": self.proved,
            "status": self.status,
            **result,
        }

    def plot(self, ax: Any = None) -> Any:
        """Draw f over the box with its critical points: a curve for one variable, contours for two, the points alone for more.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure if omitted.

        Returns
        -------
        matplotlib.axes.Axes
        """
        from gradwise.plotting.critical_points import draw_found

        return draw_found(self, ax)

    def __getstate__(self) -> dict[str, Any]:
        # the function is dropped: a pickled report should not need its module
        return {item.name: getattr(self, item.name) for item in fields(self) if item.name != "_function"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)
        self._function = None


def value_at(function: Any, z: np.ndarray) -> float:
    """The value of f at a vector; NaN where f raises an arithmetic or value error, as at the end of its domain."""
    try:
        with np.errstate(all="ignore"):
            return float(function(z))
    except (ArithmeticError, ValueError):
        return float("nan")


def _coordinates(enclosure: np.ndarray) -> str:
    middle = enclosure.mean(axis=1)
    text = ", ".join(f"{x:.7g}" for x in middle[:6]) + (", …" if len(middle) > 6 else "")
    return f"({text})" if len(middle) > 1 else text


def _row(p: CriticalPoint, n: int) -> list[str]:
    middle = np.concatenate([np.ravel(np.asarray(leaf, dtype=float)) for leaf in flatten(p.x)[0]])
    values = ", ".join(f"{v:.4g}" for v in p.eigenvalues[:4]) + (", …" if len(p.eigenvalues) > 4 else "")
    kind = f"saddle ({p.index})" if p.kind == "saddle" and n > 2 else p.kind
    kind += "*" if p.border else ""
    return [kind, *(f"{x + 0.0:.7g}" for x in middle[:6]), f"{p.value:.7g}", values, f"{p.radius:.0e}"]
