"""Functions rebuilt to read other values under some names: the same code, closure cells and defaults, with live globals.

The globals become a dictionary that reads the real ones at each look-up and passes them through ``answer`` (the interpreter asks a dictionary subclass for each global).  Nothing of the
user's is changed, other threads see nothing.  Code that writes globals is left alone, since its writes would miss the module.

Used where a call is replaced by its numerical derivative (``operators/subcalls.py``), and for functions without source (``instrument/rebuilt.py``).
"""

from __future__ import annotations

import dis
import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class LiveGlobals(dict[str, Any]):
    """The globals of a function as they are when read, passed through ``answer(name, value)``; those of ``own`` are read and assigned here alone."""

    def __init__(
        self, live: dict[str, Any], answer: Callable[[str, Any], Any], own: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(own or {})
        self._live = live
        self._answer = answer
        self._own = frozenset(own or ())

    def __getitem__(self, name: str) -> Any:
        return super().__getitem__(name) if name in self._own else self._answer(name, self._live[name])

    @property
    def behind(self) -> dict[str, Any]:
        """The real globals."""
        return self._live

    def show(self, found: Mapping[str, Any]) -> None:
        """Hold what is read under these names for code that looks into the dictionary itself, as bodies of classes do."""
        for name in found.keys() - self._own:
            super().__setitem__(name, found[name])

    def __contains__(self, name: object) -> bool:
        return name in self._live

    def get(self, name: str, default: Any = None) -> Any:
        """What is read under a name."""
        try:
            return self[name]
        except KeyError:
            return default


def writes_globals(code: types.CodeType) -> bool:
    """Whether the code, or a function defined in it, assigns or deletes globals."""
    if any(i.opname in ("STORE_GLOBAL", "DELETE_GLOBAL") for i in dis.get_instructions(code)):
        return True
    return any(writes_globals(c) for c in code.co_consts if isinstance(c, types.CodeType))


def rebuilt(
    function: types.FunctionType, answer: Callable[[str, Any], Any], builtins: dict[str, Any] | None = None
) -> types.FunctionType | None:
    """The function with ``answer`` between it and what it reads from globals and closure cells (and its own ``builtins``); None if it writes globals."""
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
    if builtins is not None:
        dict.__setitem__(globals_, "__builtins__", builtins)
    twin = types.FunctionType(
        function.__code__, globals_, function.__name__, function.__defaults__, tuple(cells) or None
    )
    twin.__kwdefaults__ = function.__kwdefaults__
    twin.__qualname__ = function.__qualname__
    twin.__module__ = function.__module__
    twin.__dict__.update(function.__dict__)
    return twin
