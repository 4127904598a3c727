"""The rose of directional derivatives: abs(D_u f) over the direction u, a pair of circles through the point."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from gradwise import geometry
from gradwise.plotting.canvas import BLUE, GREEN, VERMILION, axes_for, legend, number, set_title, title_of


def rose(f: Any, x: Any = None, ax: Any = None) -> Any:
    """Draw the directional derivative of f at x over the angle.

    The radius is abs(D_u f); a full line where f grows, a dashed one where it falls.  The arrow is ∇f, where the growth is largest; along the
    dotted line, the level set's tangent, f does not change.

    Parameters
    ----------
    f : callable or gradwise.geometry.DirectionalProfile
        f(v) or f(x, y); or the profile, for a function of more variables or another plane.
    x : array_like
        The point, if f is a function.
    ax : matplotlib.projections.polar.PolarAxes, optional
        Where to draw; a new figure if omitted.

    Returns
    -------
    matplotlib.projections.polar.PolarAxes

    Examples
    --------
    >>> import gradwise as gw
    >>> ax = gw.plot.rose(lambda x, y: x**2 + 3 * y, (1.0, 2.0))
    """
    profile = geometry.directional_profile(f, x) if callable(f) else f
    ax = axes_for(ax, 5.4, 5.4, projection="polar")
    angles, slopes = profile.angles, profile.slopes
    for sign, style, colour, label in ((1, "-", BLUE, "f grows"), (-1, "--", VERMILION, "f falls")):
        ax.plot(
            angles, np.where(sign * slopes >= 0, np.abs(slopes), np.nan), style, color=colour, linewidth=2, label=label
        )
    if profile.steepest is not None:
        top = profile.maximum
        ax.annotate(
            "",
            (profile.steepest, top),
            (0, 0),
            arrowprops=dict(arrowstyle="-|>", color=BLUE, linewidth=1.6, mutation_scale=14),
            zorder=4,
        )
        ax.plot(
            [],
            [],
            color=BLUE,
            marker=r"$\rightarrow$",
            markersize=11,
            linestyle="none",
            label=f"largest slope {number(top)}",
        )
        for i, angle in enumerate(profile.level):
            ax.plot(
                [angle, angle], [0, top], ":", color=GREEN, linewidth=1.8, label=None if i else "level set: slope 0"
            )
        ax.set_rticks([tick for tick in MaxNLocator(4).tick_values(0.0, top) if 0 < tick < 1.08 * top])
        ax.set_rmax(1.08 * top)
    else:
        ax.set_rticks([])
        ax.set_rlim(0.0, 1.0)
        ax.text(
            0.5,
            0.56,
            "the gradient is zero:\nno slope in any direction",
            transform=ax.transAxes,
            ha="center",
            fontsize="small",
        )
    ax.set_rlabel_position(float(np.degrees(_free_angle(profile))))
    ax.tick_params(labelsize="small")
    ax.grid(visible=True, color="0.88")
    ax.set_xlabel(f"angle from {profile.labels[0]} towards {profile.labels[1]}", fontsize="small")
    name = title_of(f) if callable(f) else ""
    set_title(ax, name, f"at {', '.join(number(v) for v in profile.point)}" if profile.point.size <= 5 else "")
    legend(ax, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2)
    return ax


def _free_angle(profile: Any) -> float:
    """An angle a little beyond the level set, where no curve is in the way of the numbers of the radius."""
    return (profile.steepest or 0.0) + 7 * np.pi / 12
