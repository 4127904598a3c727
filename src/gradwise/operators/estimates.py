"""Numerical derivatives in the form of the exact ones: the bridge from the operators to ``gradwise.numerical``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise import numerical
from gradwise.containers import flatten
from gradwise.errors import TracingError
from gradwise.operators.arguments import plain_like
from gradwise.tracing import isinstance_traced

if TYPE_CHECKING:
    from gradwise.operators.arguments import Arguments


def _refuse_traced(arguments: Arguments) -> None:
    if any(isinstance_traced(leaf) and leaf.tape.open for leaf in arguments.leaves):
        raise TracingError(
            "a derivative inside a function that is itself differentiated would have to be computed numerically, which would lose the outer "
            "derivative. A function that can be traced is required there"
        )


def sentence(estimate: Any) -> str:
    """Status and bound of an estimate, for the warning."""
    bound = np.max(estimate.error) if np.size(estimate.error) else 0.0
    statuses = sorted({str(getattr(s, "name", s)) for s in np.ravel(np.asarray(estimate.status, dtype=object))})
    return f"status: {', '.join(statuses)}; largest error bound {float(bound):.3g}"


def numerical_gradient(arguments: Arguments, *, has_aux: bool = False) -> tuple[list[Any], str]:
    """The gradient by leaves, and its status and bound."""
    _refuse_traced(arguments)
    shapes = [np.shape(leaf) for leaf in arguments.leaves]
    sizes = [int(np.prod(s)) for s in shapes]
    flat = np.concatenate([np.ravel(leaf) for leaf in arguments.leaves])

    def function(x: np.ndarray) -> Any:
        value = arguments.call(split(x, arguments, shapes, sizes))
        return value[0] if has_aux else value

    estimate = numerical.grad(function, flat)
    pieces = split(np.asarray(estimate.value), arguments, shapes, sizes)
    return pieces, sentence(estimate)


def split(x: np.ndarray, arguments: Arguments, shapes: list[Any], sizes: list[int]) -> list[Any]:
    """A flat vector as leaves of the arguments' kinds."""
    leaves, start = [], 0
    for leaf, kind, shape, size in zip(arguments.leaves, arguments.kinds, shapes, sizes, strict=True):
        piece = x[start : start + size].reshape(shape)
        start += size
        leaves.append(plain_like(piece if shape else piece[()], kind, leaf))
    return leaves


def numerical_jacobian(arguments: Arguments) -> tuple[Any, str]:
    """The Jacobian in the containers of output and arguments, and its status and bound."""
    _refuse_traced(arguments)
    shapes = [np.shape(leaf) for leaf in arguments.leaves]
    sizes = [int(np.prod(s)) for s in shapes]
    flat = np.concatenate([np.ravel(leaf) for leaf in arguments.leaves])
    first, structure = flatten(arguments.call(arguments.leaves))
    out_shapes = [np.shape(v) for v in first]

    def function(x: np.ndarray) -> np.ndarray:
        leaves, _ = flatten(arguments.call(split(x, arguments, shapes, sizes)))
        return np.concatenate([np.ravel(v) for v in leaves])

    estimate = numerical.jacobian(function, flat)
    matrix = np.asarray(estimate.value).reshape(-1, flat.size)
    rows, start = [], 0
    for shape in out_shapes:
        stop = start + int(np.prod(shape))
        blocks, column = [], 0
        for in_shape, size in zip(shapes, sizes, strict=True):
            blocks.append(matrix[start:stop, column : column + size].reshape(*shape, *in_shape).copy()[()])
            column += size
        rows.append(arguments.result(blocks))
        start = stop
    return structure.rebuild(rows), sentence(estimate)


def numerical_hessian(arguments: Arguments, nest: Any) -> tuple[Any, str]:
    """The Hessian as nested blocks, and its status and bound."""
    _refuse_traced(arguments)
    shapes = [np.shape(leaf) for leaf in arguments.leaves]
    sizes = [int(np.prod(s)) for s in shapes]
    flat = np.concatenate([np.ravel(leaf) for leaf in arguments.leaves])
    estimate = numerical.hessian(lambda x: arguments.call(split(x, arguments, shapes, sizes)), flat)
    matrix = np.asarray(estimate.value)
    ends = np.cumsum([0, *sizes])
    blocks = [
        [
            matrix[ends[i] : ends[i + 1], ends[j] : ends[j + 1]].reshape(*shapes[i], *shapes[j]).copy()
            for j in range(len(shapes))
        ]
        for i in range(len(shapes))
    ]
    return nest(blocks, arguments), sentence(estimate)


def numerical_derivative(arguments: Arguments, order: int, direction: list[Any] | None = None) -> tuple[Any, str]:
    """The n-th derivative of a function of one number, elementwise in an array, or along a direction; its status and bound."""
    _refuse_traced(arguments)
    if direction is None or np.ndim(arguments.leaves[0]) == 0:
        leaf, kind = arguments.leaves[0], arguments.kinds[0]
        if np.ndim(leaf) == 0:
            estimate = numerical.derivative(lambda x: arguments.call([plain_like(x, kind, leaf)]), leaf, order=order)
            value = np.asarray(estimate.value)
        else:
            estimate = numerical.derivative(lambda x: arguments.call([x]), leaf, order=order, vectorized=True)
            value = np.asarray(estimate.value)
        return (value.item() if value.ndim == 0 else value), sentence(estimate)
    return numerical_directional(arguments, direction, order)


def numerical_directional(arguments: Arguments, direction: list[Any], order: int) -> tuple[Any, str]:
    """dⁿ/dtⁿ f(x + t u) at t = 0, and its status and bound."""
    _refuse_traced(arguments)

    def line(t: float) -> Any:
        leaves = [
            plain_like(leaf + t * u, kind, leaf)
            for leaf, u, kind in zip(arguments.leaves, direction, arguments.kinds, strict=True)
        ]
        return arguments.call(leaves)

    estimate = numerical.derivative(line, 0.0, order=order)
    value = np.asarray(estimate.value)
    return (value.item() if value.ndim == 0 else value), sentence(estimate)
