"""``operator.itemgetter``, ``attrgetter`` and ``methodcaller`` in the symbolic run: what they take out of what they are given."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.callables import GETTERS
from gradwise.tracing.purity.values import Constant, Getter, Row

if TYPE_CHECKING:
    from gradwise.tracing.purity.machine import Machine


def getter(m: Machine, value: Any, arguments: list[Any], keywords: dict[str, Any]) -> Getter | None:
    """What one of the three makes; None for anything else that is called.

    Raises
    ------
    Unproven
        For attributes by names that are not known.
    """
    if not any(value is maker for maker in GETTERS) or not arguments:
        return None
    named = arguments[:1] if value is operator.methodcaller else arguments if value is operator.attrgetter else ()
    if not all(type(name) is Constant and type(name.value) is str for name in named):
        raise m.doubt("it asks for an attribute by a name that is not known")
    return Getter(value, tuple(arguments), tuple(keywords.items()))


def taken(m: Machine, getter: Getter, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """``getter(value)``."""
    if len(arguments) != 1 or keywords:
        raise m.doubt(f"it calls what {getter.maker.__name__} made with more than one argument")
    (value,) = arguments
    if getter.maker is operator.methodcaller:
        name, *given = getter.arguments
        return m.scope.call(m, m.scope.named(m, value, name.value, method=True), given, dict(getter.keywords))
    found = []
    for key in getter.arguments:
        one = value
        if getter.maker is operator.itemgetter:
            one = m.scope.entry(m, value, key)
        else:
            for name in key.value.split("."):
                one = m.scope.named(m, one, name)
        found.append(one)
    return found[0] if len(found) == 1 else Row(tuple(found))
