"""Vectors of a function's domain and range: checked against what they belong to, pushed forward, pulled back.

The exact halves of ``gw.jvp`` and ``gw.vjp``, for use inside the room.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.containers import flatten
from gradwise.errors import InputError
from gradwise.operators.arguments import Arguments
from gradwise.operators.engine import linearize_call
from gradwise.operators.leaves import as_floating
from gradwise.operators.linear_shortcuts import learn_linear
from gradwise.operators.linearization import Linearization, auxiliary
from gradwise.operators.product_shortcuts import PRODUCT, jvp_shortcut
from gradwise.operators.results import finish, output_leaves, output_value, plain_value
from gradwise.operators.shortcuts import learn
from gradwise.operators.singular import resolved_gradient, resolved_tangent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


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
        like = plain_value(leaf)
        if np.shape(plain_value(value)) != np.shape(like):
            raise InputError(
                f"the {what} has shape {np.shape(plain_value(value))}. The shape of {of}, {np.shape(like)}, is required"
            )
        dtype = np.asarray(like).dtype
        have = np.asarray(plain_value(value)).dtype
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


def push_forward(
    f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], *, has_aux: bool = False
) -> Any:
    """``(f(x), J ẋ)``, and the auxiliary output with ``has_aux``."""
    arguments = Arguments(f, tuple(range(len(primals))), tuple(primals), {}, "jvp")
    vectors = match_vector(tangents, arguments.leaves, arguments.treedefs, "tangent", "the primal")
    linearization = linearize_call(f, arguments, has_aux=has_aux)
    results = resolved_tangent(linearization, linearization.jvp(vectors), vectors)
    tangent = linearization.recording.structure.rebuild(output_leaves(linearization, results))
    value = output_value(linearization)
    if has_aux:
        return value, tangent, auxiliary(linearization)
    if type(primals) is tuple and type(tangents) is tuple:
        learn(f, PRODUCT, linearization, (value, tangent), jvp_shortcut, tangents)
    return value, tangent


def one_cotangent(given: tuple[Any, ...]) -> Any:
    """The cotangent that a transpose was given.

    Raises
    ------
    InputError
    """
    if len(given) != 1:
        raise InputError(
            f"the function that gw.vjp returned was given {len(given)} cotangents. One is required, of the structure of the value: a tuple of them where the function returns a tuple"
        )
    return given[0]


def pull_back(f: Callable[..., Any], primals: Sequence[Any], *, has_aux: bool = False) -> Any:
    """``(f(x), ȳ ↦ Jᵀ ȳ)``, and the auxiliary output with ``has_aux``."""
    arguments = Arguments(f, tuple(range(len(primals))), tuple(primals), {}, "vjp")
    linearization = linearize_call(f, arguments, has_aux=has_aux, lasting=True)
    value = output_value(linearization, copied=True)
    linearization.recording.tape.own()
    transpose = _transpose(linearization, arguments)
    if has_aux:
        return value, transpose, auxiliary(linearization)
    learn_linear(f, "vjp", linearization, (value, transpose), _transpose)
    return value, transpose


def _transpose(linearization: Linearization, arguments: Arguments) -> Callable[..., tuple[Any, ...]]:
    """ȳ ↦ Jᵀ ȳ."""

    def transpose(*cotangents: Any) -> tuple[Any, ...]:
        vectors = match_vector(
            (one_cotangent(cotangents),),
            linearization.values,
            [linearization.recording.structure],
            "cotangent",
            "the function's value",
        )
        results = resolved_gradient(linearization, linearization.vjp(vectors), vectors)
        return tuple(arguments.rebuild(finish(results, arguments)))

    return transpose


def linear(arguments: Arguments, product: Callable[[list[Any]], Any]) -> Callable[..., Any]:
    """The function of one tangent for each argument that gives a product with all of them."""

    def derivative(*tangents: Any) -> Any:
        if len(tangents) != len(arguments.treedefs):
            raise InputError(
                f"the linear function takes {len(arguments.treedefs)} tangents, one for each argument, and was given {len(tangents)}"
            )
        return product(match_vector(tangents, arguments.leaves, arguments.treedefs, "tangent", "the primal"))

    return derivative


def linear_part(f: Callable[..., Any], primals: Sequence[Any]) -> tuple[Any, Callable[..., Any]]:
    """``(f(x), ẋ ↦ J ẋ)``."""
    arguments = Arguments(f, tuple(range(len(primals))), tuple(primals), {}, "linearize")
    linearization = linearize_call(f, arguments, lasting=True)
    linearization.recording.tape.own()
    result = output_value(linearization, copied=True), _derivative(linearization, arguments)
    learn_linear(f, "linearize", linearization, result, _derivative)
    return result


def _derivative(linearization: Linearization, arguments: Arguments) -> Callable[..., Any]:
    """ẋ ↦ J ẋ."""

    def product(vectors: list[Any]) -> Any:
        results = resolved_tangent(linearization, linearization.jvp(vectors), vectors)
        return linearization.recording.structure.rebuild(output_leaves(linearization, results))

    return linear(arguments, product)
