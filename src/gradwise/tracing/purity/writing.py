"""Functions of NumPy's that write to their first argument, in the symbolic run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.values import ARRAY, DATA, OWN

if TYPE_CHECKING:
    from gradwise.tracing.purity.machine import Machine


def written(m: Machine, name: str, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """``np.fill_diagonal(target, value)`` and its like."""
    degrees = [m.data(v) for v in (*arguments, *keywords.values())]
    if not arguments or degrees[0] is not OWN:
        raise m.doubt(f"{name} writes to what may have been there before the call", overwrites=True)
    m.scope.changes_own()
    return DATA


def added_at(m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """``np.add.at(target, indices, values)``."""
    degrees = [m.data(v) for v in arguments]
    if keywords or len(degrees) < 2:
        raise m.doubt("it calls at in a way that is not looked into")
    if degrees[0] in (DATA, ARRAY):
        raise m.doubt("it adds to entries of what may have been there before the call", overwrites=True)
    m.scope.changes_own()
    return DATA
