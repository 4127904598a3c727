"""``np.linalg`` on traced arrays: factorisations and everything that rests on them.  Norms are in ``norms.py``."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.program import Primitive
from gradwise.rules import linear_algebra as rules
from gradwise.tracing.arithmetic import _innermost, concrete, plain
from gradwise.tracing.functions.operands import array, as_array, integers
from gradwise.tracing.traced import apply, dtype_of, isinstance_traced

_ABSENT: Any = np._NoValue
#: from NumPy 2.5 on also where all eigenvalues are real
_EIG_IS_COMPLEX = np.linalg.eig(np.eye(1))[0].dtype.kind == "c"


def recorded(primitive: Primitive, operands: tuple[Any, ...], params: tuple[Any, ...], value: Any) -> Any:
    """The primitive on operands in the dtype of NumPy's result (complex where an operand is), which is ``value``."""
    trace = _innermost(*operands)
    if trace is None:
        return value
    first = value[0] if isinstance(value, tuple) else value
    dtype = np.result_type(*[dtype_of(plain(o)) for o in operands], dtype_of(first))
    return apply(trace, primitive, operands, params, value, dtype)


def _matrix(a: Any) -> Any:
    return as_array(a)


# --- systems ----------------------------------------------------------------------------------------------------------------------


def solve(a: Any, b: Any) -> Any:
    """``np.linalg.solve``: b is a vector only if it has one axis."""
    a, b = _matrix(a), _matrix(b)
    value = np.linalg.solve(plain(a), plain(b))
    if b.ndim > 1:
        return recorded(rules.solve, (a, b), ("",), value)
    x = recorded(rules.solve, (a, b[:, None]), ("",), value[..., None])
    return x[..., 0]


def inv(a: Any) -> Any:
    """``np.linalg.inv``."""
    a = _matrix(a)
    return recorded(rules.inv, (a,), (), np.linalg.inv(plain(a)))


def tensorinv(a: Any, ind: int = 2) -> Any:
    """``np.linalg.tensorinv``: the inverse of a as a map from its last axes to its first ``ind``."""
    a, ind = _matrix(a), integers(ind)
    value = np.linalg.tensorinv(plain(a), ind)
    rows = int(np.prod(a.shape[:ind]))
    return inv(a.reshape((rows, -1))).reshape(value.shape)


def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    """``np.linalg.tensorsolve``: x with tensordot(a, x, x.ndim) = b."""
    a, b, axes = _matrix(a), _matrix(b), integers(axes)
    value = np.linalg.tensorsolve(plain(a), plain(b), axes)
    if axes is not None:
        order = [i for i in range(a.ndim) if i not in [k % a.ndim for k in axes]]
        a = a.transpose((*order, *[k % a.ndim for k in axes]))
    n = int(np.prod(value.shape))
    return solve(a.reshape((-1, n)), b.ravel()).reshape(value.shape)


def pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = _ABSENT) -> Any:
    """``np.linalg.pinv``; the cut-off is a constant."""
    a = _matrix(a)
    rcond, rtol = concrete(rcond), concrete(rtol)
    value = np.linalg.pinv(plain(a), rcond, hermitian, rtol=rtol)
    if rcond is None:
        rcond = 1e-15 if rtol is _ABSENT else rtol
        if rcond is None:
            rcond = max(a.shape[-2:]) * np.finfo(value.dtype).eps
    if value.size == 0:
        return value
    return recorded(rules.pinv, (a,), (_hashable(rcond), bool(hermitian)), value)


def _hashable(number: Any) -> Any:
    def frozen(entry: Any) -> Any:
        return tuple(map(frozen, entry)) if isinstance(entry, list) else entry

    return frozen(np.asarray(number, dtype=float).tolist())


def _rank_of(a: Any, rcond: float) -> Any:
    """The rank at a cut-off relative to the largest singular value, with a guard."""
    a = np.asarray(plain(a)) if not isinstance_traced(a) else a
    if not isinstance_traced(a) or not a.tape.open:
        return rules.rank.value(plain(a), _hashable(rcond))
    return concrete(apply(a.tape, rules.rank, (a,), (_hashable(rcond),)), "int")


def lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    """``np.linalg.lstsq``: the solution, the sums of squared residuals, the rank (an integer), the singular values."""
    a, b = _matrix(a), _matrix(b)
    rcond = concrete(rcond)
    _, resids, rank, _ = np.linalg.lstsq(plain(a), plain(b), rcond)
    m, n = a.shape[-2:]
    dtype = np.result_type(plain(a), plain(b), np.float32) if dtype_of(plain(a)).kind != "i" else np.float64
    cut = float(np.finfo(dtype).eps * max(m, n)) if rcond is None else float(rcond)
    columns = b[:, None] if b.ndim == 1 else b
    value = np.linalg.lstsq(plain(a), plain(columns), rcond)[0]
    x = recorded(rules.lstsq, (a, columns), (cut,), value)
    residuals: Any = resids
    if rank == n and m > n:
        rest = columns - a @ x
        residuals = np.sum(rest.real**2 + rest.imag**2 if dtype_of(plain(rest)).kind == "c" else rest**2, axis=0)
    s = svdvals(a)
    if isinstance_traced(a):
        _rank_of(a, float(np.finfo(dtype).eps) if cut < 0 else cut)
    return (x[:, 0] if b.ndim == 1 else x), residuals, rank, s


def matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    """``np.linalg.matrix_rank``: an integer, concrete and guarded."""
    return np.linalg.matrix_rank(concrete(array(A), "value"), concrete(tol), hermitian, rtol=concrete(rtol))


def matrix_power(a: Any, n: Any) -> Any:
    """``np.linalg.matrix_power``, by repeated squaring; negative powers through the inverse."""
    a, n = _matrix(a), integers(n)
    np.linalg.matrix_power(np.eye(1), n)  # raises as NumPy does
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        return np.linalg.matrix_power(plain(a), n)
    if n == 0:
        return a * 0 + np.eye(a.shape[-1], dtype=a.dtype)
    if n < 0:
        a, n = inv(a), -n
    result: Any = None
    while n:
        if n & 1:
            result = a if result is None else result @ a
        n >>= 1
        if n:
            a = a @ a
    return result if result is not a else +a


def multi_dot(arrays: Any, *, out: Any = None) -> Any:
    """``np.linalg.multi_dot``: a chain of products in the order that costs least."""
    arrays = [_matrix(a) for a in arrays]
    if len(arrays) < 2:
        raise ValueError("Expecting at least two arrays.")
    if len(arrays) == 2:
        return np.dot(arrays[0], arrays[1], out=out)
    first, last = arrays[0].ndim, arrays[-1].ndim
    if first == 1:
        arrays[0] = arrays[0][None, :]
    if last == 1:
        arrays[-1] = arrays[-1][:, None]
    if any(a.ndim != 2 for a in arrays):
        raise np.linalg.LinAlgError("multi_dot takes matrices, and vectors at the ends")
    result = _chain(arrays)
    shape = (result.shape[0],) * (first > 1) + (result.shape[1],) * (last > 1)
    result = result.reshape(shape) if shape else result[0, 0]
    if out is None:
        return result
    out[...] = result
    return out


def _chain(arrays: list[Any]) -> Any:
    """Matrix chain multiplication by dynamic programming (Cormen et al., *Introduction to Algorithms*, §15.2)."""
    n = len(arrays)
    sizes = [a.shape[0] for a in arrays] + [arrays[-1].shape[1]]
    best: dict[tuple[int, int], tuple[int, int]] = {(i, i): (0, i) for i in range(n)}
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            best[i, j] = min(
                (best[i, k][0] + best[k + 1, j][0] + sizes[i] * sizes[k + 1] * sizes[j + 1], k) for k in range(i, j)
            )

    def product(i: int, j: int) -> Any:
        if i == j:
            return arrays[i]
        k = best[i, j][1]
        return product(i, k) @ product(k + 1, j)

    return product(0, n - 1)


# --- determinants -----------------------------------------------------------------------------------------------------------------


def det(a: Any) -> Any:
    """``np.linalg.det``."""
    a = _matrix(a)
    return recorded(rules.det, (a,), (), np.linalg.det(plain(a)))


def slogdet(a: Any) -> Any:
    """``np.linalg.slogdet``: sign and logarithm of the modulus."""
    a = _matrix(a)
    value = np.linalg.slogdet(plain(a))
    return type(value)(*recorded(rules.slogdet, (a,), (), tuple(value)))


# --- factorisations ---------------------------------------------------------------------------------------------------------------


def cholesky(a: Any, /, *, upper: bool = False) -> Any:
    """``np.linalg.cholesky``; one triangle is read."""
    a = _matrix(a)
    return recorded(rules.cholesky, (a,), (bool(upper),), np.linalg.cholesky(plain(a), upper=upper))


def qr(a: Any, mode: Any = "reduced") -> Any:
    """``np.linalg.qr`` in the modes reduced, complete and r."""
    a = _matrix(a)
    if mode not in {"reduced", "complete", "r"}:
        if isinstance_traced(a) and a.tape.open and mode in {"raw", "full", "f", "economic", "e"}:
            raise a.tape.fail(
                f"np.linalg.qr was called with mode={mode!r} on a traced matrix. A mode with a derivative is required. "
                "Write mode='reduced', 'complete' or 'r'"
            )
        return np.linalg.qr(plain(a), mode)
    value = np.linalg.qr(plain(a), "reduced" if mode == "r" else mode)
    Q, R = recorded(rules.qr, (a,), ("reduced" if mode == "r" else mode,), tuple(value))
    return R if mode == "r" else type(value)(Q, R)


def _upper(UPLO: str) -> bool:
    if UPLO.upper() not in {"L", "U"}:
        raise ValueError("UPLO argument must be 'L' or 'U'")
    return UPLO.upper() == "U"


def eigh(a: Any, UPLO: Any = "L") -> Any:
    """``np.linalg.eigh``; one triangle is read."""
    a = _matrix(a)
    upper = _upper(UPLO)
    value = np.linalg.eigh(plain(a), UPLO)
    if _innermost(a) is None:
        return value
    w, V = apply(a.tape, rules.eigh, (a,), (upper,), tuple(value), dtype_of(value[1]))
    return type(value)(w, apply(a.tape, rules.marked, (V, w), (False, False), value[1].copy()))


def eigvalsh(a: Any, UPLO: Any = "L") -> Any:
    """``np.linalg.eigvalsh``; one triangle is read."""
    a = _matrix(a)
    upper = _upper(UPLO)
    return recorded(rules.eigvalsh, (a,), (upper,), np.linalg.eigvalsh(plain(a), UPLO))


def eig(a: Any, *, real: bool = False) -> Any:
    """``np.linalg.eig``: eigenvectors of length 1 whose entry of largest modulus is real.

    With ``real`` a real matrix whose eigenvalues are all real has real ones, as in SciPy, in ``np.roots``, and in NumPy before 2.5.
    """
    a = _matrix(a)
    value = np.linalg.eig(plain(a))
    if real and dtype_of(plain(a)).kind != "c" and not np.any(value[0].imag):
        value = type(value)(*[part.real.copy() for part in value])
    if _innermost(a) is None:
        return value
    own = dtype_of(plain(a)) if dtype_of(plain(a)).kind in "fc" else np.dtype(np.float64)
    w, V = apply(a.tape, rules.eig, (a,), (value[0].dtype,), tuple(value), own)
    if own.kind != "c" and value[0].dtype.kind == "c" and (real or not _EIG_IS_COMPLEX):
        concrete(np.any(w.imag != 0), "mask")  # elsewhere all may be real, and NumPy gives real numbers
    return type(value)(w, apply(a.tape, rules.marked, (V, w), (False, False), value[1].copy()))


def eigvals(a: Any, *, real: bool = False) -> Any:
    """``np.linalg.eigvals``, in NumPy's order; ``real`` as in ``eig``."""
    a = _matrix(a)
    value = np.linalg.eigvals(plain(a))
    if real and dtype_of(plain(a)).kind != "c" and not np.any(value.imag):
        value = value.real
    if _innermost(a) is None:
        return value
    w = eig(a, real=value.dtype.kind != "c")[0]
    if not value.size:
        return w
    # LAPACK takes another path when eigenvectors are asked for, and may find the eigenvalues in another order
    distance = np.abs(value[..., :, None] - plain(w)[..., None, :])
    order = distance.argmin(axis=-1)
    identity = np.broadcast_to(np.arange(order.shape[-1]), order.shape)
    if np.array_equal(order, identity) or not np.array_equal(np.sort(order, axis=-1), identity):
        return w
    concrete(a)
    stack = tuple(i[..., None] for i in np.indices(tuple(order.shape[:-1])))
    return w[(*stack, order)]


def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    """``np.linalg.svd``."""
    a = _matrix(a)
    if hermitian:
        return _svd_hermitian(a, compute_uv=compute_uv)
    if not compute_uv:
        return svdvals(a)
    value = np.linalg.svd(plain(a), full_matrices)
    if _innermost(a) is None:
        return value
    U, s, Vh = value
    s, U, Vh = apply(a.tape, rules.svd, (a,), (bool(full_matrices),), (s, U, Vh), U.dtype)
    m, n = a.shape[-2:]
    U = apply(a.tape, rules.marked, (U, s), (m > n, False), plain(U).copy())
    Vh = apply(a.tape, rules.marked, (Vh, s), (n > m, True), plain(Vh).copy())
    return type(value)(U, s, Vh)


def _svd_hermitian(a: Any, *, compute_uv: bool) -> Any:
    """From the eigenvalues, sorted by modulus, as NumPy does."""
    if not compute_uv:
        w = np.abs(eigvalsh(a))
        return np.sort(w, axis=-1)[..., ::-1]
    w, V = eigh(a)
    order = np.asarray(concrete(np.argsort(np.abs(w), axis=-1), "order"))[..., ::-1]
    stack = tuple(i[..., None] for i in np.indices(tuple(order.shape[:-1])))
    rows = tuple(i[..., None] for i in stack)
    w = w[(*stack, order)]
    V = V[(*rows, np.arange(V.shape[-2])[:, None], order[..., None, :])]
    signs = np.where(concrete(w == 0, "mask"), 0.0, np.where(concrete(w > 0, "mask"), 1.0, -1.0))
    template = np.linalg.svd(np.eye(1))
    return type(template)(V, np.abs(w), np.swapaxes(np.conj(V * signs[..., None, :]), -1, -2))


def svdvals(x: Any, /) -> Any:
    """``np.linalg.svdvals``."""
    x = _matrix(x)
    return recorded(rules.svdvals, (x,), (), np.linalg.svd(plain(x), compute_uv=False))


def matrix_transpose(x: Any, /) -> Any:
    """``np.linalg.matrix_transpose``."""
    return np.swapaxes(_matrix(x), -1, -2)


def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """``np.linalg.vecdot``: Σ conj(a)·b."""
    x1, x2 = _matrix(x1), _matrix(x2)
    x1, x2 = np.moveaxis(x1, axis, -1), np.moveaxis(x2, axis, -1)
    return np.sum((np.conj(x1) if dtype_of(plain(x1)).kind == "c" else x1) * x2, axis=-1)


def outer(x1: Any, x2: Any, /) -> Any:
    """``np.linalg.outer``, of vectors only."""
    x1, x2 = _matrix(x1), _matrix(x2)
    if x1.ndim != 1 or x2.ndim != 1:
        raise ValueError(f"Input arrays must be one-dimensional, but they are {x1.ndim=} and {x2.ndim=}.")
    return np.outer(x1, x2)


FUNCTIONS: dict[Any, Any] = {
    np.linalg.solve: solve,
    np.linalg.inv: inv,
    np.linalg.tensorinv: tensorinv,
    np.linalg.tensorsolve: tensorsolve,
    np.linalg.pinv: pinv,
    np.linalg.lstsq: lstsq,
    np.linalg.matrix_rank: matrix_rank,
    np.linalg.matrix_power: matrix_power,
    np.linalg.multi_dot: multi_dot,
    np.linalg.det: det,
    np.linalg.slogdet: slogdet,
    np.linalg.cholesky: cholesky,
    np.linalg.qr: qr,
    np.linalg.eigh: eigh,
    np.linalg.eigvalsh: eigvalsh,
    np.linalg.eig: eig,
    np.linalg.eigvals: eigvals,
    np.linalg.svd: svd,
    np.linalg.svdvals: svdvals,
    np.linalg.matrix_transpose: matrix_transpose,
    np.linalg.vecdot: vecdot,
    np.linalg.outer: outer,
    np.linalg.matmul: lambda x1, x2, /: np.matmul(x1, x2),
    np.linalg.tensordot: lambda x1, x2, /, *, axes=2: np.tensordot(x1, x2, axes=axes),
    np.linalg.cross: lambda x1, x2, /, *, axis=-1: _cross(x1, x2, axis),
    np.linalg.diagonal: lambda x, /, *, offset=0: np.diagonal(_matrix(x), offset, -2, -1),
    np.linalg.trace: lambda x, /, *, offset=0, dtype=None: np.trace(_matrix(x), offset, -2, -1, dtype),
}


def _cross(x1: Any, x2: Any, axis: int) -> Any:
    x1, x2 = _matrix(x1), _matrix(x2)
    if x1.shape[axis] != 3 or x2.shape[axis] != 3:
        raise ValueError(
            f"Both input arrays must be (arrays of) 3-dimensional vectors, but they are {x1.shape[axis]} and {x2.shape[axis]} dimensional instead."
        )
    return np.cross(x1, x2, axis=axis)
