"""What is known of abstract values (``values.py``), and of one that is one or the other.

level : value → FLOAT, OWN, FRESH, ARRAY, DATA, or None for what is no data          join : (a, b) → what both have in common
"""

from __future__ import annotations

from typing import Any

from gradwise.tracing.purity.values import (
    ARRAY,
    ASIDE,
    DATA,
    FLOAT,
    FRESH,
    GRID,
    INDICES,
    NOTHING,
    OPAQUE,
    OWN,
    SCALAR,
    SLICE,
    VECTOR,
    WHOLE,
    Abstract,
    Bound,
    Box,
    Constant,
    Fixed,
    Getter,
    Held,
    Index,
    Known,
    Local,
    Made,
    Method,
    Mixed,
    Pattern,
    Ragged,
    Record,
    Row,
    Rows,
    Several,
    Table,
    Texts,
    Words,
)

_BY_RANK = (FLOAT, OWN, FRESH, ARRAY, DATA)
_OBJECTS = (Known, Made, Bound, Held, Getter, Several, Local)


#: the degrees of those of which more is known
_SPECIAL = {SLICE: DATA, VECTOR: ARRAY, GRID: ARRAY, SCALAR: OWN, WHOLE: OWN, INDICES: OWN}


def is_whole(value: Any) -> bool:
    """Whether a value is surely an integer."""
    return value is WHOLE or (type(value) is Constant and type(value.value) is int and level(value) is OWN)


def is_scalar(value: Any) -> bool:
    """Whether a value is surely a number."""
    if type(value) is Constant:
        return type(value.value) in (int, float, complex) and level(value) is not DATA
    return value is SCALAR or value is WHOLE or value is FLOAT


def is_immutable(value: Any) -> bool:
    """Whether a value is surely a number, a text or None, which nobody can write to."""
    return is_scalar(value) or certain_texts(value) is not None or type(value) in (Constant, Pattern)


def is_kept(value: Any) -> bool:
    """Whether more is known of plain data than their degree."""
    return value is VECTOR or value is GRID or value is SCALAR or value is WHOLE or type(value) in (Index, Fixed)


def is_numeric(degree: Abstract) -> bool:
    """Whether it is a number or an array of numbers."""
    return degree is not DATA and degree is not FRESH


def entry(degree: Abstract) -> Abstract:
    """The degree of an entry."""
    return OWN if degree.rank <= OWN.rank else ARRAY if degree is ARRAY else DATA


def is_telling(value: Any) -> bool:
    """Whether plain data are known so well that it may decide what is called."""
    if type(value) is Constant:
        return value.value is None or type(value.value) in (str, bool)
    return type(value) in (Texts, Pattern, Words, Row, Ragged, Rows, Record, Mixed, Table, Known, Box)


def level(value: Any) -> Abstract | None:
    """The degree of plain data; None for what is no data."""
    cls = type(value)
    if cls is Abstract:
        return _SPECIAL.get(value, value) if value.rank >= 0 else None
    if cls is Constant:
        return _constant_level(value.value)
    if cls is Texts or cls is Words or cls is Pattern or cls is Table or cls is Record or cls is Mixed:
        return DATA
    if cls is Known and value.expected is not None and value.expected.is_data:
        return DATA
    if cls is Box:
        return _box_level(value.root)
    if cls is Fixed:
        return DATA
    if cls is Index:
        return FRESH if value.slices else OWN
    if cls is Ragged:
        return DATA if None not in map(level, value.entries) else None
    if cls is Row:
        return DATA if not value.answers and None not in map(level, value.entries) else None
    return DATA if cls is Rows and (value.element is NOTHING or level(value.element) is not None) else None


def _box_level(box: Box) -> Abstract | None:
    if box.contents is NOTHING or box.is_asked:  # it may hold itself
        return FRESH
    box.is_asked = True
    try:
        return None if level(box.contents) is None else FRESH
    finally:
        box.is_asked = False


def _constant_level(constant: Any) -> Abstract:
    """A text may name the dtype of objects, and None becomes an array of objects: what is made with them may hold the caller's arrays."""
    cls = type(constant)
    if cls is float:
        return FLOAT
    if cls is int and not -(2**63) <= constant < 2**64:  # of which NumPy makes an array of objects
        return DATA
    if cls in (int, bool, complex):
        return OWN
    return OWN if cls is tuple and all(_constant_level(c).rank <= OWN.rank for c in constant) else DATA


def join(a: Any, b: Any) -> Any:
    """What is known of a value that is one or the other."""
    if a is b or a == b or b is NOTHING:
        return a
    if a is NOTHING:
        return b
    if ASIDE in (a, b):
        return ASIDE if is_immutable(b if a is ASIDE else a) else OPAQUE
    if type(a) is Box and type(b) is Box:
        return _united(a.root, b.root)
    texts = [texts_of(a), texts_of(b)]
    if None not in texts:
        certain = certain_texts(a) is not None and certain_texts(b) is not None
        return Texts(texts[0] | texts[1], certain=certain)  # type: ignore[operator]  # neither is None
    if type(a) is Row and type(b) is Row and len(a.entries) == len(b.entries):
        if a.cls is not b.cls and (a.answers or b.answers):
            return OPAQUE
        return Row(tuple(map(join, a.entries, b.entries)), a.cls if a.cls is b.cls else None, a.answers)
    if type(a) is Rows and type(b) is Rows:
        return Rows(join(a.element, b.element))
    for one, other in ((a, b), (b, a)):
        if is_empty(one) and is_gone_over(other):  # of which no entry is taken
            return other
    x, y = level(a), level(b)
    if is_scalar(a) and is_scalar(b) and not x is y is FLOAT:
        return WHOLE if is_whole(a) and is_whole(b) else SCALAR
    if x is not None and y is not None:
        spill(a)
        spill(b)
        found = _BY_RANK[max(x.rank, y.rank)]
        return DATA if found is ARRAY and FRESH in (x, y) else found
    if all(type(v) in _OBJECTS or is_none_itself(v) for v in (a, b)):
        return Several(alternatives(a) | alternatives(b))
    return OPAQUE


def is_empty(value: Any) -> bool:
    """Whether a value is surely an empty list or tuple."""
    return (type(value) is Words and not value.values) or (type(value) is Constant and value.value == ())


def is_gone_over(value: Any) -> bool:
    """Whether a value is a list or tuple of objects, or one of several."""
    if type(value) is Several:
        return all(map(is_gone_over, value.values))
    return (
        type(value) is Known
        and value.expected is not None
        and value.expected.kind == "sequence"
        and not value.expected.is_data
    )


def is_none_itself(value: Any) -> bool:
    """Whether a value is the constant None."""
    return type(value) is Constant and value.value is None


def _united(a: Box, b: Box) -> Box:
    """The box that stands for two of which a value is one."""
    contents, keys = (a.contents, b.contents), (a.keys, b.keys)
    b.become(a)
    a.ledger.learned = True
    a.kind = a.kind if a.kind == b.kind else "any"
    a.is_spilled |= b.is_spilled
    put(a, join(*contents), join(*keys))
    return a


def put(box: Box, value: Any, key: Any = NOTHING) -> None:
    """Note what is put into a box, under which key."""
    root = box.root
    contents, keys = join(root.contents, value), join(root.keys, key)
    root = root.root
    if contents != root.contents or keys != root.keys:
        root.contents, root.keys = contents, keys
        root.ledger.learned = True
    if root.is_spilled and contents is not NOTHING and level(contents) is None:
        root.ledger.is_overlooked = True  # what counts as plain data elsewhere holds more


def spill(value: Any) -> None:
    """Let go what is known of the boxes in plain data, which may be changed under other names from now on."""
    if type(value) is Box:
        root = value.root
        held = root.contents
        root.is_spilled |= level(root) is not None
        if held is not DATA and level(root) is not None:
            root.contents = DATA
            root.ledger.learned = True
            spill(held)
        if root.is_spilled and root.keys is not DATA:
            root.keys = DATA
            root.ledger.learned = True
    elif type(value) is Row:
        for one in value.entries:
            spill(one)
    elif type(value) is Rows:
        spill(value.element)


def depth(value: Any) -> int:
    """How many rows are in one another."""
    if type(value) is Row:
        return 1 + max(map(depth, value.entries), default=0)
    return 1 + depth(value.element) if type(value) is Rows else 0


def texts_of(value: Any) -> frozenset[str] | None:
    """The texts of which a value is one; None if they are not known."""
    if type(value) is Constant and type(value.value) is str:
        return frozenset([value.value])
    return value.values if type(value) is Texts else None


def certain_texts(value: Any) -> frozenset[str] | None:
    """The texts of which a value is one, if it surely is a text."""
    return None if type(value) is Texts and not value.certain else texts_of(value)


def text(values: frozenset[str]) -> Any:
    """One of these texts; no value if there is none."""
    if not values:
        return NOTHING
    return Texts(values) if len(values) > 1 else Constant(next(iter(values)))


def alternatives(value: Any) -> frozenset[Any]:
    """The values of which this is one."""
    return value.values if type(value) is Several else frozenset([value])


def describe(value: Any) -> str:
    """An abstract value in words."""
    if type(value) is Known:
        if value.expected is not None and value.expected.kind in ("object", "sequence"):
            return f"an object of type {type(value.value).__name__}"
        return str(getattr(value.value, "__name__", value.value))
    if type(value) is Method:
        return f"the method {value.name}"
    if type(value) is Made:
        return f"an object of type {describe(value.cls)}"
    if type(value) is Bound:
        return f"the method {describe(value.function)}"
    return {Local: "a function", Box: "a container of objects", Several: "one of several objects"}.get(
        type(value), "a value of which nothing is known"
    )
