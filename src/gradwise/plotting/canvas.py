"""New axes, colours, and what every picture does the same way.

Colours are those of M. Okabe and K. Ito, which people with any colour vision can tell apart; maps are perceptually uniform.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from gradwise.errors import InputError

BLUE, VERMILION, GREEN, ORANGE = "#0072B2", "#D55E00", "#009E73", "#E69F00"
PURPLE, SKY, BLACK, GREY = "#CC79A7", "#56B4E9", "#222222", "#8C8C8C"
#: values, and values with a sign
SEQUENTIAL, DIVERGING = "viridis", "RdBu_r"

#: backends that write files only: pyplot has nothing to show with them
_WITHOUT_WINDOW = {"agg", "cairo", "pdf", "pgf", "ps", "svg", "template"}

#: the last figure that pyplot made for us there
_last: list[Figure] = []


class Layout(ConstrainedLayoutEngine):
    """Matplotlib's constrained layout, made twice.

    Axes of equal scales are shrunk after margins are measured, so that a first layout leaves too little room beside them: "1.8e−17" on a scale of colours
    was cut to "1.8e−1".
    """

    def execute(self, fig: Any) -> Any:
        super().execute(fig)
        return super().execute(fig)


def new_figure(width: float, height: float) -> Figure:
    """A new figure, in inches.

    It belongs to nobody, so that no display is needed and no global state grows.  Only where pyplot is in use (or a notebook), it is made by pyplot, so that the notebook
    and the user's own ``plt.show()`` and ``plt.savefig()`` find it; where nothing can be shown, pyplot keeps the last one only.
    """
    if "matplotlib.pyplot" in sys.modules or "ipykernel" in sys.modules:
        from matplotlib import pyplot as plt

        if mpl.get_backend().lower() not in _WITHOUT_WINDOW:
            return plt.figure(figsize=(width, height), layout=Layout())
        if _last:
            plt.close(_last.pop())  # for pyplot: who holds its axes still has it
        _last.append(plt.figure(figsize=(width, height), layout=Layout()))
        return _last[0]
    return Figure(figsize=(width, height), layout=Layout())


def axes_for(
    ax: Any, width: float = 6.4, height: float = 4.4, projection: str | None = None, *, equal: bool = False
) -> Any:
    """The caller's axes, or those of a new figure.

    Raises
    ------
    InputError
        If ``ax`` is not axes, or of another projection than the picture needs.
    """
    if ax is None:
        ax = new_figure(width, height).add_subplot(projection=projection)
    elif not hasattr(ax, "get_figure") or not hasattr(ax, "plot"):
        raise InputError(
            f"ax={ax!r} is {type(ax).__name__}. One matplotlib Axes, or None, is required. Take it from plt.subplots(), or leave it out"
        )
    elif projection is not None and getattr(ax, "name", "") != projection:
        raise InputError(
            f"ax has the projection {getattr(ax, 'name', '?')!r}. Axes with {projection!r} are required. "
            f"Write fig.add_subplot(projection={projection!r}), or leave ax out"
        )
    if equal:
        ax.set_aspect("equal")
    return ax


def quiet_spines(ax: Any) -> None:
    """Take away the frame's upper and right side, and lay a faint grid below everything."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(visible=True, color="0.9", linewidth=0.7)
    ax.set_axisbelow(True)


def remark(ax: Any, text: str) -> None:
    """A sentence in the upper half of axes in which there is nothing, or not all, to draw."""
    ax.text(
        0.5, 0.75, textwrap.fill(text, 34), transform=ax.transAxes, ha="center", va="center", color="0.25", gid="remark",
        bbox={"facecolor": "white", "edgecolor": "0.85", "alpha": 0.85, "boxstyle": "round"},
    )  # fmt: skip


def legend(ax: Any, **options: Any) -> None:
    """A small legend, if anything has a label."""
    if ax.get_legend_handles_labels()[0]:
        ax.legend(fontsize="small", framealpha=0.85, edgecolor="0.85", **options).set_zorder(20)  # above all markers


def colour_scale(ax: Any, mapped: Any, slender: float = 1.0, **options: Any) -> Any:
    """A scale of colours at the right of a picture, as high as the picture is; ``slender`` is its height by its width."""
    wide = 0.035 * max(slender, 1.0)
    bar = ax.figure.colorbar(mapped, cax=ax.inset_axes((1.0 + 0.8 * wide, 0.06, wide, 0.88)), **options)
    bar.minorticks_off()
    bar.ax.tick_params(labelsize="small", length=0)
    bar.outline.set_visible(False)
    return bar


def number(value: float, digits: int = 4) -> str:
    """A number for a label, with a true minus sign."""
    return f"{value + 0.0:.{digits}g}".replace("-", "−")  # never −0


def distinct_numbers(values: Sequence[float]) -> tuple[str, list[str]]:
    """Labels that differ where the values do, of as few digits as that takes; those of values that lie close together are told from the first of them, which comes before."""
    for digits in range(3, 7):
        labels = [number(value, digits) for value in values]
        if len(set(labels)) == len(set(values)):
            return "", labels
    base = float(values[0])
    return f"{number(base, 17)} + …", [number(float(value) - base, 3) for value in values]


def title_of(function: Any) -> str:
    """A function's name as a title; nothing for a lambda."""
    name = getattr(function, "__name__", "")
    return "" if name in {"", "<lambda>"} else name.replace("_", " ")


def set_title(ax: Any, name: str, held: str) -> None:
    """A function's name, and in a line of its own what a picture of many variables holds fixed."""
    whole = held.replace(" = ", "\0=\0")  # no line ends inside of z = 1
    place = ax.get_subplotspec()
    width = ax.figure.get_figwidth() / (place.get_gridspec().ncols if place is not None else 1)
    lines = [name, textwrap.fill(whole, max(20, int(9.5 * width))).replace("\0", " ")]
    ax.set_title("\n".join(line for line in lines if line), fontsize="medium")
