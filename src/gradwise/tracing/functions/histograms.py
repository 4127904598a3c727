"""Histograms in several variables: ``histogram2d``, ``histogramdd``."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.functions.operands import array, as_array, integers
from gradwise.tracing.functions.ordering import histogram_bin_edges
from gradwise.tracing.traced import isinstance_traced


def histogramdd(
    sample: Any,
    bins: Any = 10,
    range: Any = None,  # noqa: A002  NumPy's name
    density: bool | None = None,
    weights: Any = None,
) -> Any:
    """``np.histogramdd``: counts carry no derivative; edges, densities and weights do."""
    if isinstance(sample, (list, tuple)) and not isinstance_traced(sample):
        columns = [as_array(c) for c in sample]
    else:
        sample = np.atleast_2d(array(sample)) if np.ndim(plain(sample)) != 1 else np.reshape(array(sample), (-1, 1))
        columns = [sample[:, k] for k in np.arange(sample.shape[1])]
    bins = integers(bins) if np.ndim(plain(bins)) == 0 else bins
    each = [bins] * len(columns) if np.ndim(plain(bins)) == 0 else list(bins)
    if len(each) != len(columns):
        raise ValueError("The dimension of bins must be equal to the dimension of the sample x.")
    ranges = [None] * len(columns) if range is None else list(range)
    edges = [histogram_bin_edges(c, b, r) for c, b, r in zip(columns, each, ranges, strict=True)]
    inside = np.ones(np.shape(plain(columns[0])), bool)
    places = []
    for column, edge in zip(columns, edges, strict=True):
        place = np.asarray(concrete(np.searchsorted(edge, column, "right"), "index")) - 1
        last = np.shape(plain(edge))[0] - 2
        places.append(np.where(concrete(column == edge[-1], "mask"), last, place))  # the last bin is closed
        inside &= concrete((column >= edge[0]) & (column <= edge[-1]), "mask")
    shape = tuple(np.shape(plain(e))[0] - 1 for e in edges)
    flat = np.ravel_multi_index([p[inside] for p in places], shape)
    mass = None if weights is None else as_array(weights)[inside]
    counts = np.reshape(np.bincount(flat, mass, int(np.prod(shape))), shape) * 1.0
    if density:
        counts = counts / np.sum(counts)
        for k, edge in enumerate(edges):
            counts = counts / np.reshape(np.diff(edge), [-1 if i == k else 1 for i in np.arange(len(edges))])
    return counts, tuple(edges)


def histogram2d(
    x: Any,
    y: Any,
    bins: Any = 10,
    range: Any = None,  # noqa: A002  NumPy's name
    density: bool | None = None,
    weights: Any = None,
) -> Any:
    """``np.histogram2d``."""
    if np.ndim(plain(bins)) == 1 and len(bins) not in {1, 2}:
        bins = [array(bins)] * 2
    elif np.ndim(plain(bins)) == 1 and len(bins) == 1:
        bins = [bins[0]] * 2
    counts, (first, second) = histogramdd([x, y], bins, range, density, weights)
    return counts, first, second


FUNCTIONS: dict[Any, Any] = {np.histogramdd: histogramdd, np.histogram2d: histogram2d}
