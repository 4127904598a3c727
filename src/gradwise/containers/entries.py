"""What an object holds under its names."""

from __future__ import annotations

import types
from typing import Any


def own_entries(value: Any) -> Any:
    """The dictionary of an object, class or module; None where it has none.

    ``getattr(value, "__dict__", None)`` asks the class where there is none: stubs and mocks answer for any name (``__getattr__``), and what stands for a module that is not installed raises.

    Examples
    --------
    >>> class Stub:
    ...     __slots__ = ()
    ...     def __getattr__(self, name):
    ...         return 0.0
    >>> getattr(Stub(), "__dict__", None), own_entries(Stub()), own_entries(types.SimpleNamespace(a=1))
    (0.0, None, {'a': 1})
    """
    # compiled classes may have one of their own, as threading.local has for each thread
    getter: Any = type(value).__getattribute__
    try:
        found = (object.__getattribute__ if type(getter) is types.FunctionType else getter)(value, "__dict__")
    except Exception:  # noqa: BLE001  it has none, or a property of the user's stands there
        return None
    return found if isinstance(found, (dict, types.MappingProxyType)) else None
