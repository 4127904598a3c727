"""What goes beside the computation: the time by a clock, texts in which numbers are shown, and what is made of these.

    t = time.perf_counter(); …; self.seconds += time.perf_counter() - t          print(f"loss {v:.3f} after {time.time() - t0:.1f} s")

Such a value, an *aside*, may be shown, be left behind, and go nowhere else: it is no data, so that nothing which asks for data takes it, and whatever it is joined with becomes one.  So a program may stand for a function whose clocks and
texts are asides: what it computes does not depend on them.

This is a way of looking (``Inquiry.asides``), since a text of a number may also be the name of an attribute or a key (``texts.py``): it is tried where a function asks a clock or makes texts of numbers, and holds if it proves all.
"""

from __future__ import annotations

import operator
import time
from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.lattice import certain_texts, is_immutable, is_numeric, is_whole
from gradwise.tracing.purity.scope import DTYPES
from gradwise.tracing.purity.values import ASIDE, Constant, Known, Pattern, Words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gradwise.tracing.purity.machine import Machine

#: what asks a clock
CLOCKS = tuple([getattr(time, n) for n in ("time", "perf_counter", "monotonic", "process_time", "time_ns", "perf_counter_ns")])  # fmt: skip
#: what makes a text of a value, and what makes an aside of an aside
_TEXTS: tuple[Any, ...] = (str, repr, format)
#: (not ``int`` and ``float``, which raise or not by what a text says: a handler would decide by it)
_NUMBERS: tuple[Any, ...] = (round, abs, min, max)
#: methods of texts that give a text
METHODS = frozenset(["format", "ljust", "rjust", "center", "strip", "lstrip", "rstrip", "upper", "lower", "title", "capitalize", "zfill", "replace", "expandtabs"])  # fmt: skip


def is_known_text(value: Any) -> bool:
    """Whether a value is an integer or a text that belongs to the form of a call, so that no number which moves is in its text."""
    known = certain_texts(value) is not None or type(value) in (Pattern, Words)
    return known or is_whole(value) or (type(value) is Constant and not isinstance(value.value, (float, complex)))


def data_beside(m: Machine, values: Iterable[Any]) -> None:
    """A doubt, unless all are data or asides."""
    for value in values:
        if value is not ASIDE:
            m.data(value)


def text_of(m: Machine, values: Iterable[Any], otherwise: Any) -> Any:
    """The text of some values: an aside, where that is how the function is looked at, or what is known of it."""
    values = list(values)
    if all(map(is_known_text, values)):
        return otherwise
    m.scope.inquiry.tells = True
    if not m.scope.inquiry.asides:
        return otherwise
    data_beside(m, values)
    return ASIDE


def operator_of_aside(m: Machine, symbol: str, x: Any, z: Any) -> Any:
    """``x + z`` where one of them is an aside; None where neither is.

    Raises
    ------
    Unproven
        Where what is known as data is changed in place by an aside, or an entry is found by it.
    """
    if x is not ASIDE and z is not ASIDE:
        return None
    if x is not ASIDE and (symbol == "[]" or (symbol.endswith("=") and not is_immutable(x))):
        raise m.doubt("it changes or finds something by a text of a number, or by the time")
    data_beside(m, (x, z))
    return ASIDE


def call_of_aside(m: Machine, value: Any, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """What a clock gives, and what makes an aside; None for any other function."""
    inquiry = m.scope.inquiry
    if value is operator.mod and len(arguments) == 2 and not keywords:
        return remainder(m, arguments[0], arguments[1], None)
    if any(value is clock for clock in CLOCKS):
        inquiry.tells = True
        return ASIDE if inquiry.asides and not arguments and not keywords else None
    if any(value is one for one in _TEXTS) and arguments and not keywords:
        found = text_of(m, arguments, None)
        if found is not None:
            return found
    if inquiry.asides and any(one is ASIDE for one in arguments) and any(value is one for one in (*_NUMBERS, *_TEXTS)):
        data_beside(m, [*arguments, *keywords.values()])
        return ASIDE
    return None


def refuse_texts(m: Machine, value: Any) -> None:
    """A doubt, where a function or a type is given that makes texts of numbers unseen: ``map(str, x)``, ``x.astype(str)``."""
    if not m.scope.inquiry.asides or type(value) is not Known or value.value in DTYPES:
        return
    if isinstance(value.value, type) or any(value.value is one for one in (*_TEXTS, operator.mod)):
        raise m.doubt(_UNSEEN)


def remainder(m: Machine, x: Any, z: Any, otherwise: Any) -> Any:
    """``x % z``, which is a text where x is one."""
    if certain_texts(x) is not None:
        return text_of(m, [z], otherwise)
    if m.scope.inquiry.asides and not is_numeric(m.data(x)):
        raise m.doubt(_UNSEEN)
    return otherwise


_UNSEEN = "it makes texts of numbers in a way that is not looked into"
