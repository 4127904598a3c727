"""The traced scalar and the traced array: a concrete value, the variable that stands for it, and NumPy's aliasing.

``TracedScalar`` is immutable, like a Python or NumPy number; which of the two it follows shows in the type of its value.  ``TracedArray`` behaves as an
``ndarray`` and is no subclass of it: a subclass would let C code read the buffer and lose the trace in silence.

**Aliasing.**  The program is functional; the arrays of the user are not.  An array knows the variable of its present contents (``index``).  A write records an equation for
the new contents and gives the array that variable.  A *view* knows its parent, how it was taken (``path``), and the ``version`` of the root that
it last saw; when the root has moved on, the view takes its contents again.  A write to a view is carried up to the root through the inverse of each path.
The concrete buffers are real NumPy arrays and real views of each other, written in place; a buffer is copied before a write only if its old
contents may be needed by the derivative (``pinned``), so that filling an array entry by entry costs O(1) an entry.

After the trace has ended, a traced value that the function kept behaves as its plain value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from gradwise.errors import TracingError
from gradwise.program import Primitive
from gradwise.rules.broadcasting import convert_p
from gradwise.rules.shapes import basic_key, numpy_key, scatter_set
from gradwise.tracing.aliasing import mirror, part_of, put_back
from gradwise.tracing.layout import copy_in_layout, empty_in_layout
from gradwise.tracing.trace import Trace, as_plain_array

if TYPE_CHECKING:
    from collections.abc import Sequence


class PlainArray(np.ndarray):
    """What a traced array says it is: an ndarray to ``isinstance``, and not ndarray itself to code that takes a short cut for exactly that."""


class Traced:
    """Base of the traced values: a concrete value with the variable that stands for it."""

    __slots__ = ("index", "tape", "value")
    index: int
    tape: Trace
    value: Any

    @property
    def __level__(self) -> int:
        return self.tape.level if self.tape.open else 0

    if TYPE_CHECKING:
        # methods.install gives the classes the interface of ndarray

        def __getattr__(self, name: str) -> Any: ...
        def __getitem__(self, key: Any) -> Any: ...
        def __setitem__(self, key: Any, value: Any) -> None: ...
        def __len__(self) -> int: ...

    @property  # type: ignore[misc]  # object's is writable; ours answers isinstance(x, float) and isinstance(x, np.ndarray) as the plain value would
    def __class__(self) -> type:
        cls = type(self.value)
        return PlainArray if cls is np.ndarray else cls

    def __primitive__(self, primitive: Primitive, operands: Sequence[Any], params: tuple[Any, ...]) -> Any:
        if not self.tape.open:
            plain = [o.current() if isinstance_traced(o) else o for o in operands]
            return primitive.value(*plain, *params)
        return apply(self.tape, primitive, operands, params)

    def current(self) -> Any:
        """The plain value now.

        Raises
        ------
        TracingError
            If the trace has ended and the value may depend on one that is still open.
        """
        if not self.tape.open and self.tape.outers:
            self.tape.refuse_if_outer_is_open()
        return self.value

    def shown(self) -> Any:
        """The plain value, to be printed."""
        self.tape.looked_up = self.tape.looked_up or "shown"
        return self.value

    def frozen(self) -> Any:
        """An immutable stand-in for the present contents; the plain value if the trace has ended."""
        return self

    def __reduce_ex__(self, protocol: Any) -> Any:
        if self.tape.open:
            raise escape(
                self,
                "pickling",
                "Store it after the derivative has been computed, or return it beside the value with has_aux=True",
            )
        return _itself, (self.current(),)


def _itself(value: Any) -> Any:
    return value


class TracedScalar(Traced):
    """A traced number."""

    __slots__ = ()

    def __init__(self, trace: Trace, index: int, value: Any) -> None:
        self.tape = trace
        self.index = index
        self.value = value

    def frozen(self) -> Any:
        return self if self.tape.open else self.current()


class TracedArray(Traced):
    """A traced array."""

    __slots__ = ("__weakref__", "mirror", "parent", "path", "pinned", "root", "version", "viewed", "writeable")

    def __init__(self, trace: Trace, index: int, value: Any, pinned: bool = False) -> None:
        self.tape = trace
        self.index = index
        self.value = value
        self.pinned = pinned
        self.root: TracedArray | None = None
        self.parent: TracedArray | None = None
        self.path: Any = None
        self.version, self.viewed = 0, False  # whether a view of it was ever made
        #: the caller's own array, which a write must reach
        self.mirror: np.ndarray | None = None
        self.writeable = True

    # --- reading --------------------------------------------------------------------------------------------------------

    def base_array(self) -> TracedArray:
        """The array whose memory this is a part of (itself, if it is no view)."""
        return self if self.root is None else self.root

    def current(self) -> Any:
        if not self.tape.open and self.tape.outers:
            self.tape.refuse_if_outer_is_open()
        return self._shown()

    def shown(self) -> Any:
        self.tape.looked_up = self.tape.looked_up or "shown"
        return self._shown()

    def _shown(self) -> Any:
        if self.root is not None and self.version != self.root.version:
            self.refresh()
        return self.value

    def frozen(self) -> Any:
        if not self.tape.open:
            return self.current()
        self.sync()
        self.pin()
        twin = TracedArray(self.tape, self.index, self.value, pinned=True)
        twin.writeable = False
        return twin

    def sync(self) -> None:
        """Take the contents again if the root was written since."""
        root = self.root
        if root is not None and self.version != root.version:
            self.refresh()

    def refresh(self) -> None:
        parent, root = self.parent, self.root
        assert parent is not None
        assert root is not None
        parent.sync()
        primitive, params = self.path
        self.value = part_of(parent.value, primitive, params)
        if self.tape.open:
            self.index = self.tape.record(primitive, (parent.index,), params, None)
        self.version = root.version

    def pin(self) -> None:
        """The present contents may be asked for by a pullback: keep them."""
        values = self.tape.values
        if values[self.index] is None:
            values[self.index] = self.value
        self.base_array().pinned = True

    def child_view(self, primitive: Primitive, params: tuple[Any, ...], index: int, value: Any) -> TracedArray:
        """A traced array whose memory is part of this one's."""
        child = TracedArray(self.tape, index, value)
        root = self.base_array()
        child.root, child.parent, child.path, child.version = root, self, (primitive, params), root.version
        child.writeable, self.viewed = self.writeable, True
        return child

    # --- writing --------------------------------------------------------------------------------------------------------

    def prepare_write(self) -> None:
        """Make the buffer ours alone to change."""
        root = self.base_array()
        self.sync()
        if not self.writeable:
            raise ValueError("assignment destination is read-only")
        if root.pinned:
            root.value = copy_in_layout(root.value)
            root.pinned = False
            root.version += 1  # other views must find the new place even if the write fails
            if self.root is not None:
                self._relocate()

    def _relocate(self) -> None:
        """After the root's buffer moved: the same contents at the new place (no new variable)."""
        parent = self.parent
        assert parent is not None
        if parent.root is not None:
            parent._relocate()
        primitive, params = self.path
        self.value = part_of(parent.value, primitive, params)
        assert self.root is not None
        self.version = self.root.version

    def commit(self, index: int) -> None:
        """Give this array the variable ``index`` as its new contents, and carry that up to the root."""
        trace = self.tape
        self.index = index
        if self.root is None:
            self.version += 1
            return
        parent = self.parent
        assert parent is not None
        primitive, params = self.path
        parent.commit(put_back(trace, parent, primitive, params, index, self.value))
        self.version = self.root.version

    def write(self, key: tuple[Any, ...], arrays: tuple[Any, ...], updates: Any) -> None:
        """``self[key] = updates``; ``arrays`` are the index arrays (plain or traced)."""
        trace = self.tape
        if arrays:
            target = numpy_key(key, tuple(a.current() if isinstance_traced(a) else a for a in arrays))
        else:
            target = basic_key(key)
        value = updates.current() if isinstance_traced(updates) else updates
        self.prepare_write()
        self.value[target] = value
        mirror(self, target)
        dtype = self.value.dtype
        source = operand_index(trace, updates, dtype)
        indices = tuple(operand_index(trace, a, None) for a in arrays)
        self.commit(trace.record(scatter_set, (self.index, source, *indices), (key,), None))

    def replace(self, result: Any) -> None:
        """``self[...] = result`` where ``result`` is traced, of the same shape and of a dtype that may be cast to this one."""
        trace = self.tape
        index = operand_index(trace, result, self.value.dtype)
        self.prepare_write_whole(result.current())
        self.commit(index)

    def prepare_write_whole(self, value: Any) -> None:
        root = self.root
        if root is None and self.pinned and type(value) is np.ndarray and self.value.dtype == value.dtype:
            if not self.writeable:
                raise ValueError("assignment destination is read-only")
            # the old buffer is needed: take a fresh one instead of copying what is overwritten anyway
            self.value = empty_in_layout(self.value)
            self.value[...] = value
            self.pinned = False
        else:
            self.prepare_write()
            self.value[...] = value
        mirror(self, ...)


def isinstance_traced(value: Any) -> TypeGuard[Any]:
    """Whether ``value`` is traced (``isinstance`` would ask ``__class__``, which answers for the plain value)."""
    cls = type(value)
    return cls is TracedArray or cls is TracedScalar


def wrap(trace: Trace, index: int, value: Any, pinned: bool = True) -> Any:
    """A traced value for a fresh result."""
    return TracedArray(trace, index, value, pinned) if type(value) is np.ndarray else TracedScalar(trace, index, value)


def operand_index(trace: Trace, operand: Any, dtype: np.dtype[Any] | None) -> int:
    """The variable of an operand in ``trace``, converted to ``dtype`` unless that is None."""
    cls = type(operand)
    if cls is TracedArray and operand.tape is trace:  # as most are
        if operand.root is not None:
            operand.sync()
        if dtype is None or operand.value.dtype is dtype:
            return operand.index
    if (cls is TracedArray or cls is TracedScalar) and operand.tape is trace:
        value = operand.value
        index = operand.index
        if dtype is not None and dtype_of(value) != dtype and (value.__class__ is not float or dtype != np.float64):
            castable = np.ndim(value) == 0 and dtype.kind != "b" and _castable(value, dtype)
            return trace.record(convert_p, (index,), (dtype,), dtype.type(value) if castable else None)
        return index
    if cls is TracedArray or cls is TracedScalar:
        operand = operand.frozen()
        if isinstance_traced(operand):
            index, value = trace.capture(operand)
            if dtype is not None and dtype_of(value) != dtype:
                return trace.record(convert_p, (index,), (dtype,), None)
            return index
    if dtype is not None:
        if dtype.kind != "c" and np.iscomplexobj(operand):
            operand = np.real(operand)
        if type(operand) is np.ndarray:
            operand = operand if operand.dtype == dtype else operand.astype(dtype)
        elif isinstance(operand, (int, float, complex, np.generic)):
            convert: Any = float if dtype == np.float64 else dtype.type
            operand = convert(operand)
        else:
            operand = as_plain_array(operand, dtype)
    return trace.capture(operand)[0]


def _castable(value: Any, dtype: np.dtype[Any]) -> bool:
    return dtype.kind == "c" or not isinstance(value, complex)


def dtype_of(value: Any) -> np.dtype[Any]:
    """The dtype of a concrete value as a program sees it."""
    cls = type(value)
    if cls is float or cls is complex:
        return _F64 if cls is float else _C128
    dtype = getattr(value, "dtype", None)
    return np.asarray(value).dtype if dtype is None else dtype


_F64, _C128 = np.dtype(np.float64), np.dtype(np.complex128)


def keep_operands(primitive: Primitive, operands: Sequence[Any], trace: Trace) -> None:
    """Pin what a pullback of this equation may ask for."""
    keeps = primitive.keeps
    if keeps in {"none", "output"}:
        return
    if keeps == "product":
        traced = [o for o in operands if type(o) is TracedArray and o.tape is trace]
        scalars = [o for o in operands if type(o) is TracedScalar and o.tape is trace]
        if len(traced) + len(scalars) < 2:
            return
        for o in traced:
            o.pin()
        return
    for o in operands[1:] if keeps == "indices" else operands:
        if type(o) is TracedArray and o.tape is trace:
            o.pin()


def apply(
    trace: Trace,
    primitive: Primitive,
    operands: Sequence[Any],
    params: tuple[Any, ...] = (),
    value: Any = None,
    dtype: np.dtype[Any] | None = None,
) -> Any:
    """Record ``primitive(*operands; params)`` and return the traced result.

    Parameters
    ----------
    value : optional
        The concrete value, if the caller has it already (as NumPy itself gave it).
    dtype : optional
        The dtype to which all operands are converted first.
    """
    if value is None:
        plain = [o.current() if isinstance_traced(o) else o for o in operands]
        value = primitive.value(*plain, *params)
    indices = tuple([operand_index(trace, o, dtype) for o in operands])
    keep_operands(primitive, operands, trace)
    if primitive.multiple:
        keeps = primitive.keeps in ("output", "all")
        outs = trace.record_multiple(
            primitive, indices, params, tuple(v if keeps or type(v) is not np.ndarray else None for v in value)
        )
        return tuple(wrap(trace, o, v, keeps) for o, v in zip(outs, value, strict=True))
    if type(value) is not np.ndarray:
        return TracedScalar(trace, trace.record(primitive, indices, params, value), value)
    first = operands[0] if operands else None
    if (
        primitive.view
        and type(first) is TracedArray
        and first.tape is trace
        and np.may_share_memory(value, first.value)
    ):
        index = trace.record(primitive, indices, params, None)
        return first.child_view(primitive, params, index, value)
    keeps = primitive.keeps in ("output", "all")
    if value.base is not None:
        value = value.copy()  # its memory may be an operand's, which a write must not reach
    return TracedArray(trace, trace.record(primitive, indices, params, value if keeps else None), value, keeps)


def escape(operand: Traced, what: str, cure: str) -> TracingError:
    """The error for a conversion that would lose the trace."""
    return operand.tape.fail(f"{what} would lose the derivative of a traced value ({operand.value!r}). {cure}")
