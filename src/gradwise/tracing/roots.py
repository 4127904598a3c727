"""Where the stand-ins of root finders (``standins/scipy_roots.py``) find what differentiates a root: that needs the derivative of an equation, and so belongs to the operators, which install it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

#: ``(f, root, args, **options) → root`` for one equation, for several, and for the minimum of a function
differentiated: list[Callable[..., Any]] = []


def install(*functions: Callable[..., Any]) -> None:
    """Give the functions that differentiate a root."""
    differentiated[:] = functions
