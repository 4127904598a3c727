"""Arrays that are looked at in another shape: ``np.lib.stride_tricks.as_strided`` and ``np.broadcast``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.standins.recording import at_line, contains_traced, open_traces
from gradwise.tracing.traced import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def as_strided(
    x: Any,
    shape: Any = None,
    strides: Any = None,
    subok: bool = False,
    writeable: bool = True,
    *,
    check_bounds: Any = None,
) -> Any:
    """``as_strided`` of a traced array: its entries where the strides find them, in a fresh array that cannot be written to.

    Raises
    ------
    TracingError
        If the strides lead to what is no entry of it: outside of it, or into the gaps of a view.
    """
    if not isinstance_traced(x):
        options = {} if check_bounds is None else {"check_bounds": check_bounds}
        return np.lib.stride_tricks.as_strided(x, shape, strides, subok, writeable, **options)
    trace = open_traces([x])
    a = as_array(x)
    value = a.current()
    shape = value.shape if shape is None else tuple(np.atleast_1d(shape).tolist())
    strides = value.strides if strides is None else tuple(np.atleast_1d(strides).tolist())
    wanted, own = _offsets(shape, strides), _offsets(value.shape, value.strides).ravel()
    order = np.argsort(own, kind="stable")
    places = order[np.minimum(np.searchsorted(own, wanted, sorter=order), own.size - 1)] if own.size else wanted
    if wanted.size and not (own.size and np.array_equal(own[places], wanted)):
        raise (trace[0] if trace else x.tape).fail(
            f"as_strided(x, {shape}, {strides}) was called on a traced array of shape {value.shape} and strides {value.strides}. Strides that lead from entry to entry of it are "
            "required. Write x.copy() first, or np.lib.stride_tricks.sliding_window_view"
        )
    with at_line(*trace):
        result = a.ravel()[places]
    if isinstance_traced(result) and result.tape.open:
        result.writeable = False  # what is written would have to reach x
    return result


def _offsets(shape: tuple[int, ...], strides: tuple[int, ...]) -> np.ndarray:
    """Where the entries lie, in bytes from the first."""
    offsets = np.zeros(shape, np.intp)
    for axis, (length, stride) in enumerate(zip(shape, strides, strict=True)):
        offsets += (np.arange(length) * stride).reshape((-1,) + (1,) * (len(shape) - axis - 1))
    return offsets


class Broadcast:
    """``np.broadcast`` of traced arrays: goes over the entries side by side."""

    def __init__(self, *operands: Any) -> None:
        arrays = [as_array(a) for a in operands]
        self.shape: tuple[int, ...] = np.broadcast_shapes(*[a.shape for a in arrays])
        self.numiter = len(arrays)
        self.nd = self.ndim = len(self.shape)
        self.size = int(np.prod(self.shape))
        self.index = 0
        self._views = [np.broadcast_to(a, self.shape) for a in arrays]
        self._places = list(np.ndindex(self.shape))

    @property
    def iters(self) -> tuple[Any, ...]:
        """The broadcast arrays, flat."""
        return tuple(v.flat for v in self._views)

    def reset(self) -> None:
        """Begin again."""
        self.index = 0

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return self

    def __next__(self) -> tuple[Any, ...]:
        if self.index >= self.size:
            raise StopIteration
        place = self._places[self.index]
        self.index += 1
        return tuple(v[place] for v in self._views)


def broadcast(*operands: Any) -> Any:
    """``np.broadcast``."""
    return Broadcast(*operands) if contains_traced(operands) else np.broadcast(*operands)


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "numpy": {"broadcast": broadcast},
    "numpy.lib.stride_tricks": {"as_strided": as_strided},
}
