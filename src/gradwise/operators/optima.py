r"""Minima with constraints as functions of what objective and constraints depend on: the implicit function theorem for the conditions of Karush, Kuhn and Tucker.

Let :math:`c(x) = 0` be the constraints that hold at the minimum (equations, and inequalities and bounds that are active).  There

.. math:: \nabla f(x) = J_c(x)^T \lambda, \qquad c(x) = 0

which is the stationary point of :math:`f(x) - \lambda \cdot c(x)` in :math:`(x, \lambda)`.  Its derivative exists where the rows of :math:`J_c` are independent, no multiplier of an inequality is zero, and
the curvature along the constraints is positive (Fiacco 1976, *Mathematical Programming* 10, theorem 2.1).  The steps are those of ``implicit.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.errors import SingularPointError
from gradwise.operators.borrowing import Own, own, trying
from gradwise.operators.implicit import gradient_of, vector_root
from gradwise.operators.jacobians import jacobian
from gradwise.operators.results import plain_value
from gradwise.tracing.optima import install

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: a multiplier below this part of the gradient's size is taken for zero
_ZERO = 1e-6


class Degenerate(ArithmeticError):
    """A minimum without a derivative; the text says why."""


def jacobian_at(f: Callable[..., Any], t: Any, args: Sequence[Any]) -> Any:
    """The Jacobian of ``f`` by its first argument, as a value of what ``f`` reads."""
    equation = own(f)
    return trying(equation, lambda: jacobian(equation, argnums=0, method="exact", check=False)(t, *args))


def _plain(value: Any) -> np.ndarray:
    value = plain_value(value)
    while hasattr(value, "__primitive__"):  # of an outer trace
        value = plain_value(value)
    return np.asarray(value, float)


def constrained_point(
    f: Callable[..., Any], t: np.ndarray, args: Sequence[Any], active: Callable[[Any], Any], signs: np.ndarray
) -> tuple[Any, Any]:
    """The minimum and its multipliers.

    Parameters
    ----------
    f : callable
        The objective, a number; of x and ``args``.
    t : array (n,)
        The minimum.
    active : callable
        x → the constraints that hold with equality there, a vector.
    signs : array of bool
        Which of them are inequalities, whose multipliers must be positive.

    Raises
    ------
    Degenerate
        If the minimum has no derivative.
    """
    objective, held = own(f), own(active)
    return trying(objective, lambda: trying(held, lambda: _constrained(objective, t, args, held, signs)))


def _constrained(f: Own, t: np.ndarray, args: Sequence[Any], active: Own, signs: np.ndarray) -> tuple[Any, Any]:
    slope = _plain(gradient_of(f)(t, *args))
    rows = np.atleast_2d(_plain(jacobian_at(active, t, ())))
    if np.linalg.matrix_rank(rows) < len(rows):
        raise Degenerate("the constraints that hold there are not independent")
    multipliers = np.linalg.lstsq(rows.T, slope, rcond=None)[0]
    size = _ZERO * (np.max(np.abs(slope), initial=0.0) + np.max(np.abs(multipliers), initial=0.0))
    if np.any(signs & (multipliers <= max(size, 1e-12))):
        raise Degenerate("an inequality holds there with equality without being needed (its multiplier is zero)")
    n = t.size

    def lagrangian(z: Any, *args: Any) -> Any:
        x = z[:n]
        return f(x, *args) - np.sum(z[n:] * active(x))

    with np.errstate(all="ignore"):
        try:
            z = vector_root(gradient_of(lagrangian), np.concatenate([t, multipliers]), args, inside=f)
        except (np.linalg.LinAlgError, SingularPointError):
            raise Degenerate("the objective is flat there along the constraints") from None
    if not np.all(np.isfinite(_plain(z))):
        raise Degenerate("the objective is flat there along the constraints")
    return z[:n], z[n:]


install(constrained_point, jacobian_at)
