"""``scipy.optimize``'s minimisers: minimize_scalar, fminbound, minimize, fmin and its relatives, least_squares, curve_fit.

SciPy finds the minimum, from plain values.  Its derivative is that of a root of the gradient, by the implicit function theorem (``operators/implicit.py``): entries that sit at a bound stay there.  Constraints
other than bounds are refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.operands import as_array, carries
from gradwise.tracing.roots import differentiated
from gradwise.tracing.standins.recording import at_line, contains_traced, resolve
from gradwise.tracing.standins.scipy_calling import only_at_this_point, with_value
from gradwise.tracing.standins.scipy_roots import _args, _Equation, _quietly
from gradwise.tracing.standins.stacking import leaves, plainly

if TYPE_CHECKING:
    from collections.abc import Callable

#: a Newton step from what SciPy found may go this far, relative to the point: else it is no minimum
_STEP = 1e-3


def _minimum(equation: _Equation, value: Any, what: str, free: Any = None) -> Any:
    """The minimum as a function of what the objective reads."""
    trace = equation.traces[0]
    with at_line(*equation.traces):
        only_at_this_point(equation.traces)

        def objective(x: Any, *args: Any) -> Any:
            return resolve(equation.function)(x, *args)  # its twin in the run that asks

        found = differentiated[2](objective, np.asarray(value, float), equation.args, free)
        step = np.abs(np.asarray(plain(found)) - value)
        if not np.all(step <= _STEP * (1.0 + np.abs(value))):
            raise trace.fail(
                f"{what} was differentiated at {value!r}, which is no minimum: the gradient of the objective is not zero there. What is none has no derivative by its "
                "equation. A tighter tolerance, a better start, or a smooth objective is required"
            )
        return with_value(found, np.asarray(value, float)) if np.ndim(value) else with_value(found, value)


def _refuse(equation: _Equation, what: str) -> None:
    raise equation.traces[0].fail(
        f"{what} has no rule for its derivative. A minimum without constraints, or with plain bounds, is required. Use method='numerical'"
    )


def _free(value: np.ndarray, bounds: Any) -> Any:
    """Which entries are off their bounds."""
    if bounds is None:
        return None
    if isinstance(bounds, scipy.optimize.Bounds):
        low, high = np.broadcast_to(bounds.lb, value.shape), np.broadcast_to(bounds.ub, value.shape)
    else:
        low = np.array([-np.inf if b[0] is None else plain(b[0]) for b in bounds], float)
        high = np.array([np.inf if b[1] is None else plain(b[1]) for b in bounds], float)
    near = 1e-9 * (1.0 + np.abs(value))
    return (value > low + near) & (value < high - near)


def _value_at(equation: _Equation, x: Any, value: Any) -> Any:
    with at_line(*equation.traces):
        result = resolve(equation.function)(x, *equation.args)
        return with_value(result[0] if type(result) is tuple else result, value)


# --- one variable ---------------------------------------------------------------------------------------------------------------


def minimize_scalar(
    fun: Any,
    bracket: Any = None,
    bounds: Any = None,
    args: Any = (),
    method: Any = None,
    tol: Any = None,
    options: Any = None,
) -> Any:
    """``scipy.optimize.minimize_scalar``."""
    equation = _Equation(fun, _args(args))
    found = scipy.optimize.minimize_scalar(equation, plainly(bracket), plainly(bounds), (), method, tol, options)
    if equation.traces:
        _refuse_moving(equation, bounds, "minimize_scalar with traced bounds")
        if bounds is None or _inside(found.x, plainly(bounds), options):
            found.x = _minimum(equation, found.x, "minimize_scalar")
        found.fun = _value_at(equation, found.x, found.fun)
    return found


def _inside(x: float, bounds: Any, options: Any) -> bool:
    tolerance = (options or {}).get("xatol", 1e-5)
    return bool(bounds[0] + 2 * tolerance < x < bounds[1] - 2 * tolerance)


def _refuse_moving(equation: _Equation, bounds: Any, what: str) -> None:
    if bounds is not None and not isinstance(bounds, scipy.optimize.Bounds):
        flat = leaves(list(bounds), []) if contains_traced(list(bounds)) else []
        if any(carries(b) for b in flat):
            _refuse(equation, what)


def _of_scalar(name: str) -> Callable[..., Any]:
    """``brent``, ``golden`` and ``fminbound``: the minimum alone."""

    def call(func: Any, *args: Any, **options: Any) -> Any:
        function_args = options.pop("args", ())
        rest = list(args)
        if name != "fminbound" and rest:
            function_args = rest.pop(0)
        equation = _Equation(func, _args(function_args))
        full = options.pop("full_output", False)
        found = getattr(scipy.optimize, name)(equation, *map(plainly, rest), **plainly_each(options))
        x = _minimum(equation, found, name) if equation.traces else found
        if full:
            _refuse(equation, f"{name} with full_output=True") if equation.traces else None
            return getattr(scipy.optimize, name)(func, *args, args=function_args, full_output=True, **options)
        return x

    call.__name__ = name
    call.__doc__ = f"``scipy.optimize.{name}``."
    return call


def plainly_each(options: dict[str, Any]) -> dict[str, Any]:
    """The options with plain values."""
    return {k: plainly(v) for k, v in options.items()}


# --- several variables ------------------------------------------------------------------------------------------------------------


def minimize(
    fun: Any,
    x0: Any,
    args: Any = (),
    method: Any = None,
    jac: Any = None,
    hess: Any = None,
    hessp: Any = None,
    bounds: Any = None,
    constraints: Any = (),
    tol: Any = None,
    callback: Any = None,
    options: Any = None,
) -> Any:
    """``scipy.optimize.minimize``."""
    args = _args(args)
    equation = _Equation(fun, args)
    quiet = [_quietly(c, args) for c in (jac, hess, hessp)]
    if constraints or (bounds is not None and contains_traced(list(leaves_of(bounds)))):
        found = scipy.optimize.minimize(
            equation, plainly(x0), (), method, *quiet, plainly(bounds), constraints, tol, callback, options
        )
        if equation.traces:
            _refuse(equation, "minimize with constraints, or with traced bounds,")
        return found
    found = scipy.optimize.minimize(equation, plainly(x0), (), method, *quiet, bounds, (), tol, callback, options)
    if equation.traces:
        value = np.asarray(found.x)
        found.x = _minimum(equation, value, "minimize", _free(value, bounds))
        found.fun = _value_at(equation, found.x, found.fun)
    return found


def leaves_of(bounds: Any) -> list[Any]:
    """The numbers in bounds, as far as they are sequences."""
    if isinstance(bounds, scipy.optimize.Bounds):
        return []
    return [b for pair in bounds for b in pair]


def _of_vector(name: str) -> Callable[..., Any]:
    """``fmin``, ``fmin_bfgs``, ``fmin_cg``, ``fmin_powell``: the minimum alone."""

    def call(func: Any, x0: Any, *rest: Any, **options: Any) -> Any:
        names = ("args",) if name in {"fmin", "fmin_powell"} else ("fprime", "args")
        options = dict(zip(names, rest, strict=False)) | options
        args = _args(options.pop("args", ()))
        equation = _Equation(func, args)
        if "fprime" in options:
            options["fprime"] = _quietly(options["fprime"], args)
        found = getattr(scipy.optimize, name)(equation, plainly(x0), **options)
        if not equation.traces:
            return found
        if type(found) is tuple:
            _refuse(equation, f"{name} with full_output or retall")
        return _minimum(equation, np.asarray(found), name)

    call.__name__ = name
    call.__doc__ = f"``scipy.optimize.{name}``."
    return call


def least_squares(
    fun: Any, x0: Any, jac: Any = "2-point", bounds: Any = (-np.inf, np.inf), *rest: Any, **options: Any
) -> Any:
    """``scipy.optimize.least_squares`` with the plain sum of squares."""
    args = _args(options.pop("args", ()))
    kwargs = options.pop("kwargs", {})
    function = (lambda x, *a: resolve(fun)(x, *a, **kwargs)) if kwargs else fun
    equation = _Equation(function, args)
    found = scipy.optimize.least_squares(equation, plainly(x0), _quietly(jac, args), bounds, *rest, **options)
    if equation.traces:
        if options.get("loss", "linear") != "linear":
            _refuse(equation, f"least_squares with loss={options['loss']!r}")
        value = np.asarray(found.x)
        pair = (
            None if bounds == (-np.inf, np.inf) else scipy.optimize.Bounds(*bounds) if type(bounds) is tuple else bounds
        )
        found.x = _minimum(equation, value, "least_squares", _free(value, pair))
        with at_line(*equation.traces):
            found.fun = with_value(as_array(resolve(function)(found.x, *args)), found.fun)
            found.cost = 0.5 * np.sum(found.fun**2)
    return found


def leastsq(func: Any, x0: Any, args: Any = (), *rest: Any, **options: Any) -> Any:
    """``scipy.optimize.leastsq``."""
    args = _args(args)
    equation = _Equation(func, args)
    found = scipy.optimize.leastsq(equation, plainly(x0), (), *rest, **options)
    if not equation.traces:
        return found
    return (_minimum(equation, np.asarray(found[0]), "leastsq"), *found[1:])


def curve_fit(f: Any, xdata: Any, ydata: Any, p0: Any = None, sigma: Any = None, *rest: Any, **options: Any) -> Any:
    """``scipy.optimize.curve_fit``: the parameters; their covariance is plain, and refused where it would depend on what is traced."""
    plain_x, plain_y = plainly(xdata), plainly(ydata)
    called = resolve(f)

    def residual(p: Any) -> Any:
        count = np.shape(plain(p))[0]
        difference = called(xdata, *[p[i] for i in range(count)]) - as_array(ydata)
        return difference if sigma is None else difference / sigma

    equation = _Equation(residual, ())

    def steering(x: Any, *p: Any) -> Any:
        return plainly(called(x, *p))

    if p0 is None:
        count = _parameters(f)
        p0 = None if count is None else np.ones(count)
    found = scipy.optimize.curve_fit(steering, plain_x, plain_y, plainly(p0), plain(sigma), *rest, **options)
    equation(found[0])
    if not equation.traces:
        return found
    return (_minimum(equation, np.asarray(found[0]), "curve_fit"), *found[1:])


def _parameters(f: Any) -> int | None:
    code = getattr(getattr(f, "__func__", f), "__code__", None)
    if code is None:
        return None
    return int(code.co_argcount) - 1 - hasattr(f, "__self__")


_SINGLE = ("brent", "golden", "fminbound")
_SEVERAL = ("fmin", "fmin_powell", "fmin_bfgs", "fmin_cg")
STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "scipy.optimize": {
        "minimize_scalar": minimize_scalar,
        **{name: _of_scalar(name) for name in _SINGLE},
        "minimize": minimize,
        **{name: _of_vector(name) for name in _SEVERAL},
        "least_squares": least_squares,
        "leastsq": leastsq,
        "curve_fit": curve_fit,
    }
}
