"""Matrices, masked arrays and sparse matrices of the caller's that a function changes in place: each call changes them once, whatever is asked of the function beside it."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

import gradwise as gw

DIAGONAL = np.diag([1.0, 2.0, 3.0])


class Sparse:
    """A sparse matrix that is scaled."""

    def __init__(self):
        self.M = sp.csr_matrix(DIAGONAL)

    def by_another_name(self, x):
        A = self.M
        A *= 1.1
        return x @ (A @ x)

    def by_attribute(self, x):
        self.M *= 1.1
        return x @ (self.M @ x)

    def by_method(self, x):
        self.M.setdiag(self.M.diagonal() * 1.1)
        return x @ (self.M @ x)

    def held(self):
        return self.M.toarray()


class Dense:
    """An array that is scaled by way of others of its memory."""

    def __init__(self):
        self.T = DIAGONAL.copy()
        self.masked = np.ma.array(self.T, copy=False)

    def by_matrix(self, x):
        y = np.asmatrix(self.T)
        y *= 1.1
        return x @ self.T @ x

    def by_masked(self, x):
        y = np.ma.array(self.T, copy=False)
        y *= 1.1
        return x @ self.T @ x

    def by_entries(self, x):
        self.masked[:] = self.masked * 1.1
        return x @ self.T @ x

    def held(self):
        return self.T


CASES = [(Sparse, "by_another_name"), (Sparse, "by_attribute"), (Sparse, "by_method")]
CASES += [(Dense, "by_matrix"), (Dense, "by_masked"), (Dense, "by_entries")]


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # of np.matrix
@pytest.mark.parametrize(("kind", "name"), CASES)
def test_each_call_changes_it_once(kind, name):
    model, x = kind(), np.array([0.3, 1.2, 0.7])
    g = gw.value_and_grad(getattr(model, name))
    for k in range(1, 6):
        value, gradient = g(x)
        A = DIAGONAL * 1.1**k
        np.testing.assert_allclose(model.held(), A, rtol=1e-12)
        assert value == pytest.approx(x @ A @ x, rel=1e-12)
        np.testing.assert_allclose(gradient, 2 * A @ x, rtol=1e-11)
