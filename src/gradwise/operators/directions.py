"""directional_derivative and taylor: along a direction that the caller gives."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.errors import InputError, OutputError
from gradwise.operators.arguments import Arguments, function_label, require_callable
from gradwise.operators.derived import derived
from gradwise.operators.engine import linearize_call
from gradwise.operators.estimates import numerical_directional, numerical_taylor
from gradwise.operators.fallback import choose
from gradwise.operators.lines import along_line, check_order, nth_along, ones_for, require_floating
from gradwise.operators.points import spread_point
from gradwise.operators.results import output_leaves
from gradwise.operators.vectors import match_vector
from gradwise.tracing import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable


def directional_derivative(
    f: Callable[..., Any],
    order: int = 1,
    normalize: bool = True,
    *,
    method: str = "auto",
    check: bool | None = None,
    pure: bool | None = None,
) -> Callable[..., Any]:
    """A function returning the slope of ``f`` along a direction: D_u f(x) = dⁿ/dtⁿ f(x + t u/‖u‖) at t = 0.

    Parameters
    ----------
    f : callable
        f(v) of a vector (or any container), or f(x, y, …) of numbers; then the point is a tuple or array with one entry for each.
    order : int
        1 for the slope, 2 for the curvature uᵀHu, and so on.
    normalize : bool
        Divide u by its Euclidean length.  With False the result is ∇f·u, as :func:`gradwise.jvp` gives it.
    method, check, pure
        As for :func:`gradwise.grad`.

    Returns
    -------
    callable
        ``(x, u) → D_u f(x)``.

    Raises
    ------
    InputError
        If u is zero and normalize is True, or u and x do not match.

    Examples
    --------
    >>> import gradwise as gw
    >>> f = lambda x, y: x**2 + y**2
    >>> gw.directional_derivative(f)((1.0, 2.0), (3.0, 4.0))
    4.4
    """
    require_callable(f, "directional_derivative")
    order = check_order(order, "directional_derivative")

    def prepare(args: Any, kwargs: Any) -> tuple[Arguments, list[Any]]:
        if len(args) != 2:
            raise InputError(
                f"gw.directional_derivative(f) takes a point and a direction and was given {len(args)} arguments. Write gw.directional_derivative(f)(x, u)"
            )
        point, direction = args
        spread = spread_point(f, point)
        if spread is not None:
            arguments = Arguments(f, tuple(range(len(spread))), spread, kwargs, "directional_derivative")
            if np.ndim(direction.current() if isinstance_traced(direction) else direction) != 1 or len(
                direction
            ) != len(spread):
                raise InputError(
                    f"the direction is {direction!r}. One number for each of the {len(spread)} arguments is required"
                )
            vectors = match_vector(
                [direction[i] for i in range(len(spread))],
                arguments.leaves,
                arguments.treedefs,
                "direction",
                "the point",
            )
        else:
            arguments = Arguments(f, 0, (point,), kwargs, "directional_derivative")
            vectors = match_vector((direction,), arguments.leaves, arguments.treedefs, "direction", "the point")
        return arguments, unit_direction(vectors) if normalize else vectors

    def exact(*args: Any, **kwargs: Any) -> Any:
        arguments, vectors = prepare(args, kwargs)
        return nth_along(f, arguments, vectors, order, "directional_derivative")

    def numerical(*args: Any, **kwargs: Any) -> tuple[Any, str]:
        arguments, vectors = prepare(args, kwargs)
        return numerical_directional(arguments, vectors, order)

    return derived(
        choose(f, "directional_derivative", method, exact, numerical, check, pure),
        directional_derivative,
        f,
        order,
        normalize,
        method=method,
        check=check,
        pure=pure,
    )


def unit_direction(vectors: list[Any]) -> list[Any]:
    """u/‖u‖ over all leaves, without overflow."""
    largest = max(
        (float(np.max(np.abs(v.current() if isinstance_traced(v) else v), initial=0.0)) for v in vectors), default=0.0
    )
    if largest == 0.0:
        raise InputError(
            "the direction is zero. A direction of some length is required. normalize=False gives ∇f·u, which is 0"
        )
    if not np.isfinite(largest):
        raise InputError("the direction holds inf or nan. A finite direction is required")
    scaled = [v / largest for v in vectors]
    length = np.sqrt(sum(np.sum(np.real(v * np.conj(v))) for v in scaled))
    return [v / length for v in scaled]


def taylor(
    f: Callable[..., Any], order: int, *, method: str = "auto", check: bool | None = None, pure: bool | None = None
) -> Callable[..., Any]:
    """A function returning the Taylor coefficients of t ↦ f(x + t u) at t = 0: cₖ = f⁽ᵏ⁾/k!, k = 0 … order.

    Parameters
    ----------
    f : callable
        Returns a number or an array.
    order : int
        At least 0.
    method, check, pure
        As for :func:`gradwise.grad`.

    Returns
    -------
    callable
        ``(x, direction=None) →`` array of shape ``(order + 1, *value.shape)``.  The direction may be left out for a number x (u = 1); it is not
        normalised.

    Raises
    ------
    InputError
        If x is an array or container and no direction is given.

    Examples
    --------
    >>> import numpy as np
    >>> import gradwise as gw
    >>> gw.taylor(np.exp, 3)(0.0).round(6)
    array([1.      , 1.      , 0.5     , 0.166667])
    """
    require_callable(f, "taylor")
    order = check_order(order, "taylor", 0)

    def prepare(x: Any, direction: Any) -> tuple[Arguments, list[Any]]:
        spread = spread_point(f, x)
        if spread is not None:
            arguments = Arguments(f, tuple(range(len(spread))), spread, {}, "taylor")
        else:
            arguments = Arguments(f, 0, (x,), {}, "taylor")
        if direction is None:
            if len(arguments.leaves) != 1 or np.ndim(arguments.leaves[0]) != 0:
                raise InputError(
                    "gw.taylor was given a point with several entries and no direction. A direction is required. Write gw.taylor(f, order)(x, u)"
                )
            return arguments, [ones_for(arguments.leaves[0])]
        pieces = [direction[i] for i in range(len(spread))] if spread is not None else (direction,)
        return arguments, match_vector(pieces, arguments.leaves, arguments.treedefs, "direction", "the point")

    def exact(x: Any, direction: Any = None) -> Any:
        arguments, vectors = prepare(x, direction)
        linearization = linearize_call(f, arguments, order=order)
        require_floating(linearization, f, "taylor")
        if linearization.recording.structure.paths() != [""]:
            raise OutputError(
                f"gw.taylor of {function_label(f)}: the function returned a container. A number or an array is required"
            )
        levels = along_line(linearization, vectors, order)
        rows = [output_leaves(linearization, level)[0] / math.factorial(k) for k, level in enumerate(levels)]
        return np.stack(rows)

    def numerical(x: Any, direction: Any = None) -> tuple[Any, str]:
        return numerical_taylor(*prepare(x, direction), order)

    return derived(
        choose(f, "taylor", method, exact, numerical, check, pure),
        taylor,
        f,
        order,
        method=method,
        check=check,
        pure=pure,
    )
