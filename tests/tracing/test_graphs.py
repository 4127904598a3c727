"""``scipy.sparse.csgraph`` of traced weights: it raised.  Against differences, and paths that are known."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import scipy.sparse.csgraph as graphs
from closing import closes

import gradwise as gw

ROWS = np.array([0, 0, 1, 2, 3, 1, 4, 4, 2, 3])
COLS = np.array([1, 2, 3, 3, 4, 2, 0, 2, 4, 0])
WEIGHTS = np.array([1.31, 0.43, 0.77, 1.92, 0.85, 0.68, 1.14, 2.36, 2.97, 0.91])


def full(x):
    made = np.zeros_like(x, shape=(5, 5))
    made[ROWS, COLS] = x
    return made


def sparse(x, form="csr"):
    return sp.coo_array((x, (ROWS, COLS)), shape=(5, 5)).asformat(form)


CASES = {
    "either way": lambda x: graphs.floyd_warshall(full(x) + full(x).T * 1.1, directed=False),
    "from some": lambda x: graphs.bellman_ford(sparse(x, "csc"), indices=[0, 3]),
    "with predecessors": lambda x: graphs.johnson(sparse(x), return_predecessors=True)[0],
    "Floyd and Warshall": lambda x: graphs.floyd_warshall(full(x)),
    "Bellman and Ford": lambda x: graphs.bellman_ford(sparse(x), indices=0),
    "Johnson": lambda x: graphs.johnson(sparse(x)),
    "spanning tree": lambda x: graphs.minimum_spanning_tree(sparse(x)).toarray(),
    "of a full matrix": lambda x: graphs.minimum_spanning_tree(full(x)).sum(),
    "Laplacian": lambda x: graphs.laplacian(full(x)),
    "normed": lambda x: graphs.laplacian(sparse(x), normed=True).toarray(),
    "with degrees": lambda x: graphs.laplacian(full(x), normed=True, return_diag=True, use_out_degree=True)[1],
    "symmetrized": lambda x: graphs.laplacian(full(x) + np.eye(5), symmetrized=True),
    "connectivity": lambda x: np.linalg.eigvalsh(graphs.laplacian(full(x) + full(x).T, normed=True))[1],
}


@pytest.mark.parametrize("f", CASES.values(), ids=CASES)
def test_against_differences(f) -> None:
    closes(f, WEIGHTS)


def test_a_path_that_is_known() -> None:
    found = gw.jacobian(lambda x: graphs.bellman_ford(sparse(x), indices=0)[4], method="exact")(WEIGHTS)
    np.testing.assert_array_equal(found, (ROWS * 10 + COLS == 13) | (ROWS * 10 + COLS == 1) | (ROWS * 10 + COLS == 34))


def test_paths_are_found_again_at_another_point() -> None:
    gradient = gw.grad(lambda x: graphs.bellman_ford(sparse(x), indices=0)[4])
    changed = WEIGHTS.copy()
    changed[8] = 0.2
    for x in (WEIGHTS, WEIGHTS, WEIGHTS, changed, WEIGHTS):
        assert gradient(x).sum() == (2 if x is changed else 3)


def test_options_without_a_rule_say_so() -> None:
    with pytest.raises(gw.TracingError, match="unweighted"):
        gw.grad(lambda x: graphs.johnson(sparse(x), unweighted=True).sum(), method="exact")(WEIGHTS)
