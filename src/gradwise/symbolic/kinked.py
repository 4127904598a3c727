"""Functions with kinks and jumps, differentiated by the conventions of gradwise's own rules.

SymPy differentiates |x| twice to a Dirac delta, and max(x, y) to a Heaviside function; a program's derivative is that of the piece on which its argument
lies.  So each of these functions has a twin here that differentiates piecewise.  ``inward`` writes the twins, ``outward`` writes SymPy's own functions
again, and what a user sees has those only.

At the kinks: |x|' = 0 at 0; max against a constant has the slope of the constant at a tie; of two that move each counts ½; of three or more the slope at a tie
is left undefined (nan), since programs differ in it.
"""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any

from gradwise.symbolic.library import sp


def _yes(self: Any) -> bool:
    return True


def _zero_slope(self: Any, argindex: int = 1) -> Any:
    return sp.Integer(0)


def _choice(name: str, wins: Any) -> Any:
    """The maximum or minimum of two or more arguments, with the derivative of the winner."""

    def derivative(self: Any, s: Any) -> Any:
        moving = [a for a in self.args if a.free_symbols]
        fixed = [a for a in self.args if not a.free_symbols]
        total = sp.Integer(0)
        for a in moving:
            slope = a.diff(s)
            if slope == 0:
                continue
            others = [b for b in moving if b is not a] + fixed
            other = others[0] if len(others) == 1 else self.func(*others)
            if len(moving) == 1:  # a tie with a constant
                total += sp.Piecewise((slope, wins(a, other)), (0, True))
            else:
                tie = slope / 2 if len(self.args) == 2 else sp.nan
                total += sp.Piecewise((slope, wins(a, other)), (0, wins(other, a)), (tie, True))
        return total

    return type(name, (sp.Function,), {"_eval_derivative": derivative, "_eval_is_extended_real": _yes})


def _flat(name: str) -> Any:
    """A function that is constant between its jumps."""
    return type(
        name,
        (sp.Function,),
        {"fdiff": _zero_slope, "_eval_is_extended_real": _yes},
    )


@cache
def twins() -> SimpleNamespace:
    """The twins: Absolute, Sign, Largest, Smallest, Floor, Ceiling, CubeRoot."""
    Sign = _flat("Sign")

    def absolute_slope(self: Any, argindex: int = 1) -> Any:
        (x,) = self.args
        return sp.sign(x) if x.is_number else Sign(x)

    Absolute = type("Absolute", (sp.Function,), {"fdiff": absolute_slope, "_eval_is_extended_real": _yes})

    def cube_root(cls: Any, x: Any) -> Any:
        if x.is_nonnegative:
            return sp.cbrt(x)
        return -sp.cbrt(-x) if x.is_nonpositive else None

    CubeRoot = type(
        "CubeRoot",
        (sp.Function,),
        {
            "eval": classmethod(cube_root),
            "fdiff": lambda self, argindex=1: Absolute(self.args[0]) ** sp.Rational(-2, 3) / 3,
            "_eval_is_extended_real": _yes,
        },
    )
    return SimpleNamespace(
        Absolute=Absolute,
        Sign=Sign,
        Largest=_choice("Largest", lambda a, b: a > b),
        Smallest=_choice("Smallest", lambda a, b: a < b),
        Floor=_flat("Floor"),
        Ceiling=_flat("Ceiling"),
        CubeRoot=CubeRoot,
    )


def inward(expression: Any) -> Any:
    """SymPy's functions with kinks replaced by their twins."""
    t = twins()
    for public, twin in (
        (sp.Abs, t.Absolute),
        (sp.sign, t.Sign),
        (sp.Max, t.Largest),
        (sp.Min, t.Smallest),
        (sp.floor, t.Floor),
        (sp.ceiling, t.Ceiling),
    ):
        if expression.has(public):
            expression = expression.replace(public, twin)
    return expression


def outward(expression: Any) -> Any:
    """The twins replaced by SymPy's functions."""
    t = twins()
    for twin, public in (
        (t.Absolute, sp.Abs),
        (t.Sign, sp.sign),
        (t.Largest, sp.Max),
        (t.Smallest, sp.Min),
        (t.Floor, sp.floor),
        (t.Ceiling, sp.ceiling),
        (t.CubeRoot, lambda x: sp.sign(x) * sp.Abs(x) ** sp.Rational(1, 3)),
    ):
        if expression.has(twin):
            expression = expression.replace(twin, public)
    return expression


def derivative(expression: Any, symbol: Any) -> Any:
    """∂(expression)/∂(symbol), piecewise at kinks; may hold twins.

    Examples
    --------
    >>> x = sp.Symbol("x", real=True)
    >>> outward(derivative(sp.Abs(x) * x, x))
    x*sign(x) + Abs(x)
    """
    if symbol not in expression.free_symbols:
        return sp.Integer(0)
    return inward(expression).diff(symbol)
