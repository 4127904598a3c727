"""``scipy.spatial.transform.Rotation`` made during the call.

What depends on the sign of the quaternion, or on which of several formulas SciPy takes (``as_quat``, ``as_rotvec``, ``as_euler``, ``from_matrix``), is recorded for one point alone, and not looked into.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.lattice import describe
from gradwise.tracing.purity.values import OWN, ROTATION

if TYPE_CHECKING:
    from gradwise.tracing.purity.machine import Machine

_MAKERS = ("from_rotvec", "from_quat", "from_euler")
_METHODS: dict[str, Any] = {
    "inv": ROTATION,
    **dict.fromkeys(["apply", "as_matrix", "magnitude"], OWN),
}
_KEYWORDS = frozenset(["degrees", "inverse"])


class OfRotation:
    """A method of a rotation, or of the class, about to be called."""

    __slots__ = ("_gives", "_name")

    def __init__(self, name: str, gives: Any) -> None:
        self._name = name
        self._gives = gives

    def __eq__(self, other: object) -> bool:
        return type(other) is OfRotation and other._name == self._name and other._gives is self._gives

    def __hash__(self) -> int:
        return hash(self._name)

    def result(self, m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
        """What the call gives."""
        if not keywords.keys() <= _KEYWORDS:
            raise m.doubt(f"it calls {self._name} of a rotation in a way that is not looked into")
        for value in (*arguments, *keywords.values()):
            m.data(value)
        return self._gives


def maker_of_rotations(cls: Any, name: str) -> OfRotation | None:
    """``Rotation.from_rotvec``; None for anything else."""
    if name not in _MAKERS or cls is not getattr(sys.modules.get("scipy.spatial.transform"), "Rotation", None):
        return None
    return OfRotation(name, ROTATION)


def attribute_of_rotation(m: Machine, name: str) -> OfRotation:
    """``rotation.apply``."""
    if name not in _METHODS:
        raise m.doubt(f"the attribute {name!r} of a rotation is not looked into")
    return OfRotation(name, _METHODS[name])


def product_of_rotations(m: Machine, symbol: str, x: Any, z: Any) -> Any:
    """``first * second``."""
    if symbol not in ("*", "*=") or x is not z:
        raise m.doubt(f"the operator {symbol} of {describe(x)} and {describe(z)} is not looked into")
    return ROTATION
