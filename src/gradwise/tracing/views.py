"""Views of the memory of an array, and how they are taken of it: indices, axes, shapes."""

from __future__ import annotations

from typing import Any

import numpy as np


def memory_of(array: np.ndarray) -> np.ndarray:
    """The array whose memory an array is a part of."""
    while type(array.base) is np.ndarray:
        array = array.base
    return array


def way_to(view: np.ndarray) -> list[tuple[str, Any]] | None:
    """How a view is taken of the array whose memory it is a part of: indices, axes, shapes; None where that is not known.

    Examples
    --------
    >>> x = np.zeros((4, 6))
    >>> [name for name, _ in way_to(x[1:3, ::2].T)]
    ['getitem', 'transpose']
    """
    base: Any = view.base
    if view.dtype != base.dtype or view.size == 0 or view.ndim == 0:
        return None
    for steps in (_by_index(base, view), _along(base, view), _as_block(base, view)):
        if steps is not None and _is_same(taken(base, steps), view):
            return steps
    return None


def taken(array: Any, steps: list[tuple[str, Any]]) -> Any:
    """The view that these steps take of an array."""
    for name, argument in steps:
        array = array[argument] if name == "getitem" else getattr(array, name)(argument)
    return array


def _is_same(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two views show the same memory in the same way."""
    alike = one.shape == other.shape and one.ctypes.data == other.ctypes.data
    return alike and all(n == 1 or a == b for n, a, b in zip(one.shape, one.strides, other.strides, strict=True))


def _begin(base: np.ndarray, view: np.ndarray) -> int:
    """The bytes between their first entries."""
    return int(view.ctypes.data - base.ctypes.data)


def _by_index(base: np.ndarray, view: np.ndarray) -> list[tuple[str, Any]] | None:
    """One index or slice for each axis, and the axes in another order."""
    rest = _begin(base, view)
    first = [0] * base.ndim
    for axis in sorted(range(base.ndim), key=lambda k: -base.strides[k]):
        if base.strides[axis] <= 0:
            return None
        first[axis], rest = divmod(rest, base.strides[axis])
    key: list[Any] = list(first)
    order: dict[int, int] = {}
    for position, (length, stride) in enumerate(zip(view.shape, view.strides, strict=True)):
        free = [
            k
            for k in range(base.ndim)
            if k not in order and stride % base.strides[k] == 0 and (length > 1 or base.shape[k] >= 1)
        ]
        if not free:
            return None
        axis = max(free, key=lambda k: base.strides[k] if length > 1 else -base.strides[k])
        step = stride // base.strides[axis] if length > 1 else 1
        end = first[axis] + step * length
        key[axis] = slice(first[axis], None if end < 0 else end, step)
        order[axis] = position
    steps: list[tuple[str, Any]] = [("getitem", tuple(key))]
    axes = [order[k] for k in sorted(order)]
    if axes != sorted(axes):
        steps.append(("transpose", tuple(int(k) for k in np.argsort(axes))))
    return steps


def _flat(base: np.ndarray) -> list[tuple[str, Any]] | None:
    if base.flags.c_contiguous:
        return [("reshape", (-1,))]
    return [("transpose", tuple(range(base.ndim))[::-1]), ("reshape", (-1,))] if base.flags.f_contiguous else None


def _along(base: np.ndarray, view: np.ndarray) -> list[tuple[str, Any]] | None:
    """Entries at equal distances in memory: a diagonal, every other one of all."""
    flat = _flat(base)
    if flat is None or view.ndim != 1:
        return None
    first, step = _begin(base, view) // base.itemsize, view.strides[0] // base.itemsize or 1
    end = first + step * view.size
    return [*flat, ("getitem", (slice(first, None if end < 0 else end, step),))]


def _as_block(base: np.ndarray, view: np.ndarray) -> list[tuple[str, Any]] | None:
    """Entries one after another, in some shape."""
    flat = _flat(base)
    first = _begin(base, view) // base.itemsize
    block: tuple[str, Any] = ("getitem", (slice(first, first + view.size, 1),))
    if flat is None:
        return None
    if view.flags.c_contiguous:
        return [*flat, block, ("reshape", view.shape)]
    if view.flags.f_contiguous:
        return [*flat, block, ("reshape", view.shape[::-1]), ("transpose", tuple(range(view.ndim))[::-1])]
    return None
