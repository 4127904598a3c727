"""Long lists and dicts whose entries are alike and name things: ``[("square", [0, 1], 2.0), …]``, ``{0: "square", …}``, ``[{"kind": "square", "at": [0, 1]}, …]``.

    outline : container → its texts, to be compared at the next call, or None        table : container → what is known of an entry

Short ones are looked into entry by entry (``sequences.py``).  Of a long one only what an entry may be is known: the texts that are found at each place.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.tracing.purity.lattice import text
from gradwise.tracing.purity.objects import ENTRIES, NAMES
from gradwise.tracing.purity.plain import is_numeric, is_plain
from gradwise.tracing.purity.values import ARRAY, DATA, Record, Row, Table

#: the places of an entry
_WIDTH = 16


def _texts(row: Any) -> tuple[Any, ...]:
    return tuple([v if type(v) is str else None for v in row])


def outline(value: Any) -> Any:
    """The kind of a long container, its keys, and the texts of its entries; None if the entries are not alike, or hold no text."""
    if type(value) not in (list, tuple, dict) or not ENTRIES < len(value) <= NAMES:
        return None
    keys = None
    rows = list(value)
    if type(value) is dict:
        keys, rows = [(type(k), k) for k in value], list(value.values())
        if not all(kind is int or kind is str for kind, _ in keys):
            return None
    kind = type(rows[0])
    if any(type(row) is not kind for row in rows):
        return None
    if kind is str:
        return type(value), keys, str, rows if type(value) is dict else list(rows)
    if kind in (list, tuple):
        width: Any = len(rows[0])
        alike = 0 < width <= _WIDTH and all(len(row) == width for row in rows)
        found = [_texts(row) for row in rows] if alike else []
    elif kind is dict:
        width = list(rows[0])
        alike = (
            0 < len(width) <= _WIDTH and all(type(k) is str for k in width) and all(list(row) == width for row in rows)
        )
        found = [_texts(row.values()) for row in rows] if alike else []
    else:
        return None
    if not any(t is not None for row in found for t in row):
        return None
    return type(value), keys, (kind, width), found


def table(value: Any, known: Any) -> Table:
    """What is known of the entries of a container of that outline."""
    kind, _, form, found = known
    if form is str:
        element = _column(found, found)
    else:
        rows = list(value.values()) if kind is dict else list(value)
        columns = list(zip(*[row.values() if form[0] is dict else row for row in rows], strict=True))
        entries = tuple(
            [_column(texts, column) for texts, column in zip(zip(*found, strict=True), columns, strict=True)]
        )
        element = Record(tuple(zip(form[1], entries, strict=True))) if form[0] is dict else Row(entries)
    return Table(element, kind is dict)


def _column(texts: Any, values: Any) -> Any:
    """What is known of the values at one place."""
    different = frozenset(texts)
    if None not in different and len(different) <= ENTRIES:
        return text(different)
    return ARRAY if all(map(is_numeric, values)) else DATA


def holds_numbers(value: Any) -> bool:
    """Whether a list, tuple or dict with texts for keys holds numbers of Python's and NumPy's and nothing else, so that an entry is not changed in place (``rate = rates["k"]; rate *= dt``).

    Examples
    --------
    >>> holds_numbers({"k": 1.5}), holds_numbers([1, 2.5]), holds_numbers([np.zeros(2)]), holds_numbers(())
    (True, True, False, False)
    """
    if type(value) is dict:
        return bool(value) and all(type(k) is str and type(v) in _SCALARS for k, v in value.items())
    return type(value) in (list, tuple) and bool(value) and all(type(v) in _SCALARS for v in value)


_SCALARS = frozenset([float, int, np.float64])


def is_table(value: Any) -> bool:
    """Whether a container is plain data and its entries are alike and name things."""
    return outline(value) is not None and is_plain(value)
