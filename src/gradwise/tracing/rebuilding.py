"""Functions rebuilt to read other values under some names: the same code, closure cells and defaults, with live globals.

SciPy's functions that are written in Python (``logsumexp``, ``softmax``, ``rosen``) begin with ``np.asarray``, which no protocol can intercept.  A function that refers to one
of them, directly or through functions of the user's that it calls, is rebuilt before it is traced: its globals become a dictionary that reads the real ones at each look-up and
answers with our version of those few functions (the interpreter asks a dictionary subclass for each global).  Nothing of the user's is changed, other threads
see nothing, and a function that does not need it is not touched; whether it does is found once for each code object.

Code that writes globals is left alone, since its writes would miss the module.
"""

from __future__ import annotations

import dis
import sys
import types
import weakref
from typing import TYPE_CHECKING, Any

from gradwise.tracing.special import STAND_INS

if TYPE_CHECKING:
    from collections.abc import Callable

_NAMES = frozenset(name for names in STAND_INS.values() for name in names)
_LIBRARIES = ("numpy", "scipy", "gradwise")


class LiveGlobals(dict[str, Any]):
    """The globals of a function as they are when read, passed through ``answer(name, value)``."""

    def __init__(self, live: dict[str, Any], answer: Callable[[str, Any], Any]) -> None:
        super().__init__()
        self._live = live
        self._answer = answer

    def __getitem__(self, name: str) -> Any:
        return self._answer(name, self._live[name])


def writes_globals(code: types.CodeType) -> bool:
    """Whether the code, or a function defined in it, assigns or deletes globals."""
    if any(i.opname in ("STORE_GLOBAL", "DELETE_GLOBAL") for i in dis.get_instructions(code)):
        return True
    return any(writes_globals(c) for c in code.co_consts if isinstance(c, types.CodeType))


def rebuilt(function: types.FunctionType, answer: Callable[[str, Any], Any]) -> types.FunctionType | None:
    """The function with ``answer`` between it and what it reads from globals and closure cells; None if it writes globals."""
    if writes_globals(function.__code__):
        return None
    cells = []
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            value = cell.cell_contents
        except ValueError:  # not assigned yet
            cells.append(cell)
            continue
        other = answer(name, value)
        # a cell that is answered as it is stays shared, so that nonlocal assignments reach it
        cells.append(cell if other is value else types.CellType(other))
    globals_ = LiveGlobals(function.__globals__, answer)
    twin = types.FunctionType(
        function.__code__, globals_, function.__name__, function.__defaults__, tuple(cells) or None
    )
    twin.__kwdefaults__ = function.__kwdefaults__
    twin.__qualname__ = function.__qualname__
    twin.__module__ = function.__module__
    twin.__dict__.update(function.__dict__)
    return twin


# --- which functions refer to what must be replaced -----------------------------------------------------------------------------


def _table() -> dict[int, Callable[..., Any]]:
    """Our versions by the identity of SciPy's functions, for the modules that are loaded."""
    found = {}
    for module_name, names in STAND_INS.items():
        module = sys.modules.get(module_name)
        if module is not None:
            for name, ours in names.items():
                theirs = getattr(module, name, None)
                if theirs is not None:
                    found[id(theirs)] = ours
    return found


def _is_users(value: Any) -> bool:
    return isinstance(value, types.FunctionType) and not (value.__module__ or "").startswith(_LIBRARIES)


def _names(code: types.CodeType) -> set[str]:
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _names(constant)
    return names


def _read(function: types.FunctionType) -> list[Any]:
    """What a function reads from globals and closure cells, as far as it is known now."""
    values = [function.__globals__[n] for n in _names(function.__code__) if n in function.__globals__]
    for cell in function.__closure__ or ():
        try:
            values.append(cell.cell_contents)
        except ValueError:
            continue
    return values


_decided: dict[int, tuple[Any, int, bool]] = {}


def _refers(function: types.FunctionType, table: dict[int, Any], seen: set[int]) -> bool:
    code = function.__code__
    if id(code) in seen:
        return False
    seen.add(id(code))
    values = _read(function)
    if any(id(v) in table for v in values):
        return True
    if _names(code) & _NAMES and any(
        isinstance(v, types.ModuleType) and v.__name__.startswith("scipy") for v in values
    ):
        return True
    return any(_refers(v, table, seen) for v in values if _is_users(v))


def needs_rebuilding(function: types.FunctionType) -> bool:
    """Whether the function refers to one of the replaced functions, itself or through functions that it calls."""
    code = function.__code__
    known = _decided.get(id(code))
    loaded = sum(name in sys.modules for name in STAND_INS)
    if known is not None and known[0]() is code and known[1] == loaded:
        return known[2]
    answer = loaded > 0 and _refers(function, _table(), set())
    if len(_decided) > 4096:
        _decided.clear()
    _decided[id(code)] = (weakref.ref(code), loaded, answer)
    return answer


class _ModuleView:
    """A SciPy module with our versions of some of its functions."""

    def __init__(self, module: types.ModuleType, table: dict[int, Any]) -> None:
        self.__dict__["_module"] = module
        self.__dict__["_table"] = table

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._module, name)
        if isinstance(value, types.ModuleType):
            return _ModuleView(value, self._table)
        return self._table.get(id(value), value)


def watched(function: Any) -> Any:
    """The function, rebuilt if it refers to one of the replaced functions; anything else as it is."""
    if type(function) is types.FunctionType:
        plain, bound_to = function, None
    elif type(function) is types.MethodType and type(function.__func__) is types.FunctionType:
        plain, bound_to = function.__func__, function.__self__
    else:
        return function
    if not needs_rebuilding(plain):
        ours = _table().get(id(plain)) if (plain.__module__ or "").startswith("scipy.") else None
        return function if ours is None else ours
    table = _table()
    if id(plain) in table:
        return table[id(plain)]
    made: dict[int, Any] = {}

    def answer(name: str, value: Any) -> Any:
        ours = table.get(id(value))
        if ours is not None:
            return ours
        if isinstance(value, types.ModuleType):
            return _ModuleView(value, table) if value.__name__.split(".")[0] == "scipy" else value
        if type(value) is types.FunctionType and _is_users(value) and needs_rebuilding(value):
            if id(value) not in made:
                made[id(value)] = value  # a function that calls itself meets itself while it is rebuilt
                made[id(value)] = rebuilt(value, answer) or value
            return made[id(value)]
        return value

    twin = rebuilt(plain, answer)
    if twin is None:
        return function
    made[id(plain)] = twin
    return types.MethodType(twin, bound_to) if bound_to is not None else twin
