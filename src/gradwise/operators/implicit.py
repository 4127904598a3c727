"""Roots as functions of what their equation depends on: the implicit function theorem, by Newton's steps from a root that is known.

    f(t*(θ), θ) = 0   ⇒   t − (∂f/∂t)⁻¹ f(t, θ)  has the value and the derivative of t*(θ)

at t = t*, and repeated k times its derivatives up to order 2ᵏ − 1 (Griewank & Walther, Evaluating Derivatives, section 15.2): two steps give first, second and third derivatives.  θ is what the
function reads, values of an enclosing trace.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.operators.arguments import Arguments
from gradwise.operators.engine import Linearization, linearize_call
from gradwise.operators.gradients import grad
from gradwise.operators.jacobians import jacobian_blocks
from gradwise.tracing.roots import install

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: Newton steps: derivatives up to the third are exact
_STEPS = 2


def _linearized(f: Callable[..., Any], t: Any, args: Sequence[Any]) -> tuple[Linearization, list[Any]]:
    linearization = linearize_call(f, Arguments(f, 0, (t, *args), {}, "jvp"))
    return linearization, linearization.values


def scalar_root(f: Callable[..., Any], t: Any, args: Sequence[Any], *, entry: int = 0) -> Any:
    """The root ``t`` (a number, or numbers of which each has an equation of its own) as a function of what ``f`` reads; ``entry``: which of the values of ``f``."""
    for _ in range(_STEPS):
        linearization, values = _linearized(f, t, args)
        tangent = np.ones_like(t) if np.ndim(t) else 1.0
        slope = linearization.jvp([tangent])[entry]
        t = t - values[entry] / (0.0 if slope is None else slope)
    return t


def vector_root(
    f: Callable[..., Any], t: Any, args: Sequence[Any], *, count: int | None = None, fixed: bool = False
) -> Any:
    """The root ``t`` (a vector) of as many equations, or with ``fixed`` the solution of f(t) = t; ``count``: how many leaves of what ``f`` returns are equations."""
    shape = np.shape(t)
    for _ in range(_STEPS):
        linearization, values = _linearized(f, t, args)
        rows = jacobian_blocks(linearization, "forward")
        size = int(np.prod(shape))
        jacobian = np.concatenate([np.reshape(row[0], (-1, size)) for row in rows[:count]])
        residual = np.concatenate([np.reshape(v, (-1,)) for v in values[:count]])
        if fixed:
            jacobian, residual = jacobian - np.eye(size), residual - np.reshape(t, (-1,))
        t = t - np.reshape(np.linalg.solve(jacobian, residual), shape)
    return t


def stationary_point(f: Callable[..., Any], t: Any, args: Sequence[Any], free: np.ndarray | None = None) -> Any:
    """The minimum ``t`` of a function (a number, or a vector) as a function of what ``f`` reads: a root of its gradient.

    ``free`` says which entries may move; the others are at their bounds.  ``f`` gives a number, or numbers half of whose squares' sum is minimised.

    Raises
    ------
    TracingError
        If the gradient is not zero there: a Newton step goes too far.
    """
    shape = np.shape(t)
    places = np.arange(int(np.prod(shape))) if free is None else np.flatnonzero(free)
    whole = np.reshape(np.asarray(t, float), (-1,))

    def energy(moving: Any, *args: Any) -> Any:
        x = np.zeros_like(moving, shape=whole.shape) + whole  # a traced vector
        x[places] = moving
        value = f(np.reshape(x, shape) if shape else x[0], *args)
        if type(value) is tuple:  # the value and its gradient
            value = value[0]
        value = np.asarray(value) if isinstance(value, list) else value
        return 0.5 * np.sum(value**2) if np.ndim(value) else value

    slope = gradient_of(energy)
    moving = vector_root(slope, whole[places], args)
    made = np.zeros_like(moving, shape=whole.shape) + whole
    made[places] = moving
    return np.reshape(made, shape)


def gradient_of(energy: Callable[..., Any]) -> Callable[..., Any]:
    """The gradient by the first argument, as a function that can be traced."""
    return grad(energy, argnums=0, method="exact", check=False)


install(scalar_root, vector_root, stationary_point)
