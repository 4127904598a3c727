"""The functions of a library at the arguments of their own documentation: a function of one array of floats for each example that calls it.

An example ``friction(Re=1e5, eD=1e-4)`` becomes ``x ↦ friction(Re=x[0], eD=x[1])``: floats, lists of floats and small arrays of floats are entries of the point, everything else stays as it is
written.  What is returned is summed with weights 1, 2, …, so that every part of it is differentiated.
"""

from __future__ import annotations

import ast
import contextlib
import doctest
import importlib
import inspect
import linecache
import pkgutil
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: entries of one point
LARGEST = 60
#: parts of names of modules that need more than NumPy and SciPy
LEFT_OUT = ("test", "numba", "vectorized", "plot")


def examples(package: str) -> Iterator[tuple[str, Callable[[np.ndarray], Any], np.ndarray]]:
    """Name, function and point of each example of a package, two for each of its functions at most."""
    seen: set[int] = set()
    for module in _modules(package):
        for name, function in list(vars(module).items()):
            own = inspect.isfunction(function) and function.__module__.startswith(package)
            if own and not name.startswith("_") and id(function) not in seen:
                seen.add(id(function))
                yield from _of_function(module, name, function)


def _modules(package: str) -> Iterator[Any]:
    root = importlib.import_module(package)
    yield root
    for found in pkgutil.walk_packages(root.__path__, package + "."):
        if not any(part in found.name for part in LEFT_OUT):
            with contextlib.suppress(BaseException):  # what a library asks for beside, and how it says so
                yield importlib.import_module(found.name)


def _of_function(
    module: Any, name: str, function: Any
) -> Iterator[tuple[str, Callable[[np.ndarray], Any], np.ndarray]]:
    names: dict[str, Any] = {**vars(module), "np": np}
    count = 0
    for example in doctest.DocTestParser().get_examples(function.__doc__ or ""):
        with contextlib.suppress(Exception):  # an example that shows something else, or needs what is not there
            tree = ast.parse(example.source)
            calls = [c for c in ast.walk(tree) if isinstance(c, ast.Call) and _called(c) == name]
            made = (
                _function_of_floats(f"{module.__name__}.{name}.{count}", function, calls[0], names) if calls else None
            )
            if made is not None and count < 2:
                count += 1
                yield f"{module.__name__}.{name}", *made
            exec(compile(tree, name, "exec"), names)


def _called(call: ast.Call) -> str | None:
    return getattr(call.func, "id", getattr(call.func, "attr", None))


def _function_of_floats(
    name: str, function: Any, call: ast.Call, names: dict[str, Any]
) -> tuple[Callable[[np.ndarray], Any], np.ndarray] | None:
    """The function of the floats of a call, in code of its own, and the point; None where there are none."""
    given = {"function": function, "np": np}
    point: list[float] = []
    words = []
    for k, node in enumerate([*call.args, *[keyword.value for keyword in call.keywords]]):
        value = eval(compile(ast.Expression(node), name, "eval"), names)
        first, many = len(point), isinstance(value, (list, np.ndarray))
        entries = np.ravel(value).tolist() if many and np.size(value) <= LARGEST else [value]
        if all(type(entry) is float for entry in entries) and entries:
            point += entries
            if type(value) is list:
                words.append("[" + ", ".join(f"x[{i}].item()" for i in range(first, len(point))) + "]")
            else:
                words.append(f"x[{first}:{len(point)}].reshape({value.shape})" if many else f"x[{first}].item()")
        else:
            given[f"given_{k}"] = value
            words.append(f"given_{k}")
    if not 0 < len(point) <= LARGEST:
        return None
    named = [f"{k.arg}={word}" for k, word in zip(call.keywords, words[len(call.args) :], strict=True)]
    text = f"def g(x):\n    r = function({', '.join(words[: len(call.args)] + named)})\n    return "
    x = np.array(point)
    found: dict[str, Any] = {**given}
    exec(text + "r", found)
    total = _weighted(found["g"](x.copy()), "r")
    if not total:
        return None
    text += total + "\n"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    exec(compile(text, name, "exec"), given)
    return given["g"], x


def _weighted(result: Any, expression: str) -> str:
    """The sum of the floats in a result, as text; empty where there are none."""
    if isinstance(result, np.ndarray) and result.dtype == float and result.ndim:
        return f"np.sum({expression})"
    if isinstance(result, float):
        return expression
    inner = (
        enumerate(result) if isinstance(result, (list, tuple)) else result.items() if isinstance(result, dict) else ()
    )
    parts = [_weighted(value, f"{expression}[{key!r}]") for key, value in inner]
    return " + ".join(f"{k + 1} * ({part})" for k, part in enumerate(parts) if part)
