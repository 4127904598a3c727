"""The lines of shortcuts that open the arguments that are differentiated, and those that put results into the same containers (``shortcuts.py``).

    opened : (name, argument, structure) → lines, names of the leaves         in_containers : (names, structure) → text

What ``flatten`` decides at each call is written down once: which containers, with which keys in which order, with which attributes.  Lists, tuples, dicts, named tuples and dataclasses are compared in
lines of their own (0.1 µs each); others are opened by ``open_container``.  Integers that are differentiated become floats.
"""

from __future__ import annotations

import itertools
import types
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.containers.kinds import base_of, open_container, slots
from gradwise.containers.structure import LEAF, TreeDef
from gradwise.operators.reuse.forms import Formless, expect
from gradwise.tracing.purity.plain import is_key, key_form

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gradwise.execution.function_text import FunctionText


def opened(text: FunctionText, name: str, value: Any, treedef: TreeDef) -> list[tuple[str, bool]]:
    """Write lines that leave unless what is in the variable ``name`` has the containers of ``value``.

    Returns
    -------
    list of (str, bool)
        The leaves as ``Arguments`` makes them, in the order of ``flatten``, and whether each is a Python float.

    Raises
    ------
    Formless
        If a leaf is no number.
    """
    if treedef is LEAF:
        return [_leaf(text, name, value)]
    if value is None:
        text.leave_if(f"{name} is not None")
        return []
    entries = _entries(text, name, value, treedef)
    leaves = []
    for (part, entry), child in zip(entries, treedef.children, strict=True):
        leaves += opened(text, text.keep(part), entry, child)
    return leaves


def _entries(text: FunctionText, name: str, value: Any, treedef: TreeDef) -> list[tuple[str, Any]]:
    """Lines for one container; the text of each entry with what is there now, in the order of the leaves."""
    cls: Any = type(value)
    kind = text.name(cls)
    if cls is list or cls is tuple:
        text.leave_if(f"type({name}) is not {kind} or len({name}) != {len(value)}")
        return [(f"{name}[{k}]", v) for k, v in enumerate(value)]
    if _is_named_tuple(cls, treedef):
        text.leave_if(f"type({name}) is not {kind}")
        entry = text.name(tuple.__getitem__)  # the class may have another
        return [(f"{entry}({name}, {k})", v) for k, v in enumerate(tuple.__iter__(value))]
    if cls is dict and all(map(is_key, value)):
        if all(type(k) is str for k in value):
            keys, only = text.name(list(value)), text.name({str} if value else set())
            text.leave_if(f"type({name}) is not {kind} or [*{name}] != {keys} or {{*map(type, {name})}} != {only}")
        else:  # True is not 1
            keys = text.name([key_form(k) for k in value])
            text.leave_if(f"type({name}) is not {kind} or [*map({text.name(key_form)}, {name})] != {keys}")
        return [(f"{name}[{text.name(k)}]", value[k]) for k in treedef.keys or ()]
    if _stores_plainly(cls, treedef):
        text.leave_if(f"type({name}) is not {kind}")
        attributes = text.keep(f"{name}.__dict__")
        text.leave_if(f"[*{attributes}] != {text.name(list(value.__dict__))}")
        return [(f"{attributes}[{n!r}]", value.__dict__[n]) for n in treedef.attributes]
    base = base_of(cls)
    values, parts = open_container(value, cls, base)
    text.leave_if(f"type({name}) is not {kind}")
    found = text.keep(f"{text.name(open_container)}({name}, {kind}, {text.name(base)})")
    text.leave_if(f"{found}[1] != {text.name(parts)} or len({found}[0]) != {len(values)}")
    return [(f"{found}[0][{k}]", v) for k, v in enumerate(values)]


def _is_named_tuple(cls: Any, treedef: TreeDef) -> bool:
    """Whether instances hold nothing but their entries, now and later."""
    return treedef.base is tuple and hasattr(cls, "_fields") and not cls.__dictoffset__ and not slots(cls)


def _stores_plainly(cls: Any, treedef: TreeDef) -> bool:
    """Whether all that instances of a dataclass hold is in their ``__dict__``, which is read as that of any object is."""
    if treedef.base is not object or slots(cls) or cls.__getattribute__ is not object.__getattribute__:
        return False
    found = next((vars(c)["__dict__"] for c in cls.__mro__ if "__dict__" in vars(c)), None)
    return isinstance(found, types.GetSetDescriptorType)


def _leaf(text: FunctionText, name: str, value: Any) -> tuple[str, bool]:
    """A number or an array, as a floating one."""
    cls: Any = type(value)
    if cls is int or (issubclass(cls, np.integer) and cls.__module__ == "numpy"):
        text.leave_if(f"type({name}) is not {text.name(cls)}")
        return text.keep(f"{text.name(float)}({name})"), True
    found = expect(text, name, value)
    if len(found) != 1 or (cls is not np.ndarray and not isinstance(value, (float, complex, np.floating, np.complexfloating))):  # fmt: skip
        raise Formless
    if cls is np.ndarray and value.dtype.kind in "iu":
        return text.keep(f"{name}.astype({text.name(np.dtype(np.float64))})"), False
    if cls is np.ndarray and value.dtype.kind not in "fc":
        raise Formless
    return found[0]


# --- the way back -----------------------------------------------------------------------------------------------------------------


def in_containers(text: FunctionText, names: Sequence[str], treedef: TreeDef) -> str:
    """The text of a container of this structure that holds what has these names."""
    return _container(text, iter(names), treedef)


def _container(text: FunctionText, names: Iterator[str], treedef: TreeDef) -> str:
    if treedef is LEAF:
        return next(names)
    kind = treedef.kind
    if kind is type(None):
        return "None"
    is_named, is_plain = _is_named_tuple(kind, treedef), _stores_plainly(kind, treedef)
    if kind not in (list, tuple, dict) and not is_named and not is_plain:
        return f"{text.name(treedef.rebuild)}([{', '.join(itertools.islice(names, treedef.num_leaves))}])"
    parts = [_container(text, names, child) for child in treedef.children]
    if kind is list:
        return f"[{', '.join(parts)}]"
    if kind is dict:
        entries = dict(zip(treedef.keys or (), parts, strict=True))
        return "{" + ", ".join([f"{text.name(k)}: {entries[k]}" for k in treedef.order or ()]) + "}"
    row = f"({''.join(f'{part}, ' for part in parts)})"
    if is_named:
        return f"{text.name(tuple.__new__)}({text.name(kind)}, {row})"
    return row if kind is tuple else f"{text.name(_maker(kind, treedef.attributes))}({row})"


def _maker(cls: type, names: tuple[str, ...]) -> Callable[[tuple[Any, ...]], Any]:
    """From the values of the attributes to an object; no code of its class runs."""

    def make(values: tuple[Any, ...]) -> Any:
        made: Any = object.__new__(cls)
        made.__dict__.update(zip(names, values, strict=True))
        return made

    return make
