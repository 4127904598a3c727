"""The numbers and arrays that are differentiated: which can be, as what, and the form of what belongs to them.

as_floating : leaf -> floating leaf            plain_like : (result, leaf) -> result in the form of the leaf
"""

from __future__ import annotations

import array
from collections.abc import Iterable
from typing import Any

import numpy as np

from gradwise.containers.subclasses import is_users_number, number_without_class
from gradwise.errors import InputError
from gradwise.tracing import isinstance_traced
from gradwise.tracing.holders import is_users_array
from gradwise.tracing.traced import TracedArray, TracedScalar


def is_floating(leaf: Any) -> bool:
    """Whether a leaf can be differentiated as it is, which most can."""
    cls = type(leaf)
    return cls is float or (cls is np.ndarray and leaf.dtype.kind in "fc" and leaf.dtype.isnative)


def as_floating(leaf: Any, path: str, operator: str = "grad") -> Any:
    """A leaf as a floating number or array; integers become float64."""
    cls = type(leaf)
    if cls is float or isinstance_traced(leaf):
        return _traced_floating(leaf, path) if cls is not float else leaf
    if cls is np.ndarray or isinstance(leaf, np.ndarray):
        if cls is not np.ndarray:
            if isinstance(leaf, np.ma.MaskedArray):
                raise InputError(
                    f"argument {path!r} is a masked array. A plain array is required. Pass x.filled(value)"
                )
            if not (isinstance(leaf, np.memmap) or cls is np.matrix or is_users_array(cls)):
                raise InputError(
                    f"argument {path!r} is an array of the class {cls.__name__}, which may define operations of its own. A plain array is required. "
                    "Pass np.asarray(x), and make the array of that class within the function"
                )
            leaf = np.asarray(leaf)
        kind = leaf.dtype.kind
        if kind in "fc":
            return leaf if leaf.dtype.isnative else leaf.astype(leaf.dtype.newbyteorder("="))
        if kind in "iu":
            return leaf.astype(np.float64)
        convert = f"Pass {path}.astype(float)" if kind in "bOSU" else "Convert it to float"
        raise InputError(_refusal(path, f"an array of dtype {leaf.dtype}", convert))
    if isinstance(leaf, (bool, np.bool_)):
        raise InputError(_refusal(path, f"the boolean {leaf!r}"))
    if isinstance(leaf, (int, np.integer)):
        try:
            return float(leaf) if isinstance(leaf, int) else np.float64(leaf)
        except OverflowError:
            raise InputError(_refusal(path, f"an integer of {int(leaf).bit_length()} bits")) from None
    if is_users_number(cls):  # whose operators are for the function alone
        return number_without_class(leaf)
    if isinstance(leaf, (float, complex, np.floating, np.complexfloating)):
        return leaf
    raise InputError(_refusal(path, f"{leaf!r:.200} of type {cls.__name__}", _as_numbers(leaf, path)))


def as_matrix(value: Any, like: np.ndarray) -> Any:
    """An ``np.matrix`` of what belongs to one; an array of another shape, as those of Jacobians are, as it is."""
    return value.view(np.matrix) if np.shape(value) == like.shape else value


def _traced_floating(leaf: Any, path: str) -> Any:
    kind = np.asarray(leaf.current()).dtype.kind
    if kind in "fc":
        return leaf
    if kind in "iu":
        return leaf.astype(np.float64)
    raise InputError(_refusal(path, "a boolean"))


def _refusal(path: str, what: str, instead: str = "Convert it to float") -> str:
    return (
        f"argument {path!r} is {what}, which cannot be differentiated. Real or complex numbers are required. "
        f"{instead}, or choose other arguments with argnums="
    )


def _as_numbers(leaf: Any, path: str) -> str:
    """How an object that holds numbers is passed as an array of them."""
    if hasattr(leaf, "detach") and hasattr(leaf, "numpy"):  # a tensor that knows its own gradient
        return f"Pass {path}.detach().cpu().numpy()"
    if hasattr(leaf, "__array__") or isinstance(leaf, (memoryview, array.array)):
        return f"Pass np.asarray({path})"
    if isinstance(leaf, Iterable) and not isinstance(leaf, (str, bytes, type)):
        return f"Pass list({path}), or an array"
    return "Convert it to float"


def kind_of(leaf: Any) -> type:
    """The class of a leaf; of a traced number that of its value, which is Python's or NumPy's."""
    cls = type(leaf)
    return type(leaf.value) if cls is TracedScalar else np.ndarray if cls is TracedArray else cls


def traced_number(value: Any, kind: type) -> Any:
    """A traced result where a number is expected, as a number of that kind; as an array of rank 0 where such a one is.

    Derivatives of derivatives come as arrays of rank 0, which a program may change in place where it has a number without derivatives (``b = a; b += 1``).
    """
    python = kind in (float, int, complex)
    if not (python or issubclass(kind, np.generic)):
        return value.reshape(()) if type(value) is TracedScalar and issubclass(kind, np.ndarray) else value
    if type(value) is not TracedScalar:
        value = value[()]
    plain = np.asarray(value.value)
    if python and plain.dtype not in (np.float64, np.complex128):
        return value
    number = plain.item() if python else plain[()]
    return value if type(number) is type(value.value) else TracedScalar(value.tape, value.index, number)


def plain_like(value: Any, kind: type, leaf: Any) -> Any:
    """A result in the form of the leaf it belongs to: float for Python numbers, NumPy scalar or array otherwise."""
    if isinstance_traced(value):
        return traced_number(value, kind)
    if kind is float or kind is int:
        return complex(value) if np.iscomplexobj(value) else float(value)
    if kind is complex:
        return complex(value)
    if isinstance(leaf, np.ndarray):
        if (
            type(value) is np.ndarray
            and value.flags.c_contiguous
            and value.flags.writeable
            and value.dtype == leaf.dtype
        ):
            return value if value.base is None else value.copy()
        return np.array(value, dtype=np.result_type(value, leaf) if leaf.dtype.kind != "c" else None, order="C")
    return leaf.dtype.type(value) if hasattr(leaf, "dtype") else value
