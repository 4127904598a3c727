"""The entries of a gradient as bars, each with its name."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.containers import flatten
from gradwise.errors import InputError
from gradwise.plotting.canvas import BLUE, VERMILION, axes_for, number, quiet_spines

#: more entries are drawn without names
NAMED = 40


def gradient(g: Any, ax: Any = None, names: Any = None, *, symlog: bool | None = None) -> Any:
    """Draw the entries of a gradient as bars: blue where f grows with the argument, red where it falls.

    Parameters
    ----------
    g : array_like, number, or container of arrays
        What `gradwise.grad` returned.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if omitted.
    names : sequence of str, optional
        A name for each entry; its place in the container if omitted.
    symlog : bool, optional
        A logarithmic scale of both signs; by default where the entries span more than three decades.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import gradwise as gw
    >>> ax = gw.plot.gradient(gw.grad(lambda x, y: x**2 * y, ("x", "y"))(3.0, 2.0), names=["x", "y"])
    >>> [float(bar.get_width()) for bar in ax.patches]
    [12.0, 9.0]
    """
    values, found = _entries(g)
    names = found if names is None else list(names)
    if len(names) != values.size:
        raise InputError(f"{len(names)} names were given for {values.size} entries. One for each is required")
    few = values.size <= NAMED
    ax = axes_for(ax, 6.4, float(np.clip(0.3 * values.size + 1.2, 2.4, 9.0)) if few else 3.6)
    quiet_spines(ax)
    size = np.abs(values[np.isfinite(values) & (values != 0)])
    if symlog is None:
        symlog = bool(size.size and size.min() < 1e-3 * size.max())
    colours = np.where(values < 0, VERMILION, BLUE)
    shown = np.where(np.isfinite(values), values, 0.0)
    scale = {"linthresh": max(float(size.min()), 1e-12 * float(size.max()))} if symlog and size.size else None
    if few:
        _named(ax, values, shown, names, colours)
        if scale:
            ax.set_xscale("symlog", **scale)
            ax.set_xticks(_decades(scale["linthresh"], shown))
        ax.set_xlabel("∂f/∂argument")
        ax.margins(x=0.18)
        ax.axvline(0.0, color="0.3", linewidth=0.8)
    else:
        ax.vlines(
            np.arange(values.size), 0.0, shown, colors=list(colours), linewidth=max(0.5, min(3.0, 300 / values.size))
        )
        if scale:
            ax.set_yscale("symlog", **scale)
            ax.set_yticks(_decades(scale["linthresh"], shown))
        ax.axhline(0.0, color="0.3", linewidth=0.8)
        ax.set_xlabel(f"entry, from {names[0]} to {names[-1]}")
        ax.set_ylabel("∂f/∂entry")
    return ax


def _decades(linear: float, shown: np.ndarray) -> np.ndarray:
    """Up to three decades of each sign that occurs, and 0, so far apart that their labels do not meet."""
    top = float(np.max(np.abs(shown)))
    span = max(float(np.log10(top / linear)), 1.0)
    step = max(1, int(np.ceil(span / 3)))
    decades = np.floor(np.log10(top)) - step * np.arange(3.0)
    sizes = 10.0 ** decades[decades >= np.log10(linear) + step / 2]
    return np.unique(np.concatenate([-sizes * np.any(shown < 0), [0.0], sizes[::-1] * np.any(shown > 0)]))


def _named(ax: Any, values: np.ndarray, shown: np.ndarray, names: list[str], colours: np.ndarray) -> None:
    """Horizontal bars with names at the left and numbers at their ends."""
    places = np.arange(values.size)
    ax.barh(places, shown, color=list(colours), height=0.7)
    for place, value in zip(places, values, strict=True):
        text = number(float(value)) if np.isfinite(value) else str(float(value))
        ax.annotate(
            text, (value if np.isfinite(value) else 0.0, place), xytext=(-4 if value < 0 else 4, 0),
            textcoords="offset points", ha="right" if value < 0 else "left", va="center", fontsize="small",
        )  # fmt: skip
    ax.set_yticks(places, labels=names)
    ax.tick_params(axis="y", length=0, labelsize="small")
    ax.set_ylim(values.size - 0.4, -0.6)  # the first on top


def _entries(g: Any) -> tuple[np.ndarray, list[str]]:
    """The numbers of a container, one behind the other, and their places in it."""
    leaves, tree = flatten(g)
    arrays = [np.asarray(leaf) for leaf in leaves]
    if not arrays or sum(a.size for a in arrays) == 0:
        raise InputError(f"gw.plot.gradient was given {g!r:.80}, which holds no numbers. At least one is required")
    if any(a.dtype.kind not in "fiu" for a in arrays):
        raise InputError(
            "gw.plot.gradient was given entries that are not real numbers. Draw the real and the imaginary part, or the modulus"
        )
    names = [
        path + (f"[{', '.join(map(str, k))}]" if a.ndim else "")
        for path, a in zip(tree.paths("g"), arrays, strict=True)
        for k in np.ndindex(a.shape)
    ]
    return np.concatenate([a.astype(float).ravel() for a in arrays]), names
