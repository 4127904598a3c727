"""Objects that share their attributes: ``self.__dict__ = shared``, or ``a.__dict__ = table``.  What is assigned to one is found under another name, so where a function assigns attributes none of them may be shared.

A program is made of a run with twins of the objects, each with attributes of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.counters import holds_any
from gradwise.tracing.purity.objects import entries_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def is_shared(objects: Iterable[Any], containers: Iterable[Any], data: Sequence[Any]) -> bool:
    """Whether two objects keep their attributes in one dictionary, or one of them in a container that is counted in or in a dictionary among the data.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> a, b = SimpleNamespace(k=1.0), SimpleNamespace(k=2.0)
    >>> is_shared([a, b], [], [{"k": 1.0}]), is_shared([a, b], [], [[vars(a)]])
    (False, True)
    """
    kept = [entries_of(one) for one in {id(one): one for one in objects}.values()]
    places = {id(entries) for entries in kept}
    return len(places) < len(kept) or any(id(c) in places for c in containers) or holds_any(data, kept)


def holds_dict(value: Any) -> bool:
    """Whether plain data are a dictionary, or hold one.

    Examples
    --------
    >>> holds_dict([1.0, ({"k": 2.0},)]), holds_dict([1.0, (2.0,)])
    (True, False)
    """
    if isinstance(value, (list, tuple)):
        return any(map(holds_dict, value))
    return isinstance(value, dict)
