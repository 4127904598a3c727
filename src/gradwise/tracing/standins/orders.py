"""Heaps, bisection and searches in lists of objects whose ``__lt__`` and ``__eq__`` are the user's: the twins compare.

``heapq``, ``bisect`` and the methods of lists call the special methods of objects as they stand.  Where there are such objects, the same steps are taken here with twins; numbers, traced or not,
are left to Python.
"""

from __future__ import annotations

import bisect
import heapq
from typing import TYPE_CHECKING, Any

from gradwise.tracing.instrument.compiling import HOOKS
from gradwise.tracing.instrument.items import touch
from gradwise.tracing.standins.iteration import list_sort, objects_among
from gradwise.tracing.standins.recording import entries, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def _less(a: Any, b: Any) -> bool:
    return bool(HOOKS["true"](HOOKS["lt"](a, b)))


def _equal(a: Any, b: Any) -> bool:
    return a is b or bool(HOOKS["true"](HOOKS["eq"](a, b)))


# --- heaps ----------------------------------------------------------------------------------------------------------------------------


def _rise(heap: list[Any], top: int, place: int) -> None:
    """The item at a place goes up, as far as ``top``, past those that are not less."""
    item = heap[place]
    while place > top:
        parent = (place - 1) >> 1
        if not _less(item, heap[parent]):
            break
        heap[place] = heap[parent]
        place = parent
    heap[place] = item


def _sink(heap: list[Any], top: int) -> None:
    """The item at ``top`` goes down to a leaf by the lesser children, and up again from there: fewer comparisons than stopping on the way, and the order that ``heapq`` has."""
    item, place = heap[top], top
    while (child := 2 * place + 1) < len(heap):
        if child + 1 < len(heap) and not _less(heap[child], heap[child + 1]):
            child += 1
        heap[place] = heap[child]
        place = child
    heap[place] = item
    _rise(heap, top, place)


def heappush(heap: list[Any], item: Any, /) -> None:
    """``heapq.heappush``."""
    touch(heap)
    if not objects_among((item, *heap[:1])):
        return heapq.heappush(heap, item)
    heap.append(item)
    return _rise(heap, 0, len(heap) - 1)


def heappop(heap: list[Any], /) -> Any:
    """``heapq.heappop``."""
    touch(heap)
    if not objects_among(heap[:1]):
        return heapq.heappop(heap)
    last = heap.pop()
    if not heap:
        return last
    first, heap[0] = heap[0], last
    _sink(heap, 0)
    return first


def heapreplace(heap: list[Any], item: Any, /) -> Any:
    """``heapq.heapreplace``."""
    touch(heap)
    if not heap or not objects_among((item, heap[0])):
        return heapq.heapreplace(heap, item)
    first, heap[0] = heap[0], item
    _sink(heap, 0)
    return first


def heappushpop(heap: list[Any], item: Any, /) -> Any:
    """``heapq.heappushpop``."""
    touch(heap)
    if not heap or not objects_among((item, heap[0])):
        return heapq.heappushpop(heap, item)
    if _less(heap[0], item):
        item, heap[0] = heap[0], item
        _sink(heap, 0)
    return item


def heapify(heap: list[Any], /) -> None:
    """``heapq.heapify``."""
    touch(heap)
    if not objects_among(heap):
        return heapq.heapify(heap)
    for place in reversed(range(len(heap) // 2)):
        _sink(heap, place)
    return None


def nsmallest(n: int, iterable: Any, key: Any = None) -> list[Any]:
    """``heapq.nsmallest``."""
    items = list(entries(iterable))
    list_sort(items, key=key)
    return items[: max(n, 0)]


def nlargest(n: int, iterable: Any, key: Any = None) -> list[Any]:
    """``heapq.nlargest``."""
    items = list(entries(iterable))
    list_sort(items, key=key, reverse=True)
    return items[: max(n, 0)]


def merge(*iterables: Any, key: Any = None, reverse: bool = False) -> Iterator[Any]:
    """``heapq.merge``."""
    key = None if key is None else resolve(key)
    going = []
    for iterable in iterables:
        iterator = iter(entries(iterable))
        for item in iterator:
            going.append((item if key is None else key(item), item, iterator))
            break
    while going:
        best = 0
        for k in range(1, len(going)):
            a, b = going[k][0], going[best][0]
            if _less(b, a) if reverse else _less(a, b):
                best = k
        _, item, iterator = going[best]
        yield item
        for following in iterator:
            going[best] = (following if key is None else key(following), following, iterator)
            break
        else:
            del going[best]


# --- bisection ------------------------------------------------------------------------------------------------------------------------


def _bisecting(original: Any, *, right: bool) -> Callable[..., int]:
    def call(a: Any, x: Any, lo: int = 0, hi: Any = None, *, key: Any = None) -> int:
        if key is None and not objects_among((x, *(a[:1] if type(a) is list else ()))):
            return int(original(a, x, lo, hi))
        if lo < 0:
            raise ValueError("lo must be non-negative")
        key = (lambda item: item) if key is None else resolve(key)
        hi = len(a) if hi is None else hi
        while lo < hi:
            middle = (lo + hi) // 2
            item = key(a[middle])
            if not _less(x, item) if right else _less(item, x):
                lo = middle + 1
            else:
                hi = middle
        return lo

    call.__name__ = original.__name__
    call.__doc__ = f"``bisect.{original.__name__}``."
    return call


bisect_left = _bisecting(bisect.bisect_left, right=False)
bisect_right = _bisecting(bisect.bisect_right, right=True)


def _inserting(place: Any, name: str) -> Callable[..., None]:
    def call(a: Any, x: Any, lo: int = 0, hi: Any = None, *, key: Any = None) -> None:
        touch(a)
        a.insert(place(a, x if key is None else resolve(key)(x), lo, hi, key=key), x)

    call.__name__ = name
    call.__doc__ = f"``bisect.{name}``."
    return call


# --- lists ----------------------------------------------------------------------------------------------------------------------------


def list_index(items: list[Any], value: Any, start: Any = 0, stop: Any = None, /) -> int:
    """``list.index``."""
    bounds = slice(start, stop).indices(len(items))
    if objects_among((value, *items)):
        for k in range(*bounds):
            if _equal(items[k], value):
                return k
        raise ValueError(f"{value!r} is not in list")
    return list.index(items, value, *bounds[:2])


def list_count(items: list[Any], value: Any, /) -> int:
    """``list.count``."""
    return sum(_equal(v, value) for v in items) if objects_among((value, *items)) else list.count(items, value)


def list_remove(items: list[Any], value: Any, /) -> None:
    """``list.remove``."""
    touch(items)
    if not objects_among((value, *items)):
        return list.remove(items, value)
    for k, item in enumerate(items):
        if _equal(item, value):
            del items[k]
            return None
    raise ValueError("list.remove(x): x not in list")


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "heapq": {
        f.__name__: f for f in (heappush, heappop, heapreplace, heappushpop, heapify, nsmallest, nlargest, merge)
    },
    "bisect": {
        "bisect_left": bisect_left,
        "bisect_right": bisect_right,
        "bisect": bisect_right,
        "insort_left": _inserting(bisect_left, "insort_left"),
        "insort_right": _inserting(bisect_right, "insort_right"),
        "insort": _inserting(bisect_right, "insort"),
    },
}
METHODS: dict[type, dict[str, Callable[..., Any]]] = {
    list: {"index": list_index, "count": list_count, "remove": list_remove}
}
