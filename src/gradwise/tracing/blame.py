"""Whose mistake an error is that ends a traced run: the function's own, or that of an operation that does not take traced values."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.errors import OutputError, TracingError
from gradwise.tracing.instrument.hushing import hushed
from gradwise.tracing.instrument.journal import kept
from gradwise.tracing.instrument.muting import muted
from gradwise.tracing.instrument.unwritten import Unmuted
from gradwise.tracing.places import place_of_error, raised_by_the_user, raised_by_us, speaks_of_traced_values
from gradwise.tracing.traced import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradwise.tracing.run import Recording

#: what operations raise that are given something they do not know
CONFUSED = (TypeError, ValueError, AttributeError, BufferError, NotImplementedError, struct.error)


def blame_the_trace(
    recording: Recording,
    leaves: Sequence[Any],
    moving: Sequence[bool],
    call: Callable[[list[Any]], Any],
    error: Exception,
    *,
    again: Callable[[list[Any]], Any],
    repeatable: bool,
) -> None:
    """Raise TracingError if the function fails under the trace only: something in it does not take a traced value (``json``, ``struct``, compiled code).

    The function is called once more to find out (``again``: as a run in which nothing moves), which costs nothing where it succeeds under the trace.  What that call prints, writes and stores is left undone, where it can be:
    a function that raises did so once.  Arrays that the function makes are traced in that call too, and compiled code may say of them what it says of traced values, in words that name neither:
    then it is called as it is, if it does nothing that a second call would repeat (``repeatable``).
    """
    trace = recording.tape
    if trace.outers:  # its plain run belongs to the outer function
        return
    if isinstance(error, ValueError) and raised_by_the_user(error):  # about the value, which is the same plainly
        return
    if (
        isinstance(error, AttributeError)
        and isinstance_traced(error.obj)
        and not hasattr(error.obj.value, error.name or "")
    ):
        error.args = (str(error).replace(type(error.obj).__name__, _name_of(error.obj.value)),)
        return
    values = iter([trace.values[i] for i in trace.inputs])
    plain = [next(values) if moves else leaf for leaf, moves in zip(leaves, moving, strict=True)]
    for value, leaf in zip(plain, leaves, strict=True):  # that it may not be written to is the caller's word
        if type(value) is np.ndarray and type(leaf) is np.ndarray and not leaf.flags.writeable:
            value.flags.writeable = False
    native = _raised(call, again, plain, error)
    # where nothing was traced in the other run but by name, it was as plain as another one
    doubtful = native is not None and (trace.captured or speaks_of_traced_values(native))
    asked = repeatable and native is not None and doubtful and not raised_by_the_user(native)
    if asked:
        native = _raised_plainly(call, plain)
    # what is told apart is the function's own mistake, whose error says more than ours; one about a traced value is none, though arrays that the function makes are traced in that run too
    if native is not None and (asked or not speaks_of_traced_values(native)):
        if "Traced" in str(error):
            if not isinstance(native, type(error)):  # a plain number has got that far
                raise native.with_traceback(error.__traceback__) from None
            error.args = native.args if type(native) is type(error) else (str(native),)
        return
    plainly = " Called plainly it does not:" if native is None else " By its words"
    raise TracingError(
        f"{recording.name} raised {type(error).__name__}: {str(error).rstrip('.')}.{plainly} the operation on that line does not take a traced value, "
        "which stands in for the number or array. NumPy's functions and operators take it; take the value out with has_aux=True to use it elsewhere",
        *place_of_error(error),
    ) from error


def _raised_plainly(call: Callable[[list[Any]], Any], plain: Sequence[Any]) -> Exception | None:
    """What a call raises in which nothing is traced, if it does."""
    try:
        with hushed():
            call(list(map(_as_given, plain)))
    except Exception as own:  # noqa: BLE001  whatever it is
        return own
    return None


def _name_of(value: Any) -> str:
    """The name of a type as Python's messages have it."""
    cls = type(value)
    return cls.__name__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__name__}"


def _raised(
    call: Callable[[list[Any]], Any], again: Callable[[list[Any]], Any], plain: Sequence[Any], error: Exception
) -> Exception | None:
    """What a call on plain values raises, if it does; the call is unseen where that can be, and none is made where an error of the user's code says nothing of traced values."""
    try:
        try:
            with hushed(), muted(None), kept():
                again(list(map(_as_given, plain)))
        except Unmuted:
            if not raised_by_us(error) and "Traced" not in str(error):
                return error
            call(list(map(_as_given, plain)))
    except OutputError:  # what it returns is looked at elsewhere
        return None
    except Exception as native:  # noqa: BLE001  whatever it is
        return native
    return None


def _as_given(value: Any) -> Any:
    """A copy of an array, read-only where it is."""
    if type(value) is not np.ndarray:
        return value
    copied = value.copy()
    copied.flags.writeable = value.flags.writeable
    return copied
