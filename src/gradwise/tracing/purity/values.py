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
#: one by rows or by keys that was made empty, which may be filled
DRAFT = Abstract("DRAFT", -11)
#: a frozen distribution of SciPy's made during the call, and a multivariate one
FROZEN = Abstract("FROZEN", -9)
FROZEN_MULTIVARIATE = Abstract("FROZEN_MULTIVARIATE", -15)
#: an interpolator of SciPy's
SPLINE = Abstract("SPLINE", -10)
#: a rotation of SciPy's made during the call
ROTATION = Abstract("ROTATION", -25)
#: a polynomial of ``numpy.polynomial``, and one of NumPy's older ones
SERIES = Abstract("SERIES", -23)
POLY1D = Abstract("POLY1D", -24)
#: what ``globals()`` gives, to be asked for functions
GLOBALS = Abstract("GLOBALS", -7)
#: a slice, which is data
SLICE = Abstract("SLICE", 4)
#: an array of numbers with one axis (with two), which may be the caller's: an ARRAY; its entries are numbers, which no write can reach (vectors)
VECTOR = Abstract("VECTOR", 3)
GRID = Abstract("GRID", 3)
#: a number, and an integer, which is no container: both OWN; and what a range is, of which each is an integer
SCALAR = Abstract("SCALAR", 1)
WHOLE = Abstract("WHOLE", 1)
INDICES = Abstract("INDICES", 1)
#: no value: what an empty container holds, what a function gives that never returns
NOTHING = Abstract("NOTHING", -8)
#: what goes beside the computation (``asides.py``): it may be shown and left behind, and nothing else
ASIDE = Abstract("ASIDE", -12)
#: a file in memory that the function made, to be written to (``sinks.py``)
SINK = Abstract("SINK", -16)
#: the function behind the statement ``class`` (``local_classes.py``)
BUILD_CLASS = Abstract("BUILD_CLASS", -17)
#: what a root finder of SciPy's gives (``solvers.py``)
FOUND = Abstract("FOUND", -18)
#: and a minimiser
MINIMUM = Abstract("MINIMUM", -19)
#: and least squares
FITTED = Abstract("FITTED", -20)
#: and an integrator
SOLVED = Abstract("SOLVED", -22)
#: SciPy's bounds of numbers
BOUNDS = Abstract("BOUNDS", -21)
#: a context manager of NumPy's (``np.errstate``)
MANAGER = Abstract("MANAGER", -3)


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


@dataclass(slots=True, unsafe_hash=True)
class Held:
    """A function with arguments that ``functools.partial`` holds, made during the call; to be called, and nothing else."""

    function: Any
    arguments: tuple[Any, ...]
    keywords: tuple[tuple[str, Any], ...]


@dataclass(slots=True, unsafe_hash=True)
class Getter:
    """What ``operator.itemgetter``, ``attrgetter`` or ``methodcaller`` makes during the call; to be called, and nothing else."""

    maker: Any
    arguments: tuple[Any, ...]
    keywords: tuple[tuple[str, Any], ...]


@dataclass(slots=True, unsafe_hash=True)
class Fixed:
    """A value of a library's type that nobody can change (``fixed.py``): a date, a fraction."""

    cls: type


class Bound:
    """A function with an object as its first argument."""

    __slots__ = ("function", "receiver")

    def __init__(self, function: Any, receiver: Any) -> None:
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
    #: the class of a named tuple, and whether it has operators of its own: then it is no data
    cls: type | None = None
    answers: bool = False


@dataclass(slots=True, unsafe_hash=True)
class Ragged:
    """A tuple or list, one of several of unlike lengths: what is at each place, in those that have it."""

    entries: tuple[Any, ...]


@dataclass(slots=True, unsafe_hash=True)
class Matched:
    """What ``case Class(a, b)`` takes out of an object, or None."""

    entries: tuple[Any, ...]


@dataclass(slots=True, unsafe_hash=True)
class Rows:
    """An iterator of which each element is ``element``, no data."""

    element: Any


class Box:
    """A list, dict or deque made during the call at one place of the code: the join of all that is ever put there.

    Two boxes of which a value is one are made one (``lattice.join``), so that nothing is put into one of them unseen.  ``ledger`` is the inquiry, which is told when something is learned.
    """

    __slots__ = ("_into", "contents", "is_asked", "is_spilled", "keys", "kind", "ledger")

    def __init__(self, kind: str, ledger: Any) -> None:
        self._into: Box | None = None
        self.kind = kind
        self.contents: Any = NOTHING
        self.keys: Any = NOTHING
        self.ledger = ledger
        self.is_asked = False
        #: whether it is known under other names, as plain data
        self.is_spilled = False

    @property
    def root(self) -> Box:
        """The box that this one was made one with."""
        box = self
        while box._into is not None:
            box = box._into
        return box

    def become(self, other: Box) -> None:
        """Be one with another box, which holds what both hold."""
        self.root._into = other.root

    def __eq__(self, other: object) -> bool:
        return type(other) is Box and other.root is self.root

    def __hash__(self) -> int:
        return hash(Box)


@dataclass(slots=True, unsafe_hash=True)
class Index:
    """A tuple of integers and slices: the key of an entry, a row or a block of an array."""

    integers: int
    slices: int


@dataclass(slots=True, unsafe_hash=True)
class Record:
    """A dict with these entries."""

    entries: tuple[tuple[str, Any], ...]


@dataclass(slots=True, unsafe_hash=True)
class Mixed:
    """One of several dicts with other keys: what is found under each key, where it is there."""

    entries: tuple[tuple[str, Any], ...]


@dataclass(slots=True, unsafe_hash=True)
class Table:
    """A list, tuple or dict (``is_mapping``) of which each entry is ``element``; plain data."""

    element: Any
    is_mapping: bool
