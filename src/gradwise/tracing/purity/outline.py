"""Plain data split into an outline, which is compared, and numbers, which may differ: ``outline : data → (key, numbers)``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.purity.interpolators import content_of
from gradwise.tracing.purity.plain import fingerprint, is_bulky, key_form
from gradwise.tracing.purity.sparse import parts_of_matrix

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

_NUMBERS = (float, complex, np.float64)
_BY_VALUE = frozenset([int, bool, str, type(None)])

#: what belongs to the form of data: nothing but types and structure, floating and complex numbers too, arrays of up to so many bytes too
#: all arrays up to the size that can be compared
FREE, NUMBERS, ARRAYS, CONTENT = range(4)
SMALL, _COMPARED = 4096, 1 << 18


def is_fixed(array: np.ndarray, fixed: int) -> bool:
    """Whether the content of an array belongs to the form."""
    return fixed >= ARRAYS and array.nbytes <= (SMALL if fixed == ARRAYS else _COMPARED)


def array_form(array: np.ndarray) -> Hashable:
    """Type, shape and, since NumPy's orders "K" and "A" see it, the place of the entries in memory."""
    return array.dtype, array.shape, None if array.flags.c_contiguous else array.strides


def outline(value: Any, numbers: list[Any], *, fixed: int = FREE) -> Hashable:
    """The key of plain data; arrays, floating and complex numbers are appended to ``numbers`` and count by their type only, unless they are ``fixed``.

    Examples
    --------
    >>> numbers = []
    >>> outline([1.5, 2, "a"], numbers) == outline([7.5, 2, "a"], numbers), numbers
    (True, [1.5, 7.5])
    """
    cls: Any = type(value)
    if cls in _BY_VALUE:
        return cls, value
    if cls is np.ndarray:
        if is_fixed(value, fixed):
            return array_form(value), value.tobytes()
        numbers.append(value)
        return array_form(value)
    if cls in _NUMBERS or (issubclass(cls, np.generic) and value.dtype.kind in "fc"):
        if fixed == FREE:
            numbers.append(value)
            return cls
        # 0.0 and −0.0 differ; one nan is in a list that holds it, another is not
        return (cls, repr(value)) if value == value else (cls, repr(value), id(value))  # noqa: PLR0124
    if cls is tuple or cls is list or cls is dict:
        if is_bulky(value):
            dumped, forms = fingerprint(value)
            return cls, dumped, tuple(forms)
        if cls is not dict:
            return cls, tuple([outline(v, numbers, fixed=fixed) for v in value])
        entries = [(k if type(k) is str else key_form(k), outline(v, numbers, fixed=fixed)) for k, v in value.items()]
        return cls, tuple(entries)
    if cls is slice:
        return cls, key_form((value.start, value.stop, value.step))
    if cls is set or cls is frozenset:  # the order in which it is gone over counts
        return cls, tuple([key_form(v) for v in value])
    names = parts_of_matrix(value)
    if names is not None:
        arrays = [getattr(value, name) for name in names]
        return cls, value.shape, tuple([(a.dtype, a.shape, a.tobytes()) for a in arrays])
    return cls, content_of(value) or value


def outlines(values: Iterable[Any], numbers: list[Any], *, fixed: int = FREE) -> tuple[Hashable, ...]:
    """``outline`` of each: of many together, none is compared as a whole on account of the others."""
    return tuple([outline(v, numbers, fixed=fixed) for v in values])


def refilled(value: Any, numbers: Iterator[Any], *, fixed: int = FREE) -> Any:
    """The data with other numbers in the place of those that ``outline`` found."""
    cls = type(value)
    if cls is np.ndarray:
        return value if is_fixed(value, fixed) else next(numbers)
    if cls in _NUMBERS or (issubclass(cls, np.generic) and value.dtype.kind in "fc"):
        return next(numbers) if fixed == FREE else value
    if (cls is tuple or cls is list or cls is dict) and is_bulky(value):
        return value
    if cls is tuple or cls is list:
        return cls([refilled(v, numbers, fixed=fixed) for v in value])
    if cls is dict:
        return {k: refilled(v, numbers, fixed=fixed) for k, v in value.items()}
    return value


def all_refilled(values: Iterable[Any], numbers: Iterator[Any], *, fixed: int = FREE) -> list[Any]:
    """``refilled`` for each of several, of which ``outlines`` found the numbers."""
    return [refilled(v, numbers, fixed=fixed) for v in values]
