"""Formulas: the program of a small function, and its derivatives, as SymPy expressions that a textbook would print.

``formulas.py`` is the line from a function to its ``Formula`` (start there), ``reading.py`` turns equations into expressions with the tables of
``entrywise.py``, ``special.py``, ``arrays.py``, ``matrices.py`` and ``ordering.py``; ``kinked.py`` differentiates what has kinks; ``shifts.py`` takes out what cancels;
``tidying.py`` chooses a form; ``textbook.py`` prints it; ``verifying.py`` compares the result with the function.

The derivative is SymPy's, of the expression: it shares no rule with ``gradwise.rules``, so each is a check of the other.

SymPy is reached through ``library.py`` only.  It is imported when the first formula is asked for, and so is all of this room but this file.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradwise.symbolic.report import Formula

__all__ = ["Formula", "formula"]


def __getattr__(name: str) -> Any:
    if name != "Formula":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return importlib.import_module("gradwise.symbolic.report").Formula


def formula(
    f: Callable[..., Any],
    *args: Any,
    argnums: Any = None,
    simplify: bool = True,
    limit: int = 2000,
    **kwargs: Any,
) -> Formula:
    """The formulas of a small function and of its derivatives, in SymPy's expressions and in the function's own names.

    The function is run once at the given arguments and its program is read as mathematics: loops are unrolled, and of an ``if`` the branch taken at
    these arguments is the formula, under the condition that the result states.  Formula and function are then compared numerically at that point.

    Parameters
    ----------
    f : callable
    *args, **kwargs
        Its arguments.  Those made of real numbers become symbols: ``x`` for a number, ``x_0``, ``x_1``, … for the entries of an array.  Without any, the
        function's required parameters are numbers at which nothing is equal by chance.
    argnums : int, str, tuple of these, or "all", optional
        The arguments that become symbols; the others are numbers in the formula.
    simplify : bool
        Whether to look for the form that a textbook would print.
    limit : int
        The largest formula, in operations and symbols, that is written; all derivatives together may be twenty times as large.

    Returns
    -------
    Formula
        With ``value``, ``gradient`` or ``jacobian``, ``hessian``, ``conditions``, ``latex()``, ``to_sympy()`` and ``to_dict()``.

    Raises
    ------
    TracingError
        If an operation has no counterpart in SymPy, naming it and its line.
    InputError
        If the formula would be too large, or an argument is complex.
    ImportError
        Without SymPy (the extra ``sympy``).

    Examples
    --------
    >>> import gradwise as gw
    >>> def f(x, y):
    ...     return x**2 * y + 3 * x * y**2
    >>> print(gw.formula(f, 1.0, 2.0))
    f(x, y) = x²y + 3xy²
      ∂f/∂x = 2xy + 3y²
      ∂f/∂y = x² + 6xy

    Notes
    -----
    A float that is the nearest to a simple fraction or to a known constant is written as that: 0.5 as ½, 3.141592653589793 as π.  Formulas are those of real numbers:
    float32 is written as if it did not round, and a domain (x > 0 in log x) is not stated.
    """
    write = importlib.import_module("gradwise.symbolic.formulas").write
    return write(f, args, kwargs, argnums=argnums, simplify=simplify, limit=limit)
