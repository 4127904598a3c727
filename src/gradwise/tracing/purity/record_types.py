"""Named tuples that the function makes: ``Point(x, y)`` with a class that ``collections.namedtuple`` or ``typing.NamedTuple`` made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.boxes import box
from gradwise.tracing.purity.lattice import put
from gradwise.tracing.purity.values import Constant, Row

if TYPE_CHECKING:
    from gradwise.tracing.purity.machine import Machine


def record(m: Machine, cls: Any, arguments: list[Any], keywords: dict[str, Any]) -> Row:
    """``Point(x, y)``."""
    fields = cls._fields
    given = dict(zip(fields, arguments, strict=False))
    given.update(keywords)
    if len(arguments) + len(keywords) != len(fields) or set(given) != set(fields):
        raise m.doubt(f"it makes a {cls.__name__} without naming all its fields")
    return Row(tuple([given[name] for name in fields]), cls)


class MethodOfRecord:
    """``point._replace`` and ``point._asdict``, about to be called."""

    __slots__ = ("_name", "_owner")

    def __init__(self, owner: Row, name: str) -> None:
        self._owner = owner
        self._name = name

    def __eq__(self, other: object) -> bool:
        return type(other) is MethodOfRecord and other._owner == self._owner and other._name == self._name

    def __hash__(self) -> int:
        return hash(self._name)

    def result(self, m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
        """What the call gives."""
        cls: Any = self._owner.cls
        known = dict(zip(cls._fields, self._owner.entries, strict=True))
        if arguments or not keywords.keys() <= known.keys() or (self._name == "_asdict" and keywords):
            raise m.doubt(f"it calls {self._name} of a named tuple in a way that is not looked into")
        if self._name == "_replace":
            return Row(tuple({**known, **keywords}.values()), cls)
        made = box(m, "dict")
        for name, value in known.items():
            put(made, value, Constant(name))
        return made


def attribute_of_record(m: Machine, owner: Row, name: str) -> Any:
    """A field of a named tuple, or one of its methods; None for all else."""
    cls: Any = owner.cls
    if cls is None:
        return None
    if name in cls._fields:
        return owner.entries[cls._fields.index(name)]
    if name in ("_replace", "_asdict"):
        return MethodOfRecord(owner, name)
    return None
