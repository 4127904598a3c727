"""Functions that Numba compiles: traced values are for the Python functions that they were made of."""

from __future__ import annotations

import functools
import types
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.instrument.within import holds_traced

if TYPE_CHECKING:
    from collections.abc import Callable


def jitted_callee(callee: Any, resolve: Callable[[Any], Any]) -> Any:
    """What to call in place of what ``numba.njit`` or ``numba.vectorize`` made; None for anything else of Numba's."""
    behind = getattr(callee, "py_func", None)
    if type(behind) is types.FunctionType:
        return functools.partial(_either, callee, behind, resolve)
    behind = getattr(getattr(callee, "_dispatcher", None), "py_func", None)
    if type(behind) is types.FunctionType:  # a function of the entries
        return functools.partial(_either, callee, np.vectorize(behind), resolve)
    return None


def _either(callee: Any, behind: Any, resolve: Callable[[Any], Any], *args: Any, **kwargs: Any) -> Any:
    if any(holds_traced(a) for a in (*args, *kwargs.values())):
        return resolve(behind)(*args, **kwargs)
    return callee(*args, **kwargs)
