"""Where a Jacobian or Hessian is zero."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.colors import ListedColormap

from gradwise.plotting.canvas import BLUE, axes_for
from gradwise.plotting.matrix import as_matrix


def sparsity(A: Any, ax: Any = None) -> Any:
    """Draw a dark cell for each entry that is not zero, and say how many there are.

    Parameters
    ----------
    A : array_like of shape (m, n) or scipy.sparse matrix
        A Jacobian or Hessian.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if omitted.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import numpy as np
    >>> import gradwise as gw
    >>> ax = gw.plot.sparsity(np.eye(4))
    >>> ax.get_title()
    '4 of 16 entries are not zero (25 %)'
    """
    dense = as_matrix(A)
    m, n = dense.shape
    ax = axes_for(ax, 4.8, 4.8)
    ax.imshow(
        (dense != 0).astype(float), cmap=ListedColormap(["#F3F3F3", BLUE]), vmin=0, vmax=1, interpolation="nearest",
        aspect="equal" if max(m, n) <= 6 * min(m, n) else "auto",
    )  # fmt: skip
    count = int(np.count_nonzero(dense))
    ax.set_title(f"{count} of {dense.size} entries are not zero ({100 * count / dense.size:.3g} %)", fontsize="medium")
    ax.set_xlabel("input")
    ax.set_ylabel("output")
    for axis, size in ((ax.xaxis, n), (ax.yaxis, m)):
        axis.get_major_locator().set_params(integer=True)
        if size <= 12:
            axis.set_ticks(range(size))
    ax.spines[:].set_color("0.8")
    ax.tick_params(length=0, labelsize="small")
    return ax
