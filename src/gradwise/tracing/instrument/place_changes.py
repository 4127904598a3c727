"""A change that was made in a place, made or unmade in what it held at another time.

moved(place, noted, before, after)     noted + (after - before): entries that were appended, keys that were set, integers that were counted up
"""

from __future__ import annotations

from typing import Any

from gradwise.tracing.instrument.place_contents import MISSING, Numbers, Tuple, is_held


def moved(place: Any, noted: Any, before: Any, after: Any) -> Any:
    """What a place held when it was noted, with what was changed in it from ``before`` to ``after``."""
    if type(noted) is not tuple or type(before) is not tuple:
        return after
    entries, attributes, _ = noted
    if issubclass(type(place), dict):
        entries = list(_moved_items(_by_key(entries), _by_key(before[0]), _by_key(after[0])).values())
    elif entries is not None:
        count = len(before[0])
        shorter = min(count, len(after[0]))
        goes_on = all(map(is_held, [*map(_plainly, after[0][:shorter])], before[0][:shorter]))
        gone = before[0][shorter:]
        if goes_on and not gone:
            entries = [*entries, *after[0][count:]]
        elif goes_on and all(map(is_held, [*map(_plainly, entries[-len(gone) :])], gone)):
            entries = entries[: -len(gone)]
        else:
            entries = after[0]
    if attributes is not None:
        pairs = [_by_key(one.items()) for one in (attributes, before[1], after[1])]
        attributes = dict(_moved_items(*pairs).values())
    return entries, attributes, after[2]


def _by_key(pairs: Any) -> dict[int, tuple[Any, Any]]:
    """Pairs by the identity of what they begin with, whose class is not asked."""
    return {id(pair[0]): pair for pair in pairs}


def _plainly(held: Any) -> Any:
    return held.array() if type(held) is Numbers else held.value if type(held) is Tuple else held


def _moved_items(
    noted: dict[int, tuple[Any, Any]], before: dict[int, tuple[Any, Any]], after: dict[int, tuple[Any, Any]]
) -> dict[int, tuple[Any, Any]]:
    found = {key: pair for key, pair in noted.items() if key in after or key not in before}
    for key, (name, now) in after.items():
        then = before.get(key, (name, MISSING))[1]
        if is_held(_plainly(now), then):
            continue
        held = noted.get(key, (name, MISSING))[1]
        counts = type(held) is int and type(then) is int and type(now) is int
        found[key] = name, held + now - then if counts else now
    return found
