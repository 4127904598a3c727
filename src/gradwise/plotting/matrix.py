"""A Jacobian or Hessian as a heat map, colours centred at zero."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.colors import SymLogNorm, TwoSlopeNorm

from gradwise.errors import InputError
from gradwise.plotting.canvas import DIVERGING, axes_for, colour_scale, number

#: up to so many entries along each side the numbers are written into the cells
WRITTEN = 8


def matrix(A: Any, ax: Any = None, rows: Any = None, columns: Any = None, *, symlog: bool | None = None) -> Any:
    """Draw the entries of a matrix as colours: red above zero, blue below, white at zero.

    Parameters
    ----------
    A : array_like of shape (m, n) or scipy.sparse matrix
        A Jacobian or Hessian; more than two axes are flattened in the middle, (outputs, inputs).
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if omitted.
    rows, columns : sequence of str, optional
        Names of outputs and inputs; a symmetric matrix takes those of its columns for its rows, too.
    symlog : bool, optional
        Colours on a logarithmic scale of both signs; by default where the entries span more than three decades.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import numpy as np
    >>> import gradwise as gw
    >>> H = gw.hessian(lambda v: v[0] ** 2 * v[1])(np.array([1.0, 2.0]))
    >>> ax = gw.plot.matrix(H, columns=["v[0]", "v[1]"])
    """
    dense = as_matrix(A)
    m, n = dense.shape
    ax = axes_for(ax, float(np.clip(0.45 * n + 2.2, 3.6, 7)), float(np.clip(0.45 * m + 1.4, 3.0, 7)))
    finite = np.abs(dense[np.isfinite(dense)])
    top = float(finite.max()) if finite.size and finite.max() > 0 else 1.0
    small = finite[finite > 0]
    if symlog is None:
        symlog = bool(small.size and np.quantile(small, 0.1) < 1e-3 * top)
    norm: Any = TwoSlopeNorm(0.0, -top, top)
    if symlog:
        norm = SymLogNorm(
            max(float(np.quantile(small, 0.05)) if small.size else top * 1e-3, top * 1e-8), vmin=-top, vmax=top
        )
    cmap = mpl.colormaps[DIVERGING].with_extremes(bad="0.75")  # nan and inf: grey
    image = ax.imshow(
        np.ma.masked_invalid(dense), cmap=cmap, norm=norm, aspect="equal" if max(m, n) <= 6 * min(m, n) else "auto"
    )
    bar = colour_scale(ax, image)
    if symlog:
        decades = np.floor(np.log10(top)) - np.array([0.0, 2.0, 4.0])
        decades = 10.0 ** decades[decades > np.log10(norm.linthresh)]
        bar.set_ticks([*-decades, 0.0, *decades[::-1]])
    if max(m, n) <= WRITTEN:
        for (i, j), value in np.ndenumerate(dense):
            light = not np.isfinite(value) or 0.22 < float(norm(value)) < 0.78
            ax.text(
                j,
                i,
                number(float(value), 3),
                ha="center",
                va="center",
                fontsize="small",
                color="black" if light else "white",
            )
    if rows is None and m == n and np.allclose(dense, dense.T, rtol=0, atol=1e-9 * top, equal_nan=True):
        rows = columns  # a Hessian: what it has in its rows is what it has in its columns
    _names(ax, rows, columns, m, n)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0, labelsize="small")
    return ax


def as_matrix(A: Any) -> np.ndarray:
    """A dense matrix of floats: (outputs, inputs)."""
    dense = np.asarray(A.toarray() if hasattr(A, "toarray") else A)
    if dense.dtype.kind not in "fiub":
        raise InputError(
            f"the matrix has dtype {dense.dtype}. Real numbers are required. Draw its real part, or its modulus"
        )
    dense = dense.astype(np.float64)
    if dense.ndim < 2:
        dense = np.atleast_2d(dense)
    elif dense.ndim > 2:
        half = dense.ndim // 2
        dense = dense.reshape(int(np.prod(dense.shape[:half])), -1)
    if dense.size == 0:
        raise InputError(f"the matrix has shape {dense.shape} and no entries. At least one is required")
    return dense


def _names(ax: Any, rows: Any, columns: Any, m: int, n: int) -> None:
    for names, count, put, what in ((rows, m, ax.set_yticks, "output"), (columns, n, ax.set_xticks, "input")):
        if names is not None:
            if len(names) != count:
                raise InputError(f"{len(names)} names were given for {count} {what}s. One for each is required")
            put(range(count), labels=list(names))
        elif count <= 20:
            put(range(count))
    ax.set_xlabel("input")
    ax.set_ylabel("output")
