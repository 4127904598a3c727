"""Lines that compare data with the form of other data, and take the numbers out.

    expect : (name, data) → lines, names of the numbers

The same distinctions as ``purity/outline.py`` makes, whose keys are built and hashed at each call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from gradwise.execution.function_text import FunctionText

_CONSTANTS = frozenset([int, bool, str, bytes, type(None), type(Ellipsis)])


class Formless(Exception):
    """The data hold something that is not compared this way."""


def expect(text: FunctionText, name: str, value: Any, *, floats: bool = True) -> list[tuple[str, bool]]:
    """Write lines that leave unless what is in the variable ``name`` has the form of ``value``.

    Parameters
    ----------
    floats : bool
        Whether floating and complex numbers may differ; else they belong to the form, as integers and texts do.

    Returns
    -------
    list of (str, bool)
        The arrays and numbers that may differ, in the order of ``outline``, and whether each is a Python float (numbers of 64 bits are made one).

    Raises
    ------
    Formless
        For an object of any other type.
    """
    cls: Any = type(value)
    if cls is np.ndarray:
        return [(_array(text, name, value), False)]
    kind = text.name(cls)
    if issubclass(cls, np.generic) and cls.__module__ != "numpy":
        raise Formless
    if cls in (float, complex) or (issubclass(cls, np.generic) and value.dtype.kind in "fc"):
        text.leave_if(f"type({name}) is not {kind}")
        if not floats:  # 0.0 and -0.0 differ, nan is nan
            text.leave_if(f"repr({name}) != {repr(value)!r}")
            return []
        if cls is np.float64:
            return [(text.keep(f"{text.name(float)}({name})"), True)]
        return [(name, cls is float)]
    if cls is tuple or cls is list:
        text.leave_if(f"type({name}) is not {kind} or len({name}) != {len(value)}")
        children = [(f"{name}[{k}]", v) for k, v in enumerate(value)]
    elif cls is dict:
        if not all(type(k) in _CONSTANTS for k in value):
            raise Formless
        keys = text.name([(type(k), k) for k in value])
        text.leave_if(f"type({name}) is not {kind} or [(type(k), k) for k in {name}] != {keys}")
        children = [(f"{name}[{text.name(k)}]", v) for k, v in value.items()]
    elif cls in _CONSTANTS or (issubclass(cls, np.generic) and value.dtype.kind in "iub"):
        text.leave_if(f"type({name}) is not {kind} or {name} != {text.name(value)}")
        return []
    else:
        raise Formless
    return [number for expression, v in children for number in expect(text, text.keep(expression), v, floats=floats)]


def _array(text: FunctionText, name: str, value: np.ndarray) -> str:
    if value.dtype.kind not in "fciub" or not value.dtype.isnative:
        raise Formless
    kind, dtype = text.name(np.ndarray), text.name(value.dtype)
    text.leave_if(
        f"type({name}) is not {kind} or {name}.shape != {value.shape!r} or {name}.strides != {value.strides!r} or {name}.dtype != {dtype}"
    )
    return name
