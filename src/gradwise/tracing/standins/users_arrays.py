"""Arrays of users' classes among the arguments of NumPy's functions: plain ones beside traced values become ours, so that NumPy asks their classes in its order."""

from __future__ import annotations

from typing import Any

from gradwise.tracing.holders import TWINS, is_users_array, wrapped
from gradwise.tracing.instrument.state import current_trace
from gradwise.tracing.standins.recording import contains_traced


def beside_traced(values: tuple[Any, ...]) -> Any:
    """The values with arrays of users' classes as ours, where one of these is beside a traced value; None otherwise."""
    kinds: set[type] = set()
    for v in values:
        kinds.add(type(v))
        if type(v) is list or type(v) is tuple:
            kinds.update(map(type, v))
    if not any(map(is_users_array, kinds)):
        return None if TWINS.isdisjoint(kinds) else values
    if current_trace() is None or (TWINS.isdisjoint(kinds) and not contains_traced(values)):
        return None
    return _wrapped_within(values)


def _wrapped_within(values: Any) -> Any:
    if type(values) in {list, tuple}:
        return type(values)(map(_wrapped_within, values))
    return wrapped(values) if is_users_array(type(values)) else values


def refuse_users_arrays(name: str, arguments: tuple[Any, ...]) -> None:
    """Raise, where an array of the user's class is given to a function that applies another to entries, and makes an array of that class of what it gives."""
    for a in arguments:
        if type(a) in TWINS:
            (array,) = a.__parts__()
            raise array.tape.fail(
                f"{name} was given an array of the class {a.__class__.__name__}, and makes an array of that class of what the function returns, by the class's own methods. "
                "Plain arrays are required. Pass np.asarray(v), and make the array of the class of the result"
            )
