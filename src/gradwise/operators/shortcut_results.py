"""What a shortcut returns: numbers, arrays and containers in the forms of the arguments and of the function's value (``shortcuts.py``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.operators.arguments import Arguments
from gradwise.operators.kinks import holds_nan
from gradwise.operators.leaves import plain_like
from gradwise.operators.reuse.specialization import as_kind
from gradwise.operators.shortcut_leaves import in_containers
from gradwise.program import F64

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradwise.execution.function_text import FunctionText
    from gradwise.execution.straight_line import Written
    from gradwise.operators.linearization import Linearization
    from gradwise.program import Program


class Columns(tuple[Any, ...]):
    """The derivatives with respect to several numbers: a tuple, and as an array the Jacobian matrix, one column for each number.

    SciPy's ``curve_fit`` takes ``jac=gw.jacobian(f, argnums=(1, 2))`` as it is.
    """

    __slots__ = ()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.stack([np.asarray(column) for column in self], axis=-1).astype(dtype or float, copy=False)


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
    if written.is_number:
        result = text.keep(written.text)
        text.leave_if(f"{result} != {result}")
        if type(leaf) is float:
            return result
        if type(leaf) is np.float64:
            return text.keep(f"{text.name(np.float64)}({result})")
        return in_form(text, result, name, leaf)
    kind = joint.types[joint.outputs[position]]
    result = text.keep_watched(written.text)
    if len(kind.shape) == 1 and kind.dtype == F64.dtype and 0 < kind.shape[0] < 1000:
        square = text.keep_watched(f"{result}.dot({result})")  # of large entries it overflows
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


def slope_in_form(text: FunctionText, written: Written, kind: type, value: str, *, shared: bool) -> str:
    """A tangent of a value of this kind that is in the variable ``value``, in its form."""
    slope = returned(text, written, kind, shared=shared)
    return f"{text.name(plain_like)}({slope}, {text.name(kind)}, {value})" if kind is np.ndarray else slope


def zero_like(text: FunctionText, value: Any) -> str:
    """The zero tangent of a value."""
    if type(value) is float:
        return "0.0"
    zero = f"{text.name(np.zeros)}({np.shape(value)!r}, {text.name(value.dtype)})"
    return zero if type(value) is np.ndarray else f"{zero}[()]"


def rebuilt(text: FunctionText, gradient: Sequence[str], arguments: Arguments) -> str:
    """The gradient in the containers of the arguments."""
    start, values = 0, []
    for treedef in arguments.treedefs:
        values.append(in_containers(text, gradient[start : start + treedef.num_leaves], treedef))
        start += treedef.num_leaves
    return values[0] if arguments.single else f"({', '.join(values)},)"
