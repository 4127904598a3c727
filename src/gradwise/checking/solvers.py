"""SciPy's solvers with a tolerance, and the same calls with smaller ones.

A row names the parameters that are tolerances, their values where the caller gives none, and the smallest that the solver
still reaches in double precision.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from gradwise.containers.signatures import signature_of

_Row = dict[str, tuple[float | None, float]]
_QUAD: _Row = {"epsabs": (1.49e-8, 1e-13), "epsrel": (1.49e-8, 1e-12)}
_BRACKET: _Row = {"xtol": (2e-12, 1e-15), "rtol": (8.9e-16, 8.9e-16)}
_KRYLOV: _Row = {"rtol": (1e-5, 1e-14), "tol": (None, 1e-14), "atol": (0.0, 0.0)}
_LEAST: _Row = dict.fromkeys(("ftol", "xtol", "gtol"), (1e-08, 1e-15))

#: module → function → tolerance → (its value by default, the smallest)
TOLERANCES: dict[str, dict[str, _Row]] = {
    "scipy.integrate": {
        "solve_ivp": {"rtol": (1e-3, 1e-11), "atol": (1e-6, 1e-14)},
        "odeint": {"rtol": (1.49012e-8, 1e-12), "atol": (1.49012e-8, 1e-14)},
        **dict.fromkeys(("quad", "dblquad", "tplquad", "quad_vec"), _QUAD),
        "solve_bvp": {"tol": (1e-3, 1e-10)},
    },
    "scipy.optimize": {
        **dict.fromkeys(("brentq", "brenth", "bisect", "ridder", "toms748"), _BRACKET),
        "newton": {"tol": (1.48e-8, 1e-15), "rtol": (0.0, 0.0)},
        "root_scalar": {"xtol": (1e-8, 1e-15), "rtol": (1e-8, 8.9e-16)},
        "fsolve": {"xtol": (1.49012e-8, 1e-15)},
        "root": {"tol": (1e-8, 1e-14)},
        "fixed_point": {"xtol": (1e-8, 1e-15)},
        "minimize": {"tol": (1e-5, 1e-13)},
        "minimize_scalar": {"tol": (1.48e-8, 1e-13)},
        "fminbound": {"xtol": (1e-5, 1e-12)},
        "fmin": {"xtol": (1e-4, 1e-13), "ftol": (1e-4, 1e-15)},
        "fmin_bfgs": {"gtol": (1e-5, 1e-13)},
        "least_squares": _LEAST,
        "curve_fit": _LEAST,
        "leastsq": {"ftol": (1.49e-8, 1e-15), "xtol": (1.49e-8, 1e-15)},
    },
    "scipy.sparse.linalg": {
        **dict.fromkeys(("cg", "gmres", "bicg", "bicgstab", "cgs", "minres", "lgmres", "qmr", "tfqmr", "gcrotmk"), _KRYLOV),
        "lsqr": {"atol": (1e-6, 1e-15), "btol": (1e-6, 1e-15)},
        "lsmr": {"atol": (1e-6, 1e-15), "btol": (1e-6, 1e-15)},
        "eigsh": {"tol": (0.0, 0.0)},
        "eigs": {"tol": (0.0, 0.0)},
    },
    "numpy": {
        "allclose": {"rtol": (1e-5, 1e-15), "atol": (1e-8, 1e-15)},
        "isclose": {"rtol": (1e-5, 1e-15), "atol": (1e-8, 1e-15)},
    },
    "math": {"isclose": {"rel_tol": (1e-9, 1e-15), "abs_tol": (0.0, 0.0)}},
}  # fmt: skip

#: options of ``minimize`` and ``minimize_scalar`` that are tolerances
_OPTIONS = frozenset({"gtol", "ftol", "xtol", "xatol", "fatol", "catol", "tol", "xrtol", "rtol"})
_SMALLEST_OPTION = 1e-13
_MORE = {"maxiter": 20, "max_nfev": 20, "maxfev": 20, "limit": 8, "mxstep": 20}
"""Limits to the work, which smaller tolerances need more of."""


def known() -> dict[int, tuple[str, Callable[..., Any], dict[str, tuple[float | None, float]]]]:
    """By identity, the solvers of the modules that are loaded: name, function, tolerances."""
    found = {}
    for module_name, functions in TOLERANCES.items():
        module = sys.modules.get(module_name)
        for name, tolerances in functions.items():
            function = getattr(module, name, None)
            if function is not None:
                found[id(function)] = (f"{module_name}.{name}", function, tolerances)
    return found


def tighter(
    function: Callable[..., Any],
    tolerances: dict[str, tuple[float | None, float]],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    factor: float,
) -> tuple[tuple[Any, ...], dict[str, Any], dict[str, float]]:
    """Arguments of a call with every tolerance multiplied by ``factor``, and the tolerances that were asked for.

    Examples
    --------
    >>> import scipy
    >>> tighter(scipy.optimize.brentq, {"xtol": (2e-12, 1e-15)}, (abs, -1, 2), {"xtol": 1e-3}, 1e-6)[1]
    {'xtol': 1e-09}
    """
    names = _positional(function)
    given = dict(zip(names, args, strict=False))
    positional = list(args)
    kwargs = dict(kwargs)
    asked: dict[str, float] = {}
    accepts = _accepts(function)
    for name, (default, smallest) in tolerances.items():
        value = kwargs.get(name, given.get(name, default))
        value = default if value is None else value
        if value is None or not np.any(value) or not (accepts is None or name in accepts):
            continue
        asked[name] = float(np.max(value))
        new = np.maximum(np.asarray(value, float) * factor, np.minimum(smallest, value))
        made = new if np.ndim(new) else float(new)
        if name in given and names.index(name) < len(positional):
            positional[names.index(name)] = made
        else:
            kwargs[name] = made
    if factor < 1:
        _more_work(function, kwargs, positional, names, factor)
    return tuple(positional), kwargs, asked


def _more_work(
    function: Callable[..., Any], kwargs: dict[str, Any], positional: list[Any], names: list[str], factor: float
) -> None:
    """Let the solver take the steps that smaller tolerances need, and methods that can reach them."""
    name = function.__name__
    for limit, more in _MORE.items():
        if kwargs.get(limit):
            kwargs[limit] = more * kwargs[limit]
    if name in ("quad", "dblquad", "tplquad") and "limit" not in kwargs and "limit" in names:
        kwargs["limit"] = 400
    if name == "odeint" and not kwargs.get("mxstep"):
        kwargs["mxstep"] = 100000
    options = kwargs.get("options")
    if isinstance(options, dict):
        kwargs["options"] = {
            key: _smaller(key, value, factor) if key in _OPTIONS else _MORE.get(key, 1) * value if value else value
            for key, value in options.items()
            if isinstance(value, int | float) or key not in _OPTIONS
        }
    method = kwargs.get("method", positional[names.index("method")] if "method" in names[: len(positional)] else None)
    if name == "solve_ivp" and method in (None, "RK23", "RK45"):
        kwargs["method"] = "DOP853"  # the same solution, in fewer steps
        if "method" in names[: len(positional)]:
            positional[names.index("method")] = kwargs.pop("method")
    if (
        name == "minimize"
        and "jac" not in kwargs
        and method in (None, "BFGS", "L-BFGS-B", "CG", "SLSQP", "trust-constr")
    ):
        kwargs["jac"] = "3-point" if method != "CG" else None


def _smaller(key: str, value: Any, factor: float) -> Any:
    return max(float(value) * factor, min(_SMALLEST_OPTION, float(value))) if isinstance(value, int | float) else value


def _positional(function: Callable[..., Any]) -> list[str]:
    try:
        parameters = signature_of(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def _accepts(function: Callable[..., Any]) -> frozenset[str] | None:
    """Names of the keywords that a function takes; None if it takes any."""
    try:
        parameters = signature_of(function).parameters.values()
    except (TypeError, ValueError):
        return None
    return None if any(p.kind is p.VAR_KEYWORD for p in parameters) else frozenset(p.name for p in parameters)
