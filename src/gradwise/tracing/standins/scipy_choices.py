"""SciPy's functions that choose: assignments, peaks, ranks (``scipy_points.py``: neighbours, hulls, triangulations).

What is chosen is the same in a neighbourhood of the point, and is SciPy's own; the numbers that belong to it (distances, heights, volumes) are formulas of the entries that were chosen.  What is recorded
holds at this point alone, where another point may choose otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.standins.recording import contains_traced, open_traces
from gradwise.tracing.standins.scipy_calling import only_at_this_point, refuse, table, with_value
from gradwise.tracing.standins.stacking import leaves, plainly
from gradwise.tracing.standins.traced_data import settled

if TYPE_CHECKING:
    from collections.abc import Callable


def settle(arguments: Any) -> None:
    """Let what is recorded now hold at this point alone."""
    only_at_this_point(open_traces(leaves(list(arguments), [])))


def _chosen(module: str, name: str) -> Callable[..., Any]:
    """Stand-in for a function whose results change by jumps only."""

    def call(*args: Any, **options: Any) -> Any:
        settle((*args, *options.values()))
        function = getattr(getattr(scipy, module), name)
        return function(*map(plainly, args), **{k: plainly(v) for k, v in options.items()})

    call.__name__ = name
    call.__doc__ = f"``scipy.{module}.{name}``, which changes by jumps only."
    return call


# --- peaks ------------------------------------------------------------------------------------------------------------------------


def _prominences(x: Any, peaks: Any, left: Any, right: Any) -> Any:
    return x[peaks] - np.maximum(x[left], x[right])


def find_peaks(x: Any, *args: Any, **options: Any) -> Any:
    """``scipy.signal.find_peaks``: heights and prominences are those of the entries."""
    settle((x, *args, *options.values()))
    x = as_array(x)
    peaks, found = scipy.signal.find_peaks(plain(x), *map(plainly, args), **{k: plainly(v) for k, v in options.items()})
    for key, value in list(found.items()):
        if key == "peak_heights":
            found[key] = with_value(x[peaks], value)
        elif key == "prominences":
            found[key] = with_value(_prominences(x, peaks, found["left_bases"], found["right_bases"]), value)
        elif value.dtype.kind == "f":
            refuse([x], f"{key!r} of scipy.signal.find_peaks", "Known are peak_heights and prominences")
    return peaks, found


def peak_prominences(x: Any, peaks: Any, wlen: Any = None) -> Any:
    """``scipy.signal.peak_prominences``."""
    settle((x,))
    x = as_array(x)
    value, left, right = scipy.signal.peak_prominences(plain(x), plainly(peaks), wlen)
    return with_value(_prominences(x, np.asarray(plainly(peaks)), left, right), value), left, right


# --- samples ----------------------------------------------------------------------------------------------------------------------


def wasserstein_distance(u: Any, v: Any, u_weights: Any = None, v_weights: Any = None) -> Any:
    """``scipy.stats.wasserstein_distance``: Σ |F(z) − G(z)| Δz over the merged sample."""
    u, v, (u_weights, v_weights) = as_array(u), as_array(v), settled((u_weights, v_weights))
    value = scipy.stats.wasserstein_distance(plain(u), plain(v), plainly(u_weights), plainly(v_weights))
    if contains_traced((u_weights, v_weights)):
        refuse([u, v, u_weights, v_weights], "scipy.stats.wasserstein_distance of traced weights", "Write it in NumPy")
    settle((u, v))
    merged = np.sort(np.concatenate([u * 1.0, v * 1.0]))
    heights = []
    for sample, weights in ((plain(u), u_weights), (plain(v), v_weights)):
        order = np.argsort(sample)
        weights = np.ones(len(sample)) if weights is None else np.asarray(weights, float)
        total = np.concatenate([[0.0], np.cumsum(weights[order])]) / weights.sum()
        heights.append(total[np.searchsorted(sample[order], plain(merged)[:-1], "right")])
    return with_value(np.sum(np.abs(heights[0] - heights[1]) * np.diff(merged)), value)


def nnls(A: Any, b: Any, *args: Any, **options: Any) -> Any:
    """``scipy.optimize.nnls``: least squares in the unknowns that are not 0."""
    A, b = as_array(A), as_array(b)
    settle((A, b))
    value, size = scipy.optimize.nnls(plain(A), plain(b), *args, **options)
    free = np.flatnonzero(value > 0)
    if not free.size:
        return value, with_value(np.linalg.norm(b), size)
    part = A[:, free] * 1.0
    solved = np.linalg.solve(part.T @ part, part.T @ b)
    x = np.concatenate([np.zeros(1), solved])[np.where(value > 0, np.searchsorted(free, np.arange(len(value))) + 1, 0)]
    return with_value(x, value), with_value(np.linalg.norm(part @ solved - b), size)


_JUMPING = {
    "optimize": ("linear_sum_assignment",),
    "signal": ("argrelmax", "argrelmin", "argrelextrema", "find_peaks_cwt"),
    "stats": (
        "rankdata",
        "spearmanr",
        "kendalltau",
        "ks_2samp",
        "mannwhitneyu",
        "wilcoxon",
        "friedmanchisquare",
        "kruskal",
        "weightedtau",
        "somersd",
    ),
}


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "scipy.optimize": table(
        "scipy.optimize", {"nnls": nnls} | {n: _chosen("optimize", n) for n in _JUMPING["optimize"]}
    ),
    "scipy.signal": table(
        "scipy.signal",
        {"find_peaks": find_peaks, "peak_prominences": peak_prominences}
        | {n: _chosen("signal", n) for n in _JUMPING["signal"]},
    ),
    "scipy.stats": table(
        "scipy.stats",
        {"wasserstein_distance": wasserstein_distance} | {n: _chosen("stats", n) for n in _JUMPING["stats"]},
    ),
}
