"""Sparse matrices built from traced data: values, first and second derivatives against differences, and nothing left behind."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
import scipy.sparse.linalg as sla

import gradwise as gw
from gradwise.tracing import isinstance_traced

DENSE = np.array([[4.0, 1.0, 0.0], [1.0, 5.0, 2.0], [0.0, 2.0, 6.0]])
K0 = sp.csr_matrix(DENSE)
ROWS, COLS = np.array([0, 0, 1, 1, 2, 2, 1]), np.array([0, 1, 0, 1, 1, 2, 1])
X = np.array([1.3, 0.7, 2.1])
FORMS = [f"{form}_{kind}" for form in ("csr", "csc", "coo", "lil", "dok", "dia") for kind in ("matrix", "array")]


def triplets(x: Any) -> Any:
    """A matrix of which one place has two entries."""
    return sp.coo_matrix((np.concatenate([x, x**2, x[:1] * 3]), (ROWS, COLS)), shape=(3, 3))


def differences(f: Any, x: np.ndarray, h: float = 1e-3) -> np.ndarray:
    def central(e: np.ndarray, h: float) -> np.ndarray:
        return (np.asarray(f(x + h * e)) - np.asarray(f(x - h * e))) / (2 * h)

    columns = []
    for e in np.eye(x.size):
        table = [central(e, h / 2**k) for k in range(3)]
        table = [(4 * b - a) / 3 for a, b in itertools.pairwise(table)]
        columns.append((16 * table[1] - table[0]) / 15)
    return np.stack(columns, -1)


def agrees(f: Any, x: np.ndarray = X) -> None:
    """Value, Jacobian, and Hessian of a sum of sines, at two points."""
    for point in (x, x + 0.1):
        value, _ = gw.linearize(f, point, method="exact", check=False)
        np.testing.assert_allclose(value, np.asarray(f(point.copy())), rtol=1e-11)
        jacobian = gw.jacobian(f, method="exact", check=False)(point)
        scale = max(1.0, np.abs(jacobian).max())
        np.testing.assert_allclose(jacobian, differences(f, point), rtol=0, atol=1e-8 * scale)

    def scalar(x: Any) -> Any:
        return np.sum(np.sin(f(x)))

    hessian = gw.hessian(scalar, method="exact", check=False)(x)
    gradient = gw.grad(scalar, method="exact", check=False)
    expected = differences(gradient, x, 1e-4)
    np.testing.assert_allclose(hessian, expected, rtol=0, atol=1e-6 * max(1.0, np.abs(expected).max()))


@pytest.mark.parametrize("name", FORMS)
def test_formats_products_and_parts(name: str) -> None:
    cls = getattr(sp, name)

    def f(x: Any) -> Any:
        K = cls(triplets(x))
        L = K + K.T * 2 - K0 * x[0]
        parts = K.tocsr()
        y = K @ x + (L @ L).toarray() @ x + np.asarray(L.sum(axis=1)).ravel() + L.diagonal() + (K @ K0 @ K.T).sum()
        y = y + parts[1, 1] * x[0] + parts[[0, 1], :][:, [1, 2]].toarray().sum() + parts[0:2].sum()
        return y + K.multiply(K0).sum() + (-K / x[1]).mean() + K.copy().trace()

    agrees(f)


@pytest.mark.parametrize("name", [n for n in FORMS if n[:3] in ("lil", "dok")])
def test_filled_entry_by_entry(name: str) -> None:
    cls = getattr(sp, name)

    def f(x: Any) -> Any:
        K = cls((3, 3))
        for i in range(3):
            K[i, i] += x[i] ** 2
            K[i, (i + 1) % 3] = x[i] * x[0]
            K[i, i] += 1.0
        K[2, :] = x * x[0]
        return K.tocsr() @ x + K.toarray().sum() + np.asarray(K.sum(axis=0)).ravel()

    agrees(f)


@pytest.mark.filterwarnings("ignore:Changing the sparsity structure")
@pytest.mark.parametrize("name", ["csr_matrix", "csc_array"])
def test_rows_assigned_to_compressed_formats(name: str) -> None:
    cls = getattr(sp, name)

    def f(x: Any) -> Any:
        K = cls(K0.copy())
        K[0, :] = x * x
        K[[1, 2], [0, 2]] = x[:2]
        K[1, 1] *= x[2]
        return K @ x

    agrees(f)


def solved(x: Any) -> Any:
    K = (triplets(x) + sp.eye(3) * 9).tocsc()
    return sla.spsolve(K, x) * sla.spsolve(K.T.tocsr(), np.arange(3.0))


def by_factors(x: Any) -> Any:
    K = (K0 + sp.diags(x)).tocsc()
    lu = sla.splu(K)
    return lu.solve(x**2) + sla.factorized(K)(x) + lu.solve(x, "T") + sla.splu(K0.tocsc()).solve(x**2)


def iterated(x: Any) -> Any:
    return sla.cg(K0 + sp.diags(x), x**2, rtol=1e-13)[0] + sla.gmres(K0, x**2, rtol=1e-13)[0]


def several_right_hand_sides(x: Any) -> Any:
    return sla.spsolve((K0 + sp.diags(x)).tocsc(), np.outer(x, x)) @ x


def by_triangles(x: Any) -> Any:
    return sla.spsolve_triangular(sp.tril(K0 + sp.diags(x)).tocsr(), x**2)


def diagonals(x: Any) -> Any:
    D = sp.diags([x, x[:2], x[:1] ** 2], [0, 1, -2])
    return D @ x + sp.diags([x[0], -2 * x[1], x[2]], [-1, 0, 1], shape=(3, 3)).toarray().sum()


def blocks(x: Any) -> Any:
    A = sp.bmat([[sp.diags(x), None], [K0, K0 * x[0]]]).tocsr()
    B = sp.block_diag([np.outer(x, x), K0]) + sp.kron(sp.eye(2), sp.diags(x))
    C = sp.hstack([sp.diags(x), K0]).tocsr() - sp.vstack([K0, sp.diags(x)]).T
    return A @ np.arange(6.0) + B @ np.arange(6.0) + np.tile(C @ np.arange(6.0), 2)


def full_and_sparse(x: Any) -> Any:
    A = K0.multiply(x) + K0.multiply(x.reshape(3, 1)) * x[0]
    return A @ x + sp.csr_array(K0).multiply(np.outer(x, x)).sum(axis=0) + x @ A + (sp.csr_array(DENSE) / x[0]) @ x


def sums_with_full_matrices(x: Any) -> Any:
    return (K0 + np.outer(x, x)) * x.reshape(3, 1)  # np.matrix: the product


def densified(x: Any) -> Any:
    return sp.csr_matrix(np.outer(x, x)).todense() * x.reshape(3, 1)


def data_replaced(x: Any) -> Any:
    K = K0.copy()
    K.data = np.concatenate([x, x, x[:1]])
    L = K0.copy()
    L.data[:] = np.concatenate([x, x, x[:1]]) ** 2
    K.data *= 2.0
    return K @ x + L @ x


def columns(x: Any) -> Any:
    s = sp.lil_matrix(x.reshape(-1, 1))
    return s.dot(s.transpose()).toarray() @ x


def norms_powers_maxima(x: Any) -> Any:
    A = sp.diags(x) @ K0
    A = A / 10
    return sla.norm(A) + (A**2).sum() + A.power(3).sum() + A.max() + abs(A).sum() + A.sqrt().sum() + A.expm1().mean()


def inverses(x: Any) -> Any:
    return sla.inv((K0 + sp.diags(x)).tocsc()).toarray() @ x + sla.expm((K0 * (x[0] / 9)).tocsc()).toarray() @ x


def eigenvalues(x: Any) -> Any:
    w, v = sla.eigsh(K0 + sp.diags(x), k=2, v0=np.array([1.0, 0.3, 0.2]))
    return np.concatenate([w, v[:, 0] ** 2])


def laplacian(x: Any) -> Any:
    A = sp.lil_matrix((3, 3))
    for i, j, w in [(0, 1, x[0]), (1, 2, x[1]), (0, 2, x[2])]:
        A[i, j] = w
        A[j, i] = w
    L = sp.diags(np.asarray(A.sum(axis=1)).ravel()) - A
    return x @ L @ x + sum(v * x[i] for i, v in zip(L.tocoo().row, L.tocoo().data, strict=True))


def over_rows(x: Any) -> Any:
    A = (sp.diags(x) @ K0).tocsr()
    i, j, v = sp.find(A)
    return sum(row.sum() * k for k, row in enumerate(A)) + np.sum(v * x[i] * x[j]) + A.getrow(1).sum() + A[:, [0]].sum()


def shared_numbers(x: Any) -> Any:
    """What shares its array of numbers with another matrix, and what does not, is as SciPy has it."""
    v = x * 2.0
    kept, own = sp.coo_matrix((v, ([0, 1, 2], [0, 1, 2]))), sp.csr_matrix((v, ([0, 1, 2], [0, 1, 2])))
    v[0] = 7.0 * x[1]
    turned, other, conjugate = own.T, own.tocoo(), own.conj()
    numbers = own.data
    own.data *= 3.0
    own *= x[2]
    numbers[1] += 1.0
    total = turned @ x + other @ x**2 + conjugate @ x**3 + kept @ x
    return total + own.copy() @ numbers


CASES = [
    *(solved, by_factors, iterated, several_right_hand_sides, by_triangles, diagonals, blocks, full_and_sparse),
    *(sums_with_full_matrices, densified, data_replaced, columns, norms_powers_maxima, inverses, eigenvalues),
    *(laplacian, over_rows, shared_numbers),
]


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.parametrize("f", CASES)
def test_functions_of_sparse_matrices(f: Any) -> None:
    agrees(f)


def test_an_entry_that_is_zero_here_has_its_derivative() -> None:
    at_zero = np.array([0.0, 1.0, 2.0])
    for f in (
        lambda x: (sp.csr_matrix((x, ([0, 1, 2], [0, 1, 2])), shape=(3, 3)) @ np.ones(3)).sum(),
        lambda x: sp.csr_matrix(np.diag(x)).sum(),
        lambda x: (sp.diags(x) @ sp.eye(3)).tocsr().sum(),
        lambda x: (sp.lil_matrix(x.reshape(1, 3)).tocsr() + sp.csr_matrix((1, 3))).sum(),
    ):
        np.testing.assert_array_equal(gw.grad(f, method="exact")(at_zero), np.ones(3))


def test_complex_matrices() -> None:
    def f(x: Any) -> Any:
        Y = sp.diags(x + 1j * x**2) + 1j * K0
        v = sla.spsolve(Y.tocsc(), x + 0j)
        return np.concatenate([np.abs(v), np.real(Y.conj().T @ v)])

    agrees(f)


def test_single_precision_is_kept() -> None:
    def f(x: Any) -> Any:
        return (sp.diags(x).astype(np.float32) @ sp.csr_array(DENSE.astype(np.float32)) @ x).sum()

    gradient = gw.grad(f, method="exact")(X.astype(np.float32))
    assert gradient.dtype == np.float32
    np.testing.assert_allclose(gradient, differences(lambda x: X @ DENSE @ x + x @ DENSE @ X, X), rtol=1e-5)


class Assembly:
    """Stiffness of a bar, kept by the object."""

    def __init__(self) -> None:
        self.K = sp.lil_matrix((4, 4))
        self.pattern = sp.csr_matrix(np.eye(4))

    def compliance(self, x: Any) -> Any:
        self.K = sp.lil_matrix((4, 4))
        for e, stiffness in enumerate(x):
            dofs = [e, e + 1]
            self.K[np.ix_(dofs, dofs)] += stiffness * np.array([[1.0, -1.0], [-1.0, 1.0]])
        self.K[0, 0] += 1.0
        self.A = self.K.tocsr()
        self.pattern.data = self.A.diagonal()
        self.u = sla.spsolve(self.A, np.arange(4.0))
        return self.u @ self.pattern @ self.u


def test_objects_that_keep_their_matrices_hold_plain_ones_afterwards() -> None:
    problem = Assembly()
    agrees(problem.compliance)
    gw.grad(problem.compliance, method="exact", check=False)(X)
    kept = (problem.A, problem.pattern, problem.K)
    assert [type(m) for m in kept] == [sp.csr_matrix, sp.csr_matrix, sp.lil_matrix]
    assert not any(isinstance_traced(m.data) for m in kept[:2])
    assert not any(isinstance_traced(v) for row in problem.K.data for v in row)
    other = Assembly()
    other.compliance(X)
    np.testing.assert_array_equal(problem.K.toarray(), other.K.toarray())
    np.testing.assert_allclose((problem.A @ problem.pattern).toarray(), (other.A @ other.pattern).toarray(), rtol=1e-14)


def test_what_is_not_followed_raises() -> None:
    with pytest.raises(gw.TracingError):
        gw.grad(lambda x: sp.csr_matrix(np.outer(x, x)).tobsr().sum(), method="exact")(X)
    with pytest.raises(gw.TracingError):
        gw.grad(lambda x: sp.csgraph.shortest_path(sp.csr_matrix(np.outer(x, x))).sum(), method="exact")(X)
    with pytest.raises(gw.TracingError, match="integer part"):

        def whole(x: Any) -> Any:
            K = sp.lil_matrix((2, 2), dtype=int)
            K[0, 0] = x[0]
            return K.sum()

        gw.grad(whole, method="exact")(X)
    with pytest.raises(gw.TracingError, match="converge"):
        gw.grad(lambda x: sla.cg(K0, x, maxiter=1, rtol=1e-14)[0].sum(), method="exact")(X)


def test_large_systems_stay_sparse() -> None:
    n = 20_000

    def f(x: Any) -> Any:
        main = 2.0 + x[0] * np.ones(n)
        K = sp.diags([-np.ones(n - 1) * x[1], main, -np.ones(n - 1)], [-1, 0, 1]).tocsc()
        return sla.spsolve(K, np.ones(n)).sum()

    point = np.array([1.0, 1.0])
    np.testing.assert_allclose(gw.grad(f, method="exact", check=False)(point), differences(f, point), rtol=1e-7)


def test_the_exponential_of_a_full_matrix():
    # SciPy takes one in place of a sparse matrix: exp of [[a, b], [0, a]] is e^a [[1, b], [0, 1]]
    f = lambda p: sla.expm(np.array([[p[0], p[1]], [0.0, p[0]]]))[0, 1]
    np.testing.assert_allclose(gw.grad(f, method="exact")(np.array([0.3, 0.7])), [0.7 * np.exp(0.3), np.exp(0.3)])
