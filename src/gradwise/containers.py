"""Flatten nested arguments into a list of leaves and rebuild them: ``flatten : T[leaf] -> ([leaf], TreeDef)``.

A *container* is a list, tuple, named tuple, dict (ordered and default dicts too), dataclass instance or
``types.SimpleNamespace``, or a subclass of one of these; ``None`` is a container with nothing in it.  Everything else
(arrays, numbers, strings, sets, other objects) is a leaf.  A container's attributes are part of it: what a dataclass
(or a subclass of list, tuple, dict) stores on itself is flattened with its items, so nothing that a function may read
stays behind with an old value.  Values stored by ``functools.cached_property`` are the one exception: they are
dropped, and computed again from the new leaves when read.

Laws, each of them a property test::

    leaves, treedef = flatten(tree);  treedef.rebuild(leaves) == tree,  with the same types and key order
    flatten(treedef.rebuild(leaves)) == (leaves, treedef)
    equal treedefs list their leaves in the same order

The third law decides the order of a dict's leaves: sorted by key where the keys have an order that does not depend on
insertion (strings, numbers, enum members, None, and tuples of them), so dicts that differ only in insertion order
have equal structures; otherwise insertion order, which then counts as part of the structure.

What this cannot see: a container or array that occurs twice becomes two independent ones.
"""

from __future__ import annotations

import enum
import functools
import types
import weakref
from collections import OrderedDict, defaultdict
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gradwise.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

__all__ = ["EMPTY", "LEAF", "TreeDef", "describe", "flatten", "map_structure"]

# Real data is a few levels deep.  The bound keeps every recursion here clear of the interpreter's own limit, also
# when called from deep inside the user's program, and is how a cycle is noticed without keeping track of identities.
MAXIMUM_DEPTH: Final = 150

_LEAF_TYPES: Final = frozenset({
    np.ndarray, float, int, complex, bool, str, bytes,
    np.float64, np.float32, np.float16, np.complex128, np.complex64, np.bool_,
    np.int64, np.int32, np.int16, np.int8, np.uint64, np.uint32, np.uint16, np.uint8,
})  # fmt: skip
_PLAIN_TYPES: Final = frozenset({list, tuple, dict, OrderedDict, defaultdict, types.SimpleNamespace})
# The type whose own __new__ and __setitem__ build an instance without running any code of the subclass.
_BASES: Final = (list, tuple, OrderedDict, defaultdict, dict, types.SimpleNamespace)
_NUMBERS: Final = frozenset({int, bool, float, np.float64, np.float32, np.int64, np.int32})

_slots_of_class: weakref.WeakKeyDictionary[type, tuple[str, ...]] = weakref.WeakKeyDictionary()


class _TooDeep(Exception):
    """The nesting passed MAXIMUM_DEPTH; `_diagnose_depth` says why."""


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
    >>> leaves, treedef = flatten({"w": [1.0, 2.0], "b": 3.0})
    >>> leaves
    [3.0, 1.0, 2.0]
    >>> treedef.paths()
    ["['b']", "['w'][0]", "['w'][1]"]
    >>> treedef.rebuild([30.0, 10.0, 20.0])
    {'w': [10.0, 20.0], 'b': 30.0}
    """

    __slots__ = ("_hash", "attributes", "base", "children", "factory", "keys", "kind", "num_leaves", "order")

    def __init__(
        self,
        kind: type,
        base: type,
        children: tuple[TreeDef, ...] = (),
        *,
        keys: tuple[Hashable, ...] | None = None,
        order: tuple[Hashable, ...] | None = None,
        factory: Callable[[], Any] | None = None,
        attributes: tuple[str, ...] = (),
    ) -> None:
        self.kind = kind  # the user's type
        self.base = base  # what it is built as: a member of _BASES, object for a dataclass
        self.children = children  # of the items, then of the attributes
        self.keys = keys  # of a mapping or namespace, in leaf order
        self.order = order  # the same keys in insertion order; no part of the structure
        self.factory = factory  # of a defaultdict
        self.attributes = attributes  # names, in leaf order
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
        >>> flatten([1.0, {"a": 2.0}])[1].paths("params")
        ['params[0]', "params[1]['a']"]
        """
        if self is LEAF:
            return [root]
        return [path for suffix, child in zip(_suffixes(self), self.children, strict=True)
                for path in child.paths(root + suffix)]  # fmt: skip

    def _some_paths(self) -> str:
        paths = self.paths("value")
        return ", ".join(paths[:6]) + (", …" if len(paths) > 6 else "")

    def __copy__(self) -> TreeDef:
        return self

    def __deepcopy__(self, memo: object) -> TreeDef:
        return self

    def __reduce__(self) -> tuple[Any, ...] | str:
        if self is LEAF:
            return "LEAF"
        state = (self.kind, self.base, self.children, self.keys, self.order, self.factory, self.attributes)
        return _unpickle, state


def _unpickle(  # pickle passes arguments by position
    kind: type, base: type, children: Any, keys: Any, order: Any, factory: Any, attributes: Any
) -> TreeDef:
    return TreeDef(kind, base, children, keys=keys, order=order, factory=factory, attributes=attributes)


class _Leaf:
    """The kind of LEAF: no value has this type."""


LEAF: Final = TreeDef(_Leaf, _Leaf)
"""The structure of a leaf."""
LEAF.num_leaves = 1

EMPTY: Final = TreeDef(type(None), type(None))
"""The structure of None."""


def flatten(
    tree: Any, is_leaf: Callable[[Any], bool] | None = None, *, name: str = "the argument"
) -> tuple[list[Any], TreeDef]:
    """Return the leaves of a nested value and its structure: ``flatten : T[leaf] -> ([leaf], TreeDef)``.

    Parameters
    ----------
    tree : Any
        A leaf, or containers of leaves nested in any way.
    is_leaf : callable, optional
        Containers for which it answers True are leaves.
    name : str
        What error messages call the value.

    Raises
    ------
    InputError
        If a container holds itself, or the nesting is deeper than 150 containers.

    Examples
    --------
    >>> flatten((1.0, [2.0, None]))
    ([1.0, 2.0], TreeDef((*, [*, None])))
    >>> flatten([(1, 2), (3, 4)], is_leaf=lambda value: isinstance(value, tuple))
    ([(1, 2), (3, 4)], TreeDef([*, *]))
    """
    if is_leaf is None and type(tree) in _LEAF_TYPES:
        return [tree], LEAF
    leaves: list[Any] = []
    try:
        treedef = _flatten(tree, leaves, is_leaf, 0)
    except (_TooDeep, RecursionError):
        raise _diagnose_depth(tree, is_leaf, name) from None
    return leaves, treedef


def _flatten(tree: Any, leaves: list[Any], is_leaf: Callable[[Any], bool] | None, depth: int) -> TreeDef:
    kind = type(tree)
    if is_leaf is not None and is_leaf(tree):
        leaves.append(tree)
        return LEAF
    if tree is None:
        return EMPTY
    base = _base_of(kind)
    if base is None:
        leaves.append(tree)
        return LEAF
    if depth == MAXIMUM_DEPTH:
        raise _TooDeep
    values, parts = _open(tree, kind, base)
    children = []
    for value in values:
        if is_leaf is None and type(value) in _LEAF_TYPES:
            leaves.append(value)
            children.append(LEAF)
        else:
            children.append(_flatten(value, leaves, is_leaf, depth + 1))
    return TreeDef(kind, base, tuple(children), **parts)


def _base_of(kind: type) -> type | None:
    """Return what a container of this type is built as, or None for a leaf.

    It looks at the type and never at ``__class__``, which traced arrays answer on behalf of their value.
    """
    if kind in _PLAIN_TYPES:
        return kind
    for base in _BASES:
        if issubclass(kind, base):
            return base
    if hasattr(kind, "__dataclass_fields__") and not issubclass(kind, (np.ndarray, np.generic)):
        return object
    return None


def _open(tree: Any, kind: type, base: type) -> tuple[list[Any], dict[str, Any]]:
    """Return the values inside a container in leaf order, and the other arguments of its TreeDef."""
    parts: dict[str, Any] = {}
    if base is list or base is tuple:
        # base.__iter__ and the like: a subclass's own methods are the user's code, and may have effects
        values = list(tree) if kind is base else list(base.__iter__(tree))  # type: ignore[attr-defined]
    elif base is object:
        values = []
    else:
        items = vars(tree) if base is types.SimpleNamespace else tree
        order = tuple(base.__iter__(tree)) if items is tree else tuple(items)  # type: ignore[attr-defined]
        keys = _canonical_order(order)
        values = [dict.__getitem__(items, key) for key in keys]
        parts = {"keys": keys, "order": order}
        if base is defaultdict:
            parts["factory"] = tree.default_factory
    if kind not in _PLAIN_TYPES and base is not types.SimpleNamespace:
        names = _attribute_names(tree, kind)
        stored = getattr(tree, "__dict__", {})
        values += [stored[name] if name in stored else object.__getattribute__(tree, name) for name in names]
        parts["attributes"] = names
    return values, parts


def _attribute_names(tree: Any, kind: type) -> tuple[str, ...]:
    """Return what the instance stores on itself: a dataclass's fields in their order, then other names, sorted."""
    stored = getattr(tree, "__dict__", {})
    slots = _slots_of_class.get(kind)
    if slots is None:
        slots = _slots_of_class[kind] = tuple(_slots(kind))
    fields: dict[str, Any] = getattr(kind, "__dataclass_fields__", {})
    first = [name for name in fields if name in stored or (name in slots and _is_set(tree, name))]
    rest = [name for name in stored if name not in fields and not _is_cached_property(kind, name)]
    rest += [name for name in slots if name not in fields and _is_set(tree, name)]
    return (*first, *sorted(rest))


def _slots(kind: type) -> Iterator[str]:
    for owner in kind.__mro__:
        declared = vars(owner).get("__slots__", ())
        for name in (declared,) if isinstance(declared, str) else declared:
            if name in {"__dict__", "__weakref__"}:
                continue
            private = name.startswith("__") and not name.endswith("__")
            mangled = f"_{owner.__name__.lstrip('_')}{name}" if private else name
            # Named tuples declare slots that hold nothing; a slot that stores is a member descriptor.
            if isinstance(vars(owner).get(mangled), types.MemberDescriptorType):
                yield mangled


def _is_set(tree: Any, slot: str) -> bool:
    try:
        object.__getattribute__(tree, slot)
    except AttributeError:
        return False
    return True


def _is_cached_property(kind: type, name: str) -> bool:
    found = next((vars(owner)[name] for owner in kind.__mro__ if name in vars(owner)), None)
    return isinstance(found, functools.cached_property)


def _canonical_order(keys: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the keys in an order that does not depend on insertion, or as they are if there is none."""
    try:
        if all([type(key) is str for key in keys]):
            return tuple(sorted(keys))
        return tuple(sorted(keys, key=_sort_token))
    except TypeError:
        return keys


def _sort_token(key: Any) -> tuple[Any, ...]:
    kind = type(key)
    if kind in _NUMBERS and key == key:  # noqa: PLR0124 - false for NaN, which has no place in an order
        return ("number", key)
    if kind in {str, bytes}:
        return (kind.__name__, key)
    if kind is tuple:
        return ("tuple", tuple(_sort_token(part) for part in key))
    if key is None:
        return ("None",)
    if isinstance(key, enum.Enum):
        return ("enum", kind.__module__, kind.__qualname__, key.name)
    msg = "no order"
    raise TypeError(msg)


def _rebuild(treedef: TreeDef, leaves: Iterator[Any]) -> Any:
    children, kind, base = treedef.children, treedef.kind, treedef.base
    values = [next(leaves) if child is LEAF else _rebuild(child, leaves) for child in children]
    if kind is list:
        return values
    if kind is tuple:
        return tuple(values)
    if treedef is EMPTY or base is type(None):
        return None
    count = len(values) - len(treedef.attributes)
    result = _construct(treedef, values[:count])
    stored = getattr(result, "__dict__", None)
    for name, value in zip(treedef.attributes, values[count:], strict=True):
        if stored is None or name in _slots_of_class.get(kind, ()):
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
        store = dict.__setitem__ if base is types.SimpleNamespace else base.__setitem__  # type: ignore[attr-defined]
        for key in treedef.order or ():
            store(items, key, item[key])
    return result


def _suffixes(treedef: TreeDef) -> list[str]:
    """Return the text that leads from a container to each of its children."""
    kind, base = treedef.kind, treedef.base
    if base is tuple and hasattr(kind, "_fields"):
        items = [f".{name}" for name in kind._fields]  # a named tuple's documented attribute
    elif base is types.SimpleNamespace:
        items = [f".{key}" for key in treedef.keys or ()]
    elif treedef.keys is not None:
        items = [f"[{key!r}]" for key in treedef.keys]
    else:
        items = [f"[{index}]" for index in range(len(treedef.children) - len(treedef.attributes))]
    return items + [f".{name}" for name in treedef.attributes]


def map_structure(function: Callable[..., Any], tree: Any, *trees: Any) -> Any:
    """Apply a function leaf by leaf: ``map_structure(f, T[a], T[b]) = T[f(a, b)]``.

    Raises
    ------
    InputError
        If the structures differ, naming the first place.

    Examples
    --------
    >>> map_structure(lambda x, g: x - 0.5 * g, {"a": 1.0, "b": [2.0]}, {"a": 4.0, "b": [6.0]})
    {'a': -1.0, 'b': [-1.0]}
    """
    leaves, treedef = flatten(tree)
    columns = [leaves]
    for position, other in enumerate(trees, start=2):
        other_leaves, other_treedef = flatten(other, name=f"tree {position} of map_structure")
        if other_treedef != treedef:
            path, ours, theirs = _first_difference(treedef, other_treedef, "")
            msg = (
                f"map_structure was given structures that differ at tree{path}: {ours} in tree 1, {theirs} in tree "
                f"{position}. All must have the same containers and keys. Build each from the first, for example "
                f"with map_structure(np.zeros_like, tree)."
            )
            raise InputError(msg)
        columns.append(other_leaves)
    return treedef.rebuild([function(*row) for row in zip(*columns, strict=True)])


def _first_difference(ours: TreeDef, theirs: TreeDef, path: str) -> tuple[str, str, str]:
    same_node = ours.kind is theirs.kind and ours.keys == theirs.keys and ours.attributes == theirs.attributes
    if same_node and ours.factory is theirs.factory and len(ours.children) == len(theirs.children):
        for suffix, left, right in zip(_suffixes(ours), ours.children, theirs.children, strict=True):
            if left != right:
                return _first_difference(left, right, path + suffix)
    texts = describe(ours), describe(theirs)
    if texts[0] == texts[1]:  # two classes of one name, or two default factories
        texts = tuple(f"{text} of {node.kind!r} {node.factory or ''}".rstrip()
                      for text, node in zip(texts, (ours, theirs), strict=True))  # type: ignore[assignment] # fmt: skip
    return (path, *texts)


def describe(treedef: TreeDef) -> str:
    """Return a structure as text, a star for each leaf.

    Examples
    --------
    >>> describe(flatten({"w": [1.0, 2.0], "b": None})[1])
    "{'w': [*, *], 'b': None}"
    """
    kind, base = treedef.kind, treedef.base
    if treedef is LEAF:
        return "*"
    if base is type(None):
        return "None"
    texts = [describe(child) for child in treedef.children]
    count = len(texts) - len(treedef.attributes)
    items, attributes = texts[:count], _named(treedef.attributes, texts[count:])
    if base is types.SimpleNamespace or base is object or hasattr(kind, "_fields"):
        names: Iterable[Any] = treedef.keys or getattr(kind, "_fields", ())
        return f"{kind.__name__}({', '.join(_named(names, items) + attributes)})"
    if treedef.keys is not None:
        text = dict(zip(treedef.keys, items, strict=True))
        body = "{" + ", ".join(f"{key!r}: {text[key]}" for key in treedef.order or ()) + "}"
    elif base is list:
        body = f"[{', '.join(items)}]"
    else:
        body = f"({', '.join(items)}{',' if len(items) == 1 else ''})"
    return body if kind in {list, tuple, dict} else f"{kind.__name__}({', '.join([body, *attributes])})"


def _named(names: Iterable[Any], texts: list[str]) -> list[str]:
    return [f"{name}={text}" for name, text in zip(names, texts, strict=False)]


def _diagnose_depth(tree: Any, is_leaf: Callable[[Any], bool] | None, name: str) -> InputError:
    """Return the error for a value nested too deeply, following the same first path down as `_flatten` did."""
    stack: list[tuple[Any, str, frozenset[int], int]] = [(tree, "", frozenset(), 0)]
    while stack:
        value, path, above, depth = stack.pop()
        base = None if value is None or (is_leaf is not None and is_leaf(value)) else _base_of(type(value))
        if base is None:
            continue
        if id(value) in above:
            msg = (
                f"{name} holds a {type(value).__name__} that contains itself, at {name}{path}. Nested arguments must "
                f"be finite trees. Pass the inner value once, without the reference back to what holds it."
            )
            return InputError(msg)
        if depth == MAXIMUM_DEPTH:
            break
        values, parts = _open(value, type(value), base)
        children = (LEAF,) * len(values)
        suffixes = _suffixes(TreeDef(type(value), base, children, **parts))
        below = above | {id(value)}
        stack += [(v, path + s, below, depth + 1) for v, s in zip(values[::-1], suffixes[::-1], strict=True)]
    msg = (
        f"{name} is nested more than {MAXIMUM_DEPTH} containers deep. Arguments may be nested up to {MAXIMUM_DEPTH} "
        f"deep. Pass a flat list of the values."
    )
    return InputError(msg)
