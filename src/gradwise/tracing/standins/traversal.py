"""Going over arrays with NumPy's iterators: ``np.nditer``, ``np.ndenumerate``; and joining by index, ``np.r_`` and ``np.c_``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.holders import SUBCLASSES, TWINS, is_users_array, wrapped
from gradwise.tracing.instrument.taking import own
from gradwise.tracing.standins.buffers import arange, fillable, linspace
from gradwise.tracing.standins.recording import at_line, contains_traced, open_traces
from gradwise.tracing.standins.stacking import assembled
from gradwise.tracing.traced import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Entries:
    """``np.nditer`` over traced arrays: one entry at a time, as arrays of no axis, which are views that may be written to."""

    def __init__(self, op: Any, flags: Any = (), op_flags: Any = None, **options: Any) -> None:
        operands = op if type(op) in {list, tuple} and not isinstance_traced(op) else [op]
        types = [None if t is None else np.dtype(t) for t in options.pop("op_dtypes", None) or [None] * len(operands)]
        arrays = _with_outputs(operands, types)
        known = {"multi_index", "c_index", "refs_ok", "zerosize_ok", "external_loop", "buffered", "delay_bufalloc"}
        strange = set(flags or ()) - known
        unknown = {k: v for k, v in options.items() if not (k == "order" and v in {"K", "C"})}
        other = [k for k, (a, t) in enumerate(zip(arrays, types, strict=True)) if t is not None and a.dtype != t]
        # NumPy makes a buffer of the type, which is read: one that is written to goes back in pieces
        are_safe = all(np.can_cast(arrays[k].dtype, t) for k, t in enumerate(types) if k in other and t is not None)
        if other and not (are_safe and "buffered" in (flags or ()) and not _are_written(op_flags, other)):
            unknown["op_dtypes"] = types
        else:
            arrays = [a.astype(types[k]) if k in other else a for k, a in enumerate(arrays)]
        if strange or unknown or "external_loop" in (flags or ()):
            trace = open_traces(arrays)[0]
            raise trace.fail(
                f"np.nditer was called on traced arrays with flags={tuple(flags or ())!r} and {unknown!r}. Iteration entry by entry in C order is "
                "required. Write a loop over np.ndindex(x.shape)"
            )
        self.operands = tuple(arrays)
        self.shape = np.broadcast_shapes(*[a.shape for a in arrays])
        order = list(np.ndindex(self.shape))
        first = arrays[0]
        if (
            len(arrays) == 1
            and options.get("order") != "C"
            and first.flags.f_contiguous
            and not first.flags.c_contiguous
        ):
            order.sort(key=lambda place: place[::-1])  # as the entries lie in memory
        self._order = order
        self._views: list[Any] = [np.broadcast_to(a, self.shape) if a.shape != self.shape else a for a in arrays]
        self.iterindex = 0
        self.itersize = len(order)
        self.nop, self.ndim = len(arrays), len(self.shape)

    @property
    def finished(self) -> bool:
        """Whether every entry was visited."""
        return self.iterindex >= self.itersize

    @property
    def multi_index(self) -> tuple[int, ...]:
        """The place of the present entry."""
        return self._order[self.iterindex]

    @property
    def index(self) -> int:
        """The place of the present entry in C order."""
        return int(np.ravel_multi_index(self.multi_index, self.shape)) if self.shape else 0

    @property
    def value(self) -> Any:
        """The present entries."""
        entries = tuple(v[(*self.multi_index, Ellipsis)] for v in self._views)
        return entries if len(entries) > 1 else entries[0]

    def iternext(self) -> bool:
        """Go on; whether there is another entry."""
        self.iterindex += 1
        return not self.finished

    def reset(self) -> None:
        """Begin again."""
        self.iterindex = 0

    def close(self) -> None:
        """Nothing is buffered."""

    def __iter__(self) -> Iterator[Any]:
        while not self.finished:
            yield self.value
            self.iterindex += 1

    def __getitem__(self, k: int) -> Any:
        return self._views[k][(*self.multi_index, Ellipsis)]

    def __setitem__(self, k: int, entry: Any) -> None:
        self._views[k][self.multi_index] = entry

    def __len__(self) -> int:
        return self.nop

    def __enter__(self) -> Entries:
        return self

    def __exit__(self, *error: object) -> None:
        pass


def _are_written(op_flags: Any, operands: list[int]) -> bool:
    """Whether one of these operands is written to: where nothing is said, none that is given."""
    flags = list(op_flags or ())
    alike = bool(flags) and isinstance(flags[0], str)  # the same for all of them
    return any("readonly" not in (flags if alike else flags[k]) for k in operands) if flags else False


def _with_outputs(operands: Any, types: list[Any]) -> list[Any]:
    """The operands as arrays; None stands for a new array that is to be filled, of its type if one is asked for."""
    given = [None if a is None else as_array(a) for a in operands]
    known = [a for a in given if a is not None]
    if len(known) == len(given):
        return known
    shape = np.broadcast_shapes(*[a.shape for a in known])
    dtype = np.result_type(*[a.dtype for a in known])
    return [fillable(np.zeros(shape, t or dtype)) if a is None else a for a, t in zip(given, types, strict=True)]


def nditer(op: Any, *args: Any, **kwargs: Any) -> Any:
    """``np.nditer``."""
    if not contains_traced(op):
        return own(np.nditer(op, *args, **kwargs))
    named = dict(zip(("flags", "op_flags", "op_dtypes", "order"), args, strict=False))
    return Entries(op, **named, **kwargs)


def ndenumerate(arr: Any) -> Any:
    """``np.ndenumerate``."""
    if not contains_traced(arr):
        return own(np.ndenumerate(arr))
    a = as_array(arr)
    return ((place, a[place]) for place in np.ndindex(a.shape))


# --- np.r_, np.c_ ---------------------------------------------------------------------------------------------------------------


def joined(joiner: Any, key: Any) -> Any:
    """``np.r_[...]`` and ``np.c_[...]`` with traced pieces."""
    pieces = key if type(key) is tuple else (key,)
    if not any(contains_traced(p) or (type(p) is slice and _moves(p)) for p in pieces):
        return joiner[key]
    axis, ndmin, trans1d = joiner.axis, joiner.ndmin, joiner.trans1d
    if isinstance(pieces[0], str) and pieces[0] not in {"r", "c"}:  # "axis", "axis,ndmin" or "axis,ndmin,trans1d"
        given: list[int] = [int(n) for n in pieces[0].split(",")]
        axis, ndmin, trans1d = given + [axis, ndmin, trans1d][len(given) :]
        pieces = pieces[1:]
    if any(isinstance(p, str) for p in pieces):
        trace = open_traces([q for p in pieces for q in (p if type(p) in {list, tuple} else [p])])[0]
        raise trace.fail(
            f"np.r_ was given the directive {pieces[0]!r} beside traced pieces, which makes a matrix. Pieces alone are required. Write np.concatenate or np.stack"
        )
    arrays = []
    for piece in pieces:
        p = wrapped(piece) if is_users_array(type(piece)) else piece
        if type(p) is slice:
            start, step = p.start or 0, 1 if p.step is None else p.step
            part = linspace(start, p.stop, int(abs(step))) if isinstance(step, complex) else arange(start, p.stop, step)
            part = _raised(part, ndmin)
            part = np.swapaxes(part, -1, trans1d) if ndmin > 1 and trans1d != -1 else part
        elif type(p) not in {list, tuple} and np.ndim(plain(p)) == 0:
            part = _raised(p, ndmin)
        else:
            whole = as_array(assembled(p) if type(p) in {list, tuple} else p)
            part = _raised(whole, ndmin)
            if trans1d != -1 and whole.ndim < ndmin:  # where the old axes go: np.c_ makes columns of vectors
                new = ndmin - whole.ndim
                first = trans1d + (new + 1 if trans1d < 0 else 0)
                axes = list(range(ndmin))
                part = np.transpose(part, axes[:first] + axes[new:] + axes[first:new])
        # a piece of a user's class stays one: NumPy says of which class the whole is
        arrays.append(SUBCLASSES["view"](p.__class__, part, p) if type(p) in TWINS else part)
    with at_line(*open_traces(arrays)):
        return np.concatenate(arrays, axis=axis)


def _raised(a: Any, ndmin: int) -> Any:
    a = as_array(a)
    return np.reshape(a, (1,) * (ndmin - a.ndim) + a.shape) if a.ndim < ndmin else a


def _moves(piece: slice) -> bool:
    return any(isinstance_traced(e) for e in (piece.start, piece.stop, piece.step))


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "numpy": {
        "nditer": nditer,
        "ndenumerate": ndenumerate,
    }
}
#: callees that are no attribute of a module: np.r_[...] is a method of its class
BY_IDENTITY: list[tuple[Any, Callable[..., Any]]] = [(type(np.r_).__getitem__, joined)]
