"""The form of an expression that a textbook would print.

SymPy's ``simplify`` looks for the shortest form, which factors 2xy + 3y² and turns a sigmoid's slope into 1/(4 cosh²(x/2)).  Here a few forms compete, and one that is further
from what the function says must be clearly shorter to win (``HANDICAP``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from gradwise.symbolic.library import sp

#: beyond this many operations, or symbols, only the cheap forms are tried: the others take seconds
LONG, MANY = 40, 5
#: beyond this many operations an expression is left as it is
VERY_LONG = 150
#: terms of a polynomial that is written out
MOST_TERMS = 6
#: how many times as long a form may seem before it is compared: each kind of rearrangement, and ``simplify``
HANDICAP = {
    "as it is": 1.0,
    "terms": 1.0,
    "fraction": 1.25,
    "trigonometry": 1.4,
    "powers": 1.0,
    "numbers": 1.0,
    "common factor": 1.3,
    "simplify": 1.5,
}


def tidy(expression: Any, handicap: float = 1.0, *, quick: bool = False) -> Any:
    """The most readable of a few equal forms; the others' handicaps are multiplied by ``handicap``, and with ``quick`` only the cheap ones compete.

    Examples
    --------
    >>> x, y = sp.symbols("x y", real=True)
    >>> tidy(y * (2 * x + 3 * y))
    2*x*y + 3*y**2
    """
    if expression.is_Atom:
        return expression
    if expression.has(sp.sign):
        expression = _without_signs(expression)
    if expression.has(sp.Piecewise):
        return _tidy_pieces(expression, handicap, quick=quick)
    best, lowest = expression, cost(expression)
    if lowest > VERY_LONG:
        return expression
    for name, candidate in _forms(expression, long=quick or lowest > LONG or len(expression.free_symbols) > MANY):
        price = cost(candidate) * HANDICAP[name] * handicap
        if price < lowest:
            best, lowest = candidate, price
    if expression.is_polynomial(
        *expression.free_symbols
    ):  # a short polynomial is multiplied out, unless that makes it longer
        terms = sp.expand(expression)
        if len(sp.Add.make_args(terms)) <= MOST_TERMS and cost(terms) <= (1.3 if handicap == 1 else 0.6) * lowest:
            best = terms
    return best


def _without_signs(expression: Any) -> Any:
    """Write u sign(u) = |u| and |u| sign(u) = u for real u, also at 0."""
    for sign in expression.atoms(sp.sign):
        (u,) = sign.args
        expression = expression.replace(
            lambda e, sign=sign: e.is_Mul and sign in e.args, lambda e, sign=sign, u=u: _joined(e, sign, u)
        )
    return expression


def _joined(product: Any, sign: Any, u: Any) -> Any:
    rest = sp.Mul(*[factor for factor in product.args if factor != sign])
    for factor in sp.Mul.make_args(rest):
        base, exponent = factor.as_base_exp()
        if base in {u, sp.Abs(u)} and exponent.is_Integer and exponent >= 1:
            return rest / base * (sp.Abs(u) if base == u else u)
    return product


def cost(expression: Any) -> float:
    """How long an expression looks: operations and symbols, floats and fractions counting more."""
    price = 0.0
    for node in sp.preorder_traversal(expression):
        if node.is_Float:
            price += 3
        elif node.is_Rational and not node.is_Integer:
            price += 2
        elif node == -1 or (node.is_Pow and node.exp.is_Rational and node.exp.is_negative):
            price += 0.5
        else:
            price += 1
    return price


def _forms(expression: Any, *, long: bool) -> Iterator[tuple[str, Any]]:
    tried: list[tuple[str, Callable[[Any], Any]]] = [("terms", sp.expand_mul), ("numbers", _numbers_in_front)]
    if not long:
        tried.append(("common factor", lambda e: sp.factor_terms(e, sign=False)))
        if expression.has(sp.Pow, sp.exp):
            tried.append(("powers", sp.powsimp))
            tried.append(("fraction", lambda e: sp.cancel(sp.together(e))))
            tried.append(("fraction", lambda e: sp.factor(sp.together(e))))
        elementary = sp.functions.elementary
        if expression.has(elementary.trigonometric.TrigonometricFunction, elementary.hyperbolic.HyperbolicFunction):
            tried.append(("trigonometry", sp.trigsimp))
        tried.append(("simplify", sp.simplify))
    for name, form in tried:
        try:
            yield name, form(expression)
        except (sp.PolynomialError, NotImplementedError, TypeError, ValueError, AttributeError, RecursionError):
            continue  # a form that SymPy cannot find is one fewer to choose from


def _numbers_in_front(expression: Any) -> Any:
    """The numbers that the terms of a factor share in front of the product: (2x − 2)eˣ/4 as (x − 1)eˣ/2."""

    def moved(product: Any) -> Any:
        parts = [a.primitive() if a.is_Add else (1, a) for a in product.args]
        return sp.Mul(*[c for c, _ in parts]) * sp.Mul(*[rest for _, rest in parts])

    return expression.replace(lambda e: e.is_Mul, moved)


def _tidy_pieces(expression: Any, handicap: float, *, quick: bool) -> Any:
    if len(expression.atoms(sp.Piecewise)) > 3 or cost(expression) > VERY_LONG:
        return expression
    folded = sp.piecewise_fold(expression)
    if isinstance(folded, sp.Piecewise):
        pieces = [(tidy(e, handicap, quick=quick), _condition(c)) for e, c in folded.args]
        folded = sp.Piecewise(*[(e, c) for e, c in pieces if c is not sp.false])
    return folded if cost(folded) <= 1.5 * cost(expression) else expression


def _condition(condition: Any) -> Any:
    """A condition on one symbol in its simplest form, which is false where its parts exclude one another."""
    if isinstance(condition, sp.And) and len(condition.free_symbols) == 1:
        return condition.simplify()
    return condition
