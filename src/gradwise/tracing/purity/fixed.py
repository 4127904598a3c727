"""Dates, spans of time, fractions and decimal numbers: values of libraries that nobody can change, and that are compared at each call.

Only their types are known; what an operator, an attribute or a method gives is found by asking a sample of each type.
"""

from __future__ import annotations

import datetime as dt
import decimal
import fractions
import functools
import operator
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.lattice import is_numeric, is_whole
from gradwise.tracing.purity.values import DATA, FLOAT, OWN, WHOLE, Constant, Fixed

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradwise.tracing.purity.machine import Machine

_SAMPLES: dict[type, Any] = {
    dt.date: dt.date(2004, 2, 3),
    dt.datetime: dt.datetime(2004, 2, 3, 4, 5),  # noqa: DTZ001  # a sample of those without a zone
    dt.timedelta: dt.timedelta(3, 4, 5),
    fractions.Fraction: fractions.Fraction(3, 2),
    decimal.Decimal: decimal.Decimal("1.5"),
}
#: functions of these classes that make a value of their arguments alone
_MAKERS = ("fromisoformat", "fromordinal", "fromisocalendar", "combine", "from_float", "from_decimal")
#: the types of what Python says of itself, which nobody can change, nor make another of
_FACTS = frozenset(map(type, (sys.version_info, sys.float_info, sys.int_info, sys.hash_info, sys.flags)))
#: what they consist of
FACTUAL = frozenset([int, float, str, bool])
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv, "%": operator.mod, "**": operator.pow,
}  # fmt: skip


def is_fixed(value: Any) -> bool:
    """Whether a value is of one of these types.

    Examples
    --------
    >>> is_fixed(dt.date(2020, 1, 1)), is_fixed(2.0)
    (True, False)
    """
    return type(value) in _SAMPLES and getattr(value, "tzinfo", None) is None


def is_fact(value: Any) -> bool:
    """Whether a value is ``sys.version_info``, ``sys.float_info`` or the like.

    Examples
    --------
    >>> is_fact(sys.version_info), is_fact((3, 11))
    (True, False)
    """
    return type(value) in _FACTS


def is_fixed_type(value: Any) -> bool:
    """Whether a value is one of these types."""
    return isinstance(value, type) and value in _SAMPLES


def _is_same(kept: Any, value: Any) -> bool:
    if value is kept:
        return True
    if type(value) is not type(kept) or not is_fixed(value):
        return False
    # 1.0 and 1.00 are equal, and so are times before and after a clock is put back
    return repr(value) == repr(kept) if type(kept) in (decimal.Decimal, dt.datetime) else bool(value == kept)


def fixed_test(value: Any) -> Callable[[Any], bool]:
    """What must hold of such a value at the next call."""
    return functools.partial(_is_same, value)


def operator_of_fixed(m: Machine, symbol: str, x: Any, z: Any) -> Any:
    """``x symbol z`` where one is such a value and the other one too, or a number."""
    apply = _OPERATORS.get(symbol.removesuffix("="), operator.matmul)  # which none of them knows
    try:
        return _known(m, apply(_sample(m, x), _sample(m, z)))
    except (TypeError, ArithmeticError) as error:
        raise m.doubt(f"the operator {symbol} of a value of a library is not looked into") from error


def _sample(m: Machine, value: Any) -> Any:
    if type(value) is Fixed and value.cls is decimal.Decimal:
        raise TypeError  # which rounds as its context says
    if type(value) is Fixed:
        return _SAMPLES[value.cls]
    degree = m.data(value)
    if type(value) is Constant and type(value.value) in (int, float):
        return 3 if type(value.value) is int else 1.5
    if is_whole(value):
        return 3
    if degree is FLOAT:
        return 1.5
    raise TypeError  # NumPy's numbers do otherwise


def _known(m: Machine, found: Any) -> Any:
    """What is known of a value of which a sample is found."""
    if type(found) in _SAMPLES:
        return Fixed(type(found))
    kind = type(found)
    if kind in (int, float, bool):
        return WHOLE if kind is int else FLOAT if kind is float else OWN
    if kind is str:
        return DATA
    raise m.doubt(f"a {kind.__name__} of a library is not looked into")


@dataclass(slots=True, unsafe_hash=True)
class MethodOfFixed:
    """A method of such a value, or a function of its class that makes one, about to be called."""

    cls: type
    name: str

    def result(self, m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Any:
        """What the call gives."""
        for value in [*arguments, *keywords.values()]:
            m.data(value)
        if self.name in _MAKERS:
            return Fixed(self.cls)
        if arguments or keywords:
            raise m.doubt(f"it calls the method {self.name} in a way that is not looked into")
        return _known(m, getattr(_SAMPLES[self.cls], self.name)())


#: methods that take nothing, and depend on nothing else
_METHODS = frozenset(
    ("total_seconds", "toordinal", "weekday", "isoweekday", "isoformat", "date", "as_integer_ratio", "is_zero")
)


def attribute_of_fixed(m: Machine, owner: Fixed, name: str) -> Any:
    """``date.year``, ``span.days``, ``span.total_seconds``."""
    if name in _METHODS and callable(getattr(owner.cls, name, None)):
        return MethodOfFixed(owner.cls, name)
    found = None if name.startswith("_") else getattr(_SAMPLES[owner.cls], name, None)
    if found is None or callable(found):
        raise m.doubt(f"the attribute {name!r} of a {owner.cls.__name__} is not looked into")
    return _known(m, found)


def maker_of_fixed(cls: Any, name: str) -> MethodOfFixed | None:
    """``date.fromisoformat``; None for anything else."""
    return MethodOfFixed(cls, name) if is_fixed_type(cls) and name in _MAKERS and hasattr(cls, name) else None


def made_fixed(m: Machine, cls: Any, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """``date(2020, 1, 1)``, ``Fraction(1, 3)``; None for other classes."""
    if not is_fixed_type(cls):
        return None
    if "tzinfo" in keywords or (cls is dt.datetime and len(arguments) > 7):
        raise m.doubt("it makes a time of a zone")
    for value in [*arguments, *keywords.values()]:
        if type(value) is not Fixed and type(value) is not Constant and not is_numeric(m.data(value)):
            raise m.doubt(f"it makes a {cls.__name__} of what is not known")
    return Fixed(cls)


def as_number(value: Any, function: Any) -> Any:
    """``float(fraction)``, ``int(decimal)``; None for anything else."""
    if type(value) is not Fixed or function not in (float, int, abs):
        return None
    if function is abs:
        return None if value.cls is decimal.Decimal else value
    return None if issubclass(value.cls, (dt.date, dt.timedelta)) else FLOAT if function is float else WHOLE
