"""Functions of other frameworks as NumPy functions with a claimed gradient.

Nothing is imported here: an object of PyTorch or JAX can only exist where its package is loaded already, so the modules of the two
adapters read it from ``sys.modules``, and a session without them pays nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass
class Adapted:
    """f and its claimed gradient on NumPy arrays.

    Attributes
    ----------
    f, grad : callable
    x : Any
        The point as NumPy arrays.
    note : str
        What was checked, for the report.
    """

    f: Callable[..., Any]
    x: Any
    grad: Any
    note: str


def adapt(f: Any, x: Any, grad: Any) -> Adapted | None:
    """Return a function of PyTorch or JAX as one of NumPy arrays, None if it is neither."""
    return None
