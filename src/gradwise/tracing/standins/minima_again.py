"""How minimisers of SciPy's find a minimum again, in a program that stands for the function: on the recorded objective, from where the call starts.

A minimum is looked for among values that are equal but for rounding, and the path there is full of decisions.  So the written objective has to give the numbers that SciPy was given, to the last bit (``Again.seen``), and
the minimiser gives None, so that the function itself runs, where it does not converge and where the minimum reaches a bound.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.standins.again import SETTINGS, fixed
from gradwise.tracing.standins.equations_solved import Way
from gradwise.tracing.standins.scipy_constraints import NEAR

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_OPTION = "options."


def _found(result: Any) -> Any:
    return result.x if result.success else None


def _way(
    name: str, settings: dict[str, Any], starts: Sequence[Any], minimiser: Callable[[list[Any], Sequence[Any]], Any]
) -> Way | None:
    """The way, if its settings can be told apart and it prints nothing."""
    if (
        not all(type(v) in SETTINGS for v in settings.values())
        or settings.get("disp")
        or settings.get(f"{_OPTION}disp")
    ):
        return None
    return Way(name, settings, starts, _found if name.startswith("minimize") else lambda found: found, minimiser)


def _as_settings(options: Any) -> dict[str, Any]:
    return {f"{_OPTION}{key}": value for key, value in fixed(dict(options or {})).items()}


def of_one_number(bracket: Any, bounds: Any, method: Any, tol: Any, options: Any) -> Way | None:
    """``minimize_scalar``."""
    options = fixed(dict(options or {}))
    if bracket is not None and bounds is not None:
        return None
    settings = {"method": method, "tol": tol, "bounded": bounds is not None, **_as_settings(options)}
    starts = tuple(bounds if bounds is not None else () if bracket is None else bracket)

    def minimiser(callbacks: list[Any], at: Sequence[Any]) -> Any:
        place = {"bounds": at} if bounds is not None else {"bracket": at} if at else {}
        x = _found(
            scipy.optimize.minimize_scalar(callbacks[0], method=method, tol=tol, options=options or None, **place)
        )
        return (
            x if bounds is None or (x is not None and is_between(x, at[0], at[1], options.get("xatol", 1e-5))) else None
        )

    return _way("minimize_scalar", settings, starts, minimiser)


def is_between(x: float, low: float, high: float, tolerance: float) -> bool:
    """Whether a minimum is away from the bounds between which it was looked for."""
    return low + 2 * tolerance < x < high - 2 * tolerance


def of_named(name: str, starts: Sequence[Any], settings: dict[str, Any]) -> Way | None:
    """``brent``, ``golden`` and ``fminbound``."""
    settings = fixed({k: v for k, v in settings.items() if k != "full_output"})

    def minimiser(callbacks: list[Any], at: Sequence[Any]) -> Any:
        if name == "fminbound":
            x, _, failed, _ = scipy.optimize.fminbound(callbacks[0], *at, full_output=True, **settings)
            return x if not failed and is_between(x, at[0], at[1], settings.get("xtol", 1e-5)) else None
        return getattr(scipy.optimize, name)(callbacks[0], brack=at or None, **settings)

    return _way(name, settings, starts, minimiser)


def of_several(
    x0: Any, method: Any, jac: Any, hess: Any, low: Any, high: Any, bounds: Any, tol: Any, options: Any
) -> Way | None:
    """``minimize`` without constraints."""
    if (isinstance(bounds, scipy.optimize.Bounds) and np.any(bounds.keep_feasible)) or not (
        method is None or type(method) is str
    ):
        return None
    options, is_bounded = fixed(dict(options or {})), bounds is not None
    kinds = ["given" if callable(one) else one for one in (jac, hess)]
    settings = {"method": method, "jac": kinds[0], "hess": kinds[1], "tol": tol, "bounded": is_bounded, **_as_settings(options)}  # fmt: skip

    def minimiser(callbacks: list[Any], at: Sequence[Any]) -> Any:
        rest = iter(callbacks[1:])
        slope, curvature = [next(rest) if kind == "given" else kind for kind in kinds]
        if slope is True:
            slope = next(rest)
        limits = scipy.optimize.Bounds(*at[1:]) if is_bounded else None
        x = _found(scipy.optimize.minimize(callbacks[0], at[0], (), method, slope, curvature, None, limits, (), tol, None, options or None))  # fmt: skip
        if x is None or not is_bounded:
            return x
        away = np.minimum(x - at[1], at[2] - x)
        return x if (away > NEAR * (1.0 + np.max(np.abs(x), initial=0.0))).all() else None

    return _way("minimize", settings, (x0, low, high) if is_bounded else (x0,), minimiser)
