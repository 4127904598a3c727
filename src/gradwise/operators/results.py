"""What a function returned and what its derivatives are, in the forms that the user gave: numbers, arrays, containers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.errors import OutputError
from gradwise.operators.arguments import Arguments, function_label
from gradwise.operators.leaves import plain_like
from gradwise.operators.linearization import Linearization
from gradwise.operators.prepared import is_outer
from gradwise.tracing import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Sequence


def plain_value(value: Any) -> Any:
    """The concrete value of a traced value; anything else as it is."""
    return value.current() if isinstance_traced(value) else value


def scalar_output(linearization: Linearization, function: Any, operator: str) -> Any:
    """The one real number that the function returned, as NumPy or traced value.

    Raises
    ------
    OutputError
        If the output is a container, an array, complex, or not floating.
    """
    values, structure = linearization.values, linearization.recording.structure
    name = function_label(function)
    if len(values) == 1 and (np.size(values[0]) == 1 and (structure.paths() != [""] or np.ndim(values[0]))):
        entry = structure.paths()[0] + (f"[{', '.join('0' * np.ndim(values[0]))}]" if np.ndim(values[0]) else "")
        held = f"an array of shape {np.shape(values[0])}" if structure.paths() == [""] else "a container"
        called = "f" if name == "<lambda>" else name
        also = ", or use gw.jacobian, whose result has the axes of the value too" if "grad" in operator else ""
        raise OutputError(
            f"gw.{operator} of {name}: the function returned {held}, which holds one number. That number itself is required. "
            f"Return its entry {entry}, or write gw.{operator}(lambda x: {called}(x){entry}){also}"
        )
    if not values:
        raise OutputError(
            f"gw.{operator} of {name}: the function returned None, or a container with nothing in it. A single real number is required. Does it end without a return?"
        )
    if len(values) != 1 or structure.num_leaves != 1 or structure.paths() != [""]:
        raise OutputError(
            f"gw.{operator} of {name}: the function returned a container with {len(values)} leaves. A single real number is required. "
            f"Return one number, use has_aux=True for what else it returns, or gw.jacobian for the derivative of several outputs"
        )
    value = values[0]
    if np.shape(value) != ():
        raise OutputError(
            f"gw.{operator} of {name}: the function returned an array of shape {np.shape(value)}. A single real number is required. "
            f"Reduce it to one (np.sum, np.mean, value[0]), or use gw.jacobian for the derivative of every entry"
        )
    kind = np.asarray(value.current() if isinstance_traced(value) else value).dtype.kind
    if kind == "c":
        raise OutputError(
            f"gw.{operator} of {name}: the function returned a complex number. A real number is required. Return its real part or its modulus, "
            f"or use gw.derivative for a holomorphic function"
        )
    if kind != "f":
        what = "a boolean" if kind == "b" else "an integer"
        raise OutputError(
            f"gw.{operator} of {name}: the function returned {what}, which is piecewise constant. A real number (float) is required"
        )
    return value


def zeros_for(leaf: Any) -> Any:
    """The zero derivative with respect to a leaf."""
    if isinstance_traced(leaf):
        leaf = leaf.current()
    return np.zeros(np.shape(leaf), np.asarray(leaf).dtype)[()]


def finish(results: Sequence[Any], arguments: Arguments) -> list[Any]:
    """Results in the form of the leaves that they belong to."""
    return [
        plain_like(zeros_for(leaf) if r is None else r, kind, leaf)
        for r, kind, leaf in zip(results, arguments.kinds, arguments.leaves, strict=True)
    ]


def output_value(linearization: Linearization, *, copied: bool = False) -> Any:
    """The function's value in its own container, as the function returned it; ``copied`` where the derivative is asked for later, and may need what the caller changes."""
    values = [v if is_outer(v) or not isinstance_traced(v) else v.current() for v in linearization.values]
    if copied:
        values = [v.copy() if type(v) is np.ndarray else v for v in values]
    return linearization.recording.structure.rebuild(values)


def output_leaves(linearization: Linearization, results: list[Any]) -> list[Any]:
    """Tangents of the outputs in the form of the outputs."""
    leaves = []
    for r, value in zip(results, linearization.values, strict=True):
        like = plain_value(value)
        dtype = np.asarray(like).dtype
        if r is None:
            r = np.zeros(np.shape(like), dtype if dtype.kind in "fc" else np.float64)[()]
        leaves.append(plain_like(r, type(like), like if hasattr(like, "dtype") else np.float64(0)))
    return leaves
