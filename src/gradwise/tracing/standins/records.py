"""Structured arrays and records of traced numbers: ``r["x"] = x``, ``r[i]["x"]``, ``r.x``, ``np.array([(a, b)], dtype=[...])``.

NumPy keeps the fields of an entry side by side in one memory; here each field of numbers is an array of its own, which may be traced.  A row is a view: what is assigned to its fields reaches the array.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.holders import OWNERS, Holder
from gradwise.tracing.instrument.state import current_trace
from gradwise.tracing.standins.arrays import STRUCTURED
from gradwise.tracing.standins.buffers import RECORDS, owned
from gradwise.tracing.standins.recording import at_line, carries, contains_traced, open_traces
from gradwise.tracing.traced import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class TracedRecords(Holder):
    """What stands for a structured array whose fields may be traced; ``kind`` is ``np.ndarray`` or ``np.recarray``."""

    __slots__ = ("__weakref__", "dtype", "fields", "kind", "shape")
    dtype: np.dtype[Any]
    fields: dict[str, Any]
    kind: type
    shape: tuple[int, ...]

    def __init__(self, dtype: Any, shape: Any, fields: dict[str, Any], kind: type = np.ndarray) -> None:
        for name, value in (("dtype", dtype), ("shape", tuple(shape)), ("fields", fields), ("kind", kind)):
            object.__setattr__(self, name, value)

    @property  # type: ignore[misc]  # answers isinstance(r, np.ndarray) as the plain one would
    def __class__(self) -> type:
        return self.kind

    # --- what it stands for -------------------------------------------------------------------------------------------------

    def parts(self) -> list[Any]:
        found = []
        for value in self.fields.values():
            found.extend(value.parts() if type(value) is TracedRecords else [value])
        return found

    def plain(self) -> Any:
        made = np.empty(self.shape, self.dtype)
        for name, value in self.fields.items():
            made[name] = value.plain() if type(value) is TracedRecords else plain(value)
        return made if self.kind is np.ndarray else made.view(np.recarray)

    def as_output(self) -> Any:
        raise _refusal(self, "returning it from the function that is differentiated")

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self._constant("turning it into a plain array, or a function of NumPy that has no rule for it,")

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        name = f"np.{function.__name__}"
        return function(*[_constant(a, name) for a in args], **{k: _constant(v, name) for k, v in kwargs.items()})

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return getattr(ufunc, method)(*[_constant(a, f"np.{ufunc.__name__}") for a in inputs], **kwargs)

    def _constant(self, what: str) -> Any:
        """The plain array, if nothing in it depends on what is differentiated."""
        if any(map(carries, self.parts())):
            raise _refusal(self, what)
        return self.plain()

    # --- items --------------------------------------------------------------------------------------------------------------

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            if key not in self.fields:
                raise ValueError(f"no field of name {key}")
            return self.fields[key]
        if isinstance(key, list) and key and all(isinstance(k, str) for k in key):
            return TracedRecords(self.dtype[key], self.shape, {k: self.fields[k] for k in key}, self.kind)
        key = concrete(key, "index")
        shape = np.shape(np.empty(self.shape, bool)[key])
        if shape == () and not isinstance(key, slice):
            places = np.arange(math.prod(self.shape)).reshape(self.shape)[key]
            return TracedRecord(self, np.unravel_index(int(places), self.shape))
        return TracedRecords(self.dtype, shape, {n: f[key] for n, f in self.fields.items()}, self.kind)

    def __setitem__(self, key: Any, value: Any) -> None:
        if isinstance(key, str):
            self[key][...] = value
            return
        key = concrete(key, "index")
        if type(value) in (TracedRecord, TracedRecords) or getattr(getattr(value, "dtype", None), "names", None):
            names = value.dtype.names
            for own, name in zip(self.fields, names, strict=True):
                self.fields[own][key] = value[name]
        elif isinstance(value, tuple):
            for name, entry in zip(self.fields, value, strict=True):
                self.fields[name][key] = entry
        elif isinstance(value, list):
            for place, entry in zip(np.arange(len(self))[key], value, strict=True):
                self[int(place)] = entry
        else:
            for name in self.fields:
                self.fields[name][key] = value

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("__") and self.kind is np.recarray and name in self.fields:
            return self.fields[name]
        if name.startswith("__") or not hasattr(np.ndarray, name):
            raise AttributeError(f"'{self.kind.__name__}' object has no attribute '{name}'")
        return getattr(self._constant(f"its attribute {name}"), name)

    def __setattr__(self, name: str, value: Any) -> None:
        if self.kind is np.recarray and name in self.fields:
            self.fields[name][...] = value
        else:
            raise _refusal(self, f"assigning its attribute {name}")

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    def copy(self) -> Any:
        return TracedRecords(self.dtype, self.shape, {n: f.copy() for n, f in self.fields.items()}, self.kind)

    def view(self, kind: Any) -> Any:
        if kind not in (np.ndarray, np.recarray):
            raise _refusal(self, "view() as another dtype")
        return TracedRecords(self.dtype, self.shape, self.fields, kind)

    def reshape(self, *shape: Any) -> Any:
        fields = {n: f.reshape(*shape) for n, f in self.fields.items()}
        return TracedRecords(self.dtype, np.empty(self.shape, bool).reshape(*shape).shape, fields, self.kind)

    def tolist(self) -> list[Any]:
        if self.ndim != 1:
            return [row.tolist() for row in self]
        return [record.item() for record in self]

    def __repr__(self) -> str:
        return repr(self.plain())

    def __str__(self) -> str:
        return str(self.plain())


class TracedRecord(Holder):
    """One row of a structured array: a view."""

    __slots__ = ("array", "place")

    def __init__(self, array: TracedRecords, place: Any) -> None:
        object.__setattr__(self, "array", array)
        object.__setattr__(self, "place", tuple(int(i) for i in place))

    @property  # type: ignore[misc]  # as the plain one
    def __class__(self) -> type:
        return np.void if self.array.kind is np.ndarray else np.record

    @property
    def dtype(self) -> Any:
        return self.array.dtype

    def _name(self, key: Any) -> str:
        return key if isinstance(key, str) else list(self.array.fields)[key]

    def parts(self) -> list[Any]:
        return [v for v in self.item() if isinstance_traced(v)]

    def plain(self) -> Any:
        return self.array.plain()[self.place]

    def as_output(self) -> Any:
        return self.array.as_output()

    def __getitem__(self, key: Any) -> Any:
        return self.array.fields[self._name(key)][self.place]

    def __setitem__(self, key: Any, value: Any) -> None:
        self.array.fields[self._name(key)][self.place] = value

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("__") and self.array.kind is np.recarray and name in self.array.fields:
            return self[name]
        raise AttributeError(name)

    def __setattr__(self, name: str, value: Any) -> None:
        if self.array.kind is not np.recarray or name not in self.array.fields:
            raise AttributeError(name)
        self[name] = value

    def __len__(self) -> int:
        return len(self.array.fields)

    def __iter__(self) -> Iterator[Any]:
        return (self[n] for n in self.array.fields)

    def item(self) -> tuple[Any, ...]:
        return tuple(self)

    tolist = item


def _constant(value: Any, what: str) -> Any:
    return value._constant(what) if type(value) is TracedRecords else value


def _refusal(records: TracedRecords, what: str) -> Exception:
    traced = [p for p in records.parts() if isinstance_traced(p)]
    message = f"{what} of a structured array whose fields are traced has no rule for its derivative. Use its fields, which are arrays: r['{next(iter(records.fields))}']"
    error: Exception = traced[0].tape.fail(message) if traced else TypeError(message)
    return error


# --- making ---------------------------------------------------------------------------------------------------------------------


def _has_numbers(dtype: Any) -> bool:
    return any(_has_numbers(dtype[n]) if dtype[n].names else dtype[n].base.kind in "fc" for n in dtype.names)


def of_plain(value: Any, trace: Any) -> Any:
    """A fresh structured array of NumPy as one of the trace: its fields of numbers may be traced."""
    if not _has_numbers(value.dtype):
        return value
    kind = np.recarray if isinstance(value, np.recarray) else np.ndarray
    fields = {}
    for name in value.dtype.names:
        part = np.array(np.asarray(value)[name])
        fields[name] = of_plain(part, trace) if part.dtype.names else owned(trace, part)
    return TracedRecords(value.dtype, value.shape, fields, kind)


def from_rows(rows: Any, dtype: Any, kind: type = np.ndarray) -> Any:
    """The structured array of a row, or of a (nested) list of rows, which are tuples that hold traced numbers."""
    shape: tuple[int, ...]
    if isinstance(rows, tuple) or type(rows) is TracedRecord:
        rows, shape = [rows], ()
    else:
        shape, inner = (len(rows),), rows
        while inner and isinstance(inner[0], list):
            inner = inner[0]
            shape = (*shape, len(inner))
        for _ in shape[1:]:
            rows = [r for part in rows for r in part]
    columns = list(zip(*rows, strict=True))
    fields = {}
    for name, column in zip(dtype.names, columns, strict=True):
        field = dtype[name]
        if field.names:
            made = from_rows(list(column), field)
            fields[name] = made.reshape(shape)
            continue
        base = field.base
        part = as_array(list(column)) if contains_traced(list(column)) else np.array(column, base)
        if part.dtype != base:
            part = part.astype(base)
        part = part.copy().reshape((*shape, *field.shape))
        fields[name] = part if isinstance_traced(part) else owned(current_trace(), part)
    return TracedRecords(dtype, shape, fields, kind)


def made_of(obj: Any, dtype: Any, *, copy: bool = True) -> Any:
    """``np.array(obj, dtype)`` for a structured dtype and an argument that holds traced values."""
    if type(obj) is TracedRecords:
        return obj.copy() if copy else obj
    if isinstance_traced(obj):
        raise obj.tape.fail(
            "an array of traced numbers was made an array of a structured dtype, which puts each number into every field. Write r = np.zeros(n, dtype) and r['x'] = x"
        )
    traces = open_traces(_flat(obj, []))
    with at_line(*traces):
        return from_rows(obj, np.dtype(dtype))


def _flat(items: Any, found: list[Any]) -> list[Any]:
    for item in items:
        if isinstance(item, (list, tuple)):
            _flat(item, found)
        else:
            found.append(item)
    return found


def recarray(shape: Any, dtype: Any = None, *rest: Any, **options: Any) -> Any:
    """``np.recarray``: zeros, where NumPy's memory is arbitrary."""
    made = np.recarray(shape, dtype, *rest, **options)
    trace = current_trace()
    if trace is None or rest or options.get("buf") is not None:
        return made
    return of_plain(np.zeros(made.shape, made.dtype).view(np.recarray), trace)


def fromarrays(arrayList: Any, dtype: Any = None, shape: Any = None, *rest: Any, **options: Any) -> Any:
    """``np.rec.fromarrays``."""
    if not contains_traced(list(arrayList)):
        return np.rec.fromarrays(arrayList, dtype, shape, *rest, **options)
    arrays = [as_array(a) for a in arrayList]
    made = np.rec.fromarrays([np.array(plain(a)) for a in arrays], dtype, shape, *rest, **options)
    fields = {}
    for name, a in zip(made.dtype.names, arrays, strict=True):
        part = a if a.dtype == made.dtype[name].base else a.astype(made.dtype[name].base)
        fields[name] = part.copy().reshape(np.shape(made[name]))
    return TracedRecords(made.dtype, made.shape, fields, np.recarray)


def fromrecords(recList: Any, dtype: Any = None, *rest: Any, **options: Any) -> Any:
    """``np.rec.fromrecords``."""
    if not contains_traced(list(recList)):
        return np.rec.fromrecords(recList, dtype, *rest, **options)
    flat = [tuple(plain(v) for v in row) for row in recList]
    made = np.rec.fromrecords(flat, dtype, *rest, **options)
    return from_rows([tuple(r) for r in recList], made.dtype, np.recarray)


RECORDS[:] = [of_plain]
OWNERS[np.void] = lambda records: of_plain(records, current_trace())
STRUCTURED[:] = [made_of]

STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "numpy": {"recarray": recarray},
    "numpy.rec": {"fromarrays": fromarrays, "fromrecords": fromrecords},
}
