"""Where the stand-ins of root finders (``standins/scipy_roots.py``) find what differentiates a root: that needs the derivative of an equation, and so belongs to the operators, which install it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

#: ``(f, root, args, **options) → root`` for one equation, for several, and for the minimum of a function
differentiated: list[Callable[..., Any]] = []


#: ``(formula, scheme, times, states, wanted, y0) → (states at the wanted times, whether the right-hand side switches)``, or None
integrated: list[Callable[..., Any]] = []


def install_integration(*functions: Callable[..., Any]) -> None:
    """Give the function that records steps as one operation, the one that tells how stiff a right-hand side is, and the one that evaluates it at many points."""
    integrated[:] = functions


#: ``(formula, Solver, operands, point, found) → states and times``, of a program that integrates at other numbers, or None
integrated_anew: list[Callable[..., Any]] = []


def install_integration_anew(function: Callable[..., Any]) -> None:
    """Give the function that records a solution with how it is found."""
    integrated_anew[:] = [function]


#: ``(formula, root, each=…, fixed=…) → root``, or None
rooted: list[Callable[..., Any]] = []


def install_roots(function: Callable[..., Any]) -> None:
    """Give the function that records a root of an equation as one operation."""
    rooted[:] = [function]


#: ``(formula, root, Again, each=…, fixed=…) → root`` of a program that finds it again at other numbers, or None
rooted_anew: list[Callable[..., Any]] = []


def install_roots_anew(function: Callable[..., Any]) -> None:
    """Give the function that records a root with how it is found."""
    rooted_anew[:] = [function]


#: ``(formula, nodes, values) → integrand at many nodes at once``, or None
batched_integrand: list[Callable[..., Any]] = []


def install_quadrature(function: Callable[..., Any]) -> None:
    """Give the function that evaluates and records an integrand at many nodes at once."""
    batched_integrand[:] = [function]


#: ``(formula, low, high, seen, found, settings) → integral``, or None
integral_known: list[Callable[..., Any]] = []


def install_integrals(function: Callable[..., Any]) -> None:
    """Give the function that records an integral as one operation."""
    integral_known[:] = [function]


#: ``f → f with work arrays of its own``
owned: list[Callable[..., Any]] = []


def install_owned(function: Callable[..., Any]) -> None:
    """Give the function that exchanges the work arrays which a function fills."""
    owned[:] = [function]


#: ``formula → Sides``, or None where the formula does not switch
sided: list[Callable[..., Any]] = []


def install_sides(function: Callable[..., Any]) -> None:
    """Give the function that tells on which side of its switches a formula is."""
    sided[:] = [function]


#: ``(f, minima, args) → minima`` of a function that each entry has by itself
separable: list[Callable[..., Any]] = []


def install_separable(function: Callable[..., Any]) -> None:
    """Give the function that differentiates minima of entries."""
    separable[:] = [function]


def install(*functions: Callable[..., Any]) -> None:
    """Give the functions that differentiate a root."""
    differentiated[:] = functions
