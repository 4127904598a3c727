"""The form of plain data, compared with other data in one pass that takes the numbers out.

    form_of : data → form          matches(data, form, numbers) → bool

The same distinctions as ``purity/outline.py`` makes, whose keys are built and hashed; here the data are compared as they are walked through.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

_ARRAY, _FLOAT, _NUMPY_FLOAT, _OTHER_NUMBER, _CONSTANT, _TEXT, _SEQUENCE, _DICT = range(8)
_CONSTANTS = frozenset([int, bool, str, bytes, type(None), type(Ellipsis)])

Form = tuple[Any, ...]


class Formless(Exception):
    """The data hold something that is not compared this way."""


def form_of(value: Any, *, floats: bool = True) -> Form:
    """The form of plain data; floating and complex numbers belong to it unless ``floats``.

    Raises
    ------
    Formless
        For an object of any other type.
    """
    cls: Any = type(value)
    if cls is np.ndarray:
        if value.dtype.kind not in "fciub" or not value.dtype.isnative:
            raise Formless
        return _ARRAY, value.dtype, value.shape, value.strides
    if cls in (float, complex) or (
        issubclass(cls, np.generic) and cls.__module__ == "numpy" and value.dtype.kind in "fc"
    ):
        if not floats:
            return _TEXT, cls, repr(value)
        return (_FLOAT if cls is float else _NUMPY_FLOAT if cls is np.float64 else _OTHER_NUMBER), cls
    if cls is tuple or cls is list:
        return _SEQUENCE, cls, tuple([form_of(v, floats=floats) for v in value])
    if cls is dict:
        if not all(type(k) in _CONSTANTS for k in value):
            raise Formless
        return _DICT, tuple([(type(k), k) for k in value]), tuple([form_of(v, floats=floats) for v in value.values()])
    if cls in _CONSTANTS or (issubclass(cls, np.generic) and cls.__module__ == "numpy" and value.dtype.kind in "iub"):
        return _CONSTANT, cls, value
    raise Formless


def matches(value: Any, form: Form, numbers: list[Any]) -> bool:
    """Whether data have a form; arrays and numbers that do not belong to it are appended to ``numbers``, those of 64 bits as Python floats."""
    kind = form[0]
    if kind == _ARRAY:
        if type(value) is not np.ndarray:
            return False
        dtype = value.dtype
        if (dtype is not form[1] and dtype != form[1]) or value.shape != form[2] or value.strides != form[3]:
            return False
        numbers.append(value)
        return True
    if type(value) is not form[1] and kind != _DICT:
        return False
    if kind in (_FLOAT, _OTHER_NUMBER):
        numbers.append(value)
        return True
    if kind == _CONSTANT:
        return bool(value == form[2])
    if kind == _NUMPY_FLOAT:
        numbers.append(float(value))
        return True
    if kind == _SEQUENCE:
        forms = form[2]
        if len(value) != len(forms):
            return False
        return all([matches(entry, inner, numbers) for entry, inner in zip(value, forms, strict=True)])
    if kind == _DICT:
        if type(value) is not dict or tuple([(type(k), k) for k in value]) != form[1]:
            return False
        return all([matches(entry, inner, numbers) for entry, inner in zip(value.values(), form[2], strict=True)])
    return bool(repr(value) == form[2])


def floats_in(form: Form) -> list[bool]:
    """For each number that ``matches`` takes out, in order, whether it is a Python float."""
    kind = form[0]
    if kind in (_FLOAT, _NUMPY_FLOAT):
        return [True]
    if kind in (_ARRAY, _OTHER_NUMBER):
        return [False]
    if kind in (_SEQUENCE, _DICT):
        return [flag for inner in form[2] for flag in floats_in(inner)]
    return []


def all_match(values: Sequence[Any], forms: Sequence[Form], numbers: list[Any]) -> bool:
    """``matches`` for each of some data of the same number."""
    return all([matches(value, form, numbers) for value, form in zip(values, forms, strict=True)])
