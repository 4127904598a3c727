"""What one traced run knows about the user's objects: the overlay, the twins, and what must be cleaned when it ends.

A traced value that is stored in an object which others can see would leak.  Attributes of objects that were there before: the object holds the plain value, the *overlay* of the run the
traced one, by object and name, consulted first on loads.  Objects that the run itself constructs, and objects whose special methods are asked for numbers by code that is not rewritten, hold the
traced value itself, as lists, dictionaries, globals and closure cells do, until the run ends; then it is replaced by its plain value (``sweep``).
"""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.holders import HOLDERS, TWINS
from gradwise.tracing.instrument.lent import behind_strides, is_restorable, lender_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from gradwise.tracing.trace import Trace


class Tail:
    """A long list to which a run did nothing but append: its length before, and what was appended.

    A history that a function keeps grows from call to call; only its end is to be looked at.
    """

    __slots__ = ("appended", "length", "of")

    def __init__(self, of: list[Any]) -> None:
        self.of = of
        self.length = len(of)
        self.appended: list[Any] = []

    def stands(self) -> bool:
        """Whether what was appended is where it was put, and nothing else is there."""
        of, length, appended = self.of, self.length, self.appended
        return len(of) == length + len(appended) and all([of[length + k] is v for k, v in enumerate(appended)])


class Watch:
    """The state of one traced run in one thread.

    Attributes
    ----------
    trace : Trace
    outer : Watch or None
        The run inside which this one runs.
    twins : dict
        By the identity of a user function, the function and its instrumented twin.
    overlay : dict
        By the identity of an object, the object and its traced attributes by name.
    touched : dict
        By identity, the containers into which something was put during the run.
    tails : dict
        By identity, the long lists to which the run did nothing but append.
    cells : dict
        By identity, closure cells that the run assigned.
    names : dict
        By the identity of a dictionary of globals, the dictionary and the names that the run assigned.
    memos : dict
        What functions under ``lru_cache`` returned in this run.
    revealed : dict
        By identity, objects into which the overlay's values were put for code that is not rewritten, and the names.
    classes : dict
        What the classes that were met define in Python.
    class_overlay : bool
        Whether the overlay holds attributes of classes.
    created : dict
        By identity, the objects that the run constructed.
    changed : dict
        By identity, the objects of libraries that the run changed, and that nobody can put back (``foreign.py``).
    stored : dict
        By identity, the objects whose attributes the run stored.
    effects : dict
        What the run did outside, in words.
    generators : dict
        By identity, the generators of random numbers from which the run drew, and their states before; iterators from which it took, and copies.
    given : dict
        By identity, the objects of libraries to which traced values were given, and which may have kept them.
    identities : dict
        By the identity of a traced value that ``id`` was asked of, that and what was answered.
    held : list
        The arrays for which buffers stood in all places that hold them.
    iterators : set
        The identities of the iterators that the run made.
    originals : dict
        By identity, what stands for arrays that were there before the run in all places that hold them, and the arrays (``sharing.py``).
    kept : list
        Arrays that are changed in place under a name which is none of the place that keeps them.
    later : list
        What is to be called when the outermost run ends: classes and context variables made plain.
    slack : float
        By how much, relative to them, the derivatives of plain calls may be others: those of a minimiser that ended beside the minimum.
    subclasses : dict
        By the user's class of arrays, its twin.
    asks : list
        What a plain call would have asked of the user's memories, in order (``asked_later.py``).
    unseen : dict
        By identity, what code that the run did not see changed (``survey.py``).
    """

    __slots__ = (
        "asks",
        "cells",
        "changed",
        "class_overlay",
        "classes",
        "created",
        "effects",
        "generators",
        "given",
        "held",
        "identities",
        "iterators",
        "kept",
        "later",
        "memos",
        "names",
        "originals",
        "outer",
        "overlay",
        "revealed",
        "slack",
        "stored",
        "subclasses",
        "tails",
        "touched",
        "trace",
        "twins",
        "unseen",
    )

    def __init__(self, trace: Trace, outer: Watch | None) -> None:
        self.trace = trace
        self.outer = outer
        notes: Callable[[], dict[Any, Any]] = dict if local.journal is None else local.journal.notes
        run = local.both_ways
        if run is not None:
            noted = notes

            def notes() -> dict[Any, Any]:
                return run.notes(noted())

        self.twins: dict[int, tuple[Any, Any]] = {}
        self.overlay: dict[int, tuple[Any, dict[str, Any]]] = notes()
        self.touched: dict[int, Any] = notes()
        self.changed: dict[int, Any] = {} if run is None else notes()
        self.tails: dict[int, Tail] = notes()
        self.cells: dict[int, Any] = notes()
        self.names: dict[int, tuple[dict[str, Any], set[str]]] = notes()
        self.memos: dict[Any, Any] = {}
        self.revealed: dict[int, tuple[Any, set[str]]] = {}
        self.classes: dict[type, Any] = {}
        self.class_overlay: bool = outer is not None and outer.class_overlay
        self.stored: dict[int, Any] = notes()
        self.created: dict[int, Any] = {}
        self.effects: dict[str, None] = {}
        self.generators: dict[int, tuple[Any, Any]] = {} if run is None else notes()
        self.given: dict[int, Any] = {}
        self.identities: dict[int, tuple[Any, int]] = {}
        self.iterators: set[int] = set()
        self.held: list[weakref.ref[np.ndarray]] = []
        self.originals: dict[int, tuple[Any, Any]] = {}
        self.kept: list[Any] = []
        self.later: list[Callable[[], None]] = []
        self.subclasses: dict[type, type] = {}
        self.slack = 0.0
        self.unseen: dict[int, Any] = {}
        self.asks: list[Any] = []


class _Local(threading.local):
    watch: Watch | None = None
    #: whether the next run that ends is asked for its effects
    asked: bool = False
    #: how often the next run may answer that it does not know a value that an earlier run kept
    forgetful: int = 0
    #: whether it answers so about distances too
    distances: bool = True
    #: while a run ends, by the identity of what holds traced values, that and its plain counterpart: two places that shared it share it still
    copies: dict[int, tuple[Any, Any]] | None = None
    #: while a run ends, the identities of the containers that are known to hold nothing traced, however deep
    plain: Collection[int] = ()
    #: what the places hold to which the runs of this thread write
    journal: Any = None
    #: while runs only look, by the identity of an iterator, that and the copy from which they take (``taking.py``)
    copied: dict[int, tuple[Any, Any]] | None = None
    #: the arrays to which the function of the next runs was seen to write, and which it holds in several places (``sharing.py``)
    shared: Any = None
    #: whether every array that these runs make is a buffer, since the function changes such arrays by names that do not show it (``made_arrays.py``)
    buffers: bool = False
    #: while runs are silent (``muting.py``), the generators that they rewind and the states
    muted: list[tuple[Any, Any]] | None = None
    #: and what they would have written to files (``unwritten.py``)
    files: Any = None
    #: what runs did that failed and begin again, and that nobody can undo (``not_undone.py``)
    done: tuple[tuple[Any, Any], ...] = ()
    #: how many errors of operations on traced values the user's code handled (``caught.py``)
    caught: int = 0
    #: where somebody asks, the values of outer traces whose operations may raise, and do not here
    failing: list[Any] | None = None
    #: whether the outermost run is made for a program that is to stand for the function
    lasting: bool = False
    #: what memories gave to that run (``purity/asked_memories.py``)
    asked_memories: Any = None
    #: what the user's memories are to be asked when the derivative is there (``asked_later.py``)
    asks: list[Any] | None = None
    #: and what they were asked in a run, since they did not know it
    made: list[Any] | None = None
    #: what code that no run sees changes is looked for (``survey.py``)
    survey: Any = None
    #: the run whose branches are run both ways (``both_ways``)
    both_ways: Any = None
    #: how many operations the functions of ``math`` recorded whose last digit may be another than NumPy's
    by_math: int = 0


local = _Local()


#: what a minimiser leaves, beyond which it did not converge; and how much more that may be in a derivative, since it changes with the arguments; and at most
_LEFT, _STEEP, _SLACK = 1e-4, 300.0, 0.01


def note_distance(found: Any, minimum: Any) -> None:
    """How far from the minimum a solver ended: plain calls differ by that, and their differences by more."""
    distance = float(np.max(np.abs(found - minimum) / (1.0 + np.abs(found)), initial=0.0))
    watch = local.watch
    while watch is not None and distance <= _LEFT:
        watch.slack = max(watch.slack, min(_STEEP * distance, _SLACK))
        watch = watch.outer


def current() -> Watch | None:
    """The innermost traced run of this thread."""
    return local.watch


def current_trace() -> Trace | None:
    """The trace of the innermost traced run of this thread."""
    watch = local.watch
    return None if watch is None else watch.trace


def entered(trace: Trace) -> Watch:
    """Begin a traced run in this thread."""
    watch = Watch(trace, local.watch)
    local.watch = watch
    return watch


def left(watch: Watch, clean: Callable[[Watch], None]) -> None:
    """End it, whatever happened, and clean up."""
    local.watch = watch.outer
    if (
        watch.overlay
        or watch.touched
        or watch.tails
        or watch.cells
        or watch.names
        or watch.revealed
        or watch.stored
        or watch.later
        or watch.given
    ):
        try:
            clean(watch)
        except Exception:
            raise
        except BaseException:  # an interrupt in the middle of it: what was not reached yet is not to stay traced
            clean(watch)
            raise
    if watch.subclasses:
        if watch.outer is None:
            HOLDERS.difference_update(watch.subclasses.values())
            TWINS.difference_update(watch.subclasses.values())
        else:
            watch.outer.subclasses.update(watch.subclasses)


def note_written(value: Any) -> None:
    """Note that the run writes into a plain array (or the arrays in a tuple), so that who looks at the function puts it back; of a view the array behind it."""
    watch = local.watch
    if watch is None:
        return
    if type(value) is tuple:
        for entry in value:
            note_written(entry)
        return
    if type(value) is np.flatiter:
        value = value.base
    while True:
        if issubclass(
            type(value), np.ndarray
        ):  # a matrix or a masked array may be one of several views; not what stands for one
            watch.touched[id(value)] = value
            value = value.base
        elif (around := behind_strides(value)) is not None:
            value = around
        else:
            break
    note_lent(watch, value)


def note_lent(watch: Watch, value: Any) -> None:
    """Note that the run writes into memory that an object lends: to arrays (``np.frombuffer(b)``, ``np.ctypeslib.as_array(c)``), or an array to memory views."""
    while type(value) is memoryview:
        if not is_restorable(lender_of(value)) and lender_of(value) is not None:
            watch.changed[id(value)] = value
        value = value.obj
    if issubclass(type(value), np.ndarray):
        note_written(value)
    elif value is not None and (
        type(value) is bytearray
        or type(value).__module__ in ("array", "mmap")
        or type(type(value)).__module__ == "_ctypes"
    ):
        note_changed(watch, value)


def note_changed(watch: Watch, obj: Any) -> None:
    """Note that the run changes an object of a library's: one whose memory can be put back, or one that nobody can put back."""
    (watch.touched if is_restorable(obj) else watch.changed)[id(obj)] = obj
