"""Any nested container of parameters as one flat vector, and back.

    Parameters : x0 : T[leaf]  →  z0 ∈ Rⁿ,    build : z → T[leaf],    flat : T[leaf] → z

A complex number takes two entries, its real and its imaginary part; then the gradient ∂f/∂a + i ∂f/∂b of gradwise is the gradient in z.  The vector is
float32 where all leaves are, so that single precision stays single precision.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from gradwise.containers import EMPTY, LEAF, TreeDef, flatten
from gradwise.errors import InputError
from gradwise.execution.function_text import FunctionText
from gradwise.operators.leaves import as_floating
from gradwise.tracing import isinstance_traced


class Parameters:
    """The structure of x0: how vectors become parameters and parameters vectors.

    Attributes
    ----------
    start : numpy.ndarray
        x0 as a vector, shape (n,).
    alone : bool
        x0 is one real vector: it and z are the same thing.
    shape : tuple of int or None
        The shape of a single array, None for containers.

    Raises
    ------
    InputError
        If x0 holds no numbers, or numbers that are not finite.
    """

    def __init__(self, x0: Any, operator: str) -> None:
        leaves, self.treedef = flatten(x0, name="x0")
        paths = self.treedef.paths("x0")
        self.paths = paths
        self._built: Callable[[np.ndarray], Any] | None = None  # where lists, tuples and dicts hold real arrays
        self.kinds = [type(leaf) for leaf in leaves]
        arrays = [_floating(leaf, path, operator) for leaf, path in zip(leaves, paths, strict=True)]
        if sum(np.size(array) for array in arrays) == 0:
            msg = f"gw.{operator} was given x0={x0!r}, which holds no numbers. At least one parameter is required. Pass a start such as np.zeros(3)."
            raise InputError(msg)
        self.shapes = [np.shape(leaf) for leaf in arrays]
        self.dtypes = [np.asarray(leaf).dtype for leaf in arrays]
        self.scalars = [not isinstance(leaf, np.ndarray) for leaf in arrays]
        self.dtype = np.result_type(*[np.empty(0, dtype).real.dtype for dtype in self.dtypes])
        self.slices: list[tuple[int, int]] = []
        start = 0
        for shape, dtype in zip(self.shapes, self.dtypes, strict=True):
            stop = start + int(np.prod(shape)) * (2 if dtype.kind == "c" else 1)
            self.slices.append((start, stop))
            start = stop
        self.size = start
        #: all parameters are Python's numbers
        self.floats = all(kind in {float, int} for kind in self.kinds)
        #: (start, stop, shape) of each array, where the parameters are real arrays of one dtype
        same = not any(self.scalars) and all(dtype == self.dtype for dtype in self.dtypes)
        self._plain = (
            [(a, b, None if len(shape) == 1 else shape) for (a, b), shape in zip(self.slices, self.shapes, strict=True)]
            if same
            else None
        )
        single = len(arrays) == 1 and self.treedef.paths() == [""]
        self.shape = self.shapes[0] if single and self.dtypes[0].kind == "f" else None
        self.alone = self.shape is not None and len(self.shape) == 1 and not self.scalars[0]
        self.start = self.flat(x0)
        if self.alone:
            self.start = np.array(self.start, order="C")
        if not np.all(np.isfinite(self.start)):
            bad = [
                path
                for path, (a, b) in zip(paths, self.slices, strict=True)
                if not np.all(np.isfinite(self.start[a:b]))
            ]
            msg = f"gw.{operator} was given {bad[0]} with entries that are not finite. A finite start is required. Replace nan and inf in x0."
            raise InputError(msg)
        self._take = _taker(self.treedef)
        #: whether vectors and parameters are made of each other in the short way
        self.opens = self._take is not None and self._plain is not None
        if self.opens and self._plain is not None:
            self._built = _builder(self.treedef, _orders(self.treedef), tuple(self._plain))

    def build(self, z: Any) -> Any:
        """A vector (plain or traced) as parameters; plain arrays are views of it where their dtype allows."""
        if self._built is not None and type(z) is np.ndarray:
            return self._built(z)
        return z if self.alone else self.treedef.rebuild(self.leaves(z))

    def leaves(self, z: Any) -> list[Any]:
        """The numbers and arrays of the parameters, in their order."""
        if type(z) is np.ndarray and self._plain is not None:
            return [
                z[start:stop] if shape is None else z[start:stop].reshape(shape) for start, stop, shape in self._plain
            ]
        if self.floats and type(z) is np.ndarray:
            return z.tolist()
        traced = isinstance_traced(z)
        leaves: list[Any] = []
        for (start, stop), shape, dtype, scalar, kind in zip(
            self.slices, self.shapes, self.dtypes, self.scalars, self.kinds, strict=True
        ):
            part = z[start:stop]
            if dtype.kind == "c":
                half = (stop - start) // 2
                part = part[:half] + 1j * part[half:]
            if scalar:
                value = part[0]
                leaves.append(
                    value
                    if traced
                    else kind(value)
                    if kind in {float, complex}
                    else float(value)
                    if kind is int
                    else dtype.type(value)
                )
            else:
                part = part.reshape(shape)
                leaves.append(part if part.dtype == dtype else part.astype(dtype))
        return leaves

    def gathered(self, tree: Any) -> np.ndarray:
        """A gradient that gradwise made, in the containers of x0, as a vector of its own."""
        leaves = self._take(tree) if self._take is not None else flatten(tree)[0]
        if self._plain is not None:
            z = np.concatenate([leaf.reshape(-1) for leaf in leaves])
            return z if z.dtype == self.dtype and z.size == self.size else self.flat(tree, "the gradient")
        z = np.empty(self.size, self.dtype)
        if self.floats:
            z[:] = leaves
            return z
        for leaf, (start, stop), shape, dtype in zip(leaves, self.slices, self.shapes, self.dtypes, strict=True):
            if type(leaf) is np.ndarray:
                if leaf.shape != shape or leaf.dtype != dtype or dtype.kind == "c":
                    return self.flat(tree, "the gradient")
                z[start:stop] = leaf if leaf.ndim == 1 else leaf.reshape(-1)
            elif isinstance(leaf, float | np.floating) and stop - start == 1:
                z[start] = leaf
            else:
                return self.flat(tree, "the gradient")
        return z

    def across(self, rows: np.ndarray) -> list[np.ndarray]:
        """A matrix of vectors as one array for each array of the parameters: entry k of all of them makes the parameters of row k."""
        return [rows[:, a:b].reshape(len(rows), *s) for (a, b), s in zip(self.slices, self.shapes, strict=True)]

    def into(self, rows: np.ndarray) -> Callable[[Any, int], np.ndarray]:
        """A function (gradient, row) → vector that writes a gradient in the containers of x0 to a row of a matrix, without anything made on the way."""
        gathered, places = self.gathered, self.across(rows)
        store = _storer(self.treedef, tuple(self.shapes), self.dtype)

        def write(tree: Any, row: int) -> np.ndarray:
            if not store(tree, places, row):
                rows[row] = gathered(tree)
            return rows[row]

        return write

    def at(self, rows: np.ndarray) -> Callable[[int], Any]:
        """A function row → parameters, which are views of a row of a matrix."""
        read, places = _reader(self.treedef, _orders(self.treedef)), self.across(rows)
        return lambda row: read(places, row)

    def flat(self, tree: Any, what: str = "x0") -> np.ndarray:
        """Parameters, or a gradient in their containers, as a vector.

        Raises
        ------
        InputError
            If the structure or a shape differs from that of x0.
        """
        if self.alone and type(tree) is np.ndarray and tree.shape == self.shapes[0]:
            return tree if tree.dtype == self.dtype else tree.astype(self.dtype)
        leaves, treedef = flatten(tree, name=what)
        if treedef != self.treedef:
            if (
                isinstance(tree, np.ndarray | list | tuple)
                and np.shape(tree) == (self.size,)
                and np.asarray(tree).dtype.kind in "fiu"
            ):
                return np.asarray(tree, self.dtype)
            msg = f"{what} has the structure {treedef!r}. The structure of x0, {self.treedef!r}, is required. Build it from the same containers."
            raise InputError(msg)
        pieces = []
        for leaf, shape, dtype, path in zip(leaves, self.shapes, self.dtypes, self.paths, strict=True):
            array = np.asarray(leaf)
            if array.shape != shape:
                msg = f"{what} has shape {array.shape} at {path}. The shape there, {shape}, is required. Return one number for each parameter."
                raise InputError(msg)
            array = array.ravel()
            if dtype.kind == "c":
                pieces += [array.real, array.imag]
            elif array.dtype.kind == "c":
                msg = f"{what} is complex at {path}, where the parameter is real. A real number is required. Return its real part."
                raise InputError(msg)
            else:
                pieces.append(array)
        return np.concatenate(pieces).astype(self.dtype, copy=False)

    def own(self, z: np.ndarray) -> Any:
        """A vector as parameters that share no memory with it."""
        return self.build(z.copy())

    def names(self) -> list[str]:
        """The name of each entry of the vector."""
        names = []
        for path, shape, dtype in zip(self.paths, self.shapes, self.dtypes, strict=True):
            root = path.removeprefix("x0") if path != "x0" else "x"
            entries = [root + (f"[{', '.join(map(str, i))}]" if shape else "") for i in np.ndindex(shape)]
            names += [f"Re {e}" for e in entries] + [f"Im {e}" for e in entries] if dtype.kind == "c" else entries
        return names


def _floating(leaf: Any, path: str, operator: str) -> Any:
    try:
        return as_floating(leaf, path, operator)
    except InputError as error:  # what other operators offer there is none of here
        raise InputError(
            str(error).replace(", or choose other arguments with argnums=", ", or leave it out of x0.")
        ) from None


def _orders(treedef: TreeDef) -> tuple[Any, ...]:
    """The order of the keys of dicts, which is no part of a structure, and must be that of x0: f may go through the values."""
    return (treedef.order, *[_orders(child) for child in treedef.children])


# What is written for one structure is kept: compiling it takes as long as several hundred steps.


@functools.lru_cache(maxsize=64)
def _builder(
    treedef: TreeDef, orders: tuple[Any, ...], places: Sequence[tuple[int, int, tuple[int, ...] | None]]
) -> Callable[[np.ndarray], Any] | None:
    """A function that gives the containers with views of a vector in them; None for others than lists, tuples and dicts."""
    text = FunctionText(("z",))
    leaves = [f"z[{a}:{b}]" if shape is None else f"z[{a}:{b}].reshape({shape!r})" for a, b, shape in places]
    expression = _written(treedef, iter(leaves), text)
    if expression is None:
        return None
    text.write(f"return {expression}")
    return text.compiled("containers")


@functools.lru_cache(maxsize=64)
def _reader(treedef: TreeDef, orders: tuple[Any, ...]) -> Callable[[list[np.ndarray], int], Any]:
    """A function that gives the containers of a row of several arrays."""
    text = FunctionText(("places", "row"))
    leaves = [text.fresh() for _ in treedef.paths()]
    text.write(f"[{', '.join(leaves)}] = places")
    text.write(f"return {_written(treedef, iter([f'{leaf}[row]' for leaf in leaves]), text)}")
    return text.compiled("containers")


def _written(node: TreeDef, leaves: Iterator[str], text: FunctionText) -> str | None:
    """Lists, tuples and dicts written out for their structure; None where there are other containers."""
    if node is LEAF:
        return next(leaves)
    if node.kind not in (list, tuple, dict) or node.attributes:
        return None
    parts = [_written(child, leaves, text) for child in node.children]
    if None in parts:
        return None
    if node.kind is list:
        return f"[{', '.join(map(str, parts))}]"
    if node.kind is tuple:
        return f"({''.join(f'{part}, ' for part in parts)})"
    by_key = dict(zip(node.keys or (), parts, strict=True))
    return "{" + ", ".join([f"{text.name(key)}: {by_key[key]}" for key in node.order or ()]) + "}"


@functools.lru_cache(maxsize=64)
def _storer(treedef: TreeDef, shapes: tuple[tuple[int, ...], ...], dtype: np.dtype) -> Callable[..., bool]:
    """A function that copies the arrays in lists, tuples and dicts to a row of several arrays; False where one is of another shape or dtype."""
    text = FunctionText(("tree", "places", "row"))
    paths = _key_paths(treedef) or []
    leaves = [text.keep("tree" + "".join(f"[{text.name(key)}]" for key in path)) for path in paths]
    kind = text.name(dtype)
    for leaf, shape in zip(leaves, shapes, strict=True):
        text.write(f"if {leaf}.shape != {shape!r} or {leaf}.dtype != {kind}: return False")
    places = [text.fresh() for _ in leaves]
    text.write(f"[{', '.join(places)}] = places")
    for place, leaf in zip(places, leaves, strict=True):
        text.write(f"{place}[row] = {leaf}")
    text.write("return True")
    return text.compiled("gradient")


def _taker(treedef: TreeDef) -> Callable[[Any], Sequence[Any]] | None:
    """A function that takes the leaves out of lists, tuples and dicts of a known structure; None where there are other containers."""
    paths: list[tuple[Any, ...]] | None = _key_paths(treedef)
    if paths is None or not all(paths):
        return None
    if all(len(path) == 1 for path in paths):
        first = operator.itemgetter(*[path[0] for path in paths])
        return first if len(paths) > 1 else lambda tree: (first(tree),)

    def take(tree: Any) -> list[Any]:
        leaves = []
        for path in paths:
            leaf = tree
            for key in path:
                leaf = leaf[key]
            leaves.append(leaf)
        return leaves

    return take


def _key_paths(treedef: TreeDef) -> list[tuple[Any, ...]] | None:
    if treedef is LEAF:
        return [()]
    if treedef is EMPTY:
        return []
    if treedef.kind not in {list, tuple, dict}:
        return None
    found: list[tuple[Any, ...]] = []
    for key, child in zip(
        treedef.keys if treedef.keys is not None else range(len(treedef.children)), treedef.children, strict=True
    ):
        inner = _key_paths(child)
        if inner is None:
            return None
        found += [(key, *path) for path in inner]
    return found
