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

The files: `kinds.py` says what a container is and opens one, `structure.py` holds `TreeDef` and builds it up again,
`flattening.py` walks.  `signatures.py` says what a callable takes, `entries.py` what an object holds.  Only `gradwise.errors` may be imported here.
"""

from __future__ import annotations

from gradwise.containers.entries import own_entries
from gradwise.containers.flattening import flatten, map_structure
from gradwise.containers.structure import EMPTY, LEAF, TreeDef, describe

__all__ = ["EMPTY", "LEAF", "TreeDef", "describe", "flatten", "map_structure", "own_entries"]
