"""The protocol: find our version of a NumPy function, call it with the user's line noted, or say clearly that there is none."""

from __future__ import annotations

import sys
from collections import deque
from typing import Any

import numpy as np

from gradwise.tracing.argument_places import in_place
from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.failing import called, shows
from gradwise.tracing.functions import (
    choosing,
    creation,
    diagonals,
    differences,
    elementwise,
    fitting,
    fourier,
    histograms,
    interpolation,
    joining,
    linear_algebra,
    norms,
    ordering,
    padding,
    polynomials,
    products,
    querying,
    scimath,
    shaping,
    statistics,
    summation,
    writing,
)
from gradwise.tracing.holders import HOLDERS, TWINS, is_users_array, wrapped
from gradwise.tracing.places import place_of
from gradwise.tracing.traced import TracedArray, TracedScalar, dtype_of, isinstance_traced

_getframe = sys._getframe

FUNCTIONS: dict[Any, Any] = {
    **creation.FUNCTIONS,
    **shaping.FUNCTIONS,
    **joining.FUNCTIONS,
    **padding.FUNCTIONS,
    **diagonals.FUNCTIONS,
    **writing.FUNCTIONS,
    **choosing.FUNCTIONS,
    **products.FUNCTIONS,
    **linear_algebra.FUNCTIONS,
    **norms.FUNCTIONS,
    **summation.FUNCTIONS,
    **differences.FUNCTIONS,
    **polynomials.FUNCTIONS,
    **fitting.FUNCTIONS,
    **querying.FUNCTIONS,
    **statistics.FUNCTIONS,
    **histograms.FUNCTIONS,
    **ordering.FUNCTIONS,
    **interpolation.FUNCTIONS,
    **fourier.FUNCTIONS,
    **elementwise.FUNCTIONS,
    **scimath.FUNCTIONS,
}


def _traced_in(arguments: Any, found: list[Any]) -> list[Any]:
    for a in arguments:
        if isinstance_traced(a):
            found.append(a)
        elif isinstance(a, (list, tuple)):
            _traced_in(a, found)
        elif isinstance(a, dict):
            _traced_in(a.values(), found)
    return found


def _holders_in(arguments: Any) -> bool:
    return any(
        type(a) in HOLDERS or (isinstance(a, (list, tuple)) and not isinstance_traced(a) and _holders_in(a))
        for a in arguments
    )


def _wrapped(argument: Any) -> Any:
    """A plain array of a user's class, in a list too, as one of ours: it has a say in what the result is."""
    if type(argument) in (list, tuple):
        return type(argument)(map(_wrapped, argument))
    return wrapped(argument) if is_users_array(type(argument)) else argument


def _opened(argument: Any) -> Any:
    """An array of objects that holds traced values as nested lists of them."""
    if type(argument) is np.ndarray and argument.dtype.kind == "O" and any(map(isinstance_traced, argument.flat)):
        return argument.tolist()
    return argument


def _replace(argument: Any, replace: Any) -> Any:
    if isinstance_traced(argument):
        return replace(argument)
    if isinstance(argument, (list, tuple)) and type(argument) in (list, tuple):
        return type(argument)(_replace(a, replace) for a in argument)
    return argument


def _usual(trace: Any, args: Any, kwargs: Any) -> bool:
    """Whether the arguments are this trace's values, plain arrays of numbers and plain options, as most are: ``np.sum(x, axis=0)``."""
    for a in args:
        kind = type(a)
        if kind is TracedArray or kind is TracedScalar:
            if a.tape is not trace:
                return False
        elif kind is np.ndarray:
            if a.dtype.kind not in "fciub":
                return False
        elif kind not in _OPTIONS:
            return False
    return not kwargs or ("like" not in kwargs and all([type(v) in _OPTIONS for v in kwargs.values()]))


_OPTIONS = frozenset({int, float, bool, str, type(None)})


def straight(function: Any, args: Any, kwargs: Any) -> Any:
    """The call of a NumPy function with such arguments, without NumPy's search among them for one to ask; NotImplemented for other arguments, and for a function without a rule."""
    trace = None
    for a in args:
        kind = type(a)
        if kind is TracedArray or kind is TracedScalar:
            trace = a.tape
            break
    if (
        trace is None
        or not trace.open
        or trace.where is not None
        or not _PLAIN_OPTIONS.issuperset(kwargs)
        or not _usual(trace, args, kwargs)
    ):
        return NotImplemented
    ours = FUNCTIONS.get(function)
    if ours is None:
        return NotImplemented
    trace.where = place_of(_getframe(1))
    try:
        return ours(*args, **kwargs)
    finally:
        trace.where = None


#: options that mean the same wherever they are taken
_PLAIN_OPTIONS = frozenset({"axis", "keepdims"})


@shows(called)
def array_function(self: Any, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
    """NumPy's protocol (NEP 18)."""
    trace = self.tape
    if kwargs:
        args, kwargs = in_place(function, args, kwargs)
    if trace.open and trace.where is None and _usual(trace, args, kwargs):
        ours = FUNCTIONS.get(function)
        if ours is not None:
            trace.where = place_of(_getframe(1))
            try:
                return ours(*args, **kwargs)
            finally:
                trace.where = None
    if _holders_in(args) or (TWINS and kwargs and _holders_in(kwargs.values())):
        return NotImplemented  # NumPy asks them next
    if any([is_users_array(t) for t in types]) and self.tape.open:
        return function(*map(_wrapped, args), **{k: _wrapped(v) for k, v in kwargs.items()})
    if any([type(a) is np.ndarray and a.dtype.kind == "O" for a in args]):
        args = tuple(map(_opened, args))
    traced = _traced_in((*args, *kwargs.values()), [])
    traces = {t.tape for t in traced if t.tape.open}
    if self.tape.open and function in creation.LIKE:  # NumPy asks us about these only for like=
        return creation.created_like(self, function, args, kwargs)
    if not traces:
        if any([type(a) is deque for a in args]):  # of which NumPy asked the entries
            return function(*[list(a) if type(a) is deque else a for a in args], **kwargs)
        return function(*[_replace(a, plain) for a in args], **{k: _replace(v, plain) for k, v in kwargs.items()})
    ours = FUNCTIONS.get(function)
    outermost = [t for t in traces if t.where is None]
    if outermost:
        place = place_of(_getframe(1))
        for trace in outermost:
            trace.where = place
    try:
        if ours is not None:
            return ours(*args, **kwargs)
        moving = [t for t in traced if t.tape.open and dtype_of(t.value).kind in "fc"]
        if not moving:  # integers and truth values: the concrete answer, guarded
            return function(
                *[_replace(a, concrete) for a in args], **{k: _replace(v, concrete) for k, v in kwargs.items()}
            )
        name = f"{getattr(function, '__module__', 'numpy') or 'numpy'}.{getattr(function, '__name__', function)}"
        raise moving[0].tape.fail(
            f"{name} was called with a traced value, and gradwise has no derivative rule for it. A NumPy function with a rule is required. "
            "Write it with other NumPy functions, give it a rule with gw.custom_rule, or use method='numerical'"
        )
    finally:
        for trace in outermost:
            trace.where = None
