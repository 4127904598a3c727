"""Branches that are run both ways, so that their results become selections (``if_conversion.py`` has the text that calls these hooks).

    if c: y = a            →      y = select(c, a, b)
    else: y = b

Both branches run on the same names, first the one for a condition that holds.  What the two leave under a name is merged: numbers by a selection, the same object as itself, a name
that only one of them assigns is unbound after it (whoever reads it there ends the recording with an error).  Where that cannot be (counters, lists, an operation that raises, a decision inside that is no selection itself), the
branch becomes a guard, as without all this.

Only runs from which a program is made of a function whose code is proved go both ways (``operators/reuse/merging.py``): nothing that they do is seen from outside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.rules.algebra import select
from gradwise.tracing.instrument.both_ways.aside import (
    DEPTH,
    GOING,
    MARK,
    Apart,
    Place,
    Spent,
    is_number,
    is_place,
    spoil,
)
from gradwise.tracing.instrument.both_ways.merged_values import conjunction, merged, merged_answers, selection
from gradwise.tracing.instrument.comparing import true
from gradwise.tracing.instrument.items import writing
from gradwise.tracing.instrument.state import local
from gradwise.tracing.traced import TracedArray, TracedScalar

if TYPE_CHECKING:
    from collections.abc import Iterator


class Branch:
    """One branch: an iterator over its passes, each the answer that the condition is to have, and None when all is done."""

    __slots__ = (
        "_around",
        "_aside",
        "_before",
        "_is_taken",
        "_names",
        "_now",
        "_other",
        "_pass",
        "_run",
        "_stores",
        "_taken",
        "answer",
        "born",
        "both",
        "condition",
        "failed",
        "place",
        "states",
        "stored",
    )

    def __init__(
        self,
        condition: Any,
        place: Place,
        names: tuple[str, ...],
        before: dict[str, Any],
        *,
        known: bool = False,
        leaving: bool | None = None,
        raising: bool | None = None,
    ) -> None:
        run = self._run = local.both_ways
        self.place = place
        self.condition = condition
        self.failed = False
        self._aside = self._pass = False
        self._around: Branch | None = None
        self._is_taken: dict[bool, TracedScalar] = {}
        #: what the pass stored in containers, with what was there before in those that are no arrays, and the states of the arrays; and what the passes stored, and in which
        self.stored: list[tuple[Any, Any, Any, Any]] = []
        self.states: dict[int, State] = {}
        self._stores: list[tuple[Any, Any, Any, bool]] = []
        #: the iterators that the pass made
        self.born: list[Any] = []
        self._names = names
        self._before = {n: before[n] for n in names if n in before}
        self._now: dict[str, Any] | None = None
        self._taken: dict[str, Any] | None = None
        self._other: dict[str, Any] | None = None
        self.both = (
            run is not None
            and type(condition) is TracedScalar
            and run.goes_over(condition)
            and (known or place in run.places or (place, leaving) in run.endings or _is_seldom(run, place))
            and place not in run.failed
            and run.early.isdisjoint(names)
            and len(run.open) < DEPTH
            and run.aside < run.most
        )
        if run is not None and run.aside >= run.most and not run.depth:
            raise Spent
        if self.both:
            self.answer = bool(condition.value)
        elif run is not None and run.open and type(condition) is TracedScalar:
            self.answer = run.decides(condition, place, raising=raising)
        else:
            self.answer = bool(true(condition))
            if run is not None and not run.depth:  # of a counter, which a turn not taken makes a traced number
                run.answered.add((place, self.answer))

    def __iter__(self) -> Iterator[bool | None]:
        if not self.both:
            yield self.answer
            return
        # an error leaves the branches inside this one in the middle: what they changed is set again here
        run, trace = self._run, self.condition.tape
        depth, outside, going = run.depth, len(run.open), len(run.going)
        run.open.append(self)
        self._around = run.open[-2] if outside else None
        stays = False
        for answer in (True, False):  # in one order, so that a loop repeats its equations whatever it decides
            self._pass = answer
            self._now, self._aside = self._before, answer is not self.answer
            if self._aside and self.failed:
                continue
            guards, values, error = len(trace.guards), len(trace.values), trace.error
            run.depth = depth + self._aside
            yield answer
            run.depth = depth
            if self._aside:
                run.aside += len(trace.values) - values
                if not all([id(g) in run.inside for g in trace.guards[guards:]]):
                    self.failed = True  # it decided something of which nothing was verified
                if self.failed:
                    run.kept += trace.guards[guards:]  # so that no other ones have their identities
                    del trace.guards[guards:]
                    trace.error = error
            self.born.clear()
            self._ask_inside(answer, guards)
            del run.open[outside + 1 :], run.going[going:]
            stays = self.failed and not self._aside  # it may have stored what cannot be taken back
            if not stays:
                self._take_back(answer)
        del run.open[outside:]
        self._now = self._taken
        if not self.failed:
            try:
                self._now = self._merged()
                run.open.append(self)  # so that what is stored can be taken back
                self._merge_stores()
            except Apart:
                self.failed = True
                stores, self._stores = self._stores, []
                self._take_back(self.answer)
                self._stores = stores
            del run.open[outside:]
        if self.failed:
            run.failed.add(self.place)
            if depth:
                raise Apart
            bool(self.condition)  # a guard
            if stays:
                self._hand_over(run.open)
            for container, key, value, answer in self._stores:
                if answer is self.answer:
                    put(container, key, value)
        else:
            run.merged += 1
            self._hand_over(run.open)
        yield None

    def _ask_inside(self, answer: bool, start: int) -> None:
        """What a pass decided that is no selection must be so only where the condition has the answer of the pass."""
        trace, run = self.condition.tape, self._run
        for k in range(start, len(trace.guards)):
            guard = trace.guards[k]
            if id(guard) not in run.inside:
                continue
            index, kind, expected, where = guard
            constant, _ = trace.capture(np.bool_(expected))
            operands = (self.condition.index, index, constant) if answer else (self.condition.index, constant, index)
            asked = trace.record(select, operands, (), bool(expected))
            trace.guards[k] = asked, kind, expected, where
            run.inside.add(id(trace.guards[k]))
            run.kept.append(guard)  # so that no other one has its identity

    def _take_back(self, answer: bool) -> None:
        """Take back what a pass stored in containers, and note it."""
        self._stores += [(container, key, value, answer) for container, key, value, _ in self.stored]
        for container, key, _, before in reversed(self.stored):
            if type(container) is not TracedArray:
                container[key] = before
        for state in self.states.values():
            state.restore()
        self.stored.clear()
        self.states.clear()

    def _hand_over(self, around: list[Branch]) -> None:
        """What was merged belongs to the branch around, which may take it back."""
        if around:
            around[-1].stored += self.stored
            for key, state in self.states.items():
                around[-1].states.setdefault(key, state)

    def _merge_stores(self) -> None:
        """Store again what both passes stored, one after the other: each is merged with what is there then."""
        for container, key, value, answer in self._stores:
            now = container[key]
            now = now.copy() if type(now) is TracedArray else now
            pair = (value, now) if answer is self.answer else (now, value)
            put(container, key, merged(self.condition, self.answer, *pair))

    def _merged(self) -> dict[str, Any]:
        assert self._taken is not None
        assert self._other is not None
        found = {}
        for n in self._names:
            ours = n.startswith(MARK)
            if n in self._taken and n in self._other:
                pair = self._taken[n], self._other[n]
                merge = merged_answers if n.startswith(GOING) else merged
                found[n] = merge(self.condition, self.answer, *pair)
            elif ours and (n in self._taken or n in self._other):  # what a loop found is read where it was found
                found[n] = self._taken.get(n, self._other.get(n))
        return found

    def is_taken(self) -> TracedScalar:
        """Whether this branch is taken, and those around it, as an answer for the pass that runs."""
        found = self._is_taken.get(self._pass)
        if found is None:
            condition = self.condition
            around = self._around.is_taken() if self._around is not None else None
            if self._pass:
                found = condition if around is None else conjunction([around, condition])
            else:
                rest = np.bool_(True) if around is None else around
                plain = not bool(condition.value) and (around is None or bool(around.value))
                found = selection(condition, np.bool_(False), rest, plain)
            self._is_taken[self._pass] = found
        return found

    # --- what the text asks ---------------------------------------------------------------------------------------------------

    def sets(self, name: str) -> bool:
        """Whether a name gets another value before the pass."""
        return self._now is not None and name in self._now

    def drops(self, name: str, names: dict[str, Any]) -> bool:
        """Whether a name is to have no value before the pass."""
        return self._now is not None and name not in self._now and name in names

    def value(self, name: str) -> Any:
        """The value that it gets."""
        assert self._now is not None
        return self._now[name]

    def ended(self, names: dict[str, Any]) -> None:
        """Note what a pass left."""
        left = {n: names[n] for n in self._names if n in names}
        if self._aside:
            self._other = left
        else:
            self._taken = left

    def caught(self) -> None:
        """In an ``except`` around a pass: the branch that was not taken may raise what it will."""
        if not self._aside:
            raise  # noqa: PLE0704 - called while an error is handled
        self.failed = True


def _is_seldom(run: Any, place: Place) -> bool:
    """Whether one answer was given seldom, in a loop that the data end: in another turn of it elsewhere."""
    return run.turning and ((place, True) in run.endings or (place, False) in run.endings)


class State:
    """What a traced array holds: a variable and numbers, which are put back without an equation."""

    __slots__ = ("array", "index", "value")

    def __init__(self, array: TracedArray) -> None:
        self.array = array
        self.index = array.index
        self.value = array.value.copy()

    def restore(self) -> None:
        """Let the array hold it again."""
        array = self.array
        array.prepare_write()
        array.value[...] = self.value
        array.index = self.index
        array.version += 1


def put(container: Any, key: Any, value: Any) -> None:
    """``container[key] = value`` in a branch, which can be taken back."""
    run = local.both_ways
    if not is_place(container, key) or (run is not None and run.headers()):
        spoil()
    elif run is not None and run.open:
        branch = run.open[-1]
        if type(container) is TracedArray:
            base = container.base_array()
            if id(base) not in branch.states:
                branch.states[id(base)] = State(base)
            container[key] = value
            if not is_number(value):  # which may have been broadcast, and be written to
                value = container[key]
                value = value.copy() if type(value) is TracedArray else value
            branch.stored.append((container, key, value, None))
            return
        branch.stored.append((container, key, value, container[key]))
    container[key] = value


def store(value: Any, container: Any, key: Any) -> None:
    """``container[key] = value``, in the order in which Python evaluates it."""
    put(container, key, value)


def placed(container: Any) -> Any:
    """What to put something into in place of ``container``, which is put back."""
    run = local.both_ways
    if run is None:
        return writing(container)
    run.placing = True
    try:
        return writing(container)
    finally:
        run.placing = False


def branch(
    condition: Any,
    place: Place,
    names: tuple[str, ...],
    before: dict[str, Any],
    leaving: bool | None = None,
    raising: bool | None = None,
) -> Branch:
    """The branch whose condition stands there, which assigns ``names``; ``leaving`` is the answer that ends the loop around, ``raising`` one that raises."""
    return Branch(condition, place, names, before, leaving=leaving, raising=raising)


def either(condition: Any, place: Place, first: Iterator[Any], second: Iterator[Any]) -> Any:
    """``first if condition else second``, each as an iterator over one value."""
    found = Branch(condition, place, ("value",), {})
    value: Any = None
    for answer in found:
        if answer is None:
            value = found.value("value")
            continue
        try:
            value = next(first if answer else second)
            found.ended({"value": value})
        except Exception:  # noqa: BLE001 - whatever the branch that was not taken raises
            found.caught()
    return value
