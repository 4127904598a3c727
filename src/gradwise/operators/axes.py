"""The axes that ``vmap`` goes along: one for a whole argument, or a container of them that follows the argument's containers as far as it reaches.

axes_of : (specification, value) → an axis or None for each leaf of the value
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from gradwise.containers import flatten
from gradwise.errors import InputError

_CONTAINERS = (tuple, list, dict)


def check_axes(specification: Any, parameter: str, whole: Any = None) -> None:
    """Raise InputError unless a specification holds nothing but integers and None."""
    whole = specification if whole is None else whole
    if isinstance(specification, dict):
        entries: Any = specification.values()
    elif isinstance(specification, (tuple, list)):
        entries = specification
    elif dataclasses.is_dataclass(specification) and not isinstance(specification, type):
        entries = [getattr(specification, f.name) for f in dataclasses.fields(specification)]
    elif specification is None or (
        isinstance(specification, (int, np.integer)) and not isinstance(specification, bool)
    ):
        return
    else:
        raise InputError(
            f"gw.vmap was given {parameter}={whole!r}. An integer or None is required, or a container of them like that of the argument "
            "(a tuple with one of them for each argument)"
        )
    for entry in entries:
        check_axes(entry, parameter, whole)


def axes_of(specification: Any, value: Any, name: str) -> list[Any]:
    """The axis of each leaf.

    Parameters
    ----------
    specification : int, None, or container of these
        Where it is an integer or None, that holds for all leaves below.
    value : any
        What is flattened.
    name : str
        What the value is, for messages.

    Raises
    ------
    InputError
        If the specification has containers where the value has none, or others.
    """
    leaves, treedef = flatten(value, name=name)
    if not isinstance(specification, _CONTAINERS) and not _is_record(specification):
        return [specification] * len(leaves)
    axes: list[Any] = [None] * len(leaves)
    # the containers again, with the position of each leaf in its place
    _assign(axes, specification, treedef.rebuild([float(k) for k in range(len(leaves))]), name)
    return axes


def _is_record(value: Any) -> bool:
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def _assign(axes: list[Any], specification: Any, marks: Any, name: str) -> None:
    if isinstance(specification, dict):
        if not isinstance(marks, dict) or specification.keys() != marks.keys():
            raise _other(specification, marks, name)
        for key in specification:
            _assign(axes, specification[key], marks[key], f"{name}[{key!r}]")
    elif isinstance(specification, (tuple, list)):
        if not isinstance(marks, (tuple, list)) or len(specification) != len(marks):
            raise _other(specification, marks, name)
        for k, (entry, mark) in enumerate(zip(specification, marks, strict=True)):
            _assign(axes, entry, mark, f"{name}[{k}]")
    elif _is_record(specification):
        if type(specification) is not type(marks):
            raise _other(specification, marks, name)
        for field in dataclasses.fields(specification):
            _assign(axes, getattr(specification, field.name), getattr(marks, field.name), f"{name}.{field.name}")
    else:
        for mark in flatten(marks)[0]:
            axes[int(mark)] = specification


def _other(specification: Any, marks: Any, name: str) -> InputError:
    if isinstance(marks, dict):
        what = f"is a dictionary with the keys {list(marks)}"
    elif isinstance(marks, (tuple, list)):
        what = f"is a {type(marks).__name__} of {len(marks)}"
    else:
        what = "is no container of that kind"
    return InputError(
        f"gw.vmap was given the axes {specification!r} for {name}, which {what}. An integer or None is required, or a container like that of {name}"
    )
