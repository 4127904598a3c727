"""The walk down a nested value: ``flatten : T[leaf] -> ([leaf], TreeDef)``, and `map_structure` made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from gradwise.containers.kinds import LEAF_TYPES, base_of, open_container
from gradwise.containers.structure import EMPTY, LEAF, TreeDef, describe, suffixes
from gradwise.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

# Real data is a few levels deep.  The bound keeps every recursion here clear of the interpreter's own limit, also
# when called from deep inside the user's program, and is how a cycle is noticed without keeping track of identities.
MAXIMUM_DEPTH: Final = 150


class _TooDeep(Exception):
    """The nesting passed MAXIMUM_DEPTH; `_diagnose_depth` says why."""


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
    if is_leaf is None and type(tree) in LEAF_TYPES:
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
    base = base_of(kind)
    if base is None:
        leaves.append(tree)
        return LEAF
    if depth == MAXIMUM_DEPTH:
        raise _TooDeep
    values, parts = open_container(tree, kind, base)
    children = []
    for value in values:
        if is_leaf is None and type(value) in LEAF_TYPES:
            leaves.append(value)
            children.append(LEAF)
        else:
            children.append(_flatten(value, leaves, is_leaf, depth + 1))
    return TreeDef(kind, base, tuple(children), **parts)


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
        for suffix, left, right in zip(suffixes(ours), ours.children, theirs.children, strict=True):
            if left != right:
                return _first_difference(left, right, path + suffix)
    texts = describe(ours), describe(theirs)
    if texts[0] == texts[1]:  # two classes of one name, or two default factories
        texts = tuple(f"{text} of {node.kind!r} {node.factory or ''}".rstrip()
                      for text, node in zip(texts, (ours, theirs), strict=True))  # type: ignore[assignment]  # two texts, as before  # fmt: skip
    return (path, *texts)


def _diagnose_depth(tree: Any, is_leaf: Callable[[Any], bool] | None, name: str) -> InputError:
    """Return the error for a value nested too deeply, following the same first path down as `_flatten` did."""
    stack: list[tuple[Any, str, frozenset[int], int]] = [(tree, "", frozenset(), 0)]
    while stack:
        value, path, above, depth = stack.pop()
        base = None if value is None or (is_leaf is not None and is_leaf(value)) else base_of(type(value))
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
        values, parts = open_container(value, type(value), base)
        node = TreeDef(type(value), base, (LEAF,) * len(values), **parts)
        inside = list(zip(values, suffixes(node), strict=True))
        stack += [(inner, path + suffix, above | {id(value)}, depth + 1) for inner, suffix in reversed(inside)]
    msg = (
        f"{name} is nested more than {MAXIMUM_DEPTH} containers deep. Arguments may be nested up to {MAXIMUM_DEPTH} "
        f"deep. Pass a flat list of the values."
    )
    return InputError(msg)
