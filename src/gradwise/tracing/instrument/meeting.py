"""Whether the body of a function may meet what a run has stored: ``meets : (run, [function, *arguments]) → bool``.

A walk goes from the function and its arguments over what it names, holds and is given by defaults, and over what that holds.  Where it ends without having met a traced value, or a place to which the run has written, the body gives
what it gives in a plain call; where the code finds names by their texts, or the walk is long, it may meet anything.
"""

from __future__ import annotations

import dis
import functools
import threading
import types
import weakref
from collections import deque
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from typing import Any

import numpy as np

from gradwise.tracing.instrument.atoms import ATOMS
from gradwise.tracing.instrument.contents import contents
from gradwise.tracing.instrument.state import Watch
from gradwise.tracing.instrument.userland import is_users_file
from gradwise.tracing.instrument.within import holds_traced
from gradwise.tracing.traced import isinstance_traced

#: what does not show what it leads to
_CLOSED = (
    ContextVar,
    threading.local,
    weakref.ReferenceType,
    weakref.ProxyType,
    weakref.CallableProxyType,
    types.GeneratorType,
    types.FrameType,
)
#: values on the walk, and entries of a container
_MOST, _LONG = 500, 200
#: what finds names by their texts, or what is held elsewhere
_BY_TEXT = frozenset(
    {"globals", "locals", "vars", "eval", "exec", "getattr", "__import__", "import_module", "modules", "gc", "_getframe", "inspect", "__globals__", "__dict__"}
)  # fmt: skip


def meets(watch: Watch, roots: Iterable[Any]) -> bool:
    """Whether it may be."""
    runs = list(_runs(watch))
    pending, seen = deque(roots), set[int]()
    while pending:
        one = pending.popleft()
        if id(one) in seen or type(one) in ATOMS:
            continue
        seen.add(id(one))
        if (
            len(seen) > _MOST
            or isinstance(one, _CLOSED)
            or isinstance_traced(one)
            or any(_is_written(run, one) for run in runs)
        ):
            return True
        if isinstance(one, types.ModuleType):
            continue  # what is named of it is on the walk
        if type(one) is types.FunctionType and is_users_file(one.__code__.co_filename):
            names, finds = _named(one.__code__)
            if finds:
                return True
            found = [v for v in map(one.__globals__.get, names) if isinstance(v, types.ModuleType)]
            for module in [m for m in found if is_users_file(getattr(m, "__file__", None) or "")]:
                pending += [v for v in map(vars(module).get, names) if v is not None]
        if isinstance(one, (list, dict, tuple, set, deque)) and len(one) > _LONG:
            return True
        if not (type(one) is dict and "__builtins__" in one):  # of a module what is named is on the walk
            pending += [held for _, held in contents(one)]
            if isinstance(one, (set, frozenset)):
                pending += one
    return False


def _runs(watch: Watch | None) -> Iterator[Watch]:
    while watch is not None:
        yield watch
        watch = watch.outer


def _is_written(run: Watch, one: Any) -> bool:
    # what stands for an array, and what was put under the names of a module, is met in its place
    if type(one) is np.ndarray or (type(one) is dict and "__builtins__" in one):
        return False
    key = id(one)
    if any(key in notes for notes in (run.overlay, run.cells, run.revealed, run.stored, run.created)):
        return True
    # a container that holds plain values holds what it holds in a plain call
    return (key in run.touched or key in run.tails) and (len(one) > _LONG or holds_traced(one))


@functools.lru_cache(maxsize=4096)
def _named(code: types.CodeType) -> tuple[frozenset[str], bool]:
    """The names in the code of a function, and whether it finds others by their texts or imports."""
    names, codes, finds = set[str](), [code], False
    while codes:
        one = codes.pop()
        names.update(one.co_names)
        finds |= any(i.opname.startswith("IMPORT_") for i in dis.get_instructions(one))
        codes += [c for c in one.co_consts if type(c) is types.CodeType]
    return frozenset(names), finds or not names.isdisjoint(_BY_TEXT)
