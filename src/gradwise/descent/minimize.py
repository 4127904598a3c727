"""gw.minimize: SciPy's minimisers with exact derivatives, and a report.

SciPy's methods are used as they are.  What is added: f and its gradient from one call; Hessians or Hessian-vector products for the methods that take them; exact
Jacobians and Hessians of constraints; any nested container of parameters; and ``result.report``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy

from gradwise import operators
from gradwise.containers.signatures import signature_of
from gradwise.descent.constraints import exact_bounds, exact_constraints
from gradwise.descent.foreign import Visits, foreign_report
from gradwise.descent.methods import closest
from gradwise.descent.objective import Objective, start_as_array
from gradwise.descent.stopping import StopReason
from gradwise.errors import InputError
from gradwise.quiet import quiet

#: what each method takes: the gradient, and the Hessian whole ("hess") or as products ("hessp")
METHODS: dict[str, tuple[str, ...]] = {
    "nelder-mead": (),
    "powell": (),
    "cobyla": (),
    "cobyqa": (),
    "cg": ("jac",),
    "bfgs": ("jac",),
    "l-bfgs-b": ("jac",),
    "tnc": ("jac",),
    "slsqp": ("jac",),
    "newton-cg": ("jac", "hessp"),
    "dogleg": ("jac", "hess"),
    "trust-ncg": ("jac", "hessp"),
    "trust-krylov": ("jac", "hessp"),
    "trust-exact": ("jac", "hess"),
    "trust-constr": ("jac", "hess or hessp"),
}
#: up to this many parameters a method that takes either gets the whole Hessian
_WHOLE = 200


def minimize(
    f: Callable[..., Any],
    x0: Any,
    args: tuple[Any, ...] = (),
    method: str | None = None,
    *,
    jac: Any = None,
    hess: Any = None,
    hessp: Any = None,
    bounds: Any = None,
    constraints: Any = (),
    tol: float | None = None,
    callback: Callable[..., Any] | None = None,
    options: dict[str, Any] | None = None,
) -> Any:
    """``scipy.optimize.minimize`` with exact derivatives for every method that takes them.

    Parameters
    ----------
    f : callable
        Returns one real number: f(v) of an array or a container of arrays, or f(x, y, …) of numbers.
    x0 : array, number, or nested container of them
        The start.  A single array may have any shape; a list of numbers for an f(v) becomes an array, as in SciPy.
    args : tuple
        Further arguments of f.
    method : str, optional
        Any of SciPy's names; SciPy's own choice (BFGS, L-BFGS-B with bounds, SLSQP with constraints) if omitted.
    jac, hess, hessp : optional
        Your own derivatives instead of the exact ones, called as f is (``jac=True`` if f returns both); hess and hessp of flat vectors.
    bounds : scipy.optimize.Bounds, sequence of pairs, or (lower, upper) in the containers of x0
    constraints : dict, scipy.optimize.LinearConstraint or NonlinearConstraint, or a list of these
        Their functions take the parameters as f does.  A Jacobian that is not given is exact; so is the Hessian of a NonlinearConstraint unless you
        give a function, or an updating strategy other than the default BFGS().
    tol, callback, options
        As SciPy's.  ``callback(intermediate_result)`` or ``callback(x)``; StopIteration stops.

    Returns
    -------
    scipy.optimize.OptimizeResult
        With x and jac in the containers of x0, and ``report``, a `gradwise.descent.Descent`.

    Raises
    ------
    InputError
        If the method is not one of SciPy's, or an argument is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> import gradwise as gw
    >>> def rosenbrock(x):
    ...     return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2
    >>> result = gw.minimize(rosenbrock, np.array([-1.2, 1.0]), method="trust-exact")
    >>> result.x.round(6), result.report.end_point.kind
    (array([1., 1.]), 'minimum')
    """
    takes = _takes(method, constraints)
    objective = Objective(f, start_as_array(f, x0, args), args=args, grad=jac, operator="minimize")
    parameters = objective.parameters
    visits = Visits(objective)
    given: dict[str, Any] = {"jac": True} if "jac" in takes else {}
    derivatives = {"hess": hess, "hessp": hessp}
    if hess is None and hessp is None:
        derivatives = _exact_second(takes, objective)
    given.update({name: value for name, value in derivatives.items() if value is not None})
    function = visits.value_and_grad if "jac" in takes else visits.value
    chosen = method if method is not None else None
    ignored = contextlib.ExitStack()
    if "slsqp" not in takes and hess is None:
        ignored.enter_context(quiet(UserWarning, "delta_grad == 0.0"))
    # the exact Hessian of a constraint is offered to every method
    ignored.enter_context(quiet(scipy.optimize.OptimizeWarning, "Constraint options"))
    with ignored, np.errstate(all="ignore"):
        result = scipy.optimize.minimize(
            function, parameters.start.astype(float), method=chosen, bounds=exact_bounds(bounds, parameters),
            constraints=exact_constraints(constraints, objective), tol=tol, options=options,
            callback=_recorder(visits, callback, objective, method, constraints), **given,
        )  # fmt: skip
    return _finish(result, visits, objective, method, constraints, bounds)


def _takes(method: Any, constraints: Any) -> tuple[str, ...]:
    if method is None:
        return ("jac",)
    if callable(method):
        return ("jac",)
    if not isinstance(method, str) or method.lower() not in METHODS:
        msg = f"method={method!r} is not known. One of SciPy's, {', '.join(METHODS)}, is required. {closest(method, METHODS)}gw.descend offers gradient descent and its kin."
        raise InputError(msg)
    return METHODS[method.lower()]


def _exact_second(takes: tuple[str, ...], objective: Objective) -> dict[str, Any]:
    """The exact Hessian or its products, whichever the method takes."""
    wanted = takes[1] if len(takes) > 1 else ""
    if wanted == "hess or hessp":
        wanted = "hess" if objective.parameters.size <= _WHOLE else "hessp"
    if not wanted:
        return {}
    function = objective.scalar()
    if wanted == "hess":
        hessian = operators.hessian(function)
        return {"hess": lambda z: np.asarray(hessian(np.asarray(z)), dtype=float)}
    product = operators.hvp(function)

    def hessp(z: np.ndarray, v: np.ndarray) -> np.ndarray:
        if not np.all(np.isfinite(v)):  # trust-krylov asks for the product with nan where the gradient is 0
            return np.full(objective.parameters.size, np.nan)
        return np.asarray(product(np.asarray(z), np.ravel(v)), dtype=float)

    return {"hessp": hessp}


def _recorder(visits: Visits, callback: Any, objective: Objective, method: Any, constraints: Any) -> Callable[..., Any]:
    """A callback that notes the point, and then calls the user's."""
    name = (
        (method or ("slsqp" if _nonempty(constraints) else "bfgs")).lower()
        if isinstance(method, str) or method is None
        else ""
    )
    by_name = False
    if callback is not None:
        try:
            by_name = set(signature_of(callback).parameters) == {"intermediate_result"}
        except (TypeError, ValueError):
            by_name = False

    def note(x: np.ndarray) -> Any:
        visits.note(x)
        if callback is None:
            return None
        tree = objective.parameters.own(np.array(x))
        if not by_name:
            return callback(tree)
        f, g = visits.at(x)
        shown = scipy.optimize.OptimizeResult(x=tree, fun=f, nit=len(visits.path) - 1)
        if g is not None:
            shown.jac = objective.parameters.own(g)
        return callback(intermediate_result=shown)

    if name == "trust-constr":
        return lambda x, state: bool(note(x))
    return lambda x: note(x)


def _nonempty(constraints: Any) -> bool:
    return bool(constraints) if isinstance(constraints, list | tuple | dict) else constraints is not None


def _finish(result: Any, visits: Visits, objective: Objective, method: Any, constraints: Any, bounds: Any) -> Any:
    parameters = objective.parameters
    z = np.asarray(result.x, dtype=float).ravel()
    visits.note(z)
    name = (
        method
        if isinstance(method, str)
        else "L-BFGS-B"
        if bounds is not None and not _nonempty(constraints)
        else "SLSQP"
        if _nonempty(constraints)
        else "BFGS"
    )
    if callable(method):
        name = getattr(method, "__name__", "custom")
    stopped = (
        result.get("status") == 99
        or "StopIteration" in str(result.message)
        or "callback" in str(result.message).lower()
    )
    reason = (
        StopReason.CALLBACK if stopped else StopReason.SOLVER_CONVERGED if result.success else StopReason.SOLVER_FAILED
    )
    constrained = _nonempty(constraints) or bounds is not None
    message = f"{reason.sentence} {name}: {str(result.message).strip()}"
    report = foreign_report(visits, objective, reason, message, name, free=not constrained)
    if constrained:
        report.notes.append(
            "the classification of the end point speaks of f alone, without the constraints and bounds."
        )
    result.x = parameters.own(z.astype(parameters.dtype))
    if "jac" in result and isinstance(result.jac, np.ndarray) and result.jac.shape == z.shape:
        result.jac = parameters.own(np.asarray(result.jac, dtype=parameters.dtype))
    result.report = report
    return result
