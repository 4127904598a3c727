"""SymPy, imported when it is first used: every other file of this room reaches it through ``sp``.

SymPy is an extra, and importing it takes as long as a whole program of gradwise's.
"""

from __future__ import annotations

from typing import Any


class _Library:
    """Looks names up in SymPy, which the first look imports."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what doctest and inspect ask of every object
            raise AttributeError(name)
        try:
            import sympy
        except ImportError:
            raise ImportError(
                "gw.formula was called without SymPy. It writes the formulas. Install it with: pip install 'gradwise[sympy]'"
            ) from None
        value = getattr(sympy, name)
        setattr(self, name, value)
        return value


sp: Any = _Library()
