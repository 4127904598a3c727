"""The elementary functions that both ``math`` and NumPy have, and whose last digits may differ: by the names of their primitives, as ``math`` computes them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_SAME = ("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "cbrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "hypot", "erf", "erfc", "gamma")  # fmt: skip
_INVERSE = ("sin", "cos", "tan", "sinh", "cosh", "tanh", "tan2")

#: ``exp2`` and ``cbrt`` are there from Python 3.11 on
BY_MATH: dict[str, Callable[..., float]] = {
    **{name: getattr(math, name) for name in _SAME},
    **{f"arc{name}": getattr(math, f"a{name}") for name in _INVERSE},
    "gammaln": math.lgamma,
}
