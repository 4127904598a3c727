"""Instructions of generators and of ``match`` (``YIELDING``, by name)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.asked import matched
from gradwise.tracing.purity.lattice import join
from gradwise.tracing.purity.sequences import element_of, iterator_of
from gradwise.tracing.purity.values import DATA, NOTHING

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradwise.tracing.purity.machine import Machine
    from gradwise.tracing.purity.state import State


def _yield(m: Machine, i: Any, s: State) -> None:
    m.yielded = join(m.yielded, s.pop())
    s.push(DATA)


def _yield_from(m: Machine, i: Any, s: State) -> None:
    s.push(iterator_of(m, s.pop()))


def _send(m: Machine, i: Any, s: State) -> list[tuple[int, State]]:
    """What ``yield from`` does: each element is yielded, and its value at the end is not known."""
    s.pop()
    element = element_of(m, s.stack[-1])
    m.falls_through = element is not NOTHING
    done = s.copy()
    if sys.version_info < (3, 12):
        done.pop()
    done.push(DATA)
    s.push(element)
    return [(i.argval, done)]


def _end_send(m: Machine, i: Any, s: State) -> None:
    del s.stack[-2]


def _clean_up_throw(m: Machine, i: Any, s: State) -> None:
    s.pop_many(3)
    s.push(DATA, DATA)


def _match_keys(m: Machine, i: Any, s: State) -> None:
    keys, subject = s.stack[-1], s.stack[-2]
    m.data(keys), m.data(subject)
    s.push(DATA)


def _match_class(m: Machine, i: Any, s: State) -> None:
    subject, cls, names = s.pop_many(3)
    s.push(matched(m, subject, cls, names.value, i.arg))


YIELDING: dict[str, Callable[..., Any]] = {
    "YIELD_VALUE": _yield,
    "GET_YIELD_FROM_ITER": _yield_from,
    "SEND": _send,
    "END_SEND": _end_send,
    "CLEANUP_THROW": _clean_up_throw,
    "MATCH_KEYS": _match_keys,
    "MATCH_CLASS": _match_class,
}
