"""Constant sparse matrices of SciPy's: their content belongs to the form of a call, and products with them are known."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.purity.lattice import describe, level
from gradwise.tracing.purity.values import ARRAY, OWN, SPARSE, Known

if TYPE_CHECKING:
    from gradwise.tracing.purity.machine import Machine

#: bytes of a matrix whose content is compared at each call
_BYTES = 1 << 18
_FORMATS = {"csr": ("data", "indices", "indptr"), "csc": ("data", "indices", "indptr"), "dia": ("data", "offsets")}
_FORMATS["bsr"] = _FORMATS["csr"]
_METHODS = dict.fromkeys(["dot", "toarray", "sum", "mean", "trace"], OWN)
_METHODS["diagonal"] = ARRAY  # a view, where the diagonals are what is stored
_METHODS |= dict.fromkeys(["transpose", "tocsr", "tocsc", "multiply", "copy", "conj"], SPARSE)


def parts_of_matrix(value: Any) -> tuple[str, ...] | None:
    """The names of the arrays that hold a sparse matrix; None for all else, and for matrices that are too large to be compared."""
    module = sys.modules.get("scipy.sparse")
    if module is None or not module.issparse(value) or not type(value).__module__.startswith("scipy.sparse."):
        return None
    names = _FORMATS.get(value.format)
    if names is None:
        return None
    arrays = [getattr(value, name) for name in names]
    known = all(type(a) is np.ndarray and a.dtype.kind in "fciub" for a in arrays)
    return names if known and sum(a.nbytes for a in arrays) <= _BYTES else None


def is_matrix(value: Any) -> bool:
    """Whether an abstract value is a sparse matrix."""
    return value is SPARSE or (type(value) is Known and value.expected is not None and value.expected.kind == "sparse")


def product(m: Machine, symbol: str, x: Any, z: Any) -> Any:
    """``A @ x``, ``x @ A``, and sums and multiples of matrices."""
    plain = [v for v in (x, z) if not is_matrix(v)]
    for value in plain:
        m.data(value)
    if symbol == "@":
        return OWN if plain else SPARSE
    if symbol in ("+", "-", "*"):
        return SPARSE
    raise m.doubt(f"the operator {symbol} of a sparse matrix is not looked into")


class MethodOfMatrix:
    """``A.dot`` and the like, about to be called."""

    __slots__ = ("_name", "_result")

    def __init__(self, name: str, result: Any) -> None:
        self._name, self._result = name, result

    def __eq__(self, other: object) -> bool:
        return type(other) is MethodOfMatrix and other._name == self._name

    def __hash__(self) -> int:
        return hash(self._name)

    def result(self, m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
        """What the call gives: nothing is written but to what an argument of ``toarray`` names."""
        if self._name == "toarray" and (arguments or keywords):
            raise m.doubt("it gives arguments to toarray")
        for value in [*arguments, *keywords.values()]:
            if level(value) is None and not is_matrix(value):
                raise m.doubt(f"it gives {describe(value)} to {self._name} of a sparse matrix")
        if set(keywords) - {"axis"} or (self._name in ("sum", "mean") and len(arguments) > 1):
            raise m.doubt(f"it calls {self._name} of a sparse matrix in a way that is not looked into")
        return self._result


def attribute(m: Machine, name: str) -> Any:
    """An attribute of a sparse matrix."""
    if name in _METHODS:
        return MethodOfMatrix(name, _METHODS[name])
    if name in ("shape", "ndim", "dtype", "nnz", "size"):
        return OWN
    if name == "T":
        return SPARSE
    raise m.doubt(f"the attribute {name!r} of a sparse matrix is not looked into")
