"""``scipy.sparse.csgraph`` of traced weights: it raised.  Against differences, and paths that are known."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import scipy.sparse.csgraph as graphs
from closing import closes

import gradwise as gw

# before SciPy 1.17, spanning trees take no places of 64 bits
ROWS = np.array([0, 0, 1, 2, 3, 1, 4, 4, 2, 3], np.int32)
COLS = np.array([1, 2, 3, 3, 4, 2, 0, 2, 4, 0], np.int32)
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


@pytest.mark.parametrize("form", ["csr", "csc", "lil", "dok"])
@pytest.mark.parametrize("kind", [np.int32, np.int64])
def test_places_are_of_scipys_type(form, kind) -> None:
    """Places of 32 bits became 64 bits wide, which compiled code that is asked for them may refuse."""

    def types_of(x):
        made = sp.coo_array((x, (ROWS.astype(kind), COLS.astype(kind))), shape=(5, 5)).asformat(form)
        rows = made.tocsr() if form in {"lil", "dok"} else made
        seen.append([m.indices.dtype for m in (rows, rows * 2.0, rows.T)])
        return rows.sum()

    seen: list = []
    types_of(WEIGHTS)
    gw.grad(types_of, method="exact", check=False)(WEIGHTS)
    assert seen[1] == seen[0]


def test_a_product_of_many_places_does_not_overflow() -> None:
    """Rows of 32 bits times the size of the other matrix went over."""
    n = 2**17
    edge = np.array([n - 1], np.int32)

    def f(x):
        a, b = (sp.coo_array((y, (edge, edge)), shape=(n, n)) for y in (x[:1], x[1:]))
        return sp.kron(a, b, format="coo").coords[0][0] * x[0] * x[1]

    np.testing.assert_array_equal(
        gw.grad(f, method="exact", check=False)(np.array([2.0, 3.0])), np.array([3.0, 2.0]) * (n**2 - 1)
    )
