"""Roots as functions of what their equation depends on: the implicit function theorem, by Newton's steps from a root that is known.

    f(t*(θ), θ) = 0   ⇒   t − (∂f/∂t)⁻¹ f(t, θ)  has the value and the derivative of t*(θ)

at t = t*, and repeated k times its derivatives up to order 2ᵏ − 1 (Griewank & Walther, Evaluating Derivatives, section 15.2): two steps give first, second and third derivatives.  θ is what the
function reads, values of an enclosing trace.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.errors import SingularPointError
from gradwise.operators.arguments import Arguments
from gradwise.operators.borrowing import own, trying
from gradwise.operators.engine import linearize_call
from gradwise.operators.gradients import grad
from gradwise.operators.jacobians import jacobian_blocks
from gradwise.operators.linearization import Linearization
from gradwise.tracing.arithmetic import plain
from gradwise.tracing.roots import install, install_separable
from gradwise.tracing.traced import dtype_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: Newton steps: derivatives up to the third are exact
_STEPS = 2


def _linearized(f: Callable[..., Any], t: Any, args: Sequence[Any]) -> tuple[Linearization, list[Any]]:
    linearization = linearize_call(f, Arguments(f, 0, (t, *args), {}, "jvp"))
    return linearization, linearization.values


def scalar_root(f: Callable[..., Any], t: Any, args: Sequence[Any], *, entry: int = 0) -> Any:
    """The root ``t`` (a number, or numbers of which each has an equation of its own) as a function of what ``f`` reads; ``entry``: which of the values of ``f``."""
    equation = own(f)
    root = trying(equation, lambda: _by_entries(equation, t, args, entry))
    equation.leave(root, *args)
    return root


def _by_entries(equation: Callable[..., Any], x: Any, args: Sequence[Any], entry: int = 0) -> Any:
    """Newton's steps where each entry has an equation of its own: one tangent gives all slopes."""
    for _ in range(_STEPS):
        linearization, values = _linearized(equation, x, args)
        # of the type of x, which a parameter of float32 makes one after the first step
        tangent = np.ones_like(x) if np.ndim(x) or dtype_of(plain(x)) == np.float32 else 1.0
        slope = linearization.jvp([tangent])[entry]
        x = x - values[entry] / (0.0 if slope is None else slope)
    return x


def stationary_entries(f: Callable[..., Any], t: Any, args: Sequence[Any]) -> Any:
    """The minima ``t`` of a function that gives each entry its own value, as a function of what ``f`` reads."""
    objective = own(f)
    slopes = gradient_of(lambda x, *args: np.sum(objective(x, *args)))
    minima = trying(objective, lambda: _by_entries(slopes, t, args))
    objective.leave(minima, *args)
    return minima


def vector_root(
    f: Callable[..., Any],
    t: Any,
    args: Sequence[Any],
    *,
    count: int | None = None,
    fixed: bool = False,
    inside: Any = None,
) -> Any:
    """The root ``t`` (a vector) of as many equations, or with ``fixed`` the solution of f(t) = t; ``count``: how many leaves of what ``f`` returns are equations; ``inside``: what of ``f`` has arrays of its own."""
    shape = np.shape(t)
    equation: Any = own(f) if inside is None else f

    def found() -> Any:
        x = t
        for _ in range(_STEPS):
            linearization, values = _linearized(equation, x, args)
            rows = jacobian_blocks(linearization, "forward")
            size = int(np.prod(shape))
            jacobian = np.concatenate([np.reshape(row[0], (-1, size)) for row in rows[:count]])
            residual = np.concatenate([np.reshape(v, (-1,)) for v in values[:count]])
            if fixed:
                jacobian, residual = jacobian - np.eye(size), residual - np.reshape(x, (-1,))
            x = x - np.reshape(_step(jacobian, residual), shape)
        return x

    root = trying(equation if inside is None else inside, found)
    if inside is None:
        equation.leave(root, *args)
    return root


def _step(jacobian: Any, residual: Any) -> Any:
    """Newton's step."""
    try:
        return np.linalg.solve(jacobian, residual)
    except np.linalg.LinAlgError:
        raise SingularPointError(
            "A root or minimum was differentiated where the Jacobian of its equation (the Hessian of the objective) is singular, so that its derivative is not determined. "
            "A solution that is alone around it is required. Fix the parameters that the equations do not determine, or differentiate what they do determine"
        ) from None


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
    objective = own(f)

    def energy(moving: Any, *args: Any) -> Any:
        x = np.zeros_like(moving, shape=whole.shape) + whole  # a traced vector
        x[places] = moving
        value = objective(np.reshape(x, shape) if shape else x[0], *args)
        if type(value) is tuple:  # the value and its gradient
            value = value[0]
        value = np.asarray(value) if isinstance(value, list) else value
        return 0.5 * np.sum(value**2) if np.ndim(value) else value

    slope = gradient_of(energy)
    moving = vector_root(slope, whole[places], args, inside=objective)
    made = np.zeros_like(moving, shape=whole.shape) + whole
    made[places] = moving
    made = np.reshape(made, shape)
    objective.leave(made, *args)
    return made


def gradient_of(energy: Callable[..., Any]) -> Callable[..., Any]:
    """The gradient by the first argument, as a function that can be traced."""
    return grad(energy, argnums=0, method="exact", check=False)


install(scalar_root, vector_root, stationary_point)
install_separable(stationary_entries)
