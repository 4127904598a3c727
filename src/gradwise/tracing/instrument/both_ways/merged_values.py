"""What two branches leave, merged: one value for two (``branches.py``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.rules.algebra import select
from gradwise.tracing.indexing import stacked
from gradwise.tracing.instrument.both_ways.aside import EXACT, Apart, is_number
from gradwise.tracing.instrument.both_ways.conditions import place_of
from gradwise.tracing.instrument.state import local
from gradwise.tracing.places import user_place
from gradwise.tracing.traced import TracedArray, TracedScalar, apply

if TYPE_CHECKING:
    from collections.abc import Sequence


def selection(condition: TracedScalar, first: Any, second: Any, value: Any) -> Any:
    """``first if condition else second``, recorded, which has this value here; the run knows it from the user's own."""
    found = apply(condition.tape, select, (condition, first, second), (), value)
    run = local.both_ways
    if run is not None:
        run.selections.add(found.index)
    return found


def merged(condition: TracedScalar, answer: bool, taken: Any, other: Any) -> Any:
    """One value for two.

    Raises
    ------
    Apart
        If there is none.
    """
    if taken is other:
        return taken
    if is_number(taken) and is_number(other):
        plain = taken.value if type(taken) is TracedScalar else taken
        if type(plain) is not type(other.value if type(other) is TracedScalar else other):
            if not local.both_ways.kinds:
                raise Apart
            local.both_ways.mixed = True
        return selection(condition, *((taken, other) if answer else (other, taken)), plain)
    if type(taken) is type(other) is TracedScalar and _is_answer(taken) and type(taken.value) is type(other.value):
        pair = (taken, other) if answer else (other, taken)
        return selection(condition, *pair, taken.value)
    if type(taken) is not type(other):
        return merged(condition, answer, _counter(taken), _counter(other))
    if type(taken) is TracedArray and taken.value.shape == other.value.shape:
        return _merged_arrays(condition, answer, taken, other)
    if type(taken) is tuple and len(taken) == len(other):
        return tuple([merged(condition, answer, t, o) for t, o in zip(taken, other, strict=True)])
    if type(taken) in (int, bool, str, type(None), float) and taken == other:
        return taken
    if type(taken) is int:
        return merged(condition, answer, _counter(taken), _counter(other))
    raise Apart


def _counter(value: Any) -> Any:
    """A number, an integer as a float, which is no index and no length.

    Raises
    ------
    Apart
        If it is anything else, or an integer that no float is.
    """
    if is_number(value):
        return value
    if type(value) is not int or not local.both_ways.counters or abs(value) > EXACT:
        raise Apart
    local.both_ways.counted = True
    return float(value)


def merged_answers(condition: TracedScalar, answer: bool, taken: Any, other: Any) -> Any:
    """One value for two, which may be answers: of names that the text here has made."""
    if _is_answer(taken) and _is_answer(other) and taken is not other:
        pair = [np.bool_(v) if type(v) is bool else v for v in ((taken, other) if answer else (other, taken))]
        plain = bool(taken.value if type(taken) is TracedScalar else taken)
        return selection(condition, pair[0], pair[1], plain)
    return merged(condition, answer, taken, other)


def _is_answer(value: Any) -> bool:
    return type(value.value if type(value) is TracedScalar else value) in (bool, np.bool_)


def conjunction(answers: Sequence[TracedScalar]) -> TracedScalar:
    """Whether all answers hold."""
    found = answers[0]
    for answer in answers[1:]:
        plain = bool(found.value) and bool(answer.value)
        found = selection(found, answer, np.bool_(False), plain)
    return found


def _merged_arrays(condition: TracedScalar, answer: bool, taken: TracedArray, other: TracedArray) -> Any:
    """An array for two.  It is another one than they are, so it cannot be written to; and that they are not is looked at when the run has ended."""
    if taken.value.dtype != np.float64 or other.value.dtype != np.float64:
        raise Apart
    for array in (taken, other):
        array.sync()
        base = array.base_array()
        local.both_ways.still.append((base, base.version))
    value, pair = taken.current().copy(), (taken, other) if answer else (other, taken)
    found = selection(condition, *pair, value)
    found.writeable = False
    return found


def largest(function: Any, items: Sequence[Any]) -> Any:
    """``max(items)`` or ``min(items)`` of numbers in a run that goes both ways.

    Raises
    ------
    Apart
        If they are anything else.
    """
    run, found = local.both_ways, items[0]
    if not all(map(is_number, items)):
        raise Apart
    decided = len(items) - next((k for k, item in enumerate(items) if type(item) is TracedScalar), len(items) - 1)
    place = _here()
    choice = place, decided + (decided < len(items))
    chooses = choice in run.choices or (run.turning and choice in run.seldom)
    if not chooses and not run.open:
        raise Apart
    for item in items[1:]:
        condition = item > found if function is max else item < found
        if type(condition) is not TracedScalar:
            found = item if condition else found
            continue
        if not run.goes_over(condition):
            raise Apart
        if not chooses:
            found = item if run.decides(condition, place) else found
            continue
        answer = bool(condition.value)
        found = merged(condition, answer, *((item, found) if answer else (found, item)))
        run.merged += 1
    return found


def _here() -> Any:
    """The call of the user's that runs."""
    where = user_place(2)
    return None if where is None else place_of(*where)


def in_order(items: Sequence[Any], *, reverse: bool) -> list[Any]:
    """Numbers of one kind in their order, in a run that goes both ways: by NumPy's sort, which decides nothing.

    Raises
    ------
    Apart
        If they are anything else.
    """
    kinds = {type(i.value if type(i) is TracedScalar else i) for i in items}
    if not all(map(is_number, items)) or len(kinds) != 1 or not any(type(i) is TracedScalar for i in items):
        raise Apart
    if _here() not in local.both_ways.places:
        raise Apart
    (kind,) = kinds
    found = np.sort(stacked(list(items)))
    numbers: list[Any] = [TracedScalar(e.tape, e.index, kind(e.value)) for e in (found[k] for k in range(len(items)))]
    if not numbers[-1] >= numbers[0]:  # nan, which Python leaves where it meets it; else a guard against it
        raise Apart
    local.both_ways.merged += 1
    return numbers[::-1] if reverse else numbers
