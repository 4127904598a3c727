"""What an object holds, by where: the steps of a walk from a function to what it may reach."""

from __future__ import annotations

import contextlib
import functools
import gc
import sys
import types
from collections import deque
from collections.abc import Iterator
from typing import Any

from gradwise.containers import own_entries
from gradwise.tracing.instrument.kept_results import KEPT, kept
from gradwise.tracing.instrument.userland import is_users_file

#: in the place of a key, where nothing can be put
NO_PLACE = object()
#: in the place of a key, where a function has its defaults
DEFAULTS = object()
#: in the place of a key, where a partial call has the arguments that it gives
GIVEN = object()


def contents(one: Any) -> Iterator[tuple[Any, Any]]:
    """What an object holds, by where."""
    kind = type(one)
    if isinstance(one, dict):
        yield from list(dict.items(one))
    elif isinstance(one, (list, deque, tuple)):
        yield from enumerate(list(one) if isinstance(one, deque) else one)
    if kind is types.CellType:
        try:
            yield "cell_contents", one.cell_contents
        except ValueError:  # not assigned yet
            return
    elif kind is types.FunctionType:
        yield from _of_function(one)
    elif kind is functools.partial:
        yield NO_PLACE, one.func
        yield GIVEN, one.args
        yield NO_PLACE, one.keywords
    elif kind is functools._lru_cache_wrapper:
        yield NO_PLACE, one.__wrapped__
        yield from [(KEPT, held) for held in kept(one)]
    elif isinstance(one, type):
        if is_users(one):
            yield from list(vars(one).items())
            yield from [(NO_PLACE, base) for base in one.__bases__]
    elif is_users(kind):
        yield from list((own_entries(one) or {}).items())
        for base in kind.__mro__:
            for name, raw in vars(base).items() if "__slots__" in vars(base) else ():
                if type(raw) is types.MemberDescriptorType:
                    with contextlib.suppress(AttributeError):  # not assigned yet
                        yield name, raw.__get__(one)
        yield NO_PLACE, kind
    elif kind not in (dict, list, deque, tuple) and gc.is_tracked(one):
        yield from [(NO_PLACE, held) for held in gc.get_referents(one)]


def _of_function(function: types.FunctionType) -> Iterator[tuple[Any, Any]]:
    for cell in function.__closure__ or ():
        yield NO_PLACE, cell
    if function.__defaults__:
        yield DEFAULTS, function.__defaults__
    if function.__kwdefaults__:
        yield NO_PLACE, function.__kwdefaults__
    if not is_users_file(function.__code__.co_filename):
        return
    module = function.__globals__
    yield NO_PLACE, module
    codes = [function.__code__]
    while codes:
        code = codes.pop()
        yield from [(NO_PLACE, module[name]) for name in code.co_names if name in module]
        codes.extend([inner for inner in code.co_consts if type(inner) is types.CodeType])


def is_users(cls: type) -> bool:
    """Whether a class is the user's, whose attributes are what its objects keep."""
    root = str(cls.__module__ or "").partition(".")[0]
    return bool(cls.__flags__ & _HEAP) and root not in sys.stdlib_module_names | _LIBRARIES


_HEAP = 1 << 9  # Py_TPFLAGS_HEAPTYPE
_LIBRARIES = frozenset({"numpy", "scipy", "gradwise"})
