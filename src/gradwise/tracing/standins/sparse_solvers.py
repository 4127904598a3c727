"""``scipy.sparse.linalg``: systems, factorisations, iterations, norms, powers and eigenvalues of sparse matrices with traced entries or right-hand sides.

A solution is differentiated by its equation, whichever method of SciPy found it: Ẋ = A⁻¹(Ḃ − Ȧ X).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.holders import standing_for
from gradwise.tracing.standins import scipy_factorizations, scipy_matrix_functions
from gradwise.tracing.standins.recording import at_line
from gradwise.tracing.standins.scipy_calling import refuse, with_value, without_rule
from gradwise.tracing.standins.sparse_arithmetic import like_scipy, matrix_power, shown
from gradwise.tracing.standins.sparse_building import _of_full, numbers, standing, traced_within
from gradwise.tracing.standins.sparse_entries import (
    Entries,
    canonical,
    dense,
    entries_of,
    involves,
    is_sparse,
    plain_twin,
    running,
    solution,
)
from gradwise.tracing.standins.sparse_operators import LARGEST, is_operator, matrix_of, twin_of
from gradwise.tracing.traced import isinstance_traced

_full_expm = scipy_matrix_functions.STAND_INS["scipy.linalg"]["expm"]
_full_eigh = scipy_factorizations.STAND_INS["scipy.linalg"]["eigh"]

if TYPE_CHECKING:
    from collections.abc import Callable


def _entries(A: Any, name: str, *others: Any) -> Entries:
    if is_sparse(A):
        return entries_of(A)
    if isinstance(A, (np.ndarray, list, tuple)) or isinstance_traced(A):
        return _of_full(A)
    if isinstance(A, scipy.sparse.linalg.LinearOperator) and max(A.shape) <= LARGEST:
        return _of_full(matrix_of(A) if is_operator(type(A)) else A.matmat(np.eye(A.shape[1])))
    refuse(
        [*others],
        f"scipy.sparse.linalg.{name} of an operator of type {type(A).__name__} and of shape {A.shape}",
        f"Give it the matrix itself, sparse or full; that of an operator of at most {LARGEST} rows is made here",
    )
    raise AssertionError


def _solved(e: Entries, b: Any, value: Any) -> Any:
    """X with A X = b, in the shape of SciPy's value."""
    columns = b.reshape(-1, 1) if b.ndim == 1 else b
    found = solution(e, columns, np.reshape(value, np.shape(plain(columns))))
    return found.reshape(np.shape(value)) if np.shape(plain(found)) != np.shape(value) else found


def spsolve(A: Any, b: Any, permc_spec: Any = None, use_umfpack: bool = True) -> Any:
    """``scipy.sparse.linalg.spsolve``."""
    value = scipy.sparse.linalg.spsolve(_as_rows(shown(A)), shown(b), permc_spec, use_umfpack)
    e = _entries(A, "spsolve", b)
    if is_sparse(b):
        right = dense(entries_of(b))
        if not is_sparse(value):
            return _solved(e, right.reshape(-1), value)
        full = solution(e, right)
        rows, cols = np.indices(np.shape(plain(full)))
        return like_scipy(Entries(right.shape, rows.ravel(), cols.ravel(), full.reshape(-1)), value)
    return _solved(e, numbers(b), value)


def _as_rows(A: Any) -> Any:
    return A if is_sparse(A) and A.format in {"csr", "csc"} else scipy.sparse.csc_array(A)


def spsolve_triangular(A: Any, b: Any, lower: bool = True, *args: Any, **options: Any) -> Any:
    """``scipy.sparse.linalg.spsolve_triangular``: the other triangle is not read."""
    options = {k: v for k, v in options.items() if not k.startswith("overwrite")}
    value = scipy.sparse.linalg.spsolve_triangular(shown(A), plain(numbers(b)), lower, **options)
    e = canonical(_entries(A, "spsolve_triangular", b))
    inside = e.rows >= e.cols if lower else e.rows <= e.cols
    e = Entries(e.shape, e.rows[inside], e.cols[inside], as_array(e.data)[inside])
    if options.get("unit_diagonal"):
        strict = e.rows != e.cols
        places, n = np.arange(e.shape[0]), e.shape[0]
        rows, cols = (np.concatenate([a[strict], places]) for a in (e.rows, e.cols))
        e = Entries(e.shape, rows, cols, np.concatenate([e.data[strict], np.ones(n, e.data.dtype)]))
    return _solved(e, numbers(b), value)


def iterative(name: str) -> Any:
    """``cg``, ``gmres`` and their relatives: the solution that they converged to, and 0."""

    def call(A: Any, b: Any, x0: Any = None, **options: Any) -> Any:
        settled = {k: _plainly(v)[0] if k.startswith("M") else plain(v) for k, v in options.items()}
        operator, callbacks = _plainly(A)
        found = getattr(scipy.sparse.linalg, name)(operator, plain(numbers(b)), plain(x0), **settled)
        if not any(c.moves for c in callbacks.values()) and not involves(A, b):
            return found
        e = _entries(A, name, b, x0)
        if found[1]:
            refuse(
                [e.data, b],
                f"scipy.sparse.linalg.{name}, which did not converge (info = {found[1]}),",
                "What is no solution has no derivative by its equation. Give it more iterations or a coarser tolerance",
            )
        return (_solved(e, numbers(b), found[0]), *found[1:])

    return call


def _plainly(A: Any) -> tuple[Any, dict[str, Any]]:
    """The plain counterpart of a matrix or an operator, and what it calls."""
    return twin_of(A) if is_operator(type(A)) else (shown(A), {})


#: SciPy updates its norms from step to step; from a residual that is small they are known to about half of the digits
_SAME_NORM = 1e-6


def least_squares(name: str) -> Any:
    """``lsqr`` and ``lsmr``: the solution that they converged to, by its equation, and the norms of it and of what it leaves."""

    def call(A: Any, b: Any, damp: Any = 0.0, *args: Any, **options: Any) -> Any:
        value = getattr(scipy.sparse.linalg, name)(_plainly(A)[0], plain(numbers(b)), plain(damp), *args, **options)
        matrix, right = dense(canonical(_entries(A, name, b, damp))), numbers(b)
        m, n = np.shape(plain(matrix))
        adjoint = np.conj(matrix.T)
        if options.get("x0") is not None and m < n:
            refuse(
                [matrix, right],
                f"scipy.sparse.linalg.{name} from x0 with fewer equations than unknowns",
                "Leave x0 out",
            )
        square = damp * damp
        if m >= n:
            found = np.linalg.solve(adjoint @ matrix + square * np.eye(n), adjoint @ right)
        else:
            found = adjoint @ np.linalg.solve(matrix @ adjoint + square * np.eye(m), right)
        scale = float(np.max(np.abs(value[0]), initial=0.0))
        if not np.allclose(plain(found), value[0], rtol=1e-4, atol=1e-4 * scale):
            refuse(
                [matrix, right],
                f"scipy.sparse.linalg.{name}, which did not converge or met equations that depend on one another,",
                "A matrix of full rank is required, and tolerances (atol, btol) that are small",
            )
        x = with_value(found, value[0])
        rest = right - matrix @ x
        return (x, *[_named_norm(v, rest, x, damp, name) for v in value[1:]])

    return call


def _named_norm(value: Any, rest: Any, x: Any, damp: Any, name: str) -> Any:
    """The norm of the residuals, of these with what is damped, or of the solution, whichever SciPy's number is; what it estimates on its way has no rule."""
    if not isinstance(value, (float, np.ndarray, np.inexact)):
        return value
    squares, lengths = np.sum(np.abs(rest) ** 2), np.sum(np.abs(x) ** 2)
    for norm_squared in (squares, squares + damp**2 * lengths, lengths):
        now = float(plain(norm_squared))
        if np.ndim(value) == 0 and now > 0 and abs(np.sqrt(now) - value) <= _SAME_NORM * value:
            return with_value(np.sqrt(norm_squared), value)
    return without_rule(
        value, squares, f"A number that scipy.sparse.linalg.{name} estimates", "Its x and its norms have one"
    )


@standing_for("plainly")
class Factors:
    """What ``splu``, ``spilu`` and ``factorized`` give for a matrix with traced entries: it solves."""

    def __init__(self, e: Entries, plainly: Any) -> None:
        self.entries = e
        self.plainly = plainly

    @property
    def shape(self) -> tuple[int, int]:
        return self.entries.shape

    def solve(self, rhs: Any, trans: str = "N") -> Any:
        e = self.entries
        b = numbers(rhs)
        value = self.plainly.solve(np.ascontiguousarray(plain(b)), trans)
        if trans != "N":
            e = Entries(e.shape, e.cols, e.rows, np.conj(e.data) if trans == "H" else e.data)
        with at_line(*running()):
            return _solved(e, b, value)

    def __getattr__(self, name: str) -> Any:
        if not hasattr(self.plainly, name) or name.startswith("__"):
            raise AttributeError(name)
        refuse(
            [self.entries.data],
            f"splu(A).{name}",
            "Use its solve(), or scipy.linalg.lu of the full matrix A.toarray()",
        )
        raise AssertionError


def splu(A: Any, *args: Any, **options: Any) -> Any:
    """``scipy.sparse.linalg.splu``: its ``solve``."""
    return Factors(entries_of(A), scipy.sparse.linalg.splu(_as_columns(A), *args, **options))


def _as_columns(A: Any) -> Any:
    twin = plain_twin(A)
    return twin if twin.format == "csc" else twin.tocsc()


def factorized(A: Any) -> Any:
    """``scipy.sparse.linalg.factorized``."""
    return Solve(Factors(_entries(A, "factorized"), scipy.sparse.linalg.splu(_as_columns(A))))


@standing_for("plainly")
class Solve:
    """What ``factorized`` gives for a matrix with traced entries."""

    def __init__(self, factors: Factors) -> None:
        self.factors = factors

    @property
    def plainly(self) -> Any:
        """SciPy's."""
        return self.factors.plainly.solve

    def __call__(self, rhs: Any) -> Any:
        return self.factors.solve(rhs)


def solve_with_factors(factors: Any, rhs: Any, trans: str = "N") -> Any:
    """``splu(A).solve(b)`` of a plain matrix and a traced right-hand side: by the columns of the inverse's product."""
    if not involves(rhs):
        return factors.solve(rhs, trans)
    # P_r A P_c = L U, so that A is known by its factors
    L, U = factors.L, factors.U
    n = factors.shape[0]
    permuted = (L @ U).tocoo()
    rows, cols = np.empty(n, int), np.empty(n, int)
    rows[factors.perm_r] = np.arange(n)
    cols[factors.perm_c] = np.arange(n)
    e = Entries((n, n), rows[permuted.row], factors.perm_c.argsort()[permuted.col], permuted.data)
    return Factors(e, factors).solve(rhs, trans)


def inv(A: Any) -> Any:
    """``scipy.sparse.linalg.inv``: a sparse matrix, of all entries."""
    e = entries_of(A)
    value = scipy.sparse.linalg.inv(_as_columns(A))
    full = solution(e, np.eye(e.shape[0]))
    rows, cols = np.indices(e.shape)
    return like_scipy(Entries(e.shape, rows.ravel(), cols.ravel(), full.reshape(-1)), value)


def norm(x: Any, ord: Any = None, axis: Any = None) -> Any:  # noqa: A002  # SciPy's name
    """``scipy.sparse.linalg.norm``."""
    value = scipy.sparse.linalg.norm(plain_twin(x), ord, axis)
    e = canonical(entries_of(x))
    if axis is None and ord in {None, "fro", "f"}:
        return with_value(np.linalg.norm(e.data), value)
    return with_value(np.linalg.norm(dense(e), "fro" if ord == "f" else ord, axis), value)


def expm(A: Any) -> Any:
    """``scipy.sparse.linalg.expm``, as the exponential of the full matrix."""
    if not scipy.sparse.issparse(A):
        return _full_expm(A)
    value = scipy.sparse.linalg.expm(_as_columns(A))
    e = entries_of(A)
    full = _full_expm(dense(e))
    rows, cols = np.indices(e.shape)
    return like_scipy(Entries(e.shape, rows.ravel(), cols.ravel(), full.reshape(-1)), value)


def eigsh(A: Any, k: int = 6, **options: Any) -> Any:
    """``scipy.sparse.linalg.eigsh``: the eigenvalues that SciPy finds, differentiated as those of the full matrix (or pair of matrices)."""
    if options.get("mode", "normal") == "buckling":
        refuse(traced_within([A, options]), "scipy.sparse.linalg.eigsh with mode='buckling'", "Exchange A and M")
    vectors = options.pop("return_eigenvectors", True)
    w, v = scipy.sparse.linalg.eigsh(_plainly(A)[0], k, **_settled(options))
    full, weights = dense(_entries(A, "eigsh")), options.get("M")
    if weights is None:
        ours, columns = np.linalg.eigh(full)
    else:
        ours, columns = _full_eigh(full, dense(_entries(weights, "eigsh")))
    order = _picked(A, ours, w, "eigsh")
    values = with_value(ours[order], w)
    if not vectors:
        return values
    chosen = columns[:, order]
    signs = np.sign(np.sum(np.asarray(plain(chosen)) * v, axis=0))
    return values, with_value(chosen * signs, v)


def _settled(options: dict[str, Any]) -> dict[str, Any]:
    """The options of a search, plain; a traced shift only says where to look."""
    return {
        n: _plainly(o)[0] if n in {"M", "Minv", "OPinv"} and o is not None else plain(o) for n, o in options.items()
    }


def _picked(A: Any, every: Any, found: Any, name: str) -> np.ndarray:
    """The places of what SciPy found among all eigenvalues or singular values."""
    concrete(every)  # which are asked for, and the signs of their vectors, depend on the values
    order = np.array([int(np.argmin(np.abs(plain(every) - value))) for value in found])
    if np.unique(order).size < order.size:
        refuse(
            [every],
            f"scipy.sparse.linalg.{name} at equal values",
            "Their sum and symmetric functions have a derivative: np.linalg of the full matrix",
        )
    return order


def eigs(A: Any, k: int = 6, **options: Any) -> Any:
    """``scipy.sparse.linalg.eigs``, likewise."""
    vectors = options.pop("return_eigenvectors", True)
    w, v = scipy.sparse.linalg.eigs(_plainly(A)[0], k, **_settled(options))
    full, weights = dense(_entries(A, "eigs")), options.get("M")
    if weights is not None:
        full = np.linalg.solve(dense(_entries(weights, "eigs")), full)
    ours, columns = np.linalg.eig(full)
    order = _picked(A, ours, w, "eigs")
    values = with_value(ours[order], w)
    if not vectors:
        return values
    chosen = columns[:, order]
    turns = np.sum(np.conj(np.asarray(plain(chosen))) * v, axis=0)
    chosen = chosen * (turns / np.abs(turns))
    if weights is not None:  # ARPACK's vectors are of length one by M
        M = dense(_entries(weights, "eigs"))
        chosen = chosen / np.sqrt(np.sum(np.conj(chosen) * (M @ chosen), axis=0).real)
    return values, with_value(chosen, v)


def svds(A: Any, k: int = 6, **options: Any) -> Any:
    """``scipy.sparse.linalg.svds``: the singular values that SciPy finds, differentiated as those of the full matrix."""
    vectors = options.pop("return_singular_vectors", True)
    if vectors not in (True, False):
        refuse([A], "scipy.sparse.linalg.svds of the vectors of one side", "Write return_singular_vectors=True")
    left, s, right = scipy.sparse.linalg.svds(_plainly(A)[0], k, **{n: plain(o) for n, o in options.items()})
    u, ours, vh = np.linalg.svd(dense(_entries(A, "svds")), full_matrices=False)
    order = _picked(A, ours, s, "svds")
    values = with_value(ours[order], s)
    if not vectors:
        return values
    u, vh = u[:, order], vh[order]
    turns = np.sum(np.conj(np.asarray(plain(u))) * left, axis=0)
    turns = turns / np.abs(turns)
    return with_value(u * turns, left), values, with_value(np.conj(turns)[:, None] * vh, right)


def expm_multiply(A: Any, B: Any, *rest: Any, **options: Any) -> Any:
    """``scipy.sparse.linalg.expm_multiply`` at time 1."""
    if rest or options:
        refuse(
            traced_within([A, B]), "scipy.sparse.linalg.expm_multiply over a range of times", "Call it for each time"
        )
    value = scipy.sparse.linalg.expm_multiply(_plainly(A)[0], shown(B))
    full = _full_expm(dense(_entries(A, "expm_multiply")))
    return with_value(np.matmul(full, numbers(B)), value)


_ITERATIVE = ("cg", "cgs", "bicg", "bicgstab", "gmres", "lgmres", "minres", "qmr", "gcrotmk", "tfqmr")
STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "scipy.sparse.linalg": {
        name: standing(name, ours, "scipy.sparse.linalg")
        for name, ours in {
            "spsolve": spsolve,
            "spsolve_triangular": spsolve_triangular,
            **{name: iterative(name) for name in _ITERATIVE},
            **{name: least_squares(name) for name in ("lsqr", "lsmr")},
            "eigs": eigs,
            "svds": svds,
            "splu": splu,
            "spilu": splu,
            "factorized": factorized,
            "inv": inv,
            "norm": norm,
            "expm": expm,
            "eigsh": eigsh,
            "matrix_power": matrix_power,
            "expm_multiply": expm_multiply,
        }.items()
    }
}


def _late() -> dict[Any, dict[str, Callable[..., Any]]]:
    return {scipy.sparse.linalg.SuperLU: {"solve": solve_with_factors}}


LATE_METHODS: dict[str, Callable[[], dict[Any, dict[str, Callable[..., Any]]]]] = {"scipy.sparse.linalg": _late}
