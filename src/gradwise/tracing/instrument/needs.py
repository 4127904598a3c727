"""Whether NumPy's protocols show all that a function does with plain arguments (``are_plain``), so that it can be traced as it stands.

Only what is certain counts: code whose globals are NumPy, numbers, arrays and functions of the same kind, which reads attributes that NumPy's functions, arrays and modules have,
creates no arrays, and stores no attributes.  The answer holds for a code object as long as its globals are the same objects.
"""

from __future__ import annotations

import builtins
import dis
import sys
import types
import weakref
from typing import Any

import numpy as np

from gradwise.tracing.holders import PYTHONS_NUMBERS
from gradwise.tracing.traced import TracedArray, TracedScalar

_BUILTINS = frozenset({"abs", "len", "range", "enumerate", "zip"})
#: where a tuple may go: apart again, into an index, back to the caller.  NumPy's functions do not see the traced values in one.
_TAKE_TUPLES_APART = frozenset({"BINARY_SUBSCR", "UNPACK_SEQUENCE", "RETURN_VALUE"})
_STORES = frozenset(
    [
        "STORE_ATTR",
        "STORE_SUBSCR",  # what is filled may be a fresh plain array
        "STORE_SLICE",
        "DELETE_ATTR",
        "STORE_GLOBAL",
        "DELETE_GLOBAL",
        "IMPORT_NAME",
        "BUILD_LIST",
        "LIST_EXTEND",
        "LIST_APPEND",
        "MAKE_FUNCTION",
        "BUILD_MAP",
        "LOAD_NAME",
        "LOAD_BUILD_CLASS",
        "BEFORE_WITH",
        "YIELD_VALUE",
        "DICT_MERGE",
        "SETUP_ANNOTATIONS",
        "FORMAT_VALUE",
        "FORMAT_SIMPLE",
        "STORE_DEREF",
    ]
)
_CREATING = frozenset(
    [
        "array",
        "asarray",
        "asanyarray",
        "ascontiguousarray",
        "asfortranarray",
        "zeros",
        "ones",
        "empty",
        "full",
        "eye",
        "identity",
        "arange",
        "fromiter",
        "fromfunction",
        "frompyfunc",
        "vectorize",
        "piecewise",
        "apply_along_axis",
        "apply_over_axes",
        "require",
        "asarray_chkfinite",
        "block",
        "c_",
        "r_",
        "mgrid",
        "ogrid",
        "nditer",
        "ndenumerate",
        "random",
        "float64",
        "float32",
        "copy",
        "copyto",
        "put",
        "place",
        "putmask",
        "put_along_axis",
        "fill_diagonal",
        "tri",
        "array2string",
        "array_repr",
        "save",
        "savez",
        "savetxt",
    ]
)


def _is_dispatched(name: str) -> bool:
    function = getattr(np, name, None)
    return isinstance(function, (np.ufunc, type(np.sum))) and name not in _CREATING


#: NumPy's functions that give several arrays in a list or a tuple, which another function of NumPy may take
_SEVERAL = frozenset(
    {
        "split",
        "array_split",
        "hsplit",
        "vsplit",
        "dsplit",
        "unstack",
        "broadcast_arrays",
        "meshgrid",
        "gradient",
        "divmod",
        "modf",
    }
)

#: attributes that a function may read: NumPy's functions that dispatch, and what traced arrays have
_ATTRIBUTES = frozenset(
    [
        n for n in vars(np) if _is_dispatched(n) and n not in _SEVERAL
    ]  # dir(np) would load the modules that NumPy loads when they are asked for
    + [n for n in dir(np.linalg) if isinstance(getattr(np.linalg, n), type(np.sum))]
    + [n for n in dir(np.fft) if isinstance(getattr(np.fft, n), type(np.sum))]
    + [
        n
        for n in dir(np.ndarray)
        if hasattr(TracedArray, n) and not n.startswith("_") and n not in ("item", "tolist", "fill", "put", "dot")
    ]
    + ["linalg", "fft", "pi", "e", "inf", "nan", "newaxis"]
)

#: names of NumPy's functions that are methods too, which change what they are asked of
_CHANGING = frozenset({"append", "insert", "add", "subtract", "sort", "partition", "resize", "put", "fill"})

#: NumPy's functions that make arrays of numbers alone
_OF_NUMBERS = frozenset({"linspace", "logspace", "geomspace", "repeat", "tile", "indices", "vander", "diagflat", "outer", "hanning", "hamming", "blackman", "bartlett", "kaiser"})  # fmt: skip

_decided: dict[int, tuple[Any, tuple[tuple[str, int], ...], bool]] = {}
#: codes that change values in place, by identity
_changing: dict[int, weakref.ref[types.CodeType]] = {}
_asking: dict[int, weakref.ref[types.CodeType]] = {}


#: the place of PUSH_NULL beside the callable
_NULL_AFTER = sys.version_info >= (3, 13)


def are_plain(values: Any, depth: int = 8) -> bool:
    """Whether values are numbers, texts, arrays of numbers, traced ones, or containers of them: nothing that brings code of its own.

    A list or tuple that holds traced values is not: NumPy's protocols do not see them in it.
    """
    for value in values:
        cls = type(value)
        if cls in _PLAIN:
            continue
        if cls is np.ndarray:
            if value.dtype.kind == "O":
                return False
        elif cls is tuple or cls is list:
            if depth == 0 or not are_plain(value, depth - 1) or not _TRACED.isdisjoint(map(type, value)):
                return False
        elif cls is dict:
            if depth == 0 or not are_plain(value.values(), depth - 1) or not are_plain(value, depth - 1):
                return False
        elif not issubclass(cls, np.generic) or issubclass(cls, np.object_) or "numpy" not in cls.__module__:
            return False
    return True


_TRACED = frozenset({TracedArray, TracedScalar})
_PLAIN = frozenset({bool, int, float, complex, str, bytes, type(None), slice, range, TracedArray, TracedScalar})


def holds_arrays(values: Any) -> bool:
    """Whether a plain array is among values that are plain."""
    for value in values:
        cls = type(value)
        if cls is np.ndarray or ((cls is tuple or cls is list) and holds_arrays(value)):
            return True
        if cls is dict and holds_arrays(value.values()):
            return True
    return False


def changes_in_place(function: types.FunctionType) -> bool:
    """Whether a function that protocols suffice for, or one that it calls, has operators like ``r -= A @ x``: where r is a plain array, only an instrumented copy puts a traced one in its place."""
    known = _changing.get(id(function.__code__))
    return known is not None and known() is function.__code__


def asks_for_attributes(function: types.FunctionType) -> bool:
    """Whether a function that protocols suffice for, or one that it calls, asks values for attributes: a number of Python's lacks most that its traced value has."""
    known = _asking.get(id(function.__code__))
    return known is not None and known() is function.__code__


def holds_numbers_of_python(values: Any) -> bool:
    """Whether a traced number of Python's is among values that are plain."""
    for value in values:
        cls = type(value)
        if cls is TracedScalar:
            if type(value.value) in PYTHONS_NUMBERS:
                return True
        elif ((cls is tuple or cls is list) and holds_numbers_of_python(value)) or (
            cls is dict and holds_numbers_of_python(value.values())
        ):
            return True
    return False


def protocols_suffice(function: types.FunctionType) -> bool:
    """Whether the function, given plain arguments, can be traced as it stands."""
    code = function.__code__
    known = _decided.get(id(code))
    if known is not None and known[0]() is code:
        names = function.__globals__
        if all(id(names.get(name)) == identity for name, identity in known[1]):
            return known[2]
    globals_read: dict[str, int] = {}
    found = _Found()
    answer = _suffices(function, globals_read, set(), found)
    if answer and found.in_place:
        answer = not found.arrays
        if len(_changing) > 4096:
            _changing.clear()
        _changing[id(code)] = weakref.ref(code)
    if answer and found.asks:
        if len(_asking) > 4096:
            _asking.clear()
        _asking[id(code)] = weakref.ref(code)
    if len(_decided) > 4096:
        _decided.clear()
    _decided[id(code)] = (weakref.ref(code), tuple(globals_read.items()), answer)
    return answer


class _Found:
    """Whether code changes values in place, and whether it comes by plain arrays, to which traced values may not be added in place; whether it asks values for attributes."""

    __slots__ = ("arrays", "asks", "in_place")

    def __init__(self) -> None:
        self.arrays = self.in_place = self.asks = False


def _suffices(function: types.FunctionType, read: dict[str, int], seen: set[int], found: _Found) -> bool:
    code = function.__code__
    if id(code) in seen:
        return True
    called = bool(seen)  # by a function that may give the result to NumPy
    seen.add(id(code))
    if (
        code.co_exceptiontable or code.co_freevars or function.__dict__ or code.co_flags & 0x2A4
    ):  # generators, coroutines, tuples of arguments
        return False
    defaults = (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())
    # a list or an array that is a default outlives the call
    if not are_plain(defaults) or any(isinstance(value, (list, dict, np.ndarray)) for value in defaults):
        return False
    given = frozenset(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
    before = last = ""
    module, in_place = False, False
    for instruction in dis.get_instructions(code):
        name = instruction.opname
        if in_place and name == "STORE_FAST" and instruction.argval in given:
            return False  # what is given may be somebody's array, of which the run must be seen to write to it
        if name in ("LOAD_ATTR", "LOAD_METHOD") and instruction.argval in _CHANGING and not module:
            return False  # not NumPy's function of that name, but the method of a list, a set, an array
        found.asks |= name in ("LOAD_ATTR", "LOAD_METHOD") and not module
        module = name == "LOAD_GLOBAL" and function.__globals__.get(instruction.argval) is np
        in_place = name == "BINARY_OP" and instruction.argrepr.endswith("=")
        found.in_place |= in_place
        # what is called is an argument, an item, a result; since 3.14 this follows names of modules too
        if name in _STORES or (name == "PUSH_NULL" and before not in ("LOAD_ATTR", "LOAD_GLOBAL")):
            return False
        if name == "IS_OP" and last != "LOAD_CONST":
            return False
        if last == "BUILD_TUPLE" and not _takes_apart(instruction, called):
            return False
        before, last = name if _NULL_AFTER else "", name
        if name == "LOAD_GLOBAL":
            if not _known_global(function, instruction.argval, read, seen, found):
                return False
        elif (
            name == "BINARY_OP"
            and instruction.argrepr in ("%", "%=")
            and any(isinstance(c, str) for c in code.co_consts)
        ):
            return False  # perhaps a text with numbers in it
        elif name in ("LOAD_ATTR", "LOAD_METHOD"):
            if instruction.argval not in _ATTRIBUTES:
                return False
            found.arrays |= instruction.argval in _OF_NUMBERS
    # what is given by out= may be an array that others keep
    return not any(isinstance(c, types.CodeType) or (type(c) is tuple and "out" in c) for c in code.co_consts)


def _takes_apart(instruction: dis.Instruction, called: bool) -> bool:
    """Whether a tuple that was just built goes nowhere where NumPy may be given it."""
    if instruction.opname == "BINARY_OP":  # since 3.14 that is how an item is asked for
        return instruction.argrepr == "[]"
    return instruction.opname in _TAKE_TUPLES_APART and not (called and instruction.opname == "RETURN_VALUE")


def _known_global(function: types.FunctionType, name: str, read: dict[str, int], seen: set[int], found: _Found) -> bool:
    names = function.__globals__
    if name in names:
        value = names[name]
        read[name] = id(value)
        if isinstance(value, (int, float, complex, np.generic)) or type(value) is np.ndarray:
            found.arrays |= type(value) is np.ndarray
            return are_plain((value,))
        if value is np:
            return True
        # another function's globals are checked only where they are the same dictionary
        return type(value) is types.FunctionType and value.__globals__ is names and _suffices(value, read, seen, found)
    read[name] = id(None)
    return name in _BUILTINS and getattr(builtins, name, None) is not None
