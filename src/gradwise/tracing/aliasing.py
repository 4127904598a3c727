"""Where a write to a traced array must arrive: at the arrays that it is a view of, and at the caller's own.

The functions take traced arrays, whose classes are in ``traced.py``; they use their ``root``, ``parent`` and ``path`` only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.errors import InputError, TracingError
from gradwise.rules.algebra import complex_p, imag_p, real_p, select
from gradwise.rules.broadcasting import reshape_p
from gradwise.rules.shapes import diagonal, getitem, place_diagonal, scatter_set, transpose

if TYPE_CHECKING:
    from gradwise.program import Primitive
    from gradwise.tracing.trace import Trace


def foreign_write(array: Any) -> TracingError:
    """The error for a write of a value of the function being differentiated inside to an array of the function around; it knows the array (``operators/borrowing.py``)."""
    error = refused_write(array)
    error.__dict__["array"] = array.base_array()
    return error


def refused_write(array: Any) -> TracingError:
    """The same, where nothing can be done about it."""
    error: TracingError = array.tape.fail(
        "an array of an outer function was assigned a value of the function being differentiated inside it. Return the value instead"
    )
    return error


def part_of(whole: Any, primitive: Primitive, params: tuple[Any, ...]) -> Any:
    """The view that a path takes of a buffer; of one entry an array of no axis (``x[0, ...]``), which may be written to."""
    value = primitive.value(whole, *params)
    return value if type(value) is np.ndarray or primitive is not getitem else whole[(*params[0], Ellipsis)]


def mirror(array: Any, key: Any) -> None:
    """Write into the caller's own array what the function wrote into its argument at ``key``.

    Read back from our array: the value that was written may have been a view of it, and changed by the write.
    """
    target = mirror_of(array)
    if target is not None:
        target[key] = array.value[key]


def mirror_of(array: Any) -> Any:
    """The part of the caller's own array that a (view of an) argument stands for, about to be written; None if it stands for none."""
    root = array.base_array()
    if root.mirror is None:
        return None
    refuse_shared(root)
    detach_values(root)
    trace = root.tape
    if trace.unwritten:
        trace.unwritten = [pair for pair in trace.unwritten if pair[0] is not root.mirror]
    return _standing_for(array, root.mirror)


def callers_part(array: Any) -> Any:
    """The part of the caller's own array that a traced array stands for; its own values where it stands for none."""
    root = array.base_array()
    if root.mirror is None:
        return array.current()
    return _standing_for(array, root.mirror)


def flags_of(value: Any) -> Any:
    """``x.flags``: of an argument, or a view of one, those of the caller's own array, which may be a view itself or not to be written to."""
    now = callers_part(value) if hasattr(value, "mirror") else value.current()
    return now.flags if hasattr(now, "flags") else np.asarray(now).flags


def base_of(array: Any) -> Any:
    """``x.base``: the array whose memory a view shows; of an argument, or a view of one, what the caller's own array is a view of."""
    root = array.base_array()
    return array.root if root.mirror is None or root.mirror.base is None else root.mirror.base


def _standing_for(array: Any, whole: np.ndarray) -> Any:
    """The view that ``array`` is of its root, taken of the caller's array in the place of the root."""
    target: Any = whole
    chain = []
    node = array
    while node.root is not None:
        chain.append(node.path)
        assert node.parent is not None
        node = node.parent
    for primitive, params in reversed(chain):
        target = part_of(target, primitive, params)
    return target


def refuse_shared(root: Any) -> None:
    """A write to one of two arguments that share memory would reach the other in a plain call only: their traced arrays are two.

    Raises
    ------
    InputError
        If another argument shares memory with this one.
    """
    trace = root.tape
    if trace.open and len(trace.mirrors) > 1 and sum(_overlap(m, root.mirror) for m in trace.mirrors) > 1:
        trace.error = InputError(
            "the function writes to an argument that shares memory with another argument, so that both change. Separate arrays are required. "
            "Pass x.copy() for one of them"
        )
        raise trace.error


def refuse_changed(trace: Trace) -> None:
    """An argument that changed while the run did not write to it shares memory with an array that the function changes by another name (``self.a += 1`` in ``f(self.a)``): in a plain call the argument changes too.

    Raises
    ------
    InputError
        If the caller's array holds something else than it did when the run began.
    """
    given, trace.unwritten = trace.unwritten, []
    if any(theirs.tobytes() != copied.tobytes() for theirs, copied in given):
        raise changed_elsewhere()


def changed_elsewhere() -> InputError:
    """The error for an argument that the function changes by another name."""
    return InputError(
        "the function changes the array of its argument by another name that it has for it (an attribute, a global), so that the argument changes too. "
        "Separate arrays are required. Pass x.copy()"
    )


def _overlap(a: np.ndarray, b: np.ndarray) -> bool:
    try:
        return np.shares_memory(a, b, max_work=10_000)  # type: ignore[arg-type]  # any number of steps; the stubs know 0 and -1 only
    except np.exceptions.TooHardError:
        return True


def detach_values(root: Any) -> None:
    """Before the caller's array changes: copies of the values that the trace kept by reference to it."""
    values, checksums = root.tape.values, root.tape.checksums
    for i in [i for i, (array, _) in checksums.items() if array is root.mirror]:
        del checksums[i]
        for j, kept in enumerate(values):
            if type(kept) is np.ndarray and np.may_share_memory(kept, root.mirror):
                values[j] = kept.copy()


def put_back(trace: Trace, parent: Any, primitive: Primitive, params: tuple[Any, ...], index: int, value: Any) -> int:
    """The variable of the parent's contents after its view became ``index``: the inverse of the view's path."""
    parent.sync()
    if primitive is getitem:
        return trace.record(scatter_set, (parent.index, index), params, None)
    if primitive is reshape_p:
        return trace.record(reshape_p, (index,), (parent.value.shape,), None)
    if primitive is transpose:
        (order,) = params
        return trace.record(transpose, (index,), (tuple(int(i) for i in np.argsort(order)),), None)
    if primitive is diagonal:
        shape = parent.value.shape
        mask = trace.capture(place_diagonal.value(np.ones(value.shape, bool), shape, *params))[0]
        new = trace.record(place_diagonal, (index,), (shape, *params), None)
        return trace.record(select, (mask, new, parent.index), (), None)
    # the real or the imaginary part of a complex array: keep the other one
    kept = trace.record(imag_p if primitive is real_p else real_p, (parent.index,), (), None)
    return trace.record(complex_p, (index, kept) if primitive is real_p else (kept, index), (), None)
