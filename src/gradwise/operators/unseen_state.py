"""What code that no run sees may store: special methods that compiled code calls, what ``copy.deepcopy`` and ``pickle`` construct, hooks of ``json``.

    class Node:
        made = 0
        def __init__(self, v): Node.made += 1; …

    copy.deepcopy(root)        Node.__init__ is called from Python's library, as it stands

Such code stores plain numbers, which a run that is recorded need not know; but a function is called again when it is verified, and a count of objects went up by a dozen.  So what the user's classes hold that can be reached from a function is put back after each such call,
and so are objects whose special methods store something.
"""

from __future__ import annotations

import contextlib
import dis
import functools
import types
import weakref
from collections import deque
from typing import TYPE_CHECKING, Any

from gradwise.locks import lock
from gradwise.operators.arguments import code_of
from gradwise.tracing.instrument.atoms import ATOMS
from gradwise.tracing.instrument.contents import contents, is_users
from gradwise.tracing.instrument.state import local
from gradwise.tracing.instrument.survey import Survey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradwise.tracing.instrument.journal import Journal

#: so many values are looked at on the walk, and containers of more entries are passed by
_MOST, _LONG = 1000, 200
_CONTAINERS = frozenset({list, dict, set, deque})
_HOLDING = _CONTAINERS | {tuple}
#: kinds of values that lead to others: what a run made of numbers, which cells of its functions hold, leads to all of it
_LEADING = _HOLDING | {
    types.FunctionType,
    types.MethodType,
    types.CellType,
    functools.partial,
    staticmethod,
    classmethod,
    property,
}


@contextlib.contextmanager
def surveyed(function: Any, roots: list[Any], *, first: bool) -> Iterator[None]:
    """Within it, what the runs of a function change and do not see is looked for: ``first``, and where something was found before."""
    code = code_of(function)
    known = None if code is None else _changing.get(id(code))
    found = known is not None and known() is code
    if code is None or local.survey is not None or local.watch is not None or not (first or found):
        yield
        return
    local.survey = survey = Survey(roots, active=found)
    try:
        yield
    finally:
        local.survey = None
        if survey.found and not found:
            with _lock:
                if len(_changing) > _CODES:
                    _changing.clear()
                _changing[id(code)] = weakref.ref(code)


#: by its identity, the code of functions of which runs change something that they do not see
_changing: dict[int, weakref.ref[types.CodeType]] = {}
_lock = lock()
_CODES = 8192


def note_unseen(journal: Journal, roots: list[Any]) -> None:
    """Keep what code that no run sees may change, of what the roots lead to."""
    for one in _reached(roots):
        if isinstance(one, type):
            journal.note(one)
            for held in vars(one).values():
                if type(held) in _CONTAINERS and len(held) <= _LONG:
                    journal.note(held)
        elif _stores_unseen(type(one)):
            journal.note(one)


def _reached(roots: list[Any]) -> Iterator[Any]:
    """The user's classes, and objects of these, that a short walk comes to."""
    pending = deque(roots)
    seen: set[int] = set()
    while pending and len(seen) < _MOST:
        one = pending.popleft()
        kind = type(one)
        if id(one) in seen:
            continue
        seen.add(id(one))
        if is_users(one if isinstance(one, type) else kind):
            yield one
        elif kind not in _LEADING or (kind in _HOLDING and len(one) > _LONG):
            continue
        whole = kind is not dict or "__builtins__" not in one
        pending.extend([held for _, held in contents(one) if whole and type(held) not in ATOMS])


def _stores_unseen(cls: type) -> bool:
    """Whether a special method of a class, which compiled code may call, stores something."""
    return any(
        type(raw) is types.FunctionType and name.startswith("__") and name not in _SEEN and _stores(raw.__code__)
        for base in cls.__mro__
        if is_users(base)
        for name, raw in vars(base).items()
    )


@functools.lru_cache(maxsize=4096)
def _stores(code: types.CodeType) -> bool:
    return any(i.opname in _STORES for i in dis.get_instructions(code))


_STORES = frozenset({"STORE_ATTR", "STORE_SUBSCR", "DELETE_ATTR", "DELETE_SUBSCR"})
#: called where a run sees it
_SEEN = frozenset(
    {"__init__", "__new__", "__post_init__", "__call__", "__enter__", "__exit__", "__setattr__", "__setitem__"}
)
