"""``dataclasses.replace``, ``asdict``, ``astuple`` and ``fields`` in the symbolic run: what they do by way of the fields of a class, which are asked for again at each call."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.boxes import box
from gradwise.tracing.purity.constructed import attribute_of_known, attribute_of_made, construct
from gradwise.tracing.purity.lattice import describe, level, put
from gradwise.tracing.purity.objects import form_of
from gradwise.tracing.purity.scope import Expected, classify
from gradwise.tracing.purity.values import ARRAY, OWN, Constant, Known, Made, Row

if TYPE_CHECKING:
    from gradwise.tracing.purity.machine import Machine

_FUNCTIONS = (dataclasses.replace, dataclasses.asdict, dataclasses.astuple, dataclasses.fields)
#: dataclasses in dataclasses
_DEPTH = 8


def of_dataclass(m: Machine, function: Any, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """What such a function gives; None for any other function."""
    if not any(function is one for one in _FUNCTIONS):
        return None
    if len(arguments) != 1 or (keywords and function is not dataclasses.replace):
        raise m.doubt(f"it calls {function.__name__} in a way that is not looked into")
    owner = arguments[0]
    fields = _fields(m, owner)
    if function is dataclasses.fields:
        return Row(tuple(map(Known, fields)))
    if function is dataclasses.replace:
        return _replaced(m, owner, fields, keywords)
    return _copied(m, owner, fields, as_dict=function is dataclasses.asdict)


def _fields(m: Machine, owner: Any) -> tuple[Any, ...]:
    """The fields of a dataclass or an object of one, noted."""
    known = owner.cls if type(owner) is Made else owner
    expected = known.expected if type(known) is Known else None
    if expected is None or expected.kind not in ("class", "object"):
        raise m.doubt(f"it asks {describe(owner)} for the fields of a dataclass")
    cls = known.value if expected.kind == "class" else type(known.value)
    form = form_of(cls)
    if form is None:
        raise m.doubt(f"it asks {cls.__name__} for fields in a way that is not looked into")
    expected.reads.members["fields", form] = Expected("is", True)
    return dataclasses.fields(cls)


def _value(m: Machine, owner: Any, name: str) -> Any:
    read = attribute_of_made if type(owner) is Made else attribute_of_known
    return read(m.scope, m, owner, name)


def _replaced(m: Machine, owner: Any, fields: tuple[Any, ...], changes: dict[str, Any]) -> Made:
    """``replace(obj, name=value)``: the class is called with the other fields as they are."""
    if _is_class(owner) or not changes.keys() <= {f.name for f in fields if f.init}:
        raise m.doubt("it replaces fields in a way that is not looked into")
    if type(owner) is Made:
        cls = owner.cls
    else:
        expected, abstract = classify(type(owner.value), m.scope.inquiry.known)
        cls = Known(type(owner.value), owner.expected.reads.members.setdefault(("type",), expected))
        if type(abstract) is not Known or cls.expected.kind != "class":
            raise m.doubt(f"it replaces fields of {describe(owner)}, whose class is not looked into")
    given = {f.name: changes[f.name] if f.name in changes else _value(m, owner, f.name) for f in fields if f.init}
    made: Made = construct(m.scope, m, cls, [], given)
    return made


def _is_class(owner: Any) -> bool:
    """Whether it is a class, and no object of one."""
    return type(owner) is Known and owner.expected.kind == "class"


def _copied(m: Machine, owner: Any, fields: tuple[Any, ...], *, as_dict: bool, depth: int = 0) -> Any:
    """``asdict(obj)``, ``astuple(obj)``: dataclasses in it are taken apart too, arrays and containers are copied."""
    if _is_class(owner) or depth > _DEPTH:
        raise m.doubt("it takes a dataclass apart in a way that is not looked into")
    values = []
    for field in fields:
        value = _value(m, owner, field.name)
        degree = level(value)
        if degree is None:
            value = _copied(m, value, _fields(m, value), as_dict=as_dict, depth=depth + 1)
        elif type(value) is not Constant and degree in (ARRAY, OWN):
            value = OWN
        elif type(value) is not Constant:
            value = m.data(value)
        values.append(value)
    if not as_dict:
        return Row(tuple(values))
    made = box(m, "dict")
    for field, value in zip(fields, values, strict=True):
        put(made, value, Constant(field.name))
    return made
