"""NumPy's error state, entered and left at little cost.

``np.errstate`` builds its state anew each time, which takes 1 µs; the state itself is one object in a context variable.  Where NumPy keeps it elsewhere, ``np.errstate`` is used.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import numpy as np

_make_extobj: Any = None
_extobj_contextvar: Any = None
with contextlib.suppress(ImportError):  # in a version that keeps its state elsewhere
    from numpy._core.umath import _extobj_contextvar, _make_extobj

if TYPE_CHECKING:
    from collections.abc import Callable

_STATE: dict[str, Any] = {"divide": "raise", "over": "raise", "invalid": "raise", "under": "ignore"}


def _enter() -> None:
    np.seterr(**_STATE)


def _leave(state: Any) -> None:
    np.seterr(**state)


def raising() -> tuple[Callable[[], Any], Callable[[], Any], Callable[[Any], Any]]:
    """``now() → state``, ``enter()`` and ``leave(state)`` around a block in which NumPy raises FloatingPointError instead of warning.

    The state is asked for before it is changed, so that ``enter`` may stand in the block that ends by ``leave``: an interrupt right after it would leave NumPy raising.
    """
    if _make_extobj is None:
        return np.geterr, _enter, _leave
    variable = _extobj_contextvar
    try:
        made = _make_extobj(**_STATE)
        variable.get()
    except (TypeError, LookupError):
        return np.geterr, _enter, _leave
    if not _works(variable, made):
        return np.geterr, _enter, _leave
    return variable.get, lambda: variable.set(made), variable.set


def reports_underflow() -> bool:
    """Whether NumPy is to report underflow, of which a program says nothing."""
    global _silent  # noqa: PLW0603 - one state that is known
    state = None
    if _extobj_contextvar is not None:
        state = _extobj_contextvar.get(None)
        if state is None or state is _silent:  # None: nobody has set one
            return False
    if np.geterr()["under"] != "ignore":
        return True
    _silent = state
    return False


#: a state in which NumPy does not report underflow
_silent: Any = None


def _works(variable: Any, made: Any) -> bool:
    """Whether setting the context variable is what makes NumPy raise."""
    try:
        token = variable.set(made)
    except TypeError:
        return False
    try:
        np.float64(1.0) / np.float64(0.0)
    except FloatingPointError:
        return True
    finally:
        variable.reset(token)
    return False
