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
#: rows longer than this are kept by reference, and measured piece by piece
LONG = 1 << 15
#: entries of a piece: four arrays of it stay in the cache, and BLAS does not start threads for so few
_PIECE = 1 << 13
#: vectors up to this many entries stay in the cache as a whole
_CACHED = 1 << 18
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
    fun, rate, time, squares : numpy.ndarray
        f, η, seconds and ‖g‖₂²: one entry for each point, written by the loop; room for a whole block more is always there.
    rows : int
        Rows of a block.
    """

    def __init__(self, n: int, dtype: Any, steps: int, limit: int) -> None:
        width = max(n * np.dtype(dtype).itemsize, 1)
        self.rows = max(9, min(ROWS, BLOCK_BYTES // width, steps + 2))
        self.X: Any = np.empty((self.rows, n), dtype)
        self.G: Any = np.empty((self.rows, n), dtype)
        room = min(steps + 1, 1024) + self.rows
        self.fun, self.rate, self.time, self.squares = (np.empty(room) for _ in range(4))
        self._room_for_points(n, dtype, steps, limit)
        self.columns: dict[str, list[np.ndarray]] = {name: [] for name in (*_POINT, *_STEP)}
        self.flushed = 0  # points whose columns are made

    def flush(self, filled: int) -> None:
        """Make the columns of a block with ``filled`` rows and move its last row to the front."""
        first = 1 if self.flushed else 0
        self._measure(filled, first)
        for row in range(first, filled):
            step = self.flushed + row - first
            if step % self.stride == 0:
                self._keep(step, self.X[row])
        self.flushed += filled - first
        self.X[0], self.G[0] = self.X[filled - 1], self.G[filled - 1]
        if self.flushed + 2 * self.rows > len(self.fun):
            grow = lambda a: np.concatenate([a, np.empty(len(a) + self.rows)])
            self.fun, self.rate, self.time = grow(self.fun), grow(self.rate), grow(self.time)
            self.squares = grow(self.squares)

    def _measure(self, filled: int, first: int) -> None:
        """Add the columns of the rows from ``first`` on."""
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

    def _room_for_points(self, n: int, dtype: Any, steps: int, limit: int) -> None:
        """One array for the points, as large as they may become: memory that is not written to costs nothing, and fresh memory is dear."""
        rows = max(limit // max(n * np.dtype(dtype).itemsize, 1), 2)
        # where not all points will fit, every eighth is kept from the start
        self.stride = 1
        while self.stride < 8 and steps + 1 > self.stride * rows:
            self.stride *= 2
        self.points = np.empty((min(steps + 1, rows), n), dtype)
        self.point_steps = np.empty(len(self.points), dtype=np.int64)
        self.held = 0

    def _keep(self, step: int, x: np.ndarray) -> None:
        """Keep a point; where there is no room, every second one is dropped first."""
        while self.held == len(self.points):
            self.stride *= 2
            chosen = np.flatnonzero(self.point_steps[: self.held] % self.stride == 0)
            for new, old in enumerate(chosen):
                self.points[new] = self.points[old]
            self.point_steps[: len(chosen)] = self.point_steps[chosen]
            self.held = len(chosen)
        if step % self.stride == 0:
            self.points[self.held], self.point_steps[self.held] = x, step
            self.held += 1

    def _add(self, name: str, values: np.ndarray) -> None:
        self.columns[name].append(np.asarray(values, dtype=float))

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
        X, steps = self.points[: self.held], self.point_steps[: self.held].copy()
        if steps[-1] != count - 1:
            if self.held == len(self.points):
                X, steps = X[:-1], steps[:-1]
            X, steps = self.points[: len(X) + 1], np.append(steps, count - 1)
            X[-1] = last
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


class LongRows(Recorder):
    """The same for long vectors, whose arithmetic is that of memory: every piece of a step is read once, and memory is used again.

    Fresh memory costs more than arithmetic (a page that is touched for the first time takes a microsecond): points and gradients are copied into the
    block, so that their own memory is free for the next ones.
    """

    def __init__(self, n: int, dtype: Any, steps: int, limit: int) -> None:
        super().__init__(n, dtype, steps, limit)
        self.buffers = np.empty(min(_PIECE, n), dtype), np.empty(min(_PIECE, n), dtype)
        self.pool = [np.empty(n, dtype), np.empty(n, dtype)]

    def moved(self, x: np.ndarray, g: np.ndarray, rate: float) -> np.ndarray:
        """The point x − ηg in one of two places, the one that x does not have."""
        new = self.pool[x is self.pool[0]]
        size = len(x) if len(x) <= _CACHED else _PIECE
        for a in range(0, len(x), size):
            piece = new[a : a + size]
            np.multiply(g[a : a + size], -rate, out=piece)
            np.add(piece, x[a : a + size], out=piece)
        return new

    def _measure(self, filled: int, first: int) -> None:
        columns: dict[str, list[float]] = {name: [] for name in self.columns}
        if not first:
            self._pair(None, self.X[0], None, self.G[0], columns)
        for k in range(1, filled):
            self._pair(self.X[k - 1], self.X[k], self.G[k - 1], self.G[k], columns)
        # ‖x‖ only sets the scale of rounding: that of the last point stands for the block
        last = self.X[filled - 1]
        columns["point_length"] = [sum(float(np.dot(p, p)) for p in _pieces(last)) ** 0.5] * (filled - first)
        lengths = np.sqrt(self.squares[self.flushed : self.flushed + filled - first])
        columns["gradient_length"] = list(lengths)
        start = self.flushed - first
        before, after = self.squares[start : start + filled - 1], self.squares[start + 1 : start + filled]
        # g·g₊ from the lengths of its sides: as exact as an angle needs
        columns["dot"] = list((before + after - np.array(columns["gradient_change"]) ** 2) / 2)
        for name, values in columns.items():
            self._add(name, np.array(values))

    def _pair(self, x0: Any, x1: Any, g0: Any, g1: Any, columns: dict[str, list[float]]) -> None:
        """The columns of one point and of the step that led to it."""
        top = step = slope = after = change = 0.0
        finite = True
        with np.errstate(all="ignore"):
            for a in range(0, len(x1), _PIECE):
                g = g1[a : a + _PIECE]
                high, low = float(g.max()), float(g.min())
                finite = finite and high - low == high - low
                top = max(top, high, -low)
                if x0 is None:
                    continue
                dx, dg = self.buffers[0][: len(g)], self.buffers[1][: len(g)]
                before = g0[a : a + _PIECE]
                np.subtract(x1[a : a + _PIECE], x0[a : a + _PIECE], out=dx)
                np.subtract(g, before, out=dg)
                step += float(np.dot(dx, dx))
                change += float(np.dot(dg, dg))
                slope += float(np.dot(before, dx))
                after += float(np.dot(g, dx))
        columns["gradient_norm"].append(top if finite else np.nan)
        if x0 is not None:
            pair = {"step": step**0.5, "slope": slope, "slope_after": after, "gradient_change": change**0.5}
            for name, value in pair.items():
                columns[name].append(value)


def _pieces(x: np.ndarray) -> list[np.ndarray]:
    return [x[a : a + _PIECE] for a in range(0, len(x), _PIECE)]


def recorder_for(n: int, dtype: Any, steps: int, limit: int) -> Recorder:
    """A recorder for vectors of n numbers."""
    return (LongRows if n * np.dtype(dtype).itemsize > LONG else Recorder)(n, dtype, steps, limit)


def inner(n: int) -> Any:
    """A function a, b ↦ a·b for vectors of n numbers, in one thread: for one product of long vectors, threads cost more than they save."""
    return np.dot if n <= _PIECE else lambda a, b: np.einsum("i,i", a, b)
