"""Where the stand-ins of minimisers find what differentiates a minimum with constraints: that needs derivatives of functions, and so belongs to the operators, which install it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

#: ``(f, t, args, active) → (t, multipliers)``, and ``(f, t, args) → Jacobian``
constrained: list[Callable[..., Any]] = []


def install(*functions: Callable[..., Any]) -> None:
    """Give the functions that differentiate a minimum with constraints, and a function at a point."""
    constrained[:] = functions
