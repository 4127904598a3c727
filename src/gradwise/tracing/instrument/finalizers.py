"""Classes of the user's whose ``__del__`` changes what the function reads: what a run makes lives until the run ends, so that the change would come too late."""

from __future__ import annotations

import dis
import functools
import types
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradwise.tracing.instrument.state import Watch

_STORING = frozenset({"STORE_ATTR", "STORE_SUBSCR", "STORE_GLOBAL", "STORE_DEREF", "DELETE_ATTR", "DELETE_SUBSCR"})
_CHANGING = frozenset(
    {"append", "appendleft", "add", "discard", "extend", "insert", "pop", "popleft", "put", "remove", "update", "write"}
)


def is_read_at_its_end(cls: type, watch: Watch) -> bool:
    """Whether ``__del__`` stores something, under a name that is in the code of a function which the run has entered."""
    function = getattr(cls, "__del__", None)
    if type(function) is not types.FunctionType or not _stores(function.__code__):
        return False
    names = frozenset(function.__code__.co_names) - _CHANGING - {cls.__name__}
    entered = [f.__code__ for f, _ in list(watch.twins.values()) if type(f) is types.FunctionType]
    return any(not names.isdisjoint(code.co_names) for code in entered if code is not function.__code__)


@functools.lru_cache(maxsize=512)
def _stores(code: types.CodeType) -> bool:
    return not _CHANGING.isdisjoint(code.co_names) or any(i.opname in _STORING for i in dis.get_instructions(code))
