"""A function of several variables with its derivatives, in R^n and float64, however its author wrote it.

    FlatFunction : (f, x)  →  v ∈ Rⁿ ↦ f(v), ∇f(v), H(v), H(v)·u

``vector_form.py`` cuts the vector into the arguments; here are the derivatives and the names that pictures show.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradwise.errors import InputError, OutputError, TracingError
from gradwise.geometry.vector_form import VectorForm
from gradwise.operators import hessian, hvp, kinks, value_and_grad
from gradwise.operators.arguments import parameter_names
from gradwise.operators.points import spread_point

__all__ = ["FlatFunction"]


class FlatFunction:
    """A function of n variables as a function of a vector of length n.

    Parameters
    ----------
    f : callable
        f(v) of an array of any shape, f(x, y, …) of numbers, or f of a container of arrays; returns one real number.
    x : array_like or container
        A point, which tells how f is called.  A list or tuple of numbers for an f(v) becomes an array.
    operator : str
        The public function that asks, for messages.
    method : str
        As for `gradwise.grad`.

    Attributes
    ----------
    f, x
        As given.
    point : ndarray of shape (n,)
    labels : list of str
        A name for each variable: ``x``, ``y`` or ``v[0]``, ``v[1]``, …
    name : str
        The name of f.
    several : bool
        Whether f takes one argument for each variable.
    """

    def __init__(self, f: Callable[..., Any], x: Any, operator: str, method: str = "auto") -> None:
        several = callable(f) and spread_point(f, x) is not None
        if not several and isinstance(x, (list, tuple)) and all(np.ndim(v) == 0 and not hasattr(v, "keys") for v in x):
            x = np.asarray(x)  # numbers for an f(v): an array, as f most likely expects
        if isinstance(x, np.ndarray) and x.dtype.kind not in "fiuc":
            raise InputError(
                f"gw.{operator} was given a point of dtype {x.dtype}. Real numbers are required. Convert the point to float"
            )
        self.form = VectorForm(f, x, operator)
        self.f, self.x, self.name = f, x, self.form.__name__
        self.point = self.form.point.astype(np.float64)
        self.several = several
        names = parameter_names(f) or ["v"]
        self.labels = self.form.names
        if not several and isinstance(x, np.ndarray) and x.ndim:
            self.labels = [f"{names[0]}[{', '.join(map(str, index))}]" for index in np.ndindex(*x.shape)]
        elif not several and self.point.size == 1:
            self.labels = [names[0]]
        self._value_and_grad = value_and_grad(self.form, method=method)
        self._hessian = hessian(self.form, method=method)
        self._hvp = hvp(self.form, method=method)

    @property
    def size(self) -> int:
        """The number of variables."""
        return int(self.point.size)

    def __call__(self, v: np.ndarray) -> float:
        """Return f(v); nan where f raises an ArithmeticError or ValueError, as `math.log` does outside its domain."""
        v = np.array(v, dtype=np.float64)
        with np.errstate(all="ignore"):
            try:
                value = self.f(*v.tolist()) if self.several else self.form(v)
            except InputError:
                raise
            except (ArithmeticError, ValueError):
                return np.nan
        array = np.asarray(value)
        if array.ndim != 0 or array.dtype.kind not in "fiu":
            kind = f"an array of shape {array.shape}" if array.ndim else f"{value!r}"
            raise OutputError(
                f"{self.name} returned {kind}. One real number is required. Reduce it to one (np.sum, value[0], abs)"
            )
        return float(array)

    def value_and_gradient(self, v: np.ndarray) -> tuple[float, np.ndarray]:
        """Return f(v) and ∇f(v)."""
        with np.errstate(all="ignore"):
            value, gradient = self._value_and_grad(np.array(v, dtype=np.float64))
        return float(value), np.asarray(gradient, dtype=np.float64)

    def try_value_and_gradient(self, v: np.ndarray) -> tuple[float, np.ndarray]:
        """Return f(v) and ∇f(v), nan beyond the domain: where f is not finite, or raises an ArithmeticError or ValueError."""
        try:
            value, gradient = self.value_and_gradient(v)
        except InputError:
            raise
        except (ArithmeticError, ValueError):
            value = np.nan
        if not np.isfinite(value):  # 1/x is finite where log x is nan
            return np.nan, np.full(self.size, np.nan)
        return value, gradient

    def on_kink(self, v: np.ndarray) -> bool:
        """Whether an operation of f stands on a kink at v; False also where f cannot be traced, and nothing is known."""
        try:
            with np.errstate(all="ignore"):
                return bool(kinks(self.form, np.array(v, dtype=np.float64)))
        except (TracingError, ArithmeticError, ValueError):
            return False

    def hessian(self, v: np.ndarray) -> np.ndarray:
        """Return the Hessian, symmetric to the last bit."""
        with np.errstate(all="ignore"):
            matrix = np.asarray(self._hessian(np.array(v, dtype=np.float64)), dtype=np.float64)
        return (matrix + matrix.T) / 2

    def hessian_vector(self, v: np.ndarray, u: np.ndarray) -> np.ndarray:
        """Return H(v)·u."""
        with np.errstate(all="ignore"):
            product = self._hvp(np.array(v, dtype=np.float64), np.array(u, dtype=np.float64))
        return np.asarray(product, dtype=np.float64)
