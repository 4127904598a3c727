"""The function under test and its point, as vectors: ``value : R^n -> R^m`` and the way back to the caller's containers.

``x`` may be one argument of f, or the tuple of all its arguments; ``argnums`` then says which of them move.  Every call gets
fresh copies, so neither f nor a claimed derivative can change the point that the next call sees; whether they try is
found out on purpose (`gradwise.checking.conduct`).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from gradwise.checking.loops import may_not_end
from gradwise.containers import LEAF, TreeDef, describe, flatten
from gradwise.containers.signatures import signature_of
from gradwise.errors import InputError
from gradwise.numerical.argument import Argument
from gradwise.operators.arguments import parameter_names
from gradwise.tracing.instrument.hooks import watched


class Target:
    """f with the arguments that move taken out: ``call(moving) = f(*args)``.

    Attributes
    ----------
    f : callable
    name, given : str
        How reports call f, and what follows x in a call that repeats the check.
    args : tuple
        All arguments, as given.
    moving : Any
        The arguments that are differentiated: one, or a tuple of them.
    point : Argument
        The same as one vector of n real numbers.
    several : bool
        Whether x was the tuple of all arguments.
    single : bool
        Whether one argument moves.
    """

    def __init__(self, f: Any, x: Any, argnums: Any, caller: str) -> None:
        if not callable(f):
            msg = (
                f"{caller} was given f={f!r}, a {type(f).__name__}, which cannot be called. f must be a function of x. "
                f"Pass the function itself, f, and not its value f(x)."
            )
            raise InputError(msg)
        if inspect.isgeneratorfunction(f):
            msg = (
                f"{caller} was given f={_label(f)}, a generator function. f must return its value. "
                f"Write return instead of yield."
            )
            raise InputError(msg)
        self.f, self.caller, self.name, self.given = f, caller, _label(f), ""
        #: what numerical derivatives may do with complex numbers: nothing where f has a loop that may wait for them without end
        self.complex_step: Any = False if may_not_end(f) else "auto"
        names = _required(f)
        self.several = type(x) is tuple and (
            argnums != 0 or not isinstance(argnums, int) or (names is not None and len(names) == len(x) > 1)
        )
        self.args: tuple[Any, ...] = x if self.several else (x,)
        self.single = not (isinstance(argnums, tuple | list) or argnums == "all")
        self.places = _places(argnums, self.args, parameter_names(f), caller)
        self._settle()

    def _settle(self) -> None:
        chosen = tuple(self.args[place] for place in self.places)
        self.moving = chosen[0] if self.single else chosen
        self.point = Argument(self.moving, "x")
        if self.point.vector.size == 0:
            msg = (
                f"{self.caller} was given x={self.moving!r}, which holds no numbers. There must be at least one entry to "
                f"check. Pass a non-empty array."
            )
            raise InputError(msg)
        self.paths = leaf_paths(self.point.treedef, len(self.point.leaves))

    def widen(self) -> None:
        """Let all arguments move: the claimed gradient turned out to have one part for each."""
        self.single, self.places = False, list(range(len(self.args)))
        self._settle()

    @property
    def size(self) -> int:
        """Number of real numbers in the moving arguments."""
        return self.point.vector.size

    @property
    def unit(self) -> float:
        """The relative spacing of the coarsest floating-point type among the moving arguments."""
        return max(float(np.finfo(dtype).eps) for dtype in self.point.dtypes)

    @property
    def has_integers(self) -> bool:
        """Whether the caller's own x holds integers (it is differentiated as floats)."""
        return any(np.asarray(leaf).dtype.kind in "iu" for leaf in self.point.leaves)

    def arguments(self, moving: Any) -> tuple[Any, ...]:
        """All arguments of f, with the moving ones replaced."""
        values = (moving,) if self.single else moving
        args = list(self.args)
        for place, value in zip(self.places, values, strict=True):
            args[place] = value
        return tuple(args)

    def call(self, moving: Any) -> Any:
        """Call f as a function of the moving arguments alone."""
        return watched(self.f)(*self.arguments(moving))

    def value(self, vector: np.ndarray) -> Any:
        """Return f at a vector, on fresh copies."""
        return self.call(self.point.build(vector))

    def original(self) -> Any:
        """A copy of the moving arguments as the caller gave them, integers still integers."""
        leaves = [np.array(leaf) if isinstance(leaf, np.ndarray) else leaf for leaf in self.point.leaves]
        return self.point.treedef.rebuild(leaves)

    def first(self) -> Any:
        """f(x), which must succeed."""
        try:
            result = self.value(self.point.vector)
        except Exception as error:
            msg = (
                f"f(x) raised {type(error).__name__}: {error}. f must return numbers at x itself. Check that f takes "
                f"{len(self.args)} argument{'s' if len(self.args) != 1 else ''} of these types and shapes."
            )
            raise InputError(msg) from error
        return result

    def place(self, entry: int) -> str:
        """Name one entry of the vector as a person would: ``w[2]``, ``params['bias'][0, 1]``, or nothing for a number."""
        for path, shape, (real, imaginary) in zip(self.paths, self.point.shapes, self.point.slices, strict=True):
            for part, suffix in ((real, ""), (imaginary, " (imaginary part)")):
                if part is not None and part.start <= entry < part.stop:
                    index = np.unravel_index(entry - part.start, shape)
                    inside = f"[{', '.join(map(str, index))}]" if shape else ""
                    return f"{path}{inside}{suffix}"
        return f"[{entry}]"


def leaf_paths(treedef: TreeDef, count: int) -> list[str]:
    """Names of the leaves below a root without a name; [""] for a single leaf."""
    return [""] if treedef is LEAF else [str(path) for path in treedef.paths("")][:count]


def read_claim(value: Any, treedef: TreeDef, shapes: list[tuple[int, ...]], what: str) -> tuple[list[np.ndarray], str]:
    """Return the leaves of a claimed derivative, and "" or a sentence that says which shape is wrong.

    Raises
    ------
    InputError
        If the value is None, a generator, or does not consist of numbers.
    """
    if value is None:
        msg = f"{what} returned None. It must return numbers. Add the missing return statement."
        raise InputError(msg)
    if inspect.isgenerator(value) or (hasattr(value, "__next__") and not hasattr(value, "__array__")):
        msg = (
            f"{what} returned a {type(value).__name__}. It must return numbers. Write list(...) or np.array(list(...))."
        )
        raise InputError(msg)
    if treedef is LEAF:
        return _one_leaf(value, shapes[0], what)
    leaves, structure = flatten(value, name=f"the value of {what}")
    if structure != treedef:
        parts = _loose_parts(value, treedef)
        if parts is None:
            arrays = [as_numbers(leaf, what) for leaf in leaves if leaf is not None]
            return (
                arrays,
                f"{what} returned {_described(structure, leaves)}; {describe(treedef)} is required, the containers of x",
            )
        leaves = parts
    arrays = [as_numbers(leaf, what) for leaf in leaves]
    for array, shape, path in zip(arrays, shapes, leaf_paths(treedef, len(shapes)), strict=True):
        if array.shape != shape:
            return arrays, f"{what} returned shape {array.shape} for {path}; {shape} is required"
    return arrays, ""


def _described(structure: TreeDef, leaves: list[Any]) -> str:
    """A structure as text, a star for each leaf; of an array alone its shape."""
    return f"an array of shape {np.shape(leaves[0])}" if structure is LEAF else describe(structure)


def _one_leaf(value: Any, shape: tuple[int, ...], what: str) -> tuple[list[np.ndarray], str]:
    array = as_numbers(value, what)
    return [array], "" if array.shape == shape else f"{what} returned shape {array.shape}; {shape} is required"


def _loose_parts(value: Any, treedef: TreeDef) -> list[Any] | None:
    """Read a list where a tuple is required, or an array with one entry for each number of a flat container."""
    count = treedef.num_leaves
    flat = isinstance(value, list | tuple) and all(
        np.ndim(part) == 0 for part in value if not isinstance(part, list | tuple)
    )
    if all(child is LEAF for child in treedef.children) and (
        flat or (isinstance(value, np.ndarray) and value.ndim == 1)
    ):
        parts = list(value)
        return parts if len(parts) == count else None
    rows = isinstance(value, tuple | list) or (isinstance(value, np.ndarray) and value.ndim > 1)
    if rows and treedef.kind in (tuple, list) and len(value) == len(treedef.children):
        leaves: list[Any] = []
        for part, child in zip(value, treedef.children, strict=True):
            found, structure = flatten(part)
            if structure != child:
                loose = [part] if child is LEAF else _loose_parts(part, child)
                if loose is None:
                    return None
                found = loose
            leaves += found
        return leaves
    return None


def as_numbers(leaf: Any, what: str) -> np.ndarray:
    """Return a leaf of a claimed derivative as an array of numbers, in its own dtype."""
    try:
        array = np.asarray(leaf)
    except (TypeError, ValueError) as error:
        msg = f"{what} returned {leaf!r}, which is no array of numbers. It must return numbers. Give it one shape."
        raise InputError(msg) from error
    if array.dtype.kind not in "fciu":
        shown = f"{leaf!r} of type {type(leaf).__name__}" if array.ndim == 0 else f"an array of dtype {array.dtype}"
        msg = f"{what} returned {shown}. It must return real numbers. Convert the result with np.asarray(..., float)."
        raise InputError(msg)
    return array


def to_vector(arrays: list[np.ndarray], point: Argument, what: str) -> np.ndarray:
    """Return the leaves of a claimed gradient as one vector laid out as the point's."""
    vector = np.empty(point.vector.size)
    for array, (real, imaginary) in zip(arrays, point.slices, strict=True):
        flat = array.ravel()
        if imaginary is None and flat.dtype.kind == "c":
            msg = (
                f"{what} returned complex numbers for a real x. The derivative of a real function of real numbers is real. "
                f"Return its real part if the imaginary part is rounding."
            )
            raise InputError(msg)
        vector[real] = flat.real
        if imaginary is not None:
            vector[imaginary] = flat.imag
    return vector


def _required(f: Any) -> list[str] | None:
    """Names of the positional parameters that must be given; None if the signature is unknown."""
    try:
        parameters = signature_of(f).parameters.values()
    except (TypeError, ValueError):
        return None
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [p.name for p in parameters if p.kind in kinds and p.default is p.empty]


def _places(argnums: Any, args: tuple[Any, ...], names: list[str] | None, caller: str) -> list[int]:
    if isinstance(argnums, str) and argnums == "all":
        return list(range(len(args)))
    asked = list(argnums) if isinstance(argnums, tuple | list) else [argnums]
    places = []
    for one in asked:
        place: Any = one
        if isinstance(one, str) and names is not None and one in names:
            place = names.index(one)
        if isinstance(place, bool) or not isinstance(place, int | np.integer) or not -len(args) <= place < len(args):
            msg = (
                f"{caller} was given argnums={argnums!r} and x with {len(args)} argument{'s' if len(args) != 1 else ''}. "
                f"argnums must name arguments that are given. Pass x as the tuple of all arguments of f."
            )
            raise InputError(msg)
        places.append(int(place) % len(args))
    if not places or len(set(places)) != len(places):
        msg = f"{caller} was given argnums={argnums!r}. It must name each argument once, and at least one. Write argnums=0."
        raise InputError(msg)
    return places


def _label(f: Callable[..., Any]) -> str:
    name = getattr(f, "__name__", type(f).__name__)
    return name if name.isidentifier() else "f"
