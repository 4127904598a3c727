"""``scipy.linalg``: functions of matrices, the equations of Sylvester, Lyapunov and Riccati, special matrices.

A root of a matrix equation (a square root, a solution of Riccati's equation) is SciPy's, after three steps of Newton's method, which are recorded: each doubles the number of
derivatives that are exact, so that the first seven are (Higham 2008, *Functions of Matrices*, chapters 6 and 11; Kleinman 1968; Hewer 1971).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.standins.recording import open_traces
from gradwise.tracing.standins.scipy_calling import only_at_this_point, refuse, shown, with_value
from gradwise.tracing.standins.scipy_factorizations import _solved as solved
from gradwise.tracing.standins.scipy_factorizations import eigh, signs_of, svd
from gradwise.tracing.standins.scipy_linear_maps import _linear
from gradwise.tracing.standins.scipy_stacks import stacked_table
from gradwise.tracing.standins.scipy_systems import adjoint
from gradwise.tracing.traced import dtype_of

if TYPE_CHECKING:
    from collections.abc import Callable

# --- functions of matrices ------------------------------------------------------------------------------------------------------

#: the numerator of the diagonal Padé approximant of degree 13 of the exponential
_PADE = (
    *(64764752532480000.0, 32382376266240000.0, 7771770303897600.0, 1187353796428800.0, 129060195264000.0),
    *(10559470521600.0, 670442572800.0, 33522128640.0, 1323241920.0, 40840800.0, 960960.0, 16380.0, 182.0, 1.0),
)
_THETA = 5.371920351148152


def expm(A: Any) -> Any:
    """``scipy.linalg.expm``: scaling and squaring of the diagonal Padé approximant of degree 13, whose derivative is that of the exponential to rounding.

    Higham (2005), *The scaling and squaring method for the matrix exponential revisited*, algorithm 2.3; Al-Mohy & Higham (2009) for its derivative.
    """
    A = as_array(A)
    value = scipy.linalg.expm(plain(A))
    if A.ndim == 0 or A.shape[-1] == 1 or A.size == 0:
        return with_value(np.exp(A), value)
    with np.errstate(divide="ignore"):  # of the zero matrix
        halvings = np.ceil(np.log2(np.max(np.sum(np.abs(A), axis=-2)) / _THETA))
    halvings = float(concrete(np.where(halvings > 0.0, halvings, 0.0), "index"))
    squarings = int(halvings) if math.isfinite(halvings) else 0
    b = _PADE
    A = A * 2.0**-squarings
    I = np.eye(A.shape[-1])
    A2 = A @ A
    A4 = A2 @ A2
    A6 = A4 @ A2
    odd = A @ (A6 @ (b[13] * A6 + b[11] * A4 + b[9] * A2) + b[7] * A6 + b[5] * A4 + b[3] * A2 + b[1] * I)
    even = A6 @ (b[12] * A6 + b[10] * A4 + b[8] * A2) + b[6] * A6 + b[4] * A4 + b[2] * A2 + b[0] * I
    result = np.linalg.solve(even - odd, even + odd)
    for _ in range(squarings):
        result = result @ result
    return with_value(result, value)


def solve_sylvester(a: Any, b: Any, q: Any) -> Any:
    """``scipy.linalg.solve_sylvester``: a X + X b = q, as one linear system for the rows of X."""
    a, b, q = as_array(a), as_array(b), as_array(q)
    value = scipy.linalg.solve_sylvester(*shown(a, b, q))
    m, n = q.shape
    matrix = np.kron(a, np.eye(n)) + np.kron(np.eye(m), b.T)
    return with_value(np.reshape(solved(matrix, np.reshape(q, -1)), (m, n)), value)


def solve_continuous_lyapunov(a: Any, q: Any) -> Any:
    """``scipy.linalg.solve_continuous_lyapunov``: a X + X aᴴ = q."""
    a, q = as_array(a), as_array(q)
    return with_value(solve_sylvester(a, adjoint(a), q), scipy.linalg.solve_continuous_lyapunov(*shown(a, q)))


def solve_discrete_lyapunov(a: Any, q: Any, method: Any = None) -> Any:
    """``scipy.linalg.solve_discrete_lyapunov``: a X aᴴ − X + q = 0."""
    a, q = as_array(a), as_array(q)
    value = scipy.linalg.solve_discrete_lyapunov(*shown(a, q), method)
    n = a.shape[0]
    matrix = np.eye(n * n) - np.kron(a, np.conj(a))
    return with_value(np.reshape(solved(matrix, np.reshape(q, -1)), (n, n)), value)


# --- trigonometric and hyperbolic functions, roots, logarithms ---------------------------------------------------------------------


def _circular(name: str) -> Callable[..., Any]:
    """cos, sin and tan of a matrix, by the exponential of i A."""

    def call(A: Any) -> Any:
        A = as_array(A)
        value = getattr(scipy.linalg, name)(plain(A))
        ahead, behind = expm(1j * A), expm(-1j * A)
        cosine, sine = (ahead + behind) / 2, (ahead - behind) / 2j
        result = cosine if name == "cosm" else sine if name == "sinm" else solved(cosine, sine)
        return with_value(result if dtype_of(value).kind == "c" else np.real(result), value)

    call.__name__ = name
    call.__doc__ = f"``scipy.linalg.{name}``."
    return call


def _hyperbolic(name: str) -> Callable[..., Any]:
    def call(A: Any) -> Any:
        A = as_array(A)
        ahead, behind = expm(A), expm(-A)
        cosine, sine = (ahead + behind) / 2, (ahead - behind) / 2
        result = cosine if name == "coshm" else sine if name == "sinhm" else solved(cosine, sine)
        return with_value(result, getattr(scipy.linalg, name)(plain(A)))

    call.__name__ = name
    call.__doc__ = f"``scipy.linalg.{name}``."
    return call


_STEPS = 3


def _root(A: Any, X: Any) -> Any:
    """The square root of A near X: dX solves X dX + dX X = A − X²."""
    only_at_this_point(open_traces([A]))  # X is the root of this matrix
    for _ in range(_STEPS):
        X = X + solve_sylvester(X, X, A - X @ X)
    return X


def sqrtm(A: Any, disp: Any = True, blocksize: Any = 64) -> Any:
    """``scipy.linalg.sqrtm`` of an invertible matrix."""
    A = as_array(A)
    value = scipy.linalg.sqrtm(plain(A))
    if disp is False:
        refuse([A], "scipy.linalg.sqrtm with disp=False", "Leave disp out")
    return with_value(_root(A.astype(value.dtype), value), value)


def logm(A: Any, disp: Any = True) -> Any:
    """``scipy.linalg.logm`` by inverse scaling and squaring: ∫ (Y − I) (I + t (Y − I))⁻¹ dt over 0 ≤ t ≤ 1, of a root Y near I."""
    A = as_array(A)
    value = scipy.linalg.logm(plain(A))
    if disp is False:
        refuse([A], "scipy.linalg.logm with disp=False", "Leave disp out")
    only_at_this_point(open_traces([A]))  # how many roots are taken
    identity = np.eye(A.shape[0])
    Y, roots = A.astype(value.dtype), 0
    while np.max(np.sum(np.abs(plain(Y) - identity), axis=0)) > 0.25 and roots < 60:
        near = scipy.linalg.sqrtm(plain(Y))  # before SciPy 1.16 complex, by rounding, where eigenvalues are
        Y, roots = _root(Y, np.real(near) if dtype_of(value).kind == "f" else near), roots + 1
    away = Y - identity
    nodes, weights = np.polynomial.legendre.leggauss(8)
    total = sum(0.5 * w * solved(identity + 0.5 * (t + 1) * away, away) for t, w in zip(nodes, weights, strict=True))
    return with_value(2.0**roots * total, value)


def fractional_matrix_power(A: Any, t: Any) -> Any:
    """``scipy.linalg.fractional_matrix_power``: exp(t log A)."""
    A = as_array(A)
    value = scipy.linalg.fractional_matrix_power(*shown(A, t))
    result = expm(t * logm(A))
    return with_value(np.real(result) if dtype_of(value).kind != "c" else result, value)


def signm(A: Any, disp: Any = True) -> Any:
    """``scipy.linalg.signm``: (A²)^{−1/2} A."""
    A = as_array(A)
    value = scipy.linalg.signm(plain(A))
    square = A @ A
    root = _root(square, plain(A) @ np.asarray(value))  # A sign(A) is the principal root of A²
    return with_value(solved(root, A), value)


def expm_frechet(A: Any, E: Any, method: Any = None, compute_expm: bool = True, check_finite: bool = True) -> Any:
    """``scipy.linalg.expm_frechet``: a block of the exponential of [[A, E], [0, A]]."""
    A, E = as_array(A), as_array(E)
    value = scipy.linalg.expm_frechet(*shown(A, E), method, compute_expm, check_finite)
    n = A.shape[0]
    whole = expm(np.block([[A, E], [np.zeros((n, n)), A]]))
    slope = whole[:n, n:]
    return with_value((expm(A), slope), value) if compute_expm else with_value(slope, value)


def polar(a: Any, side: str = "right") -> Any:
    """``scipy.linalg.polar``: from the singular value decomposition."""
    a = as_array(a)
    value = scipy.linalg.polar(plain(a), side)
    w, s, vh = np.linalg.svd(a, full_matrices=False)
    return with_value((w @ vh, (adjoint(vh) * s) @ vh if side == "right" else (w * s) @ adjoint(w)), value)


# --- Riccati's equations ----------------------------------------------------------------------------------------------------------


def _riccati(name: str, *, discrete: bool) -> Callable[..., Any]:
    def call(a: Any, b: Any, q: Any, r: Any, e: Any = None, s: Any = None, balanced: bool = True) -> Any:
        a, b, q, r = (np.atleast_2d(as_array(m)) for m in (a, b, q, r))
        if e is not None or s is not None:
            refuse([a, b, q, r, e, s], f"scipy.linalg.{name} with e or s", "Transform the problem to one without them")
        value = scipy.linalg.__dict__[name](*shown(a, b, q, r), balanced=balanced)
        X: Any = value
        only_at_this_point(open_traces([a, b, q, r]))  # X is the solution of this equation
        for _ in range(_STEPS):
            if discrete:
                gain = solved(r + adjoint(b) @ X @ b, adjoint(b) @ X @ a)
                closed = a - b @ gain
                X = solve_discrete_lyapunov(adjoint(closed), q + adjoint(gain) @ r @ gain)
            else:
                gain = solved(r, adjoint(b) @ X)
                closed = a - b @ gain
                X = solve_sylvester(adjoint(closed), closed, -(q + adjoint(gain) @ r @ gain))
        return with_value(X, value)

    call.__name__ = name
    call.__doc__ = f"``scipy.linalg.{name}`` without e and s: steps of Newton's method."
    return call


# --- factorizations in terms of others ----------------------------------------------------------------------------------------------


def rq(a: Any, overwrite_a: bool = False, lwork: Any = None, mode: str = "full", check_finite: bool = True) -> Any:
    """``scipy.linalg.rq`` of a matrix with no more rows than columns: the QR decomposition of the rows in reverse order, conjugated."""
    a = as_array(a)
    m, n = a.shape
    value = scipy.linalg.rq(plain(a), mode=mode, check_finite=check_finite)
    if m > n or (mode != "economic" and m != n):
        refuse(
            [a],
            f"scipy.linalg.rq with mode={mode!r} of a matrix of shape {(m, n)}",
            "mode='economic' is known, of m ≤ n",
        )
    Q1, R1 = np.linalg.qr(adjoint(a[::-1]))
    R, Q = adjoint(R1)[::-1, ::-1], adjoint(Q1)[::-1]
    signs = signs_of(adjoint(Q), [a], "rq", 1, rows=True, options={"mode": "economic"})[0]
    R, Q = R * signs, signs[:, None] * Q
    return with_value(R, value) if mode == "r" else with_value((R, Q), value)


def pinvh(
    a: Any, atol: Any = None, rtol: Any = None, lower: bool = True, return_rank: bool = False, check_finite: bool = True
) -> Any:
    """``scipy.linalg.pinvh``, of which one triangle is read."""
    a = as_array(a)
    value = scipy.linalg.pinvh(*shown(a, atol, rtol), lower, return_rank, check_finite)
    strict = np.tril(a, -1) if lower else np.triu(a, 1)
    whole = strict + adjoint(strict) + np.real(a) * np.eye(a.shape[-1])
    size = np.max(np.abs(np.linalg.eigvalsh(plain(whole))), initial=0.0)
    eps = a.shape[0] * np.finfo(dtype_of(plain(whole))).eps if rtol is None and atol is None else 0.0
    limit = (concrete(rtol) if rtol is not None else eps) + (
        concrete(atol) / size if atol is not None and size else 0.0
    )
    result = np.linalg.pinv(whole, rcond=limit, hermitian=True)
    return (with_value(result, value[0]), value[1]) if return_rank else with_value(result, value)


def orth(A: Any, rcond: Any = None) -> Any:
    """``scipy.linalg.orth``: the left singular vectors of the values that are not zero."""
    A = as_array(A)
    value = scipy.linalg.orth(*shown(A, rcond))
    U, s, _ = svd(A, full_matrices=False)
    _rely_on_rank(A, s, rcond)
    return U[:, : value.shape[1]]


def _rely_on_rank(A: Any, s: Any, rcond: Any) -> None:
    """Let the run depend on which singular values count as zero."""
    cut = np.finfo(dtype_of(plain(s))).eps * max(A.shape) if rcond is None else rcond
    concrete(s > cut * np.max(s, initial=0.0), "mask")


def null_space(A: Any, rcond: Any = None, **options: Any) -> Any:
    """``scipy.linalg.null_space``: the right singular vectors of the values that are zero; functions of the whole space have derivatives."""
    A = as_array(A)
    value = scipy.linalg.null_space(*shown(A, rcond), **options)
    _, s, vh = svd(A, full_matrices=True)
    _rely_on_rank(A, s, rcond)
    return adjoint(vh[A.shape[1] - value.shape[1] :])


def orthogonal_procrustes(A: Any, B: Any, check_finite: bool = True) -> Any:
    """``scipy.linalg.orthogonal_procrustes``."""
    A, B = as_array(A), as_array(B)
    value = scipy.linalg.orthogonal_procrustes(*shown(A, B), check_finite)
    u, w, vt = np.linalg.svd((B.T @ np.conj(A)).T)
    return with_value((u @ vt, np.sum(w)), value)


def _tridiagonal(d: Any, e: Any, *, values_only: bool, **options: Any) -> Any:
    d, e = as_array(d), as_array(e)
    if options.pop("select", "a") != "a" or options.pop("select_range", None) is not None:
        refuse([d, e], "scipy.linalg.eigh_tridiagonal with select", "Leave select out, and take a slice")
    value = scipy.linalg.eigh_tridiagonal(*shown(d, e), values_only, **options)
    matrix = np.diag(d) + np.diag(e, -1) + np.diag(e, 1)
    if values_only:
        return with_value(eigh(matrix, eigvals_only=True), value)
    w, V = eigh(matrix)
    V = V * signs_of(V, [d, e], "eigh_tridiagonal", 1, options=options)
    return with_value(w, value[0]), with_value(V, value[1]) if np.allclose(plain(V), value[1], atol=1e-10) else V


def eigh_tridiagonal(d: Any, e: Any, eigvals_only: bool = False, **options: Any) -> Any:
    """``scipy.linalg.eigh_tridiagonal``, of all eigenvalues."""
    return _tridiagonal(d, e, values_only=bool(eigvals_only), **options)


def eigvalsh_tridiagonal(d: Any, e: Any, **options: Any) -> Any:
    """``scipy.linalg.eigvalsh_tridiagonal``, of all eigenvalues."""
    return _tridiagonal(d, e, values_only=True, **options)


# --- special matrices -----------------------------------------------------------------------------------------------------------------


def matmul_toeplitz(c_or_cr: Any, x: Any, check_finite: bool = False, workers: Any = None) -> Any:
    """``scipy.linalg.matmul_toeplitz``."""
    c, r = c_or_cr if isinstance(c_or_cr, tuple) else (c_or_cr, None)
    c, x = np.ravel(as_array(c)), as_array(x)
    r = np.conj(c) if r is None else np.ravel(as_array(r))
    value = scipy.linalg.matmul_toeplitz(tuple(shown(c, r)), plain(x), check_finite, workers)
    m, n = c.shape[0], r.shape[0]
    entries = np.concatenate([r[:0:-1], c])
    return with_value(entries[np.arange(m)[:, None] - np.arange(n) + n - 1] @ x, value)


def companion(a: Any) -> Any:
    """``scipy.linalg.companion`` of one polynomial."""
    a = as_array(a)
    value = scipy.linalg.companion(plain(a))
    if a.ndim != 1:
        refuse([a], "scipy.linalg.companion of several polynomials", "Call it once for each")
    return with_value(np.concatenate([(-a[1:] / a[0])[None], np.eye(a.shape[0] - 1)[:-1]]), value)


def khatri_rao(a: Any, b: Any) -> Any:
    """``scipy.linalg.khatri_rao``: Kronecker products of the columns."""
    a, b = as_array(a), as_array(b)
    value = scipy.linalg.khatri_rao(*shown(a, b))
    return with_value(np.reshape(a[:, None, :] * b[None, :, :], value.shape), value)


def fiedler(a: Any) -> Any:
    """``scipy.linalg.fiedler``: the distances of the entries."""
    a = np.atleast_1d(as_array(a))
    return with_value(np.abs(a[..., :, None] - a[..., None, :]), scipy.linalg.fiedler(plain(a)))


def leslie(f: Any, s: Any) -> Any:
    """``scipy.linalg.leslie``."""
    f, s = as_array(f), as_array(s)
    value = scipy.linalg.leslie(*shown(f, s))
    survival = np.concatenate([np.diag(s), np.zeros((s.shape[0], 1))], axis=1)
    return with_value(np.concatenate([f[None] + 0 * value[:1], survival]), value)


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "scipy.linalg": stacked_table(
        {
            "expm": expm,
            "expm_frechet": expm_frechet,
            **{name: _circular(name) for name in ("cosm", "sinm", "tanm")},
            **{name: _hyperbolic(name) for name in ("coshm", "sinhm", "tanhm")},
            "sqrtm": sqrtm,
            "logm": logm,
            "fractional_matrix_power": fractional_matrix_power,
            "signm": signm,
            "polar": polar,
            "solve_sylvester": solve_sylvester,
            "solve_continuous_lyapunov": solve_continuous_lyapunov,
            "solve_lyapunov": solve_continuous_lyapunov,
            "solve_discrete_lyapunov": solve_discrete_lyapunov,
            "solve_continuous_are": _riccati("solve_continuous_are", discrete=False),
            "solve_discrete_are": _riccati("solve_discrete_are", discrete=True),
            "rq": rq,
            "pinvh": pinvh,
            "orth": orth,
            "null_space": null_space,
            "orthogonal_procrustes": orthogonal_procrustes,
            "eigh_tridiagonal": eigh_tridiagonal,
            "eigvalsh_tridiagonal": eigvalsh_tridiagonal,
            "companion": companion,
            "convolution_matrix": _linear("linalg", "convolution_matrix", argument="a"),
            "khatri_rao": khatri_rao,
            "fiedler": fiedler,
            "leslie": leslie,
        },
    )
    | stacked_table({"matmul_toeplitz": matmul_toeplitz}, lists=False)
}
