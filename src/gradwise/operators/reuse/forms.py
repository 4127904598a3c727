"""Lines that compare data with the form of other data, and take the numbers out.

    expect : (name, data) → lines, names of the numbers

The same distinctions as ``purity/outline.py`` makes, whose keys are built and hashed at each call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.purity.interpolators import content_of
from gradwise.tracing.purity.outline import FREE, is_fixed, outline
from gradwise.tracing.purity.plain import fingerprint, is_bulky, is_key, key_form
from gradwise.tracing.purity.sparse import parts_of_matrix

if TYPE_CHECKING:
    from gradwise.execution.function_text import FunctionText

_CONSTANTS = frozenset([int, bool, str, bytes, type(None), type(Ellipsis)])


class Formless(Exception):
    """The data hold something that is not compared this way."""


def expect(text: FunctionText, name: str, value: Any, *, fixed: int = FREE) -> list[tuple[str, bool]]:
    """Write lines that leave unless what is in the variable ``name`` has the form of ``value``.

    Parameters
    ----------
    fixed : int
        What belongs to the form beside types, structure, integers and texts (``purity/outline.py``).

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
        _array(text, name, value)
        if is_fixed(value, fixed):
            text.leave_if(f"{name}.tobytes() != {text.name(value.tobytes())}")
            return []
        return [(name, False)]
    kind = text.name(cls)
    parts = parts_of_matrix(value)
    if parts is not None:
        text.leave_if(f"type({name}) is not {kind} or {name}.shape != {value.shape!r}")
        for part in parts:
            array = text.keep(f"{name}.{part}")
            text.leave_if(f"{array}.dtype != {text.name(getattr(value, part).dtype)}")
            text.leave_if(f"{array}.tobytes() != {text.name(getattr(value, part).tobytes())}")
        return []
    content = content_of(value)
    if content is not None:
        text.leave_if(f"{text.name(content_of)}({name}) != {text.name(content)}")
        return []
    if issubclass(cls, np.generic) and cls.__module__ != "numpy":
        raise Formless
    if cls in (float, complex) or (issubclass(cls, np.generic) and value.dtype.kind in "fc"):
        text.leave_if(f"type({name}) is not {kind}")
        if fixed != FREE and value != value:  # noqa: PLR0124 - one nan is in a list that holds it, another is not
            text.leave_if(f"{name} is not {text.name(value)}")
            return []
        if fixed != FREE:  # 0.0 and -0.0 differ
            text.leave_if(f"repr({name}) != {repr(value)!r}")
            return []
        if cls is np.float64:
            return [(text.keep(f"{text.name(float)}({name})"), True)]
        return [(name, cls is float)]
    if (cls is tuple or cls is list or cls is dict) and is_bulky(value):
        kept = text.name(fingerprint(value))
        text.leave_if(f"type({name}) is not {kind} or {text.name(fingerprint)}({name}) != {kept}")
        return []
    if cls is tuple or cls is list:
        text.leave_if(f"type({name}) is not {kind} or len({name}) != {len(value)}")
        children = [(f"{name}[{k}]", v) for k, v in enumerate(value)]
    elif cls is dict:
        if all(type(k) in _CONSTANTS for k in value):
            keys = text.name([(type(k), k) for k in value])
            text.leave_if(f"type({name}) is not {kind} or [(type(k), k) for k in {name}] != {keys}")
        elif all(map(is_key, value)):
            keys = text.name([key_form(k) for k in value])
            text.leave_if(f"type({name}) is not {kind} or [*map({text.name(key_form)}, {name})] != {keys}")
        else:
            raise Formless
        children = [(f"{name}[{text.name(k)}]", v) for k, v in value.items()]
    elif cls is slice or cls is set or cls is frozenset:
        text.leave_if(
            f"type({name}) is not {kind} or {text.name(outline)}({name}, []) != {text.name(outline(value, []))}"
        )
        return []
    elif cls in _CONSTANTS or (issubclass(cls, np.generic) and value.dtype.kind in "iub"):
        text.leave_if(f"type({name}) is not {kind} or {name} != {text.name(value)}")
        return []
    else:
        raise Formless
    return [number for expression, v in children for number in expect(text, text.keep(expression), v, fixed=fixed)]


def _array(text: FunctionText, name: str, value: np.ndarray) -> None:
    if value.dtype.kind not in "fciub" or not value.dtype.isnative:
        raise Formless
    kind, dtype = text.name(np.ndarray), text.name(value.dtype)
    text.leave_if(
        f"type({name}) is not {kind} or {name}.shape != {value.shape!r} or {name}.strides != {value.strides!r} or {name}.dtype != {dtype}"
    )
