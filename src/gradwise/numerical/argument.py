"""The point x as one flat vector of real numbers, and the way back to what f takes.

``Argument : T[leaf] -> (vector, rebuild)``.  Numbers keep the type they came in: a Python number reaches f as a Python
number (so `math.sin` works), a NumPy scalar as a NumPy scalar, a 0-d array as a 0-d array; integers become floats.  A
complex leaf occupies two runs of the vector, its real parts and then its imaginary parts.  Every call of `build` makes
fresh arrays, so f may write into its argument.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from gradwise.containers import LEAF, flatten
from gradwise.containers.subclasses import in_the_class, is_users_array, is_users_number
from gradwise.errors import InputError


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    """One vector of float64, a copy."""
    if len(parts) == 1:
        return np.array(parts[0], np.float64)
    return np.concatenate(parts, dtype=np.float64) if parts else np.zeros(0)


class Argument:
    """A point taken apart.

    Attributes
    ----------
    vector : numpy.ndarray
        Every real number in x, shape (n,).
    spacing : numpy.ndarray
        Distance to the next number in each entry's own dtype, shape (n,).
    """

    __slots__ = ("dtypes", "has_complex", "kinds", "leaves", "shapes", "slices", "spacing", "treedef", "vector")

    def __init__(self, x: Any, name: str = "x") -> None:
        if isinstance(x, Iterator):
            msg = (
                f"{name} is a {type(x).__name__}, which can be read only once. A point is needed that can be evaluated "
                f"many times. Write list({name}) or np.array(list({name}))."
            )
            raise InputError(msg)
        leaves, self.treedef = flatten(x, name=name)
        self.leaves = leaves
        self.kinds: list[str] = []
        self.shapes: list[tuple[int, ...]] = []
        self.dtypes: list[np.dtype] = []
        self.slices: list[tuple[slice, slice | None]] = []
        parts, spacings, start = [], [], 0
        for leaf in leaves:
            kind, array = _number_array(leaf, name)
            self.kinds.append(kind)
            self.shapes.append(array.shape)
            self.dtypes.append(array.dtype)
            flat = array.ravel()
            if array.dtype.kind == "c":
                parts += [flat.real, flat.imag]
                spacings += [np.spacing(np.abs(flat.real)), np.spacing(np.abs(flat.imag))]
                self.slices.append((slice(start, start + flat.size), slice(start + flat.size, start + 2 * flat.size)))
                start += 2 * flat.size
            else:
                parts.append(flat)
                spacings.append(np.spacing(np.abs(flat)))
                self.slices.append((slice(start, start + flat.size), None))
                start += flat.size
        self.vector, self.spacing = _joined(parts), _joined(spacings)
        self.has_complex = any(imaginary is not None for _, imaginary in self.slices)
        if not np.isfinite(self.vector).all():
            where = int(np.flatnonzero(~np.isfinite(self.vector))[0])
            msg = (
                f"{name} holds {self.vector[where]} (entry {where} of its {self.vector.size} numbers). Every number in "
                f"{name} must be finite. Replace it, or drop the entry, before differentiating."
            )
            raise InputError(msg)

    def build(self, vector: np.ndarray) -> Any:
        """Return the argument of f for one vector, real or complex."""
        leaves = [
            self._leaf(index, vector[real], None if imaginary is None else vector[imaginary], ())
            for index, (real, imaginary) in enumerate(self.slices)
        ]
        return self.treedef.rebuild(leaves)

    def build_batch(self, vectors: np.ndarray, *, own: bool = False) -> Any:
        """Return the argument of a vectorized f: every leaf with a leading axis of points.

        With `own`, a single leaf of double precision is handed over as it is, not copied.
        """
        lead = (len(vectors),)
        alone = len(self.slices) == 1 and self.slices[0][1] is None
        if own and alone and (vectors.dtype.kind == "c" or self.dtypes[0] == np.float64):
            return self.treedef.rebuild([vectors.reshape(lead + self.shapes[0])])
        leaves = [
            self._leaf(index, vectors[:, real], None if imaginary is None else vectors[:, imaginary], lead)
            for index, (real, imaginary) in enumerate(self.slices)
        ]
        return self.treedef.rebuild(leaves)

    def _leaf(self, index: int, real: np.ndarray, imaginary: np.ndarray | None, lead: tuple[int, ...]) -> Any:
        kind, shape, dtype = self.kinds[index], lead + self.shapes[index], self.dtypes[index]
        if imaginary is not None:
            array = (real + 1j * imaginary).astype(dtype).reshape(shape)
        elif real.dtype.kind == "c":
            array = real.astype(np.complex128).reshape(shape)
        else:
            array = real.astype(dtype).reshape(shape)
        if lead or kind == "array":
            given = self.leaves[index]
            return in_the_class(array, given) if not lead and is_users_array(type(given)) else array
        number = array[()] if kind == "numpy" else array.item()
        given = self.leaves[index]
        return in_the_class(number, given) if is_users_number(type(given)) else number

    def restore(self, values: np.ndarray, *, combine: bool = True) -> Any:
        """Return a result with one number per vector entry on its last axis, in x's containers and shapes.

        With `combine`, the two numbers of a complex leaf become real + i·imaginary (the gradient of a real function);
        without, the larger of the two (error bounds, steps, noise) or the first that is not ok (statuses).
        """
        lead = values.shape[:-1]
        if self.treedef is LEAF and not self.has_complex and (lead or self.shapes[0]):
            return values.reshape(lead + self.shapes[0])
        leaves = []
        for index, (real, imaginary) in enumerate(self.slices):
            part = values[..., real]
            if imaginary is not None:
                other = values[..., imaginary]
                if combine:
                    part = part + 1j * other
                elif part.dtype == object:
                    part = np.where([entry == "ok" for entry in part.ravel()], other.ravel(), part.ravel()).reshape(
                        part.shape
                    )
                else:
                    part = np.hypot(part, other)
            part = part.reshape(lead + self.shapes[index])
            leaves.append(part if part.ndim else part[()])
        leaves = [leaf.item() if isinstance(leaf, np.number) else leaf for leaf in leaves]
        return self.treedef.rebuild(leaves)


def _number_array(leaf: Any, name: str) -> tuple[str, np.ndarray]:
    """Return how a leaf reaches f ("python", "numpy" or "array") and its values as a floating-point array."""
    if type(leaf) is float:
        return "python", np.array(leaf)
    if isinstance(leaf, bool | np.bool_) or (isinstance(leaf, np.ndarray) and leaf.dtype == bool):
        msg = (
            f"{name} holds {leaf!r}, a boolean. Numbers are required: nothing lies between True and False. "
            f"Write 1.0 or 0.0 if a number is meant."
        )
        raise InputError(msg)
    if isinstance(leaf, int | float | complex) and not isinstance(leaf, np.generic):
        return "python", np.array(leaf, dtype=complex if isinstance(leaf, complex) else float)
    if isinstance(leaf, np.generic | np.ndarray) or callable(getattr(leaf, "__array__", None)):
        array = np.asarray(leaf)
    else:
        msg = (
            f"{name} holds {leaf!r} of type {type(leaf).__name__}. Numbers and arrays of numbers are required, in "
            f"lists, tuples, dicts or dataclasses. Convert it with float() or np.asarray()."
        )
        raise InputError(msg)
    if array.dtype.kind in "iu":
        array = array.astype(np.float64)
    if array.dtype.kind not in "fc" or array.dtype.itemsize > (16 if array.dtype.kind == "c" else 8):
        msg = (
            f"{name} holds an array of dtype {array.dtype}. Real or complex numbers of at most double precision are "
            f"required. Convert it with .astype(float)."
        )
        raise InputError(msg)
    return ("numpy" if isinstance(leaf, np.generic) else "array"), array


def parse_bounds(bounds: Any, argument: Argument) -> tuple[np.ndarray, np.ndarray]:
    """Return the lower and upper bound of every entry of the vector; x outside them raises.

    Parameters
    ----------
    bounds : None, (lower, upper), or an object with `lb` and `ub` such as scipy.optimize.Bounds
        Numbers, arrays that broadcast against x, None for "no bound", or containers like x.
    """
    n = argument.vector.size
    if bounds is None:
        return np.full(n, -math.inf), np.full(n, math.inf)
    if hasattr(bounds, "lb") and hasattr(bounds, "ub"):
        pair: tuple[Any, ...] = (bounds.lb, bounds.ub)
    else:
        try:
            pair = tuple(bounds)
        except TypeError:
            pair = ()
    if len(pair) != 2:
        msg = (
            f"bounds={bounds!r} is not a pair. It must be (lower, upper), each a number, an array shaped as x, or None. "
            f"Write bounds=(0, None) for x >= 0."
        )
        raise InputError(msg)
    lower, upper = _bound(pair[0], argument, -math.inf), _bound(pair[1], argument, math.inf)
    outside = (argument.vector < lower) | (argument.vector > upper)
    if np.any(outside):
        where = int(np.flatnonzero(outside)[0])
        msg = (
            f"x is outside bounds: entry {where} is {float(argument.vector[where])!r}, and its bounds are "
            f"{float(lower[where])!r} and {float(upper[where])!r}. x must lie within them. Clip x with np.clip, or widen bounds."
        )
        raise InputError(msg)
    return lower, upper


def _bound(bound: Any, argument: Argument, default: float) -> np.ndarray:
    n = argument.vector.size
    if bound is None:
        return np.full(n, default)
    leaves, treedef = flatten(bound, name="bounds")
    if treedef != argument.treedef:
        try:
            array = np.array([default if leaf is None else leaf for leaf in np.atleast_1d(bound)], dtype=float)
            if array.size == 1:
                return np.full(n, float(array.ravel()[0]))
            leaves = [array] if len(argument.leaves) == 1 else list(array)
        except (TypeError, ValueError):
            leaves = []
        if len(leaves) != len(argument.leaves):
            msg = f"bounds has {treedef} where x has {argument.treedef}. Both must have the same containers."
            raise InputError(msg)
    out = np.empty(n)
    for leaf, shape, (real, imaginary) in zip(leaves, argument.shapes, argument.slices):
        try:
            array = np.asarray(default if leaf is None else leaf, dtype=float)
            part = np.broadcast_to(array.reshape(()) if array.size == 1 else array, shape).ravel()
        except (TypeError, ValueError) as error:
            msg = (
                f"bounds hold {leaf!r}, which does not fit x of shape {shape}. Each bound must be a number or an array "
                f"of that shape. Write bounds=(lower, upper)."
            )
            raise InputError(msg) from error
        out[real] = part
        if imaginary is not None:
            out[imaginary] = default
    if np.any(np.isnan(out)):
        msg = "bounds hold NaN. Each bound must be a number. Use None or infinity where there is no bound."
        raise InputError(msg)
    return out
