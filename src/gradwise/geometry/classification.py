"""The report of ``classify``: what a point is, from eigenvalue intervals, with the numbers behind the verdict."""

from __future__ import annotations

import html
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

KINDS = ("minimum", "maximum", "saddle", "degenerate", "undecided", "not critical")


@dataclass(slots=True, eq=False, repr=False)
class Classification:
    """What a point of a function is.

    Attributes
    ----------
    kind : str
        "minimum", "maximum" (strict and local, by definite Hessians), "saddle", "degenerate" (an eigenvalue interval holds zero, and no two eigenvalues
        of opposite signs are certain), "undecided" (a kink, a derivative that is not finite, or a Lanczos bound that does not suffice), "not critical".
    index : int or None
        The number of negative eigenvalues; None where it is not certain.
    index_bounds : tuple of int
        Between which numbers the index lies.
    x : object
        The point, in its own container.
    value : float
        f there.
    gradient_norm : float
        ‖∇f‖₂.
    gradient_error : float
        What rounding leaves of ‖∇f‖₂ at a point where it should be zero: below it a gradient is indistinguishable from zero.
    distance : float
        The length of the Newton step, which estimates how far the critical point is; infinite where the Hessian does not say.
    tolerance : float
        The distance up to which the point counts as critical (or the gradient norm, where ``tol`` was given).
    eigenvalues : numpy.ndarray
        Ascending, shape (n,); of Lanczos' method the Ritz values.
    intervals : numpy.ndarray
        Shape (n, 2): the eigenvalues of the Hessian at the critical point lie inside, given rounding, residuals, and the change of the Hessian over the distance.
    eigenvectors : numpy.ndarray or None
        As columns, in the order of the eigenvalues, shape (n, n); of Lanczos' method those of the first and last.
    escape_direction : object or None
        For a saddle or maximum the direction of length 1 along which f falls fastest beside it, in the container of the point.
    newton_decrement : float
        √(gᵀ abs(H)⁻¹ g): f lies about half its square away from the critical value. NaN where the Hessian is singular along the gradient.
    certainty : str
        How the verdict is known: "proved by interval arithmetic: …", "rounding bounded by interval arithmetic", "rounding measured", "error bound of numerical derivatives", "proved by a factorisation", "probability ≥ …".
    probability : float
        1 where no random start is involved.
    method : str
        "dense" or "lanczos".
    message : str
        The verdict in a sentence or two, with what to do next.
    names : list of str
        The names of the entries of the point.

    Examples
    --------
    >>> import gradwise as gw
    >>> report = gw.classify(lambda x, y: x**2 - y**2, (0.0, 0.0))
    >>> report.kind, report.index, report.escape_direction
    ('saddle', 1, (0.0, 1.0))
    """

    kind: str
    index: int | None
    index_bounds: tuple[int, int]
    x: Any
    value: float
    gradient_norm: float
    gradient_error: float
    distance: float
    tolerance: float
    eigenvalues: np.ndarray
    intervals: np.ndarray
    eigenvectors: np.ndarray | None
    escape_direction: Any
    newton_decrement: float
    certainty: str
    probability: float
    method: str
    message: str
    names: list[str]
    _function: Any = None

    @property
    def function(self) -> Any:
        """The function, for pictures; None once pickled."""
        return self._function

    def __repr__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        colour = "#9a6700" if self.kind in {"degenerate", "undecided", "not critical"} else "#1a7f37"
        rest = "\n".join(self.summary().splitlines()[1:])
        return f'<div><b style="color:{colour}">{html.escape(self.headline())}</b><pre>{html.escape(rest)}</pre></div>'

    def headline(self) -> str:
        """The verdict in one line."""
        what = self.kind
        if self.kind == "saddle":
            what += f" of index {self.index}" if self.index is not None else f" of index {_between(self.index_bounds)}"
        if self.probability < 1 and self.kind in {"minimum", "maximum"}:
            what += f" with probability ≥ {_probability(self.probability)}"
        return f"{what} at {_point(self.x)}"

    def summary(self) -> str:
        """The report as text: the verdict, the eigenvalues with their bounds, the gradient, and what to do next."""
        lines = [self.headline(), f"  f = {self.value:.10g}"]
        lines.append(
            f"  ‖∇f‖ = {self.gradient_norm:.3g} (rounding {self.gradient_error:.1g}), Newton step {self.distance:.3g}, decrement {self.newton_decrement:.3g}"
        )
        if len(self.eigenvalues):
            lines.append(f"  eigenvalues: {self._spectrum()}")
        if self.escape_direction is not None:
            lines.append(f"  f falls along {_point(self.escape_direction)}")
        lines.append(f"  {self.message}")
        lines.append(f"  how: {self.method} Hessian, {self.certainty}")
        return "\n".join(lines)

    def _spectrum(self) -> str:
        radius = (self.intervals[:, 1] - self.intervals[:, 0]) / 2
        shown = [
            f"{value:.6g} ± {bound:.0e}" if np.isfinite(bound) else f"{value:.6g} ± ∞"
            for value, bound in zip(self.eigenvalues, radius, strict=True)
        ]
        return ", ".join(shown if len(shown) <= 6 else [*shown[:3], "…", *shown[-3:]])

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain Python objects, ready for ``json.dumps``; NaN and infinities become None.

        Examples
        --------
        >>> import gradwise as gw
        >>> gw.classify(lambda x: x * x, 0.0).to_dict()["eigenvalues"]
        [2.0]
        """
        return {item.name: plain(getattr(self, item.name)) for item in fields(self) if not item.name.startswith("_")}

    def plot(self, ax: Any = None) -> Any:
        """Draw f around the point, with the eigenvectors as axes scaled by 1/√abs(λ), on the plane of the two extreme ones where there are more.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure if omitted.

        Returns
        -------
        matplotlib.axes.Axes
        """
        from gradwise.plotting.critical_points import draw_classification

        return draw_classification(self, ax=ax)

    def __getstate__(self) -> dict[str, Any]:
        # the function is dropped: a pickled report should not need its module
        return {item.name: getattr(self, item.name) for item in fields(self) if item.name != "_function"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)
        self._function = None


def plain(value: Any) -> Any:
    """A value as plain Python objects for JSON; NaN and infinities become None."""
    if isinstance(value, np.ndarray):
        return [plain(item) for item in value] if value.ndim else plain(value[()])
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        item = value.item()  # which is a NumPy number again for long doubles
        return plain(float(item.real) if isinstance(item, np.generic) else item)
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if hasattr(value, "__dataclass_fields__"):
        return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__ if not name.startswith("_")}
    return value if value is None or isinstance(value, (str, int, bool)) else str(value)


def _between(bounds: tuple[int, int]) -> str:
    return f"{bounds[0]} to {bounds[1]}"


def _probability(p: float) -> str:
    return f"1 − {1 - p:.0e}" if p > 0.999 else f"{p:.3g}"


def _point(x: Any) -> str:
    if isinstance(x, np.ndarray):
        return np.array2string(x, precision=6, threshold=8, edgeitems=3, separator=", ", max_line_width=110)
    if isinstance(x, tuple) and all(isinstance(entry, (float, np.floating)) for entry in x):
        return "(" + ", ".join(f"{float(entry):.6g}" for entry in x) + ")"
    if isinstance(x, (float, np.floating)):
        return f"{float(x):.6g}"
    text = repr(x)
    return text if len(text) <= 100 else text[:97] + "…"
