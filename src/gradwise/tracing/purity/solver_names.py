"""The root finders, minimisers, fits and integrators of SciPy's, and ``quad``, with their parameters (``solvers.py``)."""

from __future__ import annotations

import sys
import types
from typing import Any

from gradwise.tracing.purity.callables import is_librarys

BRACKETING = ("f", "a", "b", "args", "xtol", "rtol", "maxiter", "full_output", "disp")
#: the parameters of each, by name
SOLVERS = {
    **dict.fromkeys(["brentq", "brenth", "bisect", "ridder"], BRACKETING),
    "toms748": ("f", "a", "b", "args", "k", *BRACKETING[4:]),
    "newton": ("func", "x0", "fprime", "args", "tol", "maxiter", "fprime2", "x1", "rtol", "full_output", "disp"),
    "root_scalar": ("f", "args", "method", "bracket", "fprime", "fprime2", "x0", "x1", "xtol", "rtol", "maxiter"),
    "fsolve": ("func", "x0", "args", "fprime", "full_output", "col_deriv", "xtol", "maxfev", "band", "epsfcn", "factor"),
    "root": ("fun", "x0", "args", "method", "jac", "tol"),
    "quad": ("func", "a", "b", "args", "full_output", "epsabs", "epsrel", "limit"),
    "fixed_point": ("func", "x0", "args", "xtol", "maxiter", "method"),
    "minimize_scalar": ("fun", "bracket", "bounds", "args", "method", "tol", "options"),
    "minimize": ("fun", "x0", "args", "method", "jac", "hess", "hessp", "bounds", "constraints", "tol", "callback", "options"),
    **dict.fromkeys(["brent", "golden"], ("func", "args", "brack", "tol", "full_output", "maxiter")),
    "least_squares": ("fun", "x0", "jac", "bounds", "method", "ftol", "xtol", "gtol", "x_scale", "loss", "f_scale", "diff_step", "tr_solver", "tr_options", "jac_sparsity", "max_nfev", "verbose", "args", "kwargs", "callback", "workers"),
    "leastsq": ("func", "x0", "args", "Dfun", "full_output", "col_deriv", "ftol", "xtol", "gtol", "maxfev", "epsfcn", "factor", "diag"),
    "curve_fit": ("f", "xdata", "ydata", "p0", "sigma", "absolute_sigma", "check_finite", "bounds", "method", "jac", "full_output", "nan_policy", "ftol", "xtol", "gtol", "loss", "f_scale", "max_nfev", "maxfev", "epsfcn", "factor", "diff_step", "x_scale", "tr_solver"),
    "solve_ivp": ("fun", "t_span", "y0", "method", "t_eval", "dense_output", "events", "vectorized", "args", "rtol", "atol", "max_step", "first_step", "min_step"),
    "odeint": ("func", "y0", "t", "args", "Dfun", "col_deriv", "full_output", "ml", "mu", "rtol", "atol", "tcrit", "h0", "hmax", "hmin", "ixpr", "mxstep", "mxhnil", "mxordn", "mxords", "printmessg", "tfirst"),
    "fminbound": ("func", "x1", "x2", "args", "xtol", "maxfun", "full_output", "disp"),
}  # fmt: skip


_INTEGRATING = frozenset(["quad", "solve_ivp", "odeint"])


def solver_name(value: Any) -> str | None:
    """The name of a root finder, of ``quad`` or of the class of bounds, as SciPy has it.

    Examples
    --------
    >>> import scipy.optimize
    >>> solver_name(scipy.optimize.brentq), solver_name(scipy.optimize.minimize)
    ('brentq', 'minimize')
    """
    if isinstance(value, type):
        optimize = sys.modules.get("scipy.optimize")
        return "Bounds" if optimize is not None and value is optimize.Bounds else None
    if type(value) is not types.FunctionType:  # what others are called is for their own code to say, which may raise
        return None
    name = value.__name__
    module = sys.modules.get("scipy.integrate" if name in _INTEGRATING else "scipy.optimize")
    known = name in SOLVERS and vars(module or object).get(name) is value
    return name if known and is_librarys(value) else None
