"""jacobian, jacfwd, jacrev, hessian: all derivatives of all outputs, batched over unit vectors.

    jacobian : (f : x → y)  →  (x → ∂y/∂x),   shape y.shape + x.shape for each pair of leaves

The columns (or rows) are computed together by the batch transform, in blocks that bound the memory; Python loops over blocks only.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.errors import InputError, OutputError
from gradwise.operators.argnums import require_argnums
from gradwise.operators.arguments import Arguments, function_label, require_callable
from gradwise.operators.derived import derived
from gradwise.operators.engine import linearize_call
from gradwise.operators.estimates import numerical_jacobian
from gradwise.operators.fallback import choose
from gradwise.operators.jacobian_shortcuts import jacobian_shortcut
from gradwise.operators.leaves import traced_number
from gradwise.operators.linearization import Linearization, auxiliary
from gradwise.operators.shortcut_results import Columns
from gradwise.operators.shortcuts import attempt, learn
from gradwise.operators.singular import resolved_batch
from gradwise.tracing import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: entries that one block of unit vectors may create in the largest intermediate
BLOCK_ENTRIES = 1 << 24
#: unit vectors up to which the overhead of a call counts
_SHORT = 256


def as_plain(value: Any) -> np.ndarray:
    """The concrete array of a value, traced or not."""
    return np.asarray(value.current() if isinstance_traced(value) else value)


def _block(count: int, widest: int) -> int:
    return max(1, min(count, BLOCK_ENTRIES // max(1, widest)))


def unit_blocks(leaves: Sequence[Any], widest: int) -> Any:
    """Blocks of unit vectors over all entries of all leaves: ``(size, [array (size, *shape) for each leaf])``.

    A last block that is short is filled up with zero vectors, so that every block has the same size and program.
    """
    arrays = [as_plain(leaf) for leaf in leaves]
    total = sum(a.size for a in arrays)
    size = _block(total, widest)
    for start in range(0, total, size):
        block = []
        offset = 0
        for a in arrays:
            unit = np.zeros((size, a.size), a.dtype)
            low, high = max(start, offset), min(start + size, offset + a.size)
            if low < high:
                rows = np.arange(low, high)
                unit[rows - start, rows - offset] = 1
            block.append(unit.reshape(size, *a.shape))
            offset += a.size
        yield size, block


def widest_entries(linearization: Linearization) -> int:
    """The number of entries of the largest intermediate, by which blocks of unit vectors are sized."""
    return max((t.size for t in linearization.program.types), default=1)


def gathered(blocks: list[list[Any]], likes: Sequence[Any], total: int) -> list[Any]:
    """Results of all blocks joined along the batch axis, by leaf: shape (total, *leaf.shape), or None where always zero."""
    joined: list[Any] = []
    for k, like in enumerate(likes):
        pieces = [b[k] for b in blocks]
        if all(p is None for p in pieces):
            joined.append(None)
            continue
        shape = next(np.shape(p if not isinstance_traced(p) else p.current()) for p in pieces if p is not None)
        dtype = np.asarray(as_plain(like)).dtype
        full = [np.zeros(shape, dtype) if p is None else p for p in pieces]
        whole = full[0] if len(full) == 1 else np.concatenate(full)
        joined.append(whole[:total] if whole.shape[0] != total else whole)
    return joined


def forward_columns(linearization: Linearization) -> list[Any]:
    """∂(output leaf)/∂(all input entries), with the input entries along a leading axis."""
    leaves = linearization.arguments.leaves
    total = sum(as_plain(leaf).size for leaf in leaves)
    blocks = []
    for size, vectors in unit_blocks(leaves, widest_entries(linearization)):
        blocks.append(
            resolved_batch(linearization, "forward", linearization.batched("forward", size, vectors), vectors)
        )
    return gathered(blocks, linearization.values, total)


def reverse_rows(linearization: Linearization) -> list[Any]:
    """∂(all output entries)/∂(input leaf), with the output entries along a leading axis."""
    total = sum(as_plain(v).size for v in linearization.values)
    blocks = []
    for size, vectors in unit_blocks(linearization.values, widest_entries(linearization)):
        blocks.append(
            resolved_batch(linearization, "reverse", linearization.batched("reverse", size, vectors), vectors)
        )
    return gathered(blocks, linearization.arguments.leaves, total)


def _check_outputs(linearization: Linearization, function: Any, operator: str) -> None:
    for value in linearization.values:
        dtype = as_plain(value).dtype
        if dtype.kind not in "fc":
            raise OutputError(
                f"gw.{operator} of {function_label(function)}: the function returned values of dtype {dtype}, which are piecewise constant. Real or complex numbers are required"
            )


def is_complex(values: Sequence[Any]) -> bool:
    """Whether any of the values is complex."""
    return any(as_plain(v).dtype.kind == "c" for v in values)


def cheaper_mode(linearization: Linearization) -> str:
    """Forward or reverse, whichever takes less: one reverse row costs about two forward columns."""
    outputs, inputs = linearization.values, linearization.arguments.leaves
    few = sum(as_plain(x).size for x in inputs) <= 2 * sum(as_plain(v).size for v in outputs)
    return "forward" if few or is_complex(outputs) else "reverse"


def jacobian_blocks(linearization: Linearization, mode: str) -> list[list[Any]]:
    """The Jacobian as blocks [output leaf][input leaf] of shape output.shape + input.shape."""
    outputs, inputs = linearization.values, linearization.arguments.leaves
    out_likes, in_likes = [as_plain(v) for v in outputs], [as_plain(v) for v in inputs]
    out_sizes, in_sizes = [v.size for v in out_likes], [v.size for v in in_likes]
    blocks: list[list[Any]] = []
    if mode == "forward":
        columns = forward_columns(linearization)
        for column, like in zip(columns, out_likes, strict=True):
            row, start = [], 0
            for x, size in zip(in_likes, in_sizes, strict=True):
                shape = (*like.shape, *x.shape)
                if column is None or size == 0 or like.size == 0:
                    row.append(np.zeros(shape, np.result_type(like, x)))
                else:
                    part = column[start : start + size]
                    row.append(np.reshape(np.moveaxis(part, 0, -1), shape))
                start += size
            blocks.append(row)
        return blocks
    if is_complex(in_likes) and not is_complex(out_likes):
        pass  # real outputs: the rows are gradients in the convention ∂f/∂a + i ∂f/∂b
    rows = reverse_rows(linearization)
    start = 0
    for like, size in zip(out_likes, out_sizes, strict=True):
        line = []
        for x, row in zip(in_likes, rows, strict=True):
            shape = (*like.shape, *x.shape)
            if row is None or size == 0 or x.size == 0:
                line.append(np.zeros(shape, np.result_type(like, x)))
            else:
                line.append(np.reshape(row[start : start + size], shape))
        blocks.append(line)
        start += size
    return blocks


def _owned(block: Any) -> Any:
    """A fresh writable C-contiguous array."""
    if isinstance_traced(block):
        return block
    block = np.ascontiguousarray(block) if np.ndim(block) else np.asarray(block)
    return block.copy() if block.base is not None or not block.flags.writeable else block


def as_leaf(block: Any, kind: type, value: Any) -> Any:
    """A block of shape () as a number where both the output and the input are numbers."""
    if np.ndim(block):
        return _owned(block)
    if isinstance_traced(block):
        return traced_number(block, kind if kind in (float, int) else np.generic)
    if kind in (float, int):
        return block.item()
    return np.asarray(block)[()]


def _jacobian(
    f: Callable[..., Any],
    argnums: Any,
    has_aux: bool,
    mode: str,
    operator: str,
    method: str,
    check: bool | None,
    pure: bool | None,
) -> Callable[..., Any]:
    require_callable(f, operator)
    require_argnums(argnums, operator)
    choice = jacobian_choice(mode, argnums)

    def exact(*args: Any, **kwargs: Any) -> Any:
        known = None if has_aux else attempt(f, choice, args, kwargs)
        if known is not None:
            return known
        arguments = Arguments(f, argnums, args, kwargs, operator)
        linearization = linearize_call(f, arguments, has_aux=has_aux)
        _check_outputs(linearization, f, operator)
        chosen = mode
        in_complex, out_complex = is_complex(arguments.leaves), is_complex(linearization.values)
        if in_complex and not out_complex:
            chosen = "reverse"
        elif out_complex:
            chosen = "forward"
        if chosen == "auto":
            chosen = cheaper_mode(linearization)
        blocks = jacobian_blocks(linearization, chosen)
        if in_complex and out_complex:
            _require_holomorphic(linearization, blocks, operator, f)
        result = in_containers(linearization, blocks)
        if has_aux:
            return result, auxiliary(linearization)
        learn_jacobian(f, choice, linearization, chosen, result)
        return result

    def numerical(*args: Any, **kwargs: Any) -> tuple[Any, str]:
        if not has_aux:
            return numerical_jacobian(Arguments(f, argnums, args, kwargs, operator))
        found, sentence = numerical_jacobian(Arguments(_without_auxiliary(f), argnums, args, kwargs, operator))
        return (found, f(*args, **kwargs)[1]), sentence

    made = choose(f, operator, method, exact, numerical, check, pure)
    return derived(made, _jacobian, f, argnums, has_aux, mode, operator, method, check, pure)


def in_containers(linearization: Linearization, blocks: list[list[Any]]) -> Any:
    """The blocks of a Jacobian in the container of the value, and inside it that of the arguments."""
    arguments = linearization.arguments
    rows = [
        arguments.result([as_leaf(b, kind, v) for b, kind in zip(row, arguments.kinds, strict=True)])
        for row, v in zip(blocks, linearization.values, strict=True)
    ]
    if not arguments.single and all(np.ndim(leaf) == 0 for leaf in arguments.leaves) and not linearization.nested:
        rows = [Columns(row) for row in rows]
    return linearization.recording.structure.rebuild(rows)


def learn_jacobian(f: Any, choice: str, linearization: Linearization, mode: str, result: Any) -> None:
    """Make a shortcut after a Jacobian that was found by ``mode`` in the ordinary way."""
    if linearization.standing is None or linearization.nested:
        return
    units = linearization.arguments.leaves if mode == "forward" else linearization.values
    if sum(as_plain(u).size for u in units) <= _SHORT:
        make = jacobian_shortcut(mode, list(unit_blocks(units, widest_entries(linearization))))
        learn(f, choice, linearization, result, make)


def jacobian_choice(mode: str, argnums: Any) -> str:
    """The name under which shortcuts to Jacobians are kept."""
    return f"Jacobian, {mode}, {argnums!r}"


def _without_auxiliary(f: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(f)
    def value(*args: Any, **kwargs: Any) -> Any:
        return f(*args, **kwargs)[0]

    return value


def _require_holomorphic(linearization: Linearization, blocks: Any, operator: str, f: Any) -> None:
    """J(i ẋ) = i J(ẋ) along a fixed direction, else the complex Jacobian does not exist."""
    rng = np.random.default_rng(0)
    directions = []
    for leaf in linearization.arguments.leaves:
        like = as_plain(leaf)
        directions.append(rng.standard_normal(like.shape).astype(like.dtype)[()])
    along = linearization.jvp(directions)
    turned = linearization.jvp([d * 1j if np.iscomplexobj(d) else d * 0 for d in directions])
    for a, b in zip(along, turned, strict=True):
        if a is None and b is None:
            continue
        a = as_plain(a if a is not None else 0.0)
        b = as_plain(b if b is not None else 0.0)
        if all(np.iscomplexobj(d) for d in directions) and not np.allclose(
            b, 1j * a, rtol=1e-6, atol=1e-9 * (1 + np.max(np.abs(a), initial=0.0)), equal_nan=True
        ):
            raise OutputError(
                f"gw.{operator} of {function_label(f)}: the function is not holomorphic at this point (its derivative along i·v is not i times that along v), "
                f"so it has no complex Jacobian. Differentiate its real and imaginary parts as functions of real arguments"
            )


def jacobian(
    f: Callable[..., Any],
    argnums: Any = 0,
    sparse: bool = False,
    *,
    has_aux: bool = False,
    method: str = "auto",
    check: bool | None = None,
    pure: bool | None = None,
) -> Callable[..., Any]:
    """A function returning the Jacobian of ``f``; forward or reverse mode is chosen by shape.

    Parameters
    ----------
    f : callable
        Returns an array, a number, or a container of them.
    argnums : int, str, tuple of these, or "all"
        The arguments to differentiate.
    sparse : bool
        Must be False: sparse Jacobians are not available yet.
    has_aux : bool
        Whether ``f`` returns ``(value, auxiliary)``; then the result is ``(jacobian, auxiliary)``.
    method, check, pure
        As for :func:`gradwise.grad`.

    Returns
    -------
    callable
        Returns, for each leaf of the output and each leaf of the arguments, an array of shape ``output.shape + input.shape``; in the
        container of the output, and inside it that of the arguments.

    Raises
    ------
    InputError, OutputError, TracingError
        As for :func:`gradwise.grad`; OutputError also where a complex function is not holomorphic.

    Examples
    --------
    >>> import numpy as np
    >>> import gradwise as gw
    >>> W = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    >>> gw.jacobian(lambda x: W @ x)(np.ones(2))
    array([[1., 2.],
           [3., 4.],
           [5., 6.]])
    """
    refuse_sparse(sparse, "jacobian")
    return _jacobian(f, argnums, has_aux, "auto", "jacobian", method, check, pure)


def refuse_sparse(sparse: bool, operator: str) -> None:
    """Raise InputError if a sparse result is asked for."""
    if sparse:
        raise InputError(
            f"gw.{operator} was given sparse=True, which this version does not offer. sparse=False is required; convert the dense result with scipy.sparse.csr_array"
        )


def jacfwd(
    f: Callable[..., Any],
    argnums: Any = 0,
    has_aux: bool = False,
    *,
    method: str = "auto",
    check: bool | None = None,
    pure: bool | None = None,
) -> Callable[..., Any]:
    """The Jacobian by forward mode, one batched tangent for each input entry: best for few inputs.

    Parameters and results as :func:`gradwise.jacobian`.

    Examples
    --------
    >>> import numpy as np
    >>> import gradwise as gw
    >>> gw.jacfwd(np.square)(np.array([1.0, 3.0]))
    array([[2., 0.],
           [0., 6.]])
    """
    return _jacobian(f, argnums, has_aux, "forward", "jacfwd", method, check, pure)


def jacrev(
    f: Callable[..., Any],
    argnums: Any = 0,
    has_aux: bool = False,
    *,
    method: str = "auto",
    check: bool | None = None,
    pure: bool | None = None,
) -> Callable[..., Any]:
    """The Jacobian by reverse mode, one batched cotangent for each output entry: best for few outputs.

    Parameters and results as :func:`gradwise.jacobian`.

    Examples
    --------
    >>> import numpy as np
    >>> import gradwise as gw
    >>> gw.jacrev(lambda x: np.array([1.0, 2.0]) @ x)(np.zeros(2))
    array([1., 2.])
    """
    return _jacobian(f, argnums, has_aux, "reverse", "jacrev", method, check, pure)
