"""What the path itself shows of f: constants, labelled as the bounds they are, and the assumptions of the theory, checked step by step.

For an L-smooth, μ-strongly convex f:    ‖Δg‖ ≤ L‖Δx‖,   Δg·Δx ≥ μ‖Δx‖².   So over the steps of a path

    L̂ = max ‖Δg‖/‖Δx‖ ≤ L        a lower bound of L         μ̂ = min Δg·Δx/‖Δx‖² ≥ μ       an upper bound of μ

Steps whose Δg is within the rounding of the gradients are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwise.descent.trace import Trace

#: a difference of gradients counts if it is this many roundings long (in single precision 1 % of the gradient)
_CLEAR = 1e6


@dataclass(eq=False)
class PathConstants:
    """L̂, μ̂ and κ̂ of a path.

    Attributes
    ----------
    L : float
        L̂ = max ‖Δg‖/‖Δx‖: a lower bound of L, the largest curvature in the region.
    mu : float
        μ̂ = min Δg·Δx/‖Δx‖²: an upper bound of μ, the smallest curvature; negative where f is not convex along the path.
    kappa : float
        κ̂ = L̂/μ̂: a lower bound of the condition number, where μ̂ > 0.
    L_step, mu_step : int
        The steps where they occurred.
    steps : int
        How many steps were used.
    note : str
        Why there are none, if there are none.
    """

    L: float
    mu: float
    kappa: float
    L_step: int
    mu_step: int
    steps: int
    note: str = ""

    def sentence(self) -> str:
        """The numbers in a line, labelled."""
        if not self.steps:
            return f"no constants of the path: {self.note}"
        kappa = f", κ̂ = {self.kappa:.4g} (lower bound of κ)" if np.isfinite(self.kappa) else ""
        return f"L̂ = {self.L:.6g} (lower bound of L), μ̂ = {self.mu:.6g} (upper bound of μ){kappa}"


@dataclass(eq=False)
class Check:
    """An assumption, checked along the path.

    Attributes
    ----------
    name, held : str, bool or None
        None where the path cannot say.
    steps : int
        Steps that were checked.
    counterexample : int or None
        The first step at which it failed.
    sentence : str
    """

    name: str
    held: bool | None
    steps: int
    counterexample: int | None
    sentence: str


def clear_steps(trace: Trace, extra: dict[str, np.ndarray], eps: float) -> np.ndarray:
    """Which steps have a difference of gradients that is well above rounding."""
    change, step = extra["gradient_change"], trace.step[:-1]
    length = trace.gradient_length
    with np.errstate(all="ignore"):
        rough = change / step
        # the rounding of a gradient is that of its terms, of the size of curvature times the point
        typical = np.nanmedian(rough[np.isfinite(rough)]) if np.any(np.isfinite(rough)) else 0.0
        size = np.maximum(length[:-1], length[1:]) + typical * extra["point_length"][:-1]
        return np.isfinite(change) & np.isfinite(step) & (step > 0) & (change >= min(_CLEAR * eps, 0.01) * size)


def path_constants(trace: Trace, extra: dict[str, np.ndarray], eps: float, *, same_function: bool) -> PathConstants:
    """L̂, μ̂, κ̂ from consecutive points."""
    if not same_function:
        return PathConstants(np.nan, np.nan, np.nan, -1, -1, 0, "each gradient belongs to another batch")
    good = np.flatnonzero(clear_steps(trace, extra, eps))
    if not good.size:
        return PathConstants(np.nan, np.nan, np.nan, -1, -1, 0, "no two gradients differ by clearly more than rounding")
    step = trace.step[good]
    L = extra["gradient_change"][good] / step
    mu = (trace.slope_after[good] - trace.slope[good]) / step**2
    i, j = int(np.argmax(L)), int(np.argmin(mu))
    kappa = float(L[i] / mu[j]) if mu[j] > 0 else np.inf
    return PathConstants(float(L[i]), float(mu[j]), kappa, int(good[i]), int(good[j]), int(good.size))


def check_assumptions(
    trace: Trace,
    extra: dict[str, np.ndarray],
    eps: float,
    constants: PathConstants,
    *,
    plain: bool,
    same_function: bool,
) -> list[Check]:
    """Convexity along the path, the descent lemma (for x₊ = x − ηg), and that f fell."""
    if not same_function or len(trace) < 2:
        why = "each value belongs to another batch" if not same_function else "the path has one point"
        return [
            Check(name, None, 0, None, f"{name} cannot be checked: {why}.") for name in ("convexity", "descent lemma")
        ]
    return [_convexity(trace, extra, eps), _lemma(trace, extra, eps, constants, plain=plain)]


def _convexity(trace: Trace, extra: dict[str, np.ndarray], eps: float) -> Check:
    """f(x_{k+1}) ≥ f(x_k) + g_k·Δx, f(x_k) ≥ f(x_{k+1}) − g_{k+1}·Δx, and Δg·Δx ≥ 0."""
    f, slope, after = trace.fun, trace.slope[:-1], trace.slope_after[:-1]
    with np.errstate(all="ignore"):
        noise = 64 * eps * (np.abs(f[:-1]) + np.abs(f[1:]) + np.abs(slope) + np.abs(after)) + _moved(trace, extra, eps)
        bad = (f[1:] < f[:-1] + slope - noise) | (f[:-1] < f[1:] - after - noise)
        bad |= ((after - slope) < -noise) & clear_steps(trace, extra, eps)
    return _verdict(
        "convexity", bad, np.isfinite(noise), "Convexity held along the path ({n} steps; that is no proof of it elsewhere).",
        "f is not convex: the tangent at step {k} lies above f at the next point, or the slope falls along the step.",
    )  # fmt: skip


def _lemma(trace: Trace, extra: dict[str, np.ndarray], eps: float, constants: PathConstants, *, plain: bool) -> Check:
    """f₊ ≤ f − η(1 − ηL̂/2)‖g‖²."""
    if not plain:
        return Check("descent lemma", None, 0, None, "The descent lemma speaks of steps −ηg; this method takes others.")
    if not constants.steps:
        return Check("descent lemma", None, 0, None, f"The descent lemma cannot be checked: {constants.note}.")
    f, rate, gg = trace.fun, trace.learning_rate[:-1], trace.gradient_length[:-1] ** 2
    with np.errstate(all="ignore"):
        bound = f[:-1] - rate * (1 - rate * constants.L / 2) * gg
        noise = 64 * eps * (np.abs(f[:-1]) + np.abs(f[1:]) + rate * gg * (1 + rate * constants.L)) + _moved(
            trace, extra, eps
        )
        bad = f[1:] > bound + noise
        needed = 2 * (f[1:] - f[:-1] + rate * gg) / (rate**2 * gg)  # the L with which it would have held
    worst = float(np.max(needed[bad], initial=0.0))
    return _verdict(
        "descent lemma", bad, np.isfinite(noise + f[1:] + bound), "The descent lemma f₊ ≤ f − η(1 − ηL̂/2)‖g‖² held at every step ({n}) with L̂ of the path.",
        f"The descent lemma failed at step {{k}} with L̂ of the path, and needs L ≥ {worst:.4g}: between its points f is more curved than their gradients show.",
    )  # fmt: skip


def _moved(trace: Trace, extra: dict[str, np.ndarray], eps: float) -> np.ndarray:
    """What a point moved by its own rounding changes f by."""
    return 8 * eps * trace.gradient_length[:-1] * extra["point_length"][:-1]


def _verdict(name: str, bad: np.ndarray, known: np.ndarray, good_text: str, bad_text: str) -> Check:
    """The check of the steps whose numbers are finite."""
    first, count = np.flatnonzero(bad & known), int(np.count_nonzero(known))
    if first.size:
        return Check(name, False, count, int(first[0]), bad_text.format(k=int(first[0]), n=count))
    if not count:
        return Check(name, None, 0, None, f"{name} cannot be checked: no step has finite values at both its ends.")
    return Check(name, True, count, None, good_text.format(n=count))


def certificates(trace: Trace, c1: float = 1e-4, c2: float = 0.9) -> dict[str, Any]:
    """Armijo's and the strong Wolfe conditions at every step, from what the path holds: no evaluation is spent."""
    f, slope, after = trace.fun, trace.slope[:-1], trace.slope_after[:-1]
    with np.errstate(all="ignore"):
        armijo = f[1:] <= f[:-1] + c1 * slope
        curvature = np.abs(after) <= c2 * np.abs(slope)
    return {"armijo": armijo, "wolfe": armijo & curvature, "c1": c1, "c2": c2}
