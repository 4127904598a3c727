"""SciPy's least squares in the symbolic run: ``least_squares``, ``leastsq`` and ``curve_fit`` are minimisers of residuals (``solvers.py``).

A model is called with the data and with the parameters one by one; of the parameters it is not known how many there are where it takes them by ``*args``.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.lattice import is_scalar, level
from gradwise.tracing.purity.scope import is_users_function
from gradwise.tracing.purity.values import ARRAY, BOUNDS, FRESH, OWN, SCALAR, Bound, Constant, Known, Local, Row

if TYPE_CHECKING:
    from gradwise.tracing.purity.machine import Machine

#: parameters of ``curve_fit`` that are data
_DATA = frozenset(["xdata", "ydata", "p0", "sigma", "bounds"])
#: settings that may be any numbers
_NUMBERS = frozenset(["ftol", "xtol", "gtol", "f_scale", "diff_step", "max_nfev", "maxfev", "epsfcn", "factor"])
_LOSSES = frozenset(["linear", "soft_l1", "cauchy", "arctan"])


def is_setting_of_fit(parameter: str, value: Any) -> bool:
    """Whether a setting of least squares is known: plain numbers and texts of the code, or numbers that count by value."""
    if type(value) is not Constant:
        return parameter in _NUMBERS and is_scalar(value)
    if parameter in (
        "verbose",
        "full_output",
        "nan_policy",
        "callback",
        "tr_options",
        "jac_sparsity",
        "workers",
        "diag",
    ):
        return not value.value
    if parameter == "loss":
        return value.value in _LOSSES
    return parameter != "kwargs" and (value.value is None or type(value.value) in (int, float, bool, str))


def takes_data(m: Machine, parameter: str, value: Any) -> None:
    """An argument is data, or bounds."""
    if parameter != "bounds" or value is not BOUNDS:
        m.data(value)


def fitted_model(m: Machine, given: dict[str, Any]) -> Any:
    """What a call of ``curve_fit`` gives."""
    if not {"f", "xdata", "ydata"} <= given.keys():
        raise m.doubt("it calls curve_fit in a way that is not looked into")
    x = given["xdata"]
    degree = m.data(x)
    # SciPy makes an array of floats of a list, in memory of its own
    seen = x if level(x) is not None and degree in (OWN, ARRAY) else OWN if degree is FRESH else ARRAY
    for parameter, value in given.items():
        if parameter == "f" or (parameter == "jac" and type(value) is not Constant):
            _look_into_model(m, value, seen)
        elif parameter in _DATA:
            takes_data(m, parameter, value)
        elif not is_setting_of_fit(parameter, value):
            raise m.doubt(f"it calls curve_fit with {parameter}= of its own")
    return Row((OWN, OWN))


def _look_into_model(m: Machine, model: Any, x: Any) -> None:
    one = model.function if type(model) is Bound else model
    before = [model.receiver] if type(model) is Bound else []
    code = one.code if type(one) is Local else one.value.__code__ if type(one) is Known and is_users_function(one.value) else None  # fmt: skip
    if code is None:
        raise m.doubt("it calls curve_fit with a model that is not looked into")
    if code.co_flags & inspect.CO_VARARGS:
        if type(one) is Known:
            m.data(m.scope.call_function(m, one, [*before, x], {}, complete=False))
        else:  # parameters that are given nothing here are any data
            m.data(m.scope.call_local(m, one, [*before, x], {}))
        return
    m.data(m.scope.call(m, model, [x, *[SCALAR] * (code.co_argcount - 1 - len(before))]))
