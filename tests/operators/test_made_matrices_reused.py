"""Sparse matrices that a function makes and fills: a program stands for it, with the places of entries as they are at each call."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import scipy.sparse.linalg as sla
from scipy.sparse import csr_matrix, dok_matrix, lil_matrix

import gradwise as gw
from gradwise.operators.reuse import standing
from gradwise.tracing.purity import inspect_function

X = np.array([0.3, 1.2, 0.7])
ROWS, COLUMNS = np.array([0, 1, 2]), np.array([1, 1, 0])
KEPT = sp.csr_matrix(np.eye(3))
DRAFT = sp.lil_matrix((3, 3))


def _filled(x):
    table = lil_matrix((3, 3))
    for i in range(3):
        table[i, (i + 1) % 3] += x[i] * x[0]
        table[i, i] = 2.0
    table[0, 2] -= x[1]
    return (table.tocsr() @ x) @ x


def _keyed(x):
    table = dok_matrix((len(x), len(x)))
    for i, j in zip(ROWS.tolist(), COLUMNS.tolist(), strict=True):
        table[i, j] += x[i] ** 2
    return table.tocsc().dot(x).sum()


def _from_places(x):
    table = sp.coo_matrix((2 * x, (ROWS, COLUMNS)), shape=(3, 3)).tocsr()
    return (table @ x) @ x


def _by_rows(x):
    return (csr_matrix((x * x, (ROWS, COLUMNS)), shape=(3, 3)).T @ x).sum()


def _of_diagonals(x):
    table = sp.diags([np.exp(x), x[:2]], [0, 1]) + sp.eye(3) * 2.0
    return (table @ x) @ x


def _solved(x):
    table = lil_matrix((3, 3))
    for i in range(3):
        table[i, i] = 4.0 + x[i] ** 2
        if i:
            table[i, i - 1] = x[0]
    return sla.spsolve(table.tocsc(), x).sum()


class Assembled:
    """Beams between nodes, assembled into a matrix with rows and columns at one place several times."""

    def __init__(self):
        self.beams = [(0, 1), (1, 2), (0, 2)]

    def energy(self, x):
        rows, columns, values = [], [], []
        for k, (a, b) in enumerate(self.beams):
            for i, j, sign in ((a, a, 1.0), (b, b, 1.0), (a, b, -1.0), (b, a, -1.0)):
                rows.append(i)
                columns.append(j)
                values.append(sign * x[k])
        table = sp.coo_matrix((values, (rows, columns)), shape=(3, 3)).tocsr()
        return (table @ x) @ x


FUNCTIONS = [_filled, _keyed, _from_places, _by_rows, _of_diagonals, _solved, Assembled().energy]


def _differences(f, x, h=1e-4):
    steps = h * np.eye(x.size)
    return np.array([(8 * (f(x + s) - f(x - s)) - (f(x + 2 * s) - f(x - 2 * s))) / (12 * h) for s in steps])


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_a_program_stands(function):
    gradient = gw.value_and_grad(function, method="exact")
    for k in range(7):
        point = X + 0.03 * k
        value, found = gradient(point)
        np.testing.assert_allclose(value, function(point), rtol=1e-12)
        np.testing.assert_allclose(found, _differences(function, point), rtol=1e-8, atol=1e-8)
    assert standing(function, (X,), {}).startswith("proved pure")


@pytest.mark.parametrize("function", [_keyed, _from_places, _by_rows])
def test_the_places_are_those_of_the_call(function):
    gradient = gw.grad(function, method="exact")
    rows, columns = ROWS.copy(), COLUMNS.copy()
    try:
        for k in range(12):
            if k in (5, 8):
                ROWS[:] = np.roll(ROWS, 1)
            if k in (7, 10):
                COLUMNS[:] = [0, 2, k % 3]
            np.testing.assert_allclose(gradient(X), _differences(function, X), rtol=1e-8, atol=1e-8)
    finally:
        ROWS[:], COLUMNS[:] = rows, columns


def test_the_beams_are_those_of_the_call():
    problem = Assembled()
    gradient = gw.grad(problem.energy, method="exact")
    for k in range(12):
        if k == 5:
            problem.beams[1] = (0, 2)
        if k == 8:
            problem.beams = [(2, 1), (1, 0), (0, 2)]
        np.testing.assert_allclose(gradient(X), _differences(problem.energy, X), rtol=1e-8, atol=1e-8)


def _into_what_is_kept(x):
    DRAFT[0, 0] = 1.0
    return (DRAFT.tocsr() @ x).sum()


def _into_the_same(x):
    same = KEPT.tocsr()
    same[0, 0] = 3.0
    return (same @ x).sum()


def _into_shared_rows(x):
    same = lil_matrix(DRAFT)
    same[0, 0] = 3.0
    return (same.tocsr() @ x).sum()


def _scaled_in_place(x):
    same = KEPT.tocsr()
    same *= 2.0
    return (same @ x).sum()


def _of_the_callers_memory(x):
    table = csr_matrix((x, ROWS, np.array([0, 1, 2, 3])), shape=(3, 3))
    table[0, 0] = 5.0
    return table.sum() + x.sum()


@pytest.mark.parametrize(
    "function",
    [_into_what_is_kept, _into_the_same, _into_shared_rows, _scaled_in_place, _of_the_callers_memory],
    ids=lambda f: f.__name__,
)
def test_what_may_be_somebody_elses_is_not_filled(function):
    assert not inspect_function(function, (X.copy(),), {}).is_quiet
