"""The lines of shortcuts that cut a Jacobian or Hessian into blocks, one for each leaf of the results and each of the arguments (``jacobian_shortcuts.py``, ``second_shortcuts.py``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.operators.reuse.forms import Formless
from gradwise.program import F64

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradwise.execution.function_text import FunctionText
    from gradwise.operators.arguments import Arguments

Shape = tuple[int, ...]


def floating_leaves(arguments: Arguments, values: Sequence[Any] = ()) -> np.dtype[Any]:
    """The one dtype that all leaves and values have.

    Raises
    ------
    Formless
        If they have several, if one is complex, or if one holds nothing.
    """
    found = {np.asarray(v).dtype for v in (*arguments.leaves, *values)}
    if len(found) != 1 or not all(np.size(v) for v in (*arguments.leaves, *values)):
        raise Formless
    (dtype,) = found
    if dtype.kind != "f" or any(type(v) not in (float, np.ndarray) and not isinstance(v, np.floating) for v in values):
        raise Formless
    return dtype


def blocks(
    text: FunctionText,
    mode: str,
    carriers: Sequence[str | None],
    rows: Sequence[Shape],
    columns: Sequence[Shape],
    kinds: Sequence[type],
    dtype: Any = F64.dtype,
    *,
    own: bool = False,
) -> list[list[str]]:
    """The texts of the blocks, by row and column.

    Parameters
    ----------
    mode : {"forward", "reverse"}
    carriers : sequence of str or None
        By row (forward) or by column (reverse) what was computed, all unit vectors along its first axis; None for zero.
    rows, columns : sequence of tuple of int
        The shapes.
    kinds : sequence of type
        By column, what the user gave: where a block is one number, a Python number has a Python float.
    own : bool
        Whether the memory of what was computed is nobody else's.
    """
    forward = mode == "forward"
    lists: dict[str, str] = {}
    found, starts = [], [0] * len(carriers)
    for k, high in enumerate(rows):
        line = []
        for j, wide in enumerate(columns):
            at = k if forward else j
            carrier, start, size = carriers[at], starts[at], _size(wide if forward else high)
            starts[at] += size
            is_number = not high and not wide
            if carrier is None:
                zero = f"{text.name(np.zeros)}({(*high, *wide)!r}, {text.name(dtype)})"
                line.append(zero if not is_number else f"{zero}.item()" if kinds[j] in (float, int) else f"{zero}[()]")
            elif is_number and kinds[j] in (float, int):
                if carrier not in lists:
                    lists[carrier] = text.keep(f"{carrier}.tolist()")
                line.append(f"{lists[carrier]}[{start}]")
            elif is_number:
                line.append(f"{carrier}[{start}]")
            else:
                whole = len(columns if forward else rows) == 1
                part = carrier if whole else f"{carrier}[{start}:{start + size}]"
                line.append(f"{text.name(arranged(mode, high, wide, own=own and whole))}({part})")
        found.append(line)
    return found


def _size(shape: Shape) -> int:
    return int(np.prod(shape, dtype=np.int64))


def arranged(mode: str, rows: Shape, columns: Shape, *, own: bool) -> Callable[[np.ndarray], np.ndarray]:
    """From results by unit vector to a fresh array of shape rows + columns."""
    shape = (*rows, *columns)
    if mode == "forward" and len(rows) == len(columns) == 1:
        return lambda r: r.T.copy()
    if mode == "forward":
        return lambda r: np.array(np.reshape(np.moveaxis(r, 0, -1), shape), order="C")
    if len(rows) == 1 and own:
        return lambda r: r if r.base is None and r.flags.c_contiguous and r.flags.writeable else np.array(r, order="C")
    return lambda r: np.array(np.reshape(r, shape), order="C")
