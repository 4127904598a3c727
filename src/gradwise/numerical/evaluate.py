"""Calls of f: on copies, counted, one by one, in one vectorized call, or through a map; failures become NaN.

f may raise, return NaN, or warn about invalid values away from x: that is how domains end, and no reason to stop.  At x
itself it must answer; an exception there is reported.  Exceptions that mean "stop" (KeyboardInterrupt, SystemExit) pass.
"""

from __future__ import annotations

import decimal
import functools
import numbers
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

import numpy as np

from gradwise.containers import LEAF, flatten
from gradwise.errors import InputError
from gradwise.numerical.argument import Argument
from gradwise.numerical.progress import Progress
from gradwise.numerical.workers import Failure, Guarded
from gradwise.quiet import raised

BLOCK = 2**17
"""Numbers in one vectorized batch.  1 MiB, and what f makes of it, stays in the processor's cache; all steps of a hundred
lanes fit in."""

KEPT = 2**21
"""glibc gives memory back to the system above the size of the largest block that has been freed, and takes it anew, page
by page, for the next array.  A block of 16 MiB, never touched, makes it keep what f uses from call to call: half of f's time."""

REAL = (numbers.Real, decimal.Decimal)
"""What is a real number though it is no float."""

MISSING = object()
"""What a map has not returned."""

BLOCK_OF_CALLS = 2**23
"""Numbers of points held at once where f is called point by point, or through a map: 64 MiB."""


class Output:
    """The structure of what f returns, fixed by f(x): ``flat : T[leaf] -> vector of m real numbers``."""

    __slots__ = ("dtypes", "shapes", "size", "sizes", "treedef", "units")

    def __init__(self, result: Any) -> None:
        leaves, self.treedef = flatten(result, name="the value of f")
        arrays = [_output_array(leaf) for leaf in leaves]
        if not arrays:
            msg = "f(x) returned None. It must return numbers. Add the missing return statement."
            raise InputError(msg)
        self.shapes = [array.shape for array in arrays]
        self.dtypes = [array.dtype for array in arrays]
        self.sizes = [array.size * (2 if array.dtype.kind == "c" else 1) for array in arrays]
        self.size = sum(self.sizes)
        self.units = np.repeat([_unit(array.dtype) for array in arrays], self.sizes)

    @property
    def is_scalar(self) -> bool:
        """Whether f returns one real number: a number, or an array of shape ()."""
        return self.treedef is LEAF and self.shapes[0] == () and self.dtypes[0].kind != "c"

    @property
    def is_complex(self) -> bool:
        """Whether any part of the output is complex at the real x."""
        return any(dtype.kind == "c" for dtype in self.dtypes)

    def flat(self, result: Any) -> np.ndarray | None:
        """Return the result as m real numbers, None if it is complex where f(x) is real; raises on another shape."""
        if self.treedef is LEAF:
            if isinstance(result, float) and self.shapes[0] == ():
                return np.array([result], dtype=np.float64)
            leaves: list[Any] = [result]
        else:
            leaves, treedef = flatten(result, name="the value of f")
            if treedef != self.treedef:
                self._misfit(result)
        parts = []
        for leaf, shape, dtype in zip(leaves, self.shapes, self.dtypes):
            array = np.asarray(leaf)
            if array.shape != shape:
                self._misfit(result)
            flat = array.ravel()
            if dtype.kind == "c":
                parts += [flat.real, flat.imag]
            elif array.dtype.kind == "c":
                return None
            else:
                parts.append(flat)
        return np.concatenate(parts, dtype=np.float64, casting="unsafe")

    def flat_batch(self, result: Any, count: int) -> np.ndarray:
        """Return a vectorized result as (count, m) new numbers of double precision, complex if any part is."""
        if self.treedef is LEAF and type(result) is np.ndarray and result.shape == (count, *self.shapes[0]):
            kind = result.dtype.kind
            if kind in "cfiu" and self.dtypes[0].kind != "c":
                return result.astype(np.complex128 if kind == "c" else np.float64).reshape(count, -1)
        leaves, treedef = flatten(result, name="the value of f")
        arrays = [np.asarray(leaf) for leaf in leaves]
        if treedef != self.treedef or any(a.shape != (count, *s) for a, s in zip(arrays, self.shapes)):
            got = ", ".join(str(array.shape) for array in arrays)
            want = ", ".join(str((count, *shape)) for shape in self.shapes)
            msg = (
                f"f with vectorized=True was given {count} points on the leading axis and returned shape {got}. "
                f"It must return shape {want}, one result per point. Drop vectorized=True, or use axis=-1 inside f."
            )
            raise InputError(msg)
        parts = []
        for array, dtype in zip(arrays, self.dtypes):
            flat = array.reshape(count, -1)
            parts += [flat.real, flat.imag] if dtype.kind == "c" else [flat]
        rows = np.concatenate(parts, axis=1)
        return rows.astype(np.float64) if rows.dtype.kind in "fiu" else rows

    def restore(self, values: np.ndarray, *, combine: bool = True) -> list[np.ndarray]:
        """Split (..., m) numbers into one array (..., *shape) per output leaf; complex outputs become complex again."""
        leaves, start = [], 0
        for shape, dtype, size in zip(self.shapes, self.dtypes, self.sizes):
            part = values[..., start : start + size]
            if dtype.kind == "c":
                real, imaginary = part[..., : size // 2], part[..., size // 2 :]
                if combine:
                    part = real + 1j * imaginary
                elif part.dtype == object:
                    part = np.where(real == "ok", imaginary, real)
                else:
                    part = np.hypot(real, imaginary)
            leaves.append(part.reshape(values.shape[:-1] + shape))
            start += size
        return leaves

    def _misfit(self, result: Any) -> NoReturn:
        shape = [np.shape(leaf) for leaf in flatten(result)[0]]
        msg = (
            f"f returned shape {shape[0] if len(shape) == 1 else shape} near x and "
            f"{self.shapes[0] if len(self.shapes) == 1 else self.shapes} at x. "
            f"The shape must not depend on x. Return the same shape for every input."
        )
        raise InputError(msg)


class Evaluator:
    """Evaluates f at vectors: ``(K, n) -> (K, m)``, NaN where f fails.

    Attributes
    ----------
    count : int
        Points evaluated so far.
    calls : int
        Calls of the user's function that one point takes: 1, or one for each entry of an array.
    failure : str
        The last exception that f raised away from x, as text; empty if none.
    block : int
        How many numbers of points are to be held at once.
    least : int
        How many points a vectorized f is called with at least: copies are added, and not counted.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        argument: Argument,
        *,
        vectorized: bool = False,
        mapper: Callable[..., Iterable[Any]] | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.f = f
        self.guarded = Guarded(f)
        self.argument = argument
        self.vectorized = vectorized
        self.mapper = mapper
        self.progress = progress or Progress()
        self.count = 0
        self.calls = 1
        self.failure = ""
        self.block = BLOCK if vectorized else BLOCK_OF_CALLS
        # Not one point: a product of a single row with a matrix is rounded differently from that of many rows.  And not as
        # many as an axis of x is long, lest a function that mistakes the axes be taken at its word.
        self.least = (
            next(k for k in (2, 3, 5, 7, 11) if all(k not in shape for shape in argument.shapes)) if vectorized else 1
        )
        if vectorized:
            _keep_memory()
        self.output: Output

    def first(self) -> np.ndarray:
        """Return f(x) as m numbers, and learn the structure of the output."""
        point = self.argument.vector
        result = self._call(point[None, :]) if self.vectorized else self.guarded(self.argument.build(point))
        self.count += 1
        if isinstance(result, Failure):
            msg = (
                f"f(x) raised {result.text}. f must return numbers at x itself. "
                f"Check that f takes x as one argument{' with a leading axis of points' if self.vectorized else ''}."
            )
            problem = InputError(msg)
            problem.is_of_function = True
            raise problem from result.error
        if not self.vectorized:
            self.output = Output(result)
            flat = self.output.flat(result)
            assert flat is not None
            return flat
        leaves, treedef = flatten(result, name="the value of f")
        arrays = [_output_array(leaf) for leaf in leaves]
        if not arrays or any(array.shape[:1] != (self.least,) for array in arrays):
            msg = (
                f"f with vectorized=True was given x {self.least} times, with leading axis {self.least}, and returned "
                f"shape {[array.shape for array in arrays]}. It must return the same leading axis. "
                f"Drop vectorized=True, or use axis=-1 inside f."
            )
            raise InputError(msg)
        self.output = Output(treedef.rebuild([array[0] for array in arrays]))
        return self.output.flat_batch(result, self.least)[0]

    def real(self, vectors: np.ndarray) -> np.ndarray:
        """Evaluate at K real vectors: (K, n) -> (K, m)."""
        if not self.vectorized:
            return self._one_by_one(vectors)
        size = max(1, self.block // max(1, vectors.shape[1] + self.output.size))
        values = np.empty((len(vectors), self.output.size))
        for start in range(0, len(vectors), size):
            part = slice(start, start + size)
            values[part] = self.fresh(vectors[part].copy)
        return values

    def fresh(self, make: Callable[[], np.ndarray]) -> np.ndarray:
        """Evaluate at the real vectors that `make` returns, new ones at each call, so that f may have them as they are."""
        vectors = make()
        if not self.vectorized:
            return self._one_by_one(vectors)
        count = len(vectors)
        rows = self._rows(vectors, "fiu")
        if rows is None:
            rows = np.full((count, self.output.size), np.nan)
            if count > 1:  # one bad point fails the whole call: ask for the points one at a time
                for index, vector in enumerate(make()):
                    row = self._rows(vector[None, :], "fiu")
                    rows[index] = np.nan if row is None else row[0]
        return rows

    def _rows(self, vectors: np.ndarray, kinds: str) -> np.ndarray | None:
        """Return the values of one vectorized call, None if it failed; NaN if they are not numbers of these kinds."""
        count = len(vectors)
        result = self._call(vectors)
        self.count += count
        self.progress.tick(self.count)
        if isinstance(result, Failure):
            self.failure = result.text
            return None
        rows = self.output.flat_batch(result, max(count, self.least))[:count]
        return rows if rows.dtype.kind in kinds else np.full(rows.shape, np.nan)

    def _call(self, vectors: np.ndarray) -> Any:
        if len(vectors) < self.least:
            vectors = np.repeat(vectors, self.least, axis=0)[: self.least]
        return self.guarded(self.argument.build_batch(vectors, own=True))

    def _one_by_one(self, vectors: np.ndarray) -> np.ndarray:
        values = np.full((len(vectors), self.output.size), np.nan)
        for index, result in enumerate(self._each(vectors)):
            if not isinstance(result, Failure):
                flat = self._flat(result)
                if flat is not None:
                    values[index] = flat
        return values

    def complex(self, vectors: np.ndarray) -> np.ndarray | None:
        """Evaluate at K complex vectors: (K, n) -> (K, m), or None as soon as f does not take complex numbers.

        A vectorized f gets the vectors as they are.
        """
        with raised(np.exceptions.ComplexWarning):
            # Casting complex to real drops the imaginary part with no more than a warning: that is a refusal.
            if self.vectorized:
                rows = self._rows(vectors, "c")
                return None if rows is None or rows.dtype.kind != "c" else rows
            found = []
            for result in self._each(vectors):
                if isinstance(result, Failure):
                    return None
                leaves = flatten(result)[0]
                arrays = [np.asarray(leaf) for leaf in leaves]
                if [array.shape for array in arrays] != self.output.shapes or all(a.dtype.kind != "c" for a in arrays):
                    return None
                found.append(np.concatenate([array.ravel() for array in arrays]))
            return np.array(found, dtype=np.complex128)

    def _flat(self, result: Any) -> np.ndarray | None:
        try:
            return self.output.flat(result)
        except (TypeError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            msg = f"f returned {result!r} near x. It must return numbers everywhere. Return NaN where it has no value."
            raise InputError(msg) from error

    def _each(self, vectors: np.ndarray) -> Iterable[Any]:
        build = self.argument.build
        points = (build(vector) for vector in vectors)
        results = iter(map(self.guarded, points) if self.mapper is None else self.mapper(self.guarded, list(points)))
        for _ in range(len(vectors)):
            result = next(results, MISSING)
            if result is MISSING:
                break
            self.count += 1
            self.progress.tick(self.count)
            if isinstance(result, Failure):
                self.failure = result.text
            yield result
        else:
            result = next(results, MISSING)
            if result is MISSING:
                return
        msg = (
            f"workers returned {'fewer' if result is MISSING else 'more'} results than the {len(vectors)} points it was given. "
            f"A map must return one for each. Use one like the built-in map, or pass an int."
        )
        raise InputError(msg)


@functools.cache
def _keep_memory() -> None:
    """Free a block so large that the smaller ones that f needs stay with this process from now on."""
    np.empty(KEPT)


def _output_array(leaf: Any) -> np.ndarray:
    array = np.asarray(leaf)
    if array.dtype.kind == "O" and array.size and all(isinstance(number, REAL) for number in array.flat):
        array = array.astype(np.float64)  # fractions and decimals
    if array.dtype.kind not in "fciu":
        what = f"{leaf!r} of type {type(leaf).__name__}" if array.ndim == 0 else f"an array of dtype {array.dtype}"
        msg = f"f(x) returned {what}. It must return real or complex numbers. Convert the result with float()."
        raise InputError(msg)
    return array


@functools.cache
def _unit(dtype: np.dtype) -> float:
    return float(np.finfo(dtype).eps) / 2 if dtype.kind in "fc" and dtype.itemsize >= 2 else 2.0**-53
