"""``np.ma``: masked arrays of traced numbers, with plain masks.

NumPy's own masked array of the plain numbers is asked first: it says what is masked in the result, and what the numbers are.  The traced numbers follow the same operation on arrays in which what is masked was replaced
by a harmless number, so that it has no derivative.  A result that differs from NumPy's is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.holders import DESCRIPTIONS, OWNERS, WRAPPERS, Holder
from gradwise.tracing.instrument.state import current_trace
from gradwise.tracing.layout import copy_in_layout
from gradwise.tracing.standins.buffers import owned
from gradwise.tracing.standins.recording import at_line, open_traces
from gradwise.tracing.standins.scipy_calling import only_at_this_point
from gradwise.tracing.traced import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ma = np.ma


class TracedMasked(Holder):
    """What stands for a masked array of traced numbers: the numbers, and a plain mask of the same shape."""

    __slots__ = ("__weakref__", "array", "fill_value", "mask")
    array: Any
    mask: np.ndarray

    def __init__(self, array: Any, mask: Any, fill_value: Any = None) -> None:
        self.array = array
        self.mask = np.array(np.broadcast_to(mask, np.shape(plain(array))), bool)
        self.fill_value = fill_value

    @property  # type: ignore[misc]  # answers isinstance(x, np.ma.MaskedArray) as the plain one would
    def __class__(self) -> type:
        return _ma.MaskedArray

    def parts(self) -> list[Any]:
        return [self.array]

    def plain(self) -> Any:
        return _ma.MaskedArray(np.array(plain(self.array)), self.mask.copy(), fill_value=self.fill_value)

    def as_output(self) -> Any:
        if self.mask.any():
            raise _refusal(self, "returning a masked array, of which some numbers are masked,")
        return self.array

    def without(self, replacement: Any) -> Any:
        """The numbers, with another in place of what is masked."""
        if not self.mask.any():
            return self.array
        return np.where(self.mask, np.asarray(replacement, self.array.dtype), self.array)

    # --- attributes and methods -----------------------------------------------------------------------------------------------

    @property
    def data(self) -> Any:
        return self.array

    @property
    def T(self) -> Any:
        return TracedMasked(self.array.T, self.mask.T, self.fill_value)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in REDUCTIONS:
            return lambda *args, **kwargs: reduced(self, name, args, kwargs)
        if name in MOVERS:
            return lambda *args, **kwargs: self._moved(name, args, kwargs)
        expected = getattr(self.plain(), name)
        if name in DESCRIPTIONS:
            return expected
        if name in _PLAIN:
            concrete(self.array)
            return expected
        raise _refusal(self, f"its method {name}")

    def _moved(self, name: str, args: Any, kwargs: Any) -> Any:
        array = getattr(self.array, name)(*args, **kwargs)
        return TracedMasked(array, getattr(self.mask, name)(*args, **kwargs), self.fill_value)

    def filled(self, fill_value: Any = None) -> Any:
        if isinstance_traced(fill_value):
            return np.where(self.mask, fill_value, self.array)
        return self.without(self.plain().fill_value if fill_value is None else fill_value)

    def compressed(self) -> Any:
        return self.array[~self.mask]

    def tolist(self) -> list[Any]:
        if self.array.ndim > 1:
            return [row.tolist() for row in self]
        return [None if masked else v for v, masked in zip(self.array.tolist(), self.mask.tolist(), strict=True)]

    def dot(self, other: Any) -> Any:
        pair = [np.where(mask, 0.0, array) if np.any(mask) else array for array, mask in map(parts, (self, other))]
        expected = _ma.dot(shown(self), shown(other))
        return checked(np.dot(*pair), _ma.getmaskarray(expected), expected)

    def trace(self, *args: Any, **kwargs: Any) -> Any:
        return np.trace(np.where(self.mask, 0.0, self.array), *args, **kwargs)

    def clip(self, low: Any = None, high: Any = None) -> Any:
        bounded = np.clip(self.without(low if high is None else high), low, high)
        return TracedMasked(bounded, self.mask, self.fill_value)

    @property
    def flat(self) -> Any:
        return self.ravel()

    def copy(self) -> Any:
        return TracedMasked(self.array.copy(), self.mask, self.fill_value)

    def astype(self, dtype: Any) -> Any:
        return TracedMasked(self.array.astype(dtype), self.mask, self.fill_value)

    def harden_mask(self) -> Any:
        raise _refusal(self, "harden_mask()")

    # --- items --------------------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.array)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, key: Any) -> Any:
        key = key.filled(False) if isinstance(key, _ma.MaskedArray) else concrete(key, "index")
        mask = self.mask[key]
        if np.ndim(mask) == 0:
            return _ma.masked if mask else self.array[key]
        return TracedMasked(self.array[key], mask, self.fill_value)

    def __setitem__(self, key: Any, value: Any) -> None:
        key = key.filled(False) if isinstance(key, _ma.MaskedArray) else concrete(key, "index")
        if value is _ma.masked:
            self.mask[key] = True
        elif type(value) is TracedMasked or isinstance(value, _ma.MaskedArray):
            self.array[key], self.mask[key] = parts(value)
        else:
            self.array[key] = value
            self.mask[key] = False

    # --- protocols ------------------------------------------------------------------------------------------------------------

    __array_priority__ = 15.0

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method == "__call__" and not kwargs:
            return elementwise(ufunc, inputs)
        raise _refusal(self, f"np.{ufunc.__name__}.{method} with options")

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        name = function.__name__
        if name in REDUCTIONS and args and type(args[0]) is TracedMasked:
            return reduced(args[0], name, args[1:], kwargs)
        if name in MOVERS and args and type(args[0]) is TracedMasked:
            return args[0]._moved(name, args[1:], kwargs)
        if name in _FUNCTIONS and type(args[0]) is TracedMasked:
            return _FUNCTIONS[name](*args, **kwargs)  # NumPy's composition of masked arrays
        if name in ("ndim", "shape", "size"):
            return function(self.plain(), *args[1:], **kwargs)
        if name == "where" and len(args) == 3:
            return where(*args)
        if any(np.any(mask) for mask in _masks(args)):
            raise _refusal(self, f"np.{name}")
        expected = function(*_each(shown, args), **kwargs)
        if not isinstance(expected, (np.ndarray, np.generic)):
            raise _refusal(self, f"np.{name}")
        result = function(*_each(lambda v: parts(v)[0], args), **kwargs)
        return checked(result, _ma.getmaskarray(expected), expected)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self.array

    def __float__(self) -> float:
        if self.mask.any():
            raise _refusal(self, "float() of a masked number")
        return self.array

    def __repr__(self) -> str:
        return repr(self.plain())

    def __str__(self) -> str:
        return str(self.plain())


#: functions of ``np.ma`` that NumPy's own of that name are for masked arrays; ``masked_statistics`` puts them there
_FUNCTIONS: dict[str, Callable[..., Any]] = {}
#: methods that only move numbers, and their masks alike
MOVERS = frozenset({"reshape", "ravel", "flatten", "transpose", "swapaxes", "squeeze", "repeat", "take", "diagonal"})
#: methods whose answers are plain
_PLAIN = frozenset({"count", "all", "any", "argmax", "argmin", "argsort", "nonzero", "ids", "iscontiguous"})


def _refusal(masked: TracedMasked, what: str) -> Exception:
    message = f"{what} has no rule for masked arrays of traced numbers. Use their numbers: x.filled(0.0), x.compressed(), or np.where(mask, 0.0, x)"
    error: Exception = masked.array.tape.fail(message) if isinstance_traced(masked.array) else TypeError(message)
    return error


# --- operations -----------------------------------------------------------------------------------------------------------------


def parts(value: Any) -> tuple[Any, Any]:
    """The numbers and the mask of an operand."""
    if type(value) is TracedMasked:
        return value.array, value.mask
    if isinstance(value, _ma.MaskedArray):
        return np.asarray(value.data), _ma.getmaskarray(value)
    return as_array(value) if isinstance(value, (list, tuple)) else value, False


def _masks(arguments: Any) -> Iterator[Any]:
    """The masks of masked arrays among arguments, and in lists of them."""
    for a in arguments:
        if type(a) in {list, tuple}:
            yield from _masks(a)
        else:
            yield parts(a)[1]


def _each(function: Callable[..., Any], arguments: Any) -> list[Any]:
    return [_each(function, a) if type(a) in {list, tuple} else function(a) for a in arguments]


def shown(value: Any) -> Any:
    """The plain counterpart of an operand."""
    return value.plain() if type(value) is TracedMasked else plain(value)


def elementwise(ufunc: Any, inputs: Any, mask_of: Any = None) -> Any:
    """A universal function: what is masked in the result is computed at NumPy's safe place and has no derivative."""
    expected = (mask_of or ufunc)(*map(shown, inputs))
    traces = open_traces([parts(v)[0] for v in inputs])
    mask = _ma.getmaskarray(expected)
    with at_line(*traces):
        operands = [parts(v)[0] for v in inputs]
        if getattr(_ma.core, "ufunc_domain", {}).get(ufunc) is not None:
            for o in operands:
                concrete(o)  # outside of its domain NumPy masks the result
        if mask.any():
            operands = [
                np.where(mask, 1.0, np.broadcast_to(o, mask.shape) if np.ndim(plain(o)) else o) for o in operands
            ]
        return checked(ufunc(*operands), mask, expected)


def checked(array: Any, mask: Any, expected: Any) -> Any:
    """The masked array, if its numbers are those of NumPy's."""
    if not isinstance_traced(array) or array.dtype.kind == "b":
        return expected
    if expected is _ma.masked:
        return expected
    found = np.asarray(plain(array))
    if not np.isfinite(found).all():  # NumPy may have masked them for that, and would mask others elsewhere
        only_at_this_point(open_traces([array]))
    wanted = np.asarray(getattr(expected, "data", expected))
    if found.shape != np.shape(wanted) or not np.allclose(
        np.where(mask, 0.0, found),
        np.where(mask, 0.0, wanted),
        rtol=1e-9,
        atol=1e-12 * np.abs(found).max(initial=0.0, where=np.isfinite(found)),
        equal_nan=True,
    ):
        raise array.tape.fail(
            "an operation on a masked array of traced numbers does not give the numbers that NumPy gives. Write it with np.where and arrays"
        )
    if isinstance(expected, _ma.MaskedArray):
        return TracedMasked(array, mask)
    return array[()] if isinstance(expected, np.generic) else array


def _count(masked: TracedMasked, axis: Any, keepdims: bool) -> Any:
    return (~masked.mask).sum(axis=axis, keepdims=keepdims)


def _mean(masked: TracedMasked, axis: Any, keepdims: bool) -> Any:
    count = _count(masked, axis, keepdims)
    return masked.without(0.0).sum(axis=axis, keepdims=keepdims) / np.where(count == 0, 1, count)


def _variance(masked: TracedMasked, axis: Any, keepdims: bool, ddof: int = 0) -> Any:
    away = np.where(masked.mask, 0.0, masked.array - _mean(masked, axis, True))
    count = _count(masked, axis, keepdims) - ddof
    return (away**2).sum(axis=axis, keepdims=keepdims) / np.where(count <= 0, 1, count)


REDUCTIONS: dict[str, Callable[..., Any]] = {
    "sum": lambda m, axis, keepdims: m.without(0.0).sum(axis=axis, keepdims=keepdims),
    "prod": lambda m, axis, keepdims: m.without(1.0).prod(axis=axis, keepdims=keepdims),
    "mean": _mean,
    "var": _variance,
    "std": lambda m, axis, keepdims, ddof=0: np.sqrt(_variance(m, axis, keepdims, ddof)),
    "min": lambda m, axis, keepdims: m.without(np.inf).min(axis=axis, keepdims=keepdims),
    "max": lambda m, axis, keepdims: m.without(-np.inf).max(axis=axis, keepdims=keepdims),
    "cumsum": lambda m, axis, keepdims: m.without(0.0).cumsum(axis=axis),
    "cumprod": lambda m, axis, keepdims: m.without(1.0).cumprod(axis=axis),
    "anom": lambda m, axis, keepdims: m.array - _mean(m, axis, True),
    "ptp": lambda m, axis, keepdims: m.without(-np.inf).max(axis=axis) - m.without(np.inf).min(axis=axis),
}


def reduced(masked: TracedMasked, name: str, args: Any, kwargs: Any) -> Any:
    """A method that reduces a masked array, over what is not masked."""
    kwargs = {k: v for k, v in kwargs.items() if v is not np._NoValue and v is not None}
    expected = getattr(masked.plain(), name)(*args, **kwargs)
    axis = args[0] if args else kwargs.pop("axis", None)
    options = {k: kwargs.pop(k) for k in ("ddof",) if k in kwargs}
    keepdims = bool(kwargs.pop("keepdims", False))
    if len(args) > 1 or kwargs:
        raise _refusal(masked, f"{name} with {sorted(kwargs) or 'several positional options'}")
    with at_line(*open_traces([masked.array])):
        result = REDUCTIONS[name](masked, axis, keepdims, **options)
        mask = _ma.getmaskarray(expected) if isinstance(expected, _ma.MaskedArray) else False
        return checked(result, mask, expected)


def where(condition: Any, x: Any, y: Any) -> Any:
    """``np.ma.where``."""
    expected = _ma.where(*map(shown, (condition, x, y)))
    chosen = np.asarray(_ma.filled(shown(condition), False), bool)
    result = np.where(chosen, parts(x)[0], parts(y)[0])
    return checked(result, _ma.getmaskarray(expected), expected)


def _operator(name: str, ufunc: Any, *, flipped: bool = False) -> Any:
    plain_operator = getattr(_ma, ufunc.__name__, None)

    def operate(self: Any, other: Any) -> Any:
        pair = (other, self) if flipped else (self, other)
        return elementwise(ufunc, pair, plain_operator)

    operate.__name__ = name
    return operate


_OPERATORS = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "truediv": np.true_divide,
    "pow": np.power,
    "floordiv": np.floor_divide,
    "mod": np.mod,
}
for _name, _ufunc in _OPERATORS.items():
    setattr(TracedMasked, f"__{_name}__", _operator(_name, _ufunc))
    setattr(TracedMasked, f"__r{_name}__", _operator(_name, _ufunc, flipped=True))
for _name, _ufunc in {
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
}.items():

    def _compared(self: Any, other: Any, name: str = f"__{_name}__") -> Any:
        concrete(self.array)
        return getattr(self.plain(), name)(shown(other))

    setattr(TracedMasked, f"__{_name}__", _compared)
for _name, _unary in {"neg": np.negative, "pos": np.positive, "abs": np.absolute}.items():
    setattr(TracedMasked, f"__{_name}__", lambda self, ufunc=_unary: elementwise(ufunc, (self,)))
TracedMasked.__hash__ = None  # type: ignore[assignment]  # as masked arrays


def _wrapped(m: Any) -> Any:
    if isinstance_traced(m):
        return TracedMasked(m, False)
    return TracedMasked(np.asarray(m.data), _ma.getmaskarray(m), m.fill_value)


WRAPPERS[_ma.MaskedArray] = _wrapped


def _adopted(m: Any) -> Any:
    return TracedMasked(owned(current_trace(), copy_in_layout(np.asarray(m.data))), _ma.getmaskarray(m), m.fill_value)


OWNERS[_ma.MaskedArray] = _adopted
