"""``array.array("d")`` that a run makes: Python's array of floats keeps the bytes of a number and would lose its derivative.

The run gets a list of the same conduct, whose entries may be traced; where it leaves one behind, an array of Python's is put there at the end.  Arrays that were there before the run stay what they are, and so do
those of other type codes: they round what they are given.
"""

from __future__ import annotations

import array
import functools
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np

from gradwise.tracing.holders import standing_for
from gradwise.tracing.instrument.state import current_trace
from gradwise.tracing.standins.number_types import float_
from gradwise.tracing.traced import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def _floated(value: Any) -> Any:
    """A float, by ``__float__`` and ``__index__``: no text."""
    if isinstance(value, (str, bytes, bytearray)):
        return array.array("d", [value])[0]  # type: ignore[type-var]  # raises as Python does
    return float_(value)


def _is_one(value: Any) -> bool:
    return isinstance(value, array.array)  # its class answers so


@standing_for("plainly")
class TracedFloats(list):
    """What stands for ``array.array("d", entries)``: a list of floats, some of them traced.

    Examples
    --------
    >>> numbers = TracedFloats([1, 2]) * 2
    >>> numbers.append(3)
    >>> numbers, numbers[1:3].plainly
    (array('d', [1.0, 2.0, 1.0, 2.0, 3.0]), array('d', [2.0, 1.0]))
    """

    __kind__ = array.array
    typecode = "d"
    itemsize = 8

    def __init__(self, entries: Iterable[Any] = ()) -> None:
        super().__init__(map(_floated, entries))
        self._made = array.array("d")

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        """``isinstance`` and ``type`` find Python's class."""
        return array.array

    @property
    def plainly(self) -> array.array:
        """Python's array of the plain numbers, one and the same each time: it may be left in several places."""
        numbers = array.array("d", [v.value if isinstance_traced(v) else v for v in self])
        if numbers.tobytes() != self._made.tobytes():  # whose memory may be lent
            self._made[:] = numbers
        return self._made

    def _likes(self, other: Any) -> bool:
        return type(other) is TracedFloats or (type(other) is array.array and other.typecode == "d")

    # --- entries ------------------------------------------------------------------------------------------------------------------

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        return TracedFloats(found) if isinstance(key, slice) else found

    def __setitem__(self, key: Any, value: Any) -> None:
        if isinstance(key, slice):
            if not self._likes(value):
                array.array("d")[:] = value  # raises as Python does
            super().__setitem__(key, list(value))
        else:
            super().__setitem__(key, _floated(value))

    def append(self, value: Any, /) -> None:
        super().append(_floated(value))

    def insert(self, place: SupportsIndex, value: Any, /) -> None:
        super().insert(place, _floated(value))

    def extend(self, values: Any, /) -> None:
        if _is_one(values) and not self._likes(values):
            array.array("d").extend(values)  # raises as Python does
        super().extend(list(map(_floated, values)))

    def fromlist(self, values: Any, /) -> None:
        if type(values) is not list:
            array.array("d").fromlist(values)  # raises as Python does
        super().extend(list(map(_floated, values)))

    def tolist(self) -> list[Any]:
        return list(self)

    # --- operators ----------------------------------------------------------------------------------------------------------------

    def __add__(self, other: Any) -> Any:
        return TracedFloats([*self, *other]) if self._likes(other) else array.array("d") + other

    def __radd__(self, other: Any) -> Any:
        return TracedFloats([*other, *self]) if self._likes(other) else NotImplemented

    def __iadd__(self, other: Any) -> Any:
        if not self._likes(other):
            whole = array.array("d")
            whole += other  # raises as Python does
        super().extend(list(other))
        return self

    def __mul__(self, times: SupportsIndex) -> Any:
        return TracedFloats(list(self) * times)

    __rmul__ = __mul__

    def _compared(self, name: str, other: Any) -> Any:
        return getattr(list, name)(self, list(other)) if _is_one(other) else NotImplemented

    def __eq__(self, other: object) -> Any:
        return self._compared("__eq__", other)

    def __ne__(self, other: object) -> Any:
        return self._compared("__ne__", other)

    def __lt__(self, other: Any) -> Any:
        return self._compared("__lt__", other)

    def __le__(self, other: Any) -> Any:
        return self._compared("__le__", other)

    def __gt__(self, other: Any) -> Any:
        return self._compared("__gt__", other)

    def __ge__(self, other: Any) -> Any:
        return self._compared("__ge__", other)

    __hash__ = None

    def __copy__(self) -> TracedFloats:
        return TracedFloats(self)

    def __deepcopy__(self, memo: Any) -> TracedFloats:
        return TracedFloats(self)

    def __repr__(self) -> str:
        return self._written_out("__repr__")

    # --- texts and bytes --------------------------------------------------------------------------------------------------------------------

    def _written_out(self, name: str, *args: Any) -> Any:
        for value in self:
            if isinstance_traced(value) and value.tape.open:  # what is looked up by them has no derivative
                value.tape.looked_up = value.tape.recalled = True
        return getattr(self.plainly, name)(*args)

    def tobytes(self) -> bytes:
        return self._written_out("tobytes")

    def tofile(self, file: Any, /) -> None:
        self._written_out("tofile", file)

    def frombytes(self, content: Any, /) -> None:
        self.extend(_read("frombytes", content))

    def fromfile(self, file: Any, count: int, /) -> None:
        self.extend(_read("fromfile", file, count))


def _read(name: str, *args: Any) -> array.array:
    read = array.array("d")
    getattr(read, name)(*args)
    return read


def _missing(name: str, _: TracedFloats) -> Any:
    return getattr(array.array("d"), name)  # raises as Python does


#: methods of a list that an array has not got
for _name in ("clear", "copy", "sort"):
    setattr(TracedFloats, _name, property(functools.partial(_missing, _name)))


def array_(typecode: Any, *entries: Any) -> Any:
    """``array.array``: of floats one that keeps derivatives."""
    if typecode != "d" or len(entries) > 1 or current_trace() is None:
        return array.array(typecode, *entries)
    if not entries or type(entries[0]) is TracedFloats:
        return TracedFloats(*entries)
    if isinstance(entries[0], (bytes, bytearray, str, array.array)):
        return TracedFloats(array.array("d", entries[0]))
    return TracedFloats(entries[0])


def _of_memory(function: Any) -> Callable[..., Any]:
    """What asks for the memory of an object: of an array of plain numbers it gets that of Python's, which is not written to."""

    def call(*args: Any, **options: Any) -> Any:
        given = args[0] if args else None
        if type(given) is not TracedFloats or any(map(isinstance_traced, given)):
            return function(*args, **options)
        return function(memoryview(given.plainly).toreadonly(), *args[1:], **options)

    call.__name__ = function.__name__
    call.__doc__ = f"``{function.__name__}``, of an array of floats too."
    return call


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "array": {"array": array_, "ArrayType": array_},
    "builtins": {"memoryview": _of_memory(memoryview), "bytes": _of_memory(bytes)},
    "numpy": {"frombuffer": _of_memory(np.frombuffer)},
}
