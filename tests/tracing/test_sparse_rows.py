"""A row of a sparse matrix and its product in a traced run are those of SciPy, by the short way and where it does not serve."""

import numpy as np
import pytest
import scipy.sparse as sp

import gradwise as gw
from gradwise.tracing.standins import sparse_rows

rng = np.random.default_rng(5)
x0 = rng.normal(size=7)


def matrix(rows=5, columns=7, dtype=float, seed=0):
    return sp.csr_matrix(sp.random(rows, columns, 0.4, random_state=seed).astype(dtype))


def unsorted_with_duplicates():
    return sp.csr_matrix((np.arange(1.0, 7), [3, 0, 3, 6, 1, 1], [0, 3, 3, 6]), shape=(3, 7))


def same(a, b):
    assert type(a) is type(b)
    assert a.shape == b.shape
    assert a.dtype == b.dtype
    assert vars(a).keys() == vars(b).keys()
    for name in ("data", "indices", "indptr"):
        ours, theirs = getattr(a, name), getattr(b, name)
        assert ours.dtype == theirs.dtype
        assert np.array_equal(ours, theirs)
    assert a.maxprint == b.maxprint


@pytest.mark.parametrize("make", [matrix, unsorted_with_duplicates])
@pytest.mark.parametrize("of", [int, np.int64, np.int32])
def test_a_row_is_the_object_that_scipy_makes(make, of):
    A = make()
    for i in range(-A.shape[0], A.shape[0]):
        for key in (of(i), (of(i), slice(None))):
            row = sparse_rows.row(A, key)
            assert row is not None
            same(row, A[key])
            assert not np.shares_memory(row.data, A.data)
            assert not np.shares_memory(row.indices, A.indices)


class OfUser(sp.csr_matrix):
    pass


def wide():
    A = matrix()
    A.indices, A.indptr = A.indices.astype(np.int64), A.indptr.astype(np.int64)
    return A


@pytest.mark.parametrize(
    ("A", "key"),
    [
        (matrix(), 9),
        (matrix(), -6),
        (matrix(), True),
        (matrix(), (0, 1)),
        (matrix(), (0, slice(0, 7))),
        (matrix(), slice(0, 1)),
        (matrix(), [0]),
        (matrix(), (np.array([0]), slice(None))),
        (matrix(1), 0),
        (matrix(dtype=np.float32), 0),
        (matrix(dtype=complex), 0),
        (sp.csr_array(matrix()), 0),
        (sp.csc_matrix(matrix()), 0),
        (OfUser(matrix()), 0),
        (wide(), 0),
    ],
    ids=repr,
)
def test_what_is_not_the_usual_case_is_left_to_scipy(A, key):
    assert sparse_rows.row(A, key) is None


def by_rows(A):
    def f(x):
        total = 0.0
        for i in range(A.shape[0]):
            total += (A[i, :] @ x).item() ** 2 + np.sin(A[i].dot(x)[0]) + (A[-1 - i] @ x.reshape(-1, 1))[0, 0] ** 3
        return total

    return f


@pytest.mark.parametrize("A", [matrix(), unsorted_with_duplicates(), matrix(1), wide(), OfUser(matrix())], ids=repr)
@pytest.mark.parametrize("pure", [None, False])
def test_sums_over_rows(A, pure):
    f, y = by_rows(A), A.toarray() @ x0
    truth = A.toarray().T @ (2 * y + np.cos(y) + 3 * y**2)
    g = gw.grad(f, method="exact", pure=pure)
    for _ in range(3):
        assert np.allclose(g(x0), truth, rtol=1e-13, atol=1e-14)
    assert gw.value_and_grad(f, method="exact", pure=pure)(x0)[0] == f(x0)


@pytest.mark.parametrize("columns", [None, 1])
def test_the_product_is_that_of_scipy_to_the_bit(columns):
    A = matrix(40, 7, seed=3)
    x = x0 if columns is None else x0.reshape(-1, 1)
    J = gw.jacobian(lambda v: A @ v, method="exact")(x)
    assert np.array_equal(J.reshape(40, 7), A.toarray())
    assert np.array_equal(gw.jvp(lambda v: A @ v, (x,), (x,))[0], A @ x)


def test_a_product_of_the_wrong_size_raises_as_scipy_does():
    A = matrix()
    with pytest.raises(ValueError, match="mismatch"):
        gw.grad(lambda x: (A[0, :] @ x[:3])[0])(x0)


def test_rows_follow_changes_of_the_matrix_between_calls():
    A = matrix()
    f = by_rows(A)
    g = gw.grad(f, method="exact")
    g(x0), g(x0)
    A.data *= 2.0
    y = A.toarray() @ x0
    assert np.allclose(g(x0), A.toarray().T @ (2 * y + np.cos(y) + 3 * y**2), rtol=1e-13)


def test_a_row_may_be_changed_without_changing_the_matrix():
    A = matrix()
    before = A.toarray()

    def f(x):
        row = A[1, :]
        row.data *= 3.0
        return (row @ x)[0] ** 2

    g = gw.grad(f, method="exact")(x0)
    assert np.array_equal(A.toarray(), before)
    assert np.allclose(g, 2 * (3 * before[1] @ x0) * 3 * before[1], rtol=1e-13)


def test_a_replaced_product_is_the_one_that_runs(monkeypatch):
    A = matrix()
    original = sp.csr_matrix.__matmul__
    monkeypatch.setattr(sp.csr_matrix, "__matmul__", lambda self, other: 2.0 * original(self, other))
    g = gw.grad(lambda x: (A[1, :] @ x)[0], method="exact")(x0)
    assert np.allclose(g, 2.0 * A.toarray()[1])


def test_traced_entries_take_the_long_way():
    A = matrix()

    def f(x):
        K = A.copy()
        K.data = K.data * x[0]
        return (K[1, :] @ x)[0]

    assert np.allclose(gw.grad(f, method="exact")(x0), x0[0] * A.toarray()[1] + np.eye(7)[0] * (A.toarray()[1] @ x0))
