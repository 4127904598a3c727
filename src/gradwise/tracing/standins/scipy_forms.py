r"""``scipy.linalg``: the forms of Schur, Hessenberg and LDLᵀ, of pairs (QZ), factorizations that are brought up to date, banded matrices, functions of matrices.

A form such as :math:`A = Z T Z^T` is a root: as many equations (the product, :math:`Z^T Z = 1`, the standard form of 2 × 2 blocks) as numbers.  SciPy finds it; steps of Newton's method make it a function of
the matrix (``operators/implicit.py``).  The derivative does not exist where two eigenvalues are equal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.errors import SingularPointError
from gradwise.tracing.arithmetic import _innermost, plain
from gradwise.tracing.functions.linear_algebra import eig as numpy_eig
from gradwise.tracing.functions.operands import as_array, carries
from gradwise.tracing.roots import differentiated
from gradwise.tracing.standins import scipy_factorizations
from gradwise.tracing.standins.recording import open_traces, resolve
from gradwise.tracing.standins.scipy_calling import only_at_this_point, refuse, with_value
from gradwise.tracing.standins.scipy_stacks import stacked_table
from gradwise.tracing.standins.scipy_systems import _from_triangle
from gradwise.tracing.standins.stacking import plainly
from gradwise.tracing.traced import dtype_of

if TYPE_CHECKING:
    from collections.abc import Callable

#: the largest matrix whose form is differentiated: the equations have the square of its entries in coefficients
_LARGEST = 24


def _real_square(a: Any, name: str) -> Any:
    a = np.atleast_2d(as_array(a))
    if a.ndim != 2 or dtype_of(plain(a)).kind == "c" or a.shape[0] > _LARGEST:
        refuse(
            [a],
            f"scipy.linalg.{name} of a complex matrix, or of more than {_LARGEST} rows",
            "A real matrix is required; eigenvalues, eigenvectors, lu, qr and svd have rules for all",
        )
    return a if dtype_of(plain(a)).kind == "f" else a.astype(float)


def _as_root(
    name: str, equations: Callable[..., Any], unknowns: list[tuple[np.ndarray, np.ndarray]], *given: Any
) -> list[Any]:
    """Matrices as the root of equations: each as its plain value and the mask of the entries that are unknown."""
    traces = list({id(t): t for t in (_innermost(g) for g in given) if t is not None}.values())
    only_at_this_point(traces)
    start = np.concatenate([value[mask] for value, mask in unknowns])

    def matrices(z: Any) -> list[Any]:
        made, at = [], 0
        for value, mask in unknowns:
            count = int(np.count_nonzero(mask))
            whole = np.zeros_like(z, shape=value.shape) + np.where(mask, 0.0, value)
            whole[mask] = z[at : at + count]
            made.append(whole)
            at += count
        return made

    def residual(z: Any) -> Any:
        return np.concatenate([np.reshape(e, (-1,)) for e in equations(*matrices(z))])

    with np.errstate(all="ignore"):
        try:
            found = differentiated[1](residual, start, ())
        except (np.linalg.LinAlgError, SingularPointError):
            found = np.full(start.shape, np.nan)
    away = np.abs(np.asarray(plain(found), float) - start)
    if not np.all(away <= 1e-6 * (1.0 + np.abs(start))):
        raise traces[0].fail(
            f"scipy.linalg.{name} has no derivative at this matrix: eigenvalues, or pivots, are equal. A matrix at which the form moves smoothly is required. "
            "Move off the point, or use a function that does not depend on the form"
        )
    return [with_value(m, value) for m, (value, _) in zip(matrices(found), unknowns, strict=True)]


def _upper(n: int, k: int = 0) -> np.ndarray:
    return np.triu(np.ones((n, n), bool), k)


def _blocks(t: np.ndarray) -> np.ndarray:
    """Where the 2 × 2 blocks of a quasi-triangular matrix begin."""
    return np.flatnonzero(np.diagonal(t, -1))


def schur(
    a: Any,
    output: Any = "real",
    lwork: Any = None,
    overwrite_a: bool = False,
    sort: Any = None,
    *args: Any,
    **options: Any,
) -> Any:
    """``scipy.linalg.schur``: A = Z T Zᵀ, real."""
    if output not in {"real", "r"}:
        refuse(
            [a],
            "scipy.linalg.schur with output='complex'",
            "Its phases are arbitrary. The real form is required, or scipy.linalg.eigvals",
        )
    a = _real_square(a, "schur")
    found = scipy.linalg.schur(plain(a), output, lwork, False, sort, *args, **options)
    t, z = found[:2]
    n, pairs = len(t), _blocks(t)
    pattern = _upper(n)
    pattern[pairs + 1, pairs] = True

    def equations(T: Any, Z: Any) -> list[Any]:
        standard = T[pairs, pairs] - T[pairs + 1, pairs + 1]
        return [a @ Z - Z @ T, (Z.T @ Z - np.eye(n))[_upper(n)], standard]

    return (*_as_root("schur", equations, [(t, pattern), (z, np.ones((n, n), bool))], a), *found[2:])


def hessenberg(a: Any, calc_q: bool = False, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """``scipy.linalg.hessenberg``: A = Q H Qᵀ, whose Q leaves the first axis alone."""
    a = _real_square(a, "hessenberg")
    h, q = scipy.linalg.hessenberg(plain(a), calc_q=True, check_finite=check_finite)
    n = len(h)
    inner = np.zeros((n, n), bool)
    inner[1:, 1:] = True

    def equations(H: Any, Q: Any) -> list[Any]:
        return [a @ Q - Q @ H, (Q.T @ Q - np.eye(n))[_upper(n) & inner]]

    h, q = _as_root("hessenberg", equations, [(h, _upper(n, -1)), (q, inner)], a) if n > 2 else (1.0 * a, q)
    return (h, q) if calc_q else h


def ldl(
    A: Any, lower: bool = True, hermitian: bool = True, overwrite_a: bool = False, check_finite: bool = True
) -> Any:
    """``scipy.linalg.ldl`` of a real symmetric matrix, of which one triangle is read; the permutation is concrete."""
    a = _real_square(A, "ldl")
    factor, d, order = scipy.linalg.ldl(plain(a), lower, hermitian, False, check_finite)
    n = len(d)
    triangle = factor[order]
    pairs = np.flatnonzero(np.diagonal(d, -1))
    strict = np.tril(np.ones((n, n), bool), -1) if lower else _upper(n, 1)
    middle = np.eye(n, dtype=bool)
    middle[pairs + 1, pairs] = middle[pairs, pairs + 1] = True
    strict &= ~middle
    half = np.eye(n, dtype=bool)
    half[pairs + 1, pairs] = True
    whole = _from_triangle(a, lower, hermitian=False)
    permuted = whole[order][:, order]

    def equations(L: Any, D: Any) -> list[Any]:
        D = D + np.tril(D, -1).T
        return [(L @ D @ L.T - permuted)[np.tril(np.ones((n, n), bool))]]

    L, D = _as_root("ldl", equations, [(triangle, strict), (np.tril(d), half)], a)
    return with_value(L[np.argsort(order)], factor), with_value(D + np.tril(D, -1).T, d), order


def qz(A: Any, B: Any, output: Any = "real", *args: Any, **options: Any) -> Any:
    """``scipy.linalg.qz``: A = Q S Zᵀ and B = Q T Zᵀ, real."""
    if output not in {"real", "r"}:
        refuse([A, B], "scipy.linalg.qz with output='complex'", "Its phases are arbitrary. The real form is required")
    a, b = _real_square(A, "qz"), _real_square(B, "qz")
    s, t, q, z = scipy.linalg.qz(plain(a), plain(b), output, *args, **options)
    n, pairs = len(s), _blocks(s)
    of_s, of_t, whole = _upper(n), _upper(n), np.ones((n, n), bool)
    of_s[pairs + 1, pairs] = True
    of_t[pairs, pairs + 1] = False

    def equations(S: Any, T: Any, Q: Any, Z: Any) -> list[Any]:
        one = np.eye(n)
        return [a @ Z - Q @ S, b @ Z - Q @ T, (Q.T @ Q - one)[_upper(n)], (Z.T @ Z - one)[_upper(n)]]

    return tuple(_as_root("qz", equations, [(s, of_s), (t, of_t), (q, whole), (z, whole)], a, b))


# --- QR brought up to date ------------------------------------------------------------------------------------------------------------


def _factored(a: Any, value: tuple[Any, Any], name: str, given: list[Any], **options: Any) -> tuple[Any, Any]:
    """Q and R of a matrix with the signs of those that SciPy's function gives."""
    q, r = value
    economic = q.shape[1] < q.shape[0]
    Q, R = scipy_factorizations.qr(a, mode="economic" if economic else "full")
    signs = scipy_factorizations.signs_of(Q, [as_array(m) for m in given], name, 0, options=options)[0]
    Q, R = Q * signs, R * signs[: np.shape(plain(R))[0], None]
    if not (
        np.allclose(plain(Q), q, atol=1e-8) and np.allclose(plain(R), r, atol=1e-8 * (1 + np.max(np.abs(r), initial=0)))
    ):
        refuse(
            [a],
            "a factorization QR that was brought up to date, at these options,",
            "Write scipy.linalg.qr of the new matrix",
        )
    return with_value(Q, q), with_value(R, r)


def qr_update(Q: Any, R: Any, u: Any, v: Any, *args: Any, **options: Any) -> Any:
    """``scipy.linalg.qr_update``."""
    value = scipy.linalg.qr_update(*[np.array(plainly(p)) for p in (Q, R, u, v)])
    u, v = as_array(u), as_array(v)
    added = u[:, None] * v if u.ndim == 1 else u @ v.T
    return _factored(as_array(Q) @ R + added, value, "qr_update", [Q, R, u, v])


def qr_delete(Q: Any, R: Any, k: Any, p: int = 1, which: str = "row", *args: Any, **options: Any) -> Any:
    """``scipy.linalg.qr_delete``."""
    value = scipy.linalg.qr_delete(np.array(plainly(Q)), np.array(plainly(R)), k, p, which)
    rest = np.delete(as_array(Q) @ R, np.arange(k, k + p), axis=0 if which == "row" else 1)
    return _factored(rest, value, "qr_delete", [Q, R], k=k, p=p, which=which)


def qr_insert(Q: Any, R: Any, u: Any, k: Any, which: str = "row", *args: Any, **options: Any) -> Any:
    """``scipy.linalg.qr_insert``."""
    value = scipy.linalg.qr_insert(*[np.array(plainly(x)) for x in (Q, R, u)], k, which)
    a, u, axis = as_array(Q) @ R, as_array(u), 0 if which == "row" else 1
    given = [Q, R, u]
    u = np.expand_dims(u, axis) if u.ndim == 1 else u
    before, behind = (a[:k], a[k:]) if axis == 0 else (a[:, :k], a[:, k:])
    return _factored(np.concatenate([before, u, behind], axis=axis), value, "qr_insert", given, k=k, which=which)


def qr_multiply(a: Any, c: Any, mode: str = "right", pivoting: bool = False, *args: Any, **options: Any) -> Any:
    """``scipy.linalg.qr_multiply``."""
    value = scipy.linalg.qr_multiply(plainly(a), plainly(c), mode, pivoting)
    if pivoting:
        refuse([a, c], "scipy.linalg.qr_multiply with pivots", "Write scipy.linalg.qr, and the product")
    Q, R = scipy_factorizations.qr(as_array(a), mode="economic")
    c = as_array(c)
    product = c @ Q if mode == "right" else Q @ c
    if np.shape(plain(product)) != np.shape(value[0]):
        refuse([a, c], "scipy.linalg.qr_multiply with more rows than columns", "Write scipy.linalg.qr, and the product")
    return with_value(product, value[0]), with_value(R, value[1])


# --- bands ----------------------------------------------------------------------------------------------------------------------------


def _from_half(ab: Any, lower: bool, *, hermitian: bool = True) -> Any:
    """The matrix whose upper (or lower) diagonals are the rows of ab."""
    ab = as_array(ab)
    u, n = ab.shape[0] - 1, ab.shape[1]
    made: Any = 0.0
    for k in range(u + 1):
        band = ab[k, : n - k] if lower else ab[u - k, k:]
        part = np.diag(band, -k if lower else k)
        made = made + part
        if hermitian and k:
            made = made + np.conj(part.T)
    return made


def eigvals_banded(a_band: Any, lower: bool = False, *args: Any, **options: Any) -> Any:
    """``scipy.linalg.eigvals_banded``."""
    value = scipy.linalg.eigvals_banded(plainly(a_band), lower, *args, **options)
    _rely_on_selection(a_band, *args, **options)
    w = np.linalg.eigvalsh(_from_half(a_band, lower))
    return with_value(w[_places(plain(w), value)], value)


def eig_banded(a_band: Any, lower: bool = False, eigvals_only: bool = False, *args: Any, **options: Any) -> Any:
    """``scipy.linalg.eig_banded``."""
    if eigvals_only:
        return eigvals_banded(a_band, lower, *args[1:], **options)
    value = scipy.linalg.eig_banded(plainly(a_band), lower, False, *args, **options)
    _rely_on_selection(a_band, *args, **options)
    w, V = np.linalg.eigh(_from_half(a_band, lower))
    places = _places(plain(w), value[0])
    V = V[:, places]
    signs = np.sign(np.sum(plain(V) * value[1], axis=0))
    if not args and not options:
        signs = scipy_factorizations.signs_of(V, [as_array(a_band)], "eig_banded", 1, options={"lower": lower})
    V = V * signs
    return with_value(w[places], value[0]), with_value(V, value[1])


def _rely_on_selection(a_band: Any, *args: Any, **options: Any) -> None:
    """Which eigenvalues lie in an interval, and the signs of their vectors, are those of this matrix."""
    if args or options:
        only_at_this_point(open_traces([a_band]))


def _places(all_values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Which of the eigenvalues, in order, SciPy selected."""
    start = int(np.argmin(np.abs(all_values - wanted[0]))) if len(wanted) else 0
    return np.arange(start, start + len(wanted))


def cholesky_banded(ab: Any, overwrite_ab: bool = False, lower: bool = False, check_finite: bool = True) -> Any:
    """``scipy.linalg.cholesky_banded``."""
    value = scipy.linalg.cholesky_banded(plainly(ab), lower=lower, check_finite=check_finite)
    factor = scipy_factorizations.cholesky(_from_half(ab, lower), lower)
    u, n = np.shape(value)[0] - 1, np.shape(value)[1]
    rows, given = [], as_array(ab)  # whose corners that are no entries of the matrix stay
    for row in range(u + 1):
        k = row if lower else u - row
        band = np.diagonal(factor, -k if lower else k)
        padding = given[row, n - k :] if lower else given[row, :k]
        rows.append(np.concatenate([band, padding] if lower else [padding, band]))
    return with_value(np.stack(rows), value)


def cho_solve_banded(cb_and_lower: Any, b: Any, overwrite_b: bool = False, check_finite: bool = True) -> Any:
    """``scipy.linalg.cho_solve_banded``."""
    cb, lower = cb_and_lower
    value = scipy.linalg.cho_solve_banded((plainly(cb), lower), plainly(b), check_finite=check_finite)
    factor = _from_half(cb, lower, hermitian=False)
    return with_value(scipy_factorizations.cho_solve((factor, lower), as_array(b)), value)


# --- functions of matrices ------------------------------------------------------------------------------------------------------------


def funm(A: Any, func: Any, disp: bool = True) -> Any:
    """``scipy.linalg.funm``: V f(w) V⁻¹, of a matrix without equal eigenvalues."""
    a = as_array(A)
    called = resolve(func)
    value = scipy.linalg.funm(plain(a), lambda w: plainly(called(w)), disp)
    found = value if disp else value[0]
    w, V = numpy_eig(a, real=True)
    made = (V * called(w)) @ np.linalg.inv(V)
    made = np.real(made) if np.asarray(found).dtype.kind != "c" else made
    if not np.allclose(plain(made), found, rtol=1e-7, atol=1e-8 * np.max(np.abs(found), initial=0.0)):
        refuse(
            [a],
            "scipy.linalg.funm at equal eigenvalues",
            "A matrix without equal eigenvalues is required, or scipy.linalg.expm, logm, sqrtm",
        )
    return with_value(made, found) if disp else (with_value(made, found), value[1])


def matrix_balance(
    A: Any, permute: Any = True, scale: Any = True, separate: Any = False, overwrite_a: bool = False
) -> Any:
    """``scipy.linalg.matrix_balance``: its powers of two and permutation are concrete."""
    a = as_array(A)
    balanced, what = scipy.linalg.matrix_balance(plain(a), permute, scale, separate)
    transform = what if not separate else scipy.linalg.matrix_balance(plain(a), permute, scale)[1]
    only_at_this_point([t for t in [_innermost(a)] if t is not None])
    return with_value(np.linalg.inv(transform) @ a @ transform, balanced), what


def subspace_angles(A: Any, B: Any) -> Any:
    """``scipy.linalg.subspace_angles``: by cosines where they are small, by sines elsewhere (Knyazev & Argentati 2002)."""
    value = scipy.linalg.subspace_angles(plainly(A), plainly(B))
    orth = resolve(scipy.linalg.orth)
    a, b = orth(as_array(A)), orth(as_array(B))
    product = np.conj(a.T) @ b
    cosines = np.linalg.svd(product, compute_uv=False)
    away = b - a @ product if np.shape(plain(a))[1] >= np.shape(plain(b))[1] else a - b @ np.conj(product.T)
    by_sine = plain(cosines) ** 2 >= 0.5
    sines = np.linalg.svd(away, compute_uv=False)[: len(by_sine)]
    made = np.where(
        by_sine[::-1], np.arcsin(np.where(by_sine[::-1], sines, 0.0)), np.arccos(np.where(by_sine, 0.0, cosines))[::-1]
    )
    if not np.allclose(plain(made), value, rtol=1e-6, atol=1e-8):
        refuse([A, B], "scipy.linalg.subspace_angles at these subspaces", "Write it with np.linalg.svd")
    return with_value(made, value)


def diagsvd(s: Any, M: Any, N: Any) -> Any:
    """``scipy.linalg.diagsvd``."""
    s = as_array(s)
    value = scipy.linalg.diagsvd(plain(s), M, N)
    return with_value(np.eye(M, len(plain(s))) @ np.diag(s) @ np.eye(len(plain(s)), N), value)


def _asked(name: str) -> Callable[..., Any]:
    """A question about a matrix, whose answer holds at this point alone."""

    def ask(a: Any, *args: Any, **options: Any) -> Any:
        only_at_this_point([a.tape] if carries(a) else [])
        return getattr(scipy.linalg, name)(plainly(a), *args, **options)

    ask.__name__ = name
    ask.__doc__ = f"``scipy.linalg.{name}``."
    return ask


_FORMS = (
    schur,
    hessenberg,
    ldl,
    qz,
    qr_update,
    qr_delete,
    qr_insert,
    qr_multiply,
    eigvals_banded,
    eig_banded,
    cholesky_banded,
)
STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "scipy.linalg": stacked_table(
        {f.__name__: f for f in (*_FORMS, funm, matrix_balance, subspace_angles, diagsvd)}
        | {name: _asked(name) for name in ("bandwidth", "issymmetric", "ishermitian")},
    )
    | stacked_table({"cho_solve_banded": cho_solve_banded}, lists=False)
}
