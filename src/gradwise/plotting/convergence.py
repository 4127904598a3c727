"""How a descent converged: f and ‖∇f‖ on a logarithmic scale, with the line of theory, the fitted rate and the floor of rounding."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from gradwise.descent.convergence import observe
from gradwise.plotting.canvas import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    axes_for,
    legend,
    quiet_spines,
    remark,
)
from gradwise.plotting.runs import Run, columns_of, named_runs

#: of the curves of several descents
COLOURS = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, BLACK)

#: values of f that differ by less than so many units of rounding are the same
FLOOR = 2.0 * float(np.finfo(np.float64).eps)


def convergence(
    run: Any, ax: Any = None, *, optimum: float | None = None, theory: Any = None, noise: float | None = None
) -> Any:
    """Draw f − f* and ‖∇f‖ against the step, with the fitted rate, the line of theory and the noise floor of f.

    Parameters
    ----------
    run : gradwise.descent.Descent, its trace, a dict of columns, or a sequence of values of f
        Columns are ``fun``, ``gradient_norm`` or ``gradient_length``.  Several reports, in a list or a dict by name, are compared by their f alone.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if omitted.
    optimum : float, optional
        f*.  If omitted, extrapolated where the rate is linear, else the smallest value of f; the legend says which.
    theory : float or array_like, optional
        What theory says of ‖∇f‖: a factor a step, or a value for each step; a report's own line if omitted.
    noise : float, optional
        The noise of f; twice the rounding of f's last values if omitted.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import gradwise as gw
    >>> ax = gw.plot.convergence([1.0, 0.25, 0.0625, 0.015625], optimum=0.0)
    """
    several = named_runs(run)
    if several is not None:
        return _compared(several, ax, optimum)
    columns = columns_of(run)
    ax = axes_for(ax, 6.4, 4.4)
    quiet_spines(ax)
    ax.set_yscale("log")
    rate = columns.rate if columns.rate is not None else _rate(columns)
    drawn: list[np.ndarray] = []
    if len(columns.fun):
        gap, name = _gap(columns.fun, optimum, rate)
        drawn.append(_curve(ax, gap, BLUE, name, "f"))
    if len(columns.gradient):
        drawn.append(_curve(ax, columns.gradient, ORANGE, columns.gradient_label, "gradient"))
    _fitted(ax, columns, rate)
    _theory(ax, columns, theory)
    values = np.concatenate([d[np.isfinite(d)] for d in drawn]) if drawn else np.zeros(0)
    if values.size:
        low, high = float(values.min()), float(values.max())
        floor = _noise(columns.fun, noise)
        if floor is not None and floor >= low * 1e-2:
            ax.axhspan(1e-320, floor, color=GREY, alpha=0.18, linewidth=0)
            ax.axhline(floor, color=GREY, linewidth=1, linestyle=":", label=f"noise of f, {floor:.1g}", gid="noise")
            low = min(low, floor)
        ax.set_ylim(low / 4, high * 4)
    lost = [
        name
        for name, column in (("f", columns.fun), ("∇f", columns.gradient))
        if len(column) and not np.any(np.isfinite(column))
    ]
    if lost:
        remark(ax, f"Not finite at any point of the path: {' and '.join(lost)}.")
    elif drawn and not values.size:
        remark(ax, "f is the same at every step and ∇f is 0: a logarithmic scale has no place for them.")
    ax.set_xlim(0, max(columns.length - 1, 1))
    ax.set_xlabel("step")
    legend(ax)
    return ax


def _compared(runs: dict[str, Any], ax: Any, optimum: float | None) -> Any:
    """Draw f − f* of several descents, with the lowest f of all of them for f* where that is not given."""
    ax = axes_for(ax, 6.4, 4.4)
    quiet_spines(ax)
    ax.set_yscale("log")
    columns = {name: columns_of(run).fun for name, run in runs.items()}
    finite = [fun[np.isfinite(fun)] for fun in columns.values()]
    lowest = min((float(np.min(fun)) for fun in finite if fun.size), default=0.0)
    for (name, fun), color in zip(columns.items(), itertools.cycle(COLOURS)):
        _curve(ax, fun - (lowest if optimum is None else optimum), color, name, name)
    ax.set_xlim(0, max(*(len(fun) - 1 for fun in columns.values()), 1))
    ax.set_xlabel("step")
    ax.set_ylabel("f − smallest f of all" if optimum is None else "f − f*")
    legend(ax)
    return ax


def _curve(ax: Any, values: np.ndarray, color: str, label: str, gid: str) -> np.ndarray:
    shown = np.where(values > 0, values, np.nan)
    ax.plot(
        np.arange(len(values)),
        shown,
        color=color,
        linewidth=1.8,
        label=label,
        gid=gid,
        marker="o" if len(values) <= 40 else "",
        markersize=3,
    )
    return shown


def _rate(columns: Run) -> Any:
    """The observed rate of plain columns, where there is a gradient to tell it from."""
    if len(columns.gradient) and len(columns.gradient) == len(columns.fun):
        return observe(columns.gradient, columns.fun, 0.0)
    return None


def _gap(fun: np.ndarray, optimum: float | None, rate: Any) -> tuple[np.ndarray, str]:
    """Return f − f* and how f* is known."""
    finite = fun[np.isfinite(fun)]
    if optimum is not None:
        return fun - optimum, "f − f*"
    lowest = float(np.min(finite, initial=np.inf))
    if rate is not None and rate.kind == "linear":
        left = _left(finite)
        if left is not None:
            return fun - min(finite[-1] - left, lowest), "f − f* (f* extrapolated)"
    gap = fun - (lowest if math.isfinite(lowest) else 0.0)
    if len(gap) < 20 or not np.all(np.isfinite(gap)):
        return gap, "f − smallest f"
    # f* lies below the smallest value, by an unknown amount of the order of the last falls: what is smaller than these is left out
    return np.where(gap > gap[-len(gap) // 10], gap, np.nan), "f − smallest f, but for the end"


def _left(fun: np.ndarray) -> float | None:
    """What is left of f − f* after the last step, if its falls shrink by one ratio r: the last fall times r/(1 − r).

    The ratio is the geometric mean over ten falls; None where f does not fall in all of them by more than rounding.
    """
    falls = -np.diff(fun[-12:])
    if len(falls) < 3 or not np.all(falls > 16 * FLOOR * abs(fun[-1])):
        return None
    ratio = float((falls[-1] / falls[0]) ** (1 / (len(falls) - 1)))
    return float(falls[-1]) * ratio / (1 - ratio) if ratio < 1 else None


def _fitted(ax: Any, columns: Run, rate: Any) -> None:
    """The observed rate as a line over its window, lifted off the curve that it was fitted to."""
    if rate is None or not len(columns.gradient) or rate.kind not in {"linear", "diverging"}:
        return
    a, b = rate.window
    with np.errstate(all="ignore"):
        logs = np.log(columns.gradient[a : b + 1])
    good = np.isfinite(logs)
    k = np.arange(a, a + len(logs))
    if np.count_nonzero(good) < 3 or not rate.factor > 0:
        return
    slope = float(np.polyfit(k[good], logs[good], 1)[0])
    if abs(slope - math.log(rate.factor)) > 0.1 * abs(slope):
        return  # the factor is that of ‖x − x*‖, which is not proportional to ‖∇f‖ here (near x⁴, say): another slope
    centre, level = float(np.mean(k[good])), float(np.mean(logs[good]))
    line = np.exp(level + (k - centre) * math.log(rate.factor))
    ax.plot(
        k,
        1.8 * line,
        color=VERMILION,
        linewidth=1.4,
        linestyle="--",
        label=f"fitted: × {rate.factor:.5g} a step",
        gid="fit",
    )


def _theory(ax: Any, columns: Run, theory: Any) -> None:
    """The line of theory beside the gradient norm, or beside f where there is no gradient."""
    if theory is None:
        line = columns.theory
        if line is not None:
            ax.plot(
                line.steps, line.gradient_norm / 1.8, color="black", linewidth=1.2, linestyle=(0, (1, 1.2)),
                label=f"theory: {line.text}", gid="theory",
            )  # fmt: skip
        return
    values = np.asarray(theory, dtype=np.float64)
    beside = columns.gradient if len(columns.gradient) else columns.fun
    if values.ndim == 0:
        label = f"theory: × {float(values):.5g} a step"
        values = _through(beside, float(values)) / 1.8
    else:
        label = "theory"
    ax.plot(
        np.arange(len(values)), values, color="black", linewidth=1.2, linestyle=(0, (1, 1.2)), label=label, gid="theory"
    )


def _through(values: np.ndarray, factor: float) -> np.ndarray:
    """A line of this factor a step through the middle of the second half of a curve."""
    k = np.arange(len(values))
    with np.errstate(all="ignore"):
        logs = np.log(np.abs(values))
    good = np.isfinite(logs) & (k >= len(values) // 2)
    if not np.any(good) or not factor > 0:
        return np.full(len(values), np.nan)
    return np.exp(np.mean(logs[good]) + (k - np.mean(k[good])) * math.log(factor))


def _noise(fun: np.ndarray, noise: float | None) -> float | None:
    if noise is not None:
        return float(noise)
    finite = fun[np.isfinite(fun)]
    if not finite.size:
        return None
    size = float(np.max(np.abs(finite[-max(len(finite) // 4, 1) :])))
    return FLOOR * size if size > 0 else None
