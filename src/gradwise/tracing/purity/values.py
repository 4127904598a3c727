"""The abstract values of the symbolic run.

    FLOAT ⊂ OWN ⊂ FRESH ⊂ DATA          plain data, by how much of it was made during the call
            OWN ⊂ ARRAY ⊂ DATA

``OWN`` is a number, or an array whose memory was made during the call.  ``FRESH`` is a container made during the call, whose entries may be the caller's.
``ARRAY`` is a number or an array of numbers that may be the caller's: a copy of it is ``OWN``.  ``DATA`` may be the caller's own.  A write to ``OWN`` or ``FRESH`` harms nobody.

All else is no data: a callable or an object with what is known of it, one of several of these, or ``OPAQUE``, of which nothing is known and with which nothing may be done.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import types


class Abstract:
    """A degree of knowledge; compared by identity."""

    __slots__ = ("name", "rank")

    def __init__(self, name: str, rank: int) -> None:
        self.name = name
        self.rank = rank

    def __repr__(self) -> str:
        return self.name


FLOAT = Abstract("FLOAT", 0)
OWN = Abstract("OWN", 1)
FRESH = Abstract("FRESH", 2)
ARRAY = Abstract("ARRAY", 3)
DATA = Abstract("DATA", 4)
NULL = Abstract("NULL", -1)
OPAQUE = Abstract("OPAQUE", -2)
#: the type of data
TYPE = Abstract("TYPE", -4)
#: a random generator made during the call, of a known seed
GENERATOR = Abstract("GENERATOR", -5)
#: a sparse matrix made during the call, or an array in its place
SPARSE = Abstract("SPARSE", -6)
#: what ``globals()`` gives, to be asked for functions
GLOBALS = Abstract("GLOBALS", -7)
#: a context manager of NumPy's (``np.errstate``)
MANAGER = Abstract("MANAGER", -3)

_BY_RANK = (FLOAT, OWN, FRESH, ARRAY, DATA)


class Constant:
    """A constant of the code: immutable all the way down."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        if type(other) is not Constant:
            return False
        return other.value is self.value or (type(self.value) is type(other.value) is str and self.value == other.value)

    def __hash__(self) -> int:
        return hash(self.value) if type(self.value) is str else id(self.value)


class Known:
    """An object that a name stands for: a module, a function, a type.  ``expected`` collects what must hold of it."""

    __slots__ = ("expected", "value")

    def __init__(self, value: Any, expected: Any = None) -> None:
        self.value = value
        self.expected = expected

    def __eq__(self, other: object) -> bool:
        return type(other) is Known and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)


class Local:
    """A function made during the call, with what its free variables stand for."""

    __slots__ = ("cells", "code")

    def __init__(self, code: types.CodeType, cells: tuple[Any, ...]) -> None:
        self.code = code
        self.cells = cells

    def __eq__(self, other: object) -> bool:
        return type(other) is Local and other.code is self.code and other.cells == self.cells

    def __hash__(self) -> int:
        return id(self.code)


@dataclass(slots=True, unsafe_hash=True)
class Cell:
    """A variable shared with inner functions, by its name in the code that owns it."""

    name: str


@dataclass(slots=True, unsafe_hash=True)
class Cells:
    """A tuple of cells, for a function to be made."""

    cells: tuple[Any, ...]


@dataclass(slots=True, unsafe_hash=True)
class Method:
    """The attribute ``name`` of plain data, about to be called."""

    receiver: Any
    name: str


class Made:
    """An object of the user's class, made during the call at one place of the code.  Its attributes are kept by the inquiry."""

    __slots__ = ("cls", "place")

    def __init__(self, cls: Known, place: Any) -> None:
        self.cls = cls
        self.place = place

    def __eq__(self, other: object) -> bool:
        return type(other) is Made and other.place == self.place and other.cls == self.cls

    def __hash__(self) -> int:
        return hash(self.place)


class Bound:
    """A function with an object as its first argument."""

    __slots__ = ("function", "receiver")

    def __init__(self, function: Known, receiver: Any) -> None:
        self.function = function
        self.receiver = receiver

    def __eq__(self, other: object) -> bool:
        return type(other) is Bound and other.function == self.function and other.receiver == self.receiver

    def __hash__(self) -> int:
        return hash(self.function)


class Count:
    """An integer on its way from its place and back, with a literal added (``counters.py``); nothing else may be done with it."""

    __slots__ = ("name", "owner")

    def __init__(self, owner: Any, name: Any) -> None:
        self.owner = owner
        self.name = name


class Tally:
    """A list or dictionary that is counted in (``counters.py``); nothing else may be done with it."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return type(other) is Tally and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)


class Super:
    """What ``super()`` gives: the classes after ``owner`` in the order of the receiver's class."""

    __slots__ = ("owner", "receiver")

    def __init__(self, owner: Known, receiver: Any) -> None:
        self.owner = owner
        self.receiver = receiver

    def __eq__(self, other: object) -> bool:
        return type(other) is Super and other.owner == self.owner and other.receiver == self.receiver

    def __hash__(self) -> int:
        return hash(self.owner)


@dataclass(slots=True, unsafe_hash=True)
class Several:
    """One of several values that are no data."""

    values: frozenset[Any]


class Texts:
    """One of several texts; where that is not ``certain``, perhaps a list of them."""

    __slots__ = ("certain", "values")

    def __init__(self, values: frozenset[str], *, certain: bool = True) -> None:
        self.values = values
        self.certain = certain

    def __eq__(self, other: object) -> bool:
        return type(other) is Texts and other.values == self.values and other.certain is self.certain

    def __hash__(self) -> int:
        return hash(self.values)


@dataclass(slots=True, unsafe_hash=True)
class Words:
    """A list or tuple of nothing but texts."""

    values: frozenset[str]


@dataclass(slots=True, unsafe_hash=True)
class Pattern:
    """A text of which the beginning and the end are known (``f"term_{k}"``)."""

    prefix: str
    suffix: str


@dataclass(slots=True, unsafe_hash=True)
class Row:
    """A tuple of which the entries are known: what ``zip`` and ``enumerate`` give in turn, or one of several tuples."""

    entries: tuple[Any, ...]


@dataclass(slots=True, unsafe_hash=True)
class Rows:
    """An iterator of which each element is ``element``, no data."""

    element: Any


@dataclass(slots=True, unsafe_hash=True)
class Record:
    """A dict with these entries."""

    entries: tuple[tuple[str, Any], ...]


@dataclass(slots=True, unsafe_hash=True)
class Table:
    """A list, tuple or dict (``is_mapping``) of which each entry is ``element``; plain data."""

    element: Any
    is_mapping: bool


_OBJECTS = (Known, Made, Bound, Several)


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
    return type(value) in (Texts, Pattern, Words, Row, Record, Table, Known)


def level(value: Any) -> Abstract | None:
    """The degree of plain data; None for what is no data."""
    cls = type(value)
    if cls is Abstract:
        return value if value.rank >= 0 else None
    if cls is Constant:
        return _constant_level(value.value)
    if cls is Texts or cls is Words or cls is Pattern or cls is Table or cls is Record:
        return DATA
    if cls is Known and value.expected is not None and value.expected.is_data:
        return DATA
    if cls is Row:
        return DATA if None not in map(level, value.entries) else None
    return DATA if cls is Rows and level(value.element) is not None else None


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
    if a is b or a == b:
        return a
    texts = [texts_of(a), texts_of(b)]
    if None not in texts:
        certain = certain_texts(a) is not None and certain_texts(b) is not None
        return Texts(texts[0] | texts[1], certain=certain)  # type: ignore[operator]  # neither is None
    if type(a) is Row and type(b) is Row and len(a.entries) == len(b.entries):
        return Row(tuple(map(join, a.entries, b.entries)))
    x, y = level(a), level(b)
    if x is not None and y is not None:
        found = _BY_RANK[max(x.rank, y.rank)]
        return DATA if found is ARRAY and FRESH in (x, y) else found
    if type(a) in _OBJECTS and type(b) in _OBJECTS:
        return Several(alternatives(a) | alternatives(b))
    return OPAQUE


def texts_of(value: Any) -> frozenset[str] | None:
    """The texts of which a value is one; None if they are not known."""
    if type(value) is Constant and type(value.value) is str:
        return frozenset([value.value])
    return value.values if type(value) is Texts else None


def certain_texts(value: Any) -> frozenset[str] | None:
    """The texts of which a value is one, if it surely is a text."""
    return None if type(value) is Texts and not value.certain else texts_of(value)


def text(values: frozenset[str]) -> Any:
    """One of these texts."""
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
    return {Local: "a function", Several: "one of several objects"}.get(
        type(value), "a value of which nothing is known"
    )
