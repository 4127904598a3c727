"""``scipy.linalg``: linear systems, inverses, determinants, least squares, norms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.rules import linear_algebra as rules
from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.functions.operands import as_array, carries
from gradwise.tracing.standins.scipy_calling import recorded, refuse, shown, with_value
from gradwise.tracing.standins.scipy_stacks import stacked_table
from gradwise.tracing.traced import dtype_of

if TYPE_CHECKING:
    from collections.abc import Callable


def adjoint(a: Any) -> Any:
    """The conjugate transpose."""
    a = np.swapaxes(a, -1, -2)
    return np.conj(a) if dtype_of(plain(a)).kind == "c" else a


def _from_triangle(a: Any, lower: bool, *, hermitian: bool) -> Any:
    """The symmetric or Hermitian matrix of which one triangle is given."""
    strict = np.tril(a, -1) if lower else np.triu(a, 1)
    other = adjoint(strict) if hermitian else np.swapaxes(strict, -1, -2)
    diagonal = np.real(a) if hermitian and dtype_of(plain(a)).kind == "c" else a
    return strict + other + diagonal * np.eye(a.shape[-1])


def _as_assumed(a: Any, assume_a: str | None, lower: bool) -> Any:
    """The matrix that SciPy sees under ``assume_a``: it reads a part of it only."""
    if assume_a in {None, "gen", "general", "banded"}:
        return a
    if assume_a in {"sym", "symmetric"}:
        return _from_triangle(a, lower, hermitian=False)
    if assume_a in {"her", "hermitian", "pos", "positive definite"}:
        return _from_triangle(a, lower, hermitian=True)
    if assume_a == "diagonal":
        return a * np.eye(a.shape[-1])
    if assume_a == "tridiagonal":
        return np.triu(np.tril(a, 1), -1)
    return np.triu(a) if assume_a == "upper triangular" else np.tril(a)


def _system(a: Any, b: Any, value: Any) -> Any:
    """X with a X = b, which is ``value``."""
    if np.ndim(plain(b)) == 1:
        value = np.asarray(value)
        columns = recorded(rules.solve, (a, np.reshape(b, (-1, 1))), ("",), value[..., None])
        return columns[..., 0]
    return recorded(rules.solve, (a, b), ("",), value)


def _rely_on_definiteness(matrix: Any) -> None:
    """A program fails where the matrix is not positive definite, and the call is made in its place: SciPy raises there."""
    if carries(matrix):
        concrete(np.linalg.cholesky(matrix)[..., 0, 0].real > 0, "mask")


def solve(
    a: Any,
    b: Any,
    lower: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    assume_a: str | None = None,
    transposed: bool = False,
) -> Any:
    """``scipy.linalg.solve``; of a matrix assumed symmetric one triangle is read."""
    a, b = as_array(a), as_array(b)
    options = {} if assume_a is None else {"assume_a": assume_a}
    value = scipy.linalg.solve(*shown(a, b), lower=lower, check_finite=check_finite, transposed=transposed, **options)
    matrix = _as_assumed(a, assume_a, lower)
    if assume_a in {"pos", "positive definite"}:
        _rely_on_definiteness(matrix)
    return _system(np.swapaxes(matrix, -1, -2) if transposed else matrix, b, value)


def _triangular(a: Any, lower: bool, unit_diagonal: bool) -> Any:
    if unit_diagonal:
        return (np.tril(a, -1) if lower else np.triu(a, 1)) + np.eye(a.shape[-1])
    return np.tril(a) if lower else np.triu(a)


def _transposed(a: Any, trans: Any) -> Any:
    if trans in {0, "N"}:
        return a
    return adjoint(a) if trans in {2, "C"} else np.swapaxes(a, -1, -2)


def solve_triangular(
    a: Any,
    b: Any,
    trans: Any = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Any:
    """``scipy.linalg.solve_triangular``; the other triangle is not read."""
    a, b = as_array(a), as_array(b)
    value = scipy.linalg.solve_triangular(*shown(a, b), trans, lower, unit_diagonal, check_finite=check_finite)
    return _system(_transposed(_triangular(a, lower, unit_diagonal), trans), b, value)


def inv(
    a: Any, overwrite_a: bool = False, check_finite: bool = True, *, assume_a: str | None = None, lower: bool = False
) -> Any:
    """``scipy.linalg.inv``."""
    a = as_array(a)
    options = {} if assume_a is None else {"assume_a": assume_a, "lower": lower}
    value = scipy.linalg.inv(plain(a), check_finite=check_finite, **options)
    return recorded(rules.inv, (_as_assumed(a, assume_a, lower),), (), value)


def det(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """``scipy.linalg.det``."""
    a = as_array(a)
    return recorded(rules.det, (a,), (), scipy.linalg.det(plain(a), check_finite=check_finite))


# --- systems of special structure -----------------------------------------------------------------------------------------------

#: above this size a banded system is not solved by its full matrix
_FULL = 5000


def _from_bands(l_and_u: Any, ab: Any) -> Any:
    """The full matrix with the diagonals that are the rows of ab."""
    below, above = (int(concrete(n)) for n in l_and_u)
    n = ab.shape[-1]
    if n > _FULL:
        refuse(
            [ab],
            f"scipy.linalg.solve_banded of {n} unknowns",
            f"At most {_FULL} unknowns are solved by the full matrix. Use scipy.sparse.linalg.spsolve",
        )
    rows, columns = np.indices((n, n))
    inside = (columns - rows <= above) & (rows - columns <= below)
    places = np.where(inside, above + rows - columns, 0)
    return np.where(inside, ab[places, columns], np.zeros((), ab.dtype))


def solve_banded(
    l_and_u: Any,
    ab: Any,
    b: Any,
    overwrite_ab: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Any:
    """``scipy.linalg.solve_banded``."""
    ab, b = as_array(ab), as_array(b)
    value = scipy.linalg.solve_banded(tuple(map(concrete, l_and_u)), *shown(ab, b), check_finite=check_finite)
    return _system(_from_bands(l_and_u, ab), b, value)


def solveh_banded(
    ab: Any,
    b: Any,
    overwrite_ab: bool = False,
    overwrite_b: bool = False,
    lower: bool = False,
    check_finite: bool = True,
) -> Any:
    """``scipy.linalg.solveh_banded``."""
    ab, b = as_array(ab), as_array(b)
    value = scipy.linalg.solveh_banded(*shown(ab, b), lower=lower, check_finite=check_finite)
    if ab.ndim < 2:
        refuse([ab, b], "scipy.linalg.solveh_banded of a vector of bands", "Write ab[None] for a diagonal matrix")
    half = ab.shape[0] - 1
    matrix = _from_triangle(_from_bands((half, 0) if lower else (0, half), ab), lower, hermitian=True)
    _rely_on_definiteness(matrix)
    return _system(matrix, b, value)


def solve_toeplitz(c_or_cr: Any, b: Any, check_finite: bool = True) -> Any:
    """``scipy.linalg.solve_toeplitz``."""
    c, r = c_or_cr if type(c_or_cr) is tuple else (c_or_cr, None)
    b = as_array(b)
    given = plain(c) if r is None else tuple(shown(c, r))
    value = scipy.linalg.solve_toeplitz(given, plain(b), check_finite=check_finite)
    return _system(toeplitz(c, r), b, value)


def _by_numbers(arrange: Callable[..., Any], *entries: Any) -> Any:
    """The matrix that an arranging function makes of vectors, or stacks of them, by what it makes of the numbers of their entries."""
    vectors = [as_array(e) for e in entries]
    starts = np.cumsum([0, *[v.size for v in vectors]])
    numbers = arrange(*[np.arange(v.size).reshape(v.shape) + n for v, n in zip(vectors, starts, strict=False)])
    joined = np.concatenate([np.ravel(v) for v in vectors])
    return joined[np.asarray(numbers)]


def toeplitz(c: Any, r: Any = None) -> Any:
    """``scipy.linalg.toeplitz``."""
    c = as_array(c)
    if r is None:
        r = np.conj(c) if c.dtype.kind == "c" else c
    return with_value(_by_numbers(scipy.linalg.toeplitz, c, r), scipy.linalg.toeplitz(*shown(c, as_array(r))))


def hankel(c: Any, r: Any = None) -> Any:
    """``scipy.linalg.hankel``."""
    c = as_array(c)
    r = np.zeros(c.shape, dtype_of(plain(c))) if r is None else as_array(r)
    return _by_numbers(scipy.linalg.hankel, c, r)


def circulant(c: Any) -> Any:
    """``scipy.linalg.circulant``."""
    return _by_numbers(scipy.linalg.circulant, c)


def solve_circulant(c: Any, b: Any, **options: Any) -> Any:
    """``scipy.linalg.solve_circulant`` of one vector c."""
    c, b = as_array(c), as_array(b)
    if options or c.ndim != 1:
        refuse(
            [c, b],
            "scipy.linalg.solve_circulant with options",
            "Write scipy.linalg.solve(scipy.linalg.circulant(c), b)",
        )
    value = scipy.linalg.solve_circulant(*shown(c, b))
    return _system(circulant(c), b, value)


# --- least squares --------------------------------------------------------------------------------------------------------------


def lstsq(a: Any, b: Any, cond: Any = None, **options: Any) -> tuple[Any, Any, Any, Any]:
    """``scipy.linalg.lstsq``: the solution, the sums of squared residuals, the rank (an integer), the singular values."""
    a, b = as_array(a), as_array(b)
    cut = np.finfo(np.result_type(plain(a), plain(b), np.float32)).eps if cond is None else concrete(cond)
    x, residuals, rank, s = scipy.linalg.lstsq(*shown(a, b), cut, **options)
    ours = np.linalg.lstsq(a, b, cut)
    full = rank == a.shape[-1] and a.shape[-2] > a.shape[-1] and np.size(residuals) > 0  # gelsy gives none
    rest = ours[1] if full and carries(ours[1]) else residuals
    return (
        with_value(ours[0], x),
        with_value(np.reshape(rest, np.shape(residuals)), residuals) if full else residuals,
        rank,
        None if s is None else with_value(np.linalg.svdvals(a), s),
    )


def pinv(a: Any, *, atol: Any = None, rtol: Any = None, return_rank: bool = False, check_finite: bool = True) -> Any:
    """``scipy.linalg.pinv``; the cut-offs are constants."""
    a = as_array(a)
    atol, rtol = concrete(atol), concrete(rtol)
    value, rank = scipy.linalg.pinv(plain(a), atol=atol, rtol=rtol, return_rank=True, check_finite=check_finite)
    if rtol is None:
        rtol = max(a.shape[-2:]) * np.finfo(value.dtype).eps if not atol else 0.0
    if atol and a.ndim > 2:
        refuse([a], "scipy.linalg.pinv of a stack of matrices with atol", "Write a loop over the stack, or give rtol")
    largest = np.linalg.norm(plain(a), 2) if a.ndim == 2 else None
    cut = float(rtol + (atol / largest if atol and largest else 0.0))
    result = recorded(rules.pinv, (a,), (cut, False), value)
    return (result, rank) if return_rank else result


def norm(a: Any, ord: Any = None, axis: Any = None, keepdims: bool = False, check_finite: bool = True) -> Any:  # noqa: A002  # SciPy's name
    """``scipy.linalg.norm``."""
    a = as_array(a)
    value = scipy.linalg.norm(plain(a), ord, axis, keepdims, check_finite)
    return with_value(np.linalg.norm(a, ord, axis, keepdims), value)


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "scipy.linalg": stacked_table(
        {
            "solve": solve,
            "solve_triangular": solve_triangular,
            "inv": inv,
            "det": det,
            "solve_banded": solve_banded,
            "solveh_banded": solveh_banded,
            "toeplitz": toeplitz,
            "hankel": hankel,
            "circulant": circulant,
            "solve_circulant": solve_circulant,
            "lstsq": lstsq,
            "pinv": pinv,
            "norm": norm,
        },
    )
    | stacked_table({"solve_toeplitz": solve_toeplitz}, lists=False)
}
