"""The lines of shortcuts that take vectors: tangents of the arguments, cotangents of the value (``shortcuts.py``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.containers import flatten
from gradwise.operators.reuse.forms import Formless

if TYPE_CHECKING:
    from gradwise.execution.function_text import FunctionText
    from gradwise.operators.arguments import Arguments


def plain_leaves(arguments: Arguments) -> list[Any]:
    """The leaves of the arguments, if all arguments are differentiated and the leaves are floating arrays and Python floats themselves.

    Raises
    ------
    Formless
        If they are something else, which is converted.
    """
    args, kwargs = arguments.given()
    given = [leaf for arg in args for leaf in flatten(arg)[0]]
    if kwargs or len(given) != len(arguments.leaves) or arguments.places != list(range(len(args))):
        raise Formless
    for x, own in zip(arguments.leaves, given, strict=True):
        if x is not own or type(x) not in (float, np.ndarray) or (type(x) is np.ndarray and x.dtype.kind != "f"):
            raise Formless
    return given


def tangents_of(text: FunctionText, source: str, arguments: Arguments) -> list[tuple[str, bool]]:
    """The leaves of the tangents in the tuple ``source``; the lines leave where one has not the form of its argument."""
    found, start = [], 0
    for k, treedef in enumerate(arguments.treedefs):
        leaves = arguments.leaves[start : start + treedef.num_leaves]
        start += treedef.num_leaves
        if not treedef.children:
            found.append(vector_of(text, f"{source}[{k}]", leaves[0]))
            continue
        parts = text.keep(f"{text.name(flatten)}({source}[{k}])")
        text.leave_if(f"{parts}[1] != {text.name(treedef)}")
        found += [vector_of(text, f"{parts}[0][{j}]", leaf) for j, leaf in enumerate(leaves)]
    return found


def vector_of(text: FunctionText, source: str, like: Any) -> tuple[str, bool]:
    """A vector of the form of a value; the lines leave where it has another."""
    name = text.keep(source)
    if type(like) is np.ndarray:
        kind, dtype = text.name(np.ndarray), text.name(like.dtype)
        text.leave_if(f"type({name}) is not {kind} or {name}.shape != {like.shape!r} or {name}.dtype != {dtype}")
        return name, False
    text.leave_if(f"type({name}) is not float and type({name}) is not {text.name(np.float64)}")
    return text.keep(f"float({name})"), True
