"""What a shortcut returns: numbers, arrays and containers in the forms of the arguments and of the function's value (``shortcuts.py``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.containers import flatten
from gradwise.operators.arguments import Arguments
from gradwise.operators.kinks import holds_nan
from gradwise.operators.leaves import plain_like
from gradwise.operators.reuse.forms import Formless
from gradwise.operators.reuse.specialization import as_kind
from gradwise.program import F64
from gradwise.tracing.purity.expectations import by_place

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

    from gradwise.execution.function_text import FunctionText
    from gradwise.execution.straight_line import Written
    from gradwise.operators.linearization import Linearization
    from gradwise.program import Program


def order_of_leaves(value: Any) -> list[int]:
    """Where the leaves of an argument, in the order of ``flatten``, stand in the order of its entries."""
    if type(value) not in (tuple, list, dict):
        return [0]
    count = 0

    def marked(entry: Any) -> Any:
        nonlocal count
        if type(entry) is dict:
            return {k: marked(v) for k, v in entry.items()}
        if type(entry) in (tuple, list):
            return type(entry)([marked(v) for v in entry])
        if type(entry) is not np.ndarray and not isinstance(entry, (float, complex, np.floating, np.complexfloating)):
            raise Formless  # a leaf of another kind
        count += 1
        return float(count - 1)

    order = [int(mark) for mark in flatten(marked(value))[0]]
    if sorted(order) != list(range(count)):
        raise Formless
    return order


def returned(text: FunctionText, value: Written, kind: type, *, shared: bool = False) -> str:
    """The function's value in the type that it returned; a copy of an array whose memory is ``shared`` with something else."""
    if value.is_number and kind is float:
        return value.text
    if value.is_number and kind is np.float64:
        return f"{text.name(np.float64)}({value.text})"
    name = text.keep(f"{text.name(as_kind)}({value.text}, {text.name(kind)})")
    text.leave_if(f"type({name}) is not {text.name(kind)}")
    return text.keep(f"{name}.copy()") if shared and kind is np.ndarray else name


def auxiliary_value(text: FunctionText, linearization: Linearization, written: Sequence[Written]) -> str:
    """What the function returned beside its value; arrays are copied, since they may be what it was given."""
    recording, computed = linearization.recording, iter(written)
    assert recording.auxiliary_outputs is not None
    leaves = []
    for i, value in recording.auxiliary_outputs:
        kind = type(value)
        if i is None:  # the caller has this one
            leaves.append(text.name(value.copy() if kind is np.ndarray else value))
        else:
            leaves.append(returned(text, next(computed), kind))
        if kind is np.ndarray:
            leaves[-1] = text.keep(f"{leaves[-1]}.copy()")
    return f"{text.name(recording.auxiliary_structure.rebuild)}([{', '.join(leaves)}])"


def derivative_in_form(
    text: FunctionText, written: Written, name: str, leaf: Any, joint: Program, position: int, *, shared: bool
) -> str:
    """A derivative in the form of its leaf, which is in the variable ``name``; nan is left to the ordinary way."""
    result = text.keep(written.text)
    if written.is_number:
        text.leave_if(f"{result} != {result}")
        if type(leaf) is float:
            return result
        if type(leaf) is np.float64:
            return text.keep(f"{text.name(np.float64)}({result})")
        return in_form(text, result, name, leaf)
    kind = joint.types[joint.outputs[position]]
    if len(kind.shape) == 1 and kind.dtype == F64.dtype and 0 < kind.shape[0] < 1000:
        square = text.keep(f"{result}.dot({result})")
        text.leave_if(f"{square} != {square}")
    else:
        text.leave_if(f"{text.name(holds_nan)}(({result},))")
    if shared:
        return in_form(text, text.keep(f"{text.name(np.array)}({result})"), name, leaf)
    if written.is_own and type(leaf) is np.ndarray and leaf.dtype == kind.dtype and leaf.shape == kind.shape:
        return result
    return in_form(text, result, name, leaf)


def in_form(text: FunctionText, result: str, name: str, leaf: Any) -> str:
    """A derivative in the form of the leaf that is in the variable ``name``."""
    return text.keep(f"{text.name(plain_like)}({result}, {text.name(type(leaf))}, {name})")


def rebuilt(text: FunctionText, gradient: Sequence[str], arguments: Arguments, moving: Container[int | str]) -> str:
    """The gradient in the containers of the arguments."""
    start, values = 0, []
    given = by_place(*arguments.given())
    for place, treedef in zip(arguments.places, arguments.treedefs, strict=True):
        value = given[place]
        theirs = gradient[start : start + treedef.num_leaves]
        if place in moving:
            values.append(f"{text.name(treedef.rebuild)}([{', '.join(theirs)}])")
            start += treedef.num_leaves
            continue
        entries = iter([name for _, name in sorted(zip(order_of_leaves(value), theirs, strict=True))])
        values.append(_container(text, value, entries))
        start += treedef.num_leaves
    return values[0] if arguments.single else f"({', '.join(values)},)"


def _container(text: FunctionText, value: Any, entries: Iterator[str]) -> str:
    """A tuple, list or dict like another, with these entries in their order."""
    if type(value) is dict:
        return "{" + ", ".join([f"{text.name(k)}: {_container(text, v, entries)}" for k, v in value.items()]) + "}"
    if type(value) is list:
        return f"[{', '.join([_container(text, v, entries) for v in value])}]"
    if type(value) is tuple:
        return f"({''.join([_container(text, v, entries) + ', ' for v in value])})"
    return next(entries)
