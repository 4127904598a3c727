"""The module ``operator``: its functions are Python's operators, so objects of the user's are asked by the twins of their special methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradwise.tracing.instrument.compiling import HOOKS
from gradwise.tracing.standins.number_types import abs_

if TYPE_CHECKING:
    from collections.abc import Callable

#: the function's name in the module and the hook of the operator
_OPERATORS = {
    **{name: name for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "xor")},
    **{name: name for name in ("lshift", "rshift", "neg", "pos", "invert", "lt", "le", "gt", "ge", "eq", "ne")},
    **{
        "i" + name: "i" + name
        for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "xor", "lshift", "rshift")
    },
    "and_": "and",
    "or_": "or",
    "iand": "iand",
    "ior": "ior",
    "inv": "invert",
}


def _operator(name: str) -> Callable[..., Any]:
    def call(*args: Any) -> Any:
        return HOOKS[name](*args)

    call.__name__ = name
    call.__doc__ = f"``operator.{name}``."
    return call


def getitem(a: Any, b: Any, /) -> Any:
    """``operator.getitem``."""
    return HOOKS["reading"](a)[b]


def setitem(a: Any, b: Any, c: Any, /) -> None:
    """``operator.setitem``."""
    HOOKS["writing"](a)[b] = c


def delitem(a: Any, b: Any, /) -> None:
    """``operator.delitem``."""
    del HOOKS["writing"](a)[b]


def contains(a: Any, b: Any, /) -> bool:
    """``operator.contains``."""
    return bool(HOOKS["contains"](b, a))


def truth(a: Any, /) -> bool:
    """``operator.truth``."""
    return bool(HOOKS["true"](a))


def not_(a: Any, /) -> bool:
    """``operator.not_``."""
    return not HOOKS["true"](a)


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "operator": {
        **{theirs: _operator(ours) for theirs, ours in _OPERATORS.items()},
        "getitem": getitem,
        "setitem": setitem,
        "delitem": delitem,
        "contains": contains,
        "truth": truth,
        "not_": not_,
        "abs": abs_,
    }
}
