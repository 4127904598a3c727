"""What the loop writes down: points and gradients in blocks, so that a step costs two row copies and no arithmetic.

    rows x_k, g_k of a block  →  ‖g‖, ‖Δx‖, ‖Δg‖, g·Δx, g₊·Δx, cosines, by one vectorised pass over the block

Points are kept up to a limit of memory; beyond it every second row is dropped, again and again, and the trace says which are left.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.descent.trace import Trace

ROWS = 64
BLOCK_BYTES = 32 << 20
#: columns computed for each row, and for each step
_POINT, _STEP = (
    ("gradient_norm", "gradient_length", "point_length"),
    ("step", "slope", "slope_after", "gradient_change", "dot"),
)


class Recorder:
    """Blocks of points and gradients, and the columns made of them.

    Attributes
    ----------
    X, G : numpy.ndarray
        The block: row 0 repeats the last row of the block before it (once there was one).
    fun, rate, time : numpy.ndarray
        One entry for each point, written by the loop; room for a whole block more is always there.
    rows : int
        Rows of a block.
    """

    def __init__(self, n: int, dtype: Any, steps: int, limit: int) -> None:
        width = max(n * np.dtype(dtype).itemsize, 1)
        self.rows = max(2, min(ROWS, BLOCK_BYTES // width, steps + 2))
        self.X, self.G = np.empty((self.rows, n), dtype), np.empty((self.rows, n), dtype)
        room = min(steps + 1, 1024) + self.rows
        self.fun, self.rate, self.time = np.empty(room), np.empty(room), np.empty(room)
        self.kept: list[np.ndarray] = []
        self.kept_steps: list[np.ndarray] = []
        self.stride, self.limit, self.width = 1, max(limit, 2 * width), width
        self.held = 0
        self.columns: dict[str, list[np.ndarray]] = {name: [] for name in (*_POINT, *_STEP)}
        self.flushed = 0  # points whose columns are made

    def flush(self, filled: int) -> None:
        """Make the columns of a block with ``filled`` rows and move its last row to the front."""
        first = 1 if self.flushed else 0
        X, G = self.X[:filled], self.G[:filled]
        with np.errstate(all="ignore"):
            # products are summed in double precision, whatever that of the parameters
            wide = np.float64 if X.dtype != np.longdouble else X.dtype
            A, B = X.astype(wide, copy=False), G.astype(wide, copy=False)
            new = B[first:]
            self._add("gradient_norm", np.max(np.abs(new), axis=1) if new.size else np.zeros(len(new)))
            self._add("gradient_length", np.sqrt(np.einsum("ij,ij->i", new, new)))
            self._add("point_length", np.sqrt(np.einsum("ij,ij->i", A[first:], A[first:])))
            dX, dG = np.diff(A, axis=0), np.diff(B, axis=0)
            self._add("step", np.sqrt(np.einsum("ij,ij->i", dX, dX)))
            self._add("slope", np.einsum("ij,ij->i", B[:-1], dX))
            self._add("slope_after", np.einsum("ij,ij->i", B[1:], dX))
            self._add("gradient_change", np.sqrt(np.einsum("ij,ij->i", dG, dG)))
            self._add("dot", np.einsum("ij,ij->i", B[:-1], B[1:]))
        steps = np.arange(self.flushed, self.flushed + filled - first)
        chosen = steps % self.stride == 0
        self.kept.append(X[first:][chosen].copy())
        self.kept_steps.append(steps[chosen])
        self.held += int(chosen.sum())
        if self.held * self.width > self.limit:
            self._thin()
        self.flushed += filled - first
        self.X[0], self.G[0] = X[filled - 1], G[filled - 1]
        if self.flushed + 2 * self.rows > len(self.fun):
            grow = lambda a: np.concatenate([a, np.empty(len(a) + self.rows)])
            self.fun, self.rate, self.time = grow(self.fun), grow(self.rate), grow(self.time)

    def _add(self, name: str, values: np.ndarray) -> None:
        self.columns[name].append(np.asarray(values, dtype=float))

    def _thin(self) -> None:
        while self.held * self.width > self.limit and self.held > 2:
            self.stride *= 2
            X, steps = np.concatenate(self.kept), np.concatenate(self.kept_steps)
            chosen = steps % self.stride == 0
            self.kept, self.kept_steps, self.held = [X[chosen]], [steps[chosen]], int(chosen.sum())

    def column(self, name: str) -> np.ndarray:
        return np.concatenate(self.columns[name]) if self.columns[name] else np.zeros(0)

    def latest(self, name: str) -> np.ndarray:
        """The last block's part of a column."""
        return self.columns[name][-1]

    def finish(
        self, filled: int, last: np.ndarray, shape: tuple[int, ...] | None, names: list[str]
    ) -> tuple[Trace, dict[str, np.ndarray]]:
        """The trace, and the columns that are no part of it (‖Δg‖, ‖x‖, g·g₊)."""
        if filled > (1 if self.flushed else 0):
            self.flush(filled)
        count = self.flushed
        X, steps = np.concatenate(self.kept), np.concatenate(self.kept_steps)
        if steps[-1] != count - 1:
            X, steps = np.concatenate([X, last[None, :]]), np.append(steps, count - 1)
        made = {name: self.column(name) for name in (*_POINT, *_STEP)}
        ends = lambda values: np.append(values, np.nan)
        length = made["gradient_length"]
        with np.errstate(all="ignore"):
            cosine = made["dot"] / (length[:-1] * length[1:])
        trace = Trace(
            x=X.reshape(len(X), *shape) if shape is not None else X,
            x_steps=steps,
            fun=self.fun[:count].copy(),
            gradient_norm=made["gradient_norm"],
            gradient_length=length,
            step=ends(made["step"]),
            learning_rate=ends(self.rate[: count - 1]),
            cosine=ends(np.clip(cosine, -1, 1)),
            slope=ends(made["slope"]),
            slope_after=ends(made["slope_after"]),
            time=self.time[:count].copy(),
            names=names,
        )
        return trace, {name: made[name] for name in ("gradient_change", "point_length")}
