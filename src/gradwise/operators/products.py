"""jvp, vjp, hvp, linearize: products with the Jacobian and the Hessian.

    jvp : (f, x, ẋ) → (f(x), J ẋ)          vjp : (f, x) → (f(x), ȳ ↦ Jᵀ ȳ)

Laws: ⟨ȳ, J ẋ⟩ = ⟨Jᵀ ȳ, ẋ⟩ (over the reals: Re Σ conj(ȳ) y); hvp(f)(x, v) = H v, H symmetric.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.containers import flatten
from gradwise.errors import InputError
from gradwise.operators.arguments import Arguments, as_floating, function_label, plain_like, require_callable
from gradwise.operators.engine import Linearization, auxiliary, linearize_call
from gradwise.operators.estimates import NumericalJacobian, numerical_directional, numerical_hessian_vector
from gradwise.operators.fallback import choose
from gradwise.operators.gradients import finish, output_value, scalar_output
from gradwise.operators.second_order import hessian_vectors
from gradwise.operators.singular import resolved_gradient, resolved_hessian, resolved_tangent
from gradwise.tracing import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable


def _plain(value: Any) -> Any:
    return value.current() if isinstance_traced(value) else value


def match_vector(vector: Any, leaves: list[Any], treedefs: list[Any], what: str, of: str) -> list[Any]:
    """The leaves of a tangent or cotangent, checked against what it belongs to."""
    values: list[Any] = []
    for piece, treedef in zip(vector, treedefs, strict=True):
        pieces, structure = flatten(piece, name=what)
        if structure != treedef:
            raise InputError(
                f"the {what} has the structure {structure!r}. The structure of {of}, {treedef!r}, is required. Build it from the same containers"
            )
        values.extend(pieces)
    result = []
    for value, leaf in zip(values, leaves, strict=True):
        value = as_floating(value, what)
        like = _plain(leaf)
        if np.shape(_plain(value)) != np.shape(like):
            raise InputError(f"the {what} has shape {np.shape(_plain(value))}. The shape of {of}, {np.shape(like)}, is required")
        dtype = np.asarray(like).dtype
        have = np.asarray(_plain(value)).dtype
        if have != dtype:
            if have.kind == "c" and dtype.kind != "c":
                raise InputError(f"the {what} is complex where {of} is real. A real {what} is required")
            value = value.astype(dtype) if hasattr(value, "astype") else dtype.type(value)
        elif type(value) is float:
            value = np.float64(value)
        elif type(value) is complex:
            value = np.complex128(value)
        result.append(value)
    return result


def output_leaves(linearization: Linearization, results: list[Any]) -> list[Any]:
    """Tangents of the outputs in the form of the outputs."""
    leaves = []
    for r, value in zip(results, linearization.values, strict=True):
        like = _plain(value)
        dtype = np.asarray(like).dtype
        if r is None:
            r = np.zeros(np.shape(like), dtype if dtype.kind in "fc" else np.float64)[()]
        leaves.append(plain_like(r, type(like), like if hasattr(like, "dtype") else np.float64(0)))
    return leaves


def _tuple(value: Any, what: str) -> tuple[Any, ...]:
    if isinstance(value, (tuple, list)) and not isinstance_traced(value):
        return tuple(value)
    raise InputError(
        f"{what} is {type(value).__name__}. A tuple with one entry for each argument is required. Write ({what},) for one argument: gw.jvp(f, (x,), (v,))"
    )


def jvp(
    f: Callable[..., Any],
    primals: Any,
    tangents: Any,
    has_aux: bool = False,
    *,
    method: str = "auto",
    check: bool | None = None,
    pure: bool | None = None,
) -> Any:
    """The value of ``f`` and its directional derivative J·ẋ, in one forward pass.

    Parameters
    ----------
    f : callable
    primals : tuple
        The arguments of ``f``, all differentiated.
    tangents : tuple
        One for each argument, of its structure and shapes.  An entry that is exactly 0 does not move.
    has_aux : bool
        ``f`` returns ``(value, auxiliary)``; the result is then ``(value, tangent, auxiliary)``.
    method, check, pure
        As for :func:`gradwise.grad`.

    Returns
    -------
    tuple
        ``(f(*primals), J · tangents)``, the second in the structure of the first.

    Raises
    ------
    InputError
        If tangents and primals do not match.

    Examples
    --------
    >>> import numpy as np
    >>> import gradwise as gw
    >>> value, tangent = gw.jvp(np.sin, (0.0,), (2.0,))
    >>> print(value, tangent)
    0.0 2.0
    """
    require_callable(f, "jvp")
    primals, tangents = _tuple(primals, "primals"), _tuple(tangents, "tangents")
    if len(primals) != len(tangents):
        raise InputError(f"gw.jvp was given {len(primals)} primals and {len(tangents)} tangents. One tangent for each primal is required")

    def exact(*args: Any) -> Any:
        arguments = Arguments(f, tuple(range(len(args))), args, {}, "jvp")
        vectors = match_vector(tangents, arguments.leaves, arguments.treedefs, "tangent", "the primal")
        linearization = linearize_call(f, arguments, has_aux=has_aux)
        results = resolved_tangent(linearization, linearization.jvp(vectors), vectors)
        tangent = linearization.recording.structure.rebuild(output_leaves(linearization, results))
        value = output_value(linearization)
        return (value, tangent, auxiliary(linearization)) if has_aux else (value, tangent)

    def numerical(*args: Any) -> tuple[Any, str]:
        arguments = Arguments(f, tuple(range(len(args))), args, {}, "jvp")
        vectors = match_vector(tangents, arguments.leaves, arguments.treedefs, "tangent", "the primal")
        value, auxiliary_ = arguments.call(arguments.leaves) if has_aux else (arguments.call(arguments.leaves), None)
        if not has_aux:
            tangent, words = numerical_directional(arguments, vectors, 1)
            return (value, tangent), words
        found = NumericalJacobian(arguments, has_aux=True)
        return (value, found.push(vectors), auxiliary_), found.sentence

    return choose(f, "jvp", method, exact, numerical, check, pure)(*primals)


def linearize(
    f: Callable[..., Any],
    *primals: Any,
    method: str = "auto",
    check: bool | None = None,
    pure: bool | None = None,
) -> tuple[Any, Callable[..., Any]]:
    """The value of ``f`` and its derivative there as a linear function, which does not run ``f`` again.

    Parameters
    ----------
    f : callable
    *primals
        Its arguments, all differentiated.
    method, check, pure
        As for :func:`gradwise.grad`.

    Returns
    -------
    value
        ``f(*primals)``.
    callable
        Takes one tangent for each argument and returns J·ẋ in the structure of the value.

    Examples
    --------
    >>> import gradwise as gw
    >>> value, derivative = gw.linearize(lambda x: x**3, 2.0)
    >>> print(value, derivative(1.0), derivative(10.0))
    8.0 12.0 120.0
    """
    require_callable(f, "linearize")

    def linear(arguments: Arguments, product: Callable[[list[Any]], Any]) -> Callable[..., Any]:
        def derivative(*tangents: Any) -> Any:
            if len(tangents) != len(primals):
                raise InputError(f"the linear function takes {len(primals)} tangents, one for each argument, and was given {len(tangents)}")
            return product(match_vector(tangents, arguments.leaves, arguments.treedefs, "tangent", "the primal"))

        return derivative

    def exact(*args: Any) -> Any:
        arguments = Arguments(f, tuple(range(len(args))), args, {}, "linearize")
        linearization = linearize_call(f, arguments)
        linearization.recording.tape.own()

        def product(vectors: list[Any]) -> Any:
            results = resolved_tangent(linearization, linearization.jvp(vectors), vectors)
            return linearization.recording.structure.rebuild(output_leaves(linearization, results))

        return output_value(linearization), linear(arguments, product)

    def numerical(*args: Any) -> tuple[Any, str]:
        arguments = Arguments(f, tuple(range(len(args))), args, {}, "linearize")
        found = NumericalJacobian(arguments)
        return (found.value, linear(arguments, found.push)), found.sentence

    return choose(f, "linearize", method, exact, numerical, check, pure)(*primals)


def vjp(
    f: Callable[..., Any],
    *primals: Any,
    has_aux: bool = False,
    method: str = "auto",
    check: bool | None = None,
    pure: bool | None = None,
) -> Any:
    """The value of ``f`` and the transpose of its derivative as a linear function: ȳ ↦ Jᵀ ȳ.

    Parameters
    ----------
    f : callable
    *primals
        Its arguments, all differentiated.
    has_aux : bool
        ``f`` returns ``(value, auxiliary)``; the auxiliary comes third.
    method, check, pure
        As for :func:`gradwise.grad`.

    Returns
    -------
    value
        ``f(*primals)``.
    callable
        Takes a cotangent of the structure and shapes of the value, and returns a tuple with a cotangent for each argument.

    Notes
    -----
    For complex values Jᵀ is the adjoint with respect to Re Σ conj(a)·b: for holomorphic f it multiplies by the conjugate of f'.

    Examples
    --------
    >>> import numpy as np
    >>> import gradwise as gw
    >>> value, transpose = gw.vjp(lambda x, y: x * y, 2.0, 5.0)
    >>> print(value, transpose(1.0))
    10.0 (5.0, 2.0)
    """
    require_callable(f, "vjp")

    def exact(*args: Any) -> Any:
        arguments = Arguments(f, tuple(range(len(args))), args, {}, "vjp")
        linearization = linearize_call(f, arguments, has_aux=has_aux)
        value = output_value(linearization)
        linearization.recording.tape.own()

        def transpose(cotangent: Any) -> tuple[Any, ...]:
            vectors = match_vector(
                (cotangent,), linearization.values, [linearization.recording.structure], "cotangent", "the function's value"
            )
            results = resolved_gradient(linearization, linearization.vjp(vectors), vectors)
            return tuple(arguments.rebuild(finish(results, arguments)))

        return (value, transpose, auxiliary(linearization)) if has_aux else (value, transpose)

    def numerical(*args: Any) -> tuple[Any, str]:
        arguments = Arguments(f, tuple(range(len(args))), args, {}, "vjp")
        found = NumericalJacobian(arguments, has_aux=has_aux)

        def transpose(cotangent: Any) -> tuple[Any, ...]:
            vectors = match_vector((cotangent,), found.values, [found.structure], "cotangent", "the function's value")
            return tuple(arguments.rebuild(found.pull(vectors)))

        return ((found.value, transpose, found.auxiliary) if has_aux else (found.value, transpose)), found.sentence

    return choose(f, "vjp", method, exact, numerical, check, pure)(*primals)


def hvp(
    f: Callable[..., Any],
    argnums: Any = 0,
    *,
    method: str = "auto",
    check: bool | None = None,
    pure: bool | None = None,
) -> Callable[..., Any]:
    """A function returning the product of the Hessian of ``f`` with a vector, forward over reverse.

    Parameters
    ----------
    f : callable
        Returns one real number; f(v) of one argument, or f(x, y, …) of several (then the vector is a tuple).
    argnums : int, str, tuple of these, or "all"
        The arguments that the Hessian belongs to.
    method, check, pure
        As for :func:`gradwise.grad`.

    Returns
    -------
    callable
        ``(x, v) → H(x) v``; for a function of several arguments ``((x, y, …), v) → …`` with a tuple of vectors, or ``(x, y, …, v)``.

    Examples
    --------
    >>> import numpy as np
    >>> import gradwise as gw
    >>> gw.hvp(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 3.0]), np.array([1.0, 0.0]))
    array([6., 2.])
    """
    require_callable(f, "hvp")

    def prepare(args: Any, kwargs: Any) -> tuple[Arguments, list[Any]]:
        if len(args) < 2:
            raise InputError("gw.hvp(f) takes a point and a vector and was given " + (f"{len(args)} argument{'s' * (len(args) != 1)}. Write gw.hvp(f)(x, v)"))
        point, vector = split_point(f, argnums, args)
        arguments = Arguments(f, point.argnums, point.args, kwargs, "hvp")
        vectors = match_vector(
            (vector,) if arguments.single else _vector_tuple(vector, len(arguments.treedefs)), arguments.leaves, arguments.treedefs, "vector", "the point"
        )
        return arguments, vectors

    def exact(*args: Any, **kwargs: Any) -> Any:
        arguments, vectors = prepare(args, kwargs)
        return arguments.result(hessian_vector(f, arguments, vectors))

    def numerical(*args: Any, **kwargs: Any) -> tuple[Any, str]:
        arguments, vectors = prepare(args, kwargs)
        leaves, words = numerical_hessian_vector(arguments, vectors)
        return arguments.result(leaves), words

    return choose(f, "hvp", method, exact, numerical, check, pure)


def _vector_tuple(vector: Any, count: int) -> Any:
    if isinstance(vector, (tuple, list)) and len(vector) == count and not isinstance_traced(vector):
        return vector
    if np.ndim(_plain(vector)) == 1 and len(vector) == count:
        return [vector[i] for i in range(count)]
    raise InputError(f"the vector is {vector!r}. A tuple with one entry for each of the {count} arguments is required")


def hessian_vector(f: Callable[..., Any], arguments: Arguments, vectors: list[Any], operator: str = "hvp") -> list[Any]:
    """H·v by leaves: the gradient's derivative along v, forward over reverse."""
    linearization = linearize_call(f, arguments)
    scalar_output(linearization, f, operator)
    results = resolved_hessian(linearization, hessian_vectors(linearization, vectors), vectors)
    return finish(results, arguments)


class Point:
    """The arguments of a function at a point, and which of them move."""

    __slots__ = ("args", "argnums")

    def __init__(self, args: tuple[Any, ...], argnums: Any) -> None:
        self.args = args
        self.argnums = argnums


def split_point(f: Callable[..., Any], argnums: Any, args: tuple[Any, ...]) -> tuple[Point, Any]:
    """``(x, v)``, ``((x, y), v)`` or ``(x, y, …, v)`` as a point and a vector.

    A point given as one tuple or array stands for several scalar arguments where the function takes more than one.
    """
    *point, vector = args
    if len(point) == 1:
        spread = spread_point(f, point[0])
        if spread is not None:
            return Point(spread, tuple(range(len(spread))) if argnums == 0 else argnums), vector
    several = len(point) > 1 and isinstance(vector, tuple) and argnums == 0
    return Point(tuple(point), tuple(range(len(point))) if several and len(vector) == len(point) else argnums), vector


def spread_point(f: Callable[..., Any], point: Any) -> tuple[Any, ...] | None:
    """A point as separate arguments, for a function written f(x, y, …) that needs as many as the point has entries; else None."""
    count = required_parameters(f)
    if count is None or count < 2:
        return None
    if isinstance_traced(point) or isinstance(point, (tuple, list, np.ndarray)):
        if np.ndim(_plain(point)) >= 1 if not isinstance(point, (tuple, list)) else True:
            if len(point) == count:
                return tuple(point[i] for i in range(count))
            raise InputError(
                f"the point has {len(point)} entries and {function_label(f)} takes {count} arguments. One entry for each argument is required"
            )
    return None


def required_parameters(f: Callable[..., Any]) -> int | None:
    """How many positional arguments the function cannot do without, None if unknown."""
    signature = _signature(f)
    if signature is None:
        return None
    return sum(
        1 for p in signature.parameters.values() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.default is p.empty
    )


def _signature(f: Callable[..., Any]) -> Any:
    try:
        return inspect.signature(f)
    except (TypeError, ValueError):
        return None
