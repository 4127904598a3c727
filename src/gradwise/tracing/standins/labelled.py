"""Series, DataFrames, DataArrays and Datasets that hold traced numbers: their reductions.

Such a container holds an array of objects, on whose entries the libraries' own operators work.  Their reductions ask for floats; here the labels of the result come from the library, applied to the
plain numbers, and its numbers from NumPy's function on the traced ones, whose value must be the library's.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.containers import flatten
from gradwise.tracing.arithmetic import plain
from gradwise.tracing.instrument.objects import holds_traced, unwrapped
from gradwise.tracing.standins.recording import number, open_traces
from gradwise.tracing.standins.stacking import assembled

if TYPE_CHECKING:
    from collections.abc import Callable

_REDUCTIONS: dict[str, Any] = {
    **{name: getattr(np, name) for name in ("sum", "mean", "std", "var", "max", "min", "prod", "median")},
    **{name: getattr(np, name) for name in ("cumsum", "cumprod")},
}


def _entries(container: Any) -> np.ndarray | None:
    """The entries of a container that holds traced numbers."""
    values = container.values
    return values if type(values) is np.ndarray and holds_traced(values) else None


def _plainly(container: Any, entries: np.ndarray) -> Any:
    """The container with plain numbers."""
    numbers = unwrapped(entries).astype(float)
    if hasattr(container, "copy") and hasattr(container, "dims"):
        return container.copy(data=numbers)
    if entries.ndim == 2:
        return type(container)(numbers, index=container.index, columns=container.columns)
    return type(container)(numbers, index=container.index, name=container.name)


def _axis(container: Any, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
    if hasattr(container, "dims"):
        dims = options.get("dim", arguments[0] if arguments else None)
        return None if dims is None or dims is ... else container.get_axis_num(dims)
    axis = options.get("axis", arguments[0] if arguments else 0)
    return {"index": 0, "columns": 1}.get(axis, axis)


def _reducing(cls: Any, name: str) -> Callable[..., Any]:
    original = getattr(cls, name)

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        entries = _entries(self)
        if entries is None:
            return original(self, *args, **kwargs)
        made = original(_plainly(self, entries), *args, **kwargs)
        ddof = kwargs.get("ddof", 0 if hasattr(self, "dims") else 1)
        options = {"ddof": ddof} if name in ("std", "var") else {}
        result = _REDUCTIONS[name](assembled(entries.tolist()), axis=_axis(self, args, kwargs), **options)
        expected = np.asarray(made)
        if np.shape(plain(result)) != expected.shape or not np.allclose(plain(result), expected, rtol=1e-12):
            (trace,) = open_traces([entries.ravel()[0]])[:1] or [result.tape]
            raise trace.fail(
                f"{name}() of a {type(self).__name__} that holds traced numbers is not what NumPy gives (missing values, options). Write it with NumPy, on the values"
            )
        return _like(made, result)

    call.__name__ = name
    call.__doc__ = f"``{cls.__name__}.{name}``."
    return call


def _like(made: Any, result: Any) -> Any:
    """The labels of one, the numbers of the other."""
    if not hasattr(made, "values"):
        return result
    leaves, structure = flatten(made)
    if len(leaves) == 1:
        return structure.rebuild([result])
    return structure.rebuild([result[:, k] for k in range(len(leaves))])


def _float(self: Any) -> Any:
    """``float`` of a container of one number."""
    entries = _entries(self)
    return float(self) if entries is None else number(entries.item())


def _table(library: str, names: tuple[str, ...]) -> Callable[[], dict[type, dict[str, Callable[..., Any]]]]:
    def make() -> dict[type, dict[str, Callable[..., Any]]]:
        classes = [getattr(sys.modules[library], name) for name in names]
        return {
            cls: {name: _reducing(cls, name) for name in _REDUCTIONS if hasattr(cls, name)}
            | ({"__float__": _float} if hasattr(cls, "__float__") else {})
            for cls in classes
        }

    return make


LATE_METHODS: dict[str, Callable[[], dict[type, dict[str, Callable[..., Any]]]]] = {
    "xarray": _table("xarray", ("DataArray",)),
}
