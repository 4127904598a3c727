"""Traced numbers as xarray holds them: an array that answers NumPy's protocols and is no ndarray, of which xarray would make one."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.traced import TracedArray, TracedScalar, dtype_of, isinstance_traced


class Numbers:
    """A traced array in a Variable of xarray.

    Parameters
    ----------
    numbers : traced array
    """

    __array_priority__ = 1000

    def __init__(self, numbers: Any) -> None:
        self.numbers = as_array(numbers)

    @property
    def __traced__(self) -> Any:
        """The numbers, for whoever asks for the array behind."""
        return self.numbers

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape."""
        return tuple(np.shape(plain(self.numbers)))

    @property
    def ndim(self) -> int:
        """How many axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """How many numbers."""
        return int(np.size(plain(self.numbers)))

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the plain numbers."""
        return dtype_of(plain(self.numbers))

    @property
    def nbytes(self) -> int:
        """The bytes of the plain numbers."""
        return int(np.asarray(plain(self.numbers)).nbytes)

    # From Python 3.12 on xarray's question whether this is an array is answered by what the class itself defines.

    @property
    def real(self) -> Any:
        """The real parts."""
        return boxed(self.numbers.real)

    @property
    def imag(self) -> Any:
        """The imaginary parts."""
        return boxed(self.numbers.imag)

    def astype(self, *args: Any, **options: Any) -> Any:
        """The numbers in another dtype."""
        return boxed(self.numbers.astype(*args, **options))

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return repr(plain(self.numbers))

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        if dtype is not None and np.dtype(dtype).kind == "O":
            entries = np.empty(self.shape, object)
            for place in np.ndindex(self.shape):
                entries[place] = self.numbers[place]
            return entries
        return np.array(self.numbers, dtype)  # which a traced array refuses

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if any(hasattr(x, "variable") or hasattr(x, "_to_temp_dataset") for x in inputs):
            return NotImplemented
        return boxed(getattr(ufunc, method)(*bare(inputs), **bare(options)))

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        return boxed(function(*bare(args), **bare(options)))

    def __getitem__(self, key: Any) -> Any:
        return boxed(self.numbers[bare(key)])

    def __setitem__(self, key: Any, value: Any) -> None:
        self.numbers[bare(key)] = bare(value)

    def __getattr__(self, name: str) -> Any:
        if name[:2] == "__":
            raise AttributeError(name)
        found = getattr(self.numbers, name)
        if callable(found):
            return lambda *args, **options: boxed(found(*bare(args), **bare(options)))
        return boxed(found)

    def item(self, *args: Any) -> Any:
        """A number of these."""
        return self.numbers.item(*args)

    def __copy__(self) -> Numbers:
        return Numbers(self.numbers)

    def __deepcopy__(self, memo: Any) -> Numbers:
        return Numbers(self.numbers.copy())

    def __neg__(self) -> Any:
        return boxed(-self.numbers)

    def __abs__(self) -> Any:
        return boxed(abs(self.numbers))


def _operator(name: str, *, flipped: bool) -> Any:
    op = getattr(operator, name)

    def call(self: Numbers, other: Any) -> Any:
        if hasattr(other, "variable") or hasattr(other, "_to_temp_dataset"):
            return NotImplemented
        other = bare(other)
        return boxed(op(other, self.numbers) if flipped else op(self.numbers, other))

    return call


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul"):
    setattr(Numbers, f"__{_name}__", _operator(_name, flipped=False))
    setattr(Numbers, f"__r{_name}__", _operator(_name, flipped=True))
for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    setattr(Numbers, f"__{_name}__", _operator(_name, flipped=False))


def bare(value: Any) -> Any:
    """Traced arrays in place of these, in containers too."""
    kind = type(value)
    if kind is Numbers:
        return value.numbers
    if kind is tuple or kind is list:
        return kind([bare(v) for v in value])
    return {k: bare(v) for k, v in value.items()} if kind is dict else value


def boxed(value: Any) -> Any:
    """Results as xarray can hold them: decisions and places are plain."""
    kind = type(value)
    if kind is TracedArray or kind is TracedScalar:
        if dtype_of(value.value).kind not in "fc":
            return concrete(value, "mask" if dtype_of(value.value).kind == "b" else "value")
        return Numbers(value)
    if (kind is tuple or kind is list) and any(map(isinstance_traced, value)):
        return kind([boxed(v) for v in value])
    return value
