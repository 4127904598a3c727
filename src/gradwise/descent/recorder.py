"""What the loop writes down: points and gradients in blocks, so that a step costs two row copies and no arithmetic.

    rows x_k, g_k of a block  →  ‖g‖, ‖Δx‖, ‖Δg‖, g·Δx, g₊·Δx, cosines, by one vectorised pass over the block

Of long vectors, whose arithmetic is that of memory, nothing is copied: the rows are the vectors themselves, and a step is measured as soon as it is taken, while they are in the cache.

Points are kept up to a limit of memory; beyond it every second row is dropped, again and again, and the trace says which are left.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.descent.lengths import length
from gradwise.descent.trace import Trace

ROWS = 64
BLOCK_BYTES = 32 << 20
#: rows longer than this are kept by reference, and measured piece by piece; then a block takes so many bytes
LONG, LONG_BYTES = 1 << 15, 4 << 20
#: entries of a product, for so few of which BLAS starts no threads, and of a piece made of many such: with fewer, calls cost more than arithmetic
_PRODUCT, _PIECE = 1 << 13, 1 << 17
#: the shorter of two gradients over the longer one, above which their product is known from their difference to ten digits
_ALIKE = 1e-3
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
        The block: row 0 repeats the last row of the block before it (once there was one).  Where all points will be kept, X is a part of them.
    rows : int
        Rows of a block.
    fun, rate, time, squares : numpy.ndarray
        f, η, seconds and ‖g‖²: one entry for each point, written by the loop; room for a whole block more is always there.
    """

    def __init__(self, n: int, dtype: Any, steps: int, limit: int) -> None:
        self._room_for_points(n, dtype, steps, limit)
        self._room_for_rows(n, dtype, steps)
        room = min(steps + 1, 1024) + self.rows
        self.fun, self.rate, self.time, self.squares = (np.empty(room) for _ in range(4))
        self.columns: dict[str, list[np.ndarray]] = {name: [] for name in (*_POINT, *_STEP)}
        self.flushed = 0  # points whose columns are made

    def _room_for_rows(self, n: int, dtype: Any, steps: int) -> None:
        width = max(n * np.dtype(dtype).itemsize, 1)
        self.rows = max(9, min(ROWS, BLOCK_BYTES // width, steps + 2))
        self.X: Any = self.points[: self.rows] if self.whole else np.empty((self.rows, n), dtype)
        self.G: Any = np.empty((self.rows, n), dtype)
        # products are summed in double precision, whatever that of the parameters
        self.wide = np.result_type(dtype, np.float64)
        self.changes = np.empty((self.rows - 1, n), self.wide)

    def flush(self, filled: int) -> tuple[Any, Any]:
        """Make the columns of a block with ``filled`` rows and move its last row to the front; its points and gradients, without its row 0."""
        first = 1 if self.flushed else 0
        self._measure(filled, first)
        block = self.X[1:filled], self.G[1:filled]
        if not self.whole:
            for row in range(first, filled):
                step = self.flushed + row - first
                if step % self.stride == 0:
                    self._keep(step, self.X[row])
        self.flushed += filled - first
        self._to_the_front(filled - 1)
        if self.flushed + 2 * self.rows > len(self.fun):
            grow = lambda a: np.concatenate([a, np.empty(len(a) + self.rows)])
            self.fun, self.rate, self.time, self.squares = map(grow, (self.fun, self.rate, self.time, self.squares))
        return block

    def _to_the_front(self, last: int) -> None:
        if self.whole:
            self.X = self.points[self.flushed - 1 : self.flushed - 1 + self.rows]
        else:
            self.X[0] = self.X[last]
        self.G[0] = self.G[last]

    def _measure(self, filled: int, first: int) -> None:
        """Add the columns of the rows from ``first`` on."""
        X, G, new, wide = self.X[:filled], self.G[:filled], self.G[first:filled], self.wide
        with np.errstate(all="ignore"):
            top = np.maximum(np.max(new, axis=1), 0 - np.min(new, axis=1)) if new.size else np.zeros(len(new))
            self._add("gradient_norm", top)
            lengths = self._gradient_lengths(G, first)
            self._add("gradient_length", lengths[first:])
            if not self.whole:
                self._add("point_length", _lengths(X[first:], wide))
            dX = np.subtract(X[1:], X[:-1], out=self.changes[: filled - 1], dtype=wide)
            self._add("step", _lengths(dX, wide))
            self._add("slope", np.vecdot(G[:-1], dX))
            self._add("slope_after", np.vecdot(G[1:], dX))
            dG = np.subtract(G[1:], G[:-1], out=self.changes[: filled - 1], dtype=wide)
            change = _lengths(dG, wide)
            self._add("gradient_change", change)
            self._add("dot", _dots(G, lengths, change, wide))

    def _gradient_lengths(self, G: np.ndarray, first: int) -> np.ndarray:
        """The lengths of the gradients of a block, from the squares that the loop has taken, where these are in double precision."""
        if G.dtype != np.float64:
            return _lengths(G, self.wide)
        start = self.flushed - first
        squares = self.squares[start : start + len(G)]
        return _roots(squares, G)

    def _room_for_points(self, n: int, dtype: Any, steps: int, limit: int) -> None:
        """One array for the points, as large as they may become: memory that is not written to costs nothing, and fresh memory is dear."""
        rows = max(limit // max(n * np.dtype(dtype).itemsize, 1), 2)
        # where not all points will fit, every eighth is kept from the start
        self.stride = 1
        while self.stride < 8 and steps + 1 > self.stride * rows:
            self.stride *= 2
        self.whole = steps < rows
        self.points = np.empty((min(steps + 1, rows), n), dtype)
        self.point_steps = np.empty(0 if self.whole else len(self.points), dtype=np.int64)
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
        X, steps = self._kept(count, last)
        made = {name: self.column(name) for name in (*_POINT, *_STEP)}
        extra = {"gradient_change": made["gradient_change"], "point_length": made["point_length"]}
        if self.whole:
            extra = _Columns({"gradient_change": made["gradient_change"]}, X, self.wide)
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
        return trace, extra

    def _kept(self, count: int, last: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The points that were kept, the last one among them, and their steps."""
        if self.whole:
            return self.points[:count], np.arange(count)
        X, steps = self.points[: self.held], self.point_steps[: self.held].copy()
        if steps[-1] != count - 1:
            if self.held == len(self.points):
                X, steps = X[:-1], steps[:-1]
            X, steps = self.points[: len(X) + 1], np.append(steps, count - 1)
            X[-1] = last
        return X, steps


class LongRows(Recorder):
    """The same for long vectors: rows by reference, each step measured when it is taken, piece by piece, so that every number is read from memory once.

    Fresh memory costs more than arithmetic (a page that is touched for the first time takes a microsecond): blocks are short, and points that are made here take the memory of
    earlier ones.
    """

    def __init__(self, n: int, dtype: Any, steps: int, limit: int) -> None:
        super().__init__(n, dtype, steps, limit)
        self.buffers = np.empty(min(_PIECE, n), dtype), np.empty(min(_PIECE, n), dtype)
        self.measured: dict[str, list[float]] = {name: [] for name in self.columns}
        self.pool: list[np.ndarray] = []  # places of points made here: one more than there are rows
        self.turn = 0

    def _room_for_rows(self, n: int, dtype: Any, steps: int) -> None:
        self.whole = False
        self.point_steps = np.empty(len(self.points), dtype=np.int64)
        width = max(n * np.dtype(dtype).itemsize, 1)
        self.rows = max(9, min(ROWS, LONG_BYTES // width, steps + 2))
        self.X, self.G = [None] * self.rows, [None] * self.rows

    def moved(self, x: np.ndarray, g: np.ndarray, rate: float) -> np.ndarray:
        """The point x − ηg, in the place of one that is in no row any more."""
        if len(self.pool) <= self.rows:
            self.pool.append(np.empty_like(x))
        new = self.pool[self.turn]
        self.turn = (self.turn + 1) % (self.rows + 1)
        for a in range(0, len(x), _PIECE):
            piece = new[a : a + _PIECE]
            np.multiply(g[a : a + _PIECE], -rate, out=piece)
            np.add(piece, x[a : a + _PIECE], out=piece)
        return new

    def note(self, row: int, x: np.ndarray, g: np.ndarray) -> float:
        """Keep a point and its gradient, which nobody changes from here on; their columns, and ‖g‖²."""
        self.X[row], self.G[row] = x, g
        x0, g0 = (self.X[row - 1], self.G[row - 1]) if row else (None, None)
        top = squares = step = slope = after = change = both = 0.0
        finite = True
        for a in range(0, len(x), _PIECE):
            piece = g[a : a + _PIECE]
            high, low = float(piece.max()), float(piece.min())
            finite = finite and high - low == high - low
            top = max(top, high, -low)
            squares += product(piece, piece)
            if x0 is None or g0 is None:
                continue
            before = g0[a : a + _PIECE]
            dx, dg = self.buffers[0][: len(piece)], self.buffers[1][: len(piece)]
            np.subtract(x[a : a + _PIECE], x0[a : a + _PIECE], out=dx)
            np.subtract(piece, before, out=dg)
            step += product(dx, dx)
            change += product(dg, dg)
            slope += product(before, dx)
            after += product(piece, dx)
            both += product(before, piece)
        columns = self.measured
        columns["gradient_norm"].append(top if finite else np.nan)
        columns["gradient_length"].append(squares**0.5 if squares < np.inf else length(g))
        if x0 is not None:
            pair = {
                "step": step**0.5 if step < np.inf else length(x - x0),
                "slope": slope,
                "slope_after": after,
                "gradient_change": change**0.5,
                "dot": both,
            }
            for name, value in pair.items():
                columns[name].append(value)
        return squares

    def _measure(self, filled: int, first: int) -> None:
        # ‖x‖ only sets the scale of rounding: that of the last point stands for the block
        last = self.X[filled - 1]
        self.measured["point_length"] = [product(last, last) ** 0.5] * (filled - first)
        for name, values in self.measured.items():
            self._add(name, np.array(values))
            values.clear()


def _lengths(rows: np.ndarray, wide: Any) -> np.ndarray:
    """The lengths of rows, also where their squares are beyond the largest number."""
    return _roots(np.vecdot(rows, rows, dtype=wide), rows)


def _roots(squares: np.ndarray, rows: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.sqrt(squares)
    for k in np.flatnonzero(np.isinf(found)):
        found[k] = length(rows[k])
    return found


def _dots(G: np.ndarray, lengths: np.ndarray, change: np.ndarray, wide: Any) -> np.ndarray:
    """The products g·g₊ = (‖g‖² + ‖g₊‖² − ‖Δg‖²)/2 of neighbours; of those whose lengths are far apart, where the difference cancels, from the rows."""
    a, b = lengths[:-1], lengths[1:]
    found: np.ndarray = (a * a + b * b - change * change) / 2
    small, large = np.minimum(a, b), np.maximum(a, b)
    for k in np.flatnonzero(~((small > _ALIKE * large) & (large < 1e150))):
        found[k] = np.vecdot(G[k], G[k + 1], dtype=wide)
    return found


class _Columns(dict[str, np.ndarray]):
    """Columns of which ‖x‖ is made of the points when it is first asked for."""

    def __init__(self, columns: dict[str, np.ndarray], points: np.ndarray, wide: Any) -> None:
        super().__init__(columns)
        self._points, self._wide = points, wide

    def __missing__(self, name: str) -> np.ndarray:
        if name != "point_length":
            raise KeyError(name)
        with np.errstate(all="ignore"):
            return self.setdefault(name, _lengths(self._points, self._wide))


def product(a: np.ndarray, b: np.ndarray) -> float:
    """The product a·b of long vectors in one thread: threads cost more than they save."""
    whole = len(a) // _PRODUCT * _PRODUCT
    rest = float(np.dot(a[whole:], b[whole:])) if whole < len(a) else 0.0
    if not whole:
        return rest
    rows = np.vecdot(a[:whole].reshape(-1, _PRODUCT), b[:whole].reshape(-1, _PRODUCT))
    return float(np.add.reduce(rows, dtype=float)) + rest


def recorder_for(n: int, dtype: Any, steps: int, limit: int) -> Recorder:
    """A recorder for vectors of n numbers."""
    return (LongRows if n * np.dtype(dtype).itemsize > LONG else Recorder)(n, dtype, steps, limit)
