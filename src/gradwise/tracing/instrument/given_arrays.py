"""Plain arrays that a function is given beside what is differentiated, and writes to: ``f(x, out)`` with ``out[0] = x[0]``.

    shown : the arguments of a run → the same with buffers for such arrays, and for tuples that hold some (``sharing.py``)

Of other arrays all references must be found, since who has one could read plain numbers meanwhile.  An argument has references that lead nowhere: the caller's list of arguments, an attribute of an object that the function does not
know.  Where the walk from the function saw all that it leads to, and no code finds names by their texts, nobody within the call has the others.
"""

from __future__ import annotations

import dis
import functools
import sys
import types
from typing import Any

import numpy as np

from gradwise.tracing.instrument.state import local

#: in the place of a container, where a function is given an array
ARGUMENT = object()
#: names by which code finds what is named nowhere
_BY_TEXT = frozenset(
    {"globals", "eval", "exec", "__import__", "import_module", "modules", "gc", "_getframe", "currentframe", "inspect", "__globals__", "f_back", "f_locals"}
)  # fmt: skip
_HARMLESS = frozenset({"numpy", "scipy", *sys.stdlib_module_names}) - {"__main__", "gc", "inspect", "importlib", "sys"}


@functools.lru_cache(maxsize=4096)
def finds_by_text(code: types.CodeType) -> bool:
    """Whether the code of a function, or of one within it, may find what it does not name: by a text, or by importing a module of the user's."""
    for i in dis.get_instructions(code):
        if i.argval in _BY_TEXT if type(i.argval) is str else False:
            return True
        if i.opname == "IMPORT_NAME" and i.argval.partition(".")[0] not in _HARMLESS:
            return True
    return any(finds_by_text(inner) for inner in code.co_consts if type(inner) is types.CodeType)


def shown(values: list[Any]) -> list[Any]:
    """The arguments of the run that begins, with what stands for those arrays and tuples."""
    watch = local.watch
    if watch is None or not watch.originals:
        return values
    standing = {id(original): stands for stands, original in watch.originals.values()}
    return [standing.get(id(v), v) if isinstance(v, (np.ndarray, tuple)) else v for v in values]
