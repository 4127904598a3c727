"""divergence, curl, laplacian: derivatives of vector and scalar fields."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.containers import flatten
from gradwise.errors import InputError, OutputError
from gradwise.operators.arguments import Arguments, function_label, require_callable
from gradwise.operators.derived import derived
from gradwise.operators.engine import linearize_call
from gradwise.operators.estimates import NumericalJacobian, numerical_hessian_matrix
from gradwise.operators.fallback import choose
from gradwise.operators.hessians import hessian_choice, hessian_leaves, learn_hessian, nested_blocks
from gradwise.operators.jacobians import (
    as_plain,
    cheaper_mode,
    in_containers,
    jacobian_blocks,
    jacobian_choice,
    learn_jacobian,
)
from gradwise.operators.leaves import traced_number
from gradwise.operators.points import spread_point
from gradwise.operators.results import scalar_output
from gradwise.operators.shortcuts import attempt
from gradwise.tracing import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable


def _coordinates(f: Any, args: tuple[Any, ...], operator: str) -> tuple[tuple[Any, ...], Any]:
    """The arguments of the field, and which of them are differentiated: all."""
    if not args:
        raise InputError(f"gw.{operator}(F) was called without a point. Write gw.{operator}(F)(x)")
    if len(args) == 1:
        spread = spread_point(f, args[0])
        if spread is not None:
            args = spread
    return args, tuple(range(len(args))) if len(args) > 1 else 0


def _field_arguments(f: Any, args: tuple[Any, ...], operator: str) -> Arguments:
    args, argnums = _coordinates(f, args, operator)
    return Arguments(f, argnums, args, {}, operator)


def _square_jacobian(F: Callable[..., Any], args: tuple[Any, ...], operator: str) -> Any:
    """The Jacobian of a vector field as an n × n matrix, whatever the containers of point and value."""
    args, argnums = _coordinates(F, args, operator)
    choice = jacobian_choice("auto", argnums)
    known = attempt(F, choice, args, {})
    if known is None:
        arguments = Arguments(F, argnums, args, {}, operator)
        linearization = linearize_call(F, arguments)
        mode = cheaper_mode(linearization)
        rows = jacobian_blocks(linearization, mode)
        shapes = [np.shape(as_plain(leaf)) for leaf in arguments.leaves]
        learn_jacobian(F, choice, linearization, mode, in_containers(linearization, rows))
    else:
        shapes = [np.shape(leaf) for arg in args for leaf in flatten(arg)[0]]
        entries = flatten(known)[0]
        rows = [entries[k : k + len(shapes)] for k in range(0, len(entries), len(shapes))]
    sizes = [math.prod(shape) for shape in shapes]
    lines = []
    for row in rows:
        count = math.prod(np.shape(as_plain(row[0]))[: np.ndim(as_plain(row[0])) - len(shapes[0])])
        lines.append(np.concatenate([np.reshape(b, (count, size)) for b, size in zip(row, sizes, strict=True)], axis=1))
    matrix = np.concatenate(lines, axis=0) if len(lines) > 1 else lines[0]
    m, n = np.shape(as_plain(matrix))
    _require_square(F, m, n, operator)
    return matrix


def _require_square(F: Any, m: int, n: int, operator: str) -> None:
    if m != n:
        raise OutputError(
            f"gw.{operator} of {function_label(F)}: the field has {m} components at a point with {n} coordinates. As many components as coordinates are required"
        )


def _numerical_jacobian(F: Callable[..., Any], args: tuple[Any, ...], operator: str) -> tuple[np.ndarray, str]:
    found = NumericalJacobian(_field_arguments(F, args, operator))
    _require_square(F, *found.matrix.shape, operator)
    return found.matrix, found.sentence


def _number(value: Any) -> Any:
    return traced_number(value, float) if isinstance_traced(value) else value.item()


def divergence(
    F: Callable[..., Any], *, method: str = "auto", check: bool | None = None, pure: bool | None = None
) -> Callable[..., Any]:
    """A function returning the divergence ∇·F = Σ ∂F_i/∂x_i of a vector field.

    Parameters
    ----------
    F : callable
        F(v) of a vector or F(x, y, …) of numbers, returning as many components (array, tuple or list).
    method, check, pure
        As for :func:`gradwise.grad`.

    Returns
    -------
    callable
        Takes a point (or its coordinates) and returns a number.

    Raises
    ------
    OutputError
        If the numbers of components and coordinates differ.

    Examples
    --------
    >>> import gradwise as gw
    >>> gw.divergence(lambda x, y: (x**2, x * y))(3.0, 2.0)
    9.0
    """
    require_callable(F, "divergence")

    def exact(*args: Any) -> Any:
        return _number(np.trace(_square_jacobian(F, args, "divergence")))

    def numerical(*args: Any) -> tuple[Any, str]:
        J, words = _numerical_jacobian(F, args, "divergence")
        return _number(np.trace(J)), words

    return derived(
        choose(F, "divergence", method, exact, numerical, check, pure),
        divergence,
        F,
        method=method,
        check=check,
        pure=pure,
    )


def curl(
    F: Callable[..., Any], *, method: str = "auto", check: bool | None = None, pure: bool | None = None
) -> Callable[..., Any]:
    """A function returning the curl ∇×F of a vector field in three dimensions (a vector) or two (a number).

    Parameters
    ----------
    F : callable
        F(v) of a vector or F(x, y, z) of numbers, returning as many components.
    method, check, pure
        As for :func:`gradwise.grad`.

    Returns
    -------
    callable
        In three dimensions (∂F₃/∂y − ∂F₂/∂z, ∂F₁/∂z − ∂F₃/∂x, ∂F₂/∂x − ∂F₁/∂y), in two ∂F₂/∂x − ∂F₁/∂y.

    Raises
    ------
    InputError
        If the field has neither two nor three dimensions.

    Examples
    --------
    >>> import gradwise as gw
    >>> gw.curl(lambda x, y: (-y, x))(1.0, 2.0)
    2.0
    """
    require_callable(F, "curl")

    def rotation(J: Any) -> Any:
        n = np.shape(J.current() if isinstance_traced(J) else J)[0]
        if n == 2:
            return _number(J[1, 0] - J[0, 1])
        if n == 3:
            return np.stack([J[2, 1] - J[1, 2], J[0, 2] - J[2, 0], J[1, 0] - J[0, 1]])
        raise InputError(f"gw.curl of {function_label(F)}: the field has {n} dimensions. Two or three are required")

    def exact(*args: Any) -> Any:
        return rotation(_square_jacobian(F, args, "curl"))

    def numerical(*args: Any) -> tuple[Any, str]:
        J, words = _numerical_jacobian(F, args, "curl")
        return rotation(J), words

    return derived(
        choose(F, "curl", method, exact, numerical, check, pure), curl, F, method=method, check=check, pure=pure
    )


def laplacian(
    f: Callable[..., Any], *, method: str = "auto", check: bool | None = None, pure: bool | None = None
) -> Callable[..., Any]:
    """A function returning the Laplacian Δf = Σ ∂²f/∂x_i² of a scalar field.

    Parameters
    ----------
    f : callable
        f(v) of a vector (or container) or f(x, y, …) of numbers, returning a real number.
    method, check, pure
        As for :func:`gradwise.grad`.

    Returns
    -------
    callable
        Takes a point (or its coordinates) and returns a number.

    Examples
    --------
    >>> import gradwise as gw
    >>> gw.laplacian(lambda x, y: x**2 * y**3)(1.0, 2.0)
    28.0
    """
    require_callable(f, "laplacian")

    def exact(*args: Any) -> Any:
        args, argnums = _coordinates(f, args, "laplacian")
        choice = hessian_choice(argnums)
        known = attempt(f, choice, args, {})
        if known is None:
            arguments = Arguments(f, argnums, args, {}, "laplacian")
            linearization = linearize_call(f, arguments, order=2)
            scalar_output(linearization, f, "laplacian")
            blocks = hessian_leaves(linearization)
            learn_hessian(f, choice, linearization, nested_blocks(blocks, arguments))
            diagonal = [row[i] for i, row in enumerate(blocks)]
        else:
            entries = flatten(known)[0]
            diagonal = entries[:: math.isqrt(len(entries)) + 1]
        total: Any = 0.0
        for block in diagonal:
            n = math.isqrt(np.size(as_plain(block)))
            total = total + np.trace(np.reshape(block, (n, n)))
        return traced_number(total, float) if isinstance_traced(total) else float(total)

    def numerical(*args: Any) -> tuple[Any, str]:
        H, words = numerical_hessian_matrix(_field_arguments(f, args, "laplacian"))
        return float(np.trace(np.atleast_2d(H))), words

    return derived(
        choose(f, "laplacian", method, exact, numerical, check, pure),
        laplacian,
        f,
        method=method,
        check=check,
        pure=pure,
    )
