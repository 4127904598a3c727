"""What the parameters of a function of the user's are given by a call."""

from __future__ import annotations

import inspect
import types
from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.defaults import default_constants
from gradwise.tracing.purity.lattice import describe, is_kept, is_telling, level, spill
from gradwise.tracing.purity.values import Constant, Record, Row

if TYPE_CHECKING:
    from gradwise.tracing.purity.machine import Machine

#: the flags (small integers of the code, by which functions are told what to do) that a function is looked at for, one by one
FLAGS = 8
#: so many further arguments are known one by one
_FURTHER = 8


def bind(
    m: Machine,
    function: types.FunctionType,
    arguments: list[Any],
    keywords: dict[str, Any],
    parameters: dict[str, Any],
    *,
    complete: bool,
) -> dict[tuple[str, Any], Any]:
    """Give to the parameters what is known of the arguments.

    Parameters
    ----------
    complete : bool
        Whether these are all the arguments.

    Returns
    -------
    dict
        The defaults that count by value, by where they are kept.
    """
    code = function.__code__
    names = code.co_varnames[: code.co_argcount]
    given = [*zip(names, arguments, strict=False), *keywords.items()]
    own = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    only = code.co_varnames[: code.co_posonlyargcount]  # a keyword of such a name is another argument
    further: dict[str, Any] = {}
    for place, (name, value) in enumerate(given):
        degree = level(value)
        if name in own and (place < len(arguments) or name not in only):
            is_known = degree is None or is_telling(value) or is_kept(value) or is_flag(value)
            parameters[name] = value if is_known else degree
        elif degree is None:
            raise m.doubt(f"it gives {describe(value)} to {function.__name__} among other arguments")
        else:
            further[name] = value
            spill(value)
    rest = arguments[len(names) :]
    if not complete or not bind_further(function, rest, further, parameters):
        for value in rest:
            if level(value) is None:
                raise m.doubt(f"it gives a function to {function.__name__} among other arguments")
            spill(value)
    return default_constants(function, given, parameters) if complete else {}


def bind_further(
    function: types.FunctionType, arguments: list[Any], keywords: dict[str, Any], parameters: dict[str, Any]
) -> bool:
    """Give to ``*args`` and ``**kwargs`` what there is beside the parameters; whether all of ``arguments`` is known there one by one."""
    code = function.__code__
    place = code.co_argcount + code.co_kwonlyargcount
    has_further = bool(code.co_flags & inspect.CO_VARARGS)
    if code.co_flags & inspect.CO_VARKEYWORDS:
        parameters[code.co_varnames[place + has_further]] = Record(tuple(keywords.items()))
    if not has_further or len(arguments) > _FURTHER:
        return not arguments
    parameters[code.co_varnames[place]] = Row(tuple(arguments)) if arguments else Constant(())
    return True


def is_flag(value: Any) -> bool:
    """Whether a value is a small integer of the code."""
    return type(value) is Constant and type(value.value) is int and abs(value.value) <= 2 * FLAGS
