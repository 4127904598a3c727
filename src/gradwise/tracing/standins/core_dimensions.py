"""``np.vectorize`` with a signature: the function is called for parts of its arguments, whose dimensions it names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.standins.arrays import asarray
from gradwise.tracing.traced import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable


def _core_dimensions(signature: str) -> tuple[list[list[str]], list[list[str]]]:
    """The names of the core dimensions of each input and output: "(m,n),(n)->(m)"."""
    inputs, outputs = (
        [list(filter(None, re.split(r"\s*,\s*", g.strip()))) for g in re.findall(r"\(([^()]*)\)", side)]
        for side in signature.split("->")
    )
    return inputs, outputs


def by_signature(vectorized: Any, one: Callable[..., Any], moving: list[Any]) -> Any:
    """The call of a vectorized function whose parts ``one`` computes."""
    inputs, outputs = _core_dimensions(vectorized.signature)
    if len(moving) != len(inputs):
        raise TypeError(f"wrong number of positional arguments: expected {len(inputs)}, got {len(moving)}")
    arrays = [as_array(asarray(a)) for a in moving]
    sizes: dict[str, int] = {}
    loops = []
    for a, core in zip(arrays, inputs, strict=True):
        if a.ndim < len(core):
            raise ValueError(
                f"{a.ndim}-dimensional argument does not have enough dimensions for all core dimensions {tuple(core)!r}"
            )
        for name, n in zip(core, a.shape[a.ndim - len(core) :], strict=True):
            if sizes.setdefault(name, n) != n:
                raise ValueError(f"inconsistent size for core dimension {name!r}: {n} vs {sizes[name]}")
        loops.append(a.shape[: a.ndim - len(core)])
    shape = np.broadcast_shapes(*loops)
    if 0 in shape and (vectorized.otypes is None or vectorized.otypes == ""):
        raise ValueError("cannot call `vectorize` on size 0 inputs unless `otypes` is set")
    arrays = [np.broadcast_to(a, shape + a.shape[a.ndim - len(core) :]) for a, core in zip(arrays, inputs, strict=True)]
    results = []
    for place in np.ndindex(shape):
        result = one(*[a[place] for a in arrays])
        results.append(result if len(outputs) > 1 else (result,))
        if len(outputs) > 1 and len(result) != len(outputs):
            raise ValueError(f"wrong number of outputs from pyfunc: expected {len(outputs)}, got {len(result)}")
    columns = []
    for k, core in enumerate(outputs):
        pieces = [asarray(r[k]) for r in results]
        for piece in pieces:
            for name, n in zip(core, piece.shape, strict=True):
                if sizes.setdefault(name, n) != n:
                    raise ValueError(f"inconsistent size for core dimension {name!r}: {n} vs {sizes[name]}")
        inner = tuple(sizes[name] for name in core)
        made = np.reshape(np.stack([np.asarray(p) if not isinstance_traced(p) else p for p in pieces]), shape + inner)
        columns.append(made.astype(vectorized.otypes[k]) if vectorized.otypes else made)
    return tuple(columns) if len(columns) > 1 else columns[0]
