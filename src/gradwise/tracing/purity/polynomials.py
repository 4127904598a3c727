"""NumPy's polynomials (``Polynomial``, ``Chebyshev`` …, ``np.poly1d``), there before the call or made during it.

What one that was there holds belongs to the form of a call (``interpolators.py``).  Of one made during the call the coefficients may be the caller's memory: ``poly1d`` takes a view of what it is given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.purity.lattice import describe, is_scalar, level
from gradwise.tracing.purity.values import ARRAY, OWN, POLY1D, SERIES, WHOLE, Constant

if TYPE_CHECKING:
    from gradwise.tracing.purity.machine import Machine

_NAMES = ("Polynomial", "Chebyshev", "Legendre", "Hermite", "HermiteE", "Laguerre")
KINDS: dict[Any, Any] = {np.poly1d: POLY1D, **{getattr(np.polynomial, name): SERIES for name in _NAMES}}
_ATTRIBUTES: dict[Any, dict[str, Any]] = {
    SERIES: dict.fromkeys(["coef", "domain", "window"], ARRAY),
    POLY1D: {**dict.fromkeys(["coeffs", "c", "coef", "coefficients"], ARRAY), "order": WHOLE, "o": WHOLE},
}
_METHODS: dict[Any, dict[str, Any]] = {
    SERIES: {"deriv": SERIES, "integ": SERIES, "degree": WHOLE},
    POLY1D: {"deriv": POLY1D, "integ": POLY1D},
}
#: class methods that give a series
_MAKERS = ("fit", "fromroots", "basis", "identity")
_KEYWORDS = frozenset(["domain", "window", "symbol", "r", "variable", "deg", "w", "rcond", "m", "k", "lbnd"])


def makes_polynomial(value: Any) -> bool:
    """Whether a value is one of NumPy's classes of polynomials.

    Examples
    --------
    >>> makes_polynomial(np.poly1d), makes_polynomial(float)
    (True, False)
    """
    return isinstance(value, type) and value in KINDS


def is_polynomial(value: Any) -> bool:
    """Whether a value of the symbolic run is a polynomial."""
    return value is SERIES or value is POLY1D


class OfPolynomials:
    """A method of a polynomial or a class of them, or a class itself, about to be called."""

    __slots__ = ("_gives", "_name")

    def __init__(self, name: str, gives: Any) -> None:
        self._name = name
        self._gives = gives

    def __eq__(self, other: object) -> bool:
        return type(other) is OfPolynomials and other._name == self._name and other._gives is self._gives

    def __hash__(self) -> int:
        return hash(self._name)

    def result(self, m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
        """What the call gives."""
        if not keywords.keys() <= _KEYWORDS:
            raise m.doubt(f"it calls {self._name} of a polynomial in a way that is not looked into")
        for value in (*arguments, *keywords.values()):
            m.data(value)
        return self._gives


def made_polynomial(m: Machine, cls: Any, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """``Polynomial([1.0, x])``."""
    return OfPolynomials("__init__", KINDS[cls]).result(m, arguments, keywords)


def maker_of_polynomials(cls: Any, name: str) -> OfPolynomials | None:
    """``Polynomial.fit``; None for anything else."""
    is_one = makes_polynomial(cls) and KINDS[cls] is SERIES and name in _MAKERS
    return OfPolynomials(name, SERIES) if is_one else None


def value_of_polynomial(m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """``p(x)``."""
    return OfPolynomials("__call__", OWN).result(m, arguments, keywords)


def attribute_of_polynomial(m: Machine, owner: Any, name: str) -> Any:
    """``p.coef``, ``p.deriv``."""
    if name in _ATTRIBUTES[owner]:
        return _ATTRIBUTES[owner][name]
    if name not in _METHODS[owner]:
        raise m.doubt(f"the attribute {name!r} of a polynomial is not looked into")
    return OfPolynomials(name, _METHODS[owner][name])


def operator_of_polynomials(m: Machine, symbol: str, x: Any, z: Any) -> Any:
    """A binary operator of polynomials, or ``p[k]``.

    A number of NumPy's before a ``poly1d`` takes it for an array of its coefficients, which is not looked into; to the other classes NumPy leaves the operator.
    So do lists, of what a polynomial takes for coefficients; others (empty ones, texts) are extended by ``+=``.
    """
    in_place = symbol.endswith("=")
    symbol = symbol.removesuffix("=")
    if symbol == "[]" and x is POLY1D:
        m.data(z)
        return OWN
    kind = x if is_polynomial(x) else z
    others = [one for one in (x, z) if not is_polynomial(one)]
    are_alike = all(one is kind for one in (x, z) if is_polynomial(one))
    if are_alike and symbol in ("+", "-", "*"):
        is_first = x is kind
        is_extended = in_place and not is_first and not is_scalar(x)
        if not others or (kind is SERIES and level(others[0]) is not None and not is_extended):
            known = True
        else:
            known = is_scalar(others[0]) and (is_first or type(others[0]) is Constant)
    elif are_alike and x is kind and others:
        is_power = symbol == "**" and type(z) is Constant and type(z.value) is int and z.value >= 0
        known = is_power or (symbol == "/" and is_scalar(z))
    else:
        known = False
    if not known:
        raise m.doubt(f"the operator {symbol} of {describe(x)} and {describe(z)} is not looked into")
    for one in others:
        m.data(one)
    return kind
