"""Loops that may not end where f is given complex numbers: found in its code, before it is called with any.

``while abs(new - old) > tol`` may settle for every real number and for no complex one: rounding differs, and the imaginary
part has its own pace.  A function that holds such a loop is therefore never given complex numbers unasked.  Looked at are
the code of f and of what it can be seen to call: functions in its closure, its module and its defaults, methods of objects
there whose names occur in the code.  NumPy, SciPy and the standard library are taken to end.  Each function is looked at
once.
"""

from __future__ import annotations

import dis
import functools
import itertools
import sys
import types
import weakref
from typing import Any

import numpy as np

from gradwise.containers import own_entries

TRUSTED = frozenset({
    *sys.stdlib_module_names, "numpy", "scipy", "gradwise", "autograd", "jax", "jaxlib", "mpmath", "numba", "numexpr", "pandas",
    "sklearn", "sympy", "torch",
}) - {"__main__"}  # fmt: skip
"""Packages whose own loops end, or refuse complex numbers."""

MOST = 4096
"""So many objects are looked at; a program that holds more of them is taken to have such a loop."""

LONGEST = 64
"""Containers with more entries than this are taken to be data."""

ENDLESS = (itertools.count, itertools.cycle, itertools.repeat)
"""What a ``for`` may run over for ever."""

PLAIN = frozenset({
    int, float, complex, bool, str, bytes, type(None), range, slice, np.ufunc, np.ndarray, np.float64,
    types.BuiltinFunctionType, types.WrapperDescriptorType, types.MethodDescriptorType, types.MethodWrapperType,
    types.ClassMethodDescriptorType, types.GetSetDescriptorType, types.MemberDescriptorType,
})  # fmt: skip
"""Types of what holds no code of anybody's."""

BACKWARD = frozenset(
    code for name, code in dis.opmap.items() if "JUMP" in name and name.endswith(("BACKWARD", "BACKWARD_IF_TRUE",
    "BACKWARD_IF_FALSE", "BACKWARD_IF_NONE", "BACKWARD_IF_NOT_NONE"))
)  # fmt: skip
"""Instructions that close a loop."""

TURNS = ("FOR_ITER", "GET_ANEXT", "SEND", "END_SEND")
"""What they lead to where the loop ends with what it runs over."""

_codes: dict[int, tuple[weakref.ref[types.CodeType], str, frozenset[str], bool]] = {}
"""What `_read` has found, and whether a ``for`` may run over an iterator without an end."""
_known: dict[int, tuple[str, list[tuple[weakref.ref[Any], Any]]]] = {}
"""What was found in a function, and what each of those that it calls was bound to."""


def _forget(table: dict[int, Any], key: int, _: Any) -> None:
    """Called when what a table remembers is gone, which may be at the interpreter's end, when this module's names are gone too."""
    table.pop(key, None)


def unbounded_loop(f: Any) -> str:
    r"""Return a description of a loop in f, or in what it calls, that nothing bounds; empty if none is seen.

    Examples
    --------
    >>> space = {}
    >>> exec("def root(a, x=1.0):\n    while x * x != a:\n        x = (x + a / x) / 2\n    return x", space)
    >>> unbounded_loop(space["root"])
    'root, line 2'
    >>> unbounded_loop(lambda a: a * a)
    ''
    """
    if type(f) in PLAIN or _at_a_glance(f, 0):
        return ""
    known = _known.get(id(f))
    if known is not None:
        for reference, bindings in known[1]:
            thing = reference()
            if thing is None or bindings != _bindings(thing):
                break
        else:
            return known[0]
    search = _Search(f)
    found = search.run()
    key = id(f)
    try:
        first = weakref.ref(f, functools.partial(_forget, _known, key))
        bound = [(weakref.ref(thing), _bindings(thing)) for thing in search.bound if thing is not f]
        _known[key] = found, [(first, _bindings(f)), *bound]
    except TypeError:  # some objects cannot be referred to weakly
        _known.pop(key, None)
    return found


def _at_a_glance(thing: Any, depth: int) -> bool:
    """Whether nothing but plain functions, numbers and trusted modules can be reached, without a loop: most functions are so."""
    if depth > DEEPEST:
        return False
    kind = type(thing)
    if kind is FUNCTION:
        f = thing
    else:
        f = getattr(kind, "__call__", None)  # noqa: B004 - the function is wanted, not whether there is one
        if type(f) is not FUNCTION or isinstance(thing, type) or own_entries(thing) is None:
            return False
    code = f.__code__
    known = _codes.get(id(code))
    if known is None or known[0]() is not code:
        _read(code)
        known = _codes[id(code)]
    _, loop, names, doubtful = known
    if loop or doubtful or f.__kwdefaults__ or f.__dict__:
        return False
    values: list[Any] = list(map(f.__globals__.get, names)) if names else []
    if f.__closure__ is not None:
        values += _closure(f)
    if f.__defaults__ is not None:
        values += f.__defaults__
    if f is not thing:
        if not names.isdisjoint(kind.__dict__):
            return False
        values += (own_entries(thing) or {}).values()
    if not PLAIN.issuperset(map(type, values)):
        for value in values:
            kind = type(value)
            if kind in PLAIN or (kind is MODULE and value in _modules):
                continue
            if isinstance(value, MODULE):
                if _package(value) not in TRUSTED or value is itertools:
                    return False
                _modules.add(value)
            elif not _at_a_glance(value, depth + 1):
                return False
    return True


FUNCTION, MODULE = types.FunctionType, types.ModuleType

DEEPEST = 8
"""So many calls deep a function is looked at at a glance."""

_modules: set[types.ModuleType] = set()
"""Trusted modules that have been met."""


def _bindings(thing: Any) -> Any:
    """Return what decides what a function or an object calls: its code, and what the names in it are bound to."""
    if type(thing) is not types.FunctionType:
        return [_identity(value) for value in (own_entries(thing) or {}).values()]
    code, names = thing.__code__, thing.__globals__
    cells = thing.__closure__
    bound = [id(code), *[id(names.get(name)) for name in code.co_names]]
    return bound if cells is None else [*bound, *map(_identity, _closure(thing))]


def _identity(value: Any) -> int:
    """Return what tells one thing that may be called from another; numbers are all alike."""
    return 0 if type(value) in PLAIN else id(value)


class _Search:
    """What has been reached from f: objects, and the names that the code among them mentions."""

    def __init__(self, f: Any) -> None:
        self.todo: list[Any] = [f]
        self.seen: set[int] = set()
        self.kept: list[Any] = []  # so that no identity is given twice
        self.bound: list[Any] = []  # what it depends on
        self.names: set[str] = {"__call__", "__init__", "forward"}
        self.holders: list[Any] = []  # instances, classes and modules: what of them is called depends on the names

    def run(self) -> str:
        """Return the first loop found."""
        todo, looked = self.todo, -1
        while todo:
            while todo:
                found = self._look(todo.pop())
                if found:
                    return found
                if len(self.seen) > MOST:
                    return "more code than is looked through"
            if len(self.names) + len(self.holders) != looked:
                looked = len(self.names) + len(self.holders)
                for holder in self.holders:
                    todo += _members(holder, self.names)
        return ""

    def _look(self, thing: Any) -> str:
        kind = type(thing)
        if kind in PLAIN or id(thing) in self.seen:
            return ""
        self.seen.add(id(thing))
        self.kept.append(thing)
        if kind is types.FunctionType:
            return self._function(thing)
        if kind is types.ModuleType or isinstance(thing, type):
            if _package(thing) not in TRUSTED:
                self.holders.append(thing)
        elif kind is types.MethodType:
            self.todo += [thing.__func__, thing.__self__]
        elif kind is property:
            self.todo.append(thing.fget)
        elif kind is staticmethod or kind is classmethod:
            self.todo.append(thing.__func__)
        elif isinstance(thing, list | tuple | set | frozenset):
            self.todo += thing if len(thing) <= LONGEST else ()
        elif isinstance(thing, dict):
            self.todo += thing.values() if len(thing) <= LONGEST else ()
        elif not hasattr(kind, "__array__"):  # arrays hold numbers
            self.bound.append(thing)
            if _package(kind) in TRUSTED:
                self.todo += _attributes(thing)  # a wrapper of somebody's function
            else:
                self.holders.append(thing)
        return ""

    def _function(self, f: types.FunctionType) -> str:
        self.todo += _closure(f)
        self.todo += f.__defaults__ or ()
        self.todo += (f.__kwdefaults__ or {}).values()
        self.todo += [value for value in vars(f).values() if callable(value)]
        self.bound.append(f)
        if _package(f) in TRUSTED:
            return ""
        loop, names = _read(f.__code__)
        if loop:
            return loop
        self.names |= names
        values = [f.__globals__[name] for name in names if name in f.__globals__]
        if "for" in names and _runs_for_ever(names, values):
            return f"{f.__name__}, line {f.__code__.co_firstlineno}"
        self.todo += values
        return ""


def _runs_for_ever(names: frozenset[str], values: list[Any]) -> bool:
    """Whether a ``for`` may run over something without an end."""
    if "iter" in names or any(value is endless for value in values for endless in ENDLESS):
        return True
    return any(value is itertools for value in values) and not names.isdisjoint({"count", "cycle", "repeat"})


def _read(code: types.CodeType) -> tuple[str, frozenset[str]]:
    """Return the unbounded loop in a piece of code, and the names that it mentions; "for" is one of them if it holds such a loop."""
    known = _codes.get(id(code))
    if known is not None and known[0]() is code:
        return known[1], known[2]
    loop, names = "", set(code.co_names)
    if not BACKWARD.isdisjoint(code.co_code[::2]):
        starts = {line.offset: line for line in dis.get_instructions(code)}
        for line in starts.values():
            if line.opcode in BACKWARD:
                if starts[line.argval].opname.startswith(TURNS):
                    names.add("for")
                else:
                    ends = (line.offset, line.argval)
                    numbers = [n for start, end, n in code.co_lines() if n and any(start <= e < end for e in ends)]
                    loop = f"{code.co_name}, line {min(numbers, default=code.co_firstlineno)}"
                    break
    if "while_loop" in names:
        loop = loop or f"{code.co_name}, line {code.co_firstlineno}"
    for inner in code.co_consts:
        if type(inner) is types.CodeType:
            other, more = _read(inner)
            loop, names = loop or other, names | more
    key, found = id(code), frozenset(names)
    doubtful = "for" in found and "iter" in found
    _codes[key] = weakref.ref(code, functools.partial(_forget, _codes, key)), loop, found, doubtful
    return loop, found


def _closure(f: types.FunctionType) -> list[Any]:
    try:
        return [cell.cell_contents for cell in f.__closure__ or ()]
    except ValueError:  # one is not yet bound
        return [cell.cell_contents for cell in f.__closure__ or () if cell != types.CellType()]


def _package(thing: Any) -> str:
    """Return the package that a function, a class or a module comes from."""
    if isinstance(thing, types.FunctionType):  # its __module__ may be that of what it wraps
        name = thing.__globals__.get("__name__")
    else:
        name = thing.__name__ if isinstance(thing, types.ModuleType) else getattr(thing, "__module__", None)
    return name.partition(".")[0] if isinstance(name, str) else ""


def _attributes(thing: Any) -> list[Any]:
    """Return all that an object holds."""
    held = list((own_entries(thing) or {}).values())
    for kind in type(thing).__mro__:
        slots = vars(kind).get("__slots__", ())
        names = (slots,) if isinstance(slots, str) else slots
        held += [_attribute(thing, name) for name in names if not name.startswith("__")]
    # partial functions and caches
    return held + [_attribute(thing, name) for name in ("func", "args", "keywords", "__wrapped__")]


def _attribute(thing: Any, name: str) -> Any:
    """Return what an object shows under a name; its own ``__getattr__`` may raise anything."""
    try:
        return getattr(thing, name, None)
    except Exception:  # noqa: BLE001  an object of the user's
        return None


def _members(holder: Any, names: set[str]) -> list[Any]:
    """Return what names stand for in an object, a class or a module, without running anything."""
    if isinstance(holder, types.ModuleType):
        values = [vars(holder)[name] for name in names & vars(holder).keys()]
        return [value for value in values if callable(value) or type(value) is types.ModuleType]
    held = {} if isinstance(holder, type) else (own_entries(holder) or {})
    found = [held[name] for name in names & held.keys()]
    for kind in holder.__mro__ if isinstance(holder, type) else type(holder).__mro__:
        own = vars(kind)
        for name in names & own.keys() if kind is not object else ():
            if name == "__init__" and not isinstance(holder, type):  # it has run
                continue
            value = own[name]
            slot = type(value) is types.MemberDescriptorType and not isinstance(holder, type)
            found.append(getattr(holder, name, None) if slot else value)
    return found
