"""Classes of named tuples, as ``collections.namedtuple`` and ``typing.NamedTuple`` make them, with methods and operators of the user's at most."""

from __future__ import annotations

import collections
import types
import weakref
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def is_named_tuple(value: Any) -> bool:
    """Whether a value is an instance of what ``collections.namedtuple`` or ``typing.NamedTuple`` makes, without methods that change what a tuple does."""
    return has_fields(type(value))


def has_fields(cls: Any) -> bool:
    """Whether a class is one of named tuples, without methods that change what a tuple does."""
    fields: Any = getattr(cls, "_fields", None)
    return (
        cls.__bases__ == (tuple,)
        and type(cls) is type
        and type(fields) is tuple
        and all(getattr(cls, name) is getattr(tuple, name) for name in _OF_TUPLES)
        and all(_is_entry(vars(cls).get(name), k) for k, name in enumerate(fields))
    )


#: methods with two underscores that such a class has of itself
_USUAL = frozenset(
    ["__new__", "__repr__", "__getnewargs__", "__replace__", "__annotate__", "__annotate_func__", "__init_subclass__"]
)


#: what ``collections.namedtuple`` writes into every class
_MADE = ("_replace", "_asdict", "_make")
#: the operators that it may have
_OPERATORS = frozenset(
    [f"__{r}{n}__" for r in ("", "r") for n in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul")]
    + ["__neg__", "__pos__", "__abs__", "__invert__", "__str__", "__format__"]
)


def is_record_type(cls: Any) -> bool:
    """Whether a class makes named tuples as Python makes them, with methods and operators of their own at most.

    Examples
    --------
    >>> import collections
    >>> is_record_type(collections.namedtuple("Point", "x y")), is_record_type(tuple)
    (True, False)
    """
    if type(cls) is not type or not has_fields(cls):
        return False
    new = vars(cls).get("__new__")
    new = new.__func__ if type(new) is staticmethod else new
    if type(new) is not types.FunctionType or not str(new.__globals__.get("__name__")).startswith("namedtuple_"):
        return False
    if any(_code_under(cls, name) is not _code_under(_Pair, name) for name in _MADE):
        return False
    own = {n for n, v in vars(cls).items() if type(v) is types.FunctionType and n.startswith("__")}
    return own <= _USUAL | _OPERATORS


def has_operators(cls: Any) -> bool:
    """Whether a class of named tuples has operators of its own."""
    return not _OPERATORS.isdisjoint(vars(cls))


def _code_under(cls: Any, name: str) -> Any:
    found = vars(cls).get(name)
    return getattr(getattr(found, "__func__", found), "__code__", None)


class _Test:
    """Whether the class of named tuples that stands under a name is still the one that was there, with the same fields and defaults, and makes what it made.

    Nothing that a class holds is kept but what ``collections.namedtuple`` put there: methods may refer to whatever the user has.
    """

    __slots__ = ("codes", "defaults", "fields", "getters", "kept", "names", "new", "others")

    def __init__(self, cls: Any) -> None:
        own = vars(cls)
        self.kept: Any = weakref.ref(cls)
        self.fields = cls._fields
        self.new, self.defaults = own["__new__"], cls.__new__.__defaults__
        self.getters = [(name, own[name]) for name in cls._fields]
        self.codes = [(name, _code_under(cls, name)) for name in _MADE]
        self.names = [*own]
        #: names with two underscores under which there must be no function
        self.others = [n for n in own if n.startswith("__") and n not in _USUAL | _OPERATORS]

    def __call__(self, value: Any) -> bool:
        if value is None or value is not self.kept() or value.__bases__ != (tuple,) or type(value) is not type:
            return False
        own = vars(value)
        return (
            [*own] == self.names
            and own.get("_fields") is self.fields
            and own["__new__"] is self.new
            and value.__new__.__defaults__ is self.defaults
            and all([own[name] is getter for name, getter in self.getters])
            and not any([type(own[name]) is types.FunctionType for name in self.others])
            and all([_code_under(value, name) is code for name, code in self.codes])
        )


def record_test(cls: Any) -> Callable[[Any], bool]:
    """What must hold at the next call of what stands under the name of such a class."""
    return _Test(cls)


def _is_entry(found: Any, position: int) -> bool:
    """Whether what a class has under the name of a field gives the entry at its position."""
    return type(found) is _FIELD and found.__reduce__()[1][0] == position


_Pair: Any = collections.namedtuple("_Pair", "a")
_FIELD: Any = type(vars(_Pair)["a"])

_OF_TUPLES = ("__getitem__", "__iter__", "__len__", "__getattribute__", "__eq__", "__hash__", "__contains__")
