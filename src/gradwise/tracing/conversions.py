"""What Python and compiled code ask of a value: a float, an array, a length, its entries.

What would lose the derivative raises with its cure; the rest is answered concretely.
"""

from __future__ import annotations

import builtins
import sys
from typing import Any

import numpy as np

from gradwise.tracing import sparse
from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.holders import SUBCLASSES, WRAPPERS, is_users_array
from gradwise.tracing.traced import Traced, TracedArray, TracedScalar, dtype_of, escape


def is_constant(self: Traced) -> bool:
    """Whether the value is known not to depend on what is differentiated: a buffer into which only constants were written."""
    if type(self) is TracedArray:
        self.sync()
    return not self.tape.depends(self.index)


def objects(self: Any) -> np.ndarray:
    """``np.asarray(x).astype(object)``: an array of traced Python numbers."""
    made = np.empty(self.shape, object)
    for place in np.ndindex(made.shape):
        made[place] = (self[place] if place else self).item()
    return made


def as_float(self: Traced) -> float:
    """``float(x)``, which a value with a derivative refuses."""
    if not self.tape.open or dtype_of(self.value).kind not in "fc" or is_constant(self):
        return float(concrete(self))
    caller = sys._getframe(1)
    if _is_asked(caller, _TEXTS):
        value = float(self.current())
        self.tape.texts.add(repr(value))
        return value
    if _is_asked(caller, _LOOKING_UP):
        return float(_looked_up(self))
    raise escape(
        self,
        "converting to a plain float (float(), math.*, %f, or storing into a plain array or list of floats)",
        "NumPy's functions keep the derivative: np.exp(x) for math.exp(x), x for float(x), and for a buffer filled entry by entry "
        "np.zeros_like(x) or np.stack([...]) for np.zeros(n) or np.array([...])",
    )


def _is_asked(frame: Any, methods: frozenset[str]) -> bool:
    """Whether a number is asked for by a special method of the user's which compiled code calls: a text is made by ``__repr__``, a key is found by ``__hash__`` and ``__eq__``.  It runs as it stands."""
    for _ in range(4):
        if frame is None:
            return False
        code = frame.f_code
        if code.co_name in methods:
            return methods is _TEXTS or not any(map(callable, code.co_consts))  # a copy with hooks converts by them
        frame = frame.f_back
    return False


_TEXTS = frozenset({"__repr__", "__str__", "__format__"})
_LOOKING_UP = frozenset({"__hash__", "__eq__", "__len__"})


def _looked_up(self: Traced) -> Any:
    """The numbers by which something is found, or counted: what is found has no derivative by them, and is the same while they are."""
    self.tape.looked_up = True
    if self.tape.forgetful:  # nothing of an earlier run is found
        self.tape.forget(-1)
        return np.full_like(self.current(), np.nan)
    return concrete(self)


def as_complex(self: Traced) -> complex:
    """``complex(x)``, which a value with a derivative refuses."""
    if not self.tape.open or dtype_of(self.value).kind not in "fc" or is_constant(self):
        return complex(concrete(self))
    raise escape(self, "complex()", "Write x + 0j, which is recorded")


def as_array(self: Traced, dtype: Any = None, copy: Any = None) -> np.ndarray:
    """``np.asarray(x)``, which a value with a derivative refuses, except to the product of a sparse matrix."""
    kind = dtype_of(self.value).kind
    if not self.tape.open or kind not in "fc":
        return np.array(concrete(self), dtype=dtype)
    if is_constant(self):
        answer = np.array(self.current(), dtype=dtype)
        answer.flags.writeable = copy is True  # what is written into a copy that nobody asked for would be lost
        return answer
    caller = sys._getframe(1)
    if sparse.asked_by_product(caller):
        return sparse.as_operand(self)
    if _is_asked(caller, _LOOKING_UP):
        answer = np.array(_looked_up(self), dtype=dtype)
        answer.flags.writeable = copy is True
        return answer
    code = caller.f_code
    as_objects = dtype is not None and np.dtype(dtype).kind == "O"  # such arrays hold traced numbers, as lists do
    if as_objects or (code.co_name in _OF_XARRAY and "xarray" in code.co_filename):  # whose operators work on objects
        entries = np.empty(np.shape(self.value), object)
        for place in np.ndindex(entries.shape):
            entries[place] = self[place] if entries.ndim else self
        return entries
    raise escape(
        self,
        "turning it into a plain array (np.array, np.asarray, a[i] = x with a plain array a, or a compiled function that asks for one)",
        "np.stack([...]) or np.concatenate joins traced values, np.zeros_like(x) makes a buffer that they can be assigned to",
    )


_OF_XARRAY = frozenset({"_as_array_or_item", "as_compatible_data"})


def view(self: TracedArray, dtype: Any = None, type: Any = None) -> Any:  # noqa: A002  # NumPy's name
    """``x.view()``: the same memory.  Its bytes as another dtype are no function of the numbers that could be differentiated."""
    if not self.tape.open:
        return self.current().view(*(() if dtype is None else (dtype,)), **({} if type is None else {"type": type}))
    if type in (None, np.ndarray) and (dtype in (None, np.ndarray) or np.dtype(dtype) == self.dtype):
        return self[...]
    kind = dtype if isinstance(dtype, builtins.type) and type is None else type
    if kind in WRAPPERS:
        return WRAPPERS[kind](self)
    if isinstance(kind, builtins.type) and issubclass(kind, np.ndarray):
        if SUBCLASSES and is_users_array(kind) and (dtype in (None, kind) or np.dtype(dtype) == self.dtype):
            return SUBCLASSES["view"](kind, self[...], self)
        if is_constant(self):
            self.writeable = self.base_array().writeable = False  # what is written to it later, the view would not show
            return self.current().view(kind)
        raise escape(
            self,
            f"x.view({kind.__name__}), an array of a class of its own,",
            "Keep the array in an attribute of an ordinary class, which may define operators and __array_ufunc__",
        )
    raise escape(
        self,
        f"x.view({dtype if type is None else type!r})",
        "Write z.real and z.imag for the parts of a complex array, x[::2] + 1j * x[1::2] for z",
    )


def scalar_view(self: TracedScalar, *args: Any, **kwargs: Any) -> Any:
    """``x.view()`` of a number of NumPy's: itself, whatever the class."""
    if not self.tape.open or dtype_of(self.value.view(*args, **kwargs)) != dtype_of(self.value):
        return view(TracedArray(self.tape, self.index, np.asarray(self.value), pinned=True), *args, **kwargs)
    return self


def iterate(self: TracedArray) -> Any:
    """``iter(x)``: the entries along the first axis."""
    if self.ndim == 0:
        raise TypeError("iteration over a 0-d array")
    return (self[i] for i in range(len(self)))


def _is_truth(key: Any) -> bool:
    return dtype_of(plain(key)).kind == "b" and np.ndim(plain(key)) == 0


def scalar_entry(self: TracedScalar, key: Any) -> Any:
    """``x[()]``, ``x[...]``, ``x[None]`` and ``x[True]`` of a number of NumPy's."""
    if type(self.value) in (float, int, complex, bool):
        raise TypeError(f"'{type(self.value).__name__}' object is not subscriptable")
    if isinstance(key, tuple) and not key:
        return self
    unsized = TracedArray(self.tape, self.index, np.asarray(self.value), pinned=True)
    if key is Ellipsis:
        return unsized
    if all(k is None or k is Ellipsis or _is_truth(k) for k in (key if isinstance(key, tuple) else (key,))):
        return unsized[key]
    raise IndexError("invalid index to scalar variable.")


def length(self: TracedArray) -> int:
    """``len(x)``."""
    value = self.current()
    if np.ndim(value) == 0:
        raise TypeError("len() of unsized object")
    return len(value)


def contains(self: TracedArray, entry: Any) -> bool:
    """``entry in x``."""
    return bool(np.any(self == entry))


def rounded(self: Any, digits: int | None = None) -> Any:
    """``round(x, digits)``."""
    if type(self) is TracedScalar and digits is None:
        return round(concrete(self, "int"))
    return np.round(self, digits or 0)


def as_digits(name: str) -> Any:
    """The method ``name`` of floats that takes their digits apart, which a value with a derivative refuses."""

    def method(self: TracedScalar) -> Any:
        if not self.tape.open or dtype_of(self.value).kind not in "fc" or is_constant(self):
            return getattr(concrete(self), name)()
        raise escape(self, f"{name}()", "Compute with the number itself; its value is printed by f-strings")

    return method


class Unknown(bytes):
    """Bytes of a value as no earlier run knows them: equal to none but those of the same run."""

    __slots__ = ()

    def __hash__(self) -> int:
        return ~bytes.__hash__(self)

    def __eq__(self, other: object) -> bool:
        return type(other) is Unknown and bytes.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other


# --- bytes and memory -------------------------------------------------------------------------------------------------------------


def _written_out(name: str) -> Any:
    """The method ``name``, which writes the value out or takes its bytes: noted, since what is looked up by them has no derivative."""

    def method(self: Traced, *args: Any, **kwargs: Any) -> Any:
        if dtype_of(self.value).kind in "fc" and not is_constant(self):
            self.tape.looked_up = self.tape.recalled = True
            if self.tape.forgetful and name == "tobytes":
                self.tape.forget(-1)
                return Unknown(concrete(self).tobytes(*args, **kwargs))
        return getattr(concrete(self), name)(*args, **kwargs)

    return method


def _memory(name: str) -> property:
    """The attribute ``name``, by which compiled code reaches the memory: of constants only."""

    def read(self: Traced) -> Any:
        if self.tape.open and dtype_of(self.value).kind in "fc" and not is_constant(self):
            raise escape(
                self,
                f"x.{name}",
                "NumPy's functions keep the derivative; return the value beside the result with has_aux=True",
            )
        return getattr(concrete(self), name)

    return property(read)


def _to_device(self: Traced, device: Any, /, *, stream: Any = None) -> Any:
    np.zeros(0).to_device(device, stream=stream)  # raises as NumPy does where there is no such device
    return self


def _set_flags(self: TracedArray, write: bool | None = None, align: Any = None, uic: Any = None) -> None:
    if write is not None:
        self.writeable = bool(write)
        if not write:
            self.current().flags.writeable = False


#: the methods that NumPy's functions ask of the entries of an array of objects
_ASKED_OF_OBJECTS = (
    *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "sin", "cos", "tan", "arcsin", "arccos"),
    *("arctan", "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh", "degrees", "radians", "fabs", "rint"),
)


def _of_an_object(name: str) -> Any:
    def method(self: TracedScalar) -> Any:
        return getattr(np, name)(self)

    return method


def install(scalar: Any, array: Any) -> None:
    """Give the traced classes the ways out of ndarray and of NumPy's scalars."""
    for name in _ASKED_OF_OBJECTS:
        setattr(scalar, name, _of_an_object(name))
    scalar.view = scalar_view
    for cls in (scalar, array):
        for name in ("tobytes", "tofile", "dump", "dumps", "byteswap"):
            setattr(cls, name, _written_out(name))
        cls.data = _memory("data")
        cls.device = "cpu"
        cls.to_device = _to_device
    array.ctypes = _memory("ctypes")
    array.setflags = _set_flags
