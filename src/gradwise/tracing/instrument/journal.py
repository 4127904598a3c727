"""What a run writes to, as it was before: a run that only looks at a function leaves nothing behind.

    with kept() as journal:
        record(f, …)              # what f stores is noted before it is stored
    journal.restore()             # everything holds what it held

Attributes, entries of containers and arrays, closure cells, globals, context variables, the environment and what silent runs wrote to files are put back; generators of random numbers and iterators are where a run failed (``undone``), else by who looks (``muting.rewind``).
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Collection, Iterator
from typing import Any

import numpy as np

from gradwise.tracing.instrument import place_contents
from gradwise.tracing.instrument.lent import is_restorable, lender_of
from gradwise.tracing.instrument.muting import put_generator
from gradwise.tracing.instrument.place_changes import moved
from gradwise.tracing.instrument.place_contents import Known, Numbers, content, holds, is_noted, noted
from gradwise.tracing.instrument.state import local
from gradwise.tracing.instrument.taking import copies_of, put_back
from gradwise.tracing.instrument.unwritten import Unmuted

#: containers of more entries are not looked into
_MANY = 1000


class Journal:
    """What the places to which a run writes held before, by their identity."""

    __slots__ = ("_arrays", "_before", "_files", "_held", "done", "generators", "of_failures")

    def __init__(self, *, of_failures: bool = False, most: int | None = None) -> None:
        self._before: dict[int, tuple[Any, Any]] = {}
        self._arrays: dict[int, Numbers] = {}
        #: what the places hold, and those: a place that is noted after its array was written to holds what that held before
        self._held = Known(most)
        #: whether it is asked only where a run fails
        self.of_failures = of_failures
        #: generators of random numbers from which the run drew, and iterators from which it took, and where they were
        self.generators: dict[int, tuple[Any, Any]] = {}
        #: what the run did that nobody can undo (``not_undone.py``)
        self.done: list[tuple[Any, Any]] = []
        #: what silent runs wrote to files until now
        self._files: dict[str, bytes | None] = {} if local.files is None else dict(local.files.content)

    def note(self, place: Any) -> None:
        """Keep what a place holds, the first time."""
        if type(place) is tuple:  # with what is noted of it
            place = place[0]
        watch = local.watch
        if watch is not None and id(place) in watch.created:  # it ends with the run
            return
        lender = lender_of(place) if isinstance(place, np.ndarray) else None
        if is_restorable(lender):
            self.note(lender)
        elif type(place) is np.ndarray and place.dtype.kind != "O":
            if lender is not None and self.of_failures:
                return
            if lender is not None and local.muted is not None:
                raise Unmuted("it writes to memory that is not NumPy's")
            self._arrays.setdefault(id(place), noted(place, self._held))
        elif id(place) not in self._before:
            self._before[id(place)] = place, content(place, self._held)

    def moved_on(self, others: Journal) -> None:
        """What is done meanwhile, of which the other journal notes what was there before, was done before: it stays."""
        for place, before in others._before.values():
            noted = self._before.get(id(place))
            if noted is not None and not holds(place, before):
                after = content(place, self._held)
                self._before[id(place)] = place, moved(place, noted[1], before, after)
        for key, held in others._arrays.items():
            array, numbers = held.array(), self._arrays.get(key)
            if array is not None and numbers is not None and not held.stands(array) and numbers.numbers is not None:
                numbers.numbers = numbers.numbers + (np.asarray(array) - held.numbers)

    def take_off(self, after: Journal) -> None:
        """Undo what was done from here to what another journal notes of the same places, and nothing that was done since."""
        for place, before in reversed(self._before.values()):
            then = after._before[id(place)][1]
            if then is not None and not holds(place, before):
                with contextlib.suppress(Exception):  # an object that refuses the value it had
                    place_contents.put_back(place, moved(place, content(place, Known()), then, before))

    def before(self) -> list[tuple[Any, Any]]:
        """The places that were noted, and what they held."""
        return list(self._before.values())

    def referred(self) -> Collection[int]:
        """The identities of the places to which the journal itself refers."""
        return self._before.keys()

    def places(self) -> list[Any]:
        """The places that were noted, and arrays among them."""
        arrays = [noted.array() for noted in self._arrays.values()]
        return [place for place, _ in self._before.values()] + [a for a in arrays if a is not None]

    def now(self) -> Journal:
        """What the same places hold now."""
        other = Journal()
        for place in self.places():
            other.note(place)
        return other

    def empty(self, apart_from: Collection[int] | None = None) -> None:
        """Empty the dictionaries and sets among the places (or all containers apart from those of some identities), and take away the files to which silent runs wrote, until they are restored."""
        if local.files is not None:
            local.files.hide()
        kinds = (dict, set) if apart_from is None else (dict, set, list, deque)
        for key, (place, _) in self._before.items():
            # the names of a module stay; a list that holds arrays cannot be asked for a text
            stays = isinstance(place, dict) and "__builtins__" in place
            if isinstance(place, kinds) and not stays and key not in (apart_from or ()):
                place.clear()

    def note_within(self, value: Any, depth: int = 4) -> None:
        """Keep what the containers and arrays in a value hold, which another call may write to in place."""
        if is_noted(value, self._held):
            self._arrays.setdefault(id(value), noted(value, self._held))
        elif depth and isinstance(value, (list, dict, deque, set)) and len(value) <= _MANY:
            self.note(value)
            for entry in value.values() if isinstance(value, dict) else value:
                self.note_within(entry, depth - 1)

    def notes(self) -> dict[int, Any]:
        """A dictionary for notes of a run."""
        return Noting(self)

    def restore(self) -> None:
        """Everything that was noted holds what it held."""
        # an object and its dictionary are one place of two names: what was noted first is what it held
        for place, before in reversed(self._before.values()):
            with contextlib.suppress(Exception):  # an object that refuses the value it had
                place_contents.put_back(place, before)
        # a part that was noted later held what was written to another by then
        for array in reversed(self._arrays.values()):
            array.put_back()
        if local.files is not None:
            local.files.content = dict(self._files)

    def holds_tuple(self, one: tuple[Any, ...]) -> bool:
        """Whether the journal refers to a tuple, once."""
        return id(one) in self._held.tuples

    def changed(self) -> list[Any]:
        """The places that do not hold what they held."""
        arrays = [(noted.array(), noted) for noted in self._arrays.values()]
        return [place for place, before in self._before.values() if not holds(place, before)] + [
            a for a, noted in arrays if a is not None and not noted.stands(a)
        ]

    def restore_changed(self) -> None:
        """Everything that was noted and holds something else holds what it held; to put an entry back may ask its key, which may count that: then that count is put back too."""
        for _ in range(2):
            for array in reversed(self._arrays.values()):
                array.put_back()
            for place, before in reversed(self._before.values()):
                with contextlib.suppress(Exception):  # an object that refuses the value it had
                    if not holds(place, before):
                        place_contents.put_back(place, before)

    def forget(self) -> None:
        """Forget what was noted: a run that has ended refers to its journal for a while, and who refers to an array is asked."""
        for notes in (self._before, self._arrays, self._held):
            notes.clear()


class Noting(dict[int, Any]):
    """A dictionary of a run's notes that keeps what their places hold."""

    __slots__ = ("journal",)

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self.journal = journal

    def __setitem__(self, key: int, place: Any) -> None:
        self.journal.note(place)
        super().__setitem__(key, place)

    def setdefault(self, key: int, default: Any = None) -> Any:
        """As a dictionary's; a long list to which something will be appended is noted too."""
        self.journal.note(getattr(default, "of", default))
        return super().setdefault(key, default)


@contextlib.contextmanager
def kept() -> Iterator[Journal]:
    """Within it, runs note what they write to; afterwards all is as it was."""
    journal, outer, copies = Journal(), local.journal, local.copied
    survey = local.survey if local.survey is not None and local.survey.active else None
    unseen = None if survey is None else survey.noted()
    local.journal, local.copied = journal, copies_of(copies)
    try:
        yield journal
    finally:
        local.journal, local.copied = outer, copies
        journal.restore()
        for generator, state in journal.generators.values():
            if not hasattr(type(generator), "__next__"):  # of an iterator a copy was taken from
                put_generator(generator, state)
        if survey is not None:
            survey.restore(unseen)


@contextlib.contextmanager
def undone(failure: type[Exception], put: Callable[[Any, Any], None]) -> Iterator[Journal | None]:
    """Within it, what a run that ends by such a failure stored is as it was, and the generators from which it drew: half a call may leave a memory that knows the point, and not yet its value."""
    if local.journal is not None or local.watch is not None:
        yield None
        return
    survey = local.survey if local.survey is not None and local.survey.is_due() else None
    unseen = None if survey is None else survey.noted()
    local.journal = journal = Journal(of_failures=True)
    try:
        yield journal
    except failure as error:
        local.journal = None
        journal.restore()
        error.__dict__["undone"], error.__dict__["done"] = True, tuple(journal.done)
        if survey is not None and unseen is not None:
            survey.restore(unseen)
            unseen.forget()  # who refers to an iterator is asked
        for noted in journal.generators.values():  # without a name for the iterator here: who refers to it is asked
            (put_back if hasattr(type(noted[0]), "__next__") else put)(noted[0], noted[1])
        raise
    finally:
        if survey is not None:
            survey.forget(unseen)
        local.journal = None
        journal.forget()
