"""xarray with traced numbers: DataArrays and Datasets that are made, changed and asked inside of a function.

xarray computes with whatever array answers NumPy's protocols; traced numbers are put into such an array (``labelled_numbers.py``) before xarray is called.  Interpolation, which SciPy does in compiled
code, is linear in the numbers: its weights are what xarray gives for unit vectors.
"""

from __future__ import annotations

import functools
import importlib
import sys
import types
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.containers import labelled as containers
from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.creation import buffer
from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.holders import LABELLED
from gradwise.tracing.instrument.callees import with_twins
from gradwise.tracing.instrument.ending import reveal_within
from gradwise.tracing.instrument.state import local
from gradwise.tracing.standins.frame_objects import columns, relabelled, settled
from gradwise.tracing.standins.labelled_numbers import Numbers
from gradwise.tracing.standins.recording import contains_traced, number, open_traces
from gradwise.tracing.standins.stacking import assembled
from gradwise.tracing.traced import TracedArray, TracedScalar, isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable

#: interpolated points along the axes that are interpolated are at most this many
LARGEST = 4096


def _xarray() -> Any:
    return sys.modules["xarray"]


def _given(value: Any) -> Any:
    """An argument as xarray can take it."""
    kind = type(value)
    if kind is TracedArray or kind is TracedScalar:
        return Numbers(value)
    if kind is dict:
        return {k: _given(v) for k, v in value.items()}
    if kind is list and value and contains_traced(value):
        return (
            Numbers(assembled(value))
            if all(isinstance_traced(v) or isinstance(v, (int, float, list)) for v in value)
            else value
        )
    if kind is tuple or kind is list:
        return kind([_given(v) for v in value])
    return with_twins(value)


def _variables(labelled: Any) -> list[Any]:
    if hasattr(labelled, "data_vars"):
        return [v.variable for v in labelled.data_vars.values()]
    return [labelled.variable] if hasattr(labelled, "variable") else []


def _holds(labelled: Any) -> bool:
    return any(type(v._data) is Numbers for v in _variables(labelled))


def numbers(labelled: Any) -> Any:
    """The traced array of a DataArray or Variable; None where nothing is traced."""
    data = getattr(labelled, "variable", labelled)._data
    return data.numbers if type(data) is Numbers else None


def _behind(labelled: Any) -> Any:
    found = numbers(labelled)
    return labelled if found is None else found


def _plainly(labelled: Any) -> Any:
    """The same object with plain numbers."""
    if hasattr(labelled, "data_vars"):
        return labelled.map(_plainly)
    return labelled if numbers(labelled) is None else labelled.copy(data=np.asarray(plain(numbers(labelled))))


# --- calls ---------------------------------------------------------------------------------------------------------------------------


def calling(function: Any, *, changes: bool = False) -> Callable[..., Any]:
    """A function or method of xarray; ``changes`` makes what it writes to ready for traced numbers."""

    @functools.wraps(function, updated=())
    def call(*args: Any, **kwargs: Any) -> Any:
        watch = local.watch
        if watch is None:
            return function(*args, **kwargs)
        if watch.overlay:
            reveal_within([*args, *kwargs.values()])
        first = args[:1] if changes else ()
        rest = [_given(a) for a in args[len(first) :]]
        if changes and not hasattr(args[0], "data_vars"):
            target = getattr(args[0], "data_array", args[0])
            _ready(target, rest[-1])
        return function(*first, *rest, **{k: _given(v) for k, v in kwargs.items()})

    return call


def _ready(target: Any, value: Any) -> None:
    """Make a DataArray that traced numbers are written to hold an array of the trace."""
    source = value if type(value) is Numbers else getattr(getattr(value, "variable", None), "_data", None)
    variable = target.variable
    if type(source) is Numbers and type(variable._data) is not Numbers and source.numbers.tape.open:
        watch = local.watch
        if watch is not None:
            watch.effects["it writes to a DataArray"] = None
            kept = np.asarray(variable.values, float)
            variable._data = Numbers(buffer(source.numbers.tape, kept))
            watch.later.append(functools.partial(_leave, variable))


def _leave(variable: Any) -> None:
    if type(variable._data) is Numbers:
        variable._data = np.array(plain(variable._data.numbers))


def _value(getter: Any) -> Callable[..., Any]:
    """``values``, ``data`` and ``to_numpy``: the traced array."""

    def call(labelled: Any, *args: Any, **kwargs: Any) -> Any:
        found = numbers(labelled) if local.watch is not None else None
        return getter(labelled, *args, **kwargs) if found is None else found

    return call


def _float(labelled: Any) -> Any:
    """``float`` of a container of one number."""
    found = numbers(labelled)
    return float(labelled) if found is None else number(found.item())


def _to_series(function: Any) -> Callable[..., Any]:
    """``to_series``: labels are xarray's, of the plain numbers."""

    def call(labelled: Any) -> Any:
        found = numbers(labelled)
        if found is None or local.watch is None:
            return function(labelled)
        return relabelled(function(_plainly(labelled)), np.reshape(found, (-1,)))

    return call


def _to_dataframe(function: Any) -> Callable[..., Any]:
    """``to_dataframe`` of a Dataset."""

    def call(labelled: Any, dim_order: Any = None) -> Any:
        if local.watch is None or not _holds(labelled):
            return function(labelled, dim_order)
        made = function(_plainly(labelled), dim_order)
        sizes = {d: labelled.sizes[d] for d in dim_order or labelled.sizes}
        for name, array in labelled.data_vars.items():
            if numbers(array) is not None:
                made[name] = columns().Column(np.reshape(numbers(array.variable.set_dims(sizes)), (-1,)))
        return settled(made)

    return call


def _interpolating(function: Any) -> Callable[..., Any]:
    """``interp`` at plain coordinates: the weights of the numbers are xarray's for unit vectors."""

    def call(labelled: Any, coords: Any = None, *args: Any, **options: Any) -> Any:
        known = {"method", "assume_sorted", "kwargs", "method_non_numeric"}
        places = dict(coords or {}) | {k: v for k, v in options.items() if k not in known}
        options = {k: v for k, v in options.items() if k in known}
        if local.watch is None or not (_holds(labelled) or any(map(_is_traced, places.values()))):
            return function(labelled, places, *args, **options)
        if hasattr(labelled, "data_vars"):
            one = _interpolating(_xarray().DataArray.interp)
            return labelled.map(lambda a: one(a, places, *args, **options) if set(places) & set(a.dims) else a)
        if any(map(_is_traced, places.values())):
            return _at_traced(function, labelled, places, args, options)
        return _weighted(function, labelled, places, args, options)

    return call


def _is_traced(place: Any) -> bool:
    return (
        contains_traced(place) or type(place) is Numbers or (hasattr(place, "variable") and numbers(place) is not None)
    )


def _weighted(function: Any, labelled: Any, places: Any, args: Any, options: Any) -> Any:
    found = numbers(labelled)
    expected = function(_plainly(labelled), places, *args, **options)
    dims = [d for d in labelled.dims if d in places]
    counts = [labelled.sizes[d] for d in dims]
    total = int(np.prod(counts))
    if total > LARGEST:
        raise found.tape.fail(
            f"interp() of {total} traced numbers at once was called. At most {LARGEST} are required. Write np.interp, axis by axis"
        )
    units = np.eye(total).reshape(*counts, total)
    coordinates = {d: labelled.coords[d] for d in dims if d in labelled.coords}
    table = _xarray().DataArray(units, dims=[*dims, "__unit__"], coords=coordinates)
    weights = function(table, places, *args, **options).transpose(..., "__unit__")
    others = [d for d in labelled.dims if d not in dims]
    moved = np.transpose(found, [labelled.dims.index(d) for d in (*others, *dims)])
    moved = np.reshape(moved, (*[labelled.sizes[d] for d in others], total))
    made = np.tensordot(moved, np.nan_to_num(weights.values), ([-1], [-1]))
    order = [*others, *weights.dims[:-1]]
    made = np.transpose(made, [order.index(d) for d in expected.dims])
    made = np.where(np.isnan(expected.values), np.nan, made)
    return expected.copy(data=Numbers(made))


def _at_traced(function: Any, labelled: Any, places: Any, args: Any, options: Any) -> Any:
    """Linear interpolation along one axis at a traced number, or at traced numbers along an axis of their own."""
    ((dim, place), *more) = places.items()
    target = numbers(place) if hasattr(place, "variable") else place.numbers if type(place) is Numbers else place
    trace = open_traces([target])[0] if not isinstance(target, list) else None
    method = options.get("method", args[0] if args else "linear")
    own_axis = getattr(place, "dims", ()) if hasattr(place, "variable") else ()
    if (
        trace is None
        or more
        or method != "linear"
        or (np.ndim(plain(target)) and dim in (*own_axis, *([] if own_axis else [dim])))
    ):
        raise (trace or open_traces(target)[0]).fail(
            f"interp() at traced coordinates of {dim!r} was called, which would be an index of plain numbers. A number, or a DataArray along another axis, is required, with method='linear'"
        )
    shown = place.copy(data=np.asarray(plain(target))) if own_axis else plain(target)
    expected = function(_plainly(labelled), {dim: shown}, *args, **options)
    data = numbers(labelled) if _holds(labelled) else labelled.values
    x = np.asarray(labelled.coords[dim].values, float)
    moved = np.moveaxis(as_array(data), labelled.dims.index(dim), -1)
    order = np.argsort(x)
    x, moved = x[order], moved[..., order]
    k = np.clip(np.searchsorted(x, plain(target), side="right") - 1, 0, len(x) - 2)
    part = (target - x[k]) / (x[k + 1] - x[k])
    made = moved[..., k] * (1 - part) + moved[..., k + 1] * part
    axes = [d for d in labelled.dims if d != dim] + list(own_axis)
    made = np.transpose(as_array(made), [axes.index(d) for d in expected.dims])
    made = np.where(np.isnan(expected.values), np.nan, made)
    result = expected.copy(data=Numbers(made))
    return result.assign_coords({dim: (own_axis, Numbers(target))})


_NAMES = (
    "__getitem__",
    "__array_ufunc__",
    "__neg__",
    "__abs__",
    "__call__",
    "__getattr__",
    "__matmul__",
    "__rmatmul__",
)
_ARITHMETIC = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "eq", "ne", "lt", "le", "gt", "ge")
_OPERATORS = frozenset(f"__{r}{name}__" for name in _ARITHMETIC for r in ("", "r", "i")) | set(_NAMES)


def _methods_of(cls: type) -> dict[str, Callable[..., Any]]:
    found: dict[str, Callable[..., Any]] = {}
    for name in dir(cls):
        function = getattr(cls, name)
        if type(function) is types.FunctionType and (name in _OPERATORS or name[0] != "_"):
            found[name] = calling(function)
        elif name == "__setitem__":
            found[name] = calling(function, changes=True)
    return found


def _table() -> dict[type, dict[str, Callable[..., Any]]]:
    xarray = _xarray()
    known = importlib.import_module("gradwise.tracing.instrument.known")
    containers.MADE["xarray"] = Numbers
    LABELLED[xarray.DataArray] = LABELLED[xarray.Variable] = _behind
    table = {cls: _methods_of(cls) for cls in (xarray.DataArray, xarray.Dataset, xarray.Variable)}
    for cls in (xarray.DataArray, xarray.Variable):
        for name in ("values", "data"):
            descriptor = getattr(cls, name)
            if isinstance(descriptor, property):
                known.KNOWN[id(descriptor.fget)] = _value(descriptor.fget)
        table[cls] |= {name: _value(getattr(cls, name)) for name in ("to_numpy", "__array__") if hasattr(cls, name)}
        table[cls] |= {"__float__": _float}
    for cls in (xarray.DataArray, xarray.Dataset):
        table[cls]["interp"] = _interpolating(cls.interp)
    table[xarray.DataArray]["to_series"] = _to_series(xarray.DataArray.to_series)
    table[xarray.Dataset]["to_dataframe"] = _to_dataframe(xarray.Dataset.to_dataframe)
    locating = type(xarray.DataArray([0.0]).loc)
    table[locating] = {"__setitem__": calling(locating.__setitem__, changes=True)}
    for name in (
        "where",
        "concat",
        "merge",
        "dot",
        "apply_ufunc",
        "full_like",
        "polyval",
        "cov",
        "corr",
        "broadcast",
        "combine_by_coords",
    ):
        known.KNOWN[id(getattr(xarray, name))] = calling(getattr(xarray, name))
    for cls in (xarray.DataArray, xarray.Dataset, xarray.Variable):
        known.KNOWN[id(cls)] = calling(cls)
    return table


LATE_METHODS: dict[str, Callable[[], dict[type, dict[str, Callable[..., Any]]]]] = {"xarray": _table}
