"""Numerical derivatives in the form of the exact ones: the bridge from the operators to ``gradwise.numerical``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise import numerical
from gradwise.containers import flatten
from gradwise.errors import TracingError
from gradwise.operators.leaves import plain_like
from gradwise.operators.unseen import call_at
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
    bound = max((float(np.max(e, initial=0.0)) for e in flatten(estimate.error)[0]), default=0.0)
    found = {s for leaf in flatten(estimate.status)[0] for s in np.ravel(np.asarray(leaf, dtype=object))}
    return f"status: {', '.join(sorted(str(getattr(s, 'name', s)) for s in found))}; largest error bound {bound:.3g}"


def numerical_gradient(arguments: Arguments, *, has_aux: bool = False) -> tuple[list[Any], str]:
    """The gradient by leaves, and its status and bound."""
    _refuse_traced(arguments)
    shapes = [np.shape(leaf) for leaf in arguments.leaves]
    sizes = [math.prod(s) for s in shapes]
    flat = _flat(arguments.leaves)

    def function(x: np.ndarray) -> Any:
        value = call_at(arguments, split(x, arguments, shapes, sizes), has_aux=has_aux)
        return value[0] if has_aux else value

    estimate = numerical.grad(function, flat)
    pieces = split(np.asarray(estimate.value), arguments, shapes, sizes)
    return [_as_precise_as(leaf, p) for leaf, p in zip(arguments.leaves, pieces, strict=True)], sentence(estimate)


def split(x: np.ndarray, arguments: Arguments, shapes: list[Any], sizes: list[int]) -> list[Any]:
    """A flat vector as leaves of the arguments' kinds."""
    leaves, start = [], 0
    for leaf, kind, shape, size in zip(arguments.leaves, arguments.kinds, shapes, sizes, strict=True):
        piece = x[start : start + size].reshape(shape)
        if np.iscomplexobj(piece) and not np.iscomplexobj(leaf):
            piece = np.real(piece)
        start += size
        leaves.append(plain_like(piece if shape else piece[()], kind, leaf))
    return leaves


def _as_precise_as(like: Any, result: Any) -> Any:
    """A result in the precision of what it belongs to, as the exact derivative has it."""
    dtype = np.asarray(like).dtype
    if dtype.kind not in "fc" or np.finfo(dtype).bits >= 64:
        return result
    result = np.asarray(result)
    if result.dtype.kind == "c":
        return result.astype(np.result_type(dtype, np.complex64))[()]
    return np.asarray(result, np.finfo(dtype).dtype)[()]


def _values_of_less(arguments: Arguments, otherwise: list[Any]) -> list[Any]:
    """The leaves of the function's value where arguments have less than 64 bits; of others the derivative has no less."""
    if all(np.asarray(leaf).dtype.itemsize >= 8 for leaf in arguments.leaves):
        return otherwise
    return flatten(call_at(arguments, arguments.leaves))[0]


def _flat(leaves: list[Any]) -> np.ndarray:
    return np.concatenate([np.ravel(v) for v in leaves]) if leaves else np.zeros(0)


class NumericalJacobian:
    """The Jacobian of a function as one matrix, with the structures of both sides.

    Attributes
    ----------
    matrix : ndarray of shape (entries of the value, entries of the arguments)
    values : list
        The leaves of the function's value.
    sentence : str
        Status and bound.
    """

    def __init__(self, arguments: Arguments, *, has_aux: bool = False) -> None:
        _refuse_traced(arguments)
        self._arguments = arguments
        self._shapes = [np.shape(leaf) for leaf in arguments.leaves]
        self._sizes = [math.prod(s) for s in self._shapes]
        flat = _flat(arguments.leaves)
        result = call_at(arguments, arguments.leaves, has_aux=has_aux)
        self.auxiliary = result[1] if has_aux else None
        self.value = result[0] if has_aux else result
        self.values, self.structure = flatten(self.value)

        def function(x: np.ndarray) -> np.ndarray:
            value = call_at(arguments, split(x, arguments, self._shapes, self._sizes), has_aux=has_aux)
            return _flat(flatten(value[0] if has_aux else value)[0])

        # a row of a real function of complex numbers is its gradient ∂f/∂a + i ∂f/∂b, not a derivative
        self._holomorphic = not np.iscomplexobj(flat) or any(np.iscomplexobj(v) for v in self.values)
        self.sentence = "status: OK; largest error bound 0"
        if flat.size and _flat(self.values).size:
            if np.iscomplexobj(flat) and self._holomorphic:  # along the real axis, which is as good as any
                estimate = numerical.jacobian(lambda a: function(a + 1j * flat.imag), flat.real)
            else:
                estimate = numerical.jacobian(function, flat)
            self.matrix = np.asarray(estimate.value).reshape(-1, flat.size)
            self.sentence = sentence(estimate)
        else:
            self.matrix = np.zeros((_flat(self.values).size, flat.size))

    def blocks(self) -> Any:
        """In the containers of the value and, inside them, of the arguments."""
        rows, start = [], 0
        for value in self.values:
            shape = np.shape(value)
            stop = start + math.prod(shape)
            blocks, column = [], 0
            for leaf, in_shape, size in zip(self._arguments.leaves, self._shapes, self._sizes, strict=True):
                block = self.matrix[start:stop, column : column + size].reshape((*shape, *in_shape)).copy()[()]
                column += size
                blocks.append(_as_precise_as(np.empty(0, np.result_type(value, leaf)), block))
            if shape == ():
                blocks = [
                    b.item() if kind in (float, int) and np.ndim(b) == 0 else b
                    for b, kind in zip(blocks, self._arguments.kinds, strict=True)
                ]
            rows.append(self._arguments.result(blocks))
            start = stop
        return self.structure.rebuild(rows)

    def push(self, tangents: list[Any]) -> Any:
        """J ẋ in the container of the value."""
        flat = self.matrix @ _flat(tangents) if self._holomorphic else np.real(np.conj(self.matrix) @ _flat(tangents))
        leaves, start = [], 0
        for value in self.values:
            like = np.asarray(value)
            piece = flat[start : start + like.size].reshape(like.shape)[()]
            start += like.size
            piece = _as_precise_as(like, piece)
            leaves.append(plain_like(piece, type(value), value if hasattr(value, "dtype") else np.float64(0)))
        return self.structure.rebuild(leaves)

    def pull(self, cotangents: list[Any]) -> list[Any]:
        """Jᵀ ȳ by leaves of the arguments."""
        matrix = np.conj(self.matrix) if self._holomorphic else self.matrix
        pieces = split(matrix.T @ _flat(cotangents), self._arguments, self._shapes, self._sizes)
        return [_as_precise_as(leaf, p) for leaf, p in zip(self._arguments.leaves, pieces, strict=True)]


def numerical_jacobian(arguments: Arguments) -> tuple[Any, str]:
    """The Jacobian in the containers of output and arguments, and its status and bound."""
    found = NumericalJacobian(arguments)
    return found.blocks(), found.sentence


def numerical_hessian_matrix(arguments: Arguments) -> tuple[np.ndarray, str]:
    """The Hessian over all entries of all leaves, and its status and bound."""
    _refuse_traced(arguments)
    shapes = [np.shape(leaf) for leaf in arguments.leaves]
    sizes = [math.prod(s) for s in shapes]
    estimate = numerical.hessian(
        lambda x: call_at(arguments, split(x, arguments, shapes, sizes)), _flat(arguments.leaves)
    )
    return np.asarray(estimate.value), sentence(estimate)


def numerical_hessian_vector(arguments: Arguments, vectors: list[Any]) -> tuple[list[Any], str]:
    """H v by leaves of the arguments, and the status and bound of H."""
    matrix, words = numerical_hessian_matrix(arguments)
    shapes = [np.shape(leaf) for leaf in arguments.leaves]
    pieces = split(matrix @ _flat(vectors), arguments, shapes, [math.prod(s) for s in shapes])
    return [_as_precise_as(leaf, p) for leaf, p in zip(arguments.leaves, pieces, strict=True)], words


def numerical_mixed(arguments: Arguments, first: list[Any], second: list[Any]) -> tuple[Any, str]:
    """∂²/∂s∂t f(x + s u + t v) at 0 for a function with one number as value, and its status and bound."""
    _refuse_traced(arguments)

    def plane(z: np.ndarray) -> Any:
        leaves = [
            plain_like(leaf + z[0] * u + z[1] * v, kind, leaf)
            for leaf, u, v, kind in zip(arguments.leaves, first, second, arguments.kinds, strict=True)
        ]
        return call_at(arguments, leaves)

    estimate = numerical.hessian(plane, np.zeros(2))
    value = np.asarray(estimate.value)[0, 1]
    return (value.item() if all(kind in (float, int) for kind in arguments.kinds) else value), sentence(estimate)


def numerical_taylor(arguments: Arguments, direction: list[Any], order: int) -> tuple[np.ndarray, str]:
    """The Taylor coefficients along a direction, and the statuses and bounds of the derivatives."""
    rows = [np.asarray(call_at(arguments, arguments.leaves))]
    words = []
    for k in range(1, order + 1):
        value, found = numerical_directional(arguments, direction, k)
        rows.append(np.asarray(value) / math.factorial(k))
        words.append(f"order {k}: {found}")
    return np.stack(rows), "; ".join(words)


def numerical_hessian(arguments: Arguments, nest: Any) -> tuple[Any, str]:
    """The Hessian as nested blocks, and its status and bound."""
    matrix, words = numerical_hessian_matrix(arguments)
    shapes = [np.shape(leaf) for leaf in arguments.leaves]
    sizes = [math.prod(s) for s in shapes]
    ends = np.cumsum([0, *sizes])
    blocks = [
        [
            _as_precise_as(
                np.empty(0, np.result_type(row, column)),
                matrix[ends[i] : ends[i + 1], ends[j] : ends[j + 1]].reshape((*shapes[i], *shapes[j])).copy(),
            )
            for j, column in enumerate(arguments.leaves)
        ]
        for i, row in enumerate(arguments.leaves)
    ]
    return nest(blocks, arguments), words


def numerical_derivative(arguments: Arguments, order: int, direction: list[Any] | None = None) -> tuple[Any, str]:
    """The n-th derivative of a function of one number, elementwise in an array, or along a direction; its status and bound."""
    _refuse_traced(arguments)
    if direction is None or np.ndim(arguments.leaves[0]) == 0:
        leaf, kind = arguments.leaves[0], arguments.kinds[0]
        if np.ndim(leaf) == 0:
            estimate = numerical.derivative(
                lambda x: call_at(arguments, [plain_like(x, kind, leaf)]), leaf, order=order
            )
            value = np.asarray(estimate.value)
        else:
            estimate = numerical.derivative(lambda x: call_at(arguments, [x]), leaf, order=order, vectorized=True)
            value = np.asarray(estimate.value)
        found = value.item() if value.ndim == 0 else value
        return _as_precise_as(_values_of_less(arguments, [value])[0], found), sentence(estimate)
    return numerical_directional(arguments, direction, order)


def numerical_directional(arguments: Arguments, direction: list[Any], order: int) -> tuple[Any, str]:
    """dⁿ/dtⁿ f(x + t u) at t = 0 in the container of the value, and its status and bound."""
    _refuse_traced(arguments)
    structure: Any = None

    def line(t: float) -> Any:
        nonlocal structure
        leaves = [
            plain_like(leaf + t * u, kind, leaf)
            for leaf, u, kind in zip(arguments.leaves, direction, arguments.kinds, strict=True)
        ]
        values, structure = flatten(call_at(arguments, leaves))
        return {str(i): np.asarray(v) for i, v in enumerate(values)}

    estimate = numerical.derivative(line, 0.0, order=order)
    plain = all(kind in (float, int, complex) for kind in arguments.kinds)
    leaves = [np.asarray(estimate.value[str(i)])[()] for i in range(structure.num_leaves)]
    leaves = [_as_precise_as(v, d) for v, d in zip(_values_of_less(arguments, leaves), leaves, strict=True)]
    leaves = [v.item() if plain and np.ndim(v) == 0 else v for v in leaves]
    return structure.rebuild(leaves), sentence(estimate)
