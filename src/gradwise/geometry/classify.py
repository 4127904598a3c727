"""What a point is: minimum, maximum, saddle, degenerate, or not critical, decided on eigenvalue intervals.

    classify : (f, x)  →  Classification

*Critical.*  A point that comes out of a computation is never exactly critical.  With δ = −H⁺∇f the Newton step, the point counts as critical if ∇f is within its
rounding, or if ‖δ‖ ≤ u^¼ max(1, ‖x‖∞) (1.2e-4 in float64): a minimiser that compares values of f cannot place x better than √u relatively (Gill, Murray and
Wright, Practical Optimization, 1981, section 8.2), and the usual stopping rules place it worse: BFGS stops on Rosenbrock's valley 1.5e-5 before the minimum.

*The Hessian at the critical point.*  The verdict is on the critical point and not on x, so the intervals are widened by 2‖H(x + δ) − H(x)‖.  That the widened
intervals exclude zero is Kantorovich's condition ‖H⁻¹‖ K ‖δ‖ ≤ ½ with K measured along the step: then there is one critical point within 2‖δ‖ of x, and its Hessian
has the signs that are reported.  At x = 10⁻⁶ the quartic x⁴ has H > 0, but its interval holds zero.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.errors import GradwiseError, InputError, SingularPointError, TracingError
from gradwise.geometry.certificates import Certificate, certify
from gradwise.geometry.classification import Classification
from gradwise.geometry.derivatives_at import MEASURED, Derivatives, derivatives_at, hessian_at
from gradwise.geometry.eigenvalue_bounds import eigenvalue_intervals, inertia, length, norm_bound, power_of_two
from gradwise.geometry.large_points import classify_large
from gradwise.geometry.vector_form import VectorForm
from gradwise.operators import kinks

if TYPE_CHECKING:
    from collections.abc import Callable

#: above this many variables the Hessian is not formed
DENSE_SIZE = 1000


def classify(
    f: Callable[..., Any],
    x: Any,
    *,
    method: str = "auto",
    tol: float | None = None,
    hess: Any = None,
    rng: np.random.Generator | None = None,
) -> Classification:
    """Say what a point of a function is, from intervals that hold the eigenvalues of the Hessian.

    It is a minimum if all intervals lie above zero, a maximum if all lie below, a saddle as soon as there is one on each side; while an interval holds zero and
    nothing else decides, it is degenerate.

    Parameters
    ----------
    f : callable
        Returns one real number: f(v) of an array, f(x, y, …) of numbers, or f of a container.
    x : array, number, tuple or container
        The point; a tuple or array with one entry for each argument where f takes several.
    method : {"auto", "dense", "lanczos"}
        "dense" forms the Hessian; "lanczos" needs products with it only, and "auto" takes that above 1,000 variables.
    tol : float, optional
        A gradient up to this norm counts as zero.  By default its rounding error, or what a displacement of u^¼ max(1, ‖x‖) explains.
    hess : array, scipy.sparse matrix, or callable of x, optional
        The Hessian at x, for large points: a factorisation of it then proves what Lanczos' method finds with some probability.
    rng : numpy.random.Generator, optional
        Draws the starts of Lanczos' method; ``default_rng(0)`` unless given.

    Returns
    -------
    Classification

    Raises
    ------
    InputError
        If the point is empty, complex or not finite, or an option is not among those above.
    OutputError
        If f does not return one real number.

    Notes
    -----
    Up to 50 variables, and where every operation has an interval rule, rounding is bounded and the critical point proved by interval arithmetic (``certainty`` says so).
    Otherwise rounding is measured, or the error bound of numerical derivatives taken where f cannot be traced, and the Kantorovich condition uses the change of the
    Hessian over one Newton step.

    Examples
    --------
    >>> import numpy as np
    >>> import gradwise as gw
    >>> gw.classify(lambda x: x[0] ** 2 + 3 * x[1] ** 2, np.zeros(2)).kind
    'minimum'
    >>> gw.classify(lambda x, y: x**3 - 3 * x * y**2, (0.0, 0.0)).kind
    'degenerate'
    >>> gw.classify(lambda x: x**4 - x, 1.0).kind
    'not critical'
    """
    if method not in {"auto", "dense", "lanczos"}:
        raise InputError(f'gw.classify was given method={method!r}. "auto", "dense" or "lanczos" is required')
    if tol is not None and not (isinstance(tol, (int, float, np.number)) and math.isfinite(tol) and tol >= 0):
        raise InputError(
            f"gw.classify was given tol={tol!r}. The largest gradient norm that counts as zero is required, such as 1e-6"
        )
    flat = VectorForm(f, x, "classify")
    try:
        if method == "lanczos" or (method == "auto" and flat.size > DENSE_SIZE):
            return classify_large(flat, tol, hess, np.random.default_rng(0) if rng is None else rng)
        found = derivatives_at(flat, dense=True)
    except SingularPointError as error:
        return undecided(flat, math.nan, f"the derivative does not exist here: {str(error).splitlines()[0]}")
    if not (np.all(np.isfinite(found.gradient)) and np.all(np.isfinite(found.hessian))):
        return undecided(flat, found.value, "a derivative is not finite here. Move off the point")
    found_kinks = kinks_at(flat)
    if found_kinks:
        return undecided(
            flat,
            found.value,
            f"f has a kink here ({found_kinks[0]}), and its derivatives are conventions. Compare values of f around the point",
            found,
        )
    certificate = None
    if not found.certainty.startswith("error bound"):
        certificate = certify(flat, found.gradient, found.hessian, flat.closeness)
    if certificate is not None:
        found.gradient_error, found.hessian_error = certificate.gradient_error, certificate.hessian_error
        found.certainty = "rounding bounded by interval arithmetic"
    return classify_dense(flat, found, tol, certificate)


def kinks_at(flat: VectorForm) -> list[str]:
    """Sentences on the kinks on which the point sits."""
    try:
        return [f"{kink.kind}, line {kink.lineno}" for kink in kinks(flat, flat.point)]
    except (TracingError, GradwiseError):
        return []


def undecided(flat: VectorForm, value: float, message: str, found: Derivatives | None = None) -> Classification:
    """The report where no Hessian can be relied on."""
    gradient = found.gradient if found is not None else np.full(flat.size, np.nan)
    return Classification(
        kind="undecided",
        index=None,
        index_bounds=(0, flat.size),
        x=flat.rebuild(flat.point),
        value=value,
        gradient_norm=length(gradient),
        gradient_error=length(found.gradient_error) if found is not None else math.nan,
        distance=math.nan,
        tolerance=math.nan,
        eigenvalues=np.zeros(0),
        intervals=np.zeros((0, 2)),
        eigenvectors=None,
        escape_direction=None,
        newton_decrement=math.nan,
        certainty="no verdict",
        probability=1.0,
        method="dense",
        message=message,
        names=flat.names,
        _function=flat,
    )


def classify_dense(
    flat: VectorForm, found: Derivatives, tol: float | None, certificate: Certificate | None = None
) -> Classification:
    """The verdict from the whole Hessian."""
    scale = power_of_two(found.hessian)  # of f: nothing below overflows, whatever its units are
    with np.errstate(over="ignore"):
        g, H, gradient_error = found.gradient / scale, found.hessian / scale, found.gradient_error / scale
    values, intervals, V = eigenvalue_intervals(H, found.hessian_error / scale)
    along = V.T @ g
    slack = length(gradient_error)
    sure = (intervals[:, 0] > 0) | (intervals[:, 1] < 0)
    # along directions whose eigenvalue may be zero a gradient beyond rounding is explained by no finite step
    with np.errstate(all="ignore"):
        step = np.where(np.abs(along) <= slack, 0.0, np.where(sure, -along / values, np.inf))
        inside = np.where(sure, -along / np.where(sure, values, 1.0), 0.0)
        distance = length(step) if np.all(np.isfinite(step)) else math.inf
        decrement = math.nan if math.isinf(distance) else float(np.sqrt(np.sum(np.abs(inside * along))))
    norm = length(found.gradient)
    tolerance = flat.closeness if tol is None else float(tol)
    critical = distance <= tolerance if tol is None else norm <= max(tolerance, slack * scale)
    largest = float(np.max(np.abs(values), initial=0.0))
    if tol is None and critical and norm > 0 and slack > flat.closeness * largest and found.certainty == MEASURED:
        return undecided(
            flat,
            found.value,
            f"within one unit in the last place of the point the gradient changes by as much as {slack * scale:.2g}, and it is {norm:.2g}: "
            "f has a kink there, or its gradient is lost to rounding. Compare values of f around the point",
            found,
        )
    change, notes, certainty = 0.0, "", found.certainty
    if critical and certificate is not None and certificate.intervals is not None and certificate.root is not None:
        # the critical point is proved: nothing needs to be said of the way there
        proved = certificate.intervals / scale
        intervals = np.stack([np.minimum(proved[:, 0], values), np.maximum(proved[:, 1], values)], axis=1)
        apart = float(np.max(certificate.root.hi - certificate.root.lo)) / 2
        certainty = f"proved by interval arithmetic: exactly one critical point, known to ± {apart:.0e}"
    elif critical and norm > 0:
        change, notes = hessian_change(flat, H, V @ inside, found, scale)
        intervals = intervals + np.array([-change, change])
    below, above, zero = inertia(intervals)
    decrement *= math.sqrt(scale)
    kind, message = verdict(below, above, zero, critical=critical, norm=norm, distance=distance, decrement=decrement)
    if not critical and zero == 0 and math.isfinite(distance):
        message += f" {_nearest(below, above)} is predicted at {_shown(flat.rebuild((flat.point + V @ inside).astype(flat.point.dtype)))}."
    if (
        critical
        and norm > slack * scale
        and 32 * flat.unit * max(1.0, float(np.max(np.abs(flat.point)))) < distance < math.inf
    ):
        notes = f" The critical point itself lies about {distance:.2g} away." + notes
    escape = None
    if kind in {"saddle", "maximum"}:
        lowest = V[:, 0] * (-1.0 if along[0] > 0 or (along[0] == 0 and V[np.argmax(np.abs(V[:, 0])), 0] < 0) else 1.0)
        escape = flat.rebuild(lowest + 0.0)
    return Classification(
        kind=kind,
        index=below if zero == 0 else None,
        index_bounds=(below, below + zero),
        x=flat.rebuild(flat.point),
        value=found.value,
        gradient_norm=norm,
        gradient_error=slack * scale,
        distance=distance,
        tolerance=tolerance,
        eigenvalues=values * scale,
        intervals=intervals * scale,
        eigenvectors=V,
        escape_direction=escape,
        newton_decrement=decrement,
        certainty=certainty,
        probability=1.0,
        method="dense",
        message=message + notes,
        names=flat.names,
        _function=flat,
    )


def hessian_change(
    flat: VectorForm, H: np.ndarray, step: np.ndarray, found: Derivatives, scale: float
) -> tuple[float, str]:
    """2‖H(x + δ) − H(x)‖ in units of ``scale``, as H is, and a sentence where it cannot be had."""
    moved = (flat.point + step).astype(flat.point.dtype)
    if np.array_equal(moved, flat.point):
        return 0.0, ""
    if found.certainty.startswith(
        "error bound"
    ):  # numerical derivatives do not resolve such a change beyond their bound
        return norm_bound(found.hessian_error / scale), ""
    try:
        other = hessian_at(flat, moved) / scale
    except GradwiseError:
        other = np.full(H.shape, np.nan)
    if not np.all(np.isfinite(other)):
        return (
            math.inf,
            " The Hessian does not exist at the end of the Newton step, so that nothing is certain of the critical point.",
        )
    return 2 * min(norm_bound(other - H), float(np.linalg.norm(other - H))), ""


def verdict(
    below: int, above: int, zero: int, *, critical: bool, norm: float, distance: float, decrement: float
) -> tuple[str, str]:
    """The kind and its sentence, from how many eigenvalues lie below and above zero and how many may be zero."""
    if not critical:
        how = (
            f"a Newton step of {distance:.3g} away"
            if math.isfinite(distance)
            else "with no critical point in reach: the Hessian may be singular along the gradient"
        )
        return "not critical", f"The gradient is not zero: ‖∇f‖ = {norm:.3g}, {how}."
    if below and above:
        extra = f", and {zero} that may be zero" if zero else ""
        return "saddle", f"f falls along {below} and rises along {above} principal directions{extra}."
    if zero == 0:
        word, definite = ("minimum", "positive") if above else ("maximum", "negative")
        return word, f"A strict local {word}: every eigenvalue is {definite}."
    sure = f"{above} positive" if above else f"{below} negative" if below else "none of certain sign"
    excluded = " It is no maximum." if above else " It is no minimum." if below else ""
    return (
        "degenerate",
        f"{zero} of {below + above + zero} eigenvalues may be zero ({sure}), and second derivatives decide nothing along them.{excluded} Look at f along their eigenvectors.",
    )


def _nearest(below: int, above: int) -> str:
    return "A minimum" if not below else "A maximum" if not above else f"A saddle of index {below}"


def _shown(x: Any) -> str:
    if isinstance(x, np.ndarray):
        return np.array2string(x, precision=6, threshold=8, edgeitems=3, separator=", ")
    return f"{x:.6g}" if isinstance(x, float) else str(x)
