"""The methods and attributes of ndarray (and of NumPy's scalars) on traced values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from gradwise.rules import algebra, broadcasting, elementwise
from gradwise.rules.broadcasting import convert_p, real_dtype, reshape_p
from gradwise.rules.shapes import scatter_add
from gradwise.rules.shapes import transpose as transpose_p
from gradwise.tracing import conversions, data_model, indexing, keys, reducing, reshaping, sparse
from gradwise.tracing.aliasing import base_of, flags_of, mirror_of
from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.flat import Flat
from gradwise.tracing.text import shown_as
from gradwise.tracing.traced import (
    Traced,
    TracedArray,
    TracedScalar,
    apply,
    dtype_of,
    isinstance_traced,
    operand_index,
)

# --- attributes -------------------------------------------------------------------------------------------------------------


def _attribute(name: str) -> property:
    def read(self: Traced) -> Any:
        value = self.current()
        return getattr(value, name) if hasattr(value, name) else getattr(np.asarray(value), name)

    return property(read)


def _real(self: Traced) -> Any:
    if dtype_of(self.value).kind != "c":
        return self
    return apply(self.tape, algebra.real_p, (self,)) if self.tape.open else np.real(self.current())


def _imag(self: Traced) -> Any:
    if not self.tape.open:
        return np.imag(self.current())
    if dtype_of(self.value).kind != "c":
        return np.zeros_like(self.current())[()] if type(self) is TracedArray else type(self.value)(0)
    return apply(self.tape, algebra.imag_p, (self,))


def _set_real(self: Any, value: Any) -> None:
    (self if dtype_of(self.value).kind != "c" else _real(self))[...] = value


def _set_imag(self: TracedArray, value: Any) -> None:
    if dtype_of(self.value).kind != "c":
        raise TypeError("array does not have imaginary part to set")
    _imag(self)[...] = value


# --- shape ------------------------------------------------------------------------------------------------------------------


def reshape(self: Any, *shape: Any, order: Any = "C", copy: bool | None = None) -> Any:
    """``x.reshape(shape)``; a view where NumPy gives one."""
    if len(shape) == 1 and not isinstance(shape[0], (int, np.integer)) and not isinstance_traced(shape[0]):
        shape = tuple(shape[0])
    shape = tuple([n if type(n) is int else int(concrete(n, "int")) for n in shape])
    value = self.current()
    if not self.tape.open:
        return np.reshape(value, shape, order=order)
    if order == "A":
        order = "F" if np.isfortran(np.asarray(value)) else "C"
    if order == "F":
        return (
            reshape(self.T, shape[::-1]).T
            if -1 not in shape
            else reshape(self.T, np.reshape(value, shape).shape[::-1]).T
        )
    new = value.reshape(shape) if type(value) is np.ndarray else np.reshape(value, shape)
    if type(self) is TracedScalar:
        array = _as_array(self)
        return array if new.shape == () else reshape(array, new.shape)
    if new.shape == value.shape:
        return self[...]
    result = apply(self.tape, reshape_p, (self,), (new.shape,), new)
    return result.copy() if copy else result


def _as_array(self: Any) -> TracedArray:
    """A traced 0-dimensional array holding a traced scalar."""
    if type(self) is TracedArray:
        return self
    value = np.asarray(self.value)
    return TracedArray(self.tape, self.index, value, pinned=True)


def transpose(self: Any, *axes: Any) -> Any:
    """``x.transpose(axes)``, a view."""
    value = self.current()
    if len(axes) == 1 and (axes[0] is None or isinstance(axes[0], (tuple, list, np.ndarray))):
        axes = () if axes[0] is None else tuple(axes[0])
    if not self.tape.open:
        return np.transpose(value, axes or None)
    ndim = np.ndim(value)
    if ndim < 2 and not axes:
        return self[...] if type(self) is TracedArray else self
    order = normalize_axis_tuple(axes, ndim) if axes else tuple(range(ndim))[::-1]
    if len(order) != ndim:
        raise ValueError("axes don't match array")
    return apply(self.tape, transpose_p, (self,), (tuple(order),))


def swapaxes(self: Any, axis1: int, axis2: int) -> Any:
    """``x.swapaxes(a, b)``, a view."""
    ndim = self.ndim
    a, b = normalize_axis_index(axis1, ndim), normalize_axis_index(axis2, ndim)
    order = list(range(ndim))
    order[a], order[b] = order[b], order[a]
    return transpose(self, tuple(order))


def ravel(self: Any, order: Any = "C") -> Any:
    """``x.ravel()``: a view where NumPy gives one, which is contiguous in any case."""
    value = np.asarray(self.current())
    shared = type(self) is TracedArray and np.may_share_memory(value.ravel(order), value)
    if order == "K":  # as the entries lie in memory, but not backwards
        self = transpose(self, _memory_order(self.current()))
        order = "C"
    result = reshape(self, -1, order=order)
    return result if shared else result.copy()


def _memory_order(value: Any) -> tuple[int, ...]:
    """The axes from the largest stride to the smallest."""
    strides = np.asarray(value).strides
    return tuple(sorted(range(len(strides)), key=lambda i: -abs(strides[i])))


def flatten(self: Any, order: str = "C") -> Any:
    """``x.flatten()``, a copy."""
    return ravel(self, order).copy()


def squeeze(self: Any, axis: Any = None) -> Any:
    """``x.squeeze()``, a view."""
    shape = np.squeeze(self.current(), axis).shape
    return self if type(self) is TracedScalar else reshape(self, shape)


# --- copies and conversions ---------------------------------------------------------------------------------------------------


def copy(self: Any, order: str = "C") -> Any:
    """``x.copy()``: an array of its own."""
    value = self.current()
    if type(self) is TracedScalar:
        return self
    if not self.tape.open:
        return value.copy(order)
    kept = self.tape.values[self.index] is not None
    twin = TracedArray(self.tape, self.index, value.copy(order))
    if kept:  # the contents are kept by the original's buffer; ours is free to change
        twin.pinned = False
    return twin


def astype(
    self: Any, dtype: Any, order: Any = "K", casting: Any = "unsafe", subok: bool = True, copy: bool = True
) -> Any:
    """``x.astype(dtype)``; to an integer or boolean dtype the result no longer carries a derivative."""
    dtype, value = np.dtype(dtype), self.current()
    if not self.tape.open:
        return np.asarray(value).astype(dtype, order, casting, subok, copy)[()]
    if dtype.kind == "O" and dtype_of(value).kind in "fc":
        return item(self) if type(self) is TracedScalar else conversions.objects(self)
    if dtype.kind not in "fciub":
        raise self.tape.fail(
            f"conversion to {dtype} would lose the derivative of a traced value. A float or complex dtype is required"
        )
    if not np.can_cast(dtype_of(value), dtype, casting):
        raise TypeError(
            f"Cannot cast array data from {dtype_of(value)!r} to {dtype!r} according to the rule {casting!r}"
        )
    if dtype_of(value) == dtype:
        same = not copy and np.asarray(value).astype(dtype, order, copy=False) is value
        return self if same else globals()["copy"](self, order)
    made = np.asarray(value).astype(dtype, order)  # as it is: a view counts as in another order
    return apply(self.tape, convert_p, (self,), (dtype,), made[()] if type(self) is TracedScalar else made)


def item(self: Any, *args: Any) -> Any:
    """``x.item()``: a traced Python number."""
    value = self.current()
    if not self.tape.open:
        return np.asarray(value).item(*args)
    if type(self) is TracedArray:
        if not args:
            if value.size != 1:
                raise ValueError("can only convert an array of size 1 to a Python scalar")
            self = self[(0,) * value.ndim]
        elif len(args) == 1 and not isinstance(args[0], tuple):
            self = self.reshape(-1)[int(concrete(args[0]))]
        else:
            self = self[args[0] if len(args) == 1 else tuple(args)]
    number = self.value.item() if hasattr(self.value, "item") else self.value
    if dtype_of(self.value) not in (np.float64, np.complex128) and dtype_of(self.value).kind in "fc":
        wide = np.dtype(np.complex128 if dtype_of(self.value).kind == "c" else np.float64)
        index = self.tape.record(convert_p, (self.index,), (wide,), number)
        return TracedScalar(self.tape, index, number)
    return TracedScalar(self.tape, self.index, number)


def tolist(self: Any) -> Any:
    """``x.tolist()``: nested lists of traced Python numbers."""
    if not self.tape.open:
        return np.asarray(self.current()).tolist()
    if type(self) is TracedScalar or self.ndim == 0:
        return item(self)
    return [tolist(self[i]) for i in range(len(self))]


def fill(self: TracedArray, value: Any) -> None:
    """``x.fill(value)``."""
    self[...] = value


def add_at(self: TracedArray, indices: Any, updates: Any) -> None:
    """``np.add.at(x, indices, updates)``."""
    trace = self.tape
    self.sync()
    self, indices, updates = indexing.ordinary_write(self, indices, updates)
    key, arrays = keys.split_key(indices, self.value.shape)
    if not isinstance_traced(updates):
        updates = np.asarray(updates)
    value = plain(updates)
    self.prepare_write()
    np.add.at(self.value, keys.plain_key(indices), value)
    mirror = mirror_of(self)
    if mirror is not None:
        mirror[keys.plain_key(indices)] = self.value[keys.plain_key(indices)]
    source = operand_index(trace, updates, self.value.dtype)
    taken = self.value[keys.plain_key(indices)]
    if np.shape(value) != np.shape(taken):
        from_index = trace.record(broadcasting.broadcast_to_p, (source,), (np.shape(taken),), None)
        source = from_index
    places = tuple(operand_index(trace, a, None) for a in arrays)
    self.commit(trace.record(scatter_add, (self.index, source, *places), (key,), None))


# --- the rest of the ndarray interface, by NumPy's own functions --------------------------------------------------------------


def _through(name: str) -> Any:
    function = getattr(np, name)

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return function(self, *args, **kwargs)

    method.__name__ = name
    method.__doc__ = f"``np.{name}`` of this array."
    return method


def sort(self: Any, axis: int = -1, kind: Any = None, order: Any = None, **options: Any) -> None:
    """``x.sort()``, in place."""
    self[...] = np.sort(self, axis=axis, **options)


def partition(self: Any, kth: Any, axis: int = -1, kind: Any = "introselect", order: Any = None) -> None:
    """``x.partition(kth)``, in place."""
    self[...] = np.partition(self, kth, axis=axis)


def put(self: Any, indices: Any, values: Any, mode: Any = "raise") -> None:
    """``x.put(indices, values)``, in place."""
    np.put(self, indices, values, mode=mode)


def searchsorted(self: Any, v: Any, side: Any = "left", sorter: Any = None) -> Any:
    """``x.searchsorted(v)``."""
    return np.searchsorted(self, v, side, sorter)


def _hash(self: Traced) -> int:
    self.tape.looked_up = True
    if self.tape.forgetful:  # no key of an earlier run
        self.tape.forget(-1)
        return hash((concrete(self), self.tape.level))
    return hash(concrete(self))


def _conjugate(self: Traced) -> Any:
    if self.tape.open and type(self.value) is complex:  # a number of Python's stays one
        return apply(self.tape, algebra.conj, (self,), (), self.value.conjugate())
    return np.conjugate(self)


def install(scalar: Any, array: Any) -> None:
    """Give the traced classes the interface of ndarray and of NumPy's scalars."""
    shared: dict[str, Any] = {
        "real": property(_real),
        "imag": property(_imag),
        "T": property(transpose),
        "reshape": reshape,
        "transpose": transpose,
        "swapaxes": swapaxes,
        "ravel": ravel,
        "flatten": flatten,
        "squeeze": squeeze,
        "copy": copy,
        "__copy__": copy,
        "__deepcopy__": lambda self, memo: copy(self),
        "astype": astype,
        "item": item,
        "tolist": tolist,
        "conj": lambda self: np.conjugate(self),
        "conjugate": _conjugate,
        "sum": reducing.sum_,
        "prod": reducing.prod,
        "mean": reducing.mean,
        "var": reducing.var,
        "std": reducing.std,
        "max": reducing.max_,
        "min": reducing.min_,
        "any": reducing.any_,
        "all": reducing.all_,
        "argmax": reducing.argmax,
        "argmin": reducing.argmin,
        "cumsum": reducing.cumsum,
        "cumprod": reducing.cumprod,
        "round": lambda self, decimals=0, out=None: np.round(self, decimals, out),
        "searchsorted": searchsorted,
        # by place: the function has the keywords min and max from NumPy 2.1 on only
        "clip": lambda self, min=None, max=None, out=None, **rest: np.clip(self, min, max, out, **rest),  # noqa: A006
        "compress": lambda self, condition, axis=None, out=None: np.compress(condition, self, axis, out),
        "__float__": conversions.as_float,
        "__complex__": conversions.as_complex,
        "__array__": conversions.as_array,
        "__round__": conversions.rounded,
        "__trunc__": lambda self: math.trunc(concrete(self, "int")),
        "__floor__": lambda self: math.floor(concrete(self, "int")),
        "__ceil__": lambda self: math.ceil(concrete(self, "int")),
        "__hash__": _hash,
        "__repr__": lambda self: shown_as(self, repr(self.shown())),
        "__str__": lambda self: shown_as(self, str(self.shown())),
        "__format__": lambda self, specification: shown_as(self, format(self.shown(), specification)),
        "flags": property(flags_of),
        "__array_function__": None,
        "__array_ufunc__": None,
    }
    for name in ("dot", "trace", "diagonal", "repeat", "take", "choose", "nonzero", "argsort", "argpartition"):
        shared[name] = _through(name)
    shared |= {n: _attribute(n) for n in ("shape", "ndim", "size", "dtype", "itemsize", "nbytes", "strides")}
    for name, member in shared.items():
        if member is not None:
            for cls in (scalar, array):
                setattr(cls, name, member)
    only_array: dict[str, Any] = {
        "__getitem__": indexing.get,
        "__setitem__": indexing.put,
        "__iter__": conversions.iterate,
        "__len__": conversions.length,
        "__contains__": conversions.contains,
        "__hash__": None,
        "real": property(_real, _set_real),
        "imag": property(_imag, _set_imag),
        "mT": property(lambda self: swapaxes(self, -1, -2)),
        "flat": property(Flat, lambda self, value: Flat(self).__setitem__(slice(None), value)),
        "base": property(base_of),
        "fill": fill,
        "add_at": add_at,
        "sort": sort,
        "partition": partition,
        "put": put,
        "view": conversions.view,
    }
    for name, member in only_array.items():
        setattr(array, name, member)
    array.shape = property(array.shape.fget, reshaping.set_shape)
    array.resize = reshaping.resize
    only_scalar: dict[str, Any] = {
        "__getitem__": conversions.scalar_entry,
        "__iter__": None,  # for want of it Python would ask for entries 0, 1, … and take their absence for an end
        "is_integer": lambda self: concrete(self).is_integer(),
        "as_integer_ratio": conversions.as_digits("as_integer_ratio"),
        "hex": conversions.as_digits("hex"),
    }
    for name, member in only_scalar.items():
        setattr(scalar, name, member)
    data_model.install(scalar, array)
    sparse.install(array)
    conversions.install(scalar, array)


__all__ = ["elementwise", "install", "real_dtype"]
