"""Named tuples that the function makes: ``Point(x, y)`` with a class that ``collections.namedtuple`` or ``typing.NamedTuple`` made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.boxes import box
from gradwise.tracing.purity.class_members import attribute_by_class
from gradwise.tracing.purity.lattice import put
from gradwise.tracing.purity.named_tuples import has_operators
from gradwise.tracing.purity.values import Constant, Row

if TYPE_CHECKING:
    from gradwise.tracing.purity.machine import Machine


#: the types of defaults that are known for what they are
_PLAIN = (float, int, bool, str, type(None))


def record(m: Machine, cls: Any, arguments: list[Any], keywords: dict[str, Any]) -> Row:
    """``Point(x, y)``."""
    fields = cls._fields
    defaults = cls.__new__.__defaults__ or ()
    missing = dict(zip(fields[len(fields) - len(defaults) :], map(Constant, defaults), strict=True))
    named = [*fields[: len(arguments)], *keywords]
    given = {**missing, **dict(zip(named, [*arguments, *keywords.values()], strict=False))}
    if len(arguments) > len(fields) or len(set(named)) != len(named) or set(given) != set(fields):
        raise m.doubt(f"it makes a {cls.__name__} in a way that is not looked into")
    if any(type(value) not in _PLAIN for name, value in zip(missing, defaults, strict=True) if name not in named):
        raise m.doubt(f"a default of {cls.__name__} is no number or text")
    return Row(tuple([given[name] for name in fields]), cls, has_operators(cls))


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
            return Row(tuple({**known, **keywords}.values()), cls, self._owner.answers)
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
    return attribute_by_class(m, owner, cls, name)


def answers(value: Any) -> bool:
    """Whether a value is a named tuple whose class has operators of its own."""
    return type(value) is Row and value.answers


def operator_of_records(m: Machine, name: str | None, x: Any, z: Any) -> Any:
    """A binary operator (``"add"``) of a named tuple whose class has operators; if that is the right operand, the left one is a number of Python's, which leaves it to the other.

    The left one is asked first: no class is derived from that of a named tuple (``objects.has_fields``).
    """
    owner, other, special = (x, z, f"__{name}__") if answers(x) else (z, x, f"__r{name}__")
    method = None if name is None else attribute_by_class(m, owner, owner.cls, special)
    if method is None:
        raise m.doubt(f"an operator of {owner.cls.__name__} is not looked into")
    return m.scope.call(m, method, [other])


def unary_of_record(m: Machine, special: str, owner: Row) -> Any:
    """``-point``, ``abs(point)``."""
    method = attribute_by_class(m, owner, owner.cls, special)  # type: ignore[arg-type]  # one that answers has a class
    if method is None:
        raise m.doubt(f"{special} of {owner.cls.__name__} is not looked into")  # type: ignore[union-attr]
    return m.scope.call(m, method, [])
