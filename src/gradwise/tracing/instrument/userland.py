"""Which code is the user's, and what its classes define in Python."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import types
import weakref
from pathlib import Path
from typing import Any

import numpy as np

from gradwise.tracing.instrument.boxed import LOOKED_INTO

_STDLIB = str(Path(os.__file__).parent)
_SITE = str(Path(np.__file__).parents[1])
_OURS = str(Path(__file__).parents[2])

#: packages whose Python code is not looked into: they have rules, or convert to compiled code at once
_LIBRARIES = frozenset(
    [
        "numpy",
        "scipy",
        "pandas",
        "xarray",
        "matplotlib",
        "torch",
        "jax",
        "jaxlib",
        "numba",
        "sympy",
        "dask",
        "IPython",
        "ipykernel",
        "pytest",
        "_pytest",
        "pluggy",
        "coverage",
        "hypothesis",
        "rich",
        "casadi",
        "tensorflow",
        "mpmath",
        "cffi",
        "cython",
        "pydantic",
        "attr",
    ]
)
#: modules of the standard library that call what they are given
_CARRIERS = frozenset(
    _STDLIB + os.sep + name
    for name in (
        "ast.py",
        "contextlib.py",
        "functools.py",
        "queue.py",
        "random.py",
        "sched.py",
        "statistics.py",
        "_weakrefset.py",
        f"collections{os.sep}__init__.py",
    )
) | {"<frozen _collections_abc>"}

_known_files: dict[str, bool] = {}


def is_users_file(filename: str) -> bool:
    """Whether code of this file is rewritten: neither ours nor a library's."""
    known = _known_files.get(filename)
    if known is None:
        known = _known_files[filename] = _decide(filename)
    return known


def _decide(filename: str) -> bool:
    if filename in _CARRIERS:
        return not filename.endswith("statistics.py")
    if filename.startswith((_OURS + os.sep, "<frozen")):
        return False
    for root in (_SITE, *[p for p in sys.path if p.endswith("-packages")]):
        if filename.startswith(root + os.sep):
            package, _, rest = filename[len(root) + 1 :].partition(os.sep)
            if package == "autograd":
                return rest.replace(os.sep, "/").startswith(LOOKED_INTO)
            return package.removesuffix(".py") not in _LIBRARIES
    return not filename.startswith(_STDLIB + os.sep)


def is_users(function: Any) -> bool:
    """Whether a value is a Python function whose code is rewritten."""
    return type(function) is types.FunctionType and is_users_file(function.__code__.co_filename)


def is_derived(callee: Any) -> bool:
    """Whether an object is what an operator of ours returned: a partial call of a function of ours."""
    function = callee.func if isinstance(callee, functools.partial) else None
    return type(function) is types.FunctionType and function.__code__.co_filename.startswith(_OURS)


def wraps_users(function: types.FunctionType) -> bool:
    """Whether a library's function stands around one of the user's, as a decorator leaves it: it calls what its closure holds."""
    if function.__closure__ is None or function.__code__.co_filename.startswith(_OURS):
        return False
    for cell in function.__closure__:
        with contextlib.suppress(ValueError):  # a name that is not bound yet
            if is_users(cell.cell_contents):
                return True
    return False


#: types whose attributes, items and operators need no hook
NATIVE: set[type] = {
    *(type(None), bool, int, float, complex, str, bytes, list, tuple, dict, set, frozenset, range, slice, super),
    *(np.ndarray, np.bool_, np.dtype, types.BuiltinFunctionType, types.FunctionType, types.GeneratorType),
    *(
        getattr(np, name)
        for name in [
            "float16",
            "float32",
            "float64",
            "longdouble",
            "complex64",
            "complex128",
            "int8",
            "int16",
            "int32",
            "int64",
        ]
    ),
    *(getattr(np, name) for name in ["uint8", "uint16", "uint32", "uint64", "str_", "bytes_"]),
    *(enumerate, zip, map, filter, reversed, memoryview, bytearray),
    *(type({}.keys()), type({}.values()), type({}.items()), type(iter([])), type(iter(())), type(iter(range(0)))),
}


#: objects that answer for another one
FORWARDING = frozenset({super, weakref.ProxyType, weakref.CallableProxyType})

#: special methods whose result carries no derivative, or which are never run but by rewritten code
_SILENT = frozenset(
    f"__{name}__"
    for name in [
        "init",
        "new",
        "init_subclass",
        "class_getitem",
        "repr",
        "str",
        "eq",
        "ne",
        "hash",
        "lt",
        "le",
        "gt",
        "ge",
        "bool",
        "len",
        "contains",
        "call",
        "enter",
        "exit",
        "getattr",
        "getattribute",
        "setattr",
        "delattr",
        "post_init",
        "del",
        "getstate",
        "setstate",
        "reduce",
        "reduce_ex",
        "copy",
        "deepcopy",
        "dir",
        "sizeof",
        "set_name",
        "replace",
        "format",
        "annotate",
        "subclasshook",
    ]
)


#: methods that NumPy's functions call: ``np.exp(obj)`` is ``obj.exp()``, ``np.sum(obj)`` is ``obj.sum()``
_ASKED_BY_NUMPY = frozenset(
    [name for name in vars(np) if isinstance(getattr(np, name, None), np.ufunc)]
    + ["sum", "prod", "mean", "std", "var", "min", "max", "round", "cumsum", "cumprod", "clip", "dot", "trace"]
    + ["ravel", "reshape", "squeeze", "transpose", "take", "repeat", "diagonal", "any", "all", "argmax", "argmin"]
)


class ClassInfo:
    """What the classes of an object define in Python.

    Attributes
    ----------
    special : dict
        Attributes of the class that run code when they are read or written: properties, ``cached_property``, descriptors written in Python.
    getattr, getattribute, setattr, delattr : function or None
        The special methods that are written in Python.
    methods : dict
        Special methods written in Python, by name; those that a descriptor gives as functions that ask it (``special_methods.py``).
    speaks : bool
        Whether it has special methods of Python that give numbers or items to code that is not rewritten (``__iter__``, ``__float__``, ``__add__``): they must find traced values.
    """

    __slots__ = ("delattr", "getattr", "getattribute", "methods", "plain", "setattr", "speaks", "special")

    def __init__(self, cls: type) -> None:
        tables = [vars(base) for base in reversed(cls.__mro__) if base is not object]
        special_names, method_names, asked = _outline(tables)
        special = self.special = {name: tables[k][name] for name, k in special_names}
        methods = self.methods = {name: AS_METHOD[0](tables[k][name], name) for name, k in method_names}
        self.getattr = methods.get("__getattr__")
        self.getattribute = methods.get("__getattribute__")
        self.setattr = methods.get("__setattr__")
        self.delattr = methods.get("__delattr__")
        self.speaks = asked or any(method is not None and name not in _SILENT for name, method in methods.items())
        # objects that share one dictionary must find there what one of them stored
        self.speaks = self.speaks or any("__dict__" in m.__code__.co_names for m in methods.values() if m is not None)
        self.plain = not (special or self.getattr or self.getattribute or cls in FORWARDING)


_Outline = tuple[tuple[tuple[str, int], ...], tuple[tuple[str, int], ...], bool]
#: outlines of classes by the names and types of what they define
_outlines: dict[Any, _Outline] = {}


def _outline(tables: list[Any]) -> _Outline:
    """Where the special attributes and methods of a class stand among the tables of its bases, and whether NumPy's functions may ask its methods.

    That follows from the names and types of their entries alone, and is found once for these: a class may change between runs, but seldom does.
    """
    key = tuple([(*table, *map(type, table.values())) for table in tables])
    known = _outlines.get(key)
    if known is not None:
        return known
    special: dict[str, int] = {}
    methods: dict[str, int] = {}
    asked = False
    for k, table in enumerate(tables):
        for name, raw in table.items():
            special.pop(name, None)
            if name.startswith("__") and name.endswith("__"):
                methods.pop(name, None)
                if type(raw) is types.FunctionType or raw is None or gives_method(raw, name):
                    methods[name] = k
            if runs_code(raw):
                special[name] = k
            if name in _ASKED_BY_NUMPY and type(raw) is types.FunctionType:
                asked = True
    if len(_outlines) > 256:
        _outlines.clear()
    found = _outlines[key] = tuple(special.items()), tuple(methods.items()), asked
    return found


#: filled by ``special_methods.py``
AS_METHOD: list[Any] = [lambda raw, name: raw]

#: what Python asks a class for, and not for its objects
_OF_CLASSES = frozenset({"__new__", "__init_subclass__", "__class_getitem__", "__subclasshook__", "__prepare__"})
_BINDING = (staticmethod, classmethod, functools.partial, functools._lru_cache_wrapper)


def gives_method(raw: Any, name: str) -> bool:
    """Whether what a class has under the name of a special method is no function, but something of Python code that gives one."""
    if name in _OF_CLASSES:
        return False
    kind = type(raw)
    called = (type(vars(base).get("__call__")) for base in kind.__mro__)
    return issubclass(kind, _BINDING) or runs_code(raw) or types.FunctionType in called


def runs_code(raw: Any) -> bool:
    """Whether an attribute of a class runs code when it is read or written."""
    kind = type(raw)
    if kind is types.FunctionType or kind is staticmethod or kind is classmethod:
        return False
    if issubclass(kind, (property, functools.cached_property)):
        return True
    return (
        type(getattr(kind, "__get__", None)) is types.FunctionType
        or type(getattr(kind, "__set__", None)) is types.FunctionType
    )
