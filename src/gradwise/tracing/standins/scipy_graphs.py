"""``scipy.sparse.csgraph`` of traced weights: shortest paths (by Floyd and Warshall, Bellman and Ford, Johnson), spanning trees, Laplacians.

Dijkstra's algorithm has no rule: at negative weights, where a comparison with differences may go, SciPy's need not end.

Which edges are taken is SciPy's choice, and the same in a neighbourhood; a length is the sum of the weights on its path.  What is recorded holds at this point alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.standins.scipy_calling import only_at_this_point, refuse, with_value
from gradwise.tracing.standins.sparse_arithmetic import like_scipy
from gradwise.tracing.standins.sparse_building import _of_full, standing, traced_within
from gradwise.tracing.standins.sparse_entries import (
    Entries,
    canonical,
    dense,
    entries_of,
    is_sparse,
    plain_twin,
    product,
    running,
)

if TYPE_CHECKING:
    from collections.abc import Callable

#: what SciPy has for the predecessor of a vertex that no path leads to
_NONE = -9999


def _graph() -> Any:
    return scipy.sparse.csgraph


def _settled(graph: Any) -> tuple[Any, Entries]:
    """The plain graph, and its edges in order; entries of a full matrix that are 0 or not finite are no edges."""
    only_at_this_point(running())
    if is_sparse(graph):
        return plain_twin(graph), canonical(entries_of(graph))
    e = _of_full(graph)
    weights = np.asarray(plain(e.data))
    there = np.flatnonzero((weights != 0) & np.isfinite(weights))
    return plain(as_array(graph)), canonical(Entries(e.shape, e.rows[there], e.cols[there], as_array(e.data)[there]))


def _places(e: Entries, rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
    """Which of the edges lead from these vertices to those; −1 where none does."""
    width = max(e.shape)
    keys = e.rows.astype(np.int64) * width + e.cols
    wanted = rows.astype(np.int64) * width + cols
    found = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    return np.where(keys[found] == wanted, found, -1) if len(keys) else np.full(wanted.shape, -1)


def _paths(name: str) -> Callable[..., Any]:
    """A function that gives lengths of shortest paths: these are the sums of the weights that its predecessors lead over."""

    def call(csgraph: Any, *args: Any, **options: Any) -> Any:
        names = _SIGNATURES[name]
        given = dict(zip(names, args, strict=False)) | options
        if any(given.get(n) for n in ("min_only", "unweighted", "overwrite")) or np.isfinite(
            given.get("limit", np.inf)
        ):
            refuse(
                traced_within([csgraph]), f"scipy.sparse.csgraph.{name} with min_only, unweighted, overwrite or limit", "Leave them out"
            )  # fmt: skip
        graph, e = _settled(csgraph)
        value, before = getattr(_graph(), name)(graph, **given | {"return_predecessors": True})
        lengths, chain = np.atleast_2d(value), np.atleast_2d(before)
        weights = np.asarray(plain(e.data))
        rows, edges = [], []
        # all paths at once, one edge nearer to their beginnings in each turn
        pairs, ends = np.nonzero((chain != _NONE) & np.isfinite(lengths))
        at = ends
        which = pairs * lengths.shape[1] + ends
        while len(at):
            last = chain[pairs, at]
            taken = _places(e, last, at)
            if not given.get("directed", True):  # either way, whichever is shorter
                back = _places(e, at, last)
                use = (taken < 0) | ((back >= 0) & (weights[back] < weights[taken]))
                taken = np.where(use, back, taken)
            rows.append(which)
            edges.append(taken)
            on = chain[pairs, last] != _NONE
            pairs, at, which = pairs[on], last[on], which[on]
        sums = lengths * 0.0
        if rows:
            places, taken = np.concatenate(rows), np.concatenate(edges)
            steps = Entries((lengths.size, len(weights)), places, taken, np.ones(len(places)))
            sums = np.where(
                np.isfinite(lengths), product(steps, as_array(e.data)[:, None]).reshape(lengths.shape), lengths
            )
        found = with_value(sums.reshape(np.shape(value)), value)
        return (found, before) if given.get("return_predecessors") else found

    call.__name__ = name
    return call


_SIGNATURES = {
    "floyd_warshall": ("directed", "return_predecessors", "unweighted", "overwrite"),
    "bellman_ford": ("directed", "indices", "return_predecessors", "unweighted"),
    "johnson": ("directed", "indices", "return_predecessors", "unweighted"),
}


def minimum_spanning_tree(csgraph: Any, overwrite: bool = False) -> Any:
    """``minimum_spanning_tree``: the edges that SciPy takes."""
    graph, e = _settled(csgraph)
    value = _graph().minimum_spanning_tree(graph)
    found = value.tocoo()
    taken = _places(e, found.row, found.col)
    weights = with_value(as_array(e.data)[taken], found.data)
    return like_scipy(Entries(e.shape, found.row, found.col, weights), value)


def laplacian(
    csgraph: Any,
    normed: bool = False,
    return_diag: bool = False,
    use_out_degree: bool = False,
    *,
    copy: bool = True,
    form: str = "array",
    dtype: Any = None,
    symmetrized: bool = False,
) -> Any:
    """``laplacian``: D − A without loops, or D^(−1/2) (D − A) D^(−1/2); a vertex alone has 1 in the place of its degree's root."""
    if form != "array" or dtype is not None:
        refuse(traced_within([csgraph]), "scipy.sparse.csgraph.laplacian with a form or dtype", "Leave them out")
    twin = plain_twin(csgraph) if is_sparse(csgraph) else plain(as_array(csgraph))
    value, degrees = _graph().laplacian(
        twin, normed=normed, return_diag=True, use_out_degree=use_out_degree, symmetrized=symmetrized
    )
    A = dense(entries_of(csgraph)) if is_sparse(csgraph) else as_array(csgraph) * 1.0
    if symmetrized:
        A = A + np.conj(A).T
    A = A * (1.0 - np.eye(A.shape[0]))
    w = np.sum(A, axis=1 if use_out_degree else 0)
    if normed:
        alone = np.asarray(concrete(w == 0, "mask"))
        w = np.where(alone, 1.0, np.sqrt(np.where(alone, 1.0, w)))
        made = np.diag(1.0 - alone) - A / (w[:, None] * w)
    else:
        made = np.diag(w) - A
    if is_sparse(value):
        kept = value.tocoo()
        entries = with_value(made[kept.row, kept.col], kept.data)
        made = like_scipy(Entries(value.shape, kept.row, kept.col, entries), value)
    else:
        made = with_value(made, value)
    return (made, with_value(w, degrees)) if return_diag else made


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "scipy.sparse.csgraph": {
        name: standing(name, ours, "scipy.sparse.csgraph")
        for name, ours in {
            **{name: _paths(name) for name in _SIGNATURES},
            "minimum_spanning_tree": minimum_spanning_tree,
            "laplacian": laplacian,
        }.items()
    }
}
