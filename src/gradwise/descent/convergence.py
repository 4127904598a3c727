"""The rate at which a path converged, with its confidence, against what theory says.

    linear      ‖g_k‖ ≈ C ρ^k            (and ‖x_k − x*‖ with it; f − f* has the factor ρ²)
    sublinear   f_k − f* ≈ C k^(−p)
    superlinear ‖g_{k+1}‖ ≈ C ‖g_k‖^q,  q > 1

The gradient norm stands for ‖x − x*‖, to which it is proportional in the limit near a minimum with a regular Hessian; it needs no x*.  For sublinear rates it is not, so
p comes from differences of f, which need no f*:  (f(k/4) − f(k/2)) / (f(k/2) − f(k)) → 2^p.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gradwise.descent.modes import dominant_factor, factor_by_directions

#: fewer points than this say nothing
_FEWEST = 6
#: of these shares of the path, counted from the end, the one with the smallest error is taken
_WINDOWS = (0.9, 0.75, 0.5, 0.35, 0.25, 0.15, 0.1)
_LINEAR = "‖x − x*‖ and ‖g‖ (f − f* has its square)"


@dataclass(eq=False)
class ObservedRate:
    """How fast a path converged.

    Attributes
    ----------
    kind : str
        "linear", "sublinear", "superlinear", "diverging", "none" (neither falls nor grows), or "undecided".
    factor : float
        ρ per step in ‖x − x*‖ and ‖g‖, for linear and diverging paths.
    factor_error : float
        Of ρ: from the scatter around the fit and from the two halves of the window.
    exponent : float
        −p of f − f* for sublinear paths, q for superlinear ones.
    exponent_error : float
    quantity : str
        What the numbers belong to.
    confidence : float
        The probability of this kind against the other (linear against sublinear), from their fits over the window.
    window : tuple of int
        First and last step of the fit.
    theory : float
        What theory says of the same number, nan if nothing.
    theory_text : str
    """

    kind: str
    factor: float = math.nan
    factor_error: float = math.nan
    exponent: float = math.nan
    exponent_error: float = math.nan
    quantity: str = ""
    confidence: float = math.nan
    window: tuple[int, int] = (0, 0)
    theory: float = math.nan
    theory_text: str = ""
    why: str = ""

    def sentence(self) -> str:
        """The rate in a line, with theory beside it."""
        theory = f"; theory {self.theory_text}" if self.theory_text else ""
        if self.kind in {"linear", "diverging"}:
            digits = _digits(self.factor_error)
            text = f"{self.kind}, factor {self.factor:.{digits}f} ± {self.factor_error:.1g} a step in {self.quantity}"
        elif self.kind == "sublinear":
            text = f"sublinear, {self.quantity} ~ k^{self.exponent:.2f} ± {self.exponent_error:.1g}"
        elif self.kind == "superlinear":
            order = f"of order {self.exponent:.2g}" if self.exponent < 3 else "of an order not settled yet,"
            text = f"superlinear, {order} in {self.quantity}"
        else:
            return f"rate {self.kind}: {self.why}{theory}"
        return f"{text} (steps {self.window[0]} to {self.window[1]}, confidence {self.confidence:.2f}){theory}"

    def steps_for(self, reduction: float) -> float:
        """How many more steps a linear rate needs to reduce ‖x − x*‖ to this share; nan for other kinds."""
        if self.kind != "linear" or not 0 < self.factor < 1 or not 0 < reduction < 1:
            return math.nan
        return math.log(reduction) / math.log(self.factor)


def _digits(error: float) -> int:
    if not math.isfinite(error) or error <= 0:
        return 6
    return int(min(max(1 - math.floor(math.log10(error)), 2), 8))


def observe(
    norms: np.ndarray,
    fun: np.ndarray,
    floor: float | np.ndarray,
    points: np.ndarray | None = None,
    *,
    star: np.ndarray | None = None,
    axes: np.ndarray | None = None,
    may_be_superlinear: bool = True,
) -> ObservedRate:
    """The kind of convergence and its numbers.

    Parameters
    ----------
    norms : numpy.ndarray
        ‖g_k‖₂.
    fun : numpy.ndarray
        f(x_k).
    floor : float or numpy.ndarray
        Gradients shorter than this are rounding.
    points : numpy.ndarray, optional
        The points x_k of all these steps, shape (len(norms), n), for a sharper factor.
    star : numpy.ndarray, optional
        x*, where it is known: then ‖x − x*‖ is looked at itself.
    axes : numpy.ndarray, optional
        The eigenvectors of the Hessian at x*, as columns.
    may_be_superlinear : bool
        False for methods whose rate is linear at best: an oscillation may end in a dip.
    """
    good = np.isfinite(norms) & np.isfinite(fun) & (norms > floor)
    stop = len(norms) if np.all(good) else int(np.argmin(good))
    values = norms[:stop]
    if stop < _FEWEST:
        fast = _superlinear(norms[: stop + 1]) if may_be_superlinear else None
        if fast is not None:
            return fast
        return ObservedRate("undecided", why=f"only {stop} points are above rounding")
    fast = _superlinear(values) if may_be_superlinear else None
    if fast is not None:
        return fast
    if points is not None and star is not None:
        distance = np.linalg.norm(points[:stop].astype(float) - star, axis=1)
        far = distance > 1e3 * np.finfo(float).eps * max(float(np.linalg.norm(star)), np.finfo(float).tiny)
        stop = stop if np.all(far) else max(int(np.argmin(far)), _FEWEST)
        values = np.maximum(distance[:stop], np.finfo(float).tiny)
    k = np.arange(stop, dtype=float)
    y = np.log(values)
    a, b, slope, error = _best_window(k, y)
    window = (int(k[a]), int(k[b - 1]))
    rho = math.exp(slope)
    if slope > 3 * error and y[b - 1] - float(np.min(y[:b])) > 1:
        return ObservedRate("diverging", rho, rho * error, quantity="‖g‖", confidence=1.0, window=window)
    modal = None
    if points is not None and star is not None and axes is not None:
        modal = factor_by_directions(points[:stop], star, axes)
    sure_of_it = modal is not None
    if modal is None and points is not None:
        modal = dominant_factor(points[:stop], star)
    if (
        modal is not None
        and modal[0] < 1
        and modal[1] < 0.02 * (1 - modal[0])
        and (sure_of_it or _lasts(points, stop, modal[0], star))
    ):
        # a linear recurrence explains the path: no power of k does
        rho, error, window = modal
        return ObservedRate("linear", rho, error, quantity=_LINEAR, confidence=1.0, window=window)
    if slope > -3 * error and stop < 30:
        return ObservedRate(
            "undecided", why=f"‖g‖ goes up and down, and the path has {stop} points only", window=window
        )
    if slope > -3 * error:
        return ObservedRate("none", why="‖g‖ neither falls nor grows beyond its scatter", window=window)
    # over the second half of the path both models have two constants more than the level
    half = slice(stop // 2, stop)
    sure, power = _against_power(k[half], y[half])
    p, p_error = _power_of_f(fun[:stop])
    if sure < 0.5 and math.isfinite(p):
        return ObservedRate(
            "sublinear", exponent=-p, exponent_error=p_error, quantity="f − f*", confidence=1 - sure, window=(stop // 4, stop - 1),
            why=f"‖g‖ ~ k^{power:.2f}",
        )  # fmt: skip
    return ObservedRate("linear", rho, rho * error, quantity=_LINEAR, confidence=sure, window=window)


def _lasts(points: np.ndarray | None, stop: int, factor: float, star: np.ndarray | None) -> bool:
    """Whether the path up to three quarters of it shows the same factor: that of k^(−p), 1 − p/k, would differ by a third."""
    earlier = None if points is None else dominant_factor(points[: 3 * stop // 4], star)
    return earlier is None or abs(earlier[0] - factor) <= 0.1 * (1 - factor) + earlier[1]


def _superlinear(values: np.ndarray) -> ObservedRate | None:
    """Ratios that themselves fall: the last three steps of Newton's kind."""
    positive = values[values > 0]
    if len(positive) < 4:
        return None
    d = np.diff(np.log(positive))[-3:]
    if not (d[2] < d[1] < 0 and d[2] < math.log(0.05) and d[2] < 1.4 * d[1]):
        return None
    orders = [d[i + 1] / d[i] for i in range(len(d) - 1) if d[i] < -0.5]
    q = orders[-1] if orders else d[2] / d[1]
    k = len(positive)
    return ObservedRate(
        "superlinear", exponent=float(q), exponent_error=float(np.ptp(orders)) if len(orders) > 1 else math.nan,
        quantity="‖g‖", confidence=1.0, window=(k - 4, k - 1),
    )  # fmt: skip


def _line(k: np.ndarray, y: np.ndarray) -> tuple[float, float, np.ndarray]:
    """Slope, level, and residuals of a least-squares line."""
    t = k - k.mean()
    slope = float(t @ y / (t @ t))
    return slope, float(y.mean()), y - y.mean() - slope * t


def _slope_error(k: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """The slope, and its error: scatter with the autocorrelation of the residuals, and the disagreement of the two halves."""
    slope, _, r = _line(k, y)
    n = len(k)
    t = k - k.mean()
    variance = float(r @ r) / max(n - 2, 1)
    rho = float(r[1:] @ r[:-1]) / max(float(r @ r), 1e-300)
    inflate = (1 + max(rho, 0.0)) / max(1 - rho, 2 / n)
    scatter = math.sqrt(variance * inflate / float(t @ t))
    half = n // 2
    halves = abs(_line(k[:half], y[:half])[0] - _line(k[-half:], y[-half:])[0]) / 2 if half >= 3 else scatter
    # lines through halves of an oscillation differ by more than the whole is off: of n/2 points, by (n/2)^-1.5 against n^-1.5
    return slope, max(scatter, halves / 2.8, 1e-15)


def _best_window(k: np.ndarray, y: np.ndarray) -> tuple[int, int, float, float]:
    """The window, from some step to the end, whose slope has the smallest error."""
    best: tuple[int, int, float, float] | None = None
    n = len(k)
    for share in _WINDOWS:
        a = n - max(int(share * n), _FEWEST)
        if a < 0:
            continue
        slope, error = _slope_error(k[a:], y[a:])
        if best is None or error < best[3]:
            best = (a, n, slope, error)
    if best is None:
        slope, error = _slope_error(k, y)
        best = (0, n, slope, error)
    return best


def _against_power(k: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """The probability of a linear rate against a power of k, from the residuals of both, and the exponent."""
    _, _, linear = _line(k, y)
    best, exponent = math.inf, math.nan
    for shift in np.concatenate([[0.0], np.geomspace(1, max(k[-1], 2.0), 12)]):
        slope, _, r = _line(np.log(k + 1 + shift), y)
        size = float(r @ r)
        if size < best:
            best, exponent = size, slope
    n = len(k)
    rho = float(linear[1:] @ linear[:-1]) / max(float(linear @ linear), 1e-300)
    effective = max(n * (1 - min(max(rho, 0.0), 0.999)) / (1 + max(rho, 0.0)), 4.0)
    tiny = 1e-20 * n
    # Bayesian information criterion; the power has one constant more, its shift
    difference = effective * math.log((float(linear @ linear) + tiny) / (best + tiny)) - math.log(effective)
    return 1 / (1 + math.exp(min(max(difference / 2, -700.0), 700.0))), exponent


def _power_of_f(fun: np.ndarray) -> tuple[float, float]:
    """The exponent p of f − f* ~ k^(−p) from differences of f at steps k/4, k/2, k, for several k in the second half of the path."""
    found = []
    last = len(fun) - 1
    for k in np.unique(np.linspace(max(last // 2, 4), last, 9).astype(int) // 4 * 4):
        a, b, c = fun[k // 4], fun[k // 2], fun[k]
        if a > b > c:
            found.append(math.log2((a - b) / (b - c)))
    if not found:
        return math.nan, math.nan
    return float(np.median(found[-3:])), float(max(np.ptp(found) / 2, 1e-3))
