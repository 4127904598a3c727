"""Functions of Python's that go over containers, or make them: ``sorted``, ``map``, ``max``, ``itertools.chain`` … on entries that are known (``boxes.py``)."""

from __future__ import annotations

import bisect
import collections
import functools
import heapq
import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.purity.boxes import box, compared, looked_at, merge, some
from gradwise.tracing.purity.callables import FROM_KEYS
from gradwise.tracing.purity.lattice import join, level, put
from gradwise.tracing.purity.values import ARRAY, DATA, NOTHING, OWN, Box, Constant, Row, Rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradwise.tracing.purity.machine import Machine


def _element(m: Machine, value: Any) -> Any:
    return m.scope.element(m, value)


def over_entries(m: Machine, function: Any, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """What a function of Python's gives that goes over containers; None if it is none of them, or nothing more than plain data is known of them."""
    step = _FUNCTIONS.get(id(function))
    return None if step is None else step(m, arguments, keywords)


def _as_list(m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    if keywords or len(arguments) > 1:
        return None
    return box(m, "list", *[_element(m, v) for v in arguments])


def _as_sorted(m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    if len(arguments) != 1 or not keywords.keys() <= {"key", "reverse"}:
        return None
    element = _element(m, arguments[0])
    compared(m, element, keywords)
    return box(m, "list", element)


def _as_deque(m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    if len(arguments) > 2 or not keywords.keys() <= {"maxlen"}:
        return None
    for value in [*arguments[1:], *keywords.values()]:
        m.data(value)
    return box(m, "deque", *[_element(m, v) for v in arguments[:1]])


def _as_dict(m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    if len(arguments) > 1:
        return None
    made = box(m, "dict")
    for value in arguments:
        if type(value) is Box and value.root.kind == "dict":
            merge(m, made, value)
            continue
        if m.scope.is_mapping(value):
            return None
        pair = _element(m, value) if level(value) is None or type(value) in (Rows, Box, Row) else None
        if type(pair) is Row and len(pair.entries) == 2:
            put(made, pair.entries[1], _as_key(m, pair.entries[0]))
        elif pair is not NOTHING:
            merge(m, made, value)
    for name, value in keywords.items():
        put(made, value, Constant(name))
    return made


def _as_key(m: Machine, value: Any) -> Any:
    m.data(value)
    return value


def _with_default(m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """``defaultdict(factory, …)``: what the factory gives may be found."""
    if not arguments:
        return _as_dict(m, arguments, keywords)
    factory = arguments[0]
    made = _as_dict(m, arguments[1:], keywords)
    if made is not None and not (type(factory) is Constant and factory.value is None):
        put(made, m.scope.call(m, factory, []), NOTHING)
    return made


def _as_counter(m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    if keywords or len(arguments) > 1:
        return None
    made = box(m, "dict", OWN)
    for value in arguments:
        if m.scope.is_mapping(value):
            return None
        put(made, OWN, _as_key(m, _element(m, value)))
    return made


def _mapped(m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    if keywords or len(arguments) < 2:
        return None
    elements = [_element(m, v) for v in arguments[1:]]
    return Rows(NOTHING if NOTHING in elements else m.scope.call(m, arguments[0], elements))


def _star_mapped(m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    if keywords or len(arguments) != 2:
        return None
    element = _element(m, arguments[1])
    if element is NOTHING:
        return Rows(NOTHING)
    return Rows(m.scope.call(m, arguments[0], list(element.entries))) if type(element) is Row else None


def _filtered(m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    if keywords or len(arguments) != 2:
        return None
    element = _element(m, arguments[1])
    if element is not NOTHING and not (type(arguments[0]) is Constant and arguments[0].value is None):
        looked_at(m, m.scope.call(m, arguments[0], [element]))
    elif element is not NOTHING:
        m.scope.truth(m, element)
    return Rows(element)


def _reduced(m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    if keywords or not 2 <= len(arguments) <= 3:
        return None
    element = _element(m, arguments[1])
    result = join(element, NOTHING) if len(arguments) == 2 else arguments[2]
    for _ in range(_STEPS):
        before = result
        if element is not NOTHING:
            result = join(result, m.scope.call(m, arguments[0], [result, element]))
        if result == before:
            return some(result)
    return None


def _extreme(m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """``min`` and ``max`` of the entries, or of several values."""
    if not arguments or not keywords.keys() <= {"key", "default"}:
        return None
    single = len(arguments) == 1
    element = _element(m, arguments[0]) if single else functools.reduce(join, arguments)
    compared(m, element, {k: v for k, v in keywords.items() if k == "key"})
    return some(join(element, keywords["default"]) if single and "default" in keywords else element)


def _iterator(m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    return None if keywords or len(arguments) != 1 else Rows(_element(m, arguments[0]))


def _next(m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    if keywords or not 1 <= len(arguments) <= 2 or type(arguments[0]) is not Rows:
        return None
    return some(join(arguments[0].element, arguments[1] if len(arguments) == 2 else NOTHING))


def _chained(m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    if keywords:
        return None
    return Rows(functools.reduce(join, [_element(m, v) for v in arguments], NOTHING))


def _limited(m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """``islice``, ``cycle``, ``repeat``: what is gone over, with numbers beside."""
    if keywords or not arguments:
        return None
    for value in arguments[1:]:
        m.data(value)
    return Rows(_element(m, arguments[0]))


def _paired(m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """``combinations(values, 2)`` and ``pairwise``: rows of a known length."""
    if keywords or not arguments:
        return None
    length = arguments[1].value if len(arguments) == 2 and type(arguments[1]) is Constant else 2
    if len(arguments) > 2 or (len(arguments) == 2 and type(length) is not int) or not 0 < length <= _STEPS:
        return None
    element = _element(m, arguments[0])
    return Rows(NOTHING if element is NOTHING else Row((element,) * length))


def _product(m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    elements = [_element(m, v) for v in arguments]
    if keywords.keys() <= {"repeat"} and keywords:
        for value in keywords.values():
            m.data(value)
        joined = functools.reduce(join, elements, NOTHING)
        if joined is NOTHING or level(joined) is not None:
            return DATA
        return None
    return None if keywords else Rows(NOTHING if NOTHING in elements else Row(tuple(elements)))


def _longest(m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    if not keywords.keys() <= {"fillvalue"}:
        return None
    fill = keywords.get("fillvalue", Constant(None))
    return Rows(Row(tuple([join(_element(m, v), fill) for v in arguments])))


def _from_keys(m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """``dict.fromkeys(keys, value)``."""
    if keywords or not 1 <= len(arguments) <= 2:
        return None
    return box(
        m, "dict", arguments[1] if len(arguments) == 2 else Constant(None), _as_key(m, _element(m, arguments[0]))
    )


def _inserted(m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """``bisect.insort(values, value)``."""
    if not keywords.keys() <= {"key"} or not 2 <= len(arguments) <= 4 or type(arguments[0]) is not Box:
        return None
    for value in arguments[2:]:
        m.data(value)
    m.scope.changes_own()
    put(arguments[0], arguments[1])
    compared(m, arguments[0].root.contents, keywords)
    return Constant(None)


def _grouped(m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    if not 1 <= len(arguments) <= 2 or not keywords.keys() <= {"key"}:
        return None
    element = _element(m, arguments[0])
    key = keywords.get("key", arguments[1] if len(arguments) == 2 else Constant(None))
    if element is NOTHING:
        return Rows(NOTHING)
    by = element if type(key) is Constant and key.value is None else m.scope.call(m, key, [element])
    looked_at(m, by)
    return Rows(Row((by, Rows(element))))


def _pushed(m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """``heappush(heap, value)``."""
    if keywords or len(arguments) != 2 or type(arguments[0]) is not Box:
        return None
    m.scope.changes_own()
    put(arguments[0], arguments[1])
    compared(m, arguments[0].root.contents, {})
    return Constant(None)


def _popped(m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """``heappop(heap)``, and those that push too."""
    if keywords or not 1 <= len(arguments) <= 2 or type(arguments[0]) is not Box:
        return None
    m.scope.changes_own()
    for value in arguments[1:]:
        put(arguments[0], value)
    compared(m, arguments[0].root.contents, {})
    return some(arguments[0].root.contents)


def _heaped(m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    if keywords or len(arguments) != 1 or type(arguments[0]) is not Box:
        return None
    m.scope.changes_own()
    compared(m, arguments[0].root.contents, {})
    return Constant(None)


def _first(m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """``nlargest(n, values, key=…)``."""
    if len(arguments) != 2 or not keywords.keys() <= {"key"}:
        return None
    m.data(arguments[0])
    return _as_sorted(m, arguments[1:], keywords)


def _piecewise(m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """``np.piecewise(x, conditions, functions)``: numbers, or what functions give for entries."""
    if keywords or len(arguments) != 3:
        return None
    m.data(arguments[0]), m.data(arguments[1])
    piece = _element(m, arguments[2])
    if piece is not NOTHING and level(piece) is None:
        m.data(m.scope.call(m, piece, [OWN]))
    return OWN


def _along_axis(m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    if keywords or len(arguments) != 3:
        return None
    m.data(arguments[1])
    row = m.data(arguments[2])
    m.data(m.scope.call(m, arguments[0], [row if row in (OWN, ARRAY) else DATA]))
    return OWN if row in (OWN, ARRAY) else DATA


def _enumerated(m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """``np.ndenumerate(x)``: positions, and numbers."""
    if keywords or len(arguments) != 1:
        return None
    return Rows(Row((OWN, OWN if m.data(arguments[0]) in (OWN, ARRAY) else DATA)))


def _positions(m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    for value in arguments:
        m.data(value)
    return None if keywords else Rows(OWN)


_STEPS = 6
_FUNCTIONS: dict[int, Callable[..., Any]] = {
    id(f): step
    for f, step in {
        list: _as_list, sorted: _as_sorted, collections.deque: _as_deque, dict: _as_dict, collections.OrderedDict: _as_dict,
        collections.defaultdict: _with_default, collections.Counter: _as_counter, map: _mapped, filter: _filtered, functools.reduce: _reduced,
        min: _extreme, max: _extreme, iter: _iterator, next: _next, itertools.chain: _chained, itertools.islice: _limited, itertools.cycle: _limited,
        itertools.combinations: _paired, itertools.permutations: _paired, itertools.pairwise: _paired, itertools.product: _product,
        itertools.zip_longest: _longest, itertools.starmap: _star_mapped, itertools.groupby: _grouped, heapq.heappush: _pushed, heapq.heappop: _popped,
        heapq.heapreplace: _popped, heapq.heappushpop: _popped, heapq.heapify: _heaped, heapq.nlargest: _first, heapq.nsmallest: _first, np.piecewise: _piecewise,
        FROM_KEYS: _from_keys, bisect.insort: _inserted, bisect.insort_left: _inserted,
        np.apply_along_axis: _along_axis, np.ndenumerate: _enumerated, np.ndindex: _positions,
    }.items()
}  # fmt: skip
