"""SciPy's ``solve_ivp`` and ``odeint`` in the symbolic run: the right-hand side is looked into as a function of a number and a vector, which are the solver's.

Events, Jacobians of the user's and settings that are no plain numbers are left to the function itself.  What a program does in the place of the call is in ``standins/solutions_again.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.lattice import entry, is_none_itself, is_scalar, level
from gradwise.tracing.purity.scope import is_users_function
from gradwise.tracing.purity.values import OWN, SCALAR, SOLVED, VECTOR, Bound, Constant, Known, Local

if TYPE_CHECKING:
    from gradwise.tracing.purity.machine import Machine

_DATA = frozenset(["t_span", "y0", "t_eval", "t", "args"])
_NUMBERS = frozenset(["rtol", "atol", "max_step", "first_step", "min_step", "h0", "hmax", "hmin", "mxstep"])
_METHODS = frozenset(["RK23", "RK45", "DOP853", "Radau", "BDF", "LSODA"])


def integrated(m: Machine, name: str, given: dict[str, Any]) -> Any:
    """What a call of an integrator gives."""
    is_first = given.get("tfirst", Constant(False))  # a value of the code
    if type(is_first) is not Constant:
        raise m.doubt("it calls odeint with tfirst= of its own")
    point = [SCALAR, VECTOR] if name == "solve_ivp" or is_first.value else [VECTOR, SCALAR]
    for parameter, value in given.items():
        if parameter in ("fun", "func"):
            _look_into(m, name, value, point, given.get("args", Constant(())))
        elif parameter in _DATA:
            m.data(value)
        elif not _is_setting(parameter, value):
            raise m.doubt(f"it calls {name} with {parameter}= of its own")
    return SOLVED if name == "solve_ivp" else OWN


def _is_setting(parameter: str, value: Any) -> bool:
    if parameter in _NUMBERS:
        return is_scalar(value) or is_none_itself(value)
    if type(value) is not Constant:
        return False
    if parameter == "method":
        return value.value in _METHODS
    if parameter in ("dense_output", "tfirst"):
        return type(value.value) is bool
    return not value.value  # vectorized, events, full_output, …


def _look_into(m: Machine, name: str, callback: Any, point: list[Any], args: Any) -> None:
    """What the right-hand side gives for time, state and further arguments: plain data."""
    one = callback.function if type(callback) is Bound else callback
    if is_none_itself(args) or (type(args) is Constant and args.value == ()):
        m.data(m.scope.call(m, callback, point))
        return
    degree = m.data(args)
    if type(one) is Local and type(callback) is Local:
        count = one.code.co_argcount - len(point)
        m.data(m.scope.call_local(m, one, [*point, *[entry(degree)] * count], {}))
        return
    if type(one) is not Known or not is_users_function(one.value) or level(args) is None:
        raise m.doubt(f"it calls {name} with a right-hand side that is not looked into")
    before = [callback.receiver] if type(callback) is Bound else []
    m.data(m.scope.call_function(m, one, [*before, *point], {}, complete=False))


@dataclass(slots=True, unsafe_hash=True)
class DenseSolution:
    """``solution.sol``, about to be called."""

    def result(self, m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
        """States at some times."""
        if len(arguments) != 1 or keywords:
            raise m.doubt("it calls a dense solution in a way that is not looked into")
        m.data(arguments[0])
        return OWN
