"""``scipy.optimize``'s minimisers: minimize_scalar, fminbound, minimize, fmin and its relatives.

SciPy finds the minimum, from plain values.  Its derivative is that of a root of the gradient, by the implicit function theorem (``operators/implicit.py``); with constraints that hold with equality, and
bounds that are reached, that of a root of the conditions of Karush, Kuhn and Tucker (``operators/optima.py``).  Other results of SciPy's (approximate Hessians, histories) have no rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.instrument.state import note_distance
from gradwise.tracing.optima import constrained
from gradwise.tracing.roots import differentiated, rooted, rooted_anew
from gradwise.tracing.standins.again import fixed
from gradwise.tracing.standins.equations_solved import Equation, quietly, reported, solved
from gradwise.tracing.standins.left_behind import as_often_as_called, left
from gradwise.tracing.standins.minima_again import is_between, of_named, of_one_number, of_several
from gradwise.tracing.standins.recording import at_line, resolve
from gradwise.tracing.standins.scipy_calling import only_at_this_point, with_value, without_rule
from gradwise.tracing.standins.scipy_constraints import Constraints, bounds_of, read
from gradwise.tracing.standins.scipy_roots import _args
from gradwise.tracing.standins.stacking import plainly

if TYPE_CHECKING:
    from collections.abc import Callable

#: a Newton step from what SciPy found may go this far, relative to the point: else it is no minimum
_STEP = 1e-3


def traces_of(equation: Equation, held: Constraints | None = None) -> list[Any]:
    """The open traces on which a minimum depends."""
    return [*equation.traces, *[t for t in (held.traces if held else []) if t not in equation.traces]]


def minimum(equation: Equation, value: Any, what: str, held: Constraints | None = None, free: Any = None) -> Any:
    """The minimum as a function of what the objective and the constraints read; ``free`` says which entries move at all."""
    traces = traces_of(equation, held)
    with at_line(*traces):
        start = np.asarray(value, float)
        active, signs = (None, np.zeros(0, bool)) if held is None else held.active(start)
        known = None if signs.size or free is not None else _known(equation, start[()])
        if known is not None:
            return with_value(known, value)
        only_at_this_point(traces)

        def objective(x: Any, *args: Any) -> Any:
            return resolve(equation.function)(x, *args)  # its twin in the run that asks

        if signs.size:
            try:
                found, _ = constrained[0](_number_of(objective), start, equation.args, active, signs)
            except ArithmeticError as error:
                raise traces[0].fail(
                    f"{what} was differentiated at {value!r}, where its minimum has no derivative: {error}. A minimum that moves smoothly is required"
                ) from None
        else:
            found = differentiated[2](objective, start, equation.args, free)
        step = np.abs(np.asarray(plain(found)) - value)
        if not np.all(step <= _STEP * (1.0 + np.abs(value))):
            raise traces[0].fail(
                f"{what} was differentiated at {value!r}, which is no minimum: the gradient of the objective is not zero there. What is none has no derivative by its "
                "equation. A tighter tolerance, a better start, or a smooth objective is required"
            )
        note_distance(start, plain(found))
        return with_value(found, start) if np.ndim(value) else with_value(found, value)


def _known(equation: Equation, point: Any) -> Any:
    """The minimum as a root of the gradient of the recorded objective; None where that is not known."""
    if equation.formula is None:
        return None
    each = not np.ndim(point)
    if equation.again is not None:
        made = rooted_anew[0](equation.formula, point, equation.again, each=each, near=_STEP)
        if made is not None:
            return made
    only_at_this_point(equation.traces)
    return rooted[0](equation.formula, point, each=each, near=_STEP)


def _number_of(objective: Callable[..., Any]) -> Callable[..., Any]:
    """The objective as a number: of a pair of value and gradient the first, of an array half the sum of squares."""

    def energy(x: Any, *args: Any) -> Any:
        value = objective(x, *args)
        value = value[0] if type(value) is tuple else value
        value = np.asarray(value) if isinstance(value, list) else value
        return 0.5 * np.sum(value**2) if np.ndim(value) else value

    return energy


def value_at(equation: Equation, x: Any, value: Any) -> Any:
    """The objective at the minimum."""
    with at_line(*equation.traces):
        result = resolve(equation.function)(x, *equation.args)
        return with_value(result[0] if type(result) is tuple else result, value)


def rest_without_rule(found: Any, what: str, known: tuple[str, ...]) -> None:
    """The other numbers of a result, which depend on the solver's way."""
    source = found.x
    for name, item in found.items():
        if name not in known:
            found[name] = without_rule(item, source, f"{what}(...).{name}", "Its x and fun have one")


# --- one variable ---------------------------------------------------------------------------------------------------------------


@as_often_as_called
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
    (tol,) = fixed((tol,))
    options = None if options is None else fixed(dict(options))

    def run(f: Any, others: list[Any], args: tuple[Any, ...]) -> Any:
        return scipy.optimize.minimize_scalar(f, plainly(bracket), plainly(bounds), args, method, tol, options)

    way = of_one_number(bracket, bounds, method, tol, options)
    equation, found = solved(run, lambda r: r.x, fun, (), _args(args), 1.0, (method,), way)
    left(fun, args)
    held = Constraints()
    if bounds is not None:
        held.note(*bounds)
    if traces_of(equation, held):
        found.x = _between(equation, found.x, bounds, (options or {}).get("xatol", 1e-5), "minimize_scalar", held)
        found.fun = value_at(equation, found.x, found.fun)
    return found


def _between(equation: Equation, x: float, bounds: Any, tolerance: float, what: str, held: Constraints) -> Any:
    """The minimum of a function of one number between bounds: it moves with a bound that it is at."""
    if bounds is None:
        return minimum(equation, x, what, held)
    low, high = plainly(bounds)
    if is_between(x, low, high, tolerance):
        return minimum(equation, x, what, held)
    end = bounds[0] if x - low < high - x else bounds[1]
    function = equation.function
    alone = Equation(lambda z, *args: resolve(function)(z[0], *args), equation.args)
    alone.traces = equation.traces
    held.inequality((lambda z: z - end) if end is bounds[0] else (lambda z: end - z))
    found = minimum(alone, np.array([float(plain(end))]), what, held)
    note_distance(x, plain(end))
    return with_value(found[0], x)


def _of_scalar(name: str) -> Callable[..., Any]:
    """``brent``, ``golden`` and ``fminbound``: the minimum alone."""

    @as_often_as_called
    def call(func: Any, *args: Any, **options: Any) -> Any:
        given = dict(zip(_PARAMETERS[name], args, strict=False)) | options
        function_args = given.pop("args", ())
        starts = [given.pop("x1"), given.pop("x2")] if name == "fminbound" else given.pop("brack", None) or ()
        settings = fixed(given)

        def run(f: Any, others: list[Any], further: tuple[Any, ...]) -> Any:
            if name == "fminbound":
                return scipy.optimize.fminbound(f, *map(plainly, starts), further, **settings)
            return getattr(scipy.optimize, name)(f, further, plainly(starts) or None, **settings)

        way = of_named(name, starts, settings)
        equation, found = solved(
            run, lambda r: r[0] if type(r) is tuple else r, func, (), _args(function_args), 1.0, (), way
        )
        left(func, function_args)
        bounds = starts if name == "fminbound" else None
        held = Constraints()
        held.note(*(bounds or ()))
        if not traces_of(equation, held):
            return found
        value = found[0] if type(found) is tuple else found
        x = _between(equation, value, bounds, settings.get("xtol", 1e-5), name, held)
        if type(found) is not tuple:
            return x
        return (x, value_at(equation, x, found[1]), *found[2:])

    call.__name__ = name
    call.__doc__ = f"``scipy.optimize.{name}``."
    return call


_PARAMETERS = {
    **dict.fromkeys(["brent", "golden"], ("args", "brack", "tol", "full_output", "maxiter")),
    "fminbound": ("x1", "x2", "args", "xtol", "maxfun", "full_output", "disp"),
}


# --- several variables ------------------------------------------------------------------------------------------------------------


@as_often_as_called
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
    args, (tol,) = _args(args), fixed((tol,))
    options, callback = None if options is None else fixed(dict(options)), reported(callback)
    ours, low, high = bounds_of(bounds, np.size(plainly(x0)))
    held, given, wrapped = constraints_of(constraints)

    def run(f: Any, others: list[Any], args: tuple[Any, ...]) -> Any:
        return scipy.optimize.minimize(f, plainly(x0), args, method, *others, ours, given, tol, callback, options)

    way = None
    if isinstance(given, tuple) and not given and hessp is None:
        way = of_several(x0, method, jac, hess, low, high, bounds, tol, options)
    settings = (callback, method, *(options or {}).values(), *wrapped)
    equation, found = solved(run, lambda r: r.x, fun, (jac, hess, hessp), args, _as_start(x0), settings, way)
    left(fun, args, jac, hess, hessp, constraints)
    if low is not None:
        held.between(lambda x: x, low, high)
    collect(held, wrapped)
    if traces_of(equation, held):
        found.x = minimum(equation, np.asarray(found.x), "minimize", held)
        found.fun = value_at(equation, found.x, found.fun)
        rest_without_rule(found, "minimize", ("x", "fun"))
    return found


def _as_start(x0: Any) -> np.ndarray:
    """What the objective is called with."""
    return np.atleast_1d(np.asarray(plainly(x0), float))


def constraints_of(constraints: Any) -> tuple[Constraints, Any, list[Equation]]:
    """The constraints as they are, as SciPy is given them, and what notes whether their values are traced."""
    held = Constraints()
    wrapped: list[Equation] = []

    def wrap(function: Any, args: tuple[Any, ...]) -> Equation:
        wrapped.append(Equation(function, args))
        return wrapped[-1]

    given = read(constraints, held, wrap) if not isinstance(constraints, (tuple, list)) or len(constraints) else ()
    return held, given, wrapped


def collect(held: Constraints, wrapped: list[Equation]) -> None:
    """Note the traces that the constraints met."""
    for equation in wrapped:
        held.traces += [t for t in equation.traces if t not in held.traces]


def _of_vector(name: str) -> Callable[..., Any]:
    """``fmin``, ``fmin_bfgs``, ``fmin_cg``, ``fmin_powell``: the minimum alone."""

    @as_often_as_called
    def call(func: Any, x0: Any, *rest: Any, **options: Any) -> Any:
        names = ("args",) if name in {"fmin", "fmin_powell"} else ("fprime", "args")
        options = dict(zip(names, rest, strict=False)) | options
        args = _args(options.pop("args", ()))
        equation = Equation(func, args)
        if "fprime" in options:
            options["fprime"] = quietly(options["fprime"], args)
        if "callback" in options:
            options["callback"] = reported(options["callback"])
        found = getattr(scipy.optimize, name)(equation, plainly(x0), **options)
        left(func, args, options.get("fprime"))
        if not equation.traces:
            return found
        if type(found) is tuple:
            x = minimum(equation, np.asarray(found[0]), name)
            cure = "Its minimum and value have one"
            if not options.get("full_output"):
                return (x, *[without_rule(v, x, f"{name} with retall", cure) for v in found[1:]])
            return (x, value_at(equation, x, found[1]), *[without_rule(v, x, name, cure) for v in found[2:]])
        return minimum(equation, np.asarray(found), name)

    call.__name__ = name
    call.__doc__ = f"``scipy.optimize.{name}``."
    return call


_SINGLE = ("brent", "golden", "fminbound")
_SEVERAL = ("fmin", "fmin_powell", "fmin_bfgs", "fmin_cg")
STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "scipy.optimize": {
        "minimize_scalar": minimize_scalar,
        **{name: _of_scalar(name) for name in _SINGLE},
        "minimize": minimize,
        **{name: _of_vector(name) for name in _SEVERAL},
    }
}
