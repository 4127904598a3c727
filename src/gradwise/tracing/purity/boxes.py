"""Lists and dictionaries made during the call, by the place of the code where they are made (``values.Box``).

What is put into one, under whatever name, is joined to what it holds; so its entries are known as well as if they had names: lists of objects, lists of lists, dictionaries of functions.  Where
a box goes somewhere that is not looked into, it counts as plain data from then on, and what is known of its entries is let go (``lattice.spill``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.lattice import alternatives, is_numeric, join, level, put, spill
from gradwise.tracing.purity.objects import is_simple_member
from gradwise.tracing.purity.scope import Ends
from gradwise.tracing.purity.values import DATA, FRESH, NOTHING, OWN, SLICE, Box, Constant, Known, Record, Row, Rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradwise.tracing.purity.machine import Machine

_LISTS, _DICTS = ("list", "deque"), ("dict",)


def box(m: Machine, kind: str, contents: Any = NOTHING, keys: Any = NOTHING, beside: str = "") -> Box:
    """The container that the present instruction makes."""
    inquiry = m.scope.inquiry
    place = id(m.code), m.offset, kind + beside
    found = inquiry.boxes.get(place)
    if found is None:
        found = inquiry.boxes[place] = Box(kind, inquiry)
    put(found, contents, keys)
    return found


def looked_at(m: Machine, value: Any) -> Any:
    """The degree of plain data that a value has where it is only looked at, or a doubt; what its entries hold may be kept under other names."""
    if type(value) is not Box:
        return m.data(value)
    if level(value) is None:
        return m.data(value)
    if level(value.root.contents) is not value.root.contents:
        spill(value.root.contents)
    return FRESH


def some(value: Any) -> Any:
    """A value that there is: an empty container raises."""
    if value is NOTHING:
        raise Ends
    return value


def as_key(m: Machine, key: Any) -> Any:
    """A key of a dictionary: data, or members of enumerations, which are equal to themselves only."""
    if not all(type(one) is Known and is_simple_member(one.value) for one in alternatives(key)):
        m.data(key)
    return key


def entry_of_box(m: Machine, value: Box, key: Any) -> Any:
    """``value[key]``, and a slice where the key is one."""
    root = value.root
    if root.kind == "dict":
        put(root, NOTHING, as_key(m, key))  # a dictionary with a default keeps what is asked for
        return some(root.contents)
    if key is SLICE or (type(key) is Constant and type(key.value) is slice):
        return box(m, root.kind, root.contents)
    if is_numeric(m.data(key)):
        return some(root.contents)
    return join(some(root.contents), box(m, root.kind, root.contents, beside="[:]"))  # perhaps a slice


def store_in_box(m: Machine, value: Box, key: Any, new: Any) -> None:
    """``value[key] = new``."""
    if key is SLICE or not (value.root.kind == "dict" or is_numeric(m.data(key))):
        m.data(value), m.data(new)  # entries of what is new are put there
        m.scope.changes_own()
        return
    as_key(m, key) if value.root.kind == "dict" else m.data(key)
    m.scope.changes_own()
    degree, inquiry = level(new), m.scope.inquiry
    if degree is not None and degree.rank > OWN.rank and not inquiry.mixes:
        inquiry.mixes = inquiry.learned = True
    put(value, new, key if value.root.kind == "dict" else NOTHING)


class MethodOfBox:
    """``box.append`` and the like, about to be called."""

    __slots__ = ("_name", "_owner")

    def __init__(self, owner: Box, name: str) -> None:
        self._owner = owner
        self._name = name

    def __eq__(self, other: object) -> bool:
        return type(other) is MethodOfBox and other._owner == self._owner and other._name == self._name

    def __hash__(self) -> int:
        return hash(self._name)

    def result(self, m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
        """What the call gives."""
        step = _METHODS["dict" if self._owner.root.kind == "dict" else "list"].get(self._name)
        if step is None or self._owner.root.kind == "any":
            raise m.doubt(f"it calls the method {self._name} of a container in a way that is not looked into")
        found = step(m, self._owner.root, arguments, keywords)
        if found is None:
            raise m.doubt(f"it calls the method {self._name} of a container in a way that is not looked into")
        return found


def has_method(value: Box, name: str) -> bool:
    """Whether a method is one of those that are known."""
    return value.root.kind != "any" and name in _METHODS["dict" if value.root.kind == "dict" else "list"]


def _append(m: Machine, b: Box, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    if keywords or not arguments:
        return None
    m.scope.changes_own()
    put(b, arguments[-1])
    return Constant(None)


def _extend(m: Machine, b: Box, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    if keywords or len(arguments) != 1:
        return None
    m.scope.changes_own()
    put(b, m.scope.element(m, arguments[0]))
    return Constant(None)


def _pop(m: Machine, b: Box, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    if keywords:
        return None
    for value in arguments[:1]:
        m.data(value)
    m.scope.changes_own()
    given = arguments[1] if len(arguments) > 1 else NOTHING
    return some(join(b.contents, given))


def _change(m: Machine, b: Box, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    for value in [*arguments, *keywords.values()]:
        m.data(value)
    m.scope.changes_own()
    return Constant(None)


def _ask(m: Machine, b: Box, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """``index``, ``count``, ``remove``: entries are compared."""
    looked_at(m, b)
    return None if keywords else (_change(m, b, arguments, keywords), OWN)[1]


def _sort(m: Machine, b: Box, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    if arguments or not keywords.keys() <= {"key", "reverse"}:
        return None
    compared(m, b.contents, keywords)
    m.scope.changes_own()
    return Constant(None)


def compared(m: Machine, element: Any, keywords: dict[str, Any]) -> None:
    """Entries are compared with one another, themselves or by a key."""
    m.data(keywords.get("reverse", OWN))
    key = keywords.get("key", Constant(None))
    if element is NOTHING:
        return
    compared = element if type(key) is Constant and key.value is None else m.scope.call(m, key, [element])
    _looked_at_deeply(m, compared)


def _looked_at_deeply(m: Machine, value: Any) -> None:
    if type(value) is Row:
        for one in value.entries:
            _looked_at_deeply(m, one)
    else:
        looked_at(m, value)


def _get(m: Machine, b: Box, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    if keywords or not 1 <= len(arguments) <= 2:
        return None
    as_key(m, arguments[0])
    return join(b.contents, arguments[1] if len(arguments) > 1 else Constant(None))


def _setdefault(m: Machine, b: Box, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    if keywords or len(arguments) != 2:
        return None
    as_key(m, arguments[0])
    m.scope.changes_own()
    put(b, arguments[1], arguments[0])
    return b.root.contents


def _items(m: Machine, b: Box, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    return None if arguments or keywords else Rows(NOTHING if b.keys is NOTHING else Row((b.keys, b.contents)))


def _values(m: Machine, b: Box, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    return None if arguments or keywords else Rows(b.contents)


def _keys(m: Machine, b: Box, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    return None if arguments or keywords else Rows(b.keys)


def _copy(m: Machine, b: Box, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    return None if arguments or keywords else box(m, b.kind, b.contents, b.keys)


def _update(m: Machine, b: Box, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    if len(arguments) > 1:
        return None
    m.scope.changes_own()
    for other in arguments:
        merge(m, b, other)
    for name, value in keywords.items():
        put(b, value, Constant(name))
    return Constant(None)


def _most_common(m: Machine, b: Box, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    for value in arguments:
        m.data(value)
    return box(m, "list", NOTHING if b.keys is NOTHING else Row((b.keys, b.contents)))


_METHODS: dict[str, dict[str, Callable[..., Any]]] = {
    "list": {
        **dict.fromkeys(["append", "appendleft", "insert"], _append),
        **dict.fromkeys(["extend", "extendleft"], _extend),
        **dict.fromkeys(["pop", "popleft"], _pop),
        **dict.fromkeys(["clear", "reverse", "rotate"], _change),
        **dict.fromkeys(["index", "count", "remove"], _ask),
        "sort": _sort,
        "copy": _copy,
    },
    "dict": {
        "get": _get,
        "setdefault": _setdefault,
        "pop": _pop,
        "items": _items,
        "values": _values,
        "keys": _keys,
        "copy": _copy,
        "update": _update,
        "most_common": _most_common,
        **dict.fromkeys(["clear", "move_to_end"], _change),
    },
}


def merge(m: Machine, b: Box, other: Any) -> None:
    """Put the entries of another dictionary into one."""
    if type(other) is Box and other.root.kind == "dict":
        put(b, other.root.contents, other.root.keys)
        return
    if type(other) is Record:
        for name, value in other.entries:
            put(b, value, Constant(name))
        return
    if level(other) is None:
        raise m.doubt("it puts into a dictionary what is not looked into")
    m.data(other)
    put(b, DATA, DATA)


def operator_of_boxes(m: Machine, symbol: str, x: Any, z: Any) -> Any:
    """Sums and multiples of lists, unions of dictionaries; None for all else, where containers count as data."""
    plain, in_place = symbol.rstrip("="), symbol.endswith("=")
    kinds = [v.root.kind if type(v) is Box else None for v in (x, z)]
    if plain == "+" and kinds[0] in _LISTS and (in_place or kinds[0] == kinds[1]):
        made = x if in_place else box(m, kinds[0], x.root.contents)
        put(made, m.scope.element(m, z))
        return made
    if plain == "*" and None in kinds and not {"dict", "any"} & set(kinds):
        listed, count = (x, z) if kinds[0] is not None else (z, x)
        if is_numeric(m.data(count)):
            return listed if in_place and listed is x else box(m, listed.root.kind, listed.root.contents)
    if plain == "|" and kinds[0] == "dict":
        made = x if in_place else box(m, "dict", x.root.contents, x.root.keys)
        merge(m, made, z)
        return made
    return None
