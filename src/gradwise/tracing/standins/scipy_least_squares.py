"""``scipy.optimize``'s least squares: least_squares, leastsq, curve_fit.

The parameters are a minimum of the cost (``scipy_minima.py``), their covariance a formula of the Jacobian there, which is exact.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.rules.found_values import found_value
from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.operands import as_array, carries
from gradwise.tracing.instrument.state import local
from gradwise.tracing.optima import constrained
from gradwise.tracing.standins.again import fixed, is_asked
from gradwise.tracing.standins.equations_solved import Equation, Way, reported, solved
from gradwise.tracing.standins.fits_again import fitted, of_leastsq, of_model, of_residuals, with_signature
from gradwise.tracing.standins.left_behind import as_often_as_called, left
from gradwise.tracing.standins.proven import formula_of
from gradwise.tracing.standins.recording import at_line, resolve
from gradwise.tracing.standins.scipy_calling import only_at_this_point, with_value, without_rule
from gradwise.tracing.standins.scipy_constraints import Constraints
from gradwise.tracing.standins.scipy_minima import minimum, rest_without_rule, traces_of
from gradwise.tracing.standins.scipy_roots import _args, unpacked
from gradwise.tracing.standins.stacking import assembled, plainly
from gradwise.tracing.traced import apply, dtype_of, isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable

#: ρ(z) of the squares z of scaled residuals, as SciPy's ``loss``
_LOSSES: dict[str, Callable[[Any], Any]] = {
    "soft_l1": lambda z: 2 * (np.sqrt(1 + z) - 1),
    "huber": lambda z: np.where(z <= 1, z, 2 * np.sqrt(np.where(z <= 1, 1.0, z)) - 1),
    "cauchy": np.log1p,
    "arctan": np.arctan,
}


@as_often_as_called
def least_squares(
    fun: Any, x0: Any, jac: Any = "2-point", bounds: Any = (-np.inf, np.inf), *rest: Any, **options: Any
) -> Any:
    """``scipy.optimize.least_squares``."""
    args = unpacked(options.pop("args", ()))
    kwargs = options.pop("kwargs", {})
    function = _with(fun, kwargs)
    names = ("method", "ftol", "xtol", "gtol", "x_scale", "loss", "f_scale")
    given = dict(zip(names, rest, strict=False)) | options
    loss, scale = given.get("loss", "linear"), given.get("f_scale", 1.0)  # which may be traced
    rest, options = fixed(rest), fixed(options)
    if "callback" in options:
        options["callback"] = reported(options["callback"])
    n = np.size(plainly(x0))
    pair = (bounds.lb, bounds.ub) if isinstance(bounds, scipy.optimize.Bounds) else tuple(bounds)

    def run(f: Any, others: list[Any], args: tuple[Any, ...]) -> Any:
        return scipy.optimize.least_squares(
            f, plainly(x0), others[0], tuple(plainly(b) for b in pair), *rest, args=args, **options
        )

    way = None if rest or kwargs else of_residuals(x0, jac, pair, options)
    sample = np.atleast_1d(np.asarray(plainly(x0), float))
    settings = [o for o in (*rest, *options.values()) if callable(o)]
    equation, found = solved(run, lambda r: r.x, function, (_with(jac, kwargs),), args, sample, settings, way)
    left(fun, jac, args, kwargs)
    held = Constraints()
    held.between(lambda x: x, *[np.broadcast_to(as_array(b) * 1.0, (n,)) for b in pair])
    if not traces_of(equation, held):
        return found
    of_cost, cost = _cost(equation, loss, scale, held, "least_squares", np.asarray(found.x))
    found.x = minimum(of_cost, np.asarray(found.x), "least_squares", held)
    with at_line(*traces_of(equation, held)):
        residuals = as_array(_residuals(resolve(function)(found.x, *args)))
        found.fun = with_value(residuals, found.fun)
        found.cost = with_value(
            0.5 * np.dot(residuals, residuals)
            if loss == "linear" and np.ndim(residuals) == 1
            else cost(found.x, *args),
            found.cost,
        )
        found.jac = (
            _jacobian(function, found.x, args, found.jac, "least_squares(...).jac") if loss == "linear" else found.jac
        )
    known = ("x", "fun", "cost", "jac") if loss == "linear" else ("x", "fun", "cost")
    rest_without_rule(found, "least_squares", known)
    return found


def _with(callback: Any, kwargs: dict[str, Any]) -> Any:
    """The callback with its arguments by name."""
    if not kwargs or not callable(callback):
        return callback
    return lambda x, *a: resolve(callback)(x, *a, **kwargs)


def _cost(
    equation: Equation, loss: Any, scale: Any, held: Constraints, what: str, point: np.ndarray
) -> tuple[Equation, Any]:
    """½ scale² Σ ρ((residual / scale)²) of the residuals: as an equation, and as a function."""
    if callable(loss) or loss not in {"linear", *_LOSSES}:
        raise traces_of(equation, held)[0].fail(
            f"{what} with a loss function of your own has no rule for its derivative. One of SciPy's losses, by name, is required. Use method='numerical'"
        )

    def cost(x: Any, *a: Any) -> Any:
        squares = (np.reshape(as_array(_residuals(resolve(equation.function)(x, *a))), (-1,)) / scale) ** 2
        return 0.5 * scale**2 * np.sum(squares if loss == "linear" else _LOSSES[loss](squares))

    of_cost = Equation(cost, equation.args)
    of_cost.traces = equation.traces
    if equation.formula is not None:
        of_cost.again = equation.again
        is_known = loss == "linear" and np.ndim(equation.formula.value)  # as half the sum of their squares
        of_cost.formula = equation.formula if is_known else formula_of(lambda x: cost(x, *equation.args), (point,))
    return of_cost, cost


def _residuals(value: Any) -> Any:
    return np.stack(value) if type(value) in {list, tuple} else value


def _jacobian(function: Any, x: Any, args: tuple[Any, ...], value: Any, what: str) -> Any:
    """The exact Jacobian at the minimum, if SciPy's is that to the error of differences; else a value without a rule."""
    made = constrained[1](lambda z, *a: np.reshape(as_array(_residuals(resolve(function)(z, *a))), (-1,)), x, args)
    near = np.shape(plain(made)) == np.shape(value) and np.allclose(plain(made), value, rtol=1e-4, atol=1e-5)
    return with_value(made, value) if near else without_rule(value, x, what, "Its x has one")


@as_often_as_called
def leastsq(func: Any, x0: Any, args: Any = (), Dfun: Any = None, *rest: Any, **options: Any) -> Any:
    """``scipy.optimize.leastsq``."""
    args, rest, options = _args(args), fixed(rest), fixed(options)

    def run(f: Any, others: list[Any], args: tuple[Any, ...]) -> Any:
        return scipy.optimize.leastsq(f, plainly(x0), args, others[0], *rest, **options)

    way = None if rest else of_leastsq(x0, Dfun, options)
    sample = np.atleast_1d(np.asarray(plainly(x0), float))
    equation, found = solved(run, lambda r: r[0], func, (Dfun,), args, sample, (), way)
    left(func, args)
    if not equation.traces:
        return found
    if equation.formula is not None and not np.ndim(equation.formula.value):  # one residual, which is to be squared
        equation.formula = None
    x = minimum(equation, np.asarray(found[0]), "leastsq")
    if len(found) == 2:
        return x, found[1]
    with at_line(*equation.traces):
        covariance = _covariance(func, x, args, found[1], 1.0, "leastsq")
    return (x, covariance, *[without_rule(v, x, "leastsq's infodict", "Its x has one") for v in found[2:]])


def _covariance(
    function: Any, x: Any, args: tuple[Any, ...], value: Any, scale: Any, what: str, anew: Any = None
) -> Any:
    """Scale · (JᵀJ)⁻¹, the covariance of the parameters; ``anew``: SciPy's, where a program finds it."""
    if value is None or not np.all(np.isfinite(value)):
        return value
    jacobian = constrained[1](lambda z, *a: np.reshape(as_array(_residuals(resolve(function)(z, *a))), (-1,)), x, args)
    made = np.linalg.inv(jacobian.T @ jacobian) * scale
    size = np.max(np.abs(value), initial=0.0)
    if np.allclose(plain(made), value, rtol=1e-3, atol=1e-4 * size):
        if not carries(made):
            return value
        given = anew if isinstance_traced(anew) else value
        return apply(made.tape, found_value, (given, made), (), value)
    return without_rule(value, x, f"the covariance that {what} found", "Its parameters have one")


@as_often_as_called
def curve_fit(
    f: Any,
    xdata: Any,
    ydata: Any,
    p0: Any = None,
    sigma: Any = None,
    absolute_sigma: bool = False,
    check_finite: Any = None,
    bounds: Any = (-np.inf, np.inf),
    method: Any = None,
    jac: Any = None,
    **options: Any,
) -> Any:
    """``scipy.optimize.curve_fit``: the parameters and their covariance."""
    if options.get("nan_policy") == "omit":
        xdata, ydata, sigma = _without_nan(xdata, ydata, sigma)
    loss, loss_scale = options.get("loss", "linear"), options.get("f_scale", 1.0)  # which may be traced
    options, absolute_sigma = fixed(options), fixed((absolute_sigma,))[0]
    plain_y = plainly(ydata)
    if isinstance(plainly(xdata), (list, tuple, np.ndarray)):  # which SciPy makes an array of floats
        xdata = as_array(assembled(xdata) if type(xdata) in (list, tuple) else xdata)
        xdata = xdata if dtype_of(plain(xdata)) == np.float64 else xdata.astype(float)
    plain_x = plainly(xdata)
    called = resolve(f)

    def residual(p: Any) -> Any:
        count = np.shape(plain(p))[0]
        difference = called(xdata, *[p[i] for i in range(count)]) - as_array(ydata)
        if sigma is None:
            return difference
        if np.ndim(plain(as_array(sigma))) == 2:
            return np.linalg.solve(np.linalg.cholesky(as_array(sigma)), difference)
        return difference / as_array(sigma)

    equation = Equation(residual, ())
    given_count = _parameters(f) if p0 is None else np.size(plainly(p0))
    pair = (bounds.lb, bounds.ub) if isinstance(bounds, scipy.optimize.Bounds) else tuple(bounds)

    def run(model: Any, slope: Any) -> Any:
        def steering(x: Any, *p: Any) -> Any:
            return model(x, *p)

        if p0 is None and given_count is not None:  # SciPy counts the parameters of the function
            with_signature(steering, given_count)
        return scipy.optimize.curve_fit(
            steering, plain_x, plain_y, plainly(p0), plainly(sigma), absolute_sigma, check_finite,
            tuple(plainly(b) for b in pair), method, slope if callable(jac) else jac, **options,
        )  # fmt: skip

    def at(callback: Any, p: Any) -> Any:
        return resolve(callback)(xdata, *[p[i] for i in range(np.shape(plain(p))[0])])

    def way(found: Any, count: int) -> Way | None:
        named = {"absolute_sigma": absolute_sigma, "check_finite": check_finite, "method": method, **options}
        return of_model((xdata, ydata), p0, sigma, pair, jac, named, count)

    fit = None
    if given_count is not None:
        slope = functools.partial(at, jac) if callable(jac) else None
        callbacks = f, jac if callable(jac) else None
        fit = fitted(run, functools.partial(at, f), slope, residual, callbacks, plain_x, given_count, way)
    if fit is not None:
        found, equation.formula, equation.again = fit.found, fit.formula, fit.again
        equation.traces = fit.formula.traces if fit.formula.moves else []
    else:
        found = run(lambda x, *p: plainly(called(x, *p)), lambda x, *p: plainly(resolve(jac)(x, *p)))
    left(f, jac)
    value = np.asarray(found[0])
    if fit is None:
        equation(value)
    if equation.again is None and is_asked() and local.watch is not None:
        only_at_this_point([local.watch.trace])
    held = Constraints()
    held.between(lambda x: x, *[np.broadcast_to(as_array(b) * 1.0, value.shape) for b in pair])
    if not traces_of(equation, held):
        return found
    if loss != "linear":
        equation, _ = _cost(equation, loss, loss_scale, held, "curve_fit", value)
    x = minimum(equation, value, "curve_fit", held)
    with at_line(*traces_of(equation, held)):
        scale: Any = 1.0
        if not absolute_sigma:
            rest = residual(x)
            scale = np.sum(rest**2) / max(np.size(plain(rest)) - value.size, 1)
        beside = None if equation.again is None else equation.again.beside[0]
        covariance = _covariance(residual, x, (), found[1], scale, "curve_fit", beside)
    return (x, covariance, *[without_rule(v, x, "curve_fit's infodict", "Its parameters have one") for v in found[2:]])


def _without_nan(xdata: Any, ydata: Any, sigma: Any) -> tuple[Any, Any, Any]:
    """The data without the places at which some number is not one, as ``nan_policy="omit"`` has it."""
    x, y = as_array(xdata), as_array(ydata)
    bad = np.isnan(plain(y))
    missing = np.isnan(plain(x))
    bad |= np.any(missing, axis=tuple(range(missing.ndim - 1)))
    if sigma is not None:
        sigma = as_array(sigma)
        sigma = sigma[~bad] if sigma.ndim == 1 else sigma[~bad][:, ~bad] if sigma.ndim == 2 else sigma
    return x[..., ~bad], y[~bad], sigma


def _parameters(f: Any) -> int | None:
    code = getattr(getattr(f, "__func__", f), "__code__", None)
    if code is None:
        return None
    return int(code.co_argcount) - 1 - hasattr(f, "__self__")


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "scipy.optimize": {"least_squares": least_squares, "leastsq": leastsq, "curve_fit": curve_fit}
}
