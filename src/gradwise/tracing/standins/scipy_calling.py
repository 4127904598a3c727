"""What the stand-ins of SciPy's Python functions share.

Each is a composition of what has rules, in NumPy, and takes the value that SciPy's own function computes.
"""

from __future__ import annotations

import functools
import inspect
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.rules.unruled import unruled
from gradwise.tracing.argument_places import in_place
from gradwise.tracing.arithmetic import _innermost, concrete, plain
from gradwise.tracing.failing import called_by_name, shows
from gradwise.tracing.functions.operands import carries, valued
from gradwise.tracing.holders import TWINS, written
from gradwise.tracing.standins.recording import at_line, contains_traced, handed_over, open_traces
from gradwise.tracing.standins.stacking import assembled, leaves, plainly
from gradwise.tracing.traced import apply, dtype_of, isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradwise.program import Primitive


def standing_in(module: str, name: str, ours: Callable[..., Any], *, lists: bool = True) -> Callable[..., Any]:
    """SciPy's function where nothing is traced, ours where something is; lists of traced values become arrays unless ``lists`` is False."""

    @functools.cache
    def place() -> int | None:
        """Where the argument ``check_finite`` stands, if SciPy checks unless it is told not to."""
        try:
            parameters = list(inspect.signature(getattr(sys.modules[module], name)).parameters.values())
        except (TypeError, ValueError):
            return None
        return next((k for k, p in enumerate(parameters) if p.name == "check_finite" and p.default is True), None)

    @functools.wraps(ours)
    @shows(called_by_name)
    def call(*args: Any, **kwargs: Any) -> Any:
        if not contains_traced(args) and not (kwargs and contains_traced(tuple(kwargs.values()))):
            args, kwargs = handed_over(args, kwargs)
            return getattr(sys.modules[module], name)(*args, **kwargs)
        args, kwargs = in_place(getattr(sys.modules[module], name), args, kwargs)
        if lists:
            args = tuple([_array(a) for a in args])
            kwargs = {k: _array(v) for k, v in kwargs.items()}
        with at_line(*open_traces(leaves((*args, *kwargs.values()), []))):
            result = ours(*args, **kwargs)
            position = place() if name not in _REFUSING else len(args)
            if position is not None and kwargs.get("check_finite", len(args) <= position or args[position]):
                keep_finite((args, kwargs))
            return result

    call.__name__ = name
    return call


#: functions that refuse infinity and nan without a word in their signature
_REFUSING = frozenset(
    ["polar", "solve_circulant", "solve_sylvester", "solve_continuous_lyapunov", "solve_discrete_lyapunov"]
).union(["solve_continuous_are", "solve_discrete_are", "expm", "logm", "sqrtm"])


def keep_finite(given: Any) -> None:
    """SciPy refused none of the arrays: a program stands where it refuses none, which LAPACK and the rules would take."""
    for operand in leaves(given, []):
        if isinstance_traced(operand) and np.ndim(plain(operand)) > 0 and dtype_of(plain(operand)).kind in "fc":
            finite = np.all(np.isfinite(operand))
            concrete(finite if plain(finite) else operand)  # of some that are not finite it may refuse others


def _array(a: Any) -> Any:
    if type(a) in {list, tuple} and contains_traced(a):
        try:
            return assembled(a)
        except ValueError:  # of several lengths, as numerator and denominator are
            return a
    return written(a) if TWINS else a


def table(
    module: str, functions: dict[str, Callable[..., Any]], *, lists: bool = True
) -> dict[str, Callable[..., Any]]:
    """The stand-ins of a module's functions."""
    return {name: standing_in(module, name, ours, lists=lists) for name, ours in functions.items()}


def with_value(result: Any, value: Any) -> Any:
    """The result of a composition with the value that SciPy computed; both may be tuples."""
    if isinstance(result, (tuple, list)) and not isinstance_traced(result):
        made = [with_value(r, v) for r, v in zip(result, value, strict=True)]
        return type(value)(*made) if hasattr(value, "_fields") else type(value)(made)
    if not carries(result):
        return value
    found = plain(result)
    if np.shape(found) != np.shape(value):
        result = np.reshape(result, np.shape(value))
    if dtype_of(found) != dtype_of(value):
        result = result.astype(dtype_of(value))
    return valued(result, value)


def confirmed(result: Any, value: Any, name: str, cure: str = "Pad the array with np.pad") -> Any:
    """As ``with_value``, of one array; a composition whose numbers are others than SciPy's is refused."""
    size = np.max(np.abs(value), initial=0.0, where=np.isfinite(value))
    if not np.allclose(np.reshape(plain(result), np.shape(value)), value, rtol=1e-5, atol=1e-6 * size, equal_nan=True):
        refuse(
            [result],
            f"scipy's {name} at arguments at which its value could not be reproduced",
            cure,
        )
    return with_value(result, value)


def recorded(primitive: Primitive, operands: tuple[Any, ...], params: tuple[Any, ...], value: Any) -> Any:
    """The primitive on operands in the dtype of the value, which SciPy computed."""
    trace = _innermost(*operands)
    if trace is None:
        return value
    first = value[0] if isinstance(value, tuple) else value
    dtype = np.result_type(*[dtype_of(plain(o)) for o in operands], dtype_of(first))
    return apply(trace, primitive, operands, params, value, dtype)


def without_rule(value: Any, source: Any, what: str, cure: str) -> Any:
    """A plain value that depends on the traced source by no rule: it can be read, and raises where its derivative is asked for.

    What it is built from may be a nested tuple, list or dictionary of arrays; what are no numbers stay as they are.
    """
    if type(value) in {tuple, list}:
        return type(value)([without_rule(v, source, what, cure) for v in value])
    if type(value) is dict:
        return {k: without_rule(v, source, what, cure) for k, v in value.items()}
    if not isinstance(value, (float, complex, np.ndarray, np.inexact)) or dtype_of(value).kind not in "fc":
        return value
    if not carries(source) or np.size(value) == 0:
        return value
    kept = value.copy() if isinstance(value, np.ndarray) else value
    return apply(source.tape, unruled, (value, source), (f"{what} has no rule for its derivative. {cure}",), kept)


def only_at_this_point(traces: Any) -> None:
    """Guard the inputs: what is recorded now (steps from a root that a solver found) is of no use at another point."""
    for trace in traces:
        for index in trace.inputs:
            now = trace.values[index]
            trace.guard(index, "value", now.copy() if type(now) is np.ndarray else now)


def shown(*arguments: Any) -> list[Any]:
    """The plain values."""
    return [plainly(a) for a in arguments]


def refuse(arguments: Any, what: str, cure: str) -> Any:
    """Raise the error for what has no rule."""
    trace = open_traces(leaves(list(arguments), []))[0]
    raise trace.fail(f"{what} was called with a traced value, and gradwise has no derivative rule for that. {cure}")
