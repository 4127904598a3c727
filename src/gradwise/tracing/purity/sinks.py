"""Files in memory that the function makes, to be written to: ``log = io.StringIO(); print(f"value {v:.3f}", file=log)``.

What is in such a file is a text of numbers, an aside (``asides.py``): it may be shown and left behind, and goes nowhere else.  So is how many letters a ``write`` wrote, and where the file stands.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.asides import data_beside
from gradwise.tracing.purity.values import ASIDE, SINK, Constant

if TYPE_CHECKING:
    from gradwise.tracing.purity.machine import Machine

#: what each method gives, and how many values it takes; ``getvalue`` and the like give what was written
_GIVES: dict[str, tuple[Any, int]] = {
    "write": (ASIDE, 1),
    "getvalue": (ASIDE, 0),
    "read": (ASIDE, 0),
    "tell": (ASIDE, 0),
    "flush": (Constant(None), 0),
    "close": (Constant(None), 0),
}
_OF_PRINT = frozenset(["sep", "end", "flush", "file"])


class MethodOfSink:
    """``log.write`` and the like, about to be called."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __eq__(self, other: object) -> bool:
        return type(other) is MethodOfSink and other._name == self._name

    def __hash__(self) -> int:
        return hash(self._name)

    def result(self, m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
        """What the call gives."""
        found, most = _GIVES[self._name]
        if keywords or len(arguments) > most:
            raise m.doubt(f"it calls {self._name} of a file in memory in a way that is not looked into")
        data_beside(m, arguments)
        return found


def method_of_sink(m: Machine, name: str) -> MethodOfSink:
    """An attribute of a file in memory."""
    if name not in _GIVES:
        raise m.doubt(f"the attribute {name!r} of a file in memory is not looked into")
    return MethodOfSink(name)


def of_sink(m: Machine, value: Any, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """A file in memory that is made, or printed to; None for any other call.  Only where texts of numbers are asides is it looked into."""
    inquiry = m.scope.inquiry
    if value is io.StringIO and not keywords and len(arguments) <= 1:
        inquiry.tells = True
        if inquiry.asides:
            data_beside(m, arguments)
            return SINK
    if value is print and keywords.get("file") is SINK and keywords.keys() <= _OF_PRINT:
        data_beside(m, [*arguments, *[v for k, v in keywords.items() if k != "file"]])
        return Constant(None)
    return None
