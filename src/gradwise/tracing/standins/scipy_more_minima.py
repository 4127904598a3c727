"""``scipy.optimize``'s global minimisers, and its minimisers of single algorithms: what they find is a minimum, and is differentiated as one (``scipy_minima.py``).

A global minimiser jumps where another minimum becomes the lowest; its derivative is that of the minimum which it found.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.standins.equations_solved import Equation, quietly, reported
from gradwise.tracing.standins.recording import carries, contains_traced, resolve
from gradwise.tracing.standins.scipy_calling import without_rule
from gradwise.tracing.standins.scipy_constraints import Constraints, bounds_of
from gradwise.tracing.standins.scipy_minima import (
    collect,
    constraints_of,
    minimum,
    rest_without_rule,
    traces_of,
    value_at,
)
from gradwise.tracing.standins.scipy_roots import _args, _if_a_root, _moves
from gradwise.tracing.standins.stacking import plainly

if TYPE_CHECKING:
    from collections.abc import Callable

#: what a solver may be given that steers it: called with plain results
_STEERING = ("fprime", "fhess", "fhess_p", "jac", "hess", "hessp", "minimizer_kwargs")


def _given(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments by name, as SciPy's function takes them."""
    signature = inspect.signature(getattr(scipy.optimize, name))
    bound = signature.bind(*args, **kwargs)
    given = dict(bound.arguments)
    for key, parameter in signature.parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            given.update(given.pop(key, {}))
    return given


def _steered(given: dict[str, Any], args: tuple[Any, ...]) -> None:
    if "callback" in given:
        given["callback"] = reported(given["callback"])
    for key in _STEERING:
        value = given.get(key)
        if callable(value):
            given[key] = quietly(value, args)
        elif isinstance(value, dict):  # minimizer_kwargs
            given[key] = {k: quietly(v, args) if callable(v) else plainly(v) for k, v in value.items() if k != "args"}


def _global(name: str) -> Callable[..., Any]:
    def find(*args: Any, **kwargs: Any) -> Any:
        given = _given(name, args, kwargs)
        inner = given.get("minimizer_kwargs") or {}
        extra = _args(given.pop("args", inner.get("args", ())))
        equation = Equation(given["func"], extra)
        held, constraints, wrapped = constraints_of(given.get("constraints", ()))
        bounds = given.get("bounds", inner.get("bounds"))
        _steered(given, extra)
        given = {k: plainly(v) if contains_traced([v]) else v for k, v in given.items()} | {"func": equation}
        if "constraints" in given:
            given["constraints"] = constraints
        low = high = None
        if bounds is not None:
            ours, low, high = bounds_of(
                bounds, len(bounds) if not hasattr(bounds, "lb") else np.size(plainly(bounds.lb))
            )
            if "bounds" in given:
                given["bounds"] = ours
            else:
                given["minimizer_kwargs"]["bounds"] = ours
        found = getattr(scipy.optimize, name)(**given)
        if low is not None:
            held.between(lambda x: x, low, high)
        integrality = given.get("integrality")
        if integrality is not None:
            whole = np.broadcast_to(np.asarray(integrality, bool), np.shape(found.x))
            value = np.array(found.x)
            held.equation(lambda x: (x - value)[np.flatnonzero(whole)])
        collect(held, wrapped)
        if traces_of(equation, held):
            found.x = minimum(equation, np.asarray(found.x), name, held)
            found.fun = value_at(equation, found.x, found.fun)
            rest_without_rule(found, name, ("x", "fun"))
        return found

    find.__name__ = name
    find.__doc__ = f"``scipy.optimize.{name}``."
    return find


def brute(func: Any, ranges: Any, args: Any = (), *rest: Any, **options: Any) -> Any:
    """``scipy.optimize.brute`` with a step that finishes at a minimum."""
    extra = _args(args)
    equation = Equation(func, extra)
    found = scipy.optimize.brute(equation, plainly(ranges), (), *[plainly(r) for r in rest], **options)
    if not equation.traces:
        return found
    full = type(found) is tuple
    value = np.asarray(found[0] if full else found)
    x = minimum(equation, np.atleast_1d(value), "brute")
    x = x if value.ndim else x[0]
    if not full:
        return x
    cure = "Its minimum and value have one"
    return (x, value_at(equation, x, found[1]), *[without_rule(v, x, "brute's grid", cure) for v in found[2:]])


# --- single algorithms ----------------------------------------------------------------------------------------------------------------


def _algorithm(name: str) -> Callable[..., Any]:
    """``fmin_l_bfgs_b``, ``fmin_tnc``, ``fmin_slsqp``, ``fmin_ncg``, ``fmin_cobyla``: the minimum, alone or before other results."""

    def find(*args: Any, **kwargs: Any) -> Any:
        given = _given(name, args, kwargs)
        extra = _args(given.pop("args", ()))
        first = "f" if "f" in given and "func" not in given else "func"
        equation = Equation(given[first], extra)
        held = Constraints()
        wrapped: list[Equation] = []
        for key, many, add in (
            ("cons", True, held.inequality),
            ("eqcons", True, held.equation),
            ("ieqcons", True, held.inequality),
            ("f_eqcons", False, held.equation),
            ("f_ieqcons", False, held.inequality),
        ):
            value = given.get(key)
            if value is None or (many and not callable(value) and not len(value)):
                continue
            own = given.pop("consargs", None) if key == "cons" else None
            with_args = extra if own is None else _args(own)
            functions = [value] if callable(value) else list(value)
            ours = []
            for function in functions:
                add(_valued(function, with_args))
                ours.append(Equation(function, with_args))
            wrapped += ours
            given[key] = ours if many else ours[0]
        for key in ("fprime_eqcons", "fprime_ieqcons"):
            if callable(given.get(key)):
                given[key] = quietly(given[key], extra)
        _steered(given, extra)
        bounds = given.get("bounds")
        n = np.size(plainly(given["x0"]))
        if bounds is not None and len(bounds):
            given["bounds"], low, high = bounds_of(bounds, n)
            held.between(lambda x: x, low, high)
        given = {k: plainly(v) if contains_traced([v]) else v for k, v in given.items()} | {first: equation}
        found = getattr(scipy.optimize, name)(**given)
        collect(held, wrapped)
        if not traces_of(equation, held):
            return found
        if type(found) is not tuple:
            return minimum(equation, np.asarray(found), name, held)
        x = minimum(equation, np.asarray(found[0]), name, held)
        rest = [without_rule(v, x, f"what {name} gives beside the minimum", "The minimum has one") for v in found[1:]]
        if name in {"fmin_l_bfgs_b", "fmin_slsqp", "fmin_ncg"}:
            rest[0] = value_at(equation, x, found[1])
        return (x, *rest)

    find.__name__ = name
    find.__doc__ = f"``scipy.optimize.{name}``."
    return find


def _valued(function: Any, args: tuple[Any, ...]) -> Callable[[Any], Any]:
    return lambda x: resolve(function)(x, *args)


# --- roots by one algorithm -----------------------------------------------------------------------------------------------------------


def _nonlinear(name: str) -> Callable[..., Any]:
    """``broyden1`` and its relatives: a root of several equations."""

    def find(F: Any, xin: Any, *rest: Any, **options: Any) -> Any:  # SciPy's name
        equation = Equation(F, ())
        found = getattr(scipy.optimize, name)(equation, plainly(xin), *rest, **options)
        full = type(found) is tuple
        value = np.asarray(found[0] if full else found)
        if not _moves(equation, value, name):
            return found
        x = _if_a_root(1, equation, value, name, "it stopped off the root")
        return (x, *found[1:]) if full else x

    find.__name__ = name
    find.__doc__ = f"``scipy.optimize.{name}``."
    return find


def rosen_hess_prod(x: Any, p: Any) -> Any:
    """``scipy.optimize.rosen_hess_prod``."""
    if not carries(x) and not carries(p):
        return scipy.optimize.rosen_hess_prod(plainly(x), plainly(p))
    return resolve(scipy.optimize.rosen_hess)(x) @ p


_GLOBAL = ("basinhopping", "differential_evolution", "dual_annealing", "shgo", "direct")
_ALGORITHMS = ("fmin_l_bfgs_b", "fmin_tnc", "fmin_slsqp", "fmin_ncg", "fmin_cobyla")
_NONLINEAR = (
    *("broyden1", "broyden2", "anderson", "linearmixing", "diagbroyden", "excitingmixing"),
    "newton_krylov",
)
STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "scipy.optimize": {
        **{name: _global(name) for name in _GLOBAL},
        "brute": brute,
        **{name: _algorithm(name) for name in _ALGORITHMS},
        **{name: _nonlinear(name) for name in _NONLINEAR},
        "rosen_hess_prod": rosen_hess_prod,
    }
}
