"""Functions of which a run could not be traced: the next one that fails leaves nothing behind, since the function may be called plainly after it.

    half a traced run, then twenty plain calls and one more      a counter counts one

What a run stores is noted only where it may be needed, because to note it costs as much as to store it: at the first run of a function (``first_runs.py``), after one that failed, and where a
memory was found (``memories.py``), of which a later run may show that its derivative is lost.
"""

from __future__ import annotations

import types
import weakref

from gradwise.locks import lock
from gradwise.operators.believed_programs import keeps_something

#: by its identity, the code of functions of which a run could not be traced
_failed: dict[int, weakref.ref[types.CodeType]] = {}
_lock = lock()


def note_failed(code: types.CodeType) -> None:
    """Note that a run of a function could not be traced."""
    with _lock:
        if len(_failed) > _MOST:
            _failed.clear()
        _failed[id(code)] = weakref.ref(code)


_MOST = 8192


def forget_failed() -> None:
    """Every function counts as one that can be traced."""
    with _lock:
        _failed.clear()


def is_noted(code: types.CodeType) -> bool:
    """Whether what a run of the function stores is noted: one could not be traced before, or stored something that outlived it."""
    known = _failed.get(id(code))
    return (known is not None and known() is code) or keeps_something(code)
