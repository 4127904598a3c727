"""A column of pandas whose numbers are traced: an extension array, which Series and DataFrames hold and ask for everything.

pandas calls its own compiled loops on plain columns; an extension array is asked for its arithmetic, reductions, groups and places by methods, which are NumPy on the traced numbers here.  What pandas
has no method for it takes as a plain array, which raises.  This module imports pandas: ``frames.py`` loads it once the user has.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]  # it ships no types
from pandas.api.extensions import ExtensionArray, ExtensionDtype  # type: ignore[import-untyped]

from gradwise.tracing.arithmetic import _innermost, concrete, plain
from gradwise.tracing.functions.creation import buffer
from gradwise.tracing.functions.operands import as_array, carries
from gradwise.tracing.standins.frame_statistics import accumulated, by_groups, placed, statistic
from gradwise.tracing.standins.recording import contains_traced, number, resolve
from gradwise.tracing.standins.stacking import assembled
from gradwise.tracing.traced import dtype_of, isinstance_traced


class ColumnType(ExtensionDtype):
    """The type of a column of traced numbers: it reads as that of the plain numbers."""

    kind = "f"
    na_value = np.nan
    _is_numeric = True
    _metadata = ("numbers",)

    def __init__(self, numbers: Any = np.float64) -> None:
        self.numbers = np.dtype(numbers)
        self.kind = self.numbers.kind

    @property
    def type(self) -> Any:
        """The scalar type."""
        return self.numbers.type

    @property
    def name(self) -> str:
        """The name of the plain dtype."""
        return self.numbers.name

    @property
    def itemsize(self) -> int:
        """The bytes of a number."""
        return self.numbers.itemsize

    @classmethod
    def construct_from_string(cls, string: str) -> Any:
        """No name stands for this type."""
        raise TypeError(
            f"{string!r} is no column of traced numbers. They are made of traced values alone. Write an array"
        )

    @classmethod
    def construct_array_type(cls) -> Any:
        """The columns."""
        return Column

    def _get_common_dtype(self, dtypes: list[Any]) -> Any:
        found = [d.numbers if isinstance(d, ColumnType) else d for d in dtypes]
        if all(isinstance(d, np.dtype) and d.kind in "fciu" for d in found):
            return ColumnType(np.result_type(*found))
        return None


class Number:
    """A traced number on its way through pandas, which makes floats of numbers that it knows."""

    __slots__ = ("number",)

    def __init__(self, number: Any) -> None:
        self.number = number


class Column(ExtensionArray):
    """Numbers of which some are traced, as a column: an array of one axis."""

    def __init__(self, numbers: Any) -> None:
        self.numbers = numbers
        self.own = False

    @property
    def __traced__(self) -> Any:
        """The numbers, for whoever asks for the array behind."""
        return self.numbers

    def plainly(self) -> np.ndarray:
        """The plain numbers; no copy."""
        return np.asarray(plain(self.numbers))

    # --- made of -----------------------------------------------------------------------------------------------------------------

    @classmethod
    def _from_sequence(cls, scalars: Any, *, dtype: Any = None, copy: bool = False) -> Column:
        if isinstance(scalars, Column):
            return scalars.copy() if copy else cls(scalars.numbers)
        return cls(numbers_of(scalars, dtype))

    @classmethod
    def _from_factorized(cls, values: Any, original: Any) -> Column:
        return cls(np.asarray(values))

    @classmethod
    def _concat_same_type(cls, to_concat: Any) -> Column:
        return cls(np.concatenate([as_array(c.numbers) for c in to_concat]))

    def _cast_pointwise_result(self, values: Any) -> Any:
        return Column(numbers_of(values)) if contains_traced(list(values)) else pd.array(values)

    # --- asked -------------------------------------------------------------------------------------------------------------------

    @property
    def dtype(self) -> Any:
        """The type."""
        return ColumnType(dtype_of(plain(self.numbers)))

    @property
    def nbytes(self) -> int:
        """The bytes of the plain numbers."""
        return self.plainly().nbytes

    def __len__(self) -> int:
        return int(np.shape(plain(self.numbers))[0])

    def __getitem__(self, item: Any) -> Any:
        if isinstance(item, tuple):
            item = tuple(i for i in item if i is not Ellipsis)
            item = item[0] if len(item) == 1 else item
        item = pd.api.indexers.check_array_indexer(self, item)
        found = self.numbers[item]
        return Column(found) if np.ndim(plain(found)) else found

    def __setitem__(self, key: Any, value: Any) -> None:
        key = pd.api.indexers.check_array_indexer(self, key)
        value = value.numbers if isinstance(value, Column) else numbers_of(value)
        trace = _innermost(value)
        if trace is not None and not isinstance_traced(self.numbers):
            self.numbers = buffer(trace, np.array(self.numbers, float))
        elif not self.own:
            self.numbers = self.numbers.copy()
        self.own = True
        self.numbers[key] = value

    def __iter__(self) -> Any:
        return (number(self.numbers[i]) for i in range(len(self)))  # Python's numbers, as pandas gives them

    def isna(self) -> np.ndarray:
        """Which are NaN."""
        return np.asarray(concrete(np.isnan(self.numbers), "mask"))

    def take(self, indices: Any, *, allow_fill: bool = False, fill_value: Any = None) -> Column:
        """The numbers at places; with ``allow_fill`` the fill value where the place is −1."""
        indices = np.asarray(indices, dtype=np.intp)
        if not allow_fill:
            return Column(self.numbers[indices])
        if indices.size and indices.min() < -1:
            raise ValueError("'indices' contains values less than allowed (-1)")
        if indices.size and indices.max() >= len(self):
            raise IndexError("out of bounds value in 'indices'.")
        return Column(placed(self.numbers, indices, np.nan if fill_value is None else fill_value))

    def copy(self) -> Column:
        """A copy."""
        made = Column(self.numbers.copy())
        made.own = True
        return made

    def view(self, dtype: Any = None) -> Any:
        """The same numbers."""
        return Column(self.numbers)

    def astype(self, dtype: Any, copy: bool = True) -> Any:
        """As numbers, objects, or what is chosen by the plain numbers."""
        if isinstance(dtype, ColumnType):
            return Column(self.numbers.astype(dtype.numbers))
        wanted = pd.api.types.pandas_dtype(dtype)
        if isinstance(wanted, np.dtype) and wanted.kind in "fc":
            return Column(self.numbers.astype(wanted))
        if isinstance(wanted, np.dtype) and wanted.kind == "O":
            return self.__array__(object)
        return pd.Series(np.asarray(concrete(self.numbers))).astype(dtype).array

    def to_numpy(self, dtype: Any = None, copy: bool = False, na_value: Any = None) -> Any:
        """The array of the numbers, traced."""
        if dtype is not None and np.dtype(dtype).kind == "O":
            return self.__array__(object)
        found = self.numbers if dtype is None else self.numbers.astype(dtype)
        return found.copy() if copy else found

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        if dtype is not None and np.dtype(dtype).kind == "O":
            made = np.empty(len(self), object)
            for i in range(len(self)):
                made[i] = number(self.numbers[i])
            return made
        return np.array(self.numbers, dtype)  # which a traced array refuses

    def tolist(self) -> list[Any]:
        """The numbers, traced ones as traced numbers."""
        return list(self)

    def _formatter(self, boxed: bool = False) -> Any:
        return lambda x: repr(plain(x))

    def __repr__(self) -> str:
        return repr(self.plainly())

    # --- by the plain numbers ----------------------------------------------------------------------------------------------------

    def _values_for_argsort(self) -> np.ndarray:
        return np.asarray(concrete(self.numbers))

    def _values_for_factorize(self) -> tuple[np.ndarray, Any]:
        return np.asarray(concrete(self.numbers)), np.nan

    def value_counts(self, dropna: bool = True) -> Any:
        """How often each number occurs."""
        return pd.Series(self._values_for_argsort()).value_counts(dropna=dropna)

    def _rank(self, **options: Any) -> Any:
        return pd.Series(self._values_for_argsort()).rank(**{k: v for k, v in options.items() if k != "axis"}).array

    # --- places ------------------------------------------------------------------------------------------------------------------

    def fillna(self, value: Any = None, limit: Any = None, copy: bool = True, *, method: str | None = None) -> Column:
        """Other numbers for NaN; up to pandas 2 also those before or after."""
        if method is not None:
            return self._pad_or_backfill(method=method, limit=limit)
        missing = self.isna()
        if limit is not None and limit < missing.sum():
            missing &= missing.cumsum() <= limit
        value = value.numbers if isinstance(value, Column) else numbers_of(value)
        return Column(np.where(missing, value, self.numbers))

    def _pad_or_backfill(self, *, method: str, limit: Any = None, limit_area: Any = None, copy: bool = True) -> Column:
        return self._found_by(
            lambda places: (
                places.ffill(limit=limit, limit_area=limit_area)
                if method in ("pad", "ffill")
                else places.bfill(limit=limit, limit_area=limit_area)
            )
        )

    def _found_by(self, filling: Any) -> Column:
        """What a filling of pandas takes from where: it is asked with places."""
        places = pd.Series(np.where(self.isna(), np.nan, np.arange(len(self), dtype=float)))
        found = filling(places).fillna(-1).to_numpy().astype(np.intp)
        return Column(placed(self.numbers, found, np.nan))

    def interpolate(self, *, index: Any = None, copy: bool = True, **options: Any) -> Column:
        """Values between neighbours: pandas' own, on unit vectors."""
        good = np.flatnonzero(~self.isna())
        table = np.full((len(self), good.size), np.nan)
        table[good] = np.eye(good.size)
        wanted = {
            k: v
            for k, v in options.items()
            if k in ("method", "limit", "limit_direction", "limit_area") and v is not None
        }
        weights = pd.DataFrame(table, index=index).interpolate(**wanted).to_numpy()
        made = np.where(np.isnan(weights), 0.0, weights) @ self.numbers[good]
        return Column(np.where(np.isnan(weights).any(axis=1), np.nan, made))

    def map(self, mapper: Any, na_action: Any = None) -> Any:
        """A function of each number."""
        if not callable(mapper):
            return pd.Series(np.asarray(concrete(self.numbers))).map(mapper, na_action=na_action).array
        mapper = resolve(mapper)
        missing = self.isna() if na_action == "ignore" else np.zeros(len(self), bool)
        found = [x if m else mapper(x) for x, m in zip(self, missing, strict=True)]
        return Column(assembled(found)) if contains_traced(found) else pd.Series(found).to_numpy()

    def round(self, decimals: int = 0, *args: Any, **kwargs: Any) -> Column:
        """Rounded numbers."""
        return Column(np.round(self.numbers, decimals))

    # --- numbers made of all ------------------------------------------------------------------------------------------------------

    def _reduce(self, name: str, *, skipna: bool = True, keepdims: bool = False, **options: Any) -> Any:
        made = statistic(name, self.numbers, skipna=skipna, **options)
        return Column(np.reshape(as_array(made), (1,))) if keepdims else made

    def _accumulate(self, name: str, *, skipna: bool = True, **options: Any) -> Column:
        return Column(accumulated(name, self.numbers, skipna=skipna))

    def _quantile(self, qs: Any, interpolation: str) -> Column:
        good = self.numbers[~self.isna()]
        return Column(as_array(_quantile(good, qs, method=interpolation)) if len(good) else np.full(len(qs), np.nan))

    def _groupby_op(
        self, *, how: str, has_dropped_na: bool, min_count: int, ngroups: int, ids: Any, **options: Any
    ) -> Any:
        if how == "rank":
            names = {"method": "ties_method", "ascending": "ascending", "na_option": "na_option", "pct": "pct"}
            given = {name: options[theirs] for name, theirs in names.items() if theirs in options}
            return pd.Series(self._values_for_argsort()).groupby(ids).rank(**given).to_numpy()
        found = by_groups(how, self.numbers, ids, ngroups, min_count, **options)
        return found if how in ("idxmin", "idxmax") else Column(found)

    def _groupby_quantile(self, *, qs: Any, interpolation: str, starts: Any, ends: Any, **groups: Any) -> Any:
        rows = []
        for start, end in zip(starts, ends, strict=True):  # the entries are sorted by group
            part = Column(self.numbers[start:end]).dropna().numbers
            rows.append(_quantile(part, qs, method=interpolation) if len(part) else np.full(len(qs), np.nan))
        return Column(np.concatenate([as_array(r) for r in rows])) if rows else Column(np.empty(0))

    # --- operators ---------------------------------------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if any(isinstance(x, (pd.Series, pd.DataFrame, pd.Index)) for x in inputs):
            return NotImplemented
        if method == "reduce" and ufunc in _REDUCTIONS:
            return self._reduce(_REDUCTIONS[ufunc], skipna=False)
        found = getattr(ufunc, method)(*[numbers_of(x) if isinstance(x, Column) else x for x in inputs], **options)
        return tuple(map(_boxed, found)) if isinstance(found, tuple) else _boxed(found)

    def __neg__(self) -> Column:
        return Column(-self.numbers)

    def __pos__(self) -> Column:
        return Column(+self.numbers)

    def __abs__(self) -> Column:
        return Column(abs(self.numbers))

    @classmethod
    def _create_arithmetic_method(cls, op: Any) -> Any:
        def call(self: Column, other: Any) -> Any:
            if isinstance(other, (pd.Series, pd.DataFrame, pd.Index)):
                return NotImplemented
            other = numbers_of(other)
            if np.ndim(plain(other)) and np.shape(plain(other)) != (len(self),):
                raise ValueError("Lengths must match")
            found = op(self.numbers, other)
            return tuple(map(_boxed, found)) if isinstance(found, tuple) else _boxed(found)

        return call

    _create_comparison_method = _create_arithmetic_method


#: of methods whose names pandas has
_quantile: Any = np.quantile
_REDUCTIONS = {np.add: "sum", np.multiply: "prod", np.maximum: "max", np.minimum: "min"}


def _reflected(op: Any) -> Any:
    return lambda a, b: op(b, a)


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "divmod"):
    _op = divmod if _name == "divmod" else getattr(operator, _name)
    setattr(Column, f"__{_name}__", Column._create_arithmetic_method(_op))
    setattr(Column, f"__r{_name}__", Column._create_arithmetic_method(_reflected(_op)))
for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    setattr(Column, f"__{_name}__", Column._create_comparison_method(getattr(operator, _name)))


def _boxed(found: Any) -> Any:
    """Numbers as a column; decisions as plain ones."""
    if dtype_of(plain(found)).kind == "b":
        return np.asarray(concrete(found, "mask"))
    return Column(found) if carries(found) or np.ndim(plain(found)) else found


def numbers_of(value: Any, dtype: Any = None) -> Any:
    """What pandas hands over, as an array or number that may be traced."""
    if isinstance(value, Column):
        return value.numbers
    if type(value) is Number:
        return value.number
    if isinstance(value, (pd.Series, pd.Index)):
        return numbers_of(value.array)
    if value is None or value is pd.NA:
        return np.nan
    if isinstance_traced(value) or not np.ndim(value):
        return value
    if isinstance(value, ExtensionArray):
        value = value.to_numpy(object, na_value=np.nan) if value.dtype.kind == "O" else np.asarray(value)
    if isinstance(value, np.ndarray) and value.dtype.kind in "fciub":
        return value.astype(float) if isinstance(dtype, ColumnType) and value.dtype.kind in "iub" else value
    items = [np.nan if v is None or v is pd.NA else v for v in value]
    made = assembled(items) if contains_traced(items) else np.array(items)
    if not items or (dtype_of(plain(made)).kind == "O" and all(isinstance(v, (int, float, np.number)) for v in items)):
        made = np.array(items, float)
    if dtype_of(plain(made)).kind not in "fciub":
        raise TypeError(f"{value!r} is no column of numbers")
    return made
