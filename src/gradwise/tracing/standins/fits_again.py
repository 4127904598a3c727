"""How least squares of SciPy's are found again, in a program that stands for the function: on the recorded residuals, from where the call starts.

As for minima (``minima_again.py``): the written residuals have to give the numbers that SciPy was given, to the last bit, and None is found where SciPy does not converge or a parameter reaches a bound.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.standins.again import SETTINGS, Again, again, fixed, is_asked
from gradwise.tracing.standins.equations_solved import MANY, Way
from gradwise.tracing.standins.proven import Plain, formula_of, plain_callbacks
from gradwise.tracing.standins.scipy_constraints import NEAR
from gradwise.tracing.standins.stacking import plainly

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradwise.tracing.standins.proven import Formula

#: codes of MINPACK's for a minimum that was found
_FOUND = (1, 2, 3, 4)


def is_inside(x: np.ndarray, low: Any, high: Any) -> bool:
    """Whether a minimum reaches no bound."""
    away = np.minimum(x - low, high - x)
    return bool((away > NEAR * (1.0 + np.max(np.abs(x), initial=0.0))).all())


def _settings(given: dict[str, Any], jac: Any, **further: Any) -> dict[str, Any] | None:
    """What tells one solver from another; None where that cannot be said, or where it prints."""
    kind = "given" if callable(jac) else jac
    settings = {"jac": kind, **further, **given}
    return settings if all(type(v) in SETTINGS for v in settings.values()) and not settings.get("verbose") else None


def of_residuals(x0: Any, jac: Any, pair: tuple[Any, Any], options: dict[str, Any]) -> Way | None:
    """``least_squares``."""
    options, low_high = fixed(options), _as_bounds(pair, np.size(plainly(x0)))
    settings = _settings(options, jac, bounded=low_high is not None)
    if settings is None or jac == "cs":
        return None

    def minimiser(callbacks: list[Any], at: Sequence[Any]) -> Any:
        slope = callbacks[1] if callable(jac) else jac
        limits = (at[1], at[2]) if low_high is not None else (-np.inf, np.inf)
        found = scipy.optimize.least_squares(callbacks[0], at[0], slope, limits, **options)
        return found.x if found.success and is_inside(found.x, *limits) else None

    return Way("least_squares", settings, (x0, *(low_high or ())), lambda r: r.x if r.success else None, minimiser)


def _as_bounds(pair: tuple[Any, Any], n: int) -> tuple[Any, Any] | None:
    """The bounds as vectors; None where there are none."""
    low, high = pair
    if _is_infinite(low) and _is_infinite(high):
        return None
    return low, high


def _is_infinite(bound: Any) -> bool:
    return type(bound) in (float, int) and bool(np.isinf(bound))


def of_leastsq(x0: Any, slope: Any, options: dict[str, Any]) -> Way | None:
    """``leastsq``."""
    options = fixed({k: v for k, v in options.items() if k != "full_output"})
    settings = _settings(options, slope)
    if settings is None:
        return None

    def minimiser(callbacks: list[Any], at: Sequence[Any]) -> Any:
        found = scipy.optimize.leastsq(callbacks[0], at[0], (), callbacks[1] if slope is not None else None, True, **options)  # fmt: skip
        return found[0] if found[4] in _FOUND else None

    return Way("leastsq", settings, (x0,), lambda r: r[0] if r[-1] in _FOUND else None, minimiser)


class Fit:
    """A model fitted by ``curve_fit`` on plain numbers.

    Attributes
    ----------
    found : tuple
        What SciPy returns.
    formula : Formula
        The residuals at the parameters that were found.
    again : Again or None
        How they are found again.
    """

    def __init__(self, found: Any, formula: Formula, again: Again | None) -> None:
        self.found, self.formula, self.again = found, formula, again


def fitted(
    run: Callable[[Any, Any], Any],
    model: Callable[[Any], Any],
    slope: Callable[[Any], Any] | None,
    residual: Callable[[Any], Any],
    callbacks: tuple[Any, Any],
    xdata: Any,
    count: int,
    way: Callable[[Any, int], Way | None],
) -> Fit | None:
    """A fit of a model whose code proves that SciPy may run on it as it is, and that it may be recorded once; else None.

    Parameters
    ----------
    run : callable
        ``run(model, slope)`` is SciPy's fit by functions of the data and the parameters.
    model, slope, residual : callable
        The model, its slope by the parameters and the residuals, of a vector of parameters.
    callbacks : tuple
        The user's functions.
    count : int
        How many parameters there are.
    way : callable
        ``way(found, count)``: how the fit is found again.
    """
    proved = _proved(callbacks, xdata, count)
    if proved is None:
        return None
    seen: list[list[Any]] = [[], []]
    functions = [None if f is None else _noting(f, noted) for f, noted in zip(proved.functions, seen, strict=True)]
    found = run(*functions)
    formula = formula_of(residual, (np.array(found[0]),))
    if formula is None:
        return None
    how = way(found, count) if is_asked() and formula.moves and np.isfinite(found[1]).all() else None
    if how is None:
        return Fit(found, formula, None)
    further = [model, *([] if slope is None else [slope])]
    made = again(how.name, how.settings, how.starts, further, np.array(found[0]), (), lambda fs, at: how.minimiser(fs[1:], at))  # type: ignore[misc]  # fmt: skip
    if made is not None:
        made.seen, made.beside = seen, [found[1]]
    return Fit(found, formula, made)


def _proved(callbacks: tuple[Any, Any], xdata: Any, count: int) -> Plain | None:
    sample = (xdata, *[np.float64(1.0)] * count)
    return plain_callbacks(list(callbacks), [sample] * 2, ())


def _noting(function: Any, noted: list[Any]) -> Callable[..., Any]:
    """The model, or its slope, that notes for which parameters it is asked, and what it gives."""

    def call(x: Any, *parameters: Any) -> Any:
        value = function(x, *parameters)
        if len(noted) < MANY:
            noted.append((np.array(parameters), np.array(value)))
        return value

    return call


def of_model(
    data: tuple[Any, Any], p0: Any, sigma: Any, pair: tuple[Any, Any], jac: Any, given: dict[str, Any], count: int
) -> Way | None:
    """``curve_fit``; ``data``: where the model is asked, and what it is to give there."""
    given, low_high = fixed(given), _as_bounds(pair, count)
    if given.get("nan_policy") is not None or given.get("full_output"):
        return None
    parts = {"p0": () if p0 is None else (p0,), "sigma": () if sigma is None else (sigma,), "bounds": low_high or ()}
    settings = _settings(given, jac, count=count, parts=",".join([f"{k}:{len(v)}" for k, v in parts.items()]))
    if settings is None or jac == "cs":
        return None

    def minimiser(callbacks: list[Any], at: Sequence[Any]) -> Any:
        x, y, *rest = at
        taken = {k: [rest.pop(0) for _ in v] for k, v in parts.items()}
        limits = tuple(taken["bounds"]) or (-np.inf, np.inf)
        start = taken["p0"][0] if taken["p0"] else np.ones(count) if low_high is None else None
        model = with_signature(lambda _, *p: callbacks[0](np.array(p)), count)
        slope = (lambda _, *p: callbacks[1](np.array(p))) if callable(jac) else jac
        found, covariance = scipy.optimize.curve_fit(
            model, x, y, start, *taken["sigma"] or [None], bounds=limits, jac=slope, **given
        )
        return (found, covariance) if is_inside(found, *limits) else None

    starts = (*data, *parts["p0"], *parts["sigma"], *parts["bounds"])
    return Way("curve_fit", settings, starts, lambda r: r[0], minimiser)


def with_signature(model: Any, count: int) -> Any:
    """The model as one of data and so many parameters, which SciPy counts."""
    names = [inspect.Parameter(f"p{i}", inspect.Parameter.POSITIONAL_ONLY) for i in range(count + 1)]
    model.__signature__ = inspect.Signature(names)
    return model
