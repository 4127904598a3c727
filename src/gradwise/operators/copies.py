"""Copies of arguments: for runs that may write to them, or keep them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.containers import flatten
from gradwise.errors import InputError
from gradwise.tracing import copy_in_layout

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence


def copied(value: Any, made: dict[int, Any]) -> Any:
    """An argument with every array copied and every container made anew; ``made`` holds the copies by the identities of what they are copies of."""
    known = made.get(id(value))
    if known is not None:
        return known
    if type(value) is np.ndarray:
        found: Any = copy_in_layout(value)
    else:
        try:
            leaves, treedef = flatten(value)
        except InputError:  # an object that holds itself
            return value
        if len(leaves) == 1 and leaves[0] is value:
            return value
        found = treedef.rebuild([copied(v, made) if type(v) is np.ndarray else v for v in leaves])
    made[id(value)] = found
    return found


def apart(
    args: Sequence[Any], kwargs: Mapping[str, Any], places: Container[int | str]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments with copies of those that are differentiated, for a function that may keep them: what it keeps after a derivative are copies, whatever ran."""
    made: dict[int, Any] = {}
    given = tuple([copied(a, made) if k in places else a for k, a in enumerate(args)])
    return given, {name: copied(a, made) if name in places else a for name, a in kwargs.items()}


def as_given(array: Any, given: Any) -> Any:
    """An array in the place of one that was given: a view where that is one, and not to be written to where that is not, since the function may ask (``x.base``, ``x.flags``)."""
    if array is given or type(array) is not np.ndarray or type(given) is not np.ndarray:
        return array
    if (array.base is None) is not (given.base is None):
        array = copy_in_layout(array) if given.base is None else array.view()
    if array.flags.writeable and not given.flags.writeable:
        array = array.view() if given.base is not None else copy_in_layout(array)
        array.flags.writeable = False
    return array


def own_copy(array: Any) -> Any:
    """A copy of an array, traced or plain, that shares memory with its parts where the array itself does."""
    if type(array) is np.ndarray:
        return copy_in_layout(array)
    made = array.copy()
    made.value = copy_in_layout(array.current())
    return made
