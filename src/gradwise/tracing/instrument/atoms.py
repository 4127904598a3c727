"""Values that are surely plain, told by their type: what most long lists consist of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

#: types of which no value is traced or holds anything
ATOMS = frozenset(
    {float, int, np.float64, bool, str, bytes, complex, type(None), np.int64, np.float32, np.complex128, np.bool_}
)


def are_atoms(values: Iterable[Any]) -> bool:
    """Whether values are all plain numbers and texts, at a thirtieth of the cost of asking each: a history that a function keeps grows from run to run."""
    return ATOMS.issuperset(map(type, values))
