"""The path of a descent as arrays: one row for each point at which f and its gradient were evaluated."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

FIELDS = (
    "step_number",
    "fun",
    "gradient_norm",
    "gradient_length",
    "step",
    "learning_rate",
    "cosine",
    "slope",
    "slope_after",
    "time",
)


@dataclass(eq=False, repr=False)
class Trace:
    """The path of a descent.

    Row k belongs to the point x_k, k = 0 … nit; what a step needs two points for (step, learning_rate, cosine, slopes) stands in the row of the point
    from which the step starts, and is nan in the last row.

    Attributes
    ----------
    x : numpy.ndarray
        The points as vectors, shape (rows, n); for a single array x0 of shape s, ``(rows, *s)``.
    x_steps : numpy.ndarray
        Which step each row of ``x`` belongs to: all of them, unless that took more than ``trace_limit`` bytes and rows were thinned out.
    fun : numpy.ndarray
        f(x_k), with minibatches that of the batch in turn.
    gradient_norm, gradient_length : numpy.ndarray
        ‖g_k‖∞ and ‖g_k‖₂.
    step : numpy.ndarray
        ‖x_{k+1} − x_k‖₂.
    learning_rate : numpy.ndarray
        η_k.
    cosine : numpy.ndarray
        Of the angle between g_k and g_{k+1}: near −1 the descent bounces between two walls, near 1 it creeps.
    slope, slope_after : numpy.ndarray
        g_k·Δx and g_{k+1}·Δx, with Δx = x_{k+1} − x_k: what the conditions of Armijo and Wolfe are made of.
    time : numpy.ndarray
        Seconds since the start.

    Examples
    --------
    >>> import numpy as np
    >>> import gradwise as gw
    >>> report = gw.descend(lambda x: x @ x, np.array([1.0, 2.0]), learning_rate=0.25, maxiter=2, tol=0)
    >>> report.trace.fun
    array([5.    , 1.25  , 0.3125])
    >>> report.trace.x
    array([[1.  , 2.  ],
           [0.5 , 1.  ],
           [0.25, 0.5 ]])
    """

    x: np.ndarray
    x_steps: np.ndarray
    fun: np.ndarray
    gradient_norm: np.ndarray
    gradient_length: np.ndarray
    step: np.ndarray
    learning_rate: np.ndarray
    cosine: np.ndarray
    slope: np.ndarray
    slope_after: np.ndarray
    time: np.ndarray
    names: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.fun)

    def __repr__(self) -> str:
        if not len(self):
            return "Trace(empty)"
        return f"Trace({len(self)} points, f from {self.fun[0]:.6g} to {self.fun[-1]:.6g}, ‖g‖∞ from {self.gradient_norm[0]:.3g} to {self.gradient_norm[-1]:.3g})"

    @property
    def step_number(self) -> np.ndarray:
        """0, 1, …, nit."""
        return np.arange(len(self.fun))

    @property
    def points(self) -> np.ndarray:
        """The points as vectors, shape (rows, n), whatever the shape of x0."""
        return self.x.reshape(len(self.x), -1)

    def to_dict(self) -> dict[str, Any]:
        """The columns as plain lists, ready for ``json.dumps``; nan and infinities become None.

        Examples
        --------
        >>> import gradwise as gw
        >>> gw.descend(lambda x: x**2, 1.0, learning_rate=0.5, tol=0, maxiter=1).trace.to_dict()["fun"]
        [1.0, 0.0]
        """
        columns = {name: plain(getattr(self, name)) for name in FIELDS}
        return {**columns, "x": plain(self.x), "x_steps": plain(self.x_steps)}

    def to_pandas(self) -> Any:
        """A DataFrame with one row for each point: the columns of the trace, and one for each entry of x where there are at most 50.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        import pandas as pd  # type: ignore[import-untyped]  # it ships no types

        columns: dict[str, Any] = {name: getattr(self, name) for name in FIELDS}
        points = self.points
        if points.shape[1] <= 50 and len(points):
            rows = np.full((len(self), points.shape[1]), np.nan)
            rows[self.x_steps] = points
            names = self.names if len(self.names) == points.shape[1] else [f"x[{i}]" for i in range(points.shape[1])]
            columns.update(zip(names, rows.T))
        return pd.DataFrame(columns)


def plain(value: Any) -> Any:
    """NumPy things, containers and dataclasses as lists, dicts, numbers and strings; nan and infinities become None."""
    if isinstance(value, np.ndarray):
        if value.dtype == np.longdouble:  # whose entries are no Python numbers
            value = value.astype(np.float64)
        if value.dtype.kind == "f" and not np.all(np.isfinite(value)):
            return [plain(item) for item in value] if value.ndim else None
        return value.tolist() if value.dtype.kind != "c" else [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(float(value) if isinstance(value, np.longdouble) else value.item())
    if isinstance(value, complex):
        return [plain(value.real), plain(value.imag)]
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if isinstance(value, bool | int) or value is None:
        return value
    if isinstance(value, str):
        return str(value)
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if hasattr(value, "__dataclass_fields__"):
        return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if hasattr(value, "__dict__"):
        return {name: plain(item) for name, item in vars(value).items()}
    return str(value)
