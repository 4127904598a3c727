"""``scipy.linalg``: Cholesky, LU, QR, eigenvalues, singular values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.rules import linear_algebra as rules
from gradwise.tracing.arithmetic import _innermost, concrete, plain
from gradwise.tracing.functions.creation import buffer
from gradwise.tracing.functions.linear_algebra import eig as numpy_eig
from gradwise.tracing.functions.operands import as_array, carries
from gradwise.tracing.standins.recording import open_traces
from gradwise.tracing.standins.scipy_calling import only_at_this_point, recorded, refuse, shown, with_value
from gradwise.tracing.standins.scipy_stacks import stacked_table
from gradwise.tracing.standins.scipy_systems import _system, _transposed, adjoint
from gradwise.tracing.traced import apply, dtype_of, isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable

# --- Cholesky -------------------------------------------------------------------------------------------------------------------


def cholesky(a: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """``scipy.linalg.cholesky``; one triangle is read."""
    a = np.atleast_2d(as_array(a))
    value = scipy.linalg.cholesky(plain(a), lower, check_finite=check_finite)
    return recorded(rules.cholesky, (a,), (not lower,), value)


def cho_factor(a: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True) -> tuple[Any, Any]:
    """``scipy.linalg.cho_factor``: beside the factor stands what was in the other triangle, or zeros."""
    a = as_array(a)
    there = np.array(plain(a))
    other = (np.triu_indices if lower else np.tril_indices)(a.shape[-1], 1 if lower else -1)
    # which of the two it is depends on SciPy's version, overwrite_a and the order in memory: ones show it
    marked = there.copy(order="K")
    marked[(..., *other)] = 1
    value, flag = scipy.linalg.cho_factor(there, lower, overwrite_a, check_finite)
    shown_through = scipy.linalg.cho_factor(marked, lower, overwrite_a, check_finite)[0]
    kept = np.zeros(a.shape, bool)
    kept[(..., *other)] = shown_through[(..., *other)] != 0
    factor = cholesky(a, lower)
    return with_value(factor + np.where(kept, a, 0.0) if np.any(kept) else factor, value), flag


def cho_solve(c_and_lower: Any, b: Any, overwrite_b: bool = False, check_finite: bool = True) -> Any:
    """``scipy.linalg.cho_solve``."""
    c, lower = c_and_lower
    c, b = as_array(c), as_array(b)
    value = scipy.linalg.cho_solve((plain(c), lower), plain(b), check_finite=check_finite)
    factor = np.tril(c) if np.all(lower) else adjoint(np.triu(c))
    inner = _solved(factor, b)
    return with_value(_solved(adjoint(factor), inner), value)


def _solved(a: Any, b: Any) -> Any:
    return _system(a, b, np.linalg.solve(plain(a), plain(b)))


# --- LU -------------------------------------------------------------------------------------------------------------------------


def _eliminated(a: Any, order: np.ndarray) -> Any:
    """L and U of the matrix with its rows in an order, in one matrix: Gaussian elimination, whose steps are differentiated.

    Golub & Van Loan, *Matrix Computations*, algorithm 3.2.1.
    """
    a = a[order]
    a = a.copy() if isinstance_traced(a) else a
    m, n = a.shape
    for k in range(min(m - 1, n)):
        below = a[k + 1 :, k] / a[k, k]
        a[k + 1 :, k] = below
        a[k + 1 :, k + 1 :] -= np.outer(below, a[k, k + 1 :])
    return a


def _row_order(piv: Any, m: int) -> np.ndarray:
    order = np.arange(m)
    for i, j in enumerate(np.asarray(piv)):
        order[[i, j]] = order[[j, i]]
    return order


def _rely_on_pivots(factors: Any, a: Any) -> None:
    """Let the run depend on the pivots: each is larger than what is below it, and where two are of one size, the whole matrix decides."""
    if not np.all(np.abs(np.tril(factors, -1)) < 1):
        concrete(a)


def _rely_on_columns(R: Any, a: Any) -> None:
    """As ``_rely_on_pivots``, of the columns: what is left of each, where it is chosen, is longer than what is left of those behind it."""
    rest = np.cumsum(np.abs(R[::-1]) ** 2, axis=0)[::-1]
    is_shorter = rest * (1 + 1e-6) < np.diagonal(rest)[:, None]
    if not np.all(is_shorter[np.triu(np.ones(R.shape, bool), 1)]):
        concrete(a)


def lu_factor(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> tuple[Any, Any]:
    """``scipy.linalg.lu_factor``: the pivots are concrete."""
    a = as_array(a)
    value, piv = scipy.linalg.lu_factor(plain(a), check_finite=check_finite)
    a = a if dtype_of(plain(a)) == value.dtype else a.astype(value.dtype)
    factors = _eliminated(a, _row_order(piv, a.shape[0]))
    _rely_on_pivots(factors, a)
    return with_value(factors, value), piv


def lu_solve(lu_and_piv: Any, b: Any, trans: Any = 0, overwrite_b: bool = False, check_finite: bool = True) -> Any:
    """``scipy.linalg.lu_solve``."""
    factors, piv = lu_and_piv
    factors, b = as_array(factors), as_array(b)
    value = scipy.linalg.lu_solve((plain(factors), piv), plain(b), trans, check_finite=check_finite)
    n = factors.shape[-1]
    order = _row_order(piv, n)
    lower, upper = np.tril(factors, -1) + np.eye(n), np.triu(factors)
    if trans in {0, "N"}:
        result = _solved(upper, _solved(lower, b[order]))
    else:
        result = _solved(_transposed(lower, trans), _solved(_transposed(upper, trans), b))[np.argsort(order)]
    return with_value(result, value)


def lu(
    a: Any,
    permute_l: bool = False,
    overwrite_a: bool = False,
    check_finite: bool = True,
    p_indices: bool = False,
) -> Any:
    """``scipy.linalg.lu``: the permutation is concrete."""
    a = as_array(a)
    p, L, U = scipy.linalg.lu(plain(a), check_finite=check_finite, p_indices=True)
    order = np.argsort(p)
    a = a if dtype_of(plain(a)) == L.dtype else a.astype(L.dtype)
    factors = _eliminated(a, order)
    _rely_on_pivots(factors, a)
    k = min(a.shape)
    lower = with_value(np.tril(factors[:, :k], -1) + np.eye(a.shape[0], k), L)
    upper = with_value(np.triu(factors[:k]), U)
    if permute_l:
        return lower[p], upper
    return p if p_indices else np.eye(a.shape[0])[p].astype(L.real.dtype), lower, upper


# --- QR -------------------------------------------------------------------------------------------------------------------------


def qr(
    a: Any,
    overwrite_a: bool = False,
    lwork: Any = None,
    mode: str = "full",
    pivoting: bool = False,
    check_finite: bool = True,
) -> Any:
    """``scipy.linalg.qr``: the pivots are concrete."""
    a = as_array(a)
    if mode == "raw":
        refuse([a], "scipy.linalg.qr with mode='raw'", "Write mode='full', 'r' or 'economic'")
    value = scipy.linalg.qr(
        plain(a), mode="full" if mode == "r" else mode, pivoting=pivoting, check_finite=check_finite
    )
    if pivoting:
        a = a[..., value[2]]
        _rely_on_columns(np.linalg.qr(a, mode="r"), a)
    ours = "reduced" if mode == "economic" else "complete"
    Q, R = recorded(rules.qr, (a,), (ours,), tuple(value[:2]))
    rest = value[2:]
    return (R, *rest) if mode == "r" else (Q, R, *rest)


# --- eigenvalues ----------------------------------------------------------------------------------------------------------------


def _refuse_pair(arguments: list[Any], name: str, kind: int) -> None:
    if kind != 1:
        refuse(
            arguments,
            f"scipy.linalg.{name} with type={kind}",
            "type=1 is required. Transform the pair of matrices first",
        )


def eigh(
    a: Any,
    b: Any = None,
    *,
    lower: bool = True,
    eigvals_only: bool = False,
    type: int = 1,  # noqa: A002  # SciPy's name
    check_finite: bool = True,
    subset_by_index: Any = None,
    subset_by_value: Any = None,
    driver: Any = None,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
) -> Any:
    """``scipy.linalg.eigh``, of one matrix or a pair, of which one triangle is read."""
    a = as_array(a)
    every = [a] if b is None else [a, as_array(b)]
    _refuse_pair(every, "eigh", type)
    options: dict[str, Any] = {"lower": lower, "check_finite": check_finite, "driver": driver}
    subset: dict[str, Any] = {"subset_by_index": subset_by_index, "subset_by_value": concrete(subset_by_value)}
    value = scipy.linalg.eigh(*shown(*every), eigvals_only=eigvals_only, **options, **subset)
    whole = any(s is not None for s in subset.values())
    w, V = scipy.linalg.eigh(*shown(*every), lower=lower, check_finite=check_finite) if whole or eigvals_only else value
    chosen: Any = slice(None)
    if subset_by_index is not None:
        chosen = slice(int(subset_by_index[0]), int(subset_by_index[1]) + 1)
    if subset_by_value is not None:
        low, high = subset["subset_by_value"]
        chosen = np.flatnonzero((w > low) & (w <= high))
        every_value = eigh(a, b, lower=lower, eigvals_only=True, check_finite=check_finite)
        concrete((every_value > low) & (every_value <= high), "mask")  # which of them are in the interval
    if b is not None:
        w_, V_ = _of_pair(a, every[1], lower, w, V)
        if eigvals_only:
            return with_value(w_[chosen], value)
        return with_value((w_[chosen], V_[:, chosen]), value)
    if eigvals_only:
        return with_value(recorded(rules.eigvalsh, (a,), (not lower,), w)[..., chosen], value)
    # NumPy's own vectors, which a second run of the program finds again: SciPy asks another routine, whose signs differ
    own = rules.eigh.value(np.asarray(plain(a), V.dtype), not lower)
    w_, V_ = recorded(rules.eigh, (a,), (not lower,), own)
    V_ = apply(_innermost(w_), rules.marked, (V_, w_), (False, False), own[1].copy())
    V = own[1]
    given = {"lower": lower, "driver": driver} | {k: tuple(s) for k, s in subset.items() if s is not None}
    vectors = V_[..., chosen] * signs_of(V_[..., chosen], [a], "eigh", 1, options=given)
    near = np.allclose(plain(vectors), value[1], rtol=0, atol=1e3 * np.finfo(V.dtype).eps)
    # not near where eigenvalues repeat: another basis of their space
    return with_value(w_[..., chosen], value[0]), with_value(vectors, value[1]) if near else vectors


def signs_of(
    V: Any, matrices: list[Any], name: str, place: int | None = None, *, rows: bool = False, options: Any
) -> Any:
    """The signs that SciPy's function gives to the columns of V, as a row: eigenvectors and their like are determined up to them."""
    cores = tuple(m.ndim for m in matrices)
    params = (name, place, rows, cores, tuple(options.items()))
    trace = _innermost(V, *matrices)
    if trace is None:
        return rules.signs.value(plain(V), *map(plain, matrices), *params)[..., None, :]
    dtype = np.result_type(*[dtype_of(plain(m)) for m in (V, *matrices)])
    return apply(trace, rules.signs, (V, *matrices), params, None, dtype)[..., None, :]


def _of_pair(a: Any, b: Any, lower: bool, w: Any, V: Any) -> tuple[Any, Any]:
    """Eigenvalues and vectors of a v = w b v, by b = L Lᴴ and the one matrix L⁻¹ a L⁻ᴴ."""
    L = cholesky(_hermitian(b, lower), lower=True)
    half = _solved(L, _hermitian(a, lower))
    reduced = _solved(L, adjoint(half))
    own = np.linalg.eigh((reduced + adjoint(reduced)) / 2)
    vectors = _solved(adjoint(L), own[1])
    signs = signs_of(vectors, [a, b], "eigh", 1, options={"lower": lower})
    return with_value(own[0], w), with_value(vectors * signs, V)


def _hermitian(a: Any, lower: bool) -> Any:
    strict = np.tril(a, -1) if lower else np.triu(a, 1)
    return strict + adjoint(strict) + np.real(a) * np.eye(a.shape[-1])


def eigvalsh(a: Any, b: Any = None, **options: Any) -> Any:
    """``scipy.linalg.eigvalsh``."""
    return eigh(a, b, eigvals_only=True, **options)


def eig(a: Any, b: Any = None, left: bool = False, right: bool = True, **options: Any) -> Any:
    """``scipy.linalg.eig`` of one matrix: eigenvalues, left and right eigenvectors."""
    a = as_array(a)
    if b is not None or options.get("homogeneous_eigvals"):
        refuse(
            [a],
            "scipy.linalg.eig of a pair of matrices, or with homogeneous_eigvals",
            "Write eig(a) or eig(solve(b, a))",
        )
    if not right and not left:
        return eigvals(a)
    w, V = numpy_eig(a, real=True)
    theirs = scipy.linalg.eig(plain(a), left=True)
    w = w.astype(theirs[0].dtype)
    agree = _same((w, V), (theirs[0], theirs[2]))
    found = (with_value(w, theirs[0]), with_value(V, theirs[2])) if agree else (w, V)
    if not left:
        return found
    L = _left_vectors(V, theirs[1] if agree else None)
    return (found[0], L, found[1]) if right else (found[0], L)


def _left_vectors(V: Any, theirs: Any) -> Any:
    """The left eigenvectors beside the right ones: the columns of V⁻ᴴ, of length 1 and with a real entry of largest modulus, as LAPACK has them."""
    only_at_this_point(open_traces([V]))  # the phases are those that LAPACK gave
    L = adjoint(np.linalg.inv(V))
    L = L / np.sqrt(np.sum(np.real(L * np.conj(L)), axis=0))
    if theirs is None or dtype_of(plain(L)).kind == "c":
        modelled = plain(L) if theirs is None else theirs
        row = np.argmax(np.abs(modelled), axis=0), np.arange(modelled.shape[1])
        entries = L[row]
        L = L * (np.conj(entries) / np.abs(entries))
    if theirs is None:
        return L
    L = L * np.where(np.real(np.sum(np.conj(plain(L)) * theirs, axis=0)) < 0, -1.0, 1.0)
    return with_value(L, theirs) if np.allclose(plain(L), theirs) else L


def eigvals(a: Any, b: Any = None, overwrite_a: bool = False, check_finite: bool = True, **options: Any) -> Any:
    """``scipy.linalg.eigvals`` of one matrix."""
    a = as_array(a)
    if b is not None or options.get("homogeneous_eigvals"):
        refuse([a], "scipy.linalg.eigvals of a pair of matrices", "Write eigvals(solve(b, a))")
    w = np.linalg.eigvals(a)
    theirs = scipy.linalg.eigvals(plain(a))
    w = w.astype(theirs.dtype)
    return with_value(w, theirs) if _same((w,), (theirs,)) else w


def _same(ours: Any, theirs: Any) -> bool:
    """Whether NumPy found what SciPy found, up to rounding and in the same order."""
    return all(np.shape(plain(x)) == y.shape and np.allclose(plain(x), y) for x, y in zip(ours, theirs, strict=True))


# --- singular values ------------------------------------------------------------------------------------------------------------


def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, **options: Any) -> Any:
    """``scipy.linalg.svd``."""
    a = as_array(a)
    if not compute_uv:
        return svdvals(a)
    options.pop("overwrite_a", None)
    value = scipy.linalg.svd(plain(a), full_matrices, **options)
    # NumPy's own vectors, which a second run of the program finds again
    own = rules.svd.value(np.asarray(plain(a), value[0].dtype), bool(full_matrices))
    s, U, Vh = recorded(rules.svd, (a,), (bool(full_matrices),), own)
    if not carries(s):
        return value
    m, n = a.shape[-2:]
    U = apply(s.tape, rules.marked, (U, s), (m > n, False), own[1].copy())
    Vh = apply(s.tape, rules.marked, (Vh, s), (n > m, True), own[2].copy())
    limit = 1e4 * np.finfo(value[0].dtype).eps
    near = np.allclose(own[1], value[0], rtol=0, atol=limit) and np.allclose(own[2], value[2], rtol=0, atol=limit)
    if not near or options.get("lapack_driver", "gesdd") != "gesdd":
        if own[1].dtype.kind == "c" or (full_matrices and m != n):
            refuse([a], "scipy.linalg.svd by a routine whose vectors are not NumPy's", "Leave lapack_driver out")
        signs = signs_of(U, [a], "svd", 0, options={"full_matrices": full_matrices, **options})
        U, Vh = U * signs, Vh * np.swapaxes(signs, -1, -2)
        if not np.allclose(plain(U), value[0], rtol=0, atol=limit):  # another basis, where singular values repeat
            return U, with_value(s, value[1]), Vh
    return with_value((U, s, Vh), value)


def svdvals(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """``scipy.linalg.svdvals``."""
    a = as_array(a)
    return recorded(rules.svdvals, (a,), (), scipy.linalg.svdvals(plain(a), check_finite=check_finite))


# --- blocks --------------------------------------------------------------------------------------------------------------------


def block_diag(*arrs: Any) -> Any:
    """``scipy.linalg.block_diag``."""
    blocks = [np.atleast_2d(as_array(a)) for a in arrs]
    value = scipy.linalg.block_diag(*map(plain, blocks))
    trace = _innermost(*blocks)
    if trace is None:
        return value
    result = buffer(trace, np.zeros_like(value))
    row = column = 0
    for block in blocks:
        m, n = block.shape[-2:]
        result[..., row : row + m, column : column + n] = block
        row, column = row + m, column + n
    return result


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "scipy.linalg": stacked_table(
        {
            "cholesky": cholesky,
            "cho_factor": cho_factor,
            "lu_factor": lu_factor,
            "lu": lu,
            "qr": qr,
            "eigh": eigh,
            "eigvalsh": eigvalsh,
            "eig": eig,
            "eigvals": eigvals,
            "svd": svd,
            "svdvals": svdvals,
            "block_diag": block_diag,
        },
    )
    | stacked_table({"cho_solve": cho_solve, "lu_solve": lu_solve}, lists=False)
}
