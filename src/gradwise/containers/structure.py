"""The structure of a nested value, and the way back: ``rebuild : ([leaf], TreeDef) -> T[leaf]``."""

from __future__ import annotations

import types
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from gradwise.containers.kinds import slots
from gradwise.containers.labelled import Labels
from gradwise.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence


class TreeDef:
    """The structure of a nested value: which containers, keys and attributes, without the leaves.

    Immutable, hashable, compared by structure.  It holds the containers' types and keys and none of their values, so
    keeping it in a cache keeps no array alive.

    Attributes
    ----------
    num_leaves : int
        How many leaves `rebuild` takes.

    Examples
    --------
    >>> from gradwise.containers import flatten
    >>> leaves, treedef = flatten({"w": [1.0, 2.0], "b": 3.0})
    >>> leaves
    [3.0, 1.0, 2.0]
    >>> treedef.paths()
    ["['b']", "['w'][0]", "['w'][1]"]
    >>> treedef.rebuild([30.0, 10.0, 20.0])
    {'w': [10.0, 20.0], 'b': 30.0}
    """

    __slots__ = (
        "_hash",
        "attributes",
        "base",
        "children",
        "factory",
        "is_own_dictionary",
        "keys",
        "kind",
        "num_leaves",
        "order",
    )
    num_leaves: int

    def __init__(
        self,
        kind: type,
        base: Any,
        children: tuple[TreeDef, ...] = (),
        *,
        keys: tuple[Hashable, ...] | None = None,
        order: tuple[Hashable, ...] | None = None,
        factory: Callable[[], Any] | None = None,
        attributes: tuple[str, ...] = (),
        is_own_dictionary: bool = False,
    ) -> None:
        self.kind = kind  # the user's type
        self.base = base  # what it is built as: a member of _BASES, object for a dataclass
        self.children = children  # of the items, then of the attributes
        self.keys = keys  # of a mapping or namespace, in leaf order
        self.order = order  # the same keys in insertion order; no part of the structure
        self.factory = factory  # of a defaultdict
        self.attributes = attributes  # names, in leaf order
        self.is_own_dictionary = is_own_dictionary  # its attributes are its entries
        self.num_leaves = sum([child.num_leaves for child in children])
        self._hash: int | None = None

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash((self.kind, self.keys, self.attributes, self.children))
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if type(other) is not TreeDef:
            return NotImplemented
        return (
            self.kind is other.kind
            and hash(self) == hash(other)
            and self.keys == other.keys
            and self.attributes == other.attributes
            and self.is_own_dictionary is other.is_own_dictionary
            and self.factory is other.factory
            and self.children == other.children
        )

    def __repr__(self) -> str:
        return f"TreeDef({describe(self)})"

    def rebuild(self, leaves: Sequence[Any]) -> Any:
        """Return the nested value with this structure and these leaves: ``rebuild : [leaf] -> T[leaf]``.

        No ``__init__``, ``__new__`` or ``__setattr__`` of a user's class runs.

        Raises
        ------
        InputError
            If the number of leaves is not `num_leaves`.
        """
        if len(leaves) != self.num_leaves:
            msg = (
                f"rebuild was given {len(leaves)} leaves for {describe(self)}. It has {self.num_leaves}. "
                f"Pass one value for each of {self._some_paths()}."
            )
            raise InputError(msg)
        if self is LEAF:
            return leaves[0]
        return _rebuild(self, iter(leaves))

    def paths(self, root: str = "") -> list[str]:
        """Return the name of each leaf, such as ``['w'][0].k``, each preceded by `root`.

        Examples
        --------
        >>> from gradwise.containers import flatten
        >>> flatten([1.0, {"a": 2.0}])[1].paths("params")
        ['params[0]', "params[1]['a']"]
        """
        if self is LEAF:
            return [root]
        return [path for suffix, child in zip(suffixes(self), self.children, strict=True)
                for path in child.paths(root + suffix)]  # fmt: skip

    def _some_paths(self) -> str:
        paths = self.paths("value")
        return ", ".join(paths[:6]) + (", …" if len(paths) > 6 else "")

    def __copy__(self) -> TreeDef:
        return self

    def __deepcopy__(self, memo: object) -> TreeDef:
        return self

    def __reduce_ex__(self, protocol: Any) -> Any:
        return "LEAF" if self is LEAF else super().__reduce_ex__(protocol)  # LEAF is compared by identity


class _Leaf:
    """The kind of LEAF: no value has this type."""


LEAF: Final = TreeDef(_Leaf, _Leaf)
"""The structure of a leaf."""
LEAF.num_leaves = 1

EMPTY: Final = TreeDef(type(None), type(None))
"""The structure of None."""


def _rebuild(treedef: TreeDef, leaves: Iterator[Any]) -> Any:
    children, kind = treedef.children, treedef.kind
    values = [next(leaves) if child is LEAF else _rebuild(child, leaves) for child in children]
    if kind is list:
        return values
    if kind is tuple:
        return tuple(values)
    if kind is dict:
        built = dict(zip(treedef.keys or (), values, strict=True))
        return built if treedef.order == treedef.keys else {key: built[key] for key in treedef.order or ()}
    if kind is type(None):
        return None
    if treedef.base is Labels:
        return (treedef.keys or ())[0].rebuild(values)  # type: ignore[attr-defined]  # its labels
    count = len(values) - len(treedef.attributes)
    result = _construct(treedef, values[:count])
    if treedef.is_own_dictionary:
        object.__setattr__(result, "__dict__", result)
    stored = getattr(result, "__dict__", None)
    for name, value in zip(treedef.attributes, values[count:], strict=True):
        if stored is None or name in slots(kind):
            object.__setattr__(result, name, value)  # a frozen dataclass refuses the ordinary way
        else:
            stored[name] = value
    return result


def _construct(treedef: TreeDef, values: list[Any]) -> Any:
    """Return a container of the user's type with these items and no attributes."""
    kind, base = treedef.kind, treedef.base
    try:
        if base is tuple:
            return tuple.__new__(kind, values)
        result = base.__new__(kind)
    except TypeError as error:  # a class written in C that insists on its own constructor
        msg = (
            f"a container of type {kind.__qualname__} cannot be rebuilt: {error}. Arguments may hold lists, tuples, "
            f"dicts, dataclasses and arrays. Convert it to one of these."
        )
        raise InputError(msg) from error
    if base is list:
        result.extend(values) if kind is list else list.extend(result, values)
    elif base is not object:
        item = dict(zip(treedef.keys or (), values, strict=True))
        items = vars(result) if base is types.SimpleNamespace else result
        if base is defaultdict:
            result.default_factory = treedef.factory
        store = dict.__setitem__ if base is types.SimpleNamespace else base.__setitem__
        for key in treedef.order or ():
            store(items, key, item[key])
    return result


def suffixes(treedef: TreeDef) -> list[str]:
    """Return the text that leads from a container to each of its children."""
    kind, base = treedef.kind, treedef.base
    if base is Labels:
        return list((treedef.keys or ())[0].suffixes())  # type: ignore[attr-defined]  # its labels
    if base is tuple and hasattr(kind, "_fields"):
        items = [f".{name}" for name in kind._fields]  # a named tuple's documented attribute
    elif base is types.SimpleNamespace:
        items = [f".{key}" for key in treedef.keys or ()]
    elif treedef.keys is not None:
        items = [f"[{key!r}]" for key in treedef.keys]
    else:
        items = [f"[{index}]" for index in range(len(treedef.children) - len(treedef.attributes))]
    return items + [f".{name}" for name in treedef.attributes]


def describe(treedef: TreeDef) -> str:
    """Return a structure as text, a star for each leaf.

    Examples
    --------
    >>> from gradwise.containers import flatten
    >>> describe(flatten({"w": [1.0, 2.0], "b": None})[1])
    "{'w': [*, *], 'b': None}"
    """
    kind, base = treedef.kind, treedef.base
    if treedef is LEAF:
        return "*"
    if base is type(None):
        return "None"
    if base is Labels:
        return f"{kind.__name__}({', '.join(suffix + ' *' if suffix else '*' for suffix in suffixes(treedef))})"
    texts = [describe(child) for child in treedef.children]
    count = len(texts) - len(treedef.attributes)
    items, attributes = texts[:count], _named(treedef.attributes, texts[count:])
    fields: tuple[Any, ...] = getattr(kind, "_fields", ()) if base is tuple else ()
    if base is types.SimpleNamespace or base is object or fields:
        return f"{kind.__name__}({', '.join(_named(treedef.keys or fields, items) + attributes)})"
    if treedef.keys is not None:
        text = dict(zip(treedef.keys, items, strict=True))
        body = "{" + ", ".join(f"{key!r}: {text[key]}" for key in treedef.order or ()) + "}"
    elif base is list:
        body = f"[{', '.join(items)}]"
    else:
        body = f"({', '.join(items)}{',' if len(items) == 1 else ''})"
    return body if kind in {list, tuple, dict} else f"{kind.__name__}({', '.join([body, *attributes])})"


def _named(names: tuple[Any, ...], texts: list[str]) -> list[str]:
    return [f"{name}={text}" for name, text in zip(names, texts, strict=False)]
