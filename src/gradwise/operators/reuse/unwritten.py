"""Whether a run writes to what was there before it: asked where the code leaves that open (``total = sum(rows); total += 1``, ``table[i][j] = v``).

What a program stands for is one path with data of one form, on which the same instructions write to the same places.  So the run for a program is asked, once: the arrays that it is given are traced, and tell themselves; containers
and arrays that are no part of the program are compared with what they held, and hold it again.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.operators.reuse.specialization import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


class Written(Refused):
    """A run that wrote to what was there before it."""


def keeping(function: Callable[..., Any], data: Iterable[Any]) -> Callable[..., Any]:
    """The function, which is not to write to its arguments nor to these data: it raises ``Written`` if it does."""
    data = list(data)

    def run(*args: Any, **kwargs: Any) -> Any:
        with _compared([*data, *args, *kwargs.values()]):
            return function(*args, **kwargs)

    return run


@contextmanager
def _compared(values: list[Any]) -> Iterator[None]:
    held: dict[int, tuple[Any, Any]] = {}
    for value in values:
        _hold(value, held)
    try:
        yield
    finally:
        changed = [pair for pair in held.values() if not _is_same(*pair)]
        for place, content in changed:
            _put_back(place, content)
    if changed:
        raise Written("it writes to what was there before the call")


def _hold(value: Any, held: dict[int, tuple[Any, Any]]) -> None:
    if id(value) in held or type(value) not in (list, tuple, dict, set, np.ndarray):
        return
    held[id(value)] = value, value if type(value) is tuple else value.copy()
    if type(value) in (list, tuple, dict):
        for entry in value.values() if type(value) is dict else value:
            _hold(entry, held)


def _is_same(place: Any, content: Any) -> bool:
    if type(place) is np.ndarray:
        return bool(place.tobytes() == content.tobytes())
    if type(place) is set:
        return bool(place == content)
    if type(place) is dict:
        return list(place) == list(content) and all(map(_is_one, place.values(), content.values()))
    return len(place) == len(content) and all(map(_is_one, place, content))


def _is_one(a: Any, b: Any) -> bool:
    return a is b


def _put_back(place: Any, content: Any) -> None:
    if type(place) is np.ndarray:
        place[...] = content
    elif type(place) is list:
        place[:] = content
    else:
        place.clear()
        place.update(content)
