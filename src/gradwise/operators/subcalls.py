"""The smallest call that could not be traced, done numerically, and everything around it exactly.

When a value escapes inside a function g that f calls, f is rebuilt with g replaced by a stand-in: g runs on plain values, and its derivative is numerical, with its bound.
The stand-in is found by name: g must be a Python function that its caller reads from a global or an enclosing scope.  The caller is rebuilt (``tracing/rebuilding.py``) to find the
stand-in under that name; callers further out are rebuilt the same way.  Nothing of the user's is changed.  What cannot be rebuilt (a method found on an object, code that writes globals) is left to the numerical derivative of the whole function.
"""

from __future__ import annotations

import itertools
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise import numerical
from gradwise.containers import flatten
from gradwise.errors import InputError, RuleError, TracingError
from gradwise.operators.arguments import stand_in
from gradwise.operators.custom import CustomRule
from gradwise.operators.estimates import sentence
from gradwise.tracing.rebuilding import rebuilt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_OURS = str(Path(__file__).parents[1])
_LIBRARIES = (str(Path(np.__file__).parent), str(Path(scipy.__file__).parent))


class NumericalCall:
    """A function whose derivative is numerical; counts what its bounds were.

    Attributes
    ----------
    estimates : list of Estimate
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.estimates: list[Any] = []
        self._jacobians: dict[Any, np.ndarray] = {}
        self.rule = CustomRule(function, self._push, self._pull)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.rule(*args, **kwargs)

    def _jacobian(self, primals: Any, kwargs: dict[str, Any]) -> tuple[np.ndarray, Any, list[int]]:
        """dy/dx of all numbers that go in and come out, and where the numbers are among the leaves."""
        leaves, treedef = flatten(primals)
        places = [k for k, leaf in enumerate(leaves) if _is_number(leaf)]
        numbers = [np.asarray(leaves[k], dtype=float) for k in places]
        flat = np.concatenate([n.ravel() for n in numbers]) if numbers else np.zeros(0)
        key = flat.tobytes()
        if key not in self._jacobians:

            def function(x: np.ndarray) -> np.ndarray:
                full, start = list(leaves), 0
                for k, n in zip(places, numbers, strict=True):
                    piece = x[start : start + n.size].reshape(n.shape)
                    full[k] = piece.copy() if n.ndim else float(piece)
                    start += n.size
                out, _ = flatten(self.function(*treedef.rebuild(full), **kwargs))
                return np.concatenate([np.ravel(np.asarray(v, dtype=float)) for v in out])

            estimate = numerical.jacobian(function, flat)
            self.estimates.append(estimate)
            self._jacobians[key] = np.asarray(estimate.value, dtype=float).reshape(-1, flat.size)
        return self._jacobians[key], leaves, places

    def _push(self, primals: Any, tangents: Any, **kwargs: Any) -> Any:
        matrix, leaves, places = self._jacobian(primals, kwargs)
        vectors, _ = flatten(tangents)
        flat = np.concatenate([np.ravel(vectors[k]) for k in places])
        out, structure = flatten(self.function(*primals, **kwargs))
        return structure.rebuild(_split(matrix @ flat, out))

    def _pull(self, primals: Any, cotangent: Any, **kwargs: Any) -> Any:
        matrix, leaves, places = self._jacobian(primals, kwargs)
        bars, _ = flatten(cotangent)
        flat = np.concatenate([np.ravel(b) for b in bars]) @ matrix
        return tuple(_split(flat, [leaves[k] for k in places]))


def _is_number(leaf: Any) -> bool:
    if isinstance(leaf, np.ndarray):
        return leaf.dtype.kind in "fiu"
    return isinstance(leaf, (int, float, np.number)) and not isinstance(leaf, bool)


def _split(flat: np.ndarray, like: Sequence[Any]) -> list[Any]:
    pieces, start = [], 0
    for v in like:
        size = int(np.size(v))
        pieces.append(flat[start : start + size].reshape(np.shape(v))[()])
        start += size
    return pieces


# --- finding the call -------------------------------------------------------------------------------------------------------


def _frames(error: BaseException, code: types.CodeType) -> list[types.FrameType]:
    """The frames from the function with ``code`` inwards, without ours, as far as the first that belongs to a library."""
    frames = []
    trace = error.__traceback__
    while trace is not None:
        frames.append(trace.tb_frame)
        trace = trace.tb_next
    start = next((k for k, frame in enumerate(frames) if frame.f_code is code), None)
    if start is None:
        return []
    found = []
    for frame in frames[start:]:
        if not frame.f_code.co_filename.startswith(_OURS):
            found.append(frame)
            if frame.f_code.co_filename.startswith(_LIBRARIES):
                break
    return found


def _reference(caller: types.FunctionType, code: types.CodeType) -> tuple[str, types.FunctionType] | None:
    """The name under which the caller reads the function with ``code``, and that function."""
    for name in caller.__code__.co_names:
        value = caller.__globals__.get(name)
        if isinstance(value, types.FunctionType) and value.__code__ is code:
            return name, value
    for name, cell in zip(caller.__code__.co_freevars, caller.__closure__ or (), strict=True):
        try:
            value = cell.cell_contents
        except ValueError:
            continue
        if isinstance(value, types.FunctionType) and value.__code__ is code:
            return name, value
    return None


def _with(caller: types.FunctionType, name: str, stand_in_: Any) -> types.FunctionType | None:
    """The caller reading ``stand_in_`` under ``name``."""
    return rebuilt(caller, lambda read, value: stand_in_ if read == name else value)


def _underlying(function: Any) -> tuple[types.FunctionType, Any] | None:
    """The Python function behind a function or bound method, and the object it is bound to."""
    if isinstance(function, types.MethodType):
        inner = function.__func__
        return (inner, function.__self__) if isinstance(inner, types.FunctionType) else None
    return (function, None) if isinstance(function, types.FunctionType) else None


def candidates(function: Any, error: BaseException) -> list[tuple[Any, NumericalCall, str, int]]:
    """Rebuilt functions, the innermost failing call first: ``(function, stand-in, file, line of the call)``."""
    behind = _underlying(function)
    if behind is None:
        return []
    outer, bound_to = behind
    chain: list[tuple[types.FunctionType, str]] = []
    callers = [outer]
    frames = _frames(error, outer.__code__)
    places = []
    for before, frame in itertools.pairwise(frames):
        found = _reference(callers[-1], frame.f_code)
        if found is None:
            break
        name, callee = found
        chain.append((callee, name))
        callers.append(callee)
        places.append((before.f_code.co_filename, before.f_lineno))
    results = []
    for depth in range(len(chain), 0, -1):
        stand_in = NumericalCall(chain[depth - 1][0])
        replacement: Any = stand_in
        for level in range(depth - 1, -1, -1):
            replacement = _with(callers[level], chain[level][1], replacement)
            if replacement is None:
                break
        if replacement is not None:
            outermost = types.MethodType(replacement, bound_to) if bound_to is not None else replacement
            results.append((outermost, stand_in, *places[depth - 1]))
    return results


def rescue(
    function: Any, error: TracingError, exact: Callable[..., Any], args: Any, kwargs: Any
) -> tuple[Any, str] | None:
    """The operator's result with the smallest call that failed done numerically; None if there is no such call.

    Parameters
    ----------
    exact : callable
        The exact operator of ``function``.

    Returns
    -------
    tuple or None
        The result, and a sentence that says which call was done numerically, where, with which statuses and bounds.
    """
    for other, call, filename, line in candidates(function, error):
        before = stand_in.get()
        try:
            stand_in.set((function, other))
            result = exact(*args, **kwargs)
        except (TracingError, InputError, RuleError):
            continue
        finally:
            stand_in.set(before)
        if call.estimates:
            bounds = "; ".join(sorted({sentence(e) for e in call.estimates}))
            return (
                result,
                f"only the call of {call.function.__name__} at {filename}:{line} was differentiated numerically ({bounds}); the rest is exact",
            )
    return None
