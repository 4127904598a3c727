"""The methods of SciPy's sparse matrices and arrays where one of them, or an argument, is traced.

SciPy's classes share the functions that are their methods.  Each has one stand-in here, found by the function's identity, which calls it where nothing is traced.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.standins import sparse_arithmetic as arithmetic
from gradwise.tracing.standins import sparse_building as building
from gradwise.tracing.standins import sparse_items as items
from gradwise.tracing.standins import sparse_rows
from gradwise.tracing.standins.matrices import as_matrix, is_matrix, unwrapped_matrix
from gradwise.tracing.standins.recording import at_line
from gradwise.tracing.standins.sparse_entries import (
    canonical,
    dense,
    entries_of,
    family,
    hold,
    involves,
    is_sparse,
    is_traced,
    like,
    made,
    moved,
    plain_twin,
    running,
)
from gradwise.tracing.traced import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def _toarray(A: Any, order: Any = None, out: Any = None) -> Any:
    full = dense(entries_of(A))
    full = full if len(A.shape) == 2 else full.reshape(-1)
    if out is None:
        return full
    out[...] = full
    return out


def _todense(A: Any, order: Any = None, out: Any = None) -> Any:
    full = _toarray(A)
    return full if isinstance(A, scipy.sparse.sparray) else as_matrix(full)


def _copy(A: Any) -> Any:
    if A.format in {"lil", "dok"}:
        return made(type(A), entries_of(A))
    return hold(like(A, np.array(plain(A.data))), A.data.copy())


def _astype(A: Any, dtype: Any, casting: str = "unsafe", copy: bool = True) -> Any:
    if np.dtype(dtype) == np.dtype(A.dtype):
        return _copy(A) if copy else A
    return arithmetic.mapped(A, lambda data: data.astype(dtype))


def _to(form: str) -> Any:
    def call(A: Any, *args: Any, **options: Any) -> Any:
        copy = bool(args[0] if args else options.get("copy", False))
        if A.format == form:
            return _copy(A) if copy else A
        if A.format in _TRIPLETS and form in _TRIPLETS:  # SciPy may keep the array of numbers
            labelled = like(A, np.arange(1.0, np.size(plain(A.data)) + 1))
            moved_labels = getattr(labelled, f"to{form}")(*args, **options)
            if np.shares_memory(moved_labels.data, labelled.data):
                return hold(moved_labels, A.data)
        return building.converted(A, family(type(A), form))

    return call


_TRIPLETS = frozenset({"csr", "csc", "coo"})


def _asformat(A: Any, format: Any, copy: bool = False) -> Any:  # noqa: A002  # SciPy's name
    if format is None:
        return _copy(A) if copy else A
    plain_twin(A).asformat(format)  # raises for a format that there is not
    return _to(format)(A, copy=copy)


def _transpose(A: Any, axes: Any = None, copy: bool = False) -> Any:
    if A.format in {"lil", "dok"} or len(A.shape) == 1:
        return moved(lambda p: p.transpose(axes, copy), A)
    data = A.data
    labels = np.arange(1.0, np.size(plain(data)) + 1).reshape(np.shape(plain(data)))
    turned = like(A, labels).transpose(axes)
    if np.array_equal(turned.data, labels):
        return hold(turned, data.copy() if copy else data)
    return moved(lambda p: p.transpose(axes), A)


def _matrix_transpose(A: Any) -> Any:
    if len(A.shape) < 2:
        plain_twin(A).mT  # noqa: B018  # which raises SciPy's error
    return _transpose(A)


def _conjugate(A: Any, copy: bool = True) -> Any:
    return arithmetic.mapped(A, np.conj)


def _diagonal(A: Any, k: Any = 0) -> Any:
    return moved(lambda p: p.diagonal(k), A)


def _setdiag(A: Any, values: Any, k: Any = 0) -> None:
    m, n = A.shape
    start = max(0, -k)
    count = min(m - start, n - max(0, k))
    values = building.numbers(values)
    if np.ndim(plain(values)) and np.size(plain(values)) > 1:
        count = min(count, values.shape[0])
        values = values[:count]
    rows = np.arange(start, start + count)
    items.put(A, (rows, rows + k), values)


def _concretely(original: Any) -> Any:
    """A question about the plain numbers."""

    def call(A: Any, *args: Any, **kwargs: Any) -> Any:
        twin = items.concrete_sparse(A) if is_traced(A) else A
        return original(twin, *[items.settled_key(a) for a in args], **kwargs)

    return call


def _in_place(e_of: Any) -> Any:
    def call(A: Any) -> None:
        items.become(A, e_of(A))

    return call


def _rows(A: Any) -> Iterator[Any]:
    return (items.get(A, i) for i in range(A.shape[0]))


def _dot(A: Any, other: Any) -> Any:
    return (
        arithmetic.multiply(A, other) if arithmetic.is_number(arithmetic.given(other)) else arithmetic.matmul(A, other)
    )


def _subtracted_from(A: Any, other: Any) -> Any:
    return arithmetic.added_to(A, other, 1.0, -1.0)


def _nothing(A: Any) -> None:
    """Zeros that are kept carry derivatives."""


def _adjoint(A: Any) -> Any:
    return _conjugate(_transpose(A))


def _for_lil(A: Any, operator: Any, *arguments: Any) -> Any:
    """The operators that only ``lil`` has in place; for others Python takes the sum."""
    if A.format != "lil":
        return NotImplemented
    result = operator(A, *arguments)
    items.become(A, entries_of(result) if is_sparse(result) else building._of_full(unwrapped_matrix(result)))
    return A


def _scaled(A: Any, operator: Any, factor: Any) -> Any:
    if not arithmetic.is_number(arithmetic.given(factor)):
        return NotImplemented
    if A.format in {"lil", "dok"}:
        items.become(A, entries_of(operator(A, factor)))
        return A
    data = operator(A, factor).data
    if not isinstance_traced(A.data) or data.dtype != A.data.dtype:
        return hold(A, data)
    A.data[...] = data  # who holds the array of numbers sees it
    return A


def _mapping(name: str) -> Any:
    return lambda A: arithmetic.each(A, getattr(np, name))


_MAPS = ("sin", "tan", "arcsin", "arctan", "sinh", "tanh", "arcsinh", "arctanh", "rint", "sign", "expm1", "log1p")
_MORE_MAPS = ("deg2rad", "rad2deg", "floor", "ceil", "trunc", "sqrt")

_OURS: dict[str, Any] = {
    "toarray": _toarray,
    "todense": _todense,
    "copy": _copy,
    "astype": _astype,
    **{f"to{form}": _to(form) for form in ("csr", "csc", "coo", "lil", "dok", "dia", "bsr")},
    "asformat": _asformat,
    "transpose": _transpose,
    "getH": _adjoint,
    "conj": _conjugate,
    "conjugate": _conjugate,
    "_real": lambda A: arithmetic.mapped(A, np.real),
    "_imag": lambda A: arithmetic.mapped(A, np.imag),
    "diagonal": _diagonal,
    "setdiag": _setdiag,
    "trace": lambda A, offset=0: np.sum(_diagonal(A, offset)),
    "sum": arithmetic.sums,
    "mean": arithmetic.mean,
    "max": arithmetic.largest("max"),
    "min": arithmetic.largest("min"),
    "dot": _dot,
    "multiply": arithmetic.multiply,
    "power": arithmetic.power,
    "reshape": lambda A, *args, **kw: moved(lambda p: p.reshape(*args, **kw), A),
    "getrow": lambda A, i: moved(lambda p: p.getrow(items.settled_key(i)), A),
    "getcol": lambda A, j: moved(lambda p: p.getcol(items.settled_key(j)), A),
    "_getrow": lambda A, i: moved(lambda p: p._getrow(items.settled_key(i)), A),
    "_getcol": lambda A, j: moved(lambda p: p._getcol(items.settled_key(j)), A),
    "getrowview": lambda A, i: items.get(A, (slice(i, i + 1), slice(None))),
    "eliminate_zeros": _nothing,
    "sum_duplicates": _in_place(lambda A: canonical(entries_of(A), by_columns=A.format == "csc")),
    "sort_indices": _in_place(lambda A: canonical(entries_of(A), by_columns=A.format == "csc")),
    "sorted_indices": lambda A: made(type(A), entries_of(A)),
    "__getitem__": items.get,
    "__setitem__": items.put,
    "__iter__": _rows,
    "__matmul__": arithmetic.matmul,
    "__rmatmul__": arithmetic.rmatmul,
    "__mul__": arithmetic.star,
    "__rmul__": arithmetic.reflected_star,
    "__add__": arithmetic.added_to,
    "__radd__": arithmetic.added_to,
    "__sub__": lambda A, other: arithmetic.added_to(A, other, -1.0),
    "__rsub__": _subtracted_from,
    "__neg__": lambda A: arithmetic.mapped(A, np.negative),
    "__abs__": lambda A: arithmetic.each(A, np.abs),
    "__truediv__": arithmetic.divide,
    "__pow__": arithmetic.double_star,
    "__iadd__": lambda A, other: _for_lil(A, arithmetic.added_to, other),
    "__isub__": lambda A, other: _for_lil(A, arithmetic.added_to, other, -1.0),
    "__imul__": lambda A, other: _scaled(A, arithmetic.multiply, other),
    "__itruediv__": lambda A, other: _scaled(A, arithmetic.divide, other),
    **{name: _mapping(name) for name in (*_MAPS, *_MORE_MAPS)},
}
_QUESTIONS = (
    "nonzero",
    "count_nonzero",
    "argmax",
    "argmin",
    "__eq__",
    "__ne__",
    "__lt__",
    "__le__",
    "__gt__",
    "__ge__",
    "__str__",
)


#: the usual cases of some, which take most of a run's time where it asks for each row of a matrix; they answer None to the others
_QUICK = {"__getitem__": sparse_rows.row, "__matmul__": sparse_rows.product, "dot": sparse_rows.product}


def _standing(original: Any, ours: Any, quick: Any = None) -> Any:
    @functools.wraps(original, updated=())
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if quick is not None and len(args) == 1 and not kwargs:
            found = quick(self, args[0])
            if found is not None:
                return found
        if not is_sparse(self) or not (
            is_traced(self)
            or involves(*args)
            or (kwargs and involves(*kwargs.values()))
            or any(_is_ours(a) for a in args)
        ):
            return original(self, *args, **kwargs)
        with at_line(*running()):
            return ours(self, *args, **kwargs)

    return call


def _is_ours(value: Any) -> bool:
    return is_matrix(value) and isinstance_traced(value.A)


def _methods() -> dict[Any, dict[str, Callable[..., Any]]]:
    """The stand-ins by class and name; functions that classes share have one."""
    known: dict[int, Any] = {}
    found: dict[Any, dict[str, Callable[..., Any]]] = {}
    kinds = ("csr", "csc", "coo", "lil", "dok", "dia", "bsr")
    for cls in [getattr(scipy.sparse, f"{form}_{kind}") for form in kinds for kind in ("matrix", "array")]:
        entries = found[cls] = {}
        for name in (*_OURS, *_QUESTIONS):
            original = getattr(cls, name, None)
            if original is None or original is getattr(object, name, None):
                continue
            if id(original) not in known:
                ours = _OURS[name] if name in _OURS else _concretely(original)
                known[id(original)] = _standing(original, ours, _QUICK.get(name))
            entries[name] = known[id(original)]
    # A.T, A.real, A.imag, and A.mT from SciPy 1.18 on, are properties: the functions behind them have the stand-in
    for cls in scipy.sparse.csr_matrix.__mro__:
        behind = {"T": _transpose, "mT": _matrix_transpose, "real": _OURS["_real"], "imag": _OURS["_imag"]}
        for prop, ours in ((vars(cls).get(name), ours) for name, ours in behind.items()):
            if isinstance(prop, property):
                found[prop] = {"fget": _standing(prop.fget, ours)}
    return found


LATE_METHODS: dict[str, Callable[[], dict[Any, dict[str, Callable[..., Any]]]]] = {"scipy.sparse": _methods}

_CLASSES = [f"{form}_{kind}" for form in ("csr", "csc", "coo", "lil", "dok", "dia") for kind in ("matrix", "array")]


def _class(name: str) -> Any:
    made_once: list[Any] = []

    def call(*args: Any, **kwargs: Any) -> Any:
        if not made_once:
            made_once.append(building.constructor(getattr(scipy.sparse, name)))
        return made_once[0](*args, **kwargs)

    call.__name__ = name
    return call


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "scipy.sparse": {name: _class(name) for name in _CLASSES}
    | {
        name: building.standing(name, ours)
        for name, ours in {
            "diags": building._diagonals("diags"),
            "diags_array": building._diagonals("diags_array"),
            "spdiags": building.spdiags,
            **{n: building._blocks(n) for n in ("hstack", "vstack", "bmat", "block_array", "block_diag")},
            "tril": building._part("tril"),
            "triu": building._part("triu"),
            "kron": building.kron,
            "kronsum": building.kronsum,
            "find": building.find,
            "matrix_transpose": _matrix_transpose,
        }.items()
    }
}
