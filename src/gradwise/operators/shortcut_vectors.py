"""The lines of shortcuts that take vectors: tangents of the arguments, cotangents of the value (``shortcuts.py``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.containers import flatten
from gradwise.containers.structure import LEAF
from gradwise.operators.reuse.forms import Formless

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradwise.containers import TreeDef
    from gradwise.execution.function_text import FunctionText
    from gradwise.operators.arguments import Arguments


def vectors_of(text: FunctionText, source: str, treedef: TreeDef, likes: Sequence[Any]) -> list[tuple[str, bool]]:
    """The leaves of a vector that is in the expression ``source``; the lines leave where it has not the containers of what it belongs to, or a leaf another form."""
    if treedef is LEAF:
        return [vector_of(text, source, likes[0])]
    parts = text.keep(f"{text.name(flatten)}({source})")
    text.leave_if(f"{parts}[1] != {text.name(treedef)}")
    return [vector_of(text, f"{parts}[0][{j}]", like) for j, like in enumerate(likes)]


def tangents_of(text: FunctionText, source: str, arguments: Arguments) -> list[tuple[str, bool]]:
    """The leaves of the tangents in the tuple ``source``, one for each argument."""
    found, start = [], 0
    for k, treedef in enumerate(arguments.treedefs):
        leaves = arguments.leaves[start : start + treedef.num_leaves]
        start += treedef.num_leaves
        found += vectors_of(text, f"{source}[{k}]", treedef, leaves)
    return found


def vector_of(text: FunctionText, source: str, like: Any) -> tuple[str, bool]:
    """A vector of the form of a value; the lines leave where it has another."""
    name = text.keep(source)
    if type(like) is np.ndarray:
        kind, dtype = text.name(np.ndarray), text.name(like.dtype)
        text.leave_if(f"type({name}) is not {kind} or {name}.shape != {like.shape!r} or {name}.dtype != {dtype}")
        return name, False
    if np.asarray(like).dtype != np.float64:
        text.leave_if(f"type({name}) is not {text.name(type(like))}")
        return name, False
    text.leave_if(f"type({name}) is not float and type({name}) is not {text.name(np.float64)}")
    return text.keep(f"float({name})"), True


def require_real(arguments: Arguments, values: Sequence[Any]) -> None:
    """Raise Formless unless all leaves and values are real numbers or arrays of them."""
    for v in (*arguments.leaves, *values):
        if np.asarray(v).dtype.kind != "f" or not isinstance(v, (float, np.floating, np.ndarray)):
            raise Formless
