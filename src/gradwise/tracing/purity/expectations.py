"""Whether what was read when a function was looked at is still there: in its names, in its arguments, in objects, classes and lists."""

from __future__ import annotations

import enum
import sys
import types
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.purity.answering import ANSWERS, ANSWERS_OF_CLASS, answer, find_stored, lacks_entry
from gradwise.tracing.purity.buffers import is_buffer
from gradwise.tracing.purity.class_members import found_under
from gradwise.tracing.purity.container_classes import is_container
from gradwise.tracing.purity.copying import shape_of
from gradwise.tracing.purity.counters import counts, counts_entry
from gradwise.tracing.purity.defaults import has_defaults
from gradwise.tracing.purity.interpolators import content_of
from gradwise.tracing.purity.leaving import ENTRIES, LOGS, stores
from gradwise.tracing.purity.lookups import cell_value, look_up
from gradwise.tracing.purity.metaclasses import takes_no_data
from gradwise.tracing.purity.named_tuples import is_named_tuple
from gradwise.tracing.purity.objects import (
    MISSING,
    callable_parts,
    entries_of,
    find,
    find_in_class,
    goes_over_entries,
    has_form,
    inherited,
    is_absent,
    is_defined,
    is_derived,
    is_named,
    is_open,
    is_simple_member,
    is_users_class,
    keeps,
    matching,
    setter,
)
from gradwise.tracing.purity.plain import arrays_in, is_numeric, is_plain
from gradwise.tracing.purity.scope import INSIDE, Expected, Node, is_users_function, items_of
from gradwise.tracing.purity.sparse import parts_of_matrix
from gradwise.tracing.purity.tables import holds_numbers, outline

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


def holds(function: Any, node: Node, visiting: dict[int, Any] | None = None) -> bool:
    """Whether a function with the node's code still reads what was read when the node was made."""
    visiting = {} if visiting is None else visiting
    if node.receiver is not None:
        parts = callable_parts(function)
        if parts is None or not _as_expected(parts[1], node.receiver, visiting):
            return False
        function = parts[0]
    elif type(function) is not types.FunctionType:
        return False
    if function.__code__ is not node.code:
        return False
    for place in ("__defaults__", "__kwdefaults__"):
        defaults = getattr(function, place)
        if place not in node.reads.defaults and defaults is not None and not is_plain(defaults):
            return False
    known = visiting.get(id(node))
    if known is not None:
        return known is function
    if node.reads.constants and not has_defaults(function, node.reads.constants):
        return False
    visiting[id(node)] = function
    for place, expected in node.reads.defaults.items():
        if not _as_expected(getattr(function, place) or MISSING, expected, visiting):
            return False
    reads = node.reads
    for name, expected in reads.names.items():
        # what is counted in is assigned in the globals, whatever the builtins hold
        value = function.__globals__.get(name) if expected.kind == "counter" else look_up(function, name)
        if not _as_expected(value, expected, visiting):
            return False
    for name, expected in reads.cells.items():
        if not _as_expected(cell_value(function, name), expected, visiting):
            return False
    for name, expected in reads.imports.items():
        if not _as_expected(sys.modules.get(name, MISSING), expected, visiting):
            return False
    for key, expected in reads.members.items():
        if not _as_expected(found_under(key), expected, visiting):
            return False
    del visiting[id(node)]
    return True


def accepts(node: Node, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Whether a function of which the node holds may be called with these arguments."""
    expected = node.arguments
    if expected is None:
        return is_plain(tuple(args)) and is_plain(dict(kwargs))
    given = by_place(args, kwargs)
    return given.keys() == expected.keys() and all(_as_expected(v, expected[k], {}) for k, v in given.items())


def by_place(args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[int | str, Any]:
    """The arguments of a call by position or name."""
    found: dict[int | str, Any] = dict(enumerate(args))
    found.update(kwargs)
    return found


def _as_expected(value: Any, expected: Expected, visiting: dict[int, Any]) -> bool:
    kind = expected.kind
    if kind == "is":
        return value is expected.object and (not isinstance(value, enum.Enum) or is_simple_member(value))
    if kind == "constant":
        kept = expected.object
        return (
            type(value) is type(kept)
            and (type(kept) not in (list, tuple) or all(type(v) is str for v in value))
            and value == kept
        )
    if kind == "data":
        if expected.object == "numbers":
            return is_numeric(value)
        if expected.object == "vector":
            return type(value) is np.ndarray and value.ndim == 1 and is_numeric(value)
        if expected.object == "grid":
            return type(value) is np.ndarray and value.ndim == 2 and is_numeric(value)
        if expected.object == "scalars":
            return holds_numbers(value)
        if expected.object == "integer":
            return type(value) is int
        if expected.object == "buffer":
            return is_buffer(value)
        if expected.object == "number":
            return type(value) is not np.ndarray and is_numeric(value)
        return (
            value is not MISSING and is_plain(value) and (expected.object is None or outline(value) == expected.object)
        )
    if kind == "module":
        if value is not expected.object or type(value) is not types.ModuleType:  # its class may have become another
            return False
        assert expected.reads is not None
        entries = value.__dict__
        if any(matching(value, *key[1:3]) != key[3] for key in expected.reads.members):
            return False
        return all(_as_expected(entries.get(n, MISSING), e, visiting) for n, e in expected.reads.names.items())
    if kind == "function":
        if expected.reads is not None and not all(
            _as_expected(value, e, visiting) for e in expected.reads.names.values()
        ):
            return False
        if not expected.nodes:
            kept = expected.object()
            return kept is not None and value is kept  # None once it is gone
        return is_users_function(value) and all(holds(value, node, visiting) for node in expected.nodes)
    if kind == "test":
        return bool(expected.object(value))
    if kind == "counter":
        return type(value) is int
    if kind == "sparse":
        return type(value) is expected.object() and parts_of_matrix(value) is not None
    if kind == "content":
        return type(value) is expected.object() and content_of(value) is not None
    if kind in INSIDE:
        known = visiting.get(id(expected))
        if known is not None:
            return known is value
        visiting[id(expected)] = value
        found = value is not MISSING and _inside(value, expected, visiting)
        del visiting[id(expected)]
        return found
    if expected.object is None:
        return value is MISSING
    return type(value) is expected.object()


def _inside(value: Any, expected: Expected, visiting: dict[int, Any]) -> bool:
    """Whether a class, an object or a sequence holds what was read of it."""
    if expected.kind == "sequence":
        if type(value) is not expected.object:
            return False
        if type(value) not in (list, tuple, dict) and not (is_named_tuple(value) or is_container(value)):
            return False
        assert expected.reads is not None
        if [key for key, _ in items_of(value)] != list(expected.reads.names):
            return False
        if isinstance(value, dict) and [*map(type, value)] != [*map(type, expected.reads.names)]:  # 1 is True
            return False
    elif expected.kind == "class":
        if value is not expected.object() or not is_users_class(value):
            return False
    elif expected.kind == "method":
        if type(value) is not types.MethodType:
            return False
    elif expected.kind in ("tally", "partial"):
        if type(value) is not expected.object:
            return False
    elif type(value) is not expected.object() or not (is_open(value) or type(value) is types.FunctionType):
        return False
    return all(_as_expected(inner, e, visiting) for _, inner, e in parts_of(value, expected))


def parts_of(value: Any, expected: Expected) -> Iterator[tuple[Any, Any, Expected]]:
    """What was read of a class, an object or a sequence, as it is now: key, value (MISSING if it is of another kind) and what must hold of it.

    The key is a name or an index for data, and that of ``Reads.members`` for a function of a class.
    """
    assert expected.reads is not None
    for name, inner in expected.reads.names.items():
        if expected.kind in ("sequence", "method", "partial"):
            yield name, value[name] if expected.kind == "sequence" else getattr(value, name), inner
            continue
        found = (
            find_stored(value, name, expected.reads.members)
            if expected.kind == "object"
            else find_in_class(value, name)
        )
        yield name, found[1] if found is not None and found[0] in ("entry", "shared") else MISSING, inner
    for key, inner in expected.reads.members.items():
        if key[0] == "super":
            function = inherited(value if expected.kind == "class" else type(value), key[1](), key[2])
            yield key, MISSING if function is None else function, inner
            continue
        if key[0] in ANSWERS or key[0] in ANSWERS_OF_CLASS:
            yield key, answer(value, key, is_class=expected.kind == "class"), inner
            continue
        if key[0] == "lacks":
            yield key, lacks_entry(value, key[1]), inner
            continue
        if key[0] == "absent":
            yield key, is_absent(value, key[1]), inner
            continue
        if key[0] == "matching":
            yield key, matching(value, key[1], key[2]) == key[3], inner
            continue
        if key[0] == "entrywise":
            yield key, goes_over_entries(value, key[1]), inner
            continue
        if key[0] == "registered":
            yield key, takes_no_data(value), inner
            continue
        if key[0] == "keeps":
            yield key, keeps(value, key[1]), inner
            continue
        if key[0] == "setter":
            yield key, setter(value if expected.kind == "class" else type(value), key[1]) or MISSING, inner
            continue
        if key[0] in ("appends", "lasts", "stores", "transient", "remembers"):
            yield key, type(value) in LOGS + ENTRIES if key[0] in ("appends", "lasts") else stores(value, key[1]), inner
            continue
        if key[0] == "counts":
            yield key, counts_entry(value, key[1]) if expected.kind == "tally" else counts(value, key[1]), inner
            continue
        if key[0] == "fields":
            yield key, has_form(value if expected.kind == "class" else type(value), key[1]), inner
            continue
        if key[0] == "entries":
            yield key, tuple(entries_of(value)) == key[1], inner
            continue
        if key[0] == "shaped":
            yield key, shape_of(value) == key[1], inner
            continue
        if key[0] == "told":
            yield key, getattr(value, key[1]), inner
            continue
        if key[0] == "type":
            yield key, type(value), inner
            continue
        if key[0] == "named":
            yield key, is_named(value if expected.kind == "class" else type(value), key[1]), inner
            continue
        if key[0] in ("defined", "derived"):
            cls = value if expected.kind == "class" else type(value)
            yield key, is_defined(cls, key[1]) if key[0] == "defined" else is_derived(cls, key[1]()), inner
            continue
        if key[0] == "default":
            yield key, getattr(value, key[1]), inner
            continue
        found = find(value, key[1]) if expected.kind == "object" else find_in_class(value, key[1])
        yield key, found[1] if found is not None and found[0] == key[0] else MISSING, inner


def arrays_read(function: Any, node: Node, arguments: dict[int | str, Any]) -> list[np.ndarray]:
    """The arrays that a function of which the node holds is given or reads, itself and through what it calls."""
    found: list[np.ndarray] = []
    pending: list[tuple[Any, Expected]] = []
    for place, expected in (node.arguments or {}).items():
        pending.append((arguments[place], expected))
    seen: set[tuple[int, int]] = set()

    def enter(f: Any, n: Node) -> None:
        if (id(f), id(n)) in seen:
            return
        seen.add((id(f), id(n)))
        if n.receiver is not None:
            f, receiver = callable_parts(f) or (f, MISSING)
            pending.append((receiver, n.receiver))
        pending.extend((look_up(f, name), e) for name, e in n.reads.names.items())
        pending.extend((cell_value(f, name), e) for name, e in n.reads.cells.items())
        pending.extend((sys.modules.get(name, MISSING), e) for name, e in n.reads.imports.items())
        pending.extend((found_under(key), e) for key, e in n.reads.members.items())
        pending.extend((getattr(f, place), e) for place, e in n.reads.defaults.items())
        found.extend(arrays_in([f.__defaults__ or (), f.__kwdefaults__ or {}]))

    enter(function, node)
    while pending:
        value, expected = pending.pop()
        if expected.kind == "data":
            found.extend(arrays_in(value))
        elif expected.kind == "module" and expected.reads is not None:
            entries = vars(value)
            pending.extend((entries.get(n, MISSING), e) for n, e in expected.reads.names.items())
        elif expected.kind == "function":
            for n in expected.nodes:
                enter(value, n)
            pending.extend((value, e) for e in ([] if expected.reads is None else expected.reads.names.values()))
        elif expected.kind in INSIDE and (id(value), id(expected)) not in seen:
            seen.add((id(value), id(expected)))
            pending.extend((inner, e) for _, inner, e in parts_of(value, expected))
    return found
