"""SciPy's root finders, minimisers and ``quad`` in the symbolic run: what they find depends on their equation and on where they start, and on nothing else.

The callbacks are looked into as functions that are called with plain data, which they may not write to: it is the solver's.  What a program does in their place is in ``standins/again.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.bounds import made_bounds
from gradwise.tracing.purity.fitting import fitted_model, is_setting_of_fit, takes_data
from gradwise.tracing.purity.integrators import DenseSolution, integrated
from gradwise.tracing.purity.lattice import entry, is_none_itself, is_scalar, level
from gradwise.tracing.purity.scope import is_users_function
from gradwise.tracing.purity.solver_names import SOLVERS
from gradwise.tracing.purity.values import (
    ARRAY,
    FITTED,
    FLOAT,
    FOUND,
    MINIMUM,
    OPAQUE,
    OWN,
    SCALAR,
    SOLVED,
    VECTOR,
    WHOLE,
    Abstract,
    Bound,
    Constant,
    Known,
    Local,
    Row,
)

if TYPE_CHECKING:
    from gradwise.tracing.purity.machine import Machine

_EQUATIONS = frozenset(["f", "func", "fun", "fprime", "fprime2", "jac", "hess", "Dfun"])
_STARTS = frozenset(["a", "b", "x0", "bracket", "x1", "x2", "brack", "bounds", "options"])
#: what their results are asked for
_KNOWN: dict[Abstract, dict[str, Any]] = {
    FOUND: {"x": OWN, "root": OWN, "success": OWN, "converged": OWN},
    MINIMUM: {"x": OWN, "fun": SCALAR, "success": OWN},
    SOLVED: {"y": OWN, "t": OWN, "success": OWN, "status": WHOLE, "sol": DenseSolution()},
    FITTED: {"x": OWN, "fun": OWN, "cost": SCALAR, "success": OWN},
}
#: minimisers, and what their objective is called with
_MINIMISERS = {"minimize": VECTOR, **dict.fromkeys(["minimize_scalar", "brent", "golden", "fminbound"], SCALAR)}
#: ways that ``root`` takes to the end without a word of its own
_METHODS = frozenset(["hybr", "lm"])


def found_by_solver(m: Machine, name: str, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """What a call of a root finder gives."""
    if name == "Bounds":
        return made_bounds(m, arguments, keywords)
    parameters = SOLVERS[name]
    if len(arguments) > len(parameters) or not keywords.keys() <= set(parameters):
        raise m.doubt(f"it calls {name} in a way that is not looked into")
    given = {**dict(zip(parameters, arguments, strict=False)), **keywords}
    if name in _MINIMISERS:
        return _minimum(m, name, given)
    if name in ("solve_ivp", "odeint"):
        return integrated(m, name, given)
    if name == "curve_fit":
        return fitted_model(m, given)
    if name in ("least_squares", "leastsq"):
        return _least_squares(m, name, given)
    start = given.get("x0", Constant(0.0))
    numbers = FLOAT if "b" in parameters else SCALAR if is_scalar(start) else VECTOR
    if name in ("root_scalar", "toms748", "quad"):
        numbers = SCALAR
    elif name in ("newton", "fixed_point") and numbers is VECTOR:
        numbers = ARRAY
    for parameter, value in given.items():
        if parameter in _EQUATIONS and not is_none_itself(value):
            _look_into(m, name, value, numbers, given.get("args", Constant(())))
        elif parameter in _STARTS or parameter == "args":
            m.data(value)
        elif not _is_setting(name, parameter, value):
            raise m.doubt(f"it calls {name} with {parameter}= of its own")
    if name in ("root", "root_scalar"):
        return FOUND
    if name == "quad":  # the estimate of the error belongs to the point
        return Row((FLOAT, OPAQUE))
    found = numbers if numbers in (FLOAT, SCALAR) and name not in {"fixed_point", "fsolve"} else OWN
    if not _says_more(given.get("full_output", Constant(0))):
        return found
    if name == "fsolve":  # of the rest it is the same at each call that the solver converged
        return Row((OWN, OPAQUE, WHOLE, OPAQUE))
    if found is OWN:
        raise m.doubt(f"it calls {name} with full_output= for an array")
    return Row((found, FOUND))


def _minimum(m: Machine, name: str, given: dict[str, Any]) -> Any:
    """What a call of a minimiser gives."""
    for parameter, value in given.items():
        if parameter in _EQUATIONS and type(value) is not Constant:
            _look_into(m, name, value, _MINIMISERS[name], given.get("args", Constant(())))
        elif parameter in _STARTS or parameter == "args" or (parameter in _EQUATIONS and type(value) is Constant):
            takes_data(m, parameter, value)
        elif parameter != "full_output" and not _is_setting_of_minimiser(parameter, value):
            raise m.doubt(f"it calls {name} with {parameter}= of its own")
    if name in ("minimize", "minimize_scalar"):
        return MINIMUM
    if not _says_more(given.get("full_output", Constant(0))):
        return SCALAR
    if name == "golden":
        raise m.doubt("it calls golden with full_output=")
    return Row((SCALAR, SCALAR, OPAQUE, OPAQUE))


def _least_squares(m: Machine, name: str, given: dict[str, Any]) -> Any:
    """What a call of ``least_squares`` or ``leastsq`` gives."""
    for parameter, value in given.items():
        if parameter in _EQUATIONS and type(value) is not Constant:
            _look_into(m, name, value, VECTOR, given.get("args", Constant(())))
        elif parameter in _STARTS or parameter == "args":
            takes_data(m, parameter, value)
        elif not is_setting_of_fit(parameter, value):
            raise m.doubt(f"it calls {name} with {parameter}= of its own")
    return FITTED if name == "least_squares" else Row((OWN, OPAQUE))


def _is_setting_of_minimiser(parameter: str, value: Any) -> bool:
    if type(value) is not Constant:
        return parameter in _NUMBERS and is_scalar(value)
    if parameter in ("disp", "hessp", "callback", "constraints"):
        return not value.value
    return value.value is None or type(value.value) in (int, float, bool, str)


def _says_more(full_output: Any) -> bool:
    return bool(full_output.value)


def _is_setting(name: str, parameter: str, value: Any) -> bool:
    if type(value) is not Constant:  # a number that is read somewhere counts by value (``standins/again.py``)
        return parameter in _NUMBERS and is_scalar(value)
    if parameter == "full_output":
        return name != "quad" or not value.value
    if parameter == "disp":
        return value.value is True
    if parameter == "x1":
        return value.value is None
    if parameter == "method" and value.value not in _METHODS:
        return value.value is None or value.value in _OF_ONE
    return value.value is None or type(value.value) in (int, float, bool, str)


#: settings that may be any numbers
_NUMBERS = frozenset(["xtol", "rtol", "tol", "maxiter", "maxfev", "maxfun", "epsfcn", "factor", "epsabs", "epsrel", "limit"])  # fmt: skip
#: methods of ``root_scalar`` and ``fixed_point``
_OF_ONE = frozenset(["bisect", "brentq", "brenth", "ridder", "toms748", "newton", "secant", "halley", "del2", "iteration"])  # fmt: skip


def _look_into(m: Machine, name: str, callback: Any, numbers: Any, args: Any) -> None:
    """What a callback gives for the unknowns and the further arguments: plain data."""
    one = callback.function if type(callback) is Bound else callback
    degree = m.data(args)
    if type(one) is Local and type(callback) is Local:
        count = one.code.co_argcount - 1
        m.data(m.scope.call_local(m, one, [numbers, *[entry(degree)] * count], {}))
        return
    if type(args) is Constant and args.value == ():
        m.data(m.scope.call(m, callback, [numbers]))
        return
    if type(one) is not Known or not is_users_function(one.value):
        raise m.doubt(f"it calls {name} with a callback that is not looked into")
    before = [callback.receiver] if type(callback) is Bound else []
    if level(args) is None:
        raise m.doubt(f"it calls {name} with arguments that are not looked into")
    m.data(m.scope.call_function(m, one, [*before, numbers], {}, complete=False))


def entry_of_found(m: Machine, found: Any, key: Any) -> Any:
    """``solution["x"]``."""
    if type(key) is not Constant or type(key.value) is not str:
        raise m.doubt("an entry of what a solver found is not looked into")
    return attribute_of_found(m, found, key.value)


def is_found(value: Any) -> bool:
    """Whether a value is what a solver gives."""
    return type(value) is Abstract and value in _KNOWN


def attribute_of_found(m: Machine, found: Any, name: str) -> Any:
    """What is found, and whether it is a root or a minimum."""
    known = _KNOWN[found]
    if name not in known:
        raise m.doubt(f"the attribute {name!r} of what a solver found is not looked into")
    return known[name]
