"""Sparse matrices of SciPy's: of constant ones the content belongs to the form of a call; products with them, and with those that are made during the call, are known."""

from __future__ import annotations

import sys
import types
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.purity.callables import is_librarys
from gradwise.tracing.purity.lattice import describe, level
from gradwise.tracing.purity.values import ARRAY, DRAFT, OWN, SPARSE, Box, Constant, Index, Known, Row

if TYPE_CHECKING:
    from gradwise.tracing.purity.machine import Machine

#: bytes of a matrix whose content is compared at each call
_BYTES = 1 << 18
_FORMATS = {"csr": ("data", "indices", "indptr"), "csc": ("data", "indices", "indptr"), "dia": ("data", "offsets")}
_FORMATS["bsr"] = _FORMATS["csr"]
_METHODS = dict.fromkeys(["dot", "toarray", "sum", "mean", "trace"], OWN)
_METHODS["diagonal"] = ARRAY  # a view, where the diagonals are what is stored
_METHODS |= dict.fromkeys(
    ["transpose", "tocsr", "tocsc", "tocoo", "tolil", "todok", "todia", "multiply", "power", "copy", "conj"], SPARSE
)
_NUMBERS = (float, int, complex, bool, np.float64, np.float32, np.int64, np.int32, np.complex128)
#: what makes a matrix
_CLASSES = ("csr", "csc", "coo", "lil", "dok", "dia")
_FUNCTIONS = frozenset(
    """diags diags_array spdiags eye eye_array identity kron kronsum hstack vstack block_diag bmat block_array tril triu""".split()  # noqa: SIM905  a table of names
)
_QUESTIONS = ("issparse", "isspmatrix")
#: of matrices of these formats that are made empty nothing is shared with anybody
_FILLED = ("lil", "dok")


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


def makes_matrix(value: Any) -> bool:
    """Whether a value is a class or a function of SciPy's that makes sparse matrices, solves a system of one, or asks for them."""
    module = sys.modules.get("scipy.sparse")
    if module is None or not isinstance(value, (type, types.FunctionType)):
        return False
    if _is_solver(value):
        return True
    name = type.__getattribute__(value, "__name__") if isinstance(value, type) else value.__name__
    if getattr(module, name, None) is not value:
        return False
    if isinstance(value, type):
        return name.partition("_")[0] in _CLASSES and value.__module__.startswith("scipy.sparse.")
    return (name in _FUNCTIONS or name in _QUESTIONS) and type(value) is types.FunctionType and is_librarys(value)


def _is_solver(value: Any) -> bool:
    return value is getattr(sys.modules.get("scipy.sparse.linalg"), "spsolve", _NUMBERS)


def is_one_entry(key: Any) -> bool:
    """Whether ``matrix[key]`` is surely a number."""
    if type(key) is Constant and type(key.value) is tuple:
        return len(key.value) == 2 and all(type(k) is int for k in key.value)
    return type(key) is Index and key.integers == 2 and not key.slices


def made_matrix(m: Machine, value: Any, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """What a call of such a class or function gives."""
    for given in [*arguments, *keywords.values()]:
        _look_at(m, given)
    if value.__name__ in _QUESTIONS and len(arguments) == 1:
        return Constant(is_matrix(arguments[0]))
    if _is_solver(value):
        return SPARSE if any(map(is_matrix, arguments[1:2])) else OWN
    is_filled = isinstance(value, type) and value.__name__.partition("_")[0] in _FILLED
    # a matrix might be shared; a shape is not, and the entries of an array are copied
    return DRAFT if is_filled and len(arguments) == 1 and level(arguments[0]) is not None else SPARSE


def _look_at(m: Machine, given: Any) -> None:
    """Data, matrices, types of numbers, and lists and tuples of these."""
    if type(given) is Row:
        for one in given.entries:
            _look_at(m, one)
    elif type(given) is Box and level(given) is None:
        _look_at(m, given.root.contents)
    elif not (is_matrix(given) or (type(given) is Known and any(given.value is t for t in _NUMBERS))):
        m.data(given)


def store_in_matrix(m: Machine, key: Any, value: Any) -> None:
    """``draft[i, j] = value``."""
    _look_at(m, key)
    _look_at(m, value)
    m.scope.changes_own()


def is_matrix(value: Any) -> bool:
    """Whether an abstract value is a sparse matrix."""
    return (
        value is SPARSE
        or value is DRAFT
        or (type(value) is Known and value.expected is not None and value.expected.kind == "sparse")
    )


def product(m: Machine, symbol: str, x: Any, z: Any) -> Any:
    """``A @ x``, ``x @ A``, and sums and multiples of matrices."""
    plain = [v for v in (x, z) if not is_matrix(v)]
    for value in plain:
        m.data(value)
    if symbol == "@":
        return OWN if plain else SPARSE
    if symbol in ("+", "-", "*", "+=", "-=", "/"):  # SciPy adds to none of them in place
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
