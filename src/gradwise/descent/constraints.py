"""Constraints and bounds for SciPy, with exact Jacobians and Hessians, for parameters in any container."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy

from gradwise import operators
from gradwise.descent.objective import Objective
from gradwise.descent.parameters import Parameters
from gradwise.errors import InputError
from gradwise.operators.arguments import standing_in


def exact_bounds(bounds: Any, parameters: Parameters) -> Any:
    """Bounds for the flat vector: SciPy's own forms as they are, (lower, upper) in the containers of x0 flattened.

    Raises
    ------
    InputError
        If they fit neither form.
    """
    if bounds is None or isinstance(bounds, scipy.optimize.Bounds):
        return bounds
    rows = bounds if isinstance(bounds, list | tuple) else list(bounds)
    if len(rows) == parameters.size and all(_is_pair(row) for row in rows):
        return rows
    if len(rows) == 2:
        try:
            lower, upper = (parameters.flat(part, "bounds") for part in rows)
        except InputError:
            pass
        else:
            return scipy.optimize.Bounds(lower, upper)
    msg = (
        f"bounds has {len(rows)} entries for {parameters.size} parameters. One (lower, upper) pair for each number, or (lower, upper) in the "
        f"containers of x0, is required. Write for example bounds=[(0, None)] * {parameters.size}."
    )
    raise InputError(msg)


def _is_pair(row: Any) -> bool:
    return (
        isinstance(row, list | tuple | np.ndarray) and len(row) == 2 and all(v is None or np.ndim(v) == 0 for v in row)
    )


def exact_constraints(constraints: Any, objective: Objective) -> Any:
    """Constraints for the flat vector with exact derivatives where none were given."""
    if isinstance(constraints, dict) or hasattr(constraints, "lb"):
        return _one(constraints, objective)
    return [_one(constraint, objective) for constraint in constraints]


def _one(constraint: Any, objective: Objective) -> Any:
    if isinstance(constraint, dict):
        return _from_dict(constraint, objective)
    if isinstance(constraint, scipy.optimize.NonlinearConstraint):
        return _nonlinear(constraint, objective)
    return constraint


def _flat(function: Callable[..., Any], objective: Objective, args: tuple[Any, ...] = ()) -> Callable[[Any], Any]:
    """A function of the parameters as a function of the flat vector, which can be traced."""
    traceable = standing_in(function)
    return lambda z: traceable(*_parameters(objective, z), *args)


def _parameters(objective: Objective, z: Any) -> tuple[Any, ...]:
    tree = objective.parameters.build(z)
    return tuple(tree[i] for i in range(len(objective.spread))) if objective.spread is not None else (tree,)


def _jacobian(function: Callable[[Any], Any], size: int) -> Callable[..., np.ndarray]:
    """The exact Jacobian as a matrix with one row for each output."""
    exact = operators.jacobian(lambda z: _vector(function(z)))
    return lambda z, *_: np.asarray(exact(np.asarray(z, dtype=float)), dtype=float).reshape(-1, size)


def _given(jac: Callable[..., Any], objective: Objective, args: tuple[Any, ...]) -> Callable[..., Any]:
    if objective.parameters.alone and objective.spread is None:
        return lambda z, *_: jac(z, *args)
    return lambda z, *_: np.atleast_2d(_rows(jac(*_parameters(objective, z), *args), objective))


def _rows(value: Any, objective: Objective) -> Any:
    if isinstance(value, np.ndarray) and value.ndim in {1, 2} and value.shape[-1] == objective.parameters.size:
        return value
    return objective.parameters.flat(value, "the Jacobian of a constraint")


def _from_dict(constraint: dict[str, Any], objective: Objective) -> dict[str, Any]:
    if not callable(constraint.get("fun")):
        msg = f"a constraint is {constraint!r}. A dict with 'type' and a function 'fun' is required. Write {{'type': 'eq', 'fun': h}}."
        raise InputError(msg)
    args = tuple(constraint.get("args", ()))
    function = _flat(constraint["fun"], objective, args)
    jac = constraint.get("jac")
    made = {key: value for key, value in constraint.items() if key not in {"fun", "jac", "args"}}
    made["fun"] = lambda z: np.asarray(_vector(function(np.array(z, dtype=float))), dtype=float)
    made["jac"] = _given(jac, objective, args) if callable(jac) else _jacobian(function, objective.parameters.size)
    return made


def _nonlinear(constraint: Any, objective: Objective) -> Any:
    function = _flat(constraint.fun, objective)
    size = objective.parameters.size
    jac = _given(constraint.jac, objective, ()) if callable(constraint.jac) else _jacobian(function, size)
    hess = constraint.hess
    if isinstance(hess, str) or type(hess) is scipy.optimize.BFGS:
        hess = _weighted_hessian(function, size)
    return scipy.optimize.NonlinearConstraint(
        lambda z: np.asarray(_vector(function(np.array(z, dtype=float))), dtype=float), constraint.lb, constraint.ub,
        jac=jac, hess=hess, keep_feasible=constraint.keep_feasible,
    )  # fmt: skip


def _weighted_hessian(function: Callable[[Any], Any], size: int) -> Callable[..., np.ndarray]:
    """(z, v) ↦ Σ v_i ∇²c_i(z)."""

    def hessian(z: np.ndarray, v: np.ndarray) -> np.ndarray:
        weights = np.asarray(v, dtype=float)

        def weighted(y: Any) -> Any:
            return np.sum(_vector(function(y)) * weights)

        exact = operators.hessian(weighted)(np.asarray(z, dtype=float))
        return np.asarray(exact, dtype=float).reshape(size, size)

    return hessian


def _vector(value: Any) -> Any:
    """What a constraint returned, a number, an array or a list of numbers (traced or plain), as a vector."""
    if isinstance(value, list | tuple):
        return np.concatenate([_vector(part) for part in value])
    return value.reshape(-1) if hasattr(value, "reshape") else np.atleast_1d(value)
