"""A function of any arguments as a function of one vector that keeps the precision and the containers of the point.

VectorForm : (f : x → R, x)  →  (z ∈ Rⁿ → R),   z the leaves of x one behind the other
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.errors import InputError
from gradwise.operators.arguments import Arguments, function_label, require_callable
from gradwise.operators.points import spread_point

if TYPE_CHECKING:
    from collections.abc import Callable


class VectorForm:
    """f(v) of a vector, f(x, y, …) of numbers, or f of a container, as a function of one vector.

    Parameters
    ----------
    f : callable
    x : object
        A point: an array, a number, a container; a tuple or array with one entry for each argument where f takes several.
    operator : str
        Who asks, for messages.

    Attributes
    ----------
    point : numpy.ndarray
        The vector of x, shape (n,), of the dtype to which its leaves promote.
    unit : float
        The unit roundoff of the least precise leaf.
    divisor : float
        Divides the values of f; 1 but for `divided`.

    Raises
    ------
    InputError
        If the point is empty, complex, or holds nan or infinities.
    """

    def __init__(self, f: Callable[..., Any], x: Any, operator: str) -> None:
        require_callable(f, operator, "(f, …), with f the function itself")
        spread = spread_point(f, x)
        self._arguments = (
            Arguments(f, 0, (x,), {}, operator)
            if spread is None
            else Arguments(f, tuple(range(len(spread))), spread, {}, operator)
        )
        leaves = [np.asarray(leaf) for leaf in self._arguments.leaves]
        self.__name__ = function_label(f)
        if any(leaf.dtype.kind == "c" for leaf in leaves):
            raise InputError(
                f"gw.{operator} was given the complex point {x!r}. A real point is required. Write the function of the real and imaginary parts"
            )
        if sum(leaf.size for leaf in leaves) == 0:
            raise InputError(
                f"gw.{operator} was given the point {x!r}, which holds no numbers. A point with at least one entry is required"
            )
        self.divisor = 1.0
        self._shapes = [leaf.shape for leaf in leaves]
        self._dtypes = [leaf.dtype for leaf in leaves]
        stops = np.cumsum([leaf.size for leaf in leaves])
        self._slices = [(int(stop) - leaf.size, int(stop)) for stop, leaf in zip(stops, leaves, strict=True)]
        self._dtype = np.result_type(*self._dtypes)
        self._alone = len(leaves) == 1 and isinstance(self._arguments.leaves[0], np.ndarray) and leaves[0].ndim == 1
        self.point = np.concatenate([leaf.ravel() for leaf in leaves]).astype(self._dtype)
        self.unit = max(float(np.finfo(d).eps) / 2 for d in self._dtypes)
        if not np.all(np.isfinite(self.point)):
            raise InputError(f"gw.{operator} was given the point {x!r}. Finite numbers are required")

    @property
    def size(self) -> int:
        """The number of variables."""
        return int(self.point.size)

    @property
    def closeness(self) -> float:
        """How far a critical point may be from a point that counts as one: u^¼ max(1, ‖x‖∞)."""
        return float((2 * self.unit) ** 0.25 * max(1.0, float(np.max(np.abs(self.point)))))

    @property
    def names(self) -> list[str]:
        """The name of each entry: the argument's own name, with an index where it has several entries."""
        arguments = self._arguments
        paths = [
            path
            for tree, label in zip(arguments.treedefs, arguments.labels or ["x"], strict=True)
            for path in tree.paths(label)
        ]
        return [
            path + (f"[{', '.join(map(str, i))}]" if shape else "")
            for path, shape in zip(paths, self._shapes, strict=True)
            for i in np.ndindex(shape)
        ]

    def leaves(self, z: Any) -> list[Any]:
        """The vector z (plain or traced) cut into the leaves of the arguments."""
        if self._alone:
            return [z]
        pieces = []
        for (start, stop), shape, dtype in zip(self._slices, self._shapes, self._dtypes, strict=True):
            piece = z[start:stop].reshape(shape) if shape else z[start]
            pieces.append(piece if dtype == self._dtype else piece.astype(dtype))
        return pieces

    def __call__(self, z: Any) -> Any:
        """The value of f at the vector z."""
        value = self._arguments.call(self.leaves(z))
        return value if self.divisor == 1.0 else value / self.divisor

    def divided(self, divisor: float) -> VectorForm:
        """The same function divided by a number: derivatives of 1e200 f overflow in products, those of f do not."""
        other = copy.copy(self)
        other.divisor = divisor
        return other

    def rebuild(self, z: np.ndarray) -> Any:
        """A vector in the container of the point: a tuple where f takes several arguments, floats where the point had them."""
        leaves: list[Any] = []
        for (start, stop), shape, like in zip(self._slices, self._shapes, self._arguments.leaves, strict=True):
            if shape:
                leaves.append(z[start:stop].reshape(shape).copy())
            else:
                leaves.append(float(z[start]) if type(like) is float else np.asarray(z[start])[()])
        return self._arguments.result(leaves)
