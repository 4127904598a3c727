"""Whether a function has a loop without a bound or a solver: given complex numbers it may never end, so it is differentiated with real ones only."""

from __future__ import annotations

import functools
import types
from typing import Any

from gradwise.checking.solvers import TOLERANCES
from gradwise.numerical.unbounded import unbounded_loop
from gradwise.tracing.instrument.userland import is_users_file

SOLVERS = frozenset(name for module, names in TOLERANCES.items() if module.startswith("scipy") for name in names)
"""They take real numbers only, and say so on the terminal."""

DEEPEST = 200
"""How many functions are looked through."""


def may_not_end(function: Any) -> bool:
    r"""Whether a user function, or one that it names, has a loop that ends by a test, calls itself, or runs a solver of SciPy's.

    Examples
    --------
    >>> space = {}
    >>> exec("def root(s, y=1.0):\n    while abs(y * y - s) > 1e-9:\n        y = (y + s / y) / 2\n    return y", space)
    >>> may_not_end(space["root"]), may_not_end(lambda x: sum(k * x for k in range(3)))
    (True, False)
    """
    if unbounded_loop(function):
        return True
    seen: set[int] = set()
    waiting = [_function(function)]
    while waiting and len(seen) < DEEPEST:
        one, owner = waiting.pop()
        if one is None or id(one.__code__) in seen or not is_users_file(one.__code__.co_filename):
            continue
        code = one.__code__
        seen.add(id(code))
        if any(name in SOLVERS for inner in _codes(code) for name in inner.co_names):
            return True
        if code.co_name in code.co_names and one.__globals__.get(code.co_name) is one:
            return True
        waiting += _named(one, owner)
    return False


def _function(value: Any) -> tuple[Any, Any]:
    """The Python function behind a callable, and the class whose methods it may name."""
    for _ in range(20):
        if not isinstance(value, functools.partial) and not hasattr(value, "__wrapped__"):
            break
        value = value.func if isinstance(value, functools.partial) else value.__wrapped__
    if isinstance(value, types.MethodType):
        return (
            (value.__func__, type(value.__self__)) if isinstance(value.__func__, types.FunctionType) else (None, None)
        )
    if isinstance(value, types.FunctionType):
        return value, None
    call = getattr(type(value), "__call__", None)  # noqa: B004  (the function is wanted, not whether there is one)
    return (call, type(value)) if isinstance(call, types.FunctionType) else (None, None)


def _named(function: Any, owner: Any) -> list[tuple[Any, Any]]:
    """What a function calls by the names of its module, of modules of the user's, of its closure, and of its class."""
    found = []
    methods = []
    for code in _codes(function.__code__):
        values = [function.__globals__[name] for name in code.co_names if name in function.__globals__]
        for module in [v for v in values if isinstance(v, types.ModuleType)]:
            if is_users_file(getattr(module, "__file__", None) or ""):
                values += [getattr(module, name) for name in code.co_names if hasattr(module, name)]
        found += values
        if owner is not None:
            methods += [getattr(owner, name, None) for name in code.co_names]
    for cell in function.__closure__ or ():
        try:
            found.append(cell.cell_contents)
        except ValueError:  # not assigned yet
            continue
    kinds = types.FunctionType | types.MethodType | functools.partial
    return [_function(v) for v in found if isinstance(v, kinds) or _is_users_object(v)] + [
        (m, owner) for m in methods if isinstance(m, types.FunctionType)
    ]


def _is_users_object(value: Any) -> bool:
    call = getattr(type(value), "__call__", None)  # noqa: B004  (the function is wanted, not whether there is one)
    return isinstance(call, types.FunctionType) and is_users_file(call.__code__.co_filename)


def _codes(code: types.CodeType) -> list[types.CodeType]:
    found = [code]
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found += _codes(constant)
    return found
