"""The Hessian: forward over reverse, batched over unit vectors.

hessian : (f : x → R)  →  (x → ∂²f/∂x²),   shape x.shape + x.shape for each pair of leaves
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.errors import InputError
from gradwise.operators.argnums import require_argnums
from gradwise.operators.arguments import Arguments, require_callable
from gradwise.operators.derived import derived
from gradwise.operators.engine import linearize_call
from gradwise.operators.estimates import numerical_hessian, numerical_hessian_matrix
from gradwise.operators.fallback import choose
from gradwise.operators.jacobians import (
    as_leaf,
    as_plain,
    gathered,
    is_complex,
    refuse_sparse,
    unit_blocks,
    widest_entries,
)
from gradwise.operators.linearization import Linearization
from gradwise.operators.points import spread_point
from gradwise.operators.results import scalar_output
from gradwise.operators.second_order import hessian_vectors
from gradwise.operators.second_shortcuts import hessian_shortcut
from gradwise.operators.shortcuts import attempt, learn
from gradwise.operators.singular import resolved_batch
from gradwise.tracing import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable

#: entries of the arguments up to which a shortcut is made
_SHORT = 64


def hessian(
    f: Callable[..., Any],
    argnums: Any = 0,
    sparse: bool = False,
    *,
    method: str = "auto",
    check: bool | None = None,
    pure: bool | None = None,
) -> Callable[..., Any]:
    """A function returning the Hessian of ``f``, forward over reverse, batched over unit vectors.

    Parameters
    ----------
    f : callable
        Returns one real number.
    argnums : int, str, tuple of these, or "all"
        The arguments to differentiate.
    sparse : bool
        Must be False: sparse Hessians are not available yet.
    method, check, pure
        As for :func:`gradwise.grad`.

    Returns
    -------
    callable
        For one array argument x an array of shape ``x.shape + x.shape``.  For containers and several arguments a nested structure of blocks: the container of the
        arguments, and inside each leaf that container again.

    Raises
    ------
    InputError, OutputError, TracingError
        As for :func:`gradwise.grad`.

    Examples
    --------
    >>> import numpy as np
    >>> import gradwise as gw
    >>> gw.hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 3.0]))
    array([[6., 2.],
           [2., 0.]])
    """
    refuse_sparse(sparse, "hessian")
    require_callable(f, "hessian")
    require_argnums(argnums, "hessian")
    choice = hessian_choice(argnums)

    def exact(*args: Any, **kwargs: Any) -> Any:
        known = attempt(f, choice, args, kwargs)
        if known is not None:
            return known
        if len(args) == 1 and type(argnums) is int and argnums == 0 and not kwargs:
            spread = spread_point(f, args[0])
            if spread is not None:
                full = hessian(f, "all", method="exact")(*spread)
                return np.stack(
                    [
                        np.stack([np.asarray(entry) if not isinstance_traced(entry) else entry for entry in row])
                        for row in full
                    ]
                )
        arguments = Arguments(f, argnums, args, kwargs, "hessian")
        if is_complex(arguments.leaves):
            raise InputError(
                "gw.hessian of a function of complex arguments is not defined. Real arguments are required. Differentiate with respect to the real and imaginary parts"
            )
        linearization = linearize_call(f, arguments, order=2)
        scalar_output(linearization, f, "hessian")
        result = nested_blocks(hessian_leaves(linearization), arguments)
        learn_hessian(f, choice, linearization, result)
        return result

    def numerical(*args: Any, **kwargs: Any) -> tuple[Any, str]:
        spread = (
            spread_point(f, args[0])
            if len(args) == 1 and type(argnums) is int and argnums == 0 and not kwargs
            else None
        )
        if spread is not None:
            return numerical_hessian_matrix(Arguments(f, "all", spread, {}, "hessian"))
        return numerical_hessian(Arguments(f, argnums, args, kwargs, "hessian"), nested_blocks)

    return derived(
        choose(f, "hessian", method, exact, numerical, check, pure),
        hessian,
        f,
        argnums,
        sparse,
        method=method,
        check=check,
        pure=pure,
    )


def hessian_choice(argnums: Any) -> str:
    """The name under which shortcuts to Hessians are kept."""
    return f"Hessian, {argnums!r}"


def learn_hessian(f: Any, choice: str, linearization: Linearization, result: Any) -> None:
    """Make a shortcut after a Hessian that was found in the ordinary way."""
    if sum(as_plain(leaf).size for leaf in linearization.arguments.leaves) <= _SHORT:
        learn(f, choice, linearization, result, hessian_shortcut)


def hessian_leaves(linearization: Linearization) -> list[list[Any]]:
    """Blocks [leaf i][leaf j] = ∂²f/∂x_i ∂x_j of shape x_i.shape + x_j.shape."""
    leaves = linearization.arguments.leaves
    likes = [as_plain(leaf) for leaf in leaves]
    total = sum(x.size for x in likes)
    pieces = []
    for size, vectors in unit_blocks(leaves, widest_entries(linearization)):
        pieces.append(resolved_batch(linearization, "second", hessian_vectors(linearization, vectors, size), vectors))
    columns = gathered(pieces, leaves, total)
    blocks: list[list[Any]] = []
    for column, x in zip(columns, likes, strict=True):
        row, start = [], 0
        for z in likes:
            shape = (*x.shape, *z.shape)
            if column is None or x.size == 0 or z.size == 0:
                row.append(np.zeros(shape, np.result_type(x, z)))
            else:
                part = column[start : start + z.size]
                row.append(np.reshape(np.moveaxis(part, 0, -1), shape))
            start += z.size
        blocks.append(row)
    return blocks


def nested_blocks(blocks: list[list[Any]], arguments: Arguments) -> Any:
    """Hessian blocks in the arguments' container, twice nested."""
    rows = [
        arguments.result([as_leaf(b, kind, None) for b, kind in zip(row, arguments.kinds, strict=True)])
        for row in blocks
    ]
    return arguments.result(rows)
