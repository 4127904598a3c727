"""Which program stands for a call: families of specialisations, one for each form of the arguments and of the data that the function reads.

The first call with a form runs the function, and so does the second (and more where the program is long), after which it is traced once more with all that it reads
(``specialization.py``); from the third call on the program runs in its place, as long as its guards hold.  Where they do not, the function runs and its program is added, up to ``SPECIALIZATIONS``, or one
that goes both ways (``merging.py``); a family that fails more often than it serves is given up, and says so.

A family belongs to a verdict (``tracing/purity``), thereby to a code object and to what its names stand for, and to the outline of the data.  It holds programs and no array of the user's.
"""

from __future__ import annotations

from collections.abc import Hashable
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.locks import lock
from gradwise.operators.copies import apart, own_copy
from gradwise.operators.reuse.beside import Raised, leave_behind
from gradwise.operators.reuse.family import Family
from gradwise.operators.reuse.merging import merged
from gradwise.operators.reuse.reached import Reach
from gradwise.operators.reuse.specialization import Refused, Specialization, specialise
from gradwise.program import collector_paused
from gradwise.quiet import quiet
from gradwise.tracing import record
from gradwise.tracing.instrument.hooks import watched
from gradwise.tracing.instrument.muting import muted
from gradwise.tracing.purity import Verdict
from gradwise.tracing.purity.buffers import are_apart
from gradwise.tracing.purity.counters import Counter, holds_any
from gradwise.tracing.purity.expectations import by_place
from gradwise.tracing.purity.outline import ARRAYS, CONTENT, FREE, all_refilled, array_form, outlines
from gradwise.tracing.purity.plain import key_form
from gradwise.tracing.purity.reading import read
from gradwise.tracing.purity.scope import Unproven, is_data
from gradwise.tracing.purity.twins import with_data

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from gradwise.containers import TreeDef
    from gradwise.operators.arguments import Arguments
    from gradwise.tracing import Recording
    from gradwise.tracing.purity.avoiding import Extent
    from gradwise.tracing.purity.scope import Node

#: a program of so many operations costs as much time as it saves in one more call
LONG = 10_000
FAMILIES, _WEIGHT = 512, 2_000_000


#: in the order in which they were remembered.  An ``OrderedDict`` that is gone over asks for the hash of each key, and makes an error of its own of an interrupt there
_families: dict[Hashable, tuple[Family, int]] = {}
_lock = lock()


def families_of(node: Any) -> list[Family]:
    """The families of a verdict's node."""
    return [family for key, (family, _) in list(_families.items()) if node in key]  # type: ignore[operator]  # keys are tuples


def forget_families() -> None:
    """Forget all families."""
    with _lock:
        _families.clear()


def _remember(key: Hashable, family: Family) -> None:
    with _lock:
        _families.pop(key, None)  # to the end
        _families[key] = family, family.weight
        total = sum(weight for _, weight in _families.values())
        while len(_families) > 1 and (len(_families) > FAMILIES or total > _WEIGHT):
            _, gone = _families.pop(next(iter(_families)))
            total -= gone


class Call:
    """A call of a function for which a program may stand: its family, and the numbers that it reads beside the differentiated arguments.

    Attributes
    ----------
    family : Family
    numbers : list
    """

    __slots__ = (
        "_arguments",
        "_has_aux",
        "_key",
        "_others",
        "avoided",
        "came",
        "family",
        "function",
        "numbers",
        "tells",
    )
    #: the traced run after which a program is made
    patience = 2
    #: arguments that are no data
    objects: dict[Any, Any] = {}
    #: what the function adds to
    counters: Sequence[Counter] = ()
    #: whether the function runs beside its program, for what it leaves behind, whether that may be an argument, and whether something of it is shown
    echoes = keeps = shows = False
    #: the functions under ``lru_cache`` that the function may ask; None where they are not looked for
    memories: list[Any] | None = None

    def __init__(
        self,
        function: Any,
        arguments: Arguments,
        *,
        has_aux: bool,
        avoided: Mapping[str, frozenset[Extent]] | None = None,
        tells: bool = False,
    ) -> None:
        self.function = function
        #: pieces of text by file, to which the run for a program may not come, and where that went which was watched
        self.avoided = avoided or {}
        self.came: Reach | None = None
        #: whether texts of numbers are shown, and go nowhere else
        self.tells = tells
        self._has_aux = has_aux
        self._arguments = arguments
        self._others = arguments.others(self.objects)
        self.numbers: list[Any] = []
        self._key = self._outline(fixed=FREE)
        found = _families.get(self._key)
        while found is not None and found[0].fixed > self._key[0]:
            self.numbers.clear()
            self._key = self._outline(fixed=found[0].fixed)
            found = _families.get(self._key)
        if found is None:
            self.family = Family()
            self.family.calls = self.patience if self.fixed > FREE else 0  # the calls before were of this form too
            _remember(self._key, self.family)
        else:
            self.family = found[0]

    @property
    def fixed(self) -> int:
        """What the data have in common beside their types."""
        return self._key[0]

    def _outline(self, *, fixed: int) -> tuple[Any, ...]:
        arguments = self._arguments
        kinds = tuple([_kind(leaf) for leaf in arguments.leaves])
        args, kwargs = self._others
        others = outlines((*args, *kwargs.values()), self.numbers, fixed=fixed), tuple(kwargs)
        orders = tuple([_order(t) for t in arguments.treedefs])
        moving = tuple(arguments.places), tuple(arguments.treedefs), orders, kinds
        return fixed, self._has_aux, moving, others, *self._around(fixed=fixed)

    def _others_with(self, numbers: Iterator[Any]) -> tuple[list[Any], dict[str, Any]]:
        """The arguments that are not differentiated, with other numbers."""
        args, kwargs = self._others
        given = all_refilled((*args, *kwargs.values()), numbers, fixed=self._key[0])
        return given[: len(args)], dict(zip(kwargs, given[len(args) :], strict=True))

    def _around(self, *, fixed: int) -> tuple[Hashable, ...]:
        """The key of what the function reads beside its arguments."""
        raise AssertionError

    def replay(self) -> tuple[Specialization, Recording] | None:
        """What a traced run would leave; None if no program holds."""
        return self.family.replay(self._arguments.leaves, self.numbers, memories=self.memories)

    def specialise(self) -> tuple[Specialization, Recording]:
        return specialise(
            self.function,
            self._arguments.leaves,
            self.numbers,
            self.run,
            has_aux=self._has_aux,
            avoided=self.avoided,
            tells=self.tells,
            memories=self.memories,
        )

    def run(self, leaves: Sequence[Any], traced: Sequence[Any]) -> Any:
        """The function on traced leaves and numbers."""
        raise AssertionError

    def tick(self, ticks: Sequence[int], sign: int = 1) -> None:
        """Count as the function does, for which a program stood; with ``sign`` -1 take it back, where the function runs after all."""
        for counter, tick in zip(self.counters, ticks, strict=True):
            counter.add(sign * tick)

    def ticked(self) -> tuple[int, ...]:
        """What the run for a program added to the counters."""
        return ()

    def stands(self, program: Specialization) -> None:
        """Do what the function leaves behind, for which a program stood."""
        if self.echoes:
            args, kwargs = self._arguments.given()
            try:
                if self.keeps:
                    args, kwargs = apart(args, kwargs, self._arguments.places)
                leave_behind(self.function, args, kwargs)
            except Raised as raised:
                raise raised.error from None
        else:
            self.tick(program.ticks)

    def watching(self) -> AbstractContextManager[Any]:
        """A watch over the run before ``learn``, if a program may be made of it that is to avoid something."""
        family = self.family
        if not self.avoided or family.calls + 1 < self.patience or family.refused is not None or family.waits():
            return nullcontext()
        self.came = Reach(self.avoided)
        return self.came.watching()

    def learn(
        self,
        differs: Callable[[Recording], str | None],
        differ: Callable[[Recording], str | None],
        size: int = 0,
        order: int = 1,
    ) -> Specialization | None:
        """Make a program after a run at the same arguments, if it is time.

        Parameters
        ----------
        differs, differ : callable
            How a program differs from what that run did, and in its numbers alone.
        size, order : int
            The operations of that run, and the order of the derivative that is verified next.
        """
        family = self.family
        family.calls += 1
        if family.calls < self.patience + size // LONG or family.refused is not None:
            return None
        if self.avoided and (self.came is None or self.came.met):  # it would print once more what it printed
            if self.came is not None:
                family.comes_to_doubts(self.came.met[0])
                _remember(self._key, family)
            return None
        made = self._merged(differ, order, size) if family.answers.is_time(family.failed) else None
        if made is not None:
            family.add(made)
            _remember(self._key, family)
            return made
        try:
            with self._quiet():  # the run before has said what there is to say
                made, recording = self.specialise()
            with collector_paused():
                reason = differs(recording)
        except Refused as error:
            reason = str(error)
        except Exception as error:  # noqa: BLE001 - the function itself ran; what a run for a program raises is no error of the user's
            reason = f"it cannot be traced with all that it reads: {error}"
        if reason is None and made is not None:
            made.ticks = self.ticked()
            family.add(made)
            family.answers.note(recording.tape.guards, 0)
        elif self._key[0] < ARRAYS:  # once more, with numbers as they are, and then with small arrays
            family.fixed = self._key[0] + 1
        else:
            family.refused = reason
        _remember(self._key, family)
        return made

    def _merged(self, differ: Callable[[Recording], str | None], order: int, size: int) -> Specialization | None:
        """A program whose branches are selections, if there can be one."""
        answers = self.family.answers
        answers.tries += 1
        try:
            with self._quiet():
                made = merged(self.specialise, answers, differ, order, size)
        except Exception:  # noqa: BLE001 - the function itself ran
            return None
        made.ticks = self.ticked()
        return made

    @contextmanager
    def _quiet(self) -> Iterator[None]:
        with quiet(), np.errstate(all="ignore"), muted(None) if self.echoes else nullcontext():
            yield


class ProvenCall(Call):
    """A call of a function proved pure: its data are exchanged for traced ones."""

    __slots__ = (
        "_again",
        "_data",
        "_fixed",
        "_started",
        "buffers",
        "counters",
        "echoes",
        "is_tried",
        "keeps",
        "memories",
        "moving",
        "node",
        "objects",
        "shows",
    )

    def __init__(
        self, function: Any, arguments: Arguments, verdict: Verdict, *, has_aux: bool, echoes: bool = False
    ) -> None:
        node = verdict.node
        assert node is not None
        self.node: Node = node
        self.echoes, self.keeps, self.shows, self.is_tried = echoes, verdict.keeps, verdict.shows, False
        given, expected = by_place(*arguments.given()), node.arguments or {}
        others = {k: v for k, v in given.items() if k in expected and not is_data(expected[k])}
        #: the arguments beside the differentiated ones that are no data, by position or name, and the differentiated ones
        self.objects = {k: v for k, v in others.items() if k not in arguments.places}
        self.moving = {k: v for k, v in others.items() if k in arguments.places}
        self.memories = []
        self._data, self._fixed, self._again, self.counters, buffers = read(
            function, node, self.objects, self.moving, memories=self.memories
        )
        if buffers and not are_apart(buffers.values(), [*arguments.leaves, *given.values()]):
            raise Unproven("it is given the array that it writes to")
        #: where arrays are kept that it writes to; the data are copies of them (no reference is kept: a run under the trace counts them)
        self.buffers = frozenset(buffers)
        self._started: list[list[tuple[Counter, int]]] = []
        tallies = [counter.owner for counter in self.counters if counter.is_container]
        if tallies and holds_any(given.values(), tallies):
            raise Unproven("it is given the container that it counts in")
        super().__init__(
            function, arguments, has_aux=has_aux, avoided={} if echoes else verdict.avoided, tells=verdict.tells
        )

    def _around(self, *, fixed: int) -> tuple[Hashable, ...]:
        key = outlines(self._data.values(), self.numbers, fixed=fixed)
        through: list[Any] = []
        beside = outlines(self._fixed, through, fixed=CONTENT)
        if through:
            raise Refused("it reads a large array through a module or a class")
        return self.node, key, beside, self._again, self.echoes

    def run(self, leaves: Sequence[Any], traced: Sequence[Any]) -> Any:
        numbers, fixed = iter(traced), self._key[0]
        others = self._others_with(numbers)
        data = dict(zip(self._data, all_refilled(self._data.values(), numbers, fixed=fixed), strict=True))
        data.update({place: own_copy(data[place]) for place in self.buffers})  # which is written to
        twin, objects, self._started = with_data(self.function, self.node, data, self.objects, self.counters)
        return self._arguments.with_others(watched(twin), others, objects).call(leaves)

    def before(self) -> Any:
        """The function as it was before the call, of which it may have changed what it reads (``remembering.py``)."""
        return self.function

    @contextmanager
    def trying(self) -> Iterator[None]:
        """Within it lines are written for the twin that stands for the function as it was before."""
        self.is_tried = True
        try:
            yield
        finally:
            self.is_tried = False

    def once_more(self, leaves: Sequence[Any], numbers: Sequence[Any]) -> Recording:
        """A traced run on numbers that were read before."""
        moving = (True,) * len(leaves)
        return record(self.function, leaves, moving, lambda traced: self.run(traced, numbers), has_aux=self._has_aux)

    def ticked(self) -> tuple[int, ...]:
        return tuple([sum(one.value - before for one, before in twins) for twins in self._started])


def copies_of(values: Sequence[Any]) -> list[Any]:
    """Copies of the arrays among values."""
    return [v.copy() if type(v) is np.ndarray else v for v in values]


def _kind(leaf: Any) -> Hashable:
    cls: Any = type(leaf)
    return array_form(leaf) if cls is np.ndarray else cls


def _order(treedef: TreeDef) -> Hashable:
    """The insertion order of the keys of dicts, and their types (True is not 1), which a function that iterates sees."""
    if not treedef.children:
        return None
    order = None if treedef.order is None else tuple([key_form(key) for key in treedef.order])
    return order, tuple([_order(child) for child in treedef.children])
