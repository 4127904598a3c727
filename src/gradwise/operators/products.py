"""jvp, vjp, hvp, linearize: products with the Jacobian and the Hessian.

    jvp : (f, x, ẋ) → (f(x), J ẋ)          vjp : (f, x) → (f(x), ȳ ↦ Jᵀ ȳ)

Laws: ⟨ȳ, J ẋ⟩ = ⟨Jᵀ ȳ, ẋ⟩ (over the reals: Re Σ conj(ȳ) y); hvp(f)(x, v) = H v, H symmetric.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.errors import InputError
from gradwise.operators.argnums import require_argnums
from gradwise.operators.arguments import Arguments, require_callable
from gradwise.operators.derived import derived
from gradwise.operators.engine import linearize_call
from gradwise.operators.estimates import NumericalJacobian, numerical_directional, numerical_hessian_vector
from gradwise.operators.fallback import choose
from gradwise.operators.points import Point, split_point
from gradwise.operators.product_shortcuts import PRODUCT
from gradwise.operators.results import finish, plain_value, scalar_output
from gradwise.operators.second_order import hessian_vectors
from gradwise.operators.second_shortcuts import hvp_shortcut
from gradwise.operators.shortcuts import attempt, learn
from gradwise.operators.singular import resolved_hessian
from gradwise.operators.unseen import call_seen
from gradwise.operators.vectors import linear, linear_part, match_vector, one_cotangent, pull_back, push_forward
from gradwise.tracing import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable


def _tuple(value: Any, what: str) -> tuple[Any, ...]:
    if isinstance(value, (tuple, list)) and not isinstance_traced(value):
        return tuple(value)
    raise InputError(
        f"{what} is {type(value).__name__}. A tuple with one entry for each argument is required. Write ({what},) for one argument: gw.jvp(f, (x,), (v,))"
    )


def _require_arguments(primals: tuple[Any, ...], operator: str) -> None:
    if not primals:
        raise InputError(
            f"gw.{operator} was given a function and no arguments. The point at which it is differentiated is required. Write gw.{operator}(f, x)"
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
    require_callable(f, "jvp", "(f, (x,), (v,)), with f the function, x its argument and v a tangent")
    primals, tangents = _tuple(primals, "primals"), _tuple(tangents, "tangents")
    if len(primals) != len(tangents):
        raise InputError(
            f"gw.jvp was given {len(primals)} primals and {len(tangents)} tangents. One tangent for each primal is required"
        )

    if method in ("auto", "exact") and not has_aux and check is None and (pure is None or pure is True):
        known = attempt(f, PRODUCT, primals, {}, tangents)
        if known is not None:
            return known

    def exact(*args: Any) -> Any:
        return push_forward(f, args, tangents, has_aux=has_aux)

    def numerical(*args: Any) -> tuple[Any, str]:
        arguments = Arguments(f, tuple(range(len(args))), args, {}, "jvp")
        vectors = match_vector(tangents, arguments.leaves, arguments.treedefs, "tangent", "the primal")
        if not has_aux:
            tangent, words = numerical_directional(arguments, vectors, 1)
            return (call_seen(functools.partial(arguments.call, arguments.leaves)), tangent), words
        found = NumericalJacobian(arguments, has_aux=True)
        value, auxiliary_ = call_seen(functools.partial(arguments.call, arguments.leaves))
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
    require_callable(f, "linearize", "(f, x), with f the function and x its argument")
    _require_arguments(primals, "linearize")

    if method in ("auto", "exact") and check is None and (pure is None or pure is True):
        known = attempt(f, "linearize", primals, {})
        if known is not None:
            return known

    def exact(*args: Any) -> Any:
        return linear_part(f, args)

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
    require_callable(f, "vjp", "(f, x), with f the function and x its argument")
    _require_arguments(primals, "vjp")
    if method in ("auto", "exact") and not has_aux and check is None and (pure is None or pure is True):
        known = attempt(f, "vjp", primals, {})
        if known is not None:
            return known

    def exact(*args: Any) -> Any:
        return pull_back(f, args, has_aux=has_aux)

    def numerical(*args: Any) -> tuple[Any, str]:
        arguments = Arguments(f, tuple(range(len(args))), args, {}, "vjp")
        found = NumericalJacobian(arguments, has_aux=has_aux)

        def transpose(*cotangents: Any) -> tuple[Any, ...]:
            vectors = match_vector(
                (one_cotangent(cotangents),), found.values, [found.structure], "cotangent", "the function's value"
            )
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
    require_argnums(argnums, "hvp")
    choice = f"hvp, {argnums!r}"

    def pointed(args: Any) -> tuple[Point, Any]:
        if len(args) < 2:
            raise InputError(
                f"gw.hvp(f) takes a point and a vector and was given {len(args)} argument{'s' * (len(args) != 1)}. Write gw.hvp(f)(x, v)"
            )
        return split_point(f, argnums, args)

    def prepare(point: Point, vector: Any, kwargs: Any) -> tuple[Arguments, list[Any]]:
        arguments = Arguments(f, point.argnums, point.args, kwargs, "hvp")
        vectors = match_vector(
            (vector,) if arguments.single else _vector_tuple(vector, len(arguments.treedefs)),
            arguments.leaves,
            arguments.treedefs,
            "vector",
            "the point",
        )
        return arguments, vectors

    def exact(*args: Any, **kwargs: Any) -> Any:
        if len(args) == 2:
            known = attempt(f, choice, args[:1], kwargs, args[1])
            if known is not None:
                return known
        point, vector = pointed(args)
        alone = len(args) == 2 and len(point.args) == 1
        name = choice if alone else f"hvp, {point.argnums!r}, of several"
        if not alone:
            known = attempt(f, name, point.args, kwargs, vector)
            if known is not None:
                return known
        arguments, vectors = prepare(point, vector, kwargs)
        linearization = linearize_call(f, arguments, order=2)
        scalar_output(linearization, f, "hvp")
        results = resolved_hessian(linearization, hessian_vectors(linearization, vectors), vectors)
        result = arguments.result(finish(results, arguments))
        learn(f, name, linearization, result, hvp_shortcut, vector)
        return result

    def numerical(*args: Any, **kwargs: Any) -> tuple[Any, str]:
        arguments, vectors = prepare(*pointed(args), kwargs)
        leaves, words = numerical_hessian_vector(arguments, vectors)
        return arguments.result(leaves), words

    return derived(
        choose(f, "hvp", method, exact, numerical, check, pure), hvp, f, argnums, method=method, check=check, pure=pure
    )


def _vector_tuple(vector: Any, count: int) -> Any:
    if isinstance(vector, (tuple, list)) and len(vector) == count and not isinstance_traced(vector):
        return vector
    if np.ndim(plain_value(vector)) == 1 and len(vector) == count:
        return [vector[i] for i in range(count)]
    raise InputError(f"the vector is {vector!r}. A tuple with one entry for each of the {count} arguments is required")
