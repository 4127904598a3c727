"""The operators of ``np.lib.mixins.NDArrayOperatorsMixin``, which apply universal functions: these ask ``__array_ufunc__`` of the user's class, which runs as a twin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.standins.asking import asking

if TYPE_CHECKING:
    from collections.abc import Callable


def _mixed_in(name: str, ufunc: Any) -> Callable[..., Any]:
    """An operator of ``NDArrayOperatorsMixin``, which applies a universal function."""
    ask = asking(ufunc, ufunc)

    def operate(self: Any, *others: Any) -> Any:
        if any(getattr(type(o), "__array_ufunc__", 0) is None for o in others):
            return NotImplemented
        if name.startswith("__r"):
            return ask(*others, self)
        return ask(self, *others, out=(self,)) if name.startswith("__i") and others else ask(self, *others)

    operate.__name__ = name
    return operate


_BINARY = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "matmul": np.matmul,
    "truediv": np.true_divide,
    "floordiv": np.floor_divide,
    "mod": np.remainder,
    "pow": np.power,
}
_OTHERS = {
    "neg": np.negative,
    "pos": np.positive,
    "abs": np.absolute,
    "invert": np.invert,
    "lt": np.less,
    "le": np.less_equal,
    "eq": np.equal,
    "ne": np.not_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
}
_NAMED = {f"__{p}{n}__": u for n, u in _BINARY.items() for p in ("", "r", "i")} | {
    f"__{n}__": u for n, u in _OTHERS.items()
}
_Mixin = np.lib.mixins.NDArrayOperatorsMixin
BY_IDENTITY: list[tuple[Any, Callable[..., Any]]] = [
    (vars(_Mixin)[n], _mixed_in(n, u)) for n, u in _NAMED.items() if n in vars(_Mixin)
]
