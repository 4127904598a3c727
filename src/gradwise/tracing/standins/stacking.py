"""Nested lists of traced values as one traced array: ``np.array([a, [b, c]])`` and every function of NumPy that takes such a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.rules.shapes import pack
from gradwise.tracing.arithmetic import _innermost, concrete, plain
from gradwise.tracing.functions.dispatch import FUNCTIONS
from gradwise.tracing.holders import LABELLED, TWINS, without_labels, written
from gradwise.tracing.standins.recording import (
    NO_SEQUENCES,
    SEQUENCE_TYPES,
    as_lists,
    at_line,
    contains_traced,
    open_traces,
)
from gradwise.tracing.traced import apply, isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable


def plainly(items: Any) -> Any:
    """A nested sequence with plain values for the traced ones."""
    if isinstance_traced(items):
        return items.current()
    return type(items)(map(plainly, items)) if type(items) in {list, tuple} else items


def concretely(items: Any) -> Any:
    """A nested sequence with plain values for the traced ones, guarded."""
    if isinstance_traced(items):
        return concrete(items)
    return type(items)(map(concretely, items)) if type(items) in {list, tuple} else items


def leaves(items: Any, found: list[Any]) -> list[Any]:
    """What a nested sequence holds."""
    for item in items:
        if type(item) in {list, tuple}:
            leaves(item, found)
        else:
            found.append(item)
    return found


def assembled(items: Any, dtype: Any = None) -> Any:
    """``np.array(items, dtype)`` of a nested sequence that may hold traced values."""
    if not contains_traced(items):
        return np.array(items, dtype)
    if TWINS:
        items = _numbers(items)
    items = as_lists(items)
    flat = list not in set(map(type, items)) and tuple not in set(map(type, items))
    plain_items = list(map(plain, items)) if flat else plainly(items)
    value = np.array(plain_items, dtype)  # NumPy's own errors, for ragged lists too
    kind = value.dtype.kind
    if kind == "O":
        return of_objects(items, value.shape)
    if kind not in "fciub":
        return value
    found = list(items) if flat else leaves(items, [])
    trace = _innermost(*found)
    if trace is None or (kind not in "fc" and dtype is None):
        return np.array(concretely(items), dtype)
    if kind not in "fc":
        return assembled(items).astype(value.dtype)
    if flat and value.ndim == 1:
        return apply(trace, pack, found, (value.shape,), value, value.dtype)
    shapes = {np.shape(plain(leaf)) for leaf in found}
    if shapes == {()}:
        return apply(trace, pack, found, (value.shape,), value, value.dtype)
    if len(shapes) > 1:
        # rows of numbers beside rows that are arrays: [[a, b], row]
        return assembled([assembled(i) if type(i) in {list, tuple} else i for i in items], dtype)
    with at_line(*open_traces(found)):
        rows = [np.reshape(leaf if isinstance_traced(leaf) else np.asarray(leaf), -1) for leaf in found]
        result = np.concatenate(rows).reshape(value.shape)
        return result if result.dtype == value.dtype else result.astype(value.dtype)


def _numbers(items: Any) -> Any:
    """A nested sequence with the numbers of arrays of users' classes, which ``np.array`` takes."""
    if type(items) not in {list, tuple}:
        return written(items)
    return items if TWINS.isdisjoint(_kinds(items)) else type(items)(map(_numbers, items))


def _kinds(items: Any) -> set[type]:
    return set(map(type, leaves(items, [])))


def of_objects(items: Any, shape: tuple[int, ...]) -> np.ndarray:
    """An array of objects, some of them traced."""
    result = np.empty(shape, object)
    for place in np.ndindex(shape):
        entry = items
        for i in place:
            entry = entry[i]
        result[place] = entry
    return result


#: functions whose first argument is a sequence of arrays, each of which may be a list
SEQUENCES = frozenset(
    {
        "concatenate",
        "stack",
        "vstack",
        "hstack",
        "dstack",
        "column_stack",
        "row_stack",
        "select",
        "choose",
        "multi_dot",
        "lexsort",
    }
)
#: functions that take nested lists apart themselves
NESTED = frozenset({"block", "piecewise"})


#: functions that ask an argument for its method of that name, if it has one; universal functions ask by their protocol
BY_METHOD = frozenset(
    [name for name in vars(np) if isinstance(getattr(np, name, None), np.ufunc)]
    + [
        "sum",
        "prod",
        "mean",
        "std",
        "var",
        "min",
        "max",
        "amin",
        "amax",
        "round",
        "around",
        "cumsum",
        "cumprod",
        "clip",
        "ravel",
        "take",
        "repeat",
        "any",
        "all",
        "argmax",
        "argmin",
        "searchsorted",
    ]
)


def stacking_first(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with lists and tuples of traced values among its arguments made into arrays first.

    NumPy's protocols see a traced value in an argument, not one in a list.
    """
    name = getattr(function, "__name__", "numpy_function")
    if name in NESTED:
        return function
    several = name in SEQUENCES
    labels = name not in BY_METHOD

    def call(*args: Any, **kwargs: Any) -> Any:
        if LABELLED and labels:
            for a in (*args, *kwargs.values()) if kwargs else args:
                kind = type(a)
                if kind in LABELLED or kind is list or kind is tuple:
                    args = tuple(map(without_labels, args))
                    kwargs = {k: without_labels(v) for k, v in kwargs.items()}
                    break
        for a in args:
            if (type(a) is list or type(a) is tuple) and contains_traced(a):
                break
            if (
                type(a) not in NO_SEQUENCES
                and isinstance(a, SEQUENCE_TYPES)
                and type(a) is not list
                and type(a) is not tuple
            ):
                return call(*map(as_lists, args), **kwargs)
        else:
            for a in kwargs.values():
                if (type(a) is list or type(a) is tuple) and contains_traced(a):
                    break
            else:
                # NumPy does not ask an initial value for its protocol
                if kwargs and isinstance_traced(kwargs.get("initial")) and function in FUNCTIONS:
                    return FUNCTIONS[function](*args, **kwargs)
                return function(*args, **kwargs)
        if name == "lexsort" and args and type(args[0]) is list:
            args = (tuple(args[0]), *args[1:])  # NumPy asks the keys for its protocol in a tuple alone
        each = _each if several else _stacked
        args = tuple([each(a) for a in args])
        kwargs = {k: v if k in _NO_ARRAYS else each(v) for k, v in kwargs.items()}
        flat: list[Any] = leaves((*args, *kwargs.values()), [])
        with at_line(*open_traces(flat)):
            return function(*args, **kwargs)

    call.__name__ = name
    call.__doc__ = f"``{name}``, of lists of traced values too."
    return call


#: options that are tuples of integers, or of arrays to write to
_NO_ARRAYS = frozenset({"out", "axis", "axes", "shape"})


def _stacked(argument: Any) -> Any:
    if (type(argument) is list or type(argument) is tuple) and contains_traced(argument):
        return assembled(argument)
    return argument


def _each(argument: Any) -> Any:
    return type(argument)([_stacked(as_lists(a)) for a in argument]) if type(argument) in {list, tuple} else argument
