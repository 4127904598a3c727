"""Random programs on sparse matrices of traced data, against the same programs on full arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

import gradwise as gw

N = 4
ROWS, COLS = np.array([0, 0, 1, 2, 3, 1, 3, 2]), np.array([0, 2, 1, 3, 3, 1, 0, 2])
FORMATS = ["csr", "csc", "coo", "lil", "dok", "dia"]


class Sparse:
    """The steps of a program, of SciPy's matrices."""

    def __init__(self, x: Any, kind: str) -> None:
        self.x = x
        self.csr: Any = getattr(sp, f"csr_{kind}")
        self.coo: Any = getattr(sp, f"coo_{kind}")

    def begin(self) -> Any:
        return self.coo((np.concatenate([self.x, self.x * self.x]), (ROWS, COLS)), shape=(N, N)).tocsr()

    def of(self, B: Any) -> Any:
        return self.csr(B)

    def convert(self, A: Any, seed: int) -> Any:
        return A.asformat(FORMATS[seed % 6])

    def writable(self, A: Any, seed: int) -> Any:
        return A.tolil() if seed % 2 else A.todok()

    def indexed(self, A: Any) -> Any:
        return A.tocsr()

    def each(self, A: Any, B: Any) -> Any:
        return A.multiply(B)

    def scaled_rows(self, A: Any) -> Any:
        return sp.diags(A.diagonal() * self.x) @ A

    def triangle(self, A: Any) -> Any:
        return sp.tril(A, 1)

    def stacked(self, A: Any, B: Any) -> Any:
        return sp.bmat([[A, None], [None, self.csr(B)]]).tocsr()[1 : N + 1, 1 : N + 1]

    def kron(self, A: Any) -> Any:
        return sp.kron(A, sp.eye(2)).tocsr()[::2, ::2]

    def tidied(self, A: Any) -> Any:
        A = A.tocsc().copy()
        A.data *= self.x[3]
        A.sum_duplicates()
        A.eliminate_zeros()
        A.setdiag(self.x)
        return A

    def full(self, A: Any) -> Any:
        return A.toarray()


class Full(Sparse):
    """The same steps, of arrays."""

    def begin(self) -> Any:
        A = np.zeros((N, N))
        np.add.at(A, (ROWS, COLS), np.concatenate([self.x, self.x * self.x]))
        return A

    def of(self, B: Any) -> Any:
        return B

    def convert(self, A: Any, seed: int) -> Any:
        return A

    def writable(self, A: Any, seed: int) -> Any:
        return A.copy()

    def indexed(self, A: Any) -> Any:
        return A

    def each(self, A: Any, B: Any) -> Any:
        return A * B

    def scaled_rows(self, A: Any) -> Any:
        return np.diag(A.diagonal() * self.x) @ A

    def triangle(self, A: Any) -> Any:
        return np.tril(A, 1)

    def stacked(self, A: Any, B: Any) -> Any:
        return np.block([[A, np.zeros((N, N))], [np.zeros((N, N)), B]])[1 : N + 1, 1 : N + 1]

    def kron(self, A: Any) -> Any:
        return np.kron(A, np.eye(2))[::2, ::2]

    def tidied(self, A: Any) -> Any:
        A = A * self.x[3]
        np.fill_diagonal(A, self.x)
        return A

    def full(self, A: Any) -> Any:
        return A


def written(s: Sparse, A: Any, seed: int) -> Any:
    A = s.writable(A, seed)
    i, j = seed % N, seed // 7 % N
    A[i, j] += np.sin(s.x[j])
    A[j, i] = s.x[i] if seed % 3 else 0.25
    A[i, :] = s.x * 0.5 if seed % 5 else np.arange(4.0)
    return A


STEPS: list[Callable[[Sparse, Any, Any, int], Any]] = [
    lambda s, A, B, seed: A + s.of(B),
    lambda s, A, B, seed: s.of(B) - A * s.x[1],
    lambda s, A, B, seed: A @ s.of(B) if seed % 2 else s.of(B) @ A,
    lambda s, A, B, seed: s.x[0] * A / (1.5 + s.x[2] ** 2),
    lambda s, A, B, seed: -A.T,
    lambda s, A, B, seed: s.convert(A, seed),
    lambda s, A, B, seed: s.convert(abs(A), seed).copy(),
    lambda s, A, B, seed: written(s, A, seed),
    lambda s, A, B, seed: s.scaled_rows(A),
    lambda s, A, B, seed: s.indexed(A)[seed % N :: -1, :][:, [3, 1, 0, 2]] if seed % N == N - 1 else A,
    lambda s, A, B, seed: s.indexed(A)[np.ix_([2, 0, 3, 1], [1, 3, 0, 2])],
    lambda s, A, B, seed: s.each(A, A),
    lambda s, A, B, seed: s.each(A, s.of(1.0 * (B != 0))),
    lambda s, A, B, seed: s.triangle(A),
    lambda s, A, B, seed: s.stacked(A, B),
    lambda s, A, B, seed: s.kron(A),
    lambda s, A, B, seed: s.tidied(A),
]


def program(x: Any, steps: list[tuple[int, int]], on: type[Sparse], kind: str) -> Any:
    s = on(x, kind)
    A = s.begin()
    for step, seed in steps:
        rng = np.random.default_rng(seed)
        B = rng.standard_normal((N, N)) * (rng.random((N, N)) < 0.4)
        A = STEPS[step](s, A, B, seed)
        A = A * (1 / (1 + np.abs(B).sum()))
    sums = np.asarray(A.sum(axis=0)).ravel() + np.asarray(A.mean(axis=1)).ravel()
    return np.concatenate([A @ x, x @ A, sums, np.ravel(s.full(A))]) + A.sum()


@pytest.mark.filterwarnings("ignore::scipy.sparse.SparseEfficiencyWarning")
@pytest.mark.parametrize("seed", range(60))
def test_random_programs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    steps = [(int(rng.integers(len(STEPS))), int(rng.integers(10**6))) for _ in range(rng.integers(2, 7))]
    x = rng.standard_normal(N)
    kind = ["matrix", "array"][seed % 2]

    def sparse(x: Any) -> Any:
        return program(x, steps, Sparse, kind)

    def full(x: Any) -> Any:
        return program(x, steps, Full, kind)

    value, _ = gw.linearize(sparse, x, method="exact", check=False)
    np.testing.assert_allclose(value, sparse(x.copy()), rtol=1e-10, atol=1e-12)
    expected = gw.jacobian(full, method="exact", check=False)(x)
    for derivative in (gw.jacobian, gw.jacfwd, gw.jacrev):
        found = derivative(sparse, method="exact", check=False)(x)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-10)
