"""Functions that call ``math`` on their argument, read as NumPy's functions so that their program can be recorded.

For the diagnosis only: the program that results is used where its gradient agrees with the one that judged the claim.
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable
from typing import Any

import numpy as np

_OTHER = {"fabs": np.abs, "pow": np.power, "radians": np.radians, "degrees": np.degrees, "fsum": sum, "prod": np.prod}


def with_numpy(f: Callable[..., Any]) -> Callable[..., Any] | None:
    """Return f with NumPy's functions in the place of those of ``math``; None if it uses none of them.

    Examples
    --------
    >>> import math
    >>> with_numpy(lambda x: math.exp(x))(np.zeros(2))
    array([1., 1.])
    """
    if not isinstance(f, types.FunctionType):
        return None
    scope = dict(f.__globals__)
    changed = False
    for name in f.__code__.co_names:
        value = scope.get(name)
        if value is math:
            scope[name], changed = _numpy_math(), True
        elif isinstance(value, types.BuiltinFunctionType) and value.__module__ == "math":
            found = _OTHER.get(value.__name__, getattr(np, value.__name__, None))
            if found is not None:
                scope[name], changed = found, True
    if not changed:
        return None
    copy = types.FunctionType(f.__code__, scope, f.__name__, f.__defaults__, f.__closure__)
    copy.__kwdefaults__ = f.__kwdefaults__
    return copy


def _numpy_math() -> types.SimpleNamespace:
    names = {name: getattr(np, name, getattr(math, name)) for name in dir(math) if not name.startswith("_")}
    return types.SimpleNamespace(**names | _OTHER)
