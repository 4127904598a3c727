"""NumPy's protocols on arrays of users' classes, as ndarray itself has them: what ``super().__array_ufunc__`` does, and what is done where a class leaves it to ndarray."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.tracing.holders import HOLDERS, is_users_array
from gradwise.tracing.standins.recording import at_line, open_traces
from gradwise.tracing.subclasses.probes import emulated, priority, wrap, wrap_arguments
from gradwise.tracing.subclasses.twins import (
    TracedSubclass,
    bare,
    finalized,
    kind_of,
    numbers_to_write,
    overrides,
    refusal,
    wrapped,
)
from gradwise.tracing.traced import isinstance_traced


def _asked_first(operand: Any) -> bool:
    """Whether NumPy asks an operand before it computes: its class has ``__array_ufunc__``, and not ndarray's."""
    if isinstance_traced(operand):
        return False
    kind = kind_of(operand)
    if kind is not None:
        return overrides(kind, "__array_ufunc__")
    cls = type(operand)
    return cls is not np.ndarray and not issubclass(cls, np.generic) and hasattr(cls, "__array_ufunc__")


def array_ufunc(self: Any, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """``ndarray.__array_ufunc__``."""
    outs = kwargs.get("out", ())
    outs = outs if isinstance(outs, tuple) else (outs,)
    if any(map(_asked_first, (*inputs, *outs))):
        return NotImplemented
    given = [bare(v) for v in inputs]
    if outs:
        kwargs["out"] = tuple([_to_write(o, self) for o in outs])
    if "where" in kwargs:
        kwargs["where"] = bare(kwargs["where"])
    subok = kwargs.pop("subok", True)
    if method == "at":
        given[0] = _to_write(inputs[0], self)
    with at_line(*open_traces(given)):
        result = getattr(ufunc, method)(*given, **kwargs)
    if method == "at" or result is NotImplemented:
        return result
    source = _wrapping(inputs) if subok else None
    results = result if isinstance(result, tuple) else (result,)
    wraps = []
    for k, piece in enumerate(results):
        out = outs[k] if k < len(outs) else None
        context = (
            (ufunc, (*inputs, *[o for o in outs if o is not None]), k) if method in ("__call__", "outer") else None
        )
        if out is not None:
            wraps.append(_written(out, context))
        elif source is None:
            wraps.append(piece)
        else:
            wraps.append(wrap(source, piece, context, _shape(piece) == ()))
    return tuple(wraps) if isinstance(result, tuple) else wraps[0]


def _shape(value: Any) -> Any:
    return value.shape if hasattr(value, "shape") else np.shape(value)


def _to_write(out: Any, self: Any) -> Any:
    """The numbers of an array to which a result is written."""
    if is_users_array(type(out)):
        raise refusal(self, f"writing into an array of the class {type(out).__name__} that was there before")
    return numbers_to_write(out, "out=") if issubclass(type(out), TracedSubclass) else out


def _written(out: Any, context: Any) -> Any:
    """An array to which a result was written, as its class gives it back."""
    kind = kind_of(out)
    if kind is None or not overrides(kind, "__array_wrap__"):
        return out
    return out.__array_wrap__(*(out, context, False)[: wrap_arguments(kind)])


def _wrapping(inputs: Any) -> Any:
    """The input whose class makes the result: that of the highest priority, the leftmost of them; None for ndarray."""
    best, rank = None, -np.inf
    for operand in inputs:
        if kind_of(operand) is not None:
            own = priority(operand)
            if own > rank or (own == 0.0 and rank == 0.0 and best is None):
                best, rank = operand, own
        elif (isinstance_traced(operand) or type(operand) is np.ndarray) and _shape(operand) != () and rank < 0.0:
            best, rank = None, 0.0
    return best if best is None or issubclass(type(best), TracedSubclass) else _constant(best)


def _constant(real: Any) -> Any:
    made = wrapped(real)
    return made if issubclass(type(made), TracedSubclass) else None


def array_wrap(self: Any, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
    """``ndarray.__array_wrap__``."""
    kind = type(self).__kind__
    return array if kind_of(array) is kind else finalized(kind, bare(array)[...], self)


def array_function(self: Any, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
    """``ndarray.__array_function__``: the function as NumPy has it, whatever the class overrides."""
    for cls in types:
        if cls not in HOLDERS and not issubclass(cls, np.ndarray) and not _is_traced_class(cls):
            return NotImplemented
    out = kwargs.get("out")
    if out is not None:
        target = out[0] if isinstance(out, tuple) else out
        kwargs = {**kwargs, "out": _to_write(target, self)}

    def ours() -> Any:
        given = [bare(a) for a in args]
        with at_line(*open_traces(_flat(given, []))):
            return function(*given, **{k: bare(v) for k, v in kwargs.items()})

    name = getattr(function, "__name__", "")
    if name in WRITING or name in SAVING:
        if name in WRITING:
            _to_write(args[0], self)
        return ours()
    result = emulated(function, args, kwargs, ours, getattr(function, "_implementation", None))
    return result if out is None else target


def _flat(items: Any, found: list[Any]) -> list[Any]:
    for item in items:
        if type(item) in {list, tuple}:
            _flat(item, found)
        else:
            found.append(item)
    return found


def _is_traced_class(cls: Any) -> bool:
    return cls.__module__ == "gradwise.tracing.traced"


#: functions that write files, once
SAVING = frozenset({"save", "savetxt", "savez", "savez_compressed"})
#: functions that write into their first argument, and return nothing
WRITING = frozenset({"copyto", "put", "place", "putmask", "fill_diagonal", "put_along_axis"})


def wrapped_within(values: Any) -> Any:
    """Arguments with each plain array of a user's class, in lists too, as one of ours."""
    return type(values)([wrapped_within(v) if type(v) in {list, tuple} else _wrapped(v) for v in values])


def _wrapped(value: Any) -> Any:
    return wrapped(value) if is_users_array(type(value)) else value
