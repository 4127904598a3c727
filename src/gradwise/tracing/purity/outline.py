"""Plain data split into an outline, which is compared, and numbers, which may differ: ``outline : data → (key, numbers)``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

_NUMBERS = (float, complex, np.float64)


def array_form(array: np.ndarray) -> Hashable:
    """Type, shape and, since NumPy's orders "K" and "A" see it, the place of the entries in memory."""
    return array.dtype, array.shape, None if array.flags.c_contiguous else array.strides


def outline(value: Any, numbers: list[Any], *, floats: bool = True) -> Hashable:
    """The key of plain data; arrays (and with ``floats`` floating and complex numbers) are appended to ``numbers`` and count by their type only.

    Examples
    --------
    >>> numbers = []
    >>> outline([1.5, 2, "a"], numbers) == outline([7.5, 2, "a"], numbers), numbers
    (True, [1.5, 7.5])
    """
    cls: Any = type(value)
    if cls is np.ndarray:
        numbers.append(value)
        return array_form(value)
    if cls in _NUMBERS or (issubclass(cls, np.generic) and value.dtype.kind in "fc"):
        if floats:
            numbers.append(value)
            return cls
        return cls, repr(value)  # 0.0 and −0.0 differ, nan is nan
    if cls is tuple or cls is list:
        return cls, tuple([outline(v, numbers, floats=floats) for v in value])
    if cls is dict:
        return cls, tuple([(type(k), k, outline(v, numbers, floats=floats)) for k, v in value.items()])
    return cls, value


def refilled(value: Any, numbers: Iterator[Any], *, floats: bool = True) -> Any:
    """The data with other numbers in the place of those that ``outline`` found."""
    cls = type(value)
    if cls is np.ndarray:
        return next(numbers)
    if cls in _NUMBERS or (issubclass(cls, np.generic) and value.dtype.kind in "fc"):
        return next(numbers) if floats else value
    if cls is tuple or cls is list:
        return cls([refilled(v, numbers, floats=floats) for v in value])
    if cls is dict:
        return {k: refilled(v, numbers, floats=floats) for k, v in value.items()}
    return value
