"""Containers with labels: Series and DataFrames of pandas, DataArrays and Datasets of xarray.

    open_labelled : labelled -> ([array], Labels)         Labels.rebuild : [array] -> labelled

Their numbers are leaves; index, columns, coordinates, names and attributes belong to the structure, as do columns and variables that hold no numbers.  Neither library is imported here: who passes
such an object has it loaded.  Values that are no plain arrays (traced ones) become arrays of objects, on whose entries the libraries' operators work.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

_KINDS = {"pandas": ("Series", "DataFrame"), "xarray": ("DataArray", "Dataset")}
_NUMBERS = "fciu"

#: by library, what makes an array that its objects hold of a traced one; the tracing room puts it there
MADE: dict[str, Callable[[Any], Any]] = {}


def is_labelled(kind: type) -> bool:
    """Whether a type is one of these four."""
    package = kind.__module__.partition(".")[0]
    if package not in _KINDS or kind.__name__ not in _KINDS[package]:
        return False
    return kind is getattr(sys.modules.get(package), kind.__name__, None)


class Labels:
    """What a labelled container holds beside its numbers.

    Attributes
    ----------
    kind : type
    template : object
        A container of the same labels; its numbers are not looked at, and small.
    names : tuple
        The columns or variables that hold numbers; one None for a Series or DataArray.
    shapes : tuple
        The shape of each.
    """

    __slots__ = ("kind", "names", "shapes", "template")

    def __init__(self, kind: type, template: Any, names: tuple[Any, ...], shapes: tuple[Any, ...]) -> None:
        self.kind = kind
        self.template = template
        self.names = names
        self.shapes = shapes

    def __hash__(self) -> int:
        return hash((self.kind, len(self.names), self.shapes))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Labels) or (self.kind, self.names, self.shapes) != (
            other.kind,
            other.names,
            other.shapes,
        ):
            return False
        return (
            self.kind is np.matrix
            or self.template is other.template
            or bool(
                self.template.identical(other.template)
                if hasattr(self.template, "identical")
                else _same(self.template, other.template)
            )
        )

    def suffixes(self) -> list[str]:
        """The text that leads to each of the leaves."""
        return ["" if name is None else f"[{name!r}]" for name in self._spoken()]

    def _spoken(self) -> tuple[Any, ...]:
        """The names as the user knows them: labels of columns, if no two are the same."""
        if self.kind.__name__ != "DataFrame" or not self.template.columns.is_unique:
            return self.names
        return tuple(self.template.columns[k] for k in self.names)

    def rebuild(self, values: list[Any]) -> Any:
        """The container with other numbers; arrays alone (by name, where there are several) if their shapes are others, as those of a Jacobian are."""
        if any(np.shape(v) != shape for v, shape in zip(values, self.shapes, strict=True)):
            return values[0] if self.names == (None,) else dict(zip(self._spoken(), values, strict=True))
        made_by: Any = MADE.get(self.kind.__module__.partition(".")[0], _as_objects)
        arrays: list[Any] = [made_by(v) if hasattr(v, "__primitive__") else np.asarray(v) for v in values]
        name = self.kind.__name__
        library: Any = sys.modules[self.kind.__module__.partition(".")[0]]
        made: Any
        if name == "Series":
            made = library.Series(arrays[0], index=self.template.index, name=self.template.name)
        elif name == "DataArray":
            made = self.template.copy(data=arrays[0])
        elif name == "Dataset":
            return self.template.assign(
                {n: (self.template[n].dims, a, self.template[n].attrs) for n, a in zip(self.names, arrays, strict=True)}
            )
        else:
            given = dict(zip(self.names, arrays, strict=True))
            columns = [given[k] if k in given else self.template.iloc[:, k] for k in range(self.template.shape[1])]
            made = library.DataFrame(dict(enumerate(columns)), index=self.template.index)
            made.columns = self.template.columns
        if name in ("Series", "DataFrame"):
            made.attrs.update(self.template.attrs)
        return made


def _same(a: Any, b: Any) -> bool:
    """Whether two Series or DataFrames have the same labels, and the same columns without numbers."""
    if not a.index.equals(b.index):
        return False
    if not hasattr(a, "columns"):
        return bool(a.name == b.name)
    if not a.columns.equals(b.columns):
        return False
    return all(a.iloc[:, k].dtype.kind in _NUMBERS or a.iloc[:, k].equals(b.iloc[:, k]) for k in range(a.shape[1]))


def _as_objects(value: Any) -> np.ndarray:
    entries = np.empty(np.shape(value), object)
    for place in np.ndindex(entries.shape):
        entries[place] = value[place] if entries.ndim else value
    return entries


def open_labelled(tree: Any, kind: type) -> tuple[list[Any], Labels]:
    """The arrays of numbers in a labelled container, and its labels."""
    name = kind.__name__
    if name in ("Series", "DataArray"):
        array = _numbers_in(tree)
        return [array], Labels(kind, tree, (None,), (array.shape,))
    if name == "Dataset":
        names = [n for n in tree.data_vars if tree[n].dtype.kind in _NUMBERS]
        arrays = [_numbers_in(tree[n]) for n in names]
    else:
        names = [k for k in range(tree.shape[1]) if tree.dtypes.iloc[k].kind in _NUMBERS]
        arrays = [_numbers_in(tree.iloc[:, k]) for k in names]
    return arrays, Labels(kind, tree, tuple(names), tuple(a.shape for a in arrays))


def _numbers_in(labelled: Any) -> Any:
    """The array of numbers of one Series or DataArray; the traced one, where such is behind."""
    values = labelled.array if hasattr(labelled, "array") else labelled.variable._data  # noqa: SLF001  # ``data`` would make a plain array of it
    traced = getattr(values, "__traced__", None)
    return np.array(labelled.values) if traced is None else traced


def without_labels(value: Any) -> Any:
    """A DataArray of no dimension, which is what xarray's reductions give, as its number; anything else as it is."""
    if is_labelled(type(value)) and getattr(value, "ndim", None) == 0:
        return _numbers_in(value)[()]
    return value
